"""Instances for solvers, and what must hold of every solution."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.random_terms import FORBIDDEN, KINDS, random_terms
from twinmatch.certify import Certificate, check
from twinmatch.graph.scored import ScoredGraph
from twinmatch.graph.terms import PairTerms
from twinmatch.solvers import Solution, solve

x = FORBIDDEN


def explicit(points: Any, capacity: Any = None, *, isa: str = "auto") -> ScoredGraph:
    """Return a graph with a class for each node, so that its table holds the points."""
    table = np.ascontiguousarray(points, np.int32)
    rows, columns = (np.arange(k, dtype=np.int32) for k in table.shape)
    return ScoredGraph(PairTerms(rows, columns, table), capacity, isa=isa)


def certificate_of(graph: Any, solution: Solution, **changed: Any) -> Certificate:
    """Have every claim of a solution checked."""
    names = (
        "mate",
        "right_price",
        "coverage_price",
        "witness_left",
        "status",
        "objective",
        "bound",
        "coverage",
        "coverage_bound",
    )
    claims = {name: getattr(solution, name) for name in names}
    return check(graph.terms, **{**claims, "right_capacity": graph.right_capacity, "threads": 1, **changed})


def solved(graph: Any, **options: Any) -> Solution:
    """Solve to the end; the solution is optimal, says so, and its proof is accepted."""
    solution = solve(graph, **{"threads": 1, **options})
    assert solution.status == "OPTIMAL", solution
    assert solution.limit is None
    assert solution.bound == solution.objective
    assert solution.gap == solution.relative_gap == 0
    assert solution.coverage == solution.coverage_bound == (solution.mate >= 0).sum()
    certificate_of(graph, solution).raise_for_failure()
    return solution


def random_graph(
    rng: np.random.Generator, most_left: int = 8, most_right: int = 6, kinds: tuple[str, ...] = KINDS
) -> ScoredGraph:
    """
    Return a small graph of any kind.

    Some have an empty side, nodes without partners, more left nodes than places, no points at all, many
    ties, points below zero, single forbidden pairs, right nodes with several places or none.
    """
    num_left, num_right = int(rng.integers(most_left + 1)), int(rng.integers(most_right + 1))
    capacity = rng.integers(0, rng.integers(1, 5), num_right)
    span = int(rng.choice([1, 2, 7, 100_000]))
    forbidden = rng.choice([0.0, 0.3, 0.6, 0.9])
    match int(rng.integers(4)):
        case 0:  # anything anywhere
            points = rng.integers(0, span + 1, (num_left, num_right))
            points[rng.random(points.shape) < forbidden] = x
            return explicit(points, capacity)
        case 1:  # some left nodes share few partners, below what they need
            points = rng.integers(-span // 2, span + 1, (num_left, num_right))
            points[: num_left // 2 + 1, num_right // 3 :] = x
            return explicit(points, capacity)
        case 2:  # rules and a few columns, equal nodes among them
            some = tuple(rng.choice(["table", "linear", "tags", "bans"], 3, replace=False))
            terms = random_terms(rng, num_left, num_right, kinds=some, span=span, forbidden=forbidden)
            return ScoredGraph(terms, capacity)
        case _:  # everything that a policy can compile to
            terms = random_terms(rng, num_left, num_right, kinds=kinds, span=span, forbidden=forbidden)
            return ScoredGraph(terms, capacity)
