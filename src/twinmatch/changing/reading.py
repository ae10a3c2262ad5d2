"""
Changes sorted by what they are about, and everything that is wrong with them at once.

Changes of one call are a set: they happen together, and in no order. What one of them says must therefore not
depend on another: who leaves takes part in nothing else, and nobody is told two things.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twinmatch.changing.agreements import AgreementExpires, PairFreed, PairLocked, PairRenewed, PairVetoed
from twinmatch.changing.change import Change, PairChange, python_value
from twinmatch.changing.rows import Columns, row_of
from twinmatch.changing.schools import (
    CapacityChanges,
    Joining,
    PartnerJoins,
    PartnerLeaves,
    SchoolLeaves,
    Section,
    SectionOpens,
)
from twinmatch.errors import Fault
from twinmatch.nearby import clipped, hint_of
from twinmatch.policy import checks

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Iterator

    from twinmatch.schools import Schools

    Pair = tuple[str, str]

__all__ = ["Read", "read"]

_MUST = (PairLocked, PairRenewed)

#: For so many schools that are not there the nearest ids are looked up, which takes a moment for each.
_HINTS = 50


@dataclass
class Read:
    """
    What changes say, by what it is about.

    Parameters
    ----------
    leaves : dict of str to set of str
        By side, ids of the schools that leave.
    joins : dict of str to list of Joining
        By side.
    capacity : dict of str to int
        New places by right id.
    sections : dict of (str, str) to list of Section
        By side and id.
    must, must_not, free, over : set of (str, str)
        Pairs that are locked, vetoed, freed, and whose agreement is over today.
    later : dict of (str, str) to AgreementExpires
        Agreements that end on a later day.
    """

    leaves: dict[str, set[str]] = field(default_factory=lambda: {"left": set(), "right": set()})
    joins: dict[str, list[Joining]] = field(default_factory=lambda: {"left": [], "right": []})
    capacity: dict[str, int] = field(default_factory=dict)
    sections: dict[tuple[str, str], list[Section]] = field(default_factory=dict)
    must: set[Pair] = field(default_factory=set)
    must_not: set[Pair] = field(default_factory=set)
    free: set[Pair] = field(default_factory=set)
    over: set[Pair] = field(default_factory=set)
    later: dict[Pair, AgreementExpires] = field(default_factory=dict)

    @property
    def named(self) -> set[Pair]:
        """Every pair of which something is said."""
        return self.must | self.must_not | self.free | self.over | set(self.later)


def read(
    changes: Iterable[Change] | Change, left: Schools, right: Schools, today: datetime.date | None
) -> tuple[Read, list[Fault]]:
    """
    Sort changes, and find everything that is wrong with them.

    Parameters
    ----------
    changes : iterable of Change, or a Change
    left, right : Schools
        Sorted by id.
    today : date or None

    Returns
    -------
    found : Read
    faults : list of Fault
    """
    today = python_value(today)
    reader = _Reader(left, right, today)
    faults: list[Fault] = []
    if today is not None:
        faults += checks.date("today", today)
        if faults:
            return reader.found, faults
    if isinstance(changes, Change):
        changes = [changes]
    elif isinstance(changes, dict):
        what = "must be a change or a list of changes, not plain data"
        return reader.found, [Fault("changes", what, hint="tm.changes.changes_from reads a list of it.")]
    elif isinstance(changes, str | bytes) or not hasattr(changes, "__iter__"):
        what = f"must be a change or a list of changes, not {type(changes).__name__}"
        return reader.found, [Fault("changes", what, hint="Such as [tm.changes.PartnerLeaves(right_id)].")]
    every = list(changes)
    some = [one for one in every if isinstance(one, Change)]
    for number, one in enumerate(every):
        if not isinstance(one, Change):
            hint = "tm.changes.changes_from reads plain data." if isinstance(one, dict) else ""
            what = f"must be a change, not {type(one).__name__}"
            faults.append(Fault(f"changes[{number}]", what, hint=hint))
    distinct = list(dict.fromkeys(some))
    faults += [
        Fault(one.label, f"is given {count} times") for one, count in Counter(some).items() if count > 1
    ]
    faults += reader.read(distinct)
    return reader.found, faults


class _Reader:
    def __init__(self, left: Schools, right: Schools, today: datetime.date | None) -> None:
        self.tables = {"left": left, "right": right}
        self.today = today
        self.found = Read()
        self.unknown = 0
        self.come: dict[str, set[str]] = {"left": set(), "right": set()}

    def read(self, changes: list[Change]) -> Iterator[Fault]:
        """Sort the changes; yield what is wrong with them."""
        found = self.found
        for one in changes:
            if isinstance(one, SchoolLeaves):
                found.leaves["left"].add(one.left_id)
            elif isinstance(one, PartnerLeaves):
                found.leaves["right"].add(one.right_id)
            elif isinstance(one, Joining):
                found.joins["right" if isinstance(one, PartnerJoins) else "left"].append(one)
        for side in ("left", "right"):
            yield from self._joining(side)
        for one in changes:
            yield from self._names(one)
        pairs: dict[Pair, list[PairChange]] = {}
        for one in changes:
            if isinstance(one, CapacityChanges):
                if found.capacity.setdefault(one.right_id, one.capacity) != one.capacity:
                    yield Fault(one.label, f"is given twice, with {one.capacity:,} and other places")
            elif isinstance(one, Section):
                found.sections.setdefault((one.side, one.school_id), []).append(one)
            elif isinstance(one, PairChange):
                pairs.setdefault(one.pair, []).append(one)
        for sections in found.sections.values():
            count = Counter(one.language for one in sections)
            yield from (
                Fault(one.label, f"opens and closes a section of {clipped(one.language)}")
                for one in sections
                if isinstance(one, SectionOpens) and count[one.language] > 1
            )
        for pair, said in pairs.items():
            yield from self._pair(pair, said)

    # -- Schools -------------------------------------------------------------------------------------------

    def _joining(self, side: str) -> Iterator[Fault]:
        table, seen = self.tables[side], self.come[side]
        columns = Columns(table)
        for one in self.found.joins[side]:
            for name in one.schools.ids.tolist():
                if name in self.found.leaves[side]:
                    hint = "Let it leave with one repair and join with the next."
                    yield Fault(one.label, f"{clipped(name)} leaves and joins at once", hint=hint)
                elif row_of(table, name) >= 0:
                    yield Fault(one.label, f"{clipped(name)} is in the {side} table already")
                if name in seen:
                    yield Fault(one.label, f"{clipped(name)} joins twice")
                seen.add(name)
            for fault in columns.add(one.schools):
                yield fault._replace(where=f"{one.label}.{fault.where}")

    def _names(self, one: Change) -> Iterator[Fault]:
        """Yield a fault for each school that a change names and that is not there to be changed."""
        if isinstance(one, Section):
            named = [(one.side, one.school_id)]
        else:
            named = [(name.removesuffix("_id"), value) for name, value in one.ids.items()]
        leaves = isinstance(one, SchoolLeaves | PartnerLeaves)
        for side, name in named:
            table = self.tables[side]
            goes = name in self.found.leaves[side] and row_of(table, name) >= 0
            if goes and not leaves:
                what = f"{clipped(name)} leaves with these changes"
                yield Fault(one.label, what, hint="Take one of them out.")
            elif name in self.come[side]:
                if not goes and not isinstance(one, PairChange):
                    what = f"{clipped(name)} joins with these changes"
                    yield Fault(one.label, what, hint="Say it of the school that joins.")
            elif row_of(table, name) < 0:
                other = "right" if side == "left" else "left"
                if row_of(self.tables[other], name) >= 0:
                    what = f"{clipped(name)} is a {other} school, and a {side} school is asked for"
                    yield Fault(one.label, what)
                else:
                    what = f"there is no {clipped(name)} in the {side} table"
                    self.unknown += 1
                    hint = hint_of(table.ids, name) if self.unknown <= _HINTS else ""
                    yield Fault(one.label, what, hint=hint)

    # -- Pairs ---------------------------------------------------------------------------------------------

    def _pair(self, pair: Pair, said: list[PairChange]) -> Iterator[Fault]:
        found = self.found
        for one in said:
            day = _day(one)
            if day is not None and self.today is None:
                hint = "Say repair(..., today=datetime.date.today()), or another day."
                yield Fault(one.label, "has a date, and today is not given", hint=hint)
                continue
            if isinstance(one, _MUST):
                found.must.add(pair)
                if day is not None and self.today is not None:
                    if day <= self.today:
                        yield Fault(one.label, f"is over: it ends on {day}, and today is {self.today}")
                    found.later[pair] = AgreementExpires(*pair, on=day)
            elif isinstance(one, PairVetoed):
                found.must_not.add(pair)
            elif isinstance(one, PairFreed):
                found.free.add(pair)
            elif day is None or (self.today is not None and day <= self.today):
                found.over.add(pair)
            else:
                found.later[pair] = AgreementExpires(*pair, on=day)
        if len(said) > 1 and not self._go_together(said):
            kinds = " and ".join(sorted({one.kind.replace("_", " ") for one in said}))
            yield Fault(
                f"pair of {clipped(pair[0])} and {clipped(pair[1])}",
                f"gets {len(said)} changes that contradict each other: {kinds}",
                hint="Give the one that counts.",
            )

    def _go_together(self, said: list[PairChange]) -> bool:
        """Return whether changes of one pair are an agreement and the later day on which it ends."""
        if len(said) != 2:
            return False
        must = [one for one in said if isinstance(one, _MUST) and _day(one) is None]
        ends = [one for one in said if isinstance(one, AgreementExpires) and _day(one) is not None]
        return len(must) == len(ends) == 1 and said[0].pair not in self.found.over


def _day(one: Any) -> datetime.date | None:
    """Return the day that a change names."""
    day: datetime.date | None = getattr(one, "until", None) or getattr(one, "on", None)
    return day
