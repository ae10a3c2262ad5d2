"""Every claim under bounds and quotas has a result in which it alone is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from twinmatch.certify import theorem
from twinmatch.certify.theorem import left_term
from twinmatch.graph.constraints import Prices

QUOTAS = [tm.GroupQuota(right=[0, 1], at_least=1, at_most=2, name="west")]


def answer(points=((5, 3, 1), (4, 2, 7), (1, 1, 6)), **options):
    return tm.assign(np.array(points), **{"quotas": QUOTAS, "right_capacity": 2, **options})


def refused(told):
    certificate = told.verify()
    assert certificate.pairs_checked == 9
    assert certificate.seconds >= certificate.pass_seconds >= 0
    return {claim.name for claim in certificate.claims if not claim.ok}


def limited(told, **changes):
    """Change what was asked behind the back of the answer."""
    asked = told._asked
    return replace(told, _asked=asked._replace(constraints=replace(asked.constraints, **changes)))


@pytest.mark.parametrize("first", [False, True])
def test_an_honest_answer(first):
    """Everything holds; an optimum called feasible holds too."""
    told = answer(coverage_first=first)
    assert refused(told) == set()
    assert refused(replace(told, status=tm.Status.FEASIBLE)) == set()


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"_objective": 17}, {"objective"}),
        ({"_bound": 19}, {"bound"}),
        ({"_coverage_bound": 2}, {"coverage_bound"}),
        ({"price_scale": 0}, {"scale", "bound"}),
        ({"coverage_price": -1}, {"prices", "bound"}),
        ({"cover": None}, {"covering", "coverage_bound", "bound"}),
        ({"left_price": np.zeros(2, np.int64)}, {"prices", "bound"}),
        ({"right_price": np.zeros(3)}, {"prices", "bound"}),
        ({"quota_price": np.zeros(2, np.int64)}, {"prices", "bound"}),
        ({"left_price": np.full(3, 2**60 + 1)}, {"prices", "bound"}),
        ({"right_price": np.full(3, -(2**60) - 1)}, {"prices", "bound"}),
        ({"coverage_price": 2**60 + 1}, {"prices", "bound"}),
    ],
)
def test_numbers(changes, names):
    """What is refused of an answer that claims no optimum is what was changed, and what rests on it."""
    told = replace(answer(coverage_first=True), status=tm.Status.FEASIBLE)
    assert refused(replace(told, **changes)) == names


def test_a_bound_of_a_run_that_found_nothing():
    """It was stopped before it knew all that the check knows: its bound may be larger, and not lower."""
    told = replace(answer(), status=tm.Status.NO_SOLUTION, taken=np.empty((0, 2), np.int64), _objective=None)
    names = [
        refused(replace(told, _bound=bound)) for bound in (told._bound - 1, told._bound, told._bound + 1)
    ]
    assert names == [{"bound"}, set(), set()]


def test_a_cover_that_counts_nothing():
    """A proof of the coverage needs a price for it."""
    told = replace(answer(coverage_first=True), status=tm.Status.FEASIBLE)
    for coverage in (0, -1):
        forged = replace(told, cover=told.cover._replace(coverage=coverage))
        assert "covering" in refused(forged)


def test_a_coverage_price_without_coverage():
    """Where points come first, nothing is paid for a partner."""
    told = replace(answer(), status=tm.Status.FEASIBLE)
    assert refused(replace(told, coverage_price=1)) == {"coverage price", "bound"}


@pytest.mark.parametrize(
    ("pairs", "name"),
    [
        ([[0, 0], [1, 2], [3, 2]], "mates"),
        ([[0, 0], [1, 3], [2, 2]], "mates"),
        ([[0, 0], [1, -1], [2, 2]], "mates"),
        ([[0.0, 0.0], [1.0, 2.0], [2.0, 2.0]], "mates"),
        ([[0, 0, 0]], "mates"),
        ([[0, 0], [0, 0]], "once"),
        ([[0, 0], [0, 1]], "may be paired"),
        ([[0, 2], [1, 2], [2, 2]], "places"),
        ([[1, 2], [2, 2]], "quotas"),
        ([[0, 0], [1, 0], [2, 1]], "quotas"),
    ],
)
def test_pairs(pairs, name):
    """Pairs that are none, or that break what was asked, are refused by the name of what they break."""
    assert name in refused(replace(answer(), taken=np.array(pairs)))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"left_least": np.array([2, 0, 0]), "left_most": np.array([2, 1, 1])}, "must be paired"),
        ({"right_least": np.array([0, 1, 0])}, "must be filled"),
        ({"locked": np.array([[0, 1]])}, "locked"),
    ],
)
def test_what_must_be(changes, name):
    """Fewer partners than asked, and a pair that is not there; then points are not counted."""
    told = limited(answer(), **changes)
    assert name in refused(told)
    assert told.verify().objective is None


def test_a_price_on_a_quota_without_a_cap():
    """It counts all pairs there could be: no more are possible."""
    told = answer(quotas=[tm.GroupQuota(name="all")])
    zero = np.zeros(3, np.int64)
    for price, total in ((2, 2 * 9), (-2, 0)):
        prices = Prices(zero + 9, zero, np.array([price]))
        assert theorem.bound_of(told._asked, prices, 0) == 27 + total


def test_pairs_that_are_not_stored():
    """A pair that the array does not have is not admissible."""
    from scipy import sparse

    told = answer(sparse.coo_array(([5, 7], ([0, 1], [0, 2])), shape=(3, 3)).toarray())
    lists = tm.assign(sparse.coo_array(([5, 7], ([0, 1], [0, 2])), shape=(3, 3)), quotas=QUOTAS)
    assert lists.verify().ok
    forged = replace(lists, taken=np.array([[0, 0], [2, 2]]))
    assert "admissible" in {claim.name for claim in forged.verify().claims if not claim.ok}
    assert told.verify().ok


@pytest.mark.parametrize("least", range(4))
@pytest.mark.parametrize("most", range(4))
def test_the_term_of_a_left_node(least, most):
    """The largest of all numbers of partners, for prices of both signs."""
    if least > most:
        return
    for price in range(-3, 4):
        for gain in range(-3, 4):
            each = [k * price - max(0, k - 1) * gain for k in range(least, most + 1)]
            assert left_term(price, gain, least, most) == max(each)


def test_prices_at_their_limit():
    """2**60 is taken, one more is not; sums of quota prices count as well."""
    asked = answer()._asked
    check = theorem._Check(asked, None)
    zero, sizes = np.zeros(3, np.int64), (3, 3, 1)
    one = np.zeros(1, np.int64)
    for far, fits in ((2**60, True), (2**60 + 1, False)):
        for sign in (1, -1):
            at = zero.copy()
            at[1] = sign * far
            assert check._fit(Prices(at, zero, one), sizes, 1) == fits
            assert check._fit(Prices(zero, at, one), sizes, 1) == fits
            assert check._fit(Prices(zero, zero, one + sign * far), sizes, 1) == fits
        assert check._fit(Prices(zero, zero, one, far), sizes, 1) == fits
        assert check._fit(Prices(zero, zero, one), sizes, far // 7 + 1 - fits) == fits
    both = np.array([2**59 + 1, -(2**59)])
    assert not check._fit(Prices(zero, zero, both), (3, 3, 2), 1)


@pytest.mark.parametrize("clash", [(0, 3), (-1,), (1,), (0, 1)])
def test_quotas_that_do_not_exist_do_not_clash(clash):
    """A clash names quotas that were asked for."""
    impossible = tm.assign([[1]], quotas=[tm.GroupQuota(at_least=2)])
    assert impossible.verify().ok
    forged = replace(impossible, _clash=clash)
    assert "witness" in {claim.name for claim in forged.verify().claims if not claim.ok}


def test_a_witness_that_pays_for_coverage_proves_nothing():
    """Coverage can be nothing: only prices without one show that nothing exists."""
    impossible = tm.assign([[1]], quotas=[tm.GroupQuota(at_least=2)])
    witness = impossible.witness
    prices = witness.prices._replace(coverage=1)
    forged = replace(impossible, witness=replace(witness, prices=prices))
    assert {claim.name for claim in forged.verify().claims if not claim.ok} == {"infeasible"}
    forged = replace(impossible, witness=None)
    assert {claim.name for claim in forged.verify().claims if not claim.ok} == {"witness"}
