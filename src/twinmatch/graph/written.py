"""An implicit graph with all of its admissible pairs written down, where they are few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.graph.terms import FORBIDDEN

if TYPE_CHECKING:
    from twinmatch.graph.called import CalledGraph
    from twinmatch.graph.scored import ScoredGraph

__all__ = ["written"]


def written(graph: ScoredGraph | CalledGraph) -> ExplicitGraph:
    """Return the graph of all admissible pairs; every pair is evaluated once."""
    i, j = np.indices((graph.num_left, graph.num_right)).reshape(2, -1)
    points = graph.points(i, j)
    known = points != FORBIDDEN
    offset = np.searchsorted(i[known], np.arange(graph.num_left + 1))
    return ExplicitGraph(
        graph.num_left,
        graph.num_right,
        points[known],
        lists=(offset, j[known]),
        right_capacity=graph.right_capacity,
    )
