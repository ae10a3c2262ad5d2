"""Agreements and vetoes as parts of a policy: locked and forbidden pairs that changes add and take out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.errors import Fault
from twinmatch.nearby import clipped
from twinmatch.policy.asked import Draft
from twinmatch.policy.overbooking import Overbooking
from twinmatch.policy.quotas import LockedPairs, PartnersPerSchool
from twinmatch.policy.rules import ForbiddenPairs

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

    Pair = tuple[str, str]

__all__ = ["AGREEMENTS", "VETOES", "locked_pairs", "overfull", "vetoed_pairs", "with_pairs"]

AGREEMENTS = "agreements"
"""What the quota that holds the pairs of :class:`PairLocked` is called."""

VETOES = "vetoes"
"""What the rule that holds the pairs of :class:`PairVetoed` is called."""


def locked_pairs(policy: Policy) -> set[Pair]:
    """Return every pair that a policy locks."""
    parts = (part for part in policy.quotas if isinstance(part, LockedPairs))
    return {pair for part in parts for pair in part.pairs}


def vetoed_pairs(policy: Policy) -> set[Pair]:
    """Return every pair that a policy forbids by name."""
    parts = (part for part in policy.rules if isinstance(part, ForbiddenPairs))
    return {pair for part in parts for pair in part.pairs}


def with_pairs(
    policy: Policy,
    *,
    locked: Collection[Pair] = (),
    unlocked: Collection[Pair] = (),
    vetoed: Collection[Pair] = (),
    allowed: Collection[Pair] = (),
) -> Policy:
    """
    Return a policy with other locked and forbidden pairs.

    Parameters
    ----------
    policy : Policy
    locked, vetoed : collection of (str, str)
        Pairs that come, to the part that is called agreements or vetoes; those that are there already stay
        where they are.
    unlocked, allowed : collection of (str, str)
        Pairs that go, from whichever part holds them. A part that is left with none is left out.
    """
    quotas = _merged(policy.quotas, LockedPairs, AGREEMENTS, locked, unlocked)
    rules = _merged(policy.rules, ForbiddenPairs, VETOES, vetoed, allowed)
    if quotas == policy.quotas and rules == policy.rules:
        return policy
    return replace(policy, rules=rules, quotas=quotas)


def _merged(
    parts: tuple[Any, ...], kind: Any, name: str, come: Collection[Pair], go: Collection[Pair]
) -> tuple[Any, ...]:
    made: list[Any] = []
    here: set[Pair] = set()
    for part in parts:
        if isinstance(part, kind):
            held: tuple[Pair, ...] = part.pairs
            if go and not set(go).isdisjoint(held):
                kept = tuple(pair for pair in held if pair not in go)
                if not kept:
                    continue
                part = replace(part, pairs=kept)
            here.update(part.pairs)
        made.append(part)
    fresh = sorted(set(come) - here)
    if not fresh:
        return tuple(made)
    for at, part in enumerate(made):
        if isinstance(part, kind) and part.name == name:
            made[at] = replace(part, pairs=(*part.pairs, *fresh))
            return tuple(made)
    taken = {part.name for part in made}
    title, number = name, 2
    while title in taken:
        title, number = f"{name} ({number})", number + 1
    return (*made, kind(name=title, pairs=tuple(fresh)))


def overfull(policy: Policy, left: Schools, right: Schools, capacity: npt.NDArray[np.int64]) -> list[Fault]:
    """Return a fault for each school that has more locked pairs than it may have partners."""
    locks = locked_pairs(policy)
    if not locks:
        return []
    draft = Draft(
        np.zeros(len(left), np.int64),
        np.ones(len(left), np.int64),
        np.zeros(len(right), np.int64),
        np.array(capacity, np.int64),
    )
    for part in policy.quotas:
        if (
            isinstance(part, _NUMBERS)
            and not list(part.faults())
            and not list(part.table_faults(left, right))
        ):
            part.add_to(draft, left, right)
    faults = []
    for side, schools, most, at in (
        ("left", left, draft.left_most, 0),
        ("right", right, draft.right_most, 1),
    ):
        count: dict[str, int] = {}
        for pair in locks:
            count[pair[at]] = count.get(pair[at], 0) + 1
        for name, rows in zip(*_found(schools, sorted(count)), strict=True):
            if count[name] > most[rows]:
                locked, places = _many(count[name], "locked pair"), _many(int(most[rows]), "partner")
                what = f"has {locked}, and {places} at most"
                hint = "Free a pair, or raise the places." if side == "right" else "Free one of them."
                faults.append(Fault(f"{side} school {clipped(name)}", what, hint=hint))
    return faults


_NUMBERS = (PartnersPerSchool, Overbooking)


def _found(schools: Schools, names: list[str]) -> tuple[list[str], list[int]]:
    """Return those names that are in a table, and their rows."""
    ids = schools.ids
    rows = np.searchsorted(ids, np.array(names, dtype=object)).tolist()
    both = [(n, r) for n, r in zip(names, rows, strict=True) if r < len(ids) and ids[r] == n]
    return [n for n, _ in both], [r for _, r in both]


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
