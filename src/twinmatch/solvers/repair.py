"""
Repair: which left nodes change the kind of their partner, so that quotas that cross are cells.

Problem
    A matching that is the best at some prices of quotas, and has a few pairs too many here and too few there.
    Find one that keeps to all quotas and loses little.
Idea
    ``cpp/core/repair.hpp`` tells what it costs that a left node changes from one kind of partner to another,
    with whoever has to make room and to fill up. Quotas know kinds only, so which of the cheapest moves to
    make is a small linear program: it keeps all counts within their bounds and loses the fewest points. Its
    solutions are whole, or nearly so. The moves are made, and what came out is counted; then again.
Trust
    Moves get into each other's way. So there are at most so many in a round: more after a round that was
    worth it, a third after one that was not and is taken back.
Why it is right
    Nothing is believed that is not counted: a round stays where fewer units of quotas are broken, or points
    were gained at no more of them.
Cost
    About a second a round on 65,000 schools with 200 quotas.
Literature
    Trust regions for sequences of linear programs: R. Fletcher, E. Sainz de la Maza, "Nonlinear programming
    and nonsmooth optimization by successive linear programming", Math. Programming 43 (1989).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from twinmatch import _core

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.solvers.cells import Cells
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.nested import Pairs

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Matched", "Repair", "Standing"]

#: The cheapest moves that are looked at, of each kind into each.
MOVES = 40
#: Most moves in the first round, in any, and in a round that is not worth another.
FIRST, MOST, FEWEST = 200, 800, 4
#: Rounds in all.
ROUNDS = 40


class Standing(NamedTuple):
    """
    The market that the repair works in.

    Attributes
    ----------
    pairs : Pairs
        Those that it may use, sorted.
    points : (num_pairs,) int64
    places : (num_right,) int64
    alone : (num_left,) int64
        What left nodes have without a partner; ``NO_VALUE``: they must have one.
    left_price, right_price, quota_price : int64
        At these no pair of the matching is worth less than it costs.
    """

    pairs: Pairs
    points: Int64
    places: Int64
    alone: Int64
    left_price: Int64
    right_price: Int64
    quota_price: Int64


class Matched(NamedTuple):
    """
    A matching and what it is worth.

    Attributes
    ----------
    mate : (num_left,) int64
        -1 for none.
    broken : int
        Units that quotas are broken by, and left nodes that must have a partner and have none.
    points : int
    """

    mate: Int64
    broken: int
    points: int

    def is_better(self, other: Matched) -> bool:
        """Return whether less is broken, or as little and the points are more."""
        return (-self.broken, self.points) > (-other.broken, other.points)


class Repair:
    """
    A matching on its way.

    Parameters
    ----------
    cells : Cells
    standing : Standing
    mate : (num_left,) int64
        Every pair of it is among those of ``standing``.
    control : Control
    """

    def __init__(self, cells: Cells, standing: Standing, mate: Int64, control: Control) -> None:
        self.cells, self.standing, self.control = cells, standing, control
        self.mate = mate
        num_left = len(mate)
        self.offset = np.searchsorted(standing.pairs.left, np.arange(num_left + 1)).astype(np.int64)
        self.keys = standing.pairs.left * len(standing.places) + standing.pairs.right
        flags = cells.inside.reshape(len(cells.low), -1)
        quota, cell = np.nonzero(flags)
        order = np.lexsort((quota, cell))
        self.members = quota[order].astype(np.int32)
        self.member_offset = np.searchsorted(cell[order], np.arange(flags.shape[1] + 1)).astype(np.int64)
        # A unit that a quota is broken by outweighs what any move can gain.
        self.dear = 4.0 * float(np.abs(standing.points).max(initial=1))

    def run(self, seen: Callable[[Int64], None]) -> Matched:
        """
        Make moves as long as they help; tell who wants to know of every matching that keeps to everything.

        Raises
        ------
        Stopped
            If the deadline passed or the caller cancelled.
        """
        best = self.counted(self.mate)
        core, trust = self._compiled(best.mate), FIRST
        for _ in range(ROUNDS):
            left, pair = self._choose(core, best.mate, trust)
            if not len(left):
                break
            self.control.run("repair", partial(core.make, left, pair))
            found = self.counted(core.mate.astype(np.int64))
            if found.is_better(best):
                best, trust = found, min(MOST, trust + trust // 2)
                if best.broken == 0:
                    seen(best.mate)
                continue
            if trust <= FEWEST:
                break
            core, trust = self._compiled(best.mate), max(FEWEST, min(trust, len(left)) // 3)
        return best

    def _compiled(self, mate: Int64) -> _core.Repair:
        cells, standing = self.cells, self.standing
        return _core.Repair(
            mate.astype(np.int32),
            self.offset,
            standing.pairs.right.astype(np.int32),
            standing.points,
            standing.places,
            standing.alone,
            standing.left_price,
            standing.right_price,
            cells.left.astype(np.int32),
            cells.right.astype(np.int32),
            cells.inside.shape[2],
            self.member_offset,
            self.members,
            cells.low,
            cells.high,
            standing.quota_price,
            self.control.flag,
        )

    def counted(self, mate: Int64) -> Matched:
        """Count what a matching is worth."""
        left = np.flatnonzero(mate >= 0)
        at = np.searchsorted(self.keys, left * len(self.standing.places) + mate[left])
        waiting = int(((mate < 0) & (self.standing.alone == _core.NO_VALUE)).sum())
        broken = self.cells.broken(self.cells.counts(mate)) + waiting
        return Matched(mate, broken, int(self.standing.points[at].sum()))

    def _choose(self, core: _core.Repair, mate: Int64, trust: int) -> tuple[npt.NDArray[np.int32], Int64]:
        """Return the moves that a round makes: left nodes, and the pairs that they take, -1 for none."""
        cells, control = self.cells, self.control
        left, pair, into, cost = control.run("repair", partial(core.moves, MOVES))
        size, quotas = len(left), len(cells.low)
        if not size:
            return left, pair
        none = cells.inside.shape[2]
        was = np.where(mate >= 0, cells.right[mate], none)[left]
        kind = cells.left[left]
        inside = np.concatenate([cells.inside, np.zeros((quotas, cells.inside.shape[1], 1), bool)], axis=2)
        change = inside[:, kind, into].astype(np.int64) - inside[:, kind, was]
        gain = self.standing.quota_price @ change - cost
        counts = cells.counts(mate)
        rows, each = np.unique(left, return_inverse=True)
        moved = sparse.csr_array(change)
        spare = sparse.eye_array(quotas)
        nothing = sparse.csr_array((len(rows) + 1, 2 * quotas))
        once = sparse.vstack(
            [
                sparse.csr_array((np.ones(size), (each, np.arange(size))), shape=(len(rows), size)),
                sparse.csr_array(np.ones((1, size))),
            ]
        )
        found = control.run(
            "repair",
            lambda: linprog(
                np.concatenate([-gain.astype(float), np.full(2 * quotas, self.dear)]),
                A_ub=sparse.vstack(
                    [
                        sparse.hstack([moved, -spare, spare]),
                        sparse.hstack([-moved, spare, -spare]),
                        sparse.hstack([once, nothing]),
                    ]
                ),
                b_ub=np.concatenate([cells.high - counts, counts - cells.low, np.ones(len(rows)), [trust]]),
                bounds=(0, None),
                method="highs-ds",
            ),
        )
        if found.status != 0:
            return left[:0], pair[:0]
        chosen = np.flatnonzero(found.x[:size] > 0.5)
        chosen = chosen[np.argsort(cost[chosen], kind="stable")]
        return left[chosen], pair[chosen]
