"""
Reading points that people hand in: arrays, sparse arrays, networkx graphs.

Nothing is guessed. Whole numbers stay what they are. Other numbers are multiplied by one power of two,
the ``scale``, and rounded: with the smallest scale that needs no rounding where there is one, with the
largest that 64-bit arithmetic allows otherwise. Everything that is not a finite number, given twice, or
too large is an error that says where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinmatch.errors import Fault, PointsError, PointsRangeError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import numpy.typing as npt

    from twinmatch.graph.arrays import Int64

__all__ = ["RANGE_BITS", "Dense", "Listed", "read_dense", "read_networkx", "read_sparse"]

RANGE_BITS = 60
"""Prices may grow to the spread of the points times the number of nodes, which must stay below 2**60."""

_ABSENT = "A pair that must not be is left out of a sparse array; it has no number."
_BLOCK = 2**18

if TYPE_CHECKING:
    _Whole = tuple[npt.NDArray[Any], float, tuple[int, int] | None]


class Dense(NamedTuple):
    """A matrix of whole points and the power of two they were multiplied by."""

    points: npt.NDArray[Any]
    scale: float
    extent: tuple[int, int] | None  # least and most points, where they are known already


class Listed(NamedTuple):
    """Sorted lists of partners, with whole points and the power of two they were multiplied by."""

    shape: tuple[int, int]
    offset: Int64
    item: npt.NDArray[Any]
    points: Int64
    scale: float


def read_dense(points: npt.ArrayLike) -> Dense:
    """
    Return a matrix of whole points; it is the caller's own where that has integers of 32 or 64 bits.

    Raises
    ------
    PointsError, PointsRangeError
    """
    if isinstance(points, np.ma.MaskedArray):
        raise _wrong("is a masked array", "Hand in a sparse array that stores the pairs that are allowed.")
    try:
        matrix = np.asarray(points)
    except ValueError as error:  # rows of different lengths
        raise _wrong("is no matrix", str(error)) from None
    if matrix.ndim != 2:
        raise _wrong(f"has {matrix.ndim} dimensions", "Two are needed: left nodes by right nodes.")
    columns = max(1, matrix.shape[1])
    values, scale, extent = _whole(
        matrix, sum(matrix.shape), lambda at: [divmod(int(flat), columns) for flat in at]
    )
    return Dense(values, scale, extent)


def read_sparse(points: Any) -> Listed:
    """
    Return the stored entries of a SciPy sparse array or matrix, explicit zeros included.

    Raises
    ------
    PointsError, PointsRangeError
    """
    if points.ndim != 2:
        raise _wrong(f"has {points.ndim} dimensions", "Two are needed: left nodes by right nodes.")
    shape = (int(points.shape[0]), int(points.shape[1]))
    if points.format == "csr":
        offset, item, data = points.indptr, points.indices, points.data
        if len(item) != len(data) or len(offset) != shape[0] + 1 or np.any(np.diff(offset) < 0):
            raise _wrong("is a sparse array with broken rows", "Build it from rows, columns and values.")
        row = np.repeat(np.arange(shape[0]), np.diff(offset))
        item, data = item[: len(row)], data[: len(row)]
    else:
        row, item, data = _stored_entries(points)
    return _listed(shape, row, item, data, lambda i, j: (i, j))


def read_networkx(graph: Any, weight: str) -> tuple[list[Hashable], list[Hashable], Listed]:
    """
    Return left nodes, right nodes and edges of a bipartite networkx graph.

    Raises
    ------
    PointsError, PointsRangeError
    """
    faults = []
    if graph.is_directed():
        faults.append(Fault("points", "is a directed graph", hint="Hand in graph.to_undirected()."))
    if graph.is_multigraph():
        faults.append(Fault("points", "is a multigraph", hint="Each pair can be given once: nx.Graph(...)."))
    side = dict(graph.nodes(data="bipartite"))
    lost = [node for node, where in side.items() if where not in (0, 1)]
    if lost:
        what = f"{len(lost)} nodes do not say their side, first: {_names(lost)}"
        faults.append(
            Fault("points", what, hint="Give every node bipartite=0 (left) or bipartite=1 (right).")
        )
    if faults:
        raise PointsError("points", faults)
    left = [node for node, where in side.items() if where == 0]
    right = [node for node, where in side.items() if where == 1]
    left_number = {node: number for number, node in enumerate(left)}
    right_number = {node: number for number, node in enumerate(right)}
    edges = list(graph.edges(data=weight))
    inside = [(u, v) for u, v, _ in edges if side[u] == side[v]]
    if inside:
        what = f"{len(inside)} edges join nodes of one side, first: {_names(inside)}"
        faults.append(Fault("points", what))
    bare = [(u, v) for u, v, worth in edges if worth is None]
    if bare:
        what = f"{len(bare)} edges have no {weight!r}, first: {_names(bare)}"
        faults.append(Fault("points", what, hint="Say what each pair is worth."))
    if faults:
        raise PointsError("points", faults)
    ends = [(u, v) if side[u] == 0 else (v, u) for u, v, _ in edges]
    row = np.array([left_number[u] for u, _ in ends], np.int64)
    item = np.array([right_number[v] for _, v in ends], np.int64)
    data = np.asarray([worth for _, _, worth in edges]) if edges else np.empty(0, np.int64)
    if data.ndim != 1:
        raise _wrong("has weights that are no numbers")
    read = _listed((len(left), len(right)), row, item, data, lambda i, j: (left[i], right[j]))
    return left, right, read


# -- Entries -----------------------------------------------------------------------------------------------


def _stored_entries(points: Any) -> tuple[Int64, Int64, npt.NDArray[Any]]:
    """Return row, column and value of all stored entries."""
    if points.format != "dia":
        entries = points.tocoo()
        return entries.row.astype(np.int64), entries.col.astype(np.int64), entries.data
    # SciPy forgets the zeros of a diagonal.
    rows, columns, values = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [points.data[:0, 0]]
    height, width = points.shape
    for diagonal, offset in zip(points.data, points.offsets, strict=True):
        column = np.arange(max(0, int(offset)), min(width, height + int(offset), len(diagonal)))
        rows.append(column - int(offset))
        columns.append(column)
        values.append(diagonal[column])
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(values)


def _listed(
    shape: tuple[int, int],
    row: npt.NDArray[Any],
    item: npt.NDArray[Any],
    data: npt.NDArray[Any],
    name: Callable[[int, int], tuple[Any, Any]],
) -> Listed:
    """Return sorted lists; refuse what is outside, given twice or not a number."""
    outside = (row < 0) | (row >= shape[0]) | (item < 0) | (item >= shape[1])
    if outside.any():
        first = [(int(row[at]), int(item[at])) for at in np.flatnonzero(outside)[:3]]
        raise _wrong(f"has {int(outside.sum())} entries outside its shape {shape}, first at {_names(first)}")
    step = (np.diff(row) > 0) | ((np.diff(row) == 0) & (np.diff(item) > 0))
    if not step.all():
        order = np.lexsort((item, row))
        row, item, data = row[order], item[order], data[order]
        twice = np.flatnonzero((np.diff(row) == 0) & (np.diff(item) == 0))
        if len(twice):
            first = [name(int(row[at]), int(item[at])) for at in twice[:3]]
            raise _wrong(
                f"has {len(twice)} pairs that are given more than once, first: {_names(first)}",
                "Say once what a pair is worth; sum_duplicates() adds up, if that is what you mean.",
            )
    values, scale, _ = _whole(
        data, sum(shape), lambda at: [name(int(row[place]), int(item[place])) for place in at]
    )
    offset = np.searchsorted(row, np.arange(shape[0] + 1)).astype(np.int64)
    return Listed(shape, offset, item.astype(np.int32), values.astype(np.int64), scale)


# -- Numbers -----------------------------------------------------------------------------------------------


def _whole(values: npt.NDArray[Any], nodes: int, where: Any) -> _Whole:
    """Return numbers in 32 or 64 bits, the power of two they were multiplied by, and least and most."""
    kind = values.dtype.kind
    if kind == "O":
        values = _from_objects(values)
        kind = values.dtype.kind
    if kind == "b":
        return values.astype(np.int32), 1, None
    if kind in "iu":
        extent = _check_range(values, nodes, where)
        if values.dtype in (np.int32, np.int64) and values.dtype.isnative:
            return values, 1, extent
        return values.astype(np.int32 if values.dtype.itemsize < 4 else np.int64), 1, extent
    if kind == "f":
        return _scaled(values, nodes, where)
    raise _wrong(f"has entries of type {values.dtype}", "Points are real numbers.")


def _from_objects(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return Python numbers as an array of numbers."""
    if not values.size:
        return values.astype(np.int64)
    whole = all(isinstance(value, int | np.integer) for value in values.flat)
    try:
        return values.astype(np.int64 if whole else np.float64)
    except OverflowError:
        raise PointsRangeError("points", [Fault("points", "has entries beyond 64 bits")]) from None
    except (TypeError, ValueError):
        raise _wrong("has entries that are no numbers", _ABSENT) from None


def _check_range(values: npt.NDArray[Any], nodes: int, where: Any) -> tuple[int, int]:
    """Return the least and the most number."""
    if not values.size:
        return 0, 0
    extent = int(values.min()), int(values.max())
    low, high = min(0, extent[0]), max(0, extent[1])
    if (high - low) * (nodes + 2) < 2**RANGE_BITS:
        return extent
    extreme = (values == high) | (values == low)
    first = where(np.flatnonzero(extreme)[:3])
    most = 2**RANGE_BITS // (nodes + 2)
    raise PointsRangeError(
        "points",
        [
            Fault(
                "points",
                f"spread over {high - low:,}, and exact 64-bit arithmetic with {nodes:,} nodes allows "
                f"{most:,}; first at {_names(first)}",
                hint="Divide all points by a common factor.",
            )
        ],
    )


def _scaled(values: npt.NDArray[Any], nodes: int, where: Any) -> _Whole:
    if not values.size:
        return np.zeros(values.shape, np.int64), 1, (0, 0)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(values, np.float64)
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        at = np.flatnonzero(~np.isfinite(values))
        raise _wrong(f"has {len(at)} entries that are not finite, first at {_names(where(at[:3]))}", _ABSENT)
    bits = int(np.frexp(max(high, 0.0) / 2 - min(low, 0.0) / 2)[1]) + 1  # the spread is below 2**bits
    if high == low == 0:
        return np.zeros(values.shape, np.int32), 1, (0, 0)
    exponent = RANGE_BITS - 1 - bits - (nodes + 2).bit_length()
    out, exact = _times(values, exponent)
    if exact:
        # Every number is whole already; drop the zeros that all of them end with.
        common = int(np.bitwise_or.reduce(out.ravel()))
        spare = min((common & -common).bit_length() - 1, max(0, exponent))
        out >>= spare
        exponent -= spare
        if np.ldexp(max(high, -low), exponent) < 2**31:
            out = out.astype(np.int32)
    ends = np.rint(np.ldexp([low, high], exponent))
    return out, 2**exponent if exponent >= 0 else 2.0**exponent, (int(ends[0]), int(ends[1]))


def _times(values: npt.NDArray[np.float64], exponent: int) -> tuple[Int64, bool]:
    """Return the numbers times ``2**exponent``, rounded, and whether none had to be."""
    out = np.empty(values.shape, np.int64)
    flat, target = values.ravel(), out.reshape(-1)
    exact = True
    factor = 2.0**exponent if abs(exponent) < 1000 else None
    for first in range(0, len(flat), _BLOCK):
        part = flat[first : first + _BLOCK]
        product = part * factor if factor is not None else np.ldexp(part, exponent)
        rounded = np.rint(product)
        exact = exact and bool((rounded == product).all())
        target[first : first + _BLOCK] = rounded
    if exact and factor is None:
        exact = bool(
            (np.ldexp(target.astype(np.float64), -exponent) == flat).all()
        )  # nothing was lost to underflow
    return out, exact


def _names(things: list[Any]) -> str:
    return ", ".join(str(thing) for thing in things[:3])


def _wrong(what: str, hint: str = "") -> PointsError:
    return PointsError("points", [Fault("points", what, hint=hint)])
