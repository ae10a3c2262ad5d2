"""Threads share tables, matchings and graphs, and each gets what it would get alone."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import twinmatch as tm

THREADS, TURNS = 8, 100


@pytest.fixture(autouse=True)
def _switch_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def at_once(work, number=THREADS):
    """Run ``work(k)`` in several threads that begin together."""
    gate = threading.Barrier(number)

    def begin(k):
        gate.wait()
        return work(k)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(begin, range(number)))


@pytest.mark.service
def test_eight_threads_match_a_hundred_times_each():
    """On shared tables, under four questions: every matching is that of a lonely thread, byte by byte."""
    left, right = tm.datasets.synthetic(40, 70, 3, "mild")
    plain, balanced = (tm.policies.systematic_twinning(balance=b) for b in (False, True))
    asked = [
        (plain, None),
        (balanced, None),
        (plain, tm.mechanisms.stable()),
        (plain, tm.mechanisms.rank_maximal()),
    ]
    want = [tm.match(left, right, policy, mechanism=m, threads=1).seal for policy, m in asked]

    def work(k):
        seals = []
        for turn in range(TURNS):
            policy, mechanism = asked[(k + turn) % 4]
            cancel = threading.Event() if turn % 2 else None
            threads = 1 + turn % 2
            found = tm.match(left, right, policy, mechanism=mechanism, threads=threads, cancel=cancel)
            seals.append(found.seal == want[(k + turn) % 4])
        return all(seals)

    assert at_once(work) == [True] * THREADS


def test_threads_share_one_matching():
    """What is made when it is first asked for is made once for all, and checks do not disturb each other."""
    left, right = tm.datasets.synthetic(60, 100, 3, "mild")
    for _ in range(5):
        found = tm.match(left, right, tm.policies.systematic_twinning(balance=True))
        seen = at_once(
            lambda _k, found=found: (
                id(found.pairs),
                id(found.unmatched),
                id(found.quotas),
                found.verify(threads=1).ok,
                found.explain(str(left.ids[0])).to_dict() == found.explain(str(left.ids[0])).to_dict(),
            )
        )
        assert len(set(seen)) == 1
        assert seen[0][3:] == (True, True)


@pytest.mark.parametrize("kind", ["scored", "dense", "sparse"])
def test_threads_share_one_graph(kind):
    """A graph keeps the prices that it was told last: no thread hears another one's answer."""
    rng = np.random.default_rng(0)
    if kind == "scored":
        left, right = tm.datasets.synthetic(80, 150, 3, "mild")

        def make():
            return tm.compile(left, right, tm.policies.systematic_twinning())
    else:
        from scipy import sparse

        from twinmatch.graph.explicit import ExplicitGraph

        points = rng.integers(1, 1000, (40, 60))

        def make():
            if kind == "dense":
                return ExplicitGraph.from_dense(points)
            return ExplicitGraph.from_sparse(sparse.csr_array(np.where(points > 500, points, 0)))

    alone, graph = make(), make()
    prices = [rng.integers(0, 1000, alone.num_right) for _ in range(THREADS)]
    want = [alone.scan(price, threads=1).tobytes() for price in prices]
    worth, best = alone.points(0, np.arange(alone.num_right)).tobytes(), tm.solve(alone, threads=1)

    def work(k):
        same = []
        for turn in range(20):
            same.append(graph.scan(prices[k], threads=1).tobytes() == want[k])
            same.append(graph.points(0, np.arange(graph.num_right)).tobytes() == worth)
            if turn % 4 == 0:
                same.append(tm.solve(graph, threads=2).mate.tobytes() == best.mate.tobytes())
        return all(same)

    assert at_once(work) == [True] * THREADS
