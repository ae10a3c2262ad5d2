"""How little must give way, against a solver that knows nothing of networks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, milp

from twinmatch.elastic import Elastic, Moved, Stretch
from twinmatch.graph.constraints import Constraints, Quota
from twinmatch.graph.merging import merge
from twinmatch.graph.singles import Bans
from twinmatch.graph.terms import RuleTerm
from twinmatch.solvers.control import Control
from twinmatch.solvers.kinds import kinds_of_nodes


def instance(rng):
    """Return a small question with nested quotas, bounds of nodes and locked pairs, often impossible."""
    n, m = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    codes = rng.integers(0, 3, n).astype(np.int32), rng.integers(0, 3, m).astype(np.int32)
    rule = RuleTerm(*codes, rng.random((3, 3)) < 0.7)
    banned = np.argwhere(rng.random((n, m)) < 0.05)
    terms = merge(n, m, [rule], [], [Bans(banned.astype(np.int64), m)])
    i, j = np.indices((n, m))
    may = terms.points(i, j) >= 0
    several = rng.random() < 0.4
    left_most = rng.integers(0, 3, n) if several else np.ones(n, np.int64)
    right_most = rng.integers(0, 4, m)
    left_least = np.minimum(left_most, rng.random(n) < 0.3).astype(np.int64)
    right_least = np.minimum(right_most, rng.random(m) < 0.3).astype(np.int64)
    open_pairs = np.argwhere(may)
    chosen = rng.random(len(open_pairs)) < 0.08
    locked = open_pairs[chosen].astype(np.int64).reshape(-1, 2)
    quotas = []
    thirds = rng.integers(0, 3, m)
    for group in range(3):
        low = int(rng.integers(0, 4))
        quotas.append(
            Quota(f"r{group}", right=thirds == group, at_least=low, at_most=low + int(rng.integers(0, 3)))
        )
    quotas.append(Quota("again", right=thirds == 0, at_least=int(rng.integers(0, 3)), at_most=2))
    quotas.append(Quota("two", right=thirds < 2, at_least=int(rng.integers(0, 5))))
    halves = rng.integers(0, 2, n)
    quotas.append(Quota("left", left=halves == 0, at_least=int(rng.integers(0, 3)), covered=True))
    if not several:
        quotas.append(Quota("all", left=None, at_most=int(rng.integers(0, 6))))
    limits = Constraints(
        left_least, left_most.astype(np.int64), right_least, right_most, locked, tuple(quotas)
    )
    return terms, limits, may


def least_by_milp(limits, may, stretch, *, cover=False):
    """Return the least total change, or the most covered, by a solver of whole programs; None for none."""
    n, m = may.shape
    pairs = np.argwhere(may)
    k, quotas = len(pairs), limits.quotas
    width = k + n + len(quotas) * 2 + n + m + len(limits.locked)
    at_cover, at_floor = k, k + n
    at_cap = at_floor + len(quotas)
    at_left = at_cap + len(quotas)
    at_right, at_lock = at_left + n, at_left + n + m
    upper = np.zeros(width)
    upper[: k + n] = 1
    rows, low, high = [], [], []

    def row(entries, least, most):
        one = np.zeros(width)
        for at, value in entries:
            one[at] += value
        rows.append(one)
        low.append(least)
        high.append(most)

    for side, least, most, at in (
        (0, limits.left_least, limits.left_most, at_left),
        (1, limits.right_least, limits.right_most, at_right),
    ):
        for node in range(may.shape[side]):
            own = [(p, 1) for p in np.flatnonzero(pairs[:, side] == node)]
            row(own, -np.inf, most[node])
            row([*own, (at + node, 1)], least[node], np.inf)
            upper[at + node] = least[node] if (stretch.left, stretch.right)[side] else 0
    for node in range(n):
        row([(at_cover + node, 1), *((p, -1) for p in np.flatnonzero(pairs[:, 0] == node))], -np.inf, 0)
        for p in np.flatnonzero(pairs[:, 0] == node):
            row([(p, 1), (at_cover + node, -1)], -np.inf, 0)
    for q, quota in enumerate(quotas):
        left, right = limits.members(quota)
        inside = np.flatnonzero(left[pairs[:, 0]] & right[pairs[:, 1]])
        own = [(at_cover + i, 1) for i in np.flatnonzero(left)] if quota.covered else [(p, 1) for p in inside]
        row([*own, (at_floor + q, 1)], quota.at_least, np.inf)
        upper[at_floor + q] = 99 if q in stretch.floors else 0
        if quota.at_most is not None:
            row([*own, (at_cap + q, -1)], -np.inf, quota.at_most)
            upper[at_cap + q] = 99 if q in stretch.caps else 0
    for number, pair in enumerate(limits.locked):
        (p,) = np.flatnonzero((pairs == pair).all(axis=1))
        row([(p, 1), (at_lock + number, 1)], 1, np.inf)
        upper[at_lock + number] = 1 if stretch.locked else 0
    cost = np.zeros(width)
    if cover:
        cost[at_cover : at_cover + n] = -1
    else:
        cost[at_floor:] = 1
    found = milp(
        cost,
        constraints=LinearConstraint(np.array(rows), low, high),
        bounds=(0, upper),
        integrality=np.ones(width),
    )
    return None if found.status == 2 else round(abs(found.fun))


@pytest.mark.parametrize("block", range(4))
def test_what_gives_way_is_the_least_there_is(block, seed):
    """Of floors, caps, least partners and locks that may give way, each draw: the same total as by MILP."""
    possible = impossible = 0
    for number in range(60):
        rng = np.random.default_rng((seed, block, number))
        terms, limits, may = instance(rng)
        elastic = Elastic(kinds_of_nodes(terms, limits), False)
        assert not elastic.rest
        chosen = {q for q in range(len(limits.quotas)) if rng.random() < 0.6}
        caps = {q for q in chosen if limits.quotas[q].at_most is not None}
        stretch = Stretch(frozenset(chosen), frozenset(caps), *(bool(rng.random() < 0.5) for _ in range(3)))
        found = elastic.least_change(stretch, Control())
        wanted = least_by_milp(limits, may, stretch)
        if wanted is None:
            impossible += 1
            assert not isinstance(found, Moved), number
        else:
            possible += 1
            assert isinstance(found, Moved), number
            assert found.total == wanted, number
            parts = [
                *found.floors.values(),
                *found.caps.values(),
                found.left.sum(),
                found.right.sum(),
                found.locked.sum(),
            ]
            assert sum(map(int, parts)) == wanted
    assert possible > 10
    assert impossible > 5


def test_coverage_is_the_largest_there_is(seed):
    """With every bound kept: the same coverage as by MILP, and none where nothing keeps to them."""
    kinds = set()
    for number in range(120):
        terms, limits, may = instance(np.random.default_rng((seed, 9, number)))
        if number % 2:
            limits = Constraints(
                limits.left_least * 0, limits.left_most, limits.right_least * 0, limits.right_most
            )
        found = Elastic(kinds_of_nodes(terms, limits), True).most_covered(Control())
        elastic = Elastic(kinds_of_nodes(terms, limits), True)
        if elastic.rest:
            continue
        assert found == least_by_milp(limits, may, Stretch(), cover=True), number
        kinds.add(found)
    assert None in kinds
    assert len(kinds) > 3


def test_two_partners_of_one_school_are_two_schools():
    """A left school that must have two partners cannot have one twice, whatever places that has."""
    terms = merge(1, 1, [], [])
    two = np.array([2])
    limits = Constraints(two, two, np.array([0]), np.array([5]))
    found = Elastic(kinds_of_nodes(terms, limits), False).least_change(Stretch(left=True), Control())
    assert isinstance(found, Moved)
    assert found.left.tolist() == [1]
    assert Elastic(kinds_of_nodes(terms, limits), True).most_covered(Control()) is None
