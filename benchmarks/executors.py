"""
A run on an executor, and what it sent: rounds, bytes, and the seconds of every shard.

The executor is given to the library inside :class:`Counted`, which hands everything on and notes it down. A
shard is timed by the watch of the thread that searches it, so that a busy machine changes nothing; planting
its tree, which happens once, is timed apart. Markets are cut in the same eight shards whoever works on them,
so that runs can be compared.
"""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

import twinmatch as tm
from benchmarks.instances import Market
from benchmarks.process import held_bytes, peak_bytes
from benchmarks.runs import DEADLINE_S, THREADS, fingerprint
from twinmatch.spreading.engines import engine_of, ignored
from twinmatch.spreading.packing import Pack, left_pack, right_pack
from twinmatch.spreading.shards import Shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from benchmarks.instances import Instance
    from twinmatch.spreading.engines import Engine

__all__ = ["Counted", "executed", "weighed"]

AS_IF = 4
"""Workers that the library is told of; it makes twice as many shards."""
CALLS = 200
"""Calls that do nothing, to see what one takes."""


@dataclass
class Round:
    """
    One question to all shards.

    Attributes
    ----------
    rows : int
        Left schools asked about.
    common, own : int
        Bytes for everybody, counted once, and of all shards together.
    back, listed : int
        Bytes of the answers, and partners in them.
    waited_s : float
        Seconds until all answers were there.
    planting_s, working_s : list of float
        Seconds of the processor for each shard.
    """

    rows: int = 0
    common: int = 0
    own: int = 0
    back: int = 0
    listed: int = 0
    waited_s: float = 0.0
    planting_s: list[float] = field(default_factory=list)
    working_s: list[float] = field(default_factory=list)


class Counted:
    """
    An engine that notes what passes through it.

    Parameters
    ----------
    engine : Engine
        Who does the work.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.workers = AS_IF
        self.rounds: list[Round] = []
        self.shards: list[int] = []
        self.left_bytes = self.right_bytes = 0
        self.building_s = 0.0

    def build(self, make: Callable[[Pack, Pack], Any], left: Iterable[Pack], right: Pack) -> list[Any]:
        """Make the shards."""

        def weighed() -> Iterator[Pack]:
            for pack in left:
                self.left_bytes += pack.blob.nbytes
                yield pack

        started = time.perf_counter()
        self.right_bytes += right.blob.nbytes
        handles = self._engine.build(make, weighed(), right)
        self.building_s += time.perf_counter() - started
        self.shards.append(len(handles))
        return handles

    def ask(
        self,
        function: Callable[..., Any],
        asked: Sequence[tuple[Any, tuple[Any, ...]]],
        common: tuple[Any, ...],
        look: Callable[[], object],
        tell: Callable[[int], object] = ignored,
    ) -> list[Any]:
        """Ask, and note."""
        noted = Round(common=weight(common), own=sum(weight(own) for _, own in asked))
        noted.rows = sum(len(own[-1]) for _, own in asked)
        started = time.perf_counter()
        answers = self._engine.ask(partial(timed, function), asked, common, look, tell)
        noted.waited_s = time.perf_counter() - started
        for answer, planting, working in answers:
            noted.back += weight(answer)
            noted.listed += len(getattr(answer, "item", ()))
            noted.planting_s.append(round(planting, 5))
            noted.working_s.append(round(working, 5))
        self.rounds.append(noted)
        return [answer for answer, _, _ in answers]

    def close(self) -> None:
        """Let go of the shards."""
        self._engine.close()

    def total(self, name: str) -> Any:
        """Return what all rounds have of something."""
        values = [getattr(one, name) for one in self.rounds]
        return round(sum(sum(value) if isinstance(value, list) else value for value in values), 4)


def timed(function: Callable[..., Any], shard: Any, *args: Any) -> tuple[Any, float, float]:
    """Return an answer, and the seconds of this thread for the tree of the shard and for the rest."""
    begun = time.thread_time()
    if isinstance(shard, Shard):
        _ = shard.graph.core
    planted = time.thread_time()
    answer = function(shard, *args)
    return answer, planted - begun, time.thread_time() - planted


def weight(value: Any) -> int:
    """Return the bytes of the arrays in something; a number counts as eight."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, tuple):
        return sum(weight(one) for one in value)
    return 8 if isinstance(value, int) else 0


def executed(
    instance: Instance,
    deadline: float | None = None,
    *,
    engine: str,
    workers: int,
    gap: float = 0.0,
    check: bool = True,
) -> dict[str, Any]:
    """
    Return the numbers of one run on an executor, from this process.

    Parameters
    ----------
    instance : Instance
        A market.
    deadline : float, optional
        Seconds after which it stops with what it has.
    engine : str
        ``"threads"``, ``"processes"`` or ``"dask"``: a cluster of processes on this machine.
    workers : int
    gap : float
        The relative gap to stop at.
    check : bool
        Whether the pairs are evaluated on the executor, too.

    Raises
    ------
    PackageNotFoundError
        If Dask is asked for and is not there.
    """
    built = instance.build()
    assert isinstance(built, Market)
    tm.match(*tm.datasets.sample(), built.policy, threads=THREADS)  # loads what is loaded at first use
    options = {"threads": THREADS, "deadline": deadline or DEADLINE_S, "gap": gap}
    with ENGINES[engine](workers) as (executor, peaks):
        each_s = _a_call(executor)
        search = Counted(engine_of(executor))
        started, worked = time.perf_counter(), time.process_time()
        matching = tm.match(built.left, built.right, built.policy, executor=search, **options)
        solve_s, processor_s = time.perf_counter() - started, time.process_time() - worked
        if engine == "threads":  # which are of this process
            processor_s -= search.total("planting_s") + search.total("working_s")
        checked = _checked(matching, executor) if check else {}
        worker_peak = max(peaks(), default=None)
    return {
        "instance": instance.name,
        "recipe": instance.recipe,
        "sha256": built.sha256,
        "left": len(built.left),
        "right": len(built.right),
        "engine": engine,
        "workers": workers,
        "shards": max(search.shards, default=0),
        "status": str(matching.status),
        "limit": None if matching.limit is None else str(matching.limit),
        "relative_gap": matching.relative_gap,
        "result_sha256": fingerprint(matching),
        "solve_s": round(solve_s, 4),
        "rounds": len(search.rounds),
        "rows": search.total("rows"),
        "listed": search.total("listed"),
        "shard_bytes": {"left": search.left_bytes, "right": search.right_bytes},
        "price_bytes": search.total("common"),
        "sent_bytes": sum(one.common * len(one.working_s) + one.own for one in search.rounds),
        "back_bytes": search.total("back"),
        "building_s": round(search.building_s, 4),
        "waited_s": search.total("waited_s"),
        "here_s": round(solve_s - search.building_s - search.total("waited_s"), 4),
        "here_processor_s": round(processor_s, 4),
        "planting_s": search.total("planting_s"),
        "working_s": search.total("working_s"),
        "shard_s": [one.working_s for one in search.rounds],
        "plant_s": search.rounds[0].planting_s if search.rounds else [],
        "call_s": round(each_s, 6),
        "worker_peak_mb": None if worker_peak is None else round(worker_peak / 1e6, 1),
        **checked,
    }


def weighed(instance: Instance) -> dict[str, Any]:
    """Return what a worker holds of one shard that is a whole market, and the seconds to plant its tree."""
    built = instance.build()
    assert isinstance(built, Market)
    terms = tm.compile(built.left, built.right, built.policy).terms
    left, right = left_pack(terms, 0, terms.num_left), right_pack(terms)
    context = multiprocessing.get_context("spawn")
    with TemporaryDirectory() as folder, ProcessPoolExecutor(1, mp_context=context) as pool:
        for name, pack in (("left", left), ("right", right)):
            np.save(Path(folder, name), pack.blob)
        held, planted_s = pool.submit(_held, folder, left.header, right.header).result()
    return {
        "left": terms.num_left,
        "right": terms.num_right,
        "left_bytes": left.blob.nbytes,
        "right_bytes": right.blob.nbytes,
        "held_bytes": held,
        "planted_s": round(planted_s, 4),
    }


def _held(folder: str, left: str, right: str) -> tuple[int, float]:
    """Return what a process that held nothing yet holds with a shard, and the seconds to plant its tree."""
    before = held_bytes()
    packs = [
        Pack(header, np.load(Path(folder, f"{name}.npy")))
        for name, header in (("left", left), ("right", right))
    ]
    started = time.thread_time()
    shard = Shard(*packs)
    _ = shard.graph.core
    planted_s = time.thread_time() - started
    return (held_bytes() or 0) - (before or 0), planted_s


def _checked(matching: tm.Matching, executor: Any) -> dict[str, Any]:
    """Return what the plain pass takes on an executor."""
    counted = Counted(engine_of(executor))
    started = time.perf_counter()
    certificate = matching.verify(threads=THREADS, executor=counted).raise_for_failure()
    return {
        "check_s": round(time.perf_counter() - started, 4),
        "check_pairs": certificate.pairs_checked,
        "check_parts": sum(counted.shards),
        "check_working_s": counted.total("working_s"),
        "check_sent_bytes": sum(one.common * len(one.working_s) + one.own for one in counted.rounds),
        "check_back_bytes": counted.total("back"),
    }


# -- Executors ---------------------------------------------------------------------------------------------


@contextmanager
def _threads(workers: int) -> Iterator[tuple[Any, Callable[[], list[int]]]]:
    with ThreadPoolExecutor(workers) as pool:
        yield pool, list


@contextmanager
def _processes(workers: int) -> Iterator[tuple[Any, Callable[[], list[int]]]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for future in [pool.submit(_awake, 0.2) for _ in range(workers)]:
            future.result()
        yield pool, lambda: [peak_bytes(process.pid) for process in pool._processes.values()]


@contextmanager
def _dask(workers: int) -> Iterator[tuple[Any, Callable[[], list[int]]]]:
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise PackageNotFoundError("distributed") from None
    options = {"n_workers": workers, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        client.run(_awake, 0.0)
        yield client, lambda: list(client.run(peak_bytes).values())


ENGINES: dict[str, Any] = {"threads": _threads, "processes": _processes, "dask": _dask}
"""Context managers of an executor with so many workers, and of a function for their peaks, by name."""


def _awake(seconds: float) -> None:
    """Import what a worker imports, and wait a moment, so that every process gets one."""
    import twinmatch.certify
    import twinmatch.spreading.rounds  # noqa: F401

    time.sleep(seconds)


def _a_call(executor: Any) -> float:
    """Return the seconds that a call takes that does nothing."""
    options = {"pure": False} if hasattr(executor, "scheduler_info") else {}  # Dask would ask once
    started = time.perf_counter()
    for future in [executor.submit(abs, -n, **options) for n in range(CALLS)]:
        future.result()
    return (time.perf_counter() - started) / CALLS
