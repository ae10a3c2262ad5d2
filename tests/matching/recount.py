"""The slow twin of metrics: everything counted again, pair by pair, from rows of plain values."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

import twinmatch as tm
from twinmatch.graph.terms import FORBIDDEN


def haversine(a: dict, b: dict) -> float | None:
    if None in (a.get("lat"), a.get("lon"), b.get("lat"), b.get("lon")):
        return None
    north, east = math.radians(b["lat"] - a["lat"]), math.radians(b["lon"] - a["lon"])
    cos = math.cos(math.radians(a["lat"])) * math.cos(math.radians(b["lat"]))
    return 2 * 6371.0088 * math.asin(math.sqrt(math.sin(north / 2) ** 2 + cos * math.sin(east / 2) ** 2))


def quantile(values: list, share: float) -> float | None:
    if not values:
        return None
    values, at = sorted(values), (len(values) - 1) * share
    low, high = values[math.floor(at)], values[math.ceil(at)]
    return low + (at - math.floor(at)) * (high - low)


def inequality(values: list) -> float | None:
    """Return half of the mean difference of two of them, in means."""
    if not values:
        return None
    apart = sum(abs(a - b) for a in values for b in values)
    return float(Fraction(apart, 2 * len(values) * sum(values))) if sum(values) else 0.0


def mean(values: list) -> float | None:
    return sum(values) / len(values) if values else None


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def groups_of(row: dict, everybody: list[dict]) -> set[tuple[str, str]]:
    """Return the groups that a left school is in."""
    own = {("all", "all")} | {("level", one) for one in (row.get("levels") or "unknown").split(";")}
    own.add(("sector", (row.get("sector") or "unknown").rstrip("?")))
    own |= {(kind, row.get(kind) or "unknown") for kind in ("country", "academie")}
    others = "others" if row["country"] == "FR" and row.get("ep") is None else "unknown"
    own.add(("priority", "REP" if row.get("ep") in ("REP", "REP+", "REP/REP+") else others))
    setting = row.get("setting")
    if setting is None and row.get("lat") is not None:
        near = sum(km is not None and km <= 5 for km in (haversine(row, one) for one in everybody))
        setting = "rural" if near < 18 else "urban"
    own.add(("setting", setting or "unknown"))
    return own


class Recount:
    """A matching of small tables, counted school by school."""

    def __init__(self, matching: tm.Matching) -> None:
        self.left, self.right = matching.left.table.to_pylist(), matching.right.table.to_pylist()
        here = {row["id"]: i for i, row in enumerate(self.left)}
        there = {row["id"]: j for j, row in enumerate(self.right)}
        frame = matching.pairs if isinstance(matching.pairs, pa.Table) else pa.table(matching.pairs)
        self.pairs = [(here[row["left_id"]], there[row["right_id"]]) for row in frame.to_pylist()]
        graph = tm.compile(matching.left, matching.right, matching.policy)
        i, j = np.arange(len(self.left)), np.arange(len(self.right))
        self.points = graph.points(i[:, None], j[None, :]).tolist()
        self.left_most = matching.constraints.left_most.tolist()
        self.places = matching.constraints.right_most.tolist()
        self.locked = {(i, j) for i, j in matching.constraints.locked.tolist()}

    def rank(self, i: int, j: int) -> int:
        mine = self.points[i][j]
        return 1 + sum(self.places[k] > 0 and self.points[i][k] > mine for k in range(len(self.right)))

    @property
    def blocking(self) -> int:
        found, taken = 0, set(self.pairs)
        of_left: dict[int, list[tuple[int, int]]] = {}
        of_right: dict[int, list[tuple[int, int]]] = {}
        for i, j in self.pairs:
            of_left.setdefault(i, []).append((i, j))
            of_right.setdefault(j, []).append((i, j))

        def wants(mine: int, has: list[tuple[int, int]], most: int) -> bool:
            return len(has) < most or any(
                mine > self.points[i][j] for i, j in has if (i, j) not in self.locked
            )

        for i in range(len(self.left)):
            for j in range(len(self.right)):
                mine = self.points[i][j]
                if (i, j) not in taken and mine != FORBIDDEN:
                    left = wants(mine, of_left.get(i, []), self.left_most[i])
                    found += left and wants(mine, of_right.get(j, []), self.places[j])
        return found

    def of(self, schools: list[int]) -> dict:
        pairs = [(i, j) for i, j in self.pairs if i in schools]
        points = [self.points[i][j] for i, j in pairs]
        km = [haversine(self.left[i], self.right[j]) for i, j in pairs]
        km = [one for one in km if one is not None]
        rank = [self.rank(i, j) for i, j in pairs]
        covered = len({i for i, _ in pairs})
        return {
            "schools": len(schools),
            "covered": covered,
            "coverage": share(covered, len(schools)),
            "pairs": len(pairs),
            "points_mean": mean(points),
            "points_min": min(points, default=None),
            "points_p5": quantile(points, 0.05),
            "points_median": quantile(points, 0.5),
            "points_max": max(points, default=None),
            "gini": inequality(points),
            "distance_pairs": len(km),
            "distance_mean_km": mean(km),
            "distance_p5_km": quantile(km, 0.05),
            "distance_median_km": quantile(km, 0.5),
            "distance_p95_km": quantile(km, 0.95),
            "rank_mean": mean(rank),
            "rank_median": quantile(rank, 0.5),
            "first_choice": share(rank.count(1), len(rank)),
            "within_10": share(sum(one <= 10 for one in rank), len(rank)),
        }

    @property
    def groups(self) -> dict[tuple[str, str], list[int]]:
        out: dict[tuple[str, str], list[int]] = {("all", "all"): []}
        for i, row in enumerate(self.left):
            for group in groups_of(row, self.left):
                out.setdefault(group, []).append(i)
        return out

    @property
    def countries(self) -> dict[str, dict]:
        out = {}
        for country in {row["country"] for row in self.right}:
            inside = [j for j, row in enumerate(self.right) if row["country"] == country]
            got = [(i, j) for i, j in self.pairs if j in inside]
            places = sum(self.places[j] for j in inside)
            out[country] = {
                "country": country,
                "schools": len(inside),
                "taken": len({j for _, j in got}),
                "places": places,
                "pairs": len(got),
                "share": share(len(got), len(self.pairs)),
                "places_share": share(places, sum(self.places)),
                "points_mean": mean([self.points[i][j] for i, j in got]),
            }
        return out


def close(found: dict, expected: dict) -> None:
    """See that whole numbers are the same, and others up to rounding: kilometres to 10 metres."""
    assert list(found) == list(expected)
    for name, value in expected.items():
        if isinstance(value, float):
            assert found[name] == pytest.approx(value, rel=1e-12, abs=0.01 if "km" in name else 1e-12), name
        else:
            assert found[name] == value, name
            assert type(found[name]) is type(value), name


def recounted(matching: tm.Matching) -> tm.Matching:
    """See that all metrics of a matching are those of a recount."""
    metrics, plain = matching.metrics(), Recount(matching)
    whole = metrics.to_dict()
    groups = plain.groups
    for row in whole["groups"]:
        group = row.pop("kind"), row.pop("group")
        close(row, plain.of(groups.pop(group)))
    # What is left is of kinds of which nothing is known.
    shown = {row["kind"] for row in metrics.to_dict()["groups"]}
    for kind, group in groups:
        assert kind not in shown, (kind, group)
        assert group == "unknown" or (kind, group) == ("priority", "others")
    countries = plain.countries
    assert [row["country"] for row in whole["countries"]] == sorted(countries)
    for row in whole["countries"]:
        close(row, countries[row["country"]])
    summary = whole["summary"]
    everybody = plain.of(list(range(len(plain.left))))
    close({name: summary[name] for name in everybody}, everybody)
    assert summary["blocking_pairs"] == plain.blocking
    assert summary["points_total"] == sum(plain.points[i][j] for i, j in plain.pairs) == matching.points
    shares = [row["share"] for row in countries.values() if row["pairs"]]
    assert summary["partner_countries"] == len(shares)
    assert summary["largest_country_share"] == max(shares, default=None)
    offering = sum(row["places"] > 0 for row in countries.values())
    even = (
        -sum(one * math.log(one) for one in shares) / math.log(offering) if offering > 1 and shares else None
    )
    assert summary["country_evenness"] == pytest.approx(even)
    for name, kind, one, other in (
        ("rep", "priority", "REP", "others"),
        ("rural", "setting", "rural", "urban"),
    ):
        a, b = (
            plain.of(plain.groups[kind, word]) if (kind, word) in plain.groups else {}
            for word in (one, other)
        )
        for word, measure in (("coverage", "coverage"), ("points", "points_mean")):
            both = None not in (a.get(measure), b.get(measure))
            expected = a[measure] - b[measure] if both else None
            assert summary[f"{name}_{word}_gap"] == pytest.approx(expected)
    return matching
