"""Plain tables: CSV or Parquet with our own column names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.columns import KNOWN
from twinmatch.contacts import is_contact, shown_contact
from twinmatch.registers.files import repeated_names
from twinmatch.registers.reading import closed_note
from twinmatch.schools import Schools

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["is_ours", "read_plain"]


def is_ours(name: str, keep: frozenset[str]) -> bool:
    """Return whether a column is one that twinmatch knows, or one to keep that holds no contact data."""
    return name.strip().lower() in KNOWN or (name in keep and not is_contact(name))


def read_plain(
    subject: str, table: pa.Table, header: list[str], *, keep: frozenset[str], keep_closed: bool
) -> Schools:
    """
    Read a table whose columns already have our names, in any case, and those to keep.

    ``header`` names all columns of the file; the table may hold fewer.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    contact = [shown_contact(place, name) for place, name in enumerate(header, 1) if is_contact(name)]
    table = table.select([i for i, name in enumerate(table.column_names) if is_ours(name, keep)])
    other = len(header) - len(contact) - table.num_columns
    names = [lower if (lower := name.strip().lower()) in KNOWN else name for name in table.column_names]
    repeated_names(subject, names)
    table = table.rename_columns(names)
    rows, notes = np.arange(table.num_rows), []
    if other:
        notes.append(f"{other:,} other column{'' if other == 1 else 's'} left out")
    if not keep_closed and "state" in names and pa.types.is_string(table["state"].type):
        closed = pc.fill_null(pc.equal(table["state"], "closed"), False).to_numpy().astype(bool)
        if closed.any():
            notes.append(closed_note(int(closed.sum())))
            rows = np.flatnonzero(~closed)
            table = table.take(pa.array(rows))
    return Schools.from_text(table, source=subject, report=notes, rows=rows, dropped=contact)
