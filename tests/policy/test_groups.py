"""Groups of quotas: who is in them, what they are called, and what is wrong with conditions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.asking import asks, flags, refused, schools, words
from tests.policy.tables import random_tables
from twinmatch import policies as p

seeds = st.integers(0, 2**32 - 1)


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
