"""
CSV that a spreadsheet may open: texts that begin like a formula are escaped, and come back to the letter.

An apostrophe goes before a text that begins with a sign of formulas, after any number of apostrophes; taking
one away from such a text is the way back. Numbers are numbers and stay: every longitude west of Greenwich
begins with a minus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["escaped", "unescaped"]

# Full-width signs too, which spreadsheets of East Asia take for the others.
_SIGNS = "[=+@\\-\t\r\uff1d\uff0b\uff0d\uff20]"
_TO_ESCAPE = f"^('*{_SIGNS})"
_TO_UNESCAPE = f"^'('*{_SIGNS})"


def escaped(table: pa.Table) -> pa.Table:
    """
    Return a table whose texts and names of columns begin no formula.

    Parameters
    ----------
    table : pyarrow.Table

    Returns
    -------
    pyarrow.Table
        Columns of text changed where they must be, all others as they are.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from twinmatch.spreadsheet import escaped, unescaped
    >>> table = pa.table({"name": ["=1+1", "'s-Gravenhage", "'-"], "lon": [-1.5, 2.0, 0.0]})
    >>> escaped(table)["name"].to_pylist()
    ["'=1+1", "'s-Gravenhage", "''-"]
    >>> unescaped(escaped(table)).equals(table)
    True
    """
    return _replaced(table, _TO_ESCAPE, r"'\1")


def unescaped(table: pa.Table) -> pa.Table:
    """
    Return a table as it was before :func:`escaped`.

    Parameters
    ----------
    table : pyarrow.Table
        Read from CSV that twinmatch wrote, texts as text.
    """
    return _replaced(table, _TO_UNESCAPE, r"\1")


def _replaced(table: pa.Table, pattern: str, by: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = {pa.string(), pa.large_string()}
    columns = [
        pc.replace_substring_regex(column, pattern, by, max_replacements=1)
        if column.type in texts
        else column
        for column in table.columns
    ]
    names = pc.replace_substring_regex(
        pa.array(table.column_names, pa.string()), pattern, by, max_replacements=1
    )
    return pa.table(columns, names=names.to_pylist())
