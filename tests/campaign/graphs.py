"""
Instances for the solvers behind :func:`twinmatch.match`: what tables and a policy compile to.

Points in every form that the compiled loops know, bans, curves, functions of the user's own, and limits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.assignment.constrained import bounds
from tests.assignment.peers import Asked
from tests.campaign.arrays import Answered
from tests.campaign.judges import Best
from tests.instances import certificate_of, explicit
from tests.oracles import FORBIDDEN, dense_points
from tests.random_terms import KINDS, random_terms
from twinmatch.certify.implicit import question_of
from twinmatch.certify.theorem import Claims, check_assignment
from twinmatch.graph.called import CalledGraph
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.constraints import Constraints, Quota
from twinmatch.graph.scored import ScoredGraph
from twinmatch.mechanisms.leximin import floored
from twinmatch.mechanisms.transformed import Nash
from twinmatch.solvers import solve
from twinmatch.solvers.control import Control
from twinmatch.solvers.fairest import solve_fairest
from twinmatch.solvers.grown import solve_implicit
from twinmatch.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinmatch.graph.terms import PairTerms


@dataclass(frozen=True)
class Graph:
    """What tables and a policy compile to, and the mechanism; limits where there are quotas."""

    terms: PairTerms
    places: np.ndarray
    mechanism: str = "most_points"
    limits: Constraints | None = None
    coverage_first: bool = True

    def answer(self) -> Answered:
        """Ask the solver that :func:`twinmatch.match` would ask, and have the proof checked."""
        if self.limits is not None:
            return self._under_quotas(self.limits)
        graph = (CalledGraph if self.terms.calls else ScoredGraph)(self.terms, self.places)
        if self.mechanism == "leximin":
            return self._fairest(graph)
        if self.mechanism == "nash":
            graph = graph.with_curve(Nash().curve(self.terms.max_points))
        found = solve(graph, threads=1)
        refused = [f"{c.name}: {c.detail}" for c in certificate_of(graph, found).claims if not c.ok]
        if found.status is not Status.OPTIMAL:
            refused.append("status: nothing stopped the run")
        return Answered(
            str(found.status), [(self._asked(graph.terms), Best(found.coverage, found.objective))], refused
        )

    def _asked(self, terms: PairTerms) -> Asked:
        points = dense_points(terms)
        stored = points != FORBIDDEN
        n, m = points.shape
        zero = np.zeros(n, np.int64), np.zeros(m, np.int64)
        limits = self.limits
        if limits is None:
            one = np.ones(n, np.int64)
            return Asked(
                np.where(stored, points, 0), stored, zero[0], one, zero[1], self.places, (), (), True
            )
        quotas = [(*limits.members(quota), quota.at_least, quota.at_most) for quota in limits.quotas]
        return Asked(
            np.where(stored, points, 0),
            stored,
            limits.left_least,
            limits.left_most,
            limits.right_least,
            limits.right_most,
            [(int(i), int(j)) for i, j in limits.locked],
            quotas,
            self.coverage_first,
        )

    def _fairest(self, graph: ScoredGraph | CalledGraph) -> Answered:
        """Have the size judged, the points of pairs above the floor, and that no more are above it."""
        most = self.terms.max_points
        found, promise = solve_fairest(graph, partial(floored, most), Control(threads=1))
        asked = self._asked(self.terms)
        said: list[tuple[Asked, Best | None]] = []
        nothing = asked._replace(points=np.zeros_like(asked.points))
        said.append((nothing, Best(found.coverage, 0)))
        on = graph if promise is None else graph.with_curve(floored(most, promise.floor, promise.weight))
        refused = [f"{c.name}: {c.detail}" for c in certificate_of(on, found).claims if not c.ok]
        if found.status is not Status.OPTIMAL:
            refused.append("status: nothing stopped the run")
        if promise is not None:
            i = np.flatnonzero(found.mate >= 0)
            objective = int(asked.points[i, found.mate[i]].sum())
            above = asked.stored & (asked.points >= promise.floor)
            said.append((asked._replace(stored=above), Best(found.coverage, objective)))
            everybody = (np.ones(len(asked.points), bool), np.ones(asked.points.shape[1], bool))
            higher = asked.stored & (asked.points > promise.floor)
            said.append((nothing._replace(stored=higher, quotas=[(*everybody, found.coverage, None)]), None))
        elif found.coverage:
            refused.append("floor: none")
        return Answered(str(found.status), said, refused)

    def _under_quotas(self, limits: Constraints) -> Answered:
        graph = ScoredGraph(self.terms, self.places)
        found = solve_implicit(graph, limits, self.coverage_first, Control(threads=1))
        known = found.status not in (Status.INFEASIBLE, Status.NO_SOLUTION)
        claims = Claims(
            found.status,
            found.pairs,
            found.prices,
            found.price_scale,
            found.cover,
            found.witness,
            found.clash,
            found.searched,
            found.objective if known else None,
            None if found.status is Status.INFEASIBLE else found.bound,
            len(np.unique(found.pairs[:, 0])) if known else None,
            found.coverage_bound if self.coverage_first else None,
        )
        question = question_of(self.terms, limits, self.coverage_first, found.pairs, threads=1)
        refused = [f"{c.name}: {c.detail}" for c in check_assignment(question, claims).claims if not c.ok]
        asked = self._asked(self.terms)
        if found.status is Status.INFEASIBLE:
            return Answered(str(found.status), [(asked, None)], refused)
        if found.status is not Status.OPTIMAL:
            refused.append("status: nothing stopped the run")
        refused += [f"pairs: {what}" for what in asked.broken(found.pairs)]
        coverage = len(np.unique(found.pairs[:, 0])) if self.coverage_first else None
        return Answered(str(found.status), [(asked, Best(coverage, int(found.objective)))], refused)

    def smaller(self) -> Iterator[Graph]:
        """Yield the same with one thing less; first as points in a table, where that is as wrong."""
        terms = self.terms
        n, m = terms.num_left, terms.num_right
        points = dense_points(terms)
        columns = {"curve": None, "distance": None, "dot": None, "tags": (), "linears": (), "calls": ()}
        there = [name for name in columns if getattr(terms, name) is not None and len(getattr(terms, name))]
        if there and n and m and terms.curve is None and points.max() < 2**31:
            yield replace(self, terms=explicit(points).terms)
        for name in there:
            yield replace(self, terms=replace(terms, **{name: columns[name]}))
        if len(terms.banned):
            yield replace(self, terms=replace(terms, banned=terms.banned[:-1]))
        if self.limits is not None:
            for q in range(len(self.limits.quotas)):
                rest = (*self.limits.quotas[:q], *self.limits.quotas[q + 1 :])
                yield replace(self, limits=replace(self.limits, quotas=rest))
        for i in range(n):
            yield self._without(np.arange(n) != i, np.ones(m, bool))
        for j in range(m):
            yield self._without(np.ones(n, bool), np.arange(m) != j)

    def _without(self, left: np.ndarray, right: np.ndarray) -> Graph:
        terms, places = self.terms.take(np.flatnonzero(left), np.flatnonzero(right)), self.places[right]
        limits = self.limits
        if limits is not None:
            at = np.cumsum(left) - 1, np.cumsum(right) - 1
            stay = [(at[0][i], at[1][j]) for i, j in limits.locked if left[i] and right[j]]
            quotas = tuple(
                replace(
                    quota,
                    left=None if quota.left is None else quota.left[left],
                    right=None if quota.right is None else quota.right[right],
                )
                for quota in limits.quotas
            )
            limits = Constraints(
                limits.left_least[left],
                limits.left_most[left],
                limits.right_least[right],
                limits.right_most[right],
                np.array(stay, np.int64).reshape(-1, 2),
                quotas,
            )
        return replace(self, terms=terms, places=places, limits=limits)

    def __str__(self) -> str:
        limits = self.limits
        more = "" if limits is None else f"\nquotas {limits.quotas}\nlocked {limits.locked.tolist()}"
        return (
            f"{self.mechanism}, coverage_first {self.coverage_first}, places {self.places.tolist()}\n"
            f"{self.terms}\nwhich are the points\n{dense_points(self.terms)}{more}"
        )


def compiled(mechanism: str, rng: np.random.Generator, most_left: int = 8, most_right: int = 6) -> Graph:
    """Draw a graph of any kind: ties, points below zero, single bans, nodes without partners, empty sides."""
    n, m = int(rng.integers(most_left + 1)), int(rng.integers(most_right + 1))
    places = rng.integers(0, rng.integers(1, 5), m)
    span = int((1, 2, 7, 100_000)[rng.integers(4)])
    forbidden = (0.0, 0.3, 0.6, 0.9)[rng.integers(4)]
    kind = int(rng.integers(4))
    if kind <= 1:
        low = (0, -span // 2)[kind] if mechanism == "most_points" else 0
        points = rng.integers(low, span + 1, (n, m))
        points[rng.random((n, m)) < forbidden] = FORBIDDEN
        if kind:  # some left nodes share few partners
            points[: n // 2 + 1, m // 3 :] = FORBIDDEN
        terms = explicit(points).terms
    else:
        kinds = (
            KINDS if kind == 3 else tuple(rng.choice(["table", "linear", "tags", "bans"], 3, replace=False))
        )
        terms = random_terms(rng, n, m, kinds=kinds, span=span, forbidden=forbidden)
        if mechanism != "most_points":  # what policies compile to has no points below zero
            terms = replace(terms, table=np.where(terms.table == FORBIDDEN, FORBIDDEN, np.abs(terms.table)))
    if mechanism == "curve":
        size = int((1, 7, min(span, 1000), 6 * min(span, 1000))[rng.integers(4)])
        entries = np.cumsum(rng.integers(0, 4, size) * (rng.random(size) < 0.3)).astype(np.int32)
        terms = replace(terms, curve=entries)
    if mechanism == "called":
        values = rng.integers(0, 9, (n, m))
        terms = replace(terms, calls=(CallTerm(partial(_look_up, values), 8, "own"),))
    return Graph(terms, places, mechanism)


def _look_up(values: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    return values[i, j]


def implicit(rng: np.random.Generator) -> Graph:
    """Draw a graph with bounds, locks and quotas, also on left nodes with a partner."""
    drawn = compiled("most_points", rng, 4, 4)
    n, m = drawn.terms.num_left, drawn.terms.num_right
    quotas: list[Quota] = []
    for side, size in (("left", n), ("right", m)):
        inner = rng.random(size) < 0.5
        outer = inner | (rng.random(size) < 0.5)
        for name, nodes in (("outer", outer), ("inner", inner)):
            if rng.random() < 0.5:
                low, high = bounds(rng, 2)
                both: dict[str, Any] = {"left": None, "right": None, side: nodes}
                if rng.random() < 0.3:
                    both = {"left": rng.random(n) < 0.5, "right": rng.random(m) < 0.5}
                covered = side == "left" and high is None and both["right"] is None
                quotas.append(Quota(f"{side} {name}", **both, at_least=low, at_most=high, covered=covered))
    pairs = np.argwhere(dense_points(drawn.terms) != FORBIDDEN)
    locked = pairs[rng.random(len(pairs)) < 0.03].reshape(-1, 2)
    least = (rng.random(n) < 0.1).astype(np.int64)
    most = np.maximum(least, (rng.random(n) < 0.9).astype(np.int64))
    limits = Constraints(least, most, np.zeros(m, np.int64), drawn.places, locked, tuple(quotas))
    return replace(drawn, limits=limits, coverage_first=bool(rng.random() < 0.6))
