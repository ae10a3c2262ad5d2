"""
Wrong claims are refused: two thousand right answers under bounds and quotas, each spoiled in one place.

Some changes leave all that is claimed true: another assignment with as many points, a price whose move the
others make up for, a bound that a search proves whatever prices say. So every spoiled answer is judged by a
second, slow reading of the theorem in :mod:`twinmatch.certify.theorem`. What is still true must be accepted
and does not count; what is not must be refused.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

import twinmatch as tm
from tests.assignment.constrained import ask, draw
from tests.assignment.peers import Asked, by_highs
from twinmatch.graph.constraints import Prices

Spoiled = tuple[Asked, tm.Assignment] | None


# -- A second judge ----------------------------------------------------------------------------------------


def most(asked: Asked, prices: Prices, scale: int) -> int:
    """Add up the right side of the theorem, in plain loops."""
    n, m = asked.points.shape
    u, v, g = (array.tolist() for array in prices[:3])
    c, total = int(prices.coverage), 0
    for i in range(n):
        times = range(asked.left_least[i], asked.left_most[i] + 1)
        total += max(k * u[i] - max(0, k - 1) * c for k in times)
    for j in range(m):
        total += max(k * v[j] for k in (int(asked.right_least[j]), int(asked.right_most[j])))
    for price, (_, _, low, high) in zip(g, asked.quotas, strict=True):
        total += max(price * k for k in (low, max(low, n * m) if high is None else high))
    for i, j in np.argwhere(asked.stored).tolist():
        over = [p for p, (left, right, *_) in zip(g, asked.quotas, strict=True) if left[i] and right[j]]
        net = scale * int(asked.points[i, j]) + c - u[i] - v[j] - sum(over)
        total += net if (i, j) in asked.locked else max(0, net)
    return total


def untrue(asked: Asked, answer: tm.Assignment) -> bool:
    """Say whether anything that an answer claims is not so."""
    if answer.status is tm.Status.INFEASIBLE:
        if answer._clash is not None:
            quotas = [asked.quotas[q] for q in answer._clash]
            return by_highs(asked._replace(quotas=quotas, coverage_first=False)) is not None
        return answer.witness is None or most(asked, answer.witness.prices, 0) >= 0
    pairs, cover = answer.taken, answer.cover
    if asked.broken(pairs) or answer.price_scale < 1:
        return True
    objective, coverage = int(asked.points[tuple(pairs.T)].sum()), len(np.unique(pairs[:, 0]))
    covered = answer.coverage_bound
    if asked.coverage_first:
        if cover is None or cover.coverage < 1:
            return True
        proven = most(asked, cover, 0) // cover.coverage
        if answer.proof == "search" and covered < proven:
            proven = max(covered, by_highs(asked, count=True))
        if covered != proven:
            return True
    elif answer.coverage_price:
        return True
    prices = Prices(answer.left_price, answer.right_price, answer.quota_price, answer.coverage_price)
    proven = (
        most(asked, prices, answer.price_scale) - prices.coverage * (covered or 0)
    ) // answer.price_scale
    if answer.proof == "search" and answer.bound < proven:
        proven = max(answer.bound, by_highs(asked))
    best = answer.status is not tm.Status.OPTIMAL or (
        objective == answer.bound and (not asked.coverage_first or coverage == covered)
    )
    # A run that was stopped may claim less than its prices prove.
    holds = answer.bound == proven or (answer.status is not tm.Status.OPTIMAL and answer.bound > proven)
    return not (best and answer.objective == objective and holds)


# -- Ways to spoil an answer -------------------------------------------------------------------------------


def moved(rng: np.random.Generator, values: np.ndarray, by: int = 1) -> np.ndarray | None:
    """Return an array with one number that is another, up or down."""
    if not len(values):
        return None
    out = values.copy()
    out[rng.integers(len(out))] += by * rng.choice([-2, -1, 1, 2])
    return out


def one_price(rng: np.random.Generator, prices: Prices, by: int = 1) -> Prices | None:
    side = rng.integers(3)
    other = moved(rng, prices[side], by)
    return None if other is None else prices._replace(**{prices._fields[side]: other})


def a_price(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    """Move the price of a left node, a right node or a quota."""
    before = Prices(answer.left_price, answer.right_price, answer.quota_price)
    after = one_price(rng, before, answer.price_scale)
    if after is None:
        return None
    return asked, replace(answer, left_price=after.left, right_price=after.right, quota_price=after.quota)


def a_quota_price(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    price = moved(rng, answer.quota_price, answer.price_scale)
    return None if price is None else (asked, replace(answer, quota_price=price))


def the_coverage_price(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    return asked, replace(answer, coverage_price=answer.coverage_price + int(rng.integers(1, 9)))


def the_scale(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    return asked, replace(answer, price_scale=answer.price_scale * int(rng.integers(2, 4)))


def the_cover(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    """Move a price that proves the coverage."""
    if answer.cover is None:
        return None
    cover = one_price(rng, answer.cover, answer.cover.coverage)
    if cover is None or rng.random() < 0.2:
        cover = answer.cover._replace(coverage=int(rng.integers(0, answer.cover.coverage + 2)))
    return asked, replace(answer, cover=cover)


def a_pair(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    """Drop a pair, have it twice, give it another end, or swap the right ends of two."""
    pairs = answer.taken.copy()
    if not len(pairs):
        return None
    at, other = rng.integers(0, len(pairs), 2)
    kind = rng.integers(4)
    if kind == 0:
        pairs = np.delete(pairs, at, axis=0)
    elif kind == 1:
        pairs = np.vstack([pairs, pairs[at]])
    elif kind == 2:
        side = rng.integers(2)
        pairs[at, side] = rng.integers(asked.points.shape[side])
    else:
        pairs[[at, other], 1] = pairs[[other, at], 1]
    return asked, replace(answer, taken=pairs)


def a_number(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    """Claim another objective, bound or coverage bound."""
    if answer.witness is not None:
        return None
    names = ["_objective", "_bound", "_coverage_bound"][: 3 if asked.coverage_first else 2]
    name = names[rng.integers(len(names))]
    return asked, replace(answer, **{name: getattr(answer, name) + int(rng.choice([-1, 1]))})


def the_status(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    other = tm.Status.INFEASIBLE if answer.witness is None else tm.Status.OPTIMAL
    return asked, replace(answer, status=other)


def the_proof(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    """Say that prices prove what a search found."""
    return (asked, replace(answer, proof="prices")) if answer.proof == "search" else None


def the_witness(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    """Weaken a price of the witness, or leave out a quota that clashes."""
    if answer.witness is None:
        return None
    if answer._clash is not None:
        out = rng.integers(len(answer._clash))
        return asked, replace(answer, _clash=tuple(np.delete(answer._clash, out).tolist()))
    prices = one_price(rng, answer.witness.prices)
    return (
        None if prices is None else (asked, replace(answer, witness=replace(answer.witness, prices=prices)))
    )


def a_quota(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    """Move a bound of a quota behind the back of the answer."""
    if not asked.quotas:
        return None
    at = rng.integers(len(asked.quotas))
    left, right, low, high = asked.quotas[at]
    if rng.random() < 0.5:
        low = max(0, low + int(rng.choice([-1, 1])))
    else:
        high = int(rng.integers(0, 4)) if high is None else max(0, high + int(rng.choice([-1, 1])))
    if high is not None and low > high:
        return None
    quotas = [*asked.quotas]
    quotas[at] = (left, right, low, high)
    limits = answer._asked.constraints
    ours = [*limits.quotas]
    ours[at] = replace(ours[at], at_least=low, at_most=high)
    return asked._replace(quotas=quotas), behind(answer, replace(limits, quotas=tuple(ours)))


def a_bound(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    """Move a bound of a node behind the back of the answer."""
    name = ("left_least", "left_most", "right_least", "right_most")[rng.integers(4)]
    values = moved(rng, getattr(asked, name))
    if values is None or (values < 0).any():
        return None
    other = asked._replace(**{name: values})
    if (other.left_least > other.left_most).any() or (other.right_least > other.right_most).any():
        return None
    return other, behind(answer, replace(answer._asked.constraints, **{name: values}))


def a_point(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    """Change what a pair is worth behind the back of the answer."""
    i, j, stored = answer._asked.all_pairs()
    if not len(i):
        return None
    at, more = rng.integers(len(i)), rng.choice([-1, 1])
    points, stored = asked.points.copy(), stored.copy()
    points[i[at], j[at]] += more
    stored[at] += more
    question = answer._asked._replace(stored=stored.reshape(answer._asked.stored.shape))
    return asked._replace(points=points), replace(answer, _asked=question)


def a_lock(rng: np.random.Generator, asked: Asked, answer: tm.Assignment) -> Spoiled:
    """Lock another pair behind the back of the answer."""
    may = [tuple(pair) for pair in np.argwhere(asked.stored).tolist() if tuple(pair) not in asked.locked]
    if not may:
        return None
    locked = [*asked.locked, may[rng.integers(len(may))]]
    limits = replace(answer._asked.constraints, locked=np.array(locked))
    return asked._replace(locked=locked), behind(answer, limits)


def behind(answer: tm.Assignment, limits: object) -> tm.Assignment:
    return replace(answer, _asked=answer._asked._replace(constraints=limits))


WAYS = (
    a_price,
    a_quota_price,
    the_coverage_price,
    the_scale,
    the_cover,
    a_pair,
    a_number,
    the_status,
    the_proof,
    the_witness,
    a_quota,
    a_bound,
    a_point,
    a_lock,
)


@pytest.mark.parametrize("part", range(4))
def test_spoiled_answers(part, seed):
    """Five hundred claims that are not so are refused, in every way to spoil them, and true ones accepted."""
    rng = np.random.default_rng([seed, 900 + part])
    refused: Counter[str] = Counter()
    while refused.total() < 500:
        asked, _ = draw(rng, 6)
        answer = ask(asked)
        assert not untrue(asked, answer)
        for at in rng.permutation(len(WAYS))[:8]:
            spoiled = WAYS[at](rng, asked, answer)
            if spoiled is None:
                continue
            wrong = untrue(*spoiled)
            assert spoiled[1].verify().ok == (not wrong), WAYS[at].__name__
            refused[WAYS[at].__name__] += wrong
    assert all(refused[way.__name__] for way in WAYS if way is not the_proof), refused


def test_spoiled_searches():
    """What rests on a search is refused where another search finds more, or where prices are to prove it."""
    points = sparse.coo_array((np.full(3, 10), (range(3), range(3))), shape=(3, 3))
    two_of_three = [
        tm.GroupQuota([0, 1], at_most=1),
        tm.GroupQuota([1, 2], None, 0, 1),
        tm.GroupQuota([0, 2]),
    ]
    ring = [replace(quota, at_most=1) for quota in two_of_three]
    answer = tm.assign(points, quotas=ring)
    assert answer.proof == "search"
    answer.verify().raise_for_failure()
    none = np.empty((0, 2), np.int64)
    for changes in (
        {"proof": "prices"},
        {"_bound": 9},
        {"_bound": 11},
        {"_bound": 0, "_objective": 0, "taken": none},
        {"_asked": tm.assign(points, quotas=[*ring[:2], tm.GroupQuota([2, 0])])._asked},
    ):
        assert not replace(answer, **changes).verify().ok
    exact = [replace(quota, at_least=1) for quota in ring]
    answer = tm.assign(points, quotas=exact)
    assert answer.witness.kind == "search"
    answer.verify().raise_for_failure()
    for clash in ((), (0, 1), (0, 1, 3), (-1, 0, 1)):
        assert not replace(answer, _clash=clash).verify().ok
    assert not replace(answer, _clash=None).verify().ok  # its prices prove nothing
