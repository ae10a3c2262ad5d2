"""Ctrl-C as a request that a long computation answers, so that what was found is not lost."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ctrl_c_asks"]


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
