"""
Nested quotas on an implicit graph: a network over short lists, which grow where prices say so.

Problem
    As in :mod:`twinmatch.solvers.nested`, with too many pairs to write down.
Idea
    The auction of :mod:`twinmatch.solvers.engine` gives nearly right prices, and at these the best partners of each
    left node are a few. Over such lists the problem is a network, solved exactly. Its prices are then held against
    all pairs: a pair outside the lists that is worth more than its prices joins them. When there is none, the
    network's optimum is that of the whole graph, and its prices prove it.
Why it is right
    Only the last search, which looks at every left node under the last prices, ends a run. The lists hold an
    assignment of the largest coverage from the start (:mod:`twinmatch.solvers.kinds`), so that the network always
    has a solution.
Cost
    A handful of networks, each started from the potentials of the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.graph.constraints import Constraints, Prices
from twinmatch.solvers.constrained import Answer, solve_constrained
from twinmatch.solvers.control import Stopped
from twinmatch.solvers.kinds import cover_kinds
from twinmatch.solvers.nested import Pairs, Solved, layout_of
from twinmatch.solvers.network import Cut
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.scored import ScoredGraph
    from twinmatch.solvers.control import Control

    Int64 = npt.NDArray[np.int64]

#: Partners in the first lists, and most that join in a round.
LISTED, JOINING = 16, 16
import time


class Grown:
    def __init__(self, graph, limits, control):
        self.graph, self.limits, self.control = graph, limits, control
        self.layout, self.rest = layout_of(limits, True)

    def lists(self, price, k, above=None):
        rows = np.arange(self.graph.num_left, dtype=np.int32)
        item, points, number, bound = self.graph.core.search(rows, k, price, self.control.threads, above)
        item = item.reshape(-1, k)
        inside = np.arange(k)[None, :] < number[:, None]
        i = np.broadcast_to(rows[:, None], item.shape)[inside].astype(np.int64)
        return i, item[inside].astype(np.int64), points.reshape(-1, k)[inside]

    def go(self, price, potential=None, mate=None):
        t = time.time()
        cover = cover_kinds(self.graph.terms, self.limits, self.control)
        print("cover", cover.size, cover.is_feasible, time.time() - t)
        t = time.time()
        m = self.graph.num_right
        i, j, p = self.lists(price, LISTED)
        best = np.full(self.graph.num_left, 0)
        np.maximum.at(best, i, p - price[j])
        ci, cj = cover.pairs.T
        mi = np.flatnonzero(mate >= 0)
        key = np.unique(np.concatenate([i * m + j, ci * m + cj, mi * m + mate[mi]]))
        print("lists", len(key), time.time() - t)
        lay = self.layout
        if potential is None:
            potential = np.zeros(lay.num_nodes, np.int64)
        potential[lay.first_left : lay.first_right] = best
        potential[lay.first_right : lay.first_right_set] = -price
        held = mi * m + mate[mi]
        while True:
            t = time.time()
            pairs = Pairs(*np.divmod(key, m))
            points = self.graph.core.points(pairs.left, pairs.right)
            t1 = time.time()
            s = lay.solve(pairs, points, self.control, counted=cover.size, start=potential, held=np.searchsorted(key, held))
            held = key[s.used]
            assert not isinstance(s, Cut)
            t2 = time.time()
            potential = s.potential
            V = -potential[lay.first_right : lay.first_right_set]
            U = potential[lay.first_left : lay.first_right]
            i, j, p = self.lists(V, JOINING, U)
            new = np.setdiff1d(i * m + j, key)
            print(
                "round pairs",
                len(key),
                "points",
                round(t1 - t, 2),
                "net",
                round(t2 - t1, 2),
                "search",
                round(time.time() - t2, 2),
                "objective",
                points[s.used].sum(),
                "rows violated",
                len(np.unique(i)),
                "worst",
                (p - V[j] - U[i]).max(initial=0),
                "new",
                len(new),
                "sum",
                (p - V[j] - U[i]).sum(),
                flush=True,
            )
            if not len(new):
                return s, pairs
            key = np.unique(np.concatenate([key, new]))
