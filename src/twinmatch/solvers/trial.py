"""
Prices of quotas by trial: between phases of bidding, quotas that are over or under change them.

Problem
    Quotas in a market that is never stored. Find nearly right prices of nodes and quotas: where quotas are
    nested, for the exact network over short lists (:mod:`twinmatch.solvers.grown`) to start from; where they
    cross, for the bound and the repair (:mod:`twinmatch.solvers.priced`).
Idea
    At fixed prices of quotas the market is the one of :mod:`twinmatch.solvers.engine`: what the quotas of a
    right node cost is taken off its points (``cpp/core/discounted.hpp``), what those of a left node cost is
    added to what it has without a partner, and what those of a pair cost is in the table of classes, which
    are told apart by groups (:mod:`twinmatch.graph.refined`). After a phase of bidding one counts: a group
    over its cap becomes dearer, one under its floor cheaper, and one that has a price and does not use it up
    falls back towards zero. By how much is a matter of its own (:mod:`twinmatch.solvers.newton`).
From small to large
    As in :mod:`twinmatch.solvers.levels`: a sixteenth of the market, then a quarter, then all of it, with
    steps that shrink by four. Most trials happen where they cost little, and a second phase at one step costs
    a third of the first, because most lists are still good.
Why it is right
    Any prices are a valid start. Nothing here is part of the proof.
Cost
    On the registers a third more than the auction without quotas.
Traps
    Quotas as bidders of their own, one for each place that must stay empty, are tens of thousands of bidders
    that all want the same; a price is one number. Floors have prices below zero: the rule that prices only
    rise holds between two openings of a phase only, and at each opening every list is drawn again. Secants, a
    group at a time, take what a neighbour's price did for one's own; and where all groups are over, moving
    one alone moves nobody. Small groups of schools in one place change all at once: a linear program finds
    their prices (:mod:`twinmatch.solvers.clearing`).
Tried
    Anderson mixing, and the mean of the last prices instead of the best of them, made things worse. Prices
    from the repair's program are nearer the lowest bound, and leave matchings that are harder to repair. A
    little noise in prices, so that those who are indifferent do not all move together, was not worth its
    memory. Cutting planes with all prices at once need a hundred markets, of some seconds each; those of
    small groups alone, with all others as they are, find what trials find.
After
    L. Walras, "Elements d'economie politique pure" (1874).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import _core
from twinmatch.graph.refined import refined
from twinmatch.graph.scored import ScoredGraph
from twinmatch.solvers.clearing import best_by_kind, prices_that_clear
from twinmatch.solvers.compiled import FIRST_PART, LIST_KEPT, NO_BUDGET, SHRINK, kept_solver
from twinmatch.solvers.levels import FACTOR, FEWEST, LAST_PART, WHOLE_PART, WIDER, is_crowded
from twinmatch.solvers.newton import NOISE, QuotaPrices
from twinmatch.solvers.sharing import core_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.solvers.cells import Cells
    from twinmatch.solvers.compiled import KeptSolver
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.sets import Sets

    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]
    Float = npt.NDArray[np.float64]

__all__ = ["Asked", "Begin", "begin"]

#: Phases at one step, prices of quotas changing between them: on a level, at its last step, and on the whole
#: market; 0 is one phase, and prices stay, as at the last step of all. Where prices alone have to do: at the
#: first step on the whole market, at the second, and at the last step of a level.
TRIALS, LAST_TRIALS, WHOLE_TRIALS = 3, 6, 2
CAREFUL_TRIALS, CAREFUL_FINER, CAREFUL_LAST = 24, 8, 12
#: Lists that a phase draws for each left node where places are few, and then it ends, as in the engine.
#: Measured before places of a right node came down together, with 1.05 of them and one locked pair: 12,000
#: vertical take 6 s of the processor where a minute was not enough, mild ones 7 instead of 27; with four
#: lists 12 and 6.
MOST_DRAWS = 8
#: The last steps count in so many parts of a point.
PARTS = 16
#: Partners in a list of the exact finish.
PATH_LENGTH = 64
#: A price moves by at most so many steps at once, or by such a part of the points.
MOST_STEPS, MOST_PART = 20, 250
#: Such a part of everybody is thought to be about to stay without.
SPARED = 0.005
#: Left nodes of a kind that is so small a part of all are too few to answer smoothly; every so many trials
#: their prices are found at once.
FEW_PART, FEW_TURN = 70, 4


class Asked(NamedTuple):
    """
    What the market must keep to.

    Attributes
    ----------
    places : (num_right,) int64
    alone : (num_left,) int64
        What left nodes have without a partner, before prices; ``NO_VALUE``: they must have one.
    rows : (k,) int64
        The left nodes that may have a partner.
    left, right : Sets
    cells : Cells or None
    careful : bool
        Whether prices alone have to keep to everything: then more trials are worth their time.
    """

    places: Int64
    alone: Int64
    rows: Int64
    left: Sets
    right: Sets
    cells: Cells | None = None
    careful: bool = False


class Begin(NamedTuple):
    """
    Nearly right prices, and the best matching at these prices of quotas.

    Attributes
    ----------
    mate : (num_left,) int64
        Right node of each left node, -1 for none.
    left_price : (num_left,) int64
        What each left node gains, whole points; 0 for those that may have no partner.
    right_price : (num_right,) int64
        What a place costs, without its quotas.
    left, right, cells : int64
        What the quotas cost.
    """

    mate: Int64
    left_price: Int64
    right_price: Int64
    left: Int64
    right: Int64
    cells: Int64


class _Market:
    """A graph with quota prices, as the solver wants it."""

    def __init__(self, graph: ScoredGraph, control: Control) -> None:
        self.num_left, self.num_right = graph.num_left, graph.num_right
        self.below = (core_of(graph, control), graph.core_transposed)
        self.core = _core.Discounted(self.below[0], False)
        self.core_transposed = _core.Discounted(graph.core_transposed, True)

    def take_off(self, points: Int64, table: Int32 | None) -> None:
        """Let right nodes cost so much more, and points come from another table."""
        self.core.take_off(points)
        self.core_transposed.take_off(points)
        if table is not None:
            self.below[0].set_table(table)
            self.below[1].set_table(np.ascontiguousarray(table.T))


class _Costs(NamedTuple):
    """What quotas cost at the moment: on right nodes, and between kinds of nodes."""

    right: Int64
    between: Int64


def begin(graph: ScoredGraph, asked: Asked, control: Control) -> Begin:
    """
    Return nearly right prices, and a matching that goes with them.

    Parameters
    ----------
    graph : ScoredGraph
    asked : Asked
    control : Control

    Raises
    ------
    Stopped
        If the deadline passed or the caller cancelled.
    """
    return control.kept("trials", lambda: _Trials(graph, asked, control).run(), Begin)


class _Trials:
    def __init__(self, graph: ScoredGraph, asked: Asked, control: Control) -> None:
        self.asked, self.control = asked, control
        self.graph, self.finer = graph, None
        if asked.cells is not None:
            self.finer = refined(graph.terms, asked.cells.left, asked.cells.right)
            self.graph = ScoredGraph(self.finer.terms, graph.right_capacity, isa=graph.isa)
        self.most, self.least = graph.terms.spread, graph.terms.min_points
        self.rows, self.alone = asked.rows, asked.alone
        self.places = np.minimum(asked.places, len(self.rows))
        size = len(self.rows)
        self.draws = MOST_DRAWS if is_crowded(size, self.places) else None
        self.left = QuotaPrices(asked.left.low, asked.left.high, size, self.most, careful=asked.careful)
        self.right = QuotaPrices(asked.right.low, asked.right.high, size, self.most, careful=asked.careful)
        nothing = np.zeros(0, np.int64)
        low, high = (nothing, nothing) if asked.cells is None else (asked.cells.low, asked.cells.high)
        rival = None
        if asked.cells is not None:
            _, rival = np.unique(asked.cells.inside.any(axis=1), axis=0, return_inverse=True)
            rival = rival.ravel()
        self.cells = QuotaPrices(low, high, size, self.most, careful=True, rival=rival)

    def run(self) -> Begin:
        """Go through the levels."""
        graph = self.graph
        if len(self.rows) < graph.num_left or not self.places.all():
            graph = graph.part(self.rows, np.flatnonzero(self.places))
        columns = np.flatnonzero(self.places)
        if not len(self.rows) or not len(columns):
            return self._nothing()
        price = np.zeros(len(columns), np.int64)
        step, last, factor = max(1, self.most // FIRST_PART), max(1, self.most // LAST_PART), 1
        first = step
        if len(self.rows) >= FACTOR * FEWEST:
            left, right = graph.orders()
            end = np.cumsum(self.places[columns][right])
            factor = FACTOR
            while len(self.rows) >= FACTOR * factor * FEWEST:
                factor *= FACTOR
        while factor > 1:
            rows = np.sort(left[factor // 2 :: factor])
            places = np.zeros(len(columns), np.int64)
            places[right] = np.diff((end + factor // 2 - 1) // factor, prepend=0)
            some = np.flatnonzero(places)
            steps = _steps(step, last)
            trials = [TRIALS] * (len(steps) - 1) + [CAREFUL_LAST if self.asked.careful else LAST_TRIALS]
            part = graph.part(rows, some)
            must = np.maximum(
                self.alone[self.rows[rows]], self.least - self.most
            )  # in a sample nobody must be placed
            found = self._level(
                part, self.rows[rows], columns[some], places[some], must, price[some], steps, trials, factor
            )
            price = self._of_everybody(graph, rows, found, columns)
            step, last, factor = WIDER * last, max(1, last // SHRINK), factor // FACTOR
            first = max(1, self.most // WHOLE_PART)
        return self._whole(graph, columns, price, first)

    def _nothing(self) -> Begin:
        """Return the answer where nobody meets anybody."""
        num_left = len(self.alone)
        prices = (np.zeros(len(quotas.low), np.int64) for quotas in (self.left, self.right, self.cells))
        nobody = np.full(num_left, -1, np.int64)
        return Begin(nobody, np.maximum(self.alone, 0), np.zeros(len(self.places), np.int64), *prices)

    def _level(
        self,
        part: ScoredGraph,
        rows: Int64,
        columns: Int64,
        places: Int64,
        alone: Int64,
        price: Int64,
        steps: list[int],
        trials: list[int],
        factor: int,
    ) -> Int64:
        """Bid on a sample; return the left prices."""
        market = _Market(part, self.control)
        nobody = np.zeros(1, np.int64)  # who watches counts the pairs of the whole market
        solver = kept_solver(market, places, alone, self.most, self.control, counters=nobody)
        solver.seed(price)
        self._bid(solver, market, rows, columns, alone, steps, trials, 1 / factor, 1, "levels")
        self.control.run("levels", partial(solver.open, 0, steps[-1], LIST_KEPT))
        return solver.left_price

    def _whole(self, graph: ScoredGraph, columns: Int64, price: Int64, first: int) -> Begin:
        """Bid on the whole market."""
        market, alone = _Market(graph, self.control), self.alone[self.rows]
        solver = self.control.run(
            "tree", lambda: kept_solver(market, self.places[columns], alone, self.most, self.control)
        )
        solver.seed(price)
        parts = solver.refine(PARTS)
        steps = _steps(first * parts, 1)
        trials = [WHOLE_TRIALS] * (len(steps) - 1) + [0]
        if self.asked.careful:
            trials = ([CAREFUL_TRIALS, CAREFUL_FINER] + [0] * len(steps))[: len(steps)]
        self._bid(solver, market, self.rows, columns, alone, steps, trials, 1.0, parts, "auction")
        # At these prices of quotas the rest is exact.
        self.control.run("exact", partial(solver.tighten, PATH_LENGTH))
        self.control.run("exact", partial(solver.forward, 0))
        self.control.run("exact", partial(solver.backward, PATH_LENGTH))
        num_left, num_right = len(self.alone), len(self.places)
        mate, left_price = np.full(num_left, -1, np.int64), np.zeros(num_left, np.int64)
        found = solver.mate
        mate[self.rows] = np.where(found >= 0, columns[found], -1)
        left_price[self.rows] = solver.left_price
        right_price = np.zeros(num_right, np.int64)
        right_price[columns] = solver.right_price
        prices = (_rounded(quotas.price) for quotas in (self.left, self.right, self.cells))
        return Begin(mate, left_price, right_price, *prices)

    def _bid(
        self,
        solver: _core.Solver | KeptSolver,
        market: _Market,
        rows: Int64,
        columns: Int64,
        alone: Int64,
        steps: list[int],
        trials: list[int],
        share: float,
        parts: int,
        phase: str,
    ) -> None:
        """Run phases, and change prices between them; those of the last phase stay."""
        cells = self.asked.cells
        between = np.zeros((1, 1) if cells is None else cells.inside.shape[1:], np.int64)
        costs = _Costs(np.zeros(len(columns), np.int64), between)
        costs = self._tell(solver, market, rows, columns, alone, costs)
        drop, budget = 0, NO_BUDGET if self.draws is None else self.draws * len(rows)
        for at, (step, times) in enumerate(zip(steps, trials, strict=True)):
            least = np.inf
            for trial in range(max(1, times)):
                self.control.run(phase, partial(solver.open, drop, step, LIST_KEPT))
                self.control.run(phase, partial(solver.bid, step, LIST_KEPT, 0, 0, budget))
                drop = step + step // 2
                if times == 0 or (step == steps[-1] and trial == times - 1):
                    continue
                mate = solver.mate
                placed = mate >= 0
                most = max(MOST_STEPS * step / parts, self.most / MOST_PART)
                before = self.left.price, self.right.price, self.cells.price
                missed = self._move(rows, columns, rows[placed], columns[mate[placed]], share, most)
                if missed < least:
                    least, best = missed, before
                if share == 1.0 and cells is not None and trial % FEW_TURN == 0:
                    self._settle_few(cells, market, rows, columns, alone, solver.right_price)
                costs = self._tell(solver, market, rows, columns, alone, costs)
            rest = trials[at + 1 :]
            if self.asked.careful and times and rest and not any(rest):
                # Prices hunt about what is right; the rest goes on from those that missed the least.
                self.left.price, self.right.price, self.cells.price = best
                costs = self._tell(solver, market, rows, columns, alone, costs)

    def _move(
        self, rows: Int64, columns: Int64, left: Int64, right: Int64, share: float, most: float
    ) -> float:
        """
        Change all prices, given who is placed with whom; counts are those of the whole market.

        Returns by how many units the prices before missed what they ask for.
        """
        noise = NOISE / share
        asked = self.asked
        count = asked.right.counted(right) / share
        out = (len(rows) - len(left)) / share + SPARED * len(self.rows)
        # As if everybody chose among groups, and staying without, by points and luck: what leaves one group
        # goes to the others by their size.
        inside = asked.right.inside
        answer = (inside * count) @ inside.T - np.outer(inside @ count, inside @ count) / max(
            1.0, count.sum() + out
        )
        missed = self.right.move(inside @ count, answer, inside @ asked.right.counted(columns), most, noise)
        count, inside = asked.left.counted(left) / share, asked.left.inside
        everybody = asked.left.counted(rows)
        stay = everybody / share - count + SPARED * count
        answer = (inside * (count * stay / np.maximum(count + stay, 1))) @ inside.T
        missed += self.left.move(inside @ count, answer, inside @ everybody, most, noise)
        if asked.cells is not None:
            missed += self._move_cells(asked.cells, rows, left, right, share, most)
        return missed

    def _move_cells(
        self, cells: Cells, rows: Int64, left: Int64, right: Int64, share: float, most: float
    ) -> float:
        """Change the prices of pairs between kinds: the same, for each kind of left nodes apart."""
        inside = cells.inside.astype(float)
        num_left, num_right = inside.shape[1:]
        pair = cells.left[left] * num_right + cells.right[right]
        count = np.bincount(pair, minlength=num_left * num_right).reshape(num_left, num_right) / share
        sample = np.bincount(cells.left[rows], minlength=num_left)
        everybody = sample / share * (1 + SPARED)
        held = inside * count
        answer = np.einsum("qab,rab->qr", held, inside)
        of_left = held.sum(axis=2) / np.sqrt(np.maximum(everybody, 1))
        answer -= of_left @ of_left.T
        seen = inside.max(axis=2) @ sample
        return self.cells.move(held.sum(axis=(1, 2)), answer, seen, most, NOISE / share)

    def _settle_few(
        self, cells: Cells, market: _Market, rows: Int64, columns: Int64, alone: Int64, price: Int64
    ) -> None:
        """Find the prices of quotas on few left nodes at once, places as they are."""
        size = np.bincount(cells.left[rows], minlength=cells.inside.shape[1])
        is_few = size <= len(rows) // FEW_PART
        on_left = cells.inside.max(axis=2)
        quotas = np.flatnonzero(~on_left[:, ~is_few].any(axis=1))
        few = np.flatnonzero(is_few[cells.left[rows]])
        if not len(quotas) or not len(few) or self.finer is None:
            return
        others = self.cells.price.copy()
        others[quotas] = 0
        table = self.finer.less(cells.costs(_rounded(others)))
        worth = best_by_kind(
            market.below[0],
            table,
            self.finer.right,
            few,
            price + _of_nodes(self.asked.right, self.right, columns),
            self.control.threads,
        )
        found = prices_that_clear(
            np.column_stack([worth, np.maximum(alone[few], self.least - 2 * self.most)]),
            np.pad(cells.inside[quotas], ((0, 0), (0, 0), (0, 1)))[:, cells.left[rows[few]]],
            self.cells.low[quotas],
            self.cells.high[quotas],
        )
        if found is not None:
            self.cells.price[quotas] = found

    def _tell(
        self,
        solver: _core.Solver | KeptSolver,
        market: _Market,
        rows: Int64,
        columns: Int64,
        alone: Int64,
        before: _Costs,
    ) -> _Costs:
        """Let the market know what quotas cost now; return it."""
        asked, cells = self.asked, self.asked.cells
        now = _Costs(_of_nodes(asked.right, self.right, columns), before.between)
        solver.discount(now.right - before.right)
        table = None
        if cells is not None and self.finer is not None:
            between = cells.costs(_rounded(self.cells.price))
            now = now._replace(between=between)
            kinds = (cells.left[rows].astype(np.int32), cells.right[columns].astype(np.int32))
            solver.discount_kinds(*kinds, between - before.between)
            table = self.finer.less(between)
        market.take_off(now.right, table)
        costs = _of_nodes(asked.left, self.left, rows)
        solver.outside(np.where(alone == _core.NO_VALUE, alone, alone + costs))
        return now

    def _of_everybody(self, graph: ScoredGraph, rows: Int64, left_price: Int64, columns: Int64) -> Int64:
        """Return the prices of all places at which none of these left nodes gains by a change."""
        everybody = np.arange(graph.num_right, dtype=np.int32)
        control = self.control
        seen = control.run("levels", lambda: graph.part(rows, everybody.astype(np.int64)).core_transposed)
        if self.finer is not None and self.asked.cells is not None:
            seen.set_table(
                np.ascontiguousarray(self.finer.less(self.asked.cells.costs(_rounded(self.cells.price))).T)
            )
        item, points, number, _ = control.run(
            "levels", partial(seen.search, everybody, 1, left_price, control.threads)
        )
        worth = np.where(number > 0, points - left_price[item], 0)
        return np.maximum(worth - _of_nodes(self.asked.right, self.right, columns), 0)


def _rounded(price: Float) -> Int64:
    return np.rint(price).astype(np.int64)


def _of_nodes(sets: Sets, quotas: QuotaPrices, nodes: Int64) -> Int64:
    """Return what quotas cost on some nodes."""
    return sets.spread(_rounded(quotas.price))[sets.kind[nodes]]


def _steps(first: int, last: int) -> list[int]:
    """Return steps that shrink down to the last."""
    steps = [max(first, last)]
    while steps[-1] > last:
        steps.append(max(last, steps[-1] // SHRINK))
    return steps
