"""The second search against enumeration, and what it does where there is no end."""

from __future__ import annotations

import numpy as np
import pytest

from tests.assignment.peers import by_enumeration, by_highs
from tests.campaign.instances import draw
from tests.campaign.judges import by_sets
from twinmatch.certify import searching
from twinmatch.certify.searching import best_by_search
from twinmatch.graph.constraints import Constraints, Quota


def limits_of(asked):
    quotas = tuple(Quota(str(k), a, b, low, high) for k, (a, b, low, high) in enumerate(asked.quotas))
    locked = np.array(asked.locked, np.int64).reshape(-1, 2)
    least = asked.left_least, asked.left_most, asked.right_least, asked.right_most
    return Constraints(*least, locked, quotas)


@pytest.mark.parametrize("block", range(5))
@pytest.mark.parametrize("family", ["assign: crossed quotas", "assign: bounds, locks", "assign: odd rings"])
def test_points_and_coverage_against_enumeration(family, block, seed):
    """The most points, the most covered, and the most points of those that cover so many."""
    for number in range(5 * block, 5 * block + 5):
        asked = draw(seed, family, number).asked._replace(coverage_first=False)
        if np.abs(asked.points).max(initial=0) > 10**6:
            continue
        limits, (i, j) = limits_of(asked), np.nonzero(asked.stored)
        worth = asked.points[i, j]
        assert best_by_search(limits, (i, j), worth) == by_enumeration(asked)
        most = by_sets(asked._replace(coverage_first=True))
        assert best_by_search(limits, (i, j), None) == (most and most.coverage)
        if most is not None:
            assert best_by_search(limits, (i, j), worth, covers=most.coverage) == most.objective
            assert best_by_search(limits, (i, j), worth, covers=most.coverage + 1) is None
        some = [0] if asked.quotas else []
        only = asked._replace(quotas=[asked.quotas[q] for q in some])
        assert best_by_search(limits, (i, j), worth, quotas=some) == by_highs(only)


def test_left_nodes_with_a_partner_are_counted_by_some_quotas():
    """A floor on covered left nodes counts each once, however many partners it has."""
    one, two = np.ones(2, np.int64), np.full(2, 2)
    both = Quota("both", np.array([True, True]), None, 2, covered=True)
    limits = Constraints(0 * one, two, 0 * one, two, quotas=(both,))
    i, j = np.array([0, 0, 1]), np.array([0, 1, 0])
    assert best_by_search(limits, (i, j), np.array([5, 4, -3])) == 6
    assert best_by_search(limits, (i[:2], j[:2]), np.array([5, 4])) is None


def test_a_search_without_an_end_is_an_error(monkeypatch):
    """Neither found nor impossible: nothing is said of it."""

    class Found:
        status, message = 1, "time limit"

    monkeypatch.setattr(searching, "milp", lambda *args, **options: Found)
    one = np.ones(1, np.int64)
    pair = np.zeros(1, np.int64), np.zeros(1, np.int64)
    with pytest.raises(RuntimeError, match="did not come to an end: time limit"):
        best_by_search(Constraints(0 * one, one, 0 * one, one), pair, one)


def test_a_search_goes_on_until_nothing_is_left(monkeypatch):
    """No gap is accepted, variables are whole, and a solver's fractions are rounded."""
    asked = {}

    class Found:
        status, message = 0, ""
        x = np.array([0.9999999, 0.0000001, 1.0])

    def milp(value, **options):
        asked.update(options, value=value)
        return Found

    monkeypatch.setattr(searching, "milp", milp)
    one = np.ones(1, np.int64)
    limits = Constraints(0 * one, one, np.zeros(2, np.int64), np.ones(2, np.int64), np.array([[0, 1]]))
    pairs = np.zeros(2, np.int64), np.arange(2)
    assert best_by_search(limits, pairs, np.array([7, 5])) == 7
    assert asked["options"] == {"mip_rel_gap": 0}
    assert asked["value"].tolist() == [-7, -5, 0]
    assert asked["integrality"].tolist() == [1, 1, 1]
    least, most = asked["bounds"]
    assert (least.tolist(), most.tolist()) == ([0, 1, 0], [1, 1, 1])
    assert best_by_search(limits, pairs, None) == 1
    assert asked["value"].tolist() == [0, 0, -1]


def test_more_partners_than_one_are_taken():
    """A left node that may have several has them where they are worth it, and counts once as covered."""
    two = np.full(1, 2)
    limits = Constraints(0 * two, two, np.zeros(3, np.int64), np.ones(3, np.int64))
    pairs = np.zeros(3, np.int64), np.arange(3)
    assert best_by_search(limits, pairs, np.array([3, 4, 5])) == 9
    assert best_by_search(limits, pairs, np.array([-3, -4, -5])) == 0
    assert best_by_search(limits, pairs, np.array([-3, -4, -5]), covers=1) == -3
    assert best_by_search(limits, pairs, None) == 1
    assert best_by_search(limits, pairs, None, covers=2) is None
