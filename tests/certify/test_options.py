"""Options of a check: all that is wrong with them is told at once, before any work."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

import twinmatch as tm
from twinmatch import _check, blocking
from twinmatch.certify import implicit
from twinmatch.errors import InputError
from twinmatch.methods import verifying
from twinmatch.solvers.control import Progress

WRONG = {
    "threads": [0, 1.5, True],
    "isa": ["sse", "", None, 2, ["avx2"]],
    "on_progress": [3, "yes", []],
    "cancel": [3, True, threading.Event],
}
ONLY_VERIFY = {"plain": ["no", [], 1], "executor": [4, "threads"]}


@pytest.fixture(scope="module")
def matching():
    return tm.match(*tm.datasets.synthetic(20, 30))


@pytest.fixture
def _nothing_is_done(monkeypatch):
    """Let no policy be compiled: it is what every check begins with."""

    def forbid(*_arguments):
        raise AssertionError("nothing is to be done")

    monkeypatch.setattr(verifying, "compiled", forbid)
    monkeypatch.setattr(blocking, "compiled", forbid)


def named(call, **options):
    """Return which arguments a call refuses, in order."""
    with pytest.raises(InputError) as caught:
        call(**options)
    return sorted(fault.where for fault in caught.value.faults)


@pytest.mark.usefixtures("_nothing_is_done")
@pytest.mark.parametrize(
    ("name", "value"), [(name, one) for name, some in (WRONG | ONLY_VERIFY).items() for one in some]
)
def test_each_is_refused_by_its_name(matching, name, value):
    assert named(matching.verify, **{name: value}) == [name]
    if name in WRONG:
        assert named(matching.blocking_pairs, **{name: value}) == [name]


@pytest.mark.usefixtures("_nothing_is_done")
def test_all_are_told_at_once(matching):
    every = {name: some[0] for name, some in (WRONG | ONLY_VERIFY).items()}
    assert named(matching.verify, **every) == sorted(every)
    assert named(matching.blocking_pairs, **{name: every[name] for name in WRONG}) == sorted(WRONG)


def test_each_instruction_set_of_this_machine_is_taken(matching):
    """What the error says there is, there is; and all find the same."""
    with pytest.raises(InputError) as caught:
        matching.verify(isa="sse")
    names = ["auto", *_check.instruction_sets()]
    assert f"must be one of {', '.join(map(repr, names))} on this machine, not 'sse'" in str(caught.value)
    assert all(matching.verify(isa=one, cancel=threading.Event()).ok for one in names)


@pytest.mark.parametrize("name", ["most points", "quotas", "procedure"])
def test_progress_is_that_of_a_match(name, monkeypatch):
    """One listener serves them all: it hears a Progress, which counts pairs up to all of them."""
    monkeypatch.setattr(implicit, "_FEW_PAIRS", -1)  # few pairs are written down, and no pass is made
    left, right = tm.datasets.synthetic(20, 30)
    policy = tm.policies.systematic_twinning(balance=name == "quotas")
    heard: list[Progress] = []
    mechanism = tm.mechanisms.greedy() if name == "procedure" else None
    made = tm.match(left, right, policy, mechanism=mechanism, on_progress=heard.append)
    assert all(one.pairs_done is None for one in heard)
    calls = ((made.verify, "check"), (made.blocking_pairs, "blocking pairs"))
    for call, phase in calls:
        heard.clear()
        call(on_progress=heard.append)
        assert heard
        assert {(type(one), one.phase, one.matched, one.pairs_total) for one in heard} == {
            (Progress, phase, made.coverage, 600)
        }
        assert heard[-1].pairs_done == 600
        assert all(0 <= one.pairs_done <= 600 and one.objective is None for one in heard)
        assert all(a.elapsed_s <= b.elapsed_s for a, b in pairwise(heard))
