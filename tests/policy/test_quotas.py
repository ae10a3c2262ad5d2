"""What a policy asks of the matching as a whole: groups, bounds, partners, locks, balance."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twinmatch as tm
from tests.policy.tables import learns, levels, random_tables, table
from twinmatch import policies as p
from twinmatch.errors import PolicyError
from twinmatch.policy.asked import RelativeFloor, asked
from twinmatch.policy.bounds import Bounds
from twinmatch.policy.quotas import QUOTAS

DOCS = Path(tm.__file__).parents[2] / "docs"
seeds = st.integers(0, 2**32 - 1)


def asks(left, right, *quotas, capacity=None, rules=()):
    """Check a policy of some quotas on two tables; return what it asks, and what was said."""
    policy = tm.Policy(rules=rules, quotas=quotas)
    policy.check(left, right)
    said = []
    places = np.ones(len(right), np.int64) if capacity is None else np.asarray(capacity, np.int64)
    return asked(policy, left, right, places, said.append), said


def refused(left, right, *quotas, capacity=None, rules=()):
    """Return the text of the error that these quotas raise on two tables."""
    with pytest.raises(PolicyError) as caught:
        asks(left, right, *quotas, capacity=capacity, rules=rules)
    return str(caught.value)


def schools(side, **columns):
    """Return a table with the given columns, ids ``L0``, ``L1``, ..."""
    count = len(next(iter(columns.values())))
    rows = [
        {"id": f"{side}{row}", "country": "FR"} | {name: values[row] for name, values in columns.items()}
        for row in range(count)
    ]
    names = list(rows[0])
    return tm.Schools.from_frame(pa.table({name: [row[name] for row in rows] for name in names}))


def words(row, column):
    """Return the words of a cell, the slow way."""
    value = row[column]
    if column == "languages":
        return learns(row)
    if value is None:
        return set()
    if column == "levels":
        return {str(level) for level in levels(row)}
    if column in ("teach_lang", "tags"):
        return set(value.split(";"))
    if column == "sector":
        return {value.removesuffix("?")}
    if isinstance(value, bool):
        return {"true" if value else "false"}
    if isinstance(value, float):
        return {f"{value:g}" if value == int(value) else repr(value)}
    return {value}


def flags(rows, conditions):
    """Return which rows meet all conditions, the slow way."""
    return [
        all(words(row, column) & set(accepted) for column, accepted in conditions.items()) for row in rows
    ]


# -- Groups -------------------------------------------------------------------------------------------------

accepted = {
    "country": ["FR", "DE", "IT"],
    "levels": ["0", "1", "2", "3"],
    "sector": ["public", "private", "public-funded"],
    "size": ["0", "3", "250", "12000"],
    "languages": ["de", "es", "it", "en"],
    "teach_lang": ["fr", "hu"],
    "setting": ["rural", "urban"],
    "tags": ["sea", "bees"],
    "available": ["true", "false"],
}
conditions = st.dictionaries(st.sampled_from(sorted(accepted)), st.just(None), max_size=2).flatmap(
    lambda chosen: st.fixed_dictionaries(
        {column: st.lists(st.sampled_from(accepted[column]), min_size=1) for column in chosen}
    )
)


@given(seed=seeds, left=conditions, right=conditions)
def test_a_group_holds_the_schools_that_meet_every_condition(seed, left, right):
    """A school is in a group if each cell holds one of the accepted values; unknown values are in none."""
    ours, theirs, home, abroad = random_tables(seed)
    found, _ = asks(home, abroad, p.Quota("q", left, right, at_most=3))
    for members, rows, wanted in zip(
        found.constraints.members(found.constraints.quotas[0]), (ours, theirs), (left, right), strict=True
    ):
        np.testing.assert_array_equal(members, flags(rows, wanted))


columns = st.lists(st.sampled_from(sorted(accepted)), unique=True, max_size=2)


@given(seed=seeds, left=columns, right=columns, where=conditions)
def test_a_quota_for_each_combination_is_that_many_quotas(seed, left, right, where):
    """Quotas per columns are the single quotas on every combination of values that schools have."""
    if not left and not right:
        right = ["country"]
    ours, theirs, home, abroad = random_tables(seed)
    found, _ = asks(
        home, abroad, p.QuotaPer("q", left, right, where_left=where, at_least=0, at_most_share=0.5)
    )
    made = {}
    for quota in found.constraints.quotas:
        made[quota.name] = quota

    def combinations(rows, names):
        if not names:
            return {()}
        first, *rest = names
        return {
            (word, *more) for row in rows for word in words(row, first) for more in combinations([row], rest)
        }

    counted = [row for row, inside in zip(ours, flags(ours, where), strict=True) if inside]
    expected = {}
    for here in combinations(counted, left):
        for there in combinations(theirs, right):
            spoken = [f"left {one}" if one in right else one for one in left]
            spoken += [f"right {one}" if one in left else one for one in right]
            name = "q: " + ", ".join(f"{a} {b}" for a, b in zip(spoken, here + there, strict=True))
            one = p.Quota(
                name, dict(zip(left, here, strict=True)), dict(zip(right, there, strict=True)), at_most=0
            )
            expected[name] = asks(home, abroad, one)[0].constraints
    assert made.keys() == expected.keys()
    inside = np.array(flags(ours, where), bool)
    for name, quota in made.items():
        (one,) = expected[name].quotas
        ours_there, theirs_there = expected[name].members(one)
        ours_here, theirs_here = found.constraints.members(quota)
        np.testing.assert_array_equal(ours_here, ours_there & inside)
        np.testing.assert_array_equal(theirs_here, theirs_there)
        assert quota.at_most == int(ours_here.sum()) // 2


def test_groups_are_named_by_their_values_in_the_order_of_the_values():
    """The name of a quota says which group it is on, and groups do not depend on the order of rows."""
    left = schools("L", academie=["Lyon", "Créteil", "Lyon", None])
    right = schools("R", region=["b", "a"])
    cross = p.QuotaPer("spread", left=["academie"], right=["region"], at_most=1)
    found, said = asks(left, right, cross)
    assert [quota.name for quota in found.constraints.quotas] == [
        "spread: academie Créteil, region a",
        "spread: academie Créteil, region b",
        "spread: academie Lyon, region a",
        "spread: academie Lyon, region b",
    ]
    assert said == ["1 of 4 left schools have no known academie: they are in no group of the quota 'spread'"]
    again, _ = asks(left.take([3, 2, 0, 1]), right.take([1, 0]), cross)
    assert [quota.name for quota in again.constraints.quotas] == [
        quota.name for quota in found.constraints.quotas
    ]
    np.testing.assert_array_equal(
        again.constraints.quotas[2].left, found.constraints.quotas[2].left[[3, 2, 0, 1]]
    )


def test_the_two_sides_are_told_apart_where_they_have_a_column_in_common():
    """A cross of region and region says which region is whose."""
    found, _ = asks(
        schools("L", region=["84"]),
        schools("R", region=["BG"]),
        p.QuotaPer("q", left=["region"], right=["region"], at_most=1),
    )
    assert found.constraints.quotas[0].name == "q: left region 84, right region BG"


def test_numbers_and_flags_are_compared_as_what_they_are():
    """7, 7.0 and "7" are one value of a column of numbers; own columns may be lists, of either spelling."""
    left = schools(
        "L",
        size=[7.0, 7.5, None],
        code=[2**60 + 1, 2**60, 7],
        flag=[True, False, None],
        label=["a; b", "b", None],
        listed=[["a", "b"], [], None],
    )
    right = schools("R", region=["a"])
    for wanted, expected in (
        ({"size": [7]}, [1, 0, 0]),
        ({"size": ["7.0"]}, [1, 0, 0]),
        ({"size": 7.5}, [0, 1, 0]),
        ({"code": 2**60 + 1}, [1, 0, 0]),
        ({"code": 7.0}, [0, 0, 1]),
        ({"flag": False}, [0, 1, 0]),
        ({"label": "a"}, [1, 0, 0]),
        ({"listed": ["a"]}, [1, 0, 0]),
    ):
        found, said = asks(left, right, p.Quota("q", left=wanted, at_most=1))
        assert found.constraints.quotas[0].left.tolist() == [bool(one) for one in expected], wanted
        assert not [sentence for sentence in said if "no known" not in sentence]


def test_a_guessed_sector_counts_as_known_and_is_reported():
    """A condition on sectors reads them as the criteria do."""
    left = schools("L", sector=["private?", "private", "public", None])
    found, said = asks(left, schools("R", region=["a"]), p.Quota("q", left={"sector": "private"}, at_most=1))
    assert found.constraints.quotas[0].left.tolist() == [True, True, False, False]
    assert said == [
        "1 of 4 left schools have a sector guessed from the name: it counts as known",
        "1 of 4 left schools have no known sector: they are in no group of the quota 'q'",
    ]


def test_conditions_say_how_many_schools_are_in_no_group():
    """As the columns of groups do, on either side, for every kind of quota that has conditions, and once."""
    left = schools("L", ep=["REP", None, "REP+", None], academie=["Lyon", "Lyon", None, None])
    right = schools("R", region=["a", None])
    unknown = "of 4 left schools have no known {}: they are in no group of the quota 'q'"
    ep, both = f"2 {unknown.format('ep')}", f"3 {unknown.format('academie or ep')}"
    beyond = "1 of 2 right schools have no known region: they are in no group of the quota 'q'"
    given = {"ep": "REP"}
    for quota, expected in (
        (p.Quota("q", left=given, at_most=1), [ep]),
        (
            p.Quota("q", left={"ep": "REP", "academie": "Lyon"}, right={"region": "a"}, at_most=1),
            [both, beyond],
        ),
        (p.QuotaPer("q", left=["ep"], where_left={"ep": ["REP", "REP+"]}, at_most=1), [ep]),
        (p.QuotaPer("q", right=["region"], where_left=given, at_most=1), [ep, beyond]),
        (p.CoverageFloor("q", left=given, at_least_share=0.5), [ep]),
        (p.PartnersPerSchool("q", "left", most=2, conditions=given), [ep]),
    ):
        assert asks(left, right, quota)[1] == expected, quota
    assert not asks(left.take([0]), right.take([0]), p.Quota("q", given, {"region": "a"}, at_most=1))[1]


def test_a_value_that_no_school_has_is_allowed_and_reported():
    """The group of an unknown value is empty, and its floor stays: impossible is not malformed."""
    left, right = schools("L", academie=["Lyon", "Nice"]), schools("R", region=["a"])
    found, said = asks(left, right, p.Quota("q", left={"academie": ["Lyons", "Nice"]}, at_least=2))
    assert found.constraints.quotas[0].left.tolist() == [False, True]
    assert said == ["no left school has academie Lyons, which the quota 'q' accepts"]
    found, said = asks(left, right, p.Quota("q", right={"region": "z"}, at_least=2))
    assert (found.constraints.quotas[0].right.tolist(), found.constraints.quotas[0].at_least) == ([False], 2)
    assert "no right school meets the conditions of the quota 'q'" in said


def test_more_groups_than_fit_are_a_fault():
    """A quota for every commune is refused before any of them is made."""
    left = schools("L", commune_insee=[str(n) for n in range(2001)])
    text = refused(left, schools("R", region=["a"]), p.QuotaPer("q", left="commune_insee", at_most=1))
    assert "q: makes 2,001 quotas, and at most 2,000 fit" in text


def test_columns_that_are_not_there_or_hold_no_words_are_faults():
    """Every missing column is named, with its side and the quota that needs it."""
    left, right = schools("L", embedding=[[1.0, 2.0]]), schools("R", region=["a"])
    text = refused(
        left,
        right,
        p.Quota("a", left={"academy": "Lyon"}, right={"land": ["x"]}, at_most=1),
        p.QuotaPer("b", left=["embedding"], right=["region"], where_right={"zone": 1}, at_most=1),
        p.CoverageFloor("c", left={"ep": "REP"}, per=["dept"], within=0.1),
        p.PartnersPerSchool("d", "right", least_column="wish", conditions={"state": "open"}),
    )
    assert text.startswith("policy: 8 faults")
    for fault in (
        "left column 'academy': is needed by the quota 'a' and is not there",
        "right column 'land': is needed by the quota 'a'",
        "left column 'embedding': is needed by the quota 'b' and holds list",
        "right column 'zone': is needed by the quota 'b'",
        "left column 'ep': is needed by the quota 'c'",
        "left column 'dept': is needed by the quota 'c'",
        "right column 'state': is needed by the quota 'd'",
        "right column 'wish': is needed by the quota 'd'",
    ):
        assert fault in text, fault


# -- Bounds -------------------------------------------------------------------------------------------------


@given(
    thousandths=st.integers(0, 1000), size=st.integers(0, 100_000), number=st.none() | st.integers(0, 100_000)
)
def test_shares_are_exact_floors_round_up_and_caps_round_down(thousandths, size, number):
    """A share is the decimal it is written as, and the stricter of a number and a share counts."""
    share = thousandths / 1000
    least, most = Bounds(number, number, share, share).on(size)
    assert least == max(number or 0, -(-thousandths * size // 1000))
    assert most == min(thousandths * size // 1000, size if number is None else number)


def test_no_binary_number_gets_into_a_share():
    """7 % of 100 is 7 and 29 % of 100 is 29, though neither is in floating point."""
    assert 0.07 * 100 > 7
    assert 0.29 * 100 < 29
    assert Bounds(at_least_share=0.07).on(100) == (7, None)
    assert Bounds(at_most_share=0.29).on(100) == (0, 29)


def test_a_share_is_of_the_left_schools_of_the_group():
    """A quota on the right only counts in shares of all left schools, a cross in those of its group."""
    left = schools("L", academie=["Lyon", "Nice", "Nice", "Nice"])
    right = schools("R", region=["a", "b"])
    found, _ = asks(
        left,
        right,
        p.Quota("right", right={"region": "a"}, at_least_share=0.3, at_most_share=0.7),
        p.QuotaPer("cross", left=["academie"], right=["region"], at_most_share=0.7),
    )
    assert [(quota.at_least, quota.at_most) for quota in found.constraints.quotas] == [
        (2, 2),
        (0, 0),
        (0, 0),
        (0, 2),
        (0, 2),
    ]
    assert found.constraints.quotas[0].left is None


def test_a_floor_above_its_cap_by_rounding_is_a_fault():
    """At least and at most a third is well formed for three schools and impossible to mean for two."""
    quota = p.Quota("third", at_least_share=0.4, at_most_share=0.4)
    assert not tm.Policy(quotas=[quota]).faults()
    five, two = schools("L", region=list("abcde")), schools("L", region=list("ab"))
    found, _ = asks(five, two, quota)
    assert (found.constraints.quotas[0].at_least, found.constraints.quotas[0].at_most) == (2, 2)
    assert "third: asks for at least 1 pairs and at most 0 on these tables, in 'third'" in refused(
        two, two, quota
    )
    every = p.QuotaPer("each", left=["region"], at_least_share=0.4, at_most_share=0.4)
    assert "in 'each: region a', and so do 4 other groups" in refused(five, two, every)


def test_all_faults_of_quotas_are_listed_at_once():
    """Every option that makes no sense is in one error, with what it should be."""
    policy = tm.Policy(
        quotas=[
            p.Quota("nothing"),
            p.Quota("shares", at_least_share=1.5, at_most_share=-0.1),
            p.Quota("numbers", at_least=-1, at_most=2.5),
            p.Quota("turned", at_least=3, at_most=2, at_least_share=0.5, at_most_share=0.25),
            p.Quota("sides", left=["FR"], right={"country": [], "x": [None], " ": "a"}, at_most=1),
            p.QuotaPer("nowhere", at_most=1),
            p.QuotaPer("twice", left=["a", "a"], right=7, at_most=1),
            p.CoverageFloor("floor"),
            p.CoverageFloor("much", at_least_share=2, within=True),
            p.PartnersPerSchool("who", side="both", least=1),
            p.PartnersPerSchool("none", side="left"),
            p.PartnersPerSchool("order", side="left", least=2, most=1, schools="L1"),
            p.LockedPairs("no locks", pairs=[]),
            p.LockedPairs("odd locks", pairs=[("a", "b", "c"), ("", "b")]),
            p.CountryBalance(cap_share="half", floor_share=1.1),
            p.Quota("nothing", at_most=1),
            p.CommonLevel(),
        ],
        coverage="last",
    )
    with pytest.raises(PolicyError) as caught:
        policy.check()
    text = str(caught.value)
    for fault in (
        "nothing: bounds nothing. Give one of at_least, at_most, at_least_share, at_most_share.",
        "shares.at_least_share: must be between 0 and 1, not 1.5. Shares go from 0 to 1: 0.35 is 35 %.",
        "shares.at_most_share: must be between 0 and 1, not -0.1",
        "numbers.at_least: must be between 0 and 2,147,483,647, not -1",
        "numbers.at_most: must be a whole number, not 2.5",
        "turned.at_least: is above at_most: 3 and 2",
        "turned.at_least_share: is above at_most_share: 0.5 and 0.25",
        "sides.left: must be conditions on columns, not ['FR']. Write them as",
        "sides.right: accepts no value of 'country'",
        "sides.right: must accept words, numbers or flags of 'x', not None",
        "sides.right: must be a text that is not empty, not ' '",
        "nowhere: makes no groups",
        "twice.left: names a column twice: 'a'",
        "twice.right: must be a list of columns, not 7",
        "floor: bounds nothing. Give at_least_share or within.",
        "much.at_least_share: must be between 0 and 1, not 2. Shares go from 0 to 1: 0.35 is 35 %.",
        "much.within: must be a finite number, not True",
        "who.side: must be 'left' or 'right', not 'both'",
        "none: bounds nothing",
        "order.least: is above most: 2 and 1",
        "order.schools: must be a list of identifiers, not 'L1'",
        "no locks.pairs: must be a list of pairs, not ()",
        "odd locks.pairs: must hold pairs of identifiers, not ('a', 'b', 'c')",
        "odd locks.pairs: must be a text that is not empty, not ''",
        "country balance.cap_share: must be a finite number, not 'half'",
        "country balance.floor_share: must be between 0 and 1, not 1.1. Shares go from 0 to 1: 0.35 is 35 %.",
        "quotas: 2 of them are called 'nothing'",
        "quotas: must hold quotas, not CommonLevel(",
        "coverage: must be first or points, not 'last'",
    ):
        assert fault in text, fault
    assert text.startswith("policy: 29 faults")


def test_quotas_that_are_no_list_are_a_fault_on_tables_too():
    """A single quota in place of a list is refused in words, with tables as without."""
    one = schools("L", region=["a"])
    with pytest.raises(PolicyError, match="quotas: must be a list of quotas, not CountryBalance"):
        tm.Policy(quotas=p.CountryBalance()).check(one, one)


# -- Coverage -----------------------------------------------------------------------------------------------


def test_a_coverage_floor_counts_schools_and_is_rounded_up():
    """98 % of the priority schools, in each academy, are covered quotas on the left."""
    left = schools("L", ep=["REP", "REP+", "REP", None], academie=["Lyon", "Lyon", "Nice", "Nice"])
    right = schools("R", region=["a"])
    floor = p.CoverageFloor("rep", left={"ep": ["REP", "REP+"]}, per=["academie"], at_least_share=0.6)
    found, _ = asks(left, right, floor)
    assert [
        (one.name, one.left.tolist(), one.right, one.at_least, one.at_most, one.covered)
        for one in found.constraints.quotas
    ] == [
        ("rep: academie Lyon", [True, True, False, False], None, 2, None, True),
        ("rep: academie Nice", [False, False, True, False], None, 1, None, True),
    ]
    assert not found.relative


def test_a_relative_floor_follows_the_coverage_of_all_left_schools():
    """Within 2 points of 90 of 100 covered, a group of 10 needs 9 and one of 100 needs 88."""
    left = schools("L", academie=["Lyon"] * 10 + ["Nice"] * 90)
    floors = asks(left, left, p.CoverageFloor("alike", per=["academie"], within=0.02))[0].relative
    assert [(one.name, int(one.left.sum()), one.within) for one in floors] == [
        ("alike: academie Lyon, within 2 %", 10, Fraction(2, 100)),
        ("alike: academie Nice, within 2 %", 90, Fraction(2, 100)),
    ]
    assert [one.quota(90).at_least for one in floors] == [9, 80]
    assert [one.quota(1).at_least for one in floors] == [0, 0]
    assert floors[0].quota(90).covered
    everybody = RelativeFloor("all", np.ones(100, bool), Fraction(2, 100))
    assert everybody.quota(90).at_least == 88
    assert everybody.quota(100).at_least == 98


# -- Partners -----------------------------------------------------------------------------------------------


def numbers(found):
    constraints = found.constraints
    return [
        getattr(constraints, name).tolist()
        for name in ("left_least", "left_most", "right_least", "right_most")
    ]


def test_without_quotas_a_school_has_one_partner_at_most_and_places_count():
    """What is asked without a word is what a matching has always been."""
    left, right = schools("L", region=["a", "b"]), schools("R", region=["a", "b", "c"])
    found, said = asks(left, right, capacity=[0, 2, 3])
    assert numbers(found) == [[0, 0], [1, 1], [0, 0, 0], [0, 2, 3]]
    assert found.constraints.is_plain
    assert found.constraints.locked.shape == (0, 2)
    assert not said
    assert not found.relative
    assert not found.balance


def test_the_last_word_on_the_partners_of_a_school_counts():
    """Later quotas override earlier ones where they say a number, school by school."""
    left = schools("L", levels=["1", "3", "2;3", None])
    right = schools("R", region=["a", "b"])
    found, said = asks(
        left,
        right,
        p.PartnersPerSchool("all", "left", least=1),
        p.PartnersPerSchool("lycées", "left", most=2, conditions={"levels": ["3"]}),
        p.PartnersPerSchool("one of them", "left", least=0, most=3, schools=["L2", "L0", "L9"]),
        p.PartnersPerSchool("abroad", "right", least=1, most=5, conditions={"region": "b"}),
        capacity=[1, 2],
    )
    assert numbers(found) == [[0, 1, 0, 1], [3, 2, 3, 1], [0, 1], [1, 5]]
    assert said == [
        "1 of 4 left schools have no known levels: they are in no group of the quota 'lycées'",
        "1 of 3 schools that the quota 'one of them' names are not in the left table",
    ]


def test_partners_can_be_read_from_columns():
    """A column says the number where it is known; files may hold it as text; the plain number is the rest."""
    left = schools("L", wish=["2", " 1.0", None], limit=[3.0, None, None])
    right = schools("R", region=["a"])
    found, said = asks(
        left,
        right,
        p.PartnersPerSchool("wishes", "left", least=1, least_column="wish", most_column="limit"),
    )
    assert numbers(found)[:2] == [[2, 1, 1], [3, 1, 1]]
    assert said == [
        "1 of 3 left schools of the quota 'wishes' have no known wish: 1 counts",
        "2 of 3 left schools of the quota 'wishes' have no known limit: what was asked before counts",
    ]
    some = p.PartnersPerSchool("some", "left", most_column="limit", schools=["L1"])
    assert numbers(asks(left, right, some)[0])[1] == [1, 1, 1]
    bad = schools("L", wish=["2", "-1", "many", "1.5", None])
    text = refused(bad, right, p.PartnersPerSchool("wishes", "left", least_column="wish"))
    assert "left column 'wish': must hold whole numbers from 0 to" in text
    assert "(3 rows, first: 1, 2, 3)" in text


def test_more_partners_than_a_school_may_have_is_a_fault():
    """A floor above the places of a school is malformed, once everything was said."""
    left, right = schools("L", region=["a", "b"]), schools("R", region=["a", "b"])
    two = p.PartnersPerSchool("two", "right", least=2)
    text = refused(left, right, two, p.PartnersPerSchool("some", "left", least=2), capacity=[1, 2])
    assert "partners of the left schools: must be at least 2 and at most 1 (2 rows, first: 0, 1)" in text
    assert "partners of the right schools: must be at least 2 and at most 1 (1 row, first: 0)" in text
    found, _ = asks(left, right, two, p.PartnersPerSchool("more", "right", most=2), capacity=[1, 2])
    assert numbers(found)[2:] == [[2, 2], [2, 2]]


# -- Locks --------------------------------------------------------------------------------------------------


def test_locked_pairs_are_rows_each_once():
    """Locks of all quotas are joined, whatever their order and the order of rows."""
    left, right = schools("L", region=list("abc")), schools("R", region=list("abc"))
    locks = (
        p.LockedPairs("a", pairs=[("L2", "R0"), ["L0", "R1"]]),
        p.LockedPairs("b", pairs={("L2", "R0")}),
    )
    assert asks(left, right, *locks)[0].constraints.locked.tolist() == [[0, 1], [2, 0]]
    turned, _ = asks(left.take([2, 1, 0]), right, *locks[::-1])
    assert turned.constraints.locked.tolist() == [[0, 0], [2, 1]]


def test_a_lock_that_cannot_be_found_is_a_fault():
    """A locked school that is in no table would vanish silently; it is named instead."""
    left = schools("L", region=list("abc"))
    right = schools("R", region=list("abc"))
    text = refused(left, right, p.LockedPairs("old", [("L1", "X"), ("Y", "R1"), ("Y", "R2"), ("L1", "L1")]))
    assert "old.pairs: names 1 school not in the left table: Y" in text
    assert "old.pairs: names 2 schools not in the right table: L1, X" in text


@given(seed=seeds)
def test_a_locked_pair_that_a_rule_forbids_is_a_fault(seed):
    """Every rule that forbids a lock is named with the pairs, and no other."""
    _, _, left, right = random_tables(seed)
    pair = (left.ids[-1], right.ids[-1])
    rules = [
        *p.systematic_twinning().rules,
        p.ForbiddenPairs([pair], name="not these"),
        p.ForbiddenSchools(right=[right.ids[0]], name="not there"),
    ]
    lock = p.LockedPairs("kept", [(left.ids[-1], right.ids[-1]), (left.ids[0], right.ids[0])])
    text = refused(left, right, lock, rules=rules)
    rows = [(len(left) - 1, len(right) - 1), (0, 0)]
    for rule in rules:
        broken = [
            f"{left.ids[i]} with {right.ids[j]}"
            for i, j in sorted(
                set(rows), key=lambda row: lock.pairs.index((left.ids[row[0]], right.ids[row[1]]))
            )
            if not rule.compile(left, right).allows(np.array([i]), np.array([j])).all()
        ]
        noun = "1 pair" if len(broken) == 1 else "2 pairs"
        said = f"kept.pairs: holds {noun} that the rule {rule.name!r} forbids: {', '.join(broken)}."
        assert (said in text) == bool(broken)


# -- Balance ------------------------------------------------------------------------------------------------


@given(
    offered=st.dictionaries(st.sampled_from(["IT", "DE", "RO", "ES", "NL"]), st.integers(0, 60), max_size=5),
    num_left=st.integers(0, 80),
    cap_share=st.integers(0, 100).map(lambda n: n / 100),
    floor_share=st.integers(0, 100).map(lambda n: n / 100),
)
def test_balance_by_count_never_asks_for_what_there_is_not(offered, num_left, cap_share, floor_share):
    """Caps leave as many places as are needed, floors fit under the caps and the left schools together."""
    left = table([{"id": f"L{n}", "country": "FR"} for n in range(num_left)])
    right = table([{"id": f"R{c}", "country": c} for c in sorted(offered)])
    places = [offered[country] for country in sorted(offered)]
    balance = p.CountryBalance(cap_share=cap_share, floor_share=floor_share)
    if not num_left or not offered:
        left, right = (schools("L", region=["a"]), right) if offered else (left, left)
        assert not asks(left.take([]), right.take([]), balance)[0].balance
        return
    found = asks(left, right, balance, capacity=places)[0].balance
    real = {country: count for country, count in sorted(offered.items()) if count}
    if len(real) < 2:
        assert found == ()
        return
    assert {one.country: one.places for one in found} == real
    (cap,) = {one.at_most for one in found}
    needed = min(num_left, sum(real.values()))

    def enough(most):
        return sum(min(count, most) for count in real.values()) >= needed

    stated = math.floor(Fraction(str(cap_share)) * num_left)
    assert enough(cap)
    assert cap >= stated
    assert cap == stated or not enough(cap - 1)
    assert sum(one.at_least for one in found) <= num_left
    for one in found:
        part = Fraction(str(floor_share)) * num_left * one.places / sum(real.values())
        assert one.at_least <= min(one.at_most, one.places)
        assert one.at_least in {math.floor(part), math.ceil(part), one.at_most, one.places}
        np.testing.assert_array_equal(one.right, right.strings("country") == one.country)
        assert one.quota().right is one.right
        assert (one.quota().at_least, one.quota().at_most) == (one.at_least, one.at_most)


def test_balance_gives_every_country_a_school():
    """With 100 left schools, a country with 1 of 200 places gets a floor of 1."""
    left = table([{"id": f"L{n}", "country": "FR"} for n in range(100)])
    right = table([{"id": f"R{c}", "country": c} for c in ("DE", "IT", "NL")])
    found = asks(left, right, p.CountryBalance(), capacity=[60, 139, 1])[0].balance
    assert [(one.name, one.at_least, one.at_most) for one in found] == [
        ("country balance: country DE", 15, 50),
        ("country balance: country IT", 35, 50),
        ("country balance: country NL", 1, 50),
    ]


def test_balance_of_fewer_schools_than_countries_asks_for_none_of_them():
    """Two left schools cannot go to three countries, so no country is sure of one."""
    left = table([{"id": f"L{n}", "country": "FR"} for n in range(2)])
    right = table([{"id": f"R{c}", "country": c} for c in ("DE", "IT", "NL")])
    assert [one.at_least for one in asks(left, right, p.CountryBalance())[0].balance] == [0, 0, 0]
    found = asks(left, right.take([0, 1]), p.CountryBalance())[0].balance
    assert [one.at_least for one in found] == [1, 1]


def test_balance_counts_the_places_that_other_quotas_give():
    """Where a later quota changes the partners of right schools, balance counts those."""
    left = table([{"id": f"L{n}", "country": "FR"} for n in range(10)])
    right = table([{"id": f"R{c}", "country": c} for c in ("DE", "IT")])
    more = p.PartnersPerSchool("more", "right", most=9, conditions={"country": "IT"})
    found = asks(left, right, p.CountryBalance(), more)[0].balance
    assert [one.places for one in found] == [1, 9]


def test_balance_of_the_bundled_registers():
    """The default shares cap Italy and lift Romania, and ask nothing new of the other countries."""
    french, partners = tm.datasets.france_eu()
    policy = p.systematic_twinning(balance=True)
    policy.check(french, partners)
    found = asked(policy, french, partners, np.ones(len(partners), np.int64)).balance
    unbalanced = {"IT": 28_464, "DE": 14_408, "NL": 7_228, "ES": 6_305, "SE": 4_091, "RO": 4_045}
    assert {one.country for one in found if unbalanced[one.country] > one.at_most} == {"IT"}
    assert {one.country for one in found if unbalanced[one.country] < one.at_least} == {"RO"}


def test_balance_is_an_addition_to_the_default_policy():
    """With balance the default policy has one quota more, without it nothing changed."""
    plain, balanced = p.systematic_twinning(), p.systematic_twinning(balance=True)
    assert (plain.rules, plain.criteria) == (balanced.rules, balanced.criteria)
    assert plain.quotas == ()
    assert balanced.quotas == (p.CountryBalance(cap_share=0.35, floor_share=0.5),)
    assert plain == p.systematic_twinning(balance=False)


# -- Values and files ---------------------------------------------------------------------------------------


def test_conditions_are_one_value_however_they_are_written():
    """Order, repetition and spelling of conditions make no difference to equality, hash or file."""
    one = p.Quota("q", left={"ep": ["REP+", "REP", "REP"], "levels": [2]}, at_most=1)
    two = p.Quota("q", left={"levels": "2", "ep": ("REP", "REP+")}, at_most=1)
    assert one == two
    assert hash(one) == hash(two)
    assert one.left == {"ep": ("REP", "REP+"), "levels": ("2",)}
    assert tm.Policy(quotas=[one]).fingerprint() == tm.Policy(quotas=[two]).fingerprint()
    assert one != p.Quota("q", right={"levels": "2", "ep": ("REP", "REP+")}, at_most=1)
    with pytest.raises(TypeError):
        one.left["ep"] = ()
    assert p.CountryBalance(cap_share=1) == p.CountryBalance(cap_share=np.float64(1.0))
    assert "cap_share = 1.0\n" in tm.Policy(quotas=[p.CountryBalance(cap_share=np.float64(1.0))]).to_toml()


def test_a_person_can_write_quotas_in_toml():
    """A file in words of its own reads as the quotas it means, and is written in one form."""
    text = """
        format = 1
        coverage = "points"

        [[quotas]]
        kind = "quota"
        name = "priority to Spain"
        left = {academie = ["Créteil"], ep = ["REP+", "REP"]}
        right = {country = "ES", "my column" = [true, 7]}
        at_least = 20

        [[quotas]]
        kind = "quota_per"
        name = "cap"
        right = "country"
        at_most_share = 0.4

        [[quotas]]
        kind = "locked_pairs"
        name = "since 2019"
        pairs = [["L1", "R1"]]
    """
    policy = tm.Policy.from_toml(text)
    spain, cap, locks = policy.quotas
    assert policy.coverage == "points"
    assert spain.right == {"country": ("ES",), "my column": ("7", "true")}
    assert cap == p.QuotaPer("cap", right=["country"], at_most_share=0.4)
    assert locks.pairs == (("L1", "R1"),)
    written = policy.to_toml()
    assert '\nleft = {academie = ["Créteil"], ep = ["REP", "REP+"]}\n' in written
    assert '\nright = {country = ["ES"], "my column" = ["7", "true"]}\n' in written
    assert '\ncoverage = "points"\n' in written
    assert "at_most =" not in written
    assert tm.Policy.from_toml(written) == policy


def test_the_page_on_quotas_has_every_kind_and_every_argument():
    """Its file reads as one quota of each kind; its table names the arguments of each, in their order."""
    page = (DOCS / "constraints.md").read_text(encoding="utf-8")
    (text,) = re.findall("^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert [type(quota) for quota in tm.Policy.from_toml(text).quotas] == list(QUOTAS)
    for kind in QUOTAS:
        (row,) = re.findall(rf"^\| `{kind.__name__}` \| (.*) \|$", page, re.MULTILINE)
        assert re.findall("`(.*?)`", row) == [field.name for field in fields(kind)], kind


@pytest.mark.parametrize("name", ["constraints.md", "policies.md"])
def test_files_in_the_documentation_can_be_read(name):
    """A policy that people are shown is one."""
    page = (DOCS / name).read_text(encoding="utf-8")
    shown = re.findall("^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert shown
    for text in shown:
        tm.Policy.from_toml(text)


def test_priority_education_is_what_the_documentation_says():
    """Every value of ``ep`` in the bundled registers is in the table of columns, and in every example."""
    found = set(tm.datasets.sample()[0].strings("ep")) | set(tm.datasets.france_eu()[0].strings("ep"))
    (row,) = re.findall(r"^\| `ep` \| (.*) \|$", (DOCS / "data.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert found - {None} == {"REP", "REP+", "REP/REP+"} == set(re.findall("`(.*?)`", row))
    for path in (*DOCS.rglob("*.md"), *(DOCS.parent / "src").rglob("*.py")):
        for values in re.findall(r'\["REP".*?\]', path.read_text(encoding="utf-8")):
            assert values == '["REP", "REP+", "REP/REP+"]', path


def test_faults_of_quotas_in_files_are_listed_at_once():
    """Unknown kinds and options of quotas are named with those that there are."""
    text = """
        format = 1
        coverage = 3
        quota = []
        [[quotas]]
        kind = "cap"
        [[quotas]]
        kind = "quota"
        at_mots = 3
        [[quotas]]
        kind = "quota_per"
        name = "q"
        left = {country = ["FR"]}
        at_most = 3
    """
    with pytest.raises(PolicyError) as caught:
        tm.Policy.from_toml(text)
    for fault in (
        "quota: is not a known key. Known are rules, criteria, quotas.",
        "coverage: must be first or points, not 3",
        "quotas[0].kind: is not a known kind: 'cap'. Known are quota, quota_per, coverage_floor,",
        "quotas[1].at_mots: is not an option of quota",
        "quotas[1].name: is missing, and quota needs it",
        "q.left: must be a list of columns, not {'country': ['FR']}",
    ):
        assert fault in str(caught.value), fault


def test_a_policy_without_quotas_is_the_file_it_has_always_been():
    """Fingerprints that results were stored under stay what they were."""
    assert p.systematic_twinning().fingerprint() == (
        "caee13fb934603ba34cd81f4fc5dd157b4a1dcf7fd951ffcff1b3b61cbe4f2f0"
    )
    assert tm.Policy(allow_large_calls=True).fingerprint() == (
        "710e1ed8ede5963b363357bfd046958dbb3ea4bc307cae8acc27443f3759e017"
    )
    assert "quotas" not in p.systematic_twinning().to_toml()
    assert "coverage" not in p.systematic_twinning().to_toml()


def test_quotas_and_coverage_enter_the_fingerprint():
    """Policies that ask for different things have different fingerprints."""
    cap = p.QuotaPer("cap", right=["country"], at_most_share=0.4)
    prints = Counter(
        policy.fingerprint()
        for policy in (
            tm.Policy(),
            tm.Policy(coverage="points"),
            tm.Policy(quotas=[cap]),
            tm.Policy(quotas=[p.QuotaPer("cap", right=["country"], at_most_share=0.5)]),
            tm.Policy(quotas=[cap, p.CountryBalance()]),
            tm.Policy(quotas=[p.CountryBalance(), cap]),
        )
    )
    assert max(prints.values()) == 1


def test_a_policy_says_what_it_asks():
    """The words of a policy list its quotas with their bounds and conditions."""
    policy = tm.Policy(
        quotas=[
            p.Quota("german", {"languages": "de"}, {"country": ["AT", "DE"]}, at_least=1_000),
            p.QuotaPer("cap", ["academie"], ["country"], at_most_share=0.07, at_most=9),
            p.CoverageFloor("rep", {"ep": "REP"}, ["dept"], at_least_share=0.98, within=0.02),
            p.PartnersPerSchool("two", "left", 1, 2, {"levels": 3}, ["L1"], most_column="max"),
            p.LockedPairs("kept", [("L1", "R1")]),
            p.CountryBalance(),
        ],
        coverage="points",
    )
    assert str(policy).splitlines() == [
        "Policy: 0 rules, 0 criteria, 6 quotas, points before coverage",
        "  quota      german: at least 1,000 pairs, from languages de, to country AT or DE",
        "  quota      cap: at most 9 pairs, at most 7 % of the left schools, per academie and country",
        "  quota      rep: at least 98 % have a partner, at most 2 % fewer have a partner than of all, "
        "left schools with ep REP, per dept",
        "  quota      two: at least 1, at most what max says or else 2 for each left school with levels 3, "
        "1 school by name",
        "  quota      kept: 1 pair must be",
        "  quota      country balance: at most 35 % per country, at least 50 % of its part by places",
    ]
