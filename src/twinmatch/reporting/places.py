"""Where schools are on a map of Europe: kilometres, the frame of the map, and squares to group by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.schools import Schools

    Float = npt.NDArray[np.float64]

__all__ = ["EUROPE", "Frame", "frame_of", "positions", "project", "squares"]

EUROPE: Final = (34.0, 72.0, -13.0, 36.0)
"""The degrees that a map shows at most: south, north, west, east. What is beyond is drawn at its edge."""

_CENTRE: Final = (52.0, 10.0)
_EARTH_KM: Final = 6371.0
#: The shortest side of a frame, and what it adds around its schools.
_LEAST_KM, _MARGIN_KM = 900.0, 110.0


class Frame(NamedTuple):
    """
    The part of the plane that a map shows, in kilometres.

    Attributes
    ----------
    west, east, south, north : float
    """

    west: float
    east: float
    south: float
    north: float

    def holds(self, where: Float) -> npt.NDArray[np.bool_]:
        """Return which of (n, 2) positions are inside; those that are not known are not."""
        return np.asarray(
            (where[:, 0] >= self.west)
            & (where[:, 0] <= self.east)
            & (where[:, 1] >= self.south)
            & (where[:, 1] <= self.north)
        )


def project(lat: npt.ArrayLike, lon: npt.ArrayLike) -> Float:
    """
    Return positions in Lambert's azimuthal equal-area projection, so that dots are as dense as schools are.

    Parameters
    ----------
    lat, lon : (n,) float
        Degrees (WGS 84), NaN where a point is not known.

    Returns
    -------
    (n, 2) float64
        Kilometres east and north of 52° N 10° E, the centre of the European grid (ETRS89-LAEA), on a sphere.

    Notes
    -----
    J. P. Snyder, *Map Projections: A Working Manual*, US Geological Survey 1987, p. 185.
    """
    phi, lam = np.radians(np.asarray(lat, float)), np.radians(np.asarray(lon, float) - _CENTRE[1])
    phi0 = np.radians(_CENTRE[0])
    cosine = np.sin(phi0) * np.sin(phi) + np.cos(phi0) * np.cos(phi) * np.cos(lam)
    scale = _EARTH_KM * np.sqrt(2 / np.maximum(1 + cosine, 1e-9))
    east = scale * np.cos(phi) * np.sin(lam)
    north = scale * (np.cos(phi0) * np.sin(phi) - np.sin(phi0) * np.cos(phi) * np.cos(lam))
    return np.column_stack([east, north])


def positions(schools: Schools) -> Float:
    """Return (n, 2) kilometres, NaN where a school has no coordinates."""
    return project(schools.numbers("lat"), schools.numbers("lon"))


def frame_of(*groups: Schools) -> Frame:
    """Return a frame around the schools that are in Europe."""
    south, north, west, east = EUROPE
    found = []
    for schools in groups:
        lat, lon = schools.numbers("lat"), schools.numbers("lon")
        here = (lat >= south) & (lat <= north) & (lon >= west) & (lon <= east)
        found.append(positions(schools)[here])
    where = np.concatenate(found) if found else np.zeros((0, 2))
    if not len(where):
        where = np.zeros((1, 2))
    low, high = where.min(axis=0) - _MARGIN_KM, where.max(axis=0) + _MARGIN_KM
    more = np.maximum(_LEAST_KM - (high - low), 0) / 2
    low, high = low - more, high + more
    return Frame(float(low[0]), float(high[0]), float(low[1]), float(high[1]))


def squares(where: Float, side_km: float) -> npt.NDArray[np.int64]:
    """Return (n, 2) whole numbers that name the square of each position; not for unknown ones."""
    return np.floor(where / side_km).astype(np.int64)
