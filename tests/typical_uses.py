"""
Typical uses, for the type checker only: ``make lint`` reads this file, nothing runs it.

What people write must pass ``mypy --strict`` in their own code.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, assert_type

import numpy as np

import twinmatch as tm

if TYPE_CHECKING:
    import numpy.typing as npt


def a_notebook() -> None:
    """Pair, look, prove, keep."""
    left, right = tm.datasets.sample()
    policy = tm.policies.systematic_twinning()
    matching = tm.match(left, right, policy, gap=1e-3)
    assert_type(matching, tm.Matching)
    assert_type(matching.status, tm.Status)
    assert_type(matching.objective, int)
    assert_type(matching.relative_gap, float)
    certificate = matching.verify()
    assert_type(certificate, tm.Certificate)
    assert_type(certificate.ok, bool)
    certificate.raise_for_failure()
    matching.save("twins")
    assert_type(tm.load_matching("twins"), tm.Matching)


def a_service(seconds: float) -> tm.Matching | None:
    """Stop after some time, or when somebody says so."""
    cancel = threading.Event()
    try:
        schools = tm.read_schools("annuaire.csv")
        matching = tm.match(
            schools, schools, deadline=seconds, cancel=cancel, threads=2, right_capacity="places"
        )
    except tm.errors.InputError as error:
        assert_type(error.faults, tuple[tm.errors.Fault, ...])
        return None
    return None if matching.limit is tm.Limit.CANCELLED else matching


def a_researcher(left: tm.Schools, right: tm.Schools) -> int:
    """Ask the graph, and weigh it in one's own way."""

    def shared_size(
        left: tm.Schools, right: tm.Schools, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        same: npt.NDArray[np.int64] = (left.numbers("size")[i] == right.numbers("size")[j]).astype(np.int64)
        return same

    own = tm.policies.OwnCriterion("shared_size", shared_size, upper_bound=1)
    policy = tm.Policy(rules=(tm.policies.CommonLevel(),), criteria=(own,))
    graph = tm.compile(left, right, policy)
    return tm.solve(graph, gap=0.01).objective
