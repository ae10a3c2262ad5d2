"""
Executors: who does the work, and how shards come to them.

What is asked of an executor
    Make shards out of packs; run a plain function on each of some shards; stop waiting when somebody says so.
    Answers are in the order of the shards, whoever gave them and whenever.
Threads
    Shards are in memory already.
Processes
    Packs are written to a temporary folder, which the processes map into memory. A process keeps the shards
    that it has loaded for as long as their folder is there. Arrays of questions and answers go the same way
    (:mod:`twinmatch.spreading.letters`), so that a message is short, whoever is killed while it is sent.
Dask
    Shards are made by tasks and stay with the workers (:mod:`twinmatch.spreading.cluster`).
"""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import numpy as np

from twinmatch.errors import ExecutorError, Fault, InputError, TwinMatchError
from twinmatch.spreading.letters import Letter, folder_for_letters, opened, posted
from twinmatch.spreading.packing import Pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

__all__ = ["DaskClient", "Engine", "Pool", "engine_of", "gathered", "ignored", "in_words"]

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
        return Pool(executor)
    if all(callable(getattr(executor, name, None)) for name in ("submit", "gather", "scheduler_info")):
        from twinmatch.spreading.cluster import Cluster

        return Cluster(executor)
    if all(callable(getattr(executor, name, None)) for name in ("build", "ask", "close")):
        return cast("Engine", executor)
    what = (
        f"must be a concurrent.futures.Executor or a dask.distributed.Client, not {type(executor).__name__}"
    )
    hint = "Make one with concurrent.futures.ThreadPoolExecutor() or ProcessPoolExecutor()."
    raise InputError("options", [Fault("executor", what, hint=hint)])


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
    left, failed = [len(futures)], []

    def count(place: int, future: Any) -> None:
        wrong = _went_wrong(future)
        with lock:
            left[0] -= 1
            if not wrong:
                tell(place)
            if wrong:
                failed.append(future)
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
        _give_up(futures, error)
        raise


def _give_up(futures: Sequence[Future], error: BaseException) -> None:
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
            "call again with a new one; with checkpoint= the run goes on where it was"
        )
    if "Cancelled" in name:
        return (
            "the executor gave up work that was asked of it, as when it is shut down or its scheduler is "
            "lost: call again with another one; with checkpoint= the run goes on where it was"
        )
    if "KilledWorker" in name:
        return f"one worker after another ended in the middle of the work, most likely out of memory: {error}"
    return f"a worker failed: {name}: {error}"


class Pool:
    """
    Threads or processes of this machine.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        One that is no pool of threads needs to reach the temporary folder of this machine.
    """

    def __init__(self, executor: concurrent.futures.Executor) -> None:
        self._executor = executor
        self._folders: list[Path] = []

    @property
    def workers(self) -> int:
        """How many threads or processes there are."""
        return int(getattr(self._executor, "_max_workers", None) or os.cpu_count() or 1)

    def build(self, make: Callable[[Pack, Pack], Any], left: Iterable[Pack], right: Pack) -> list[Any]:
        """Return the shards, or where processes find them."""
        if self._is_here:
            return [make(one, right) for one in left]
        folder = folder_for_letters()
        self._folders.append(folder)
        whole = _written(folder, right)
        return [_OnDisk(make, _written(folder, one), whole) for one in left]

    def ask(
        self,
        function: Callable[..., T],
        asked: Sequence[tuple[Any, tuple[Any, ...]]],
        common: tuple[Any, ...],
        look: Callable[[], object],
        tell: Callable[[int], object] = ignored,
    ) -> list[T]:
        """Return the answers; see :class:`Engine`."""
        if self._is_here:
            return self._heard([(_run, function, handle, own, common) for handle, own in asked], look, tell)
        folder, letters, tasks = self._folders[-1], [], []
        try:
            letters.append(shared := posted(common, folder))
            for handle, own in asked:
                letters.append(posted(own, folder))
                tasks.append((_by_letter, function, handle, letters[-1], shared))
            answers = self._heard(tasks, look, tell)
            letters += answers
            return [opened(answer) for answer in answers]
        finally:
            for letter in letters:
                letter.remove()

    def close(self) -> None:
        """Remove the files."""
        while self._folders:
            shutil.rmtree(_renamed(self._folders.pop()), ignore_errors=True)

    @property
    def _is_here(self) -> bool:
        return isinstance(self._executor, concurrent.futures.ThreadPoolExecutor)

    def _heard(
        self, tasks: Iterable[tuple[Any, ...]], look: Callable[[], object], tell: Callable[[int], object]
    ) -> list[Any]:
        """Return what tasks, each a function and its arguments, return."""
        futures: list[Any] = []

        def look_twice() -> None:
            look()
            # A pool that breaks forgets what it is asked at that moment; what it is asked next, it refuses.
            if getattr(self._executor, "_broken", False) and not all(one.done() for one in futures):
                in_words(lambda: self._executor.submit(ignored, 0))

        try:
            for task in tasks:
                futures.append(in_words(lambda task=task: self._executor.submit(*task)))  # type: ignore[misc]
        except BaseException as error:
            _give_up(futures, error)
            raise
        return gathered(futures, look_twice, tell)


class _OnDisk:
    """A shard in files: sent as their names, loaded by whoever works on it, and kept there."""

    def __init__(self, make: Callable[[Pack, Pack], Any], left: Letter, right: Letter) -> None:
        self.make, self.left, self.right = make, left, right

    def load(self) -> Any:
        key = (self.make.__qualname__, self.left.path)
        with _lock:
            for name in [name for name in _loaded if not os.path.exists(name[1])]:
                del _loaded[name]  # of a run that is over
            if key not in _loaded:
                _loaded[key] = self.make(_read(self.left), _read(self.right))
            return _loaded[key]


_loaded: dict[tuple[str, str], Any] = {}
_lock = threading.Lock()


def _run(function: Callable[..., T], shard: Any, own: tuple[Any, ...], common: tuple[Any, ...]) -> T:
    # In words here already: not every error can be sent to another process.
    return in_words(lambda: function(shard, *own, *common))


def _by_letter(function: Callable[..., Any], handle: _OnDisk, own: Letter, common: Letter) -> Letter:
    def answer() -> Letter:
        found = function(handle.load(), *opened(own), *opened(common))
        return posted(found, os.path.dirname(own.path))

    return in_words(answer)


def _written(folder: Path, pack: Pack) -> Letter:
    return posted((np.frombuffer(pack.header.encode("ascii"), np.uint8), pack.blob), folder)


def _read(letter: Letter) -> Pack:
    header, blob = opened(letter)
    return Pack(header.tobytes().decode("ascii"), blob)


def _renamed(folder: Path) -> Path:
    """Give a folder a name that no process writes to any more, so that it can be emptied."""
    try:
        return folder.rename(f"{folder}-over")
    except OSError:  # it is gone, or the system keeps a folder whose files are in use
        return folder
