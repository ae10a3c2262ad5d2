"""
A matching as one page of HTML, complete in itself.

Nothing is fetched: pictures are in the page, the search is a short script in the page, and a policy in its
head forbids the browser to load anything else or to run any other script. The same matching gives the same
bytes.
"""

from __future__ import annotations

import base64
import hashlib
import os
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from twinmatch.reporting import charts, figures, listing, maps, summary, tables
from twinmatch.reporting.markup import Html, block, joined
from twinmatch.reporting.words import Words

if TYPE_CHECKING:
    from twinmatch.certify import Certificate
    from twinmatch.matching import Matching

__all__ = ["page", "report"]


def report(matching: Matching, path: str | os.PathLike[str], *, lang: str = "en") -> Path:
    """Write the report of a matching; see :meth:`twinmatch.Matching.report`."""
    target = Path(path)
    text = page(matching, lang=lang)
    target.parent.mkdir(parents=True, exist_ok=True)
    # In one step, so that nobody reads half a report.
    half = target.with_name(f".{target.name}.{os.getpid()}")
    half.write_bytes(text.encode("utf-8", "replace"))
    half.replace(target)
    return target


def page(matching: Matching, *, lang: str = "en") -> str:
    """
    Return the report of a matching as HTML.

    Parameters
    ----------
    matching : Matching
        It is verified first, unless that was done before.
    lang : {"en", "fr"}

    Raises
    ------
    InputError
        If the language is another one.
    MissingExtraError
        If there are pairs to draw, and matplotlib, altair or vl-convert is not installed.
    """
    words = Words(lang)
    has_pairs = summary.has_pairs(matching)
    if has_pairs:
        charts.altair()  # what is missing is said before the work
        maps.needed()
    certificate = _certificate(matching)
    sections = [summary.summary_section(matching, certificate, words)]
    if certificate is not None:
        sections.append(summary.certificate_section(matching, certificate, words))
    if has_pairs and len(tables.rows_of(matching)[0]):
        sections += [
            figures.map_section(matching, words),
            figures.partners_section(matching, words),
            figures.points_section(matching, words),
            figures.equity_section(matching, words),
        ]
    if has_pairs:
        sections += [
            listing.quotas_section(matching, words),
            listing.unmatched_section(matching, words),
            listing.table_section(matching, words),
        ]
    sections.append(listing.method_section(matching, words))
    return _document(matching, words, [one for one in sections if one], with_search=has_pairs)


def _certificate(matching: Matching) -> Certificate | None:
    """Return what the check found, checking now where nobody did."""
    found: Certificate | None = matching.__dict__.get("last_certificate")
    if found is None and matching.status != "NO_SOLUTION":
        found = matching.verify()
    return found


def _document(matching: Matching, words: Words, sections: list[Html], *, with_search: bool) -> str:
    title = words.say("title", schools=len(matching.left))
    script = _file("search.js") if with_search else ""
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
    head = joined(
        [
            Html('<meta charset="utf-8">\n'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{rule}">\n'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">\n'),
            Html('<meta name="color-scheme" content="light">\n'),
            Html('<link rel="icon" href="data:,">\n'),
            block("title", title),
            "\n",
            block("style", Html(_file("report.css"))),
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
                block("p", words["subtitle"]),
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


def _file(name: str) -> str:
    return files("twinmatch.reporting").joinpath(name).read_text(encoding="utf-8")
