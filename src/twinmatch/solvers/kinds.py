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

    from twinmatch.graph.terms import PairTerms
    from twinmatch.solvers.control import Control

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Covered", "cover_kinds"]


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
    admissible = terms.table != FORBIDDEN
    named_left = np.concatenate([terms.banned[:, 0], limits.locked[:, 0]])
    named_right = np.concatenate([terms.banned[:, 1], limits.locked[:, 1]])
    left = _kinds(
        terms.left_class,
        admissible,
        limits.left_least,
        limits.left_most,
        [q.left for q in limits.quotas],
        named_left,
    )
    right = _kinds(
        terms.right_class,
        admissible.T,
        limits.right_least,
        limits.right_most,
        [q.right for q in limits.quotas],
        named_right,
    )
    first_left, first_right = _first(left), _first(right)
    may = admissible[terms.left_class[first_left][:, None], terms.right_class[first_right][None, :]]
    may[left[terms.banned[:, 0]], right[terms.banned[:, 1]]] = False
    small = Constraints(
        _added(limits.left_least, left),
        _added(limits.left_most, left),
        _added(limits.right_least, right),
        _added(limits.right_most, right),
        np.stack([left[limits.locked[:, 0]], right[limits.locked[:, 1]]], axis=1),
        tuple(
            replace(
                quota,
                left=None if quota.left is None else quota.left[first_left],
                right=None if quota.right is None else quota.right[first_right],
            )
            for quota in limits.quotas
        ),
    )
    heads = np.bincount(left, limits.left_most > 0).astype(np.int64)
    layout, _ = layout_of(small, True, heads)
    i, j = np.nonzero(may)
    # As often as there are distinct pairs; and never so few that this, not a node, is what keeps a pair out.
    room = np.minimum(small.left_most[i], small.right_most[j]) + 1
    room = np.minimum(room, np.bincount(left)[i] * np.bincount(right)[j])
    pairs = Pairs(i, j)

    def spread(prices: Prices) -> Prices:
        return prices._replace(left=prices.left[left], right=prices.right[right])

    nothing = np.empty((0, 2), np.int64)
    clash = layout.clash()
    if clash is not None:
        return Covered(0, nothing, spread(clash), False)
    found = layout.solve(pairs, np.zeros(len(i), np.int64), control, count_only=True, room=room)
    if isinstance(found, Cut):
        return Covered(0, nothing, spread(layout.witness(found)), False)
    dealt = _deal(i[found.used], j[found.used], found.times, left, right, limits)
    return Covered(found.counted, dealt, spread(found.prices))


def _kinds(
    classes: npt.NDArray[np.int32],
    admissible: Bool,
    least: Int64,
    most: Int64,
    groups: list[Bool | None],
    named: Int64,
) -> Int64:
    """Return the kind of each node of one side."""
    _, alike = np.unique(admissible, axis=0, return_inverse=True)
    own = np.zeros(len(classes), np.int64)
    own[named] = named + 1
    flags = [np.ones(len(classes), bool) if one is None else one for one in groups]
    packed = np.packbits(np.stack(flags), axis=0) if flags else np.zeros((0, len(classes)), np.uint8)
    # Nodes of other bounds are kinds of their own.
    key = np.vstack([alike.ravel()[classes], own, most, least, *packed])
    _, kind = np.unique(key, axis=1, return_inverse=True)
    return kind.ravel().astype(np.int64)


def _added(numbers: Int64, kind: Int64) -> Int64:
    """Return the sum of numbers over each kind."""
    out = np.zeros(int(kind.max(initial=-1)) + 1, np.int64)
    np.add.at(out, kind, numbers)
    return out


def _first(kind: Int64) -> Int64:
    return np.unique(kind, return_index=True)[1]


def _deal(i: Int64, j: Int64, times: Int64, left: Int64, right: Int64, limits: Constraints) -> Int64:
    """Deal out what flows between kinds among their members."""
    lefts = _seats(left, limits.left_least, np.minimum(limits.left_most, len(right)), in_turns=True)
    rights = _seats(right, limits.right_least, np.minimum(limits.right_most, len(left)), in_turns=False)
    # A kind's seats are taken in the order in which its flows stand: left nodes take turns, right nodes are
    # filled one after the other, so that nobody meets the same partner twice unless there is nobody else.
    pairs = np.stack([_taken(i, times, *lefts), _taken(j, times, *rights)], axis=1)
    return np.unique(pairs, axis=0)


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
