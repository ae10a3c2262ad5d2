"""The plain pass in parts: the same certificate, and the same refusals."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.random_terms import CURVED, random_terms
from tests.spreading.executors import Changing, Counting, Stuck
from tests.spreading.worlds import alone, claims_of
from twinmatch.certify import parts
from twinmatch.certify.plain import plain_pass
from twinmatch.errors import ExecutorError, InputError

WORLD = (1500, 4500)


@pytest.fixture(autouse=True)
def _few_pairs(monkeypatch):
    """Share passes of any size, in small parts."""
    monkeypatch.setattr(parts, "LEAST_PAIRS", 1)
    monkeypatch.setattr(parts, "MOST_PAIRS", 1_000_000)


@pytest.mark.parametrize("seed", range(8))
def test_parts_find_what_the_whole_pass_does(seed):
    """Best net values, reached partners and the number of pairs are the same, however the rows are cut."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 60)), int(rng.integers(1, 60))
    terms = random_terms(rng, n, m, kinds=CURVED)
    price, witness = rng.integers(0, 1000, m), rng.random(n) < 0.3
    whole, pairs, _ = plain_pass(terms, price, witness)
    with ThreadPoolExecutor(int(rng.integers(1, 5))) as pool, parts.shared(pool):
        found, count, _ = plain_pass(terms, price, witness)
    assert count == pairs == n * m
    assert all(np.array_equal(a, b) for a, b in zip(found, whole, strict=True))


def test_a_certificate_is_the_same_from_threads_and_processes():
    """Every claim, in the same words, with as many pairs."""
    matching = alone(*WORLD)
    here = claims_of(matching.verify())
    seen = []
    with Counting(2) as pool:
        assert claims_of(matching.verify(executor=pool, on_progress=seen.append)) == here
        assert pool.asked == 8
    assert seen[-1].pairs_done == seen[-1].pairs_total == 1500 * 4500
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert claims_of(matching.verify(executor=pool)) == here


def test_what_is_false_is_refused():
    """A price that is too low and a bound that is too small do not pass in parts either."""
    matching = alone(*WORLD)
    price = matching.right_price.copy()
    price[matching.mate[np.argmax(price[matching.mate])]] = 0
    with ThreadPoolExecutor(2) as pool:
        for changed in ({"right_price": price}, {"bound": matching.bound - 1}):
            forged = replace(matching, **changed)
            there, here = forged.verify(executor=pool), forged.verify()
            assert not there.ok
            assert claims_of(there) == claims_of(here)


def test_a_part_that_is_missing_is_no_proof():
    """An answer of fewer pairs is counted as that."""
    with Changing(lambda part: part._replace(evaluated=part.evaluated - 1)) as pool:
        certificate = alone(*WORLD).verify(executor=pool)
    assert not certificate.ok


def test_a_check_is_cancelled_at_once():
    """Nobody waits for the workers."""
    cancel = threading.Event()
    with Stuck() as pool:
        threading.Timer(0.3, cancel.set).start()
        started = time.monotonic()
        certificate = alone(*WORLD).verify(executor=pool, cancel=cancel)
        assert time.monotonic() - started < 1.3
    assert not certificate.ok
    assert certificate.pairs_checked == 0


def test_a_worker_that_fails_is_no_refusal():
    """It is an error, in words."""

    def fails(_):
        raise OSError("the disk is gone")

    with Changing(fails) as pool, pytest.raises(ExecutorError, match="OSError: the disk is gone"):
        alone(*WORLD).verify(executor=pool)


def test_functions_of_the_users_own_are_called_here():
    """A policy with one is checked as ever, and is not matched elsewhere."""
    left, right = tm.datasets.sample()
    own = tm.policies.OwnCriterion("own", lambda left, right, i, j: (i + j) % 3, 2)
    policy = tm.Policy(criteria=[own])
    left, right = left.take(range(20)), right.take(range(30))
    matching = tm.match(left, right, policy)
    with Counting(1) as pool:
        assert matching.verify(executor=pool).ok
        with pytest.raises(InputError, match="own: is a function of your own"):
            tm.match(left, right, policy, executor=pool)
        assert pool.asked == 0


def test_parts_are_no_more_than_pay():
    """There are some for each worker, small ones where there is room, and never too many to hear."""
    assert parts.number_of_parts(3, 10**6, 4) == 3
    assert parts.number_of_parts(1000, 1000, 4) == 8
    assert parts.number_of_parts(1000, 2_500_000, 1) == 1000  # 2.5 million pairs each: the fixture allows one
    assert parts.number_of_parts(10**7, 5 * 10**7, 1) == parts.MOST_PARTS
    assert parts.number_of_parts(10**7, 5 * 10**7, 1000) == 2000
    assert parts.number_of_parts(10**7, 5 * 10**7, 500) == 1500  # nobody has one more than the others
    assert [parts.bytes_reached(n) for n in (0, 1, 8, 9)] == [0, 1, 1, 2]
