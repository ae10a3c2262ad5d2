"""From schools and a policy to arrays: sums, orders, assumptions, and the bundled registers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twinmatch as tm
from tests.policy.tables import random_tables, table
from twinmatch import policies as p
from twinmatch.compiler import compiled, places_of
from twinmatch.errors import InputError, PolicyError, ResourceLimitError
from twinmatch.graph.called import CalledGraph
from twinmatch.graph.terms import FORBIDDEN

EVERYTHING = tm.Policy(
    rules=[*p.systematic_twinning().rules, p.ForbiddenPairs([("L0", "R0"), ("L1", "R2")])],
    criteria=[
        *p.systematic_twinning().criteria,
        p.SocialPosition(weight=9_999, optional=True),
        p.SharedTags(weight=5_000, optional=True),
        p.EmbeddingSimilarity(weight=7_000, optional=True),
        p.CountryTable({("FR", "DE"): 500}),
        p.Kept(800, column="tags", optional=True),
    ],
)


def all_pairs(left, right):
    i, j = np.meshgrid(np.arange(len(left)), np.arange(len(right)), indexing="ij")
    return i.ravel(), j.ravel()


@given(seed=st.integers(0, 2**32 - 1))
def test_points_are_the_sum_over_the_criteria_of_admissible_pairs(seed):
    _, _, left, right = random_tables(seed)
    found = compiled(left, right, EVERYTHING)
    i, j = all_pairs(left, right)
    total = sum(term.points(i, j).astype(np.int64) for _, term in found.criteria)
    allowed = np.logical_and.reduce([rule.allows(i, j) for _, rule in found.rules])
    np.testing.assert_array_equal(found.terms.points(i, j), np.where(allowed, total, FORBIDDEN))
    assert [name for name, _ in found.criteria] == [one.name for one in EVERYTHING.criteria]


@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing_but_the_order(seed):
    _, _, left, right = random_tables(seed)
    rng = np.random.default_rng(seed)
    i_order, j_order = rng.permutation(len(left)), rng.permutation(len(right))
    before = compiled(left, right, EVERYTHING)
    after = compiled(left.take(i_order), right.take(j_order), EVERYTHING)
    expected = before.terms.take(i_order, j_order)
    np.testing.assert_array_equal(after.terms.table, expected.table)
    for side in ("left_class", "right_class", "banned"):
        np.testing.assert_array_equal(getattr(after.terms, side), getattr(expected, side))
    groups = [
        (after.terms.linears, expected.linears),
        (after.terms.tags, expected.tags),
        ([after.terms.distance, after.terms.dot], [expected.distance, expected.dot]),
    ]
    for ours, theirs in groups:
        for one, other in zip(ours, theirs, strict=True):
            for a, b in zip(one, other, strict=True):
                np.testing.assert_array_equal(a, b)
    assert after.assumptions == before.assumptions


def test_every_school_of_the_bundled_registers_has_an_admissible_partner():
    fr, eu = tm.datasets.france_eu()
    for policy in (p.systematic_twinning(), p.proximity()):
        terms = compiled(fr, eu, policy).terms
        partnered = (terms.table != FORBIDDEN).any(axis=1)
        assert len(np.unique(terms.right_class)) == terms.table.shape[1]  # no class without a school
        assert partnered[terms.left_class].all()
        assert max(terms.table.shape) <= 400
        assert (len(terms.linears), len(terms.tags), terms.dot) == (1, 0, None)


def test_what_the_registers_do_not_say_is_reported():
    fr, eu = tm.datasets.france_eu()
    said = compiled(fr, eu, p.systematic_twinning()).assumptions
    assert len(set(said)) == len(said)
    assert (
        "1,051 of 125,930 right schools have no known coordinates: distance gives their pairs 75,000 points"
        in said
    )
    assert any("(100%) have no known availability: they count as available" in one for one in said)


def test_the_default_policy_works_on_tables_that_say_little():
    left = table([{"id": "a", "country": "FR", "levels": "1"}])
    right = table([{"id": "b", "country": "DE", "levels": "1"}, {"id": "c", "country": "FR", "levels": "1"}])
    found = compiled(left, right, p.systematic_twinning())
    assert found.terms.points([0, 0], [0, 1]).tolist() == [75_000 + 250_000 + 75_000 * 3, FORBIDDEN]
    assert "1 of 1 left schools have no known size: size gives their pairs 75,000 points" in found.assumptions


def test_a_column_that_a_criterion_needs_must_be_there():
    left = table([{"id": "a", "country": "FR", "size": 5.0}])
    right = table([{"id": "b", "country": "DE"}])
    policy = tm.Policy(criteria=[p.SizeSimilarity(weight=9), p.SameSetting(weight=9)])
    with pytest.raises(PolicyError) as caught:
        compiled(left, right, policy)
    assert [fault.where for fault in caught.value.faults] == [
        "right column 'size'",
        "left column 'setting'",
        "right column 'setting'",
    ]


def test_functions_of_the_user_make_a_graph_of_plain_passes():
    _, _, left, right = random_tables(3)

    def points(left, right, i, j):
        return np.array([len(a) + len(b) for a, b in zip(left.ids[i], right.ids[j], strict=True)])

    policy = tm.Policy(criteria=[p.LevelOverlap(weight=100), p.OwnCriterion("letters", points)])
    graph = tm.compile(left, right, policy)
    assert isinstance(graph, CalledGraph)
    i, j = all_pairs(left, right)
    plain = compiled(left, right, tm.Policy(criteria=[p.LevelOverlap(weight=100)])).terms
    np.testing.assert_array_equal(graph.points(i, j), plain.points(i, j) + 4)


def test_functions_of_the_user_are_not_asked_about_a_billion_pairs_by_accident():
    fr, eu = tm.datasets.france_eu()
    own = p.OwnCriterion("own", lambda left, right, i, j: i * 0, upper_bound=1)
    with pytest.raises(ResourceLimitError, match="'own' would be asked about 8,127,648,130 pairs"):
        tm.compile(fr, eu, tm.Policy(criteria=[own]))
    graph = tm.compile(fr, eu, tm.Policy(criteria=[own], allow_large_calls=True))
    assert graph.points(np.array([5]), np.array([7])).tolist() == [0]


def test_places_come_from_a_column_or_an_argument():
    plain = table([{"id": "a", "country": "DE"}, {"id": "b", "country": "DE"}])
    frame = plain.table.append_column("capacity", [[2, None]]).append_column("beds", [[3, 4]])
    full = tm.Schools.from_frame(frame)
    assert places_of(plain).tolist() == [1, 1]
    assert places_of(full).tolist() == [2, 1]
    assert places_of(full, "beds").tolist() == [3, 4]
    assert places_of(full, 5).tolist() == [5, 5]
    assert places_of(full, [0, 7.0]).tolist() == [0, 7]


@pytest.mark.parametrize(
    ("given_places", "words"),
    [
        ("rooms", "names a column that is not there: 'rooms'"),
        ([1], r"has shape \(1,\), and there are 2"),
        ([-1, 1], r"whole numbers from 0 .*\(1 row, first: 0\)"),
        ([1, 1.5], r"\(1 row, first: 1\)"),
        ([1, float("nan")], r"\(1 row, first: 1\)"),
        (["one", "two"], "must be whole numbers, not"),
    ],
)
def test_places_that_make_no_sense_are_refused(given_places, words):
    plain = table([{"id": "a", "country": "DE"}, {"id": "b", "country": "DE"}])
    with pytest.raises(InputError, match=words):
        places_of(plain, given_places)
