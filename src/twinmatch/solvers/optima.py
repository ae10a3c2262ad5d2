"""
All optima at once: which pairs every optimum has, and which some optimum has.

Problem
    One optimum is found and proven. Often there are millions: schools that tie can change places. Which
    pairs are in all of them?
Idea
    With prices that prove the optimum, every optimum uses *tight* pairs only (worth exactly what the school
    and the place pay, coverage included), and leaves no school without a partner, and no place empty, that
    has a price (complementary slackness). So optima differ by exchanges along tight pairs that keep the
    coverage:

    * round a cycle: each school takes the place of the next;
    * from a school without partner to one that may stay without: both pay nothing;
    * from a right school with an empty place to one whose place may become empty: both ask nothing.

    Draw an arc from a school to each tight partner that it does not have, from a right school to the schools
    it has, and let all ends of a kind meet in one hub: then all exchanges are cycles. A pair is in every
    optimum if its arc is on no cycle, that is, if its ends are in different strongly connected components; a
    tight pair outside is in some optimum if its ends are in the same one.
Why it is right
    The difference of two optima splits into cycles and paths of alternating pairs, each of which is a change
    by itself. Paths that would cover one school more do not exist, as the coverage is proven to be the
    largest; so there are none that cover one less either, or the sum would not come out, and no cycle runs
    through both hubs.
Cost
    One search of the tree for tight pairs, in lists that grow where hundreds tie, and Tarjan's algorithm.
After
    R. Burkard, M. Dell'Amico, S. Martello, *Assignment Problems*, SIAM 2009, ch. 4; T. Tassa, "Finding all
    maximally-matchable edges in a bipartite graph", Theoret. Comput. Sci. 423 (2012), for the components.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch import _core
    from twinmatch.solvers.control import Control

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Optima", "optima_of", "tight_pairs"]

#: The first lists; they grow by the factor until everything that ties is in them.
FIRST, LONGER = 32, 8
#: Entries that are drawn at once.
AT_ONCE = 2**23


class Market(Protocol):
    """What is asked of a graph."""

    @property
    def num_left(self) -> int:
        """Number of left nodes."""

    @property
    def core(self) -> _core.Searchable:
        """The compiled graph."""


class Optima(NamedTuple):
    """
    What all optima have in common.

    Attributes
    ----------
    fixed : (num_left,) bool
        Whether every optimum has the pair that this school has.
    component : (num_left + num_right,) int64
        Left and right nodes that may exchange partners have the same number.
    left, right : (k,) int64
        The tight pairs.
    """

    fixed: Bool
    component: Int64
    left: Int64
    right: Int64

    def some_has(self, left: Int64, right: Int64, width: int, mate: Int64) -> Bool:
        """Return whether some optimum has each of these pairs."""
        tight = np.isin(left * width + right, self.left * width + self.right)
        alike = self.component[left] == self.component[len(mate) + right]
        found: Bool = tight & (alike | (mate[left] == right))
        return found


def optima_of(
    market: Market,
    capacity: Int64,
    mate: Int64,
    right_price: Int64,
    coverage_price: int,
    control: Control,
    *,
    may_be: Callable[[Int64, Int64], Bool] | None = None,
) -> Optima:
    """
    Return what all optima have in common.

    Parameters
    ----------
    market : ScoredGraph or CalledGraph
    capacity : (num_right,) int64
    mate : (num_left,) int64
        An optimum: largest coverage, then the most points.
    right_price : (num_right,) int64
    coverage_price : int
        They prove it.
    control : Control
    may_be : callable, optional
        Takes left and right nodes of pairs, and returns which of them an optimum may have.

    Raises
    ------
    Stopped
        If the deadline passed or the caller cancelled.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n, m = len(mate), len(capacity)
    # Where there is no place nobody can be, whatever it would cost.
    price = np.where(capacity > 0, right_price, 2**30 - 1)
    left, right, pays = tight_pairs(market, price, coverage_price, control)
    keep = capacity[right] > 0
    if may_be is not None:
        keep &= may_be(left, right)
    left, right = left[keep], right[keep]
    placed = np.flatnonzero(mate >= 0)
    inside = mate[left] == right
    taken = np.bincount(mate[placed], minlength=m)
    alone, idle = n + m, n + m + 1  # the hubs of schools without partner, and of empty places
    may_stay = placed[pays[placed] == 0]
    waiting = np.flatnonzero(mate < 0)
    free = np.flatnonzero(capacity > taken)
    may_empty = np.flatnonzero((right_price == 0) & (taken > 0))
    arcs = [
        (left[~inside], n + right[~inside]),
        (n + mate[placed], placed),
        (may_stay, np.full(len(may_stay), alone)),
        (np.full(len(waiting), alone), waiting),
        (n + free, np.full(len(free), idle)),
        (np.full(len(may_empty), idle), n + may_empty),
    ]
    tail, head = (np.concatenate(ends) for ends in zip(*arcs, strict=True))
    network = coo_array((np.ones(len(tail), np.int8), (tail, head)), shape=(n + m + 2, n + m + 2))

    def components() -> Int64:
        found = connected_components(network.tocsr(), connection="strong")[1]
        return np.asarray(found, np.int64)

    component = control.run("optima", components)
    fixed = np.zeros(n, bool)
    fixed[placed] = component[placed] != component[n + mate[placed]]
    return Optima(fixed, component[: n + m], left, right)


def tight_pairs(
    market: Market, price: Int64, coverage_price: int, control: Control
) -> tuple[Int64, Int64, Int64]:
    """
    Return the pairs that are worth all that their two schools pay, and what each left school pays.

    Parameters
    ----------
    market : ScoredGraph or CalledGraph
    price : (num_right,) int64
    coverage_price : int
    control : Control

    Returns
    -------
    left, right : (k,) int64
    pays : (num_left,) int64
        The larger of its best net value with the coverage price, and 0.
    """
    core, width = market.core, len(price)
    if not width:
        nobody = np.empty(0, np.int64)
        return nobody, nobody, np.zeros(market.num_left, np.int64)
    rows = np.arange(market.num_left, dtype=np.int32)
    item, points, number, _ = control.run("tight", lambda: core.search(rows, 1, price, control.threads))
    best = np.where(number > 0, points - price[np.maximum(item, 0)], np.iinfo(np.int64).min // 4)
    pays = np.maximum(0, best + coverage_price)
    lefts, rights = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    asked = rows[(number > 0) & (best + coverage_price >= 0)]
    k = FIRST
    while len(asked):
        k = min(k, width)
        again = []
        for first in range(0, len(asked), max(1, AT_ONCE // k)):
            some = asked[first : first + max(1, AT_ONCE // k)]
            floor = best[some] - 1
            search = partial(core.search, some, k, price, control.threads, floor)
            item, points, number, _ = control.run("tight", search)
            item, points = item.reshape(-1, k), points.reshape(-1, k)
            full = (number == k) & (k < width)
            again.append(some[full])
            inside = (np.arange(k)[None, :] < number[:, None]) & ~full[:, None]
            # Not every search keeps to the floor.
            inside &= points - price[np.maximum(item, 0)] == best[some][:, None]
            lefts.append(np.broadcast_to(some[:, None], inside.shape)[inside].astype(np.int64))
            rights.append(item[inside].astype(np.int64))
        asked, k = np.concatenate(again), k * LONGER
    return np.concatenate(lefts), np.concatenate(rights), pays
