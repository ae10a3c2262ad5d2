"""
Why a few numbers prove that no better matching exists, and how they are checked.

Problem
    Left schools are to be paired with right schools. Some pairs are admissible, and worth a whole
    number of points; right school ``j`` has ``capacity_j`` places, of which at most ``num_left`` can be
    of use. A matching gives each left school one partner or none. Its *coverage* is the number of left
    schools with a partner, its *objective* the points of its pairs. Two things are claimed of a
    matching: nobody can cover more left schools (*coverage bound*), and nobody who covers at least as
    many gets more points (*bound*).

What is handed over
    The matching; a price ``p_j >= 0`` for a place at each right school; a coverage price ``c >= 0``;
    a set ``S`` of left schools, the witness. How they were found is of no concern. They are believed
    in nothing: any numbers whatever give true bounds, and bad ones give weak bounds.

Why the bound holds
    Take any matching that covers ``k`` left schools or more, and let its schools pay. A pair
    ``(i, j)`` is worth ``points_ij = (points_ij - p_j) + p_j``. The first part is at most
    ``best_i``, the greatest of ``points_ij - p_j`` over all admissible partners of ``i``. The second
    parts add up to at most ``sum_j capacity_j p_j``, because no place is let twice (places beyond one for
    each left school count for nothing). Now pay every covered left school ``c`` on top, and take ``c k``
    back: that loses nothing, since at least ``k`` are covered. So the matching has at most

        bound = sum_i max(0, best_i + c)  +  sum_j capacity_j p_j  -  c k

    points, left schools without any admissible partner adding 0. This is weak duality. The only hard
    part is ``best_i``: it speaks of every admissible pair, so every pair is evaluated
    (:mod:`twinmatch.certify.plain`), or shown not to be above what another pair of ``i`` is worth, or ``-c``
    (:mod:`twinmatch.certify.pruned`). If the matching's own points equal the bound, no other matching
    can have more, and the matching is optimal. If not, the gap says how far off it can be at most.

Which bound may be claimed
    A run that was stopped claims the lowest bound it met, and hands over prices that prove it. These may
    prove more than was claimed: a bound that no matching exceeds is still true when it is raised. So a
    claimed bound at or above the recomputed one is accepted, and the claim says what was recomputed;
    one below is refused. Optimality takes no such slack: it is accepted only where the bound claimed, the
    bound recomputed and the objective recomputed are one number.

Why the coverage bound holds
    The partners that the schools of ``S`` may have are ``N(S)``. However one pairs, schools of ``S``
    find places there only, so at most ``capacity(N(S))`` of them are covered; and at most all the
    others. Hence nobody covers more than

        coverage_bound = num_left - |S| + sum of capacity_j over N(S)

    (the easy half of a theorem of Hall and Ore; the other half says that a witness reaching the
    largest coverage always exists). ``N(S)`` is gathered in the same pass over all pairs.

What the check trusts
    The arrays of points and rules that the policy compiled to, the formula that turns them into
    points (``cpp/points.hpp``, tested against a second version written from its description), the
    loop in ``cpp/check/`` and this file. No solver, no search tree. Sums are exact; no step rounds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from twinmatch.certify.certificate import Certificate, Claim
from twinmatch.certify.exact import exact_dot, exact_sum
from twinmatch.certify.plain import NO_PARTNER, PRICE_LIMIT, Cancel, Pass, pair_points
from twinmatch.certify.pruned import Extent, best_pass
from twinmatch.certify.sealing import digest
from twinmatch.graph.terms import FORBIDDEN, PairTerms
from twinmatch.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["check"]

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


def check(
    terms: PairTerms,
    *,
    mate: npt.ArrayLike,
    right_price: npt.ArrayLike,
    coverage_price: int,
    witness_left: npt.ArrayLike,
    status: Status | str,
    objective: int | None,
    bound: int | None,
    coverage: int | None,
    coverage_bound: int | None,
    right_capacity: npt.ArrayLike | None = None,
    seal: str | None = None,
    plain: bool | None = None,
    threads: int | None = None,
    isa: str = "auto",
    on_progress: Callable[[int, int], object] | None = None,
    cancel: Cancel | None = None,
) -> Certificate:
    """
    Recompute everything that a matching claims, over all pairs.

    Parameters
    ----------
    terms : PairTerms
        What the policy compiled to.
    mate : (num_left,) int
        Right school of each left school, -1 for none.
    right_price : (num_right,) int
        Price of a place at each right school, in whole points, at least 0.
    coverage_price : int
        What covering one more left school is worth, in whole points, at least 0.
    witness_left : (num_left,) bool
        Left schools whose partners, together, bound the coverage.
    status : Status or str
    objective, bound, coverage, coverage_bound : int or None
        The numbers claimed. They must equal the recomputed ones, but that a bound may also be higher
        where the status is not ``OPTIMAL``. None claims nothing, and is accepted where the status
        claims nothing either (``NO_SOLUTION``, ``INFEASIBLE``).
    right_capacity : (num_right,) int, optional
        Places of each right school; one each by default.
    seal : str, optional
        What :func:`twinmatch.certify.seal` made of these numbers when they were found. Numbers changed
        since then are refused even where they still prove what is claimed.
    plain : bool, optional
        Whether every pair is evaluated, one after the other, or bounds may exclude some; the certificate
        says which. By default bounds may where there are many pairs.
    threads : int, optional
        As many as this process has cores. The certificate is the same for any number.
    isa : str
        Instruction set, ``"auto"`` or one of ``_check.instruction_sets()``: same certificate.
    on_progress : callable, optional
        Called a few times a second with the pairs evaluated so far and in all.
    cancel : Cancel, optional
        Where it is set before the pass has ended, what rests on the pass is refused.

    Returns
    -------
    Certificate
        Whatever is wrong with the arrays is a claim refused, not an error raised.

    Raises
    ------
    ValueError
        If the terms themselves are broken: codes that point nowhere, points beyond 32 bits.
    PointsError
        If a function of the user's own returns what are no points.

    Notes
    -----
    Time is at most one evaluation of each of the ``num_left x num_right`` pairs. A status that claims less
    than the numbers prove (``FEASIBLE`` with gap 0, as after a deadline) is accepted; one that claims
    more is refused.
    """
    started = time.perf_counter()
    num_left, num_right = terms.num_left, terms.num_right
    if right_capacity is None:
        right_capacity = np.ones(num_right, np.int64)
    book = _Book()
    mates = book.whole("mates", mate, num_left, -1, num_right - 1)
    places = book.whole("places", right_capacity, num_right, 0, PRICE_LIMIT)
    prices = book.whole("prices", right_price, num_right, 0, PRICE_LIMIT)
    premium = book.whole("coverage price", np.reshape(_array(coverage_price), -1), 1, 0, PRICE_LIMIT)
    witness = book.marks("witness", witness_left, num_left)
    if seal is not None:
        numbers = (coverage_price, str(status), objective, bound, coverage, coverage_bound)
        book.sealed(seal, (mates, prices, witness, places), numbers)

    found_objective = book.admissible(terms, mates, isa)
    found_coverage = book.capacities(mates, places)
    swept, extent, pass_seconds = None, Extent(0), 0.0
    if prices is not None and witness is not None:
        floor = _floor(terms, mates, prices, premium, isa)
        swept, extent, pass_seconds = best_pass(
            terms,
            prices,
            witness,
            floor,
            plain=plain,
            threads=threads,
            isa=isa,
            on_progress=on_progress,
            cancel=cancel,
        )
    book.evaluated(swept, extent, num_left * num_right)
    found_bound = _bound(swept, places, prices, premium, found_coverage)
    found_coverage_bound = _coverage_bound(swept, places, witness)

    silent = str(status) in (Status.NO_SOLUTION, Status.INFEASIBLE)
    book.number("objective", objective, found_objective, silent=silent)
    book.number("bound", bound, found_bound, silent=silent, may_exceed=str(status) != Status.OPTIMAL)
    book.number("coverage", coverage, found_coverage, silent=silent)
    book.number("coverage bound", coverage_bound, found_coverage_bound, silent=silent)
    found = _Found(num_left, found_objective, found_bound, found_coverage, found_coverage_bound)
    book.enter("status", *_judge(str(status), found))
    return Certificate(
        claims=tuple(book.claims),
        status=str(status),
        objective=found_objective,
        bound=found_bound,
        coverage=found_coverage,
        coverage_bound=found_coverage_bound,
        pairs_checked=extent.pairs,
        pass_seconds=pass_seconds,
        seconds=time.perf_counter() - started,
        pairs_excluded=extent.excluded,
    )


class _Book:
    """
    The claims so far.

    Each method looks into one, enters it, and returns what others build on: None if it was refused.
    """

    def __init__(self) -> None:
        self.claims: list[Claim] = []

    def enter(self, name: str, ok: bool, detail: str) -> None:
        self.claims.append(Claim(name, ok, detail))

    def whole(self, name: str, given: npt.ArrayLike, size: int, low: int, high: int) -> Int64 | None:
        """Take an array of ``size`` whole numbers from ``low`` to ``high``."""
        values = _array(given)
        if values.shape != (size,):
            self.enter(name, False, f"shape {values.shape} instead of ({size},)")
            return None
        if size and values.dtype.kind not in "iu":
            self.enter(name, False, f"{values.dtype} instead of whole numbers")
            return None
        outside = np.flatnonzero((values < low) | (values > high))
        if outside.size:
            first = ", ".join(f"{values[k]} in row {k}" for k in outside[:3])
            self.enter(name, False, f"{outside.size:,} outside {low} .. {high} (first: {first})")
            return None
        range_ = f"from {values.min():,} to {values.max():,}" if size else "none needed"
        self.enter(name, True, f"{size:,} whole number{'s' if size != 1 else ''}, {range_}")
        return values.astype(np.int64)

    def marks(self, name: str, given: npt.ArrayLike, size: int) -> Bool | None:
        """Take a yes or no for each of ``size`` schools."""
        values = _array(given)
        if values.shape != (size,) or (size and values.dtype != np.bool_):
            wrong = f"{values.dtype} of shape {values.shape} instead of bool of shape ({size},)"
            self.enter(name, False, wrong)
            return None
        self.enter(name, True, f"{np.count_nonzero(values):,} of {size:,} left schools")
        return values.astype(np.bool_)

    def sealed(
        self,
        seal: str,
        arrays: tuple[npt.NDArray[Any] | None, ...],
        numbers: tuple[Any, ...],
    ) -> None:
        """See that nothing was changed since the seal was set."""
        if any(array is None for array in arrays):
            self.enter("seal", False, "not checked: the numbers are not usable")
        else:
            found = digest(*arrays, *numbers)
            ok = found == seal
            detail = (
                f"{found[:16]}..., nothing was changed" if ok else f"{found[:16]}... is not {seal[:16]}..."
            )
            self.enter("seal", ok, detail)

    def admissible(self, terms: PairTerms, mates: Int64 | None, isa: str) -> int | None:
        """See that every pair keeps the rules; return the points of all."""
        if mates is None:
            self.enter("rules", False, "not checked: the mates are not usable")
            return None
        i = np.flatnonzero(mates >= 0)
        j = mates[i]
        points = pair_points(terms, i, j, isa=isa)
        broken = np.flatnonzero(points == FORBIDDEN)
        if broken.size:
            first = ", ".join(f"({i[k]}, {j[k]})" for k in broken[:3])
            self.enter("rules", False, f"{broken.size:,} pairs are not admissible (first: {first})")
            return None
        self.enter("rules", True, f"all {len(i):,} pairs are admissible")
        return exact_sum(points)

    def capacities(self, mates: Int64 | None, places: Int64 | None) -> int | None:
        """See that no right school takes more than it has places for; return the number of pairs."""
        if mates is None:
            self.enter("capacities", False, "not checked: the mates are not usable")
            return None
        taken = mates[mates >= 0]
        if places is None:
            self.enter("capacities", False, "not checked: the places are not usable")
            return len(taken)
        load = np.bincount(taken, minlength=len(places))
        over = np.flatnonzero(load > places)
        first = ", ".join(f"{load[j]} in {places[j]} places of {j}" for j in over[:3])
        detail = f"{over.size:,} right schools have too many (first: {first})" if over.size else ""
        fits = f"{len(taken):,} of {exact_sum(places):,} places taken, none twice"
        self.enter("capacities", not over.size, detail or fits)
        return len(taken)

    def evaluated(self, swept: Pass | None, extent: Extent, wanted: int) -> None:
        """See that the pass came to its end."""
        self.enter("all pairs", swept is not None and extent.pairs == wanted, extent.in_words(wanted))

    def number(
        self, name: str, claimed: int | None, found: int | None, *, silent: bool, may_exceed: bool = False
    ) -> None:
        """See that a number is the one that was found, or, of a bound that may be weak, not below it."""
        if claimed is None and silent:
            self.enter(name, True, "nothing claimed")
        elif found is None:
            self.enter(name, False, f"{claimed} claimed, not checked: what it rests on was refused")
        elif isinstance(claimed, (int, np.integer)) and int(claimed) == found:
            self.enter(name, True, f"{found:,}, recomputed")
        elif may_exceed and isinstance(claimed, (int, np.integer)) and int(claimed) > found:
            self.enter(name, True, f"{int(claimed):,} claimed, and holds: the prices prove {found:,}")
        else:
            self.enter(name, False, f"{claimed} claimed, {found} recomputed")


def _array(given: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return an array of what was given; of shape () where there is none in it."""
    try:
        return np.asarray(given)
    except (TypeError, ValueError, OverflowError):
        return np.asarray(None)


class _Found(NamedTuple):
    """The numbers that the check found; None where they could not be worked out."""

    num_left: int
    objective: int | None
    bound: int | None
    coverage: int | None
    coverage_bound: int | None


def _floor(terms: PairTerms, mates: Int64 | None, prices: Int64, premium: Int64 | None, isa: str) -> Int64:
    """Return net values that the bound counts in any case: ``-c``, and those of the pairs of the matching."""
    least = NO_PARTNER if premium is None else -int(premium[0])
    floor = np.full(terms.num_left, least, np.int64)
    if mates is not None:
        i = np.flatnonzero(mates >= 0)
        points = pair_points(terms, i, mates[i], isa=isa)
        known = points != FORBIDDEN
        i, points = i[known], points[known]
        floor[i] = np.maximum(floor[i], points - prices[mates[i]])
    return floor


def _bound(
    swept: Pass | None,
    places: Int64 | None,
    prices: Int64 | None,
    premium: Int64 | None,
    coverage: int | None,
) -> int | None:
    """Return the upper bound on the points of matchings of at least this coverage."""
    if swept is None or places is None or prices is None or premium is None or coverage is None:
        return None
    best = swept.best_net[swept.best_net != NO_PARTNER]
    # Prices and premium are at most 2**62 and points fit 34 bits: this sum of two stays within 64.
    surplus = exact_sum(np.maximum(best + premium, 0))
    useful = np.minimum(places, len(swept.best_net))
    return surplus + exact_dot(useful, prices) - int(premium[0]) * coverage


def _coverage_bound(swept: Pass | None, places: Int64 | None, witness: Bool | None) -> int | None:
    """Return the upper bound on the coverage of any matching."""
    if swept is None or places is None or witness is None:
        return None
    return len(witness) - int(np.count_nonzero(witness)) + exact_sum(places[swept.reached])


def _judge(status: str, found: _Found) -> tuple[bool, str]:
    """Return whether the numbers carry the status, and why."""
    if status == Status.NO_SOLUTION:
        return found.coverage == 0, f"nothing is claimed, and {found.coverage} pairs are given"
    if status == Status.INFEASIBLE:
        if found.coverage_bound is None:
            return False, "INFEASIBLE claimed, and its witness was refused"
        short = found.coverage_bound < found.num_left
        verb = "proves" if short else "does not prove"
        sizes = f"at most {found.coverage_bound:,} of {found.num_left:,} can be covered"
        return short, f"the witness {verb} that somebody must stay without a partner: {sizes}"
    if status not in (Status.OPTIMAL, Status.FEASIBLE):
        return False, f"{status!r} is no status"
    objective, bound, coverage, most = found[1:]
    if objective is None or bound is None or coverage is None or most is None:
        return False, f"{status} claimed, and what it rests on was refused"
    numbers = f"gap {bound - objective:,}, coverage {coverage:,} of at most {most:,}"
    if status == Status.OPTIMAL:
        return objective == bound and coverage == most, f"OPTIMAL claimed: {numbers}"
    return objective <= bound and coverage <= most, f"FEASIBLE claimed: {numbers}"
