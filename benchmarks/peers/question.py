"""Instances in the forms that peers take: a matrix, or stored pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import twinmatch as tm
from benchmarks.instances import Lists, Market, Matrix
from twinmatch.graph.terms import FORBIDDEN

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "NotRun",
    "Pairs",
    "as_matrix",
    "as_pairs",
    "compiled",
    "count",
    "fits",
    "no_quotas",
    "staying_out",
]

ROOM = 2e9  # bytes that a peer may ask for to store pairs that nobody else has to store
BLOCK = 2**22  # pairs that are scored at once


class NotRun(Exception):  # noqa: N818 (a reason, not an error)
    """Why a peer does not take an instance."""


class Pairs(NamedTuple):
    """
    Stored pairs.

    Attributes
    ----------
    tail, head : (k,) int32
        Left and right node of each pair.
    points : (k,) int64
    num_left, num_right : int
    capacity : (num_right,) int64
    nothing : int or None
        What it costs to leave a left node out; None where nobody may be left out.
    """

    tail: npt.NDArray[np.int32]
    head: npt.NDArray[np.int32]
    points: npt.NDArray[np.int64]
    num_left: int
    num_right: int
    capacity: npt.NDArray[np.int64]
    nothing: int | None


def fits(pairs: int, bytes_each: float) -> None:
    """Refuse what takes too much room to store."""
    if pairs * bytes_each > ROOM:
        raise NotRun(f"{pairs:.1e} pairs would have to be stored, about {pairs * bytes_each / 1e9:,.0f} GB")


def no_quotas(built: Market | Matrix | Lists) -> None:
    """Refuse what bounds groups of pairs."""
    if built.quotas:
        raise NotRun("takes no quotas")


def compiled(market: Market) -> tm.graph.scored.ScoredGraph:
    """Return what every pair of schools is worth, and how many places there are; there must be no quotas."""
    no_quotas(market)
    return tm.compile(market.left, market.right, market.policy)


def staying_out(most_points: int, num_left: int) -> int:
    """Return what leaving a school out must cost, so that points never pay for it."""
    return 2 * (most_points + 1) * (num_left + 1)


def as_matrix(built: Market | Matrix | Lists, bytes_each: float = 8) -> npt.NDArray[np.float64]:
    """Return points, whole numbers in floating point; a forbidden pair is as bad as staying out."""
    no_quotas(built)
    if isinstance(built, Matrix):
        return built.points.astype(np.float64)
    if isinstance(built, Lists):
        raise NotRun("takes no lists")
    fits(built.pairs, bytes_each)
    graph = compiled(built)
    if (graph.right_capacity != 1).any() or len(built.left) > len(built.right):
        raise NotRun("takes one place each, and no more left than right nodes")
    points = _scored(graph).astype(np.float64)
    forbidden = points == FORBIDDEN
    points[forbidden] = -staying_out(int(np.abs(points[~forbidden]).max(initial=0)), len(points))
    return points


def _scored(graph: tm.graph.scored.ScoredGraph) -> npt.NDArray[np.int64]:
    """Return the points of all pairs, ``FORBIDDEN`` where there is none."""
    points = np.empty((graph.num_left, graph.num_right), np.int64)
    right = np.arange(graph.num_right)
    rows = max(1, BLOCK // max(1, len(right)))
    for first in range(0, len(points), rows):
        left = np.arange(first, min(first + rows, len(points)))
        points[left] = graph.points(left[:, None], right[None, :])
    return points


def as_pairs(built: Market | Matrix | Lists, bytes_each: float, *, takes_quotas: bool = False) -> Pairs:
    """Return the pairs one by one; quotas are left to the peer, or refused."""
    if not takes_quotas:
        no_quotas(built)
    if isinstance(built, Lists):
        n, k = built.item.shape
        tail = np.repeat(np.arange(n, dtype=np.int32), k)
        one = np.ones(built.num_right, np.int64)
        out = None if built.everybody else staying_out(int(np.abs(built.points).max(initial=0)), n)
        return Pairs(tail, built.item.ravel(), built.points.ravel(), n, built.num_right, one, out)
    if isinstance(built, Matrix):
        n, m = built.points.shape
        left, right = (side.ravel().astype(np.int32) for side in np.indices((n, m)))
        return Pairs(left, right, built.points.ravel(), n, m, np.ones(m, np.int64), None)
    fits(built.pairs, bytes_each)
    graph = compiled(built)
    points = _scored(graph)
    left, right = np.nonzero(points != FORBIDDEN)
    worth = points[left, right]
    n, m = points.shape
    nothing = staying_out(int(np.abs(worth).max(initial=0)), n)
    return Pairs(left.astype(np.int32), right.astype(np.int32), worth, n, m, graph.right_capacity, nothing)


def count(built: Market | Matrix | Lists, mate: npt.NDArray[np.integer]) -> tuple[int, int]:
    """
    Return the pairs and the points of an assignment.

    Raises
    ------
    ValueError
        If it is none: too many at one right node, a forbidden pair, somebody left out who must not be, or a
        quota that is not kept.
    """
    left = np.flatnonzero(mate >= 0)
    right = np.asarray(mate)[left].astype(np.int64)
    if isinstance(built, Market):
        graph = compiled(built)
        points, capacity = graph.points(left, right), graph.right_capacity
        # Peers that were given a matrix say that somebody stays out by a pair that is forbidden.
        kept = points != FORBIDDEN
        left, right, points = left[kept], right[kept], points[kept]
    elif isinstance(built, Matrix):
        points, capacity = built.points[left, right], np.ones(built.points.shape[1], np.int64)
    else:
        at = built.item[left] == right[:, None]
        if not at.any(axis=1).all():
            raise ValueError("a pair that is not stored")
        points, capacity = built.points[left][at], np.ones(built.num_right, np.int64)
    everybody = isinstance(built, Matrix) or (isinstance(built, Lists) and built.everybody)
    if everybody and len(left) < len(mate):
        raise ValueError("somebody is left out")
    if (np.bincount(right, minlength=len(capacity)) > capacity).any():
        raise ValueError("more at one right node than it has places")
    for quota in () if isinstance(built, Market) else built.quotas:
        inside = np.ones(len(left), bool)
        for flags, nodes in ((quota.left, left), (quota.right, right)):
            if flags is not None:
                inside &= np.asarray(flags)[nodes]
        found = np.count_nonzero(inside)
        if found < quota.at_least or (quota.at_most is not None and found > quota.at_most):
            raise ValueError(f"{found} pairs in {quota.name!r}, from {quota.at_least} to {quota.at_most}")
    return len(left), int(points.sum())
