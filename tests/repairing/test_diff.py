"""What is different between two matchings: every pair is told once, on a screen and as plain values."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twinmatch as tm
from tests.changes.worlds import POLICY, TODAY, after, is_possible, random_changes, world
from tests.repairing.test_repair import pairs_of
from twinmatch.errors import InputError

c, p = tm.changes, tm.policies


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_pair_of_before_and_now_is_told_once(seed):
    """Kept, moved, lost and those of schools that left are all pairs of before; so with those of now."""
    rng = np.random.default_rng(seed)
    now = world(seed)
    policy = (
        replace(POLICY, quotas=(p.PartnersPerSchool("two", side="left", most=2),)) if seed % 2 else POLICY
    )
    old = tm.match(*now.tables, policy)
    changes = random_changes(rng, now)
    if not is_possible(after(now, changes)):
        return
    new = old.repair(changes, int(rng.choice([0, 300])), today=TODAY)
    diff = new.diff(old)
    rows = diff.rows
    kept = {row[:2] for row in rows["kept"]}
    before = kept | {row[:2] for row in rows["moved"]} | {row[:2] for row in rows["lost"]}
    gone = {name for side, name in rows["gone"] if side == "left"}
    assert before | {pair for pair in pairs_of(old) if pair[0] in gone} == pairs_of(old)
    after_ = kept | {(row[0], row[2]) for row in rows["moved"]} | {row[:2] for row in rows["paired"]}
    assert after_ == pairs_of(new)
    assert kept == pairs_of(old) & pairs_of(new)
    assert len(rows["kept"]) + len(rows["moved"]) + len(rows["paired"]) == len(pairs_of(new))
    assert diff.points_before == old.objective
    assert diff.points_after + diff.bonus == new.objective
    assert diff.points_change == diff.points_after - diff.points_before
    assert {name for side, name in rows["joined"] if side == "right"} == set(new.right.ids) - set(
        old.right.ids
    )
    for row in rows["lost"]:
        assert row[0] not in gone
        assert row[3] == (row[1] not in new.right.ids)
    places = dict(zip(new.right.ids.tolist(), new.right_capacity.tolist(), strict=True))
    assert all(places[name] == now_ != was for name, was, now_ in rows["places"])
    assert json.loads(json.dumps(diff.to_dict()))["counts"] == diff.counts
    back = old.diff(new)
    assert back.counts["kept"] == diff.counts["kept"]
    assert (back.counts["gone"], back.counts["joined"]) == (diff.counts["joined"], diff.counts["gone"])


def sample_diff():
    old = tm.match(*tm.datasets.sample())
    new = old.repair([c.PartnerLeaves(old.pairs.right_id[0]), c.CapacityChanges(old.right.ids[5], 3)], 2_000)
    return new.diff(old)


def test_the_screen_has_the_numbers_and_fits():
    """Printed, a difference is at most 45 lines of at most 100 columns, with its counts in words."""
    diff = sample_diff()
    lines = repr(diff).splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 100
    assert f"{diff.counts['kept']:,} pairs kept, {diff.counts['moved']:,} moved; OPTIMAL, gap 0" in lines[0]
    assert str(diff) == repr(diff)
    assert any(
        line.split()[:3] == ["points", f"{diff.points_after:,}", f"{diff.points_change:+,}"] for line in lines
    )


def test_a_notebook_gets_the_same():
    """The HTML form has every number of the text, escaped."""
    diff = sample_diff()
    page = diff._repr_html_()
    for number in (diff.points_after, diff.bonus, diff.counts["kept"]):
        assert f"{number:,}" in page
    strange = replace(diff, notes=("<b>&",))
    assert "&lt;b&gt;&amp;" in strange._repr_html_()


def test_a_difference_of_one_matching_with_itself_is_nothing():
    """Everything is kept, and nothing else is told."""
    old = tm.match(*tm.datasets.sample())
    diff = old.diff(old)
    assert diff.counts == {**dict.fromkeys(diff.counts, 0), "kept": 200}
    assert diff.points_change == diff.bonus == 0


def test_frames_are_of_the_callers_kind():
    """Frames come as the tables came, empty ones with their types."""
    polars = pytest.importorskip("polars")
    fr, eu = (tm.Schools.from_frame(polars.from_arrow(one.table)) for one in tm.datasets.sample())
    old = tm.match(fr, eu)
    diff = old.diff(old)
    assert isinstance(diff.kept, polars.DataFrame)
    assert diff.lost.schema["points"] == polars.Int64
    assert diff.lost.schema["partner_left"] == polars.Boolean
    with pytest.raises(InputError, match="must be a matching"):
        old.diff("old")


def test_over_booking_shows_as_places():
    """Partners that may have more pairs than before are told."""
    old = tm.match(*tm.datasets.sample())
    policy = replace(old.policy, quotas=(p.Overbooking(0.5),))
    new = tm.match(old.left, old.right, policy)
    diff = new.diff(old)
    assert diff.counts["places"] == 300
    assert set(diff.places.places_after) == {2}
    assert "300  partners that may have more or fewer pairs" in repr(diff)


def test_what_a_repair_ended_is_told_against_the_matching_before():
    """A lock that went with its school and what is assumed no longer are notes; so they are in a notebook."""
    old = tm.match(*tm.datasets.sample())
    locks = [c.PairLocked(*pair) for pair in zip(old.pairs.left_id[:6], old.pairs.right_id[:6], strict=True)]
    locked = old.repair(locks)
    new = locked.repair([c.PartnerLeaves(one.right_id) for one in locks])
    diff = new.diff(locked)
    assert len(diff.notes) == 6
    assert all("need not be paired any more" in note for note in diff.notes)
    assert "and 2 more of the kind" in str(diff)
    assert "and 2 more of the kind" in diff._repr_html_()
    assert new.diff(old).notes == ()


def test_the_screen_says_why_a_pair_is_lost_and_that_no_more_is_possible():
    """Of each lost pair, why it is no more; and that no pairing covers more schools."""
    left = tm.Schools.from_frame({"id": ["L1", "L2", "L3"], "country": ["FR"] * 3, "size": [9] * 3})
    right = tm.Schools.from_frame({"id": ["R1", "R2", "R3"], "country": ["IT"] * 3, "size": [9, 5, 1]})
    old = tm.match(left, right, tm.Policy(criteria=(p.SizeSimilarity(1_000),)))
    partner = dict(zip(old.pairs.left_id, old.pairs.right_id, strict=True))

    def told(*changes):
        return str(old.repair(list(changes), 100_000).diff(old))

    text = told(c.PartnerLeaves(partner["L1"]))
    assert f"lost: school, partner before, why\n    L1  {partner['L1']}  the partner left" in text
    assert "-1 schools with a partner; as many as any pairing can have" in text
    assert "the partner has fewer places" in told(c.CapacityChanges(partner["L2"], 0))
    moved = told(c.PartnerLeaves(partner["L1"]), c.PairLocked("L1", partner["L2"]))
    assert f"L2  {partner['L2']}  the partner has another school" in moved
    assert "the two are paired no more" in told(*(c.PairVetoed("L1", one) for one in right.ids))
    greedy = tm.match(left, right, old.policy, mechanism=tm.mechanisms.greedy())
    assert "any pairing" not in str(greedy.diff(old))
