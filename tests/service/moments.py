"""The clock and the work of this process, from the moment at which a call was asked to stop."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

SOON_S = 0.2  # what is promised of a process that has its cores
SLACK_S = 3.0  # what the clock may show where many processes share two cores


class Moment(NamedTuple):
    """The clock, and the processor time that this process has used."""

    clock: float
    work: float

    @classmethod
    def now(cls):
        return cls(time.monotonic(), time.process_time())

    def since(self, other):
        """Return the seconds since then: by the clock, and no more than this process has worked."""
        clock = self.clock - other.clock
        return Moment(clock, min(clock, self.work - other.work))


def asked_to_stop(call, seconds):
    """Return what a call returns that is asked to stop after so long, and how late (None: it was over)."""
    cancel, at = threading.Event(), []

    def stop():
        at.append(Moment.now())
        cancel.set()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        found = call(cancel=cancel)
        ended = Moment.now()
    finally:
        timer.cancel()
        timer.join()
    return found, ended.since(at[0]) if at else None
