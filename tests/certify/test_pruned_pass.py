"""The pruned pass finds what the plain pass finds, with fewer looks."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.random_terms import CURVED, EVERY, random_terms
from twinmatch import _check
from twinmatch.certify import Certificate
from twinmatch.certify import pruned as module
from twinmatch.certify.parts import shared
from twinmatch.certify.plain import NO_PARTNER, plain_pass
from twinmatch.certify.pruned import Extent, best_pass, pruned_pass
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.formulas import DistanceColumns, LinearColumns
from twinmatch.graph.terms import PairTerms

SETS = _check.instruction_sets()
SIZES = [
    (0, 0),
    (0, 5),
    (5, 0),
    (1, 1),
    (40, 15),
    (5, 63),
    (5, 64),
    (4, 65),
    (3, 1024),
    (300, 1100),
    (9, 5000),
]
MIXES = [(kind,) for kind in EVERY] + [("linear", "distance"), EVERY, ("linear", "distance", "curve"), CURVED]


def swept(terms, price, witness, floor, **more):
    found, extent, _ = pruned_pass(terms, price, witness, floor, **more)
    assert extent.pairs == terms.num_left * terms.num_right
    return found, extent


def floors(rng, best):
    """Return floors of every kind: none, below what there is, met, above, and as far off as numbers go."""
    known = np.where(best == NO_PARTNER, 0, best)
    some = known + rng.integers(-3, 4, len(best)) * rng.integers(0, 2 * 10**4, len(best))
    odd = rng.choice([NO_PARTNER, 2**63 - 1, -(2**62) - 2**31, -(2**29) - 1, 0], len(best))
    yield np.full(len(best), NO_PARTNER)
    yield best
    yield known - 1
    yield some
    yield np.where(rng.random(len(best)) < 0.5, some, odd)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kinds", MIXES, ids="+".join)
def test_it_finds_what_the_plain_pass_finds(kinds, size, seed):
    """Whatever the terms, prices, witness, floors and instruction set."""
    rng = np.random.default_rng([seed, *size, len(kinds)])
    for span, high in ((100_000, 150_000), (30, 40), (1_000, 2**40), (1_000, 2**62)):
        terms = random_terms(rng, *size, kinds=kinds, span=span, forbidden=rng.choice([0, 0.3, 1]))
        price = rng.integers(0, high, size[1], endpoint=True) * (rng.random(size[1]) < 0.5)
        witness = rng.random(size[0]) < rng.choice([0, 0.1, 0.9])
        plain, _, _ = plain_pass(terms, price, witness)
        for floor in floors(rng, plain.best_net):
            found, _ = swept(terms, price, witness, floor, isa=str(rng.choice(SETS)))
            np.testing.assert_array_equal(found.best_net, np.maximum(plain.best_net, floor))
            np.testing.assert_array_equal(found.reached, plain.reached)


def near(rng, num_left, num_right, *, spread=0.002, slope=0.01, top=5_000.0):
    """Return terms of schools that are close together, where a rounding is nearly a point."""

    def places(count):
        vector = rng.normal(size=(3, count)) * spread + np.array([[1.0], [0.2], [0.8]])
        return np.round(vector / np.linalg.norm(vector, axis=0) * 2**22).astype(np.float32)

    distance = DistanceColumns(places(num_left), places(num_right), top, slope, 0.0, top)
    one = np.zeros(max(num_left, num_right), np.int32)
    return PairTerms(one[:num_left], one[:num_right], np.zeros((1, 1), np.int32), distance=distance)


@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize("slope", [0.001, 0.3, 3.0, 500.0])
def test_no_rounding_hides_a_pair(isa, slope, seed):
    """Floors one point below the best: a bound that is one point too low would be seen."""
    rng = np.random.default_rng([seed, int(slope * 1000)])
    for spread in (1e-5, 2e-3, 1.0):
        terms = near(rng, 400, 3_000, spread=spread, slope=slope, top=float(np.float32(2**29)))
        price = rng.integers(0, 3, 3_000)
        plain, _, _ = plain_pass(terms, price, np.zeros(400, bool))
        found, _ = swept(terms, price, np.zeros(400, bool), plain.best_net - 1, isa=isa)
        np.testing.assert_array_equal(found.best_net, plain.best_net)


@pytest.mark.parametrize("isa", SETS)
def test_bounds_are_rounded_as_points_are(isa, seed):
    """Blocks of one place each promise exactly what is there: any other order of operations would be seen."""
    rng = np.random.default_rng([seed, 9])
    terms = near(rng, 2_000, 40, spread=0.3, slope=200.0, top=float(np.float32(2**29)))
    right = np.repeat(terms.distance.right, 64, axis=1)
    one = np.zeros(right.shape[1], np.int32)
    terms = replace(terms, right_class=one, distance=terms.distance._replace(right=right))
    price, witness = np.zeros(len(one), np.int64), np.zeros(2_000, bool)
    plain, _, _ = plain_pass(terms, price, witness)
    assert np.median(plain.best_net) > 0
    found, extent = swept(terms, price, witness, plain.best_net - 1, isa=isa)
    np.testing.assert_array_equal(found.best_net, plain.best_net)
    none = swept(terms, price, witness, plain.best_net, isa=isa)[1]
    assert none.evaluated == 0 < extent.evaluated


def test_most_pairs_are_not_evaluated():
    """Floors that are met leave few blocks open, and the counts say how many."""
    rng = np.random.default_rng(3)
    terms = near(rng, 500, 20_000, spread=0.2, slope=0.05, top=200_000.0)
    price = np.zeros(20_000, np.int64)
    plain, _, _ = plain_pass(terms, price, np.zeros(500, bool))
    found, extent = swept(terms, price, np.zeros(500, bool), plain.best_net)
    np.testing.assert_array_equal(found.best_net, plain.best_net)
    assert extent.blocks == -(-20_000 // 64)
    assert extent.evaluated < 0.05 * 500 * 20_000
    none = swept(terms, price, np.zeros(500, bool), np.full(500, 2**62))[1]
    assert (none.evaluated, none.excluded) == (0, 10_000_000)


def test_identical_places_and_equal_columns():
    """Blocks that cannot be cut any finer: every pair is the same, and one of them is enough."""
    same = np.full((3, 700), 2.0**21, np.float32)
    linear = LinearColumns(np.full(700, 7, np.int32), np.full(700, 7, np.int32), 50, 40)
    one = np.zeros(700, np.int32)
    distance = DistanceColumns(same, same, 100.0, 0.5, 0.0, 90.0)
    terms = PairTerms(one, one, np.full((1, 1), -200, np.int32), linears=(linear,), distance=distance)
    price = np.full(700, 5)
    found, extent = swept(terms, price, np.ones(700, bool), np.full(700, NO_PARTNER), threads=1)
    assert set(found.best_net.tolist()) == {-200 + 40 + 90 - 5}
    assert extent.evaluated == 700 * 64
    assert found.reached.all()


def test_a_steep_curve():
    """Prices come off after the curve, also where it makes more of a point than a point."""
    rng = np.random.default_rng(8)
    terms = random_terms(rng, 60, 900, kinds=("linear",), linears=1, span=200)
    terms = replace(terms, curve=np.arange(300, dtype=np.int32) ** 2)
    price, witness = rng.integers(0, 30_000, 900), np.zeros(60, bool)
    plain, _, _ = plain_pass(terms, price, witness)
    found, _ = swept(terms, price, witness, plain.best_net - 1)
    np.testing.assert_array_equal(found.best_net, plain.best_net)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_odd_coordinates_bound_nothing(value):
    """Numbers that are none give the distance its cap as a bound, and the same result."""
    rng = np.random.default_rng(5)
    terms = near(rng, 40, 900)
    right = terms.distance.right.copy()
    right[1, ::7] = value
    terms = replace(terms, distance=terms.distance._replace(right=right))
    price, witness = rng.integers(0, 9, 900), np.zeros(40, bool)
    plain, _, _ = plain_pass(terms, price, witness)
    for floor in floors(rng, plain.best_net):
        found, _ = swept(terms, price, witness, floor)
        np.testing.assert_array_equal(found.best_net, np.maximum(plain.best_net, floor))


@pytest.mark.parametrize("scale", [-1.0, 0.0, np.nan, np.inf, 1e-30])
def test_distances_that_do_not_fall(scale):
    """The farther the better, nothing at all, no number: the same result."""
    rng = np.random.default_rng(6)
    terms = near(rng, 40, 900, spread=0.2)
    terms = replace(terms, distance=terms.distance._replace(slope=0.01 * scale, top=10.0, cap=30_000.0))
    price, witness = rng.integers(0, 9, 900), np.zeros(40, bool)
    plain, _, _ = plain_pass(terms, price, witness)
    found, _ = swept(terms, price, witness, plain.best_net - 1)
    np.testing.assert_array_equal(found.best_net, plain.best_net)


def test_same_numbers_for_any_threads_and_instruction_set():
    """What is found and what is counted."""
    rng = np.random.default_rng(11)
    terms = random_terms(rng, 700, 2_100, kinds=("table", "linear", "distance", "tags", "bans"))
    for high in (1, 2**40):
        price = rng.integers(0, 50_000, 2_100) * high
        witness = rng.random(700) < 0.3
        plain, _, _ = plain_pass(terms, price, witness)
        results = [
            swept(terms, price, witness, plain.best_net - 9, threads=threads, isa=isa)
            for threads in (1, 2, 3, 8)
            for isa in SETS
        ]
        assert len({(f.best_net.tobytes(), f.reached.tobytes(), extent) for f, extent in results}) == 1


def test_cancelled_soon_and_progress_is_told():
    """A pass that would take long ends soon after it is asked to, and returns nothing."""
    rng = np.random.default_rng(1)
    terms = random_terms(rng, 200_000, 200_000, kinds=("table", "linear", "distance"))
    asked, at, told = threading.Event(), [], []

    def ask(done: int, total: int) -> None:
        told.append((done, total))
        if done and not at:
            at.append(time.perf_counter())
            asked.set()

    found, extent, _ = pruned_pass(
        terms,
        rng.integers(0, 10**6, 200_000),
        np.zeros(200_000, bool),
        np.full(200_000, NO_PARTNER),
        isa="portable",
        on_progress=ask,
        cancel=asked,
    )
    assert found is None
    assert extent == Extent(0)
    assert time.perf_counter() - at[0] < 2
    assert told == sorted(told)
    assert told[-1][0] < told[-1][1] == 200_000**2


def test_progress_ends_with_all_pairs():
    """Pairs that are excluded are done with too."""
    rng = np.random.default_rng(1)
    terms = random_terms(rng, 3_000, 2_000, kinds=("table", "linear", "distance"))
    told = []
    floor = np.full(3_000, 10**9)
    pruned_pass(
        terms,
        np.zeros(2_000, np.int64),
        np.zeros(3_000, bool),
        floor,
        on_progress=lambda *now: told.append(now),
    )
    assert told[-1] == (6_000_000, 6_000_000)


def test_bans_named_twice_close_once():
    """Who is reached is counted from classes and bans: a pair that is banned twice is banned."""
    one = np.zeros(2, np.int32)
    banned = np.array([[0, 0], [0, 0], [0, 1], [1, 1]])
    terms = PairTerms(one, one, np.array([[9]], np.int32), banned=banned)
    found, _ = swept(terms, np.zeros(2, np.int64), np.ones(2, bool), np.full(2, NO_PARTNER))
    assert found.reached.tolist() == [True, False]
    assert found.best_net.tolist() == [NO_PARTNER, 9]


def test_wrong_arguments_are_refused():
    """Sizes, prices and instruction sets that are none."""
    terms = random_terms(np.random.default_rng(2), 4, 5)
    price, witness, floor = np.zeros(5, np.int64), np.zeros(4, bool), np.zeros(4, np.int64)
    for wrong in (np.full(5, -1), np.full(5, 2**62 + 1), price[:4]):
        with pytest.raises(ValueError, match="price"):
            pruned_pass(terms, wrong, witness, floor)
    with pytest.raises(ValueError, match="witness"):
        pruned_pass(terms, price, witness[:3], floor)
    with pytest.raises(ValueError, match="floor"):
        pruned_pass(terms, price, witness, floor[:3])
    with pytest.raises(ValueError, match="abacus"):
        pruned_pass(terms, price, witness, floor, isa="abacus")


def test_which_pass_is_made(monkeypatch):
    """Few pairs are all evaluated, many are not; what was asked for goes first, and functions are called."""
    terms = random_terms(np.random.default_rng(2), 30, 200, kinds=("linear",))
    price, witness, high = np.zeros(200, np.int64), np.zeros(30, bool), np.full(30, 10**9)

    def extent(terms, **more):
        return best_pass(terms, price, witness, high, **more)[1]

    assert extent(terms) == Extent(6_000)
    assert extent(terms, plain=False).excluded == 6_000
    called = replace(terms, calls=(CallTerm(lambda i, j: 0 * i, 0, "own"),))
    assert extent(called, plain=False) == Extent(6_000)
    monkeypatch.setattr(module, "MOST_PLAIN", 5_999)
    assert extent(terms).excluded == 6_000
    assert extent(terms, plain=True) == Extent(6_000)
    assert Extent(5, 7, 2).in_words(12) == "5 evaluated, 7 excluded by bounds of 2 blocks"
    assert Extent(5).in_words(12) == "5 of 12 evaluated"


def test_an_executor_evaluates_all_pairs(monkeypatch):
    """Parts are evaluated by the plain loop, unless bounds are asked for."""
    from concurrent.futures import ThreadPoolExecutor

    from twinmatch.certify import parts

    monkeypatch.setattr(parts, "LEAST_PAIRS", 1)
    monkeypatch.setattr(module, "MOST_PLAIN", 1)
    terms = random_terms(np.random.default_rng(2), 30, 200, kinds=("linear",))
    price, witness, high = np.zeros(200, np.int64), np.zeros(30, bool), np.full(30, 10**9)
    with ThreadPoolExecutor(2) as pool, shared(pool):
        assert best_pass(terms, price, witness, high)[1] == Extent(6_000)
        assert best_pass(terms, price, witness, high, plain=False)[1].excluded == 6_000


@pytest.mark.parametrize("quotas", [False, True])
def test_verify_says_which_pass_it_was(quotas):
    """The same numbers either way; the certificate, in words and as a record, counts what was excluded."""
    left, right = tm.datasets.synthetic(1_500, 1_500, places=1.05, seed=4)
    policy = tm.policies.systematic_twinning()
    if quotas:
        policy = replace(policy, quotas=(tm.policies.Quota("some", right={"country": "DE"}, at_most=40),))
    matching = tm.match(left, right, policy)
    plain, pruned, usual = (matching.verify(plain=one).raise_for_failure() for one in (True, False, None))
    for one in (pruned, usual):
        assert (one.objective, one.bound, one.coverage) == (plain.objective, plain.bound, plain.coverage)
        assert one.pairs_checked == plain.pairs_checked == 2_250_000
    assert plain.pairs_excluded == usual.pairs_excluded == 0 < pruned.pairs_excluded < 2_250_000
    said = {claim.name: claim.detail for claim in pruned.claims}["all pairs"]
    assert f"{pruned.pairs_excluded:,} excluded by bounds of" in said
    assert "pruned pass" in str(pruned)
    assert "plain pass" in str(plain)
    assert Certificate.from_dict(pruned.to_dict()) == pruned
    old = {name: value for name, value in plain.to_dict().items() if name != "pairs_excluded"}
    assert Certificate.from_dict(old) == plain
