"""Prices of quotas that answer to counts, in a market of choice that is known."""

from __future__ import annotations

import numpy as np
import pytest

from twinmatch.solvers.newton import NOISE, SEEN, QuotaPrices

POINTS, EVERYBODY = 1_000_000, 60_000.0


def chosen(worth, price, spread):
    """Return how many choose each group, last staying without; choices are spread over so many points."""
    weight = np.exp((np.append(worth, 0.0) - np.append(price, 0.0)) / spread)
    return EVERYBODY * weight / weight.sum()


@pytest.mark.parametrize("careful", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_prices_bring_counts_within_their_bounds(seed, careful):
    """Whatever choices are spread over, caps and floors are met after some trials; every price is owed."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 8))
    worth, spread = rng.integers(0, 100_000, size).astype(float), float(rng.integers(20_000, 60_000))
    free = chosen(worth, np.zeros(size), spread)[:-1]
    # Every other group gets less than it would, and the last one more.
    high = np.where(np.arange(size) % 2 == 0, free * 0.7, EVERYBODY).astype(np.int64)
    low = np.zeros(size, np.int64)
    low[-1], high[-1] = int(free[-1] * 1.1), int(EVERYBODY)
    quotas = QuotaPrices(low, high, int(EVERYBODY), POINTS, careful=careful)
    for _ in range(60):
        count = chosen(worth, quotas.price, spread)[:-1]
        answer = np.diag(count) - np.outer(count, count) / EVERYBODY
        quotas.move(count, answer, np.full(size, EVERYBODY), POINTS / 10, NOISE)
    count = chosen(worth, quotas.price, spread)[:-1]
    assert (count <= high + 0.01 * EVERYBODY).all()
    assert (count >= low - 0.01 * EVERYBODY).all()
    assert (quotas.price[high < EVERYBODY] >= 0).all()
    assert (quotas.price[low == 0] >= 0).all()
    owed = quotas.price > POINTS / 1_000
    assert (count[owed] >= high[owed] - 0.01 * EVERYBODY).all()


def test_a_floor_that_a_sample_cannot_tell_of_is_left_alone():
    """A floor on fewer nodes than can be told keeps its price; a cap on as few does not."""
    bounds = np.array([5, 0]), np.array([100, 3])
    quotas = QuotaPrices(*bounds, 100, POINTS)
    quotas.move(np.array([0.0, 8.0]), np.diag([1.0, 8.0]), np.array([SEEN - 1, SEEN - 1]), POINTS, NOISE)
    assert quotas.price[0] == 0 < quotas.price[1]
    quotas.move(np.array([0.0, 8.0]), np.diag([1.0, 8.0]), np.array([SEEN, SEEN]), POINTS, NOISE)
    assert quotas.price[0] < 0


def test_what_a_sample_ran_away_with_is_forgotten():
    """A floor that nothing meets gets as dear as a pair can be, and starts again in the next sample."""
    quotas = QuotaPrices(np.array([50]), np.array([100]), 1_000, POINTS)
    for _ in range(20):
        quotas.move(np.array([0.0]), np.array([[1.0]]), np.array([60]), 2.0 * POINTS, 4 * NOISE)
    assert quotas.price[0] == -POINTS
    quotas.move(np.array([50.0]), np.array([[1.0]]), np.array([60]), 2.0 * POINTS, NOISE)
    assert quotas.price[0] == 0


def test_a_price_that_is_not_owed_falls_to_zero_and_no_farther():
    """Between a floor and a cap, a price of either that is not used up goes to zero, not beyond it."""
    for sign in (1, -1):
        quotas = QuotaPrices(np.array([10]), np.array([20]), 100, POINTS)
        quotas.price[0] = sign
        quotas.move(np.array([15.0]), np.array([[1.0]]), np.array([60]), float(POINTS), NOISE)
        assert quotas.price[0] == 0


def test_rivals_for_the_same_places_get_dearer_together():
    """Where places get cheaper by most of what their quotas get dearer, trials find out; alone they crawl."""
    size, spread = 6, 40_000.0
    worth = np.linspace(20_000, 80_000, size)
    free = chosen(worth, np.zeros(size), spread)[:-1]
    high = (free * 0.95).astype(np.int64)

    def missed(rival):
        quotas = QuotaPrices(
            np.zeros(size, np.int64), high, int(EVERYBODY), POINTS, careful=True, rival=rival
        )
        for _ in range(20):
            count = chosen(worth, quotas.price - 0.95 * quotas.price.mean(), spread)[:-1]
            answer = np.diag(count) - np.outer(count, count) / EVERYBODY
            quotas.move(count, answer, np.full(size, EVERYBODY), POINTS / 10, NOISE)
        count = chosen(worth, quotas.price - 0.95 * quotas.price.mean(), spread)[:-1]
        return np.maximum(count - high, 0).sum()

    alone, together = missed(None), missed(np.zeros(size, np.int64))
    assert together < 0.001 * EVERYBODY < alone / 10


@pytest.mark.parametrize(("over", "moves_together"), [(0.4 * NOISE, False), (0.6 * NOISE, True)])
def test_noise_moves_no_quotas_together(over, moves_together):
    """Two caps that are over by less than chance may bring go their own ways; by more, farther together."""
    high = np.array([1_000, 2_000])

    def price(rival):
        quotas = QuotaPrices(np.zeros(2, np.int64), high, 10_000, POINTS, careful=True, rival=rival)
        quotas.move(high + over, np.diag(high).astype(float), high, POINTS / 10, NOISE)
        return quotas.price

    alone, together = price(None), price(np.zeros(2, np.int64))
    assert (alone > 0).all()
    assert (together > alone).all() if moves_together else (together == alone).all()
