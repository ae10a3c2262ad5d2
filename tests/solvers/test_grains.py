"""Coarse paths: what holds after every pass, and that crowded markets end at the same optimum."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import twinmatch as tm
from tests.oracles import best_by_scipy
from tests.solvers.test_markets import MARKETS, every_pair, market_graph
from twinmatch import _core
from twinmatch.solvers import engine, levels
from twinmatch.solvers.compiled import COARSE_LENGTH, FINER, LIST_KEPT, first_grain, new_solver
from twinmatch.solvers.control import Control


def prepared(graph, step, threads=2):
    """Return a solver after one phase with a large step."""
    must = np.full(graph.num_left, _core.NO_VALUE, np.int64)
    most = graph.terms.max_points
    solver = new_solver(graph, graph.right_capacity, must, most, Control(threads=threads))
    solver.open(0, step, LIST_KEPT)
    solver.bid(step, LIST_KEPT, 0)
    return solver


@pytest.mark.parametrize("places", [1.0, 1.05, 1.4])
@pytest.mark.parametrize("market", MARKETS)
def test_what_holds_after_each_pass(market, places, seed):
    """No pair is worth more than its prices; partners lack less than a grain; empty places ask less."""
    graph = market_graph(market, 300, 300, seed, places)
    pairs = np.where(every_pair(graph) >= 0, every_pair(graph), np.iinfo(np.int64).min // 4)
    solver = prepared(graph, 60_000)
    for grain in (16_384, 1_024, 64, 8, 1):
        solver.tighten(COARSE_LENGTH, grain)
        np.testing.assert_array_equal(solver.left_price, (pairs - solver.right_price).max(axis=1))
        solver.forward()
        solver.backward(COARSE_LENGTH, grain)
        left, right, mate = solver.left_price, solver.right_price, solver.mate
        assert min(mate.min(), right.min()) >= 0
        slack = left[:, None] + right - pairs
        assert slack.min() >= 0
        assert slack[np.arange(300), mate].max() < grain
        taken = np.bincount(mate, minlength=300)
        assert (taken <= graph.right_capacity).all()
        assert (right[taken < graph.right_capacity] < grain).all()
    best = best_by_scipy(every_pair(graph), graph.right_capacity)
    assert best == (300, int(pairs[np.arange(300), solver.mate].sum()))


def test_who_may_stay_without_does_so_within_a_grain(seed):
    graph = market_graph("mild", 200, 150, seed, 0.7)
    pairs = every_pair(graph)
    outside = np.full(200, 400_000, np.int64)
    solver = new_solver(graph, np.ones(150, np.int64), outside, graph.terms.max_points, Control())
    solver.open(0, 50_000, LIST_KEPT)
    solver.bid(50_000, LIST_KEPT, 0)
    for grain in (4_096, 32, 1):
        solver.tighten(COARSE_LENGTH, grain)
        solver.forward()
        solver.backward(COARSE_LENGTH, grain)
        alone = solver.mate < 0
        assert alone.any()
        assert (solver.left_price >= outside).all()
        assert (solver.left_price[alone] - outside[alone] < grain).all()
    won = int(pairs[np.flatnonzero(~alone), solver.mate[~alone]].sum()) + int(outside[alone].sum())
    # Everybody may have a place of their own worth 400,000.
    own = np.where(np.eye(200, dtype=bool), 400_000, -1)
    assert best_by_scipy(np.hstack([pairs, own]), np.ones(350, np.int64)) == (200, won)


@pytest.mark.parametrize("grain", [0, -4, 3, 48])
def test_a_grain_is_a_power_of_two(grain):
    solver = prepared(market_graph("mild", 50, 60), 100_000)
    with pytest.raises(ValueError, match="a grain is a power of two"):
        solver.tighten(COARSE_LENGTH, grain)
    with pytest.raises(ValueError, match="a grain is a power of two"):
        solver.backward(COARSE_LENGTH, grain)


def test_the_first_grain_follows_the_step():
    assert [first_grain(step) for step in (1_000, 153, 16, 7, 1, 0)] == [128, 32, 4, 1, 1, 1]


def test_coarse_paths_go_on_where_many_wait(monkeypatch):
    """Everybody wants the same partners: without larger steps many wait, and grains place them."""
    monkeypatch.setattr(levels, "is_crowded", lambda *_: False)
    grains = []
    passes = engine._Run._is_good_at
    monkeypatch.setattr(engine._Run, "_is_good_at", lambda run, at: grains.append(at) or passes(run, at))
    left, right = tm.datasets.synthetic(5_000, 5_000, 3, "vertical", 1.0)
    matching = tm.match(left, right, threads=2)
    assert (matching.status, matching.gap, matching.coverage) == ("OPTIMAL", 0, 5_000)
    assert len(grains) > 1, "the auction ended early"
    assert all(one == FINER * then for one, then in pairwise(grains))
    matching.verify().raise_for_failure()
    assert tm.match(left, right, threads=1).seal == matching.seal


def test_phases_end_early_and_the_next_goes_on_where_few_wait(monkeypatch):
    """13,000 squared, with levels: no phase draws more than its lists, and threads change nothing."""
    draws = []
    bids = engine._Run._bid
    monkeypatch.setattr(engine._Run, "_bid", lambda run, step: draws.append(bids(run, step)) or draws[-1])
    left, right = tm.datasets.synthetic(13_000, 13_000, 3, "mild", 1.03)
    matching = tm.match(left, right, threads=2)
    assert (matching.status, matching.gap, matching.coverage) == ("OPTIMAL", 0, 13_000)
    budget = engine.DRAWS_WHERE_CROWDED * 13_000
    assert draws[0] > budget, "the first phase ended early"
    assert len(draws) > 4, "and the auction went on"
    assert max(draws) < 1.1 * budget
    matching.verify().raise_for_failure()
    assert tm.match(left, right, threads=1).seal == matching.seal


def test_who_waits_is_placed_by_paths_where_that_is_all_that_a_gap_lacks(monkeypatch):
    """Short phases may each leave one in 200 waiting: they are placed once, with one grain."""
    monkeypatch.setattr(engine, "LEFT_OVER", 200)
    monkeypatch.setattr(engine, "LAST_LEFT_OVER", 200)
    monkeypatch.setattr(engine, "DRAWS_WHERE_CROWDED", 4)
    grains, draws = [], []
    passes, bids = engine._Run._is_good_at, engine._Run._bid
    monkeypatch.setattr(engine._Run, "_is_good_at", lambda run, at: grains.append(at) or passes(run, at))
    monkeypatch.setattr(engine._Run, "_bid", lambda run, step: draws.append(step) or bids(run, step))
    left, right = tm.datasets.synthetic(13_000, 13_000, 3, "clustered", 1.03)
    matching = tm.match(left, right, gap=3e-5, threads=2)
    assert matching.coverage == 13_000
    assert 0 < matching.gap <= 3e-5 * matching.bound
    assert len(grains) == 1
    assert engine.LAST_STEP not in draws, "the auction was left where the gap was in reach"
    matching.verify().raise_for_failure()
    assert tm.match(left, right, gap=3e-5, threads=1).seal == matching.seal


@pytest.mark.parametrize(("n", "market", "places"), [(13_000, "clustered", 1.03), (5_000, "vertical", 1.0)])
def test_a_larger_step_places_those_who_wait(monkeypatch, n, market, places):
    """Regions with too few places rise in large steps, once; then hardly anybody waits; levels or not."""
    steps, waiting = [], []
    bids = engine._Run._bid

    def bid(run, step):
        draws = bids(run, step)
        steps.append(step)
        waiting.append(int((run.solver.mate < 0).sum()))
        return draws

    monkeypatch.setattr(engine._Run, "_bid", bid)
    left, right = tm.datasets.synthetic(n, n, 3, market, places)
    with_it = tm.match(left, right)
    assert steps[1] == engine.WIDER_ONCE * steps[0]
    assert steps[1:] == sorted(steps[1:], reverse=True)
    assert waiting[1] < waiting[0] / 4
    monkeypatch.setattr(engine, "WIDER_ONCE", 1)
    without = tm.match(left, right)
    assert (with_it.objective, with_it.gap) == (without.objective, 0)


def test_an_auction_alone_finds_as_much(monkeypatch):
    """The slow twin: no grains, the last step of the auction; and larger steps instead of grains."""
    is_crowded = levels.is_crowded
    monkeypatch.setattr(levels, "is_crowded", lambda *_: False)
    grains = []
    passes = engine._Run._is_good_at
    monkeypatch.setattr(engine._Run, "_is_good_at", lambda run, at: grains.append(at) or passes(run, at))
    left, right = tm.datasets.synthetic(5_000, 5_000, 3, "vertical", 1.0)
    coarse = tm.match(left, right)
    assert grains, "there is something to compare"
    grains.clear()
    monkeypatch.setattr(levels, "is_crowded", is_crowded)
    larger_steps = tm.match(left, right)
    monkeypatch.setattr(engine, "DRAWS", 10**9)
    alone = tm.match(left, right)
    assert not grains
    assert (larger_steps.objective, larger_steps.gap) == (coarse.objective, 0)
    assert (coarse.objective, coarse.bound, coarse.gap) == (alone.objective, alone.bound, 0)


def test_with_places_enough_phases_may_draw_more():
    """The registers draw six to eight lists a phase; ended after four, they take twice as long."""
    left, right = tm.datasets.synthetic(13_000, 13_000, 3, "mild", 2.0)
    budgets = []
    with pytest.MonkeyPatch.context() as patch:
        bids = engine._Run._bid
        patch.setattr(engine._Run, "_bid", lambda run, step: budgets.append(run.budget) or bids(run, step))
        assert tm.match(left, right).gap == 0
    assert set(budgets) == {engine.DRAWS * 13_000}
