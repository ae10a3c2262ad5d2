"""Solving a graph whose points come in part from a function of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinmatch.graph.called import CalledGraph
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.national import Solution

__all__ = ["solve_called"]


def solve_called(graph: CalledGraph, control: Control) -> Solution:
    """Solve a called graph."""
    raise NotImplementedError
