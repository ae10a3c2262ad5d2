"""Each criterion against a statement about one pair; what unknown values are worth."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.tables import learns, levels, random_tables, table, teaches_in, works_in
from twinmatch import policies as p

W = 100_000
EARTH_RADIUS_KM = 6371.0088


def all_pairs(left, right):
    return np.repeat(np.arange(len(left)), len(right)), np.tile(np.arange(len(right)), len(left))


def km(a, b):
    """Return the haversine distance of two rows."""
    lat_a, lon_a, lat_b, lon_b = (math.radians(x) for x in (a["lat"], a["lon"], b["lat"], b["lon"]))
    h = math.sin((lat_b - lat_a) / 2) ** 2
    h += math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(h))


def language(a, b):
    ours = bool((teaches_in(a) | learns(a)) & teaches_in(b))
    theirs = bool((teaches_in(b) | learns(b)) & teaches_in(a))
    if ours and theirs:
        return W
    if ours or theirs:
        return 75_000
    if works_in(a) & works_in(b):
        return 50_000
    return 25_000 if a["languages"] is None or b["languages"] is None else 0


def overlap(a, b):
    if not levels(a) or not levels(b):
        return 7
    return W * len(levels(a) & levels(b)) // len(levels(a) | levels(b))


def pupils(row):
    return row["size"] if row["size_kind"] != "exam-candidates-5y" and (row["size"] or 0) >= 1 else None


def size(a, b):
    if pupils(a) is None or pupils(b) is None:
        return 50_000
    scale = W / math.log(8)
    return max(0, W - abs(round(math.log(pupils(a)) * scale) - round(math.log(pupils(b)) * scale)))


def sector(a, b):
    one, other = ((row["sector"] or "").rstrip("?") for row in (a, b))
    if not one or not other:
        return 11
    if one == other:
        return W
    return 30_000 if "public-funded" in (one, other) else 0


def social(a, b):
    if a["ips"] is None or b["ips"] is None:
        return 50_000
    scale = W / 40
    return max(0, W - abs(round(a["ips"] * scale) - round(b["ips"] * scale)))


def tags(a, b):
    if a["tags"] is None or b["tags"] is None:
        return 0
    return min(W, 40_000 * len(set(a["tags"].split(";")) & set(b["tags"].split(";"))))


def country(a, b):
    return {("FR", "DE"): 500, ("DE", "IT"): 9}.get((a["country"], b["country"]), 3)


EXACT = [
    (p.LanguageFit(weight=W), language),
    (p.LevelOverlap(weight=W, unknown=7), overlap),
    (p.SizeSimilarity(weight=W), size),
    (p.SameSector(weight=W, funded=30_000, unknown=11), sector),
    (p.SocialPosition(weight=W), social),
    (p.SharedTags(weight=W, each=40_000), tags),
    (p.CountryTable({("FR", "DE"): 500, ("DE", "IT"): 9}, otherwise=3), country),
]


@given(seed=st.integers(0, 2**32 - 1))
def test_a_criterion_is_worth_what_it_says(seed):
    left_rows, right_rows, left, right = random_tables(seed)
    i, j = all_pairs(left, right)
    for criterion, worth in EXACT:
        assert not list(criterion.faults())
        term = criterion.compile(left, right)
        assert term.max_points <= criterion.weight
        expected = [worth(one, other) for one in left_rows for other in right_rows]
        assert term.points(i, j).tolist() == expected, criterion


TENTS = [
    (p.Distance.near(W, zero_km=2_000), lambda d: 1 - d / 2_000),
    (p.Distance.near(W, full_km=300, zero_km=2_500), lambda d: 1 - (d - 300) / 2_200),
    (p.Distance.far(W, full_km=1_500), lambda d: d / 1_500),
    (
        p.Distance.band(W, low_km=500, high_km=900, fade_km=400),
        lambda d: 1 - max(500 - d, d - 900) / 400,
    ),
]


@given(seed=st.integers(0, 2**32 - 1))
def test_distance_follows_the_haversine_within_a_part_in_ten_thousand(seed):
    left_rows, right_rows, left, right = random_tables(seed)
    i, j = all_pairs(left, right)
    pairs = [(one, other) for one in left_rows for other in right_rows]
    for criterion, share in TENTS:
        assert not list(criterion.faults())
        term = criterion.compile(left, right)
        for (one, other), found in zip(pairs, term.points(i, j).tolist(), strict=True):
            if one["lat"] is None or other["lat"] is None:
                assert found == criterion.unknown == W // 2
            else:
                expected = W * min(1.0, max(0.0, share(km(one, other))))
                assert abs(found - expected) <= W * 1.8e-4 * km(one, other) / criterion.fade_km + 3


@given(seed=st.integers(0, 2**32 - 1))
def test_setting_is_computed_where_no_row_says_it(seed):
    left_rows, right_rows, left, right = random_tables(seed)
    criterion = p.SameSetting(weight=W, radius_km=5, rural_below=2)
    term = criterion.compile(left, right)

    def setting(row, rows):
        if row["setting"] or row["lat"] is None:
            return row["setting"]
        near = sum(other["lat"] is not None and km(row, other) <= 5 for other in rows)
        return "rural" if near < 2 else "urban"

    for i, one in enumerate(left_rows):
        for j, other in enumerate(right_rows):
            kinds = setting(one, left_rows), setting(other, right_rows)
            expected = W // 2 if None in kinds else W * (kinds[0] == kinds[1])
            assert int(term.points(np.array([i]), np.array([j]))[0]) == expected


@given(seed=st.integers(0, 2**32 - 1), zero_at=st.sampled_from([0.0, 0.5, -1.0]))
@settings(max_examples=50)
def test_embedding_points_follow_the_cosine(seed, zero_at):
    left_rows, right_rows, left, right = random_tables(seed)
    criterion = p.EmbeddingSimilarity(weight=W, zero_at=zero_at)
    assert not list(criterion.faults())
    assert not list(criterion.table_faults(left, right))
    term = criterion.compile(left, right)
    for i, one in enumerate(left_rows):
        for j, other in enumerate(right_rows):
            found = int(term.points(np.array([i]), np.array([j]))[0])
            a, b = one["embedding"], other["embedding"]
            if a is None or b is None or not any(a) or not any(b):
                assert found == W // 2
            else:
                cosine = float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))
                expected = W * min(1.0, max(0.0, (cosine - zero_at) / (1 - zero_at)))
                assert abs(found - expected) <= 0.04 * W


def test_size_and_distance_tell_a_thousand_values_apart():
    steps = 4_000
    rows = [
        {"id": f"s{k}", "country": "FR", "size": 500.0 + k, "lat": 45.0, "lon": k * 20 / steps}
        for k in range(steps)
    ]
    schools = table(rows)
    one, all_of_them = np.zeros(steps, int), np.arange(steps)
    for criterion in (p.SizeSimilarity(weight=150_000), p.Distance.near(150_000, zero_km=2_500)):
        assert len(np.unique(criterion.compile(schools, schools).points(one, all_of_them))) >= 1_000


def test_own_criterion_sees_the_tables():
    left, right = table([{"id": "ab", "country": "FR"}]), table([{"id": "abc", "country": "DE"}])

    def common_letters(left, right, i, j):
        return np.array([len(set(a) & set(b)) for a, b in zip(left.ids[i], right.ids[j], strict=True)])

    term = p.OwnCriterion("letters", common_letters, upper_bound=26).compile(left, right)
    assert term.points(np.array([0]), np.array([0])).tolist() == [2]
    assert term.max_points == 26


def test_what_is_unknown_is_said_with_its_worth():
    left = table([{"id": "a", "country": "FR", "size": 40.0, "size_kind": "exam-candidates-5y"}])
    right = table([{"id": "b", "country": "DE", "size": 40.0, "size_kind": None}])
    sentences = []
    p.SizeSimilarity(weight=80_000).compile(left, right, sentences.append)
    assert sentences == [
        "1 of 1 left schools have a size that counts something else (exam-candidates-5y): it is not used",
        "1 of 1 left schools have no known size: size gives their pairs 40,000 points",
    ]
