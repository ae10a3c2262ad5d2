"""Pairs that are spoken of one by one: those that are forbidden, and those that are worth more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from twinmatch.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Int32: TypeAlias = npt.NDArray[np.int32]
    Int64: TypeAlias = npt.NDArray[np.int64]
    Bool: TypeAlias = npt.NDArray[np.bool_]
    Index: TypeAlias = npt.NDArray[np.integer[Any]]

__all__ = ["NO_BONUS", "Bans", "Bonus", "PairBonus", "contains", "joined", "places_in", "renumbered"]


@dataclass(frozen=True, eq=False)
class Bans:
    """
    Single pairs that are forbidden.

    Parameters
    ----------
    pairs : (k, 2) int64
        Left and right index of each.
    num_right : int
    """

    pairs: Int64
    num_right: int

    @lazily
    def _keys(self) -> Int64:
        return np.unique(self.pairs[:, 0] * self.num_right + self.pairs[:, 1])

    def allows(self, i: Index, j: Index) -> Bool:
        """Return whether the pairs are allowed."""
        return ~contains(self._keys, np.asarray(i, np.int64) * self.num_right + np.asarray(j, np.int64))


@dataclass(frozen=True, eq=False)
class PairBonus:
    """
    Single pairs that are all worth the same number of points more.

    Parameters
    ----------
    pairs : (k, 2) int64
        Left and right index of each; one that is listed twice counts once.
    num_right : int
    each : int
        Points, at least 0.
    """

    pairs: Int64
    num_right: int
    each: int

    @property
    def max_points(self) -> int:
        """What such a pair is worth."""
        return self.each if len(self.pairs) else 0

    @lazily
    def _keys(self) -> Int64:
        return np.unique(self.pairs[:, 0] * self.num_right + self.pairs[:, 1])

    def points(self, i: Index, j: Index) -> Int32:
        """Return ``each`` for the pairs that are listed, 0 for the others."""
        listed = contains(self._keys, np.asarray(i, np.int64) * self.num_right + np.asarray(j, np.int64))
        return np.where(listed, np.int32(self.each), np.int32(0))


class Bonus(NamedTuple):
    """
    Single pairs that are worth more, after merging.

    Attributes
    ----------
    pairs : (k, 2) int64
        Sorted, each once.
    points : (k,) int32
        What each is worth besides its columns, above 0.
    """

    pairs: Int64
    points: Int32

    @classmethod
    def of(cls, terms: Sequence[PairBonus], num_right: int) -> Bonus:
        """Add up terms: a pair that several of them list gets the points of all."""
        terms = [term for term in terms if term.each and len(term.pairs)]
        if not terms:
            return NO_BONUS
        keys = [np.unique(term.pairs[:, 0] * num_right + term.pairs[:, 1]) for term in terms]
        every, at = np.unique(np.concatenate(keys), return_inverse=True)
        points = np.zeros(len(every), np.int64)
        each = np.repeat([term.each for term in terms], [len(some) for some in keys])
        np.add.at(points, at, each)
        if points.max() >= 2**31:
            raise OverflowError("the points of a pair could leave 32 bits: lower the weights")
        return cls(np.stack([every // num_right, every % num_right], axis=1), points.astype(np.int32))

    def plus(self, pairs: Int64, each: int, num_right: int) -> Bonus:
        """Return the same with ``each`` points more for some pairs, each there once."""
        if not each or not len(pairs):
            return self
        keys = self.pairs[:, 0] * num_right + self.pairs[:, 1]
        every, at = np.unique(
            np.concatenate([keys, pairs[:, 0] * num_right + pairs[:, 1]]), return_inverse=True
        )
        points = np.zeros(len(every), np.int64)
        np.add.at(points, at, np.concatenate([self.points, np.full(len(pairs), each)]))
        return Bonus(np.stack(np.divmod(every, num_right), axis=1), points.astype(np.int32))

    @property
    def most(self) -> int:
        """The largest of them, 0 for none."""
        return int(self.points.max(initial=0))

    def at(self, i: Index, j: Index, num_right: int) -> Int32:
        """Return what the pairs are worth more, 0 for most."""
        keys = self.pairs[:, 0] * num_right + self.pairs[:, 1]
        place, found = places_in(keys, np.asarray(i, np.int64) * num_right + np.asarray(j, np.int64))
        return np.where(found, self.points[place] if len(keys) else 0, 0).astype(np.int32)

    def swapped(self) -> Bonus:
        """Return the same with sides exchanged."""
        order = np.lexsort(self.pairs.T)
        return Bonus(np.ascontiguousarray(self.pairs[order][:, ::-1]), self.points[order])

    def taken(self, left: Int64, right: Int64, num_left: int, num_right: int) -> Bonus:
        """Translate to new indices; see :func:`renumbered`."""
        if not len(self.points):
            return self
        pairs, kept = renumbered(self.pairs, left, right, num_left, num_right)
        return Bonus(pairs, self.points[kept])

    def repeated(self, source: Int64) -> Bonus:
        """Return the same where row ``source[i]`` stands as left node ``i``, repeats allowed."""
        if not len(self.points):
            return self
        first = np.searchsorted(self.pairs[:, 0], source, "left")
        count = np.searchsorted(self.pairs[:, 0], source, "right") - first
        row = np.repeat(np.arange(len(source)), count)
        at = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
        return Bonus(np.stack([row, self.pairs[at, 1]], axis=1), self.points[at])


NO_BONUS = Bonus(np.empty((0, 2), np.int64), np.empty(0, np.int32))
"""No pair is worth more than its columns say."""


def contains(sorted_keys: Int64, keys: Int64) -> Bool:
    """Return which keys are among sorted ones."""
    return places_in(sorted_keys, keys)[1]


def places_in(sorted_keys: Int64, keys: Int64) -> tuple[Int64, Bool]:
    """Return where keys are among sorted ones, and which are there at all."""
    if not len(sorted_keys):
        return np.zeros(np.shape(keys), np.int64), np.zeros(np.shape(keys), np.bool_)
    place = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    found: Bool = sorted_keys[place] == keys
    return place, found


def joined(lists: Sequence[Int64], num_right: int) -> Int64:
    """Return the pairs of several lists, sorted, each once."""
    if not lists:
        return np.empty((0, 2), np.int64)
    pairs = np.concatenate([np.asarray(pairs, np.int64).reshape(-1, 2) for pairs in lists])
    keys = np.unique(pairs[:, 0] * num_right + pairs[:, 1])
    return np.stack([keys // max(1, num_right), keys % max(1, num_right)], axis=1)


def renumbered(pairs: Int64, left: Int64, right: Int64, num_left: int, num_right: int) -> tuple[Int64, Int64]:
    """
    Translate pairs, each there once, to new indices, without those that name a school that is gone.

    Parameters
    ----------
    pairs : (k, 2) int64
    left, right : int64 arrays
        The old index of each new left and right school.
    num_left, num_right : int
        Of old ones.

    Returns
    -------
    pairs : (k', 2) int64
        Sorted.
    kept : (k',) int64
        Where each was.
    """
    if not len(pairs):
        return pairs, np.empty(0, np.int64)
    new_left = np.full(num_left, -1, np.int64)
    new_right = np.full(num_right, -1, np.int64)
    new_left[left] = np.arange(len(left))
    new_right[right] = np.arange(len(right))
    moved = np.stack([new_left[pairs[:, 0]], new_right[pairs[:, 1]]], axis=1)
    kept = np.flatnonzero((moved >= 0).all(axis=1))
    kept = kept[np.lexsort(moved[kept].T[::-1])]
    return moved[kept], kept
