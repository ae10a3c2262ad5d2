"""Blocking pairs: the compiled pass against a plain recount, whatever ranks, ties, caps and places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.random_terms import KINDS, random_capacity, random_terms
from twinmatch import _check
from twinmatch.certify import blocking as module
from twinmatch.certify.blocking import BY_POINTS, Ranking, count_blocking
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.constraints import Constraints, Quota
from twinmatch.graph.terms import FORBIDDEN, PairTerms

BLOCKS, PER_BLOCK = 16, 100


def drawn(rng, n, m):
    """Return terms, limits, pairs that keep to places, and a ranking of every kind."""
    span = int(rng.choice([3, 1000]))
    chosen = tuple(kind for kind in KINDS if rng.random() < 0.5) or ("table",)
    terms = random_terms(rng, n, m, kinds=chosen, span=span)
    ranking = BY_POINTS
    if rng.random() < 0.4:
        ranking = Ranking(terms=random_terms(rng, n, m, kinds=("table", "linear", "bans"), span=span))
    elif rng.random() < 0.5:
        ranking = Ranking(place=rng.permutation(n))
    left_most, right_most = rng.integers(0, 3, n), random_capacity(rng, m)
    points = terms.points(np.arange(n)[:, None], np.arange(m)[None, :])
    taken = []
    for i, j in rng.permutation(np.argwhere(points != FORBIDDEN)):
        held = [sum(pair[side] == node for pair in taken) for side, node in ((0, i), (1, j))]
        if rng.random() < 0.7 and held[0] < left_most[i] and held[1] < right_most[j]:
            taken.append((int(i), int(j)))
    locked = [pair for pair in taken if rng.random() < 0.2]
    pairs = np.array(sorted(taken), np.int64).reshape(-1, 2)
    zeros = np.zeros(n, np.int64), np.zeros(m, np.int64)
    limits = Constraints(zeros[0], left_most, zeros[1], right_most, np.array(locked, np.int64).reshape(-1, 2))
    return terms, limits, pairs, ranking


def with_caps(rng, limits, taken):
    """Return the limits with caps, many of them full."""
    quotas = []
    for number in range(int(rng.integers(1, 4))):
        left = rng.random(limits.num_left) < 0.6 if rng.random() < 0.6 else None
        right = rng.random(limits.num_right) < 0.6 if rng.random() < 0.6 else None
        quota = Quota(str(number), left, right)
        inside = replace(limits, quotas=(quota,)).counts(*taken.T)[0]
        quotas.append(replace(quota, at_most=int(inside + (rng.random() < 0.3))))
    return replace(limits, quotas=tuple(quotas))


def recount(terms, limits, taken, ranking, by_ids, caps):
    """Count by the words of the definition; return blocking pairs and the nearest rivals."""
    n, m = limits.num_left, limits.num_right
    grid = np.arange(n)[:, None], np.arange(m)[None, :]
    points = terms.points(*grid)
    if ranking.place is not None:
        key = np.repeat(-ranking.place[:, None], m, axis=1)
    else:
        key = points if ranking.terms is None else ranking.terms.points(*grid)
    pairs, locked = set(map(tuple, taken.tolist())), set(map(tuple, limits.locked.tolist()))

    def wants(i, j):
        """Left school i likes j more than one of its partners that may go, or has a wish left."""
        mine = [b for a, b in pairs if a == i]
        if len(mine) < limits.left_most[i]:
            return True
        own = (points[i, j], -j if by_ids else 0)
        return any(own > (points[i, b], -b if by_ids else 0) for b in mine if (i, b) not in locked)

    def wins(i, j):
        mine = [a for a, b in pairs if b == j]
        own = (key[i, j], -i if by_ids else 0)
        if len(mine) < limits.right_most[j]:
            return key[i, j] != FORBIDDEN
        return key[i, j] != FORBIDDEN and any(
            own > (key[a, j], -a if by_ids and key[a, j] != FORBIDDEN else 0)
            for a in mine
            if (a, j) not in locked
        )

    def has_room(i, j):
        """No quota of the pair was full before its turn."""
        for quota in limits.quotas if caps else ():
            left, right = limits.members(quota)
            inside = [(a, b) for a, b in pairs if left[a] and right[b]]
            if not (left[i] and right[j]) or quota.at_most is None or len(inside) < quota.at_most:
                continue
            turn = [(key[a, b], -a if by_ids else 0) for a, b in inside if (a, b) not in locked]
            own = (key[i, j], -i if by_ids else 0)
            if not turn or not (own > min(turn) or (by_ids and own[1] == min(turn)[1] and own >= min(turn))):
                return False
        return True

    count, rival = np.zeros(n, np.int64), np.full(m, -1)
    for i, j in np.argwhere(points != FORBIDDEN).tolist():
        if (i, j) in pairs or not wants(i, j):
            continue
        if wins(i, j) and has_room(i, j):
            count[i] += 1
        elif key[i, j] != FORBIDDEN and not wins(i, j):
            rival[j] = max((i, rival[j]) if rival[j] >= 0 else (i,), key=lambda a: (key[a, j], -a))
    return count, rival


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_pass_counts_what_the_definition_says(block, seed):
    """1,600 random matchings, by points and by ids, with and without caps: the same counts and rivals."""
    rng = np.random.default_rng([seed, block, 61])
    blocked = 0
    for _ in range(PER_BLOCK):
        n, m = rng.integers(1, 9, 2)
        terms, limits, taken, ranking = drawn(rng, n, m)
        by_ids, caps = rng.random(2) < 0.5
        if caps:
            limits = with_caps(rng, limits, taken)
        wish = not caps and int(limits.left_most.max()) <= 1
        found = count_blocking(terms, limits, taken, ranking, by_ids=by_ids, caps=caps, rivals=wish)
        count, rival = recount(terms, limits, taken, ranking, by_ids, caps)
        np.testing.assert_array_equal(found.of_left, count)
        if wish:
            np.testing.assert_array_equal(found.rival, rival)
        blocked += count.sum()
    assert blocked > PER_BLOCK


def test_instruction_sets_threads_and_functions_of_the_users_own_agree(seed):
    """The same counts from every set, from several threads, and where points come from Python."""
    rng = np.random.default_rng([seed, 62])
    for _ in range(6):
        n, m = int(rng.integers(30, 60)), int(rng.integers(1100, 2300))
        terms = random_terms(rng, n, m, span=40, forbidden=0.1)
        other = random_terms(rng, n, m, kinds=("table", "linear", "bans"), span=40, forbidden=0.1)
        limits = Constraints(
            np.zeros(n, np.int64), np.ones(n, np.int64), np.zeros(m, np.int64), np.ones(m, np.int64)
        )
        mate = rng.choice(m, n, replace=False)
        ok = terms.points(np.arange(n), mate) != FORBIDDEN
        taken = np.stack([np.arange(n), mate], 1)[ok]
        for ranking in (BY_POINTS, Ranking(terms=other), Ranking(place=rng.permutation(n))):
            want = count_blocking(terms, limits, taken, ranking, by_ids=True, rivals=True, isa="portable")
            for isa in _check.instruction_sets():
                got = count_blocking(
                    terms, limits, taken, ranking, by_ids=True, rivals=True, isa=isa, threads=3
                )
                np.testing.assert_array_equal(got.of_left, want.of_left)
                np.testing.assert_array_equal(got.rival, want.rival)
            call = CallTerm(lambda i, j: np.zeros(len(i), np.int64), 0, "nothing")
            slow = replace(terms, calls=(call,))
            got = count_blocking(slow, limits, taken, ranking, by_ids=True, rivals=True)
            np.testing.assert_array_equal(got.of_left, want.of_left)
            np.testing.assert_array_equal(got.rival, want.rival)
            assert got.pairs == want.pairs == n * m


def test_a_cancelled_pass_counts_nothing(seed):
    """None comes back, and no half of a count."""
    rng = np.random.default_rng([seed, 63])
    terms, limits, taken, _ = drawn(rng, 8, 8)

    class Now:
        def is_set(self):
            return True

    found = count_blocking(terms, limits, taken, cancel=Now())
    assert found is None or found.pairs == 64  # so few pairs may be done before anybody asks


def test_a_stop_is_heard_by_both_passes(seed):
    """Compiled or in blocks, a flag that is up ends the pass without a count."""
    rng = np.random.default_rng([seed, 71])
    terms, limits, taken, _ = drawn(rng, 9, 7)
    own = replace(terms, calls=(CallTerm(lambda i, j: 0 * i, 0, "own"),))
    for some in (terms, own):
        for rivals in (False, True):
            whole = count_blocking(some, limits, taken, by_ids=True, rivals=rivals, threads=1)
            assert (whole.pairs, whole.rival is not None) == (63, rivals)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(module, "watched", stopped)
                assert count_blocking(some, limits, taken, rivals=rivals, threads=1) is None
                assert module.count_above(some, np.zeros(9, np.int64), np.ones(7, bool), threads=1) is None


def stopped(task, flag, done, total, on_progress, cancel):
    """Run a pass whose flag is up from the start."""
    assert (total, done.tolist()) == (63, [0])
    flag[0] = 1
    return task()


def test_partners_above_a_floor_against_a_count(seed):
    """As many as there are, whoever is closed, whatever the floor."""
    rng = np.random.default_rng([seed, 72])
    odd = CallTerm(lambda i, j: (i * 3 + j) % 4, 4, "odd")
    for number in range(60):
        n, m = rng.integers(1, 7, 2)
        terms = replace(random_terms(rng, n, m, span=5), calls=(odd,) if number % 3 == 0 else ())
        points = terms.points(np.arange(n)[:, None], np.arange(m)[None, :])
        floor, some = rng.integers(-2, 9, n), rng.random(m) < 0.7
        counted = module.count_above(terms, floor, some, threads=1)
        assert (
            counted.tolist()
            == ((points > floor[:, None]) & (points != FORBIDDEN) & some).sum(axis=1).tolist()
        )


def test_functions_of_either_side_are_asked(seed):
    """One only of the two policies has a function of the user's own: what it gives counts."""
    rng = np.random.default_rng([seed, 73])
    terms, other = (random_terms(rng, 6, 5, kinds=("linear",), span=9) for _ in range(2))
    cap = (Quota("full", at_most=5),)  # of no concern, as nobody asks for caps
    most = np.array([1, 2, 1, 2, 1])
    limits = Constraints(np.zeros(6, int), np.ones(6, int), np.zeros(5, int), most, quotas=cap)
    taken = np.stack([np.arange(5), np.arange(5)], 1)
    ties = kept_out = 0
    odd = CallTerm(lambda i, j: (i * 7 + j * 5) % 11, 11, "odd")
    for left, right in (((odd,), ()), ((), (odd,)), ((odd,), (odd,)), ((), ())):
        points, ranking = replace(terms, calls=left), Ranking(terms=replace(other, calls=right))
        found = count_blocking(points, limits, taken, ranking, threads=1)
        count, _ = recount(points, limits, taken, ranking, False, False)
        assert found.of_left.tolist() == count.tolist()
        assert found.rival is None
        assert found.pairs == 30
        wanted, rival = recount(points, limits, taken, ranking, True, False)
        full = count_blocking(points, limits, taken, ranking, by_ids=True, rivals=True, threads=1)
        assert (full.of_left.tolist(), full.rival.tolist()) == (wanted.tolist(), rival.tolist())
        strict = count_blocking(points, limits, taken, ranking, by_ids=True, threads=1)
        ties += int(strict.of_left.sum() != count.sum())
        kept_out += int(count.sum() - count_blocking(points, limits, taken, ranking, caps=True).of_left.sum())
        assert 0 < found.seconds < 60
    assert ties
    assert kept_out


@pytest.mark.parametrize("points", [2**31 - 1, 2**31 - 2, 1, 0, -1, -(2**30)])
def test_the_highest_and_the_lowest_points(points):
    """Whoever is free takes any pair, and whoever keeps a locked partner takes none, whatever its points."""
    one, none = np.ones(2, np.int64), np.empty((0, 2), np.int64)
    table = np.array([[points, FORBIDDEN], [1, FORBIDDEN]], np.int32)
    terms = PairTerms(np.arange(2, dtype=np.int32), np.arange(2, dtype=np.int32), table)
    free = Constraints(0 * one, one, 0 * one, one)
    assert count_blocking(terms, free, none).of_left.tolist() == [1, 1]
    locked = np.array([[1, 0]])
    for by_ids in (False, True):
        kept = count_blocking(terms, replace(free, locked=locked), locked, by_ids=by_ids)
        assert kept.of_left.tolist() == [0, 0]
        loose = count_blocking(terms, free, locked, by_ids=by_ids)
        assert loose.of_left.tolist() == [points > 1 or (by_ids and points == 1), 0]


@pytest.mark.parametrize("by_ids", [False, True])
def test_nobody_who_is_not_accepted_takes_a_place(by_ids):
    """Not even that of somebody else who is not accepted, whatever their order."""
    one = np.ones(2, np.int64)
    terms = PairTerms(np.arange(2, dtype=np.int32), np.zeros(1, np.int32), np.array([[5], [5]], np.int32))
    closed = replace(terms, table=np.full((2, 1), FORBIDDEN, np.int32))
    limits = Constraints(0 * one, one, 0 * one[:1], one[:1])
    for holder in (0, 1):
        found = count_blocking(terms, limits, np.array([[holder, 0]]), Ranking(terms=closed), by_ids=by_ids)
        assert found.of_left.tolist() == [0, 0]
