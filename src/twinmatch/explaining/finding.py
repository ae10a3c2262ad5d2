"""Which school a person means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.errors import Fault, InputError
from twinmatch.nearby import hint_of

if TYPE_CHECKING:
    from twinmatch.schools import Schools

__all__ = ["row_of", "side_of"]


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
        faults = [Fault("side", f"must be 'left' or 'right', not {side!r}")]
        try:
            side_of(left, right, school, None, where)
        except InputError as error:
            faults += error.faults
        raise InputError("explain", faults)
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
    hint = hint_of([name for one in ((side,) if side else tables) for name in tables[one].ids], school)
    sides = f"the {side} table" if side else "either table"
    raise InputError("explain", [Fault(where, f"there is no {school!r} in {sides}", hint=hint)])
