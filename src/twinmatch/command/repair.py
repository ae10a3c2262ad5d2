"""``twinmatch repair``: what changes make of a saved matching, and what is different then."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinmatch import terminal
from twinmatch.command.ending import ended, why
from twinmatch.command.exits import Exit, say
from twinmatch.command.files import loaded, read, writable, written
from twinmatch.command.options import add_deadline, add_threads, bonus_of, day_of, moves_of
from twinmatch.errors import Fault, InputError, NoSolutionError
from twinmatch.interrupt import ctrl_c_asks
from twinmatch.nearby import clipped
from twinmatch.status import Status

if TYPE_CHECKING:
    import argparse
    import threading

    from twinmatch.changes import Change
    from twinmatch.command.options import Commands
    from twinmatch.matching import Matching

__all__ = ["add_repair"]


def add_repair(commands: Commands) -> None:
    """Add the command ``repair``."""
    parser = commands.add_parser(
        "repair",
        help="say what changes make of a saved matching, with proof",
        description="Match the schools of a saved matching again after some changes, prove it, save it "
        "elsewhere, and say what is different. Changes come from a file, from options, or from both; they "
        "happen together.",
    )
    parser.set_defaults(command=_repair)
    parser.add_argument("directory", type=Path, metavar="DIR", help="a folder written by --out")
    parser.add_argument("--out", type=Path, metavar="DIR2", required=True, help="save the result here")
    said = "what happened: a list of changes in JSON, see docs/changes.md"
    parser.add_argument("--changes", type=Path, metavar="FILE", help=said)
    for option, names, said in _OPTIONS:
        many = {"nargs": 2, "metavar": names} if len(names) == 2 else {"metavar": names[0]}
        parser.add_argument(option, action="append", default=[], help=f"{said}; may be repeated", **many)
    said = "points that a pair of before is worth more (default: 0, pair as if for the first time)"
    parser.add_argument("--keep-bonus", type=bonus_of, default=0, metavar="N", help=said)
    said = "schools of before that may have another partner, or none; takes the place of --keep-bonus"
    parser.add_argument("--max-moves", type=moves_of, metavar="N", help=said)
    said = "what day it is, such as 2026-10-01: needed where a change has a date"
    parser.add_argument("--today", type=day_of, metavar="DATE", help=said)
    add_deadline(parser, "stop after this many seconds")
    add_threads(parser)
    parser.add_argument("--json", action="store_true", help="print the difference as one JSON line")


_OPTIONS = (
    ("--school-leaves", ("ID",), "a left school takes no part any more"),
    ("--partner-leaves", ("ID",), "a partner drops out"),
    ("--lock", ("LEFT_ID", "RIGHT_ID"), "the two must be paired"),
    ("--veto", ("LEFT_ID", "RIGHT_ID"), "the two must not be paired"),
)


def _repair(options: argparse.Namespace) -> Exit:
    """Repair a saved matching."""
    out: Path = options.out
    said, faults = _changes(options)
    old = loaded(options)
    changes = [change for _, change in said]
    if faults:
        # What could be read is held against the schools, so that everything that is wrong is told at once.
        from twinmatch.changing.reading import read as against

        wrong = against(changes, old.left, old.right, options.today)[1]
        faults += [_as_options(one, said) for one in wrong]
        raise InputError("changes", faults)
    if out.exists() and out.samefile(options.directory):
        raise OSError(f"--out {out} is DIR itself. Give another folder: what was before stays as it is.")
    writable("--out", out, folder=True)
    certificate = None
    doubts: list[str] = []
    with ctrl_c_asks() as asked:
        with terminal.progress(len(old.left)) as on_progress:
            try:
                new = old.repair(
                    changes,
                    options.keep_bonus,
                    options.max_moves,
                    today=options.today,
                    deadline=options.deadline,
                    threads=options.threads,
                    on_progress=on_progress,
                    cancel=asked,
                )
            except InputError as error:
                raise type(error)(error.subject, [_as_options(one, said) for one in error.faults]) from error
            except NoSolutionError as error:
                return _no_few_moves(error, interrupted=asked.is_set())
        found = new.status is not Status.NO_SOLUTION
        if found and not asked.is_set():
            certificate = new.verify(threads=options.threads)
        if found:
            written("--out", out, new.save)
            doubts = _doubts(old, options, asked)
    terminal.tell([*_moves(new), *doubts])
    diff = new.diff(old)
    verified = certificate is not None and certificate.ok
    if options.json and not found:
        terminal.show(json.dumps({"status": str(new.status), "limit": new.limit, "verified": False}))
    elif options.json:
        more: dict[str, Any] = {"witness": why(new)} if new.status is Status.INFEASIBLE else {}
        if (few := new.move_bound) is not None:
            more["move_bound"] = {**few._asdict(), "gap": few.gap}
        terminal.show(json.dumps({**diff.to_dict(), "verified": verified, **more}))
    elif new.status in (Status.OPTIMAL, Status.FEASIBLE):
        proof = terminal.certificate_lines(certificate)
        terminal.show("\n".join([str(diff), "", *proof]))
    code = ended(new, certificate, out, 0.0, interrupted=asked.is_set(), hint="")
    return say(code, f"proven and checked; saved in {out}") if code is Exit.DONE else code


def _doubts(old: Matching, options: argparse.Namespace, asked: threading.Event) -> list[str]:
    """Return a line where the matching that was repaired is not what its folder claims."""
    certificate = old.__dict__.get("last_certificate")
    if certificate is None and not asked.is_set():
        certificate = old.verify(threads=options.threads, cancel=asked)
    if certificate is None or certificate.ok or asked.is_set():
        return []
    refused = ", ".join(claim.name for claim in certificate.claims if not claim.ok)
    return [
        f"{options.directory} holds a matching that `twinmatch verify` refuses ({refused}): the new one "
        "rests on its tables and its policy, and what is different is told against what it claims"
    ]


def _changes(options: argparse.Namespace) -> tuple[list[tuple[str, Change]], list[Fault]]:
    """Return the changes of the file and of the options, where each stands, and what is wrong with them."""
    from twinmatch.changing.forms import change_from, read_each

    found: list[tuple[str, Change]] = []
    faults: list[Fault] = []
    path: Path | None = options.changes
    if path is not None:
        try:
            document = read("--changes", path, _document, _HINT)
            found, faults = read_each(document, source=path.name)
        except InputError as error:
            faults += [one._replace(where=path.name) if one.where == "file" else one for one in error.faults]
    for option, values, document in _said(options):
        where = f"{option} {' '.join(map(clipped, values))}"
        try:
            found.append((where, change_from(document)))
        except InputError as error:
            faults += [one._replace(where=where) for one in error.faults]
    if not found and not faults and options.today is None:
        what = "are not given"
        hint = f"Say what happened, with {', '.join(['--changes', *(name for name, *_ in _OPTIONS)])}; "
        raise InputError("changes", [Fault("changes", what, hint=f"{hint}or what day it is, with --today.")])
    return found, faults


def _no_few_moves(error: NoSolutionError, *, interrupted: bool) -> Exit:
    """Say why there is no matching that moves so few schools."""
    from twinmatch.repairing.frontier import UnprovenError

    if interrupted:
        return say(Exit.INTERRUPTED, "interrupted before anything was found")
    if isinstance(error, UnprovenError):
        return say(
            Exit.NO_PROOF, f"{error}; allow more with --deadline, or say --keep-bonus. Nothing is saved"
        )
    return say(Exit.INFEASIBLE, f"infeasible: {str(error).removesuffix('.')}. Nothing is saved")


def _moves(new: Matching) -> list[str]:
    """Return a line on what is proven where few schools may move."""
    few = new.move_bound
    if few is None:
        return []
    schools = "1 school moves" if few.moved == 1 else f"{few.moved:,} schools move"
    return [
        f"{schools}, and {few.most:,} may; no matching that keeps to this has more than {few.bound:,} points "
        f"without a bonus (gap {few.gap:,})"
    ]


_HINT = "Give a list of changes in JSON."


def _document(path: Path) -> Any:
    """Return what a JSON file says."""
    from twinmatch.intake.content import BOM, content, json_value
    from twinmatch.intake.limits import ReadLimits

    limits = ReadLimits()
    return json_value(path.name, content(path.name, path, limits).removeprefix(BOM), limits)


def _said(options: argparse.Namespace) -> list[tuple[str, list[str], dict[str, str]]]:
    """Return each change that an option says: its name, what follows it, and the change as plain data."""
    said = []
    for name in options.school_leaves:
        said.append(("--school-leaves", [name], {"kind": "school_leaves", "left_id": name}))
    for name in options.partner_leaves:
        said.append(("--partner-leaves", [name], {"kind": "partner_leaves", "right_id": name}))
    for option, kind, pairs in (
        ("--lock", "pair_locked", options.lock),
        ("--veto", "pair_vetoed", options.veto),
    ):
        said += [(option, pair, {"kind": kind, "left_id": pair[0], "right_id": pair[1]}) for pair in pairs]
    return said


def _as_options(fault: Fault, said: list[tuple[str, Change]]) -> Fault:
    """Return a fault with options, and places in a file, in place of what they are called in Python."""
    for place, change in said:
        if fault.where == change.label or fault.where.startswith(f"{change.label}."):
            return _as_options(fault._replace(where=place + fault.where.removeprefix(change.label)), [])
    names = {"keep_bonus": "--keep-bonus", "max_moves": "--max-moves", "today": "--today"}
    where = names.get(fault.where, fault.where)
    what, hint = fault.what, fault.hint
    for name, option in names.items():
        what, hint = re.sub(rf"\b{name}\b", option, what), re.sub(rf"\b{name}\b", option, hint)
    if hint.startswith("Say repair("):
        hint = "Say what day it is: --today 2026-10-01."
    elif where == "--keep-bonus" and "--max-moves" not in what:
        hint = "Leave it out."
    return fault._replace(where=where, what=what, hint=hint)
