"""What quotas ask of two tables, and what a table holds, the slow way."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import twinmatch as tm
from tests.policy.tables import learns, levels
from twinmatch.errors import PolicyError
from twinmatch.policy.asked import asked


def asks(left, right, *quotas, capacity=None, rules=()):
    """Check a policy of some quotas on two tables; return what it asks, and what was said."""
    policy = tm.Policy(rules=rules, quotas=quotas)
    policy.check(left, right)
    said = []
    places = np.ones(len(right), np.int64) if capacity is None else np.asarray(capacity, np.int64)
    return asked(policy, left, right, places, said.append), said


def refused(left, right, *quotas, capacity=None, rules=()):
    """Return the text of the error that these quotas raise on two tables."""
    with pytest.raises(PolicyError) as caught:
        asks(left, right, *quotas, capacity=capacity, rules=rules)
    return str(caught.value)


def schools(side, **columns):
    """Return a table with the given columns, ids ``L0``, ``L1``, ..."""
    count = len(next(iter(columns.values())))
    rows = [
        {"id": f"{side}{row}", "country": "FR"} | {name: values[row] for name, values in columns.items()}
        for row in range(count)
    ]
    names = list(rows[0])
    return tm.Schools.from_frame(pa.table({name: [row[name] for row in rows] for name in names}))


def words(row, column):
    """Return the words of a cell, the slow way."""
    value = row[column]
    if column == "languages":
        return learns(row)
    if value is None:
        return set()
    if column == "levels":
        return {str(level) for level in levels(row)}
    if column in ("teach_lang", "tags"):
        return set(value.split(";"))
    if column == "sector":
        return {value.removesuffix("?")}
    if isinstance(value, bool):
        return {"true" if value else "false"}
    if isinstance(value, float):
        return {f"{value:g}" if value == int(value) else repr(value)}
    return {value}


def flags(rows, conditions):
    """Return which rows meet all conditions, the slow way."""
    return [
        all(words(row, column) & set(accepted) for column, accepted in conditions.items()) for row in rows
    ]
