"""Mechanisms by name, as files and the command line give them."""

from __future__ import annotations

from twinmatch.errors import Fault, InputError
from twinmatch.mechanisms.mechanism import Mechanism, MostPoints
from twinmatch.mechanisms.transformed import Nash

__all__ = ["NAMES", "named"]

_KNOWN: dict[str, type[Mechanism]] = {one.name: one for one in (MostPoints, Nash)}

NAMES = tuple(_KNOWN)
"""The mechanisms that need nothing but a name."""


def named(name: str) -> Mechanism:
    """
    Return the mechanism of a name.

    Raises
    ------
    InputError
        If there is none of that name, or it needs more than a name.
    """
    if name not in _KNOWN:
        raise InputError(
            "mechanism", [Fault("mechanism", f"must be one of {', '.join(NAMES)}, not {name!r}")]
        )
    return _KNOWN[name]()
