"""Thousands of mutated files, read by processes of their own: an error of ours or the right data."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.hostile import worker
from tests.hostile.campaign import FINE, prepare, run
from tests.hostile.mutating import mutated

if TYPE_CHECKING:
    from pathlib import Path

CASES = 5_000


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    prepare(folder)
    return folder


@pytest.mark.hostile
def test_no_mutated_file_does_harm(base, seed):
    """No crash, no hang, no other exception, no row lost, no false proof."""
    found = run(base, CASES, seed)
    assert found.findings == []
    assert sum(found.outcomes.values()) == CASES
    assert min(found.outcomes[one] for one in FINE) > CASES // 100, found.outcomes


def test_files_that_are_right_are_read(base, tmp_path):
    """Every file that mutations start from is read, and what another reader finds is what is there."""
    for name, _, check in worker.seeds(base):
        wanted = "refused" if name == "gisco_unmapped_levels.csv" else "read"
        assert check(name, (base / name).read_bytes(), tmp_path, base) == wanted, name


def test_mutations_are_the_same_for_a_seed(base):
    for name, kind, _ in worker.seeds(base):
        data = (base / name).read_bytes()
        one, two = (mutated(data, kind, random.Random(7)) for _ in range(2))
        assert one == two


def test_a_row_that_is_lost_is_seen(base, tmp_path, monkeypatch):
    """The campaign would find a reader that leaves out a row, and one that raises something else."""
    data = (base / "plain.csv").read_bytes()
    right = worker.tm.read_schools
    monkeypatch.setattr(
        worker.tm, "read_schools", lambda path, **options: right(path, **options).take([1, 2])
    )
    assert "lost" in worker.register("plain.csv", data, tmp_path, base)


def test_an_error_that_carries_the_file_is_seen():
    """The campaign would find an error with another one behind it."""
    error = worker.tm.errors.FormatError("x", [])
    error.__context__ = ValueError("a row of the file")
    with pytest.raises(AssertionError):
        worker.refused(error)
