"""Artificial nations of medium size: every market is solved to the last point."""

from __future__ import annotations

import numpy as np
import pytest

import twinmatch as tm
from tests.instances import solved
from tests.oracles import best_by_scipy

MARKETS = ("mild", "vertical", "tight", "tied", "clustered")


def market_graph(market, num_left, num_right, seed=0, places=None):
    left, right = tm.datasets.synthetic(num_left, num_right, seed, market, places)
    return tm.compile(left, right, tm.policies.systematic_twinning())


def every_pair(graph):
    return graph.terms.points(np.arange(graph.num_left)[:, None], np.arange(graph.num_right)[None, :])


@pytest.mark.parametrize("places", [None, 0.7, 1.0, 1.6])
@pytest.mark.parametrize("market", MARKETS)
def test_markets_against_an_assignment_solver(market, places, seed):
    """Room for all, for all but some, and partners with two places: coverage and points are the best."""
    graph = market_graph(market, 150, 220, seed, places)
    solution = solved(graph)
    assert (solution.coverage, solution.objective) == best_by_scipy(every_pair(graph), graph.right_capacity)


@pytest.mark.parametrize("market", MARKETS)
def test_a_dense_optimum_of_each_market(market):
    """300 x 800, as many places as a market gives."""
    graph = market_graph(market, 300, 800, seed=7)
    solution = solved(graph, threads=2)
    assert (solution.coverage, solution.objective) == best_by_scipy(every_pair(graph), graph.right_capacity)


@pytest.mark.parametrize("market", MARKETS)
def test_thousands_are_solved_to_the_last_point(market):
    """2,000 x 5,000: gap 0, proven over all ten million pairs."""
    left, right = tm.datasets.synthetic(2_000, 5_000, 3, market)
    matching = tm.match(left, right, threads=2)
    assert (matching.status, matching.gap, matching.limit) == ("OPTIMAL", 0, None)
    assert matching.coverage == 2_000
    assert matching.verify(threads=2).raise_for_failure().pairs_checked == 10_000_000


@pytest.mark.parametrize("market", MARKETS)
def test_thousands_with_too_few_places(market):
    """2,000 schools and places for 1,500 of them: who is left out is part of the optimum."""
    solution = solved(market_graph(market, 2_000, 2_500, 5, places=0.75), threads=2)
    assert solution.coverage <= 1_500


def test_wanting_the_neighbours_only(seed):
    """A policy of little else than distance makes everybody want the border."""
    left, right = tm.datasets.synthetic(300, 500, seed, "mild")
    graph = tm.compile(left, right, tm.policies.proximity())
    solution = solved(graph)
    assert (solution.coverage, solution.objective) == best_by_scipy(every_pair(graph), graph.right_capacity)


def test_the_bundled_sample():
    """The schools of the documentation: everybody has a twin, and nobody could do better."""
    matching = tm.match(*tm.datasets.sample())
    assert (matching.status, matching.coverage) == ("OPTIMAL", 200)
    graph = tm.compile(matching.left, matching.right, matching.policy)
    assert best_by_scipy(every_pair(graph), graph.right_capacity) == (200, matching.objective)
