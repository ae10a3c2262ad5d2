"""Quotas, floors, locks and bounds, from a policy to a proven matching."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.matching.worlds import (
    BASE,
    KINDS,
    PRIORITY,
    best_by_highs,
    p,
    same,
    world,
)
from twinmatch.certify.sealing import digest
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.solvers import grown


@pytest.mark.parametrize("coverage", ["first", "points"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_request_is_kept_to_as_well_as_can_be(kind, coverage):
    """In Python and in TOML, the same; as many points as another solver finds, and proven."""
    statuses = set()
    for seed in range(12):
        w = world(seed)
        quotas, asked = kind(w)
        policy = replace(BASE, quotas=quotas, coverage=coverage)
        assert tm.Policy.from_toml(policy.to_toml()) == policy
        best = best_by_highs(w, **asked, first=coverage == "first")
        matching = tm.match(w.left, w.right, tm.Policy.from_toml(policy.to_toml()))
        certificate = matching.verify()
        assert certificate.ok, certificate
        statuses.add(str(matching.status))
        if best is None:
            assert matching.status == "INFEASIBLE"
            assert matching.witness is not None
            assert matching.witness.explain()
            continue
        assert matching.status == "OPTIMAL"
        assert matching.objective == best.objective
        if coverage == "first":
            assert matching.coverage == best.coverage
        for a, b in asked.get("locked", ()):
            assert [a, b] in matching.proof.taken.tolist()
        counts = matching.pairs.to_pylist()
        assert sum(pair["points"] for pair in counts) == matching.objective
        assert len(matching.unmatched) == len(w.left) - matching.coverage
    assert "OPTIMAL" in statuses


def test_the_sample_keeps_to_its_quotas():
    """On real schools: what each quota counted is what the pairs say, and its price has the right sign."""
    left, right = tm.datasets.sample()
    quotas = (
        p.QuotaPer("cap", right=["country"], at_most_share=0.1),
        p.CoverageFloor("priority", left={"ep": PRIORITY}, at_least_share=0.9),
        p.Quota("some to Spain", left={"sector": ["public"]}, right={"country": "ES"}, at_least=19),
    )
    policy = replace(tm.policies.systematic_twinning(), quotas=quotas)
    matching = tm.match(left, right, policy)
    assert (matching.status, matching.coverage) == ("OPTIMAL", 120)
    assert matching.verify().ok
    country = dict(zip(right.ids, right.strings("country"), strict=True))
    abroad = matching.pairs["right_id"].map(country).value_counts()
    found = matching.quotas.set_index("quota")
    for name, count in abroad.items():
        assert found.loc[f"cap: country {name}", "count"] == count <= 20
    assert (found["count"] >= found["at_least"]).all()
    capped = found["at_most"].notna()
    assert capped.to_list() == [name.startswith("cap: ") for name in found.index]
    assert (found["count"] <= found["at_most"])[capped].all()
    assert (found.loc[found["price"] > 0, "count"] == found.loc[found["price"] > 0, "at_most"]).all()
    assert (found.loc[found["price"] < 0, "count"] == found.loc[found["price"] < 0, "at_least"]).all()


def test_where_there_is_no_cap_at_most_is_missing():
    """No number stands for none, and the column is one of whole numbers all the same."""
    w = world(0)
    for quotas in (
        [p.Quota("floor", at_least=0)],
        [p.Quota("floor", at_least=0), p.Quota("cap", at_most=7)],
        [],
    ):
        found = tm.match(w.left, w.right, replace(BASE, quotas=tuple(quotas))).quotas
        assert str(found.schema.field("at_most").type) == "int64"
        assert found["at_most"].to_pylist() == [quota.at_most for quota in quotas]


# -- Balance between countries ------------------------------------------------------------------------------


def test_balance_never_costs_coverage():
    """Whatever tables: as many schools have a partner as without it."""
    for seed in range(12):
        w = world(100 + seed)
        plain, balanced = tm.match(w.left, w.right, BASE), replace(BASE, quotas=(p.CountryBalance(),))
        matching = tm.match(w.left, w.right, balanced)
        assert (matching.status, matching.coverage) == ("OPTIMAL", plain.coverage)
        assert matching.objective <= plain.objective
        assert matching.verify().ok


def test_balance_between_one_country_and_itself_is_nothing():
    """With places in one country only, there are no quotas, and the points are those without."""
    left, right = tm.datasets.sample()
    italy = right.take(np.flatnonzero(right.strings("country") == "IT"))
    plain = tm.match(left, italy, tm.policies.systematic_twinning())
    balanced = tm.match(left, italy, tm.policies.systematic_twinning(balance=True))
    assert len(balanced.quotas) == 0
    assert (balanced.coverage, balanced.objective) == (plain.coverage, plain.objective)
    assert balanced.verify().ok


def test_without_balance_nothing_changes():
    """The policy of the benchmarks, byte for byte."""
    left, right = tm.datasets.sample()
    a, b = (
        tm.match(left, right, policy)
        for policy in (tm.policies.systematic_twinning(), tm.policies.systematic_twinning(balance=False))
    )
    assert a.policy.to_toml() == b.policy.to_toml()
    assert a.proof is None
    assert b.proof is None
    assert a.seal == b.seal
    assert a.pairs.equals(b.pairs)


# -- The same input, the same bytes -------------------------------------------------------------------------

NESTED = (
    p.CoverageFloor("académie", per=["academie"], at_least_share=0.3),
    p.CoverageFloor("rep", left={"ep": PRIORITY}, per=["academie"], at_least_share=0.5),
    p.QuotaPer("cap", right=["country"], at_most_share=0.12),
)
CROSSED = (
    p.QuotaPer("cell", left=["academie"], right=["country"], at_most=4),
    p.QuotaPer("cap", right=["country"], at_most_share=0.25),
)


def fingerprint(matching) -> str:
    """Return a digest of the pairs and of all prices."""
    return digest(
        "".join(matching.pairs["left_id"]) + "".join(matching.pairs["right_id"]),
        matching.right_price,
        *matching.proof.arrays(),
        matching.status,
        matching.bound,
    )


@pytest.mark.parametrize("quotas", [NESTED, CROSSED], ids=["nested", "crossed"])
def test_rows_and_threads_change_nothing(quotas):
    """Shuffled tables, one thread or two: the same pairs and the same prices."""
    left, right = tm.datasets.sample()
    policy = replace(tm.policies.systematic_twinning(), quotas=quotas)
    told = {fingerprint(tm.match(left, right, policy, threads=threads)) for threads in (1, 2)}
    rng = np.random.default_rng(5)
    shuffled = left.take(rng.permutation(len(left))), right.take(rng.permutation(len(right)))
    told.add(fingerprint(tm.match(*shuffled, policy)))
    assert len(told) == 1


def test_the_hash_seed_changes_nothing():
    """Sets of texts come in another order in every process; matchings do not."""
    code = (
        "from dataclasses import replace; import twinmatch as tm; from tests.matching.test_quotas import *;"
        "policy = replace(tm.policies.systematic_twinning(), quotas=NESTED);"
        "print(fingerprint(tm.match(*tm.datasets.sample(), policy)))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


# -- Stops --------------------------------------------------------------------------------------------------


class After:
    """Something that is set once it was asked so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def is_set(self) -> bool:
        self.times -= 1
        return self.times < 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("coverage", ["first", "points"])
def test_a_run_that_was_stopped_claims_nothing_that_it_does_not_know(kind, coverage, tmp_path):
    """Whenever it is stopped: what it says is true, and can be saved."""
    w = world(3)
    quotas, asked = kind(w)
    policy = replace(BASE, quotas=quotas, coverage=coverage)
    best = best_by_highs(w, **asked, first=coverage == "first")
    for stop in ({"deadline": 0}, *({"cancel": After(times)} for times in (0, 1, 3, 10))):
        matching = tm.match(w.left, w.right, policy, **stop)
        if "deadline" in stop:
            assert matching.status == "NO_SOLUTION"
        if matching.status == "NO_SOLUTION":
            assert matching.limit in ("DEADLINE", "CANCELLED")
        if matching.status == "INFEASIBLE":
            assert best is None
        elif any(isinstance(quota, p.CoverageFloor) and quota.within for quota in quotas):
            continue  # see the test below
        elif best is not None and coverage == "points":
            assert matching.bound >= best.objective
        assert matching.verify().ok
        assert all(matching.unmatched["reason"].to_pylist())
        matching.save(tmp_path)
        same(tm.load_matching(tmp_path), matching)


@pytest.mark.parametrize(
    "quota",
    [
        p.CountryBalance(),
        p.CoverageFloor("behind", per=["academie"], within=0.15),
        p.LockedPairs("twinned already", [("L00", "R00")]),
    ],
    ids=lambda quota: quota.kind,
)
def test_a_run_that_was_stopped_before_prices_were_found_is_proven(quota, tmp_path):
    """Nothing is said of wishes and locks, and the bound is that of the prices."""
    w = next(w for w in map(world, range(50)) if w.points[0, 0] != FORBIDDEN and w.places[0])
    matching = tm.match(w.left, w.right, replace(BASE, quotas=(quota,), coverage="points"), deadline=0)
    assert (matching.status, matching.limit) == ("NO_SOLUTION", "DEADLINE")
    assert matching.verify().ok
    matching.save(tmp_path)
    same(tm.load_matching(tmp_path), matching)


# -- More pairs than are written down -----------------------------------------------------------------------


def test_a_graph_that_is_not_written_down_gives_the_same_answer(monkeypatch):
    """4,500,000 pairs, quotas nested on both sides: as many and as good pairs as with all written down."""
    left, right = tm.datasets.synthetic(1_500, 3_000, 1, "clustered", 0.9)
    quotas = (
        p.QuotaPer("académie", left=["academie"], at_most=50),
        p.CoverageFloor("level 3", left={"levels": "3"}, per=["academie"], at_least_share=0.4),
        p.QuotaPer("country", right=["country"], at_most_share=0.05),
        p.QuotaPer("public", right=["country"], where_right={"sector": "public"}, at_most_share=0.035),
    )
    policy = replace(tm.policies.systematic_twinning(), quotas=quotas)
    implicit = tm.match(left, right, policy)
    assert implicit.status == "OPTIMAL"
    assert implicit.verify().ok
    assert (implicit.quotas["price"] != 0).any()
    monkeypatch.setattr(grown, "FEW_PAIRS", 10**9)
    explicit = tm.match(left, right, policy)
    assert explicit.status == "OPTIMAL"
    assert (implicit.coverage, implicit.objective) == (explicit.coverage, explicit.objective)
