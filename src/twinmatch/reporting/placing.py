"""Where names go on a map: near what they name, where little is drawn."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinmatch.reporting.places import Float, Frame

__all__ = ["Crowd"]

_CELLS: Final = 160
_RINGS, _DIRECTIONS = 14, 24


class Crowd:
    """
    How crowded a map is, as a grid of cells.

    Parameters
    ----------
    frame : Frame
        What the map shows.
    """

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.step = (frame.east - frame.west) / _CELLS
        rows = int(np.ceil((frame.north - frame.south) / self.step))
        self.ink = np.zeros((rows, _CELLS))

    def add(self, where: Float, ink: float, *, reach_km: float = 0.0) -> None:
        """Add (n, 2) positions: cells so near are at least so full."""
        from scipy.ndimage import maximum_filter

        inside = where[self.frame.holds(where)]
        column = ((inside[:, 0] - self.frame.west) / self.step).astype(int).clip(0, self.ink.shape[1] - 1)
        row = ((inside[:, 1] - self.frame.south) / self.step).astype(int).clip(0, self.ink.shape[0] - 1)
        fresh = np.zeros_like(self.ink)
        fresh[row, column] = ink
        # A few schools make a country as well as many: what is between them is not free.
        np.maximum(self.ink, maximum_filter(fresh, 2 * round(reach_km / self.step) + 1), out=self.ink)

    def near(self, x: float, y: float, wide: float, high: float) -> tuple[float, float]:
        """
        Take the best middle of a box around a position: little below it, and not far.

        Parameters
        ----------
        x, y : float
            Kilometres.
        wide, high : float
            Of the box.
        """
        reach = wide + high
        rings = np.linspace(0, reach, _RINGS)
        angles = np.linspace(0, 2 * np.pi, _DIRECTIONS, endpoint=False)
        tries = [(x + r * np.cos(a), y + r * np.sin(a)) for r, a in product(rings, angles)]
        return self._best(tries, wide, high, lambda at: float(np.hypot(at[0] - x, at[1] - y)) / reach)

    def corner(self, wide: float, high: float, *, toward: tuple[float, float]) -> tuple[float, float]:
        """Take the middle of a box at the left or right edge of the map: little below it, near a position."""
        f = self.frame
        columns = (f.west + wide / 2, f.east - wide / 2)
        rows = np.linspace(f.south + high / 2, f.north - high / 2, 40)
        span = f.north - f.south
        return self._best(
            product(columns, rows.tolist()),
            wide,
            high,
            lambda at: 0.3 * float(np.hypot(at[0] - toward[0], at[1] - toward[1])) / span,
        )

    def _best(
        self, tries: Iterable[tuple[float, float]], wide: float, high: float, far: object
    ) -> tuple[float, float]:
        assert callable(far)
        found = min(tries, key=lambda at: (self._below(at, wide, high) + far(at), at))
        self._take(found, wide, high)
        return found

    def _cells(self, at: tuple[float, float], wide: float, high: float) -> tuple[slice, slice] | None:
        f = self.frame
        low = (at[0] - wide / 2 - f.west, at[1] - high / 2 - f.south)
        top = (at[0] + wide / 2 - f.west, at[1] + high / 2 - f.south)
        slack = self.step / 4
        if min(low) < -slack or top[0] > f.east - f.west + slack or top[1] > f.north - f.south + slack:
            return None
        (left, bottom), (right, upper) = (
            (max(0, int(side / self.step)) for side in ends) for ends in (low, top)
        )
        return slice(bottom, upper + 1), slice(left, right + 1)

    def _below(self, at: tuple[float, float], wide: float, high: float) -> float:
        cells = self._cells(at, wide, high)
        return np.inf if cells is None else float(self.ink[cells].mean())

    def _take(self, at: tuple[float, float], wide: float, high: float) -> None:
        cells = self._cells(at, wide, high)
        if cells is not None:
            self.ink[cells] = 8.0  # nothing else goes here
