"""Peers that keep quotas on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.instances import Market
from benchmarks.peers.question import NotRun, Pairs, as_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    import twinmatch as tm
    from benchmarks.instances import Lists, Matrix
    from benchmarks.process import Timer

    Int64 = npt.NDArray[np.int64]

__all__ = ["Network", "flow", "milp", "network"]


class Network(NamedTuple):
    """
    Arcs of a flow, the pairs first, and what flows in and out at nodes.

    Attributes
    ----------
    tail, head, room, cost : (num_arcs,) int64
    supply : (num_nodes,) int64
    """

    tail: Int64
    head: Int64
    room: Int64
    cost: Int64
    supply: Int64


def network(pairs: Pairs, quotas: Sequence[tm.GroupQuota]) -> Network:
    """
    Return the flow that nested quotas on one side each are.

    A flow comes from the source through the groups of the left, outermost first, passes a pair, and goes
    through the groups of the right to the sink. A solver without lower bounds gets them in the usual way:
    what must flow is taken off an arc and supplied at its end.

    Raises
    ------
    NotRun
        If quotas name both sides, or cross.
    """
    n, m = pairs.num_left, pairs.num_right
    source, sink, nodes = n + m, n + m + 1, n + m + 2  # groups get numbers as they come
    arcs: list[tuple[npt.ArrayLike, ...]] = [(pairs.tail, n + pairs.head, 0, 1, -pairs.points)]
    for first, size, root, is_left in ((0, n, source, True), (n, m, sink, False)):
        named = [(one.left if is_left else one.right, one) for one in quotas]
        mine = [(np.asarray(flags), one) for flags, one in named if flags is not None]
        inner = np.full(size, root)  # the innermost group of each node so far
        for flags, quota in sorted(mine, key=lambda pair: -np.count_nonzero(pair[0])):
            outer = np.unique(inner[flags])
            if (quota.left is not None and quota.right is not None) or len(outer) != 1:
                raise NotRun("takes nested quotas on one side each only")
            cap = size if quota.at_most is None else quota.at_most
            arcs.append((*_along(outer, nodes, is_left), quota.at_least, cap, 0))
            inner[flags] = nodes
            nodes += 1
        own = np.arange(first, first + size)
        must = int(is_left and pairs.nothing is None)
        arcs.append((*_along(inner, own, is_left), must, 1 if is_left else pairs.capacity, 0))
    if pairs.nothing is not None:
        arcs.append((source, sink, 0, n, pairs.nothing))  # who stays out
    columns = zip(*(np.broadcast_arrays(*map(np.atleast_1d, arc)) for arc in arcs), strict=True)
    tail, head, least, most, cost = (np.concatenate(column).astype(np.int64) for column in columns)
    supply = np.zeros(nodes, np.int64)
    supply[source], supply[sink] = n, -n
    np.subtract.at(supply, tail, least)
    np.add.at(supply, head, least)
    return Network(tail, head, most - least, cost, supply)


def _along(outer: npt.ArrayLike, inner: npt.ArrayLike, is_left: bool) -> tuple[npt.ArrayLike, npt.ArrayLike]:
    """Return tails and heads of arcs: inwards on the left, outwards on the right."""
    return (outer, inner) if is_left else (inner, outer)


def flow(pairs: Pairs, network: Network) -> np.ndarray:
    """
    Return the partner of each left node in a flow of least cost, -1 for none.

    Raises
    ------
    RuntimeError
        If there is no such flow.
    """
    from ortools.graph.python import min_cost_flow

    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        network.tail.astype(np.int32), network.head.astype(np.int32), network.room, network.cost
    )
    solver.set_nodes_supplies(np.arange(len(network.supply), dtype=np.int32), network.supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise RuntimeError(f"OR-tools answers {status.name}")
    return _mate(pairs, solver.flows(arcs[: len(pairs.tail)]) > 0)


def milp(built: Market | Matrix | Lists, timer: Timer, tell: Callable[[str], object]) -> np.ndarray:
    """Solve the whole-number programme to a gap of 0."""
    from scipy import optimize, sparse

    if isinstance(built, Market):
        raise NotRun("takes no schools")
    pairs = as_pairs(built, 200, takes_quotas=True)
    if pairs.nothing is not None:
        raise NotRun("everybody must be paired")
    k = len(pairs.tail)
    rows: list[Any] = [
        sparse.csr_array((np.ones(k), (node, np.arange(k))), shape=(size, k))
        for node, size in ((pairs.tail, pairs.num_left), (pairs.head, pairs.num_right))
    ]
    least = [np.ones(pairs.num_left), np.zeros(pairs.num_right)]
    most = [np.ones(pairs.num_left), pairs.capacity.astype(np.float64)]
    for quota in built.quotas:
        inside = np.ones(k, bool)
        for flags, node in ((quota.left, pairs.tail), (quota.right, pairs.head)):
            if flags is not None:
                inside &= np.asarray(flags)[node]
        rows.append(sparse.csr_array(inside[None, :].astype(np.float64)))
        least.append(np.array([quota.at_least], np.float64))
        most.append(np.array([np.inf if quota.at_most is None else quota.at_most], np.float64))
    matrix = sparse.csr_array(sparse.vstack(rows))
    limits = optimize.LinearConstraint(matrix, np.concatenate(least), np.concatenate(most))
    with timer():
        found = optimize.milp(
            -pairs.points.astype(np.float64),
            integrality=np.ones(k),
            bounds=optimize.Bounds(0, 1),
            constraints=limits,
            options={"mip_rel_gap": 0},
        )
    if found.status != 0:
        raise RuntimeError(f"HiGHS answers {found.message}")
    return _mate(pairs, found.x > 0.5)


def _mate(pairs: Pairs, taken: npt.NDArray[np.bool_]) -> np.ndarray:
    """Return the partner of each left node, -1 for none."""
    mate = np.full(pairs.num_left, -1, np.int64)
    mate[pairs.tail[taken]] = pairs.head[taken]
    return mate
