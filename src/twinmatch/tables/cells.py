"""
The cells of a column: brought to the type that its name asks for, and what is wrong with them.

Only columns that twinmatch knows are looked at. Messages quote nothing but short code words.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.columns import KNOWN, REQUIRED
from twinmatch.contacts import PERSONAL, quoted
from twinmatch.errors import Fault
from twinmatch.nearby import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from twinmatch.columns import Column, Kind

__all__ = ["check", "read_column"]

MOST_ID = 200
"""Characters of the longest identifier."""
#: A name of a column that has more characters, or so many letters more than what is missing, is something
#: else, and may name a person.
_LONGEST_NAME, _MORE_LETTERS = 30, 6

_TRUE = frozenset({"1", "true", "yes", "oui"})
_FALSE = frozenset({"0", "false", "no", "non"})


def read_column(
    name: str, column: pa.ChunkedArray, *, parse: bool = False
) -> tuple[pa.ChunkedArray, list[Fault]]:
    """
    Bring one column to the type its name asks for.

    Parameters
    ----------
    name : str
        The column's name.
    column : pyarrow.ChunkedArray
        Its cells.
    parse : bool, optional
        Whether numbers may be given as text, as in files.

    Returns
    -------
    column : pyarrow.ChunkedArray
        The cells in the type that tables of schools use: string, double, int64, bool or a list
        of float. Blank text has become missing. Cells that cannot be read are missing.
    faults : list of Fault
        The cells that could not be read.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    wanted: dict[str, pa.DataType] = {
        "text": pa.string(), "number": pa.float64(), "whole": pa.int64(), "flag": pa.bool_(),
        "vector": pa.list_(pa.float32()),
    }  # fmt: skip
    known = KNOWN.get(name)
    if pa.types.is_null(column.type):
        return column.cast(wanted[known.kind] if known else pa.string()), []
    if _is_text(column.type):
        column = _blank_is_missing(column.cast(pa.string()))
    if known is None:
        return column, []
    kind, target = known.kind, wanted[known.kind]

    def refuse(
        what: str, bad: pa.ChunkedArray | None = None, hint: str = ""
    ) -> tuple[pa.ChunkedArray, list[Fault]]:
        bad = pc.is_valid(column) if bad is None else bad
        return pa.chunked_array([pa.nulls(len(column), target)]), [_fault(name, what, bad, hint)]

    if kind == "text":
        if _is_text(column.type):
            return column, []
        # Whole numbers are how a year or a single level looks after a trip through a spreadsheet or pandas.
        # An identifier or a département that came as a number has lost its leading zeros, and is refused.
        if name in ("levels", "year") and (pa.types.is_integer(column.type) or _all_whole(column)):
            try:
                return column.cast(pa.int64()).cast(pa.string()), []
            except pa.ArrowInvalid:
                what = "holds numbers beyond 64 bits"
            return refuse(what)
        return refuse(f"holds {_spoken(column.type)}, not text", hint="Give it as text.")
    if kind == "vector":
        if _is_list(column.type) and (
            pa.types.is_floating(inner := column.type.value_type) or pa.types.is_integer(inner)
        ):
            try:
                return column.cast(target), []
            except pa.ArrowInvalid:
                what = "holds whole numbers that are not the same as 32-bit floats"
            return refuse(what, hint="Give it as floats.")
        return refuse(f"holds {_spoken(column.type)}, not lists of numbers")
    if _is_text(column.type):
        if not parse:
            hint = "Convert it to numbers." if kind != "flag" else "Convert it to true and false."
            return refuse("holds text, not " + ("true and false" if kind == "flag" else "numbers"), hint=hint)
        column, bad = _parsed(column, kind)
        faults = [_fault(name, "cannot be read as " + _WORDS[kind], bad)] if _any(bad) else []
        if kind != "whole":
            return column, faults
        column, more = _to_whole(name, column)
        return column, faults + more
    if kind == "flag":
        if pa.types.is_boolean(column.type):
            return column, []
        return refuse(f"holds {_spoken(column.type)}, not true and false")
    if (
        pa.types.is_decimal(column.type)
        or pa.types.is_integer(column.type)
        or pa.types.is_floating(column.type)
    ):
        if kind == "whole" and not pa.types.is_integer(column.type):
            return _to_whole(name, column.cast(pa.float64()))
        return column.cast(target, safe=False), []
    return refuse(f"holds {_spoken(column.type)}, not numbers")


_WORDS = {"number": "a number", "whole": "a whole number", "flag": "true or false"}


def _is_text(kind: pa.DataType) -> bool:
    return str(kind) in ("string", "large_string", "string_view")


def _is_list(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    return bool(t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind))


def _spoken(kind: pa.DataType) -> str:
    import pyarrow.types as t

    if _is_text(kind):
        return "text"
    if t.is_boolean(kind):
        return "true and false"
    if t.is_integer(kind) or t.is_floating(kind) or t.is_decimal(kind):
        return "numbers"
    return "lists" if _is_list(kind) else str(kind)


def _blank_is_missing(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return text whose blank cells are missing; chunks that have none are not copied."""
    import pyarrow as pa
    import pyarrow.compute as pc

    chunks = []
    for chunk in column.chunks:
        blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(chunk)), 0)
        chunks.append(pc.if_else(blank, pa.scalar(None, pa.string()), chunk) if _any(blank) else chunk)
    return pa.chunked_array(chunks, pa.string())


def _all_whole(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_floating(column.type):
        return False
    return bool(
        pc.all(pc.and_(pc.is_finite(column), pc.equal(column, pc.floor(column))), min_count=0).as_py()
    )


def _parsed(column: pa.ChunkedArray, kind: Kind) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Read text as numbers or flags, chunk by chunk: the values, and where that failed."""
    import pyarrow as pa

    pairs = [_parse(chunk, kind) for chunk in column.chunks]
    target = pa.bool_() if kind == "flag" else pa.float64()
    return (
        pa.chunked_array([value for value, _ in pairs], target),
        pa.chunked_array([bad for _, bad in pairs], pa.bool_()),
    )


def _parse(column: pa.Array, kind: Kind) -> tuple[pa.Array, pa.Array]:
    """Read some text as numbers or flags."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(column)
    if kind == "flag":
        low = pc.utf8_lower(text)
        yes, no = (pc.is_in(low, value_set=pa.array(sorted(words))) for words in (_TRUE, _FALSE))
        value = pc.if_else(
            yes, pa.scalar(True), pc.if_else(no, pa.scalar(False), pa.scalar(None, pa.bool_()))
        )
        return value, pc.and_(pc.is_valid(column), pc.is_null(value))
    shape = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(nan|NaN|inf|Inf|infinity)$"
    good = pc.fill_null(pc.match_substring_regex(text, shape), False)
    value = pc.if_else(good, text, pa.scalar(None, pa.string()))
    value = pc.replace_substring_regex(value, r"^\+", "").cast(pa.float64())
    return value, pc.and_(pc.is_valid(column), pc.invert(good))


def _to_whole(name: str, column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[Fault]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pc.and_(pc.is_finite(column), pc.equal(column, pc.floor(column)))
    good = pc.fill_null(pc.and_(whole, pc.less(pc.abs(column), 2.0**53)), True)
    faults = (
        []
        if bool(pc.all(good, min_count=0).as_py())
        else [_fault(name, "must be a whole number", pc.invert(good))]
    )
    return pc.if_else(good, column, pa.scalar(None, pa.float64())).cast(pa.int64()), faults


def _any(mask: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(mask, min_count=0).as_py())


def _fault(where: str, what: str, bad: pa.ChunkedArray | np.ndarray, hint: str = "") -> Fault:
    mask = bad if isinstance(bad, np.ndarray) else bad.to_numpy()
    rows = np.flatnonzero(mask.astype(bool))
    return Fault(where, what, len(rows), tuple(int(row) for row in rows[:3]), hint)


def check(table: pa.Table) -> list[Fault]:
    """
    Return everything that is wrong with the cells of a table whose columns have their types.

    Messages quote nothing but short code words, so that no message can carry personal data.
    """
    faults: list[Fault] = [
        Fault(
            name, "the column is missing", hint="Every school needs an id and a country." + _like(name, table)
        )
        for name in REQUIRED
        if name not in table.column_names
    ]
    for name in table.column_names:
        if (known := KNOWN.get(name)) is not None:
            faults += _CHECKS[known.kind](name, known, table[name])
    if "id" in table.column_names:
        faults += _check_ids(table["id"])
    if "country" in table.column_names and table["country"].null_count:
        faults.append(_fault("country", "must not be missing", table["country"].is_null()))
    faults += _check_point(table)
    return faults


def _like(name: str, table: pa.Table) -> str:
    """Return a sentence about columns whose names look like one that is missing, blanks and case aside."""
    plain: dict[str, str] = {}
    for one in table.column_names:
        letters = re.sub(r"[\W_]+", "", one)
        if one not in KNOWN and len(one) <= _LONGEST_NAME and len(letters) <= len(name) + _MORE_LETTERS:
            plain.setdefault(letters, one)
    near = [plain[one] for one in nearest(plain, name)]
    return f" Is it {' or '.join(map(repr, near))}? Then call that {name!r}." if near else ""


def _check_text(name: str, known: Column, column: pa.ChunkedArray) -> list[Fault]:
    import pyarrow as pa
    import pyarrow.compute as pc

    void = pc.fill_null(pc.match_substring(column, "\0"), False)
    faults = [_fault(name, "holds NUL characters", void)] if _any(void) else []
    if known.values:
        bad = pc.and_(
            pc.is_valid(column), pc.invert(pc.is_in(column, value_set=pa.array(sorted(known.values))))
        )
    elif known.pattern:
        bad = pc.invert(pc.fill_null(pc.match_substring_regex(column, f"^{known.pattern}$"), True))
    else:
        return faults
    if not _any(bad):
        return faults
    seen = pc.unique(column.filter(bad)).to_pylist()
    what = "not a known value" if known.values else "not in the form it must have"
    return [*faults, _fault(name, what + quoted(seen, known.values), bad, known.hint)]


def _check_number(name: str, known: Column, column: pa.ChunkedArray) -> list[Fault]:
    import pyarrow as pa
    import pyarrow.compute as pc

    faults = []
    if pa.types.is_floating(column.type):
        wild = pc.fill_null(pc.invert(pc.is_finite(column)), False)
        if _any(wild):
            faults.append(
                _fault(name, "must be finite", wild, "Leave a number that is not known empty (null).")
            )
            column = pc.if_else(wild, pa.scalar(None, column.type), column)
    outside = pc.fill_null(pc.or_(pc.less(column, known.low), pc.greater(column, known.high)), False)
    if _any(outside):
        if known.high == np.inf:
            what = f"must be at least {known.low:g}"
        else:
            what = f"must be between {known.low:.10g} and {known.high:.10g}"
        faults.append(_fault(name, what, outside))
    return faults


def _check_flag(name: str, known: Column, column: pa.ChunkedArray) -> list[Fault]:
    return []


def _check_vector(name: str, known: Column, column: pa.ChunkedArray) -> list[Fault]:
    import pyarrow.compute as pc

    faults = []
    lengths = pc.list_value_length(column)
    if (found := pc.unique(lengths.drop_null())) and len(found) > 1:
        usual = pc.mode(lengths)[0]["mode"].as_py()
        bad = pc.fill_null(pc.not_equal(lengths, usual), False)
        faults.append(_fault(name, f"must have one length in all rows, most have {usual}", bad))
    flat = pc.list_flatten(column)
    wild = np.zeros(len(column), bool)
    loose = pc.or_kleene(pc.is_null(flat), pc.invert(pc.is_finite(flat))).to_numpy(zero_copy_only=False)
    parents = pc.list_parent_indices(column)
    wild[parents.to_numpy()[loose.astype(bool)]] = True
    if wild.any():
        faults.append(_fault(name, "must hold finite numbers only", wild))
    return faults


_CHECKS: dict[str, Callable[[str, Column, pa.ChunkedArray], list[Fault]]] = {
    "text": _check_text, "number": _check_number, "whole": _check_number, "flag": _check_flag,
    "vector": _check_vector,
}  # fmt: skip


def _check_ids(column: pa.ChunkedArray) -> list[Fault]:
    import pyarrow.compute as pc

    faults = []
    if column.null_count:
        faults.append(_fault("id", "must not be missing or empty", column.is_null()))
    # Cc is control, Cf shows nothing or turns the text around it; both make two ids look like one.
    odd = pc.fill_null(
        pc.match_substring_regex(column, r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]|^\p{Z}|\p{Z}$"), False
    )
    if _any(odd):
        faults.append(_fault("id", "has control or invisible characters, or blanks at an end", odd))
    long = pc.fill_null(pc.greater(pc.utf8_length(column), MOST_ID), False)
    if _any(long):
        faults.append(_fault("id", f"is longer than {MOST_ID} characters", long))
    personal = pc.fill_null(pc.match_substring_regex(column, PERSONAL), False)
    if _any(personal):
        hint = "Identifiers are shown everywhere: they must be the register's codes."
        faults.append(_fault("id", "looks like a mail address or a telephone number", personal, hint))
    alike = _alike(column)
    if alike.any():
        what = "differs from another one in nothing but blanks, or in how its letters are encoded"
        faults.append(_fault("id", what, alike))
    if _repeats(column.drop_null()):
        ids = np.array(column.to_pylist(), dtype=object)
        seen: set[str] = set()
        again = np.zeros(len(ids), bool)
        for row, name in enumerate(ids):
            if name in seen:
                again[row] = True
            elif name is not None:
                seen.add(name)
        faults.append(_fault("id", "must be unique, these repeat an earlier one", again))
    return faults


def _repeats(column: pa.ChunkedArray) -> bool:
    """Return whether an id is there twice: in parts, for what tells ids apart takes more than they do."""
    import pyarrow as pa
    import pyarrow.compute as pc

    last = pc.binary_slice(column.cast(pa.binary()), -1)
    parts = (column.filter(pc.equal(last, one)) for one in pc.unique(last))
    return any(len(pc.unique(part)) < len(part) for part in parts)


def _alike(column: pa.ChunkedArray) -> np.ndarray:
    """Return which ids would be another one if blanks were single and letters in their usual form (NFKC)."""
    import pyarrow.compute as pc

    out = np.zeros(len(column), bool)
    # What is ASCII without blanks is in its usual form.
    suspects = np.flatnonzero(pc.fill_null(pc.match_substring_regex(column, r"[^!-~]"), False).to_numpy())
    if not len(suspects):
        return out
    ids = set(column.to_pylist())
    first: dict[str, str] = {}
    for row in suspects.tolist():
        name = column[row].as_py()[: MOST_ID + 1]
        usual = " ".join(unicodedata.normalize("NFKC", name).split())
        out[row] = (usual != name and usual in ids) or first.setdefault(usual, name) != name
    return out


def _check_point(table: pa.Table) -> list[Fault]:
    names = [name for name in ("lat", "lon") if name in table.column_names]
    if not names:
        return []
    known = [table[name].is_valid().to_numpy() for name in names]
    half = known[0] != known[1] if len(names) == 2 else known[0]
    if not half.any():
        return []
    return [_fault("lat, lon", "one is given without the other", half, "Give both, or leave both empty.")]
