"""Stored pairs as a question that answers can be checked against: a plain recount in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.certify.exact import exact_sum
from twinmatch.certify.pruned import Extent

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.certify.theorem import Worth
    from twinmatch.graph.constraints import Constraints

    Int64 = npt.NDArray[np.int64]

__all__ = ["StoredPairs"]

_BLOCK = 2**20


class StoredPairs(NamedTuple):
    """
    What was asked of :func:`twinmatch.assign`; see :class:`twinmatch.certify.theorem.Question`.

    Attributes
    ----------
    stored : (num_left, num_right) or (num_pairs,) integer array
        Points.
    lists : (offset, item) or None
        Partners of each left node; None where points are a matrix.
    constraints : Constraints
    coverage_first : bool
    """

    stored: npt.NDArray[np.integer]
    lists: tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]] | None
    constraints: Constraints
    coverage_first: bool = False

    @property
    def num_pairs(self) -> int:
        """Number of stored pairs."""
        return int(self.stored.size)

    @property
    def extent(self) -> Extent:
        """Every stored pair is looked at."""
        return Extent(self.num_pairs)

    @property
    def largest(self) -> int:
        """No pair has more points in absolute value."""
        return max(int(self.stored.max(initial=0)), -int(self.stored.min(initial=0)))

    def points(self, i: Int64, j: Int64) -> tuple[Int64, int]:
        """Return the points of the pairs that are stored, and how many are not."""
        if self.lists is None:
            return self.stored[i, j].astype(np.int64), 0
        left, right, points = self.all_pairs()
        width = self.constraints.num_right
        at = np.flatnonzero(np.isin(left * width + right, i * width + j))
        return points[at], len(i) - len(at)

    def surplus(self, worth: Worth) -> tuple[Int64, int]:
        """Return the left prices, and the sum of what pairs are worth above their prices."""
        limits = self.constraints
        total = 0
        if self.lists is None:
            step = max(1, _BLOCK // max(1, limits.num_right))
            columns = np.arange(limits.num_right)[None, :]
            for first in range(0, limits.num_left, step):
                rows = np.arange(first, min(first + step, limits.num_left))[:, None]
                net = worth.net(rows, columns, self.stored[first : first + step])
                total += exact_sum(np.maximum(net, 0).ravel())
            i, j = limits.locked.T
            return worth.left, total + exact_sum(np.minimum(worth.net(i, j, self.stored[i, j]), 0))
        i, j, points = self.all_pairs()
        net = worth.net(i, j, points)
        counts = net > 0
        if len(limits.locked):
            must = limits.locked[:, 0] * limits.num_right + limits.locked[:, 1]
            counts |= np.isin(i * limits.num_right + j, must)
        return worth.left, exact_sum(net[counts])

    def all_pairs(self) -> tuple[Int64, Int64, Int64]:
        """Return left node, right node and points of every stored pair."""
        if self.lists is None:
            i, j = np.indices(self.stored.shape).reshape(2, -1)
            return i, j, self.stored.ravel().astype(np.int64)
        offset, item = self.lists
        left = np.repeat(np.arange(len(offset) - 1), np.diff(offset))
        return left, item.astype(np.int64), self.stored.astype(np.int64)
