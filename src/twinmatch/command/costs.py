"""What a run takes: seconds by phase, and memory."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["peak_mb", "timed"]

T = TypeVar("T")


def timed(seconds: dict[str, float], phase: str, task: Callable[[], T]) -> T:
    """Run ``task`` and write its wall time into ``seconds``."""
    started = time.perf_counter()
    try:
        return task()
    finally:
        seconds[phase] = time.perf_counter() - started


def peak_mb() -> float:
    """Return the most memory that the process held at once, in millions of bytes."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, Linux kibibytes.
    return round((peak if sys.platform == "darwin" else peak * 1024) / 1e6, 1)
