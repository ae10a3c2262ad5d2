"""Runs under quotas on executors: the same bytes as without, and what of them is shared out."""

from __future__ import annotations

import gc
import multiprocessing
import threading
import time
import weakref
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import twinmatch as tm
from tests.spreading.executors import Stuck
from tests.spreading.test_rounds import Context
from tests.spreading.worlds import FEW_ROWS, QUOTAS, alone_under, bytes_of, under
from twinmatch.errors import ExecutorError
from twinmatch.graph.scored import ScoredGraph
from twinmatch.solvers import journal, trial
from twinmatch.spreading import pool as pools
from twinmatch.spreading import rounds

#: Partners in lists of places that are empty: nobody but the solvers of quotas asks for so few.
EMPTY = 4


@pytest.fixture(autouse=True)
def _few_rows(monkeypatch):
    """Take searches of a few hundred rows for large ones."""
    monkeypatch.setattr(rounds, "LEAST_ROWS", FEW_ROWS)


@pytest.fixture
def asked(monkeypatch):
    """How many partners each round asks for, its table, and whether prices are below zero."""
    found, ask = [], rounds.Rounds.ask

    def noting(self, rows, k, floor, price, parts):
        found.append((k, self.table is not None, bool((price < 0).any()), parts))
        return ask(self, rows, k, floor, price, parts)

    monkeypatch.setattr(rounds.Rounds, "ask", noting)
    return found


def spawned(workers):
    """Return processes that are started afresh."""
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("name", QUOTAS)
def test_threads_change_nothing(name, asked):
    """Pairs, prices of everything and seal are those of a run without; trials and lists were shared out."""
    for workers in (2,) if name in ("across", "cells") else (1, 2, 4):
        with ThreadPoolExecutor(workers) as pool:
            matching = tm.match(*under(name), executor=pool)
        assert bytes_of(matching) == bytes_of(alone_under(name))
    assert matching.verify().ok
    lengths = {k for k, *_ in asked}
    assert {16, 64, EMPTY} <= lengths  # bids, the exact finish, lists
    assert max(parts for *_, parts in asked) == 16
    assert any(has_table for _, has_table, *_ in asked) == (name in ("pairs", "cells"))


def test_prices_below_zero_are_sent(asked):
    """Floors pay: what is asked of shards has prices below zero, and tables in which pairs gain."""
    with ThreadPoolExecutor(1) as pool:
        matching = tm.match(*under("balance"), executor=pool)
    assert (matching.proof.quota_price < 0).any()
    assert any(is_below for _, _, is_below, _ in asked)


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("name", ["nested", "cells"])
def test_neither_workers_nor_samples_nor_what_is_large_change_anything(name, workers, monkeypatch):
    """Samples of the market are shared out too, in many shards, down to sixty rows."""
    monkeypatch.setattr(trial, "FEWEST", 300)
    here = tm.match(*under(name))
    monkeypatch.setattr(rounds, "LEAST_SHARD", 50)
    monkeypatch.setattr(rounds, "LEAST_ROWS", 60)
    with ThreadPoolExecutor(workers) as pool:
        assert bytes_of(tm.match(*under(name), executor=pool)) == bytes_of(here)


def test_processes_change_nothing_and_let_go_of_what_is_over(tmp_path, monkeypatch):
    """Who asks the same market finds its shards; they are gone once nobody will ask them again."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    most, written = [], pools._written

    def counting(folder, pack):
        most.append((len(list(tmp_path.iterdir())), folder))
        return written(folder, pack)

    monkeypatch.setattr(pools, "_written", counting)
    with spawned(2) as pool:
        for name in QUOTAS:
            markets = {4, 5, 6, 7, 8} if name in ("pairs", "cells") else {1}  # repairs make markets
            assert bytes_of(tm.match(*under(name), executor=pool)) == bytes_of(alone_under(name))
            assert not list(tmp_path.iterdir())
            assert len({folder for _, folder in most}) in markets
            assert max(count for count, _ in most) <= 2
            most.clear()


def test_nothing_of_a_run_stays(monkeypatch):
    """Graphs and shards are let go of: what asks does not hold what it is asked by."""
    made, init = [], rounds.Rounds.__init__

    def noting(self, *args):
        init(self, *args)
        made.append((weakref.ref(self), weakref.ref(self.graph)))

    monkeypatch.setattr(rounds.Rounds, "__init__", noting)
    with ThreadPoolExecutor(1) as pool:
        tm.match(*under("pairs"), executor=pool)
        tm.match(*under("pairs")[:2], executor=pool)
    gc.collect()
    assert len(made) >= 4
    assert not [one for pair in made for one in pair if one() is not None]


@pytest.mark.parametrize(("name", "when"), [("nested", 20), ("pairs", 45)])
def test_a_process_that_is_killed_is_told_and_the_checkpoint_goes_on(
    name, when, asked, tmp_path, monkeypatch
):
    """The next call, on another executor or on none, ends with the bytes of one that was not stopped."""
    monkeypatch.setattr(journal, "PAUSE_S", 0)
    monkeypatch.setattr(journal, "PART", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    noting = rounds.Rounds.ask
    with spawned(2) as pool:

        def kill(*question):
            if len(asked) == when:
                for process in list(pool._processes.values()):
                    process.kill()
            return noting(*question)

        monkeypatch.setattr(rounds.Rounds, "ask", kill)
        with pytest.raises(ExecutorError, match=r"killed, or out of memory.*checkpoint=") as caught:
            tm.match(*under(name), executor=pool, checkpoint=tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"], caught  # who keeps the error keeps no files
    monkeypatch.setattr(rounds.Rounds, "ask", noting)
    asked.clear()
    with ThreadPoolExecutor(1) as pool:
        matching = tm.match(*under(name), executor=pool, checkpoint=tmp_path / "run")
        again = len(asked)
        assert bytes_of(matching) == bytes_of(alone_under(name))
        asked.clear()
        tm.match(*under(name), executor=pool)
    assert 0 < again <= len(asked) - when // 2  # most of what was found before was not asked again
    assert bytes_of(tm.match(*under(name), checkpoint=tmp_path / "run")) == bytes_of(matching)


class StuckAt(Stuck):
    """Threads that answer, until somebody asks for lists of empty places."""

    def __init__(self):
        super().__init__()
        self.stuck = threading.Event()

    def submit(self, function, /, *args, **kwargs):
        """Wait first, where so few partners are asked for."""
        if args[-1][0] == EMPTY:
            self.stuck.set()
            return super().submit(function, *args, **kwargs)
        return ThreadPoolExecutor.submit(self, function, *args, **kwargs)


@pytest.mark.parametrize("name", ["nested", "cells"])
def test_nobody_waits_for_lists_once_told_to_stop(name):
    """A search that no phase of an auction makes is given up as well."""
    cancel = threading.Event()
    with StuckAt() as pool:
        called = []

        def wait():
            pool.stuck.wait(20)
            called.append(time.monotonic())
            cancel.set()

        threading.Thread(target=wait).start()
        matching = tm.match(*under(name), executor=pool, cancel=cancel)
        assert time.monotonic() - called[0] < 2
        assert any(future.cancelled() for future in pool.asked)
    assert matching.limit is tm.Limit.CANCELLED
    assert matching.verify().ok


def test_the_recipe_for_spark_knows_one_market_from_another():
    """An engine of one's own keeps the shards of several markets apart."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "clusters.md").read_text("utf-8")
    names = {}
    exec(compile(page[page.index("class SparkEngine") :].split("```")[0], "clusters.md", "exec"), names)
    matching = tm.match(*under("pairs"), executor=names["SparkEngine"](Context(), 3))
    assert bytes_of(matching) == bytes_of(alone_under("pairs"))


def test_what_a_pair_of_kinds_costs_is_asked_with_the_question():
    """A shard that has heard of a table forgets it: where none comes, pairs are worth what they were."""
    left, right = under("cells")[:2]
    graph = tm.compile(left, right, tm.policies.systematic_twinning())
    price, every = np.zeros(graph.num_right, np.int64), np.arange(graph.num_left, dtype=np.int32)
    own = graph.terms.table
    less = np.where(own > 0, own // 2, own)
    with ThreadPoolExecutor(2) as pool:
        shards = rounds.Rounds(graph, pools.Pool(pool), np.zeros(1, np.uint8))
        core = rounds.SpreadCore(shards)
        for table in (own, less, None):
            here = ScoredGraph(graph.terms).core
            if table is None:
                shards.table = None
            else:
                core.set_table(table)
                here.set_table(table)
            there = core.search(every, 5, price, 1)
            for found, wanted in zip(there, here.search(every, 5, price, 1), strict=True):
                assert np.array_equal(found, wanted)
