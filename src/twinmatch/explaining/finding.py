"""Which school a person means."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.errors import Fault, InputError

if TYPE_CHECKING:
    from twinmatch.schools import Schools

__all__ = ["row_of", "side_of"]

#: So many identifiers are suggested.
_NEAREST = 3


def row_of(schools: Schools, school: str) -> int | None:
    """Return the row of an identifier in a table that is sorted by it; None where it is not there."""
    ids = schools.ids
    at = int(np.searchsorted(ids, school))  # both in the order of code points
    return at if at < len(ids) and ids[at] == school else None


def side_of(left: Schools, right: Schools, school: object, side: str | None, where: str = "school") -> str:
    """
    Return the side that an identifier is on.

    Parameters
    ----------
    left, right : Schools
        Sorted by id.
    school : object
        What was asked for.
    side : str or None
        Where it must be; None is the left side first.
    where : str, optional
        What the error calls it.

    Raises
    ------
    InputError
        If it is nowhere there, with the nearest identifiers, or the side where it is.
    """
    if side not in (None, "left", "right"):
        raise InputError("explain", [Fault("side", f"must be 'left' or 'right', not {side!r}")])
    if not isinstance(school, str):
        what = f"must be the id of a school as text, not {school!r}"
        raise InputError("explain", [Fault(where, what, hint="Such as '0352443R'.")])
    tables = {"left": left, "right": right}
    for name in (side,) if side else tables:
        if row_of(tables[name], school) is not None:
            return name
    if side and row_of(tables[other := "right" if side == "left" else "left"], school) is not None:
        what = f"{school!r} is a {other} school, and a {side} school is asked for"
        raise InputError("explain", [Fault(where, what)])
    near = _nearest([name for one in ((side,) if side else tables) for name in tables[one].ids], school)
    hint = f"The nearest ids are {', '.join(map(repr, near))}." if near else "No id comes near it."
    sides = f"the {side} table" if side else "either table"
    raise InputError("explain", [Fault(where, f"there is no {school!r} in {sides}", hint=hint)])


def _nearest(ids: list[str], school: str) -> list[str]:
    """Return the identifiers that look most alike, best first."""
    wanted = school.strip().casefold()
    folded: dict[str, str] = {}
    for one in ids:
        folded.setdefault(one.casefold(), one)
    if wanted in folded:
        return [folded[wanted]]
    # Comparing letter by letter with a hundred thousand takes seconds: those that share an end come first.
    half = max(2, len(wanted) // 2)
    some = [one for one in folded if one.startswith(wanted[:half]) or one.endswith(wanted[-half:])]
    some = some or [one for one in folded if len(one) == len(wanted)]
    return [folded[one] for one in get_close_matches(wanted, some[:20_000], n=_NEAREST, cutoff=0.5)]
