"""
What changes make of two tables, the places and the policy: a pure function.

Problem
    A partner drops out, a school joins, an agreement is renewed. The next matching is one of other tables
    under another policy, and both must be exactly what they would be had everything been so from the start.
Idea
    Rows go and come in place (:mod:`twinmatch.changing.rows`); pairs that must be and pairs that must not are
    parts of the policy as anybody may write them (:mod:`twinmatch.changing.agreed`). A solver and a
    certificate see tables and a policy only, and need no notion of change.
Time
    Agreements may end on a day. Until then the change waits; ``pending`` holds those. An agreement that is
    over stays there too, without a day, as long as its pair stands: such a pair gets no bonus for being kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.changing.agreed import locked_pairs, overfull, vetoed_pairs, with_pairs
from twinmatch.changing.agreements import AgreementExpires, PairFreed
from twinmatch.changing.change import python_value
from twinmatch.changing.reading import read
from twinmatch.changing.rows import row_of, set_cells, spliced, stacked, without
from twinmatch.changing.schools import PartnerJoins
from twinmatch.changing.sections import rewritten
from twinmatch.errors import Fault, InputError
from twinmatch.policy import Policy
from twinmatch.policy.bounds import MOST
from twinmatch.schools import Schools

if TYPE_CHECKING:
    from datetime import date

    import numpy.typing as npt

    from twinmatch.changing.change import Change
    from twinmatch.changing.reading import Read
    from twinmatch.changing.schools import Joining

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]
    Pair = tuple[str, str]

__all__ = ["Applied", "applied"]


@dataclass(frozen=True, eq=False)
class Applied:
    """
    Two tables, places and a policy after some changes.

    Parameters
    ----------
    left, right : Schools
        Sorted by id. A table that did not change is the old object.
    capacity : (len(right),) int64
        Places of each right school.
    policy : Policy
        With the pairs that must be and must not. The old object where nothing changed.
    pending : tuple of AgreementExpires
        Agreements that end on a later day; and, without a day, those that are over and whose pair gets no
        bonus for being kept.
    left_rows : (len(left),) int64
        The old row of each left school, -1 for who is new.
    right_rows : (len(right),) int64
        The same of each right school.
    left_changed : (len(left),) bool
        Schools that were there and whose own columns changed, such as their languages.
    right_changed : (len(right),) bool
        The same of right schools. Places are in ``capacity`` and do not count.
    notes : tuple of str
        What changed besides, in words: locks of schools that left, and agreements that ended today.
    """

    left: Schools
    right: Schools
    capacity: Int64
    policy: Policy
    pending: tuple[AgreementExpires, ...]
    left_rows: Int64
    right_rows: Int64
    left_changed: Bool
    right_changed: Bool
    notes: tuple[str, ...] = ()

    @property
    def lapsed(self) -> frozenset[Pair]:
        """Pairs whose agreement is over, by id."""
        return frozenset(one.pair for one in self.pending if one.on is None)


class _Side(NamedTuple):
    schools: Schools
    rows: Int64
    changed: Bool
    gone: Int64


def applied(
    left: Schools,
    right: Schools,
    capacity: Int64,
    policy: Policy,
    changes: Iterable[Change] | Change = (),
    today: date | None = None,
    *,
    pending: Iterable[AgreementExpires] = (),
) -> Applied:
    """
    Return what changes make of two tables, the places and the policy.

    Parameters
    ----------
    left, right : Schools
        Sorted by id.
    capacity : (len(right),) int64
        Places of each right school.
    policy : Policy
    changes : iterable of Change, or a Change
        A set: they happen together, whatever their order.
    today : datetime.date, optional
        Needed where a change has a date.
    pending : iterable of AgreementExpires, optional
        What earlier changes left for later; what ``today`` reaches happens now. Where a change says something
        of the same pair, that counts and the old end is gone.

    Returns
    -------
    Applied

    Raises
    ------
    InputError
        With everything that is wrong: tables that are not sorted, a number of places that is none, schools
        that are not there, with the nearest ids, schools that join and are there, what is said twice or
        contradicts, dates without ``today``, and more locked pairs than a school may have partners.

    Notes
    -----
    A change that leaves the columns of a table alone copies none of them. A lock of a pair takes an earlier
    veto back, and a veto a lock. A lock goes with its schools; a veto stays, should one come back.

    Examples
    --------
    >>> import twinmatch as tm
    >>> from twinmatch.changes import PartnerLeaves, applied
    >>> matching = tm.match(*tm.datasets.sample())
    >>> gone = PartnerLeaves(matching.right.ids[0])
    >>> after = applied(matching.left, matching.right, matching.right_capacity, matching.policy, [gone])
    >>> len(matching.right) - len(after.right), after.left is matching.left
    (1, True)
    """
    today = python_value(today)
    pending = tuple(pending) if isinstance(pending, Iterable) else (pending,)
    if faults := _given_faults(left, right, capacity, policy, pending):
        raise InputError("changes", faults)
    found, faults = read(changes, left, right, today)
    notes: list[str] = []
    taught = {}
    for side, schools in (("left", left), ("right", right)):
        taught[side], wrong = _taught(side, schools, found, notes)
        faults += wrong
    faults += _frees_nothing(policy, found)
    if faults:
        raise InputError("changes", faults)
    home, abroad = _side("left", left, found, taught["left"]), _side("right", right, found, taught["right"])
    places = _places(capacity, found, right, abroad)
    waiting, policy = _after(pending, found, policy, today, notes)
    if (found.must or found.capacity) and (faults := overfull(policy, home.schools, abroad.schools, places)):
        raise InputError("changes", faults)
    return Applied(
        home.schools,
        abroad.schools,
        places,
        policy,
        waiting,
        home.rows,
        abroad.rows,
        home.changed,
        abroad.changed,
        tuple(notes),
    )


def _given_faults(
    left: Schools, right: Schools, capacity: object, policy: object, pending: tuple[object, ...]
) -> list[Fault]:
    """Return what is wrong with what changes are about, before anything is looked up in it."""
    faults = []
    for side, schools in (("left", left), ("right", right)):
        if not isinstance(schools, Schools):
            faults.append(Fault(side, f"must be Schools, not {type(schools).__name__}"))
        elif schools.sorted_by_id()[0] is not schools:
            hint = f"Give {side}.sorted_by_id()[0]{', and places in that order' if side == 'right' else ''}."
            faults.append(Fault(side, "is not sorted by id", hint=hint))
    if isinstance(right, Schools):
        places = np.asarray(capacity)
        if places.shape != (len(right),) or (len(places) and not np.issubdtype(places.dtype, np.integer)):
            what = f"must be {len(right):,} whole numbers, one for each right school"
            faults.append(Fault("capacity", f"{what}, not {places.dtype} of shape {places.shape}"))
        elif len(places) and not 0 <= int(places.min()) <= int(places.max()) <= MOST:
            wrong = np.flatnonzero((places < 0) | (places > MOST))
            what = f"must be between 0 and {MOST:,}"
            faults.append(Fault("capacity", what, len(wrong), tuple(wrong[:3].tolist())))
    if not isinstance(policy, Policy):
        faults.append(Fault("policy", f"must be a Policy, not {type(policy).__name__}"))
    faults += [
        Fault(f"pending[{at}]", f"must be an AgreementExpires, not {type(one).__name__}")
        for at, one in enumerate(pending)
        if not isinstance(one, AgreementExpires)
    ]
    return faults


# -- Tables ------------------------------------------------------------------------------------------------


def _taught(side: str, schools: Schools, found: Read, notes: list[str]) -> tuple[dict[int, str], list[Fault]]:
    """Return the new cells of the column ``languages``, by row."""
    cells: dict[int, str] = {}
    faults: list[Fault] = []
    for (where, name), sections in found.sections.items():
        row = row_of(schools, name) if where == side else -1
        if row < 0:
            continue
        cell = schools.table["languages"][row].as_py() if schools.has("languages") else None
        cells[row], wrong = rewritten(cell, sections)
        faults += wrong
        if cell is None:
            notes.append(f"{name} listed no languages and lists {cells[row]} now: nothing more is assumed.")
    return cells, faults


def _side(side: str, schools: Schools, found: Read, taught: dict[int, str]) -> _Side:
    changed = set_cells(schools, "languages", taught) if taught else schools
    if side == "right" and found.capacity and schools.has("capacity"):
        rows = {row_of(schools, name): places for name, places in found.capacity.items()}
        changed = set_cells(changed, "capacity", rows)
    gone = np.array(sorted(row_of(schools, name) for name in found.leaves[side]), np.int64)
    made, rows_now = spliced(changed, gone, _coming(found.joins[side], side, schools))
    other = np.zeros(len(made), np.bool_)
    other[[row_of(made, schools.ids[row]) for row in taught]] = True
    return _Side(made, rows_now, other, gone)


def _coming(joins: list[Joining], side: str, schools: Schools) -> Schools | None:
    """Return all schools that join a side, sorted by id; with their places where the table has a column."""
    come = []
    for one in joins:
        new = one.schools
        if side == "right" and new.has("capacity") and not schools.has("capacity"):
            # The places of those who are there came from elsewhere: the column would say 1 of them.
            new = Schools._trusted(new.table.drop_columns(["capacity"]), kind=new.kind, source=new.source)
        elif isinstance(one, PartnerJoins) and schools.has("capacity"):
            new = set_cells(new, "capacity", dict(enumerate(one.places().tolist())))
        come.append(new)
    return stacked(come).sorted_by_id()[0] if come else None


def _places(capacity: Int64, found: Read, old: Schools, now: _Side) -> Int64:
    """Return the places of each right school."""
    places = np.asarray(capacity, np.int64)
    if found.capacity:
        places = places.copy()
        for name, number in found.capacity.items():
            places[row_of(old, name)] = number
    if not found.joins["right"]:
        return without(places, now.gone) if len(now.gone) else places
    after = np.zeros(len(now.rows), np.int64)
    after[now.rows >= 0] = without(places, now.gone)
    for one in found.joins["right"]:
        if isinstance(one, PartnerJoins):
            rows = [row_of(now.schools, name) for name in one.schools.ids.tolist()]
            after[rows] = one.places()
    return after


# -- Agreements --------------------------------------------------------------------------------------------


def _frees_nothing(policy: Policy, found: Read) -> list[Fault]:
    """Return a fault for each pair that is freed and was neither locked nor vetoed."""
    if not found.free:
        return []
    held = locked_pairs(policy) | vetoed_pairs(policy)
    return [
        Fault(PairFreed(a, b).label, "the pair is neither locked nor vetoed", hint="Take it out.")
        for a, b in sorted(found.free - held)
    ]


def _after(
    pending: tuple[AgreementExpires, ...], found: Read, policy: Policy, today: date | None, notes: list[str]
) -> tuple[tuple[AgreementExpires, ...], Policy]:
    """Return the agreements that wait for their end or are over, and the policy with the pairs of now."""
    gone = found.leaves
    over = set(found.over)
    waiting = dict(found.later)
    for one in pending:
        if one.left_id in gone["left"] or one.right_id in gone["right"] or one.pair in found.named:
            continue
        if one.on is None or (today is not None and one.on <= today):
            if one.on is not None:
                notes.append(f"The agreement of {one.left_id} and {one.right_id} ended on {one.on}.")
            over.add(one.pair)
        else:
            waiting[one.pair] = one
    orphans = set()
    if gone["left"] or gone["right"]:
        orphans = {(a, b) for a, b in locked_pairs(policy) if a in gone["left"] or b in gone["right"]}
        for a, b in sorted(orphans):
            who = a if a in gone["left"] else b
            notes.append(f"{a} and {b} need not be paired any more: {who} left.")
    policy = with_pairs(
        policy,
        locked=found.must,
        unlocked=over | orphans | found.free | found.must_not,
        vetoed=found.must_not,
        allowed=found.free | found.must,
    )
    ended = [AgreementExpires(*pair) for pair in over]
    order = sorted([*ended, *waiting.values()], key=lambda one: (one.pair, one.on is not None))
    return tuple(order), policy
