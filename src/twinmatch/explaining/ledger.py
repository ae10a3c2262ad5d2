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

#: The mechanisms whose matchings are proven by prices of places.
PRICED = frozenset({"most_points", "nash", "concave"})


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

    def kept(self, i: int, points: Int64) -> int:
        """
        Return what a left school keeps at best.

        Parameters
        ----------
        i : int
        points : (num_right,) int64
            Of its row, ``FORBIDDEN`` where a pair is not admissible.
        """
        if self.limits.left_most[i] > 1:
            return int(self.prices.left[i])
        j = np.flatnonzero(points != FORBIDDEN)
        best = int(self.net(np.full(len(j), i), j, points[j]).max()) if len(j) else 0
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
            Right schools; the pairs are admissible.
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
        rows = np.full(len(chosen), i)
        points: list[int | None] = [None] * len(chosen)
        if self.points is not None and self.slack is not None:
            short = self.points.kept(i, row) - self.points.net(rows, chosen, row[chosen])
            points = [max(0, one // self.scale - self.slack) for one in short.tolist()]
        schools = [0] * len(chosen)
        if self.cover is not None and self.cover.prices.coverage > 0:
            short = self.cover.kept(i, row) - self.cover.net(rows, chosen, row[chosen])
            schools = [max(0, one // self.cover.prices.coverage) for one in short.tolist()]
        return points, schools
