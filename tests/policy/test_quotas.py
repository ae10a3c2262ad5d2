"""What a policy asks of the matching as a whole: bounds, coverage, partners, locks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twinmatch as tm
from tests.policy.asking import asks, refused, schools
from tests.policy.tables import random_tables
from twinmatch import policies as p
from twinmatch.errors import PolicyError
from twinmatch.policy.asked import RelativeFloor
from twinmatch.policy.bounds import Bounds

seeds = st.integers(0, 2**32 - 1)


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
