"""Ctrl-C as a request that a long computation answers, so that what was found is not lost."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ctrl_c_asks"]

_ONE_REQUEST_S = 1.0


@contextmanager
def ctrl_c_asks() -> Iterator[threading.Event]:
    """
    Let Ctrl-C set the event that is yielded, and a second one interrupt as usual.

    What comes within a second of the first is the same request: a terminal and a parent process often
    both pass one on. Outside the main thread, where Python lets nobody set a signal handler, the event is
    never set.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    first = 0.0

    def ask(_number: int, _frame: object) -> None:
        nonlocal first
        if not asked.is_set():
            first = time.monotonic()
            asked.set()
        elif time.monotonic() - first > _ONE_REQUEST_S:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
