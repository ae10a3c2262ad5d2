"""
Ways out of a policy that nothing keeps to: the smallest changes after which something does.

Only what is in a witness can help: whoever leaves all of its numbers as they are leaves the proof as it is.
So each floor, cap, lock and least number of partners in the witness is tried alone; where none is enough, it
is tried together with what the next witness names; and everything at once, which may be cheaper than any
single change. How far each must move at least is one flow (:mod:`twinmatch.elastic`). Every way is checked:
the changed policy is posed afresh, and counted afresh.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from twinmatch.amending import Amendments, Bound, Fewer, amended
from twinmatch.elastic import Moved, Stretch
from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.pairing import match
from twinmatch.policy.asked import Draft
from twinmatch.policy.bounds import exact, percent
from twinmatch.policy.quotas import CoverageFloor, LockedPairs, QuotaPer
from twinmatch.posed import Posed, posed
from twinmatch.room import bounded
from twinmatch.solvers.constrained import solve_constrained
from twinmatch.solvers.control import Control, Stopped
from twinmatch.solvers.covering import cover_crossed
from twinmatch.solvers.grown import FEW_PAIRS
from twinmatch.status import Limit, Status
from twinmatch.witness import language_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints, Prices, Quota
    from twinmatch.graph.terms import PairTerms
    from twinmatch.policy import Policy
    from twinmatch.policy.asked import Request
    from twinmatch.schools import Schools

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Change", "WayOut", "ways_out"]

#: Shares of a quota for each group are moved in steps of this many to the whole.
SHARES: Final = 1_000
#: Pairs of changes that are tried at most.
MOST_TRIES: Final = 200
#: Where quotas cross, a search for an assignment gets so many seconds, and all of them together; what it does
#: not find then is not there. Numbers of all groups of a quota are moved first, in half of that time.
SEARCH_S: Final = 2.0
SEARCHES_S: Final = 20.0
#: And the changed policy is matched for so many seconds.
CHECK_S: Final = 5.0

#: Singular and plural are apart by a bar: of what the change is by.
_WORDS: Final = {
    "en": {
        "floor": "lower the floor of {what} from {before} to {after}",
        "cap": "raise the cap of {what} from {before} to {after}",
        "floors": "lower the floor of {what} from {before} to {after}, for every group",
        "caps": "raise the cap of {what} from {before} to {after}, for every group",
        "within": "let {what} fall behind by {after} instead of {before}, for every group",
        "least": "ask {n} partner less of the schools of {what} ({some})"
        "|ask {n} partners less of the schools of {what} ({some})",
        "lock": "drop {n} locked pair of {what} ({some})|drop {n} locked pairs of {what} ({some})",
        "rule": "leave out the rule {what}, which opens {n} pair"
        "|leave out the rule {what}, which opens {n} pairs",
        "rule for": "leave out the rule {what}, which opens {n} pair for the {schools} concerned"
        "|leave out the rule {what}, which opens {n} pairs for the {schools} concerned",
        "wish": "leave out {what}",
        "with": "{a} with {b}",
        "schools": "{n} school|{n} schools",
        "quoted": "“{n}”",
        "and": " and ",
    },
    "fr": {
        "floor": "abaisser le plancher de {what} de {before} à {after}",
        "cap": "relever le plafond de {what} de {before} à {after}",
        "floors": "abaisser le plancher de {what} de {before} à {after}, pour chaque groupe",
        "caps": "relever le plafond de {what} de {before} à {after}, pour chaque groupe",
        "within": "laisser {what} un retard de {after} au lieu de {before}, pour chaque groupe",
        "least": "demander {n} partenaire de moins aux établissements de {what} ({some})"
        "|demander {n} partenaires de moins aux établissements de {what} ({some})",
        "lock": "lever {n} paire imposée de {what} ({some})|lever {n} paires imposées de {what} ({some})",
        "rule": "ôter la règle {what}, ce qui ouvre {n} paire|ôter la règle {what}, ce qui ouvre {n} paires",
        "rule for": "ôter la règle {what}, ce qui ouvre {n} paire pour {schools} en cause"
        "|ôter la règle {what}, ce qui ouvre {n} paires pour {schools} en cause",
        "wish": "ôter {what}",
        "with": "{a} avec {b}",
        "schools": "l'établissement|les {n} établissements",
        "quoted": "«\N{NO-BREAK SPACE}{n}\N{NO-BREAK SPACE}»",
        "and": " et ",
    },
}


@dataclass(frozen=True)
class Change:
    """
    One thing that changes.

    Parameters
    ----------
    kind : str
        ``"floor"`` or ``"cap"`` of one quota, ``"floors"``, ``"caps"`` or ``"within"`` of all groups of one,
        ``"least"`` partners of schools, ``"lock"``, ``"rule"``, or ``"wish"`` for a balance that is left out.
    what : str
        The quota, the group of a quota, or the rule.
    by : int
        Units: pairs, schools with a partner, partners, locks; pairs that a rule opens.
    before, after : int, float or None
        The bound, where there is one.
    schools : tuple of str
        Ids of the schools concerned; a lock names the left school and the right one, in turns.
    """

    kind: str
    what: str
    by: int
    before: float | None = None
    after: float | None = None
    schools: tuple[str, ...] = ()

    def explain(self, lang: str = "en") -> str:
        """Say it, without a capital or a full stop."""
        what = _said(lang, "quoted", n=self.what)
        some = ", ".join(self.schools[:4]) + (", ..." if len(self.schools) > 4 else "")
        if self.kind == "lock":
            some = _said(lang, "with", a=self.schools[0], b=self.schools[1])
            some += ", ..." if len(self.schools) > 2 else ""
        kind = "rule for" if self.kind == "rule" and self.schools else self.kind
        schools = _said(lang, "schools", len(self.schools))
        before, after = (_number(value, lang) for value in (self.before, self.after))
        return _said(lang, kind, self.by, what=what, some=some, schools=schools, before=before, after=after)


@dataclass(frozen=True)
class WayOut:
    """
    A change of a policy after which something keeps to it.

    Parameters
    ----------
    changes : tuple of Change
    policy : Policy or None
        The changed policy; None where a part of it is code that cannot be written with another number.
    """

    changes: tuple[Change, ...]
    policy: Policy | None

    @property
    def kind(self) -> str:
        """The kind of the change, ``"several"`` where there are several."""
        return self.changes[0].kind if len(self.changes) == 1 else "several"

    @property
    def what(self) -> str:
        """What changes, by name."""
        return ", ".join(change.what for change in self.changes)

    @property
    def by(self) -> int:
        """Units that everything moves by, in all."""
        return sum(change.by for change in self.changes)

    def explain(self, lang: str = "en") -> str:
        """
        Say it in a sentence.

        Parameters
        ----------
        lang : {"en", "fr"}

        Raises
        ------
        InputError
            If the language is another one.
        """
        language_of(lang)
        said = [change.explain(lang) for change in self.changes]
        sentence = ", ".join(said[:-1]) + (_said(lang, "and") if len(said) > 1 else "") + said[-1]
        return f"{sentence[:1].upper()}{sentence[1:]}."

    def _rank(self) -> tuple[bool, int, int, str]:
        """Rules stand last: what they open is not what they cost."""
        return (any(one.kind == "rule" for one in self.changes), self.by, len(self.changes), self.what)

    def __str__(self) -> str:
        return self.explain()


@bounded
def ways_out(
    left: Schools,
    right: Schools,
    policy: Policy,
    *,
    right_capacity: str | int | npt.ArrayLike | None = None,
    most: int = 5,
    keep: Collection[str] = (),
    deadline: float | None = None,
) -> tuple[WayOut, ...]:
    """
    Return the smallest changes of a policy after which something keeps to it.

    Parameters
    ----------
    left, right : Schools
    policy : Policy
    right_capacity : str, int or (len(right),) integers, optional
        As for :func:`twinmatch.match`.
    most : int, optional
        Ways returned at most.
    keep : collection of str, optional
        Names of rules and quotas that must stay as they are; a group of a quota has a name of its own.
    deadline : float, optional
        Return what was found after so many seconds.

    Returns
    -------
    tuple of WayOut
        The smallest change first, in pairs, schools and locks; changes of rules last. Of ways that are alike
        but for the group, the smallest come first. Empty where something keeps to the policy as it is, and
        where nothing was found.

    Raises
    ------
    PolicyError
        If the policy cannot be used on these tables, with every fault.
    InputError
        If a capacity is out of range, with every fault.

    Notes
    -----
    Without quotas that cross others or name both sides, each change of a number is the smallest there is.
    With such quotas, up to a million pairs are searched, for half a minute in all at most; above that only
    the nested quotas are looked at.

    Examples
    --------
    >>> import twinmatch as tm
    >>> from twinmatch.policies import Quota
    >>> fr, eu = tm.datasets.sample()
    >>> policy = tm.Policy(quotas=[Quota("few", right={"country": "DE"}, at_least=100)])
    >>> print(tm.ways_out(fr, eu, policy)[0])
    Lower the floor of “few” from 100 to 50.
    """
    control = Control(deadline)
    found: list[WayOut] = []
    try:
        search = _Search(posed(left, right, policy, right_capacity, control), frozenset(keep))
        found = search.found
        search.go()
    except Stopped:
        pass
    return _chosen(found, most)


def _chosen(found: list[WayOut], most: int) -> tuple[WayOut, ...]:
    """Return the smallest changes, the smallest of every kind before the next of one."""
    ranked = sorted(found, key=WayOut._rank)
    seen: dict[tuple[str, str], int] = {}
    turns = []
    for way in ranked:
        # What a group is called begins with the name of its quota.
        like = (way.kind, ", ".join(sorted({change.what.partition(":")[0] for change in way.changes})))
        seen[like] = seen.get(like, 0) + 1
        turns.append(seen[like])
    first = sorted(range(len(ranked)), key=lambda at: (turns[at], at))[:most]
    return tuple(ranked[at] for at in sorted(first))


class _Lever(NamedTuple):
    """Something that can give way: a floor or cap by quota, wishes, least partners and locks by part."""

    kind: str
    number: int


class _Sought(NamedTuple):
    """
    What a search for an assignment came to.

    Attributes
    ----------
    kept : bool or None
        Whether there is one; None where the search did not end.
    prices : (num_quotas,) int64 or None
        Which quotas are in each other's way, where there is none: floors below zero, caps above.
    short : int
        What is asked for comes to so much more than there is, at these prices; 0 where they only name quotas.
    """

    kept: bool | None
    prices: Int64 | None = None
    short: int = 0


class _Search:
    """One call, and the ways found so far."""

    def __init__(self, question: Posed, keep: frozenset[str], *, deeper: bool = True) -> None:
        self.question, self.keep, self.deeper = question, keep, deeper
        self.control, self.limits = question.control, question.limits
        self.elastic = question.elastic()
        self.found: list[WayOut] = []
        self.tried: set[tuple[Change, ...]] = set()
        self.first_search, self.search_s = math.inf, SEARCHES_S
        kinds = self.elastic.kinds
        self.owner = {
            side: question.least_owner[side][np.unique(kind, return_index=True)[1]]
            for side, kind in (("left", kinds.left), ("right", kinds.right))
        }

    def go(self) -> None:
        """Find ways, where something has to give way."""
        first = self.elastic.least_change(Stretch(), self.control)
        if isinstance(first, Moved):
            if self.elastic.rest and self._is_small():
                self._crossed()
            return
        levers = self._levers(first)
        self._nested(levers)
        self._by_part({self._part_of(lever) for lever in levers if lever.kind in ("floor", "cap")})
        self._rules(first)

    def _is_small(self) -> bool:
        return len(self.question.left) * len(self.question.right) <= FEW_PAIRS

    # -- Levers --------------------------------------------------------------------------------------------

    def _levers(self, witness: Prices | None) -> list[_Lever]:
        """Return what can give way of what a witness is about; of everything, without one."""
        question, kinds = self.question, self.elastic.kinds
        levers: list[_Lever] = []
        wishes: set[int] = set()
        for number, quota in enumerate(self.limits.quotas):
            price = 0 if witness is None else int(witness.quota[number])
            origin = question.origin[number]
            presses = [
                ("floor", quota.at_least > 0 and (price < 0 or witness is None)),
                ("cap", quota.at_most is not None and (price > 0 or witness is None)),
            ]
            for kind, does in presses:
                if does and origin.kind == "balance":
                    wishes.add(origin.part)
                elif does and quota.name not in self.keep:
                    levers.append(_Lever(kind, number))
        levers += [_Lever("wish", part) for part in sorted(wishes)]
        least: set[int] = set()
        for side in ("left", "right"):
            needs = getattr(kinds.limits, f"{side}_least") > 0
            if witness is not None:
                needs &= getattr(witness, side) < 0
            least |= set(self.owner[side][needs].tolist())
        levers += [_Lever("least", part) for part in sorted(least - {-1})]
        if len(self.limits.locked):
            locks = [n for n, part in enumerate(question.policy.quotas) if isinstance(part, LockedPairs)]
            levers += [_Lever("lock", part) for part in locks]
        names = [part.name for part in question.policy.quotas]
        return [lever for lever in levers if names[self._part_of(lever)] not in self.keep]

    def _part_of(self, lever: _Lever) -> int:
        if lever.kind in ("floor", "cap"):
            return self.question.origin[lever.number].part
        return lever.number

    def _stretch(self, levers: Collection[_Lever]) -> Stretch:
        """Return what may give way, for the network."""
        question = self.question
        floors = {lever.number for lever in levers if lever.kind == "floor"}
        caps = {lever.number for lever in levers if lever.kind == "cap"}
        wishes = {lever.number for lever in levers if lever.kind == "wish"}
        for number, origin in enumerate(question.origin):
            if origin.kind == "balance" and origin.part in wishes:
                floors.add(number)
                caps.add(number)
        least = [lever.number for lever in levers if lever.kind == "least"]
        locked = np.zeros(len(self.limits.locked), bool)
        for lever in levers:
            if lever.kind == "lock":
                locked |= self._locked_by(lever.number)
        return Stretch(
            frozenset(floors),
            frozenset(caps),
            np.isin(self.owner["left"], least),
            np.isin(self.owner["right"], least),
            locked,
        )

    def _locked_by(self, part: int) -> Bool:
        """Return which locked pairs a part asks for."""
        question = self.question
        pairs = set(getattr(question.policy.quotas[part], "pairs", ()))
        named = zip(
            question.left.ids[self.limits.locked[:, 0]],
            question.right.ids[self.limits.locked[:, 1]],
            strict=True,
        )
        return np.array([pair in pairs for pair in named], bool)

    # -- Nested --------------------------------------------------------------------------------------------

    def _nested(self, levers: list[_Lever]) -> None:
        """Move each lever alone, or with one that the next witness names; or all, if that is cheaper."""
        least: int | None = None
        together: dict[frozenset[_Lever], None] = {}
        for lever in levers:
            moved = self._move([lever])
            if isinstance(moved, Moved):
                least = moved.total if least is None else min(least, moved.total)
            else:
                together |= {
                    frozenset((lever, other)): None for other in self._levers(moved) if other != lever
                }
        if least is None:
            for two in list(together)[:MOST_TRIES]:
                moved = self._move(sorted(two))
                if isinstance(moved, Moved):
                    least = moved.total if least is None else min(least, moved.total)
        moved = self.elastic.least_change(self._stretch(self._levers(None)), self.control)
        if isinstance(moved, Moved) and (least is None or moved.total < least):
            self._add(moved)

    def _move(self, levers: Sequence[_Lever]) -> Moved | Prices:
        moved = self.elastic.least_change(self._stretch(levers), self.control)
        if isinstance(moved, Moved):
            self._add(moved)
        return moved

    def _add(self, moved: Moved) -> None:
        """Write what moved as a change of the policy."""
        question, quotas = self.question, self.limits.quotas
        amendments = Amendments()
        changes: list[Change] = []
        new = {number: quotas[number] for number in (*moved.floors, *moved.caps)}
        for number, by in moved.floors.items():
            new[number] = replace(new[number], at_least=quotas[number].at_least - by)
        for number, by in moved.caps.items():
            new[number] = replace(new[number], at_most=(quotas[number].at_most or 0) + by)
        for number, quota in new.items():
            origin, old = question.origin[number], quotas[number]
            floor = quota.at_least if quota.at_least != old.at_least else None
            cap = quota.at_most if quota.at_most != old.at_most else None
            if origin.kind == "balance":
                if origin.part not in amendments.left_out:
                    amendments.left_out.add(origin.part)
                    by = sum(
                        moved.floors.get(q, 0) + moved.caps.get(q, 0)
                        for q in new
                        if question.origin[q].part == origin.part
                    )
                    changes.append(Change("wish", question.policy.quotas[origin.part].name, by))
                continue
            where = amendments.relative if origin.kind == "relative" else amendments.bounds
            where.setdefault(origin.part, {})[origin.group] = Bound(old, floor, cap)
            if origin.kind == "relative":
                amendments.coverage = self._coverage()
            if floor is not None:
                changes.append(Change("floor", old.name, moved.floors[number], old.at_least, floor))
            if cap is not None:
                changes.append(Change("cap", old.name, moved.caps[number], old.at_most, cap))
        changes += self._fewer(moved, amendments)
        changes += self._unlocked(moved, amendments)
        limits = self._with(new, moved)
        self._found(tuple(changes), amendments, limits)

    def _coverage(self) -> Fraction:
        """Return the share of left schools that can be covered without floors that depend on it."""
        question = self.question
        size = question.covered(question.asked.constraints) or 0
        return Fraction(size, max(1, len(question.left)))

    def _with(self, quotas: dict[int, Quota], moved: Moved) -> Constraints:
        """Return the constraints with what moved."""
        limits = self.limits
        kinds = self.elastic.kinds
        return replace(
            limits,
            left_least=_shortened(limits.left_least, kinds.left, moved.left),
            right_least=_shortened(limits.right_least, kinds.right, moved.right),
            locked=limits.locked[~moved.locked],
            quotas=tuple(quotas.get(number, quota) for number, quota in enumerate(limits.quotas)),
        )

    def _fewer(self, moved: Moved, amendments: Amendments) -> Iterator[Change]:
        """Yield who may have fewer partners than a part says."""
        question, kinds = self.question, self.elastic.kinds
        for side in ("left", "right"):
            old = getattr(self.limits, f"{side}_least")
            new = _shortened(old, getattr(kinds, side), getattr(moved, side))
            rows = np.flatnonzero(new < old)
            ids = getattr(question, side).ids
            for part in np.unique(question.least_owner[side][rows]).tolist():
                mine = rows[question.least_owner[side][rows] == part]
                for least in np.unique(new[mine]).tolist():
                    schools = tuple(ids[mine[new[mine] == least]].tolist())
                    amendments.fewer.append(Fewer(part, side, least, schools))
                by = int((old - new)[mine].sum())
                yield Change(
                    "least", question.policy.quotas[part].name, by, schools=tuple(ids[mine].tolist())
                )

    def _unlocked(self, moved: Moved, amendments: Amendments) -> Iterator[Change]:
        """Yield the locks that are dropped, by part."""
        question = self.question
        gone = [
            (question.left.ids[i], question.right.ids[j])
            for i, j in self.limits.locked[moved.locked].tolist()
        ]
        amendments.unlocked |= set(gone)
        left = set(gone)
        for part in question.policy.quotas:
            mine = sorted(left & set(part.pairs)) if isinstance(part, LockedPairs) else []
            left -= set(mine)
            if mine:
                schools = tuple(school for pair in mine for school in pair)
                yield Change("lock", part.name, len(mine), schools=schools)

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
        best = _nearest(now, last, enough)
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
        covered = int(self._coverage() * n) if draft.relative else 0
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

    def _searched(self, limits: Constraints) -> _Sought:
        clock = time.monotonic()
        self.first_search = min(self.first_search, clock)
        if self.control.limit() is not None or clock - self.first_search > self.search_s:
            raise Stopped(Limit.DEADLINE)
        sought = _by_kinds(self.question.terms, limits)
        return self._pair_by_pair(limits) if sought.kept is None else sought

    def _pair_by_pair(self, limits: Constraints) -> _Sought:
        terms = self.question.terms
        i, j = np.indices((terms.num_left, terms.num_right)).reshape(2, -1)
        known = terms.points(i, j) != FORBIDDEN
        graph = ExplicitGraph(
            terms.num_left,
            terms.num_right,
            np.zeros(int(known.sum()), np.int64),
            lists=(np.searchsorted(i[known], np.arange(terms.num_left + 1)), j[known]),
            right_capacity=limits.right_most,
        )
        answer = solve_constrained(graph, limits, False, Control(SEARCH_S))
        if answer.status is not Status.INFEASIBLE:
            return _Sought(True if answer.status in (Status.OPTIMAL, Status.FEASIBLE) else None)
        prices = np.zeros(len(limits.quotas), np.int64)
        if answer.clash is not None:
            prices[list(answer.clash)] = 1
        elif answer.witness is not None:
            prices = answer.witness.quota
        return _Sought(False, prices)

    def _crossed(self) -> None:
        """Move each number that a search names as far as it takes: the network does not see these quotas."""
        sought = self._searched(self.limits)
        if sought.prices is None:
            return
        levers = [
            lever
            for lever in self._levers(None)
            if lever.kind in ("floor", "cap") and sought.prices[lever.number]
        ]
        self.search_s = SEARCHES_S / 2
        try:
            self._by_part({self._part_of(lever) for lever in levers})
        except Stopped:
            if self.control.limit() is not None:
                raise
        self.search_s = SEARCHES_S
        for lever in levers:
            if self._may_do(lever, sought):
                self._by_number(lever)

    def _may_do(self, lever: _Lever, sought: _Sought) -> bool:
        """Return whether what is asked for can come to what there is when this lever alone moves."""
        assert sought.prices is not None
        price = int(sought.prices[lever.number])
        now, last = self._way(lever)
        return not sought.short or price * (last - now) >= sought.short

    def _way(self, lever: _Lever) -> tuple[int, int]:
        """Return a number, and where it is free."""
        quota = self.limits.quotas[lever.number]
        if lever.kind == "floor":
            return quota.at_least, 0
        return quota.at_most or 0, int(np.minimum(self.limits.left_most, len(self.question.right)).sum())

    def _by_number(self, lever: _Lever) -> None:
        quota = self.limits.quotas[lever.number]
        now, last = self._way(lever)

        def at(step: int) -> Constraints:
            floor = lever.kind == "floor"
            changed = replace(quota, at_least=step) if floor else replace(quota, at_most=step)
            quotas = [changed if k == lever.number else one for k, one in enumerate(self.limits.quotas)]
            return replace(self.limits, quotas=tuple(quotas))

        best = _nearest(now, last, lambda step: self._keeps(at(step)))
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
                self.found.append(WayOut(changes, None))
            return
        again = posed(question.left, question.right, policy, question.capacity, self.control)
        if self._is_kept(again):
            self.found.append(WayOut(changes, policy))
        elif self.deeper:
            # What depends on the coverage, or crosses, asks for more only now.
            more = _Search(again, self.keep, deeper=False)
            more.go()
            for way in sorted(more.found, key=WayOut._rank)[:1]:
                self.found.append(WayOut((*changes, *way.changes), way.policy))

    def _is_kept(self, again: Posed) -> bool:
        """Return whether something keeps to a changed policy."""
        if again.covered(again.limits) is None:
            return False
        if not again.elastic().rest or not self._is_small() or _by_kinds(again.terms, again.limits).kept:
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


_OPTIONS: Final = {
    "at_least": "floors",
    "at_least_share": "floors",
    "at_most": "caps",
    "at_most_share": "caps",
    "within": "within",
}


def _nearest(now: int, last: int, enough: Callable[[int], bool]) -> int | None:
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


def _by_kinds(terms: PairTerms, limits: Constraints) -> _Sought:
    """Search for an assignment among kinds of schools, and count what is found pair by pair."""
    try:
        found = cover_crossed(terms, limits, Control(SEARCH_S))
    except Stopped:
        return _Sought(None)
    if found.bound < 0:
        return _Sought(False, found.prices.quota, -found.bound)
    return _Sought(True if found.size is not None and _holds(terms, limits, found.pairs) else None)


def _holds(terms: PairTerms, limits: Constraints, pairs: Int64) -> bool:
    """Return whether some pairs are admissible, no two alike, and keep to everything."""
    i, j = pairs[:, 0], pairs[:, 1]
    key = i * limits.num_right + j
    locked = limits.locked[:, 0] * limits.num_right + limits.locked[:, 1]
    left, right = np.bincount(i, minlength=limits.num_left), np.bincount(j, minlength=limits.num_right)
    return bool(
        len(np.unique(key)) == len(key)
        and np.isin(locked, key).all()
        and (terms.points(i, j) != FORBIDDEN).all()
        and (left >= limits.left_least).all()
        and (left <= limits.left_most).all()
        and (right >= limits.right_least).all()
        and (right <= limits.right_most).all()
        and all(
            quota.at_least <= count and (quota.at_most is None or count <= quota.at_most)
            for quota, count in zip(limits.quotas, limits.counts(i, j).tolist(), strict=True)
        )
    )


def _distance(before: Constraints, after: Constraints) -> int:
    """Return by how many units the numbers of all quotas moved."""
    moved = 0
    for old, new in zip(before.quotas, after.quotas, strict=True):
        moved += abs(old.at_least - new.at_least)
        if old.at_most is not None and new.at_most is not None:
            moved += abs(old.at_most - new.at_most)
    return moved


def _shortened(least: Int64, kind: Int64, short: Int64) -> Int64:
    """Return what the nodes of each kind must have where a kind may be short of some, spread evenly."""
    size = np.bincount(kind, minlength=len(short))
    order = np.argsort(kind, kind="stable")
    rank = np.empty(len(kind), np.int64)
    rank[order] = np.arange(len(kind)) - (np.cumsum(size) - size)[kind[order]]
    whole, over = np.divmod(short, np.maximum(size, 1))
    fewer: Int64 = least - whole[kind] - (rank < over[kind])
    return fewer


def _number(value: float | None, lang: str) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        share = percent(value)
        return share if lang == "en" else share.replace(".", ",")
    return f"{value:,}".replace(",", "," if lang == "en" else "\N{NARROW NO-BREAK SPACE}")


def _said(lang: str, key: str, several: int = 1, **parts: str) -> str:
    """Fill in a phrase, in the singular or the plural: nothing is plural in English, singular in French."""
    one, _, many = _WORDS[lang][key].partition("|")
    plural = several != 1 and (several or lang == "en")
    told = {"n": _number(several, lang), **parts}
    return (many if many and plural else one).format(**told)
