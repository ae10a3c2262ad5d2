"""How a matching is made of what a solver found: a solution, an outcome, an answer under quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.methods.sealing import fingerprints_of, seal_of
from twinmatch.proof import Proof
from twinmatch.status import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from twinmatch.graph.terms import PairTerms
    from twinmatch.matching import Matching
    from twinmatch.mechanisms import Mechanism, Procedure
    from twinmatch.mechanisms.mechanism import Outcome
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools
    from twinmatch.solvers import Solution
    from twinmatch.solvers.constrained import Answer

__all__ = ["from_answer", "from_outcome", "from_solution"]


def from_solution(
    cls: type[Matching],
    left: Schools,
    right: Schools,
    policy: Policy,
    right_capacity: npt.NDArray[np.int64],
    solution: Solution,
    *,
    seed: int,
    seconds: dict[str, float],
    mechanism: Mechanism,
    fingerprints: Sequence[str] | None = None,
) -> Matching:
    """Return the matching that a solution over two sorted tables stands for."""
    numbers: dict[str, Any] = {
        "right_capacity": right_capacity,
        "mate": solution.mate,
        "right_price": solution.right_price,
        "coverage_price": solution.coverage_price,
        "witness_left": solution.witness_left,
        "objective": solution.objective,
        "bound": solution.bound,
        "coverage": solution.coverage,
        "coverage_bound": solution.coverage_bound,
        "status": solution.status,
    }
    return cls(
        left=left,
        right=right,
        policy=policy,
        limit=solution.limit,
        seal=seal_of(numbers),
        fingerprints=fingerprints_of(left, right, policy, mechanism)
        if fingerprints is None
        else fingerprints,
        seed=seed,
        seconds={**seconds, **solution.seconds},
        mechanism=mechanism,
        **numbers,
    )


def from_outcome(
    cls: type[Matching],
    left: Schools,
    right: Schools,
    policy: Policy,
    right_capacity: npt.NDArray[np.int64],
    outcome: Outcome,
    *,
    terms: PairTerms,
    seed: int,
    seconds: dict[str, float],
    mechanism: Procedure,
) -> Matching:
    """Return the matching that a procedure over two sorted tables came to."""
    mechanism = outcome.mechanism or mechanism
    i = np.flatnonzero(outcome.mate >= 0)
    objective = int(terms.points(i, outcome.mate[i]).sum())
    done = outcome.limit is None
    stopped = Status.FEASIBLE if len(i) else Status.NO_SOLUTION
    numbers: dict[str, Any] = {
        "right_capacity": right_capacity,
        "mate": outcome.mate,
        "right_price": np.zeros(len(right), np.int64),
        "coverage_price": 0,
        "witness_left": np.zeros(len(left), bool),
        "objective": objective,
        "bound": objective if done else len(left) * terms.max_points,
        "coverage": len(i),
        "coverage_bound": len(i) if done else len(left),
        "status": Status.OPTIMAL if done else stopped,
    }
    return cls(
        left=left,
        right=right,
        policy=policy,
        limit=outcome.limit,
        seal=seal_of(numbers),
        fingerprints=fingerprints_of(left, right, policy, mechanism),
        seed=seed,
        seconds=seconds,
        mechanism=mechanism,
        **numbers,
    )


def from_answer(
    cls: type[Matching],
    left: Schools,
    right: Schools,
    policy: Policy,
    right_capacity: npt.NDArray[np.int64],
    answer: Answer,
    *,
    seed: int,
    seconds: dict[str, float],
    mechanism: Mechanism,
) -> Matching:
    """Return the matching that an answer under constraints stands for."""
    order = np.lexsort(answer.pairs.T[::-1])
    taken = answer.pairs[order]
    mate = np.full(len(left), -1, np.int64)
    mate[taken[::-1, 0]] = taken[::-1, 1]  # the first of several is written last
    prices = answer.prices
    proof = Proof(
        taken,
        prices.left,
        prices.quota,
        answer.price_scale,
        answer.cover,
        answer.witness,
        answer.clash,
        answer.searched,
    )
    coverage = int((mate >= 0).sum())
    numbers: dict[str, Any] = {
        "right_capacity": right_capacity,
        "mate": mate,
        "right_price": prices.right,
        "coverage_price": prices.coverage,
        "witness_left": np.zeros(len(left), bool) if answer.cover is None else answer.cover.left == 0,
        "objective": answer.objective,
        "bound": answer.bound,
        "coverage": coverage,
        "coverage_bound": len(left) if answer.coverage_bound is None else answer.coverage_bound,
        "status": answer.status,
    }
    return cls(
        left=left,
        right=right,
        policy=policy,
        limit=answer.limit,
        seal=seal_of(numbers, proof),
        fingerprints=fingerprints_of(left, right, policy, mechanism),
        seed=seed,
        seconds=seconds,
        proof=proof,
        mechanism=mechanism,
        **numbers,
    )
