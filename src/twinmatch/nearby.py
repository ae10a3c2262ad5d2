"""Identifiers that look like one that is not there: for messages."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["clipped", "hint_of", "nearest"]

#: So many identifiers are suggested.
_NEAREST = 3

#: Ids of registers have 8 to 20 letters; what is longer than this is none, and is not told in full.
_LONGEST = 80


def nearest(ids: Iterable[str], school: str) -> list[str]:
    """Return the identifiers that look most alike, best first."""
    if len(school) > _LONGEST:
        return []
    wanted = school.strip().casefold()
    folded: dict[str, str] = {}
    for one in ids:
        folded.setdefault(one.casefold(), one)
    if wanted in folded:
        return [folded[wanted]]
    # Comparing letter by letter with a hundred thousand takes seconds: those that share an end come first.
    half = max(2, len(wanted) // 2)
    some = [one for one in folded if one.startswith(wanted[:half]) or one.endswith(wanted[-half:])]
    some = some or [one for one in folded if len(one) == len(wanted)]
    return [folded[one] for one in get_close_matches(wanted, some[:20_000], n=_NEAREST, cutoff=0.5)]


def clipped(value: object) -> str:
    """Return a value as Python writes it, cut short where it is endless."""
    written = repr(value)
    return written if len(written) <= _LONGEST else f"{written[: _LONGEST - 20]}... ({len(written):,} long)"


def hint_of(ids: Iterable[str], school: str) -> str:
    """Return the sentence that names them."""
    near = nearest(ids, school)
    return f"The nearest ids are {', '.join(map(repr, near))}." if near else "No id comes near it."
