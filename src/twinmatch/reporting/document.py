"""
The frame of a page of HTML: head, heading, links to its sections, and the sections.

Nothing is fetched: a policy in the head forbids the browser to load anything, or to run any script but the
one that is in the page.
"""

from __future__ import annotations

import base64
import hashlib
import os
from importlib.resources import files
from typing import TYPE_CHECKING

from twinmatch.reporting.markup import Html, block, joined

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from twinmatch.reporting.words import Words

__all__ = ["document", "written"]


def written(target: Path, text: str) -> Path:
    """Write a page, in one step, so that nobody reads half of it; folders on the way are made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.{os.getpid()}")
    half.write_bytes(text.encode("utf-8", "replace"))
    half.replace(target)
    return target


def document(words: Words, title: str, subtitle: str, sections: Sequence[Html], script: str = "") -> str:
    """
    Return a page.

    Parameters
    ----------
    words : Words
    title, subtitle : str
    sections : sequence of Html
        As :func:`~twinmatch.reporting.markup.section` makes them; the first is called ``summary``.
    script : str, optional
        The only one that may run.
    """
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    rule = "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            "style-src 'unsafe-inline'",
            f"script-src 'sha256-{allowed}'" if script else "script-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    style = files("twinmatch.reporting").joinpath("report.css").read_text(encoding="utf-8")
    head = joined(
        [
            Html('<meta charset="utf-8">\n'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{rule}">\n'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">\n'),
            Html('<meta name="color-scheme" content="light">\n'),
            Html('<link rel="icon" href="data:,">\n'),
            block("title", title),
            "\n",
            block("style", Html(style)),
        ]
    )
    links = (block("li", _link(one)) for one in sections)
    body = joined(
        [
            block("a", words["skip"], href="#summary", class_="skip"),
            block(
                "header",
                block("p", words["theme"], class_="theme"),
                block("h1", title),
                block("p", subtitle),
                block("nav", block("ul", *links), aria_label=words["contents"]),
            ),
            block("main", *(joined([one, "\n"]) for one in sections)),
            block("script", Html(script)) if script else "",
        ]
    )
    page = f"<head>\n{head}\n</head>\n<body>\n{body}\n</body>"
    return f'<!DOCTYPE html>\n<html lang="{words.lang}">\n{page}\n</html>\n'


def _link(section: Html) -> Html:
    """Return a link to a section, called as its heading is."""
    name = section.partition('<section id="')[2].partition('"')[0]
    title = section.partition("<h2")[2].partition(">")[2].partition("</h2>")[0]
    return block("a", Html(title), href=f"#{name}")
