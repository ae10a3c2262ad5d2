"""A step from one proven matching to the next: honest ones hold, each false claim is refused by name."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.instances import explicit, x
from twinmatch.certify import step as module
from twinmatch.certify.step import Standing, check_step, reached_by
from twinmatch.graph.singles import Bonus

if TYPE_CHECKING:
    from twinmatch.graph.terms import PairTerms

NOBODY = np.empty((0, 2), np.int64)
#: Left node 2 can have right node 0 only; 1 is the best partner of 1; right node 2 is free.
POINTS = [[7, 5, 1], [6, 9, x], [4, x, x]]


def terms_of(points=POINTS) -> PairTerms:
    return explicit(points).terms


def standing(**changes) -> Standing:
    """Return the best matching of the small world with its proof: right node 0 costs 8, as 2 needs it."""
    whole = Standing(
        left=np.ones(3, bool),
        right=np.ones(3, bool),
        capacity=np.ones(3, np.int64),
        mate=np.array([2, 1, 0]),
        price=np.array([6, 4, 0]),
        left_price=np.array([1, 5, -2]),
        coverage_price=2,
        witness=np.zeros(3, bool),
    )
    return whole._replace(**changes)


def refused(after: Standing, before: Standing | None = None, terms=None, risen=NOBODY) -> set[str]:
    """Return the names of the claims that are refused."""
    step = check_step(
        terms_of() if terms is None else terms,
        standing() if before is None else before,
        after,
        np.array(risen, np.int64).reshape(-1, 2),
        seal="0123456789abcdefgh",
        threads=1,
    )
    return {claim.name for claim in step.claims if not claim.ok}


def test_an_honest_step():
    """Nothing changed: all claims hold, no pair is looked at, and the numbers are those of the matching."""
    step = check_step(terms_of(), standing(), standing(), NOBODY, seal="0123456789abcdefgh")
    assert step.ok
    assert (step.status, step.objective, step.bound) == ("OPTIMAL", 14, 14)
    assert (step.coverage, step.coverage_bound, step.pairs_checked) == (3, 3, 0)
    assert 0 <= step.pass_seconds <= step.seconds < 60
    details = {claim.name: claim.detail for claim in step.claims}
    assert list(details) == ["rules", "capacities", "prices", "all pairs", "bound", "coverage"]
    assert details["capacities"].startswith("3 of 3 places taken")
    assert details["all pairs"].startswith(
        "0 rows and 0 columns whose prices fell, and 0 pairs that may be worth more: 0 pairs evaluated"
    )
    assert details["all pairs"].endswith("as proven for 0123456789abcdef...")


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"mate": np.array([2, 2, 0])}, {"rules", "capacities", "bound"}),
        ({"mate": np.array([1, 0, 2])}, {"rules", "bound"}),
        ({"mate": np.array([1, 2, 0])}, {"rules", "bound"}),
        ({"mate": np.array([1, 1, 0])}, {"capacities", "bound"}),
        ({"mate": np.array([-1, 1, 0])}, {"bound", "coverage"}),
        ({"mate": np.array([0, 1, -1])}, {"coverage"}),
        ({"left": np.array([True, False, True])}, {"rules", "bound", "coverage"}),
        ({"right": np.array([True, False, True])}, {"rules", "capacities", "bound"}),
        ({"capacity": np.array([1, 0, 1])}, {"capacities", "bound"}),
        ({"capacity": np.array([2, 1, 1])}, {"bound"}),
        ({"capacity": np.array([1, 1, -1])}, {"capacities"}),
        ({"price": np.array([7, 4, 0])}, {"bound"}),
        ({"price": np.array([5, 4, 0])}, {"all pairs", "bound"}),
        ({"price": np.array([6, 3, 0])}, {"all pairs", "bound"}),
        ({"price": np.array([6, 4, -1])}, {"prices", "all pairs", "bound"}),
        ({"price": np.array([6, 5, -1])}, {"prices", "all pairs"}),
        ({"left_price": np.array([2, 5, -2])}, {"bound"}),
        ({"left_price": np.array([0, 5, -2])}, {"all pairs", "bound"}),
        ({"left_price": np.array([0, 6, -2])}, {"all pairs"}),
        ({"left_price": np.array([1, 4, -1])}, {"all pairs"}),
        ({"left_price": np.array([1, 6, -3])}, {"all pairs", "bound"}),
        ({"coverage_price": 3}, set()),
        ({"coverage_price": 1}, {"bound"}),
        ({"coverage_price": -1}, {"prices", "bound"}),
        ({"witness": np.array([False, False, True])}, set()),
        ({"witness": np.array([True, False, False])}, {"coverage"}),
    ],
)
def test_what_is_false_is_refused_by_its_name(changes, names):
    """A mate, place, price, premium or witness that is another one, and what rests on it, is refused."""
    assert refused(standing(**changes)) == names


def test_prices_that_fall_where_they_may():
    """All potentials fall to what pairs need, and are proven by their pairs; one lower is too low."""
    before = standing(left_price=np.array([3, 7, 0]), price=np.array([8, 6, 2]))
    assert refused(standing(), before) == set()
    assert refused(standing(price=np.array([7, 5, 1]), left_price=np.array([0, 4, -3]))) == {"bound"}
    step = check_step(terms_of(), before, standing(), NOBODY, seal="", threads=1)
    # Three rows of 3, 2 and 1 open pairs, and three columns of 3, 2 and 1.
    assert step.pairs_checked == 12
    assert "3 rows and 3 columns" in next(c.detail for c in step.claims if c.name == "all pairs")
    assert step.pass_seconds > 0


def test_premiums_of_any_size():
    """Nobody stays alone here, so that any higher premium proves the same."""
    for premium in (2, 3, 2**40):
        assert refused(standing(coverage_price=premium)) == set()


def test_more_places_than_left_nodes_count_once_for_each():
    """A hundred places at a price are as many as there are left nodes that are there."""
    terms = terms_of([[5], [5]])
    after = Standing(
        *(np.ones(k, bool) for k in (2, 1)),
        np.array([100]),
        np.array([0, 0]),
        np.array([3]),
        np.array([2, 2]),
        0,
        np.zeros(2, bool),
    )
    assert refused(after, after, terms) == set()
    gone = after._replace(left=np.array([True, False]), mate=np.array([0, -1]))
    assert refused(gone, after, terms) == set()


def test_a_witness_of_a_coverage_that_is_not_all():
    """Two left nodes at one place are the witness; one of them stays alone. Others are no witness."""
    terms = terms_of([[5, x], [4, x], [1, 3]])
    after = standing(
        right=np.ones(2, bool),
        capacity=np.ones(2, np.int64),
        mate=np.array([0, -1, 1]),
        price=np.array([4, 0]),
        left_price=np.array([1, 0, 3]),
        coverage_price=0,
        witness=np.array([True, True, False]),
    )
    assert refused(after, after, terms) == set()
    for marks in product((False, True), repeat=3):
        false = {"coverage"} if marks != (True, True, False) else set()
        if marks == (True, True, True):
            false = set()  # three at two places: as good a proof
        assert refused(after._replace(witness=np.array(marks)), after, terms) == false
    assert refused(after._replace(capacity=np.array([1, 2])), after, terms) == set()
    # A left node that is gone neither stays alone nor is it a witness.
    away = after._replace(left=np.array([True, False, True]))
    assert refused(away, after, terms) == set()
    assert refused(away._replace(witness=np.zeros(3, bool)), after, terms) == set()


@pytest.mark.parametrize("rise", [1, 2, 50])
def test_a_pair_that_became_worth_more_is_seen_where_it_is_named(rise):
    """The pair (0, 1) has 5 points and room for no more; left out of the list, the step trusts it."""
    dear = replace(terms_of(), bonus=Bonus(np.array([[0, 1]]), np.array([rise], np.int32)))
    assert refused(standing(), terms=dear) == set()
    assert refused(standing(), terms=dear, risen=[[0, 1]]) == {"all pairs"}
    assert refused(standing(), terms=dear, risen=[[0, 0], [0, 1], [2, 2]]) == {"all pairs"}
    assert refused(standing(), risen=[[0, 0], [0, 1], [2, 2]]) == set()
    step = check_step(terms_of(), standing(), standing(), np.array([[0, 1], [2, 2]]), seal="", threads=1)
    assert step.pairs_checked == 2
    assert "2 pairs that may be worth more: 2 pairs evaluated" in str(step)


def test_a_pass_that_is_cancelled_proves_nothing(monkeypatch):
    """Then potentials that fell are not proven, and everybody may be a partner of the witness."""
    monkeypatch.setattr(module, "plain_pass", lambda *args, **options: (None, 1, 0.5))
    before = standing(left_price=np.array([3, 7, 0]))
    step = check_step(terms_of(), before, standing(), NOBODY, seal="")
    assert [claim.name for claim in step.claims if not claim.ok] == ["all pairs"]
    assert (step.pairs_checked, step.pass_seconds) == (1, 0.5)
    one = standing(witness=np.array([False, False, True]))
    step = check_step(terms_of(), standing(), one, NOBODY, seal="")
    assert [claim.name for claim in step.claims if not claim.ok] == ["coverage"]
    assert (step.coverage_bound, step.pairs_checked) == (5, 1)


def test_the_partners_of_a_witness():
    """They are gathered by one pass over the rows of the witness; nobody has none."""
    reached, pairs = reached_by(terms_of(), np.array([False, True, False]))
    assert (reached.tolist(), pairs) == ([True, True, False], 3)
    reached, pairs = reached_by(terms_of(), np.zeros(3, bool))
    assert (reached.tolist(), pairs) == ([False] * 3, 0)
