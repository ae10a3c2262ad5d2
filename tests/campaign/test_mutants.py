"""Mutants differ in one place, are put in place as a whole, and every file of the checker has some."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import pytest

from tests.campaign import mutating
from tests.campaign.mutants import mutants, put_in_place
from tests.campaign.mutating import ABOUT, COMPILED, SURVIVORS, Log, Row, beside, named, told
from twinmatch import certify

CHECKER = Path(certify.__file__).parent
SOURCE = '''"""What it is."""

LIMIT = 3


def clipped(values: list[int], *, low: int = 0) -> list[int]:
    """Return what is in between."""
    if not values:
        return []
    out = [min(value, LIMIT) for value, _ in zip(values, values, strict=True) if value > low]
    return out
'''


def test_every_file_of_the_checker_is_tried():
    """A new file says by which tests; notes are about files that are there, tests too."""
    files = {path.name for path in CHECKER.glob("*.py")} - {"__init__.py"}
    assert ABOUT.keys() == files
    assert {name.split(":")[0] for name in json.loads(SURVIVORS.read_text(encoding="utf-8"))} <= files
    for about in ABOUT.values():
        assert all(Path(test.split("::")[0]).exists() for test in about.tests)


def test_mutants_of_a_small_module():
    """Each is named once; texts, hints and ``strict=`` are left alone."""
    names = named("small.py", SOURCE).values()
    assert len({*names}) == len(names) == len(mutants("small.py", SOURCE))
    what = [name.rpartition(": ")[2] for name in names]
    assert sorted(what) == [
        "0 -> 1",
        "3 -> 4",
        "Gt -> GtE",
        "min -> max",
        "returns nothing",
        "returns nothing",
        "turned round",
        "without not",
    ]


@pytest.mark.parametrize("number", range(8))
def test_a_mutant_does_something_else(number, monkeypatch):
    """Whoever holds the function has the mutant's."""
    module = types.ModuleType("twinmatch_small")
    module.__file__ = "small.py"
    monkeypatch.setitem(sys.modules, "twinmatch_small", module)
    exec(SOURCE, module.__dict__)
    held = module.clipped
    assert (held([5, 0, 1, 2]), held([])) == ([3, 1, 2], [])
    _, tree = mutants("small.py", SOURCE)[number].make(SOURCE)
    put_in_place(module, tree)
    assert (held([5, 0, 1, 2]), held([])) != ([3, 1, 2], [])


def test_a_task_in_a_fork_is_told_of():
    """What it finds, what it raises, and that it ended badly."""
    assert mutating.in_a_fork(lambda: None, 5) is None
    assert mutating.in_a_fork(lambda: "this", 5) == "this"
    assert mutating.in_a_fork(lambda: [][1], 5) == "IndexError: list index out of range"
    assert mutating.in_a_fork(_endless, 0.05).startswith("ended with")


def _endless():
    while True:
        pass


def test_a_log_and_a_page(tmp_path):
    """What was found is not tried again; the page keeps its section about the compiled checker."""
    log = Log(tmp_path / "log")
    log.enter("a", "some test")
    log.enter("b", None)
    again = Log(tmp_path / "log")
    assert again.found == {"a": "some test", "b": None}
    assert [again.settles(name, {"b": "why"}) for name in "abc"] == [True, True, False]
    assert not again.settles("b", {})
    page = tmp_path / "page.md"
    text = told("1/20", [Row("x.py", 30, 20, 17, 2, 1)], [("equal", "why")], ["left"], ["new.py"])
    assert "| x.py | 30 | 20 | 17 | 2 | 1 | 94.4% |" in text
    assert "Not tried at all: new.py." in text
    beside(page, "", text)
    beside(page, COMPILED, "27 of 27")
    beside(page, "", text)
    assert page.read_text(encoding="utf-8") == f"{text}\n\n{COMPILED}\n\n27 of 27\n"
    beside(page, COMPILED, "26 of 27")
    assert page.read_text(encoding="utf-8") == f"{text}\n\n{COMPILED}\n\n26 of 27\n"
