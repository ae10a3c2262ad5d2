"""Pairs that all optima have, and that some have, against all optima written down."""

from __future__ import annotations

import numpy as np
import pytest

from tests.comparing.optima import all_optima
from tests.instances import explicit, random_graph, solved
from tests.oracles import dense_points
from twinmatch.solvers import optima
from twinmatch.solvers.control import Control
from twinmatch.solvers.optima import optima_of

BLOCKS, PER_BLOCK = 4, 150


def compared(graph, capacity):
    """Return how many pairs ties decide, after comparing every pair with all optima."""
    points = dense_points(graph.terms)
    solution = solved(graph)
    every = all_optima(points, capacity)
    found = optima_of(
        graph, capacity, solution.mate, solution.right_price, solution.coverage_price, Control()
    )
    assert tuple(solution.mate.tolist()) in every
    fixed = [j >= 0 and all(mate[i] == j for mate in every) for i, j in enumerate(solution.mate.tolist())]
    assert found.fixed.tolist() == fixed, (points, capacity, solution.mate)
    i, j = (side.ravel() for side in np.indices(points.shape))
    some = [any(mate[a] == b for mate in every) for a, b in zip(i.tolist(), j.tolist(), strict=True)]
    has = found.some_has(i, j, points.shape[1], solution.mate)
    assert has.tolist() == some, (points, capacity, solution.mate)
    return sum(solution.mate >= 0) - sum(fixed)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_pair_of_small_instances_against_all_optima(block, seed):
    """600 instances of every kind: too few places, bans, several places, points below zero, ties."""
    rng = np.random.default_rng([seed, block, 77])
    open_pairs = 0
    for _ in range(PER_BLOCK):
        graph = random_graph(rng, 5, 4)
        open_pairs += compared(graph, graph.right_capacity)
    assert open_pairs >= 5  # ties matter


def test_ties_everywhere(seed):
    """Few distinct points and scarce places, where nearly everything is an exchange."""
    rng = np.random.default_rng([seed, 78])
    for _ in range(300):
        points = rng.integers(0, 2, (5, 4))
        points[rng.random(points.shape) < 0.3] = -(2**31)
        capacity = rng.integers(0, 3, 4)
        compared(explicit(points, capacity), capacity)


def test_lists_grow_until_everything_that_ties_is_in_them(monkeypatch):
    """Lists of one partner end with the same answer as long ones."""
    points = np.ones((6, 9), np.int64)
    monkeypatch.setattr(optima, "FIRST", 1)
    monkeypatch.setattr(optima, "LONGER", 2)
    graph = explicit(points)
    solution = solved(graph)
    left, right, pays = optima.tight_pairs(graph, solution.right_price, 0, Control())
    assert len(left) == len(set(zip(left.tolist(), right.tolist(), strict=True))) == 54
    assert pays.tolist() == [1] * 6
    assert not optima_of(
        graph, np.ones(9, int), solution.mate, solution.right_price, 0, Control()
    ).fixed.any()


def test_a_school_that_may_stay_alone_is_no_fixed_pair():
    """Two schools that tie for one place: neither is in every optimum; a better one is."""
    for points, fixed in (([[5], [5]], [False, False]), ([[5], [7]], [False, True])):
        graph = explicit(points)
        solution = solved(graph)
        found = optima_of(
            graph,
            np.ones(1, int),
            solution.mate,
            solution.right_price,
            solution.coverage_price,
            Control(),
        )
        assert found.fixed.tolist() == fixed


def test_a_place_with_a_price_cannot_be_left_for_an_empty_one():
    """Prices need not be the least: the school pays all that it gains, and still has one best place."""
    graph, both = explicit([[5, 3]]), np.ones(2, int)
    found = optima_of(graph, both, np.array([0]), np.array([2, 0]), 0, Control())
    assert found.fixed.tolist() == [True]
    assert found.some_has(np.array([0, 0]), np.array([0, 1]), 2, np.array([0])).tolist() == [True, False]
