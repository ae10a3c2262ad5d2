"""Explanations as values: what is known of one school's place in a matching, in no language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from twinmatch.explaining.words import check_language

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Self

    from twinmatch.explaining.page import Page
    from twinmatch.explaining.shares import Share

__all__ = [
    "Card",
    "Cost",
    "Explanation",
    "Frame",
    "Obstacle",
    "Option",
    "Pair",
    "Rival",
    "Shown",
    "Wish",
]


class Card(NamedTuple):
    """
    A school as it is named to people.

    Attributes
    ----------
    id : str
    name, city, country : str or None
    """

    id: str
    name: str | None = None
    city: str | None = None
    country: str | None = None


class Frame(NamedTuple):
    """
    What kind of matching an explanation is about.

    Attributes
    ----------
    status : str
    mechanism : str
    counts_points : bool
        Whether pairs count for their points, or for a transform of them.
    coverage_first : bool
    is_covered : bool
        Whether it is proven that no more schools can have a partner.
    slack : int or None
        How far what prices prove is above the objective, in what is counted; None where they say nothing.
    covered_in_price : bool
        Whether prices hold what one more school with a partner is worth in the proof.
    floor : int or None
        The points that every pair is promised; None where nothing is.
    ranks : int or None
        How many choices of a school count under the mechanism; None where all do.
    """

    status: str
    mechanism: str
    counts_points: bool
    coverage_first: bool
    is_covered: bool
    slack: int | None
    covered_in_price: bool
    floor: int | None = None
    ranks: int | None = None


class Pair(NamedTuple):
    """
    A pair of the matching.

    Attributes
    ----------
    partner : Card
    points, counts : int
        What it is worth, and what it counts for under the mechanism.
    price : Fraction or None
        Of the place, in what is counted; None where there are no prices.
    shares : tuple of Share
        What each criterion gives, largest first; they add up to ``points``.
    is_locked : bool
        Whether the policy asks for the pair by name.
    """

    partner: Card
    points: int
    counts: int
    price: Fraction | None
    shares: tuple[Share, ...]
    is_locked: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "partner": self.partner._asdict(),
            "points": self.points,
            "counts": self.counts,
            "price": plain(self.price),
            "criteria": [share.to_dict() for share in self.shares],
            "is_locked": self.is_locked,
        }


class Obstacle(NamedTuple):
    """
    Something that keeps two schools apart.

    Attributes
    ----------
    kind : str
        ``rule``, ``closed``, ``no_place``, ``locked``, ``locked_place``, ``rank``, ``coverage``, ``promise``,
        ``quota``, ``full``, ``floor``, ``needed``, ``worth_less``, ``tie``, ``others``, ``unknown`` or
        ``nothing``; the documentation says what each means.
    names : tuple of str
        Of the rules, quotas or schools.
    number : int
        Of ``rank``: the rank of the partner for the school. Of ``promise``: by how many points the pair is
        below the promised floor.
    """

    kind: str
    names: tuple[str, ...] = ()
    number: int = 0


class Option(NamedTuple):
    """
    A partner that a school does not have.

    Attributes
    ----------
    partner : Card
    points, counts : int
    gain, gain_counts : int or None
        More than the school's own pair (the least of several), or than nothing where it has none; None where
        it may have a further partner or none at all.
    places, taken : int
        Places there, and how many are taken.
    price : Fraction or None
        Of a place, in what is counted.
    holders : tuple of (str, int)
        Who has the places: ids and points, those with the fewest points first, three at most.
    loss : int or None
        What every matching with this pair that covers as many schools counts for less than this one, at
        least; 0 where prices do not tell, None where there are none, and where the pair is below a promised
        floor.
    leaves_out : int
        How many fewer schools have a partner in every matching with this pair, at least.
    obstacles : tuple of Obstacle
        What keeps the two apart, the weightiest first.
    """

    partner: Card
    points: int
    counts: int
    gain: int | None
    gain_counts: int | None
    places: int
    taken: int
    price: Fraction | None
    holders: tuple[tuple[str, int], ...]
    loss: int | None
    leaves_out: int
    obstacles: tuple[Obstacle, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            **self._asdict(),
            "partner": self.partner._asdict(),
            "price": plain(self.price),
            "holders": [{"left_id": who, "points": points} for who, points in self.holders],
            "obstacles": [{**one._asdict(), "names": list(one.names)} for one in self.obstacles],
        }


class Cost(NamedTuple):
    """
    What forcing a pair costs, by solving again.

    Attributes
    ----------
    status : str
        Of the matching with the pair; ``NO_SOLUTION`` where the search was stopped before there was one.
    points : int or None
        What it counts for less than this matching; below zero where it covers fewer schools and they were
        worth little. None where there is no such matching, and where the search was stopped too early.
    schools : int or None
        How many fewer schools have a partner.
    is_exact : bool
        Whether both matchings are proven best. Otherwise ``points`` is the most that it may cost.
    breaks_floor : bool
        Whether a pair of the matching with the pair is below the promised floor; then there are no numbers.
    """

    status: str
    points: int | None
    schools: int | None
    is_exact: bool
    breaks_floor: bool = False


class Wish(NamedTuple):
    """
    What stands between a school and the partner it wishes for.

    Attributes
    ----------
    partner : Card
    is_own : bool
        Whether it has that partner.
    rules : tuple of (str, bool)
        Each rule of the policy, and whether it allows the pair.
    shares : tuple of Share
        What each criterion would give, largest first.
    points : int
        Their sum.
    option : Option or None
        What keeps the two apart; None where a rule forbids the pair, and where they are paired.
    cost : Cost or None
        Where it was asked for.
    cost_asked : bool
        Whether it was; mechanisms without prices have none to tell.
    """

    partner: Card
    is_own: bool
    rules: tuple[tuple[str, bool], ...]
    shares: tuple[Share, ...]
    points: int
    option: Option | None
    cost: Cost | None
    cost_asked: bool = False

    @property
    def forbidden_by(self) -> tuple[str, ...]:
        """The rules that forbid the pair."""
        return tuple(name for name, allows in self.rules if not allows)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "partner": self.partner._asdict(),
            "is_own": self.is_own,
            "forbidden_by": list(self.forbidden_by),
            "rules": [{"rule": name, "allows": allows} for name, allows in self.rules],
            "points": self.points,
            "criteria": [share.to_dict() for share in self.shares],
            "option": None if self.option is None else self.option.to_dict(),
            "cost": None if self.cost is None else self.cost._asdict(),
        }


class Rival(NamedTuple):
    """
    A school that would rather have had a place it did not get.

    Attributes
    ----------
    school : Card
    points : int
        Of the pair that was not made.
    own_id : str or None
        The partner that it has; None where it has none.
    gain : int
        More points than with that partner, or than nothing.
    short : int or None
        By how much it fell short of the price, at least, in what is counted; None where there are no prices,
        and where the pair is below a promised floor.
    leaves_out : int
        How many fewer schools would have a partner, at least.
    """

    school: Card
    points: int
    own_id: str | None
    gain: int
    short: int | None
    leaves_out: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**self._asdict(), "school": self.school._asdict()}


class Shown:
    """What explanations and notices have in common: a language, and the ways to look at them."""

    lang: str

    def in_(self, lang: str) -> Self:
        """
        Return the same in another language.

        Parameters
        ----------
        lang : {"en", "fr"}

        Raises
        ------
        InputError
            If it is another one.
        """
        check_language(lang)
        return replace(self, lang=lang)  # type: ignore[type-var]

    def page(self) -> Page:
        """Return what there is to read: titles, paragraphs and tables."""
        raise NotImplementedError

    def to_html(self) -> str:
        """Return a complete HTML page that needs nothing from elsewhere."""
        from twinmatch.explaining.html import document

        return document(self.page())

    def _repr_html_(self) -> str:
        from twinmatch.explaining.html import fragment

        return fragment(self.page())

    def __str__(self) -> str:
        from twinmatch.explaining.text import text_of

        return text_of(self.page())


@dataclass(frozen=True)
class Explanation(Shown):
    """
    Why a school has the partners that it has; what :meth:`twinmatch.Matching.explain` returns.

    ``print(explanation)`` shows one screen, a notebook shows tables, :meth:`to_dict` is for programs.

    Parameters
    ----------
    school : Card
    side : {"left", "right"}
    frame : Frame
        What kind of matching it is.
    pairs : tuple of Pair
        Its partners.
    reason : str
        Why it has none, in English, as in :attr:`twinmatch.Matching.unmatched`; empty where it has one.
    admissible : int
        How many schools of the other side with places the rules allow it.
    places : int
        How many partners it may have.
    next_best : tuple of Option
        Of a left school: the partners with the most points that it does not have, most first; ids decide
        ties.
    standby : tuple of Option
        Of a left school: those of its admissible partners that have a free place and would be allowed by the
        caps if its partner dropped out today, most points first (:term:`standby`).
    rivals : tuple of Rival
        Of a right school: those who would have more points with it than they have, the nearest to its price
        first.
    num_rivals : int
        How many of these there are.
    wish : Wish or None
        About the partner that was asked about.
    lang : {"en", "fr"}
        What it is shown in.
    k : int
        How many options or rivals were asked for, at most; with 0 nothing is said of them.
    """

    school: Card
    side: str
    frame: Frame
    pairs: tuple[Pair, ...]
    reason: str
    admissible: int
    places: int
    next_best: tuple[Option, ...] = ()
    standby: tuple[Option, ...] = ()
    rivals: tuple[Rival, ...] = ()
    num_rivals: int = 0
    wish: Wish | None = None
    lang: str = "en"
    k: int = 10

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON; fields have the same names in all languages."""
        from twinmatch.explaining.translating import reason_in

        return {
            "school": self.school._asdict(),
            "side": self.side,
            "lang": self.lang,
            **self.frame._asdict(),
            "pairs": [pair.to_dict() for pair in self.pairs],
            "reason": reason_in(self.lang, self.reason),
            "admissible": self.admissible,
            "places": self.places,
            "next_best": [option.to_dict() for option in self.next_best],
            "standby": [option.to_dict() for option in self.standby],
            "rivals": [rival.to_dict() for rival in self.rivals],
            "num_rivals": self.num_rivals,
            "wish": None if self.wish is None else self.wish.to_dict(),
        }

    def page(self) -> Page:
        """Return what there is to read: titles, paragraphs and tables."""
        from twinmatch.explaining.telling import page_of

        return page_of(self)


def plain(price: Fraction | None) -> int | float | None:
    """Return a price as a number that JSON has."""
    if price is None:
        return None
    return int(price) if price.denominator == 1 else float(price)
