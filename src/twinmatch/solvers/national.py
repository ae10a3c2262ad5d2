"""
Coverage first, then points: the whole solve, on integers.

The largest coverage is settled first (:mod:`twinmatch.solvers.coverage`). It cuts the graph in two parts
that share no pair of any largest matching:

* *plenty*: every left node outside the witness finds a place outside its neighbours;
* *scarce*: the neighbours of the witness are all full, and its left nodes compete for them. Here every
  place must find a left node, so the part is solved with its sides exchanged.

Each part is solved exactly by :mod:`twinmatch.solvers.engine`. A coverage price, large enough that no pair
across the cut pays, joins the prices of the parts into one proof: with price ``c``,

    bound = sum_i max(0, best_i + c) + sum_j capacity_j price_j - c coverage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from twinmatch import _core
from twinmatch.solvers.control import Control, Stopped
from twinmatch.solvers.coverage import Coverage, largest_coverage
from twinmatch.solvers.engine import Outcome, optimise
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.arrays import Int64
    from twinmatch.graph.terms import PairTerms
    from twinmatch.solvers.engine import Market
    from twinmatch.solvers.warm import Warm

__all__ = ["Solution", "solve_schools"]


class Divisible(Protocol):
    """A graph of schools that can be cut in parts."""

    terms: PairTerms
    right_capacity: Int64

    @property
    def num_left(self) -> int:
        """Number of left nodes."""

    @property
    def num_right(self) -> int:
        """Number of right nodes."""

    def part(self, left: Int64, right: Int64) -> Market:
        """Return the graph of some of its nodes."""

    def places_first(self, left: Int64, right: Int64, place: Int64) -> Market:
        """Return the graph of some of its nodes, sides exchanged, one left node for each place."""


@dataclass(frozen=True, eq=False)
class Solution:
    """
    A matching and the numbers that prove how good it is.

    Parameters
    ----------
    mate : (num_left,) int64
        Right node of each left node, -1 for none.
    right_price : (num_right,) int64
        Whole points, at least 0.
    coverage_price : int
        Whole points, at least 0.
    witness_left : (num_left,) bool
        Left nodes whose partners, together, bound the coverage.
    objective, bound : int
        Points of the matching, and what no matching that covers as many left nodes can exceed.
    coverage, coverage_bound : int
        Left nodes with a partner, and what no matching can exceed.
    status : Status
    limit : Limit or None
        What stopped the run, if anything did.
    seconds : dict of str to float
        Wall time by phase; phases do not overlap.
    """

    mate: Int64
    right_price: Int64
    coverage_price: int
    witness_left: npt.NDArray[np.bool_]
    objective: int
    bound: int
    coverage: int
    coverage_bound: int
    status: Status
    limit: Limit | None
    seconds: dict[str, float]

    @property
    def gap(self) -> int:
        """Points between the bound and the objective."""
        return self.bound - self.objective

    @property
    def relative_gap(self) -> float:
        """The gap over the bound (over 1 where the bound is 0)."""
        return self.gap / max(1, abs(self.bound))


def solve_schools(graph: Divisible, control: Control, warm: Warm | None = None) -> Solution:
    """
    Pair as many left nodes as possible, and among all such matchings find the most points.

    Parameters
    ----------
    graph : ScoredGraph or CalledGraph
    control : Control
    warm : Warm, optional
        Where to start from. It serves the part of plenty; the part of scarcity starts from nothing.

    Returns
    -------
    Solution
    """
    terms, capacity = graph.terms, graph.right_capacity
    try:
        cover = control.kept(
            "coverage",
            lambda: control.run("coverage", lambda: largest_coverage(terms, capacity)),
            Coverage,
        )
    except Stopped as stopped:
        return _nothing(graph, control, stopped.limit)
    plenty_left = np.flatnonzero(~cover.witness_left)
    plenty_right = np.flatnonzero(~cover.neighbours_right & (capacity > 0))
    scarce_left = np.flatnonzero(cover.witness_left & cover.has_partner)
    scarce_right = np.flatnonzero(cover.neighbours_right & (capacity > 0))

    control.elsewhere = (0, 0, int(capacity[scarce_right].sum()) * terms.max_points)
    plenty = _solve_plenty(graph, plenty_left, plenty_right, control, warm)
    control.elsewhere = (int((plenty.mate >= 0).sum()), plenty.objective, plenty.bound)
    scarce = _solve_scarce(graph, scarce_left, scarce_right, control, plenty.limit)
    return _join(
        graph, cover, control, (plenty_left, plenty_right, plenty), (scarce_left, scarce_right, scarce)
    )


_EMPTY = Outcome(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), 0, 0, None)


def _solve_plenty(
    graph: Divisible, left: Int64, right: Int64, control: Control, warm: Warm | None
) -> Outcome:
    """Every left node must have a partner, and can."""
    if not len(left):
        return _EMPTY._replace(right_price=np.zeros(len(right), np.int64))
    part = graph.part(left, right)
    outside = np.full(len(left), _core.NO_VALUE, np.int64)
    # Places beyond one for each left node are of no use, to the certificate neither, and would take memory.
    places = np.minimum(graph.right_capacity[right], graph.num_left)
    start = None if warm is None else warm.part(left, right)
    return control.kept(
        "plenty",
        lambda: optimise(part, places, outside, graph.terms.max_points, control, start),
        Outcome,
        Limit,
    )


def _solve_scarce(
    graph: Divisible, left: Int64, right: Int64, control: Control, limit: Limit | None
) -> Outcome:
    """Every place must have a left node, and can: places bid for left nodes, one place each."""
    if not len(right) or limit in (Limit.DEADLINE, Limit.CANCELLED):
        return Outcome(
            np.full(len(left), -1, np.int64),
            np.zeros(len(right), np.int64),
            np.full(len(left), graph.terms.max_points, np.int64),
            0,
            len(left) * graph.terms.max_points,
            limit,
        )
    # More places than left nodes that could ever take them do not occur: the part is full.
    place = np.repeat(np.arange(len(right)), graph.right_capacity[right])
    swapped = graph.places_first(left, right, place)
    outside = np.full(len(place), _core.NO_VALUE, np.int64)
    places = np.ones(len(left), np.int64)
    found = control.kept(
        "scarce",
        lambda: optimise(swapped, places, outside, graph.terms.max_points, control),
        Outcome,
        Limit,
    )
    mate = np.full(len(left), -1, np.int64)
    placed = found.mate >= 0
    mate[found.mate[placed]] = place[placed]
    # Places of one right node have the same best net value, hence one price.
    price = np.zeros(len(right), np.int64)
    price[place] = found.left_price
    return Outcome(mate, price, found.right_price, found.objective, found.bound, found.limit)


_Part = tuple["Int64", "Int64", Outcome]


def _join(graph: Divisible, cover: Coverage, control: Control, plenty: _Part, scarce: _Part) -> Solution:
    """Put the parts together and find the coverage price that makes their prices one proof."""
    left_a, right_a, a = plenty
    left_b, right_b, b = scarce
    mate = np.full(graph.num_left, -1, np.int64)
    mate[left_a] = np.where(a.mate >= 0, right_a[a.mate], -1) if len(right_a) else -1
    mate[left_b] = np.where(b.mate >= 0, right_b[b.mate], -1) if len(right_b) else -1
    coverage = int((mate >= 0).sum())
    lowest_a = int(a.left_price.min(initial=0))
    lowest_b = int(b.right_price.min(initial=0))
    price = max(0, -lowest_a)
    if len(right_b):
        price = max(price, -lowest_b, graph.terms.max_points - lowest_b - lowest_a)
    right_price = np.zeros(graph.num_right, np.int64)
    right_price[right_a] = a.right_price
    right_price[right_b] = b.right_price + price
    # Nobody can be placed where there is no place, whatever it would be worth.
    right_price[graph.right_capacity == 0] = price + graph.terms.max_points - lowest_a
    bound = a.bound + b.bound + price * (cover.size - coverage)
    objective = a.objective + b.objective
    # A part that reached its gap is no reason for the whole where the other was cut short.
    limit = a.limit if a.limit not in (None, Limit.GAP) else b.limit or a.limit
    done = bound == objective and coverage == cover.size
    stopped = Status.FEASIBLE if coverage else Status.NO_SOLUTION
    return Solution(
        mate=mate,
        right_price=right_price,
        coverage_price=price,
        witness_left=cover.witness_left,
        objective=objective,
        bound=bound,
        coverage=coverage,
        coverage_bound=cover.size,
        status=Status.OPTIMAL if done else stopped,
        limit=None if done else limit,
        seconds=dict(control.seconds),
    )


def _nothing(graph: Divisible, control: Control, limit: Limit) -> Solution:
    """Return what is known before anything was done: no pairs, and bounds that anybody can see."""
    return Solution(
        mate=np.full(graph.num_left, -1, np.int64),
        right_price=np.zeros(graph.num_right, np.int64),
        coverage_price=0,
        witness_left=np.zeros(graph.num_left, bool),
        objective=0,
        bound=graph.num_left * graph.terms.max_points,
        coverage=0,
        coverage_bound=graph.num_left,
        status=Status.NO_SOLUTION,
        limit=limit,
        seconds=dict(control.seconds),
    )
