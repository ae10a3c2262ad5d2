"""A run that was killed goes on where it was, and ends with the same bytes."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.matching.worlds import BASE, a_cap_per_country, world
from twinmatch import checkpoint
from twinmatch.checkpoint import FILE
from twinmatch.errors import FormatError, InputError, ResourceLimitError
from twinmatch.solvers import journal, levels, trial

M = tm.mechanisms


def numbers(matching) -> tuple[object, ...]:
    """Return everything that was found, as bytes and numbers."""
    proof = () if matching.proof is None else tuple(np.asarray(a).tobytes() for a in matching.proof.arrays())
    return (
        matching.mate.tobytes(),
        matching.right_price.tobytes(),
        matching.objective,
        matching.bound,
        matching.status,
        matching.seal,
        matching.digest,
        proof,
    )


@pytest.fixture
def watched(monkeypatch):
    """Write at every boundary, and keep every version of the file and every journal."""
    files: list[bytes] = []
    journals: list[journal.Journal] = []
    replaced = checkpoint.replace_file

    def replace_file(path, data):
        replaced(path, data)
        files.append(data)

    class Watched(journal.Journal):
        def __init__(self, *given, **more):
            super().__init__(*given, **more)
            journals.append(self)

    monkeypatch.setattr(checkpoint, "replace_file", replace_file)
    monkeypatch.setattr(checkpoint, "Journal", Watched)
    monkeypatch.setattr(journal, "PAUSE_S", 0.0)
    monkeypatch.setattr(journal, "PART", 0)
    return files, journals


def small_levels(monkeypatch) -> None:
    """Let markets of some hundred nodes have levels."""
    monkeypatch.setattr(levels, "FEWEST", 40)
    monkeypatch.setattr(trial, "FEWEST", 40)


CRUSH = tm.policies.Quota("south", right={"country": "IT"}, at_most=60)
CASES = {
    "plain": ({}, None),
    "nash": ({}, M.nash()),
    "leximin": ({}, M.leximin()),
    "rank-maximal": ({}, M.rank_maximal()),
    "stable": ({}, M.stable()),
    "quotas": ({"quotas": (CRUSH, tm.policies.QuotaPer("cap", right=["country"], at_most=120))}, None),
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_goes_on_from_every_boundary(case, watched, tmp_path, monkeypatch):
    """Whatever was written last before it was killed: the same bytes, and nothing is done twice."""
    small_levels(monkeypatch)
    options, mechanism = CASES[case]
    left, right = tm.datasets.synthetic(700, 900, 3, "clustered", 0.9)
    policy = replace(tm.policies.systematic_twinning(), **options)
    whole = numbers(tm.match(left, right, policy, mechanism=mechanism))
    files, journals = watched
    first = tm.match(left, right, policy, mechanism=mechanism, checkpoint=tmp_path, threads=1)
    assert numbers(first) == whole
    versions, reused = list(files), []
    assert len(versions) >= 1 if case == "stable" else len(versions) > 3
    for data in versions[:: max(1, len(versions) // 12)] + versions[-1:]:
        (tmp_path / FILE).write_bytes(data)
        assert numbers(tm.match(left, right, policy, mechanism=mechanism, checkpoint=tmp_path)) == whole
        reused.append(journals[-1].reused)
    assert min(reused) >= 1
    assert not journals[-1].is_replaying


def test_quotas_that_cross_go_on_from_every_boundary(watched, tmp_path, monkeypatch):
    """Trials, repairs and kinds that stay, on too many pairs to write down."""
    from twinmatch.solvers import grown

    small_levels(monkeypatch)
    monkeypatch.setattr(grown, "FEW_PAIRS", 10)
    left, right = tm.datasets.synthetic(300, 400, 3, "clustered", 0.9)
    quotas = (
        tm.policies.Quota("a", right={"country": "IT"}, at_most=40),
        tm.policies.Quota("b", left={"levels": ["1"]}, right={"country": ["IT", "DE"]}, at_least=30),
    )
    policy = replace(tm.policies.systematic_twinning(), quotas=quotas)
    whole = numbers(tm.match(left, right, policy, checkpoint=tmp_path))
    files, _ = watched
    versions = list(files)
    for data in versions[:: max(1, len(versions) // 10)]:
        (tmp_path / FILE).write_bytes(data)
        assert numbers(tm.match(left, right, policy, checkpoint=tmp_path)) == whole


def test_small_worlds_with_quotas_are_kept_too(watched, tmp_path):
    """What is infeasible is found infeasible again; what is optimal has the same proof."""
    w = world(1)
    for number, quotas in enumerate((a_cap_per_country(w)[0], (tm.policies.Quota("no", at_least=99),))):
        folder = tmp_path / str(number)
        policy = replace(BASE, quotas=quotas)
        whole = numbers(tm.match(w.left, w.right, policy, checkpoint=folder))
        for data in list(watched[0]):
            (folder / FILE).write_bytes(data)
            assert numbers(tm.match(w.left, w.right, policy, checkpoint=folder)) == whole
        watched[0].clear()


@pytest.fixture
def kept(watched, tmp_path):
    """Return a small question whose run is in a folder, and the folder."""
    left, right = tm.datasets.synthetic(60, 80, 1, "clustered", 0.9)
    folder = tmp_path / "run"
    matching = tm.match(left, right, checkpoint=folder)
    return left, right, matching, folder


def test_a_run_that_is_over_is_answered_at_once(kept, watched):
    """The folder stays, marked as complete; nothing is done again, and nothing written."""
    left, right, matching, folder = kept
    assert json.loads((folder / FILE).read_bytes().split(b"\n")[2])["complete"] is True
    before = (folder / FILE).read_bytes()
    again = tm.match(left, right, checkpoint=folder)
    assert numbers(again) == numbers(matching)
    assert not {"auction", "coverage", "exact"} & set(again.seconds)
    assert (folder / FILE).read_bytes() == before
    checkpoint.discard(folder)
    assert not folder.exists()
    checkpoint.discard(folder)


def test_another_question_is_refused_in_words(kept):
    """Each argument that the answer depends on, by its name; and the file is as it was."""
    left, right, matching, folder = kept
    before = (folder / FILE).read_bytes()
    for said, given, more in (
        ("left: is not that", (left.take(range(9)), right), {}),
        ("right: is not that", (left, right.take(range(70))), {}),
        ("right_capacity: is not that", (left, right), {"right_capacity": 2}),
        ("policy: is not that", (left, right, tm.policies.proximity()), {}),
        ("mechanism: is not that", (left, right), {"mechanism": M.nash()}),
        ("warm_start: is not that", (left, right), {"warm_start": matching}),
        ("seed: was 0, and is 3 now", (left, right), {"seed": 3}),
        ("gap: was 0.0, and is 0.5 now", (left, right), {"gap": 0.5}),
    ):
        with pytest.raises(InputError, match=said) as caught:
            tm.match(*given, checkpoint=folder, **more)
        assert str(folder / FILE) in str(caught.value)
        assert "delete the file" in str(caught.value)
    assert (folder / FILE).read_bytes() == before


def test_another_version_is_refused_in_words(kept, monkeypatch):
    left, right, _, folder = kept
    monkeypatch.setattr(tm, "__version__", "99.0")
    with pytest.raises(InputError, match=r"twinmatch: was .*, and is 99\.0 now"):
        tm.match(left, right, checkpoint=folder)


def test_a_torn_or_foreign_file_is_refused_in_words(kept):
    """Cut anywhere, one bit turned, no checkpoint at all, one of a later form."""
    left, right, _, folder = kept
    path = folder / FILE
    whole, rng = path.read_bytes(), random.Random(1)
    bad = [whole[: rng.randrange(1, len(whole))] for _ in range(20)]
    for _ in range(40):
        at = rng.randrange(len(whole))
        bad.append(whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :])
    for data in (*bad, b"", b"hello", whole.replace(b"checkpoint 1", b"checkpoint 2"), whole + b" "):
        path.write_bytes(data)
        with pytest.raises(FormatError, match=r"checkpoint: (was torn|is no|is of another).*delete the file"):
            tm.match(left, right, checkpoint=folder)
        assert path.read_bytes() == data


def signed(head, blobs: bytes = b"") -> bytes:
    """Return a file with a right digest, whatever it says."""
    import hashlib

    body = (head if isinstance(head, bytes) else json.dumps(head).encode()) + b"\n" + blobs
    return b"twinmatch checkpoint 1\n" + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def test_a_forged_file_is_refused_in_words(kept):
    """A right digest, and results that are none: never a crash, never a stranger's exception."""
    left, right, _, folder = kept
    path = folder / FILE
    _, _, line, blobs = path.read_bytes().split(b"\n", 3)
    head = json.loads(line)

    def with_records(records):
        return signed({**head, "records": records}, blobs)

    name, form, arrays = head["records"][0]
    for data in (
        signed(b"[" * 9, b""),
        signed({}),
        signed([]),
        with_records(3),
        with_records([["coverage", {"is": "Popen", "of": ["ls"]}, []]]),
        with_records([[name, {"array": 7}, arrays]]),
        with_records([[name, form, [[kind, kind, [2**40], 8] for kind, *_ in arrays]]]),
        with_records([[name, {"array": 0}, [["O", "O", [1], 8]]]]),
        with_records([["elsewhere", 3, []], *head["records"]]),
        with_records([*head["records"], ["beyond", 3, []]]),
        signed({**head, "state": [0, [["|O", "|O", [1], 8]]]}, blobs),
    ):
        path.write_bytes(data)
        with pytest.raises(FormatError, match="delete the file"):
            tm.match(left, right, checkpoint=folder)


def test_a_state_of_another_solver_is_refused(watched, tmp_path):
    """The state of a market of another size reaches no compiled code."""
    left, right = tm.datasets.synthetic(60, 80, 1, "clustered", 0.9)
    tm.match(left, right, checkpoint=tmp_path)
    with_state = [data for data in watched[0] if b'"state": null' not in data]
    data = with_state[0]
    _, _, line, blobs = data.split(b"\n", 3)
    head = json.loads(line)
    number, rows = head["state"]
    for state in ([number + 1, rows], [number, rows[:-1]], [number, [rows[0]] * len(rows)], None):
        (tmp_path / FILE).write_bytes(signed({**head, "state": state}, blobs))
        with pytest.raises(FormatError, match="delete the file"):
            tm.match(left, right, checkpoint=tmp_path)


def test_code_of_ones_own_is_refused(tmp_path):
    """Whether a function is the same as before nobody can tell."""
    own = tm.policies.OwnCriterion("own", lambda left, right, i, j: (i + j) % 3, 2)
    policy = tm.Policy(rules=(tm.policies.CommonLevel(),), criteria=(own,))
    with pytest.raises(InputError, match="policy: 'own' is code of your own"):
        tm.match(*tm.datasets.sample(), policy, checkpoint=tmp_path)


def test_a_run_that_is_stopped_goes_on_with_the_next_call(watched, tmp_path):
    """A deadline is one call's; what it leaves is not taken for the answer."""
    left, right = tm.datasets.synthetic(3000, 4500, 3, "clustered", 0.9)
    whole = numbers(tm.match(left, right))
    stop = threading.Event()

    def hurry(progress):
        if progress.phase == "auction":
            stop.set()

    stopped = tm.match(left, right, checkpoint=tmp_path, cancel=stop, on_progress=hurry)
    assert stopped.limit == "CANCELLED"
    assert tm.match(left, right, checkpoint=tmp_path, deadline=0).limit == "DEADLINE"
    assert numbers(tm.match(left, right, checkpoint=tmp_path)) == whole
    assert watched[1][-1].reused > 0


def test_short_runs_write_nothing(tmp_path):
    """Half a second is not worth a file."""
    folder = tmp_path / "run"
    tm.match(*tm.datasets.synthetic(20, 30, 1), checkpoint=folder)
    assert not folder.exists()


def test_a_full_disk_is_said_in_words(watched, tmp_path, monkeypatch):
    """What was written before is as it was."""

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "replace_file", full)
    with pytest.raises(ResourceLimitError, match=r"cannot be written: no space left on device\. What was"):
        tm.match(*tm.datasets.synthetic(60, 80, 1), checkpoint=tmp_path)


RUN = """
import sys
import twinmatch as tm
from twinmatch.solvers import journal
journal.PAUSE_S, journal.PART = 0.05, 1
left, right = tm.datasets.synthetic(int(sys.argv[1]), int(sys.argv[1]) * 3 // 2, 3, "clustered", 0.9)
print("ready", flush=True)
matching = tm.match(left, right, checkpoint=sys.argv[2])
matching.save(sys.argv[3])
print(matching.seal, matching.digest, sorted(matching.seconds))
"""


def killed_and_resumed(size: int, kills: int, folder) -> None:
    """Kill runs, some several times in a row, until so many were killed; each ends as one that was not."""
    rng = random.Random(size)

    def start(run):
        program = [sys.executable, "-c", RUN, str(size), str(run), str(run) + "-out"]
        process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    process = start(folder / "whole")
    began = time.monotonic()
    whole, _ = process.communicate()
    took = time.monotonic() - began
    done, number, skipped = 0, 0, 0
    while done < kills:
        number += 1
        run = folder / str(number)
        for _ in range(min(rng.choice((1, 2, 3)), kills - done)):
            process = start(run)
            try:
                process.communicate(timeout=rng.random() * took)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            done += 1
        told, _ = start(run).communicate()
        assert told.split()[:2] == whole.split()[:2]
        skipped += ("levels" in whole and "levels" not in told) or "coverage" not in told
        out, first = folder / f"{number}-out", folder / "whole-out"
        for path in first.iterdir():
            if path.name != "matching.json":
                assert (out / path.name).read_bytes() == path.read_bytes(), path.name
        shutil.rmtree(out)
    assert skipped


def test_a_killed_run_ends_with_the_same_bytes(tmp_path):
    """Killed three times by the system, at moments drawn by lot."""
    killed_and_resumed(2000, 3, tmp_path)


@pytest.mark.slow
def test_twenty_kills(tmp_path):
    """Twenty runs of some seconds, killed at moments drawn by lot, some several times in a row."""
    killed_and_resumed(6000, 20, tmp_path)
