"""Contact data: recognised by a column's name or content, kept out of tables and of messages."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from twinmatch.columns import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

__all__ = ["PERSONAL", "holds_mail", "is_contact", "quoted", "safe_text", "shown_contact", "without_contact"]

_CONTACT = (
    "mail mails email emails courriel courriels mel adel telephone telephones tel phone phones "
    "telefon telefono telefone telefoon mobile portable fax telecopie web website site_web url urls "
    "homepage contact contacts directeur directrice director principal proviseur head headteacher "
    "headmaster headmistress rektor schulleiter dirigente respondent "
)
_CONTACT_WORDS = frozenset(_CONTACT.split())
_MAIL = r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}"
# As people write them, with a country's prefix or in pairs: a plain row of digits may be an identifier.
_PHONE = r"\+[0-9]{1,3}(?:[ ./()-]{0,2}[0-9]){7,12}|\b0[0-9](?:[ .][0-9]{2}){4}\b"
PERSONAL = f"{_MAIL}|{_PHONE}"
"""What mail addresses and telephone numbers look like."""

_NEUTRAL = (
    "numero number num no nr adresse address de du des la le l d e of the site web et and ecole school "
    "etablissement uai code nom name 1 2 "
)
_NEUTRAL_WORDS = frozenset(_NEUTRAL.split())


def is_contact(name: str) -> bool:
    """Return whether a column's name says that it holds contact data."""
    if name in KNOWN:
        return False
    words = [part for word in _words(name) for part in re.split("[0-9]+", word)]
    return not _CONTACT_WORDS.isdisjoint([*words, "".join(words)])


def safe_text(text: str) -> str:
    """Return text for a message, such as a file's name, without mail addresses and telephone numbers."""
    return re.sub(PERSONAL, "...", text)


def shown_contact(place: int, name: str) -> str:
    """Return how messages call a column of contact data: by its name, unless that may name a person."""
    words = _words(name)
    if _CONTACT_WORDS.union(_NEUTRAL_WORDS).issuperset(words) or "".join(words) in _CONTACT_WORDS:
        return name
    kind = next((word for word in words if word in _CONTACT_WORDS), "contact")
    return f"column {place} ({kind})"


def _words(name: str) -> list[str]:
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    plain = unicodedata.normalize("NFKD", split).encode("ascii", "ignore").decode().lower()
    return [word for word in re.split(r"[^a-z0-9]+", plain) if word]


def without_contact(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    """Return a text column without the cells that hold a mail or telephone number, and how many those are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.fill_null(pc.match_substring_regex(column, PERSONAL), False)
    number = int(pc.sum(found, min_count=0).as_py())
    return (pc.if_else(found, pa.scalar(None, column.type), column), number) if number else (column, 0)


def holds_mail(column: pa.ChunkedArray) -> bool:
    """Return whether an unknown text column holds what looks like mail addresses or telephone numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    return bool(pc.any(pc.match_substring_regex(column, PERSONAL)).as_py())


def quoted(words: Iterable[str], known: Iterable[str] = (), most: int = 3) -> str:
    """
    Return some of the words that nobody understands, for a message.

    Only codes, with no four letters and no five digits in a row, and words that are nearly one of the
    ``known``: anything else may be a person's name.
    """
    code = r"(?!.*[^\W\d_]{4})(?!.*[0-9]{5})[\w ;,/?+-]{1,10}"
    like = list(known)
    shown = [
        repr(word)
        for word in islice(words, 1_000)
        if re.fullmatch(code, word) or (len(word) < 20 and get_close_matches(word.lower(), like, 1))
    ][:most]
    return f": {', '.join(shown)}" if shown else ""
