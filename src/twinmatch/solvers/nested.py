"""
Matching under nested quotas: a flow through a network, exact and whole.

Problem
    Stored pairs, fewest and most partners of each node, pairs that must be, quotas on one side each whose
    sets are nested or apart. Find the most points; or show that nothing keeps to all of it.
Idea
    A pair is a unit of flow from a hub through the sets of its left node, the smallest last, the left node,
    the right node and the sets of that, back to the hub. Every bound is one on an arc. So the matching is a
    circulation of least cost (``cpp/core/network.hpp``), whose linear relaxation has whole solutions.
What counts coverage
    Where a left node may have several partners, only the first covers it: that one comes on an arc of its
    own, from the sets that count left nodes, and the others straight from the hub. So a left side has one of
    the two kinds of sets; where everybody has one partner at most they are the same.
The proof
    Potentials of the network are the prices of :mod:`twinmatch.certify.theorem`: the price of a node or set
    is what the potential rises by on its arc. A cut of the network that lets too little through, as
    potentials of 0 and -1, is the witness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.graph.constraints import Constraints, Forest, Prices, forest_of, kinds_of
from twinmatch.solvers.network import Cut, Network, cheapest_flow

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.solvers.control import Control

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Layout", "Pairs", "Solved", "layout_of"]

_HUB = 0


class Pairs(NamedTuple):
    """
    Stored pairs, each once.

    Attributes
    ----------
    left, right : (num_pairs,) int64
    """

    left: Int64
    right: Int64


def layout_of(
    limits: Constraints, counts_coverage: bool, heads: Int64 | None = None
) -> tuple[Layout, tuple[int, ...]]:
    """
    Put as many quotas into forests as come to fit, in their order; return the others by number.

    Parameters
    ----------
    limits : Constraints
    counts_coverage : bool
        Whether left nodes with a partner have to be counted.
    heads : (num_left,) int64, optional
        How many each left node stands for; one without it.
    """
    # Nodes that the same quotas are on need not be told apart to see whether sets cross.
    sides = [limits.members(quota) for quota in limits.quotas]
    left_kind, left_in = kinds_of([left for left, _ in sides], limits.num_left)
    right_kind, right_in = kinds_of([right for _, right in sides], limits.num_right)
    heads = np.ones(limits.num_left, np.int64) if heads is None else heads
    several = bool((limits.left_most > heads).any())
    counted = several and (counts_coverage or any(quota.covered for quota in limits.quotas))
    on_left: list[tuple[int, Bool]] = []
    on_right: list[tuple[int, Bool]] = []
    rest: list[int] = []
    for number, quota in enumerate(limits.quotas):
        if quota.right is None and (quota.covered or not counted):
            chosen, entry = on_left, (number, left_in[number])
        elif quota.left is None and not quota.covered:
            chosen, entry = on_right, (number, right_in[number])
        else:
            rest.append(number)
            continue
        if forest_of([*chosen, entry], len(entry[1])) is None:
            rest.append(number)
        else:
            chosen.append(entry)
    left = _spread(forest_of(on_left, left_in.shape[1]), left_kind)
    right = _spread(forest_of(on_right, right_in.shape[1]), right_kind)
    return Layout(limits, left, right, heads if counted else None), tuple(rest)


def _spread(forest: Forest | None, kind: Int64) -> Forest:
    """Return the forest of kinds as one of nodes."""
    assert forest is not None  # every set was tried
    return forest._replace(leaf=forest.leaf[kind])


class Solved(NamedTuple):
    """
    The best assignment and what proves it.

    Attributes
    ----------
    used, times : (k,) int64
        Its pairs, by number, and how often each is used.
    counted : int
        Units that were counted.
    prices : Prices
    potential : (num_nodes,) int64
        To start the next one from.
    """

    used: Int64
    times: Int64
    counted: int
    prices: Prices
    potential: Int64


class Layout:
    """
    Where the nodes, sets and bounds of a problem are in its network.

    Parameters
    ----------
    limits : Constraints
    left, right : Forest
    heads : (num_left,) int64 or None
        Where the sets of the left side count first partners only: how many of them each left node has.

    Notes
    -----
    Nodes: the hub, a node that everything counted passes, left sets, left nodes, right nodes, right sets.
    Arcs: the counted total, left sets, left nodes, further partners of left nodes, right nodes, right sets,
    pairs. A bound that cannot be reached gets room beyond it, so that it never has a price.
    """

    def __init__(self, limits: Constraints, left: Forest, right: Forest, heads: Int64 | None) -> None:
        self.limits, self.left, self.right, self.heads = limits, left, right, heads
        n, m, a, b = limits.num_left, limits.num_right, len(left.quota), len(right.quota)
        self.first_set, self.first_left = 2, 2 + a
        self.first_right, self.first_right_set = 2 + a + n, 2 + a + n + m
        self.num_nodes = 2 + a + n + m + b
        # Where each node or set comes from, and where it drains to.
        self.left_parent = np.where(left.parent >= 0, self.first_set + left.parent, 1)
        self.left_leaf = np.where(left.leaf >= 0, self.first_set + left.leaf, 1)
        self.right_parent = np.where(right.parent >= 0, self.first_right_set + right.parent, _HUB)
        self.right_leaf = np.where(right.leaf >= 0, self.first_right_set + right.leaf, _HUB)

    def clash(self) -> Prices | None:
        """Return the witness that two quotas on one set ask for the impossible, where they do."""
        limits = self.limits
        for forest in (self.left, self.right):
            for numbers in forest.quota:
                floor = max(numbers, key=lambda q: limits.quotas[q].at_least)
                cap = min(numbers, key=lambda q: _most(limits.quotas[q].at_most))
                if limits.quotas[floor].at_least > _most(limits.quotas[cap].at_most):
                    quota = np.zeros(len(limits.quotas), np.int64)
                    quota[floor], quota[cap] = -1, 1
                    nobody = (np.zeros(limits.num_left, np.int64), np.zeros(limits.num_right, np.int64))
                    return Prices(*nobody, quota)
        return None

    def solve(
        self,
        pairs: Pairs,
        worth: Int64,
        control: Control,
        *,
        left_worth: Int64 | None = None,
        counted: int = 0,
        count_only: bool = False,
        room: Int64 | None = None,
        start: Int64 | None = None,
        held: Int64 | None = None,
    ) -> Solved | Cut:
        """
        Find the assignment whose pairs are worth the most.

        Parameters
        ----------
        pairs : Pairs
        worth : (num_pairs,) int64
        control : Control
        left_worth : (num_left,) int64, optional
            What it is worth that a left node is counted.
        counted : int
            At least so many units must be counted: left nodes with a partner, or pairs where nobody has two.
        count_only : bool
            Count as many as possible instead, whatever pairs are worth.
        room : (num_pairs,) int64, optional
            How often each pair may be used; once without it.
        start : (num_nodes,) int64, optional
            Potentials to start from.
        held : (k,) int64, optional
            Pairs, by number, of an assignment to start from; it need not keep to anything.
        """
        gain = np.zeros(self.limits.num_left, np.int64) if left_worth is None else left_worth
        network = self.network(pairs, worth, gain, counted=counted, count_only=count_only, room=room)
        flow = None if held is None else self.flow(pairs, held)
        found = cheapest_flow(network, control, potential=start, flow=flow)
        if isinstance(found, Cut):
            return found
        times = found.flow[len(found.flow) - len(worth) :]
        used = np.flatnonzero(times)
        total, pi = int(found.flow[0]), found.potential - found.potential[_HUB]
        if count_only and not total:
            pi = np.clip(pi, -1, 0)  # no unit flows: anything beyond what one is worth proves no more
        prices = self.prices(pi, gain)
        if not counted and not count_only:
            # Nothing asks for anybody to be counted: where no unit flows, a price of it is one of the left
            # nodes.
            prices = prices._replace(left=prices.left - prices.coverage, coverage=0)
        return Solved(used, times[used], total, prices, pi)

    def prices(self, potential: Int64, gain: Int64 | int = 0) -> Prices:
        """Return the prices that potentials stand for, where counting a left node is worth ``gain`` more."""
        limits, pi = self.limits, potential
        left = pi[self.first_left : self.first_right] - pi[self.left_leaf] + gain
        right = pi[self.right_leaf] - pi[self.first_right : self.first_right_set]
        quota = np.zeros(len(limits.quotas), np.int64)
        at = np.arange(len(self.left.quota))
        left = self._share(quota, self.left, pi[self.first_set + at] - pi[self.left_parent], left)
        at = np.arange(len(self.right.quota))
        right = self._share(quota, self.right, pi[self.right_parent] - pi[self.first_right_set + at], right)
        return Prices(left, right, quota, int(pi[_HUB] - pi[1]))

    def witness(self, cut: Cut) -> Prices:
        """Return the prices that a cut stands for; nobody asks for a partner of anybody, so that has none."""
        prices = self.prices(-cut.inside.astype(np.int64))
        # Taken off the left nodes instead, it proves as much or more.
        paid = max(0, prices.coverage)
        return prices._replace(left=prices.left - paid, coverage=prices.coverage - paid)

    def _share(self, price: Int64, forest: Forest, of_set: Int64, of_node: Int64) -> Int64:
        """
        Give the price of a set to the quota on it that presses; return the prices of nodes.

        A set through which nothing flows may be cheaper than it need be. Where no floor asks for that, what
        is in it is the cheaper instead: it proves as much, and nobody reads it as the price of a quota.
        """
        of_set, of_node = of_set.copy(), of_node.copy()
        for at, numbers in enumerate(forest.quota):  # parents stand before children
            if of_set[at] < 0 and not any(self.limits.quotas[q].at_least for q in numbers):
                of_set[forest.parent == at] += of_set[at]
                of_node[forest.leaf == at] += of_set[at]
                of_set[at] = 0
        for numbers, value in zip(forest.quota, of_set.tolist(), strict=True):
            chosen = max(numbers, key=lambda q: self.limits.quotas[q].at_least)
            if value > 0:
                chosen = min(numbers, key=lambda q: _most(self.limits.quotas[q].at_most))
            price[chosen] = value
        return of_node

    def network(
        self,
        pairs: Pairs,
        worth: Int64,
        gain: Int64 | int = 0,
        *,
        counted: int = 0,
        count_only: bool = False,
        room: Int64 | None = None,
    ) -> Network:
        """Return the network of a problem; see :meth:`solve`. The arcs of the pairs are the last ones."""
        limits = self.limits
        n, m = limits.num_left, limits.num_right
        # No sum of what is asked for reaches this far: a bound that is cut off here is never in the way.
        asked = counted + len(limits.locked) + sum(quota.at_least for quota in limits.quotas)
        asked += sum(limits.left_least.tolist()) + sum(limits.right_least.tolist())
        reach = asked + (m if room is None else int(room.sum())) + 1
        least, most = limits.left_least, np.minimum(limits.left_most, reach)
        everything = sum(most.tolist()) + asked + 1
        lefts, rights = self.first_left + np.arange(n), self.first_right + np.arange(m)
        locked = np.isin(pairs.left * m + pairs.right, limits.locked[:, 0] * m + limits.locked[:, 1])
        left_low, left_high = self._bounds(self.left, everything)
        right_low, right_high = self._bounds(self.right, everything)
        first_least, first_most = least, most
        further = np.empty(0, np.int64)
        if self.heads is not None:
            further = np.flatnonzero(most > self.heads)
            first_least, first_most = np.minimum(least, self.heads), np.minimum(most, self.heads)
        parts = [  # tail, head, lower, upper
            ([_HUB], [1], [counted], [everything]),
            (self.left_parent, self.first_set + np.arange(len(left_low)), left_low, left_high),
            (self.left_leaf, lefts, first_least, first_most),
            (
                np.full(len(further), _HUB),
                lefts[further],
                (least - first_least)[further],
                (most - first_most)[further],
            ),
            (rights, self.right_leaf, limits.right_least, np.minimum(limits.right_most, everything)),
            (self.first_right_set + np.arange(len(right_low)), self.right_parent, right_low, right_high),
            (
                lefts[pairs.left],
                rights[pairs.right],
                locked,
                np.ones(len(worth), np.int64) if room is None else room,
            ),
        ]
        tail, head, lower, upper = (np.concatenate(column) for column in zip(*parts, strict=True))
        cost = np.zeros(len(tail), np.int64)
        if count_only:
            cost[0] = -1
        else:
            cost[len(cost) - len(worth) :] = -worth
            cost[1 + len(left_low) : 1 + len(left_low) + n] = -gain
        return Network(
            self.num_nodes,
            tail.astype(np.int32),
            head.astype(np.int32),
            lower.astype(np.int64),
            upper.astype(np.int64),
            cost,
            np.zeros(self.num_nodes, np.int64),
        )

    def arc_of(self, quota: int) -> int:
        """Return the arc whose flow is what a quota counts."""
        for at, numbers in enumerate(self.left.quota):
            if quota in numbers:
                return 1 + at
        before = 1 + len(self.left.quota) + self.limits.num_left + self.limits.num_right
        if self.heads is not None:
            before += int(np.count_nonzero(self._further()))
        return before + next(at for at, numbers in enumerate(self.right.quota) if quota in numbers)

    def _further(self) -> Bool:
        """Return which left nodes may have partners beyond those that cover them."""
        return np.minimum(self.limits.left_most, self.limits.num_right + 1) > self.heads

    def potential(self, prices: Prices) -> Int64:
        """Return potentials that stand for prices; the other way round, see :meth:`prices`."""
        out = np.zeros(self.num_nodes, np.int64)
        out[1] = -prices.coverage
        for at, numbers in enumerate(self.left.quota):  # parents stand before children
            price = int(prices.quota[list(numbers)].sum())
            out[self.first_set + at] = out[self.left_parent[at]] + price
        for at, numbers in enumerate(self.right.quota):
            price = int(prices.quota[list(numbers)].sum())
            out[self.first_right_set + at] = out[self.right_parent[at]] - price
        out[self.first_left : self.first_right] = out[self.left_leaf] + prices.left
        out[self.first_right : self.first_right_set] = out[self.right_leaf] - prices.right
        return out

    def flow(self, pairs: Pairs, held: Int64) -> Int64:
        """Return the flow that some pairs, by number, stand for."""
        limits = self.limits
        n, m = limits.num_left, limits.num_right
        through_left = np.bincount(pairs.left[held], minlength=n)
        through_right = np.bincount(pairs.right[held], minlength=m)
        first = through_left if self.heads is None else np.minimum(through_left, self.heads)
        further = np.empty(0, np.int64)
        if self.heads is not None:
            further = (through_left - first)[self._further()]
        on_pairs = np.zeros(len(pairs.left), np.int64)
        on_pairs[held] = 1
        parts = (
            [int(first.sum())],
            _through(self.left, first),
            first,
            further,
            through_right,
            _through(self.right, through_right),
            on_pairs,
        )
        return np.concatenate(parts).astype(np.int64)

    def bounds(self, forest: Forest) -> tuple[Int64, Int64]:
        """Return the fewest and the most units of each set of one of the forests."""
        return self._bounds(forest, int(np.minimum(self.limits.left_most, self.limits.num_right).sum()))

    def _bounds(self, forest: Forest, everything: int) -> tuple[Int64, Int64]:
        """Return what all quotas on each set ask for together."""
        quotas = self.limits.quotas
        low = [max(quotas[q].at_least for q in numbers) for numbers in forest.quota]
        high = [min(_most(quotas[q].at_most) for q in numbers) for numbers in forest.quota]
        return np.array(low, np.int64), np.array(
            [min(most, max(everything, least)) for least, most in zip(low, high, strict=True)], np.int64
        )


def _most(at_most: int | None) -> int:
    return 2**62 if at_most is None else at_most


def _through(forest: Forest, of_node: Int64) -> Int64:
    """Return what passes each set, given what passes each node."""
    inside = forest.leaf >= 0
    total = np.bincount(forest.leaf[inside], of_node[inside], minlength=len(forest.quota)).astype(np.int64)
    for at in range(len(total) - 1, -1, -1):  # children stand behind their parents
        if forest.parent[at] >= 0:
            total[forest.parent[at]] += total[at]
    return total
