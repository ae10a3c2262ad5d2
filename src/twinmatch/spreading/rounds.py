"""
Rounds: the large searches of a run, cut in shards, asked, and put together.

Problem
    Prices stand still for a round. Each left node wants its best partners at these prices, and does not care
    about the others.
Idea
    The compiled solver hands over a search as soon as it has many rows (``cpp/core/spread.hpp``). The rows go
    to the shards that they are in; answers come back in the order of the shards and are laid back into that
    of the rows. Everything else happens here: bids, paths, and searches of a few rows, for which a message
    would take longer than the search.
Why it is right
    The answer to a question depends on nothing else: not on shards, workers, or the time that they take. So a
    run that is spread finds the same bytes as one that is not. Each answer carries what its best net values
    add up to, in whole numbers; what arrives has to add up to the same.
Quotas
    What they cost comes with the prices of right nodes, or in a table of classes that is sent with them. A
    shard remembers neither.
Sent per round
    To each shard, 4 bytes for each right node, 4 for each of its rows, and 4 more where not all are asked;
    4 for each entry of the table where quotas are on pairs. Back, 8 bytes for each partner listed, and 8 for
    each row. What is for all shards goes to a cluster, or into a file, once.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch import _core
from twinmatch.errors import ExecutorError
from twinmatch.log import logger
from twinmatch.spreading.packing import left_pack, right_pack
from twinmatch.spreading.shards import Question, Shard, best_total, search

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.scored import ScoredGraph
    from twinmatch.spreading.engines import Engine
    from twinmatch.spreading.shards import Answer

    Int32 = npt.NDArray[np.int32]

__all__ = ["LEAST_ROWS", "Rounds", "SpreadCore", "SpreadMarket", "cuts"]

#: A search of fewer rows than this is done here: some milliseconds of one core.
LEAST_ROWS = 4096
#: Shards for each worker, so that a slow one holds up nobody; and rows of a shard, at least.
SHARDS_EACH, LEAST_SHARD = 2, 512


def cuts(count: int, workers: int) -> npt.NDArray[np.int64]:
    """Return where shards of ``count`` rows begin, and the end of the last."""
    shards = max(1, min(SHARDS_EACH * workers, count // LEAST_SHARD))
    return np.linspace(0, count, shards + 1).astype(np.int64)


class Rounds:
    """
    The left nodes of a graph, in shards, and the searches of them that an executor does.

    Parameters
    ----------
    graph : ScoredGraph
    engine : Engine
        Its own, or one that lets go of everything at the end of the run.
    flag : (1,) uint8
        Raised where the run is to stop.

    Attributes
    ----------
    table : (left classes, right classes) int32 or None
        What is asked by now; None: the graph's own.
    """

    def __init__(self, graph: ScoredGraph, engine: Engine, flag: npt.NDArray[np.uint8]) -> None:
        self.graph, self._engine, self._flag = graph, engine, flag
        self.table: Int32 | None = None
        self._cuts = cuts(graph.num_left, engine.workers)
        self._handles: list[Any] = []

    def _look(self) -> None:
        if self._flag[0]:
            raise _core.Cancelled("cancelled")

    def ask(
        self, rows: Int32, k: int, floor: Int32, price: Int32, parts: int
    ) -> tuple[Int32, Int32, Int32, Int32]:
        """Return the lists of some rows, and their bounds, as ``cpp/core/bind_spread.cpp`` wants them."""
        if not self._handles:
            terms = self.graph.terms
            packs = (left_pack(terms, *ends) for ends in pairwise(self._cuts.tolist()))
            self._handles = self._engine.build(Shard, packs, right_pack(terms))
        shard = np.searchsorted(self._cuts, rows, side="right") - 1
        order = np.argsort(shard, kind="stable")
        ends = np.searchsorted(shard[order], np.arange(len(self._handles) + 1))
        asked = []
        for s, (first, last) in enumerate(pairwise(ends.tolist())):
            mine = rows[order[first:last]] - self._cuts[s].astype(np.int32)
            whole = last - first == self._cuts[s + 1] - self._cuts[s] and bool((np.diff(mine) > 0).all())
            if last > first:
                asked.append((self._handles[s], (None if whole else mine, floor[order[first:last]])))
        common = (k, price, parts) if self.table is None else (k, price, parts, self.table)
        answers = self._engine.ask(_search, asked, common, self._look)
        found = _joined(answers, price)
        logger.debug("round: %s rows, %s shards, %s partners", len(rows), len(asked), len(found[1]))
        return _laid_out(*found, order) if (np.diff(order) != 1).any() else found


class SpreadCore(_core.Spread):
    """
    The compiled graph of some rounds, which do its large searches.

    Nothing of the rounds knows of it, so that they, and the shards, go as soon as nobody searches any more.

    Parameters
    ----------
    rounds : Rounds
    """

    def __init__(self, rounds: Rounds) -> None:
        super().__init__(rounds.graph.core, rounds.ask, LEAST_ROWS)
        self._rounds = rounds

    def set_table(self, table: Int32) -> None:
        """Let points come from another table of the same classes, here and in the shards."""
        self._rounds.graph.core.set_table(table)
        self._rounds.table = table


class SpreadMarket:
    """
    A scored graph, as the engine sees it, whose large searches are done by an executor.

    Parameters
    ----------
    rounds : Rounds
        Markets of the same graph may share them, one after the other.
    """

    def __init__(self, rounds: Rounds) -> None:
        self.graph, self.core = rounds.graph, SpreadCore(rounds)

    @property
    def num_left(self) -> int:
        """Number of left nodes."""
        return self.graph.num_left

    @property
    def num_right(self) -> int:
        """Number of right nodes."""
        return self.graph.num_right

    @property
    def core_transposed(self) -> _core.Graph:
        """The compiled graph with its sides exchanged, which is searched here."""
        return self.graph.core_transposed


def _search(
    shard: Shard,
    rows: Int32 | None,
    floor: Int32,
    k: int,
    price: Int32,
    parts: int,
    table: Int32 | None = None,
) -> Answer:
    return search(shard, Question(rows, k, floor, price, parts, table))


def _joined(answers: list[Answer], price: Int32) -> tuple[Int32, Int32, Int32, Int32]:
    """Put answers one after the other, and see that they arrived as they were sent."""
    number, item, points, bound = (
        np.concatenate([getattr(answer, name) for answer in answers])
        for name in ("number", "item", "points", "bound")
    )
    total = sum(answer.total for answer in answers)
    is_whole = number.sum() == len(item) == len(points) and not ((item < 0) | (item >= len(price))).any()
    if not is_whole or best_total(number, item, points, price) != total:
        raise ExecutorError("the answer of a worker is not the one that it sent: its numbers do not add up")
    return number, item, points, bound


def _laid_out(
    number: Int32, item: Int32, points: Int32, bound: Int32, order: npt.NDArray[np.int64]
) -> tuple[Int32, Int32, Int32, Int32]:
    """Bring rows from the order in which they were asked back to their own."""
    back = np.argsort(order)
    first = np.cumsum(number) - number
    counts = number[back]
    begin = np.cumsum(counts) - counts
    at = np.arange(len(item)) - np.repeat(begin, counts) + np.repeat(first[back], counts)
    return counts, item[at], points[at], bound[back]
