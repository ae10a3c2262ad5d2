"""The command line, as a shell and a service see it."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from tests.matching.folders import signed_again
from twinmatch import cli, pairing, terminal
from twinmatch.cli import Exit
from twinmatch.command.run import DEMO_GAP
from twinmatch.solvers.control import Progress

KEYS = [
    "left",
    "right",
    "pairs",
    "matched",
    "unmatched",
    "objective",
    "bound",
    "relative_gap",
    "status",
    "verified",
    "seconds",
    "peak_mb",
    "notes",
    "points",
    "mechanism",
]
SAVED = {
    "pairs.csv",
    "pairs.parquet",
    "unmatched.csv",
    "unmatched.parquet",
    "certificate.json",
    "policy.toml",
    "matching.json",
    "left.parquet",
    "right.parquet",
    "prices.parquet",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[Path, Path]:
    """Return the sample as two Parquet files."""
    folder = tmp_path_factory.mktemp("registers")
    paths = folder / "left.parquet", folder / "right.parquet"
    for path, schools in zip(paths, tm.datasets.sample(), strict=True):
        pq.write_table(schools.table, path)
    return paths


@pytest.fixture
def sample_demo(monkeypatch):
    """Let ``twinmatch demo`` run on the sample."""
    monkeypatch.setattr(tm.datasets, "france_eu", tm.datasets.sample)


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "twinmatch", *map(str, arguments)]


# -- demo ---------------------------------------------------------------------------------------------------


def test_demo_prints_one_json_object_on_one_line(sample_demo, capsys):
    """``--json`` prints the documented keys in their order, on one line of stdout, and nothing else."""
    assert run("demo", "--json") == Exit.DONE
    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("\n") == 1
    numbers = json.loads(out)
    assert list(numbers) == KEYS

    left, right = tm.datasets.sample()
    assert (numbers["left"], numbers["right"]) == (len(left), len(right))
    assert numbers["pairs"] == len(left) * len(right)
    assert numbers["matched"] + numbers["unmatched"] == len(left)
    assert numbers["status"] in ("OPTIMAL", "FEASIBLE")
    assert numbers["verified"] is True
    assert 0 < numbers["objective"] <= numbers["bound"]
    gap = (numbers["bound"] - numbers["objective"]) / max(1, numbers["bound"])
    assert numbers["relative_gap"] == pytest.approx(gap)
    assert numbers["relative_gap"] <= DEMO_GAP
    assert numbers["peak_mb"] > 10


def test_phases_do_not_overlap(files, tmp_path):
    """Seconds by phase add up to at most the wall time of the process, and no total is among them."""
    started = time.perf_counter()
    done = subprocess.run(
        command("match", *files, "--out", tmp_path, "--json"), capture_output=True, text=True, check=True
    )
    wall = time.perf_counter() - started
    seconds = json.loads(done.stdout)["seconds"]
    assert {"load", "verify", "save"} < set(seconds)
    assert "total" not in seconds
    assert all(spent >= 0 for spent in seconds.values())
    assert sum(seconds.values()) <= wall


def test_demo_fits_one_screen(sample_demo, capsys, tmp_path, monkeypatch):
    """The summary names numbers, countries, claims and phases, on one screen of plain text."""
    monkeypatch.chdir(tmp_path)
    assert run("demo", "--out", "twins") == Exit.DONE
    out, err = capsys.readouterr()
    assert err == ""
    assert "\x1b" not in out
    lines = out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 110
    matching = tm.load_matching("twins")
    assert f"{matching.objective:,}" in out
    assert f"{matching.bound:,}" in out
    countries = set(matching.right.strings("country"))
    assert {line.split("█")[0].split()[-1] for line in lines if "█" in line} <= countries
    for claim in matching.verify().claims:
        assert claim.name in out
    assert "verify " in out
    assert " MB" in out


def test_demo_is_silent_about_progress_in_a_pipe(files, tmp_path):
    """Where stderr is no terminal there is no progress, and rich is not even loaded."""
    code = (
        "import sys; from twinmatch.cli import main;"
        f"code = main(['match', {str(files[0])!r}, {str(files[1])!r}, '--out', {str(tmp_path)!r}, '--json']);"
        "sys.exit(code or ('rich' in sys.modules) * 99)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_progress_appears_on_a_terminal(files, tmp_path):
    """Where stderr is a terminal, progress is shown there, and stdout stays clean."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        command("match", *files, "--out", tmp_path, "--json"),
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the other side has closed it
            break
        if not chunk:
            break
        shown += chunk
    out, _ = process.communicate()
    os.close(master)
    assert process.returncode == 0
    assert list(json.loads(out)) == KEYS
    assert b"paired" in shown


# -- match and verify ---------------------------------------------------------------------------------------


def test_match_saves_what_it_says_and_verify_believes_it(files, tmp_path, capsys):
    """A saved matching holds the documented files and is verified again by a later process."""
    out = tmp_path / "deep" / "twins"
    assert run("match", *files, "--out", out, "--json") == Exit.DONE
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["status"] == "OPTIMAL"
    assert {path.name for path in out.iterdir()} == SAVED
    assert pa_csv.read_csv(out / "pairs.csv").num_rows == numbers["matched"]
    assert pq.read_table(out / "unmatched.parquet").num_rows == numbers["unmatched"]

    assert run("verify", out) == Exit.DONE
    assert f"{numbers['objective']:,}" in capsys.readouterr().out
    assert run("verify", out, "--json") == Exit.DONE
    certificate = json.loads(capsys.readouterr().out)
    assert certificate["ok"] is True
    assert certificate["objective"] == numbers["objective"]


def test_match_uses_the_policy_and_the_capacity(files, tmp_path, capsys):
    """``--policy`` and ``--capacity`` reach the matching: with two places each, it is no worse."""
    policy = tmp_path / "policy.toml"
    tm.policies.systematic_twinning().save(policy)
    objectives = {}
    for places in (1, 2):
        out = tmp_path / str(places)
        arguments = ("match", *files, "--policy", policy, "--capacity", places, "--out", out, "--json")
        assert run(*arguments) == Exit.DONE
        objectives[places] = json.loads(capsys.readouterr().out)["objective"]
        assert tm.Policy.load(out / "policy.toml") == tm.Policy.load(policy)
    assert objectives[2] > objectives[1]


def test_a_changed_price_is_refused(files, tmp_path, capsys):
    """``verify`` on a result that somebody has changed ends with code 1."""
    out = tmp_path / "twins"
    assert run("match", *files, "--out", out) == Exit.DONE
    record = json.loads((out / "matching.json").read_text(encoding="utf-8"))
    assert "objective" in record
    signed_again(out, objective=record["objective"] + 1)
    capsys.readouterr()
    assert run("verify", out) == Exit.REFUSED
    assert "refused" in capsys.readouterr().err


# -- quotas -------------------------------------------------------------------------------------------------

p = tm.policies


def with_quotas(path: Path, *quotas: object, coverage: str = "first") -> Path:
    """Write the default policy with quotas."""
    replace(p.systematic_twinning(), quotas=quotas, coverage=coverage).save(path)
    return path


def test_the_summary_shows_the_quotas_that_press(files, tmp_path, capsys):
    """How many there are, and of those that cost something: the name, the count, the bound and the price."""
    policy = with_quotas(
        tmp_path / "policy.toml",
        p.QuotaPer("cap", right=["country"], at_most=10),
        p.Quota("never mind", right={"country": "IT"}, at_most=11),
    )
    out = tmp_path / "twins"
    assert run("match", *files, "--policy", policy, "--out", out) == Exit.DONE
    shown, err = capsys.readouterr()
    assert err == ""
    assert "quotas      7, of which 6 press on the result" in shown
    pressing = re.findall(
        r"cap: country (..): 10 of at most 10 pairs; one more: up to ([0-9,]+) points and a school",
        shown,
    )
    assert sorted(country for country, _ in pressing) == ["DE", "ES", "IT", "NL", "RO", "SE"]
    prices = [int(price.replace(",", "")) for _, price in pressing]
    assert prices == sorted(prices, reverse=True)
    assert prices[-1] > 0
    assert "never mind" not in shown
    assert max(map(len, shown.splitlines()[:-1])) <= 110
    assert len(shown.splitlines()) < 40
    assert run("verify", out) == Exit.DONE
    assert "every claim holds" in capsys.readouterr().out


def test_a_misspelt_value_is_said_on_stderr(files, tmp_path, capsys):
    """A line for each thing that is not there, and none of them among the data; in full with ``--json``."""
    policy = tmp_path / "policy.toml"
    asked = replace(
        p.systematic_twinning(),
        rules=(*p.systematic_twinning().rules, p.ForbiddenSchools(right=["nobody"])),
        quotas=(
            p.CoverageFloor("priority", left={"ep": ["REP"]}, at_least_share=0.1),
            p.Quota("plafond Allemagne", right={"country": "de"}, at_most=2),
            p.CoverageFloor("floor", left={"academie": "Nulle"}, at_least_share=0.5),
        ),
    )
    asked.save(policy)
    arguments = ("match", *files, "--policy", policy, "--out", tmp_path / "twins")
    assert run(*arguments) == Exit.DONE
    shown, err = capsys.readouterr()
    notes = [
        "1 of 1 forbidden right schools are not in the table",
        "no right school has country de, which the quota 'plafond Allemagne' accepts",
        "no right school meets the conditions of the quota 'plafond Allemagne'",
        "no left school has academie Nulle, which the quota 'floor' accepts",
        "no left school meets the conditions of the quota 'floor'",
        "161 of 200 left schools have no known ep: they are in no group of the quota 'priority'",
    ]
    assert err == "".join(f"twinmatch: note: {note}\n" for note in notes)
    assert "note" not in shown
    assert run(*arguments, "--json") == Exit.DONE
    shown, again = capsys.readouterr()
    assert again == err
    assert json.loads(shown)["notes"] == notes


def test_the_summary_counts_pairs_where_schools_have_several(files, tmp_path, capsys):
    """Schools and pairs are two numbers, and the bars count pairs."""
    two = p.PartnersPerSchool("two", side="left", most=2)
    policy = with_quotas(tmp_path / "policy.toml", two, coverage="points")
    assert run("match", *files, "--policy", policy, "--out", tmp_path / "twins") == Exit.DONE
    shown = capsys.readouterr().out
    pairs = pa_csv.read_csv(tmp_path / "twins" / "pairs.csv").num_rows
    assert pairs > 200
    assert "points come first" in shown
    assert f"{pairs:,} pairs: some schools have several partners" in shown
    assert sum(int(count) for count in re.findall("█[^0-9\n]*([0-9]+)\n", shown)) == pairs


def test_the_summary_says_what_gave_way(files, tmp_path, capsys):
    """A balance that would leave schools without a partner is eased, and that is said."""
    floors = p.CountryBalance(cap_share=0.0, floor_share=1.0)
    keep = p.Quota("to Spain", right={"country": "ES"}, at_least=45)
    policy = with_quotas(tmp_path / "policy.toml", floors, keep)
    assert run("match", *files, "--policy", policy, "--out", tmp_path / "twins") == Exit.DONE
    assert "country balance: eased by" in capsys.readouterr().out


def test_what_cannot_be_ends_with_code_4_and_says_why(files, tmp_path, capsys):
    """On both streams; and the proof of it is saved and checked again."""
    policy = with_quotas(
        tmp_path / "policy.toml",
        p.QuotaPer("cap", right=["country"], at_most=2),
        p.Quota("floor", right={"country": ["DE"]}, at_least=10),
    )
    out = tmp_path / "twins"
    why = "“floor” asks for 10 pairs, but “cap: country DE” allows 2 pairs."
    assert run("match", *files, "--policy", policy, "--out", out) == Exit.INFEASIBLE
    shown, err = capsys.readouterr()
    assert why in shown
    assert "nobody: nothing keeps to all that the policy asks" in shown
    assert err == f"twinmatch: infeasible: nothing satisfies the policy. {why} The proof is in {out}.\n"
    assert run("verify", out) == Exit.DONE
    assert "INFEASIBLE" in capsys.readouterr().out
    assert run("match", *files, "--policy", policy, "--out", out, "--json") == Exit.INFEASIBLE
    numbers = json.loads(capsys.readouterr().out)
    assert list(numbers) == [*KEYS, "witness"]
    assert numbers["notes"] == []
    assert (numbers["witness"], numbers["verified"], numbers["matched"]) == (why, True, 0)


def test_a_proof_of_quotas_that_was_changed_is_refused(files, tmp_path, capsys):
    """``verify`` looks at the prices of quotas too."""
    policy = with_quotas(tmp_path / "policy.toml", p.QuotaPer("cap", right=["country"], at_most=10))
    out = tmp_path / "twins"
    assert run("match", *files, "--policy", policy, "--out", out, "--json") == Exit.DONE
    prices = pq.read_table(out / "quota_prices.parquet").to_pydict()
    prices["price"][0] -= 1
    pq.write_table(pa.table(prices), out / "quota_prices.parquet")
    signed_again(out)
    assert run("verify", out) == Exit.REFUSED
    assert "refused" in capsys.readouterr().err


def test_the_progress_line_knows_every_phase(monkeypatch):
    """Networks and searches show like auctions; more pairs than schools do not run over the end."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    with terminal.progress(20) as on_progress:
        assert on_progress is not None
        for phase, matched in (("network", 12), ("search", 35)):
            on_progress(Progress(phase, matched=matched, objective=90, bound=100, gap=10, relative_gap=0.1))
            time.sleep(0.15)
    assert re.search("network.*12 of 20 paired", shown.getvalue())
    assert re.search("search.*20 of 20 paired, at most 10.0 % below", shown.getvalue())


# -- exit codes ---------------------------------------------------------------------------------------------


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


def stopped(matching: tm.Matching, **changes: object) -> object:
    """Return a stand-in for ``matching`` in which some attributes differ."""

    class Stopped:
        def __getattr__(self, name: str) -> object:
            return changes[name] if name in changes else getattr(matching, name)

    return Stopped()


@pytest.fixture
def matching() -> tm.Matching:
    return tm.match(*tm.datasets.sample(), tm.policies.systematic_twinning())


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


def test_every_exit_code_is_documented():
    """The documentation has a row for every code but the one for our own faults."""
    page = Path(__file__).parent.parent / "docs" / "command-line.md"
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    for code in set(Exit) - {Exit.BUG}:
        assert any(row.startswith(f"| {code.value} |") for row in rows), code


# -- mechanisms ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["most_points", "nash", "leximin", "greedy", "stable", "serial_dictatorship"]
)
def test_points_are_points_whatever_is_counted(name, files, tmp_path, capsys):
    """Screen and numbers give the sum of the pairs' points; what a mechanism counts besides is named."""
    assert run("match", *files, "--mechanism", name, "--out", tmp_path, "--json") == Exit.DONE
    numbers = json.loads(capsys.readouterr().out)
    points = sum(pq.read_table(tmp_path / "pairs.parquet")["points"].to_pylist())
    assert (numbers["points"], numbers["mechanism"]) == (points, name)
    assert (numbers["objective"] == points) == (name != "nash")

    assert run("match", *files, "--mechanism", name, "--out", tmp_path) == Exit.DONE
    screen = capsys.readouterr().out
    assert re.search(rf"^  points +{points:,}\b", screen, re.MULTILINE)
    assert ("by nash" in screen) == (name == "nash")
    assert ("the best possible" in screen) == (name in ("most_points", "nash"))
    kept = name in ("greedy", "stable", "serial_dictatorship")
    assert ("of the pairings that keep the guarantee none has more" in screen) == kept
    if name == "nash":
        assert f"counted     {numbers['objective']:,} by nash, the best possible" in screen
        assert f"bound       {numbers['bound']:,} by nash" in screen
    if name == "leximin":
        floor = min(pq.read_table(tmp_path / "pairs.parquet")["points"].to_pylist())
        assert f"no pair below {floor:,} points, and no higher floor can be promised" in screen
        assert f"{points:,}, of the pairings that keep the floor none has more" in screen

    assert run("verify", tmp_path) == Exit.DONE
    certificate = capsys.readouterr().out
    assert f"objective      {numbers['objective']:,} (as the mechanism counts)" in certificate
    assert ("of at most" in certificate.split("plain pass")[0]) != kept
    assert ("coverage       200, the most of the pairings that keep the guarantee" in certificate) == kept


def test_prices_of_quotas_are_in_what_is_counted(files, tmp_path, capsys):
    """Under a mechanism that counts something else, what one more pair may bring is in that."""
    quota = tm.policies.Quota("few", right={"country": ["IT"]}, at_most=10)
    policy = with_quotas(tmp_path / "policy.toml", quota)
    for name, said in (("most_points", "points"), ("nash", "as nash counts")):
        out = tmp_path / name
        run("match", *files, "--policy", policy, "--mechanism", name, "--gap", "0.001", "--out", out)
        assert re.search(rf"10 of at most 10 pairs; one more: up to [0-9,]+ {said}", capsys.readouterr().out)


# -- where things are written -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """Return the folder of a saved matching."""
    folder = tmp_path_factory.mktemp("saved") / "twins"
    tm.match(*tm.datasets.sample()).save(folder)
    return folder


def test_what_cannot_be_written_is_named_with_its_option(files, saved, tmp_path, capsys, monkeypatch):
    """Which option, what stands in the way and what to do, on one line, before anything is worked out."""
    monkeypatch.chdir(tmp_path)
    occupied = tmp_path / "occupied"
    occupied.touch()
    below = occupied / "below"
    school = tm.datasets.sample()[0].ids[0]
    for arguments, said in [
        (["report", saved, "--out", "."], "--out . cannot be written: it is a folder. Give a file"),
        (["report", saved, "--out", below], f"--out {below} cannot be written: {occupied} is no folder."),
        (["match", *files, "--out", occupied], f"--out {occupied} cannot be written: it is a file. Give a f"),
        (["match", *files, "--out", below], f"--out {below} cannot be written: {occupied} is no folder."),
        (["explain", saved, school, "--html", tmp_path], f"--html {tmp_path} cannot be written: it is a f"),
        (["explain", saved, school, "--html", below], f"--html {below} cannot be written: {occupied} is no"),
        (["notice", saved, "--html", tmp_path], f"--html {tmp_path} cannot be written: it is a folder."),
    ]:
        assert run(*arguments) == Exit.BAD_INPUT, arguments
        shown, err = capsys.readouterr()
        assert shown == ""
        assert err.startswith(f"twinmatch: {said}"), err
        assert err.count("\n") == 1


def test_folders_on_the_way_to_a_page_are_made(saved, tmp_path, capsys):
    """For a notice as for a report."""
    for number, command in enumerate((["notice", saved, "--html"], ["report", saved, "--out"])):
        page = tmp_path / str(number) / "new" / "page.html"
        assert run(*command, page) == Exit.DONE
        assert "<html" in page.read_text(encoding="utf-8")
    capsys.readouterr()


def test_a_folder_without_leave_and_a_full_disk_are_told(saved, tmp_path, capsys, monkeypatch):
    """Neither is a fault of twinmatch: the option and the reason, and code 2."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert run("report", saved, "--out", tmp_path / "page.html") == Exit.BAD_INPUT
    assert f"--out {tmp_path / 'page.html'} cannot be written: nothing may be" in capsys.readouterr().err
    assert run("report", saved) == Exit.BAD_INPUT
    assert f"DIR {saved / 'report.html'} cannot be written" in capsys.readouterr().err
    monkeypatch.undo()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert run("notice", saved, "--html", tmp_path / "page.html") == Exit.BAD_INPUT
    assert "page.html cannot be written: No space left on device. Give another" in capsys.readouterr().err


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


def test_every_mechanism_is_documented():
    """The page on the command line names every mechanism there is, and what its objective is in."""
    from twinmatch.mechanisms import NAMES

    page = (Path(__file__).parents[1] / "docs" / "command-line.md").read_text(encoding="utf-8")
    option = next(line for line in page.splitlines() if line.startswith("| `--mechanism NAME`"))
    units = page.split("What `objective` and `bound` are in")[1]
    for name in (*NAMES, "concave"):
        assert f"`{name}`" in option
        assert f"`{name}`" in units
