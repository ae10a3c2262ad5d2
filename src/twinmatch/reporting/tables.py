"""
The tables behind the figures of a report: plain counts of a matching, one function a figure.

Each returns a frame of the kind of ``matching.left``. Values are codes of the registers (countries, levels,
sectors), not words of a language; an empty text stands for what is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from twinmatch.reporting.places import EUROPE, positions, squares

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.matching import Matching
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

    Text = npt.NDArray[np.object_]
    Int64 = npt.NDArray[np.int64]

__all__ = [
    "everyone",
    "flows",
    "origin_column",
    "partners_by_academie",
    "partners_by_country",
    "points_by_criterion",
    "points_distribution",
    "reasons",
]

_BARS: Final = 36
_NICE: Final = (1, 2, 2.5, 5, 10)
_SQUARE_KM: Final = 210.0


def partners_by_country(matching: Matching) -> Any:
    """
    Count pairs by the country of the partner, most first.

    Parameters
    ----------
    matching : Matching

    Returns
    -------
    frame
        :attr:`~twinmatch.metrics.Metrics.countries` of :meth:`twinmatch.Matching.metrics`, sorted by pairs.
    """
    rows = records(matching.metrics(by=(), ranks=False).countries)
    rows.sort(key=lambda row: (-(row["pairs"] or 0), -row["places"], row["country"]))
    return matching.left.frame({name: [row[name] for row in rows] for name in rows[0]} if rows else {})


def partners_by_academie(matching: Matching) -> Any:
    """
    Count pairs by the académie of the left school and the country of its partner.

    Parameters
    ----------
    matching : Matching

    Returns
    -------
    frame
        ``academie`` (the region, where the table has no académies; empty where it is not known),
        ``country``, ``pairs``, ``share`` of the pairs of the académie: one row for each two that have pairs,
        sorted.
    """
    i, j = rows_of(matching)
    origin, country = known(matching.left, origin_column(matching))[i], known(matching.right, "country")[j]
    rows, counts = _counted(origin, country)
    names, at = np.unique(rows[:, 0].astype(str), return_inverse=True)
    total = np.bincount(at, counts, minlength=len(names))
    return matching.left.frame(
        {
            "academie": rows[:, 0],
            "country": rows[:, 1],
            "pairs": counts,
            "share": _ratio(counts, total[at]),
        }
    )


def points_distribution(matching: Matching) -> Any:
    """
    Count pairs by their points.

    Parameters
    ----------
    matching : Matching

    Returns
    -------
    frame
        ``low`` and ``high``, the points from which (included) and up to which (excluded) a row counts, of
        equal widths that are round numbers; ``pairs``.
    """
    points = points_of(matching)
    if not len(points):
        empty = np.zeros(0, np.int64)
        return matching.left.frame({"low": empty, "high": empty, "pairs": empty})
    span = max(1, int(points.max()) - int(points.min()))
    rough = span / _BARS
    power = 10.0 ** np.floor(np.log10(rough))
    width = max(1, round(next(n for n in _NICE if n * power >= rough) * power))
    first = int(points.min()) // width
    bars = np.bincount(points // width - first)
    low = (first + np.arange(len(bars))) * width
    return matching.left.frame({"low": low, "high": low + width, "pairs": bars})


def points_by_criterion(matching: Matching) -> Any:
    """
    Say what the points are made of.

    Parameters
    ----------
    matching : Matching

    Returns
    -------
    frame
        ``criterion``, in the order of the policy; ``mean_points`` that it gives to a pair; ``most_points``
        that it can give (of one that does not say, the most that it gives).
    """
    i, j = rows_of(matching)
    weights = {criterion.name: criterion.weight for criterion in matching.policy.criteria}
    names, means, most = [], [], []
    for name, term in matching._compiled.criteria:
        weight = weights.get(name)
        points = np.asarray(term.points(i, j), np.int64)
        names.append(name)
        means.append(float(points.mean()) if len(points) else 0.0)
        most.append(int(points.max(initial=0)) if weight is None else int(weight))
    return matching.left.frame(
        {"criterion": np.array(names, object), "mean_points": means, "most_points": most}
    )


def reasons(matching: Matching) -> Any:
    """
    Count left schools without a partner by the kind of reason, most first.

    Parameters
    ----------
    matching : Matching

    Returns
    -------
    frame
        ``kind``, the first words of the reason; ``schools``.
    """
    kinds = [kind_of(reason) for reason in column(matching.unmatched, "reason")]
    found, counts = np.unique(np.array(kinds, dtype=str), return_counts=True)
    order = np.lexsort([found, -counts])
    return matching.left.frame({"kind": found.astype(object)[order], "schools": counts[order]})


def kind_of(reason: str) -> str:
    """Return the first words of a reason, which say of what kind it is."""
    return "kept out" if reason.startswith("kept out") else reason.partition(":")[0]


def flows(matching: Matching) -> Any:
    """
    Count pairs from where to where: académies to squares of the map, by country.

    Parameters
    ----------
    matching : Matching

    Returns
    -------
    frame
        ``origin`` (an académie, or what :func:`origin_column` found), ``origin_lat`` and ``origin_lon`` (the
        middle of its schools), ``country``, ``partner_lat`` and ``partner_lon`` (the middle of its partners
        there), ``pairs``: one row for each origin, country and square of about 200 km that have pairs, most
        last. Pairs whose partner has no known point, and origins of which no school has one, are left out.
    """
    i, j = rows_of(matching)
    left, right = matching.left, matching.right
    origin = known(left, origin_column(matching)).astype(str)
    names, at = np.unique(origin, return_inverse=True)
    home = np.column_stack([_middle(at, len(names), left.numbers(axis)) for axis in ("lat", "lon")])
    lat, lon = right.numbers("lat"), right.numbers("lon")
    drawn = np.isfinite(lat[j]) & np.isfinite(lon[j]) & np.isfinite(home[at[i]]).all(axis=1)
    i, j = i[drawn], j[drawn]
    # What is beyond the map is one place a country: its squares would be too far apart to be seen.
    south, north, west, east = EUROPE
    beyond = (lat < south) | (lat > north) | (lon < west) | (lon > east)
    square = np.where(beyond[j, None], 10**6, squares(positions(right)[j], _SQUARE_KM))
    codes, country = np.unique(known(right, "country").astype(str), return_inverse=True)
    places, to = np.unique(np.column_stack([country[j], square]), axis=0, return_inverse=True)
    to = to.ravel()
    there = np.column_stack([_middle(to, len(places), axis[j]) for axis in (lat, lon)])
    ways, counts = np.unique(np.column_stack([at[i], to]), axis=0, return_counts=True)
    order = np.lexsort([ways[:, 1], ways[:, 0], counts])
    (a, b), counts = ways[order].T, counts[order]
    return left.frame(
        {
            "origin": names.astype(object)[a],
            "origin_lat": home[a, 0],
            "origin_lon": home[a, 1],
            "country": codes.astype(object)[places[b, 0]] if len(places) else np.array([], object),
            "partner_lat": there[b, 0],
            "partner_lon": there[b, 1],
            "pairs": counts,
        }
    )


def _middle(
    at: npt.NDArray[np.intp], groups: int, values: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the mean of what is known in each group, NaN where nothing is."""
    have = np.isfinite(values)
    total = np.bincount(at[have], values[have], minlength=groups)
    return _ratio(total, np.bincount(at[have], minlength=groups))


def everyone(matching: Matching) -> Any:
    """
    List every left school with its partner, or with the reason why it has none; sorted by ``left_id``.

    Parameters
    ----------
    matching : Matching

    Returns
    -------
    frame
        ``left_id``, ``left_name``, ``left_city``, ``academie``, ``left_levels``, ``right_id``,
        ``right_name``, ``right_city``, ``country`` of the partner, ``points``, ``points_`` and its name for
        each criterion, and ``reason``. A school with several partners stands in several rows; one without
        has a reason and zero points, others have an empty reason.
    """
    i, j = rows_of(matching)
    alone = np.flatnonzero(matching.mate < 0)
    row = np.concatenate([i, alone])
    order = np.argsort(row, kind="stable")
    left, right = matching.left, matching.right
    why = np.array([*[""] * len(i), *column(matching.unmatched, "reason")], object)
    zero = np.zeros(len(alone), np.int64)
    here = {"left_id": "id", "left_name": "name", "left_city": "city"}
    there = {"right_id": "id", "right_name": "name", "right_city": "city", "country": "country"}
    columns: dict[str, Any] = {name: known(left, of)[row] for name, of in here.items()}
    columns["academie"] = known(left, origin_column(matching))[row]
    columns["left_levels"] = known(left, "levels")[row]
    nothing = np.full(len(alone), "", object)
    for name, of in there.items():
        columns[name] = np.concatenate([known(right, of)[j], nothing])
    columns["points"] = np.concatenate([points_of(matching), zero])
    for name, term in matching._compiled.criteria:
        columns[f"points_{name}"] = np.concatenate([np.asarray(term.points(i, j), np.int64), zero])
    columns["reason"] = why
    return left.frame({name: values[order] for name, values in columns.items()})


def origin_column(matching: Matching) -> str:
    """Return the column that says from where a left school is: ``academie``, ``region`` or ``country``."""
    for name in ("academie", "region"):
        if (known(matching.left, name) != "").any():
            return name
    return "country"


# -- What the tables share ----------------------------------------------------------------------------------


def most_points_of(policy: Policy) -> int | None:
    """Return the points of a perfect pair; None where a criterion does not say what it gives at most."""
    weights = [criterion.weight for criterion in policy.criteria]
    return None if None in weights else sum(int(weight or 0) for weight in weights)


def rows_of(matching: Matching) -> tuple[Int64, Int64]:
    """Return the rows of the left and the right school of each pair."""
    i, j = matching._taken()
    return np.asarray(i, np.int64), np.asarray(j, np.int64)


def points_of(matching: Matching) -> Int64:
    """Return the points of each pair."""
    return np.asarray(column(matching.pairs, "points"), np.int64)


def known(schools: Schools, name: str) -> Text:
    """Return a column as text, empty where it is not known."""
    values = schools.strings(name)
    return np.array([value or "" for value in values.tolist()], dtype=object)


def column(frame: Any, name: str) -> list[Any]:
    """Return a column of a frame of any kind as a list."""
    import narwhals as nw

    values: list[Any] = nw.from_native(frame, eager_only=True)[name].to_list()
    return values


def records(frame: Any) -> list[dict[str, Any]]:
    """Return the rows of a frame of any kind, with None where a value is missing."""
    import narwhals as nw

    def plain(value: Any) -> Any:
        return None if isinstance(value, float) and value != value else value

    rows = nw.from_native(frame, eager_only=True).rows(named=True)
    return [{name: plain(value) for name, value in row.items()} for row in rows]


def _counted(a: Text, b: Text) -> tuple[Text, Int64]:
    """Return each two values that occur together, sorted, and how often."""
    names, at = np.unique(a.astype(str), return_inverse=True)
    others, to = np.unique(b.astype(str), return_inverse=True)
    keys, counts = np.unique(at.astype(np.int64) * max(1, len(others)) + to, return_counts=True)
    rows = np.empty((len(keys), 2), object)
    rows[:, 0] = names.astype(object)[keys // max(1, len(others))] if len(keys) else []
    rows[:, 1] = others.astype(object)[keys % max(1, len(others))] if len(keys) else []
    return rows, counts.astype(np.int64)


def _ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Divide; NaN where there is nothing to divide by."""
    below = np.asarray(below, np.float64)
    return np.asarray(np.divide(above, below, out=np.full(below.shape, np.nan), where=below != 0))
