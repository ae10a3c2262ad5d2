"""What changed between two matchings, on one screen, as text and as HTML."""

from __future__ import annotations

import html
import textwrap
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinmatch.repairing.diff import Diff

__all__ = ["as_html", "as_text"]

_LINES, _LEAST, _NOTES, _WIDE = 18, 3, 4, 100


class _Block(NamedTuple):
    """Some rows of one kind."""

    title: str
    lines: list[str]
    more: int


def as_text(diff: Diff) -> str:
    """Return the difference as lines of at most 100 columns: numbers first, then the schools concerned."""
    lines = [_title(diff)]
    width = max(len(name) for name, _, _ in _numbers(diff))
    long = max(len(value) for _, value, _ in _numbers(diff))
    for name, value, remark in _numbers(diff):
        lines.append(f"  {name.ljust(width)}  {value.rjust(long)}  {remark}".rstrip())
    for block in _blocks(diff):
        lines += ["", f"  {block.title}", *(f"    {line}" for line in block.lines)]
        if block.more:
            lines.append(f"    and {block.more:,} more")
    lines += [""] if diff.notes else []
    for note in diff.notes[:_NOTES]:
        lines += textwrap.wrap(note, _WIDE, initial_indent="  ", subsequent_indent="    ")
    if len(diff.notes) > _NOTES:
        lines.append(f"  and {len(diff.notes) - _NOTES:,} more of the kind")
    return "\n".join(lines)


def as_html(diff: Diff) -> str:
    """Return the same for a notebook."""
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left">{html.escape(name)}</th>'
        f'<td style="text-align:right">{html.escape(value)}</td>'
        f'<td style="text-align:left">{html.escape(remark)}</td></tr>'
        for name, value, remark in _numbers(diff)
    )
    lists = ""
    for block in _blocks(diff):
        items = "".join(f"<li>{html.escape(line)}</li>" for line in block.lines)
        items += f"<li>and {block.more:,} more</li>" if block.more else ""
        lists += f"<p>{html.escape(block.title)}</p><ul>{items}</ul>"
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in diff.notes[:_NOTES])
    if len(diff.notes) > _NOTES:
        notes += f"<p>and {len(diff.notes) - _NOTES:,} more of the kind</p>"
    title = html.escape(_title(diff))
    return (
        f'<div><table><caption style="text-align:left"><strong>{title}</strong></caption>'
        f"<tbody>{rows}</tbody></table>{lists}{notes}</div>"
    )


def _title(diff: Diff) -> str:
    moved, kept = diff.counts["moved"], diff.counts["kept"]
    return f"Diff: {kept:,} {_pairs(kept)} kept, {moved:,} moved; {diff.status}, gap {diff.gap:,}"


def _numbers(diff: Diff) -> list[tuple[str, str, str]]:
    """Return a name, a number and a remark for each line."""
    counts = diff.counts
    change = diff.points_change
    found = [
        ("kept", f"{counts['kept']:,}", "pairs as before"),
        ("moved", f"{counts['moved']:,}", "schools with another partner"),
        ("paired", f"{counts['paired']:,}", "new pairs of schools without a partner before"),
        ("lost", f"{counts['lost']:,}", "pairs with nobody instead"),
        ("gone", f"{counts['gone']:,}", "schools of either side that left"),
        ("joined", f"{counts['joined']:,}", "schools of either side that are new"),
        (
            "covered",
            f"{diff.coverage_after:,}",
            f"{diff.coverage_after - diff.coverage_before:+,} schools with a partner"
            + (f"; {diff.reach}" if diff.reach else ""),
        ),
        ("points", f"{diff.points_after:,}", f"{change:+,} against before"),
    ]
    if diff.bonus:
        found.append(("bonus", f"{diff.bonus:,}", "points for kept pairs, besides"))
    if counts["places"]:
        found.append(("places", f"{counts['places']:,}", "partners that may have more or fewer pairs"))
    return found


def _blocks(diff: Diff) -> list[_Block]:
    """Return the schools concerned, the first few of each kind."""
    blocks = []
    room = _LINES
    waiting = sum(1 for name, _, _ in _TOLD if diff.rows[name])
    why = _why(diff)
    for name, title, say in _TOLD:
        rows = diff.rows[name]
        if rows:
            waiting -= 1
            most = max(_LEAST, room - _LEAST * waiting)  # the others keep what they need at least
            shown = rows if len(rows) == most + 1 else rows[:most]
            room -= len(shown)
            cells = [(*say(row), *((why(row),) if name == "lost" else ())) for row in shown]
            width = [max(len(line[at]) for line in cells) for at in range(len(cells[0]))]
            lines = [
                "  ".join(cell.ljust(size) for cell, size in zip(line, width, strict=True)).rstrip()
                for line in cells
            ]
            blocks.append(_Block(title, lines, len(rows) - len(shown)))
    return blocks


def _moved(row: tuple[object, ...]) -> tuple[str, ...]:
    name, before, after, had, has = row
    change = int(str(has)) - int(str(had))
    return str(name), str(before), "->", str(after), f"{has:,} ({change:+,})"


def _lost(row: tuple[object, ...]) -> tuple[str, ...]:
    return str(row[0]), str(row[1])


def _why(diff: Diff) -> Callable[[tuple[object, ...]], str]:
    """Return what says why a pair is no more, as far as the difference shows."""
    fewer = {name for name, before, now in diff.rows["places"] if now < before}
    taken = {row[2] for row in diff.rows["moved"]} | {row[1] for row in diff.rows["paired"]}

    def why(row: tuple[object, ...]) -> str:
        if row[3]:
            return "the partner left"
        if row[1] in fewer:
            return "the partner has fewer places"
        return "the partner has another school" if row[1] in taken else "the two are paired no more"

    return why


def _paired(row: tuple[object, ...]) -> tuple[str, ...]:
    return str(row[0]), str(row[1]), f"{row[2]:,}"


def _school(row: tuple[object, ...]) -> tuple[str, ...]:
    return f"{row[0]} school", str(row[1])


def _place(row: tuple[object, ...]) -> tuple[str, ...]:
    return str(row[0]), f"{row[1]:,}", "->", f"{row[2]:,}"


def _pairs(count: int) -> str:
    return "pair" if count == 1 else "pairs"


_TOLD = (
    ("moved", "moved: school, partner before, partner now, points", _moved),
    ("lost", "lost: school, partner before, why", _lost),
    ("paired", "paired: school, partner, points", _paired),
    ("gone", "gone", _school),
    ("joined", "joined", _school),
    ("places", "places: partner, before, now", _place),
)
