"""
GeoPackages: databases of SQLite, which somebody else has written.

A database is a program too: a view can count for ever, a generated column can call functions. So it is opened
unchangeable, nothing but reading plain tables is allowed, and SQLite itself keeps to a number of steps.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from twinmatch.intake.limits import over, refuse
from twinmatch.registers.files import repeated_names

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    import pyarrow as pa

    from twinmatch.intake.limits import ReadLimits

__all__ = ["MAGIC", "read_geopackage"]

MAGIC = b"SQLite format 3\0"

_STEPS = 1_000_000
_ROWS = 10_000


def read_geopackage(subject: str, path: Path, limits: ReadLimits) -> pa.Table:
    """
    Read the one layer of a GeoPackage with every column but the geometry as text.

    Raises
    ------
    FormatError
        If the file is damaged, has no layer or several, one that is no plain table, or more of
        anything than allowed.
    """
    import sqlite3

    import pyarrow as pa

    layers: list[tuple[str, str]] = []
    names: list[str] = []
    rows: list[list[str | None]] = []
    much = damaged = False
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            _restrict(database, limits)
            layers = _layers(database)
            if len(layers) == 1:
                names, rows, much = _cells(database, *layers[0], limits)
    except (sqlite3.Error, AttributeError, UnicodeError, OverflowError, TypeError):
        damaged = True
    if damaged:
        refuse(subject, "is a damaged GeoPackage, or none", "Download it again.")
    if len(layers) != 1:
        refuse(subject, f"has {len(layers)} layers where one plain table is expected")
    if len(names) > limits.columns:
        over(subject, "columns", limits.columns, f"has {len(names):,} columns")
    if much:
        over(subject, "total_bytes", limits.total_bytes, f"has too many rows ({len(rows):,}), cells or bytes")
    repeated_names(subject, names)
    return pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)})


def _restrict(database: sqlite3.Connection, limits: ReadLimits) -> None:
    import sqlite3

    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(2**20, limits.cell_length))
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}
    database.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY
    )
    left = [max(1, limits.cells * 100 // _STEPS)]

    def step() -> int:
        left[0] -= 1
        return left[0] < 0  # true ends the query

    database.set_progress_handler(step, _STEPS)


def _layers(database: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return name and geometry column of each layer that is a plain table."""
    plain = {
        name
        for name, kind, sql in database.execute("SELECT name, type, sql FROM sqlite_master").fetchmany(10_000)
        if kind == "table" and not sql.lstrip().upper().startswith("CREATE VIRTUAL")
    }
    if "gpkg_geometry_columns" not in plain:
        return []
    found = database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns")
    return [(layer, geometry) for layer, geometry in found.fetchmany(100) if layer in plain]


def _cells(
    database: sqlite3.Connection, layer: str, geometry: str, limits: ReadLimits
) -> tuple[list[str], list[list[str | None]], bool]:
    """Return the names of the columns, the cells of each row as text, and whether there were too many."""
    quoted = layer.replace('"', '""')
    cursor = database.execute(f'SELECT * FROM "{quoted}"')
    every = [column[0] for column in cursor.description]
    taken = [i for i, name in enumerate(every) if name not in (geometry, "fid")]
    rows: list[list[str | None]] = []
    total = 0
    while more := cursor.fetchmany(_ROWS):
        for row in more:
            cells = [None if row[i] is None else str(row[i]) for i in taken]
            total += sum(len(cell) for cell in cells if cell)
            rows.append(cells)
        if len(rows) > limits.rows or len(rows) * len(taken) > limits.cells or total > limits.total_bytes:
            return [every[i] for i in taken], rows, True
    return [every[i] for i in taken], rows, False
