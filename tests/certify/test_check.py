"""A true matching is certified; a matching with anything wrong about it is refused."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from tests.certify.cases import FORBIDDEN, Case, explicit, moved, random_case, swapped
from tests.oracles import dense_bound
from tests.random_terms import random_terms
from twinmatch import _check
from twinmatch.certify import Certificate, check, seal
from twinmatch.errors import CertificateError


@pytest.fixture
def case() -> Case:
    """Four left schools, three partners, one of them with two places; the last left school has no partner.

    The best matching is 0-0 (8), 1-1 (9), 2-1 (6): 23 points, three of four covered. With prices 0, 1, 0 the
    first school is indifferent (8 - 0 = 9 - 1), so that the second price may not fall, nor the first rise.
    """
    x = FORBIDDEN
    case = explicit([[8, 9, x], [7, 9, 2], [x, 6, 1], [x, x, x]], [1, 2, 0])
    assert case.claims["mate"].tolist() == [0, 1, 1, -1]
    case.claims["right_price"], case.claims["coverage_price"] = np.array([0, 1, 0]), 0
    return case


def refused(certificate: Certificate) -> set[str]:
    return {claim.name for claim in certificate.claims if not claim.ok}


def test_a_true_matching_is_certified(case):
    """Every claim holds, and the certificate shows the recomputed numbers."""
    certificate = case.check().raise_for_failure()
    assert certificate.ok
    assert (certificate.objective, certificate.bound, certificate.gap) == (23, 23, 0)
    assert (certificate.coverage, certificate.coverage_bound) == (3, 3)
    assert certificate.pairs_checked == 12


@pytest.mark.parametrize("block", range(10))
def test_true_matchings_are_certified(block, seed):
    """Whatever the instance, a best matching with its prices and witness passes."""
    rng = np.random.default_rng([seed, block])
    for _ in range(30):
        random_case(rng).check(threads=1).raise_for_failure()


SABOTAGE = {
    "two mates swapped": (lambda c: {"mate": swapped(c["mate"], 0, 1)}, "objective"),
    "two mates swapped against a rule": (lambda c: {"mate": swapped(c["mate"], 0, 2)}, "rules"),
    "a price one higher": (lambda c: {"right_price": moved(c["right_price"], 0, 1)}, "bound"),
    "a price one lower": (lambda c: {"right_price": moved(c["right_price"], 1, -1)}, "bound"),
    "a price below zero by one": (lambda c: {"right_price": moved(c["right_price"], 0, -1)}, "prices"),
    "a price below zero": (lambda c: {"right_price": np.array([-5, 0, 0])}, "prices"),
    "a price no pass can hold": (lambda c: {"right_price": np.array([2**62 + 1, 0, 0])}, "prices"),
    "prices with fractions": (lambda c: {"right_price": c["right_price"] + 0.5}, "prices"),
    "a price too few": (lambda c: {"right_price": c["right_price"][:-1]}, "prices"),
    "a coverage price below zero": (lambda c: {"coverage_price": -1}, "coverage price"),
    "a coverage price with a fraction": (lambda c: {"coverage_price": 0.5}, "coverage price"),
    "one place too many": (lambda c: {"mate": np.array([0, 0, 1, -1])}, "capacities"),
    "a place where there is none": (lambda c: {"mate": np.array([0, 2, 1, -1])}, "capacities"),
    "a partner against the rules": (lambda c: {"mate": np.array([0, 1, 1, 0])}, "rules"),
    "a mate beyond the table": (lambda c: {"mate": np.array([0, 1, 3, -1])}, "mates"),
    "a mate below none": (lambda c: {"mate": np.array([0, 1, 1, -2])}, "mates"),
    "mates with fractions": (lambda c: {"mate": np.array([0.0, 1.0, 1.0, -1.0])}, "mates"),
    "a mate too many": (lambda c: {"mate": np.array([0, 1, 1, -1, -1])}, "mates"),
    "a school left out": (lambda c: {"mate": np.array([0, 1, -1, -1])}, "coverage"),
    "objective one higher": (lambda c: {"objective": c["objective"] + 1}, "objective"),
    "objective one lower": (lambda c: {"objective": c["objective"] - 1}, "objective"),
    "objective a float": (lambda c: {"objective": float(c["objective"])}, "objective"),
    "no objective": (lambda c: {"objective": None}, "objective"),
    "bound one higher": (lambda c: {"bound": c["bound"] + 1}, "bound"),
    "bound one lower": (lambda c: {"bound": c["bound"] - 1}, "bound"),
    "coverage one higher": (lambda c: {"coverage": c["coverage"] + 1}, "coverage"),
    "coverage bound one lower": (lambda c: {"coverage_bound": c["coverage_bound"] - 1}, "coverage bound"),
    "the witness inside out": (lambda c: {"witness_left": ~c["witness_left"]}, "coverage bound"),
    "no witness": (lambda c: {"witness_left": np.zeros(4, bool)}, "coverage bound"),
    "a witness of numbers": (lambda c: {"witness_left": np.zeros(4)}, "witness"),
    "places of another": (lambda c: {"right_capacity": np.array([1, 1, 1])}, "capacities"),
    "fewer places than none": (lambda c: {"right_capacity": np.array([1, 2, -1])}, "places"),
    "a status that is none": (lambda c: {"status": "PERFECT"}, "status"),
    "no solution, with pairs": (lambda c: {"status": "NO_SOLUTION"}, "status"),
}


@pytest.mark.parametrize("name", SABOTAGE)
def test_sabotage_is_refused(case, name):
    """One thing wrong is enough, and the certificate names it."""
    change, claim = SABOTAGE[name]
    certificate = case.check(**change(case.claims))
    assert not certificate.ok
    assert claim in refused(certificate), str(certificate)
    with pytest.raises(CertificateError, match=claim):
        certificate.raise_for_failure()


def alike(certificate: Certificate) -> tuple[Any, ...]:
    """Return what does not depend on which pass it was."""
    numbers = (certificate.objective, certificate.bound, certificate.coverage, certificate.coverage_bound)
    claims = [(c.name, c.ok, c.detail) for c in certificate.claims if c.name != "all pairs"]
    return certificate.ok, numbers, certificate.pairs_checked, claims


@pytest.mark.parametrize("name", SABOTAGE)
def test_sabotage_is_refused_by_bounds_too(case, name):
    """What the plain pass refuses, the pruned one refuses with the same numbers."""
    change, claim = SABOTAGE[name]
    certificate = case.check(**change(case.claims), plain=False)
    assert claim in refused(certificate), str(certificate)
    assert alike(certificate) == alike(case.check(**change(case.claims), plain=True))


@pytest.mark.parametrize("block", range(5))
def test_both_passes_say_the_same(block, seed):
    """True claims and random changes of them: prices, pairs, coverage prices, witnesses."""
    rng = np.random.default_rng([seed, block, 3])
    verdicts = {True: 0, False: 0}
    for _ in range(60):
        case = random_case(rng, 40)
        case.check(plain=False, threads=1).raise_for_failure()
        prices, mate = case.claims["right_price"].copy(), case.claims["mate"].copy()
        changed: dict[str, Any] = {}
        if len(prices) and len(mate):
            prices[rng.integers(len(prices))] += rng.integers(-9, 10)
            mate[rng.integers(len(mate))] = rng.integers(-1, len(prices))
            changed = {"right_price": prices} if rng.random() < 0.5 else {"mate": mate}
        changed["coverage_price"] = case.claims["coverage_price"] + int(rng.integers(0, 2))
        status = str(rng.choice(["OPTIMAL", "FEASIBLE"]))
        found = [case.check(**changed, status=status, plain=plain, threads=1) for plain in (True, False)]
        assert alike(found[0]) == alike(found[1])
        verdicts[found[0].ok] += 1
    assert min(verdicts.values()) > 5


def test_the_parts_must_fit_each_other(case):
    """Optimality is refused where the numbers are true and do not meet."""
    dear = case.claims["right_price"] + 100
    bound = dense_bound(case.points, case.claims["right_capacity"], dear, case.claims["coverage_price"], 3)
    assert bound > 23
    assert refused(case.check(right_price=dear, bound=bound)) == {"status"}
    assert case.check(right_price=dear, bound=bound, status="FEASIBLE").ok

    nobody = np.zeros(4, bool)
    assert refused(case.check(witness_left=nobody, coverage_bound=4)) == {"status"}
    assert case.check(witness_left=nobody, coverage_bound=4, status="FEASIBLE").ok


def test_a_run_that_was_stopped_may_claim_less_than_it_proves(case):
    """A bound above the recomputed one is true; one below is refused, and so is a weak optimum."""
    weak = case.check(status="FEASIBLE", bound=30).raise_for_failure()
    assert weak.bound == 23
    assert {c.name: c.detail for c in weak.claims}["bound"] == "30 claimed, and holds: the prices prove 23"
    assert refused(case.check(status="FEASIBLE", bound=22)) == {"bound"}
    assert refused(case.check(status="FEASIBLE", bound=30.0)) == {"bound"}
    assert refused(case.check(status="OPTIMAL", bound=24)) == {"bound"}
    nothing = {"mate": np.full(4, -1), "objective": 0, "coverage": 0, "status": "NO_SOLUTION"}
    assert case.check(**nothing, bound=100).ok
    for name in ("objective", "coverage", "coverage_bound"):
        more = case.claims[name] + 1
        assert refused(case.check(**{"status": "FEASIBLE", name: more})) == {name.replace("_", " ")}


def test_places_beyond_the_left_schools_count_for_nothing(case):
    """A school with more places than there are left schools cannot let them, whatever they cost."""
    dear = {"right_price": np.array([0, 100, 0]), "right_capacity": np.array([1, 2**60, 0])}
    bound = case.check(**dear, status="FEASIBLE", bound=2**70).bound
    assert bound == 8 + 7 + 1 + 4 * 100
    assert bound == dense_bound(case.points, dear["right_capacity"], dear["right_price"], 0, 3)


def test_a_seal_catches_what_still_proves(case):
    """Another price that proves the same bound is a true proof; with the seal of the first it is refused."""
    other = moved(case.claims["right_price"], 1, 1)
    assert case.check(right_price=other).ok
    mark = seal(**case.claims)
    assert case.check(seal=mark).ok
    assert refused(case.check(seal=mark, right_price=other)) == {"seal"}
    assert refused(case.check(seal=mark, status="FEASIBLE")) == {"seal"}
    lists = {name: c.tolist() if isinstance(c, np.ndarray) else c for name, c in case.claims.items()}
    assert seal(**lists) == mark
    assert "seal" in refused(case.check(seal=mark, mate=np.array([0.5] * 4)))


def test_claiming_less_than_is_proven_is_no_lie(case):
    """A run that a limit stopped at the optimum may say FEASIBLE."""
    assert case.check(status="FEASIBLE").ok


def test_infeasible_is_as_good_as_its_witness(case):
    """A witness must show that somebody stays without a partner; other numbers need not be claimed."""
    nothing = dict.fromkeys(("objective", "bound", "coverage"))
    assert case.check(status="INFEASIBLE", **nothing).ok
    weak = case.check(status="INFEASIBLE", **nothing, witness_left=np.zeros(4, bool), coverage_bound=4)
    assert refused(weak) == {"status"}


def test_no_solution_claims_nothing(case):
    """A run that ended before it found anything has nothing to prove, and must not have pairs."""
    nothing = dict.fromkeys(("objective", "bound", "coverage", "coverage_bound"))
    empty = np.full(4, -1)
    assert case.check(status="NO_SOLUTION", mate=empty, **nothing).ok
    assert refused(case.check(status="NO_SOLUTION", **nothing)) == {"status"}


def test_garbage_is_refused_and_not_raised(case):
    """Arrays of the wrong kind are claims refused, so that a corrupted file gives a verdict."""
    for garbage in ("nonsense", None, [[1], [2, 3]], [2**70] * 4, object()):
        for name in ("mate", "right_price", "coverage_price", "witness_left"):
            assert not case.check(**{name: garbage}).ok


def test_sums_beyond_64_bits_are_exact():
    """Prices times places may leave 64 bits; the bound does not wrap around."""
    case = explicit([[5, 3]] * 20, [2**61, 20])
    price = np.array([2**61, 2**62])
    bound = dense_bound(case.points, [20, 20], price, 2**62, 20)
    certificate = case.check(right_price=price, coverage_price=2**62, bound=bound, status="FEASIBLE")
    assert certificate.ok
    assert certificate.bound == bound > 2**65


def test_a_cancelled_check_certifies_nothing(case):
    """What rests on a pass that was cut short is refused, and says so."""
    asked = threading.Event()
    asked.set()
    big = random_terms(np.random.default_rng(0), 40_000, 40_000, kinds=("table", "linear"))
    certificate = check(
        big,
        **{
            **case.claims,
            "mate": np.full(40_000, -1),
            "right_price": np.zeros(40_000, np.int64),
            "witness_left": np.zeros(40_000, bool),
            "right_capacity": None,
        },
        cancel=asked,
        threads=1,
    )
    assert {"all pairs", "bound", "coverage bound", "status"} <= refused(certificate)
    assert certificate.bound is None
    assert certificate.pairs_checked < 40_000**2


def test_the_verdict_is_the_same_for_any_threads_and_instruction_set(case):
    """Only the times differ."""
    results = [
        case.check(threads=threads, isa=isa) for threads in (1, 2, 4) for isa in _check.instruction_sets()
    ]
    assert len({(r.ok, r.objective, r.bound, r.coverage, r.coverage_bound) for r in results}) == 1


def test_infeasible_rests_on_its_witness(case):
    """A witness that cannot be read proves nothing, INFEASIBLE or not."""
    told = case.check(status="INFEASIBLE", witness_left=[1, 2])
    assert "status" in refused(told)
    assert told.coverage_bound is None


def test_every_claim_has_its_line(case):
    """What was looked into is listed whether it holds or nothing was claimed."""
    numbers = {"objective", "bound", "coverage", "coverage bound"}
    nothing = dict.fromkeys(("objective", "bound", "coverage"))
    for certificate in (case.check(), case.check(status="INFEASIBLE", **nothing)):
        assert numbers <= {claim.name for claim in certificate.claims}


def details(certificate: Certificate) -> dict[str, str]:
    return {claim.name: claim.detail for claim in certificate.claims}


def test_what_is_said_of_each_claim(case):
    """Sizes and ranges where all is well; the first three, and how many, where it is not."""
    told = case.check(seal=seal(**case.claims))
    said = details(told)
    assert said["mates"] == "4 whole numbers, from -1 to 1"
    assert said["places"] == "3 whole numbers, from 0 to 2"
    assert said["coverage price"] == "1 whole number, from 0 to 0"
    assert said["witness"] == "1 of 4 left schools"
    assert said["rules"] == "all 3 pairs are admissible"
    assert said["capacities"] == "3 of 3 places taken, none twice"
    assert said["all pairs"] == "12 of 12 evaluated"
    assert said["objective"] == "23, recomputed"
    assert said["status"] == "OPTIMAL claimed: gap 0, coverage 3 of at most 3"
    assert said["seal"].endswith("..., nothing was changed")
    assert len(said["seal"].split(".")[0]) == 16
    assert 0 < told.pass_seconds < told.seconds < 60
    dear = case.check(right_price=np.array([-1, -2, -3]), mate=np.array([-1, 3, 4, 5]))
    said = details(dear)
    assert said["prices"].startswith(f"3 outside 0 .. {2**62} ")
    assert said["prices"].endswith("(first: -1 in row 0, -2 in row 1, -3 in row 2)")
    assert said["mates"] == "3 outside -1 .. 2 (first: 3 in row 1, 4 in row 2, 5 in row 3)"
    assert said["rules"] == "not checked: the mates are not usable"
    said = details(case.check(mate=np.array([2, 2, 0, 0])))
    assert said["rules"] == "3 pairs are not admissible (first: (0, 2), (2, 0), (3, 0))"
    assert (
        said["capacities"] == "2 right schools have too many (first: 2 in 1 places of 0, 2 in 0 places of 2)"
    )
    said = details(case.check(right_capacity=np.array([1, 2])))
    assert said["places"] == "shape (2,) instead of (3,)"
    assert said["capacities"] == "not checked: the places are not usable"


def test_more_than_three_are_counted_and_three_are_named():
    """Of five that are wrong, three are said."""
    x = FORBIDDEN
    case = explicit([[8] * 5] * 5, [1] * 5)
    said = details(case.check(mate=np.array([9] * 5), right_price=np.full(5, -1)))
    assert said["mates"].count("in row") == said["prices"].count("in row") == 3
    wide = explicit([[x, 1, 1, 1]] * 8, [1] * 4)
    said = details(wide.check(mate=np.array([0, 0, 0, 0, 1, 1, 2, 2])))
    assert said["rules"] == "4 pairs are not admissible (first: (0, 0), (1, 0), (2, 0))"
    said = details(wide.check(mate=np.array([0, 0, 1, 1, 2, 2, 3, 3])))
    assert said["capacities"].count("places of") == 3


def test_tables_without_schools():
    """Nobody on a side: whole numbers of any kind are none, and the certificate holds."""
    for shape in ((0, 0), (0, 2), (2, 0)):
        terms = random_terms(np.random.default_rng(0), *shape, kinds=("table",))
        nobody = {
            "mate": np.full(shape[0], -1),
            "right_price": [0] * shape[1],
            "coverage_price": 0,
            "witness_left": np.ones(shape[0], bool),
            "objective": 0,
            "bound": 0,
            "coverage": 0,
            "coverage_bound": 0,
        }
        certificate = check(terms, **nobody, status="OPTIMAL")
        assert certificate.ok, certificate
        empty = [name for name in ("mate", "right_price") if not len(nobody[name])]
        for name in empty:
            assert check(terms, **{**nobody, name: np.zeros(0)}, status="OPTIMAL").ok
        assert not check(terms, **{**nobody, "mate": np.full(shape[0] + 1, -1)}, status="OPTIMAL").ok
        assert not check(
            terms, **{**nobody, "witness_left": np.ones(shape[0] + 1, bool)}, status="OPTIMAL"
        ).ok


def test_numbers_of_numpy_are_numbers(case):
    """An int64 is as good a number as an int; what is none is refused."""
    whole = {
        name: np.int64(case.claims[name]) for name in ("objective", "bound", "coverage", "coverage_bound")
    }
    assert case.check(**whole).ok
    assert case.check(status="FEASIBLE", bound=np.int64(30)).ok
    assert refused(case.check(status="FEASIBLE", bound="30")) == {"bound"}
    assert case.check(mate=case.claims["mate"].astype(np.int8)).ok
    assert case.check(right_capacity=case.claims["right_capacity"].astype(np.uint64)).ok


def test_places_are_one_each_where_nothing_is_said(case):
    """Without places each right school has one."""
    one = explicit([[8, 9], [7, 9]], [1, 1])
    claims = {name: value for name, value in one.claims.items() if name != "right_capacity"}
    assert check(one.terms, **claims).ok
    assert refused(check(one.terms, **{**claims, "mate": np.array([1, 1])})) >= {"capacities"}
    assert details(check(one.terms, **claims))["capacities"] == "2 of 2 places taken, none twice"


def test_places_that_are_not_usable_prove_nothing():
    """Places are refused, and what rests on them; all else holds."""
    one = explicit([[8, 9], [7, 9]], [1, 1])
    found = one.check(right_capacity=np.array([1, -1]))
    assert refused(found) == {"places", "capacities", "bound", "coverage bound", "status"}
    assert found.coverage == 2


def test_what_rests_on_refused_mates_is_refused_by_name(case):
    """Rules, places and numbers of mates that cannot be read; the coverage bound stands."""
    found = case.check(mate=np.array([0, 1, 3, -1]), seal="?" * 64)
    assert refused(found) == {
        *("mates", "seal", "rules", "capacities", "objective", "bound", "coverage", "status")
    }
    assert details(found)["seal"] == "not checked: the numbers are not usable"
    assert (found.objective, found.coverage, found.bound, found.coverage_bound) == (None, None, None, 3)
