"""
A second search, where prices alone do not prove what is claimed.

Quotas that cross may leave a gap between the best assignment and what any prices prove, or clash although no
sum shows it. Then the claim rests on a search by OR-tools, and this module repeats the question with another
solver, HiGHS, from the numbers that were asked about. Two searches that agree are no proof that anybody can
add up, and the claim says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import coo_array, vstack

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints

    Int64 = npt.NDArray[np.int64]

__all__ = ["best_by_search"]


def best_by_search(
    limits: Constraints,
    pairs: tuple[Int64, Int64],
    worth: Int64 | None,
    *,
    covers: int = 0,
    quotas: Sequence[int] | None = None,
) -> int | None:
    """
    Return what the best assignment is worth, or None where nothing keeps to the constraints.

    Parameters
    ----------
    limits : Constraints
    pairs : (i, j)
        All admissible pairs.
    worth : (num_pairs,) int64 or None
        None counts left nodes with a partner.
    covers : int
        At least so many left nodes must have a partner.
    quotas : sequence of int, optional
        The quotas that count, by number; all of them without it.

    Raises
    ------
    RuntimeError
        If the solver does not come to an end.
    """
    i, j = pairs
    size, n = len(i), limits.num_left
    # A variable for each pair, then one for each left node: whether it has a partner.
    rows, low, high = [], [], []

    def add(matrix: coo_array, least: npt.ArrayLike, most: npt.ArrayLike) -> None:
        rows.append(matrix)
        low.append(np.atleast_1d(least).astype(float))
        high.append(np.atleast_1d(most).astype(float))

    at, one = np.arange(size), np.ones(size)
    by_left = coo_array((one, (i, at)), shape=(n, size + n))
    by_right = coo_array((one, (j, at)), shape=(limits.num_right, size + n))
    add(by_left, limits.left_least, limits.left_most)
    add(by_right, limits.right_least, limits.right_most)
    covered = coo_array((np.ones(n), (np.arange(n), size + np.arange(n))), shape=(n, size + n))
    add(by_left - covered, np.zeros(n), np.full(n, np.inf))
    for number in range(len(limits.quotas)) if quotas is None else quotas:
        quota = limits.quotas[number]
        left, right = limits.members(quota)
        inside = np.zeros(size + n)
        if quota.covered:
            inside[size:] = left
        else:
            inside[:size] = left[i] & right[j]
        add(coo_array(inside[None, :]), quota.at_least, np.inf if quota.at_most is None else quota.at_most)
    everybody = np.concatenate([np.zeros(size), np.ones(n)])
    add(coo_array(everybody[None, :]), covers, np.inf)
    least = np.zeros(size + n)
    least[:size] = np.isin(
        i * limits.num_right + j, limits.locked[:, 0] * limits.num_right + limits.locked[:, 1]
    )
    value = everybody if worth is None else np.concatenate([worth, np.zeros(n)])
    found = milp(
        -value.astype(float),
        constraints=LinearConstraint(vstack(rows, format="csr"), np.concatenate(low), np.concatenate(high)),
        integrality=np.ones(size + n),
        bounds=(least, np.ones(size + n)),
        options={"mip_rel_gap": 0.0},
    )
    if found.status == 2:
        return None
    if found.status != 0:
        raise RuntimeError(f"the second search did not come to an end: {found.message}")
    taken = np.rint(found.x).astype(np.int64)
    whole = taken[size:] if worth is None else taken[:size] * worth
    return int(sum(whole.tolist()))
