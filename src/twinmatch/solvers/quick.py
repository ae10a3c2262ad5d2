"""
The engine in a hurry: as little auction as the exact finish can do with.

Problem
    That of :mod:`twinmatch.solvers.engine`, on graphs whose lists cost little to draw: stored pairs.
Idea
    An auction down to the last step leaves the exact finish nothing to do, and most instances do not need
    that: after one phase with a coarse step the paths are short already. So the finish is tried after every
    phase, with a budget of about what the next phase would cost. If it ends, that is the optimum. If not, its
    prices are feasible and every pair it has made is tight, so the auction goes on from there with a smaller
    step, and at most half of the work was in vain.
Why it is right
    Only the finish ends a run, and it ends with prices and a matching that prove each other. The last phase
    has steps of one point and a finish without budget, as in the patient engine.
Cost
    On two-dimensional, sixteen-dimensional and random costs one to three phases; on costs ``i * j``, where
    every path is as long as it can be, all of them. Matrices with one place for each right node have a solver
    of their own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import _core
from twinmatch.errors import Fault, PointsRangeError
from twinmatch.solvers.compiled import FIRST_PART, new_solver
from twinmatch.solvers.control import Control, Stopped
from twinmatch.solvers.engine import LAST_STEP, Market, Outcome, _Run

if TYPE_CHECKING:
    from twinmatch.graph.arrays import Int64

__all__ = ["Pace", "optimise_quickly"]

#: In the last phase one left node in so many is left to the exact finish.
SPARE = 64

_SAMPLE = 256
_NO_BUDGET = 2**62


class Pace(NamedTuple):
    """
    How a run goes.

    Attributes
    ----------
    rank : int
        The first step is what typically lies between a node's best partner and the one of this rank.
    shrink : int
        The step of one phase over that of the next.
    length, kept : int
        Partners in a candidate list, and how many of the old ones a new list starts from.
    back_length : int
        Left nodes in a reverse list.
    patience : int
        Steps of the exact finish per left node before the auction goes on.
    draw_steps : int
        Drawing a list costs as much as this many steps.
    """

    rank: int
    shrink: int
    length: int
    kept: int
    back_length: int
    patience: int
    draw_steps: int


def optimise_quickly(
    market: Market, capacity: Int64, outside: Int64, max_points: int, control: Control, pace: Pace
) -> Outcome:
    """
    Return what :func:`twinmatch.solvers.engine.optimise` returns, at another pace.

    Parameters
    ----------
    market, capacity, outside, max_points, control
        As there.
    pace : Pace
    """
    run = _Quick(market, capacity, outside, max(1, max_points), control, pace)
    try:
        run.set_up()
        run.go()
    except Stopped as stopped:
        run.limit = stopped.limit
    except OverflowError as error:
        raise PointsRangeError("points", [Fault("prices", str(error))]) from None
    return run.outcome()


class _Quick(_Run):
    """One solve that tries the exact finish after every phase."""

    def __init__(
        self,
        market: Market,
        capacity: Int64,
        outside: Int64,
        max_points: int,
        control: Control,
        pace: Pace,
    ) -> None:
        self.pace = pace
        super().__init__(market, capacity, outside, max_points, control)

    def _new_solver(self) -> _core.Solver:
        return new_solver(
            self.market,
            self.capacity,
            self.outside,
            self.max_points,
            self.control,
            length=self.pace.length,
            back_length=self.pace.back_length,
        )

    def _first_step(self) -> int:
        """Return a step at which a left node tries a few partners, and not all or only one."""
        core, market = self.market.core, self.market
        rows = np.linspace(0, market.num_left - 1, min(market.num_left, _SAMPLE)).astype(np.int32)
        free = np.zeros(market.num_right, np.int64)
        _, points, number, _ = core.search(rows, self.pace.rank, free, self.control.threads)
        points = points.reshape(-1, self.pace.rank)
        listed = np.arange(self.pace.rank)[None, :] < number[:, None]
        best = np.where(listed, points, -self.max_points).max(axis=1)
        last = np.where(listed, points, self.max_points).min(axis=1)
        several = number > 1
        typical = int(np.median((best - last)[several])) if several.any() else 0
        return max(LAST_STEP, min(typical, self.max_points // FIRST_PART))

    def go(self) -> None:
        """Run phases until the finish ends, or the gap asked for is reached."""
        try:
            self._phases()
        except Stopped:
            self._take_matching()
            raise

    def _phases(self) -> None:
        # A matching on the way is for those who watch, or may be content with it.
        watched = self.control.gap > 0 or self.control.on_progress is not None
        pace, run, solver = self.pace, self.control.run, self.solver
        assert isinstance(solver, _core.Solver)  # questions of arrays keep no journal
        step, drop = self._first_step(), 0
        while True:
            run("auction", partial(solver.open, drop, step, pace.kept))
            self._take_bound(solver.left_price)
            if self._good_enough():
                return
            # Steps of one point are for dead heats, and few paths end them sooner than many bids.
            spare = self.market.num_left // SPARE if step == LAST_STEP else 0
            run("auction", partial(solver.bid, step, pace.kept, 0, spare))
            if watched:
                self._take_matching()
            run("exact", lambda: solver.tighten(pace.length))
            self._take_bound(solver.left_price)
            if self._good_enough():
                return
            budget = _NO_BUDGET if step == LAST_STEP else pace.patience * self.market.num_left
            done = run("exact", partial(solver.finish, budget, pace.draw_steps, pace.length))
            if done:
                self._take_matching()
            self._take_bound(solver.left_price)
            if done:
                return
            step = max(LAST_STEP, step // pace.shrink)
            drop = pace.shrink * step
