"""
Slow and obvious answers to compare fast ones with.

``dense_points`` is written from the comment at the top of ``cpp/points.hpp`` alone, and shares no line with
``twinmatch.graph.terms``. The solvers take a dense matrix of points, ``FORBIDDEN`` where a pair is not
admissible, and the places of each right school; all want the largest coverage first, then the most points.
"""

from __future__ import annotations

from typing import NamedTuple

import networkx as nx
import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.optimize import linear_sum_assignment

FORBIDDEN = -(2**31)


class Best(NamedTuple):
    """The largest coverage, and the most points that a matching of this coverage can have."""

    coverage: int
    objective: int


class Proof(NamedTuple):
    """A best matching and what proves it, with the fields of a solution."""

    mate: np.ndarray
    right_price: np.ndarray
    coverage_price: int
    witness_left: np.ndarray
    objective: int
    bound: int
    coverage: int
    coverage_bound: int


def dense_points(terms) -> np.ndarray:
    """Return the points of every pair, (num_left, num_right) int64, straight from the formulas."""
    shape = (len(terms.left_class), len(terms.right_class))
    total = np.zeros(shape, np.int64)
    for column in terms.linears:
        difference = column.left.astype(np.int64)[:, None] - column.right.astype(np.int64)[None, :]
        total += np.clip(column.top - np.abs(difference), 0, column.cap)
    if terms.distance is not None:
        total += _dense_distance(terms.distance)
    for column in terms.tags:
        common = column.left[:, None] & column.right[None, :]
        bits = sum((common >> np.uint64(bit)) & np.uint64(1) for bit in range(64)).astype(np.int64)
        total += np.minimum(column.cap, column.each * bits)
    if terms.dot is not None:
        dot = terms.dot
        product = dot.left.astype(np.int64) @ dot.right.astype(np.int64).T
        total += np.clip(((dot.offset + product) * dot.gain) >> dot.shift, 0, dot.cap)
    for call in terms.calls:
        i, j = np.indices(shape).reshape(2, -1)
        total += np.asarray(call.function(i, j), np.int64).reshape(shape)
    for (i, j), more in zip(terms.bonus.pairs.tolist(), terms.bonus.points.tolist(), strict=True):
        total[i, j] += more
    for i, row_class in enumerate(terms.left_class):
        for j, column_class in enumerate(terms.right_class):
            entry = int(terms.table[row_class, column_class])
            worth = int(total[i, j]) + entry
            if terms.curve is not None:
                worth = int(terms.curve[min(max(worth, 0), len(terms.curve) - 1)])
            total[i, j] = FORBIDDEN if entry == FORBIDDEN else worth
    for i, j in terms.banned:
        total[i, j] = FORBIDDEN
    return total


def _dense_distance(distance) -> np.ndarray:
    """Follow the chord to the great circle and to points, one float32 operation at a time."""
    f = np.float32
    scale, c1, c2, c3 = f(2.0**-44), f(0.0428923108), f(0.00209602714), f(0.00208822871)
    square = [
        np.square(np.subtract.outer(distance.left[axis], distance.right[axis], dtype=f), dtype=f)
        for axis in range(3)
    ]
    q = np.add(np.add(square[0], square[1], dtype=f), square[2], dtype=f)
    t = np.multiply(q, scale, dtype=f)
    series = c3
    for constant in (c2, c1, f(1)):
        series = np.add(constant, np.multiply(t, series, dtype=f), dtype=f)
    arc = np.multiply(np.sqrt(q, dtype=f), series, dtype=f)
    away = np.abs(np.subtract(arc, f(distance.centre), dtype=f))
    worth = np.subtract(f(distance.top), np.multiply(f(distance.slope), away, dtype=f), dtype=f)
    return np.trunc(np.clip(worth, f(0), f(distance.cap))).astype(np.int64)


def best_by_brute_force(points: np.ndarray, capacity: np.ndarray) -> Best:
    """Try every matching, one left school after the other."""
    states = {tuple(int(c) for c in capacity): Best(0, 0)}
    for row in points:
        after = dict(states)  # left without a partner
        for left_over, best in states.items():
            for j, worth in enumerate(row):
                if worth == FORBIDDEN or left_over[j] == 0:
                    continue
                places = (*left_over[:j], left_over[j] - 1, *left_over[j + 1 :])
                candidate = Best(best.coverage + 1, best.objective + int(worth))
                after[places] = max(after.get(places, candidate), candidate)
        states = after
    return max(states.values())


def best_by_scipy(points: np.ndarray, capacity: np.ndarray) -> Best:
    """Solve a square-ish assignment problem: a column a place, and a column of nothing a left school."""
    num_left = len(points)
    if num_left == 0:
        return Best(0, 0)
    places = np.repeat(np.arange(len(capacity)), np.minimum(capacity, num_left))
    worth = points[:, places].astype(np.float64)
    admissible = points[:, places] != FORBIDDEN
    covered = 2.0 * num_left * (np.abs(worth[admissible]).max(initial=0) + 1)  # outweighs all points together
    table = np.zeros((num_left, len(places) + num_left))
    table[:, : len(places)] = np.where(admissible, worth + covered, -1.0)
    row, column = linear_sum_assignment(table, maximize=True)
    real = column < len(places)
    row, column = row[real], column[real]
    return Best(len(row), int(points[row, places[column]].sum()))


def best_by_networkx(points: np.ndarray, capacity: np.ndarray) -> Best:
    """Send as much flow as possible, as cheaply as possible."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["source", "sink"])
    for i, row in enumerate(points):
        graph.add_edge("source", ("left", i), capacity=1, weight=0)
        for j, worth in enumerate(row):
            if worth != FORBIDDEN:
                graph.add_edge(("left", i), ("right", j), capacity=1, weight=-int(worth))
    for j, places in enumerate(capacity):
        graph.add_edge(("right", j), "sink", capacity=int(places), weight=0)
    flow = nx.max_flow_min_cost(graph, "source", "sink")
    return Best(sum(flow["source"].values()), -nx.cost_of_flow(graph, flow))


def mates_by_ortools(points: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """Return the mate of each left school in a best matching, -1 for none."""
    num_left, num_right = points.shape
    source, sink = num_left + num_right, num_left + num_right + 1
    i, j = np.nonzero(points != FORBIDDEN)
    left, right = np.arange(num_left), num_left + np.arange(num_right)
    flow = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([i, np.full(num_left, source), right]).astype(np.int32),
        np.concatenate([num_left + j, left, np.full(num_right, sink)]).astype(np.int32),
        np.concatenate([np.ones(len(i) + num_left), capacity]).astype(np.int64),
        np.concatenate([-points[i, j], np.zeros(num_left + num_right)]).astype(np.int64),
    )
    flow.set_nodes_supplies(np.array([source, sink], np.int32), np.array([num_left, -num_left], np.int64))
    assert flow.solve_max_flow_with_min_cost() == flow.OPTIMAL
    used = flow.flows(arcs[: len(i)]) > 0
    mate = np.full(num_left, -1, np.int64)
    mate[i[used]] = j[used]
    return mate


def best_by_ortools(points: np.ndarray, capacity: np.ndarray) -> Best:
    """Send as much flow as possible, as cheaply as possible, in C++."""
    mate = mates_by_ortools(points, capacity)
    matched = np.flatnonzero(mate >= 0)
    return Best(len(matched), int(points[matched, mate[matched]].sum()))


def prove(points: np.ndarray, capacity: np.ndarray) -> Proof:
    """
    Return a best matching with integer prices and a witness that prove it.

    Prices are shortest distances in the graph of what could still change (Bellman-Ford), which the best
    matching keeps free of negative cycles. What the source still reaches is the witness; everything else
    is moved away from it until the coverage price is at least 0.
    """
    num_left, num_right = points.shape
    source, sink = num_left + num_right, num_left + num_right + 1
    mate = mates_by_ortools(points, capacity)
    load = np.bincount(mate[mate >= 0], minlength=num_right)
    arcs = []
    for i in range(num_left):
        arcs.append((source, i, 0) if mate[i] < 0 else (i, source, 0))
        for j in np.flatnonzero(points[i] != FORBIDDEN):
            worth = int(points[i, j])
            arcs.append((num_left + j, i, worth) if mate[i] == j else (i, num_left + j, -worth))
    for j in range(num_right):
        if load[j] < capacity[j]:
            arcs.append((num_left + j, sink, 0))
        if load[j] > 0:
            arcs.append((sink, num_left + j, 0))

    height = [0] * (num_left + num_right + 2)
    reached = {source}
    for _ in range(len(height) + 1):
        before = (list(height), set(reached))
        for tail, head, length in arcs:
            height[head] = min(height[head], height[tail] + length)
            if tail in reached:
                reached.add(head)
        if before == (height, reached):
            break
    else:
        raise AssertionError("a negative cycle: the matching was not a best one")
    assert sink not in reached, "an augmenting path: the coverage was not the largest"
    lift = max(0, height[source] - height[sink])
    height = [h if node in reached else h + lift for node, h in enumerate(height)]

    price = np.array([max(0, height[sink] - height[num_left + j]) for j in range(num_right)], np.int64)
    coverage_price = height[sink] - height[source]
    witness = np.array([i in reached for i in range(num_left)], np.bool_)
    matched = np.flatnonzero(mate >= 0)
    objective, coverage = int(points[matched, mate[matched]].sum()), len(matched)
    proof = Proof(mate, price, coverage_price, witness, objective, 0, coverage, 0)
    return proof._replace(
        bound=dense_bound(points, capacity, price, coverage_price, coverage),
        coverage_bound=dense_coverage_bound(points, capacity, witness),
    )


def dense_bound(points, capacity, price, coverage_price, coverage) -> int:
    """Return the bound on points, one pair at a time, in Python integers."""
    useful = [min(int(c), len(points)) for c in capacity]
    total = sum(c * int(p) for c, p in zip(useful, price, strict=True)) - coverage_price * coverage
    for row in points:
        nets = [int(worth) - int(p) for worth, p in zip(row, price, strict=True) if worth != FORBIDDEN]
        if nets:
            total += max(0, max(nets) + coverage_price)
    return total


def dense_coverage_bound(points, capacity, witness) -> int:
    """Return the bound on the coverage that a set of left schools gives."""
    partners = {j for i in np.flatnonzero(witness) for j in np.flatnonzero(points[i] != FORBIDDEN)}
    return len(witness) - int(np.sum(witness)) + sum(int(capacity[j]) for j in partners)
