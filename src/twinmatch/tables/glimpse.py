"""A table of schools at a glance: what there is to know of it, and its first rows, as text and as HTML."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from twinmatch.schools import Schools

__all__ = ["as_html", "as_text"]

_SHOWN: Final = ("id", "country", "academie", "region", "city", "name", "levels", "sector", "size")


def as_text(schools: Schools) -> str:
    """Return what a terminal shows."""
    first, *rest = _counts(schools)
    lines = [f"Schools: {first} ({schools.source})", *(f"  {word}" for word in rest)]
    if schools.dropped:
        lines.append(f"  dropped: {', '.join(schools.dropped)}")
    lines += [f"  {note}" for note in schools.report]
    names, rows = _head(schools, 5)
    if rows:
        cells = [[_short(cell) for cell in row] for row in [names, *rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
        lines += [
            "  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells
        ]
        if len(schools) > len(rows):
            lines.append("  ...")
    return "\n".join(lines)


def as_html(schools: Schools) -> str:
    """Return what a notebook shows."""
    names, rows = _head(schools, 5)
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_short(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    first, *rest = _counts(schools)
    if schools.dropped:
        rest.append(f"dropped: {', '.join(schools.dropped)}")
    notes = "<br>".join(html.escape(word) for word in [*rest, *schools.report])
    title = html.escape(f"{first} ({schools.source})")
    return (
        f"<div><strong>{title}</strong><br>{notes}"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _counts(schools: Schools) -> list[str]:
    """Say what there is to know at a glance."""
    words = [f"{len(schools):,} school{'' if len(schools) == 1 else 's'}"]
    counts = sorted(schools.table["country"].value_counts().to_pylist(), key=lambda one: -one["counts"])
    listed = [f"{one['values']} {one['counts']:,}" for one in counts[:8]]
    rest = [f"{len(counts) - 8} more countries"] if len(counts) > 8 else []
    if counts:
        words.append(", ".join([*listed, *rest]))
    taught = [f"{level}: {int((schools.levels >> level & 1).sum()):,}" for level in range(4)]
    words.append(f"levels {', '.join(taught)}, not known: {int((schools.levels == 0).sum()):,}")
    for name, called in (("lat", "coordinates"), ("size", "size")):
        known = len(schools) - schools.table[name].null_count if schools.has(name) else 0
        words.append(f"{called} known: {known:,}")
    if schools.has("capacity"):
        words.append(f"places: {int(np.nansum(schools.numbers('capacity'))):,}")
    return words


def _head(schools: Schools, rows: int) -> tuple[list[str], list[list[str]]]:
    """Return the names of a few columns, and the cells of the first rows."""
    names = [name for name in _SHOWN if schools.has(name) and schools.table[name].null_count < len(schools)][
        :7
    ]
    few = schools.table.slice(0, rows)
    cells = [["" if cell is None else str(cell) for cell in few[name].to_pylist()] for name in names]
    return names, [list(row) for row in zip(*cells, strict=True)]


def _short(cell: str, width: int = 32) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in cell)
    return text if len(text) <= width else text[: width - 1] + "…"
