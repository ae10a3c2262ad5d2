"""The Pareto front against its definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import twinmatch as tm
from twinmatch.comparing.fronts import front
from twinmatch.errors import InputError


def slowly(values: np.ndarray) -> list[bool]:
    """Return the front by comparing every two rows."""
    known = ~np.isnan(values).any(axis=1)
    return [
        bool(
            known[a]
            and not any(
                known[b] and (values[b] >= values[a]).all() and (values[b] > values[a]).any()
                for b in range(len(values))
            )
        )
        for a in range(len(values))
    ]


def test_against_the_definition(seed):
    """500 tables with ties, equal rows and missing values."""
    rng = np.random.default_rng([seed, 1])
    for _ in range(500):
        values = rng.integers(0, rng.integers(2, 9), (rng.integers(0, 15), rng.integers(1, 5))).astype(float)
        values[rng.random(values.shape) < 0.05] = np.nan
        assert front(values).tolist() == slowly(values)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_of_every_kind_come_back_as_they_came(make):
    """Of a price less is better; rows keep their order, equal rows are all kept."""
    table = make({"name": ["a", "b", "c", "d"], "price": [3, 1, 3, 4], "points": [9, 7, 9, 8]})
    found = tm.pareto(table, maximise=["points"], minimise=["price"])
    assert type(found) is type(table)
    assert list(found["name"].to_pylist() if isinstance(found, pa.Table) else found["name"]) == [
        "a",
        "b",
        "c",
    ]


def test_one_error_tells_every_fault():
    """Columns that are not there, twice, or of words."""
    table = pd.DataFrame({"name": ["a"], "points": [1]})
    with pytest.raises(InputError) as error:
        tm.pareto(table, maximise=["pionts", "name", "points"], minimise=["points"])
    text = str(error.value)
    assert "3 faults" in text
    assert "There are name, points" in text
    assert "named twice" in text
    with pytest.raises(InputError, match="a column or more"):
        tm.pareto(table)


@pytest.mark.parametrize("table", [{"a": [1, 2]}, [[1, 2]], None])
def test_what_is_no_frame_is_refused(table):
    """The error names what it is, and what a frame is."""
    with pytest.raises(InputError, match=f"table: must be a pandas.* frame, not {type(table).__name__}"):
        tm.pareto(table, maximise=["a"])
