"""
Rows of many changes, read at once.

Reading a table checks every column in some dozen ways, which takes as long for one school as for a thousand.
Where a thousand changes bring a school each, those whose rows look alike are read as one table and taken
apart again. Whatever is wrong with one of them is found when each is read by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from twinmatch.errors import InputError
from twinmatch.schools import Schools

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["read_together"]

_PLAIN = (str, bool, int, float, type(None))


def read_together(documents: Sequence[object]) -> dict[int, Schools]:
    """
    Return the schools of those changes that bring one school each, and that are in order.

    Parameters
    ----------
    documents : sequence of object
        Changes as plain data; what is none of them that brings a school is passed over.

    Returns
    -------
    dict of int to Schools
        By position. Each is what its row says by itself; what is not here is to be read by itself.
    """
    alike: dict[object, list[int]] = {}
    rows: dict[int, Mapping[str, Any]] = {}
    for position, document in enumerate(documents):
        row = _only_row(document)
        look = None if row is None else _look(row)
        if row is not None and look is not None:
            rows[position] = row
            alike.setdefault(look, []).append(position)
    found: dict[int, Schools] = {}
    for positions in alike.values():
        if len(positions) == 1:
            continue
        first = rows[positions[0]]
        columns = {name: [rows[one][name] for one in positions] for name in first}
        try:
            table = Schools.from_frame(columns, source="schools that join")
        except InputError:
            continue
        for at, position in enumerate(positions):
            found[position] = Schools._trusted(
                table.table.slice(at, 1),
                kind=table.kind,
                source=table.source,
                report=table.report,
                dropped=table.dropped,
            )
    return found


def _only_row(document: object) -> Mapping[str, Any] | None:
    """Return the one row of a change, None where there is none or more."""
    schools = document.get("schools") if isinstance(document, Mapping) else None
    if isinstance(schools, list) and len(schools) == 1 and isinstance(schools[0], Mapping):
        return schools[0]
    return None


def _look(row: Mapping[str, Any]) -> object:
    """Return what rows must have in common to be read at once, None for one that has to be read by itself."""
    look = []
    for name, value in row.items():
        inner: object = None
        if isinstance(value, list):
            inner = (len(value), *sorted({type(one).__name__ for one in value}))
            if not all(type(one) in _PLAIN for one in value):
                return None
        elif type(value) not in _PLAIN:
            return None
        look.append((name, type(value), inner))
    return tuple(look)
