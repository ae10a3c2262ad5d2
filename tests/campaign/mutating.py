"""
Mutation testing of the checker.

Every mutant of ``src/twinmatch/certify`` is put in place in a forked process. The tests that are listed for
its file are collected once, before the fork; the first that fails finds it. Whoever is left has to judge
results of the kinds that its file is about, honest and forged (:mod:`tests.campaign.forging`): if it refuses
an honest one, accepts a forged one, or raises, it is found. Survivors are compared with ``survivors.json``,
which says of each why it changes no verdict.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import select
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from tests.campaign import forging
from tests.campaign.mutants import Mutant, mutants, put_in_place
from twinmatch.certify import implicit

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

PROCEDURES = ["greedy", "stable", "stable with a right policy", "serial dictatorship", "rank-maximal"]
PLAIN = ["most points", "nash", "concave", "leximin", "stopped"]
CHECK = ["tests/certify/test_check.py", "tests/certify/test_tampered.py"]
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
            "tests/certify/test_stability.py",
            "tests/mechanisms/test_procedures.py",
            "tests/certify/test_forgeries.py",
        ],
    ),
    "certificate.py": About([], PLAIN[:1], ["tests/certify/test_certificate.py"]),
    "exact.py": About(forging.ARRAYS[:2], PLAIN, ["tests/certify/test_exact.py", *CHECK]),
    "firsts.py": About([], UNDER, ["tests/certify/test_firsts.py", "tests/campaign/test_forging.py"]),
    "floor.py": About([], ["leximin"], ["tests/certify/test_floor.py", "tests/certify/test_forgeries.py"]),
    "implicit.py": About([], UNDER, ["tests/certify/test_implicit.py"], implicit=True),
    "optimality.py": About([], PLAIN, CHECK),
    "outcome.py": About(
        [], PROCEDURES, ["tests/certify/test_outcome.py", "tests/mechanisms/test_procedures.py"]
    ),
    "plain.py": About(
        [],
        PLAIN,
        [
            "tests/certify/test_plain_pass.py",
            "tests/certify/test_parts.py",
            *CHECK,
            "tests/certify/test_options.py",
        ],
    ),
    "pruned.py": About([], PLAIN, ["tests/certify/test_pruned_pass.py", *CHECK]),
    "ranks.py": About([], ["rank-maximal"], ["tests/certify/test_ranks.py"]),
    "sealing.py": About([], [*PLAIN, *UNDER], ["tests/certify/test_sealing.py", *CHECK]),
    "searching.py": About(
        ["assign: odd rings", "assign: crossed quotas"],
        ["clash"],
        ["tests/certify/test_searching.py", "tests/assignment/test_sabotage.py::test_spoiled_searches"],
    ),
    "stability.py": About(
        [], PROCEDURES[:4], ["tests/certify/test_blocking.py", "tests/certify/test_stability.py"]
    ),
    "step.py": About(
        [],
        [],
        [
            "tests/certify/test_step.py",
            "tests/repairing/test_quick.py::test_a_step_that_is_not_true_is_refused",
        ],
    ),
    "theorem.py": About(
        forging.ARRAYS,
        UNDER,
        [
            "tests/certify/test_theorem.py",
            "tests/certify/test_implicit.py::test_nothing_rests_on_a_search_of_pairs_that_are_not_written_down",
            "tests/certify/test_implicit.py::test_prices_that_a_pass_cannot_take_prove_nothing",
            "tests/campaign/test_forging.py",
            "tests/assignment/test_verify.py",
            "tests/assignment/test_sabotage.py::test_spoiled_searches",
        ],
    ),
    "parts.py": About([], [], ["tests/certify/test_parts.py", "tests/spreading/test_verifying.py"]),
}
#: Claims that are false, in the results that a mutant has to judge.
FALSE = 200
SECONDS, TEST_SECONDS = 20, 120
#: What a test may take where only the short ones are asked.
DIRECT_SECONDS = 0.3
COMPILED = "## The compiled checker"
SURVIVORS = Path(__file__).with_name("survivors.json")


def battery(about: About) -> list[forging.Case]:
    """Return results to judge, the mixture the same on every run."""
    if not about.families and not about.sources:
        return []
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
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
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


class Tests:
    """
    A plugin that collects tests once, and runs them in forked processes instead of here.

    The tests that found the mutants before come first.
    """

    def __init__(self, then: Callable[[Tests], None]) -> None:
        self.then = then
        self.items: list[pytest.Item] = []
        self.seconds: dict[pytest.Item, float] = {}
        self.failed: str | None = None
        self.collected = True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.collected = self.collected and not report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.failed is None:
            self.failed = report.nodeid

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = [*session.items] if self.collected else []
        self.then(self)
        return True

    def first_failure(self) -> str | None:
        """Run the tests, in this process, until one fails; return its name."""
        for item in self.items:
            started = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            self.seconds[item] = time.process_time() - started
            if self.failed is not None:
                return self.failed
        return None

    def shortest_first(self, most: float) -> None:
        """Order the tests by their time, without those that take longer."""
        self.items = sorted((one for one in self.items if self.seconds[one] <= most), key=self.seconds.get)

    def to_front(self, name: str) -> None:
        """Have a test come first."""
        self.items.sort(key=lambda item: item.nodeid != name)


class Log:
    """
    What found each mutant, by its name, line by line in a file if there is one.

    Names have the line in them, so a line that is another one now is tried again.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.found: dict[str, str | None] = {}
        if path is not None and path.exists():
            self.found = dict(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())

    def settles(self, name: str, known: dict[str, str]) -> bool:
        """Whether there is nothing left to try: it was found, or survived as it is known to."""
        return name in self.found and (self.found[name] is not None or name in known)

    def enter(self, name: str, found: str | None) -> None:
        self.found[name] = found
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([name, found]) + "\n")


class Trial:
    """The mutants of one file, and what finds them."""

    def __init__(self, name: str, source: str, some: list[Mutant], log: Log, *, direct: bool) -> None:
        self.name, self.source, self.some, self.log, self.direct = name, source, some, log, direct
        self.about, self.names = ABOUT[name], named(name, source)
        self.module = importlib.import_module(f"twinmatch.certify.{name.removesuffix('.py')}")
        self.wrong: str | None = "its tests do not run"
        self.cases: list[forging.Case] | None = None

    def run(self) -> None:
        """Try each."""
        with contextlib.redirect_stdout(io.StringIO()):
            pytest.main(["-s", "-p", "no:cacheprovider", *self.about.tests], plugins=[Tests(self.with_tests)])

    def with_tests(self, tests: Tests) -> None:
        """Try each by these tests, and then by results that it has to judge."""
        self.wrong = tests.first_failure() if tests.items else "tests cannot be read"
        if self.wrong is not None:
            return
        tests.shortest_first(DIRECT_SECONDS if self.direct else TEST_SECONDS)
        limit = 5 + 3 * sum(tests.seconds[one] for one in tests.items)
        for mutant in self.some:
            what, tree = mutant.make(self.source)

            def test(tree: ast.Module = tree) -> str | None:
                put_in_place(self.module, tree)
                return tests.first_failure()

            found = in_a_fork(test, limit)
            if found is not None:
                tests.to_front(found)
            elif not self.direct:
                found = self.judged(tree)
            self.log.enter(self.names[mutant], found)
            if found is None:
                print(f"  {self.name}:{mutant.line}: {what}", file=sys.stderr, flush=True)

    def judged(self, tree: ast.Module) -> str | None:
        """Return what a mutant judges wrongly."""
        only_by_pass = self.about.implicit
        if self.cases is None:
            cases = battery(self.about)
            self.cases = by_pass(cases) if only_by_pass else cases
            wrong = in_a_fork(lambda: judged(self.cases or [], only_by_pass=only_by_pass), TEST_SECONDS)
            if wrong is not None:
                raise AssertionError(f"{self.name}: the checker itself is not right: {wrong}")

        def judge() -> str | None:
            put_in_place(self.module, tree)
            return judged(self.cases or [], only_by_pass=only_by_pass)

        return in_a_fork(judge, SECONDS)


# -- All of them -------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """What became of the mutants of a file."""

    name: str
    all: int
    tried: int
    found: int
    equal: int
    left: int


def named(name: str, source: str) -> dict[Mutant, str]:
    """Return what each mutant of a file is called; those that read the same are numbered."""
    lines, seen, out = source.splitlines(), Counter[str](), {}
    for one in mutants(name, source):
        called = f"{name}: {lines[one.line - 1].strip()}: {one.make(source)[0]}"
        seen[called] += 1
        out[one] = called + (f" ({seen[called]})" if seen[called] > 1 else "")
    return out


def run(
    part: str = "1/1",
    page: Path | None = None,
    only: str = "",
    path: Path | None = None,
    *,
    direct: bool = False,
) -> int:
    """
    Try mutants, every so many-th; print a table, and return 1 where one survived that is not known.

    Parts are such as ``3/20`` or ``3,7,11/20``. ``direct`` asks short tests alone: those that are left then
    may be found all the same, by longer ones or by the results. With a log, those that were found are not
    tried again, and those of other parts that are in it count as well.
    """
    firsts, step = part.split("/")
    wanted = {int(first) - 1 for first in firsts.split(",")}
    folder = Path(importlib.import_module("twinmatch.certify").__file__ or "").parent
    known = json.loads(SURVIVORS.read_text(encoding="utf-8")) if SURVIVORS.exists() else {}
    log = Log(path)
    rows, equal, unknown, count = [], [], [], 0
    for name in ABOUT:
        source = (folder / name).read_text(encoding="utf-8")
        names = named(name, source)
        there = (one for one in names if names[one] in log.found)
        some = [*{*(one for k, one in enumerate(names, count) if k % int(step) in wanted), *there}]
        some.sort(key=lambda one: (one.place, one.which))
        count += len(names)
        if not some or (only and name not in only.split(",")):
            continue
        trial = Trial(name, source, some, log, direct=direct)
        trial.some = [one for one in some if not log.settles(names[one], known)]
        if trial.some:
            trial.run()
        else:
            trial.wrong = None
        if trial.wrong is not None:
            print(f"{name}: the checker itself is not right: {trial.wrong}")
            return 1
        alive = [names[one] for one in some if log.found[names[one]] is None]
        mine = [(called, known[called]) for called in alive if called in known]
        left = [called for called in alive if called not in known]
        equal, unknown = equal + mine, unknown + left
        rows.append(Row(name, len(names), len(some), len(some) - len(alive), len(mine), len(left)))
        print(f"{name}: {len(some)} mutants, {len(alive)} survive", file=sys.stderr, flush=True)
    untried = sorted({path.name for path in folder.glob("*.py")} - {*ABOUT, "__init__.py"})
    text = told(part, rows, equal, unknown, untried)
    print(text)
    if page is not None:
        beside(page, "", text)
    return 1 if unknown else 0


def beside(page: Path, section: str, text: str) -> None:
    """Write the page, or its section about the compiled checker, and leave the other as it is."""
    whole = page.read_text(encoding="utf-8") if page.exists() else ""
    first, _, last = whole.partition(COMPILED)
    first, last = (first, text) if section else (text, last)
    after = f"\n\n{COMPILED}\n\n{last.strip()}" if last.strip() else ""
    page.write_text(first.rstrip() + after + "\n", encoding="utf-8")


def told(
    part: str, rows: list[Row], equal: list[tuple[str, str]], unknown: list[str], untried: list[str]
) -> str:
    """Return the page in Markdown."""
    out = [
        "# Mutants of the checker",
        "",
        f"Made by `python -m tests.campaign mutate {part}`, with those that its log had from before:",
        "how many copies of `src/twinmatch/certify` with one difference there are, how many of them were",
        "tried, how many a test, or a forged or honest result, told from the checker, and whom nobody told.",
        "",
        "| file | mutants | tried | found | change no verdict | not found | found of those that do |",
        "| --- " + "| ---: " * 6 + "|",
    ]
    total = Row("all", *(sum(numbers) for numbers in zip(*(row[1:] for row in rows), strict=True)))
    for row in (*rows, total):
        share = row.found / max(1, row.found + row.left)
        numbers = " | ".join(f"{number:,}" for number in row[1:])
        out.append(f"| {row.name} | {numbers} | {share:.1%} |")
    if untried:
        out += ["", f"Not tried at all: {', '.join(untried)}."]
    if unknown:
        out += ["", "## Not found", "", *(f"- `{called}`" for called in unknown)]
    if equal:
        out += ["", "## Change no verdict", "", *(f"- `{called}`: {why}" for called, why in equal)]
    return "\n".join(out)
