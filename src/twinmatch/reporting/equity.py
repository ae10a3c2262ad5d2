"""The tables behind a report on equity: groups of left schools, what they got, and how far they are apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from twinmatch.metrics.groups import UNKNOWN, grouped, kinds_for
from twinmatch.metrics.measures import mean, quantiles
from twinmatch.reporting.tables import points_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from twinmatch.matching import Matching
    from twinmatch.schools import Schools

    Int64 = npt.NDArray[np.int64]

__all__ = ["KINDS", "group_gaps", "groups"]

KINDS: Final = ("priority", "setting", "level", "sector", "ips")
"""What left schools are grouped by, in this order; ``ips`` is their social position."""

_FOURTHS: Final = 4
#: Two groups of a kind that are compared.
_AGAINST: Final = (
    ("priority", "REP", "others"),
    ("setting", "rural", "urban"),
    ("sector", "private", "public"),
    ("ips", "1", "4"),
)


def groups(matching: Matching) -> Any:
    """
    Say of groups of left schools how many have a partner, and with how many points.

    Parameters
    ----------
    matching : Matching

    Returns
    -------
    frame
        ``kind`` and ``group``, as in :meth:`twinmatch.Matching.metrics`, and of the kind ``ips`` the
        fourths of the schools whose social position is known, ``1`` the lowest; kinds of which nothing
        is known are left out. ``schools``; ``covered``, those with a partner; ``coverage``, their share;
        ``points_mean``, ``points_p10``, ``points_median`` and ``points_p90`` of their pairs, missing
        where there are none.

    Notes
    -----
    A school that teaches several levels is in several groups.
    """
    i, _ = rows_of(matching)
    points = points_of(matching)
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            *("kind", "group", "schools", "covered", "coverage"),
            *("points_mean", "points_p10", "points_median", "points_p90"),
        )
    }
    for kind, group, rows in _grouped(matching):
        covered = int((matching.mate[rows] >= 0).sum())
        mine = points[np.isin(i, rows)]
        row = (
            kind,
            group,
            len(rows),
            covered,
            covered / len(rows),
            mean(mine),
            *quantiles(mine, 0.1, 0.5, 0.9),
        )
        for values, value in zip(columns.values(), row, strict=True):
            values.append(value)
    return matching.left.frame(columns)


def group_gaps(matching: Matching) -> Any:
    """
    Compare groups two by two: what the first has more than the second.

    Parameters
    ----------
    matching : Matching

    Returns
    -------
    frame
        ``kind``: ``priority`` (priority education less others), ``setting`` (rural less urban), ``sector``
        (private less public), ``ips`` (the lowest fourth less the highest), those that there are;
        ``coverage``, ``points_mean`` and ``points_median``: differences, missing where one of them has
        no pairs.
    """
    from twinmatch.reporting.tables import records

    found = {(row["kind"], row["group"]): row for row in records(groups(matching))}
    names = ("coverage", "points_mean", "points_median")
    rows = []
    for kind, first, second in _AGAINST:
        a, b = found.get((kind, first)), found.get((kind, second))
        if a and b:
            less = (None if a[name] is None or b[name] is None else a[name] - b[name] for name in names)
            rows.append((kind, *less))
    return matching.left.frame({name: [row[k] for row in rows] for k, name in enumerate(("kind", *names))})


def _grouped(matching: Matching) -> Iterator[tuple[str, str, Int64]]:
    """Yield a kind, a group and its rows."""
    known = kinds_for(matching.left, None)
    for kind in KINDS:
        if kind in known:
            for name, rows in grouped(matching.left, kind, matching.policy, lambda said: None):
                yield kind, name, rows
        elif kind == "ips":
            yield from _fourths(matching.left)


def _fourths(schools: Schools) -> Iterator[tuple[str, str, Int64]]:
    """Yield the fourths of the schools whose social position is known, and the other schools."""
    ips = schools.numbers("ips") if schools.has("ips") else np.full(len(schools), np.nan)
    is_known = np.isfinite(ips)
    if is_known.sum() < 2 * _FOURTHS:
        return
    edges = np.quantile(ips[is_known], [0.25, 0.5, 0.75])
    fourth = np.where(is_known, np.searchsorted(edges, ips, side="left") + 1, 0)
    for k in (*range(1, _FOURTHS + 1), 0):
        rows = np.flatnonzero(fourth == k)
        if len(rows):
            yield "ips", str(k) if k else UNKNOWN, rows
