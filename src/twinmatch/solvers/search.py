"""
The best whole assignment by search, where no network holds all quotas.

OR-tools' CP-SAT, which calculates in whole numbers, is told pairs and bounds. It serves where prices cannot
prove the optimum: then the answer says that it rests on a search. SCIP, which is faster and not exact, tells
it where to look (:func:`guess`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.needs import of_search
from twinmatch.room import refuse
from twinmatch.solvers.control import Stopped

if TYPE_CHECKING:
    import numpy.typing as npt
    from ortools.sat.python import cp_model

    from twinmatch.graph.constraints import Constraints
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.nested import Pairs

    Int64 = npt.NDArray[np.int64]

__all__ = ["Searched", "guess", "search"]


class Searched(NamedTuple):
    """
    What a search found.

    Attributes
    ----------
    used : (k,) int64 or None
        Pairs of the best assignment, by number; None where none was found.
    done : bool
        Whether the search came to its end: then ``used`` is the best, or None means that nothing exists.
    """

    used: Int64 | None
    done: bool


def search(
    pairs: Pairs,
    worth: Int64 | None,
    limits: Constraints,
    control: Control,
    *,
    quotas: tuple[int, ...] | None = None,
    covers: int | None = None,
    hint: Int64 | None = None,
) -> Searched:
    """
    Find the assignment whose pairs are worth the most.

    Parameters
    ----------
    pairs : Pairs
    worth : (num_pairs,) int64 or None
        None: the most left nodes with a partner.
    limits : Constraints
    control : Control
    quotas : tuple of int, optional
        The quotas that count, by number; all of them without it.
    covers : int, optional
        At least so many left nodes must have a partner.
    hint : (k,) int64, optional
        Pairs of an assignment to start from.

    Returns
    -------
    Searched

    Raises
    ------
    Stopped
        If the run was stopped before any assignment was found.
    """
    _refuse(len(pairs.left), "a search by OR-tools")
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    taken = [model.new_bool_var("") for _ in range(len(pairs.left))]
    locked = set(map(tuple, limits.locked.tolist()))
    by_left: list[list[cp_model.IntVar]] = [[] for _ in range(limits.num_left)]
    by_right: list[list[cp_model.IntVar]] = [[] for _ in range(limits.num_right)]
    for i, j, x in zip(pairs.left.tolist(), pairs.right.tolist(), taken, strict=True):
        by_left[i].append(x)
        by_right[j].append(x)
        if (i, j) in locked:
            model.add(x == 1)
    for lists, least, most in (
        (by_left, limits.left_least, limits.left_most),
        (by_right, limits.right_least, limits.right_most),
    ):
        for some, low, high in zip(lists, least.tolist(), most.tolist(), strict=True):
            if low > len(some):
                model.add_bool_or([])
            elif low > 0 or high < len(some):
                model.add_linear_constraint(cp_model.LinearExpr.sum(some), low, min(high, len(some)))
    cover: list[cp_model.LinearExprT] = []
    for some, high in zip(by_left, limits.left_most.tolist(), strict=True):
        if high <= 1 or not some:
            cover.append(cp_model.LinearExpr.sum(some))
        else:
            is_covered = model.new_bool_var("")
            model.add(cp_model.LinearExpr.sum(some) >= is_covered)
            cover.append(is_covered)
    for number in range(len(limits.quotas)) if quotas is None else quotas:
        quota = limits.quotas[number]
        left, right = limits.members(quota)
        if quota.covered:
            some_of = [cover[i] for i in np.flatnonzero(left)]
        else:
            some_of = [taken[p] for p in np.flatnonzero(left[pairs.left] & right[pairs.right])]
        allowed = len(taken) if quota.at_most is None else min(quota.at_most, len(taken))
        if quota.at_least > len(some_of) or quota.at_least > allowed:
            model.add_bool_or([])
        elif quota.at_least > 0 or allowed < len(some_of):
            model.add_linear_constraint(cp_model.LinearExpr.sum(some_of), quota.at_least, allowed)
    if covers is not None:
        model.add(cp_model.LinearExpr.sum(cover) >= covers)
    if worth is None:
        model.maximize(cp_model.LinearExpr.sum(cover))
    else:
        model.maximize(cp_model.LinearExpr.weighted_sum(taken, worth.tolist()))
    if hint is not None:
        is_used = np.zeros(len(taken), bool)
        is_used[hint] = True
        for x, value in zip(taken, is_used.tolist(), strict=True):
            model.add_hint(x, value)
    return control.kept("search", lambda: _run(model, taken, control), Searched)


def _refuse(pairs: int, what: str) -> None:
    """See that there is memory for a library that ends the process where it gets none."""
    need = of_search(pairs)
    refuse(what, need.memory, need.address_space, ("Quotas that do not cross need no search.",))


def _run(model: cp_model.CpModel, taken: list[cp_model.IntVar], control: Control) -> Searched:
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    # One worker: the same answer on every machine.
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    # What is left to prove is little, and a linear relaxation proves it.
    solver.parameters.linearization_level = 2
    if control.deadline is not None:
        solver.parameters.max_time_in_seconds = max(0.0, control.deadline - control.elapsed_s)

    def task() -> int:
        return int(solver.solve(model))

    status = control.run("search", task, stop=solver.stop_search)
    if status == cp_model.INFEASIBLE:
        return Searched(None, True)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        values = np.array([solver.boolean_value(x) for x in taken], bool)
        return Searched(np.flatnonzero(values), status == cp_model.OPTIMAL)
    limit = control.limit()
    if status == cp_model.UNKNOWN and limit is not None:
        raise Stopped(limit)
    if status == cp_model.UNKNOWN:
        return Searched(None, False)
    raise OverflowError("the search cannot hold these points: they are too large for it")


def guess(
    pairs: Pairs, worth: Int64, limits: Constraints, control: Control, *, covers: int | None = None
) -> Int64 | None:
    """
    Return a good assignment that nobody has checked, from a solver that calculates in floating point.

    It finds in a second what takes the exact search minutes, and tells that where to look.

    Parameters
    ----------
    pairs, worth, limits, control, covers
        As for :func:`search`.

    Returns
    -------
    (k,) int64 or None
        Pairs, by number. None where the solver found nothing, or cannot be asked: where first partners count
        for more.

    Raises
    ------
    Stopped
        If the deadline passed or the caller cancelled.
    """
    _refuse(len(pairs.left), "a guess by OR-tools")
    from ortools.linear_solver import pywraplp

    several = bool((limits.left_most > 1).any())
    solver = pywraplp.Solver.CreateSolver("SCIP")
    if solver is None or (several and (covers is not None or any(quota.covered for quota in limits.quotas))):
        return None
    must = np.isin(
        pairs.left * limits.num_right + pairs.right, limits.locked @ np.array([limits.num_right, 1])
    )
    taken = [solver.IntVar(int(low), 1, "") for low in must]

    def bound(members: npt.NDArray[np.bool_], least: int, most: int) -> None:
        row = solver.Constraint(least, min(most, len(taken)))
        for at in np.flatnonzero(members).tolist():
            row.SetCoefficient(taken[at], 1)

    for node in range(limits.num_left):
        bound(pairs.left == node, int(limits.left_least[node]), int(limits.left_most[node]))
    for node in range(limits.num_right):
        bound(pairs.right == node, int(limits.right_least[node]), int(limits.right_most[node]))
    for quota in limits.quotas:
        left, right = limits.members(quota)
        most = len(taken) if quota.at_most is None else quota.at_most
        bound(left[pairs.left] & right[pairs.right], quota.at_least, most)
    if covers is not None:
        bound(np.ones(len(taken), bool), covers, len(taken))
    goal = solver.Objective()
    for x, points in zip(taken, worth.tolist(), strict=True):
        goal.SetCoefficient(x, points)
    goal.SetMaximization()
    options = pywraplp.MPSolverParameters()
    options.SetDoubleParam(options.RELATIVE_MIP_GAP, 0.0)
    if control.deadline is not None:
        solver.SetTimeLimit(max(1, int(1000 * (control.deadline - control.elapsed_s))))

    def task() -> Int64 | None:
        status = control.run("search", lambda: solver.Solve(options), stop=solver.InterruptSolve)
        if status not in (solver.OPTIMAL, solver.FEASIBLE):
            return None
        return np.flatnonzero(np.array([x.solution_value() for x in taken]) > 0.5)

    return control.kept("guess", task)
