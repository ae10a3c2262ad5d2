"""The columns of a table: typed, in order, checked, and without contact data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twinmatch.columns import KNOWN
from twinmatch.contacts import holds_mail, is_contact, shown_contact, without_contact
from twinmatch.errors import Fault
from twinmatch.tables.cells import check, read_column
from twinmatch.tables.frames import unnamed

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["checked_columns"]


def checked_columns(
    table: pa.Table, *, parse: bool, unread: set[str] | frozenset[str] = frozenset()
) -> tuple[pa.Table, tuple[str, ...], list[Fault]]:
    """Type, order and check the columns of a table: the new table, dropped names, faults."""
    import pyarrow as pa

    if found := unnamed(table):
        return table, (), found
    names = list(table.column_names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return table, (), [Fault(name, "the table has several columns of this name") for name in twice]
    read: dict[str, pa.ChunkedArray] = {}
    dropped: list[str] = []
    faults: list[Fault] = []
    broken = set(unread)
    for name in [*(n for n in KNOWN if n in names), *(n for n in names if n not in KNOWN)]:
        column, found = (table[name], []) if is_contact(name) else read_column(name, table[name], parse=parse)
        if is_contact(name) or (name not in KNOWN and holds_mail(column)):
            place = names.index(name) + 1
            plain = not is_contact(name) and re.fullmatch(r"\w{1,30}", name)
            dropped.append(name if plain else shown_contact(place, name))
            continue
        if name in KNOWN and name != "id" and pa.types.is_string(column.type):
            column, cells = without_contact(column)
            if cells:
                dropped.append(f"{name} ({cells:,} cell{'' if cells == 1 else 's'})")
        read[name] = column
        faults += found
        if found:
            broken.add(name)
    result = pa.table(read) if read else pa.table({"id": pa.array([], pa.string())}).drop_columns(["id"])
    # A cell that could not be read is missing now; saying so again would be noise.
    for fault in check(result):
        consequence = "missing" in fault.what or ", " in fault.where
        if not (consequence and broken.intersection(fault.where.split(", "))):
            faults.append(fault)
    return result, tuple(dropped), faults
