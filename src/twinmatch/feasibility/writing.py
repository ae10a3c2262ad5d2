"""What moved in the network, written as changes of a policy."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.amending import Amendments, Bound, Fewer
from twinmatch.feasibility.change import Change
from twinmatch.policy.quotas import LockedPairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from twinmatch.elastic import Moved
    from twinmatch.graph.constraints import Constraints, Quota
    from twinmatch.posed import Posed
    from twinmatch.solvers.kinds import Kinds

    Int64 = npt.NDArray[np.int64]

__all__ = ["Written", "coverage_without_floors", "written"]


class Written(NamedTuple):
    """Changes, what they amend in the policy, and the constraints after them."""

    changes: tuple[Change, ...]
    amendments: Amendments
    limits: Constraints


def written(question: Posed, kinds: Kinds, moved: Moved) -> Written:
    """Write what moved as changes of the policy."""
    quotas = question.limits.quotas
    amendments = Amendments()
    changes: list[Change] = []
    new = {number: quotas[number] for number in (*moved.floors, *moved.caps)}
    for number, by in moved.floors.items():
        new[number] = replace(new[number], at_least=quotas[number].at_least - by)
    for number, by in moved.caps.items():
        new[number] = replace(new[number], at_most=(quotas[number].at_most or 0) + by)
    for number, quota in new.items():
        origin, old = question.origin[number], quotas[number]
        floor = quota.at_least if quota.at_least != old.at_least else None
        cap = quota.at_most if quota.at_most != old.at_most else None
        if origin.kind == "balance":
            if origin.part not in amendments.left_out:
                amendments.left_out.add(origin.part)
                by = sum(
                    moved.floors.get(q, 0) + moved.caps.get(q, 0)
                    for q in new
                    if question.origin[q].part == origin.part
                )
                changes.append(Change("wish", question.policy.quotas[origin.part].name, by))
            continue
        where = amendments.relative if origin.kind == "relative" else amendments.bounds
        where.setdefault(origin.part, {})[origin.group] = Bound(old, floor, cap)
        if origin.kind == "relative":
            amendments.coverage = coverage_without_floors(question)
        if floor is not None:
            changes.append(Change("floor", old.name, moved.floors[number], old.at_least, floor))
        if cap is not None:
            changes.append(Change("cap", old.name, moved.caps[number], old.at_most, cap))
    changes += _fewer(question, kinds, moved, amendments)
    changes += _unlocked(question, moved, amendments)
    return Written(tuple(changes), amendments, _limits(question.limits, kinds, new, moved))


def coverage_without_floors(question: Posed) -> Fraction:
    """Return the share of left schools that can be covered without floors that depend on it."""
    size = question.covered(question.asked.constraints) or 0
    return Fraction(size, max(1, len(question.left)))


def _limits(limits: Constraints, kinds: Kinds, quotas: dict[int, Quota], moved: Moved) -> Constraints:
    """Return the constraints with what moved."""
    return replace(
        limits,
        left_least=_shortened(limits.left_least, kinds.left, moved.left),
        right_least=_shortened(limits.right_least, kinds.right, moved.right),
        locked=limits.locked[~moved.locked],
        quotas=tuple(quotas.get(number, quota) for number, quota in enumerate(limits.quotas)),
    )


def _fewer(question: Posed, kinds: Kinds, moved: Moved, amendments: Amendments) -> Iterator[Change]:
    """Yield who may have fewer partners than a part says."""
    for side in ("left", "right"):
        old = getattr(question.limits, f"{side}_least")
        new = _shortened(old, getattr(kinds, side), getattr(moved, side))
        rows = np.flatnonzero(new < old)
        ids = getattr(question, side).ids
        for part in np.unique(question.least_owner[side][rows]).tolist():
            mine = rows[question.least_owner[side][rows] == part]
            for least in np.unique(new[mine]).tolist():
                schools = tuple(ids[mine[new[mine] == least]].tolist())
                amendments.fewer.append(Fewer(part, side, least, schools))
            by = int((old - new)[mine].sum())
            yield Change("least", question.policy.quotas[part].name, by, schools=tuple(ids[mine].tolist()))


def _unlocked(question: Posed, moved: Moved, amendments: Amendments) -> Iterator[Change]:
    """Yield the locks that are dropped, by part."""
    gone = [
        (question.left.ids[i], question.right.ids[j])
        for i, j in question.limits.locked[moved.locked].tolist()
    ]
    amendments.unlocked |= set(gone)
    left = set(gone)
    for part in question.policy.quotas:
        mine = sorted(left & set(part.pairs)) if isinstance(part, LockedPairs) else []
        left -= set(mine)
        if mine:
            schools = tuple(school for pair in mine for school in pair)
            yield Change("lock", part.name, len(mine), schools=schools)


def _shortened(least: Int64, kind: Int64, short: Int64) -> Int64:
    """Return what the nodes of each kind must have where a kind may be short of some, spread evenly."""
    size = np.bincount(kind, minlength=len(short))
    order = np.argsort(kind, kind="stable")
    rank = np.empty(len(kind), np.int64)
    rank[order] = np.arange(len(kind)) - (np.cumsum(size) - size)[kind[order]]
    whole, over = np.divmod(short, np.maximum(size, 1))
    fewer: Int64 = least - whole[kind] - (rank < over[kind])
    return fewer
