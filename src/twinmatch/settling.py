"""
From what a policy asks to what must hold: floors and wishes that depend on the coverage.

Two kinds of quotas cannot be written down before one knows how many schools can be paired at all. A floor
*within* so many points of the coverage needs that coverage; and the balance between countries gives way
wherever it would leave a school without a partner that could have one. Both are settled by counting kinds of
schools, without a single point.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from twinmatch.solvers.kinds import cover_kinds

if TYPE_CHECKING:
    from twinmatch.graph.constraints import Constraints, Quota
    from twinmatch.graph.terms import PairTerms
    from twinmatch.policy.asked import Asked, Balance
    from twinmatch.solvers.control import Control

__all__ = ["Settled", "settled"]

#: A balance that costs coverage is eased in so many equal steps.
STEPS = 64


class Settled(NamedTuple):
    """
    What must hold.

    Attributes
    ----------
    constraints : Constraints
    notes : tuple of str
        What gave way, in words.
    """

    constraints: Constraints
    notes: tuple[str, ...] = ()


def settled(asked: Asked, terms: PairTerms, control: Control) -> Settled:
    """
    Return what must hold on two tables.

    Parameters
    ----------
    asked : Asked
        What a policy asks; see :func:`twinmatch.policy.asked.asked`.
    terms : PairTerms
        The rules, as arrays.
    control : Control

    Raises
    ------
    Stopped
        If the deadline passed or the caller cancelled.

    Notes
    -----
    A balance that would cover fewer schools than could be covered without it is eased as a whole: caps rise
    towards all places of the country, floors fall towards 0, in 64 equal steps, as few as it takes.
    """
    if not asked.relative and not asked.balance:
        return Settled(asked.constraints)
    without = cover_kinds(terms, asked.constraints, control)
    if not without.is_feasible:
        return Settled(asked.constraints)  # nothing exists, with or without wishes
    notes: list[str] = []
    limits = asked.constraints
    if asked.balance:
        step = _eased(limits, asked.balance, without.size, terms, control)
        limits = _with(limits, [_quota(one, step) for one in asked.balance])
        if step:
            names = sorted({one.name.split(":")[0] for one in asked.balance})
            notes.append(
                f"{', '.join(names)}: eased by {step / STEPS:.0%}, or fewer schools would have a partner"
            )
    return Settled(_with(limits, [floor.quota(without.size) for floor in asked.relative]), tuple(notes))


def _eased(
    limits: Constraints, balance: tuple[Balance, ...], size: int, terms: PairTerms, control: Control
) -> int:
    """Return the least number of steps after which as many schools can be covered as without the balance."""

    def costs(step: int) -> bool:
        found = cover_kinds(terms, _with(limits, [_quota(one, step) for one in balance]), control)
        return not found.is_feasible or found.size < size

    low, high = 0, STEPS  # at the last step the balance asks for nothing
    if not costs(0):
        return 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if costs(middle) else (low, middle)
    return high


def _quota(one: Balance, step: int) -> Quota:
    """Return a country's cap and floor after some steps."""
    cap = one.at_most + -(-max(0, one.places - one.at_most) * step // STEPS)
    return replace(one.quota(), at_least=one.at_least * (STEPS - step) // STEPS, at_most=cap)


def _with(limits: Constraints, more: list[Quota]) -> Constraints:
    return replace(limits, quotas=(*limits.quotas, *more))
