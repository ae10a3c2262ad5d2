"""Bounds that lean with the prices are bounds, seen from near and far, on all sides of every bend."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.graph.test_scored import SETS, check_against_sort
from tests.instances import explicit, solved
from tests.random_terms import FORBIDDEN, random_terms
from twinmatch import _core
from twinmatch.graph.formulas import DistanceColumns, LinearColumns
from twinmatch.graph.scored import ScoredGraph
from twinmatch.graph.terms import PairTerms
from twinmatch.mechanisms.leximin import floored
from twinmatch.solvers.compiled import LIST_KEPT, new_solver
from twinmatch.solvers.control import Control

RIGHT = 3_000
EARTH = 2**22
KILOMETRE = EARTH / 6371


def places(rng: np.random.Generator, count: int, spread_km: float) -> np.ndarray:
    """Return places around one town, so far from it as a rule, some of them equal and some unknown."""
    flat = rng.normal(0, spread_km * KILOMETRE, (2, count))
    vector = np.array([[EARTH], [0], [0]]) + np.concatenate([np.zeros((1, count)), flat])
    vector = np.round(vector / np.linalg.norm(vector, axis=0) * EARTH).astype(np.float32)
    vector[:, rng.random(count) < 0.01] = 2.0**26
    vector[:, : count // 8] = vector[:, :1]
    return vector


def market(
    rng: np.random.Generator, *, left_km: float, reach_km: float, cap: float, linears: int, num_left: int = 40
) -> PairTerms:
    """Return pairs whose points fall with the distance, to zero at ``reach_km``, and along linear columns."""
    top = 150_000.0
    far = places(rng, num_left, left_km)
    far[far >= 2.0**26] *= -1
    distance = DistanceColumns(
        far, places(rng, RIGHT, 600), top, float(np.float32(top / reach_km / KILOMETRE)), 0.0, cap * top
    )
    columns = []
    for _ in range(linears):
        left = rng.normal(0, 3_000, num_left).astype(np.int32)
        right = rng.normal(0, 60_000, RIGHT).astype(np.int32)
        left[rng.random(num_left) < 0.02], right[rng.random(RIGHT) < 0.02] = -(2**29), 2**29
        columns.append(LinearColumns(left, right, int(rng.integers(20_000, 150_000)), 90_000))
    classes = rng.integers(0, 2, RIGHT).astype(np.int32)
    return PairTerms(
        np.zeros(num_left, np.int32),
        classes,
        np.array([[0, 5_000]], np.int32),
        linears=tuple(columns),
        distance=distance,
    )


def wanted(terms: PairTerms, rng: np.random.Generator, noise: int) -> np.ndarray:
    """Return prices as a market makes them: what a few left nodes would pay, nothing where that is little."""
    some = rng.integers(0, terms.num_left, 5)
    near = np.asarray(terms.points(some[:, None], np.arange(terms.num_right)[None, :]))
    worth = np.where(near == FORBIDDEN, 0, near).max(axis=0)
    return np.maximum(0, worth - np.quantile(worth, 0.6).astype(np.int64)) + rng.integers(
        0, noise + 1, terms.num_right
    )


@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize("linears", [0, 1, 3])
@pytest.mark.parametrize("left_km", [20, 500])
def test_lists_at_the_prices_of_a_market(isa, linears, left_km, seed):
    """Left nodes side by side or all over; right nodes out of reach, or so near that points are capped."""
    for reach_km, cap, noise in ((3_000, 1.0, 0), (900, 0.7, 20), (300, 0.3, 3_000)):
        rng = np.random.default_rng([seed, reach_km])
        terms = market(rng, left_km=left_km, reach_km=reach_km, cap=cap, linears=linears)
        check_against_sort(ScoredGraph(terms, isa=isa), wanted(terms, rng, noise), 16)


@pytest.mark.parametrize("isa", SETS)
def test_lists_where_points_count_for_less(isa, seed):
    """On a curve below the points bounds lean as before, on one above they may not; lists are right."""
    for share, weight in ((0.3, 0), (0.9, 0), (0.5, 40_000)):
        rng = np.random.default_rng([seed, int(10 * share)])
        terms = market(rng, left_km=100, reach_km=900, cap=0.7, linears=2)
        every = np.asarray(terms.points(np.arange(40)[:, None], np.arange(RIGHT)[None, :]))
        floor = int(np.quantile(every[every != FORBIDDEN], share))
        counted = replace(terms, curve=floored(terms.max_points, floor, weight))
        check_against_sort(ScoredGraph(counted, isa=isa), wanted(counted, rng, 20), 16)


@pytest.mark.parametrize("isa", SETS)
def test_sums_below_zero_count_as_zero_on_a_curve(isa, seed):
    """One class makes all sums negative: its schools are worth the first entry, and no less."""
    rng = np.random.default_rng(seed)
    terms = market(rng, left_km=100, reach_km=900, cap=0.7, linears=2)
    below = terms.table.copy()
    below[:, -1] = -2 * terms.max_points
    counted = replace(terms, table=below, curve=np.arange(13, dtype=np.int32))
    price = np.where(terms.right_class == below.shape[1] - 1, 0, 13) + rng.integers(0, 2, terms.num_right)
    for k in (1, 3, 16):
        check_against_sort(ScoredGraph(counted, isa=isa), price, k)


def test_few_nodes_seen_from_along_the_line():
    """Large leaves, priced by a town nearby, are looked into from behind it: distance bends less there."""
    for instance in range(150):
        rng = np.random.default_rng(instance)
        count, ahead, wide = int(rng.integers(20, 300)), rng.uniform(30, 400), rng.uniform(10, 150)
        spot = np.array([[0.0], [ahead]]) + rng.normal(0, 1, (2, count)) * [[wide], [wide / 8]]
        behind = np.array([np.zeros(40), np.where(np.arange(40) < 30, 0, -rng.uniform(0, 2_000, 40))])
        left, right = (
            np.concatenate([np.full((1, flat.shape[1]), float(EARTH)), flat * KILOMETRE])
            for flat in (behind, spot)
        )
        left, right = (
            np.round(v / np.linalg.norm(v, axis=0) * EARTH).astype(np.float32) for v in (left, right)
        )
        distance = DistanceColumns(left, right, 4e6, float(np.float32(1_000 / KILOMETRE)), 0.0, 4e6)
        none = np.zeros(40, np.int32), np.zeros(count, np.int32), np.zeros((1, 1), np.int32)
        terms = PairTerms(*none, distance=distance)
        price = np.asarray(terms.points(np.zeros(count, np.int64), np.arange(count))) - 3_000_000
        for k in (1, 4):
            check_against_sort(ScoredGraph(terms), np.maximum(0, price), k)


def test_rounding_where_points_are_largest():
    """A margin covers it: without one, a list of market 519 goes wrong, found among thousands."""
    top = 2.0**26 - 1
    for instance in range(500, 530):
        rng = np.random.default_rng(instance)
        count, away = int(rng.integers(100, 160)), rng.uniform(0, 3_000)
        sides = []
        for size, off in ((60, 0.0), (count, away)):
            flat = rng.normal(0, 0.0005 * KILOMETRE, (2, size)) + np.array([[0], [off * KILOMETRE]])
            vector = np.concatenate([np.full((1, size), float(EARTH)), flat])
            sides.append(np.round(vector / np.linalg.norm(vector, axis=0) * EARTH).astype(np.float32))
        distance = DistanceColumns(*sides, top, float(np.float32(top / (6_000 * KILOMETRE))), 0.0, top)
        none = np.zeros(60, np.int32), np.zeros(count, np.int32), np.zeros((1, 1), np.int32)
        terms = PairTerms(*none, distance=distance)
        points = np.asarray(terms.points(np.zeros(count, np.int64), np.arange(count)))
        price = points - int(points.min()) + rng.integers(0, 2, count) * int(rng.integers(1, 4))
        for k in (1, 4):
            check_against_sort(ScoredGraph(terms), np.maximum(0, price), k)


def test_few_nodes_along_columns():
    """Leaves as long as the points of a column reach, with its level inside, beside, or nowhere near."""
    for instance in range(150):
        rng = np.random.default_rng(instance)
        count = int(rng.integers(20, 200))
        terms = market(rng, left_km=1, reach_km=3_000, cap=1.0, linears=0)
        top, far = int(rng.integers(5_000, 150_000)), places(rng, count, 1)
        far[:, :] = far[:, -1:]
        column = LinearColumns(
            rng.integers(0, 100_000, 40).astype(np.int32),
            rng.integers(0, 100_000, count).astype(np.int32),
            top,
            int(top * rng.uniform(0.3, 1.0)),
        )
        terms = PairTerms(
            terms.left_class,
            np.zeros(count, np.int32),
            np.zeros((1, 1), np.int32),
            linears=(column,),
            distance=terms.distance._replace(right=far),
        )
        # Prices that rise or fall all along, by other slopes than the points of most left nodes.
        price = rng.uniform(-1, 1) * column.right + rng.integers(0, 300, count) + 100_000
        for k in (1, 4):
            check_against_sort(ScoredGraph(terms), price.astype(np.int64), k)


@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize("noise", [0, 30, 30_000])
def test_prices_that_lean(isa, noise):
    """Columns of any size, prices that fall with the distance from the demand."""
    for seed in range(4):
        rng = np.random.default_rng([seed, noise])
        terms = random_terms(rng, 60, 1_500, kinds=("table", "distance", "linear"))
        check_against_sort(ScoredGraph(terms, isa=isa), wanted(terms, rng, noise), 16)


@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize(
    "kinds", [("table", "distance", "linear", "bans"), ("linear", "tags"), ("dot", "bans")]
)
@pytest.mark.parametrize("span", [40, 30_000])
def test_phases_count_in_parts_of_a_point(isa, kinds, span, seed):
    """Best net values, counted in sixteenths and rounded up, are those at prices that are rounded down."""
    rng = np.random.default_rng([seed, span])
    terms = random_terms(rng, 400, 900, kinds=kinds, span=span, linears=2, forbidden=0.1)
    graph, other = ScoredGraph(terms, isa=isa), ScoredGraph(terms, isa=isa)
    free = np.zeros(400, np.int64)
    solver = new_solver(graph, np.ones(900, np.int64), free, terms.max_points, Control(threads=2))
    assert solver.refine(16) == 16
    step, drop = max(1, terms.max_points), 0
    while step:
        solver.open(drop, step, LIST_KEPT)
        best = np.maximum(free, other.scan(solver.right_price))
        np.testing.assert_array_equal(solver.left_price, best)
        solver.bid(step, LIST_KEPT, 0)
        drop, step = step, step // 4
    assert graph.scan(np.zeros(900, np.int64)).max() <= terms.max_points, "whole points for everybody else"


def test_a_stop_leaves_the_graph_in_whole_points():
    rng = np.random.default_rng(2)
    terms = random_terms(rng, 300, 400, kinds=("table", "distance", "linear"))
    graph, price = ScoredGraph(terms), rng.integers(0, 1_000, 400)
    before, control = graph.scan(price), Control()
    solver = new_solver(graph, np.ones(400, np.int64), np.zeros(300, np.int64), terms.max_points, control)
    assert solver.refine(16) == 16
    solver.open(0, 16, LIST_KEPT)
    control.flag[0] = 1
    with pytest.raises(_core.Cancelled):
        solver.bid(16, LIST_KEPT, 0)
    np.testing.assert_array_equal(graph.scan(price), before)


@pytest.mark.parametrize("lowest", [0, -(2**30) + 2**27])
def test_points_too_large_for_parts_are_counted_whole(lowest):
    """Prices must stay in their range, and so must what a table takes away."""
    rng = np.random.default_rng(1)
    terms = random_terms(rng, 50, 60, kinds=("table",), span=2**26 if lowest == 0 else 100, forbidden=0)
    terms.table[0, 0] = min(lowest, int(terms.table[0, 0]))
    graph = ScoredGraph(terms)
    solver = new_solver(graph, np.ones(60, np.int64), np.zeros(50, np.int64), terms.max_points, Control())
    assert solver.refine(16) == 1


def test_prices_that_need_more_room_are_counted_whole():
    """A chain of nodes that all prefer what their neighbour must have: prices a hundred times the points."""
    n, most = 120, 1_000_000
    table = np.full((n, n), FORBIDDEN, np.int32)
    table[np.arange(n), np.arange(n)] = 0
    table[np.arange(1, n), np.arange(n - 1)] = most
    solution = solved(explicit(table))
    assert solution.coverage == n
    assert solution.right_price.max() >= (n - 1) * most > 64 * most


@pytest.mark.parametrize(
    "kinds", [("table", "distance", "linear", "bans"), ("linear", "tags"), ("dot", "bans")]
)
@pytest.mark.parametrize("step", [1, 7, 60])
@pytest.mark.parametrize("parts", [1, 16])
def test_after_a_phase_everybody_is_within_a_step(kinds, parts, step, seed):
    """Also where lists come from a few remembered leaves, which is how nearly all of them are drawn."""
    rng = np.random.default_rng([seed, step])
    terms = random_terms(rng, 700, 900, kinds=kinds, span=1_500, linears=2, forbidden=0.0)
    graph = ScoredGraph(terms)
    solver = new_solver(
        graph, np.ones(900, np.int64), np.zeros(700, np.int64), terms.max_points, Control(threads=2)
    )
    assert solver.refine(parts) == parts
    solver.open(0, step, LIST_KEPT)
    solver.bid(step, LIST_KEPT, 0)
    mate, price = solver.mate, solver.right_price
    rows = np.flatnonzero(mate >= 0)
    net = np.zeros(700, np.int64)
    net[rows] = terms.points(rows, mate[rows]) - price[mate[rows]]
    assert (net >= graph.scan(price) - -(-step // parts)).all()
