"""``twinmatch europe``: each state against all others, one after the other, and one report."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinmatch import terminal
from twinmatch.command.asked import mechanism, policy_and_columns, run_of
from twinmatch.command.costs import peak_mb
from twinmatch.command.exits import Exit, say
from twinmatch.command.files import read, writable, written
from twinmatch.command.noting import notes_of
from twinmatch.command.options import add_capacity, add_deadline, add_gap, add_mechanism_options
from twinmatch.errors import Fault, InputError
from twinmatch.interrupt import ctrl_c_asks
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from twinmatch.command.options import Commands
    from twinmatch.europe import StateMatchings
    from twinmatch.matching import Matching
    from twinmatch.schools import Schools
    from twinmatch.solvers.control import Progress

__all__ = ["add_europe"]

#: The page of all states, in the folder that was named.
_PAGE = "report.html"
#: Letters of the code of a state.
_CODE = 2
#: What arguments of the library are called here.
_OPTIONS = {"states": "--states", "right_capacity": "--capacity", "directory": "--out", "schools": "FILE"}


def add_europe(commands: Commands) -> None:
    """Add the command ``europe``."""
    parser = commands.add_parser(
        "europe",
        help="pair each state with all others, one after the other, with one report",
        description="Pair the schools of each state with those of all other states, one run for each; check "
        "each proof, save each matching in a folder of its own, and write one report. Called again, it keeps "
        "what was finished.",
    )
    parser.set_defaults(command=_europe)
    parser.add_argument(
        "files",
        type=Path,
        nargs="*",
        metavar="FILE",
        help="schools of any states, by their country (default: the bundled registers of seven states)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="save the results here")
    parser.add_argument(
        "--bundled",
        action="store_true",
        help="with FILE: the bundled registers, too, of the states that no FILE has schools of",
    )
    said = "pair only these, such as FR,RO; schools of the others are partners all the same"
    parser.add_argument("--states", metavar="STATE", nargs="+", action="extend", help=said)
    parser.add_argument("--policy", type=Path, metavar="P.toml", help="default: systematic twinning")
    add_capacity(parser, "places per school when it is a partner: a column, or one number for all")
    add_deadline(parser, "stop after this many seconds in all")
    add_gap(parser)
    add_mechanism_options(parser)
    parser.add_argument("--lang", choices=("en", "fr"), default="en", help="of the pages (default: en)")
    said = "write the report of all states only, and none for each"
    parser.add_argument("--no-pages", action="store_true", help=said)


def _europe(options: argparse.Namespace) -> Exit:
    """Pair each state with all others."""
    from twinmatch.europe import match_states

    policy, keep = policy_and_columns(options)
    chosen = mechanism(options)
    faults: list[Fault] = []
    states = _states(options.states, faults)
    schools = _schools(options, keep, faults)
    out: Path = options.out
    writable("--out", out, folder=True)
    pages, notes = _pages(options)
    told: list[str] = []
    try:
        with ctrl_c_asks() as asked, terminal.progress(_number(schools, states)) as on_progress:
            hear = _Hearer(on_progress, told)
            found = match_states(
                schools,
                policy,
                states=states,
                directory=out,
                pages=pages,
                on_state=hear.state,
                mechanism=chosen,
                **run_of(options, hear.progress if on_progress is not None else None, asked),
            )
    except InputError as error:  # there an option is an argument
        faults = [fault._replace(where=_as_option(fault.where)) for fault in error.faults]
        raise type(error)("europe" if error.subject == "match_states" else error.subject, faults) from error
    except KeyboardInterrupt:
        return say(Exit.INTERRUPTED, f"interrupted; the states that were finished are in {out}")
    page = written("--out", out / _PAGE, lambda path: found.report(path, lang=options.lang))
    terminal.tell([*notes, *told])
    if options.json:
        terminal.show(json.dumps({**found.to_dict(), "peak_mb": peak_mb(), "notes": [*notes, *told]}))
    else:
        terminal.show("\n".join([str(found), *_where(out, page)]))
    return _ended(found, options.gap, out, interrupted=asked.is_set())


def _as_option(where: str) -> str:
    """Return what an argument of the library is called here."""
    name, comma, rest = where.partition(",")
    return _OPTIONS.get(name, name) + comma + rest


class _Hearer:
    """One bar of progress for all states, and what there is to say of each."""

    def __init__(self, show: Callable[[Progress], None] | None, told: list[str]) -> None:
        self._show, self._told, self._paired = show, told, 0

    def progress(self, now: Progress) -> None:
        """Show how many are paired in all."""
        if self._show is not None:
            self._show(replace(now, matched=self._paired + now.matched))

    def state(self, row: dict[str, Any], matching: Matching | None) -> None:
        """Keep what there is to say of a state."""
        self._paired += row["paired"] or 0
        notes = [*row["notes"], *([] if matching is None else notes_of(matching))]
        self._told += [f"{row['state']}: {note}" for note in notes]


def _schools(options: argparse.Namespace, keep: frozenset[str], faults: list[Fault]) -> list[Schools]:
    """Read all tables; where several files are wrong, say so of each, and of what was wrong before."""
    from twinmatch.datasets import france_eu
    from twinmatch.registers import read_schools

    hint = "Give files of schools."
    tables: list[Schools] = []
    for path in options.files:
        try:
            tables.append(read("FILE", path, lambda path: read_schools(path, keep=keep), hint))
        except InputError as error:
            faults += [fault._replace(where=f"{error.subject}: {fault.where}") for fault in error.faults]
        except OSError as error:
            faults.append(Fault(str(path), str(error).removeprefix(f"FILE {path} ")))
    if faults:
        raise InputError("europe", faults)
    if not options.files:
        return [*france_eu()]
    if options.bundled:
        given = {state for table in tables for state in table.strings("country").tolist()}
        for table in france_eu():
            others = [state not in given for state in table.strings("country").tolist()]
            tables.append(table.take(others))
    return tables


def _states(words: list[str] | None, faults: list[Fault]) -> list[str] | None:
    """Return the states of a list such as ``FR,RO``, or ``FR RO``; a file that follows it is no state."""
    if words is None:
        return None
    files = [word for word in words if len(word) != _CODE and os.path.isfile(word)]
    hint = "Write files before options: twinmatch europe FILE --states FR,RO."
    faults += [Fault("--states", f"takes countries, and {file} is a file", hint=hint) for file in files]
    return [one.strip().upper() for one in ",".join(words).split(",") if one.strip()]


def _number(tables: list[Schools], states: list[str] | None) -> int:
    """Return how many schools are to be paired."""
    if states is None:
        return sum(map(len, tables))
    return sum(state in states for table in tables for state in table.strings("country").tolist())


def _pages(options: argparse.Namespace) -> tuple[str | None, list[str]]:
    """Return the language of the pages of states, None for no pages, and why there are none."""
    if options.no_pages:
        return None, []
    from twinmatch.errors import MissingExtraError
    from twinmatch.reporting import charts, maps

    try:
        charts.altair()
        maps.needed()
    except MissingExtraError as error:
        return None, [f"there is no page for each state: {error}"]
    lang: str = options.lang
    return lang, []


def _where(out: Path, page: Path) -> list[str]:
    return [
        f"  {'memory':<12}{peak_mb():,.0f} MB at most",
        f"  {'saved in':<12}{out}, a folder for each state (check again with: twinmatch verify {out}/STATE)",
        f"  {'report':<12}{page}",
    ]


def _ended(found: StateMatchings, gap: float, out: Path, *, interrupted: bool) -> Exit:
    """Say on stderr what needs saying, and return the exit code: that of the worst run."""

    def which(holds: Callable[[dict[str, Any]], bool]) -> str:
        return ", ".join(row["state"] for row in found.rows if holds(row))

    again = "the same command goes on from there"
    if interrupted:
        return say(Exit.INTERRUPTED, f"interrupted; what was found by then is in {out}, and {again}")
    if refused := which(lambda row: row["verified"] is False):
        return say(
            Exit.REFUSED, f"a proof was refused: {refused}; do not use that result, and please report it"
        )
    if impossible := which(lambda row: row["status"] == Status.INFEASIBLE):
        return say(Exit.INFEASIBLE, f"infeasible: nothing satisfies the policy for {impossible}")
    if short := which(lambda row: _is_short(row, gap)):
        said = f"not solved to the gap asked for: {short}; what was found is in {out}, and {again}"
        return say(Exit.NO_PROOF, said)
    return Exit.DONE


def _is_short(row: dict[str, Any], gap: float) -> bool:
    """Return whether a run ended before what was asked for was proven."""
    if row["status"] == Status.FEASIBLE:
        return row["limit"] in (Limit.DEADLINE, Limit.MEMORY) or bool(row["relative_gap"] > gap)
    return bool(row["status"] == Status.NO_SOLUTION)
