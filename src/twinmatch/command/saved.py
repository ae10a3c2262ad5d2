"""``twinmatch verify``, ``explain``, ``notice`` and ``report``: what a saved folder is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinmatch import terminal
from twinmatch.command.exits import Exit, say
from twinmatch.command.files import loaded, writable, written
from twinmatch.command.options import add_deadline, add_telling_options, add_threads, count_of
from twinmatch.interrupt import ctrl_c_asks
from twinmatch.status import Status

if TYPE_CHECKING:
    import argparse

    from twinmatch.command.options import Commands
    from twinmatch.explaining import Explanation, Notice

__all__ = ["add_explain", "add_notice", "add_report", "add_verify"]


def add_verify(commands: Commands) -> None:
    """Add the command ``verify``."""
    parser = commands.add_parser(
        "verify",
        help="check a saved matching again",
        description="Compute every claim of a saved matching again from its tables, over all pairs, without "
        "the solver.",
    )
    parser.set_defaults(command=_verify)
    parser.add_argument("directory", type=Path, metavar="DIR", help="a folder written by --out")
    parser.add_argument(
        "--plain",
        action="store_true",
        help="evaluate every pair; without it, beyond 50,000,000,000 pairs, bounds exclude many",
    )
    add_threads(parser)
    parser.add_argument("--json", action="store_true", help="print the certificate as one JSON line")


def add_explain(commands: Commands) -> None:
    """Add the command ``explain``."""
    parser = commands.add_parser(
        "explain",
        help="say why a school has its partner, and what keeps others away",
        description="Say why a school of a saved matching has its partner: the points of the pair, the next "
        "best partners and what keeps each away, who is on standby. A partner school may be asked about too.",
    )
    parser.set_defaults(command=_explain)
    parser.add_argument("directory", type=Path, metavar="DIR", help="a folder written by --out")
    parser.add_argument("school", metavar="SCHOOL", help="its id")
    parser.add_argument(
        "--wished", metavar="ID", help="a partner it would rather have: what stands in the way"
    )
    parser.add_argument(
        "--cost", action="store_true", help="what forcing the wished pair costs, by solving again"
    )
    add_deadline(parser, "with --cost, stop after this many seconds")
    add_threads(parser)
    parser.add_argument(
        "--count", type=count_of, default=10, metavar="N", help="so many others (default: 10)"
    )
    add_telling_options(parser)


def add_notice(commands: Commands) -> None:
    """Add the command ``notice``."""
    parser = commands.add_parser(
        "notice",
        help="write the notice that French law asks for",
        description="Write the notice that French law asks of a decision made through algorithmic processing "
        "(CRPA, articles L. 311-3-1, R. 311-3-1-1 and R. 311-3-1-2).",
    )
    parser.set_defaults(command=_notice)
    parser.add_argument("directory", type=Path, metavar="DIR", help="a folder written by --out")
    parser.add_argument("school", metavar="SCHOOL", nargs="?", help="the school it is for: its id")
    parser.add_argument("--authority", metavar="NAME", help="who decides; left open without it")
    parser.add_argument("--contact", metavar="ADDRESS", help="where to write; left open without it")
    add_telling_options(parser)


def add_report(commands: Commands) -> None:
    """Add the command ``report``."""
    parser = commands.add_parser(
        "report",
        help="write a saved matching as a page to read",
        description="Check a saved matching again and write a report of it: one HTML page, complete in "
        "itself, with figures, the certificate in words, and all pairs to search in. Prints where it is.",
    )
    parser.set_defaults(command=_report)
    parser.add_argument("directory", type=Path, metavar="DIR", help="a folder written by --out")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: report.html in that folder")
    parser.add_argument("--lang", choices=("en", "fr"), default="en", help="language (default: en)")
    add_threads(parser)


def _verify(options: argparse.Namespace) -> Exit:
    """Check a saved matching again, from its tables."""
    certificate = loaded(options).verify(plain=options.plain or None, threads=options.threads)
    terminal.show(json.dumps(certificate.to_dict()) if options.json else str(certificate))
    return Exit.DONE if certificate.ok else say(Exit.REFUSED, "a proof was refused: do not use this result")


def _explain(options: argparse.Namespace) -> Exit:
    """Say why a school of a saved matching has its partner."""
    _page(options)
    matching = loaded(options)
    asked: dict[str, Any] = {
        "wished": options.wished,
        "cost": options.cost,
        "lang": options.lang,
        "k": options.count,
    }
    if not options.cost:
        return _tell(matching.explain(options.school, **asked), options)
    with ctrl_c_asks() as stop, terminal.progress(len(matching.left)) as on_progress:
        explanation = matching.explain(
            options.school,
            **asked,
            deadline=options.deadline,
            threads=options.threads,
            on_progress=on_progress,
            cancel=stop,
        )
    code = _tell(explanation, options)
    cost = None if explanation.wish is None else explanation.wish.cost
    if cost is None or cost.is_exact:
        return code
    if stop.is_set():
        return say(Exit.INTERRUPTED, "interrupted before it was known what the pair costs exactly")
    if cost.points is not None or cost.breaks_floor:
        return code
    return say(
        Exit.NO_PROOF, "time ran out before it was known what the pair costs; allow more with --deadline"
    )


def _notice(options: argparse.Namespace) -> Exit:
    """Write the notice that French law asks for, about a saved matching."""
    _page(options)
    notice = loaded(options).notice(
        options.lang, options.school, authority=options.authority, contact=options.contact
    )
    return _tell(notice, options)


def _report(options: argparse.Namespace) -> Exit:
    """Write the report of a saved matching as a page, after checking its proof."""
    option, target = "--out", options.out
    if target is None:
        option, target = "DIR", options.directory / "report.html"
    matching = loaded(options)
    writable(option, target, folder=False)
    refused = False
    if matching.status is not Status.NO_SOLUTION:
        refused = not matching.verify(threads=options.threads).ok
    terminal.show(str(written(option, target, lambda path: matching.report(path, lang=options.lang))))
    if refused:
        return say(Exit.REFUSED, "a proof was refused, and the report says so: do not use this result")
    return Exit.DONE


def _page(options: argparse.Namespace) -> None:
    """See before the work that the page that was asked for can be written."""
    if options.html is not None:
        writable("--html", options.html, folder=False)


def _tell(told: Explanation | Notice, options: argparse.Namespace) -> Exit:
    """Show an explanation or a notice, and write it where that was asked for."""
    if options.html is not None:
        page = told.to_html()
        written("--html", options.html.parent, lambda path: path.mkdir(parents=True, exist_ok=True))
        written("--html", options.html, lambda path: path.write_text(page, encoding="utf-8"))
    terminal.show(json.dumps(told.to_dict()) if options.json else str(told))
    check = f"check the result with: twinmatch verify {options.directory}"
    return say(Exit.DONE, f"read from {options.directory}, as it is; {check}")
