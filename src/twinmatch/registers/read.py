"""One function that reads them all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinmatch.errors import Fault, FormatError
from twinmatch.registers.detect import FORMATS, Format, detect
from twinmatch.registers.files import (
    decoded,
    is_geopackage,
    is_parquet,
    read_delimited,
    read_geojson,
    read_geopackage,
    read_parquet,
    refuse,
)
from twinmatch.registers.french import read_annuaire, read_geolocalisation
from twinmatch.registers.gisco import read_gisco
from twinmatch.registers.plain import read_plain
from twinmatch.room import bounded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from twinmatch.schools import Schools

__all__ = ["read_schools"]


def read_schools(
    path: str | PathLike[str],
@bounded
    format: Format | None = None,
    *,
    encoding: str | None = None,
    keep_closed: bool = False,
    keep_offices: bool = False,
    level_codes: Mapping[str, Mapping[str, str]] | None = None,
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
    keep_closed : bool, optional
        Whether to keep schools that the register says are closed or about to be. When they are
        left out, ``report`` says how many.
    keep_offices : bool, optional
        Whether to keep rows of the French registers that are offices, not schools.
    level_codes : mapping, optional
        For GISCO, what the codes in ``levels`` mean, by country: ``{"LU": {"1": "1", "0-1": "0;1"}}``.
        An empty text means not known. A country given here replaces the built-in table for it.

    Returns
    -------
    Schools
        With columns of contact data dropped. Nothing is filled in: what the file does not say is
        missing.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FormatError
        If the file is damaged, in another encoding, or no format that we know.
    TableError
        If its rows break the schema; all faults at once, rows counted from 0 after the header.

    Notes
    -----
    Rows that repeat another row in full are left out and reported. Rows that share an identifier
    and differ are a fault: which one is right is for the publisher to say.
    """
    file = Path(path)
    if format is not None and format not in FORMATS:
        raise FormatError(file.name, [Fault("format", f"must be one of {', '.join(FORMATS)}")])
    if file.is_dir():
        refuse(file, "is a folder, not a file")
    if is_parquet(file):
        table = read_parquet(file)
    elif is_geopackage(file):
        table = read_geopackage(file)
    elif (text := decoded(file, encoding)).lstrip()[:1] == "{":
        table = read_geojson(file, text)
    else:
        table = read_delimited(file, text)
    found = format or detect(file.name, table.column_names)
    if found == "plain":
        return read_plain(file, table, keep_closed=keep_closed)
    import pyarrow as pa

    table = pa.table({name: table[name].cast(pa.string()) for name in table.column_names})
    if found == "gisco":
        return read_gisco(file, table, keep_closed=keep_closed, level_codes=level_codes)
    reader = read_annuaire if found == "annuaire" else read_geolocalisation
    return reader(file, table, keep_closed=keep_closed, keep_offices=keep_offices)
