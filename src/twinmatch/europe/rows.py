"""What is said of the run of one state: a row of plain values, None where there is nothing to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinmatch.certify import Certificate
    from twinmatch.matching import Matching

__all__ = ["COLUMNS", "Row", "believed", "columns_of", "is_found", "row_of", "unreached"]

Row = dict[str, Any]

COLUMNS: Final = {
    "state": "text",
    "schools": "whole",
    "others": "whole",
    "paired": "whole",
    "left_out": "whole",
    "pairs": "whole",
    "points": "whole",
    "mean_points": "number",
    "gap": "whole",
    "relative_gap": "number",
    "status": "text",
    "limit": "text",
    "verified": "flag",
    "kept": "flag",
    "seconds": "number",
    "folder": "text",
    "page": "text",
    "why": "text",
}
"""The columns of the table of states and what they hold; rows have ``notes`` besides, a list of sentences."""


def is_found(row: Row) -> bool:
    """Return whether a run found pairs, or that there are none to be had."""
    return row["status"] in (Status.OPTIMAL, Status.FEASIBLE)


def believed(row: Row) -> bool:
    """Return whether a run found something, and its proof was not refused."""
    return is_found(row) and row["verified"] is True


def unreached(state: str, schools: int, others: int, limit: Limit) -> Row:
    """Return the row of a state that the call did not come to."""
    row: Row = dict.fromkeys(COLUMNS)
    row.update(state=state, schools=schools, others=others, status=str(Status.NO_SOLUTION), limit=str(limit))
    row.update(kept=False, seconds=0.0, notes=[])
    return row


def row_of(state: str, matching: Matching, certificate: Certificate | None, *, kept: bool) -> Row:
    """Return the row of a state that was paired, or found to be impossible."""
    row: Row = dict.fromkeys(COLUMNS)
    row.update(
        state=state,
        schools=len(matching.left),
        others=len(matching.right),
        status=str(matching.status),
        limit=None if matching.limit is None else str(matching.limit),
        verified=None if certificate is None else certificate.ok,
        kept=kept,
        seconds=0.0,
        notes=[],
    )
    if matching.status is Status.INFEASIBLE and matching.witness is not None:
        row["why"] = matching.witness.explain()
    if is_found(row):
        pairs, points = len(matching._taken()[0]), matching.points
        row.update(
            paired=matching.coverage,
            left_out=len(matching.left) - matching.coverage,
            pairs=pairs,
            points=points,
            mean_points=round(points / pairs, 1) if pairs else None,
            gap=int(matching.gap),
            relative_gap=float(matching.relative_gap),
        )
    return row


def columns_of(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the columns of some rows, each of one type, also where all of it is missing."""
    import pyarrow as pa

    kinds = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64(), "flag": pa.bool_()}
    return {name: pa.array([row[name] for row in rows], kinds[kind]) for name, kind in COLUMNS.items()}
