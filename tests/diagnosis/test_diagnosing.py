"""What a diagnosis counts, against counting pair by pair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import twinmatch as tm
from tests.policy.tables import levels, random_tables, works_in
from twinmatch.compiler import compiled
from twinmatch.errors import InputError, PolicyError
from twinmatch.graph.terms import FORBIDDEN

p = tm.policies


def rules_of(rng, left, right):
    """Return some rules, single forbidden pairs among them."""
    pairs = [(str(rng.choice(left.ids)), str(rng.choice(right.ids))) for _ in range(6)]
    return (
        p.PartnerInEU(),
        p.CommonLevel(),
        p.SharedLanguage(),
        p.ForbiddenSchools(right=[str(rng.choice(right.ids))]),
        p.ForbiddenPairs(pairs=pairs),
        p.ForbiddenPairs(pairs=pairs[:2], name="again"),
    )


def rows_of(frame):
    return pa.table(frame).to_pylist() if not hasattr(frame, "to_pylist") else frame.to_pylist()


@pytest.mark.parametrize("draw", range(6))
def test_counts_are_those_of_counting_every_pair(draw, seed):
    """Rules, demand, supply, and schools that are left alone."""
    rng = np.random.default_rng((seed, draw))
    left_rows, right_rows, left, right = random_tables(rng)
    places = rng.integers(0, 3, len(right))
    policy = tm.Policy(rules=rules_of(rng, left, right), criteria=(p.LevelOverlap(100),))
    tables = {
        name: rows_of(frame)
        for name, frame in tm.diagnose(left, right, policy, right_capacity=places).tables.items()
    }
    made = compiled(left, right, policy)
    i, j = np.indices((len(left), len(right)))
    allows = {name: rule.allows(i, j) for name, rule in made.rules}
    may = np.all(list(allows.values()), axis=0)
    alone = ~(may & (places > 0)).any(axis=1)
    for row in tables["rules"]:
        others = np.all([other for name, other in allows.items() if name != row["rule"]], axis=0)
        assert row["forbids"] == (~allows[row["rule"]]).sum()
        assert row["alone"] == (others & ~allows[row["rule"]]).sum()
        assert row["schools"] == (alone & (others & (places > 0)).any(axis=1)).sum()
    demand = {(row["level"], row["language"]): row for row in tables["demand"]}
    supply = {(row["level"], row["language"], row["country"]): row for row in tables["supply"]}
    words = sorted(set().union(*(works_in(row) for row in left_rows)))
    for level in range(4):
        for language in ("any", *words):
            asks = np.array(
                [level in levels(r) and (language == "any" or language in works_in(r)) for r in left_rows]
            )
            serves = np.array(
                [level in levels(r) and (language == "any" or language in works_in(r)) for r in right_rows]
            )
            serves = serves & (places > 0) & may[asks].any(axis=0)
            if not asks.any():
                assert (level, language) not in demand
                continue
            row = demand[level, language]
            assert (row["ask"], row["schools"], row["places"]) == (
                asks.sum(),
                serves.sum(),
                places[serves].sum(),
            )
            for country in {row["country"] for row in right_rows}:
                here = serves & np.array([row["country"] == country for row in right_rows])
                found = supply.get((level, language, country), {"schools": 0, "places": 0})
                assert (found["schools"], found["places"]) == (here.sum(), places[here].sum())
    by_country = {row["value"]: row["schools"] for row in tables["alone"] if row["column"] == "country"}
    assert sum(by_country.values()) == alone.sum()


@pytest.mark.parametrize("draw", range(8))
def test_it_says_what_matching_says(draw, seed):
    """Possible where a matching exists, with its coverage; a quota can reach what it gets alone."""
    rng = np.random.default_rng((seed, 50, draw))
    _, _, left, right = random_tables(rng)
    base = tm.Policy(rules=(p.CommonLevel(),), criteria=(p.LevelOverlap(100),))
    quotas = (
        p.QuotaPer("cap", right=["country"], at_most=int(rng.integers(1, 4))),
        p.Quota("floor", right={"country": "DE"}, at_least=int(rng.integers(1, 5))),
        p.CoverageFloor("public", left={"sector": "public"}, at_least_share=float(rng.choice([0.3, 0.9]))),
        p.Quota("both", left={"sector": "public"}, right={"country": "IT"}, at_most=3),
    )
    policy = tm.Policy(rules=base.rules, criteria=base.criteria, quotas=quotas)
    found = tm.diagnose(left, right, policy)
    assert not found.is_complete
    nested = tm.Policy(rules=base.rules, criteria=base.criteria, quotas=quotas[:3])
    matching = tm.match(left, right, nested)
    assert found.ok == (matching.status == "OPTIMAL")
    assert found.coverage == (matching.coverage if found.ok else 0)
    assert found.coverage_without == tm.match(left, right, base).coverage
    terms = compiled(left, right, base).terms
    may = terms.points(*np.indices((len(left), len(right)))) != FORBIDDEN
    for quota, row in zip(matching.constraints.quotas, rows_of(found.tables["quotas"]), strict=False):
        ours, theirs = matching.constraints.members(quota)
        order = np.argsort(left.ids), np.argsort(right.ids)
        alone = tm.assign(np.where(may[order[0]][:, order[1]] & ours[:, None] & theirs, 1.0, -1.0))
        assert row["reach"] == alone.objective
        assert (row["verdict"] == "impossible") == (row["at_least"] > row["reach"])


def small():
    left = tm.Schools.from_frame(
        pa.table({"id": ["a", "b", "c"], "country": ["FR"] * 3, "levels": ["1", "1", "3"]})
    )
    right = tm.Schools.from_frame(pa.table({"id": ["X", "Y"], "country": ["IT", "DE"], "levels": ["1", "1"]}))
    return left, right


RULES = (p.PartnerInEU(), p.CommonLevel())


def test_findings_say_what_is_wrong():
    """A floor out of reach, a floor against a cap of a larger group, schools left alone."""
    left, right = small()
    policy = tm.Policy(
        rules=RULES,
        criteria=(p.LevelOverlap(100),),
        quotas=(
            p.Quota("many", right={"country": "IT"}, at_least=2),
            p.Quota("few", right={"country": ["IT", "DE"]}, at_most=1),
        ),
    )
    found = tm.diagnose(left, right, policy)
    assert not found.ok
    assert found.is_complete
    assert (found.coverage, found.coverage_without) == (0, 2)
    assert found.findings == (
        "Nothing keeps to all that the policy asks: "
        "“many” and the places of 1 school cannot be kept together.",
        "“many” asks for at least 2 in a group of which “few” allows 1.",
        "“many” asks for at least 2 and can reach 1 at most: 2 left schools with a partner there, 1 place.",
        "1 left school has no admissible partner.",
        "The rule “common level” removes most: 33 % of the pairs, 2 of them alone.",
    )
    assert "n'a aucun partenaire admissible" in found.explain("fr")
    assert len(found.explain("fr").splitlines()) == len(found.findings)
    verdicts = dict(
        zip(*(found.tables["quotas"][name].to_pylist() for name in ("quota", "verdict")), strict=True)
    )
    assert verdicts == {"many": "impossible", "few": "contradicts another"}
    with pytest.raises(InputError, match="en, fr"):
        found.explain("de")


def crossing(*columns, at_least):
    """Return the sample and a policy with a floor for each pair of a group on the left and a country."""
    fr, eu = tm.datasets.sample()
    floors = p.QuotaPer("q", left=list(columns), right=["country"], at_least=at_least)
    return fr, eu, replace(tm.policies.systematic_twinning(), quotas=(floors,))


def test_what_is_impossible_alone_is_not_said_to_be_kept():
    """Where one of the quotas that cross is out of reach, the worst comes first and nothing denies it."""
    found = tm.diagnose(*crossing("academie", at_least=2))
    assert (found.ok, found.coverage) == (False, 0)
    assert found.findings[0] == "Nothing keeps to all that the policy asks."
    assert found.findings[1] == (
        "“q: academie Nouvelle-Calédonie, country RO” asks for at least 2 and can reach 1 at most: "
        "1 left school with a partner there, 20 places."
    )
    assert found.findings[4:6] == (
        "1 more group of “q” asks for more than it can reach.",
        "Without the quotas that cross others or name both sides, all that the policy asks can be kept: "
        "200 of 200 left schools can have a partner.",
    )
    french = found.explain("fr").splitlines()
    assert french[0] == "Rien ne tient tout ce que la politique demande."
    assert french[1].endswith("1 établissement de gauche y a un partenaire possible, 20 places.")
    assert french[4] == "1 autre groupe de « q » demande plus qu'il ne peut atteindre."
    assert french[5].startswith("Sans les quotas qui en croisent d'autres")
    assert not any(line.startswith(("All that", "Tout ce que")) for line in (*found.findings, *french))


def test_what_was_not_looked_at_is_not_said_to_be_kept():
    """Quotas that cross may be impossible together: the first sentence is about the others only."""
    found = tm.diagnose(*crossing("academie", at_least=1))
    assert (found.ok, found.is_complete, found.coverage) == (True, False, 200)
    assert found.findings[0].startswith("Without the quotas that cross others")


def test_hundreds_of_groups_out_of_reach_are_a_few_lines():
    found = tm.diagnose(*crossing("academie", at_least=60))
    assert found.findings[4] == "201 more groups of “q” ask for more than they can reach."
    assert len(found.findings) < 10


def test_one_is_said_in_the_singular():
    """One quota is not kept together with itself, and one school has a partner."""
    left, right = small()
    floor = p.Quota("Allemagne", right={"country": "DE"}, at_least=3)
    policy = tm.Policy(rules=RULES, criteria=(p.LevelOverlap(100),), quotas=(floor,))
    places = [5, 5]
    found = tm.diagnose(left, right, policy, right_capacity=places)
    assert found.findings[0] == "Nothing keeps to all that the policy asks: “Allemagne” cannot be kept."
    assert found.explain("fr").startswith(
        "Rien ne tient tout ce que la politique demande : « Allemagne », voilà qui ne peut être tenu.\n"
    )
    one = tm.diagnose(left.take([0]), right, tm.Policy(rules=RULES))
    assert one.findings[0].endswith("1 of 1 left school can have a partner.")
    assert "1 sur 1 établissement de gauche peut avoir un partenaire." in one.explain("fr")


def test_long_names_keep_their_ends():
    """Rows of a quota for each académie and country can be told apart."""
    fr, eu, policy = crossing("academie", at_least=2)
    (part,) = policy.quotas
    long = replace(policy, quotas=(replace(part, name="a floor for each académie and country"),))
    rows = [line for line in str(tm.diagnose(fr, eu, long)).splitlines() if line.startswith("    a floor")]
    assert len({row[:44] for row in rows}) == len(rows) == 8
    assert rows[0].startswith("    a floor fo…ouvelle-Calédonie, country RO  ")


def test_it_fits_a_screen():
    """A thousand groups, and still a page of text whose tables have the right names."""
    fr, eu = tm.datasets.sample()
    policy = tm.policies.systematic_twinning(balance=True)
    found = tm.diagnose(fr, eu, policy)
    text = str(found)
    assert len(text.splitlines()) < 50
    assert max(map(len, text.splitlines())) <= 120
    assert set(found.tables) == {"demand", "supply", "rules", "alone", "quotas"}
    assert repr(found) == f"<Diagnosis possible: 200 of 200, {len(found.findings)} findings>"


def test_frames_are_of_the_kind_of_the_left_table():
    fr, eu = tm.datasets.sample()
    policy = tm.policies.systematic_twinning()
    assert all(isinstance(f, pd.DataFrame) for f in tm.diagnose(fr, eu, policy).tables.values())
    polars = tm.Schools.from_frame(pl.from_arrow(fr.table))
    assert all(isinstance(f, pl.DataFrame) for f in tm.diagnose(polars, eu, policy).tables.values())


def test_quotas_cost_coverage_and_wishes_give_way():
    """Said with the number of schools; what gave way is told."""
    left, right = small()
    policy = tm.Policy(rules=RULES, criteria=(p.LevelOverlap(100),), quotas=(p.Quota("one", at_most=1),))
    found = tm.diagnose(left, right, policy)
    assert (found.ok, found.coverage, found.coverage_without) == (True, 1, 2)
    assert "without them 1 more could have a partner" in found.findings[1]


def test_faults_are_those_of_matching():
    left, right = small()
    with pytest.raises(PolicyError, match="nowhere"):
        tm.diagnose(left, right, tm.Policy(quotas=(p.QuotaPer("x", right=["nowhere"], at_most=1),)))
    with pytest.raises(InputError, match="right_capacity"):
        tm.diagnose(left, right, tm.Policy(), right_capacity=-1)


def test_nobody_is_no_trouble():
    """Empty tables and policies without rules have a diagnosis too."""
    left, right = small()
    for ours, theirs in ((left.take([]), right), (left, right.take([])), (left.take([]), right.take([]))):
        found = tm.diagnose(ours, theirs, tm.Policy(rules=RULES))
        assert found.ok
        assert found.coverage == 0
    assert tm.diagnose(left, right, tm.Policy()).coverage == 2
