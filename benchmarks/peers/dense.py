"""Peers that take a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.instances import Market
from benchmarks.peers.question import as_matrix

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from benchmarks.instances import Lists, Matrix
    from benchmarks.process import Timer

__all__ = ["lapx", "scipy"]


def scipy(built: Market | Matrix | Lists, timer: Timer, tell: Callable[[str], object]) -> np.ndarray:
    """Solve with a modified Jonker-Volgenant algorithm in C++; rectangular matrices as they are."""
    from scipy.optimize import linear_sum_assignment

    cost = -as_matrix(built)
    with timer():
        _, column = linear_sum_assignment(cost)
    return column


def lapx(built: Market | Matrix | Lists, timer: Timer, tell: Callable[[str], object]) -> np.ndarray:
    """Solve with the Jonker-Volgenant algorithm; a rectangular matrix becomes a square one."""
    import lap

    square = 8.0
    if isinstance(built, Market):
        square *= 1 + max(len(built.left), len(built.right)) / max(1, min(len(built.left), len(built.right)))
    cost = -as_matrix(built, square)
    cost -= cost.min(initial=0)
    with timer():
        _, column, _ = lap.lapjv(cost, extend_cost=cost.shape[0] != cost.shape[1])
    return column
