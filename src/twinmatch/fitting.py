"""What pairing two tables takes of memory, and a word before any work where that is not there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from twinmatch.needs import Need, of_check, of_schools
from twinmatch.room import refuse

if TYPE_CHECKING:
    from twinmatch.mechanisms import Mechanism
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

__all__ = ["need_of", "refuse_check", "refuse_match"]


def need_of(
    left: Schools,
    right: Schools,
    policy: Policy,
    mechanism: Mechanism | None,
    threads: int,
    *,
    gap: float = 0.0,
    cross: bool = False,
) -> Need:
    """Return what :func:`twinmatch.match` takes besides what the process holds (:mod:`twinmatch.needs`)."""
    from twinmatch.policies import OwnCriterion

    return of_schools(
        len(left),
        len(right),
        mechanism="most_points" if mechanism is None else mechanism.name,
        quotas=len(policy.quotas),
        to_a_gap=gap > 0,
        cross=cross,
        called=any(isinstance(criterion, OwnCriterion) for criterion in policy.criteria),
        threads=threads,
        loaded="scipy.sparse" in sys.modules,
    )


def refuse_match(
    left: Schools, right: Schools, policy: Policy, mechanism: Mechanism | None, threads: int, gap: float = 0.0
) -> None:
    """
    Say in words that two tables cannot be paired in the memory that there is.

    Raises
    ------
    ResourceLimitError
        With the need, the limit, and what to do.
    """
    need = need_of(left, right, policy, mechanism, threads, gap=gap)
    hints = ["Raise the limit, or pair fewer schools at a time. tm.estimate says what a run takes."]
    if need.threads > 1:
        hints.append(f"Fewer threads take less: there are {need.threads:,}.")
    if mechanism is not None and mechanism.name not in ("most_points", "greedy", "stable"):
        hints.append("Without a mechanism, for the most points, it takes less.")
    if policy.quotas:
        hints.append("Without quotas it takes less.")
    what = f"pairing {len(left):,} with {len(right):,} schools"
    refuse(what, need.memory, need.address_space, tuple(hints))


def refuse_check(left: Schools, right: Schools, threads: int) -> None:
    """Say in words that a matching cannot be verified in the memory that there is."""
    need = of_check(len(left), len(right), threads=threads)
    what = f"verifying {len(left):,} with {len(right):,} schools"
    refuse(what, need.memory, need.address_space, ("Fewer threads take less.",))
