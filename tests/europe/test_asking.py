"""What may be asked of all states, and what is refused before any work."""

from __future__ import annotations

import pandas as pd
import pytest

import twinmatch as tm
from tests.europe.worlds import frame, schools
from twinmatch.errors import InputError, PolicyError

p = tm.policies


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    """One error before any work, with a fault for each argument."""
    table = tm.Schools.from_frame(frame(21))
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError) as caught:
        tm.match_states(
            table,
            "policy",
            states=["FR", "XX", "fr"],
            directory=file,
            pages="de",
            right_capacity="nowhere",
            deadline=-1,
            gap=2,
            threads=0,
            on_progress=3,
            on_state=4,
            cancel=5,
            seed="a",
            mechanism="nash",
        )
    where = [fault.where for fault in caught.value.faults]
    assert set(where) >= {
        "policy", "mechanism", "states", "directory", "deadline", "gap", "threads", "on_progress", "on_state",
        "cancel", "seed",
    }  # fmt: skip
    text = str(caught.value)
    assert "'XX', 'fr'" in text
    assert "There are DE, ES, FR, IT, RO." in text
    assert "nowhere" in text
    assert "'de'" in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "holds no table"),
        ("schools.csv", "must be a Schools table, not str"),
        ([None], r"schools\[0\]: must be a Schools table, not NoneType"),
        (pd.DataFrame({"id": ["a"]}), "must be a Schools table, not DataFrame"),
        (schools([("F", "FR", "1")]), "are of FR only"),
    ],
)
def test_what_is_no_register_of_several_states(given, said):
    """Anything but tables of two states or more is refused in words."""
    with pytest.raises(InputError, match=said):
        tm.match_states(given)


def test_two_tables_as_for_match():
    """Whoever writes them one after the other is told to give a list, and all that is wrong besides."""
    fr, it = schools([("F", "FR", "1")]), schools([("I", "IT", "1")])
    with pytest.raises(InputError) as caught:
        tm.match_states(fr, it, states=["XX"])
    table, states = caught.value.faults
    assert (table.where, table.what) == ("schools", "are given one table after the other")
    assert table.hint == "Give all tables as one list: tm.match_states([fr, eu])."
    assert (states.where, states.hint) == ("states", "There are FR, IT.")


@pytest.mark.parametrize("turned", [False, True])
def test_two_tables_and_a_policy_as_for_match(turned):
    """The policy is one place too far: the same is said, in our words, and the policy is looked at."""
    fr, it = schools([("F", "FR", "1")]), schools([("I", "IT", "1")])
    policy = tm.Policy(criteria=(p.LevelOverlap(10),), quotas=(p.LockedPairs("twins", pairs=[("F", "X")]),))
    with pytest.raises(InputError) as caught:
        tm.match_states(fr, *((policy, it) if turned else (it, policy)), threads=0)
    told = {fault.where: fault.hint for fault in caught.value.faults}
    assert caught.value.subject == "match_states"
    assert told.pop("schools") == "Give all tables as one list: tm.match_states([fr, eu], policy)."
    assert "threads" in told
    assert any("twins" in where for where in told)
    with pytest.raises(InputError, match=r"tm\.match_states\(\[fr, eu\]\)\.$"):
        tm.match_states(fr, None, it)


def test_more_without_a_name():
    """What follows the policy needs its name: that is said, and what else is wrong."""
    fr, it = schools([("F", "FR", "1")]), schools([("I", "IT", "1")])
    with pytest.raises(InputError) as caught:
        tm.match_states([fr, it], None, ["FR"], "europe", threads=0)
    told = {fault.where: fault for fault in caught.value.faults}
    assert set(told) == {"arguments", "threads"}
    assert told["arguments"].what == "after the policy have no name: list, str"
    assert told["arguments"].hint == "Name them, such as states=..., directory=..."


def test_tables_that_do_not_go_together():
    """Identifiers that two tables have, and columns of two kinds, are told at once."""
    one = schools([("A", "FR", "1"), ("B", "FR", "1")], mark=["x", "y"])
    other = schools([("A", "IT", "1"), ("C", "IT", "1")], mark=[[1.0], [2.0]])
    with pytest.raises(InputError) as caught:
        tm.match_states([one, other])
    assert "id: 1 of them are in more than one table, such as 'A'" in str(caught.value)
    assert "mark: holds" in str(caught.value)


def test_a_folder_of_a_state_that_is_a_file(tmp_path):
    """It is told before any work, and everything stays as it is."""
    (tmp_path / "IT").touch()
    with pytest.raises(InputError, match=r"directory, IT: is a file"):
        tm.match_states(tm.Schools.from_frame(frame(27)), directory=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["IT"]


@pytest.mark.parametrize("states", [[], "FR", 3, [["FR"]]])
def test_states_that_are_no_list_of_countries(states):
    """A word, a number and nothing at all are refused, with the states that there are."""
    with pytest.raises(InputError, match="There are DE, ES, FR, IT, RO"):
        tm.match_states(tm.Schools.from_frame(frame(22)), states=states)


def test_states_in_small_letters_are_told_apart_from_others():
    """Where capitals are all that is missing, it is said."""
    table = tm.Schools.from_frame(frame(22))
    with pytest.raises(InputError, match=r"no schools here: 'fr', 'XX'.*capitals"):
        tm.match_states(table, states=["fr", "XX"])
    with pytest.raises(InputError, match=r"no schools here: 'XX'") as caught:
        tm.match_states(table, states=["XX"])
    assert "capitals" not in str(caught.value)


def test_places_of_each_school_by_itself():
    """An array cannot say whose places it means; a column can."""
    with pytest.raises(InputError, match="Put the places of each school into a column"):
        tm.match_states(tm.Schools.from_frame(frame(23)), right_capacity=[1] * 60)


def test_a_policy_that_some_runs_cannot_use():
    """A lock of two schools is a fault in the runs of other states: told before any work, with the states."""
    table = frame(24)
    fr, it = (table[table["country"] == state]["id"].iloc[0] for state in ("FR", "IT"))
    policy = tm.Policy(criteria=(p.LevelOverlap(10),), quotas=(p.LockedPairs("twins", pairs=[(fr, it)]),))
    with pytest.raises(PolicyError) as caught:
        tm.match_states(tm.Schools.from_frame(table), policy)
    assert "for DE, ES, IT, RO" in str(caught.value)
    assert "FR" not in str(caught.value)
    found = tm.match_states(tm.Schools.from_frame(table), policy, states=["FR"])
    assert (fr, it) in set(
        found.matching("FR").pairs[["left_id", "right_id"]].itertuples(index=False, name=None)
    )


def test_code_of_ones_own_cannot_be_saved(tmp_path):
    """A policy that has no form in a file is refused where the result is to be saved, and not otherwise."""
    own = tm.Policy(
        criteria=(p.OwnCriterion("all alike", lambda left, right, i, j: 0 * i + 7, upper_bound=7),)
    )
    table = tm.Schools.from_frame(frame(25, 20))
    with pytest.raises(PolicyError, match="has no form in TOML"):
        tm.match_states(table, own, directory=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert tm.match_states(table, own).rows[0]["verified"]


def test_a_state_that_was_not_asked_for():
    """Asking for its matching names those that there are."""
    found = tm.match_states(tm.datasets.sample(), states=["SE"])
    with pytest.raises(InputError, match="There are SE"):
        found.matching("FR")


@pytest.mark.parametrize("state", ["se", " SE", "Se"])
def test_a_state_in_small_letters(state):
    """Codes are in capitals everywhere: whoever asks otherwise is told what to write."""
    found = tm.match_states(tm.datasets.sample(), states=["SE"])
    with pytest.raises(InputError) as caught:
        found.matching(state)
    assert caught.value.faults[0].hint == "Codes are in capitals: write 'SE'."
    with pytest.raises(InputError, match="There are SE"):
        found.matching(3)


def test_a_folder_keeps_all_its_states_in_its_summary(tmp_path):
    """A call for fewer is refused before any work, also where there is no summary; for as many it is not."""
    table = tm.Schools.from_frame(frame(28))
    tm.match_states(table, directory=tmp_path, states=["DE", "FR", "IT"])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(InputError) as caught:
        tm.match_states(table, directory=tmp_path, states=["ES", "FR"], threads=0)
    assert [fault.where for fault in caught.value.faults] == ["threads", "directory"]
    assert "has matchings of DE, IT, too" in caught.value.faults[1].what
    assert "what is finished is kept" in caught.value.faults[1].hint
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    (tmp_path / "europe.json").unlink()
    with pytest.raises(InputError, match="has matchings of DE, FR, IT"):
        tm.match_states(table, directory=tmp_path, states=["ES"])
    (tmp_path / "RO").mkdir()  # nothing is in it, so nothing is lost
    found = tm.match_states(table, directory=tmp_path, states=["IT", "FR", "ES", "DE"])
    assert [row["kept"] for row in found.rows] == [True, True, False, True]
