"""Terms whose classes are told apart by groups too, so that pairs between two groups can have a price."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.graph.merging import joint_codes
from twinmatch.graph.terms import FORBIDDEN

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.arrays import Int64
    from twinmatch.graph.terms import PairTerms

__all__ = ["Refined", "refined"]


class Refined(NamedTuple):
    """
    Terms and the groups behind their classes.

    Attributes
    ----------
    terms : PairTerms
        Worth what they were.
    left, right : (num_classes,) int64
        The group that the nodes of each class are in.
    """

    terms: PairTerms
    left: Int64
    right: Int64

    def less(self, price: Int64) -> npt.NDArray[np.int32]:
        """Return the table with ``price[left group, right group]`` taken off; below ``2**30`` in all."""
        table = self.terms.table
        off = price[self.left[:, None], self.right[None, :]]
        return np.where(table == FORBIDDEN, FORBIDDEN, table - off).astype(np.int32)


def refined(terms: PairTerms, left: Int64, right: Int64) -> Refined:
    """
    Tell classes apart by the groups of their nodes.

    Parameters
    ----------
    terms : PairTerms
    left, right : (num_nodes,) int64
        The group of each node, small numbers from 0.
    """
    left_class, (of_left, left_group) = joint_codes(terms.num_left, [terms.left_class, left.astype(np.int32)])
    right_class, (of_right, right_group) = joint_codes(
        terms.num_right, [terms.right_class, right.astype(np.int32)]
    )
    table = np.ascontiguousarray(terms.table[of_left[:, None], of_right[None, :]])
    finer = replace(terms, left_class=left_class, right_class=right_class, table=table)
    return Refined(finer, left_group.astype(np.int64), right_group.astype(np.int64))
