"""The matchings of all states on one screen: a line for each."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from twinmatch.europe.rows import believed
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinmatch.europe.result import StateMatchings
    from twinmatch.europe.rows import Row

__all__ = ["as_text"]

_WIDE = 100
_MISSING = "-"
_HEAD = (
    "state",
    "schools",
    "paired",
    "left out",
    "mean points",
    "gap",
    "most with",
    "status",
    "proof",
    "seconds",
)
#: Columns of words; those of numbers are set flush right.
_WORDS = frozenset({0, 7, 8})
_STOPPED = {Limit.DEADLINE: "time", Limit.CANCELLED: "stopped", Limit.MEMORY: "memory", Limit.GAP: "gap"}


def as_text(found: StateMatchings) -> str:
    """Return a line for each state and what they have in common, about 100 columns wide."""
    rows = found.rows
    cells = [list(_HEAD), *(_cells(row, found.pairs.get(row["state"], {})) for row in rows)]
    if len(rows) > 1:
        cells.append(_total(rows))
    width = [max(len(line[at]) for line in cells) for at in range(len(_HEAD))]
    lines = [
        "  ".join(
            ["", *(
                cell.ljust(size) if at in _WORDS else cell.rjust(size)
                for at, (cell, size) in enumerate(zip(line, width, strict=True))
            )]
        ).rstrip()
        for line in cells
    ]  # fmt: skip
    return "\n".join([_title(found), "", *lines, "", *_notes(found)])


def _title(found: StateMatchings) -> str:
    number = len(found.rows)
    states = "1 state" if number == 1 else f"{number} states"
    return f"{states}, each with the schools of all others, in a run of its own"


def _cells(row: Row, partners: Mapping[str, int]) -> list[str]:
    status = row["status"]
    limit = "" if row["limit"] is None else f" ({_STOPPED[Limit(row['limit'])]})"
    if status == Status.NO_SOLUTION and not row["seconds"]:
        status = "not reached"
    proof = {None: _MISSING, True: "holds", False: "REFUSED"}[row["verified"]]
    if row["kept"]:
        proof += ", kept"
    told = [*[_MISSING] * 5, status + limit, proof, f"{row['seconds']:.1f}"]
    if believed(row):
        told[:5] = [
            f"{row['paired']:,}",
            f"{row['left_out']:,}",
            _MISSING if row["mean_points"] is None else f"{row['mean_points']:,.0f}",
            f"{row['gap']:,}",
            _most(partners),
        ]
    return [row["state"], f"{row['schools']:,}", *told]


def _most(partners: Mapping[str, int]) -> str:
    """Return the state that most partners are of, and their share."""
    total = sum(partners.values())
    if not total:
        return _MISSING
    state = max(partners, key=lambda one: (partners[one], one))
    return f"{state} {partners[state] / total:.0%}"


def _total(rows: tuple[Row, ...]) -> list[str]:
    told = [row for row in rows if believed(row)]
    paired, alone = (sum(row[name] for row in told) for name in ("paired", "left_out"))
    schools = sum(row["schools"] for row in rows)
    pairs, points = (sum(row[name] for row in told) for name in ("pairs", "points"))
    mean = f"{points / pairs:,.0f}" if pairs else _MISSING
    seconds = sum(row["seconds"] for row in rows)
    return ["all", f"{schools:,}", f"{paired:,}", f"{alone:,}", mean, "", "", "", "", f"{seconds:.1f}"]


def _notes(found: StateMatchings) -> list[str]:
    """Return what both ways have in common, what is impossible and why, and who has no schools."""
    notes = [
        (
            "places",
            "count anew in each run: a school may be the partner in the runs of several states",
        )
    ]
    several = sum(number for times, number in found.partnerships.items() if times > 1)
    once = found.partnerships.get(1, 0)
    most = max(found.partnerships, default=0)
    if most:
        more = f", {several:,} of several, up to {most}" if several else ""
        notes.append(("partners", f"{once:,} schools are the partner of one other{more}"))
    if len(found.pairs) > 1:
        notes.append(("mutual", f"{found.mutual:,} pairs were found from both sides"))
    for row in found.rows:
        if row["status"] == Status.INFEASIBLE:
            why = row["why"] or "nothing keeps to all that the policy asks"
            notes.append((f"{row['state']} why", why))
    if found.without_schools:
        number = len(found.without_schools)
        states = "state has" if number == 1 else "states have"
        said = f"{number} member {states} no schools here: {' '.join(found.without_schools)}"
        notes.append(("without", said))
    lines = []
    for name, said in notes:
        for k, line in enumerate(textwrap.wrap(said, _WIDE - 14)):
            lines.append(f"  {'' if k else name:<12}{line}")
    return lines
