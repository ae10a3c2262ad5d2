"""
Judges: other ways to answer the questions of the campaign, one after the other or many at once.

Each takes questions (:class:`tests.assignment.peers.Asked`) and returns answers: the coverage (None unless it
comes first) and the most points, ``None`` where nothing keeps to what is asked, ``SKIPPED`` where the judge
cannot tell. They share no line with the library, and little with each other:

``brute force``
    Every set of pairs of a few nodes, as one matrix; above that every matching, left node after left node.
``OR-tools``
    Min-cost flow where quotas are nested, CP-SAT where they cross.
``HiGHS``
    A hundred questions in one program, each with a way out at a price that nobody pays who need not.
``SciPy``
    ``linear_sum_assignment``, a column a place. Left nodes have one partner, and quotas name sets of right
    nodes that are apart: each place that a cap closes is taken by a row worth nothing.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from tests.assignment import peers
from tests.oracles import FORBIDDEN, best_by_brute_force

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.assignment.peers import Asked

#: What a judge says that cannot tell.
SKIPPED = "skipped"
MOST_SETS = 4096
#: Beyond this a float does not count points exactly, with bonuses and prices of ways out on top.
MOST_IN_FLOATS = 10**6


class Best(NamedTuple):
    """The coverage, None unless it comes first, and the most points."""

    coverage: int | None
    objective: int


Answer = Best | None | str


def is_plain(asked: Asked) -> bool:
    """Say whether left nodes have one partner at most, and nothing is asked of right nodes but places."""
    return bool(asked.left_most.max(initial=0) <= 1 and not asked.right_least.any() and not len(asked.locked))


# -- Brute force --------------------------------------------------------------------------------------------


class _Sets(NamedTuple):
    used: np.ndarray  # a row a set, a column a pair
    left: np.ndarray  # partners of each left node
    right: np.ndarray


@cache
def _sets(n: int, m: int, single: bool) -> _Sets:
    """Return every set of pairs, or every one in which left nodes have one partner at most."""
    if single:
        chosen = np.array(list(itertools.product(range(m + 1), repeat=n)), np.int8).reshape((m + 1) ** n, n)
        used = (chosen[:, :, None] == np.arange(m)).reshape(len(chosen), n * m)
    else:
        used = (np.arange(2 ** (n * m))[:, None] >> np.arange(n * m)) & 1
    grid = used.reshape(len(used), n, m).astype(np.int8)
    return _Sets(used.astype(np.float64), grid.sum(axis=2, dtype=np.int8), grid.sum(axis=1, dtype=np.int8))


def fits(n: int, m: int, single: bool) -> bool:
    """Say whether all sets of pairs between so many nodes can be written down."""
    return (m + 1) ** n <= MOST_SETS if single else n * m <= 12


def by_sets(asked: Asked) -> Answer:
    """Look at every set of pairs."""
    n, m = asked.points.shape
    single = bool(asked.left_most.max(initial=0) <= 1)
    if not fits(n, m, single) or np.abs(asked.points).max(initial=0) > 2**45:
        return SKIPPED
    sets = _sets(n, m, single)
    locked = np.zeros((n, m))
    for pair in asked.locked:
        locked[pair] = 1
    of_quota = [(left[:, None] & right).ravel() for left, right, _, _ in asked.quotas]
    columns = [
        np.where(asked.stored, asked.points, 0).ravel(),
        ~asked.stored.ravel(),
        locked.ravel(),
        *of_quota,
    ]
    counted = sets.used @ np.array(columns, np.float64).T
    holds = (counted[:, 1] == 0) & (counted[:, 2] == locked.sum())
    holds &= ((sets.left >= asked.left_least) & (sets.left <= asked.left_most)).all(axis=1)
    holds &= ((sets.right >= asked.right_least) & (sets.right <= asked.right_most)).all(axis=1)
    for count, (_, _, low, high) in zip(counted.T[3:], asked.quotas, strict=True):
        holds &= (count >= low) & (count <= (np.inf if high is None else high))
    if not holds.any():
        return None
    worth = counted[holds, 0]
    if not asked.coverage_first:
        return Best(None, int(worth.max()))
    covered = (sets.left[holds] > 0).sum(axis=1)
    return Best(int(covered.max()), int(worth[covered == covered.max()].max()))


def by_brute_force(asked: Asked) -> Answer:
    """Try everything."""
    answer = by_sets(asked)
    if answer != SKIPPED or asked.quotas or asked.left_least.any() or not is_plain(asked):
        return answer
    if not asked.coverage_first or not asked.left_most.all():
        return SKIPPED
    return Best(*best_by_brute_force(np.where(asked.stored, asked.points, FORBIDDEN), asked.right_most))


# -- OR-tools -----------------------------------------------------------------------------------------------


def nested(asked: Asked) -> bool:
    """Say whether quotas name one side each, and sets that are inside each other or apart."""
    sides: tuple[list, list] = ([], [])
    for left, right, _, _ in asked.quotas:
        if not (left.all() or right.all()):
            return False
        sides[0 if right.all() else 1].append(left if right.all() else right)
    return all(
        not (a & b).any() or (a <= b).all() or (b <= a).all()
        for side in sides
        for a, b in itertools.combinations(side, 2)
    )


def by_ortools(asked: Asked) -> Answer:
    """Send a flow where that answers the question, and search where it does not."""
    several = asked.left_most.max(initial=0) > 1
    if nested(asked) and not (asked.coverage_first and several):
        objective = peers.by_flow(asked)
    else:
        objective = peers.by_cp_sat(asked)
    if objective is None:
        return None
    if not asked.coverage_first:
        return Best(None, objective)
    if several or not nested(asked):
        return Best(-1, objective)  # how many are covered is not handed back; points at that coverage are
    size = peers.by_flow(asked._replace(points=np.ones_like(asked.points), coverage_first=False))
    return Best(size, objective)


# -- SciPy --------------------------------------------------------------------------------------------------


def apart(asked: Asked) -> bool:
    """Say whether quotas name sets of right nodes that are apart, and all left nodes."""
    taken = np.zeros(asked.points.shape[1], bool)
    for left, right, _, _ in asked.quotas:
        if not left.all() or (taken & right).any():
            return False
        taken |= right
    return True


def by_scipy(asked: Asked) -> Answer:
    """Assign rows to columns: a column a place, a column of nothing for each row that may stay without."""
    if not is_plain(asked) or not apart(asked):
        return SKIPPED
    n, m = asked.points.shape
    place = np.repeat(np.arange(m), np.minimum(asked.right_most, n))
    stored = asked.stored & (asked.left_most > 0)[:, None]
    spread = 2 * (n + 1) * (int(np.abs(asked.points).max(initial=0)) + 1)
    if spread > 2**50:
        return SKIPPED
    closed: list[
        np.ndarray
    ] = []  # rows that take a place of a set, whether they may stay without, and the set
    free: list[bool] = []
    inside = np.zeros(len(place), bool)
    for _, right, low, high in asked.quotas:
        mine = right[place]
        size = int(mine.sum())
        if low > size:
            return None
        cap = size if high is None else min(high, size)
        closed += [mine] * (size - low)
        free += [False] * (size - cap) + [True] * (cap - low)
        inside |= mine
    more, extra = len(closed), sum(free)
    width = len(place) + n + extra
    fill = width - n - more
    table = np.full((width, width), -np.inf)
    table[:n, : len(place)] = np.where(stored, asked.points, -np.inf)[:, place]
    nothing = -float(spread) if asked.coverage_first else 0.0
    table[np.arange(n), len(place) + np.arange(n)] = np.where(asked.left_least > 0, -np.inf, nothing)
    for row, (mine, stays) in enumerate(zip(closed, free, strict=True), n):
        table[row, : len(place)] = np.where(mine, 0, -np.inf)
        if stays:
            table[row, len(place) + n :] = 0
    if fill:
        table[n + more :, : len(place)] = np.where(inside, -np.inf, 0)
        table[n + more :, len(place) :] = 0
    try:
        row, column = linear_sum_assignment(table, maximize=True)
    except ValueError:
        return None
    real = (row < n) & (column < len(place))
    objective = int(asked.points[row[real], place[column[real]]].sum())
    return Best(int(real.sum()) if asked.coverage_first else None, objective)


# -- HiGHS --------------------------------------------------------------------------------------------------


def by_highs(questions: Sequence[Asked]) -> list[Answer]:
    """
    Put many questions into one program: they share no variable and no row.

    A question that cannot be has a way out, a variable that lifts all that it asks for. It costs more than
    all its points together, so nobody takes it who has another one.
    """
    import highspy

    program = _Program()
    parts = [None if _far(asked) else program.add(asked) for asked in questions]
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    for name in ("mip_rel_gap", "mip_abs_gap"):
        solver.setOptionValue(name, 0.0)
    solver.setOptionValue("threads", 1)
    x = np.zeros(0, np.int64)
    if program.cost:
        solver.passModel(program.model(highspy))
        solver.run()
        assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal, solver.getModelStatus()
        x = np.rint(np.array(solver.getSolution().col_value)).astype(np.int64)
    out: list[Answer] = []
    for asked, part in zip(questions, parts, strict=True):
        if part is None:
            out.append(SKIPPED)
        elif part.way_out is not None and x[part.way_out]:
            out.append(None)
        else:
            used = x[part.first : part.first + len(part.points)]
            covered = len(np.unique(part.left[used > 0])) if asked.coverage_first else None
            out.append(Best(covered, int((part.points * used).sum())))
    return out


def _far(asked: Asked) -> bool:
    return bool(np.abs(asked.points).max(initial=0) > MOST_IN_FLOATS)


class _Part(NamedTuple):
    first: int
    points: np.ndarray
    left: np.ndarray
    way_out: int | None


class _Program:
    """Rows and columns so far."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self.start: list[int] = [0]
        self.index: list[int] = []
        self.value: list[float] = []

    def _row(self, columns: list[int], values: list[float], low: float, high: float) -> None:
        self.index += columns
        self.value += values
        self.start.append(len(self.index))
        self.low.append(low)
        self.high.append(high)

    def add(self, asked: Asked) -> _Part:
        n, m = asked.points.shape
        i, j = np.nonzero(asked.stored)
        points = asked.points[i, j]
        first = len(self.cost)
        size = len(points)
        total = int(np.abs(points).sum())
        bonus = 1 + 2 * total if asked.coverage_first else 0
        self.cost += points.tolist()
        covered = len(self.cost)
        if bonus:
            self.cost += [bonus] * n
        floors = [q[2] for q in asked.quotas]
        must = bool(asked.left_least.any() or asked.right_least.any() or any(floors) or len(asked.locked))
        out = len(self.cost) if must else None
        if must:
            self.cost.append(-1 - 2 * (total + bonus * n))
        number = np.arange(first, first + size)

        def row(inside: np.ndarray, low: int, high: float | None) -> None:
            columns = number[inside].tolist()
            values = [1.0] * len(columns)
            if low:
                columns, values = [*columns, out], [*values, float(low)]
            if columns:
                self._row(columns, values, float(low), np.inf if high is None else float(high))

        for node in range(n):
            row(i == node, int(asked.left_least[node]), int(asked.left_most[node]))
        for node in range(m):
            row(j == node, int(asked.right_least[node]), int(asked.right_most[node]))
        for left, right, low, high in asked.quotas:
            row(left[i] & right[j], int(low), high)
        for pair in asked.locked:
            row((i == pair[0]) & (j == pair[1]), 1, None)
        if bonus:
            for node in range(n):
                columns = number[i == node].tolist()
                self._row([*columns, covered + node], [1.0] * len(columns) + [-1.0], 0.0, np.inf)
        return _Part(first, points, i, out)

    def model(self, highspy: object) -> object:
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.cost), len(self.low)
        lp.col_cost_ = np.array(self.cost, float)
        lp.col_lower_, lp.col_upper_ = np.zeros(len(self.cost)), np.ones(len(self.cost))
        lp.row_lower_, lp.row_upper_ = np.array(self.low), np.array(self.high)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(self.start, np.int32)
        lp.a_matrix_.index_ = np.array(self.index, np.int32)
        lp.a_matrix_.value_ = np.array(self.value, float)
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(self.cost)
        return lp


def _in_batches(size: int) -> Callable[[Sequence[Asked]], list[Answer]]:
    def judge(questions: Sequence[Asked]) -> list[Answer]:
        out: list[Answer] = []
        for first in range(0, len(questions), size):
            out += by_highs(questions[first : first + size])
        return out

    return judge


def _one_by_one(judge: Callable[[Asked], Answer]) -> Callable[[Sequence[Asked]], list[Answer]]:
    return lambda questions: [judge(asked) for asked in questions]


JUDGES = {
    "brute force": _one_by_one(by_brute_force),
    "OR-tools": _one_by_one(by_ortools),
    "HiGHS": _in_batches(100),
    "SciPy": _one_by_one(by_scipy),
}


def agree(claimed: Best | None, answer: Answer) -> bool:
    """Say whether an answer is the one that is claimed; a judge may leave the coverage open."""
    if answer == SKIPPED:
        return True
    if claimed is None or answer is None:
        return claimed is answer
    assert isinstance(answer, Best)
    if answer.coverage == -1:
        answer = answer._replace(coverage=claimed.coverage)
    return answer == claimed
