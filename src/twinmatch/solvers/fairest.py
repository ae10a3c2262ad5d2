"""
The worst pair first: the highest floor that all pairs can keep to, and the most points of those that do.

Problem
    Among all matchings of the largest size, first raise the points of the worst pair as far as possible, then
    find the most points.
Idea
    A rough optimum gives a size and a matching with few bad pairs; from there the floor is found
    (:mod:`twinmatch.solvers.bottleneck`). Then pairs below it count for nothing, the others for their points,
    and the same engine finds the most. A low pair may still be worth its while, where it lets many others
    gain; then each pair at the floor counts for more, until none is low.
Why it is right
    If no matching counts for more, and this one has no pair below the floor, then no other without such a
    pair has more points: for those, what counts is points and the same number for each pair.
Cost
    The rough optimum, a floor (3 seconds on the registers) and an optimum on a curve.
Tried
    Counting only what pairs have up to the floor, or one for each pair at it: nothing tells the good ones
    apart, searches find no end, and 90 seconds were not enough where points take ten.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from twinmatch.errors import Fault, PointsRangeError
from twinmatch.graph.scored import ScoredGraph
from twinmatch.solvers.bottleneck import Bottleneck, highest_floor
from twinmatch.solvers.called import solve_called
from twinmatch.solvers.control import Stopped
from twinmatch.solvers.national import Solution, solve_schools
from twinmatch.solvers.warm import Warm
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.graph.called import CalledGraph
    from twinmatch.graph.terms import PairTerms
    from twinmatch.solvers.control import Control

    Int32 = npt.NDArray[np.int32]

__all__ = ["Promise", "solve_fairest"]

#: A relative gap at which few pairs are bad.
ROUGH = 1e-3
#: What a pair at the floor counts for besides its points, in largest points, one after the other.
WEIGHTS = (0, 16, 200)


@dataclass(frozen=True, eq=False)
class Promise:
    """
    What every pair has at least, and why no more can be promised.

    Parameters
    ----------
    floor : int
        Points.
    weight : int
        What a pair at the floor counts for besides its points.
    witness_left : (num_left,) bool
        Left nodes whose partners above the floor have, together, too few places.
    """

    floor: int
    weight: int
    witness_left: npt.NDArray[np.bool_]


def solve_fairest(
    graph: ScoredGraph | CalledGraph, curve: Callable[[int, int], Int32], control: Control
) -> tuple[Solution, Promise | None]:
    """
    Return the matching whose worst pair is best, and of these the one with the most points.

    Parameters
    ----------
    graph : ScoredGraph or CalledGraph
        Without a curve; points are 0 or more.
    curve : callable
        Takes a floor and a weight, and returns what pairs count for.
    control : Control

    Returns
    -------
    Solution
        On the curve of the promise.
    Promise or None
        None where the run was stopped before the floor was known, or there are no pairs: then the solution is
        one of points alone.
    """
    rough = _solve("rough", graph, replace(control, gap=max(control.gap, ROUGH)))
    if rough.limit not in (None, Limit.GAP) or not rough.coverage:
        return rough, None
    try:
        found = control.kept("floor", lambda: highest_floor(graph, rough.mate, control), Bottleneck)
    except Stopped as stopped:
        status = Status.FEASIBLE
        return replace(rough, status=status, limit=stopped.limit, seconds=dict(control.seconds)), None
    most = max(1, cast("PairTerms", graph.terms).max_points)
    warm = Warm(rough.right_price, found.mate)
    for weight in WEIGHTS:
        promise = Promise(found.floor, weight * most, found.witness_left)
        counted = graph.with_curve(curve(promise.floor, promise.weight))
        solution = _solve("fair", counted, control, warm)
        placed = np.flatnonzero(solution.mate >= 0)
        points = graph.points(placed, solution.mate[placed])
        if solution.status is not Status.OPTIMAL or points.min() >= found.floor:
            return solution, promise
    what = f"a floor of {found.floor:,} points is left for a gain elsewhere of more than {WEIGHTS[-1]} pairs"
    raise PointsRangeError(
        "leximin", [Fault("points", what, hint="Use nash(), or fewer points a criterion.")]
    )


def _solve(
    name: str, graph: ScoredGraph | CalledGraph, control: Control, warm: Warm | None = None
) -> Solution:
    def task() -> Solution:
        if isinstance(graph, ScoredGraph):
            return solve_schools(graph, control, warm)
        return solve_called(graph, control)

    return control.kept(name, task, Solution, Status, Limit)
