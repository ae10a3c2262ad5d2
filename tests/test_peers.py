"""Peers that benchmarks compare with: they find the proven optimum, cannot cheat, and fail as a row."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest

import twinmatch as tm
from benchmarks.instances import Instance, Lists, Market
from benchmarks.peers import PEERS, NotRun, compete, composition, quotas
from benchmarks.peers.composition import NumpySearch, OurSearch, compose, recovered_prices
from benchmarks.peers.question import Pairs, compiled
from benchmarks.peers.stored import flow
from benchmarks.process import Ended, Timer, alone
from benchmarks.runs import beside, measured
from tests.benchmarked import LISTS, MARKET, MATRIX, QUOTAS, TIGHT, quiet
from tests.instances import random_graph, solved
from twinmatch.graph.terms import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator

TAKERS = {
    "a market": {"composition", "composition-numpy", "ortools", "highs", "scipy", "lapx"},
    "a tight market": {"composition", "composition-numpy", "ortools", "highs"},
    "lists": {"ortools", "highs", "scipy-sparse", "lapx-sparse", "scipy-milp"},
    "a matrix": {"ortools", "highs", "scipy", "lapx", "scipy-milp"},
    "nested": {"ortools"},
    "crossed": {"scipy-milp"},
}


@pytest.mark.parametrize("name", sorted(PEERS))
@pytest.mark.parametrize("instance", [MARKET, TIGHT, LISTS, MATRIX, *QUOTAS], ids=lambda one: one.name)
def test_peers_find_the_proven_optimum(name, instance):
    """A peer that takes an instance and ends has as many pairs and points as our proof says."""
    built = instance.build()
    try:
        found = compete(PEERS[name], built, Timer(), quiet)
    except PackageNotFoundError:
        pytest.skip(f"{PEERS[name].package} is not installed")
    except NotRun:
        assert name not in TAKERS[instance.name]
        return
    assert name in TAKERS[instance.name]
    ours = measured(instance)
    assert (found["matched"], found["objective"]) == (ours["matched"], ours["objective"])
    assert found["solve_s"] > 0


@pytest.mark.parametrize("instance", [MARKET, LISTS, MATRIX], ids=lambda one: one.name)
def test_a_peer_cannot_cheat(instance):
    """An answer that uses a place twice, or leaves somebody out who must not be, is refused."""
    built = instance.build()
    if isinstance(built, Market):
        admissible = compiled(built).points(np.arange(60)[:, None], np.arange(200)[None, :]) != FORBIDDEN
        popular = int(admissible.sum(axis=0).argmax())
        twice = np.where(admissible[:, popular], popular, -1)
    else:
        twice = np.full(len(built.points), int(built.item[0, 0]) if isinstance(built, Lists) else 0)
        twice[2:] = -1
    liar = PEERS["scipy"]._replace(solve=lambda *_: twice)
    with pytest.raises(ValueError, match=r"places|left out|not stored"):
        compete(liar, built, Timer(), quiet)


@pytest.mark.parametrize("instance", QUOTAS, ids=lambda one: one.name)
def test_a_peer_keeps_to_quotas(instance):
    """The best assignment without quotas breaks some of them, and does not count."""
    built = instance.build()
    points = built.sparse() if isinstance(built, Lists) else built.points
    free = tm.assign(points, coverage_first=True).mate
    liar = PEERS["scipy-milp"]._replace(solve=lambda *_: free)
    with pytest.raises(ValueError, match=r"pairs in '(nested|crossed) \d+'"):
        compete(liar, built, Timer(), quiet)


def test_a_flow_keeps_to_nested_quotas():
    """Many small networks, slow twin: every way to pair, as many as can be first."""
    rng = np.random.default_rng(4)
    halves = [np.array([1, 1, 0, 0], bool), np.array([1, 0, 0, 0], bool)]
    seen = set()
    for _ in range(60):
        points = rng.integers(-5, 9, (4, 4))
        bounds = [sorted(rng.integers(0, 4, 2).tolist()) for _ in range(4)]
        asked = [
            tm.GroupQuota(left=g, at_least=a, at_most=b) for g, (a, b) in zip(halves, bounds, strict=False)
        ]
        asked += [
            tm.GroupQuota(right=g, at_least=a, at_most=b)
            for g, (a, b) in zip(halves, bounds[2:], strict=True)
        ]
        i, j = (side.ravel() for side in np.indices((4, 4)))
        pairs = Pairs(i, j, points.ravel(), 4, 4, np.ones(4, np.int64), 1000)
        ours = tm.assign(points, coverage_first=True, quotas=asked)
        try:
            mate = quotas.flow(pairs, quotas.network(pairs, asked))
        except RuntimeError:
            assert ours.status == tm.Status.INFEASIBLE
            seen.add("infeasible")
            continue
        left = np.flatnonzero(mate >= 0)
        best = max(
            (len(kept), int(points[kept, to].sum()))
            for k in range(5)
            for kept, to in ways(k)
            if all(
                one.at_least
                <= np.count_nonzero(
                    (True if one.left is None else one.left[kept])
                    & (True if one.right is None else one.right[to])
                )
                <= one.at_most
                for one in asked
            )
        )
        assert (len(left), points[left, mate[left]].sum()) == best == (len(ours.pairs), ours.objective)
        seen.add("found")
    assert seen == {"infeasible", "found"}


def ways(k: int) -> Iterator[tuple[list[int], list[int]]]:
    """Yield every way to pair k of 4 with k of 4."""
    for kept in combinations(range(4), k):
        for to in permutations(range(4), k):
            yield list(kept), list(to)


def test_quotas_that_cross_are_no_flow():
    """Groups that overlap in part, and quotas on both sides, are refused as a network."""
    pairs = Pairs(*(np.array(x) for x in ([0, 1, 2], [0, 1, 2], [1, 1, 1])), 3, 3, np.ones(3, np.int64), 9)
    first, second = np.array([1, 1, 0], bool), np.array([0, 1, 1], bool)
    for asked in (
        [tm.GroupQuota(left=first), tm.GroupQuota(left=second)],
        [tm.GroupQuota(left=first, right=second)],
    ):
        with pytest.raises(NotRun, match="nested"):
            quotas.network(pairs, asked)


def test_a_slow_peer_is_stopped_and_says_how_far_it_came():
    """The time box ends a process in the middle of its work, and what it said is kept."""
    slow = Instance("slow", "synthetic", {"market": "mild", "num_left": 20000, "num_right": 66000})
    ended = alone("composition-numpy", slow, 1.5)
    assert ended.failure == "stopped after 1.5 s"
    assert ended.said == {"note": "in its first lists"}


def test_a_failure_is_a_row():
    """A peer without an answer has empty figures and a note; one that is wrong has its distance."""
    ours = {"instance": "x", "status": "OPTIMAL", "matched": 5, "objective": 100, "solve_s": 2.0}
    row = beside(ours, "lapx", Ended({}, "not installed"))
    assert (row["solve_s"], row["ratio"], row["objective"], row["note"]) == (
        None,
        None,
        None,
        "not installed",
    )
    row = beside(ours, "lapx", Ended({"matched": 5, "objective": 97, "solve_s": 1.0}, None))
    assert (row["ratio"], row["note"]) == (0.5, "3 points fewer than ours")
    row = beside(ours, "lapx", Ended({"matched": 4, "objective": 200, "solve_s": 1.0}, None))
    assert row["note"] == "1 fewer pairs than ours"
    better = Ended({"matched": 5, "objective": 101, "solve_s": 1.0}, None)
    with pytest.raises(RuntimeError, match="the proof says"):
        beside(ours, "lapx", better)
    unproven = ours | {"status": "FEASIBLE", "bound": 101}
    assert beside(unproven, "lapx", better)["note"] == "1 points more than ours"
    with pytest.raises(RuntimeError, match="the proof says"):
        beside(unproven | {"bound": 100}, "lapx", better)
    with pytest.raises(PackageNotFoundError):
        compete(PEERS["lapx"]._replace(package="no-such-distribution"), MATRIX.build(), Timer(), quiet)


@pytest.mark.parametrize("search", [OurSearch, NumpySearch])
def test_the_composition_is_right_on_small_graphs(search, monkeypatch):
    """Lists of one partner that grow by one, flows and recovered prices end in the optimum over all pairs."""
    monkeypatch.setattr(composition, "FIRST", 1)
    monkeypatch.setattr(composition, "MORE", 1)
    rng = np.random.default_rng(5)
    for _ in range(60):
        graph = random_graph(rng)
        mate = compose(graph, search(graph), quiet)
        best = solved(graph)
        left = np.flatnonzero(mate >= 0)
        assert len(left) == best.coverage
        assert graph.points(left, mate[left]).sum() == best.objective


@pytest.mark.parametrize("policy", ["systematic_twinning", "proximity"])
def test_blocks_of_numpy_find_what_the_tree_finds(policy):
    """The NumPy search scores to the last digit: same best net values under any prices, by both searches."""
    left, right = tm.datasets.sample()
    graph = tm.compile(left, right, getattr(tm.policies, policy)())
    price = np.random.default_rng(3).integers(0, 300_000, len(right))
    ours, numpy = OurSearch(graph), NumpySearch(graph)
    for k in (1, 7, 400):
        found, other = ours.best(k, price), numpy.best(k, price)
        listed = [np.sort(np.where(one.right >= 0, one.net, -(10**9))) for one in (found, other)]
        assert (listed[0] == listed[1]).all()
        i, column = np.nonzero(other.right >= 0)
        j = other.right[i, column]
        assert (graph.points(i, j) - price[j] == other.net[i, column]).all()
    assert (np.maximum(ours.most(price), -(10**9)) == np.maximum(numpy.most(price), -(10**9))).all()


def test_recovered_prices_prove_and_are_the_smallest():
    """No listed pair beats what its left node earns, and no price could be lower: slow twin, one by one."""
    rng = np.random.default_rng(8)
    for _ in range(40):
        n, m = rng.integers(1, 6, 2)
        points = rng.integers(0, 9, (n, m))
        i, j = (side.ravel() for side in np.indices((n, m)))
        pairs = Pairs(i, j, points.ravel(), int(n), int(m), np.ones(m, np.int64), 200)
        mate = np.asarray(flow(pairs))
        price, earned = recovered_prices(pairs, mate)
        slow = np.zeros(m, np.int64)
        own = np.where(mate >= 0, points[np.arange(n), mate], -200)
        for _ in range(n * m + 1):
            for left in range(n):
                for right in range(m):
                    at = slow[mate[left]] if mate[left] >= 0 else 0
                    slow[right] = max(slow[right], points[left, right] - own[left] + at)
        assert price.tolist() == slow.tolist()
        assert (points - price <= earned[:, None]).all()
        assert earned.sum() + price.sum() == own.sum()


def test_prices_of_a_poor_matching_do_not_exist():
    """A matching that is not optimal on its lists is refused, not priced."""
    pairs = Pairs(*(np.array(x) for x in ([0, 0], [0, 1], [1, 5])), 1, 2, np.ones(2, np.int64), 100)
    with pytest.raises(RuntimeError, match="not optimal"):
        recovered_prices(pairs, np.array([0]))
