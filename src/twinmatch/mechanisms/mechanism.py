"""What a mechanism is, and the one that is used where nobody asks for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from twinmatch.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.certify.certificate import Findings
    from twinmatch.graph.constraints import Constraints
    from twinmatch.graph.terms import PairTerms
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools
    from twinmatch.solvers.control import Cancel, Control
    from twinmatch.status import Limit

    Int64 = npt.NDArray[np.int64]

__all__ = [
    "Mechanism",
    "MostPoints",
    "Outcome",
    "Procedure",
    "Setting",
    "every_number",
    "most_points",
]

MOST_NUMBERS = 2**26
"""A curve has entries for so many points at most: half a gigabyte while it is made."""


@dataclass(frozen=True)
class Mechanism:
    """
    How one matching is chosen among all that keep to the rules.

    Attributes
    ----------
    name : str
        What files and the command line call it.
    """

    name: ClassVar[str] = ""

    def curve(self, most_points: int) -> npt.NDArray[np.int32] | None:
        """
        Return what a pair of 0, 1, ..., ``most_points`` points counts for; None: its points.

        Parameters
        ----------
        most_points : int
            No pair has more.
        """
        return None

    def most(self, most_points: int) -> int:
        """Return the highest entry of a curve that takes time, and may be stopped before it is known."""
        raise NotImplementedError

    def settled(self, most_points: int) -> Mechanism:
        """Return the same mechanism with everything fixed that depends on the points there are."""
        return self

    def fingerprint(self) -> str:
        """Return a digest of what the mechanism is; empty for :func:`most_points`."""
        return self.name


@dataclass(frozen=True)
class MostPoints(Mechanism):
    """The mechanism of :func:`most_points`."""

    name: ClassVar[str] = "most_points"

    def fingerprint(self) -> str:
        """Return nothing: results are those of a policy alone."""
        return ""


class Setting(NamedTuple):
    """
    What a procedure is carried out on, and what its outcome is checked against.

    Attributes
    ----------
    left, right : Schools
        The two tables, sorted by id. Indices of arrays are their rows.
    policy : Policy
    terms : PairTerms
        Rules and points, as arrays.
    right_terms : PairTerms or None
        Those of the procedure's ``right_policy``, where it has one.
    limits : Constraints
        Partners of each school, pairs that stay, quotas.
    """

    left: Schools
    right: Schools
    policy: Policy
    terms: PairTerms
    right_terms: PairTerms | None
    limits: Constraints


class Outcome(NamedTuple):
    """
    What a procedure came to.

    Attributes
    ----------
    mate : (num_left,) int64
        Row of the partner of each left school, -1 for none.
    limit : Limit or None
        What stopped it before its end, if anything did. Then the pairs keep to the rules, and nothing else
        is said of them.
    mechanism : Procedure, optional
        The mechanism with what proves its guarantee, where it has more to show than pairs.
    """

    mate: Int64
    limit: Limit | None
    mechanism: Procedure | None = None


class Procedure(Mechanism):
    """
    A mechanism that is carried out step by step, and makes no sum largest.

    It does not put coverage first. Its result claims that it keeps a guarantee, which :meth:`check` looks
    into over all pairs; there are no prices, and ``bound`` is ``objective``.
    """

    right_policy: Policy | None = None

    def faults(self, setting: Setting) -> list[Fault]:
        """Return what the policy asks that this mechanism cannot keep to, in words."""
        raise NotImplementedError

    def run(self, setting: Setting, control: Control) -> Outcome:
        """
        Carry it out.

        Parameters
        ----------
        setting : Setting
            Without what :meth:`faults` names.
        control : Control
            What may stop it; then the outcome says so.
        """
        raise NotImplementedError

    def check(
        self,
        setting: Setting,
        mate: Int64,
        *,
        threads: int | None = None,
        isa: str = "auto",
        on_progress: Callable[[int, int], object] | None = None,
        cancel: Cancel | None = None,
    ) -> Findings:
        """
        Look into the guarantee over all pairs, without the solver.

        Parameters
        ----------
        setting : Setting
            Compiled afresh.
        mate : (num_left,) int64
            Pairs that are admissible and keep to places, locks and caps.
        threads, isa, on_progress, cancel
            As for :meth:`twinmatch.Matching.verify`.
        """
        raise NotImplementedError


def every_number(most_points: int) -> Int64:
    """
    Return the numbers of points that a curve has entries for: 0, 1, ..., ``most_points``.

    Raises
    ------
    InputError
        If they are too many to be written down.
    """
    if most_points > MOST_NUMBERS:
        what = f"a pair may have {most_points:,} points, and a curve has entries for {MOST_NUMBERS:,} at most"
        hint = "Give criteria of your own an upper_bound, or lower the weights."
        raise InputError("mechanism", [Fault("points", what, hint=hint)])
    return np.arange(most_points + 1, dtype=np.int64)


def most_points() -> Mechanism:
    r"""
    Return the mechanism that finds the most points, the default of :func:`twinmatch.match`.

    Notes
    -----
    Among all matchings :math:`M` with the largest :term:`coverage`, the result maximises

    .. math:: \sum_{(i, j) \in M} p_{ij},

    exactly, and :term:`prices <price>` prove it (linear programming duality for assignment problems: R.
    Burkard, M. Dell'Amico, S. Martello, *Assignment Problems*, SIAM 2009, ch. 4).
    """
    return MostPoints()
