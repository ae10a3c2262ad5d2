"""
Deadlines, cancelling and progress: the conversation between a long computation and its caller.

Compiled loops run in a thread of their own and look at one byte every few milliseconds. The caller's
thread waits, watches the clock and the caller's ``cancel``, raises that byte, and calls ``on_progress``.
So callbacks run where the caller is, and Ctrl-C is heard.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from twinmatch import _core
from twinmatch.log import logger
from twinmatch.status import Limit

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.solvers.engine import Market
    from twinmatch.solvers.journal import Journal

__all__ = ["Cancel", "Control", "Progress", "Stopped", "named", "of_pairs"]

T = TypeVar("T")

_TICK_S = 0.02
#: A thread that has not begun after this long, when its start was interrupted, never will.
_BIRTH_S = 1.0
_PROGRESS_S = 0.1
#: What comes out in the last moment before a deadline may be an answer in a hurry.
_MOMENT_S = 0.1


class Cancel(Protocol):
    """Whatever can be asked whether to stop: a :class:`threading.Event`, for one."""

    def is_set(self) -> bool:
        """Return whether the work should stop."""


class Stopped(Exception):  # noqa: N818 (what happened, not an error)
    """The deadline passed or the caller cancelled; ``limit`` says which."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self.limit = limit


@dataclass(frozen=True)
class Progress:
    """
    How far a solve has come.

    Parameters
    ----------
    phase : str
        What is being done: ``"coverage"``, ``"tree"``, ``"levels"``, ``"auction"`` or ``"exact"``; in a pass
        over all pairs ``"check"`` or ``"blocking pairs"``.
    matched : int
        Left schools that have a partner at the moment.
    objective, bound : int or None
        Points of the best matching so far, and what no matching can exceed; None before the first, and in a
        pass over all pairs, which takes none of them for granted.
    gap : int or None
    relative_gap : float or None
    elapsed_s : float
        Seconds since the call.
    pairs_done, pairs_total : int or None
        In a pass over all pairs, those that were evaluated, or excluded, so far, and how many there are. A
        check may make several passes, and each counts anew. None elsewhere.
    """

    phase: str
    matched: int = 0
    objective: int | None = None
    bound: int | None = None
    gap: int | None = None
    relative_gap: float | None = None
    elapsed_s: float = 0.0
    pairs_done: int | None = None
    pairs_total: int | None = None


@dataclass
class Control:
    """
    What may stop a solve, and who wants to hear of it.

    Parameters
    ----------
    deadline : float or None
        Seconds from ``started``.
    gap : float
        A relative gap that is good enough.
    threads : int
    on_progress : callable or None
        Called with a :class:`Progress` about ten times a second, and at the end of every phase.
    cancel : Cancel or None
    started : float
        When the call began, by :func:`time.monotonic`.
    """

    deadline: float | None = None
    gap: float = 0.0
    threads: int = 1
    on_progress: Callable[[Progress], object] | None = None
    cancel: Cancel | None = None
    started: float = field(default_factory=time.monotonic)
    flag: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros(1, np.uint8))
    counters: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    seconds: dict[str, float] = field(default_factory=dict)
    #: What the parts of the problem that are not being worked on add: matched, objective, bound.
    elsewhere: tuple[int, int, int] = (0, 0, 0)
    now: Progress = field(default_factory=lambda: Progress("coverage"))
    #: What has stopped the work for good, whatever the caller's flag says later.
    stopped: Limit | None = None
    #: What was found before and need not be found again, where the run keeps a journal.
    journal: Journal | None = None
    #: Makes a market whose large searches are done by others, where the run has an executor.
    spread: Callable[[Market], Market] | None = None

    @property
    def elapsed_s(self) -> float:
        """Seconds since the call."""
        return time.monotonic() - self.started

    def limit(self) -> Limit | None:
        """Return what asks the solve to stop, if anything does."""
        if self.stopped is not None:
            return self.stopped
        if self.cancel is not None and self.cancel.is_set():
            return Limit.CANCELLED
        if self.deadline is not None and self.elapsed_s >= self.deadline:
            return Limit.DEADLINE
        return None

    def look_up(self) -> None:
        """
        Raise where something asks the solve to stop.

        Raises
        ------
        Stopped
        """
        limit = self.limit()
        if limit is not None:
            raise self._stopped(limit)

    def tell(self, **changes: object) -> None:
        """Change what is known of the progress, and report it."""
        self.now = replace(self.now, **changes)  # type: ignore[arg-type]  # field names, checked by replace
        self._report()

    def found(self, matched: int, objective: int, bound: int) -> None:
        """Report the numbers of the part that is being worked on, together with those of the others."""
        matched, objective, bound = (
            a + b for a, b in zip((matched, objective, bound), self.elsewhere, strict=True)
        )
        gap = bound - objective
        self.tell(
            matched=matched,
            objective=objective,
            bound=bound,
            gap=gap,
            relative_gap=gap / max(1, abs(bound)),
        )

    def is_stopping(self) -> bool:
        """Whether something asks the solve to stop, or will in a moment."""
        if self.deadline is not None and self.elapsed_s >= self.deadline - _MOMENT_S:
            return True
        return self.limit() is not None

    def kept(self, name: str, task: Callable[[], T], *classes: type) -> T:
        """
        Return what a task returns, or returned before the run was killed.

        Where the run keeps no journal, that is all. Otherwise see :mod:`twinmatch.solvers.journal`: what the
        task returns must depend on nothing but the question, and be made of plain types, arrays, and
        ``classes``.
        """
        return task() if self.journal is None else self.journal.kept(name, task, classes)

    def _stopped(self, limit: Limit) -> Stopped:
        if self.journal is not None:
            self.journal.freeze()
        return Stopped(limit)

    def run(self, phase: str, task: Callable[[], T], *, stop: Callable[[], object] | None = None) -> T:
        """
        Run compiled work in a thread, and stop it when the caller wants it to.

        With ``stop``, somebody else's work that does not look at the flag is asked so to come to its end, and
        may still return what it has.

        Raises
        ------
        Stopped
            If the deadline passed or the caller cancelled, before or during the work.
        """
        self.look_up()
        if self.deadline is None and self.cancel is None and self.on_progress is None:
            started = time.monotonic()
            try:
                return task()
            finally:
                self._spend(phase, time.monotonic() - started)
        return self._watched(phase, task, stop)

    def _watched(self, phase: str, task: Callable[[], T], stop: Callable[[], object] | None) -> T:
        results: list[T] = []
        errors: list[BaseException] = []
        done = threading.Event()

        def work() -> None:
            try:
                results.append(task())
            except BaseException as error:  # raised again below, in the caller's thread
                errors.append(error)
            finally:
                done.set()

        self.flag[0] = 0
        self.now = replace(self.now, phase=phase)
        started = time.monotonic()
        thread = threading.Thread(target=work, name="twinmatch-solve", daemon=True)
        limit = None
        reported = started
        try:
            _start(thread, done)
            # Not thread.join(): a Ctrl-C inside it makes Python 3.11 take a working thread for an ended one.
            while not done.wait(_TICK_S):
                limit = limit or self.limit()
                if limit is not None:
                    self.flag[0] = 1
                    if stop is not None:
                        stop()
                elif time.monotonic() - reported >= _PROGRESS_S:
                    self.now = replace(self.now, matched=int(self.counters[0]) + self.elsewhere[0])
                    self._report()
                    reported = time.monotonic()
        finally:
            # A callback that raises stops the work before its error goes on.
            self.flag[0] = 1
            if stop is not None:
                stop()
            _await(thread, done)
            self.flag[0] = 0
            self._spend(phase, time.monotonic() - started)
        if errors and isinstance(errors[0], _core.Cancelled) and limit is not None:
            raise self._stopped(limit)
        if errors:
            raise errors[0]
        return results[0]

    def _spend(self, phase: str, seconds: float) -> None:
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds
        logger.debug("phase %s: %.3f s", phase, seconds)

    def _report(self) -> None:
        if self.on_progress is not None:
            self.now = replace(self.now, elapsed_s=self.elapsed_s)
            self.on_progress(self.now)


def named(listener: Callable[[Progress], object] | None, name: str) -> Callable[[Progress], object] | None:
    """Return a listener that is told whose progress it is, where somebody listens."""
    if listener is None:
        return None

    def hear(now: Progress) -> object:
        return listener(replace(now, phase=f"{name}: {now.phase}"))

    return hear


def of_pairs(
    listener: Callable[[Progress], object] | None, phase: str, matched: int, started: float
) -> Callable[[int, int], object] | None:
    """Return what a pass over all pairs, which counts them, can tell, where somebody listens."""
    if listener is None:
        return None

    def hear(done: int, total: int) -> object:
        elapsed_s = time.monotonic() - started
        return listener(Progress(phase, matched, elapsed_s=elapsed_s, pairs_done=done, pairs_total=total))

    return hear


def _start(thread: threading.Thread, done: threading.Event) -> None:
    try:
        thread.start()
    except RuntimeError:  # the system has no thread left: there is nothing to wait for
        done.set()
        raise


def _await(thread: threading.Thread, done: threading.Event) -> None:
    """Wait for the end of a thread; a Ctrl-C meanwhile is raised when it is over."""
    interrupt = None
    while not done.is_set() or thread.is_alive():
        try:
            if not done.wait(_BIRTH_S) and thread.ident is None:
                break  # the Ctrl-C came before the thread did
            thread.join()
        except KeyboardInterrupt as caught:
            interrupt = caught
    if interrupt is not None:
        raise interrupt
