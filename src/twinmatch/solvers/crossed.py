"""
Quotas that no network holds: prices on them, and the best bound that prices can give.

Problem
    As in :mod:`twinmatch.solvers.nested`, with more quotas, whose groups name both sides or cross others. The
    linear relaxation may be fractional, so that no prices prove the best whole assignment.
Idea
    Give each such quota a price and leave it to the price to keep it: what remains is a network, solved
    exactly. Its value, with what the prices earn at the bounds, is an upper bound for every price; the least
    of them is the value of the linear relaxation. It is convex in the prices and linear in pieces, one piece
    for each assignment found: cutting planes (Kelley 1960) with a box around the best prices so far. Where
    the pairs are not too many, HiGHS solves that relaxation first, and its prices are nearly always the last.
Why it is right
    Any prices give a valid bound; they are rounded to parts of a point before the network is solved, so that
    everything that is claimed is whole.
Cost
    A linear program (half a second for 30,000 pairs and 200 quotas that cross); from nothing, few quotas take
    ten to a hundred networks, each started from the potentials of the one before, and many take minutes.
Traps
    Without the box the first steps go to the ends of the world and come back slowly.
Literature
    J. E. Kelley, "The cutting-plane method for solving convex programs", J. SIAM 8 (1960); M. Fisher, "The
    Lagrangian relaxation method for solving integer programming problems", Management Science 27 (1981).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from twinmatch.solvers.network import Cut

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.solvers.control import Control
    from twinmatch.solvers.nested import Layout, Pairs, Solved

    Int64 = npt.NDArray[np.int64]
    Float = npt.NDArray[np.float64]

__all__ = ["Priced", "Relaxation"]

#: Networks solved at most while the bound comes down, and so many more for each price.
MOST_STEPS, STEPS_EACH = 50, 10
#: Up to so many pairs the linear program is solved as a whole; its prices are right to such a part of the
#: points.
LINEAR_PAIRS, NEARLY = 100_000, 1000
#: A step that gains less than this part of what was promised is no reason to move the box.
WORTH_MOVING = 0.1


class Priced(NamedTuple):
    """
    The relaxed problem at some prices.

    Attributes
    ----------
    price : (num_rest,) int64
        Of the quotas outside the network, in parts of a point.
    value : int
        What no assignment exceeds, in parts of a point.
    solved : Solved
        The best assignment at these prices, and the prices of everything else.
    """

    price: Int64
    value: int
    solved: Solved


class Relaxation:
    """
    A problem whose last quotas are kept by prices alone.

    Parameters
    ----------
    layout : Layout
    rest : tuple of int
        The quotas outside the network, by number.
    pairs : Pairs
    points : (num_pairs,) int64
    scale : int
        Parts of a point that prices are counted in.
    control : Control
    counted, count_only
        As for :meth:`~twinmatch.solvers.nested.Layout.solve`.
    """

    def __init__(
        self,
        layout: Layout,
        rest: tuple[int, ...],
        pairs: Pairs,
        points: Int64,
        scale: int,
        control: Control,
        *,
        counted: int = 0,
        count_only: bool = False,
    ) -> None:
        self.layout, self.rest, self.pairs, self.points = layout, rest, pairs, points
        self.scale, self.control, self.counted, self.count_only = scale, control, counted, count_only
        limits = layout.limits
        quotas = [limits.quotas[q] for q in rest]
        self.covered = np.array([quota.covered for quota in quotas], bool)
        self.least = np.array([quota.at_least for quota in quotas], np.int64)
        everything = len(points)  # no quota counts more
        self.most = np.array(
            [everything if quota.at_most is None else min(quota.at_most, everything) for quota in quotas],
            np.int64,
        )
        self.capped = self.most < everything  # a cap that cannot be reached never has a price
        self.left_of = np.stack([limits.members(quota)[0] for quota in quotas])
        rights = [limits.members(quota)[1] for quota in quotas]
        self.of_pair = np.stack(
            [left[pairs.left] & right[pairs.right] for left, right in zip(self.left_of, rights, strict=True)]
        )
        self.start: Int64 | None = None
        self.best: Priced | None = None  # for whoever is stopped on the way
        self.known: list[tuple[float, Int64]] = []  # points and counts of assignments found

    def at(self, price: Int64) -> Priced | Cut:
        """Solve the network at these prices of the other quotas."""
        scale, limits = self.scale, self.layout.limits
        on_pairs, on_left = np.where(self.covered, 0, price), np.where(self.covered, price, 0)
        unit = 0 if self.count_only else 1
        worth = self.points * (scale * unit) - on_pairs @ self.of_pair
        gain = np.full(limits.num_left, scale if self.count_only else 0) - on_left @ self.left_of
        found = self.layout.solve(
            self.pairs,
            worth,
            self.control,
            left_worth=gain,
            counted=self.counted,
            start=self.start,
        )
        if isinstance(found, Cut):
            return found
        self.start = found.potential
        used = found.used
        covered = np.unique(self.pairs.left[used])
        value = sum(worth[used].tolist()) + sum(gain[covered].tolist())
        value += sum((price * np.where(price > 0, self.most, self.least)).tolist())
        counts = self.counts(used)
        points = len(covered) if self.count_only else sum(self.points[used].tolist()) * unit
        self.known.append((float(points), counts))
        return Priced(price, value, found)

    def counts(self, used: Int64) -> Int64:
        """Return what each quota counts in an assignment."""
        covered = np.unique(self.pairs.left[used])
        of_left, of_pairs = self.left_of[:, covered].sum(axis=1), self.of_pair[:, used].sum(axis=1)
        counted: Int64 = np.where(self.covered, of_left, of_pairs)
        return counted

    def keeps(self, used: Int64) -> bool:
        """Return whether an assignment keeps to all of them."""
        counts = self.counts(used)
        return bool(((counts >= self.least) & (counts <= self.most)).all())

    def _master(self, centre: Float, radius: float) -> tuple[Float, float] | None:
        """Return the best prices within the box for the pieces known so far, and the value there."""
        size = len(self.rest)
        # Prices above and below zero are apart, as a cap and a floor earn differently; then the value itself.
        cost = np.concatenate([self.most, -self.least, [1]]).astype(np.float64)
        counts = np.array([row for _, row in self.known], np.float64)
        gain = np.array([points for points, _ in self.known])
        rows = np.hstack([-counts, counts, -np.ones((len(gain), 1))])
        box = np.hstack([np.eye(size), -np.eye(size), np.zeros((size, 1))])
        found = linprog(
            cost,
            A_ub=np.vstack([rows, box, -box]),
            b_ub=np.concatenate([-gain, centre + radius, radius - centre]),
            bounds=[(0, None if capped else 0) for capped in self.capped]
            + [(0, None)] * size
            + [(None, None)],
            method="highs-ds",
        )
        if found.status != 0:
            return None
        return found.x[:size] - found.x[size : 2 * size], float(found.fun)

    def _linear(self) -> tuple[Float, float] | None:
        """Return the best prices of the linear relaxation, and its value, in points; None if it is large."""
        limits, size = self.layout.limits, len(self.points)
        if not 0 < size <= LINEAR_PAIRS or self.layout.heads is not None:
            return None
        at, ones = np.arange(size), np.ones(size)
        quotas = [limits.members(quota) for quota in limits.quotas]
        rows = sparse.vstack(
            [
                sparse.csr_array((ones, (self.pairs.left, at)), shape=(limits.num_left, size)),
                sparse.csr_array((ones, (self.pairs.right, at)), shape=(limits.num_right, size)),
                *(
                    sparse.csr_array((left[self.pairs.left] & right[self.pairs.right])[None, :])
                    for left, right in quotas
                ),
                sparse.csr_array(ones[None, :]),
            ],
            format="csr",
        )
        low = [
            *limits.left_least,
            *limits.right_least,
            *(quota.at_least for quota in limits.quotas),
            self.counted,
        ]
        caps = (size if quota.at_most is None else min(quota.at_most, size) for quota in limits.quotas)
        high = np.array(
            [*limits.left_most.clip(max=size), *limits.right_most.clip(max=size), *caps, size], float
        )
        floors = np.flatnonzero(low)
        width = limits.num_right
        must = np.isin(self.pairs.left * width + self.pairs.right, limits.locked @ np.array([width, 1]))
        found = self.control.run(
            "search",
            partial(
                linprog,
                -ones if self.count_only else -self.points.astype(float),
                A_ub=sparse.vstack([rows, -rows[floors]]),
                b_ub=np.concatenate([high, -np.array(low, float)[floors]]),
                bounds=np.stack([must, ones], axis=1),
                method="highs-ds",
            ),
        )
        if found.status != 0:
            return None
        price = -found.ineqlin.marginals[: len(high)]
        price[floors] += found.ineqlin.marginals[len(high) :]
        first = limits.num_left + limits.num_right
        return price[first + np.array(self.rest)], -float(found.fun)

    def _floor(self) -> int:
        """Return what every assignment is worth at least, in parts of a point: below it there is none."""
        if self.count_only:
            return 0
        return self.scale * int(sum(np.minimum(self.points, 0).tolist()))

    def lower(self, seen: Callable[[Int64], int | None], *, most: float | None = None) -> Priced | Cut:
        """
        Bring the bound down as far as prices can.

        Parameters
        ----------
        seen : callable
            Told the pairs of every assignment on the way; returns the bound in whole points that is low
            enough, if there is one.
        most : float, optional
            No price goes beyond this, in points; for a problem in which prices may be any multiple.

        Returns
        -------
        Priced or Cut
            The lowest found; a cut where even the network has no solution.
        """
        first = self.at(np.zeros(len(self.rest), np.int64))
        if isinstance(first, Cut):
            return first
        best, enough = first, seen(first.solved.used)
        self.best = best
        spread = float(np.ptp(self.points)) if len(self.points) and not self.count_only else 1.0
        radius = most or max(1.0, spread) / 4
        farthest = most or max(1.0, spread) * (len(self.points) + 2)
        floor = self._floor()
        linear = None if most else self._linear()
        if linear is not None:
            new = self.at(np.rint(linear[0] * self.scale).astype(np.int64))
            assert not isinstance(new, Cut)  # prices do not change what exists
            enough = seen(new.solved.used)
            if new.value < best.value:
                best = self.best = new
            if best.value <= self.scale * (linear[1] + 0.5):
                return best
            radius = max(1 / self.scale, spread / NEARLY)
        for _ in range(MOST_STEPS + STEPS_EACH * len(self.rest)):
            if best.value < floor or (enough is not None and best.value // self.scale <= enough):
                break
            centre = np.zeros(len(self.rest)) if most else best.price / self.scale
            found = self.control.run("search", partial(self._master, centre, radius))
            if found is None:
                break
            price, promised = found
            at_edge = bool((np.abs(price - centre) > radius * 0.999).any())
            if best.value / self.scale - promised <= 0.5 / self.scale:
                if not at_edge or radius >= farthest:
                    break
                radius = min(farthest, radius * 8)
                continue
            new = self.at(np.rint(price * self.scale).astype(np.int64))
            assert not isinstance(new, Cut)  # prices do not change what exists
            enough = seen(new.solved.used)
            gained = (best.value - new.value) / self.scale
            if gained > WORTH_MOVING * (best.value / self.scale - promised):
                radius = min(farthest, radius * 2) if at_edge else radius
            elif not most:
                radius = max(1 / self.scale, radius / 2)
            if new.value < best.value:
                best = self.best = new
            elif (new.price == best.price).all():
                break  # finer prices than parts of a point would be needed
        return best
