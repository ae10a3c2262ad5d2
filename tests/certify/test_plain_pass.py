"""The plain pass says what a dense matrix says, for any number of threads and any instruction set."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from tests.oracles import FORBIDDEN, dense_points
from tests.random_terms import CURVED, EVERY, KINDS, random_terms
from twinmatch import _check
from twinmatch.certify import plain as module
from twinmatch.certify.plain import NO_PARTNER, pair_points, plain_pass
from twinmatch.errors import InputError
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.terms import PairTerms

SETS = _check.instruction_sets()
SIZES = [
    (0, 0),
    (0, 5),
    (5, 0),
    (1, 1),
    (3, 7),
    (40, 15),
    (17, 16),
    (5, 1023),
    (5, 1024),
    (4, 1025),
    (300, 65),
]
MIXES = [(kind,) for kind in EVERY] + [("linear", "distance"), EVERY, ("linear", "distance", "curve"), CURVED]


def dense_pass(points: np.ndarray, price: np.ndarray, witness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Work out both results of the pass from a matrix of points."""
    admissible = points != FORBIDDEN
    net = np.where(admissible, points - price, NO_PARTNER)
    return net.max(axis=1, initial=NO_PARTNER), admissible[witness].any(axis=0)


def drawn(seed: int, size: tuple[int, int], kinds: tuple[str, ...] = KINDS, **more):
    rng = np.random.default_rng(seed)
    terms = random_terms(rng, *size, kinds=kinds, **more)
    price = rng.integers(0, 150_000, size[1]) * (rng.random(size[1]) < 0.5)
    return terms, price, rng.random(size[0]) < 0.3


def swept(terms, price, witness, **more):
    found, pairs, _ = plain_pass(terms, price, witness, **more)
    assert pairs == terms.num_left * terms.num_right
    return found


@pytest.mark.parametrize("kinds", MIXES, ids="+".join)
def test_points_are_those_of_the_formulas(kinds):
    """The extension, the NumPy terms and the formulas read anew give every pair the same points."""
    for seed in range(12):
        terms, _, _ = drawn(seed, (23, 31), kinds)
        dense = dense_points(terms)
        i, j = (index.ravel() for index in np.indices(dense.shape))
        np.testing.assert_array_equal(terms.points(i, j), dense.ravel())
        for isa in SETS:
            np.testing.assert_array_equal(pair_points(terms, i, j, isa=isa), dense.ravel())


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kinds", MIXES, ids="+".join)
def test_the_pass_finds_what_a_matrix_shows(kinds, size):
    """Best net values and reached partners are those of the dense matrix, at every size and block border."""
    terms, price, witness = drawn(size[0] + 7 * size[1], size, kinds)
    best, reached = dense_pass(dense_points(terms), price, witness)
    found = swept(terms, price, witness)
    np.testing.assert_array_equal(found.best_net, best)
    np.testing.assert_array_equal(found.reached, reached)


@pytest.mark.parametrize("linears", range(9))
@pytest.mark.parametrize("distance", [False, True])
def test_any_number_of_linear_columns(linears, distance):
    """Columns beyond those of the fused loop count as well."""
    kinds = ("table", "linear", "bans", *(["distance"] if distance else []))
    terms, price, witness = drawn(linears, (30, 1100), kinds, linears=linears)
    best, reached = dense_pass(dense_points(terms), price, witness)
    for isa in SETS:
        found = swept(terms, price, witness, isa=isa)
        np.testing.assert_array_equal(found.best_net, best)
        np.testing.assert_array_equal(found.reached, reached)


@pytest.mark.parametrize(
    "high", [1, 2**29, 2**29 + 1, 2**40, 2**62], ids=["1", "2^29", "2^29+1", "2^40", "2^62"]
)
def test_prices_of_any_size(high):
    """The narrow and the wide loops meet at the border without a seam."""
    for kinds in (("table", "linear", "distance"), KINDS):
        terms, price, witness = drawn(5, (60, 1300), kinds)
        price = np.where(np.arange(1300) % 3 == 0, high, price)
        price[::7] = high - price[::7] if high > 2**20 else high
        best, reached = dense_pass(dense_points(terms), price, witness)
        for isa in SETS:
            found = swept(terms, price, witness, isa=isa, threads=2)
            np.testing.assert_array_equal(found.best_net, best)
            np.testing.assert_array_equal(found.reached, reached)


def test_entries_near_the_limit():
    """A forbidden pair never passes for an admissible one, however dear that is."""
    table = np.array([[2**29, FORBIDDEN], [-(2**30), -(2**30) + 1]], np.int32)
    terms = PairTerms(np.array([0, 1], np.int32), np.array([0, 1], np.int32), table)
    for price in ([0, 0], [2**29, 0], [2**62, 2**62]):
        best, _ = dense_pass(dense_points(terms), np.array(price), np.zeros(2, bool))
        np.testing.assert_array_equal(swept(terms, np.array(price), np.zeros(2, bool)).best_net, best)


def test_same_bytes_for_any_threads_and_instruction_set():
    """Neither the number of threads nor the instruction set leaves a trace."""
    for high in (1, 2**40):
        terms, price, witness = drawn(11, (700, 2100))
        results = [
            swept(terms, price * high, witness, threads=threads, isa=isa)
            for threads in (1, 2, 3, 8)
            for isa in SETS
        ]
        assert len({(r.best_net.tobytes(), r.reached.tobytes()) for r in results}) == 1


def test_bans_bind_one_pair_each():
    """A banned pair is out; its left school's class and its right school's other partners are not."""
    terms = PairTerms(
        np.zeros(3, np.int32),
        np.zeros(2, np.int32),
        np.full((1, 1), 9, np.int32),
        banned=np.array([[1, 0], [2, 0], [2, 1]], np.int64),
    )
    found = swept(terms, np.array([0, 5]), np.array([False, True, True]))
    assert found.best_net.tolist() == [9, 4, NO_PARTNER]
    assert found.reached.tolist() == [False, True]


def test_a_function_of_the_users_own_counts():
    """Points of a called criterion enter the pass and the pairs."""
    terms, price, witness = drawn(3, (20, 30))
    called = PairTerms(
        terms.left_class, terms.right_class, terms.table, terms.linears, banned=terms.banned,
        calls=(CallTerm(lambda i, j: (i * 31 + j * 17) % 1000, 1000, "odd"),),
    )  # fmt: skip
    dense = dense_points(called)
    best, reached = dense_pass(dense, price, witness)
    found = swept(called, price, witness)
    np.testing.assert_array_equal(found.best_net, best)
    np.testing.assert_array_equal(found.reached, reached)
    i, j = (index.ravel() for index in np.indices(dense.shape))
    np.testing.assert_array_equal(pair_points(called, i, j), dense.ravel())


def test_cancelled_within_a_fraction_of_a_second():
    """A pass that would take minutes ends soon after it is asked to, and returns nothing."""
    terms, _, _ = drawn(1, (200_000, 200_000), ("table", "linear", "distance"))
    asked, at = threading.Event(), []

    def ask(done: int, total: int) -> None:
        if done and not at:
            at.append(time.perf_counter())
            asked.set()

    found, pairs, _ = plain_pass(
        terms,
        np.zeros(200_000, np.int64),
        np.zeros(200_000, bool),
        isa="portable",
        on_progress=ask,
        cancel=asked,
    )
    assert found is None
    assert 0 < pairs < 200_000**2
    assert time.perf_counter() - at[0] < 2


def test_progress_is_told():
    """The pairs evaluated so far only grow, up to all of them."""
    terms, price, witness = drawn(1, (3_000, 20_000), ("table", "linear", "distance"))
    told: list[tuple[int, int]] = []
    plain_pass(terms, price, witness, on_progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert {total for _, total in told} == {60_000_000}
    assert told[-1] == (60_000_000, 60_000_000)


def test_an_error_in_progress_stops_the_pass():
    """What ``on_progress`` raises arrives at the caller, after the threads have ended."""
    terms, _, _ = drawn(1, (100_000, 100_000), ("table", "linear"))

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plain_pass(terms, np.zeros(100_000, np.int64), np.zeros(100_000, bool), on_progress=stop)


WRONG = {
    "left_class names a row": {"left_class": np.array([0, 9], np.int32)},
    "right_class names a column": {"right_class": np.array([-1, 0], np.int32)},
    "banned names a school": {"banned": np.array([[0, 2]])},
    "banned is not": {"banned": np.zeros((1, 3), np.int64)},
}


@pytest.mark.parametrize("message", WRONG)
def test_nothing_is_read_out_of_bounds(message):
    """Codes and indices that point nowhere are refused before anything is read."""
    right = {
        "left_class": np.zeros(2, np.int32),
        "right_class": np.zeros(2, np.int32),
        "table": np.zeros((1, 1), np.int32),
    }
    with pytest.raises(ValueError, match=message):
        pair_points(PairTerms(**{**right, **WRONG[message]}), np.array([0]), np.array([0]))


def test_indices_and_prices_are_refused_where_they_are_not_there():
    """Pairs outside the tables, prices out of range and unknown instruction sets raise."""
    terms, price, witness = drawn(2, (4, 5))
    for i, j in ((4, 0), (-1, 0), (0, 5)):
        with pytest.raises(ValueError, match="not there"):
            pair_points(terms, np.array([i]), np.array([j]))
    for wrong in (-1, 2**62 + 1):
        with pytest.raises(ValueError, match="price"):
            plain_pass(terms, np.full(5, wrong), witness)
    with pytest.raises(ValueError, match="right_price"):
        plain_pass(terms, price[:4], witness)
    with pytest.raises(ValueError, match="abacus"):
        plain_pass(terms, price, witness, isa="abacus")


@pytest.mark.parametrize("threads", [0, -1, 2.5, "two", 100_000])
def test_wrong_numbers_of_threads(threads):
    terms = random_terms(np.random.default_rng(1), 3, 3)
    with pytest.raises(InputError, match="threads: must be a whole number from 1 to 1,024"):
        plain_pass(terms, np.zeros(3, np.int64), np.zeros(3, bool), threads=threads)


@pytest.mark.parametrize("curved", [False, True])
@pytest.mark.parametrize("block", [1, 7, 2**17])
def test_functions_of_the_users_own_in_blocks(monkeypatch, curved, block, seed):
    """Blocks of any size, bans, prices, witnesses and a curve after the function: as the formulas say."""
    monkeypatch.setattr(module, "_CALL_BLOCK", block)
    rng = np.random.default_rng([seed, block])
    for _ in range(8):
        n, m = rng.integers(1, 9, 2)
        kinds = CURVED if curved else KINDS
        terms = random_terms(rng, n, m, kinds=kinds, span=20)
        own = CallTerm(lambda i, j: (i * 31 + j * 17) % 10, 10, "own")
        other = CallTerm(lambda i, j: (i + j) % 3, 2, "other")
        terms = replace(terms, calls=(own, other))
        dense = dense_points(terms)
        price, witness = rng.integers(0, 30, m), rng.random(n) < 0.5
        best, reached = dense_pass(dense, price, witness)
        found = swept(terms, price, witness)
        np.testing.assert_array_equal(found.best_net, best)
        np.testing.assert_array_equal(found.reached, reached)
        i, j = (index.ravel() for index in np.indices(dense.shape))
        np.testing.assert_array_equal(pair_points(terms, i, j), dense.ravel())


def test_a_pass_of_functions_is_stopped_between_blocks(monkeypatch):
    """The flag is looked at before each block, and what was evaluated is counted."""
    monkeypatch.setattr(module, "_CALL_BLOCK", 2)
    asked, seen = threading.Event(), []

    def slow(i, j):
        seen.append(len(i))
        asked.set()
        time.sleep(0.1)
        return 0 * i

    terms = replace(
        random_terms(np.random.default_rng(2), 30, 6, kinds=("linear",)), calls=(CallTerm(slow, 0, "slow"),)
    )
    found, pairs, seconds = plain_pass(terms, np.zeros(6, np.int64), np.zeros(30, bool), cancel=asked)
    assert found is None
    assert pairs == sum(seen) < 180
    assert 0 < seconds < 10


def test_an_error_of_a_function_arrives_at_the_caller():
    """What a function of the user's own raises is raised, and not swallowed in another thread."""

    def wrong(i, j):
        raise ZeroDivisionError("own")

    terms = replace(
        random_terms(np.random.default_rng(2), 3, 3, kinds=("linear",)), calls=(CallTerm(wrong, 0, "wrong"),)
    )
    told = []
    with pytest.raises(ZeroDivisionError, match="own"):
        plain_pass(terms, np.zeros(3, np.int64), np.zeros(3, bool), on_progress=lambda *now: told.append(now))
    assert not told


@pytest.mark.parametrize("isa", _check.instruction_sets())
def test_a_banned_partner_of_one_of_the_witness_is_reached_by_the_next(isa):
    """Left schools of one class are looked at together; what one of them may not have, another may."""
    size = 48
    one, pairs = np.zeros(size, np.int32), np.arange(size)
    banned = np.stack([pairs, pairs % 3], axis=1)
    terms = PairTerms(one, np.zeros(3, np.int32), np.array([[5]], np.int32), banned=banned)
    price = np.zeros(3, np.int64)
    for i in range(size):
        for others in ([], [(i + 1) % size], [(i + 3) % size]):
            witness = np.isin(pairs, [i, *others])
            found, _, _ = plain_pass(terms, price, witness, threads=1, isa=isa)
            closed = {i % 3}.intersection(k % 3 for k in others) if others else {i % 3}
            assert found.reached.tolist() == [j not in closed for j in range(3)]
    free = replace(terms, banned=banned[::2])
    for i in range(0, size, 2):
        for witness in ([i, i + 1], [i, (i + 3) % size]):
            found, _, _ = plain_pass(free, price, np.isin(pairs, witness), threads=1, isa=isa)
            assert found.reached.all()
