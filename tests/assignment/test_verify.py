"""Verifying an assignment: a recount that refuses what is not so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

import twinmatch as tm

POINTS = np.array([[9, 5, 2], [8, 7, 1], [8, 6, 3]])
LISTS = sparse.csr_array(POINTS)


def refused(answer: tm.Assignment, **changes: object) -> list[str]:
    """Return the claims that do not survive a change."""
    certificate = replace(answer, **changes).verify()
    assert not certificate.ok
    with pytest.raises(tm.errors.CertificateError):
        certificate.raise_for_failure()
    return [claim.name for claim in certificate.claims if not claim.ok]


@pytest.fixture(params=["matrix", "lists"])
def answer(request) -> tm.Assignment:
    return tm.assign(POINTS if request.param == "matrix" else LISTS)


def pairs_of(mate: object) -> np.ndarray:
    left = np.flatnonzero(np.asarray(mate) >= 0)
    return np.stack([left, np.asarray(mate)[left]], axis=1)


def with_left(answer: tm.Assignment, left: list[int]) -> object:
    """Return its witness with other left prices."""
    return replace(answer.witness, prices=answer.witness.prices._replace(left=np.array(left)))


def changed(array: np.ndarray, at: int, by: int) -> np.ndarray:
    out = array.copy()
    out[at] += by
    return out


def test_the_answer_stands(answer):
    """What was found is confirmed, with the same numbers."""
    certificate = answer.verify().raise_for_failure()
    assert (certificate.objective, certificate.bound) == (answer.objective, answer.bound)
    assert certificate.pairs_checked == 9


def test_a_price_too_low(answer):
    """A left price below what a pair is worth proves nothing."""
    assert "bound" in refused(answer, left_price=changed(answer.left_price, 0, -2))


def test_a_price_too_high(answer):
    """A price that is higher than need be gives another bound than the one claimed."""
    assert refused(answer, right_price=changed(answer.right_price, 1, 1)) == ["bound", "optimal"]


def test_a_negative_price(answer):
    """A free place that costs less than nothing earns nothing, and makes the bound a worse one."""
    shift = int(answer.right_price.max()) + 1
    worse = refused(answer, right_price=answer.right_price - shift, left_price=answer.left_price + shift)
    assert "bound" in worse


def test_a_coverage_price_out_of_nowhere(answer):
    """A coverage price means nothing where coverage does not come first."""
    assert "coverage price" in refused(answer, coverage_price=1, left_price=answer.left_price + 1)


def test_two_in_one_place(answer):
    """A place is let once."""
    assert "places" in refused(answer, taken=pairs_of([0, 0, 0]))


def test_a_mate_that_does_not_exist(answer):
    """Numbers outside the graph are refused."""
    assert "mates" in refused(answer, taken=pairs_of([0, 1, 3]))
    assert "mates" in refused(answer, taken=np.zeros((2, 3), np.int64))
    assert "mates" in refused(answer, taken=pairs_of([0, 1, 2]).astype(float))


def test_a_pair_that_is_there_twice(answer):
    """A pair counts once."""
    assert "once" in refused(answer, taken=answer.taken[[0, 0, 1, 2]])


def test_another_matching(answer):
    """Other pairs are worth something else."""
    assert "objective" in refused(answer, taken=pairs_of(answer.mate[[1, 0, 2]]))


def test_numbers_that_were_made_up(answer):
    """The claimed numbers must be the recounted ones."""
    assert refused(answer, _objective=answer.objective + 1) == ["objective"]
    assert "bound" in refused(answer, _bound=answer.bound - 1)


def test_a_pair_that_is_not_stored():
    """What is not stored cannot be paired."""
    answer = tm.assign(sparse.csr_array(np.array([[3, 0], [0, 2]])))
    assert "admissible" in refused(answer, taken=pairs_of([1, 0]))


def test_somebody_who_must_is_left_out():
    """Everybody who must be paired is."""
    answer = tm.assign(POINTS, require_all=True)
    assert "must be paired" in refused(answer, taken=pairs_of([0, 1, -1]))


def test_somebody_who_must_not_is_paired():
    """Nobody is paired who must not be."""
    answer = tm.assign(POINTS, left_bounds=(0, [0, 1, 1]))
    assert "may be paired" in refused(answer, taken=pairs_of([2, 1, 0]))


def test_optimal_without_proof():
    """OPTIMAL needs a bound that is reached."""
    answer = tm.assign(POINTS)
    prices = np.full(3, 9), np.zeros(3, np.int64)
    assert "optimal" in refused(answer, left_price=prices[0], right_price=prices[1], _bound=27)


def test_coverage_first_needs_its_witness():
    """A coverage is proven by its witness, and by no other."""
    answer = tm.assign(np.ones((4, 2), int), coverage_first=True)
    answer.verify().raise_for_failure()
    assert answer.coverage_bound == 2
    cover = answer.cover
    assert "coverage_bound" in refused(answer, cover=cover._replace(left=np.ones(4, np.int64)))
    assert "witness" in refused(answer, cover=cover._replace(left=np.ones(3, np.int64)))
    assert "covering" in refused(answer, cover=cover._replace(coverage=0))
    assert "covering" in refused(answer, cover=None)


def test_infeasible_needs_its_witness():
    """A set with places enough proves nothing, and neither does a set of which some may stay without."""
    answer = tm.assign(sparse.csr_array(np.array([[1, 0, 0], [1, 0, 0], [0, 1, 1]])), require_all=True)
    answer.verify().raise_for_failure()
    for left in ([0, 0, -1], [-1, 0, 0]):
        assert refused(answer, witness=with_left(answer, left)) == ["infeasible"]
    assert refused(answer, witness=with_left(answer, [-1, -1])) == ["witness"]
    optional = tm.assign(np.ones((3, 1), int), left_bounds=([1, 1, 0], 1))
    optional.verify().raise_for_failure()
    easy = replace(optional, _asked=tm.assign(np.ones((3, 1), int), left_bounds=([1, 0, 0], 1))._asked)
    assert refused(easy) == ["infeasible"]


def test_points_changed_behind_its_back():
    """Points that changed since then are noticed."""
    points = POINTS.copy()
    answer = tm.assign(points)
    points[0, 0] += 100
    assert not answer.verify().ok


def test_prices_that_would_overflow(answer):
    """Prices beyond exact arithmetic are refused rather than added up."""
    assert "prices" in refused(answer, right_price=np.full(3, 2**62))
