"""
What ``scale`` measures besides its squares: growth, runs on executors, bytes of a shard.

A run on an executor has to end in the same bytes as one without. Where it does not, the benchmark stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.plan import Case, shard_cases, spread_cases
from benchmarks.process import alone
from benchmarks.runs import THREADS, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.plan import Spread

__all__ = ["besides", "exponents"]

Record = dict[str, Any]


def besides(
    runs: list[Record],
    *,
    quick: bool,
    sizes: Sequence[int],
    tell: Callable[[str], object],
) -> Record:
    """
    Return what goes beside the runs of ``scale``.

    Parameters
    ----------
    runs : list of dict
        The squares, without an executor.
    quick : bool
    sizes : sequence of int
        Left schools of the squares, where they are not the usual ones.
    tell : callable
        Hears what is measured now.
    """
    return {
        "exponents": exponents(runs),
        "executors": _executors(runs, spread_cases(quick=quick, sizes=sizes), tell),
        "shard": _shard(quick, tell),
    }


def exponents(runs: list[Record]) -> dict[str, float]:
    """Return by market the power of the number of left schools that time grows with."""
    import numpy as np

    found = {}
    for market in dict.fromkeys(_market(one) for one in runs):
        ended = [(one["left"], one["solve_s"]) for one in runs if _market(one) == market and _to_the_end(one)]
        if len(ended) > 1:
            slope, _ = np.polyfit(*np.log(ended).T, 1)
            found[market] = round(float(slope), 3)
    return found


def _market(run: Record) -> str:
    return str(run["recipe"]["arguments"]["market"])


def _to_the_end(run: Record) -> bool:
    return "failure" not in run and run["limit"] in (None, "GAP")


def _executors(runs: list[Record], planned: list[Spread], tell: Callable[[str], object]) -> list[Record]:
    plain = {run["instance"]: run for run in runs}
    found = []
    for case in planned:
        name = case.instance.name
        if name not in plain:
            beside = Case(case.instance, {}, deadline=case.deadline, gap=case.gap, may_fail=True)
            plain[name] = run(beside, tell=tell)
        reference = plain[name]
        if "failure" not in reference and not any(row["instance"] == name for row in found):
            found.append(_row(reference))
        tell(f"{name}: {case.engine}, {case.workers}")
        options = {
            "engine": case.engine,
            "workers": case.workers,
            "gap": case.gap,
            "check": case.check,
        }
        ended = alone("executor", case.instance, case.deadline, options)
        made = {"instance": name, "recipe": case.instance.recipe}
        if ended.failure is not None:
            found.append(made | {"engine": case.engine, "workers": case.workers, "failure": ended.failure})
            continue
        found.append(ended.said | {"same_bytes": same_bytes(reference, ended.said)})
    return found


def _row(run: Record) -> Record:
    """Return the row of a run without an executor."""
    kept = ("instance", "recipe", "sha256", "left", "right", "status", "limit", "relative_gap", "solve_s")
    more = ("result_sha256", "bytes_per_school", "scan_rate", "peak_mb")
    row = {key: run[key] for key in (*kept, *more)}
    return row | {
        "engine": "alone",
        "workers": THREADS,
        "check_s": run["scan_s"],
        "check_pairs": run["pairs"],
    }


def same_bytes(reference: Record, found: Record) -> bool | None:
    """
    Return True where a run on an executor found what was found without; None where one was stopped by time.

    Raises
    ------
    RuntimeError
        If it found something else.
    """
    if "failure" in reference or not (_to_the_end(reference) and _to_the_end(found)):
        return None
    if reference["result_sha256"] != found["result_sha256"]:
        words = f"{found['engine']}, {found['workers']}: other bytes than without an executor"
        raise RuntimeError(f"{found['instance']}: {words}")
    return True


def _shard(quick: bool, tell: Callable[[str], object]) -> Record:
    """Return what a worker holds of a shard, by school of each side: the plane through three measurements."""
    measured = []
    for instance in shard_cases(quick=quick):
        tell(f"{instance.name}: a shard")
        ended = alone("shard", instance)
        if ended.failure is not None:
            raise RuntimeError(f"{instance.name}: {ended.failure}")
        measured.append(ended.said)
    small, more_right, more_left = measured
    slopes = {
        f"bytes_per_{side}": round((more["held_bytes"] - small["held_bytes"]) / (more[side] - small[side]), 1)
        for side, more in (("left", more_left), ("right", more_right))
    }
    return slopes | {"measured": measured}
