"""
A policy with other numbers: a quota that asks for less, a lock that is dropped, a rule that is left out.

A quota per group is one part of a policy and many bounds. Where a single group gets another number, the part
is written as several: the same for all other groups, and a quota for the one. Where columns hold lists and
conditions get in the way of that, all groups get the looser number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from twinmatch.policy.bounds import exact
from twinmatch.policy.groups import groups, meeting, read
from twinmatch.policy.parts import ignore
from twinmatch.policy.quotas import CoverageFloor, LockedPairs, PartnersPerSchool, Quota, QuotaPer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twinmatch.graph import constraints
    from twinmatch.policy import Policy
    from twinmatch.policy.asked import Request
    from twinmatch.schools import Schools

__all__ = ["Amendments", "Bound", "Fewer", "amended"]

#: A quota per group that cannot be written in two parts is written as so many at most.
MOST_QUOTAS = 1_000


class Bound(NamedTuple):
    """
    New numbers of one quota.

    Attributes
    ----------
    quota : twinmatch.graph.constraints.Quota
        As it is now.
    at_least, at_most : int or None
        As they shall be; None is as they are.
    """

    quota: constraints.Quota
    at_least: int | None = None
    at_most: int | None = None

    @property
    def floor(self) -> int:
        """The floor it shall have."""
        return self.quota.at_least if self.at_least is None else self.at_least

    @property
    def cap(self) -> int | None:
        """The cap it shall have."""
        return self.quota.at_most if self.at_most is None else self.at_most


class Fewer(NamedTuple):
    """Schools of a side, by id, that need have no more than ``least`` partners; ``part`` said otherwise."""

    part: int
    side: str
    least: int
    schools: tuple[str, ...]


@dataclass
class Amendments:
    """
    What shall change in a policy.

    Parameters
    ----------
    bounds, relative : dict of int to dict of int to Bound
        By the number of the part in ``policy.quotas`` and that of the group; floors that depend on coverage
        are apart.
    coverage : Fraction
        The share of left schools that can be covered without floors that depend on it.
    parts : dict of int to Request
        Parts that are replaced.
    fewer : list of Fewer
    unlocked : set of (str, str)
        Pairs, by id, that need not be.
    left_out : set of int
        Parts of ``policy.quotas``.
    rule : str or None
        A rule that is left out.
    """

    bounds: dict[int, dict[int, Bound]] = field(default_factory=dict)
    relative: dict[int, dict[int, Bound]] = field(default_factory=dict)
    coverage: Fraction = Fraction(0)
    parts: dict[int, Request] = field(default_factory=dict)
    fewer: list[Fewer] = field(default_factory=list)
    unlocked: set[tuple[str, str]] = field(default_factory=set)
    left_out: set[int] = field(default_factory=set)
    rule: str | None = None


def amended(policy: Policy, amendments: Amendments, left: Schools, right: Schools) -> Policy | None:
    """
    Return the policy with these changes, None where a part cannot be written with the new numbers.

    Parameters
    ----------
    policy : Policy
    amendments : Amendments
    left, right : Schools
        The tables whose groups the changes are about.
    """
    taken = {part.name for part in policy.quotas}
    quotas: list[Request] = []
    for number, part in enumerate(policy.quotas):
        if number in amendments.left_out:
            continue
        made = _changed(part, number, amendments, left, right)
        if made is None:
            return None
        for one in made:
            if one.name != part.name and one.name in taken:
                return None
            taken.add(one.name)
        quotas += made
    for fewer in amendments.fewer:
        name = _free(f"{policy.quotas[fewer.part].name}, at least {fewer.least:,}", taken)
        taken.add(name)
        quotas.append(PartnersPerSchool(name, fewer.side, least=fewer.least, schools=fewer.schools))
    rules = tuple(rule for rule in policy.rules if rule.name != amendments.rule)
    return replace(policy, rules=rules, quotas=tuple(quotas))


def _free(name: str, taken: set[str]) -> str:
    """Return a name that no quota has."""
    number = 2
    tried = name
    while tried in taken:
        tried, number = f"{name} ({number})", number + 1
    return tried


def _changed(
    part: Request, number: int, amendments: Amendments, left: Schools, right: Schools
) -> list[Request] | None:
    """Return what a part is replaced by."""
    part = amendments.parts.get(number, part)
    bounds, relative = amendments.bounds.get(number, {}), amendments.relative.get(number, {})
    if isinstance(part, LockedPairs) and amendments.unlocked:
        kept = [pair for pair in part.pairs if pair not in amendments.unlocked]
        return [replace(part, pairs=tuple(kept))] if kept else []
    if not bounds and not relative:
        return [part]
    if isinstance(part, Quota):
        (bound,) = bounds.values()
        return [_renumbered(part, bound)]
    if isinstance(part, QuotaPer):
        return _quotas(part, bounds, left, right)
    if isinstance(part, CoverageFloor):
        everybody = len(left)
        shares = {group: _share_of(bound, everybody) for group, bound in bounds.items()}
        within = {group: _within(bound, everybody, amendments.coverage) for group, bound in relative.items()}
        return _floors(part, shares, within, left)
    return None


def _renumbered(part: Quota | QuotaPer, bound: Bound) -> Quota | QuotaPer:
    """Return a quota with other bounds, where they change."""
    new: dict[str, Any] = {}
    if bound.at_least is not None:
        new |= {"at_least": bound.at_least, "at_least_share": None}
    if bound.at_most is not None:
        new |= {"at_most": bound.at_most, "at_most_share": None}
    return replace(part, **new)


# -- A quota for each group ----------------------------------------------------------------------------------


def _quotas(
    part: QuotaPer, bounds: Mapping[int, Bound], left: Schools, right: Schools
) -> list[Request] | None:
    sides = []
    for side, schools, columns, where in (
        ("left", left, part.left, part.where_left),
        ("right", right, part.right, part.where_right),
    ):
        inside = meeting(part.name, side, schools, where, ignore)
        sides.append(groups(part.name, side, schools, columns, inside, ignore).words)
    ours, theirs = sides
    labels = [(here, there) for here in ours for there in theirs]
    own = {group: _own(part, *labels[group], bound) for group, bound in bounds.items()}
    single = [one for one in own.values() if one is not None]
    if len(part.left) + len(part.right) == 1:
        side, schools = ("left", left) if part.left else ("right", right)
        (column,) = part.left or part.right
        if _holds_one(schools, column):
            at = 0 if part.left else 1
            changed = {labels[group][at][0] for group in bounds}
            others = [label[at][0] for label in labels if label[at][0] not in changed]
            where = getattr(part, f"where_{side}")
            new: dict[str, Any] = {f"where_{side}": {**where, column: others}}
            rest = [replace(part, **new)] if others else []
            return [*rest, *single]
    clear = not set(part.left) & set(part.where_left) and not set(part.right) & set(part.where_right)
    if clear and len(labels) <= MOST_QUOTAS:
        every = [own[group] if group in own else _same(part, *label) for group, label in enumerate(labels)]
        return [one for one in every if one is not None]
    return _looser(part, list(bounds.values()))


def _looser(part: QuotaPer, bounds: list[Bound]) -> list[Request] | None:
    """Give every group the looser number; shares of groups of several sizes are not one number."""
    new: dict[str, Any] = {}
    if any(bound.at_least is not None for bound in bounds):
        if part.at_least_share is not None:
            return None
        new["at_least"] = min(bound.floor for bound in bounds)
    if any(bound.at_most is not None for bound in bounds):
        if part.at_most_share is not None:
            return None
        new["at_most"] = max(bound.cap or 0 for bound in bounds)
    return [replace(part, **new)]


def _same(part: QuotaPer, here: tuple[str, ...], there: tuple[str, ...]) -> Quota:
    """Return the quota of one group that does not change."""
    return Quota(
        _label(part, here, there),
        _where(part.where_left, part.left, here),
        _where(part.where_right, part.right, there),
        part.at_least,
        part.at_most,
        part.at_least_share,
        part.at_most_share,
    )


def _own(part: QuotaPer, here: tuple[str, ...], there: tuple[str, ...], bound: Bound) -> Quota | None:
    """Return the quota of one group, None where it asks for nothing any more."""
    if not bound.floor and bound.cap is None:
        return None
    return Quota(
        bound.quota.name,
        _where(part.where_left, part.left, here),
        _where(part.where_right, part.right, there),
        bound.floor or None,
        bound.cap,
    )


def _label(part: QuotaPer, here: tuple[str, ...], there: tuple[str, ...]) -> str:
    """Return what a group is called, as in the quotas that the part makes itself."""
    columns = [f"left {one}" if one in part.right else one for one in part.left]
    columns += [f"right {one}" if one in part.left else one for one in part.right]
    values = ", ".join(f"{column} {word}" for column, word in zip(columns, (*here, *there), strict=True))
    return f"{part.name}: {values}"


def _where(where: Mapping[str, Any], columns: Iterable[str], words: Iterable[str]) -> dict[str, Any]:
    return {**where, **{column: (word,) for column, word in zip(columns, words, strict=True)}}


def _holds_one(schools: Schools, column: str) -> bool:
    """Return whether no school has several words in a column."""
    return all(len(words) <= 1 for words in read(schools, column).words)


# -- Floors of coverage --------------------------------------------------------------------------------------


def _floors(
    part: CoverageFloor, shares: Mapping[int, float], within: Mapping[int, float], left: Schools
) -> list[Request] | None:
    changed = {*shares, *within}
    inside = meeting(part.name, "left", left, part.left, ignore)
    labels = groups(part.name, "left", left, part.per, inside, ignore).words
    if len(part.per) == 1 and _holds_one(left, part.per[0]):
        (column,) = part.per
        others = [words[0] for group, words in enumerate(labels) if group not in changed]
        made: list[Request] = []
        if others:
            made.append(replace(part, left={**part.left, column: others}))
        for group in sorted(changed):
            word = labels[group][0]
            share, far = shares.get(group, part.at_least_share), within.get(group, part.within)
            made.append(
                CoverageFloor(
                    f"{part.name}: {column} {word}",
                    {**part.left, column: (word,)},
                    at_least_share=share,
                    within=far,
                )
            )
        return made
    new: dict[str, Any] = {}
    if shares:
        new["at_least_share"] = min(shares.values())
    if within:
        new["within"] = max(within.values())
    return [replace(part, **new)]


def _share_of(bound: Bound, everybody: int) -> float:
    """Return the share that rounds up to a floor, with as few digits as do."""
    members = _members(bound, everybody)
    share = 0.0
    for digits in (2, 3, 4, 6, 9):
        share = math.floor(Fraction(bound.floor, max(1, members)) * 10**digits) / 10**digits
        if math.ceil(exact(share) * members) == bound.floor:
            break
    return share


def _within(bound: Bound, everybody: int, coverage: Fraction) -> float:
    """Return how far behind the coverage a floor is, rounded up."""
    behind = coverage - Fraction(bound.floor, max(1, _members(bound, everybody)))
    return float(min(Fraction(1), max(Fraction(0), Fraction(math.ceil(behind * 10**4), 10**4))))


def _members(bound: Bound, everybody: int) -> int:
    return everybody if bound.quota.left is None else int(bound.quota.left.sum())
