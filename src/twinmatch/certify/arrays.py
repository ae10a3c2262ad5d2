"""
Checking an assignment of stored pairs: a plain recount in NumPy over every one of them.

Problem
    Somebody claims that a matching of stored pairs has the most points, or that no matching exists that pairs
    everybody who must be paired.
What is handed over
    The pairs and their points; bounds on the partners of each left node (0 or 1) and the places of each right
    node; the matching; left prices ``u``, right prices ``p`` and a coverage price ``c``.
Why the bound holds
    Suppose ``u_i + p_j >= points_ij + c`` for every stored pair whose left node may be paired, ``p >= 0``,
    ``c >= 0``, and ``u_i >= 0`` for every left node that may stay without. Add this up over the pairs of any
    matching that is asked for: its points are at most the ``u`` of its left nodes, plus ``p`` for each of its
    places, minus ``c`` for each pair. Left nodes that stay without have ``u >= 0``, free places ``p >= 0``,
    and the matching has at least the coverage ``k`` that is asked for. So its points are at most

        sum_i u_i + sum_j capacity_j p_j - c k.

    Without ``coverage_first`` nothing is known about ``k`` and ``c`` must be 0.
Why the witness holds
    Left nodes ``S`` find places at their stored partners ``N(S)`` only. If all of them must be paired and
    ``capacity(N(S)) < |S|``, nobody can do it. And nobody pairs more left nodes than
    ``allowed - |S| + capacity(N(S))``.
What the check trusts
    The arrays it is handed, NumPy, and this file. No solver. Sums are exact integers of any size.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.certify.certificate import Certificate, Claim
from twinmatch.status import Status

if TYPE_CHECKING:
    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Claims", "StoredPairs", "check_stored"]

_LIMIT = 2**61  # prices beyond this could overflow when a price is added


class StoredPairs(NamedTuple):
    """
    What was asked.

    Attributes
    ----------
    num_left, num_right : int
    points : (num_left, num_right) or (num_pairs,) integer array
    lists : (offset, item) or None
        Partners of each left node; None where ``points`` is a matrix.
    required, allowed : (num_left,) bool
        Left nodes that must, and that may, be paired.
    right_capacity : (num_right,) int64
    coverage_first : bool
    """

    num_left: int
    num_right: int
    points: npt.NDArray[np.integer]
    lists: tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]] | None
    required: Bool
    allowed: Bool
    right_capacity: Int64
    coverage_first: bool


class Claims(NamedTuple):
    """What was answered; see :mod:`twinmatch.certify.arrays`."""

    status: Status
    mate: npt.NDArray[np.integer]
    left_price: npt.NDArray[np.integer]
    right_price: npt.NDArray[np.integer]
    coverage_price: int
    witness_left: Bool
    objective: int | None
    bound: int | None
    coverage: int | None
    coverage_bound: int | None


def check_stored(asked: StoredPairs, claims: Claims) -> Certificate:
    """
    Recount what an assignment claims, over every stored pair.

    Parameters
    ----------
    asked : StoredPairs
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
        pairs_checked=int(asked.points.size),
        pass_seconds=check.pass_seconds,
        seconds=time.monotonic() - started,
    )


class _Numbers(NamedTuple):
    objective: int | None = None
    bound: int | None = None
    coverage: int | None = None
    coverage_bound: int | None = None


class _Check:
    def __init__(self, asked: StoredPairs, claims: Claims) -> None:
        self.asked, self.told = asked, claims
        self.claims: list[Claim] = []
        self.pass_seconds = 0.0

    def _claim(self, name: str, ok: bool, detail: str) -> bool:
        self.claims.append(Claim(name, bool(ok), detail))
        return bool(ok)

    # -- What cannot be done -------------------------------------------------------------------------------

    def infeasible(self) -> _Numbers:
        witness, asked = self.told.witness_left, self.asked
        if not self._claim("shapes", _is_flags(witness, asked.num_left), f"{asked.num_left:,} flags"):
            return _Numbers()
        size, places = int(witness.sum()), self._places_of(witness)
        self._claim("witness", not (witness & ~asked.required).any(), "all of it must be paired")
        self._claim("infeasible", places < size, f"{size:,} left nodes have {places:,} places between them")
        return _Numbers()

    def _places_of(self, witness: Bool) -> int:
        """Return the places at all partners of the witness."""
        asked = self.asked
        if asked.lists is None:
            return sum(asked.right_capacity.tolist()) if witness.any() else 0
        offset, item = asked.lists
        near = np.zeros(asked.num_right, bool)
        near[item[np.repeat(witness, np.diff(offset))]] = True
        return sum(asked.right_capacity[near].tolist())

    # -- What was found ------------------------------------------------------------------------------------

    def matching(self) -> _Numbers:
        objective, coverage = self._recount()
        coverage_bound = self._coverage_bound()
        bound = self._bound(coverage_bound)
        told = self.told
        if told.status is Status.NO_SOLUTION:
            self._claim("objective", told.objective is None, "none is claimed")
        else:
            self._equal("objective", told.objective, objective)
            self._equal("coverage", told.coverage, coverage)
            if self.asked.coverage_first:
                self._equal("coverage_bound", told.coverage_bound, coverage_bound)
        self._equal("bound", told.bound, bound)
        if told.status is Status.OPTIMAL:
            covered = not self.asked.coverage_first or coverage == coverage_bound
            proven = objective is not None and objective == bound and covered
            self._claim("optimal", proven, "the objective reaches its bound" if proven else "no proof")
        return _Numbers(objective, bound, coverage, coverage_bound)

    def _equal(self, name: str, told: int | None, counted: int | None) -> None:
        ok = counted is not None and told == counted
        self._claim(name, ok, f"{counted} counted" if ok else f"{told} claimed, {counted} counted")

    def _recount(self) -> tuple[int | None, int | None]:
        """Return objective and coverage of the matching, if it is one."""
        asked, mate = self.asked, self.told.mate
        whole = mate.shape == (asked.num_left,) and mate.dtype.kind == "i"
        inside = whole and bool(((mate >= -1) & (mate < asked.num_right)).all())
        if not self._claim("mates", inside, "one right node or none for each left node"):
            return None, None
        left = np.flatnonzero(mate >= 0)
        right = mate[left]
        ok = self._claim("may be paired", bool(asked.allowed[left].all()), f"{len(left):,} left nodes are")
        missing = int((mate[asked.required] < 0).sum())
        if self.told.status is not Status.NO_SOLUTION:
            ok &= self._claim("must be paired", missing == 0, f"{missing:,} left nodes are not")
        load = np.bincount(right, minlength=asked.num_right)
        over = int((load > asked.right_capacity).sum())
        ok &= self._claim("places", over == 0, f"{over:,} right nodes have more partners than places")
        points, absent = self._points(left, right)
        ok &= self._claim("admissible", absent == 0, f"{absent:,} pairs are not stored")
        return (sum(points.tolist()), len(left)) if ok else (None, None)

    def _points(self, left: Int64, right: npt.NDArray[np.integer]) -> tuple[Int64, int]:
        """Return the points of pairs, and how many are not stored."""
        asked = self.asked
        if asked.lists is None:
            return asked.points[left, right].astype(np.int64), 0
        offset, item = asked.lists
        row = np.repeat(np.arange(asked.num_left), np.diff(offset))
        mate = np.full(asked.num_left, -1, np.int64)
        mate[left] = right
        used = np.flatnonzero(mate[row] == item)
        return asked.points[used].astype(np.int64), len(left) - len(used)

    def _coverage_bound(self) -> int | None:
        """Return how many left nodes the witness lets be paired."""
        asked, witness = self.asked, self.told.witness_left
        if not asked.coverage_first:
            return None
        fits = _is_flags(witness, asked.num_left) and not (witness & ~asked.allowed).any()
        if not self._claim("witness", fits, "a set of left nodes that may be paired"):
            return None
        return int(asked.allowed.sum()) - int(witness.sum()) + self._places_of(witness)

    def _bound(self, coverage_bound: int | None) -> int | None:
        """Return the bound that the prices prove."""
        asked, told = self.asked, self.told
        u, p, c = told.left_price, told.right_price, told.coverage_price
        shapes = u.shape == (asked.num_left,) and p.shape == (asked.num_right,)
        whole = u.dtype.kind == "i" and p.dtype.kind == "i"
        small = shapes and whole and all(_largest(x) < _LIMIT for x in (u, p)) and abs(c) < _LIMIT
        if not self._claim("prices", small, "whole numbers, one for each node"):
            return None
        free = asked.allowed & ~asked.required
        signs = not (p < 0).any() and not (u[free] < 0).any() and c >= 0 and (c == 0 or asked.coverage_first)
        sides = self._claim("signs", signs, "no price is negative that must not be")
        clock = time.monotonic()
        wrong = self._violations(u.astype(np.int64), p.astype(np.int64), c)
        self.pass_seconds = time.monotonic() - clock
        if (
            not self._claim("pairs", wrong == 0, f"{wrong:,} pairs are worth more than their prices")
            or not sides
        ):
            return None
        total = sum(u[asked.allowed].tolist())
        total += sum(a * b for a, b in zip(p.tolist(), asked.right_capacity.tolist(), strict=True))
        if asked.coverage_first:
            # Those that pair as many as this matching does; never fewer than can be.
            if coverage_bound is None:
                return None
            total -= c * coverage_bound
        return int(total)

    def _violations(self, u: Int64, p: Int64, c: int) -> int:
        """Count the stored pairs that are worth more than their prices: every one is looked at."""
        asked = self.asked
        if asked.lists is None:
            wrong = 0
            step = max(1, 2**20 // max(1, asked.num_right))
            for first in range(0, asked.num_left, step):
                rows = slice(first, first + step)
                net = asked.points[rows] - p[None, :]
                wrong += int(((net > (u[rows] - c)[:, None]) & asked.allowed[rows, None]).sum())
            return wrong
        offset, item = asked.lists
        row = np.repeat(np.arange(asked.num_left), np.diff(offset))
        return int(((asked.points > u[row] - c + p[item]) & asked.allowed[row]).sum())


def _is_flags(flags: Bool, number: int) -> bool:
    return flags.shape == (number,) and flags.dtype == np.bool_


def _largest(values: npt.NDArray[np.integer]) -> int:
    return max(int(values.max(initial=0)), -int(values.min(initial=0)))
