"""Measure a matching: every pair once for points, distance and rank, then group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from twinmatch.errors import Fault, InputError
from twinmatch.metrics.groups import grouped, kinds_for
from twinmatch.metrics.measures import distances_km, evenness, gini, mean, quantiles
from twinmatch.metrics.ranks import ranks as ranks_of
from twinmatch.metrics.result import Metrics
from twinmatch.metrics.screen import ALL
from twinmatch.policy.asked import asked
from twinmatch.policy.coding import encode
from twinmatch.status import Status
from twinmatch.threads import thread_faults

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy.typing as npt

    from twinmatch.matching import Matching
    from twinmatch.metrics.result import Row
    from twinmatch.schools import Schools

    Int64 = npt.NDArray[np.int64]

__all__ = ["measured"]

_WHOLE: Final = frozenset(
    {"schools", "covered", "pairs", "points_min", "points_max", "distance_pairs", "taken", "places"}
)
_WORDS: Final = frozenset({"kind", "group", "country"})
_NEAR: Final = 10  # "within ten"


class _Pairs(NamedTuple):
    """The pairs of a matching, sorted by left school, and what is known of each."""

    start: Int64  # (num_left + 1,): the pairs of left school i are start[i] to start[i + 1]
    points: Int64
    km: npt.NDArray[np.float64]
    rank: Int64 | None

    def of(self, schools: Int64) -> Int64:
        """Return the pairs of some left schools."""
        number = self.start[schools + 1] - self.start[schools]
        before = np.cumsum(number) - number
        return np.repeat(self.start[schools] - before, number) + np.arange(int(number.sum()))


def measured(
    matching: Matching,
    *,
    by: Collection[str] | None = None,
    ranks: bool = True,
    threads: int | None = None,
) -> Metrics:
    """Return the metrics of :meth:`twinmatch.Matching.metrics`."""
    faults = thread_faults(threads)
    if not isinstance(ranks, (bool, np.bool_)):
        faults.append(Fault("ranks", f"must be True or False, not {ranks!r}"))
    if faults:
        raise InputError("metrics", faults)
    left, right = matching.left, matching.right
    kinds = kinds_for(left, by)
    notes: list[str] = []
    bounds = asked(matching.policy, left, right, matching.right_capacity).constraints
    i, j = matching._taken()
    pairs, blocking = None, None
    if matching.status not in (Status.INFEASIBLE, Status.NO_SOLUTION):
        terms, rank = matching._compiled.terms, None
        points = terms.points(i, j)
        if ranks:
            rank = ranks_of(terms, i, points, bounds.right_most, threads=threads)
            blocked = matching.blocking_pairs(threads=threads)
            blocking = None if blocked is None else blocked.count
            if matching.constraints.quotas:
                notes.append(
                    "ranks and blocking pairs do not look at quotas: a cap may keep such a pair away"
                )
        start = np.searchsorted(i, np.arange(len(left) + 1))
        pairs = _Pairs(start, points, distances_km(left, right, i, j), rank)
        if len(i) > len(np.unique(i)):
            notes.append("some schools have several partners: coverage counts schools, the rest counts pairs")

    everybody = {"kind": ALL, "group": ALL, **_measures(np.arange(len(left)), pairs)}
    rows: dict[str, list[Row]] = {}
    # The summary compares REP with others and rural with urban, whatever is asked for.
    extra = [kind for kind in kinds_for(left, None) if kind in ("priority", "setting")]
    for kind in dict.fromkeys((*kinds, *extra)):
        rows[kind] = [
            {"kind": kind, "group": name, **_measures(schools, pairs)}
            for name, schools in grouped(left, kind, matching.policy, notes.append)
        ]
    countries = _countries(right, bounds.right_most, None if pairs is None else (j, pairs.points))
    shown = (everybody, *(row for kind in kinds for row in rows[kind]))
    summary = {
        **{name: value for name, value in everybody.items() if name not in ("kind", "group")},
        "points_total": None if pairs is None else int(pairs.points.sum()),
        "blocking_pairs": blocking,
        **_balance(countries, pairs is not None),
        **_gap("rep", rows.get("priority", ()), "REP", "others"),
        **_gap("rural", rows.get("setting", ()), "rural", "urban"),
    }
    return Metrics(
        matching.status,
        summary,
        left.frame(_typed(shown, tuple(everybody))),
        left.frame(_typed(countries, _COUNTRY_COLUMNS)),
        tuple(dict.fromkeys(notes)),
        shown,
        tuple(countries),
    )


def _measures(schools: Int64, pairs: _Pairs | None) -> Row:
    """Measure the pairs of some left schools."""
    here = np.empty(0, np.int64) if pairs is None else pairs.of(schools)
    covered, number = None, None
    points, km, rank = np.empty(0, np.int64), np.empty(0), None
    if pairs is not None:
        number = len(here)
        covered = int(np.count_nonzero(pairs.start[schools + 1] > pairs.start[schools]))
        points, km = pairs.points[here], pairs.km[here]
        km = km[~np.isnan(km)]
        rank = None if pairs.rank is None or not number else pairs.rank[here]
    p5, median = quantiles(points, 0.05, 0.5)
    near, middle, far = quantiles(km, 0.05, 0.5, 0.95)
    return {
        "schools": len(schools),
        "covered": covered,
        "coverage": None if covered is None or not len(schools) else covered / len(schools),
        "pairs": number,
        "points_mean": mean(points),
        "points_min": int(points.min()) if len(points) else None,
        "points_p5": p5,
        "points_median": median,
        "points_max": int(points.max()) if len(points) else None,
        "gini": gini(points),
        "distance_pairs": None if pairs is None else len(km),
        "distance_mean_km": mean(km),
        "distance_p5_km": near,
        "distance_median_km": middle,
        "distance_p95_km": far,
        "rank_mean": None if rank is None else mean(rank),
        "rank_median": None if rank is None else quantiles(rank, 0.5)[0],
        "first_choice": None if rank is None else int(np.count_nonzero(rank == 1)) / len(rank),
        "within_10": None if rank is None else int(np.count_nonzero(rank <= _NEAR)) / len(rank),
    }


_COUNTRY_COLUMNS: Final = (
    *("country", "schools", "taken", "places", "pairs", "share", "places_share", "points_mean"),
)


def _countries(right: Schools, places: Int64, pairs: tuple[Int64, Int64] | None) -> list[Row]:
    """Return what each country of the right table offers and gets, by code."""
    coded = encode(right, "country")
    total = int(places.sum())
    rows: list[Row] = []
    for code, name in enumerate(coded.values):
        inside = coded.code == code
        offered = int(places[inside].sum())
        row: Row = dict.fromkeys(_COUNTRY_COLUMNS)
        row |= {"country": name, "schools": int(inside.sum()), "places": offered}
        row["places_share"] = offered / total if total else None
        if pairs is not None:
            j, points = pairs
            here = inside[j]
            row |= {"taken": len(np.unique(j[here])), "pairs": int(here.sum())}
            row |= {"share": int(here.sum()) / len(j) if len(j) else None, "points_mean": mean(points[here])}
        rows.append(row)
    return rows


def _balance(countries: Sequence[Row], is_known: bool) -> dict[str, int | float | None]:
    """Return how pairs are spread over countries."""
    if not is_known:
        return dict.fromkeys(("partner_countries", "largest_country_share", "country_evenness"))
    shares = [row["share"] for row in countries if row["pairs"]]
    counts = np.array([row["pairs"] for row in countries if row["places"]], np.int64)
    return {
        "partner_countries": len(shares),
        "largest_country_share": max(shares, default=None),
        "country_evenness": evenness(counts),
    }


def _gap(name: str, rows: Sequence[Row], one: str, other: str) -> dict[str, float | None]:
    """Return how much more the one group gets than the other, None where either is not there."""
    by_group: Mapping[str, Row] = {row["group"]: row for row in rows}
    out: dict[str, float | None] = {}
    for word, measure in (("coverage", "coverage"), ("points", "points_mean")):
        a, b = (by_group.get(group, {}).get(measure) for group in (one, other))
        out[f"{name}_{word}_gap"] = None if a is None or b is None else a - b
    return out


def _typed(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Any]:
    """Return rows as columns that keep their types where values are missing everywhere."""
    import pyarrow as pa

    return {
        name: pa.array(
            [row[name] for row in rows],
            pa.string() if name in _WORDS else pa.int64() if name in _WHOLE else pa.float64(),
        )
        for name in names
    }
