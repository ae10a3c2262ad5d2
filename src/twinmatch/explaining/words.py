"""Numbers, nouns and values in English and in French."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twinmatch.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction

__all__ = [
    "LANGUAGES",
    "check_language",
    "count",
    "listed",
    "number",
    "polished",
    "quoted",
    "signed",
    "value",
]

LANGUAGES: Final = ("en", "fr")

_NOUNS: Final = {
    "point": (("point", "points"), ("point", "points")),
    "unit": (("unit", "units"), ("unité", "unités")),
    "school": (("school", "schools"), ("établissement", "établissements")),
    "partner": (("partner", "partners"), ("partenaire", "partenaires")),
    "place": (("place", "places"), ("place", "places")),
    "pair": (("pair", "pairs"), ("jumelage", "jumelages")),
}

_LANGUAGE_NAMES: Final = {
    "bg": ("Bulgarian", "bulgare"),
    "br": ("Breton", "breton"),
    "ca": ("Catalan", "catalan"),
    "co": ("Corsican", "corse"),
    "cs": ("Czech", "tchèque"),
    "da": ("Danish", "danois"),
    "de": ("German", "allemand"),
    "el": ("Greek", "grec"),
    "en": ("English", "anglais"),
    "es": ("Spanish", "espagnol"),
    "et": ("Estonian", "estonien"),
    "eu": ("Basque", "basque"),
    "fi": ("Finnish", "finnois"),
    "fr": ("French", "français"),
    "ga": ("Irish", "irlandais"),
    "gl": ("Galician", "galicien"),
    "hr": ("Croatian", "croate"),
    "hu": ("Hungarian", "hongrois"),
    "it": ("Italian", "italien"),
    "lb": ("Luxembourgish", "luxembourgeois"),
    "lt": ("Lithuanian", "lituanien"),
    "lv": ("Latvian", "letton"),
    "mt": ("Maltese", "maltais"),
    "nl": ("Dutch", "néerlandais"),
    "pl": ("Polish", "polonais"),
    "pt": ("Portuguese", "portugais"),
    "ro": ("Romanian", "roumain"),
    "ru": ("Russian", "russe"),
    "sk": ("Slovak", "slovaque"),
    "sl": ("Slovene", "slovène"),
    "sv": ("Swedish", "suédois"),
    "tr": ("Turkish", "turc"),
}
_LEVEL_NAMES: Final = {
    "0": ("early childhood", "préélémentaire"),
    "1": ("primary", "élémentaire"),
    "2": ("lower secondary", "premier cycle du secondaire"),
    "3": ("upper secondary", "second cycle du secondaire"),
}
_VALUES: Final = {
    "sector": {
        "public": ("public", "public"),
        "private": ("private", "privé"),
        "public-funded": ("private, publicly funded", "privé sous financement public"),
    },
    "setting": {"rural": ("rural", "rural"), "urban": ("urban", "urbain")},
    "languages": _LANGUAGE_NAMES,
    "levels": _LEVEL_NAMES,
}


def check_language(lang: object, asked: str = "language") -> None:
    """
    Refuse a language that nothing is written in.

    Parameters
    ----------
    lang : object
    asked : str, optional
        What was called, for the head of the error.

    Raises
    ------
    InputError
        Which names those that are there.
    """
    if faults := language_faults(lang):
        raise InputError(asked, faults)


def language_faults(lang: object) -> list[Fault]:
    """Return what is wrong with a language: nothing is written in it."""
    known = " or ".join(map(repr, LANGUAGES))
    return [] if lang in LANGUAGES else [Fault("lang", f"must be {known}, not {lang!r}")]


def number(lang: str, what: float | Fraction) -> str:
    """Return a number with its thousands apart; rounded to whole ones."""
    whole: int = round(what)
    text = f"{abs(whole):,}"
    text = text if lang == "en" else text.replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"\N{MINUS SIGN}{text}" if whole < 0 else text


def signed(lang: str, what: int) -> str:
    """Return a difference with its sign."""
    return ("+" if what > 0 else "") + number(lang, what)


def count(lang: str, what: float | Fraction, noun: str) -> str:
    """Return so many things: in French what is below two is one."""
    one, many = _NOUNS[noun][lang == "fr"]
    size = abs(float(what))
    is_one = size < 2 if lang == "fr" else size == 1
    return f"{number(lang, what)}\N{NO-BREAK SPACE}{one if is_one else many}"


def listed(lang: str, words: Iterable[str]) -> str:
    """Return words as a list with *and* before the last."""
    *some, last = [*words] or [""]
    return f"{', '.join(some)} {'and' if lang == 'en' else 'et'} {last}" if some else last


def quoted(lang: str, text: str) -> str:
    """Return a name in quotation marks."""
    return f"“{text}”" if lang == "en" else f"«\N{NO-BREAK SPACE}{text}\N{NO-BREAK SPACE}»"


def value(lang: str, kind: str, word: str) -> str:
    """Return a value of a table in words; as it is where there are none for it."""
    known: Mapping[str, tuple[str, str]] = _VALUES.get(kind, {})
    return known[word][lang == "fr"] if word in known else word


def polished(lang: str, text: str) -> str:
    """Return a French text with the spaces that French typography asks for; an English one as it is."""
    if lang == "en":
        return text
    for mark in ("?", "!", ";"):
        text = text.replace(f" {mark}", f"\N{NARROW NO-BREAK SPACE}{mark}")
    for plain, better in (
        (" :", "\xa0:"),
        ("« ", "«\xa0"),
        (" »", "\xa0»"),
        (" %", "\xa0%"),
        ("'", "\N{RIGHT SINGLE QUOTATION MARK}"),
    ):
        text = text.replace(plain, better)
    return text
