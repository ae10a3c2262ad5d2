"""
What a matching claims whose mechanism is a procedure: that it keeps to everything, and its guarantee.

There are no prices. Pairs, places, locks and caps are counted here; whether the guarantee is kept, such as
that no pair blocks, is looked into over all pairs by whoever knows it (:mod:`twinmatch.certify.blocking`). Of
a run that was stopped nothing is claimed but its pairs, and bounds that anybody can see.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.certify.certificate import NO_OTHER, Certificate, Claim, Findings
from twinmatch.certify.exact import exact_sum
from twinmatch.certify.plain import pair_points
from twinmatch.certify.sealing import seal as sealed
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints
    from twinmatch.graph.terms import PairTerms

    Int64 = npt.NDArray[np.int64]

__all__ = ["check_outcome"]


def check_outcome(
    terms: PairTerms,
    limits: Constraints,
    numbers: Mapping[str, Any],
    seal: str,
    guarantee: Callable[[Int64], Findings],
    *,
    isa: str = "auto",
) -> Certificate:
    """
    Count again what the outcome of a procedure claims, and have its guarantee looked into.

    Parameters
    ----------
    terms : PairTerms
    limits : Constraints
    numbers : mapping
        What :func:`twinmatch.certify.seal` takes, by name.
    seal : str
        What it made of them when they were found.
    guarantee : callable
        Takes the mates, once they are known to keep to everything else. Asked where the status is OPTIMAL.
    isa : str

    Returns
    -------
    Certificate
        ``bound`` and ``coverage_bound`` are the objective and the coverage where the guarantee is kept.
    """
    started = time.perf_counter()
    claims: list[Claim] = []

    def claim(name: str, ok: bool, detail: str) -> bool:
        claims.append(Claim(name, bool(ok), detail))
        return bool(ok)

    found = sealed(**numbers)
    claim("seal", found == seal, "nothing was changed" if found == seal else f"is not {seal[:16]}...")
    status = str(numbers["status"])
    mate = _mates(numbers["mate"], limits)
    objective = coverage = None
    keeps = claim("mates", mate is not None, f"{limits.num_left:,} whole numbers, each a right school or -1")
    findings = None
    if mate is not None:
        i = np.flatnonzero(mate >= 0)
        points = pair_points(terms, i, mate[i], isa=isa)
        broken = int((points == FORBIDDEN).sum())
        keeps &= claim("rules", not broken, f"{broken:,} of {len(i):,} pairs are not admissible")
        keeps &= _within(mate, limits, claim)
        coverage = len(i)
        objective = exact_sum(points) if not broken else None
        if keeps and status == Status.OPTIMAL:
            findings = guarantee(mate)
            claims.extend(findings.claims)
            keeps = all(one.ok for one in findings.claims)
    done = status == Status.OPTIMAL and keeps and findings is not None
    bound = objective if done else limits.num_left * terms.max_points
    most = coverage if done else limits.num_left
    for name, known in (("objective", objective), ("coverage", coverage)):
        claim(name, numbers[name] == known, f"{_told(numbers[name])} claimed, {_told(known)} recomputed")
    for name, known in (("bound", bound), ("coverage_bound", most)):
        what = NO_OTHER if done else "what anybody can see"
        told = numbers[name]
        holds = known is not None and told == known
        if (
            status == Status.NO_SOLUTION and name == "bound"
        ):  # stopped before more was known: a larger one holds
            holds = isinstance(told, int) and known is not None and told >= known
        claim(name.replace("_", " "), holds, f"{_told(numbers[name])} claimed: {what}")
    free = not np.any(numbers["right_price"]) and numbers["coverage_price"] == 0
    claim("prices", free and not np.any(numbers["witness_left"]), "there are none")
    claim("status", *_judge(status, done, keeps, coverage))
    return Certificate(
        claims=tuple(claims),
        status=status,
        objective=objective,
        bound=bound,
        coverage=coverage,
        coverage_bound=most,
        pairs_checked=0 if findings is None else findings.pairs,
        pass_seconds=0.0 if findings is None else findings.seconds,
        seconds=time.perf_counter() - started,
    )


def _told(number: Any) -> str:
    return f"{number:,}" if isinstance(number, int) else str(number)


def _mates(given: Any, limits: Constraints) -> Int64 | None:
    """Return the mates where they can be read at all."""
    mate = np.asarray(given)
    if mate.shape != (limits.num_left,) or mate.dtype.kind not in "iu":
        return None
    if ((mate < -1) | (mate >= limits.num_right)).any():
        return None
    return mate.astype(np.int64)


def _within(mate: Int64, limits: Constraints, claim: Callable[[str, bool, str], bool]) -> bool:
    """See that pairs keep to places, locks and quotas."""
    i = np.flatnonzero(mate >= 0)
    load = np.bincount(mate[i], minlength=limits.num_right)
    over = int((load > limits.right_most).sum() + (load < limits.right_least).sum())
    ok = claim("capacities", not over, f"{over:,} right schools have too many or too few")
    own = (mate >= 0).astype(np.int64)
    over = int((own > limits.left_most).sum() + (own < limits.left_least).sum())
    ok &= claim("partners", not over, f"{over:,} left schools have one too many or too few")
    lost = int((mate[limits.locked[:, 0]] != limits.locked[:, 1]).sum())
    ok &= claim("locked", not lost, f"{lost:,} of {len(limits.locked):,} locked pairs are missing")
    counts = limits.counts(i, mate[i]).tolist()
    broken = [
        f"{quota.name} ({count:,})"
        for quota, count in zip(limits.quotas, counts, strict=True)
        if count < quota.at_least or (quota.at_most is not None and count > quota.at_most)
    ]
    detail = f"{len(broken):,} are broken" + (f", first {broken[0]}" if broken else "")
    return ok & claim("quotas", not broken, detail)


def _judge(status: str, done: bool, keeps: bool, coverage: int | None) -> tuple[bool, str]:
    """Return whether what was found carries the status, and why."""
    if status == Status.OPTIMAL:
        return done, "OPTIMAL claimed: the guarantee is " + ("kept" if done else "not known to be kept")
    if status == Status.FEASIBLE:
        return keeps, "FEASIBLE claimed: pairs that keep to everything, of a run that was stopped"
    if status == Status.NO_SOLUTION:
        return coverage == 0, f"nothing is claimed, and {coverage} pairs are given"
    return False, f"{status!r} is no status of a procedure"
