"""Mechanisms on the command line: points are points, whatever is counted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from tests.command.shell import run, with_quotas
from twinmatch.cli import Exit


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


def test_every_mechanism_is_documented():
    """The page on the command line names every mechanism there is, and what its objective is in."""
    from twinmatch.mechanisms import NAMES

    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")
    option = next(line for line in page.splitlines() if line.startswith("| `--mechanism NAME`"))
    units = page.split("What `objective` and `bound` are in")[1]
    for name in (*NAMES, "concave"):
        assert f"`{name}`" in option
        assert f"`{name}`" in units
