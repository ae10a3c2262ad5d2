"""What builds on matchings, stopped at random moments: soon, as documented, and with no harm done."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import scipy.sparse

import twinmatch as tm
from tests.service.moments import SLACK_S, SOON_S, Moment, asked_to_stop
from twinmatch.errors import NoSolutionError

pytestmark = pytest.mark.service

c = tm.changes


@cache
def tables():
    return tm.datasets.synthetic(1_500, 3_400, 2, "mild")


@cache
def plain():
    return tm.match(*tables())


@cache
def balanced():
    return tm.match(*tables(), tm.policies.systematic_twinning(balance=True))


@cache
def gone():
    return [c.PartnerLeaves(str(name)) for name in plain().pairs["right_id"].tolist()[:40:5]]


@cache
def sparse():
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 6_000, 300_000), rng.integers(0, 6_300, 300_000)
    points = scipy.sparse.coo_array((rng.integers(1, 10_000, 300_000), (rows, columns)), (6_000, 6_300))
    return points.tocsr()


def unprepared():
    """Return the matching without the market that an earlier repair loaded."""
    return replace(plain())


def compared(**options):
    policy = tm.policies.systematic_twinning()
    fair = (policy, tm.mechanisms.nash())
    return tm.compare(
        {"points": policy, "fair": fair, "stable": (policy, tm.mechanisms.stable())}, *tables(), **options
    )


CALLS = {
    "compare": (compared, 12),
    "rule_prices": (lambda **options: balanced().rule_prices(**options), 12),
    "sparse": (lambda **options: tm.assign(sparse(), **options), 15),
    "repair": (lambda **options: unprepared().repair(gone(), 1_000, **options), 15),
    "repair under quotas": (lambda **options: balanced().repair(gone()[:1], **options), 10),
    "max_moves": (lambda **options: unprepared().repair(gone(), max_moves=12, **options), 12),
    "stability_frontier": (lambda **options: unprepared().stability_frontier(gone()[:3], **options), 12),
}


def told(name, found):
    """Return what two runs of a call have in common, where neither was stopped."""
    if name == "compare":
        return [one.objective for one in found.matchings.values()]
    if name == "rule_prices":
        return found.to_dict()
    if name == "stability_frontier":
        return found.corners
    return found.objective


def is_whole(name, found):
    """See that an answer is what is documented of a run that was stopped; return whether it was not."""
    if isinstance(found, NoSolutionError):
        assert name in ("max_moves", "stability_frontier")
        assert "a repair was stopped" in str(found)
        return False
    if name == "compare":
        limits = [one.limit for one in found.matchings.values()]
        for one in found.matchings.values():
            assert one.limit in (None, "CANCELLED")
            assert (one.limit is None) == (one.status == "OPTIMAL")
        stopped = [limit is not None for limit in limits]
        assert stopped == sorted(stopped)  # those after one that was stopped were not reached
        return not any(stopped)
    if name == "rule_prices":
        known = found[["loosen", "loosen_note"]]
        return not any("stopped" in note for note in known["loosen_note"].tolist())
    if name == "stability_frontier":
        return True
    assert found.limit in (None, "CANCELLED")
    assert (found.limit is None) == (found.status == "OPTIMAL")
    if found.limit is not None:
        assert found.status in ("FEASIBLE", "NO_SOLUTION")
        assert found.status == "NO_SOLUTION" or found.bound >= found.objective
        assert found.verify().ok
    return found.limit is None


def stopped(name, call, moments, rng):
    """Stop a call at random moments; return how late each answer was."""
    took, whole = [], call()  # what is read once is read

    def answered(cancel):
        try:
            return call(cancel=cancel)
        except NoSolutionError as error:
            return error

    began = time.monotonic()
    assert told(name, call()) == told(name, whole)
    length = time.monotonic() - began
    for _ in range(3 * moments):
        if len(took) == moments:
            break
        found, late = asked_to_stop(answered, rng.uniform(0, length))
        if late is not None:
            took.append(late)
        assert is_whole(name, found) or late is not None
    assert told(name, call()) == told(name, whole)
    return took


@pytest.mark.parametrize("name", CALLS)
def test_asked_to_stop_it_stops(name, capsys):
    """The answer is there within the promised time, and says what its documentation says."""
    call, moments = CALLS[name]
    late = np.array(stopped(name, call, moments, np.random.default_rng(len(name))))
    assert len(late) >= moments // 2
    with capsys.disabled():
        clock, work = (f"{np.median(one):.0f}, at most {max(one):.0f} ms" for one in 1000 * late.T)
        print(f"\n  {name}: {len(late)} moments; clock {clock}; own work {work}")  # noqa: T201
    assert np.quantile(late[:, 1], 0.99) < SOON_S
    assert late[:, 0].max() < SLACK_S


def interrupted(call, length, moments, rng):
    """Interrupt a call by Ctrl-C at random moments; return how late each answer was."""
    took = []
    for _ in range(3 * moments):
        if len(took) == moments:
            break
        at = []

        def ctrl_c(at=at):
            at.append(Moment.now())
            os.kill(os.getpid(), signal.SIGINT)

        timer = threading.Timer(rng.uniform(0, 0.9 * length), ctrl_c)
        timer.start()
        try:
            call()
            timer.cancel()
            timer.join()
        except (KeyboardInterrupt, ValueError):  # matplotlib may make "Invalid bounding box" of a Ctrl-C
            assert at
            took.append(Moment.now().since(at[0]))
            timer.join()
    return took


# Where a library is in a callback of a weak reference, Python drops a Ctrl-C, and the call goes on.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["metrics", "report"])
@pytest.mark.usefixtures("ctrl_c")
def test_what_takes_no_flag_hears_ctrl_c(name, tmp_path, capsys):
    """Metrics and reports end as any Python does: no half report is left, and the next one is whole."""
    path = tmp_path / "report.html"
    call = {"metrics": lambda: replace(plain()).metrics(), "report": lambda: replace(plain()).report(path)}[
        name
    ]
    first = call()  # what is imported once is imported
    whole = path.read_bytes() if name == "report" else str(first)
    path.unlink(missing_ok=True)
    began = time.monotonic()
    call()
    length = time.monotonic() - began
    path.unlink(missing_ok=True)
    late = np.array(interrupted(call, length, 12, np.random.default_rng(3)))
    assert len(late) >= 4
    assert {one.name for one in tmp_path.iterdir()} <= {path.name}
    again = call()
    assert (path.read_bytes() if name == "report" else str(again)) == whole
    with capsys.disabled():
        clock, work = (f"{np.median(one):.0f}, at most {max(one):.0f} ms" for one in 1000 * late.T)
        print(f"\n  {name}: {len(late)} interrupted; clock {clock}; own work {work}")  # noqa: T201
    # A library draws a chart in one go, and hears Ctrl-C when it is done.
    assert np.quantile(late[:, 1], 0.99) < (3 * SOON_S if name == "report" else SOON_S)
    assert late[:, 0].max() < SLACK_S
