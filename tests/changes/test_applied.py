"""What changes make of tables, places and policy: against plain rows, and everything that is refused."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twinmatch as tm
from tests.changes.worlds import POLICY, TODAY, World, after, is_possible, random_changes, table, world
from twinmatch.changing.agreed import locked_pairs, vetoed_pairs
from twinmatch.changing.rows import MOST_PIECES
from twinmatch.errors import InputError

c, p = tm.changes, tm.policies


def apply(now: World, changes, policy=POLICY, today=TODAY, pending=()):
    left, right = now.tables
    return c.applied(left, right, now.places, policy, changes, today, pending=pending)


def faults_of(now: World, changes, **options):
    with pytest.raises(InputError) as caught:
        apply(now, changes, **options)
    return str(caught.value)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_changes_do_to_tables_what_they_do_to_rows(seed):
    """Any changes in any order, thrice over, leave the tables, places, locks and vetoes of plain rows."""
    rng = np.random.default_rng(seed)
    now, policy, pending = world(seed), POLICY, ()
    for _ in range(3):
        changes = random_changes(rng, now)
        then = after(now, changes)
        if not is_possible(then):
            continue
        left, right = now.tables
        found = apply(now, changes, policy, pending=pending)
        again = apply(now, list(rng.permutation(np.array(changes, object))), policy, pending=pending)
        assert found.policy == again.policy
        assert found.pending == again.pending
        wanted_left, wanted_right = then.tables
        for one in (found, again):
            assert one.left == wanted_left
            assert one.right == wanted_right
            assert one.left.fingerprint() == wanted_left.fingerprint()
            np.testing.assert_array_equal(one.capacity, then.places)
            np.testing.assert_array_equal(one.left.ids, wanted_left.ids)
            np.testing.assert_array_equal(one.left.levels, wanted_left.levels)
        for old, new, rows, changed in (
            (left, found.left, found.left_rows, found.left_changed),
            (right, found.right, found.right_rows, found.right_changed),
        ):
            for row, name in zip(rows, new.ids, strict=True):
                assert (old.ids[row] == name) if row >= 0 else (name not in old.ids)
            touched = {one.school_id for one in changes if isinstance(one, c.SectionOpens)}
            assert set(new.ids[changed]) == touched & set(new.ids)
        assert locked_pairs(found.policy) == then.must
        assert vetoed_pairs(found.policy) == then.must_not
        assert {one.pair: one.on for one in found.pending if one.on is not None} == then.later
        assert found.lapsed == then.over
        now, policy, pending = then, found.policy, found.pending


def test_what_does_not_change_is_the_old_object():
    """A drop-out leaves the left table and the policy alone, and copies no column of the right one."""
    now = world(1)
    left, right = now.tables
    found = c.applied(left, right, now.places, POLICY, c.PartnerLeaves("R2"))
    assert found.left is left
    assert found.policy is POLICY
    assert found.right_rows.tolist() == [0, 1, 3, 4]
    assert found.pending == found.notes == ()
    same = c.applied(left, right, now.places, POLICY, [])
    assert same.right is right


def test_nothing_that_was_remembered_of_the_old_table_is_told_of_the_new_one():
    """Orders, texts and digests that were worked out before are those of the new table afterwards."""
    now = replace_places(world(1), 1)
    now.right["R1"]["languages"] = "en"
    left, right = now.tables
    for one in (left, right):
        one.sorted_by_id(), one.strings("languages"), one.numbers("size"), one.fingerprint()
    right.numbers("capacity")
    changes = [c.SectionOpens("right", "R1", "es"), c.CapacityChanges("R1", 2), c.SchoolLeaves("L0")]
    found = c.applied(left, right, now.places, POLICY, changes)
    assert found.right.strings("languages")[1] == "en;es"
    assert found.right.numbers("capacity")[1] == 2
    assert found.right.sorted_by_id()[0] == found.right
    assert found.right.fingerprint() != right.fingerprint()
    assert found.left.fingerprint() != left.fingerprint()
    assert len(found.left.numbers("size")) == len(found.left.strings("languages")) == len(left) - 1


def test_pieces_are_joined_after_some_dozens_of_changes():
    """However many changes there were, columns stay in few pieces, and what was worked out stays right."""
    schools = table({f"R{k:04}": {**world(0).right["R0"], "id": f"R{k:04}"} for k in range(400)}, "right")
    left, places = world(0).tables[0], np.ones(400, np.int64)
    assert schools.levels.all()
    for k in range(0, 300, 2):
        found = c.applied(left, schools, places, POLICY, c.PartnerLeaves(f"R{k:04}"))
        schools, places = found.right, found.capacity
        assert max(schools.table[name].num_chunks for name in schools.columns) <= MOST_PIECES
    assert schools.ids.tolist() == schools.table["id"].to_pylist()
    assert len(schools) == len(schools.levels) == len(places) == 250
    some = [c.PartnerLeaves(name) for name in schools.ids[::2].tolist()]
    assert c.applied(left, schools, places, POLICY, some).right.ids.tolist() == schools.ids[1::2].tolist()


def test_everything_that_is_wrong_comes_at_once():
    """Unknown, misplaced, leaving, joining and contradicting schools and pairs are told in one error."""
    now = world(2)
    text = faults_of(
        now,
        [
            c.PairLocked("L0", "R0"),
            c.PairVetoed("L0", "R0"),
            c.SchoolLeaves("L1"),
            c.PairLocked("L1", "R1"),
            c.PartnerLeaves("L2"),
            c.SchoolLeaves("L22"),
            c.SchoolJoins({"id": ["L3", "L9", "L1"], "country": ["FR"] * 3}),
            c.SchoolJoins({"id": "L9", "country": "FR"}),
            c.PartnerJoins({"id": "R9", "country": "IT"}),
            c.CapacityChanges("R9", 2),
            c.CapacityChanges("R3", 1),
            c.CapacityChanges("R3", 2),
            c.PairFreed("L2", "R4"),
            "R1",
        ],
    )
    for words in (
        "changes[13]: must be a change, not str",
        "'L0' and 'R0': gets 2 changes that contradict each other: pair locked and pair vetoed",
        "PairLocked('L1', 'R1'): 'L1' leaves with these changes",
        "PartnerLeaves('L2'): 'L2' is a left school, and a right school is asked for",
        "there is no 'L22' in the left table. The nearest ids are 'L2'",
        "'L3' is in the left table already",
        "'L1' leaves and joins at once",
        "'L9' joins twice",
        "'R9' joins with these changes",
        "CapacityChanges('R3'): is given twice, with 2 and other places",
        "PairFreed('L2', 'R4'): the pair is neither locked nor vetoed",
    ):
        assert words in text, text
    for wrong in ("R1", {"kind": "x"}, 5):
        assert "must be a change or a list of changes" in faults_of(now, wrong)
    assert "is given 2 times" in faults_of(now, [c.SchoolLeaves("L1"), c.SchoolLeaves("L1")])
    assert "today: must be a date" in faults_of(now, [], today="today")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (c.PairLocked, c.PairRenewed),
        (c.PairVetoed, c.PairFreed),
        (c.PairLocked, c.PairFreed),
        (c.PairLocked, c.AgreementExpires),
        (c.PairVetoed, c.AgreementExpires),
        (c.PairRenewed, lambda a, b: c.AgreementExpires(a, b, on=TODAY)),
        (
            lambda a, b: c.AgreementExpires(a, b, on=TODAY + datetime.timedelta(9)),
            lambda a, b: c.AgreementExpires(a, b, on=TODAY + datetime.timedelta(8)),
        ),
        (
            lambda a, b: c.PairRenewed(a, b, until=TODAY + datetime.timedelta(9)),
            lambda a, b: c.AgreementExpires(a, b, on=TODAY + datetime.timedelta(8)),
        ),
    ],
)
def test_two_words_about_one_pair_contradict_each_other(one, other):
    """A pair gets one word, or a lock and the later day on which it ends."""
    assert "contradict" in faults_of(world(3), [one("L0", "R0"), other("L0", "R0")])


def test_a_lock_and_its_end_go_together():
    """A lock with a later end in the same call is a renewal until then."""
    day = TODAY + datetime.timedelta(30)
    both = apply(replace_places(world(3)), [c.PairLocked("L0", "R0"), c.AgreementExpires("L0", "R0", on=day)])
    one = apply(replace_places(world(3)), [c.PairRenewed("L0", "R0", until=day)])
    assert both.policy == one.policy
    assert both.pending == one.pending == (c.AgreementExpires("L0", "R0", on=day),)


def replace_places(now: World, places: int = 2) -> World:
    """Return a world in which every partner has some places."""
    return now._replace(right={name: {**one, "capacity": places} for name, one in now.right.items()})


def test_more_locks_than_places_are_refused():
    """Locked pairs of all parts of the policy count, of both sides, after places changed."""
    now = replace_places(world(4), 1)
    two = [c.PairLocked("L0", "R0"), c.PairLocked("L0", "R1")]
    assert "left school 'L0': has 2 locked pairs, and 1 partner at most" in faults_of(now, two)
    old = replace(POLICY, quotas=(p.LockedPairs("since 2019", [("L1", "R0")]),))
    text = faults_of(now, [c.PairLocked("L0", "R0")], policy=old)
    assert "right school 'R0': has 2 locked pairs, and 1 partner at most" in text
    assert "has 1 locked pair, and 0 partners" in faults_of(now, [c.CapacityChanges("R0", 0)], policy=old)
    assert apply(now, [c.PairLocked("L0", "R0"), c.CapacityChanges("R0", 2)], policy=old).capacity[0] == 2
    several = replace(old, quotas=(*old.quotas, p.PartnersPerSchool("two", side="left", most=2)))
    assert len(locked_pairs(apply(now, two[1:], policy=several).policy)) == 2
    assert apply(now, [*two[1:], c.PairLocked("L0", "R2")], policy=several).policy
    booked = replace(old, quotas=(*old.quotas, p.Overbooking(no_answer_rate=0.5)))
    one = c.PairLocked("L0", "R0")
    assert len(locked_pairs(apply(now, one, policy=booked).policy)) == 2
    text = faults_of(now, [one, c.PairLocked("L2", "R0")], policy=booked)
    assert "right school 'R0': has 3 locked pairs, and 2 partners at most" in text


def test_the_newest_word_on_a_pair_counts():
    """A veto takes an earlier lock back and a lock an earlier veto, wherever the policy holds them."""
    now = replace_places(world(5))
    first = replace(
        POLICY,
        quotas=(p.LockedPairs("since 2019", [("L0", "R0"), ("L1", "R1")]),),
        rules=(*POLICY.rules, p.ForbiddenPairs([("L2", "R2")])),
    )
    found = apply(now, [c.PairVetoed("L0", "R0"), c.PairLocked("L2", "R2")], policy=first).policy
    assert locked_pairs(found) == {("L1", "R1"), ("L2", "R2")}
    assert vetoed_pairs(found) == {("L0", "R0")}
    assert [part.name for part in found.quotas] == ["since 2019", "agreements"]
    assert [part.name for part in found.rules][2:] == ["vetoes"]
    freed = apply(now, [c.PairFreed("L0", "R0"), c.PairFreed("L1", "R1")], policy=found).policy
    assert locked_pairs(freed) == {("L2", "R2")}
    assert not vetoed_pairs(freed)
    again = apply(now, [c.PairLocked("L1", "R1")], policy=first).policy
    assert again is first
    clash = replace(POLICY, quotas=(p.Quota("agreements", at_most=3),))
    assert apply(now, [c.PairLocked("L0", "R0")], policy=clash).policy.quotas[1].name == "agreements (2)"


def test_a_lock_goes_with_its_school_and_a_veto_stays():
    """Locks of schools that left are gone, and told; vetoes wait for their return."""
    now = replace_places(world(6))
    first = apply(now, [c.PairLocked("L0", "R0"), c.PairVetoed("L1", "R1")]).policy
    found = apply(now, [c.PartnerLeaves("R0"), c.PartnerLeaves("R1")], policy=first)
    assert not locked_pairs(found.policy)
    assert vetoed_pairs(found.policy) == {("L1", "R1")}
    assert found.notes == ("L0 and R0 need not be paired any more: R0 left.",)


def test_dates_wait_for_their_day():
    """An end in the future waits, its day ends the lock, and a word on the pair before that takes it back."""
    now = replace_places(world(7))
    day = TODAY + datetime.timedelta(30)
    first = apply(now, [c.PairRenewed("L0", "R0", until=day)])
    for today in (None, TODAY, day - datetime.timedelta(1)):
        still = apply(now, [], first.policy, today, first.pending)
        assert still.pending == first.pending
        assert still.policy is first.policy
    due = apply(now, [], first.policy, day, first.pending)
    assert due.lapsed == {("L0", "R0")}
    assert not locked_pairs(due.policy)
    assert due.notes == (f"The agreement of L0 and R0 ended on {day}.",)
    assert apply(now, [], due.policy, None, due.pending).lapsed == {("L0", "R0")}
    locked = apply(now, [c.PairLocked("L0", "R0")], due.policy, None, due.pending)
    assert locked.pending == ()
    later = c.PairRenewed("L0", "R0", until=day + datetime.timedelta(365))
    assert apply(now, [later], first.policy, day, first.pending).pending[0].on == later.until
    assert apply(now, [c.SchoolLeaves("L0")], first.policy, day, first.pending).pending == ()
    assert "has a date, and today is not given" in faults_of(now, [later], today=None)
    assert "is over: it ends on" in faults_of(now, [c.PairRenewed("L0", "R0", until=TODAY)])


@pytest.mark.parametrize(
    ("cell", "changes", "then"),
    [
        ("en;de:3", [c.SectionOpens("left", "L0", "es")], "en;de:3;es"),
        ("en;de:0", [c.SectionOpens("left", "L0", "de")], "en;de"),
        (None, [c.SectionOpens("left", "L0", "es")], "es"),
        ("en;de:3", [c.SectionCloses("left", "L0", "de")], "en"),
        ("DE:3", [c.SectionCloses("left", "L0", "de")], "de:0"),
        ("en", [c.SectionCloses("left", "L0", "en"), c.SectionOpens("left", "L0", "es")], "es"),
    ],
)
def test_sections_are_the_column_of_languages(cell, changes, then):
    """Codes come and go, pupils of the others stay, and a school that teaches none any more says so."""
    now = world(8)
    now.left["L0"]["languages"] = cell
    found = apply(now, changes)
    assert found.left.table["languages"][0].as_py() in (then, "en:0;es")
    assert bool(found.notes) == (cell is None)


def test_sections_that_are_not_so_are_refused():
    """A language that is taught cannot open, one that is not cannot close, and neither both at once."""
    now = world(9)
    now.left["L0"]["languages"] = "en;de:0"
    text = faults_of(now, [c.SectionOpens("left", "L0", "en"), c.SectionCloses("left", "L0", "de")])
    assert "'L0' teaches 'en' already" in text
    assert "'L0' does not list 'de'. It lists en." in text
    both = [c.SectionOpens("left", "L0", "es"), c.SectionCloses("left", "L0", "es")]
    assert "opens and closes" in faults_of(now, both)


def test_columns_of_those_who_join_must_fit():
    """A column that is not there is added, one of another type is refused, places follow their rule."""
    now = world(10)
    new = {"id": "R9", "country": "IT", "house": "blue", "levels": "2"}
    found = apply(now, [c.PartnerJoins(new, capacity=4)])
    assert found.right.table["house"].to_pylist() == [None] * 5 + ["blue"]
    assert found.right.table["capacity"].to_pylist()[-1] == found.capacity[-1] == 4
    assert list(found.right.columns)[-1] == "house"
    left, right = now.tables
    bare = tm.Schools.from_frame(right.table.drop_columns(["capacity"]))
    with_capacity = c.PartnerJoins({**new, "capacity": 3})
    found = c.applied(left, bare, np.full(5, 2), POLICY, with_capacity)
    assert not found.right.has("capacity")
    assert found.capacity.tolist() == [2, 2, 2, 2, 2, 3]
    other = tm.Schools.from_frame(right.table.append_column("house", [list(range(5))]))
    with pytest.raises(InputError, match="holds string, and int64 in the table"):
        c.applied(left, other, now.places, POLICY, c.PartnerJoins(new))
    wide = tm.Schools.from_frame(right.table.append_column("embedding", [[[1.0, 2.0]] * 5]))
    with pytest.raises(InputError, match="has 3 numbers, and 2"):
        c.applied(left, wide, now.places, POLICY, c.PartnerJoins({**new, "embedding": [1.0, 2.0, 3.0]}))
    assert c.applied(left, wide, now.places, POLICY, c.PartnerJoins(new)).right.table["embedding"].null_count


def test_three_words_on_one_pair_contradict_each_other():
    """Also where two of them would go together."""
    old = tm.match(*tm.datasets.synthetic(6, 9, seed=1))
    a, b = old.left.ids[0], old.right.ids[0]
    later = c.AgreementExpires(a, b, on=TODAY + datetime.timedelta(9))
    with pytest.raises(InputError, match="gets 3 changes that contradict each other"):
        old.repair([c.PairLocked(a, b), later, c.PairVetoed(a, b)], today=TODAY)


def test_tables_and_places_must_be_as_they_are_asked_for():
    """Tables that are not sorted, places of another number, and what is no policy are told at once."""
    now = world(1)
    left, right = now.tables
    with pytest.raises(InputError) as caught:
        c.applied(left.take([1, 0, 2, 3]), right, now.places[1:], "points", [], pending=[3])
    for words in (
        "left: is not sorted by id. Give left.sorted_by_id()[0]",
        "capacity: must be 5 whole numbers, one for each right school, not int64 of shape (4,)",
        "policy: must be a Policy, not str",
        "pending[0]: must be an AgreementExpires, not int",
    ):
        assert words in str(caught.value)
    for capacity in (now.places.astype(float), now.places[:, None], now.places - 9, None):
        with pytest.raises(InputError, match="capacity: must be"):
            c.applied(left, right, capacity, POLICY)
    with pytest.raises(InputError, match="left: must be Schools, not NoneType"):
        c.applied(None, right, now.places, POLICY)
    with pytest.raises(InputError, match="right: is not sorted by id"):
        c.applied(left, right.take([4, 3, 2, 1, 0]), now.places, POLICY, c.PartnerLeaves("R2"))


def test_columns_of_those_who_join_must_fit_under_each_other():
    """Own columns of two who join that no type holds, or not exactly, are told as those of the table are."""
    now = world(3)

    def joins(*values, side="left"):
        kind = c.SchoolJoins if side == "left" else c.PartnerJoins
        return [kind({"id": f"N{k}", "country": "FR", "q": value}) for k, value in enumerate(values)]

    inexact = "no type holds all of both exactly"
    assert "q: holds int64, and string in that of others who join" in faults_of(now, joins("x", 1))
    assert inexact in faults_of(now, joins(2**53 + 1, 0.5))
    assert inexact in faults_of(now, joins(1, 2**53 + 1, 2, 0.5, side="right"))
    found = apply(now, [*joins(1, 0.5, 2, None), *joins("x", None, side="right")])
    assert found.left.table["q"].to_pylist()[-4:] == [1.0, 0.5, 2.0, None]
    assert found.right.table["q"].to_pylist()[:2] == ["x", None]
    left = apply(now, joins(2**53 + 1)).left
    with pytest.raises(InputError, match="in the table that they join: no type"):
        c.applied(
            left, now.tables[1], now.places, POLICY, c.SchoolJoins({"id": "M", "country": "FR", "q": 0.5})
        )


def test_plain_data_is_told_where_to_go():
    """A dict where a change belongs is one error, which says what reads it."""
    text = faults_of(world(1), {"kind": "school_leaves", "left_id": "L1"})
    assert text.count("\n") == 1
    assert "changes_from" in text


def test_an_id_that_never_ends_is_cut_short():
    """An unknown id of 200,000 letters is told in a line."""
    assert (
        len(faults_of(world(1), [c.PartnerLeaves("R" * 200_000), c.PairFreed("L0", "R" * 200_000)])) < 1_500
    )


def test_faults_are_counted_after_some_dozens():
    """Hundreds of schools that are not there are an error of some dozens of lines."""
    now = world(1)
    with pytest.raises(InputError) as caught:
        apply(now, [c.SchoolLeaves(f"nobody {k}") for k in range(300)])
    assert len(caught.value.faults) == 300
    assert [bool(fault.hint) for fault in caught.value.faults] == [True] * 50 + [False] * 250
    lines = str(caught.value).splitlines()
    assert lines[0] == "changes: 300 faults"
    assert len(lines) == 52
    assert lines[-1].strip() == "and 250 more"
    with pytest.raises(InputError) as caught:
        apply(now, [c.SchoolLeaves(f"nobody {k}") for k in range(50)])
    assert len(str(caught.value).splitlines()) == 51
