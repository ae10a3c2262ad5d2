"""What is different between two matchings of nearly the same schools."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from twinmatch.errors import Fault, InputError
from twinmatch.matching import Matching
from twinmatch.mechanisms import Procedure
from twinmatch.repairing.screen import as_html, as_text
from twinmatch.repairing.stating import is_bonus

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Diff", "difference"]

_COLUMNS: Final = {
    "kept": ("left_id", "right_id", "points_before", "points_after"),
    "moved": ("left_id", "right_before", "right_after", "points_before", "points_after"),
    "paired": ("left_id", "right_id", "points"),
    "lost": ("left_id", "right_id", "points", "partner_left"),
    "gone": ("side", "id"),
    "joined": ("side", "id"),
    "places": ("right_id", "places_before", "places_after"),
}


@dataclass(frozen=True, eq=False)
class Diff:
    """
    What is different between two matchings, by the ids of the schools.

    Points are those of the policies, without the bonus of a repair for kept pairs.

    Parameters
    ----------
    kept : frame
        Pairs that both have: ``left_id``, ``right_id``, ``points_before``, ``points_after``.
    moved : frame
        Left schools with another partner: ``left_id``, ``right_before``, ``right_after``, ``points_before``,
        ``points_after``. A school with several partners has a row for each that changed.
    paired : frame
        Pairs of left schools that had none, or fewer: ``left_id``, ``right_id``, ``points``.
    lost : frame
        Pairs of left schools that are still there and have nobody instead: ``left_id``, ``right_id``,
        ``points``, and ``partner_left``, whether the partner is gone.
    gone, joined : frame
        Schools that one of the matchings does not have: ``side``, ``id``.
    places : frame
        Right schools that may have another number of partners: ``right_id``, ``places_before``,
        ``places_after``; over-booking counts.
    counts : dict of str to int
        Rows of each frame.
    points_before, points_after : int
        Of all pairs.
    bonus : int
        What the new matching has for keeping pairs.
    coverage_before, coverage_after : int
        Left schools with a partner.
    status, gap
        Of the new matching.
    notes : tuple of str
        What changed besides, in words: agreements that a repair of the old matching ended, what is assumed
        no longer, and agreements that wait for their end.
    reach : str
        What is proven of the number of schools with a partner, in words; empty where that is nothing.
    """

    kept: Any
    moved: Any
    paired: Any
    lost: Any
    gone: Any
    joined: Any
    places: Any
    counts: dict[str, int]
    points_before: int
    points_after: int
    bonus: int
    coverage_before: int
    coverage_after: int
    status: str
    gap: int
    notes: tuple[str, ...] = ()
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict, repr=False)
    reach: str = ""

    @property
    def points_change(self) -> int:
        """How many points all pairs have more than before, without the bonus."""
        return self.points_after - self.points_before

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold, each frame as a list of rows."""
        written: dict[str, Any] = {
            name: getattr(self, name)
            for name in (
                "points_before",
                "points_after",
                "points_change",
                "bonus",
                "coverage_before",
                "coverage_after",
                "status",
                "gap",
            )
        }
        written["counts"] = dict(self.counts)
        written["notes"] = list(self.notes)
        for name, columns in _COLUMNS.items():
            written[name] = [dict(zip(columns, row, strict=True)) for row in self.rows[name]]
        return written

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


def difference(old: Matching, new: Matching) -> Diff:
    """
    Return what is different between two matchings.

    Parameters
    ----------
    old, new : Matching

    Returns
    -------
    Diff
        Frames are of the kind of ``new.left``, sorted by their ids.

    Raises
    ------
    InputError
        If one of them is no matching.

    Notes
    -----
    Time is linear in the number of schools, and sorting.
    """
    faults = [
        Fault(name, f"must be a matching, not {type(one).__name__}")
        for name, one in (("old", old), ("new", new))
        if not isinstance(one, Matching)
    ]
    if faults:
        raise InputError("diff", faults)
    before, after = _pairs_of(old), _pairs_of(new)
    left_before, left_after = set(old.left.ids.tolist()), set(new.left.ids.tolist())
    right_before, right_after = set(old.right.ids.tolist()), set(new.right.ids.tolist())
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _COLUMNS}
    for name in sorted(before.keys() | after.keys()):
        had, has = before.get(name, {}), after.get(name, {})
        rows["kept"] += [(name, one, had[one], has[one]) for one in sorted(had.keys() & has.keys())]
        gone = sorted(had.keys() - has.keys(), key=lambda one: (-had[one], one))
        come = sorted(has.keys() - had.keys(), key=lambda one: (-has[one], one))
        both = min(len(gone), len(come))
        rows["moved"] += [
            (name, one, other, had[one], has[other])
            for one, other in zip(gone[:both], come[:both], strict=True)
        ]
        rows["paired"] += [(name, one, has[one]) for one in come[both:]]
        if name in left_after:
            rows["lost"] += [(name, one, had[one], one not in right_after) for one in gone[both:]]
    for frame, ours, theirs in (
        ("gone", left_before - left_after, right_before - right_after),
        ("joined", left_after - left_before, right_after - right_before),
    ):
        rows[frame] += [("left", one) for one in sorted(ours)] + [("right", one) for one in sorted(theirs)]
    rows["places"] = _places(old, new)
    bonus, total = _bonus(new), sum(sum(one.values()) for one in after.values())
    return Diff(
        **{name: _frame(new, name, rows[name]) for name in _COLUMNS},
        counts={name: len(rows[name]) for name in _COLUMNS},
        points_before=sum(sum(one.values()) for one in before.values()),
        points_after=total,
        bonus=bonus,
        coverage_before=int((old.mate >= 0).sum()),
        coverage_after=int((new.mate >= 0).sum()),
        status=str(new.status),
        gap=new.gap,
        notes=(*_ended(old, new), *(one.words() for one in new.pending)),
        reach=_reach(new),
        rows=rows,
    )


def _ended(old: Matching, new: Matching) -> tuple[str, ...]:
    """Return what the repair changed besides, where the new matching is a repair of the old one."""
    is_repair = new.parent is not None and new.repair_notes and new.parent.seal == old.seal
    return new.repair_notes if is_repair else ()


def _reach(matching: Matching) -> str:
    """Say so where no pairing covers more schools."""
    most = matching.coverage == matching.coverage_bound and not isinstance(matching.mechanism, Procedure)
    return "as many as any pairing can have" if most else ""


def _pairs_of(matching: Matching) -> dict[str, dict[str, int]]:
    """Return the points of each pair, without the bonus of a repair, by left id and right id."""
    i, j = matching._taken()
    worth = _worth(matching, i, j)
    found: dict[str, dict[str, int]] = {}
    lefts, rights = matching.left.ids[i].tolist(), matching.right.ids[j].tolist()
    for left, right, points in zip(lefts, rights, worth.tolist(), strict=True):
        found.setdefault(left, {})[right] = points
    return found


def _worth(matching: Matching, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    terms = matching._compiled.criteria
    total = np.zeros(len(i), np.int64)
    for part, (_, term) in zip(matching.policy.criteria, terms, strict=True):
        if not is_bonus(part):
            total += term.points(i, j)
    return total


def _bonus(matching: Matching) -> int:
    i, j = matching._taken()
    terms = matching._compiled.criteria
    return sum(
        int(term.points(i, j).astype(np.int64).sum())
        for part, (_, term) in zip(matching.policy.criteria, terms, strict=True)
        if is_bonus(part)
    )


def _places(old: Matching, new: Matching) -> list[tuple[Any, ...]]:
    """Return right schools of both that may have another number of partners."""
    most = [one.constraints.right_most if one.policy.quotas else one.right_capacity for one in (old, new)]
    ids = new.right.ids
    before = dict(zip(old.right.ids.tolist(), most[0].tolist(), strict=True))
    return [
        (name, before[name], places)
        for name, places in zip(ids.tolist(), most[1].tolist(), strict=True)
        if name in before and before[name] != places
    ]


_WHOLE: Final = frozenset({"points", "points_before", "points_after", "places_before", "places_after"})


def _frame(matching: Matching, name: str, rows: list[tuple[Any, ...]]) -> Any:
    import pyarrow as pa

    made = {}
    for at, column in enumerate(_COLUMNS[name]):
        kind = pa.int64() if column in _WHOLE else pa.bool_() if column == "partner_left" else pa.string()
        made[column] = pa.array([row[at] for row in rows], kind)
    return matching.left.frame(made)
