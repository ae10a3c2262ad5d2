"""
What each rule costs: the points that one unit more or less of its bound brings, and how far that holds.

Problem
    An assignment with the most points is known. By how much would the points change if a cap were one unit
    higher or lower, a floor one lower or higher, if a locked pair were free, if one pair of a set that is
    forbidden were allowed? Always at the same coverage, where coverage comes first. And for how many units
    does the same price hold?
Idea
    Under nested quotas the most points are a concave function ``V`` of any bound ``b``, linear between whole
    numbers. A price at ``b`` itself is any number between the slopes on both sides. At ``b + 1/2`` there is
    one slope only, and it is ``V(b + 1) - V(b)``: so all numbers of the network are doubled, this one to
    ``2 b + 1``, and the price of the quota is read off. How far the slope holds: at that price the bound may
    as well be left out, and the assignments that are best without it are the flows of arcs with a reduced
    cost of zero. The most (or fewest) units of the quota among those is the end.
Sets of pairs
    A forbidden set is a cap of 0. The pairs of one node pass a gate, an arc of its own, which is asked about
    like a quota. Other sets fit no network; their first pair is one of some node, so the best of all gates is
    exact. Whether more pairs gain as much is seen from the set at that price: nobody gains more, and where
    the best assignments have two pairs or more of the set, their first pairs alone are tried.
Quotas that cross
    Each is solved again with its bound moved: see :mod:`twinmatch.solvers.walking`.
Why it is right
    The optimum of the doubled network is proven by its prices, against all pairs where these are not stored.
    The end of a range is proven by other prices: those of the cut that no further unit can pass, one point
    off. Coverage never falls by loosening, and the most coverage is concave in a bound too; so where the
    first unit of loosening covers nobody more, no further one does.
Cost
    Two networks for each direction, started from the prices and pairs of the answer: a path or two each.
    Where pairs are not stored, two searches for each besides, over those rows and columns whose price fell.
Traps
    The answer's own prices are of no use: they are one choice among many. Where two quotas of one set ask for
    the same, neither costs anything alone. Potentials of a cut are any whole numbers: unless they are clipped
    to one point, they spoil arcs that were right.
After
    R. Ahuja, T. Magnanti, J. Orlin, "Network Flows" (1993), sections 9.11 and 15.4; D. Gusfield, "Parametric
    combinatorial computing and a problem of program module distribution", J. ACM 30 (1983), for slopes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from twinmatch.errors import ResourceLimitError
from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.solvers.bounds import (
    AT_MOST,
    FEWER_COVERED,
    FORBIDDEN,
    IMPOSSIBLE,
    LOCKED,
    MORE_COVERED,
    NO_UNIT,
    NOT_REACHED,
    NOT_SETTLED,
    Slope,
    Slopes,
    moved,
)
from twinmatch.solvers.constrained import one_sided
from twinmatch.solvers.control import Stopped
from twinmatch.solvers.gates import Gate, allowing, gated, gates_of
from twinmatch.solvers.kinds import cover_kinds
from twinmatch.solvers.known import Implicit, Stored
from twinmatch.solvers.nested import Layout, Pairs, layout_of
from twinmatch.solvers.network import Cut, Flow, Network, cheapest_flow
from twinmatch.solvers.walking import Walks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints
    from twinmatch.solvers.bounds import Optimum, Rule
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.known import Known

    Int64 = npt.NDArray[np.int64]

__all__ = ["slopes_of"]

#: Of a forbidden set, so many pairs are tried together.
FEW_PAIRS = 8


def slopes_of(best: Optimum, rules: Sequence[Rule], control: Control) -> list[Slopes]:
    """
    Return what each rule costs, exactly.

    Parameters
    ----------
    best : Optimum
    rules : sequence of Rule
        Quotas among them are at their bounds.
    control : Control
        Rules that are not reached before it stops the work say so.

    Returns
    -------
    list of Slopes
        As many as rules.

    Raises
    ------
    ResourceLimitError
        If quotas cross, or sets are forbidden, where pairs are too many to be stored.
    OverflowError
        If points are too large for exact 64-bit arithmetic.
    """
    out: list[Slopes] = []
    try:
        asked = _asked(best, rules, control)
        control.now = replace(control.now, matched=len(np.unique(best.pairs[:, 0])))
        for at, rule in enumerate(rules):
            control.tell(phase=f"rule {at + 1} of {len(rules)}")
            out.append(Slopes(*asked.slopes(rule)))
    except Stopped:
        nothing = Slope(None, None, NOT_REACHED)
        out += [Slopes(nothing, nothing)] * (len(rules) - len(out))
    return out


class _Asked(Protocol):
    def slopes(self, rule: Rule) -> tuple[Slope, Slope]:
        """Return what loosening a rule does, and what tightening it does."""


def _asked(best: Optimum, rules: Sequence[Rule], control: Control) -> _Asked:
    """Return who can tell."""
    graph, limits = best.graph, best.limits
    if isinstance(graph, ExplicitGraph):
        i, j, _ = graph.pairs()
        limits = one_sided(limits, Pairs(i, j))
        layout, rest = layout_of(limits, best.coverage_first)
        if rest:
            return Walks(best, control)
        return _Flows(best, layout, Stored(graph), control)
    layout, rest = layout_of(limits, best.coverage_first)
    many = f"{graph.num_left:,} x {graph.num_right:,} pairs are too many to write down"
    if rest:
        names = ", ".join(repr(limits.quotas[q].name) for q in rest[:3])
        raise ResourceLimitError(
            f"prices of rules where quotas cross others or name both sides (first: {names}): {many}"
        )
    if any(rule.kind == FORBIDDEN for rule in rules):
        raise ResourceLimitError(
            f"prices of forbidden pairs: {many}; ask for the other rules by name, with rules="
        )
    price = -layout.potential(best.prices)[layout.first_right : layout.first_right_set]
    return _Flows(best, layout, Implicit(graph, limits, best.pairs, price, control), control)


# -- One network -------------------------------------------------------------------------------------------


class _Bound(NamedTuple):
    """
    A bound of an arc.

    Attributes
    ----------
    is_upper : bool
    value : int
    least, most : int
        What bounds the arc besides.
    arc : int or None
    key : int or None
        Instead of an arc, a pair.
    gate : Gate or None
        Instead of an arc, that of a gate.
    """

    is_upper: bool
    value: int
    least: int
    most: int
    arc: int | None = None
    key: int | None = None
    gate: Gate | None = None


class _Flows:
    """Nested quotas."""

    def __init__(self, best: Optimum, layout: Layout, known: Known, control: Control) -> None:
        self.layout, self.known, self.control = layout, known, control
        self.graph, self.limits, self.coverage_first = best.graph, layout.limits, best.coverage_first
        self.width = self.limits.num_right
        self.held = np.sort(best.pairs @ np.array([self.width, 1]))
        self.covers = len(np.unique(best.pairs[:, 0])) if best.coverage_first else 0
        self.start = layout.potential(best.prices)

    def slopes(self, rule: Rule) -> tuple[Slope, Slope]:
        if rule.barred is not None:
            return self._allowed(Gate(*rule.barred)), Slope(None, None, NO_UNIT)
        return self._loosened(rule), self._tightened(rule)

    # -- Quotas and locked pairs ---------------------------------------------------------------------------

    def _loosened(self, rule: Rule) -> Slope:
        bound = self._bound(rule)
        # Another quota on the same set may ask for as much.
        if bound.is_upper and bound.most <= bound.value:
            return Slope(0, None)
        if not bound.is_upper and bound.least >= bound.value:
            return Slope(0, 0)
        step = 1 if bound.is_upper else -1
        if self.coverage_first and self._most_covered(moved(self.limits, rule, step)) != self.covers:
            return Slope(None, None, MORE_COVERED)
        slope = self._slope(bound, step)
        assert slope is not None  # what could be kept to still can
        return slope

    def _tightened(self, rule: Rule) -> Slope:
        bound = self._bound(rule)
        if rule.kind == LOCKED or (bound.is_upper and bound.value == 0):
            return Slope(None, None, NO_UNIT)
        possible = bound.least < bound.value if bound.is_upper else bound.value < bound.most
        if not possible:
            return Slope(None, None, IMPOSSIBLE)
        step = -1 if bound.is_upper else 1
        after = moved(self.limits, rule, step)
        slope = self._slope(bound, step) if self._exists(after) else None
        if slope is not None:
            return slope
        fewer = self.coverage_first and self._most_covered(after) is not None
        return Slope(None, None, FEWER_COVERED if fewer else IMPOSSIBLE)

    def _bound(self, rule: Rule) -> _Bound:
        if rule.kind == LOCKED:
            key = int(self.limits.locked[rule.number] @ np.array([self.width, 1]))
            return _Bound(False, 1, 0, 1, key=key)
        is_upper, number, quotas = rule.kind == AT_MOST, rule.number, self.limits.quotas
        value = rule.value(self.limits)
        sets = (*self.layout.left.quota, *self.layout.right.quota)
        same = next(numbers for numbers in sets if number in numbers)
        floors = [quotas[q].at_least for q in same if is_upper or q != number]
        caps = [quotas[q].at_most for q in same if not is_upper or q != number]
        # As good as no cap: nobody has so many.
        far = max(value, int(np.minimum(self.limits.left_most, self.width).sum())) + 1
        most = min([far, *(cap for cap in caps if cap is not None)])
        return _Bound(is_upper, value, max([0, *floors]), most, arc=self.layout.arc_of(number))

    def _exists(self, limits: Constraints) -> bool:
        """See that lists hold something that keeps to other limits and covers as many, if anything does."""
        if isinstance(self.graph, ExplicitGraph):
            return True  # the network will tell
        found = cover_kinds(self.graph.terms, limits, self.control)
        if not found.is_feasible or (self.coverage_first and found.size < self.covers):
            return False
        self.known.join(found.pairs @ np.array([self.width, 1]))
        return True

    def _most_covered(self, limits: Constraints) -> int | None:
        """Return how many left nodes can have a partner; None where nothing keeps to the limits."""
        if not isinstance(self.graph, ExplicitGraph):
            found = cover_kinds(self.graph.terms, limits, self.control)
            return found.size if found.is_feasible else None
        layout = Layout(limits, self.layout.left, self.layout.right, self.layout.heads)
        network = layout.network(self._pairs(), self.known.points, count_only=True)
        flow = cheapest_flow(network, self.control)
        return None if isinstance(flow, Cut) else int(flow.flow[0])

    # -- Slopes --------------------------------------------------------------------------------------------

    def _slope(self, bound: _Bound, step: int) -> Slope | None:
        """Return what the first unit changes, and up to where; None where there is no such unit."""
        potential = self._half(bound, step)
        if potential is None:
            return None
        network, _ = self._network(bound)
        reduced = int(_reduced(network, potential)[self._arc(bound, network)])
        points = max(0, -reduced if bound.is_upper else reduced)
        if not points and bound.is_upper == (step > 0):
            return Slope(0, None if bound.is_upper else 0)  # by loosening, gains only get smaller
        return Slope(points, self._end(bound, step, potential))

    def _half(self, bound: _Bound, step: int) -> Int64 | None:
        """Return prices of the best flow where a bound is moved by half a unit; None where there is none."""
        start = self._begin(bound)
        while True:
            network, flow = self._network(bound)
            at, to = self._arc(bound, network), 2 * bound.value + step
            lower, upper = 2 * network.lower, 2 * network.upper
            lower[at] = 2 * bound.least if bound.is_upper else max(2 * bound.least, to)
            upper[at] = min(2 * bound.most, to) if bound.is_upper else 2 * bound.most
            doubled = network._replace(lower=lower, upper=upper)
            # From the same prices in every round: they are right for all pairs, and one path is all it takes.
            found = cheapest_flow(doubled, self.control, potential=start, flow=2 * flow)
            if isinstance(found, Cut):
                if self.known.lengthen():
                    continue
                return None
            potential: Int64 = found.potential - found.potential[0]
            if not self._grow(potential):
                return potential

    def _end(self, bound: _Bound, step: int, potential: Int64) -> int:
        """Return how far a bound can be moved at these prices."""
        while True:
            network, flow = self._network(bound)
            at, reduced = self._arc(bound, network), _reduced(network, potential)
            free = reduced == 0
            free[at] = True
            settled = ~free
            assert (flow == np.where(reduced > 0, network.lower, network.upper))[settled].all()
            supply = np.zeros(network.num_nodes, np.int64)
            np.add.at(supply, network.head[settled], flow[settled])
            np.subtract.at(supply, network.tail[settled], flow[settled])
            lower, upper, cost = network.lower.copy(), network.upper.copy(), np.zeros_like(network.cost)
            lower[at], upper[at], cost[at] = bound.least, bound.most, -step
            part = Network(
                network.num_nodes,
                network.tail[free],
                network.head[free],
                lower[free],
                upper[free],
                cost[free],
                supply,
            )
            found = cheapest_flow(part, self.control, potential=np.zeros_like(potential), flow=flow[free])
            assert isinstance(found, Flow)  # the flow at hand is one
            count = int(found.flow[np.count_nonzero(free[:at])])
            if count == (bound.most if step > 0 else bound.least):
                return count
            # No further unit passes at a price that is a point off.
            level = int(found.potential[(network.tail if step > 0 else network.head)[at]])
            if not self._grow(potential + np.clip(found.potential - level, -1, 0)):
                return count

    def _grow(self, potential: Int64) -> bool:
        """Let pairs join that are worth more than their prices; return whether there are any."""
        layout = self.layout
        left = potential[layout.first_left : layout.first_right]
        right = -potential[layout.first_right : layout.first_right_set]
        new = self.known.outside(left, right)
        self.known.join(new)
        return len(new) > 0

    # -- The network ---------------------------------------------------------------------------------------

    def _pairs(self) -> Pairs:
        return Pairs(*np.divmod(self.known.keys, self.width))

    def _network(self, bound: _Bound | None = None) -> tuple[Network, Int64]:
        """Return the network, and the answer's flow through it."""
        pairs = self._pairs()
        network = self.layout.network(pairs, self.known.points, counted=self.covers)
        flow = self.layout.flow(pairs, np.searchsorted(self.known.keys, self.held))
        if bound is None or bound.gate is None:
            return network, flow
        network = gated(network, self.layout, bound.gate, 0)
        return network, np.append(flow, np.zeros(len(network.tail) - len(flow), np.int64))

    def _arc(self, bound: _Bound, network: Network) -> int:
        """Return the number of the arc."""
        if bound.arc is not None:
            return bound.arc
        if bound.key is None:
            return len(network.tail) - 1  # of a gate
        keys = self.known.keys
        return len(network.tail) - len(keys) + int(np.searchsorted(keys, bound.key))

    def _begin(self, bound: _Bound) -> Int64:
        """Return potentials to start from."""
        gate = bound.gate
        if gate is None:
            return self.start
        left = self.start[self.layout.first_left + gate.left]
        right = self.start[self.layout.first_right + gate.right]
        # So that all pairs but the gate are as they should be.
        at = (right + gate.points).max() if gate.is_left else (left - gate.points).min()
        return np.append(self.start, at)

    # -- Forbidden sets ------------------------------------------------------------------------------------

    def _allowed(self, barred: Gate) -> Slope:
        """Return what the first pair of a forbidden set gains, and how many gain as much."""
        if not len(barred.left):
            return Slope(0, None)  # another rule forbids all of them too
        gates = gates_of(barred)
        covers_more = self.coverage_first and self._covered_with(barred) != self.covers
        if covers_more and any(self._covered_with(gate, 1) != self.covers for gate in gates):
            return Slope(None, None, MORE_COVERED)
        network, flow = self._network()
        found = cheapest_flow(network, self.control, potential=self.start, flow=flow)
        assert isinstance(found, Flow)
        now, potential = -int(network.cost @ found.flow), found.potential - found.potential[0]
        worth = [self._most_gained(one, potential) for one in gates]
        best = Slope(0, None)
        for at in np.argsort(worth)[::-1].tolist():
            if worth[at] <= (best.points or 0):
                break
            slope = self._slope(_Bound(True, 0, 0, len(gates[at].left) + 1, gate=gates[at]), 1)
            assert slope is not None  # nobody needs a pair of the gate
            best = max(best, slope, key=lambda one: one.points or 0)
        if len(gates) == 1:
            return best
        if covers_more:  # several pairs together do
            return Slope(best.points, None, NOT_SETTLED)
        return self._together(barred, now, best.points or 0)

    def _covered_with(self, barred: Gate, room: int | None = None) -> int:
        """Return how many left nodes can have a partner where forbidden pairs are allowed, or so many."""
        network = self.layout.network(self._pairs(), self.known.points, count_only=True)
        if room is None:
            network = allowing(network, self.layout, barred, 0)
        else:
            network = gated(network, self.layout, barred, room)
        network.cost[1:] = 0
        found = cheapest_flow(network, self.control)
        assert isinstance(found, Flow)  # the answer's is one
        return int(found.flow[0])

    def _most_gained(self, gate: Gate, potential: Int64) -> int:
        """Return what no pair of a gate can gain more than."""
        left = potential[self.layout.first_left + gate.left]
        right = potential[self.layout.first_right + gate.right]
        return int((gate.points - left + right).max())

    def _together(self, barred: Gate, now: int, points: int) -> Slope:
        """Return how many pairs of a set gain as much as the first, where prices and a few trials tell."""
        unsettled = Slope(points, None, NOT_SETTLED)
        network, used = self._with(barred, points)
        if -int(network.cost @ used.flow) > now:
            return unsettled  # several pairs together gain more
        if not points:
            return Slope(0, None)
        # The assignment that has most of them, among the best ones at this price.
        size = len(barred.left)
        free = _reduced(network, used.potential) == 0
        lower, upper = np.where(free, network.lower, used.flow), np.where(free, network.upper, used.flow)
        cost = np.zeros_like(network.cost)
        cost[-size:] = -1
        most = cheapest_flow(network._replace(lower=lower, upper=upper, cost=cost), self.control)
        assert isinstance(most, Flow)
        chosen = np.flatnonzero(most.flow[-size:])
        for count in range(2, len(chosen) + 1):
            some = chosen[:count]
            network, used = self._with(Gate(*(column[some] for column in barred)), 0)
            if count > FEW_PAIRS or -int(network.cost @ used.flow) != now + count * points:
                return unsettled
        return Slope(points, max(1, len(chosen)))

    def _with(self, barred: Gate, price: int) -> tuple[Network, Flow]:
        """Return the network in which forbidden pairs are allowed at a price, and its best flow."""
        network, flow = self._network()
        network = allowing(network, self.layout, barred, price)
        flow = np.append(flow, np.zeros(len(barred.left), np.int64))
        found = cheapest_flow(network, self.control, potential=self.start, flow=flow)
        assert isinstance(found, Flow)  # the answer's is one
        return network, found


def _reduced(network: Network, potential: Int64) -> Int64:
    """Return the reduced cost of each arc."""
    out: Int64 = network.cost + potential[network.tail] - potential[network.head]
    return out
