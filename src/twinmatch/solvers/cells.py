"""Quotas as those on pairs between kinds of nodes: all that their counts and costs depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.graph.constraints import kinds_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints, Quota

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Cells", "bounds_of", "cells_of"]


class Cells(NamedTuple):
    """
    Quotas on the pairs between kinds of nodes.

    Attributes
    ----------
    left, right : (num_nodes,) int64
        The kind of each node.
    inside : (num_quotas, left kinds, right kinds) bool
        Whether a quota holds the pairs of two kinds.
    low, high : (num_quotas,) int64
        Fewest and most pairs.
    """

    left: Int64
    right: Int64
    inside: Bool
    low: Int64
    high: Int64

    def counts(self, mate: Int64) -> Int64:
        """Return how many pairs each quota holds."""
        left = np.flatnonzero(mate >= 0)
        kinds = self.inside.shape[1:]
        cell = self.left[left] * kinds[1] + self.right[mate[left]]
        number = np.bincount(cell, minlength=kinds[0] * kinds[1])
        counts: Int64 = self.inside.reshape(len(self.low), -1).astype(np.int64) @ number
        return counts

    def broken(self, counts: Int64) -> int:
        """Return by how many units quotas are broken."""
        return int((np.maximum(counts - self.high, 0) + np.maximum(self.low - counts, 0)).sum())

    def costs(self, price: Int64) -> Int64:
        """Return what the quotas cost between kinds."""
        total: Int64 = np.einsum("q,qab->ab", price, self.inside.astype(np.int64))
        return total


def cells_of(limits: Constraints) -> Cells:
    """
    Return quotas as those on pairs of kinds.

    Parameters
    ----------
    limits : Constraints
        Nobody has more than one partner on the left.
    """
    sides = [limits.members(quota) for quota in limits.quotas]
    left, left_in = kinds_of([one for one, _ in sides], limits.num_left)
    right, right_in = kinds_of([one for _, one in sides], limits.num_right)
    return Cells(left, right, left_in[:, :, None] & right_in[:, None, :], *bounds_of(limits, limits.quotas))


def bounds_of(limits: Constraints, quotas: Sequence[Quota]) -> tuple[Int64, Int64]:
    """Return the fewest and the most pairs of some quotas; no more than there can be."""
    everything = int(limits.left_most.sum())
    most = [everything if q.at_most is None else min(q.at_most, everything) for q in quotas]
    return np.array([quota.at_least for quota in quotas], np.int64), np.array(most, np.int64)
