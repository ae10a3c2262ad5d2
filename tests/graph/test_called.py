"""A graph with a function of the user's own, searched by plain passes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinmatch.errors import ResourceLimitError
from twinmatch.graph import called
from twinmatch.graph.called import NO_PARTNER, CalledGraph
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.merging import merge
from twinmatch.graph.terms import RuleTerm, TableTerm


def random_graph(rng, num_left, num_right):
    values = rng.integers(0, 6, (num_left, num_right))
    code = rng.integers(0, 3, num_left).astype(np.int32), rng.integers(0, 3, num_right).astype(np.int32)
    rule = RuleTerm(*code, rng.random((3, 3)) < 0.7)
    table = TableTerm(*code, rng.integers(0, 3, (3, 3)).astype(np.int32))
    return CalledGraph(
        merge(num_left, num_right, [rule], [table, CallTerm(lambda i, j: values[i, j], 5, "own")])
    )


@given(st.integers(0, 2**32 - 1), st.integers(0, 7), st.integers(0, 9), st.integers(1, 10))
def test_search_equals_a_full_sort(seed, num_left, num_right, k):
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, num_left, num_right)
    price = rng.integers(0, 5, num_right)
    scanned = graph.scan(price)
    for i in range(num_left):
        points = [int(graph.points(i, j)) for j in range(num_right)]
        ranked = sorted((-(points[j] - int(price[j])), j) for j in range(num_right) if points[j] != -(2**31))
        found = graph.best(i, k, price)
        assert found.right.tolist() == [j for _, j in ranked[:k]]
        assert found.net.tolist() == [-net for net, _ in ranked[:k]]
        assert found.bound == (-ranked[k][0] if len(ranked) > k else NO_PARTNER)
        assert scanned[i] == (-ranked[0][0] if ranked else NO_PARTNER)


def test_blocks_do_not_change_answers(monkeypatch):
    graph = random_graph(np.random.default_rng(1), 20, 30)
    whole = graph.best_lists(np.arange(20)[::-1], 3)
    monkeypatch.setattr(called, "_BLOCK", 70)
    remembers = CalledGraph(graph.terms).best_lists(np.arange(20)[::-1], 3)
    monkeypatch.setattr(called, "_REMEMBERED", 599)
    asks_again = CalledGraph(graph.terms).best_lists(np.arange(20)[::-1], 3)
    for one, two, three in zip(whole, remembers, asks_again, strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)
    assert whole.right.dtype == np.int32
    assert graph.right_capacity.tolist() == [1] * 30


def test_more_pairs_than_a_pass_can_bear_must_be_asked_for():
    code = np.zeros(40_000, np.int32)
    flat = TableTerm(code, code, np.array([[1]], np.int32))
    terms = merge(40_000, 40_000, [], [flat, CallTerm(lambda i, j: i, None, "slow")])
    with pytest.raises(ResourceLimitError, match="'slow' would be asked about 1,600,000,000 pairs"):
        CalledGraph(terms)
    assert CalledGraph(terms, allow_large=True).num_right == 40_000
