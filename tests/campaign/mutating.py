"""
Mutation testing of the checker.

Every mutant of ``src/twinmatch/certify`` is put in place in a forked process. First it has to judge results
of the kinds that its file is about, honest and forged (:mod:`tests.campaign.forging`): whoever refuses an
honest one, accepts a forged one, or raises, is found. Whoever is left is handed to the tests that are listed
for its file; the first that fails finds it. Survivors are compared with ``survivors.json``, which says of
each why it changes no verdict.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tests.campaign import forging
from tests.campaign.mutants import Mutant, mutants, put_in_place
from twinmatch.certify import implicit

if TYPE_CHECKING:
    from collections.abc import Callable

PROCEDURES = ["greedy", "stable", "stable with a right policy", "serial dictatorship", "rank-maximal"]
PLAIN = ["most points", "nash", "concave", "leximin", "stopped"]
UNDER = [*forging.QUOTAS, "points first", "clash", "stopped quotas", "nash under quotas"]


class About(NamedTuple):
    """What a file is tried on: families of arrays, kinds of matchings, tests."""

    families: list[str]
    sources: list[str]
    tests: list[str]
    implicit: bool = False


ABOUT = {
    "arrays.py": About(forging.ARRAYS, [], ["tests/certify/test_arrays.py"]),
    "blocking.py": About(
        [],
        PROCEDURES,
        [
            "tests/certify/test_blocking.py",
            "tests/mechanisms/test_procedures.py",
            "tests/certify/test_forgeries.py",
        ],
    ),
    "certificate.py": About([], PLAIN[:1], ["tests/certify/test_certificate.py"]),
    "exact.py": About(
        forging.ARRAYS[:2], PLAIN, ["tests/certify/test_exact.py", "tests/certify/test_check.py"]
    ),
    "firsts.py": About([], UNDER, ["tests/certify/test_firsts.py", "tests/campaign/test_forging.py"]),
    "floor.py": About([], ["leximin"], ["tests/certify/test_floor.py", "tests/certify/test_forgeries.py"]),
    "implicit.py": About([], UNDER, ["tests/certify/test_implicit.py"], implicit=True),
    "optimality.py": About([], PLAIN, ["tests/certify/test_check.py"]),
    "outcome.py": About(
        [], PROCEDURES, ["tests/certify/test_outcome.py", "tests/mechanisms/test_procedures.py"]
    ),
    "plain.py": About([], PLAIN, ["tests/certify/test_plain_pass.py", "tests/certify/test_check.py"]),
    "ranks.py": About([], ["rank-maximal"], ["tests/certify/test_ranks.py"]),
    "sealing.py": About([], [*PLAIN, *UNDER], ["tests/certify/test_check.py"]),
    "searching.py": About(
        ["assign: odd rings", "assign: crossed quotas"],
        ["clash"],
        ["tests/certify/test_searching.py", "tests/assignment/test_sabotage.py::test_spoiled_searches"],
    ),
    "stability.py": About(
        [], PROCEDURES[:4], ["tests/certify/test_blocking.py", "tests/certify/test_stability.py"]
    ),
    "theorem.py": About(
        forging.ARRAYS, UNDER, ["tests/certify/test_theorem.py", "tests/assignment/test_verify.py"]
    ),
}
#: Claims that are false, in the results that a mutant has to judge.
FALSE = 200
SECONDS, TEST_SECONDS = 20, 120
SURVIVORS = Path(__file__).with_name("survivors.json")


def battery(about: About) -> list[forging.Case]:
    """Return results to judge, the mixture the same on every run."""
    cases = forging.cases(np.random.default_rng(99), FALSE, about.families, about.sources, 4)
    return [case for case in cases if case.false or case.way == "honest"]


def judged(cases: list[forging.Case], *, only_by_pass: bool = False) -> str | None:
    """Return what is wrong with a judge; None where all its verdicts are right."""
    if only_by_pass:
        implicit._FEW_PAIRS = -1
    for case in cases:
        try:
            refused = case.refused()
        except Exception as error:
            return f"{case.kind}, {case.way}: {type(error).__name__}"
        if refused != case.false:
            return f"{case.kind}, {case.way}: {'refused' if refused else 'accepted'}"
    return None


def by_pass(cases: list[forging.Case]) -> list[forging.Case]:
    """
    Return the cases that a pass over implicit pairs can judge.

    The pass may prove more than the prices it is given. So only what no proof can mend counts as false: pairs
    and numbers that are not so, a bound below the honest best, an optimum that is none.
    """
    out: list[forging.Case] = []
    best = None
    for case in cases:
        told = case.told
        if case.way == "honest":
            best = (
                told
                if told.proof.price_scale == 1 and not told.proof.searched and told.proof.clash is None
                else None
            )
            best = None if best is None or str(told.status) != "OPTIMAL" else best
            if best is not None:
                out.append(case)
        elif best is not None and case.way in (
            "a_number",
            "a_mate",
            "called_best",
            "the_status",
            "the_left_witness",
        ):
            out.append(case)
    return out


# -- One mutant --------------------------------------------------------------------------------------------


def in_a_fork(task: Callable[[], str | None], seconds: float) -> str | None:
    """Return what a task finds in a forked process; a process that ends badly or late found something."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            found = task() or ""
        except BaseException as error:
            found = f"{type(error).__name__}: {error}"
        os.write(theirs, found.encode()[:2000])
        os._exit(0)
    os.close(theirs)
    told = b""
    ends = time.monotonic() + 15 * seconds
    import select

    while select.select([ours], [], [], max(0, ends - time.monotonic()))[0]:
        part = os.read(ours, 4096)
        if not part:
            break
        told += part
    else:
        os.kill(child, signal.SIGKILL)
    os.close(ours)
    _, code = os.waitpid(child, 0)
    return told.decode() or (f"ended with {code}" if code else None)


def tried(
    mutant: Mutant, source: str, cases: list[forging.Case], about: About, *, tests: bool
) -> tuple[str, str | None]:
    """Return what a mutant is, and what found it."""
    what, tree = mutant.make(source)
    module = importlib.import_module(f"twinmatch.certify.{mutant.file.removesuffix('.py')}")

    def judge() -> str | None:
        put_in_place(module, tree)
        return judged(cases, only_by_pass=about.implicit)

    def test() -> str | None:
        import pytest

        put_in_place(module, tree)
        there = [one for one in about.tests if Path(one.split("::")[0]).exists()]
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--no-header", *there])
        return f"tests, {code!r}" if code else None

    found = in_a_fork(judge, SECONDS)
    if found is None and tests:
        found = in_a_fork(test, TEST_SECONDS)
    return what, found


# -- All of them -------------------------------------------------------------------------------------------


def run(part: str = "1/1", jobs: int = 1, page: Path | None = None, *, tests: bool = True) -> int:
    """Try mutants, every so many-th; print a table, and return 1 where one survived that is not known."""
    first, step = (int(number) for number in part.split("/"))
    folder = Path(importlib.import_module("twinmatch.certify").__file__ or "").parent
    known = json.loads(SURVIVORS.read_text(encoding="utf-8")) if SURVIVORS.exists() else {}
    rows, unknown, count = [], [], 0
    for name, about in ABOUT.items():
        source = (folder / name).read_text(encoding="utf-8")
        all_of_it = mutants(name, source)
        some = [one for k, one in enumerate(all_of_it, count) if k % step == first - 1]
        count += len(all_of_it)
        cases = battery(about)
        cases = by_pass(cases) if about.implicit else cases
        wrong = in_a_fork(lambda cases=cases, about=about: judged(cases, only_by_pass=about.implicit), 60)
        if wrong is not None:
            print(f"{name}: the checker itself is not right: {wrong}")
            return 1
        alive = []
        for mutant in some:
            what, found = tried(mutant, source, cases, about, tests=tests)
            if found is None:
                alive.append((mutant, what))
                print(f"  {mutant.line}: {what}", file=sys.stderr, flush=True)
        reasons = [known.get(f"{name}: {what}") for _, what in alive]
        equal = sum(reason is not None for reason in reasons)
        unknown += [
            (mutant, what) for (mutant, what), reason in zip(alive, reasons, strict=True) if reason is None
        ]
        rows.append((name, len(some), len(some) - len(alive), equal, len(alive) - equal))
        print(f"{name}: {len(some)} mutants, {len(alive)} survive", file=sys.stderr, flush=True)
    text = table(rows)
    print(text)
    for mutant, what in unknown:
        print(f"survives: {mutant.file}:{mutant.line}: {what}")
    if page is not None:
        with contextlib.suppress(OSError):
            page.write_text(text + "\n", encoding="utf-8")
    return 1 if unknown else 0


def table(rows: list[tuple[str, int, int, int, int]]) -> str:
    """Return the table in Markdown."""
    lines = [
        "| file | mutants | found | change no verdict | not found | found of those that do |",
        "| --- " + "| ---: " * 5 + "|",
    ]
    total = tuple(sum(row[k] for row in rows) for k in range(1, 5))
    for name, some, found, equal, left in [*rows, ("all", *total)]:
        share = found / max(1, found + left)
        lines.append(f"| {name} | {some:,} | {found:,} | {equal:,} | {left:,} | {share:.1%} |")
    return "\n".join(lines)
