"""However a run ended, there is a page of it that says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

import twinmatch as tm
from tests.reporting.cases import LANGUAGES, impossible, squeezed
from tests.reporting.reading import captioned, cells, number, read, unpacked
from twinmatch.reporting import page, tables
from twinmatch.reporting.words import Words

p = tm.policies


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_impossible_is_explained(lang):
    """An infeasible matching has a short report, with the witness in words and a certificate."""
    matching = impossible()
    assert matching.status == "INFEASIBLE"
    words, root = Words(lang), read(page(matching, lang=lang))
    summary = root.one("section", id="summary").text
    assert words["status INFEASIBLE"] in summary
    assert matching.witness.explain(lang) in summary
    assert len(captioned(root, words["claim table"])) == len(matching.verify().claims)
    assert not root.all("img")
    assert [one.tag for one in root.all("script")] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_found_is_said(lang):
    """A run that found nothing has a short report that says so, and why it ended."""
    matching = tm.match(*tm.datasets.sample(), deadline=1e-9)
    assert matching.status == "NO_SOLUTION"
    words, root = Words(lang), read(page(matching, lang=lang))
    summary = root.one("section", id="summary").text
    assert words["status NO_SOLUTION"] in summary
    assert words["limit DEADLINE"] in summary
    assert not root.all("img")


@pytest.mark.usefixtures("undrawn")
def test_quotas_have_a_table():
    """Each quota stands with its bounds, its count and its price."""
    cap = p.QuotaPer("cap", right=["country"], at_most=34)
    policy = replace(
        p.systematic_twinning(), quotas=(cap, p.Quota("floor", at_least=5, right={"country": ["RO"]}))
    )
    matching = tm.match(*tm.datasets.sample(), policy)
    words = Words("en")
    rows = captioned(read(page(matching)), words["quotas table"])
    wanted = tables.records(matching.quotas)
    assert [said[0] for said in rows] == [row["quota"] for row in wanted]
    french = captioned(read(page(matching, lang="fr")), Words("fr")["quotas table"])
    assert {"cap\N{NO-BREAK SPACE}: pays DE", "floor"} <= {said[0] for said in french}
    assert [number(said[3]) for said in rows] == [row["count"] for row in wanted]
    assert [number(said[4]) for said in rows] == [round(row["price"]) for row in wanted]
    assert {said[2] for said in rows} == {"34", words["none"]}


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["greedy", "stable", "serial_dictatorship", "rank_maximal"])
def test_procedures_claim_what_they_keep_and_no_more(lang, name):
    """No bound over all pairings, no price and no proof by prices is told of a procedure."""
    caps = () if name == "rank_maximal" else (p.QuotaPer("cap", right=["country"], at_most=34),)
    policy = replace(p.systematic_twinning(), quotas=caps)
    mechanism = tm.mechanisms.named(name)
    matching = tm.match(*tm.datasets.sample(), policy, mechanism=mechanism)
    words, root = Words(lang), read(page(matching, lang=lang))
    said = [text for text, _ in captioned(root, words["claim table"])]
    assert words.say("claim bound procedure", bound=matching.bound) in said
    assert words.say("claim coverage bound procedure", coverage_bound=matching.coverage_bound) in said
    assert words["claim prices procedure"] in said
    for key in ("claim bound", "claim coverage bound"):
        assert words.say(key, bound=matching.bound, coverage_bound=matching.coverage_bound) not in said
    assert (words["claim stable capped"] in said) == (name in ("greedy", "stable"))
    who = root.one("section", id="certificate").all("p")[-1].text
    assert "price" not in who
    assert "prix" not in who
    sections = root.all("section", id="quotas")
    assert len(sections) == len(caps)
    if caps:
        rows = captioned(root, words["quotas table procedure"])
        wanted = tables.records(matching.quotas)
        assert [number(row[3]) for row in rows] == [row["count"] for row in wanted]
        assert {len(row) for row in rows} == {4}


@pytest.mark.usefixtures("undrawn")
def test_those_left_out_are_listed_with_their_reasons():
    """Kinds of reasons are counted, and each school stands with its own."""
    matching, words = squeezed(), Words("en")
    root = read(page(matching))
    counted = {said[0]: number(said[1]) for said in captioned(root, words["unmatched table"])}
    wanted = tables.records(tables.reasons(matching))
    assert counted == {words.value("kind", row["kind"]): row["schools"] for row in wanted}
    alone = captioned(root, words["unmatched list"])
    assert [said[1] for said in alone] == tables.column(matching.unmatched, "reason")
    content = unpacked(root)
    packed = [content["reasons"][int(k)] for k in content["why"].split("\n")]
    assert packed == tables.column(tables.everyone(matching), "reason")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    "mechanism",
    [
        tm.mechanisms.nash,
        tm.mechanisms.leximin,
        tm.mechanisms.greedy,
        tm.mechanisms.stable,
        tm.mechanisms.serial_dictatorship,
        tm.mechanisms.rank_maximal,
    ],
)
def test_mechanisms_are_named_with_what_they_promise(mechanism):
    """Under another mechanism its guarantee is said, and a procedure claims no more than it does."""
    matching = tm.match(*tm.datasets.sample(), mechanism=mechanism())
    words, root = Words("en"), read(page(matching))
    name = matching.mechanism.name
    assert words[f"mechanism {name}"] in root.one("section", id="method").text
    summary = root.one("section", id="summary").text
    is_sum, has_floor = name == "nash", name == "leximin"
    assert ("none counts for more" in summary) == is_sum
    assert (words["gap counted"] in summary) == is_sum
    assert (words["gap"] in summary) == has_floor
    if has_floor:
        floor = words.number(matching.mechanism.promise.floor)
        assert f"no higher floor than {floor} points can be promised" in summary
        assert words["floor"] in summary
        assert words["gap none"] not in summary
        assert f"The floor is {floor} points" in root.one("section", id="method").text
        bound = words.number(matching.bound)
        claims = [text for text, _ in captioned(root, words["claim table"])]
        assert words["claim bound floor"].format(floor=floor, bound=bound) in claims
        assert words["claim bound"].format(bound=bound) not in claims
    counted = words.say("claim objective counted", objective=matching.objective)
    assert (counted in root.one("section", id="certificate").text) == is_sum


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("empty", ["left", "right", "both"])
def test_empty_tables_have_a_report(empty):
    """With nobody on a side there is a report, without figures."""
    left, right = tm.datasets.sample()
    left = left.take([]) if empty != "right" else left
    right = right.take([]) if empty != "left" else right
    root = read(page(tm.match(left, right)))
    assert unpacked(root)["rows"] == len(left)


def test_schools_without_any_point_have_no_map():
    """Without coordinates, académies, names or cities everything else is there."""
    columns = {"id": ["a", "b"], "country": ["FR", "FR"], "levels": ["1", "1"]}
    left = tm.Schools.from_frame(columns)
    right = tm.Schools.from_frame(columns | {"id": ["c", "d"], "country": ["IT", "IT"]})
    root = read(page(tm.match(left, right)))
    ids = [one["id"] for one in root.all("section")]
    assert "map" not in ids
    assert {"partners", "points", "equity", "table"} <= set(ids)


@pytest.mark.usefixtures("undrawn")
def test_a_refused_certificate_is_said_first(sample):
    """A matching that was changed says that it is not to be used."""
    changed = replace(sample, objective=sample.objective - 1)
    words, root = Words("en"), read(page(changed))
    section = root.one("section", id="certificate")
    assert "Do not use this result" in section.text
    assert any(words["refused"] in verdict for _, verdict in cells(section.all("table")[0]))
    first = root.one("section", id="summary").all("p")[0]
    assert first["class"] == "status none"
    assert "Do not use this result" in first.text
