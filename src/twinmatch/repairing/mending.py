"""
A matching after changes, found and proven.

The quick way goes on from the prices of before (:mod:`twinmatch.repairing.quick`). The plain way matches the
tables and the policy of now from the start, warm where prices of before help; it takes any mechanism and any
quotas, and is what the quick one must agree with.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from twinmatch.ancestry import Parent
from twinmatch.changing import Change, digest_of
from twinmatch.errors import InputError
from twinmatch.pairing import Options, Tables, match_tables
from twinmatch.repairing.quick import quick
from twinmatch.repairing.stating import bonus_faults, stated
from twinmatch.solvers.control import Control, Stopped
from twinmatch.solvers.options import option_faults
from twinmatch.threads import number_of
from twinmatch.warming import warm_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from twinmatch.changing import AgreementExpires
    from twinmatch.matching import Matching
    from twinmatch.repairing.stating import Question
    from twinmatch.solvers.control import Cancel, Progress

__all__ = ["repair"]


def repair(
    matching: Matching,
    changes: Iterable[Change] | Change,
    *,
    keep_bonus: int = 0,
    today: date | None = None,
    deadline: float | None = None,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> Matching:
    """Return what :meth:`twinmatch.Matching.repair` does."""
    started = time.monotonic()
    faults = option_faults(deadline, 0, threads, on_progress, cancel)
    faults += bonus_faults(matching, keep_bonus)
    if faults:
        raise InputError("repair", faults)
    if not isinstance(changes, Change) and hasattr(changes, "__iter__"):
        changes = list(changes)
    question = stated(matching, changes, keep_bonus, today)
    after = question.applied
    told = [changes] if isinstance(changes, Change) else changes
    parent = Parent(matching.seal, digest_of(told), int(keep_bonus), today)
    control = Control(deadline, 0.0, number_of(threads), on_progress, cancel, started)
    try:
        found = quick(matching, question, int(keep_bonus), control)
    except Stopped:
        found = None  # what is left of the time is for the plain way, which has something to show for it
    if found is not None:
        new = replace(found, pending=still_pending(question, found), parent=parent)
        new.__dict__.update({name: found.__dict__[name] for name in ("_live", "_step")})
        return new
    tables = Tables(question.left, after.right, after.capacity)
    warm = warm_from(matching, tables.left, tables.right, matching.mechanism)
    options = Options(deadline, 0, threads, on_progress, cancel, matching.seed)
    found = match_tables(tables, question.policy, matching.mechanism, options, started, warm=warm)
    return replace(found, pending=still_pending(question, found), parent=parent)


def still_pending(question: Question, found: Matching) -> tuple[AgreementExpires, ...]:
    """Return agreements that end later, and those that are over and whose pair still stands."""
    if not question.applied.lapsed:
        return question.applied.pending
    i, j = found._taken()
    pairs = set(zip(found.left.ids[i].tolist(), found.right.ids[j].tolist(), strict=True))
    return tuple(one for one in question.applied.pending if one.on is not None or one.pair in pairs)
