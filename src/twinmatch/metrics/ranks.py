r"""
The rank of each pair: how many partners would have been better, counted exactly over pairs never stored.

Problem
    The *rank* of a pair :math:`(i, j)` is 1 + the number of admissible partners :math:`k` of :math:`i` with
    :math:`p_{ik} > p_{ij}`. Ties share a rank. A right school without places is nobody's partner.
By tree
    The search for the k best partners takes a floor, here the points of the pair. Where it finds fewer than k
    above it, it has found all, and they are counted; the others are asked again with a larger k. The work is
    about the sum of the ranks, many times less than all pairs.
By blocks
    Points that the tree does not take (criteria of the user's own, very large points) are evaluated block
    after block in NumPy, each pair once.
Where another way fits in
    :func:`ranks` chooses. A compiled pass over all pairs would take the same arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.graph.scored import ScoredGraph
from twinmatch.threads import number_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.terms import PairTerms

    Int64 = npt.NDArray[np.int64]

__all__ = ["by_blocks", "by_tree", "ranks"]

MOST_IN_TREE = 2**30
"""Points must stay below this for the tree."""

_BLOCK = 2**20  # pairs that are evaluated at a time
_CELLS = 2**22  # found partners that are held at a time
_FIRST, _GROWTH = 64, 16  # how many partners are asked for, and how many times more the next time


def ranks(
    terms: PairTerms, left: Int64, points: Int64, places: Int64, *, threads: int | None = None
) -> Int64:
    """
    Return the rank of each pair, by the tree where it can be used.

    Parameters
    ----------
    terms : PairTerms
        Raw points, without a curve.
    left : (k,) int64
        The left school of each pair.
    points : (k,) int64
        What each pair is worth.
    places : (num_right,) int64
        Right schools that have none do not count.
    threads : int, optional
        As many as this process has cores.

    Returns
    -------
    (k,) int64
        1 or more.

    Notes
    -----
    By tree, time is about linear in the sum of the ranks; by blocks, in the number of pairs. Memory depends
    on neither.
    """
    offering = np.flatnonzero(places > 0)
    if terms.calls or terms.max_points >= MOST_IN_TREE:
        return by_blocks(terms, left, points, offering)
    return by_tree(terms, left, points, offering, threads=threads)


def by_blocks(terms: PairTerms, left: Int64, points: Int64, offering: Int64) -> Int64:
    """Evaluate all pairs with the right schools of ``offering``, a few left schools at a time."""
    rank = np.ones(len(left), np.int64)
    step = max(1, _BLOCK // max(1, len(offering)))
    for first in range(0, len(left), step):
        rows = left[first : first + step]
        known, which = np.unique(rows, return_inverse=True)
        worth = terms.points(known[:, None], offering[None, :])  # FORBIDDEN is below all points
        rank[first : first + step] += (worth[which.ravel()] > points[first : first + step, None]).sum(axis=1)
    return rank


def by_tree(
    terms: PairTerms, left: Int64, points: Int64, offering: Int64, *, threads: int | None = None
) -> Int64:
    """Let the tree find the right schools of ``offering`` that are above each pair."""
    rank = np.ones(len(left), np.int64)
    if len(offering) < terms.num_right:
        terms = terms.take(np.arange(terms.num_left), offering)
    asked = np.arange(len(left) if len(offering) else 0)
    core, free, use = ScoredGraph(terms).core, np.zeros(len(offering), np.int64), number_of(threads)
    k = _FIRST
    while len(asked):
        k = min(k, len(offering))
        step, again = max(1, _CELLS // k), []
        for first in range(0, len(asked), step):
            pair = asked[first : first + step]
            _, _, number, _ = core.search(left[pair].astype(np.int32), k, free, use, points[pair])
            rank[pair] = number.astype(np.int64) + 1
            # As many as were asked for may not be all, unless nobody is left to be asked for.
            again.append(pair[(number == k) & (k < len(offering))])
        asked, k = np.concatenate(again), k * _GROWTH
    return rank
