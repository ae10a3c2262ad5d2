"""Balance between countries: floors and caps that go together, and what there is."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import twinmatch as tm
from tests.policy.asking import asks, schools
from tests.policy.tables import table
from twinmatch import policies as p
from twinmatch.policy.asked import asked


@given(
    offered=st.dictionaries(st.sampled_from(["IT", "DE", "RO", "ES", "NL"]), st.integers(0, 60), max_size=5),
    num_left=st.integers(0, 80),
    cap_share=st.integers(0, 100).map(lambda n: n / 100),
    floor_share=st.integers(0, 100).map(lambda n: n / 100),
)
def test_balance_by_count_never_asks_for_what_there_is_not(offered, num_left, cap_share, floor_share):
    """Caps leave as many places as are needed, floors fit under the caps and the left schools together."""
    left = table([{"id": f"L{n}", "country": "FR"} for n in range(num_left)])
    right = table([{"id": f"R{c}", "country": c} for c in sorted(offered)])
    places = [offered[country] for country in sorted(offered)]
    balance = p.CountryBalance(cap_share=cap_share, floor_share=floor_share)
    if not num_left or not offered:
        left, right = (schools("L", region=["a"]), right) if offered else (left, left)
        assert not asks(left.take([]), right.take([]), balance)[0].balance
        return
    found = asks(left, right, balance, capacity=places)[0].balance
    real = {country: count for country, count in sorted(offered.items()) if count}
    if len(real) < 2:
        assert found == ()
        return
    assert {one.country: one.places for one in found} == real
    (cap,) = {one.at_most for one in found}
    needed = min(num_left, sum(real.values()))

    def enough(most):
        return sum(min(count, most) for count in real.values()) >= needed

    stated = math.floor(Fraction(str(cap_share)) * num_left)
    assert enough(cap)
    assert cap >= stated
    assert cap == stated or not enough(cap - 1)
    assert sum(one.at_least for one in found) <= num_left
    for one in found:
        part = Fraction(str(floor_share)) * num_left * one.places / sum(real.values())
        assert one.at_least <= min(one.at_most, one.places)
        assert one.at_least in {math.floor(part), math.ceil(part), one.at_most, one.places}
        np.testing.assert_array_equal(one.right, right.strings("country") == one.country)
        assert one.quota().right is one.right
        assert (one.quota().at_least, one.quota().at_most) == (one.at_least, one.at_most)


def test_balance_gives_every_country_a_school():
    """With 100 left schools, a country with 1 of 200 places gets a floor of 1."""
    left = table([{"id": f"L{n}", "country": "FR"} for n in range(100)])
    right = table([{"id": f"R{c}", "country": c} for c in ("DE", "IT", "NL")])
    found = asks(left, right, p.CountryBalance(), capacity=[60, 139, 1])[0].balance
    assert [(one.name, one.at_least, one.at_most) for one in found] == [
        ("country balance: country DE", 15, 50),
        ("country balance: country IT", 35, 50),
        ("country balance: country NL", 1, 50),
    ]


def test_balance_of_fewer_schools_than_countries_asks_for_none_of_them():
    """Two left schools cannot go to three countries, so no country is sure of one."""
    left = table([{"id": f"L{n}", "country": "FR"} for n in range(2)])
    right = table([{"id": f"R{c}", "country": c} for c in ("DE", "IT", "NL")])
    assert [one.at_least for one in asks(left, right, p.CountryBalance())[0].balance] == [0, 0, 0]
    found = asks(left, right.take([0, 1]), p.CountryBalance())[0].balance
    assert [one.at_least for one in found] == [1, 1]


def test_balance_counts_the_places_that_other_quotas_give():
    """Where a later quota changes the partners of right schools, balance counts those."""
    left = table([{"id": f"L{n}", "country": "FR"} for n in range(10)])
    right = table([{"id": f"R{c}", "country": c} for c in ("DE", "IT")])
    more = p.PartnersPerSchool("more", "right", most=9, conditions={"country": "IT"})
    found = asks(left, right, p.CountryBalance(), more)[0].balance
    assert [one.places for one in found] == [1, 9]


def test_balance_of_the_bundled_registers():
    """The default shares cap Italy and lift Romania, and ask nothing new of the other countries."""
    french, partners = tm.datasets.france_eu()
    policy = p.systematic_twinning(balance=True)
    policy.check(french, partners)
    found = asked(policy, french, partners, np.ones(len(partners), np.int64)).balance
    unbalanced = {"IT": 28_464, "DE": 14_408, "NL": 7_228, "ES": 6_305, "SE": 4_091, "RO": 4_045}
    assert {one.country for one in found if unbalanced[one.country] > one.at_most} == {"IT"}
    assert {one.country for one in found if unbalanced[one.country] < one.at_least} == {"RO"}


def test_balance_is_an_addition_to_the_default_policy():
    """With balance the default policy has one quota more, without it nothing changed."""
    plain, balanced = p.systematic_twinning(), p.systematic_twinning(balance=True)
    assert (plain.rules, plain.criteria) == (balanced.rules, balanced.criteria)
    assert plain.quotas == ()
    assert balanced.quotas == (p.CountryBalance(cap_share=0.35, floor_share=0.5),)
    assert plain == p.systematic_twinning(balance=False)
