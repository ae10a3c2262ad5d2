"""Estimates: the same question as a run, answered before it."""

from __future__ import annotations

import dataclasses
import json
import logging
from functools import partial

import numpy as np
import pytest
from scipy import sparse

import twinmatch as tm
from twinmatch import needs, pairing
from twinmatch.errors import InputError
from twinmatch.estimating import probing, schools
from twinmatch.estimating.arrays import _thinned
from twinmatch.estimating.result import Probe
from twinmatch.graph.explicit import ExplicitGraph


@pytest.fixture(autouse=True)
def a_busy_machine(monkeypatch):
    """Let a second of the processor take as long as it does."""
    monkeypatch.setattr(probing, "PATIENCE_S", 60.0)


@pytest.fixture(scope="module")
def market():
    return tm.datasets.synthetic(6_000, 9_000, seed=5)


def test_an_estimate_is_one_screen_and_a_value(market):
    """It prints on one screen, is frozen, and is plain numbers as JSON."""
    told = tm.estimate(*market, threads=2)
    lines = str(told).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 100
    assert lines[0] == "Estimate: match 6,000 x 9,000 schools, the most points, 2 threads"
    assert repr(told) == str(told)
    with pytest.raises(dataclasses.FrozenInstanceError):
        told.memory = 0
    assert json.loads(json.dumps(told.to_dict()))["added"] == told.added


def test_memory_is_the_same_at_every_call_and_grows_with_the_market(market):
    """What is added depends on sizes, quotas, threads and mechanism only."""
    left, right = market
    balance = tm.policies.systematic_twinning(balance=True)
    one, again = (tm.estimate(left, right, threads=1).added for _ in range(2))
    assert one == again
    few = left.take(np.arange(500)), right.take(np.arange(500))
    assert tm.estimate(*few, threads=1).added < one < tm.estimate(left, right, balance, threads=1).added
    assert one < tm.estimate(left, right, threads=4).added


def test_a_run_to_a_gap_takes_less(market):
    """The last points of a market take the most time, and the longest lists."""
    exact, near = (tm.estimate(*market, gap=gap, threads=1) for gap in (0.0, 1e-3))
    assert near.added < exact.added
    assert near.task == f"{exact.task}, to a gap of 0.001"
    assert needs.of_schools(6_000, 9_000).memory > needs.of_schools(6_000, 9_000, to_a_gap=True).memory
    with pytest.raises(InputError, match="gap: must be from 0 up to 1, not 1"):
        tm.estimate(*market, gap=1)


def test_where_places_are_few_a_run_takes_longer_than_a_thinned_market_shows(monkeypatch):
    """The estimate says so, and its seconds are what it says."""
    monkeypatch.setattr(schools, "grow", partial(probing.grow, whole=False))  # whatever the machine
    for places, factor in ((1.05, schools._WHERE_CROWDED), (3.0, 1.0)):
        told = tm.estimate(*tm.datasets.synthetic(9_000, 9_000, 1, places=places), threads=1)
        assert any("Places are few" in line for line in told.basis) == (factor > 1)
        last = told.probes[-1]
        assert told.seconds == pytest.approx(
            factor * last.seconds * probing.Law().factor(last.num_left, 9_000)
        )


def test_a_run_to_a_gap_is_tried_to_it(market, monkeypatch):
    """What is tried stops where the run would."""
    asked = []
    solve = pairing.match

    def match(*args, **options):
        asked.append(options["gap"])
        return solve(*args, **options)

    monkeypatch.setattr(pairing, "match", match)
    assert tm.estimate(*market, gap=1e-4, threads=1).probes
    assert set(asked) == {1e-4}


def test_a_small_market_is_tried_whole():
    """What was solved within the second needs no scaling."""
    told = tm.estimate(*tm.datasets.sample(), threads=1)
    assert told.probes[-1].whole
    assert told.seconds == told.probes[-1].seconds


def test_quotas_and_names_of_single_schools_are_left_out_of_thinned_markets(market):
    """A forbidden pair names schools that a thinned market does not have."""
    left, right = market
    pair = tm.policies.ForbiddenPairs([(left.ids[0], right.ids[0])])
    plain = tm.policies.systematic_twinning()
    policy = dataclasses.replace(plain, rules=(*plain.rules, pair))
    assert tm.estimate(left, right, policy, threads=1).seconds is not None


def test_a_need_beyond_the_limits_is_said_and_nothing_is_tried(market, monkeypatch):
    """No probe runs where the run would be refused."""
    monkeypatch.setattr(needs, "_SOLVED", (1e12, 1e12, 0))
    told = tm.estimate(*market)
    assert (told.fits, told.seconds, told.probes) == (False, None, ())
    assert "does not fit" in str(told)


@pytest.mark.parametrize("threads", [0, "2"])
def test_bad_options_are_refused_as_by_the_run(market, threads):
    """The same words as for tm.match."""
    with pytest.raises(tm.errors.InputError, match="threads"):
        tm.estimate(*market, threads=threads)
    with pytest.raises(tm.errors.InputError, match="must be a Schools table"):
        tm.estimate(market[0], [1, 2])


@pytest.mark.parametrize("measured_mb", [6_891, 4_778])
def test_memory_of_a_million_to_the_optimum_is_within_30_percent_of_what_was_measured(measured_mb):
    """Mild and clustered squares of `benchmarks/RESULTS.md`, less what the process holds with its tables."""
    need = needs.of_schools(1_000_000, 1_000_000, threads=2).memory
    assert need == pytest.approx((measured_mb - 640) * 1e6, rel=0.3)


@pytest.mark.parametrize("call", [tm.estimate, tm.match])
def test_everything_that_is_wrong_is_told_at_once(market, call):
    """One error under the name of the call: a mechanism that is none hides neither threads nor places."""
    left, right = market
    wrong = {"mechanism": "nash", "gap": 2, "threads": 0, "right_capacity": "nowhere"}
    with pytest.raises(tm.errors.InputError) as caught:
        call(left, right, tm.Policy(rules=(tm.policies.CommonLevel(), tm.policies.CommonLevel())), **wrong)
    where = [fault.where for fault in caught.value.faults]
    assert caught.value.subject == call.__name__
    assert set(where) > set(wrong)
    assert any("nowhere" in fault.what for fault in caught.value.faults)
    with pytest.raises(tm.errors.InputError) as caught:
        call(left, right, right_capacity=[[1], [2, 3]], gap=-1)
    assert [fault.where for fault in caught.value.faults] == ["gap", "right_capacity"]
    with pytest.raises(tm.errors.InputError) as caught:
        call(left, [1, 2], "policy.toml", threads=0)
    assert caught.value.subject == call.__name__
    assert [fault.where for fault in caught.value.faults] == ["right", "policy", "threads"]
    with pytest.raises(tm.errors.PolicyError):
        call(left, right, tm.Policy(rules=(tm.policies.CommonLevel(), tm.policies.CommonLevel())))


def test_executors_and_checkpoints_that_are_none_are_told_with_the_rest(market):
    """Before any work, under the name of the call."""
    with pytest.raises(tm.errors.InputError) as caught:
        tm.match(*market, executor="threads", checkpoint=5, seed=1.5, on_progress=pytest.fail)
    assert caught.value.subject == "match"
    assert [fault.where for fault in caught.value.faults] == ["seed", "executor", "checkpoint"]


def test_everything_that_is_wrong_with_an_assignment_is_told_at_once():
    """Points, bounds and threads: as many faults as there are, under the name of the call."""
    with pytest.raises(tm.errors.InputError) as caught:
        tm.estimate_assign([[1, 2]], right_capacity=-1, require_all="yes", threads=0)
    assert caught.value.subject == "estimate_assign"
    assert [fault.where for fault in caught.value.faults] == ["threads", "require_all", "right_capacity"]
    with pytest.raises(tm.errors.InputError) as caught:
        tm.estimate_assign([[float("nan")]], threads=0)
    assert caught.value.subject == "estimate_assign"
    assert len(caught.value.faults) == 2
    with pytest.raises(tm.errors.PointsError):
        tm.estimate_assign([[float("nan")]])


def test_growing_stops_where_the_next_would_not_end_within_the_budget():
    """Each market is twice as large; a budget of a second is not passed by more than its last."""
    tried = []

    def solve(every, left_s):
        tried.append(every)
        return Probe(64_000 // every, 1, 0.3 * len(tried))

    probes = probing.grow(64_000, solve)
    assert tried == [128, 64]
    assert [probe.num_left for probe in probes] == [500, 1_000]
    assert probing.grow(64_000, lambda every, left_s: None) == ()


def test_time_grows_with_a_power_that_is_larger_beyond_twenty_thousand():
    """The two parts multiply."""
    law = probing.Law(1.0, 2.0)
    assert law.factor(5_000, 20_000) == pytest.approx(4)
    assert law.factor(5_000, 60_000) == pytest.approx(4 * 9)
    assert law.factor(30_000, 60_000) == pytest.approx(4)


@pytest.mark.parametrize("every", [2, 3, 7])
def test_lists_are_thinned_as_one_would_by_hand(every):
    """Every so manieth row; neighbouring columns joined, the better pair of two kept."""
    random = np.random.default_rng(every)
    points = random.integers(1, 100, (40, 50)) * (random.random((40, 50)) < 0.2)
    graph = ExplicitGraph.from_sparse(sparse.csr_array(points))
    slow = np.zeros((len(range(every // 2, 40, every)), -(-50 // every)), int)
    for row, i in enumerate(range(every // 2, 40, every)):
        for j in range(50):
            slow[row, j // every] = max(slow[row, j // every], points[i, j])
    assert np.array_equal(_thinned(graph, every).toarray(), slow)


def test_arrays_are_estimated_like_schools():
    """A matrix, lists, and quotas that cross all have an answer in seconds and bytes."""
    random = np.random.default_rng(1)
    dense = random.integers(0, 1_000, (300, 300))
    quotas = [
        tm.GroupQuota(left=random.random(30) < 0.5, right=random.random(30) < 0.5, at_most=3) for _ in "abc"
    ]
    for told in (
        tm.estimate_assign(dense, threads=1),
        tm.estimate_assign(sparse.csr_array(dense * (dense > 900)), coverage_first=True, threads=1),
        tm.estimate_assign(dense[:30, :30], quotas=quotas, threads=1),
    ):
        assert told.seconds is not None
        assert told.memory > told.added > 0
    with pytest.raises(tm.errors.InputError):
        tm.estimate_assign(dense, right_capacity=-1)


def test_what_is_tried_logs_nothing(market, caplog):
    """Small markets of an estimate are no matches that somebody asked for; the next match is told as ever."""
    with caplog.at_level(logging.DEBUG, "twinmatch"):
        tm.estimate(*market, threads=1)
        tm.estimate_assign(np.ones((30, 40)))
        assert caplog.records == []
        tm.match(*tm.datasets.sample(), threads=1)
    assert any("match began" in record.message for record in caplog.records)


@pytest.mark.parametrize(("num_left", "num_right"), [(0, 0), (0, 5), (5, 0), (3_000, 1), (1, 3_000)])
def test_markets_with_next_to_nobody_are_tried_too(num_left, num_right, market):
    """Of a table with few schools at least one is in each market that is tried."""
    left, right = market
    told = tm.estimate(left.take(range(num_left)), right.take(range(num_right)), threads=1)
    assert told.seconds is not None
    assert told.probes[-1].whole
    assert (told.probes[-1].num_left, told.probes[-1].num_right) == (num_left, num_right)
    assert "unknown" not in str(told)
