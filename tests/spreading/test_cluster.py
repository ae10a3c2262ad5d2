"""Real clusters of Dask on this machine, with processes that are killed."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import pytest

import twinmatch as tm
from tests.spreading.executors import divides, is_picky, loses_a_file
from tests.spreading.worlds import (
    FEW_ROWS,
    QUOTAS,
    alone,
    alone_under,
    bytes_of,
    claims_of,
    market,
    under,
)
from twinmatch.certify import parts
from twinmatch.errors import ExecutorError
from twinmatch.spreading import rounds
from twinmatch.spreading.cluster import Cluster

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.filterwarnings("default"),  # those of Dask are its own
]

WORLD = (2500, 7500)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Take small searches and passes for large ones."""
    monkeypatch.setattr(rounds, "LEAST_ROWS", FEW_ROWS)
    monkeypatch.setattr(parts, "LEAST_PAIRS", 1)
    monkeypatch.setattr(parts, "MOST_PAIRS", 2_000_000)


@pytest.fixture
def cluster():
    """Start processes of one thread each; a client of them."""
    distributed = pytest.importorskip("distributed")
    started = []

    def start(workers):
        local = distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        )
        started.append(local)
        started.append(distributed.Client(local))
        return started[-1]

    yield start
    for one in reversed(started):
        one.close()


def processes(client):
    """Return the process of each worker."""
    return list(client.run(os.getpid).values())


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_cluster_changes_nothing(cluster, workers):
    """Matching and certificate are the bytes of one machine, for any number of workers."""
    client = cluster(workers)
    matching = tm.match(*market(*WORLD), executor=client)
    assert bytes_of(matching) == bytes_of(alone(*WORLD))
    assert claims_of(matching.verify(executor=client)) == claims_of(matching.verify())
    for name in sorted(QUOTAS.keys() - {"across"}) if workers == 2 else ("nested", "pairs"):
        matching = tm.match(*under(name), executor=client)
        assert bytes_of(matching) == bytes_of(alone_under(name)), name
    assert claims_of(matching.verify(executor=client)) == claims_of(matching.verify())


def test_a_worker_that_is_killed_changes_nothing(cluster):
    """What it held is made again elsewhere, and the run ends with the same bytes."""
    client = cluster(2)
    victims, killed = processes(client), []

    def kill(progress):
        if progress.phase == "auction" and not killed:
            killed.append(victims[0])
            os.kill(victims[0], signal.SIGKILL)

    matching = tm.match(*market(*WORLD), executor=client, on_progress=kill)
    assert killed
    assert bytes_of(matching) == bytes_of(alone(*WORLD))


def test_a_worker_that_is_killed_under_quotas_changes_nothing(cluster, monkeypatch):
    """Tables and prices are of the question: what is made again elsewhere answers the same."""
    client = cluster(2)
    victims, rows, ask = processes(client), [], rounds.Rounds.ask

    def kill(self, *question):
        rows.append(len(question[0]))
        if len(rows) == 30:
            assert self.table is not None
            os.kill(victims[0], signal.SIGKILL)
        return ask(self, *question)

    monkeypatch.setattr(rounds.Rounds, "ask", kill)
    matching = tm.match(*under("pairs"), executor=client)
    assert len(rows) > 30
    assert victims[0] not in processes(client)
    assert bytes_of(matching) == bytes_of(alone_under("pairs"))


def test_a_scheduler_that_is_lost_is_an_error_and_the_checkpoint_goes_on(tmp_path):
    """The run ends with an error in words; the same call with another executor gives the same bytes."""
    distributed = pytest.importorskip("distributed")
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    scheduler = subprocess.Popen(
        [*command, "--port", "0", "--host", "127.0.0.1", "--no-dashboard",
         "--scheduler-file", str(tmp_path / "scheduler.json")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    worker = None
    try:
        while not (tmp_path / "scheduler.json").exists():
            assert scheduler.poll() is None
            time.sleep(0.05)
        worker = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny",
             "--no-dashboard", "--scheduler-file", str(tmp_path / "scheduler.json")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=os.getcwd(),
        )  # fmt: skip
        with distributed.Client(scheduler_file=str(tmp_path / "scheduler.json"), timeout=30) as client:
            client.wait_for_workers(1, timeout=60)

            def kill(progress):
                if progress.phase == "auction":
                    scheduler.kill()

            started = time.monotonic()
            with pytest.raises(ExecutorError, match=r"scheduler.*lost.*checkpoint=") as caught:
                tm.match(*market(*WORLD), executor=client, on_progress=kill, checkpoint=tmp_path / "run")
            assert time.monotonic() - started < 60
            assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    finally:
        for process in (worker, scheduler):
            if process is not None:
                process.kill()
                process.wait()
    matching = tm.match(*market(*WORLD), checkpoint=tmp_path / "run")
    assert bytes_of(matching) == bytes_of(alone(*WORLD))


class Torn:
    """A client whose connection broke, and that does not know of it; its futures, too."""

    status = "running"

    def submit(self, *_args, **_options):
        return Torn()

    def add_done_callback(self, function):
        self.status = "finished"
        function(self)

    def cancel(self):
        self.status = "cancelled"

    def result(self):
        raise ConnectionAbortedError("stream is closed")

    scheduler_info = result


def test_a_connection_that_breaks_is_a_scheduler_that_is_lost():
    """A client may feel it before it says so."""
    lost = r"scheduler.*lost.*checkpoint=.*ConnectionAbortedError: stream is closed"
    with pytest.raises(ExecutorError, match=lost) as caught:
        _ = Cluster(Torn()).workers
    assert caught.value.kind == "ConnectionAbortedError"
    with pytest.raises(ExecutorError, match=lost):
        Cluster(Torn()).ask(len, [(None, ())], (), lambda: None)


def test_errors_of_workers_arrive_and_nobody_waits_once_told_to_stop(cluster, monkeypatch):
    """An error is told in words; a deadline ends a run whose workers are busy for long."""
    client = cluster(1)
    for fails, words in (
        (divides, "ZeroDivisionError: seventeen"),
        (loses_a_file, "FileNotFoundError: eighteen"),
        (is_picky, "Picky: eleven and twelve"),
    ):
        monkeypatch.setattr(rounds, "_search", fails)
        with pytest.raises(ExecutorError) as caught:
            tm.match(*market(*WORLD), executor=client)
        assert str(pickle.loads(pickle.dumps(caught.value))) == f"a worker failed: {words}"
    monkeypatch.setattr(rounds, "_search", _sleeps)
    cancel = threading.Event()
    threading.Timer(3, cancel.set).start()
    started = time.monotonic()
    matching = tm.match(*market(*WORLD), executor=client, cancel=cancel)
    assert time.monotonic() - started < 5
    assert matching.limit is tm.Limit.CANCELLED


def _sleeps(*_):
    time.sleep(20)
