"""What a mechanism was told, and what it promises to every pair: numbers that sentences need."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.mechanisms import Concave, Greedy, Leximin, RankMaximal, SerialDictatorship, Stable
from twinmatch.status import Status

if TYPE_CHECKING:
    from twinmatch.matching import Matching

__all__ = ["Terms", "counts_points", "floor_of", "terms_of"]


class Terms(NamedTuple):
    """
    The parameters of a mechanism, where it has any.

    Attributes
    ----------
    floor : int or None
        The points that every pair has at least, where that is promised.
    ranks : int or None
        How many choices of a school count.
    scale : str or None
        SHA-256 of what 0, 1, 2, ... points count for, whole numbers of four bytes, the lowest byte first.
    passes_over : bool
        Whether pairs are made one after the other, and one whose cap is full at its turn is passed over.
    """

    floor: int | None = None
    ranks: int | None = None
    scale: str | None = None
    passes_over: bool = False


def floor_of(matching: Matching) -> int | None:
    """Return the points that every pair of a proven matching is promised; None where nothing is."""
    how = matching.mechanism
    if not isinstance(how, Leximin) or how.promise is None or matching.status is not Status.OPTIMAL:
        return None
    return int(how.promise.floor)


def counts_points(matching: Matching) -> bool:
    """Return whether objective, bound and prices are in points, and not in a transform of them."""
    how = matching.mechanism
    if isinstance(how, Leximin) and how.promise is not None and not how.promise.weight:
        return floor_of(matching) is not None
    return how.curve(1) is None


def terms_of(matching: Matching) -> Terms:
    """Return what the mechanism of a matching was told."""
    how, scale = matching.mechanism, None
    if isinstance(how, Concave) and how.entries is not None:
        scale = hashlib.sha256(np.ascontiguousarray(how.entries, "<i4").tobytes()).hexdigest()
    in_turn = isinstance(how, Greedy | Stable | SerialDictatorship) and how.right_policy is None
    capped = any(quota.at_most is not None for quota in matching.constraints.quotas) if in_turn else False
    ranks = how.ranks if isinstance(how, RankMaximal) else None
    return Terms(floor_of(matching), ranks, scale, capped)
