"""Plain tables: CSV or Parquet with our own column names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.columns import KNOWN
from twinmatch.contacts import is_contact, shown_contact
from twinmatch.registers.files import repeated_names
from twinmatch.registers.reading import closed_note
from twinmatch.schools import Schools
from twinmatch.tables.cells import read_column

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["is_ours", "read_plain"]


def is_ours(name: str, keep: frozenset[str]) -> bool:
    """Return whether a column is one that twinmatch knows, or one to keep that holds no contact data."""
    return name.strip().lower() in KNOWN or (name in keep and not is_contact(name))


def read_plain(
    subject: str,
    columns: dict[str, pa.ChunkedArray],
    header: list[str],
    *,
    keep: frozenset[str],
    keep_closed: bool,
) -> Schools:
    """
    Read columns that already have our names, in any case, and those to keep.

    ``header`` names all columns of the file; there may be fewer. They are taken out of ``columns`` one by
    one, so that no cell is held as text and as a number, or with and without rows that are left out.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    contact = [shown_contact(place, name) for place, name in enumerate(header, 1) if is_contact(name)]
    ours = [name for name in columns if is_ours(name, keep)]
    other = len(header) - len(contact) - len(ours)
    names = [lower if (lower := name.strip().lower()) in KNOWN else name for name in ours]
    repeated_names(subject, names)
    taken = {name: _numbers(name, columns.pop(one)) for name, one in zip(names, ours, strict=True)}
    columns.clear()
    rows, notes = None, []
    if other:
        notes.append(f"{other:,} other column{'' if other == 1 else 's'} left out")
    if not keep_closed and "state" in taken and pa.types.is_string(taken["state"].type):
        still = pc.fill_null(pc.not_equal(taken["state"], "closed"), True)
        rows = np.flatnonzero(still.to_numpy())
        if closed := len(still) - len(rows):
            notes.append(closed_note(closed))
            for name in taken:
                taken[name] = taken[name].filter(still)
    return Schools.from_text(pa.table(taken), source=subject, report=notes, rows=rows, dropped=contact)


def _numbers(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of numbers as such; as it was where one cannot be read, which is told later."""
    if name not in KNOWN or KNOWN[name].kind not in ("number", "whole"):
        return column
    found, faults = read_column(name, column, parse=True)
    return column if faults else found
