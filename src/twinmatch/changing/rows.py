"""
Rows of a table that go, come, or get another cell, without a look at all the others.

A table of schools is immutable, and checking one of 126,000 rows takes a second. Here the rows that stay are
slices of the old columns, which share its memory; only what is new was checked, when it was made. After some
dozens of changes the slices are joined into one piece again.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinmatch.columns import KNOWN
from twinmatch.errors import Fault
from twinmatch.schools import Schools

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pyarrow as pa

    Int64 = npt.NDArray[np.int64]

__all__ = ["Changed", "Columns", "row_of", "set_cells", "spliced", "stacked", "without"]

#: A column of more pieces is joined into one.
MOST_PIECES = 64


class Changed(NamedTuple):
    """
    A table after some rows went and others came.

    Attributes
    ----------
    schools : Schools
        Sorted by id.
    rows : (len(schools),) int64
        The row in the old table, -1 for who is new.
    """

    schools: Schools
    rows: Int64


def row_of(schools: Schools, identifier: str) -> int:
    """Return the row of a school in a table that is sorted by id, -1 where it is not there."""
    ids = schools.ids
    at = int(np.searchsorted(ids, identifier))  # both in the order of code points
    return at if at < len(ids) and ids[at] == identifier else -1


class Columns:
    """
    Whether the columns of tables that come one after the other fit under each other.

    Parameters
    ----------
    first : Schools
        The table that the others join.
    """

    def __init__(self, first: Schools) -> None:
        self._parts: dict[str, list[pa.ChunkedArray]] = {}
        self._kinds: dict[str, pa.DataType] = {}
        self._first = first
        self.add(first)

    def add(self, schools: Schools) -> list[Fault]:
        """Return a fault for each column that does not fit under those of before; take the others in."""
        faults = []
        for name in schools.columns:
            column = schools.table[name]
            if not _is_empty(column) and (fault := self._clash(name, column)) is not None:
                faults.append(fault)
        return faults

    def _clash(self, name: str, column: pa.ChunkedArray) -> Fault | None:
        parts, kind = self._parts.setdefault(name, []), self._kinds.get(name, column.type)
        where = "the table that they join" if self._first.has(name) else "that of others who join"
        if name == "embedding" and parts and _width(parts[0]) != _width(column):
            return Fault(name, f"has {_width(column)} numbers, and {_width(parts[0])} in {where}")
        if column.type != kind:
            joined = _joined(kind, column.type)
            if joined is None:
                return Fault(name, f"holds {column.type}, and {kind} in {where}")
            if not all(_is_exact(one, joined) for one in (*(parts if joined != kind else ()), column)):
                what = f"holds {column.type}, and {kind} in {where}: no type holds all of both exactly"
                return Fault(name, what)
            kind = joined
        self._kinds[name] = kind
        parts.append(column)
        return None


def _is_exact(column: pa.ChunkedArray, kind: pa.DataType) -> bool:
    """Return whether every value of a column has one of another type."""
    import pyarrow as pa

    if column.type == kind:
        return True
    try:
        column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def spliced(old: Schools, gone: Int64, new: Schools | None = None) -> Changed:
    """
    Return a table without some rows and with others.

    Parameters
    ----------
    old : Schools
        Sorted by id.
    gone : (k,) int64
        Rows that go, sorted, each once.
    new : Schools, optional
        Rows that come, sorted by id, with columns that fit and no id that stays.

    Returns
    -------
    Changed
        ``old`` itself where nothing changes.

    Notes
    -----
    Time is linear in the number of schools with a very small constant: one array of ids is copied.
    """
    stay = without(np.arange(len(old)), gone)
    if new is None or not len(new):
        if not len(gone):
            return Changed(old, stay)
        table = _joined_pieces(
            [old.table.slice(start, stop - start) for start, stop in _runs(gone, len(old))]
        )
        return Changed(_trusted(old, table, _cut(old, gone)), stay)
    ids = without(old.ids, gone)
    places = np.searchsorted(ids, new.ids)
    rows = np.insert(stay, places, -1)
    here, there = _aligned(old.table, new.table)
    pieces: list[pa.Table] = []
    come = 0
    for start, stop in _stretches(rows):
        if rows[start] < 0:
            pieces.append(there.slice(come, stop - start))
            come += stop - start
        else:
            pieces.append(here.slice(int(rows[start]), stop - start))
    cache = {"strings id": np.insert(ids, places, new.ids)}
    dropped = tuple(dict.fromkeys((*old.dropped, *new.dropped)))
    return Changed(_trusted(old, _joined_pieces(pieces), cache, dropped), rows)


def stacked(tables: Sequence[Schools]) -> Schools:
    """Return the rows of one or more tables, one table after the other, in columns that all of them have."""
    if len(tables) == 1:
        return tables[0]
    made = _joined_pieces(_aligned(*(one.table for one in tables)))
    dropped = tuple(dict.fromkeys(name for one in tables for name in one.dropped))
    return Schools._trusted(made, kind=tables[0].kind, source=tables[0].source, dropped=dropped)


def without(values: npt.NDArray[Any], gone: Int64) -> npt.NDArray[Any]:
    """Return an array without some entries, sorted, each once; a few cost no more than a copy."""
    if len(gone) > MOST_PIECES:
        return np.delete(values, gone)
    return np.concatenate([values[start:stop] for start, stop in _runs(gone, len(values))])


def set_cells(schools: Schools, name: str, cells: Mapping[int, object]) -> Schools:
    """
    Return a table with other cells in one column.

    Parameters
    ----------
    schools : Schools
    name : str
        A known column; one that is not there is added, missing everywhere else.
    cells : mapping of int to object
        The new cell of each row, one that the column may hold.
    """
    import pyarrow as pa

    table = schools.table
    if not schools.has(name):
        kinds = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64()}
        empty = pa.nulls(len(schools), kinds[KNOWN[name].kind])
        table = table.append_column(name, empty).select(_ordered([*schools.columns, name]))
    column = table[name]
    pieces = []
    last = 0
    for row in sorted(cells):
        pieces += column.slice(last, row - last).chunks
        pieces.append(pa.array([cells[row]], column.type))
        last = row + 1
    pieces += column.slice(last).chunks
    made = pa.chunked_array([piece for piece in pieces if len(piece)], column.type)
    if made.num_chunks > MOST_PIECES:
        made = pa.chunked_array([pa.concat_arrays(made.chunks)])
    table = table.set_column(table.column_names.index(name), name, made)
    cache = {
        key: value
        for key, value in schools._cache.items()
        if isinstance(value, np.ndarray) and key.split(" ", 1)[-1] != name
    }
    return _trusted(schools, table, cache)


def _trusted(
    old: Schools, table: pa.Table, cache: dict[str, Any], dropped: tuple[str, ...] | None = None
) -> Schools:
    made = Schools._trusted(
        table,
        kind=old.kind,
        source=old.source,
        report=old.report,
        dropped=old.dropped if dropped is None else dropped,
    )
    for value in cache.values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    made._cache.update(cache)
    return made


def _cut(old: Schools, gone: Int64) -> dict[str, Any]:
    """Return what was worked out for each school, for those that stay."""
    old.ids  # noqa: B018  # whoever looks up a school needs them
    return {
        key: without(value, gone)
        for key, value in old._cache.items()
        if isinstance(value, np.ndarray) and value.shape == (len(old),)
    }


def _runs(gone: Int64, size: int) -> list[tuple[int, int]]:
    """Return the stretches of rows that stay, as first and one behind the last; at least one, maybe empty."""
    edges = [-1, *gone.tolist(), size]
    runs = [(a + 1, b) for a, b in pairwise(edges) if b > a + 1]
    return runs or [(0, 0)]


def _stretches(rows: Int64) -> list[tuple[int, int]]:
    """Return the stretches of rows that are all new, or consecutive in the old table."""
    fresh = rows < 0
    follows = np.where(fresh[1:], fresh[:-1], ~fresh[:-1] & (np.diff(rows) == 1))
    edges = np.r_[0, np.flatnonzero(~follows) + 1, len(rows)].tolist()
    return list(pairwise(edges))


def _joined_pieces(pieces: list[pa.Table]) -> pa.Table:
    import pyarrow as pa

    table = pa.concat_tables(pieces)
    most = max((table[name].num_chunks for name in table.column_names), default=0)
    return table.combine_chunks() if most > MOST_PIECES else table


def _aligned(*tables: pa.Table) -> list[pa.Table]:
    """Give tables the same columns in the same order, with the same types."""
    import pyarrow as pa

    made: list[dict[str, pa.ChunkedArray]] = [{} for _ in tables]
    has = [set(table.column_names) for table in tables]
    for name in _ordered(list(dict.fromkeys(name for table in tables for name in table.column_names))):
        columns = [table[name] if name in names else None for table, names in zip(tables, has, strict=True)]
        known = [one for one in columns if one is not None and not _is_empty(one)]
        kind, *kinds = [one.type for one in known or columns if one is not None]
        for one in kinds:
            kind = _joined(kind, one)
        for column, table, parts in zip(columns, tables, made, strict=True):
            if column is None or (_is_empty(column) and column.type != kind):
                column = pa.chunked_array([pa.nulls(len(table), kind)])
            parts[name] = column.cast(kind) if column.type != kind else column
    return [pa.table(one) for one in made]


def _ordered(names: list[str]) -> list[str]:
    """Return names of columns in the order of all tables: known ones first."""
    return [*(name for name in KNOWN if name in names), *(name for name in names if name not in KNOWN)]


def _joined(here: pa.DataType, there: pa.DataType) -> pa.DataType | None:
    """Return the type that holds the values of two, None where there is none."""
    import pyarrow as pa

    if here == there:
        return here
    pieces = [pa.schema([("x", one)]) for one in (here, there)]
    try:
        return pa.unify_schemas(pieces, promote_options="permissive").field(0).type
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return None


def _is_empty(column: pa.ChunkedArray) -> bool:
    return bool(column.null_count == len(column))


def _width(column: pa.ChunkedArray) -> int:
    """Return how long the vectors of a column are."""
    return len(next(one for one in column if one.is_valid).as_py())
