"""What the group of a quota can reach when nothing else is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.solvers.network import Cut, Network, cheapest_flow

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.constraints import Quota
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.kinds import Kinds

    Int64 = npt.NDArray[np.int64]

__all__ = ["Reach"]


class Reach(NamedTuple):
    """What the group of a quota can reach when nothing else is asked."""

    left_schools: int
    places: int
    reach: int

    @classmethod
    def of(cls, kinds: Kinds, quota: Quota, control: Control) -> Reach:
        """Count the group, and send as much through it as it takes."""
        limits = kinds.limits
        left, right = limits.members(quota)
        i, j = kinds.pairs
        inside = left[i] & right[j] & (kinds.room > 0)
        ours, theirs = np.unique(i[inside]), np.unique(j[inside])
        most_left = np.minimum(limits.left_most, kinds.heads) if quota.covered else limits.left_most
        reach = _most_through(most_left, limits.right_most, i[inside], j[inside], kinds.room[inside], control)
        return cls(int(kinds.heads[ours].sum()), int(limits.right_most[theirs].sum()), reach)


def _most_through(left: Int64, right: Int64, i: Int64, j: Int64, room: Int64, control: Control) -> int:
    """Return the most pairs of kinds with so many partners and places."""
    n, m = len(left), len(right)
    source, sink = n + m, n + m + 1
    lefts, rights = np.unique(i), np.unique(j)
    reach = int(room.sum())
    tail = np.concatenate([np.full(len(lefts), source), i, n + rights, [sink]])
    head = np.concatenate([lefts, n + j, np.full(len(rights), sink), [source]])
    upper = np.concatenate([left[lefts], room, right[rights], [reach]]).clip(max=reach)
    cost = np.zeros(len(tail), np.int64)
    cost[-1] = -1
    nothing = np.zeros(len(tail), np.int64)
    supply = np.zeros(n + m + 2, np.int64)
    network = Network(
        n + m + 2, tail.astype(np.int32), head.astype(np.int32), nothing, upper.astype(np.int64), cost, supply
    )
    found = cheapest_flow(network, control)
    assert not isinstance(found, Cut)  # nothing has to flow
    return int(found.flow[-1])
