"""A policy is a value: equality, files that read back the same, and one error with everything wrong."""

from __future__ import annotations

import pickle
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import twinmatch as tm
from tests.policy.tables import table
from twinmatch import policies as p
from twinmatch.errors import PolicyError

names = st.text(min_size=1).filter(
    lambda text: text.strip() and text not in ("left_id", "right_id", "points")
)
weights = st.integers(1, 2**24)
countries = st.sampled_from(["FR", "DE", "IT", "RO"])
pairs_of_ids = st.lists(st.tuples(names, names), max_size=4)


def shares(weight):
    return st.sampled_from([-1, 0, weight // 3, weight])


rules = st.one_of(
    st.builds(p.PartnerInEU, on=st.dates(date(1958, 1, 1)), name=names),
    st.builds(p.CommonLevel, name=names),
    st.builds(
        p.SharedLanguage,
        levels=st.sets(st.integers(0, 3), min_size=1),
        assume_english=st.booleans(),
        name=names,
    ),
    st.builds(p.BothOpen, name=names),
    st.builds(p.BothAvailable, unknown_counts=st.booleans(), name=names),
    st.builds(p.SameSpecialSetting, name=names),
    st.builds(p.ForbiddenPairs, pairs=pairs_of_ids, name=names),
    st.builds(p.ForbiddenSchools, left=st.lists(names, max_size=30), right=st.lists(names), name=names),
    st.builds(p.ForbiddenCountries, schools=st.lists(st.tuples(names, countries)), name=names),
)
criteria = weights.flatmap(
    lambda weight: st.one_of(
        st.builds(
            p.LanguageFit, weight=st.just(weight), unknown=shares(weight), third=st.just(0), name=names
        ),
        st.builds(p.LevelOverlap, weight=st.just(weight), optional=st.booleans(), name=names),
        st.builds(
            p.SizeSimilarity,
            weight=st.just(weight),
            zero_at=st.floats(1.01, 100),
            unknown=shares(weight),
            counted=st.lists(names, min_size=1),
            name=names,
        ),
        st.builds(
            p.Distance,
            weight=st.just(weight),
            low_km=st.floats(0, 1000),
            high_km=st.floats(1000, 2000),
            fade_km=st.floats(500, 1e5),
            name=names,
        ),
        st.builds(p.SameSector, weight=st.just(weight), funded=shares(weight), name=names),
        st.builds(
            p.SameSetting,
            weight=st.just(weight),
            radius_km=st.one_of(st.just(7), st.floats(1, 90)),
            name=names,
        ),
        st.builds(p.SocialPosition, weight=st.just(weight), column=names, name=names),
        st.builds(p.SharedTags, weight=st.just(weight), column=names, name=names),
        st.builds(p.EmbeddingSimilarity, weight=st.just(weight), zero_at=st.floats(-1, 0.9), name=names),
        st.builds(p.Kept, weight=st.just(weight), column=names, optional=st.booleans(), name=names),
        st.builds(
            p.CountryTable,
            points=st.dictionaries(st.tuples(countries, countries), weights, min_size=1),
            otherwise=st.integers(0, 5),
            name=names,
        ),
    )
)
some_shares = st.none() | st.floats(0, 1)
some_numbers = st.none() | st.integers(0, 2**31 - 1)
cells = st.one_of(names, st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
conditions = st.dictionaries(names, st.lists(cells, min_size=1, max_size=4) | cells, max_size=3)
columns = st.lists(names, unique=True, max_size=3)
bounds = {
    "at_least": some_numbers,
    "at_most": some_numbers,
    "at_least_share": some_shares,
    "at_most_share": some_shares,
}
quotas = st.one_of(
    st.builds(p.Quota, name=names, left=conditions, right=conditions, **bounds),
    st.builds(
        p.QuotaPer,
        name=names,
        left=columns,
        right=columns,
        where_left=conditions,
        where_right=conditions,
        **bounds,
    ),
    st.builds(
        p.CoverageFloor,
        name=names,
        left=conditions,
        per=columns,
        at_least_share=some_shares,
        within=some_shares,
    ),
    st.builds(
        p.PartnersPerSchool,
        name=names,
        side=st.sampled_from(["left", "right"]),
        least=some_numbers,
        most=some_numbers,
        conditions=conditions,
        schools=st.lists(names),
        least_column=st.none() | names,
        most_column=st.none() | names,
    ),
    st.builds(p.LockedPairs, name=names, pairs=pairs_of_ids),
    st.builds(p.CountryBalance, cap_share=st.floats(0, 1), floor_share=st.floats(0, 1), name=names),
).filter(lambda quota: not list(quota.faults()))
policies = st.builds(
    tm.Policy,
    rules=st.lists(rules, max_size=5, unique_by=lambda rule: rule.name),
    criteria=st.lists(criteria, max_size=5, unique_by=lambda one: one.name),
    quotas=st.lists(quotas, max_size=4, unique_by=lambda quota: quota.name),
    allow_large_calls=st.booleans(),
    coverage=st.sampled_from(["first", "points"]),
)


@given(policies)
def test_toml_reads_back_the_same_policy(policy):
    assume(not policy.faults())
    text = policy.to_toml()
    again = tm.Policy.from_toml(text)
    assert again == policy
    assert hash(again) == hash(policy)
    assert again.fingerprint() == policy.fingerprint()
    assert again.to_toml() == text
    assert pickle.loads(pickle.dumps(policy)) == policy


@pytest.mark.parametrize("policy", [p.systematic_twinning(), p.proximity(on=date(2019, 5, 1))])
def test_files_hold_a_policy(policy, tmp_path):
    policy.save(tmp_path / "policy.toml")
    assert tm.Policy.load(tmp_path / "policy.toml") == policy
    assert (tmp_path / "policy.toml").read_text(encoding="utf-8").startswith("# A twinmatch policy")


def test_the_default_policy_makes_a_perfect_pair_worth_a_million():
    for policy in (p.systematic_twinning(), p.proximity()):
        assert sum(criterion.weight for criterion in policy.criteria) == 1_000_000
    assert p.proximity().criteria[0].weight == 600_000
    assert p.systematic_twinning() == p.systematic_twinning()
    assert p.systematic_twinning() != p.proximity()
    assert p.systematic_twinning().fingerprint() != p.proximity().fingerprint()


def test_a_policy_never_changes():
    with pytest.raises(AttributeError):
        p.systematic_twinning().rules = ()
    parts = [p.CommonLevel()]
    policy = tm.Policy(rules=parts)
    parts.append(p.BothOpen())
    assert policy.rules == (p.CommonLevel(),)


def test_all_faults_are_listed_at_once():
    policy = tm.Policy(
        rules=[p.CommonLevel(), p.CommonLevel(), p.LevelOverlap(weight=5), p.PartnerInEU(on="soon")],
        criteria=[
            p.LevelOverlap(weight=-3),
            p.SizeSimilarity(weight=2.5, zero_at=1),
            p.SameSector(weight=10, unknown=11, name="points"),
            p.Distance(weight=100, low_km=9, high_km=3, fade_km=1),
            p.LanguageFit(weight=10, one_way=2, third=5, name="a"),
            p.SharedTags(weight=0, column="themes", name="a"),
            p.SocialPosition(weight=7, column="wealth"),
            p.CountryTable([("FR", "EL", 5), ("FR", "DE", 1), ("FR", "DE", 2)]),
            p.OwnCriterion("own", function=3, upper_bound=0),
            "size",
        ],
        quotas=["at most half"],
    )
    bare = table([{"id": "a", "country": "FR", "levels": "1"}])
    with pytest.raises(PolicyError) as caught:
        policy.check(bare, bare)
    text = str(caught.value)
    for words in (
        "rules: 2 of them are called 'common level'",
        "rules: must hold rules, not LevelOverlap",
        "partner in the EU.on: must be a date such as 2025-01-01, not 'soon'",
        "levels.weight: must be a positive whole number of points, not -3",
        "size.weight: must be a positive whole number of points, not 2.5",
        "size.zero_at: must be above 1",
        "points.unknown: must be between 0 and 10, not 11",
        "is the name of another column of the result: 'points'",
        "distance.low_km: the band ends before it starts",
        "a.one_way: points must not fall",
        "a.weight: must be a positive whole number of points, not 0",
        "criteria: 2 of them are called 'a'",
        "left column 'wealth': is needed by the criterion 'social position' and is not there",
        "right column 'wealth'",
        "country.points: is not in ISO 3166-1: EL. Greece is GR",
        "country.points: says twice what FR with DE is worth",
        "own.function: must be callable, not 3",
        "own.upper_bound: must be a positive whole number",
        "criteria: must hold criteria, not 'size'",
        "quotas: must hold quotas, not 'at most half'",
    ):
        assert words in text, words


def test_faults_of_a_file_are_listed_at_once():
    text = """
        format = 1
        rule = []
        [[rules]]
        kind = "common_levels"
        [[rules]]
        kind = "both_open"
        strict = true
        [[criteria]]
        kind = "size_similarity"
        zero = 9
        [[criteria]]
        kind = "level_overlap"
        weight = 0
        [[criteria]]
        weight = 5
    """
    with pytest.raises(PolicyError) as caught:
        tm.Policy.from_toml(text, source="mine.toml")
    assert str(caught.value).startswith("mine.toml: 7 faults")
    for words in (
        "rule: is not a known key",
        "rules[0].kind: is not a known kind: 'common_levels'. Known are partner_in_eu, common_level,",
        "rules[1].strict: is not an option of both_open",
        "criteria[0].zero: is not an option of size_similarity",
        "criteria[0].weight: is missing, and size_similarity needs it",
        "levels.weight: must be a positive whole number of points, not 0",
        "criteria[2].kind: is not a known kind: None",
    ):
        assert words in str(caught.value), words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules = 3\nformat = 1", r"rules: must be a list of tables, written \[\[rules\]\]"),
        ("", "format: is missing or not a whole number"),
        ("format = 2", "format: 2 cannot be read by this version"),
        ("format = ", "file: is not TOML"),
        ("format = 1\nallow_large_calls = 1", "allow_large_calls: must be true or false"),
    ],
)
def test_what_is_not_a_policy_is_refused(text, words):
    with pytest.raises(PolicyError, match=words):
        tm.Policy.from_toml(text)


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "policy.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match="is not UTF-8"):
        tm.Policy.load(tmp_path / "policy.toml")
    with pytest.raises(FileNotFoundError):
        tm.Policy.load(tmp_path / "none.toml")


def points(left, right, i, j):
    return i * 0


def test_code_has_no_form_in_toml_but_a_fingerprint():
    policy = tm.Policy(criteria=[p.OwnCriterion("mine", points, upper_bound=5)])
    with pytest.raises(PolicyError, match="mine: has no form in TOML"):
        policy.to_toml()
    assert policy == tm.Policy(criteria=[p.OwnCriterion("mine", points, upper_bound=5)])
    other = tm.Policy(criteria=[p.OwnCriterion("mine", points, upper_bound=6)])
    assert policy.fingerprint() != other.fingerprint()
    assert "mine: up to 5 points" in str(policy)
    assert "any number of points" in str(tm.Policy(criteria=[p.OwnCriterion("mine", points)]))


def test_more_criteria_of_a_kind_than_fit_are_refused():
    numbers = [p.SocialPosition(weight=5, name=f"n{k}") for k in range(9)]
    near = [p.Distance.near(5, zero_km=9), p.Distance(weight=5, low_km=0, high_km=1, fade_km=9, name="two")]
    with pytest.raises(PolicyError) as caught:
        tm.Policy(criteria=[*numbers, *near]).check()
    assert "9 of them compare numbers" in str(caught.value)
    assert "2 of them measure distance (size, social position)" not in str(caught.value)
    assert "2 of them measure distance (distance, two), at most 1 fit" in str(caught.value)
    heavy = [p.LevelOverlap(weight=2**24, name=f"n{k}") for k in range(65)]
    with pytest.raises(PolicyError, match="their weights add up to"):
        tm.Policy(criteria=heavy).check()


def test_tables_that_a_criterion_cannot_read_are_a_fault():
    rows = [{"id": f"s{k}", "country": "FR", "tags": ";".join(f"t{n}" for n in range(65))} for k in range(2)]
    tagged = table(rows)
    with pytest.raises(PolicyError, match="65 tags occur on both sides, and at most 64 fit"):
        tm.Policy(criteria=[p.SharedTags(weight=5)]).check(tagged, tagged)
    with pytest.raises(PolicyError, match="holds text, and the criterion 'social position' needs numbers"):
        tm.Policy(criteria=[p.SocialPosition(weight=5, column="tags")]).check(tagged, tagged)
    with pytest.raises(PolicyError, match="must hold lists of numbers"):
        tm.Policy(criteria=[p.EmbeddingSimilarity(weight=5, column="tags")]).check(tagged, tagged)
    long = table([{"id": "a", "country": "FR", "embedding": [1.0, 2.0]}])
    short = table([{"id": "a", "country": "FR", "embedding": [1.0]}])
    with pytest.raises(PolicyError, match="has 2 numbers on the left and 1 on the right"):
        tm.Policy(criteria=[p.EmbeddingSimilarity(weight=5)]).check(long, short)
    big = table([{"id": "a", "country": "FR", "ips": 1e9}])
    with pytest.raises(PolicyError, match="numbers too large for the scale"):
        tm.Policy(criteria=[p.SocialPosition(weight=1000)]).check(big, big)
