"""Every claim under bounds and quotas has a result in which it alone is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from twinmatch.certify import theorem
from twinmatch.certify.theorem import left_term
from twinmatch.graph.constraints import Constraints, Prices, Quota

QUOTAS = [tm.GroupQuota(right=[0, 1], at_least=1, at_most=2, name="west")]


def answer(points=((5, 3, 1), (4, 2, 7), (1, 1, 6)), **options):
    return tm.assign(np.array(points), **{"quotas": QUOTAS, "right_capacity": 2, **options})


def refused(told):
    certificate = told.verify()
    assert certificate.pairs_checked == 9
    assert 60 > certificate.seconds >= certificate.pass_seconds >= 0
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
        ({"_bound": 17}, {"bound"}),
        ({"_bound": 19}, set()),
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


def names(told):
    return [claim.name for claim in told.verify().claims]


def test_pairs_of_a_result_that_has_none():
    """Nothing found and nothing possible go with no pairs."""
    nothing = replace(
        answer(), status=tm.Status.NO_SOLUTION, taken=np.empty((0, 2), np.int64), _objective=None
    )
    assert refused(nothing) == set()
    assert refused(replace(nothing, taken=np.array([[0, 0]]))) == {"no pairs"}
    assert refused(replace(nothing, _bound=None)) == {"bound"}
    impossible = tm.assign([[1]], quotas=[tm.GroupQuota(at_least=2)])
    forged = replace(impossible, taken=np.array([[0, 0]]))
    assert {claim.name for claim in forged.verify().claims if not claim.ok} == {"no pairs"}
    assert names(impossible) == ["no pairs", "witness", "infeasible"]


def test_every_claim_is_listed():
    """Also what holds: for points first, and for coverage first."""
    recounted = ["mates", "once", "may be paired", "places", "admissible"]
    kept = ["must be paired", "must be filled", "locked", "quotas"]
    numbers = ["objective", "coverage", "bound", "optimal"]
    assert names(answer()) == [*recounted, *kept, "scale", "prices", "coverage price", *numbers]
    first = names(answer(coverage_first=True))
    assert first == [
        *(*recounted, *kept, "covering", "witness", "scale", "prices"),
        *("objective", "coverage", "coverage_bound", "bound", "optimal"),
    ]


@pytest.mark.parametrize("times", [2, 3])
def test_prices_in_smaller_parts(times):
    """All prices so many times as large, in parts that are as much smaller, prove the same."""
    told = replace(answer(coverage_first=True), status=tm.Status.FEASIBLE)
    cover = Prices(*(times * part for part in told.cover))
    assert refused(replace(told, cover=cover)) == set()
    finer = {name: getattr(told, name) * times for name in ("left_price", "right_price", "quota_price")}
    dear = told.coverage_price * times
    assert refused(replace(told, **finer, coverage_price=dear, price_scale=told.price_scale * times)) == set()
    told = answer()
    finer = {name: getattr(told, name) * times for name in finer}
    assert refused(replace(told, **finer, price_scale=told.price_scale * times)) == set()
    # What is over is less than a point, and no point.
    finer["right_price"] = finer["right_price"] + np.array([0, 0, 1])
    assert refused(replace(told, **finer, price_scale=told.price_scale * times)) <= {"bound", "optimal"}


def test_an_optimum_covers_as_many_as_can_be():
    """Where coverage comes first, points that reach their bound are not enough."""
    told = answer(coverage_first=True)
    assert refused(told) == set()
    zero = told.cover.left * 0
    weak = Prices(zero + 2, zero, told.cover.quota * 0, 1)
    bound = theorem.bound_of(told._asked, weak, 0)
    assert bound > told.coverage
    forged = replace(told, cover=weak, _coverage_bound=bound)
    if told.coverage_price == 0:
        assert refused(forged) == {"optimal"}
    assert "optimal" in refused(forged)
    assert refused(replace(forged, status=tm.Status.FEASIBLE, _bound=forged.verify().bound)) == set()


def test_pairs_that_are_refused_have_no_points():
    """Whatever is wrong with pairs, neither points nor coverage are said of them."""
    for pairs in ([[0, 0], [0, 0]], [[0, 0], [0, 1]], [[0, 2], [1, 2], [2, 2]], [[1, 2], [2, 2]], [[3, 3]]):
        found = replace(answer(), taken=np.array(pairs)).verify()
        assert (found.objective, found.coverage) == (None, None)
    for changes in (
        {"left_least": np.array([2, 0, 0]), "left_most": np.array([2, 1, 1])},
        {"right_least": np.array([0, 1, 0])},
        {"locked": np.array([[0, 1]])},
    ):
        found = limited(answer(), **changes).verify()
        assert (found.objective, found.coverage) == (None, None)


def test_a_locked_pair_that_is_there():
    """One that is among the pairs is accepted, wherever it is."""
    for pair in ([0, 0], [1, 2], [2, 2]):
        told = limited(answer(), locked=np.array([pair]))
        assert "locked" not in refused(told)
        assert "may be paired" not in refused(told)


def test_prices_of_groups_against_loops(seed):
    """What a pair is worth beyond its prices, whatever groups of either side, or both, it is in."""
    rng = np.random.default_rng([seed, 91])
    for _ in range(60):
        n, m = rng.integers(1, 5, 2)
        one, nothing = np.ones(n, np.int64), np.zeros(m, np.int64)
        priced = []
        for number in range(int(rng.integers(0, 4))):
            left = rng.random(n) < 0.5 if rng.random() < 0.6 else None
            right = rng.random(m) < 0.5 if rng.random() < 0.6 else None
            priced.append((Quota(str(number), left, right), int(rng.integers(-3, 4))))
        limits = Constraints(0 * one, one, nothing, nothing + 1, quotas=tuple(q for q, _ in priced))
        group = theorem.GroupPrices(limits, priced)
        gain, u, v = rng.integers(-5, 5, n), rng.integers(-5, 5, n), rng.integers(-5, 5, m)
        scale, points = int(rng.integers(0, 3)), rng.integers(-5, 9, (n, m))
        worth = theorem.Worth(gain, u, v, group, scale)
        found = worth.net(np.arange(n)[:, None], np.arange(m)[None, :], points)
        for i, j in np.ndindex(n, m):
            cost = sum(
                price
                for quota, price in priced
                if (quota.left is None or quota.left[i]) and (quota.right is None or quota.right[j])
            )
            assert found[i, j] == scale * points[i, j] + gain[i] - u[i] - v[j] - cost


def test_a_search_is_asked_only_where_prices_do_not_prove_it():
    """Said to rest on a search, numbers that prices prove need none; lower ones do, and it may not agree."""
    told = answer(coverage_first=True)
    searched = replace(told, proof="search")
    assert names(searched) == names(told)
    assert refused(searched) == set()
    lower = replace(searched, status=tm.Status.FEASIBLE, _bound=told._bound - 1)
    assert refused(lower) == {"search for bound", "bound"}
    lower = replace(searched, status=tm.Status.FEASIBLE, _coverage_bound=2)
    assert "search for coverage_bound" in refused(lower)
    weak = replace(searched, right_price=told.right_price + 1)
    assert names(weak).count("search for bound") == 1
    assert refused(weak) == set()


def test_a_search_may_leave_everybody_alone():
    """Where all pairs cost points the best is none; a search that had to pair somebody would not see it."""
    told = tm.assign([[-3, -4]], quotas=[tm.GroupQuota(at_most=1)])
    assert (told.objective, len(told.taken)) == (0, 0)
    assert told.verify().ok
    forged = replace(told, proof="search", taken=np.array([[0, 0]]), _objective=-3, _bound=-3)
    assert {claim.name for claim in forged.verify().claims if not claim.ok} >= {"search for bound"}


def test_quotas_that_clash_by_a_search():
    """Named quotas that nothing keeps to are a proof; others that can be kept are none."""
    some = [tm.GroupQuota(at_least=2, name="two"), tm.GroupQuota(at_most=1, name="one")]
    impossible = tm.assign([[1]], quotas=some)
    for clash, holds in (((0,), True), ((0, 1), True), ((1,), False), ((), False)):
        found = replace(impossible, _clash=clash).verify()
        assert {claim.name for claim in found.claims if not claim.ok} == (set() if holds else {"infeasible"})
        assert found.claims[-1].detail.startswith("a second search" if holds else "they can be kept")
    assert impossible.verify().claims[1].detail == "whole numbers, one for each node and quota"


def test_a_term_of_nobody():
    """A bound without left nodes is what quotas and right nodes add."""
    none, one = np.zeros(0, np.int64), np.ones(1, np.int64)
    limits = Constraints(none, none, 0 * one, one)
    asked = answer()._asked._replace(stored=np.zeros((0, 1), np.int64), lists=None, constraints=limits)
    assert theorem.bound_of(asked, Prices(none, one * 7, none), 1) == 7


@pytest.mark.parametrize(("price", "bound"), [(-2, -2 + 7 + 3), (2, 2 + 3 + 3), (9, 9 + 0 + 3), (0, 8)])
def test_a_price_on_left_nodes_that_have_a_partner(price, bound):
    """It is paid once for each, whatever partner that is: pairs are worth as much less."""
    told = answer([[5], [3]], quotas=[], right_capacity=2, require_all=True)
    covered = Quota("one", np.array([True, False]), None, 1, 1, covered=True)
    asked = told._asked._replace(constraints=replace(told._asked.constraints, quotas=(covered,)))
    zero = np.zeros(2, np.int64)
    assert theorem.bound_of(asked, Prices(zero, zero[:1], np.array([price])), 1) == bound
