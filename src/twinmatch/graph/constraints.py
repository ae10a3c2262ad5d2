"""
What is asked of a matching besides points: bounds on nodes, pairs that stay, quotas on groups of pairs.

A *quota* bounds the number of pairs between a set of left nodes and a set of right nodes, or the number of
left nodes of a set that have a partner at all. Quotas on one side whose sets are nested or apart form a
*forest*; with forests on both sides, matching is a flow through a network and its linear relaxation has whole
solutions. Quotas that name both sides, or sets that cross, are not: see :mod:`twinmatch.solvers.crossed`.

This module knows arrays only: no schools, no policies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Constraints", "Forest", "Prices", "Quota", "forest_of", "kinds_of"]


@dataclass(frozen=True, eq=False)
class Quota:
    """
    Bounds on a group of pairs.

    Parameters
    ----------
    name : str
        What errors, witnesses and prices call it.
    left : (num_left,) bool or None
        The left nodes of the group; None is all of them.
    right : (num_right,) bool or None
    at_least : int
        0 or more.
    at_most : int or None
        None is no limit.
    covered : bool
        Count left nodes that have a partner, not pairs. Then ``right`` and ``at_most`` are None.
    """

    name: str
    left: Bool | None = None
    right: Bool | None = None
    at_least: int = 0
    at_most: int | None = None
    covered: bool = False


class Prices(NamedTuple):
    """
    Numbers that bound every matching; whole, of any sign.

    Attributes
    ----------
    left : (num_left,) int64
        What one more partner of a left node is worth.
    right : (num_right,) int64
    quota : (num_quotas,) int64
        Above zero where the cap presses, below zero where the floor does.
    coverage : int
        What one more left node with a partner is worth, at least 0.
    """

    left: Int64
    right: Int64
    quota: Int64
    coverage: int = 0


@dataclass(frozen=True, eq=False)
class Constraints:
    """
    Everything that a matching must keep to.

    Parameters
    ----------
    left_least, left_most : (num_left,) int64
        Fewest and most partners of each left node.
    right_least, right_most : (num_right,) int64
    locked : (k, 2) int64
        Pairs that must be, each once.
    quotas : tuple of Quota
    """

    left_least: Int64
    left_most: Int64
    right_least: Int64
    right_most: Int64
    locked: Int64 = field(default_factory=lambda: np.empty((0, 2), np.int64))
    quotas: tuple[Quota, ...] = ()

    @property
    def num_left(self) -> int:
        """Number of left nodes."""
        return len(self.left_least)

    @property
    def num_right(self) -> int:
        """Number of right nodes."""
        return len(self.right_least)

    @property
    def is_plain(self) -> bool:
        """Whether there are only left nodes that may, must or must not be paired once, and places."""
        return (
            not len(self.locked)
            and not self.quotas
            and not self.right_least.any()
            and int(self.left_most.max(initial=0)) <= 1
        )

    def flat(self, price: int, coverage: int = 0) -> Prices:
        """Return prices that are the same for every left node, and zero for everything else."""
        right, quotas = np.zeros(self.num_right, np.int64), np.zeros(len(self.quotas), np.int64)
        return Prices(np.full(self.num_left, price, np.int64), right, quotas, coverage)

    def members(self, quota: Quota) -> tuple[Bool, Bool]:
        """Return the left and the right nodes of a quota as flags."""
        left = np.ones(self.num_left, bool) if quota.left is None else quota.left
        right = np.ones(self.num_right, bool) if quota.right is None else quota.right
        return left, right

    def counts(self, i: Int64, j: Int64) -> Int64:
        """
        Return what each quota counts in a matching.

        Parameters
        ----------
        i, j : (k,) int64
            Left and right nodes of its pairs.

        Returns
        -------
        (num_quotas,) int64
        """
        covered = np.unique(i)
        out = np.zeros(len(self.quotas), np.int64)
        for q, quota in enumerate(self.quotas):
            left, right = self.members(quota)
            out[q] = left[covered].sum() if quota.covered else (left[i] & right[j]).sum()
        return out


class Forest(NamedTuple):
    """
    Sets of one side, nested or apart.

    Attributes
    ----------
    quota : tuple of tuple of int
        For each set the quotas on it; several may be on one.
    parent : (num_sets,) int64
        The smallest set that contains each one; -1 for none. Parents stand before children.
    leaf : (num_nodes,) int64
        The smallest set that each node is in; -1 for none.
    """

    quota: tuple[tuple[int, ...], ...]
    parent: Int64
    leaf: Int64


def kinds_of(sets: Sequence[Bool], size: int) -> tuple[Int64, Bool]:
    """
    Tell nodes apart by the sets they are in.

    Returns
    -------
    kind : (size,) int64
    members : (num_sets, num_kinds) bool
        Whether a set holds the nodes of a kind.
    """
    if not sets:
        return np.zeros(size, np.int64), np.zeros((0, 1), bool)
    packed = np.packbits(np.stack(sets), axis=0)
    _, first, kind = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    return kind.ravel().astype(np.int64), np.stack([one[first] for one in sets])


def forest_of(sets: Sequence[tuple[int, Bool]], size: int) -> Forest | None:
    """
    Return the forest of some sets, or None where two of them cross.

    Parameters
    ----------
    sets : sequence of (int, (size,) bool)
        The number of a quota and the nodes it is on.
    size : int
        Number of nodes.
    """
    quota: list[list[int]] = []
    parent: list[int] = []
    standing: list[Bool] = []
    leaf = np.full(size, -1, np.int64)  # among the sets so far
    # Larger sets first, so that whoever holds a set stands before it; an empty one holds nobody.
    for number, mine in sorted(sets, key=lambda entry: -int(entry[1].sum())):
        above = np.unique(leaf[mine])
        if len(above) > 1:
            return None
        over = int(above[0]) if len(above) else -1
        if over >= 0 and np.array_equal(standing[over], mine):
            quota[over].append(number)
            continue
        leaf[mine] = len(quota)
        quota.append([number])
        parent.append(over)
        standing.append(mine)
    return Forest(tuple(map(tuple, quota)), np.array(parent, np.int64), leaf)
