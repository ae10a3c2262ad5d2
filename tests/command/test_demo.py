"""``twinmatch demo`` and ``match``: what they print, save and show meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from tests.command.shell import KEYS, command, on_terminal, run
from tests.matching.folders import signed_again
from twinmatch.cli import Exit
from twinmatch.command.run import DEMO_GAP

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
    code, out, shown = on_terminal("match", *files, "--out", tmp_path, "--json")
    assert code == 0
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
