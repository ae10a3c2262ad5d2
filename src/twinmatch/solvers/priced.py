"""
Quotas that cross, on an implicit graph: prices by trial, then a repair.

Problem
    As in :mod:`twinmatch.solvers.crossed`, with too many pairs to write down, and one partner each.
Idea
    Every quota, nested or not, is kept by a price alone. Prices are found by trial between phases of bidding
    (:mod:`twinmatch.solvers.trial`), and at these the market is solved exactly: that is the bound. Its
    matching breaks quotas by a few units, where many are indifferent; moves along the cheapest chains repair
    that (:mod:`twinmatch.solvers.repair`). Then everybody's kind of partner stays as it is, so that all
    quotas are kept whatever happens, and the market is solved exactly again, kind by kind; and from its
    prices there may be better moves.
Why it is right
    The bound adds up prices, as anybody can (:mod:`twinmatch.certify.theorem`); the matching is counted. The
    gap between them is certified, and seldom zero: no prices prove a whole optimum where the relaxation is
    not whole.
Locks
    A left node with a locked pair, and its place, are out of the market; quotas ask for that much less.
Cost
    On the registers with 210 cells six times the time without quotas for a gap of 4 millionths, two thirds
    of it for trials. What is left of the gap costs as much again, and more.
Literature
    M. Fisher, "The Lagrangian relaxation method for solving integer programming problems", Management Science
    27 (1981).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from twinmatch import _core
from twinmatch.errors import ResourceLimitError
from twinmatch.graph.constraints import Constraints, Prices, Quota, kinds_of
from twinmatch.graph.refined import refined
from twinmatch.graph.scored import ScoredGraph
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.lazily import lazily
from twinmatch.solvers.cells import bounds_of, cells_of
from twinmatch.solvers.compiled import LIST_KEPT, SHRINK, kept_solver
from twinmatch.solvers.constrained import Answer, trivial_bound
from twinmatch.solvers.control import Stopped
from twinmatch.solvers.covering import cover_crossed
from twinmatch.solvers.keys import merged
from twinmatch.solvers.nested import Pairs
from twinmatch.solvers.repair import Repair, Standing
from twinmatch.solvers.sets import Sets
from twinmatch.solvers.sharing import core_of
from twinmatch.solvers.trial import PARTS, PATH_LENGTH, Asked, begin
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.graph.refined import Refined
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.covering import Crossed

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["as_quotas", "can_price", "solve_priced"]

#: Partners of each kind in a list, empty places of each kind, and how many points they may be below the best,
#: as a part of the points. Hundreds of nodes are alike and want the same partners: short lists hide moves.
LISTED, EMPTY, NEAR_PART = 64, 4, 200
#: With more kinds than these, lists are not told apart by kind, and so many times as long.
FEW_KINDS, MIXED = 32, 2
#: Lists that leave quotas broken reach so many times as far the next time.
FARTHER = 10
#: Repairs, and the part of the gap that one must gain to be worth another.
REPAIRS, WORTH = 6, 0.05
#: The first step of the market in which kinds stay, as a part of the points.
STAY_PART = 7_500
#: Right nodes that must be filled, at most: each is a quota here.
MOST_FILLED = 100


def can_price(limits: Constraints) -> bool:
    """Return whether prices alone, and a repair, can do what is asked."""
    alone = int(limits.left_most.max(initial=0)) <= 1
    return alone and int(np.count_nonzero(limits.right_least)) <= MOST_FILLED


def solve_priced(graph: ScoredGraph, limits: Constraints, coverage_first: bool, control: Control) -> Answer:
    """
    Find an assignment that keeps to any quotas, and a bound close to it.

    Parameters
    ----------
    graph : ScoredGraph
    limits : Constraints
        Nobody has more than one partner on the left.
    coverage_first : bool
        Whether as many left nodes as possible get a partner before any point counts.
    control : Control

    Returns
    -------
    Answer
        With prices in whole points.

    Raises
    ------
    ResourceLimitError
        If left nodes may have several partners, more than a hundred right nodes must be filled, or pairs
        count for an entry of a curve instead of their points.
    """
    number = f"with {graph.num_left * graph.num_right:,} pairs"
    if int(limits.left_most.max(initial=0)) > 1:
        raise ResourceLimitError(
            f"quotas that cross others are not solved {number} where left nodes may have several partners"
        )
    if np.count_nonzero(limits.right_least) > MOST_FILLED:
        raise ResourceLimitError(
            f"quotas that cross others are not solved {number} where more than {MOST_FILLED:,} right nodes "
            "must have a partner"
        )
    if graph.terms.curve is not None:
        # What quotas cost is taken off the table of classes, which the curve stands above.
        raise ResourceLimitError(
            f"quotas that cross others are not solved {number} under a mechanism that counts a transform of "
            "points: use most_points, or quotas that are nested"
        )
    run = _Priced(graph, limits, coverage_first, control)
    try:
        return run.go()
    except Stopped as stopped:
        return run.answer(stopped.limit)


class _Priced:
    """One run, and the best that is known so far."""

    def __init__(
        self, graph: ScoredGraph, limits: Constraints, coverage_first: bool, control: Control
    ) -> None:
        self.graph, self.limits, self.coverage_first, self.control = graph, limits, coverage_first, control
        self.high = max(1, graph.terms.max_points)
        i, j = np.ascontiguousarray(limits.locked.T)
        self.locked_points = graph.core.points(i, j)
        self.free = _unlocked(limits)
        self.prices = limits.flat(self.high)
        self.bound = trivial_bound(limits, self.high, self.locked_points)
        self.cover: Crossed | None = None
        self.pairs: Int64 | None = None
        self.covered, self.objective = 0, 0

    def go(self) -> Answer:
        """Solve to the end, or to the gap asked for."""
        self.cover = cover_crossed(self.graph.terms, self.free, self.control)
        if self.cover.bound < 0:
            return self.answer(None)._replace(status=Status.INFEASIBLE, cover=None, witness=self._covering())
        if self.cover.size is None:
            return self.answer(None)  # the relaxation keeps to everything, and nothing whole does
        self._take(self.cover.pairs)
        rows = self.free.left_most > 0
        everybody = self.coverage_first and self.cover.size == int(rows.sum())
        must = rows if everybody else self.free.left_least > 0
        counted = self.coverage_first and not everybody
        inner = as_quotas(self.free, self.cover.size if counted else None)
        market = _Market(self.graph, inner, counted, must, self.control)
        self._prove(market, everybody)
        for turn in range(REPAIRS):
            if self._good_enough():
                return self.answer(Limit.GAP if self.objective < self.bound else None)
            before = self.bound - self.objective
            if market.repair(self._see):
                market.reach *= FARTHER  # lists are too short
                continue
            market.settle()
            self._see(market.mate)
            if turn and before - (self.bound - self.objective) < WORTH * before:
                break
        return self.answer(None)

    def _prove(self, market: _Market, everybody: bool) -> None:
        """Add up what the prices prove."""
        assert self.cover is not None
        limits, free, quotas = self.limits, self.free, len(self.limits.quotas)
        quota, rest = market.quota_price[:quotas], market.quota_price[quotas:]
        right, coverage = market.right_price.copy(), 0
        filled = np.flatnonzero(free.right_least)
        right[filled] += rest[: len(filled)]
        right[free.right_most == 0] = 2 * self.high  # nobody pays it
        left = market.left_price.copy()
        if everybody:
            rows = free.left_most > 0
            coverage = max(0, -int(left[rows].min(initial=0)))
            left[rows] += coverage
        idle = free.left_most == 0
        left[idle] = self._best_of(np.flatnonzero(idle), right, quota, coverage)
        prices = Prices(left, right, quota, coverage)
        bound = self._total(prices) - coverage * (self.cover.bound + len(limits.locked))
        if bound < self.bound:
            self.prices, self.bound = prices, bound
            self._tell()

    def _best_of(self, rows: Int64, right: Int64, quota: Int64, coverage: int) -> Int64:
        """Return the least left prices at which no pair of some left nodes pays, but for locked ones."""
        limits = self.limits
        if not len(rows) or not limits.num_right:
            return np.zeros(len(rows), np.int64)
        cells = cells_of(limits)
        finer = refined(self.graph.terms, cells.left, cells.right)
        graph = ScoredGraph(replace(finer.terms, table=finer.less(cells.costs(quota))))
        item, points, number, _ = self.control.run(
            "exact", partial(graph.core.search, rows.astype(np.int32), 2, right, self.control.threads)
        )
        net = np.where(
            np.arange(2)[None, :] < number[:, None],
            points.reshape(-1, 2) - right[item.reshape(-1, 2)],
            -(2**40),
        )
        is_locked = np.zeros(len(rows) * 2, bool)
        width = limits.num_right
        keys = np.repeat(rows, 2) * width + item
        is_locked[:] = np.isin(keys, limits.locked[:, 0] * width + limits.locked[:, 1])
        best = np.where(is_locked.reshape(-1, 2), -(2**40), net).max(axis=1)
        return np.where(best > -(2**40), best + coverage, 0)

    def _total(self, prices: Prices) -> int:
        """Return the right side of the theorem, where no pair but locked ones is worth more than it costs."""
        limits = self.limits
        total = _times(prices.left, limits.left_least, limits.left_most)
        total += _times(prices.right, limits.right_least, limits.right_most)
        most = [2**62 if quota.at_most is None else quota.at_most for quota in limits.quotas]
        total += sum(
            price * (high if price > 0 else quota.at_least)
            for price, high, quota in zip(prices.quota.tolist(), most, limits.quotas, strict=True)
        )
        cells = cells_of(limits)
        i, j = limits.locked.T
        off = cells.costs(prices.quota)[cells.left[i], cells.right[j]]
        surplus = self.locked_points + prices.coverage - prices.left[i] - prices.right[j] - off
        return int(total + sum(surplus.tolist()))

    def _covering(self) -> Prices:
        """Return the prices of coverage, those of locked nodes added."""
        assert self.cover is not None
        prices = self.cover.prices
        idle = np.flatnonzero(self.limits.locked[:, 0] >= 0)
        left = prices.left.copy()
        left[self.limits.locked[idle, 0]] = 0
        return prices._replace(left=left)

    # -- The answer ----------------------------------------------------------------------------------------

    def _see(self, mate: Int64) -> None:
        """Take a matching that keeps to everything, if it is better."""
        left = np.flatnonzero(mate >= 0)
        self._take(np.stack([left, mate[left]], axis=1))

    def _take(self, pairs: Int64) -> None:
        points = self.graph.core.points(*np.ascontiguousarray(pairs.T))
        objective = int(points.sum()) + int(self.locked_points.sum())
        covered = (len(pairs) + len(self.limits.locked)) if self.coverage_first else 0
        if self.pairs is None or (covered, objective) > (self.covered, self.objective):
            self.pairs, self.covered, self.objective = pairs, covered, objective
            self._tell()

    def _tell(self) -> None:
        if self.pairs is not None:
            number = len(self.pairs) + len(self.limits.locked)
            self.control.found(number, self.objective, self.bound)

    def _good_enough(self) -> bool:
        gap = self.bound - self.objective
        return gap == 0 or 0 < gap <= self.control.gap * max(1, abs(self.bound))

    def answer(self, limit: Limit | None) -> Answer:
        """Return what is known."""
        locked, num = self.limits.locked, len(self.limits.locked)
        status = Status.NO_SOLUTION if self.pairs is None else Status.FEASIBLE
        pairs = np.empty((0, 2), np.int64) if self.pairs is None else np.concatenate([self.pairs, locked])
        size = int((self.limits.left_most > 0).sum()) if self.cover is None else self.cover.bound + num
        if self.pairs is not None and self.objective == self.bound:
            reached = not self.coverage_first or len(pairs) == size
            status, limit = (Status.OPTIMAL, None) if reached else (status, limit)
        cover = None
        if self.coverage_first:
            cover = self.limits.flat(1, 1) if self.cover is None else self._covering()
        return Answer(
            status,
            limit,
            pairs,
            self.prices,
            1,
            cover,
            None,
            None,
            self.objective,
            self.bound,
            size if self.coverage_first else None,
            False,
        )


class _Market:
    """The market at the prices of quotas that trials found, and its matching."""

    def __init__(
        self, graph: ScoredGraph, limits: Constraints, counted: bool, must: Bool, control: Control
    ) -> None:
        self.graph, self.limits, self.control = graph, limits, control
        self.cells = cells_of(limits)
        self.most = max(1, graph.terms.max_points)
        self.reach = self.most // NEAR_PART
        # Who is left out is for caps to say; a price of coverage besides would run away with theirs.
        priced = limits.quotas[:-1] if counted else limits.quotas
        asked, order = _asked(replace(limits, quotas=priced), must)
        start = begin(graph, asked, control)
        self.alone, self.mate, self.right_price = asked.alone, start.mate, start.right_price
        self.quota_price = np.zeros(len(limits.quotas), np.int64)
        self.quota_price[order] = np.concatenate([start.left, start.right, start.cells])
        # What one gains beyond having no partner.
        self.left_price = start.left_price - asked.left.spread(start.left)[asked.left.kind]

    def repair(self, seen: Callable[[Int64], None]) -> int:
        """Move towards what quotas ask for; return what is still broken. Whoever is ``seen`` breaks none."""
        told: list[Int64] = []

        def hear(mate: Int64) -> None:
            told.append(mate.copy())
            seen(mate)

        self.mate, broken, heard = self.control.kept("repair", lambda: (*self._repaired(hear), told))
        for mate in heard[len(told) :]:  # in the run before
            seen(mate)
        return broken

    def _repaired(self, seen: Callable[[Int64], None]) -> tuple[Int64, int]:
        pairs = self._lists()
        standing = Standing(
            pairs,
            self.graph.core.points(pairs.left, pairs.right),
            self.limits.right_most,
            self.alone,
            self.left_price,
            self.right_price,
            self.quota_price,
        )
        found = Repair(self.cells, standing, self.mate, self.control).run(seen)
        return found.mate, found.broken

    def settle(self) -> None:
        """Let everybody keep the kind of its partner, and find the best of all such matchings, and prices."""
        self.mate, self.left_price, self.right_price = self.control.kept("settle", self._settled)

    def _settled(self) -> tuple[Int64, Int64, Int64]:
        cells, num_right = self.cells, self.limits.num_right
        placed = np.flatnonzero(self.mate >= 0)
        if not len(placed):
            return self.mate, self.left_price, self.right_price
        chosen = np.full(len(self.mate), cells.inside.shape[2])
        chosen[placed] = cells.right[self.mate[placed]]
        finer = refined(self.graph.terms, chosen, cells.right)
        table = np.where(finer.left[:, None] == finer.right[None, :], finer.terms.table, FORBIDDEN)
        columns = np.flatnonzero(self.limits.right_most)
        graph = ScoredGraph(replace(finer.terms, table=table)).part(placed, columns)
        must = np.full(len(placed), _core.NO_VALUE)
        control = self.control
        places = np.minimum(self.limits.right_most[columns], len(placed))
        solver = control.run("tree", lambda: kept_solver(graph, places, must, self.most, control))
        solver.seed(self.right_price[columns])
        step, drop = max(1, self.most // STAY_PART) * solver.refine(PARTS), 0
        while True:
            control.run("auction", partial(solver.open, drop, step, LIST_KEPT))
            control.run("auction", partial(solver.bid, step, LIST_KEPT, 0, 0))
            if step == 1:
                break
            drop, step = step + step // 2, max(1, step // SHRINK)
        for finish in (partial(solver.tighten, PATH_LENGTH), partial(solver.forward, 0)):
            control.run("exact", finish)
        control.run("exact", partial(solver.backward, PATH_LENGTH))
        mate, right_price = self.mate.copy(), np.zeros(num_right, np.int64)
        mate[placed] = columns[solver.mate]
        right_price[columns] = solver.right_price
        off = cells.costs(self.quota_price)[cells.left[placed], cells.right[mate[placed]]]
        points = self.graph.core.points(placed, mate[placed])
        left_price = np.maximum(self.alone, 0)
        left_price[placed] = points - off - right_price[mate[placed]]
        return mate, left_price, right_price

    @lazily
    def _finer(self) -> tuple[Refined, _core.Graph]:
        """The graph whose classes are told apart by groups: each repair asks it, with tables of its own."""
        finer = refined(self.graph.terms, self.cells.left, self.cells.right)
        return finer, core_of(ScoredGraph(finer.terms), self.control)

    def _lists(self) -> Pairs:
        """Return the pairs that a repair may use: the best of everybody, of every kind."""
        cells, limits, (finer, core) = self.cells, self.limits, self._finer
        table = finer.less(cells.costs(self.quota_price))
        kinds = cells.inside.shape[2]
        rows = np.flatnonzero(limits.left_most > 0)
        floor = self.left_price[rows] - self.reach - 1
        width = limits.num_right
        load = np.bincount(self.mate[self.mate >= 0], minlength=width)
        open_only = np.where(load < limits.right_most, self.right_price, self.right_price + 2 * self.most + 1)
        placed = np.flatnonzero(self.mate >= 0)
        found = [placed * width + self.mate[placed]]
        for kind in range(kinds) if kinds <= FEW_KINDS else [-1]:
            mine = table if kind < 0 else np.where(finer.right == kind, table, FORBIDDEN)
            core.set_table(np.ascontiguousarray(mine))
            longer = 1 if kind >= 0 else MIXED
            for price, k in ((self.right_price, LISTED * longer), (open_only, EMPTY * longer)):
                item, _, number, _ = self.control.run(
                    "repair",
                    partial(core.search, rows.astype(np.int32), k, price, self.control.threads, floor),
                )
                item = item.reshape(-1, k)
                inside = np.arange(k)[None, :] < number[:, None]
                found.append(np.broadcast_to(rows[:, None], item.shape)[inside] * width + item[inside])
        return Pairs(*np.divmod(merged(*found), width))


def _unlocked(limits: Constraints) -> Constraints:
    """Return what is asked of everybody else."""
    i, j = limits.locked.T
    left_most, left_least = limits.left_most.copy(), limits.left_least.copy()
    left_most[i] = left_least[i] = 0
    taken = np.bincount(j, minlength=limits.num_right)
    counts = limits.counts(i, j).tolist()
    quotas = tuple(
        replace(
            quota,
            at_least=max(0, quota.at_least - count),
            at_most=None if quota.at_most is None else quota.at_most - count,
        )
        for quota, count in zip(limits.quotas, counts, strict=True)
    )
    right_least = np.maximum(limits.right_least - taken, 0)
    nothing = np.empty((0, 2), np.int64)
    return Constraints(left_least, left_most, right_least, limits.right_most - taken, nothing, quotas)


def as_quotas(limits: Constraints, coverage: int | None) -> Constraints:
    """Return the same with everything that right nodes must have, and the coverage, as quotas."""
    quotas = list(limits.quotas)
    for j in np.flatnonzero(limits.right_least).tolist():
        mine = np.zeros(limits.num_right, bool)
        mine[j] = True
        quotas.append(Quota("", right=mine, at_least=int(limits.right_least[j])))
    if coverage is not None:
        quotas.append(Quota("", at_least=coverage, covered=True))
    return replace(limits, right_least=np.zeros(limits.num_right, np.int64), quotas=tuple(quotas))


def _asked(limits: Constraints, must: Bool) -> tuple[Asked, Int64]:
    """Return what bidding must keep to, and which quotas its prices are of."""
    sides: tuple[list[int], list[int], list[int]] = ([], [], [])
    for number, quota in enumerate(limits.quotas):
        where = 0 if quota.right is None else 1 if quota.left is None else 2
        sides[where].append(number)
    left, right, both = ([limits.quotas[q] for q in numbers] for numbers in sides)

    def sets(quotas: list[Quota], at: int, size: int) -> Sets:
        kind, inside = kinds_of([limits.members(quota)[at] for quota in quotas], size)
        return Sets(kind, inside.astype(float), *bounds_of(limits, quotas))

    cells = None
    if both:
        cells = cells_of(replace(limits, quotas=tuple(both)))
    asked = Asked(
        limits.right_most,
        np.where(must, _core.NO_VALUE, 0),
        np.flatnonzero(limits.left_most > 0),
        sets(left, 0, limits.num_left),
        sets(right, 1, limits.num_right),
        cells,
        careful=True,
    )
    return asked, np.array([q for numbers in sides for q in numbers], np.int64)


def _times(price: Int64, least: Int64, most: Int64) -> int:
    """Return what prices of nodes prove together."""
    return int(sum((price * np.where(price > 0, most, least)).tolist()))
