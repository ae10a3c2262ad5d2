"""Repairs from the prices of before: equal to those made afresh, and proven step by step."""

from __future__ import annotations

import copy
import os
import pickle
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twinmatch as tm
from tests.changes.worlds import POLICY, TODAY, after, is_possible, random_changes, world
from tests.repairing.test_repair import pairs_of
from twinmatch.certify.blocking import Ranking
from twinmatch.certify.stability import check_stability
from twinmatch.certify.step import check_step
from twinmatch.compiler import compiled
from twinmatch.errors import InputError, NoSolutionError
from twinmatch.graph.singles import Bonus
from twinmatch.repairing import mending
from twinmatch.repairing.living import live_of
from twinmatch.repairing.pinning import pinned
from twinmatch.solvers.control import Control, Stopped

c, p = tm.changes, tm.policies


def drop_outs(rng: np.random.Generator, matching: tm.Matching, most: int) -> list:
    """Return changes that leave the columns of other schools alone."""
    made, left, right = [], rng.permutation(matching.left.ids), rng.permutation(matching.right.ids)
    for k in range(int(rng.integers(1, most + 1))):
        kind = int(rng.integers(4))
        if k >= min(len(left), len(right)) - 1:
            break
        if kind == 0:
            made.append(c.SchoolLeaves(left[k]))
        elif kind == 1:
            made.append(c.PartnerLeaves(right[k]))
        elif kind == 2:
            made.append(c.CapacityChanges(right[k], int(rng.integers(0, 4))))
        else:
            made.append(c.PairVetoed(left[k], right[k]))
    return made


def afresh(monkeypatch, matching: tm.Matching, changes: list, bonus: int) -> tm.Matching:
    """Return the repair without the quick way."""
    with monkeypatch.context() as patched:
        patched.setattr(mending, "quick", lambda *_: None)
        return matching.repair(changes, bonus)


@pytest.mark.parametrize("seed", range(10))
def test_quick_repairs_equal_those_made_afresh(seed, monkeypatch):
    """On the synthetic market of 240 x 500: same objective and coverage, verified, whole chains of them."""
    rng = np.random.default_rng(seed)
    left, right = tm.datasets.synthetic(240, 500, seed=seed)
    matching = tm.match(left, right, right_capacity=rng.integers(0, 3, 500))
    assert seed % 2 == 0 or matching.prepare()
    quick = 0
    for step in range(5):
        bonus = int(rng.choice([0, 0, 300, 20_000]))
        changes = drop_outs(rng, matching, 60 if step == 2 else 4)
        new, fresh = matching.repair(changes, bonus), afresh(monkeypatch, matching, changes, bonus)
        assert (new.status, new.objective, new.coverage) == (fresh.status, fresh.objective, fresh.coverage)
        assert new.verify().ok, new.verify()
        if new.step_certificate is not None:
            quick += 1
            assert new.step_certificate.ok
            assert new.step_certificate.objective == new.objective
        matching = new
    assert quick >= 3


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_small_worlds_go_the_quick_way_where_they_can(seed):
    """Any changes of a small world: whatever way is taken, the numbers are proven."""
    rng = np.random.default_rng(seed)
    now = world(seed)
    matching = tm.match(*now.tables, POLICY)
    matching.prepare()
    for _ in range(2):
        changes = random_changes(rng, now)
        then = after(now, changes)
        if not is_possible(then):
            continue
        new = matching.repair(changes, int(rng.choice([0, 40])), today=TODAY)
        assert new.gap == 0
        assert new.verify().ok
        now, matching = then._replace(over=then.over & pairs_of(new)), new


def test_a_step_that_is_not_true_is_refused():
    """A price, a partner, places or a potential that is off by one is seen by the check of the step."""
    left, right = tm.datasets.synthetic(60, 150, seed=4)
    matching = tm.match(left, right)
    control = Control(threads=1)
    live = live_of(matching, control)
    terms, before, none = live.upkeep.told(live.singles), live.standing, np.empty((0, 2), np.int64)

    def ok(standing, told=terms, risen=none):
        return check_step(told, before, standing, risen, seal="", threads=1).ok

    assert ok(before)
    matched = np.flatnonzero(before.mate >= 0)
    taken = before.mate[matched[0]]
    one_left, one_right = np.zeros(60, np.int64), np.zeros(150, np.int64)
    one_left[matched[0]] = one_right[taken] = 1
    assert not ok(before._replace(left_price=before.left_price - one_left))
    assert not ok(before._replace(left_price=before.left_price + one_left))
    assert not ok(before._replace(price=before.price + one_right))
    assert not ok(before._replace(price=before.price - before.price[taken] * one_right - one_right))
    assert not ok(before._replace(capacity=before.capacity - before.capacity[taken] * one_right))
    assert not ok(before._replace(right=before.right & (one_right == 0)))
    assert not ok(before._replace(mate=np.where(one_left == 1, -1, before.mate)))
    other = np.flatnonzero(before.price > 0)
    other = next(j for j in other if j != taken)
    assert not ok(before._replace(mate=np.where(one_left == 1, other, before.mate)))
    # A pair that is worth more than its schools have is seen where it is named.
    pair = next(np.array([[matched[0], j]]) for j in range(150) if terms.points(matched[0], j) > 0)
    dear = replace(terms, bonus=Bonus(pair, np.array([10_000_000], np.int32)))
    assert not ok(before, dear, pair)


@pytest.mark.parametrize("seed", range(4))
def test_the_frontier_has_all_corners_of_the_hull(seed):
    """Few schools, all matchings tried: corners are those of the hull at whole bonuses, and bounds hold."""
    left, right = tm.datasets.synthetic(6, 9, seed=seed)
    old = tm.match(left, right)
    gone = [c.PartnerLeaves(old.right.ids[old.mate[k]]) for k in (0, 3) if old.mate[k] >= 0]
    frontier = old.stability_frontier(gone)
    now = [i for i in range(len(old.right)) if c.PartnerLeaves(old.right.ids[i]) not in gone]
    points = compiled(old.left, old.right, old.policy).terms.points(
        np.arange(len(old.left))[:, None], np.array(now)[None, :]
    )
    reached: dict[int, int] = {}
    coverage = max_coverage(points)

    def try_all(i: int, used: frozenset, kept: int, worth: int, pairs: int) -> None:
        if i == len(points):
            if pairs == coverage:
                reached[kept] = max(reached.get(kept, -1), worth)
            return
        try_all(i + 1, used, kept, worth, pairs)
        for at, j in enumerate(now):
            if at not in used and points[i, at] > -(2**31):
                same = int(old.mate[i] == j)
                try_all(i + 1, used | {at}, kept + same, worth + int(points[i, at]), pairs + 1)

    try_all(0, frozenset(), 0, 0, 0)
    for bonus in (0, 1, 10, 1_000, 30_000, 200_000, 2**24):
        best = max(worth + bonus * kept for kept, worth in reached.items())
        assert best == max(one.points + bonus * one.kept for one in frontier.corners)
    for one in frontier.corners:
        assert reached[one.kept] == one.points
    for kept in reached:
        moved = frontier.schools - kept
        most = max(worth for other, worth in reached.items() if other >= kept)
        assert frontier.bound(moved) >= most
        new = old.repair(gone, max_moves=moved)
        assert new.move_bound.bound >= most
        assert new.move_bound.points == new.objective - bonus_of(new)
        assert new.move_bound.gap >= 0
        assert new.move_bound.moved <= moved
        assert new.verify().ok
    least = frontier.corners[0].moved
    if least:
        with pytest.raises(NoSolutionError, match="have to move"):
            old.repair(gone, max_moves=least - 1)
        with pytest.raises(NoSolutionError, match="have to move"):
            frontier.bound(least - 1)
    assert str(frontier).count("\n") == len(frontier.corners)


def max_coverage(points: np.ndarray) -> int:
    """Return how many can be paired at most."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(points > -(2**31), maximize=True)
    return int((points[rows, columns] > -(2**31)).sum())


def bonus_of(matching: tm.Matching) -> int:
    """Return what a matching has for kept pairs."""
    terms = matching._compiled.criteria
    i, j = matching._taken()
    return sum(
        int(term.points(i, j).astype(np.int64).sum())
        for part, (_, term) in zip(matching.policy.criteria, terms, strict=True)
        if part.name == "kept pair"
    )


def test_a_bonus_is_no_preference():
    """Blocking pairs go by the other points; procedures, and proofs of guarantees, refuse it in words."""
    old = tm.match(*tm.datasets.sample())
    new = old.repair(c.PartnerLeaves(old.pairs.right_id[0]), 50_000)
    plain = tm.match(new.left, new.right, old.policy)
    moved = replace(plain, mate=new.mate)
    assert new.blocking_pairs().count == moved.blocking_pairs().count
    assert str(new.metrics())
    procedures = [tm.mechanisms.greedy(), tm.mechanisms.stable(), tm.mechanisms.rank_maximal(ranks=2)]
    for mechanism in (*procedures, tm.mechanisms.serial_dictatorship(seed=1)):
        with pytest.raises(InputError, match="gives a bonus to single pairs"):
            tm.match(new.left, new.right, new.policy, mechanism=mechanism)
    terms = compiled(new.left, new.right, new.policy).terms
    found = check_stability(terms, new.constraints, new.mate, Ranking(), threads=1)
    assert not found.claims[0].ok


def test_a_forked_process_repairs_though_another_thread_was_at_it():
    """The lock of the market is held when the process forks; the child repairs, to the same numbers."""
    old = tm.match(*tm.datasets.synthetic(60, 150, seed=2))
    gone = c.PartnerLeaves(old.right.ids[old.mate[0]])
    expected = old.repair(gone)
    with live_of(old, Control(threads=1)).lock.taken(Control()):
        child = os.fork()
        if child == 0:
            os._exit(0 if old.repair(gone).seal == expected.seal else 1)
    for _ in range(600):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.05)
    else:
        os.kill(child, signal.SIGKILL)
        pytest.fail("the child waits for a thread that was not forked")
    assert os.waitstatus_to_exitcode(status) == 0


def test_the_bonus_of_a_repair_goes_though_the_policy_gives_the_same_pairs_one(monkeypatch):
    """Where a policy rewards kept partners too, a repair without a bonus takes the earlier one back."""
    left, right = tm.datasets.synthetic(40, 90, seed=3)
    first = tm.match(left, right)
    partners = [None if j < 0 else str(first.right.ids[j]) for j in first.mate]
    frame = first.left.table.append_column("kept_partner", [partners])
    policy = tm.policies.systematic_twinning()
    policy = replace(policy, criteria=(*policy.criteria, p.Kept(700)))
    old = tm.match(tm.Schools.from_frame(frame), right, policy)
    one = old.repair([], 20_000)
    two = one.repair([])
    assert two.step_certificate is not None
    assert two.objective == afresh(monkeypatch, one, [], 0).objective == old.objective
    assert two.verify().ok


def test_a_year_goes_on_after_its_last_partner_left():
    """A table without rows is repaired like any other: nobody has a partner, and the proof says so."""
    left, right = tm.datasets.synthetic(1, 1)
    alone = tm.match(left, right, POLICY).repair(c.PartnerLeaves(right.ids[0]))
    after = alone.repair([]).repair(c.SchoolLeaves(left.ids[0]))
    assert (alone.coverage, after.coverage, len(after.left), len(after.right)) == (0, 0, 0, 0)
    assert alone.repair([]).verify().ok
    assert after.repair([]).verify().ok


def test_settings_that_are_counted_in_two_ways_are_counted_again():
    """No column holds what two radii find: where neighbours leave, the repair is made afresh."""
    left, right = tm.datasets.sample()
    policy = tm.policies.systematic_twinning()
    others = tuple(one for one in policy.criteria if not isinstance(one, p.SameSetting))
    ways = (p.SameSetting(75_000, radius_km=300.0, rural_below=30, name="far"),)
    ways += (p.SameSetting(75_000, radius_km=100.0, rural_below=5, name="near"),)
    old = tm.match(left, right, replace(policy, criteria=(*others, *ways)))
    pairs = old.pairs
    for row in range(0, 120, 15):
        gone = [c.PartnerLeaves(pairs["right_id"][row]), c.SchoolLeaves(pairs["left_id"][row + 1])]
        assert old.repair(gone).verify().ok


def test_places_beyond_everybody_cost_nothing():
    """A partner with places for the whole world has one for each school, and one that stays empty."""
    old = tm.match(*tm.datasets.synthetic(60, 150, seed=4))
    new = old.repair(c.CapacityChanges(old.right.ids[3], 2**31 - 1))
    assert new.step_certificate is not None
    assert new.objective == tm.match(new.left, new.right, right_capacity=new.right_capacity).objective
    everywhere = tm.match(new.left, new.right, right_capacity=2**31 - 1)
    assert everywhere.prepare()
    after = everywhere.repair(c.PartnerLeaves(everywhere.right.ids[everywhere.mate[0]]))
    assert after.verify().ok


def test_whoever_waits_for_a_market_listens_to_deadline_and_cancel():
    """A repair whose turn does not come ends when its time does, with what the plain way has by then."""
    old = tm.match(*tm.datasets.synthetic(60, 150, seed=2))
    gone = c.PartnerLeaves(old.right.ids[old.mate[0]])
    cancel = threading.Event()
    with live_of(old, Control(threads=1)).lock.taken(Control()):
        threading.Timer(0.2, cancel.set).start()
        late = [old.repair(gone, deadline=0.2), old.repair(gone, cancel=cancel)]
    assert [str(one.limit) for one in late] == ["DEADLINE", "CANCELLED"]
    assert old.repair(gone).gap == 0


def test_loading_a_matching_listens_to_the_deadline():
    """A first repair compiles and checks before it begins: that is part of its time."""
    old = tm.match(*tm.datasets.synthetic(60, 150, seed=2))
    live = live_of(old, Control(threads=1, deadline=1e9))
    assert live is not None
    del old.__dict__["_live"]
    old.__dict__.pop("last_certificate", None)
    with pytest.raises(Stopped):
        live_of(old, Control(threads=1, deadline=0.0))


def test_few_bonuses_are_remembered_and_none_from_before_it_was_prepared():
    """What a bonus makes of the standing is kept for some bonuses, at the prices that are prepared."""
    old = tm.match(*tm.datasets.synthetic(60, 150, seed=2))
    gone = c.PartnerLeaves(old.right.ids[old.mate[0]])
    for bonus in range(1, 40):
        old.repair(gone, bonus)
    live = live_of(old, Control(threads=1))
    assert 0 < len(live.rewarded) <= 8
    old.prepare()
    assert not live.rewarded


def test_a_rival_whose_pair_is_vetoed_is_no_defect_of_the_proof(caplog):
    """Where schools compete for places that are all taken, a veto between two of them is answered afresh."""
    left, right = tm.datasets.synthetic(30, 20, seed=1)
    old = tm.match(left, right)
    i = int(np.flatnonzero(old.witness_left & (old.mate >= 0))[0])
    new = old.repair(c.PairVetoed(old.left.ids[i], old.right.ids[old.mate[i]]))
    assert new.verify().ok
    assert not [one for one in caplog.records if "refused" in one.message]


def test_a_matching_that_was_repaired_travels_to_another_process():
    """The market of this process stays here; everything else is pickled and copied."""
    old = tm.match(*tm.datasets.synthetic(60, 150, seed=2))
    new = old.repair(c.PartnerLeaves(old.right.ids[old.mate[0]]))
    for one in (old, new):
        there = pickle.loads(pickle.dumps(one))
        assert there.seal == one.seal == copy.deepcopy(one).seal
        assert there.repair([]).gap == 0


def test_a_school_with_a_second_partner_keeps_the_first():
    """The frontier counts pairs that stay, also where a repair gives schools several."""
    left, right = (one.take(range(n)) for one, n in zip(tm.datasets.sample(), (20, 30), strict=True))
    policy = tm.policies.systematic_twinning()
    two = replace(policy, quotas=(p.PartnersPerSchool("two", side="left", most=2),))
    old = tm.match(left, right, two)
    names = {"id": ["00A", "00B", "00C"], "country": ["DE"] * 3, "levels": ["1;2;3"] * 3}
    join = c.PartnerJoins({**names, "languages": ["en;fr;de"] * 3}, capacity=[8, 8, 8])
    found = old.stability_frontier(join)
    assert all(one.least <= one.most for one in found.corners)
    assert found.corners[-1].points == old.repair(join).objective
    with pytest.raises(InputError, match="moved"):
        found.bound("a")


def test_few_moves_are_asked_for_in_words():
    """A number that is none, a bonus besides, and a mechanism that counts no points are refused together."""
    old = tm.match(*tm.datasets.synthetic(6, 9, seed=1))
    with pytest.raises(InputError, match="max_moves"):
        old.repair([], max_moves=-1)
    with pytest.raises(InputError, match="Give one of the two"):
        old.repair([], 10, max_moves=1)


def test_moves_of_a_mechanism_that_counts_no_points_are_refused_by_their_own_name():
    """Neither a bonus nor a number that nobody gave is blamed."""
    old = tm.match(*tm.datasets.synthetic(6, 9, seed=1), mechanism=tm.mechanisms.leximin())
    for ask in (lambda: old.repair([], max_moves=1), lambda: old.stability_frontier([])):
        with pytest.raises(InputError, match="leximin does not find the most points") as caught:
            ask()
        assert "keep_bonus" not in str(caught.value)


def test_a_criterion_called_like_the_bonus_stands_beside_it():
    """The criterion that a repair adds takes a name that is free."""
    policy = replace(POLICY, criteria=(*POLICY.criteria, p.SizeSimilarity(7, name="kept pair")))
    old = tm.match(*tm.datasets.synthetic(6, 9, seed=1), policy)
    new = old.repair([], 10).repair([], 20)
    assert [one.name for one in new.policy.criteria][-1] == "kept pair (2)"
    assert new.verify().ok


def test_a_setting_that_was_counted_stays_when_neighbours_leave():
    """A school is urban by the schools around it, and stays so when one of them drops out of twinning."""
    policy = tm.Policy(criteria=[p.SameSetting(300, radius_km=5.0, rural_below=3)])
    place = {"levels": ["1"] * 3, "lat": [48.0] * 3, "lon": [2.0] * 3}
    left = tm.Schools.from_frame(_frame({"id": ["A", "B", "C"], "country": ["FR"] * 3, **place}))
    right = tm.Schools.from_frame(_frame({"id": ["X", "Y", "Z"], "country": ["DE"] * 3, **place}))
    old = tm.match(left, right, policy)
    assert old.pairs["points"].tolist() == [300] * 3
    new = old.repair([c.SchoolLeaves("A"), c.PartnerLeaves("X")])
    assert new.left.strings("setting").tolist() == ["urban"] * 2
    assert new.pairs["points"].tolist() == [300] * 2
    assert new.verify().ok
    assert pinned(new.left, policy) is new.left


def _frame(columns: dict):
    import pandas as pd

    return pd.DataFrame(columns)
