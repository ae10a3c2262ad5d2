"""Numbers of pairs and shares of schools, rounded exactly."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from twinmatch.errors import Fault
from twinmatch.policy import checks

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST", "Bounds", "as_share", "exact", "percent", "share_faults"]

MOST = 2**31 - 1
"""The largest number of pairs or partners that can be asked for."""


def exact(share: float) -> Fraction:
    """Return the decimal that a share is written as: 98/100 for 0.98, which no binary number is."""
    return Fraction(repr(float(share)))


def as_share(value: object) -> object:
    """Return a number as a plain float, so that 1 and 1.0 make one policy; leave the rest for the checks."""
    return float(value) if isinstance(value, float) or (type(value) is int and 0 <= value <= 1) else value


def share_faults(where: str, value: object) -> Iterator[Fault]:
    """Check a share, and say how one is written."""
    for fault in checks.number(where, value, 0, 1):
        yield fault._replace(hint="Shares go from 0 to 1: 0.35 is 35 %.")


def percent(share: float) -> str:
    """Return a share in words."""
    return f"{float(exact(share) * 100):g} %"


class Bounds(NamedTuple):
    """
    How many pairs a group may have.

    Attributes
    ----------
    at_least, at_most : int or None
        Pairs; None is no bound.
    at_least_share, at_most_share : float or None
        The same as a share of the left schools of the group.
    """

    at_least: Any = None
    at_most: Any = None
    at_least_share: Any = None
    at_most_share: Any = None

    def faults(self, name: str) -> list[Fault]:
        """Return what is wrong with them; ``name`` is whose they are."""
        given = {option: value for option, value in self._asdict().items() if value is not None}
        if not given:
            return [Fault(name, "bounds nothing", hint=f"Give one of {', '.join(self._fields)}.")]
        faults: list[Fault] = []
        for option, value in given.items():
            where = f"{name}.{option}"
            if option.endswith("share"):
                faults += share_faults(where, value)
            else:
                faults += checks.whole(where, value, 0, MOST)
        if faults:
            return faults
        return [
            Fault(f"{name}.{low}", f"is above {high}: {given[low]} and {given[high]}")
            for low, high in (("at_least", "at_most"), ("at_least_share", "at_most_share"))
            if low in given and high in given and given[low] > given[high]
        ]

    def on(self, size: int) -> tuple[int, int | None]:
        """Return the least and the most pairs of a group with ``size`` left schools: floors up, caps down."""
        floors = [self.at_least or 0, math.ceil(exact(self.at_least_share or 0) * size)]
        caps = [self.at_most] if self.at_most is not None else []
        if self.at_most_share is not None:
            caps.append(math.floor(exact(self.at_most_share) * size))
        return max(floors), min(caps, default=None)

    def __str__(self) -> str:
        words = []
        for side, number, share in (
            ("at least", self.at_least, self.at_least_share),
            ("at most", self.at_most, self.at_most_share),
        ):
            words += [f"{side} {number:,} pairs"] if number is not None else []
            words += [f"{side} {percent(share)} of the left schools"] if share is not None else []
        return ", ".join(words)
