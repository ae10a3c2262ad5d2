"""
Rank-maximal matchings: as many first choices as possible, then as many second ones, and so on.

Problem
    The rank of a right node for a left one is 1 plus the number of right nodes with places that are worth
    more to it; ties share a rank. Find a matching with the most pairs of rank 1, among these the most of rank
    2, and so on to a last rank; of all those, the one with the most points.
Idea
    That of R. W. Irving, T. Kavitha, K. Mehlhorn, D. Michail, K. Paluch, "Rank-maximal matchings", ACM Trans.
    Algorithms 2 (2006). Take the pairs of one rank after the other, and make the matching of the pairs so far
    as large as possible. Then every largest matching covers the nodes that no path of even length reaches
    from a free node, pairs in and out of the matching in turn. Whoever is covered anyway gains nothing from
    later ranks: those pairs go, and so do pairs between such nodes that no largest matching uses.
The most points
    A matching of the pairs that are left is rank-maximal exactly where it fills all nodes that were covered
    anyway at any rank (Gallai and Edmonds' theorem, for each rank in turn). That is a bound of 1 on these
    nodes, and an assignment with such bounds is solved exactly (:mod:`twinmatch.solvers.constrained`).
Cost
    Lists of the first ranks, then for each rank a few rounds over them in NumPy: trees grow from all free
    left nodes at once and share no node, as in J. Hopcroft and R. Karp's algorithm.
Traps
    A largest matching of what is left at the end need not be rank-maximal: it may leave a node empty that
    was covered anyway, and fill another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.errors import ResourceLimitError
from twinmatch.graph.constraints import Constraints
from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.solvers.bottleneck import turn
from twinmatch.solvers.constrained import solve_constrained
from twinmatch.solvers.control import Stopped
from twinmatch.status import Status

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.called import CalledGraph
    from twinmatch.graph.scored import ScoredGraph
    from twinmatch.solvers.control import Control
    from twinmatch.status import Limit

    Int64 = npt.NDArray[np.int64]
    Int32 = npt.NDArray[np.int32]
    Bool = npt.NDArray[np.bool_]

__all__ = ["MOST_PAIRS", "Found", "Ranked", "first_ranks", "rank_maximal"]

#: Pairs of the first ranks that are written down at most.
MOST_PAIRS = 50_000_000
#: Partners in a first list beyond those asked for, and how much longer the next one is.
SPARE, LONGER, AT_ONCE = 6, 8, 1 << 22


class Ranked(NamedTuple):
    """
    The pairs of the first ranks, by left node and falling points.

    Attributes
    ----------
    left, right : (k,) int32
    points, rank : (k,) int64
        Ranks from 1.
    """

    left: Int32
    right: Int32
    points: Int64
    rank: Int64


class Found(NamedTuple):
    """
    A rank-maximal matching.

    Attributes
    ----------
    mate : (num_left,) int64
        Right node of each left node, -1 for none.
    right_price : (num_right,) int64 or None
        Prices of places that prove that no such matching has more points.
    limit : Limit or None
        What stopped the run, if anything did.
    """

    mate: Int64
    right_price: Int64 | None
    limit: Limit | None


def first_ranks(graph: ScoredGraph | CalledGraph, places: Int64, ranks: int, control: Control) -> Ranked:
    """
    Return every pair of the first ranks.

    Parameters
    ----------
    graph : ScoredGraph or CalledGraph
    places : (num_right,) int64
        Right nodes without any have no rank.
    ranks : int
    control : Control

    Raises
    ------
    ResourceLimitError
        If so many pairs tie that more than ``MOST_PAIRS`` are of these ranks.
    Stopped
        If the deadline passed or the caller cancelled.
    """
    closed = 2 * max(1, int(getattr(graph.terms, "max_points", 1))) + 1
    price = np.where(places > 0, 0, closed)
    rows, k = np.arange(graph.num_left if graph.num_right else 0), min(ranks + SPARE, max(1, graph.num_right))
    found: list[tuple[Int32, Int32, Int64]] = []
    while len(rows):
        waiting = []
        step = max(1, AT_ONCE // k)
        for first in range(0, len(rows), step):
            asked = rows[first : first + step]
            right, net, bound = control.run(
                "lists",
                lambda asked=asked, k=k: graph.best_lists(asked, k, price, threads=control.threads),  # type: ignore[misc]
            )
            right = right.astype(np.int64)
            is_there = (right >= 0) & (places[right] > 0)
            net = np.where(is_there, net, np.iinfo(np.int64).min)
            # The points of the last rank asked for; every pair with as many is of a rank up to it.
            at = max(0, k - ranks)
            last = np.partition(net, at, axis=1)[:, at]
            is_whole = ~is_there.all(axis=1) | (bound < last) | (k >= graph.num_right)
            kept = is_there & (net >= last[:, None]) & is_whole[:, None]
            left = np.broadcast_to(asked[:, None], right.shape)[kept]
            found.append((left.astype(np.int32), right[kept].astype(np.int32), net[kept]))
            waiting.append(asked[~is_whole])
        rows, k = np.concatenate(waiting), min(k * LONGER, graph.num_right)
        if sum(len(left) for left, *_ in found) + len(rows) * k // LONGER > MOST_PAIRS:
            raise ResourceLimitError(
                f"more than {MOST_PAIRS:,} pairs are of the first {ranks} ranks, because so many tie; ask "
                "for fewer, or add a criterion that tells partners apart, such as distance"
            )
    if not found:
        nothing = np.empty(0, np.int64)
        return Ranked(nothing.astype(np.int32), nothing.astype(np.int32), nothing, nothing)
    left, right = (np.concatenate([part[side] for part in found]) for side in (0, 1))
    points = np.concatenate([part[2] for part in found])
    order = np.lexsort((right, -points, left))
    ordered = left[order].astype(np.int32), points[order]
    return Ranked(ordered[0], right[order].astype(np.int32), ordered[1], _ranks_of(*ordered))


def _ranks_of(left: Int32, points: Int64) -> Int64:
    """Return 1 plus the number of pairs of the same left node before each that have more points."""
    at = np.arange(len(left))
    starts = np.ones(len(left), np.bool_)
    starts[1:] = left[1:] != left[:-1]
    first = np.maximum.accumulate(np.where(starts, at, 0))
    starts[1:] |= points[1:] != points[:-1]
    level = np.maximum.accumulate(np.where(starts, at, 0))
    return level - first + 1


def rank_maximal(
    graph: ScoredGraph | CalledGraph, limits: Constraints, ranks: int, control: Control
) -> Found:
    """
    Find the rank-maximal matching with the most points.

    Parameters
    ----------
    graph : ScoredGraph or CalledGraph
    limits : Constraints
        At most one partner for each left node, places, and locked pairs.
    ranks : int
    control : Control

    Raises
    ------
    ResourceLimitError
        As :func:`first_ranks`.
    """
    mate = np.full(limits.num_left, -1, np.int64)
    mate[limits.locked[:, 0]] = limits.locked[:, 1]
    places = limits.right_most - np.bincount(limits.locked[:, 1], minlength=limits.num_right)
    wants = (limits.left_most > 0) & (mate < 0)
    run = None
    try:
        listed = first_ranks(graph, limits.right_most, ranks, control)
        kept = wants[listed.left] & (places[listed.right] > 0) & (listed.rank <= ranks)
        if not kept.any():
            return Found(mate, np.zeros(limits.num_right, np.int64), None)
        left, right, points, rank = listed
        pairs = Ranked(left[kept], right[kept], points[kept], rank[kept])
        run = _Irving(pairs, wants, places, control)
        for number in range(1, ranks + 1):
            run.take(number)
        found = run.most_points()
    except Stopped as stopped:
        found = Found(mate if run is None else run.mate, None, stopped.limit)
    return found._replace(mate=np.where(found.mate >= 0, found.mate, mate))


class _Irving:
    def __init__(self, pairs: Ranked, wants: Bool, places: Int64, control: Control) -> None:
        self.pairs, self.wants, self.places, self.control = pairs, wants, places, control
        num_left, num_right = len(wants), len(places)
        self.stays = np.ones(len(pairs.left), np.bool_)
        self.mate = np.full(num_left, -1, np.int64)
        self.load = np.zeros(num_right, np.int64)
        #: Nodes that every largest matching of some rank covers.
        self.left_covered, self.right_covered = np.zeros(num_left, np.bool_), np.zeros(num_right, np.bool_)
        self.found_by = np.full(num_right, -1, np.int64)

    def take(self, rank: int) -> None:
        """Let the pairs of one more rank in, grow the matching, and let those go that are of no more use."""

        def task() -> tuple[Bool, Int64, Int64, Bool, Bool, Int64]:
            self.control.run("ranks", lambda: self._take(rank))
            return (
                self.stays,
                self.mate,
                self.load,
                self.left_covered,
                self.right_covered,
                self.found_by,
            )

        (self.stays, self.mate, self.load, self.left_covered, self.right_covered, self.found_by) = (
            self.control.kept("rank", task)
        )

    def _take(self, rank: int) -> None:
        pairs = self.pairs
        now = np.flatnonzero(self.stays & (pairs.rank <= rank))
        left, right = pairs.left[now], pairs.right[now]
        by_left = np.searchsorted(left, np.arange(len(self.wants) + 1))
        while True:
            ends, left_even, right_odd = self._forest(left, right, by_left)
            if not ends:
                break
            for i, place in ends:
                turn(self.mate, self.load, self.found_by, i, place)
        right_even, left_odd = self._from_free_places(left, right)
        # Even: within reach of a free node over a path of even length. All others are covered anyway.
        self.left_covered |= self.wants & ~left_even
        self.right_covered |= (self.places > 0) & ~right_even
        later = pairs.rank > rank
        useless = later & (~left_even[pairs.left] | ~right_even[pairs.right])
        useless |= ~later & left_odd[pairs.left] & ~right_even[pairs.right]
        useless |= ~later & right_odd[pairs.right] & ~left_even[pairs.left]
        self.stays &= ~useless

    def _forest(self, left: Int32, right: Int32, by_left: Int64) -> tuple[list[tuple[int, int]], Bool, Bool]:
        """Grow trees from all free left nodes; return ends of paths, and the nodes that were reached."""
        root_of = np.where(self.wants & (self.mate < 0), np.arange(len(self.wants)), -1)
        reached = np.zeros(len(self.places), np.bool_)
        is_done = np.zeros(len(self.wants), np.bool_)
        room = self.places - self.load
        ends: list[tuple[int, int]] = []
        fresh = np.flatnonzero(root_of >= 0)
        while len(fresh):
            at = _spans(by_left[fresh], by_left[fresh + 1])
            i, j = left[at], right[at]
            free = np.flatnonzero(room[j] > 0)
            for a, b in zip(i[free].tolist(), j[free].tolist(), strict=True):
                root = root_of[a]
                if not is_done[root] and room[b] > 0:
                    is_done[root] = True
                    room[b] -= 1
                    ends.append((a, b))
            new, first = np.unique(j[~reached[j] & ~is_done[root_of[i]]], return_index=True)
            source = i[~reached[j] & ~is_done[root_of[i]]][first]
            reached[new], self.found_by[new] = True, source
            fresh = np.flatnonzero((self.mate >= 0) & (root_of < 0) & reached[self.mate])
            root_of[fresh] = root_of[self.found_by[self.mate[fresh]]]
        return ends, root_of >= 0, reached

    def _from_free_places(self, left: Int32, right: Int32) -> tuple[Bool, Bool]:
        """Return the right nodes that free places reach over paths of even length, and left nodes of odd."""
        even = (self.places > 0) & (self.load < self.places)
        odd = np.zeros(len(self.wants), np.bool_)
        fresh = even
        while fresh.any():
            new = np.unique(left[fresh[right]])
            new = new[~odd[new]]
            odd[new] = True
            fresh = np.zeros(len(even), np.bool_)
            held = self.mate[new]
            fresh[held[held >= 0]] = True
            fresh &= ~even
            even |= fresh
        return even, odd

    def most_points(self) -> Found:
        """Return the rank-maximal matching with the most points."""
        kept = np.flatnonzero(self.stays)
        left, right, points = (column[kept] for column in self.pairs[:3])
        order = np.lexsort((right, left))
        left, right, points = left[order], right[order], points[order]
        offset = np.searchsorted(left, np.arange(len(self.wants) + 1))
        graph = ExplicitGraph(
            len(self.wants), len(self.places), points, lists=(offset, right), right_capacity=self.places
        )
        limits = Constraints(
            self.left_covered.astype(np.int64),
            self.wants.astype(np.int64),
            np.where(self.right_covered, self.places, 0),
            self.places,
        )
        answer = solve_constrained(graph, limits, False, self.control)
        if answer.status is not Status.OPTIMAL:
            return Found(self.mate, None, answer.limit)
        mate = np.full(len(self.wants), -1, np.int64)
        mate[answer.pairs[:, 0]] = answer.pairs[:, 1]
        # A place that may stay empty costs at least nothing.
        price = np.where(self.right_covered, answer.prices.right, np.maximum(answer.prices.right, 0))
        return Found(mate, price, None)


def _spans(first: Int64, last: Int64) -> Int64:
    """Return all numbers from each first to before each last."""
    count = last - first
    start = np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
    return start + np.arange(int(count.sum()))
