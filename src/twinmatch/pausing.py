"""
Moments at which work in Python may be stopped, without a parameter through every function.

A call that can be cancelled says by :func:`stopping` who is to be asked; long loops below it call
:func:`pause` now and then. Outside such a call a pause does nothing. What is asked is kept by context, so
threads and tasks do not hear of each other.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["pause", "stopping"]

_ask: ContextVar[Callable[[], object] | None] = ContextVar("twinmatch_pause", default=None)


@contextmanager
def stopping(ask: Callable[[], object]) -> Iterator[None]:
    """Let every :func:`pause` below call ``ask``, which raises where the work is to stop."""
    token = _ask.set(ask)
    try:
        yield
    finally:
        _ask.reset(token)


def pause() -> None:
    """Look up: whoever asked for it may raise here."""
    ask = _ask.get()
    if ask is not None:
        ask()
