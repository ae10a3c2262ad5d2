"""Ctrl-C as a request that a long computation answers, so that what was found is not lost."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["ctrl_c_asks", "heard"]

T = TypeVar("T")


@contextmanager
def ctrl_c_asks() -> Iterator[threading.Event]:
    """
    Let the first Ctrl-C set the event that is yielded, and the second one end the program as usual.

    Outside the main thread, where Python lets nobody set a signal handler, the event is never set.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.getsignal(signal.SIGINT)

    def ask(_number: int, _frame: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def heard(task: Callable[[], T]) -> T:
    """
    Run ``task`` in a thread of its own, wait for it, and return what it returns.

    Python runs signal handlers in the main thread, between two of its instructions: a main thread inside
    compiled code would not hear Ctrl-C. One that waits for another thread does.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(task())
        except BaseException as error:  # raised again below, where the caller is
            errors.append(error)

    thread = threading.Thread(target=run, name="twinmatch", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
