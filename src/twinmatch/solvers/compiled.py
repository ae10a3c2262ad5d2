"""The compiled solver, as the engine and its levels set it up, and the pace of their phases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinmatch import _core

if TYPE_CHECKING:
    from twinmatch.graph.terms import Int64
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.engine import Market

__all__ = ["FIRST_PART", "LIST_KEPT", "LIST_LENGTH", "SHRINK", "new_solver"]

#: The first step of an auction from prices of zero, as a part of the largest points.
FIRST_PART = 12
#: The step of one phase over that of the next.
SHRINK = 4
#: Partners in a candidate list, and how many of the old ones a new list starts from.
LIST_LENGTH, LIST_KEPT = 16, 8
#: Left nodes in a reverse list.
BACK_LENGTH = 16


def new_solver(
    market: Market,
    capacity: Int64,
    outside: Int64,
    max_points: int,
    control: Control,
    *,
    length: int = LIST_LENGTH,
    back_length: int = BACK_LENGTH,
    counters: Int64 | None = None,
) -> _core.Solver:
    """Return the compiled solver of a market; builds the trees. ``counters``: the control's, or others."""
    return _core.Solver(
        market.core,
        market.core_transposed,
        capacity,
        outside,
        length,
        back_length,
        max_points,
        control.threads,
        control.flag,
        control.counters if counters is None else counters,
    )
