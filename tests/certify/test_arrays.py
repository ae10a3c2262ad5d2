"""Stored pairs as a question, matrix or lists, against loops."""

from __future__ import annotations

import numpy as np
import pytest

from twinmatch.certify import arrays as module
from twinmatch.certify.arrays import StoredPairs
from twinmatch.certify.theorem import GroupPrices, Worth
from twinmatch.graph.constraints import Constraints, Quota


def question(rng, n, m, lists):
    """Return a question, its points and who is stored, and numbers that make up what pairs are worth."""
    points = rng.integers(-9, 9, (n, m))
    known = rng.random((n, m)) < 0.6 if lists else np.ones((n, m), bool)
    pairs = np.argwhere(known)
    locked = pairs[rng.random(len(pairs)) < 0.2]
    zero = np.zeros(n, np.int64), np.zeros(m, np.int64)
    quota = Quota("some", rng.random(n) < 0.5, rng.random(m) < 0.5)
    limits = Constraints(zero[0], zero[0] + 1, zero[1], zero[1] + 1, locked, (quota,))
    if lists:
        i, j = np.nonzero(known)
        stored = StoredPairs(points[i, j], (np.searchsorted(i, np.arange(n + 1)), j), limits)
    else:
        stored = StoredPairs(points, None, limits)
    group = GroupPrices(limits, [(quota, int(rng.integers(-3, 4)))])
    worth = Worth(
        rng.integers(-3, 4, n), rng.integers(-9, 9, n), rng.integers(-9, 9, m), group, int(rng.integers(0, 3))
    )
    return stored, points, known, worth


@pytest.mark.parametrize("lists", [False, True])
@pytest.mark.parametrize("block", [1, 5, 2**20])
def test_against_loops(monkeypatch, lists, block, seed):
    """Sums of what pairs are worth, single points, sizes: of both kinds, in blocks of any size."""
    monkeypatch.setattr(module, "_BLOCK", block)
    rng = np.random.default_rng([seed, block, lists])
    for _ in range(60):
        n, m = rng.integers(0, 6, 2)
        stored, points, known, worth = question(rng, n, m, lists)
        price = worth.group.table[worth.group.left_kind][:, worth.group.right_kind]
        locked = {(i, j) for i, j in stored.constraints.locked.tolist()}
        total = 0
        for i, j in np.argwhere(known).tolist():
            net = points[i, j] * worth.scale + worth.gain[i] - worth.left[i] - worth.right[j] - price[i, j]
            total += net if (i, j) in locked else max(0, net)
        left, more = stored.surplus(worth)
        assert more == total
        assert left is worth.left
        assert stored.num_pairs == known.sum()
        assert stored.largest == np.abs(points[known]).max(initial=0)
        i, j, worths = stored.all_pairs()
        assert np.array_equal(np.stack([i, j], axis=1), np.argwhere(known))
        assert np.array_equal(worths, points[known])
        assert i.dtype == j.dtype == worths.dtype == np.int64
        some = rng.permutation(np.argwhere(np.ones((n, m), bool)))[:4]
        found, absent = stored.points(*some.T)
        there = known[tuple(some.T)]
        assert absent == (~there).sum()
        assert sorted(found.tolist()) == sorted(points[tuple(some[there].T)].tolist())
        assert stored.coverage_first is False


def test_points_of_either_sign_alone():
    """The largest in absolute value, where none is above zero and where none is below."""
    one = np.ones(1, np.int64)
    limits = Constraints(0 * one, one, 0 * one, one)
    for points, most in (([[-7]], 7), ([[4]], 4), ([[0]], 0), ([[-(2**31)]], 2**31)):
        assert StoredPairs(np.array(points, np.int32), None, limits).largest == most
    assert StoredPairs(np.zeros((1, 0), np.int32), None, limits).largest == 0
