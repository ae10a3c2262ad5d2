"""A flow and its potentials prove each other; where there is no flow, a cut says why."""

from __future__ import annotations

import threading
import time

import networkx as nx
import numpy as np
import pytest
from ortools.graph.python import min_cost_flow

from twinmatch.solvers.control import Control, Stopped
from twinmatch.solvers.network import Cut, Flow, Network, cheapest_flow
from twinmatch.status import Limit


def network(num_nodes, arcs, supply=None):
    """Return a network of arcs ``(tail, head, lower, upper, cost)``."""
    columns = np.array(arcs, np.int64).reshape(-1, 5).T
    ends, rest = columns[:2].astype(np.int32), columns[2:]
    return Network(
        num_nodes, *ends, *rest, np.zeros(num_nodes, np.int64) if supply is None else np.array(supply)
    )


def checked(problem, **start):
    """Return the least cost, None where there is no flow; the proof of either holds in exact integers."""
    found = cheapest_flow(problem, Control(), **start)
    inside, outside = (
        (found.inside[problem.tail], found.inside[problem.head]) if isinstance(found, Cut) else (0, 0)
    )
    if isinstance(found, Cut):
        enters, leaves = ~inside & outside, inside & ~outside
        must = sum(map(int, problem.supply[found.inside])) + sum(map(int, problem.lower[enters]))
        assert must > sum(map(int, problem.upper[leaves]))
        return None
    flow, pi = found
    assert (problem.lower <= flow).all()
    assert (flow <= problem.upper).all()
    sent = np.zeros(problem.num_nodes, np.int64)
    np.add.at(sent, problem.tail, flow)
    np.subtract.at(sent, problem.head, flow)
    assert (sent == problem.supply).all()
    reduced = problem.cost + pi[problem.tail] - pi[problem.head]
    assert (reduced[flow < problem.upper] >= 0).all()
    assert (reduced[flow > problem.lower] <= 0).all()
    return sum(int(x) * int(c) for x, c in zip(flow, problem.cost, strict=True))


def least_by_ortools(problem):
    """Return the least cost as OR-tools finds it, None where there is no flow."""
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        problem.tail, problem.head, problem.upper - problem.lower, problem.cost
    )
    supply = problem.supply.copy()
    np.subtract.at(supply, problem.tail, problem.lower)
    np.add.at(supply, problem.head, problem.lower)
    solver.set_nodes_supplies(np.arange(problem.num_nodes, dtype=np.int32), supply)
    if solver.solve() != solver.OPTIMAL:
        return None
    return int(((solver.flows(arcs) + problem.lower) * problem.cost).sum())


def random_network(rng, most_nodes=8):
    """
    Return a small network of any kind.

    Some have loops, parallel arcs, isolated nodes, arcs without room, lower bounds below zero, few different
    costs or large ones, negative cycles, and more to send than fits.
    """
    n = int(rng.integers(1, most_nodes + 1))
    m = int(rng.integers(0, 4 * n))
    span, room = int(rng.choice([0, 1, 5, 1_000_000])), int(rng.choice([1, 2, 6]))
    lower = rng.integers(-room, room + 1, m) * (rng.random(m) < rng.choice([0.0, 0.2, 0.6]))
    upper = lower + rng.integers(0, room + 1, m)
    tail, head = rng.integers(0, n, (2, m), np.int32)
    supply = np.zeros(n, np.int64)
    if rng.random() < 0.5 and m:  # what some flow sends, so that there is one
        flow = rng.integers(lower, upper + 1)
        np.add.at(supply, tail, flow)
        np.subtract.at(supply, head, flow)
    else:
        for _ in range(int(rng.integers(3))):
            v, w = rng.integers(0, n, 2)
            amount = int(rng.integers(1, room + 1))
            supply[v] += amount
            supply[w] -= amount
    return Network(n, tail, head, lower, upper, rng.integers(-span, span + 1, m), supply)


def nested_network(rng, num_left=300, num_right=500, degree=6, span=100_000, regions=12):
    """Return a matching with groups on both sides, some with a floor or a cap that they feel."""
    source, sink = 0, 1
    left, right = 2 + np.arange(num_left), 2 + num_left + np.arange(num_right)
    group, region = right[-1] + 1 + np.arange(4), right[-1] + 5 + np.arange(regions)
    country = region[-1] + 1 + np.arange(3)
    group_of, region_of = rng.integers(0, 4, num_left), rng.integers(0, regions, num_right)
    size = np.bincount(region_of, minlength=regions)
    places = np.bincount(np.arange(regions) % 3, size, 3).astype(np.int64)
    least, most = np.zeros(regions, np.int64), size.copy()
    least[:3] = (size[:3] * 0.7).astype(np.int64)
    most[3:6] = (size[3:6] * 0.3).astype(np.int64)
    blocks = [
        (
            np.repeat(left, degree),
            rng.choice(right, num_left * degree),
            0,
            1,
            -rng.integers(0, span, num_left * degree),
        ),
        (group[group_of], left, 0, 1, 0),
        (source, group, 0, np.bincount(group_of, minlength=4), 0),
        (right, region[region_of], 0, 1, 0),
        (region, country[np.arange(regions) % 3], least, most, 0),
        (country, sink, [0, places[1] // 3, 0], [places[0] // 2, places[1], places[2]], 0),
        (sink, source, 0, num_left, -span),
    ]
    arcs = np.concatenate(
        [np.stack(np.broadcast_arrays(*map(np.atleast_1d, block)), axis=1) for block in blocks]
    )
    return network(int(country[-1]) + 1, arcs)


def test_tiny_networks_of_every_kind(seed):
    """Thousands of tiny networks cost what OR-tools says, or have no flow there either."""
    rng = np.random.default_rng(seed)
    infeasible = 0
    for _ in range(4_000):
        problem = random_network(rng)
        least = checked(problem)
        assert least == least_by_ortools(problem)
        infeasible += least is None
    assert 400 < infeasible < 3_000


def test_another_judge(seed):
    """The network simplex of NetworkX agrees on networks whose lower bounds are nowhere below zero."""
    rng = np.random.default_rng([seed, 1])
    for _ in range(300):
        problem = random_network(rng)
        problem = problem._replace(
            lower=np.maximum(problem.lower, 0), upper=np.maximum(problem.upper, np.maximum(problem.lower, 0))
        )
        graph = nx.MultiDiGraph()
        demand = -problem.supply
        np.add.at(demand, problem.tail, problem.lower)
        np.subtract.at(demand, problem.head, problem.lower)
        for v in range(problem.num_nodes):
            graph.add_node(v, demand=int(demand[v]))
        room = problem.upper - problem.lower
        for v, w, c, r in zip(problem.tail, problem.head, problem.cost, room, strict=True):
            graph.add_edge(int(v), int(w), weight=int(c), capacity=int(r))
        try:
            least = nx.network_simplex(graph)[0] + int((problem.lower * problem.cost).sum())
        except nx.NetworkXUnfeasible:
            least = None
        assert checked(problem) == least


@pytest.mark.parametrize("span", [1, 10, 100_000])
def test_nested_groups(seed, span):
    """Matchings with nested bounds on both sides cost what OR-tools says."""
    rng = np.random.default_rng([seed, span])
    for _ in range(5):
        problem = nested_network(rng, 700, 1_000, span=span, regions=6)  # groups with over a hundred arcs
        assert checked(problem) == least_by_ortools(problem)


@pytest.mark.parametrize("nodes", [60, 400])
def test_medium_networks(seed, nodes):
    """Networks of any shape with thousands of arcs and large capacities cost what OR-tools says."""
    rng = np.random.default_rng([seed, nodes])
    for span in (3, 1_000, 10**9):
        m = 10 * nodes
        tail, head = rng.integers(0, nodes, (2, m), np.int32)
        lower = rng.integers(0, 4, m)
        upper = lower + rng.integers(0, 1_000, m)
        supply = np.zeros(nodes, np.int64)
        flow = rng.integers(lower, upper + 1)
        np.add.at(supply, tail, flow)
        np.subtract.at(supply, head, flow)
        problem = Network(nodes, tail, head, lower, upper, rng.integers(-span, span, m), supply)
        assert checked(problem) == least_by_ortools(problem)


def test_where_it_starts_changes_nothing(seed):
    """From potentials that are nearly right, all wrong or right, and from any flow, the cost is the same."""
    rng = np.random.default_rng([seed, 2])
    problems = [random_network(rng) for _ in range(300)] + [nested_network(rng) for _ in range(3)]
    for problem in problems:
        least = checked(problem)
        found = cheapest_flow(problem, Control())
        right = found if isinstance(found, Flow) else Flow(problem.lower, problem.supply)
        nodes, arcs = right.potential.shape, right.flow.shape
        near = right.potential + rng.integers(-5, 6, nodes)
        bad = right.potential.copy()
        bad[rng.random(nodes) < 0.02] += 10**9
        for potential in (right.potential, near, bad, rng.integers(-(10**6), 10**6, nodes), None):
            for flow in (right.flow, rng.integers(-3, 4, arcs), None):
                assert checked(problem, potential=potential, flow=flow) == least


def test_same_input_same_bytes(seed):
    """A network is solved the same way every time."""
    problem = nested_network(np.random.default_rng([seed, 3]), span=5)
    one, two = (cheapest_flow(problem, Control()) for _ in range(2))
    assert isinstance(one, Flow)
    assert one.flow.tobytes() == two.flow.tobytes()
    assert one.potential.tobytes() == two.potential.tobytes()


def test_everything_ties(seed):
    """Where all costs are the same, any flow is a cheapest one, and it is found."""
    problem = nested_network(np.random.default_rng([seed, 4]))
    problem = problem._replace(cost=np.where(problem.tail == 1, -1, 0))
    assert checked(problem) == least_by_ortools(problem)


def test_a_group_with_many_members(seed):
    """A node with thousands of arcs sends through the cheapest of them."""
    rng = np.random.default_rng([seed, 5])
    cost = rng.integers(0, 10**6, 5_000)
    arcs = [(0, 2 + k, 0, 1, c) for k, c in enumerate(cost)] + [(2 + k, 1, 0, 1, 0) for k in range(5_000)]
    assert checked(network(5_002, arcs, [1_234, -1_234] + [0] * 5_000)) == np.sort(cost)[:1_234].sum()


def test_negative_cycles_are_used():
    """A cycle that pays is filled, also one of a single arc, and one that costs stays empty."""
    assert checked(network(3, [(0, 1, 0, 4, -3), (1, 2, 0, 3, 1), (2, 0, 0, 9, 1)])) == -3
    assert checked(network(1, [(0, 0, -1, 4, -3), (0, 0, -2, 4, 3), (0, 0, 1, 2, 0)])) == -12 - 6


def test_parallel_arcs():
    """Of parallel arcs the cheap one is filled first."""
    assert checked(network(2, [(0, 1, 0, 2, 5), (0, 1, 0, 3, 1), (1, 0, 0, 9, 0)], [4, -4])) == 3 + 5


def test_lower_bounds_bind():
    """What has to flow on a dear arc flows there."""
    assert checked(network(2, [(0, 1, 2, 4, 7), (0, 1, 0, 9, 1)], [5, -5])) == 2 * 7 + 3


def test_arcs_without_room():
    """An arc with equal bounds carries what it must, and blocks what is more."""
    assert checked(network(2, [(0, 1, 3, 3, -7)], [3, -3])) == -21
    assert checked(network(2, [(0, 1, 3, 3, -7)], [2, -2])) is None
    assert checked(network(2, [(0, 1, 0, 0, -7)])) == 0


def test_isolated_nodes():
    """A node without arcs is fine if nothing is asked of it, and else it is the cut."""
    assert checked(network(0, [])) == 0
    assert checked(network(4, [(0, 1, 0, 1, 1)], [1, -1, 0, 0])) == 1
    found = cheapest_flow(network(3, [(0, 1, 0, 1, 1)], [-1, 0, 1]), Control())
    assert isinstance(found, Cut)
    assert found.inside[2]
    assert not found.inside[0]


def test_large_costs_are_exact(seed):
    """Costs near the limit are counted to the last unit."""
    rng = np.random.default_rng([seed, 6])
    for _ in range(200):
        problem = random_network(rng)
        far = problem._replace(cost=problem.cost + rng.integers(-(2**52), 2**52, len(problem.cost)))
        potential = rng.integers(-(2**52), 2**52, problem.num_nodes)
        assert checked(far) == checked(far, potential=potential)


def test_what_is_too_large_is_refused():
    """Costs, potentials, bounds and supplies that 64 bits cannot count are an error, not another answer."""
    fine = network(2, [(0, 1, 0, 5, 3)], [2, -2])
    large = {
        "cost": np.array([2**61]),
        "upper": np.array([2**62]),
        "lower": np.array([-(2**63)]),
        "supply": np.array([2**62, -(2**62)]),
    }
    for name, column in large.items():
        with pytest.raises(OverflowError):
            cheapest_flow(fine._replace(**{name: column}), Control())
    with pytest.raises(OverflowError):
        cheapest_flow(fine, Control(), potential=np.array([2**61, 0]))
    chain = network(9, [(k, k + 1, 0, 1, 2**59) for k in range(8)], [1] + [0] * 7 + [-1])
    with pytest.raises(OverflowError):
        cheapest_flow(chain, Control())


def test_wrong_networks_are_refused():
    """Columns of different lengths, nodes that do not exist and bounds the wrong way round are errors."""
    fine = network(2, [(0, 1, 0, 5, 3)], [2, -2])
    for wrong in ({"cost": np.zeros(2, np.int64)}, {"lower": np.array([6])}, {"supply": np.array([1, 0])}):
        with pytest.raises(ValueError, match=r"differ|above|sum"):
            cheapest_flow(fine._replace(**wrong), Control())
    with pytest.raises(ValueError, match="length"):
        cheapest_flow(fine, Control(), potential=np.zeros(3, np.int64))
    with pytest.raises(IndexError):
        cheapest_flow(fine._replace(head=np.array([2], np.int32)), Control())


def test_it_can_be_stopped(seed):
    """A deadline and a cancel stop the work within a moment."""
    problem = nested_network(np.random.default_rng([seed, 7]), 20_000, 30_000, 10, regions=60)
    with pytest.raises(Stopped) as caught:
        cheapest_flow(problem, Control(deadline=0.03))
    assert caught.value.limit is Limit.DEADLINE
    cancel = threading.Event()
    threading.Timer(0.03, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(Stopped) as caught:
        cheapest_flow(problem, Control(cancel=cancel))
    assert caught.value.limit is Limit.CANCELLED
    assert time.monotonic() - started < 3  # seconds: sanitizers are slow
