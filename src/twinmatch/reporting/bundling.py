r"""
Lines that go the same way, drawn as one road.

Idea
    A thousand straight lines across a map are a grey cloud. Lines attract each other where they run close
    together, and a road appears that is as wide as it is busy.
Method
    Kernel density estimation edge bundling: C. Hurter, O. Ersoy, A. Telea, "Graph Bundling by Kernel Density
    Estimation", Computer Graphics Forum 31 (2012). Each line is a chain of points whose ends never move. In
    each round the points of all lines are counted on a grid, weighted by what the lines carry; the counts
    are blurred with a kernel of radius :math:`h`; each point moves up the slope of the result by a part of
    :math:`h`; each chain is smoothed; and :math:`h` shrinks, so that rough roads form first.
Start
    Not straight lines but arcs that all bow to the same hand. Two ways between two places stay apart, and
    short ways do not fall onto the ends of long ones.
Cost
    Rounds times (points + grid cells); nothing is drawn by lot, so the same lines give the same roads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Float = npt.NDArray[np.float64]

__all__ = ["arcs", "bundled"]

_ROUNDS: Final = 14
_GRID: Final = 240
#: The first radius as a part of the longest side, and what is left of it after each round.
_RADIUS, _SHRINKS = 0.055, 0.86
#: How far a point moves in a round, in radii, and how often chains are smoothed.
_STEP, _SMOOTHED = 0.55, 4


def arcs(start: Float, end: Float, *, bow: float = 0.14, steps: int = 64) -> Float:
    """
    Return lines as chains of points, each bowed to its left.

    Parameters
    ----------
    start, end : (n, 2) float64
    bow : float, optional
        The height of the bow as a part of the length.
    steps : int, optional
        Points of a chain.

    Returns
    -------
    (n, steps, 2) float64
    """
    way = end - start
    middle = (start + end) / 2 + 2 * bow * np.column_stack([-way[:, 1], way[:, 0]])
    t = np.linspace(0, 1, steps)[None, :, None]
    return np.asarray(
        (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * middle[:, None] + t * t * end[:, None]
    )


def bundled(lines: Float, weight: npt.NDArray[np.float64]) -> Float:
    """
    Return the lines, drawn together where they run close.

    Parameters
    ----------
    lines : (n, steps, 2) float64
        Chains of points.
    weight : (n,) float64
        What each carries, above zero.

    Returns
    -------
    (n, steps, 2) float64
        Chains with the same ends.
    """
    if not len(lines):
        return lines
    from scipy.ndimage import gaussian_filter, map_coordinates

    low = lines.min(axis=(0, 1))
    side = max(float((lines.max(axis=(0, 1)) - low).max()), 1e-9) * 1.2
    low = low - side / 12
    chains = (lines - low) * (_GRID / side)
    ends = np.sin(np.linspace(0, np.pi, lines.shape[1])) ** 0.7
    share = np.sqrt(weight / weight.sum())
    mass = np.repeat(share / share.sum(), lines.shape[1])
    radius = _RADIUS * _GRID
    for _ in range(_ROUNDS):
        flat = chains.reshape(-1, 2)
        density, _, _ = np.histogram2d(
            flat[:, 0], flat[:, 1], bins=_GRID, range=[(0, _GRID), (0, _GRID)], weights=mass
        )
        slope = np.stack(np.gradient(gaussian_filter(density, radius)))
        at = flat.T - 0.5
        pull = np.stack([map_coordinates(part, at, order=1, mode="nearest") for part in slope], axis=1)
        length = np.linalg.norm(pull, axis=1, keepdims=True)
        move = (_STEP * radius * pull / (length + 0.05 * length.max() + 1e-300)).reshape(chains.shape)
        chains = chains + move * ends[None, :, None]
        for _ in range(_SMOOTHED):
            inner = (chains[:, :-2] + 2 * chains[:, 1:-1] + chains[:, 2:]) / 4
            chains = np.concatenate([chains[:, :1], inner, chains[:, -1:]], axis=1)
        chains = _even(chains)
        radius *= _SHRINKS
    return np.asarray(chains * (side / _GRID) + low)


def _even(chains: Float) -> Float:
    """Return chains of the same shape whose points are equally far apart."""
    steps = chains.shape[1]
    long = np.linalg.norm(np.diff(chains, axis=1), axis=2)
    along = np.concatenate([np.zeros((len(chains), 1)), np.cumsum(long, axis=1)], axis=1)
    out = chains.copy()
    for k in range(len(chains)):
        total = along[k, -1]
        if total > 0:
            wanted = np.linspace(0, total, steps)[1:-1]
            out[k, 1:-1, 0] = np.interp(wanted, along[k], chains[k, :, 0])
            out[k, 1:-1, 1] = np.interp(wanted, along[k], chains[k, :, 1])
    return out
