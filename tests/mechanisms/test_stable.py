"""Greedy, stable and serial dictatorship: brute force, ties, caps, locks, and a checker that sees lies."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from tests.instances import explicit, random_graph
from tests.random_terms import random_terms
from twinmatch.certify.blocking import BY_POINTS, Ranking
from twinmatch.certify.stability import check_stability, cycles
from twinmatch.graph.called import CalledGraph
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.constraints import Constraints, Quota
from twinmatch.graph.scored import ScoredGraph
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.solvers.control import Control
from twinmatch.solvers.procedures import accept_deferred, room_faults, take_in_turn

BLOCKS, PER_BLOCK = 6, 520


# -- Slow and obvious ---------------------------------------------------------------------------------------


def all_points(graph):
    n, m = graph.num_left, graph.num_right
    return graph.points(np.arange(n)[:, None], np.arange(m)[None, :]).reshape(n, m)


def plain(capacity, num_left, locked=(), quotas=()):
    """Return limits of one partner each, places, and whatever else there is."""
    m = len(capacity)
    return Constraints(
        np.zeros(num_left, np.int64),
        np.ones(num_left, np.int64),
        np.zeros(m, np.int64),
        np.array(capacity, np.int64),
        np.array(locked, np.int64).reshape(-1, 2),
        tuple(quotas),
    )


class Book:
    """Who is paired, and whether there is room for one pair more."""

    def __init__(self, points, limits):
        self.points, self.limits = points, limits
        self.mate = np.full(limits.num_left, -1)
        self.load = np.zeros(limits.num_right, int)
        self.counts = np.zeros(len(limits.quotas), int)
        self.members = [limits.members(quota) for quota in limits.quotas]
        for i, j in limits.locked:
            self.take(i, j)

    def inside(self, i, j):
        return np.array([left[i] and right[j] for left, right in self.members], bool)

    def has_room(self, i, j):
        if self.points[i, j] == FORBIDDEN or self.mate[i] >= 0 or self.limits.left_most[i] == 0:
            return False
        most = [np.inf if quota.at_most is None else quota.at_most for quota in self.limits.quotas]
        full = self.counts >= np.array(most)
        return self.load[j] < self.limits.right_most[j] and not (full & self.inside(i, j)).any()

    def take(self, i, j):
        self.mate[i] = j
        self.load[j] += 1
        if self.members:
            self.counts += self.inside(i, j)


def greedy_slowly(points, limits):
    book = Book(points, limits)
    pairs = np.argwhere(points != FORBIDDEN)
    for i, j in sorted(pairs.tolist(), key=lambda pair: (-points[tuple(pair)], *pair)):
        if book.has_room(i, j):
            book.take(i, j)
    return book.mate


def serial_slowly(points, order, limits):
    book = Book(points, limits)
    for i in np.argsort(order):
        for j in sorted(range(limits.num_right), key=lambda j: (-points[i, j], j)):
            if book.has_room(i, j):
                book.take(i, j)
    return book.mate


def deferred_slowly(points, ranks, limits):
    """Let one left school after the other propose, as the textbook says."""
    book = Book(points, limits)
    room = limits.right_most - book.load
    wishes = {
        i: sorted(np.flatnonzero(points[i] != FORBIDDEN), key=lambda j: (-points[i, j], j))
        for i in np.flatnonzero((book.mate < 0) & (limits.left_most > 0))
    }
    kept = {j: [] for j in range(limits.num_right)}
    free = list(wishes)
    while free:
        i = free.pop()
        if not wishes[i]:
            continue
        j = wishes[i].pop(0)
        if ranks[i, j] != FORBIDDEN:
            kept[j] = sorted([*kept[j], i], key=lambda a: (-ranks[a, j], a))
            free += kept[j][room[j] :]
            kept[j] = kept[j][: room[j]]
        else:
            free.append(i)
    for j, some in kept.items():
        book.mate[some] = j
    return book.mate


def stable_ones(points, ranks, capacity):
    """Return every stable matching, by going through all matchings."""
    n, m = points.shape
    own = [[-1, *np.flatnonzero((points[i] != FORBIDDEN) & (ranks[i] != FORBIDDEN))] for i in range(n)]
    mates = np.array(list(product(*own)), int).reshape(-1, n)
    load = (mates[:, :, None] == np.arange(m)).sum(axis=1)
    mates = mates[(load <= capacity).all(axis=1)]
    # The place of each in the strict order of the other side, 0 the first.
    place = np.empty((n, m + 1), int)
    place[:, -1] = m
    for i in range(n):
        place[i, sorted(range(m), key=lambda j: (-points[i, j], j))] = np.arange(m)
    turn = np.empty((n, m), int)
    for j in range(m):
        turn[sorted(range(n), key=lambda i: (-ranks[i, j], i)), j] = np.arange(n)
    ok = np.ones(len(mates), bool)
    for i, j in np.argwhere((points != FORBIDDEN) & (ranks != FORBIDDEN)):
        wants = place[i, j] < place[i, mates[:, i]]
        there = mates == j
        last = np.where(there, turn[:, j], -1).max(axis=1, initial=-1)
        wins = (there.sum(axis=1) < capacity[j]) | (turn[i, j] < last)
        ok &= ~(wants & wins & (capacity[j] > 0))
    return mates[ok], place


def caps(rng, num_left, num_right):
    """Return caps on groups of pairs: of one side, of the other, of both, crossing and nested."""
    quotas = []
    for number in range(int(rng.integers(4))):
        left = rng.random(num_left) < 0.6 if rng.random() < 0.6 else None
        right = rng.random(num_right) < 0.6 if rng.random() < 0.6 else None
        most = None if rng.random() < 0.1 else int(rng.integers(0, 1 + num_left // 2))
        quotas.append(Quota(str(number), left, right, at_most=most))
    return quotas


def locks(rng, points, capacity):
    """Return a few pairs that there are places for."""
    room, chosen = np.array(capacity), []
    for i in np.flatnonzero(rng.random(len(points)) < 0.15):
        able = np.flatnonzero((points[i] != FORBIDDEN) & (room > 0))
        if len(able):
            chosen.append((int(i), int(rng.choice(able))))
            room[chosen[-1][1]] -= 1
    return chosen


def limits_of(rng, points, capacity):
    """Return limits of every kind that leave room for what is locked."""
    n, m = points.shape
    limits = plain(capacity, n, locks(rng, points, capacity), caps(rng, n, m))
    limits.left_most[(rng.random(n) < 0.1) & ~np.isin(np.arange(n), limits.locked[:, 0])] = 0
    return replace(limits, quotas=()) if room_faults(limits) else limits


def proven(terms, limits, mate, ranking, **options):
    return check_stability(terms, limits, mate, ranking, threads=1, **options).claims


def all_hold(claims):
    return all(claim.ok for claim in claims)


def run(threads=1):
    return Control(threads=threads)


# -- Against brute force ------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", range(BLOCKS))
def test_greedy_takes_pairs_in_order(block, seed):
    """As sorting all pairs and taking each that fits: 3,120 instances, ties, locks and caps, all proven."""
    rng = np.random.default_rng([seed, block, 71])
    for _ in range(PER_BLOCK):
        graph = random_graph(rng)
        points = all_points(graph)
        limits = limits_of(rng, points, graph.right_capacity)
        found = take_in_turn(graph, limits, None, run())
        assert found.limit is None
        np.testing.assert_array_equal(found.mate, greedy_slowly(points, limits))
        assert all_hold(proven(graph.terms, limits, found.mate, BY_POINTS))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_dictators_choose_in_turn(block, seed):
    """As one after the other: 3,120 instances with ties, locks and caps, all proven."""
    rng = np.random.default_rng([seed, block, 72])
    for _ in range(PER_BLOCK):
        graph = random_graph(rng)
        points = all_points(graph)
        limits = limits_of(rng, points, graph.right_capacity)
        order = rng.permutation(graph.num_left)
        found = take_in_turn(graph, limits, order, run())
        np.testing.assert_array_equal(found.mate, serial_slowly(points, order, limits))
        assert all_hold(proven(graph.terms, limits, found.mate, Ranking(place=order)))


def contest(rng):
    """Return a graph and what its pairs are worth to the right: anything, or the other way round."""
    graph = random_graph(rng, most_left=5, most_right=4)
    n, m = graph.num_left, graph.num_right
    other = random_terms(rng, n, m, kinds=("table", "linear", "bans"), span=int(rng.choice([1, 1000])))
    if rng.random() < 0.6 or not n or not m:
        n, m = rng.integers(2, 6, 2)
        span = int(rng.choice([4, 1000]))
        points = rng.integers(0, span, (n, m))
        points[rng.random((n, m)) < 0.1] = FORBIDDEN
        graph = explicit(points, rng.integers(0, 3, m))
        against = np.where(points == FORBIDDEN, 0, -points) + rng.integers(0, span, (n, m))
        other = explicit(against).terms
    return graph, other, other.points(np.arange(n)[:, None], np.arange(m)[None, :]).reshape(n, m)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_stable_matching_that_the_left_likes_best(block, seed):
    """Of all stable matchings, by enumeration: 3,120 instances; the others are seen not to be best."""
    rng = np.random.default_rng([seed, block, 73])
    several = 0
    for _ in range(PER_BLOCK):
        graph, other, ranks = contest(rng)
        points, n, m = all_points(graph), graph.num_left, graph.num_right
        capacity = np.minimum(graph.right_capacity, 2)
        limits = plain(capacity, n)
        found = accept_deferred(graph, ScoredGraph(other), limits, run()).mate
        stable, place = stable_ones(points, ranks, capacity)
        best = place[np.arange(n), stable].argmin(axis=0)
        want = stable[best, np.arange(n)]
        np.testing.assert_array_equal(found, want)
        for mate in stable:
            claims = {claim.name: claim.ok for claim in proven(graph.terms, limits, mate, Ranking(other))}
            assert claims == {"accepted": True, "stable": True, "best for the left": (mate == want).all()}
        several += len(stable) > 1
        # One proof of instability by its own means: pairs taken at random.
        mate = np.array([rng.choice([-1, *np.flatnonzero(row != FORBIDDEN)]) for row in points], int)
        load = np.bincount(mate[mate >= 0], minlength=m)
        if (load <= capacity).all():
            is_stable = bool((stable == mate).all(axis=1).any())
            told = {claim.name: claim.ok for claim in proven(graph.terms, limits, mate, Ranking(other))}
            assert (told["stable"] and told["accepted"]) == is_stable
    assert several > PER_BLOCK // 50


def test_both_sides_by_the_same_points_is_greedy(seed):
    """Deferred acceptance by one's own points comes to what greedy takes, ties and all."""
    rng = np.random.default_rng([seed, 74])
    for _ in range(300):
        graph = random_graph(rng)
        points = all_points(graph)
        limits = plain(graph.right_capacity, graph.num_left, locks(rng, points, graph.right_capacity))
        one = take_in_turn(graph, limits, None, run()).mate
        other = accept_deferred(graph, ScoredGraph(graph.terms), limits, run()).mate
        np.testing.assert_array_equal(one, other)


# -- Larger than a list -------------------------------------------------------------------------------------


def large(rng):
    """Return a graph whose partners do not fit a list, with few points or many, and scarce places."""
    n, m = (int(size) for size in rng.integers(100, 400, 2))
    kinds = tuple(rng.choice(["table", "linear", "distance", "tags", "bans"], 3, replace=False))
    span = int(rng.choice([1, 20, 100_000]))
    if rng.random() < 0.4:  # ties of dozens, and so many points that the search hardly counts in parts of one
        kinds, span = ("table", "linear", "bans"), 20_000_000
    terms = random_terms(rng, n, m, kinds=kinds, span=span, forbidden=0.1)
    if (
        span == 20_000_000
    ):  # and in an order that is not that of the numbers: a column that is the same to all
        terms = replace(terms, linears=tuple(c._replace(top=2**28, cap=span) for c in terms.linears))
    return ScoredGraph(terms, rng.integers(0, 3, m))


def test_lists_that_end_and_ties_that_do_not_fit_them(seed):
    """Hundreds of partners, ties of hundreds, groups that shut: the same as slowly, with any threads."""
    rng = np.random.default_rng([seed, 75])
    for _ in range(10):
        graph = large(rng)
        points = all_points(graph)
        limits = limits_of(rng, points, graph.right_capacity)
        order = rng.permutation(graph.num_left)
        for threads in (1, 3):
            found = take_in_turn(graph, limits, None, run(threads)).mate
            np.testing.assert_array_equal(found, greedy_slowly(points, limits))
            found = take_in_turn(graph, limits, order, run(threads)).mate
            np.testing.assert_array_equal(found, serial_slowly(points, order, limits))


def test_proposals_far_down_a_list(seed):
    """Right schools that rank the other way round are asked by everybody: the same as slowly."""
    rng = np.random.default_rng([seed, 76])
    for number in range(16):
        graph = large(rng)
        points, n, m = all_points(graph), graph.num_left, graph.num_right
        other = random_terms(rng, n, m, kinds=("table", "linear"), span=1000, forbidden=0.05)
        ranks = other.points(np.arange(n)[:, None], np.arange(m)[None, :])
        capacity = rng.integers(0, 2, m) if number % 2 else graph.right_capacity
        limits = plain(capacity, n, locks(rng, points, capacity))
        found = [accept_deferred(graph, ScoredGraph(other), limits, run(t)).mate for t in (1, 3)]
        np.testing.assert_array_equal(found[0], deferred_slowly(points, ranks, limits))
        np.testing.assert_array_equal(found[0], found[1])
        assert all_hold(proven(graph.terms, limits, found[0], Ranking(other)))


def test_functions_of_the_users_own_rank_too(seed):
    """A criterion that is a Python function counts on either side."""
    rng = np.random.default_rng([seed, 77])
    for _ in range(20):
        terms = random_terms(rng, 40, 30, kinds=("table", "bans"), span=50)
        other = random_terms(rng, 40, 30, kinds=("table", "linear"), span=50)
        extra = rng.integers(0, 60, (40, 30))
        call = CallTerm(lambda i, j, extra=extra: extra[i, j], 60, "own")
        terms, other = replace(terms, calls=(call,)), replace(other, calls=(call,))
        points, ranks = (one.points(np.arange(40)[:, None], np.arange(30)[None, :]) for one in (terms, other))
        limits = plain(rng.integers(0, 3, 30), 40)
        found = take_in_turn(CalledGraph(terms), limits, None, run()).mate
        np.testing.assert_array_equal(found, greedy_slowly(points, limits))
        assert all_hold(proven(terms, limits, found, BY_POINTS))
        found = accept_deferred(CalledGraph(terms), CalledGraph(other), limits, run()).mate
        np.testing.assert_array_equal(found, deferred_slowly(points, ranks, limits))
        assert all_hold(proven(terms, limits, found, Ranking(other)))


# -- The checker sees what was changed ----------------------------------------------------------------------


def test_a_pair_that_was_moved_is_refused(seed):
    """Whoever is moved to another free place or loses its partner: then some pair blocks."""
    rng = np.random.default_rng([seed, 78])
    refused = 0
    for _ in range(200):
        graph = random_graph(rng)
        points = all_points(graph)
        limits = limits_of(rng, points, graph.right_capacity)
        order = rng.permutation(graph.num_left)
        for key, ranking in ((None, BY_POINTS), (order, Ranking(place=order))):
            mate = take_in_turn(graph, limits, key, run()).mate
            loose = np.flatnonzero((mate >= 0) & ~np.isin(np.arange(len(mate)), limits.locked[:, 0]))
            if not len(loose):
                continue
            i = rng.choice(loose)
            room = limits.right_most - np.bincount(mate[mate >= 0], minlength=graph.num_right)
            to = [j for j in np.flatnonzero((points[i] != FORBIDDEN) & (room > 0)) if j != mate[i]]
            changed = mate.copy()
            changed[i] = rng.choice([-1, *to])
            at = np.flatnonzero(changed >= 0)
            counts = limits.counts(at, changed[at])
            if any(
                q.at_most is not None and c > q.at_most for q, c in zip(limits.quotas, counts, strict=True)
            ):
                continue  # a cap is broken, which is counted elsewhere
            assert not all_hold(proven(graph.terms, limits, changed, ranking))
            refused += 1
    assert refused > 100


def test_cycles_are_counted():
    """Each once, whatever leads into it."""
    assert cycles(np.array([], int)) == 0
    assert cycles(np.array([1, 2, -1])) == 0
    assert cycles(np.array([1, 0, 0, 3, 2])) == 2
    assert cycles(np.array([0, 0, 1])) == 1
