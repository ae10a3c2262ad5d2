"""
What one change leaves to prove, where everything before it is proven.

Problem
    A matching was checked over all pairs. After a change a few prices are other ones. A whole pass takes
    seconds; which pairs have to be looked at again?
Idea
    The bound of :mod:`twinmatch.certify.optimality` rests on numbers ``u_i`` that no net value of ``i``
    exceeds: ``u_i + p_j >= points_ij`` for all admissible pairs. Where neither ``u_i`` nor ``p_j`` is lower
    than before, and the pair is worth no more, this holds as it did. So it is left to see

    * all partners of a left school whose ``u_i`` fell, and all of a right school whose price fell: one plain
      pass each, over those that rules allow;
    * the pairs that became admissible, or are worth more.

    Everything else is recomputed whole: places, rules and points of every pair of the matching, the sum that
    is the bound, the coverage and its witness.
What the check trusts
    That before the change ``u_i + p_j >= points_ij`` held, which the certificate of that matching says; that
    points of pairs that the change does not name are the same, as they are where tables only lost rows; and
    what a whole check trusts. ``Matching.verify`` trusts neither, and computes all pairs.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.certify.certificate import Certificate, Claim
from twinmatch.certify.exact import exact_dot, exact_sum
from twinmatch.certify.plain import NO_PARTNER, pair_points, plain_pass
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.status import Status

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.certify.plain import Cancel
    from twinmatch.graph.terms import PairTerms

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Standing", "check_step", "reached_by"]


class Standing(NamedTuple):
    """
    A matching and its numbers, over all nodes that ever were.

    Attributes
    ----------
    left, right : bool arrays
        Nodes that are there.
    capacity : (num_right,) int64
        Places; 0 where a node is gone.
    mate : (num_left,) int64
        -1 for none.
    price : (num_right,) int64
    left_price : (num_left,) int64
        What no net value of a left node exceeds.
    coverage_price : int
    witness : (num_left,) bool
        Left nodes whose partners, together, bound the coverage.
    """

    left: Bool
    right: Bool
    capacity: Int64
    mate: Int64
    price: Int64
    left_price: Int64
    coverage_price: int
    witness: Bool


def check_step(
    terms: PairTerms,
    before: Standing,
    after: Standing,
    risen: Int64,
    *,
    seal: str,
    threads: int | None = None,
    cancel: Cancel | None = None,
) -> Certificate:
    """
    Check a matching after a change, on top of what was proven before it.

    Parameters
    ----------
    terms : PairTerms
        After the change; of all nodes.
    before, after : Standing
        Of what was before, only potentials are looked at.
    risen : (k, 2) int64
        Pairs that became admissible or may be worth more.
    seal : str
        Of the matching before, for the words of the claim.
    threads : int, optional
    cancel : Cancel, optional

    Returns
    -------
    Certificate
        ``pairs_checked`` are those that were evaluated.

    Notes
    -----
    Time is that of a plain pass over the rows and columns whose potentials fell, and linear in the number of
    nodes besides.
    """
    started = time.perf_counter()
    claims: list[Claim] = []

    def claim(name: str, ok: bool | np.bool_, detail: str) -> None:
        claims.append(Claim(name, bool(ok), detail))

    i = np.flatnonzero(after.mate >= 0)
    j = after.mate[i]
    points = pair_points(terms, i, j)
    there = after.left[i] & after.right[j]
    claim(
        "rules",
        (points != FORBIDDEN).all() and there.all(),
        f"all {len(i):,} pairs are admissible, of schools that are there",
    )
    load = np.bincount(j, minlength=terms.num_right)
    most = after.capacity * after.right
    claim(
        "capacities",
        (load <= most).all(),
        f"{len(i):,} of {exact_sum(most):,} places taken, none twice",
    )
    lower_left = np.flatnonzero(after.left_price < before.left_price)
    lower_right = np.flatnonzero(after.price < before.price)
    claim("prices", (after.price >= 0).all() and after.coverage_price >= 0, "none is below 0")
    holds, pairs, seconds = _holds(terms, after, lower_left, lower_right, threads, cancel)
    a, b = risen.T
    worth = pair_points(terms, a, b)
    now = (worth == FORBIDDEN) | (worth <= after.left_price[a] + after.price[b])
    claim(
        "all pairs",
        holds and now.all(),
        f"{len(lower_left):,} rows and {len(lower_right):,} columns whose prices fell, and {len(risen):,} "
        f"pairs that may be worth more: {pairs + len(risen):,} pairs evaluated; "
        f"the others as proven for {seal[:16]}...",
    )
    objective, coverage = exact_sum(points), len(i)
    premium = after.coverage_price
    surplus = exact_sum(np.maximum(after.left_price[after.left] + premium, 0))
    useful = np.minimum(most, int(after.left.sum()))
    bound = surplus + exact_dot(useful, after.price) - premium * coverage
    claim("bound", bound == objective, f"{bound:,}, and the points are {objective:,}")
    reached, more = reached_by(terms, after.witness, threads, cancel)
    pairs += more
    left = int(after.left.sum())
    coverage_bound = left - int((after.witness & after.left).sum()) + exact_sum(most[reached])
    claim("coverage", coverage == coverage_bound, f"{coverage:,} of at most {coverage_bound:,}")
    return Certificate(
        tuple(claims),
        str(Status.OPTIMAL),
        objective,
        bound,
        coverage,
        coverage_bound,
        pairs + len(risen),
        seconds,
        time.perf_counter() - started,
    )


def _holds(
    terms: PairTerms,
    after: Standing,
    rows: Int64,
    columns: Int64,
    threads: int | None,
    cancel: Cancel | None,
) -> tuple[bool, int, float]:
    """See that no pair of these rows and columns is worth more than both potentials."""
    pairs, seconds, holds = 0, 0.0, True
    every_left, every_right = np.arange(terms.num_left), np.arange(terms.num_right)
    # The pass takes no price below 0: potentials are counted from the lowest, and net values fall as much.
    low = min(0, int(after.left_price.min(initial=0)))
    for asked, other, turned, price, limit in (
        (rows, every_right, False, after.price, after.left_price),
        (columns, every_left, True, after.left_price - low, after.price + low),
    ):
        if not len(asked):
            continue
        allowed = terms.table != FORBIDDEN
        of, there = terms.left_class, terms.right_class
        if turned:
            allowed, of, there = allowed.T, there, of
        _, kind = np.unique(allowed, axis=0, return_inverse=True)
        kinds = kind.ravel()[of[asked]]
        for one in np.unique(kinds):
            some = asked[kinds == one]
            open_to = other[allowed[of[some[0]]][there]]
            part = terms.take(open_to, some).transposed() if turned else terms.take(some, open_to)
            swept, evaluated, took = plain_pass(
                part, price[open_to], np.zeros(len(some), np.bool_), threads=threads, cancel=cancel
            )
            pairs, seconds = pairs + evaluated, seconds + took
            if swept is None:
                return False, pairs, seconds
            known = swept.best_net != NO_PARTNER
            holds = holds and bool((swept.best_net[known] <= limit[some][known]).all())
    return holds, pairs, seconds


def reached_by(
    terms: PairTerms, witness: Bool, threads: int | None = None, cancel: Cancel | None = None
) -> tuple[Bool, int]:
    """Return the right nodes that are admissible to somebody of the witness, and the pairs looked at."""
    rows = np.flatnonzero(witness)
    if not len(rows):
        return np.zeros(terms.num_right, np.bool_), 0
    part = terms.take(rows, np.arange(terms.num_right))
    free = np.zeros(terms.num_right, np.int64)
    swept, pairs, _ = plain_pass(part, free, np.ones(len(rows), np.bool_), threads=threads, cancel=cancel)
    return np.ones(terms.num_right, np.bool_) if swept is None else swept.reached, pairs
