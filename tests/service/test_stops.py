"""Stopped at any moment a call ends soon, tells the truth, and leaves everything as it was."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import cache

import numpy as np
import pytest

import twinmatch as tm

pytestmark = pytest.mark.service

SOON_S = 0.4  # 200 ms are promised; two shared cores get some more
ME = tm.mechanisms


@cache
def tables():
    return tm.datasets.synthetic(4_000, 9_000, 2, "mild")


def matched(balance=False, mechanism=None):
    policy = tm.policies.systematic_twinning(balance=balance)
    return lambda **options: tm.match(*tables(), policy, mechanism=mechanism, **options)


def checked(**options):
    return _once().verify(**options)


@cache
def _once():
    return matched()()


@cache
def matrix():
    return np.random.default_rng(0).integers(0, 10_000, (900, 1_100))


CALLS = {
    "points": (matched(), 40),
    "balance": (matched(True), 25),
    "leximin": (matched(mechanism=ME.leximin()), 15),
    "nash": (matched(mechanism=ME.nash()), 15),
    "stable": (matched(mechanism=ME.stable()), 20),
    "rank_maximal": (matched(mechanism=ME.rank_maximal()), 15),
    "serial": (matched(mechanism=ME.serial_dictatorship()), 15),
    "greedy": (matched(mechanism=ME.greedy()), 15),
    "dense": (lambda **options: tm.assign(matrix(), right_capacity=2, **options), 20),
    "verify": (checked, 20),
}


@pytest.mark.parametrize("name", CALLS)
def test_cancelled_at_random_moments(name, capsys):
    """Two hundred moments in all: the answer is soon there and true, and the next call is as the first."""
    call, moments = CALLS[name]
    call()  # what is read once is read
    started = time.monotonic()
    whole = call()
    length = time.monotonic() - started
    took = []
    for moment in np.random.default_rng(1).uniform(0, length, moments):
        cancel, at = threading.Event(), []

        def stop(cancel=cancel, at=at):
            at.append(time.monotonic())
            cancel.set()

        timer = threading.Timer(moment, stop)
        timer.start()
        found = call(cancel=cancel)
        ended = time.monotonic()
        timer.cancel()
        timer.join()
        if at:
            took.append(ended - at[0])
        if name != "verify":
            assert (found.limit is None) == (str(found.status) == str(whole.status))
            if found.limit is not None:
                assert found.limit == "CANCELLED"
                assert found.status in ("FEASIBLE", "NO_SOLUTION")
    with capsys.disabled():
        if took:
            print(f"\n  {name}: {length:.2f} s, {len(took)} cancelled, {1000 * max(took):.0f} ms at most")  # noqa: T201
    assert max(took, default=0) < SOON_S
    again = call()
    assert again.ok if name == "verify" else again.objective == whole.objective


@pytest.mark.parametrize("name", [name for name in CALLS if name != "verify"])
def test_deadlines_are_respected(name):
    """From none at all to beyond the run: never late by more than a moment."""
    call, _ = CALLS[name]
    for deadline in (0, 0.01, 0.05, 0.15, 0.4, 1.0):
        started = time.monotonic()
        found = call(deadline=deadline)
        assert time.monotonic() - started < deadline + max(SOON_S, 0.05 * deadline)
        assert found.limit in (None, "DEADLINE")


def test_a_run_stopped_at_once_can_be_verified():
    """Before the policy was read there is nothing but a bound that anybody can see, and it holds."""
    cancel = threading.Event()
    cancel.set()
    for call in (matched(), matched(True), matched(mechanism=ME.stable())):
        found = call(cancel=cancel)
        assert (found.status, found.limit) == ("NO_SOLUTION", "CANCELLED")
        assert found.verify().ok


def test_asyncio_is_not_kept_waiting(capsys):
    """A match in a thread leaves the loop its turns, and a task that is cancelled stops it."""

    async def heartbeat(late, done):
        last = time.monotonic()
        while not done.is_set():
            await asyncio.sleep(0.005)
            late.append(time.monotonic() - last - 0.005)
            last = time.monotonic()

    async def main():
        late, done, cancel = [], asyncio.Event(), threading.Event()
        beating = asyncio.create_task(heartbeat(late, done))
        found = await asyncio.to_thread(tm.match, *tables())
        done.set()
        await beating
        running = asyncio.create_task(asyncio.to_thread(tm.match, *tables(), cancel=cancel))
        await asyncio.sleep(0.1)
        cancel.set()
        return found, late, await running

    found, late, stopped = asyncio.run(main())
    with capsys.disabled():
        print(f"\n  heartbeat: {1000 * max(late):.0f} ms late at most")  # noqa: T201
    assert found.status == "OPTIMAL"
    assert stopped.limit in (None, "CANCELLED")
    assert np.quantile(late, 0.99) < 0.1
