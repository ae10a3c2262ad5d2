"""Sums of whole numbers that are right whatever their size."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["exact_dot", "exact_sum"]

_MOST = 2**63 - 1


def exact_sum(values: npt.NDArray[np.int64]) -> int:
    """
    Return the sum, as a Python integer.

    Upper and lower halves are added apart, so that fewer than 2**31 numbers cannot overflow.
    """
    high, low = values >> 32, values & 0xFFFFFFFF
    return (int(high.sum()) << 32) + int(low.sum())


def exact_dot(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> int:
    """Return the sum of the products of two arrays of numbers of at least 0, as a Python integer."""
    if int(a.max(initial=0)) * int(b.max(initial=0)) <= _MOST:
        return exact_sum(a * b)
    return sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))
