"""
What a matching claims that is rank-maximal: that nothing has more first choices, then more second ones, ...

The pairs of the first ranks
    Somebody lists them; here each is evaluated again, and one pass over all pairs counts how many there are.
    A list of so many different pairs of the first ranks is all of them.
The most of each rank
    R. W. Irving and others ("Rank-maximal matchings", ACM Trans. Algorithms 2, 2006): the pairs of the
    matching up to a rank are a largest matching of all pairs up to it that are still of use. That is so where
    no path leads from a free left node to a free place, over pairs out of the matching and in it in turn
    (C. Berge, 1957). Nodes that no such path of even length reaches from a free node are covered by every
    largest matching; pairs go that gain nothing by it, and the next rank is looked at. Who is reached is told
    by SciPy's breadth-first search.
The most points
    Prices of places prove it, as for any assignment: with u_i what a left node gains at best over the pairs
    that stay, no such matching has more than the sum of all u_i and of all prices. Only nodes that must be
    filled may have a price or a gain below zero.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.certify.blocking import count_above
from twinmatch.certify.certificate import Claim, Findings
from twinmatch.certify.exact import exact_dot, exact_sum
from twinmatch.certify.plain import PRICE_LIMIT, pair_points
from twinmatch.graph.terms import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.certify.plain import Cancel
    from twinmatch.graph.constraints import Constraints
    from twinmatch.graph.terms import PairTerms

    Int64 = npt.NDArray[np.int64]
    Int32 = npt.NDArray[np.int32]
    Bool = npt.NDArray[np.bool_]

__all__ = ["check_ranks"]

_AT_ONCE = 2**22


def check_ranks(
    terms: PairTerms,
    limits: Constraints,
    mate: Int64,
    listed: tuple[Int32, Int32],
    ranks: int,
    right_price: Int64 | None,
    *,
    threads: int | None = None,
    isa: str = "auto",
    on_progress: Callable[[int, int], object] | None = None,
    cancel: Cancel | None = None,
) -> Findings:
    """
    See whether a matching is rank-maximal, and has the most points of those that are.

    Parameters
    ----------
    terms : PairTerms
    limits : Constraints
        At most one partner for each left node, places, and locked pairs.
    mate : (num_left,) int64
        Pairs that are admissible and keep to the limits.
    listed : pair of (k,) int32
        Left and right node of what somebody says are all pairs of the first ranks.
    ranks : int
    right_price : (num_right,) int64 or None
        Prices of places that prove the points.
    threads, isa, on_progress, cancel
        As for :func:`~twinmatch.certify.plain.plain_pass`.

    Notes
    -----
    One evaluation of each pair, and two searches for each rank over the pairs listed.
    """
    started = time.perf_counter()
    left, right = listed
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    points = _points(terms, left, right, isa)
    same = (left[1:] == left[:-1]) & (right[1:] == right[:-1])
    sound = not same.any() and bool((points != FORBIDDEN).all() and (limits.right_most[right] > 0).all())
    by_points = np.lexsort((right, -points, left))
    left, right, points = left[by_points], right[by_points], points[by_points]
    rank = _ranks(left, points)
    count = np.bincount(left, minlength=limits.num_left)
    at = np.cumsum(count) - count + ranks - 1
    enough = count >= ranks
    floor = np.full(limits.num_left, np.iinfo(np.int32).min, np.int64)
    floor[enough] = points[at[enough]] - 1
    sound = sound and bool((rank <= ranks).all())
    open_right = limits.right_most > 0
    counted = count_above(
        terms, floor, open_right, threads=threads, isa=isa, on_progress=on_progress, cancel=cancel
    )
    if counted is None:
        gone = Claim("first ranks", False, "not checked: the pass was cancelled")
        return Findings((gone,), 0, time.perf_counter() - started)
    complete = sound and np.array_equal(counted, count)
    everything = terms.num_left * terms.num_right
    what = f"{len(left):,} pairs listed of the first {ranks} ranks, {exact_sum(counted):,} counted"
    claims = [Claim("first ranks", bool(complete), what)]
    if complete:
        claims += _judged(limits, mate, left, right, points, rank, ranks, right_price)
    return Findings(tuple(claims), everything, time.perf_counter() - started)


def _points(terms: PairTerms, left: Int32, right: Int32, isa: str) -> Int64:
    """Return the points of pairs, some at a time."""
    out = np.empty(len(left), np.int64)
    for first in range(0, len(left), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        out[some] = pair_points(terms, left[some].astype(np.int64), right[some].astype(np.int64), isa=isa)
    return out


def _ranks(left: Int32, points: Int64) -> Int64:
    """Return the rank of pairs that are in order of left nodes and falling points."""
    number = np.arange(len(left))
    new_left = np.r_[True, left[1:] != left[:-1]][: len(left)]
    new_level = new_left | np.r_[True, points[1:] != points[:-1]][: len(left)]
    first = np.maximum.accumulate(np.where(new_left, number, 0))
    return np.maximum.accumulate(np.where(new_level, number, 0)) - first + 1


def _judged(
    limits: Constraints,
    mate: Int64,
    left: Int32,
    right: Int32,
    points: Int64,
    rank: Int64,
    ranks: int,
    right_price: Int64 | None,
) -> list[Claim]:
    """Return what holds of the ranks and of the points."""
    locked = np.zeros(limits.num_left, bool)
    locked[limits.locked[:, 0]] = True
    places = limits.right_most - np.bincount(limits.locked[:, 1], minlength=limits.num_right)
    wants = (limits.left_most > 0) & ~locked
    use = wants[left] & (places[right] > 0)
    left, right, points, rank = left[use], right[use], points[use], rank[use]
    i = np.flatnonzero((mate >= 0) & ~locked)
    width = np.int64(limits.num_right)
    key = left.astype(np.int64) * width + right
    by_key = np.argsort(key, kind="stable")
    where = np.searchsorted(key[by_key], i * width + mate[i])
    at = by_key[np.minimum(where, len(key) - 1)] if len(key) else np.zeros(len(i), np.int64)
    known = (key[at] == i * width + mate[i]) if len(key) else np.zeros(len(i), bool)
    rank_of = np.full(limits.num_left, ranks + 1)
    rank_of[i[known]] = rank[at[known]]
    stays, must_left, must_right, longer = _what_stays(
        left, right, rank, ranks, np.where(locked, -1, mate), rank_of, wants, places
    )
    outside = int((~known).sum()) + int((~stays[at[known]]).sum())
    had = np.bincount(rank[at[known]], minlength=ranks + 1)[1:]
    by_rank = ", ".join(f"{n:,}" for n in had.tolist())
    what = f"pairs by rank: {by_rank}; {outside:,} of no use"
    if longer:
        what = f"more pairs of the first {longer} ranks are possible: a path leads to a free place"
    claims = [Claim("rank-maximal", not outside and not longer, what)]
    if right_price is None or np.shape(right_price) != (limits.num_right,) or _is_far(right_price):
        return [*claims, Claim("most points", False, "there are no prices that prove it")]
    wrong = int(((right_price < 0) & ~must_right).sum())
    gain = np.full(limits.num_left, np.iinfo(np.int64).min)
    np.maximum.at(gain, left[stays], points[stays] - right_price[right[stays]])
    gain = np.where(must_left, gain, np.maximum(gain, 0))
    bound = exact_sum(gain[wants]) + exact_dot(np.where(places > 0, right_price, 0), places)
    total = exact_sum(points[at[known]])
    what = f"{total:,} points in these pairs, and none as good by ranks has more than {bound:,}"
    return [*claims, Claim("most points", not wrong and bound == total, what)]


def _is_far(price: Int64) -> bool:
    """Return whether sums with a price could leave 64 bits."""
    return bool(((price < -PRICE_LIMIT) | (price > PRICE_LIMIT)).any())


def _what_stays(
    left: Int32,
    right: Int32,
    rank: Int64,
    ranks: int,
    mate: Int64,
    rank_of: Int64,
    wants: Bool,
    places: Int64,
) -> tuple[Bool, Bool, Bool, int]:
    """
    Return the pairs of use, and the nodes that every rank-maximal matching fills.

    Last comes the first rank up to which more pairs are possible; 0 for none.
    """
    stays = np.ones(len(left), bool)
    must_left, must_right = np.zeros(len(wants), bool), np.zeros(len(places), bool)
    for number in range(1, ranks + 1):
        now = stays & (rank <= number)
        held = np.where(rank_of <= number, mate, -1)
        spare = np.bincount(held[held >= 0], minlength=len(places)) < places
        listed = left[now], right[now], held, len(places)
        left_even, right_odd = _reached(*listed, wants & (held < 0), forth=True)
        if (right_odd & spare).any():
            return stays, must_left, must_right, number
        left_odd, right_even = _reached(*listed, spare, forth=False)
        must_left |= wants & ~left_even
        must_right |= (places > 0) & ~right_even
        later = rank > number
        stays &= ~(later & (~left_even[left] | ~right_even[right]))
        stays &= ~(~later & left_odd[left] & ~right_even[right])
        stays &= ~(~later & right_odd[right] & ~left_even[left])
    return stays, must_left, must_right, 0


def _reached(
    left: Int32, right: Int32, held: Int64, num_right: int, free: Bool, *, forth: bool
) -> tuple[Bool, Bool]:
    """Return who is reached from free left nodes over pairs and back over held ones; or from free places."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import breadth_first_order

    num_left = len(held)
    i = np.flatnonzero(held >= 0)
    source = num_left + num_right
    start = np.flatnonzero(free) + (0 if forth else num_left)
    over, back = (left, num_left + right), (i, num_left + held[i])
    over, back = (over, back[::-1]) if forth else (over[::-1], back)
    a = np.concatenate([over[0], back[0], np.full(len(start), source)]).astype(np.int32)
    b = np.concatenate([over[1], back[1], start]).astype(np.int32)
    links = csr_matrix((np.ones(len(a), np.int8), (a, b)), shape=(source + 1, source + 1))
    seen = np.zeros(source + 1, bool)
    seen[breadth_first_order(links, source, return_predecessors=False)] = True
    return seen[:num_left], seen[num_left:source]
