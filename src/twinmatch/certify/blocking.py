r"""
Pairs that block a matching, counted over all pairs.

Problem
    A pair of a left and a right school *blocks* a matching where both would rather have each other than what
    they have: the left school has no partner, or one that it likes less; the right school has a free place,
    or keeps somebody whom it likes less. A matching without such pairs is *stable* (D. Gale, L. S. Shapley,
    "College admissions and the stability of marriage", Amer. Math. Monthly 69 (1962)).
How schools rank
    A left school by the points of the pair. A right school by the same points, or by those of a policy of its
    own, or by a number that each left school has, such as its place in a lottery (:class:`Ranking`).
Ties
    *By points alone*, a pair that one of the two is indifferent to does not block: weak stability in the
    sense of R. W. Irving, "Stable marriage and indifference", Discrete Appl. Math. 48 (1994). *By ids*, a tie
    is decided by the order of the ids, so that nobody is indifferent: a matching without blocking pairs is
    then stable by points alone as well.
What stays
    Locked pairs and numbers of partners hold. So does a cap on a group of pairs, where that is asked for:
    once it is full, it keeps out every pair of the group whose turn comes after that of the last one in it.
The pass
    What it takes for a pair to block is two comparisons, with one number for each left school and one for
    each right school and kind of left school (``cpp/check/blocking.hpp``); every pair is evaluated.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import _check
from twinmatch.certify.plain import flat, pair_points, watched
from twinmatch.graph.constraints import kinds_of
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.certify.plain import Cancel
    from twinmatch.graph.constraints import Constraints
    from twinmatch.graph.terms import PairTerms

    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["BY_POINTS", "Blocked", "Ranking", "count_above", "count_blocking"]

_ANYBODY, _NOBODY = -(2**31), 2**31 - 1


class Ranking(NamedTuple):
    """
    How right schools rank left schools; by the points of the pair where there is nothing.

    Attributes
    ----------
    terms : PairTerms or None
        By the points of these; who is not admissible is never accepted.
    place : (num_left,) int64 or None
        By these numbers, the lowest first.
    """

    terms: PairTerms | None = None
    place: Int64 | None = None

    def keys(self, terms: PairTerms, i: Int64, j: Int64, isa: str) -> Int64:
        """Return the key of each pair, the highest first; ``FORBIDDEN`` where it is not accepted."""
        if self.place is not None:
            return -self.place[i]
        return pair_points(terms if self.terms is None else self.terms, i, j, isa=isa)


BY_POINTS = Ranking()


class Blocked(NamedTuple):
    """
    The pairs that block a matching.

    Attributes
    ----------
    of_left : (num_left,) int64
        How many of them each left school is in.
    rival : (num_right,) int64 or None
        The best-ranked left school, of those that want this right school and are ranked below all that it
        keeps; -1 for none.
    pairs : int
        Pairs that were evaluated.
    seconds : float
    """

    of_left: Int64
    rival: Int64 | None
    pairs: int
    seconds: float


def count_blocking(
    terms: PairTerms,
    limits: Constraints,
    taken: Int64,
    ranking: Ranking = BY_POINTS,
    *,
    by_ids: bool = False,
    caps: bool = False,
    rivals: bool = False,
    threads: int | None = None,
    isa: str = "auto",
    on_progress: Callable[[int, int], object] | None = None,
    cancel: Cancel | None = None,
) -> Blocked | None:
    """
    Count the pairs that block a matching.

    Parameters
    ----------
    terms : PairTerms
        What pairs are worth to left schools; without a curve and without a bonus.
    limits : Constraints
        Most partners of each school, and pairs that stay.
    taken : (k, 2) int64
        Left and right school of each pair; admissible, each once.
    ranking : Ranking, optional
    by_ids : bool, optional
        Whether ties are decided by the order of the nodes.
    caps : bool, optional
        Whether full quotas keep pairs out.
    rivals : bool, optional
        Whether nearest rivals are wanted too.
    threads, isa, on_progress, cancel
        As for :func:`~twinmatch.certify.plain.plain_pass`.

    Returns
    -------
    Blocked or None
        None if it was cancelled.

    Notes
    -----
    One evaluation of each of the ``num_left x num_right`` pairs, two where right schools have points of their
    own; memory is linear in the number of nodes, times the kinds of left schools that full quotas tell apart.
    """
    started = time.perf_counter()
    standing = _Standing(terms, limits, taken, ranking, by_ids, isa)
    kind, worst, holder = standing.kept(caps)
    flag, done = np.zeros(1, np.uint8), np.zeros(1, np.int64)
    task = _Task(terms, ranking, standing.limit, standing.mate, kind, worst, holder, rivals, isa, flag, done)
    called = bool(terms.calls or (ranking.terms is not None and ranking.terms.calls))
    count = number_of(threads)
    found = watched(
        task.in_blocks if called else lambda: task.compiled(count),
        flag,
        done,
        terms.num_left * terms.num_right,
        on_progress,
        cancel,
    )
    if found is None:
        return None
    blocked, packed = found
    # A pair that is there already blocks nothing.
    i, j = taken.T
    mine = task.blocks(i, j, standing.points, standing.key)
    np.subtract.at(blocked, i[mine], 1)
    rival = None
    if packed is not None:
        number = ~(packed & 0xFFFFFFFF) & 0xFFFFFFFF
        rival = np.where(packed == np.iinfo(np.int64).min, -1, number)
    return Blocked(blocked, rival, int(done[0]), time.perf_counter() - started)


def count_above(
    terms: PairTerms,
    floor: Int64,
    open_right: Bool,
    *,
    threads: int | None = None,
    isa: str = "auto",
    on_progress: Callable[[int, int], object] | None = None,
    cancel: Cancel | None = None,
) -> Int64 | None:
    """
    Count the partners of each left school that have more points than a floor.

    Parameters
    ----------
    terms : PairTerms
        Without a curve and without a bonus.
    floor : (num_left,) int64
        Points; within 32 bits.
    open_right : (num_right,) bool
        Whom to count.
    threads, isa, on_progress, cancel
        As for :func:`~twinmatch.certify.plain.plain_pass`.

    Returns
    -------
    (num_left,) int64 or None
        None if it was cancelled.
    """
    flag, done = np.zeros(1, np.uint8), np.zeros(1, np.int64)
    kind, nobody = np.zeros(terms.num_left, np.int32), np.full(terms.num_left, -1, np.int32)
    worst = np.where(open_right, _ANYBODY, _NOBODY).astype(np.int32)[None]
    holder = np.full((1, terms.num_right), -1, np.int32)
    limit = floor.astype(np.int32)
    task = _Task(terms, BY_POINTS, limit, nobody, kind, worst, holder, False, isa, flag, done)
    count = number_of(threads)
    found = watched(
        task.in_blocks if terms.calls else lambda: task.compiled(count),
        flag,
        done,
        terms.num_left * terms.num_right,
        on_progress,
        cancel,
    )
    return None if found is None else found[0]


class _Standing:
    """What left schools may still want, and what right schools keep."""

    def __init__(
        self, terms: PairTerms, limits: Constraints, taken: Int64, ranking: Ranking, by_ids: bool, isa: str
    ) -> None:
        self.limits, self.by_ids = limits, by_ids
        self.i, self.j = np.ascontiguousarray(taken[:, 0]), np.ascontiguousarray(taken[:, 1])
        self.points = pair_points(terms, self.i, self.j, isa=isa)
        self.key = ranking.keys(terms, self.i, self.j, isa)
        width = limits.num_right
        locked = limits.locked[:, 0] * width + limits.locked[:, 1]
        self.loose = ~np.isin(self.i * width + self.j, locked)
        self.limit, self.mate = self._last(self.i, self.points, self.j, limits.left_most)
        self.worst, self.holder = self._last(self.j, self.key, self.i, limits.right_most)

    def _last(self, node: Int64, value: Int64, other: Int64, most: Int64) -> tuple[Int32, Int32]:
        """Return value and number of the last loose partner of each node that is full."""
        load = np.bincount(node, minlength=len(most))
        last = np.where(load < most, _ANYBODY, _NOBODY).astype(np.int32)
        number = np.full(len(most), -1, np.int32)
        full = np.flatnonzero(self.loose & (load >= most)[node])
        # The last of each node, in order of falling value and rising number, is written last.
        full = full[np.lexsort((other[full], -value[full]))]
        last[node[full]] = value[full]
        if self.by_ids:
            number[node[full]] = np.where(value[full] > FORBIDDEN, other[full], -1)
        return last, number

    def kept(self, caps: bool) -> tuple[Int32, Int32, Int32]:
        """Return the kind of each left school, and what right schools keep from each kind."""
        limits = self.limits
        counts = limits.counts(self.i, self.j).tolist() if caps else []
        full = [
            quota
            for quota, count in zip(limits.quotas, counts, strict=False)
            if quota.at_most is not None and not quota.covered and count >= quota.at_most
        ]
        kind, members = kinds_of([limits.members(quota)[0] for quota in full], limits.num_left)
        worst = np.repeat(self.worst[None], members.shape[1], axis=0)
        holder = np.repeat(self.holder[None], members.shape[1], axis=0)
        for quota, of_kind in zip(full, members, strict=True):
            left, right = limits.members(quota)
            mine = np.flatnonzero(left[self.i] & right[self.j] & self.loose)
            last, number = _NOBODY, -1
            if len(mine):
                at = mine[np.lexsort((self.i[mine], -self.key[mine]))[-1]]
                # Whoever took the last place of the group may not have wanted another one of it more.
                last, number = int(self.key[at]), int(self.i[at]) + 1 if self.by_ids else -1
            for row in np.flatnonzero(of_kind):
                tighter = right & ((last > worst[row]) | ((last == worst[row]) & (number < holder[row])))
                worst[row, tighter], holder[row, tighter] = last, number
        return kind.astype(np.int32), worst, holder


class _Task(NamedTuple):
    """What the pass compares."""

    terms: PairTerms
    ranking: Ranking
    limit: Int32
    mate: Int32
    kind: Int32
    worst: Int32
    holder: Int32
    rivals: bool
    isa: str
    flag: npt.NDArray[np.uint8]
    done: Int64

    def compiled(self, threads: int) -> tuple[Int64, Int64 | None] | None:
        """Make the pass in compiled loops."""
        ranking = self.ranking
        found: tuple[Int64, Int64 | None] | None = _check.blocking_pass(
            flat(self.terms),
            self.limit,
            self.mate,
            self.kind,
            self.worst,
            self.holder,
            key_terms=None if ranking.terms is None else flat(ranking.terms),
            own=None if ranking.place is None else (-ranking.place).astype(np.int32),
            nearest=self.rivals,
            threads=threads,
            isa=self.isa,
            cancel=self.flag,
            progress=self.done,
        )
        return found

    def in_blocks(self) -> tuple[Int64, Int64 | None] | None:
        """Make the pass where functions of the user's own have a say: a left school at a time."""
        terms = self.terms
        count = np.empty(terms.num_left, np.int64)
        most = np.full(terms.num_right, np.iinfo(np.int64).min)
        j = np.arange(terms.num_right, dtype=np.int64)
        for left in range(terms.num_left):
            if self.flag[0]:
                return None
            i = np.full(len(j), left, np.int64)
            points = pair_points(terms, i, j, isa=self.isa)
            key = self.ranking.keys(terms, i, j, self.isa)
            count[left] = self.blocks(i, j, points, key).sum()
            if self.rivals:
                waits = self._wants(i, j, points) & ~self._wins(i, j, key) & (key != FORBIDDEN)
                most[waits] = np.maximum(most[waits], (key[waits] << 32) | (~left & 0xFFFFFFFF))
            self.done[0] += len(j)
        return count, most if self.rivals else None

    def blocks(self, i: Int64, j: Int64, points: Int64, key: Int64) -> Bool:
        """Return whether each pair blocks."""
        return self._wants(i, j, points) & self._wins(i, j, key)

    def _wants(self, i: Int64, j: Int64, points: Int64) -> Bool:
        limit = self.limit[i].astype(np.int64)
        wants: Bool = (points != FORBIDDEN) & (points > limit - (j < self.mate[i]))
        return wants

    def _wins(self, i: Int64, j: Int64, key: Int64) -> Bool:
        worst, holder = self.worst[self.kind[i], j].astype(np.int64), self.holder[self.kind[i], j]
        wins: Bool = key > worst - (i < holder)
        return wins
