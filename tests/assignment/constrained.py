"""Questions with bounds, locked pairs and quotas, drawn or made by hand, and answers compared with others."""

from __future__ import annotations

import numpy as np
from scipy import sparse

import twinmatch as tm
from tests.assignment.peers import Asked, by_highs

Quota = tm.GroupQuota


def draw(rng: np.random.Generator, largest: int) -> tuple[Asked, bool]:
    """Draw a question of any kind, and whether its quotas are nested sets of one side each."""
    n, m = rng.integers(1, largest + 1, 2)
    low, high = [(-3, 3), (-9, 30), (0, 2), (5, 9)][rng.integers(4)]
    points = rng.integers(low, high, (n, m))
    stored = rng.random((n, m)) < rng.choice([0.3, 0.6, 1.0])
    most = [np.minimum(rng.integers(0, 4, size), rng.choice([1, 3])) for size in (n, m)]
    if rng.random() < 0.5:
        most[rng.integers(2)][:] = 1
    some = rng.choice([0, 0, 0.2], 2)
    least = [
        np.minimum(rng.integers(0, 4, len(x)) * (rng.random(len(x)) < part), x)
        for x, part in zip(most, some, strict=True)
    ]
    locked = []
    if rng.random() < 0.2:
        may = np.argwhere(stored)
        locked = [tuple(pair) for pair in rng.permutation(may)[: rng.integers(1, 3)].tolist()]
    kind = rng.integers(3)
    quotas = (nested_quotas, crossed_quotas, odd_quotas)[kind](rng, n, m)
    coverage_first = bool(rng.random() < 0.3)
    asked = Asked(points, stored, least[0], most[0], least[1], most[1], locked, quotas, coverage_first)
    return asked, kind == 0


def bounds(rng: np.random.Generator, spread: int) -> tuple[int, int | None]:
    least = int(rng.integers(0, spread + 1)) if rng.random() < 0.4 else 0
    return least, None if rng.random() < 0.3 else least + int(rng.integers(0, 4))


def nested_quotas(rng: np.random.Generator, n: int, m: int) -> list:
    """Draw quotas on regions and countries of either side, and on everybody."""
    quotas = []
    region = [rng.integers(0, 4, size) for size in (n, m)]
    for _ in range(rng.integers(0, 5)):
        side = rng.integers(2)
        among = [{0}, {1}, {2}, {0, 1}, {2, 3}, {0, 1, 2, 3}][rng.integers(6)]
        sets = [np.ones(n, bool), np.ones(m, bool)]
        sets[side] = np.isin(region[side], list(among))
        quotas.append((*sets, *bounds(rng, 3)))
    return quotas


def crossed_quotas(rng: np.random.Generator, n: int, m: int) -> list:
    """Draw quotas on any left nodes with any right nodes."""
    quotas = []
    for _ in range(rng.integers(1, 5)):
        left, right = rng.random(n) < 0.6, rng.random(m) < rng.choice([0.6, 1.0])
        quotas.append((left, right, *bounds(rng, 3)))
    return quotas


def odd_quotas(rng: np.random.Generator, n: int, m: int) -> list:
    """Draw quotas on two neighbours each of an odd ring: halves keep to them where whole numbers do not."""
    side, exact = rng.integers(2), rng.random() < 0.5
    size = (n, m)[side]
    ring = rng.permutation(size)[: 3 if size < 5 else rng.choice([3, 5])]
    quotas = []
    for at in range(len(ring)):
        sets = [np.ones(n, bool), np.ones(m, bool)]
        sets[side] = np.isin(np.arange(size), [ring[at], ring[at - 1]])
        sets[1 - side] = rng.random((n, m)[1 - side]) < rng.choice([0.8, 1.0])
        quotas.append((*sets, *((1, 1) if exact else (0, 1))))
    return quotas


def ask(asked: Asked, **options: object) -> tm.Assignment:
    """Hand a question to the library, as a matrix where every pair is stored and it comes to that."""
    points: object = asked.points
    if not asked.stored.all():
        i, j = np.nonzero(asked.stored)
        points = sparse.coo_array((asked.points[i, j], (i, j)), shape=asked.points.shape)
    return tm.assign(
        points,
        left_bounds=(asked.left_least, asked.left_most),
        right_bounds=(asked.right_least, asked.right_most),
        locked=asked.locked,
        quotas=[
            Quota(None if left.all() else left, None if right.all() else np.flatnonzero(right), low, high)
            for left, right, low, high in asked.quotas
        ],
        coverage_first=asked.coverage_first,
        **options,
    )


def recount(asked: Asked, witness: object) -> None:
    """Add up a witness: every assignment has a sum of 0, and this is the most that it could be."""
    u, v, g = (array.tolist() for array in witness.prices[:3])

    def highest(price: int, low: int, high: float) -> float:
        return price * (high if price > 0 else low) if price else 0

    total = sum(map(highest, u, asked.left_least.tolist(), asked.left_most.tolist()))
    total += sum(map(highest, v, asked.right_least.tolist(), asked.right_most.tolist()))
    for price, (_, _, low, high) in zip(g, asked.quotas, strict=True):
        total += highest(price, low, np.inf if high is None else high)
    for i, j in np.argwhere(asked.stored).tolist():
        over = [
            price for price, (left, right, *_) in zip(g, asked.quotas, strict=True) if left[i] and right[j]
        ]
        net = -u[i] - v[j] - sum(over)
        total += net if (i, j) in asked.locked else max(0, net)
    assert total < 0
    assert total == witness.offered - witness.asked
    assert witness.prices.coverage == 0
    assert (witness.kind == "cut") == (max(map(abs, [*u, *v, *g]), default=0) <= 1)


def check(asked: Asked, answer: tm.Assignment, most: int | None) -> None:
    """Compare the answer with the one that others give, and check its proof."""
    answer.verify().raise_for_failure()
    if most is not None:
        assert answer.status is tm.Status.OPTIMAL
        assert answer.objective == answer.bound == most
        assert (answer.gap, answer.limit, answer.witness) == (0, None, None)
        assert asked.broken(answer.pairs) == []
        assert asked.points[tuple(answer.pairs.T)].sum() == most
        if answer.proof == "search" and not asked.coverage_first:
            assert np.floor(by_highs(asked, whole=False) + 1e-6) > most  # prices cannot prove it
        return
    assert answer.status is tm.Status.INFEASIBLE
    witness = answer.witness
    assert witness.explain("fr") != witness.explain("en") != ""
    if witness.kind != "search":
        recount(asked, witness)
        return
    assert by_highs(asked._replace(coverage_first=False), whole=False) is not None  # no sum can show it
    clash = [int(name.removeprefix("quota ")) for name in witness.clash]
    among = asked._replace(quotas=[asked.quotas[q] for q in clash])
    assert by_highs(among) is None
    for q in range(len(clash)):
        assert by_highs(among._replace(quotas=among.quotas[:q] + among.quotas[q + 1 :])) is not None


POINTS = np.array([[9, 5, 2, 7], [8, 7, 1, 6], [8, 6, 3, 5]])


def solved(points: object = POINTS, **options: object) -> tm.Assignment:
    """Return an answer whose proof holds."""
    answer = tm.assign(points, **options)
    answer.verify().raise_for_failure()
    return answer


def diagonal(size: int, worth: int = 1) -> sparse.coo_array:
    """One pair for each node."""
    return sparse.coo_array((np.full(size, worth), (range(size), range(size))), shape=(size, size))


def ring(size: int, at_least: int, at_most: int | None) -> list[Quota]:
    """Quotas on two neighbours each of a ring of left nodes."""
    return [Quota([k, (k + 1) % size], None, at_least, at_most, f"ring {k}") for k in range(size)]
