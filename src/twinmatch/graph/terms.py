r"""
What a pair is worth, as arrays of whole numbers.

A policy compiles to terms: each answers, for left schools ``i`` and right schools ``j``, how many
points the pair gets. :func:`merge` folds them into :class:`PairTerms`, the form that is searched,
solved and checked: the points of a pair are the entry of one table for the classes of its two
schools, plus one number for each numeric column,

=========  ==============================================================================
linear     ``min(cap, max(0, top - abs(left - right)))``, 32-bit integers
distance   ``min(cap, max(0, top - slope * abs(arc - centre)))`` truncated, float32
tags       ``min(cap, each * number of common bits)``, 64-bit sets
dot        ``min(cap, max(0, ((offset + dot product) * gain) >> shift))``, 8-bit vectors
=========  ==============================================================================

The same formulas, in the same order of operations, are written for the compiler in
``cpp/points.hpp``; the two files hold the same constants and return the same integers.

An unknown value is not a zero. A term with a known-flag per school is worth ``unknown`` points
wherever a side is unknown; merging moves that number into the table and gives the column a
sentinel so far away that the column itself adds nothing.

This module knows arrays only: no schools, no policies.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from twinmatch.errors import Fault, PointsError, ResourceLimitError
from twinmatch.graph.singles import NO_BONUS, Bonus, PairBonus, contains, joined, renumbered
from twinmatch.lazily import lazily
from twinmatch.pausing import pause

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twinmatch.graph.singles import Bans

__all__ = [
    "ARC_C1",
    "ARC_C2",
    "ARC_C3",
    "FORBIDDEN",
    "MAX_COLUMNS",
    "MAX_MAGNITUDE",
    "UNITS_PER_RADIUS",
    "CallTerm",
    "DistanceColumns",
    "DistanceTerm",
    "DotColumns",
    "DotTerm",
    "LinearColumns",
    "LinearTerm",
    "PairTerms",
    "RuleTerm",
    "TableTerm",
    "TagColumns",
    "TagsTerm",
    "Term",
    "joint_codes",
    "merge",
]

Int32: TypeAlias = npt.NDArray[np.int32]
Int64: TypeAlias = npt.NDArray[np.int64]
Float32: TypeAlias = npt.NDArray[np.float32]
Bool: TypeAlias = npt.NDArray[np.bool_]
Index: TypeAlias = npt.NDArray[np.integer[Any]]

FORBIDDEN = -(2**31)
"""The table entry of classes whose pairs break a rule."""

MAX_COLUMNS = 8
"""Most columns of one kind that the compiled loops take (one of distance, one of dot)."""

MAX_MAGNITUDE = 2**28
"""Largest absolute value of a known linear coordinate, and largest ``top``."""

MAX_TABLE = 2**27
"""Most entries that the table of classes may have before equal classes are joined."""

UNITS_PER_RADIUS = 2**22
"""Coordinates are whole numbers, this many to an Earth radius (about 1.5 m each)."""

# Chord to great circle: arc = s (1 + C1 t + C2 t^2 + C3 t^3) with s the chord and t = s^2 in Earth
# radii. Fitted to the least largest relative error for chords up to 10,000 km: 1.7e-4 there, 3e-5
# up to 1,000 km. All three are positive, so a longer chord is never a shorter arc.
ARC_SCALE = np.float32(2.0**-44)
ARC_C1 = np.float32(0.0428923108)
ARC_C2 = np.float32(0.00209602714)
ARC_C3 = np.float32(0.00208822871)

_FAR_INTEGER = 2**29
_FAR_COORDINATE = np.float32(2.0**26)


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
        return self._or_unknown(_linear(self.left, self.right, self.top, self.cap, i, j), i, j)

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
        return np.where(known, _distance(columns, i, j), np.int32(self.unknown))


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
            known, _tags(self.left, self.right, self.each, self.cap, i, j), np.int32(self.unknown)
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
        return np.where(known, _dot(columns, i, j), np.int32(self.unknown))


@dataclass(frozen=True, eq=False)
class CallTerm:
    """
    Points from a function of the user's own.

    Parameters
    ----------
    function : callable
        Takes two aligned int64 index arrays, of left and of right schools in the order of the
        tables the policy was compiled for, and returns as many whole numbers, 0 or more.
    upper_bound : int or None
        The most points it ever returns, where that is known.
    name : str
        What errors call it.
    left_rows, right_rows : (num_left,) and (num_right,) int64 or None
        Where schools were reordered since: the index to call the function with.
    """

    function: Callable[[Int64, Int64], npt.ArrayLike]
    upper_bound: int | None
    name: str
    left_rows: Int64 | None = None
    right_rows: Int64 | None = None

    @property
    def max_points(self) -> int:
        """The declared bound, or the largest 31-bit number."""
        return 2**31 - 1 if self.upper_bound is None else self.upper_bound

    def points(self, i: Index, j: Index) -> Int32:
        """
        Call the function and check what it returns.

        Raises
        ------
        PointsError
            If the answer has another shape, is not finite and whole, is negative, or is above the
            declared bound.
        """
        rows, columns = np.broadcast_arrays(np.asarray(i, np.int64), np.asarray(j, np.int64))
        left, right = rows.ravel(), columns.ravel()
        if self.left_rows is not None:
            left = self.left_rows[left]
        if self.right_rows is not None:
            right = self.right_rows[right]
        found = _checked_points(self.name, self.function(left, right), left, right, self.max_points)
        return found.reshape(rows.shape)


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


class LinearColumns(NamedTuple):
    """A linear term after merging: sentinels where unknown. Fields as in :class:`LinearTerm`."""

    left: Int32
    right: Int32
    top: int
    cap: int


class DistanceColumns(NamedTuple):
    """A distance term after merging: sentinels where unknown. Fields as in :class:`DistanceTerm`."""

    left: Float32
    right: Float32
    top: float
    slope: float
    centre: float
    cap: float


class TagColumns(NamedTuple):
    """A tags term after merging: empty sets where unknown. Fields as in :class:`TagsTerm`."""

    left: npt.NDArray[np.uint64]
    right: npt.NDArray[np.uint64]
    each: int
    cap: int


class DotColumns(NamedTuple):
    """A dot term after merging: zero vectors where unknown. Fields as in :class:`DotTerm`."""

    left: npt.NDArray[np.int8]
    right: npt.NDArray[np.int8]
    offset: int
    gain: int
    shift: int
    cap: int


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
            total += _linear(*linear, i, j)
        if self.distance is not None:
            total += _distance(self.distance, i, j)
        for tags in self.tags:
            total += _tags(*tags, i, j)
        if self.dot is not None:
            total += _dot(self.dot, i, j)
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
            tuple(_reorder(call, left, right) for call in self.calls),
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


def merge(
    num_left: int,
    num_right: int,
    rules: Sequence[RuleTerm],
    terms: Sequence[Term],
    bans: Sequence[Bans] = (),
) -> PairTerms:
    """
    Fold rules and terms into one table of classes and a few numeric columns.

    Schools that no rule, table or known-flag tells apart share a class. The points of every pair
    are exactly the sum of its terms.

    Parameters
    ----------
    num_left, num_right : int
        Number of schools on either side.
    rules : sequence of RuleTerm
    terms : sequence of the terms of this module
    bans : sequence of Bans

    Returns
    -------
    PairTerms

    Raises
    ------
    ValueError
        If there are more numeric columns of a kind than the compiled loops take.
    OverflowError
        If points could leave 32 bits.
    ResourceLimitError
        If rules and criteria tell so many kinds of schools apart that the table gets too large.

    Notes
    -----
    Time is linear in the number of schools and of table entries. Class numbers follow the codes,
    so they depend on the content of the tables and not on the order of their rows.
    """
    parts: list[_Part] = [
        _Part(r.left_code, r.right_code, (~r.allowed).astype(np.int32), is_rule=True) for r in rules
    ]
    linears: list[LinearColumns] = []
    tags: list[TagColumns] = []
    distances: list[DistanceColumns] = []
    dots: list[DotColumns] = []
    calls: list[CallTerm] = []
    bonuses: list[PairBonus] = []
    for term in terms:
        match term:
            case TableTerm():
                parts.append(_Part(term.left_code, term.right_code, term.values))
            case LinearTerm():
                linears.append(_far_linear(term))
                parts.append(_unknown_part(term.left_known, term.right_known, term.unknown))
            case DistanceTerm():
                distances.append(_far_distance(term))
                parts.append(_unknown_part(term.left_known, term.right_known, term.unknown))
            case TagsTerm():
                tags.append(_no_tags(term))
                parts.append(_unknown_part(term.left_known, term.right_known, term.unknown))
            case DotTerm():
                dots.append(_zero_dot(term))
                # A zero vector may be worth something to the column; the table takes it back.
                worth = _dot_worth(np.zeros(1, np.int64), dots[-1])[0]
                parts.append(_unknown_part(term.left_known, term.right_known, term.unknown - int(worth)))
            case CallTerm():
                calls.append(term)
            case PairBonus():
                bonuses.append(term)
            case _:
                raise TypeError(f"not a term: {term!r}")
    for columns, most, kind in (
        (linears, MAX_COLUMNS, "linear"),
        (tags, MAX_COLUMNS, "tags"),
        (distances, 1, "distance"),
        (dots, 1, "dot"),
    ):
        if len(columns) > most:
            raise ValueError(f"{len(columns)} {kind} columns: at most {most} fit")

    parts = [_fold_part(part) for part in parts]
    left_class, left_codes = joint_codes(num_left, [part.left for part in parts])
    right_class, right_codes = joint_codes(num_right, [part.right for part in parts])
    table = _class_table(parts, left_codes, right_codes)
    left_class, table = _fold_equal_rows(left_class, table)
    right_class, transposed = _fold_equal_rows(right_class, np.ascontiguousarray(table.T))
    merged = PairTerms(
        left_class,
        right_class,
        np.ascontiguousarray(transposed.T),
        tuple(linears),
        distances[0] if distances else None,
        tuple(tags),
        dots[0] if dots else None,
        joined([ban.pairs for ban in bans], num_right),
        tuple(calls),
        bonus=Bonus.of(bonuses, num_right),
    )
    if replace(merged, calls=()).max_points >= 2**31:
        raise OverflowError("the points of a pair could leave 32 bits: lower the weights")
    return merged


def joint_codes(size: int, codes: Sequence[Int32]) -> tuple[Int32, list[Int32]]:
    """
    Give each distinct row of aligned columns of codes a number.

    Parameters
    ----------
    size : int
        Number of rows.
    codes : sequence of (size,) int32
        Columns, 0 or more each.

    Returns
    -------
    joint : (size,) int32
        One number for each distinct row, in lexicographic order, without gaps.
    columns : list of (number of distinct rows,) int32
        The codes behind each number.
    """
    joint = np.zeros(size, np.int64)
    kinds = 1
    for code in codes:
        pause()
        width = int(code.max(initial=0)) + 1
        if kinds * width > 2**20:  # a small product is counted instead of sorted, and cannot overflow
            joint, kinds = _compact(joint, kinds)
        joint = joint * width + code
        kinds *= width
    joint, kinds = _compact(joint, kinds)
    first = np.full(kinds, size, np.int64)
    np.minimum.at(first, joint, np.arange(size))
    return joint.astype(np.int32), [code[first] for code in codes]


class _Part(NamedTuple):
    """What one rule or term contributes to the table."""

    left: Int32
    right: Int32
    values: Int32
    is_rule: bool = False  # its values are 1 where it forbids, not points


def _unknown_part(left_known: Bool, right_known: Bool, unknown: int) -> _Part:
    values = np.array([[unknown, unknown], [unknown, 0]], np.int32)
    return _Part(left_known.astype(np.int32), right_known.astype(np.int32), values)


def _compact(joint: Int64, kinds: int) -> tuple[Int64, int]:
    """Renumber the values below ``kinds`` that occur, keeping their order."""
    if kinds <= 2**24:
        seen = np.zeros(kinds, np.int64)
        seen[joint] = 1
        number = np.cumsum(seen) - 1
        return number[joint], int(number[-1]) + 1 if kinds else 0
    found, inverse = np.unique(joint, return_inverse=True)
    return inverse.astype(np.int64), len(found)


def _fold_part(part: _Part) -> _Part:
    """Give one code to codes that the part does not tell apart, so that joint codes stay few."""
    pause()
    left, values = _fold_equal_rows(part.left, part.values)
    right, transposed = _fold_equal_rows(part.right, np.ascontiguousarray(values.T))
    return _Part(left, right, np.ascontiguousarray(transposed.T), part.is_rule)


def _class_table(parts: Sequence[_Part], left: Sequence[Int32], right: Sequence[Int32]) -> Int32:
    """Sum the parts' values over all pairs of classes; forbid where a part forbids."""
    rows = len(left[0]) if left else 1
    columns = len(right[0]) if right else 1
    if rows * columns > MAX_TABLE:
        raise ResourceLimitError(
            f"the policy tells {rows:,} kinds of left and {columns:,} kinds of right schools apart, "
            f"and a table of {rows * columns:,} entries is too large; use fewer or coarser criteria"
        )
    total = np.zeros((rows, columns), np.int64)
    forbidden = np.zeros((rows, columns), np.bool_)
    for part, row, column in zip(parts, left, right, strict=True):
        spread = part.values[np.ix_(row, column)]
        if part.is_rule:
            forbidden |= spread != 0
        else:
            total += spread
    if np.abs(total).max(initial=0) >= 2**31:
        raise OverflowError("the points of a pair could leave 32 bits: lower the weights")
    total[forbidden] = FORBIDDEN
    return total.astype(np.int32)


def _fold_equal_rows(classes: Int32, table: Int32) -> tuple[Int32, Int32]:
    """Join classes whose rows of the table are equal, keeping the order of their first members."""
    if not table.size:
        return classes, table
    whole_rows = np.ascontiguousarray(table).view(np.dtype((np.void, table.itemsize * table.shape[1])))
    _, first, inverse = np.unique(whole_rows.ravel(), return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[inverse.ravel()][classes], np.ascontiguousarray(table[first[order]])


def _far_linear(term: LinearTerm) -> LinearColumns:
    _check_linear(term)
    left = np.where(term.left_known, term.left, np.int32(-_FAR_INTEGER))
    right = np.where(term.right_known, term.right, np.int32(_FAR_INTEGER))
    return LinearColumns(left.astype(np.int32), right.astype(np.int32), term.top, term.cap)


def _check_linear(term: LinearTerm) -> None:
    """Refuse coordinates that a sentinel would not be far from."""
    for values, known in ((term.left, term.left_known), (term.right, term.right_known)):
        if np.abs(values[known].astype(np.int64)).max(initial=0) > MAX_MAGNITUDE:
            raise OverflowError(f"a linear coordinate is beyond {MAX_MAGNITUDE}")
    if term.top > MAX_MAGNITUDE:
        raise OverflowError(f"the top of a linear term is beyond {MAX_MAGNITUDE}")


def _far_distance(term: DistanceTerm) -> DistanceColumns:
    left = np.where(term.left_known, term.left, -_FAR_COORDINATE)
    right = np.where(term.right_known, term.right, _FAR_COORDINATE)
    numbers = (float(np.float32(value)) for value in (term.top, term.slope, term.centre, term.cap))
    return DistanceColumns(
        np.ascontiguousarray(left, np.float32), np.ascontiguousarray(right, np.float32), *numbers
    )


def _no_tags(term: TagsTerm) -> TagColumns:
    left = np.where(term.left_known, term.left, np.uint64(0))
    right = np.where(term.right_known, term.right, np.uint64(0))
    return TagColumns(left.astype(np.uint64), right.astype(np.uint64), term.each, term.cap)


def _zero_dot(term: DotTerm) -> DotColumns:
    left = np.where(term.left_known[:, None], term.left, np.int8(0)).astype(np.int8)
    right = np.where(term.right_known[:, None], term.right, np.int8(0)).astype(np.int8)
    return DotColumns(left, right, term.offset, term.gain, term.shift, term.cap)


def _linear(left: Int32, right: Int32, top: int, cap: int, i: Index, j: Index) -> Int32:
    points = np.int32(top) - np.abs(left[i] - right[j])
    clipped: Int32 = np.minimum(np.maximum(points, np.int32(0)), np.int32(cap))
    return clipped


def _distance(columns: DistanceColumns, i: Index, j: Index) -> Int32:
    """Every operation in float32 and in the order of cpp/points.hpp: the bits depend on it."""
    top, slope, centre, cap = (np.float32(value) for value in columns[2:])
    dx = columns.left[0][i] - columns.right[0][j]
    dy = columns.left[1][i] - columns.right[1][j]
    dz = columns.left[2][i] - columns.right[2][j]
    q = (dx * dx + dy * dy) + dz * dz
    t = q * ARC_SCALE
    arc = np.sqrt(q) * (np.float32(1) + t * (ARC_C1 + t * (ARC_C2 + t * ARC_C3)))
    points = top - slope * np.abs(arc - centre)
    points = np.minimum(np.maximum(points, np.float32(0)), cap)
    whole: Int32 = points.astype(np.int32)
    return whole


def _tags(
    left: npt.NDArray[np.uint64],
    right: npt.NDArray[np.uint64],
    each: int,
    cap: int,
    i: Index,
    j: Index,
) -> Int32:
    points = np.int32(each) * _popcount(left[i] & right[j])
    capped: Int32 = np.minimum(points, np.int32(cap))
    return capped


def _popcount(bits: npt.NDArray[np.uint64]) -> Int32:
    """Count the bits of each number (np.bitwise_count came with NumPy 2)."""
    eight = np.ascontiguousarray(bits).reshape(*np.shape(bits), 1).view(np.uint8)
    count: Int32 = np.unpackbits(eight, axis=-1).sum(axis=-1, dtype=np.int32)
    return count


def _dot(columns: DotColumns, i: Index, j: Index) -> Int32:
    products = np.einsum(
        "...w,...w->...", columns.left[i].astype(np.int64), columns.right[j].astype(np.int64)
    )
    return _dot_worth(products, columns)


def _dot_worth(products: Int64, columns: DotColumns) -> Int32:
    points = ((columns.offset + products) * columns.gain) >> columns.shift
    clipped: Int32 = np.minimum(np.maximum(points, 0), columns.cap).astype(np.int32)
    return clipped


def _checked_points(name: str, found: npt.ArrayLike, left: Int64, right: Int64, most: int) -> Int32:
    """Return a function's answer as int32 points, or say everything that is wrong with it."""

    def wrong(what: str, rows: npt.NDArray[np.intp] | None = None, hint: str = "") -> Fault:
        if rows is None:
            return Fault(name, what, hint=hint)
        pair = f" for left {left[rows[0]]} and right {right[rows[0]]}"
        return Fault(name, what + pair, len(rows), tuple(int(row) for row in rows[:3]), hint)

    subject = f"criterion {name!r} returned points that cannot be used"
    values = np.asarray(found)
    if values.shape != left.shape:
        hint = "Return one number for each pair."
        raise PointsError(subject, [wrong(f"has shape {values.shape}, not {left.shape}", hint=hint)])
    if values.dtype.kind not in "biuf":
        raise PointsError(subject, [wrong(f"has dtype {values.dtype}", hint="Return whole numbers.")])
    faults = []
    if values.dtype.kind == "f":
        if (rows := np.flatnonzero(~np.isfinite(values))).size:
            faults.append(wrong("is not finite", rows))
        with np.errstate(invalid="ignore"):
            fraction = np.isfinite(values) & (values != np.floor(values))
        if (rows := np.flatnonzero(fraction)).size:
            faults.append(wrong("is not a whole number", rows, "Round it in the function."))
    with np.errstate(invalid="ignore"):
        if (rows := np.flatnonzero(values < 0)).size:
            faults.append(wrong("is below 0", rows))
        if (rows := np.flatnonzero(values > most)).size:
            faults.append(wrong(f"is above its bound of {most:,}", rows))
    if faults:
        raise PointsError(subject, faults)
    return values.astype(np.int32)


def _reorder(call: CallTerm, left: Int64, right: Int64) -> CallTerm:
    return replace(
        call,
        left_rows=left if call.left_rows is None else call.left_rows[left],
        right_rows=right if call.right_rows is None else call.right_rows[right],
    )
