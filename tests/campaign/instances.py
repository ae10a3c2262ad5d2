"""
Random instances of the campaign: each is told by a seed, its family and a number, and by nothing else.

Arrays (:class:`Arrays`) are handed to :func:`twinmatch.assign` as a matrix, a sparse array, a networkx graph
or floats. Graphs (:class:`Graph`) are what a policy compiles to: points in every form that the compiled loops
know, bans and curves. Both say what the library answered as questions with answers that any judge can be
asked for, and both know how to be smaller.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
import numpy as np
from scipy import sparse

import twinmatch as tm
from tests.assignment.peers import Asked
from tests.assignment.test_constraints import bounds, crossed_quotas, nested_quotas, odd_quotas
from tests.campaign.judges import Best, fits
from tests.instances import certificate_of, explicit
from tests.oracles import FORBIDDEN, dense_points
from tests.random_terms import KINDS, random_terms
from twinmatch.certify.implicit import question_of
from twinmatch.certify.theorem import Claims, check_assignment
from twinmatch.graph.called import CalledGraph
from twinmatch.graph.constraints import Constraints, Quota
from twinmatch.graph.scored import ScoredGraph
from twinmatch.graph.terms import CallTerm, PairTerms
from twinmatch.mechanisms.leximin import floored
from twinmatch.mechanisms.transformed import Nash
from twinmatch.solvers import solve
from twinmatch.solvers.control import Control
from twinmatch.solvers.fairest import solve_fairest
from twinmatch.solvers.grown import solve_implicit
from twinmatch.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Draw = Callable[[np.random.Generator], "Arrays | Graph"]


class Answered(NamedTuple):
    """What the library said: its status, questions with their answers, and what of its proof is refused."""

    status: str
    said: list[tuple[Asked, Best | None]]
    refused: list[str]


# -- Arrays -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Arrays:
    """A question for :func:`twinmatch.assign`, and how it is handed over."""

    asked: Asked
    form: str

    def answer(self) -> Answered:
        """Ask the library."""
        asked = self.asked
        found = hand_over(asked, self.form)
        refused = [f"{claim.name}: {claim.detail}" for claim in found.verify().claims if not claim.ok]
        status = str(found.status)
        if found.status is Status.INFEASIBLE:
            return Answered(status, [(asked, None)], refused)
        objective = round(4 * found.value) if self.form == "floats" else found.objective
        pairs = found.taken
        refused += [f"pairs: {what}" for what in asked.broken(pairs)]
        if int(asked.points[tuple(pairs.T)].sum()) != objective:
            refused.append("pairs: their points are others")
        if found.status is not Status.OPTIMAL:
            refused.append("status: nothing stopped the run")
        return Answered(
            status, [(asked, Best(found.coverage if asked.coverage_first else None, objective))], refused
        )

    def smaller(self) -> Iterator[Arrays]:
        """Yield the same with one thing less."""
        asked = self.asked
        n, m = asked.points.shape
        for i in range(n):
            yield self._without(np.arange(n) != i, np.ones(m, bool))
        for j in range(m):
            yield self._without(np.ones(n, bool), np.arange(m) != j)
        for q in range(len(asked.quotas)):
            left, right, low, high = asked.quotas[q]
            rest = [*asked.quotas[:q], *asked.quotas[q + 1 :]]
            yield self._with(quotas=rest)
            if low and high is not None:
                yield self._with(quotas=[*rest, (left, right, 0, high)])
                yield self._with(quotas=[*rest, (left, right, low, None)])
        for k in range(len(asked.locked)):
            yield self._with(locked=[*asked.locked[:k], *asked.locked[k + 1 :]])
        if asked.coverage_first:
            yield self._with(coverage_first=False)
        for name, simple in (("left_least", 0), ("right_least", 0), ("left_most", 1), ("right_most", 1)):
            values = getattr(asked, name)
            for k in np.flatnonzero(values > simple):
                other = values.copy()
                other[k] = simple
                yield self._with(**{name: other})
        locks = set(asked.locked)
        for i, j in np.argwhere(asked.stored).tolist() if self.form == "sparse" else ():
            if (i, j) not in locks:
                stored = asked.stored.copy()
                stored[i, j] = False
                yield self._with(stored=stored)
        for i, j in np.argwhere(asked.points != 0).tolist():
            for worth in {0, int(asked.points[i, j]) // 2}:
                points = asked.points.copy()
                points[i, j] = worth
                yield self._with(points=points)

    def _with(self, **changes: Any) -> Arrays:
        return replace(self, asked=self.asked._replace(**changes))

    def _without(self, left: np.ndarray, right: np.ndarray) -> Arrays:
        asked = self.asked
        at = np.cumsum(left) - 1, np.cumsum(right) - 1
        return self._with(
            points=asked.points[np.ix_(left, right)],
            stored=asked.stored[np.ix_(left, right)],
            left_least=asked.left_least[left],
            left_most=asked.left_most[left],
            right_least=asked.right_least[right],
            right_most=asked.right_most[right],
            locked=[(int(at[0][i]), int(at[1][j])) for i, j in asked.locked if left[i] and right[j]],
            quotas=[(a[left], b[right], low, high) for a, b, low, high in asked.quotas],
        )

    def __str__(self) -> str:
        asked = self.asked
        quotas = [(a.tolist(), b.tolist(), low, high) for a, b, low, high in asked.quotas]
        return (
            f"{self.form}, points\n{np.where(asked.stored, asked.points, FORBIDDEN)}\n"
            f"left {asked.left_least.tolist()} to {asked.left_most.tolist()}, "
            f"right {asked.right_least.tolist()} to {asked.right_most.tolist()}\n"
            f"locked {list(asked.locked)}, coverage_first {asked.coverage_first}, quotas {quotas}"
        )


def hand_over(asked: Asked, form: str, **options: Any) -> tm.Assignment:
    """Ask :func:`twinmatch.assign`, one thread."""
    points: Any = asked.points
    i, j = np.nonzero(asked.stored)
    quotas = [
        tm.GroupQuota(None if left.all() else left, None if right.all() else np.flatnonzero(right), low, high)
        for left, right, low, high in asked.quotas
    ]
    locked: Any = asked.locked
    if form == "networkx":
        points = nx.Graph()
        left_names = [f"l{k}" for k in range(len(asked.points))]
        right_names = [f"r{k}" for k in range(asked.points.shape[1])]
        points.add_nodes_from(left_names, bipartite=0)
        points.add_nodes_from(right_names, bipartite=1)
        worth = asked.points[i, j].tolist()
        points.add_weighted_edges_from((f"l{a}", f"r{b}", w) for a, b, w in zip(i, j, worth, strict=True))
        locked = [(f"l{a}", f"r{b}") for a, b in asked.locked]
        quotas = [
            replace(
                quota,
                left=None if left.all() else [left_names[k] for k in np.flatnonzero(left)],
                right=None if right.all() else [right_names[k] for k in np.flatnonzero(right)],
            )
            for quota, (left, right, _, _) in zip(quotas, asked.quotas, strict=True)
        ]
    elif form in ("sparse", "csc"):
        points = sparse.coo_array((asked.points[i, j], (i, j)), shape=asked.points.shape)
        points = points.tocsc() if form == "csc" else points
    elif form == "floats":
        points = asked.points / 4
    elif form == "narrow":
        points = asked.points.astype(np.int32)

    if asked.left_least.all() and (asked.left_most == 1).all():
        options["require_all"] = True
    elif asked.left_least.any() or (asked.left_most != 1).any():
        options["left_bounds"] = (asked.left_least, asked.left_most)
    if asked.right_least.any():
        options["right_bounds"] = (asked.right_least, asked.right_most)
    elif (asked.right_most != 1).any():
        options["right_capacity"] = asked.right_most
    if form == "networkx" and "right_capacity" in options:
        options["right_capacity"] = dict(zip(right_names, asked.right_most.tolist(), strict=True))
    return tm.assign(
        points, locked=locked, quotas=quotas, coverage_first=asked.coverage_first, threads=1, **options
    )


SINGLE = [(n, m) for n in range(1, 9) for m in range(1, 9) if fits(n, m, True)]
SEVERAL = [(n, m) for n in range(1, 13) for m in range(1, 13) if fits(n, m, False)]
SPANS = [(-3, 4), (-9, 30), (0, 2), (5, 9), (0, 10**6), (-(10**5), 10**5)]


def _points(rng: np.random.Generator, shape: tuple[int, int], may_be_large: bool = True) -> np.ndarray:
    low, high = SPANS[rng.integers(len(SPANS))]
    points = rng.integers(low, high, shape)
    if may_be_large and rng.random() < 0.02:
        points *= 2**20  # floats do not tell these apart any more where bonuses come on top
    return points


def plain(form: str, rng: np.random.Generator) -> Arrays:
    """Draw places, perhaps a partner for everybody, perhaps coverage first."""
    shape = SINGLE[rng.integers(len(SINGLE))]
    n, m = shape
    points = _points(rng, shape, form != "narrow")
    stored = np.ones(shape, bool)
    if form in ("sparse", "csc", "networkx"):
        stored = rng.random(shape) < (0.3, 0.6, 0.9)[rng.integers(3)]
    places = np.ones(m, np.int64) if rng.random() < 0.4 else rng.integers(0, 4, m)
    required = np.full(n, int(rng.random() < 0.3))
    first = bool(rng.random() < 0.4)
    zero = np.zeros(m, np.int64)
    return Arrays(Asked(points, stored, required, np.ones(n, np.int64), zero, places, (), (), first), form)


def bounded(make_quotas: Callable[..., list] | None, form: str, rng: np.random.Generator) -> Arrays:
    """Draw bounds of nodes, locked pairs, and quotas."""
    n, m = shape = SEVERAL[rng.integers(len(SEVERAL))]
    points = _points(rng, shape)
    stored = np.ones(shape, bool)
    if form != "matrix":
        stored = rng.random(shape) < (0.3, 0.6, 1.0)[rng.integers(3)]
    most = [np.minimum(rng.integers(0, 4, size), (1, 3)[rng.integers(2)]) for size in shape]
    if rng.random() < 0.5:
        most[rng.integers(2)][:] = 1
    least = [
        np.minimum(rng.integers(0, 4, len(x)) * (rng.random(len(x)) < (0, 0, 0.2)[rng.integers(3)]), x)
        for x in most
    ]
    locked = []
    if rng.random() < 0.2:
        locked = [tuple(pair) for pair in rng.permutation(np.argwhere(stored))[: rng.integers(1, 3)].tolist()]
    quotas = [] if make_quotas is None else make_quotas(rng, n, m)
    first = bool(rng.random() < 0.3)
    return Arrays(Asked(points, stored, least[0], most[0], least[1], most[1], locked, quotas, first), form)


def regions(form: str, rng: np.random.Generator) -> Arrays:
    """Draw caps and floors on sets of right nodes that are apart."""
    drawn = plain(form, rng)
    n, m = drawn.asked.points.shape
    of = rng.integers(0, 3, m)
    quotas = [(np.ones(n, bool), of == k, *bounds(rng, 2)) for k in range(3) if (of == k).any()]
    return Arrays(drawn.asked._replace(quotas=quotas), form)


# -- Graphs -------------------------------------------------------------------------------------------------


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


# -- Families -----------------------------------------------------------------------------------------------

FAMILIES: dict[str, Draw] = {
    "assign: matrix": partial(plain, "matrix"),
    "assign: 32 bits": partial(plain, "narrow"),
    "assign: floats": partial(plain, "floats"),
    "assign: sparse": partial(plain, "sparse"),
    "assign: networkx": partial(plain, "networkx"),
    "assign: bounds, locks": partial(bounded, None, "csc"),
    "assign: regions": partial(regions, "sparse"),
    "assign: nested quotas": partial(bounded, nested_quotas, "sparse"),
    "assign: crossed quotas": partial(bounded, crossed_quotas, "matrix"),
    "assign: odd rings": partial(bounded, odd_quotas, "networkx"),
    "match: most points": partial(compiled, "most_points"),
    "match: curves": partial(compiled, "curve"),
    "match: nash": partial(compiled, "nash"),
    "match: leximin": partial(compiled, "leximin", most_left=5, most_right=4),
    "match: own functions": partial(compiled, "called"),
    "match: quotas": implicit,
}
#: Of twenty instances in a row.
SHARES = (5, 1, 1, 4, 0.5, 0.75, 0.5, 0.75, 0.5, 0.5, 2.5, 1, 0.5, 0.5, 0.5, 0.5)


def draw(seed: int, family: str, number: int) -> Arrays | Graph:
    """Return an instance; the same for the same numbers."""
    rng = np.random.default_rng([seed, list(FAMILIES).index(family), number])
    return FAMILIES[family](rng)
