"""A page as plain text, about a hundred letters wide."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from twinmatch.explaining.page import Items, Paragraph, Table

if TYPE_CHECKING:
    from twinmatch.explaining.page import Block, Page, Section

__all__ = ["text_of"]

_WIDTH = 100
_LEAST_LAST = 30
_MOST_CELL = 44
_GAP = "  "


def text_of(page: Page) -> str:
    """Return a page as lines; letters that move the cursor or hide are replaced."""
    lines = [*wrap(_clean(page.title), _WIDTH), *_lines(page.lead)]
    for section in page.sections:
        lines += ["", _loud(section)]
        for block in section.blocks:
            lines += _block(block)
    return "\n".join(line.rstrip() for line in lines)


def _loud(section: Section) -> str:
    """Return a title in capitals, but for the name and the id of a school: an id in capitals is another."""
    before, named, after = (
        section.title.partition(section.named) if section.named else (section.title, "", "")
    )
    return f"{_clean(before).upper()}{_clean(named)}{_clean(after).upper()}"


def _lines(paragraphs: tuple[str, ...]) -> list[str]:
    return [line for text in paragraphs for line in wrap(_clean(text), _WIDTH)]


def _block(block: Block) -> list[str]:
    match block:
        case Paragraph(text):
            return wrap(_clean(text), _WIDTH, initial_indent=_GAP, subsequent_indent=_GAP)
        case Items(items):
            return [
                line
                for item in items
                for line in wrap(_clean(item), _WIDTH, initial_indent="  - ", subsequent_indent="    ")
            ]
        case Table():
            return _compact(block) if block.compact else _table(block)


def _compact(table: Table) -> list[str]:
    rows = ["\xa0".join(_clean(cell).replace(" ", "\xa0") for cell in row if cell) for row in table.rows]
    # An id with hyphens stays whole.
    joined = " · ".join(rows)
    return wrap(joined, _WIDTH, initial_indent=_GAP, subsequent_indent=_GAP, break_on_hyphens=False)


def _table(table: Table) -> list[str]:
    """Set columns side by side; the last one takes what is left of the line, on as many lines as needed."""
    rows = [[_clean(cell) for cell in row] for row in (table.head, *table.rows, table.foot) if row]
    used = [column for column in range(len(table.head)) if any(row[column] for row in rows[1:])]
    rows = [[row[column] for column in used] for row in rows]
    right = {at for at, column in enumerate(used) if column in table.numbers}
    last = len(used) - 1
    widths = [min(_MOST_CELL, max(len(row[at]) for row in rows)) for at in range(len(used))]
    room = _WIDTH - sum(width + len(_GAP) for width in widths[:-1]) - len(_GAP)
    widths[last] = max(_LEAST_LAST, room) if last not in right else widths[last]
    lines = []
    for row in rows:
        cells = [wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
        for at in range(max(map(len, cells))):
            parts = [
                (cell[at] if at < len(cell) else "").rjust(width)
                if column in right
                else (cell[at] if at < len(cell) else "").ljust(width)
                for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ]
            lines.append(_GAP + _GAP.join(parts))
    return lines


def _clean(text: str) -> str:
    """Return a text without letters that a terminal would obey instead of showing."""
    return "".join(letter if letter.isprintable() or letter in "\xa0\u202f" else " " for letter in text)
