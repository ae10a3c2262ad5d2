"""
What a pair is worth, as arrays of whole numbers.

A policy compiles to terms: each answers, for left schools ``i`` and right schools ``j``, how many
points the pair gets. :func:`twinmatch.graph.merging.merge` folds them into :class:`PairTerms`, the form that
is searched, solved and checked: the points of a pair are the entry of one table for the classes of its two
schools, plus one number for each numeric column by the formulas of :mod:`twinmatch.graph.formulas`.

An unknown value is not a zero. A term with a known-flag per school is worth ``unknown`` points
wherever a side is unknown.

This module knows arrays only: no schools, no policies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from twinmatch.graph.calling import CallTerm, reordered
from twinmatch.graph.formulas import (
    DistanceColumns,
    DotColumns,
    LinearColumns,
    TagColumns,
    distance_points,
    dot_points,
    linear_points,
    tag_points,
)
from twinmatch.graph.singles import NO_BONUS, Bonus, contains, renumbered
from twinmatch.lazily import lazily

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.arrays import Bool, Float32, Index, Int32, Int64

__all__ = [
    "FORBIDDEN",
    "DistanceTerm",
    "DotTerm",
    "LinearTerm",
    "PairTerms",
    "RuleTerm",
    "TableTerm",
    "TagsTerm",
    "Term",
]

FORBIDDEN = -(2**31)
"""The table entry of classes whose pairs break a rule."""


class Term(Protocol):
    """What one criterion is worth for a pair."""

    @property
    def max_points(self) -> int:
        """An upper bound on the points of any pair."""

    def points(self, i: Index, j: Index) -> Int32:
        """Return the points of the pairs ``(i, j)``, aligned index arrays."""


@dataclass(frozen=True, eq=False)
class TableTerm:
    """
    Points looked up by the code of either school.

    Parameters
    ----------
    left_code : (num_left,) int32
    right_code : (num_right,) int32
    values : (num_left_codes, num_right_codes) int32
        Points, at least 0.
    """

    left_code: Int32
    right_code: Int32
    values: Int32

    @property
    def max_points(self) -> int:
        """The largest entry."""
        return int(self.values.max(initial=0))

    def points(self, i: Index, j: Index) -> Int32:
        """Return ``values[left_code[i], right_code[j]]``."""
        found: Int32 = self.values[self.left_code[i], self.right_code[j]]
        return found


@dataclass(frozen=True, eq=False)
class LinearTerm:
    """
    Points that fall by one for each unit of difference.

    Parameters
    ----------
    left, right : (num_left,) and (num_right,) int32
        Coordinates, at most ``MAX_MAGNITUDE`` in absolute value; ignored where unknown.
    top, cap : int
        Points at no difference, before and after the ceiling.
    left_known, right_known : (num_left,) and (num_right,) bool
    unknown : int
        Points of a pair with an unknown side.
    """

    left: Int32
    right: Int32
    top: int
    cap: int
    left_known: Bool
    right_known: Bool
    unknown: int

    @property
    def max_points(self) -> int:
        """The ceiling, or what an unknown value is worth if that is more."""
        return max(0, min(self.cap, self.top), self.unknown)

    def points(self, i: Index, j: Index) -> Int32:
        """Return ``min(cap, max(0, top - |left_i - right_j|))``."""
        return self._or_unknown(linear_points(self.left, self.right, self.top, self.cap, i, j), i, j)

    def _or_unknown(self, points: Int32, i: Index, j: Index) -> Int32:
        return np.where(self.left_known[i] & self.right_known[j], points, np.int32(self.unknown))


@dataclass(frozen=True, eq=False)
class DistanceTerm:
    """
    Points by great-circle distance, falling away from ``centre`` on both sides.

    Parameters
    ----------
    left, right : (3, num_left) and (3, num_right) float32
        ``round(unit_vector * UNITS_PER_RADIUS)``; ignored where unknown.
    top, slope, centre, cap : float
        Rounded to float32. ``centre`` is in coordinate units, ``slope`` in points per unit, above 0.
    left_known, right_known : (num_left,) and (num_right,) bool
    unknown : int
        Points of a pair with an unknown side.
    """

    left: Float32
    right: Float32
    top: float
    slope: float
    centre: float
    cap: float
    left_known: Bool
    right_known: Bool
    unknown: int

    @property
    def max_points(self) -> int:
        """The ceiling, or what an unknown value is worth if that is more."""
        return max(0, int(min(self.cap, self.top)), self.unknown)

    def points(self, i: Index, j: Index) -> Int32:
        """Return the points of the pairs, in float32 and in the one fixed order of operations."""
        columns = DistanceColumns(self.left, self.right, self.top, self.slope, self.centre, self.cap)
        known = self.left_known[i] & self.right_known[j]
        return np.where(known, distance_points(columns, i, j), np.int32(self.unknown))


@dataclass(frozen=True, eq=False)
class TagsTerm:
    """
    Points for each tag that two schools share.

    Parameters
    ----------
    left, right : (num_left,) and (num_right,) uint64
        Sets, one bit a tag; ignored where unknown.
    each, cap : int
        Points of one shared tag, and of all of them at most.
    left_known, right_known : (num_left,) and (num_right,) bool
    unknown : int
        Points of a pair with an unknown side.
    """

    left: npt.NDArray[np.uint64]
    right: npt.NDArray[np.uint64]
    each: int
    cap: int
    left_known: Bool
    right_known: Bool
    unknown: int = 0

    @property
    def max_points(self) -> int:
        """The ceiling, or what an unknown value is worth if that is more."""
        return max(0, min(self.cap, 64 * self.each), self.unknown)

    def points(self, i: Index, j: Index) -> Int32:
        """Return ``min(cap, each * popcount(left_i & right_j))``."""
        known = self.left_known[i] & self.right_known[j]
        return np.where(
            known, tag_points(self.left, self.right, self.each, self.cap, i, j), np.int32(self.unknown)
        )


@dataclass(frozen=True, eq=False)
class DotTerm:
    """
    Points that grow with the dot product of two vectors.

    Parameters
    ----------
    left, right : (num_left, width) and (num_right, width) int8
        Ignored where unknown. ``width`` is at most 65,536, so that sums fit 32 bits.
    offset, gain, shift, cap : int
        Points are ``min(cap, max(0, ((offset + dot) * gain) >> shift))``, in 64-bit integers.
    left_known, right_known : (num_left,) and (num_right,) bool
    unknown : int
        Points of a pair with an unknown side.
    """

    left: npt.NDArray[np.int8]
    right: npt.NDArray[np.int8]
    offset: int
    gain: int
    shift: int
    cap: int
    left_known: Bool
    right_known: Bool
    unknown: int

    @property
    def max_points(self) -> int:
        """The ceiling, or what an unknown value is worth if that is more."""
        return max(0, self.cap, self.unknown)

    def points(self, i: Index, j: Index) -> Int32:
        """Return the points of the pairs."""
        columns = DotColumns(self.left, self.right, self.offset, self.gain, self.shift, self.cap)
        known = self.left_known[i] & self.right_known[j]
        return np.where(known, dot_points(columns, i, j), np.int32(self.unknown))


@dataclass(frozen=True, eq=False)
class RuleTerm:
    """
    Pairs allowed by the code of either school.

    Parameters
    ----------
    left_code : (num_left,) int32
    right_code : (num_right,) int32
    allowed : (num_left_codes, num_right_codes) bool
    """

    left_code: Int32
    right_code: Int32
    allowed: Bool

    def allows(self, i: Index, j: Index) -> Bool:
        """Return whether the pairs are allowed."""
        found: Bool = self.allowed[self.left_code[i], self.right_code[j]]
        return found


@dataclass(frozen=True, eq=False)
class PairTerms:
    """
    The points of every pair, in the form that is searched, solved and checked.

    Parameters
    ----------
    left_class : (num_left,) int32
    right_class : (num_right,) int32
        Classes depend on what schools are, never on the order of rows.
    table : (num_left_classes, num_right_classes) int32
        Points of a pair that its classes settle; ``FORBIDDEN`` where a rule forbids the pair.
    linears : tuple of LinearColumns
    distance : DistanceColumns or None
    tags : tuple of TagColumns
    dot : DotColumns or None
    banned : (k, 2) int64
        Single forbidden pairs, sorted, each once.
    calls : tuple of CallTerm
        The user's own functions; where there are any, the pairs are searched by plain passes.
    curve : (k,) int32 or None
        Where there is one, a pair is worth ``curve[sum]`` instead of the sum of all of these, or the nearest
        entry beyond its ends. Entries are at least 0 and never fall.
    bonus : Bonus
        Single pairs that are worth more than their columns say.
    """

    left_class: Int32
    right_class: Int32
    table: Int32
    linears: tuple[LinearColumns, ...] = ()
    distance: DistanceColumns | None = None
    tags: tuple[TagColumns, ...] = ()
    dot: DotColumns | None = None
    banned: Int64 = field(default_factory=lambda: np.empty((0, 2), np.int64))
    calls: tuple[CallTerm, ...] = ()
    curve: Int32 | None = None
    bonus: Bonus = NO_BONUS

    @property
    def num_left(self) -> int:
        """Number of left schools."""
        return len(self.left_class)

    @property
    def num_right(self) -> int:
        """Number of right schools."""
        return len(self.right_class)

    @property
    def max_points(self) -> int:
        """An upper bound on the points of any admissible pair (not always reached)."""
        most = max(0, int(self.table.max(initial=0)))
        most += sum(max(0, min(column.top, column.cap)) for column in self.linears)
        most += sum(max(0, min(column.cap, 64 * column.each)) for column in self.tags)
        most += sum(call.max_points for call in self.calls)
        if self.distance is not None:
            most += max(0, int(min(self.distance.top, self.distance.cap)))
        if self.dot is not None:
            most += max(0, self.dot.cap)
        most += self.bonus.most
        return most if self.curve is None else int(self.curve[min(most, len(self.curve) - 1)])

    @property
    def min_points(self) -> int:
        """A lower bound on the points of any admissible pair (not always reached)."""
        known = self.table[self.table != FORBIDDEN]
        least = int(known.min()) if known.size else 0
        if self.curve is None:
            return least
        return int(self.curve[min(max(0, least), len(self.curve) - 1)])

    @property
    def spread(self) -> int:
        """By how much the points of two admissible pairs can differ at most; 1 at least."""
        return max(1, self.max_points - self.min_points)

    @lazily
    def _banned_keys(self) -> Int64:
        return self.banned[:, 0] * self.num_right + self.banned[:, 1]

    def points(self, i: Index, j: Index) -> Int64:
        """
        Return the points of the pairs, ``FORBIDDEN`` where a pair is not admissible.

        Parameters
        ----------
        i, j : int arrays
            Left and right indices, aligned or broadcastable.

        Returns
        -------
        int64 array
            Of the broadcast shape.
        """
        i, j = np.broadcast_arrays(np.asarray(i, np.int64), np.asarray(j, np.int64))
        shape = i.shape
        i, j = i.ravel(), j.ravel()
        total = self.table[self.left_class[i], self.right_class[j]].astype(np.int64)
        admissible = total != FORBIDDEN
        if len(self.banned):
            admissible &= ~contains(self._banned_keys, i * self.num_right + j)
        for linear in self.linears:
            total += linear_points(*linear, i, j)
        if self.distance is not None:
            total += distance_points(self.distance, i, j)
        for tags in self.tags:
            total += tag_points(*tags, i, j)
        if self.dot is not None:
            total += dot_points(self.dot, i, j)
        if len(self.bonus.points):
            total += self.bonus.at(i.astype(np.int64), j.astype(np.int64), self.num_right)
        # A user's function is asked about admissible pairs only.
        if self.calls and admissible.any():
            asked = np.flatnonzero(admissible)
            for call in self.calls:
                total[asked] += call.points(i[asked], j[asked])
        if self.curve is not None:
            total = self.curve[np.clip(total, 0, len(self.curve) - 1)].astype(np.int64)
        total[~admissible] = FORBIDDEN
        return total.reshape(shape)

    def take(self, left_order: Index, right_order: Index) -> PairTerms:
        """
        Return the terms of some of the schools, in a new order.

        Parameters
        ----------
        left_order, right_order : int arrays
            The old index of each new left and right school, each at most once.

        Returns
        -------
        PairTerms
            Classes keep their numbers.
        """
        left, right = np.asarray(left_order, np.int64), np.asarray(right_order, np.int64)
        distance, dot = self.distance, self.dot
        if distance is not None:
            distance = distance._replace(
                left=np.ascontiguousarray(distance.left[:, left]),
                right=np.ascontiguousarray(distance.right[:, right]),
            )
        if dot is not None:
            dot = dot._replace(left=dot.left[left], right=dot.right[right])
        return PairTerms(
            self.left_class[left],
            self.right_class[right],
            self.table,
            tuple(c._replace(left=c.left[left], right=c.right[right]) for c in self.linears),
            distance,
            tuple(c._replace(left=c.left[left], right=c.right[right]) for c in self.tags),
            dot,
            renumbered(self.banned, left, right, self.num_left, self.num_right)[0],
            tuple(reordered(call, left, right) for call in self.calls),
            self.curve,
            self.bonus.taken(left, right, self.num_left, self.num_right),
        )

    def transposed(self) -> PairTerms:
        """Return the terms with left and right exchanged: the points of (i, j) become those of (j, i)."""
        swapped = self.banned[:, ::-1]
        distance, dot = self.distance, self.dot
        return PairTerms(
            self.right_class,
            self.left_class,
            np.ascontiguousarray(self.table.T),
            tuple(c._replace(left=c.right, right=c.left) for c in self.linears),
            distance and distance._replace(left=distance.right, right=distance.left),
            tuple(c._replace(left=c.right, right=c.left) for c in self.tags),
            dot and dot._replace(left=dot.right, right=dot.left),
            np.ascontiguousarray(swapped[np.lexsort(swapped.T[::-1])]),
            curve=self.curve,
            bonus=self.bonus.swapped(),
        )
