"""Exit codes: each has its causes, and a line that says them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from tests.command.shell import p, run, stopped
from twinmatch import pairing
from twinmatch.cli import Exit
from twinmatch.explaining import forcing


@pytest.fixture
def matching() -> tm.Matching:
    return tm.match(*tm.datasets.sample(), tm.policies.systematic_twinning())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "COMMAND"),
        (["no-such-command"], "no-such-command"),
        (["demo", "--deadline", "soon"], "'soon' is not a positive number of seconds"),
        (["demo", "--deadline", "-1"], "'-1' is not a positive number"),
        (["demo", "--deadline", "nan"], "'nan' is not a positive number"),
        (["demo", "--threads", "0"], "'0' is not a whole number of threads"),
        (["demo", "--threads", "100000"], "'100000' is not a whole number of threads, from 1 to 1,024"),
        (["demo", "--gap", "1"], "'1' is not a number from 0 up to 1"),
        (["match", "a", "b"], "--out"),
        (["match", "a", "b", "--out", "c", "--capacity", "-1"], "'-1' is not a number of places"),
        (["verify"], "DIR"),
    ],
)
def test_a_bad_command_line_ends_with_code_2(arguments, said, capsys):
    """A bad command line is one line on stderr that names the culprit."""
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == Exit.BAD_INPUT
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_bad_input_ends_with_code_2(files, tmp_path, capsys):
    """Files that are missing, empty or of the wrong kind are named in one message without a traceback."""
    missing, empty, text = tmp_path / "missing.csv", tmp_path / "empty.csv", tmp_path / "notes.csv"
    empty.touch()
    text.write_text("Dear colleagues,\nplease find the schools below.\n", encoding="utf-8")
    policy = tmp_path / "policy.toml"
    policy.write_text("[[criteria]\n", encoding="utf-8")
    occupied = tmp_path / "occupied"
    occupied.touch()
    good, out = files[1], tmp_path / "out"
    for arguments, named in [
        (["match", missing, good, "--out", out], missing),
        (["match", empty, good, "--out", out], empty),
        (["match", good, text, "--out", out], text),
        (["match", *files, "--policy", policy, "--out", out], policy),
        (["match", *files, "--capacity", "no_such_column", "--out", out], "no_such_column"),
        (["match", *files, "--out", occupied], occupied),
        (["verify", missing], missing),
        (["verify", tmp_path], "matching.json"),
    ]:
        assert run(*arguments) == Exit.BAD_INPUT, arguments
        said_out, said = capsys.readouterr()
        assert said_out == ""
        assert said.startswith("twinmatch: ")
        assert Path(named).name in said, arguments
        assert "Traceback" not in said


def test_a_file_that_is_not_there_is_named_with_its_option(files, tmp_path, capsys):
    """Which option named it, why it cannot be read and what to do, on one line."""
    left, right = files
    gone, out = tmp_path / "gone.toml", tmp_path / "out"
    for arguments, said, hint in [
        (["match", left, right, "--policy", gone, "--out", out], f"--policy {gone}", "Give a policy in TOML"),
        (["match", gone, right, "--out", out], f"LEFT {gone}", "Give a file of schools."),
        (["match", left, gone, "--out", out], f"RIGHT {gone}", "Give a file of schools."),
    ]:
        assert run(*arguments) == Exit.BAD_INPUT
        shown, err = capsys.readouterr()
        assert shown == ""
        assert err.startswith(f"twinmatch: {said} cannot be read: No such file or directory. {hint}")
        assert "Errno" not in err
        assert err.count("\n") == 1


def test_a_refused_proof_ends_with_code_1(sample_demo, monkeypatch, capsys, matching):
    """Where a claim does not survive the check, the code says so and the numbers do too."""
    refused = stopped(matching.verify(), ok=False)
    monkeypatch.setattr(pairing, "match", lambda *_, **__: stopped(matching, verify=lambda **_: refused))
    assert run("demo", "--json") == Exit.REFUSED
    out, err = capsys.readouterr()
    assert json.loads(out)["verified"] is False
    assert "refused" in err


def test_no_proof_in_time_ends_with_code_3(sample_demo, monkeypatch, capsys, matching, tmp_path):
    """Where time ran out, what was found is saved and the code says that the proof is not there."""
    late = stopped(matching, status=tm.Status.FEASIBLE, limit=tm.Limit.DEADLINE)
    monkeypatch.setattr(pairing, "match", lambda *_, **__: late)
    assert run("demo", "--out", tmp_path / "late") == Exit.NO_PROOF
    assert "time ran out" in capsys.readouterr().err
    assert (tmp_path / "late" / "pairs.csv").exists()

    nothing = stopped(matching, status=tm.Status.NO_SOLUTION, limit=tm.Limit.DEADLINE, pairs=None)
    monkeypatch.setattr(pairing, "match", lambda *_, **__: nothing)
    assert run("demo", "--json") == Exit.NO_PROOF
    out, err = capsys.readouterr()
    numbers = json.loads(out)
    assert numbers["matched"] == 0
    assert numbers["objective"] is None
    assert "nothing was found" in err


def test_a_cost_that_is_not_known_in_time_ends_with_code_3(matching, tmp_path, capsys, monkeypatch):
    """What forcing a pair costs; Ctrl-C ends with 130, and all else that there is to say is said."""
    matching.save(tmp_path / "twins")
    school = str(matching.left.ids[0])
    wished = matching.explain(school, k=1).next_best[0].partner.id
    asked = ["explain", tmp_path / "twins", school, "--wished", wished, "--cost"]
    assert run(*asked, "--threads", 1) == Exit.DONE
    assert "Forcing the pair would" in " ".join(capsys.readouterr().out.split())
    assert run(*asked, "--deadline", 1e-6) == Exit.NO_PROOF
    told = capsys.readouterr()
    assert "is not known: the search was stopped" in " ".join(told.out.split())
    assert "allow more with --deadline" in told.err
    solve = forcing.solve_implicit

    def interrupted(*given):
        signal.raise_signal(signal.SIGINT)
        return solve(*given)

    monkeypatch.setattr(forcing, "solve_implicit", interrupted)
    assert run(*asked) == Exit.INTERRUPTED
    told = capsys.readouterr()
    assert "is not known: the search was stopped" in " ".join(told.out.split())
    assert "interrupted" in told.err


def test_a_gap_that_crossed_quotas_leave_ends_with_code_3(sample_demo, monkeypatch, capsys, matching):
    """Where nothing ran out and the gap is larger than was asked for, the code says so too."""
    open_ended = stopped(matching, status=tm.Status.FEASIBLE, limit=None, relative_gap=0.02)
    monkeypatch.setattr(pairing, "match", lambda *_, **__: open_ended)
    assert run("demo", "--json") == Exit.NO_PROOF
    assert "leave a gap of 0.02" in capsys.readouterr().err
    assert run("demo", "--json", "--gap", "0.05") == Exit.DONE


def test_infeasible_ends_with_code_4(sample_demo, monkeypatch, capsys, matching):
    """Where nothing satisfies the policy, the code says so."""
    impossible = stopped(matching, status=tm.Status.INFEASIBLE, pairs=None)
    monkeypatch.setattr(pairing, "match", lambda *_, **__: impossible)
    assert run("demo", "--json") == Exit.INFEASIBLE
    out, err = capsys.readouterr()
    assert json.loads(out)["status"] == "INFEASIBLE"
    assert "infeasible" in err


def test_our_own_faults_have_a_code_of_their_own(sample_demo, monkeypatch, capsys):
    """An error that nobody foresaw shows its traceback, and does not pass for a refused proof."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("that should not happen")

    monkeypatch.setattr(pairing, "match", broken)
    assert run("demo") == Exit.BUG
    assert "ZeroDivisionError: that should not happen" in capsys.readouterr().err


def test_ctrl_c_saves_what_was_found(tmp_path):
    """Ctrl-C in the middle of a run ends it within seconds, with code 130 and a saved, valid matching."""
    code = (
        "import sys, twinmatch.datasets as d\n"
        "from twinmatch.cli import main\n"
        "tables = d.synthetic(60_000, 200_000, seed=1, market='tied')\n"
        "d.france_eu = lambda: print('made', file=sys.stderr, flush=True) or tables\n"
        "sys.exit(main(['demo', '--gap', '0', '--json']))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "made\n"
    time.sleep(3.0)
    assert process.poll() is None, "the instance is too small to interrupt"
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)  # terminals and parents repeat themselves
    asked = time.perf_counter()
    out, err = process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPTED, err
    assert time.perf_counter() - asked < 15
    assert "interrupted" in err
    assert "Traceback" not in err
    numbers = json.loads(out)
    assert numbers["verified"] is False
    if numbers["status"] != "NO_SOLUTION":
        assert tm.load_matching(tmp_path / "demo-twins").verify().ok


def test_version_and_help(capsys):
    """``--version`` and ``--help`` answer on stdout; the help names the exit codes."""
    for option, said in [("--version", f"twinmatch {tm.__version__}"), ("--help", "Exit codes")]:
        with pytest.raises(SystemExit) as ended:
            run(option)
        assert ended.value.code == 0
        assert said in capsys.readouterr().out


@pytest.mark.parametrize("command", ["match", "compare"])
def test_the_help_says_whose_places_count_unless_said(command, capsys):
    """Without ``--capacity`` the column of that name counts, as in Python."""
    with pytest.raises(SystemExit):
        run(command, "--help")
    told = " ".join(capsys.readouterr().out.split())
    assert "(default: the column capacity where there is one, else 1)" in told


def test_every_exit_code_is_documented():
    """The documentation has a row for every code but the one for our own faults."""
    page = Path(__file__).parents[2] / "docs" / "command-line.md"
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    for code in set(Exit) - {Exit.BUG}:
        assert any(row.startswith(f"| {code.value} |") for row in rows), code


def test_names_that_are_not_there_are_answered_with_those_that_are(files, tmp_path, capsys, monkeypatch):
    """A folder for a file, a column, a mechanism: the option, the nearest name, and those there are."""
    monkeypatch.chdir(tmp_path)
    left, right = files
    places = tmp_path / "places.parquet"
    table = pq.read_table(right)
    pq.write_table(table.append_column("capacity", pa.array([1] * len(table))), places)
    end = ["--out", tmp_path / "out"]
    other = tmp_path / "policy.toml"
    p.proximity().save(other)
    for arguments, said in [
        (["match", ".", right, *end], ["LEFT . cannot be read: it is a folder. Give a file of schools."]),
        (["match", left, right, "--policy", tmp_path, *end], [f"--policy {tmp_path} cannot be read: it is"]),
        (["match", left, places, "--capacity", "capcity", *end], ["--capacity: names", "Is it capacity?"]),
        (["match", left, right, "--mechanism", "leximim", *end], ["--mechanism", "Is it leximin?", "nash"]),
        (["match", left, right, "--mechanism", "?", *end], ["is no mechanism: '?'. There are most_points"]),
        (["match", left, right, "--mechanism", "nash", "--seed", "3", *end], ["--seed: is for serial_dict"]),
        (["match", left, right, "--right-policy", other, *end], ["--right-policy: is for stable alone"]),
        (["verify", left], [f"DIR {left} cannot be read: it is a file. Give a folder that --out wrote."]),
        (["match", left, right, "--mechanism", "concave", *end], ["--mechanism: concave", "in Python only"]),
    ]:
        assert run(*arguments) == Exit.BAD_INPUT, arguments
        shown, err = capsys.readouterr()
        assert shown == ""
        assert all(part in err for part in said), err
        assert "right_capacity" not in err
        assert err.count("\n") <= 2
