"""A pre-fork server: whatever the parent did before, its children work, several at once."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.service

HEAD = """
import os, signal, sys, time, threading
import numpy as np
import twinmatch as tm

def children(work, number=3, seconds=60):
    began = []
    for _ in range(number):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = 0 if work() is not False else 2
            except BaseException:
                import traceback
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        began.append(pid)
    codes, end = [], time.monotonic() + seconds
    while began and time.monotonic() < end:
        for pid in list(began):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                began.remove(pid)
                codes.append(os.waitstatus_to_exitcode(status))
        time.sleep(0.01)
    for pid in began:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        codes.append("hangs")
    return codes

def tables(kind):
    left, right = tm.datasets.sample()
    if kind == "polars":
        import polars
        left, right = (tm.Schools.from_frame(polars.from_arrow(one.table)) for one in (left, right))
    return left, right

def joined():
    # A thread that was joined is a moment on its way out of the system's list.
    tm.match(left, right, threads=4, deadline=60, cancel=threading.Event())
    for _ in range(200):
        if len(os.listdir("/proc/self/task")) == 1:
            return True
        time.sleep(0.01)
    return False

def gone():
    return str(old.right.ids[old.mate.max()])

WORK = {
    "match and frames": lambda: len(tm.match(left, right).pairs) == old.coverage,
    "old frames": lambda: (old.pairs, old.unmatched, left.to_frame())[0] is not None,
    "verify": lambda: old.verify().ok and quotas.verify().ok,
    "quotas": lambda: tm.match(left, right, balanced).quotas is not None,
    "explain": lambda: bool(old.explain(str(left.ids[3])).to_dict()),
    "metrics": lambda: old.metrics().table is not None,
    "arrays": lambda: tm.assign(matrix).verify().ok,
    "repair": lambda: old.repair(tm.changes.PartnerLeaves(gone())).verify().ok,
    "mechanisms": lambda: tm.match(left, right, mechanism=tm.mechanisms.rank_maximal()).verify().ok,
    "join": lambda: joined(),
}
"""

USED = """
left, right = tables(KIND)
balanced = tm.policies.systematic_twinning(balance=True)
matrix = np.random.default_rng(0).integers(0, 1000, (60, 80))
old, quotas = tm.match(left, right), tm.match(left, right, balanced)
if USE:
    old.pairs, old.unmatched, quotas.quotas, old.verify(), old.metrics(), left.to_frame(), tm.assign(matrix)
    import pyarrow.compute, pyarrow.parquet
    pyarrow.compute.sort_indices(left.table["id"]), left.table.to_pandas()
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("kind", "use"), [("pandas", False), ("pandas", True), ("polars", True)])
def test_children_of_a_process_that_matched_work(kind, use):
    """Three children at a time, each doing everything, before and after the parent used its thread pools."""
    tail = 'print({name: codes for name, w in WORK.items() if set(codes := children(w)) != {0}} or "all")'
    assert run(f"{HEAD}\nKIND, USE = {kind!r}, {use}\n{USED}\n{tail}") == "all\n"


def test_children_of_a_process_that_only_imported_work():
    """Imported before the fork, used only after it."""
    tail = """
    def everything():
        global left, right, old, quotas, balanced, matrix
        left, right = tables("pandas")
        return len(tm.match(left, right).pairs) > 0 and tm.match(left, right).verify().ok
    print(children(everything))
    """
    assert run(HEAD + textwrap.dedent(tail)) == "[0, 0, 0]\n"


def test_a_fork_amid_solves_in_other_threads_harms_no_child():
    """Threads match on shared tables and graphs while the process forks again and again."""
    tail = """
    left, right = tables("pandas")
    graph = tm.compile(left, right, tm.policies.systematic_twinning())
    old, stop = tm.match(left, right), threading.Event()
    def busy():
        while not stop.is_set():
            found = tm.match(left, right)
            found.pairs, found.unmatched, tm.solve(graph, threads=2)
    others = [threading.Thread(target=busy) for _ in range(2)]
    for other in others: other.start()
    def child():
        found = tm.match(left, right)
        same = found.seal == old.seal and len(old.pairs) == len(found.pairs)
        return same and found.verify().ok and tm.solve(graph).gap == 0
    codes = [code for _ in range(6) for code in children(child, 2)]
    stop.set()
    print(set(codes))
    """
    assert run(HEAD + textwrap.dedent(tail)) == "{0}\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_child_draws_charts_though_its_parent_has():
    """What draws runs in threads that do not survive a fork; the child asks a fresh process."""
    pytest.importorskip("vl_convert")
    tail = """
    from twinmatch.reporting.charts import svg
    import altair
    chart = altair.Chart(altair.Data(values=[{"a": 1}])).mark_bar().encode(x="a:Q")
    before = svg(chart)
    print(children(lambda: svg(chart) == before, 2))
    """
    assert run(HEAD + textwrap.dedent(tail)) == "[0, 0]\n"
