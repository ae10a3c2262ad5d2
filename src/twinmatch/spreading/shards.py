"""
A shard: some left nodes with all right nodes, and what a worker is asked about them.

:func:`search` is a plain function of a shard and prices. The answer to a question depends on nothing else
(``cpp/core/tree.hpp``), so that a shard that was lost is made again, and asked again, anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinmatch import _core
from twinmatch.graph.scored import ScoredGraph
from twinmatch.lazily import lazily
from twinmatch.spreading.packing import unpacked

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.spreading.packing import Pack

    Int32 = npt.NDArray[np.int32]

__all__ = ["NOTHING", "Answer", "Question", "Shard", "best_total", "search"]

#: The bound of a list that hides nothing.
NOTHING = -(2**31)


class Question(NamedTuple):
    """
    What is asked of a shard.

    Attributes
    ----------
    rows : (r,) int32 or None
        Nodes of the shard, counted from its first; None for all of them.
    k : int
        Partners of each.
    floor : (r,) int32
        Only partners above it are wanted; ``NOTHING`` for any.
    price : (num_right,) int32
    parts : int
        Prices, floors, points and bounds are counted in so many parts of a point.
    table : (left classes, right classes) int32 or None
        What pairs are worth by their classes; None: what the shard came with.
    """

    rows: Int32 | None
    k: int
    floor: Int32
    price: Int32
    parts: int
    table: Int32 | None = None


class Answer(NamedTuple):
    """
    The best partners of some left nodes, row after row.

    Attributes
    ----------
    number : (r,) int32
        Partners of each row.
    item, points : (sum of number,) int32
        Right nodes, and the points with each.
    bound : (r,) int32
        No other partner has a larger net value; ``NOTHING``: there is none.
    total : int
        The best net values of the rows that have a partner, added up exactly.
    """

    number: Int32
    item: Int32
    points: Int32
    bound: Int32
    total: int


class Shard:
    """
    Some left nodes with all right nodes.

    Parameters
    ----------
    left, right : Pack
        It is pickled as these two, and plants its tree where it arrives.
    """

    def __init__(self, left: Pack, right: Pack) -> None:
        self.left, self.right = left, right
        self.has_heard_of_tables = False

    def __reduce__(self) -> tuple[Any, ...]:
        return Shard, (self.left, self.right)

    @lazily
    def graph(self) -> ScoredGraph:
        """The graph of its pairs."""
        return ScoredGraph(unpacked(self.left, self.right))


def search(shard: Shard, question: Question) -> Answer:
    """Return the best partners under prices of left nodes of a shard; see :class:`Question`."""
    rows, k, floor, price, parts, table = question
    if rows is None:
        rows = np.arange(shard.graph.num_left, dtype=np.int32)
    above = np.where(floor == NOTHING, _core.NO_VALUE, floor.astype(np.int64))
    shard.has_heard_of_tables |= table is not None
    with shard.graph.alone() as own:
        if shard.has_heard_of_tables:
            own.core.set_table(own.terms.table if table is None else table)
        item, points, number, bound = own.core.search(rows, k, price.astype(np.int64), 1, above, parts)
    listed = (np.arange(k) < number[:, None]).ravel()
    items, worth = item[listed], points[listed].astype(np.int32)
    bounds = np.where(bound == _core.NO_VALUE, NOTHING, bound).astype(np.int32)
    return Answer(number, items, worth, bounds, best_total(number, items, worth, price))


def best_total(number: Int32, item: Int32, points: Int32, price: Int32) -> int:
    """Return the best net values of the rows that have a partner, added up."""
    some = number[number > 0]
    if not len(some):
        return 0
    net = points.astype(np.int64) - price[item]
    best = np.maximum.reduceat(net, np.cumsum(some) - some)
    return int(best.sum())
