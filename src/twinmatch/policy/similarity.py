"""Criteria that compare numbers, places and sets; see :mod:`twinmatch.policy.criteria`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from twinmatch.errors import Fault
from twinmatch.graph.merging import MAX_MAGNITUDE
from twinmatch.graph.terms import DistanceTerm, LinearTerm, TagsTerm
from twinmatch.policy import checks
from twinmatch.policy.coding import encode, places, scaled_logarithms, units
from twinmatch.policy.parts import Weighed, as_float, ignore, settle, share_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinmatch.policy.parts import Say
    from twinmatch.schools import Schools

__all__ = ["Distance", "SharedTags", "SizeSimilarity", "SocialPosition"]

HALFWAY_ROUND_KM = 20_100.0
"""A little more than the longest great-circle distance on Earth."""

_MAX_TAGS = 64
_COUNTED = ("enrolled", "capacity")


@dataclass(frozen=True)
class SizeSimilarity(Weighed):
    """
    How close the numbers of pupils are, on a ratio scale.

    Two schools of one size are worth ``weight``; points fall with the logarithm of the ratio of
    sizes, to 0 where one is ``zero_at`` times the other.

    Parameters
    ----------
    weight : int
        Most points of a pair.
    zero_at : float, optional
        Ratio of sizes that is worth nothing, above 1.
    unknown : int, optional
        Half of the weight unless told otherwise: with the default ``zero_at``, as if one school were
        2.8 times the other.
    counted : sequence of str, optional
        The words in the column ``size_kind`` that count pupils. A size of another kind (such as
        exam candidates over five years) is not a size, and unknown; one of no kind is taken as it
        is.
    optional : bool, optional
        Whether a table without the column is welcome.
    name : str, optional
    """

    kind: ClassVar[str] = "size_similarity"
    uses: ClassVar[str] = "linear"
    weight: int
    zero_at: float = 8.0
    unknown: int = -1
    counted: tuple[str, ...] = _COUNTED
    optional: bool = False
    name: str = "size"

    def __post_init__(self) -> None:
        settle(self, zero_at=as_float(self.zero_at))
        if isinstance(self.counted, list | tuple | set) and all(isinstance(x, str) for x in self.counted):
            settle(self, counted=tuple(sorted(set(self.counted))))
        if self.unknown == -1:
            settle(self, unknown=share_of(self.weight, 1, 2))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it needs; ``size_kind`` is read where it is there."""
        return ("size",)

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        yield from checks.number(self.where("zero_at"), self.zero_at, 1, 1e6, above=True)
        if not isinstance(self.counted, tuple) or not self.counted:
            yield Fault(self.where("counted"), f"must be a list of words that is not empty: {self.counted!r}")
        else:
            for word in self.counted:
                yield from checks.text(self.where("counted"), word)
        if isinstance(self.zero_at, float) and isinstance(self.weight, int) and 1 < self.zero_at < 1.001:
            yield Fault(
                self.where("zero_at"), "is too close to 1 for sizes to be told apart: use at least 1.001"
            )

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> LinearTerm:
        """Return the criterion as arrays."""
        scale = self.weight / math.log(self.zero_at)
        sides = []
        for side, schools in (("left", left), ("right", right)):
            size = schools.numbers("size")
            kinds = encode(schools, "size_kind")
            counts = np.array([*(word in self.counted for word in kinds.values), True])[kinds.code]
            other = np.isfinite(size) & ~counts
            if other.any():
                words = sorted({kinds.values[k] for k in np.unique(kinds.code[other]).tolist()})
                say(
                    f"{int(other.sum()):,} of {len(schools):,} {side} schools have a size that counts "
                    f"something else ({', '.join(words)}): it is not used"
                )
            known = counts & (size >= 1)
            self.say_unknown(say, "size", self.unknown, **{side: known})
            values = np.zeros(len(schools), np.int32)
            # The largest ratio that can matter is zero_at: clip where the scale would leave its range.
            largest = math.exp(min(700.0, (MAX_MAGNITUDE - 1) / scale))
            values[known] = scaled_logarithms(np.minimum(size[known], largest), scale)
            sides.append((values, known))
        (ours, ours_known), (theirs, theirs_known) = sides
        return LinearTerm(ours, theirs, self.weight, self.weight, ours_known, theirs_known, self.unknown)


@dataclass(frozen=True)
class Distance(Weighed):
    """
    How far apart the schools are, along the great circle.

    Worth ``weight`` from ``low_km`` to ``high_km``; points fall in a straight line on both sides
    of this band, to 0 at ``fade_km`` beyond it. Write :meth:`near`, :meth:`far` or :meth:`band`.

    Parameters
    ----------
    weight : int
        Most points of a pair.
    low_km, high_km : float
        The preferred band.
    fade_km : float
        How far outside the band points reach 0.
    unknown : int, optional
        Half of the weight unless told otherwise.
    optional : bool, optional
        Whether a table without coordinates is welcome.
    name : str, optional

    Notes
    -----
    The distance is within 0.02 % up to 10,000 km of chord (11,500 km on the ground), see
    :mod:`twinmatch.graph.terms`; beyond, it is too short by at most 15 %, still in the right order.
    """

    kind: ClassVar[str] = "distance"
    uses: ClassVar[str] = "distance"
    weight: int
    low_km: float
    high_km: float
    fade_km: float
    unknown: int = -1
    optional: bool = False
    name: str = "distance"

    def __post_init__(self) -> None:
        for option in ("low_km", "high_km", "fade_km"):
            settle(self, **{option: as_float(getattr(self, option))})
        if self.unknown == -1:
            settle(self, unknown=share_of(self.weight, 1, 2))

    @classmethod
    def near(cls, weight: int, *, zero_km: float, full_km: float = 0.0, unknown: int = -1) -> Self:
        """Prefer the nearest: full points up to ``full_km``, none from ``zero_km`` on."""
        return cls(weight, 0.0, full_km, zero_km - full_km, unknown)

    @classmethod
    def far(cls, weight: int, *, full_km: float, unknown: int = -1) -> Self:
        """Prefer the farthest: no points next door, full points from ``full_km`` on."""
        return cls(weight, full_km, HALFWAY_ROUND_KM, full_km, unknown)

    @classmethod
    def band(cls, weight: int, *, low_km: float, high_km: float, fade_km: float, unknown: int = -1) -> Self:
        """Prefer distances from ``low_km`` to ``high_km``, fading to nothing ``fade_km`` outside."""
        return cls(weight, low_km, high_km, fade_km, unknown)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return ("lat", "lon")

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        wrong = [
            *checks.number(self.where("low_km"), self.low_km, 0, 1e5),
            *checks.number(self.where("high_km"), self.high_km, 0, 1e5),
            *checks.number(self.where("fade_km"), self.fade_km, 0, 1e5, above=True),
            *checks.weight(self.where("weight"), self.weight),
        ]
        yield from (fault for fault in wrong if not fault.where.endswith(".weight"))
        if wrong:
            return
        if self.low_km > self.high_km:
            yield Fault(
                self.where("low_km"), f"the band ends before it starts: {self.low_km:g} > {self.high_km:g}"
            )
        elif self._centre_and_top()[1] > checks.MAX_WEIGHT:
            yield Fault(
                self.where("fade_km"),
                f"is too short for so wide a band and so many points: {self.fade_km:g} km",
                hint="Points would not be whole in 32-bit arithmetic: widen fade_km or lower the weight.",
            )

    def _centre_and_top(self) -> tuple[float, float]:
        """Return the peak of the tent whose tip, cut off at the weight, is the band."""
        centre = 0.0 if self.low_km == 0.0 else (self.low_km + self.high_km) / 2
        return centre, self.weight * (1 + (self.high_km - centre) / self.fade_km)

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> DistanceTerm:
        """Return the criterion as arrays."""
        ours, theirs = places(left), places(right)
        self.say_unknown(say, "coordinates", self.unknown, left=ours.known, right=theirs.known)
        centre, top = self._centre_and_top()
        return DistanceTerm(
            ours.xyz,
            theirs.xyz,
            top,
            self.weight / units(self.fade_km),
            units(centre),
            self.weight,
            ours.known,
            theirs.known,
            self.unknown,
        )


@dataclass(frozen=True)
class SocialPosition(Weighed):
    """
    How close the schools are on an index of social position.

    Worth ``weight`` at no difference, falling in a straight line to 0 at ``zero_at``.

    Parameters
    ----------
    weight : int
        Most points of a pair.
    zero_at : float, optional
        Difference that is worth nothing, in units of the index. The French index (IPS) has a
        standard deviation of 16 between schools.
    column : str, optional
        A column of numbers on one scale on both sides.
    unknown : int, optional
        Half of the weight unless told otherwise.
    optional : bool, optional
        Whether a table without the column is welcome.
    name : str, optional
    """

    kind: ClassVar[str] = "social_position"
    uses: ClassVar[str] = "linear"
    weight: int
    zero_at: float = 40.0
    column: str = "ips"
    unknown: int = -1
    optional: bool = False
    name: str = "social position"

    def __post_init__(self) -> None:
        settle(self, zero_at=as_float(self.zero_at))
        if self.unknown == -1:
            settle(self, unknown=share_of(self.weight, 1, 2))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return (self.column,)

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        yield from checks.number(self.where("zero_at"), self.zero_at, 0, 1e6, above=True)
        yield from checks.text(self.where("column"), self.column)

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield missing columns, and values that the scale cannot hold."""
        yield from super().table_faults(left, right)
        for side, schools in (("left", left), ("right", right)):
            where = f"{side} column {self.column!r}"
            if schools.has(self.column) and schools.table[self.column].type in _text_types():
                yield Fault(where, f"holds text, and the criterion {self.name!r} needs numbers")
                continue
            scaled = np.abs(schools.numbers(self.column)) * (self.weight / self.zero_at)
            if (rows := np.flatnonzero(scaled > MAX_MAGNITUDE)).size:
                yield Fault(
                    where,
                    f"holds numbers too large for the scale of {self.name!r}",
                    len(rows),
                    tuple(int(row) for row in rows[:3]),
                    "Raise zero_at or lower the weight.",
                )

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> LinearTerm:
        """Return the criterion as arrays."""
        scale = self.weight / self.zero_at
        ours, theirs = left.numbers(self.column), right.numbers(self.column)
        known = {"left": np.isfinite(ours), "right": np.isfinite(theirs)}
        self.say_unknown(say, self.name, self.unknown, **known)
        return LinearTerm(
            np.rint(np.where(known["left"], ours, 0) * scale).astype(np.int32),
            np.rint(np.where(known["right"], theirs, 0) * scale).astype(np.int32),
            self.weight,
            self.weight,
            known["left"],
            known["right"],
            self.unknown,
        )


@dataclass(frozen=True)
class SharedTags(Weighed):
    """
    How many tags or themes the schools share.

    Parameters
    ----------
    weight : int
        Most points of a pair.
    each : int, optional
        Points of one shared tag; a quarter of the weight unless told otherwise.
    column : str, optional
        A column of words with ``;`` between them.
    unknown : int, optional
        Points where a row has no tags at all; 0 unless told otherwise: nothing shared is known.
    optional : bool, optional
        Whether a table without the column is welcome.
    name : str, optional
    """

    kind: ClassVar[str] = "shared_tags"
    uses: ClassVar[str] = "tags"
    weight: int
    each: int = -1
    column: str = "tags"
    unknown: int = 0
    optional: bool = False
    name: str = "tags"

    def __post_init__(self) -> None:
        if self.each == -1:
            settle(self, each=max(1, share_of(self.weight, 1, 4)))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return (self.column,)

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        yield from checks.whole(self.where("each"), self.each, 1, checks.MAX_WEIGHT)
        yield from checks.text(self.where("column"), self.column)

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield missing columns, and a fault where there are more tags than fit a set."""
        yield from super().table_faults(left, right)
        found = self._common(left, right)
        if len(found) > _MAX_TAGS:
            yield Fault(
                self.where("column"),
                f"{len(found)} tags occur on both sides, and at most {_MAX_TAGS} fit",
                hint="Group them into fewer themes.",
            )

    def _common(self, left: Schools, right: Schools) -> list[str]:
        """Return the tags that occur on both sides, sorted; no other tag can be shared."""
        words = [
            {word for text in encode(schools, self.column).values for word in _split(text)}
            for schools in (left, right)
        ]
        return sorted(words[0] & words[1])

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> TagsTerm:
        """Return the criterion as arrays."""
        bit = {word: 1 << k for k, word in enumerate(self._common(left, right))}
        sides = []
        for side, schools in (("left", left), ("right", right)):
            column = encode(schools, self.column)
            self.say_unknown(say, "tags", self.unknown, **{side: column.known})
            sets = [sum(bit.get(word, 0) for word in _split(text)) for text in column.values]
            sides.append((np.array([*sets, 0], np.uint64)[column.code], column.known))
        (ours, ours_known), (theirs, theirs_known) = sides
        each = min(self.each, self.weight)
        return TagsTerm(ours, theirs, each, self.weight, ours_known, theirs_known, self.unknown)


def _split(text: str) -> list[str]:
    """Return the tags of a row, each once."""
    return sorted({word.strip() for word in text.split(";")} - {""})


def _text_types() -> tuple[object, ...]:
    import pyarrow as pa

    return (pa.string(), pa.large_string())
