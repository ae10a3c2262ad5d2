"""
What a repair is about: the question that the next matching answers.

Keeping a pair is worth points, and points are what a policy says. So the bonus is a criterion of the policy
like any other, :class:`~twinmatch.policies.Kept`, and who was paired with whom is a column of the left table.
Whoever verifies the result needs nothing else, and its explanations say which points are for having stayed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.changing import (
    Change,
    PartnerJoins,
    PartnerLeaves,
    SchoolJoins,
    SchoolLeaves,
    applied,
)
from twinmatch.errors import Fault
from twinmatch.policy import checks
from twinmatch.policy.criteria import Kept
from twinmatch.repairing.pinning import pinned, still_pinned
from twinmatch.schools import Schools

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import numpy.typing as npt

    from twinmatch.changing import Applied
    from twinmatch.matching import Matching
    from twinmatch.policy import Policy

    Int64 = npt.NDArray[np.int64]

__all__ = ["BONUS", "FORMER_COLUMN", "Question", "bonus_faults", "stated", "without_bonus"]

FORMER_COLUMN = "partner_before_repair"
"""The column of the left table that a repair writes: who the partner was."""

BONUS = "kept pair"
"""What the criterion that a repair adds is called."""


class Question(NamedTuple):
    """
    Tables, places and a policy after changes, and the pairs of before that still may be.

    Attributes
    ----------
    applied : Applied
        What the changes made of everything; its tables and policy know of no bonus.
    left : Schools
        The left table, with the former partners where a kept pair is worth more.
    policy : Policy
        With the criterion, where a kept pair is worth more.
    pairs : (k, 2) int64
        Rows, in the new tables, of the pairs of before whose schools are both there, sorted.
    rewarded : (k,) bool
        Which of them get the bonus: all but those whose agreement is over.
    """

    applied: Applied
    left: Schools
    policy: Policy
    pairs: Int64
    rewarded: npt.NDArray[np.bool_]


def stated(
    matching: Matching,
    changes: Iterable[Change] | Change,
    keep_bonus: int = 0,
    today: date | None = None,
) -> Question:
    """
    Return the question that a repair answers.

    Parameters
    ----------
    matching : Matching
        The one before.
    changes : iterable of Change, or a Change
    keep_bonus : int, optional
        Points that a pair of before is worth more.
    today : datetime.date, optional

    Raises
    ------
    InputError
        With everything that is wrong with the changes.

    Notes
    -----
    The pair of a school that was paired before, and whose partner is still there, gets the bonus once; a
    school with several partners gets it for each that it keeps.
    """
    left, policy = without_bonus(matching.left, matching.policy)
    right = matching.right
    if _moves(changes):
        left, right = pinned(left, policy), pinned(right, policy)
    after = applied(left, right, matching.right_capacity, policy, changes, today, pending=matching.pending)
    for old, new, rows in ((left, after.left, after.left_rows), (right, after.right, after.right_rows)):
        if new is not old and (rows >= 0).all():
            still_pinned(old, new)
    i, j = (np.asarray(one, np.int64) for one in matching._taken())
    here, there = _turned(after.left_rows, len(matching.left)), _turned(after.right_rows, len(matching.right))
    pairs = np.stack([here[i], there[j]], axis=1)
    pairs = pairs[(pairs >= 0).all(axis=1)]  # both tables keep their order, and so do the pairs
    rewarded = np.ones(len(pairs), np.bool_)
    if lapsed := after.lapsed:
        rewarded[:] = [(after.left.ids[a], after.right.ids[b]) not in lapsed for a, b in pairs.tolist()]
    if not keep_bonus:
        return Question(after, after.left, after.policy, pairs, rewarded)
    table = _with_former(after.left, after.right, pairs[rewarded])
    names, title, number = {one.name for one in after.policy.criteria}, BONUS, 2
    while title in names:
        title, number = f"{BONUS} ({number})", number + 1
    criterion = Kept(keep_bonus, column=FORMER_COLUMN, name=title)
    policy = replace(after.policy, criteria=(*after.policy.criteria, criterion))
    return Question(after, table, policy, pairs, rewarded)


def _moves(changes: object) -> bool:
    """Return whether schools come or go."""
    told = [changes] if isinstance(changes, Change) else changes
    kinds = (SchoolLeaves, SchoolJoins, PartnerLeaves, PartnerJoins)
    return isinstance(told, list | tuple) and any(isinstance(one, kinds) for one in told)


def without_bonus(left: Schools, policy: Policy) -> tuple[Schools, Policy]:
    """Return a left table and a policy as they are without what an earlier repair added."""
    criteria = tuple(one for one in policy.criteria if not is_bonus(one))
    if len(criteria) < len(policy.criteria):
        policy = replace(policy, criteria=criteria)
    if left.has(FORMER_COLUMN):
        left = _replaced(left, left.table.drop_columns([FORMER_COLUMN]))
    return left, policy


def is_bonus(criterion: object) -> bool:
    """Return whether a criterion is the one that a repair adds."""
    return isinstance(criterion, Kept) and criterion.column == FORMER_COLUMN


def bonus_faults(matching: Matching, keep_bonus: object) -> list[Fault]:
    """Return what is wrong with a bonus, be it out of range or none that a mechanism could give."""
    faults = list(checks.whole("keep_bonus", keep_bonus, 0, checks.MAX_WEIGHT))
    name = matching.mechanism.name
    if not faults and keep_bonus and name != "most_points":
        what = f"is a number of points, and {name} does not find the most points"
        faults.append(Fault("keep_bonus", what, hint="Leave it out: keep_bonus=0."))
    return faults


def _turned(rows: Int64, size: int) -> Int64:
    """Return the new row of each old one, -1 for who is gone."""
    new = np.full(size, -1, np.int64)
    known = rows >= 0
    new[rows[known]] = np.flatnonzero(known)
    return new


def _with_former(left: Schools, right: Schools, pairs: Int64) -> Schools:
    """Return a left table with a column of former partners."""
    import pyarrow as pa

    ids = right.ids[pairs[:, 1]]
    cells = np.full(len(left), None, dtype=object)
    first = np.r_[True, pairs[1:, 0] != pairs[:-1, 0]] if len(pairs) else np.zeros(0, bool)
    column: pa.Array
    if first.all():
        cells[pairs[:, 0]] = ids
        column = pa.array(cells, pa.string())
    else:
        starts = np.flatnonzero(first)
        for start, stop in zip(starts, [*starts[1:], len(pairs)], strict=True):
            cells[pairs[start, 0]] = ids[start:stop].tolist()
        column = pa.array(cells.tolist(), pa.list_(pa.string()))
    return _replaced(left, left.table.append_column(FORMER_COLUMN, column))


def _replaced(schools: Schools, table: object) -> Schools:
    """Return schools with another set of columns that were checked before."""
    made = Schools._trusted(
        table,
        kind=schools.kind,
        source=schools.source,
        report=schools.report,
        dropped=schools.dropped,
    )
    for key, value in schools._cache.items():
        if isinstance(value, np.ndarray) and not key.endswith(FORMER_COLUMN):
            made._cache[key] = value
    return made
