"""What the mutation campaign, the fuzzer and their makers found: each was a crash, a hang or a loss once."""

from __future__ import annotations

import io
import json
import random
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from tests.hostile.mutating import _retyped
from twinmatch.errors import FormatError, PolicyError, TableError
from twinmatch.intake.limits import DEFAULT
from twinmatch.intake.parquet import parquet_table


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def with_footer(footer: bytes) -> bytes:
    return b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


@pytest.mark.parametrize(
    "footer",
    [
        b"",
        b"\x00",
        b"\x15\x02\x00",  # a version and nothing else
        b"\x15\x02\x19\x0c\x16\x00\x19\x0c\x00",  # a schema without its root
        b"\x15\x02\x29\x18\x01a\x16\x00\x19\x0c\x00",  # a schema of texts
        b"\x15\x02\x19\x1c\x41\x00\x16\x00\x19\x0c\x00",  # a name that is true
        b"\x15\x02\x19\x1c\x48\x01s\x15\x02\x00\x16\x00\x19\x0c\x00",  # a child that never comes
        b"\x15\x02\x19\x1c\x48\x01s\x15\x00\x00\x16\x02\x19\x0c\x00",  # a row of no group
        b"\x15\x02\x19\x2c\x48\x01s\x15\x00\x00\x48\x01s\x15\x00\x00\x16\x00\x19\x0c\x00",  # a second root
    ],
)
def test_a_footer_of_the_wrong_make_is_damage(footer):
    with pytest.raises(FormatError, match="damaged"):
        parquet_table("x", with_footer(footer), DEFAULT)


def test_text_of_parquet_that_is_no_text(tmp_path):
    """Arrow takes the word of the file that bytes are UTF-8, and raised later, in the midst of things."""
    data = parquet(pa.table({"id": ["aaaa", "bbbb"], "country": ["FR", "IT"]}))
    (tmp_path / "t").write_bytes(data.replace(b"bbbb", b"\xff\xfebb"))
    with pytest.raises(FormatError, match="damaged"):
        tm.read_schools(tmp_path / "t")


def test_names_of_columns_that_are_no_text(tmp_path):
    """Arrow reads such a file, and raises when it is asked what the columns are called."""
    table = pa.table({"id": ["a"], "country": ["FR"], "zzzqq": [1]})
    sink = io.BytesIO()
    pq.write_table(table, sink, store_schema=False)
    data = sink.getvalue().replace(b"zzzqq", b"zz\xfbqq")
    (tmp_path / "t").write_bytes(data)
    with pytest.raises(FormatError, match="damaged"):
        tm.read_schools(tmp_path / "t")
    table = pq.read_table(io.BytesIO(data))
    for make in (tm.Schools, tm.Schools.from_frame):
        with pytest.raises(TableError, match="column 3: has a name that is not UTF-8"):
            make(table)
    assert _retyped(data, random.Random(0)) == data  # the campaign leaves it as it is


def test_registers_in_parquet_with_structs_and_lists(tmp_path):
    """The annuaire as Parquet has its position as a struct: such columns are not needed, and are not read."""
    names = ("Identifiant_de_l_etablissement", "Type_etablissement", "Code_departement")
    table = pa.table(dict(zip(names, (["0010001A"], ["Collège"], ["001"]), strict=True)))
    table = table.append_column("position", pa.array([{"lon": 1.0, "lat": 2.0}]))
    table = table.append_column("photo", pa.array([b"\xff\xfe"])).append_column("tags", pa.array([["a"]]))
    (tmp_path / "t").write_bytes(parquet(table))
    assert tm.read_schools(tmp_path / "t").ids.tolist() == ["0010001A"]


@pytest.mark.parametrize("name", ["{a = 1}", "[1]", "nan", "[[]]", "2026-01-01"])
def test_a_name_in_a_policy_that_is_no_text(name):
    """A table or a list where a name is expected could not be looked up."""
    text = tm.policies.systematic_twinning().to_toml()
    first = text.index("\nname = ")
    end = text.index("\n", first + 1)
    with pytest.raises(PolicyError):
        tm.Policy.from_toml(f"{text[:first]}\nname = {name}{text[end:]}")


def test_a_policy_of_one_long_key_takes_no_minutes():
    """Python's reader of TOML took 170 seconds for 100 kB."""
    began = time.process_time()
    with pytest.raises(PolicyError):
        tm.Policy.from_toml("a" + ".a" * 50_000 + " = 1")
    assert time.process_time() - began < 1


def test_a_header_that_names_a_column_twice_in_other_letters(tmp_path):
    """Of two columns that differ in case only, one was taken in silence."""
    path = tmp_path / "t.csv"
    path.write_text("ID,id,country\na,b,FR\n")
    with pytest.raises(FormatError, match="several columns of this name"):
        tm.read_schools(path)
    path.write_text("numero_uai;Numero_UAI;nature_uai;code_departement\n0010001A;0010001B;340;001\n")
    with pytest.raises(TableError, match="several columns of this name"):
        tm.read_schools(path)


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ('{"id": "\\ud800", "cntr_id": "LU", "name": "x", "levels": "1"}', "surrogates"),
        ('{"id": "a", "id": "b", "cntr_id": "LU", "name": "x", "levels": "1"}', "key twice"),
        ("[" * 50_000, "nested too deep"),
    ],
)
def test_json_that_loses_or_breaks(tmp_path, properties, words):
    """Half letters raised, of a key that is there twice one was taken, and depth overflowed."""
    path = tmp_path / "t.geojson"
    path.write_text(f'{{"type": "FeatureCollection", "features": [{{"properties": {properties}}}]}}')
    with pytest.raises(FormatError, match=words):
        tm.read_schools(path)


def test_names_of_properties_that_differ_in_every_feature(tmp_path):
    """Each of 2,000 names became a column of 2,000 rows: the square of the file."""
    path = tmp_path / "t.geojson"
    path.write_text(json.dumps({"features": [{"properties": {f"p{i}": 1}} for i in range(2_000)]}))
    with pytest.raises(FormatError, match="names of properties"):
        tm.read_schools(path)


def test_many_rows_of_one_id_take_no_minutes(tmp_path):
    """Rows without an identifier were compared cell by cell."""
    head = "numero_uai;nature_uai;code_departement;" + ";".join(f"c{i}" for i in range(60)) + "\n"
    path = tmp_path / "t.csv"
    path.write_text(head + ("0010001A;340;001" + ";x" * 60 + "\n") * 20_000)
    began = time.process_time()
    assert len(tm.read_schools(path)) == 1
    assert time.process_time() - began < 20
