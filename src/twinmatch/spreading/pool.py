"""
Threads and processes of this machine.

Threads
    Shards are in memory already.
Processes
    Packs are written to a temporary folder, which the processes map into memory. A process keeps the shards
    that it has loaded for as long as their folder is there. Arrays of questions and answers go the same way
    (:mod:`twinmatch.spreading.letters`), so that a message is short, whoever is killed while it is sent.
"""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from twinmatch.spreading.engines import gathered, give_up, ignored, in_words
from twinmatch.spreading.letters import Letter, folder_for_letters, opened, posted
from twinmatch.spreading.packing import Pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

__all__ = ["Pool"]

T = TypeVar("T")


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
            return in_words(lambda: [opened(answer, mapped=False) for answer in answers])
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
            give_up(futures, error)
            raise
        return gathered(futures, look_twice, tell)


class _OnDisk:
    """A shard in files: sent as their names, loaded by whoever works on it, and kept there."""

    def __init__(self, make: Callable[[Pack, Pack], Any], left: Letter, right: Letter) -> None:
        self.make, self.left, self.right = make, left, right

    def load(self) -> Any:
        with _lock:
            for name in [name for name in _loaded if not os.path.exists(name[1])]:
                del _loaded[name]  # of a run that is over
            while len(_loaded) > _MOST_LOADED:
                del _loaded[next(iter(_loaded))]
            right = _kept(("right", self.right.path), lambda: _read(self.right))
            make = self.make
            return _kept((make.__qualname__, self.left.path), lambda: make(_read(self.left), right))


#: Shards that a process keeps: each has a file open, and a system may allow a thousand.
_MOST_LOADED = 256
_loaded: dict[tuple[str, str], Any] = {}
_lock = threading.Lock()


def _kept(key: tuple[str, str], make: Callable[[], Any]) -> Any:
    if key not in _loaded:
        _loaded[key] = make()
    return _loaded[key]


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
