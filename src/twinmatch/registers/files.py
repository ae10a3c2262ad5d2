"""From a file to a table of text: opening, decoding, splitting into columns, and what can go wrong."""

from __future__ import annotations

import csv
import gzip
import io
import json
import unicodedata
import zlib
from typing import TYPE_CHECKING, NoReturn

from twinmatch.errors import Fault, FormatError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

__all__ = ["decoded", "plain", "read_delimited", "read_geojson", "read_geopackage", "read_parquet", "refuse"]

_MAGIC_PARQUET = b"PAR1"
_MAGIC_SQLITE = b"SQLite format 3\0"
_BOM = b"\xef\xbb\xbf"
_MAGIC_GZIP = b"\x1f\x8b"


def refuse(path: Path, what: str, hint: str = "") -> NoReturn:
    """Refuse a file in words."""
    raise FormatError(path.name, [Fault("file", what, hint=hint)]) from None


def plain(text: str) -> str:
    """Return text in small letters, without accents and with single blanks, for comparing words."""
    return " ".join(unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower().split())


def is_parquet(path: Path) -> bool:
    """Return whether a file begins as Parquet files do."""
    with path.open("rb") as file:
        return file.read(4) == _MAGIC_PARQUET


def is_geopackage(path: Path) -> bool:
    """Return whether a file begins as GeoPackages, which are SQLite databases, do."""
    with path.open("rb") as file:
        return file.read(16) == _MAGIC_SQLITE


def decoded(path: Path, encoding: str | None) -> str:
    """
    Return the text of a file, unpacked where it is gzip.

    Parameters
    ----------
    path : pathlib.Path
        An existing file.
    encoding : str or None
        The encoding; None is UTF-8, with or without a byte-order mark.

    Raises
    ------
    FormatError
        If the file is empty, cut short, or in another encoding.
    """
    data = path.read_bytes()
    if data[:2] == _MAGIC_GZIP:
        try:
            data = gzip.decompress(data)
        except (EOFError, OSError, zlib.error):
            refuse(path, "the gzip file is damaged or cut short", "Download it again.")
    if not data.removeprefix(_BOM).strip():
        refuse(path, "is empty")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and encoding is None:
        refuse(path, "is UTF-16, not UTF-8", "Name it: encoding='utf-16'.")
    try:
        text = data.decode(encoding or "utf-8-sig")
    except LookupError:
        refuse(path, f"there is no encoding {encoding!r}")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        what = (
            f"is not {encoding or 'UTF-8'}: byte {error.start:,} (line {line:,}) is 0x{data[error.start]:02X}"
        )
        refuse(path, what, "Name the right one, such as encoding='cp1252' or 'latin-1'.")
    if "\0" in text:
        refuse(path, "holds NUL characters: it is no text file")
    return text.removeprefix("\ufeff")


def read_delimited(path: Path, text: str) -> pa.Table:
    """
    Read delimited text with every cell as text.

    The delimiter is the one of ``;``, ``,``, tab and ``|`` that the header has most of. Names and
    cells lose the blanks around them.

    Raises
    ------
    FormatError
        If a name is given twice, or a row has more or fewer cells than the header.
    """
    import pyarrow as pa
    import pyarrow.csv as pacsv

    first = text[: text.find("\n") + 1] or text
    delimiter = max(";,\t|", key=first.count)
    # A quoted name may hold a line break, so the header is read by the same rules as the rows.
    try:
        names = [
            name.strip() for name in next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        ]
    except csv.Error:
        refuse(path, "the header cannot be split into columns", "Is a quotation mark left open?")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        faults = [Fault(name or "(no name)", "the header has several columns of this name") for name in twice]
        raise FormatError(path.name, faults)
    wrong: list[tuple[int, int]] = []

    def note(row: pa.csv.InvalidRow) -> str:
        wrong.append((row.number or 0, row.actual_columns))
        return "skip"

    try:
        table = pacsv.read_csv(
            pa.py_buffer(text.encode()),
            # One thread: only then are the numbers of wrong rows known.
            read_options=pacsv.ReadOptions(use_threads=False, column_names=names, skip_rows_after_names=1),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        )  # fmt: skip
    except pa.ArrowInvalid:
        refuse(path, "cannot be split into rows and columns", "Is a quotation mark left open?")
    if wrong:
        counts = sorted({count for _, count in wrong})[:3]
        what = f"rows have {' or '.join(map(str, counts))} cells where the header has {len(names)}"
        # Row numbers count from 1 with the header, faults count data rows from 0.
        rows = tuple(number - 2 for number, _ in wrong[:3])
        hint = "Is the file cut short, or a delimiter not quoted?"
        raise FormatError(path.name, [Fault("file", what, len(wrong), rows, hint)])
    return table


def read_geojson(path: Path, text: str) -> pa.Table:
    """
    Read the features of a GeoJSON file with every property as text, and points as ``lat`` and ``lon``.

    Raises
    ------
    FormatError
        If the file is no GeoJSON feature collection.
    """
    import pyarrow as pa

    try:
        features = json.loads(text)["features"]
        rows = [dict(feature["properties"]) for feature in features]
        for row, feature in zip(rows, features, strict=True):
            geometry = feature.get("geometry") or {}
            if geometry.get("type") == "Point" and not (row.get("lat") and row.get("lon")):
                row["lon"], row["lat"] = geometry["coordinates"][:2]
    except (ValueError, KeyError, TypeError, AttributeError):
        refuse(path, "is no GeoJSON feature collection", "Is the file cut short?")
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = {name: [None if row.get(name) is None else str(row[name]) for row in rows] for name in names}
    return pa.table({name: pa.array(values, pa.string()) for name, values in cells.items()})


def read_geopackage(path: Path) -> pa.Table:
    """
    Read the one layer of a GeoPackage with every column but the geometry as text.

    Raises
    ------
    FormatError
        If the file is damaged, or has no layer or several.
    """
    import sqlite3
    from contextlib import closing

    import pyarrow as pa

    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            layers = database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
            if len(layers) != 1:
                refuse(path, f"has {len(layers)} layers where one is expected")
            layer, geometry = layers[0]
            quoted = layer.replace('"', '""')
            cursor = database.execute(f'SELECT * FROM "{quoted}"')
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
    except sqlite3.Error:
        refuse(path, "is a damaged GeoPackage, or none", "Download it again.")
    columns = {
        name: pa.array([None if row[i] is None else str(row[i]) for row in rows], pa.string())
        for i, name in enumerate(names)
        if name not in (geometry, "fid")
    }
    return pa.table(columns)


def read_parquet(path: Path) -> pa.Table:
    """
    Read a Parquet file with the types it has.

    Raises
    ------
    FormatError
        If the file is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # ParquetFile and not read_table: folders called country=FR must not become columns.
        return pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError):
        refuse(path, "is a damaged Parquet file", "Download or write it again.")
