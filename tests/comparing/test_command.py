"""``twinmatch compare``: what it prints, and how it ends."""

from __future__ import annotations

import json

import pytest

import twinmatch as tm
from twinmatch.cli import Exit, main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("compare")
    left, right = tm.datasets.sample()
    for name, schools in (("left", left), ("right", right)):
        schools.to_frame().to_csv(here / f"{name}.csv", index=False)
    tm.policies.systematic_twinning().save(here / "plain.toml")
    tm.policies.proximity().save(here / "near.toml")
    quota = tm.policies.Quota("too much", right={"country": ["IT"]}, at_least=5000)
    tm.Policy(quotas=(quota,)).save(here / "hopeless.toml")
    return here


def run(folder, capsys, *names, options=()):
    tables = ["--left", str(folder / "left.csv"), "--right", str(folder / "right.csv")]
    code = main(["compare", *(str(folder / name) for name in names), *tables, *options])
    return code, *capsys.readouterr()


def test_two_policies_on_one_screen(folder, capsys):
    """A line for each, by the name of its file; code 0."""
    code, out, err = run(folder, capsys, "plain.toml", "near.toml")
    assert code == Exit.DONE, err
    assert out.startswith("2 ways to pair the same schools")
    assert "plain" in out
    assert "near" in out


def test_numbers_for_programs(folder, capsys):
    """One JSON line with the rows of the table."""
    code, out, _ = run(folder, capsys, "plain.toml", "near.toml", options=["--json", "--threads", "1"])
    rows = json.loads(out)["rows"]
    assert code == Exit.DONE
    assert [row["name"] for row in rows] == ["plain", "near"]
    assert rows[0]["price_points"] == 0 < rows[1]["price_points"]


def test_how_it_ends(folder, capsys):
    """Impossible is code 4, no time 3, a missing file or half of the tables 2."""
    code, out, err = run(folder, capsys, "plain.toml", "hopeless.toml")
    assert (code, "nothing satisfies hopeless" in err) == (Exit.INFEASIBLE, True)
    assert "INFEASIBLE" in out
    code, _, err = run(folder, capsys, "plain.toml", "near.toml", options=["--deadline", "1e-9"])
    assert (code, "plain" in err) == (Exit.NO_PROOF, True)
    code, _, err = run(folder, capsys, "plain.toml", "none.toml")
    assert (code, "POLICY" in err) == (Exit.BAD_INPUT, True)
    two = [str(folder / name) for name in ("plain.toml", "near.toml")]
    assert main(["compare", *two, "--left", "x.csv"]) == Exit.BAD_INPUT
    assert "go together" in capsys.readouterr().err


def test_every_file_that_is_given_has_a_line(folder, capsys):
    """One given again gets a number, two of one name go by their paths; one alone is no comparison."""
    (folder / "other").mkdir()
    tm.policies.proximity().save(folder / "other" / "plain.toml")
    _, out, _ = run(folder, capsys, *["near.toml"] * 3, options=["--json"])
    assert [row["name"] for row in json.loads(out)["rows"]] == ["near", "near (2)", "near (3)"]
    _, out, _ = run(folder, capsys, "plain.toml", "other/plain.toml", "near.toml", options=["--json"])
    names = [row["name"] for row in json.loads(out)["rows"]]
    assert names == [str(folder / "plain.toml"), str(folder / "other" / "plain.toml"), "near"]
    code, out, err = run(folder, capsys, "plain.toml")
    assert (code, out) == (Exit.BAD_INPUT, "")
    assert err == "twinmatch: compare needs two policies or more; twinmatch match pairs under one\n"
