"""Each state against all others: the same as by hand, whatever happens to a run."""

from __future__ import annotations

import gc
import itertools
import json
import logging
import shutil
import weakref
from collections import Counter

import pytest

import twinmatch as tm
from tests.europe.worlds import STATES, cut, frame, schools
from tests.matching.folders import signed_again
from twinmatch.errors import NoSolutionError
from twinmatch.europe import one, running
from twinmatch.europe.keeping import SUMMARY

p, m = tm.policies, tm.mechanisms

POLICIES = {
    "default": p.systematic_twinning(),
    "balanced": p.systematic_twinning(balance=True),
    "quotas": tm.Policy(
        (p.PartnerInEU(), p.CommonLevel()),
        (p.LevelOverlap(1_000), p.SizeSimilarity(500)),
        (p.QuotaPer("at most four", right="country", at_most=4),),
    ),
    "any pair": tm.Policy(criteria=(p.LevelOverlap(1_000),)),
}
MECHANISMS = {
    "greedy": m.greedy(),
    "leximin": m.leximin(),
    "ranks": m.rank_maximal(3),
    "nash": m.nash(),
    "concave": m.concave(lambda points: points // 2),
}


@pytest.fixture
def never(monkeypatch):
    """Let nothing be paired any more."""

    def forbid():
        def match(*_arguments, **_options):
            raise AssertionError("nothing is to be paired")

        monkeypatch.setattr(one, "match", match)

    return forbid


class Flag:
    """Whatever can be asked whether to stop."""

    def __init__(self) -> None:
        self.up = False

    def is_set(self) -> bool:
        return self.up


# -- The same as by hand ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_matching_is_that_of_the_two_tables(seed, name):
    """What a state gets is what ``match`` finds for its schools and those of all other states."""
    table, policy = frame(seed), POLICIES[name]
    found = tm.match_states(tm.Schools.from_frame(table), policy, right_capacity="seats")
    assert [row["state"] for row in found.rows] == list(STATES)
    for row in found.rows:
        by_hand = tm.match(*cut(table, row["state"]), policy, right_capacity="seats")
        matching = found.matching(row["state"])
        assert (matching.seal, matching.digest) == (by_hand.seal, by_hand.digest)
        assert row["paired"] == by_hand.coverage
        assert row["left_out"] == len(by_hand.left) - by_hand.coverage
        assert row["points"] == by_hand.points
        assert row["verified"]


@pytest.mark.parametrize("name", MECHANISMS)
def test_every_mechanism_is_that_of_the_two_tables(name):
    """The mechanism is handed on to every run."""
    table = frame(4)
    found = tm.match_states(tm.Schools.from_frame(table), mechanism=MECHANISMS[name])
    for state in STATES:
        by_hand = tm.match(*cut(table, state), mechanism=MECHANISMS[name])
        assert found.matching(state).seal == by_hand.seal


def test_nobody_is_paired_at_home():
    """Also where the policy would allow it, no pair has both schools in one state."""
    table = frame(5)
    country = dict(zip(table["id"], table["country"], strict=True))
    found = tm.match_states(tm.Schools.from_frame(table), POLICIES["any pair"])
    for state in STATES:
        pairs = found.matching(state).pairs
        assert len(pairs)
        assert {country[one] for one in pairs["left_id"]} == {state}
        assert state not in {country[one] for one in pairs["right_id"]}


def test_what_is_counted_over_all_runs():
    """Pairs by states, mutual pairs and partnerships are those of all tables of pairs, counted plainly."""
    table = frame(6, size=90)
    country = dict(zip(table["id"], table["country"], strict=True))
    found = tm.match_states(tm.Schools.from_frame(table))
    pairs = {
        (state, a, b)
        for state in STATES
        for a, b in found.matching(state).pairs[["left_id", "right_id"]].itertuples(index=False)
    }
    both = {(a, b) for _, a, b in pairs}
    assert found.mutual == sum((b, a) in both for a, b in both) / 2 > 0
    times = Counter(b for _, _, b in pairs)
    assert found.partnerships == dict(Counter(times[one] for one in table["id"]))
    counted = Counter((state, country[b]) for state, _, b in pairs)
    listed = {(row.state, row.partner): row.pairs for row in found.counts.itertuples()}
    assert listed == {two: counted[two] for two in itertools.permutations(STATES, 2)}
    assert len(found.table) == len(STATES)


def test_tables_and_rows_in_any_order():
    """One table or several, in whatever order: the same bytes."""
    table = frame(7)
    whole = tm.match_states(tm.Schools.from_frame(table))
    parts = [tm.Schools.from_frame(part[::-1]) for _, part in table.groupby("levels", dropna=False)]
    apart = tm.match_states(parts[::-1])
    for state in STATES:
        assert apart.matching(state).seal == whole.matching(state).seal
        assert apart.matching(state).digest == whole.matching(state).digest
    assert apart.pairs == whole.pairs


def test_columns_of_one_table_only():
    """A column that only some tables have is not known in the others, as in the bundled registers."""
    fr, eu = tm.datasets.sample()
    found = tm.match_states([fr, eu], states=["FR"])
    assert found.matching("FR").seal == tm.match(fr, eu).seal
    assert found.matching("FR").digest == tm.match(fr, eu).digest


def test_some_states_only():
    """States come in the order that was asked for; the others are partners all the same."""
    table = tm.Schools.from_frame(frame(8))
    found = tm.match_states(table, states=["RO", "DE"])
    assert [row["state"] for row in found.rows] == ["RO", "DE"]
    assert set(found.pairs) == {"RO", "DE"}
    assert set(found.pairs["RO"]) == {"DE", "ES", "FR", "IT"}
    assert found.matching("DE").seal == tm.match_states(table).matching("DE").seal


# -- What may happen to a state ------------------------------------------------------------------------------


def test_places_count_anew_in_each_run():
    """A school with one place may be the partner in the runs of several states."""
    table = schools([("F", "FR", "1"), ("I", "IT", "2"), ("R", "RO", "1;2")], capacity=[1, 1, 1])
    found = tm.match_states(table)
    assert [row["paired"] for row in found.rows] == [1, 1, 1]
    assert found.pairs["FR"] == {"IT": 0, "RO": 1}
    assert found.pairs["IT"] == {"FR": 0, "RO": 1}
    assert found.partnerships == {0: 1, 1: 1, 2: 1}
    assert found.mutual == 1


def test_a_state_with_one_school():
    """One school is paired like any other."""
    table = schools([("F", "FR", "1"), ("I", "IT", "1"), ("J", "IT", "1")])
    found = tm.match_states(table)
    assert [(row["state"], row["paired"], row["left_out"]) for row in found.rows] == [
        ("FR", 1, 0),
        ("IT", 1, 1),
    ]


def test_a_state_whose_partners_have_no_common_level():
    """Nobody can be paired: that is the best there is, and is proven; the other runs go on."""
    table = schools([("F", "FR", "3"), ("I", "IT", "1"), ("R", "RO", "1")])
    found = tm.match_states(table)
    told = {row["state"]: row for row in found.rows}
    assert (told["FR"]["status"], told["FR"]["paired"], told["FR"]["verified"]) == ("OPTIMAL", 0, True)
    assert told["FR"]["mean_points"] is None
    assert told["IT"]["paired"] == told["RO"]["paired"] == 1
    assert found.pairs["FR"] == {"IT": 0, "RO": 0}


def test_an_impossible_state(tmp_path):
    """Where nothing keeps to the policy, the row says why, its proof is saved, and the other runs go on."""
    table = schools([("F", "FR", "1"), ("G", "FR", "1"), ("I", "IT", "1"), ("R", "RO", "1")])
    floor = p.Quota("two Italians", right={"country": ["IT"]}, at_least=2)
    policy = tm.Policy((p.CommonLevel(),), (p.LevelOverlap(10),), (floor,))
    found = tm.match_states(table, policy, directory=tmp_path, states=["FR", "RO"])
    told = {row["state"]: row for row in found.rows}
    assert told["FR"]["status"] == "INFEASIBLE"
    assert "two Italians" in told["FR"]["why"]
    assert told["FR"]["verified"]
    assert told["FR"]["paired"] is None
    assert "FR why" in str(found)
    assert tm.load_matching(tmp_path / "FR").status == "INFEASIBLE"
    assert "FR" not in found.pairs or not any(found.pairs["FR"].values())
    again = tm.match_states(table, policy, directory=tmp_path, states=["FR", "RO"])
    assert all(row["kept"] for row in again.rows)


def test_a_refused_proof_counts_for_nothing(monkeypatch):
    """Nothing of a result whose proof was refused is counted or shown as a result."""
    table = frame(9)
    honest = one.match

    def lying(left, right, policy, **options):
        made = honest(left, right, policy, **options)
        if left.strings("country")[0] == "FR":
            object.__setattr__(made, "objective", made.objective + 1)
        return made

    monkeypatch.setattr(one, "match", lying)
    found = tm.match_states(tm.Schools.from_frame(table))
    told = {row["state"]: row for row in found.rows}
    assert told["FR"]["verified"] is False
    assert all(told[state]["verified"] for state in STATES if state != "FR")
    assert "FR" not in found.pairs
    assert "REFUSED" in str(found)
    line = next(line for line in str(found).splitlines() if line.startswith("  FR"))
    assert f"{told['FR']['paired']:,}" not in line.split()[2:]


def test_a_deadline_leaves_states_unreached(tmp_path):
    """With no time nothing is begun and nothing is written for a state; the next call finds all."""
    table = tm.Schools.from_frame(frame(10))
    found = tm.match_states(table, directory=tmp_path, deadline=0)
    assert {(row["status"], row["limit"], row["folder"]) for row in found.rows} == {
        ("NO_SOLUTION", "DEADLINE", None)
    }
    assert "not reached" in str(found)
    assert [one.name for one in tmp_path.iterdir()] == [SUMMARY]
    with pytest.raises(NoSolutionError, match="nothing was found for FR"):
        found.matching("FR")
    tm.match_states(table, directory=tmp_path, states=["FR", "IT"])
    again = tm.match_states(table, directory=tmp_path, deadline=0)
    reached = [row["state"] for row in again.rows if row["verified"]]
    assert reached == ["FR", "IT"], "what is kept takes no time"


def test_what_is_kept_takes_no_time_to_pair(tmp_path, monkeypatch):
    """A call that goes on has the whole deadline for what is left, however long checks take."""
    table, honest, given = tm.Schools.from_frame(frame(26)), running.run_state, []

    def slow(asked, state, called, deadline):
        given.append(deadline)
        found = honest(asked, state, called, deadline)
        found.row["seconds"] = 100.0
        return found

    tm.match_states(table, directory=tmp_path, states=["DE", "ES"])
    monkeypatch.setattr(running, "run_state", slow)
    tm.match_states(table, directory=tmp_path, deadline=250)
    assert given == [250, 250, 250, 150, 50]


def test_cancelling_keeps_what_was_finished(tmp_path, never):
    """No state is begun after a cancel; the next call goes on where it was, and pairs nothing again."""
    table, flag = tm.Schools.from_frame(frame(11)), Flag()
    seen = []

    def stop(row, matching):
        seen.append((row["state"], matching is not None))
        flag.up = flag.up or row["state"] == "ES"

    found = tm.match_states(table, directory=tmp_path, cancel=flag, on_state=stop)
    assert seen == [("DE", True), ("ES", True), ("FR", False), ("IT", False), ("RO", False)]
    assert [row["limit"] for row in found.rows[2:]] == ["CANCELLED"] * 3
    assert set(found.pairs) == {"DE", "ES"}
    whole = tm.match_states(table, directory=tmp_path)
    assert [row["kept"] for row in whole.rows] == [True, True, False, False, False]
    fresh = tm.match_states(table)
    never()
    once_more = tm.match_states(table, directory=tmp_path)
    assert all(row["kept"] and row["verified"] for row in once_more.rows)
    assert (once_more.pairs, once_more.mutual, once_more.partnerships) == (
        fresh.pairs,
        fresh.mutual,
        fresh.partnerships,
    )


def test_what_was_found_by_then_is_saved(tmp_path):
    """A state that is cancelled in hand is checked and saved with its bound, and is paired again later."""
    tables, flag = tm.datasets.synthetic(3_000, 3_100, seed=1, market="vertical"), Flag()

    def hear(now):
        flag.up = flag.up or (now.matched > 0 and "auction" in now.phase)

    options = {"directory": tmp_path, "states": ["FR", "IT"]}
    found = tm.match_states(tables, **options, cancel=flag, on_progress=hear, pages="en")
    first, second = found.rows
    assert (first["status"], first["limit"], first["verified"]) == ("FEASIBLE", "CANCELLED", True)
    assert (first["folder"], first["page"]) == ("FR", None)
    assert (second["status"], second["limit"]) == ("NO_SOLUTION", "CANCELLED")
    assert tm.load_matching(tmp_path / "FR").bound > tm.load_matching(tmp_path / "FR").objective
    again = tm.match_states(tables, **options)
    assert [(row["status"], row["kept"]) for row in again.rows] == [("OPTIMAL", False)] * 2


def test_a_check_that_is_stopped_refuses_nothing(tmp_path):
    """Cancelling while a kept state is checked leaves its folder as it is."""
    table = tm.Schools.from_frame(frame(12))
    tm.match_states(table, directory=tmp_path, states=["FR"])
    before = {path.name: path.read_bytes() for path in (tmp_path / "FR").iterdir()}

    class Late(Flag):
        """Goes up once the check has begun."""

        def is_set(self) -> bool:
            return self.up

    flag = Late()

    def hear(now):
        flag.up = flag.up or now.phase.endswith("check")

    found = tm.match_states(table, directory=tmp_path, states=["FR"], cancel=flag, on_progress=hear)
    assert found.rows[0]["limit"] == "CANCELLED"
    assert found.rows[0]["notes"] == []
    assert {path.name: path.read_bytes() for path in (tmp_path / "FR").iterdir()} == before


# -- What is kept -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MECHANISMS)
def test_the_same_question_is_kept(tmp_path, never, name):
    """A second call pairs nothing, whatever the mechanism."""
    table = tm.Schools.from_frame(frame(13))
    options = {"directory": tmp_path, "states": ["FR", "DE"], "mechanism": MECHANISMS[name]}
    first = tm.match_states(table, **options)
    never()
    second = tm.match_states(table, **options)
    assert all(row["kept"] for row in second.rows)
    assert second.pairs == first.pairs


CHANGES = {
    "policy": {"policy": p.proximity()},
    "places": {"right_capacity": 2},
    "seed": {"seed": 1},
    "mechanism": {"mechanism": m.greedy()},
    "ranks": {"mechanism": m.rank_maximal(2)},
    "curve": {"mechanism": m.concave(lambda points: points // 3)},
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_question_is_paired_again(tmp_path, name):
    """What answers another question is replaced."""
    table = tm.Schools.from_frame(frame(14))
    before = {"mechanism": MECHANISMS.get({"curve": "concave"}.get(name, name))}
    tm.match_states(table, directory=tmp_path, states=["FR"], **before)
    found = tm.match_states(table, directory=tmp_path, states=["FR"], **(before | CHANGES[name]))
    assert not found.rows[0]["kept"]
    by_hand = tm.match_states(table, states=["FR"], **(before | CHANGES[name]))
    assert tm.load_matching(tmp_path / "FR").seal == by_hand.matching("FR").seal


def test_other_schools_are_paired_again(tmp_path):
    """One school more or one that changed makes it another question, in every state's run."""
    table = frame(15)
    tm.match_states(tm.Schools.from_frame(table), directory=tmp_path)
    table.loc[table["country"] == "FR", "size"] = 100.0
    found = tm.match_states(tm.Schools.from_frame(table), directory=tmp_path)
    assert not any(row["kept"] for row in found.rows)


def test_a_gap_that_is_not_good_enough_is_paired_again(tmp_path):
    """A run that stopped at a larger gap is not the end of one that asks for a smaller one."""
    fr, eu = tm.datasets.sample()
    loose = tm.match_states([fr, eu], directory=tmp_path, states=["FR"], gap=0.5)
    assert loose.rows[0]["limit"] == "GAP"
    assert tm.match_states([fr, eu], directory=tmp_path, states=["FR"], gap=0.5).rows[0]["kept"]
    exact = tm.match_states([fr, eu], directory=tmp_path, states=["FR"])
    assert (exact.rows[0]["kept"], exact.rows[0]["gap"]) == (False, 0)


def test_what_was_torn_or_forged_is_paired_again(tmp_path):
    """A folder that cannot be read is replaced, and one that the check refuses; both are said."""
    table = tm.Schools.from_frame(frame(16))
    seal = tm.match_states(table, directory=tmp_path, states=["DE", "FR"]).matching("FR").seal
    (tmp_path / "DE" / "pairs.parquet").write_bytes(b"torn")
    record = json.loads((tmp_path / "FR" / "matching.json").read_text())
    signed_again(tmp_path / "FR", bound=record["bound"] + 5, objective=record["objective"] + 5)
    found = tm.match_states(table, directory=tmp_path, states=["DE", "FR"])
    assert [row["kept"] for row in found.rows] == [False, False]
    (note,) = found.rows[0]["notes"]
    assert note.startswith("what was saved before cannot be read (")
    (note,) = found.rows[1]["notes"]
    assert note.startswith("what was saved before was refused (")
    assert found.matching("FR").seal == seal
    assert tm.load_matching(tmp_path / "FR").verify().ok


def test_the_summary_is_there_after_each_state(tmp_path):
    """Whoever is killed between two states finds those that were finished in the summary."""
    table = tm.Schools.from_frame(frame(17))
    seen = []

    def look(row, _matching):
        told = json.loads((tmp_path / SUMMARY).read_text())
        seen.append([one["state"] for one in told["states"]])
        assert told["states"][-1] == row

    found = tm.match_states(table, directory=tmp_path, on_state=look)
    assert seen == [list(STATES[:k]) for k in range(1, 6)]
    told = json.loads((tmp_path / SUMMARY).read_text())
    assert told | {"seconds": 0} == json.loads(json.dumps(found.to_dict())) | {"seconds": 0}


def test_memory_is_that_of_one_run(tmp_path):
    """With a directory no matching outlives its turn; without one they are kept at hand."""
    table = tm.Schools.from_frame(frame(18))
    alive: list[weakref.ref[tm.Matching]] = []

    def look(_row, matching):
        gc.collect()
        assert not [one for one in alive if one() is not None]
        alive.append(weakref.ref(matching))

    found = tm.match_states(table, directory=tmp_path, on_state=look)
    assert len(alive) == len(STATES)
    assert found.matching("FR").verify().ok
    shutil.rmtree(tmp_path / "FR")
    at_hand = tm.match_states(table)
    assert at_hand.matching("FR") is at_hand.matching("FR")


# -- What is said meanwhile --------------------------------------------------------------------------------


def test_progress_says_whose_it_is():
    """Every phase begins with the state and its number; checks are told of too."""
    heard = []
    tm.match_states(
        tm.datasets.sample(), states=["FR", "SE"], on_progress=lambda now: heard.append(now.phase)
    )
    assert {phase.partition(":")[0] for phase in heard} == {"FR 1/2", "SE 2/2"}
    assert "FR 1/2: check" in heard


def test_the_log_names_no_school(caplog):
    """The logger tells that it began and ended, in numbers."""
    caplog.set_level(logging.INFO, "twinmatch")
    table = frame(19)
    tm.match_states(tm.Schools.from_frame(table), states=["FR"])
    assert "match_states began: 60 schools, 1 states" in caplog.text
    assert not any(one in caplog.text for one in table["id"])


def test_the_screen_is_one_screen():
    """Twenty-seven states fit: a line for each, none wider than 110 characters."""
    states = tuple(sorted(tm.policy.countries.members(tm.policy.countries.MEMBERS_AS_OF)))
    told = str(tm.match_states(tm.Schools.from_frame(frame(20, 400, states))))
    lines = told.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 110
    assert [line.split()[0] for line in lines[3:30]] == list(states)
