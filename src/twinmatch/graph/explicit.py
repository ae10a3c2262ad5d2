"""
A graph whose pairs somebody wrote down: a matrix, sorted lists of partners, a networkx graph.

The questions are those of every graph (:class:`~twinmatch.graph.scored.ScoredGraph` answers them for pairs
that are never stored). The compiled side is ``cpp/core/explicit.hpp``; what people hand in is checked
by :mod:`twinmatch.graph.entries`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from twinmatch import _core
from twinmatch.errors import ResourceLimitError
from twinmatch.graph import entries
from twinmatch.graph.alone import Alone
from twinmatch.graph.scored import NO_PARTNER, Best
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.lazily import lazily
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    import numpy.typing as npt

    from twinmatch.graph.arrays import Index, Int32, Int64
    from twinmatch.graph.called import CalledGraph

__all__ = ["MAX_STORED_PAIRS", "ExplicitGraph", "explicit_from_called"]

MAX_STORED_PAIRS = 50_000_000
"""Most pairs that a graph of called points is written down with."""

_BLOCK = 2**20


class ExplicitGraph(Alone):
    """
    A graph of stored pairs.

    Parameters
    ----------
    num_left, num_right : int
    points : (num_left, num_right) or (num_pairs,) integer array
        Whole points: a matrix, in which every pair is admissible, or one number per stored pair. Kept, not
        copied, where it is contiguous and of 32 or 64 bits.
    lists : (offset, item), optional
        With them, ``points`` has one dimension: left node ``i`` has the partners
        ``item[offset[i]:offset[i + 1]]``, increasing.
    right_capacity : (num_right,) int64, optional
        Places of each right node; 1 each without it.
    scale : int or float
        A power of two: stored points over ``scale`` are the points that were handed in.
    left_labels, right_labels : list, optional
        What the nodes are called, where they have names.
    """

    def __init__(
        self,
        num_left: int,
        num_right: int,
        points: npt.NDArray[Any],
        *,
        lists: tuple[npt.NDArray[Any], npt.NDArray[Any]] | None = None,
        right_capacity: npt.ArrayLike | None = None,
        scale: float = 1,
        left_labels: list[Hashable] | None = None,
        right_labels: list[Hashable] | None = None,
    ) -> None:
        self.num_left, self.num_right, self.scale = num_left, num_right, scale
        self.left_labels, self.right_labels = left_labels, right_labels
        capacity = np.ones(num_right, np.int64) if right_capacity is None else right_capacity
        self.right_capacity: Int64 = np.ascontiguousarray(capacity, np.int64)
        self.lists: tuple[Int64, Int32] | None = None
        if lists is None:
            kind = np.int32 if points.dtype == np.int32 else np.int64
            self.stored: npt.NDArray[Any] = np.ascontiguousarray(points, kind)
        else:
            self.stored = np.ascontiguousarray(points, np.int64)
            self.lists = (
                np.ascontiguousarray(lists[0], np.int64),
                np.ascontiguousarray(lists[1], np.int32),
            )

    # -- Reading -------------------------------------------------------------------------------------------

    @classmethod
    def from_dense(cls, points: npt.ArrayLike, right_capacity: npt.ArrayLike | None = None) -> ExplicitGraph:
        """
        Return the graph of a matrix: every pair is admissible.

        Raises
        ------
        PointsError
            If the matrix is masked, not of two dimensions, not of numbers, or not finite.
        PointsRangeError
            If points are too large for exact 64-bit arithmetic.
        """
        read = entries.read_dense(points)
        num_left, num_right = read.points.shape
        graph = cls(num_left, num_right, read.points, right_capacity=right_capacity, scale=read.scale)
        if read.extent is not None:
            graph.extent = read.extent
        return graph

    @classmethod
    def from_sparse(cls, points: object, right_capacity: npt.ArrayLike | None = None) -> ExplicitGraph:
        """
        Return the graph of a SciPy sparse array or matrix: what is stored is admissible, zeros included.

        Raises
        ------
        PointsError
            If a pair is stored twice or an entry is not finite.
        PointsRangeError
            If points are too large for exact 64-bit arithmetic.
        """
        read = entries.read_sparse(points)
        return cls(
            *read.shape,
            read.points,
            lists=(read.offset, read.item),
            right_capacity=right_capacity,
            scale=read.scale,
        )

    @classmethod
    def from_networkx(
        cls, graph: object, right_capacity: npt.ArrayLike | None = None, *, weight: str = "weight"
    ) -> ExplicitGraph:
        """
        Return the graph of a networkx graph whose nodes say by ``bipartite=0`` or ``1`` where they stand.

        Nodes are numbered in the order of the graph; ``left_labels`` and ``right_labels`` have their names.

        Raises
        ------
        PointsError
            If a node does not say where it stands, an edge has no weight or joins nodes of one side, or the
            graph is directed or has parallel edges.
        PointsRangeError
            If weights are too large for exact 64-bit arithmetic.
        """
        left, right, read = entries.read_networkx(graph, weight)
        return cls(
            *read.shape,
            read.points,
            lists=(read.offset, read.item),
            right_capacity=right_capacity,
            scale=read.scale,
            left_labels=left,
            right_labels=right,
        )

    # -- The questions of every graph ----------------------------------------------------------------------

    @property
    def is_dense(self) -> bool:
        """Whether every pair is admissible, and stored in a matrix."""
        return self.lists is None

    @property
    def num_pairs(self) -> int:
        """Number of stored pairs."""
        return int(self.stored.size)

    @lazily
    def core(self) -> _core.Lists | _core.NarrowMatrix | _core.WideMatrix:
        """The compiled graph."""
        return self.compiled()

    @lazily
    def core_transposed(self) -> _core.Searchable:
        """The compiled graph with its sides exchanged."""
        return self.core.transposed()

    def compiled(
        self, base: int = 0, isa: str = "auto"
    ) -> _core.Lists | _core.NarrowMatrix | _core.WideMatrix:
        """Return the compiled graph, with ``base`` taken off all points."""
        if self.lists is not None:
            return _core.Lists(*self.lists, self.stored, self.num_right, base)
        if self.stored.dtype == np.int32:
            return _core.NarrowMatrix(self.stored, base, isa)
        return _core.WideMatrix(self.stored, base, isa)

    def points(self, i: Index | int, j: Index | int) -> Int64:
        """
        Return the points of the pairs, ``NO_PARTNER`` where a pair is not admissible.

        Parameters
        ----------
        i, j : int or int arrays
            Left and right nodes, broadcast against each other.

        Raises
        ------
        IndexError
            If a node is not in the graph.
        """
        left, right = np.broadcast_arrays(np.asarray(i, np.int64), np.asarray(j, np.int64))
        with self.alone() as own:
            found = own.core.points(np.ascontiguousarray(left.ravel()), np.ascontiguousarray(right.ravel()))
        return found.reshape(left.shape)

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
        """
        price = self._prices(right_price)
        with self.alone() as own:
            item, points, number, bound = own.core.search(np.array([i], np.int32), k, price, 1)
        right, net = item[: number[0]].astype(np.int64), points[: number[0]] - price[item[: number[0]]]
        order = np.lexsort((right, -net))
        return Best(right[order], net[order], int(bound[0]))

    def scan(self, right_price: npt.ArrayLike | None = None, *, threads: int | None = None) -> Int64:
        """
        Return the best net value of every left node, ``NO_PARTNER`` where a node has no admissible partner.

        Parameters
        ----------
        right_price : (num_right,) int64, optional
            0 without it.
        threads : int, optional
            As many as this process has cores.
        """
        price = self._prices(right_price)
        rows = np.arange(self.num_left, dtype=np.int32)
        with self.alone() as own:
            item, points, number, _ = own.core.search(rows, 1, price, number_of(threads))
        found = number > 0
        net = np.full(self.num_left, NO_PARTNER, np.int64)
        net[found] = points[found] - price[item[found]]
        return net

    def _prices(self, right_price: npt.ArrayLike | None) -> Int64:
        if right_price is None:
            return np.zeros(self.num_right, np.int64)
        return np.ascontiguousarray(right_price, np.int64)

    # -- Other graphs from this one ------------------------------------------------------------------------

    def pairs(self) -> tuple[Int64, Int64, Int64]:
        """Return left node, right node and points of every stored pair, left nodes in order."""
        if self.lists is None:
            i, j = np.indices(self.stored.shape).reshape(2, -1)
            return i, j, self.stored.ravel().astype(np.int64)
        offset, item = self.lists
        return np.repeat(np.arange(self.num_left), np.diff(offset)), item.astype(np.int64), self.stored

    @lazily
    def extent(self) -> tuple[int, int]:
        """The least and the most points of a stored pair; (0, 0) without pairs."""
        if not self.stored.size:
            return 0, 0
        return int(self.stored.min()), int(self.stored.max())

    @lazily
    def degrees(self) -> tuple[Int64, Int64]:
        """Number of stored pairs of every left and of every right node."""
        if self.lists is None:
            return np.full(self.num_left, self.num_right), np.full(self.num_right, self.num_left)
        offset, item = self.lists
        return np.diff(offset), np.bincount(item, minlength=self.num_right)

    def transposed(self) -> ExplicitGraph:
        """Return the graph with its sides exchanged, one place per right node."""
        if self.lists is None:
            return ExplicitGraph(self.num_right, self.num_left, self.stored.T)
        offset, item = self.lists
        columns = csr_array((self.stored, item, offset), shape=(self.num_left, self.num_right)).tocsc()
        return ExplicitGraph(
            self.num_right, self.num_left, columns.data, lists=(columns.indptr, columns.indices)
        )

    def take(self, left: Index, right: Index) -> ExplicitGraph:
        """
        Return the graph of some nodes.

        Parameters
        ----------
        left : (n,) int
            In any order, repeats allowed.
        right : (m,) int
            Increasing.
        """
        capacity = self.right_capacity[right]
        if self.lists is None:
            return ExplicitGraph(
                len(left), len(right), self.stored[np.ix_(left, right)], right_capacity=capacity
            )
        offset, item = self.lists
        length = np.diff(offset)[left]
        ends = np.cumsum(length)
        source = np.arange(int(length.sum())) + np.repeat(offset[left] - (ends - length), length)
        number = np.full(self.num_right, -1, np.int32)
        number[right] = np.arange(len(right), dtype=np.int32)
        renamed = number[item[source]]
        kept = renamed >= 0
        row = np.repeat(np.arange(len(left)), length)[kept]
        return _from_rows(len(left), len(right), row, renamed[kept], self.stored[source[kept]], capacity)

    def keep(self, pairs: npt.NDArray[np.bool_]) -> ExplicitGraph:
        """Return the graph of some pairs: one flag per stored pair, in the order of :meth:`pairs`."""
        i, j, points = self.pairs()
        return _from_rows(
            self.num_left, self.num_right, i[pairs], j[pairs], points[pairs], self.right_capacity
        )


def _from_rows(
    num_left: int, num_right: int, row: Int64, item: npt.NDArray[Any], points: Int64, capacity: Int64
) -> ExplicitGraph:
    """Return the graph of pairs that are sorted already."""
    offset = np.searchsorted(row, np.arange(num_left + 1))
    return ExplicitGraph(num_left, num_right, points, lists=(offset, item), right_capacity=capacity)


def explicit_from_called(graph: CalledGraph) -> ExplicitGraph:
    """
    Write down a graph whose points come from a function: each pair is asked about once.

    Raises
    ------
    ResourceLimitError
        If there are more than ``MAX_STORED_PAIRS`` pairs.
    """
    size = graph.num_left * graph.num_right
    if size > MAX_STORED_PAIRS:
        raise ResourceLimitError(
            f"{size:,} pairs with points from a function do not fit the memory planned for them "
            f"({MAX_STORED_PAIRS:,} pairs)"
        )
    whole = np.empty((graph.num_left, graph.num_right), np.int64)
    columns = np.arange(graph.num_right)[None, :]
    step = max(1, _BLOCK // max(1, graph.num_right))
    for first in range(0, graph.num_left, step):
        rows = np.arange(first, min(first + step, graph.num_left))[:, None]
        whole[first : first + len(rows)] = graph.points(rows, columns)
    admissible = whole != FORBIDDEN
    if admissible.all():
        return ExplicitGraph(*whole.shape, whole, right_capacity=graph.right_capacity)
    i, j = np.nonzero(admissible)
    return _from_rows(*whole.shape, i, j, whole[admissible], graph.right_capacity)
