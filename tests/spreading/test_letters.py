"""What is sent to processes: short messages and files, so that nobody waits for one who is killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import resource
import select
import shutil
import signal
import subprocess
import sys
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import twinmatch as tm
from tests.spreading import killed
from tests.spreading.executors import Breaking, is_late
from tests.spreading.worlds import FEW_ROWS, alone_under, bytes_of, claims_of, under
from twinmatch.certify import parts
from twinmatch.errors import ExecutorError
from twinmatch.spreading import pool as pools
from twinmatch.spreading import rounds
from twinmatch.spreading.letters import opened, posted
from twinmatch.spreading.packing import Pack, unpacked
from twinmatch.spreading.shards import NOTHING, Answer

ROOT = Path(__file__).resolve().parents[2]
#: Seconds after which a program that is through in two is taken for one that hangs.
HANGS_S = 120


def test_a_letter_comes_as_it_was(tmp_path):
    """Tuples of any depth and kind, types and shapes; arrays can only be read, and outlive their file."""
    rng = np.random.default_rng(1)
    answer = Answer(*(rng.integers(-9, 9, n).astype(np.int32) for n in (1, 0, 100, 3)), 10**18)
    arrays = [
        rng.random((3, 4)).T, np.zeros((0, 5), np.int64), rng.random(7) < 0.5,
        np.arange(9, dtype=np.uint8)[::2], np.array(3.5), np.array(["no", "number"], object),
    ]  # fmt: skip
    sent = (None, "words", 7, answer, (tuple(arrays), ()))
    letter = pickle.loads(pickle.dumps(posted(sent, tmp_path)))
    found = opened(letter)
    assert [path.name for path in tmp_path.iterdir()] == [Path(letter.path).name]
    letter.remove()
    letter.remove()  # as where the folder went before
    assert not list(tmp_path.iterdir())
    assert found[:3] == sent[:3]
    assert type(found[3]) is Answer
    assert found[3].total == answer.total
    assert found[4][1] == ()
    for came, went in zip((*found[3][:4], *found[4][0]), (*answer[:4], *arrays), strict=True):
        assert (came.dtype, came.shape) == (went.dtype, went.shape)
        assert np.array_equal(came, went)
        assert came.dtype == object or not came.flags.writeable


def test_a_letter_without_arrays_is_one(tmp_path):
    """Whatever a function returns can be sent."""
    assert opened(posted("word", tmp_path)) == "word"


class Weighing(ProcessPoolExecutor):
    """Processes started afresh, and the bytes of each message to and from them."""

    def __init__(self, workers):
        super().__init__(workers, mp_context=multiprocessing.get_context("spawn"))
        self.bytes = []

    def submit(self, function, /, *args, **kwargs):
        """Weigh, and ask."""
        self.bytes.append(len(pickle.dumps((function, args, kwargs))))
        future = super().submit(function, *args, **kwargs)
        future.add_done_callback(lambda done: self.bytes.append(len(pickle.dumps(done.result()))))
        return future


def test_messages_are_short_and_files_are_gone(tmp_path, monkeypatch):
    """Questions and answers fit what a pipe takes whole, in a run, a check, and with megabytes of classes."""
    monkeypatch.setattr(rounds, "LEAST_ROWS", FEW_ROWS)
    monkeypatch.setattr(parts, "LEAST_PAIRS", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left, heard = [], pools.Pool._heard

    def counting(self, *question):
        left.append(len(list(self._folders[-1].iterdir())))
        return heard(self, *question)

    monkeypatch.setattr(pools.Pool, "_heard", counting)
    with Weighing(2) as pool:
        matching = tm.match(*under("nested"), executor=pool)
        assert bytes_of(matching) == bytes_of(alone_under("nested"))
        assert claims_of(matching.verify(executor=pool)) == claims_of(matching.verify())
        assert max(left) <= 2 * (4 + 1)  # of four shards and of all together: what is kept, and one round
        graph = killed.market()
        shards = rounds.Rounds(graph, pools.Pool(pool), np.zeros(1, np.uint8))
        shards.table = graph.terms.table
        floor = np.full(killed.LEFT, NOTHING, np.int32)
        shards.ask(np.arange(killed.LEFT, dtype=np.int32), 64, floor, np.zeros(killed.RIGHT, np.int32), 1)
        shards._engine.close()
    assert len(pool.bytes) > 100
    assert max(pool.bytes) < 1200 < select.PIPE_BUF
    assert not list(tmp_path.iterdir())


def nobody_finds(folder):
    """Look whether a process that is late may still write there."""
    assert not folder.exists()


def test_many_shards_leave_few_files_open(tmp_path, monkeypatch):
    """Neither who asks nor who answers runs out of files: a system may allow a thousand."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(pools, "_MOST_LOADED", 8)
    pack = Pack("{}", np.zeros(1, np.uint8))
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ThreadPoolExecutor(1) as thread:
        engine = pools.Pool(Elsewhere(thread))
        shards = engine.build(both, [pack] * 100, pack)
        there = len(os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (there + 30, most))
        try:
            found = engine.ask(
                numbers, [(one, (place,)) for place, one in enumerate(shards)], (), lambda: None
            )
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (few, most))
        engine.close()
    assert [int(array[0]) for array in found] == list(range(100))


class Elsewhere(Executor):
    """An executor that is no pool of threads, so far as anybody can see."""

    def __init__(self, inner):
        self.inner = inner

    def submit(self, *task):
        return self.inner.submit(*task)


def both(left, right):
    return left, right


def numbers(shard, place):
    return np.full(3, place)


def test_an_answer_that_comes_too_late_leaves_nothing(tmp_path, monkeypatch):
    """Who was told to stop removes the folder; a process that still works finds no place for its answer."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    looked = iter(range(3))
    pack = Pack("{}", np.zeros(1, np.uint8))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(int).result()
        engine = pools.Pool(pool)
        handles = engine.build(max, [pack], pack)  # whatever takes two packs
        with pytest.raises(StopIteration):
            engine.ask(is_late, [(handles[0], ())], (), lambda: next(looked))
        assert len(list(tmp_path.rglob("tmp*"))) == 2  # the shard, and no question
        [folder], emptied = tmp_path.iterdir(), shutil.rmtree
        monkeypatch.setattr(
            shutil, "rmtree", lambda path, **how: (nobody_finds(folder), emptied(path, **how))
        )
        engine.close()
        assert not list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("case", ["sent", "answering", "any"])
def test_nobody_waits_for_a_process_that_is_killed(case):
    """While it is sent megabytes, while it answers, at any time: an end, with the same bytes or an error."""
    command = [sys.executable, "-m", "tests.spreading.killed", case]
    program = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        out, wrong = program.communicate(timeout=HANGS_S)
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGKILL)  # and all that it started
        program.communicate()
        raise
    assert program.returncode == 0, wrong
    said = json.loads(out)
    assert said["left"] == []
    if case == "sent":
        assert "killed, or out of memory" in said[case]
    else:
        assert said[case] == {"answering": said["whole"], "any": killed.AGAIN * [[said["whole"]]]}[case]


@pytest.mark.parametrize(("forgets", "number"), [(True, 2), (False, 2), (True, 3)])
def test_a_pool_that_breaks_while_it_is_asked_is_left_and_left_alone(forgets, number, tmp_path, monkeypatch):
    """It may lose a question, and its thread would end at a question that was cancelled meanwhile."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pack = Pack("{}", np.zeros(1, np.uint8))
    pool = Breaking(forgets)
    engine = pools.Pool(pool)
    handles = engine.build(unpacked, [pack] * number, pack)
    waited = iter(range(200))
    with pytest.raises(ExecutorError, match="killed, or out of memory") as caught:
        engine.ask(len, [(one, ()) for one in handles], (), lambda: next(waited))
    assert caught.value.kind == "BrokenProcessPool"
    assert len(pool.asked) == 2
    assert not any(future.cancelled() for future in pool.asked)
    engine.close()
    assert not list(tmp_path.iterdir())
