"""Ways out: each one is a way out, the first number is the smallest, and it says what it does."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest

import twinmatch as tm
from twinmatch.errors import InputError
from twinmatch.feasibility.searching import nearest
from twinmatch.graph.constraints import Quota as Bounds
from twinmatch.solvers.control import Stopped
from twinmatch.status import Limit

p = tm.policies
LEVELS = (p.CommonLevel(),)
POINTS = (p.LevelOverlap(100),)


def schools(side, count, **columns):
    """Return a table with ids ``L0``, ``L1``, ...; a column that is text is that of every school."""
    spread = {name: v if isinstance(v, list) else [v] * count for name, v in columns.items()}
    base = {"id": [f"{side}{k}" for k in range(count)], "country": ["FR"] * count, "levels": ["1"] * count}
    return tm.Schools.from_frame(pa.table({**base, **spread}))


def policy(*quotas, rules=LEVELS, coverage="first"):
    return tm.Policy(rules=rules, criteria=POINTS, quotas=quotas, coverage=coverage)


def feasible(left, right, asked, **options):
    return tm.match(left, right, asked, **options).status == "OPTIMAL"


LEFT = schools("L", 8, region=["a", "a", "a", "b", "b", "b", "c", "c"], teach_lang=["fr", "fr;oc"] * 4)
RIGHT = schools("R", 8, country=["IT", "IT", "IT", "ES", "ES", "DE", "DE", "DE"], tags=["x", "x;y"] * 4)

IMPOSSIBLE = {
    "floor above cap of its group": policy(
        p.Quota("cap", right={"country": "IT"}, at_most=1),
        p.Quota("floor", right={"country": "IT"}, at_least=3),
    ),
    "too few places": policy(p.Quota("floor", right={"country": "IT"}, at_least=6)),
    "caps of countries": policy(
        p.QuotaPer("cap", right=["country"], at_most=1), p.PartnersPerSchool("all", "left", least=1)
    ),
    "floors of countries": policy(p.QuotaPer("floor", right=["country"], at_least=3)),
    "floors of shares": policy(
        p.CoverageFloor("region", per=["region"], at_least_share=1.0),
        p.QuotaPer("cap", right=["country"], at_most_share=0.25),
    ),
    "one floor": policy(p.CoverageFloor("all", at_least_share=1.0), p.Quota("cap", at_most=5)),
    "locks against a cap": policy(
        p.LockedPairs("old", [("L0", "R0"), ("L1", "R1"), ("L2", "R3")]),
        p.Quota("cap", right={"country": "IT"}, at_most=1),
    ),
    "several words": policy(
        p.QuotaPer("tag", right=["tags"], at_least=5, where_right={"country": ["IT", "ES", "DE"]})
    ),
    "two columns": policy(
        p.QuotaPer("cell", right=["country", "levels"], at_most=1), p.CoverageFloor("all", at_least_share=0.9)
    ),
    "must be filled": policy(p.PartnersPerSchool("full", "right", least=2, most=2)),
    "two partners": policy(p.PartnersPerSchool("two", "left", least=2, most=2)),
    "behind": policy(
        p.Quota("none of b", left={"region": "b"}, at_most=0),
        p.CoverageFloor("alike", per=["region"], within=0.1),
    ),
    "crossing": policy(
        p.Quota("b to IT", left={"region": "b"}, right={"country": "IT"}, at_least=3),
        p.Quota("a to IT", left={"region": "a"}, right={"country": "IT"}, at_least=1),
    ),
    "points first": policy(p.Quota("floor", right={"country": "IT"}, at_least=6), coverage="points"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_every_way_out_is_one(name):
    """Nothing keeps to the policy; something keeps to each changed one, and the smallest change is first."""
    asked = IMPOSSIBLE[name]
    assert tm.match(LEFT, RIGHT, asked).status == "INFEASIBLE"
    ways = tm.ways_out(LEFT, RIGHT, asked, most=20)
    assert ways
    for way in ways:
        assert way.policy is not None
        assert feasible(LEFT, RIGHT, way.policy), way
        assert tm.Policy.from_toml(way.policy.to_toml()) == way.policy
        assert way.by > 0
        assert way.explain().endswith(".")
        assert way.explain("fr") != way.explain()
    order = [(way.kind == "rule", way.by) for way in ways]
    assert order == sorted(order)


@pytest.mark.parametrize("name", ["floor above cap of its group", "too few places", "one floor", "crossing"])
def test_one_unit_less_is_no_way_out(name):
    """A floor that falls, or a cap that rises, by one less than said leaves nothing that keeps to it."""
    asked = IMPOSSIBLE[name]
    seen = 0
    for way in tm.ways_out(LEFT, RIGHT, asked, most=20):
        if way.kind not in ("floor", "cap"):
            continue
        (change,) = way.changes
        at = next(k for k, part in enumerate(way.policy.quotas) if part.name == change.what)
        part = way.policy.quotas[at]
        if isinstance(part, p.CoverageFloor):
            part = replace(part, at_least_share=(change.after + 1) / len(LEFT))
        elif way.kind == "floor":
            part = replace(part, at_least=part.at_least + 1)
        else:
            part = replace(part, at_most=part.at_most - 1)
        less = replace(way.policy, quotas=(*way.policy.quotas[:at], part, *way.policy.quotas[at + 1 :]))
        assert not feasible(LEFT, RIGHT, less)
        seen += 1
    assert seen


def test_only_the_group_that_presses_changes():
    """A quota per country with another number for one leaves the bounds of the others as they were."""
    asked = policy(
        p.QuotaPer("cap", right=["country"], at_most=2), p.Quota("floor", right={"country": "IT"}, at_least=3)
    )
    way = next(way for way in tm.ways_out(LEFT, RIGHT, asked) if way.kind == "cap")
    assert way.what == "cap: country IT"
    table = tm.match(LEFT, RIGHT, way.policy).quotas.to_pydict()
    caps = dict(zip(table["quota"], table["at_most"], strict=True))
    assert caps["cap: country IT"] == 3
    assert caps["cap: country ES"] == caps["cap: country DE"] == 2


def test_all_groups_of_a_quota_move_together():
    """Floors of three for each of three countries, eight schools: two for each is nearest."""
    ways = tm.ways_out(LEFT, RIGHT, IMPOSSIBLE["floors of countries"])
    (all_groups,) = [way for way in ways if way.kind == "floors"]
    assert all_groups.policy.quotas[0].at_least == 2
    (change,) = all_groups.changes
    assert (change.before, change.after, change.by) == (3, 2, 3)
    assert "for every group" in str(all_groups)


def test_two_quotas_move_together_where_neither_is_enough():
    """Two floors that are each out of reach must both fall, by as little as each takes."""
    asked = policy(
        p.Quota("IT", right={"country": "IT"}, at_least=5), p.Quota("ES", right={"country": "ES"}, at_least=4)
    )
    ways = tm.ways_out(LEFT, RIGHT, asked)
    assert {way.kind for way in ways} == {"several"}
    assert ways[0].by == 2 + 2
    assert str(ways[0]) in (
        "Lower the floor of “IT” from 5 to 3 and lower the floor of “ES” from 4 to 2.",
        "Lower the floor of “ES” from 4 to 2 and lower the floor of “IT” from 5 to 3.",
    )


def test_several_small_changes_may_be_less_than_one():
    """What one floor would have to give up, two others may make cheaper together."""
    asked = policy(
        p.Quota("cap", right={"country": ["IT", "ES"]}, at_most=0),
        p.Quota("IT", right={"country": "IT"}, at_least=1),
        p.Quota("ES", right={"country": "ES"}, at_least=1),
    )
    ways = tm.ways_out(LEFT, RIGHT, asked)
    assert {(way.kind, way.by) for way in ways} >= {("cap", 2)}
    assert min(way.by for way in ways) == 2


def test_a_lock_is_dropped_by_name():
    """The pair that is dropped is named, the others stay."""
    asked = policy(p.LockedPairs("old", [("L0", "R0"), ("L0", "R3")]))
    (way,) = tm.ways_out(LEFT, RIGHT, asked)
    assert way.kind == "lock"
    (pair,) = way.policy.quotas[0].pairs
    assert pair in {("L0", "R0"), ("L0", "R3")}
    assert way.explain().startswith("Drop 1 locked pair of “old” (L0 with R")
    assert way.explain("fr").startswith(
        "Lever 1 paire imposée de «\N{NO-BREAK SPACE}old\N{NO-BREAK SPACE}» (L0 avec R"
    )


def test_schools_without_a_partner_need_none():
    """Where a rule leaves alone who must have a partner: ask less of them, or leave the rule out."""
    left = schools("L", 4, levels=["1", "1", "2", "2"])
    asked = policy(p.PartnersPerSchool("all", "left", least=1))
    ways = {way.kind: way for way in tm.ways_out(left, RIGHT, asked)}
    assert ways["least"].by == 2
    assert set(ways["least"].changes[0].schools) == {"L2", "L3"}
    assert ways["rule"].what == "common level"
    assert ways["rule"].by == 2 * 8
    assert ways["rule"].policy.rules == ()
    assert str(ways["rule"]).startswith("Leave out the rule “common level”, which opens 16 pairs")
    assert not tm.ways_out(left, RIGHT, asked, keep=("common level", "all"))


def test_what_is_kept_stays():
    """Neither a quota nor a group that is to be kept is changed."""
    asked = IMPOSSIBLE["floor above cap of its group"]
    assert {way.what for way in tm.ways_out(LEFT, RIGHT, asked)} == {"cap", "floor"}
    assert {way.what for way in tm.ways_out(LEFT, RIGHT, asked, keep=("floor",))} == {"cap"}
    assert len(tm.ways_out(LEFT, RIGHT, asked, most=1)) == 1
    floors = IMPOSSIBLE["floors of countries"]
    assert "floor" in {way.what for way in tm.ways_out(LEFT, RIGHT, floors)}
    kept = tm.ways_out(LEFT, RIGHT, floors, keep=("floor: country IT",))
    assert {way.what for way in kept} == {"floor: country ES"}


def test_what_is_possible_needs_no_way_out():
    assert tm.ways_out(LEFT, RIGHT, policy()) == ()
    assert tm.ways_out(LEFT, RIGHT, policy(p.Quota("floor", right={"country": "IT"}, at_least=3))) == ()


def test_no_time_is_no_way_out():
    """A deadline that has passed returns what was found by then."""
    assert tm.ways_out(LEFT, RIGHT, IMPOSSIBLE["too few places"], deadline=0) == ()


def test_rows_in_any_order_have_the_same_ways_out():
    order = np.random.default_rng(5).permutation(8)
    for asked in IMPOSSIBLE.values():
        ways = tm.ways_out(LEFT.take(order), RIGHT.take(order[::-1]), asked)
        assert [str(way) for way in ways] == [str(way) for way in tm.ways_out(LEFT, RIGHT, asked)]


@dataclass(frozen=True)
class OwnQuota:
    """A quota that is code."""

    kind: ClassVar[str] = "own"
    name: str = "own"

    def words(self):
        return "at least 6 pairs with Italy"

    def faults(self):
        return ()

    def table_faults(self, left, right):
        return ()

    def add_to(self, draft, left, right, say=lambda _: None):
        italy = np.array([country == "IT" for country in right.strings("country")])
        draft.quotas.append(Bounds(self.name, right=italy, at_least=6))


def test_a_quota_that_is_code_has_no_changed_policy():
    """The number is found all the same."""
    (way,) = tm.ways_out(LEFT, RIGHT, policy(OwnQuota()))
    assert (way.what, way.by, way.policy) == ("own", 3, None)


@pytest.mark.parametrize(
    ("column", "floor"), [("academie", 1), ("academie", 2), ("academie", 50), ("ep", 3), ("ep", 2)]
)
def test_a_floor_for_hundreds_of_cells_falls_soon(column, floor):
    """Where hundreds of quotas cross, letting all of them go is found at once, and it is a way out."""
    fr, eu = tm.datasets.sample()
    floors = p.QuotaPer("q", left=[column], right=["country"], at_least=floor)
    asked = replace(tm.policies.systematic_twinning(), quotas=(floors,))
    begin = time.monotonic()
    (way,) = tm.ways_out(fr, eu, asked)
    assert time.monotonic() - begin < 10  # it takes half a second
    assert str(way) == f"Lower the floor of “q” from {floor} to 0, for every group."
    assert tm.match(fr, eu, way.policy, deadline=20).coverage == 200
    assert tm.ways_out(fr, eu, asked, keep=("q",)) == ()


def test_one_of_hundreds_of_cells_changes_alone():
    """A quota of 204 cells with another number for one leaves the bounds of the others as they were."""
    fr, eu = tm.datasets.sample()
    asked = replace(
        tm.policies.systematic_twinning(),
        quotas=(
            p.QuotaPer("cap", left=["academie"], right=["country"], at_most=0),
            p.Quota("one", left={"academie": "Wallis-et-Futuna"}, right={"country": "RO"}, at_least=1),
        ),
    )
    way = next(way for way in tm.ways_out(fr, eu, asked) if way.kind == "cap")
    assert way.what == "cap: academie Wallis-et-Futuna, country RO"
    caps = [part.at_most for part in way.policy.quotas if part.name.startswith("cap")]
    assert sorted(caps) == [0] * 203 + [1]


def test_the_best_so_far_is_kept_when_time_is_up():
    """A search that is stopped before the nearest number gives the nearest that it knows of."""

    def enough(number):
        if number == 7:
            raise Stopped(Limit.DEADLINE)
        return number <= 8

    assert nearest(20, 0, enough) == 5
    assert nearest(20, 0, lambda number: number <= 8) == 8


def test_other_languages_are_refused():
    (way, *_) = tm.ways_out(LEFT, RIGHT, IMPOSSIBLE["too few places"])
    with pytest.raises(InputError, match="en, fr"):
        way.explain("de")


@pytest.mark.parametrize("block", range(3))
def test_random_policies_find_their_way_out(block, seed):
    """Of random impossible policies on random tables: every way is one, and one less of a number is not."""
    rng = np.random.default_rng((seed, 77, block))
    seen = 0
    while seen < 8:
        n, m = int(rng.integers(3, 8)), int(rng.integers(3, 8))
        left = schools(
            "L",
            n,
            region=rng.choice(["a", "b"], n).tolist(),
            levels=rng.choice(["1", "2", "1;2"], n).tolist(),
        )
        right = schools(
            "R",
            m,
            country=rng.choice(["IT", "ES", "DE"], m).tolist(),
            levels=rng.choice(["1", "2"], m).tolist(),
        )
        low = int(rng.integers(1, 4))
        chosen = [
            p.QuotaPer("cap", right=["country"], at_most=int(rng.integers(0, 3))),
            p.Quota("floor", right={"country": rng.choice(["IT", "ES"])}, at_least=low),
            p.CoverageFloor("region", per=["region"], at_least_share=float(rng.choice([0.5, 0.8, 1.0]))),
            p.PartnersPerSchool("all", "left", least=1, conditions={"region": "a"}),
        ]
        asked = policy(*(part for part in chosen if rng.random() < 0.6))
        if tm.match(left, right, asked).status != "INFEASIBLE":
            assert tm.ways_out(left, right, asked) == ()
            continue
        ways = tm.ways_out(left, right, asked, most=10)
        assert ways
        for way in ways:
            assert feasible(left, right, way.policy), (asked, way)
        seen += 1
