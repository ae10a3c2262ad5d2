"""
Nested quotas on an implicit graph: a network over short lists, which grow where prices say so.

Problem
    As in :mod:`twinmatch.solvers.nested`, with too many pairs to write down.
Idea
    Bidding with prices on quotas (:mod:`twinmatch.solvers.trial`) gives nearly right prices, and at these the
    best partners of each left node are a few. Over such lists the problem is a network, solved exactly. Its
    prices are then held against all pairs: a pair outside the lists that is worth more than its prices joins
    them. When there is none, the network's optimum is that of the whole graph, and its prices prove it.
Why it is right
    Only a search that looks at every left node under the last prices, and finds nothing, ends a run. The
    lists hold an assignment that keeps to everything from the start (:mod:`twinmatch.solvers.kinds`), so that
    the network has a solution. What a search finds above a left price, added up, is what the bound may be
    short of at most.
Across
    A few floors on the left side that cross the others, such as a national one across those of académies, are
    kept by prices: cutting planes over the lists find them (:mod:`twinmatch.solvers.crossed`), the lists grow
    until they prove the bound, and a repair (:mod:`twinmatch.solvers.repair`) brings the last few units.
Cost
    A handful of networks, each started from the prices and the pairs of the one before.
Traps
    Hundreds of partners tie. Lists of the best alone hold the same few places for everybody, and prices in
    the network rise over them until they are far off; so each list holds the best empty places too.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np

from twinmatch import _core
from twinmatch.errors import ResourceLimitError
from twinmatch.graph.scored import ScoredGraph
from twinmatch.graph.written import written
from twinmatch.solvers.cells import cells_of
from twinmatch.solvers.constrained import Answer, solve_constrained, trivial_bound
from twinmatch.solvers.control import Stopped
from twinmatch.solvers.covering import Crossed, cover_crossed
from twinmatch.solvers.crossed import Relaxation
from twinmatch.solvers.keys import merged, without
from twinmatch.solvers.kinds import Covered, cover_kinds
from twinmatch.solvers.nested import Pairs, Solved, layout_of
from twinmatch.solvers.network import Cut
from twinmatch.solvers.priced import as_quotas, can_price, solve_priced
from twinmatch.solvers.repair import Repair, Standing
from twinmatch.solvers.sets import Sets
from twinmatch.solvers.sharing import core_of
from twinmatch.solvers.trial import Asked, begin
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.called import CalledGraph
    from twinmatch.graph.constraints import Constraints
    from twinmatch.graph.terms import PairTerms
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.nested import Layout

    Int64 = npt.NDArray[np.int64]

__all__ = ["solve_implicit"]

#: Up to so many pairs, admissible or not, are written down.
FEW_PAIRS = 1_000_000
#: With so many pairs every mix of quotas is solved exactly; with more, as many as these may cross.
CERTAIN_PAIRS, MANY_CROSSED = 100_000, 24
#: Admissible pairs have more points than this.
NO_PAIR = -(2**40)
#: Partners in the first lists, most that join in a round, and empty places in either.
LISTED, JOINING, EMPTY = 16, 16, 4
#: Floors across the others that are kept by prices, and how often lists may grow under these.
FEW_FLOORS, ACROSS = 4, 3
#: Lists that hold no solution are so many times as long the next time.
LONGER = 8


def solve_implicit(
    graph: ScoredGraph | CalledGraph, limits: Constraints, coverage_first: bool, control: Control
) -> Answer:
    """
    Find the assignment with the most points that keeps to all constraints.

    Parameters
    ----------
    graph : ScoredGraph or CalledGraph
    limits : Constraints
    coverage_first : bool
        Whether as many left nodes as possible get a partner before any point counts.
    control : Control

    Returns
    -------
    Answer
        With prices in whole points.
    """
    number = graph.num_left * graph.num_right
    is_plain = isinstance(graph, ScoredGraph) and graph.terms.curve is None
    if number <= FEW_PAIRS and not (is_plain and _are_many(limits, number)):
        return solve_constrained(
            written(graph), limits, coverage_first, control, _coverage(graph, limits, control)
        )
    if not isinstance(graph, ScoredGraph):
        raise ResourceLimitError(
            f"quotas with points from a function of your own: {graph.num_left * graph.num_right:,} pairs are "
            f"too many to write down (at most {FEW_PAIRS:,})"
        )
    layout, rest = layout_of(limits, coverage_first)
    if rest and not _are_floors(limits, rest):
        return solve_priced(graph, limits, coverage_first, control)
    run = _Grown(graph, layout, rest, coverage_first, control)
    try:
        return run.go()
    except Stopped as stopped:
        return run.answer(stopped.limit)


def _coverage(graph: ScoredGraph | CalledGraph, limits: Constraints, control: Control) -> Crossed | None:
    """Return what kinds of nodes say of the coverage, where quotas cross."""
    if not layout_of(limits, True)[1] or not can_price(limits):
        return None
    try:
        return cover_crossed(cast("PairTerms", graph.terms), limits, control)
    except Stopped:
        return None  # whoever asks next will be told


def _are_many(limits: Constraints, number: int) -> bool:
    """Return whether so many quotas cross that a search among so many pairs would not end."""
    if number <= CERTAIN_PAIRS or len(limits.quotas) <= MANY_CROSSED or not can_price(limits):
        return False
    return len(layout_of(limits, True)[1]) > MANY_CROSSED


def _are_floors(limits: Constraints, rest: tuple[int, ...]) -> bool:
    """Return whether quotas outside the network are a few floors on coverage, and nobody is special."""
    return (
        len(rest) <= FEW_FLOORS
        and all(limits.quotas[q].covered for q in rest)
        and int(limits.left_most.max(initial=0)) <= 1
        and not len(limits.locked)
        and not limits.right_least.any()
    )


class _Grown:
    """One run, and the best that is known so far."""

    def __init__(
        self,
        graph: ScoredGraph,
        layout: Layout,
        rest: tuple[int, ...],
        coverage_first: bool,
        control: Control,
    ) -> None:
        limits = layout.limits
        self.rest, self.rest_price = rest, np.zeros(len(rest), np.int64)
        self.graph, self.limits, self.control = graph, limits, control
        self.core = core_of(graph, control)
        self.coverage_first = coverage_first
        self.layout = layout
        high = max(0, graph.terms.max_points)
        self.prices = limits.flat(high)
        locked = graph.core.points(*np.ascontiguousarray(limits.locked.T))
        self.bound = trivial_bound(limits, high, locked)
        self.pairs = np.empty((0, 2), np.int64)
        self.objective: int | None = None
        self.covered = 0
        self.cover: Covered | None = None

    def go(self) -> Answer:
        """Solve to the end, or to the gap asked for."""
        self.cover = self._covered()
        if self.cover is None:
            return solve_priced(self.graph, self.limits, self.coverage_first, self.control)
        if not self.cover.is_feasible:
            return self.answer(None)._replace(status=Status.INFEASIBLE, witness=self.cover.prices)
        if self._keeps(self.cover.pairs):
            self._take(self.cover.pairs)
        size = self.cover.size if self.coverage_first else None
        asked = self._asked(size)
        start = begin(self.graph, asked, self.control)
        left_set, right_set = asked.left.spread(start.left), asked.right.spread(start.right)
        price = start.right_price + right_set[asked.right.kind]
        width = self.graph.num_right
        placed = np.flatnonzero(start.mate >= 0)
        held = placed * width + start.mate[placed]
        known = merged(self.cover.pairs @ np.array([width, 1]), held, *self._lists(price, held))
        potential = self._potential(price, left_set[:-1], right_set[:-1], known)
        known, found = self._close(known, potential, held, price, size or 0)
        if found is None:
            return self.answer(Limit.GAP)
        if self.rest and not self._kept_to(known[found.used]):
            return self._across(known, found, price, size or 0)
        return self.answer(None)

    def _covered(self) -> Covered | None:
        """Return the largest coverage; None where it is not known exactly."""
        if not self.rest:
            return cover_kinds(self.graph.terms, self.limits, self.control)
        found = cover_crossed(self.graph.terms, self.limits, self.control)
        if found.bound < 0:
            return Covered(0, found.pairs, found.prices, False)
        return None if found.size != found.bound else Covered(found.size, found.pairs, found.prices)

    def _close(
        self, known: Int64, potential: Int64, held: Int64, price: Int64, counted: int
    ) -> tuple[Int64, Solved | None]:
        """Let lists grow until they hold what all pairs do; None where the gap is small enough before."""
        width, longest = self.graph.num_right, LISTED
        gain = np.zeros(self.limits.num_left, np.int64)
        for number, paid in zip(self.rest, self.rest_price.tolist(), strict=True):
            gain[self.limits.members(self.limits.quotas[number])[0]] -= paid
        while True:
            pairs = Pairs(*np.divmod(known, width))
            points = self.graph.core.points(pairs.left, pairs.right)
            found = self.layout.solve(
                pairs,
                points,
                self.control,
                left_worth=gain,
                counted=counted,
                start=potential,
                held=np.searchsorted(known, held),
            )
            if isinstance(found, Cut):
                # The assignment that covers the most met somebody twice, and lists are too short without it.
                assert longest < width  # whole lists hold everything that there is
                longest *= LONGER
                known = merged(known, self._search(price, min(longest, width)))
                continue
            held, potential = known[found.used], found.potential
            if self._kept_to(held):
                self._take(np.stack(np.divmod(held, width), axis=1))
            more = self._outside(found, held, known, self._priced(held))
            if not len(more):
                return known, found
            gap = self.bound - (self.objective or 0)
            if self.control.gap > 0 and gap <= self.control.gap * max(1, abs(self.bound)):
                return known, None
            known = merged(known, more)

    def _counts(self, held: Int64) -> Int64:
        """Return what the quotas outside the network count."""
        covered = np.unique(held // self.graph.num_right)
        members = [self.limits.members(self.limits.quotas[q])[0] for q in self.rest]
        return np.array([left[covered].sum() for left in members], np.int64)

    def _kept_to(self, held: Int64) -> bool:
        least = np.array([self.limits.quotas[q].at_least for q in self.rest], np.int64)
        return bool((self._counts(held) >= least).all())

    def _priced(self, held: Int64) -> int:
        """Return what an assignment is worth where floors outside the network are paid for."""
        least = np.array([self.limits.quotas[q].at_least for q in self.rest], np.int64)
        points = self.graph.core.points(*np.divmod(held, self.graph.num_right))
        return int(points.sum()) + int((self.rest_price * (least - self._counts(held))).sum())

    def _across(self, known: Int64, found: Solved, price: Int64, counted: int) -> Answer:
        """Find prices for the floors that cross the others, and an assignment that keeps to these too."""
        width = self.graph.num_right
        for _ in range(ACROSS):
            pairs = Pairs(*np.divmod(known, width))
            points = self.graph.core.points(pairs.left, pairs.right)
            relaxed = Relaxation(self.layout, self.rest, pairs, points, 1, self.control, counted=counted)
            relaxed.start = found.potential

            def seen(used: Int64, relaxed: Relaxation = relaxed, pairs: Pairs = pairs) -> int | None:
                if relaxed.keeps(used):
                    self._take(np.stack([pairs.left[used], pairs.right[used]], axis=1))
                return self.objective

            best = relaxed.lower(seen)
            assert not isinstance(best, Cut)  # the network was solved before
            self.rest_price = best.price
            size = len(known)
            known, closed = self._close(known, best.solved.potential, known[best.solved.used], price, counted)
            if closed is None:
                return self.answer(Limit.GAP)
            found = closed
            if len(known) == size:
                break
        self._mend(known, found, counted)
        return self.answer(None)

    def _mend(self, known: Int64, found: Solved, counted: int) -> None:
        """Bring the last few units that prices leave open."""
        width = self.graph.num_right
        pairs = Pairs(*np.divmod(known, width))
        limits = as_quotas(self.limits, counted or None)
        prices = found.prices.quota.copy()
        prices[list(self.rest)] = self.rest_price
        standing = Standing(
            pairs,
            self.graph.core.points(pairs.left, pairs.right),
            self.limits.right_most,
            np.where(self.limits.left_least > 0, _core.NO_VALUE, 0),
            found.prices.left,
            found.prices.right,
            np.append(prices, -found.prices.coverage) if counted else prices,
        )
        mate = np.full(self.limits.num_left, -1)
        mate[pairs.left[found.used]] = pairs.right[found.used]

        def seen(mate: Int64) -> None:
            left = np.flatnonzero(mate >= 0)
            self._take(np.stack([left, mate[left]], axis=1))

        Repair(cells_of(limits), standing, mate, self.control).run(seen)

    def _asked(self, coverage: int | None) -> Asked:
        """Return what bidding must keep to."""
        limits, layout = self.limits, self.layout
        rows = np.flatnonzero(limits.left_most > 0)
        # Where coverage comes first, staying without is worse than any pair by as much as pairs differ.
        # Where some must stay without all the same, it is what prices drive them to.
        terms = self.graph.terms
        alone = terms.min_points - terms.spread if coverage == len(rows) else 0
        return Asked(
            limits.right_most,
            np.where(limits.left_least > 0, _core.NO_VALUE, alone),
            rows,
            Sets.of_forest(layout.left, *layout.bounds(layout.left)),
            Sets.of_forest(layout.right, *layout.bounds(layout.right)),
        )

    def _keeps(self, pairs: Int64) -> bool:
        """
        Return whether an assignment by kinds came out whole: nobody meets a partner twice.

        Then some count is too small. Caps and locks are kept by the numbers of kinds.
        """
        limits = self.limits
        left = np.bincount(pairs[:, 0], minlength=limits.num_left)
        right = np.bincount(pairs[:, 1], minlength=limits.num_right)
        least = [quota.at_least for quota in limits.quotas]
        counts = limits.counts(pairs[:, 0], pairs[:, 1])
        return bool(
            (left >= limits.left_least).all()
            and (right >= limits.right_least).all()
            and (counts >= np.array(least, np.int64)).all()
        )

    def _potential(self, right_price: Int64, left_set: Int64, right_set: Int64, known: Int64) -> Int64:
        """Return the potentials that prices stand for."""
        layout = self.layout
        i, j = np.divmod(known, self.graph.num_right)
        best = np.full(self.limits.num_left, NO_PAIR)
        np.maximum.at(best, i, self.graph.core.points(i, j) - right_price[j])
        out = np.zeros(layout.num_nodes, np.int64)
        out[layout.first_set : layout.first_left] = left_set
        out[layout.first_left : layout.first_right] = np.where(best > NO_PAIR, best, 0)
        out[layout.first_right : layout.first_right_set] = -right_price
        out[layout.first_right_set :] = -right_set
        return out

    # -- Lists ---------------------------------------------------------------------------------------------

    def _lists(self, price: Int64, held: Int64) -> list[Int64]:
        """Return the best pairs of everybody, and the best ones with empty places."""
        return [self._search(price, LISTED), self._search(self._to_empty(price, held), EMPTY)]

    def _to_empty(self, price: Int64, held: Int64) -> Int64:
        """Return prices at which nobody wants a place that is taken."""
        load = np.bincount(held % self.graph.num_right, minlength=self.graph.num_right)
        return np.where(load < self.limits.right_most, price, price + 2 * self.graph.terms.max_points + 1)

    def _search(self, price: Int64, k: int, rows: Int64 | None = None, above: Int64 | None = None) -> Int64:
        """Return the best pairs, those worth more than ``above`` at these prices."""
        rows = np.arange(self.graph.num_left) if rows is None else rows
        asked = rows.astype(np.int32)
        item, _, number, _ = self.control.run(
            "network", partial(self.core.search, asked, k, price, self.control.threads, above)
        )
        item = item.reshape(-1, k)
        inside = np.arange(k)[None, :] < number[:, None]
        left = np.broadcast_to(rows[:, None], item.shape)[inside]
        pairs: Int64 = left * self.graph.num_right + item[inside]
        return pairs

    def _outside(self, found: Solved, held: Int64, known: Int64, value: int) -> Int64:
        """
        Return pairs outside the lists that are worth more than their prices; take the bound they leave.

        ``value``: what the lists hold is worth, floors outside the network paid for.
        """
        layout, pi = self.layout, found.potential
        right = -pi[layout.first_right : layout.first_right_set]
        left = pi[layout.first_left : layout.first_right]
        # In lists, pairs that are used may be worth more than their prices where a left node has several.
        several = self.limits.left_most > 1
        count = np.bincount(held // self.graph.num_right, minlength=len(left))
        k = JOINING + (int(count[several].max(initial=0)) if several.any() else 0)
        pairs = self._search(right, k, above=left)
        new = without(pairs, known)
        i, j = np.divmod(new, self.graph.num_right)
        excess = self.graph.core.points(i, j) - right[j] - left[i]
        # Either whoever is short of a better partner pays, or the better partner becomes dearer: the fewer
        # the better.
        raise_left, raise_right = np.zeros(len(left), np.int64), np.zeros(len(right), np.int64)
        if np.count_nonzero(np.bincount(i)) < np.count_nonzero(np.bincount(j)):
            np.maximum.at(raise_left, i, excess)
        else:
            np.maximum.at(raise_right, j, excess)
        pi[layout.first_left : layout.first_right] += raise_left
        pi[layout.first_right : layout.first_right_set] -= raise_right
        # A search tells the worst pair of a row, but not all of them where it is full.
        worst = np.zeros(len(left), np.int64)
        np.maximum.at(worst, i, excess)
        limits, width = self.limits, self.graph.num_right
        bound = value + sum((worst * np.minimum(limits.left_most, width)).tolist())
        if bound < self.bound:
            self.bound = bound
            quota = found.prices.quota.copy()
            quota[list(self.rest)] = self.rest_price
            self.prices = found.prices._replace(left=found.prices.left + worst, quota=quota)
            self._tell()
        if not len(new):
            return new
        rows = np.flatnonzero(np.bincount(i))
        empty = self._search(self._to_empty(right, held), EMPTY, rows)
        return merged(new, empty)

    # -- The answer ----------------------------------------------------------------------------------------

    def _take(self, pairs: Int64) -> None:
        """Take an assignment that keeps to everything, if it is better."""
        objective = int(self.graph.core.points(*np.ascontiguousarray(pairs.T)).sum())
        covered = len(np.unique(pairs[:, 0])) if self.coverage_first else 0
        if self.objective is None or (covered, objective) >= (self.covered, self.objective):
            self.pairs, self.covered, self.objective = pairs, covered, objective
            self._tell()

    def _tell(self) -> None:
        if self.objective is not None:
            self.control.found(len(self.pairs), self.objective, self.bound)

    def answer(self, limit: Limit | None) -> Answer:
        """Return what is known."""
        size = self.cover.size if self.cover is not None else int((self.limits.left_most > 0).sum())
        status = Status.NO_SOLUTION if self.objective is None else Status.FEASIBLE
        covered = len(np.unique(self.pairs[:, 0]))
        if self.objective == self.bound and (not self.coverage_first or covered == size):
            status, limit = Status.OPTIMAL, None
        cover = None
        if self.coverage_first:
            cover = self.limits.flat(1, 1) if self.cover is None else self.cover.prices
        return Answer(
            status,
            limit,
            self.pairs,
            self.prices,
            1,
            cover,
            None,
            None,
            self.objective or 0,
            self.bound,
            size if self.coverage_first else None,
            False,
        )
