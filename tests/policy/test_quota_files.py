"""Quotas as values and in files: one value however it is written, and every page true."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import twinmatch as tm
from twinmatch import policies as p
from twinmatch.errors import PolicyError
from twinmatch.policy.quotas import QUOTAS

DOCS = Path(tm.__file__).parents[2] / "docs"


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
