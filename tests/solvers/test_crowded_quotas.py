"""Quotas where places are few: phases of the auction come to an end there, too."""

from __future__ import annotations

import twinmatch as tm
from twinmatch.policies import LockedPairs
from twinmatch.solvers import compiled, trial


def test_phases_under_quotas_draw_no_more_than_elsewhere(monkeypatch):
    """One pair is locked; the slow twin bids until nobody waits, and finds the same optimum."""
    left, right = tm.datasets.synthetic(5_000, 5_000, 3, "vertical", places=1.0)
    policy = tm.policies.systematic_twinning()
    lock = LockedPairs(
        "agreed", pairs=[(left.ids[0], tm.match(left, right).explain(left.ids[0]).next_best[0].partner.id)]
    )
    policy = tm.Policy(policy.rules, policy.criteria, quotas=[lock])
    budgets, draws = [], []
    solver = compiled.kept_solver

    class Counting:
        def __init__(self, inner):
            self.inner = inner

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def bid(self, *asked):
            budgets.append(asked[-1])
            draws.append(self.inner.bid(*asked))
            return draws[-1]

    monkeypatch.setattr(trial, "kept_solver", lambda *asked, **more: Counting(solver(*asked, **more)))
    fast = tm.match(left, right, policy, threads=1)
    assert set(budgets) == {trial.MOST_DRAWS * 5_000}
    most = max(draws)
    monkeypatch.setattr(trial, "MOST_DRAWS", 10**9)
    slow = tm.match(left, right, policy, threads=1)
    assert most < 1.1 * budgets[0] < max(draws), "there is something to end"
    assert (fast.objective, fast.gap, slow.objective, slow.gap) == (slow.objective, 0, fast.objective, 0)
    fast.verify().raise_for_failure()
