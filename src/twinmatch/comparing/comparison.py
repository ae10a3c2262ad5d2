"""What :func:`twinmatch.compare` and :func:`twinmatch.sweep` return."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.comparing.fronts import names_of, pareto
from twinmatch.comparing.rows import COLUMNS, changed_schools, is_found, typed
from twinmatch.comparing.screen import as_html, as_text
from twinmatch.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinmatch.comparing.rows import Row
    from twinmatch.matching import Matching

__all__ = ["Comparison"]

#: Of what more is better, where nobody says otherwise.
MAXIMISE = ("points_by_first", "coverage", "country_evenness")


@dataclass(frozen=True, eq=False)
class Comparison:
    """
    The same schools paired in several ways, and what each way costs.

    Parameters
    ----------
    matchings : dict of str to Matching
        By name, in the order of the call. The first one is what the others are measured against.
    over : str
        What a sweep varies; empty for a comparison.

    Notes
    -----
    ``table`` has a row for each, of the kind of the left table:

    ``name``, ``status``
        Its name; how its run ended.
    ``value``
        What the sweep set; only in sweeps over numbers, texts or yes and no.
    ``coverage``
        Left schools with a partner.
    ``points``, ``gap``
        By the policy's own measure. The gap is in what its mechanism counts.
    ``points_by_first``
        What its pairs are worth under the first policy; missing where that allows not all of them.
    ``not_admissible``
        Pairs that the first policy does not allow.
    ``price_points``, ``price_coverage``
        What it lacks to the first one's result: points, by the first one's measure, and schools. Below zero
        where it has more. Compare prices in points where the price in coverage is 0: who pairs fewer schools
        has fewer pairs that could bring points.
    ``changed``
        Left schools that do not have the partners that the first gives them.
    ``largest_country``, ``largest_share``
        The partner country with most pairs, and its share of them.
    ``country_evenness``
        Entropy of the pairs over the countries that offer places, over its largest value: 1 is even.
    ``seconds``
        Wall time.
    """

    matchings: dict[str, Matching]
    over: str = ""
    _rows: tuple[Row, ...] = ()
    _columns: dict[str, str] = field(default_factory=lambda: dict(COLUMNS))

    @property
    def table(self) -> Any:
        """One row for each matching; the columns are explained above."""
        return self._first.left.frame(typed(self._rows, self._columns))

    @property
    def _first(self) -> Matching:
        return next(iter(self.matchings.values()))

    def changed(self, one: str, other: str) -> Any:
        """
        Return the left schools whose partners differ between two of the matchings.

        Parameters
        ----------
        one, other : str
            Their names.

        Returns
        -------
        frame
            Of the kind of the left table, sorted by ``left_id``, with ``left_id``, the partners in either,
            ``right_id_one`` and ``right_id_other``, missing where there is none, and ``points_one`` and
            ``points_other``, each by its own policy. A school with several partners has them in one cell,
            separated by semicolons, and their sum of points.

        Raises
        ------
        InputError
            If there is no matching of that name, with every fault.
        """
        faults = [
            Fault(where, f"is no matching here: {name!r}", hint=f"There are {', '.join(self.matchings)}.")
            for where, name in (("one", one), ("other", other))
            if name not in self.matchings
        ]
        if faults:
            raise InputError("changed", faults)
        pair = self.matchings[one], self.matchings[other]
        rows = changed_schools(*pair)
        columns: dict[str, Any] = {"left_id": self._first.left.ids[rows]}
        for name, matching in zip(("one", "other"), pair, strict=True):
            partners, points = _partners_of(matching, rows)
            columns[f"right_id_{name}"] = partners
            columns[f"points_{name}"] = points
        order = ("left_id", "right_id_one", "right_id_other", "points_one", "points_other")
        kinds = dict(zip(order, ("text", "text", "text", "whole", "whole"), strict=True))
        listed = [
            dict(zip(order, line, strict=True)) for line in zip(*(columns[n] for n in order), strict=True)
        ]
        return self._first.left.frame(typed(listed, kinds))

    def pareto(self, *, maximise: Sequence[str] = (), minimise: Sequence[str] = ()) -> Any:
        """
        Return the rows of the table that no other row beats; see :func:`twinmatch.pareto`.

        Parameters
        ----------
        maximise, minimise : sequence of str, optional
            Columns. Without any: ``points_by_first``, ``coverage`` and ``country_evenness``, of which more is
            better.

        Raises
        ------
        InputError
            If a column is not there or holds no numbers, or it is ``points`` and policies differ in what they
            give points for, with every fault.
        """
        if not len(maximise) and not len(minimise):
            maximise = MAXIMISE
        self._check_points("pareto", [*names_of(maximise), *names_of(minimise)])
        return pareto(self.table, maximise=maximise, minimise=minimise)

    def plot(self, x: str = "country_evenness", y: str = "points_by_first") -> Any:
        """
        Draw two columns against each other, the Pareto front among them filled.

        Parameters
        ----------
        x, y : str, optional
            Columns of numbers, of which more is better.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        InputError
            If a column is not there or holds no numbers, or it is ``points`` and policies differ in what they
            give points for.
        MissingExtraError
            If matplotlib is not installed.
        """
        from twinmatch.comparing.plot import plot

        self._check_points("plot", [x, y])
        return plot(self, x, y)

    def _check_points(self, subject: str, names: Sequence[str]) -> None:
        """Refuse points of different measures as numbers that compare."""
        found = [one for one in self.matchings.values() if is_found(one)]
        if "points" in names and any(one.policy.criteria != found[0].policy.criteria for one in found):
            what = (
                "are each policy's own, and do not compare: the policies differ in what they give points for"
            )
            hint = "Ask for points_by_first, the points of all as the first policy counts them."
            raise InputError(subject, [Fault("points", what, hint=hint)])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold: ``over`` and ``rows``, a dict for each."""
        return {"over": self.over, "rows": [dict(row) for row in self._rows]}

    def __str__(self) -> str:
        return as_text(self.over, self._rows)

    def __repr__(self) -> str:
        what = f"over {self.over}, " if self.over else ""
        return f"<Comparison {what}{len(self._rows)} matchings of {len(self._first.left):,} schools>"

    def _repr_html_(self) -> str:
        return as_html(self.over, self._rows)


def _partners_of(matching: Matching, rows: np.ndarray) -> tuple[list[str | None], list[int | None]]:
    """Return the partners of some left schools, and the points of their pairs."""
    i, j = matching._taken()
    worth = matching._points_of_pairs()
    first, last = np.searchsorted(i, rows), np.searchsorted(i, rows, side="right")
    ids = matching.right.ids
    partners: list[str | None] = []
    points: list[int | None] = []
    for low, high in zip(first.tolist(), last.tolist(), strict=True):
        partners.append("; ".join(str(ids[k]) for k in j[low:high]) or None)
        points.append(int(worth[low:high].sum()) if high > low else None)
    return partners, points
