"""
The académie of a French school, from its département.

The table ``datasets/data/academies.csv`` holds one row for each spelling of a département that
registers use (``1``, ``01`` and ``001``; ``2A`` and ``02A``; ``20`` for the Corsica of before
1976) with the académie and the region (INSEE code) it belongs to.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["OUTSIDE", "Academie", "academie_of", "academies"]

OUTSIDE = "Hors académie"
"""What stands for the académie of a row that belongs to none."""

# These codes were taken from postcodes, which several territories share, or cover what was divided since. The
# identifier (UAI) begins with the département that registered the school, and settles which one it is.
_SHARED = frozenset({"00", "20", "970", "977", "978"})


class Academie(NamedTuple):
    """
    Where a département belongs.

    Attributes
    ----------
    dept : str
        The département, in its usual spelling.
    academie : str
        Name of the académie.
    code : str
        The ministry's code of the académie; empty outside all of them.
    region : str
        INSEE code of the region; empty where there is none.
    """

    dept: str
    academie: str
    code: str
    region: str


@cache
def academies() -> dict[str, Academie]:
    """Return the committed table: every known spelling of a département and where it belongs."""
    text = files("twinmatch.datasets").joinpath("data/academies.csv").read_text(encoding="utf-8")
    return {
        row["code"]: Academie(row["dept"], row["academie"], row["academie_code"], row["region"])
        for row in csv.DictReader(text.splitlines())
    }


def academie_of(dept: str, uai: str = "") -> Academie | None:
    """
    Return where a school belongs.

    Parameters
    ----------
    dept : str
        The département as a register spells it.
    uai : str, optional
        The school's identifier. It is read only where several territories share ``dept``.

    Returns
    -------
    Academie or None
        None where the département is not known.

    Examples
    --------
    >>> academie_of("02A").academie, academie_of("978", "9740979W").academie
    ('Corse', 'La Réunion')
    """
    table = academies()
    dept = dept.strip().upper()
    found = table.get(dept)
    if dept in _SHARED:
        registered = table.get(uai[:3])
        if registered and not (found and registered.academie == found.academie and dept != "20"):
            return registered
        return found or Academie(dept, OUTSIDE, "", "")
    return found


def academies_of(depts: Iterable[str | None], uais: Iterable[str | None]) -> list[Academie | None]:
    """Return where each school belongs; None where its département is missing or not known."""
    return [academie_of(dept, uai or "") if dept else None for dept, uai in zip(depts, uais, strict=True)]
