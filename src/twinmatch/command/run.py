"""``twinmatch demo``, ``match`` and ``estimate``: pair, prove, save, say it on one screen."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from twinmatch import terminal
from twinmatch.command.asked import check_capacity, mechanism, run_of, tables
from twinmatch.command.costs import peak_mb, timed
from twinmatch.command.ending import ended, why
from twinmatch.command.exits import Exit, say
from twinmatch.command.files import writable, written
from twinmatch.command.noting import notes_of
from twinmatch.command.options import (
    add_gap,
    add_mechanism_options,
    add_run_options,
    add_table_options,
)
from twinmatch.interrupt import ctrl_c_asks
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    import argparse

    from twinmatch.certify import Certificate
    from twinmatch.command.options import Commands
    from twinmatch.matching import Matching
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

__all__ = ["add_demo", "add_estimate", "add_match"]

#: What ``twinmatch demo`` promises: a proof that no pairing is better by more than a thousandth.
DEMO_GAP = 1e-3
#: Where an interrupted demo leaves what it found when nobody said where.
DEMO_OUT = Path("demo-twins")


def add_demo(commands: Commands) -> None:
    """Add the command ``demo``."""
    parser = commands.add_parser(
        "demo",
        help="pair the bundled registers and prove it, within a minute on two cores",
        description="Pair the schools of the bundled French registers with those of six other countries, "
        "under the default policy, and check the proof.",
    )
    parser.set_defaults(command=_demo, capacity=None)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="save the result here (default: save nothing)"
    )
    add_run_options(parser, gap=DEMO_GAP)


def add_match(commands: Commands) -> None:
    """Add the command ``match``."""
    parser = commands.add_parser(
        "match",
        help="pair the schools of two files",
        description="Pair the schools of LEFT with those of RIGHT. Formats are detected: annuaire and "
        "geolocalisation CSV, GISCO education services, plain CSV, Parquet.",
    )
    parser.set_defaults(command=_match)
    add_table_options(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="save the result here")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="DIR",
        help="keep what was found here while working: after a crash the same command goes on from there",
    )
    add_run_options(parser, gap=0.0)


def add_estimate(commands: Commands) -> None:
    """Add the command ``estimate``."""
    parser = commands.add_parser(
        "estimate",
        help="say what pairing the schools of two files will take of memory and time",
        description="Say what `twinmatch match` will take of memory and time with the same files and "
        "options, after about a second of trying.",
    )
    parser.set_defaults(command=_estimate)
    add_table_options(parser)
    add_mechanism_options(parser)
    add_gap(parser)


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
    left, right, policy = tables(options)
    return _pair(left, right, policy, options, load_s=time.perf_counter() - started)


def _estimate(options: argparse.Namespace) -> Exit:
    """Say what pairing the schools of two files will take."""
    from twinmatch.estimating import estimate

    left, right, policy = tables(options)
    check_capacity(options.capacity, right)
    told = estimate(
        left,
        right,
        policy,
        right_capacity=options.capacity,
        mechanism=mechanism(options),
        gap=options.gap,
        threads=options.threads,
    )
    terminal.show(json.dumps(told.to_dict()) if options.json else str(told))
    return Exit.DONE if told.fits else say(Exit.NO_PROOF, "it does not fit the memory that there is")


def _pair(
    left: Schools, right: Schools, policy: Policy, options: argparse.Namespace, *, load_s: float
) -> Exit:
    """Match, verify, save and report: what ``demo`` and ``match`` have in common."""
    from twinmatch.checkpoint import discard
    from twinmatch.pairing import match

    check_capacity(options.capacity, right)
    chosen = mechanism(options)
    out: Path | None = options.out
    if out is not None:
        # What cannot be written to fails before the work, not after.
        writable("--out", out, folder=True)
        written("--out", out, lambda path: path.mkdir(parents=True, exist_ok=True))
    checkpoint: Path | None = getattr(options, "checkpoint", None)
    if checkpoint is not None:
        writable("--checkpoint", checkpoint, folder=True)

    with ctrl_c_asks() as asked:
        with terminal.progress(len(left)) as on_progress:
            matching = match(
                left,
                right,
                policy,
                mechanism=chosen,
                checkpoint=checkpoint,
                **run_of(options, on_progress, asked),
            )
        seconds = {"load": load_s, **matching.seconds}
        certificate: Certificate | None = None
        if matching.status is not Status.NO_SOLUTION:
            if not asked.is_set():
                certificate = timed(seconds, "verify", lambda: matching.verify(threads=options.threads))
            if asked.is_set():
                out = out or DEMO_OUT
            if out is not None:
                timed(seconds, "save", lambda: written("--out", out, matching.save))
                if checkpoint is not None and matching.limit in (None, Limit.GAP):
                    discard(checkpoint)  # what was found is safe

    notes = notes_of(matching)
    result = _result(matching, certificate, seconds, notes)
    terminal.tell(notes)
    if options.json:
        terminal.show(json.dumps(result))
    elif matching.status is Status.INFEASIBLE:
        terminal.show(terminal.impossible(why(matching), certificate, result, out))
    elif matching.status in (Status.OPTIMAL, Status.FEASIBLE):
        terminal.show(terminal.summary(matching, certificate, result, out))
    return ended(matching, certificate, out, options.gap, interrupted=asked.is_set())


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
        "peak_mb": peak_mb(),
        "notes": notes,
        "points": matching.points if found else None,
        "mechanism": matching.mechanism.name,
        **({"witness": why(matching)} if matching.status is Status.INFEASIBLE else {}),
    }
