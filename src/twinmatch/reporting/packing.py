"""
The table of all pairs, packed so that a national one fits into a page and is unpacked by the browser itself.

Columns are texts of one value a line, put into one JSON object, pressed with gzip (RFC 1952), and written in
base64, which has no character that HTML could take for its own: no name of a school can end the script that
holds it. Points are not packed: they are the sum of those by criterion.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

from twinmatch.explaining.translating import reason_in
from twinmatch.reporting import tables

if TYPE_CHECKING:
    from twinmatch.matching import Matching
    from twinmatch.reporting.words import Words

__all__ = ["packed"]

_TEXTS = (
    "left_id",
    "left_name",
    "left_city",
    "academie",
    "left_levels",
    "right_id",
    "right_name",
    "right_city",
    "country",
)
_KEYS = ("found", "found none", "page of", "no partner", "detail", "unknown")


def packed(matching: Matching, words: Words) -> str:
    """
    Return :func:`twinmatch.reporting.tables.everyone` and the words that show it, in base64.

    Parameters
    ----------
    matching : Matching
    words : Words

    Returns
    -------
    str
        ``base64(gzip(json))`` of an object with ``rows``, ``columns`` (a text of lines each), ``criteria``
        (names), ``points`` (a text of lines for each criterion), ``reasons`` (distinct ones), ``countries``
        and ``levels`` (what codes are called), ``words`` and ``lang``. The same matching gives the same text.
    """
    frame = tables.everyone(matching)
    columns = {name: [_line(value) for value in tables.column(frame, name)] for name in _TEXTS}
    names = [name for name, _ in matching._compiled.criteria]
    distinct: dict[str, int] = {"": 0}
    why = [
        distinct.setdefault(reason_in(words.lang, reason), len(distinct))
        for reason in tables.column(frame, "reason")
    ]
    content: dict[str, Any] = {
        "lang": words.lang,
        "rows": len(why),
        "columns": {name: "\n".join(values) for name, values in columns.items()},
        "criteria": [words.criterion(name) for name in names],
        "points": ["\n".join(map(str, tables.column(frame, f"points_{name}"))) for name in names],
        "why": "\n".join(map(str, why)),
        "reasons": list(distinct),
        "countries": {code: words.country(code) for code in sorted(set(columns["country"])) if code},
        "levels": {text: words.levels(text) for text in sorted(set(columns["left_levels"]))},
        "words": {key: words[key] for key in _KEYS},
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 9, mtime=0)).decode("ascii")


def _line(value: str) -> str:
    """Return a value without the characters that would end its line."""
    return " ".join(value.split()) if not value.isprintable() else value
