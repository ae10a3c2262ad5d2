"""A table of schools: what it refuses, what it keeps, what it never shows."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinmatch import Schools
from twinmatch.columns import COUNTRIES, KNOWN
from twinmatch.contacts import is_contact
from twinmatch.errors import InputError, TableError

GOOD = {
    "id": ["a", "b", "c"],
    "country": ["FR", "IT", "GR"],
    "levels": ["0;1", None, "2"],
    "lat": [45.0, None, 38.0],
    "lon": [5.0, None, 23.7],
    "size": [120.0, None, 0.0],
    "capacity": [1, None, 2],
    "available": [True, None, False],
    "sector": ["public", "private?", None],
    "embedding": [[1.0, 2.0], None, [3.0, 4.0]],
    "mine": ["x", None, "z"],
}
FRAMES = {
    "pandas": pd.DataFrame,
    "polars": lambda columns: pl.DataFrame(columns, strict=False),
    "pyarrow": pa.table,
}


def table(**columns):
    """Return the good table with some columns replaced."""
    return {**GOOD, **columns}


def faults_of(frame):
    with pytest.raises(TableError) as caught:
        Schools.from_frame(frame, source="here")
    assert pickle.loads(pickle.dumps(caught.value)).faults == caught.value.faults
    assert str(caught.value).startswith("here: ")
    return caught.value.faults


# What is refused

FAULTS = [
    ("id", ["a", "a", "c"], "unique", (1,)),
    ("id", ["a", None, "c"], "missing", (1,)),
    ("id", ["a", "  ", "c"], "missing", (1,)),
    ("id", ["a", "b\n", "c"], "control", (1,)),
    ("id", ["a", "b\u0085b", "c"], "control", (1,)),
    ("id", ["a", "b ", "c"], "blanks", (1,)),
    ("id", [1, 2, 3], "not text", (0, 1, 2)),
    ("country", ["FR", "EL", "GR"], "'EL'", (1,)),
    ("country", ["FR", "fr", "UK"], "not a known value", (1, 2)),
    ("country", ["FR", None, "GR"], "missing", (1,)),
    ("levels", ["4", "0,1", "0;"], "form", (0, 1, 2)),
    ("levels", ["0 ;1", None, "1\n"], "form", (0, 2)),
    ("lat", [91.0, None, -91.0], "between -90 and 90", (0, 2)),
    ("lon", [180.5, None, 5.0], "between -180 and 180", (0,)),
    ("lat", [float("inf"), None, 5.0], "finite", (0,)),
    ("size", [-1.0, None, 3.0], "between 0 and 10000000", (0,)),
    ("size", ["120", "many", None], "holds text, not numbers", (0, 1)),
    ("size", [True, False, None], "holds true and false", (0, 1)),
    ("ips", [103.0, float("-inf"), None], "finite", (1,)),
    ("sector", ["Public", None, "state"], "not a known value: 'Public' (2 rows", (0, 2)),
    ("geo_q", [0, 1, 4], "between 1 and 3", (0, 2)),
    ("capacity", [-1, 0, 1], "between 0 and", (0,)),
    ("capacity", [0.5, 1.0, None], "whole", (0,)),
    ("setting", ["rural", "suburb", None], "not a known value (1 row", (1,)),
    ("state", ["open", "OUVERT", None], "not a known value (1 row", (1,)),
    ("available", ["yes", None, "no"], "not true and false", (0, 2)),
    ("embedding", [[1.0], [1.0, 2.0], [3.0]], "one length", (1,)),
    ("embedding", [[1.0, float("nan")], None, [3.0, 4.0]], "finite", (0,)),
    ("embedding", ["1 2", None, None], "not lists", (0,)),
]


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize(("name", "cells", "words", "rows"), FAULTS)
def test_every_fault_names_column_count_and_rows(kind, name, cells, words, rows):
    found = [fault for fault in faults_of(FRAMES[kind](table(**{name: cells}))) if fault.where == name]
    assert len(found) == 1
    assert words in str(found[0])
    assert found[0].count == len(rows)
    assert found[0].rows == rows


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_nan_is_a_fault_where_missing_has_its_own_word(kind):
    (fault,) = faults_of(FRAMES[kind](table(size=[float("nan"), None, 3.0])))
    assert fault.what == "must be finite"
    assert fault.rows == (0,)


def test_nan_is_how_pandas_says_missing():
    schools = Schools.from_frame(pd.DataFrame(table(size=[float("nan"), None, 3.0])))
    assert schools.strings("size").tolist() == [None, None, "3"]


def test_a_point_has_both_coordinates():
    (fault,) = faults_of(table(lon=[5.0, 6.0, None]))
    assert fault.where == "lat, lon"
    assert fault.rows == (1, 2)
    columns = {name: cells for name, cells in GOOD.items() if name != "lon"}
    assert faults_of(columns)[0].rows == (0, 2)


def test_all_faults_come_at_once_and_only_three_rows_each():
    many = {"id": list("aaaaab"), "country": ["XX"] * 6, "size": [-1.0] * 6, "sector": ["?"] * 6}
    found = {fault.where: fault for fault in faults_of(many)}
    assert set(found) == {"id", "country", "size", "sector"}
    assert found["country"].count == 6
    assert found["country"].rows == (0, 1, 2)


def test_a_column_of_the_wrong_type_is_one_fault_not_two():
    assert len(faults_of(table(id=[1, 2, 3]))) == 1
    assert len(faults_of(table(lat=["45", None, "38"]))) == 1


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ("schools.csv", "tm.read_schools reads files"),
        (None, "not a frame"),
        (pl.DataFrame({"id": ["a"]}).lazy(), "Collect it"),
        (pd.DataFrame([["a", "b"]], columns=["id", "id"]), "several columns"),
        (pd.DataFrame({0: ["a"], "id": ["a"], "country": ["FR"]}), "name of a column"),
        ({}, "the column is missing"),
        ({"id": ["a"]}, "country: the column is missing"),
        ({"id": ["a"], "Contry": ["FR"]}, "Is it 'Contry'? Then call that 'country'."),
        ({" id": ["a"], "country code": ["FR"]}, "Is it ' id'? Then call that 'id'."),
        ({"id": ["a"], "country code": ["FR"]}, "Is it 'country code'? Then call that 'country'."),
        ({"id": ["a"], "country": ["FR"], "x\ud800": [1]}, "column 3: has a name that is not UTF-8"),
        ({"id": ["a", "b"], "country": ["FR"]}, "different lengths"),
        (pd.DataFrame({"id": ["a", 2], "country": ["FR", "FR"]}), "mixes types: int, str (1 row, first: 1)"),
    ],
)
def test_what_is_no_table_of_schools_is_refused(frame, words):
    with pytest.raises(TableError) as caught:
        Schools.from_frame(frame)
    assert words in str(caught.value)


def test_a_table_is_checked_whoever_builds_it():
    with pytest.raises(TableError):
        Schools(pa.table({"id": ["a", "a"], "country": ["FR", "FR"]}))
    with pytest.raises(InputError):
        Schools(pa.table({"id": ["a"], "country": ["FR"]}), kind="excel")


def test_a_name_that_may_be_a_person_is_no_suggestion():
    """What looks like the missing column is named only where it has little besides, and holds no contacts."""
    wrong = {"id": ["a"], "Country_Some_Body": ["FR"], "country_mail": ["a@example.org"]}
    with pytest.raises(TableError) as caught:
        Schools.from_frame(wrong)
    assert str(caught.value).endswith("Every school needs an id and a country.")


# What is kept


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_comes_back_as_it_came(kind):
    schools = Schools.from_frame(FRAMES[kind](GOOD))
    assert schools.kind == kind
    assert isinstance(
        schools.to_frame(), {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.Table}[kind]
    )
    again = Schools.from_frame(schools.to_frame())
    assert again.fingerprint() == schools.fingerprint()
    assert schools.strings("mine").tolist() == ["x", None, "z"]
    assert isinstance(schools.frame({"left_id": ["a"], "points": np.array([1])}), type(schools.to_frame()))


def test_all_kinds_of_frame_hold_the_same_schools():
    prints = {kind: Schools.from_frame(make(GOOD)).fingerprint() for kind, make in FRAMES.items()}
    prints["dict"] = Schools.from_frame(GOOD).fingerprint()
    prints["narwhals"] = Schools.from_frame(nw.from_native(pl.DataFrame(GOOD, strict=False))).fingerprint()
    prints["categories"] = Schools.from_frame(
        pd.DataFrame(GOOD).astype({"country": "category"})
    ).fingerprint()
    assert len(set(prints.values())) == 1


def test_missing_stays_missing():
    schools = Schools.from_frame(table(levels=["0;1", "", " "]))
    assert schools.levels.tolist() == [3, 0, 0]
    assert np.isnan(schools.numbers("size")[1])
    assert schools.numbers("available").tolist()[::2] == [1, 0]
    assert np.isnan(schools.numbers("available")[1])
    assert not schools.has("ips")
    assert np.isnan(schools.numbers("ips")).all()
    assert schools.strings("academie").tolist() == [None] * 3


@pytest.mark.parametrize("cells", [[0, 1, 3], [0.0, 1.0, 3.0], ["0", "1", "3"]])
def test_a_single_level_may_be_a_number(cells):
    assert Schools.from_frame(table(levels=cells)).levels.tolist() == [1, 2, 8]


def test_text_is_no_number():
    with pytest.raises(TableError, match="city: holds no numbers"):
        Schools.from_frame(table(city=["x", "y", "z"])).numbers("city")


def test_known_columns_come_first():
    columns = Schools.from_frame(dict(reversed(GOOD.items()))).columns
    assert columns[:3] == ("id", "country", "levels")
    assert columns[-1] == "mine"


def test_schools_never_change():
    schools = Schools.from_frame(GOOD)
    with pytest.raises(AttributeError, match="immutable"):
        schools.table = None
    with pytest.raises(AttributeError, match="immutable"):
        del schools.kind
    for values in (schools.ids, schools.levels, schools.numbers("size")):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0


def test_schools_survive_pickling_and_threads():
    schools = Schools.from_frame({**GOOD, "mail": ["a", "b", "c"]})
    again = pickle.loads(pickle.dumps(schools))
    assert again == schools
    assert (again.kind, again.dropped, again.source) == (schools.kind, schools.dropped, schools.source)
    with ThreadPoolExecutor(8) as pool:
        prints = list(pool.map(lambda _: (schools.fingerprint(), schools.levels.tobytes()), range(32)))
    assert len(set(prints)) == 1


def test_take():
    schools = Schools.from_frame(GOOD)
    assert schools.take([2, 0]).ids.tolist() == ["c", "a"]
    assert schools.take(np.array([True, False, True])).ids.tolist() == ["a", "c"]
    assert len(schools.take([])) == 0
    for wrong in ([3], [-1], np.array([True])):
        with pytest.raises(IndexError):
            schools.take(wrong)
    with pytest.raises(TableError):
        schools.take([0, 0])


def test_an_empty_table_is_a_table():
    schools = Schools.from_frame({"id": [], "country": []})
    assert len(schools) == 0
    assert schools.levels.shape == (0,)
    assert "0 schools" in repr(schools)
    assert schools._repr_html_()
    assert schools.fingerprint()


# Identity

ROWS = st.lists(
    st.tuples(
        st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=4),
        st.sampled_from(sorted(COUNTRIES)[:9]),
        st.none() | st.floats(0, 1e6),
        st.none() | st.sampled_from(["0", "0;1", "2;3"]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[0],
)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_fingerprint_does_not_see_row_order(rows, random):
    shuffled = random.sample(rows, len(rows))

    def build(some):
        columns = dict(
            zip(("id", "country", "size", "levels"), map(list, zip(*some, strict=True)), strict=True)
        )
        return Schools.from_frame(
            pl.DataFrame(columns, schema_overrides={"size": pl.Float64, "levels": pl.String})
        )

    assert build(rows).fingerprint() == build(shuffled).fingerprint()
    ordered, order = build(shuffled).sorted_by_id()
    assert ordered.ids.tolist() == sorted(row[0] for row in rows)
    assert build(shuffled).take(order) == ordered


@given(
    st.integers(0, 2), st.sampled_from(["id", "country", "size", "levels", "mine", "capacity", "embedding"])
)
def test_the_fingerprint_sees_every_change(row, name):
    new = {"id": "z", "country": "BE", "size": 7.0, "levels": "3", "mine": "xx", "capacity": 9}
    new["embedding"] = [9.0, 9.0]
    cells = list(GOOD[name])
    cells[row] = new[name]
    assert Schools.from_frame(table(**{name: cells})).fingerprint() != Schools.from_frame(GOOD).fingerprint()


def test_the_fingerprint_tells_where_text_ends():
    one = Schools.from_frame({"id": ["a", "b"], "country": ["FR", "FR"], "city": ["xy", "z"]})
    two = Schools.from_frame({"id": ["a", "b"], "country": ["FR", "FR"], "city": ["x", "yz"]})
    missing = Schools.from_frame({"id": ["a", "b"], "country": ["FR", "FR"], "city": ["xyz", None]})
    assert len({one.fingerprint(), two.fingerprint(), missing.fingerprint()}) == 3


def test_the_fingerprint_does_not_see_empty_columns_or_column_order():
    schools = Schools.from_frame(GOOD)
    assert Schools.from_frame(table(ips=[None] * 3)).fingerprint() == schools.fingerprint()
    assert Schools.from_frame(dict(reversed(GOOD.items()))).fingerprint() == schools.fingerprint()


def test_the_fingerprint_is_the_same_for_ever():
    """Saved matchings name their tables by it."""
    schools = Schools.from_frame({"id": ["b", "a"], "country": ["FR", "IT"], "size": [1.5, None]})
    assert schools.fingerprint() == "f0dd04b42127fb29537499b868751ee33a63d9a2f914c48aa4bbcaac04950d6a"


# Contact data

CONTACT = ["mail", "Mail", "E-mail", "adresse_mail", "Telephone", "telephone_1", "Fax", "Web", "url", "tel",
           "nom_du_directeur", "HeadTeacher", "head_name", "principal", "courriel", "téléphone"]  # fmt: skip


@pytest.mark.parametrize("name", CONTACT)
def test_contact_columns_are_dropped_and_named(name):
    schools = Schools.from_frame(table(**{name: ["canary", None, "canary"]}))
    assert schools.dropped == (name,)
    assert not schools.has(name)
    assert "canary" not in repr(schools) + schools._repr_html_() + str(schools.to_frame())
    assert name in repr(schools)
    assert schools.fingerprint() == Schools.from_frame(GOOD).fingerprint()


def test_a_column_of_mail_addresses_is_dropped_whatever_its_name():
    schools = Schools.from_frame(table(remarks=["write to canary@example.org", None, ""]))
    assert schools.dropped == ("remarks",)


def test_no_known_column_is_taken_for_contact_data():
    assert not any(map(is_contact, [*KNOWN, "named", "foreign_lang", "ulis", "header", "theme"]))


def test_an_error_never_quotes_personal_data():
    mail = ["canary@example.org"] * 3
    for name in ("mail", "country", "sector", "levels", "state"):
        frame = table(**{"size": [-1.0, 1.0, 1.0], name: mail})
        with pytest.raises(TableError) as caught:
            Schools.from_frame(frame)
        assert "canary" not in str(caught.value)
    mixed = pd.DataFrame({**GOOD, "size": ["canary@example.org", 1, 2]})
    with pytest.raises(TableError) as caught:
        Schools.from_frame(mixed)
    assert "canary" not in str(caught.value)


# Words


def test_the_page_is_safe_and_the_line_is_short():
    schools = Schools.from_frame(table(name=["<script>x</script>", "a\x1b[31mb", "y" * 500]))
    assert "<script>" not in schools._repr_html_()
    assert "\x1b" not in repr(schools) + schools._repr_html_()
    assert max(map(len, repr(schools).splitlines())) < 160


def test_a_big_table_shows_its_first_rows():
    n = 5000
    schools = Schools.from_frame({"id": [f"{i}" for i in range(n)], "country": ["FR"] * n})
    assert "5,000 schools" in repr(schools)
    assert len(repr(schools).splitlines()) < 15
    assert len(schools._repr_html_()) < 3000
