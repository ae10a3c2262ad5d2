"""Where prices are not enough: odd rings, halves, and witnesses that count twice."""

from __future__ import annotations

import numpy as np
import pytest

import twinmatch as tm
from tests.assignment.constrained import Quota, ask, diagonal, draw, ring


@pytest.mark.parametrize("size", [3, 5, 7])
def test_an_odd_ring_leaves_a_gap(size):
    """Half a pair each is the most for prices; a search finds that whole pairs are fewer, and says so."""
    answer = tm.assign(diagonal(size, 10), quotas=ring(size, 0, 1))
    assert answer.status is tm.Status.OPTIMAL
    assert (answer.objective, answer.bound, answer.proof) == (10 * (size // 2), 10 * (size // 2), "search")
    certificate = answer.verify().raise_for_failure()
    said = {claim.name: claim.detail for claim in certificate.claims}
    half, whole = 5 * size, 10 * (size // 2)
    assert said["search for bound"] == f"prices prove {half}, a second search finds no more than {whole}"


def test_half_a_point_is_no_gap():
    """Points are whole: a price bound less than one above the best assignment proves it."""
    answer = tm.assign(diagonal(3), quotas=ring(3, 0, 1))
    assert (answer.objective, answer.proof) == (1, "prices")
    assert answer.price_scale > 1
    answer.verify().raise_for_failure()


@pytest.mark.parametrize("size", [3, 5])
def test_coverage_may_rest_on_a_search(size):
    """Six nodes in two odd rings: prices bound their coverage by half of all."""
    quotas = [*ring(size, 0, 1)]
    quotas += [Quota([size + k, size + (k + 1) % size], at_most=1) for k in range(size)]
    answer = tm.assign(diagonal(2 * size, -1), quotas=quotas, coverage_first=True)
    assert answer.coverage == answer.coverage_bound == 2 * (size // 2)
    assert answer.proof == "search"
    certificate = answer.verify().raise_for_failure()
    assert "search for coverage_bound" in [claim.name for claim in certificate.claims]


@pytest.mark.parametrize("size", [3, 5])
def test_halves_exist_and_whole_pairs_do_not(size):
    """One pair in each two neighbours of an odd ring: no sum shows that it cannot be, a search does."""
    answer = tm.assign(diagonal(size), quotas=[*ring(size, 1, 1), Quota(at_most=size, name="everybody")])
    assert answer.status is tm.Status.INFEASIBLE
    assert answer.witness.kind == "search"
    assert answer.witness.clash == tuple(f"ring {k}" for k in range(size))
    assert not answer.witness.left.any()
    assert (answer.witness.asked, answer.witness.offered) == (0, 0)
    answer.verify().raise_for_failure()
    for left_out in range(size):
        fewer = [quota for k, quota in enumerate(ring(size, 1, 1)) if k != left_out]
        assert tm.assign(diagonal(size), quotas=fewer).status is tm.Status.OPTIMAL


@pytest.mark.parametrize("size", [3, 5, 7])
def test_a_witness_that_counts_twice(size):
    """Each pair is in two quotas of the ring: what they ask for is counted against the total twice."""
    total = Quota(at_most=size // 2, name="everybody")
    answer = tm.assign(diagonal(size), quotas=[*ring(size, 1, None), total])
    witness = answer.witness
    assert witness.kind == "sum"
    assert witness.asked > witness.offered
    assert max(int(np.abs(prices).max()) for prices in witness.prices[:3]) <= 4
    answer.verify().raise_for_failure()


def test_multipliers_of_witnesses_stay_small(seed):
    """A person can add up a witness: no node or quota is counted a thousand times."""
    rng = np.random.default_rng([seed, 300])
    largest = 0
    for _ in range(600):
        asked, _ = draw(rng, 7)
        witness = ask(asked).witness
        if witness is not None:
            largest = max(largest, *(int(np.abs(prices).max(initial=0)) for prices in witness.prices[:3]))
    assert 1 < largest <= 64
