"""Solvers: they see nodes, points and prices, and have never heard of schools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.graph.scored import ScoredGraph
from twinmatch.room import bounded
from twinmatch.solvers.control import Cancel, Control, Progress
from twinmatch.solvers.explicit import limit_of, solve_explicit
from twinmatch.solvers.national import Solution, solve_schools
from twinmatch.solvers.options import check_options
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinmatch.graph.called import CalledGraph
    from twinmatch.solvers.warm import Warm

__all__ = ["Progress", "Solution", "check_options", "solve", "solve_with"]


@bounded
def solve(
    graph: ScoredGraph | CalledGraph | ExplicitGraph,
    *,
    deadline: float | None = None,
    gap: float = 0,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
    seed: int = 0,
    warm: Warm | None = None,
) -> Solution:
    """
    Pair as many left nodes as possible, and among all such matchings find the most points.

    Parameters
    ----------
    graph : ScoredGraph, CalledGraph or ExplicitGraph
        What :func:`twinmatch.compile` returns, or a graph of stored pairs.
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
    warm : Warm, optional
        Prices and pairs of a graph that is nearly the same. They change how long it takes and which of
        several matchings with the most points is found, never how many points; graphs of stored pairs, and
        of called points, take none.

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
    check_options(deadline, gap, threads, on_progress, cancel, seed)
    return solve_with(graph, Control(deadline, float(gap), number_of(threads), on_progress, cancel), warm)


def solve_with(
    graph: ScoredGraph | CalledGraph | ExplicitGraph, control: Control, warm: Warm | None = None
) -> Solution:
    """Solve as :func:`solve` does, for a caller who has begun already."""
    if isinstance(graph, ExplicitGraph):
        with graph.alone() as stored:
            return _solve_stored(stored, control)
    if not isinstance(graph, ScoredGraph):
        from twinmatch.solvers.called import solve_called

        return solve_called(graph, control)
    with graph.alone() as own:
        return solve_schools(own, control, warm)


def _solve_stored(graph: ExplicitGraph, control: Control) -> Solution:
    nobody, everybody = np.zeros(graph.num_left, bool), np.ones(graph.num_left, bool)
    found = solve_explicit(graph, nobody, everybody, True, control)
    return Solution(
        found.mate,
        found.right_price,
        found.coverage_price,
        found.witness_left,
        found.objective,
        found.bound,
        int((found.mate >= 0).sum()),
        graph.num_left if found.coverage_bound is None else found.coverage_bound,
        found.status,
        limit_of(found, control),
        dict(control.seconds),
    )
