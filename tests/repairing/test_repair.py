"""Repairs: equal to the best of all matchings of the new tables, the bonus counted, and proven."""

from __future__ import annotations

import datetime
import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twinmatch as tm
from tests.changes.worlds import POLICY, TODAY, World, after, is_possible, random_changes, world
from twinmatch.compiler import compiled
from twinmatch.errors import InputError, PolicyError
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.repairing.stating import BONUS, FORMER_COLUMN

c, p = tm.changes, tm.policies


def pairs_of(matching: tm.Matching) -> set[tuple[str, str]]:
    """Return who is paired with whom."""
    i, j = matching._taken()
    return set(zip(matching.left.ids[i].tolist(), matching.right.ids[j].tolist(), strict=True))


def best(now: World, rewarded: set[tuple[str, str]], bonus: int) -> tuple[int, int]:
    """Return coverage, and points with the bonus, of the best of all matchings, by trying each."""
    left, right = now.tables
    points = compiled(left, right, POLICY).terms.points(
        np.arange(len(left))[:, None], np.arange(len(right))[None, :]
    )
    places, names = now.places, (left.ids.tolist(), right.ids.tolist())
    locked = {names[0].index(a): names[1].index(b) for a, b in now.must}
    found = (-1, 0)
    options = []
    for i, a in enumerate(names[0]):
        open_ = [
            j for j, b in enumerate(names[1]) if points[i, j] != FORBIDDEN and (a, b) not in now.must_not
        ]
        options.append([locked[i]] if i in locked else [-1, *open_])
    for mate in itertools.product(*options):
        taken = [j for j in mate if j >= 0]
        if all(taken.count(j) <= places[j] for j in set(taken)):
            worth = sum(
                int(points[i, j]) + bonus * ((names[0][i], names[1][j]) in rewarded)
                for i, j in enumerate(mate)
                if j >= 0
            )
            found = max(found, (len(taken), worth))
    return found


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_sequence_of_repairs_is_the_best_of_all_matchings(seed):
    """After any changes, coverage and points with the bonus are those of the best matching, verified."""
    rng = np.random.default_rng(seed)
    now = world(seed)
    matching = tm.match(*now.tables, POLICY)
    for _ in range(3):
        changes = random_changes(rng, now)
        then = after(now, changes)
        if not is_possible(then):
            continue
        bonus = int(rng.choice([0, 40, 500, 20_000]))
        old = pairs_of(matching)
        new = matching.repair(changes, bonus, today=TODAY)
        assert (new.coverage, new.objective) == best(then, old - then.over, bonus)
        assert new.gap == 0
        certificate = new.verify()
        assert certificate.ok, certificate
        assert new.left.table.select(then.tables[0].columns) == then.tables[0].table
        assert new.left.has(FORMER_COLUMN) == bool(bonus)
        assert {one.pair for one in new.pending if one.on is None} == then.over & pairs_of(new)
        now, matching = then._replace(over=then.over & pairs_of(new)), new


def sample(**options):
    """Return the matching of the bundled sample."""
    return tm.match(*tm.datasets.sample(), **options)


def test_a_repair_equals_a_match_from_scratch():
    """Tables and policy of a repaired matching, matched from scratch, give the same numbers."""
    old = sample()
    gone = [c.PartnerLeaves(name) for name in old.pairs.right_id[:3]]
    for bonus in (0, 30_000):
        new = old.repair(gone, bonus)
        fresh = tm.match(new.left, new.right, new.policy, right_capacity=new.right_capacity)
        assert (new.coverage, new.objective, new.bound) == (fresh.coverage, fresh.objective, fresh.bound)
        assert new.fingerprints == fresh.fingerprints
        assert new.verify().ok


def test_the_more_a_kept_pair_is_worth_the_fewer_move():
    """Kept pairs do not fall with the bonus, points do not rise, a large one moves only whom it must."""
    old = sample()
    gone = c.PartnerLeaves(old.pairs.right_id[0])
    diffs = [old.repair(gone, bonus).diff(old) for bonus in (0, 1_000, 30_000, 1_000_000)]
    kept = [diff.counts["kept"] for diff in diffs]
    points = [diff.points_after for diff in diffs]
    assert kept == sorted(kept)
    assert kept[-1] == 199
    assert points == sorted(points, reverse=True)
    assert [diff.bonus for diff in diffs] == [
        bonus * count for bonus, count in zip((0, 1_000, 30_000, 1_000_000), kept, strict=True)
    ]


def test_the_bonus_is_a_criterion_and_goes_with_the_next_repair():
    """One criterion says what keeping is worth; the next repair replaces it, or takes it out."""
    old = sample()
    one = old.repair([], 500)
    two = one.repair([], 700)
    assert [part.weight for part in two.policy.criteria if part.name == BONUS] == [700]
    assert two.pairs[BONUS].tolist() == [700] * 200
    zero = two.repair([])
    assert zero.policy == old.policy
    assert zero.left == old.left
    assert zero.fingerprints == old.fingerprints
    theirs = replace(old.policy, criteria=(*old.policy.criteria, p.Kept(9, optional=True)))
    assert sample(policy=theirs).repair([], 500).policy.criteria[-2] == p.Kept(9, optional=True)


def test_an_agreement_that_is_over_earns_no_bonus():
    """From its end on a pair is neither locked nor rewarded, in all later repairs, until it is renewed."""
    old = sample()
    waiting = old.standby(1)
    left = waiting.left_id[waiting.loss.idxmax()]  # any other partner costs something: the pair stays
    right = old.pairs.set_index("left_id").right_id[left]
    day = TODAY + datetime.timedelta(9)
    one = old.repair(c.PairRenewed(left, right, until=day), 500, today=TODAY)
    assert one.pending == (c.AgreementExpires(left, right, on=day),)
    assert one.repair([], 500).pairs[BONUS].min() == 500
    two = one.repair([], 500, today=day)
    assert two.pairs.set_index("left_id")[BONUS][left] == 0
    assert two.pending == (c.AgreementExpires(left, right),)
    three = two.repair([], 500)
    assert three.pairs.set_index("left_id")[BONUS][left] == 0
    renewed = three.repair(c.PairRenewed(left, right), 500)
    assert renewed.pairs.set_index("left_id")[BONUS][left] == 500
    assert renewed.pending == ()
    other = next(name for name in old.right.ids if name != right)
    idle = old.repair(c.AgreementExpires(left, other))
    assert idle.pending == ()  # that pair does not stand
    assert idle.repair_notes == (f"{left} and {other} had no agreement that could end, and were no pair.",)
    assert idle.diff(old).notes == idle.repair_notes
    ends = [
        c.AgreementExpires(left, right),
        c.PairLocked(left, other),
        c.AgreementExpires(left, other, on=day),
    ]
    assert old.repair(iter(ends), today=TODAY).repair_notes == ()
    assert one.repair(c.AgreementExpires(left, right)).repair_notes == ()
    gone = two.repair(c.PairVetoed(left, right))
    assert gone.pending == ()


def test_schools_with_several_partners_keep_each():
    """Where left schools have several partners, each kept pair counts once."""
    now = world(11)
    now = now._replace(right={name: {**one, "capacity": 2} for name, one in now.right.items()})
    policy = replace(POLICY, quotas=(p.PartnersPerSchool("two", side="left", most=2),))
    old = tm.match(*now.tables, policy)
    new = old.repair([], 50)
    assert len(pairs_of(old)) > old.coverage
    assert pairs_of(new) == pairs_of(old)
    assert new.objective == old.objective + 50 * len(pairs_of(old))
    assert new.verify().ok
    assert new.diff(old).counts["kept"] == len(pairs_of(old))
    gone = old.repair(c.PartnerLeaves(sorted(pairs_of(old))[0][1]), 50)
    assert gone.verify().ok


@pytest.mark.parametrize("quotas", [(p.QuotaPer("cap", right=["country"], at_most_share=0.4),), ()])
@pytest.mark.parametrize("coverage", ["first", "points"])
def test_quotas_are_kept_to_as_from_scratch(quotas, coverage):
    """Under caps, and where points come first, a repair is what a match from scratch is."""
    old = sample(policy=replace(p.systematic_twinning(), quotas=quotas, coverage=coverage))
    new = old.repair([c.PartnerLeaves(old.pairs.right_id[0]), c.SchoolLeaves(old.left.ids[9])], 20_000)
    fresh = tm.match(new.left, new.right, new.policy)
    assert new.objective == fresh.objective
    assert new.gap == 0
    assert new.verify().ok


@pytest.mark.parametrize("name", [one for one in tm.mechanisms.NAMES if one != "most_points"])
def test_other_mechanisms_are_carried_out_again_and_give_no_bonus(name):
    """A repair keeps the mechanism; a bonus is for the one that finds the most points."""
    fr, eu = tm.datasets.sample()
    old = tm.match(fr.take(range(40)), eu.take(range(60)), mechanism=tm.mechanisms.named(name))
    new = old.repair(c.PartnerLeaves(old.pairs.right_id[0]))
    assert new.mechanism.name == name
    fresh = tm.match(new.left, new.right, new.policy, mechanism=tm.mechanisms.named(name))
    assert pairs_of(new) == pairs_of(fresh)
    assert new.verify().ok
    with pytest.raises(InputError, match=f"{name} does not find the most points"):
        old.repair([], keep_bonus=5)


def test_where_it_comes_from_is_told():
    """A repaired matching names the seal of the one before, the changes, the bonus and the day."""
    from twinmatch.ancestry import Parent

    old = sample()
    changes = [c.SchoolLeaves(old.left.ids[0]), c.SchoolLeaves(old.left.ids[1])]
    new = old.repair(changes, 7, today=TODAY)
    assert old.parent is None
    assert new.parent == Parent(old.seal, c.digest_of(changes), 7, TODAY)
    assert Parent.from_dict(new.parent.to_dict()) == new.parent
    assert old.repair(iter(changes), 7, today=TODAY).parent == new.parent


def test_what_cannot_be_is_refused_in_words():
    """Options out of range, and locks that a rule forbids, are errors; places for nobody are a value."""
    old = sample()
    for wrong in (-1, 2**24 + 1, 1.5, True, "1"):
        with pytest.raises(InputError, match="keep_bonus"):
            old.repair([], wrong)
    with pytest.raises(InputError, match="deadline"):
        old.repair([], deadline=-1)
    terms = old._compiled.terms
    i, j = np.argwhere(terms.points(np.arange(200)[:, None], np.arange(300)[None, :]) == FORBIDDEN)[0]
    with pytest.raises(PolicyError, match="agreements"):
        old.repair(c.PairLocked(old.left.ids[i], old.right.ids[j]))
    nobody = old.repair([c.PartnerLeaves(name) for name in old.right.ids.tolist()])
    assert nobody.coverage == 0
    stopped = old.repair([], deadline=0)
    assert stopped.limit is tm.Limit.DEADLINE


def test_numbers_and_days_of_other_libraries_are_pythons_here_too():
    """A bonus and moves of NumPy, and a Timestamp for a day, make the same question."""
    old = sample()
    gone = c.PartnerLeaves(old.pairs.right_id[0])
    one = old.repair(gone, np.int64(700), today=pd.Timestamp(TODAY))
    two = old.repair(gone, 700, today=TODAY)
    assert one.parent == two.parent
    assert type(one.parent.today) is datetime.date
    assert one.seal == two.seal
    assert old.repair(gone, max_moves=np.int32(3)).move_bound == old.repair(gone, max_moves=3).move_bound
    with pytest.raises(InputError, match="today: must be a date"):
        old.stability_frontier(gone, today=pd.Timestamp("2026-10-01 09:00"))
