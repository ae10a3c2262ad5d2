"""
The one theorem that every bound, every coverage and every witness rests on, and the check that applies it.

Problem
    Somebody claims that an assignment has the most points, or that none exists that keeps to everything that
    was asked.
What is handed over
    The pairs and their points; fewest and most partners of each node, ``lo`` and ``hi``; pairs that must be;
    quotas, each with fewest and most pairs of a group, or left nodes with a partner; the assignment; prices.
The one theorem
    Take any whole numbers ``u`` of left nodes, ``v`` of right nodes, ``g`` of quotas and ``c``, of any sign.
    Every assignment that keeps to what was asked has

        points + c coverage <= sum_i T_i + sum_j H(v_j) + sum_q H(g_q) + sum of max(0, r_ij) over all pairs

    where ``r_ij = points_ij + c_i - u_i - v_j - g_q over the quotas of the pair`` (as it is where the pair
    must be), ``H(x) = hi x`` for ``x > 0`` and ``lo x`` otherwise, ``c_i`` is ``c`` less the prices of the
    quotas that count ``i`` as covered, and ``T_i`` is the largest ``k u_i - max(0, k - 1) c_i`` for ``k``
    from ``lo_i`` to ``hi_i``. Proof: write the points of each pair as ``r_ij - c_i + u_i + v_j + g`` and add
    up; a node or quota that is used ``k`` times adds ``k`` times its price, with ``lo <= k <= hi``, and all
    pairs of a left node but the first took a ``c_i`` too many.
Its three uses
    *Bound*: with the points as they are. Where coverage comes first, the assignment covers no fewer than
    ``coverage_bound``, so ``c coverage_bound`` is taken off again. *Coverage bound*: with points of zero and
    ``c`` above zero, which the sum is divided by. *Infeasible*: with points of zero the sum must not be
    negative. Where it is, nothing that was asked for exists. A set of left nodes that must be paired (price
    -1) with too few places at their partners (price 1) is the simplest case.
What the check trusts
    The question it is handed, NumPy, and this file. No solver. Sums are exact integers of any size.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from twinmatch.certify.certificate import Certificate, Claim
from twinmatch.certify.exact import exact_sum
from twinmatch.certify.searching import best_by_search
from twinmatch.errors import ResourceLimitError
from twinmatch.graph.constraints import Constraints, Prices, Quota, kinds_of
from twinmatch.status import Status

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.certify.pruned import Extent

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Claims", "GroupPrices", "Question", "Worth", "bound_of", "check_assignment", "left_term"]

_LIMIT = 2**60  # of points, prices and sums of quota prices: five of them still fit 63 bits


class Question(Protocol):
    """What was asked: the pairs, whatever they are kept as, and what they must keep to."""

    @property
    def constraints(self) -> Constraints:
        """Bounds, pairs that must be, quotas."""

    @property
    def coverage_first(self) -> bool:
        """Whether as many left nodes as possible are paired before any point counts."""

    @property
    def num_pairs(self) -> int:
        """How many pairs a look at all of them looks at."""

    @property
    def extent(self) -> Extent:
        """How the last look at all of them went."""

    @property
    def largest(self) -> int:
        """No pair has more points in absolute value."""

    def points(self, i: Int64, j: Int64) -> tuple[Int64, int]:
        """Return the points of the pairs that are admissible, and how many are not."""

    def surplus(self, worth: Worth) -> tuple[Int64, int]:
        """
        Return left prices, those of ``worth`` or better ones, and the sum of ``max(0, r_ij)`` at these.

        Every admissible pair is looked at. Pairs that must be count as they are, below zero too.
        """

    def all_pairs(self) -> tuple[Int64, Int64, Int64]:
        """Return left node, right node and points of every admissible pair."""


class Claims(NamedTuple):
    """
    What was answered.

    Attributes
    ----------
    status : Status
    pairs : (k, 2) int64
    prices : Prices or None
        They prove ``bound``; in ``1 / price_scale`` points.
    price_scale : int
    cover : Prices or None
        They prove ``coverage_bound``.
    witness : Prices or None
        They prove that nothing exists.
    clash : tuple of int or None
        Quotas that cannot be kept together, by a search: then ``witness`` proves nothing.
    searched : bool
        Whether ``bound`` and ``coverage_bound`` may be lower than what prices prove, by a search.
    objective, bound, coverage, coverage_bound : int or None
    """

    status: Status
    pairs: npt.NDArray[np.integer]
    prices: Prices | None
    price_scale: int
    cover: Prices | None
    witness: Prices | None
    clash: tuple[int, ...] | None
    searched: bool
    objective: int | None
    bound: int | None
    coverage: int | None
    coverage_bound: int | None


def check_assignment(asked: Question, claims: Claims) -> Certificate:
    """
    Recount what an assignment claims, over every admissible pair.

    Parameters
    ----------
    asked : Question
    claims : Claims

    Returns
    -------
    Certificate
    """
    started = time.monotonic()
    check = _Check(asked, claims)
    found = check.infeasible() if claims.status is Status.INFEASIBLE else check.matching()
    return Certificate(
        claims=tuple(check.claims),
        status=str(claims.status),
        objective=found.objective,
        bound=found.bound,
        coverage=found.coverage,
        coverage_bound=found.coverage_bound,
        pairs_checked=asked.num_pairs,
        pass_seconds=check.pass_seconds,
        seconds=time.monotonic() - started,
        pairs_excluded=asked.extent.excluded,
    )


def bound_of(question: Question, prices: Prices, scale: int) -> int:
    """
    Return the right side of the theorem: what points times ``scale`` plus ``c`` times coverage cannot exceed.

    Parameters
    ----------
    question : Question
    prices : Prices
        Whole numbers up to 2**60 in absolute value.
    scale : int
        What the points are multiplied by; 0 leaves them out.

    Returns
    -------
    int
    """
    limits, v = question.constraints, prices.right
    gain = np.full(limits.num_left, prices.coverage, np.int64)
    grouped: list[tuple[Quota, int]] = []
    total = 0
    for quota, price in zip(limits.quotas, prices.quota.tolist(), strict=True):
        most = limits.num_left * limits.num_right if quota.at_most is None else quota.at_most
        total += price * (most if price > 0 else quota.at_least)
        if price and quota.covered:
            gain[limits.members(quota)[0]] -= price
        elif price:
            grouped.append((quota, price))
    u, surplus = question.surplus(Worth(gain, prices.left, v, GroupPrices(limits, grouped), scale))
    times = np.where(v > 0, limits.right_most, limits.right_least)
    total += sum(a * b for a, b in zip(v.tolist(), times.tolist(), strict=True))
    return int(total) + _left_terms(u, gain, limits) + surplus


def _left_terms(price: Int64, gain: Int64, limits: Constraints) -> int:
    """Return the sum of the largest ``k u - max(0, k - 1) c``; between its ends it can only bend at 1."""
    total = 0
    bounds = limits.left_least.tolist(), limits.left_most.tolist()
    for u, c, low, high in zip(price.tolist(), gain.tolist(), *bounds, strict=True):
        total += left_term(u, c, low, high)
    return total


def left_term(price: int, gain: int, least: int, most: int) -> int:
    """Return the largest ``k u - max(0, k - 1) c`` of a left node with so many partners."""
    return max(k * price - max(0, k - 1) * gain for k in {least, most, min(max(least, 1), most)})


class GroupPrices:
    """
    What the quotas of a pair cost together.

    Parameters
    ----------
    limits : Constraints
    priced : list of (Quota, price)
        The quotas on pairs that have a price.

    Attributes
    ----------
    left, right : int64
        Of each node, the prices of the quotas that name its side only.
    left_kind, right_kind : int64
        Nodes that the same of the other quotas are on are of one kind.
    table : (left kinds, right kinds) int64
        Prices of these.
    """

    def __init__(self, limits: Constraints, priced: list[tuple[Quota, int]]) -> None:
        self.left = np.zeros(limits.num_left, np.int64)
        self.right = np.zeros(limits.num_right, np.int64)
        both = []
        for quota, price in priced:
            if quota.right is None:
                self.left[limits.members(quota)[0]] += price
            elif quota.left is None:
                self.right[quota.right] += price
            else:
                both.append((quota.left, quota.right, price))
        self.left_kind, left_in = kinds_of([left for left, _, _ in both], limits.num_left)
        self.right_kind, right_in = kinds_of([right for _, right, _ in both], limits.num_right)
        weight = np.array([price for _, _, price in both], np.int64)
        self.table = (left_in.astype(np.int64) * weight[:, None]).T @ right_in.astype(np.int64)


class Worth(NamedTuple):
    """
    What makes up ``r_ij``.

    Attributes
    ----------
    gain : (num_left,) int64
        ``c_i``
    left, right : int64
        ``u_i`` and ``v_j``
    group : GroupPrices
    scale : int
        What points are multiplied by.
    """

    gain: Int64
    left: Int64
    right: Int64
    group: GroupPrices
    scale: int

    def net(self, i: Int64, j: Int64, points: npt.NDArray[np.integer]) -> Int64:
        """Return ``r_ij`` of pairs of these points; indices may be broadcast."""
        out: Int64 = points.astype(np.int64) * self.scale
        group = self.group
        out += (self.gain - self.left - group.left)[i]
        out -= (self.right + group.right)[j]
        if group.table.any():
            out -= group.table[group.left_kind[i], group.right_kind[j]]
        return out


class _Numbers(NamedTuple):
    objective: int | None = None
    bound: int | None = None
    coverage: int | None = None
    coverage_bound: int | None = None


class _Check:
    def __init__(self, asked: Question, claims: Claims) -> None:
        self.asked, self.told = asked, claims
        self.claims: list[Claim] = []
        self.pass_seconds = 0.0

    def _claim(self, name: str, ok: bool, detail: str) -> bool:
        self.claims.append(Claim(name, bool(ok), detail))
        return bool(ok)

    # -- What cannot be done -------------------------------------------------------------------------------

    def infeasible(self) -> _Numbers:
        """See that the witness adds up to less than nothing."""
        self._nobody()
        if self.told.clash is not None:
            self._clash(self.told.clash)
            return _Numbers()
        told = self.told.witness
        total = self._prove("witness", told, 0)
        if total is not None and told is not None:
            total = total if told.coverage == 0 else 0  # coverage can be nothing
            detail = f"what is asked for adds up to {total:,}, and 0 is the least that exists"
            self._claim("infeasible", total < 0, detail)
        return _Numbers()

    def _nobody(self) -> None:
        """See that nobody is paired where nothing was found."""
        self._claim("no pairs", len(self.told.pairs) == 0, f"{len(self.told.pairs):,} pairs are given")

    def _clash(self, quotas: tuple[int, ...]) -> None:
        limits = self.asked.constraints
        known = all(0 <= q < len(limits.quotas) for q in quotas)
        if self._claim("witness", known, f"{len(quotas):,} quotas") and known:
            try:
                i, j, _ = self.asked.all_pairs()
            except ResourceLimitError as error:
                self._claim("infeasible", False, str(error))
                return
            found = best_by_search(limits, (i, j), None, quotas=quotas)
            detail = "a second search finds nothing that keeps to these quotas; no sum shows it"
            self._claim("infeasible", found is None, detail if found is None else "they can be kept")

    # -- What was found ------------------------------------------------------------------------------------

    def matching(self) -> _Numbers:
        """Recount the assignment and what bounds it."""
        told = self.told
        objective, coverage = self._recount()
        proven = self._coverage_bound()
        coverage_bound = self._searched("coverage_bound", told.coverage_bound, proven)
        bound = self._searched("bound", told.bound, self._bound(coverage_bound), coverage_bound)
        if told.status is Status.NO_SOLUTION:
            self._nobody()
            self._claim("objective", told.objective is None, "none is claimed")
        else:
            self._equal("objective", told.objective, objective)
            self._equal("coverage", told.coverage, coverage)
        if self.asked.coverage_first:
            self._equal("coverage_bound", told.coverage_bound, coverage_bound)
        if told.status is not Status.OPTIMAL:
            self._at_least("bound", told.bound, bound)
        else:
            self._equal("bound", told.bound, bound)
            covered = not self.asked.coverage_first or coverage == coverage_bound
            proven_best = objective is not None and objective == bound and covered
            self._claim(
                "optimal", proven_best, "the objective reaches its bound" if proven_best else "no proof"
            )
        return _Numbers(objective, bound, coverage, coverage_bound)

    def _searched(
        self, name: str, told: int | None, proven: int | None, covers: int | None = None
    ) -> int | None:
        """Return the bound that is proven, or a lower one that a second search confirms."""
        if not self.told.searched or told is None or proven is None or told >= proven:
            return proven
        try:
            i, j, points = self.asked.all_pairs()
        except ResourceLimitError as error:
            self._claim(f"search for {name}", False, str(error))
            return proven
        worth = None if name == "coverage_bound" else points
        found = best_by_search(self.asked.constraints, (i, j), worth, covers=covers or 0)
        agrees = found is not None and found <= told
        detail = f"prices prove {proven:,}, a second search finds no more than {told:,}"
        if not self._claim(
            f"search for {name}", agrees, detail if agrees else f"a second search finds {found}"
        ):
            return proven
        return told

    def _equal(self, name: str, told: int | None, counted: int | None) -> None:
        ok = counted is not None and told == counted
        self._claim(name, ok, f"{counted} counted" if ok else f"{told} claimed, {counted} counted")

    def _at_least(self, name: str, told: int | None, counted: int | None) -> None:
        """See that a bound holds: a run that was stopped may claim less than its prices prove."""
        ok = counted is not None and told is not None and told >= counted
        self._claim(name, ok, f"{told} claimed, {counted} counted")

    def _recount(self) -> tuple[int | None, int | None]:
        """Return objective and coverage of the assignment, if it is one."""
        limits, pairs = self.asked.constraints, self.told.pairs
        whole = pairs.ndim == 2 and pairs.shape[1] == 2 and pairs.dtype.kind == "i"
        ends = (limits.num_left, limits.num_right)
        inside = whole and bool(((pairs >= 0) & (pairs < ends)).all())
        if not self._claim("mates", inside, "each pair is a left and a right node"):
            return None, None
        i, j = pairs.astype(np.int64).T
        key = i * limits.num_right + j
        ok = self._claim("once", len(np.unique(key)) == len(key), "no pair is there twice")
        left = np.bincount(i, minlength=limits.num_left)
        right = np.bincount(j, minlength=limits.num_right)
        ok &= self._count("may be paired", left > limits.left_most, "left nodes have too many partners")
        ok &= self._count("places", right > limits.right_most, "right nodes have more partners than places")
        points, absent = self.asked.points(i, j)
        ok &= self._claim("admissible", absent == 0, f"{absent:,} pairs are not admissible")
        if self.told.status is not Status.NO_SOLUTION:
            ok &= self._keeps_to(i, j, left, right)
        return (exact_sum(points), len(np.unique(i))) if ok else (None, None)

    def _keeps_to(self, i: Int64, j: Int64, left: Int64, right: Int64) -> bool:
        """See that the assignment has everything that it must have."""
        limits = self.asked.constraints
        ok = self._count("must be paired", left < limits.left_least, "left nodes have too few partners")
        ok &= self._count("must be filled", right < limits.right_least, "right nodes have too few partners")
        locked = limits.locked[:, 0] * limits.num_right + limits.locked[:, 1]
        missing = len(np.setdiff1d(locked, i * limits.num_right + j))
        ok &= self._claim("locked", missing == 0, f"{missing:,} pairs that must be are not there")
        counts = limits.counts(i, j).tolist()
        broken = [
            f"{quota.name}: {count:,}"
            for quota, count in zip(limits.quotas, counts, strict=True)
            if count < quota.at_least or (quota.at_most is not None and count > quota.at_most)
        ]
        detail = f"{len(broken):,} are broken" + (f", first {broken[0]}" if broken else "")
        return ok & self._claim("quotas", not broken, detail)

    def _count(self, name: str, wrong: Bool, what: str) -> bool:
        return self._claim(name, not wrong.any(), f"{int(wrong.sum()):,} {what}")

    # -- What bounds it ------------------------------------------------------------------------------------

    def _coverage_bound(self) -> int | None:
        """Return how many left nodes can be paired at most."""
        told = self.told.cover
        if not self.asked.coverage_first:
            return None
        if (
            not self._claim("covering", told is not None and told.coverage >= 1, "a price for it")
            or told is None
        ):
            return None
        total = self._prove("witness", told, 0)
        return None if total is None else total // told.coverage

    def _bound(self, coverage_bound: int | None) -> int | None:
        """Return the bound that the prices prove."""
        told, scale = self.told.prices, self.told.price_scale
        if not self._claim("scale", scale >= 1, f"prices are in 1/{scale} points"):
            return None
        total = self._prove("prices", told, scale)
        if total is None or told is None:
            return None
        if not self.asked.coverage_first:
            alone = self._claim("coverage price", told.coverage == 0, f"{told.coverage}")
            return total // scale if alone else None
        return None if coverage_bound is None else (total - told.coverage * coverage_bound) // scale

    def _prove(self, name: str, prices: Prices | None, scale: int) -> int | None:
        """Return the right side of the theorem, if these are prices that it may be asked about."""
        limits = self.asked.constraints
        sizes = (limits.num_left, limits.num_right, len(limits.quotas))
        fits = prices is not None and self._fit(prices, sizes, scale)
        if not fits or prices is None:
            self._claim(name, False, "whole numbers, one for each node and quota")
            return None
        clock = time.monotonic()
        try:
            total = bound_of(self.asked, prices, scale)
        except ValueError as error:  # prices that these pairs cannot be checked with prove nothing
            self._claim(name, False, str(error))
            return None
        self.pass_seconds += time.monotonic() - clock
        self._claim(name, True, "whole numbers, one for each node and quota")
        if self.asked.extent.excluded:
            self._claim("all pairs", True, self.asked.extent.in_words(self.asked.num_pairs))
        return total

    def _fit(self, prices: Prices, sizes: tuple[int, int, int], scale: int) -> bool:
        arrays = (prices.left, prices.right, prices.quota)
        if any(x.shape != (n,) or x.dtype.kind != "i" for x, n in zip(arrays, sizes, strict=True)):
            return False
        largest = [_largest(x) for x in arrays] + [sum(map(abs, prices.quota.tolist())), prices.coverage]
        largest.append(self.asked.largest * scale)
        return max(largest) <= _LIMIT and prices.coverage >= 0


def _largest(values: npt.NDArray[np.integer]) -> int:
    return max(int(values.max(initial=0)), -int(values.min(initial=0)))
