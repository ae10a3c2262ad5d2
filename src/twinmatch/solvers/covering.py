"""
Coverage under quotas that cross: a small whole program over kinds of nodes.

Problem
    As in :mod:`twinmatch.solvers.kinds`, with quotas that no network holds.
Idea
    Kinds and the quotas on them are a whole program of a few hundred rows, however many nodes there are.
    HiGHS solves it, and its linear relaxation has prices; rounded to parts of a unit they prove how many left
    nodes can have a partner at most, or that nothing keeps to all of it.
Why it is right
    Rounded prices are whole numbers, and any whole numbers prove what they add up to.
Cost
    Less than a second.
Traps
    The relaxation may cover more than any whole assignment does. Then the bound stays above the coverage, and
    nobody claims otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from twinmatch.graph.constraints import Prices
from twinmatch.solvers.kinds import deal, kinds_of_nodes

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints
    from twinmatch.graph.terms import PairTerms
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.kinds import Kinds

    Int64 = npt.NDArray[np.int64]
    Float = npt.NDArray[np.float64]

__all__ = ["Crossed", "cover_crossed"]

#: Parts of a unit that prices of coverage are counted in.
PARTS = 2**12


class Crossed(NamedTuple):
    """
    The coverage that can be reached, and its proof.

    Attributes
    ----------
    size : int or None
        Left nodes with a partner; None where no whole assignment of kinds was found.
    bound : int
        No assignment covers more; below zero where there is none.
    pairs : (k, 2) int64
        An assignment that covers ``size``.
    prices : Prices
        They prove ``bound``.
    """

    size: int | None
    bound: int
    pairs: Int64
    prices: Prices


def cover_crossed(terms: PairTerms, limits: Constraints, control: Control) -> Crossed:
    """
    Return the largest coverage that keeps to any quotas, where nobody has more than one partner.

    Parameters
    ----------
    terms : PairTerms
        Only its classes, table and bans are read.
    limits : Constraints
    control : Control

    Raises
    ------
    Stopped
        If the deadline passed or the caller cancelled.
    """
    return control.kept("crossed", lambda: _cover(terms, limits, control), Crossed, Prices)


def _cover(terms: PairTerms, limits: Constraints, control: Control) -> Crossed:
    kinds = kinds_of_nodes(terms, limits)
    program = _Program(kinds)
    relaxed = control.run("coverage", lambda: program.relaxed())
    if relaxed is None:
        # Nothing keeps to all of it: prices of the program that breaks the bounds by the least prove it.
        prices = control.run("coverage", program.clash)
        return Crossed(None, program.total(prices), np.empty((0, 2), np.int64), program.spread(prices))
    prices = relaxed
    bound = program.total(prices) // PARTS
    times = control.run("coverage", program.whole)
    if times is None:
        return Crossed(None, bound, np.empty((0, 2), np.int64), program.spread(prices))
    used = np.flatnonzero(times)
    i, j = kinds.pairs
    dealt = deal(i[used], j[used], times[used], kinds.left, kinds.right, limits)
    return Crossed(int(times.sum()), bound, dealt, program.spread(prices))


class _Program:
    """The linear program over pairs of kinds: rows are left kinds, right kinds, quotas."""

    def __init__(self, kinds: Kinds) -> None:
        self.kinds = kinds
        limits, (i, j) = kinds.limits, kinds.pairs
        size, n, m = len(i), limits.num_left, limits.num_right
        # The last column is nothing: no program is empty.
        self.room = np.append(kinds.room, 0)
        self.num = (n, m, len(limits.quotas))
        one, at = np.ones(size), np.arange(size)
        members = [limits.members(quota) for quota in limits.quotas]
        inside = np.array([left[i] & right[j] for left, right in members], float).reshape(len(members), size)
        self.rows = sparse.vstack(
            [
                sparse.csr_array((one, (i, at)), shape=(n, size + 1)),
                sparse.csr_array((one, (j, at)), shape=(m, size + 1)),
                sparse.csr_array(np.pad(inside, ((0, 0), (0, 1)))),
            ]
        ).tocsr()
        # A cap that nobody can reach is no row: a price on it would prove less to those who read the cap.
        everything = int(limits.left_most.sum())
        caps = [everything if q.at_most is None else min(q.at_most, everything) for q in limits.quotas]
        loose = np.array([q.at_most is None or q.at_most > everything for q in limits.quotas], bool)
        self.tops = np.flatnonzero(np.concatenate([np.ones(n + m, bool), ~loose]))
        floors = [quota.at_least for quota in limits.quotas]
        self.low = np.concatenate([limits.left_least, limits.right_least, floors]).astype(np.int64)
        self.high = np.concatenate([limits.left_most, limits.right_most, caps]).astype(np.int64)

    def relaxed(self) -> Prices | None:
        """Return prices, in parts, of the relaxation; None where nothing keeps to it."""
        found = linprog(
            np.full(self.rows.shape[1], -1.0),
            A_ub=sparse.vstack([self.rows[self.tops], -self.rows]),
            b_ub=np.concatenate([self.high[self.tops], -self.low]),
            bounds=np.stack([np.zeros(self.rows.shape[1]), self.room], axis=1),
            method="highs-ds",
        )
        return self._prices(found.ineqlin.marginals, PARTS, PARTS) if found.status == 0 else None

    def clash(self) -> Prices:
        """Return prices that add up to less than nothing, where the relaxation keeps to nothing."""
        rows = sparse.vstack([self.rows[self.tops], -self.rows])
        count, size = rows.shape
        found = linprog(
            np.concatenate([np.zeros(size), np.ones(count)]),
            A_ub=sparse.hstack([rows, -sparse.eye_array(count)]),
            b_ub=np.concatenate([self.high[self.tops], -self.low]),
            bounds=np.stack(
                [np.zeros(size + count), np.concatenate([self.room, np.full(count, np.inf)])], axis=1
            ),
            method="highs-ds",
        )
        # Whole prices are easier to add up by hand.
        for parts in (1, 2, 3, 4, 6, 12, PARTS):
            prices = self._prices(found.ineqlin.marginals, parts, 0)
            if self.total(prices) < 0:
                break
        return prices

    def whole(self) -> Int64 | None:
        """Return how often each pair of kinds is used where the most is covered."""
        size = self.rows.shape[1]
        found = milp(
            np.full(size, -1.0),
            constraints=LinearConstraint(self.rows, self.low, self.high),
            bounds=Bounds(0, self.room),
            integrality=np.ones(size),
        )
        return None if found.x is None else np.rint(found.x[:-1]).astype(np.int64)

    def _prices(self, marginals: Float, parts: int, coverage: int) -> Prices:
        exact = marginals[len(self.tops) :].copy()
        exact[self.tops] -= marginals[: len(self.tops)]
        price = np.rint(exact * parts).astype(np.int64)
        n, m, _ = self.num
        prices = Prices(price[:n], price[n : n + m], price[n + m :], coverage)
        return prices._replace(left=self._left(prices))

    def _left(self, prices: Prices) -> Int64:
        """Return the least left prices at which no pair of kinds pays."""
        net = self._net(prices)
        best = np.full(self.num[0], -(2**40))
        np.maximum.at(best, self.kinds.pairs.left, net)
        return np.where(best > -(2**40), best, np.minimum(prices.left, 0))

    def _net(self, prices: Prices) -> Int64:
        limits, (i, j) = self.kinds.limits, self.kinds.pairs
        net = np.full(len(i), prices.coverage, np.int64) - prices.right[j]
        for quota, price in zip(limits.quotas, prices.quota.tolist(), strict=True):
            left, right = limits.members(quota)
            net -= price * (left[i] & right[j])
        return net

    def total(self, prices: Prices) -> int:
        """Return what prices prove: see :mod:`twinmatch.certify.theorem`."""
        price = np.concatenate([prices.left, prices.right, prices.quota])
        return int(np.where(price > 0, self.high * price, self.low * price).sum())

    def spread(self, prices: Prices) -> Prices:
        """Return the prices of nodes."""
        return prices._replace(left=prices.left[self.kinds.left], right=prices.right[self.kinds.right])
