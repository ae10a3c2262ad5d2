"""Rank-maximal matchings against enumeration: the true ones hold, others do not, whatever the prices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.instances import explicit
from tests.mechanisms.test_ranks import limits_of, ranks_of
from tests.random_terms import FORBIDDEN
from twinmatch.certify import ranks as module
from twinmatch.certify.ranks import check_ranks
from twinmatch.solvers import rank_maximal as solving
from twinmatch.solvers.control import Control

CONTROL = Control(threads=1)


def every_matching(points, capacity, ranks):
    """Yield each matching over pairs of the first ranks, with its numbers of pairs by rank and its points."""
    rank = ranks_of(points, capacity)
    choices = [[-1, *np.flatnonzero(row <= ranks).tolist()] for row in rank]
    for mate in itertools.product(*choices):
        load = np.bincount([j for j in mate if j >= 0], minlength=len(capacity))
        if (load <= capacity).all():
            had = [0] * ranks
            for i, j in enumerate(mate):
                if j >= 0:
                    had[rank[i, j] - 1] += 1
            total = sum(int(points[i, j]) for i, j in enumerate(mate) if j >= 0)
            yield np.array(mate), tuple(had), total


def holds(graph, limits, mate, ranks, price, listed=None):
    """Return the claims by name."""
    if listed is None:
        found = solving.first_ranks(graph, limits.right_most, ranks, CONTROL)
        listed = found.left, found.right
    done = check_ranks(graph.terms, limits, mate, listed, ranks, price, threads=1)
    return {claim.name: claim.ok for claim in done.claims}


@pytest.mark.parametrize("block", range(3))
def test_every_matching_is_judged_as_enumeration_judges_it(block, seed):
    """Of all matchings exactly the rank-maximal ones are called so, and only their most points are proven."""
    rng = np.random.default_rng([seed, 61, block])
    for _ in range(40):
        n, m = rng.integers(1, 4, 2)
        points = rng.integers(0, 4, (n, m))
        points[rng.random((n, m)) < 0.2] = FORBIDDEN
        graph = explicit(points, rng.integers(0, 3, m))
        limits, ranks = limits_of(graph), int(rng.integers(1, 4))
        solved = solving.rank_maximal(graph, limits, ranks, CONTROL)
        all_of_them = [*every_matching(points, graph.right_capacity, ranks)]
        first = max(had for _, had, _ in all_of_them)
        most = max(total for _, had, total in all_of_them if had == first)
        for mate, had, total in all_of_them:
            found = holds(graph, limits, mate, ranks, solved.right_price)
            assert found["first ranks"]
            assert found["rank-maximal"] == (had == first)
            if had == first:
                assert found["most points"] == (total == most)


POINTS = [[9, 5, 5, 1], [7, 7, 2, 2], [1, 2, 3, 4]]


def test_prices_that_prove_nothing():
    """No prices, too few, and prices beyond counting."""
    graph = explicit(POINTS)
    limits = limits_of(graph)
    solved = solving.rank_maximal(graph, limits, 2, CONTROL)
    price = solved.right_price
    assert all(holds(graph, limits, solved.mate, 2, price).values())
    for most, far in (
        (2**62, False),
        (-(2**62), False),
        (2**62 + 1, True),
        (-(2**62) - 1, True),
        (-(2**63), True),
    ):
        moved = price.copy()
        moved[1] = most
        assert module._is_far(moved) == far
        assert not (far and holds(graph, limits, solved.mate, 2, moved)["most points"])
    for wrong in (None, price[1:], price[:, None]):
        assert not holds(graph, limits, solved.mate, 2, wrong)["most points"]


def test_a_path_to_a_free_place():
    """Where more pairs of the first ranks are possible, it says up to which."""
    graph = explicit(POINTS)
    limits = limits_of(graph)
    listed = solving.first_ranks(graph, limits.right_most, 2, CONTROL)
    nobody = np.full(3, -1)
    done = check_ranks(graph.terms, limits, nobody, (listed.left, listed.right), 2, None, threads=1)
    assert done.claims[1].detail.startswith("more pairs of the first 1 ranks are possible")
    assert done.pairs == 12


def test_locked_pairs_are_left_out():
    """A locked pair needs no rank, and takes its place from the others."""
    graph = explicit([[1, 9], [1, 9]], [1, 1])
    limits = limits_of(graph, [(0, 0)])
    solved = solving.rank_maximal(graph, limits, 1, CONTROL)
    assert solved.mate.tolist() == [0, 1]
    assert all(holds(graph, limits, solved.mate, 1, solved.right_price).values())
    assert not holds(graph, limits, np.array([0, -1]), 1, solved.right_price)["rank-maximal"]


def test_nobody_and_blocks(monkeypatch):
    """Empty sides have nothing to list; blocks of one pair find the same."""
    for shape in ((0, 2), (2, 0)):
        graph = explicit(np.zeros(shape, int))
        nothing = np.zeros(0, np.int32)
        mate = np.full(shape[0], -1)
        assert all(
            holds(graph, limits_of(graph), mate, 1, np.zeros(shape[1], np.int64), (nothing, nothing)).values()
        )
    monkeypatch.setattr(module, "_AT_ONCE", 1)
    graph = explicit(POINTS)
    solved = solving.rank_maximal(graph, limits_of(graph), 2, CONTROL)
    assert all(holds(graph, limits_of(graph), solved.mate, 2, solved.right_price).values())


def test_a_stop(monkeypatch):
    """A count that was cancelled leaves one claim, refused."""
    monkeypatch.setattr(module, "count_above", lambda *args, **options: None)
    graph = explicit(POINTS)
    assert holds(graph, limits_of(graph), np.full(3, -1), 2, None) == {"first ranks": False}
