"""Runs on threads and processes: the same bytes as without them, and errors in words."""

from __future__ import annotations

import errno
import multiprocessing
import pickle
import resource
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import twinmatch as tm
from tests.spreading.executors import Changing, Counting, Stuck, divides, is_picky
from tests.spreading.worlds import FEW_ROWS, alone, bytes_of, market
from twinmatch.errors import ExecutorError, InputError, ResourceLimitError
from twinmatch.spreading import letters, rounds

WORLDS = {
    "plenty": (1500, 4500),
    "crowded": (1200, 2400, 1.05),
    "scarce": (1500, 1300),
    "tied": (1200, 3000, None, "tied"),
}


@pytest.fixture(autouse=True)
def _few_rows(monkeypatch):
    """Take searches of a few hundred rows for large ones."""
    monkeypatch.setattr(rounds, "LEAST_ROWS", FEW_ROWS)


@pytest.mark.parametrize("world", WORLDS)
def test_threads_change_nothing(world):
    """Pairs, prices, bound and seal are those of a run without an executor, and it was used."""
    with Counting(3) as pool:
        matching = tm.match(*market(*WORLDS[world]), executor=pool)
        assert pool.asked >= 10
    assert bytes_of(matching) == bytes_of(alone(*WORLDS[world]))
    assert matching.verify().ok


def test_neither_shards_nor_what_counts_as_large_change_anything(monkeypatch):
    """Seventeen shards, and every search of sixty rows, give the same bytes."""
    monkeypatch.setattr(rounds, "SHARDS_EACH", 17)
    monkeypatch.setattr(rounds, "LEAST_SHARD", 50)
    monkeypatch.setattr(rounds, "LEAST_ROWS", 60)
    with ThreadPoolExecutor(1) as pool:
        matching = tm.match(*market(*WORLDS["plenty"]), executor=pool)
    assert bytes_of(matching) == bytes_of(alone(*WORLDS["plenty"]))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_processes_change_nothing(workers, tmp_path, monkeypatch):
    """Processes that are started afresh find their shards in files, which are gone in the end."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for mechanism in (None, tm.mechanisms.nash()):
            there = tm.match(*market(*WORLDS["plenty"]), mechanism=mechanism, executor=pool)
            here = tm.match(*market(*WORLDS["plenty"]), mechanism=mechanism)
            assert bytes_of(there) == bytes_of(here)
        there = tm.match(*market(*WORLDS["scarce"]), executor=pool)  # two markets, one after the other
        assert bytes_of(there) == bytes_of(alone(*WORLDS["scarce"]))
    assert not list(tmp_path.iterdir())


def takes_little():
    """Let files that this process writes be no larger than a page, as on a disk that is nearly full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.parametrize("where", ["shards", "questions", "answers"])
def test_a_full_disk_is_said_in_words(where, tmp_path, monkeypatch):
    """What cannot be written is one error that names the folder and a way out, and nothing stays there."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    if where != "answers":
        without, kept = letters._without_arrays, {"shards": 0, "questions": 8}[where]

        def full(value, file):
            if isinstance(value, np.ndarray):
                nonlocal kept
                kept -= 1
                if kept < 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
            return without(value, file)

        monkeypatch.setattr(letters, "_without_arrays", full)
    options = {"initializer": takes_little} if where == "answers" else {}
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), **options)
    why = "File too large" if where == "answers" else "No space left on device"
    words = rf"^what processes are sent, or answer, cannot be written to {tmp_path}.*: {why}; .*TMPDIR"
    with pool, pytest.raises(ResourceLimitError, match=words) as caught:
        tm.match(*market(*WORLDS["plenty"]), executor=pool)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_gap_and_a_warm_start_change_nothing():
    """What a run with these finds does not depend on the executor either."""
    left, right = market(*WORLDS["plenty"])
    for more in ({"gap": 1e-5}, {"warm_start": alone(*WORLDS["plenty"])}):
        with ThreadPoolExecutor(2) as pool:
            assert bytes_of(tm.match(left, right, executor=pool, **more)) == bytes_of(
                tm.match(left, right, **more)
            )


def test_small_tables_stay_here():
    """An executor is not asked for what takes less time than asking."""
    with Counting(1) as pool:
        assert tm.match(*tm.datasets.sample(), executor=pool).status is tm.Status.OPTIMAL
        assert pool.asked == 0


def test_the_error_of_a_worker_is_told_in_words(monkeypatch):
    """It names the error and what to do, survives pickling, and what was pending is cancelled."""

    def fails(*_):
        raise ZeroDivisionError("seventeen")

    monkeypatch.setattr(rounds, "_search", fails)
    with ThreadPoolExecutor(1) as pool, pytest.raises(ExecutorError) as caught:
        tm.match(*market(*WORLDS["plenty"]), executor=pool)
    assert str(caught.value) == "a worker failed: ZeroDivisionError: seventeen"
    assert caught.value.kind == "ZeroDivisionError"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("fails", "words"), [(divides, "ZeroDivisionError: seventeen"), (is_picky, "Picky: eleven and twelve")]
)
def test_the_error_of_a_process_arrives_whatever_it_is(fails, words, monkeypatch):
    """Another process's error is told in the same words, even one that its own pickle would break."""
    monkeypatch.setattr(rounds, "_search", fails)
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    with pool, pytest.raises(ExecutorError) as caught:
        tm.match(*market(*WORLDS["plenty"]), executor=pool)
    assert str(caught.value) == f"a worker failed: {words}"
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.kind) == (str(caught.value), words.split(":")[0])


def test_an_executor_that_is_shut_down_says_so():
    """Nothing hangs."""
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(ExecutorError, match="cannot schedule new futures"):
        tm.match(*market(*WORLDS["plenty"]), executor=pool)


def test_a_process_that_is_killed_breaks_the_pool_in_words_and_the_checkpoint_goes_on(tmp_path):
    """A pool of processes does not get over the loss of one: the next one ends the run, same bytes."""
    left, right = market(*WORLDS["plenty"])
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        seen = []

        def kill(progress):
            seen.append(progress)
            if progress.phase == "auction":
                for process in list(pool._processes.values()):
                    process.kill()

        with pytest.raises(ExecutorError, match=r"killed, or out of memory, or .*__main__.*checkpoint="):
            tm.match(left, right, executor=pool, on_progress=kill, checkpoint=tmp_path)
    with ThreadPoolExecutor(1) as pool:
        matching = tm.match(left, right, executor=pool, checkpoint=tmp_path)
    assert bytes_of(matching) == bytes_of(alone(*WORLDS["plenty"]))


@pytest.mark.parametrize("what", ["points", "item", "number"])
def test_an_answer_that_was_changed_is_refused(what):
    """What the best net values of a shard add up to comes with them."""

    def change(answer):
        changed = getattr(answer, what).copy()
        changed[0] = {"points": changed[0] + 1, "item": -1, "number": changed[0] - 1}[what]
        return answer._replace(**{what: changed})

    with Changing(change) as pool, pytest.raises(ExecutorError, match="do not add up"):
        tm.match(*market(*WORLDS["plenty"]), executor=pool)


@pytest.mark.parametrize("how", ["cancel", "deadline"])
def test_nobody_waits_for_workers_once_told_to_stop(how):
    """A run that is cancelled or out of time returns within a moment, and cancels what is pending."""
    cancel = threading.Event()
    with Stuck() as pool:
        options = {"cancel": cancel} if how == "cancel" else {"deadline": 1.5}
        if how == "cancel":
            threading.Timer(1.5, cancel.set).start()
        started = time.monotonic()
        matching = tm.match(*market(*WORLDS["plenty"]), executor=pool, **options)
        took = time.monotonic() - started
        assert matching.limit is (tm.Limit.CANCELLED if how == "cancel" else tm.Limit.DEADLINE)
        assert took < 1.5 + 1.0
        assert any(future.cancelled() for future in pool.asked)
    assert matching.verify().ok


def test_progress_is_told_as_on_one_machine():
    """Phases, numbers and seconds arrive while workers search."""
    seen = []
    with ThreadPoolExecutor(1) as pool:
        tm.match(*market(*WORLDS["plenty"]), executor=pool, on_progress=seen.append)
    assert [p.phase for p in seen if p.phase == "auction"]
    bounds = [p.bound for p in seen if p.bound is not None]
    assert bounds == sorted(bounds, reverse=True)


def test_what_cannot_be_spread_is_refused_at_once():
    """One error names the mechanism that goes step by step and the user's own function, and no quotas."""
    base = tm.policies.systematic_twinning(balance=True)
    own = tm.policies.OwnCriterion("mine", lambda left, right, i, j: np.ones(len(i), np.int64), 1)
    policy = replace(base, criteria=(*base.criteria, own), coverage="points")
    with ThreadPoolExecutor(1) as pool, pytest.raises(InputError) as caught:
        tm.match(*market(200, 300), policy, mechanism=tm.mechanisms.greedy(), executor=pool)
    wheres = [fault.where for fault in caught.value.faults]
    assert wheres == ["mechanism", "mine"]


def test_an_executor_is_one():
    """Something else is refused by name."""
    with pytest.raises(
        InputError, match=r"concurrent\.futures\.Executor or a dask\.distributed\.Client, not int"
    ):
        tm.match(*market(200, 300), executor=4)


def test_arrays_of_a_round_come_back_in_the_order_of_the_rows():
    """Rows that are asked out of order are laid back."""
    number, order = np.array([2, 0, 1], np.int32), np.array([2, 0, 1])
    item, bound = np.array([7, 8, 9], np.int32), np.array([1, 2, 3], np.int32)
    found = rounds._laid_out(number, item, item * 10, bound, order)
    assert [array.tolist() for array in found] == [[0, 1, 2], [9, 7, 8], [90, 70, 80], [2, 3, 1]]


class Context:
    """A small twin of a Spark context: parallelize, broadcast and mapPartitions, in this process."""

    def __init__(self, parts=None):
        self.parts = parts

    def broadcast(self, value):
        """Return what holds a value."""
        return type("Broadcast", (), {"value": pickle.loads(pickle.dumps(value))})

    def parallelize(self, items, count):
        """Put items in parts."""
        return Context([[item] for item in items])

    def mapPartitions(self, function):  # noqa: N802 (Spark's name)
        """Run a function on each part."""
        return Context([list(function(iter(part))) for part in self.parts])

    def cache(self):
        """Return the same."""
        return self

    def collect(self):
        """Return all items."""
        return [item for part in self.parts for item in part]


def test_the_recipe_for_spark_changes_nothing():
    """The class of the documentation's page is an engine."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "clusters.md").read_text("utf-8")
    code = page[page.index("class SparkEngine") :].split("```")[0]
    names = {}
    exec(compile(code, "clusters.md", "exec"), names)
    engine = names["SparkEngine"](Context(), 3)
    matching = tm.match(*market(*WORLDS["plenty"]), executor=engine)
    assert bytes_of(matching) == bytes_of(alone(*WORLDS["plenty"]))
