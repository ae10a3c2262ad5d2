"""What a shard answers depends on the question alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.random_terms import KINDS, random_terms
from twinmatch import _core
from twinmatch.graph.scored import ScoredGraph
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.spreading.packing import left_pack, right_pack
from twinmatch.spreading.rounds import cuts
from twinmatch.spreading.shards import NOTHING, Question, Shard, best_total, search


def slowly(terms, i, k, floor, price):
    """Return the best k of a left node, of tied ones the first, and the bound of the others."""
    points = terms.points(np.full(terms.num_right, i), np.arange(terms.num_right))
    net = points - price
    found = sorted((-net[j], j) for j in range(terms.num_right) if points[j] != FORBIDDEN and net[j] > floor)
    return {j: points[j] for _, j in found[:k]}, floor if len(found) < k else -found[k - 1][0]


@pytest.mark.parametrize("seed", range(20))
def test_a_search_finds_the_best_and_of_tied_ones_the_first(seed):
    """Lists, bounds and sums are those of a slow twin, whichever shard a left node is in."""
    rng = np.random.default_rng(seed)
    n, m, k = 30, int(rng.integers(1, 600)), int(rng.integers(1, 40))
    terms = random_terms(rng, n, m, kinds=KINDS, span=int(rng.choice([4, 50, 100_000])))
    price = rng.integers(0, 30, m).astype(np.int32)
    first, last = sorted(rng.choice(n + 1, 2, replace=False).tolist())
    shard = Shard(left_pack(terms, first, last), right_pack(terms))
    rows = rng.permutation(last - first).astype(np.int32)
    floor = np.where(rng.random(len(rows)) < 0.5, NOTHING, rng.integers(0, 60, len(rows))).astype(np.int32)
    answer = search(shard, Question(rows, k, floor, price, 1))
    begin = np.cumsum(answer.number) - answer.number
    total = 0
    for r, i in enumerate(rows.tolist()):
        at = slice(begin[r], begin[r] + answer.number[r])
        wanted, bound = slowly(terms, first + i, k, int(floor[r]), price.astype(np.int64))
        assert dict(zip(answer.item[at].tolist(), answer.points[at].tolist(), strict=True)) == wanted
        assert answer.bound[r] == bound
        total += max((points - int(price[j]) for j, points in wanted.items()), default=0)
    assert answer.total == total == best_total(*answer[:3], price)


def test_what_was_asked_before_makes_no_difference():
    """A solver that searches through its graph's pools draws the lists of one that never has any."""
    rng = np.random.default_rng(5)
    terms = random_terms(rng, 600, 700, kinds=("table", "linear"), span=300, forbidden=0.0)
    found = []
    for least in (1, 2**40):
        graph, other = ScoredGraph(terms), ScoredGraph(terms)
        spread = _core.Spread(graph.core, answering(other, []), least)
        must, places = np.full(600, _core.NO_VALUE), np.ones(700, np.int64)
        flag, nobody = np.zeros(1, np.uint8), np.zeros(1, np.int64)
        most = terms.max_points
        solver = _core.Solver(spread, graph.core_transposed, places, must, 16, 16, most, 1, flag, nobody)
        solver.refine(16)
        step, drop = 64, 0
        states = []
        for _ in range(4):
            solver.open(drop, step, 8)
            solver.bid(step, 8, 0)
            states.append([array.tobytes() for array in solver.state()])
            drop, step = step + step // 2, step // 4
        solver.tighten(64)
        solver.forward()
        solver.backward(64)
        found.append((states, solver.mate.tobytes(), solver.right_price.tobytes()))
        assert (spread.asked[0] > 20) == (least == 1)
    assert found[0] == found[1]


def answering(graph, heard):
    """Return somebody who searches a graph as a shard does, and notes the prices that arrive."""

    def ask(rows, k, floor, price, parts):
        heard.append(price)
        above = np.where(floor == NOTHING, _core.NO_VALUE, floor.astype(np.int64))
        item, points, number, bound = graph.core.search(rows, k, price.astype(np.int64), 1, above, parts)
        kept = (np.arange(k) < number[:, None]).ravel()
        bound = np.where(bound == _core.NO_VALUE, NOTHING, bound).astype(np.int32)
        return number, item[kept], points[kept].astype(np.int32), bound

    return ask


@pytest.mark.parametrize("parts", [1, 16])
@pytest.mark.parametrize("seed", range(5))
def test_what_quotas_cost_is_sent_with_the_prices(seed, parts):
    """Of any sign, and in parts of a point: lists, points and bounds are those of the graph itself."""
    rng = np.random.default_rng([seed, 3])
    terms = random_terms(rng, 50, 90, kinds=("table", "linear"), span=300)
    heard, rows = [], np.arange(50, dtype=np.int32)
    spread = _core.Spread(ScoredGraph(terms).core, answering(ScoredGraph(terms), heard), 1)
    off, price = rng.integers(-400, 400, 90), rng.integers(0, 300, 90) * parts
    floor = np.where(rng.random(50) < 0.5, _core.NO_VALUE, rng.integers(-500, 500, 50) * parts)
    found = []
    for core in (spread, ScoredGraph(terms).core):
        discounted = _core.Discounted(core, False)
        discounted.take_off(off)
        found.append([a.tobytes() for a in discounted.search(rows, 7, price, 1, floor, parts)])
    assert found[0] == found[1]
    assert heard[0].tolist() == (price + parts * off).tolist()
    assert heard[0].min() < 0


@pytest.mark.parametrize(("price", "off"), [(2**30, 1), (1, 2**30), (0, -(2**29) - 1), (2**30, 2**62)])
def test_prices_that_quotas_push_out_of_range_are_refused_before_anybody_is_asked(price, off):
    """They never wrap; and what fits is searched as before."""
    terms = random_terms(np.random.default_rng(2), 5, 8, kinds=("table",), forbidden=0.0)
    heard, rows = [], np.arange(5, dtype=np.int32)
    spread = _core.Spread(ScoredGraph(terms).core, answering(ScoredGraph(terms), heard), 1)
    discounted = _core.Discounted(spread, False)
    discounted.take_off(np.full(8, off))
    with pytest.raises(OverflowError, match="a price left the exact range"):
        discounted.search(rows, 3, np.full(8, price), 1)
    assert not heard
    discounted.take_off(np.full(8, -5))
    there, here = (
        core.search(rows, 3, np.zeros(8, np.int64), 1) for core in (discounted, ScoredGraph(terms).core)
    )
    assert np.array_equal(there[0], here[0])
    assert (heard[0] == -5).all()


@pytest.mark.parametrize("answer", ["number", "item", "shape", "bound"])
def test_an_answer_that_cannot_be_is_refused(answer):
    """Nothing is written past the end of a list, and nobody is named who is not there."""
    terms = random_terms(np.random.default_rng(1), 4, 6, kinds=("table",), forbidden=0.0)
    graph = ScoredGraph(terms)
    right = {
        "number": np.ones(4, np.int32),
        "item": np.zeros(4, np.int32),
        "points": np.ones(4, np.int32),
        "bound": np.zeros(4, np.int32),
    }
    wrong = {
        "number": {"number": np.full(4, 3, np.int32)},
        "item": {"item": np.full(4, 6, np.int32)},
        "shape": {"points": np.ones(5, np.int32)},
        "bound": {"bound": np.zeros(3, np.int32)},
    }[answer]
    given = tuple((right | wrong).values())
    spread = _core.Spread(graph.core, lambda *_: given, 1)
    with pytest.raises(ValueError, match="an answer"):
        spread.search(np.arange(4, dtype=np.int32), 2, np.zeros(6, np.int64), 1)


@pytest.mark.parametrize(("count", "workers"), [(1, 1), (511, 4), (3000, 2), (100_000, 7)])
def test_shards_are_more_than_workers_and_no_crumbs(count, workers):
    """Cuts begin at 0, rise, and end at the number of rows; every worker has something to do."""
    found = cuts(count, workers)
    assert (found[0], found[-1]) == (0, count)
    assert (np.diff(found) > 0).all()
    assert len(found) - 1 > workers or count < 1024 * workers
