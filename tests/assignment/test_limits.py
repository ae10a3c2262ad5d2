"""Assignments that are stopped: by a deadline, a cancel, a gap; and what they tell meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import twinmatch as tm


class Raised:
    def is_set(self) -> bool:
        return True


def test_a_deadline_of_zero():
    """Out of time before the start: no solution, a bound, no error."""
    answer = tm.assign(np.ones((5, 5), int), deadline=0)
    assert answer.status is tm.Status.NO_SOLUTION
    assert answer.limit is tm.Limit.DEADLINE
    assert answer.bound >= 5
    assert answer.verify().ok
    with pytest.raises(tm.errors.NoSolutionError):
        _ = answer.objective


def test_cancelled():
    """Somebody who cancels gets what there is."""
    answer = tm.assign(np.ones((5, 5), int), cancel=Raised())
    assert answer.limit is tm.Limit.CANCELLED


@pytest.mark.parametrize("options", [{}, {"require_all": True}, {"coverage_first": True}])
def test_stopped_half_way(options, seed):
    """Whenever a run is stopped, the pairs can be used and the bound holds."""
    rng = np.random.default_rng(seed)
    i = np.repeat(np.arange(4000), 12)
    points = sparse.coo_array(
        (rng.integers(1, 10**6, len(i)), (i, rng.integers(0, 5000, len(i)))), shape=(4000, 5000)
    )
    points = sparse.csr_array(
        (sparse.csr_array(points).data, sparse.csr_array(points).indices, sparse.csr_array(points).indptr),
        shape=points.shape,
    )
    best = tm.assign(points, **options)
    for deadline in (0.002, 0.01, 0.03):
        answer = tm.assign(points, deadline=deadline, **options)
        answer.verify().raise_for_failure()
        if answer.status is tm.Status.FEASIBLE:
            assert answer.limit is tm.Limit.DEADLINE
            assert answer.objective <= best.objective <= answer.bound


def test_a_gap_that_is_good_enough(seed):
    """A target for the gap is kept."""
    points = np.random.default_rng(seed).integers(0, 10**6, (200, 200))
    answer = tm.assign(points, gap=0.05)
    assert answer.relative_gap <= 0.05
    assert answer.status is tm.Status.OPTIMAL or answer.limit is tm.Limit.GAP
    answer.verify().raise_for_failure()


def test_progress_is_told(seed):
    """Whoever listens hears of objective and bound."""
    heard = []
    tm.assign(np.random.default_rng(seed).integers(0, 100, (50, 50)), on_progress=heard.append)
    assert heard
    assert heard[-1].bound is not None
