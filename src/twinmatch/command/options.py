"""Options that several commands have, and the values that they take."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from twinmatch.command.exits import Exit, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Commands: TypeAlias = "argparse._SubParsersAction[Parser]"

__all__ = [
    "Commands",
    "Parser",
    "add_capacity",
    "add_deadline",
    "add_gap",
    "add_mechanism_options",
    "add_run_options",
    "add_table_options",
    "add_telling_options",
    "add_threads",
    "bonus_of",
    "capacity_of",
    "count_of",
    "day_of",
    "deadline_of",
    "moves_of",
    "threads_of",
]

N = TypeVar("N", int, float)


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line in our voice."""

    def error(self, message: str) -> NoReturn:
        """End the program with one line."""
        raise SystemExit(say(Exit.BAD_INPUT, f"{message} (see {self.prog} --help)"))


def add_telling_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of what is told to people."""
    parser.add_argument("--lang", choices=("en", "fr"), default="en", help="language (default: en)")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as an HTML page, too")
    parser.add_argument("--json", action="store_true", help="print it as one JSON line")


def add_run_options(parser: argparse.ArgumentParser, *, gap: float) -> None:
    """Add the options of a run."""
    add_deadline(parser, "stop after this many seconds")
    add_gap(parser, gap)
    add_mechanism_options(parser)


def add_deadline(parser: argparse.ArgumentParser, said: str) -> None:
    """Add the seconds after which to stop."""
    parser.add_argument("--deadline", type=deadline_of, metavar="S", help=said)


def add_gap(parser: argparse.ArgumentParser, gap: float = 0.0) -> None:
    """Add the gap at which to stop."""
    said = "relative gap to stop at (default: %(default)g)"
    parser.add_argument("--gap", type=gap_of, default=gap, help=said)


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Add both tables, the policy and the places."""
    parser.add_argument("left", type=Path, metavar="LEFT", help="the schools that each want a partner")
    parser.add_argument("right", type=Path, metavar="RIGHT", help="the schools that offer places")
    parser.add_argument("--policy", type=Path, metavar="P.toml", help="default: systematic twinning")
    add_capacity(parser, "places per school of RIGHT: a column of it, or one number for all")


def add_capacity(parser: argparse.ArgumentParser, said: str) -> None:
    """Add the places of the right schools."""
    said += " (default: the column capacity where there is one, else 1)"
    parser.add_argument("--capacity", type=capacity_of, metavar="COLUMN|N", help=said)


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Add the number of threads."""
    parser.add_argument("--threads", type=threads_of, metavar="N", help="default: all cores")


def add_mechanism_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of how it is paired, and ``--json``."""
    add_threads(parser)
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
        "--seed", type=seed_of, metavar="N", help="with serial_dictatorship: of the lottery (default: 0)"
    )


def seed_of(text: str) -> int:
    """Read the seed of a lottery."""
    return number_of(text, int, "a whole number of 0 or more", lambda value: value >= 0)


def deadline_of(text: str) -> float:
    """Read seconds."""
    return number_of(text, float, "a positive number of seconds", lambda value: 0 < value < float("inf"))


def gap_of(text: str) -> float:
    """Read a relative gap."""
    return number_of(text, float, "a number from 0 up to 1", lambda value: 0 <= value < 1)


def threads_of(text: str) -> int:
    """Read a number of threads."""
    from twinmatch.threads import MOST_THREADS

    return number_of(
        text,
        int,
        f"a whole number of threads, from 1 to {MOST_THREADS:,}",
        lambda value: 1 <= value <= MOST_THREADS,
    )


def count_of(text: str) -> int:
    """Read how many are to be shown."""
    return number_of(text, int, "a whole number from 0 to 1,000", lambda value: 0 <= value <= 1_000)


def capacity_of(text: str) -> int | str:
    """Read a number of places, or else the name of a column."""
    if text.lstrip("-").isdigit():
        return number_of(text, int, "a number of places, 0 or more", lambda value: value >= 0)
    return text


def bonus_of(text: str) -> int:
    """Read points."""
    from twinmatch.policy.checks import MAX_WEIGHT

    said = f"a whole number of points from 0 to {MAX_WEIGHT:,}"
    return number_of(text, int, said, lambda value: 0 <= value <= MAX_WEIGHT)


def moves_of(text: str) -> int:
    """Read how many schools may move."""
    most = 2**31 - 1
    said = f"a whole number of schools from 0 to {most:,}"
    return number_of(text, int, said, lambda value: 0 <= value <= most)


def day_of(text: str) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-10-01") from None


def number_of(text: str, kind: type[N], wanted: str, fits: Callable[[N], bool]) -> N:
    """Read one number of an option, or say what was wanted."""
    try:
        value = kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}") from None
    if not fits(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return value
