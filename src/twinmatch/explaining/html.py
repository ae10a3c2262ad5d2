"""A page as HTML: headings, captions, row and column titles, and nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from twinmatch.explaining.page import Items, Paragraph, Table

if TYPE_CHECKING:
    from twinmatch.explaining.page import Block, Page

__all__ = ["document", "fragment"]

# Dark on light and light on dark, both far above the contrast that is asked for (7:1).
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 0 auto;
  max-width: 62rem; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
p { max-width: 46rem; margin: .5rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0; }
caption { text-align: left; color: #444; padding: .25rem 0; }
th, td { border-bottom: 1px solid #bbb; padding: .35rem .75rem .35rem 0; text-align: left;
  vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tbody th { font-weight: 600; }
tfoot th, tfoot td { border-bottom: 0; font-weight: 600; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #161616; } caption { color: #ccc; }
  th, td { border-color: #555; } }
@media print { body { max-width: none; padding: 0; color: #000; background: #fff; } h2 { break-after: avoid; }
  tr { break-inside: avoid; } .wide { overflow: visible; } }
"""

# A browser runs nothing that a page holds, and fetches nothing for it.
_RULE = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def document(page: Page) -> str:
    """Return a complete page, readable on a phone and on paper."""
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(page.lang)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_RULE}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(page.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{_content(page, 1)}\n</main>\n</body>\n</html>\n"
    )


def fragment(page: Page) -> str:
    """Return a part of a page, for notebooks: headings start further down."""
    return f'<div class="twinmatch" lang="{escape(page.lang)}">\n{_content(page, 3)}\n</div>'


def _content(page: Page, level: int) -> str:
    parts = [f"<h{level}>{_text(page.title)}</h{level}>", *(f"<p>{_text(text)}</p>" for text in page.lead)]
    for section in page.sections:
        parts.append(f"<section>\n<h{level + 1}>{_text(section.title)}</h{level + 1}>")
        parts += [_block(block) for block in section.blocks]
        parts.append("</section>")
    return "\n".join(parts)


def _block(block: Block) -> str:
    match block:
        case Paragraph(text):
            return f"<p>{_text(text)}</p>"
        case Items(items):
            return "<ul>\n" + "\n".join(f"<li>{_text(item)}</li>" for item in items) + "\n</ul>"
        case Table():
            return _table(block)


def _table(table: Table) -> str:
    head = "".join(_cell("th", text, at in table.numbers, "col") for at, text in enumerate(table.head))
    titles = table.titles or tuple(row[0] for row in table.rows)
    rows = ((title, *row[1:]) for title, row in zip(titles, table.rows, strict=True))
    body = "\n".join(f"<tr>{_row(row, table.numbers)}</tr>" for row in rows)
    foot = f"<tfoot><tr>{_row(table.foot, table.numbers)}</tr></tfoot>\n" if table.foot else ""
    # A table that is wider than a phone scrolls by itself; it can be reached by keyboard.
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{_text(table.caption)}">\n'
        f"<table>\n<caption>{_text(table.caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n{foot}</table>\n</div>"
    )


def _row(row: tuple[str, ...], numbers: tuple[int, ...]) -> str:
    first = _cell("th", row[0], 0 in numbers, "row")
    return first + "".join(_cell("td", text, at in numbers) for at, text in enumerate(row) if at)


def _cell(tag: str, text: str, is_number: bool, scope: str = "") -> str:
    attributes = (f' scope="{scope}"' if scope else "") + (' class="number"' if is_number else "")
    return f"<{tag}{attributes}>{_text(text)}</{tag}>"


def _text(text: str) -> str:
    """Return a text as HTML shows it, without letters that it must not hold."""
    return escape("".join(letter if letter >= " " or letter in "\n\t" else " " for letter in text))
