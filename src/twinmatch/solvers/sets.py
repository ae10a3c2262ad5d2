"""Sets of nodes of one side that quotas are on, nested or not, as a matrix by kinds of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.constraints import Forest

    Int64 = npt.NDArray[np.int64]
    Float = npt.NDArray[np.float64]

__all__ = ["Sets"]


class Sets(NamedTuple):
    """
    Quotas on the nodes of one side.

    Attributes
    ----------
    kind : (num_nodes,) int64
        Nodes that the same quotas are on are of one kind.
    inside : (num_sets, num_kinds) float
        1 where a set holds the nodes of a kind.
    low, high : (num_sets,) int64
        Fewest and most units.
    """

    kind: Int64
    inside: Float
    low: Int64
    high: Int64

    @classmethod
    def of_forest(cls, forest: Forest, low: Int64, high: Int64) -> Sets:
        """Return the sets of a forest."""
        size = len(low)
        inside = np.zeros((size, size + 1))  # the last kind is in no set
        for at in range(size):
            over = at
            while over >= 0:
                inside[over, at] = 1
                over = int(forest.parent[over])
        return cls(np.where(forest.leaf >= 0, forest.leaf, size), inside, low, high)

    def counted(self, nodes: Int64) -> Float:
        """Return how many of these nodes, repeats allowed, are of each kind."""
        return np.bincount(self.kind[nodes], minlength=self.inside.shape[1]).astype(float)

    def spread(self, price: Int64) -> Int64:
        """Return what the nodes of each kind pay, given the prices of sets."""
        total: Int64 = (price @ self.inside).astype(np.int64)
        return total
