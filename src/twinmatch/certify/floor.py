"""
That no pair is below a floor, and that a higher floor cannot be promised.

The first is a look at each pair. The second is counted: some left schools, the witness, may have so few
partners above the floor that their places, and one each for all other left schools, are fewer than there are
pairs. Every partner of the witness is looked at; no solver is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.certify.certificate import Claim
from twinmatch.certify.exact import exact_sum
from twinmatch.certify.plain import pair_points

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.certify.plain import Cancel
    from twinmatch.graph.terms import PairTerms

__all__ = ["check_floor"]

_AT_ONCE = 2**21


def check_floor(
    terms: PairTerms,
    *,
    mate: npt.NDArray[np.int64],
    right_capacity: npt.NDArray[np.int64],
    floor: int,
    witness_left: npt.NDArray[np.bool_],
    isa: str = "auto",
    cancel: Cancel | None = None,
) -> tuple[Claim, ...]:
    """
    Return what is true of a floor.

    Parameters
    ----------
    terms : PairTerms
        Rules and points, without a curve.
    mate : (num_left,) int64
        Right school of each left school, -1 for none.
    right_capacity : (num_right,) int64
    floor : int
        Points.
    witness_left : (num_left,) bool
    isa : str
    cancel : Cancel, optional
        Where it is set before the end, the second claim is refused.

    Returns
    -------
    tuple of Claim
        ``floor`` and ``highest floor``.

    Notes
    -----
    One evaluation of each pair of the witness with a right school.
    """
    i = np.flatnonzero(mate >= 0)
    low = int((pair_points(terms, i, mate[i], isa=isa) < floor).sum())
    kept = Claim("floor", not low, f"{low:,} of {len(i):,} pairs have fewer than {floor:,} points")
    if np.shape(witness_left) != (terms.num_left,):
        return kept, Claim(
            "highest floor", False, f"the witness is not one of {terms.num_left:,} left schools"
        )
    reached = np.zeros(terms.num_right, bool)
    rows = np.flatnonzero(witness_left)
    step = max(1, _AT_ONCE // max(1, terms.num_right))
    for first in range(0, len(rows), step):
        if cancel is not None and cancel.is_set():
            return kept, Claim("highest floor", False, "the check was cancelled")
        some, others = rows[first : first + step], np.flatnonzero(~reached)
        points = pair_points(terms, np.repeat(some, len(others)), np.tile(others, len(some)), isa=isa)
        reached[others] = (points.reshape(len(some), -1) > floor).any(axis=0)
    most = terms.num_left - len(rows) + exact_sum(np.minimum(right_capacity, terms.num_left)[reached])
    what = f"above {floor:,} points at most {most:,} pairs are possible, and there are {len(i):,}"
    return kept, Claim("highest floor", most < len(i), what)
