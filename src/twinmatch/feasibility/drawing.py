"""Rows that were counted, as columns for a frame and as lines for a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["drawn", "typed"]

#: Columns that hold words; all others hold whole numbers.
_TEXT: Final = frozenset({"language", "country", "rule", "column", "value", "quota", "verdict"})
#: Words in a drawn table are so wide at most; of longer ones so many letters of the begin, and the end, stay.
WIDEST, BEGIN = 40, 10


def typed(rows: dict[str, list[Any]]) -> dict[str, Any]:
    """Return columns of words and of whole numbers, also where there is no row."""
    typed: dict[str, Any] = {}
    for name, values in rows.items():
        if name in _TEXT:
            typed[name] = np.array(values, dtype=object)
        else:
            top = np.iinfo(np.int64).max
            typed[name] = np.array([top if value is None else value for value in values], np.int64)
    return typed


def drawn(name: str, rows: dict[str, list[Any]], most: int) -> list[str]:
    """Return the first rows of a table as lines of a fixed width."""
    if not rows or not next(iter(rows.values())):
        return []
    count = len(next(iter(rows.values())))
    chosen: Sequence[int] = range(count)
    if name == "demand":
        chosen = [k for k in chosen if rows["language"][k] == "any"]
    if name == "quotas":  # what is wrong first
        order = {"impossible": 0, "contradicts another": 1, "": 2}
        chosen = sorted(chosen, key=lambda k: order.get(rows["verdict"][k], 3))
    cells = [list(rows)]
    for k in chosen[:most]:
        values = [column[k] for column in rows.values()]
        cells.append(["" if v is None else _cut(v) if isinstance(v, str) else f"{v:,}" for v in values])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["", f"  {name}"]
    for row in cells:
        lined = [
            cell.ljust(width) if header in _TEXT else cell.rjust(width)
            for cell, width, header in zip(row, widths, rows, strict=True)
        ]
        lines.append(("    " + "  ".join(lined)).rstrip())
    if len(chosen) > most:
        lines.append(f"    and {len(chosen) - most:,} more")
    return lines


def _cut(word: str) -> str:
    """Return a long word without its middle: names of groups differ at their ends."""
    return word if len(word) <= WIDEST else f"{word[:BEGIN]}…{word[BEGIN + 1 - WIDEST :]}"
