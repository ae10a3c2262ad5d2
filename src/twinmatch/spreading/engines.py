"""
Executors: who does the work, and how shards come to them.

What is asked of an executor
    Make shards out of packs; run a plain function on each of some shards; stop waiting when somebody says so.
    Answers are in the order of the shards, whoever gave them and whenever.
Threads and processes of this machine
    :mod:`twinmatch.spreading.pool`.
Dask
    Shards are made by tasks and stay with the workers (:mod:`twinmatch.spreading.cluster`).
"""

from __future__ import annotations

import concurrent.futures
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from twinmatch.errors import ExecutorError, Fault, InputError, TwinMatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from twinmatch.spreading.packing import Pack

__all__ = [
    "DaskClient",
    "Engine",
    "engine_of",
    "executor_faults",
    "gathered",
    "give_up",
    "ignored",
    "in_words",
]

T = TypeVar("T")

#: How often whoever waits for answers looks whether to go on.
_LOOK_S = 0.02


class DaskClient(Protocol):
    """What is needed of a ``dask.distributed.Client``."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Return a future of what a worker returns."""

    def gather(self, futures: Any, /) -> Any:
        """Return results."""

    def scheduler_info(self) -> Any:
        """Return what is known of the workers."""


def ignored(_: int) -> None:
    """Nobody wants to know."""


class Engine(Protocol):
    """Somebody who does the work; whoever has these methods may be given as ``executor=``."""

    @property
    def workers(self) -> int:
        """How many shards can be worked on at a time, about."""

    def build(self, make: Callable[[Pack, Pack], Any], left: Iterable[Pack], right: Pack) -> list[Any]:
        """
        Return a handle of each shard ``make(left, right)``.

        Runs under quotas go through several markets: handles of all of them are good until the end.
        """

    def ask(
        self,
        function: Callable[..., T],
        asked: Sequence[tuple[Any, tuple[Any, ...]]],
        common: tuple[Any, ...],
        look: Callable[[], object],
        tell: Callable[[int], object] = ...,
    ) -> list[T]:
        """
        Return ``function(shard, *own, *common)`` for each handle and its own arguments.

        ``look`` is called about fifty times a second; what it raises ends the waiting. ``tell`` is called
        with the place of each handle whose answer has come, in any order.
        """

    def close(self) -> None:
        """Let go of what :meth:`build` made."""


def engine_of(executor: object) -> Engine:
    """
    Return the engine of an executor; what has the methods of one is one.

    Raises
    ------
    InputError
        If it is none.
    """
    if isinstance(executor, concurrent.futures.Executor):
        from twinmatch.spreading.pool import Pool

        return Pool(executor)
    if all(callable(getattr(executor, name, None)) for name in ("submit", "gather", "scheduler_info")):
        from twinmatch.spreading.cluster import Cluster

        return Cluster(executor)
    if all(callable(getattr(executor, name, None)) for name in ("build", "ask", "close")):
        return cast("Engine", executor)
    raise InputError("options", executor_faults(executor))


def executor_faults(executor: object) -> list[Fault]:
    """Return what is wrong with an executor: it is none."""
    ways = (("submit", "gather", "scheduler_info"), ("build", "ask", "close"))
    if isinstance(executor, concurrent.futures.Executor) or any(
        all(callable(getattr(executor, name, None)) for name in names) for names in ways
    ):
        return []
    what = (
        f"must be a concurrent.futures.Executor or a dask.distributed.Client, not {type(executor).__name__}"
    )
    hint = "Make one with concurrent.futures.ThreadPoolExecutor() or ProcessPoolExecutor()."
    return [Fault("executor", what, hint=hint)]


class Future(Protocol):
    """What a ``submit`` returns, here and with Dask."""

    def add_done_callback(self, function: Callable[[Any], object], /) -> object:
        """Call a function with this future once there is a result."""

    def result(self) -> Any:
        """Return the result, or raise what the work raised."""

    def cancel(self) -> object:
        """Ask not to begin with it."""


def gathered(
    futures: Sequence[Future], look: Callable[[], object], tell: Callable[[int], object] = ignored
) -> list[Any]:
    """
    Return the results in order; cancel what is left as soon as one fails or ``look`` raises.

    Parameters
    ----------
    futures : sequence of futures
    look : callable
        Called about fifty times a second.
    tell : callable
        Called with the place of each future whose result has come.

    Raises
    ------
    TwinMatchError
        One that the work has raised.
    ExecutorError
        If the work raised anything else, or whoever did it is gone.
    """
    ended, lock = threading.Event(), threading.Lock()
    left = [len(futures)]
    failed: list[Future] = []

    def count(place: int, future: Any) -> None:
        wrong = _went_wrong(future)
        with lock:
            left[0] -= 1
            if not wrong:
                tell(place)
            if wrong:
                failed.append(futures[place])
            if wrong or left[0] == 0:
                ended.set()

    try:
        for place, future in enumerate(futures):
            future.add_done_callback(partial(count, place))
        while futures and not ended.wait(_LOOK_S):
            look()
        look()
        return [in_words(future.result) for future in (*failed[:1], *futures)][len(failed[:1]) :]
    except BaseException as error:
        give_up(futures, error)
        raise


def give_up(futures: Sequence[Future], error: BaseException) -> None:
    """Cancel what is left, but of a broken pool, which fails all of them and stumbles over cancelled ones."""
    if not isinstance(error.__cause__, concurrent.futures.BrokenExecutor):
        for future in futures:
            future.cancel()


def _went_wrong(future: Any) -> bool:
    status = getattr(future, "status", None)  # Dask's way to say it
    if status is not None:
        return bool(status != "finished")
    return future.cancelled() or future.exception() is not None


def in_words(task: Callable[[], T]) -> T:
    """Return what a task returns; errors of workers and of the way to them are told in words."""
    try:
        return task()
    except (TwinMatchError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # Dask's cancelled futures raise no Exception
        raise ExecutorError(_what_happened(error), type(error).__name__) from error


def _what_happened(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, concurrent.futures.BrokenExecutor):
        return (
            "a process of the executor ended abruptly (killed, or out of memory, or started by a script "
            "without `if __name__ == '__main__':`), and it takes no more work: "
            "call again with a new one; a match with checkpoint= goes on where it was"
        )
    if "Cancelled" in name:
        return (
            "the executor gave up work that was asked of it, as when it is shut down or its scheduler is "
            "lost: call again with another one; a match with checkpoint= goes on where it was"
        )
    if "KilledWorker" in name:
        return f"one worker after another ended in the middle of the work, most likely out of memory: {error}"
    return f"a worker failed: {name}: {error}"
