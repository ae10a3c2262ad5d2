"""
One task, one process: so that peak memory is of that task alone, and a slow peer can be stopped.

The child makes the instance from its recipe, then works. It says what it knows in lines of JSON, as it goes:
whatever has been said when it is stopped is known. The time box is an alarm of the operating system around
the timed part only. Its default action ends the process, so that compiled code that never looks at a flag is
stopped on time too.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.instances import Instance

__all__ = ["Ended", "Timer", "alone"]

ROOT = Path(__file__).resolve().parent.parent
BUILD_S = 900  # more than any recipe takes: the end of a child that hangs outside its time box
_forgotten = 0


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


def alone(
    task: str, instance: Instance, limit_s: float | None = None, options: dict[str, Any] | None = None
) -> Ended:
    """
    Run a task on an instance in a process of its own.

    Parameters
    ----------
    task : str
        ``"ours"``, ``"executor"``, ``"shard"``, or the name of a peer.
    instance : Instance
    limit_s : float, optional
        Seconds for the timed part; the library stops by itself, with what it has.
    options : dict, optional
        More arguments of the task, in types that JSON has.
    """
    recipe = json.dumps({"name": instance.name, **instance.recipe})
    words = [task, recipe, json.dumps(limit_s), json.dumps(options or {})]
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.process", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # the child may have children
    )
    try:
        out, err = child.communicate(timeout=BUILD_S + (limit_s or 0))
    except subprocess.TimeoutExpired:
        _end(child)
        out, err = child.communicate()
    except BaseException:  # Ctrl-C: leave nobody behind
        _end(child)
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


def _end(child: subprocess.Popen[str]) -> None:
    """Kill a child and its children."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def say(**words: object) -> None:
    """Say something to the parent."""
    print(json.dumps(words), flush=True)


def peak_mb() -> float:
    """Return the most memory that this process has held, in units of 1e6 bytes."""
    return round(max(_forgotten, peak_bytes()) / 1e6, 1)


def peak_bytes(process: int | str = "self") -> int:
    """Return the most memory that a process has held since :func:`forget_peak`, where the system can say."""
    # ru_maxrss counts what the parent held when it started this process
    return _status("VmHWM", process) or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def held_bytes() -> int | None:
    """Return the memory that this process holds; None where the system does not say."""
    return _status("VmRSS")


def forget_peak() -> None:
    """Let :func:`peak_bytes` begin again, where the system can."""
    global _forgotten
    _forgotten = max(_forgotten, peak_bytes())
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _status(key: str, process: int | str = "self") -> int | None:
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return None
    lines = status.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024


def main() -> None:
    """Be the child."""
    from benchmarks.instances import Instance
    from benchmarks.peers import PEERS, NotRun, compete
    from benchmarks.runs import measured

    task, recipe, limit, more = sys.argv[1:]
    instance, options = Instance(**json.loads(recipe)), json.loads(more)
    if task == "ours":
        say(**measured(instance, json.loads(limit), **options), peak_mb=peak_mb())
        return
    if task == "executor":
        from benchmarks.executors import executed

        try:
            say(**executed(instance, json.loads(limit), **options), peak_mb=peak_mb())
        except PackageNotFoundError:
            say(failure="not installed")
        return
    if task == "shard":
        from benchmarks.executors import weighed

        say(**weighed(instance))
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
