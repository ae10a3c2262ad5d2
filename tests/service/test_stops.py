"""Stopped at any moment a call ends soon, tells the truth, and leaves everything as it was."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import twinmatch as tm
from tests.service.moments import SLACK_S, SOON_S, Moment, asked_to_stop
from twinmatch.errors import CertificateError
from twinmatch.methods import verifying

pytestmark = pytest.mark.service

ME = tm.mechanisms


@cache
def tables(size):
    return tm.datasets.synthetic(size, 9 * size // 4, 2, "mild")


def matched(size, balance=False, mechanism=None):
    policy = tm.policies.systematic_twinning(balance=balance)
    return lambda **options: tm.match(*tables(size), policy, mechanism=mechanism, **options)


def checked(**options):
    return _once().verify(**options)


@cache
def _once():
    return matched(4_000)()


@cache
def matrix():
    return np.random.default_rng(0).integers(0, 10_000, (900, 1_100))


CALLS = {
    "points": (matched(2_000), 40),
    "balance": (matched(1_000, balance=True), 25),
    "leximin": (matched(1_000, mechanism=ME.leximin()), 15),
    "nash": (matched(1_000, mechanism=ME.nash()), 15),
    "stable": (matched(4_000, mechanism=ME.stable()), 20),
    "rank_maximal": (matched(4_000, mechanism=ME.rank_maximal()), 15),
    "serial": (matched(4_000, mechanism=ME.serial_dictatorship()), 15),
    "greedy": (matched(4_000, mechanism=ME.greedy()), 15),
    "dense": (lambda **options: tm.assign(matrix(), right_capacity=2, **options), 20),
    "verify": (checked, 20),
}


def cancelled(name):
    """Cancel a call at random moments until it was cancelled often enough; return how late each one was."""
    call, moments = CALLS[name]
    call()  # what is read once is read
    began = time.monotonic()
    whole = call()
    length = time.monotonic() - began
    took, rng = [], np.random.default_rng(1)
    for _ in range(4 * moments):
        if len(took) == moments:
            break
        found, late = asked_to_stop(call, rng.uniform(0, length))
        if late is not None:
            took.append(late)
        if name != "verify":
            assert (found.limit is None) == (str(found.status) == str(whole.status))
            if found.limit is not None:
                assert late is not None
                assert found.limit == "CANCELLED"
                assert found.status in ("FEASIBLE", "NO_SOLUTION")
    again = call()
    assert again.ok if name == "verify" else again.objective == whole.objective
    return took


def test_two_hundred_random_moments(capsys):
    """The answer is soon there and true, and the next call is as the first."""
    took = {name: cancelled(name) for name in CALLS}
    clock, work = np.array([one for late in took.values() for one in late]).T
    with capsys.disabled():
        print()  # noqa: T201
        for name, late in [*took.items(), ("all", list(zip(clock, work, strict=True)))]:
            told = [
                f"median {np.median(each):.0f}, p99 {np.quantile(each, 0.99):.0f}, at most {max(each):.0f} ms"
                for each in 1000 * np.array(late).T
            ]
            print(f"  {name}: {len(late)} cancelled; clock {told[0]}; own work {told[1]}")  # noqa: T201
    assert len(clock) == sum(moments for _, moments in CALLS.values()) == 200
    assert np.quantile(work, 0.99) < SOON_S
    assert np.max(clock) < SLACK_S


@pytest.mark.parametrize("name", [name for name in CALLS if name != "verify"])
def test_deadlines_are_respected(name):
    """From none at all to beyond the run: never late by more than a moment."""
    call, _ = CALLS[name]
    call(deadline=0)  # what is made once is made
    for deadline in (0, 0.01, 0.05, 0.15, 0.4, 1.0):
        at = []
        timer = threading.Timer(deadline, lambda at=at: at.append(Moment.now()))
        timer.start()
        found = call(deadline=deadline)
        ended = Moment.now()
        timer.cancel()
        timer.join()
        assert found.limit in (None, "DEADLINE")
        if at:  # it passed while the call was at work
            late = ended.since(at[0])
            assert late.work < max(SOON_S, 0.05 * deadline)
            assert late.clock < SLACK_S


def test_a_run_stopped_at_once_can_be_verified():
    """Before the policy was read there is nothing but a bound that anybody can see, and it holds."""
    cancel = threading.Event()
    cancel.set()
    for call in (matched(4_000), matched(4_000, balance=True), matched(4_000, mechanism=ME.stable())):
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
        found = await asyncio.to_thread(tm.match, *tables(4_000))
        done.set()
        await beating
        running = asyncio.create_task(asyncio.to_thread(tm.match, *tables(4_000), cancel=cancel))
        await asyncio.sleep(0.1)
        cancel.set()
        return found, late, await running

    found, late, stopped = asyncio.run(main())
    with capsys.disabled():
        print(f"\n  heartbeat: {1000 * max(late):.0f} ms late at most")  # noqa: T201
    assert found.status == "OPTIMAL"
    assert stopped.limit in (None, "CANCELLED")
    assert np.quantile(late, 0.99) < 0.1


class After:
    """Cancelled once it was asked so often."""

    def __init__(self, times):
        self.times = times

    def is_set(self):
        self.times -= 1
        return self.times < 0


@pytest.mark.parametrize("times", [0, 1, 2, 4, 8])
def test_a_check_that_is_cancelled_refuses_nothing(times):
    """In the middle of the pass or before it: nothing is known, and what was known before stays."""
    matching = matched(2_000)()
    before = matching.verify()
    found = matching.verify(threads=1, plain=True, cancel=After(times))
    assert found.was_cancelled, "it was asked more often than that"
    assert "CANCELLED" in str(found)
    assert "REFUSED" not in str(found)
    assert found.to_dict()["was_cancelled"]
    assert tm.Certificate.from_dict(found.to_dict()).was_cancelled
    with pytest.raises(CertificateError, match="cancelled"):
        found.raise_for_failure()
    assert not before.was_cancelled
    assert matching.last_certificate is before


@pytest.mark.parametrize("cancels", [True, False])
def test_what_a_pass_did_not_reach_is_refused_only_where_nobody_cancelled(monkeypatch, cancels):
    """A pass that was cut short leaves claims that do not hold."""
    matching, cancel = matched(500)(), threading.Event()
    before = matching.verify()

    def cut_short(*asked):
        if cancels:
            cancel.set()
        return replace(before, claims=(*before.claims[:-1], replace(before.claims[-1], ok=False)))

    monkeypatch.setattr(verifying, "_verified", cut_short)
    found = matching.verify(cancel=cancel)
    assert found.was_cancelled == cancels
    assert not found.ok
    assert (matching.last_certificate is before) == cancels
