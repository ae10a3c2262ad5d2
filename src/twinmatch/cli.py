"""
The ``twinmatch`` command: pair, prove, check again.

Data goes to stdout, messages and progress to stderr. The exit code says how it ended, see :class:`Exit`;
``docs/command-line.md`` says it for people who do not read Python.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from difflib import get_close_matches
from enum import IntEnum
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from twinmatch import __version__, terminal
from twinmatch.errors import Fault, InputError, MissingExtraError, ResourceLimitError
from twinmatch.interrupt import ctrl_c_asks
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from twinmatch.certify import Certificate
    from twinmatch.explaining import Explanation, Notice
    from twinmatch.matching import Matching
    from twinmatch.mechanisms import Mechanism
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

__all__ = ["Exit", "main"]

#: What ``twinmatch demo`` promises: a proof that no pairing is better by more than a thousandth.
DEMO_GAP = 1e-3
#: Where an interrupted demo leaves what it found when nobody said where.
DEMO_OUT = Path("demo-twins")

T = TypeVar("T")


class Exit(IntEnum):
    """How the command ended."""

    DONE = 0  # done, and the proof was checked
    REFUSED = 1  # a proof was refused: believe nothing of the result
    BAD_INPUT = 2  # the input or the command line is wrong; the message says where
    NO_PROOF = 3  # time or memory ran out before the gap asked for was proven, or crossed quotas leave one
    INFEASIBLE = 4  # nothing can satisfy the policy; the result carries a witness
    BUG = 70  # a fault of twinmatch itself, with a traceback to report
    INTERRUPTED = 130  # Ctrl-C; what was found is saved


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; by default those of the process.

    Returns
    -------
    int
        One of :class:`Exit`.
    """
    options = _parser().parse_args(arguments)
    try:
        code: Exit = options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of stdout has seen enough
        sys.stdout = None  # nothing is left to flush at exit
        return Exit.DONE
    except (InputError, MissingExtraError, OSError) as error:
        return _say(Exit.BAD_INPUT, str(error))
    except (ResourceLimitError, MemoryError) as error:
        return _say(Exit.NO_PROOF, str(error) or "out of memory")
    except KeyboardInterrupt:
        return _say(Exit.INTERRUPTED, "interrupted; nothing is saved")
    except Exception:  # Python's own code for it, 1, would say that a proof was refused
        traceback.print_exc()
        return _say(Exit.BUG, "this is a fault of twinmatch; please report it with the lines above")
    return code


def _say(code: Exit, message: str) -> Exit:
    print(f"twinmatch: {message}", file=sys.stderr)  # noqa: T201 (messages go to stderr)
    return code


# -- The commands -------------------------------------------------------------------------------------------


def _demo(options: argparse.Namespace) -> Exit:
    """Pair the bundled registers under the default policy."""
    started = time.perf_counter()
    from twinmatch.datasets import france_eu
    from twinmatch.policies import systematic_twinning

    left, right = france_eu()
    policy = systematic_twinning()
    return _pair(left, right, policy, options, load_s=time.perf_counter() - started)


def _match(options: argparse.Namespace) -> Exit:
    """Pair the schools of two files."""
    started = time.perf_counter()
    left, right, policy = _tables(options)
    return _pair(left, right, policy, options, load_s=time.perf_counter() - started)


def _estimate(options: argparse.Namespace) -> Exit:
    """Say what pairing the schools of two files will take."""
    from twinmatch.estimating import estimate

    left, right, policy = _tables(options)
    _check_capacity(options.capacity, right)
    told = estimate(
        left,
        right,
        policy,
        right_capacity=options.capacity,
        mechanism=_mechanism(options),
        threads=options.threads,
    )
    terminal.show(json.dumps(told.to_dict()) if options.json else str(told))
    return Exit.DONE if told.fits else _say(Exit.NO_PROOF, "it does not fit the memory that there is")


def _tables(options: argparse.Namespace) -> tuple[Schools, Schools, Policy]:
    """Read the two files of schools that were named, and the policy."""
    from twinmatch.policies import systematic_twinning
    from twinmatch.policy import Policy
    from twinmatch.registers import read_schools

    policy = systematic_twinning()
    if options.policy:
        hint = "Give a policy in TOML, or leave --policy out for systematic twinning."
        policy = _read("--policy", options.policy, Policy.load, hint)
    hint = "Give a file of schools."
    policies = [policy]
    if options.right_policy is not None:
        policies.append(_read("--right-policy", options.right_policy, Policy.load, "Give a policy in TOML."))
    keep = _kept(policies, options.capacity)
    left = _read("LEFT", options.left, lambda path: read_schools(path, keep=keep), hint)
    right = _read("RIGHT", options.right, lambda path: read_schools(path, keep=keep), hint)
    return left, right, policy


def _kept(policies: Iterable[Policy], capacity: int | str | None) -> frozenset[str]:
    """Return the names of the columns to keep besides those that twinmatch knows."""
    from twinmatch.policy.naming import named_in

    return named_in(policies) | ({capacity} if isinstance(capacity, str) else set())


def _read(option: str, path: Path, load: Callable[[Path], T], hint: str) -> T:
    """Read a file that an option names, or say which option and what to do."""
    if path.is_dir():
        raise OSError(f"{option} {path} cannot be read: it is a folder. {hint}")
    try:
        return load(path)
    except OSError as error:
        raise OSError(f"{option} {path} cannot be read: {error.strerror or error}. {hint}") from error


def _loaded(options: argparse.Namespace) -> Matching:
    """Read the matching of the folder that was named."""
    from twinmatch.matching import load_matching

    folder: Path = options.directory
    if folder.exists() and not folder.is_dir():
        raise OSError(f"DIR {folder} cannot be read: it is a file. Give a folder that --out wrote.")
    return load_matching(folder)


def _writable(option: str, path: Path, *, folder: bool) -> Path:
    """See before the work that a file or a folder can be written, or say which option and what to do."""
    kind = "folder" if folder else "file"
    if path.exists() and path.is_dir() != folder:
        what = f"it is a {'file' if folder else 'folder'}"
    else:
        above = next(one for one in (path, *path.absolute().parents) if one.exists())
        if above != path and not above.is_dir():
            what = f"{above} is no folder"
        elif not os.access(above, os.W_OK):
            what = f"nothing may be written to {above}"
        else:
            return path
    raise OSError(f"{option} {path} cannot be written: {what}. Give a {kind} that may be written.")


def _written(option: str, path: Path, write: Callable[[Path], T]) -> T:
    """Write what an option names, or say which option and what to do."""
    try:
        return write(path)
    except OSError as error:
        why = error.strerror or error
        raise OSError(f"{option} {path} cannot be written: {why}. Give another place.") from error


def _verify(options: argparse.Namespace) -> Exit:
    """Check a saved matching again, from its tables."""
    certificate = _loaded(options).verify(threads=options.threads)
    terminal.show(json.dumps(certificate.to_dict()) if options.json else str(certificate))
    return Exit.DONE if certificate.ok else _say(Exit.REFUSED, "a proof was refused: do not use this result")


def _explain(options: argparse.Namespace) -> Exit:
    """Say why a school of a saved matching has its partner."""
    _page(options)
    matching = _loaded(options)
    explanation = matching.explain(
        options.school, wished=options.wished, cost=options.cost, lang=options.lang, k=options.count
    )
    return _tell(explanation, options)


def _notice(options: argparse.Namespace) -> Exit:
    """Write the notice that French law asks for, about a saved matching."""
    _page(options)
    notice = _loaded(options).notice(
        options.lang, options.school, authority=options.authority, contact=options.contact
    )
    return _tell(notice, options)


def _compare(options: argparse.Namespace) -> Exit:
    """Pair the same schools under several policies."""
    from twinmatch.comparing import compare
    from twinmatch.datasets import france_eu
    from twinmatch.policy import Policy
    from twinmatch.registers import read_schools

    if len(options.policies) < 2:
        what = "compare needs two policies or more; twinmatch match pairs under one"
        return _say(Exit.BAD_INPUT, what)
    hint = "Give policies in TOML."
    policies = {
        name: _read("POLICY", path, Policy.load, hint) for name, path in _names(options.policies).items()
    }
    if (options.left is None) != (options.right is None):
        return _say(Exit.BAD_INPUT, "--left and --right go together (or leave both out: bundled registers)")
    if options.left is None:
        left, right = france_eu()
    else:
        keep, hint = _kept(policies.values(), options.capacity), "Give a file of schools."
        left = _read("--left", options.left, lambda path: read_schools(path, keep=keep), hint)
        right = _read("--right", options.right, lambda path: read_schools(path, keep=keep), hint)
    _check_capacity(options.capacity, right)
    with ctrl_c_asks() as asked, terminal.progress(len(left)) as on_progress:
        found = compare(
            policies,
            left,
            right,
            right_capacity=options.capacity,
            deadline=options.deadline,
            gap=options.gap,
            threads=options.threads,
            on_progress=on_progress,
            cancel=asked,
        )
        checked = {
            name: asked.is_set() or one.status is Status.NO_SOLUTION or one.verify(threads=options.threads).ok
            for name, one in found.matchings.items()
        }
    terminal.show(json.dumps(found.to_dict()) if options.json else str(found))
    refused = [name for name, holds in checked.items() if not holds]
    if asked.is_set():
        return _say(Exit.INTERRUPTED, "interrupted; what was found by then is above, unchecked")
    if refused:
        return _say(Exit.REFUSED, f"a proof was refused: {', '.join(refused)}")
    infeasible = [name for name, one in found.matchings.items() if one.status is Status.INFEASIBLE]
    if infeasible:
        return _say(Exit.INFEASIBLE, f"nothing satisfies {', '.join(infeasible)}")
    short = [
        name
        for name, one in found.matchings.items()
        if one.status is not Status.OPTIMAL
        and (one.status is Status.NO_SOLUTION or one.relative_gap > options.gap)
    ]
    if short:
        return _say(Exit.NO_PROOF, f"not solved to the gap asked for: {', '.join(short)}")
    return Exit.DONE


def _names(paths: Sequence[Path]) -> dict[str, Path]:
    """Return files by name, or by path where two have one name; one that is given again gets a number."""
    stems = [path.stem for path in dict.fromkeys(paths)]
    named: dict[str, Path] = {}
    for path in paths:
        name = path.stem if stems.count(path.stem) == 1 else str(path)
        again = (f"{name} ({number})" for number in count(2))
        named[name if name not in named else next(one for one in again if one not in named)] = path
    return named


def _report(options: argparse.Namespace) -> Exit:
    """Write the report of a saved matching as a page, after checking its proof."""
    option, target = "--out", options.out
    if target is None:
        option, target = "DIR", options.directory / "report.html"
    matching = _loaded(options)
    _writable(option, target, folder=False)
    refused = False
    if matching.status is not Status.NO_SOLUTION:
        refused = not matching.verify(threads=options.threads).ok
    terminal.show(str(_written(option, target, lambda path: matching.report(path, lang=options.lang))))
    if refused:
        return _say(Exit.REFUSED, "a proof was refused, and the report says so: do not use this result")
    return Exit.DONE


def _page(options: argparse.Namespace) -> None:
    """See before the work that the page that was asked for can be written."""
    if options.html is not None:
        _writable("--html", options.html, folder=False)


def _tell(told: Explanation | Notice, options: argparse.Namespace) -> Exit:
    """Show an explanation or a notice, and write it where that was asked for."""
    if options.html is not None:
        page = told.to_html()
        _written("--html", options.html.parent, lambda path: path.mkdir(parents=True, exist_ok=True))
        _written("--html", options.html, lambda path: path.write_text(page, encoding="utf-8"))
    terminal.show(json.dumps(told.to_dict()) if options.json else str(told))
    check = f"check the result with: twinmatch verify {options.directory}"
    return _say(Exit.DONE, f"read from {options.directory}, as it is; {check}")


def _pair(
    left: Schools, right: Schools, policy: Policy, options: argparse.Namespace, *, load_s: float
) -> Exit:
    """Match, verify, save and report: what ``demo`` and ``match`` have in common."""
    from twinmatch.checkpoint import discard
    from twinmatch.pairing import match

    _check_capacity(options.capacity, right)
    mechanism = _mechanism(options)
    out: Path | None = options.out
    if out is not None:
        # What cannot be written to fails before the work, not after.
        _writable("--out", out, folder=True)
        _written("--out", out, lambda path: path.mkdir(parents=True, exist_ok=True))
    checkpoint: Path | None = getattr(options, "checkpoint", None)
    if checkpoint is not None:
        _writable("--checkpoint", checkpoint, folder=True)

    with ctrl_c_asks() as asked:
        with terminal.progress(len(left)) as on_progress:
            matching = match(
                left,
                right,
                policy,
                right_capacity=options.capacity,
                deadline=options.deadline,
                gap=options.gap,
                threads=options.threads,
                on_progress=on_progress,
                cancel=asked,
                mechanism=mechanism,
                checkpoint=checkpoint,
            )
        seconds = {"load": load_s, **matching.seconds}
        certificate: Certificate | None = None
        if matching.status is not Status.NO_SOLUTION:
            if not asked.is_set():
                certificate = _timed(seconds, "verify", lambda: matching.verify(threads=options.threads))
            if asked.is_set():
                out = out or DEMO_OUT
            if out is not None:
                _timed(seconds, "save", lambda: _written("--out", out, matching.save))
                if checkpoint is not None and matching.limit in (None, Limit.GAP):
                    discard(checkpoint)  # what was found is safe

    notes = _notes(matching)
    result = _result(matching, certificate, seconds, notes)
    terminal.tell(notes)
    if options.json:
        terminal.show(json.dumps(result))
    elif matching.status is Status.INFEASIBLE:
        terminal.show(terminal.impossible(_why(matching), certificate, result, out))
    elif matching.status in (Status.OPTIMAL, Status.FEASIBLE):
        terminal.show(terminal.summary(matching, certificate, result, out))
    return _ending(matching, certificate, out, options.gap, interrupted=asked.is_set())


def _check_capacity(capacity: int | str | None, right: Schools) -> None:
    """See that the column of places is there."""
    if isinstance(capacity, str) and not right.has(capacity):
        columns = [name for name in right.table.column_names if right.has(name)]
        hint = f"{_nearest(capacity, columns)}There are {', '.join(columns)}."
        fault = Fault("--capacity", f"names a column that is not there: {capacity!r}", hint=hint)
        raise InputError("places of the right schools", [fault])


def _nearest(name: str, names: Sequence[str]) -> str:
    """Return a question about the name that is meant; empty where none is near."""
    near = get_close_matches(name.lower(), names, n=1)
    return f"Is it {near[0]}? " if near else ""


def _mechanism(options: argparse.Namespace) -> Mechanism:
    """Return the mechanism that the options name."""
    from twinmatch.mechanisms import NAMES, Concave, named
    from twinmatch.policy import Policy

    if options.mechanism not in NAMES:
        what, known = f"is no mechanism: {options.mechanism!r}", f"There are {', '.join(NAMES)}."
        hint = f"{_nearest(options.mechanism, NAMES)}{known}"
        if options.mechanism == Concave.name:
            what = "concave takes a function, and exists in Python only"
            hint = f"It is tm.mechanisms.concave there. {known}"
        raise InputError("mechanism", [Fault("--mechanism", what, hint=hint)])
    other = None
    if options.right_policy is not None:
        hint = "Give a policy in TOML."
        other = _read("--right-policy", options.right_policy, Policy.load, hint)
    try:
        return named(options.mechanism, seed=options.seed, right_policy=other)
    except InputError as error:  # there an option is an argument
        faults = (fault._replace(where=f"--{fault.where.replace('_', '-')}") for fault in error.faults)
        raise InputError(error.subject, faults) from error


def _timed(seconds: dict[str, float], phase: str, task: Callable[[], T]) -> T:
    """Run ``task`` and write its wall time into ``seconds``."""
    started = time.perf_counter()
    try:
        return task()
    finally:
        seconds[phase] = time.perf_counter() - started


def _result(
    matching: Matching, certificate: Certificate | None, seconds: dict[str, float], notes: list[str]
) -> dict[str, object]:
    """Return the numbers of a run, as ``--json`` prints them."""
    found = matching.status in (Status.OPTIMAL, Status.FEASIBLE)
    left, right = len(matching.left), len(matching.right)
    matched = matching.coverage if found else 0
    return {
        "left": left,
        "right": right,
        "pairs": left * right,
        "matched": matched,
        "unmatched": left - matched,
        "objective": int(matching.objective) if found else None,
        "bound": int(matching.bound) if found else None,
        "relative_gap": float(matching.relative_gap) if found else None,
        "status": str(matching.status),
        "verified": certificate is not None and certificate.ok,
        "seconds": {phase: round(spent, 3) for phase, spent in seconds.items()},
        "peak_mb": round(_peak_bytes() / 1e6, 1),
        "notes": notes,
        "points": matching.points if found else None,
        "mechanism": matching.mechanism.name,
        **({"witness": _why(matching)} if matching.status is Status.INFEASIBLE else {}),
    }


def _notes(matching: Matching) -> list[str]:
    """
    Return what quotas and lists of what is forbidden did not find, in words.

    A value that is misspelt comes first: it may switch off what it is in. What is not known is in the nature
    of registers, and comes last.
    """
    from twinmatch.policy.asked import asked
    from twinmatch.policy.rules import ForbiddenCountries, ForbiddenPairs, ForbiddenSchools

    said: list[str] = []
    policy, left, right = matching.policy, matching.left, matching.right
    for rule in policy.rules:
        if isinstance(rule, ForbiddenCountries | ForbiddenPairs | ForbiddenSchools):
            rule.compile(left, right, said.append)
    asked(policy, left, right, matching.right_capacity, said.append)
    return sorted(dict.fromkeys(said), key=lambda note: " have no known " in note)


def _why(matching: Matching) -> str:
    """Return what a witness says; empty where there is none."""
    return "" if matching.witness is None else matching.witness.explain()


def _peak_bytes() -> int:
    """Return the most memory that the process held at once, in bytes."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux kibibytes


def _ending(
    matching: Matching, certificate: Certificate | None, out: Path | None, gap: float, *, interrupted: bool
) -> Exit:
    """Say on stderr what needs saying, and return the exit code."""
    nothing = matching.status is Status.NO_SOLUTION
    saved = "" if out is None or nothing else f"; what was found is in {out}"
    if interrupted:
        return _say(
            Exit.INTERRUPTED, "interrupted before anything was found" if nothing else "interrupted" + saved
        )
    if certificate is not None and not certificate.ok:
        return _say(Exit.REFUSED, "a proof was refused: do not use this result, and please report it")
    if matching.status is Status.INFEASIBLE:
        return _say(
            Exit.INFEASIBLE,
            " ".join(
                [
                    "infeasible: nothing satisfies the policy.",
                    *filter(None, [_why(matching)]),
                    *([f"The proof is in {out}."] if out is not None else []),
                ]
            ),
        )
    if nothing:
        return _say(Exit.NO_PROOF, "nothing was found in the time given; allow more with --deadline")
    if matching.limit in (Limit.DEADLINE, Limit.MEMORY):
        what = "time" if matching.limit is Limit.DEADLINE else "memory"
        return _say(Exit.NO_PROOF, f"{what} ran out before the gap asked for was proven{saved}")
    if matching.status is Status.FEASIBLE and matching.relative_gap > gap:
        why = f"quotas that cross leave a gap of {matching.relative_gap:.1g}, more than was asked for"
        return _say(Exit.NO_PROOF, f"{why}; a larger --gap accepts it{saved}")
    return Exit.DONE


# -- The parser ---------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line in our voice."""

    def error(self, message: str) -> NoReturn:
        raise SystemExit(_say(Exit.BAD_INPUT, f"{message} (see {self.prog} --help)"))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="twinmatch",
        description="Pair every French school with a compatible school in another EU state, and prove it.",
        epilog="Exit codes: 0 done and verified, 1 a proof was refused, 2 bad input, 3 no proof in the time "
        "given, 4 infeasible, 130 interrupted with what was found saved.",
    )
    parser.add_argument("--version", action="version", version=f"twinmatch {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    demo = commands.add_parser(
        "demo",
        help="pair the bundled registers and prove it, within a minute on two cores",
        description="Pair the schools of the bundled French registers with those of six other countries, "
        "under the default policy, and check the proof.",
    )
    demo.set_defaults(command=_demo, capacity=None)
    demo.add_argument("--out", type=Path, metavar="DIR", help="save the result here (default: save nothing)")
    _add_run_options(demo, gap=DEMO_GAP)

    match = commands.add_parser(
        "match",
        help="pair the schools of two files",
        description="Pair the schools of LEFT with those of RIGHT. Formats are detected: annuaire and "
        "geolocalisation CSV, GISCO education services, plain CSV, Parquet.",
    )
    match.set_defaults(command=_match)
    _add_table_options(match)
    match.add_argument("--out", type=Path, metavar="DIR", required=True, help="save the result here")
    match.add_argument(
        "--checkpoint",
        type=Path,
        metavar="DIR",
        help="keep what was found here while working: after a crash the same command goes on from there",
    )
    _add_run_options(match, gap=0.0)

    estimate = commands.add_parser(
        "estimate",
        help="say what pairing the schools of two files will take of memory and time",
        description="Say what `twinmatch match` will take of memory and time with the same files and "
        "options, after about a second of trying.",
    )
    estimate.set_defaults(command=_estimate)
    _add_table_options(estimate)
    _add_mechanism_options(estimate)

    verify = commands.add_parser(
        "verify",
        help="check a saved matching again",
        description="Compute every claim of a saved matching again from its tables, over all pairs, without "
        "the solver.",
    )
    verify.set_defaults(command=_verify)
    verify.add_argument("directory", type=Path, metavar="DIR", help="a folder written by --out")
    verify.add_argument("--threads", type=_threads, metavar="N", help="default: all cores")
    verify.add_argument("--json", action="store_true", help="print the certificate as one JSON line")

    explain = commands.add_parser(
        "explain",
        help="say why a school has its partner, and what keeps others away",
        description="Say why a school of a saved matching has its partner: the points of the pair, the next "
        "best partners and what keeps each away, who is on standby. A partner school may be asked about too.",
    )
    explain.set_defaults(command=_explain)
    explain.add_argument("directory", type=Path, metavar="DIR", help="a folder written by --out")
    explain.add_argument("school", metavar="SCHOOL", help="its id")
    explain.add_argument(
        "--wished", metavar="ID", help="a partner it would rather have: what stands in the way"
    )
    explain.add_argument(
        "--cost", action="store_true", help="what forcing the wished pair costs, by solving again"
    )
    explain.add_argument("--count", type=_shown, default=10, metavar="N", help="so many others (default: 10)")
    _add_telling_options(explain)

    notice = commands.add_parser(
        "notice",
        help="write the notice that French law asks for",
        description="Write the notice that French law asks of a decision made through algorithmic processing "
        "(CRPA, articles L. 311-3-1, R. 311-3-1-1 and R. 311-3-1-2).",
    )
    notice.set_defaults(command=_notice)
    notice.add_argument("directory", type=Path, metavar="DIR", help="a folder written by --out")
    notice.add_argument("school", metavar="SCHOOL", nargs="?", help="the school it is for: its id")
    notice.add_argument("--authority", metavar="NAME", help="who decides; left open without it")
    notice.add_argument("--contact", metavar="ADDRESS", help="where to write; left open without it")
    _add_telling_options(notice)

    compare = commands.add_parser(
        "compare",
        help="pair the same schools under several policies, and say what each costs",
        description="Pair the same schools under several policies, check each proof, and say what each costs "
        "against the first: points by its measure, schools, and who changes partner.",
    )
    compare.set_defaults(command=_compare)
    compare.add_argument("policies", type=Path, nargs="+", metavar="POLICY.toml", help="two or more")
    compare.add_argument("--left", type=Path, metavar="FILE", help="default: the bundled French registers")
    compare.add_argument(
        "--right", type=Path, metavar="FILE", help="default: the bundled ones of six countries"
    )
    compare.add_argument(
        "--capacity",
        type=_capacity,
        metavar="COLUMN|N",
        help="places per right school: a column, or one number for all (default: 1)",
    )
    compare.add_argument(
        "--deadline", type=_deadline, metavar="S", help="stop after this many seconds in all"
    )
    compare.add_argument(
        "--gap", type=_gap, default=0.0, help="relative gap to stop at (default: %(default)g)"
    )
    compare.add_argument("--threads", type=_threads, metavar="N", help="default: all cores")
    compare.add_argument("--json", action="store_true", help="print the rows as one JSON line")

    report = commands.add_parser(
        "report",
        help="write a saved matching as a page to read",
        description="Check a saved matching again and write a report of it: one HTML page, complete in "
        "itself, with figures, the certificate in words, and all pairs to search in. Prints where it is.",
    )
    report.set_defaults(command=_report)
    report.add_argument("directory", type=Path, metavar="DIR", help="a folder written by --out")
    report.add_argument("--out", type=Path, metavar="FILE", help="default: report.html in that folder")
    report.add_argument("--lang", choices=("en", "fr"), default="en", help="language (default: en)")
    report.add_argument("--threads", type=_threads, metavar="N", help="default: all cores")
    return parser


def _add_telling_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=("en", "fr"), default="en", help="language (default: en)")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as an HTML page, too")
    parser.add_argument("--json", action="store_true", help="print it as one JSON line")


def _add_run_options(parser: argparse.ArgumentParser, *, gap: float) -> None:
    parser.add_argument("--deadline", type=_deadline, metavar="S", help="stop after this many seconds")
    parser.add_argument(
        "--gap", type=_gap, default=gap, help="relative gap to stop at (default: %(default)g)"
    )
    _add_mechanism_options(parser)


def _add_table_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("left", type=Path, metavar="LEFT", help="the schools that each want a partner")
    parser.add_argument("right", type=Path, metavar="RIGHT", help="the schools that offer places")
    parser.add_argument("--policy", type=Path, metavar="P.toml", help="default: systematic twinning")
    parser.add_argument(
        "--capacity",
        type=_capacity,
        metavar="COLUMN|N",
        help="places per school of RIGHT: a column of it, or one number for all (default: 1)",
    )


def _add_mechanism_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=_threads, metavar="N", help="default: all cores")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON line")
    parser.add_argument(
        "--mechanism",
        default="most_points",
        metavar="NAME",
        help="what the pairing is to be best at: most_points (default), nash, greedy, stable, ...",
    )
    parser.add_argument(
        "--right-policy",
        type=Path,
        metavar="Q.toml",
        help="with stable: how schools of RIGHT rank those of LEFT (default: by the same points)",
    )
    parser.add_argument(
        "--seed", type=_seed, metavar="N", help="with serial_dictatorship: of the lottery (default: 0)"
    )


def _seed(text: str) -> int:
    return _number(text, int, "a whole number of 0 or more", lambda value: value >= 0)


def _deadline(text: str) -> float:
    return _number(text, float, "a positive number of seconds", lambda value: 0 < value < float("inf"))


def _gap(text: str) -> float:
    return _number(text, float, "a number from 0 up to 1", lambda value: 0 <= value < 1)


def _threads(text: str) -> int:
    from twinmatch.threads import MOST_THREADS

    return _number(
        text,
        int,
        f"a whole number of threads, from 1 to {MOST_THREADS:,}",
        lambda value: 1 <= value <= MOST_THREADS,
    )


def _shown(text: str) -> int:
    return _number(text, int, "a whole number from 0 to 1,000", lambda value: 0 <= value <= 1_000)


def _capacity(text: str) -> int | str:
    """Read a number of places, or else the name of a column."""
    if text.lstrip("-").isdigit():
        return _number(text, int, "a number of places, 0 or more", lambda value: value >= 0)
    return text


N = TypeVar("N", int, float)


def _number(text: str, kind: type[N], wanted: str, fits: Callable[[N], bool]) -> N:
    """Read one number of an option, or say what was wanted."""
    try:
        value = kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}") from None
    if not fits(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return value
