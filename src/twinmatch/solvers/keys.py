"""Pairs as numbers, ``left * num_right + right``: sets of millions of them, kept sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]

__all__ = ["merged", "without"]


def merged(*keys: Int64) -> Int64:
    """Return all of them, sorted, each once; a sort is faster here than a table of what was seen."""
    whole = np.sort(np.concatenate(keys))
    once: Int64 = whole[np.diff(whole, prepend=-1) > 0]
    return once


def without(keys: Int64, known: Int64) -> Int64:
    """Return those, sorted and each once, that are not among some that are sorted."""
    own = merged(keys)
    if not len(known):
        return own
    at = np.minimum(np.searchsorted(known, own), len(known) - 1)
    fresh: Int64 = own[known[at] != own]
    return fresh
