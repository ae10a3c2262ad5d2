"""
Files that are wrong in one way or several, from files that are right: the same ones for the same seed.

Mutations are of bytes (flips, cuts, splices, repeats), of encodings, and of what the format is made of: rows
and cells of text, columns and footers of Parquet, values of JSON and TOML.
"""

from __future__ import annotations

import gzip
import io
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

#: What a cell, a value or an option may hold on a bad day.
NASTY = (
    "", " ", "nan", "NaN", "inf", "-inf", "1e300", "-1e300", "1e400", "-1", "-0.0", "9007199254740993",
    "-9007199254740993", "18446744073709551616", "0x10", "1_000", "٣", "1,5", "=1+1", "+1", "-1+1", "@x",
    "\uff1d1", "'=1", "\t1", "a\0b", "\u200b", "\u202eabc", "\ufeff", "e\u0301", "\U0001f600", "\ud7ff",
    "x" * 5_000, "null", "None", "true", "0;1", "0;9", ";", "FR", "fr", "XX", '"', '""', "a\nb", "a\rb",
    "'", "\\", "%s", "{0}", "<script>", "../..", "2026-01-01",
)  # fmt: skip
#: The same for files of values.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**40, 1.5, -0.0, 1e300, float("nan"),
    float("inf"), "", "x", "=1", "\0", [], {}, [[]], [None], {"a": {}}, ["x", 1], [-1, -1],
)  # fmt: skip

#: The same for options in TOML.
TOML = (
    "nan", "inf", "-inf", "1e400", "9" * 5_000, "-1", "2**3", "[]", "{}", "[[1]]", '""', '"x"', "true",
    "2026-13-01", "2026-01-01", "{a = {b = 1}}", '["a", 1]', "[nan, -1]", "99999999999999999999", "0x1f",
    '"\\u0000"', "'''x'''", "1979-05-27T07:32:00Z",
)  # fmt: skip


def mutated(data: bytes, kind: str, rng: random.Random) -> bytes:
    """Return a file of one of the kinds below, made wrong in one to three ways."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        ways = _BYTES if rng.random() < 0.4 else (*_OF_KIND[kind], *_BYTES[:1])
        with suppress(RecursionError):  # JSON that is nested too deep to be changed stays as it is
            data = rng.choice(ways)(data, rng)
    return data


# -- Bytes --------------------------------------------------------------------------------------------------


def _flip(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8)) if out else 0):
        out[rng.randrange(len(out))] = rng.choice((0, 255, 127, 128, 10, 34, rng.randrange(256)))
    return bytes(out)


def _bit(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    if out:
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def _cut(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] if rng.random() < 0.7 else data[at:]


def _splice(data: bytes, rng: random.Random) -> bytes:
    a, b = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    c = rng.randrange(len(data) + 1)
    return data[:c] + data[a : min(b, a + 400)] + data[c:]


def _remove(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.choice((1, 2, 17, 200)) :]


def _insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return (
        data[:at] + rng.choice((rng.randbytes(4), rng.choice(NASTY).encode(), b"\0", b"\xff\xfe")) + data[at:]
    )


def _pack(data: bytes, rng: random.Random) -> bytes:
    packed = gzip.compress(data, mtime=0)
    return packed if rng.random() < 0.5 else _bit(packed, rng)


_BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _bit, _cut, _splice, _remove, _insert, _pack,
)  # fmt: skip


# -- Text ---------------------------------------------------------------------------------------------------


def _encode(data: bytes, rng: random.Random) -> bytes:
    text = data.decode(errors="replace")
    return text.encode(
        rng.choice(("utf-16", "utf-16-le", "latin-1", "cp1252", "utf-8-sig", "utf-7")), "replace"
    )


def _rows(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if not lines:
        return data
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    way = rng.randrange(5)
    if way == 0:
        lines.insert(at, lines[other])
    elif way == 1:
        del lines[at]
    elif way == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif way == 3:
        lines.insert(at, rng.choice((b"\n", b"\r\n", b" \n", b",\n", b'""\n')))
    else:
        end = rng.choice((b"\r\n", b"\r", b"\n", b"\n\n"))
        lines = [line.rstrip(b"\r\n") + end for line in lines]
    return b"".join(lines)


def _cell(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    mark = max((b";", b",", b"\t"), key=lines[0].count)
    cells = lines[at].split(mark)
    cell = rng.choice(NASTY).encode(errors="replace")
    if rng.random() < 0.3:
        cell = b'"' + cell.replace(b'"', b'""') + b'"'
    cells[rng.randrange(len(cells))] = cell
    lines[at] = mark.join(cells)
    return b"\n".join(lines)


def _column(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    mark = max((b";", b",", b"\t"), key=lines[0].count)
    rows = [line.split(mark) for line in lines]
    at, other = rng.randrange(len(rows[0])), rng.randrange(len(rows[0]))
    for row in rows:
        if len(row) == len(rows[0]):
            if at == other:
                row.insert(at, row[other])
            else:
                row[at], row[other] = row[other], row[at]
    return b"\n".join(mark.join(row) for row in rows)


def _marks(data: bytes, rng: random.Random) -> bytes:
    mark = max((b";", b",", b"\t"), key=data.split(b"\n", 1)[0].count)
    return data.replace(mark, rng.choice((b";", b",", b"\t", b"|", b" ")), rng.choice((-1, 5)))


# -- Parquet ------------------------------------------------------------------------------------------------


def _footer(data: bytes, rng: random.Random) -> bytes:
    """Change the footer, whose length then tells again where it begins."""
    if len(data) < 12:
        return data
    length = int.from_bytes(data[-8:-4], "little")
    start = len(data) - 8 - length
    if start < 4:
        return data
    footer = rng.choice((_flip, _bit, _remove, _splice))(data[start:-8], rng)
    return data[:start] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def _page(data: bytes, rng: random.Random) -> bytes:
    """Change the beginning, where the first pages have their headers."""
    return rng.choice((_flip, _bit))(data[:400], rng) + data[400:]


def _retyped(data: bytes, rng: random.Random) -> bytes:
    """Write a table again with a column of another type, name, shape or way of writing."""
    try:
        table = pq.read_table(io.BytesIO(data))
        names = table.column_names  # which need not be UTF-8
    except Exception:  # it is wrong already
        return data
    if not names:
        return data
    at, rows = rng.randrange(len(names)), table.num_rows
    name = names[at]
    column: Any = rng.choice(
        (
            pa.array([rng.choice(NASTY) for _ in range(rows)]),
            pa.array([rng.choice((1, -1, 2**53 + 1, 2**62)) for _ in range(rows)]),
            pa.array([rng.choice((0.0, -0.0, float("nan"), float("inf"), 1e300)) for _ in range(rows)]),
            pa.array([[1.0, 2.0]] * rows),
            pa.array([["a", None]] * rows),
            pa.array([{"a": {"b": 1}}] * rows),
            pa.array([b"\xff\xfe"] * rows),
            pa.array([2**64 - 1] * rows, pa.uint64()),
            pa.array([1] * rows, pa.decimal128(38, 2)),
            pa.array([0] * rows, pa.timestamp("ns")),
            pa.nulls(rows),
            table[at],
        )
    )
    other = rng.choice(
        (name, name.upper(), "id", "country", "size", "levels", "embedding", "", "a.b", "mail")
    )
    table = table.set_column(at, other, column)
    if rng.random() < 0.3 and rows:
        table = pa.concat_tables([table, table.slice(0, rng.randrange(rows) + 1)])
    sink = io.BytesIO()
    try:
        pq.write_table(
            table, sink, compression=rng.choice(("none", "snappy", "zstd", "gzip")),
            use_dictionary=rng.random() < 0.5, row_group_size=rng.choice((None, 3)),
            data_page_version=rng.choice(("1.0", "2.0")), store_schema=rng.random() < 0.7,
        )  # fmt: skip
    except pa.ArrowException:
        return data
    return sink.getvalue()


# -- JSON and TOML ------------------------------------------------------------------------------------------


def _json(data: bytes, rng: random.Random) -> bytes:
    try:
        document = json.loads(data)
    except ValueError:
        return data
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        entries = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, inner in list(entries)[:40]:
            places.append((value, key))
            walk(inner)

    walk(document)
    if not places:
        return data
    inside, key = rng.choice(places)
    way = rng.randrange(4)
    if way == 0:
        del inside[key]
    elif way == 1:
        other, at = rng.choice(places)
        inside[key] = (
            json.loads(json.dumps(other[at]))
            if at in other or (isinstance(other, list) and at < len(other))
            else None
        )
    elif way == 2 and isinstance(inside, dict):
        return json.dumps(document).encode().replace(b"{", b'{"format": 1, ', 1)
    else:
        inside[key] = rng.choice(VALUES)
    return json.dumps(document).encode()


def _deep(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice((b"[", b"{", b'{"a":', b"a.", b"[[")) * rng.choice((50, 5_000)) + data[at:]


def _toml(data: bytes, rng: random.Random) -> bytes:
    lines = data.decode(errors="replace").split("\n")
    at = rng.randrange(len(lines))
    key = lines[at].split("=")[0].strip() or "x"
    value = rng.choice(TOML)
    way = rng.randrange(4)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines.insert(at, lines[rng.randrange(len(lines))])
    else:
        lines[at] = f"{key} = {value}"
    return "\n".join(lines).encode()


def _number(data: bytes, rng: random.Random) -> bytes:
    """Replace one of the numbers in a text by another."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?", data))
    if not found:
        return data
    one = rng.choice(found)
    value = rng.choice((b"-1", b"0", b"1e300", b"9007199254740993", b"99999999999999999999", b"1.5", b"4"))
    return data[: one.start()] + value + data[one.end() :]


_OF_KIND: dict[str, tuple[Callable[[bytes, random.Random], bytes], ...]] = {
    "text": (_encode, _rows, _cell, _cell, _column, _marks, _number),
    "parquet": (_footer, _footer, _page, _retyped, _retyped),
    "json": (_json, _json, _json, _number, _deep, _encode),
    "toml": (_toml, _toml, _number, _rows, _deep, _encode),
    "bytes": (_page,),
}
