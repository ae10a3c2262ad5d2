"""
Families of array instances: the flattering ones and those that are known to be hard.

A matrix family returns the points of all ``n x m`` pairs, a list family the ``k`` partners of each left node
and what they are worth, a family of quotas what bounds the pairs between groups of nodes. Only operations
that round in one way are used, so that every machine draws the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Rng = np.random.Generator
Ints = npt.NDArray[np.integer]
Flags = npt.NDArray[np.bool_]
Bounds = tuple["Flags | None", "Flags | None", int, int]
"""Left and right nodes of a quota, fewest and most pairs between them; no flags are everybody."""

# -- Matrices, small or large ------------------------------------------------------------------------------


def mild(rng: Rng, n: int, m: int) -> Ints:
    """Everybody has an own taste."""
    return rng.integers(0, 1000, (n, m))


def vertical(rng: Rng, n: int, m: int) -> Ints:
    """Everybody wants the same partners."""
    return rng.integers(0, 1000, m)[None, :] + rng.integers(0, 20, (n, m))


def tight(rng: Rng, n: int, m: int) -> Ints:
    """Nearly all pairs are worth nearly the same."""
    return 10_000 + rng.integers(0, 4, (n, m))


def tied(rng: Rng, n: int, m: int) -> Ints:
    """Few values, many ties."""
    return rng.integers(0, 3, (n, m))


def clustered(rng: Rng, n: int, m: int) -> Ints:
    """Near in the plane is good, and both sides come in bunches."""
    centres = rng.integers(0, 1000, (3, 2))
    left = centres[rng.integers(0, 3, n)] + rng.integers(0, 30, (n, 2))
    right = centres[rng.integers(0, 3, m)] + rng.integers(0, 30, (m, 2))
    return 3000 - np.abs(left[:, None, :] - right[None, :, :]).sum(axis=2)


def two_cost(rng: Rng, n: int, m: int) -> Ints:
    """Make every pair right or wrong."""
    return np.where(rng.random((n, m)) < 0.3, 100, 1)


def machol_wien(rng: Rng, n: int, m: int) -> Ints:
    """Return costs i * j: every optimal path is as long as it can be."""
    return -np.outer(np.arange(1, n + 1), np.arange(1, m + 1))


def negative(rng: Rng, n: int, m: int) -> Ints:
    """About half of the pairs do harm."""
    return rng.integers(-50, 50, (n, m))


def uniform(rng: Rng, n: int, m: int) -> Ints:
    """Draw costs from a million values: the family that flatters everybody."""
    return -rng.integers(0, 1_000_000, (n, m))


def geometric(rng: Rng, n: int, m: int) -> Ints:
    """Return costs that are distances in the plane, rounded."""
    left, right = rng.integers(0, 1_000_000, (n, 2)), rng.integers(0, 1_000_000, (m, 2))
    return -np.rint(np.sqrt(_squares(left, right))).astype(np.int64)


def features(rng: Rng, n: int, m: int) -> Ints:
    """Return costs that are squared distances of 16 features."""
    left, right = rng.integers(0, 256, (n, 16)), rng.integers(0, 256, (m, 16))
    return -_squares(left, right).astype(np.int64)


def _squares(left: Ints, right: Ints) -> npt.NDArray[np.float64]:
    """Return squared distances; whole numbers below 2**53, so floating point is exact."""
    a, b = left.astype(np.float64), right.astype(np.float64)
    return (a * a).sum(1)[:, None] + (b * b).sum(1)[None, :] - 2 * (a @ b.T)


SMALL_MATRICES = (mild, vertical, tight, tied, clustered, two_cost, machol_wien, negative)
"""What tests compare slow and fast answers on."""

LARGE_MATRICES = {f.__name__: f for f in (uniform, geometric, tied, machol_wien, features)}
"""What is timed."""

# -- Lists -------------------------------------------------------------------------------------------------


def mild_lists(rng: Rng, n: int, m: int, k: int) -> tuple[Ints, Ints]:
    """Everybody knows anybody, and has an own taste."""
    item = _distinct(rng, n, k, lambda size: rng.integers(0, m, size))
    return item, rng.integers(1, 1_000_001, (n, k))


def vertical_lists(rng: Rng, n: int, m: int, k: int) -> tuple[Ints, Ints]:
    """Everybody knows and wants the same few: partner j is listed like j to the power of -2/3."""

    def popular(size: Any) -> Ints:
        u = rng.random(size)
        return (m * (u * u * u)).astype(np.int64)  # no power: libraries differ in its last bit

    item = _distinct(rng, n, k, popular)
    quality = 1_000_000 - (900_000 * np.arange(m)) // m
    return item, quality[item] + rng.integers(0, 20_000, (n, k))


def tied_lists(rng: Rng, n: int, m: int, k: int) -> tuple[Ints, Ints]:
    """Everybody knows anybody, and points are 1, 2 or 3."""
    item = _distinct(rng, n, k, lambda size: rng.integers(0, m, size))
    return item, rng.integers(1, 4, (n, k))


def _distinct(rng: Rng, n: int, k: int, draw: Callable[[Any], Ints]) -> Ints:
    """Return sorted rows of ``k`` different numbers each: what is there already is drawn again."""
    item: Ints = np.sort(draw((n, k)), axis=1)
    while (again := np.flatnonzero((item[:, 1:] == item[:, :-1]).any(axis=1))).size:
        rows = item[again]
        twice = np.zeros(rows.shape, bool)
        twice[:, 1:] = rows[:, 1:] == rows[:, :-1]
        rows[twice] = draw(int(twice.sum()))
        item[again] = np.sort(rows, axis=1)
    return item


LARGE_LISTS = {"mild": mild_lists, "vertical": vertical_lists, "tied": tied_lists}
"""What is timed."""

# -- Quotas ------------------------------------------------------------------------------------------------

REGIONS, PARTS = 20, 5
CROSSED, TIGHT = 12, 2


def nested(rng: Rng, n: int, m: int) -> Iterator[Bounds]:
    """
    Draw regions that hold parts, on both sides: caps and floors everywhere.

    A part and a region of the left has 40 to 60 and 80 to 99 in a hundred of its nodes paired; on the right,
    half of these shares of what everybody finds there when partners are spread evenly is a floor, and a cap
    is 80 to 139 in a hundred of it.
    """
    for size, is_left in ((n, True), (m, False)):
        for groups in (REGIONS, REGIONS * PARTS):
            of = np.arange(size) * groups // size
            for group in range(groups):
                flags = of == group
                here = int(flags.sum()) if is_left else n // groups
                if is_left:
                    low, high = rng.integers(40, 61), rng.integers(80, 100)
                else:
                    low, high = rng.integers(20, 31), rng.integers(80, 140)
                bounds = here * int(low) // 100, here * int(high) // 100
                yield (flags, None, *bounds) if is_left else (None, flags, *bounds)


def crossed(rng: Rng, n: int, m: int) -> Iterator[Bounds]:
    """
    Draw quotas of some left with some right nodes: two fifths of either, which overlap those of all others.

    With partners drawn by lot, 16 in a hundred pairs would count. Most quotas ask for 6 to 26; the first is a
    floor of 30, the second a cap of 3.
    """
    for k in range(CROSSED):
        sides = [np.zeros(size, bool) for size in (n, m)]
        for flags in sides:
            flags[rng.permutation(len(flags))[: 2 * len(flags) // 5]] = True
        low, high = ((30, 40), (0, 3))[k] if k < TIGHT else (6, 26)
        yield (sides[0], sides[1], n * low // 100, n * high // 100)


QUOTAS = {"nested": nested, "crossed": crossed}
"""What bounds arrays."""
