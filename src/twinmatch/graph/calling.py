"""Points from a function of the user's own: asked, and checked before they are believed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.errors import Fault, PointsError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.graph.arrays import Index, Int32, Int64

__all__ = ["CallTerm", "reordered"]


@dataclass(frozen=True, eq=False)
class CallTerm:
    """
    Points from a function of the user's own.

    Parameters
    ----------
    function : callable
        Takes two aligned int64 index arrays, of left and of right schools in the order of the
        tables the policy was compiled for, and returns as many whole numbers, 0 or more.
    upper_bound : int or None
        The most points it ever returns, where that is known.
    name : str
        What errors call it.
    left_rows, right_rows : (num_left,) and (num_right,) int64 or None
        Where schools were reordered since: the index to call the function with.
    """

    function: Callable[[Int64, Int64], npt.ArrayLike]
    upper_bound: int | None
    name: str
    left_rows: Int64 | None = None
    right_rows: Int64 | None = None

    @property
    def max_points(self) -> int:
        """The declared bound, or the largest 31-bit number."""
        return 2**31 - 1 if self.upper_bound is None else self.upper_bound

    def points(self, i: Index, j: Index) -> Int32:
        """
        Call the function and check what it returns.

        Raises
        ------
        PointsError
            If the answer has another shape, is not finite and whole, is negative, or is above the
            declared bound.
        """
        rows, columns = np.broadcast_arrays(np.asarray(i, np.int64), np.asarray(j, np.int64))
        left, right = rows.ravel(), columns.ravel()
        if self.left_rows is not None:
            left = self.left_rows[left]
        if self.right_rows is not None:
            right = self.right_rows[right]
        found = _checked_points(self.name, self.function(left, right), left, right, self.max_points)
        return found.reshape(rows.shape)


def _checked_points(name: str, found: npt.ArrayLike, left: Int64, right: Int64, most: int) -> Int32:
    """Return a function's answer as int32 points, or say everything that is wrong with it."""

    def wrong(what: str, rows: npt.NDArray[np.intp] | None = None, hint: str = "") -> Fault:
        if rows is None:
            return Fault(name, what, hint=hint)
        pair = f" for left {left[rows[0]]} and right {right[rows[0]]}"
        return Fault(name, what + pair, len(rows), tuple(int(row) for row in rows[:3]), hint)

    subject = f"criterion {name!r} returned points that cannot be used"
    values = np.asarray(found)
    if values.shape != left.shape:
        hint = "Return one number for each pair."
        raise PointsError(subject, [wrong(f"has shape {values.shape}, not {left.shape}", hint=hint)])
    if values.dtype.kind not in "biuf":
        raise PointsError(subject, [wrong(f"has dtype {values.dtype}", hint="Return whole numbers.")])
    faults = []
    if values.dtype.kind == "f":
        if (rows := np.flatnonzero(~np.isfinite(values))).size:
            faults.append(wrong("is not finite", rows))
        with np.errstate(invalid="ignore"):
            fraction = np.isfinite(values) & (values != np.floor(values))
        if (rows := np.flatnonzero(fraction)).size:
            faults.append(wrong("is not a whole number", rows, "Round it in the function."))
    with np.errstate(invalid="ignore"):
        if (rows := np.flatnonzero(values < 0)).size:
            faults.append(wrong("is below 0", rows))
        if (rows := np.flatnonzero(values > most)).size:
            faults.append(wrong(f"is above its bound of {most:,}", rows))
    if faults:
        raise PointsError(subject, faults)
    return values.astype(np.int32)


def reordered(call: CallTerm, left: Int64, right: Int64) -> CallTerm:
    """Return the term for some of the schools, in a new order: the function is asked about the old rows."""
    return replace(
        call,
        left_rows=left if call.left_rows is None else call.left_rows[left],
        right_rows=right if call.right_rows is None else call.right_rows[right],
    )
