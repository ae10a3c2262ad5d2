"""Over-booking: exact numbers against sums over all outcomes, and what they do to a matching."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from math import comb, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twinmatch as tm
from twinmatch.compiler import compiled
from twinmatch.errors import InputError, PolicyError
from twinmatch.policy.asked import asked
from twinmatch.policy.overbooking import MOST_AT_RISK, offered

p = tm.policies
RATES = ["0", "0.05", "0.1", "0.3", "0.35", "0.5", "0.875", "0.99"]


def too_many(n: int, places: int, rate: Fraction) -> Fraction:
    """Return how likely more than all places are answered for, summed over how many answer."""
    return sum(
        (comb(n, k) * (1 - rate) ** k * rate ** (n - k) for k in range(places + 1, n + 1)), Fraction(0)
    )


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("places", [0, 1, 2, 3, 7, 10, 31])
def test_expected_answers_fit_and_one_more_would_not(places, rate):
    """By expectation, n (1 - q) is at most the places, and (n + 1) (1 - q) is above them."""
    n, share = offered(places, float(rate)), 1 - Fraction(rate)
    assert n * share <= places < (n + 1) * share
    assert offered(places, float(rate), most=5) == max(places, min(n, 5))


@pytest.mark.parametrize("rate", RATES[:-2])
@pytest.mark.parametrize("risk", ["0", "0.01", "0.05", "0.25", "0.5"])
def test_the_risk_is_kept_and_one_more_would_break_it(rate, risk):
    """By risk, the exact probability is at most the risk with n pairs, and above it with one more."""
    for places in (0, 1, 2, 5, 12):
        n = offered(places, float(rate), risk=float(risk), most=60)
        assert places <= n <= max(60, places)
        assert too_many(n, places, Fraction(rate)) <= Fraction(risk)
        if n < 60:
            assert too_many(n + 1, places, Fraction(rate)) > Fraction(risk)


def test_the_sum_is_over_all_outcomes():
    """The slow twin's probability is that of going through who answers, one by one."""
    rate = Fraction(3, 10)
    by_hand = sum(
        (
            (1 - rate) ** sum(answers) * rate ** (6 - sum(answers))
            for answers in itertools.product((0, 1), repeat=6)
            if sum(answers) > 4
        ),
        Fraction(0),
    )
    assert too_many(6, 4, rate) == by_hand


def test_decimals_are_what_they_are_written_as():
    """Nine places at one tenth are ten pairs, which binary numbers would make nine of."""
    assert floor(9 / (1 - 0.1)) in (9, 10)
    assert offered(9, 0.1) == 10
    assert offered(7, 0.3) == 10
    assert offered(1_000, 0.1, risk=0.05) == offered(1_000, 0.1, risk=0.05, most=2_000) < 1_112
    with pytest.raises(ValueError, match="at most 1,000 places"):
        offered(1_001, 0.1, risk=0.05)


@given(seed=st.integers(0, 2**32 - 1))
def test_places_of_a_matching_are_those_of_each_partner(seed):
    """Rates come from a column or one number, conditions choose partners, and verify() finds the same."""
    rng = np.random.default_rng(seed)
    rates = [None if rng.random() < 0.3 else float(rng.choice([0, 0.1, 0.4, 0.5])) for _ in range(4)]
    countries = [str(rng.choice(["IT", "DE"])) for _ in range(4)]
    places = rng.integers(0, 4, 4)
    right = tm.Schools.from_frame(
        {"id": list("abcd"), "country": countries, "rate": np.array(rates, float), "levels": ["1"] * 4}
    )
    left = tm.Schools.from_frame({"id": list("123456"), "country": ["FR"] * 6, "levels": ["1"] * 6})
    fixed = [None, 0.25][int(rng.integers(2))]
    part = p.Overbooking(fixed, "rate", conditions={"country": ["IT"]})
    policy = tm.Policy(criteria=(p.LevelOverlap(10),), quotas=(part,))
    said: list[str] = []
    most = asked(policy, left, right, places, said.append).constraints.right_most.tolist()
    for k in range(4):
        rate = fixed if rates[k] is None else rates[k]
        expected = offered(int(places[k]), rate or 0.0, most=6) if countries[k] == "IT" else places[k]
        assert most[k] == expected
    assert f"{int(places.sum())} places, {sum(most)} pairs at most" in said[-1]
    matching = tm.match(left, right, policy, right_capacity=places)
    assert matching.coverage == min(6, sum(most))
    assert matching.verify().ok
    assert said[-1] in matching.assumptions


def test_a_certificate_refuses_pairs_beyond_what_is_offered():
    """A matching that holds under over-booking does not hold under the policy without it."""
    left = tm.Schools.from_frame({"id": ["1", "2"], "country": ["FR"] * 2, "levels": ["1"] * 2})
    right = tm.Schools.from_frame({"id": ["a"], "country": ["IT"], "levels": ["1"]})
    over = tm.Policy(criteria=(p.LevelOverlap(10),), quotas=(p.Overbooking(0.5),))
    matching = tm.match(left, right, over)
    assert matching.coverage == 2
    assert matching.verify().ok
    honest = replace(over, quotas=(p.Overbooking(0.4),))
    assert not replace(matching, policy=honest).verify().ok


def test_the_last_word_on_places_counts():
    """Over-booking raises the places of the parts before it; a later part may say otherwise."""
    left = tm.Schools.from_frame({"id": list("12345678"), "country": ["FR"] * 8, "levels": ["1"] * 8})
    right = tm.Schools.from_frame({"id": ["a"], "country": ["IT"], "levels": ["1"]})
    three = p.PartnersPerSchool("three", side="right", most=3)
    for quotas, most in (((three, p.Overbooking(0.5)), 6), ((p.Overbooking(0.5), three), 3)):
        policy = tm.Policy(criteria=(p.LevelOverlap(10),), quotas=quotas)
        assert asked(policy, left, right, np.array([1])).constraints.right_most.tolist() == [most]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (p.Overbooking(), "has no rate"),
        (p.Overbooking(1), "must be below 1"),
        (p.Overbooking(-0.1), "between 0 and 1"),
        (p.Overbooking(0.1, risk=1), "risk: must be below 1"),
        (p.Overbooking(0.1, risk="low"), "risk: must be a finite number"),
        (p.Overbooking(column=""), "column: must be a text"),
        (p.Overbooking(column="no_such"), "is needed by the quota 'over-booking' and is not there"),
        (p.Overbooking(column="levels"), "must hold rates from 0 to below 1"),
        (p.Overbooking(column="country"), "must hold rates from 0 to below 1"),
        (p.Overbooking(0.1, conditions={"x": "y"}), "is not there"),
    ],
)
def test_wrong_rates_are_refused(part, words):
    """Options and columns that hold no rates are faults."""
    left = tm.Schools.from_frame({"id": ["1"], "country": ["FR"], "levels": ["1"]})
    right = tm.Schools.from_frame({"id": ["a"], "country": ["IT"], "levels": ["1"]})
    with pytest.raises(InputError, match=words):
        compiled(left, right, tm.Policy(quotas=(part,)))


def test_a_risk_for_very_many_places_is_refused():
    """Risks are worked out for schools, not for everybody at once."""
    left = tm.Schools.from_frame({"id": ["1"], "country": ["FR"], "levels": ["1"]})
    right = tm.Schools.from_frame({"id": ["a"], "country": ["IT"], "levels": ["1"]})
    policy = tm.Policy(criteria=(p.LevelOverlap(10),), quotas=(p.Overbooking(0.1, risk=0.1),))
    with pytest.raises(PolicyError, match="at most 1,000 places"):
        tm.match(left, right, policy, right_capacity=MOST_AT_RISK + 1)
    assert tm.match(left, right, policy, right_capacity=MOST_AT_RISK).coverage == 1
