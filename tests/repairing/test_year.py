"""A school year: any sequence of changes and repairs is what a match from scratch on the tables of now is."""

from __future__ import annotations

import datetime
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

import twinmatch as tm
from tests.changes.worlds import POLICY, TODAY, World, after, row, taught
from tests.repairing.test_repair import pairs_of
from twinmatch.changing.agreed import locked_pairs, vetoed_pairs
from twinmatch.changing.forms import KINDS
from twinmatch.errors import InputError
from twinmatch.status import Status

c, p = tm.changes, tm.policies

POLICIES = {
    "plain": POLICY,
    "points": replace(POLICY, coverage="points"),
    "around": replace(POLICY, criteria=(*POLICY.criteria, p.SameSetting(300, radius_km=5.0, rural_below=2))),
    "cap": replace(POLICY, quotas=(p.Quota("one of Germany", right={"country": ["DE"]}, at_most=1),)),
    "booked": replace(POLICY, quotas=(p.Overbooking(no_answer_rate=0.5),)),
    "several": replace(POLICY, quotas=(p.PartnersPerSchool("two", side="left", most=2),)),
}
COLUMNS = {
    "id": pa.string(),
    "country": pa.string(),
    "levels": pa.string(),
    "size": pa.float64(),
    "languages": pa.string(),
    "lat": pa.float64(),
    "lon": pa.float64(),
    "setting": pa.string(),
    "capacity": pa.int64(),
}
ENDED = (Status.OPTIMAL, Status.FEASIBLE)
BEFORE = "before"


class Said(NamedTuple):
    """One change of a month: its kind, and numbers that choose whom it is about."""

    kind: str
    at: int
    to: int
    days: int | None
    yes: bool


picks = st.integers(0, 999)
saying = st.builds(
    Said, st.sampled_from(sorted(KINDS)), picks, picks, st.none() | st.integers(-5, 60), st.booleans()
)


def table(rows: dict[str, dict[str, Any]], side: str, before: dict[str, list[str]] | None = None) -> Any:
    """Return rows as a table; with the partners of before, where these are given."""
    names = [name for name in COLUMNS if name != "capacity" or side == "right"]
    if not any(one.get("setting") for one in rows.values()):
        names.remove("setting")
    listed = [rows[name] for name in sorted(rows)]
    made = {name: pa.array([one.get(name) for one in listed], COLUMNS[name]) for name in names}
    if before is not None:
        made[BEFORE] = pa.array([before.get(one["id"]) for one in listed], pa.list_(pa.string()))
    return tm.Schools.from_frame(pa.table(made))


def school(seed: int, name: str, side: str) -> dict[str, Any]:
    """Return a random school, in one of two villages or nobody knows where."""
    rng = np.random.default_rng([seed, *name.encode()])
    made = row(rng, name, side)
    known = rng.random() < 0.8
    return {**made, "lat": float(rng.choice([45.0, 46.0])) if known else None, "lon": 5.0 if known else None}


def from_scratch(
    now: World,
    policy: tm.Policy,
    mechanism: Any,
    rewarded: set[tuple[str, str]] = frozenset(),
    bonus: int = 0,
) -> tm.Matching:
    """Return the matching of rows that were never changed, under a policy written at once."""
    if now.must:
        policy = replace(
            policy, quotas=(*policy.quotas, p.LockedPairs(name="must", pairs=tuple(sorted(now.must))))
        )
    if now.must_not:
        veto = p.ForbiddenPairs(name="must not", pairs=tuple(sorted(now.must_not)))
        policy = replace(policy, rules=(*policy.rules, veto))
    before: dict[str, list[str]] | None = None
    if bonus:
        before = {}
        for a, b in sorted(rewarded):
            before.setdefault(a, []).append(b)
        policy = replace(policy, criteria=(*policy.criteria, p.Kept(bonus, column=BEFORE)))
    left, right = table(now.left, "left", before), table(now.right, "right")
    return tm.match(left, right, policy, right_capacity=now.places, mechanism=mechanism)


def cannot_be(now: World, policy: tm.Policy, mechanism: Any) -> bool:
    """Return whether a match from scratch refuses such rows, or proves that nothing is possible."""
    try:
        return from_scratch(now, policy, mechanism).status is Status.INFEASIBLE
    except InputError:
        return True


def pinned(now: World) -> World:
    """Return rows that say what their villages are before anybody leaves them: two schools are a town."""
    sides = []
    for rows in (now.left, now.right):
        count = Counter(one["lat"] for one in rows.values())
        sides.append({name: dict(one) for name, one in rows.items()})
        for one in sides[-1].values():
            if one["lat"] is not None and not one.get("setting"):
                one["setting"] = "urban" if count[one["lat"]] >= 2 else "rural"
    return now._replace(left=sides[0], right=sides[1])


def year_after(now: World, changes: list[Any], today: datetime.date | None) -> World:
    """Return the rows after changes; what a section that closes leaves, and places that a change gives."""
    then = after(now, changes, today or datetime.date.min)
    for one in changes:
        match one:
            case c.PartnerJoins() if one.capacity is not None:
                then.right[one.schools.ids[0]]["capacity"] = one.capacity
            case c.SectionCloses():
                rows = then.left if one.side == "left" else then.right
                items = rows[one.school_id]["languages"].split(";")
                left = [item for item in items if item.partition(":")[0] != one.language]
                rows[one.school_id]["languages"] = ";".join(left) or f"{one.language}:0"
    return then


class Year(RuleBasedStateMachine):
    """Months of changes, each repaired; a second set of plain rows says what must come out."""

    @initialize(
        seed=picks,
        name=st.sampled_from([*sorted(POLICIES), "leximin", "nash", "stable"]),
        num_left=st.integers(1, 5),
        num_right=st.integers(1, 5),
    )
    def september(self, seed, name, num_left, num_right):
        """Match for the first time in the year."""
        self.policy, self.mechanism = POLICIES.get(name, POLICY), None
        if name not in POLICIES:
            self.mechanism = tm.mechanisms.named(name)
        left = {one: school(seed, one, "left") for one in (f"L{k}" for k in range(num_left))}
        right = {one: school(seed, one, "right") for one in (f"R{k}" for k in range(num_right))}
        self.now, self.today = World(left, right), TODAY
        self.matching = from_scratch(self.now, self.policy, self.mechanism)
        self._clear()

    def _clear(self) -> None:
        self.changes: list[Any] = []
        self.said: set[Any] = set()  # what no other change of this call may speak of
        self.leaving: set[str] = set()
        self.coming: dict[str, dict[str, Any]] = {}

    # -- The twelve kinds ----------------------------------------------------------------------------------

    def _pick(self, names, at: int) -> Any:
        free = [one for one in sorted(names) if one not in self.said and one not in self.leaving]
        return free[at % len(free)] if free else None

    def _say(self, change: Any, about: Any, *names: str) -> None:
        self.changes.append(change)
        self.said |= {about, *(("named", name) for name in names)}

    def _leaves(self, kind: Any, names, at: int) -> None:
        name = self._pick([one for one in names if ("named", one) not in self.said], at)
        if name is not None:
            self._say(kind(name), name)
            self.leaving.add(name)

    def school_leaves(self, said: Said) -> None:
        """Let a left school leave."""
        self._leaves(c.SchoolLeaves, self.now.left, said.at)

    def partner_leaves(self, said: Said) -> None:
        """Let a partner leave."""
        self._leaves(c.PartnerLeaves, self.now.right, said.at)

    def _joins(self, side: str, said: Said) -> dict[str, Any] | None:
        there = self.now.left if side == "left" else self.now.right
        names = [f"{side[0].upper()}{k}" for k in range(8)]
        name = self._pick([one for one in names if one not in there and one not in self.coming], said.at)
        if name is not None:
            self.coming[name] = school(said.to, name, side)
        return self.coming.get(name)

    def school_joins(self, said: Said) -> None:
        """Let a left school join, perhaps one that was there before."""
        if (one := self._joins("left", said)) is not None:
            self._say(c.SchoolJoins(table({one["id"]: one}, "left")), ("joins", one["id"]))

    def partner_joins(self, said: Said) -> None:
        """Let a partner join, its places in its column or in the change."""
        if (one := self._joins("right", said)) is not None:
            rows, capacity = table({one["id"]: one}, "right"), None
            if said.yes:
                capacity = one["capacity"]
                rows = tm.Schools.from_frame(rows.table.drop_columns(["capacity"]))
            self._say(c.PartnerJoins(rows, capacity), ("joins", one["id"]))

    def capacity_changes(self, said: Said) -> None:
        """Give a partner other places."""
        names = [one for one in self.now.right if ("places", one) not in self.said]
        if (name := self._pick(names, said.at)) is not None:
            self._say(c.CapacityChanges(name, said.to % 4), ("places", name), name)

    def _says_of_pair(self, kind: Any, said: Said, **day: Any) -> None:
        """Say something of a pair that stands, or of any two."""
        standing = [pair for pair in pairs_of(self.matching) if not {*pair} & self.leaving]
        if said.yes and standing:
            pair = self._pick(standing, said.at)
        else:
            coming = sorted(self.coming)
            left = self._pick({*self.now.left, *(one for one in coming if one[0] == "L")}, said.at)
            right = self._pick({*self.now.right, *(one for one in coming if one[0] == "R")}, said.to)
            pair = None if left is None or right is None else (left, right)
        if pair is not None and pair not in self.said:
            self._say(kind(*pair, **day), pair, *pair)

    def pair_locked(self, said: Said) -> None:
        """Lock two."""
        self._says_of_pair(c.PairLocked, said)

    def pair_renewed(self, said: Said) -> None:
        """Renew two, for good or until a day."""
        later = said.days is not None and said.days > 0
        self._says_of_pair(c.PairRenewed, said, until=self._day(said) if later else None)

    def pair_vetoed(self, said: Said) -> None:
        """Veto two."""
        self._says_of_pair(c.PairVetoed, said)

    def pair_freed(self, said: Said) -> None:
        """Take a lock or a veto back."""
        held = [
            (a, b)
            for a, b in self.now.must | self.now.must_not
            if a in self.now.left and b in self.now.right and not {a, b} & self.leaving
        ]
        if (pair := self._pick(held, said.at)) is not None:
            self._say(c.PairFreed(*pair), pair, *pair)

    def agreement_expires(self, said: Said) -> None:
        """End an agreement, now or on a day; there need be none."""
        self._says_of_pair(c.AgreementExpires, said, on=self._day(said))

    def _day(self, said: Said) -> datetime.date | None:
        return None if said.days is None else self.today + datetime.timedelta(said.days)

    def section_opens(self, said: Said) -> None:
        """Open a section of a language."""
        self._section(c.SectionOpens, said)

    def section_closes(self, said: Said) -> None:
        """Close a section of a language."""
        self._section(c.SectionCloses, said)

    def _section(self, kind: Any, said: Said) -> None:
        side, rows = ("left", self.now.left) if said.yes else ("right", self.now.right)
        name = self._pick([one for one in rows if ("taught", one) not in self.said], said.at)
        if name is not None:
            codes = taught(rows[name]["languages"])
            if kind is c.SectionOpens:
                codes = [one for one in ("de", "en", "es", "fr") if one not in codes]
            if codes:
                self._say(kind(side, name, codes[said.to % len(codes)]), ("taught", name), name)

    # -- Repairs -------------------------------------------------------------------------------------------

    @rule(
        said=st.lists(saying, max_size=4),
        bonus=st.sampled_from([0, 1, 40, 500, 20_000]),
        knows_the_day=st.booleans(),
        days=st.integers(0, 40),
        saved=st.sampled_from([False, False, True]),
    )
    def month(self, said, bonus, knows_the_day, days, saved):
        """Let all that is said happen; the result is that of rows which were never changed."""
        for one in said:
            getattr(self, one.kind)(one)
        if self.mechanism is not None:
            bonus = 0  # it is for the mechanism that finds the most points
        if saved:
            self._saved_and_loaded()
        dated = any(getattr(one, name, None) for one in self.changes for name in ("until", "on"))
        today = self.today if knows_the_day or dated else None
        moves = any(one.kind.endswith(("_leaves", "_joins")) for one in self.changes)
        now = pinned(self.now) if moves and self.policy is POLICIES["around"] else self.now
        then = year_after(now, self.changes, today)
        old, changes = self.matching, list(self.changes)
        self._clear()
        rewarded = {(a, b) for a, b in pairs_of(old) - then.over if a in then.left and b in then.right}
        new = None
        with suppress(InputError):
            new = old.repair(changes, bonus, today=today)
        if new is None:
            assert cannot_be(then, self.policy, self.mechanism)
            return
        fresh = from_scratch(then, self.policy, self.mechanism, rewarded, bonus)
        self._agree(new, fresh, then)
        self._differs(old, new)
        assert new.parent == tm.ancestry.Parent(old.seal, c.digest_of(changes), bonus, today)
        self.now = then._replace(over=then.over & frozenset(pairs_of(new)))
        self.matching = new
        self.today += datetime.timedelta(days)

    def _agree(self, new: tm.Matching, fresh: tm.Matching, then: World) -> None:
        assert new.status is fresh.status
        certificate = new.verify()
        assert certificate.ok, certificate
        if fresh.status in ENDED:
            assert (new.coverage, new.objective) == (fresh.coverage, fresh.objective)
            assert new.bound == fresh.bound
            assert new.gap == 0 or self.mechanism is not None
        left, right = table(then.left, "left"), table(then.right, "right")
        assert new.left.table.select(left.columns) == left.table
        assert new.right.table.select(right.columns) == right.table
        np.testing.assert_array_equal(new.right_capacity, then.places)
        assert locked_pairs(new.policy) == then.must
        assert vetoed_pairs(new.policy) == then.must_not
        waiting = {one.pair: one.on for one in new.pending}
        assert waiting == {**dict.fromkeys(then.over & pairs_of(new)), **then.later}

    def _differs(self, old: tm.Matching, new: tm.Matching) -> None:
        """See that the difference accounts for every pair and every point of both."""
        diff = new.diff(old)
        rows = diff.to_dict()
        was, is_ = pairs_of(old), pairs_of(new)
        kept = {(one["left_id"], one["right_id"]) for one in rows["kept"]}
        assert kept == was & is_
        moved = rows["moved"]
        here = set(new.left.ids.tolist())
        gone = Counter(one["left_id"] for one in [*moved, *rows["lost"]])
        assert gone == Counter(a for a, _ in was - is_ if a in here)
        come = Counter(one["left_id"] for one in [*moved, *rows["paired"]])
        assert come == Counter(a for a, _ in is_ - was)
        assert diff.points_after + diff.bonus == (new.points if new.status in ENDED else 0)
        ends = [sum(one["points_after"] for one in rows[name]) for name in ("kept", "moved")]
        assert diff.points_after == sum(ends) + sum(one["points"] for one in rows["paired"])
        for side, ids, ids_before in (
            ("left", new.left.ids, old.left.ids),
            ("right", new.right.ids, old.right.ids),
        ):
            for name, who in (("gone", {*ids_before} - {*ids}), ("joined", {*ids} - {*ids_before})):
                assert [one["id"] for one in rows[name] if one["side"] == side] == sorted(who)
        assert str(diff)

    def _saved_and_loaded(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.matching.save(folder)
            again = tm.load_matching(folder)
        assert (again.seal, again.digest) == (self.matching.seal, self.matching.digest)
        assert (again.pending, again.parent) == (self.matching.pending, self.matching.parent)
        self.matching = again


@pytest.mark.hypothesis
def test_any_year_equals_a_match_from_scratch():
    """Whatever happens, numbers, tables, what is pending and the difference are those of plain rows."""
    fuzz = settings.default.max_examples > 100
    many = settings(max_examples=60 if fuzz else 25, stateful_step_count=24 if fuzz else 12)
    run_state_machine_as_test(Year, settings=many)
