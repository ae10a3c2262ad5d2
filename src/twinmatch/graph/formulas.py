"""
The formulas of numeric columns: what two numbers, places, sets or vectors are worth to each other.

=========  ==============================================================================
linear     ``min(cap, max(0, top - abs(left - right)))``, 32-bit integers
distance   ``min(cap, max(0, top - slope * abs(arc - centre)))`` truncated, float32
tags       ``min(cap, each * number of common bits)``, 64-bit sets
dot        ``min(cap, max(0, ((offset + dot product) * gain) >> shift))``, 8-bit vectors
=========  ==============================================================================

The same formulas, in the same order of operations, are written for the compiler in
``cpp/points.hpp``; the two files hold the same constants and return the same integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.arrays import Float32, Index, Int32, Int64

__all__ = [
    "ARC_C1",
    "ARC_C2",
    "ARC_C3",
    "ARC_SCALE",
    "UNITS_PER_RADIUS",
    "DistanceColumns",
    "DotColumns",
    "LinearColumns",
    "TagColumns",
    "distance_points",
    "dot_points",
    "dot_worth",
    "linear_points",
    "tag_points",
]

UNITS_PER_RADIUS = 2**22
"""Coordinates are whole numbers, this many to an Earth radius (about 1.5 m each)."""

# Chord to great circle: arc = s (1 + C1 t + C2 t^2 + C3 t^3) with s the chord and t = s^2 in Earth
# radii. Fitted to the least largest relative error for chords up to 10,000 km: 1.7e-4 there, 3e-5
# up to 1,000 km. All three are positive, so a longer chord is never a shorter arc.
ARC_SCALE = np.float32(2.0**-44)
ARC_C1 = np.float32(0.0428923108)
ARC_C2 = np.float32(0.00209602714)
ARC_C3 = np.float32(0.00208822871)


class LinearColumns(NamedTuple):
    """A linear term after merging: sentinels where unknown. Fields as in :class:`LinearTerm`."""

    left: Int32
    right: Int32
    top: int
    cap: int


class DistanceColumns(NamedTuple):
    """A distance term after merging: sentinels where unknown. Fields as in :class:`DistanceTerm`."""

    left: Float32
    right: Float32
    top: float
    slope: float
    centre: float
    cap: float


class TagColumns(NamedTuple):
    """A tags term after merging: empty sets where unknown. Fields as in :class:`TagsTerm`."""

    left: npt.NDArray[np.uint64]
    right: npt.NDArray[np.uint64]
    each: int
    cap: int


class DotColumns(NamedTuple):
    """A dot term after merging: zero vectors where unknown. Fields as in :class:`DotTerm`."""

    left: npt.NDArray[np.int8]
    right: npt.NDArray[np.int8]
    offset: int
    gain: int
    shift: int
    cap: int


def linear_points(left: Int32, right: Int32, top: int, cap: int, i: Index, j: Index) -> Int32:
    """Return points that fall with the difference of two numbers."""
    points = np.int32(top) - np.abs(left[i] - right[j])
    clipped: Int32 = np.minimum(np.maximum(points, np.int32(0)), np.int32(cap))
    return clipped


def distance_points(columns: DistanceColumns, i: Index, j: Index) -> Int32:
    """
    Return points that fall with the distance from a preferred one.

    Every operation is in float32 and in the order of cpp/points.hpp: the bits depend on it.
    """
    top, slope, centre, cap = (np.float32(value) for value in columns[2:])
    dx = columns.left[0][i] - columns.right[0][j]
    dy = columns.left[1][i] - columns.right[1][j]
    dz = columns.left[2][i] - columns.right[2][j]
    q = (dx * dx + dy * dy) + dz * dz
    t = q * ARC_SCALE
    arc = np.sqrt(q) * (np.float32(1) + t * (ARC_C1 + t * (ARC_C2 + t * ARC_C3)))
    points = top - slope * np.abs(arc - centre)
    points = np.minimum(np.maximum(points, np.float32(0)), cap)
    whole: Int32 = points.astype(np.int32)
    return whole


def tag_points(
    left: npt.NDArray[np.uint64],
    right: npt.NDArray[np.uint64],
    each: int,
    cap: int,
    i: Index,
    j: Index,
) -> Int32:
    """Return points that grow with what two sets have in common."""
    points = np.int32(each) * _popcount(left[i] & right[j])
    capped: Int32 = np.minimum(points, np.int32(cap))
    return capped


def _popcount(bits: npt.NDArray[np.uint64]) -> Int32:
    """Count the bits of each number (np.bitwise_count came with NumPy 2)."""
    eight = np.ascontiguousarray(bits).reshape(*np.shape(bits), 1).view(np.uint8)
    count: Int32 = np.unpackbits(eight, axis=-1).sum(axis=-1, dtype=np.int32)
    return count


def dot_points(columns: DotColumns, i: Index, j: Index) -> Int32:
    """Return points that grow with the likeness of two vectors."""
    products = np.einsum(
        "...w,...w->...", columns.left[i].astype(np.int64), columns.right[j].astype(np.int64)
    )
    return dot_worth(products, columns)


def dot_worth(products: Int64, columns: DotColumns) -> Int32:
    """Return what dot products are worth to a column."""
    points = ((columns.offset + products) * columns.gain) >> columns.shift
    clipped: Int32 = np.minimum(np.maximum(points, 0), columns.cap).astype(np.int32)
    return clipped
