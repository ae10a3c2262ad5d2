"""Thousands of small instances, solved exactly and compared with four other solvers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.instances import random_graph, solved
from tests.oracles import (
    FORBIDDEN,
    best_by_brute_force,
    best_by_networkx,
    best_by_ortools,
    best_by_scipy,
    dense_points,
)
from tests.random_terms import EVERY

ORACLES = (best_by_brute_force, best_by_scipy, best_by_ortools, best_by_networkx)
BLOCKS, PER_BLOCK = 10, 520


@pytest.mark.parametrize("block", range(BLOCKS))
def test_small_instances_against_other_solvers(block, seed):
    """Largest coverage, then most points, proven: 5,200 instances, each solver judges a quarter of them."""
    rng = np.random.default_rng([seed, block])
    for number in range(PER_BLOCK):
        graph = random_graph(rng, kinds=EVERY)
        points, capacity = dense_points(graph.terms), graph.right_capacity
        solution = solved(graph)
        best = ORACLES[number % len(ORACLES)](points, capacity)
        assert (solution.coverage, solution.objective) == best, (points, capacity, solution)


def test_the_instances_are_the_awkward_ones(seed):
    """Of what these tests draw, a good part has each of the features that solvers stumble over."""
    rng = np.random.default_rng([seed, 0])
    found = dict.fromkeys(("empty", "isolated", "short", "zero", "below zero", "tied", "no place", "many"), 0)
    for _ in range(PER_BLOCK):
        graph = random_graph(rng, kinds=EVERY)
        points, capacity = dense_points(graph.terms), graph.right_capacity
        admissible = points[points != FORBIDDEN]
        found["empty"] += points.size == 0
        found["isolated"] += points.size > 0 and (points == FORBIDDEN).all(axis=1).any()
        found["short"] += len(points) > capacity.sum() > 0
        found["zero"] += (admissible == 0).any()
        found["below zero"] += (admissible < 0).any()
        found["tied"] += len(np.unique(admissible)) < len(admissible)
        found["no place"] += (capacity == 0).any() and (capacity > 0).any()
        found["many"] += (capacity > 1).any()
    assert min(found.values()) >= PER_BLOCK // 20, found
