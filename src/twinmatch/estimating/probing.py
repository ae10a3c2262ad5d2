"""
How long a run will take, from small runs of the same kind.

Problem
    Time depends on the machine and what else it does, on how alike schools are, on how many want the same
    partner. No formula knows these.
Idea
    Thin the real market to 500 to 1,000 left schools, and right ones in proportion, then to twice as many.
    Each is solved by the real code, on one thread, for as long as the next one is expected to end within the
    budget. The last one tells the pace, in seconds of the processor, which other processes cannot stretch;
    from there to the whole, time grows with a power of the number of left schools.
The power
    1.15 up to 20,000 left schools and 1.5 beyond, where searches leave the caches: fitted on thinned
    registers and markets of 4,000 to 60,000 left schools, checked on the instances of the benchmarks. Three
    things are not seen in a thinned market: that many want the same partners counts for more in a large one;
    what few places cost, and what quotas cost, for which there are measured factors.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinmatch.estimating.result import Probe

__all__ = ["BUDGET_S", "PATIENCE_S", "Law", "Watch", "at_threads", "grow", "times_quotas"]

#: Seconds for all that is tried: of the processor, and by the clock on the wall.
BUDGET_S = PATIENCE_S = 1.0
#: Left nodes of the first market.
_FIRST = 500
#: The next market is twice as large, and is expected to take so many times as long.
_NEXT = 2.5
#: The share of a run that one thread does alone.
_ALONE = 0.3
#: So many left nodes are many.
_MANY = 20_000


class Watch:
    """
    A watch that stands still while others have the processor.

    What is tried runs on one thread, so its time is that of the processor; a process that does other work
    meanwhile would count that too, and then the clock on the wall is nearer.
    """

    def __init__(self) -> None:
        self._began = time.monotonic(), time.process_time()

    @property
    def seconds(self) -> float:
        """Seconds since the watch was made."""
        wall, processor = self._began
        return min(time.monotonic() - wall, time.process_time() - processor)


def at_threads(threads: int) -> float:
    """Return what a run on so many threads takes of its time on one."""
    return _ALONE + (1 - _ALONE) / threads


class Law(NamedTuple):
    """
    How time grows.

    Attributes
    ----------
    few, many : float
        The power of the number of left nodes, up to ``_MANY`` and beyond.
    """

    few: float = 1.15
    many: float = 1.5

    def factor(self, tried: int, whole: int) -> float:
        """Return how many times as long the whole takes."""
        low, high = min(tried, _MANY), min(whole, _MANY)
        far_low, far_high = max(tried, _MANY), max(whole, _MANY)
        return float((high / low) ** self.few * (far_high / far_low) ** self.many)


def grow(
    num_left: int, solve: Callable[[int, float], Probe | None], *, whole: bool = True
) -> tuple[Probe, ...]:
    """
    Solve ever larger markets, for as long as the budget lasts.

    Parameters
    ----------
    num_left : int
        Left nodes of the whole.
    solve : callable
        Solves every so manieth node within so many seconds; None where the time was up.
    whole : bool
        Whether the whole may be tried.

    Returns
    -------
    tuple of Probe
        Those that ended.
    """
    began, watch, last_s = time.monotonic(), Watch(), 0.0
    every = 1 << (max(1, num_left // _FIRST).bit_length() - 1)
    found: list[Probe] = []
    while every > 1 or whole:
        left_s = PATIENCE_S - (time.monotonic() - began)
        spent = found[-1].seconds if found else 0.0
        if _NEXT * last_s > left_s or watch.seconds + _NEXT * spent > BUDGET_S:
            break
        started = time.monotonic()
        probe = solve(every, left_s)
        last_s = time.monotonic() - started
        if probe is None:
            break
        found.append(probe)
        if every == 1:
            break
        every //= 2
    return tuple(found)


def times_quotas(number: int, cross: bool) -> float:
    """
    Return how many times as long a run takes under quotas as without.

    On the whole registers 6 nested quotas took 2.1 times as long and 71 took 7.1 times; 210 that cross
    took 6.9 times (to the gap that is certified there), and 42 with a national floor across them 14.7 times.
    """
    if not number:
        return 1.0
    return 10.0 if cross else max(1.0, 0.95 * number**0.47)
