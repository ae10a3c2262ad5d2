"""Frames of any kind: columns that cannot be told apart, and cells of odd types."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from twinmatch import Schools
from twinmatch.errors import TableError


def faults_of(make) -> tuple:
    with pytest.raises(TableError) as caught:
        make()
    return caught.value.faults


@pytest.mark.parametrize("value", ["x", "y"])
def test_repeated_names_are_told_and_cells_are_not(value):
    """Whatever the frame calls its columns: a message has their name, and nothing that is in them."""
    both = [["a"], ["secret"], ["secret" if value == "x" else value]]
    names = ["id", "name", "name"]
    table = pa.table(both, names=names)
    for make in (
        lambda: Schools.from_frame(table),
        lambda: Schools.from_frame(pd.DataFrame(dict(enumerate(both))).set_axis(names, axis=1)),
        lambda: Schools(table),
    ):
        assert [(fault.where, "several columns" in fault.what) for fault in faults_of(make)] == [
            ("name", True)
        ]


def test_a_contact_column_of_mixed_types_is_dropped_like_any_other():
    """What is not kept need not be right."""
    schools = Schools.from_frame({"id": ["a", "b"], "country": ["FR", "IT"], "email": ["x", 3]})
    assert schools.dropped
    assert schools.table.column_names == ["id", "country"]


def test_want_of_memory_is_no_fault_of_a_column(monkeypatch):
    """Where arrow has no room for a column, that is said, and not that its types are mixed."""

    def none_left(*_, **__):
        raise pa.ArrowMemoryError("malloc failed")

    monkeypatch.setattr(pa, "array", none_left)
    with pytest.raises(MemoryError):
        Schools.from_frame({"id": ["a"], "country": ["FR"]})


def test_schools_are_no_other_thing():
    """A comparison with something else is left to the other."""
    schools = Schools.from_frame({"id": ["a"], "country": ["FR"]})
    assert schools != 3
    assert schools == schools.take([0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([{"a": 1}, None], [{"a": 2}, None]),
        ([[{"a": 1}], []], [[], [{"a": 1}]]),
        (["", "x"], ["x", ""]),
    ],
)
def test_a_fingerprint_sees_columns_that_are_nobody_elses(one, other):
    """Objects in cells, lists of them and empty texts: another value is another fingerprint."""

    def made(cells):
        table = pa.table({"id": ["a", "b"], "country": ["FR", "IT"], "mine": pa.array(cells)})
        return Schools.from_frame(table).fingerprint()

    assert made(one) == made(list(one))
    assert made(one) != made(other)


def test_whole_numbers_and_flags_are_what_they_say():
    """A level is no flag, a flag no number, and an identifier that is missing repeats none."""
    good = {"id": ["a", "b", "a"], "country": ["FR", "IT", "FR"]}
    told = faults_of(lambda: Schools.from_frame(good | {"id": ["a", None, "a"]}))
    assert [(fault.where, fault.rows) for fault in told] == [("id", (1,)), ("id", (2,))]
    good["id"] = ["a", "b", "c"]
    (fault,) = faults_of(lambda: Schools.from_frame(good | {"available": [1, 0, None]}))
    assert (fault.where, fault.what) == ("available", "holds numbers, not true and false")
    (fault,) = faults_of(lambda: Schools.from_frame(good | {"year": [True, False, None]}))
    assert (fault.where, fault.what) == ("year", "holds true and false, not text")
    assert (
        Schools.from_frame(good | {"year": np.array([2024.0, np.nan, 2025.0])}).table["year"][0].as_py()
        == "2024"
    )


def test_text_is_read_with_or_without_the_rows_of_its_file():
    """A fault names the row of the file where that is known, and else the row of the table."""
    table = pa.table({"id": ["a", "b"], "country": ["FR", "IT"], "size": ["12", "many"]})
    for rows, told in ((None, 1), (np.array([4, 9]), 9)):
        (fault,) = faults_of(lambda rows=rows: Schools.from_text(table, source="here", rows=rows))
        assert (fault.where, fault.rows) == ("size", (told,))
    assert Schools.from_text(table.drop_columns(["size"]), source="here").ids.tolist() == ["a", "b"]
