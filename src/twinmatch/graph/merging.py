"""
Terms folded into one table of classes and a few numeric columns.

Schools that no rule, table or known-flag tells apart share a class, and one table holds what each pair of
classes is worth. An unknown value is not a zero: what it is worth moves into the table, and its column gets a
sentinel so far away that the column itself adds nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.errors import ResourceLimitError
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.formulas import DistanceColumns, DotColumns, LinearColumns, TagColumns, dot_worth
from twinmatch.graph.singles import Bonus, PairBonus, joined
from twinmatch.graph.terms import (
    FORBIDDEN,
    DistanceTerm,
    DotTerm,
    LinearTerm,
    PairTerms,
    TableTerm,
    TagsTerm,
)
from twinmatch.pausing import pause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinmatch.graph.arrays import Bool, Int32, Int64
    from twinmatch.graph.singles import Bans
    from twinmatch.graph.terms import RuleTerm, Term

__all__ = ["MAX_COLUMNS", "MAX_MAGNITUDE", "joint_codes", "merge"]

MAX_COLUMNS = 8
"""Most columns of one kind that the compiled loops take (one of distance, one of dot)."""

MAX_MAGNITUDE = 2**28
"""Largest absolute value of a known linear coordinate, and largest ``top``."""

MAX_TABLE = 2**27
"""Most entries that the table of classes may have before equal classes are joined."""

_FAR_INTEGER = 2**29
_FAR_COORDINATE = np.float32(2.0**26)


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
                worth = dot_worth(np.zeros(1, np.int64), dots[-1])[0]
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
