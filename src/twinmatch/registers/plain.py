"""Plain tables: CSV or Parquet with our own column names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.columns import KNOWN
from twinmatch.errors import Fault, FormatError
from twinmatch.registers.reading import closed_note
from twinmatch.schools import Schools

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

__all__ = ["read_plain"]


def read_plain(path: Path, table: pa.Table, *, keep_closed: bool) -> Schools:
    """Read a table whose columns already have our names, in any case."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [lower if (lower := name.strip().lower()) in KNOWN else name for name in table.column_names]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise FormatError(
            path.name, [Fault(name, "the header has several columns of this name") for name in twice]
        )
    table = table.rename_columns(names)
    rows, notes = np.arange(table.num_rows), []
    if not keep_closed and "state" in names and pa.types.is_string(table["state"].type):
        closed = pc.fill_null(pc.equal(table["state"], "closed"), False).to_numpy().astype(bool)
        if closed.any():
            notes.append(closed_note(int(closed.sum())))
            rows = np.flatnonzero(~closed)
            table = table.take(pa.array(rows))
    return Schools.from_text(table, source=path.name, report=notes, rows=rows)
