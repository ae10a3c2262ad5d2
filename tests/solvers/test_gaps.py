"""Runs to a gap: what ends them early is proven like everything else."""

from __future__ import annotations

import pytest

import twinmatch as tm
from twinmatch.solvers import engine, levels
from twinmatch.solvers.control import Stopped
from twinmatch.status import Limit


@pytest.mark.parametrize("draw", [5, 7])
def test_the_last_few_are_left_and_then_not(monkeypatch, draw):
    """Between two passes who waits is placed by lists at other prices; the pass goes on at its own."""
    monkeypatch.setattr(engine, "LAST_LEFT_OVER", 1000)
    left, right = tm.datasets.synthetic(3000, 3000, draw, "vertical", places=1.0)
    found = tm.match(left, right, gap=1e-12, threads=1)
    assert found.status == "OPTIMAL"
    assert found.verify().ok


def test_what_the_exact_finish_has_done_is_kept_when_it_is_stopped(monkeypatch):
    """Who was placed by it stays placed, and the bound is that of its prices."""
    before = []

    def placed_and_stopped(run):
        run.solver.tighten(engine.PATH_LENGTH)
        before.append((run.objective, run.bound))
        run.solver.forward()
        raise Stopped(Limit.DEADLINE)

    monkeypatch.setattr(levels, "is_crowded", lambda *_: False)
    monkeypatch.setattr(engine._Run, "_repair", placed_and_stopped)
    left, right = tm.datasets.synthetic(2_500, 2_500, 3, "vertical", 1.0)
    found = tm.match(left, right, threads=1)
    [(objective, bound)] = before
    assert found.limit == "DEADLINE"
    assert objective < found.objective <= found.bound <= bound
    found.verify().raise_for_failure()


def test_the_last_phase_is_opened_once_more_for_its_bound(monkeypatch):
    """Where every phase has come to an end and the gap is not reached, one more bound may be enough."""
    monkeypatch.setattr(engine, "LAST_LEFT_OVER", 100)
    monkeypatch.setattr(engine, "LEFT_OVER", 100)
    opened, bid = [], []
    opens, bids = engine._Run._open, engine._Run._bid
    monkeypatch.setattr(engine._Run, "_open", lambda run, *at: opened.append(at[1]) or opens(run, *at))
    monkeypatch.setattr(engine._Run, "_bid", lambda run, step: bid.append(step) or bids(run, step))
    left, right = tm.datasets.synthetic(4_000, 4_000, 3, "clustered", 1.03)
    found = tm.match(left, right, gap=1e-7, threads=1)
    assert opened == [*bid, engine.LAST_STEP], "one bound more than there are phases"
    assert 0 <= found.relative_gap <= 1e-7
    found.verify().raise_for_failure()
