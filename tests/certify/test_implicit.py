"""Answers under bounds are judged alike whether pairs are stored or evaluated as they are met."""

from __future__ import annotations

import numpy as np
import pytest

from tests.instances import explicit
from tests.random_terms import FORBIDDEN
from tests.solvers.test_quotas import claims, stored
from twinmatch.certify.implicit import ImplicitPairs
from twinmatch.certify.theorem import bound_of, check_assignment
from twinmatch.graph.constraints import Constraints, Prices, Quota
from twinmatch.graph.written import written
from twinmatch.solvers.constrained import solve_constrained
from twinmatch.solvers.control import Control
from twinmatch.status import Status

BLOCKS, PER_BLOCK = 4, 250


def drawn(rng: np.random.Generator):
    """Return a graph and bounds where many a left node asks for more partners than it may have."""
    n, m = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    points = rng.integers(0, rng.choice([2, 50]), (n, m))
    points[rng.random((n, m)) < rng.choice([0.2, 0.7])] = FORBIDDEN
    left_least = rng.integers(0, 3, n) * (rng.random(n) < 0.5)
    right_least = rng.integers(0, 2, m) * (rng.random(m) < 0.2)
    quotas = ()
    if rng.random() < 0.5:
        some = rng.random(m) < 0.5
        quotas = (
            Quota("some", right=some, at_least=int(rng.integers(0, 2)), at_most=int(rng.integers(1, 5))),
        )
    limits = Constraints(
        left_least,
        left_least + rng.integers(0, 3, n),
        right_least,
        right_least + rng.integers(0, 3, m),
        quotas=quotas,
    )
    return explicit(points), limits


@pytest.mark.parametrize("block", range(BLOCKS))
def test_proofs_hold_without_a_stored_pair(block, seed):
    """1,000 optima and witnesses of the network: what stored pairs prove, a plain pass proves too."""
    rng = np.random.default_rng([seed, block, 9])
    seen = dict.fromkeys(Status, 0)
    for _ in range(PER_BLOCK):
        graph, limits = drawn(rng)
        answer = solve_constrained(written(graph), limits, True, Control(None, 0.0, 1, None, None))
        seen[answer.status] += 1
        question = ImplicitPairs(graph.terms, limits, True, answer.pairs, threads=1)
        certificate = check_assignment(question, claims(answer))
        assert certificate.ok, (certificate, limits, answer)
    assert min(seen[Status.OPTIMAL], seen[Status.INFEASIBLE]) > PER_BLOCK // 5, seen


@pytest.mark.parametrize("block", range(BLOCKS))
def test_any_prices_bound_what_stored_pairs_allow(block, seed):
    """At 1,000 random prices, neither bound is below the optimum."""
    rng = np.random.default_rng([seed, block, 10])
    compared = 0
    for _ in range(PER_BLOCK):
        graph, limits = drawn(rng)
        answer = solve_constrained(written(graph), limits, False, Control(None, 0.0, 1, None, None))
        if answer.status is not Status.OPTIMAL:
            continue
        compared += 1
        high = int(rng.choice([3, 60]))
        prices = Prices(
            rng.integers(-high, high, limits.num_left),
            rng.integers(-high, high, limits.num_right),
            rng.integers(-high, high, len(limits.quotas)),
        )
        implicit = ImplicitPairs(graph.terms, limits, False, answer.pairs, threads=1)
        for question in (implicit, stored(graph, limits, False)):
            assert bound_of(question, prices, 1) >= answer.objective
    assert compared > PER_BLOCK // 4


def test_a_node_that_asks_for_more_partners_than_there_are():
    """One partner with two places is one pair: no price of the left node may be raised to hide that."""
    points = np.full((3, 4), FORBIDDEN)
    points[0, 0] = points[1, 1] = points[2, 2] = 5
    ones = np.ones(3, np.int64)
    least = np.array([2, 0, 0])
    limits = Constraints(least, np.maximum(least, ones), np.zeros(4, np.int64), np.full(4, 2))
    graph = explicit(points)
    answer = solve_constrained(written(graph), limits, True, Control(None, 0.0, 1, None, None))
    assert answer.status is Status.INFEASIBLE
    question = ImplicitPairs(graph.terms, limits, True, answer.pairs, threads=1)
    assert bound_of(question, answer.witness, 0) < 0
