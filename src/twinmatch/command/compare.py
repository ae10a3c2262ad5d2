"""``twinmatch compare``: the same schools under several policies."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from twinmatch import terminal
from twinmatch.command.asked import check_capacity, kept_columns, run_of
from twinmatch.command.exits import Exit, say
from twinmatch.command.files import read
from twinmatch.command.options import add_capacity, add_deadline, add_gap, add_threads
from twinmatch.interrupt import ctrl_c_asks
from twinmatch.status import Status

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from twinmatch.command.options import Commands

__all__ = ["add_compare"]


def add_compare(commands: Commands) -> None:
    """Add the command ``compare``."""
    parser = commands.add_parser(
        "compare",
        help="pair the same schools under several policies, and say what each costs",
        description="Pair the same schools under several policies, check each proof, and say what each costs "
        "against the first: points by its measure, schools, and who changes partner.",
    )
    parser.set_defaults(command=_compare)
    parser.add_argument("policies", type=Path, nargs="+", metavar="POLICY.toml", help="two or more")
    parser.add_argument("--left", type=Path, metavar="FILE", help="default: the bundled French registers")
    parser.add_argument(
        "--right", type=Path, metavar="FILE", help="default: the bundled ones of six countries"
    )
    add_capacity(parser, "places per right school: a column, or one number for all")
    add_deadline(parser, "stop after this many seconds in all")
    add_gap(parser)
    add_threads(parser)
    parser.add_argument("--json", action="store_true", help="print the rows as one JSON line")


def _compare(options: argparse.Namespace) -> Exit:
    """Pair the same schools under several policies."""
    from twinmatch.comparing import compare
    from twinmatch.datasets import france_eu
    from twinmatch.policy import Policy
    from twinmatch.registers import read_schools

    if len(options.policies) < 2:
        what = "compare needs two policies or more; twinmatch match pairs under one"
        return say(Exit.BAD_INPUT, what)
    hint = "Give policies in TOML."
    policies = {
        name: read("POLICY", path, Policy.load, hint) for name, path in _names(options.policies).items()
    }
    if (options.left is None) != (options.right is None):
        return say(Exit.BAD_INPUT, "--left and --right go together (or leave both out: bundled registers)")
    if options.left is None:
        left, right = france_eu()
    else:
        keep, hint = kept_columns(policies.values(), options.capacity), "Give a file of schools."
        left = read("--left", options.left, lambda path: read_schools(path, keep=keep), hint)
        right = read("--right", options.right, lambda path: read_schools(path, keep=keep), hint)
    check_capacity(options.capacity, right)
    with ctrl_c_asks() as asked, terminal.progress(len(left)) as on_progress:
        found = compare(policies, left, right, **run_of(options, on_progress, asked))
        checked = {
            name: asked.is_set() or one.status is Status.NO_SOLUTION or one.verify(threads=options.threads).ok
            for name, one in found.matchings.items()
        }
    terminal.show(json.dumps(found.to_dict()) if options.json else str(found))
    refused = [name for name, holds in checked.items() if not holds]
    if asked.is_set():
        return say(Exit.INTERRUPTED, "interrupted; what was found by then is above, unchecked")
    if refused:
        return say(Exit.REFUSED, f"a proof was refused: {', '.join(refused)}")
    infeasible = [name for name, one in found.matchings.items() if one.status is Status.INFEASIBLE]
    if infeasible:
        return say(Exit.INFEASIBLE, f"nothing satisfies {', '.join(infeasible)}")
    short = [
        name
        for name, one in found.matchings.items()
        if one.status is not Status.OPTIMAL
        and (one.status is Status.NO_SOLUTION or one.relative_gap > options.gap)
    ]
    if short:
        return say(Exit.NO_PROOF, f"not solved to the gap asked for: {', '.join(short)}")
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
