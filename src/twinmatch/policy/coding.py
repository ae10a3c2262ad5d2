"""Columns of schools as whole numbers: codes for words, coordinates for places, sets for lists."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.graph.formulas import UNITS_PER_RADIUS
from twinmatch.pausing import pause

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from twinmatch.schools import Schools

__all__ = [
    "EARTH_RADIUS_KM",
    "Coded",
    "Places",
    "encode",
    "neighbours",
    "places",
    "scaled_logarithms",
    "units",
]

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""


#: Places that are looked around between two moments at which a run may be stopped.
_AT_ONCE = 2_048


class Coded(NamedTuple):
    """
    A column of words as codes.

    Attributes
    ----------
    code : (n,) int32
        Position in ``values``; ``len(values)`` where the value is missing.
    values : tuple of str
        The distinct words, sorted, so that codes do not depend on the order of rows.
    """

    code: npt.NDArray[np.int32]
    values: tuple[str, ...]

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Where the value is not missing."""
        return self.code < len(self.values)

    def recode(self, codes: Sequence[int], missing: int) -> npt.NDArray[np.int32]:
        """Return another code for each value, and one for missing values."""
        return np.array([*codes, missing], np.int32)[self.code]


class Places(NamedTuple):
    """
    Where schools are.

    Attributes
    ----------
    xyz : (3, n) float32
        Whole numbers, ``UNITS_PER_RADIUS`` to an Earth radius; zero where not known.
    known : (n,) bool
    """

    xyz: npt.NDArray[np.float32]
    known: npt.NDArray[np.bool_]


def encode(schools: Schools, name: str) -> Coded:
    """Return a text column as codes; a column that the table does not have is missing everywhere."""
    if not schools.has(name) or not len(schools):
        return Coded(np.zeros(len(schools), np.int32), ())
    import pyarrow as pa

    coded = schools.table[name].cast(pa.string()).combine_chunks().dictionary_encode()
    words: list[str] = coded.dictionary.to_pylist()
    order = sorted(range(len(words)), key=words.__getitem__)
    rank = np.empty(len(words) + 1, np.int32)
    rank[order] = np.arange(len(words))
    rank[len(words)] = len(words)
    indices = coded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
    return Coded(rank[indices], tuple(words[k] for k in order))


def scalar(
    function: Callable[[float], float], values: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """
    Apply a function of :mod:`math` once to each distinct value.

    NumPy's own logarithms and sines differ in the last bit between instruction sets.
    """
    distinct, inverse = np.unique(values, return_inverse=True)
    return np.array([function(value) for value in distinct.tolist()], np.float64), inverse.ravel()


def scaled_logarithms(values: npt.NDArray[np.float64], scale: float) -> npt.NDArray[np.int32]:
    """Return ``round(log(value) * scale)`` for values above 0."""
    found, inverse = scalar(lambda value: round(math.log(value) * scale), values)
    return found.astype(np.int32)[inverse]


def places(schools: Schools) -> Places:
    """Return the points of schools on the unit sphere, as whole numbers."""
    latitude, longitude = schools.numbers("lat"), schools.numbers("lon")
    known = np.isfinite(latitude) & np.isfinite(longitude)
    xyz = np.zeros((3, len(schools)), np.float32)
    if known.any():
        east, where = scalar(math.radians, longitude[known])
        cos_east, sin_east = (np.array([f(x) for x in east.tolist()])[where] for f in (math.cos, math.sin))
        north, where = scalar(math.radians, latitude[known])
        cos_north, sin_north = (np.array([f(x) for x in north.tolist()])[where] for f in (math.cos, math.sin))
        unit = np.stack([cos_north * cos_east, cos_north * sin_east, sin_north])
        xyz[:, known] = np.rint(unit * UNITS_PER_RADIUS)
    return Places(xyz, known)


def units(km: float) -> float:
    """Return a length along the surface in the units of the coordinates."""
    return km / EARTH_RADIUS_KM * UNITS_PER_RADIUS


def neighbours(found: Places, radius_km: float) -> npt.NDArray[np.int64]:
    """
    Count the schools within a radius of each school, itself included.

    Parameters
    ----------
    found : Places
        Of n schools.
    radius_km : float
        Along the great circle.

    Returns
    -------
    (n,) int64
        0 where the place is not known.
    """
    from scipy.spatial import cKDTree

    counts = np.zeros(len(found.known), np.int64)
    points = found.xyz[:, found.known].T.astype(np.float64)  # whole numbers: squares are exact
    if len(points):
        chord = 2 * math.sin(min(radius_km / EARTH_RADIUS_KM, math.pi) / 2) * UNITS_PER_RADIUS
        x, y, z = points.T.astype(np.int64)
        _, flat = np.unique(x * 2**24 + y, return_inverse=True)
        _, first, inverse = np.unique(flat * 2**24 + z, return_index=True, return_inverse=True)
        tree, around = cKDTree(points), np.empty(len(first), np.int64)
        for begin in range(0, len(first), _AT_ONCE):
            pause()
            some = slice(begin, begin + _AT_ONCE)
            around[some] = tree.query_ball_point(points[first[some]], chord, return_length=True)
        counts[found.known] = around[inverse.ravel()]
    return counts
