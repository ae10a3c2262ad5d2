"""Options that every solver has, and what is wrong with them."""

from __future__ import annotations

import math
from numbers import Integral, Real

from twinmatch.errors import Fault, InputError
from twinmatch.threads import thread_faults

__all__ = ["check_options", "option_faults", "seed_faults"]


def check_options(
    deadline: float | None, gap: float, threads: int | None, on_progress: object, cancel: object, seed: int
) -> None:
    """
    Refuse options of :func:`solve` that are out of range.

    Raises
    ------
    InputError
        With every fault.
    """
    faults = [*option_faults(deadline, gap, threads, on_progress, cancel), *seed_faults(seed)]
    if faults:
        raise InputError("options", faults)


def option_faults(
    deadline: float | None, gap: float, threads: int | None, on_progress: object, cancel: object
) -> list[Fault]:
    """Return what is wrong with the options of a run that draws no lots."""
    faults = []
    if deadline is not None and not (_is(deadline, Real) and deadline >= 0 and math.isfinite(deadline)):
        faults.append(Fault("deadline", f"must be seconds, 0 or more, not {deadline!r}"))
    if not (_is(gap, Real) and 0 <= gap < 1):
        faults.append(Fault("gap", f"must be from 0 up to 1, not {gap!r}"))
    faults += thread_faults(threads)
    if on_progress is not None and not callable(on_progress):
        faults.append(Fault("on_progress", f"must be a function of a Progress, not {on_progress!r}"))
    # A class has is_set(), too: threading.Event without its brackets.
    if cancel is not None and (isinstance(cancel, type) or not callable(getattr(cancel, "is_set", None))):
        faults.append(Fault("cancel", f"must have is_set(), as a threading.Event has, not {cancel!r}"))
    return faults


def seed_faults(seed: object) -> list[Fault]:
    """Return what is wrong with a seed."""
    return [] if _is(seed, Integral) else [Fault("seed", f"must be a whole number, not {seed!r}")]


def _is(value: object, kind: type) -> bool:
    """Return whether a value is a number of this kind, NumPy's included; True and False are none."""
    return isinstance(value, kind) and not isinstance(value, bool)
