"""
Parquet whose cost is known before it is decoded.

A Parquet file can be tiny and decode to anything: a page of one repeated number, a dictionary of one long
text that a million rows point to, a schema ten thousand structs deep, a footer that claims little. Four
steps bound it.

1. The footer is read here (:mod:`twinmatch.intake.thrift`): rows, columns, depth, chunks; what it says must
   fit.
2. The header of each page of each wanted column is read here too, for the footer may lie: Arrow's decoder
   goes by the pages, and allocates the unpacked size that a page's header states. Their sums must fit.
3. Texts are decoded as dictionaries, in batches of rows: then each distinct text is there once, and how
   long the column would be is a sum that is made before the column is.
4. Only then are the texts of a batch written out, and the batch as it came is dropped. The number of rows
   must be the one that was promised: none is lost.

Columns that nobody asked for are never decoded.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from twinmatch.intake.limits import over, refuse
from twinmatch.intake.thrift import Damaged, read_struct
from twinmatch.room import of_resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from twinmatch.intake.limits import ReadLimits

    Wanted = Callable[[list[str], list[str]], Sequence[str]]

__all__ = ["MAGIC", "parquet_table"]

MAGIC = b"PAR1"

_FOOTER_BYTES = 4 * 2**20
_PAGES = 200_000
_BATCH = 2**18
_WIDTHS = {0: 1, 1: 4, 2: 8, 3: 12, 4: 4, 5: 8}  # bytes of a value by physical type; texts are 6
_TEXT, _FIXED = 6, 7
_PREFIXED = 7  # the encoding DELTA_BYTE_ARRAY: each text begins like the one before
_REPEATED = 2
_DATA_PAGE, _DICTIONARY_PAGE, _DATA_PAGE_2 = 0, 2, 3
_HINT = "Download or write it again."


class _Leaf(NamedTuple):
    """A column of values, as the schema has it."""

    path: tuple[str, ...]
    kind: int
    width: int
    repeated: int  # how many lists it is in


class _Cost(NamedTuple):
    """What decoding asks for: bytes; by column, the largest page of texts that build on the one before."""

    total: int
    prefixed: dict[int, int]


def parquet_table(
    subject: str, data: bytes | bytearray, limits: ReadLimits, wanted: Wanted = lambda names, simple: names
) -> pa.Table:
    """
    Read columns of a Parquet file with the types they have.

    Parameters
    ----------
    subject : str
        What messages call the file.
    data : bytes or bytearray
        All of it.
    limits : ReadLimits
    wanted : callable, optional
        Takes the names of the columns and those whose cells are no lists or structs, returns those to
        read; all when not given.

    Raises
    ------
    FormatError
        If the file is damaged, goes beyond a limit, has two columns of one name, or a wanted column
        is nested deeper than a list.
    """
    import pyarrow as pa

    try:
        table = _read(subject, memoryview(data), limits, wanted)
    except (
        Damaged,
        pa.ArrowException,
        OSError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        OverflowError,
    ) as error:
        if hasattr(error, "faults") or of_resources(error):  # want of memory is no damage
            raise
        table = None
    if table is None:
        refuse(subject, "is a damaged Parquet file", _HINT)
    return table


def _read(subject: str, data: memoryview, limits: ReadLimits, wanted: Wanted) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    footer = _footer(subject, data)
    tops, leaves = _schema(subject, footer[2], limits)
    rows, groups = footer[3], footer[4]
    if rows > limits.rows:
        over(subject, "rows", limits.rows, f"has {rows:,} rows")
    if rows < 0 or sum(group[3] for group in groups) != rows:
        raise Damaged
    twice = sorted({name for name in tops if tops.count(name) > 1})
    if twice:
        places = [number for number, name in enumerate(tops, 1) if name in twice]
        refuse(subject, f"several columns have one name: columns {', '.join(map(str, places[:6]))}")
    names = list(wanted(tops, [leaf.path[0] for leaf in leaves if len(leaf.path) == 1 and not leaf.repeated]))
    chosen = [_leaf(subject, name, leaves) for name in names]
    cost = _cost(subject, data, groups, [(leaves[i], i) for i in chosen], limits)
    if not names or not rows:
        schema = pq.ParquetFile(pa.py_buffer(data)).schema_arrow
        empty = schema.empty_table().select(names)
        return empty if names else pa.table({"": pa.nulls(rows)}).select([])

    # Arrow cannot decode texts that build on the one before as a dictionary: those come in small batches.
    texts = [".".join(leaves[i].path) for i in chosen if leaves[i].kind == _TEXT and i not in cost.prefixed]
    types = pq.ParquetFile(pa.py_buffer(data)).schema_arrow
    file = pq.ParquetFile(pa.py_buffer(data), read_dictionary=texts, pre_buffer=False)
    total, columns = cost.total, {}
    for i, name in zip(chosen, names, strict=True):  # one by one: Arrow keeps dictionaries as it goes
        parts, kind = [], types.field(name).type
        batch_rows = max(1, min(_BATCH, limits.total_bytes // 4 // max(1, cost.prefixed.get(i, 1))))
        for batch in file.iter_batches(batch_rows, columns=[".".join(leaves[i].path)], use_threads=False):
            # A struct may have a column of this dotted name in it, which comes along.
            column = batch.column(batch.schema.get_field_index(name))
            total += _written_out(subject, column, limits)
            if total > limits.total_bytes:
                over(subject, "total_bytes", limits.total_bytes, f"decodes to more than {total:,} bytes")
            parts.append(_as(column, kind))
        columns[name] = pa.chunked_array(parts)
        if len(columns[name]) != rows:
            raise Damaged
    return pa.table(columns)


def _as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column in its own type; texts that were written as a dictionary become plain ones."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return column if column.type == kind else column.cast(kind)


def _written_out(subject: str, column: pa.Array, limits: ReadLimits) -> int:
    """Return how many bytes the texts of a batch will be, 0 for numbers; refuse one that is too long."""
    import pyarrow as pa
    import pyarrow.compute as pc

    t = pa.types
    while t.is_list(column.type) or t.is_large_list(column.type) or t.is_fixed_size_list(column.type):
        column = pc.list_flatten(column)
    distinct = column.dictionary if t.is_dictionary(column.type) else column
    if not (
        t.is_binary(distinct.type)
        or t.is_string(distinct.type)
        or t.is_large_string(distinct.type)
        or t.is_large_binary(distinct.type)
    ):
        return 0
    distinct.validate(full=True)  # Parquet says what is text, and nobody has looked whether it is
    lengths = pc.binary_length(distinct)
    longest = pc.max(lengths).as_py() or 0
    if longest > limits.cell_length:
        over(subject, "cell_length", limits.cell_length, f"has a cell of {longest:,} bytes")
    lengths = lengths.cast("int64")
    if distinct is not column:
        lengths = lengths.take(column.indices)
    return int(pc.sum(lengths).as_py() or 0)


# -- The footer ---------------------------------------------------------------------------------------------


def _footer(subject: str, data: memoryview) -> dict[int, Any]:
    if len(data) < 12 or data[-4:] != MAGIC:
        raise Damaged
    (length,) = struct.unpack("<I", data[-8:-4])
    if length > len(data) - 12:
        raise Damaged
    if length > _FOOTER_BYTES:
        refuse(subject, f"has a footer of {length:,} bytes, and {_FOOTER_BYTES:,} is the limit", _HINT)
    return read_struct(data[-8 - length : -8])[0]


def _schema(
    subject: str, elements: list[dict[int, Any]], limits: ReadLimits
) -> tuple[list[str], list[_Leaf]]:
    """Return the names of the columns and the columns of values; the schema is a tree in prefix order."""
    tops: list[str] = []
    leaves: list[_Leaf] = []
    left: list[int] = []  # of each struct around this place, how many of its children are still to come
    path: list[str] = []
    lists: list[int] = []
    for at, element in enumerate(elements):
        name, children = element[4].decode(), element.get(5, 0)
        if at == 0:
            left.append(children)
            continue
        while left and not left[-1]:
            left.pop()
            path.pop()
            lists.pop()
        if not left or children < 0:
            raise Damaged
        left[-1] -= 1
        if len(left) > limits.depth:
            over(subject, "depth", limits.depth, "has columns nested deeper")
        if not path:
            tops.append(name)
        repeated = sum(lists) + (element.get(3) == _REPEATED)
        if children:
            left.append(children)
            path.append(name)
            lists.append(int(element.get(3) == _REPEATED))
        else:
            kind = element[1]
            width = element.get(2, 0) if kind == _FIXED else _WIDTHS.get(kind, 4)
            leaves.append(_Leaf((*path, name), kind, width, repeated))
    if any(left):
        raise Damaged
    if len(leaves) > limits.columns:
        over(subject, "columns", limits.columns, f"has {len(leaves):,} columns")
    return tops, leaves


def _leaf(subject: str, name: str, leaves: list[_Leaf]) -> int:
    """Return the one column of values behind a name."""
    found = [i for i, leaf in enumerate(leaves) if leaf.path[0] == name]
    if len(found) != 1 or leaves[found[0]].repeated > 1:
        refuse(subject, "is nested: a cell is one value, or a list of numbers", where=name)
    return found[0]


# -- The pages ----------------------------------------------------------------------------------------------


def _cost(
    subject: str,
    data: memoryview,
    groups: list[dict[int, Any]],
    chosen: list[tuple[_Leaf, int]],
    limits: ReadLimits,
) -> _Cost:
    """Return what decoding these columns asks for, or refuse the file."""
    total = cells = pages = 0
    prefixed: dict[int, int] = {}
    if len(groups) * max(1, len(chosen)) > _PAGES:
        refuse(subject, f"has {len(groups):,} row groups", "Write it again with larger ones.")
    for group in groups:
        for leaf, at in chosen:
            chunk = group[1][at]
            meta = chunk[3]
            if 1 in chunk:  # the column is in another file
                raise Damaged
            values = 0
            for kind, unpacked, count, encoding in _pages(data, meta):
                pages += 1
                if pages > _PAGES:
                    refuse(subject, f"has more than {_PAGES:,} pages", "Write it again with larger ones.")
                total += unpacked
                if kind != _DICTIONARY_PAGE:
                    values += count
                    total += count * leaf.width
                    if encoding == _PREFIXED:
                        prefixed[at] = max(prefixed.get(at, 0), unpacked)
                if total > limits.total_bytes:
                    over(subject, "total_bytes", limits.total_bytes, f"unpacks to more than {total:,} bytes")
            if values != meta[5] or (not leaf.repeated and values != group[3]):
                raise Damaged
            cells += values
    if cells > limits.cells:
        over(subject, "cells", limits.cells, f"has {cells:,} cells")
    return _Cost(total, prefixed)


def _pages(data: memoryview, meta: dict[int, Any]) -> Iterator[tuple[int, int, int, int]]:
    """Yield kind, unpacked bytes, values and encoding of the pages of a chunk, as the decoder meets them."""
    start, length, values = meta[9], meta[7], meta[5]
    if not values:
        return
    if 0 < meta.get(11, 0) < start:
        start = meta[11]
    if start < 4 or length < 0 or start + length > len(data) or values < 0:
        raise Damaged
    chunk = data[start : start + length]
    at = seen = 0
    while seen < values:
        header, at = read_struct(chunk, at)
        kind, unpacked, packed = header[1], header[2], header[3]
        at += packed
        if unpacked < 0 or packed < 0 or at > len(chunk):
            raise Damaged
        about = header.get({_DATA_PAGE: 5, _DICTIONARY_PAGE: 7, _DATA_PAGE_2: 8}.get(kind, 0))
        if about is None:
            continue  # an index: no values
        count = about[1]
        if count < 0:
            raise Damaged
        if kind != _DICTIONARY_PAGE:
            seen += count
        yield kind, unpacked, count, about.get(4 if kind == _DATA_PAGE_2 else 2, 0)
