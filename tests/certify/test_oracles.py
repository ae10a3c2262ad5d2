"""The slow answers agree with each other, so that a fast one cannot agree with a wrong one by chance."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracles import (
    FORBIDDEN,
    best_by_brute_force,
    best_by_networkx,
    best_by_ortools,
    best_by_scipy,
    prove,
)


@pytest.mark.parametrize("block", range(10))
def test_every_reference_finds_the_same_best(block, seed):
    """Brute force, an assignment solver and two flow solvers agree, and duality closes the gap."""
    rng = np.random.default_rng([seed, block])
    for _ in range(40):
        points = rng.integers(-3, int(rng.choice([1, 4, 1000])), rng.integers(0, 6, 2))
        points[rng.random(points.shape) < rng.random()] = FORBIDDEN
        capacity = rng.integers(0, 3, points.shape[1])
        best = best_by_brute_force(points, capacity)
        assert best_by_scipy(points, capacity) == best
        assert best_by_networkx(points, capacity) == best
        assert best_by_ortools(points, capacity) == best
        proof = prove(points, capacity)
        assert (proof.coverage, proof.objective) == best
        assert (proof.coverage_bound, proof.bound) == best
        assert proof.coverage_price >= 0
        assert (proof.right_price >= 0).all()
