"""Executors that misbehave in one way each."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np


class Stuck(ThreadPoolExecutor):
    """A thread that begins with nothing before it is let go."""

    def __init__(self):
        super().__init__(1)
        self.go = threading.Event()
        self.asked = []

    def submit(self, function, /, *args, **kwargs):
        """Wait first."""

        def late():
            self.go.wait()
            return function(*args, **kwargs)

        self.asked.append(super().submit(late))
        return self.asked[-1]

    def __exit__(self, *error):
        self.go.set()
        return super().__exit__(*error)


class Changing(ThreadPoolExecutor):
    """Threads whose answers are changed on the way back."""

    def __init__(self, change):
        super().__init__(2)
        self.change = change

    def submit(self, function, /, *args, **kwargs):
        """Change what comes back."""
        return super().submit(lambda: self.change(function(*args, **kwargs)))


class Counting(ThreadPoolExecutor):
    """Threads that count what they are asked."""

    asked = 0

    def submit(self, function, /, *args, **kwargs):
        """Count, and ask."""
        self.asked += 1
        return super().submit(function, *args, **kwargs)


class Breaking(Executor):
    """Processes of which one is killed at the second question: the first one is forgotten, or fails."""

    _broken = False

    def __init__(self, forgets):
        self.forgets, self.asked = forgets, []

    def submit(self, function, /, *args, **kwargs):
        """Break, or refuse to be asked."""
        if self._broken:
            raise BrokenProcessPool(self._broken)
        self.asked.append(Future())
        if len(self.asked) == 2:
            self._broken = "a process is gone"
            if not self.forgets:
                self.asked[0].set_exception(BrokenProcessPool(self._broken))
        return self.asked[-1]


class Picky(Exception):  # noqa: N818 (what it is like)
    """An error that does not survive its own pickle."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def is_late(*_):
    """Answer when nobody waits any more."""
    time.sleep(0.5)
    return np.ones(9)


def divides(*_):
    """Fail as anything may."""
    raise ZeroDivisionError("seventeen")


def loses_a_file(*_):
    """Fail in a way that a broken connection might."""
    raise FileNotFoundError("eighteen")


def is_picky(*_):
    """Fail with an error that cannot travel."""
    raise Picky("eleven", "twelve")
