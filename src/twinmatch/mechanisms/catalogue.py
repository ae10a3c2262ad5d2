"""Mechanisms by name, as files and the command line give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinmatch.errors import Fault, InputError
from twinmatch.mechanisms.leximin import Leximin
from twinmatch.mechanisms.mechanism import Mechanism, MostPoints
from twinmatch.mechanisms.ordinal import Greedy, SerialDictatorship, Stable, serial_dictatorship, stable
from twinmatch.mechanisms.ranks import RankMaximal
from twinmatch.mechanisms.transformed import Nash

if TYPE_CHECKING:
    from twinmatch.policy import Policy

__all__ = ["NAMES", "named"]

_KNOWN: dict[str, type[Mechanism]] = {
    one.name: one for one in (MostPoints, Leximin, Nash, Greedy, Stable, SerialDictatorship, RankMaximal)
}

NAMES = tuple(_KNOWN)
"""The mechanisms that need nothing but a name; some take more."""


def named(name: str, *, seed: int | None = None, right_policy: Policy | None = None) -> Mechanism:
    """
    Return the mechanism of a name.

    Parameters
    ----------
    name : str
    seed : int, optional
        Of the lottery of :func:`twinmatch.mechanisms.serial_dictatorship`.
    right_policy : Policy, optional
        Of :func:`twinmatch.mechanisms.stable`.

    Raises
    ------
    InputError
        If there is none of that name, it needs more than a name, or it takes no seed or right policy, with
        every fault.
    """
    faults = []
    if name not in _KNOWN:
        faults.append(Fault("mechanism", f"must be one of {', '.join(NAMES)}, not {name!r}"))
    if seed is not None and name != SerialDictatorship.name:
        faults.append(Fault("seed", f"is for {SerialDictatorship.name} alone: {name} draws no lots"))
    if right_policy is not None and name != Stable.name:
        faults.append(Fault("right_policy", f"is for {Stable.name} alone, not for {name}"))
    if faults:
        raise InputError("mechanism", faults)
    if name == Stable.name:
        return stable(right_policy)
    if name == SerialDictatorship.name and seed is not None:
        return serial_dictatorship(seed)
    return _KNOWN[name]()
