"""Words and numbers of a report in one language."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

from twinmatch.explaining.terms import label
from twinmatch.explaining.words import check_language, polished

__all__ = ["Words"]

_NARROW: Final = "\N{NARROW NO-BREAK SPACE}"
_TIMES: Final = "\N{MULTIPLICATION SIGN}"


class Words:
    """
    What a report says, in one language.

    Parameters
    ----------
    lang : {"en", "fr"}

    Raises
    ------
    InputError
        If the language is another one.

    Examples
    --------
    >>> Words("en").number(64541), Words("en").percent(0.441)
    ('64,541', '44.1%')
    """

    def __init__(self, lang: str = "en") -> None:
        check_language(lang, "report")
        self.lang = lang
        read = _read(self.lang)
        self.phrases = {key: polished(lang, phrase) for key, phrase in read["phrases"].items()}
        self.countries: dict[str, str] = read["countries"]

    def __getitem__(self, key: str) -> str:
        return self.phrases[key]

    def say(self, key: str, **parts: str | int) -> str:
        """Return a phrase with its gaps filled; whole numbers are written as the language writes them."""
        told = {name: self.number(part) if isinstance(part, int) else part for name, part in parts.items()}
        return self.phrases[key].format(**told)

    def value(self, grouping: str, value: str) -> str:
        """Return what a value of a column is called; one without a name of its own is called as it is."""
        return self.phrases.get(f"{grouping} {value}", value)

    def criterion(self, name: str) -> str:
        """Return what a criterion is called; one with a name of its own keeps it."""
        return label(self.lang, "criterion", name)

    def levels(self, text: str) -> str:
        """Return the names of levels that a table writes as ``0;1``."""
        return ", ".join(self.value("level", one or "unknown") for one in text.split(";"))

    def country(self, code: str) -> str:
        """Return the name of a country, or its code where it is not known."""
        return self.countries.get(code, code) or self["unknown"]

    def number(self, value: float) -> str:
        """Return a number, rounded to a whole one."""
        text = f"{round(value):,}".replace("-", "\N{MINUS SIGN}")
        return text if self.lang == "en" else text.replace(",", _NARROW)

    def percent(self, share: float, digits: int = 1) -> str:
        """
        Return a share as a percentage.

        It says 100% and 0% only of all and of nothing: what is between them does not round to them.
        """
        least = 10.0**-digits
        shown = 100 * share
        if 0 < share < 1:
            shown = min(max(round(shown, digits), least), 100 - least)
        text = f"{shown:.{digits}f}" if 0 < share < 1 else f"{shown:.0f}"
        return f"{text}%" if self.lang == "en" else f"{text.replace('.', ',')}{_NARROW}%"

    def small(self, share: float) -> str:
        """Return a share that may be very small, with two digits that count."""
        if share == 0 or share >= 1e-3:
            return self.percent(share)
        digits, power = re.fullmatch(r"(.+)e-0*(\d+)", f"{100 * share:.1e}").groups()  # type: ignore[union-attr]
        text = f"{digits} {_TIMES} 10⁻{power.translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
        return f"{text}%" if self.lang == "en" else f"{text.replace('.', ',')}{_NARROW}%"

    def pairs(self, count: int) -> str:
        """Return a number of pairs with its noun."""
        one, _, many = self["n pairs"].partition("|")
        return (one if count == 1 else many).format(n=self.number(count))


@cache
def _read(lang: str) -> dict[str, Any]:
    """Return the phrases of a language, and what it calls countries."""
    text = files("twinmatch.reporting").joinpath(f"{lang}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
