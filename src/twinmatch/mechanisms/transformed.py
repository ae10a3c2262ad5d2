r"""
Mechanisms that count a transform of points: the more a pair has already, the less another point counts.

Idea
    With :math:`g` concave, :math:`\sum g(p_{ij})` is largest where points are spread more evenly than where
    :math:`\sum p_{ij}` is. Points are whole numbers from 0 to a known most, so :math:`g` is a column of whole
    numbers, one for each: a *curve*, which search, solver and checker look up where the points of a pair are
    evaluated (``cpp/points.hpp``). Because it never falls, bounds on points are bounds on it.
What follows
    Nothing else changes: the same engine, the same quotas, the same proof, in units of the curve.
Numbers
    Logarithms are worked out bit by bit in integers: the same on every machine, as long as bounds last.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from twinmatch.errors import Fault, InputError
from twinmatch.mechanisms.mechanism import Mechanism, every_number
from twinmatch.pausing import pause

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Int32 = npt.NDArray[np.int32]

__all__ = ["MOST_ENTRY", "TOP", "Concave", "Nash", "concave", "is_concave", "nash"]

TOP = 2**20
"""What the best pair counts for where a transform gives numbers that are not whole."""

_LOG_BITS = 15
_AT_ONCE = 2**14  # so many logarithms are worked out within a cache, and between two pauses
MOST_ENTRY = 2**28
#: What rounding may do to a difference of differences: of whole numbers, and of floats of size 1.
_ROUNDED, _ROUNDING = 2, 8 * 2.0**-52


@dataclass(frozen=True)
class Nash(Mechanism):
    """The mechanism of :func:`nash`."""

    name: ClassVar[str] = "nash"

    def curve(self, most_points: int) -> Int32:
        """Return ``floor(2**15 log2(1 + points))``; see :meth:`Mechanism.curve`."""
        numbers = every_number(most_points)
        entries = np.empty(len(numbers), np.int32)
        for start in range(0, len(numbers), _AT_ONCE):
            pause()
            part = slice(start, start + _AT_ONCE)
            entries[part] = _log2((numbers[part] + 1).astype(np.uint64))
        return entries

    def most(self, most_points: int) -> int:
        """Return the last entry of the curve; see :meth:`Mechanism.most`."""
        return int(_log2(np.array([most_points + 1], np.uint64))[0])


@dataclass(frozen=True, eq=False)
class Concave(Mechanism):
    """
    The mechanism of :func:`concave`.

    Parameters
    ----------
    function : callable or None
        As given; None where only its entries are known, as from a file.
    entries : (k,) int32 or None
        What 0, 1, ... points count for, once that is settled; beyond the last, as much as the last.
    """

    function: Callable[[npt.NDArray[np.int64]], npt.ArrayLike] | None
    entries: Int32 | None = None
    name: ClassVar[str] = "concave"

    def __repr__(self) -> str:
        known = 0 if self.entries is None else len(self.entries)
        return f"Concave({known:,} entries)" if known else f"Concave({self.function!r})"

    def curve(self, most_points: int) -> Int32:
        """Return the entries; see :meth:`Mechanism.curve`."""
        if self.entries is not None and (self.function is None or len(self.entries) == most_points + 1):
            return self.entries
        assert self.function is not None
        points = every_number(most_points)
        return _checked(points, self.function(points))

    def settled(self, most_points: int) -> Concave:
        """Return the mechanism with its entries."""
        return Concave(self.function, self.curve(most_points))

    def fingerprint(self) -> str:
        """Return a digest of the entries."""
        if self.entries is None:
            return f"{self.name}:{id(self.function)}"  # like no other that is not settled
        entries = np.ascontiguousarray(self.entries, "<i4").tobytes()
        return f"{self.name}:{hashlib.sha256(entries).hexdigest()}"


def nash() -> Mechanism:
    r"""
    Return the mechanism of Nash welfare: proportional fairness.

    Notes
    -----
    Among all matchings :math:`M` with the largest :term:`coverage`, the result maximises
    :math:`\prod_{(i, j) \in M} (1 + p_{ij})`, in the form of

    .. math:: \sum_{(i, j) \in M} \lfloor 2^{15} \log_2 (1 + p_{ij}) \rfloor,

    exactly, and prices prove it; the rounding costs no more than :math:`2^{-15}` bit a pair. A transfer of
    points helps where it takes a smaller share from one school than it gives to another. Objective, bound and
    prices are in units of :math:`2^{-15}` bit; pairs and :attr:`twinmatch.Matching.points` stay in points.

    Sources: J. F. Nash, "The bargaining problem", Econometrica 18 (1950); I. Caragiannis, D. Kurokawa,
    H. Moulin, A. D. Procaccia, N. Shah, J. Wang, "The unreasonable fairness of maximum Nash welfare", ACM
    Trans. Econ. Comput. 7 (2019).

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> matching = tm.match(fr, eu, mechanism=tm.mechanisms.nash())
    >>> str(matching.status), matching.verify().ok
    ('OPTIMAL', True)
    """
    return Nash()


def concave(function: Callable[[npt.NDArray[np.int64]], npt.ArrayLike]) -> Mechanism:
    r"""
    Return the mechanism that counts a concave transform of points.

    Parameters
    ----------
    function : callable
        Takes an int64 array of points, from 0 to the most that a pair can have, and returns what each counts
        for: never less for more points, and each further point for no more than the one before. Whole numbers
        (of an integer dtype, from 0 to 2**28) are taken as they are; others are moved and scaled, so that 0
        points count for 0 and the most for 2**20, and rounded.

    Raises
    ------
    InputError
        From :func:`twinmatch.match`, if the function returns anything else, with every fault.

    Notes
    -----
    Among all matchings :math:`M` with the largest :term:`coverage`, the result maximises
    :math:`\sum_{(i, j) \in M} g(p_{ij})`, exactly, and prices prove it. With
    :math:`g(p) = p^{1 - a} / (1 - a)` it is alpha-fair (A. B. Atkinson, "On the measurement of inequality",
    J. Econ. Theory 2 (1970)); :math:`\min(p, t)` cares for nobody who has :math:`t`.

    Examples
    --------
    >>> import numpy as np
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> matching = tm.match(fr, eu, mechanism=tm.mechanisms.concave(np.sqrt))
    >>> str(matching.status), matching.verify().ok
    ('OPTIMAL', True)
    """
    if not callable(function):
        what = f"must be callable, not {type(function).__name__}"
        raise InputError("mechanism", [Fault("function", what)])
    return Concave(function)


def _checked(points: npt.NDArray[np.int64], found: npt.ArrayLike) -> Int32:
    """Return what a transform gives as whole numbers, or say everything that is wrong with it."""
    hint = "Return one number for each number of points, such as np.sqrt(points)."
    values = np.asarray(found)
    if values.shape != points.shape or values.dtype.kind not in "iuf":
        what = f"returned {values.dtype} of shape {values.shape} for {len(points):,} numbers of points"
        raise InputError("mechanism", [Fault("function", what, hint=hint)])
    if not np.isfinite(values).all():
        rows = np.flatnonzero(~np.isfinite(values))
        raise InputError("mechanism", [_fault("returned no finite number", rows, hint)])
    is_whole = values.dtype.kind in "iu"
    exact = values.astype(np.int64 if is_whole else np.float64)
    faults = []
    if is_whole and (rows := np.flatnonzero((exact < 0) | (exact > MOST_ENTRY))).size:
        faults.append(_fault(f"returned whole numbers outside 0 to {MOST_ENTRY:,}", rows))
    span = float(exact[-1] - exact[0])
    step, slack = np.diff(exact), _ROUNDED if is_whole else _ROUNDING * np.abs(exact).max()
    if (rows := np.flatnonzero(step < 0)).size:
        faults.append(_fault("counts less for more points", rows + 1))
    elif (rows := np.flatnonzero(np.diff(step) > slack)).size:
        faults.append(_fault("is not concave: a further point counts for more than the one before", rows + 2))
    elif is_whole and not faults and not is_concave(exact.astype(np.int64)):
        faults.append(Fault("function", "is not concave: further points count for more than those before"))
    if faults:
        raise InputError("mechanism", faults)
    if is_whole:
        return exact.astype(np.int32)
    scaled = np.rint((exact - exact[0]) * (TOP / span if span > 0 else 0.0))
    entries: Int32 = scaled.astype(np.int32)
    return entries


def is_concave(entries: npt.NDArray[np.int64]) -> bool:
    """Return whether whole numbers never fall and rise ever less, near by and from afar, but for rounding."""
    if len(entries) and (entries[0] < 0 or entries[-1] > MOST_ENTRY or (np.diff(entries) < 0).any()):
        return False
    return not any((np.diff(entries[::stride], 2) > _ROUNDED).any() for stride in (1, 32, 1024, 2**15))


def _fault(what: str, rows: npt.NDArray[np.intp], hint: str = "") -> Fault:
    """Return a fault that names the first numbers of points it is about."""
    return Fault("function", f"{what} (first at {int(rows[0]):,} points)", len(rows), hint=hint)


def _log2(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return ``2**15 log2(n)`` of whole numbers from 1 to 2**31, rounded down, or one less."""
    one = np.uint64(1)
    whole = np.zeros(len(numbers), np.uint64)
    for shift in (16, 8, 4, 2, 1):
        longer = numbers >> (whole + np.uint64(shift)) > 0
        whole += np.where(longer, np.uint64(shift), np.uint64(0))
    # A number between 1 and 2, 31 bits behind the point; each square doubles its logarithm.
    rest = numbers << (np.uint64(31) - whole)
    out = whole
    for _ in range(_LOG_BITS):
        rest = (rest * rest) >> np.uint64(31)
        bit = rest >> np.uint64(32)
        rest >>= bit
        out = (out << one) | bit
    return out.astype(np.int64)
