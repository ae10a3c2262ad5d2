"""
Solving a graph whose points come in part from a function of the user's own.

Up to a few ten million pairs the points are written down, each pair asked about once, and solved as an
explicit graph. Beyond, the engine asks for the best partners of a batch of nodes at a time, and each answer
is a plain pass over their pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from twinmatch.graph.explicit import MAX_STORED_PAIRS, explicit_from_called
from twinmatch.solvers.national import Solution, solve_schools

if TYPE_CHECKING:
    from twinmatch.graph.arrays import Int64
    from twinmatch.graph.called import CalledGraph
    from twinmatch.graph.terms import PairTerms
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.engine import Market

__all__ = ["solve_called"]


def solve_called(graph: CalledGraph, control: Control) -> Solution:
    """
    Pair as many left nodes as possible, and among all such matchings find the most points.

    Parameters
    ----------
    graph : CalledGraph
    control : Control

    Returns
    -------
    Solution
    """
    return solve_schools(_Written(graph), control)


class _Written:
    """A called graph whose parts are written down where they fit."""

    def __init__(self, graph: CalledGraph) -> None:
        self.graph = graph
        self.terms = cast("PairTerms", graph.terms)
        self.right_capacity: Int64 = graph.right_capacity
        self.num_left, self.num_right = graph.num_left, graph.num_right

    def part(self, left: Int64, right: Int64) -> Market:
        """Return the graph of some of its nodes."""
        return _written(self.graph.part(left, right))

    def places_first(self, left: Int64, right: Int64, place: Int64) -> Market:
        """Return the graph of some of its nodes, sides exchanged, one left node for each place."""
        return _written(self.graph.places_first(left, right, place))


def _written(graph: CalledGraph) -> Market:
    if graph.num_left * graph.num_right <= MAX_STORED_PAIRS:
        return explicit_from_called(graph)
    return graph
