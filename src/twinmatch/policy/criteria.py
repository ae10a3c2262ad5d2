"""
Soft criteria: what an admissible pair is worth.

Each gives whole points from 0 to its ``weight`` and says what an unknown value is worth. The
points of a pair are the sum over the criteria, so weights share out what a perfect pair is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from twinmatch.errors import Fault
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.terms import TableTerm
from twinmatch.policy import checks
from twinmatch.policy.coding import encode, neighbours, places
from twinmatch.policy.embedding import EmbeddingSimilarity
from twinmatch.policy.kept import Kept
from twinmatch.policy.languages import profiles, shared
from twinmatch.policy.parts import Criterion, Part, Weighed, as_float, ignore, settle, share_of
from twinmatch.policy.similarity import Distance, SharedTags, SizeSimilarity, SocialPosition

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from twinmatch.policy.parts import Say
    from twinmatch.schools import Schools

__all__ = [
    "CRITERIA",
    "CountryTable",
    "Criterion",
    "Distance",
    "EmbeddingSimilarity",
    "Kept",
    "LanguageFit",
    "LevelOverlap",
    "OwnCriterion",
    "SameSector",
    "SameSetting",
    "SharedTags",
    "SizeSimilarity",
    "SocialPosition",
]

PairFunction: TypeAlias = Callable[..., Any]


@dataclass(frozen=True)
class LanguageFit(Weighed):
    """
    Whether the schools know each other's language.

    A school knows the languages it teaches in (``teach_lang``, or else the official ones of its
    country) and those it teaches as a subject (``languages``). A pair is worth ``weight`` if each
    knows a language that the other teaches in, ``one_way`` if one does, ``third`` if they share
    another working language (English is assumed at levels 2 and 3 where the row lists no
    languages), ``unknown`` if none of this is known and a school lists no languages, otherwise 0.

    Parameters
    ----------
    weight : int
        Most points of a pair.
    one_way : int, optional
        Three quarters of the weight unless told otherwise.
    third : int, optional
        Half of the weight unless told otherwise.
    unknown : int, optional
        A quarter of the weight unless told otherwise: a foreign language may be taught there.
    assume_english : bool, optional
        Whether English counts for schools at levels 2 and 3 that list no languages.
    name : str, optional
    """

    kind: ClassVar[str] = "language_fit"
    weight: int
    one_way: int = -1
    third: int = -1
    unknown: int = -1
    assume_english: bool = True
    name: str = "language"

    def __post_init__(self) -> None:
        for option, share in (("one_way", 3), ("third", 2), ("unknown", 1)):
            if getattr(self, option) == -1:
                settle(self, **{option: share_of(self.weight, share, 4)})

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads; it needs none of them but the country."""
        return ("teach_lang", "languages", "country", "levels")

    def missing(self, schools: Schools) -> list[str]:
        """Return nothing: what a row does not say is assumed from its country."""
        return []

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        yield from checks.flag(self.where("assume_english"), self.assume_english)
        steps = (self.third, self.one_way, self.weight)
        wrong = [
            fault
            for option in ("one_way", "third")
            for fault in checks.whole(self.where(option), getattr(self, option), 0, checks.MAX_WEIGHT)
        ]
        yield from wrong
        if not wrong and isinstance(self.weight, int) and list(steps) != sorted(steps):
            yield Fault(
                self.where("one_way"), "points must not fall from third to one_way to weight: " + repr(steps)
            )

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> TableTerm:
        """Return the criterion as arrays."""
        home, abroad = profiles(left), profiles(right)
        ours = shared(home.knows(), abroad.teaches_in)
        theirs = shared(home.teaches_in, abroad.knows())
        third = shared(
            home.works_in(english=self.assume_english), abroad.works_in(english=self.assume_english)
        )
        listed = home.listed[:, None] & abroad.listed[None, :]
        worth = np.select(
            [ours & theirs, ours | theirs, third, ~listed],
            [self.weight, self.one_way, self.third, self.unknown],
            0,
        )
        known = {"left": home.listed[home.code], "right": abroad.listed[abroad.code]}
        for side, listing in known.items():
            if lost := len(listing) - int(listing.sum()):
                say(
                    f"{lost:,} of {len(listing):,} {side} schools do not list the languages they teach: "
                    f"where no common one is known or assumed, {self.name} gives {self.unknown:,} points"
                )
        return TableTerm(home.code, abroad.code, worth.astype(np.int32))


@dataclass(frozen=True)
class LevelOverlap(Weighed):
    """
    The share of their ISCED levels that two schools have in common.

    Worth ``weight`` times the number of common levels over the number of levels that either
    teaches, rounded down.

    Parameters
    ----------
    weight : int
        Most points of a pair.
    unknown : int, optional
        0 unless told otherwise: nothing in common is known.
    optional : bool, optional
        Whether a table without the column is welcome.
    name : str, optional
    """

    kind: ClassVar[str] = "level_overlap"
    weight: int
    unknown: int = 0
    optional: bool = False
    name: str = "levels"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return ("levels",)

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> TableTerm:
        """Return the criterion as arrays."""
        self.say_unknown(say, "level", self.unknown, left=left.levels != 0, right=right.levels != 0)
        masks = np.arange(16)
        count = np.array([mask.bit_count() for mask in range(16)], np.int64)
        either = count[masks[:, None] | masks[None, :]]
        worth = self.weight * count[masks[:, None] & masks[None, :]] // np.maximum(either, 1)
        worth[0, :] = worth[:, 0] = self.unknown
        return TableTerm(left.levels.astype(np.int32), right.levels.astype(np.int32), worth.astype(np.int32))


@dataclass(frozen=True)
class SameSector(Weighed):
    """
    Whether both schools are public or both private.

    A private school that is publicly funded (``public-funded``) is half way to either. A sector
    guessed from the name (a trailing ``?``) counts as known, and is reported.

    Parameters
    ----------
    weight : int
        Points of a pair of one sector.
    funded : int, optional
        Points of ``public-funded`` with public or private; half of the weight unless told otherwise.
    unknown : int, optional
        Half of the weight unless told otherwise.
    optional : bool, optional
        Whether a table without the column is welcome.
    name : str, optional
    """

    kind: ClassVar[str] = "same_sector"
    weight: int
    funded: int = -1
    unknown: int = -1
    optional: bool = False
    name: str = "sector"

    def __post_init__(self) -> None:
        for option in ("funded", "unknown"):
            if getattr(self, option) == -1:
                settle(self, **{option: share_of(self.weight, 1, 2)})

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return ("sector",)

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        most = self.weight if isinstance(self.weight, int) else checks.MAX_WEIGHT
        yield from checks.whole(self.where("funded"), self.funded, 0, max(most, 0))

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> TableTerm:
        """Return the criterion as arrays."""
        sectors = ("public", "private", "public-funded")
        codes = []
        for side, schools in (("left", left), ("right", right)):
            column = encode(schools, "sector")
            self.say_unknown(say, "sector", self.unknown, **{side: column.known})
            guesses = np.array([*(word.endswith("?") for word in column.values), False])[column.code]
            if guesses.any():
                say(
                    f"{int(guesses.sum()):,} of {len(schools):,} {side} schools have a sector guessed "
                    "from the name: it counts as known"
                )
            codes.append(column.recode([sectors.index(word.rstrip("?")) for word in column.values], 3))
        worth = np.full((4, 4), self.unknown, np.int32)
        worth[:3, :3] = 0
        worth[2, :2] = worth[:2, 2] = self.funded
        worth[range(3), range(3)] = self.weight
        return TableTerm(codes[0], codes[1], worth)


@dataclass(frozen=True)
class SameSetting(Weighed):
    """
    Whether both schools are rural or both urban.

    Where the column ``setting`` does not say, it is computed: a school is rural if fewer than
    ``rural_below`` schools of its own table, itself included, are within ``radius_km``. The
    defaults, 5 km and 18 schools, agree with 89 % of the Romanian register's own labels, the
    best of any number. On a table that holds only some of the schools of an area, give the
    column instead.

    Parameters
    ----------
    weight : int
        Points of a pair of one setting.
    radius_km : float, optional
        Along the great circle.
    rural_below : int, optional
        Number of schools from which on a place is urban.
    unknown : int, optional
        Points where a school has neither a setting nor coordinates; half of the weight unless
        told otherwise.
    optional : bool, optional
        Whether a table without these columns is welcome.
    name : str, optional
    """

    kind: ClassVar[str] = "same_setting"
    weight: int
    radius_km: float = 5.0
    rural_below: int = 18
    unknown: int = -1
    optional: bool = False
    name: str = "setting"

    def __post_init__(self) -> None:
        settle(self, radius_km=as_float(self.radius_km))
        if self.unknown == -1:
            settle(self, unknown=share_of(self.weight, 1, 2))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return ("setting", "lat", "lon")

    def missing(self, schools: Schools) -> list[str]:
        """Return ``setting`` where the coordinates are missing too."""
        by_place = schools.has("lat") and schools.has("lon")
        return [] if schools.has("setting") or by_place else ["setting"]

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        yield from checks.number(self.where("radius_km"), self.radius_km, 0, 500, above=True)
        yield from checks.whole(self.where("rural_below"), self.rural_below, 2, 1_000_000)

    def settings(self, schools: Schools) -> npt.NDArray[np.int32]:
        """Return 0 for rural, 1 for urban, 2 for not known, (n,) int32."""
        column = encode(schools, "setting")
        found = column.recode([("rural", "urban").index(word) for word in column.values], 2)
        if (found == 2).any():
            where = places(schools)
            urban = neighbours(where, self.radius_km) >= self.rural_below
            found = np.where((found == 2) & where.known, urban.astype(np.int32), found)
        return found

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> TableTerm:
        """Return the criterion as arrays."""
        codes = []
        for side, schools in (("left", left), ("right", right)):
            found = self.settings(schools)
            computed = int(np.count_nonzero(~encode(schools, "setting").known & (found != 2)))
            if computed:
                say(
                    f"{computed:,} of {len(schools):,} {side} schools do not say if they are rural or urban: "
                    f"rural is where fewer than {self.rural_below} schools are within {self.radius_km:g} km"
                )
            self.say_unknown(say, "setting", self.unknown, **{side: found != 2})
            codes.append(found)
        worth = np.full((3, 3), self.unknown, np.int32)
        worth[:2, :2] = [[self.weight, 0], [0, self.weight]]
        return TableTerm(codes[0], codes[1], worth)


@dataclass(frozen=True)
class CountryTable(Part):
    """
    Points for the countries of the two schools.

    Parameters
    ----------
    points : mapping of (str, str) to int, or sequence of (str, str, int)
        Points by left and right country (ISO 3166-1 alpha-2), at least one of them above 0.
    otherwise : int, optional
        Points of any other two countries.
    name : str, optional
    """

    kind: ClassVar[str] = "country_table"
    uses: ClassVar[str] = ""
    points: tuple[tuple[str, str, int], ...]
    otherwise: int = 0
    name: str = "country"

    def __post_init__(self) -> None:
        points: Any = self.points
        if isinstance(points, Mapping):
            points = [
                (*key, value) if isinstance(key, tuple) else (key, value) for key, value in points.items()
            ]
        if isinstance(points, list | tuple):
            points = tuple(tuple(entry) if isinstance(entry, list | tuple) else entry for entry in points)
            if all(isinstance(e, tuple) and all(isinstance(x, str) for x in e[:2]) for e in points):
                points = tuple(sorted(points, key=lambda entry: entry[:2]))
        settle(self, points=points)

    @property
    def weight(self) -> int:
        """The most points of a pair."""
        entries = self.points if isinstance(self.points, tuple) else ()
        amounts = [entry[-1] for entry in entries if isinstance(entry, tuple) and entry]
        return max([amount for amount in (self.otherwise, *amounts) if isinstance(amount, int)], default=0)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return ("country",)

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        wrong = list(checks.whole(self.where("otherwise"), self.otherwise, 0, checks.MAX_WEIGHT))
        where = self.where("points")
        if not isinstance(self.points, tuple) or not self.points:
            yield Fault(where, "must be a list of (left country, right country, points) that is not empty")
            return
        seen = set()
        for entry in self.points:
            if not isinstance(entry, tuple) or len(entry) != 3:
                wrong.append(Fault(where, f"must hold (left country, right country, points), not {entry!r}"))
                continue
            for code in entry[:2]:
                wrong += checks.country(where, code)
            wrong += checks.whole(where, entry[2], 0, checks.MAX_WEIGHT)
            if repr(entry[:2]) in seen:
                wrong.append(Fault(where, f"says twice what {entry[0]} with {entry[1]} is worth"))
            seen.add(repr(entry[:2]))
        yield from wrong
        if not wrong and self.weight == 0:
            yield Fault(where, "gives no points to anybody", hint="Leave the criterion out.")

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> TableTerm:
        """Return the criterion as arrays."""
        home, abroad = encode(left, "country"), encode(right, "country")
        named = {entry[:2]: entry[2] for entry in self.points}
        worth = [[named.get((a, b), self.otherwise) for b in abroad.values] for a in home.values]
        shape = len(home.values), len(abroad.values)
        return TableTerm(home.code, abroad.code, np.array(worth, np.int32).reshape(shape))


@dataclass(frozen=True)
class OwnCriterion(Part):
    """
    Points from a function of your own.

    Parameters
    ----------
    name : str
        What results call it.
    function : callable
        ``function(left, right, i, j)`` takes the two tables of schools and two aligned int64 arrays
        of rows, and returns one whole number of points, 0 or more, for each pair. It must depend on
        the pair alone, not on which pairs are asked about together.
    upper_bound : int, optional
        The most points it ever returns. Returning more is an error.

    Notes
    -----
    Pairs are searched by plain passes over all of them, which is refused above 1e9 pairs unless
    the policy says ``allow_large_calls=True``. The criterion has no form in TOML.
    """

    kind: ClassVar[str] = "own"
    uses: ClassVar[str] = ""
    name: str
    function: PairFunction
    upper_bound: int | None = None

    @property
    def weight(self) -> int | None:
        """The declared upper bound."""
        return self.upper_bound

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads: none that are known here."""
        return ()

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        if not callable(self.function):
            yield Fault(self.where("function"), f"must be callable, not {self.function!r}")
        if self.upper_bound is not None:
            yield from checks.weight(self.where("upper_bound"), self.upper_bound)

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> CallTerm:
        """Return the criterion as a call."""
        function = self.function

        def points(i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]) -> npt.ArrayLike:
            found: npt.ArrayLike = function(left, right, i, j)
            return found

        return CallTerm(points, self.upper_bound, self.name)


CRITERIA = (
    LanguageFit,
    LevelOverlap,
    SizeSimilarity,
    Distance,
    SameSector,
    SameSetting,
    SocialPosition,
    SharedTags,
    EmbeddingSimilarity,
    CountryTable,
    Kept,
)
"""Every criterion that has a form in TOML."""
