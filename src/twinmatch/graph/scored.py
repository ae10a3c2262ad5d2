"""
An implicit graph whose points are evaluated on the fly and searched through a tree.

The tree, its bounds and the loops are compiled (``cpp/core/tree.hpp`` tells how they work). This
module hands them the arrays of :class:`~twinmatch.graph.terms.PairTerms` and gives back NumPy.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import _core
from twinmatch.graph.alone import Alone
from twinmatch.graph.singles import contains
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.lazily import lazily
from twinmatch.threads import number_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.arrays import Index, Int64
    from twinmatch.graph.singles import Bonus
    from twinmatch.graph.terms import PairTerms

__all__ = ["NO_PARTNER", "Best", "ScoredGraph"]

NO_PARTNER: int = _core.NO_VALUE
"""The net value of a node that has no admissible partner."""


class Best(NamedTuple):
    """
    The best partners of one left node.

    Attributes
    ----------
    right : (k',) int64
        The partners, best first; equal net values in the order of their index.
    net : (k',) int64
        Points minus price of each.
    bound : int
        No admissible partner outside the list has a larger net value; ``NO_PARTNER`` where the list
        is shorter than what was asked for, so that there is none outside.
    """

    right: Int64
    net: Int64
    bound: int


class ScoredGraph(Alone):
    """
    An implicit graph searched through a tree.

    Parameters
    ----------
    terms : PairTerms
        What pairs are worth; without calls.
    right_capacity : (num_right,) int64 or None
        Places of each right node; None means 1 each.
    isa : str
        Instruction set of the loops: ``"auto"``, ``"avx512"``, ``"avx2"`` or ``"portable"``. All return
        the same bytes.

    Notes
    -----
    Memory is linear in the number of nodes. The tree is built when it is first needed, in
    ``O(num_right log num_right)``. Threads may share a graph: one that comes while another uses it gets a
    tree of its own.
    """

    def __init__(
        self, terms: PairTerms, right_capacity: npt.ArrayLike | None = None, *, isa: str = "auto"
    ) -> None:
        self.terms = terms
        self.isa = isa
        capacity = np.ones(terms.num_right, np.int64) if right_capacity is None else right_capacity
        self.right_capacity: Int64 = np.asarray(capacity, np.int64)

    @property
    def num_left(self) -> int:
        """Number of left nodes."""
        return self.terms.num_left

    @property
    def num_right(self) -> int:
        """Number of right nodes."""
        return self.terms.num_right

    @lazily
    def core(self) -> _core.Graph:
        """The compiled graph: its tree stands over the right nodes."""
        return _compiled(self.terms, self.isa)

    @lazily
    def core_transposed(self) -> _core.Graph:
        """The compiled graph with its sides exchanged: its tree stands over the left nodes."""
        return _compiled(self.terms.transposed(), self.isa)

    def with_curve(self, curve: npt.NDArray[np.int32] | None) -> ScoredGraph:
        """
        Return the graph whose pairs count for an entry of a curve instead of their points.

        Parameters
        ----------
        curve : (k,) int32 or None
            What 0, 1, ... points count for: at least 0, never less for more; beyond the last entry, as much
            as the last. None: points count for themselves.
        """
        return ScoredGraph(replace(self.terms, curve=curve), self.right_capacity, isa=self.isa)

    def orders(self) -> tuple[Int64, Int64]:
        """Return the left and the right nodes in the order of the trees, which puts like beside like."""
        with self.alone() as own:
            return own.core_transposed.order.astype(np.int64), own.core.order.astype(np.int64)

    def part(self, left: Int64, right: Int64) -> ScoredGraph:
        """Return the graph of some of its nodes; the graph itself where that is all of them."""
        if len(left) == self.num_left and len(right) == self.num_right:
            return self
        return ScoredGraph(self.terms.take(left, right), self.right_capacity[right], isa=self.isa)

    def places_first(self, left: Int64, right: Int64, place: Int64) -> ScoredGraph:
        """Return a part with sides exchanged: each ``place`` names a row of ``right``."""
        return ScoredGraph(_repeat_left(self.terms.take(left, right).transposed(), place), isa=self.isa)

    def points(self, i: Index | int, j: Index | int) -> Int64:
        """
        Return the points of the pairs, ``FORBIDDEN`` where a pair is not admissible.

        Parameters
        ----------
        i, j : int or int arrays
            Left and right nodes, broadcast against each other.

        Returns
        -------
        int64 array
            Of the broadcast shape.

        Raises
        ------
        IndexError
            If a node is not in the graph.
        """
        left, right = np.broadcast_arrays(np.asarray(i, np.int64), np.asarray(j, np.int64))
        with self.alone() as own:
            found = own.core.points(np.ascontiguousarray(left.ravel()), np.ascontiguousarray(right.ravel()))
        return np.where(found == NO_PARTNER, FORBIDDEN, found).reshape(left.shape)

    def best(self, i: int, k: int, right_price: npt.ArrayLike | None = None) -> Best:
        """
        Return the ``k`` best partners of a left node under prices, exactly.

        Parameters
        ----------
        i : int
        k : int
            At least 1.
        right_price : (num_right,) int64, optional
            0 without it.

        Notes
        -----
        Of partners tied with the last one kept, those of the lowest index are kept.
        """
        right, net, bound = self.best_lists(np.array([i], np.int32), k, right_price)
        kept = right[0] >= 0
        order = np.lexsort((right[0][kept], -net[0][kept]))
        return Best(right[0][kept][order].astype(np.int64), net[0][kept][order], int(bound[0]))

    def best_lists(
        self,
        rows: Index,
        k: int,
        right_price: npt.ArrayLike | None = None,
        *,
        threads: int | None = None,
    ) -> tuple[npt.NDArray[np.int32], Int64, Int64]:
        """
        Return the ``k`` best partners of several left nodes under prices.

        Parameters
        ----------
        rows : (r,) int
        k : int
            At least 1.
        right_price : (num_right,) int64, optional
            0 without it.
        threads : int, optional
            As many as this process has cores.

        Returns
        -------
        right : (r, k) int32
            In no order, padded with -1.
        net : (r, k) int64
            Padded with ``NO_PARTNER``.
        bound : (r,) int64
            As in :class:`Best`.
        """
        price = self._prices(right_price)
        asked = np.ascontiguousarray(rows, np.int32)
        with self.alone() as own:
            right, points, number, bound = own.core.search(asked, k, price, number_of(threads))
        right, points = right.reshape(-1, k), points.reshape(-1, k)
        inside = np.arange(k)[None, :] < number[:, None]
        net = np.full(points.shape, NO_PARTNER, np.int64)
        net[inside] = points[inside] - price[right[inside]]
        return np.where(inside, right, -1), net, bound

    def scan(self, right_price: npt.ArrayLike | None = None, *, threads: int | None = None) -> Int64:
        """
        Return the best net value of every left node by a full pass over all admissible classes.

        Parameters
        ----------
        right_price : (num_right,) int64, optional
            0 without it.
        threads : int, optional
            As many as this process has cores.

        Returns
        -------
        (num_left,) int64
            ``NO_PARTNER`` where a node has no admissible partner.
        """
        with self.alone() as own:
            return own.core.scan(self._prices(right_price), number_of(threads))

    def _prices(self, right_price: npt.ArrayLike | None) -> Int64:
        if right_price is None:
            return np.zeros(self.num_right, np.int64)
        return np.ascontiguousarray(right_price, np.int64)


def _repeat_left(terms: PairTerms, source: Int64) -> PairTerms:
    """Return the terms with left node ``source[i]`` standing as left node ``i``, repeats allowed."""
    if len(source) == terms.num_left:
        return terms
    bans = terms.banned
    copies = [np.stack([np.flatnonzero(source == i), np.full((source == i).sum(), j)], 1) for i, j in bans]
    distance, dot = terms.distance, terms.dot
    return replace(
        terms,
        left_class=terms.left_class[source],
        linears=tuple(c._replace(left=c.left[source]) for c in terms.linears),
        distance=distance and distance._replace(left=np.ascontiguousarray(distance.left[:, source])),
        tags=tuple(c._replace(left=c.left[source]) for c in terms.tags),
        dot=dot and dot._replace(left=dot.left[source]),
        banned=np.unique(np.concatenate(copies), axis=0) if copies else bans,
        bonus=terms.bonus.repeated(source),
    )


def _compiled(terms: PairTerms, isa: str) -> _core.Graph:
    bans = rows_of(terms.banned, terms.num_left)
    linears = [(c.left, c.right, c.top, c.cap) for c in terms.linears]
    tags = [(c.left, c.right, c.each, c.cap) for c in terms.tags]
    distance = dot = None
    if terms.distance is not None:
        d = terms.distance
        distance = (d.left, d.right, float(d.top), float(d.slope), float(d.centre), float(d.cap))
    if terms.dot is not None:
        v = terms.dot
        dot = (v.left, v.right, v.offset, v.gain, v.shift, v.cap)
    return _core.Graph(
        terms.left_class,
        terms.right_class,
        terms.table,
        linears,
        distance,
        tags,
        dot,
        *bans,
        as_rows(terms.bonus, terms),
        terms.curve,
        isa,
    )


def as_rows(
    bonus: Bonus, terms: PairTerms
) -> tuple[Int64, npt.NDArray[np.int32], npt.NDArray[np.int32]] | None:
    """Return pairs with a bonus as rows, without those that are banned; None without any."""
    banned = terms.banned[:, 0] * terms.num_right + terms.banned[:, 1]
    kept = ~contains(banned, bonus.pairs[:, 0] * terms.num_right + bonus.pairs[:, 1])
    offset, item = rows_of(bonus.pairs[kept], terms.num_left)
    return None if offset is None or item is None else (offset, item, bonus.points[kept])


def rows_of(pairs: Int64, num_left: int) -> tuple[Int64 | None, npt.NDArray[np.int32] | None]:
    """Return sorted pairs as rows: where each begins, and the right nodes; None without any."""
    if not len(pairs):
        return None, None
    offset = np.searchsorted(pairs[:, 0], np.arange(num_left + 1)).astype(np.int64)
    return offset, np.ascontiguousarray(pairs[:, 1], np.int32)
