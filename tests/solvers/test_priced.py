"""Quotas that cross, on graphs that are never stored: the bound, the repair, what cannot be done."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, vstack

from tests.instances import random_graph
from tests.solvers.test_quotas import claims, random_limits, stored
from twinmatch.certify.implicit import ImplicitPairs
from twinmatch.certify.theorem import check_assignment
from twinmatch.compiler import compile
from twinmatch.datasets import sample, synthetic
from twinmatch.errors import ResourceLimitError
from twinmatch.graph.constraints import Constraints, Quota
from twinmatch.graph.refined import refined
from twinmatch.graph.scored import NO_PARTNER, ScoredGraph
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.graph.written import written
from twinmatch.pairing import match
from twinmatch.policies import QuotaPer, systematic_twinning
from twinmatch.solvers import grown
from twinmatch.solvers.cells import cells_of
from twinmatch.solvers.clearing import prices_that_clear
from twinmatch.solvers.control import Control
from twinmatch.solvers.covering import cover_crossed
from twinmatch.solvers.grown import solve_implicit
from twinmatch.solvers.nested import Pairs
from twinmatch.solvers.priced import solve_priced
from twinmatch.solvers.repair import Repair, Standing
from twinmatch.status import Status


def market(seed: int, size: int = 300) -> tuple[ScoredGraph, Constraints]:
    """Return a market whose left nodes are in 5 areas and its right nodes in 4 countries."""
    rng = np.random.default_rng([seed, 7])
    left, right = synthetic(size, size * 4 // 3, seed, "mild")
    graph = compile(left, right, systematic_twinning())
    assert isinstance(graph, ScoredGraph)
    n, m = graph.num_left, graph.num_right
    area, country = rng.integers(0, 5, n), rng.integers(0, 4, m)
    quotas = [
        Quota(f"{a} x {c}", area == a, country == c, int(rng.integers(0, 4)), int(0.3 * (area == a).sum()))
        for a in range(5)
        for c in range(4)
    ]
    zero = np.zeros(n, np.int64)
    limits = Constraints(zero, zero + 1, np.zeros(m, np.int64), graph.right_capacity, quotas=tuple(quotas))
    return graph, limits


def solved(graph, limits, coverage_first, **options):
    """Solve by prices and a repair; see that everything that is claimed is so."""
    answer = solve_priced(graph, limits, coverage_first, Control(**options))
    question = ImplicitPairs(graph.terms, limits, coverage_first, answer.pairs, threads=1)
    check_assignment(question, claims(answer)).raise_for_failure()
    return answer


@pytest.mark.parametrize("coverage_first", [True, False])
@pytest.mark.parametrize("seed", range(80))
def test_what_is_claimed_lies_around_the_optimum(seed, coverage_first):
    """The bound is never below the optimum, the matching never above; both say when there is none."""
    rng = np.random.default_rng([seed, 4])
    graph = random_graph(rng)
    limits = random_limits(rng, graph, nested=False)
    if rng.random() < 0.3 and graph.num_right:
        least = (rng.random(graph.num_right) < 0.1).astype(np.int64)
        limits = replace(limits, right_least=np.minimum(least, limits.right_most))
    best = solve_implicit(graph, limits, coverage_first, Control())
    check_assignment(stored(graph, limits, coverage_first), claims(best)).raise_for_failure()
    answer = solved(graph, limits, coverage_first)
    if best.status is Status.INFEASIBLE:
        assert answer.status in (Status.INFEASIBLE, Status.NO_SOLUTION)
        assert (answer.status is Status.INFEASIBLE) == (best.clash is None)
        return
    assert best.status is Status.OPTIMAL
    assert answer.status in (Status.OPTIMAL, Status.FEASIBLE)
    assert answer.bound >= best.objective or (coverage_first and answer.coverage_bound > best.coverage_bound)
    if coverage_first:
        assert answer.coverage_bound >= best.coverage_bound >= len(answer.pairs)
    if not coverage_first or len(answer.pairs) == best.coverage_bound:
        assert answer.objective <= best.objective


@pytest.mark.parametrize("seed", range(4))
def test_the_gap_is_small_and_everybody_is_placed(seed):
    """In a market of 300 with 20 cells the gap is below one in a thousand, for any number of threads."""
    graph, limits = market(seed)
    answer = solved(graph, limits, coverage_first=True, threads=2)
    assert answer.status in (Status.OPTIMAL, Status.FEASIBLE)
    assert len(answer.pairs) == answer.coverage_bound
    assert 0 <= answer.bound - answer.objective <= answer.bound // 1000
    again = solve_priced(graph, limits, True, Control(threads=1))
    assert np.array_equal(again.pairs, answer.pairs)
    assert np.array_equal(again.prices.quota, answer.prices.quota)


@pytest.mark.parametrize("coverage_first", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_a_floor_across_nested_ones_is_kept(seed, coverage_first, monkeypatch):
    """A national floor across those of areas: proven coverage, and a bound at most a few points away."""
    graph, limits = market(seed)
    rng = np.random.default_rng([seed, 9])
    n, m = graph.num_left, graph.num_right
    area, country, poor = rng.integers(0, 5, n), rng.integers(0, 4, m), rng.random(n) < 0.3
    caps = [Quota(f"country {c}", None, country == c, 0, n // 5) for c in range(4)]
    floors = [
        Quota(f"area {a}", area == a, None, int(0.6 * (area == a).sum()), covered=True) for a in range(5)
    ]
    across = Quota("poor", poor, None, int(0.95 * poor.sum()), covered=True)
    limits = replace(limits, quotas=(*caps, *floors, across))
    best = solve_implicit(graph, limits, coverage_first, Control())
    assert best.status is Status.OPTIMAL
    monkeypatch.setattr(grown, "FEW_PAIRS", 0)
    answer = solve_implicit(graph, limits, coverage_first, Control(threads=2))
    question = ImplicitPairs(graph.terms, limits, coverage_first, answer.pairs, threads=1)
    check_assignment(question, claims(answer)).raise_for_failure()
    assert answer.coverage_bound == best.coverage_bound
    assert not coverage_first or len(answer.pairs) == best.coverage_bound
    assert answer.objective <= best.objective <= answer.bound
    assert answer.bound - answer.objective <= answer.bound // 2_000


@pytest.mark.parametrize("asked", [{"at_most_share": 0.3}, {"at_most": 1}], ids=str)
def test_many_quotas_that_cross_are_exact_on_the_sample(asked):
    """A cap on every académie in every country, 204 in all: seconds to the optimum that HiGHS finds."""
    left, right = sample()
    cells = QuotaPer("cell", left=["academie"], right=["country"], **asked)
    matching = match(left, right, replace(systematic_twinning(), quotas=(cells,)), deadline=60)
    assert matching.status is Status.OPTIMAL
    assert matching.verify().ok
    limits, graph = matching.constraints, compile(matching.left, matching.right, systematic_twinning())
    i, j, points = written(graph).pairs()
    at, ones = np.arange(len(i)), np.ones(len(i))
    rows = [coo_array((ones, (i, at))), coo_array((ones, (j, at)), shape=(len(right), len(i)))]
    rows += [coo_array((q.left[i] & q.right[j])[None, :]) for q in limits.quotas]
    high = [*limits.left_most, *limits.right_most, *(q.at_most for q in limits.quotas)]
    best = milp(
        -points.astype(float),
        constraints=[
            LinearConstraint(vstack(rows).tocsr(), -np.inf, high),
            LinearConstraint(ones[None, :], matching.coverage_bound, np.inf),
        ],
        integrality=ones,
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0},
    )
    assert round(-best.fun) == matching.objective


def test_a_stop_keeps_what_was_found():
    """Coverage is settled first, and whoever is stopped after it has a matching that keeps to everything."""
    left, right = sample()
    cells = QuotaPer("cell", left=["sector"], right=["country"], at_most_share=0.18)
    events = []

    class Later:
        def is_set(self):
            return any(event.phase == "search" for event in events)

    policy = replace(systematic_twinning(), quotas=(cells,))
    matching = match(left, right, policy, cancel=Later(), on_progress=events.append)
    assert matching.coverage == 200
    assert matching.verify().ok


def test_locked_pairs_stay():
    """A pair that is locked stays, whatever it is worth, and quotas count it."""
    graph, limits = market(1)
    points = graph.points(np.arange(graph.num_left)[:, None], np.arange(graph.num_right)[None, :])
    worst = np.argwhere(points == points[points != FORBIDDEN].min())[:1]
    answer = solved(graph, replace(limits, locked=worst), coverage_first=True)
    assert (answer.pairs == worst[0]).all(axis=1).any()
    assert len(answer.pairs) == answer.coverage_bound


def test_what_cannot_be_done_has_a_sum_as_its_witness():
    """Cells that leave a country less than its floor asks for add up to less than nothing."""
    graph, limits = market(2)
    quotas = [replace(quota, at_least=0) for quota in limits.quotas]
    country = np.any([quota.right for quota in quotas[::4]], axis=0)
    asked = sum(quota.at_most for quota in quotas[::4]) + 1
    more = Quota("floor", None, country, asked)
    answer = solved(graph, replace(limits, quotas=(*quotas, more)), coverage_first=True)
    assert answer.status is Status.INFEASIBLE
    assert answer.witness is not None
    assert abs(answer.witness.quota).max() == 1


def test_coverage_of_kinds_is_that_of_everybody():
    """A small program over kinds finds the coverage that a search over all pairs finds."""
    for seed in range(40):
        rng = np.random.default_rng([seed, 5])
        graph = random_graph(rng)
        limits = replace(random_limits(rng, graph, nested=False), locked=np.empty((0, 2), np.int64))
        best = solve_implicit(graph, limits, True, Control())
        found = cover_crossed(graph.terms, limits, Control())
        if best.status is Status.INFEASIBLE:
            assert found.size is None
            assert (found.bound < 0) == (best.clash is None)
        else:
            assert found.size == best.coverage_bound <= found.bound


@pytest.mark.parametrize("deadline", [0.0, 0.05, 0.3])
def test_a_run_that_is_stopped_claims_what_it_knows(deadline):
    """Whenever it is stopped, what it hands over is proven."""
    graph, limits = market(3, 2_000)
    answer = solved(graph, limits, coverage_first=True, deadline=deadline)
    assert answer.status in (Status.FEASIBLE, Status.NO_SOLUTION)
    assert answer.limit is not None


def test_a_gap_that_is_good_enough_ends_a_run():
    """With a gap asked for, the run ends as soon as it is reached."""
    graph, limits = market(0)
    answer = solved(graph, limits, coverage_first=True, gap=0.9)
    assert answer.limit is not None
    assert answer.limit.value == "GAP"


def test_what_is_not_solved_is_refused_in_words():
    """Several partners on the left, or many right nodes to fill, are refused; nothing is ignored."""
    graph, limits = market(0)
    with pytest.raises(ResourceLimitError, match="several partners"):
        solve_priced(graph, replace(limits, left_most=limits.left_most * 2), True, Control())
    filled = np.ones_like(limits.right_least)
    with pytest.raises(ResourceLimitError, match="more than 100 right nodes"):
        solve_priced(graph, replace(limits, right_least=filled), True, Control())


@pytest.mark.parametrize("seed", range(30))
def test_a_repair_never_makes_it_worse(seed):
    """From any matching a repair breaks no more, keeps to places and lists, and counts what it says."""
    rng = np.random.default_rng([seed, 6])
    graph, limits = market(seed % 4, 120)
    n, m = graph.num_left, graph.num_right
    cells = cells_of(limits)
    i, j = (x.astype(np.int64) for x in np.indices((n, m)).reshape(2, -1))
    points = graph.points(i, j)
    some = (points != FORBIDDEN) & (rng.random(len(i)) < 0.3)
    pairs, points = Pairs(i[some], j[some]), points[some]
    mate, room = np.full(n, -1), limits.right_most.copy()
    for at in rng.permutation(len(points)):  # a matching that anybody could make
        left, right = pairs.left[at], pairs.right[at]
        if mate[left] < 0 and room[right] > 0 and rng.random() < 0.5:
            mate[left] = right
            room[right] -= 1
    best = np.zeros(n, np.int64)
    np.maximum.at(best, pairs.left, points)
    nothing, prices = np.zeros(n, np.int64), np.zeros(len(limits.quotas), np.int64)
    standing = Standing(pairs, points, limits.right_most, nothing, best, np.zeros(m, np.int64), prices)
    seen: list[np.ndarray] = []
    repair = Repair(cells, standing, mate, Control())
    before = repair.counted(mate)
    after = repair.run(seen.append)
    assert not before.is_better(after)
    assert after.broken == cells.broken(cells.counts(after.mate))
    placed = np.flatnonzero(after.mate >= 0)
    assert (np.bincount(after.mate[placed], minlength=m) <= limits.right_most).all()
    assert np.isin(placed * m + after.mate[placed], repair.keys).all()
    assert after.points == graph.points(placed, after.mate[placed]).sum()
    assert all(cells.broken(cells.counts(one)) == 0 for one in seen)


@pytest.mark.parametrize("seed", range(30))
def test_prices_that_clear_leave_nobody_better_off(seed):
    """With them the best of all choices that keep to the quotas is worth what prices say."""
    rng = np.random.default_rng([seed, 8])
    nodes, kinds = 5, 3
    worth = rng.integers(0, 20, (nodes, kinds))
    worth[rng.random((nodes, kinds)) < 0.2] = NO_PARTNER
    worth[:, 0] = np.maximum(worth[:, 0], 0)
    inside = (np.arange(kinds)[None, None, :] == np.array([1, 2])[:, None, None]).repeat(nodes, axis=1)
    low, high = rng.integers(0, 2, 2), rng.integers(2, 4, 2)
    choices = [c for c in product(range(kinds), repeat=nodes) if all(worth[range(nodes), c] != NO_PARTNER)]
    kept = [c for c in choices if all(low[q] <= c.count(q + 1) <= high[q] for q in range(2))]
    price = prices_that_clear(worth, inside, low, high)
    assert (price is None) == (not kept)
    if price is not None:
        best = max(worth[range(nodes), c].sum() for c in kept)
        paid = np.where(worth == NO_PARTNER, -np.inf, worth - np.concatenate([[0], price]))
        assert paid.max(axis=1).sum() + np.where(price > 0, high, low) @ price == pytest.approx(best)


def test_another_table_is_another_graph():
    """A graph that is told another table answers as one that was built with it."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        graph = random_graph(rng)
        n, m = graph.num_left, graph.num_right
        if not n or not m:
            continue
        finer = refined(graph.terms, rng.integers(0, 3, n), rng.integers(0, 2, m))
        less = finer.less(rng.integers(-40, 40, (3, 2)))
        told = ScoredGraph(finer.terms)
        told.core.set_table(less)
        built = ScoredGraph(replace(finer.terms, table=less))
        price = rng.integers(0, 30, m)
        assert np.array_equal(told.scan(price), built.scan(price))
        assert np.array_equal(
            told.best_lists(np.arange(n), 1, price)[1], built.best_lists(np.arange(n), 1, price)[1]
        )
        i, j = (x.astype(np.int64) for x in np.indices((n, m)).reshape(2, -1))
        assert np.array_equal(told.points(i, j), built.points(i, j))
