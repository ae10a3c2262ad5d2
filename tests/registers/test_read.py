"""Files as publishers make them, read into one schema; and files that nobody should trust."""

from __future__ import annotations

import contextlib
import gzip
import json
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinmatch import Schools, read_schools
from twinmatch.errors import FormatError, TableError
from twinmatch.registers.academies import OUTSIDE, academie_of, academies
from twinmatch.registers.detect import FORMATS
from twinmatch.registers.french import natures
from twinmatch.registers.gisco import level_table

DATA = Path(__file__).parents[1] / "data"
ANNUAIRES = ("annuaire_72_columns.csv", "annuaire_69_columns.csv")
GISCO = ("gisco_current.csv", "gisco_older.csv", "gisco.geojson")


def column(schools: Schools, name: str) -> dict[str, str | None]:
    return dict(zip(schools.ids.tolist(), schools.strings(name).tolist(), strict=True))


# The annuaire


@pytest.mark.parametrize("file", ANNUAIRES)
def test_the_annuaire_is_read_by_name(file):
    """72 columns or 69, in any order and any case: the same schools."""
    schools = read_schools(DATA / file)
    assert schools.ids.tolist() == ["0010001A", "9740004D", "0330005E", "0590006F", "0690007G"]
    assert column(schools, "levels") == {
        "0010001A": "0;1",
        "9740004D": "3",
        "0330005E": None,
        "0590006F": "2;3",
        "0690007G": "0",  # no flags: the nature code says nursery school
    }
    assert column(schools, "academie")["9740004D"] == "La Réunion"
    assert column(schools, "dept")["0010001A"] == "01"
    assert column(schools, "sector")["9740004D"] == "public"
    assert column(schools, "ep")["9740004D"] == "REP+"
    assert column(schools, "tags") == {
        "0010001A": "ulis",
        "9740004D": "international;european",
        "0330005E": None,
        "0590006F": None,
        "0690007G": None,
    }
    assert column(schools, "special")["0330005E"] == "medico-social"
    assert column(schools, "special")["0590006F"] == "adapted"
    assert schools.numbers("geo_q")[:2].tolist() == [1, 2]


def test_only_one_of_the_annuaires_has_sizes():
    assert read_schools(DATA / ANNUAIRES[0]).numbers("size")[0] == 120
    older = read_schools(DATA / ANNUAIRES[1])
    assert all(cell is None for cell in [*older.strings("size"), *older.strings("size_kind")])


@pytest.mark.parametrize("file", ANNUAIRES)
def test_closed_schools_and_offices_are_reported(file):
    """They are left out and counted, and kept for those who ask."""
    assert read_schools(DATA / file).report == ("2 offices left out", "1 closed school left out")
    everything = read_schools(DATA / file, keep_closed=True, keep_offices=True)
    assert len(everything) == 8
    assert everything.report == ()
    assert column(everything, "state")["6200002B"] == "closed"
    assert len(read_schools(DATA / file, keep_closed=True)) == 6


@pytest.mark.parametrize("file", [*ANNUAIRES, *GISCO])
def test_contact_data_stays_outside(file):
    """No output shows a mail, a telephone number or a web address; the columns are named."""
    schools = read_schools(DATA / file)
    assert {"mail", "email"} & {name.lower() for name in schools.dropped}
    shown = repr(schools) + schools._repr_html_() + str(schools.to_frame()) + str(schools.table.to_pylist())
    assert "canary" not in shown
    assert "00 00 00" not in shown


def test_an_error_never_shows_contact_data(tmp_path):
    text = (DATA / ANNUAIRES[0]).read_text(encoding="utf-8-sig")
    broken = tmp_path / "broken.csv"
    broken.write_text(text.replace("45.95", "95.95").replace("OUVERT", "PEUT-ETRE", 1))
    with pytest.raises(TableError) as caught:
        read_schools(broken)
    assert {fault.where for fault in caught.value.faults} == {"etat", "lat"}
    assert "canary" not in str(caught.value)


# Géolocalisation


def test_the_geolocalisation_takes_levels_from_the_nature():
    schools = read_schools(DATA / "geolocalisation.csv")
    assert column(schools, "levels") == {
        "0750001A": "1",
        "9740003C": "3",
        "0010004D": None,
        "0350005E": "2",
    }
    assert column(schools, "special")["0350005E"] == "adapted"
    assert schools.report == ("1 closed school left out",)
    assert column(schools, "academie")["0350005E"] == "Rennes"


# GISCO


@pytest.mark.parametrize("file", GISCO)
def test_both_forms_of_gisco_read_alike(file):
    schools = read_schools(DATA / file)
    assert column(schools, "country") == {
        **dict.fromkeys(("LU_1", "LU_2", "LU_3", "LU_4"), "LU"),
        **dict.fromkeys(("FR_0010001A", "FR_0010002B"), "FR"),
    }
    # In the French part 2 is a collège or a lycée, and 3 comes after the baccalauréat.
    assert column(schools, "levels") == {
        "LU_1": "0;1",
        "LU_2": "1",
        "LU_3": "1",
        "FR_0010001A": "2",
        "FR_0010002B": "3",
        "LU_4": None,
    }
    assert column(schools, "size")["LU_1"] == "120"
    assert column(schools, "size_kind")["LU_1"] == "enrolled"
    assert column(schools, "size_kind")["LU_2"] == "capacity"
    assert column(schools, "size")["LU_3"] is None
    assert schools.report == ("1 size that cannot be read taken as not known",)
    assert column(schools, "lat")["LU_2"] is None


def test_levels_that_nobody_mapped_are_refused():
    """The error lists countries and codes; the caller may say what they mean."""
    path = DATA / "gisco_unmapped_levels.csv"
    with pytest.raises(TableError) as caught:
        read_schools(path)
    assert [fault.count for fault in caught.value.faults] == [2, 1]
    text = str(caught.value)
    assert "in BG the meaning of these codes is not known: '1-3', '2'" in text
    assert "in GR the meaning of these codes is not known: '1'" in text
    schools = read_schools(path, level_codes={"EL": {"1": "0"}, "BG": {"1-3": "1;2;3", "2": ""}})
    assert column(schools, "country")["EL_1"] == "GR"
    assert column(schools, "levels") == {"EL_1": "0", "BG_54100401": "1;2;3", "BG_54100402": None}


def test_a_geopackage_is_read_like_the_csv(tmp_path):
    csv = pacsv.read_csv(DATA / "gisco_current.csv").to_pylist()
    path = tmp_path / "LU.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT)")
        database.execute("INSERT INTO gpkg_geometry_columns VALUES ('schools', 'geom')")
        names = [*csv[0], "geom"]
        database.execute(f"CREATE TABLE schools ({', '.join(names)})")
        for row in csv:
            cells = [None if row[name] is None else str(row[name]) for name in csv[0]]
            database.execute(f"INSERT INTO schools VALUES ({', '.join('?' * len(names))})", [*cells, b"GP"])
    database.close()
    assert read_schools(path).table.equals(read_schools(DATA / "gisco_current.csv").table)


# Plain tables


def test_plain_csv_and_parquet(tmp_path):
    table = pa.table({"ID": ["a", "b"], "country": ["FR", "IT"], "size": ["12", None], "mine": ["x", "y"]})
    pacsv.write_csv(table, tmp_path / "t.csv")
    pq.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress((tmp_path / "t.csv").read_bytes()))
    read = [read_schools(tmp_path / name) for name in ("t.csv", "t.parquet", "t.csv.gz")]
    assert read[0] == read[1] == read[2]
    assert read[0].columns == ("id", "country", "size")
    assert read[0].report == ("1 other column left out",)
    kept = [read_schools(tmp_path / name, keep=["mine"]) for name in ("t.csv", "t.parquet", "t.csv.gz")]
    assert kept[0] == kept[1] == kept[2]
    assert kept[0].columns == ("id", "country", "size", "mine")
    assert kept[0].report == ()
    assert read[0].numbers("size")[0] == 12


def test_a_table_written_and_read_is_the_same(tmp_path):
    schools = read_schools(DATA / ANNUAIRES[0])
    pq.write_table(schools.table, tmp_path / "t.parquet")
    pacsv.write_csv(schools.table, tmp_path / "t.csv")
    for name in ("t.parquet", "t.csv"):
        assert read_schools(tmp_path / name).fingerprint() == schools.fingerprint()


def test_a_folder_name_is_no_column(tmp_path):
    folder = tmp_path / "country=XX"
    folder.mkdir()
    pq.write_table(pa.table({"id": ["a"], "country": ["FR"]}), folder / "t.parquet")
    assert read_schools(folder / "t.parquet").strings("country").tolist() == ["FR"]


def test_closed_rows_of_a_plain_table_are_left_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,country,state,size\na,FR,closed,1\nb,FR,open,-1\nc,FR,,3\n")
    with pytest.raises(TableError) as caught:
        read_schools(path)
    assert caught.value.faults[0].rows == (1,)  # the row of the file, not of what was left
    path.write_text("id,country,state,size\na,FR,closed,1\nb,FR,open,2\nc,FR,,3\n")
    assert read_schools(path).report == ("1 closed school left out",)
    assert len(read_schools(path, keep_closed=True)) == 3


# What goes wrong


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\n \n", "is empty"),
        ("id,country,name\n1,FR,café\n".encode("latin-1"), "byte 24 (line 2) is 0xE9"),
        ("id,country\n1,FR\n".encode("utf-16"), "encoding='utf-16'"),
        (gzip.compress(b"id,country\n" + b"a,FR\n" * 500)[:-12], "gzip file is damaged"),
        (b"id,country,id\na,FR,b\n", "several columns of this name"),
        (b"id,country\na,FR\nb,FR,3\nc\n", "1 or 3 cells where the header has 2"),
        (b"foo,bar\n1,2\n", "numero_uai"),
        (b"id,country\n\0,FR\n", "NUL"),
        (b"PAR1 but not really", "damaged Parquet"),
        (b"SQLite format 3\0 but not really", "damaged GeoPackage"),
        (b'{"type": "FeatureCollection", "features": [', "it is no JSON"),
        (b'id,country\n"a,FR\n', "cells"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, data, words):
    path = tmp_path / "schools.csv"
    path.write_bytes(data)
    with pytest.raises(FormatError) as caught:
        read_schools(path)
    assert words in str(caught.value)
    assert str(caught.value).startswith("schools.csv: ")
    assert caught.value.__cause__ is None


def test_a_wrong_row_is_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,country\na,FR\nb,FR,3\nc\n")
    with pytest.raises(FormatError) as caught:
        read_schools(path)
    assert caught.value.faults[0].rows == (1, 2)


def test_an_encoding_can_be_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("id;country;city\n1;FR;Orléans\n".encode("cp1252"))
    assert read_schools(path, encoding="cp1252").strings("city").tolist() == ["Orléans"]
    with pytest.raises(FormatError, match="no encoding 'cp9999'"):
        read_schools(path, encoding="cp9999")


def test_a_header_with_an_open_quotation_mark(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,"country\n' + "a,FR\n" * 40_000)
    with pytest.raises(FormatError, match="quotation mark"):
        read_schools(path)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_schools(tmp_path / "nothing.csv")
    with pytest.raises(FormatError, match="folder"):
        read_schools(tmp_path)


def test_a_format_that_is_named_is_used(tmp_path):
    with pytest.raises(FormatError, match="numero_uai: the column is missing"):
        read_schools(DATA / ANNUAIRES[0], format="geolocalisation")
    with pytest.raises(FormatError, match=", ".join(FORMATS)):
        read_schools(DATA / ANNUAIRES[0], format="excel")  # type: ignore[arg-type]


def test_repeated_rows_are_reported_and_differing_ones_refused(tmp_path):
    text = (DATA / "geolocalisation.csv").read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    first = text.splitlines()[1]
    path = tmp_path / "twice.csv"
    path.write_text(text + first + "\n")
    assert "1 repeated row left out" in read_schools(path).report
    path.write_text(text + first.replace("75104", "75105") + "\n")
    with pytest.raises(TableError, match="id: must be unique"):
        read_schools(path)


@given(st.binary(max_size=200))
def test_any_bytes_give_schools_or_one_of_our_errors(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(data)
    with contextlib.suppress(FormatError, TableError):
        read_schools(path)


@given(st.data())
def test_a_damaged_register_gives_schools_or_one_of_our_errors(tmp_path_factory, data):
    """Bytes removed, changed or doubled anywhere in a good file never give another exception."""
    file = data.draw(st.sampled_from([*ANNUAIRES, *GISCO, "geolocalisation.csv"]))
    good = (DATA / file).read_bytes()
    start = data.draw(st.integers(0, len(good)))
    stop = min(len(good), start + data.draw(st.integers(0, 40)))
    bad = good[:start] + data.draw(st.binary(max_size=10)) + good[stop:]
    path = tmp_path_factory.mktemp("damaged") / file
    path.write_bytes(bad)
    try:
        shown = repr(read_schools(path))
    except (FormatError, TableError) as error:
        shown = str(error)
    assert "canary" not in shown


# Committed tables


def test_every_departement_has_one_academie():
    table = academies()
    metropole = [f"{n:02d}" for n in range(1, 96) if n != 20] + ["2A", "2B"]
    for dept in [*metropole, "971", "972", "973", "974", "976"]:
        assert table[dept].dept == dept
        assert table[dept].region
        assert table[dept.zfill(3)].academie == table[dept].academie
    assert len({place.academie for place in table.values()}) == 34
    assert len({place.code for place in table.values()}) == 34


@pytest.mark.parametrize(
    ("dept", "uai", "academie"),
    [
        ("1", "", "Lyon"),
        ("02A", "", "Corse"),
        ("2b", "", "Corse"),
        ("20", "7200001A", "Corse"),
        ("76", "", "Normandie"),
        ("978", "9711023K", "Guadeloupe"),  # Saint-Martin
        ("978", "9740979W", "La Réunion"),  # Le Port, whose postcode begins with 978
        ("970", "0090024C", "Toulouse"),
        ("977", "", "Guadeloupe"),
        ("980", "1380001B", "Nice"),
        ("00", "0000000A", OUTSIDE),
    ],
)
def test_academie_of(dept, uai, academie):
    place = academie_of(dept, uai)
    assert place is not None
    assert place.academie == academie


def test_an_unknown_departement_is_a_fault(tmp_path):
    assert academie_of("99X") is None
    text = (DATA / "geolocalisation.csv").read_text(encoding="utf-8-sig").replace(";035;", ";099;")
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(TableError, match="not a known département"):
        read_schools(path)


def test_committed_codes_are_well_formed():
    levels = [nature.levels for nature in natures().values()]
    levels += [levels for rows in level_table().values() for *_, levels in rows]
    assert all(set(one) <= set("0123;") for one in levels)
    assert json.dumps(sorted(natures())).isascii()
