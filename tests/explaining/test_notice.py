"""The notice says all that the CRPA asks for, from the matching."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

import twinmatch as tm
from tests.explaining.cases import plain
from tests.matching.worlds import clashing


@pytest.fixture(scope="module")
def matching() -> tm.Matching:
    """Return the sample, balanced between countries."""
    return tm.match(*tm.datasets.sample(), tm.policies.systematic_twinning(balance=True), seed=7)


def text(notice) -> str:
    """Return a notice in one line."""
    return " ".join(str(notice).split()).replace("\xa0", " ").replace("\u202f", " ")


def test_the_mention_of_article_r_311_3_1_1(matching):
    """Purpose, the right to be told, how to use it, and the CADA, in both languages."""
    french = text(matching.notice("fr", authority="Rectorat de Rennes", contact="dsden@example.org"))
    for said in (
        "prise sur le fondement d\u2019un traitement algorithmique",
        "L. 311-3-1",
        "R. 311-3-1-1",
        "FINALITÉ DU TRAITEMENT",
        "obtenir communication des règles définissant ce traitement et des principales caractéristiques de "
        "sa mise en œuvre",
        "Commission d\u2019accès aux documents administratifs",
        "Dans les deux mois",
        "Rectorat de Rennes",
        "dsden@example.org",
    ):
        assert said in french
    english = text(matching.notice())
    assert english.count("[to be filled in by the authority]") == 2
    assert "Commission d'accès aux documents administratifs, CADA" in english


def test_schools_of_other_states_are_told_of_no_rights_under_french_law():
    """The same facts, and no word of the CADA; in a mixed table that depends on the school it is for."""
    left, right = tm.datasets.sample()
    abroad = tm.match(right, left)
    for lang, said in (
        ("en", "the law of the state that decides"),
        ("fr", "relèvent du droit de l\u2019État"),
    ):
        notice = abroad.notice(lang)
        assert not notice.is_french
        assert said in text(notice)
        for french in ("CADA", "L. 311-3-1", "obtenir communication", "Your rights", "Vos droits"):
            assert french not in text(notice)
        assert sum(one.title[0].isdigit() for one in notice.page().sections) == 4
        assert "0000 XX" in text(abroad.notice(lang, contact="0000 XX"))
    some = [frame.to_frame().assign(country=country) for frame, country in ((left, "FR"), (right, "NL"))]
    mixed = tm.Schools.from_frame(pd.concat([one.head(5)[["id", "country", "levels"]] for one in some]))
    both = tm.match(mixed, right, tm.Policy((tm.policies.CommonLevel(),), (tm.policies.LevelOverlap(10),)))
    assert "CADA" in text(both.notice())
    said = {row: "CADA" in text(both.notice("en", row)) for row in mixed.ids}
    assert said == dict(zip(mixed.ids, mixed.strings("country") == "FR", strict=True))


def test_the_four_parts_of_article_r_311_3_1_2(matching):
    """Contribution, data and sources, parameters and weights, operations: numbered, in this order."""
    titles = [section.title for section in matching.notice("fr").page().sections]
    numbered = [title for title in titles if title[0].isdigit()]
    assert [title[:2] for title in numbered] == ["1.", "2.", "3.", "4."]
    assert numbered[1] == "2. Données traitées et leurs sources"


def test_every_rule_weight_and_quota_is_told(matching):
    """Each part of the policy stands in the notice with its weight."""
    notice = matching.notice("fr")
    policy = matching.policy
    assert [part.name for part in notice.parts] == [
        part.name for part in (*policy.rules, *policy.criteria, *policy.quotas)
    ]
    assert [p.weight for p in notice.parts if p.kind == "criterion"] == [c.weight for c in policy.criteria]
    said = text(notice)
    for part in notice.parts:
        assert " ".join(part.fr.split()).replace("\xa0", " ")[:30] in said
    for weight, share in (("300 000", "30 %"), ("75 000", "7,5 %")):
        assert weight in said
        assert share in said


def test_sources_are_those_of_the_tables(matching):
    """Every row of a table comes from one of the sources that are named, and its fingerprint is there."""
    for source, schools in zip(matching.notice().sources, (matching.left, matching.right), strict=True):
        assert sum(many for _, _, many in source.registers) == source.schools == len(schools)
        assert {name for name, _, _ in source.registers} == set(schools.strings("source"))
        assert source.fingerprint == schools.fingerprint()
        assert source.fingerprint in str(matching.notice())
        assert set(source.columns) <= set(schools.columns)
        assert "name" not in source.columns


def test_the_result_of_one_school(matching):
    """Parameters are applied to the school's own pair, and the sum is that of the pair."""
    school = str(matching.left.ids[3])
    notice = matching.notice("fr", school)
    (pair,) = matching.explain(school).pairs
    assert notice.result.pairs == (pair,)
    said = text(notice)
    assert pair.partner.id in said
    assert f"{pair.points:,}".replace(",", " ") in said
    assert "RÉSULTAT POUR" in said
    assert "RÉSULTAT POUR" not in text(matching.notice("fr"))


def test_what_is_proven_and_by_whom_it_was_checked(matching):
    """Status, seed, version and whether the proof was checked are said; a refusal is said loudest."""
    fresh = replace(matching)
    assert "not checked in this session" in text(fresh.notice())
    assert fresh.verify().ok
    assert "Every claim was checked over all pairs, and holds." in text(fresh.notice())
    assert f"twinmatch {tm.__version__}" in text(fresh.notice())
    assert "Seed: 7" in text(fresh.notice())
    assert "best possible under these rules" in text(fresh.notice())
    wrong = replace(matching, objective=matching.objective + 1)
    assert not wrong.verify().ok
    assert "must not be used" in text(wrong.notice())
    assert "ne doit pas être utilisé" in text(wrong.notice("fr"))


def test_a_gap_is_told():
    """What is not proven best says how much may be missing."""
    _, found = plain(2)
    worse = replace(found, bound=found.bound + 41, status=tm.Status.FEASIBLE)
    assert "at most 41 points are missing" in text(worse.notice())


def test_nothing_to_propose_is_told():
    """Where nothing keeps to the policy, the notice says so."""
    nothing = tm.match(*clashing())
    assert "no pair is proposed; a witness proves it" in text(nothing.notice())
    assert "aucun jumelage n\u2019est proposé" in text(nothing.notice("fr", "a"))


def test_other_mechanisms_say_what_they_do(matching):
    """Each mechanism has its operation, and one that is not known is named."""
    nash = tm.match(matching.left, matching.right, mechanism=tm.mechanisms.nash())
    assert "largest product of points" in text(nash.notice())
    assert "units" in text(nash.notice())

    for mechanism, said in (
        (tm.mechanisms.greedy(), "the most points are made first"),
        (tm.mechanisms.stable(), "ask for their best partners in turn"),
        (tm.mechanisms.serial_dictatorship(), "in an order drawn by lot"),
    ):
        found = tm.match(matching.left, matching.right, mechanism=mechanism)
        notice = text(found.notice())
        assert said in notice
        assert "as many schools as possible" not in notice
        assert "carried out to its end" in notice

    drawn = tm.match(matching.left, matching.right, mechanism=tm.mechanisms.serial_dictatorship(seed=2026))
    assert drawn.notice().seed == 2026
    assert "2026:id" in text(drawn.notice())
    ranks = tm.Policy(criteria=(tm.policies.LevelOverlap(123),))
    found = tm.match(matching.left, matching.right, mechanism=tm.mechanisms.stable(right_policy=ranks))
    assert "points of their own: levels (123)" in text(found.notice())

    class Other(type(tm.mechanisms.most_points())):
        name = "somebody's own"

    other = replace(matching, mechanism=Other())
    assert "The mechanism is somebody's own" in text(other.notice())
    assert "best possible" not in text(other.notice())
    assert "menée à son terme" in text(other.notice("fr"))


def test_a_notice_is_ready_for_json(matching):
    """Plain values, the same in both languages but for words."""
    one, other = (
        json.loads(json.dumps(matching.notice(lang, str(matching.left.ids[0])).to_dict()))
        for lang in ("en", "fr")
    )
    assert one.keys() == other.keys()
    assert [part["weight"] for part in one["parts"]] == [part["weight"] for part in other["parts"]]
    assert one["seed"] == 7
    assert len(one["sections"]) == len(other["sections"]) == 8


def test_what_is_wrong_is_refused(matching):
    """Languages, schools and names that cannot be are errors."""
    for arguments, options in ((("de",), {}), (("fr", "nobody"), {}), (("fr",), {"authority": 3})):
        with pytest.raises(tm.errors.InputError):
            matching.notice(*arguments, **options)
