"""Phrases in two languages, filled in: singular or plural, and numbers as each language writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["listed", "number", "said"]


def number(value: int, lang: str) -> str:
    """Return a whole number with its thousands apart."""
    return f"{value:,}".replace(",", "," if lang == "en" else "\N{NARROW NO-BREAK SPACE}")


def said(
    phrases: Mapping[str, Mapping[str, str]], lang: str, key: str, several: int = 1, **parts: str | int
) -> str:
    """
    Fill in a phrase.

    Parameters
    ----------
    phrases : mapping of str to mapping of str to str
        By language and key. Singular and plural are apart by a bar.
    lang : {"en", "fr"}
    key : str
    several : int, optional
        Of what there are so many: ``{n}``. Nothing is plural in English, and singular in French.
    **parts : str or int
    """
    one, _, many = phrases[lang][key].partition("|")
    plural = several != 1 and (several or lang == "en")
    told = {"n": several, **parts}
    filled = {name: part if isinstance(part, str) else number(part, lang) for name, part in told.items()}
    return (many if many and plural else one).format(**filled)


def listed(parts: Sequence[str], word: str) -> str:
    """Return parts as a list in words, with one such as " and " before the last."""
    return ", ".join(parts[:-1]) + (word if len(parts) > 1 else "") + "".join(parts[-1:])
