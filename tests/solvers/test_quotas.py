"""Quotas on graphs that are never stored: kinds, prices taken off a side, lists that grow, the proof."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

import twinmatch as tm
from tests.instances import explicit, random_graph
from twinmatch import _core
from twinmatch.certify.arrays import StoredPairs
from twinmatch.certify.implicit import ImplicitPairs
from twinmatch.certify.searching import best_by_search
from twinmatch.certify.theorem import Claims, bound_of, check_assignment
from twinmatch.datasets import synthetic
from twinmatch.graph.constraints import Constraints, Prices, Quota, forest_of
from twinmatch.graph.merging import merge
from twinmatch.graph.scored import NO_PARTNER, ScoredGraph
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.solvers import grown
from twinmatch.solvers.control import Control
from twinmatch.solvers.grown import solve_implicit
from twinmatch.solvers.kinds import cover_kinds
from twinmatch.status import Status

if TYPE_CHECKING:
    from twinmatch.solvers.constrained import Answer


def random_limits(rng: np.random.Generator, graph: ScoredGraph, *, nested: bool = True) -> Constraints:
    """Return bounds, locks and quotas for a graph; every left node has one partner at most."""
    n, m = graph.num_left, graph.num_right
    quotas: list[Quota] = []
    for side, size in (("left", n), ("right", m)):
        inner = rng.random(size) < 0.5
        outer = inner | (rng.random(size) < 0.5)
        for name, nodes in (("outer", outer), ("inner", inner)):
            if rng.random() < 0.6:
                least = int(rng.integers(0, 3)) if rng.random() < 0.4 else 0
                most = None if rng.random() < 0.5 else least + int(rng.integers(0, 3))
                both = {"left": None, "right": None, side: nodes}
                if not nested and rng.random() < 0.5:
                    both = {"left": rng.random(n) < 0.5, "right": rng.random(m) < 0.5}
                covered = side == "left" and most is None and both["right"] is None
                quotas.append(Quota(f"{side} {name}", **both, at_least=least, at_most=most, covered=covered))
    points = graph.points(np.arange(n)[:, None], np.arange(m)[None, :]) if n and m else np.empty((n, m))
    pairs = np.argwhere(points != FORBIDDEN)
    locked = pairs[rng.random(len(pairs)) < 0.03].reshape(-1, 2)
    least = (rng.random(n) < 0.1).astype(np.int64)
    most = np.maximum(least, (rng.random(n) < 0.9).astype(np.int64))
    return Constraints(least, most, np.zeros(m, np.int64), graph.right_capacity, locked, tuple(quotas))


def stored(graph: ScoredGraph, limits: Constraints, coverage_first: bool = True) -> StoredPairs:
    """Return the same question with every pair written down."""
    n, m = graph.num_left, graph.num_right
    i, j = np.indices((n, m)).reshape(2, -1)
    points = graph.points(i, j)
    known = points != FORBIDDEN
    offset = np.searchsorted(i[known], np.arange(n + 1))
    return StoredPairs(points[known], (offset, j[known]), limits, coverage_first)


def claims(answer: Answer) -> Claims:
    """Return what an answer claims."""
    known = answer.status not in (Status.INFEASIBLE, Status.NO_SOLUTION)
    return Claims(
        answer.status,
        answer.pairs,
        answer.prices,
        answer.price_scale,
        answer.cover,
        answer.witness,
        answer.clash,
        answer.searched,
        answer.objective if known else None,
        None if answer.status is Status.INFEASIBLE else answer.bound,
        len(np.unique(answer.pairs[:, 0])) if known else None,
        answer.coverage_bound,
    )


@pytest.mark.parametrize("seed", range(20))
def test_what_is_taken_off_a_side_is_gone_from_its_points(seed):
    """A discounted graph finds what the graph would find if its points were so many fewer."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng)
    if not graph.num_left or not graph.num_right:
        return
    for of_left, core in ((False, graph.core), (True, graph.core_transposed)):
        rows = graph.num_right if of_left else graph.num_left
        items = graph.num_left if of_left else graph.num_right
        off = rng.integers(-50, 50, rows if of_left else items)
        price = rng.integers(0, 50, items)
        shown = _core.Discounted(core, of_left)
        shown.take_off(off)
        i, j = (x.astype(np.int64) for x in np.indices((rows, items)).reshape(2, -1))
        plain = core.points(i, j)
        less = np.where(plain == NO_PARTNER, plain, plain - off[i if of_left else j])
        assert np.array_equal(shown.points(i, j), less)
        best = np.where(plain == NO_PARTNER, NO_PARTNER, less - price[j]).reshape(rows, items).max(axis=1)
        item, points, number, _ = shown.search(np.arange(rows, dtype=np.int32), 1, price, 1)
        found = np.where(number > 0, points - price[item], NO_PARTNER)
        assert np.array_equal(found, best)


@pytest.mark.parametrize("seed", range(60))
def test_coverage_by_kinds_is_that_of_single_nodes(seed):
    """Counting kinds gives the coverage that all pairs give, and a proof; or both find none."""
    rng = np.random.default_rng([seed, 1])
    graph = random_graph(rng)
    limits = random_limits(rng, graph)
    covered = cover_kinds(graph.terms, limits, Control())
    question = stored(graph, limits)
    answer = solve_implicit(graph, limits, True, Control())
    check_assignment(question, claims(answer)).raise_for_failure()
    assert covered.is_feasible == (answer.status is not Status.INFEASIBLE)
    total = bound_of(question, covered.prices, 0)
    if not covered.is_feasible:
        assert total < 0
        return
    assert covered.size == answer.coverage_bound == total // covered.prices.coverage
    i, j = covered.pairs.T
    assert (graph.points(i, j) != FORBIDDEN).all()
    counts = limits.counts(i, j)
    for quota, count in zip(limits.quotas, counts, strict=True):
        assert count >= quota.at_least
        assert quota.at_most is None or count <= quota.at_most


@pytest.mark.parametrize("part", range(3))
def test_caps_that_nobody_reaches_have_no_price_in_the_proof_of_coverage(part):
    """Where quotas cross, caps above what there is, or none at all, leave a proof that the check accepts."""
    rng = np.random.default_rng([5, part])
    for _ in range(100):
        n, m = rng.integers(1, 4, 2)
        points = rng.integers(0, 5, (n, m))
        points[rng.random((n, m)) < 0.2] = FORBIDDEN
        graph = explicit(points, rng.integers(0, 3, m))
        quotas = tuple(
            Quota(
                f"quota {number}",
                rng.random(n) < 0.7,
                rng.random(m) < 0.7,
                int(rng.integers(0, 2)),
                None if rng.random() < 0.3 else int(rng.integers(2, 6)),
            )
            for number in range(3)
        )
        zero, one = np.zeros(n, np.int64), np.ones(n, np.int64)
        limits = Constraints(zero, one, np.zeros(m, np.int64), graph.right_capacity, quotas=quotas)
        answer = solve_implicit(graph, limits, True, Control())
        check_assignment(stored(graph, limits), claims(answer)).raise_for_failure()


@pytest.mark.parametrize("part", range(3))
def test_locked_pairs_are_kept_where_quotas_cross(part):
    """The largest coverage is that of matchings with the pairs that must be, as HiGHS has it."""
    rng = np.random.default_rng([6, part])
    seen = 0
    for _ in range(60):
        n, m = rng.integers(1, 5, 2)
        points = rng.integers(0, 5, (n, m))
        points[rng.random((n, m)) < 0.2] = FORBIDDEN
        graph = explicit(points, rng.integers(0, 3, m))
        quota = Quota("some", rng.random(n) < 0.6, rng.random(m) < 0.6, 0, int(rng.integers(1, 4)))
        pairs = np.argwhere(points != FORBIDDEN)
        locked = pairs[rng.random(len(pairs)) < 0.15]
        zero, one = np.zeros(n, np.int64), np.ones(n, np.int64)
        limits = Constraints(zero, one, np.zeros(m, np.int64), graph.right_capacity, locked, (quota,))
        answer = solve_implicit(graph, limits, True, Control())
        check_assignment(stored(graph, limits), claims(answer)).raise_for_failure()
        i, j = pairs.T
        most = best_by_search(limits, (i, j), None)
        assert answer.status is (Status.INFEASIBLE if most is None else Status.OPTIMAL)
        if most is not None:
            assert answer.coverage_bound == most
            assert {tuple(pair) for pair in locked.tolist()} <= {tuple(p) for p in answer.pairs.tolist()}
            seen += len(locked) > 0
    assert seen > 10


@pytest.mark.parametrize("seed", range(60))
def test_the_pass_bounds_what_the_recount_bounds(seed):
    """From any prices the pass over implicit pairs proves a bound that is no worse, and never too low."""
    rng = np.random.default_rng([seed, 2])
    graph = random_graph(rng)
    limits = random_limits(rng, graph, nested=False)
    answer = solve_implicit(graph, limits, False, Control())
    prices = Prices(
        rng.integers(-5, 20, graph.num_left),
        rng.integers(-5, 20, graph.num_right),
        rng.integers(-5, 5, len(limits.quotas)),
    )
    implicit = ImplicitPairs(graph.terms, limits, False, answer.pairs, threads=1)
    written = bound_of(stored(graph, limits, False), prices, 1)
    passed = bound_of(implicit, prices, 1)
    assert passed <= written
    if answer.status is Status.OPTIMAL:
        assert passed >= answer.objective


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("coverage_first", [True, False])
def test_lists_that_grow_find_what_all_pairs_give(seed, coverage_first, monkeypatch):
    """Over lists that grow the optimum, the coverage and the proof are those of all pairs written down."""
    rng = np.random.default_rng([seed, 3])
    family = ["mild", "vertical", "tight", "tied", "clustered", "mild"][seed]
    left, right = synthetic(240, 320, seed, family)
    from twinmatch.compiler import compile
    from twinmatch.policies import systematic_twinning

    graph = compile(left, right, systematic_twinning())
    assert isinstance(graph, ScoredGraph)
    n, m = graph.num_left, graph.num_right
    country, region = rng.integers(0, 4, m), rng.integers(0, 3, m)
    area, poor = rng.integers(0, 5, n), rng.random(n) < 0.3
    quotas = [Quota(f"country {c}", None, country == c, 10, 55) for c in range(4)]
    quotas += [Quota(f"region {c}", None, (country == 0) & (region == c), 2, 20) for c in range(3)]
    quotas += [
        Quota(f"area {a}", area == a, None, int(0.7 * (area == a).sum()), covered=True) for a in range(5)
    ]
    quotas += [Quota("poor", (area == 1) & poor, None, int(((area == 1) & poor).sum()), covered=True)]
    limits = Constraints(
        np.zeros(n, np.int64),
        np.ones(n, np.int64),
        np.zeros(m, np.int64),
        graph.right_capacity,
        quotas=tuple(quotas),
    )
    whole = solve_implicit(graph, limits, coverage_first, Control())
    monkeypatch.setattr(grown, "FEW_PAIRS", 0)
    answer = solve_implicit(graph, limits, coverage_first, Control(threads=2))
    assert answer.status == whole.status
    assert answer.objective == whole.objective
    assert answer.coverage_bound == whole.coverage_bound
    question = ImplicitPairs(graph.terms, limits, coverage_first, answer.pairs, threads=1)
    check_assignment(question, claims(answer)).raise_for_failure()
    again = solve_implicit(graph, limits, coverage_first, Control(threads=1))
    assert np.array_equal(again.pairs, answer.pairs)
    assert np.array_equal(again.prices.right, answer.prices.right)


def test_more_places_than_anybody_could_take():
    """Places without number cost no memory: forty thousand nodes a side, a thousand million places each."""
    size = 40_000
    terms = merge(size, size, [], [])
    zero, one = np.zeros(size, np.int64), np.ones(size, np.int64)
    half = np.arange(size) < size // 2
    limits = Constraints(zero, one, zero, 10**9 * one, quotas=(Quota("half", None, half, 0, 7),))
    covered = cover_kinds(terms, limits, Control())
    assert covered.size == len(covered.pairs) == size
    assert half[covered.pairs[:, 1]].sum() <= 7


def test_forests():
    """Sets that are nested or apart are a forest; sets that cross are none."""
    a, b, c = (np.array(flags, bool) for flags in ([1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 1]))
    forest = forest_of([(0, b), (1, a), (2, c), (3, b)], 4)
    assert forest is not None
    assert forest.quota == ((1,), (0, 3), (2,))
    assert forest.parent.tolist() == [-1, 0, -1]
    assert forest.leaf.tolist() == [1, 1, 0, 2]
    assert forest_of([(0, a), (1, np.array([0, 0, 1, 1], bool))], 4) is None


def test_a_cap_on_nobody_has_no_price():
    """A group without a pair presses on nothing, nor does one whose cap is not reached."""
    left, right = tm.datasets.sample()
    quotas = (
        tm.policies.Quota("misspelt", right={"country": "de"}, at_most=2),
        tm.policies.Quota("room", right={"country": "DE"}, at_most=100),
        tm.policies.Quota("narrow", right={"country": "IT"}, at_most=20),
    )
    matching = tm.match(left, right, replace(tm.policies.systematic_twinning(), quotas=quotas))
    price = dict(zip(matching.quotas["quota"], matching.quotas["price"], strict=True))
    assert (price["misspelt"], price["room"]) == (0, 0)
    assert price["narrow"] > 0
    assert matching.verify().ok
