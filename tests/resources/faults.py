"""Allocations of the kernels fail, one by one, and threads do not start: ``faults.py NAME AT_MOST``."""

from __future__ import annotations

import collections
import ctypes
import json
import os
import sys
from pathlib import Path

import numpy as np
from scipy import sparse

import twinmatch as tm
from twinmatch import _check, _core


def hooked() -> ctypes.CDLL:
    """Return the preloaded library, told where the kernels are."""
    hook = ctypes.CDLL(os.environ["LD_PRELOAD"])
    hook.only.argtypes = [ctypes.c_void_p] * 2
    hook.fail_allocation.argtypes = hook.refuse_threads.argtypes = [ctypes.c_long]
    hook.allocations_seen.restype = ctypes.c_long
    files = {Path(module.__file__).name for module in (_core, _check)}
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        where, rights, *_, file = line.split()
        if "x" in rights and Path(file).name in files and "twinmatch" in file:
            hook.only(*(int(end, 16) for end in where.split("-")))
    return hook


def works() -> dict:
    """Return what there is to do, by name."""
    left, right = tm.datasets.synthetic(60, 150, seed=1)
    random = np.random.default_rng(0)
    dense = random.integers(0, 1_000, (30, 30))
    stored = sparse.csr_array(dense * (dense > 600))
    quotas = [tm.GroupQuota(left=np.arange(15), at_most=5)]
    matching = tm.match(left, right, threads=2)
    return {
        "match": lambda: tm.match(left, right, threads=2).objective,
        "verify": lambda: matching.verify(threads=2).ok,
        "dense": lambda: tm.assign(dense, threads=2).objective,
        "sparse": lambda: tm.assign(stored, threads=2).objective,
        "quotas": lambda: tm.assign(stored, quotas=quotas, threads=2).objective,
        "stable": lambda: tm.match(left, right, threads=2, mechanism=tm.mechanisms.stable()).objective,
    }


def outcome(work, right) -> str:
    """Return how a task ended, in a word."""
    try:
        return "right" if work() == right else "wrong"
    except Exception as error:
        return type(error).__name__


def main() -> None:
    """Say in a line of JSON how often a task ended in which way."""
    name, most = sys.argv[1], int(sys.argv[2])
    hook, work = hooked(), works()[name]
    right = work()
    hook.fail_allocation(-1)
    work()
    number = hook.allocations_seen()
    ends: collections.Counter[str] = collections.Counter()
    for n in range(0, number, max(1, number // most)):
        hook.fail_allocation(n)
        ends[outcome(work, right)] += 1
    hook.fail_allocation(-1)
    hook.refuse_threads(0)
    alone = outcome(work, right)
    hook.refuse_threads(-1)
    told = {"allocations": number, "ends": ends, "without threads": alone, "after": outcome(work, right)}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
