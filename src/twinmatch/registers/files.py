"""From the bytes of a file to a table of text: splitting into columns, and what can go wrong."""

from __future__ import annotations

import csv
import io
import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from twinmatch.columns import KNOWN
from twinmatch.errors import Fault, FormatError
from twinmatch.intake.content import json_value
from twinmatch.intake.limits import over, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from twinmatch.intake.limits import ReadLimits

__all__ = ["plain", "read_delimited", "read_geojson", "repeated_names"]

_HEADER = 2**20
_BLOCK = 8 * 2**20
"""Bytes that a header and a row may take; a row that takes more has a quotation mark left open."""

_MOST_WRONG = 10_000
"""Rows of another length than the header's; with so many a file is read no further."""


def plain(text: str) -> str:
    """Return text in small letters, without accents and with single blanks, for comparing words."""
    return " ".join(unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower().split())


def repeated_names(subject: str, names: Sequence[str]) -> None:
    """
    Refuse a table that has several columns of one name.

    Names that are not ours are told by their place: they may be anybody's.
    """
    twice = (
        [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if len(set(names)) < len(names)
        else []
    )
    if twice:
        faults = []
        for name in twice:
            places = [str(place) for place, one in enumerate(names, 1) if one == name]
            where = name if name.lower() in KNOWN else f"columns {', '.join(places[:3])}"
            faults.append(Fault(where, "the header has several columns of this name"))
        raise FormatError(subject, faults)


def read_delimited(
    subject: str,
    data: bytearray,
    limits: ReadLimits,
    wanted: Callable[[list[str]], Sequence[str]] = lambda names: names,
) -> pa.Table:
    """
    Read delimited text in UTF-8 with every cell as text.

    The delimiter is the one of ``;``, ``,``, tab and ``|`` that the header has most of. Names
    lose the blanks around them.

    Parameters
    ----------
    subject : str
        What messages call the file.
    data : bytearray
        The text, which is emptied: what has become rows is no longer held as text.
    limits : ReadLimits
    wanted : callable, optional
        Takes the names of the columns, returns those to keep; all when not given.

    Raises
    ------
    FormatError
        If a name is given twice, a row has more or fewer cells than the header, or there is more of
        anything than allowed.
    """
    import pyarrow as pa
    import pyarrow.csv as pacsv

    head = data[:_HEADER].decode(errors="ignore")
    first = head[: head.find("\n") + 1] or head
    delimiter = max(";,\t|", key=first.count)
    # A quoted name may hold a line break, so the header is read by the same rules as the rows.
    names: list[str] = []
    with suppress(csv.Error, StopIteration):
        header = next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter))
        names = [name.strip() for name in header]
    if not names:
        refuse(subject, "the header cannot be split into columns", "Is a quotation mark left open?")
    if len(names) > limits.columns:
        over(subject, "columns", limits.columns, f"has {len(names):,} columns")
    repeated_names(subject, names)
    kept = list(wanted(names))
    wrong = _Wrong()
    batches: list[pa.RecordBatch] = []
    rows, why = 0, ""
    try:
        reader = pacsv.open_csv(
            pa.PythonFile(_Blocks(data), "r"),
            # One thread: only then are the numbers of wrong rows known.
            read_options=pacsv.ReadOptions(
                use_threads=False, column_names=names, skip_rows_after_names=1, block_size=_BLOCK
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=wrong.note
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        )  # fmt: skip
        for batch in reader:
            rows += batch.num_rows
            why = _too_much(rows, len(names), batch, limits)
            if why:
                break
            batches.append(batch.select(kept))
    except pa.ArrowInvalid:
        why = "damaged"
    if wrong.count:
        wrong.refuse(subject, len(names))
    if why == "damaged":
        refuse(subject, "cannot be split into rows and columns", "Is a quotation mark left open?")
    if why:
        over(subject, why, getattr(limits, why), f"has more {_TOO_MUCH[why]}")
    return pa.Table.from_batches(batches, schema=pa.schema([(name, pa.string()) for name in kept]))


class _Blocks(io.RawIOBase):
    """
    Text as a file that is read once, in blocks: what was read is no longer held here.

    Arrow reads ahead as far as it may, so the text has to be there anyway; but it goes as the table comes.
    While blocks are made of it, half of it is there twice: a bytearray gives back no less than that.
    """

    def __init__(self, data: bytearray) -> None:
        self._blocks = []
        for start in reversed(range(0, len(data), _BLOCK)):
            self._blocks.append(data[start:])
            del data[start:]

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def read(self, size: int = -1) -> bytearray:
        """Return the next block, or the beginning of it: whoever asks has no room for more."""
        block = self._blocks.pop() if self._blocks else bytearray()
        if 0 <= size < len(block):
            self._blocks.append(block[size:])
            del block[size:]
        return block


_TOO_MUCH = {"rows": "rows", "cells": "cells", "cell_length": "bytes in a cell"}


def _too_much(rows: int, columns: int, batch: pa.RecordBatch, limits: ReadLimits) -> str:
    """Return the limit that a table goes beyond, empty where it does not."""
    import pyarrow.compute as pc

    if rows > limits.rows:
        return "rows"
    if rows * columns > limits.cells:
        return "cells"
    longest = max((pc.max(pc.binary_length(column)).as_py() or 0 for column in batch.columns), default=0)
    return "cell_length" if longest > limits.cell_length else ""


class _Wrong:
    """Rows that have more or fewer cells than the header: how many, the first, and a few of their lengths."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[int] = []
        self.cells: list[int] = []

    def note(self, row: pa.csv.InvalidRow) -> str:
        """Take note of a row, for pyarrow to go on without it; end where there are too many to go on."""
        self.count += 1
        self.first = [*self.first, row.number or 0][:3]
        self.cells = list(dict.fromkeys([*self.cells, row.actual_columns]))[:3]
        return "skip" if self.count < _MOST_WRONG else "error"

    def refuse(self, subject: str, columns: int) -> None:
        """Refuse the file."""
        counts = " or ".join(map(str, sorted(self.cells)))
        many = f"{self.count:,} " if self.count == _MOST_WRONG else ""
        what = f"{many}rows have {counts} cells where the header has {columns}"
        # Row numbers count from 1 with the header, faults count data rows from 0.
        rows = tuple(number - 2 for number in self.first)
        hint = "Is the file cut short, or a delimiter not quoted?"
        raise FormatError(subject, [Fault("file", what, self.count, rows, hint)])


def read_geojson(subject: str, data: bytearray, limits: ReadLimits) -> pa.Table:
    """
    Read the features of a GeoJSON file with every property as text, and points as ``lat`` and ``lon``.

    Raises
    ------
    FormatError
        If the file is no GeoJSON feature collection, or there is more of anything than allowed.
    """
    import pyarrow as pa

    rows = _properties(json_value(subject, data, limits))
    if rows is None:
        refuse(subject, "is no GeoJSON feature collection", "Is the file cut short?")
    names: dict[str, None] = {}
    for row in rows:
        names |= dict.fromkeys(row)
        if len(names) > limits.columns:
            over(subject, "columns", limits.columns, "has more names of properties")
    if len(rows) * len(names) > limits.cells:
        over(subject, "cells", limits.cells, f"has {len(rows) * len(names):,} cells")
    columns, longest = {}, 0
    for name in names:
        cells = [None if (cell := row.get(name)) is None else str(cell) for row in rows]
        longest = max(longest, *(len(cell) for cell in cells if cell), 0)
        columns[name] = cells
    if longest > limits.cell_length:
        over(subject, "cell_length", limits.cell_length, f"has a cell of {longest:,} letters")
    table = None
    with suppress(ValueError):
        table = pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
    if table is None:
        refuse(subject, "has half letters (surrogates), which are no text", "Write it again as UTF-8.")
    return table


def _properties(document: Any) -> list[dict[str, Any]] | None:
    """Return the properties of each feature, with the coordinates of points; None where there are none."""
    try:
        rows = [dict(feature["properties"]) for feature in document["features"]]
        for row, feature in zip(rows, document["features"], strict=True):
            geometry = feature.get("geometry") or {}
            if geometry.get("type") == "Point" and not (row.get("lat") and row.get("lon")):
                row["lon"], row["lat"] = geometry["coordinates"][:2]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return rows
