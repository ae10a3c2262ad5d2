"""The tables behind figures are plain counts."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from statistics import fmean, median

import narwhals as nw
import numpy as np
import pytest

import twinmatch as tm
from twinmatch.reporting import equity, tables
from twinmatch.reporting.places import project

p = tm.policies


@pytest.fixture(scope="module")
def rows(sample):
    """Return the pairs of the sample with the rows of both schools, as plain dicts."""
    left = {row["id"]: row for row in sample.left.table.to_pylist()}
    right = {row["id"]: row for row in sample.right.table.to_pylist()}
    pairs = nw.from_native(sample.pairs, eager_only=True).rows(named=True)
    return [(pair, left[pair["left_id"]], right[pair["right_id"]]) for pair in pairs]


@pytest.fixture(scope="module")
def squeezed():
    """Return a matching in which some schools have no partner, for several reasons."""
    left = tm.Schools.from_frame(
        {
            "id": [f"L{k}" for k in range(8)],
            "country": ["FR"] * 8,
            "levels": ["1", "1", "1", "1", "2", "3", None, "1"],
            "region": ["A", "A", "B", "B", None, "B", "A", "B"],
        }
    )
    right = tm.Schools.from_frame(
        {"id": ["R0", "R1", "R2"], "country": ["IT", "DE", "DE"], "levels": ["1", "1", "2"]}
    )
    return tm.match(left, right)


def test_pairs_by_country_are_those_of_the_pairs(sample, rows):
    """Each country has as many pairs, places and points as a count by hand finds; most come first."""
    counted = Counter(there["country"] for _, _, there in rows)
    offered = Counter(one["country"] for one in sample.right.table.to_pylist())
    found = tables.records(tables.partners_by_country(sample))
    assert {row["country"]: row["pairs"] for row in found} == counted
    assert {row["country"]: row["places"] for row in found} == offered
    assert [row["pairs"] for row in found] == sorted(counted.values(), reverse=True)
    for row in found:
        assert row["share"] == pytest.approx(row["pairs"] / len(rows))
        points = [pair["points"] for pair, _, there in rows if there["country"] == row["country"]]
        assert row["points_mean"] == pytest.approx(fmean(points))


def test_pairs_by_academie_are_those_of_the_pairs(sample, rows):
    """Each académie and country have as many pairs as a count by hand finds."""
    counted = Counter((here["academie"], there["country"]) for _, here, there in rows)
    of = Counter(here["academie"] for _, here, _ in rows)
    found = tables.records(tables.partners_by_academie(sample))
    assert {(row["academie"], row["country"]): row["pairs"] for row in found} == counted
    assert [(row["academie"], row["country"]) for row in found] == sorted(counted)
    for row in found:
        assert row["share"] == pytest.approx(row["pairs"] / of[row["academie"]])


def test_without_academies_regions_stand_for_them(squeezed):
    """A table that has regions only is told apart by regions; what is not known is empty."""
    assert tables.origin_column(squeezed) == "region"
    places = set(tables.column(tables.partners_by_academie(squeezed), "academie"))
    region = dict(zip(squeezed.left.ids, squeezed.left.strings("region"), strict=True))
    assert places == {region[school] or "" for school in tables.column(squeezed.pairs, "left_id")}


def test_bars_hold_all_pairs_once(sample, rows):
    """Bars are of one width, follow each other, and count each pair where its points are."""
    found = tables.records(tables.points_distribution(sample))
    points = [pair["points"] for pair, _, _ in rows]
    widths = {row["high"] - row["low"] for row in found}
    assert len(widths) == 1
    assert all(a["high"] == b["low"] for a, b in itertools.pairwise(found))
    for row in found:
        assert row["pairs"] == sum(row["low"] <= one < row["high"] for one in points)
    assert sum(row["pairs"] for row in found) == len(points)
    assert 15 <= len(found) <= 60


@pytest.mark.parametrize("criteria", [(p.LevelOverlap(100),), (), (p.LevelOverlap(1), p.SameSector(2))])
def test_few_points_have_bars_too(criteria):
    """Points that are all the same, all zero, or a handful of numbers have a distribution."""
    policy = tm.Policy(rules=(p.PartnerInEU(), p.CommonLevel()), criteria=criteria)
    matching = tm.match(*tm.datasets.sample(), policy)
    found = tables.records(tables.points_distribution(matching))
    assert sum(row["pairs"] for row in found) == len(matching.pairs)
    assert all(row["low"] < row["high"] for row in found)


def test_points_by_criterion_add_up(sample, rows):
    """Means of the criteria are those of the columns of pairs, and add up to the mean of the points."""
    found = tables.records(tables.points_by_criterion(sample))
    for row in found:
        assert row["mean_points"] == pytest.approx(fmean(pair[row["criterion"]] for pair, _, _ in rows))
    assert sum(row["mean_points"] for row in found) == pytest.approx(
        fmean(pair["points"] for pair, _, _ in rows)
    )
    weights = {one.name: one.weight for one in sample.policy.criteria}
    assert {row["criterion"]: row["most_points"] for row in found} == weights


def test_flows_are_counts_of_pairs(sample, rows):
    """Flows from an académie to a country add up to its pairs whose partner has a point."""
    counted = Counter(
        (here["academie"], there["country"]) for _, here, there in rows if there["lat"] is not None
    )
    found: Counter[tuple[str, str]] = Counter()
    for row in tables.records(tables.flows(sample)):
        found[row["origin"], row["country"]] += row["pairs"]
    assert found == counted


def test_flows_start_in_the_middle_of_their_schools(sample):
    """An origin is the mean point of all schools of the académie that have one."""
    points = defaultdict(list)
    for one in sample.left.table.to_pylist():
        if one["lat"] is not None:
            points[one["academie"]].append((one["lat"], one["lon"]))
    for row in tables.records(tables.flows(sample)):
        mean = np.mean(points[row["origin"]], axis=0)
        assert (row["origin_lat"], row["origin_lon"]) == pytest.approx(tuple(mean))


def test_flows_end_within_a_square_of_their_partners(sample, rows):
    """An end is the middle of partners of that country that are near."""
    for row in tables.records(tables.flows(sample)):
        (end,) = project([row["partner_lat"]], [row["partner_lon"]])
        near = [
            np.hypot(*(project([there["lat"]], [there["lon"]])[0] - end))
            for _, here, there in rows
            if here["academie"] == row["origin"]
            and there["country"] == row["country"]
            and there["lat"] is not None
        ]
        far_south = row["partner_lat"] < 34  # one place for all of a country that is beyond the map
        assert far_south or sum(one < 300 for one in near) >= row["pairs"]


def test_everyone_is_listed_once(squeezed):
    """Each left school stands in a row for each partner, or in one with a reason."""
    found = tables.records(tables.everyone(squeezed))
    assert [row["left_id"] for row in found] == sorted(squeezed.left.ids)
    reasons = dict(
        zip(
            tables.column(squeezed.unmatched, "left_id"),
            tables.column(squeezed.unmatched, "reason"),
            strict=True,
        )
    )
    assert reasons
    for row in found:
        assert row["reason"] == reasons.get(row["left_id"], "")
        assert (row["right_id"] == "") == bool(row["reason"])


def test_everyone_has_the_points_of_the_pairs(sample, rows):
    """Points and their parts are those of the table of pairs."""
    found = tables.records(tables.everyone(sample))
    for row, (pair, here, there) in zip(found, rows, strict=True):
        names = ("left_id", "right_id", "points")
        assert [row[name] for name in names] == [pair[name] for name in names]
        assert row["left_name"] == (here["name"] or "")
        assert row["country"] == there["country"]
        parts = [row[f"points_{name}"] for name, _ in sample._compiled.criteria]
        assert sum(parts) == row["points"]


def test_several_partners_are_several_rows():
    """A school with two partners stands in two rows."""
    policy = tm.Policy(
        rules=(p.CommonLevel(),),
        criteria=(p.LevelOverlap(10),),
        quotas=(p.PartnersPerSchool("two", side="left", most=2),),
    )
    left = tm.Schools.from_frame({"id": ["a"], "country": ["FR"], "levels": ["1"]})
    right = tm.Schools.from_frame({"id": ["x", "y"], "country": ["IT", "IT"], "levels": ["1", "1"]})
    found = tables.records(tables.everyone(tm.match(left, right, policy)))
    assert [(row["left_id"], row["right_id"]) for row in found] == [("a", "x"), ("a", "y")]


def test_reasons_count_who_is_left_out(squeezed):
    """Kinds of reasons add up to the schools without a partner, most first."""
    counted = Counter(reason.partition(":")[0] for reason in tables.column(squeezed.unmatched, "reason"))
    found = tables.records(tables.reasons(squeezed))
    assert {row["kind"]: row["schools"] for row in found} == counted
    assert [row["schools"] for row in found] == sorted(counted.values(), reverse=True)
    assert len(counted) > 1


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_frames_are_of_the_kind_of_the_caller(kind, sample):
    """Every table is a frame of the kind that the schools came in."""
    left, right = (nw.from_arrow(one.table, backend=kind).to_native() for one in (sample.left, sample.right))
    matching = tm.match(tm.Schools.from_frame(left), tm.Schools.from_frame(right))
    for table in (
        *(tables.partners_by_country, tables.partners_by_academie, tables.points_distribution),
        *(tables.points_by_criterion, tables.flows, tables.everyone, tables.reasons),
        *(equity.groups, equity.group_gaps),
    ):
        assert type(table(matching)) is type(left), table
        assert tables.records(table(matching)) == tables.records(table(sample)), table


def test_groups_are_what_a_count_by_hand_finds(sample, rows):
    """Groups have as many schools, as many with a partner, and points as their pairs have."""
    member = {
        "level": lambda one: (one["levels"] or "unknown").split(";"),
        "sector": lambda one: [(one["sector"] or "unknown").rstrip("?")],
        "priority": lambda one: ["REP" if one["ep"] else "others"],
    }
    found = {(row["kind"], row["group"]): row for row in tables.records(equity.groups(sample))}
    everybody = sample.left.table.to_pylist()
    for kind, groups_of in member.items():
        names = {name for one in everybody for name in groups_of(one)}
        assert {group for one, group in found if one == kind} == names
        for name in names:
            row = found[kind, name]
            points = [pair["points"] for pair, here, _ in rows if name in groups_of(here)]
            assert row["schools"] == sum(name in groups_of(one) for one in everybody)
            assert row["covered"] == len(points)
            assert row["points_mean"] == pytest.approx(fmean(points))
            assert row["points_median"] == median(points)
            assert row["points_p10"] == pytest.approx(np.percentile(points, 10))
            assert row["points_p90"] == pytest.approx(np.percentile(points, 90))


def test_fourths_of_social_position_are_fourths(sample):
    """Each fourth has about as many schools, and none above the next one."""
    ips = dict(zip(sample.left.ids, sample.left.numbers("ips"), strict=True))
    known = sorted(one for one in ips.values() if one == one)
    rows = {row["group"]: row for row in tables.records(equity.groups(sample)) if row["kind"] == "ips"}
    assert sum(rows[k]["schools"] for k in "1234") == len(known)
    assert rows["unknown"]["schools"] == len(ips) - len(known)
    assert max(rows[k]["schools"] for k in "1234") - min(rows[k]["schools"] for k in "1234") <= 2


def test_gaps_are_differences_of_groups(sample):
    """What is compared is the first group less the second."""
    found = {(row["kind"], row["group"]): row for row in tables.records(equity.groups(sample))}
    pairs = {"priority": ("REP", "others"), "setting": ("rural", "urban"), "sector": ("private", "public")}
    pairs["ips"] = ("1", "4")
    gaps = {row["kind"]: row for row in tables.records(equity.group_gaps(sample))}
    assert gaps.keys() == {kind for kind, (a, b) in pairs.items() if {(kind, a), (kind, b)} <= found.keys()}
    for kind in gaps:
        a, b = pairs[kind]
        for name in ("coverage", "points_mean", "points_median"):
            assert gaps[kind][name] == pytest.approx(found[kind, a][name] - found[kind, b][name])


def test_a_perfect_pair_has_all_weights(sample):
    """The points of a perfect pair are the sum of the weights, where all are known."""
    assert tables.most_points_of(sample.policy) == 1_000_000
