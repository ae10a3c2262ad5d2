"""
GISCO "education services" (Eurostat), in its current and its older form, as CSV or GeoJSON.

The column ``levels`` is documented as ISCED and is not: providers put their own codes there. In
the French part ``2`` is a collège or a lycée and ``3`` is what follows the baccalauréat. Codes are
therefore mapped country by country (``gisco_levels.csv``), and a code that is not in the table is
refused, unless the caller says what it means.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.columns import COUNTRIES
from twinmatch.contacts import quoted
from twinmatch.errors import Fault
from twinmatch.registers.files import plain
from twinmatch.registers.reading import Register, closed_note, repeated_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from twinmatch.registers.reading import Cells
    from twinmatch.schools import Schools

__all__ = ["COUNTRY_NAMES", "is_gisco", "level_table", "read_gisco"]

COUNTRY_NAMES = ("cntr_id", "cc")
_LEVEL_NAMES = ("levels", "level")
_ENROLLED = ("enrollment", "cap_students_enrolled")
_CAPACITY = ("max_students", "cap_students")
_SECTORS = {"public": "public", "private": "private", "public/private": None, "unknown": None}
_QUALITY = {"1": "1", "2": "2", "3": "3", "4": "1"}  # 4 is "from the source"
_EUROSTAT = {"EL": "GR", "UK": "GB"}  # Eurostat's codes that are not ISO 3166


def is_gisco(names: set[str]) -> bool:
    """Return whether a file with these columns (in small letters) is one of GISCO's."""
    return {"id", "name"} <= names and bool(
        {"cntr_id", "levels"} <= names or {"cc", "level"} <= names or {"cc", "levels"} <= names
    )


@cache
def level_table() -> dict[str, list[tuple[str, str, str]]]:
    """Return the committed table: by country, the code, the beginning of the facility type, the levels."""
    text = files("twinmatch.registers").joinpath("gisco_levels.csv").read_text(encoding="utf-8")
    table: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for row in csv.DictReader(text.splitlines()):
        table[row["country"]].append((row["code"], row["facility"], row["levels"]))
    return dict(table)


def read_gisco(
    subject: str,
    table: pa.Table,
    *,
    keep_closed: bool,
    level_codes: Mapping[str, Mapping[str, str]] | None,
) -> Schools:
    """Read GISCO education services in either schema."""
    register = Register(subject, table, ("id", "name"))
    register.leave_out(register.repeated(), repeated_note)
    country = [
        _EUROSTAT.get(cell.upper(), cell.upper()) if cell else None for cell in register.cells(*COUNTRY_NAMES)
    ]
    remarks = [plain(cell or "") for cell in register.cells("comments")]
    closed = np.array([bool(re.match(r"closed\b", remark)) for remark in remarks], bool)
    if not keep_closed:
        register.leave_out(closed, closed_note)
    enrolled, places = register.cells(*_ENROLLED), register.cells(*_CAPACITY)
    size = [_number(a) or _number(b) for a, b in zip(enrolled, places, strict=True)]
    unread = np.array(
        [(a or b) is not None and c is None for a, b, c in zip(enrolled, places, size, strict=True)], bool
    )
    if (count := int((unread & register.keep).sum())) > 0:
        register.notes.append(
            f"{count:,} size{'' if count == 1 else 's'} that cannot be read taken as not known"
        )
    reference = register.cells("ref_date")
    return register.schools(
        {
            "id": register.cells("id"),
            "country": country,
            "city": register.cells("city"),
            "name": register.cells("name"),
            "type_raw": register.cells("facility_type"),
            "levels": _levels(register, country, level_codes),
            "sector": register.mapped("public_private", _SECTORS),
            "lat": (lat := register.cells("lat")),
            "lon": register.cells("lon"),
            "geo_q": [
                _QUALITY.get(cell or "") if known else None
                for cell, known in zip(register.cells("geo_qual"), lat, strict=True)
            ],
            "size": size,
            "size_kind": [
                None if number is None else "enrolled" if _number(cell) else "capacity"
                for number, cell in zip(size, enrolled, strict=True)
            ],
            "state": ["closed" if one else None for one in closed],
            "year": [_year(cell) for cell in reference],
            "source": ["GISCO"] * len(register),
        }
    )


def _levels(register: Register, country: Cells, level_codes: Mapping[str, Mapping[str, str]] | None) -> Cells:
    own = {plain(key).upper(): words for key, words in (level_codes or {}).items()}
    own = {_EUROSTAT.get(key, key): words for key, words in own.items()}
    codes = [_code(cell) for cell in register.cells(*_LEVEL_NAMES)]
    facilities = [plain(cell or "") for cell in register.cells("facility_type")]
    levels: Cells = []
    unmapped: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, (state, code, facility) in enumerate(zip(country, codes, facilities, strict=True)):
        found = None
        if state is not None and code is not None:
            if state in own:
                found = own[state].get(code)
            else:
                found = next(
                    (
                        levels_
                        for one, begin, levels_ in level_table().get(state, [])
                        if one == code and facility.startswith(begin)
                    ),
                    None,
                )
            if found is None and register.keep[row]:
                unmapped[state][code].append(row)
        levels.append(found or None)
    for state, by_code in sorted(unmapped.items()):
        rows = sorted(row for some in by_code.values() for row in some)
        if state not in COUNTRIES:
            continue  # a fault of its own
        example = f"level_codes={{{state!r}: {{'1': '0;1', ...}}}}"
        register.faults.append(
            Fault(
                next(name for name in _LEVEL_NAMES if register.has(name)),
                f"in {state} the meaning of these codes is not known{quoted(sorted(by_code), most=12)}",
                len(rows),
                tuple(rows[:3]),
                f"Say which ISCED levels they are: {example}; an empty text means not known.",
            )
        )
    return levels


def _code(cell: str | None) -> str | None:
    """Bring the writings of one list of levels together: 0-1, 0 - 1 and 0–1."""
    return None if cell is None else re.sub(r"\s*[-\u2013]\s*", "-", cell).removesuffix(".0").lower()


def _number(cell: str | None) -> str | None:
    """Return a count of pupils as published, or None where it is not one clean number."""
    return cell if cell and re.fullmatch(r"[0-9]+(\.0*)?", cell) else None


def _year(cell: str | None) -> str | None:
    found = re.search(r"(?<!\d)(19|20)\d\d(?!\d)", cell or "")
    return found.group() if found else None
