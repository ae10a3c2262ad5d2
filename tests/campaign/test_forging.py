"""Forged proofs of every kind are refused, and a checker that lets one pass is found out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.campaign import forging, truth
from tests.campaign.__main__ import main
from tests.campaign.forging import SOURCES, honest, sealed_anew
from twinmatch.certify import implicit, theorem
from twinmatch.methods import verifying


@pytest.mark.parametrize("part", range(2))
def test_what_is_false_is_refused(part, seed):
    """Some hundred claims that are false or unproven, in arrays and in matchings: each is refused."""
    tried = forging.forge(seed, 1000 + part, 80)
    assert sum(one.false for one in tried) >= 80
    assert forging.accepted(tried) == []


@pytest.mark.parametrize("source", SOURCES)
def test_honest_results_are_honest(source, seed):
    """The second judge finds nothing false in what was not spoiled, and the check accepts it."""
    rng = np.random.default_rng([seed, 78])
    for _ in range(4):
        told = honest(rng, source)
        assert not truth.Judge(told).is_false(told)
        told.verify(threads=1).raise_for_failure()


def test_a_checker_that_forgets_a_claim_is_found_out(monkeypatch):
    """Without the first partners, or with a bound that is believed, forged proofs pass and are reported."""
    monkeypatch.setattr(verifying, "check_firsts", lambda *args, **numbers: ())
    monkeypatch.setattr(theorem._Check, "_equal", lambda *args: None)
    tried = forging.forge(0, 1, 60)
    assert {one.way for one in forging.accepted(tried)} >= {"a_mate", "a_number"}


def test_mates_are_those_of_the_pairs():
    """Under quotas a mate that no pair says, or another witness of the coverage, is refused."""
    rng = np.random.default_rng(1)
    told = honest(rng, "cells")
    i = int(np.argmax(told.mate >= 0))
    mate, marks = told.mate.copy(), told.witness_left.copy()
    mate[i], marks[i] = (mate[i] + 1) % len(told.right), not marks[i]
    for name, changes in (("first partners", {"mate": mate}), ("left witness", {"witness_left": marks})):
        claims = sealed_anew(replace(told, **changes)).verify().claims
        assert [claim.name for claim in claims if not claim.ok] == [name]


@pytest.mark.parametrize("status", [tm.Status.INFEASIBLE, tm.Status.NO_SOLUTION])
def test_nobody_is_paired_where_nothing_was_found(status):
    """Pairs, points or a coverage beside a proof that nothing exists are refused."""
    told = tm.match(*forging.worlds.clashing())
    told = replace(told, status=status, objective=5)
    assert "no pairs" in {claim.name for claim in sealed_anew(told).verify().claims if not claim.ok}
    answer = tm.assign([[1]], quotas=[tm.GroupQuota(at_least=2)])
    assert answer.verify().ok
    forged = replace(answer, taken=np.array([[0, 0]]))
    assert [claim.name for claim in forged.verify().claims if not claim.ok] == ["no pairs"]


@pytest.mark.parametrize("coverage_first", [True, False])
def test_bounds_are_proven_where_nothing_was_found(coverage_first):
    """A run that was stopped at once has bounds, and lower ones are refused."""
    quotas = [tm.GroupQuota([0], [0, 1], at_most=1)]
    for options in ({}, {"quotas": quotas}):
        answer = tm.assign([[3, 4], [5, 6]], deadline=0, coverage_first=coverage_first, **options)
        answer.verify().raise_for_failure()
        names = ("_bound", "_coverage_bound") if coverage_first else ("_bound",)
        for name in names:
            forged = replace(answer, **{name: getattr(answer, name) - 1})
            assert name.strip("_") in {claim.name for claim in forged.verify().claims if not claim.ok}


def test_prices_that_a_pass_cannot_check_prove_nothing(monkeypatch):
    """Parts of a point, or a search, are refused in words where pairs are too many to be written down."""
    monkeypatch.setattr(implicit, "_FEW_PAIRS", -1)
    told = honest(np.random.default_rng(2), "a_cap_per_country")
    told.verify().raise_for_failure()
    proof = told.proof
    for changes in ({"price_scale": 2 * proof.price_scale}, {"left_price": proof.left_price.astype(float)}):
        forged = sealed_anew(replace(told, proof=replace(proof, **changes)))
        assert "prices" in {claim.name for claim in forged.verify().claims if not claim.ok}
    forged = sealed_anew(replace(told, bound=told.bound - 1, proof=replace(proof, searched=True)))
    assert "search for bound" in {claim.name for claim in forged.verify().claims if not claim.ok}
    clash = replace(proof, clash=(0,), witness=proof.cover)
    forged = sealed_anew(replace(told, status=tm.Status.INFEASIBLE, proof=clash))
    assert "infeasible" in {claim.name for claim in forged.verify().claims if not claim.ok}


def test_the_table_counts_what_was_tried(capsys):
    """A row a kind and a way, and the sum of all."""
    assert main(["forge", "--claims", "30", "--jobs", "1"]) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    name, _, false, refused = (cell.strip() for cell in last.strip("|").split("|"))
    assert name == "all"
    assert int(false) == int(refused) >= 30
