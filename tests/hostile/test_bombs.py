"""Small files that become large: each is refused before it does, in words, by a process of little memory."""

from __future__ import annotations

import gzip
import io
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from twinmatch.errors import FormatError, InputError, PolicyError
from twinmatch.intake.limits import DEFAULT
from twinmatch.intake.parquet import parquet_table
from twinmatch.intake.thrift import Damaged, read_struct

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twinmatch.intake.limits import ReadLimits


def parquet(columns: dict[str, object], **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **{"compression": "zstd", **options})
    return sink.getvalue()


def one_text(rows: int, length: int) -> pa.DictionaryArray:
    """Return a column of one text, as a dictionary."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int8()), pa.array(["x" * length]))


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def rewritten(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return a Parquet file with other bytes in its footer."""
    length = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - length : -8]
    assert old in footer
    footer = footer.replace(old, new)
    return data[: -8 - length] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def deep_schema(levels: int) -> bytes:
    """Return a Parquet file of no rows whose one column is in so many structs."""

    def text(name: bytes) -> bytes:
        return b"\x48" + varint(len(name)) + name

    root = text(b"schema") + b"\x15\x02\x00"
    inner = (b"\x35\x00" + b"\x18" + b"\x01a" + b"\x15\x02\x00") * levels
    leaf = b"\x15\x02" + b"\x25\x00" + b"\x18\x01a" + b"\x00"
    schema = b"\x19\xfc" + varint(levels + 2) + root + inner + leaf
    footer = b"\x15\x02" + schema + b"\x16\x00" + b"\x19\x0c" + b"\x00"
    return b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


ROWS = 2_000_000
BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "rows": ("has 2,000,001 rows", lambda: parquet({"id": pa.array(np.zeros(ROWS + 1, np.int8))})),
    "long texts": ("bytes, and 1,073,741,824", lambda: parquet({"id": one_text(ROWS, 90_000)})),
    "a long text": ("a cell of 200,000 bytes", lambda: parquet({"id": one_text(2, 200_000)})),
    "values": (
        "has 101,000,001 cells",
        lambda: parquet(
            {"id": ["a"], "tags": pa.ListArray.from_arrays([0, 101_000_000], np.zeros(101_000_000, bool))},
            write_statistics=False,
            use_dictionary=False,
        ),
    ),
    "depth": ("nested deeper", lambda: deep_schema(100_000)),
    "columns": ("has 1,001 columns", lambda: parquet({f"c{i}": ["x"] for i in range(1001)})),
    "gzip": ("gzip unpack to more", lambda: gzip.compress(b"id,country\n" + b"0" * 100_000_000)),
    "gzip in gzip": ("is not UTF-8", lambda: gzip.compress(gzip.compress(b"\0" * 10_000_000))),
    "header": ("1,001 columns", lambda: b",".join(b"c%d" % i for i in range(1001)) + b"\n"),
    "one line": ("quotation mark", lambda: gzip.compress(b'id,country\n"a' + b"x" * 20_000_000)),
    "a long cell": ("bytes in a cell", lambda: b"id,country\na,FR\nb," + b"x" * 100_001 + b"\n"),
    "wrong rows": ("1 cells where", lambda: gzip.compress(b"id,country\n" + b"a\n" * 5_000_000)),
    "deep JSON": ("nested too deep", lambda: b'{"features":' + b"[" * 1_000_000),
    "wide JSON": (
        "names of properties",
        lambda: json.dumps({"features": [{"properties": {f"p{i}": 1}} for i in range(5_000)]}).encode(),
    ),
    "many values": (
        "values of JSON", lambda: gzip.compress(b'{"features":[' + b"[]," * 15_000_000 + b"[]]}")
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write them all; none is larger than 3 MB."""
    folder = tmp_path_factory.mktemp("bombs")
    for name, (_, make) in BOMBS.items():
        data = make()
        assert len(data) < 3_000_000, (name, len(data))
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(bombs, name):
    """Every file that would become large is refused, and the message says which limit it breaks."""
    path = bombs / name
    with pytest.raises(FormatError) as caught:
        tm.read_schools(path, format="plain" if path.read_bytes()[:4] == b"PAR1" else None)
    assert BOMBS[name][0] in str(caught.value)
    assert caught.value.__context__ is None


ONE = """
import resource, sys
import pyarrow.csv, pyarrow.parquet, sqlite3
import twinmatch as tm
tm.read_schools
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + 2**30 + 2**29, held + 2**30 + 2**29))
for path in sys.argv[1:]:
    try:
        tm.read_schools(path, format="plain" if open(path, "rb").read(4) == b"PAR1" else None)
    except tm.errors.FormatError:
        continue
    sys.exit(f"{path} was read")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_bombs_end_no_process(bombs):
    """One process with 1.5 GB to spare refuses all of them, one after the other."""
    done = subprocess.run(
        [sys.executable, "-c", ONE, *map(str, bombs.iterdir())], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_footer_that_lies_is_found_out():
    """Pages are counted, not believed: a footer that claims fewer rows than there are changes nothing."""
    rows = 300_000
    honest = parquet({"id": pa.array([0] * rows, pa.int32())}, write_statistics=False, store_schema=False)
    zigzag = varint(2 * rows)
    for claimed in (1, rows - 1, rows + 1):
        lying = rewritten(honest, zigzag, varint(2 * claimed))
        with pytest.raises(FormatError, match="damaged"):
            parquet_table("x", lying, DEFAULT)
    assert parquet_table("x", honest, DEFAULT).num_rows == rows


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        ({"id": pa.array(["\0" * 60_000] * 1_000)}, {"use_dictionary": False}, "unpacks to more"),
        ({"id": one_text(1_000, 60_000)}, {}, "decodes to more"),
        ({"name": one_text(1_000, 60_000).cast(pa.binary(60_000))}, {}, "unpacks to more"),
        (
            {"id": ["y" * 60_000 + str(i) for i in range(1_000)]},
            {"use_dictionary": False, "column_encoding": {"id": "DELTA_BYTE_ARRAY"}},
            "decodes to more",
        ),
        ({"tags": pa.ListArray.from_arrays([0, 1_000], one_text(1_000, 60_000))}, {}, "decodes to more"),
        ({"embedding": pa.ListArray.from_arrays([0, 9_000_000], np.zeros(9_000_000))}, {}, "unpacks to more"),
    ],
)
def test_every_way_to_be_large_is_counted(columns, options, words):
    """Sixty megabytes in a few bytes, by packing, by repetition, by prefixes, in lists: all beyond 32 MB."""
    data = parquet(columns, **options)
    assert len(data) < 100_000
    with pytest.raises(FormatError, match=words):
        parquet_table("x", data, tm.ReadLimits(total_bytes=2**25))
    assert parquet_table("x", data, DEFAULT).num_rows == pa.table(columns).num_rows


@pytest.mark.parametrize("limits", [tm.ReadLimits(rows=2), tm.ReadLimits(cells=5), tm.ReadLimits(columns=1)])
@pytest.mark.parametrize("kind", ["csv", "parquet", "geojson", "gpkg"])
def test_limits_are_the_callers(tmp_path, limits: ReadLimits, kind):
    """Three rows of two columns are read, and refused where the caller wants less."""
    path = tmp_path / f"t.{kind}"
    rows = [{"id": one, "country": "FR"} for one in "abc"]
    if kind == "csv":
        path.write_text("id,country\n" + "".join(f"{row['id']},FR\n" for row in rows))
    elif kind == "parquet":
        path.write_bytes(parquet({"id": list("abc"), "country": ["FR"] * 3}))
    elif kind == "geojson":
        path.write_text(json.dumps({"features": [{"properties": row} for row in rows]}))
    else:
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT)")
            database.execute("INSERT INTO gpkg_geometry_columns VALUES ('s', 'geom')")
            database.execute("CREATE TABLE s (id, country, geom)")
            database.executemany("INSERT INTO s VALUES (?, 'FR', x'00')", [(row["id"],) for row in rows])
            database.commit()
    assert tm.read_schools(path).ids.tolist() == ["a", "b", "c"]
    if kind == "geojson" and limits.rows == 2:
        limits = tm.ReadLimits(cell_length=1)
    with pytest.raises(FormatError, match="limit"):
        tm.read_schools(path, limits=limits)
    with pytest.raises(FormatError, match="file_bytes"):
        tm.read_schools(path, limits=tm.ReadLimits(file_bytes=10))


def test_limits_are_whole_numbers():
    with pytest.raises(InputError, match="2 faults"):
        tm.ReadLimits(rows=0, cells=1.5)  # type: ignore[arg-type]


def test_large_files_that_are_right_are_read(tmp_path):
    """A register many times larger than any is read: half a million rows, in each form."""
    rows = 500_000
    table = pa.table(
        {"id": [str(i) for i in range(rows)], "country": ["FR"] * rows, "name": ["École"] * rows}
    )
    pq.write_table(table, tmp_path / "t.parquet")
    lines = "".join(f"{i},FR,École\n" for i in range(rows))
    (tmp_path / "t.csv").write_text("id,country,name\n" + lines)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(("id,country,name\n" + lines).encode()))
    found = [tm.read_schools(path) for path in sorted(tmp_path.iterdir())]
    assert [len(one) for one in found] == [rows] * 3
    assert found[0] == found[1] == found[2]


SQL = [
    "CREATE VIEW s AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) "
    "SELECT id, 'FR' AS country, '' AS geom FROM n",
    "CREATE TABLE s (id, country, geom, big AS (zeroblob(1000000000)))",
    "CREATE TABLE s (id, country, geom, big AS (hex(zeroblob(400000000))))",
]


@pytest.mark.parametrize("sql", SQL)
def test_a_geopackage_is_no_program(tmp_path, sql):
    """Views that count for ever and columns that call functions are refused, not run."""
    path = tmp_path / "t.gpkg"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT)")
        database.execute("INSERT INTO gpkg_geometry_columns VALUES ('s', 'geom')")
        database.execute(sql)
        if "TABLE" in sql:
            database.execute("INSERT INTO s VALUES ('a', 'FR', '')")
        database.commit()
    with pytest.raises(FormatError, match=r"layers|damaged"):
        tm.read_schools(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = " + "[" * 100_000, "nested too deep"),
        ("x = " + "{a=" * 100_000, "nested too deep"),
        ("a" + ".a" * 50_000 + " = 1", "more than 32 parts"),
        ('[ "a" . ' + "'b' . " * 50_000 + " c ]", "more than 32 parts"),
        ("format = " + "9" * 5_000, "is not TOML"),
        ("#" * (2**24 + 1), "longer than"),
    ],
)
def test_a_policy_is_no_bomb(tmp_path, text, words):
    """Text that would keep a reader of TOML busy for minutes, or overflow its stack, is refused."""
    with pytest.raises(PolicyError, match=words) as caught:
        tm.Policy.from_toml(text)
    assert caught.value.__context__ is None
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(PolicyError):
        tm.Policy.load(path)


def test_usual_keys_are_not_long():
    """What people write passes the look for long keys."""
    text = tm.policies.systematic_twinning(balance=True).to_toml()
    assert tomllib.loads(text)
    assert tm.Policy.from_toml(text + "\n# a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z\n")


def test_descriptions_that_end_or_nest_are_damaged():
    """Random bytes are a struct or damage, and nothing else, and nothing is deeper than Parquet's."""
    rng = random.Random(0)
    for _ in range(20_000):
        data = rng.randbytes(rng.randrange(40))
        try:
            fields, end = read_struct(data)
        except Damaged:
            continue
        assert isinstance(fields, dict)
        assert end <= len(data) + 8
    for data in (
        b"\x1c" * 1_000,
        b"\x19\xfc\xff\xff\xff\xff\x0f",
        b"\x18\xff\xff\xff\xff\x0f",
        b"\x15" + b"\xff" * 20,
        b"\x1b\x00",
        b"\x29" + b"\x19" * 20_000,
    ):
        with pytest.raises(Damaged):
            read_struct(data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
