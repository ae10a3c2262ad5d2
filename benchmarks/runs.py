"""
Measured runs: the library on an instance, and its peers beside it.

Every timed run asserts its certificate and, where the optimum is published, its objective: a fast wrong
answer cannot win. The plain pass of the checker is the yardstick: ``scan_s`` is what one look at every pair
takes on this machine, and ``solve_over_scan`` says how many of those the solve took.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import twinmatch as tm
from benchmarks import optima
from benchmarks.instances import Lists, Market
from benchmarks.process import alone, forget_peak, held_bytes, peak_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.instances import Instance, Matrix
    from benchmarks.plan import Case

__all__ = ["measured", "run"]

THREADS = 2
DEADLINE_S = 300  # a run that is not proven by then is published with its gap


def measured(instance: Instance, deadline: float | None = None, gap: float = 0.0) -> dict[str, Any]:
    """
    Return the numbers of one run of the library, in this process.

    Parameters
    ----------
    instance : Instance
    deadline : float, optional
        Seconds after which it stops with what it has.
    gap : float, optional
        The relative gap to stop at.
    """
    tm.match(*tm.datasets.sample(), threads=THREADS)  # what is loaded at first use is not of the schools
    empty = held_bytes()
    built = instance.build()
    _warm(built)
    forget_peak()  # of what made the instance
    trajectory: list[tuple[float, float]] = []
    worked = time.process_time()
    result, solve_s = _timed(_solver(built, deadline or DEADLINE_S, gap), trajectory)
    processor_s, peak = time.process_time() - worked, peak_bytes()
    certificate = _verified(result)
    record = {
        "instance": instance.name,
        "recipe": instance.recipe,
        "sha256": built.sha256,
        "left": len(result.mate),
        "right": len(result.right_price),
        "pairs": built.pairs,
        "threads": THREADS,
        "scan_s": round(certificate.pass_seconds, 4),
        "scan_rate": round(built.pairs / max(certificate.pass_seconds, 1e-9)),
        "phases_s": {phase: round(spent, 4) for phase, spent in result.seconds.items()},
        "solve_s": round(solve_s, 4),
        "processor_s": round(processor_s, 2),
        "solve_over_scan": round(solve_s / max(certificate.pass_seconds, 1e-9), 2),
        "status": str(result.status),
        "limit": None if result.limit is None else str(result.limit),
        "relative_gap": result.relative_gap,
        "objective": result.objective,
        "bound": result.bound,
        "matched": result.coverage,
        "trajectory": trajectory,
    }
    if isinstance(built, Market):
        schools = len(built.left) + len(built.right)
        record["bytes_per_school"] = None if empty is None else round((peak - empty) / schools)
        record["result_sha256"] = fingerprint(result)
    if built.quotas:
        record |= _under_quotas(result, certificate)
    optima.check(record)
    return record


def _under_quotas(result: Any, certificate: tm.Certificate) -> dict[str, Any]:
    """Return how many quotas there are, how many press, and what the proof rests on."""
    if isinstance(result, tm.Matching):
        price, searched = (
            result.quotas["price"].to_numpy(),
            result.proof is not None and result.proof.searched,
        )
    else:
        price, searched = result.quota_price, result.proof == "search"
    return {
        "quotas": len(price),
        "binding": int((price != 0).sum()),
        "proof": "search" if searched else "prices",
        "verified": certificate.ok,
    }


def fingerprint(matching: tm.Matching) -> str:
    """Return the SHA-256 of everything that has to be the same, whoever did the work."""
    found = hashlib.sha256(
        f"{matching.digest} {matching.seal} {matching.objective} {matching.bound}".encode()
    )
    for array in (matching.mate, matching.right_price, matching.witness_left):
        found.update(array.tobytes())
    return found.hexdigest()


def _warm(built: Market | Matrix | Lists) -> None:
    """Load what is loaded at first use: peers are imported outside the clock, too."""
    if isinstance(built, Market):
        tm.match(*tm.datasets.sample(), built.policy, threads=THREADS)
    else:
        tm.assign([[1]], threads=THREADS)


def _solver(built: Market | Matrix | Lists, deadline: float, gap: float) -> Callable[..., Any]:
    """Return what is timed; whatever the library need not do itself has been done."""
    options: dict[str, Any] = {"threads": THREADS, "deadline": deadline, "gap": gap}
    if isinstance(built, Market):
        return lambda told: tm.match(built.left, built.right, built.policy, on_progress=told, **options)
    points = built.sparse() if isinstance(built, Lists) else built.points
    everybody = not isinstance(built, Lists) or built.everybody
    options |= {"require_all": True} if everybody else {"coverage_first": True}
    return lambda told: tm.assign(points, quotas=built.quotas, on_progress=told, **options)


def _timed(solver: Callable[..., Any], trajectory: list[tuple[float, float]]) -> tuple[Any, float]:
    """Solve, and note the gap whenever it has changed."""
    started = time.perf_counter()

    def told(progress: Any) -> None:
        gap = progress.relative_gap
        if gap is not None and (not trajectory or gap != trajectory[-1][1]):
            trajectory.append((round(time.perf_counter() - started, 3), gap))

    result = solver(told)
    solve_s = time.perf_counter() - started
    trajectory.append((round(solve_s, 3), result.relative_gap))
    return result, solve_s


def _verified(result: Any) -> tm.Certificate:
    options = {"threads": THREADS} if isinstance(result, tm.Matching) else {}
    certificate: tm.Certificate = result.verify(**options).raise_for_failure()
    return certificate


def run(
    case: Case, *, peers: bool = True, tell: Callable[[str], object] = lambda text: None
) -> dict[str, Any]:
    """
    Return one run of the library and of its peers, each in a process of its own, one after the other.

    Raises
    ------
    RuntimeError
        If the library fails where it may not, or a peer's answer refutes the library's proof.
    """
    tell(f"{case.instance.name}: twinmatch")
    ours = alone("ours", case.instance, case.deadline, {"gap": case.gap})
    if ours.failure is not None:
        if case.may_fail:
            made = {"instance": case.instance.name, "recipe": case.instance.recipe}
            return made | {"failure": ours.failure, "peers": []}
        raise RuntimeError(f"{case.instance.name}: {ours.failure}")
    record = ours.said
    record["peers"] = []
    for peer, limit_s in case.peers.items() if peers else ():
        tell(f"{case.instance.name}: {peer}")
        record["peers"].append(beside(record, peer, alone(peer, case.instance, limit_s)))
    return record


def beside(record: dict[str, Any], peer: str, ended: Any) -> dict[str, Any]:
    """Return a peer's row: its numbers, and how they compare with ours."""
    said, words = ended.said, [ended.failure] if ended.failure else []
    objective, solve_s = said.get("objective"), said.get("solve_s")
    if said.get("note"):
        words.append(said["note"])
    if objective is not None:
        theirs, ours = (said["matched"], objective), (record["matched"], record["objective"])
        proven = record["status"] == "OPTIMAL" and theirs > ours
        if proven or (theirs[0] == ours[0] and objective > record.get("bound", objective)):
            raise RuntimeError(f"{record['instance']}: {peer} has found {theirs}, and the proof says {ours}")
        if theirs[0] != ours[0]:
            words.append(f"{ours[0] - theirs[0]:,} fewer pairs than ours")
        elif theirs != ours:
            words.append(
                f"{abs(ours[1] - theirs[1]):,} points {'fewer' if theirs < ours else 'more'} than ours"
            )
    return {
        "name": peer,
        "version": said.get("version"),
        "solve_s": solve_s,
        "ratio": None if solve_s is None else round(solve_s / max(record["solve_s"], 1e-9), 2),
        "objective": objective,
        "peak_mb": said.get("peak_mb"),
        "note": "; ".join(words),
    }
