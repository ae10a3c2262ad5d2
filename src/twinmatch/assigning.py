"""
The array world: assign left nodes to right nodes, given what each pair is worth.

:func:`assign` takes a matrix, a SciPy sparse array or a networkx graph, and returns an
:class:`~twinmatch.assignment.Assignment`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from twinmatch.assignment import Assignment
from twinmatch.certify.arrays import StoredPairs
from twinmatch.errors import Fault, InputError, PointsRangeError
from twinmatch.graph.constraints import Prices
from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.limits import GroupQuota, constraints_from
from twinmatch.log import log_end, logger
from twinmatch.room import bounded
from twinmatch.solvers.constrained import solve_constrained
from twinmatch.solvers.control import Control
from twinmatch.solvers.explicit import limit_of, solve_explicit
from twinmatch.solvers.options import option_faults
from twinmatch.status import Status
from twinmatch.storing import refuse_assign
from twinmatch.threads import number_of
from twinmatch.witness import witness_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from twinmatch.solvers.control import Cancel, Progress
    from twinmatch.solvers.explicit import Found

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["assign"]


@bounded
def assign(
    points: object,
    *,
    right_capacity: npt.ArrayLike | Mapping[Any, int] | None = None,
    require_all: bool = False,
    left_bounds: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    right_bounds: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    coverage_first: bool = False,
    locked: Sequence[tuple[Any, Any]] | npt.ArrayLike = (),
    quotas: Sequence[GroupQuota] = (),
    threads: int | None = None,
    deadline: float | None = None,
    gap: float = 0,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> Assignment:
    """
    Assign left nodes to right nodes so that the points of all pairs add up to the most.

    A pair is used where it helps, or where a bound asks for it; each at most once.

    Parameters
    ----------
    points : array, sparse array or networkx graph
        What each pair is worth, left nodes by right nodes. In a matrix every pair is admissible (see
        :term:`admissible pair`). In a SciPy sparse array a pair that is not stored is forbidden, and a stored
        zero is a pair worth zero. In a networkx graph nodes have ``bipartite`` 0 (left) or 1 (right) and
        edges have a ``weight``. Points may be negative. Whole points are solved exactly; others are
        multiplied by ``scale`` and rounded.
    right_capacity : int, (num_right,) int or mapping, optional
        Places of each right node; 1 each without it. A mapping goes from node names to places.
    require_all : bool, optional
        Whether every left node must have a partner.
    left_bounds : (lower, upper), optional
        Fewest and most partners of each left node, numbers or arrays; ``(0, 1)`` without it.
    right_bounds : (lower, upper), optional
        Fewest and most partners of each right node; ``(0, c)`` is ``right_capacity=c``.
    coverage_first : bool, optional
        Whether to pair as many left nodes as possible first, and count points among such assignments only.
    locked : sequence of (left, right), optional
        Pairs that must be, whatever they are worth.
    quotas : sequence of GroupQuota, optional
        Fewest and most pairs of groups.
    threads : int, optional
        As many as this process has cores. The result is the same for any number.
    deadline : float, optional
        Seconds from the call.
    gap : float, optional
        A ``relative_gap`` that is good enough.
    on_progress : callable, optional
        Called with a :class:`~twinmatch.solvers.control.Progress` about ten times a second.
    cancel : object with ``is_set()``, optional
        Asked many times a second whether to stop, a :class:`threading.Event` for one.

    Returns
    -------
    Assignment

    Raises
    ------
    PointsError
        If points are masked, not numbers, not finite or given twice.
    PointsRangeError
        If points are too large for exact 64-bit arithmetic.
    InputError
        If an option contradicts itself or has the wrong length, with every fault. What is well formed and
        cannot be done is no error: the status is INFEASIBLE.

    Notes
    -----
    Exact. Bounds, locked pairs, and quotas whose groups are nested or apart on each side are a flow through a
    network, and prices prove the optimum. Groups that cross (a quota of some left nodes with some right
    nodes) are solved by prices and, where those leave a gap, by search: ``proof`` says which.

    Examples
    --------
    >>> import twinmatch as tm
    >>> a = tm.assign([[90, 75], [80, 20]])
    >>> a.pairs.tolist(), a.objective, a.bound
    ([[0, 1], [1, 0]], 155, 155)
    >>> a.verify().ok
    True
    """
    started = time.monotonic()
    graph = _read(points)
    faults: list[Fault] = []
    limits = constraints_from(
        graph,
        right_capacity=right_capacity,
        require_all=require_all,
        left_bounds=left_bounds,
        right_bounds=right_bounds,
        locked=locked,
        quotas=quotas,
        faults=faults,
    )
    faults += option_faults(deadline, gap, threads, on_progress, cancel)
    for name, value in (("require_all", require_all), ("coverage_first", coverage_first)):
        if not isinstance(value, (bool, np.bool_)):
            faults.append(Fault(name, f"must be True or False, not {value!r}"))
    if faults:
        raise InputError("options", faults)
    refuse_assign(graph, limits, number_of(threads))
    control = Control(deadline, float(gap), number_of(threads), on_progress, cancel, started)
    logger.info(
        "assign began: %s x %s nodes, %s pairs, %s quotas, %s threads",
        *(graph.num_left, graph.num_right, graph.num_pairs, len(limits.quotas), control.threads),
    )
    answer = _answered(graph, StoredPairs(graph.stored, graph.lists, limits, bool(coverage_first)), control)
    log_end("assign", answer, control.elapsed_s)
    return answer


def _answered(graph: ExplicitGraph, asked: StoredPairs, control: Control) -> Assignment:
    limits = asked.constraints
    if not limits.is_plain:
        return _constrained(graph, asked, control)
    graph.right_capacity = limits.right_most
    required, allowed = limits.left_least > 0, limits.left_most > 0
    return _plain(
        graph, solve_explicit(graph, required, allowed, asked.coverage_first, control), asked, control
    )


def _plain(graph: ExplicitGraph, found: Found, asked: StoredPairs, control: Control) -> Assignment:
    """Return what the engine found, its witness as prices."""
    limits = asked.constraints
    left = np.flatnonzero(found.mate >= 0)
    left_price = found.left_price.copy()
    # Whoever must not be paired has a price at which no pair pays, and which costs nothing.
    closed = limits.left_most == 0
    left_price[closed] = max(0, graph.extent[1]) + found.coverage_price
    near, nothing = _partners(graph, found.witness_left), np.zeros(0, np.int64)
    cover = witness = None
    if asked.coverage_first:
        cover = Prices((~found.witness_left).astype(np.int64), near, nothing, 1)
    if found.status is Status.INFEASIBLE:
        prices = Prices(-found.witness_left.astype(np.int64), near, nothing)
        witness = witness_of(limits, _numbers_of(graph), prices, None)
    return Assignment(
        status=found.status,
        limit=limit_of(found, control),
        taken=np.stack([left, found.mate[left]], axis=1),
        left_price=left_price,
        right_price=found.right_price,
        quota_price=nothing,
        coverage_price=found.coverage_price,
        cover=cover,
        witness=witness,
        _objective=found.objective,
        _bound=found.bound,
        _coverage_bound=found.coverage_bound,
        **_frame(graph, asked, control),
    )


def _constrained(graph: ExplicitGraph, asked: StoredPairs, control: Control) -> Assignment:
    limits = asked.constraints
    try:
        found = solve_constrained(graph, limits, asked.coverage_first, control)
    except OverflowError as error:
        hint = "Divide all points by a common factor."
        raise PointsRangeError("points", [Fault("points", str(error), hint=hint)]) from None
    witness = None
    if found.witness is not None:
        witness = witness_of(limits, _numbers_of(graph), found.witness, found.clash)
    return Assignment(
        status=found.status,
        limit=found.limit,
        taken=found.pairs,
        left_price=found.prices.left,
        right_price=found.prices.right,
        quota_price=found.prices.quota,
        coverage_price=found.prices.coverage,
        price_scale=found.price_scale,
        cover=found.cover,
        witness=witness,
        proof="search" if found.searched else "prices",
        _objective=found.objective,
        _bound=found.bound,
        _coverage_bound=found.coverage_bound,
        _clash=found.clash,
        **_frame(graph, asked, control),
    )


def _frame(graph: ExplicitGraph, asked: StoredPairs, control: Control) -> dict[str, Any]:
    """Return what every assignment says of the question."""
    return {
        "scale": graph.scale,
        "seconds": dict(control.seconds),
        "left_labels": graph.left_labels,
        "right_labels": graph.right_labels,
        "_asked": asked,
    }


def _numbers_of(graph: ExplicitGraph) -> tuple[Int64, Int64]:
    i, j, _ = graph.pairs()
    return i, j


def _partners(graph: ExplicitGraph, left: Bool) -> Int64:
    """Return 1 for each right node that some of these left nodes may have, 0 for the others."""
    near = np.zeros(graph.num_right, np.int64)
    if graph.lists is None:
        near[:] = left.any()
    else:
        offset, item = graph.lists
        near[item[np.repeat(left, np.diff(offset))]] = 1
    return near


def _read(points: Any) -> ExplicitGraph:
    if sparse.issparse(points):
        return ExplicitGraph.from_sparse(points)
    if hasattr(points, "nodes") and hasattr(points, "edges"):
        return ExplicitGraph.from_networkx(points)
    return ExplicitGraph.from_dense(points)
