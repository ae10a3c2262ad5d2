"""One task under a limit of the address space, in a process of its own: ``task.py NAME MEGABYTES [FILE]``."""

from __future__ import annotations

import json
import resource
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


def main() -> None:
    """Say in a line of JSON how the task ended."""
    name, room, *more = sys.argv[1:]
    work = tasks(name, more[0] if more else None)
    limit = size() + int(float(room) * MB)
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    try:
        told = {"value": work()}
    except Exception as error:
        told = {"error": type(error).__name__, "text": str(error)[:300]}
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if "error" in told:
        told["again"] = work()  # whatever was in hand is usable still
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
