"""
Prices of quotas by trial: between phases of bidding, quotas that are over or under change them.

Problem
    Nested quotas on groups of left and of right nodes, in a market that is never stored. Find nearly right
    prices of nodes and quotas, for the exact network over short lists (:mod:`twinmatch.solvers.grown`) to
    start from.
Idea
    At fixed prices of quotas the market is the one of :mod:`twinmatch.solvers.engine`: what the quotas of a
    right node cost is taken off its points (``cpp/core/discounted.hpp``), what those of a left node cost is
    added to what it has without a partner. After a phase of bidding one counts: a group over its cap becomes
    dearer, one under its floor cheaper, and one that has a price and does not use it up falls back towards
    zero. By how much is Newton's step in a model of choice (a logit: what leaves a group goes to the others
    by their size) whose one number, over how many points choices are spread, is learnt from the last step.
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
    one alone moves nobody.
After
    L. Walras, "Elements d'economie politique pure" (1874), for the trials; D. McFadden, "Conditional logit
    analysis of qualitative choice behavior", in: Frontiers in Econometrics (1974), for the model of choice.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import _core
from twinmatch.solvers.compiled import FIRST_PART, LIST_KEPT, SHRINK, new_solver
from twinmatch.solvers.levels import FACTOR, FEWEST, LAST_PART, WHOLE_PART, WIDER

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.constraints import Forest
    from twinmatch.graph.scored import ScoredGraph
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.nested import Layout

    Int64 = npt.NDArray[np.int64]
    Float = npt.NDArray[np.float64]

__all__ = ["Begin", "begin"]

#: Phases at one step: on a level, at its last step, on the whole market, and at its last step.
TRIALS, LAST_TRIALS, WHOLE_TRIALS, WHOLE_LAST = 3, 6, 2, 4
#: The last steps count in so many parts of a point.
PARTS = 16
#: Partners in a list of the exact finish.
PATH_LENGTH = 64
#: A price moves by at most so many steps at once, or by such a part of the points.
MOST_STEPS, MOST_PART = 20, 250
#: Choices are spread over such a part of the points at first, over such a part of that at least, and over so
#: many times as much at once.
WIDTH_PART, NARROWEST, TRUST = 20, 4, 16.0
#: What a step that goes on in its direction may gain on the one before, once it was slowed down.
FASTER = 1.2
#: So many nodes more or less in a group may be chance.
NOISE = 60.0
#: Such a part of everybody is thought to be about to stay without.
SPARED = 0.005
#: What keeps answers of counts to prices apart that are all but alike.
RIDGE = 1e-6


class Begin(NamedTuple):
    """
    Where the exact part begins.

    Attributes
    ----------
    mate : (num_left,) int64
        Right node of each left node, -1 for none.
    right_price : (num_right,) int64
        What a place costs in all: its own price and those of its quotas, whole points.
    left_set, right_set : int64
        What the sets of the layout's forests cost in all: their own price and those of the sets around them.
    """

    mate: Int64
    right_price: Int64
    left_set: Int64
    right_set: Int64


class _Side:
    """The sets of one side: their bounds and prices, and how counts are thought to answer to prices."""

    def __init__(self, forest: Forest, low: Int64, high: Int64, most: int, width: float) -> None:
        self.forest, self.low, self.high = forest, low.astype(float), high.astype(float)
        self.is_capped = high < most
        self.price = np.zeros(len(low))
        #: Points that a choice between two groups is spread over.
        self.width, self.least = width, width / NARROWEST
        self.before: tuple[Float, Float] | None = None
        self.pace, self.last = np.ones(len(low)), np.zeros(len(low))
        # Which sets each smallest set is in, itself included; the last column is for nodes in no set.
        self.inside = np.zeros((len(low), len(low) + 1))
        for at in range(len(low)):
            over = at
            while over >= 0:
                self.inside[over, at] = 1
                over = int(forest.parent[over])

    def total(self) -> Int64:
        """Return what each set costs with those around it."""
        return np.rint(self.price @ self.inside[:, :-1]).astype(np.int64)

    def of_nodes(self, rows: Int64) -> Int64:
        """Return what the sets of some nodes cost."""
        leaf = self.forest.leaf[rows]
        return np.append(self.total(), 0)[leaf]

    def cells(self, rows: Int64) -> Float:
        """Return how many of these nodes, repeats allowed, have each set as their smallest; last, none."""
        size = len(self.price)
        leaf = self.forest.leaf[rows]
        return np.bincount(np.where(leaf >= 0, leaf, size), minlength=size + 1).astype(float)

    def move(self, cells: Float, answer: Float, most: float, noise: float) -> None:
        """
        Change prices by what the bounds ask for, by no more than ``most``.

        ``answer``: what a point on a cell changes in each, times ``width``; ``noise``: what says nothing.
        """
        if not len(self.price):
            return
        count = self.inside @ cells
        self._learn(count, noise)
        slope = self.inside @ (answer / self.width) @ self.inside.T
        wanted = np.clip(count, self.low, self.high)
        wanted = np.where((self.price > 0) & (count < self.high), self.high, wanted)
        wanted = np.where((self.price < 0) & (count > self.low), self.low, wanted)
        at = np.flatnonzero((wanted != count) | (self.price != 0))
        change = np.zeros(len(count))
        if len(at):
            some = slope[np.ix_(at, at)]
            some[np.diag_indices(len(at))] += RIDGE * (1 + np.trace(some) / len(at))
            change[at] = np.clip(np.linalg.solve(some, (count - wanted)[at]), -most, most)
        # Whoever turns back went too far; in a sample, where counts are rough, that says little.
        if noise == NOISE:
            self.pace = np.where(change * self.last < 0, self.pace / 2, np.minimum(1, self.pace * FASTER))
        change, self.last = change * self.pace, change
        price = self.price + change
        # A price that falls to zero stays there, unless the other bound is broken.
        price = np.where((self.price > 0) & (count >= self.low), np.maximum(price, 0), price)
        price = np.where((self.price < 0) & (count <= self.high), np.minimum(price, 0), price)
        # Without a cap nothing gets dearer, without a floor nothing cheaper, whatever neighbours' prices say.
        price = np.clip(price, np.where(self.low > 0, -np.inf, 0), np.where(self.is_capped, np.inf, 0))
        self.before = (count, slope @ (price - self.price))
        self.price = price

    def _learn(self, count: Float, noise: float) -> None:
        """Spread choices wider or closer, as counts answered less or more than was thought."""
        if self.before is None:
            return
        gone, thought = self.before[0] - count, self.before[1]
        if (gone @ gone) > 0 and (thought @ gone) > 0 and np.abs(thought).max() > noise:
            ratio = float(np.clip((thought @ gone) / (gone @ gone), 1 / TRUST, TRUST))
            self.width = max(self.width * ratio**0.5, self.least)


class _Market:
    """A graph with quota prices, as the solver wants it."""

    def __init__(self, graph: ScoredGraph) -> None:
        self.num_left, self.num_right = graph.num_left, graph.num_right
        self.core = _core.Discounted(graph.core, False)
        self.core_transposed = _core.Discounted(graph.core_transposed, True)

    def take_off(self, points: Int64) -> None:
        self.core.take_off(points)
        self.core_transposed.take_off(points)


def begin(graph: ScoredGraph, layout: Layout, coverage: int | None, control: Control) -> Begin:
    """
    Return nearly right prices, and a matching that goes with them.

    Parameters
    ----------
    graph : ScoredGraph
    layout : Layout
        With the bounds of nodes, and the sets of both sides.
    coverage : int or None
        How many left nodes must have a partner, and can; None where points come first.
    control : Control

    Raises
    ------
    Stopped
        If the deadline passed or the caller cancelled.
    """
    return _Trials(graph, layout, coverage, control).run()


class _Trials:
    def __init__(self, graph: ScoredGraph, layout: Layout, coverage: int | None, control: Control) -> None:
        self.graph, self.layout, self.control = graph, layout, control
        self.most = max(1, graph.terms.max_points)
        limits = layout.limits
        self.rows = np.flatnonzero(limits.left_most > 0)
        self.places = np.minimum(limits.right_most, len(self.rows))
        width = self.most / WIDTH_PART
        most = int(np.minimum(limits.left_most, limits.num_right).sum())
        self.left = _Side(layout.left, *layout.bounds(layout.left), most, width)
        self.right = _Side(layout.right, *layout.bounds(layout.right), most, width)
        # Where coverage comes first, staying without is worse than any pair by as much as a pair can be
        # worth. Where some must stay without all the same, it is what prices drive them to.
        full = coverage is not None and coverage == len(self.rows)
        alone = -self.most if full else 0
        self.alone = np.where(limits.left_least > 0, _core.NO_VALUE, alone)

    def run(self) -> Begin:
        """Go through the levels."""
        graph = self.graph
        if len(self.rows) < graph.num_left or not self.places.all():
            graph = graph.part(self.rows, np.flatnonzero(self.places))
        columns = np.flatnonzero(self.places)
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
            trials = [TRIALS] * (len(steps) - 1) + [LAST_TRIALS]
            part = graph.part(rows, some)
            must = np.maximum(self.alone[self.rows[rows]], -self.most)  # in a sample nobody must be placed
            found = self._level(
                part, self.rows[rows], columns[some], places[some], must, price[some], steps, trials, factor
            )
            price = self._of_everybody(graph, rows, found, columns)
            step, last, factor = WIDER * last, max(1, last // SHRINK), factor // FACTOR
            first = max(1, self.most // WHOLE_PART)
        return self._whole(graph, columns, price, first)

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
        market = _Market(part)
        nobody = np.zeros(1, np.int64)  # who watches counts the pairs of the whole market
        solver = new_solver(market, places, alone, self.most, self.control, counters=nobody)
        solver.seed(price)
        self._bid(solver, market, rows, columns, alone, steps, trials, 1 / factor, 1, "levels")
        self.control.run("levels", partial(solver.open, 0, steps[-1], LIST_KEPT))
        return solver.left_price

    def _whole(self, graph: ScoredGraph, columns: Int64, price: Int64, first: int) -> Begin:
        """Bid on the whole market."""
        market, alone = _Market(graph), self.alone[self.rows]
        solver = self.control.run(
            "tree", lambda: new_solver(market, self.places[columns], alone, self.most, self.control)
        )
        solver.seed(price)
        parts = solver.refine(PARTS)
        steps = _steps(first * parts, 1)
        trials = [WHOLE_TRIALS] * (len(steps) - 1) + [WHOLE_LAST]
        self._bid(solver, market, self.rows, columns, alone, steps, trials, 1.0, parts, "auction")
        # At these prices of quotas the rest is exact: whoever moves in the network moves for a quota alone.
        self.control.run("exact", partial(solver.tighten, PATH_LENGTH))
        self.control.run("exact", partial(solver.forward, 0))
        self.control.run("exact", partial(solver.backward, PATH_LENGTH))
        limits = self.layout.limits
        mate = np.full(limits.num_left, -1, np.int64)
        found = solver.mate
        mate[self.rows] = np.where(found >= 0, columns[found], -1)
        right = self.right.of_nodes(np.arange(limits.num_right))
        right[columns] += solver.right_price
        return Begin(mate, right, self.left.total(), self.right.total())

    def _bid(
        self,
        solver: _core.Solver,
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
        off = self._tell(solver, market, rows, columns, alone, np.zeros(len(columns), np.int64))
        drop = 0
        for step, times in zip(steps, trials, strict=True):
            for trial in range(times):
                self.control.run(phase, partial(solver.open, drop, step, LIST_KEPT))
                self.control.run(phase, partial(solver.bid, step, LIST_KEPT, 0, 0))
                drop = step + step // 2
                if step == steps[-1] and trial == times - 1:
                    return
                mate = solver.mate
                placed = mate >= 0
                most = max(MOST_STEPS * step / parts, self.most / MOST_PART)
                self._move(rows, rows[placed], columns[mate[placed]], share, most)
                off = self._tell(solver, market, rows, columns, alone, off)

    def _move(self, rows: Int64, left: Int64, right: Int64, share: float, most: float) -> None:
        """Change the prices of both sides, given who is placed; counts are those of the whole market."""
        noise = NOISE / share
        cells = self.right.cells(right) / share
        out = (len(rows) - len(left)) / share + SPARED * len(self.rows)
        # As if everybody chose among cells, and staying without, by points and luck: what leaves one cell
        # goes to the others by their size.
        self.right.move(cells, np.diag(cells) - np.outer(cells, cells) / (cells.sum() + out), most, noise)
        cells = self.left.cells(left) / share
        stay = self.left.cells(rows) / share - cells + SPARED * cells
        self.left.move(cells, np.diag(cells * stay / np.maximum(cells + stay, 1)), most, noise)

    def _tell(
        self,
        solver: _core.Solver,
        market: _Market,
        rows: Int64,
        columns: Int64,
        alone: Int64,
        off: Int64,
    ) -> Int64:
        """Let the market know what quotas cost now; return what they cost on the right."""
        now = self.right.of_nodes(columns)
        solver.discount(now - off)
        market.take_off(now)
        costs = self.left.of_nodes(rows)
        solver.outside(np.where(alone == _core.NO_VALUE, alone, alone + costs))
        return now

    def _of_everybody(self, graph: ScoredGraph, rows: Int64, left_price: Int64, columns: Int64) -> Int64:
        """Return the prices of all places at which none of these left nodes gains by a change."""
        everybody = np.arange(graph.num_right, dtype=np.int32)
        control = self.control
        seen = control.run("levels", lambda: graph.part(rows, everybody.astype(np.int64)).core_transposed)
        item, points, number, _ = control.run(
            "levels", partial(seen.search, everybody, 1, left_price, control.threads)
        )
        worth = np.where(number > 0, points - left_price[item], 0)
        return np.maximum(worth - self.right.of_nodes(columns), 0)


def _steps(first: int, last: int) -> list[int]:
    """Return steps that shrink down to the last."""
    steps = [max(first, last)]
    while steps[-1] > last:
        steps.append(max(last, steps[-1] // SHRINK))
    return steps
