"""
That what a matching under quotas says of each left school follows from the pairs and prices of its proof.

A matching names one partner of each left school, its number of pairs and points, and who stands behind the
bound on the coverage. Under quotas the pairs, and the prices that prove them, are kept apart. Both are read,
so both have to say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.certify.certificate import Claim

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.constraints import Prices

__all__ = ["check_firsts"]


def check_firsts(
    taken: npt.NDArray[np.integer],
    cover: Prices | None,
    *,
    mate: npt.NDArray[np.integer],
    witness_left: npt.NDArray[np.bool_],
    objective: Any,
    coverage: Any,
) -> tuple[Claim, ...]:
    """
    Return what holds of the numbers that follow from a proof.

    Parameters
    ----------
    taken : (k, 2) int64
        The pairs.
    cover : Prices or None
        What proves the coverage bound.
    mate : (num_left,) int64
        Of each left school the partner, the first of several by number; -1 for none.
    witness_left : (num_left,) bool
        Left schools whose price in ``cover`` is 0; nobody without ``cover``.
    objective, coverage : int
        Both are 0 where there are no pairs.

    Returns
    -------
    tuple of Claim
        ``first partners``, ``left witness`` and ``no pairs``.
    """
    size = len(mate)
    first = np.full(size, -1, np.int64)
    inside = (
        taken.ndim == 2 and taken.shape[1] == 2 and bool(((taken[:, 0] >= 0) & (taken[:, 0] < size)).all())
    )
    if inside:
        order = np.lexsort((taken[:, 1], taken[:, 0]))[::-1]
        first[taken[order, 0]] = taken[order, 1]  # the first of several is written last
    other = int((first != mate).sum()) if mate.shape == first.shape else size
    what = f"{other:,} of {size:,} left schools have another partner than the first of their pairs"
    marks = np.zeros(size, bool) if cover is None else cover.left == 0
    told = bool(np.array_equal(marks, witness_left))
    behind = "those whose price in the proof of the coverage is 0" + (
        "" if told else ", and others are named"
    )
    empty = len(taken) > 0 or (objective == 0 and coverage == 0)
    return (
        Claim("first partners", inside and not other, what),
        Claim("left witness", told, behind),
        Claim("no pairs", empty, "without pairs there are no points and nobody is covered"),
    )
