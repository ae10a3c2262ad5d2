"""
The search for the smallest changes after which something keeps to a policy.

Only what is in a witness can help: whoever leaves all of its numbers as they are leaves the proof as it is.
So each floor, cap, lock and least number of partners in the witness is tried alone; where none is enough, it
is tried together with what the next witness names; and everything at once, which may be cheaper than any
single change. How far each must move at least is one flow (:mod:`twinmatch.elastic`). Every way is checked:
the changed policy is posed afresh, and counted afresh.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from twinmatch.amending import Amendments, amended
from twinmatch.elastic import Moved, Stretch
from twinmatch.feasibility.change import Change, rank
from twinmatch.feasibility.existing import Sought, by_kinds, pair_by_pair
from twinmatch.feasibility.levers import Lever, Levers
from twinmatch.feasibility.writing import coverage_without_floors, written
from twinmatch.pairing import match
from twinmatch.policy.asked import Draft
from twinmatch.policy.bounds import exact
from twinmatch.policy.quotas import CoverageFloor, QuotaPer
from twinmatch.posed import Posed, posed
from twinmatch.solvers.control import Stopped
from twinmatch.solvers.grown import FEW_PAIRS
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints, Prices
    from twinmatch.policy import Policy
    from twinmatch.policy.asked import Request

    Bool = npt.NDArray[np.bool_]

__all__ = ["Search", "Way", "nearest"]

#: Shares of a quota for each group are moved in steps of this many to the whole.
SHARES: Final = 1_000
#: Pairs of changes that are tried at most.
MOST_TRIES: Final = 200
#: Where quotas cross, searches for an assignment get so many seconds, all of them together. Numbers of all
#: groups of a quota are moved first, in half of that time.
SEARCHES_S: Final = 20.0
#: And the changed policy is matched for so many seconds.
CHECK_S: Final = 5.0
#: Numbers that a quota has for all of its groups, and the kind of change that moves each.
_OPTIONS: Final = {
    "at_least": "floors",
    "at_least_share": "floors",
    "at_most": "caps",
    "at_most_share": "caps",
    "within": "within",
}


class Way(NamedTuple):
    """Changes, and the policy after them; None where a part of it cannot be written with another number."""

    changes: tuple[Change, ...]
    policy: Policy | None


class Search:
    """One call, and the ways found so far."""

    def __init__(self, question: Posed, keep: frozenset[str], *, deeper: bool = True) -> None:
        self.question, self.keep, self.deeper = question, keep, deeper
        self.control, self.limits = question.control, question.limits
        self.elastic = question.elastic()
        self.found: list[Way] = []
        self.tried: set[tuple[Change, ...]] = set()
        self.first_search, self.search_s = math.inf, SEARCHES_S
        self.levers = Levers(question, self.elastic.kinds, keep)

    def go(self) -> None:
        """Find ways, where something has to give way."""
        first = self.elastic.least_change(Stretch(), self.control)
        if isinstance(first, Moved):
            if self.elastic.rest and self._is_small():
                self._crossed()
            return
        levers = self.levers.of(first)
        self._nested(levers)
        self._by_part({self.levers.part_of(lever) for lever in levers if lever.kind in ("floor", "cap")})
        self._rules(first)

    def _is_small(self) -> bool:
        return len(self.question.left) * len(self.question.right) <= FEW_PAIRS

    # -- Nested --------------------------------------------------------------------------------------------

    def _nested(self, levers: list[Lever]) -> None:
        """Move each lever alone, or with one that the next witness names; or all, if that is cheaper."""
        least: int | None = None
        together: dict[frozenset[Lever], None] = {}
        for lever in levers:
            moved = self._move([lever])
            if isinstance(moved, Moved):
                least = moved.total if least is None else min(least, moved.total)
            else:
                together |= {
                    frozenset((lever, other)): None for other in self.levers.of(moved) if other != lever
                }
        if least is None:
            for two in list(together)[:MOST_TRIES]:
                moved = self._move(sorted(two))
                if isinstance(moved, Moved):
                    least = moved.total if least is None else min(least, moved.total)
        moved = self.elastic.least_change(self.levers.stretch(self.levers.of(None)), self.control)
        if isinstance(moved, Moved) and (least is None or moved.total < least):
            self._add(moved)

    def _move(self, levers: Sequence[Lever]) -> Moved | Prices:
        moved = self.elastic.least_change(self.levers.stretch(levers), self.control)
        if isinstance(moved, Moved):
            self._add(moved)
        return moved

    def _add(self, moved: Moved) -> None:
        self._found(*written(self.question, self.elastic.kinds, moved))

    # -- All groups of a quota -----------------------------------------------------------------------------

    def _by_part(self, parts: Collection[int]) -> None:
        """Move a number of all groups of a quota by as little as is enough."""
        quotas = self.question.policy.quotas
        for number in sorted(parts):
            part = quotas[number]
            names = [
                quota.name
                for quota, origin in zip(self.limits.quotas, self.question.origin, strict=True)
                if origin.part == number
            ]
            one_by_one = len(names) < 2 or not self.keep.isdisjoint(names)
            if one_by_one or not isinstance(part, QuotaPer | CoverageFloor):
                continue
            for option, kind in _OPTIONS.items():
                value = getattr(part, option, None)
                if value is not None:
                    self._by_option(number, option, kind, value)

    def _by_option(self, number: int, option: str, kind: str, value: float) -> None:
        part: Any = self.question.policy.quotas[number]
        whole = isinstance(value, int)
        now = int(value) if whole else math.floor(exact(value) * SHARES)
        most = int(np.minimum(self.limits.left_most, len(self.question.right)).sum()) if whole else SHARES
        last = 0 if kind == "floors" else most

        def at(step: int) -> Request:
            changed: Request = replace(part, **{option: step if whole else step / SHARES})
            return changed

        def enough(step: int) -> bool:
            limits = self._renumbered(number, at(step))
            return limits is not None and self._keeps(limits)

        if kind != "floors" and now > last:
            return
        best = nearest(now, last, enough)
        if best is None or best == now:
            return
        limits = self._renumbered(number, at(best))
        assert limits is not None
        by = _distance(self.limits, limits)
        after = best if whole else best / SHARES
        change = Change(kind, part.name, by, value, after)
        self._found((change,), Amendments(parts={number: at(best)}), limits)

    def _renumbered(self, number: int, part: Request) -> Constraints | None:
        """Return the constraints with the quotas of a part that has other numbers."""
        question, n, m = self.question, len(self.question.left), len(self.question.right)
        draft = Draft(np.zeros(n, np.int64), np.ones(n, np.int64), np.zeros(m, np.int64), question.capacity)
        part.add_to(draft, question.left, question.right)
        covered = int(coverage_without_floors(self.question) * n) if draft.relative else 0
        made = iter(draft.quotas), iter([floor.quota(covered) for floor in draft.relative])
        quotas = [
            next(made[origin.kind == "relative"]) if origin.part == number else quota
            for quota, origin in zip(self.limits.quotas, question.origin, strict=True)
        ]
        if any(one.at_most is not None and one.at_least > one.at_most for one in quotas):
            return None
        return replace(self.limits, quotas=tuple(quotas))

    def _keeps(self, limits: Constraints) -> bool:
        """Return whether something keeps to these constraints, which differ in the numbers of quotas only."""
        elastic = self.elastic.bounded(limits.quotas)
        if not isinstance(elastic.least_change(Stretch(), self.control), Moved):
            return False
        return not elastic.rest or not self._is_small() or self._pairs_exist(limits)

    # -- Quotas that cross ---------------------------------------------------------------------------------

    def _pairs_exist(self, limits: Constraints) -> bool:
        """Return whether a search finds an assignment, on tables that are small enough."""
        return self._searched(limits).kept is True

    def _searched(self, limits: Constraints) -> Sought:
        clock = time.monotonic()
        self.first_search = min(self.first_search, clock)
        if self.control.limit() is not None or clock - self.first_search > self.search_s:
            raise Stopped(Limit.DEADLINE)
        sought = by_kinds(self.question.terms, limits)
        return pair_by_pair(self.question.terms, limits) if sought.kept is None else sought

    def _crossed(self) -> None:
        """Move each number that a search names as far as it takes: the network does not see these quotas."""
        sought = self._searched(self.limits)
        if sought.prices is None:
            return
        levers = [
            lever
            for lever in self.levers.of(None)
            if lever.kind in ("floor", "cap") and sought.prices[lever.number]
        ]
        self.search_s = SEARCHES_S / 2
        try:
            self._by_part({self.levers.part_of(lever) for lever in levers})
        except Stopped:
            if self.control.limit() is not None:
                raise
        self.search_s = SEARCHES_S
        for lever in levers:
            if self._may_do(lever, sought):
                self._by_number(lever)

    def _may_do(self, lever: Lever, sought: Sought) -> bool:
        """Return whether what is asked for can come to what there is when this lever alone moves."""
        assert sought.prices is not None
        price = int(sought.prices[lever.number])
        now, last = self._way(lever)
        return not sought.short or price * (last - now) >= sought.short

    def _way(self, lever: Lever) -> tuple[int, int]:
        """Return a number, and where it is free."""
        quota = self.limits.quotas[lever.number]
        if lever.kind == "floor":
            return quota.at_least, 0
        return quota.at_most or 0, int(np.minimum(self.limits.left_most, len(self.question.right)).sum())

    def _by_number(self, lever: Lever) -> None:
        quota = self.limits.quotas[lever.number]
        now, last = self._way(lever)

        def at(step: int) -> Constraints:
            floor = lever.kind == "floor"
            changed = replace(quota, at_least=step) if floor else replace(quota, at_most=step)
            quotas = [changed if k == lever.number else one for k, one in enumerate(self.limits.quotas)]
            return replace(self.limits, quotas=tuple(quotas))

        best = nearest(now, last, lambda step: self._keeps(at(step)))
        if best is None:
            return
        by = abs(best - now)
        moved = self._nothing()
        if lever.kind == "floor":
            self._add(moved._replace(floors={lever.number: by}, total=by))
        else:
            self._add(moved._replace(caps={lever.number: by}, total=by))

    def _nothing(self) -> Moved:
        limits = self.elastic.kinds.limits
        n, m = np.zeros(limits.num_left, np.int64), np.zeros(limits.num_right, np.int64)
        return Moved({}, {}, n, m, np.zeros(len(limits.locked), bool), 0)

    # -- Rules ---------------------------------------------------------------------------------------------

    def _rules(self, witness: Prices) -> None:
        """Leave each rule out: for the schools in the witness, if that is enough, or else for all."""
        question = self.question
        concerned = self._concerned(witness)
        before = question.partners
        for name, _ in question.rules:
            if name in self.keep:
                continue
            for rows in (concerned, np.ones(len(concerned), bool)):
                terms = question.without(name, rows)
                elastic = question.elastic(terms)
                if isinstance(elastic.least_change(Stretch(), self.control), Moved):
                    opened = int((question.partners_of(terms) - before)[rows].sum())
                    schools = () if rows.all() else tuple(question.left.ids[rows].tolist())
                    change = Change("rule", name, opened, schools=schools)
                    self._found((change,), Amendments(rule=name), self.limits)
                    break
                if rows.all():
                    break

    def _concerned(self, witness: Prices) -> Bool:
        """Return the left schools that a witness is about: those who ask for something."""
        limits = self.limits
        rows = (witness.left < 0)[self.elastic.kinds.left]
        for quota, price in zip(limits.quotas, witness.quota.tolist(), strict=True):
            if price < 0:
                rows = rows | limits.members(quota)[0]
        return rows if rows.any() else np.ones(len(rows), bool)

    # -- What is found -------------------------------------------------------------------------------------

    def _found(self, changes: tuple[Change, ...], amendments: Amendments, limits: Constraints) -> None:
        """Keep a way out, if it is one: the changed policy is posed afresh and counted afresh."""
        if not changes or changes in self.tried:
            return
        self.tried.add(changes)
        question = self.question
        policy = amended(question.policy, amendments, question.left, question.right)
        if policy is None:
            if question.covered(limits) is not None and self._keeps(limits):
                self.found.append(Way(changes, None))
            return
        again = posed(question.left, question.right, policy, question.capacity, self.control)
        if self._is_kept(again):
            self.found.append(Way(changes, policy))
        elif self.deeper:
            # What depends on the coverage, or crosses, asks for more only now.
            more = Search(again, self.keep, deeper=False)
            more.go()
            for way in sorted(more.found, key=lambda way: rank(way.changes))[:1]:
                self.found.append(Way((*changes, *way.changes), way.policy))

    def _is_kept(self, again: Posed) -> bool:
        """Return whether something keeps to a changed policy."""
        if again.covered(again.limits) is None:
            return False
        if not again.elastic().rest or not self._is_small() or by_kinds(again.terms, again.limits).kept:
            return True
        left_over = (
            math.inf if self.control.deadline is None else self.control.deadline - self.control.elapsed_s
        )
        matching = match(
            again.left,
            again.right,
            again.policy,
            right_capacity=again.capacity,
            deadline=min(CHECK_S, max(0.0, left_over)),
        )
        return matching.status in (Status.OPTIMAL, Status.FEASIBLE)


def nearest(now: int, last: int, enough: Callable[[int], bool]) -> int | None:
    """Return the number nearest to ``now``, on the way to ``last``, that is enough, or what time allows."""
    if not enough(last):
        return None
    short, best = now, last
    while abs(best - short) > 1:
        middle = (short + best) // 2
        try:
            short, best = (short, middle) if enough(middle) else (middle, best)
        except Stopped:
            break
    return best


def _distance(before: Constraints, after: Constraints) -> int:
    """Return by how many units the numbers of all quotas moved."""
    moved = 0
    for old, new in zip(before.quotas, after.quotas, strict=True):
        moved += abs(old.at_least - new.at_least)
        if old.at_most is not None and new.at_most is not None:
            moved += abs(old.at_most - new.at_most)
    return moved
