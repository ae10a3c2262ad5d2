"""Odd values: one clear error, or kept to the letter; and CSV that a spreadsheet does not run."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twinmatch as tm
from twinmatch.errors import FormatError, TableError
from twinmatch.spreadsheet import escaped, unescaped

NAN, INF = float("nan"), float("inf")
NUMBERS = ("lat", "lon", "geo_q", "size", "ips", "capacity")
REFUSED = [
    (name, value)
    for name in NUMBERS
    for value in (INF, -INF, 1e300, -1e300, 2.0**53 + 2, -(2.0**53) - 2)
    if (name, value) not in (("ips", 1e300), ("ips", 2.0**53 + 2))
] + [("size", -1.0), ("ips", -1e-300), ("capacity", -1.0), ("capacity", 0.5), ("geo_q", 0.0)]  # fmt: skip


def frame(**columns: object) -> dict[str, object]:
    point = {"lat": [1.0, 2.0], "lon": [1.0, 2.0]}
    return {"id": ["a", "b"], "country": ["FR", "IT"], **point, **columns}


@pytest.mark.parametrize(("name", "value"), REFUSED)
@pytest.mark.parametrize("kind", ["frame", "arrow", "csv"])
def test_a_number_out_of_range_is_one_error(tmp_path, name, value, kind):
    """The column is named, the row too, whichever way the number comes."""
    cells = frame(**{name: [1.0, value]})
    pd.DataFrame(cells).to_csv(tmp_path / "t.csv", index=False)
    make, given = tm.Schools.from_frame, pa.table(cells) if kind == "arrow" else cells
    if kind == "csv":
        make, given = tm.read_schools, tmp_path / "t.csv"
    with pytest.raises(TableError) as caught:
        make(given)
    (fault,) = caught.value.faults
    assert (fault.where, fault.rows) == (name, (1,))


def test_nan_is_missing_in_pandas_and_an_error_elsewhere(tmp_path):
    assert tm.Schools.from_frame(frame(size=[NAN, 2.0])).strings("size").tolist() == [None, "2"]
    for broken in (pa.table(frame(size=[NAN, 2.0])), pa.table(frame(size=[2.0, NAN]))):
        with pytest.raises(TableError, match="must be finite"):
            tm.Schools.from_frame(broken)
    (tmp_path / "t.csv").write_text("id,country,size\na,FR,nan\n")
    with pytest.raises(TableError, match="must be finite"):
        tm.read_schools(tmp_path / "t.csv")


def test_minus_zero_and_the_edges_of_ranges_are_kept():
    """What is in range is kept to the last bit, and -0.0 and 0.0 are one place."""
    edges = frame(lat=[-90.0, 90.0], lon=[-180.0, 180.0], size=[0.0, 1e7], capacity=[0, 2**31 - 1])
    schools = tm.Schools.from_frame(edges)
    for name in ("lat", "lon", "size", "capacity"):
        assert schools.numbers(name).tolist() == edges[name]
    minus = tm.Schools.from_frame(frame(lat=[-0.0, 2.0]))
    assert math.copysign(1, minus.numbers("lat")[0]) == -1
    assert minus.fingerprint() == tm.Schools.from_frame(frame(lat=[0.0, 2.0])).fingerprint()


@pytest.mark.parametrize(
    ("name", "column", "words"),
    [
        ("capacity", pa.array([2**63, 1], pa.uint64()), "between 0 and 2147483647"),
        ("size", pa.array([2**53 + 1, 1]), "between 0 and 10000000"),
        ("year", pa.array([2**64 - 1, 1], pa.uint64()), "beyond 64 bits"),
        ("levels", pa.array([1e300, 1.0]), "beyond 64 bits"),
        ("embedding", pa.array([[2**53 + 1], [1]]), "not the same as 32-bit floats"),
        ("embedding", pa.array([[1e300], [1.0]]), "finite"),
        ("embedding", pa.array([[NAN], [1.0]]), "finite"),
        ("name", pa.array(["a\0b", "c"]), "NUL"),
        ("name", pa.Array.from_buffers(pa.string(), 2, [None, pa.py_buffer(np.array([0, 1, 2], np.int32)),
                                                        pa.py_buffer(b"\xff\xfe")]), "not UTF-8"),
        ("name", [b"x", b"y"], "not text"),
        ("name", ["\ud800", "x"], "surrogates"),
    ],
)  # fmt: skip
def test_what_types_cannot_hold_is_one_error(name, column, words):
    """Numbers that a conversion would change, and text that is none, are refused and not changed."""
    cells = frame(**{name: column})
    with pytest.raises(TableError, match=words) as caught:
        tm.Schools.from_frame(pa.table(cells) if isinstance(column, pa.Array) else cells)
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (["a", "a"], "unique"),
        (["a", "b "], "blanks at an end"),
        (["a", "\u00a0b"], "blanks at an end"),
        (["a", "a\u200b"], "invisible"),
        (["a", "\u202eb"], "invisible"),
        (["a", "\ufeffb"], "invisible"),
        (["a", "b\tc"], "control"),
        (["a b", "a  b"], "nothing but blanks"),
        (["a b", "a\u00a0b"], "nothing but blanks"),
        (["\u00e9", "e\u0301"], "how its letters are encoded"),
        (["A", "\uff21"], "how its letters are encoded"),
        (["a", "b" * 201], "longer than 200"),
        (["a", "b@example.org"], "mail address"),
        (["a", "+33 1 00 00 00 00"], "telephone"),
        (["a", ""], "missing or empty"),
    ],
)
def test_ids_that_mislead_are_refused(ids, words):
    """Two ids that look alike are two schools for a machine and one for a person."""
    with pytest.raises(TableError, match=words):
        tm.Schools.from_frame(frame(id=ids))


ODD_IDS = [["=1+1", "-2"], ["é", "É"], ["0123456789", "+33"], ["a b", "ab"], ["学", "校"]]


@pytest.mark.parametrize("ids", ODD_IDS)
def test_ids_that_are_odd_but_clear_are_kept(ids):
    assert tm.Schools.from_frame(frame(id=ids)).ids.tolist() == ids


ODD = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "'=1",
    "''-",
    "'s-Gravenhage",
    "\uff1d1",
    "<script>alert(1)</script>",
    "\u202etxt.exe",
    "a\u200bb",
    "e\u0301",
    "x" * 50_000,
    "a\nb",
    'say "x"',
    ";,|",
    "\U0001f600",
    "0123",
    "1e5",
]


@pytest.mark.parametrize("kind", ["csv", "parquet", "latin-1", "utf-16", "bom"])
def test_odd_names_are_kept_to_the_letter(tmp_path, kind):
    """Formulas, markup, direction marks and long names come out of a file as they went in."""
    names = ODD if kind in ("csv", "parquet", "utf-16", "bom") else [one for one in ODD if one.isascii()]
    table = pa.table(
        {"id": [f"s{i}" for i in range(len(names))], "country": ["FR"] * len(names), "name": names}
    )
    path = tmp_path / "t"
    if kind == "parquet":
        pq.write_table(table, path)
    else:
        pacsv.write_csv(table, path)
        encoding = {"csv": "utf-8", "bom": "utf-8-sig"}.get(kind, kind)
        path.write_bytes(path.read_bytes().decode().encode(encoding))
    schools = tm.read_schools(path, encoding=kind if kind in ("latin-1", "utf-16") else None)
    assert schools.strings("name").tolist() == names
    assert "\u202e" not in repr(schools)


def test_an_encoding_that_is_not_named_is_an_error(tmp_path):
    """Latin-1, UTF-16 and broken UTF-8 are refused with the place, and read where the encoding is named."""
    text = "id,country,name\na,FR,École\n"
    for encoding, words in (("latin-1", "line 2"), ("utf-16", "encoding='utf-16'"), ("utf-16-le", "line 2")):
        (tmp_path / "t.csv").write_bytes(text.encode(encoding))
        with pytest.raises(FormatError, match=words):
            tm.read_schools(tmp_path / "t.csv")
        assert tm.read_schools(tmp_path / "t.csv", encoding=encoding).strings("name").tolist() == ["École"]
    (tmp_path / "t.csv").write_bytes(b"\xff" + text.encode())
    for encoding in ("utf-8", "ascii", "hex", "rot13", "no\0ne", "utf-16"):
        with pytest.raises(FormatError):
            tm.read_schools(tmp_path / "t.csv", encoding=encoding)


TEXTS = st.text(st.sampled_from("'=+-@\t\r\uff1d\uff0b\uff0d\uff20a1 \n"), max_size=6)


@given(st.lists(TEXTS, min_size=1), st.lists(st.floats(allow_nan=False), min_size=1))
def test_escaped_texts_run_nowhere_and_come_back(texts, numbers):
    """No escaped text begins with a sign of formulas; unescaping is the way back; numbers stay."""
    table = pa.table({"=name": pa.array([*texts, None]), "large": pa.array([*texts, ""], pa.large_string())})
    safe = escaped(table)
    assert not any(
        (one or "").startswith(tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")) for one in safe[0].to_pylist()
    )
    assert safe.column_names[0] == "'=name"
    assert unescaped(safe).equals(table)
    assert escaped(pa.table({"x": numbers})).equals(pa.table({"x": numbers}))


def test_saved_csv_runs_nowhere_and_reads_back(tmp_path):
    """Ids that begin like formulas are escaped in the CSV of a saved folder, and come back to the letter."""
    left = tm.Schools.from_frame({"id": ["=1", "-2", "'+3", "d"], "country": ["FR"] * 4, "levels": ["1"] * 4,
                                  "lat": [48.0] * 4, "lon": [-1.5] * 4})  # fmt: skip
    right = tm.Schools.from_frame({"id": ["@x", "\uff1dy", "z"], "country": ["IT"] * 3, "levels": ["1"] * 3,
                                   "lat": [45.0] * 3, "lon": [-9.0] * 3})  # fmt: skip
    matching = tm.match(left, right, tm.policies.proximity(), threads=1)
    matching.save(tmp_path / "twins")
    again = tm.load_matching(tmp_path / "twins")
    assert again.verify().ok
    for name, ids in (("pairs", ["left_id", "right_id"]), ("unmatched", ["left_id"])):
        path = tmp_path / "twins" / name
        options = pacsv.ConvertOptions(
            column_types=dict.fromkeys(ids, pa.string()), strings_can_be_null=False
        )
        raw = pacsv.read_csv(path.with_suffix(".csv"), convert_options=options)
        kept = pq.read_table(path.with_suffix(".parquet"))
        assert unescaped(raw).select(ids).to_pydict() == kept.select(ids).to_pydict()
        assert not any(one[0] in "=+-@\uff1d" for column in ids for one in raw[column].to_pylist())
