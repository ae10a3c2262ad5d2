r"""
The mechanism that puts the school with the fewest points first: the highest floor, then the most points.

Idea
    Two optima, one after the other. The first is a number: the *floor*, the most points that every pair can
    have at once (:mod:`twinmatch.solvers.bottleneck`). The second is a matching: on a curve that gives a pair
    below the floor nothing, the one with the most points (:mod:`twinmatch.solvers.fairest`).
Why it is right
    Prices prove that no matching counts for more on that curve. Where all its pairs keep to the floor, no
    matching that does has more points. That there is no higher floor follows from the left schools that stand
    in its way: they can have too few partners above it, which anybody can count.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from twinmatch.mechanisms.mechanism import Mechanism, every_number

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.solvers.fairest import Promise

__all__ = ["Leximin", "floored", "leximin"]


@dataclass(frozen=True, eq=False)
class Leximin(Mechanism):
    """
    The mechanism of :func:`leximin`.

    Parameters
    ----------
    promise : Promise or None
        The floor and what proves that there is no higher one, once they are known.
    """

    promise: Promise | None = None
    name: ClassVar[str] = "leximin"

    def __repr__(self) -> str:
        return "Leximin()" if self.promise is None else f"Leximin(floor={self.promise.floor:,})"

    def curve(self, most_points: int) -> npt.NDArray[np.int32] | None:
        """Return 0 for points below the floor, and points from there on; see :meth:`Mechanism.curve`."""
        if self.promise is None:
            return None
        return floored(most_points, self.promise.floor, self.promise.weight)

    def settled(self, most_points: int) -> Leximin:
        """Return the mechanism without what it found for other schools or another policy."""
        return Leximin()

    def fingerprint(self) -> str:
        """Return a digest of the floor and of what proves it."""
        if self.promise is None:
            return self.name
        who = hashlib.sha256(np.packbits(self.promise.witness_left).tobytes()).hexdigest()
        return f"{self.name}:{self.promise.floor}:{self.promise.weight}:{who}"


def floored(most_points: int, floor: int, weight: int) -> npt.NDArray[np.int32]:
    """Return the curve on which points count from ``floor`` on, and ``weight`` with them."""
    points = every_number(most_points)
    counted: npt.NDArray[np.int32] = np.where(points < floor, 0, points + weight).astype(np.int32)
    return counted


def leximin() -> Mechanism:
    r"""
    Return the mechanism that raises the worst pair first, and then finds the most points.

    Notes
    -----
    Among all matchings :math:`M` with the largest :term:`coverage`, the result is best by

    .. math:: \Bigl(\min_{(i, j) \in M} p_{ij},\; \sum_{(i, j) \in M} p_{ij}\Bigr)

    in lexicographic order: the first two of the leximin criterion's steps are its minimum and, instead of the
    second worst, the sum. Both are exact. ``matching.mechanism.promise.floor`` is the minimum;
    :meth:`~twinmatch.Matching.verify` counts that no pair is below it, and that a higher one cannot be
    promised: the schools of ``promise.witness_left`` have together too few partners above it. Objective and
    bound count points; in a market where a low pair would let others gain more than hundreds of thousands of
    points, each pair counts for ``promise.weight`` more.

    Locks, caps and floors of groups are refused in words; capacities and rules are kept to.

    Sources: A. K. Sen, *Collective Choice and Social Welfare* (1970), for leximin; R. Burkard, M. Dell'Amico,
    S. Martello, *Assignment Problems*, SIAM 2009, ch. 6, for the bottleneck assignment problem.

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> matching = tm.match(fr, eu, mechanism=tm.mechanisms.leximin())
    >>> int(matching.pairs["points"].min()) == matching.mechanism.promise.floor
    True
    >>> str(matching.status), matching.verify().ok
    ('OPTIMAL', True)
    """
    return Leximin()
