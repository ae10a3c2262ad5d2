"""How many threads a call may use."""

from __future__ import annotations

import os
from numbers import Integral

from twinmatch.errors import Fault, InputError

__all__ = ["MOST_THREADS", "cores", "number_of", "thread_faults"]

#: More than this are a slip: no machine has so many cores, and a system may end a process that asks for them.
MOST_THREADS = 1024


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_faults(threads: object) -> list[Fault]:
    """Return what is wrong with a number of threads; None stands for all cores."""
    is_number = isinstance(threads, Integral) and not isinstance(threads, bool)
    if threads is None or (is_number and 1 <= threads <= MOST_THREADS):  # type: ignore[operator]
        return []
    return [Fault("threads", f"must be a whole number from 1 to {MOST_THREADS:,}, not {threads!r}")]


def number_of(threads: int | None) -> int:
    """
    Return a number of threads, all cores for None.

    Raises
    ------
    InputError
        If it is not a whole number from 1 to ``MOST_THREADS``.
    """
    faults = thread_faults(threads)
    if faults:
        raise InputError("options", faults)
    return cores() if threads is None else int(threads)
