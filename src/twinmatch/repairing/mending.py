"""
A matching after changes, found and proven.

The quick way goes on from the prices of before (:mod:`twinmatch.repairing.quick`). The plain way matches the
tables and the policy of now from the start, warm where prices of before help; it takes any mechanism and any
quotas, and is what the quick one must agree with.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.ancestry import Parent
from twinmatch.changing import Change, digest_of
from twinmatch.errors import Fault, InputError
from twinmatch.log import log_end, logger
from twinmatch.pairing import Options, Tables, match_tables
from twinmatch.policy import checks
from twinmatch.repairing.frontier import frontier, with_few_moves
from twinmatch.repairing.quick import quick
from twinmatch.repairing.stating import bonus_faults, stated
from twinmatch.solvers.control import Control, Stopped
from twinmatch.solvers.options import option_faults
from twinmatch.threads import number_of
from twinmatch.warming import warm_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from twinmatch.changing import AgreementExpires, Applied
    from twinmatch.matching import Matching
    from twinmatch.repairing.frontier import Frontier
    from twinmatch.repairing.stating import Question

__all__ = ["repair", "stability_frontier"]

#: Schools that come or go. On the registers a warm run takes half of one from scratch after ten drop-outs,
#: and twice as long after a thousand.
MOST_WARM = 100


def repair(
    matching: Matching,
    changes: Iterable[Change] | Change,
    keep_bonus: int,
    max_moves: int | None,
    today: date | None,
    options: Options,
) -> Matching:
    """Return what :meth:`twinmatch.Matching.repair` does, whose signature says more."""
    started = time.monotonic()
    faults = _option_faults(options)
    faults += bonus_faults(matching, keep_bonus)
    if max_moves is not None:
        faults += _few_faults(matching, keep_bonus, max_moves)
    if faults:
        raise InputError("repair", faults)
    if max_moves is not None:
        solve = _by_bonus(matching, changes, today, options, started)
        return with_few_moves(matching, solve, max_moves)
    if not isinstance(changes, Change | str | Mapping) and hasattr(changes, "__iter__"):
        changes = list(changes)
    question = stated(matching, changes, keep_bonus, today)
    after = question.applied
    told = [changes] if isinstance(changes, Change) else list(changes)
    logger.info("repair began: %s changes, %s points for a kept pair", len(told), keep_bonus)
    parent = Parent(matching.seal, digest_of(told), int(keep_bonus), today)
    control = Control(
        options.deadline, 0.0, number_of(options.threads), options.on_progress, options.cancel, started
    )
    try:
        found = quick(matching, question, int(keep_bonus), control)
    except Stopped:
        found = None  # what is left of the time is for the plain way, which has something to show for it
    if found is not None:
        new = _finished(question, found, parent)
        new.__dict__.update({name: found.__dict__[name] for name in ("_live", "_step")})
        log_end("repair", new, time.monotonic() - started)
        return new
    tables = Tables(question.left, after.right, after.capacity)
    warm = None
    if _few(matching, after):
        warm = warm_from(matching, tables.left, tables.right, matching.mechanism)
    found = match_tables(tables, question.policy, matching.mechanism, options, started, warm=warm)
    new = _finished(question, found, parent)
    log_end("repair", new, time.monotonic() - started)
    return new


def _finished(question: Question, found: Matching, parent: Parent) -> Matching:
    """Return the matching with what is to be known of where it came from."""
    new = replace(found, pending=still_pending(question, found), parent=parent)
    new.__dict__["_notes"] = question.applied.notes
    return new


def _few(matching: Matching, after: Applied) -> bool:
    """Return whether so little changed that prices of before are a help: from hundreds on they are none."""
    came = np.count_nonzero(after.left_rows < 0) + np.count_nonzero(after.right_rows < 0)
    gone = len(matching.left) + len(matching.right) + came - len(after.left) - len(after.right)
    return bool(came + gone <= MOST_WARM)


def stability_frontier(
    matching: Matching, changes: Iterable[Change] | Change, today: date | None, options: Options
) -> Frontier:
    """Return what :meth:`twinmatch.Matching.stability_frontier` does, whose signature says more."""
    faults = _option_faults(options) + _hull_faults(matching, "matching")
    if faults:
        raise InputError("stability_frontier", faults)
    started = time.monotonic()
    return frontier(matching, _by_bonus(matching, changes, today, options, started))


def _option_faults(options: Options) -> list[Fault]:
    return option_faults(options.deadline, 0, options.threads, options.on_progress, options.cancel)


def _few_faults(matching: Matching, keep_bonus: object, max_moves: object) -> list[Fault]:
    """Return what is wrong where few schools may move."""
    faults = list(checks.whole("max_moves", max_moves, 0, 2**31 - 1))
    if keep_bonus:
        what = "is found by the repair where max_moves says how many schools may move"
        faults.append(Fault("keep_bonus", what, hint="Give one of the two."))
    return faults + _hull_faults(matching, "max_moves")


def _hull_faults(matching: Matching, where: str) -> list[Fault]:
    """Return why points cannot be weighed against schools that move."""
    faults = []
    name = matching.mechanism.name
    if name != "most_points":
        what = f"points are weighed against schools that move, and {name} does not find the most points"
        faults.append(Fault(where, what, hint="Repair without, or match by most_points."))
    if matching.proof is not None and (np.bincount(matching._taken()[0]) > 1).any():
        what = "schools are counted by their one partner, and some have several"
        faults.append(Fault(where, what, hint="Use keep_bonus, which counts each pair."))
    return faults


def _by_bonus(
    matching: Matching,
    changes: Iterable[Change] | Change,
    today: date | None,
    options: Options,
    started: float,
) -> Callable[[int], Matching]:
    told = list(changes) if not isinstance(changes, Change) and hasattr(changes, "__iter__") else changes

    def solve(bonus: int) -> Matching:
        whole = options.deadline
        left = None if whole is None else max(0.0, whole - (time.monotonic() - started))
        return repair(matching, told, bonus, None, today, options._replace(deadline=left))

    return solve


def still_pending(question: Question, found: Matching) -> tuple[AgreementExpires, ...]:
    """Return agreements that end later, and those that are over and whose pair still stands."""
    if not question.applied.lapsed:
        return question.applied.pending
    i, j = found._taken()
    pairs = set(zip(found.left.ids[i].tolist(), found.right.ids[j].tolist(), strict=True))
    return tuple(one for one in question.applied.pending if one.on is not None or one.pair in pairs)
