"""What a procedure claims is counted again: mates, rules, places, locks, caps, numbers and status."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.instances import explicit
from tests.random_terms import FORBIDDEN
from twinmatch.certify import seal
from twinmatch.certify.certificate import Claim, Findings
from twinmatch.certify.outcome import check_outcome
from twinmatch.graph.constraints import Constraints, Quota

TERMS = explicit([[5, 3, FORBIDDEN], [4, 2, 7], [1, 1, 6]]).terms
ONE, ZERO = np.ones(3, np.int64), np.zeros(3, np.int64)
CAP = Quota("cap", None, np.array([True, True, False]), 1, 2)
LIMITS = Constraints(ZERO, ONE, ZERO, np.array([1, 1, 2]), np.array([[0, 0]]), (CAP,))
DONE = {
    "mate": np.array([0, 2, 2]),
    "right_price": ZERO,
    "coverage_price": 0,
    "witness_left": np.zeros(3, bool),
    "right_capacity": LIMITS.right_most,
    "status": "OPTIMAL",
    "objective": 18,
    "bound": 18,
    "coverage": 3,
    "coverage_bound": 3,
}
KEPT = Findings((Claim("stable", True, "none blocks"),), 9, 0.5)


def refused(limits=LIMITS, found=KEPT, mark=None, **changes):
    """Return the claims that are refused of a result whose seal fits."""
    told = DONE | changes
    asked = []

    def guarantee(mate):
        asked.append(mate)
        return found

    certificate = check_outcome(TERMS, limits, told, mark or seal(**told), guarantee)
    assert certificate.pairs_checked == (9 if asked else 0)
    assert certificate.pass_seconds == (0.5 if asked else 0)
    assert certificate.seconds >= 0
    return {claim.name for claim in certificate.claims if not claim.ok}


def test_a_result_that_keeps_to_everything():
    """Every claim holds, and bounds are those of the result."""
    assert refused() == set()
    assert refused(mark="another") == {"seal"}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"objective": 17}, {"objective"}),
        ({"bound": 19}, {"bound"}),
        ({"bound": None}, {"bound"}),
        ({"coverage": 2}, {"coverage"}),
        ({"coverage_bound": 4}, {"coverage bound"}),
        ({"right_price": ONE}, {"prices"}),
        ({"coverage_price": 1}, {"prices"}),
        ({"witness_left": np.array([True, False, False])}, {"prices"}),
        ({"status": "INFEASIBLE"}, {"bound", "status"}),
        ({"status": "NO_SOLUTION"}, {"bound", "status"}),
        ({"status": "FEASIBLE"}, {"bound"}),
        ({"status": "FEASIBLE", "bound": 21, "coverage_bound": 3}, set()),
        ({"status": "NO_SOLUTION", "bound": 21, "coverage_bound": 3}, {"status"}),
    ],
)
def test_numbers_and_status(changes, names):
    """One number that is another is refused by its name."""
    assert refused(**changes) == names


def test_nothing_found():
    """Without pairs a run that was stopped claims nothing, and a lock is missing."""
    nothing = {"mate": -ONE, "objective": 0, "coverage": 0, "bound": 21, "status": "NO_SOLUTION"}
    free = replace(LIMITS, locked=np.empty((0, 2), np.int64), quotas=())
    assert refused(free, **nothing) == set()
    assert refused(**nothing) == {"locked", "quotas"}


@pytest.mark.parametrize(
    ("mate", "names"),
    [
        ([0, 2, 1], {"objective", "bound"}),
        ([-1, 2, 2], {"locked", "quotas"}),
        ([0, 0, 2], {"capacities"}),
        ([0, 1, 2], {"objective", "bound"}),
        ([2, 0, 2], {"rules", "locked"}),
    ],
)
def test_mates(mate, names):
    """Another mate is refused by what it breaks, and then nothing is optimal."""
    found = refused(mate=np.array(mate))
    assert names <= found
    assert found - names <= {"objective", "bound", "coverage", "coverage bound", "status"}


@pytest.mark.parametrize("mate", [[0, 2], [0, 2, 3], [0, 2, -2], [0.0, 2.0, 2.0], [[0, 2, 2]]])
def test_mates_that_are_none(mate):
    """What cannot be read as mates is refused and rests nothing."""
    assert {"mates", "objective", "coverage", "bound", "status"} <= refused(mate=np.array(mate))
    assert "mates" not in refused(mate=np.array([0, 2, 2], np.uint8))


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("right_least", [0, 1, 0], "capacities"),
        ("right_most", [1, 1, 1], "capacities"),
        ("left_least", [0, 2, 0], "partners"),
        ("left_most", [1, 1, 0], "partners"),
    ],
)
def test_bounds_of_schools(name, values, told):
    """Too many and too few, on both sides."""
    limits = replace(LIMITS, **{name: np.array(values)})
    assert refused(limits) == {told, "bound", "status"} | {"bound"}


@pytest.mark.parametrize(
    ("least", "most", "holds"), [(1, 1, True), (0, 1, True), (1, None, True), (2, 2, False), (0, 0, False)]
)
def test_quotas(least, most, holds):
    """One pair of the group: floors and caps at it hold, beyond it they do not."""
    limits = replace(LIMITS, quotas=(replace(CAP, at_least=least, at_most=most),))
    assert ("quotas" not in refused(limits)) == holds


def test_the_guarantee_is_what_others_find():
    """Where it is not kept nothing is optimal; its claims are among those of the certificate."""
    broken = Findings((Claim("stable", False, "1 pair blocks"),), 9, 0.5)
    assert refused(found=broken) == {"stable", "bound", "status"}


def test_what_is_said_and_how_long_it_took():
    """How many of how many, for each claim; the time is that of the check."""
    told = DONE | {"mate": np.array([0, 0, 0]), "objective": 10}
    certificate = check_outcome(TERMS, LIMITS, told, seal(**told), lambda mate: KEPT)
    said = {claim.name: claim.detail for claim in certificate.claims}
    assert said["mates"] == "3 whole numbers, each a right school or -1"
    assert said["rules"] == "0 of 3 pairs are not admissible"
    assert said["capacities"] == "1 right schools have too many or too few"
    assert said["partners"] == "0 left schools have one too many or too few"
    assert said["locked"] == "0 of 1 locked pairs are missing"
    assert said["quotas"] == "1 are broken, first cap (3)"
    assert said["objective"] == "10 claimed, 10 recomputed"
    assert 0 < certificate.seconds < 60
    assert (certificate.bound, certificate.coverage_bound) == (21, 3)
    told = DONE | {"mate": np.array([2, 0, 2])}
    certificate = check_outcome(TERMS, LIMITS, told, seal(**told), lambda mate: KEPT)
    said = {claim.name: claim.detail for claim in certificate.claims}
    assert said["rules"] == "1 of 3 pairs are not admissible"
    assert said["locked"] == "1 of 1 locked pairs are missing"
    assert said["objective"] == "18 claimed, None recomputed"
    assert certificate.objective is None


@pytest.mark.parametrize("name", ["rules", "capacities", "partners", "locked", "quotas", "mates"])
def test_nothing_is_guaranteed_of_pairs_that_are_refused(name):
    """One thing wrong, and the guarantee is not even asked for; then nothing is optimal."""
    changes, limits = {}, LIMITS
    if name == "rules":
        changes, limits = {"mate": np.array([2, 0, 2])}, replace(LIMITS, locked=np.empty((0, 2), np.int64))
    elif name == "mates":
        changes = {"mate": np.array([0, 2, 3])}
    elif name == "locked":
        limits = replace(LIMITS, locked=np.array([[0, 0], [1, 1]]))
    else:
        limits = {
            "capacities": replace(LIMITS, right_least=np.array([0, 1, 0])),
            "partners": replace(LIMITS, left_most=np.array([1, 1, 0])),
            "quotas": replace(LIMITS, quotas=(replace(CAP, at_most=0, at_least=0),)),
        }[name]
    told = DONE | changes
    asked = []
    certificate = check_outcome(TERMS, limits, told, seal(**told), lambda mate: asked.append(mate) or KEPT)
    wrong = {claim.name for claim in certificate.claims if not claim.ok}
    assert asked == []
    assert {name, "status"} <= wrong
    feasible = told | {"status": "FEASIBLE", "bound": 21}
    certificate = check_outcome(TERMS, limits, feasible, seal(**feasible), lambda mate: KEPT)
    assert {name, "status"} <= {claim.name for claim in certificate.claims if not claim.ok}


@pytest.mark.parametrize(
    ("bound", "holds"), [(20, False), (21, True), (22, True), (None, False), ("22", False)]
)
def test_the_bound_of_a_run_that_found_nothing(bound, holds):
    """What anybody can see, or a larger number."""
    free = replace(LIMITS, locked=np.empty((0, 2), np.int64), quotas=())
    nothing = {"mate": -ONE, "objective": 0, "coverage": 0, "bound": bound, "status": "NO_SOLUTION"}
    assert refused(free, **nothing) == (set() if holds else {"bound"})
    assert refused(free, **nothing | {"coverage_bound": 4}) == {"coverage bound"} | (
        set() if holds else {"bound"}
    )


def test_one_too_many_does_not_make_up_for_one_too_few():
    """A school that has too many, beside one that has too few, on either side."""
    crossed = replace(LIMITS, right_most=np.array([0, 1, 2]), right_least=np.array([0, 1, 0]))
    assert "capacities" in refused(crossed)
    crossed = replace(LIMITS, left_most=np.array([1, 0, 1]), left_least=np.array([0, 0, 1]))
    assert "partners" in refused(crossed, mate=np.array([0, 2, -1]))
