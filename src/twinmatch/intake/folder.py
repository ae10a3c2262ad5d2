"""Files of a saved matching, which may come from anywhere: tables and the record of what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinmatch.intake.content import content, json_value
from twinmatch.intake.limits import DEFAULT, refuse
from twinmatch.intake.parquet import parquet_table

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

__all__ = ["record_in", "table_in"]


def table_in(folder: Path, name: str) -> pa.Table:
    """
    Read a table of a folder.

    Parameters
    ----------
    folder : pathlib.Path
    name : str
        Of a file with the ending ``.parquet``.

    Raises
    ------
    FormatError
        If it is not there, damaged, or larger than allowed.
    """
    path = folder / f"{name}.parquet"
    if not path.is_file():
        refuse(str(folder), "is missing", where=path.name)
    subject = f"{folder} ({path.name})"
    return parquet_table(subject, content(subject, path, DEFAULT), DEFAULT)


def record_in(folder: Path, name: str) -> Any:
    """
    Read what a file of JSON says.

    Raises
    ------
    FormatError
        If it is not JSON, or larger than allowed.
    """
    subject = f"{folder} ({name})"
    return json_value(subject, content(subject, folder / name, DEFAULT), DEFAULT)
