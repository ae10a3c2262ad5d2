"""What keeps two schools apart: places, locks, caps, floors, coverage, or points alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.explaining.explanation import Obstacle
from twinmatch.explaining.promises import terms_of
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.lazily import lazily
from twinmatch.status import Status

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.explaining.ledger import Accounts
    from twinmatch.matching import Matching

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Standing"]


class Standing:
    """
    Who has whom, and what of the limits is used up.

    Parameters
    ----------
    matching : Matching
    accounts : Accounts
    """

    def __init__(self, matching: Matching, accounts: Accounts) -> None:
        self.matching, self.accounts, self.limits = matching, accounts, accounts.limits
        self.taken = accounts.taken
        self.floor, self.ranks, *_ = terms_of(matching)
        i, j = self.taken.T
        self.load = np.bincount(j, minlength=len(matching.right))
        self.own = np.bincount(i, minlength=len(matching.left))
        self.has_place: Bool = self.load < self.limits.right_most
        self.is_paired: Bool = self.own > 0
        self.is_served: Bool = self.is_paired & (self.own >= self.limits.left_most)

    def partners_of(self, i: int) -> Int64:
        """Return the right schools that a left school is paired with."""
        found: Int64 = self.taken[self.taken[:, 0] == i, 1]
        return found

    def holders_of(self, j: int) -> Int64:
        """Return the left schools that have the places of a right school."""
        found: Int64 = self.taken[self.taken[:, 1] == j, 0]
        return found

    def is_promised(self, points: int) -> bool:
        """Return whether a pair of these points keeps to the promised floor; True where there is none."""
        return self.floor is None or points >= self.floor

    def rank_of(self, i: int, j: int) -> int:
        """Return 1 plus the number of admissible partners with places that have more points."""
        row = self.accounts.plain.points(np.array(i), self.accounts.everybody)
        return 1 + int(((row > row[j]) & (row != FORBIDDEN) & (self.limits.right_most > 0)).sum())

    def is_locked(self, i: int, j: int) -> bool:
        """Return whether the policy asks for a pair by name."""
        return bool((self.limits.locked == (i, j)).all(axis=1).any())

    @lazily
    def own_points(self) -> Int64:
        """What the pair of each left school is worth, the least of several; 0 without one."""
        found = np.full(len(self.matching.left), np.iinfo(np.int64).max)
        np.minimum.at(found, self.taken[:, 0], self.accounts.plain.points(*self.taken.T))
        return np.where(self.is_paired, found, 0)

    @lazily
    def counts(self) -> list[int]:
        """What each quota counts."""
        return [int(count) for count in self.limits.counts(*self.taken.T)]

    def rough_short(self, rows: Int64, j: int) -> Int64:
        """
        Return about how far pairs of a right school fall short of its price; 0 where there are no prices.

        A left school is taken to keep what its own pairs leave, which is so wherever prices prove the
        matching.
        """
        ledger, terms = self.accounts.points, self.accounts.terms
        if ledger is None:
            return np.zeros(len(rows), np.int64)
        kept = self.accounts.kept_by_all(ledger)[rows]
        return kept - ledger.net(rows, np.full(len(rows), j), terms.points(rows, np.array(j)))

    # -- Quotas --------------------------------------------------------------------------------------------

    def _holds(self, q: int, i: int, j: int) -> bool:
        """Return whether a quota counts a pair."""
        quota = self.limits.quotas[q]
        there = quota.right is None or bool(quota.right[j])
        return there and (quota.left is None or bool(quota.left[i]))

    def _given_up(self, i: int) -> int | None:
        """Return the partner that a left school gives up for another one, if it must: the least worth."""
        mine = self.partners_of(i)
        if not len(mine) or len(mine) < self.limits.left_most[i]:
            return None
        free = [j for j in mine.tolist() if not self.is_locked(i, j)] or mine.tolist()
        points = self.accounts.plain.points(np.array(i), np.array(free))
        return int(free[int(np.argmin(points))])

    def caps_between(self, i: int, j: int) -> tuple[str, ...]:
        """Return the caps that are full and count a pair, but not the one that is given up for it."""
        gone = self._given_up(i)
        return tuple(
            quota.name
            for q, quota in enumerate(self.limits.quotas)
            if quota.at_most is not None
            and not quota.covered
            and self.counts[q] >= quota.at_most
            and self._holds(q, i, j)
            and not (gone is not None and self._holds(q, i, gone))
        )

    def floors_between(self, i: int, j: int) -> tuple[str, ...]:
        """Return the floors that count the pair that is given up, and none to spare."""
        gone = self._given_up(i)
        if gone is None:
            return ()
        found = [
            quota.name
            for q, quota in enumerate(self.limits.quotas)
            if not quota.covered
            and self.counts[q] <= quota.at_least
            and self._holds(q, i, gone)
            and not self._holds(q, i, j)
        ]
        return tuple(found)

    def would_be_allowed(self, i: int, chosen: Int64) -> Bool:
        """Return which partners the caps would allow if the partner of a left school dropped out."""
        gone = self.partners_of(i)
        allowed = np.full(len(chosen), self.limits.left_most[i] > 0)
        for q, quota in enumerate(self.limits.quotas):
            if quota.at_most is None or quota.covered or not (quota.left is None or quota.left[i]):
                continue
            there = np.ones(len(chosen), bool) if quota.right is None else quota.right[chosen]
            left = self.counts[q] - sum(self._holds(q, i, j) for j in gone.tolist()[:1])
            if left >= quota.at_most:
                allowed &= ~there
        return allowed

    # -- Obstacles -----------------------------------------------------------------------------------------

    def between(
        self, i: int, j: int, gain: int | None, loss: int | None, leaves_out: int
    ) -> tuple[Obstacle, ...]:
        """
        Return what keeps an admissible pair from being made, the weightiest first.

        Parameters
        ----------
        i, j : int
        gain : int or None
            Points more than the left school has.
        loss : int or None
        leaves_out : int
            As in :class:`~twinmatch.explaining.explanation.Option`.
        """
        limits = self.limits
        if self.matching.status in (Status.INFEASIBLE, Status.NO_SOLUTION):
            return (Obstacle("nothing"),)
        if not limits.left_most[i]:
            return (Obstacle("closed"),)
        if not limits.right_most[j]:
            return (Obstacle("no_place"),)
        if len(limits.locked):
            home, abroad = limits.locked.T
            if (home == i).sum() >= limits.left_most[i]:
                return (Obstacle("locked"),)
            if (abroad == j).sum() >= limits.right_most[j]:
                return (Obstacle("locked_place"),)
        if self.ranks is not None and (rank := self.rank_of(i, j)) > self.ranks:
            return (Obstacle("rank", (), rank),)
        found = [Obstacle("coverage")] if leaves_out else []
        points = int(self.accounts.plain.points(np.array(i), np.array(j)))
        if self.floor is not None and points < self.floor:
            found.append(Obstacle("promise", (), self.floor - points))
        if caps := self.caps_between(i, j):
            found.append(Obstacle("quota", caps))
        if not self.has_place[j]:
            found.append(Obstacle("full"))
        if floors := self.floors_between(i, j):
            found.append(Obstacle("floor", floors))
        gone = self._given_up(i)
        if gone is not None and self.load[gone] <= limits.right_least[gone]:
            found.append(Obstacle("needed", (str(self.matching.right.ids[gone]),)))
        is_free = not found and gain is not None and gain <= 0
        if is_free:
            return (Obstacle("worth_less"),)
        if loss == 0 and self.accounts.slack == 0 and not leaves_out:
            found.append(Obstacle("tie"))
        elif loss == 0 and not leaves_out:
            found.append(Obstacle("unknown"))
        return tuple(found) or (Obstacle("others"),)
