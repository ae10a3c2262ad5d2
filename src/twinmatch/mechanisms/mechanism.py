"""What a mechanism is, and the one that is used where nobody asks for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Mechanism", "MostPoints", "most_points"]


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


def most_points() -> Mechanism:
    r"""
    Return the mechanism that finds the most points, the default of :func:`twinmatch.match`.

    Notes
    -----
    Among all matchings :math:`M` with the largest coverage, the result maximises

    .. math:: \sum_{(i, j) \in M} p_{ij},

    exactly, and prices prove it (linear programming duality for assignment problems: R. Burkard,
    M. Dell'Amico, S. Martello, *Assignment Problems*, SIAM 2009, ch. 4).
    """
    return MostPoints()
