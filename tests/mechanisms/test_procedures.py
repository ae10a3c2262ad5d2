"""Procedures from tables to files: what they promise, what stops them, and what they refuse."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.matching.folders import signed_again
from tests.matching.worlds import BASE, a_cap_per_country, cells, locks, world
from twinmatch.certify.sealing import seal
from twinmatch.errors import FormatError, InputError, NoSolutionError
from twinmatch.mechanisms import lottery
from twinmatch.status import Status

m, p = tm.mechanisms, tm.policies
SIZES = tm.Policy(rules=[p.CommonLevel()], criteria=[p.SizeSimilarity(1000)])
ALL = {
    "greedy": m.greedy(),
    "stable": m.stable(),
    "right": m.stable(SIZES),
    "serial": m.serial_dictatorship(7),
}


@pytest.fixture(scope="module")
def sample():
    return tm.datasets.sample()


@pytest.fixture(scope="module")
def found(sample):
    return {name: tm.match(*sample, mechanism=mechanism) for name, mechanism in ALL.items()}


@pytest.mark.parametrize("name", ALL)
def test_every_procedure_is_proven(found, name):
    """OPTIMAL, bound and objective one number, every claim held, and nobody better off with somebody else."""
    matching = found[name]
    assert matching.status is Status.OPTIMAL
    assert matching.objective == matching.bound == matching.points == matching.pairs["points"].sum()
    certificate = matching.verify()
    assert certificate.ok, str(certificate)
    assert certificate.pairs_checked == len(matching.left) * len(matching.right)
    if name != "serial":
        assert matching.blocking_pairs().count == 0
    assert f"by {matching.mechanism.name}" in repr(matching)


def test_stable_by_the_same_points_is_greedy(found):
    """One matching under two names, and with fewer points than the most."""
    np.testing.assert_array_equal(found["stable"].mate, found["greedy"].mate)
    assert found["right"].blocking_pairs(found["right"].policy).count > 0
    assert found["serial"].blocking_pairs().count > 0


@pytest.mark.parametrize("name", ALL)
def test_rows_threads_and_instruction_sets_change_nothing(sample, found, name):
    """The same seal from shuffled tables, one thread or three; the same claims from the portable pass."""
    left, right = sample
    rng = np.random.default_rng(5)
    shuffled = [table.take(rng.permutation(len(table))) for table in (left, right)]
    for threads in (1, 3):
        other = tm.match(*shuffled, mechanism=ALL[name], threads=threads)
        assert other.seal == found[name].seal
        assert other.fingerprints == found[name].fingerprints
    assert found[name].verify(isa="portable", threads=2).ok


def test_anybody_can_work_out_the_lottery():
    """The order is that of the SHA-256 of seed and id, and another seed is another order."""
    ids = [f"S{k}" for k in range(50)]
    by_hand = sorted(ids, key=lambda name: hashlib.sha256(f"9:{name}".encode()).hexdigest())
    place = lottery(ids, 9)
    assert [ids[k] for k in np.argsort(place)] == by_hand
    assert (lottery(ids[::-1], 9) == place[::-1]).all()
    assert (lottery(ids, 10) != place).any()


def test_the_first_in_the_lottery_gets_what_it_likes_best(sample, found):
    """The first choice of all partners, whatever the others want."""
    matching = found["serial"]
    i = int(np.argmin(lottery(matching.left.ids, 7)))
    graph = tm.compile(matching.left, matching.right, matching.policy)
    points = graph.points(i, np.arange(len(matching.right)))
    assert points[matching.mate[i]] == points.max()
    assert m.serial_dictatorship(7) == ALL["serial"] != m.serial_dictatorship(8)


@pytest.mark.parametrize("kind", [a_cap_per_country, cells, locks])
@pytest.mark.parametrize("name", ["greedy", "serial", "right"])
def test_locks_and_caps_are_kept_and_proven(kind, name):
    """Caps by country and by cell, pairs that stay: kept in 20 worlds, and the check holds."""
    for seed in range(20):
        w = world(seed)
        quotas, _ = kind(w)
        if name == "right":
            quotas = tuple(quota for quota in quotas if isinstance(quota, p.LockedPairs))
        policy = replace(BASE, quotas=quotas)
        matching = tm.match(w.left, w.right, policy, mechanism=ALL[name])
        assert matching.verify().ok, str(matching.verify())
        counts, most = matching.quotas["count"].to_pylist(), matching.quotas["at_most"].to_pylist()
        assert all(cap is None or count <= cap for count, cap in zip(counts, most, strict=True))


# -- What is refused ---------------------------------------------------------------------------------------


def test_what_no_procedure_can_promise_is_refused_at_once(sample):
    """Floors, several partners, balance and points before coverage: one error that names them all."""
    quotas = (
        p.CoverageFloor("rep", left={"ep": "REP"}, at_least_share=0.5),
        p.PartnersPerSchool("two", side="left", most=2),
        p.CountryBalance(),
        p.Quota("some", right={"country": "ES"}, at_least=1),
    )
    policy = replace(p.systematic_twinning(), quotas=quotas, coverage="points")
    for mechanism in ALL.values():
        with pytest.raises(InputError) as caught:
            tm.match(*sample, policy, mechanism=mechanism)
        places = [fault.where for fault in caught.value.faults]
        assert places[:3] == ["coverage", "rep", "two"]
        assert len(places) == 5
        assert "cannot promise" in str(caught.value)
        assert "most_points()" in str(caught.value)


def test_caps_where_the_right_ranks_by_itself_are_refused(sample):
    """Deferred acceptance with caps has no such guarantee; a right policy with quotas means nothing."""
    cap = (p.Quota("cap", right={"country": "ES"}, at_most=3),)
    policy = replace(p.systematic_twinning(), quotas=cap)
    with pytest.raises(InputError, match="cap: is a cap, which stable with a right policy cannot promise"):
        tm.match(*sample, policy, mechanism=ALL["right"])
    with pytest.raises(InputError, match=r"right_policy: has quotas \('cap'\)"):
        tm.match(*sample, mechanism=m.stable(replace(SIZES, quotas=cap)))


def test_more_locks_than_places_are_refused():
    """Two schools locked to one place: an error that says so."""
    w = world(3)
    j = np.argwhere(w.points > 0)[0][1]
    rows = np.flatnonzero(w.points[:, j] > 0)[:3]
    pairs = [(str(w.left.ids[i]), str(w.right.ids[j])) for i in rows]
    policy = replace(BASE, quotas=(p.LockedPairs("locked", pairs),))
    with pytest.raises(InputError, match="locked pairs: take more partners of right schools"):
        tm.match(w.left, w.right, policy, right_capacity=1, mechanism=m.greedy())


def test_bad_options_are_refused():
    """Seeds that are none, policies that are none, names that are none."""
    for bad in (-1, 1.5, True, "7"):
        with pytest.raises(InputError, match="seed"):
            m.serial_dictatorship(bad)
    with pytest.raises(InputError, match="must be a Policy"):
        m.stable("policy.toml")
    with pytest.raises(InputError, match="draws no lots"):
        m.named("greedy", seed=3)
    with pytest.raises(InputError, match="stable alone"):
        m.named("greedy", right_policy=SIZES)
    assert m.named("stable", right_policy=SIZES) == ALL["right"]


# -- What the check sees -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_one_pair_moved_is_refused(found, name):
    """Somebody moved to a free place, with numbers and seal made to fit: the guarantee is refused."""
    matching = found[name]
    graph = tm.compile(matching.left, matching.right, matching.policy)
    free = np.setdiff1d(np.arange(len(matching.right)), matching.mate)
    for i in (0, 11, 150):
        able = free[graph.points(i, free) >= 0]
        if name == "right":
            own = tm.compile(matching.left, matching.right, SIZES)
            able = able[own.points(i, able) >= 0]
        if not len(able):
            continue
        mate = matching.mate.copy()
        mate[i] = able[0]
        rows = np.flatnonzero(mate >= 0)
        points = int(graph.points(rows, mate[rows]).sum())
        numbers = {"mate": mate, "objective": points, "bound": points}
        for field in ("right_price", "coverage_price", "witness_left", "right_capacity", "status"):
            numbers[field] = getattr(matching, field)
        numbers["coverage"] = numbers["coverage_bound"] = len(rows)
        changed = replace(matching, **numbers, seal=seal(**numbers))
        refused = {claim.name for claim in changed.verify().claims if not claim.ok}
        assert refused >= {"choices" if name == "serial" else "stable", "status"}
        assert not refused & {"seal", "rules", "objective", "coverage"}


def test_another_lottery_or_policy_does_not_carry_the_proof(found):
    """A matching that says it was drawn with another seed, or for other partners, is refused."""
    other = replace(found["serial"], mechanism=m.serial_dictatorship(8))
    refused = {claim.name for claim in other.verify().claims if not claim.ok}
    assert {"choices", "inputs"} <= refused
    other = replace(found["greedy"], mechanism=ALL["right"])
    assert {"stable", "inputs"} <= {claim.name for claim in other.verify().claims if not claim.ok}


# -- What stops it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_a_stopped_run_claims_nothing_but_its_pairs(sample, name):
    """No time at all, or a cancel: what there is keeps to the rules, and the check agrees."""
    stop = threading.Event()
    stop.set()
    for options, limit in (({"deadline": 0.0}, "DEADLINE"), ({"cancel": stop}, "CANCELLED")):
        matching = tm.match(*sample, mechanism=ALL[name], **options)
        assert str(matching.limit) == limit
        assert matching.status in (Status.NO_SOLUTION, Status.FEASIBLE)
        assert matching.verify().ok, str(matching.verify())
        if matching.status is Status.NO_SOLUTION:
            with pytest.raises(NoSolutionError):
                matching.blocking_pairs()


def test_progress_is_told(sample):
    """Phases have names, and pairs are counted."""
    heard = []
    tm.match(*sample, mechanism=m.greedy(), on_progress=heard.append)
    assert not heard or {one.phase for one in heard} <= {"tree", "turns"}


# -- Files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_saved_and_read_again(found, name, tmp_path):
    """Pairs, numbers, mechanism and seal come back; a check of what was read holds."""
    found[name].save(tmp_path)
    again = tm.load_matching(tmp_path)
    assert again.mechanism == found[name].mechanism
    assert again.seal == found[name].seal
    np.testing.assert_array_equal(again.mate, found[name].mate)
    assert again.verify().ok
    assert (tmp_path / "right_policy.toml").exists() == (name == "right")
    found["greedy"].save(tmp_path)  # what was there before is gone
    assert not (tmp_path / "right_policy.toml").exists()


def test_files_that_were_changed_are_refused(found, tmp_path):
    """Another seed on file is seen by the check; a missing right policy when reading."""
    found["serial"].save(tmp_path / "serial")
    record = json.loads((tmp_path / "serial" / "matching.json").read_text())
    assert (record["mechanism"], record["lottery"]) == ("serial_dictatorship", 7)
    signed_again(tmp_path / "serial", lottery=8)
    assert not tm.load_matching(tmp_path / "serial").verify().ok
    signed_again(tmp_path / "serial", lottery="8")
    with pytest.raises(FormatError, match="lottery must be a whole number"):
        tm.load_matching(tmp_path / "serial")
    found["right"].save(tmp_path / "right")
    (tmp_path / "right" / "right_policy.toml").unlink()
    with pytest.raises(FormatError, match="right_policy"):
        tm.load_matching(tmp_path / "right")


# -- On the command line -----------------------------------------------------------------------------------


def test_mechanisms_on_the_command_line(sample, tmp_path, capsys):
    """A name, a seed or a right policy; what does not go together is said, and ends with code 2."""
    import pyarrow.parquet as pq

    from twinmatch.cli import main

    for table, name in zip(sample, ("left", "right"), strict=True):
        pq.write_table(table.table, tmp_path / f"{name}.parquet")
    SIZES.save(tmp_path / "sizes.toml")
    files = ["match", str(tmp_path / "left.parquet"), str(tmp_path / "right.parquet")]
    for options, mechanism in (
        (["--mechanism", "stable", "--right-policy", str(tmp_path / "sizes.toml")], ALL["right"]),
        (["--mechanism", "serial_dictatorship", "--seed", "7"], ALL["serial"]),
    ):
        assert main([*files, "--out", str(tmp_path / "out"), *options]) == 0
        assert "which does not put coverage first" in capsys.readouterr().out
        assert tm.load_matching(tmp_path / "out").mechanism == mechanism
    assert main([*files, "--out", str(tmp_path / "out"), "--mechanism", "greedy", "--seed", "7"]) == 2
    assert "greedy draws no lots" in capsys.readouterr().err


def test_who_is_left_over_is_told_why():
    """With fewer places than schools others come first; prices of rules are refused."""
    w = world(5, num_left=12, num_right=4)
    matching = tm.match(w.left, w.right, BASE, mechanism=m.serial_dictatorship())
    reasons = matching.unmatched["reason"].to_pylist()
    why = "admissible partners, all taken by schools that come first under the mechanism"
    assert any(why in one for one in reasons)
    assert all("stopped early" not in one for one in reasons)
    with pytest.raises(NoSolutionError, match="serial_dictatorship has none"):
        matching.rule_prices()
