"""Matchings with one thing changed at random: a judge over the dense matrix says which are still true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.certify.cases import FORBIDDEN, moved, random_case, swapped
from tests.oracles import dense_bound

if TYPE_CHECKING:
    from tests.certify.cases import Case


def _random_sabotage(rng: np.random.Generator, case: Case) -> dict[str, Any]:
    """Change one thing at random; may happen to change nothing that matters."""
    claims = case.claims
    num_left, num_right = case.points.shape
    i, j, step = int(rng.integers(num_left)), int(rng.integers(num_right)), int(rng.choice([-1, 1]))
    match int(rng.integers(9)):
        case 0:
            return {"mate": swapped(claims["mate"], i, int(rng.integers(num_left)))}
        case 1:
            mate = claims["mate"].copy()
            mate[i] = rng.integers(-2, num_right + 1)
            return {"mate": mate}
        case 2:
            return {"right_price": moved(claims["right_price"], j, step)}
        case 3:
            return {"coverage_price": claims["coverage_price"] + step}
        case 4:
            witness = claims["witness_left"].copy()
            witness[i] ^= True
            return {"witness_left": witness}
        case 5:
            return {"right_capacity": moved(claims["right_capacity"], j, -1)}
        case 6:
            name = rng.choice(["objective", "bound", "coverage", "coverage_bound"])
            return {str(name): claims[str(name)] + step}
        case 7:
            return {"status": "FEASIBLE", "bound": claims["bound"] + int(rng.choice([-1, 1, 1000]))}
        case _:
            return {"status": str(rng.choice(["FEASIBLE", "INFEASIBLE", "NO_SOLUTION", "BEST"]))}


def _is_still_true(case: Case, changed: dict[str, Any]) -> bool:
    """Judge the changed claims over the dense matrix, in Python integers, with no code of the checker."""
    c = {**case.claims, **changed}
    points, mate, capacity, price = case.points, c["mate"], c["right_capacity"], c["right_price"]
    num_left, num_right = points.shape
    pairs = [(i, int(j)) for i, j in enumerate(mate) if j != -1]
    if any(not 0 <= j < num_right or points[i, j] == FORBIDDEN for i, j in pairs):
        return False
    if any(sum(k == j for _, k in pairs) > capacity[j] for j in range(num_right)):
        return False
    if min(capacity, default=0) < 0 or min(price, default=0) < 0 or c["coverage_price"] < 0:
        return False
    reached = {
        j
        for i in range(num_left)
        if c["witness_left"][i]
        for j in range(num_right)
        if points[i, j] != FORBIDDEN
    }
    found = {
        "objective": sum(int(points[i, j]) for i, j in pairs),
        "bound": dense_bound(points, capacity, price, c["coverage_price"], len(pairs)),
        "coverage": len(pairs),
        "coverage_bound": num_left - sum(c["witness_left"]) + sum(int(capacity[j]) for j in reached),
    }
    if c["status"] != "OPTIMAL":
        found["bound"] = max(found["bound"], c["bound"])  # a weak bound is no lie
    if any(c[name] != value for name, value in found.items()):
        return False
    closed = found["objective"] == found["bound"] and found["coverage"] == found["coverage_bound"]
    return {
        "OPTIMAL": closed,
        "FEASIBLE": True,
        "INFEASIBLE": found["coverage_bound"] < num_left,
        "NO_SOLUTION": not pairs,
    }.get(c["status"], False)


@pytest.mark.parametrize("block", range(10))
def test_random_sabotage_is_refused(block, seed):
    """Of 2,000 tampered matchings exactly those are certified whose every claim is still true."""
    rng = np.random.default_rng([seed, 77, block])
    lies = tried = 0
    while tried < 200:
        case = random_case(rng, most=7)
        if 0 in case.points.shape:
            continue
        for _ in range(5):
            changed = _random_sabotage(rng, case)
            true = _is_still_true(case, changed)
            certificate = case.check(**changed, threads=1)
            assert certificate.ok == true, f"{changed}\n{certificate}"
            lies += not true
            tried += 1
    assert lies > 100
