"""
Slow and obvious answers to compare assignments with.

A *question* is a matrix of points, which of its pairs are stored, the places of right nodes, who must be
paired, and whether coverage comes first. Answers are the most points, or None where what is asked for does
not exist.
"""

from __future__ import annotations

from typing import NamedTuple

import networkx as nx
import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.optimize import linear_sum_assignment


class Question(NamedTuple):
    points: np.ndarray
    stored: np.ndarray
    capacity: np.ndarray
    required: np.ndarray
    coverage_first: bool = False


def by_brute_force(question: Question) -> int | None:
    """Try every matching, one left node after the other."""
    states = {tuple(question.capacity.tolist()): {0: 0}}  # places left -> coverage -> most points
    for i in range(len(question.points)):
        after: dict = {}
        for room, values in states.items():
            for coverage, worth in values.items():
                if not question.required[i]:
                    slot = after.setdefault(room, {})
                    slot[coverage] = max(slot.get(coverage, worth), worth)
                for j in np.flatnonzero(question.stored[i]):
                    if room[j]:
                        slot = after.setdefault((*room[:j], room[j] - 1, *room[j + 1 :]), {})
                        more = worth + int(question.points[i, j])
                        slot[coverage + 1] = max(slot.get(coverage + 1, more), more)
        states = after
    answers = [(coverage, worth) for values in states.values() for coverage, worth in values.items()]
    if not answers:
        return None
    if question.coverage_first:
        return max(answers)[1]
    return max(worth for _, worth in answers)


def by_scipy(question: Question) -> int | None:
    """Solve a rectangular assignment: a column a place, and a column of nothing for each left node."""
    n = len(question.points)
    place = np.repeat(np.arange(len(question.capacity)), np.minimum(question.capacity, n))
    spread = int(np.abs(question.points).max(initial=0)) + 1
    table = np.full((n, len(place) + n), -np.inf)
    table[:, : len(place)] = np.where(question.stored, question.points, -np.inf)[:, place]
    nothing = -2.0 * spread * (n + 1) if question.coverage_first else 0.0
    table[np.arange(n), len(place) + np.arange(n)] = np.where(question.required, -np.inf, nothing)
    try:
        row, column = linear_sum_assignment(table, maximize=True)
    except ValueError:
        return None
    real = column < len(place)
    return int(question.points[row[real], place[column[real]]].sum())


def by_ortools(question: Question) -> int | None:
    """Send a unit through each left node, past the pairs where that is allowed."""
    n, m = question.points.shape
    i, j = np.nonzero(question.stored)
    spread = int(np.abs(question.points).max(initial=0)) + 1
    nothing = 2 * spread * (n + 1) if question.coverage_first else 0
    past = np.flatnonzero(~question.required)
    flow = min_cost_flow.SimpleMinCostFlow()
    tail = np.concatenate([i, n + np.arange(m), past]).astype(np.int32)
    head = np.concatenate([n + j, np.full(m, n + m), np.full(len(past), n + m)]).astype(np.int32)
    room = np.concatenate([np.ones(len(i)), np.minimum(question.capacity, n), np.ones(len(past))])
    cost = np.concatenate([-question.points[i, j], np.zeros(m), np.full(len(past), nothing)])
    arcs = flow.add_arcs_with_capacity_and_unit_cost(tail, head, room.astype(np.int64), cost.astype(np.int64))
    supply = np.concatenate([np.ones(n), np.zeros(m), [-n]]).astype(np.int64)
    flow.set_nodes_supplies(np.arange(n + m + 1, dtype=np.int32), supply)
    if flow.solve() != flow.OPTIMAL:
        return None
    used = flow.flows(arcs[: len(i)]) > 0
    return int(question.points[i[used], j[used]].sum())


def by_networkx(question: Question) -> int | None:
    """Do the same in pure Python."""
    n, m = question.points.shape
    spread = int(np.abs(question.points).max(initial=0)) + 1
    nothing = 2 * spread * (n + 1) if question.coverage_first else 0
    graph = nx.DiGraph()
    graph.add_node("sink", demand=n)
    for i in range(n):
        graph.add_node(("left", i), demand=-1)
        if not question.required[i]:
            graph.add_edge(("left", i), "sink", capacity=1, weight=nothing)
        for j in np.flatnonzero(question.stored[i]):
            graph.add_edge(("left", i), ("right", j), capacity=1, weight=-int(question.points[i, j]))
    for j in range(m):
        graph.add_edge(("right", j), "sink", capacity=int(question.capacity[j]), weight=0)
    try:
        _, flow = nx.network_simplex(graph)
    except nx.NetworkXUnfeasible:
        return None
    return sum(
        int(question.points[i, node[1]])
        for i in range(n)
        for node, units in flow[("left", i)].items()
        if node != "sink" and units
    )
