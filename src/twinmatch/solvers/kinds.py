"""
Coverage under constraints, on an implicit graph: who can be paired at all, before a single point is counted.

Problem
    The largest number of left nodes that can have a partner at once while every bound and nested quota is
    kept, with its proof, and an assignment that reaches it; or the witness that nothing keeps to them.
Idea
    Rules and quotas speak of kinds of nodes: nodes with the same admissible partners, in the same groups, are
    one node of the network, as often as there are of them. Nodes that are named one by one are kinds of their
    own.
Why it is right
    What flows between two kinds can be dealt out among their members in any order, as long as nobody is dealt
    the same partner twice: left nodes that must have somebody come first, and so do places that must be
    filled.
Cost
    A network of some hundred nodes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.graph.constraints import Constraints, Prices
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.solvers.nested import Pairs, layout_of
from twinmatch.solvers.network import Cut

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.constraints import Quota
    from twinmatch.graph.terms import PairTerms
    from twinmatch.solvers.control import Control

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Covered", "Kinds", "cover_kinds", "deal", "kinds_of_nodes"]


class Kinds(NamedTuple):
    """
    The nodes of a problem by kind, and the problem of kinds.

    Attributes
    ----------
    left : (num_left,) int64
        The kind of each node.
    right : (num_right,) int64
    limits : Constraints
        Bounds of a kind are the sums of those of its members.
    heads : (num_left_kinds,) int64
        Members that may have a partner.
    pairs : Pairs
        Admissible pairs of kinds.
    room : (num_pairs,) int64
        How many pairs of their members there can be.
    """

    left: Int64
    right: Int64
    limits: Constraints
    heads: Int64
    pairs: Pairs
    room: Int64


class Covered(NamedTuple):
    """
    The largest coverage and its proof.

    Attributes
    ----------
    size : int
    pairs : (k, 2) int64
        An assignment that reaches it and keeps to the constraints.
    prices : Prices
        They prove the size; with ``is_feasible`` false they prove that nothing exists.
    is_feasible : bool
    """

    size: int
    pairs: Int64
    prices: Prices
    is_feasible: bool = True


def cover_kinds(terms: PairTerms, limits: Constraints, control: Control) -> Covered:
    """
    Return the largest coverage that keeps to nested constraints, with prices that prove it.

    Parameters
    ----------
    terms : PairTerms
        Only its classes, table and bans are read.
    limits : Constraints
    control : Control
    """
    kinds = kinds_of_nodes(terms, limits)
    left, right, (i, j) = kinds.left, kinds.right, kinds.pairs
    layout, _ = layout_of(kinds.limits, True, kinds.heads)

    def spread(prices: Prices) -> Prices:
        return prices._replace(left=prices.left[left], right=prices.right[right])

    nothing = np.empty((0, 2), np.int64)
    clash = layout.clash()
    if clash is not None:
        return Covered(0, nothing, spread(clash), False)
    found = layout.solve(kinds.pairs, np.zeros(len(i), np.int64), control, count_only=True, room=kinds.room)
    if isinstance(found, Cut):
        return Covered(0, nothing, spread(layout.witness(found)), False)
    dealt = deal(i[found.used], j[found.used], found.times, left, right, limits)
    return Covered(found.counted, dealt, spread(found.prices))


def kinds_of_nodes(terms: PairTerms, limits: Constraints, owner: tuple[Int64, Int64] | None = None) -> Kinds:
    """
    Tell the nodes of a problem apart.

    Parameters
    ----------
    terms : PairTerms
        Only its classes, table and bans are read.
    limits : Constraints
    owner : pair of (num_left,) and (num_right,) int64, optional
        Nodes with different numbers are of different kinds.
    """
    admissible = terms.table != FORBIDDEN
    sides = []
    for at, (classes, table) in enumerate(
        ((terms.left_class, admissible), (terms.right_class, admissible.T))
    ):
        named = np.zeros(len(classes), np.int64)
        for pairs in (terms.banned, limits.locked):
            named[pairs[:, at]] = pairs[:, at] + 1
        _, alike = np.unique(table, axis=0, return_inverse=True)
        least, most, groups = (
            (limits.left_least, limits.left_most, [q.left for q in limits.quotas])
            if at == 0
            else (limits.right_least, limits.right_most, [q.right for q in limits.quotas])
        )
        columns = [alike.ravel()[classes], named, least, most]
        columns += [] if owner is None else [owner[at]]
        sides.append(_numbered(columns, groups))
    left, right = sides
    first_left, first_right = (np.unique(side, return_index=True)[1] for side in sides)
    may = admissible[terms.left_class[first_left][:, None], terms.right_class[first_right][None, :]]
    may[left[terms.banned[:, 0]], right[terms.banned[:, 1]]] = False
    small = Constraints(
        _summed(limits.left_least, left),
        _summed(limits.left_most, left),
        _summed(limits.right_least, right),
        _summed(limits.right_most, right),
        np.stack([left[limits.locked[:, 0]], right[limits.locked[:, 1]]], axis=1),
        tuple(_thinned(quota, first_left, first_right) for quota in limits.quotas),
    )
    i, j = np.nonzero(may)
    many_left, many_right = np.bincount(left), np.bincount(right)
    # As often as there are distinct pairs; and never so few that this, not a node, is what keeps a pair out.
    room = np.minimum(small.left_most[i], small.right_most[j]) + 1
    room = np.minimum(room, many_left[i] * many_right[j])
    heads = np.bincount(left, limits.left_most > 0, minlength=len(first_left)).astype(np.int64)
    return Kinds(left, right, small, heads, Pairs(i, j), room)


def _numbered(columns: list[Int64], groups: list[Bool | None]) -> Int64:
    """Give each distinct row of some columns and groups a number."""
    size = len(columns[0])
    flags = [np.ones(size, bool) if one is None else one for one in groups]
    packed = np.packbits(np.stack(flags), axis=0) if flags else np.zeros((0, size), np.uint8)
    kind = np.zeros(size, np.int64)
    for column in (*columns, *packed):
        _, code = np.unique(column, return_inverse=True)
        joint = kind * (int(code.max(initial=0)) + 1) + code.ravel()
        _, kind = np.unique(joint, return_inverse=True)
    return kind.ravel().astype(np.int64)


def _summed(numbers: Int64, kind: Int64) -> Int64:
    """Return the sum of numbers over each kind."""
    out = np.zeros(int(kind.max(initial=-1)) + 1, np.int64)
    np.add.at(out, kind, numbers)
    return out


def _thinned(quota: Quota, first_left: Int64, first_right: Int64) -> Quota:
    """Return a quota on kinds."""
    return replace(
        quota,
        left=None if quota.left is None else quota.left[first_left],
        right=None if quota.right is None else quota.right[first_right],
    )


def deal(i: Int64, j: Int64, times: Int64, left: Int64, right: Int64, limits: Constraints) -> Int64:
    """Deal out what flows between kinds among their members."""
    most = np.minimum(limits.left_most, np.bincount(i, times, minlength=len(left)).astype(np.int64)[left])
    lefts = _seats(left, limits.left_least, most, in_turns=True)
    most = _in_order(right, limits, np.bincount(j, times, minlength=len(right)).astype(np.int64))
    rights = _seats(right, limits.right_least, most, in_turns=False)
    # A kind's seats are taken in the order in which its flows stand: left nodes take turns, right nodes are
    # filled one after the other, so that nobody meets the same partner twice unless there is nobody else.
    pairs = np.stack([_taken(i, times, *lefts), _taken(j, times, *rights)], axis=1)
    return np.unique(pairs, axis=0)


def _in_order(kind: Int64, limits: Constraints, units: Int64) -> Int64:
    """Return the seats that each right node can need where nodes of a kind are filled in turn."""
    least, further = limits.right_least, limits.right_most - limits.right_least
    order = np.argsort(kind, kind="stable")
    mine = np.minimum(further, units[kind])[order]
    before = np.cumsum(mine) - mine
    before -= before[np.searchsorted(kind[order], kind[order])]
    out = np.empty(len(kind), np.int64)
    out[order] = np.clip(units[kind][order] - before, 0, mine)
    return least + out


def _seats(kind: Int64, least: Int64, most: Int64, *, in_turns: bool) -> tuple[Int64, Int64]:
    """Return the seats of all nodes, kind by kind, first those to be taken; and where kinds begin."""
    node = np.repeat(np.arange(len(kind)), most)
    turn = np.arange(len(node)) - np.repeat(np.cumsum(most) - most, most)
    keys = (node, turn) if in_turns else (turn, node)
    order = np.lexsort((*keys, turn >= least[node], kind[node]))
    seats = node[order]
    return seats, np.searchsorted(kind[seats], np.arange(int(kind.max(initial=-1)) + 2))


def _taken(kind: Int64, times: Int64, seats: Int64, begin: Int64) -> Int64:
    """Return the node of every unit."""
    units = np.repeat(kind, times)
    order = np.argsort(units, kind="stable")
    out = np.empty(len(units), np.int64)
    sorted_units = units[order]
    rank = np.arange(len(units)) - np.searchsorted(sorted_units, sorted_units)
    out[order] = seats[begin[sorted_units] + rank]
    return out
