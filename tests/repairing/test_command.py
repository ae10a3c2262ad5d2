"""``twinmatch repair``, as a shell sees it."""

from __future__ import annotations

import datetime
import json
import shutil
import signal
import threading
from typing import TYPE_CHECKING

import pytest

import twinmatch as tm
from tests.command.shell import stopped
from twinmatch import cli
from twinmatch.cli import Exit

if TYPE_CHECKING:
    from pathlib import Path

c = tm.changes


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a saved matching of the sample."""
    path = tmp_path_factory.mktemp("saved") / "twins"
    tm.match(*tm.datasets.sample()).save(path)
    return path


@pytest.fixture(scope="module")
def pairs(folder) -> list[tuple[str, str]]:
    """Return the pairs of that matching."""
    table = tm.load_matching(folder).pairs
    return list(zip(table.left_id, table.right_id, strict=True))


def run(*arguments: object) -> int:
    return cli.main(["repair", *map(str, arguments)])


def test_the_screen_is_the_difference_and_the_result_is_saved(folder, pairs, tmp_path, capsys):
    """Standard output gets what ``diff`` says, the new folder what ``repair`` makes, in Python as here."""
    out = tmp_path / "october"
    assert run(folder, "--partner-leaves", pairs[0][1], "--keep-bonus", 10_000, "--out", out) == Exit.DONE
    old, new = tm.load_matching(folder), tm.load_matching(out)
    same = old.repair(c.PartnerLeaves(pairs[0][1]), 10_000)
    assert new.seal == same.seal
    assert new.parent == same.parent
    assert new.verify().ok
    shown, err = capsys.readouterr()
    assert shown.startswith(f"{same.diff(old)}\n\n  proof       checked over all pairs")
    assert "✓ mates" in shown
    assert len(shown.splitlines()) <= 50
    assert err == f"twinmatch: proven and checked; saved in {out}\n"


def test_a_file_and_options_say_one_set_of_changes(folder, pairs, tmp_path, capsys):
    """What both say happens together; a day is needed where a change has a date, and told in the result."""
    (school, partner), (other, away) = pairs[:2]
    file, out = tmp_path / "changes.json", tmp_path / "out"
    until = datetime.date(2027, 7, 4)
    file.write_text(json.dumps([c.PairRenewed(school, partner, until).to_dict()]), encoding="utf-8-sig")
    told = ["--changes", file, "--veto", other, away, "--school-leaves", pairs[2][0], "--lock", *pairs[3]]
    assert run(folder, *told, "--today", "2026-10-01", "--out", out, "--json") == Exit.DONE
    line = json.loads(capsys.readouterr().out)
    assert line["verified"] is True
    assert [one["id"] for one in line["gone"]] == [pairs[2][0]]
    assert (other, away) not in {(one["left_id"], one["right_id"]) for one in line["kept"]}
    new = tm.load_matching(out)
    assert new.pending == (c.AgreementExpires(school, partner, on=until),)
    assert set(new.policy.quotas[0].pairs) == {pairs[0], pairs[3]}
    assert new.parent.today == datetime.date(2026, 10, 1)
    later = tmp_path / "later"
    assert run(out, "--today", until.isoformat(), "--out", later) == Exit.DONE
    assert tm.load_matching(later).policy.quotas[0].pairs == (pairs[3],)


def test_everything_wrong_is_said_at_once(folder, pairs, tmp_path, capsys):
    """Faults of the file and of options come in one message, each with where it is; nothing is written."""
    file, out = tmp_path / "changes.json", tmp_path / "out"
    documents = [
        {"kind": "partner_leave", "right_id": "x"},
        {"kind": "pair_renewed", "left_id": "a", "right_id": "b", "until": "2027-13-01"},
    ]
    file.write_text(json.dumps(documents), encoding="utf-8")
    cut, nobody = tmp_path / "cut.json", tmp_path / "nobody.json"
    cut.write_text('[{"kind": ', encoding="utf-8")
    dated = tmp_path / "dated.json"
    dated.write_text(json.dumps([c.AgreementExpires(*pairs[0], on=datetime.date(2027, 1, 1)).to_dict()]))
    named = ["changes.json[0].kind", "Did you mean partner_leaves?", "changes.json[1].until", "--veto 'a' ''"]
    for arguments, said in [
        (["--changes", file, "--veto", "a", ""], named),
        (["--changes", cut], ["cut.json: is damaged"]),
        (
            ["--changes", nobody],
            [f"--changes {nobody} cannot be read: No such file", "Give a list of changes"],
        ),
        (["--changes", tmp_path], ["it is a folder"]),
        (["--changes", dated], ["has a date", "--today 2026-10-01"]),
        (["--partner-leaves", "?", "--school-leaves", pairs[0][1]], ["there is no '?'", "is a right school"]),
        (["--lock", *pairs[0], "--veto", *pairs[0]], ["contradict each other"]),
        ([], ["changes: are not given", "--today"]),
    ]:
        assert run(folder, *arguments, "--out", out) == Exit.BAD_INPUT, arguments
        shown, err = capsys.readouterr()
        assert shown == ""
        assert all(part in err for part in said), err
        assert not out.exists()
    assert run(folder, "--partner-leaves", pairs[0][1], "--out", folder) == Exit.BAD_INPUT
    assert "is DIR itself" in capsys.readouterr().err
    assert run(tmp_path / "none", "--partner-leaves", "x", "--out", out) == Exit.BAD_INPUT


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--keep-bonus", "-1"], "'-1' is not a whole number of points from 0 to 16,777,216"),
        (["--today", "1 October"], "'1 October' is not a day such as 2026-10-01"),
        (["--lock", "a"], "expected 2 arguments"),
        (["--max-moves", "-1"], "'-1' is not a whole number of schools from 0 to 2,147,483,647"),
        (["--max-moves", "2.5"], "'2.5' is not a whole number of schools"),
    ],
)
def test_a_bad_command_line_ends_with_code_2(folder, arguments, said, capsys):
    """An option that makes no sense is one line that names it."""
    with pytest.raises(SystemExit, match="2"):
        run(folder, "--out", "out", *arguments)
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_bonus_that_a_mechanism_cannot_give_is_named_as_an_option(tmp_path, capsys):
    """Only the mechanism that finds the most points gives a bonus, and the option is named as it is here."""
    fr, eu = tm.datasets.sample()
    tm.match(fr.take(range(20)), eu.take(range(30)), mechanism=tm.mechanisms.greedy()).save(tmp_path / "g")
    told = ["--school-leaves", fr.ids[0], "--out", tmp_path / "out"]
    assert run(tmp_path / "g", *told, "--keep-bonus", 5) == Exit.BAD_INPUT
    err = capsys.readouterr().err
    assert "--keep-bonus: is a number of points, and greedy does not find the most points" in err
    assert "keep_bonus" not in err
    assert run(tmp_path / "g", *told) == Exit.DONE


def test_codes_tell_how_it_ended(folder, pairs, tmp_path, capsys, monkeypatch):
    """Out of time 3, nothing possible 4, a proof that is refused 1; each says what was saved."""
    told = [folder, "--partner-leaves", pairs[0][1]]
    assert run(*told, "--deadline", "0.000001", "--out", tmp_path / "3") == Exit.NO_PROOF
    assert "ran out" in capsys.readouterr().err or not (tmp_path / "3").exists()
    fr, eu = tm.datasets.sample()
    floor = tm.policies.Quota("floor", at_least=1, right={"country": [eu.table["country"][0].as_py()]})
    policy = tm.Policy(criteria=(tm.policies.SizeSimilarity(9),), quotas=(floor,))
    tm.match(fr.take([0]), eu.take([0]), policy).save(tmp_path / "one")
    gone = [tmp_path / "one", "--veto", fr.ids[0], eu.ids[0], "--out", tmp_path / "4"]
    assert run(*gone) == Exit.INFEASIBLE
    shown, err = capsys.readouterr()
    assert shown == ""
    assert "infeasible" in err
    assert str(tmp_path / "4") in err
    assert tm.load_matching(tmp_path / "4").verify().ok
    refused = stopped(tm.load_matching(folder).verify(), ok=False)
    monkeypatch.setattr(tm.Matching, "verify", lambda *_, **__: refused)
    assert run(*told, "--out", tmp_path / "1") == Exit.REFUSED
    assert "a proof was refused" in capsys.readouterr().err


def test_few_may_move(folder, pairs, tmp_path, capsys):
    """The result is that of ``max_moves``; what is proven of it is said, in words and as numbers."""
    told = [folder, "--partner-leaves", pairs[0][1], "--max-moves", 2]
    assert run(*told, "--out", tmp_path / "few") == Exit.DONE
    shown, err = capsys.readouterr()
    old = tm.load_matching(folder)
    few = old.repair(c.PartnerLeaves(pairs[0][1]), max_moves=2)
    assert tm.load_matching(tmp_path / "few").seal == few.seal
    assert shown.startswith(f"{few.diff(old)}\n\n  proof")
    bound = few.move_bound
    assert bound.moved <= 2
    note, end = err.splitlines()
    assert note == (
        f"twinmatch: note: {bound.moved} school{'s move' if bound.moved > 1 else ' moves'}, and 2 may; no "
        f"matching that keeps to this has more than {bound.bound:,} points "
        f"without a bonus (gap {bound.gap:,})"
    )
    assert end == f"twinmatch: proven and checked; saved in {tmp_path / 'few'}"
    assert run(*told, "--out", tmp_path / "again", "--json") == Exit.DONE
    line = json.loads(capsys.readouterr().out)
    assert line["move_bound"] == {**bound._asdict(), "gap": bound.gap}


def test_too_few_may_move(folder, pairs, tmp_path, capsys, monkeypatch):
    """Each way to have no such matching has its code and its sentence, and nothing is saved."""
    told = [folder, "--partner-leaves", pairs[0][1], "--out", tmp_path / "out", "--max-moves", 0]
    assert run(*told) == Exit.INFEASIBLE
    err = capsys.readouterr().err
    assert "infeasible: at least 1 of" in err
    assert "schools have to move, and 0 may. Nothing is saved" in err
    assert run(*told, "--keep-bonus", 10) == Exit.BAD_INPUT
    err = capsys.readouterr().err
    assert "--keep-bonus: is found by the repair where --max-moves says" in err
    assert "Give one of the two." in err
    assert "max_moves" not in err
    assert run(*told, "--deadline", "0.000001") == Exit.NO_PROOF
    assert "the frontier is not known" in capsys.readouterr().err
    real = tm.Matching.repair

    def interrupted(self, *given, **others):
        signal.raise_signal(signal.SIGINT)
        return real(self, *given, **others)

    monkeypatch.setattr(tm.Matching, "repair", interrupted)
    assert run(*told) == Exit.INTERRUPTED
    assert "interrupted before anything was found" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_few_moves_cannot_mend_what_is_impossible(tmp_path, capsys):
    """Where nothing satisfies the policy any more, the reason is told, not a number of moves."""
    fr, eu = tm.datasets.sample()
    floor = tm.policies.Quota("floor", at_least=1, right={"country": [eu.table["country"][0].as_py()]})
    policy = tm.Policy(criteria=(tm.policies.SizeSimilarity(9),), quotas=(floor,))
    tm.match(fr.take([0]), eu.take([0]), policy).save(tmp_path / "one")
    told = [tmp_path / "one", "--veto", fr.ids[0], eu.ids[0], "--max-moves", 5, "--out", tmp_path / "out"]
    assert run(*told) == Exit.INFEASIBLE
    err = capsys.readouterr().err
    assert "infeasible: nothing satisfies the policy any more, whoever moves. " in err
    assert "floor" in err
    assert ".. " not in err
    assert not (tmp_path / "out").exists()


def test_what_else_changed_is_noted(folder, pairs, tmp_path, capsys):
    """Agreements that ended and locks of who left are told with what is different, in words and as JSON."""
    (school, partner), (other, away) = pairs[:2]
    until = datetime.date(2027, 7, 4)
    old = tm.load_matching(folder)
    renewed = c.PairRenewed(school, partner, until)
    locked = old.repair([renewed, c.PairLocked(other, away)], today=datetime.date(2026, 10, 1))
    assert locked.repair_notes == ()
    locked.save(tmp_path / "locked")
    told = [tmp_path / "locked", "--partner-leaves", away, "--today", "2027-07-04"]
    ended = f"The agreement of {school} and {partner} ended on 2027-07-04."
    freed = f"{other} and {away} need not be paired any more: {away} left."
    for number, form in enumerate([[], ["--json"], ["--max-moves", 9]]):
        out = tmp_path / str(number)
        assert run(*told, *form, "--out", out) == Exit.DONE
        shown, err = capsys.readouterr()
        assert ended not in err
        told_ = json.loads(shown)["notes"] if form == ["--json"] else shown
        assert all(note in told_ for note in (ended, freed))
    again = locked.repair(c.PartnerLeaves(away), today=until)
    assert again.repair_notes == again.diff(locked).notes[:2] == (ended, freed)
    assert ended not in again.diff(old).notes


def test_everything_wrong_in_a_file_and_on_the_line_is_said_at_once(folder, pairs, tmp_path, capsys):
    """What cannot be read, who is not there, and days without a day, each by its place and not as Python."""
    (school, partner), (other, away) = pairs[:2]
    documents = [
        {"kind": "capacity_changes", "right_id": partner, "capacity": -1},
        {"kind": "school_leaves", "left_id": "nope"},
        {"kind": "agreement_expires", "left_id": other, "right_id": away, "on": "2027-07-04"},
        {"kind": "school_joins", "schools": [{"id": "N", "country": "FR", "size": "x"}]},
        {"kind": "school_joins", "schools": [{"id": school, "country": "FR"}]},
    ]
    (tmp_path / "all.json").write_text(json.dumps(documents))
    told = [
        folder,
        "--changes",
        tmp_path / "all.json",
        "--partner-leaves",
        "neither",
        "--out",
        tmp_path / "o",
    ]
    assert run(*told) == Exit.BAD_INPUT
    err = capsys.readouterr().err
    for words in (
        "all.json[0].capacity: must be between 0",
        "all.json[1]: there is no 'nope' in the left table",
        "all.json[2]: has a date, and --today is not given. Say what day it is: --today",
        "all.json[3].size: ",
        f"all.json[4]: '{school}' is in the left table already",
        "--partner-leaves 'neither': there is no 'neither'",
    ):
        assert words in err, err
    assert "6 faults" in err
    assert "PartnerLeaves(" not in err
    assert run(folder, "--partner-leaves", "neither", "--out", tmp_path / "o") == Exit.BAD_INPUT
    assert "--partner-leaves 'neither': there is no 'neither'" in capsys.readouterr().err


def test_nothing_found_is_not_told_as_all_pairs_lost(folder, pairs, tmp_path, capsys, monkeypatch):
    """With --json, a run that found nothing says that, and names no school."""
    real = tm.Matching.repair

    def cancelled(self, *given, **others):
        stop = threading.Event()
        stop.set()
        return real(self, *given, **{**others, "cancel": stop})

    monkeypatch.setattr(tm.Matching, "repair", cancelled)
    told = [folder, "--lock", *pairs[0], "--out", tmp_path / "out", "--json"]
    assert run(*told) == Exit.NO_PROOF
    assert json.loads(capsys.readouterr().out) == {
        "status": "NO_SOLUTION",
        "limit": "CANCELLED",
        "verified": False,
    }


def test_a_folder_that_is_refused_is_told(folder, pairs, tmp_path, capsys):
    """Where the matching of before is not what its folder claims, a line says so."""
    shutil.copytree(folder, tmp_path / "bent")
    lines = (tmp_path / "bent" / "pairs.csv").read_bytes()
    (tmp_path / "bent" / "pairs.csv").write_bytes(lines.replace(b"1", b"2", 1))
    told = ["--partner-leaves", pairs[0][1], "--out", tmp_path / "out"]
    assert run(tmp_path / "bent", *told) == Exit.DONE
    assert "holds a matching that `twinmatch verify` refuses" in capsys.readouterr().err
    assert run(folder, *told) == Exit.DONE
    assert "refuses" not in capsys.readouterr().err
