"""
A graph whose points come in part from a function of the user's own.

Nothing is known about such a function but its values, so partners are found by plain passes over
all pairs, block by block in NumPy. The answers are the same as those of a searched graph.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import _core
from twinmatch.errors import ResourceLimitError
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from twinmatch.graph.arrays import Index, Int32, Int64
    from twinmatch.graph.terms import PairTerms

__all__ = ["MAX_CALLED_PAIRS", "NO_PARTNER", "BestLists", "Called", "CalledGraph"]

MAX_CALLED_PAIRS = 10**9
"""Most pairs that are searched by plain passes without being asked to."""

NO_PARTNER = -(2**61)
"""The net value of a school that has no admissible partner (left)."""

_BLOCK = 2**21
_REMEMBERED = 2**24  # pairs whose points are kept once they are known: 128 MiB


class Called(NamedTuple):
    """
    The best partners of one left school.

    Attributes
    ----------
    right : (k',) int64
        The partners, best first; equal net values in the order of their index.
    net : (k',) int64
        Points minus price of each.
    bound : int
        No admissible partner outside the list has a larger net value; ``NO_PARTNER`` where there
        is none outside.
    """

    right: Int64
    net: Int64
    bound: int


class BestLists(NamedTuple):
    """
    The best partners of several left schools.

    Attributes
    ----------
    right : (r, k) int32
        As in :class:`Called`, padded with -1.
    net : (r, k) int64
        Padded with ``NO_PARTNER``.
    bound : (r,) int64
    """

    right: Int32
    net: Int64
    bound: Int64


class _Swapped:
    """Terms with sides exchanged; left node ``i`` is the old right node ``source[i]``, repeats allowed."""

    def __init__(self, terms: PairTerms, source: Int64) -> None:
        self.terms, self.source = terms, source
        self.num_left, self.num_right = len(source), terms.num_left

    def points(self, i: Index, j: Index) -> Int64:
        return self.terms.points(j, self.source[np.asarray(i, np.int64)])


class CalledGraph:
    """
    An implicit graph searched by plain passes.

    Parameters
    ----------
    terms : PairTerms
        What pairs are worth, calls included.
    right_capacity : (num_right,) int64 or None
        Places of each right node; None means 1 each.
    allow_large : bool, optional
        Whether more than ``MAX_CALLED_PAIRS`` pairs are welcome.

    Raises
    ------
    ResourceLimitError
        If there are more pairs than that and nobody said they are welcome.

    Notes
    -----
    A pass takes as long as the function takes for all admissible pairs. Up to 2**24 pairs, the
    points are kept after the first one, and the function is not asked again.
    """

    def __init__(
        self,
        terms: PairTerms | _Swapped,
        right_capacity: npt.ArrayLike | None = None,
        *,
        allow_large: bool = False,
    ) -> None:
        pairs = terms.num_left * terms.num_right
        if pairs > MAX_CALLED_PAIRS and not allow_large:
            names = ", ".join(repr(call.name) for call in getattr(terms, "calls", ()))
            raise ResourceLimitError(
                f"{names} would be asked about {pairs:,} pairs one block after the other, and more than "
                f"{MAX_CALLED_PAIRS:,} need a policy with allow_large_calls=True"
            )
        self.terms = terms
        capacity = np.ones(terms.num_right) if right_capacity is None else np.asarray(right_capacity)
        self.right_capacity: Int64 = capacity.astype(np.int64)

    @property
    def num_left(self) -> int:
        """Number of left nodes."""
        return self.terms.num_left

    @property
    def num_right(self) -> int:
        """Number of right nodes."""
        return self.terms.num_right

    def with_curve(self, curve: Int32 | None) -> CalledGraph:
        """Return the graph whose pairs count for an entry of a curve; see :meth:`ScoredGraph.with_curve`."""
        assert not isinstance(self.terms, _Swapped)
        return CalledGraph(replace(self.terms, curve=curve), self.right_capacity, allow_large=True)

    # Made anew each time: kept here, the two would hold each other for ever.
    @property
    def core(self) -> _core.Asked:
        """The compiled side: it asks :meth:`best_lists`, batch by batch."""
        return _core.Asked(self.num_left, self.num_right, self.best_lists, self._worth)

    @property
    def core_transposed(self) -> _core.Asked:
        """The compiled side with left and right exchanged."""
        everybody = np.arange(self.num_right)
        return CalledGraph(_Swapped(self.terms, everybody), allow_large=True).core  # type: ignore[arg-type]

    def part(self, left: Int64, right: Int64) -> CalledGraph:
        """Return the graph of some of its nodes."""
        assert not isinstance(self.terms, _Swapped)
        return CalledGraph(self.terms.take(left, right), self.right_capacity[right], allow_large=True)

    def places_first(self, left: Int64, right: Int64, place: Int64) -> CalledGraph:
        """Return a part with sides exchanged: each ``place`` names a row of ``right``."""
        assert not isinstance(self.terms, _Swapped)
        return CalledGraph(_Swapped(self.terms.take(left, right), place), allow_large=True)

    def _worth(self, i: int, j: int) -> int:
        found = int(self.terms.points(np.array([i]), np.array([j]))[0])
        return NO_PARTNER if found == FORBIDDEN else found

    def points(self, i: Index, j: Index) -> Int64:
        """Return the points of the pairs, ``FORBIDDEN`` where a pair is not admissible."""
        return self.terms.points(i, j)

    def best(self, i: int, k: int, right_price: Int64 | None = None) -> Called:
        """
        Return the ``k`` best partners of a left node under prices.

        Parameters
        ----------
        i : int
        k : int
            At least 1.
        right_price : (num_right,) int64, optional
            0 without it.
        """
        lists = self.best_lists(np.array([i]), k, right_price)
        found = lists.right[0] >= 0
        return Called(lists.right[0][found].astype(np.int64), lists.net[0][found], int(lists.bound[0]))

    def best_lists(
        self, rows: Index, k: int, right_price: Int64 | None = None, *, threads: int | None = None
    ) -> BestLists:
        """
        Return the ``k`` best partners of several left nodes under prices.

        Parameters
        ----------
        rows : (r,) int
        k : int
            At least 1.
        right_price : (num_right,) int64, optional
            0 without it.
        threads : int, optional
            Not used: the function may not be safe to call from several threads.
        """
        asked = np.asarray(rows, np.int64)
        lists = BestLists(
            np.full((len(asked), k), -1, np.int32),
            np.full((len(asked), k), NO_PARTNER, np.int64),
            np.full(len(asked), NO_PARTNER, np.int64),
        )
        for first, net in self._blocks(asked, right_price):
            for offset, values in enumerate(net):
                # One more than asked for: its value bounds everything outside the list.
                order = _largest(values, min(k + 1, self.num_right))
                order = order[values[order] > NO_PARTNER]
                row = first + offset
                kept = order[:k]
                lists.right[row, : len(kept)] = kept
                lists.net[row, : len(kept)] = values[kept]
                if len(order) > k:
                    lists.bound[row] = values[order[k]]
        return lists

    def scan(self, right_price: Int64 | None = None, *, threads: int | None = None) -> Int64:
        """Return the best net value of every left node, ``NO_PARTNER`` without partners."""
        best = np.full(self.num_left, NO_PARTNER, np.int64)
        for first, net in self._blocks(np.arange(self.num_left), right_price):
            best[first : first + len(net)] = net.max(axis=1, initial=NO_PARTNER)
        return best

    def _blocks(self, rows: Int64, right_price: Int64 | None) -> Iterator[tuple[int, Int64]]:
        """Yield the net values of a few rows at a time, ``NO_PARTNER`` where not admissible."""
        step = max(1, _BLOCK // max(1, self.num_right))
        for first in range(0, len(rows), step):
            points = self._points_of(rows[first : first + step])
            net = points if right_price is None else points - np.asarray(right_price, np.int64)[None, :]
            yield first, np.where(points == FORBIDDEN, NO_PARTNER, net)

    def _points_of(self, rows: Int64) -> Int64:
        """Return the points of rows with every right node, remembered where they fit."""
        if self.num_left * self.num_right > _REMEMBERED:
            return self.terms.points(rows[:, None], np.arange(self.num_right)[None, :])
        return self._remembered[rows]

    @lazily
    def _remembered(self) -> Int64:
        columns = np.arange(self.num_right)[None, :]
        whole = np.empty((self.num_left, self.num_right), np.int64)
        step = max(1, _BLOCK // max(1, self.num_right))
        for first in range(0, self.num_left, step):
            rows = np.arange(first, min(first + step, self.num_left))
            whole[rows] = self.terms.points(rows[:, None], columns)
        return whole


def _largest(values: Int64, k: int) -> npt.NDArray[np.intp]:
    """Return the indices of the k largest values, largest first, ties by index."""
    if not k:
        return np.empty(0, np.intp)
    threshold = np.partition(values, len(values) - k)[len(values) - k]
    above = np.flatnonzero(values > threshold)
    level = np.flatnonzero(values == threshold)[: k - len(above)]
    chosen = np.concatenate([above, level])
    order: npt.NDArray[np.intp] = np.lexsort((chosen, -values[chosen]))
    return chosen[order]
