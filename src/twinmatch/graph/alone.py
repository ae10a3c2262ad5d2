"""
One compiled graph, one caller at a time.

A compiled graph knows the prices that it was told last, so two callers would answer each other's questions.
Whoever comes while it is in use gets a twin: the same pairs, a tree of its own. Twins are kept for the next.
"""

from __future__ import annotations

import copy
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from twinmatch.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

__all__ = ["Alone"]

_OWN = ("core", "core_transposed", "_busy", "_idle")


class Alone:
    """A graph that several threads may use at once."""

    @lazily
    def _busy(self) -> threading.RLock:
        return threading.RLock()

    @lazily
    def _idle(self) -> list[Self]:
        return []

    @contextmanager
    def alone(self) -> Iterator[Self]:
        """Lend the graph, or a twin of it while another thread has it."""
        busy = self._busy
        if busy.acquire(blocking=False):
            try:
                yield self
            finally:
                busy.release()
            return
        idle = self._idle
        try:
            twin = idle.pop()
        except IndexError:
            twin = copy.copy(self)
            for name in _OWN:
                vars(twin).pop(name, None)
        try:
            yield twin
        finally:
            idle.append(twin)
