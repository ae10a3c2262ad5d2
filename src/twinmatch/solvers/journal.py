"""
A journal of a run: what was found is written down, and not looked for again.

Problem
    A run that takes a while is killed. The next one, of the same question, should end with the same bytes as
    if nothing had happened, and not begin from nothing.
Idea
    A run is Python that decides, and a few long steps whose results it decides upon. The same question makes
    the same decisions. So results are written down in the order in which they come; a run that starts again
    goes through the same decisions and is handed the results, until the journal ends, and works from there.
    No driver knows in which phase it was killed: it comes there by itself, in no time.
Results
    What a step returns (:meth:`Journal.kept`). A result stands for all that its step wrote down itself on the
    way, which is dropped then: a phase that is over costs what its result costs.
The compiled solver
    Its phases return nothing but leave prices, pairs and lists behind. They are noted one by one, with what
    is read of it after each (:class:`twinmatch.solvers.compiled.KeptSolver`); and whenever the journal is
    written, so is everything that its next phase depends on. That state is restored when the first phase is
    due that is not in the journal.
When it is written
    Where the solver is between two phases, and not before the time since it was last written is twenty times
    what writing took, and half a second. What is killed loses that much, and the phase that it is in.
Why it is right
    Each result is handed out under the name that it was written down with. Where names differ, the run is
    another one, and says so. What was found by somebody who was asked to stop is not written down: it depends
    on the clock.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from twinmatch.solvers.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

__all__ = ["Drift", "Journal", "State", "Stateful"]

T = TypeVar("T")

#: Seconds between two writes, at least, and how many times what the last one took.
PAUSE_S, PART = 0.5, 20


class Drift(Exception):  # noqa: N818 (what happened, not an error)
    """The journal is that of another run, or of another course of this one."""


class State(NamedTuple):
    """
    Everything that a compiled solver depends on from here on.

    Attributes
    ----------
    solver : int
        Which one, in the order in which they are made.
    arrays : tuple of arrays
    """

    solver: int
    arrays: tuple[npt.NDArray[np.generic], ...]


class Stateful(Protocol):
    """A compiled solver whose phases are in the journal."""

    number: int
    #: Whether it stands between two phases, with nothing half done.
    is_settled: bool

    def arrays(self) -> tuple[npt.NDArray[np.generic], ...]:
        """Return everything that it depends on."""

    def wake(self) -> None:
        """Go to where the phases so far have brought it."""


class Journal:
    """
    The results of a run so far.

    Parameters
    ----------
    records : list of Record
        Those of the run before, oldest first.
    state : State or None
        Of the solver that the last of them are about.
    write : callable
        Takes all records, a state or None, and whether the run is over; keeps them safe.
    is_stopping : callable
        Returns whether the run has been asked to stop, or is about to be.
    was_over : bool
        Whether the run before came to its end.

    Attributes
    ----------
    reused : int
        How many results were handed out and not looked for again.
    """

    def __init__(
        self,
        records: list[Record],
        state: State | None,
        write: Callable[[list[Record], State | None, bool], object],
        is_stopping: Callable[[], bool],
        *,
        was_over: bool = False,
    ) -> None:
        self.records, self.state, self._write, self._is_stopping = records, state, write, is_stopping
        self.position, self.solvers, self.reused = 0, 0, 0
        self.live: Stateful | None = None
        self._is_frozen = False
        self._wrote = time.monotonic()
        self._pause = PAUSE_S
        self._was_over, self._is_written = was_over, bool(records)

    @property
    def is_replaying(self) -> bool:
        """Whether the next result is known."""
        return self.position < len(self.records)

    def freeze(self) -> None:
        """Write nothing more: what comes now depends on the clock."""
        self._is_frozen = True

    def kept(self, name: str, task: Callable[[], T], classes: tuple[type, ...] = ()) -> T:
        """
        Return what a task returns, or returned in the run before.

        Parameters
        ----------
        name : str
        task : callable
            What it returns depends on the question alone. It may keep results of its own on the way.
        classes : tuple of type
            What its result is made of besides plain types.

        Raises
        ------
        Drift
            If the journal is another run's.
        """
        begin, solvers = self.position, self.solvers
        if self.is_replaying and self.records[begin].name == name:
            return self._next(name, classes)  # type: ignore[no-any-return]
        value = task()
        if not self._is_frozen:
            self._see_to_the_end()
            del self.records[begin:]
            self.position, self.solvers = begin, solvers
            self._forget(solvers)
            self._add(name, value)
        return value

    def phase(self, solver: Stateful, name: str, task: Callable[[], T]) -> T:
        """
        Run a phase of a compiled solver, unless it was run before; return what it returns.

        Errors are results too: prices that leave their range do so again.
        """
        if self.is_replaying:
            value, error = self._next(name)
        else:
            solver.wake()
            value, error = _tried(task)
            self._add(name, (value, error))
        if error is not None:
            raise OverflowError(error)
        return value  # type: ignore[no-any-return]

    def finish(self) -> None:
        """Write everything at the end of a run, unless it was asked to stop or took no time."""
        if self._is_frozen:
            return
        self._see_to_the_end()
        is_short = not self._is_written and time.monotonic() - self._wrote < PAUSE_S
        if not self._was_over and not is_short:
            self._forget(0)
            self._put(True)

    def _forget(self, solvers: int) -> None:
        """Forget the solver at work, and its state, if it was made after so many others."""
        if self.live is not None and self.live.number >= solvers:
            self.live = None
        if self.state is not None and self.state.solver >= solvers:
            self.state = None

    def _see_to_the_end(self) -> None:
        if self.is_replaying:
            raise Drift(f"{self.records[self.position].name!r} was found before and is not asked for now")

    def _next(self, name: str, classes: tuple[type, ...] = ()) -> Any:
        record = self.records[self.position]
        if name != record.name:
            raise Drift(f"{name!r} is asked for, and {record.name!r} was found before")
        self.position += 1
        self.reused += 1
        try:
            return record.value(classes)
        except (LookupError, TypeError, ValueError) as error:
            raise Drift(f"{name!r} is no result of a run ({type(error).__name__})") from error

    def _add(self, name: str, value: object) -> None:
        if self._is_frozen or self._is_stopping():
            self.freeze()
            return
        self.records.append(Record.of(name, value))
        self.position = len(self.records)
        if time.monotonic() - self._wrote >= self._pause and (self.live is None or self.live.is_settled):
            self._put(False)

    def _put(self, is_over: bool) -> None:
        started = time.monotonic()
        if self.live is not None:
            self.state = State(self.live.number, self.live.arrays())
        self._write(self.records, self.state, is_over)
        self._wrote = time.monotonic()
        self._pause = max(PAUSE_S, PART * (self._wrote - started))
        self._is_written = True


def _tried(task: Callable[[], T]) -> tuple[T | None, str | None]:
    try:
        return task(), None
    except OverflowError as error:
        return None, str(error)
