"""The compiled solver, as the engine and its levels set it up, and the pace of their phases."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from twinmatch import _core
from twinmatch.solvers.journal import Drift

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from twinmatch.graph.arrays import Int64
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.engine import Market
    from twinmatch.solvers.journal import Journal

__all__ = [
    "COARSE_LENGTH",
    "FINER",
    "FIRST_PART",
    "LIST_KEPT",
    "LIST_LENGTH",
    "NO_BUDGET",
    "SHRINK",
    "KeptSolver",
    "first_grain",
    "kept_solver",
    "new_solver",
]

#: The first step of an auction from prices of zero, as a part of the largest points.
FIRST_PART = 12
#: The step of one phase over that of the next.
SHRINK = 4
#: Partners in a candidate list, and how many of the old ones a new list starts from.
LIST_LENGTH, LIST_KEPT = 16, 8
#: Left nodes in a reverse list.
BACK_LENGTH = 16
#: Lists without end.
NO_BUDGET = 2**63 - 1
#: The step of the last phase of the auction over the first grain at least, and one grain over the next.
COARSER, FINER = 4, 4
#: Partners in a list of coarse paths.
COARSE_LENGTH = 32


def first_grain(step: int) -> int:
    """Return the grain to begin paths with after a phase with such steps, whole points: a power of two."""
    return 1 << max(0, (step // COARSER).bit_length() - 1)


def new_solver(
    market: Market,
    capacity: Int64,
    outside: Int64,
    max_points: int,
    control: Control,
    *,
    length: int = LIST_LENGTH,
    back_length: int = BACK_LENGTH,
    counters: Int64 | None = None,
) -> _core.Solver:
    """Return the compiled solver of a market; builds the trees. ``counters``: the control's, or others."""
    return _core.Solver(
        market.core,
        market.core_transposed,
        capacity,
        outside,
        length,
        back_length,
        max_points,
        control.threads,
        control.flag,
        control.counters if counters is None else counters,
    )


def kept_solver(
    market: Market,
    capacity: Int64,
    outside: Int64,
    max_points: int,
    control: Control,
    *,
    counters: Int64 | None = None,
) -> _core.Solver | KeptSolver:
    """Return the same solver; its phases are in the run's journal, large searches with its executor."""
    if control.spread is not None:
        market = control.spread(market)
    solver = new_solver(market, capacity, outside, max_points, control, counters=counters)
    return solver if control.journal is None else KeptSolver(solver, control.journal)


class KeptSolver:
    """
    A compiled solver whose phases are in a journal, and are not run again.

    While the journal has them, the solver sleeps: what is changed about it between phases is changed, and
    makes no difference, since its whole state is restored when the first phase comes that was not run before.
    """

    def __init__(self, solver: _core.Solver, journal: Journal) -> None:
        self._solver, self._journal = solver, journal
        self.number = journal.solvers
        journal.solvers += 1
        self.is_settled = False
        self._sleeps = False

    def arrays(self) -> tuple[npt.NDArray[np.generic], ...]:
        """Return everything that the next phase depends on."""
        return tuple(self._solver.state())

    def wake(self) -> None:
        """Restore the state in which the journal leaves the solver."""
        if self._sleeps:
            state = self._journal.state
            if state is None or state.solver != self.number:
                raise Drift(f"the journal ends in solver {self.number} and has no state of it")
            try:
                self._solver.restore(*state.arrays)  # type: ignore[arg-type]
            except (TypeError, ValueError) as error:
                raise Drift(f"a state is not one of this solver: {error}") from error
            self._sleeps, self.is_settled = False, True
        self._journal.live = self

    def open(self, drop: int, step: int, keep: int) -> None:
        """Open a phase; see ``cpp/core/auction.hpp``."""
        self._phase("open", partial(self._solver.open, drop, step, keep), settles=False)

    def bid(self, step: int, keep: int, leave: int, spare: int = 0, budget: int = NO_BUDGET) -> int:
        """Bid; see there. Returns how many lists were drawn."""
        task = partial(self._solver.bid, step, keep, leave, spare, budget)
        return int(self._phase("bid", task, settles=True))

    def tighten(self, length: int, grain: int = 1) -> int:
        """Give up what is not tight to a grain; see ``cpp/core/paths.hpp``."""
        return int(self._phase("tighten", partial(self._solver.tighten, length, grain), settles=False))

    def forward(self, spare: int = 0) -> int:
        """Place everybody but for a few; see there. Nobody uses its lists once all are placed."""
        return int(self._phase("forward", partial(self._solver.forward, spare), settles=not spare))

    def backward(self, length: int, grain: int = 1) -> int:
        """Bring empty places down; see there."""
        return int(self._phase("backward", partial(self._solver.backward, length, grain), settles=True))

    @property
    def mate(self) -> Int64:
        """Partner of each left node."""
        return self._read("mate")

    @property
    def right_price(self) -> Int64:
        """Price of each right node."""
        return self._read("right_price")

    @property
    def left_price(self) -> Int64:
        """Price of each left node."""
        return self._read("left_price")

    def refine(self, most: int) -> int:
        """Count in parts of a point."""
        return int(self._awake().refine(most))

    def discount(self, more: Int64) -> None:
        """Let right nodes be worth less."""
        self._awake().discount(more)

    def discount_kinds(self, left: npt.NDArray[np.int32], right: npt.NDArray[np.int32], more: Int64) -> None:
        """Let pairs be worth less, by the kinds of their nodes."""
        self._awake().discount_kinds(left, right, more)

    def outside(self, value: Int64) -> None:
        """Change what left nodes have without a partner."""
        self._awake().outside(value)

    def seed(self, price: Int64) -> None:
        """Start from prices."""
        self._awake().seed(price)

    def seat(self, mate: Int64) -> None:
        """Start from pairs."""
        self._awake().seat(mate)

    def _awake(self) -> _core.Solver:
        """Return the solver, to be changed; what is changed while the journal goes on will be forgotten."""
        if self._sleeps and not self._journal.is_replaying:
            self.wake()
        return self._solver

    def _phase(self, name: str, task: Callable[[], Any], *, settles: bool) -> Any:
        self._sleeps = self._sleeps or self._journal.is_replaying

        def run() -> Any:
            self.is_settled = False
            value = task()
            self.is_settled = settles
            return value

        return self._journal.phase(self, f"{name} {self.number}", run)

    def _read(self, name: str) -> Int64:
        def look() -> Int64:
            self.wake()
            return getattr(self._solver, name)  # type: ignore[no-any-return]

        return self._journal.kept(f"{name} {self.number}", look)
