"""
Prices of quotas that answer to counts: Newton's step in a model of choice.

Problem
    At some prices of quotas, so many units came to each; some bounds are broken, and some prices are not
    owed. By how much should each price change?
Idea
    As if everybody chose among groups by points and luck (a logit): what leaves one group when it gets dearer
    goes to the others by their size. The caller says how counts answer in that model; its one number, over
    how many points choices are spread, is learnt from what the last step did.
Traps
    The model is a slope, and choices of schools are cliffs. Whoever turns back slows down; where prices alone
    have to do, nobody goes farther than two widths, but for those who go on and on. A floor on few nodes of a
    sample answers to no price there, and runs away. Quotas on the same right nodes that all get dearer make
    these nodes cheaper, and nearly everybody stays: together they answer to a hundredth of what each says,
    and only trials tell to how much.
After
    D. McFadden, "Conditional logit analysis of qualitative choice behavior", in: Frontiers in Econometrics
    (1974).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]
    Float = npt.NDArray[np.float64]

__all__ = ["NOISE", "QuotaPrices"]

#: Choices are spread over such a part of the points at first, over such a part of that at least, and over so
#: many times as much at once.
WIDTH_PART, NARROWEST, TRUST = 20, 4, 16.0
#: What a step that goes on in its direction may gain on the one before, once it was slowed down.
FASTER = 1.2
#: So many nodes more or less in a group may be chance.
NOISE = 60.0
#: Floors on fewer nodes of a sample are left alone there.
SEEN = 8
#: Where prices alone have to do, they go so many widths at once, up to so many times as far if they go on and
#: on, are thought to answer to themselves by so much more, and gain so much in a step that goes on.
FARTHEST, FASTEST, DAMPING, FORTH = 2.0, 64.0, 0.3, 1.3
#: How much farther quotas on the same right nodes go together than alone, at most; by one factor more while
#: they go on, by another less when they turn back.
MOST_LEVER, LEVER_FORTH, LEVER_BACK = 200.0, 1.5, 3.0
#: What keeps answers of counts to prices apart that are all but alike.
RIDGE = 1e-6


class QuotaPrices:
    """
    Bounds and prices of some quotas, and how counts are thought to answer to prices.

    Parameters
    ----------
    low, high : (num_quotas,) int64
    most : int
        Units that there are in all: a cap of as many or more is none.
    points : int
        What a pair may be worth.
    careful : bool
        Whether prices alone have to do: shorter steps, from everywhere.
    rival : (num_quotas,) int64, optional
        The right nodes that each quota is on, by number; quotas on the same ones move together, too.

    Attributes
    ----------
    price : (num_quotas,) float
    """

    def __init__(
        self,
        low: Int64,
        high: Int64,
        most: int,
        points: int,
        *,
        careful: bool = False,
        rival: Int64 | None = None,
    ) -> None:
        width = points / WIDTH_PART
        self.points = float(points)
        self.careful, self.noise, self.boost = careful, 0.0, np.ones(len(low))
        self.low, self.high = low.astype(float), high.astype(float)
        self.is_capped = high < most
        self.price = np.zeros(len(low))
        #: Points that a choice between two groups is spread over.
        self.width, self.least = width, width / NARROWEST
        self.before: tuple[Float, Float] | None = None
        self.pace, self.last = np.ones(len(low)), np.zeros(len(low))
        self.rival = rival
        if rival is not None:
            size = int(rival.max(initial=-1)) + 1
            self.lever: Float = np.ones(size)
            self.together: Float = np.zeros(size)

    def move(self, count: Float, answer: Float, seen: Float, most: float, noise: float) -> float:
        """
        Change prices by what the bounds ask for, by no more than ``most``.

        ``answer``: what a point on a quota changes in each, times ``width``; ``seen``: how many nodes of the
        sample each is on; ``noise``: what says nothing. Returns how many units are missed before the change.
        """
        if not len(self.price):
            return 0.0
        if noise != self.noise:
            # What the last sample could not keep to at any price says nothing about the next one; and what
            # was slow may be fast again.
            self.price[np.abs(self.price) >= self.points] = 0
            if self.careful:
                self.pace = np.maximum(self.pace, 0.5)
            self.noise, self.before = noise, None
        self._learn(count, noise)
        slope = answer / self.width
        over = self._missed(count)
        can_tell = (seen >= SEEN) | (self.low == 0)
        at = np.flatnonzero(((over != 0) | (self.price != 0)) & can_tell)
        change = np.zeros(len(count))
        reach = np.full(len(count), most)
        if self.careful:
            reach = min(most, FARTHEST * self.width) * self.boost
        if len(at):
            some = slope[np.ix_(at, at)]
            own = DAMPING * np.diag(some) if self.careful else 0.0
            some[np.diag_indices(len(at))] += RIDGE * (1 + np.trace(some) / len(at)) + own
            change[at] = np.clip(np.linalg.solve(some, over[at]), -reach[at], reach[at])
        # Whoever goes as far as it may, again and again, goes farther.
        farther = (np.abs(change) >= 0.999 * reach) & (change * self.last > 0)
        self.boost = np.where(farther, np.minimum(2 * self.boost, FASTEST), 1.0)
        # Whoever turns back went too far; in a sample, where counts are rough, that says little.
        if noise == NOISE or self.careful:
            faster = FORTH if self.careful else FASTER
            self.pace = np.where(change * self.last < 0, self.pace / 2, np.minimum(1, self.pace * faster))
        change, self.last = change * self.pace, change
        joint = np.zeros(len(count)) if self.rival is None else self._jointly(self.rival, over, slope, most)
        price = self.price + change + joint
        # A price that falls to zero stays there, unless the other bound is broken.
        price = np.where((self.price > 0) & (count >= self.low), np.maximum(price, 0), price)
        price = np.where((self.price < 0) & (count <= self.high), np.minimum(price, 0), price)
        # Without a cap nothing gets dearer, without a floor nothing cheaper, whatever neighbours' prices say.
        price = np.clip(price, np.where(self.low > 0, -np.inf, 0), np.where(self.is_capped, np.inf, 0))
        # No pair is worth giving up more for.
        price = np.clip(price, -self.points, self.points)
        # With what they change together: choices are thought wider then, and the next steps are the shorter.
        # Without it, the registers ended farther from their bound (5.8 against 2.9 millionths).
        self.before = (count, slope @ (price - self.price))
        self.price = price
        return float(np.abs(over).sum())

    def _missed(self, count: Float) -> Float:
        """Return how far counts are from what bounds and prices ask for."""
        wanted = np.clip(count, self.low, self.high)
        wanted = np.where((self.price > 0) & (count < self.high), self.high, wanted)
        wanted = np.where((self.price < 0) & (count > self.low), self.low, wanted)
        over: Float = count - wanted
        return over

    def _jointly(self, rival: Int64, over: Float, slope: Float, most: float) -> Float:
        """Return by how much quotas on the same right nodes get dearer together, beyond what each does."""
        is_priced = (self.price != 0) | (over != 0)
        of = rival[is_priced]
        total = np.bincount(rival, over, len(self.lever)).astype(np.float64)
        answer = np.zeros(len(total))
        np.add.at(answer, of, (slope[np.ix_(is_priced, is_priced)] * (of[:, None] == of)).sum(axis=1))
        total[np.abs(total) <= self.noise] = 0
        turned, goes_on = total * self.together < 0, total * self.together > 0
        lever = self.lever * np.where(turned, 1 / LEVER_BACK, np.where(goes_on, LEVER_FORTH, 1))
        self.lever, self.together = np.clip(lever, 1 / MOST_LEVER, MOST_LEVER), total
        step = np.clip(self.lever * total / np.maximum(answer, RIDGE), -most, most)
        together: Float = np.where(is_priced, step[rival], 0.0)
        return together

    def _learn(self, count: Float, noise: float) -> None:
        """Spread choices wider or closer, as counts answered less or more than was thought."""
        if self.before is None:
            return
        gone, thought = self.before[0] - count, self.before[1]
        if (gone @ gone) > 0 and (thought @ gone) > 0 and np.abs(thought).max() > noise:
            ratio = float(np.clip((thought @ gone) / (gone @ gone), 1 / TRUST, TRUST))
            self.width = max(self.width * ratio**0.5, self.least)
