"""What it costs to force a pair, by solving again with the pair locked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from twinmatch.compiler import compile
from twinmatch.explaining.explanation import Cost
from twinmatch.explaining.promises import floor_of
from twinmatch.pausing import stopping
from twinmatch.solvers.control import Stopped
from twinmatch.solvers.grown import solve_implicit
from twinmatch.status import Status

if TYPE_CHECKING:
    from twinmatch.explaining.ledger import Accounts
    from twinmatch.graph.terms import PairTerms
    from twinmatch.matching import Matching
    from twinmatch.solvers.control import Control

__all__ = ["cost_of"]


def cost_of(matching: Matching, accounts: Accounts, i: int, j: int, control: Control) -> Cost | None:
    """
    Return what every matching with a pair has less than this one.

    Parameters
    ----------
    matching : Matching
    accounts : Accounts
    i, j : int
        The two schools, an admissible pair.
    control : Control
        What may stop it: then there are no numbers, or the most that the pair may cost.

    Returns
    -------
    Cost or None
        None where the mechanism has no prices: it cannot be asked again with a pair locked.

    Notes
    -----
    As long as a matching with quotas takes.
    """
    if not accounts.is_priced or matching.status not in (Status.OPTIMAL, Status.FEASIBLE):
        return None
    limits, floor = accounts.limits, floor_of(matching)
    if floor is not None and int(accounts.plain.points(np.array(i), np.array(j))) < floor:
        return Cost(str(Status.INFEASIBLE), None, None, True, breaks_floor=True)
    locked = np.unique(np.vstack([limits.locked, [[i, j]]]), axis=0)
    crowded = (locked[:, 0] == i).sum() > limits.left_most[i]
    crowded |= (locked[:, 1] == j).sum() > limits.right_most[j]
    if crowded:  # as other pairs are locked already
        return Cost(str(Status.INFEASIBLE), None, None, True)
    try:
        with stopping(control.look_up):
            graph = compile(
                matching.left, matching.right, matching.policy, right_capacity=matching.right_capacity
            )
            curve = matching.mechanism.curve(cast("PairTerms", graph.terms).max_points)
    except Stopped:
        return Cost(str(Status.NO_SOLUTION), None, None, False)
    graph = graph if curve is None else graph.with_curve(curve)
    first = matching.policy.coverage == "first"
    answer = solve_implicit(graph, replace(limits, locked=locked), first, control)
    if answer.status is Status.INFEASIBLE:
        return Cost(str(answer.status), None, None, True)
    covered = len(np.unique(answer.pairs[:, 0]))
    breaks = floor is not None and bool((accounts.plain.points(*answer.pairs.T) < floor).any())
    if answer.limit is not None and (covered < matching.coverage or breaks):
        return Cost(str(answer.status), None, None, False)  # with more time it may cover more, for less
    if breaks:
        return Cost(str(answer.status), None, None, False, breaks_floor=True)
    both = {str(answer.status), str(matching.status)} == {str(Status.OPTIMAL)}
    # Of what is not proven best, the most that it may be: a bound less what was found.
    points = (matching.objective if both else matching.bound) - answer.objective
    return Cost(str(answer.status), points, matching.coverage - covered, both)
