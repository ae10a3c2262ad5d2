r"""
The composition that a skilled user would write from parts that exist.

Problem
    Pair schools under a policy, coverage first, then points, with too many pairs to store them.
Idea
    Column generation by hand. Keep a list of good partners for each left node, let OR-tools solve the flow
    on the lists, recover prices from the matching, and look at all pairs under these prices: one that is
    worth more than its left node earns is missing from the lists. Add what is missing and start again. When
    nothing is missing, the matching is optimal over all pairs.
Prices
    OR-tools returns none. Let left node ``i`` earn ``own_i``: the points of its pair, or less than anything
    when it stays out. The smallest prices ``p >= 0`` with ``s_ij - p_j <= own_i - p_mate(i)`` on the lists
    are the longest paths of Bellman and Ford; sweeps over all listed pairs find them. They exist because
    the flow is optimal on the lists, and for the same reason a right node with a free place keeps the price
    0.
Why it is right when it stops
    ``u_i = own_i - p_mate(i)`` and ``p`` are then feasible dual numbers over all pairs, complementary to
    the matching. A last full pass says so once more.
Coverage
    Staying out costs sixteen times what a pair can be worth. That is not beyond doubt enough to put coverage
    first, but once nobody stays out there is no doubt left, a flow is found in half the time that a safe cost
    takes, and prices stay in the range that searches know.
Cost
    A full search and a flow from scratch each round; prices cost as many sweeps as the longest path has
    arcs.
Traps
    Lists that are good at price 0 name the same few partners for thousands of neighbours. Under recovered
    prices the missing pairs of a left node that stays out are partners that nobody contests, so lists do
    grow where they must, but a round at a time, and Bellman's paths get as long as the queues for contested
    partners.
Two ways to search
    ``with_numpy`` scores blocks of pairs and partitions them, kind of school by kind of school, on two
    threads: what one writes without twinmatch's search. ``with_our_search`` borrows the graph's own
    best-partner search and full pass, the fastest that there is: what is left is the price of composing
    parts.
Book
    D. P. Bertsekas, Network Optimization: Continuous and Discrete Models, 1998, for flows and their prices.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from benchmarks.instances import Market
from benchmarks.peers.question import NotRun, Pairs, compiled
from benchmarks.peers.stored import flow
from twinmatch.graph.formulas import ARC_C1, ARC_C2, ARC_C3, ARC_SCALE
from twinmatch.graph.terms import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from benchmarks.instances import Lists, Matrix
    from benchmarks.process import Timer
    from twinmatch.graph.formulas import DistanceColumns
    from twinmatch.graph.scored import ScoredGraph

    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]

__all__ = ["compose", "recovered_prices", "with_numpy", "with_our_search"]

FIRST = 32  # partners in the first lists
MORE = 16  # partners that are added at most, for each left node and round
THREADS = 2
LEAST = np.iinfo(np.int64).min  # the net value of nobody
NONE = np.iinfo(np.int32).min  # the same where 32 bits do
OUT = 16  # what staying out costs, in pairs of the most points


class Found(NamedTuple):
    """Best partners under prices: right nodes, -1 where there are no more, and net values."""

    right: Int64
    net: Int64


class Search(Protocol):
    """Exact looks at all pairs."""

    def best(self, k: int, price: Int64) -> Found:
        """Return the ``k`` best partners of every left node."""

    def most(self, price: Int64) -> Int64:
        """Return the best net value of every left node, by a look at every admissible pair."""


def with_our_search(
    built: Market | Matrix | Lists, timer: Timer, tell: Callable[[str], object]
) -> npt.NDArray[np.int64]:
    """Compose, with best partners from the graph's tree and a check by the graph's full pass."""
    market = _schools(built)
    with timer():
        graph = compiled(market)
        return compose(graph, OurSearch(graph), tell)


def with_numpy(
    built: Market | Matrix | Lists, timer: Timer, tell: Callable[[str], object]
) -> npt.NDArray[np.int64]:
    """Compose, with best partners from blocks of scored pairs."""
    market = _schools(built)
    with timer():
        graph = compiled(market)
        return compose(graph, NumpySearch(graph), tell)


def _schools(built: Market | Matrix | Lists) -> Market:
    if not isinstance(built, Market):
        raise NotRun("made for schools")
    return built


def compose(graph: ScoredGraph, search: Search, tell: Callable[[str], object]) -> Int64:
    """
    Return a matching that is optimal over all pairs.

    Parameters
    ----------
    graph : ScoredGraph
    search : Search
    tell : callable
        Told in a sentence how far it has come, before each long step.
    """
    n, m = graph.num_left, graph.num_right
    price = np.zeros(m, np.int64)
    tell("in its first lists")
    tail, head, _ = _listed(search.best(FIRST, price), np.full(n, LEAST))
    keys = np.unique(tail * m + head)
    done, state = 0, ""
    while True:
        tail, head = keys // m, keys % m
        points = graph.points(tail, head)
        nothing = OUT * (int(np.abs(points).max(initial=0)) + 1)
        so_far = f"after {rounds(done)}" + (f", {state}" if state else "")
        tell(f"{so_far}: in a flow on {len(keys):,} pairs")
        pairs = Pairs(
            tail.astype(np.int32), head.astype(np.int32), points, n, m, graph.right_capacity, nothing
        )
        mate = flow(pairs)
        tell(f"{so_far}: in prices")
        price, earned = recovered_prices(pairs, mate)
        tell(f"{so_far}: in a search of all pairs")
        tail, head, gain = _listed(search.best(MORE, price), earned)
        missing = np.setdiff1d(tail * m + head, keys)
        if len(missing) == 0:
            tell(f"{so_far}: in the last full pass")
            if (search.most(price) > earned).any():
                raise RuntimeError("the full pass refuses what the search accepts")
            doubt = "" if (mate >= 0).all() else ", coverage not proven"
            tell(f"{rounds(done + 1)}, {len(keys):,} pairs in lists{doubt}")
            return mate
        keys = np.union1d(keys, missing)
        done += 1
        out = int((mate < 0).sum())
        state = f"{out:,} schools out, {len(missing):,} pairs missing"
        if not out:
            lost = np.zeros(n, np.int64)
            np.maximum.at(lost, tail, gain)
            state += f", gap {lost.sum() / max(1, _value(pairs, mate)):.0e}"


def rounds(number: int) -> str:
    """Return a number of rounds in words."""
    return f"{number} round{'' if number == 1 else 's'}"


def _value(pairs: Pairs, mate: Int64) -> int:
    """Return the points of a matching on the lists."""
    return int(pairs.points[mate[pairs.tail] == pairs.head].sum())


def _listed(found: Found, above: Int64) -> tuple[Int64, Int64, Int64]:
    """Return pairs that are worth more to their left node than ``above``, and how much more."""
    inside = (found.right >= 0) & (found.net > above[:, None])
    tail, column = np.nonzero(inside)
    right, net = found.right[tail, column], found.net[tail, column]
    return tail, right, np.where(above[tail] == LEAST, 0, net - above[tail])


def recovered_prices(pairs: Pairs, mate: Int64) -> tuple[Int64, Int64]:
    """
    Return the smallest prices that prove a matching optimal on its lists, and what left nodes earn.

    Parameters
    ----------
    pairs : Pairs
    mate : (num_left,) int64
        Optimal on the lists.

    Returns
    -------
    price : (num_right,) int64
    earned : (num_left,) int64

    Raises
    ------
    RuntimeError
        If the matching is not optimal on its lists.
    """

    def paid(price: Int64) -> Int64:
        return np.append(price, 0)[mate]  # -1, no partner, finds the 0

    own = np.full(pairs.num_left, -(pairs.nothing or 0), np.int64)
    at = mate[pairs.tail] == pairs.head
    own[pairs.tail[at]] = pairs.points[at]
    order = np.argsort(pairs.head, kind="stable")
    tail, head = pairs.tail[order], pairs.head[order]
    lead = pairs.points[order] - own[tail]
    starts = np.flatnonzero(np.r_[True, np.diff(head) != 0]) if len(head) else np.zeros(0, np.int64)
    listed = head[starts]
    used = np.bincount(mate[mate >= 0], minlength=pairs.num_right)
    free = used < pairs.capacity
    price = np.zeros(pairs.num_right, np.int64)
    while len(listed):
        wanted = np.maximum(np.maximum.reduceat(lead + paid(price)[tail], starts), price[listed])
        if (wanted[free[listed]] > 0).any():
            raise RuntimeError("the matching is not optimal on its lists")
        if (wanted == price[listed]).all():
            break
        price[listed] = wanted
    return price, own - paid(price)


class OurSearch:
    """The graph's own search through its tree, and its own full pass."""

    def __init__(self, graph: ScoredGraph) -> None:
        self._graph = graph

    def best(self, k: int, price: Int64) -> Found:
        """Return the ``k`` best partners of every left node."""
        everybody = np.arange(self._graph.num_left, dtype=np.int32)
        right, net, _ = self._graph.best_lists(everybody, k, price, threads=THREADS)
        return Found(right.astype(np.int64), net)

    def most(self, price: Int64) -> Int64:
        """Return the best net value of every left node."""
        return self._graph.scan(price, threads=THREADS)


class NumpySearch:
    """
    Blocks of pairs, scored and partitioned by NumPy.

    A block has left nodes of one class, so that rules and the table are one row for all of them, and is small
    enough for the cache. Numeric columns are scored in place, in 32 bits and in the order of operations that
    ``twinmatch/graph/terms.py`` lays down, since the last digit counts. Terms that ready policies do not use
    are scored by the graph.
    """

    BLOCK = 2**17  # pairs at once, for each thread

    def __init__(self, graph: ScoredGraph) -> None:
        self._graph = graph
        terms = graph.terms
        self._plain = not (terms.tags or terms.dot or terms.calls or len(terms.banned))

    def best(self, k: int, price: Int64) -> Found:
        """Return the ``k`` best partners of every left node."""
        shape = (self._graph.num_left, k)
        found = Found(np.full(shape, -1, np.int64), np.full(shape, LEAST))

        def block(left: Int64, right: Int64, net: Int32) -> None:
            kept = min(k, len(right))
            top = np.argpartition(net, len(right) - kept, axis=1)[:, len(right) - kept :]
            value = np.take_along_axis(net, top, axis=1).astype(np.int64)
            found.right[left, :kept] = np.where(value == NONE, -1, right[top])
            found.net[left, :kept] = np.where(value == NONE, LEAST, value)

        self._everywhere(price, block)
        return found

    def most(self, price: Int64) -> Int64:
        """Return the best net value of every left node."""
        best = np.full(self._graph.num_left, LEAST)

        def block(left: Int64, right: Int64, net: Int32) -> None:
            value = net.max(axis=1).astype(np.int64)
            best[left] = np.where(value == NONE, LEAST, value)

        self._everywhere(price, block)
        return best

    def _scorer(self, kind: int, right: Int64, price: Int64) -> Callable[[Int64], Int32]:
        """Return what scores left nodes of a class: points less prices, ``NONE`` for forbidden pairs."""
        terms = self._graph.terms
        paid = price[right].astype(np.int32)

        def asked(left: Int64) -> Int32:
            points = self._graph.points(left[:, None], right[None, :])
            return np.where(points == FORBIDDEN, NONE, points - paid).astype(np.int32)

        if not self._plain:
            return asked
        row = terms.table[kind][terms.right_class[right]] - paid
        linears = [column._replace(right=column.right[right]) for column in terms.linears]
        distance = terms.distance
        if distance is not None:
            distance = distance._replace(right=distance.right[:, right])

        def scored(left: Int64) -> Int32:
            net = np.repeat(row[None, :], len(left), axis=0)
            for column in linears:
                near = column.left[left][:, None] - column.right[None, :]
                np.abs(near, out=near)
                np.subtract(np.int32(column.top), near, out=near)
                net += np.clip(near, np.int32(0), np.int32(column.cap), out=near)
            if distance is not None:
                net += _distances(distance, left)
            return net

        return scored

    def _everywhere(self, price: Int64, block: Callable[[Int64, Int64, Int32], None]) -> None:
        """Call ``block`` on left nodes of a class, the right nodes that it may have, and their net values."""
        terms = self._graph.terms

        def task(left: Int64, right: Int64, score: Callable[[Int64], Int32]) -> None:
            block(left, right, score(left))

        with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
            tasks = []
            for kind in np.unique(terms.left_class):
                right = np.flatnonzero(terms.table[kind][terms.right_class] != FORBIDDEN)
                left = np.flatnonzero(terms.left_class == kind)
                rows = max(1, self.BLOCK // max(1, len(right)))
                if len(right):
                    score = self._scorer(int(kind), right, price)
                    starts = range(0, len(left), rows)
                    tasks += [pool.submit(task, left[a : a + rows], right, score) for a in starts]
            for done in tasks:
                done.result()


def _distances(columns: DistanceColumns, left: Int64) -> Int32:
    """Return the points for distance of some left nodes to all right nodes of the columns."""
    q = np.zeros((len(left), columns.right.shape[1]), np.float32)
    for here, there in zip(columns.left, columns.right, strict=True):
        apart = here[left][:, None] - there[None, :]
        apart *= apart
        q += apart
    t = q * ARC_SCALE
    arc = t * ARC_C3
    for factor in (ARC_C2, ARC_C1):
        arc += factor
        arc *= t
    arc += np.float32(1)
    arc *= np.sqrt(q, out=q)
    top, slope, centre, cap = (np.float32(value) for value in columns[2:])
    arc -= centre
    np.abs(arc, out=arc)
    arc *= slope
    np.subtract(top, arc, out=arc)
    return np.clip(arc, np.float32(0), cap, out=arc).astype(np.int32)
