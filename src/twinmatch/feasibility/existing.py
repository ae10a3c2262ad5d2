"""Whether an assignment exists that keeps to everything, searched where quotas cross and no network tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.solvers.constrained import solve_constrained
from twinmatch.solvers.control import Control, Stopped
from twinmatch.solvers.covering import cover_crossed
from twinmatch.status import Status

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints
    from twinmatch.graph.terms import PairTerms

    Int64 = npt.NDArray[np.int64]

__all__ = ["SEARCH_S", "Sought", "by_kinds", "pair_by_pair"]

#: A search gets so many seconds; what it does not find then is not there.
SEARCH_S: Final = 2.0


class Sought(NamedTuple):
    """
    What a search for an assignment came to.

    Attributes
    ----------
    kept : bool or None
        Whether there is one; None where the search did not end.
    prices : (num_quotas,) int64 or None
        Which quotas are in each other's way, where there is none: floors below zero, caps above.
    short : int
        What is asked for comes to so much more than there is, at these prices; 0 where they only name quotas.
    """

    kept: bool | None
    prices: Int64 | None = None
    short: int = 0


def by_kinds(terms: PairTerms, limits: Constraints) -> Sought:
    """Search for an assignment among kinds of schools, and count what is found pair by pair."""
    try:
        found = cover_crossed(terms, limits, Control(SEARCH_S))
    except Stopped:
        return Sought(None)
    if found.bound < 0:
        return Sought(False, found.prices.quota, -found.bound)
    return Sought(True if found.size is not None and _holds(terms, limits, found.pairs) else None)


def pair_by_pair(terms: PairTerms, limits: Constraints) -> Sought:
    """Search for an assignment among all pairs, written down one by one."""
    i, j = np.indices((terms.num_left, terms.num_right)).reshape(2, -1)
    known = terms.points(i, j) != FORBIDDEN
    graph = ExplicitGraph(
        terms.num_left,
        terms.num_right,
        np.zeros(int(known.sum()), np.int64),
        lists=(np.searchsorted(i[known], np.arange(terms.num_left + 1)), j[known]),
        right_capacity=limits.right_most,
    )
    answer = solve_constrained(graph, limits, False, Control(SEARCH_S))
    if answer.status is not Status.INFEASIBLE:
        return Sought(True if answer.status in (Status.OPTIMAL, Status.FEASIBLE) else None)
    prices = np.zeros(len(limits.quotas), np.int64)
    if answer.clash is not None:
        prices[list(answer.clash)] = 1
    elif answer.witness is not None:
        prices = answer.witness.quota
    return Sought(False, prices)


def _holds(terms: PairTerms, limits: Constraints, pairs: Int64) -> bool:
    """Return whether some pairs are admissible, no two alike, and keep to everything."""
    i, j = pairs[:, 0], pairs[:, 1]
    key = i * limits.num_right + j
    locked = limits.locked[:, 0] * limits.num_right + limits.locked[:, 1]
    left, right = np.bincount(i, minlength=limits.num_left), np.bincount(j, minlength=limits.num_right)
    return bool(
        len(np.unique(key)) == len(key)
        and np.isin(locked, key).all()
        and (terms.points(i, j) != FORBIDDEN).all()
        and (left >= limits.left_least).all()
        and (left <= limits.left_most).all()
        and (right >= limits.right_least).all()
        and (right <= limits.right_most).all()
        and all(
            quota.at_least <= count and (quota.at_most is None or count <= quota.at_most)
            for quota, count in zip(limits.quotas, limits.counts(i, j).tolist(), strict=True)
        )
    )
