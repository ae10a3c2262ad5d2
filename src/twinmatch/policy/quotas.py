"""
Quotas: bounds on the number of pairs in groups of schools.

A share is a share of the left schools in the group: of those who meet the conditions on the left, which are
all of them where a quota names the right only. It is read as the decimal it is written as, so that 0.98 is
98/100; floors round up and caps round down. A number and a share may both be given, and then both must hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from twinmatch.errors import Fault
from twinmatch.graph import constraints
from twinmatch.policy.asked import RelativeFloor
from twinmatch.policy.balance import CountryBalance
from twinmatch.policy.bounds import Bounds, as_share, exact, percent, share_faults
from twinmatch.policy.conditions import (
    Conditions,
    as_names,
    column_faults,
    condition_faults,
    frozen,
    in_words,
    names_faults,
)
from twinmatch.policy.groups import Groups, groups, meeting
from twinmatch.policy.overbooking import Overbooking
from twinmatch.policy.partners import LockedPairs, PartnersPerSchool
from twinmatch.policy.parts import Part, ignore, settle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy.typing as npt

    from twinmatch.policy.asked import Draft
    from twinmatch.policy.parts import Say
    from twinmatch.schools import Schools

    Mask = npt.NDArray[np.bool_] | None

__all__ = [
    "QUOTAS",
    "CountryBalance",
    "CoverageFloor",
    "LockedPairs",
    "Overbooking",
    "PartnersPerSchool",
    "Quota",
    "QuotaPer",
]

MAX_QUOTAS = 2_000
"""The most quotas that one :class:`QuotaPer` may make: a bit for each school in each of them is kept."""


@dataclass(frozen=True)
class Quota(Part):
    """
    Bounds on the number of pairs between some left schools and some right schools: a :term:`quota`.

    Parameters
    ----------
    name : str
    left, right : mapping of str to sequence, optional
        Conditions: accepted values by column. A school must meet all of them; without any, everybody does.
        A cell that is a list (``levels``, ``languages``, ``teach_lang``, ``tags``) meets a condition if it
        holds one of the values. Where the value is unknown, the school is not in the group, and is reported.
    at_least, at_most : int, optional
        Pairs.
    at_least_share, at_most_share : float, optional
        The same as a share of the left schools in the group, 0 to 1.

    Examples
    --------
    >>> from twinmatch.policies import Quota
    >>> priority = {"ep": ["REP", "REP+", "REP/REP+"]}
    >>> quota = Quota("priority to Spain", left=priority, right={"country": "ES"}, at_least=200)
    >>> quota.left["ep"]
    ('REP', 'REP+', 'REP/REP+')
    """

    kind: ClassVar[str] = "quota"
    name: str
    left: Mapping[str, Any] = Conditions()
    right: Mapping[str, Any] = Conditions()
    at_least: int | None = None
    at_most: int | None = None
    at_least_share: float | None = None
    at_most_share: float | None = None

    def __post_init__(self) -> None:
        settle(self, left=frozen(self.left), right=frozen(self.right))
        _settle_shares(self)

    def words(self) -> str:
        """Return what is asked, in words."""
        return f"{_bounds(self)}{_between(self.left, self.right)}"

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        for side in ("left", "right"):
            yield from condition_faults(self.where(side), getattr(self, side))
        yield from _bounds(self).faults(self.name)

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield what keeps it from being used on these two tables."""
        missing = [
            *column_faults(self.name, "left", left, self.left),
            *column_faults(self.name, "right", right, self.right),
        ]
        yield from missing or _crossing(self.name, [self._quota(left, right, ignore)])

    def add_to(self, draft: Draft, left: Schools, right: Schools, say: Say = ignore) -> None:
        """Add what is asked to the draft; tell ``say`` what was not found."""
        draft.quotas.append(self._quota(left, right, say))

    def _quota(self, left: Schools, right: Schools, say: Say) -> constraints.Quota:
        ours = meeting(self.name, "left", left, self.left, say)
        theirs = meeting(self.name, "right", right, self.right, say)
        least, most = _bounds(self).on(_size(ours, left))
        return constraints.Quota(self.name, ours, theirs, least, most)


@dataclass(frozen=True)
class QuotaPer(Part):
    """
    The same bounds for every group of schools that have some values in common, such as every country.

    Parameters
    ----------
    name : str
    left, right : sequence of str, optional
        Columns. There is a quota for every combination of values that left schools have in the ones and right
        schools in the others. A school with several values in a list is in several groups, one whose value
        is unknown is in none, and is reported.
    where_left, where_right : mapping of str to sequence, optional
        Conditions on the schools that count, as in :class:`Quota`.
    at_least, at_most : int, optional
        Pairs, of each group.
    at_least_share, at_most_share : float, optional
        The same as a share of the left schools in the group, 0 to 1.

    Examples
    --------
    >>> from twinmatch.policies import QuotaPer
    >>> cap = QuotaPer("country cap", right=["country"], at_most_share=0.4)
    >>> cross = QuotaPer("spread", left=["academie"], right=["country"], at_most_share=0.6)
    """

    kind: ClassVar[str] = "quota_per"
    name: str
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    where_left: Mapping[str, Any] = Conditions()
    where_right: Mapping[str, Any] = Conditions()
    at_least: int | None = None
    at_most: int | None = None
    at_least_share: float | None = None
    at_most_share: float | None = None

    def __post_init__(self) -> None:
        settle(self, left=as_names(self.left), right=as_names(self.right))
        settle(self, where_left=frozen(self.where_left), where_right=frozen(self.where_right))
        _settle_shares(self)

    def words(self) -> str:
        """Return what is asked, in words."""
        columns = " and ".join([*self._columns("left"), *self._columns("right")])
        between = _between(self.where_left, self.where_right)
        return f"{_bounds(self)}, per {columns}{between}"

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        for side in ("left", "right"):
            yield from names_faults(self.where(side), getattr(self, side))
            yield from condition_faults(self.where(f"where_{side}"), getattr(self, f"where_{side}"))
        if self.left == () and self.right == ():
            hint = "Name columns of the left or the right, or use a quota."
            yield Fault(self.name, "makes no groups", hint=hint)
        yield from _bounds(self).faults(self.name)

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield what keeps it from being used on these two tables."""
        wrong = [
            *column_faults(self.name, "left", left, (*self.left, *self.where_left)),
            *column_faults(self.name, "right", right, (*self.right, *self.where_right)),
        ]
        if not wrong:
            sides = [self._groups("left", left, ignore), self._groups("right", right, ignore)]
            wrong = _too_many(self.name, len(sides[0].words) * len(sides[1].words))
        yield from wrong or _crossing(self.name, self._quotas(left, right, ignore))

    def add_to(self, draft: Draft, left: Schools, right: Schools, say: Say = ignore) -> None:
        """Add what is asked to the draft; tell ``say`` what was not found."""
        draft.quotas += self._quotas(left, right, say)

    def _groups(self, side: str, schools: Schools, say: Say) -> Groups:
        inside = meeting(self.name, side, schools, getattr(self, f"where_{side}"), say)
        return groups(self.name, side, schools, getattr(self, side), inside, say)

    def _columns(self, side: str) -> list[str]:
        """Return the columns of a side in words: with the side where the other one has the same."""
        columns: tuple[str, ...] = getattr(self, side)
        return [f"{side} {one}" if one in self.left and one in self.right else one for one in columns]

    def _quotas(self, left: Schools, right: Schools, say: Say) -> list[constraints.Quota]:
        ours, theirs = self._groups("left", left, say), self._groups("right", right, say)
        abroad = [theirs.members(group) for group in range(len(theirs.words))]
        columns = [*self._columns("left"), *self._columns("right")]
        quotas = []
        for group, here in enumerate(ours.words):
            home = ours.members(group)
            least, most = _bounds(self).on(_size(home, left))
            for there, mask in zip(theirs.words, abroad, strict=True):
                name = _label(self.name, columns, (*here, *there))
                quotas.append(constraints.Quota(name, home, mask, least, most))
        return quotas


@dataclass(frozen=True)
class CoverageFloor(Part):
    """
    Schools of a group must not be left without a partner: a floor on :term:`coverage`, and a :term:`quota`.

    Parameters
    ----------
    name : str
    left : mapping of str to sequence, optional
        Conditions on the left schools that count, as in :class:`Quota`.
    per : sequence of str, optional
        Columns of the left: each group of schools with the same values has a floor of its own. Schools whose
        value is unknown are in none, and are reported.
    at_least_share : float, optional
        Share of the schools of a group that must have a partner, 0 to 1; rounded up to whole schools.
    within : float, optional
        How far the share of a group that has a partner may be below the share of *all* left schools that
        have one where nothing of this kind is asked: 0.02 is two percentage points.

    Examples
    --------
    >>> from twinmatch.policies import CoverageFloor
    >>> ep = ["REP", "REP+", "REP/REP+"]
    >>> priority = CoverageFloor("priority education", left={"ep": ep}, at_least_share=0.98)
    >>> alike = CoverageFloor("no académie behind", per=["academie"], within=0.02)
    """

    kind: ClassVar[str] = "coverage_floor"
    name: str
    left: Mapping[str, Any] = Conditions()
    per: tuple[str, ...] = ()
    at_least_share: float | None = None
    within: float | None = None

    def __post_init__(self) -> None:
        settle(self, left=frozen(self.left), per=as_names(self.per))
        settle(self, at_least_share=as_share(self.at_least_share), within=as_share(self.within))

    def words(self) -> str:
        """Return what is asked, in words."""
        least, within = self.at_least_share, self.within
        words = [] if least is None else [f"at least {percent(least)} have a partner"]
        words += [] if within is None else [f"at most {percent(within)} fewer have a partner than of all"]
        words += [f"left schools with {in_words(self.left)}"] if self.left else []
        words += [f"per {' and '.join(self.per)}"] if self.per else []
        return ", ".join(words)

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        yield from condition_faults(self.where("left"), self.left)
        yield from names_faults(self.where("per"), self.per)
        if self.at_least_share is None and self.within is None:
            yield Fault(self.name, "bounds nothing", hint="Give at_least_share or within.")
        for option in ("at_least_share", "within"):
            if getattr(self, option) is not None:
                yield from share_faults(self.where(option), getattr(self, option))

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield what keeps it from being used on these two tables."""
        wrong = list(column_faults(self.name, "left", left, (*self.left, *self.per)))
        yield from wrong or _too_many(self.name, len(self._groups(left, ignore).words))

    def add_to(self, draft: Draft, left: Schools, right: Schools, say: Say = ignore) -> None:
        """Add what is asked to the draft; tell ``say`` what was not found."""
        found = self._groups(left, say)
        for group, words in enumerate(found.words):
            name = _label(self.name, self.per, words)
            mask = found.members(group)
            if self.at_least_share is not None:
                least, _ = Bounds(at_least_share=self.at_least_share).on(_size(mask, left))
                draft.quotas.append(constraints.Quota(name, mask, at_least=least, covered=True))
            if self.within is not None:
                everybody = np.ones(len(left), np.bool_)
                draft.relative.append(
                    RelativeFloor(
                        f"{name}, within {percent(self.within)}",
                        everybody if mask is None else mask,
                        exact(self.within),
                    )
                )

    def _groups(self, left: Schools, say: Say) -> Groups:
        inside = meeting(self.name, "left", left, self.left, say)
        return groups(self.name, "left", left, self.per, inside, say)


QUOTAS = (Quota, QuotaPer, CoverageFloor, PartnersPerSchool, LockedPairs, CountryBalance, Overbooking)
"""Every quota that has a form in TOML."""


def _bounds(quota: Quota | QuotaPer) -> Bounds:
    return Bounds(quota.at_least, quota.at_most, quota.at_least_share, quota.at_most_share)


def _settle_shares(quota: Quota | QuotaPer) -> None:
    shares = ("at_least_share", "at_most_share")
    settle(quota, **{share: as_share(getattr(quota, share)) for share in shares})


def _size(mask: Mask, schools: Schools) -> int:
    return len(schools) if mask is None else int(np.count_nonzero(mask))


def _label(name: str, columns: Iterable[str], words: Iterable[str]) -> str:
    """Return what a group is called."""
    values = ", ".join(f"{column} {word}" for column, word in zip(columns, words, strict=True))
    return f"{name}: {values}" if values else name


def _between(left: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    """Return the conditions on pairs in words, to be put behind the bounds."""
    words = [f", from {in_words(left)}" if left else "", f", to {in_words(right)}" if right else ""]
    return "".join(words)


def _too_many(name: str, count: int) -> list[Fault]:
    if count <= MAX_QUOTAS:
        return []
    what = f"makes {count:,} quotas, and at most {MAX_QUOTAS:,} fit"
    return [Fault(name, what, hint="Take columns with fewer values.")]


def _crossing(name: str, made: list[constraints.Quota]) -> list[Fault]:
    """Return a fault if a floor is above its cap, which shares of small groups can come to by rounding."""
    bad = [one for one in made if one.at_most is not None and one.at_least > one.at_most]
    if not bad:
        return []
    first = bad[0]
    others = f", and so do {len(bad) - 1:,} other groups" if len(bad) > 1 else ""
    return [
        Fault(
            name,
            f"asks for at least {first.at_least:,} pairs and at most {first.at_most:,} on these tables, "
            f"in {first.name!r}{others}",
            hint="Floors round up and caps down: ask for less, or for groups that are larger.",
        )
    ]
