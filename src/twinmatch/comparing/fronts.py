"""
The Pareto front of a table: the rows that no other row beats.

A row is beaten by one that is at least as good in everything that counts and better in something. Rows that
are equal in everything beat nobody: either all of them are on the front or none is.

Cost: rows sorted from the best, each held against the front so far; quadratic in the rows where all are on
it, which for tables of policies is nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from twinmatch.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["front", "names_of", "pareto"]


def front(values: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """
    Return which rows no other row beats, where larger is better in every column.

    Parameters
    ----------
    values : (n, k) numbers
        A missing value (NaN) makes its row unknown: it is not on the front and beats nobody.

    Returns
    -------
    (n,) bool
    """
    table = np.asarray(values, np.float64)
    on = np.zeros(len(table), bool)
    rows = np.flatnonzero(~np.isnan(table).any(axis=1))
    kept: list[int] = []
    # In falling order of the columns nobody is beaten by a later row.
    for row in rows[np.lexsort(-table[rows].T[::-1])].tolist():
        best = table[kept]
        beaten = (best >= table[row]).all(axis=1) & (best > table[row]).any(axis=1)
        if not beaten.any():
            kept.append(row)
    on[kept] = True
    return on


def pareto(table: Any, *, maximise: Sequence[str] = (), minimise: Sequence[str] = ()) -> Any:
    """
    Return the rows of a table that no other row beats.

    Parameters
    ----------
    table : frame
        Of any kind: pandas, polars, pyarrow, such as ``tm.compare(...).table``.
    maximise, minimise : sequence of str
        Columns of numbers of which more is better, or less; one at least.

    Returns
    -------
    frame
        Of the same kind, rows in the order of the table. Rows with a missing value in one of the columns are
        left out: nothing is known of them. Equal rows are all kept.

    Raises
    ------
    InputError
        If the table is no frame, or a column is not there, is given twice or holds no numbers, with every
        fault.

    Notes
    -----
    Exact comparison, no tolerance: what differs by one point differs. Numbers up to 2**53.

    Examples
    --------
    >>> import pandas as pd
    >>> import twinmatch as tm
    >>> table = pd.DataFrame({"points": [9, 7, 8], "coverage": [1, 3, 1]})
    >>> tm.pareto(table, maximise=["points", "coverage"])["points"].tolist()
    [9, 7]
    """
    try:
        given = nw.from_native(table, eager_only=True)
    except TypeError as error:
        what = f"must be a pandas, polars or pyarrow frame, not {type(table).__name__}"
        hint = "Such as tm.compare(...).table."
        raise InputError("pareto", [Fault("table", what, hint=hint)]) from error
    more, less = names_of(maximise), names_of(minimise)
    names = [*more, *less]
    faults = [] if names else [Fault("maximise", "must name a column or more")]
    faults += [Fault(name, "is named twice") for name in dict.fromkeys(names) if names.count(name) > 1]
    for name in dict.fromkeys(names):
        if name not in given.columns:
            hint = f"There are {', '.join(given.columns)}."
            faults.append(Fault(str(name), "is no column of the table", hint=hint))
        elif not given[name].dtype.is_numeric():
            faults.append(Fault(name, f"holds no numbers but {given[name].dtype}"))
    if faults:
        raise InputError("pareto", faults)
    columns = [given[name].cast(nw.Float64).to_numpy() for name in names]
    sign = np.array([1.0] * len(more) + [-1.0] * len(less))
    on = front(np.stack(columns, axis=1) * sign)
    return given.filter(on.tolist()).to_native()


def names_of(names: Sequence[str]) -> list[str]:
    """Return names as a list, also where one stands alone."""
    return [names] if isinstance(names, str) else list(names)
