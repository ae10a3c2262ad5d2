"""Artificial nations: repeatable, plausible, and with room for everybody."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from twinmatch import Schools
from twinmatch.datasets import synthetic
from twinmatch.datasets.synthetic import MARKETS
from twinmatch.errors import InputError


def most_that_can_be_paired(left, right):
    """Return the size of a maximum matching on common levels, by a flow over sets of levels."""
    wants = np.bincount(left.levels, minlength=16)
    places = right.numbers("capacity") if right.has("capacity") else np.ones(len(right))
    offers = np.bincount(right.levels, weights=places, minlength=16).astype(int)
    flow = np.zeros((34, 34), np.int32)
    flow[0, 1:17] = wants
    flow[17:33, 33] = offers
    for a in range(1, 16):
        for b in range(1, 16):
            flow[1 + a, 17 + b] = len(left) if a & b else 0
    return int(maximum_flow(csr_array(flow), 0, 33).flow_value)


@pytest.mark.parametrize("market", MARKETS)
def test_a_market_is_the_same_every_time_and_passes_the_checks(market):
    tables = synthetic(300, 400, seed=7, market=market)
    assert tables == synthetic(300, 400, seed=7, market=market)
    assert tables != synthetic(300, 400, seed=8, market=market)
    for schools in tables:
        assert Schools(schools.table) == schools
    left, right = tables
    assert set(left.strings("country")) == {"FR"}
    assert "FR" not in set(right.strings("country"))
    assert not set(left.ids) & set(right.ids)


def test_all_26_partner_states_have_schools():
    _, right = synthetic(10, 20_000)
    assert len(set(right.strings("country"))) == 26
    lat, lon = right.numbers("lat"), right.numbers("lon")
    assert 34 < np.nanmin(lat) < np.nanmax(lat) < 70
    assert -11 < np.nanmin(lon) < np.nanmax(lon) < 35
    for country, south, north in (("MT", 35.7, 36.1), ("FI", 60, 64.5), ("PT", 37, 42)):
        inside = lat[right.strings("country") == country]
        assert south - 0.1 < np.nanmin(inside) < np.nanmax(inside) < north + 0.1


@pytest.mark.parametrize("market", MARKETS)
@given(
    st.integers(1, 80),
    st.integers(1, 160),
    st.floats(0, 4),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=30)
def test_places_are_what_was_asked_and_suffice(market, num_left, num_right, places, seed):
    left, right = synthetic(num_left, num_right, seed, market, places)
    capacity = right.numbers("capacity")
    total = round(places * num_left)
    assert capacity.sum() == total
    assert capacity.max() - capacity.min() <= 1
    if total >= num_left:
        assert most_that_can_be_paired(left, right) == num_left
    else:
        assert most_that_can_be_paired(left, right) >= total - 5


def test_tight_has_two_places_in_a_hundred_to_spare():
    left, right = synthetic(1000, 1500, market="tight")
    assert right.numbers("capacity").sum() == 1020
    assert set(right.numbers("capacity")) == {0, 1}
    assert most_that_can_be_paired(left, right) == 1000
    assert set(synthetic(1000, 600, market="tight")[1].numbers("capacity")) == {1, 2}
    assert not synthetic(10, 10)[1].has("capacity")


def test_sizes_follow_the_measured_tables():
    left, _ = synthetic(60_000, 10)
    size = left.numbers("size")
    for levels, median, spread in ((1, 88, 0.62), (4, 482, 0.55), (8, 637, 0.73)):
        some = size[(left.levels == levels) & ~np.isnan(size)]
        assert abs(np.median(some) / median - 1) < 0.05
        assert abs(np.log(some).std() - spread) < 0.03
    assert 0.08 < np.isnan(size).mean() < 0.12


def test_markets_are_what_they_are_called():
    left, right = synthetic(2000, 3000, market="vertical")
    assert np.nanstd(left.numbers("lat")) < 0.1
    pupils = [schools.numbers("size")[schools.levels == 8] for schools in (left, right)]
    assert np.nanstd(np.log(pupils[0])) < 0.1 < 1 < np.nanstd(np.log(pupils[1]))
    tied = synthetic(2000, 3000, market="tied")[1]
    distinct = {(a, b, c) for a, b, c in zip(*(tied.numbers(n) for n in ("lat", "lon", "size")), strict=True)}
    assert len(distinct) < 500
    left, right = synthetic(2000, 3000, market="clustered")
    bridges = np.mean([";" in tags for tags in [*left.strings("tags"), *right.strings("tags")]])
    assert 0.03 < bridges < 0.07


def test_asking_for_more_keeps_the_first_schools():
    small, large = synthetic(100, 100, seed=5), synthetic(250, 900, seed=5)
    for one, other in zip(small, large, strict=True):
        first = other.take(np.arange(100))
        for name in set(one.columns) - {"levels", "size", "size_kind"}:
            assert one.strings(name).tolist() == first.strings(name).tolist(), name
    assert small[0] == large[0].take(np.arange(100))


@pytest.mark.parametrize(("left", "right"), [(0, 0), (0, 5), (5, 0)])
def test_an_empty_side_is_no_accident(left, right):
    for places in (None, 1.0):
        tables = synthetic(left, right, places=places)
        assert [len(schools) for schools in tables] == [left, right]
        for schools in tables:
            assert Schools(schools.table) == schools


def test_wrong_arguments_are_named_together():
    with pytest.raises(InputError) as caught:
        synthetic(-1, 2.5, market="wild", places=float("nan"))
    assert [fault.where for fault in caught.value.faults] == ["num_left", "num_right", "market", "places"]
