"""Rank-maximal matchings against enumeration: the true ones hold, others do not, whatever the prices."""

from __future__ import annotations

import itertools
from dataclasses import replace

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


@pytest.mark.parametrize("block", range(8))
def test_every_matching_is_judged_as_enumeration_judges_it(block, seed):
    """Of all matchings exactly the rank-maximal ones are called so, and only their most points are proven."""
    rng = np.random.default_rng([seed, 61, block])
    for _ in range(15):
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
    nothing = np.zeros(0, np.int32)
    limits, nobody = limits_of(graph), np.full(3, -1)
    assert check_ranks(graph.terms, limits, nobody, (nothing, nothing), 2, None, threads=1).pairs == 0


def test_a_list_that_names_a_pair_twice_instead_of_another():
    """As many pairs as there are, but not those: twice the same, a forbidden one, one without a place."""
    graph = explicit([[5, 5, 1], [FORBIDDEN, 4, 9]], [1, 1, 0])
    limits = limits_of(graph)
    solved = solving.rank_maximal(graph, limits, 1, CONTROL)
    listed = solving.first_ranks(graph, limits.right_most, 1, CONTROL)
    assert listed.right.tolist() == [0, 1, 1]
    for right, true in (([0, 1, 1], True), ([0, 0, 1], False), ([0, 1, 0], False), ([0, 1, 2], False)):
        told = listed.left, np.array(right, np.int32)
        assert holds(graph, limits, solved.mate, 1, solved.right_price, told)["first ranks"] == true


def test_pairs_of_later_ranks_are_none_of_it(seed):
    """Whatever else a matching has, with a pair beyond the ranks that count it is not called rank-maximal."""
    rng = np.random.default_rng([seed, 62])
    seen = 0
    for _ in range(60):
        points = rng.integers(0, 4, (3, 3))
        graph = explicit(points, rng.integers(1, 3, 3))
        limits = limits_of(graph)
        rank = ranks_of(points, graph.right_capacity)
        for mate in itertools.product(range(-1, 3), repeat=3):
            load = np.bincount([j for j in mate if j >= 0], minlength=3)
            if (load <= graph.right_capacity).all() and any(
                j >= 0 and rank[i, j] > 1 for i, j in enumerate(mate)
            ):
                assert not holds(graph, limits, np.array(mate), 1, None)["rank-maximal"]
                seen += 1
                break
    assert seen > 20


def with_a_lock(rng):
    """Return a small graph, limits with a locked pair and a left node that wants none, and ranks."""
    while True:
        n, m = 3, int(rng.integers(2, 4))
        points = rng.integers(-1, 3, (n, m))
        points[rng.random((n, m)) < 0.2] = FORBIDDEN
        graph = explicit(points, rng.integers(0, 3, m))
        open_ = np.argwhere((points != FORBIDDEN) & (graph.right_capacity > 0))
        if len(open_):
            lock = tuple(open_[rng.integers(len(open_))].tolist())
            limits = limits_of(graph, [lock] if rng.random() < 0.7 else [])
            most = limits.left_most.copy()
            others = [i for i in range(n) if i not in limits.locked[:, 0]]
            most[others[0]] = rng.random() < 0.5
            return points, graph, replace(limits, left_most=most), int(rng.integers(1, 3))


def matchings_with(points, limits, ranks):
    """Yield matchings over pairs of the first ranks and locked ones; numbers by rank, points of others."""
    rank, fixed = ranks_of(points, limits.right_most), dict(limits.locked.tolist())
    choices = [
        [fixed[i]]
        if i in fixed
        else [-1, *np.flatnonzero((row <= ranks) & bool(limits.left_most[i])).tolist()]
        for i, row in enumerate(rank)
    ]
    for mate in itertools.product(*choices):
        mates = np.array(mate)
        if (np.bincount(mates[mates >= 0], minlength=len(limits.right_most)) <= limits.right_most).all():
            free = [(i, j) for i, j in enumerate(mate) if j >= 0 and i not in fixed]
            had = tuple(sum(rank[pair] == k for pair in free) for k in range(1, ranks + 1))
            yield mates, had, sum(int(points[pair]) for pair in free)


@pytest.mark.parametrize("block", range(4))
def test_any_prices_with_locked_pairs_and_nodes_that_want_none(block, seed):
    """Rank-maximal as enumeration says; what any prices prove is so; no other points are proven."""
    rng = np.random.default_rng([seed, 63, block])
    proven = refuted = 0
    for _ in range(15):
        points, graph, limits, ranks = with_a_lock(rng)
        every = [*matchings_with(points, limits, ranks)]
        first = max(had for _, had, _ in every)
        most = max(total for _, had, total in every if had == first)
        found = solving.first_ranks(graph, limits.right_most, ranks, CONTROL)
        for mate, had, total in every:
            price = rng.integers(-2, 3, graph.num_right)
            told = holds(graph, limits, mate, ranks, price, (found.left, found.right))
            assert told["first ranks"]
            assert told["rank-maximal"] == (had == first)
            if told["rank-maximal"]:
                assert not told["most points"] or total == most
                proven += told["most points"]
                refuted += not told["most points"]
    assert proven
    assert refuted


def test_every_list_but_the_true_one_is_refused(seed):
    """All lists of as many pairs, in any number of each: forbidden and closed ones, and others' ranks."""
    rng = np.random.default_rng([seed, 64])
    for ranks in (1, 2, 1, 2):
        points = rng.integers(0, 3, (2, 3))
        points[rng.integers(2), rng.integers(3)] = FORBIDDEN
        graph = explicit(points, rng.permutation([1, 1, 0]))
        limits, nobody = limits_of(graph), np.full(2, -1)
        true = [*map(tuple, np.argwhere(ranks_of(points, graph.right_capacity) <= ranks).tolist())]
        for some in itertools.combinations_with_replacement(np.ndindex(2, 3), len(true)):
            told = np.array(some, np.int32).reshape(-1, 2)[::-1].T
            assert holds(graph, limits, nobody, ranks, None, tuple(told))["first ranks"] == ([*some] == true)


@pytest.mark.parametrize(
    ("points", "capacity", "ranks", "right"),
    [
        ([[9, 9, 5]], [1, 1, 1], 1, [0, 2]),  # one of the second rank instead of the other first
        ([[5, 5]], [1, 0], 1, [1]),  # one without a place instead of one with
        ([[5, FORBIDDEN]], [1, 1], 2, [1]),  # a forbidden one instead
        ([[5, 4]], [1, 1], 2, [0, 0]),  # twice the same
        ([[5, 4]], [1, 1], 2, [0]),  # one too few
        ([[5, 4]], [1, 1], 1, [0, 1]),  # one too many
    ],
)
def test_lists_that_count_right(points, capacity, ranks, right):
    """As many pairs above the last as there are, and yet not those; beside a left node whose list is true."""
    graph = explicit([*points, [1] + [FORBIDDEN] * (len(capacity) - 1)], capacity)
    left = np.array([0] * len(right) + [1], np.int32)
    listed = left, np.array([*right, 0], np.int32)
    assert not holds(graph, limits_of(graph), np.full(2, -1), ranks, None, listed)["first ranks"]


def test_what_a_check_of_ranks_says_of_itself():
    """Numbers of pairs by rank, of those of no use, and the time, are told."""
    graph = explicit([[9, 5], [9, 5], [FORBIDDEN, 1]], [1, 1])
    limits = limits_of(graph)
    listed = solving.first_ranks(graph, limits.right_most, 1, CONTROL)
    done = check_ranks(
        graph.terms, limits, np.array([0, 1, -1]), (listed.left, listed.right), 1, None, threads=1
    )
    assert done.claims[0].detail == "3 pairs listed of the first 1 ranks, 3 counted"
    assert done.claims[1].detail.startswith("more pairs of the first 1 ranks")
    done = check_ranks(
        graph.terms, limits, np.array([0, -1, 1]), (listed.left, listed.right), 1, None, threads=1
    )
    assert done.claims[1].detail == "pairs by rank: 2; 0 of no use"
    done = check_ranks(
        graph.terms, limits, np.array([1, 0, -1]), (listed.left, listed.right), 1, None, threads=1
    )
    assert not done.claims[1].ok
    assert 0 < done.seconds < 60


@pytest.mark.parametrize(
    ("points", "price"),
    [
        ([[5], [3]], [5]),  # whoever may stay alone gains nothing below 0
        ([[5, FORBIDDEN], [3, FORBIDDEN]], [5, -2]),  # nobody has to fill the second place
        ([[5, FORBIDDEN], [3, FORBIDDEN]], [3, 0]),
    ],
)
def test_fewer_points_are_not_proven(points, price):
    """One place, two first choices of it: 5 points are possible, and 3 are not the most at any prices."""
    graph = explicit(points, [1] * len(points[0]))
    few, most = np.array([-1, 0]), np.array([0, -1])
    told = holds(graph, limits_of(graph), few, 1, np.array(price))
    assert told == {"first ranks": True, "rank-maximal": True, "most points": False}
    assert holds(graph, limits_of(graph), most, 1, np.array([5] + [0] * (len(price) - 1)))["most points"]


def test_a_pair_beyond_the_ranks_where_no_pair_is_of_use():
    """The first choice of both is locked for one of them; the other has nothing that counts."""
    graph = explicit([[9, 5], [9, 5]], [1, 1])
    limits, free = limits_of(graph, [(0, 0)]), np.zeros(2, np.int64)
    assert holds(graph, limits, np.array([0, -1]), 1, free)["rank-maximal"]
    assert not holds(graph, limits, np.array([0, 1]), 1, free)["rank-maximal"]
