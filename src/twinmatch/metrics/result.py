"""What :meth:`twinmatch.Matching.metrics` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twinmatch.metrics.screen import as_html, as_text

if TYPE_CHECKING:
    from twinmatch.status import Status

__all__ = ["Metrics", "Row"]

Row = dict[str, Any]
"""One line of a table: a Python value for each column, None where there is nothing to say."""


@dataclass(frozen=True, eq=False)
class Metrics:
    """
    What a matching gives, and to whom.

    Numbers of schools and :term:`coverage` count left schools; everything else counts pairs, which are more
    where schools have several partners. What does not exist (the mean of no pairs, the distance of schools
    without coordinates) is None here and missing in frames, never zero. Where the status is INFEASIBLE or
    NO_SOLUTION there is no matching: only the sizes of groups are known, and nobody is said to be left out.

    Parameters
    ----------
    status : Status
        Of the matching.
    summary : dict of str to number or None
        The measures below over everybody, and

        ``points_total``
            Points of all pairs.
        ``blocking_pairs``
            Pairs that would rather have each other (:term:`blocking pair`), see
            :func:`twinmatch.blocking.blocking_pairs`; where the
            mechanism has a policy of right schools, these rank by it.
        ``partner_countries``, ``largest_country_share``
            Countries that got a pair; the share of pairs of the one that got most.
        ``country_evenness``
            Entropy of the pairs over the countries that offer places, divided by its largest value: 1 where
            all get as many, 0 where one gets all, None where only one offers places.
        ``rep_coverage_gap``, ``rep_points_gap``
            Coverage, and mean points, of priority education minus those of other schools.
        ``rural_coverage_gap``, ``rural_points_gap``
            Of rural minus urban schools.
    table : frame
        Of the kind of the left table, a row for each group of left schools, ``kind`` and ``group`` first:

        ``schools``, ``covered``, ``coverage``
            Left schools; those that have a partner; their share.
        ``pairs``
            Pairs of these schools.
        ``points_mean``, ``points_min``, ``points_p5``, ``points_median``, ``points_max``
            Raw points of pairs, whatever the mechanism counts. Quantiles are interpolated.
        ``gini``
            Of the points of pairs: 0 where all have the same. Schools without a partner are not in it.
        ``distance_pairs``
            Pairs whose schools both have coordinates; only they have a distance.
        ``distance_mean_km``, ``distance_p5_km``, ``distance_median_km``, ``distance_p95_km``
            Great circle.
        ``rank_mean``, ``rank_median``
            The rank of a pair is 1 + the number of admissible partners with places that are worth strictly
            more points to the left school. Exact.
        ``first_choice``, ``within_10``
            Share of pairs of rank 1, and of rank 10 at most.
    countries : frame
        A row for each country of the right table: ``country``, ``schools``, ``taken`` (schools with a pair),
        ``places``, ``pairs``, ``share`` (of all pairs), ``places_share`` (of all places), ``points_mean``.
    notes : tuple of str
        What was assumed, in words.

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> metrics = tm.match(fr, eu).metrics()
    >>> metrics.summary["coverage"], metrics.summary["pairs"]
    (1.0, 200)
    """

    status: Status
    summary: dict[str, int | float | None]
    table: Any
    countries: Any
    notes: tuple[str, ...]
    _groups: tuple[Row, ...] = ()
    _countries: tuple[Row, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """
        Return everything as plain values that JSON can hold.

        Returns
        -------
        dict
            ``status``, ``summary``, ``groups`` and ``countries`` (a dict for each row), ``notes``.
        """
        return {
            "status": str(self.status),
            "summary": dict(self.summary),
            "groups": [dict(row) for row in self._groups],
            "countries": [dict(row) for row in self._countries],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        return as_text(str(self.status), self.summary, self._groups, self._countries, self.notes)

    def __repr__(self) -> str:
        covered, schools = self.summary["covered"], self.summary["schools"]
        found = "no matching" if covered is None else f"{covered:,} of {schools:,} schools covered"
        return f"<Metrics {self.status}: {found}, {len(self._groups)} groups>"

    def _repr_html_(self) -> str:
        return as_html(str(self.status), self.summary, self._groups, self._countries, self.notes)
