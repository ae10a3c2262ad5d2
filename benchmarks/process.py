"""
One task, one process: so that peak memory is of that task alone, and a slow peer can be stopped.

The child makes the instance from its recipe, then works. It says what it knows in lines of JSON, as it goes:
whatever has been said when it is stopped is known. The time box is an alarm of the operating system around
the timed part only. Its default action ends the process, so that compiled code that never looks at a flag is
stopped on time too.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.instances import Instance

__all__ = ["Ended", "Timer", "alone"]

ROOT = Path(__file__).resolve().parent.parent
BUILD_S = 900  # more than any recipe takes: the end of a child that hangs outside its time box


class Timer:
    """
    The clock around the timed part, and the time box.

    Parameters
    ----------
    limit_s : float or None
        Seconds after which the process ends.
    """

    def __init__(self, limit_s: float | None = None) -> None:
        self.limit_s = limit_s
        self.seconds = 0.0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Time what is inside; once a process."""
        if self.limit_s is not None:
            signal.setitimer(signal.ITIMER_REAL, self.limit_s)
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - started
            if self.limit_s is not None:
                signal.setitimer(signal.ITIMER_REAL, 0)


class Ended(NamedTuple):
    """
    How a child ended.

    Attributes
    ----------
    said : dict
        Everything that it said; later words replace earlier ones.
    failure : str or None
        Why there is no result.
    """

    said: dict[str, Any]
    failure: str | None


def alone(task: str, instance: Instance, limit_s: float | None = None) -> Ended:
    """
    Run a task on an instance in a process of its own.

    Parameters
    ----------
    task : str
        ``"ours"``, or the name of a peer.
    instance : Instance
    limit_s : float, optional
        Seconds for the timed part; the library stops by itself, with what it has.
    """
    recipe = json.dumps({"name": instance.name, **instance.recipe})
    command = [sys.executable, "-m", "benchmarks.process", task, recipe, json.dumps(limit_s)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = child.communicate(timeout=BUILD_S + (limit_s or 0))
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
    except BaseException:  # Ctrl-C: leave nobody behind
        child.kill()
        child.wait()
        raise
    said: dict[str, Any] = {}
    for line in out.splitlines():
        if line.startswith("{"):
            said |= json.loads(line)
    if child.returncode == 0:
        return Ended(said, said.pop("failure", None))
    if child.returncode == -signal.SIGALRM:
        return Ended(said, f"stopped after {limit_s:g} s")
    if child.returncode == -signal.SIGKILL:
        return Ended(said, "killed, most likely for want of memory")
    return Ended(said, f"failed: {(err.strip().splitlines() or ['without a word'])[-1]}")


def say(**words: object) -> None:
    """Say something to the parent."""
    print(json.dumps(words), flush=True)


def peak_mb() -> float:
    """Return the most memory that this process has held, in units of 1e6 bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss counts what the parent held when it started this process
        lines = status.read_text(encoding="utf-8").splitlines()
        kib = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    else:
        kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(kib * 1024 / 1e6, 1)


def main() -> None:
    """Be the child."""
    from benchmarks.instances import Instance
    from benchmarks.peers import PEERS, NotRun, compete
    from benchmarks.runs import measured

    task, recipe, limit = sys.argv[1:]
    instance = Instance(**json.loads(recipe))
    if task == "ours":
        say(**measured(instance, json.loads(limit)), peak_mb=peak_mb())
        return
    try:
        found = compete(PEERS[task], instance.build(), Timer(json.loads(limit)), lambda text: say(note=text))
    except PackageNotFoundError:
        say(failure="not installed")
    except NotRun as reason:
        say(failure=f"not run: {reason}")
    else:
        say(**found, peak_mb=peak_mb())


if __name__ == "__main__":
    main()
