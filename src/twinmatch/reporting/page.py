"""
A matching as one page of HTML, complete in itself.

Nothing is fetched: pictures are in the page, the search is a short script in the page, and a policy in its
head forbids the browser to load anything else or to run any other script. The same matching gives the same
bytes.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from twinmatch.reporting import charts, figures, listing, maps, summary, tables
from twinmatch.reporting.document import document, written
from twinmatch.reporting.words import Words

if TYPE_CHECKING:
    import os

    from twinmatch.certify import Certificate
    from twinmatch.matching import Matching

__all__ = ["page", "report"]


def report(matching: Matching, path: str | os.PathLike[str], *, lang: str = "en") -> Path:
    """Write the report of a matching; see :meth:`twinmatch.Matching.report`."""
    return written(Path(path), page(matching, lang=lang))


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
    script = ""
    if has_pairs:
        script = files("twinmatch.reporting").joinpath("search.js").read_text(encoding="utf-8")
    title = words.say("title", schools=len(matching.left))
    return document(words, title, words["subtitle"], [one for one in sections if one], script)


def _certificate(matching: Matching) -> Certificate | None:
    """Return what the check found, checking now where nobody did."""
    found: Certificate | None = matching.__dict__.get("last_certificate")
    if found is None and matching.status != "NO_SOLUTION":
        found = matching.verify()
    return found
