"""Points from a function of the user's own are solved as exactly as all others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.instances import solved
from tests.oracles import FORBIDDEN, best_by_brute_force, best_by_ortools
from twinmatch import _core
from twinmatch.errors import PointsError
from twinmatch.graph.called import CalledGraph
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.merging import merge
from twinmatch.graph.terms import RuleTerm, TableTerm


def random_called(rng: np.random.Generator) -> tuple[CalledGraph, np.ndarray]:
    """Return a small graph with a rule, a table and a function, and its points written down."""
    num_left, num_right = (int(k) for k in rng.integers(0, 8, 2))
    values = rng.integers(0, rng.choice([1, 3, 1000]), (num_left, num_right))
    left, right = (
        rng.integers(0, 3, num_left).astype(np.int32),
        rng.integers(0, 3, num_right).astype(np.int32),
    )
    rule = RuleTerm(left, right, rng.random((3, 3)) < 0.7)
    table = TableTerm(left, right, rng.integers(0, 5, (3, 3)).astype(np.int32))
    call = CallTerm(lambda i, j: values[i, j], int(values.max(initial=1)) or 1, "own")
    graph = CalledGraph(merge(num_left, num_right, [rule], [table, call]), rng.integers(0, 4, num_right))
    points = values + table.values[left[:, None], right[None, :]]
    return graph, np.where(rule.allowed[left[:, None], right[None, :]], points, FORBIDDEN)


@pytest.mark.parametrize("block", range(4))
def test_called_graphs_against_other_solvers(block, seed):
    """Two hundred small graphs: the largest coverage, the most points, proven."""
    rng = np.random.default_rng([seed, block])
    for number in range(50):
        graph, points = random_called(rng)
        solution = solved(graph)
        oracle = best_by_ortools if number % 2 else best_by_brute_force
        assert (solution.coverage, solution.objective) == oracle(points, graph.right_capacity)


def test_a_criterion_of_ones_own_through_match():
    """With schools: the function sees the tables it was given, and its points are a column of the pairs."""
    left, right = tm.datasets.synthetic(60, 90, 2, places=0.9)

    def letters(left, right, i, j):
        return np.array([(len(a) * 7 + int(a[-2:]) * int(b[-2:])) % 101 for a, b in
                         zip(left.ids[i], right.ids[j], strict=True)])  # fmt: skip

    base = tm.policies.systematic_twinning()
    policy = replace(base, criteria=(*base.criteria, tm.policies.OwnCriterion("letters", letters, 100)))
    matching = tm.match(left, right, policy)
    assert matching.status == "OPTIMAL"
    assert matching.verify().ok
    graph = tm.compile(matching.left, matching.right, policy)
    assert isinstance(graph, CalledGraph)
    points = graph.points(np.arange(60)[:, None], np.arange(90)[None, :])
    assert (matching.coverage, matching.objective) == best_by_ortools(points, matching.right_capacity)
    pairs = matching.pairs
    criteria = [criterion.name for criterion in policy.criteria]
    assert (pairs[criteria].sum(axis=1) == pairs["points"]).all()
    assert pairs["letters"].between(0, 100).all()
    rng = np.random.default_rng(0)
    again = tm.match(left.take(rng.permutation(60)), right.take(rng.permutation(90)), policy)
    assert again.pairs.equals(pairs)


def test_a_function_without_a_bound_is_as_good():
    """Nobody has to know the most points that a function returns."""
    left, right = tm.datasets.synthetic(30, 40, 2)
    own = tm.policies.OwnCriterion("own", lambda left, right, i, j: (i * 13 + j * 7) % 50)
    policy = tm.Policy(rules=(tm.policies.CommonLevel(),), criteria=(own,))
    matching = tm.match(left, right, policy)
    assert matching.status == "OPTIMAL"
    assert matching.verify().ok


def test_a_function_is_asked_about_some_thousands_at_a_time():
    """The answers are put together again, and whoever says stop waits for one batch and no more."""
    asked = []
    stop = np.zeros(1, np.uint8)

    def best(rows, k, price):
        asked.append(len(rows))
        right = np.stack([rows % 7, np.full(len(rows), -1)], axis=1).astype(np.int32)
        return right, np.stack([rows, np.full(len(rows), -(2**61))], axis=1), np.full(len(rows), -(2**61))

    graph = _core.Asked(20_000, 7, best, lambda i, j: i)
    rows = np.arange(20_000, dtype=np.int32)[::-1].copy()
    item, points, number, _ = graph.search(rows, 2, np.zeros(7, np.int64), 1)
    assert sum(asked) == 20_000
    assert max(asked) < 10_000
    np.testing.assert_array_equal(item.reshape(-1, 2)[:, 0], rows % 7)
    np.testing.assert_array_equal(points.reshape(-1, 2)[:, 0], rows)
    assert (number == 1).all()

    def stopped(rows, k, price):
        stop[0] = 1
        return best(rows, k, price)

    graph = _core.Asked(20_000, 7, stopped, lambda i, j: i)
    capacity, outside = np.full(7, 20_000), np.zeros(20_000, np.int64)
    solver = _core.Solver(graph, graph, capacity, outside, 2, 2, 20_000, 1, stop, np.zeros(1, np.int64))
    asked.clear()
    with pytest.raises(_core.Cancelled):
        solver.open(0, 1, 1)
    assert len(asked) == 1


def test_bad_points_of_a_function_stop_the_run():
    """Fractions, negative points and errors of the function itself arrive where the caller is."""
    left, right = tm.datasets.synthetic(20, 30, 2)

    def raises(left, right, i, j):
        raise LookupError("no such school")

    for function, error in (
        (lambda left, right, i, j: i * 0.5, PointsError),
        (lambda left, right, i, j: -1 - i, PointsError),
        (lambda left, right, i, j: i[:-1], PointsError),
        (raises, LookupError),
    ):
        own = tm.policies.OwnCriterion("own", function, 100)
        with pytest.raises(error):
            tm.match(left, right, tm.Policy(rules=(tm.policies.CommonLevel(),), criteria=(own,)))
