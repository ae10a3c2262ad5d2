"""From a matching to a start for the next one: prices and pairs, school by school."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.solvers.warm import Warm

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.matching import Matching
    from twinmatch.mechanisms import Mechanism
    from twinmatch.schools import Schools

    Int64 = npt.NDArray[np.int64]

__all__ = ["warm_from"]


def warm_from(matching: Matching, left: Schools, right: Schools, mechanism: Mechanism) -> Warm | None:
    """
    Return what a matching knows of two tables that are sorted by id.

    Schools are found by their ids: whoever is new has no partner, and a price of zero. None where its prices
    are of another kind: under quotas, or where its mechanism counts something else.

    Parameters
    ----------
    matching : Matching
    left, right : Schools
        Sorted by id, like those of the matching.
    mechanism : Mechanism
        That of the run to start.
    """
    if matching.proof is not None or matching.mechanism.fingerprint() != mechanism.fingerprint():
        return None
    here, there = _rows(matching.left, left), _rows(matching.right, right)
    price = np.zeros(len(right), np.int64)
    price[there[there >= 0]] = matching.right_price[there >= 0]
    mate = np.full(len(left), -1, np.int64)
    paired = np.flatnonzero((matching.mate >= 0) & (here >= 0))
    mate[here[paired]] = there[matching.mate[paired]]
    return Warm(price, mate)


def _rows(old: Schools, new: Schools) -> Int64:
    """Return the row of each old school in the new table, -1 where it is gone."""
    if old is new:
        return np.arange(len(old))
    row = {key: at for at, key in enumerate(new.ids.tolist())}
    return np.array([row.get(key, -1) for key in old.ids.tolist()], np.int64)
