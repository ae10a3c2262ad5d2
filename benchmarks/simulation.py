"""
A run on many workers, on paper: a simulation of events, in seconds.

A run
    The shards are built: each worker gets the right schools once, and each shard its left ones, and plants
    its tree. Then come rounds. This machine does its own part; prices go out to everybody; shards are
    searched; their answers come back, and the next round begins when all are there.
What goes out to everybody
    doubles its holders: this machine sends it once, and whoever has it passes it on. So it is with Dask.
What is for one shard
    leaves this machine one after the other, and so do answers arrive: its line is the narrow place.
Who works on what
    Shards stay where they were built, dealt out in turn; or each goes to the worker that is free first, as
    among threads of one machine. Nobody fails, and nothing else uses the network.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

__all__ = ["Network", "Run", "Stage", "arrivals", "stage_s", "total_s"]


class Network(NamedTuple):
    """
    What lies between this machine and the workers.

    Attributes
    ----------
    bandwidth : float
        Bytes a second, of every line, each way.
    latency_s : float
        Seconds from one machine to another.
    call_s : float
        Seconds of this machine for each shard that it asks.
    """

    bandwidth: float
    latency_s: float = 0.0
    call_s: float = 0.0


class Stage(NamedTuple):
    """
    What all shards do once.

    Attributes
    ----------
    here_s : float
        Seconds of this machine, before it asks.
    common : float
        Bytes that every worker gets.
    own, back : float
        Bytes to each shard, and from it.
    work_s : sequence of float
        Seconds of a worker for each shard.
    """

    here_s: float
    common: float
    own: float
    back: float
    work_s: Sequence[float]


class Run(NamedTuple):
    """
    A run to simulate.

    Attributes
    ----------
    left, right : int
        Schools.
    rounds : int
    here_s : float
        Seconds of this machine in all rounds together.
    row_s : float
        Seconds of one core for the search of one left school.
    spread : float
        Standard deviation of the logarithm of what shards of equal size take.
    plant_s : float
        Seconds of one core to plant the tree of a shard.
    left_bytes, right_bytes : float
        Of one school, in the pack of a shard.
    back : float
        Bytes of the answer for one left school.
    shards_each : int
        Shards for each worker.
    least_shard : int
        Left schools of a shard, at least.
    """

    left: int
    right: int
    rounds: int
    here_s: float
    row_s: float
    spread: float
    plant_s: float
    left_bytes: float
    right_bytes: float
    back: float
    shards_each: int
    least_shard: int

    def shards(self, workers: int) -> int:
        """Return how many shards there are for so many workers."""
        return max(1, min(self.shards_each * workers, self.left // self.least_shard))

    def stages(self, workers: int, rng: np.random.Generator) -> list[Stage]:
        """Return the building of the shards, and the rounds."""
        count = self.shards(workers)
        rows = self.left / count

        def drawn(seconds: float) -> npt.NDArray[np.float64]:
            # Of mean 1, so that the spread makes nothing longer in all.
            return seconds * rng.lognormal(-(self.spread**2) / 2, self.spread, count)

        build = Stage(0.0, self.right_bytes * self.right, self.left_bytes * rows, 0.0, drawn(self.plant_s))
        rounds = [
            Stage(
                self.here_s / self.rounds,
                4 * self.right,
                4 * rows,
                self.back * rows,
                drawn(self.row_s * rows),
            )
            for _ in range(self.rounds)
        ]
        return [build, *rounds]


def total_s(
    run: Run, workers: int, network: Network, rng: np.random.Generator, *, on_demand: bool = False
) -> float:
    """Return the seconds of a run, from the first pack that is sent to the last answer."""
    stages = run.stages(workers, rng)
    return sum(stage_s(stage, workers, network, on_demand=on_demand) for stage in stages)


def stage_s(stage: Stage, workers: int, network: Network, *, on_demand: bool = False) -> float:
    """Return the seconds until the last answer of a stage is there."""
    return stage.here_s + max(arrivals(stage, workers, network, on_demand=on_demand))


def arrivals(stage: Stage, workers: int, network: Network, *, on_demand: bool = False) -> list[float]:
    """
    Return when the answer of each shard is there, counted from when this machine begins to send.

    Parameters
    ----------
    stage : Stage
    workers : int
    network : Network
    on_demand : bool
        Whether a shard goes to the worker that is free first, of those the first one; else the shards are
        dealt out in turn, and each worker begins with those that come first.
    """
    hop_s = network.latency_s + stage.common / network.bandwidth
    # Worker 0 has it after one hop, 1 after two, 2 and 3 after three: each hop doubles who has it.
    free = [hop_s * (worker.bit_length() + 1) for worker in range(workers)]
    line_s = stage.common / network.bandwidth  # this machine sends the common part once, then to each shard
    waiting = [(at, worker) for worker, at in enumerate(free)]
    ended: list[tuple[float, int]] = []
    for shard, work_s in enumerate(stage.work_s):
        line_s += network.call_s + stage.own / network.bandwidth
        asked = line_s + network.latency_s
        worker = waiting[0][1] if on_demand else shard % workers
        end = max(free[worker], asked) + work_s
        free[worker] = end
        if on_demand:
            heapq.heapreplace(waiting, (end, worker))
        ended.append((end, shard))
    # Answers come in by one line, in the order in which they are ready.
    there, line_s = [0.0] * len(ended), 0.0
    for end, shard in sorted(ended):
        line_s = max(line_s, end + network.latency_s) + stage.back / network.bandwidth
        there[shard] = line_s
    return there
