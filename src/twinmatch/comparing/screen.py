"""A comparison on one screen, as text and as HTML."""

from __future__ import annotations

import html
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinmatch.comparing.rows import Row

__all__ = ["as_html", "as_text"]

_MOST_ROWS, _MOST_NAME = 40, 28
_WIDE = 100
_MISSING = "-"
# The names of the table's columns, in two lines where that keeps the screen narrow.
_HEAD = (
    "",
    "coverage",
    "price\ncoverage",
    "points\nby first",
    "price\npoints",
    "changed",
    "largest\ncountry",
    "country\nevenness",
    "gap",
    "seconds",
)


def as_text(over: str, rows: Sequence[Row]) -> str:
    """Return a comparison in a line for each row, about 100 columns wide."""
    lines = [_title(over, rows), ""]
    heads = [name.split("\n") for name in _HEAD]
    upper, lower = [name[0] if len(name) > 1 else "" for name in heads], [name[-1] for name in heads]
    cells = [upper, lower, *(_cells(row) for row in rows[:_MOST_ROWS])]
    width = [max(len(line[at]) for line in cells) for at in range(len(_HEAD))]
    for line in cells:
        first, *rest = (
            cell.ljust(size) if not at else cell.rjust(size)
            for at, (cell, size) in enumerate(zip(line, width, strict=True))
        )
        lines.append("  ".join(["  " + first, *rest]).rstrip())
    if len(rows) > _MOST_ROWS:
        lines.append(f"  and {len(rows) - _MOST_ROWS:,} more in the table")
    notes = (textwrap.wrap(note, _WIDE, initial_indent="  ", subsequent_indent="  ") for note in _notes(rows))
    return "\n".join([*lines, "", *(line for note in notes for line in note)])


def as_html(over: str, rows: Sequence[Row]) -> str:
    """Return the same for a notebook."""
    head = "".join(
        f'<th scope="col" style="text-align:{"right" if at else "left"}">{html.escape(name)}</th>'
        for at, name in enumerate(one.replace("\n", " ") for one in _HEAD)
    )
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{html.escape(first)}</th>'
        + "".join(f'<td style="text-align:right">{html.escape(cell)}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in (_cells(row) for row in rows[:_MOST_ROWS])
    )
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in _notes(rows))
    if len(rows) > _MOST_ROWS:
        notes = f"<p>and {len(rows) - _MOST_ROWS:,} more in the table</p>{notes}"
    title = html.escape(_title(over, rows))
    return (
        f'<div><table><caption style="text-align:left"><strong>{title}</strong></caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}</div>"
    )


def _title(over: str, rows: Sequence[Row]) -> str:
    number = f"{len(rows)} way{'' if len(rows) == 1 else 's'} to pair the same schools"
    return f"{number}, over {over}" if over else number


def _cells(row: Row) -> list[str]:
    if row["coverage"] is None:
        return [_short(row["name"]), row["status"], *[_MISSING] * (len(_HEAD) - 3), f"{row['seconds']:.1f}"]
    worth = row["points_by_first"]
    share = row["largest_share"]
    return [
        _short(row["name"]),
        _number(row["coverage"]),
        _number(row["price_coverage"]),
        _number(worth) if worth is not None else _outside(row),
        _number(row["price_points"]),
        _number(row["changed"]),
        _MISSING if share is None else f"{row['largest_country']} {share:.1%}",
        _MISSING if row["country_evenness"] is None else f"{row['country_evenness']:.3f}",
        _number(row["gap"]),
        f"{row['seconds']:.1f}",
    ]


def _outside(row: Row) -> str:
    return _MISSING if row["not_admissible"] is None else f"({row['not_admissible']:,} not allowed)"


def _notes(rows: Sequence[Row]) -> list[str]:
    """Return what the columns mean, as far as it matters here."""
    first = rows[0]["name"]
    notes = [
        f"Points by first: of all pairs as {first!r} counts them. Prices in coverage and points, and changed "
        f"partners: against {first!r}.",
    ]
    if any(row["not_admissible"] for row in rows):
        notes.append(f"Where {first!r} does not allow some pairs, they have no points and no price.")
    if any(row["price_coverage"] for row in rows):
        notes.append("Prices in points compare where the price in coverage is the same.")
    return notes


def _short(name: str) -> str:
    return name if len(name) <= _MOST_NAME else name[: _MOST_NAME - 1] + "…"


def _number(value: Any) -> str:
    return _MISSING if value is None else f"{value:,}"
