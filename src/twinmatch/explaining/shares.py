"""What a pair is worth, criterion by criterion, and what in the two rows led to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinmatch.graph.terms import DistanceTerm, DotTerm, LinearTerm, TableTerm, TagsTerm
from twinmatch.policy.coding import EARTH_RADIUS_KM, encode
from twinmatch.policy.criteria import (
    CountryTable,
    Distance,
    Kept,
    LanguageFit,
    LevelOverlap,
    SameSector,
    SameSetting,
    SharedTags,
    SizeSimilarity,
    SocialPosition,
)
from twinmatch.policy.languages import profiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinmatch.matching import Matching
    from twinmatch.schools import Schools

__all__ = ["Facts", "Share", "shares_of"]


class Facts(NamedTuple):
    """
    What a criterion looked at.

    Attributes
    ----------
    what : str
        Kind of value: ``languages``, ``levels``, ``pupils``, ``km``, ``sector``, ``setting``, ``number``,
        ``tags``, ``country``, ``kept``; empty where there is nothing simple to show.
    left, right : tuple of str
        Of each school; empty where it is not known.
    common : tuple of str
        What they have in common, or the kilometres between them.
    """

    what: str = ""
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    common: tuple[str, ...] = ()


class Share(NamedTuple):
    """
    What one criterion gives a pair.

    Attributes
    ----------
    name, kind : str
        Of the criterion, as in the policy.
    points : int
    most : int or None
        The most that it gives any pair; None where that is not known.
    unknown : bool
        Whether the points are those of an unknown value.
    facts : Facts
    """

    name: str
    kind: str
    points: int
    most: int | None
    unknown: bool
    facts: Facts

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        facts: Mapping[str, Any] = self.facts._asdict()
        return {
            "criterion": self.name,
            "kind": self.kind,
            "points": self.points,
            "most": self.most,
            "unknown": self.unknown,
            **{name: list(value) for name, value in facts.items() if name != "what"},
        }


def shares_of(matching: Matching, i: int, j: int) -> tuple[Share, ...]:
    """
    Return what each criterion gives a pair, largest first; they add up to its points.

    Parameters
    ----------
    matching : Matching
    i, j : int
        Rows of the two schools.
    """
    one = matching.left.take([i]), matching.right.take([j])
    rows = np.array([i]), np.array([j])
    shares = []
    for part, (name, term) in zip(matching.policy.criteria, matching._compiled.criteria, strict=True):
        points = int(term.points(*rows)[0])
        facts = _facts(part, term, one, i, j)
        most = None if part.weight is None else int(part.weight)
        shares.append(Share(name, part.kind, points, most, _is_unknown(part, term, facts, i, j), facts))
    return tuple(sorted(shares, key=lambda share: -share.points))  # sorted() keeps the order of the policy


def _is_unknown(part: Any, term: Any, facts: Facts, i: int, j: int) -> bool:
    """Return whether a value that the criterion needs is missing."""
    if isinstance(term, LinearTerm | DistanceTerm | TagsTerm | DotTerm):
        return not (term.left_known[i] and term.right_known[j])
    if isinstance(part, LanguageFit):  # countries speak for schools that list nothing, unless nothing fits
        nothing = int(term.points(np.array([i]), np.array([j]))[0]) == part.unknown
        return nothing and not facts.common
    if isinstance(part, LevelOverlap | SameSector | SameSetting):
        return not (facts.left and facts.right)
    return False


def _facts(part: Any, term: Any, one: tuple[Schools, Schools], i: int, j: int) -> Facts:
    match part:
        case LanguageFit():
            return _languages(part, one)
        case LevelOverlap():
            left, right = (tuple(_levels(int(schools.levels[0]))) for schools in one)
            return Facts("levels", left, right, tuple(sorted({*left} & {*right})))
        case SizeSimilarity():
            left, right = (
                _number(schools, "size", known[at])
                for schools, known, at in zip(one, (term.left_known, term.right_known), (i, j), strict=True)
            )
            return Facts("pupils", left, right)
        case Distance():
            return Facts("km", common=_kilometres(one) if term.left_known[i] and term.right_known[j] else ())
        case SameSector():
            return Facts("sector", *(_words(schools, "sector") for schools in one))
        case SameSetting() if isinstance(term, TableTerm):
            codes = int(term.left_code[i]), int(term.right_code[j])
            left, right = (((), ("rural",), ("urban",))[(code + 1) % 3] for code in codes)
            return Facts("setting", left, right)
        case SocialPosition():
            return Facts("number", *(_number(schools, part.column, True) for schools in one))
        case SharedTags():
            left, right = (_split(schools, part.column) for schools in one)
            return Facts("tags", left, right, tuple(sorted({*left} & {*right})))
        case CountryTable():
            return Facts("country", *(_words(schools, "country") for schools in one))
        case Kept():
            return Facts("kept", _former(one[0], part.column), _words(one[1], "id"))
    return Facts()


def _languages(part: LanguageFit, one: tuple[Schools, Schools]) -> Facts:
    home, abroad = (profiles(schools) for schools in one)
    here, there = home.knows()[0], abroad.knows()[0]
    spoken = (here & abroad.teaches_in[0]) | (there & home.teaches_in[0])
    english = part.assume_english
    common = spoken or home.works_in(english=english)[0] & abroad.works_in(english=english)[0]
    return Facts("languages", tuple(sorted(here)), tuple(sorted(there)), tuple(sorted(common)))


def _levels(mask: int) -> list[str]:
    return [str(level) for level in range(4) if mask >> level & 1]


def _words(schools: Schools, column: str) -> tuple[str, ...]:
    word = schools.strings(column)[0]
    return () if word is None else (str(word).rstrip("?"),)


def _split(schools: Schools, column: str) -> tuple[str, ...]:
    coded = encode(schools, column)
    return tuple(sorted({word.strip() for text in coded.values for word in text.split(";")} - {""}))


def _former(schools: Schools, column: str) -> tuple[str, ...]:
    """Return the partners that a school had before."""
    cell = schools.table[column][0].as_py() if schools.has(column) else None
    named = cell.split(";") if isinstance(cell, str) else cell or []
    return tuple(sorted({str(one).strip() for one in named} - {""}))


def _number(schools: Schools, column: str, known: bool) -> tuple[str, ...]:
    value = float(schools.numbers(column)[0])
    return (f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}",) if known and math.isfinite(value) else ()


def _kilometres(one: tuple[Schools, Schools]) -> tuple[str, ...]:
    """Return the length of the great circle between two schools, by the haversine formula."""
    (a, b), (c, d) = ((math.radians(s.numbers("lat")[0]), math.radians(s.numbers("lon")[0])) for s in one)
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return (f"{2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half))):.0f}",)
