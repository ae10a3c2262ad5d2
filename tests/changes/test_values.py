"""Changes as values: what they refuse, how they are written and read, what they say."""

from __future__ import annotations

import datetime
import json
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import twinmatch as tm
from twinmatch.changing.together import read_together
from twinmatch.errors import InputError
from twinmatch.repairing.stating import FORMER_COLUMN

c = tm.changes
DAY = datetime.date(2027, 9, 1)
ONE = {"id": "L9", "country": "FR", "levels": "2", "size": 120.0, "embedding": [0.5, 1.0]}
TWO = {"id": ["R8", "R9"], "country": ["IT", "ES"], "levels": ["1", None]}
EVERY = (
    c.SchoolLeaves("L1"),
    c.SchoolJoins(ONE),
    c.PartnerLeaves("R1"),
    c.PartnerJoins(TWO),
    c.PartnerJoins(TWO, capacity=2),
    c.PartnerJoins(TWO, capacity=[2, 0]),
    c.CapacityChanges("R1", 3),
    c.PairLocked("L1", "R1"),
    c.PairRenewed("L1", "R1"),
    c.PairRenewed("L1", "R1", until=DAY),
    c.PairVetoed("L1", "R1"),
    c.PairFreed("L1", "R1"),
    c.SectionOpens("left", "L1", "es"),
    c.SectionCloses("right", "R1", "de"),
    c.AgreementExpires("L1", "R1"),
    c.AgreementExpires("L1", "R1", on=DAY),
)


def test_every_kind_is_tried_here():
    """The list of this file has every kind of change."""
    from twinmatch.changing.forms import KINDS

    assert {type(one) for one in EVERY} == set(KINDS.values())


@pytest.mark.parametrize("change", EVERY, ids=lambda one: one.label)
def test_json_reads_back_the_same_change(change):
    """A change, its JSON form and its pickled form are one value; it says what happens in one sentence."""
    again = c.Change.from_dict(json.loads(json.dumps(change.to_dict())))
    assert again == change
    assert hash(again) == hash(change)
    assert type(again) is type(change)
    assert pickle.loads(pickle.dumps(change)) == change
    assert str(change).endswith(".")
    assert ". " not in str(change)
    for name in change.ids.values():
        assert name in str(change)


def test_changes_are_a_list_of_them():
    """All changes together read back, and their digest does not depend on their order."""
    written = [one.to_dict() for one in EVERY]
    assert c.changes_from(written) == EVERY
    assert c.digest_of(EVERY) == c.digest_of(reversed(EVERY))
    assert c.digest_of(EVERY) != c.digest_of(EVERY[1:])
    assert c.changes_from([]) == ()


def test_all_faults_of_a_list_come_at_once():
    """Unknown kinds, fields, dates and schools are told with their places, in one error."""
    with pytest.raises(InputError) as caught:
        c.changes_from(
            [
                {"kind": "partner_leave", "right_id": "R1"},
                {"kind": "school_leaves"},
                {"kind": "pair_renewed", "left_id": "", "right_id": 3, "until": "soon", "by": 1},
                {"kind": "school_joins", "schools": [{"id": "L9", "country": "XX"}]},
                {"kind": "school_joins", "schools": 7},
                {"kind": "capacity_changes", "right_id": "R1", "capacity": -1},
                3,
            ]
        )
    where = [fault.where for fault in caught.value.faults]
    assert where == [
        "changes[0].kind",
        "changes[1].left_id",
        "changes[2].by",
        "changes[2].until",
        "changes[3].country",
        "changes[4].schools",
        "changes[5].capacity",
        "changes[6]",
    ]
    assert "Did you mean partner_leaves?" in str(caught.value)
    for wrong in ({"kind": "x"}, "text", None):
        with pytest.raises(InputError):
            c.changes_from(wrong)
    with pytest.raises(InputError, match="must be an object"):
        c.change_from([])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: c.SchoolLeaves(""), "left_id: must be a text"),
        (lambda: c.PartnerLeaves(7), "right_id: must be a text"),
        (lambda: c.PairLocked("a", None), "right_id"),
        (lambda: c.PairRenewed("a", "b", until="2027-01-01"), "until: must be a date"),
        (lambda: c.PairRenewed("a", "b", until=datetime.datetime(2027, 1, 1, 9)), "until: must be a date"),
        (lambda: c.AgreementExpires("a", "b", on=5), "on: must be a date"),
        (lambda: c.CapacityChanges("a", True), "capacity: must be a whole number"),
        (lambda: c.CapacityChanges("a", 2**31), "capacity"),
        (lambda: c.SectionOpens("top", "a", "es"), "side: must be"),
        (lambda: c.SectionCloses("left", "a", "Spanish"), "language: must be the code"),
        (lambda: c.SchoolJoins([1]), "schools: must be schools"),
        (lambda: c.SchoolJoins({"country": "FR"}), "id: the column is missing"),
        (lambda: c.SchoolJoins({"id": [], "country": []}), "holds no school"),
        (lambda: c.PartnerJoins(TWO, capacity=[1]), "1 numbers for 2 schools"),
        (lambda: c.PartnerJoins(TWO, capacity=[1, -1]), "between 0"),
        (lambda: c.PartnerJoins(TWO, capacity=1.5), "whole number"),
    ],
)
def test_a_wrong_field_is_said_when_the_change_is_made(make, words):
    """Changes check themselves."""
    with pytest.raises(InputError, match=words):
        make()


def test_numbers_of_numpy_are_numbers():
    """Whole numbers of NumPy count as such, and places follow the column where none are given."""
    assert c.CapacityChanges("R1", np.int64(2)) == c.CapacityChanges("R1", 2)
    assert c.PartnerJoins(TWO, capacity=np.array([2, 0])) == c.PartnerJoins(TWO, capacity=[2, 0])
    assert c.PartnerJoins({**TWO, "capacity": [None, 4]}).places().tolist() == [1, 4]


def test_a_change_never_changes():
    """Fields cannot be set."""
    with pytest.raises(AttributeError):
        EVERY[0].left_id = "L2"


def test_plain_data_may_hold_what_python_has():
    """Columns instead of rows, days instead of their texts, and numbers of numpy make the same change."""
    columns = c.change_from({"kind": "partner_joins", "schools": TWO, "capacity": np.int64(2)})
    assert columns == c.PartnerJoins(TWO, capacity=2)
    assert type(columns.capacity) is int
    for day in (DAY, DAY.isoformat()):
        document = {"kind": "agreement_expires", "left_id": "L1", "right_id": "R1", "on": day}
        assert c.change_from(document) == c.AgreementExpires("L1", "R1", on=DAY)
    assert c.change_from({**document, "on": None}) == c.AgreementExpires("L1", "R1")


def test_cells_that_json_does_not_know_are_written_as_their_words():
    """A day in a column of somebody's own is a text afterwards, whatever else it was before."""
    own = c.SchoolJoins(ONE | {"since": DAY, "share": b"x"}).to_dict()["schools"][0]
    assert own["since"] == "2027-09-01"
    json.dumps(own)


def test_what_is_said_once_is_so_for_all_who_join():
    """A value that is no list is that of every school, texts included."""
    two = {"id": ["N1", "N2"], "country": "FR", "languages": "en", "levels": ("1", "2"), "size": 3}
    rows = c.SchoolJoins(two).schools.table.to_pylist()
    assert [row["languages"] for row in rows] == ["en", "en"]
    assert [row["size"] for row in rows] == [3, 3]
    columns = {"id": pd.Series(["N1", "N2"]), "country": np.array(["FR", "DE"]), "size": pa.array([3, 4])}
    assert [row["size"] for row in c.PartnerJoins(columns).schools.table.to_pylist()] == [3, 4]
    with pytest.raises(InputError, match="different lengths"):
        c.SchoolJoins({"id": ["N1", "N2"], "country": ["FR"]})
    with pytest.raises(InputError, match="mixes types"):
        c.SchoolJoins({"id": np.array("N1"), "country": "FR"})


def test_numbers_and_days_of_other_libraries_are_those_of_python():
    """Whole numbers of NumPy in any list, and a Timestamp at the first moment of a day, are Python's own."""
    for places in ((np.int64(2), np.int8(0)), pd.Series([2, 0]), [2, np.uint8(0)]):
        assert c.PartnerJoins(TWO, capacity=places) == c.PartnerJoins(TWO, capacity=(2, 0))
    made = c.PairRenewed("L1", "R1", until=pd.Timestamp("2027-09-01"))
    assert made == c.PairRenewed("L1", "R1", until=DAY)
    assert type(made.until) is datetime.date
    with pytest.raises(InputError, match="until: must be a date"):
        c.PairRenewed("L1", "R1", until=pd.Timestamp("2027-09-01 10:00"))


def test_who_joins_brings_no_partner_of_before():
    """The column that a repair writes into the left table is left out of rows taken from there."""
    join = c.SchoolJoins(ONE | {"partner_before_repair": "x"})
    assert join == c.SchoolJoins(ONE)
    assert FORMER_COLUMN == "partner_before_repair"


def test_endless_ids_are_cut_short():
    """However long a text is that somebody sends as an id, an error stays readable."""
    for make in (
        lambda: c.change_from({"kind": "x" * 200_000}),
        lambda: c.CapacityChanges("R1", "9" * 200_000),
        lambda: c.SectionOpens("left", "L1", "e" * 200_000),
    ):
        with pytest.raises(InputError, match="long") as caught:
            make()
        assert len(str(caught.value)) < 1_000
    assert len(c.PartnerLeaves("R" * 200_000).label) < 120


def test_many_who_join_are_read_at_once_and_are_what_each_says():
    """Rows that look alike make the same changes as each by itself, wrong ones among them included."""
    rows = [
        {"id": "A1", "country": "FR", "size": 10},
        {"id": "A2", "country": "FR", "size": 11},
        {"id": "A3", "country": "FR", "size": 0.5},
        {"id": "A4", "country": "FR", "own": 1},
        {"id": "A5", "country": "FR", "own": 0.5},
        {"id": "A6", "country": "FR", "own": "x"},
        {"id": "A7", "country": "FR", "own": "", "email": "a@b.fr"},
        {"id": "A8", "country": "FR", "own": "y", "email": "c@d.fr"},
        {"id": "B1", "country": "IT", "embedding": [1.0, 2.0]},
        {"id": "B2", "country": "IT", "embedding": [1.5, 2.0]},
        {"id": "B3", "country": "IT", "embedding": [1.5, 2.0, 3.0]},
        {"id": "B4", "country": "IT", "since": DAY},
        {"country": "IT", "id": "B5", "levels": None},
        {"country": "IT", "id": "B6", "levels": None},
    ]
    documents = [{"kind": "school_joins", "schools": [row]} for row in rows]
    together = read_together(documents)
    assert sorted(together) == [0, 1, 6, 7, 8, 9, 12, 13]
    for made, document in zip(c.changes_from(documents), documents, strict=True):
        alone = c.change_from(document)
        assert made == alone
        assert made.schools.table.schema == alone.schools.table.schema
        assert made.schools.dropped == alone.schools.dropped
    documents += [
        {"kind": "partner_joins", "schools": [{"id": "A1", "country": "FR", "size": 12}], "capacity": 2},
        {"kind": "partner_joins", "schools": [{"id": "C", "country": "XX", "size": 12}]},
    ]
    with pytest.raises(InputError, match=r"changes\[15\].country: ") as caught:
        c.changes_from(documents)
    assert len(caught.value.faults) == 1
    assert c.changes_from(documents[:-1])[-1] == c.change_from(documents[-2])


def test_a_thousand_changes_are_told_apart_by_whom_they_are_about():
    """Changes that bring a school each are not all compared with each other."""
    changes = [c.SchoolJoins({"id": f"N{k}", "country": "FR"}) for k in range(50)]
    assert len({hash(one) for one in changes}) == 50
