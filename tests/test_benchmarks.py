"""The benchmarks run, and what they print is a proven optimum."""

from __future__ import annotations

import twinmatch as tm
from benchmarks.runs import RUNS, measured


def test_a_measured_run_is_proven_and_complete():
    """A run has every figure of its table, and its phases fit into its time."""
    left, right = tm.datasets.sample()
    run = measured("sample", left, right, tm.policies.systematic_twinning())
    assert run["status"] == "OPTIMAL"
    assert run["relative_gap"] == 0
    assert run["pairs"] == len(left) * len(right)
    assert run["matched"] == tm.match(left, right).coverage
    assert sum(run["phases_s"].values()) <= run["solve_s"] + 0.01 * len(run["phases_s"])


def test_quick_benchmarks_cover_the_names():
    """Every name has a run that is small enough for a smoke test."""
    assert set(RUNS) == {"national-real", "national-synthetic"}
    headline, *_ = RUNS["national-synthetic"](quick=True)
    assert headline["instance"] == "synthetic mild"
    assert headline["status"] == "OPTIMAL"
