"""
The columns that twinmatch knows: what each one holds.

A table of schools may carry any other column along; these are the ones that rules and criteria
understand, and the only ones that are checked, by :mod:`twinmatch.tables.cells`. Contact data has no
place among them: :mod:`twinmatch.contacts` recognises it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COUNTRIES", "KNOWN", "REQUIRED", "Column", "Kind", "level_mask"]

Kind = Literal["text", "number", "whole", "flag", "vector"]

_ISO = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS "
    "BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE "
    "EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM "
    "HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC "
    "LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA "
    "NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW "
    "SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO "
    "TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "
)
COUNTRIES = frozenset(_ISO.split())
"""ISO 3166-1 alpha-2 codes."""


class Column(NamedTuple):
    """
    One known column.

    Attributes
    ----------
    kind : {"text", "number", "whole", "flag", "vector"}
        What a cell holds.
    meaning : str
        In words, with the unit.
    low, high : float
        Least and greatest value of a number.
    values : frozenset of str
        The only words allowed; empty where any are.
    pattern : str
        Regular expression that a whole text must match; empty where any text may stand.
    hint : str
        What a right cell looks like, for messages.
    """

    kind: Kind
    meaning: str
    low: float = -np.inf
    high: float = np.inf
    values: frozenset[str] = frozenset()
    pattern: str = ""
    hint: str = ""


_SECTORS = ("public", "private", "public-funded")

KNOWN: dict[str, Column] = {
    "id": Column("text", "national identifier, unique within the table"),
    "country": Column(
        "text",
        "ISO 3166-1 alpha-2",
        values=COUNTRIES,
        hint="Two capital letters; Greece is GR, the UK is GB.",
    ),
    "region": Column("text", "region or Land"),
    "dept": Column("text", "French département"),
    "academie": Column("text", "French académie"),
    "commune_insee": Column("text", "INSEE code of the French commune"),
    "city": Column("text", "as published"),
    "name": Column("text", "as published"),
    "type_raw": Column("text", "the register's own word for the type of school"),
    "levels": Column(
        "text",
        "ISCED levels taught: 0 pre-primary, 1 primary, 2 lower secondary, 3 upper secondary",
        pattern=r"[0-3](;[0-3])*",
        hint="Digits 0 to 3 with ';' between them, as in 0;1; leave it empty where it is not known.",
    ),
    "sector": Column(
        "text",
        "who runs the school; a trailing ? marks a guess",
        values=frozenset(word + mark for word in _SECTORS for mark in ("", "?")),
        hint="One of public, private, public-funded, with a trailing ? for a guess.",
    ),
    "lat": Column("number", "WGS 84 degrees north", -90, 90),
    "lon": Column("number", "WGS 84 degrees east", -180, 180),
    "geo_q": Column("whole", "1 the source's own point, 2 postcode or municipality, 3 city name", 1, 3),
    "size": Column("number", "pupils", 0, 10_000_000),
    "size_kind": Column("text", "what size counted: enrolled, capacity, ..."),
    "ips": Column("number", "France: indice de position sociale", 0),
    "ep": Column("text", "France: priority education"),
    "languages": Column("text", "languages learned, code or code:pupils, ';' between them"),
    "teach_lang": Column("text", "languages of instruction, ';' between them"),
    "setting": Column(
        "text", "rural or urban", values=frozenset({"rural", "urban"}), hint="One of rural, urban."
    ),
    "special": Column("text", "special setting, such as a hospital or a school for the deaf"),
    "tags": Column("text", "themes, ';' between them"),
    "state": Column(
        "text", "open or closed", values=frozenset({"open", "closed"}), hint="One of open, closed."
    ),
    "available": Column("flag", "the school agreed to be paired"),
    "embedding": Column("vector", "a vector of numbers, of one length in all rows"),
    "capacity": Column("whole", "how many partners the school can take", 0, 2**31 - 1),
    "year": Column("text", "year or years of the row's sources"),
    "source": Column("text", "where the row comes from"),
}
"""Every known column by name, in the order in which tables show them."""

REQUIRED = ("id", "country")


def level_mask(levels: Sequence[str | None]) -> np.ndarray:
    """Return a bit per ISCED level for each list of levels; 0 where it is not known."""
    return np.array(
        [sum(1 << int(one) for one in {*text.split(";")}) if text else 0 for text in levels], np.uint8
    )
