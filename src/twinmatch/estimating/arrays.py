"""What an assignment of stored pairs will take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from twinmatch.assigning import assign
from twinmatch.errors import Fault, InputError, ResourceLimitError
from twinmatch.estimating.probing import BUDGET_S, Law, Watch, at_threads, grow, times_quotas
from twinmatch.estimating.result import Estimate, Probe
from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.limits import constraints_from
from twinmatch.log import silent
from twinmatch.room import bounded, held, least_room
from twinmatch.solvers.nested import layout_of
from twinmatch.storing import need_of_graph
from twinmatch.threads import number_of, thread_faults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints
    from twinmatch.limits import GroupQuota

__all__ = ["estimate_assign"]

#: Thinned on both sides, a matrix of n rows takes n**1.6 on all families of the benchmarks, lists n**1.3.
_MATRIX, _LISTS = Law(1.6, 1.6), Law(1.3, 1.3)
#: Where quotas cross, a search may follow that nobody can foresee: it counts as so many times what was tried.
_SEARCHED = 2.0


@bounded
def estimate_assign(
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
) -> Estimate:
    """
    Estimate the memory and the time of :func:`twinmatch.assign`, which takes the same arguments.

    Parameters
    ----------
    points, right_capacity, require_all, left_bounds, right_bounds, coverage_first, locked, quotas, threads
        As there.

    Returns
    -------
    Estimate
        Bytes at the peak, seconds to the proven result, and what they rest on. It prints one screen.

    Raises
    ------
    InputError
        If points or options are refused by :func:`twinmatch.assign` too.

    Notes
    -----
    Memory is worked out from the numbers of nodes and pairs, and time is tried, as by
    :func:`twinmatch.estimate`: on every so manieth row and column of a matrix; on every so manieth row of
    lists, with neighbouring columns joined, so that each row keeps its partners and the contention stays. The
    whole is tried last where it is small enough.

    Examples
    --------
    >>> import numpy as np
    >>> import twinmatch as tm
    >>> told = tm.estimate_assign(np.arange(10_000).reshape(100, 100) % 97)
    >>> told.fits, told.probes[-1].whole
    (True, True)
    """
    _, resident = held()
    faults = thread_faults(threads)
    for name, value in (("require_all", require_all), ("coverage_first", coverage_first)):
        if not isinstance(value, (bool, np.bool_)):
            faults.append(Fault(name, f"must be True or False, not {value!r}"))
    try:
        graph = _graph(points)
    except InputError as error:  # what is asked of points that are none, nobody can check
        raise type(error)("estimate_assign", [*error.faults, *faults]) from error
    bounds: dict[str, Any] = {
        "right_capacity": right_capacity,
        "left_bounds": left_bounds,
        "right_bounds": right_bounds,
        "locked": locked,
        "quotas": quotas,
    }
    limits = constraints_from(graph, require_all=require_all, faults=faults, **bounds)
    if faults:
        raise InputError("estimate_assign", faults)
    number = number_of(threads)
    cross = bool(limits.quotas) and bool(layout_of(limits, bool(coverage_first))[1])
    need = need_of_graph(graph, limits, number, cross=cross)
    room = least_room()
    task = (
        f"assign {graph.num_left:,} x {graph.num_right:,} nodes, {graph.num_pairs:,} pairs, {number} threads"
    )
    basis = (
        "Memory is worked out from the numbers of nodes, pairs and threads, with bytes for each that were "
        "measured."
    )
    told = Estimate(
        task, resident + need.memory, need.memory, need.address_space, None, need.parts, (), (basis,), room
    )
    if not told.fits:
        return replace(told, basis=(basis, "Nothing was tried: it does not fit the memory that there is."))

    with silent():
        seconds, probes, how = _tried(graph, points, limits, require_all, coverage_first, bounds, cross)
    if seconds is not None:
        seconds *= at_threads(number)
    return replace(told, seconds=seconds, probes=probes, basis=(basis, how))


def _graph(points: Any) -> ExplicitGraph:
    if sparse.issparse(points):
        return ExplicitGraph.from_sparse(points)
    if hasattr(points, "nodes") and hasattr(points, "edges"):
        return ExplicitGraph.from_networkx(points)
    return ExplicitGraph.from_dense(points)


def _tried(
    graph: ExplicitGraph,
    points: object,
    limits: Constraints,
    require_all: bool,
    coverage_first: bool,
    bounds: dict[str, Any],
    cross: bool,
) -> tuple[float | None, tuple[Probe, ...], str]:
    """Solve thinned parts, the whole where it is small, and scale up; on one thread."""

    def whole(deadline: float) -> tuple[Probe, bool]:
        watch = Watch()
        options = {"require_all": require_all, "coverage_first": coverage_first, **bounds}
        found = assign(points, threads=1, deadline=max(0.0, deadline), **options)
        return Probe(graph.num_left, graph.num_right, watch.seconds, True), found.limit is None

    def thinned(every: int, deadline: float) -> Probe | None:
        if every == 1:
            probe, ended = whole(deadline)
            return probe if ended else None
        part = _thinned(graph, every)
        num_left, num_right = part.shape
        watch = Watch()
        covered = bool(coverage_first or require_all)
        found = assign(part, coverage_first=covered, threads=1, deadline=max(0.0, deadline))
        return None if found.limit is not None else Probe(num_left, num_right, watch.seconds)

    watch = Watch()
    try:
        assign([[1]], threads=1)  # loads what is loaded at first use
        probes = grow(graph.num_left, thinned, whole=limits.is_plain)
        left_s = BUDGET_S - watch.seconds
        if not limits.is_plain and left_s > 0:
            probe, ended = whole(left_s)
            if ended:
                probes = (*probes, probe)
            elif cross:
                return _SEARCHED * probe.seconds, probes, _SEARCHES
    except (InputError, ResourceLimitError) as error:
        return None, (), f"Time is unknown: a thinned part could not be solved ({error})."
    if not probes:
        return None, (), "Time is unknown: not even the smallest part was solved in a second."
    last = probes[-1]
    if last.whole:
        return last.seconds, probes, "Time is what the whole took just now, on one thread."
    law = _MATRIX if graph.lists is None else _LISTS
    factor = law.factor(last.num_left, graph.num_left) * times_quotas(len(limits.quotas), cross)
    how = (
        f"Time is that of a thinned part, on one thread, times {factor:,.1f}: it grows with the number of "
        f"left nodes to the power {law.few:g}, and with quotas as was measured."
    )
    return last.seconds * factor, probes, how


_SEARCHES = "Quotas cross, and a search did not end in the time for trying: twice that is counted."


def _thinned(graph: ExplicitGraph, every: int) -> Any:
    """Return every so manieth row, with columns as many times fewer."""
    rows = np.arange(every // 2, graph.num_left, every)
    if graph.lists is None:
        columns = np.arange(every // 2, graph.num_right, every)
        return np.ascontiguousarray(graph.stored[np.ix_(rows, columns)])
    offset, item = graph.lists
    width = -(-graph.num_right // every)
    length = (offset[1:] - offset[:-1])[rows]
    entry = np.repeat(offset[rows] - np.concatenate(([0], np.cumsum(length)[:-1])), length)
    entry = entry + np.arange(len(entry))
    key = np.repeat(np.arange(len(rows)), length) * width + item[entry] // every
    order = np.lexsort((-graph.stored[entry], key))
    first = np.concatenate(([True], np.diff(key[order]) > 0)) if len(order) else np.empty(0, bool)
    best = order[first]  # of columns that were joined, the better one
    row, column = np.divmod(key[best], width)
    return sparse.csr_array((graph.stored[entry][best], (row, column)), shape=(len(rows), width))
