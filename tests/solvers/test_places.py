"""Several places at one right node: they ask the same when a phase opens."""

from __future__ import annotations

import numpy as np
import pytest

import twinmatch as tm
from tests.solvers.test_markets import market_graph
from twinmatch import _core
from twinmatch.solvers.compiled import LIST_KEPT, new_solver
from twinmatch.solvers.control import Control


@pytest.mark.parametrize("market", ["mild", "clustered"])
def test_a_place_that_was_too_dear_is_so_for_one_phase(market):
    """From prices all too high, the first phase finds out; the next ones have nearly nothing to do."""
    n = 3000
    left, right = tm.datasets.synthetic(n, n, 1, market, 2.0)
    matching = tm.match(left, right)
    graph = market_graph(market, n, n, 1, 2.0)
    must = np.full(n, _core.NO_VALUE, np.int64)
    solver = new_solver(graph, graph.right_capacity, must, graph.terms.max_points, Control())
    prices = matching.right_price
    solver.seed(np.where(prices > 0, prices + 3000, 0))
    step, drop, draws = 1700, 0, []
    for _ in range(4):
        solver.open(drop, step, LIST_KEPT)
        draws.append(solver.bid(step, LIST_KEPT, 0))
        drop, step = step + step // 2, step // 4
    assert sum(draws[1:]) < n / 5
