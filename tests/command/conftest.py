"""What tests of the command line share: files of schools, and a demo on the sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

import twinmatch as tm

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[Path, Path]:
    """Return the sample as two Parquet files."""
    folder = tmp_path_factory.mktemp("registers")
    paths = folder / "left.parquet", folder / "right.parquet"
    for path, schools in zip(paths, tm.datasets.sample(), strict=True):
        pq.write_table(schools.table, path)
    return paths


@pytest.fixture
def sample_demo(monkeypatch):
    """Let ``twinmatch demo`` run on the sample."""
    monkeypatch.setattr(tm.datasets, "france_eu", tm.datasets.sample)
