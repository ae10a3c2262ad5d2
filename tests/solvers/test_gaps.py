"""Runs to a gap: what ends them early is proven like everything else."""

from __future__ import annotations

import pytest

import twinmatch as tm
from twinmatch.solvers import engine


@pytest.mark.parametrize("draw", [5, 7])
def test_the_last_few_are_left_and_then_not(monkeypatch, draw):
    """Between two passes who waits is placed by lists at other prices; the pass goes on at its own."""
    monkeypatch.setattr(engine, "LAST_LEFT_OVER", 1000)
    left, right = tm.datasets.synthetic(3000, 3000, draw, "vertical", places=1.0)
    found = tm.match(left, right, gap=1e-12, threads=1)
    assert found.status == "OPTIMAL"
    assert found.verify().ok
