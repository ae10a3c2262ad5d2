"""The library is quiet: it logs counts where it is asked to, and an import touches nothing but modules."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

import twinmatch as tm

WATCH = """
import os, sys, sysconfig
import {first}
seen, known = [], tuple(sysconfig.get_paths().values()) + tuple(p for p in sys.path if p)
ends = (".py", ".pyc", ".so", ".pth")

def hook(event, args):
    if event == "open" and not str(args[0]).endswith(ends) and ".pyc" not in str(args[0]):
        seen.append((event, str(args[0])))
    if event.startswith(("socket.", "subprocess.", "os.system", "os.putenv", "os.exec")):
        seen.append((event, args[0] if args else None))

class Watched(type(os.environ)):
    def __getitem__(self, key):
        if not key.startswith("SKBUILD_"):  # what finds the modules of an editable install
            seen.append(("environ", key))
        return super().__getitem__(key)

sys.addaudithook(hook)
os.environ.__class__ = Watched
{work}
os.environ.__class__ = Watched.__base__
print(seen)
"""


def watched(work: str, first: str = "numpy") -> str:
    code = WATCH.format(first=first, work=work)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_an_import_opens_no_file_no_socket_and_reads_no_environment():
    """Module files excepted, and what NumPy reads when it is imported first."""
    assert watched("import twinmatch; twinmatch.Schools, twinmatch.__version__", "numpy, pyarrow") == "[]"


def test_the_watch_sees():
    """It would see a file, a socket and a variable."""
    work = "import socket; open('/dev/null'); socket.socket(); os.environ.get('HOME')"
    seen = watched(work)
    assert "/dev/null" in seen
    assert "socket" in seen
    assert "HOME" in seen


def test_an_import_configures_no_logging():
    """One handler that does nothing on the one logger, and none on the root."""
    code = (
        "import logging, twinmatch as tm; tm.match(*tm.datasets.sample()); "
        "log = logging.getLogger('twinmatch'); "
        "print([type(h).__name__ for h in log.handlers], logging.root.handlers, log.level, log.propagate)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['NullHandler'] [] 0 True"
    assert done.stderr == ""


def test_a_match_tells_its_story_in_counts(caplog, capfd):
    """Start, phases and end, by counts: no id of a school is in any record, and nothing is printed."""
    left, right = tm.datasets.sample()
    with caplog.at_level(logging.DEBUG, "twinmatch"):
        found = tm.match(left, right, tm.policies.systematic_twinning(balance=True), deadline=600)
        found.verify()
        found = tm.match(left, right)
        found.repair(tm.changes.PartnerLeaves(str(found.right.ids[found.mate[0]])))
        found.prepare()
        tm.assign([[3, 1], [2, 2]])
    levels = {record.levelname for record in caplog.records}
    assert {"INFO", "DEBUG"} <= levels
    text = caplog.text
    for words in (
        "match began: ",
        "match ended: OPTIMAL",
        "phase ",
        "verify ended: every claim",
        "repair began: 1 changes",
        "repair ended: OPTIMAL",
        "prepare ended: ",
        "assign ended",
    ):
        assert words in text
    told = set(text.replace(",", " ").replace(":", " ").split())
    assert not told & {str(one) for side in (left, right) for one in side.ids}
    assert capfd.readouterr().out == ""


def test_what_a_caller_should_see_is_a_warning(caplog):
    """A deadline that cut the run short, and a question without an answer."""
    left, right = tm.datasets.sample()
    with caplog.at_level(logging.INFO, "twinmatch"):
        tm.match(left, right, deadline=0)
        tm.match(left, right).repair([], deadline=0)
        tm.assign([[1]], left_bounds=(2, 2))
    seen = [record.levelname for record in caplog.records if "ended" in record.message]
    assert seen == ["WARNING", "INFO", "WARNING", "WARNING"]


SEALS = """
import sys
import numpy as np
import twinmatch as tm
from twinmatch.policies import CoverageFloor, QuotaPer
left, right = tm.datasets.synthetic(120, 200, 5, "vertical")
if sys.argv[2] == "shuffled":
    rng = np.random.default_rng(int(sys.argv[1]))
    left, right = (one.take(rng.permutation(len(one))) for one in (left, right))
threads = int(sys.argv[1])
plain, balanced = (tm.policies.systematic_twinning(balance=b) for b in (False, True))
cap = (QuotaPer("cap", right=["country"], at_most_share=0.2),)
more = tm.Policy(rules=plain.rules, criteria=plain.criteria, quotas=cap)
me = tm.mechanisms
for policy, mechanism in (
    (plain, None), (balanced, None), (more, None), (balanced, me.nash()), (plain, me.leximin()),
    (plain, me.stable()), (plain, me.rank_maximal()), (plain, me.serial_dictatorship(seed=3)),
    (plain, me.greedy()),
):
    found = tm.match(left, right, policy, mechanism=mechanism, threads=threads)
    print(found.seal, *found.fingerprints)
points = np.random.default_rng(1).integers(0, 50, (60, 70))
a = tm.assign(points, threads=threads)
print(a.mate.tobytes().hex(), a.right_price.tobytes().hex())
order = np.random.default_rng(threads).permutation(60)
print(tm.assign(points[order], threads=threads).objective)
"""


@pytest.mark.service
def test_same_bytes_for_any_threads_hash_seed_and_order_of_rows():
    """Nine mechanisms and quotas in fresh processes: seals, fingerprints, pairs and prices do not differ."""
    seen = set()
    for threads, order, seed in (
        (1, "as", "0"),
        (2, "as", "1"),
        (4, "shuffled", "random"),
        (3, "shuffled", "7"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", SEALS, str(threads), order],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        seen.add(done.stdout)
    assert len(seen) == 1
    assert len(seen.pop().splitlines()) == 11


@pytest.mark.parametrize("isa", ["avx2", "portable"])
def test_same_bytes_from_any_instruction_set(isa, monkeypatch):
    """Whatever the loops are compiled for, with and without quotas, and under mechanisms."""
    from twinmatch import _core
    from twinmatch.graph import scored

    if isa == "avx2" and _core.best_isa() == "portable":
        pytest.skip("this processor has no AVX2")
    left, right = tm.datasets.synthetic(90, 160, 4, "vertical")
    me = tm.mechanisms

    def seals():
        asked = ((False, None), (True, None), (True, me.nash()), (False, me.leximin()), (False, me.stable()))
        return [
            tm.match(left, right, tm.policies.systematic_twinning(balance=b), mechanism=m).seal
            for b, m in asked
        ]

    want, used = seals(), []
    compiled = scored._compiled

    def pinned(terms, _isa):
        used.append(isa)
        return compiled(terms, isa)

    monkeypatch.setattr(scored, "_compiled", pinned)
    assert seals() == want
    assert used
