"""Lists that remember, and lists that grow, say the truth about everybody they leave out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.instances import solved
from tests.oracles import best_by_scipy, dense_points
from tests.random_terms import random_terms
from twinmatch.graph.scored import ScoredGraph
from twinmatch.solvers import engine

LEAF = 16


def check(terms, places=None):
    """Compare with another solver; one place each, if not said otherwise."""
    places = np.ones(terms.num_right, np.int64) if places is None else places
    one, two = (solved(ScoredGraph(terms, places), threads=threads) for threads in (1, 2))
    assert one.mate.tobytes() == two.mate.tobytes()
    assert one.right_price.tobytes() == two.right_price.tobytes()
    assert (one.coverage, one.objective) == best_by_scipy(dense_points(terms), places)


@pytest.mark.parametrize("kinds", [("dot",), ("dot", "tags"), ("distance", "linear")])
def test_the_best_of_every_leaf_is_banned(kinds, seed):
    """A search that is repeated looks again where it found partners, not where the banned ones are."""
    rng = np.random.default_rng(seed)
    terms = random_terms(rng, 900, 1_280, kinds=kinds, span=3_000)
    terms = replace(terms, right_class=np.zeros(1_280, np.int32))  # so that every leaf is full
    leaves = ScoredGraph(terms).core.order.reshape(-1, LEAF)
    best = dense_points(terms)[:, leaves].argmax(axis=2)
    right = np.sort(np.take_along_axis(leaves[None], best[:, :, None], axis=2)[:, :, 0], axis=1)
    banned = np.stack([np.repeat(np.arange(900), len(leaves)), right.ravel()], axis=1)
    check(replace(terms, banned=banned.astype(np.int64)))


@pytest.mark.parametrize("span", [3, 40, 3_000])
@pytest.mark.parametrize("length", [1, 2, 5])
@pytest.mark.parametrize("places", [1, 3])
def test_lists_of_the_finish_grow(length, span, places, seed, monkeypatch):
    """Where hundreds tie, a short list grows, and what it still leaves out stays under its bound."""
    monkeypatch.setattr(engine, "PATH_LENGTH", length)
    rng = np.random.default_rng([seed, length, span])
    terms = random_terms(rng, 300, 360 // places, kinds=("table", "linear", "tags"), span=span)
    check(terms, rng.integers(1, 2 * places, 360 // places) if places > 1 else None)
