"""All optima of a small instance, one after the other."""

from __future__ import annotations

import itertools

import numpy as np

from twinmatch.graph.terms import FORBIDDEN


def all_optima(points: np.ndarray, capacity: np.ndarray) -> list[tuple[int, ...]]:
    """Return every matching with the largest coverage, then the most points: right nodes, or -1."""
    partners = [[-1, *np.flatnonzero((row != FORBIDDEN) & (capacity > 0)).tolist()] for row in points]
    best, found = (-1, 0), []
    for mate in itertools.product(*partners):
        used = np.bincount([j for j in mate if j >= 0], minlength=len(capacity))
        if (used > capacity).any():
            continue
        value = (
            sum(j >= 0 for j in mate),
            sum(int(points[i, j]) for i, j in enumerate(mate) if j >= 0),
        )
        if value > best:
            best, found = value, []
        if value == best:
            found.append(mate)
    return found
