"""Pairing two tables of schools under a policy: from words to numbers and back."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from twinmatch.checkpoint import keeping, question
from twinmatch.compiler import compiled, graph_of, nothing_known, places_of
from twinmatch.errors import Fault, InputError
from twinmatch.executing import executing, refuse_executor
from twinmatch.fitting import refuse_match
from twinmatch.inspecting import inspected
from twinmatch.log import log_end, logger
from twinmatch.matching import Matching
from twinmatch.mechanisms import Leximin, Mechanism, Procedure, most_points
from twinmatch.mechanisms.leximin import floored
from twinmatch.mechanisms.mechanism import Setting
from twinmatch.pausing import stopping
from twinmatch.policy.asked import asked
from twinmatch.room import bounded
from twinmatch.saving.place import place_faults
from twinmatch.settling import settled
from twinmatch.solvers import solve_with
from twinmatch.solvers.control import Control, Stopped
from twinmatch.solvers.fairest import solve_fairest
from twinmatch.solvers.grown import solve_implicit
from twinmatch.solvers.options import option_faults, seed_faults
from twinmatch.spreading.engines import executor_faults
from twinmatch.threads import number_of
from twinmatch.warming import warm_from

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from concurrent.futures import Executor

    import numpy.typing as npt

    from twinmatch.compiler import Known
    from twinmatch.graph.called import CalledGraph
    from twinmatch.graph.scored import ScoredGraph
    from twinmatch.graph.terms import PairTerms
    from twinmatch.mechanisms.mechanism import Outcome
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools
    from twinmatch.solvers.constrained import Answer
    from twinmatch.solvers.control import Cancel, Progress
    from twinmatch.solvers.warm import Warm
    from twinmatch.spreading.engines import DaskClient, Engine

__all__ = ["Options", "Tables", "match", "match_tables", "sorted_tables"]


@bounded
def match(
    left: Schools,
    right: Schools,
    policy: Policy | None = None,
    *,
    right_capacity: str | int | npt.ArrayLike | None = None,
    deadline: float | None = None,
    gap: float = 0,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
    seed: int = 0,
    mechanism: Mechanism | None = None,
    warm_start: Matching | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    executor: Executor | DaskClient | Engine | None = None,
) -> Matching:
    """
    Pair as many left schools as possible, each with one partner, and among all ways to do so the best one.

    Parameters
    ----------
    left : Schools
        The schools that each want a partner.
    right : Schools
        The schools that offer places.
    policy : Policy, optional
        Each :term:`rule` and :term:`criterion`; :func:`twinmatch.policies.systematic_twinning` without it.
    right_capacity : str, int or (len(right),) integers, optional
        Places of each right school (its :term:`capacity`): a column, one number for all, or one each. Without
        it, the column ``capacity`` where there is one, otherwise 1.
    deadline : float, optional
        Stop after this many seconds, counted from the call.
    gap : float, optional
        Stop when the relative gap is at most this.
    threads : int, optional
        As many as this process has cores.
    on_progress : callable, optional
        Called with a :class:`~twinmatch.solvers.control.Progress` about ten times a second.
    cancel : object with ``is_set()``, optional
        Such as a :class:`threading.Event` that another thread may set.
    seed : int, optional
        Recorded. Ties are decided by the ids of the schools; the one mechanism that draws lots,
        :func:`twinmatch.mechanisms.serial_dictatorship`, has a seed of its own.
    mechanism : Mechanism, optional
        What the best one is: one of :mod:`twinmatch.mechanisms`. The most points without it.
    warm_start : Matching, optional
        A matching of nearly the same schools under nearly the same policy, whose prices and pairs are started
        from. Only the time that it takes depends on it, and which matching is found where several have the
        most points: objective and proof are those of a run without it. Where there are quotas, under another
        mechanism, or where it turns out to be of no help, it is not used.
    checkpoint : path, optional
        A folder in which the run keeps what it has found. If the program is killed, at whatever moment, the
        same call goes on from there, and ends with the same matching as if it had not been. The folder is for
        one question; it stays when the run is over, and then the same call returns at once. Threads, a
        deadline and callbacks may differ from call to call.
    executor : concurrent.futures.Executor or dask.distributed.Client, optional
        Whose threads, processes or machines do the large searches, under quotas too; see :doc:`/clusters`.
        The result is the same bytes. Small tables are not worth it, and stay here. Mechanisms that go step by
        step, and functions of your own, take none.

    Returns
    -------
    Matching
        ``status`` says what is known of it, ``limit`` what stopped the run.

    Raises
    ------
    PolicyError
        If the policy cannot be used on these tables, with every fault.
    InputError
        If anything else that was given is wrong, with every fault, those of the policy too; if the checkpoint
        is that of another question, with what differs.
    FormatError
        If the checkpoint was torn, or is of another version.
    ResourceLimitError
        If there is no room left to write the checkpoint.
    ExecutorError
        If a worker failed, or the executor is gone.

    Notes
    -----
    The result maximises the :term:`coverage` first, the number of left schools that have a partner, and
    second the sum of :term:`points`, or what the :term:`mechanism` counts instead. Same tables in any row
    order, same policy: same bytes, for any number of threads and any instruction set. Memory is linear in the
    number of schools.

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> matching = tm.match(fr, eu)
    >>> str(matching.status), matching.gap, matching.verify().ok
    ('OPTIMAL', 0, True)
    """
    started = time.monotonic()
    more = [*option_faults(deadline, gap, threads, on_progress, cancel), *seed_faults(seed)]
    more += [] if executor is None else executor_faults(executor)
    more += [] if checkpoint is None else place_faults("checkpoint", checkpoint, folder=True)
    policy, capacity = inspected(
        "match", left, right, policy, right_capacity, mechanism, warm_start=warm_start, more=more
    )
    tables = sorted_tables(left, right, capacity)
    options = Options(deadline, gap, threads, on_progress, cancel, seed, checkpoint, executor)
    warm = None
    if warm_start is not None:
        warm = warm_from(warm_start, tables.left, tables.right, mechanism or most_points())
    logger.info(
        "match began: %s left and %s right schools, %s, %s quotas, %s threads",
        *(len(left), len(right), (mechanism or most_points()).name, len(policy.quotas), number_of(threads)),
    )
    matching = match_tables(tables, policy, mechanism, options, started, warm=warm)
    log_end("match", matching, time.monotonic() - started)
    return matching


class Tables(NamedTuple):
    """Two tables sorted by id, and the places of each right school."""

    left: Schools
    right: Schools
    capacity: npt.NDArray[np.int64]


class Options(NamedTuple):
    """What :func:`match` takes besides tables, policy and mechanism."""

    deadline: float | None = None
    gap: float = 0
    threads: int | None = None
    on_progress: Callable[[Progress], object] | None = None
    cancel: Cancel | None = None
    seed: int = 0
    checkpoint: str | os.PathLike[str] | None = None
    executor: Executor | DaskClient | Engine | None = None


def sorted_tables(
    left: Schools, right: Schools, right_capacity: str | int | npt.ArrayLike | None = None
) -> Tables:
    """Return tables in which nodes are numbered by id, so that the order of rows cannot matter."""
    capacity = places_of(right, right_capacity)
    left, _ = left.sorted_by_id()
    right, order = right.sorted_by_id()
    return Tables(left, right, capacity[order])


def match_tables(
    tables: Tables,
    policy: Policy,
    mechanism: Mechanism | None,
    options: Options,
    started: float,
    *,
    warm: Warm | None = None,
    known: Known | None = None,
) -> Matching:
    """
    Pair two tables that are sorted already; see :func:`match`.

    Parameters
    ----------
    tables : Tables
    policy : Policy
    mechanism : Mechanism or None
    options : Options
        Checked by the caller.
    started : float
        When the call began, by :func:`time.monotonic`.
    warm : Warm, optional
    known : dict, optional
        Parts of policies that were compiled for these tables before.
    """
    left, right, capacity = tables
    deadline, gap, threads, on_progress, cancel, seed, checkpoint, executor = options
    refuse_match(left, right, policy, mechanism, number_of(threads), gap)
    control = Control(deadline, float(gap), number_of(threads), on_progress, cancel, started)
    terms = _terms(tables, policy, control, known)
    graph = graph_of(terms, policy, capacity)
    most = cast("PairTerms", graph.terms).max_points
    mechanism = (mechanism or most_points()).settled(most)
    if (curve := _curve(mechanism, most, control)) is not None:
        graph = graph.with_curve(curve)
    compile_s = time.monotonic() - started
    asked_for: dict[str, str] = {}
    if control.limit() is not None:
        checkpoint = None  # pairs may be worth anything: nothing that is found now is worth keeping
    if checkpoint is not None:
        asked_for = question(left, right, policy, capacity, mechanism, gap=gap, seed=seed, warm=warm)
    if executor is not None:
        refuse_executor(mechanism, terms)
    with executing(executor, control), keeping(checkpoint, asked_for, control):
        return _matched(tables, policy, mechanism, terms, graph, control, compile_s, seed, warm)


def _matched(
    tables: Tables,
    policy: Policy,
    mechanism: Mechanism,
    terms: PairTerms,
    graph: ScoredGraph | CalledGraph,
    control: Control,
    compile_s: float,
    seed: int,
    warm: Warm | None,
) -> Matching:
    """Solve, and put names to the numbers."""
    left, right, capacity = tables
    if isinstance(mechanism, Procedure):
        if control.stopped is not None:
            terms = nothing_known(left, right, policy, loose=True) or terms
        outcome = _step_by_step(mechanism, tables, policy, graph, control)
        seconds = {"compile": compile_s, **control.seconds}
        with stopping(control.look_up):
            return Matching.from_outcome(
                left,
                right,
                policy,
                capacity,
                outcome,
                terms=terms,
                seed=seed,
                seconds=seconds,
                mechanism=mechanism,
            )
    if isinstance(mechanism, Leximin):
        refuse_quotas(policy, mechanism)
        most = cast("PairTerms", graph.terms).max_points
        solution, promise = solve_fairest(graph, partial(floored, most), control)
        mechanism = Leximin(promise)
        with stopping(control.look_up):
            return Matching.from_solution(
                left,
                right,
                policy,
                capacity,
                solution,
                seed=seed,
                seconds={"compile": compile_s},
                mechanism=mechanism,
            )
    if policy.quotas or policy.coverage != "first":
        answer = _under_quotas(left, right, policy, capacity, graph, control)
        seconds = {"compile": compile_s, **control.seconds}
        with stopping(control.look_up):
            return Matching.from_answer(
                left, right, policy, capacity, answer, seed=seed, seconds=seconds, mechanism=mechanism
            )
    solution = solve_with(graph, control, warm)
    seconds = {"compile": compile_s}
    with stopping(control.look_up):
        return Matching.from_solution(
            left, right, policy, capacity, solution, seed=seed, seconds=seconds, mechanism=mechanism
        )


def _terms(tables: Tables, policy: Policy, control: Control, known: Known | None) -> PairTerms:
    """Return what pairs are worth; where the call is stopped before that is known, what they may be worth."""
    left, right, _ = tables
    policy.check(left, right)
    unknown = nothing_known(left, right, policy)
    if unknown is None:  # a function of the user's own: nothing can be said without it
        return compiled(left, right, policy, known).terms
    try:
        with stopping(control.look_up):
            return compiled(left, right, policy, known).terms
    except Stopped as stopped:
        control.stopped = stopped.limit
        return unknown


def _curve(mechanism: Mechanism, most: int, control: Control) -> npt.NDArray[np.int32] | None:
    """Return what points count for; where the call is stopped before that is known, the most for any."""
    try:
        with stopping(control.look_up):
            return mechanism.curve(most)
    except Stopped as stopped:
        control.stopped = stopped.limit
        return np.full(most + 1, mechanism.most(most), np.int32)


def _step_by_step(
    mechanism: Procedure,
    tables: Tables,
    policy: Policy,
    graph: ScoredGraph | CalledGraph,
    control: Control,
) -> Outcome:
    left, right, capacity = tables
    limits = asked(policy, left, right, capacity).constraints
    other = mechanism.right_policy
    right_terms = None if other is None else _terms(tables, other, control, None)
    setting = Setting(left, right, policy, cast("PairTerms", graph.terms), right_terms, limits)
    if faults := mechanism.faults(setting):
        raise InputError(f"mechanism {mechanism.name}", faults)
    return mechanism.run(setting, control)


def refuse_quotas(policy: Policy, mechanism: Mechanism) -> None:
    """Say in words that a mechanism keeps to no quotas, where a policy has some."""
    instead = "Leave it out, or use most_points(), nash() or concave(), which keep to all quotas."
    faults = [
        Fault(
            name,
            f"{mechanism.name} keeps to rules and places, and to no quotas, floors or locks",
            hint=instead,
        )
        for name in dict.fromkeys(quota.name for quota in policy.quotas)
    ]
    if policy.coverage != "first":
        what = f"is {policy.coverage!r}: {mechanism.name} covers as many as can be first"
        faults.append(Fault("coverage", what, hint='Set it to "first", or use another mechanism.'))
    if faults:
        raise InputError(f"mechanism {mechanism.name}", faults)


def _under_quotas(
    left: Schools,
    right: Schools,
    policy: Policy,
    capacity: npt.NDArray[np.int64],
    graph: ScoredGraph | CalledGraph,
    control: Control,
) -> Answer:
    request = asked(policy, left, right, capacity)
    try:
        found = settled(request, cast("PairTerms", graph.terms), control)
        limits = found.constraints
        if found.notes:
            logger.warning("%s wishes of the policy gave way: matching.settling_notes", len(found.notes))
    except Stopped:
        limits = request.constraints  # stopped before wishes were settled: there will be no answer to them
    return solve_implicit(graph, limits, policy.coverage == "first", control)
