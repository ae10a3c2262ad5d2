"""
Stored pairs under any constraints: bounds, pairs that must be, quotas.

What is nested is one network and exact (:mod:`twinmatch.solvers.nested`). For the rest prices are brought
down as far as they go (:mod:`twinmatch.solvers.crossed`); often the best assignment at those prices keeps to
all quotas, and is proven. Where it does not, a search finds the best whole one
(:mod:`twinmatch.solvers.search`). Then the answer says that prices alone do not prove it.

Where coverage comes first it is settled first, with prices of its own that prove it; then it is one more
bound, on the number of left nodes that have a partner, and its price is the coverage price.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.solvers.control import Stopped
from twinmatch.solvers.crossed import Priced, Relaxation
from twinmatch.solvers.nested import Pairs, Solved, layout_of
from twinmatch.solvers.network import Cut
from twinmatch.solvers.search import Searched, guess, search
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints, Prices
    from twinmatch.graph.explicit import ExplicitGraph
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.covering import Crossed

    Bool = npt.NDArray[np.bool_]
    Int64 = npt.NDArray[np.int64]

__all__ = ["Answer", "one_sided", "solve_constrained", "trivial_bound"]

#: Parts of a point that prices of crossed quotas are counted in, at most; and room for them.
MOST_PARTS, ROOM = 2**20, 2**56
#: More pairs than these are worth a guess, which is made among so many.
MANY_PAIRS, GUESSED_PAIRS = 1000, 5000
#: The first search is for assignments within such a part of the bound, the next for so many times as much.
FIRST_WITHIN, WIDER = 50_000, 4
#: Witnesses of crossed quotas have whole prices up to this, if any do.
LARGEST_MULTIPLE = 64


class Answer(NamedTuple):
    """
    An assignment and what proves it, in stored points.

    Attributes
    ----------
    status : Status
    limit : Limit or None
    pairs : (k, 2) int64
    prices : Prices
        In ``1 / price_scale`` points.
    price_scale : int
    cover : Prices or None
        They prove ``coverage_bound``. Only where coverage comes first.
    witness : Prices or None
        They prove that nothing exists.
    clash : tuple of int or None
        Quotas that cannot be kept together, by a search and not by prices.
    objective, bound : int
    coverage_bound : int or None
    searched : bool
        Whether ``bound`` or ``coverage_bound`` rests on a search.
    """

    status: Status
    limit: Limit | None
    pairs: Int64
    prices: Prices
    price_scale: int
    cover: Prices | None
    witness: Prices | None
    clash: tuple[int, ...] | None
    objective: int
    bound: int
    coverage_bound: int | None
    searched: bool


def trivial_bound(limits: Constraints, high: int, locked: Int64) -> int:
    """
    Return what left prices of ``high`` alone prove, where no pair has more points than that.

    ``locked`` are the points of the pairs that must be.
    """
    return int(sum(limits.left_most.tolist())) * high + int(sum((locked - high).tolist()))


def solve_constrained(
    graph: ExplicitGraph,
    limits: Constraints,
    coverage_first: bool,
    control: Control,
    known: Crossed | None = None,
) -> Answer:
    """
    Find the assignment with the most points that keeps to all constraints.

    Parameters
    ----------
    graph : ExplicitGraph
    limits : Constraints
    coverage_first : bool
        Whether as many left nodes as possible get a partner before any point counts.
    control : Control
    known : Crossed, optional
        The coverage that can be reached, where somebody has settled it.

    Returns
    -------
    Answer
    """
    run = _Run(graph, limits, coverage_first, control, known)
    try:
        return run.go()
    except Stopped as stopped:
        return run.best(stopped.limit)


class _Run:
    """One call, and the best that is known so far."""

    def __init__(
        self,
        graph: ExplicitGraph,
        limits: Constraints,
        coverage_first: bool,
        control: Control,
        known: Crossed | None,
    ) -> None:
        self.known = known
        i, j, self.points = graph.pairs()
        self.pairs, self.limits = Pairs(i, j), limits
        self.coverage_first, self.control = coverage_first, control
        self.layout, self.rest = layout_of(one_sided(limits, self.pairs), coverage_first)
        self.used: Int64 | None = None
        self.cover: Prices | None = None
        self.most_covered: int | None = None
        self.searched = False
        high = max(0, graph.extent[1])
        self.scale = 1
        self.prices = limits.flat(high)
        must = _keys(self.pairs, limits.num_right, limits.locked)
        self.bound = trivial_bound(limits, high, self.points[must])
        if coverage_first:
            self.cover = limits.flat(1, 1)
            self.most_covered = int((limits.left_most > 0).sum())

    def go(self) -> Answer:
        """Solve to the end."""
        clash = self.layout.clash()
        if clash is not None:
            return self._infeasible(clash)
        return self._crossed() if self.rest else self._nested()

    # -- A network -----------------------------------------------------------------------------------------

    def _nested(self) -> Answer:
        start = None
        if self.coverage_first:
            counted = self.layout.solve(self.pairs, self.points, self.control, count_only=True)
            if isinstance(counted, Cut):
                return self._infeasible(self.layout.witness(counted))
            self._covered(counted.prices, counted.counted, counted.used)
        found = self.layout.solve(
            self.pairs, self.points, self.control, counted=self.most_covered or 0, start=start
        )
        if isinstance(found, Cut):
            return self._infeasible(self.layout.witness(found))
        self._optimal(found)
        return self.best(None)

    def _covered(self, cover: Prices, most: int, used: Int64) -> None:
        self.cover, self.most_covered, self.used = cover, most, used

    def _optimal(self, found: Solved) -> None:
        self.used, self.prices = found.used, found.prices
        self.bound = self._worth(found.used)

    # -- More than a network -------------------------------------------------------------------------------

    def _crossed(self) -> Answer:
        self.scale = self._parts()
        self.prices = self.prices._replace(left=self.prices.left * self.scale)
        if self.coverage_first:
            answer = self._cover_crossed()
            if answer is not None:
                return answer
        bound = self._relaxed(count_only=False)
        if isinstance(bound, Cut):
            return self._infeasible(self.layout.witness(bound))
        if self.used is not None and bound.value // self.scale == self._worth(self.used):
            self._take_prices(bound)
            return self.best(None)
        self._take_prices(bound)
        found = self._searched(bound)
        if found.used is None and found.done:
            return self._impossible()
        if found.used is not None and (
            self.used is None or self._worth(found.used) >= self._worth(self.used)
        ):
            self.used = found.used
        if found.done and self.used is not None and self._worth(self.used) < self.bound:
            self.bound, self.searched = self._worth(self.used), True
        return self.best(None if found.done else self.control.limit())

    def _searched(self, bound: Priced) -> Searched:
        """
        Find the best assignment that keeps to all quotas.

        A pair that is worth ``d`` less than its prices is in no assignment within ``d`` of the bound. So the
        search is given the pairs of the best few points first, and more only if it finds nothing as good.
        Where there are many, a fast solver that is not exact guesses how far below the bound the best one is.
        """
        worth = self._net(self._full(bound))
        must = _keys(self.pairs, self.limits.num_right, self.limits.locked)
        within = self.scale * max(1, bound.value // self.scale // FIRST_WITHIN)
        near = self.used
        if len(worth) > MANY_PAIRS:
            told = self._guessed(worth, must)
            if told is not None:
                near, within = told, max(self.scale, bound.value - self.scale * self._worth(told))
        while True:
            some = np.flatnonzero((worth >= -within) | must)
            part = Pairs(self.pairs.left[some], self.pairs.right[some])
            hint = None if near is None else np.flatnonzero(np.isin(some, near))
            found = search(
                part, self.points[some], self.limits, self.control, covers=self.most_covered, hint=hint
            )
            used = None if found.used is None else some[found.used]
            good = used is not None and self.scale * self._worth(used) >= bound.value - within
            if good or len(some) == len(worth) or not found.done:
                return Searched(used, found.done)
            within *= WIDER

    def _guessed(self, worth: Int64, must: Bool) -> Int64 | None:
        """Return a good assignment among the pairs that are worth the most beyond their prices."""
        some = np.arange(len(worth))
        if len(worth) > GUESSED_PAIRS:
            least = np.partition(worth, len(worth) - GUESSED_PAIRS)[len(worth) - GUESSED_PAIRS]
            held = np.zeros(len(worth), bool)
            held[[] if self.used is None else self.used] = True
            some = np.flatnonzero((worth >= least) | must | held)
        part = Pairs(self.pairs.left[some], self.pairs.right[some])
        told = guess(part, self.points[some], self.limits, self.control, covers=self.most_covered)
        return None if told is None else some[told]

    def _net(self, prices: Prices) -> Int64:
        """Return what each pair is worth beyond its prices, in parts of a point."""
        limits, (i, j) = self.limits, self.pairs
        gain = np.full(limits.num_left, prices.coverage, np.int64)
        net = self.points * self.scale - prices.left[i] - prices.right[j]
        for quota, price in zip(limits.quotas, prices.quota.tolist(), strict=True):
            left, right = limits.members(quota)
            if quota.covered:
                gain[left] -= price
            else:
                net -= price * (left[i] & right[j])
        return net + gain[i]

    def _cover_crossed(self) -> Answer | None:
        """Settle the coverage; return an answer where nothing keeps to the constraints."""
        known = self.known
        if known is not None and known.size is not None and known.size == known.bound:
            self.cover, self.most_covered = known.prices, known.bound
            self.used = np.flatnonzero(_keys(self.pairs, self.limits.num_right, known.pairs))
            return None
        bound = self._relaxed(count_only=True)
        if isinstance(bound, Cut):
            return self._infeasible(self.layout.witness(bound))
        most = bound.value // self.scale
        if most < 0:
            return self._impossible()
        self.cover = self._full(bound)._replace(coverage=self.scale + bound.solved.prices.coverage)
        self.most_covered = most
        if self.used is None or self._coverage(self.used) < most:
            found = search(self.pairs, None, self.limits, self.control, hint=self.used)
            if found.used is None and found.done:
                return self._impossible()
            if found.used is not None:
                self.used = found.used
            if found.done and self.used is not None:
                self.searched = self._coverage(self.used) < most
                self.most_covered = self._coverage(self.used)
        return None

    def _relaxed(self, *, count_only: bool) -> Priced | Cut:
        """Bring the bound down; keep the best assignment seen that keeps to all quotas."""
        counted = 0 if count_only else self.most_covered or 0
        relaxed = Relaxation(
            self.layout,
            self.rest,
            self.pairs,
            self.points,
            self.scale,
            self.control,
            counted=counted,
            count_only=count_only,
        )

        def seen(used: Int64) -> int | None:
            if relaxed.keeps(used):
                better = self.used is None or self._key(used) > self._key(self.used)
                self.used = used if better else self.used
            if self.used is None or self._coverage(self.used) < counted:
                return None
            return self._coverage(self.used) if count_only else self._worth(self.used)

        try:
            return relaxed.lower(seen)
        except Stopped:
            if relaxed.best is not None and not count_only:
                self._take_prices(relaxed.best)
            raise

    def _key(self, used: Int64) -> tuple[int, int]:
        return (self._coverage(used) if self.coverage_first else 0, self._worth(used))

    def _parts(self) -> int:
        """Return the parts of a point that prices are counted in: rounding costs less than one."""
        limits, spread = self.limits, int(np.abs(self.points).max(initial=1))
        units = int(limits.left_most.clip(max=limits.num_right).sum()) + 1
        parts = 4
        while parts < min(MOST_PARTS, 4 * units * len(self.rest)):
            parts *= 2
        while parts > 1 and parts * spread * (self.layout.num_nodes + 2) > ROOM:
            parts //= 2
        return parts

    def _take_prices(self, found: Priced) -> None:
        self.prices, self.bound = self._full(found), found.value // self.scale

    def _full(self, found: Priced) -> Prices:
        quota = found.solved.prices.quota.copy()
        quota[list(self.rest)] = found.price
        return found.solved.prices._replace(quota=quota)

    # -- What cannot be done -------------------------------------------------------------------------------

    def _infeasible(self, witness: Prices, clash: tuple[int, ...] | None = None) -> Answer:
        self.used, self.cover, self.most_covered = None, None, None
        return self.best(None)._replace(status=Status.INFEASIBLE, witness=witness, clash=clash)

    def _impossible(self) -> Answer:
        """Find whole prices that add up to less than nothing, or else the quotas that clash."""
        nothing = np.zeros(len(self.points), np.int64)
        relaxed = Relaxation(self.layout, self.rest, self.pairs, nothing, MOST_PARTS, self.control)
        found = relaxed.lower(lambda _: None, most=1.0)
        assert not isinstance(found, Cut)  # the network was solved before
        if found.value < 0:
            relaxed.scale, largest = 1, int(np.abs(found.price).max(initial=1))
            for multiple in range(1, LARGEST_MULTIPLE + 1):
                relaxed.start = None
                short = relaxed.at(np.rint(found.price * (multiple / largest)).astype(np.int64))
                if isinstance(short, Priced) and short.value < 0:
                    return self._infeasible(self._full(short))
            return self._infeasible(self._full(found))
        return self._infeasible(self._full(found), self._clash())

    def _clash(self) -> tuple[int, ...]:
        """Leave out quotas as long as the others still clash."""
        kept = list(range(len(self.limits.quotas)))
        for number in list(kept):
            fewer = tuple(q for q in kept if q != number)
            found = search(self.pairs, None, self.limits, self.control, quotas=fewer)
            if found.used is None and found.done:
                kept.remove(number)
        return tuple(kept)

    # -- The answer ----------------------------------------------------------------------------------------

    def _worth(self, used: Int64) -> int:
        return sum(self.points[used].tolist())

    def _coverage(self, used: Int64) -> int:
        return len(np.unique(self.pairs.left[used]))

    def best(self, limit: Limit | None) -> Answer:
        """Return what is known."""
        none = self.used is None
        used = np.empty(0, np.int64) if self.used is None else self.used
        objective = self._worth(used)
        covered = self.most_covered is None or self._coverage(used) == self.most_covered
        status = Status.NO_SOLUTION if none else Status.FEASIBLE
        if not none and objective == self.bound and covered:
            status, limit = Status.OPTIMAL, None
        return Answer(
            status,
            limit,
            np.stack([self.pairs.left[used], self.pairs.right[used]], axis=1),
            self.prices,
            self.scale,
            self.cover,
            None,
            None,
            objective,
            self.bound,
            self.most_covered,
            self.searched,
        )


def _keys(pairs: Pairs, width: int, some: Int64) -> Bool:
    """Return which pairs are among some."""
    return np.isin(pairs.left * width + pairs.right, some[:, 0] * width + some[:, 1])


def one_sided(limits: Constraints, pairs: Pairs) -> Constraints:
    """Return the same with one side of a quota left out where that side follows from the other."""
    quotas = []
    for quota in limits.quotas:
        if quota.left is not None and quota.right is not None:
            from_left, to_right = quota.left[pairs.left], quota.right[pairs.right]
            if not (from_left & ~to_right).any():
                quota = replace(quota, right=None)
            elif not (to_right & ~from_left).any():
                quota = replace(quota, left=None)
        quotas.append(quota)
    return replace(limits, quotas=tuple(quotas))
