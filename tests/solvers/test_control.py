"""The conversation between a long computation and its caller, with a computation that never ends."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from twinmatch import _core
from twinmatch.solvers.control import Control, Stopped, _await

PATIENCE_S, SOON_S = 10.0, 0.4


def endless(control: Control):
    """Return work that goes on until its flag is raised, and then says so as compiled loops do."""

    def work() -> None:
        end = time.monotonic() + PATIENCE_S
        while not control.flag[0] and time.monotonic() < end:
            time.sleep(0.001)
        assert control.flag[0], "nobody stopped the work"
        raise _core.Cancelled

    return work


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = threading.active_count()
    started = time.monotonic()
    yield
    assert time.monotonic() - started < PATIENCE_S / 2
    assert threading.active_count() == before


def test_a_deadline_raises_the_flag():
    control = Control(deadline=0.1)
    with pytest.raises(Stopped) as caught:
        control.run("exact", lambda: endless(control)())
    assert caught.value.limit == "DEADLINE"
    assert 0.1 <= control.elapsed_s < 0.1 + SOON_S
    assert control.seconds["exact"] == pytest.approx(control.elapsed_s, abs=0.05)


def test_a_cancel_raises_the_flag():
    cancel = threading.Event()
    control = Control(deadline=60, cancel=cancel)
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    with pytest.raises(Stopped) as caught:
        control.run("auction", endless(control))
    timer.join()
    assert caught.value.limit == "CANCELLED"


def test_a_callback_that_raises_ends_the_work_first():
    """The error goes on when the work has ended, and the flag is down for what comes next."""

    def listen(_event: object) -> None:
        raise LookupError("enough")

    control = Control(on_progress=listen)
    with pytest.raises(LookupError, match="enough"):
        control.run("auction", endless(control))
    assert not control.flag[0]
    assert control.run("exact", lambda: 5) == 5


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_the_work_first():
    """A KeyboardInterrupt leaves no thread that goes on working on memory that others use."""
    control = Control(deadline=60)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        control.run("auction", endless(control))
    timer.join()
    assert not control.flag[0]


def test_an_error_of_the_work_arrives_as_it_is():
    """With somebody to listen or without."""

    def fails() -> None:
        raise ZeroDivisionError("nothing to divide")

    for control in (Control(), Control(deadline=60)):
        with pytest.raises(ZeroDivisionError, match="nothing to divide"):
            control.run("exact", fails)


def test_work_that_ends_although_it_was_stopped_counts():
    """What was finished is not thrown away; the next piece of work is not begun."""
    control = Control(deadline=0.05)
    assert control.run("exact", lambda: time.sleep(0.15) or "done") == "done"
    with pytest.raises(Stopped):
        control.run("exact", endless(control))


def test_parts_are_reported_as_one():
    """What is known of the other part is added to every report."""
    events = []
    control = Control(on_progress=events.append)
    control.elsewhere = (3, 100, 200)
    control.found(2, 10, 30)
    assert (events[0].matched, events[0].objective, events[0].bound) == (5, 110, 230)
    assert (events[0].gap, events[0].relative_gap) == (120, 120 / 230)


def interrupted(method):
    """Return the method with a Ctrl-C at its end, the first time."""
    calls = []

    def once(*args):
        method(*args)
        calls.append(args)
        if len(calls) == 1:
            raise KeyboardInterrupt

    return once


def test_a_ctrl_c_while_the_thread_starts_stops_it(monkeypatch):
    control = Control(deadline=60)
    monkeypatch.setattr(threading.Thread, "start", interrupted(threading.Thread.start))
    with pytest.raises(KeyboardInterrupt):
        control.run("auction", endless(control))


def test_a_ctrl_c_while_the_end_is_awaited_comes_after_it(monkeypatch):
    done = threading.Event()
    thread = threading.Thread(target=lambda: (time.sleep(0.1), done.set()))
    thread.start()
    monkeypatch.setattr(done, "wait", interrupted(done.wait))
    with pytest.raises(KeyboardInterrupt):
        _await(thread, done)
    assert done.is_set()
    assert not thread.is_alive()


def test_a_ctrl_c_before_there_is_a_thread(monkeypatch):
    def start(thread):
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(KeyboardInterrupt):
        Control(deadline=60).run("auction", lambda: 1)


def test_a_thread_that_cannot_start_is_not_waited_for(monkeypatch):
    def refused(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    with pytest.raises(RuntimeError, match="can't start"):
        Control(deadline=60).run("auction", lambda: 1)
