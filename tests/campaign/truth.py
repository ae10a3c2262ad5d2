"""
What is true of a matching, in slow loops over dense points: the second judge of forged proofs.

Nothing here is shared with :mod:`twinmatch.certify`. A claim is false where a table contradicts it, or where
the numbers that are handed over do not add up to it. A claim that is weaker than it could be is not false.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.oracles import (
    FORBIDDEN,
    best_by_ortools,
    dense_bound,
    dense_coverage_bound,
    dense_points,
)
from twinmatch.compiler import compiled
from twinmatch.mechanisms import Leximin, Procedure, lottery
from twinmatch.mechanisms.ordinal import SerialDictatorship, Stable
from twinmatch.mechanisms.ranks import RankMaximal
from twinmatch.status import Status

if TYPE_CHECKING:
    import twinmatch as tm
    from twinmatch.graph.constraints import Constraints, Prices


def load_of(told: tm.Matching) -> np.ndarray:
    """Return how many left schools each right school has."""
    return np.bincount(told.mate[told.mate >= 0], minlength=len(told.right))


class Judge:
    """
    What is known of the question that an honest matching answers.

    Parameters
    ----------
    honest : Matching
        Only its tables, its policy and its mechanism are read; of a rank-maximal one and of what a search
        found, also its answer, which no forgery may claim to better.
    """

    def __init__(self, honest: tm.Matching) -> None:
        self.honest = honest
        terms = compiled(honest.left, honest.right, honest.policy).terms
        self.points = dense_points(terms)  # without a curve
        self.most_points = terms.max_points
        self.terms = terms

    def is_false(self, told: tm.Matching) -> bool:
        """Say whether anything that is claimed is not so, or not proven."""
        if isinstance(told.mechanism, Procedure):
            return self._procedure(told)
        curve = told.mechanism.curve(self.most_points)
        points = self.points
        if curve is not None:
            counted = np.asarray(curve, np.int64)[np.clip(points, 0, len(curve) - 1)]
            points = np.where(points == FORBIDDEN, FORBIDDEN, counted)
        if told.proof is not None:
            return self._under_quotas(told, points)
        return self._plain(told, points) or (isinstance(told.mechanism, Leximin) and self._floor(told))

    # -- Prices and a witness --------------------------------------------------------------------------------

    def _plain(self, told: tm.Matching, points: np.ndarray) -> bool:
        places, mate = told.right_capacity, told.mate
        if _misplaced(mate, points, places):
            return True
        i = np.flatnonzero(mate >= 0)
        objective, coverage = int(points[i, mate[i]].sum()), len(i)
        if told.objective != objective or told.coverage != coverage:
            return True
        if min(told.right_price.tolist(), default=0) < 0 or told.coverage_price < 0:
            return True
        if max(told.right_price.tolist(), default=0) > 2**62:
            return True  # beyond what is counted
        bound = dense_bound(points, places, told.right_price, told.coverage_price, coverage)
        most = dense_coverage_bound(points, places, told.witness_left)
        if told.bound < bound or told.coverage_bound < most:
            return True
        if told.status is Status.OPTIMAL:
            return not (told.objective == told.bound == bound and coverage == told.coverage_bound == most)
        if told.status is Status.INFEASIBLE:
            return most >= len(points)
        return told.status is Status.NO_SOLUTION and coverage > 0

    def _floor(self, told: tm.Matching) -> bool:
        promise, mate = told.mechanism.promise, told.mate
        if promise is None:
            return told.status is Status.OPTIMAL and told.coverage > 0
        i = np.flatnonzero(mate >= 0)
        if (self.points[i, mate[i]] < promise.floor).any():
            return True
        above = np.where(self.points > promise.floor, self.points, FORBIDDEN)
        if best_by_ortools(above, told.right_capacity).coverage >= len(i):
            return True  # a higher floor can be promised
        partners = {
            int(j)
            for k in np.flatnonzero(promise.witness_left)
            for j in np.flatnonzero(above[k] != FORBIDDEN)
        }
        others = len(self.points) - int(promise.witness_left.sum())
        return others + sum(min(int(told.right_capacity[j]), len(self.points)) for j in partners) >= len(i)

    # -- Quotas ----------------------------------------------------------------------------------------------

    def _under_quotas(self, told: tm.Matching, points: np.ndarray) -> bool:
        proof = told.proof
        limits = told.constraints if (told.right_capacity >= 0).all() else self.honest.constraints
        if not self._follows(told):
            return True
        if told.status is Status.INFEASIBLE:
            if proof.clash is not None:  # none of them can be left out
                return self.honest.proof.clash is None or set(proof.clash) < set(self.honest.proof.clash)
            return proof.witness is None or theorem(points, limits, proof.witness, 0) >= 0
        first = told.policy.coverage == "first"
        pairs = proof.taken
        if told.status is not Status.NO_SOLUTION and _broken(pairs, points, limits):
            return True
        if proof.price_scale < 1:
            return True
        objective = sum(int(points[i, j]) for i, j in pairs.tolist())
        coverage = len({i for i, _ in pairs.tolist()})
        if told.status is not Status.NO_SOLUTION and (
            told.objective != objective or told.coverage != coverage
        ):
            return True
        covers = told.coverage_bound if first else 0
        if first:
            if proof.cover is None or proof.cover.coverage < 1:
                return True
            proven = theorem(points, limits, proof.cover, 0) // proof.cover.coverage
            if covers < proven and not (proof.searched and covers >= self.honest.coverage_bound):
                return True
        elif told.coverage_price:
            return True
        prices = _prices_of(told)
        proven = (
            theorem(points, limits, prices, proof.price_scale) - prices.coverage * covers
        ) // proof.price_scale
        if told.bound < proven and not (proof.searched and told.bound >= self.honest.bound):
            return True
        best = told.objective == told.bound and (not first or coverage == covers)
        return told.status is Status.OPTIMAL and not best

    def _follows(self, told: tm.Matching) -> bool:
        """Say whether mates and witness follow from the proof, and that nobody is claimed for nothing."""
        first: dict[int, int] = {}
        for i, j in told.proof.taken.tolist():
            first[i] = min(j, first.get(i, j))
        if [first.get(i, -1) for i in range(len(told.left))] != told.mate.tolist():
            return False
        if told.status in (Status.INFEASIBLE, Status.NO_SOLUTION) and (
            first or told.objective or told.coverage
        ):
            return False
        cover = told.proof.cover
        marks = [False] * len(told.left) if cover is None else [price == 0 for price in cover.left.tolist()]
        return marks == told.witness_left.tolist()

    # -- Procedures ------------------------------------------------------------------------------------------

    def _procedure(self, told: tm.Matching) -> bool:
        """Say so of what claims to be done; of what was stopped, no more is claimed than anybody can see."""
        mate, points = told.mate, self.points
        if told.status is not Status.OPTIMAL or _misplaced(mate, points, told.right_capacity):
            return told.status is Status.OPTIMAL
        i = np.flatnonzero(mate >= 0)
        objective = int(points[i, mate[i]].sum())
        if not (told.objective == told.bound == objective and told.coverage == told.coverage_bound == len(i)):
            return True
        if isinstance(told.mechanism, RankMaximal):
            return self._ranks(told)
        return not np.array_equal(mate, outcome(told.mechanism, told, points))

    def _ranks(self, told: tm.Matching) -> bool:
        if not np.array_equal(told.right_capacity, self.honest.right_capacity):
            return False  # another question, whose answer is not known here
        mine, best = (by_ranks(self.points, one) for one in (told, self.honest))
        price, honest = told.mechanism.right_price, self.honest.mechanism.right_price
        if price is None:
            return True
        free = load_of(told) < told.right_capacity
        dearer = ((price > honest) & free).any() and (price >= honest).all()  # a free place costs nothing
        return mine < best or bool(dearer)


def _misplaced(mate: np.ndarray, points: np.ndarray, places: np.ndarray) -> bool:
    i = np.flatnonzero(mate >= 0)
    load = np.bincount(mate[i], minlength=len(places))
    return bool((points[i, mate[i]] == FORBIDDEN).any() or (load > places).any())


def _broken(pairs: np.ndarray, points: np.ndarray, limits: Constraints) -> bool:
    used = np.zeros(points.shape, int)
    for i, j in pairs.tolist():
        used[i, j] += 1
    left, right = used.sum(axis=1), used.sum(axis=0)
    keeps = [
        (used <= 1).all() and not used[points == FORBIDDEN].any(),
        ((left >= limits.left_least) & (left <= limits.left_most)).all(),
        ((right >= limits.right_least) & (right <= limits.right_most)).all(),
        all(used[i, j] for i, j in limits.locked),
    ]
    for quota in limits.quotas:
        some, others = limits.members(quota)
        count = int((left[some] > 0).sum()) if quota.covered else int(used[np.ix_(some, others)].sum())
        keeps.append(quota.at_least <= count <= (math.inf if quota.at_most is None else quota.at_most))
    return not all(keeps)


def theorem(points: np.ndarray, limits: Constraints, prices: Prices, scale: int) -> int:
    """Add up what points times ``scale`` and ``c`` times coverage cannot exceed, one pair at a time."""
    n, m = points.shape
    u, v, g = (array.tolist() for array in prices[:3])
    gain = [int(prices.coverage)] * n
    total = 0
    on_pairs = []
    for price, quota in zip(g, limits.quotas, strict=True):
        some, others = limits.members(quota)
        most = n * m if quota.at_most is None else quota.at_most
        total += max(price * quota.at_least, price * max(most, quota.at_least))
        if quota.covered:
            gain = [c - price * bool(inside) for c, inside in zip(gain, some, strict=True)]
        else:
            on_pairs.append((price, some, others))
    for i in range(n):
        times = range(int(limits.left_least[i]), int(limits.left_most[i]) + 1)
        total += max(k * u[i] - max(0, k - 1) * gain[i] for k in times)
    for j in range(m):
        total += max(k * v[j] for k in (int(limits.right_least[j]), int(limits.right_most[j])))
    locked = {(int(i), int(j)) for i, j in limits.locked}
    for i, j in np.argwhere(points != FORBIDDEN).tolist():
        over = sum(price for price, some, others in on_pairs if some[i] and others[j])
        net = scale * int(points[i, j]) + gain[i] - u[i] - v[j] - over
        total += net if (i, j) in locked else max(0, net)
    return total


def _prices_of(told: tm.Matching) -> Any:
    from twinmatch.graph.constraints import Prices

    return Prices(told.proof.left_price, told.right_price, told.proof.quota_price, told.coverage_price)


def outcome(mechanism: Procedure, told: tm.Matching, points: np.ndarray) -> np.ndarray:
    """Return the one matching that a procedure comes to, without quotas."""
    n, m = points.shape
    room = told.right_capacity.tolist()
    mate = np.full(n, -1)
    pairs = [(i, j) for i in range(n) for j in range(m) if points[i, j] != FORBIDDEN]
    if isinstance(mechanism, SerialDictatorship):
        place = lottery(told.left.ids, mechanism.seed)
        pairs.sort(key=lambda pair: (place[pair[0]], -points[pair], pair[1]))
    else:
        pairs.sort(key=lambda pair: (-points[pair], *pair))
    if isinstance(mechanism, Stable) and mechanism.right_policy is not None:
        return _deferred(points, _points_of_right(told, mechanism), told.right_capacity)
    for i, j in pairs:
        if mate[i] < 0 and room[j]:
            mate[i], room[j] = j, room[j] - 1
    return mate


def _points_of_right(told: tm.Matching, mechanism: Stable) -> np.ndarray:
    return dense_points(compiled(told.left, told.right, mechanism.right_policy).terms)


def _deferred(points: np.ndarray, keys: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Let left schools propose, one proposal after the other."""
    n, m = points.shape
    wishes = [
        sorted(
            (j for j in range(m) if points[i, j] != FORBIDDEN and keys[i, j] != FORBIDDEN),
            key=lambda j: (-points[i, j], j),
        )
        for i in range(n)
    ]
    held: list[list[int]] = [[] for _ in range(m)]
    free = [*range(n)]
    while free:
        i = free.pop()
        if wishes[i]:
            j = wishes[i].pop(0)
            held[j] = sorted([*held[j], i], key=lambda k: (-keys[k, j], k))
            free += held[j][places[j] :]
            held[j] = held[j][: places[j]]
    mate = np.full(n, -1)
    for j, some in enumerate(held):
        mate[some] = j
    return mate


def by_ranks(points: np.ndarray, told: tm.Matching) -> tuple[int, ...]:
    """Return how many pairs of each rank there are, and their points."""
    ranks, places = told.mechanism.ranks, told.right_capacity
    count = [0] * ranks
    total = 0
    for i, j in enumerate(told.mate.tolist()):
        if j < 0:
            continue
        better = (points[i] > points[i, j]) & (points[i] != FORBIDDEN) & (places > 0)
        if int(better.sum()) < ranks:
            count[int(better.sum())] += 1
            total += int(points[i, j])
    return (*count, total)
