"""
A cluster on this machine: a national matching, found and checked by processes.

    pip install 'twinmatch[dask]'
    python local.py --workers 4

The same script works with a cluster of many machines: give the address of its scheduler.

    python local.py --scheduler tcp://10.0.0.1:8786
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from typing import TYPE_CHECKING

from dask.distributed import Client, LocalCluster

import twinmatch as tm

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def connected(scheduler: str | None, workers: int) -> Iterator[Client]:
    """Give a client of a cluster: the one at an address, or one of this machine."""
    if scheduler is not None:
        with Client(scheduler) as client:
            yield client
        return
    # One thread each: a shard is searched by one thread, and there are more shards than workers.
    options = {"n_workers": workers, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        yield client


def main() -> int:
    """Match two artificial nations on a cluster, and check the result there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--scheduler", help="address of a scheduler, instead of a cluster of this machine")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--left", type=int, default=20_000)
    parser.add_argument("--right", type=int, default=66_000)
    parser.add_argument("--checkpoint", help="a folder from which a run that was stopped goes on")
    asked = parser.parse_args()
    left, right = tm.datasets.synthetic(asked.left, asked.right)
    with connected(asked.scheduler, asked.workers) as client:
        started = time.perf_counter()
        try:
            matching = tm.match(left, right, executor=client, checkpoint=asked.checkpoint)
        except tm.errors.ExecutorError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        found = time.perf_counter()
        certificate = matching.verify(executor=client)
        ended = time.perf_counter()
    sys.stdout.write(f"{matching.status}, {matching.coverage:,} schools, gap {matching.gap}\n")
    sys.stdout.write(f"matched in {found - started:.1f} s, checked in {ended - found:.1f} s\n")
    return 0 if certificate.ok else 1


if __name__ == "__main__":
    sys.exit(main())
