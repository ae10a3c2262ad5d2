"""
How little must give way: the network of kinds of nodes, some of whose bounds stretch.

Problem
    Nothing keeps to all bounds, locked pairs and nested quotas. By how much must some of them, chosen
    beforehand, move so that something does?
Idea
    As in :mod:`twinmatch.solvers.kinds`, nodes that nothing tells apart are one node of a network, as often
    as there are of them. A bound that stretches costs one for every unit beyond it, as arcs side by side
    whose costs rise; the cheapest flow moves the bounds by as little as can be, in all. So one flow answers
    what a search over the numbers of each quota would.
Why it is right
    The nodes of a kind have the same partners, groups and bounds. What flows between two kinds, divided
    evenly among the pairs of their members, keeps to every bound of the network of nodes, whose solutions are
    whole.
Cost
    A network of some hundred nodes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.graph.constraints import Forest, Prices
from twinmatch.solvers.nested import Layout, layout_of
from twinmatch.solvers.network import Cut, Network, cheapest_flow

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from twinmatch.graph.constraints import Quota
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.kinds import Kinds

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Elastic", "Moved", "Stretch"]


class Stretch(NamedTuple):
    """
    What may give way.

    Attributes
    ----------
    floors, caps : frozenset of int
        Quotas whose ``at_least`` may fall, whose ``at_most`` may rise.
    left, right : bool or (num_kinds,) bool
        Kinds that may have fewer partners than they must.
    locked : bool or (num_locked,) bool
        Pairs that may be left out.
    """

    floors: frozenset[int] = frozenset()
    caps: frozenset[int] = frozenset()
    left: Bool | bool = False
    right: Bool | bool = False
    locked: Bool | bool = False


class Moved(NamedTuple):
    """
    What gave way, by how much.

    Attributes
    ----------
    floors, caps : dict of int to int
        Quotas that moved, and by how many units.
    left, right : (num_kinds,) int64
        Partners that the nodes of each kind are short of.
    locked : (num_locked,) bool
        Pairs that are left out.
    total : int
    """

    floors: dict[int, int]
    caps: dict[int, int]
    left: Int64
    right: Int64
    locked: Bool
    total: int


class Elastic:
    """
    A problem of kinds that can be asked what must give way.

    Parameters
    ----------
    kinds : Kinds
    counts_coverage : bool
        Whether left nodes with a partner are counted apart from pairs.

    Attributes
    ----------
    rest : tuple of int
        Quotas that cross others or name both sides: the network does not hold them.
    """

    def __init__(self, kinds: Kinds, counts_coverage: bool) -> None:
        self.kinds = kinds
        self.layout, self.rest = layout_of(kinds.limits, counts_coverage, kinds.heads)

    def bounded(self, quotas: Iterable[Quota]) -> Elastic:
        """Return the same problem with other numbers in its quotas, in their order."""
        new = [
            replace(old, at_least=quota.at_least, at_most=quota.at_most)
            for old, quota in zip(self.kinds.limits.quotas, quotas, strict=True)
        ]
        other = Elastic.__new__(Elastic)
        other.kinds = self.kinds._replace(limits=replace(self.kinds.limits, quotas=tuple(new)))
        other.rest = self.rest
        old = self.layout
        other.layout = Layout(other.kinds.limits, old.left, old.right, old.heads)
        return other

    def least_change(self, stretch: Stretch, control: Control) -> Moved | Prices:
        """
        Move what may give way by as little as can be, in all.

        Returns
        -------
        Moved or Prices
            The latter, of kinds, prove that it is not enough.
        """
        plan = _Plan(self, stretch)
        if (clash := plan.clash()) is not None:
            return clash
        found = cheapest_flow(plan.network(), control)
        return self.layout.witness(found) if isinstance(found, Cut) else plan.moved(found.flow)

    def most_covered(self, control: Control) -> int | None:
        """Return how many left nodes can have a partner; None where nothing keeps to the constraints."""
        plan = _Plan(self, Stretch())
        if plan.clash() is not None:
            return None
        network = plan.network()
        network.cost[0] = -1
        found = cheapest_flow(network, control)
        return None if isinstance(found, Cut) else int(found.flow[0])


class _Plan:
    """The arcs of one question."""

    def __init__(self, elastic: Elastic, stretch: Stretch) -> None:
        self.kinds, self.layout, self.stretch = elastic.kinds, elastic.layout, stretch
        limits = self.kinds.limits
        asked = int(limits.left_least.sum() + limits.right_least.sum()) + len(limits.locked)
        self.reach = asked + int(self.kinds.room.sum()) + sum(q.at_least for q in limits.quotas) + 1
        n, m = limits.num_left, limits.num_right
        self.soft_left = np.broadcast_to(np.asarray(stretch.left, bool), (n,))
        self.soft_right = np.broadcast_to(np.asarray(stretch.right, bool), (m,))
        self.soft_locked = np.broadcast_to(np.asarray(stretch.locked, bool), (len(limits.locked),))
        self.sets = [
            (forest, at, numbers)
            for forest in (self.layout.left, self.layout.right)
            for at, numbers in enumerate(forest.quota)
        ]
        self.parts: list[tuple[Int64, ...]] = []  # tail, head, lower, upper, cost
        self.begin: list[int] = []

    def clash(self) -> Prices | None:
        """Return the witness that two quotas on one set contradict each other, if neither may give way."""
        limits = self.kinds.limits
        for _, _, numbers in self.sets:
            floor, cap = self._hard(numbers)
            if floor is not None and cap is not None:
                low, high = limits.quotas[floor].at_least, limits.quotas[cap].at_most
                if high is not None and low > high:
                    quota = np.zeros(len(limits.quotas), np.int64)
                    quota[floor], quota[cap] = -1, 1
                    nobody = (np.zeros(limits.num_left, np.int64), np.zeros(limits.num_right, np.int64))
                    return Prices(*nobody, quota)
        return None

    def _hard(self, numbers: tuple[int, ...]) -> tuple[int | None, int | None]:
        """Return the quotas of a set whose floor and cap count, of those that do not give way."""
        quotas = self.kinds.limits.quotas
        floors = [q for q in numbers if q not in self.stretch.floors]
        caps = [q for q in numbers if q not in self.stretch.caps and quotas[q].at_most is not None]
        return (
            max(floors, key=lambda q: quotas[q].at_least, default=None),
            min(caps, key=lambda q: quotas[q].at_most or 0, default=None),
        )

    def _add(self, tail: Int64, head: Int64, lower: Int64, upper: Int64, cost: Int64) -> None:
        self.begin.append(sum(len(part[0]) for part in self.parts))
        self.parts.append((tail, head, lower, upper, cost))

    def network(self) -> Network:
        """Return the network whose cheapest flow is the answer."""
        layout, limits, kinds = self.layout, self.kinds.limits, self.kinds
        n, m = limits.num_left, limits.num_right
        lefts, rights = layout.first_left + np.arange(n), layout.first_right + np.arange(m)
        hub, counted = np.zeros(n, np.int64), np.ones(1, np.int64)
        nothing, everything = np.zeros(1, np.int64), np.full(1, self.reach)
        self._add(nothing, counted, nothing, everything, nothing)
        for forest, at, numbers in self.sets:
            self._add_set(forest, at, numbers)
        least, most = limits.left_least, np.minimum(limits.left_most, self.reach)
        first = (least, most) if layout.heads is None else (np.minimum(least, layout.heads), layout.heads)
        first_most = np.minimum(first[1], most)
        self._add_nodes(layout.left_leaf, lefts, first[0], first_most, self.soft_left)
        self._add_nodes(hub, lefts, least - first[0], most - first_most, self.soft_left)
        right_most = np.minimum(limits.right_most, self.reach)
        self._add_nodes(rights, layout.right_leaf, limits.right_least, right_most, self.soft_right)
        # A locked pair is one of kinds of their own.
        key = kinds.pairs.left * m + kinds.pairs.right
        locks = limits.locked[:, 0] * m + limits.locked[:, 1]
        self.at_lock = np.searchsorted(key, locks)
        lower, cost, room = np.zeros(len(key), np.int64), np.zeros(len(key), np.int64), kinds.room.copy()
        room[self.at_lock] = 1  # also at a school without places, which then says so itself
        lower[self.at_lock[~self.soft_locked]] = 1
        cost[self.at_lock[self.soft_locked]] = -1
        self._add(lefts[kinds.pairs.left], rights[kinds.pairs.right], lower, room, cost)
        tail, head, lower, upper, cost = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        return Network(
            layout.num_nodes,
            tail.astype(np.int32),
            head.astype(np.int32),
            lower,
            upper,
            cost,
            np.zeros(layout.num_nodes, np.int64),
        )

    def _add_set(self, forest: Forest, at: int, numbers: tuple[int, ...]) -> None:
        """Add the arcs of a set: one for each stretch of numbers on which a unit costs the same."""
        quotas, layout = self.kinds.limits.quotas, self.layout
        floor, cap = self._hard(numbers)
        low = 0 if floor is None else quotas[floor].at_least
        high = self.reach if cap is None else max(low, min(self.reach, quotas[cap].at_most or 0))
        floors = [quotas[q].at_least for q in numbers if q in self.stretch.floors]
        caps = [quotas[q].at_most or 0 for q in numbers if q in self.stretch.caps]
        slope, here = -len(floors), low
        pieces = []
        for point in sorted((*floors, *caps)):
            if here < min(point, high):
                pieces.append((here, min(point, high), slope))
                here = min(point, high)
            slope += 1
        pieces.append((here, high, slope))
        lower = np.zeros(len(pieces), np.int64)
        lower[0] = low
        upper = np.array([b - a for a, b, _ in pieces], np.int64)
        upper[0] += low
        cost = np.array([slope for _, _, slope in pieces], np.int64)
        inner, outer = (
            (layout.first_set + at, layout.left_parent[at])
            if forest is layout.left
            else (layout.first_right_set + at, layout.right_parent[at])
        )
        ends = (outer, inner) if forest is layout.left else (inner, outer)
        tail, head = (np.full(len(pieces), end, np.int64) for end in ends)
        self._add(tail, head, lower, upper, cost)

    def _add_nodes(self, tail: Int64, head: Int64, least: Int64, most: Int64, soft: Bool) -> None:
        """Add an arc for each node: a second one where it must have partners and need not have them all."""
        self._add(tail, head, np.where(soft, 0, least), np.where(soft, least, most), -soft.astype(np.int64))
        more = np.where(soft, most - least, 0)
        self._add(tail, head, np.zeros(len(more), np.int64), more, np.zeros(len(more), np.int64))

    def moved(self, flow: Int64) -> Moved:
        """Read what gave way off a flow."""
        limits, stretch = self.kinds.limits, self.stretch
        flows = np.split(flow, self.begin[1:])
        floors: dict[int, int] = {}
        caps: dict[int, int] = {}
        for (_, _, numbers), through in zip(self.sets, flows[1 : 1 + len(self.sets)], strict=True):
            count = int(through.sum())
            for q in numbers:
                if q in stretch.floors and count < limits.quotas[q].at_least:
                    floors[q] = limits.quotas[q].at_least - count
                if q in stretch.caps and count > (limits.quotas[q].at_most or 0):
                    caps[q] = count - (limits.quotas[q].at_most or 0)
        first, first_more, further, further_more, right, right_more, pairs = flows[1 + len(self.sets) :]
        has_left = first + first_more + further + further_more
        left_short = np.where(self.soft_left, np.maximum(0, limits.left_least - has_left), 0)
        right_short = np.where(self.soft_right, np.maximum(0, limits.right_least - right - right_more), 0)
        gone = self.soft_locked & (pairs[self.at_lock] == 0)
        total = (
            sum(floors.values()) + sum(caps.values()) + int(left_short.sum() + right_short.sum() + gone.sum())
        )
        return Moved(floors, caps, left_short, right_short, gone, total)
