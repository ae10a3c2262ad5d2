"""
One measured run of the whole library: match, then check over all pairs, in one process.

Every run asserts its certificate: a fast wrong answer cannot win. The plain pass of the checker is the
yardstick: ``scan_s`` is what one look at every pair takes on this machine, and ``solve_over_scan`` says how
many of those the solve took.
"""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, Any

import twinmatch as tm

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RUNS", "measured"]

MARKETS = ("mild", "vertical", "tight", "tied", "clustered")


def measured(instance: str, left: tm.Schools, right: tm.Schools, policy: tm.Policy) -> dict[str, Any]:
    """Return the numbers of one run to the proven optimum."""
    started = time.perf_counter()
    matching = tm.match(left, right, policy)
    solve_s = time.perf_counter() - started
    certificate = matching.verify().raise_for_failure()
    return {
        "instance": instance,
        "left": len(left),
        "right": len(right),
        "pairs": len(left) * len(right),
        "scan_s": round(certificate.pass_seconds, 3),
        "scan_rate": round(certificate.pairs_per_second),
        "phases_s": {phase: round(spent, 3) for phase, spent in matching.seconds.items()},
        "solve_s": round(solve_s, 3),
        "solve_over_scan": round(solve_s / max(certificate.pass_seconds, 1e-9), 2),
        "status": str(matching.status),
        "relative_gap": matching.relative_gap,
        "objective": matching.objective,
        "matched": matching.coverage,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1),
    }


def national_real(*, quick: bool) -> list[dict[str, Any]]:
    """Measure the bundled registers: the default policy, then the one that asks for proximity."""
    left, right = tm.datasets.france_eu()
    if quick:  # lycees only
        left, right = (schools.take((schools.levels == 8).nonzero()[0]) for schools in (left, right))
    policies = {"default": tm.policies.systematic_twinning(), "proximity": tm.policies.proximity()}
    return [measured(f"registers, {name} policy", left, right, policy) for name, policy in policies.items()]


def national_synthetic(*, quick: bool) -> list[dict[str, Any]]:
    """Measure every synthetic market: 60,000 by 200,000, or a tenth of that on either side."""
    sizes = (6_000, 20_000) if quick else (60_000, 200_000)
    policy = tm.policies.systematic_twinning()
    return [
        measured(f"synthetic {market}", *tm.datasets.synthetic(*sizes, market=market), policy)
        for market in (("mild", "clustered") if quick else MARKETS)
    ]


RUNS: dict[str, Callable[..., list[dict[str, Any]]]] = {
    "national-real": national_real,
    "national-synthetic": national_synthetic,
}
"""The benchmarks by name; each returns its runs, the headline first."""
