"""Frames of other libraries: read column by column into arrow, and given back in the caller's kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twinmatch.contacts import is_contact
from twinmatch.errors import Fault, TableError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FRAMES", "columns_of", "to_kind", "unnamed"]

#: Kinds of frames that a table gives back.
FRAMES: Final = ("pandas", "polars", "pyarrow")


def columns_of(frame: Any, source: str) -> tuple[str, pa.Table, list[Fault]]:
    """Read the columns of any frame: its kind, an arrow table, and columns that arrow cannot hold."""
    import narwhals as nw
    import pyarrow as pa

    if isinstance(frame, dict):
        kind, names, cells = "pandas", list(frame), list(frame.values())
    else:
        try:
            wrapped = nw.from_native(frame)
        except TypeError:
            what = f"is a {type(frame).__name__}, not a frame"
            hint = "Give a pandas, polars or pyarrow frame; tm.read_schools reads files."
            raise TableError(source, [Fault("frame", what, hint=hint)]) from None
        except ValueError:
            if isinstance(frame, pa.Table) and (faults := unnamed(frame)):
                raise TableError(source, faults) from None
            # narwhals refuses repeated names by printing the columns; the message here keeps to names. What
            # pyarrow calls columns are cells.
            named = getattr(frame, "column_names", getattr(frame, "columns", ()))
            labels = [str(name) for name in named]
            twice = sorted({name for name in labels if labels.count(name) > 1}) or ["frame"]
            faults = [Fault(name, "the table has several columns of this name") for name in twice]
            raise TableError(source, faults) from None
        if isinstance(wrapped, nw.LazyFrame):
            fault = Fault("frame", "is lazy: its rows do not exist yet", hint="Collect it first.")
            raise TableError(source, [fault])
        name = str(wrapped.implementation.name).lower()
        kind = name if name in FRAMES else "pandas"
        native = wrapped.to_native()
        if name == "pyarrow":
            return kind, _valid(native, source), []
        names = list(native.columns)
        cells = [native[name] for name in names]
    faults, columns = [], {}
    for place, (name, values) in enumerate(zip(names, cells, strict=True), 1):
        if not isinstance(name, str):
            faults.append(Fault(repr(name), "the name of a column must be text"))
            continue
        if not _is_unicode(name):
            faults.append(_no_text(place))
            continue
        column, found = _to_arrow(name, values, kind)
        columns[name] = column
        faults += found
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise TableError(source, [Fault("frame", "the columns have different lengths")])
    return kind, pa.table(columns), faults


def unnamed(table: pa.Table) -> list[Fault]:
    """Return a fault for each column whose name is no text, which arrow finds out when it is asked for it."""
    faults = []
    for place, field in enumerate(table.schema, 1):
        try:
            field.name  # noqa: B018
        except UnicodeDecodeError:
            faults.append(_no_text(place))
    return faults


def _no_text(place: int) -> Fault:
    return Fault(f"column {place}", "has a name that is not UTF-8", hint="Name it again.")


def _valid(table: pa.Table, source: str) -> pa.Table:
    """Return an arrow table whose text is text, which arrow takes on trust."""
    import pyarrow as pa

    faults = []
    for name in table.column_names:
        try:
            table[name].validate(full=True)
        except pa.ArrowInvalid:
            faults.append(Fault(name, "is damaged, or holds text that is not UTF-8"))
    if faults:
        raise TableError(source, faults)
    return table


def _to_arrow(name: str, values: Any, kind: str) -> tuple[pa.ChunkedArray, list[Fault]]:
    """Read one column of a frame; a column of mixed types is a fault and comes back empty."""
    import pyarrow as pa

    if kind == "polars":
        return pa.chunked_array([values.to_arrow()]), []
    try:
        # In pandas and NumPy NaN is how a missing value is written.
        column = pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, MemoryError):
            raise
        cells = list(values)
        kinds = [type(cell).__name__ for cell in cells]
        wanted = "str" if any(one == "str" for one in kinds) else max(kinds, key=kinds.count)
        bad = [
            row
            for row, cell in enumerate(cells)
            if kinds[row] != wanted and cell is not None and not (isinstance(cell, float) and cell != cell)
        ]
        if not bad and wanted == "str":
            bad = [row for row, cell in enumerate(cells) if isinstance(cell, str) and not _is_unicode(cell)]
            what = "holds half letters (surrogates), which are no text"
            return pa.chunked_array([pa.nulls(len(cells))]), [Fault(name, what, len(bad), tuple(bad[:3]))]
        if is_contact(name):
            return pa.chunked_array([pa.nulls(len(cells))]), []
        what = f"mixes types: {', '.join(sorted({kinds[row] for row in bad} | {wanted}))}"
        return pa.chunked_array([pa.nulls(len(cells))]), [Fault(name, what, len(bad), tuple(bad[:3]))]
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column]), []


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def to_kind(table: pa.Table, kind: str) -> Any:
    """Return a frame of a kind."""
    if kind == "pyarrow":
        return table
    if kind == "polars":
        import polars

        # Column by column: a whole table goes through a pool of threads that a forked child does not have.
        return polars.DataFrame([polars.Series(name, table[name]) for name in table.column_names])
    return table.to_pandas()
