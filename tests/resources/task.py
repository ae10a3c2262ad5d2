"""One task under limits of the address space, each in a forked child: ``task.py NAME MEGABYTES,... FILE``."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path

import numpy as np

import twinmatch as tm

MB = 2**20


def size() -> int:
    """Return the address space that this process has."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def tasks(name: str, file: str | None):
    """Return the work of a name, with what it needs made already."""
    random = np.random.default_rng(7)
    tm.match, tm.assign, tm.read_schools, tm.datasets.sample  # noqa: B018 (loads what is loaded at first use)
    if name in ("match", "verify", "balance"):
        left, right = tm.datasets.synthetic(1_000, 2_000, seed=3)
        policy = tm.policies.systematic_twinning(balance=name == "balance")
        if name == "verify":
            matching = tm.match(left, right, policy, threads=2)
            return lambda: int(matching.verify(threads=2).ok)
        return lambda: tm.match(left, right, policy, threads=2).objective
    if name == "dense":
        points = random.integers(0, 10**6, (700, 700))
        return lambda: tm.assign(points, threads=2).objective
    if name in ("sparse", "quotas", "crossed"):
        from scipy import sparse

        n = 30 if name == "crossed" else 3_000
        item = random.integers(0, 2 * n, (n, 8))
        rows = np.repeat(np.arange(n), 8)
        points = sparse.csr_array((random.integers(1, 10**6, n * 8), (rows, item.ravel())), shape=(n, 2 * n))
        quotas = [tm.GroupQuota(left=np.arange(n // 2), at_most=n // 4)] if name != "sparse" else []
        if name == "crossed":
            halves = [(random.random(n) < 0.5, random.random(2 * n) < 0.5) for _ in range(6)]
            quotas += [tm.GroupQuota(left=i, right=j, at_most=n // 8) for i, j in halves]
        return lambda: tm.assign(points, quotas=quotas, threads=2).objective
    if name == "read":
        return lambda: len(tm.read_schools(file))
    return lambda: len(tm.datasets.sample()[0])


def limited(work, room_mb: float) -> dict:
    """Return how the work ended with so much room, and how it does without a limit after an error."""
    limit = size() + int(room_mb * MB)
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    try:
        told = {"value": work()}
    except Exception as error:
        told = {"error": type(error).__name__, "text": str(error)[:300]}
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if "error" in told:
        told["again"] = work()  # whatever was in hand is usable still
    return told


def main() -> None:
    """Say in a line of JSON for each limit how the task ended."""
    name, rooms, file = sys.argv[1:]
    work = tasks(name, file)
    for room_mb in map(float, rooms.split(",")):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            signal.alarm(100)  # its default action ends a child that hangs
            os.write(writer, json.dumps(limited(work, room_mb)).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        sys.stdout.write((said or json.dumps({"died": status, "room": room_mb})) + "\n")


if __name__ == "__main__":
    main()
