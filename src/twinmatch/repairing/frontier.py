"""
Points against schools that move: what stability costs.

Problem
    After changes some schools must move. How many points do the others give up if few of them may?
Idea
    With a bonus of ``b`` points for every pair that is kept, a repair finds the most of ``points + b
    kept``. As ``b`` rises, fewer move. Each optimum is a corner of the frontier, the hull of all (kept,
    points), and two neighbours meet at ``b = (points lost) / (pairs kept more)``. Corners are looked for
    where the lines through two of them cross: there either is a third above both lines, or they are
    neighbours.
What is proven
    Each corner is a matching with a proof at its bonus. Hence, for every number of schools that may move, a
    bound: matchings that keep ``k`` pairs or more have at most ``best(b) - b k`` points, whatever ``b``. At
    corners the bound is reached. Between two corners it is not, as a rule: matchings with a number of pairs
    in between may be below the hull, and to find the best of these is a harder problem, a matching with a
    quota on single pairs that belongs to no group.
Whole bonuses
    A bonus is a whole number of points. A corner that is best only between two whole numbers, for a part of
    a point, is passed over: the bound between its neighbours is then not reached by less than one point for
    each school between them.
Source
    M. Eisner, D. Severance, "Mathematical techniques for efficient record segmentation in large shared
    databases", J. ACM 23 (1976), for the search for corners.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinmatch.errors import InputError, MissingExtraError, NoSolutionError
from twinmatch.policy import checks
from twinmatch.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinmatch.matching import Matching

__all__ = ["Corner", "Frontier", "MoveBound", "UnprovenError", "frontier", "with_few_moves"]


class UnprovenError(NoSolutionError):
    """A repair was stopped, or proves less than was needed to go on; more time may help."""


class Corner(NamedTuple):
    """
    A corner of the frontier.

    Attributes
    ----------
    moved : int
        Schools of before that are still there and have another partner, or none, or whose agreement is over.
    kept : int
        Schools that keep theirs, under an agreement that is not over.
    points : int
        Of all pairs, without a bonus.
    least, most : int
        Bonuses for a kept pair at which nothing is better than this corner.
    """

    moved: int
    kept: int
    points: int
    least: int
    most: int


@dataclass(frozen=True, eq=False)
class Frontier:
    """
    How many points each number of schools that may move allows.

    Parameters
    ----------
    corners : tuple of Corner
        From the fewest moves to the most points.
    table : frame
        The same, of the kind of the left table, with ``cost``: points below the most.
    schools : int
        Schools that had a partner and are still there.
    """

    corners: tuple[Corner, ...]
    table: Any
    schools: int

    def bound(self, moved: int) -> int:
        """
        Return what no matching exceeds that covers as many and moves at most so many schools.

        Raises
        ------
        InputError
            If ``moved`` is no whole number, 0 or more.
        NoSolutionError
            If more of them have to move.
        """
        if faults := list(checks.whole("moved", moved, 0, 2**31 - 1)):
            raise InputError("frontier", faults)
        least = self.corners[0].moved
        if moved < least:
            raise NoSolutionError(f"at least {least:,} of {self.schools:,} schools have to move")
        kept = self.schools - moved
        return min(one.points + b * (one.kept - kept) for one in self.corners for b in (one.least, one.most))

    def plot(self) -> Any:
        """
        Draw points given up against schools that move.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        MissingExtraError
            Without matplotlib: ``pip install 'twinmatch[report]'``.
        """
        try:
            from matplotlib.figure import Figure
            from matplotlib.ticker import MaxNLocator
        except ImportError as error:
            raise MissingExtraError("Frontier.plot()", "report") from error
        figure = Figure(figsize=(7, 4.5), layout="constrained")
        axes = figure.subplots()
        most = self.corners[-1].points
        moved, cost = [one.moved for one in self.corners], [most - one.points for one in self.corners]
        axes.plot(moved, cost, "o-", color="#1f4e79")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("schools that move")
        axes.set_ylabel("points below the most")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:,.0f}")
        axes.grid(alpha=0.3)
        return figure

    def __str__(self) -> str:
        most = self.corners[-1].points
        lines = [f"{'moved':>9}  {'points':>16}  {'below the most':>16}  bonus for a kept pair"]
        lines += [
            f"{one.moved:>9,}  {one.points:>16,}  {most - one.points:>16,}  {one.least:,} to {one.most:,}"
            for one in self.corners
        ]
        return "\n".join(lines)

    __repr__ = __str__


class _Seen(NamedTuple):
    kept: int
    points: int
    matching: Matching

    def worth(self, bonus: int) -> int:
        return self.points + bonus * self.kept


def frontier(old: Matching, solve: Callable[[int], Matching]) -> Frontier:
    """
    Return the frontier after changes.

    Parameters
    ----------
    old : Matching
        The one before.
    solve : callable
        Returns the repaired matching for a bonus.

    Notes
    -----
    Two repairs for each corner, about.
    """
    seen = _search(old, solve, checks.MAX_WEIGHT)
    # Where each is best: corners in order of the bonus, which is that of pairs kept.
    by_kept = {one.kept: one for _, one in sorted(seen.items(), reverse=True)}
    order = sorted(by_kept.values(), key=lambda one: -one.kept)
    best: list[_Seen] = []
    for one in order:
        if not best or one.points > best[-1].points:
            best.append(one)
    schools = _schools(old, best[0].matching)
    corners = []
    high = checks.MAX_WEIGHT
    for at, one in enumerate(best):
        low = 0
        if at + 1 < len(best):
            other = best[at + 1]
            low = -((one.points - other.points) // (one.kept - other.kept))  # rounded up
        corners.append(Corner(schools - one.kept, one.kept, one.points, low, high))
        if at + 1 < len(best):
            high = (other.points - one.points) // (one.kept - other.kept)
    most = corners[-1].points
    table = old.left.frame(
        {
            **{
                name: np.array([getattr(one, name) for one in corners], np.int64)
                for name in ("moved", "kept", "points")
            },
            "cost": np.array([most - one.points for one in corners], np.int64),
            "bonus_from": np.array([one.least for one in corners], np.int64),
            "bonus_to": np.array([one.most for one in corners], np.int64),
        }
    )
    return Frontier(tuple(corners), table, schools)


def with_few_moves(old: Matching, solve: Callable[[int], Matching], most: int) -> Matching:
    """
    Return the best corner of the frontier that moves at most ``most`` schools, and what no other exceeds.

    Raises
    ------
    NoSolutionError
        If more schools have to move.

    Notes
    -----
    A bonus is found by halving: two dozen repairs at most.
    """
    low, high = 0, checks.MAX_WEIGHT
    over, found = _seen(old, solve, low), _seen(old, solve, high)
    schools = _schools(old, found.matching)
    if schools - found.kept > most:
        raise NoSolutionError(
            f"at least {schools - found.kept:,} of {schools:,} schools have to move, and {most:,} may"
        )
    if schools - over.kept <= most:
        return _noted(over, schools - over.kept, most, over.points)
    while high - low > 1:
        tried = _seen(old, solve, (low + high) // 2)
        if schools - tried.kept > most:
            low, over = (low + high) // 2, tried
        else:
            high, found = (low + high) // 2, tried
    kept = schools - most
    bound = min(one.worth(bonus) - bonus * kept for one, bonus in ((found, high), (over, low)))
    return _noted(found, schools - found.kept, most, bound)


class MoveBound(NamedTuple):
    """
    What is proven of a matching that may move few schools.

    Attributes
    ----------
    moved, most : int
        Schools that move, and that may.
    points : int
        Of all pairs, without a bonus.
    bound : int
        No matching that covers as many and moves at most ``most`` schools has more points.
    """

    moved: int
    most: int
    points: int
    bound: int

    @property
    def gap(self) -> int:
        """Points between the bound and the matching; 0 at the corners of the frontier."""
        return self.bound - self.points


def _noted(found: _Seen, moved: int, most: int, bound: int) -> Matching:
    found.matching.__dict__["_moves"] = MoveBound(moved, most, found.points, bound)
    return found.matching


def _search(old: Matching, solve: Callable[[int], Matching], most: int) -> dict[int, _Seen]:
    """Return an optimum for each bonus that was tried; all corners are among them."""
    seen: dict[int, _Seen] = {}

    def at(bonus: int) -> _Seen:
        if bonus not in seen:
            seen[bonus] = _seen(old, solve, bonus)
        return seen[bonus]

    pending = [(0, most)]
    while pending:
        low, high = pending.pop()
        a, b = at(low), at(high)
        if high - low <= 1 or a.kept == b.kept:
            continue
        crossing = (a.points - b.points) // (b.kept - a.kept)
        for middle in (crossing, crossing + 1):
            if low < middle < high and at(middle).worth(middle) > max(a.worth(middle), b.worth(middle)):
                pending += [(low, middle), (middle, high)]
                break
    return seen


def _seen(old: Matching, solve: Callable[[int], Matching], bonus: int) -> _Seen:
    new = solve(bonus)
    if new.status is Status.INFEASIBLE:
        why = "" if new.witness is None else f" {new.witness.explain()}"
        raise NoSolutionError(f"nothing satisfies the policy any more, whoever moves.{why}")
    if new.status is not Status.OPTIMAL:
        raise UnprovenError(
            "the frontier is not known: a repair was stopped, or proves less. Give it more time, or say "
            "keep_bonus instead of max_moves"
        )
    lapsed = {one.pair for one in new.pending if one.on is None}
    kept = len(_pairs(old) & _pairs(new) - lapsed)
    return _Seen(kept, new.objective - bonus * kept, new)


def _pairs(matching: Matching) -> set[tuple[str, str]]:
    i, j = matching._taken()
    return set(zip(matching.left.ids[i].tolist(), matching.right.ids[j].tolist(), strict=True))


def _schools(old: Matching, new: Matching) -> int:
    """Return how many schools had a partner and are still there."""
    still = set(new.left.ids.tolist())
    return sum(school in still for school in old.left.ids[np.unique(old._taken()[0])].tolist())
