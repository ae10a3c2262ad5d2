"""
The pairs of two tables as a question that answers can be checked against: one pass over all of them.

Nothing is stored: quota prices go into the table of classes, refined by the groups that nodes are in, and the
pass finds the best net value of every left node, where that is above its price. Two kinds of pairs are taken
out of the pass, and counted one by one: those that must be, and those of left nodes with several partners,
where the best pairs are worth more than their prices, as they should. What the pass finds above a left price
raises that price: any prices do. Where a left node may have several partners, each pair comes once all the
same, and it may prove more to leave the price and to add up what its pairs are worth beyond it; a few such
nodes are asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.certify.arrays import StoredPairs
from twinmatch.certify.exact import exact_sum
from twinmatch.certify.plain import NO_PARTNER, pair_points
from twinmatch.certify.pruned import Extent, best_pass
from twinmatch.certify.theorem import left_term
from twinmatch.errors import ResourceLimitError
from twinmatch.graph.refined import refined
from twinmatch.graph.terms import FORBIDDEN, PairTerms

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.certify.plain import Cancel
    from twinmatch.certify.theorem import Worth
    from twinmatch.graph.constraints import Constraints

    Int64 = npt.NDArray[np.int64]

__all__ = ["ImplicitPairs", "question_of"]

#: Prices of groups beyond this do not fit the table together with points.
_MOST_PRICE = 2**30
#: Up to so many pairs, admissible or not, are written down.
_FEW_PAIRS = 1_000_000
#: Up to so many pairs of left nodes with several partners are added up, for want of a better bound.
_SEVERAL_PAIRS = 20_000_000


def question_of(
    terms: PairTerms,
    constraints: Constraints,
    coverage_first: bool,
    taken: Int64,
    *,
    plain: bool | None = None,
    threads: int | None = None,
    isa: str = "auto",
    on_progress: Callable[[int, int], object] | None = None,
    cancel: Cancel | None = None,
) -> ImplicitPairs | StoredPairs:
    """
    Return the question that an assignment of two tables answers.

    Parameters are those of :class:`ImplicitPairs`. Few pairs are written down, each evaluated once; then
    prices in parts of a point and a second search can be checked as well.
    """
    if terms.num_left * terms.num_right > _FEW_PAIRS:
        how = (plain, threads, isa, on_progress, cancel)
        return ImplicitPairs(terms, constraints, coverage_first, taken, *how)
    i, j = np.indices((terms.num_left, terms.num_right)).reshape(2, -1)
    points = pair_points(terms, i, j, isa=isa)
    known = points != FORBIDDEN
    offset = np.searchsorted(i[known], np.arange(terms.num_left + 1))
    return StoredPairs(points[known], (offset, j[known]), constraints, coverage_first)


@dataclass
class ImplicitPairs:
    """
    What was asked of a graph that is never stored; see :class:`twinmatch.certify.theorem.Question`.

    Parameters
    ----------
    terms : PairTerms
    constraints : Constraints
    coverage_first : bool
    taken : (k, 2) int64
        The pairs of the assignment that is checked.
    plain, threads, isa, on_progress, cancel
        As for :func:`~twinmatch.certify.pruned.best_pass`.
    """

    terms: PairTerms
    constraints: Constraints
    coverage_first: bool
    taken: Int64
    plain: bool | None = None
    threads: int | None = None
    isa: str = "auto"
    on_progress: Callable[[int, int], object] | None = None
    cancel: Cancel | None = None
    evaluated: int = 0
    extent: Extent = field(default=Extent(0))
    was_cancelled: bool = False

    @property
    def num_pairs(self) -> int:
        """Number of pairs, admissible or not."""
        return self.terms.num_left * self.terms.num_right

    @property
    def largest(self) -> int:
        """No pair has more points in absolute value."""
        lowest = int(self.terms.table[self.terms.table != FORBIDDEN].min(initial=0))
        return max(self.terms.max_points, -lowest)

    def points(self, i: Int64, j: Int64) -> tuple[Int64, int]:
        """Return the points of the pairs that are admissible, and how many are not."""
        points = pair_points(self.terms, i, j, isa=self.isa)
        known = points != FORBIDDEN
        return points[known], int((~known).sum())

    def surplus(self, worth: Worth) -> tuple[Int64, int]:
        """Return left prices at which no pair of the pass pays, and what the other pairs add."""
        if worth.scale not in (0, 1):
            raise ValueError("prices of implicit pairs are whole points")
        apart = self._apart()
        price = worth.right + worth.group.right
        lowest = int(price.min(initial=0))
        # Net values up to these raise no left price.
        floor = worth.left - worth.gain + worth.group.left + lowest
        swept, self.extent, _ = best_pass(
            self._priced(worth, apart),
            price - lowest,
            np.zeros(self.terms.num_left, bool),
            floor,
            plain=self.plain,
            threads=self.threads,
            isa=self.isa,
            on_progress=self.on_progress,
            cancel=self.cancel,
        )
        self.evaluated = max(self.evaluated, self.extent.evaluated)
        if swept is None:
            self.was_cancelled = True
            return worth.left, 0
        known = swept.best_net != NO_PARTNER
        best = np.where(known, swept.best_net - lowest, 0) + worth.gain - worth.group.left
        left = np.where(known, np.maximum(worth.left, best), worth.left)
        more = self._kept_low(worth, left, apart)
        i, j = apart.T
        net = worth._replace(left=left).net(i, j, pair_points(self.terms, i, j, isa=self.isa))
        must = self.constraints.locked
        width = self.terms.num_right
        is_locked = np.isin(i * width + j, must[:, 0] * width + must[:, 1])
        return left, exact_sum(np.where(is_locked, net, np.maximum(net, 0))) + more

    def _kept_low(self, worth: Worth, left: Int64, apart: Int64) -> int:
        """
        Lower prices of left nodes with several partners again where that proves more.

        Changes ``left``; returns what the pairs of these nodes are worth beyond their prices.
        """
        limits, width, total = self.constraints, self.terms.num_right, 0
        raised = np.flatnonzero((limits.left_most > 1) & (left > worth.left))
        for i in raised[: _SEVERAL_PAIRS // max(1, width)].tolist():
            mine = apart[apart[:, 0] == i, 1]
            j = np.setdiff1d(np.arange(width), mine)
            points = pair_points(self.terms, np.full(len(j), i), j, isa=self.isa)
            j, points = j[points != FORBIDDEN], points[points != FORBIDDEN]
            beyond = exact_sum(np.maximum(worth.net(np.full(len(j), i), j, points), 0))
            low, high = int(limits.left_least[i]), int(limits.left_most[i])
            prices = int(worth.left[i]), int(left[i])
            before, after = (left_term(price, int(worth.gain[i]), low, high) for price in prices)
            # At the lower price, each pair apart may be worth as much more.
            if before + beyond + len(mine) * (prices[1] - prices[0]) < after:
                left[i] = prices[0]
                total += beyond
        return total

    def all_pairs(self) -> tuple[Int64, Int64, Int64]:
        """Refuse: so many pairs are not written down."""
        raise ResourceLimitError(f"{self.num_pairs:,} pairs are too many for a second search")

    def _apart(self) -> Int64:
        """Return the admissible pairs that are counted one by one, each once."""
        several = self.constraints.left_most > 1
        mine = np.concatenate([self.constraints.locked, self.taken[several[self.taken[:, 0]]]])
        mine = np.unique(mine, axis=0)
        known: Int64 = mine[pair_points(self.terms, *mine.T, isa=self.isa) != FORBIDDEN]
        return known

    def _priced(self, worth: Worth, apart: Int64) -> PairTerms:
        """Return the terms less the prices of groups, without the pairs that are counted apart."""
        terms, group = self.terms, worth.group
        if worth.scale == 0:
            nothing = np.where(terms.table == FORBIDDEN, FORBIDDEN, 0).astype(np.int32)
            terms = PairTerms(terms.left_class, terms.right_class, nothing, banned=terms.banned)
        if int(np.abs(group.table).max(initial=0)) > _MOST_PRICE:
            raise ValueError("prices of quotas are too large")
        if terms.curve is not None and group.table.any():
            raise ValueError("prices of quotas on both sides do not go together with a curve")
        finer = refined(terms, group.left_kind, group.right_kind)
        banned = np.unique(np.concatenate([terms.banned, apart]), axis=0)
        return replace(finer.terms, table=finer.less(group.table), banned=banned)
