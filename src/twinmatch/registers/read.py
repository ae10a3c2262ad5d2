"""One function that reads them all."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from twinmatch.contacts import safe_text
from twinmatch.errors import Fault, FormatError
from twinmatch.intake.content import content, unpacked, utf8
from twinmatch.intake.limits import DEFAULT, refuse
from twinmatch.intake.parquet import MAGIC as PARQUET
from twinmatch.intake.parquet import parquet_table
from twinmatch.registers.detect import FORMATS, Format, detect
from twinmatch.registers.files import read_delimited, read_geojson
from twinmatch.registers.french import read_annuaire, read_geolocalisation
from twinmatch.registers.geopackage import MAGIC as GEOPACKAGE
from twinmatch.registers.geopackage import read_geopackage
from twinmatch.registers.gisco import read_gisco
from twinmatch.registers.plain import is_ours, read_plain
from twinmatch.room import bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    import pyarrow as pa

    from twinmatch.intake.limits import ReadLimits
    from twinmatch.schools import Schools

__all__ = ["read_schools"]


@bounded
def read_schools(
    path: str | PathLike[str],
    format: Format | None = None,
    *,
    encoding: str | None = None,
    keep: Iterable[str] = (),
    keep_closed: bool = False,
    keep_offices: bool = False,
    level_codes: Mapping[str, Mapping[str, str]] | None = None,
    limits: ReadLimits | None = None,
) -> Schools:
    """
    Read a register of schools from a file.

    Parameters
    ----------
    path : path
        CSV (``;``, ``,``, tab or ``|``; gzip or not), Parquet; GeoPackage and GeoJSON too.
    format : {"annuaire", "geolocalisation", "gisco", "plain"}, optional
        Which register it is; found out from the columns when not given. ``plain`` is a table with
        twinmatch's own column names.
    encoding : str, optional
        The encoding of a text file; UTF-8 when not given, with or without a byte-order mark.
    keep : iterable of str, optional
        Names of further columns of a plain table to carry along, for rules and criteria of your own.
        Columns that are neither ours nor named here are left out, for nobody has said what they hold.
    keep_closed : bool, optional
        Whether to keep schools that the register says are closed or about to be. When they are
        left out, ``report`` says how many.
    keep_offices : bool, optional
        Whether to keep rows of the French registers that are offices, not schools.
    level_codes : mapping, optional
        For GISCO, what the codes in ``levels`` mean, by country: ``{"LU": {"1": "1", "0-1": "0;1"}}``.
        An empty text means not known. A country given here replaces the built-in table for it.
    limits : twinmatch.ReadLimits, optional
        How much of a file is read before it is refused.

    Returns
    -------
    Schools
        With columns of contact data, and those that nobody asked for, dropped. Nothing is filled in:
        what the file does not say is missing.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FormatError
        If the file is damaged, in another encoding, larger than ``limits``, or no format that we know.
    TableError
        If its rows break the schema; all faults at once, rows counted from 0 after the header.

    Notes
    -----
    Rows that repeat another row in full are left out and reported. Rows that share an identifier
    and differ are a fault: which one is right is for the publisher to say.
    """
    import pyarrow as pa

    file, most, kept = Path(path), limits or DEFAULT, frozenset(keep)
    subject = safe_text(file.name)
    if format is not None and format not in FORMATS:
        raise FormatError(subject, [Fault("format", f"must be one of {', '.join(FORMATS)}")])
    if file.is_dir():
        refuse(subject, "is a folder, not a file")
    table, header = _table(subject, file, encoding, format, kept, most)
    found = format or detect(subject, header)
    if found == "plain":
        columns = dict(zip(table.column_names, table.columns, strict=True))
        del table  # the columns are taken one by one
        schools = read_plain(subject, columns, header, keep=kept, keep_closed=keep_closed)
        pa.default_memory_pool().release_unused()
        return schools
    table = _as_text(table)
    if found == "gisco":
        return read_gisco(subject, table, keep_closed=keep_closed, level_codes=level_codes)
    reader = read_annuaire if found == "annuaire" else read_geolocalisation
    return reader(subject, table, keep_closed=keep_closed, keep_offices=keep_offices)


def _table(
    subject: str,
    file: Path,
    encoding: str | None,
    format: Format | None,
    kept: frozenset[str],
    limits: ReadLimits,
) -> tuple[pa.Table, list[str]]:
    """Return what is in a file as a table, whatever kind of file it is, and the names of all its columns."""
    header: list[str] = []

    def wanted(names: list[str], simple: list[str]) -> list[str]:
        header.extend(names)
        if (format or detect(subject, names)) != "plain":
            return simple  # rows that repeat another do so in all of them
        return [name for name in names if is_ours(name, kept)]

    def text_wanted(names: list[str]) -> list[str]:
        with suppress(FormatError):  # no register that we know: that is said once its rows are in order
            return wanted(names, names)
        return names

    data = content(subject, file, limits)
    if data[:4] == PARQUET:
        return parquet_table(subject, data, limits, wanted), header
    if data.startswith(GEOPACKAGE):
        table = read_geopackage(subject, file, limits)
    else:
        data = utf8(subject, unpacked(subject, data, limits), encoding, limits)
        if not re.match(rb"\s*\{", data):
            return read_delimited(subject, data, limits, text_wanted), header
        table = read_geojson(subject, data, limits)
    return table, list(table.column_names)


def _as_text(table: pa.Table) -> pa.Table:
    """Return a table with all cells as text, without the columns that cannot be."""
    import pyarrow as pa

    columns = {}
    for name in table.column_names:
        try:
            columns[name] = table[name].cast(pa.string())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
    return pa.table(columns)
