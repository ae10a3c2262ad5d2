"""
The exact engine: auction to nearly right prices, then shortest paths to the last point.

Problem
    Left nodes that must each have one partner (or may do without, for an outside value), right nodes
    with places, every pair worth a whole number of points or not admissible. Find the most points.
Phases
    1. *levels*: on scored graphs of some size, prices to start from, out of samples of the market
       (:mod:`twinmatch.solvers.levels`).
    2. *auction*: forward and reverse bidding with a step that shrinks from phase to phase
       (``cpp/core/auction.hpp``), on scored graphs down to a sixteenth of a point: then few pairs are left
       that are not tight. At the start of each phase the best net value of every left node under the prices
       at hand is searched exactly, which gives a bound on every matching for free. The very last bidders of
       a phase, whose chains of replies keep a single thread busy, are left to the next one. Where nearly
       every place is taken they raise whole regions by small steps, and every raise takes a list: so a phase
       ends once it has drawn a few lists for every left node, whoever waits. The next one has larger steps,
       once, and raises the regions that lack places in no time; then they are a quarter each time, as
       elsewhere, and mend what most of the others lack.
    3. *coarse paths*, where the optimum is asked for and many were still waiting at the end of a phase:
       shortest augmenting paths that take slack of less than a grain for none, and a quarter of the grain
       each time, after Gabow and Tarjan's scaling. A region rises by as much as it lacks in one go. Who asks
       for a gap has them at the moment when those who wait are all that the gap lacks: with a grain of many
       steps nobody else has to move, and each phase of the auction would leave some waiting again.
    4. *exact*: pairs that are not tight are given up, and shortest augmenting paths put everybody back,
       thousands in a round (``cpp/core/paths.hpp``). At the end objective and bound are equal, in integers.
       Who asks for a gap is served before the last few, which take a round each.
What is known at every moment
    The best matching found so far, whose last nodes took the best place that was free, and the prices
    of the best bound so far. Whoever stops the run gets both; they need not belong together.
"""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from twinmatch import _core
from twinmatch.errors import Fault, PointsRangeError
from twinmatch.graph.scored import ScoredGraph
from twinmatch.solvers import levels
from twinmatch.solvers.compiled import (
    COARSE_LENGTH,
    FINER,
    FIRST_PART,
    LIST_KEPT,
    LIST_LENGTH,
    SHRINK,
    first_grain,
    kept_solver,
)
from twinmatch.solvers.control import Control, Stopped
from twinmatch.solvers.warm import Begin, begin_from
from twinmatch.status import Limit

if TYPE_CHECKING:
    from twinmatch.graph.arrays import Int64
    from twinmatch.solvers.compiled import KeptSolver
    from twinmatch.solvers.warm import Warm

__all__ = ["Market", "Outcome", "optimise"]

#: The auction counts in so many parts of a point, where the graph can.
PARTS = 16
#: Bids rise by at least this many in the last phase of the auction: parts, or points where it counts in them.
LAST_STEP = 1
#: Partners in a list of the exact finish, which looks farther and changes prices less.
PATH_LENGTH = 64
#: One bidder in so many may be left by the last phase to the exact finish, which spends one step where the
#: auction spends a bid a part.
LAST_LEFT_OVER = 10_000
#: And so many to the next phase, where it ends by itself: the last ones raise a whole market a step at a
#: time, but where more of them are left, prices are too low from then on. Phases that run out of lists leave
#: more.
LEFT_OVER = 30_000
#: Lists that a phase of the auction draws for each left node, and then it ends. From prices of zero, and
#: where there are places enough, phases come to an end of their own with six to eight of them: with four the
#: whole registers take twice as long, and 11,000 that all want the same partners five times. Where places are
#: few and prices those of levels, a million never end the first phase without an end to it. With four, six
#: and eight lists 40,000 that want the same partners take 69, 36 and 40 s of the processor, and 100,000
#: clustered ones 29, 26 and 28.
DRAWS, DRAWS_WHERE_CROWDED = 8, 6
#: Where places are few the second phase has so many times the step of the first. Regions that lack places
#: have to rise as a whole, and do so in large steps; prices are nearly right by then, and it takes a tenth of
#: the first phase. From there on 11 of 300,000 clustered wait after a phase where 480 did, and 8 of 20,000
#: vertical where 17 did: they take 14 s instead of 20. Of 10,000 vertical, without levels, nobody waits where
#: 25 did to the end: 4 s of the processor, and there was no end. To begin with that step takes a whole phase
#: more, and leaves 139; an eighth or a sixteenth of it next spares a phase, and leaves two or three times as
#: many from there on.
WIDER_ONCE = 4
#: Where such a phase leaves more than one in so many without a place, coarse paths are faster than the next.
MANY_WAIT = 1000
#: What each of those who wait takes off the points when paths with a grain place it, in grains. What the
#: others lack counts as so many times that, and those who wait must be left so much of the gap asked for.
GRAINS_LOST, SLACK_COUNTS, LEFT_TO_THEM = 9, 1.5, 0.5
#: More left nodes than this are not placed in a hurry when a run is stopped.
MOST_IN_A_HURRY = 20_000
#: They are placed so many at a time, and for no longer than this once somebody waits for an answer.
HURRY_BATCH, HURRY_S = 64, 0.05


class Market(Protocol):
    """What the engine needs of a graph."""

    @property
    def num_left(self) -> int:
        """Number of left nodes."""

    @property
    def num_right(self) -> int:
        """Number of right nodes."""

    @property
    def core(self) -> _core.Searchable:
        """The compiled graph."""

    @property
    def core_transposed(self) -> _core.Searchable:
        """The compiled graph with its sides exchanged."""


class Outcome(NamedTuple):
    """
    What the engine found.

    Attributes
    ----------
    mate : (num_left,) int64
        Right node of each left node, -1 for none.
    right_price : (num_right,) int64
        Prices of the best bound, whole points, at least 0.
    left_price : (num_left,) int64
        The larger of the best net value under these prices and the outside value.
    objective, bound : int
        Points of the matching; sum of left prices and of places at their price.
    limit : Limit or None
        What stopped it; None where objective and bound are equal and everybody is placed.
    """

    mate: Int64
    right_price: Int64
    left_price: Int64
    objective: int
    bound: int
    limit: Limit | None


def optimise(
    market: Market,
    capacity: Int64,
    outside: Int64,
    max_points: int,
    control: Control,
    warm: Warm | None = None,
) -> Outcome:
    """
    Return a matching with the most points, or the best one by the time the caller stops it.

    Parameters
    ----------
    market : Market
        Every left node has an admissible partner, and all that must be placed can be at once.
    capacity : (num_right,) int64
        Places, at least 1 each.
    outside : (num_left,) int64
        What a left node is worth without a partner; ``NO_PARTNER`` where it must have one.
    max_points : int
        No pair is worth more.
    control : Control
    warm : Warm, optional
        Prices and pairs of a market that is nearly the same. They change how long it takes, and which of
        several matchings with the most points is found.

    Returns
    -------
    Outcome
    """
    run = _Run(market, capacity, outside, max(1, max_points), control, warm)
    try:
        run.set_up()
        run.auction()
        if run.limit is None:
            run.exact()
    except Stopped as stopped:
        run.limit = stopped.limit
    except OverflowError as error:
        raise PointsRangeError("points", [Fault("prices", str(error))]) from None
    return run.outcome()


class _Run:
    """One solve: the compiled solver and the best that is known so far."""

    def __init__(
        self,
        market: Market,
        capacity: Int64,
        outside: Int64,
        max_points: int,
        control: Control,
        warm: Warm | None = None,
    ) -> None:
        self.warm = warm
        self.market, self.capacity, self.outside = market, capacity, outside
        self.max_points, self.control = max_points, control
        self.limit: Limit | None = None
        self.mate = np.full(market.num_left, -1, np.int64)
        self.must = outside == _core.NO_VALUE
        self.must_have, self.matched = -1, 0  # of those who must have a partner, and of all
        self.objective = 0
        self.right_price = np.zeros(market.num_right, np.int64)
        self.left_price = np.maximum(outside, max_points)
        self.bound = int(self.left_price.sum())
        self.grain = 1  # what the exact finish begins with
        self.budget = DRAWS * market.num_left  # lists of a phase
        self.is_crowded = isinstance(market, ScoredGraph) and levels.is_crowded(market.num_left, capacity)

    def set_up(self) -> None:
        """Build the trees and the compiled solver."""
        self.solver = self.control.run("tree", self._new_solver)

    def _new_solver(self) -> _core.Solver | KeptSolver:
        return kept_solver(self.market, self.capacity, self.outside, self.max_points, self.control)

    def auction(self) -> None:
        """Run phases with ever smaller steps, until the gap asked for or the last step is reached."""
        try:
            step = self._start()
            parts = self.solver.refine(PARTS)
            try:
                self._bid_from(step * parts, parts)
            except OverflowError:
                if parts == 1:
                    raise
                self.solver.refine(1)  # prices in points have more room
                self._bid_from(step, 1)
        except Stopped:
            self._take_matching_in_a_hurry()
            raise

    def _bid_from(self, step: int, parts: int) -> None:
        drop = 0
        while True:
            if self._opens_enough(drop, step):
                return
            draws = self._bid(step)
            if self._good_enough():
                return
            is_cut = draws > self.budget
            if is_cut and not drop and self.is_crowded:
                drop, step = step + step // 2, WIDER_ONCE * step
                continue
            if is_cut and self.control.gap <= 0 and MANY_WAIT * self._num_waiting() > self.market.num_left:
                self.grain = first_grain(step // parts)
                return
            if step == LAST_STEP:
                if self.control.gap > 0:  # one more bound may do
                    self._opens_enough(step + step // 2, step)
                return
            # Half a step more than a place may be too dear by: fewer stay empty.
            drop, step = step + step // 2, max(LAST_STEP, step // SHRINK)

    def _opens_enough(self, drop: int, step: int) -> bool:
        """Open a phase, which gives a bound; say whether there is no need to bid in it."""
        self._open(drop, step)
        left_price = self.solver.left_price
        self._take_bound(left_price)
        if not drop:
            return False
        if self._good_enough():
            return True
        self.grain = self._grain_in_reach(left_price)
        return self.grain > 1

    def _grain_in_reach(self, left_price: Int64) -> int:
        """Return the grain to place those who wait with, if the gap lacks them and nothing else; 1 if not."""
        allowed = self.control.gap * max(1, abs(self.bound))
        if not 0 < allowed < self.bound - self.objective:
            return 1
        mate = self.solver.mate
        waiting, placed = int((mate < 0).sum()), np.flatnonzero(mate >= 0)
        if not waiting:
            return 1
        # What the others lack: the gap, if those who wait had the best there is at these prices.
        slack = self.bound - int(self.market.core.points(placed, mate[placed]).sum())
        slack -= int(left_price[mate < 0].sum())
        left = allowed - SLACK_COUNTS * slack
        if left < LEFT_TO_THEM * allowed:
            return 1
        return 1 << max(0, int(left / (GRAINS_LOST * waiting)).bit_length() - 1)

    def _start(self) -> int:
        """Take prices to start from; return the first step."""
        if self.warm is not None:  # few have to be placed: phases come to an end of their own
            given = (self.market, self.capacity, self.warm, self.max_points, self.control)
            warmed = self.control.kept(
                "warm", lambda: self.control.run("levels", lambda: begin_from(*given)), Begin
            )
            if warmed is not None:
                self.solver.seed(warmed.right_price)
                self.solver.seat(warmed.mate)
                return warmed.step
        if not isinstance(self.market, ScoredGraph):
            return max(LAST_STEP, self.max_points // FIRST_PART)
        market = self.market
        begin = self.control.kept(
            "levels",
            lambda: levels.start(market, self.capacity, self.outside, self.control),
            levels.Start,
        )
        self.solver.seed(begin.right_price)
        if self.is_crowded and begin.right_price.any():
            self.budget = DRAWS_WHERE_CROWDED * market.num_left
        return max(LAST_STEP, begin.step)

    def _open(self, drop: int, step: int) -> None:
        self.control.run("auction", lambda: self.solver.open(drop, step, LIST_KEPT))

    def _bid(self, step: int) -> int:
        left_over = self.market.num_left // (LAST_LEFT_OVER if step == LAST_STEP else LEFT_OVER)
        bid = partial(self.solver.bid, step, LIST_KEPT, left_over, 0, self.budget)
        draws = self.control.run("auction", bid)
        self._take_matching()
        return draws

    def _num_waiting(self) -> int:
        """Count who must have a partner and has none."""
        return int(((self.solver.mate < 0) & self.must).sum())

    def exact(self) -> None:
        """Repair what is not tight, so that prices and matching prove each other."""
        try:
            self._repair()
        except Stopped:
            self._take_matching_in_a_hurry()
            raise

    def _repair(self) -> None:
        while self.grain > 1:
            if self._is_good_at(self.grain):
                return
            self.grain = max(1, self.grain // FINER)
        self.control.run("exact", lambda: self.solver.tighten(PATH_LENGTH))
        self._take_bound(self.solver.left_price)
        if self._good_enough():
            return
        # The last few are the dear ones: whoever asked for a gap may not need them.
        for spare in dict.fromkeys((self.market.num_left // LAST_LEFT_OVER, 0)):
            self.control.run("exact", lambda spare=spare: self.solver.forward(spare))  # type: ignore[misc]
            if spare and self.control.gap > 0 and self._is_good_now():
                return
        self.control.run("exact", lambda: self.solver.backward(PATH_LENGTH))
        self._is_good_now()

    def _is_good_at(self, grain: int) -> bool:
        """Repair what is not tight to a grain; say whether the gap is the one asked for."""
        self.control.run("exact", partial(self.solver.tighten, COARSE_LENGTH, grain))
        self._take_bound(self.solver.left_price)
        if self._good_enough():
            return True
        self.control.run("exact", partial(self.solver.forward, 0))
        if self._is_good_now():
            return True
        # Who asked for a gap need not have every empty place brought down: they may be a small part of it.
        mate = self.solver.mate
        room = self.capacity - np.bincount(mate[mate >= 0], minlength=len(self.capacity))
        empty = int((room * self.solver.right_price).sum())
        if self.control.gap > 0 and 2 * empty < self.control.gap * abs(self.bound):
            return False
        self.control.run("exact", partial(self.solver.backward, COARSE_LENGTH, grain))
        return self._is_good_now()

    def _is_good_now(self) -> bool:
        self._take_matching()
        self._take_bound(self.solver.left_price)
        return self._good_enough()

    def outcome(self) -> Outcome:
        """Return the best that is known."""
        return Outcome(self.mate, self.right_price, self.left_price, self.objective, self.bound, self.limit)

    def _good_enough(self) -> bool:
        """Whether everybody is placed and the gap is the one asked for."""
        gap = self.bound - self.objective
        if self.must_have < int(self.must.sum()):
            return False
        if gap > self.control.gap * max(1, abs(self.bound)) or self.control.gap <= 0:
            return False
        self.limit = Limit.GAP if gap else None
        return True

    def _take_matching(self, until: float = math.inf) -> None:
        mate = self._completed(self.solver.mate, until)
        placed = np.flatnonzero(mate >= 0)
        objective = int(self.market.core.points(placed, mate[placed]).sum())
        objective += int(self.outside[(mate < 0) & ~self.must].sum())
        must_have = int((mate[self.must] >= 0).sum())
        if (must_have, objective) > (self.must_have, self.objective):
            self.mate, self.must_have, self.objective = mate, must_have, objective
            self.matched = len(placed)
            self._tell()

    def _take_matching_in_a_hurry(self) -> None:
        # Somebody may be without a partner; what there is may still be the most so far.
        self._take_matching(time.monotonic() + HURRY_S)

    def _completed(self, mate: Int64, until: float) -> Int64:
        """Give each node that must have a partner and has none the best one with a free place, in turn."""
        waiting = np.flatnonzero((mate < 0) & self.must)
        room = self.capacity - np.bincount(mate[mate >= 0], minlength=len(self.capacity))
        while 0 < len(waiting) <= MOST_IN_A_HURRY and time.monotonic() < until:
            if until == math.inf:
                self.control.look_up()
            # A few at a time: nodes that want the same partners see what the ones before them left.
            batch = waiting[:HURRY_BATCH]
            taken = np.where(room > 0, 0, 2 * self.max_points + 1)
            item, points, number, _ = self.market.core.search(
                batch.astype(np.int32), LIST_LENGTH, taken, self.control.threads
            )
            item, points = item.reshape(-1, LIST_LENGTH), points.reshape(-1, LIST_LENGTH)
            for row, i in enumerate(batch):
                free = np.flatnonzero(room[item[row, : number[row]]] > 0)
                if len(free):
                    j = item[row, free[np.argmax(points[row, free])]]
                    mate[i] = j
                    room[j] -= 1
            if (mate[batch] < 0).all():
                waiting = waiting[len(batch) :]  # whoever has a place for them is full
            waiting = waiting[mate[waiting] < 0]
        return mate

    def _take_bound(self, left_price: Int64) -> None:
        right_price = self.solver.right_price
        bound = int(left_price.sum()) + int((right_price * self.capacity).sum())
        if bound < self.bound:
            self.right_price, self.left_price, self.bound = right_price, left_price, bound
            self._tell()

    def _tell(self) -> None:
        self.control.found(self.matched, self.objective, self.bound)
