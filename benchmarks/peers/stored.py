"""Peers that take stored pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.instances import Lists, Market
from benchmarks.peers import quotas
from benchmarks.peers.question import NotRun, Pairs, as_pairs, no_quotas

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.instances import Matrix
    from benchmarks.process import Timer

__all__ = ["flow", "highs", "lapx", "ortools", "scipy"]


def ortools(built: Market | Matrix | Lists, timer: Timer, tell: Callable[[str], object]) -> np.ndarray:
    """Send a unit of flow through each left node; nested quotas are nodes on the way."""
    pairs = as_pairs(built, 80, takes_quotas=not isinstance(built, Market))
    if built.quotas:
        network = quotas.network(pairs, built.quotas)
        with timer():
            return quotas.flow(pairs, network)
    with timer():
        return flow(pairs)


def flow(pairs: Pairs) -> np.ndarray:
    """
    Return the partner of each left node in a flow of least cost, -1 for none.

    Raises
    ------
    RuntimeError
        If there is no such flow.
    """
    from ortools.graph.python import min_cost_flow

    n, m, k = pairs.num_left, pairs.num_right, len(pairs.tail)
    past = np.arange(n if pairs.nothing is not None else 0)  # arcs of left nodes that stay out
    used = np.flatnonzero(np.bincount(pairs.head, minlength=m))
    sink = n + m
    solver = min_cost_flow.SimpleMinCostFlow()
    tail = np.concatenate([pairs.tail, n + used, past]).astype(np.int32)
    head = np.concatenate([n + pairs.head, np.full(len(used) + len(past), sink)]).astype(np.int32)
    room = np.concatenate([np.ones(k), np.minimum(pairs.capacity[used], n), np.ones(len(past))])
    cost = np.concatenate([-pairs.points, np.zeros(len(used)), np.full(len(past), pairs.nothing or 0)])
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        tail, head, room.astype(np.int64), cost.astype(np.int64)
    )
    supply = np.zeros(n + m + 1, np.int64)
    supply[:n], supply[sink] = 1, -n
    solver.set_nodes_supplies(np.arange(n + m + 1, dtype=np.int32), supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise RuntimeError(f"OR-tools answers {status.name}")
    taken = solver.flows(arcs[:k]) > 0
    mate = np.full(n, -1, np.int64)
    mate[pairs.tail[taken]] = pairs.head[taken]
    return mate


def scipy(built: Market | Matrix | Lists, timer: Timer, tell: Callable[[str], object]) -> np.ndarray:
    """Solve with the sparse Jonker-Volgenant algorithm."""
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    no_quotas(built)
    if not isinstance(built, Lists) or not built.everybody:
        raise NotRun("lists only, with everybody paired")
    weight = built.sparse(built.points.astype(np.float64))
    with timer():
        _, column = min_weight_full_bipartite_matching(weight, maximize=True)
    return column


def lapx(built: Market | Matrix | Lists, timer: Timer, tell: Callable[[str], object]) -> np.ndarray:
    """
    Solve with LAPMOD, which is for squares.

    The lists become a square by doubling: a copy of each right node on the left and of each left node on the
    right, with the same pairs between the copies, for nothing. A right node that stays free goes to its own
    copy; one that is taken by i leaves its copy to the copy of i.
    """
    import lap
    from scipy import sparse

    no_quotas(built)
    if not isinstance(built, Lists) or not built.everybody:
        raise NotRun("lists only, with everybody paired")
    n, m = len(built.item), built.num_right
    cost = built.sparse((built.points.max() - built.points + 1).astype(np.float64))
    free = sparse.csr_array(cost.T)
    free.data[:] = 1  # an explicit zero would be lost on the way
    itself = sparse.diags_array(np.ones(m), format="csr")
    square = sparse.csr_array(sparse.block_array([[cost, None], [itself, free]], format="csr"))
    square.sort_indices()
    data, start, item = square.data - 1, square.indptr, square.indices
    with timer():
        _, column, _ = lap.lapmod(n + m, data, start, item)
    return column[:n]


def highs(built: Market | Matrix | Lists, timer: Timer, tell: Callable[[str], object]) -> np.ndarray:
    """Solve the linear programme: interior points, then crossover to a vertex, which is whole."""
    import highspy

    pairs = as_pairs(built, 200)
    n, m, k = pairs.num_left, pairs.num_right, len(pairs.tail)
    out = n if pairs.nothing is not None else 0
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = k + out, n + m
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.concatenate([pairs.points, np.full(out, -(pairs.nothing or 0))]).astype(np.float64)
    lp.col_lower_, lp.col_upper_ = np.zeros(k + out), np.ones(k + out)
    lp.row_lower_ = np.concatenate([np.ones(n), np.full(m, -highspy.kHighsInf)])
    lp.row_upper_ = np.concatenate([np.ones(n), pairs.capacity]).astype(np.float64)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    start = np.concatenate([2 * np.arange(k), 2 * k + np.arange(out + 1)])
    both = np.stack([pairs.tail, n + pairs.head], axis=1).ravel()
    lp.a_matrix_.start_ = start.astype(np.int32)
    lp.a_matrix_.index_ = np.concatenate([both, np.arange(out)]).astype(np.int32)
    lp.a_matrix_.value_ = np.ones(2 * k + out)
    highspy.Highs.resetGlobalScheduler(True)  # it keeps the number of threads that a process asked for first
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 2)
    solver.setOptionValue("solver", "ipm")
    solver.passModel(lp)
    with timer():
        solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"HiGHS answers {solver.getModelStatus().name}")
    value = np.asarray(solver.getSolution().col_value)[:k]
    if np.abs(value - np.rint(value)).max(initial=0) > 1e-6:
        raise RuntimeError("HiGHS ends between whole numbers")
    mate = np.full(n, -1, np.int64)
    taken = value > 0.5
    mate[pairs.tail[taken]] = pairs.head[taken]
    return mate
