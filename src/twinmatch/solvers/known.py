"""
The pairs that a network knows, and the search for others that should join them.

Where pairs are stored all are known. Where they are not, lists of the best ones are, and after each change of
prices one asks whether any other pair is worth more than its prices. Prices that were once proven to be right
for everybody else save most of that: only nodes that have become cheaper since can have gained a partner, so
only their rows and columns are searched.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from twinmatch.solvers.keys import merged, without

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints
    from twinmatch.graph.explicit import ExplicitGraph
    from twinmatch.graph.scored import ScoredGraph
    from twinmatch.solvers.control import Control

    Int64 = npt.NDArray[np.int64]

__all__ = ["Implicit", "Known", "Stored"]

#: Partners in the first lists, most that join in a round; longer lists are so many times as long.
LISTED, JOINING, LONGER = 16, 16, 8
#: What those pay at least who have no partner to pay for.
NOTHING = -(2**40)


class Known(Protocol):
    """
    Pairs as numbers ``left * num_right + right``, sorted.

    Attributes
    ----------
    keys : (num_pairs,) int64
    points : (num_pairs,) int64
    """

    keys: Int64
    points: Int64

    def join(self, keys: Int64) -> None:
        """Take more pairs in."""

    def lengthen(self) -> bool:
        """Take many more pairs in; return whether there could be any."""

    def outside(self, left: Int64, right: Int64) -> Int64:
        """Return pairs that are not known and worth more than these prices; none only if there are none."""


class Stored:
    """
    All pairs are known.

    Parameters
    ----------
    graph : ExplicitGraph
    """

    def __init__(self, graph: ExplicitGraph) -> None:
        i, j, self.points = graph.pairs()
        self.keys: Int64 = i * graph.num_right + j

    def join(self, keys: Int64) -> None:
        """Know them already."""

    def lengthen(self) -> bool:
        """Return False."""
        return False

    def outside(self, left: Int64, right: Int64) -> Int64:
        """Return none."""
        return self.keys[:0]


class Implicit:
    """
    Lists that grow.

    Parameters
    ----------
    graph : ScoredGraph
    limits : Constraints
    held : (k, 2) int64
        An assignment, whose pairs are known from the start.
    price : (num_right,) int64
        Prices of places, quotas included, at which the first lists are drawn.
    control : Control
    """

    def __init__(
        self, graph: ScoredGraph, limits: Constraints, held: Int64, price: Int64, control: Control
    ) -> None:
        self.graph, self.control, self.price = graph, control, price
        self.may_left, self.may_right = limits.left_most > 0, limits.right_most > 0
        self.width, self.length = graph.num_right, LISTED
        rows = np.arange(graph.num_left)
        found, net = self._search(rows, price, LISTED)
        self.keys = merged(held @ np.array([self.width, 1]), found)
        self.points = graph.core.points(*np.divmod(self.keys, self.width))
        # Where everybody pays for the best that there is, nothing is worth more than its prices.
        best = np.full(graph.num_left, NOTHING)
        np.maximum.at(best, found // self.width, net)
        self.proven = [(best, price)]

    def join(self, keys: Int64) -> None:
        """Take more pairs in."""
        new = without(keys, self.keys)
        at = np.searchsorted(self.keys, new)
        self.keys = np.insert(self.keys, at, new)
        self.points = np.insert(self.points, at, self.graph.core.points(*np.divmod(new, self.width)))

    def lengthen(self) -> bool:
        """Take many more pairs in; return whether there could be any."""
        if self.length >= self.width:
            return False
        self.length = min(self.width, self.length * LONGER)
        self.join(self._search(np.arange(self.graph.num_left), self.price, self.length)[0])
        return True

    def outside(self, left: Int64, right: Int64) -> Int64:
        """Return pairs that are not known and worth more than these prices; none only if there are none."""
        rows, columns = min(
            (self._cheaper(left, right, *before) for before in self.proven),
            key=lambda some: len(some[0]) + len(some[1]),
        )
        if len(rows) + len(columns) > self.graph.num_left:
            rows, columns = np.flatnonzero(self.may_left), columns[:0]
        # Pairs that are used may be worth more than their prices: a list must reach beyond them.
        i, j = np.divmod(self.keys, self.width)
        over = self.points > left[i] + right[j]
        found = [self.keys[:0]]
        if len(rows):
            k = JOINING + int(np.bincount(i[over]).max(initial=0))
            price = np.where(self.may_right, right, self._out_of_reach(left[rows]))
            found.append(self._search(rows, price, k, left)[0])
        if len(columns):
            k = JOINING + int(np.bincount(j[over]).max(initial=0))
            price = np.where(self.may_left, left, self._out_of_reach(right[columns]))
            found.append(self._search(columns, price, k, right, turned=True)[0])
        new = without(np.concatenate(found), self.keys)
        if not len(new):
            self.proven = [self.proven[0], (left, right)]
        return new

    def _out_of_reach(self, other: Int64) -> int:
        """Return a price that nobody pays besides theirs."""
        return self.graph.terms.max_points - int(other.min())

    def _cheaper(
        self, left: Int64, right: Int64, left_before: Int64, right_before: Int64
    ) -> tuple[Int64, Int64]:
        """Return the rows and columns that cost less than before."""
        return (
            np.flatnonzero((left < left_before) & self.may_left),
            np.flatnonzero((right < right_before) & self.may_right),
        )

    def _search(
        self, some: Int64, price: Int64, k: int, above: Int64 | None = None, *, turned: bool = False
    ) -> tuple[Int64, Int64]:
        """Return the best pairs of some rows (or columns), those worth more than their price in ``above``."""
        core = self.graph.core_transposed if turned else self.graph.core
        asked = np.ascontiguousarray(some, np.int32)
        least = None if above is None else np.ascontiguousarray(above[some])
        item, points, number, _ = self.control.run(
            "search", partial(core.search, asked, k, price, self.control.threads, least)
        )
        item, points = item.reshape(-1, k).astype(np.int64), points.reshape(-1, k)
        inside = np.arange(k)[None, :] < number[:, None]
        row, other = np.broadcast_to(some[:, None], item.shape)[inside], item[inside]
        key: Int64 = other * self.width + row if turned else row * self.width + other
        return key, points[inside] - price[other]
