"""What must not change an answer does not, and what may change it moves it the right way."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twinmatch as tm
from tests.instances import explicit, random_graph, solved, x
from tests.oracles import dense_points
from twinmatch import _check
from twinmatch.graph.scored import ScoredGraph
from twinmatch.solvers import solve

SEEDS = st.integers(0, 2**32 - 1)


def value(graph):
    """Return what is maximised: coverage, then points."""
    solution = solved(graph)
    return solution.coverage, solution.objective


def numbers(solution) -> tuple:
    """Return everything in a solution that is a result, as bytes and numbers."""
    arrays = (solution.mate, solution.right_price, solution.witness_left)
    rest = (solution.coverage_price, solution.objective, solution.bound, solution.coverage, solution.status)
    return (*(array.tobytes() for array in arrays), *rest)


@cache
def schools(market: str, num_left: int = 250, num_right: int = 350, places: float | None = None):
    return tm.datasets.synthetic(num_left, num_right, 11, market, places)


@pytest.mark.parametrize("places", [None, 0.8, 1.3])
@pytest.mark.parametrize("market", ["mild", "tied", "clustered"])
def test_row_order_changes_nothing(market, places):
    """Ids decide, also among ties: the same pairs, prices and proof for any order of the rows."""
    left, right = schools(market, places=places)
    first = tm.match(left, right)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        shuffled = left.take(rng.permutation(len(left))), right.take(rng.permutation(len(right)))
        other = tm.match(*shuffled)
        assert other.pairs.equals(first.pairs)
        assert other.unmatched.equals(first.unmatched)
        assert other.seal == first.seal
        assert other.fingerprints == first.fingerprints
        assert (other.right_price == first.right_price).all()


def test_other_ids_change_names_only():
    """Ids may decide among ties, never how good the result is."""
    left, right = schools("tied")
    renamed = []
    for table, rng in ((left, np.random.default_rng(1)), (right, np.random.default_rng(2))):
        frame = {name: table.table[name] for name in table.columns}
        frame["id"] = [f"X{k}" for k in rng.permutation(len(table))]
        renamed.append(tm.Schools.from_frame(pa.table(frame)))
    one, two = tm.match(left, right), tm.match(*renamed)
    assert (one.coverage, one.objective) == (two.coverage, two.objective)


@pytest.mark.parametrize("market", ["mild", "vertical", "tight", "tied", "clustered"])
def test_threads_and_instruction_sets_give_the_same_bytes(market):
    """Mate, prices and witness are the same bytes however they were computed, and on every run."""
    left, right = schools(market, 900, 1_300)
    graph = tm.compile(left, right, tm.policies.systematic_twinning())
    results = set()
    for isa in _check.instruction_sets():
        for threads in (1, 2, 4):
            again = ScoredGraph(graph.terms, graph.right_capacity, isa=isa)
            results.add(numbers(solve(again, threads=threads)))
    results.add(numbers(solve(graph, threads=1)))
    results.add(numbers(solve(graph, threads=1, on_progress=lambda event: None)))
    results.add(numbers(solve(graph, threads=2, deadline=600, seed=5)))
    assert len(results) == 1


@given(SEEDS)
def test_one_more_place_is_never_worse(seed):
    """A place more at any school: coverage does not fall, and where it stays, points do not."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng)
    if graph.num_right:
        more = graph.right_capacity.copy()
        more[rng.integers(graph.num_right)] += 1
        assert value(ScoredGraph(graph.terms, more)) >= value(graph)


@given(SEEDS)
def test_one_more_rule_is_never_better(seed):
    """Whatever else is forbidden, coverage and points do not rise."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng)
    if graph.num_left and graph.num_right:
        size = int(rng.integers(1, 6))
        bans = np.stack([rng.integers(0, graph.num_left, size), rng.integers(0, graph.num_right, size)], 1)
        banned = np.unique(np.concatenate([graph.terms.banned, bans]), axis=0)
        fewer = ScoredGraph(replace(graph.terms, banned=banned), graph.right_capacity)
        assert value(fewer) <= value(graph)


@given(SEEDS)
def test_one_more_school_covers_no_fewer(seed):
    """A left school more: coverage does not fall, and rises by one at most."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng)
    if graph.num_left:
        keep = np.arange(graph.num_left - 1)
        fewer = ScoredGraph(graph.terms.take(keep, np.arange(graph.num_right)), graph.right_capacity)
        assert 0 <= value(graph)[0] - value(fewer)[0] <= 1


@given(SEEDS)
def test_relabelling_nodes_keeps_the_value(seed):
    """Nodes in another order are the same problem."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng)
    left, right = rng.permutation(graph.num_left), rng.permutation(graph.num_right)
    other = ScoredGraph(graph.terms.take(left, right), graph.right_capacity[right])
    assert value(other) == value(graph)


@given(SEEDS)
def test_sides_can_be_exchanged(seed):
    """With a place each, who chooses does not matter."""
    graph = random_graph(np.random.default_rng(seed), 7, 7)
    assert value(ScoredGraph(graph.terms)) == value(ScoredGraph(graph.terms.transposed()))


@given(SEEDS)
def test_places_are_as_good_as_twins(seed):
    """A school with three places is worth three schools with one."""
    graph = random_graph(np.random.default_rng(seed))
    points = dense_points(graph.terms)
    twins = np.repeat(np.arange(graph.num_right), graph.right_capacity)
    assert value(explicit(points[:, twins])) == value(graph)


@settings(max_examples=60)
@given(SEEDS, st.integers(-50, 1000), st.integers(1, 100))
def test_points_shift_and_scale(seed, shift, scale):
    """More points for all pairs of a school that surely has one shift the sum; all points scaled scale it."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 60, (6, 9))
    points[rng.random(points.shape) < 0.3] = x
    points[:, 0] = np.maximum(points[:, 0], 0)  # six places at the first: everybody is covered
    capacity = np.array([6] + [1] * 8)
    coverage, objective = value(explicit(points, capacity))
    assert coverage == 6
    row = int(rng.integers(6))
    shifted = points.copy()
    shifted[row] = np.where(points[row] == x, x, points[row] + shift)
    assert value(explicit(shifted, capacity)) == (6, objective + shift)
    scaled = np.where(points == x, x, points * scale)
    assert value(explicit(scaled, capacity)) == (6, objective * scale)


@given(SEEDS)
def test_partners_that_nobody_wants_can_go(seed):
    """Without the right nodes that are empty in an optimum, the optimum is the same."""
    graph = random_graph(np.random.default_rng(seed))
    solution = solved(graph)
    used = np.unique(solution.mate[solution.mate >= 0])
    fewer = ScoredGraph(graph.terms.take(np.arange(graph.num_left), used), graph.right_capacity[used])
    assert value(fewer) == (solution.coverage, solution.objective)


def test_a_national_matching_with_one_more_place_and_one_more_rule():
    """The same on schools: a place more is never worse, a rule more never better."""
    left, right = schools("tight", places=1.0)
    policy = tm.policies.systematic_twinning()
    base = tm.match(left, right, policy)
    places = right.numbers("capacity").astype(int)
    places[np.flatnonzero(places == 0)[0]] += 1
    more = tm.match(left, right, policy, right_capacity=places)
    assert (more.coverage, more.objective) >= (base.coverage, base.objective)
    i = int(np.argmax(base.mate >= 0))
    pair = (base.left.ids[i], base.right.ids[base.mate[i]])
    strict = replace(policy, rules=(*policy.rules, tm.policies.ForbiddenPairs([pair])))
    fewer = tm.match(left, right, strict)
    assert pair not in set(zip(fewer.pairs["left_id"], fewer.pairs["right_id"], strict=True))
    assert (fewer.coverage, fewer.objective) <= (base.coverage, base.objective)
