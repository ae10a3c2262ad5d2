"""Files that are nearly what they say: each is refused in words, or read without what is odd."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from twinmatch import ReadLimits, read_schools
from twinmatch.errors import FormatError, TableError


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"type": "FeatureCollection"},
        {"features": 3},
        {"features": [{"geometry": None}]},
        {"features": ["a"]},
        {"features": [{"properties": {"id": "a"}, "geometry": {"type": "Point", "coordinates": [1]}}]},
        {"features": [{"properties": {"id": "a"}, "geometry": "here"}]},
    ],
)
def test_json_that_holds_no_features_is_refused(tmp_path, document):
    """Whatever is not a collection of features with properties."""
    path = tmp_path / "t.geojson"
    path.write_text(" " + json.dumps(document if isinstance(document, dict) else {"a": document}))
    with pytest.raises(FormatError, match="is no GeoJSON feature collection"):
        read_schools(path)


def test_features_with_many_names_are_counted_as_a_table(tmp_path):
    """Forty features of one name each are a table of 1,600 cells."""
    path = tmp_path / "t.geojson"
    rows = [{"properties": {"id": "a"} if row == 0 else {f"c{row}": 1}} for row in range(40)]
    path.write_text(json.dumps({"features": rows}))
    with pytest.raises(FormatError, match="has 1,600 cells, and 1,599 is the limit"):
        read_schools(path, limits=ReadLimits(cells=1_599))


def test_rows_of_many_lengths_are_told_by_three_of_them(tmp_path):
    """A message names the first three lengths, however many there are."""
    path = tmp_path / "t.csv"
    path.write_text("id,country\n" + "".join("a" + "," * cells + "\n" for cells in (2, 3, 4, 5, 6)))
    with pytest.raises(FormatError, match="rows have 3 or 4 or 5 cells where the header has 2"):
        read_schools(path)


def written(path, *statements: str, layer: bool = True):
    """Write a database, with the table that says what its layers are."""
    with closing(sqlite3.connect(path)) as database:
        if layer:
            database.execute("CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT)")
            database.execute("INSERT INTO gpkg_geometry_columns VALUES ('s', 'geom')")
        for one in statements:
            database.execute(one)
        database.commit()
    return path


def test_a_database_without_layers_is_no_geopackage(tmp_path):
    """Any SQLite file begins alike; one without a list of layers has none."""
    path = written(tmp_path / "t.gpkg", "CREATE TABLE s (id, country)", layer=False)
    with pytest.raises(FormatError, match="has 0 layers"):
        read_schools(path)


def test_a_database_that_works_too_long_is_stopped(tmp_path):
    """Columns may be sums of sums, which take a file of some kilobytes no end of steps."""
    long = "+".join(["fid"] * 900)
    columns = ", ".join(f"c{number} AS ({long})" for number in range(8))
    path = written(
        tmp_path / "t.gpkg",
        f"CREATE TABLE s (fid INTEGER PRIMARY KEY, id, country, geom, {columns})",
        "INSERT INTO s (id, country) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < 900) SELECT i, 'FR' FROM n",
    )
    assert path.stat().st_size < 200_000
    assert len(read_schools(path)) == 900
    with pytest.raises(FormatError, match="is a damaged GeoPackage"):
        read_schools(path, limits=ReadLimits(cells=9_999))


def test_levels_of_a_country_that_is_none_are_one_fault(tmp_path):
    """The country is named; that its codes of levels are not known either is not said besides."""
    path = tmp_path / "t.csv"
    path.write_text("id,name,cntr_id,levels,lat,lon\nx,x,XX,9,45,5\n")
    with pytest.raises(TableError) as caught:
        read_schools(path, format="gisco")
    assert [fault.where for fault in caught.value.faults] == ["country"]
