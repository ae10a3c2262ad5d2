"""
Warm starts: prices and pairs of a market that is nearly the same.

Problem
    Policies are compared by the dozen, and most differ in one weight. Each optimum should not cost as much as
    the first.
Idea
    Prices of the market before, or better those that two markets before point to (:func:`towards`), are
    nearly right. They spare the samples of :mod:`twinmatch.solvers.levels` and the first, large steps. The
    pairs of the market before are seated as they are: most are within a point or two of the best.
The step
    What the prices prove, less what the pairs are worth, is a gap. A first step of twice the gap a left node,
    and half of what a start from nothing takes at most, is neither so small that prices climb by it for ever,
    nor so large that what is known is lost. Where the gap itself is more than a start from nothing takes, the
    market is not nearly the same: nothing is used.
Why it is right
    Any prices and any pairs are a valid start. Nothing here is part of the proof.
Traps
    The dual is flat: prices of whole regions may be off by hundreds of points while the bound is off by five
    a node. Steps of a sixteenth of a point from there took five times as long as a start from nothing
    (measured), and augmenting paths without bids three times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import _core

if TYPE_CHECKING:
    from twinmatch.graph.arrays import Int64
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.engine import Market

__all__ = ["Begin", "Warm", "begin_from", "towards"]

#: The first step over the gap a left node, and the least first step, in points (measured).
PER_GAP, LEAST = 2, 8
#: A start from nothing takes a first step of about so much of the largest points, or half of it.
COLD_PART = 7500


class Warm(NamedTuple):
    """
    Where to start from.

    Attributes
    ----------
    right_price : (num_right,) int64
        Whole points, at least 0.
    mate : (num_left,) int64
        Right node of each left node, -1 for none. Pairs that are not admissible are passed over.
    """

    right_price: Int64
    mate: Int64

    def part(self, left: Int64, right: Int64) -> Warm:
        """Return the start of a part of the market."""
        at = np.full(len(self.right_price) + 1, -1, np.int64)
        at[right] = np.arange(len(right))
        return Warm(self.right_price[right], at[self.mate[left]])


class Begin(NamedTuple):
    """A start that suits a market, and the first step to take from there, whole points."""

    right_price: Int64
    mate: Int64
    step: int


def towards(one: Warm, two: Warm, share: float) -> Warm:
    """
    Return what two markets on a line point to.

    Parameters
    ----------
    one, two : Warm
    share : float
        Where the market is: 0 at ``one``, 1 at ``two``; beyond them too. The pairs are those of the nearer.
    """
    price = one.right_price + share * (two.right_price - one.right_price)
    return Warm(np.maximum(0, np.rint(price)).astype(np.int64), one.mate if share < 0.5 else two.mate)


def begin_from(
    market: Market, capacity: Int64, warm: Warm, max_points: int, control: Control
) -> Begin | None:
    """
    Return the start, or None where it is no better than nothing.

    Parameters
    ----------
    market : Market
    capacity : (num_right,) int64
        Places, at least 1 each.
    warm : Warm
    max_points : int
        No pair is worth more.
    control : Control
    """
    price = np.clip(warm.right_price, 0, max_points)
    mate = _seated(market, capacity, warm.mate)
    placed = np.flatnonzero(mate >= 0)
    rows = np.arange(market.num_left, dtype=np.int32)
    item, points, number, _ = market.core.search(rows, 1, price, control.threads)
    best = np.where(number > 0, points - price[item], 0)
    # What is not paid for at these prices is too dear by its price.
    taken = np.bincount(mate[placed], minlength=market.num_right)
    here = market.core.points(placed, mate[placed]) - price[mate[placed]]
    gap = int((best[placed] - here).sum() + (price * (capacity - taken)).sum())
    each, cold = gap // max(1, len(placed)), max_points // COLD_PART
    if 2 * len(placed) < market.num_left or each > cold:
        return None
    return Begin(price, mate, max(LEAST, min(PER_GAP * each, cold // 2)))


def _seated(market: Market, capacity: Int64, mate: Int64) -> Int64:
    """Return the pairs that are admissible and have a place."""
    out = np.where((mate >= 0) & (mate < market.num_right), mate, -1)
    placed = np.flatnonzero(out >= 0)
    out[placed[market.core.points(placed, out[placed]) == _core.NO_VALUE]] = -1
    placed = np.flatnonzero(out >= 0)
    order = placed[np.argsort(out[placed], kind="stable")]
    first = np.searchsorted(out[order], out[order])
    out[order[np.arange(len(order)) - first >= capacity[out[order]]]] = -1
    return out
