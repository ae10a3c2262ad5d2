"""
Explicit graphs: who must be paired, who may be, and in which direction the engine runs.

Problem
    Pairs that somebody wrote down, each worth a whole number of points; places of right nodes; left nodes
    that must have a partner, and others that may. Find the most points; or, with ``coverage_first``, the
    most points among the matchings that pair as many left nodes as possible.
Idea
    The engine (:mod:`twinmatch.solvers.engine`) wants bidders with an outside value. Whoever may stay without
    has the outside value 0, whoever must not has none. What remains is to know beforehand that everybody who
    must be paired can be (``cpp/core/largest.hpp``), and to choose the bidders well:

    * A pair worth nothing or less never helps a left node that may stay without: it is left out.
    * Where places are fewer than left nodes, places bid for left nodes. Bidders that outnumber what they
      bid for drive all prices up to their outside values, one step at a time.
    * In a matrix with one place for each right node, everybody can have a partner once no pair is worth less
      than staying without. That is a problem with a solver of its own, ``cpp/core/augment.hpp``.
    * Coverage first cuts the graph at the witness of the largest matching, as for schools
      (:mod:`twinmatch.solvers.coverage`): left nodes outside the witness must all be paired, and all places
      that the witness competes for must be filled.
The proof
    With ``u`` the left prices, ``p`` the right prices, both in points, and the coverage price ``c`` (0
    unless coverage comes first): ``u_i + p_j >= points_ij + c`` for every pair, ``p >= 0``, ``u_i >= 0``
    where ``i`` may stay without. Then no matching that is asked for has more points than

        bound = sum_i u_i + sum_j capacity_j p_j - c coverage.
Literature
    R. Burkard, M. Dell'Amico, S. Martello, *Assignment Problems*, SIAM 2009; L. Ramshaw and R. E. Tarjan, "On
    minimum-cost assignments in unbalanced bipartite graphs", HP Labs 2012 (why not to pad).
"""

from __future__ import annotations

from functools import partial
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import _core
from twinmatch.solvers.control import Stopped
from twinmatch.solvers.quick import Pace, optimise_quickly
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.arrays import Int64
    from twinmatch.graph.explicit import ExplicitGraph
    from twinmatch.solvers.control import Control

    Bool = npt.NDArray[np.bool_]

__all__ = ["Found", "limit_of", "solve_explicit"]

#: Exchanged sides need a row for every place; so many more pairs than were handed in are worth it.
MORE_PAIRS, FREE_PAIRS = 4, 1_000_000
#: Passes over fewer pairs than these are over before a second thread has come in.
WORTH_THREADS = 4_000_000
#: One column too many in so many rows makes no difference: rows that take any are added.
NEARLY_SQUARE = 16
#: A coverage price that is not high enough is raised by this factor.
RAISE = 16


class Found(NamedTuple):
    """
    A matching and what proves it, in stored points.

    Attributes
    ----------
    mate : (num_left,) int64
        Right node of each left node, -1 for none.
    left_price : (num_left,) int64
    right_price : (num_right,) int64
    coverage_price : int
    witness_left : (num_left,) bool
        With status INFEASIBLE: left nodes that must be paired and have too few places between them. With
        coverage first: the left nodes that bound the coverage.
    objective, bound : int
    coverage_bound : int or None
        Only where coverage comes first.
    status : Status
    limit : Limit or None
    """

    mate: Int64
    left_price: Int64
    right_price: Int64
    coverage_price: int
    witness_left: Bool
    objective: int
    bound: int
    coverage_bound: int | None
    status: Status
    limit: Limit | None


class _Part(NamedTuple):
    """The outcome on a part of the graph; ``c`` is the coverage price that its prices stand for."""

    mate: Int64
    left_price: Int64
    right_price: Int64
    c: int
    limit: Limit | None


class _Cover(NamedTuple):
    """A matching that pairs as many of the wanted as possible, and what the others reach."""

    mate: Int64
    left: Bool
    right: Bool


def solve_explicit(
    graph: ExplicitGraph, required: Bool, allowed: Bool, coverage_first: bool, control: Control
) -> Found:
    """
    Find the matching with the most points.

    Parameters
    ----------
    graph : ExplicitGraph
    required : (num_left,) bool
        Left nodes that must be paired.
    allowed : (num_left,) bool
        Left nodes that may be paired; contains ``required``.
    coverage_first : bool
        Whether to pair as many left nodes as possible before any point counts.
    control : Control

    Returns
    -------
    Found
    """
    run = _Solve(graph, required, allowed, coverage_first, control)
    try:
        found = control.run("coverage", run.cover)
    except Stopped as stopped:
        return run.nothing(stopped.limit)
    if found is not None:
        return found
    return run.by_coverage() if coverage_first else run.by_points()


def limit_of(found: Found, control: Control) -> Limit | None:
    """Return what stopped a run; a gap that was good enough is a limit too."""
    if found.status is Status.FEASIBLE and found.limit is None and control.gap > 0:
        return Limit.GAP
    return found.limit


class _Solve:
    """One call of :func:`solve_explicit`."""

    def __init__(
        self, graph: ExplicitGraph, required: Bool, allowed: Bool, coverage_first: bool, control: Control
    ) -> None:
        self.graph, self.required, self.allowed = graph, required, allowed
        self.coverage_first, self.control = coverage_first, control
        left_degree, right_degree = graph.degrees
        self.capacity = graph.right_capacity
        self.has_partner = allowed & (left_degree > 0) & bool(self.capacity.any())
        self.usable = (self.capacity > 0) & (right_degree > 0)
        self.fallback = np.full(graph.num_left, -1, np.int64)
        self.witness = np.zeros(graph.num_left, bool)
        self.neighbours = np.zeros(graph.num_right, bool)

    # -- Coverage ------------------------------------------------------------------------------------------

    def cover(self) -> Found | None:
        """Settle who can be paired at all; return an answer where somebody who must be paired cannot."""
        if self.required.any():
            must = self._largest(self.required, self.fallback)
            self.fallback = must.mate
            if (must.mate[self.required] < 0).any():
                return self._answer(Status.INFEASIBLE, None, witness=must.left)
        if self.coverage_first:
            most = self._largest(self.allowed, self.fallback)
            self.fallback, self.witness, self.neighbours = most.mate, most.left, most.right
        return None

    def _largest(self, wanted: Bool, mate: Int64) -> _Cover:
        if self.graph.lists is None:
            return self._largest_dense(wanted, mate)
        found, left, right = _core.largest_matching(
            *self.graph.lists, self.capacity, wanted.astype(np.uint8), mate, self.control.flag
        )
        return _Cover(found, left.astype(bool), right.astype(bool))

    def _largest_dense(self, wanted: Bool, mate: Int64) -> _Cover:
        """Everybody can have any place: count."""
        places = int(self.capacity.sum())
        open_rows = np.flatnonzero(wanted & (mate < 0))
        load = np.bincount(mate[mate >= 0], minlength=self.graph.num_right)
        room = np.repeat(np.arange(self.graph.num_right), np.minimum(self.capacity - load, len(open_rows)))
        count = min(len(open_rows), len(room))
        out = mate.copy()
        out[open_rows[:count]] = room[:count]
        if int(wanted.sum()) <= places:
            return _Cover(out, np.zeros(len(wanted), bool), np.zeros(len(self.capacity), bool))
        return _Cover(out, wanted, np.ones(len(self.capacity), bool))

    # -- Points first --------------------------------------------------------------------------------------

    def by_points(self) -> Found:
        """Pair where it helps, and whoever must be paired."""
        left, right = np.flatnonzero(self.has_partner), np.flatnonzero(self.usable)
        part = self._solve(left, right, self.required[left], 0)
        mate = np.full(self.graph.num_left, -1, np.int64)
        mate[left] = _named(part.mate, right)
        left_price = np.zeros(self.graph.num_left, np.int64)
        left_price[left] = part.left_price
        right_price = np.zeros(self.graph.num_right, np.int64)
        right_price[right] = part.right_price
        if (mate[self.required] < 0).any():
            mate = self.fallback
        placed = np.flatnonzero(mate >= 0)
        worthless = placed[~self.required[placed] & (self.graph.points(placed, mate[placed]) <= 0)]
        mate[worthless] = -1
        return self._answer(Status.FEASIBLE, part.limit, mate, left_price, right_price)

    # -- Coverage first ------------------------------------------------------------------------------------

    def by_coverage(self) -> Found:
        """Solve both sides of the cut, and join their prices into one proof."""
        left_a = np.flatnonzero(self.has_partner & ~self.witness)
        right_a = np.flatnonzero(self.usable & ~self.neighbours)
        left_b = np.flatnonzero(self.has_partner & self.witness)
        right_b = np.flatnonzero(self.usable & self.neighbours)
        a = self._solve(left_a, right_a, np.ones(len(left_a), bool), 0)
        b = self._solve_scarce(left_b, right_b, a.limit)

        mate = np.full(self.graph.num_left, -1, np.int64)
        mate[left_a], mate[left_b] = _named(a.mate, right_a), _named(b.mate, right_b)
        size = int((self.fallback >= 0).sum())
        if int((mate >= 0).sum()) < size or (mate[self.required] < 0).any():
            mate = self.fallback
        c = max(b.c, b.c - int(b.right_price.min(initial=0)))
        c = max(c, -int(a.left_price[~self.required[left_a]].min(initial=0)))
        c = max(c, self._across(left_a, right_b, a, b))
        left_price = np.zeros(self.graph.num_left, np.int64)
        left_price[left_a], left_price[left_b] = a.left_price + c, b.left_price
        right_price = np.zeros(self.graph.num_right, np.int64)
        right_price[right_a], right_price[right_b] = a.right_price, b.right_price + (c - b.c)
        return self._answer(
            Status.FEASIBLE, a.limit or b.limit, mate, left_price, right_price, c=c, witness=self.witness
        )

    def _across(self, left: Int64, right: Int64, a: _Part, b: _Part) -> int:
        """Return the coverage price at which no pair of plenty with scarce pays."""
        if not len(left) or not len(right):
            return 0
        i, j, points = self.graph.take(left, right).pairs()
        return int((points - a.left_price[i] - b.right_price[j] + b.c).max(initial=0))

    def _solve_scarce(self, left: Int64, right: Int64, limit: Limit | None) -> _Part:
        """Every place must find a left node, and can."""
        must = self.required[left]
        if limit in (Limit.DEADLINE, Limit.CANCELLED):
            return self._unsolved(self.graph.take(left, right), np.zeros(len(left), np.int64), limit)
        if not len(left) or not len(right):
            return self._unsolved(self.graph.take(left, right), np.zeros(len(left), np.int64), None)
        part = self.graph.take(left, right)
        if not must.any() and _exchange_is_cheap(part):
            return self._exchanged(part, True)
        # Raise what pairing a left node is worth until the places are full. A coverage price of all points
        # together always is enough.
        spread = max(1, part.extent[1] - part.extent[0])
        places = int(part.right_capacity.sum())
        c = 2 * spread
        while True:
            found = self._run(part, np.where(must, _core.NO_VALUE, -c))
            if int((found.mate >= 0).sum()) == places or found.limit is not None:
                return found._replace(left_price=found.left_price + c, c=c)
            c = min(RAISE * c, spread * (part.num_left + part.num_right + 2))

    # -- The engine ----------------------------------------------------------------------------------------

    def _solve(self, left: Int64, right: Int64, must: Bool, floor: int) -> _Part:
        """Solve the graph on some nodes."""
        part = self.graph
        if len(left) < part.num_left or len(right) < part.num_right:
            part = part.take(left, right)
        if part.lists is not None and not must.all() and part.extent[0] <= floor:
            i, _, points = part.pairs()
            helps = must[i] | (points > floor)
            if not helps.all():
                part = part.keep(helps)
        if not must.any() and int(part.right_capacity.sum()) < part.num_left and _exchange_is_cheap(part):
            return self._exchanged(part, False)
        return self._run(part, np.where(must, _core.NO_VALUE, floor))

    def _exchanged(self, part: ExplicitGraph, full: bool) -> _Part:
        """Let places bid for left nodes; ``full``: every place must find one."""
        place = np.repeat(np.arange(part.num_right), _places(part))
        swapped = part.transposed()
        if len(place) != part.num_right or not np.array_equal(place, np.arange(part.num_right)):
            swapped = swapped.take(place, np.arange(part.num_left))
        found = self._run(swapped, np.full(len(place), _core.NO_VALUE if full else 0))
        mate = np.full(part.num_left, -1, np.int64)
        placed = np.flatnonzero(found.mate >= 0)
        mate[found.mate[placed]] = place[placed]
        # Places of one right node have the same best net value, hence one price.
        price = np.zeros(part.num_right, np.int64)
        price[place] = found.left_price
        return _Part(mate, found.right_price, price, 0, found.limit)

    def _run(self, part: ExplicitGraph, outside: Int64) -> _Part:
        """Run the engine on a part whose right nodes all have places."""
        if not part.num_pairs:
            return self._unsolved(part, outside, None)
        if part.lists is None and part.num_left <= part.num_right and part.right_capacity.max() == 1:
            return self._augmented(part, outside)
        low, high = part.extent
        optional = outside != _core.NO_VALUE
        # Points of those who must be paired count from the lowest; but a gap is one of true points.
        base = low if not optional.all() and self.control.gap == 0 else 0
        market = _Oriented(part, base)
        worth = np.where(optional, outside - base, _core.NO_VALUE)
        most = max(high - base, -int(worth[optional].min(initial=0)))
        try:
            found = optimise_quickly(market, _places(part), worth, most, self.control, _pace(part))
        except Stopped as stopped:
            return self._unsolved(part, outside, stopped.limit)
        return _Part(found.mate, found.left_price + base, found.right_price, 0, found.limit)

    def _augmented(self, part: ExplicitGraph, outside: Int64) -> _Part:
        """Give every row of a matrix a column of its own; no pair is worth less than staying without."""
        low, high = part.extent
        table, worth = part.stored, np.maximum(outside, low)
        if (worth > low).any():
            table = np.maximum(table, worth.astype(table.dtype)[:, None])
        spare = part.num_right - part.num_left
        if 0 < spare <= part.num_left // NEARLY_SQUARE:
            table = np.vstack([table, np.full((spare, part.num_right), low, table.dtype)])
        kind = _core.NarrowAugment if table.dtype == np.int32 else _core.WideAugment
        control, limit = self.control, None
        augment = kind(table, low, max(high, int(worth.max())), "auto")
        try:
            threads = control.threads if table.size >= WORTH_THREADS else 1
            control.run("exact", partial(augment.run, threads, control.flag, control.counters))
        except Stopped as stopped:
            limit = stopped.limit
        mate, left_price = augment.mate[: part.num_left], augment.left_price[: part.num_left]
        placed = np.flatnonzero(mate >= 0)
        mate[placed[part.points(placed, mate[placed]) < outside[placed]]] = -1
        if self.control.on_progress is not None:
            placed = np.flatnonzero(mate >= 0)
            objective = sum(part.points(placed, mate[placed]).tolist())
            bound = sum(left_price.tolist()) + sum(augment.right_price.tolist())
            control.found(len(placed), objective, bound)
        return _Part(mate, left_price, augment.right_price, 0, limit)

    @staticmethod
    def _unsolved(part: ExplicitGraph, outside: Int64, limit: Limit | None) -> _Part:
        """Return no pairs, and prices that anybody can see."""
        high = part.extent[1]
        return _Part(
            np.full(part.num_left, -1, np.int64),
            np.maximum(outside, high),
            np.zeros(part.num_right, np.int64),
            0,
            limit,
        )

    # -- The answer ----------------------------------------------------------------------------------------

    def nothing(self, limit: Limit) -> Found:
        """Return what is known before anything was done."""
        found = self._answer(Status.NO_SOLUTION, limit)
        most = int(self.allowed.sum()) if self.coverage_first else None
        return found._replace(coverage_bound=most)

    def _answer(
        self,
        status: Status,
        limit: Limit | None,
        mate: Int64 | None = None,
        left_price: Int64 | None = None,
        right_price: Int64 | None = None,
        c: int = 0,
        witness: Bool | None = None,
    ) -> Found:
        """Count objective and bound again, in integers of any size."""
        graph = self.graph
        if mate is None:
            mate = np.full(graph.num_left, -1, np.int64)
        if left_price is None or right_price is None:
            high = max(0, graph.extent[1])
            left_price = np.where(self.has_partner, high, 0)
            right_price = np.zeros(graph.num_right, np.int64)
        else:
            right_price = self._price_the_closed(left_price, right_price, c)
        placed = np.flatnonzero(mate >= 0)
        objective = sum(graph.points(placed, mate[placed]).tolist())
        coverage_bound = int((self.fallback >= 0).sum()) if self.coverage_first else None
        bound = sum(left_price[self.allowed].tolist())
        bound += sum(map(mul, right_price.tolist(), self.capacity.tolist())) - c * (coverage_bound or 0)
        if status is Status.FEASIBLE and bound == objective:
            status, limit = Status.OPTIMAL, None
        if witness is None:
            witness = np.zeros(graph.num_left, bool)
        return Found(
            mate, left_price, right_price, c, witness, objective, bound, coverage_bound, status, limit
        )

    def _price_the_closed(self, left_price: Int64, right_price: Int64, c: int) -> Int64:
        """Return prices at which nobody wants a place where there is none: they cost nothing."""
        closed = self.capacity == 0
        if not closed.any():
            return right_price
        right = np.flatnonzero(closed)
        i, j, points = self.graph.take(np.flatnonzero(self.allowed), right).pairs()
        price = np.zeros(len(right), np.int64)
        np.maximum.at(price, j, points + c - left_price[self.allowed][i])
        out = right_price.copy()
        out[right] = price
        return out


class _Oriented:
    """A market for the engine."""

    def __init__(self, part: ExplicitGraph, base: int) -> None:
        self.num_left, self.num_right = part.num_left, part.num_right
        self.core = part.compiled(base)
        self.core_transposed = self.core.transposed()


def _pace(part: ExplicitGraph) -> Pace:
    """Return what was fastest on lists and on matrices of all families."""
    if part.lists is None:
        # A list is a pass over a row, a step looks at a few partners.
        return Pace(4, 8, 32, 16, 16, 16 + part.num_right // 100, 1 + part.num_right // 600)
    longest = int(part.degrees[0].max(initial=1))
    return Pace(8, 8, min(longest, 16), 8, 16, 2, 1)


def _places(part: ExplicitGraph) -> Int64:
    """Return the places that matter: one more than partners, so that what cannot be full stays free."""
    return np.minimum(part.right_capacity, part.degrees[1] + 1)


def _exchange_is_cheap(part: ExplicitGraph) -> bool:
    rows = sum(map(mul, _places(part).tolist(), part.degrees[1].tolist()))
    return bool(rows <= MORE_PAIRS * part.num_pairs + FREE_PAIRS)


def _named(mate: Int64, right: Int64) -> Int64:
    """Return the mates under their numbers in the whole graph."""
    if not len(right):
        return np.full(len(mate), -1, np.int64)
    return np.where(mate >= 0, right[mate], -1)
