"""
What a school's surroundings said of it stays so when neighbours leave the tables.

Where the column ``setting`` says nothing, :class:`~twinmatch.policies.SameSetting` counts the schools
around. A school that drops out of twinning does not leave the village: so before tables change, what was
counted is written into the column, and points of pairs that a change does not name stay as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.policy.criteria import SameSetting
from twinmatch.schools import Schools

if TYPE_CHECKING:
    from twinmatch.policy import Policy

__all__ = ["pinned", "still_pinned", "ways_of_counting"]

_COLUMN = "setting"
_WORDS = ("rural", "urban", None)


def pinned(schools: Schools, policy: Policy) -> Schools:
    """
    Return schools whose setting is written down where it can be counted; the same object where it is.

    Where a policy counts in several ways, no column can hold what all of them find, and nothing is written.
    """
    ways = ways_of_counting(policy)
    if len(ways) != 1 or not len(schools):
        return schools
    (way,) = ways
    if way.missing(schools):
        return schools
    import pyarrow as pa

    # The counted settings are kept with the table, which never changes.
    key = f"pinned {way.radius_km} {way.rural_below}"
    known = schools._cache.get(key)
    if known is not None:
        return schools if known is True else known
    found = way.settings(schools)
    says = schools.table[_COLUMN].combine_chunks() if schools.has(_COLUMN) else None
    silent = np.ones(len(schools), bool) if says is None else ~says.is_valid().to_numpy(zero_copy_only=False)
    made = schools
    if (found[silent] != 2).any():
        words = np.array([_WORDS[code] for code in found.tolist()], dtype=object)
        if says is None:
            table = schools.table.append_column(_COLUMN, pa.array(words, pa.string()))
        else:
            cells = np.array(says.to_pylist(), dtype=object)
            cells[silent] = words[silent]
            at = schools.table.column_names.index(_COLUMN)
            table = schools.table.set_column(at, _COLUMN, pa.array(cells, says.type))
        made = Schools._trusted(
            table, kind=schools.kind, source=schools.source, report=schools.report, dropped=schools.dropped
        )
        for name, value in schools._cache.items():
            if isinstance(value, np.ndarray) and not name.endswith(_COLUMN):
                made._cache[name] = value
    if made is not schools:
        schools._cache[key] = made
    made._cache[key] = True
    return made


def ways_of_counting(policy: Policy) -> list[SameSetting]:
    """Return one criterion for each way in which a policy counts the schools around."""
    ways = {(one.radius_km, one.rural_below): one for one in policy.criteria if isinstance(one, SameSetting)}
    return list(ways.values())


def still_pinned(before: Schools, after: Schools) -> None:
    """Remember of a table that only lost rows that its settings are written down."""
    for key, value in before._cache.items():
        if key.startswith("pinned ") and value is True:
            after._cache[key] = True
