"""Prices to start from: whatever they are, the answer is the same optimum; and they are what they say."""

from __future__ import annotations

import numpy as np
import pytest

import twinmatch as tm
from tests.instances import solved
from tests.oracles import best_by_scipy, dense_points
from tests.random_terms import KINDS, random_terms
from twinmatch import _check, _core
from twinmatch.graph.scored import ScoredGraph
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.solvers import levels, solve
from twinmatch.solvers.compiled import FIRST_PART
from twinmatch.solvers.control import Control, Stopped
from twinmatch.status import Limit, Status

MARKETS = ("mild", "vertical", "tight", "tied", "clustered")


@pytest.fixture(autouse=True)
def small_levels(monkeypatch):
    """Graphs of every size have levels."""
    monkeypatch.setattr(levels, "FEWEST", 5)


def market(name, num_left=300, num_right=450, places=None, isa="auto"):
    left, right = tm.datasets.synthetic(num_left, num_right, 4, name, places)
    graph = tm.compile(left, right, tm.policies.systematic_twinning())
    return ScoredGraph(graph.terms, graph.right_capacity, isa=isa)


def starting(graph, control=None):
    outside = np.zeros(graph.num_left, np.int64)
    return levels.start(graph, graph.right_capacity, outside, control or Control(threads=1))


@pytest.mark.parametrize("places", [None, 0.8, 1.0, 1.6])
@pytest.mark.parametrize("name", MARKETS)
def test_the_optimum_is_the_optimum(name, places):
    """Room for all or not, a partner with two places: coverage and points are the best."""
    graph = market(name, places=places)
    solution = solved(graph)
    assert (solution.coverage, solution.objective) == best_by_scipy(
        dense_points(graph.terms), graph.right_capacity
    )


@pytest.mark.parametrize(("places", "steps"), [(None, levels.TOO_DEAR), (1.0, 0)])
def test_prices_begin_lower_where_there_are_places_enough(places, steps, monkeypatch):
    """A few steps below those of the sample, and not where places are few."""
    graph = market("mild", places=places)
    begun = starting(graph)
    monkeypatch.setattr(levels, "TOO_DEAR", 0)
    of_the_sample = starting(graph)
    lower = np.maximum(0, of_the_sample.right_price - steps * begun.step)
    np.testing.assert_array_equal(begun.right_price, lower)
    assert begun.right_price.any()
    assert begun.step == of_the_sample.step


def test_any_terms(seed):
    """Also where most pairs are forbidden, so that samples leave nodes without any partner."""
    rng = np.random.default_rng(seed)
    terms = random_terms(rng, 60, 90, kinds=KINDS)
    graph = ScoredGraph(terms, rng.integers(0, 3, 90))
    solution = solved(graph)
    assert (solution.coverage, solution.objective) == best_by_scipy(dense_points(terms), graph.right_capacity)


@pytest.mark.parametrize("name", MARKETS)
def test_prices_are_a_good_start(name):
    """The bound that they give is far nearer to the optimum than that of no prices."""
    graph = market(name, 2_000, 4_000)
    begin = starting(graph)
    optimum = solved(graph, threads=2).objective

    def bound(price):
        net = graph.best_lists(np.arange(graph.num_left), 1, price)[1]
        return int(net.sum()) + int((price * graph.right_capacity).sum())

    without = bound(np.zeros(graph.num_right, np.int64)) - optimum
    assert begin.right_price.min() >= 0
    assert begin.step < graph.terms.spread // FIRST_PART
    assert 0 <= bound(begin.right_price) - optimum < without / 4


def test_prices_carried_over_are_least():
    """No sampled node would gain by a change, and any lower price would make one."""
    graph = market("mild", 200, 300)
    rows = np.arange(3, 200, 7)
    left_price = np.random.default_rng(1).integers(0, graph.terms.max_points, len(rows))
    found = levels._prices(graph, rows, left_price, Control(threads=1))
    points = dense_points(graph.terms)[rows]
    gain = np.where(points == FORBIDDEN, -1, points - left_price[:, None])
    np.testing.assert_array_equal(found, np.maximum(gain.max(axis=0), 0))


def test_samples_are_spread_over_the_market():
    """The order of the trees has every node once, and equal nodes side by side."""
    graph = market("clustered")
    for order, number in zip(graph.orders(), (graph.num_left, graph.num_right), strict=True):
        np.testing.assert_array_equal(np.sort(order), np.arange(number))
    classes = graph.terms.right_class[graph.orders()[1]]
    assert (np.diff(classes) != 0).sum() == len(np.unique(classes)) - 1


def test_threads_and_instruction_sets_give_the_same_start():
    """Samples, prices and step depend on the schools alone."""
    for name in ("mild", "tied"):
        answers = set()
        for isa in _check.instruction_sets():
            for threads in (1, 2, 4):
                begin = starting(market(name, 900, 1_300, isa=isa), Control(threads=threads))
                answers.add((begin.right_price.tobytes(), begin.step))
        assert len(answers) == 1


def test_small_graphs_start_from_nothing(monkeypatch):
    """A handful of nodes needs no samples."""
    monkeypatch.setattr(levels, "FEWEST", 3000)
    begin = starting(market("mild"))
    assert not begin.right_price.any()
    assert begin.step == market("mild").terms.spread // FIRST_PART


def test_levels_can_be_stopped():
    """Between two steps as well as in one; the run answers with what it has."""

    class Cancelled:
        def is_set(self):
            return True

    with pytest.raises(Stopped):
        starting(market("mild"), Control(cancel=Cancelled()))
    phases = []

    class DuringLevels:
        def is_set(self):
            return "levels" in phases

    solution = solve(
        market("tight", 30_000, 45_000),
        cancel=DuringLevels(),
        on_progress=lambda progress: phases.append(progress.phase),
        threads=1,
    )
    assert solution.limit == Limit.CANCELLED
    assert solution.status in (Status.NO_SOLUTION, Status.FEASIBLE)
    assert solution.bound >= solution.objective
    assert set(phases) <= {"coverage", "tree", "levels"}


def test_the_loops_of_a_level_look_at_the_flag():
    """A stop is heard inside a step, not after it."""
    control = Control(threads=1)
    control.flag[0] = 1
    with pytest.raises(_core.Cancelled):
        starting(market("mild"), control)


def test_a_sample_may_have_no_places():
    """Two right nodes, every fourth of whose places there is not."""
    graph = market("mild", 40, 2)
    begin = starting(graph)
    assert begin.right_price.shape == (2,)
    assert (begin.right_price >= 0).all()
