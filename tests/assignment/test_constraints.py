"""Bounds, locked pairs and quotas: against four other ways to solve them, half-way and on larger ones."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import twinmatch as tm
from tests.assignment.constrained import Quota, ask, check, diagonal, draw, ring, solved
from tests.assignment.peers import Asked, by_cp_sat, by_enumeration, by_flow, by_highs

# -- Against others -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(20))
def test_small_questions_of_every_kind(part, seed):
    """Ten thousand questions are answered like others answer them, and every answer is proven."""
    rng = np.random.default_rng([seed, part])
    for number in range(500):
        asked, nested = draw(rng, 7)
        flow = nested and not (asked.coverage_first and asked.left_most.max() > 1)
        peer = by_flow if flow else (by_highs, by_cp_sat)[number % 10 == 0]
        check(asked, ask(asked, threads=1), peer(asked))


@pytest.mark.parametrize("part", range(4))
def test_tiny_questions_against_brute_force(part, seed):
    """Every way to pair a few nodes was tried, and none is better."""
    rng = np.random.default_rng([seed, 100 + part])
    for _ in range(250):
        asked, _ = draw(rng, 4)
        if asked.points.size <= 12:
            most = by_enumeration(asked)
            check(asked, ask(asked), most)
            assert most == by_highs(asked) == by_cp_sat(asked)


def test_caps_that_cannot_be_reached(seed):
    """A quota without a cap, or with one beyond all pairs, never has a price above zero."""
    rng = np.random.default_rng([seed, 200])
    for _ in range(300):
        asked, _ = draw(rng, 4)
        quotas = [(left, right, low, (None, 100)[low % 2]) for left, right, low, _ in asked.quotas]
        asked = asked._replace(quotas=quotas, points=asked.points - 9)
        answer = ask(asked)
        check(asked, answer, by_highs(asked))
        assert (answer.quota_price <= 0).all()


# -- Limits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [diagonal(3, 10), np.full((3, 3), 10)], ids=["lists", "matrix"])
@pytest.mark.parametrize("quotas", [[Quota(at_most=1)], ring(3, 0, 1), ring(3, 1, 1)])
@pytest.mark.parametrize("coverage_first", [False, True])
def test_stopped_before_the_start(points, quotas, coverage_first):
    """Without time, or cancelled, nothing is called best or impossible, and the bound holds."""
    event = threading.Event()
    event.set()
    for limit, options in ((tm.Limit.DEADLINE, {"deadline": 0}), (tm.Limit.CANCELLED, {"cancel": event})):
        answer = solved(points, quotas=quotas, coverage_first=coverage_first, **options)
        assert answer.status in (tm.Status.NO_SOLUTION, tm.Status.FEASIBLE)
        assert answer.limit is limit
        assert answer.bound >= 10


def test_stopped_half_way(seed):
    """Whenever a run is stopped, the pairs can be used and the bound holds."""
    rng = np.random.default_rng([seed, 600])
    points = rng.integers(0, 1000, (60, 60))
    quotas = [Quota(rng.random(60) < 0.5, rng.random(60) < 0.5, 5, 9, f"q{k}") for k in range(8)]
    best = solved(points, quotas=quotas)
    assert best.status is tm.Status.OPTIMAL
    for deadline in (0.001, 0.01, 0.05, 0.2):
        answer = solved(points, quotas=quotas, deadline=deadline)
        assert answer.bound >= best.objective
        if answer.status is tm.Status.FEASIBLE:
            assert answer.limit is tm.Limit.DEADLINE
            assert answer.objective <= best.objective


@pytest.mark.parametrize("power", [45, 50, 52, 54, 56, 58, 60])
def test_large_points_are_exact_or_refused(power, seed):
    """Points that no float can tell apart are told apart, or are an error: never a wrong digit."""
    rng = np.random.default_rng([seed, power])
    answered = 0
    for _ in range(60):
        asked, _ = draw(rng, 4)
        near = 2**power - rng.integers(0, 9, asked.points.shape)
        asked = asked._replace(points=rng.choice([-1, 1]) * near)
        if asked.points.size > 12:
            continue
        try:
            answer = ask(asked)
        except tm.errors.PointsRangeError:
            continue
        answered += 1
        most = by_enumeration(asked)
        assert answer.status is (tm.Status.INFEASIBLE if most is None else tm.Status.OPTIMAL)
        assert most is None or answer.objective == answer.bound == most
        answer.verify().raise_for_failure()
    assert answered or power >= 58


# -- Larger ones --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("caps", ["loose", "tight"])
def test_ten_thousand_pairs_with_crossed_quotas(caps, seed):
    """A hundred by a hundred nodes under five quotas of both sides are proven within seconds."""
    rng = np.random.default_rng([seed, 700])
    points = rng.integers(0, 10**6, (100, 100))
    some = [(rng.random(100) < 0.5, rng.random(100) < 0.5) for _ in range(5)]
    most = {"loose": 20, "tight": 12}[caps]
    quotas = [Quota(left, right, most // 2 * (k % 2), most) for k, (left, right) in enumerate(some)]
    started = time.monotonic()
    answer = solved(points, quotas=quotas)
    assert answer.status is tm.Status.OPTIMAL
    assert time.monotonic() - started < 30
    ones = np.ones(100, int)
    plain = [(left, right, most // 2 * (k % 2), most) for k, (left, right) in enumerate(some)]
    asked = Asked(points, points >= 0, 0 * ones, ones, 0 * ones, ones, [], plain)
    assert asked.broken(answer.pairs) == []
    assert by_highs(asked) == answer.objective


def test_thousands_under_nested_quotas(seed):
    """Two by three thousand nodes in regions and countries of both sides, as min-cost flow has it."""
    rng = np.random.default_rng([seed, 800])
    n, m = 2000, 3000
    i = np.repeat(np.arange(n), 12)
    stored = np.zeros((n, m), bool)
    stored[i, rng.integers(0, m, len(i))] = True
    points = np.where(stored, rng.integers(-100, 1000, (n, m)), 0)
    quotas = []
    regions = rng.integers(0, 40, n), rng.integers(0, 60, m)
    for side, region in enumerate(regions):
        everybody = [np.ones(n, bool), np.ones(m, bool)]
        for number in range(region.max() + 1):
            sets = [*everybody]
            sets[side] = region == number
            size = int(sets[side].sum())
            quotas.append((*sets, size // 4, size // 2))
            if number % 5 == 0:
                sets = [*everybody]
                sets[side] = region // 5 == number // 5
                quotas.append((*sets, size, 5 * (size // 2) - 3))
    left, right = np.zeros(n, int), np.zeros(m, int)
    locked = [tuple(pair) for pair in np.argwhere(stored)[::5000].tolist()]
    asked = Asked(points, stored, left, left + 2, right, right + 2, locked, quotas)
    answer = ask(asked)
    check(asked, answer, by_flow(asked))
    assert answer.proof == "prices"
