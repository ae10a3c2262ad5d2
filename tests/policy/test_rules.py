"""Each rule against a statement about one pair; what unknown values do."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twinmatch as tm
from tests.policy.tables import levels, random_tables, table, works_in
from twinmatch import policies as p
from twinmatch.errors import PolicyError
from twinmatch.policy.countries import OFFICIAL_LANGUAGES, members

EU_2010 = set(members(date(2025, 1, 1))) - {"HR"} | {"GB"}


def both(left, right, column, word):
    return all(row[column] in (word, None) for row in (left, right))


def language_ok(left, right):
    free = levels(left) & levels(right) & {0, 1}
    return bool(free or works_in(left) & works_in(right))


RULES = [
    (p.PartnerInEU(), lambda a, b: b["country"] in {"FR", "DE", "IT", "HR"} and a["country"] != b["country"]),
    (
        p.PartnerInEU(on=date(2010, 1, 1)),
        lambda a, b: b["country"] in EU_2010 and a["country"] != b["country"],
    ),
    (p.CommonLevel(), lambda a, b: bool(levels(a) & levels(b))),
    (p.SharedLanguage(), language_ok),
    (
        p.SharedLanguage(levels=[0, 1, 2, 3], assume_english=False),
        lambda a, b: bool(works_in(a, english=False) & works_in(b, english=False)),
    ),
    (p.BothOpen(), lambda a, b: both(a, b, "state", "open")),
    (p.BothAvailable(), lambda a, b: both(a, b, "available", True)),
    (p.BothAvailable(unknown_counts=False), lambda a, b: bool(a["available"] and b["available"])),
    (p.SameSpecialSetting(), lambda a, b: a["special"] == b["special"]),
    (
        p.ForbiddenPairs([("L0", "R1"), ("L1", "R0"), ("L1", "nobody")]),
        lambda a, b: (a["id"], b["id"]) not in {("L0", "R1"), ("L1", "R0")},
    ),
    (
        p.ForbiddenSchools(left=["L2"], right=["R0", "R3"]),
        lambda a, b: a["id"] != "L2" and b["id"] not in {"R0", "R3"},
    ),
    (
        p.ForbiddenCountries([("L0", "DE"), ("L0", "IT"), ("L1", "DE")]),
        lambda a, b: (a["id"], b["country"]) not in {("L0", "DE"), ("L0", "IT"), ("L1", "DE")},
    ),
]


@given(seed=st.integers(0, 2**32 - 1))
def test_a_rule_allows_what_it_says(seed):
    left_rows, right_rows, left, right = random_tables(seed)
    i, j = np.repeat(np.arange(len(left)), len(right)), np.tile(np.arange(len(right)), len(left))
    for rule, allowed in RULES:
        assert not list(rule.faults())
        expected = [allowed(one, other) for one in left_rows for other in right_rows]
        assert rule.compile(left, right).allows(i, j).tolist() == expected, rule


@pytest.mark.parametrize(
    ("day", "inside", "outside"),
    [
        (date(1957, 12, 31), "", "FR DE"),
        (date(1972, 12, 31), "FR", "DK GB IE"),
        (date(1973, 1, 1), "DK GB IE", "GR"),
        (date(2004, 4, 30), "AT FI SE", "PL"),
        (date(2004, 5, 1), "PL CY MT", "RO BG"),
        (date(2013, 7, 1), "HR GB", "CH NO"),
        (date(2020, 1, 31), "GB", ""),
        (date(2020, 2, 1), "HR", "GB"),
    ],
)
def test_membership_is_dated(day, inside, outside):
    assert set(inside.split()) <= members(day)
    assert not set(outside.split()) & members(day)


def test_the_union_of_2025_has_27_members_and_each_an_official_language():
    assert len(members(date(2025, 1, 1))) == 27
    assert members(date(2025, 1, 1)) <= set(OFFICIAL_LANGUAGES)


def said(rule, left, right):
    sentences = []
    rule.compile(left, right, sentences.append)
    return sentences


def test_assumptions_are_said_with_their_numbers():
    left = table([{"id": "a", "country": "FR", "levels": "2", "languages": "de:7"}])
    right = table([{"id": "b", "country": "DE", "levels": "2"}, {"id": "c", "country": "DE", "levels": None}])
    assert said(p.BothAvailable(), left, right) == [
        "1 of 1 left schools (100%) have no known availability: they count as available",
        "2 of 2 right schools (100%) have no known availability: they count as available",
    ]
    assert said(p.CommonLevel(), left, right) == [
        "1 of 2 right schools have no known level and can have no partner"
    ]
    assert said(p.SharedLanguage(), left, right) == [
        "1 of 1 left schools do not say what they teach in: the official languages of their country count",
        "2 of 2 right schools do not say what they teach in: the official languages of their country count",
        "1 of 2 right schools teach at level 2 or 3 and list no languages: "
        "English counts as one of their working languages",
    ]
    assert said(p.SameSpecialSetting(), left, right) == []
    assert said(p.ForbiddenPairs([("a", "b"), ("x", "b")]), left, right) == [
        "1 of 2 forbidden pairs name a school that is in neither table"
    ]
    assert said(p.ForbiddenSchools(right=["x"]), left, right) == [
        "1 of 1 forbidden right schools are not in the table"
    ]
    assert said(p.ForbiddenCountries([("x", "DE")]), left, right) == [
        "1 of 1 schools with a forbidden country are not in the left table"
    ]
    assert said(p.PartnerInEU(on=date(2030, 1, 1)), left, right) == [
        "the EU has the members of 2025-01-01, for want of a list of 2030-01-01"
    ]


def test_a_rule_that_would_leave_no_pair_for_want_of_a_column_is_a_fault():
    bare = table([{"id": "a", "country": "FR"}])
    policy = tm.Policy(rules=[p.CommonLevel(), p.BothAvailable(unknown_counts=False), p.BothOpen()])
    with pytest.raises(PolicyError) as caught:
        policy.check(bare, bare)
    assert [fault.where for fault in caught.value.faults] == [
        "left column 'levels'",
        "right column 'levels'",
        "left column 'available'",
        "right column 'available'",
    ]
