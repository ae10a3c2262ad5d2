"""Member states of the European Union by date, and the official languages of their schools."""

from __future__ import annotations

from datetime import date
from typing import Final

__all__ = ["MEMBERS_AS_OF", "OFFICIAL_LANGUAGES", "members"]

MEMBERS_AS_OF: Final = date(2025, 1, 1)
"""The day on which the list was last checked; the default of rules that need a day."""

_ACCESSIONS: Final = {
    date(1958, 1, 1): "BE DE FR IT LU NL",
    date(1973, 1, 1): "DK GB IE",
    date(1981, 1, 1): "GR",
    date(1986, 1, 1): "ES PT",
    date(1995, 1, 1): "AT FI SE",
    date(2004, 5, 1): "CY CZ EE HU LT LV MT PL SI SK",
    date(2007, 1, 1): "BG RO",
    date(2013, 7, 1): "HR",
}
_WITHDRAWALS: Final = {"GB": date(2020, 2, 1)}  # the first day outside

OFFICIAL_LANGUAGES: Final = {
    "AT": ("de",),
    "BE": ("de", "fr", "nl"),
    "BG": ("bg",),
    "CY": ("el", "tr"),
    "CZ": ("cs",),
    "DE": ("de",),
    "DK": ("da",),
    "EE": ("et",),
    "ES": ("es",),
    "FI": ("fi", "sv"),
    "FR": ("fr",),
    "GB": ("en",),
    "GR": ("el",),
    "HR": ("hr",),
    "HU": ("hu",),
    "IE": ("en", "ga"),
    "IT": ("it",),
    "LT": ("lt",),
    "LU": ("de", "fr", "lb"),
    "LV": ("lv",),
    "MT": ("en", "mt"),
    "NL": ("nl",),
    "PL": ("pl",),
    "PT": ("pt",),
    "RO": ("ro",),
    "SE": ("sv",),
    "SI": ("sl",),
    "SK": ("sk",),
}
"""ISO 639-1 codes of the official languages of the whole state; regional ones are left out."""


def members(on: date) -> frozenset[str]:
    """
    Return the member states on a day.

    Parameters
    ----------
    on : datetime.date
        Any day from 1 January 1958 on. After ``MEMBERS_AS_OF`` the list is an assumption.

    Returns
    -------
    frozenset of str
        ISO 3166-1 alpha-2 codes. The GDR is not listed apart from Germany.

    Examples
    --------
    >>> from datetime import date
    >>> len(members(date(2020, 1, 31))), len(members(date(2020, 2, 1)))
    (28, 27)
    """
    joined = {code for day, codes in _ACCESSIONS.items() if day <= on for code in codes.split()}
    return frozenset(code for code in joined if on < _WITHDRAWALS.get(code, date.max))
