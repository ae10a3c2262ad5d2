"""
Work for a few threads, one run after the other, never more waiting than is allowed.

Threads are few and stay: starting one per request would let as many solves compete as there are clients, and
each new thread may take memory of its own from the system and keep it.
"""

from __future__ import annotations

import queue
import threading
import uuid
from collections import OrderedDict
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Full", "Run", "Runs"]


class Full(Exception):  # noqa: N818 (what happened)
    """As many runs wait as may."""


class Run:
    """
    A piece of work, and in ``future`` what came of it.

    ``work(run)`` is called by a thread, looks at ``run.cancel`` and may write ``run.progress``.
    """

    def __init__(self, work: Callable[[Run], Any]) -> None:
        self.id = uuid.uuid4().hex
        self.work = work
        self.cancel = threading.Event()
        self.progress: Any = None
        self.future: Future[Any] = Future()

    @property
    def state(self) -> str:
        """``waiting``, ``running``, ``done``, ``failed`` or ``cancelled`` (before it began)."""
        if self.future.cancelled():
            return "cancelled"
        if self.future.done():
            return "failed" if self.future.exception() else "done"
        return "running" if self.future.running() else "waiting"

    def stop(self) -> None:
        """Ask the run to stop; one that waits never begins."""
        self.cancel.set()
        self.future.cancel()


class Runs:
    """
    A bounded queue and the threads that empty it.

    Parameters
    ----------
    workers : int
        Runs at the same time.
    waiting : int
        Runs that may wait; one more is refused.
    keep : int
        Runs that are remembered when they are over, the last ones.
    """

    def __init__(self, workers: int = 2, waiting: int = 16, keep: int = 100) -> None:
        self._queue: queue.Queue[Run | None] = queue.Queue(waiting)
        self._keep = keep
        self._known: OrderedDict[str, Run] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False
        self._running: set[Run] = set()
        self._threads = [threading.Thread(target=self._serve, name=f"run-{k}") for k in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[[Run], Any], *, remember: bool = False) -> Run:
        """
        Return a run that waits for a thread; one that is remembered is found by its id later.

        Raises
        ------
        Full
            If too many wait already, or the service is about to end.
        """
        run = Run(work)
        with self._lock:
            if self._closed:
                raise Full
            try:
                self._queue.put_nowait(run)
            except queue.Full:
                raise Full from None
            if remember:
                self._known[run.id] = run
                self._forget()
        return run

    def find(self, name: str) -> Run | None:
        """Return a run that is remembered."""
        return self._known.get(name)

    @property
    def waiting(self) -> int:
        """Runs that wait for a thread."""
        return self._queue.qsize()

    @property
    def running(self) -> int:
        """Runs that a thread is at."""
        return len(self._running)

    def close(self) -> None:
        """Take no more runs, stop those there are, and wait for the threads."""
        with self._lock:
            self._closed = True
            for run in self._running:
                run.stop()
        for _ in self._threads:
            self._queue.put(None)  # behind those that wait, which end as soon as they begin
        for thread in self._threads:
            thread.join()

    def _forget(self) -> None:
        over = [name for name, run in self._known.items() if run.future.done()]
        for name in over[: max(0, len(over) - self._keep)]:
            del self._known[name]

    def _serve(self) -> None:
        while (run := self._queue.get()) is not None:
            with self._lock:
                self._running.add(run)
                if self._closed:
                    run.stop()
            if run.future.set_running_or_notify_cancel():
                try:
                    run.future.set_result(run.work(run))
                except CancelledError:
                    run.future.set_exception(RuntimeError("the work was cancelled from inside"))
                except BaseException as error:  # whoever waits for the run hears of it
                    run.future.set_exception(error)
            with self._lock:
                self._running.discard(run)
            del run  # a thread that waits for work holds no result
