"""
The rows of a comparison: what each policy gives, and what that costs by the first one's measure.

Price
    Each policy counts in points of its own, and those of two policies say nothing of each other. So the pairs
    of each are also counted in the points of the *first*: what they lack to its own result is the price, in
    points and in schools. Pairs that the first would not allow have no points there; how many they are is
    said, and the price in points is then missing: no number would be fair. Where a policy covers fewer
    schools, part of the price is that there are fewer pairs; the price in coverage says how many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.graph.terms import FORBIDDEN
from twinmatch.metrics.measures import evenness
from twinmatch.policy.coding import encode
from twinmatch.status import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from twinmatch.comparing.variant import Variant
    from twinmatch.matching import Matching

    Int64 = npt.NDArray[np.int64]

__all__ = ["COLUMNS", "Row", "changed_schools", "is_found", "row_of", "typed"]

Row = dict[str, Any]

COLUMNS = {
    "name": "text",
    "status": "text",
    "coverage": "whole",
    "points": "whole",
    "gap": "whole",
    "points_by_first": "whole",
    "not_admissible": "whole",
    "price_points": "whole",
    "price_coverage": "whole",
    "changed": "whole",
    "largest_country": "text",
    "largest_share": "number",
    "country_evenness": "number",
    "seconds": "number",
}
"""The columns of a comparison's table and what they hold."""


def is_found(matching: Matching) -> bool:
    """Return whether there are pairs to speak of."""
    return matching.status not in (Status.INFEASIBLE, Status.NO_SOLUTION)


def row_of(variant: Variant, matching: Matching, first: Matching, seconds: float) -> Row:
    """Return the row of one variant; None where there is nothing to say."""
    row: Row = dict.fromkeys(COLUMNS)
    row.update(name=variant.name, status=str(matching.status), seconds=round(seconds, 3))
    if not is_found(matching):
        return row
    i, j = matching._taken()
    row.update(
        coverage=matching.coverage, points=matching.points, gap=matching.gap, **_countries(matching, j)
    )
    if not is_found(first):
        return row
    worth = first._compiled.terms.points(i, j)
    outside = int(np.count_nonzero(worth == FORBIDDEN))
    row.update(
        not_admissible=outside,
        price_coverage=first.coverage - matching.coverage,
        changed=len(changed_schools(first, matching)),
    )
    if not outside:
        total = int(worth.sum())
        row.update(points_by_first=total, price_points=first.points - total)
    return row


def changed_schools(one: Matching, other: Matching) -> Int64:
    """Return the rows of the left schools that do not have the same partners in both."""
    width = max(1, len(one.right))
    here, there = (np.unique(i * width + j) for i, j in (one._taken(), other._taken()))
    changed: Int64 = np.unique(np.setxor1d(here, there, assume_unique=True) // width)
    return changed


def _countries(matching: Matching, j: Int64) -> Row:
    column = encode(matching.right, "country")
    code = column.code[j][column.known[j]]
    if not len(code):
        return {}
    counts = np.bincount(code, minlength=len(column.values))
    offering = np.bincount(
        column.code[column.known], matching.right_capacity[column.known], minlength=len(column.values)
    )
    most = int(np.argmax(counts[: len(column.values)]))
    return {
        "largest_country": str(column.values[most]),
        "largest_share": float(counts[most] / len(j)),
        "country_evenness": evenness(counts[: len(column.values)][offering[: len(column.values)] > 0]),
    }


def typed(rows: Sequence[Row], columns: dict[str, str]) -> dict[str, Any]:
    """Return the columns of some rows, each of one type, also where all of it is missing."""
    import pyarrow as pa

    kinds = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64(), "flag": pa.bool_()}
    return {name: pa.array([row[name] for row in rows], kinds[kind]) for name, kind in columns.items()}
