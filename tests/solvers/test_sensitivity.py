"""Prices of rules: against solving again for every number that a bound may have."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from tests.instances import random_graph
from tests.solvers.test_quotas import random_limits, stored
from twinmatch.errors import ResourceLimitError
from twinmatch.graph.constraints import Constraints, Quota
from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.solvers import bounds, known
from twinmatch.solvers.bounds import Optimum, Rule, Slope, binding
from twinmatch.solvers.constrained import Answer, solve_constrained
from twinmatch.solvers.control import Control
from twinmatch.solvers.grown import solve_implicit
from twinmatch.solvers.sensitivity import slopes_of
from twinmatch.status import Status

FAR = 25  # more pairs than there can be


def written(points: np.ndarray, may: np.ndarray) -> ExplicitGraph:
    i, j = np.nonzero(may)
    offset = np.searchsorted(i, np.arange(len(points) + 1))
    return ExplicitGraph(*points.shape, points[i, j], lists=(offset, j))


def draw(rng: np.random.Generator, *, nested: bool = True) -> tuple[ExplicitGraph, Constraints]:
    """Draw stored pairs with bounds, locks and quotas."""
    n, m = rng.integers(2, 9, 2)
    low, high = [(-3, 3), (-9, 30), (0, 2), (0, 1000)][rng.integers(4)]
    may = rng.random((n, m)) < rng.choice([0.5, 0.8, 1.0])
    most = [np.minimum(rng.integers(1, 4, size), rng.choice([1, 3])) for size in (n, m)]
    if rng.random() < 0.6:
        most[0][:] = 1
    quotas = []
    for side, size in enumerate((n, m)):
        region = rng.integers(0, 4, size)
        for among in ({0, 1}, {0}, {1}, {2, 3}, {0, 1, 2, 3}):
            if rng.random() < 0.3:
                least = int(rng.integers(0, 3)) if rng.random() < 0.5 else 0
                cap = None if rng.random() < 0.3 else least + int(rng.integers(0, 4))
                sets: list = [None, None]
                sets[side] = np.isin(region, list(among))
                if not nested:
                    sets[1 - side] = rng.random((n, m)[1 - side]) < 0.7
                covered = nested and side == 0 and cap is None and rng.random() < 0.5
                quotas.append(Quota(f"q{len(quotas)}", *sets, least, cap, covered=covered))
    locked = rng.permutation(np.argwhere(may))[: rng.integers(0, 3) * (rng.random() < 0.4)].reshape(-1, 2)
    least = np.minimum(rng.random(n) < 0.05, most[0]).astype(np.int64)
    bounds = least, most[0], np.zeros(m, np.int64), most[1]
    return written(rng.integers(low, high, (n, m)), may), Constraints(*bounds, locked, tuple(quotas))


def covered(answer: Answer) -> int:
    return len(np.unique(answer.pairs[:, 0]))


def by_solving(best: Optimum, rule: Rule, step: int, last: int) -> tuple[int | None, int | None]:
    """Move a bound unit by unit, and solve the whole again each time."""
    now = solve_constrained(best.graph, best.limits, best.coverage_first, Control())
    value, before, first = rule.value(best.limits), now.objective, None
    for at in range(value + step, last + step, step):
        limits = bounds.moved(best.limits, rule, at - value)
        found = solve_constrained(best.graph, limits, best.coverage_first, Control())
        other = best.coverage_first and covered(found) != covered(now)
        if found.status is Status.INFEASIBLE or other:
            return first, None if first is None else at - step
        change = abs(found.objective - before)
        if first is not None and change != first:
            return first, at - step
        before, first = found.objective, change
    return first, None if first is None or last == FAR else last


def expected(best: Optimum, rule: Rule) -> list[tuple[int | None, int | None]]:
    if rule.kind == "locked":
        return [by_solving(best, rule, -1, 0), (None, None)]
    quota = best.limits.quotas[rule.number]
    if rule.kind == "at most":
        return [by_solving(best, rule, 1, FAR), by_solving(best, rule, -1, quota.at_least)]
    most = FAR if quota.at_most is None else quota.at_most
    return [by_solving(best, rule, -1, 0), by_solving(best, rule, 1, most)]


def optimum(graph: ExplicitGraph, limits: Constraints, coverage_first: bool) -> Optimum | None:
    answer = solve_constrained(graph, limits, coverage_first, Control())
    if answer.status is not Status.OPTIMAL:
        return None
    return Optimum(graph, limits, coverage_first, answer.pairs, answer.prices)


def numbers(slopes: bounds.Slopes) -> list[tuple[int | None, int | None]]:
    return [(slope.points, slope.to) for slope in slopes]


@pytest.mark.parametrize("part", range(3))
def test_nested_quotas_against_solving_again(part, seed):
    """Slopes and their ranges are those of the optima themselves, and a note says why there is none."""
    rng = np.random.default_rng([seed, 500, part])
    kinds = set()
    for _ in range(110):
        best = optimum(*draw(rng), bool(rng.random() < 0.5))
        if best is None:
            continue
        rules = binding(best.limits, best.pairs)
        for rule, slopes in zip(rules, slopes_of(best, rules, Control()), strict=True):
            assert numbers(slopes) == expected(best, rule)
            for slope in slopes:
                assert (slope.points is None) == bool(slope.note)
            gains, losses = (slope.points for slope in slopes)
            assert gains is None or losses is None or gains <= losses  # concave
            kinds.add((rule.kind, bool(gains), bool(losses), slopes.loosen.note, slopes.tighten.note))
            kinds.add((gains or 0) < (losses or 0))
    assert len(kinds) > 12


def test_quotas_that_cross_against_solving_again(seed):
    """Where no network holds the quotas the first unit is exact, and so is its range where one is given."""
    rng = np.random.default_rng([seed, 501])
    settled = 0
    for _ in range(40):
        best = optimum(*draw(rng, nested=False), bool(rng.random() < 0.5))
        if best is None:
            continue
        rules = binding(best.limits, best.pairs)
        for rule, slopes in zip(rules, slopes_of(best, rules, Control()), strict=True):
            for slope, (points, to) in zip(slopes, expected(best, rule), strict=True):
                assert slope.points == points
                assert slope.to == to or slope.note == bounds.NOT_SETTLED
                settled += slope.to is not None
    assert settled > 10


def test_a_kink_at_the_bound():
    """The first partner of a group gains less than the last one loses; prices alone tell neither."""
    graph = written(np.array([[9, 4], [8, 5], [6, 6]]), np.ones((3, 2), bool))
    ones = np.ones(3, np.int64)
    limits = Constraints(0 * ones, ones, np.zeros(2, np.int64), np.array([3, 3]))
    limits = replace(limits, quotas=(Quota("cap", right=np.array([True, False]), at_most=1),))
    best = optimum(graph, limits, False)
    assert best is not None
    (slopes,) = slopes_of(best, binding(limits, best.pairs), Control())
    assert slopes == (Slope(3, 2), Slope(5, 0))


def test_two_quotas_on_one_set():
    """Where another quota of the set asks for the same, neither costs anything alone."""
    graph = written(np.array([[5], [5], [5]]), np.ones((3, 1), bool))
    ones = np.ones(3, np.int64)
    cap = Quota("cap", right=np.array([True]), at_most=1)
    limits = Constraints(0 * ones, ones, np.zeros(1, np.int64), np.array([3]), quotas=(cap, cap))
    best = optimum(graph, limits, False)
    assert best is not None
    for slopes in slopes_of(best, binding(limits, best.pairs), Control()):
        assert slopes == (Slope(0, None), Slope(5, 0))
    wider = replace(limits, quotas=(cap, replace(cap, at_most=2)))
    (slopes,) = slopes_of(best._replace(limits=wider), [Rule("at most", 0)], Control())
    assert slopes == (Slope(5, 2), Slope(5, 0))


@pytest.mark.parametrize("part", range(3))
def test_pairs_that_are_not_stored(part, seed, monkeypatch):
    """Lists of a single partner grow until every slope and range is that of all pairs."""
    monkeypatch.setattr(known, "LISTED", 1)
    monkeypatch.setattr(known, "JOINING", 1)
    monkeypatch.setattr(known, "LONGER", 2)
    rng = np.random.default_rng([seed, 502, part])
    seen = 0
    for _ in range(250):
        graph = random_graph(rng, 9, 7)
        limits, first = random_limits(rng, graph), bool(rng.random() < 0.5)
        answer = solve_implicit(graph, limits, first, Control())
        if answer.status is not Status.OPTIMAL:
            continue
        rules = binding(limits, answer.pairs)
        question = stored(graph, limits)
        whole = ExplicitGraph(graph.num_left, graph.num_right, question.stored, lists=question.lists)
        prices = answer.prices
        if rng.random() < 0.5:  # whatever the start
            prices = prices._replace(right=rng.permutation(prices.right), left=prices.left * 0)
        best = Optimum(whole, limits, first, answer.pairs, prices)
        slopes = slopes_of(best, rules, Control())
        assert slopes_of(best._replace(graph=graph), rules, Control()) == slopes
        seen += sum(slope.points is not None for both in slopes for slope in both)
    assert seen > 40


def test_forbidden_sets_against_trying_all(seed):
    """The first pair gains what the best pair of the set does, and so many gain as much as the range says."""
    rng = np.random.default_rng([seed, 503])
    settled = 0
    for _ in range(150):
        graph, limits = draw(rng)
        coverage_first = bool(rng.random() < 0.5)
        i, j, points = graph.pairs()
        if len(i) < 3:
            continue
        shape = (graph.num_left, graph.num_right)
        size = min(len(i) - 1, int(rng.integers(1, 6)))
        out = rng.permutation(len(i))[:size]
        if rng.random() < 0.4:  # pairs of one node
            ends = (i, j)[rng.integers(2)]
            out = np.flatnonzero(ends == ends[out[0]])[:6]
        key = i * graph.num_right + j
        out = np.setdiff1d(out, np.flatnonzero(np.isin(key, limits.locked @ [graph.num_right, 1])))
        table = np.zeros(shape, np.int64)
        table[i, j] = points

        def most(
            allowed: tuple[int, ...],
            out=out,
            i=i,
            j=j,
            table=table,
            limits=limits,
            coverage_first=coverage_first,
        ) -> Answer:
            may = np.zeros(table.shape, bool)
            may[i, j] = True
            may[i[out], j[out]] = False
            may[i[list(allowed)], j[list(allowed)]] = True
            return solve_constrained(written(table, may), limits, coverage_first, Control())

        now = most(())
        if now.status is not Status.OPTIMAL:
            continue
        may = np.zeros(shape, bool)
        may[i, j] = True
        may[i[out], j[out]] = False
        best = Optimum(written(table, may), limits, coverage_first, now.pairs, now.prices)
        rule = Rule("forbidden", barred=(i[out], j[out], points[out]))
        ((loosen, tighten),) = slopes_of(best, [rule], Control())
        assert tighten == Slope(None, None, bounds.NO_UNIT)
        if loosen.note == bounds.CROSSING:  # quotas on pairs of those who may have several partners
            continue
        found = [[most(some) for some in itertools.combinations(out, k)] for k in range(1, len(out) + 1)]
        if coverage_first and found and max(map(covered, found[0])) > covered(now):
            assert loosen == Slope(None, None, bounds.MORE_COVERED)
            continue
        gains = [max(one.objective for one in some) - now.objective for some in found]
        assert loosen.points == (gains[0] if gains else 0)
        if loosen.note == bounds.NOT_SETTLED:
            continue
        settled += 1
        alike = [k for k, gain in enumerate(gains, 1) if gain == k * gains[0]]
        same = next((k for k in range(1, len(gains) + 1) if k not in alike), len(gains) + 1) - 1
        assert loosen.to == (same if loosen.points else None)
    assert settled > 60


def test_forbidden_pairs_that_gain_alike():
    """Three pairs gain five each, a fourth one four; of two that need each other the first gains nothing."""
    ones = np.ones(4, np.int64)
    limits = Constraints(0 * ones, ones, 0 * ones, ones)
    alone = written(np.zeros((4, 4), np.int64), np.zeros((4, 4), bool))
    best = optimum(alone, limits, False)
    assert best is not None
    four = np.arange(4)
    ((loosen, _),) = slopes_of(
        best, [Rule("forbidden", barred=(four, four, np.array([5, 4, 5, 5])))], Control()
    )
    assert loosen == Slope(5, 3)
    two, kept = four[:2], np.array([[0, 9], [9, 0]])
    limits = Constraints(*(bound[:2] for bound in (0 * ones, ones, 0 * ones, ones)))
    best = optimum(written(kept, kept > 0), limits, False)
    assert best is not None
    ((loosen, _),) = slopes_of(best, [Rule("forbidden", barred=(two, two, np.array([10, 10])))], Control())
    assert loosen == Slope(0, None, bounds.NOT_SETTLED)


def test_what_is_not_reached_says_so():
    """A deadline leaves rows without prices."""
    rng = np.random.default_rng(1)
    best = None
    while best is None or not binding(best.limits, best.pairs):
        best = optimum(*draw(rng), False)
    rules = binding(best.limits, best.pairs)
    nothing = Slope(None, None, bounds.NOT_REACHED)
    assert slopes_of(best, rules, Control(0.0)) == [(nothing, nothing)] * len(rules)


def test_what_does_not_fit_is_refused(seed):
    """Quotas that cross, and forbidden sets, are refused where pairs are not stored."""
    rng = np.random.default_rng([seed, 504])
    graph = random_graph(rng)
    while not graph.num_left or not graph.num_right:
        graph = random_graph(rng)
    both = Quota("both", np.arange(graph.num_left) < 1, np.arange(graph.num_right) < 1, at_most=0)
    bare = random_limits(rng, graph)
    bare = replace(bare, quotas=(), locked=bare.locked[:0], left_least=bare.left_least * 0)
    for quotas, rule, words in (((both,), Rule("at most", 0), "'both'"), ((), Rule("forbidden"), "rules=")):
        limits = replace(bare, quotas=quotas)
        answer = solve_implicit(graph, limits, False, Control())
        best = Optimum(graph, limits, False, answer.pairs, answer.prices)
        with pytest.raises(ResourceLimitError, match=words):
            slopes_of(best, [rule], Control())
