"""Numbers that describe many numbers. None where there is nothing to describe: never a zero in its place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.graph.formulas import UNITS_PER_RADIUS
from twinmatch.policy.coding import EARTH_RADIUS_KM, places, scalar

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.schools import Schools

    Int64 = npt.NDArray[np.int64]
    Float64 = npt.NDArray[np.float64]

__all__ = ["distances_km", "evenness", "gini", "mean", "quantiles"]

_AT_ONCE = 2**15


def mean(values: Int64 | Float64) -> float | None:
    """Return the mean; of whole numbers it is rounded once only."""
    if not len(values):
        return None
    total = int(values.sum()) if values.dtype.kind in "iu" else math.fsum(values.tolist())
    return total / len(values)


def quantiles(values: Int64 | Float64, *shares: float) -> tuple[float | None, ...]:
    """
    Return quantiles, interpolated between neighbours as NumPy and pandas do by default.

    Parameters
    ----------
    values : (n,) int64 or float64
    *shares : float
        From 0 to 1; 0.5 is the median.
    """
    if not len(values):
        return (None,) * len(shares)
    return tuple(float(one) for one in np.quantile(values, shares))


def gini(points: Int64) -> float | None:
    r"""
    Return the Gini coefficient: 0 where all have the same, near 1 where one has all.

    Parameters
    ----------
    points : (n,) int64
        At least 0, below 2**31.

    Returns
    -------
    float or None
        With :math:`x_1 \le \cdots \le x_n`, :math:`\sum_k (2k - n - 1)\, x_k / (n \sum_k x_k)`, the sums in
        whole numbers; 0 where all are zero, None where there are none.
    """
    number, total = len(points), int(points.sum())
    if not number:
        return None
    if not total:
        return 0.0
    ordered, weighted = np.sort(points), 0
    for first in range(0, number, _AT_ONCE):  # so that no sum leaves 64 bits
        part = ordered[first : first + _AT_ONCE]
        weighted += int(part @ np.arange(1, len(part) + 1)) + first * int(part.sum())
    return (2 * weighted - (number + 1) * total) / (number * total)


def evenness(counts: Int64) -> float | None:
    r"""
    Return the normalised entropy of a distribution: 1 where it is even, 0 where all is in one place.

    Parameters
    ----------
    counts : (n,) int64
        How many in each place, places with none included.

    Returns
    -------
    float or None
        :math:`-\sum_k s_k \ln s_k / \ln n` with :math:`s_k` the shares; None for fewer than two places, or
        where nothing is counted.
    """
    total = int(counts.sum())
    if len(counts) < 2 or not total:
        return None
    entropy = math.fsum(-one / total * math.log(one / total) for one in counts.tolist() if one)
    return min(1.0, max(0.0, entropy / math.log(len(counts))))


def distances_km(left: Schools, right: Schools, i: Int64, j: Int64) -> Float64:
    """
    Return the great-circle distance of pairs.

    Parameters
    ----------
    left, right : Schools
    i, j : (k,) int64
        Rows of the pairs.

    Returns
    -------
    (k,) float64
        In km, on a sphere of the mean radius of the Earth, to about 2 m; NaN where a place is not known.
    """
    here, there = places(left), places(right)
    known = here.known[i] & there.known[j]
    out = np.full(len(i), np.nan)
    if known.any():
        # Whole numbers: the square of the chord is exact, and so the same everywhere.
        apart = here.xyz[:, i[known]].astype(np.float64) - there.xyz[:, j[known]].astype(np.float64)
        found, where = scalar(_arc_km, (apart * apart).sum(axis=0))
        out[known] = found[where]
    return out


def _arc_km(squared_chord: float) -> float:
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(squared_chord) / (2 * UNITS_PER_RADIUS)))
