"""A folder holds the old matching or the new one, whenever the writer is killed; what was torn is refused."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import twinmatch as tm
from tests.matching.folders import signed_again
from twinmatch.errors import FormatError, InputError, ResourceLimitError
from twinmatch.saving import atomic
from twinmatch.saving.layout import MANIFEST, signed, written

OLD = Path(__file__).parent.parent / "data" / "folders"


@pytest.fixture(scope="module")
def two():
    """Return two matchings whose folders have other files each: one has a proof under quotas."""
    left, right = tm.datasets.synthetic(30, 40, 1, "clustered", 0.9)
    plain = tm.match(left, right)
    policy = tm.Policy(
        rules=plain.policy.rules,
        criteria=plain.policy.criteria,
        quotas=(tm.policies.QuotaPer("cap", right=["country"], at_most=10),),
    )
    return plain, tm.match(left.take(range(20)), right, policy)


@pytest.fixture(scope="module")
def saved(two, tmp_path_factory):
    """Return the folders of both."""
    folder = tmp_path_factory.mktemp("saved")
    for name, matching in zip("ab", two, strict=True):
        matching.save(folder / name)
    return folder / "a", folder / "b"


STEPS = ("write_file", "sync_folder", "_drop")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_every_moment_of_a_save_leaves_one_matching(order, two, saved, tmp_path, monkeypatch):
    """Before and after every single step that touches the disk, the folder is read as the old or the new."""
    before, after = (two[k] for k in order)
    folder = tmp_path / "twins"
    shutil.copytree(saved[order[0]], folder)
    seals, looking = [], []

    def look() -> None:
        if looking:
            return
        looking.append(True)
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        found = tm.load_matching(copy)
        seals.append(found.seal)
        if len(seals) % 5 == 0:
            assert found.verify().claims[-1].ok
            # The next save finishes what was left, whatever it was.
            before.save(copy)
            assert {path.name for path in copy.iterdir()} == {path.name for path in saved[order[0]].iterdir()}
            assert tm.load_matching(copy).seal == before.seal
        shutil.rmtree(copy)
        looking.clear()

    def watched(task):
        def step(*args, **kwargs):
            look()
            done = task(*args, **kwargs)
            look()
            return done

        return step

    for name in STEPS:
        monkeypatch.setattr(atomic, name, watched(getattr(atomic, name)))
    for name in ("rename", "replace"):
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    monkeypatch.setattr(Path, "unlink", watched(Path.unlink))
    after.save(folder)
    monkeypatch.undo()
    assert (seals[0], seals[-1]) == (before.seal, after.seal)
    assert set(seals) == {before.seal, after.seal}
    assert (
        sorted(seals, key=lambda seal: seal != before.seal) == seals
    )  # there is one moment, and no way back
    assert len(seals) > 60
    assert tm.load_matching(folder).verify().ok


SAVER = """
import itertools, sys
import twinmatch as tm
one, two = (tm.load_matching(path) for path in sys.argv[1:3])
for number, matching in enumerate(itertools.cycle((one, two))):
    matching.save(sys.argv[3])
    if number == 0:
        print("ready", flush=True)
"""


@pytest.mark.slow
def test_kill_minus_nine_leaves_one_matching(two, saved, tmp_path):
    """A program that saves one matching over the other for ever is killed ten times."""
    folder, rng = tmp_path / "twins", random.Random(6)
    for _ in range(10):
        saver = subprocess.Popen(
            [sys.executable, "-c", SAVER, *map(str, saved), str(folder)], stdout=subprocess.PIPE
        )
        assert saver.stdout is not None
        saver.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            saver.wait(rng.random())
        saver.kill()
        saver.wait()
        saver.stdout.close()
        assert tm.load_matching(folder).seal in {matching.seal for matching in two}


def torn(path: Path, how: str, other: Path) -> None:
    """Do to a file what a bad day does."""
    data = path.read_bytes()
    if how == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "removed":
        path.unlink()
    elif how == "swapped":
        shutil.copy(other / path.name, path)
    else:
        at = len(data) // 3
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def refusal(folder: Path) -> str:
    """Return in what words a folder is refused: when it is read, or by the check."""
    try:
        certificate = tm.load_matching(folder).verify()
    except FormatError as error:
        return str(error)
    return "" if certificate.ok else str(certificate)


@pytest.mark.parametrize("how", ["cut", "empty", "removed", "swapped", "one bit"])
def test_a_torn_folder_is_refused(how, saved, tmp_path):
    """Each file in turn: refused when it is read, or by the check."""
    names = sorted({path.name for path in saved[0].iterdir()} & {path.name for path in saved[1].iterdir()})
    assert len(names) == 10
    for name in names:
        if name == "policy.toml" and how == "swapped":
            continue  # below
        folder = tmp_path / "torn"
        shutil.copytree(saved[1], folder)
        torn(folder / name, how, saved[0])
        if (folder / name).exists() and (folder / name).read_bytes() == (saved[1] / name).read_bytes():
            assert (how, name) == ("swapped", "right.parquet")  # both have the same right schools
        else:
            # A record of another matching lists other files than those that are there.
            assert ("left.parquet" if (how, name) == ("swapped", MANIFEST) else name) in refusal(folder)
        shutil.rmtree(folder)


def test_a_later_version_is_refused_in_words(saved, tmp_path):
    """Keys that this version does not know, files that no matching has, entries that are missing."""
    for change, said in (
        ({"standby": []}, "has 'standby', which version .* does not know"),
        ({"format": 5}, "has format 5, and this version of twinmatch reads 1 to 4"),
    ):
        folder = tmp_path / "later"
        shutil.copytree(saved[0], folder)
        signed_again(folder, **change)
        with pytest.raises(FormatError, match=said):
            tm.load_matching(folder)
        shutil.rmtree(folder)


@pytest.mark.parametrize("name", sorted(path.name for path in OLD.iterdir()))
def test_older_formats_are_read(name, tmp_path):
    """Folders that earlier versions wrote: the proof holds, and saved again they are of today's format."""
    old = tm.load_matching(OLD / name)
    assert old.verify().ok
    old.save(tmp_path)
    new = tm.load_matching(tmp_path)
    assert (new.seal, new.digest, new.mechanism.name) == (old.seal, old.digest, old.mechanism.name)
    assert new.verify().ok
    assert b'"format": 4' in (tmp_path / MANIFEST).read_bytes()


def test_a_full_disk_leaves_the_old_matching(two, saved, tmp_path):
    """Said in words, and nothing of the new one stays."""
    folder = tmp_path / "twins"
    shutil.copytree(saved[0], folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(ResourceLimitError, match="cannot be written: file too large") as caught:
            two[1].save(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "What was there before is as it was" in str(caught.value)
    assert tm.load_matching(folder).seal == two[0].seal
    assert {path.name for path in folder.iterdir()} == {path.name for path in saved[0].iterdir()}


def test_a_folder_that_may_not_be_written_is_the_systems_to_refuse(two, tmp_path, monkeypatch):
    """Not every error is a full disk."""

    def broken(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "rename", broken)
    with pytest.raises(OSError, match="Input/output error"):
        two[0].save(tmp_path / "twins")


def test_a_damaged_leftover_gives_way_to_the_next_save(two, saved, tmp_path):
    """What was being put in place and was damaged since is refused, until somebody saves again."""
    folder = tmp_path / "twins"
    shutil.copytree(saved[0], folder)
    shutil.copytree(saved[1], folder / atomic.SAVED)
    torn(folder / atomic.SAVED / MANIFEST, "cut", folder)
    with pytest.raises(FormatError):
        tm.load_matching(folder)
    two[0].save(folder)
    assert tm.load_matching(folder).seal == two[0].seal
    assert not (folder / atomic.SAVED).exists()


def test_a_reader_sees_one_matching_while_another_is_saved(two, saved, tmp_path, monkeypatch):
    """Files that change between the first and the last that is read make it read again."""
    from twinmatch.saving import reader

    folder = tmp_path / "twins"
    shutil.copytree(saved[0], folder)
    read, saves = reader.table_of, []

    def overtaken(opened, name):
        if name == "pairs" and not saves:
            saves.append(two[1].save(folder))
        return read(opened, name)

    monkeypatch.setattr(reader, "table_of", overtaken)
    assert tm.load_matching(folder).seal == two[1].seal


def test_the_digest_is_that_of_the_question(two):
    """Rows in another order and other threads: the same; other places, seed or policy: another."""
    plain = two[0]
    left, right = plain.left, plain.right
    again = tm.match(left.take(range(len(left))[::-1]), right, plain.policy, threads=1)
    assert (again.digest, again.seal) == (plain.digest, plain.seal)
    others = [
        tm.match(left, right, plain.policy, seed=1),
        tm.match(left, right, plain.policy, right_capacity=2),
        tm.match(left, right, plain.policy, mechanism=tm.mechanisms.nash()),
        two[1],
    ]
    assert len({matching.digest for matching in (plain, *others)}) == 5
    assert all(len(matching.digest) == 64 for matching in others)


def test_ids_of_any_script_and_empty_tables_come_back(tmp_path):
    """Round trips of the rare kinds: no schools at all, ids in Greek and emoji, nothing found in time."""
    left, right = tm.datasets.synthetic(6, 8, 1)

    def named(schools, names):
        return tm.Schools(schools.table.set_column(0, schools.table.column_names[0], pa.array(names)))

    assert left.table.column_names[0] == "id"
    greek = named(left, [f"σχολείο {k} 🏫" for k in range(6)])
    for number, matching in enumerate(
        (
            tm.match(greek, right),
            tm.match(left.take([]), right),
            tm.match(left, right.take([])),
            tm.match(left.take([]), right.take([])),
            tm.match(left, right, deadline=0),
        )
    ):
        one, two = tmp_path / f"{number}a", tmp_path / f"{number}b"
        matching.save(one)
        loaded = tm.load_matching(one)
        assert (loaded.seal, loaded.digest) == (matching.seal, matching.digest)
        assert loaded.verify().ok
        loaded.save(two)
        assert {p.name: p.read_bytes() for p in one.iterdir()} == {
            p.name: p.read_bytes() for p in two.iterdir()
        }


def test_digests_that_were_exchanged_are_noticed(saved, tmp_path):
    """Whoever signs a folder again cannot make its digest that of another question."""
    folder = tmp_path / "twins"
    shutil.copytree(saved[0], folder)
    signed_again(folder, digest="0" * 64)
    certificate = tm.load_matching(folder).verify()
    assert [claim.name for claim in certificate.claims if not claim.ok] == ["inputs"]
    for change in ({"files": {"../passwd": "0"}}, {"files": 3}):
        record_with(folder, change)
        with pytest.raises(InputError, match="names files that no matching has"):
            tm.load_matching(folder)


def record_with(folder: Path, change: dict[str, object]) -> None:
    """Sign a record whose list of files is another one."""
    record = json.loads((folder / MANIFEST).read_text(encoding="utf-8")) | change
    (folder / MANIFEST).write_bytes(written(signed(record)))
