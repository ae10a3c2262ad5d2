"""Both languages say everything, with the same numbers in it."""

from __future__ import annotations

import inspect
import re
import string
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

import twinmatch as tm
from tests.explaining.cases import plain, under_quotas
from tests.matching.worlds import BASE, world
from twinmatch.explaining import clauses, notifying, phrases, telling, terms, translating, words

p = tm.policies


def fields(text: str) -> set[str]:
    """Return the names of the parts that a phrase leaves open."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("table", [phrases.PHRASES, clauses.PHRASES])
def test_every_phrase_is_there_in_both_languages(table):
    """No phrase is empty, and both languages leave the same parts open."""
    for name, (english, french) in table.items():
        assert english.strip(), name
        assert french.strip(), name
        assert fields(english) == fields(french), name


def test_every_phrase_that_is_said_exists():
    """Whatever the modules ask to be said is a phrase, and every phrase is said somewhere."""
    for module, table in ((telling, phrases.PHRASES), (notifying, clauses.PHRASES)):
        source = inspect.getsource(module)
        said = set(re.findall(r'_?say\(\s*(?:self\.lang, |lang, )?"(\w+)"', source))
        assert said <= set(table)
        mentioned = {name for name in table if f'"{name}"' in source}
        computed = {
            "quota_many",
            "floor_many",
            "wish_forbidden_many",
            "feasible",
            "no_solution",
            "infeasible",
        }
        computed |= {
            "tie",
            "unknown",
            "others",
            "closed",
            "no_place",
            "locked_place",
            "nothing",
            "shares_caption",
        }
        computed |= {"quota", "floor", "wish_forbidden", "left", "right", *terms.LABELS["mechanism"]}
        assert set(table) - mentioned <= computed


def test_english_has_no_french_and_french_has_its_accents_and_spaces():
    """French phrases have typographic apostrophes and no plain space before a colon once they are said."""
    for name in phrases.PHRASES:
        parts = dict.fromkeys(fields(phrases.PHRASES[name][0]), "X")
        said = phrases.say("fr", name, **parts)
        assert "'" not in said
        assert " :" not in said
        assert " ;" not in said
        assert not re.search(r"\b(match|school|partner)\b", said)


def test_numbers_and_nouns():
    """Thousands are apart as each language does it; French counts up to one and a half as one."""
    assert words.number("en", 1_234_567) == "1,234,567"
    assert words.number("fr", 1_234_567) == "1\u202f234\u202f567"
    assert words.number("en", -5) == "\u22125"
    assert words.count("en", 0, "point") == "0\xa0points"
    assert words.count("fr", 0, "point") == "0\xa0point"
    assert words.count("fr", 2, "school") == "2\xa0établissements"
    assert words.listed("fr", ["a", "b", "c"]) == "a, b et c"
    assert words.quoted("fr", "a") == "«\xa0a\xa0»"


def test_every_reason_has_its_french():
    """No sentence of the table of those who are left out is left in English."""
    seen: dict[str, str] = {}
    matchings = [plain(seed)[1] for seed in range(15)]
    matchings += [m for seed in (3, 8) for _, _, m, _ in under_quotas(seed)]
    found = world(3)
    for policy, capacity in (
        (replace(BASE, coverage="points"), 1),
        (BASE, 0),
        (replace(BASE, quotas=(p.QuotaPer("cap", right=["country"], at_most=1),), coverage="points"), None),
        (replace(BASE, quotas=(p.QuotaPer("cap", right=["country"], at_most=1),)), None),
        (replace(BASE, rules=(*BASE.rules, p.ForbiddenSchools(left=["L00", "L01"]))), None),
        (replace(BASE, rules=(p.ForbiddenPairs([("L00", str(k)) for k in found.right.ids]),)), None),
    ):
        matchings.append(tm.match(found.left, found.right, policy, right_capacity=capacity))
    matchings.append(replace(matchings[0], mate=np.full(9, -1)))
    for matching in matchings:
        if matching.status is tm.Status.NO_SOLUTION:
            continue
        for reason in matching.unmatched.to_pydict()["reason"]:
            seen[reason] = translating.reason_in("fr", reason)
    patterns = {pattern for pattern, _ in translating.REASONS for one in seen if re.fullmatch(pattern, one)}
    assert len(patterns) >= 8
    for reason, french in seen.items():
        assert "anglais" not in french, reason
        numbers = re.findall(r"\d[\d,]*", re.sub(r"'[^']*'", "", reason))
        assert all(one.replace(",", "\u202f") in french for one in numbers), reason


def test_a_reason_that_nobody_knows_is_quoted():
    """A sentence that is not in the list is given as it is, and said to be English."""
    assert "(motif donné en anglais\xa0: something new)" in translating.reason_in("fr", "something new")


def test_every_assumption_of_the_sample_has_its_french():
    """What the default policy assumes, and what gave way, is said in French."""
    for balance in (False, True):
        policy = tm.policies.systematic_twinning(balance=balance)
        matching = tm.match(*tm.datasets.sample(), policy)
        for sentence in matching.assumptions:
            assert "anglais)" not in translating.assumption_in("fr", sentence), sentence
    for sentence in (
        "1,200 of 64,541 left schools had a partner that takes no part any more",
        "9 of 10 right schools may be paired beyond their places (over-booking): 12 places, 14 pairs at most",
        "3 of 10 right schools have no known no_answer: over-booking leaves their places as they are",
    ):
        assert "anglais)" not in translating.assumption_in("fr", sentence), sentence
    eased = "country balance: eased by 12%, or fewer schools would have a partner"
    assert translating.assumption_in("fr", eased).startswith(
        "équilibre entre les pays\xa0: assoupli de 12\xa0%"
    )


PARTS = (
    *(rule() for rule in (p.PartnerInEU, p.CommonLevel, p.SharedLanguage, p.BothOpen, p.BothAvailable)),
    p.SharedLanguage(assume_english=False),
    p.BothAvailable(unknown_counts=False),
    p.SameSpecialSetting(),
    p.ForbiddenPairs([("a", "b")]),
    p.ForbiddenSchools(left=["a", "c"]),
    p.ForbiddenCountries([("a", "IT")]),
)
CRITERIA = (
    p.LanguageFit(1000),
    p.LevelOverlap(1000),
    p.SizeSimilarity(1000, zero_at=2.5),
    p.Distance.near(1000, zero_km=2000),
    p.Distance.far(1000, full_km=800),
    p.Distance.band(1000, low_km=200, high_km=500, fade_km=300),
    p.SameSector(1000),
    p.SameSetting(1000),
    p.SocialPosition(1000),
    p.SharedTags(1000),
    p.EmbeddingSimilarity(1000),
    p.CountryTable({("FR", "IT"): 10}),
    p.Kept(1000),
    p.OwnCriterion("mine", lambda left, right, i, j: i * 0),
)
QUOTAS = (
    p.Quota("q", left={"ep": ["REP"]}, right={"country": "ES"}, at_least=3, at_most_share=0.5),
    p.QuotaPer("per", left=["academie"], right=["country"], where_right={"sector": "public"}, at_most=4),
    p.CoverageFloor("floor", left={"ep": ["REP"]}, per=["academie"], at_least_share=0.9, within=0.025),
    p.PartnersPerSchool("many", side="left", least=1, most=2, most_column="places", schools=["a"]),
    p.LockedPairs("kept", [("a", "b")]),
    p.CountryBalance(),
    p.Overbooking(0.1),
    p.Overbooking(0.1, "no_answer", risk=0.05, conditions={"country": ["IT"]}),
)


def test_every_part_of_a_policy_is_told_in_both_languages():
    """Each rule, criterion and quota of the catalogue has sentences of its own, which differ."""
    for part, tell in (
        *((rule, terms.rule_words) for rule in PARTS),
        *((criterion, terms.criterion_words) for criterion in CRITERIA),
        *((quota, terms.quota_words) for quota in QUOTAS),
    ):
        english, french = tell("en", part), tell("fr", part)
        assert english != french
        assert english.endswith(".")
        assert french.endswith(".")
        assert "{" not in english + french
    assert "1er janvier 2025" in terms.rule_words("fr", p.PartnerInEU())
    assert "14 July 2019" in terms.rule_words("en", p.PartnerInEU(on=date(2019, 7, 14)))
    assert "2,5\xa0%" in terms.quota_words("fr", QUOTAS[2])


def test_the_catalogue_is_told_whole():
    """No rule, criterion or quota that has a form in TOML falls back to words for strangers."""
    from twinmatch.policy import criteria, quotas, rules

    for known, here in ((rules.RULES, PARTS), (criteria.CRITERIA, CRITERIA), (quotas.QUOTAS, QUOTAS)):
        assert set(known) <= {type(part) for part in here}
    for rule in PARTS:
        assert "propre à cette politique" not in terms.rule_words("fr", rule)
    for criterion in CRITERIA[:-1]:
        assert "propre à cette politique" not in terms.criterion_words("fr", criterion)


def test_default_names_have_labels():
    """Every name that twinmatch gives a part has a French one."""
    for kind, parts in (
        ("rule", PARTS),
        ("criterion", CRITERIA[:-1]),
        ("quota", (p.CountryBalance(), p.Overbooking(0.1))),
    ):
        for part in parts:
            assert part.name in terms.LABELS[kind]
    assert set(tm.mechanisms.NAMES) <= set(terms.LABELS["mechanism"]) >= {"concave"}
    assert (
        terms.label("fr", "quota", "country balance: country DE") == "équilibre entre les pays\xa0: pays DE"
    )
    assert terms.label("fr", "rule", "our own") == "our own"
