"""Cycles of rotations against a plain walk, and a stability check that is stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.instances import explicit
from tests.random_terms import FORBIDDEN
from twinmatch.certify import stability
from twinmatch.certify.blocking import Ranking
from twinmatch.certify.stability import check_stability, cycles
from twinmatch.graph.constraints import Constraints, Quota
from twinmatch.graph.singles import Bonus


def test_cycles_against_walking(seed):
    """As many as there are sets of nodes that come back to themselves."""
    rng = np.random.default_rng([seed, 41])
    for _ in range(300):
        size = int(rng.integers(0, 9))
        after = rng.integers(-1, max(1, size), size)
        found = set()
        for start in range(size):
            node, path = start, []
            while node >= 0 and node not in path:
                path.append(node)
                node = int(after[node])
            if node >= 0:
                found.add(frozenset(path[path.index(node) :]))
        assert cycles(after) == len(found)


def swap(points, keys, mate, **options):
    """Have a matching of two by two looked into."""
    one = np.ones(2, np.int64)
    limits = Constraints(0 * one, one, 0 * one, one)
    ranking = Ranking(terms=explicit(keys).terms)
    return check_stability(explicit(points).terms, limits, np.array(mate), ranking, threads=1, **options)


def test_both_stable_matchings_and_the_one_that_is_best_for_the_left():
    """Left and right want the opposite: both matchings are stable, and one rotation lies between them."""
    points, keys = [[9, 1], [1, 9]], [[1, 9], [9, 1]]
    for mate, best in (([0, 1], True), ([1, 0], False)):
        claims = {claim.name: claim.ok for claim in swap(points, keys, mate).claims}
        assert claims == {"accepted": True, "stable": True, "best for the left": best}


def test_a_blocked_matching_is_not_the_best_either():
    """A pair that blocks is counted, named, and leaves nothing."""
    found = swap([[9, 1], [9, 1]], [[9, 9], [1, 1]], [1, 0])
    assert [claim.ok for claim in found.claims] == [True, False, False]
    assert found.pairs == 4
    assert "(first: one of left school 0)" in found.claims[1].detail


def test_a_stop(monkeypatch):
    """Cancelled: the claim is refused, and nothing more is said."""
    monkeypatch.setattr(stability, "count_blocking", lambda *args, **options: None)
    found = swap([[9, 1], [1, 9]], [[1, 9], [9, 1]], [0, 1])
    assert [(claim.name, claim.ok) for claim in found.claims] == [("accepted", True), ("stable", False)]
    assert (found.pairs, found.seconds) == (0, 0.0)


def test_whoever_is_not_accepted():
    """A pair that the right school does not admit is refused, unless it is locked."""
    for locked in ([], [[0, 0]]):
        one = np.ones(2, np.int64)
        limits = Constraints(0 * one, one, 0 * one, one, np.array(locked, np.int64).reshape(-1, 2))
        ranking = Ranking(terms=explicit([[FORBIDDEN, 1], [1, 2]]).terms)
        terms = explicit([[5, 5], [5, 6]]).terms
        found = check_stability(terms, limits, np.array([0, 1]), ranking, threads=1)
        assert found.claims[0].name == "accepted"
        assert found.claims[0].ok == bool(locked)


def by_points(points, mate, places, quotas=()):
    """Return what holds where both sides rank by the same points."""
    n = len(mate)
    one = np.ones(n, np.int64)
    limits = Constraints(0 * one, one, np.zeros(len(places), np.int64), np.array(places), quotas=quotas)
    found = check_stability(explicit(points).terms, limits, np.array(mate), Ranking(), threads=1)
    return [claim.ok for claim in found.claims]


def test_ties_are_decided_by_ids():
    """Of two left schools with equal points the first has the place, and of two places it has the first."""
    assert by_points([[5], [5]], [0, -1], [1]) == [True]
    assert by_points([[5], [5]], [-1, 0], [1]) == [False]
    assert by_points([[5, 5]], [0], [1, 1]) == [True]
    assert by_points([[5, 5]], [1], [1, 1]) == [False]


def test_a_full_cap_keeps_others_out():
    """Who comes after the last of a full group does not block; who comes before it does."""
    cap = (Quota("cap", None, np.array([True, True]), 0, 1),)
    assert by_points([[9, 1], [1, 5]], [0, -1], [1, 1], cap) == [True]
    assert by_points([[9, 1], [1, 5]], [0, -1], [1, 1]) == [False]
    assert by_points([[9, 1], [1, 5]], [-1, 1], [1, 1], cap) == [False]


def test_a_bonus_of_single_pairs_leaves_no_guarantee():
    """On either side it is refused in words, before any pair is looked at; without one it is not."""
    one = np.ones(2, np.int64)
    limits = Constraints(0 * one, one, 0 * one, one)
    plain = explicit([[9, 1], [1, 9]]).terms
    dear = replace(plain, bonus=Bonus(np.array([[0, 0]]), np.array([5], np.int32)))
    for terms, ranking, ok in (
        (plain, Ranking(), True),
        (plain, Ranking(terms=plain), True),
        (dear, Ranking(), False),
        (dear, Ranking(terms=plain), False),
        (plain, Ranking(terms=dear), False),
    ):
        found = check_stability(terms, limits, np.array([0, 1]), ranking, threads=1)
        assert all(claim.ok for claim in found.claims) == ok
        assert (found.pairs, found.seconds > 0) == ((4, True) if ok else (0, False))
        if not ok:
            assert [claim.name for claim in found.claims] == ["stable"]
            assert "bonus" in found.claims[0].detail


def test_only_the_last_of_a_free_school_turns():
    """Nearest rivals are asked where right schools have points of their own, and for whole cycles only."""
    three = np.ones(3, np.int64)
    limits = Constraints(0 * three, three, 0 * three, three)
    points = [[9, 5, 1], [5, 9, 1], [1, 5, 9]]
    keys = [[1, 9, 5], [9, 1, 5], [5, 1, 9]]
    for mate, best in (([0, 1, 2], True), ([1, 0, 2], False)):
        ranking = Ranking(terms=explicit(keys).terms)
        found = check_stability(explicit(points).terms, limits, np.array(mate), ranking, threads=1)
        assert [claim.ok for claim in found.claims] == [True, True, best]


@pytest.mark.parametrize("pair", [(0, 0), (0, 2), (1, 2), (2, 0), (2, 1)])
def test_a_locked_pair_needs_nobody_to_accept_it(pair):
    """Wherever it is; and only that pair does not."""
    three = np.ones(3, np.int64)
    keys = np.full((3, 3), 5)
    keys[pair] = FORBIDDEN
    mate = np.roll(np.arange(3), pair[0] - pair[1])
    assert mate[pair[0]] == pair[1]
    for locked in (pair, pair[::-1], (0, mate[0]), (1, mate[1]), (2, mate[2])):
        limits = Constraints(0 * three, three, 0 * three, three, np.array([locked]))
        ranking = Ranking(terms=explicit(keys).terms)
        found = check_stability(explicit(keys * 0).terms, limits, mate, ranking, threads=1)
        assert found.claims[0].ok == (tuple(locked) == pair)
