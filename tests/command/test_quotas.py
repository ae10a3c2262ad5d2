"""Quotas on the command line: those that press, that gave way, that cannot be kept."""

from __future__ import annotations

import io
import json
import re
import sys
import time
from dataclasses import replace

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from tests.command.shell import KEYS, p, run, with_quotas
from tests.matching.folders import signed_again
from twinmatch import terminal
from twinmatch.cli import Exit
from twinmatch.solvers.control import Progress


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
