"""
Procedures on an implicit graph: pairs taken in turn, and deferred acceptance.

Problem
    Greedy, serial dictatorship and stable matchings need each left node's partners in order, best first, at a
    size at which no list of all of them fits.
Idea
    Lists of a few, drawn through the tree and longer ones when they are used up; the loops are in
    ``cpp/core/turns.hpp`` and ``cpp/core/deferred.hpp``. Locked pairs are taken out before they begin.
Order
    Nodes are numbered by id. Of equal points the lower number comes first, on both sides; so nobody is
    indifferent, and each procedure has one outcome, whatever the number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import _core
from twinmatch.errors import Fault, PointsRangeError
from twinmatch.graph.constraints import kinds_of
from twinmatch.graph.explicit import ExplicitGraph, explicit_from_called
from twinmatch.graph.scored import ScoredGraph
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.solvers.control import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.graph.called import CalledGraph
    from twinmatch.graph.constraints import Constraints
    from twinmatch.solvers.control import Control
    from twinmatch.status import Limit

    Int64 = npt.NDArray[np.int64]
    Graph = ScoredGraph | CalledGraph

__all__ = ["Taken", "accept_deferred", "room_faults", "take_in_turn"]


class Taken(NamedTuple):
    """
    The pairs of a procedure.

    Attributes
    ----------
    mate : (num_left,) int64
        Right node of each left node, -1 for none.
    limit : Limit or None
        What stopped it before its end. Then these are the pairs at that moment.
    """

    mate: Int64
    limit: Limit | None


def take_in_turn(graph: Graph, limits: Constraints, order: Int64 | None, control: Control) -> Taken:
    """
    Take pairs in turn, each for good.

    Parameters
    ----------
    graph : ScoredGraph or CalledGraph
    limits : Constraints
        At most one partner for each left node, places, locked pairs, and caps on groups of pairs.
    order : (num_left,) int64 or None
        Place of each left node in the order in which they choose, from 0. Without it, the pair with the most
        points comes first, of equal points that of the lower left node, then of the lower right node.
    control : Control

    Returns
    -------
    Taken

    Raises
    ------
    ResourceLimitError
        If points come from a function, and there are too many pairs to write down.
    PointsRangeError
        If points are too large for the search.
    """
    mate, places, wants = _begun(limits)
    if not graph.num_left or not graph.num_right:
        return Taken(mate, None)
    left_kind, left_in = kinds_of([limits.members(quota)[0] for quota in limits.quotas], limits.num_left)
    right_kind, right_in = kinds_of([limits.members(quota)[1] for quota in limits.quotas], limits.num_right)
    inside = left_in[:, :, None] & right_in[:, None, :]  # (quotas, left kinds, right kinds)
    of_cell, quota = np.nonzero(inside.reshape(len(limits.quotas), left_in.shape[1] * right_in.shape[1]).T)
    offset = np.searchsorted(of_cell, np.arange(left_in.shape[1] * right_in.shape[1] + 1))

    def begin() -> Callable[[], None]:
        searched, low, high = _searchable(graph, control)
        return lambda: _core.take_in_turn(
            searched,
            places,
            wants,
            order,
            left_kind.astype(np.int32),
            right_kind.astype(np.int32),
            right_in.shape[1],
            offset.astype(np.int64),
            quota.astype(np.int32),
            _room(limits),
            low,
            high,
            mate,
            control.threads,
            control.flag,
            control.counters,
        )

    return Taken(mate, _stopped_by("turns", begin, control))


def accept_deferred(graph: Graph, ranks: Graph, limits: Constraints, control: Control) -> Taken:
    """
    Let left nodes propose, and right nodes keep the best of them.

    Parameters
    ----------
    graph : ScoredGraph or CalledGraph
        What pairs are worth to left nodes.
    ranks : ScoredGraph or CalledGraph
        What they are worth to right nodes, which accept nobody else.
    limits : Constraints
        At most one partner for each left node, places, and locked pairs.
    control : Control

    Returns
    -------
    Taken
        Raises as :func:`take_in_turn`.
    """
    mate, places, wants = _begun(limits)
    if not graph.num_left or not graph.num_right:
        return Taken(mate, None)

    def begin() -> Callable[[], None]:
        searched, low, high = _searchable(graph, control)
        ranked, _, _ = _searchable(ranks, control)
        return lambda: _core.accept_deferred(
            searched,
            ranked,
            places,
            wants,
            low,
            high,
            mate,
            control.threads,
            control.flag,
            control.counters,
        )

    return Taken(mate, _stopped_by("proposals", begin, control))


def room_faults(limits: Constraints) -> list[Fault]:
    """Return what locked pairs leave no room for, in words."""
    faults = []
    left = np.bincount(limits.locked[:, 0], minlength=limits.num_left)
    right = np.bincount(limits.locked[:, 1], minlength=limits.num_right)
    for side, load, most in (("left", left, limits.left_most), ("right", right, limits.right_most)):
        over = np.flatnonzero(load > most)
        if len(over):
            what = f"take more partners of {side} schools than these may have"
            faults.append(Fault("locked pairs", what, len(over), tuple(over[:3].tolist())))
    for quota, room in zip(limits.quotas, _room(limits).tolist(), strict=True):
        if room < 0:
            what = f"allows {quota.at_most:,} pairs, and {-room:,} more are locked"
            faults.append(Fault(quota.name, what, hint="Raise the cap or unlock some."))
    return faults


def _begun(limits: Constraints) -> tuple[Int64, Int64, npt.NDArray[np.uint8]]:
    """Return the mates with locked pairs in place, the places that are left, and who takes part."""
    mate = np.full(limits.num_left, -1, np.int64)
    i, j = limits.locked.T
    mate[i] = j
    places = limits.right_most - np.bincount(j, minlength=limits.num_right)
    return mate, places, ((limits.left_most > 0) & (mate < 0)).astype(np.uint8)


def _room(limits: Constraints) -> Int64:
    """Return how many pairs each cap has room for besides the locked ones."""
    none = np.iinfo(np.int64).max // 2
    most = np.array([none if quota.at_most is None else quota.at_most for quota in limits.quotas], np.int64)
    return most - limits.counts(*limits.locked.T)


def _searchable(graph: Graph, control: Control) -> tuple[_core.Searchable, int, int]:
    """Return a graph that can be searched from several threads, with the range of its points."""
    stored = graph if isinstance(graph, ScoredGraph) else explicit_from_called(graph)
    core = control.run("tree", lambda: stored.core)
    if isinstance(stored, ExplicitGraph):
        low, high = stored.extent
        return core, low, high
    table = stored.terms.table
    low = int(table[table != FORBIDDEN].min(initial=0))
    return core, low, max(low, stored.terms.max_points)


def _stopped_by(phase: str, begin: Callable[[], Callable[[], None]], control: Control) -> Limit | None:
    """Run what ``begin`` returns, and say what stopped it, if anything did."""
    control.counters[0] = 0
    try:
        control.run(phase, begin())
    except Stopped as stopped:
        return stopped.limit
    except OverflowError as error:
        raise PointsRangeError("points", [Fault("points", str(error))]) from None
    return None
