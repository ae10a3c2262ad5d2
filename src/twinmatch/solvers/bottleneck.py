"""
The highest floor: as many points for every pair as one can promise to so many pairs.

Problem
    Among all matchings of a given size, find the largest t such that one of them has no pair below t points.
    That is the bottleneck assignment problem, on a graph that is never stored.
Idea
    Keep the pairs of a matching that have t points, and let every left node without a partner look for a path
    to a free place: over pairs of at least t points, turning those out who hold a place and have others to go
    to. Where no path is left, lower t to the largest number of points on a pair that leaves the tree, and go
    on. The first t is one that nobody can beat: so many left nodes have no better partner at all.
Why it is right
    When no path is left at t, the left nodes W that were reached meet, above the next t, only the right nodes
    R that were reached, and all places in R are taken: a matching above the next t pairs at most
    ``(n - |W|) + places(R)`` left nodes, fewer than are asked for. So t never falls below the best, W is a
    proof that there is no higher one (P. Hall, "On representatives of subsets", 1935), and it can be checked
    without trusting this file (:mod:`twinmatch.certify.floor`).
Cost
    Trees grow from all roots at once and share no node, so that a path for each can be taken in one round, as
    in J. Hopcroft and R. Karp's algorithm (1973). Lists are asked for with nodes that were reached priced out
    of reach, so that each right node is found once.
Traps
    One tree after the other took 0.1 seconds each at first, and above a second when free places became few:
    900 of them are a quarter of an hour.
After
    U. Derigs, U. Zimmermann, "An augmenting path method for solving linear bottleneck assignment problems",
    Computing 19 (1978); R. Burkard, M. Dell'Amico, S. Martello, *Assignment Problems* (2009), ch. 6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.called import CalledGraph
    from twinmatch.graph.scored import ScoredGraph
    from twinmatch.graph.terms import PairTerms
    from twinmatch.solvers.control import Control

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Bottleneck", "highest_floor", "turn"]

#: Partners that a left node looks at in one go, those with a free place, and left nodes that look at once.
LIST_LENGTH, FREE_LENGTH, AT_ONCE = 32, 4, 8192
NOWHERE = -1


class Bottleneck(NamedTuple):
    """
    The highest floor of a matching of a given size.

    Attributes
    ----------
    floor : int
        Points.
    mate : (num_left,) int64
        A matching of that size with no pair below it; -1 for none.
    witness_left : (num_left,) bool
        Left nodes whose partners above ``floor`` have, together, too few places for so many pairs.
    """

    floor: int
    mate: Int64
    witness_left: Bool


def highest_floor(graph: ScoredGraph | CalledGraph, mate: Int64, control: Control) -> Bottleneck:
    """
    Return the largest number of points that every pair of a matching of the same size can have.

    Parameters
    ----------
    graph : ScoredGraph or CalledGraph
    mate : (num_left,) int64
        A matching of the largest size there is, at least one pair; one with few bad pairs is a good start.
    control : Control

    Raises
    ------
    Stopped
        If the deadline passed or the caller cancelled.
    """
    return _Trees(graph, mate, control).run()


class _Trees:
    def __init__(self, graph: ScoredGraph | CalledGraph, mate: Int64, control: Control) -> None:
        self.graph, self.control = graph, control
        self.mate = mate.copy()
        self.size = int((mate >= 0).sum())
        self.capacity = graph.right_capacity
        self.load = np.bincount(mate[mate >= 0], minlength=graph.num_right)
        #: A price that leaves less than any pair has.
        terms = cast("PairTerms", graph.terms)
        self.out_of_reach = max(0, terms.max_points) - min(0, terms.min_points) + 1
        #: Right nodes that some tree reached at this floor, and the left node that each was found by.
        self.reached = np.zeros(graph.num_right, np.bool_)
        self.found_by = np.full(graph.num_right, NOWHERE, np.int64)

    def run(self) -> Bottleneck:
        """Lower the floor until a matching of the size keeps to it."""
        best = self._best(np.arange(self.graph.num_left), ~self.reached)
        floor = int(np.partition(best, -self.size)[-self.size])
        witness = best <= floor
        while True:
            self._let_go(floor)
            stuck = self._grow(floor)
            if stuck is None:
                return Bottleneck(floor, self.mate, witness)
            # The next floor is that of the best pair which leaves the trees. Above it they hold everything.
            witness = np.zeros(self.graph.num_left, np.bool_)
            witness[stuck] = True
            floor = int(self._best(stuck, ~self.reached).max())

    def _let_go(self, floor: int) -> None:
        """Part the pairs below the floor."""
        placed = np.flatnonzero(self.mate >= 0)
        low = placed[self.graph.points(placed, self.mate[placed]) < floor]
        np.subtract.at(self.load, self.mate[low], 1)
        self.mate[low] = NOWHERE

    def _grow(self, floor: int) -> Int64 | None:
        """Find paths until the size is reached; return the left nodes of the trees where none is left."""
        while (missing := self.size - int((self.mate >= 0).sum())) > 0:
            roots = np.flatnonzero(self.mate < 0)
            ends, members = self._forest(roots, floor, missing)
            if not ends:
                return members
            for i, place in ends:
                turn(self.mate, self.load, self.found_by, i, place)
        return None

    def _forest(self, roots: Int64, floor: int, most: int) -> tuple[list[tuple[int, int]], Int64]:
        """
        Grow trees from all roots at once, which share no node.

        Returns the ends of paths, ``most`` at most and one for each root, and all left nodes that were
        reached.
        """
        root_of = np.full(self.graph.num_left, NOWHERE, np.int64)
        root_of[roots] = roots
        self.reached[:] = False
        is_done = np.zeros(self.graph.num_left, np.bool_)
        room = self.capacity - self.load
        ends: list[tuple[int, int]] = []
        fresh = waiting = roots
        while len(waiting) and len(ends) < most:
            for i, place in self._ways_out(fresh, room > 0, floor):
                root = root_of[i]
                if len(ends) < most and not is_done[root] and room[place] > 0:
                    is_done[root] = True
                    room[place] -= 1
                    ends.append((i, place))
            waiting = waiting[~is_done[root_of[waiting]]]
            rows, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
            right, net = self._search(rows, LIST_LENGTH, ~self.reached)
            is_near = net >= floor
            new, first = np.unique(right[is_near], return_index=True)
            self.found_by[new] = np.broadcast_to(rows[:, None], right.shape)[is_near][first]
            self.reached[new] = True
            holders = np.flatnonzero((self.mate >= 0) & (root_of < 0) & self.reached[self.mate])
            root_of[holders] = root_of[self.found_by[self.mate[holders]]]
            fresh = holders
            # Whoever filled its list may know more.
            waiting = np.concatenate([rows[is_near.all(axis=1)], waiting, fresh])
        return ends, np.flatnonzero(root_of >= 0)

    def _ways_out(self, nodes: Int64, is_free: Bool, floor: int) -> list[tuple[int, int]]:
        """Return the best free places within reach of each of these nodes, the best first."""
        if not len(nodes):
            return []
        right, net = self._search(nodes, FREE_LENGTH, is_free)
        order = np.lexsort((right, -net), axis=1)
        right, net = np.take_along_axis(right, order, 1), np.take_along_axis(net, order, 1)
        is_near = net >= floor
        left = np.broadcast_to(nodes[:, None], right.shape)[is_near]
        return list(zip(left.tolist(), right[is_near].tolist(), strict=True))

    def _best(self, rows: Int64, allowed: Bool) -> Int64:
        """Return the most points of each node with those allowed; where there is nobody, very few."""
        return self._search(rows, 1, allowed)[1][:, 0]

    def _search(self, rows: Int64, k: int, allowed: Bool) -> tuple[Int64, Int64]:
        """Return partners and points; those with fewer than any pair has stand for nobody."""
        price = np.where(allowed & (self.capacity > 0), 0, self.out_of_reach)
        right, net, _ = self.control.run(
            "floor", lambda: self.graph.best_lists(rows, k, price, threads=self.control.threads)
        )
        return right.astype(np.int64), net


def turn(mate: Int64, load: Int64, found_by: Int64, i: int, place: int) -> None:
    """Move everybody on the path that ends at ``i`` and a free ``place`` one place further, in place."""
    load[place] += 1
    while True:
        old, mate[i] = int(mate[i]), place
        if old < 0:
            return
        place, i = old, int(found_by[old])
