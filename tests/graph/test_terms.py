"""The points of a pair: each formula against a plain restatement, and merging against the sum of terms."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinmatch.errors import PointsError, ResourceLimitError
from twinmatch.graph import formulas, merging
from twinmatch.graph import terms as t
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.merging import merge
from twinmatch.graph.singles import Bans

FORBIDDEN = -(2**31)
EARTH_RADIUS_KM = 6371.0088
HEADER = Path(__file__).parents[2] / "cpp" / "points.hpp"


def all_pairs(num_left, num_right):
    i, j = np.meshgrid(np.arange(num_left), np.arange(num_right), indexing="ij")
    return i.ravel(), j.ravel()


def random_parts(rng, num_left, num_right):
    """Return rules, terms of every kind with unknown values, and bans."""

    def known(count):
        return rng.random(count) < 0.7

    def codes(kinds):
        return rng.integers(0, kinds, num_left).astype(np.int32), rng.integers(0, kinds, num_right).astype(
            np.int32
        )

    def places(count):
        vector = rng.normal(size=(3, count))
        return np.round(vector / np.linalg.norm(vector, axis=0) * 2**22).astype(np.float32)

    rules = [t.RuleTerm(*codes(4), rng.random((4, 4)) < 0.8) for _ in range(2)]
    terms = [t.TableTerm(*codes(3), rng.integers(0, 1000, (3, 3)).astype(np.int32)) for _ in range(2)]
    for _ in range(int(rng.integers(0, 3))):
        left, right = (rng.integers(-5000, 5000, k).astype(np.int32) for k in (num_left, num_right))
        top, cap = (int(x) for x in rng.integers(0, 9000, 2))
        terms.append(t.LinearTerm(left, right, top, cap, known(num_left), known(num_right), 77))
    terms.append(
        t.DistanceTerm(
            places(num_left),
            places(num_right),
            6000.0,
            0.001,
            float(rng.choice([0.0, 1e6])),
            5000.0,
            known(num_left),
            known(num_right),
            333,
        )
    )
    left, right = (rng.integers(0, 2**63, k).astype(np.uint64) for k in (num_left, num_right))
    terms.append(t.TagsTerm(left, right, 10, 120, known(num_left), known(num_right), 5))
    left, right = (rng.integers(-127, 128, (k, 7)).astype(np.int8) for k in (num_left, num_right))
    offset = int(rng.choice([-9000, 0, 20000]))
    terms.append(t.DotTerm(left, right, offset, 3, 4, 9000, known(num_left), known(num_right), 41))
    pairs = np.stack([rng.integers(0, num_left, 5), rng.integers(0, num_right, 5)], axis=1).astype(np.int64)
    return rules, terms, [Bans(pairs, num_right)]


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12))
def test_merged_points_are_the_sum_of_the_terms(seed, num_left, num_right):
    rules, terms, bans = random_parts(np.random.default_rng(seed), num_left, num_right)
    merged = merge(num_left, num_right, rules, terms, bans)
    i, j = all_pairs(num_left, num_right)
    expected = sum(term.points(i, j).astype(np.int64) for term in terms)
    for rule in [*rules, *bans]:
        expected[~rule.allows(i, j)] = FORBIDDEN
    np.testing.assert_array_equal(merged.points(i, j), expected)
    assert merged.max_points >= expected.max()
    admissible = expected[expected != FORBIDDEN]
    assert merged.min_points <= admissible.min(initial=2**40)
    assert merged.spread >= np.ptp(admissible) if admissible.size else merged.spread >= 1
    curve = np.arange(merged.max_points + 1, dtype=np.int32) // 3 + 7
    assert replace(merged, curve=curve).min_points == max(0, merged.min_points) // 3 + 7
    for term in terms:
        assert 0 <= term.points(i, j).min() <= term.points(i, j).max() <= term.max_points


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12))
def test_classes_follow_content_and_not_the_order_of_rows(seed, num_left, num_right):
    rng = np.random.default_rng(seed)
    rules, terms, bans = random_parts(rng, num_left, num_right)
    left, right = rng.permutation(num_left), rng.permutation(num_right)
    merged = merge(num_left, num_right, rules, terms, bans)
    i, j = all_pairs(num_left, num_right)
    moved = merged.take(left, right)
    np.testing.assert_array_equal(moved.points(i, j), merged.points(left[i], right[j]))

    codes = [t.RuleTerm(r.left_code[left], r.right_code[right], r.allowed) for r in rules]
    tables = [term for term in terms if isinstance(term, t.TableTerm)]
    again = [t.TableTerm(c.left_code[left], c.right_code[right], c.values) for c in tables]
    first = merge(num_left, num_right, rules, tables)
    second = merge(num_left, num_right, codes, again)
    np.testing.assert_array_equal(first.table, second.table)
    np.testing.assert_array_equal(first.left_class[left], second.left_class)
    np.testing.assert_array_equal(first.right_class[right], second.right_class)


def test_some_rows_can_be_taken_and_bans_follow_them():
    code = np.zeros(4, np.int32)
    flat = t.TableTerm(code, code, np.array([[7]], np.int32))
    merged = merge(4, 4, [], [flat], [Bans(np.array([[0, 1], [3, 3], [0, 1]]), 4)])
    assert merged.banned.tolist() == [[0, 1], [3, 3]]
    part = merged.take(np.array([3, 1]), np.array([2, 3]))
    assert part.banned.tolist() == [[0, 1]]
    assert part.points([0, 0, 1], [0, 1, 1]).tolist() == [7, FORBIDDEN, 7]


def test_schools_that_nothing_tells_apart_share_a_class():
    code = np.arange(6, dtype=np.int32)
    values = np.tile(np.array([[1], [1], [2], [2], [1], [2]], np.int32), (1, 6))
    merged = merge(6, 6, [], [t.TableTerm(code, code, values)])
    assert merged.table.tolist() == [[1], [2]]
    assert merged.left_class.tolist() == [0, 0, 1, 1, 0, 1]


@pytest.mark.parametrize(("num_left", "num_right"), [(0, 3), (3, 0), (0, 0)])
def test_a_side_may_be_empty(num_left, num_right):
    rng = np.random.default_rng(0)
    known = np.ones(num_left, bool), np.ones(num_right, bool)
    codes = np.zeros(num_left, np.int32), np.zeros(num_right, np.int32)
    terms = [
        t.TableTerm(*codes, np.array([[3]], np.int32)),
        t.LinearTerm(*codes, 5, 5, *known, 2),
    ]
    merged = merge(num_left, num_right, [t.RuleTerm(*codes, np.array([[True]]))], terms)
    assert (merged.num_left, merged.num_right) == (num_left, num_right)
    empty = rng.integers(0, 1, 0)
    assert merged.points(empty, empty).shape == (0,)


def test_linear_points_fall_by_one_for_each_unit():
    term = t.LinearTerm(
        np.array([0, 10, 99], np.int32), np.array([3], np.int32), 9, 8,
        np.array([True, True, False]), np.array([True]), 4,
    )  # fmt: skip
    assert term.points(np.array([0, 1, 2]), np.array([0, 0, 0])).tolist() == [6, 2, 4]
    assert t.LinearTerm(term.left, term.left, 9, 8, term.left_known, term.left_known, 4).points(0, 0) == 8


def test_tags_count_common_bits_up_to_the_cap():
    known = np.ones(2, bool)
    term = t.TagsTerm(np.array([0b1011, 2**64 - 1], np.uint64), np.array([0b0011, 2**64 - 1], np.uint64),
                      each=10, cap=500, left_known=known, right_known=known)  # fmt: skip
    assert term.points(np.array([0, 0, 1]), np.array([0, 1, 1])).tolist() == [20, 30, 500]


@given(st.integers(0, 2**32 - 1))
def test_dot_points_are_shifted_64_bit_products(seed):
    rng = np.random.default_rng(seed)
    left, right = rng.integers(-128, 128, (2, 3, 5)).astype(np.int8)
    known = np.ones(3, bool)
    offset, gain, shift, cap = (int(rng.integers(*b)) for b in ((-500, 500), (1, 9), (0, 5), (1, 9999)))
    term = t.DotTerm(left, right, offset, gain, shift, cap, known, known, 0)
    for i in range(3):
        for j in range(3):
            dot = sum(int(a) * int(b) for a, b in zip(left[i], right[j], strict=True))
            assert term.points(i, j) == min(cap, max(0, ((offset + dot) * gain) >> shift))


def test_header_and_module_hold_the_same_constants():
    header = HEADER.read_text(encoding="utf-8")
    for name in ("ARC_C1", "ARC_C2", "ARC_C3"):
        literal = re.search(rf"{name} = ([0-9.]+)f", header)
        assert literal is not None
        assert np.float32(literal[1]) == getattr(formulas, name)
    assert "ARC_SCALE = 0x1p-44f" in header
    assert re.search(r"MAX_COLUMNS = (\d+)", header)[1] == str(merging.MAX_COLUMNS)


def arc_km(chord_km):
    """Return the arc of the formula for a chord, in float32, read off the points of two places."""
    s = np.float32(chord_km / EARTH_RADIUS_KM * 2**22)
    q = s * s
    u = q * np.float32(2.0**-44)
    arc = np.sqrt(q) * (np.float32(1) + u * (formulas.ARC_C1 + u * (formulas.ARC_C2 + u * formulas.ARC_C3)))
    return arc.astype(np.float64) / 2**22 * EARTH_RADIUS_KM


def test_the_arc_is_close_to_the_great_circle_and_rises_with_the_chord():
    chord = np.linspace(1, 10_000, 200_001)
    true = 2 * EARTH_RADIUS_KM * np.arcsin(chord / (2 * EARTH_RADIUS_KM))
    error = np.abs(arc_km(chord) / true - 1)
    assert error.max() < 1.8e-4
    assert error[chord < 1_000].max() < 3.1e-5
    whole = arc_km(np.linspace(0, 2 * EARTH_RADIUS_KM, 500_001))
    assert (np.diff(whole) >= 0).all()
    assert 0.85 < whole[-1] / (math.pi * EARTH_RADIUS_KM) < 0.86


@given(st.floats(-89, 89), st.floats(-180, 180), st.floats(-89, 89), st.floats(-180, 180))
def test_distance_points_follow_the_haversine(lat_a, lon_a, lat_b, lon_b):
    """Points are distances in metres over 100: weight 100,000 down to 0 at 10,000 km."""

    def place(lat, lon):
        lat, lon = math.radians(lat), math.radians(lon)
        xyz = math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)
        return np.round(np.array(xyz)[:, None] * 2**22).astype(np.float32)

    known = np.ones(1, bool)
    unit = EARTH_RADIUS_KM / 2**22
    term = t.DistanceTerm(place(lat_a, lon_a), place(lat_b, lon_b), 100_000, 10 * unit, 0, 100_000,
                          known, known, 1)  # fmt: skip
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    h = math.sin((phi_b - phi_a) / 2) ** 2
    h += math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    km = 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))
    found = int(term.points(np.array([0]), np.array([0]))[0])
    assert abs(found - max(0.0, 100_000 - 10 * km)) <= 10 * (0.004 + 1.8e-4 * km) + 1


def test_unknown_places_add_nothing_to_the_merged_column():
    places = np.round(np.eye(3) * 2**22).astype(np.float32)
    known = np.array([True, False, True])
    term = t.DistanceTerm(places, places, 900.0, 1e-4, 0.0, 900.0, known, known, 123)
    merged = merge(3, 3, [], [term])
    i, j = all_pairs(3, 3)
    np.testing.assert_array_equal(merged.points(i, j), term.points(i, j))
    assert (term.points(i, j) == 123).sum() == 5


@pytest.mark.parametrize(("kind", "most"), [("linear", 8), ("tags", 8), ("distance", 1), ("dot", 1)])
def test_more_columns_than_the_loops_take_are_refused(kind, most):
    known = np.ones(1, bool)
    one = {
        "linear": t.LinearTerm(np.zeros(1, np.int32), np.zeros(1, np.int32), 5, 5, known, known, 0),
        "tags": t.TagsTerm(np.zeros(1, np.uint64), np.zeros(1, np.uint64), 5, 5, known, known),
        "distance": t.DistanceTerm(
            np.zeros((3, 1), np.float32), np.zeros((3, 1), np.float32), 5, 1, 0, 5, known, known, 0
        ),
        "dot": t.DotTerm(np.zeros((1, 1), np.int8), np.zeros((1, 1), np.int8), 0, 1, 0, 5, known, known, 0),
    }[kind]
    merge(1, 1, [], [one] * most)
    with pytest.raises(ValueError, match=f"{most + 1} {kind} columns"):
        merge(1, 1, [], [one] * (most + 1))


def test_numbers_that_could_leave_their_range_are_refused():
    known, zero = np.ones(1, bool), np.zeros(1, np.int32)
    with pytest.raises(OverflowError, match="32 bits"):
        merge(1, 1, [], [t.TableTerm(zero, zero, np.array([[2**30]], np.int32))] * 2)
    with pytest.raises(OverflowError, match="coordinate"):
        merge(1, 1, [], [t.LinearTerm(zero + 2**28 + 1, zero, 5, 5, known, known, 0)])
    with pytest.raises(OverflowError, match="top"):
        merge(1, 1, [], [t.LinearTerm(zero, zero, 2**28 + 1, 5, known, known, 0)])


def test_a_table_of_too_many_classes_is_refused_before_it_is_made():
    code = np.arange(12_000, dtype=np.int32)
    diagonal = np.zeros((110, 110), np.int32)
    np.fill_diagonal(diagonal, 1)
    parts = [t.TableTerm(code % 110, code % 110, diagonal), t.TableTerm(code // 110, code // 110, diagonal)]
    with pytest.raises(ResourceLimitError, match="12,000 kinds of left"):
        merge(12_000, 12_000, [], parts)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda i, j: np.zeros(len(i) + 1, int), "has shape"),
        (lambda i, j: np.array(["a"] * len(i)), "has dtype"),
        (lambda i, j: np.full(len(i), 1.5), "is not a whole number for left 4 and right 6"),
        (lambda i, j: np.full(len(i), np.nan), "is not finite"),
        (lambda i, j: np.full(len(i), np.inf), "is not finite"),
        (lambda i, j: -1 - i, "is below 0"),
        (lambda i, j: 100 + i, "is above its bound of 100"),
    ],
)
def test_what_a_function_returns_is_checked(answer, words):
    call = CallTerm(answer, 100, "mine")
    with pytest.raises(PointsError, match=words) as caught:
        call.points(np.array([4, 5]), np.array([6, 7]))
    assert "mine" in str(caught.value)


def test_a_function_is_asked_about_admissible_pairs_only_in_its_own_rows():
    asked = []

    def function(i, j):
        asked.append(list(zip(i.tolist(), j.tolist(), strict=True)))
        return 10 * i + j

    code = np.array([0, 1], np.int32)
    rule = t.RuleTerm(code, code, np.array([[True, False], [True, True]]))
    merged = merge(2, 2, [rule], [CallTerm(function, None, "mine")])
    i, j = all_pairs(2, 2)
    assert merged.points(i, j).tolist() == [0, FORBIDDEN, 10, 11]
    assert asked == [[(0, 0), (1, 0), (1, 1)]]
    turned = merged.take(np.array([1, 0]), np.array([1, 0])).take(np.array([0, 1]), np.array([1, 0]))
    np.testing.assert_array_equal(turned.points(i, j), [10, 11, 0, FORBIDDEN])
