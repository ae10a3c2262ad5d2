"""Reading what a matching was to be best at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.errors import Fault, FormatError
from twinmatch.mechanisms import (
    NAMES,
    Concave,
    Leximin,
    Mechanism,
    RankMaximal,
    SerialDictatorship,
    Stable,
    most_points,
    named,
    rank_maximal,
)
from twinmatch.mechanisms.transformed import is_concave
from twinmatch.saving.layout import MANIFEST
from twinmatch.saving.values import number, policy_of, table_of, texts, whole

if TYPE_CHECKING:
    from pathlib import Path

    from twinmatch.saving.atomic import Opened
    from twinmatch.solvers.fairest import Promise

__all__ = ["mechanism_of"]

#: What only one mechanism has.
_OF_MECHANISM = {
    "promise": Leximin.name,
    "ranks": RankMaximal.name,
    "lottery": SerialDictatorship.name,
    "right_policy": Stable.name,
}
#: No floor and no weight of ``leximin`` is larger.
MOST_FLOOR = 2**30


def mechanism_of(opened: Opened, left_row: dict[str, int]) -> Mechanism:
    """Return what the matching was to be best at."""
    folder, record = opened.folder, opened.record
    found = record.get("mechanism", most_points().name)
    strangers = [key for key, name in _OF_MECHANISM.items() if key in record and found != name]
    if strangers:
        what = f"has {strangers[0]!r}, which {found!r} does not"
        raise FormatError(str(folder), [Fault(MANIFEST, what, len(strangers))])
    if "promise" in record:
        return Leximin(_promise(folder, record["promise"], left_row))
    if "ranks" in record:
        ranked = rank_maximal(number("ranks", record["ranks"]))
        if not opened.has("rank_prices.parquet"):
            return ranked
        return RankMaximal(ranked.ranks, whole(table_of(opened, "rank_prices"), "price"))
    if found in NAMES:
        seed = number("lottery", record["lottery"]) if "lottery" in record else None
        other = policy_of(opened, "right_policy.toml") if "right_policy" in record else None
        return named(found, seed=seed, right_policy=other)
    if found != Concave.name:
        what = f"names a mechanism that this version does not know: {record['mechanism']!r}"
        raise FormatError(str(folder), [Fault(MANIFEST, what)])
    entries = whole(table_of(opened, "curve"), "worth")
    if not len(entries) or not is_concave(entries):
        what = "is no concave curve: its entries must be 0 or more, never fall, and rise ever less"
        raise FormatError(str(folder), [Fault("curve.parquet", what)])
    return Concave(None, entries.astype(np.int32))


def _promise(folder: Path, record: dict[str, Any], left_row: dict[str, int]) -> Promise:
    """Return the floor of a matching whose worst pair comes first."""
    from twinmatch.solvers.fairest import Promise

    floor, weight = (number(name, record[name]) for name in ("floor", "weight"))
    names = texts("witness_left", record["witness_left"], len(record["witness_left"]))
    faults = []
    if not (abs(floor) <= MOST_FLOOR and 0 <= weight <= MOST_FLOOR):
        faults.append(Fault(MANIFEST, f"promises {floor:,} points with a weight of {weight:,}"))
    if strangers := [name for name in names if name not in left_row]:
        what = f"names {strangers[0]!r} as a witness, which is no left school"
        faults.append(Fault(MANIFEST, what, len(strangers)))
    if faults:
        raise FormatError(str(folder), faults)
    witness = np.zeros(len(left_row), bool)
    witness[[left_row[name] for name in names]] = True
    return Promise(floor, weight, witness)
