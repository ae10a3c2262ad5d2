"""What a policy asks of a matching as a whole, as arrays: from quotas in words to constraints."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np

from twinmatch.errors import Fault, PolicyError
from twinmatch.graph.constraints import Constraints, Quota
from twinmatch.policy.balance import Balance, CountryBalance, balanced
from twinmatch.policy.parts import ignore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from twinmatch.policy.parts import Say
    from twinmatch.policy.policy import Policy
    from twinmatch.schools import Schools

    Int64 = npt.NDArray[np.int64]

__all__ = ["Asked", "Balance", "Draft", "RelativeFloor", "Request", "asked"]


@runtime_checkable
class Request(Protocol):
    """
    Something that is asked of the matching as a whole: an entry of the ``quotas`` of a policy.

    Write your own as a frozen dataclass with these members.
    """

    kind: ClassVar[str]

    @property
    def name(self) -> str:
        """What results and errors call it."""

    def words(self) -> str:
        """Return what is asked, in words."""

    def faults(self) -> Iterable[Fault]:
        """Return what is wrong with its options."""

    def table_faults(self, left: Schools, right: Schools) -> Iterable[Fault]:
        """Return what keeps it from being used on two tables."""

    def add_to(self, draft: Draft, left: Schools, right: Schools, say: Say = ignore) -> None:
        """Add what is asked to a draft; tell ``say`` what was not found."""


class RelativeFloor(NamedTuple):
    """
    A group that must not fall far behind the coverage that is reached without relative floors.

    Attributes
    ----------
    name : str
        What errors, witnesses and prices call it.
    left : (num_left,) bool
    within : Fraction
        How far behind the share of all left schools that are covered, 0 to 1.
    """

    name: str
    left: npt.NDArray[np.bool_]
    within: Fraction

    def quota(self, covered: int) -> Quota:
        """
        Return the floor once the coverage is known.

        Parameters
        ----------
        covered : int
            How many left schools have a partner without relative floors.
        """
        share = Fraction(covered, max(1, len(self.left))) - self.within
        at_least = max(0, math.ceil(share * int(np.count_nonzero(self.left))))
        return Quota(self.name, left=self.left, at_least=at_least, covered=True)


class Asked(NamedTuple):
    """
    All that a policy asks besides points.

    Attributes
    ----------
    constraints : Constraints
        What must hold.
    relative : tuple of RelativeFloor
        Floors that depend on the coverage reached without them.
    balance : tuple of Balance
        What countries should get, as far as coverage allows.
    """

    constraints: Constraints
    relative: tuple[RelativeFloor, ...] = ()
    balance: tuple[Balance, ...] = ()


@dataclass
class Draft:
    """
    What the requests of a policy have asked so far; each adds to it, in the order of the policy.

    Parameters
    ----------
    left_least, left_most : (num_left,) int64
        Fewest and most partners of each left school.
    right_least, right_most : (num_right,) int64
    locked : list of (int, int)
        Rows of pairs that must be.
    quotas : list of Quota
    relative : list of RelativeFloor
    balances : list of CountryBalance
    """

    left_least: Int64
    left_most: Int64
    right_least: Int64
    right_most: Int64
    locked: list[tuple[int, int]] = field(default_factory=list)
    quotas: list[Quota] = field(default_factory=list)
    relative: list[RelativeFloor] = field(default_factory=list)
    balances: list[CountryBalance] = field(default_factory=list)

    def faults(self) -> Iterator[Fault]:
        """Yield a fault for each side where a school must have more partners than it may."""
        for side in ("left", "right"):
            least, most = getattr(self, f"{side}_least"), getattr(self, f"{side}_most")
            bad = np.flatnonzero(least > most)
            if len(bad):
                first = int(bad[0])
                yield Fault(
                    f"partners of the {side} schools",
                    f"must be at least {least[first]:,} and at most {most[first]:,}",
                    len(bad),
                    tuple(bad[:3].tolist()),
                    hint="Unless asked, the most is 1 on the left and the places on the right: raise it too.",
                )


def asked(
    policy: Policy,
    left: Schools,
    right: Schools,
    right_capacity: npt.NDArray[np.int64],
    say: Say = ignore,
) -> Asked:
    """
    Turn the quotas of a policy into arrays.

    Parameters
    ----------
    policy : Policy
        One that passes :meth:`~twinmatch.policy.Policy.check` on these tables.
    left, right : Schools
        The tables; indices of arrays are their rows.
    right_capacity : (len(right),) int64
        The most partners of each right school, unless the policy says otherwise.
    say : callable, optional
        Told what was assumed or not found, a sentence each.

    Returns
    -------
    Asked

    Raises
    ------
    PolicyError
        If schools must have more partners than they may, with every fault.
    """
    draft = Draft(
        np.zeros(len(left), np.int64),
        np.ones(len(left), np.int64),
        np.zeros(len(right), np.int64),
        np.array(right_capacity, np.int64),
    )
    for part in policy.quotas:
        part.add_to(draft, left, right, say)
    if faults := list(draft.faults()):
        raise PolicyError("policy", faults)
    constraints = Constraints(
        draft.left_least,
        draft.left_most,
        draft.right_least,
        draft.right_most,
        np.array(sorted(set(draft.locked)), np.int64).reshape(-1, 2),
        tuple(draft.quotas),
    )
    balance = [one for part in draft.balances for one in balanced(part, len(left), right, draft.right_most)]
    return Asked(constraints, tuple(draft.relative), tuple(balance))
