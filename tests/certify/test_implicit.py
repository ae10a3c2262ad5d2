"""Answers under bounds are judged alike whether pairs are stored or evaluated as they are met."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.instances import explicit
from tests.random_terms import FORBIDDEN
from tests.solvers.test_quotas import claims, stored
from twinmatch.certify import implicit as module
from twinmatch.certify.implicit import ImplicitPairs
from twinmatch.certify.pruned import Extent
from twinmatch.certify.theorem import Claims, GroupPrices, Worth, bound_of, check_assignment
from twinmatch.errors import ResourceLimitError
from twinmatch.graph.constraints import Constraints, Prices, Quota
from twinmatch.graph.written import written
from twinmatch.solvers.constrained import solve_constrained
from twinmatch.solvers.control import Control
from twinmatch.status import Status

BLOCKS, PER_BLOCK = 20, 50


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


@pytest.mark.parametrize("block", range(BLOCKS))
def test_both_passes_raise_the_same_left_prices(block, seed):
    """Good prices, and forged ones: what the plain pass finds above a left price, the pruned one finds."""
    rng = np.random.default_rng([seed, block, 11])
    raised = 0
    for _ in range(PER_BLOCK):
        graph, limits = drawn(rng)
        answer = solve_constrained(written(graph), limits, False, Control(None, 0.0, 1, None, None))
        high = int(rng.choice([3, 60, 2**40]))
        worth = Worth(
            rng.integers(0, high, limits.num_left),
            rng.integers(-high, high, limits.num_left),
            rng.integers(-high, high, limits.num_right),
            GroupPrices(limits, [(quota, int(rng.integers(-high, high))) for quota in limits.quotas]),
            int(rng.integers(0, 2)),
        )
        found = [
            ImplicitPairs(graph.terms, limits, False, answer.pairs, plain=plain, threads=1).surplus(worth)
            for plain in (True, False)
        ]
        np.testing.assert_array_equal(found[0][0], found[1][0])
        assert found[0][1] == found[1][1]
        raised += (found[0][0] > worth.left).any()
    assert raised > PER_BLOCK // 4


def test_what_was_excluded_is_said():
    """Prices that are high enough: no pair is evaluated, and the certificate says so in a claim."""
    question = small()
    question.plain = False
    high = np.full(2, 9)
    prices = Prices(high, np.zeros(2, np.int64), np.zeros(1, np.int64))
    told = Claims(
        Status.FEASIBLE, np.array([[0, 1], [1, 0]]), prices, 1, None, None, None, False, 7, 18, 2, None
    )
    certificate = check_assignment(question, told).raise_for_failure()
    said = {claim.name: claim.detail for claim in certificate.claims}
    assert said["all pairs"] == "0 evaluated, 4 excluded by bounds of 2 blocks"
    assert (certificate.pairs_checked, certificate.pairs_excluded) == (4, 4)
    question.plain = True
    plain = check_assignment(question, told)
    assert "all pairs" not in {claim.name for claim in plain.claims}
    assert (plain.bound, plain.pairs_excluded) == (certificate.bound, 0)


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


def small(**changes):
    """Return a question whose pairs are not written down, and prices for it."""
    graph = explicit([[5, 3], [4, 2]])
    one = np.ones(2, np.int64)
    both = Quota("both", np.array([True, False]), np.array([True, False]), 0, 1)
    limits = Constraints(0 * one, one, 0 * one, one, quotas=(both,))
    terms = replace(graph.terms, **changes)
    return ImplicitPairs(terms, limits, False, np.empty((0, 2), np.int64), threads=1)


def test_prices_that_the_table_cannot_hold():
    """Parts of a point, prices of groups beyond 2**30, and such prices on a curve are refused in words."""
    zero = np.zeros(2, np.int64)
    prices = Prices(zero, zero, np.ones(1, np.int64))
    assert bound_of(small(), prices, 0) >= 0
    assert bound_of(small(), prices, 1) == 1 + 4 + 4
    with pytest.raises(ValueError, match="whole points"):
        bound_of(small(), prices, 2)
    for far, fits in ((2**30, True), (2**30 + 1, False)):
        dear = prices._replace(quota=np.array([far]))
        if fits:
            bound_of(small(), dear, 1)
        else:
            with pytest.raises(ValueError, match="too large"):
                bound_of(small(), dear, 1)
    curved = small(curve=np.arange(9, dtype=np.int32))
    assert bound_of(curved, prices._replace(quota=np.zeros(1, np.int64)), 1) == 9
    with pytest.raises(ValueError, match="do not go together with a curve"):
        bound_of(curved, prices, 1)


def test_a_pass_that_is_stopped_proves_nothing():
    """Cancelled: it says so, and its certificate is refused."""
    question = small()
    question.cancel = threading.Event()
    question.cancel.set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "best_pass", lambda *args, **options: (None, Extent(1), 0.0))
        left, more = question.surplus(
            Worth(np.zeros(2, np.int64), *[np.zeros(2, np.int64)] * 2, no_groups(), 1)
        )
    assert (left.tolist(), more, question.was_cancelled, question.evaluated) == ([0, 0], 0, True, 1)
    whole = small()
    for _ in range(2):
        bound_of(whole, Prices(np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(1, np.int64)), 1)
        assert (whole.was_cancelled, whole.evaluated) == (False, 4)
    whole.evaluated = 9
    bound_of(whole, Prices(np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(1, np.int64)), 1)
    assert whole.evaluated == 9


def no_groups():
    one = np.ones(2, np.int64)
    return GroupPrices(Constraints(0 * one, one, 0 * one, one), [])


def test_too_many_pairs_are_not_written_down():
    """A second search is refused in words; the size of a question and its largest points are known."""
    question = small()
    assert (question.num_pairs, question.largest) == (4, 5)
    with pytest.raises(ResourceLimitError, match="4 pairs are too many"):
        question.all_pairs()
    wide = ImplicitPairs(explicit([[-9, 3, 1]]).terms, question.constraints, False, question.taken)
    assert (wide.num_pairs, wide.largest) == (3, 9)


def test_few_pairs_are_written_down(monkeypatch):
    """Up to the limit all admissible pairs are stored, in order; one more, and none is."""
    x = FORBIDDEN
    terms = explicit([[5, x, 1], [x, x, x], [x, 0, -2], [x, 7, x]]).terms
    one, three = np.ones(4, np.int64), np.ones(3, np.int64)
    limits = Constraints(0 * one, one, 0 * three, three)
    taken = np.array([[0, 0]])
    monkeypatch.setattr(module, "_FEW_PAIRS", 12)
    few = module.question_of(terms, limits, True, taken, isa="portable")
    assert (few.num_pairs, few.coverage_first, few.constraints) == (5, True, limits)
    left, right, points = few.all_pairs()
    assert (left.tolist(), right.tolist(), points.tolist()) == (
        [0, 0, 2, 2, 3],
        [0, 2, 1, 2, 1],
        [5, 1, 0, -2, 7],
    )
    monkeypatch.setattr(module, "_FEW_PAIRS", 11)
    flag = threading.Event()
    seen = module.question_of(terms, limits, False, taken, threads=2, isa="portable", cancel=flag)
    assert isinstance(seen, ImplicitPairs)
    assert (seen.num_pairs, seen.coverage_first, seen.threads, seen.isa) == (12, False, 2, "portable")
    assert seen.cancel is flag
    assert seen.taken is taken
    assert (seen.evaluated, seen.was_cancelled) == (0, False)


def test_which_pairs_are_admissible():
    """Points of those that are, and how many are not."""
    x = FORBIDDEN
    terms = explicit([[5, x, 1], [x, 0, x]]).terms
    one, three = np.ones(2, np.int64), np.ones(3, np.int64)
    question = ImplicitPairs(terms, Constraints(0 * one, one, 0 * three, three), False, np.empty((0, 2), int))
    points, absent = question.points(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2]))
    assert (points.tolist(), absent) == ([5, 0], 2)


def bounded(points, left_most, right_most, prices, taken=(), locked=(), quotas=(), left_least=None):
    """Return what prices prove of a small question, by a pass and by loops over its pairs."""
    points = np.array(points)
    n, m = points.shape
    least = np.zeros(n, np.int64) if left_least is None else np.array(left_least)
    locked = np.array(locked, np.int64).reshape(-1, 2)
    limits = Constraints(
        least, np.array(left_most), np.zeros(m, np.int64), np.array(right_most), locked, quotas
    )
    graph = explicit(points)
    taken = np.array(taken, np.int64).reshape(-1, 2)
    question = ImplicitPairs(graph.terms, limits, False, taken, threads=1)
    return bound_of(question, prices, 1), bound_of(stored(graph, limits, False), prices, 1)


def test_prices_of_left_nodes_with_several_partners():
    """Where a price that is too low proves less when it is raised, it stays, and pairs are added up."""
    zero, none = np.zeros(2, np.int64), np.zeros(0, np.int64)
    # One left node takes both: at price 0 its pairs are worth 5 and 3 beyond it; at price 5 it has 10.
    prices = Prices(zero[:1], zero, none)
    assert bounded([[5, 3]], [2], [1, 1], prices) == (8, 8)
    # One partner at most: raised to 5 there is no more to be had.
    assert bounded([[5, 3]], [1], [1, 1], prices) == (5, 8)
    # A pair that the assignment has is counted apart, once.
    assert bounded([[5, 3]], [2], [1, 1], prices, taken=[[0, 0]]) == (8, 8)
    assert bounded([[5, 3]], [2], [1, 1], prices, taken=[[0, 0], [0, 1]]) == (8, 8)
    # Three partners of equal points: adding up and raising prove the same.
    assert bounded([[5, 5]], [2], [1, 1], prices) == (10, 10)
    # Kept low, a node adds up all its pairs, those apart as well: only where that is less.
    low = Prices(zero[:1], np.zeros(3, np.int64), none)
    assert bounded([[10, 1, 1]], [2], [1, 1, 1], low, taken=[[0, 0]]) == (11, 12)
    assert bounded([[10, 1, 1]], [2], [1, 1, 1], low) == (12, 12)
    # Pairs of nodes with one partner are not apart: a price below zero is raised at no cost.
    assert bounded([[5]], [1], [1], Prices(zero[:1] - 5, zero[:1] + 7, none), taken=[[0, 0]]) == (7, 10)
    # A pair that must be is counted below zero too.
    dear = Prices(zero[:1] + 9, zero, none)
    assert bounded([[5, 3]], [2], [1, 1], dear, locked=[[0, 1]]) == (18 - 6, 18 - 6)
    assert bounded([[5, 3]], [2], [1, 1], dear) == (18, 18)
    assert bounded([[5, 3], [1, 8]], [1, 1], [1, 1], dear._replace(left=zero + 9), locked=[[1, 0]]) == (
        10,
        10,
    )


@pytest.mark.parametrize("several", [0, 1, 2, 3, 4])
def test_a_few_left_nodes_are_added_up(several, monkeypatch):
    """As many as there is time for; the others have their prices raised."""
    monkeypatch.setattr(module, "_SEVERAL_PAIRS", several)
    zero, none = np.zeros(2, np.int64), np.zeros(0, np.int64)
    found, _ = bounded([[5, 3], [7, 1]], [2, 2], [2, 2], Prices(zero, zero, none))
    assert found == 10 + 14 - (several >= 2) * 2 - (several >= 4) * 6


def test_nothing_rests_on_a_search_of_pairs_that_are_not_written_down():
    """A lower bound, or quotas that clash, by a search: refused in words where it cannot be repeated."""
    zero = np.zeros(2, np.int64)
    prices = Prices(zero, zero, np.zeros(1, np.int64))
    proven = bound_of(small(), prices, 1)
    told = Claims(
        *(Status.NO_SOLUTION, np.empty((0, 2), np.int64), prices, 1, None, None, None, True),
        *(None, proven, None, None),
    )
    assert check_assignment(small(), told).ok
    pointed = check_assignment(small(), told._replace(objective=0))
    assert [claim.name for claim in pointed.claims if not claim.ok] == ["objective"]
    certificate = check_assignment(small(), told._replace(bound=proven - 1))
    assert certificate.bound == proven
    lower = {claim.name: claim for claim in certificate.claims}
    assert not lower["search for bound"].ok
    assert not lower["bound"].ok
    assert lower["search for bound"].detail.startswith("4 pairs are too many")
    clash = told._replace(status=Status.INFEASIBLE, clash=(0,), bound=None)
    refused = [claim for claim in check_assignment(small(), clash).claims if not claim.ok]
    assert [claim.name for claim in refused] == ["infeasible"]
    assert refused[0].detail.startswith("4 pairs are too many")


def test_prices_that_a_pass_cannot_take_prove_nothing():
    """Parts of a point are refused in a certificate, by the name of what they should prove."""
    zero = np.zeros(2, np.int64)
    prices = Prices(zero, zero, np.zeros(1, np.int64))
    told = Claims(
        *(Status.NO_SOLUTION, np.empty((0, 2), np.int64), prices, 2, None, None, None, False),
        *(None, 9, None, None),
    )
    certificate = check_assignment(small(), told)
    wrong = {claim.name: claim.detail for claim in certificate.claims if not claim.ok}
    assert wrong.keys() == {"prices", "bound"}
    assert "whole points" in wrong["prices"]
    assert certificate.bound is None
