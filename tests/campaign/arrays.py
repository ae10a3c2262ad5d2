"""
Instances for :func:`twinmatch.assign`: a question in plain arrays, and how it is handed over.

As a matrix, of 64 or 32 bits or of floats, as a sparse array, or as a networkx graph with names.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
import numpy as np
from scipy import sparse

import twinmatch as tm
from tests.assignment.constrained import bounds
from tests.assignment.peers import Asked
from tests.campaign.judges import Best, fits
from tests.oracles import FORBIDDEN
from twinmatch.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Answered(NamedTuple):
    """What the library said: its status, questions with their answers, and what of its proof is refused."""

    status: str
    said: list[tuple[Asked, Best | None]]
    refused: list[str]


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
