"""How a pass is cut in parts, counted, and stopped: by an engine that does everything here, at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.random_terms import random_terms
from twinmatch.certify import parts as module
from twinmatch.certify.parts import engine_for, in_parts, shared
from twinmatch.certify.plain import evaluate_part, plain_pass
from twinmatch.graph.calling import CallTerm


class Here:
    """Does what is asked in this thread, and remembers what that was."""

    def __init__(self, workers=2, at_look=None):
        self.workers, self.at_look = workers, at_look
        self.rows, self.told, self.closed = [], [], False

    def build(self, make, left, right):
        return [make(pack, right) for pack in left]

    def ask(self, function, asked, common, look, tell):
        out = []
        for place, (terms, own) in enumerate(asked):
            if self.at_look is not None:
                self.at_look(place)
            look()
            out.append(function(terms, *own, *common))
            self.rows.append(terms.num_left)
            tell(place)
            self.told.append(place)
        return out

    def close(self):
        self.closed = True


def asked(engine, n=7, m=5):
    """Have random terms evaluated; return what came of it, what a whole pass finds, and the pairs counted."""
    rng = np.random.default_rng(n * m)
    terms = random_terms(rng, n, m)
    price, witness = rng.integers(0, 1000, m), rng.random(n) < 0.5
    flag, done = np.zeros(1, np.uint8), np.zeros(1, np.int64)
    if engine.at_look is not None:
        engine.at_look = engine.at_look(flag, done)
    found = in_parts(engine, evaluate_part, terms, price, witness.view(np.uint8), "auto", flag, done)
    whole, _, _ = plain_pass(terms, price, witness, threads=1)
    return found, whole, int(done[0])


@pytest.mark.parametrize(
    ("workers", "most", "rows"),
    [
        (1, 1000, [3, 4]),
        (2, 1000, [1, 2, 2, 2]),
        (9, 1000, [1] * 7),
        (1, 12, [2, 2, 3]),
        (1, 11, [1, 2, 2, 2]),
        (1, 35, [3, 4]),
        (1, 1, [1] * 7),
    ],
)
def test_how_rows_are_cut(workers, most, rows, monkeypatch):
    """Two parts for each worker, more where pairs are many, and none without a row."""
    monkeypatch.setattr(module, "MOST_PAIRS", most)
    engine = Here(workers)
    found, whole, count = asked(engine)
    assert engine.rows == rows
    assert engine.told == [*range(len(rows))]
    assert engine.closed
    assert count == 35
    assert all(np.array_equal(a, b) for a, b in zip(found, whole, strict=True))


def test_pairs_are_counted_as_they_come():
    """After each part, its pairs."""
    seen = []

    def watch(flag, done):
        return lambda place: seen.append(int(done[0]))

    asked(Here(2, watch))
    assert seen == [0, 5, 15, 25]


def test_a_flag_ends_it():
    """Nothing is found, and the engine lets go of what it made."""

    def raised(flag, done):
        def at(place):
            flag[0] = place == 1

        return at

    engine = Here(2, raised)
    found, _, count = asked(engine)
    assert found is None
    assert engine.closed
    assert engine.told == [0]
    assert count == 5


def test_who_is_asked(monkeypatch):
    """An engine where there is one, where pairs are many, and where no function is the user's own."""
    terms = random_terms(np.random.default_rng(1), 4, 5)
    own = replace(terms, calls=(CallTerm(lambda i, j: 0 * i, 0, "own"),))
    engine = Here()
    monkeypatch.setattr(module, "engine_of", lambda executor: engine)
    monkeypatch.setattr(module, "LEAST_PAIRS", 20)
    assert engine_for(terms) is None
    with shared("some executor"):
        assert engine_for(terms) is engine
        assert engine_for(own) is None
        monkeypatch.setattr(module, "LEAST_PAIRS", 21)
        assert engine_for(terms) is None
        monkeypatch.setattr(module, "LEAST_PAIRS", 20)
        with shared(None):
            assert engine_for(terms) is None
        assert engine_for(terms) is engine
        found, pairs, _ = plain_pass(terms, np.zeros(5, np.int64), np.ones(4, bool))
        assert pairs == 20
        assert engine.rows == [1] * 4
    assert engine_for(terms) is None
    whole, _, _ = plain_pass(terms, np.zeros(5, np.int64), np.ones(4, bool))
    assert all(np.array_equal(a, b) for a, b in zip(found, whole, strict=True))


def test_a_shared_pass_is_cancelled(monkeypatch):
    """A flag that is up before the first part leaves nothing."""
    from twinmatch.certify import plain

    engine = Here(2, lambda place: None)
    monkeypatch.setattr(module, "engine_of", lambda executor: engine)
    monkeypatch.setattr(module, "LEAST_PAIRS", 1)
    monkeypatch.setattr(plain, "watched", lambda task, flag, *_: (flag.fill(1), task())[1])
    terms = random_terms(np.random.default_rng(1), 4, 5)
    with shared("some executor"):
        found, pairs, _ = plain_pass(terms, np.zeros(5, np.int64), np.ones(4, bool))
    assert (found, pairs) == (None, 0)


def test_a_part_counts_its_pairs():
    """Best net values, reached partners and pairs of some rows."""
    terms = random_terms(np.random.default_rng(3), 4, 6)
    part = evaluate_part(terms, np.array([0, 1, 1, 0], np.uint8), np.arange(6), "portable")
    whole, pairs, _ = plain_pass(terms, np.arange(6), np.array([False, True, True, False]))
    assert part.evaluated == pairs == 24
    assert part.best_net.tolist() == whole.best_net.tolist()
    assert np.unpackbits(part.reached, count=6).tolist() == whole.reached.tolist()
