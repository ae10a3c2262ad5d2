"""
Whom each school could get if its partner dropped out: standby lists for all at once.

Prices rank partners better than points do. A place that nobody holds has no price, so its pair leaves all of
its points; one that others hold leaves what remains when they are made up for. The best partners by what is
left are those that a repair would look at first, and one search of the tree finds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.compiler import graph_of
from twinmatch.errors import Fault, InputError, NoSolutionError
from twinmatch.explaining.ledger import Accounts
from twinmatch.status import Status
from twinmatch.threads import thread_faults

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.matching import Matching

    Int64 = npt.NDArray[np.int64]

__all__ = ["standby"]

_MOST = 100


def standby(matching: Matching, k: int, *, threads: int | None) -> Any:
    """Return the table of :meth:`twinmatch.Matching.standby`."""
    faults = thread_faults(threads)
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= _MOST:
        faults.append(Fault("k", f"must be a whole number from 1 to {_MOST}, not {k!r}"))
    if faults:
        raise InputError("standby", faults)
    if matching.status not in (Status.OPTIMAL, Status.FEASIBLE):
        raise NoSolutionError(f"there is no matching to stand by for: its status is {matching.status}")
    accounts = Accounts(matching)
    limits, taken = accounts.limits, accounts.taken
    has_place = np.bincount(taken[:, 1], minlength=len(matching.right)) < limits.right_most
    own = np.bincount(taken[:, 0], minlength=len(matching.left))
    # Whole points are fine enough to rank by; what is stated as a loss is worked out exactly below.
    price = np.maximum(0, matching.right_price // accounts.scale)
    usable = limits.right_most > 0 if accounts.is_priced else has_place
    # Where places are scarce, prices are above what any pair is worth: who has none comes after all of these.
    price[~usable] = int(price.max(initial=0)) + accounts.terms.max_points + 1
    graph = graph_of(accounts.plain, matching.policy, matching.right_capacity)
    if (curve := accounts.terms.curve) is not None:
        graph = graph.with_curve(curve)
    rows = np.flatnonzero(limits.left_most > 0)
    right, net, _ = graph.best_lists(rows, int(k) + int(own.max(initial=0)), price, threads=threads)
    at, column = np.nonzero(right >= 0)
    i, j, left_over = rows[at], right[at, column].astype(np.int64), net[at, column]
    new = usable[j] & ~_among(i, j, taken, len(matching.right))
    i, j, left_over = i[new], j[new], left_over[new]
    points = accounts.plain.points(i, j)
    order = np.lexsort((j, -points, -left_over, i))
    i, j, points = i[order], j[order], points[order]
    rank = np.arange(len(i)) - np.searchsorted(i, i) + 1
    few = rank <= k
    i, j, points, rank = i[few], j[few], points[few], rank[few]
    return _frame(matching, i, j, points, rank, _losses(accounts, i, j), has_place[j])


def _losses(accounts: Accounts, i: Int64, j: Int64) -> Int64 | None:
    """
    Return by how much pairs fall short of what their left school keeps, in points; None if nothing is known.

    What a school keeps is at least what its own pair leaves, and at least what the best of these pairs
    leaves: the sum falls short by no less than this.
    """
    ledger, slack = accounts.points, accounts.slack
    if ledger is None or slack is None:
        return None
    limits = accounts.limits
    net = ledger.net(i, j, accounts.terms.points(i, j))
    lowest = np.iinfo(np.int64).min // 4
    kept = np.full(limits.num_left, lowest, np.int64)
    np.maximum.at(kept, i, net)
    mine, theirs = accounts.taken.T
    single = limits.left_most[mine] == 1
    own = ledger.net(mine, theirs, accounts.terms.points(mine, theirs))
    np.maximum.at(kept, mine[single], own[single])
    kept = np.where(limits.left_least > 0, kept, np.maximum(kept, 0))
    several = limits.left_most > 1
    kept[several] = ledger.prices.left[several]
    short: Int64 = np.maximum(0, (kept[i] - net) // accounts.scale - slack)
    return short


def _among(i: Int64, j: Int64, taken: Int64, width: int) -> npt.NDArray[np.bool_]:
    return np.isin(i * width + j, taken[:, 0] * width + taken[:, 1])


def _frame(
    matching: Matching,
    i: Int64,
    j: Int64,
    points: Int64,
    rank: Int64,
    loss: Int64 | None,
    free: npt.NDArray[np.bool_],
) -> Any:
    import pyarrow as pa

    return matching.left.frame(
        {
            "left_id": matching.left.ids[i],
            "rank": rank.astype(np.int64),
            "right_id": matching.right.ids[j],
            "points": points.astype(np.int64),
            "loss": pa.nulls(len(i), pa.int64()) if loss is None else loss,
            "free": free,
        }
    )
