"""
Left schools by what they are: level, sector, country, académie, priority education, rural or urban.

A school whose value is not known is in the group ``"unknown"``; a school that has several values (levels, or
a list in any other column) is in several groups, so that these may add up to more than there are schools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twinmatch.errors import Fault, InputError
from twinmatch.policy.coding import encode
from twinmatch.policy.conditions import holds_words
from twinmatch.policy.criteria import SameSetting
from twinmatch.policy.groups import Cells, read

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    import numpy.typing as npt

    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

    Int64 = npt.NDArray[np.int64]
    Say = Callable[[str], object]

__all__ = ["KINDS", "PRIORITY", "UNKNOWN", "grouped", "kinds_for"]

UNKNOWN: Final = "unknown"

KINDS: Final = ("level", "sector", "country", "academie", "priority", "setting")
"""The kinds of groups that are looked at where nobody asks for others."""

PRIORITY: Final = frozenset({"REP", "REP+", "REP/REP+"})
"""What the column ``ep`` says of schools in French priority education."""

_COLUMN: Final = {"level": "levels", "priority": "ep"}


def kinds_for(left: Schools, by: Collection[str] | None) -> tuple[str, ...]:
    """
    Return the kinds of groups to look at.

    Parameters
    ----------
    left : Schools
    by : collection of str or None
        Kinds of ``KINDS``, or columns of the table; None: all of ``KINDS`` of which something is known.

    Raises
    ------
    InputError
        If the table has no such column, or one that holds no words, with every fault.
    """
    if by is None:
        return tuple(kind for kind in KINDS if _is_known(left, kind))
    if isinstance(by, str) or not all(isinstance(one, str) for one in by):
        what = f"must be several kinds of groups or columns, not {by!r}"
        raise InputError("metrics", [Fault("by", what, hint='Such as by=["level", "dept"].')])
    faults = []
    for kind in dict.fromkeys(by):
        column = _COLUMN.get(kind, kind)
        if kind == "setting" and (left.has("setting") or (left.has("lat") and left.has("lon"))):
            continue
        if not left.has(column):
            hint = f"Kinds of groups are {', '.join(KINDS)}, and the columns of the left table."
            faults.append(Fault("by", f"the left table has no column {column!r}", hint=hint))
        elif not holds_words(left.table[column].type):
            faults.append(Fault("by", f"the column {column!r} holds {left.table[column].type}, not words"))
    if faults:
        raise InputError("metrics", faults)
    return tuple(dict.fromkeys(by))


def _is_known(left: Schools, kind: str) -> bool:
    columns = ("setting", "lat") if kind == "setting" else (_COLUMN.get(kind, kind),)
    return any(left.has(one) and left.table[one].null_count < len(left) for one in columns)


def grouped(left: Schools, kind: str, policy: Policy, say: Say) -> Iterator[tuple[str, Int64]]:
    """
    Yield the name and the rows of each group of a kind, by name, the unknown last; none without schools.

    Parameters
    ----------
    left : Schools
    kind : str
        One that :func:`kinds_for` returned.
    policy : Policy
        Whose criterion tells rural from urban, where it has one.
    say : callable
        Told what was assumed.
    """
    if kind == "priority":
        cells = _priority(left, say)
    elif kind == "setting":
        cells = _setting(left, policy, say)
    else:
        cells = read(left, _COLUMN.get(kind, kind))
    if kind == "sector":
        coded = encode(left, "sector")
        guesses = np.array([*(word.endswith("?") for word in coded.values), False])[coded.code]
        if guesses.any():
            say(f"{int(guesses.sum()):,} sectors are guessed from the name and count as known")
    order = np.argsort(cells.code, kind="stable")
    ends = np.searchsorted(cells.code[order], np.arange(len(cells.words) + 1))
    members: dict[str, list[Int64]] = {}
    for code, words in enumerate(cells.words):
        rows = order[ends[code] : ends[code + 1]]
        if len(rows):
            for word in words or {UNKNOWN}:
                members.setdefault(word, []).append(rows)
    for word in sorted(members, key=lambda one: (one == UNKNOWN, one)):
        yield word, np.sort(np.concatenate(members[word])).astype(np.int64)


def _cells(code: npt.NDArray[np.int32], *words: str) -> Cells:
    """Return codes of words as cells; the code after the last one is not known."""
    return Cells(code, (*(frozenset({word}) for word in words), frozenset()))


def _priority(left: Schools, say: Say) -> Cells:
    """Tell REP from others: the column names priority education only, and speaks of French schools only."""
    coded = encode(left, "ep")
    odd = sorted(set(coded.values) - PRIORITY)
    if odd:
        say(f"{len(odd):,} other words in the column ep count as not known (first: {odd[0]!r})")
    missing = np.where(left.strings("country") == "FR", 1, 2) if coded.values else np.full(len(left), 2)
    code = coded.recode([0 if word in PRIORITY else 2 for word in coded.values], -1)
    if (code == -1).any() and coded.values:
        say("French schools without a value in the column ep are others: it names priority education only")
    return _cells(np.where(code == -1, missing, code).astype(np.int32), "REP", "others")


def _setting(left: Schools, policy: Policy, say: Say) -> Cells:
    own = [one for one in policy.criteria if isinstance(one, SameSetting)]
    criterion = own[0] if own else SameSetting(weight=1)
    code = criterion.settings(left)
    computed = int(np.count_nonzero(~encode(left, "setting").known & (code != 2)))
    if computed:
        say(
            f"{computed:,} of {len(left):,} schools do not say if they are rural or urban: rural is where "
            f"fewer than {criterion.rural_below} left schools are within {criterion.radius_km:g} km"
        )
    return _cells(code, "rural", "urban")
