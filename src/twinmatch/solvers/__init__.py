"""Solvers: they see nodes, points and prices, and have never heard of schools."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING

from twinmatch.errors import Fault, InputError
from twinmatch.graph.scored import ScoredGraph, cores
from twinmatch.solvers.control import Cancel, Control, Progress
from twinmatch.solvers.national import Solution, solve_schools

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinmatch.graph.called import CalledGraph

__all__ = ["Progress", "Solution", "check_options", "solve"]


def solve(
    graph: ScoredGraph | CalledGraph,
    *,
    deadline: float | None = None,
    gap: float = 0,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
    seed: int = 0,
) -> Solution:
    """
    Pair as many left nodes as possible, and among all such matchings find the most points.

    Parameters
    ----------
    graph : ScoredGraph or CalledGraph
        What :func:`twinmatch.compile` returns.
    deadline : float, optional
        Stop after this many seconds.
    gap : float, optional
        Stop when ``(bound - objective) / max(1, abs(bound))`` is at most this.
    threads : int, optional
        As many as this process has cores. The result is the same for any number.
    on_progress : callable, optional
        Called with a :class:`Progress` about ten times a second, in the caller's thread.
    cancel : object with ``is_set()``, optional
        Asked about fifty times a second whether to stop.
    seed : int, optional
        Taken for symmetry with mechanisms that draw lots; this one draws none.

    Returns
    -------
    Solution
        With a valid bound, whatever stopped the run.

    Raises
    ------
    InputError
        If an option is out of range, with every fault.
    PointsRangeError
        If prices leave the exact range, which points below 2**20 do not do in practice.

    Notes
    -----
    Exact integer arithmetic. The auction is that of Bertsekas (Comput. Optim. Appl. 1, 1992), the finish
    shortest augmenting paths (Burkard, Dell'Amico, Martello, *Assignment Problems*, SIAM 2009, ch. 4).
    """
    check_options(deadline, gap, threads, seed)
    control = Control(deadline, float(gap), int(threads or cores()), on_progress, cancel)
    if not isinstance(graph, ScoredGraph):
        from twinmatch.solvers.called import solve_called

        return solve_called(graph, control)
    return solve_schools(graph, control)


def check_options(deadline: float | None, gap: float, threads: int | None, seed: int) -> None:
    """
    Refuse options of :func:`solve` that are out of range.

    Raises
    ------
    InputError
        With every fault.
    """
    faults = []
    if deadline is not None and not (_is(deadline, Real) and deadline >= 0 and math.isfinite(deadline)):
        faults.append(Fault("deadline", f"must be seconds, 0 or more, not {deadline!r}"))
    if not (_is(gap, Real) and 0 <= gap < 1):
        faults.append(Fault("gap", f"must be from 0 up to 1, not {gap!r}"))
    if threads is not None and not (_is(threads, Integral) and threads >= 1):
        faults.append(Fault("threads", f"must be a whole number of 1 or more, not {threads!r}"))
    if not _is(seed, Integral):
        faults.append(Fault("seed", f"must be a whole number, not {seed!r}"))
    if faults:
        raise InputError("options", faults)


def _is(value: object, kind: type) -> bool:
    """Return whether a value is a number of this kind, NumPy's included; True and False are none."""
    return isinstance(value, kind) and not isinstance(value, bool)
