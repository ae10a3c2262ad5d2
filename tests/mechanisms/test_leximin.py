"""The worst pair first: against enumeration and SciPy, the proof, the errors, and the files."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

import twinmatch as tm
from tests.instances import random_graph, solved
from tests.matching.folders import signed_again
from tests.oracles import FORBIDDEN, best_by_ortools, dense_points
from twinmatch.certify.floor import check_floor
from twinmatch.errors import FormatError, InputError
from twinmatch.graph.called import CalledGraph
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.scored import ScoredGraph
from twinmatch.graph.terms import PairTerms
from twinmatch.mechanisms.leximin import floored
from twinmatch.solvers import bottleneck, fairest
from twinmatch.solvers.control import Control

BLOCKS, PER_BLOCK = 6, 510


@pytest.fixture(scope="module")
def sample():
    return tm.datasets.sample()


@pytest.fixture(scope="module")
def fair(sample):
    return tm.match(*sample, mechanism=tm.mechanisms.leximin())


def most_pairs(allowed: np.ndarray, capacity: np.ndarray) -> int:
    """Return how many left nodes can be paired, by SciPy, a column for each place."""
    columns = np.repeat(np.arange(allowed.shape[1]), np.minimum(capacity, allowed.shape[0]))
    if not len(columns) or not len(allowed):
        return 0
    found = maximum_bipartite_matching(csr_matrix(allowed[:, columns]), perm_type="column")
    return int((found >= 0).sum())


def best_floor(points: np.ndarray, capacity: np.ndarray) -> int:
    """Return the highest floor, by trying every number of points."""
    size = most_pairs(points != FORBIDDEN, capacity)
    values = np.unique(points[points != FORBIDDEN])
    return max(int(value) for value in values if most_pairs(points >= value, capacity) == size)


def every_matching(points: np.ndarray, capacity: np.ndarray):
    """Yield the points of the pairs of every matching, whoever has them."""
    room = capacity.tolist()

    def go(i: int, had: list[int]):
        if i == len(points):
            yield had
            return
        yield from go(i + 1, had)
        for j in np.flatnonzero(points[i] != FORBIDDEN).tolist():
            if room[j]:
                room[j] -= 1
                yield from go(i + 1, [*had, int(points[i, j])])
                room[j] += 1

    yield from go(0, [])


def table_graph(points, capacity=None):
    """Return the graph of a table of points."""
    points = np.asarray(points, np.int32)
    rows, columns = (np.arange(size, dtype=np.int32) for size in points.shape)
    return ScoredGraph(PairTerms(rows, columns, points), capacity)


def drawn(rng):
    """Return a random graph with no points below 0, as those of policies are; or a small full table."""
    if rng.random() < 0.4:
        size = rng.integers(2, 6, 2)
        points = rng.integers(0, rng.choice([3, 12, 1000]), size)
        return table_graph(np.where(rng.random(size) < 0.2, FORBIDDEN, points), rng.integers(0, 3, size[1]))
    while True:
        graph = random_graph(rng)
        points = dense_points(graph.terms)
        if (points[points != FORBIDDEN] >= 0).all():
            return graph


def fairest_of(graph):
    return fairest.solve_fairest(
        graph, lambda floor, weight: floored(graph.terms.max_points, floor, weight), Control(threads=1)
    )


@pytest.mark.parametrize("block", range(BLOCKS))
def test_small_instances_against_other_solvers(block, seed):
    """The floor is the highest, pairs keep to it, and their points are the most: 3,060 instances."""
    rng = np.random.default_rng([seed, block, 11])
    raised = 0
    for _ in range(PER_BLOCK):
        graph = drawn(rng)
        points, capacity = dense_points(graph.terms), graph.right_capacity
        solution, promise = fairest_of(graph)
        assert solution.status == "OPTIMAL"
        if promise is None:
            assert not most_pairs(points != FORBIDDEN, capacity)
            continue
        floor = best_floor(points, capacity)
        best = best_by_ortools(np.where(points >= floor, points, FORBIDDEN), capacity)
        placed = np.flatnonzero(solution.mate >= 0)
        had = points[placed, solution.mate[placed]]
        assert (promise.floor, had.min()) == (floor, floor)
        assert (len(placed), had.sum()) == best
        claims = check_floor(
            graph.terms,
            mate=solution.mate,
            right_capacity=capacity,
            floor=floor,
            witness_left=promise.witness_left,
        )
        assert [claim.ok for claim in claims] == [True, True], claims
        plain = solved(graph).mate
        raised += points[np.flatnonzero(plain >= 0), plain[plain >= 0]].min() < floor
    assert raised > PER_BLOCK // 50  # the order matters


def test_tiny_instances_by_enumeration(seed):
    """Of all matchings of the largest size, the best by worst pair and sum, and nothing else."""
    rng = np.random.default_rng([seed, 12])
    seen = 0
    while seen < 150:
        graph = drawn(rng)
        if graph.num_left > 5 or graph.num_right > 6:
            continue
        points = dense_points(graph.terms)
        best = max(
            (len(had), min(had, default=0), sum(had)) for had in every_matching(points, graph.right_capacity)
        )
        solution, _ = fairest_of(graph)
        placed = np.flatnonzero(solution.mate >= 0)
        had = points[placed, solution.mate[placed]].tolist()
        assert (len(had), min(had, default=0), sum(had)) == best
        seen += 1


def test_the_floor_alone_from_any_start(seed, monkeypatch):
    """Lists of one partner, a few nodes at once, and a start with bad pairs lead to the same floor."""
    monkeypatch.setattr(bottleneck, "LIST_LENGTH", 1)
    monkeypatch.setattr(bottleneck, "AT_ONCE", 2)
    rng = np.random.default_rng([seed, 13])
    for _ in range(150):
        graph = drawn(rng)
        points, capacity = dense_points(graph.terms), graph.right_capacity
        if not most_pairs(points != FORBIDDEN, capacity):
            continue
        worst = np.where(
            points == FORBIDDEN,
            FORBIDDEN,
            points.max() + points.min(where=points != FORBIDDEN, initial=0) - points,
        )
        columns = np.repeat(np.arange(len(capacity)), np.minimum(capacity, len(points)))
        allowed = csr_matrix(worst[:, columns] != FORBIDDEN)
        found = maximum_bipartite_matching(allowed, perm_type="column")
        mate = np.where(found >= 0, columns[found], -1)
        answer = bottleneck.highest_floor(graph, mate, Control(threads=1))
        assert answer.floor == best_floor(points, capacity)
        assert (answer.mate >= 0).sum() == (mate >= 0).sum()


def test_low_pairs_that_pay_for_many():
    """Where a low pair lets others gain more than everybody loses by it, the floor is kept all the same."""
    high = 10_000
    graph = table_graph([[1, high, FORBIDDEN], [FORBIDDEN, 1, high], [0, FORBIDDEN, 1]])
    solution, promise = fairest_of(graph)
    assert promise.floor == 1
    assert promise.weight > 0
    assert solution.mate.tolist() == [0, 1, 2]
    assert solution.objective == 3 * (1 + promise.weight)


def test_the_sample_end_to_end(sample, fair):
    """The worst pair is better than under the most points, the sum smaller, and both are proven."""
    plain = tm.match(*sample)
    worst = [int(one.pairs["points"].min()) for one in (plain, fair)]
    assert worst[0] < worst[1] == fair.mechanism.promise.floor
    assert plain.points > fair.points
    assert (fair.status, fair.coverage, fair.gap) == ("OPTIMAL", plain.coverage, 0)
    certificate = fair.verify()
    assert certificate.ok
    assert {"floor", "highest floor"} <= {claim.name for claim in certificate.claims}


def test_threads_and_rows_change_no_byte(sample, fair):
    """Same tables in any row order, any number of threads: same seal, same promise."""
    left, right = sample
    order = np.random.default_rng(3).permutation(len(left))
    other = tm.match(left.take(order), right, mechanism=tm.mechanisms.leximin(), threads=1)
    assert (fair.seal, fair.fingerprints) == (other.seal, other.fingerprints)


def test_a_floor_that_is_not_true_is_refused(fair):
    """A floor above the worst pair, one that could be higher, and a witness that proves nothing."""
    promise = fair.mechanism.promise
    fewer = np.zeros_like(promise.witness_left)
    for change, name in (
        ({"floor": promise.floor + 1}, "floor"),
        ({"floor": promise.floor - 1}, "highest floor"),
        ({"witness_left": fewer}, "highest floor"),
    ):
        told = replace(fair, mechanism=replace(fair.mechanism, promise=replace(promise, **change)))
        certificate = told.verify()
        refused = {claim.name for claim in certificate.claims if not claim.ok}
        assert {name, "inputs"} <= refused


def test_saved_and_loaded(fair, tmp_path):
    """The round trip keeps the promise and its proof; a folder that names strangers is refused."""
    fair.save(tmp_path)
    again = tm.load_matching(tmp_path)
    assert again.mechanism.promise.floor == fair.mechanism.promise.floor
    assert again.verify().ok
    path = tmp_path / "matching.json"
    record = json.loads(path.read_text())
    for change in ({"witness_left": ["nobody"]}, {"floor": 2**40}, {"weight": -1}):
        signed_again(tmp_path, promise=record["promise"] | change)
        with pytest.raises(FormatError, match=r"nobody|promises"):
            tm.load_matching(tmp_path)


def test_quotas_are_refused_in_words(sample):
    """Every quota and points before coverage are named, in one error."""
    policy = tm.policies.systematic_twinning(balance=True)
    with pytest.raises(InputError, match="keeps to rules and places") as told:
        tm.match(*sample, replace(policy, coverage="points"), mechanism=tm.mechanisms.leximin())
    assert "coverage" in str(told.value)


def test_a_stop_leaves_what_is_known(sample):
    """Cancelled before the floor is known: no promise, no proof of one, and a valid bound."""
    stop = threading.Event()
    stop.set()
    matching = tm.match(*sample, mechanism=tm.mechanisms.leximin(), cancel=stop)
    assert matching.mechanism.promise is None
    assert matching.status == "NO_SOLUTION"
    assert matching.limit == "CANCELLED"
    late = tm.match(*sample, mechanism=tm.mechanisms.leximin(), deadline=0.0)
    assert late.limit == "DEADLINE"
    assert late.verify().ok


def test_a_function_of_the_users_own(sample):
    """Points that only a function knows are searched by plain passes, with the same answer."""
    left, right = (table.take(np.arange(40)) for table in sample)
    terms = tm.compile(left, right, tm.policies.systematic_twinning()).terms
    call = CallTerm(lambda i, j: (i * 7 + j * 13) % 50_000, 50_000, "own")
    graph = CalledGraph(replace(terms, calls=(call,)))
    solution, promise = fairest_of(graph)
    points = dense_points(graph.terms)
    assert promise.floor == best_floor(points, graph.right_capacity)
    best = best_by_ortools(np.where(points >= promise.floor, points, FORBIDDEN), graph.right_capacity)
    placed = np.flatnonzero(solution.mate >= 0)
    assert (len(placed), points[placed, solution.mate[placed]].sum()) == best
