"""``twinmatch europe``: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from tests.command.shell import on_terminal, run
from tests.europe.worlds import frame
from twinmatch.cli import Exit
from twinmatch.command import europe
from twinmatch.errors import MissingExtraError
from twinmatch.europe import one, running
from twinmatch.reporting import charts


@pytest.fixture
def bundled(monkeypatch):
    """Let the sample stand for the bundled registers."""
    monkeypatch.setattr(tm.datasets, "france_eu", tm.datasets.sample)


@pytest.fixture
def file(tmp_path):
    """Return the schools of five states as a file."""
    path = tmp_path / "schools.csv"
    frame(41).to_csv(path, index=False)
    return path


def test_one_command_for_all_states(bundled, tmp_path, capsys, monkeypatch):
    """It pairs all registers, and leaves a folder for each state, a summary and a page."""
    monkeypatch.chdir(tmp_path)
    out = Path("out")
    assert run("europe", "--out", out, "--no-pages") == Exit.DONE
    text, err = capsys.readouterr()
    assert err == ""
    states = {"DE", "ES", "FR", "IT", "NL", "RO", "SE"}
    assert {path.name for path in out.iterdir()} == {*states, "europe.json", "report.html"}
    for state in states:
        assert tm.load_matching(out / state).verify().ok
        assert f"\n  {state} " in text
    lines = text.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 110
    assert str(out / "report.html") in text
    assert json.loads((out / "europe.json").read_text())["states"][2]["state"] == "FR"


def test_pages_of_states_where_they_can_be_drawn(bundled, tmp_path):
    """Unless said otherwise each state has its page, in the language that was asked for."""
    assert run("europe", "--out", tmp_path, "--states", "se", "--lang", "fr") == Exit.DONE
    for path in (tmp_path / "report.html", tmp_path / "SE" / "report.html"):
        assert '<html lang="fr">' in path.read_text(encoding="utf-8")[:100]


def test_without_the_extra_there_are_no_pages_of_states(bundled, tmp_path, capsys, monkeypatch):
    """What is missing is said, and everything else is there."""

    def missing():
        raise MissingExtraError("a chart", "report")

    monkeypatch.setattr(charts, "altair", missing)
    assert run("europe", "--out", tmp_path, "--states", "SE") == Exit.DONE
    assert "there is no page for each state: a chart needs" in capsys.readouterr().err
    assert (tmp_path / "report.html").exists()
    assert not (tmp_path / "SE" / "report.html").exists()


def test_numbers_for_programs(bundled, tmp_path, capsys):
    """``--json`` prints one line: what the summary has, and memory and notes."""
    assert run("europe", "--out", tmp_path, "--states", "FR,RO", "--no-pages", "--json") == Exit.DONE
    out, err = capsys.readouterr()
    assert (err, out.count("\n")) == ("", 1)
    told = json.loads(out)
    assert [row["state"] for row in told["states"]] == ["FR", "RO"]
    assert told["peak_mb"] > 10
    assert told["notes"] == []
    summary = json.loads((tmp_path / "europe.json").read_text())
    assert {key: value for key, value in told.items() if key not in ("peak_mb", "notes", "seconds")} == {
        key: value for key, value in summary.items() if key != "seconds"
    }


def test_the_tables_of_files(file, tmp_path, capsys):
    """Any number of files, by the country of their rows; a column of places is kept."""
    assert run("europe", file, "--out", tmp_path / "a", "--capacity", "seats", "--no-pages") == Exit.DONE
    capsys.readouterr()
    table = frame(41)
    parts = []
    for state, part in table.groupby("country"):
        parts.append(tmp_path / f"{state}.csv")
        part.to_csv(parts[-1], index=False)
    assert run("europe", *parts, "--out", tmp_path / "b", "--capacity", "seats", "--no-pages") == Exit.DONE
    for state in ("DE", "ES", "FR", "IT", "RO"):
        a, b = (tm.load_matching(tmp_path / name / state) for name in "ab")
        assert (a.seal, a.digest) == (b.seal, b.digest)
        assert a.right_capacity.max() == 2


def test_files_take_the_place_of_bundled_registers(bundled, tmp_path, capsys):
    """With ``--bundled`` a state that a file has schools of is taken from the file."""
    _, eu = tm.datasets.sample()
    some = eu.take([k for k, state in enumerate(eu.strings("country")) if state == "SE"][:5])
    pq.write_table(some.table, tmp_path / "sweden.parquet")
    out = tmp_path / "out"
    assert run("europe", tmp_path / "sweden.parquet", "--bundled", "--out", out, "--no-pages", "--json") == 0
    told = {row["state"]: row["schools"] for row in json.loads(capsys.readouterr().out)["states"]}
    assert told == {"DE": 50, "ES": 50, "FR": 200, "IT": 50, "NL": 50, "RO": 50, "SE": 5}


def test_the_policy_of_every_run(file, tmp_path, capsys):
    """Policy and mechanism are those of ``match``; what the policy names in vain is said with the state."""
    quota = tm.policies.Quota("cap for Atlantis", right={"country": ["FR", "Atlantis"]}, at_most=3)
    policy = tmp_path / "policy.toml"
    tm.Policy((tm.policies.CommonLevel(),), (tm.policies.LevelOverlap(100),), (quota,)).save(policy)
    assert (
        run("europe", file, "--out", tmp_path / "o", "--policy", policy, "--states", "IT,FR", "--no-pages")
        == 0
    )
    err = capsys.readouterr().err
    assert "note: IT: no right school has country Atlantis" in err
    assert tm.load_matching(tmp_path / "o" / "IT").policy == tm.Policy.load(policy)
    assert (
        run("europe", file, "--out", tmp_path / "p", "--mechanism", "greedy", "--states", "IT", "--no-pages")
        == 0
    )
    assert tm.load_matching(tmp_path / "p" / "IT").mechanism == tm.mechanisms.greedy()


def test_an_impossible_state_does_not_stop_the_others(tmp_path, capsys):
    """The worst run decides the code: 4 where a state is impossible, and its line says why."""
    path = tmp_path / "schools.csv"
    path.write_text("id,country,levels\nF,FR,1\nG,FR,1\nI,IT,1\nR,RO,1\n")
    floor = tm.policies.PartnersPerSchool("nobody is left out", side="left", least=1)
    tm.Policy((tm.policies.CommonLevel(),), (tm.policies.LevelOverlap(9),), (floor,)).save(
        tmp_path / "p.toml"
    )
    options = ["--policy", tmp_path / "p.toml", "--no-pages"]
    assert run("europe", path, "--out", tmp_path / "all", *options) == Exit.DONE
    path.write_text("id,country,levels\nF,FR,1\nG,FR,1\nH,FR,1\nI,IT,1\nR,RO,1\n")
    capsys.readouterr()
    assert run("europe", path, "--out", tmp_path / "all", *options) == Exit.INFEASIBLE
    out, err = capsys.readouterr()
    assert "infeasible: nothing satisfies the policy for FR" in err
    assert "FR why" in out
    told = {row["state"]: row for row in json.loads((tmp_path / "all" / "europe.json").read_text())["states"]}
    assert [told[state]["paired"] for state in ("FR", "IT", "RO")] == [None, 1, 1]


def test_a_refused_proof_is_code_1(file, tmp_path, capsys, monkeypatch):
    """It outweighs everything else, and names the state."""
    honest = one.match

    def lying(left, right, policy, **options):
        made = honest(left, right, policy, **options)
        if left.strings("country")[0] == "ES":
            object.__setattr__(made, "bound", made.bound + 1)
        return made

    monkeypatch.setattr(one, "match", lying)
    assert run("europe", file, "--out", tmp_path / "o", "--no-pages") == Exit.REFUSED
    assert "a proof was refused: ES; do not use that result" in capsys.readouterr().err


def test_no_time_is_code_3(file, tmp_path, capsys):
    """What was not reached is named; the same command without a deadline goes on."""
    out = tmp_path / "o"
    assert run("europe", file, "--out", out, "--deadline", "1e-9", "--no-pages") == Exit.NO_PROOF
    assert "not solved to the gap asked for: DE, ES, FR, IT, RO" in capsys.readouterr().err
    assert run("europe", file, "--out", out, "--no-pages") == Exit.DONE


def test_ctrl_c_keeps_what_was_finished(file, tmp_path, capsys, monkeypatch):
    """Code 130; the states that were finished are saved, the others are found by the next call."""
    honest = running.run_state

    def pressed(asked, state, called, deadline):
        if state == "FR":
            os.kill(os.getpid(), signal.SIGINT)
        return honest(asked, state, called, deadline)

    out = tmp_path / "o"
    monkeypatch.setattr(running, "run_state", pressed)
    assert run("europe", file, "--out", out, "--no-pages") == Exit.INTERRUPTED
    text, err = capsys.readouterr()
    assert "the same command goes on from there" in err
    assert text.count("not reached (stopped)") == 3
    monkeypatch.setattr(running, "run_state", honest)
    assert run("europe", file, "--out", out, "--no-pages", "--json") == Exit.DONE
    told = json.loads(capsys.readouterr().out)["states"]
    assert [row["kept"] for row in told] == [True, True, False, False, False]


def test_a_second_ctrl_c_says_where_things_are(file, tmp_path, capsys, monkeypatch):
    """It ends at once, and what was finished is where it was."""

    def at_once(asked, state, called, deadline):
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run_state", at_once)
    assert run("europe", file, "--out", tmp_path / "o", "--no-pages") == Exit.INTERRUPTED
    assert f"the states that were finished are in {tmp_path / 'o'}" in capsys.readouterr().err


def test_everything_that_is_wrong_is_told_at_once(file, tmp_path, capsys):
    """Options have the names of the command line."""
    args = ["europe", file, "--out", tmp_path / "o", "--states", "FR,XX", "--capacity", "nowhere"]
    assert run(*args) == Exit.BAD_INPUT
    err = capsys.readouterr().err
    assert "--states: have no schools here: 'XX'. There are DE, ES, FR, IT, RO." in err
    assert "nowhere" in err
    assert "europe: 2 faults" in err
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    "words", [["it", "NL"], ["IT,NL"], ["IT,", "NL"], [" it, nl "], ["IT", "--states", "NL"]]
)
def test_states_with_commas_or_spaces_between(bundled, tmp_path, capsys, words):
    """Both are what people write; files may come before."""
    assert run("europe", "--out", tmp_path, "--states", *words, "--no-pages", "--json") == Exit.DONE
    assert [row["state"] for row in json.loads(capsys.readouterr().out)["states"]] == ["IT", "NL"]


def test_a_file_after_states_is_no_state(file, tmp_path, capsys):
    """It is said where files go."""
    assert run("europe", "--out", tmp_path / "o", "--states", "FR", file) == Exit.BAD_INPUT
    err = capsys.readouterr().err
    assert f"--states: takes countries, and {file} is a file" in err
    assert "Write files before options: twinmatch europe FILE --states FR,RO." in err
    assert run("europe", file, "--out", tmp_path / "o", "--states", "FR", "it", "--no-pages") == Exit.DONE


def test_a_folder_loses_no_state(file, tmp_path, capsys):
    """Fewer states than a folder holds are refused, in the names of the command line; all are kept."""
    out = tmp_path / "o"
    assert run("europe", file, "--out", out, "--no-pages") == Exit.DONE
    before = (out / "europe.json").read_bytes(), (out / "report.html").read_bytes()
    capsys.readouterr()
    assert run("europe", file, "--out", out, "--states", "FR", "--no-pages") == Exit.BAD_INPUT
    err = capsys.readouterr().err
    assert (
        "--out: has matchings of DE, ES, IT, RO, too, which this call would leave out of its summary" in err
    )
    assert ((out / "europe.json").read_bytes(), (out / "report.html").read_bytes()) == before


def test_every_file_that_is_wrong_is_named(file, tmp_path, capsys):
    """A file that is not there and one that is no register are told in one message."""
    (tmp_path / "odd.csv").write_text("id,country,levels\nA,FRANCE,1\n")
    args = ["europe", file, tmp_path / "none.csv", tmp_path / "odd.csv", "--out", tmp_path / "o"]
    assert run(*args) == Exit.BAD_INPUT
    err = capsys.readouterr().err
    assert f"  {tmp_path / 'none.csv'}: cannot be read: No such file" in err
    assert "odd.csv: country" in err


def test_a_folder_that_cannot_be_written(file, capsys):
    """It is refused before the work, with the name of the option."""
    assert run("europe", file, "--out", file) == Exit.BAD_INPUT
    assert "--out" in capsys.readouterr().err


def test_progress_is_one_bar_over_all_states(file, tmp_path, monkeypatch):
    """Schools of all states are one total, those of states that are not paired left out."""
    seen = []

    def told(now):
        seen.append((now.phase, now.matched))

    hearer = europe._Hearer(told, [])
    schools = tm.read_schools(file)
    found = tm.match_states(schools, states=["FR", "IT"], on_progress=hearer.progress, on_state=hearer.state)
    last = max(matched for phase, matched in seen if phase.startswith("IT"))
    assert last == sum(row["paired"] for row in found.rows)
    assert europe._number([schools], ["FR", "IT"]) == sum(row["schools"] for row in found.rows)
    assert europe._number([schools], None) == len(schools)


def test_progress_is_shown_on_a_terminal_only(file, tmp_path):
    """On a terminal the state is named on stderr; stdout stays clean."""
    code, out, shown = on_terminal("europe", file, "--out", tmp_path / "o", "--json", "--no-pages")
    assert code == 0
    assert len(json.loads(out)["states"]) == 5
    assert b"RO 5/5" in shown
    assert b"paired" in shown
