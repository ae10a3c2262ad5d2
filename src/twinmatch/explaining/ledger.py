"""
What prices say of a pair that was not made.

Problem
    A school asks why it is not paired with somebody else. Trying it out means solving the whole problem
    again.
Idea
    The proof of a matching answers already. By the theorem of :mod:`twinmatch.certify.theorem`, points of any
    matching are at most the bound, less what each of its pairs falls short of its prices: with

        short_ij = u_i - (points_ij + c_i - v_j - g_ij)

    the *shortfall* of a pair, where ``u_i`` is what the left school keeps at best, ``v_j`` the price of the
    place, ``g_ij`` those of the quotas on the pair, and ``c_i`` what covering the school is worth, every
    matching that holds the pair ``(i, j)`` and covers as many schools has at least ``short_ij`` points less
    than the bound. No solver is asked, and one pass over the row of the school finds ``u_i``.
Sharper
    Prices that prove a matching are one choice among many, and others say more of a pair. Two are tried.
    *Dearer*: the wanted place ``j`` is full, so its price may rise until a holder would rather go elsewhere:
    then ``u`` of the holders falls by as much, and the sum is the same. What is stated is then by how much
    the weakest holder outbids the school. *Cheaper*: the price of the school's own place may fall until
    somebody else would rather have it, and ``u_i`` rises.
The same for coverage
    Prices with points of zero prove how many schools can have a partner. A pair that falls short of these
    leaves as many schools more without one.
What is not known
    A shortfall of zero proves nothing: the pair may be in another matching that is as good. Where a gap is
    left between the matching and its bound, it comes off; where a bound rests on a search, prices prove
    another bound, which is worked out. Mechanisms without prices say nothing here.
Exactness
    Whole numbers throughout. Prices in parts of a point are divided last, and rounded to the safe side.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.certify.implicit import question_of
from twinmatch.certify.theorem import GroupPrices, Worth, bound_of
from twinmatch.graph.constraints import Prices
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.status import Status

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints, Quota
    from twinmatch.graph.terms import PairTerms
    from twinmatch.matching import Matching

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["PRICED", "Accounts", "Ledger"]

#: The price of a place with more holders is left as it is.
_MOST_HOLDERS = 8
#: The mechanisms whose matchings are proven by prices of places.
PRICED = frozenset({"most_points", "leximin", "nash", "concave"})


class Ledger:
    """
    Prices as an account of every pair.

    Parameters
    ----------
    limits : Constraints
    prices : Prices
    scale : int
        What points are multiplied by; 0 leaves them out.
    """

    def __init__(self, limits: Constraints, prices: Prices, scale: int) -> None:
        gain = np.full(limits.num_left, prices.coverage, np.int64)
        grouped: list[tuple[Quota, int]] = []
        for quota, price in zip(limits.quotas, prices.quota.tolist(), strict=True):
            if price and quota.covered:
                gain[limits.members(quota)[0]] -= price
            elif price:
                grouped.append((quota, price))
        self.limits, self.prices, self.scale = limits, prices, scale
        nothing = np.zeros(limits.num_left, np.int64)
        self._worth = Worth(gain, nothing, prices.right, GroupPrices(limits, grouped), scale)

    def net(self, i: Int64, j: Int64, points: Int64) -> Int64:
        """Return what pairs of these points leave after all prices."""
        return self._worth.net(i, j, points)

    def kept(self, i: int, row: Int64, *, but: int = -1, lowered: tuple[int, int] = (-1, 0)) -> int:
        """
        Return what a left school keeps at best.

        Parameters
        ----------
        i : int
        row : (num_right,) int64
            What its pairs count for, ``FORBIDDEN`` where they are not admissible.
        but : int, optional
            A right school that it must do without.
        lowered : (int, int), optional
            A right school whose price is lower by so much.
        """
        if self.limits.left_most[i] > 1:
            return int(self.prices.left[i])
        j = np.flatnonzero(row != FORBIDDEN)
        net = self.net(np.full(len(j), i), j, row[j]) + np.where(j == lowered[0], lowered[1], 0)
        net = net[j != but]
        best = int(net.max()) if len(net) else 0
        return best if self.limits.left_least[i] else max(0, best)


class Accounts:
    """
    All that the proof of a matching says of pairs.

    Parameters
    ----------
    matching : Matching

    Attributes
    ----------
    limits : Constraints
    terms : PairTerms
        What pairs count for.
    slack : int or None
        How far the bound of the prices is above the objective; None where prices say nothing.
    """

    def __init__(self, matching: Matching) -> None:
        self.matching = matching
        plain = matching._compiled.terms
        curve = matching.mechanism.curve(plain.max_points) if self.is_priced else None
        self.plain: PairTerms = plain
        self.terms: PairTerms = plain if curve is None else replace(plain, curve=curve)
        self.limits: Constraints = matching.constraints
        self.everybody = np.arange(len(matching.right))
        proof = matching.proof
        self.taken = np.stack(matching._taken(), axis=1)
        self._locked = frozenset(self.limits.locked[:, 0].tolist())
        self._rows: dict[int, Int64] = {}
        self._kept: dict[int, Int64] = {}
        self.scale = 1 if proof is None else proof.price_scale
        left = np.zeros(len(matching.left), np.int64) if proof is None else proof.left_price
        quota = np.zeros(0, np.int64) if proof is None else proof.quota_price
        self.slack = self._slack(Prices(left, matching.right_price, quota, matching.coverage_price))
        self.points: Ledger | None = None
        if self.slack is not None:
            prices = Prices(left, matching.right_price, quota, matching.coverage_price)
            self.points = Ledger(self.limits, prices, self.scale)
        cover = self._cover()
        self.cover = None if cover is None else Ledger(self.limits, cover, 0)

    @property
    def is_priced(self) -> bool:
        """Whether the mechanism sets prices."""
        return self.matching.mechanism.name in PRICED

    @property
    def is_covered(self) -> bool:
        """Whether it is proven that no more schools can have a partner."""
        matching = self.matching
        first = matching.policy.coverage == "first" and self.is_priced
        return first and matching.coverage == matching.coverage_bound

    def _slack(self, prices: Prices) -> int | None:
        matching = self.matching
        found = matching.status in (Status.OPTIMAL, Status.FEASIBLE)
        if not found or not self.is_priced or (matching.policy.coverage == "first" and not self.is_covered):
            return None
        proof = matching.proof
        if proof is None or not proof.searched:
            return matching.gap
        first = matching.policy.coverage == "first"
        question = question_of(self.terms, self.limits, first, proof.taken)
        proven = bound_of(question, prices, self.scale)
        if first:
            proven -= prices.coverage * matching.coverage_bound
        return proven // self.scale - matching.objective

    def _cover(self) -> Prices | None:
        """Return the prices that prove the coverage, where it is proven."""
        matching, proof = self.matching, self.matching.proof
        if not self.is_covered or matching.status not in (Status.OPTIMAL, Status.FEASIBLE):
            return None
        if proof is not None:
            return None if proof.searched else proof.cover
        witness = matching.witness_left
        right = self._neighbours(witness).astype(np.int64)
        return Prices((~witness).astype(np.int64), right, np.zeros(0, np.int64), 1)

    def _neighbours(self, rows: Bool) -> Bool:
        """Return the right schools that are admissible to one of some left schools."""
        terms = self.plain
        allowed = (terms.table != FORBIDDEN).astype(np.int64)
        many = np.bincount(terms.left_class, rows, minlength=len(allowed)).astype(np.int64)
        count = (many @ allowed)[terms.right_class]
        if len(terms.banned):
            i, j = terms.banned.T
            struck = rows[i] & (allowed[terms.left_class[i], terms.right_class[j]] > 0)
            count -= np.bincount(j[struck], minlength=len(count))
        found: Bool = count > 0
        return found

    def row(self, i: int) -> Int64:
        """Return what the pairs of a left school count for, ``FORBIDDEN`` where they are not admissible."""
        return self.terms.points(np.array(i), self.everybody)

    def price(self, j: int) -> int:
        """Return the price of a place, in ``1 / scale`` of what is counted."""
        return int(self.matching.right_price[j])

    def short(self, i: int, chosen: Int64, row: Int64) -> tuple[list[int | None], list[int]]:
        """
        Return what pairs cost at least: in points, and in schools that go without a partner.

        Parameters
        ----------
        i : int
            The left school.
        chosen : (k,) int
            Right schools that it is not paired with; the pairs are admissible.
        row : (num_right,) int64
            Of the left school, see :meth:`row`.

        Returns
        -------
        points : list of int or None
            What every matching with the pair that covers as many schools has less than this one, at least;
            zero where prices do not tell, None where there are none.
        schools : list of int
            How many schools fewer have a partner in every matching with the pair, at least.
        """
        points: list[int | None] = [None] * len(chosen)
        if self.points is not None and self.slack is not None:
            short = self._short(self.points, i, chosen, row, self.slack == 0 and self.scale == 1)
            points = [max(0, one // self.scale - self.slack) for one in short]
        schools = [0] * len(chosen)
        if self.cover is not None and self.cover.prices.coverage > 0:
            unit = self.cover.prices.coverage
            schools = [max(0, one // unit) for one in self._short(self.cover, i, chosen, row, unit == 1)]
            # No matching with the pair has fewer points than the pair: where prices say so, coverage falls.
            left = [None if one is None else self.matching.objective - one for one in points]
            for at, (most, least) in enumerate(zip(left, row[chosen].tolist(), strict=True)):
                if most is not None and most < least:
                    schools[at] = max(1, schools[at])
        return points, schools

    def _short(self, ledger: Ledger, i: int, chosen: Int64, row: Int64, is_tight: bool) -> list[int]:
        """Return how far pairs fall short, by the sharpest prices that are tried."""
        short = ledger.kept(i, row) - ledger.net(np.full(len(chosen), i), chosen, row[chosen])
        lowered = self._cheaper(ledger, i) if is_tight else (-1, 0)
        dearer = [self._dearer(ledger, j, lowered) for j in chosen.tolist()]
        return [a + lowered[1] + b for a, b in zip(short.tolist(), dearer, strict=True)]

    def _dearer(self, ledger: Ledger, j: int, lowered: tuple[int, int]) -> int:
        """Return by how much the price of a full place may rise before a holder would rather go elsewhere."""
        limits = self.limits
        holders = self.taken[self.taken[:, 1] == j, 0].tolist()
        is_full = len(holders) == limits.right_most[j]
        if not is_full or not holders or len(holders) > _MOST_HOLDERS or ledger.prices.right[j] < 0:
            return 0
        if any(limits.left_most[h] > 1 or h in self._locked for h in holders):
            return 0
        rises = []
        for h in holders:
            if h not in self._rows:
                self._rows[h] = self.row(h)
            row = self._rows[h]
            if limits.left_least[h] and np.count_nonzero(row != FORBIDDEN) < 2:
                return 0  # it has no other choice, and no price would tell
            rises.append(ledger.kept(h, row, lowered=lowered) - ledger.kept(h, row, but=j, lowered=lowered))
        return max(0, min(rises))

    def _cheaper(self, ledger: Ledger, i: int) -> tuple[int, int]:
        """
        Return a school's own partner, and by how much its price may fall before others want it.

        Only where prices are tight: there each left school keeps what its own pair leaves.
        """
        limits = self.limits
        own = self.taken[self.taken[:, 0] == i, 1]
        if len(own) != 1 or limits.left_most[i] != 1:
            return -1, 0
        m = int(own[0])
        holders = self.taken[self.taken[:, 1] == m, 0]
        if (limits.left_most[holders] > 1).any() or any(h in self._locked for h in holders.tolist()):
            return -1, 0
        counts = self.terms.points(np.arange(limits.num_left), np.array(m))
        others = (counts != FORBIDDEN) & (limits.left_most > 0)
        others[holders] = False
        rivals = np.flatnonzero(others)
        room = self.kept_by_all(ledger)[rivals] - ledger.net(rivals, np.full(len(rivals), m), counts[rivals])
        fall = min(int(ledger.prices.right[m]), int(room.min()) if len(room) else 2**62)
        return m, max(0, fall)

    def kept_by_all(self, ledger: Ledger) -> Int64:
        """
        Return what each left school keeps, where prices are tight: what its own pair leaves, or nothing.

        A school with several partners keeps what the prices say; one whose pair is locked anything.
        """
        if id(ledger) not in self._kept:
            i, j = self.taken.T
            kept = np.zeros(self.limits.num_left, np.int64)
            kept[i] = ledger.net(i, j, self.terms.points(i, j))
            several = self.limits.left_most > 1
            kept[several] = ledger.prices.left[several]
            kept[[*self._locked]] = 2**61
            self._kept[id(ledger)] = kept
        return self._kept[id(ledger)]
