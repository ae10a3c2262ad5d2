"""
Prices to start from: the market solved in small, then less small.

Problem
    An auction from prices of zero spends most of its bids on finding out which regions and kinds of right
    nodes are dear. That much a sample of the market knows.
Idea
    The trees of the graph put nodes that are alike side by side. Every sixteenth place of the right side in
    that order, and every sixteenth left node, are a market of the same shape, solved in no time; its prices
    start every fourth, and theirs start the whole market, which needs only the last, small steps. Larger
    graphs begin with every sixty-fourth node, or fewer, smaller ones with every fourth, or with all.
From one level to the next
    What a right node that was not in the sample is worth is read off the left nodes that were: with left
    prices u,

        price_j = max(0, largest points(i, j) - u_i over the sampled i),

    the least price at which none of them would rather have j. It is found by one search from the right.
The steps
    They are parts of the spread of points: of how far those of two pairs can be apart. The coarsest level
    begins as an auction does, with a good part of it, and ends with one that its sampling error is not worth
    going below. The next begins with twice that and ends with a quarter of it. What is left to mend in the
    whole market takes a first step of a hundredth of a per cent; half or twice that takes a tenth longer.
    Where there are places enough, prices begin four of these steps lower: in a sample partners are farther
    away, and places dearer.
    Where nearly every place is taken, prices of a whole region hang together and are off together from level
    to level: then levels begin with larger steps, and one that draws many lists goes on with coarse paths
    (see the engine), which raise a region in one go. The whole market begins with half the step then,
    and takes a larger one next.
Why it is right
    Any prices are a valid start. Nothing here is part of the proof.
Cost
    A sixteenth costs a sixteenth: on the registers a second for both levels, for ten seconds of auction less.
Traps
    In a sample somebody may have no admissible partner, or not enough for all: nobody must be placed here,
    and who stays without is worth nothing.
After
    D. P. Bertsekas, D. A. Castanon, "A forward/reverse auction algorithm for asymmetric assignment problems",
    Comput. Optim. Appl. 1 (1992), for prices that need not come from the same market; Q. Merigot, "A
    multiscale approach to optimal transport", Comput. Graph. Forum 30 (2011), for coarse to fine.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.solvers.compiled import (
    COARSE_LENGTH,
    FINER,
    FIRST_PART,
    LIST_KEPT,
    SHRINK,
    first_grain,
    new_solver,
)

if TYPE_CHECKING:
    from twinmatch import _core
    from twinmatch.graph.arrays import Int64
    from twinmatch.graph.scored import ScoredGraph
    from twinmatch.solvers.control import Control

__all__ = ["Start", "is_crowded", "start"]

#: A level has every so many nodes of the next finer one.
FACTOR = 4
#: No level has fewer left nodes than this.
FEWEST = 3000
#: The last step of the coarsest level, as a part of the spread of points.
LAST_PART = 7000
#: The first step of a finer level over the last one of the level before.
WIDER = 2
#: The first step of the whole market, as a part of the spread of points; and where places are few.
WHOLE_PART, CROWDED_PART = 7500, 14_000
#: So many first steps are taken off the prices that the whole market begins with where there are places
#: enough: in a sample partners are farther away, prices come out too high, and too low ones are mended in
#: fewer bids. That spares 4 to 6 % on the registers, 10 to 20 % elsewhere. Where places are few, regions
#: would then have to rise.
TOO_DEAR = 4
#: The first and the last step of a finer level where places are few: with smaller ones a level of 250,000
#: takes minutes, and the whole market begins no better.
CROWDED_FIRST, CROWDED_LAST = 800, 6500
#: Places are few with less than so many for each left node.
CROWDED = 1.25
#: Lists drawn in a phase of a level, for each left node, from which on paths are the faster way.
MANY_DRAWS = 8
#: So many right nodes are asked about before somebody may say stop.
AT_ONCE = 1 << 18


class Start(NamedTuple):
    """
    Where the auction begins.

    Attributes
    ----------
    right_price : (num_right,) int64
        Whole points, at least 0.
    step : int
        A first step that suits them, whole points.
    """

    right_price: Int64
    step: int


def start(graph: ScoredGraph, capacity: Int64, outside: Int64, control: Control) -> Start:
    """
    Return prices that are nearly right, and the step to go on with.

    Parameters
    ----------
    graph : ScoredGraph
    capacity : (num_right,) int64
        Places, at least 1 each.
    outside : (num_left,) int64
        What a left node is worth without a partner.
    control : Control

    Returns
    -------
    Start
        Prices of zero, and a ``FIRST_PART`` of the spread, where the graph is too small for levels.

    Raises
    ------
    Stopped
        If the deadline passed or the caller cancelled.
    """
    spread = graph.terms.spread
    price, step = np.zeros(graph.num_right, np.int64), max(1, spread // FIRST_PART)
    if graph.num_left < FACTOR * FEWEST:
        return Start(price, step)
    left, right = graph.orders()
    end = np.cumsum(capacity[right])  # of the places of each right node, in that order
    factor = FACTOR
    while graph.num_left >= FACTOR * factor * FEWEST:
        factor *= FACTOR
    last = max(1, spread // LAST_PART)
    crowded = is_crowded(graph.num_left, capacity)
    while factor > 1:
        rows = np.sort(left[factor // 2 :: factor])
        places = np.zeros(graph.num_right, np.int64)
        places[right] = np.diff((end + factor // 2 - 1) // factor, prepend=0)
        least = np.maximum(outside[rows], 0)
        given = (graph, rows, places, least, Start(price, step), last, control)
        price = control.kept("level", partial(_solve, *given))
        factor //= FACTOR
        if crowded:
            step, last = max(1, spread // CROWDED_FIRST), max(1, spread // CROWDED_LAST)
        else:
            step, last = WIDER * last, max(1, last // SHRINK)
    if crowded:
        return Start(price, max(1, spread // CROWDED_PART))
    step = max(1, spread // WHOLE_PART)
    return Start(np.maximum(0, price - TOO_DEAR * step), step)


def is_crowded(num_left: int, capacity: Int64) -> bool:
    """Say whether nearly every place will be taken."""
    return int(capacity.sum()) < CROWDED * num_left


def _solve(
    graph: ScoredGraph,
    rows: Int64,
    places: Int64,
    outside: Int64,
    begin: Start,
    last: int,
    control: Control,
) -> Int64:
    """Solve a level, to a step of ``last``; return what its prices say of those of the whole market."""
    columns = np.flatnonzero(places)
    part = graph.part(rows, columns)

    def steps() -> Int64:
        nobody = np.zeros(1, np.int64)  # who watches counts the pairs of the whole market
        most = graph.terms.max_points
        solver = new_solver(part, places[columns], outside, most, control, counters=nobody)
        solver.seed(begin.right_price[columns])
        step, drop = begin.step, 0
        while True:
            solver.open(drop, step, LIST_KEPT)
            draws = solver.bid(step, LIST_KEPT, 0, 0, MANY_DRAWS * len(rows))
            if step <= last:
                break
            if draws > MANY_DRAWS * len(rows):
                _repair(solver, first_grain(step), last)
                return solver.left_price
            step = max(last, step // SHRINK)
            drop = SHRINK * step
        solver.open(0, step, LIST_KEPT)
        return solver.left_price

    return _prices(graph, rows, control.run("levels", steps), control)


def _repair(solver: _core.Solver, grain: int, last: int) -> None:
    """Go on with coarse paths, down to grains that are worth it."""
    while True:
        solver.tighten(COARSE_LENGTH, grain)
        solver.forward()
        solver.backward(COARSE_LENGTH, grain)
        if grain <= max(1, last):
            return
        grain = max(1, grain // FINER)


def _prices(graph: ScoredGraph, rows: Int64, left_price: Int64, control: Control) -> Int64:
    """Return the least prices at which none of these left nodes gains by a change."""
    everybody = np.arange(graph.num_right, dtype=np.int32)
    seen = control.run("levels", lambda: graph.part(rows, everybody.astype(np.int64)).core_transposed)
    price = np.zeros(graph.num_right, np.int64)
    for first in range(0, graph.num_right, AT_ONCE):
        some = everybody[first : first + AT_ONCE]
        asked = partial(seen.search, some, 1, left_price, control.threads)
        item, points, number, _ = control.run("levels", asked)
        price[some] = np.where(number > 0, np.maximum(points - left_price[item], 0), 0)
    return price
