"""Explicit graphs answer the questions of every graph, like a full sort does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from twinmatch.errors import ResourceLimitError
from twinmatch.graph.explicit import MAX_STORED_PAIRS, ExplicitGraph, explicit_from_called
from twinmatch.graph.scored import NO_PARTNER
from twinmatch.graph.terms import FORBIDDEN


class Formula:
    """Stands in for a graph with points from a function."""

    def __init__(self, points: np.ndarray) -> None:
        self.whole = points
        self.num_left, self.num_right = points.shape
        self.right_capacity = np.ones(self.num_right, np.int64)

    def points(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        return self.whole[i, j]


def example(rng: np.random.Generator, dense: bool, width: int) -> tuple[ExplicitGraph, np.ndarray]:
    """Return a graph, and its points with NO_PARTNER where a pair is not stored."""
    points = rng.integers(-30, 30, (12, width))
    if dense:
        kind = np.int32 if rng.random() < 0.5 else np.int64
        return ExplicitGraph.from_dense(points.astype(kind)), points
    stored = rng.random(points.shape) < 0.4
    i, j = np.nonzero(stored)
    array = sparse.coo_array((points[i, j], (i, j)), shape=points.shape)
    return ExplicitGraph.from_sparse(array), np.where(stored, points, NO_PARTNER)


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("width", [1, 7, 40, 300, 1500])
@pytest.mark.parametrize("isa", ["auto", "portable"])
def test_best_against_a_full_sort(dense, width, isa, seed):
    """The k best are the k best under any prices, and the bound holds for all others."""
    rng = np.random.default_rng([seed, width])
    graph, points = example(rng, dense, width)
    graph.__dict__["core"] = graph.compiled(isa=isa)
    price = rng.integers(0, 20, width)
    net = np.where(points == NO_PARTNER, NO_PARTNER, points - price)
    for k in (1, 3, 16, width + 1):
        for i in range(graph.num_left):
            best = graph.best(i, k, price)
            wanted = np.sort(net[i][net[i] != NO_PARTNER])[::-1]
            assert best.net.tolist() == wanted[:k].tolist()
            assert (net[i, best.right] == best.net).all()
            assert len(set(best.right.tolist())) == len(best.right)
            if len(wanted) <= k:
                assert best.bound == NO_PARTNER
            else:
                assert wanted[k] <= best.bound <= wanted[k - 1]
    assert graph.scan(price).tolist() == net.max(axis=1, initial=NO_PARTNER).tolist()


@pytest.mark.parametrize("dense", [True, False])
def test_exchanged_sides(dense, seed):
    """The graph with its sides exchanged has the same pairs, twice exchanged the same graph."""
    rng = np.random.default_rng(seed)
    graph, points = example(rng, dense, 9)
    i, j = np.indices(points.shape)
    assert (graph.points(i, j) == points).all()
    assert (graph.transposed().points(j, i) == points).all()
    assert (graph.transposed().transposed().points(i, j) == points).all()
    flat = np.ascontiguousarray(i.ravel()), np.ascontiguousarray(j.ravel())
    assert (graph.core_transposed.points(flat[1], flat[0]) == points.ravel()).all()


@pytest.mark.parametrize("dense", [True, False])
def test_parts(dense, seed):
    """Some of the nodes, repeated where asked, with the pairs between them."""
    rng = np.random.default_rng(seed)
    graph, points = example(rng, dense, 9)
    left, right = np.array([3, 3, 0, 11]), np.array([1, 2, 8])
    part = graph.take(left, right)
    i, j = np.indices((4, 3))
    assert (part.points(i, j) == points[np.ix_(left, right)]).all()
    a, b, worth = graph.pairs()
    kept = graph.keep(worth > 0)
    assert (kept.points(a, b) == np.where(worth > 0, worth, NO_PARTNER)).all()


def test_nodes_outside():
    """A node that is not there is an error."""
    graph = ExplicitGraph.from_dense(np.eye(2, dtype=int))
    with pytest.raises(IndexError):
        graph.points(2, 0)
    with pytest.raises(IndexError):
        graph.points(0, -1)


def test_written_down(seed):
    """A graph of called points is written down pair by pair, and refused where it is too large."""
    points = np.random.default_rng(seed).integers(0, 9, (5, 6))
    assert explicit_from_called(Formula(points)).is_dense
    points[2, 3] = FORBIDDEN
    graph = explicit_from_called(Formula(points))
    assert graph.num_pairs == 29
    assert graph.points(2, 3) == NO_PARTNER
    assert graph.points(2, 4) == points[2, 4]
    large = Formula(points)
    large.num_left = MAX_STORED_PAIRS
    with pytest.raises(ResourceLimitError):
        explicit_from_called(large)
