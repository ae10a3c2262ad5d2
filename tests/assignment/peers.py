"""
Slow and obvious answers to compare assignments with.

A *question* is a matrix of points, which of its pairs are stored, the places of right nodes, who must be
paired, and whether coverage comes first. Answers are the most points, or None where what is asked for does
not exist.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import networkx as nx
import numpy as np
from ortools.graph.python import min_cost_flow
from ortools.sat.python import cp_model
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp

if TYPE_CHECKING:
    from collections.abc import Sequence


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


# -- Any bounds, locked pairs and quotas --------------------------------------------------------------------


class Asked(NamedTuple):
    """
    Everything that can be asked of :func:`twinmatch.assign`, as plain arrays.

    Quotas are (left flags, right flags, at least, at most or None).
    """

    points: np.ndarray
    stored: np.ndarray
    left_least: np.ndarray
    left_most: np.ndarray
    right_least: np.ndarray
    right_most: np.ndarray
    locked: Sequence[tuple[int, int]] = ()
    quotas: Sequence[tuple[np.ndarray, np.ndarray, int, int | None]] = ()
    coverage_first: bool = False

    def broken(self, pairs: np.ndarray) -> list[str]:
        """Return what an assignment does not keep to."""
        used = np.zeros(self.points.shape, int)
        np.add.at(used, tuple(pairs.T.tolist()), 1)
        left, right = used.sum(axis=1), used.sum(axis=0)
        counts = [int(used[np.ix_(some, others)].sum()) for some, others, _, _ in self.quotas]
        holds = {
            "once": (used <= self.stored).all(),
            "left": ((left >= self.left_least) & (left <= self.left_most)).all(),
            "right": ((right >= self.right_least) & (right <= self.right_most)).all(),
            "locked": all(used[pair] for pair in self.locked),
            "quotas": all(
                low <= count and (high is None or count <= high)
                for count, (_, _, low, high) in zip(counts, self.quotas, strict=True)
            ),
        }
        return [name for name, ok in holds.items() if not ok]


def by_enumeration(asked: Asked) -> int | None:
    """Try every set of partners of every left node, one left node after the other."""
    n, m = asked.points.shape
    nothing = ((0,) * m, (0,) * len(asked.quotas))  # partners of right nodes so far, pairs of quotas so far
    states = {nothing: {0: 0}}  # coverage -> most points
    most = [n * m if high is None else high for _, _, _, high in asked.quotas]
    for i in range(n):
        must = {j for left, j in asked.locked if left == i}
        may = np.flatnonzero(asked.stored[i]).tolist()
        after: dict = {}
        for size in range(asked.left_least[i], min(asked.left_most[i], len(may)) + 1):
            for mine in itertools.combinations(may, size):
                if not must <= set(mine):
                    continue
                worth = sum(int(asked.points[i, j]) for j in mine)
                more = [sum(bool(left[i] and right[j]) for j in mine) for left, right, _, _ in asked.quotas]
                for (load, count), values in states.items():
                    new = tuple(x + (j in mine) for j, x in enumerate(load))
                    counts = tuple(map(sum, zip(count, more, strict=True)))
                    if any(x > y for x, y in zip((*new, *counts), (*asked.right_most, *most), strict=True)):
                        continue
                    slot = after.setdefault((new, counts), {})
                    for coverage, points in values.items():
                        key = coverage + (size > 0)
                        slot[key] = max(slot.get(key, points + worth), points + worth)
        states = after
    least = (*asked.right_least, *(low for _, _, low, _ in asked.quotas))
    answers = [
        answer
        for (load, counts), values in states.items()
        if all(x >= y for x, y in zip((*load, *counts), least, strict=True))
        for answer in values.items()
    ]
    if not answers:
        return None
    return max(answers)[1] if asked.coverage_first else max(points for _, points in answers)


def by_highs(asked: Asked, *, whole: bool = True, count: bool = False) -> float | None:
    """
    Hand it to HiGHS, a variable a pair and one a left node with a partner.

    ``whole=False`` takes parts of pairs, and ``count`` counts left nodes with a partner instead of points.
    """
    n, m = asked.points.shape
    i, j = np.nonzero(asked.stored)
    size = len(i)
    if not size + n:
        return 0 if not asked.broken(np.empty((0, 2), int)) else None
    by_left, by_right = np.arange(n)[:, None] == i, np.arange(m)[:, None] == j
    of_quota = np.array([left[i] & right[j] for left, right, _, _ in asked.quotas]).reshape(
        len(asked.quotas), size
    )
    pairs = np.vstack([by_left, by_right, of_quota, by_left]).astype(float)
    covered = np.vstack([np.zeros((n + m + len(of_quota), n)), -np.eye(n)])
    low = [*asked.left_least, *asked.right_least, *(quota[2] for quota in asked.quotas), *[0] * n]
    high = [*asked.left_most, *asked.right_most]
    high += [np.inf if quota[3] is None else quota[3] for quota in asked.quotas] + [np.inf] * n
    fixed = np.array([*((a, b) in asked.locked for a, b in zip(i, j, strict=True)), *[False] * n], float)
    everybody = np.concatenate([np.zeros(size), np.ones(n)])

    def most(worth: np.ndarray, covers: float) -> float | None:
        rows = np.vstack([np.hstack([pairs, covered]), everybody])
        found = milp(
            -worth,
            constraints=LinearConstraint(rows, [*low, covers], [*high, np.inf]),
            integrality=np.full(size + n, int(whole)),
            bounds=Bounds(fixed, 1),
            options={"mip_rel_gap": 0},
        )
        assert found.status in (0, 2)
        if found.status == 2:
            return None
        return round(-found.fun) if whole else -found.fun

    points = np.concatenate([asked.points[i, j], np.zeros(n)]).astype(float)
    covers = most(everybody, 0) if asked.coverage_first or count else 0
    return covers if covers is None or count else most(points, covers)


def by_cp_sat(asked: Asked) -> int | None:
    """Hand it to OR-tools' CP-SAT; a left node with a partner earns a bonus where coverage comes first."""
    n, m = asked.points.shape
    model = cp_model.CpModel()
    use = {(i, j): model.new_bool_var("") for i, j in np.argwhere(asked.stored).tolist()}

    def between(pairs: list, low: int, high: int | None) -> None:
        model.add_linear_constraint(sum(pairs), int(low), n * m if high is None else min(int(high), n * m))

    for i in range(n):
        between([x for (a, _), x in use.items() if a == i], asked.left_least[i], asked.left_most[i])
    for j in range(m):
        between([x for (_, b), x in use.items() if b == j], asked.right_least[j], asked.right_most[j])
    for left, right, low, high in asked.quotas:
        between([x for (i, j), x in use.items() if left[i] and right[j]], low, high)
    for pair in asked.locked:
        model.add(use[pair] == 1)
    bonus = 1 + 2 * int(np.abs(asked.points).sum()) if asked.coverage_first else 0
    covered = [model.new_bool_var("") for _ in range(n)]
    for i in range(n):
        model.add(sum(x for (a, _), x in use.items() if a == i) >= covered[i])
    points = sum(int(asked.points[pair]) * x for pair, x in use.items())
    model.maximize(points + bonus * sum(covered))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    if solver.solve(model) != cp_model.OPTIMAL:
        return None
    return sum(int(asked.points[pair]) for pair, x in use.items() if solver.value(x))


def by_flow(asked: Asked) -> int | None:
    """
    Send a circulation through OR-tools' min-cost flow: every quota is on one side, and its sets are nested.

    Where coverage comes first nobody may have two partners: then a pair is a left node with a partner.
    """
    n, m = asked.points.shape
    i, j = np.nonzero(asked.stored)
    sets: tuple[list, list] = ([], [])  # of each side: nodes, least, most
    for left, right, low, high in asked.quotas:
        assert left.all() or right.all(), "a quota names both sides"
        side = 0 if right.all() else 1
        sets[side].append(((left, right)[side], low, high))
    tails, heads, lower, upper, cost = [], [], [], [], []

    def arc(tail: object, head: object, low: int, high: int | None) -> None:
        most = len(i) if high is None else min(int(high), len(i))
        tails.append(tail)
        heads.append(head)
        lower.append(int(low))
        upper.append(most)
        cost.append(0)

    for side, of_side in enumerate(sets):
        size = (n, m)[side]
        order = sorted(range(len(of_side)), key=lambda s: -int(of_side[s][0].sum()))
        inner: list[object] = ["hub"] * size  # the smallest set so far
        for s in order:
            nodes, low, high = of_side[s]
            above = {inner[node] for node in np.flatnonzero(nodes)} or {"hub"}
            assert len(above) == 1, "sets cross"
            ends = (above.pop(), (side, "set", s))
            arc(*ends[:: 1 - 2 * side], low, high)
            for node in np.flatnonzero(nodes):
                inner[node] = (side, "set", s)
        bounds = ((asked.left_least, asked.left_most), (asked.right_least, asked.right_most))[side]
        for node in range(size):
            arc(*(inner[node], (side, node))[:: 1 - 2 * side], bounds[0][node], bounds[1][node])
    must = set(asked.locked)
    bonus = 1 + 2 * int(np.abs(asked.points).sum()) if asked.coverage_first else 0
    for a, b in zip(i.tolist(), j.tolist(), strict=True):
        arc((0, a), (1, b), (a, b) in must, 1)
        cost[-1] = -bonus - int(asked.points[a, b])
    if any(low > high for low, high in zip(lower, upper, strict=True)):
        return None
    number = {name: at for at, name in enumerate(dict.fromkeys(["hub", *tails, *heads]))}
    tail, head = (np.array([number[end] for end in ends], np.int32) for ends in (tails, heads))
    low = np.array(lower, np.int64)
    supply = np.zeros(len(number), np.int64)  # what has to flow, flows; the rest is free
    np.subtract.at(supply, tail, low)
    np.add.at(supply, head, low)
    flow = min_cost_flow.SimpleMinCostFlow()
    room = np.array(upper, np.int64) - low
    arcs = flow.add_arcs_with_capacity_and_unit_cost(tail, head, room, np.array(cost, np.int64))
    flow.set_nodes_supplies(np.arange(len(number), dtype=np.int32), supply)
    if flow.solve() != flow.OPTIMAL:
        return None
    used = (flow.flows(arcs) + low)[len(arcs) - len(i) :]
    return int((used * asked.points[i, j]).sum())
