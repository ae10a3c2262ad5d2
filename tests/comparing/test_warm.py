"""Warm starts: the same objective and proof as from nothing, whatever is started from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.instances import certificate_of, explicit, random_graph, solved
from twinmatch.compiler import compile
from twinmatch.errors import InputError
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.solvers import solve
from twinmatch.solvers.control import Control
from twinmatch.solvers.warm import Warm, _seated, begin_from, towards
from twinmatch.warming import warm_from


def weighing(factor: float) -> tm.Policy:
    policy = tm.policies.systematic_twinning()
    criteria = tuple(
        replace(one, weight=round(one.weight * factor), unknown=0) if one.name == "distance" else one
        for one in policy.criteria
    )
    return replace(policy, criteria=criteria)


@pytest.fixture(scope="module")
def market():
    return tm.datasets.synthetic(1500, 4000, seed=5)


def test_any_start_gives_the_objective_of_none(seed):
    """600 random instances from random prices and pairs, also forbidden ones and too many."""
    rng = np.random.default_rng([seed, 4])
    for _ in range(600):
        graph = random_graph(rng)
        cold = solved(graph)
        span = max(1, graph.terms.max_points)
        price = rng.integers(0, 2 * span, graph.num_right)
        if rng.random() < 0.5:
            price = np.minimum(cold.right_price, span)
        warm = Warm(
            price, rng.integers(-1, graph.num_right, graph.num_left) if graph.num_right else cold.mate
        )
        found = solve(graph, warm=warm, threads=1)
        assert (found.status, found.coverage, found.objective) == ("OPTIMAL", cold.coverage, cold.objective)
        certificate_of(graph, found).raise_for_failure()


def test_a_neighbour_is_started_from_and_a_stranger_is_not(market):
    """Small changes of a weight start warm, a large one from nothing; all end at the optimum."""
    left, right = market
    base = tm.match(left, right, weighing(1))
    used = []
    for factor in (1.0, 1.003, 1.01, 1.3, 3.0):
        cold = tm.match(left, right, weighing(factor))
        warm = tm.match(left, right, weighing(factor), warm_start=base)
        assert (warm.status, warm.objective, warm.coverage) == ("OPTIMAL", cold.objective, cold.coverage)
        warm.verify().raise_for_failure()
        graph = compile(warm.left, warm.right, weighing(factor))
        given = warm_from(base, warm.left, warm.right, base.mechanism)
        used.append(
            begin_from(graph, warm.right_capacity, given, graph.terms.max_points, Control()) is not None
        )
    assert used[:2] == [True, True]
    assert not used[-1]


def test_threads_and_repeats_change_no_byte(market):
    """A warm run is as reproducible as a cold one."""
    left, right = market
    base = tm.match(left, right, weighing(1))
    seals = {
        tm.match(left, right, weighing(1.003), warm_start=base, threads=threads).seal for threads in (1, 2, 2)
    }
    assert len(seals) == 1


def test_schools_are_found_by_their_ids(market):
    """Schools that came or went since: the others keep their prices and partners."""
    left, right = market
    base = tm.match(left, right, weighing(1))
    some = left.take(np.arange(3, len(left))), right.take(np.arange(0, len(right) - 5))
    given = warm_from(base, some[0].sorted_by_id()[0], some[1].sorted_by_id()[0], base.mechanism)
    pairs = dict(zip(base.pairs["left_id"], base.pairs["right_id"], strict=True))
    here = some[1].sorted_by_id()[0]
    for row, key in enumerate(some[0].sorted_by_id()[0].ids.tolist()):
        want = pairs.get(key)
        mate = int(given.mate[row])
        assert (here.ids[mate] if mate >= 0 else None) == (want if want in set(here.ids) else None)
    assert tm.match(*some, weighing(1), warm_start=base).objective == tm.match(*some, weighing(1)).objective


def test_other_mechanisms_and_quotas_start_from_nothing(market):
    """Their prices are of another kind."""
    left, right = tm.datasets.sample()
    base = tm.match(left, right)
    nash = tm.mechanisms.nash()
    assert warm_from(base, base.left, base.right, nash) is None
    priced = tm.match(left, right, tm.policies.systematic_twinning(balance=True))
    assert warm_from(priced, base.left, base.right, base.mechanism) is None
    found = tm.match(left, right, mechanism=nash, warm_start=base)
    assert found.seal == tm.match(left, right, mechanism=nash).seal
    balanced = tm.policies.systematic_twinning(balance=True)
    assert tm.match(left, right, balanced, warm_start=base).verify().ok
    with pytest.raises(InputError, match="warm_start: must be a matching, not str"):
        tm.match(left, right, warm_start="yesterday")


def test_prices_on_a_line():
    """Halfway, beyond, and never below zero; the pairs are those of the nearer."""
    one = Warm(np.array([10, 0, 5]), np.array([0]))
    two = Warm(np.array([20, 4, 1]), np.array([1]))
    assert towards(one, two, 0.5).right_price.tolist() == [15, 2, 3]
    assert towards(one, two, 2.0).right_price.tolist() == [30, 8, 0]
    assert towards(one, two, 0.2).mate.tolist() == [0]
    assert towards(one, two, 1.2).mate.tolist() == [1]


def test_only_pairs_that_can_be_are_seated():
    """Forbidden pairs, partners that are none, and more than there are places are passed over."""
    graph = explicit([[1, FORBIDDEN], [1, 1], [1, 1], [1, 1]])
    mate = _seated(graph, np.array([2, 1]), np.array([1, 0, 0, 7]))
    assert mate.tolist() == [-1, 0, 0, -1]
    assert _seated(graph, np.array([2, 1]), np.array([0, 0, 0, 1])).tolist() == [0, 0, -1, 1]


def test_a_part_has_its_own_numbers():
    """Partners outside of the part are none."""
    warm = Warm(np.array([5, 6, 7]), np.array([2, 0, -1]))
    part = warm.part(np.array([0, 1, 2]), np.array([1, 2]))
    assert part.right_price.tolist() == [6, 7]
    assert part.mate.tolist() == [1, -1, -1]
