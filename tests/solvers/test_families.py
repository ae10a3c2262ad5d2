"""Families of instances on which solvers are known to fail, each against another solver."""

from __future__ import annotations

import numpy as np
import pytest

from tests.instances import certificate_of, explicit, solved
from tests.oracles import FORBIDDEN, best_by_ortools, best_by_scipy
from twinmatch.errors import PointsRangeError
from twinmatch.solvers import compiled, quick, solve
from twinmatch.solvers.control import Control

x = FORBIDDEN
FAMILIES = {}


def family(draw):
    """Register a family by its name; ``draw(rng, n)`` returns points and places."""
    FAMILIES[draw.__name__] = draw
    return draw


@family
def mild(rng, n):
    return rng.integers(0, 1_000_000, (n, 3 * n)), np.ones(3 * n, np.int64)


@family
def vertical(rng, n):
    """Everyone wants the same partners."""
    fame = np.sort(rng.integers(0, 1_000_000, 2 * n))
    return fame[None, :] + rng.integers(0, 1_000, (n, 2 * n)), np.ones(2 * n, np.int64)


@family
def tight(rng, n):
    """As many places as there are left nodes, and one more."""
    capacity = rng.multinomial(n + 1, np.full(n // 2, 2 / n))
    return rng.integers(0, 1_000_000, (n, n // 2)), capacity


@family
def halls(rng, n):
    """Own members fill every list that a node draws: a reverse auction that looks no further hangs."""
    places = np.full(8, n // 6 + 1)
    left, right = rng.integers(0, 1000, (n, 1, 2)), rng.integers(0, 1000, (1, 8, 2))
    return 3000 - np.abs(left - right).sum(axis=2), places


@family
def tied(rng, n):
    return rng.integers(0, 3, (n, n + 2)), np.ones(n + 2, np.int64)


@family
def all_equal(rng, n):
    return np.full((n, n), 5), np.ones(n, np.int64)


@family
def all_zero(rng, n):
    return np.zeros((n, n // 3), np.int64), rng.integers(0, 3, n // 3)


@family
def clustered(rng, n):
    """Draw groups that would rather stay among themselves, of unequal sizes, and few bridges."""
    left, right = rng.integers(0, 4, n), np.sort(rng.integers(0, 4, n))
    same = left[:, None] == right[None, :]
    bridge = rng.random((n, n)) < 0.1
    return np.where(same, rng.integers(500, 1_000, (n, n)), np.where(bridge, 100, x)), np.ones(n, np.int64)


@family
def two_cost(rng, n):
    return np.where(rng.random((n, n)) < 0.1, 1_000_000, 0), np.ones(n, np.int64)


@family
def two_cost_near(rng, n):
    """Two values that differ by one point, high up."""
    return 999_999 + rng.integers(0, 2, (n, n)), np.ones(n, np.int64)


@family
def machol_wien(rng, n):
    """Cost i * j: every augmenting path is long."""
    cost = np.multiply.outer(np.arange(1, n + 1), np.arange(1, n + 1))
    return cost.max() - cost, np.ones(n, np.int64)


@family
def machol_wien_shuffled(rng, n):
    points, capacity = machol_wien(rng, n)
    return points[rng.permutation(n)][:, rng.permutation(n)], capacity


@family
def products(rng, n):
    """Points i * j: nearly everybody wants the last partner."""
    return np.multiply.outer(np.arange(n), np.arange(n)), np.ones(n, np.int64)


@family
def short_by_one(rng, n):
    return rng.integers(0, 1_000, (n, n - 1)), np.ones(n - 1, np.int64)


@family
def infeasible_by_one(rng, n):
    """Room for everybody, but a group that has one place too few."""
    points = rng.integers(0, 1_000, (n, 2 * n))
    group = rng.permutation(n)[: n // 2]
    points[group, n // 2 - 1 :] = x
    return points, np.ones(2 * n, np.int64)


@family
def nested_shortage(rng, n):
    """Each group sees the partners of the one before and too few more."""
    points = rng.integers(0, 50, (n, n))
    for i in range(n):
        points[i, max(1, (i // 5) * 3) :] = x
    return points, np.ones(n, np.int64)


@family
def staircase(rng, n):
    """One matching covers everybody, whatever it is worth."""
    points = rng.integers(0, 1_000, (n, n))
    points[np.triu_indices(n, 1)] = x
    return points[rng.permutation(n)], np.ones(n, np.int64)


@family
def coverage_costs_points(rng, n):
    """Give the points to pairs that leave others without a partner."""
    points = np.full((n, n), x)
    points[np.arange(n), np.arange(n)] = 0
    points[np.arange(n - 1), np.arange(1, n)] = 1_000_000
    return points, np.ones(n, np.int64)


@family
def price_war(rng, n):
    """Two good partners, wanted by all alike; the rest are worth nothing."""
    points = np.zeros((n, n), np.int64)
    points[:, :2] = 1_000_000
    return points, np.ones(n, np.int64)


@family
def price_war_with_places(rng, n):
    points = np.where(rng.random((n, 3)) < 0.9, 1_000_000, x)
    return np.hstack([points, rng.integers(0, 5, (n, n))]), np.array([n // 3, n // 3, n // 5] + [1] * n)


@family
def few_with_many_places(rng, n):
    return rng.integers(0, 20, (n, 4)), np.array([n // 4, n // 4 + 1, n // 3, 1])


@family
def more_places_than_needed(rng, n):
    return rng.integers(0, 20, (n, 3)), np.array([n, 2 * n, 5 * n])


@family
def one_left_node(rng, n):
    return rng.integers(0, 9, (1, n)), rng.integers(0, 2, n)


@family
def one_right_node(rng, n):
    return rng.integers(0, 9, (n, 1)), np.array([n // 2])


@family
def line(rng, n):
    """Near is good, on a line, from two ends."""
    left, right = rng.integers(0, 1_000, n), rng.integers(500, 1_500, n)
    return 2_000 - np.abs(left[:, None] - right[None, :]), np.ones(n, np.int64)


@family
def plane(rng, n):
    left, right = rng.random((n, 2)), rng.random((n + n // 2, 2))
    away = np.linalg.norm(left[:, None] - right[None, :], axis=2)
    return (1_000_000 * (2 - away)).astype(np.int64), np.ones(n + n // 2, np.int64)


@family
def sparse(rng, n):
    points = rng.integers(0, 1_000_000, (n, 2 * n))
    points[rng.random(points.shape) < 0.95] = x
    return points, np.ones(2 * n, np.int64)


@family
def below_zero(rng, n):
    """No pair is worth having, and coverage comes first all the same."""
    return rng.integers(-1_000, 0, (n, n + 3)), np.ones(n + 3, np.int64)


@family
def around_zero(rng, n):
    points = rng.integers(-50, 50, (n, n // 2))
    points[rng.random(points.shape) < 0.5] = x
    return points, rng.integers(0, 4, n // 2)


@family
def high_points(rng, n):
    return rng.integers(2**23, 2**24, (n, n)), np.ones(n, np.int64)


@pytest.mark.parametrize("n", [2, 5, 24, 61])
@pytest.mark.parametrize("name", FAMILIES)
def test_families_against_other_solvers(name, n, seed):
    """The largest coverage and the most points, proven, on all sizes of every family."""
    rng = np.random.default_rng([seed, n, *name.encode()])
    points, capacity = FAMILIES[name](rng, n)
    solution = solved(explicit(points, capacity))
    expected = best_by_scipy(points, capacity)
    assert (solution.coverage, solution.objective) == expected
    if n <= 24:
        assert best_by_ortools(points, capacity) == expected


@pytest.mark.parametrize(
    "name",
    [
        "vertical",
        "halls",
        "tied",
        "two_cost",
        "machol_wien",
        "short_by_one",
        "nested_shortage",
        "price_war",
    ],
)
def test_hard_families_do_not_blow_up(name, seed):
    """A few hundred nodes of the families that make naive auctions run for ever."""
    rng = np.random.default_rng([seed, *name.encode()])
    points, capacity = FAMILIES[name](rng, 300)
    solution = solved(explicit(points, capacity))
    assert (solution.coverage, solution.objective) == best_by_scipy(points, capacity)


def test_coverage_comes_first():
    """A pair worth a million does not pay for leaving somebody out."""
    solution = solved(explicit([[1_000_000, 0], [3, x]]))
    assert solution.mate.tolist() == [1, 0]
    assert solution.objective == 3


def test_the_witness_names_a_group_with_too_few_places():
    """Three schools share one place: the witness holds them, and the bound counts two out."""
    solution = solved(explicit([[1, x], [5, x], [2, x], [9, 4]]))
    assert solution.coverage == solution.coverage_bound == 2
    assert solution.witness_left.tolist() == [True, True, True, False]
    assert solution.mate.tolist() == [-1, 0, -1, 1]


def test_everybody_covered_needs_no_witness():
    """Where nobody is left out there is nothing to witness, and the bound is everybody."""
    solution = solved(explicit([[1, 2], [2, 1]]))
    assert solution.coverage_bound == 2
    assert certificate_of(explicit([[1, 2], [2, 1]]), solution, witness_left=np.zeros(2, bool)).ok


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (4, 0)])
def test_an_empty_side_is_solved(shape):
    """Nobody, or nobody to choose from: no pairs, no points, optimal."""
    solution = solved(explicit(np.zeros(shape, np.int32)))
    assert (solution.coverage, solution.objective) == (0, 0)


def test_no_places_at_all():
    """Partners without a place are no partners."""
    solution = solved(explicit([[5, 6], [7, 8]], [0, 0]))
    assert (solution.coverage, solution.objective) == (0, 0)


def test_places_beyond_all_need_cost_nothing():
    """Two billion places are as good as one for everybody, and take no more memory."""
    points = np.array([[5, 6, x], [7, 8, 3], [x, 8, 1]])
    solution = solved(explicit(points, [2**31 - 1, 0, 2**31 - 1]))
    assert (solution.coverage, solution.objective) == best_by_scipy(points, np.array([3, 0, 3]))


@pytest.mark.parametrize("most", [2**29, 2**30, 2**31 - 1])
def test_points_at_the_edge_of_the_range_are_exact_or_refused(most):
    """Either the proven optimum or an error that says so: never a plausible number."""
    rng = np.random.default_rng(most)
    for _ in range(40):
        points = most - rng.integers(0, rng.choice([3, most]), rng.integers(1, 6, 2))
        points[rng.random(points.shape) < 0.2] = x
        capacity = rng.integers(0, 3, points.shape[1])
        graph = explicit(points, capacity)
        try:
            solution = solve(graph, threads=1)
        except PointsRangeError:
            continue
        assert solution.status == "OPTIMAL"
        certificate_of(graph, solution).raise_for_failure()
        assert (solution.coverage, solution.objective) == best_by_ortools(points, capacity)


def test_lists_are_as_long_as_the_pace_says(monkeypatch):
    """The finish takes over the lists of the auction, and cannot where they are of another length."""
    asked = []

    class Spied:
        NO_VALUE = compiled._core.NO_VALUE

        @staticmethod
        def Solver(*arguments):  # noqa: N802
            asked.append(arguments[4:6])
            return built(*arguments)

    built = compiled._core.Solver
    monkeypatch.setattr(compiled, "_core", Spied)
    graph = explicit(np.random.default_rng(0).integers(0, 99, (30, 40)))
    pace = quick.Pace(rank=4, shrink=4, length=23, kept=5, back_length=7, patience=2, draw_steps=2)
    outside = np.full(30, compiled._core.NO_VALUE)
    found = quick.optimise_quickly(graph, np.ones(40, np.int64), outside, 99, Control(), pace)
    assert asked == [(23, 7)]
    assert found.objective == found.bound
