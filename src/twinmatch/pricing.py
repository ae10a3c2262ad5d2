"""The price of each rule of an assignment, in words: which bounds are priced, and a row for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinmatch.errors import Fault, InputError, NoSolutionError, PointsRangeError
from twinmatch.solvers.control import Control
from twinmatch.solvers.options import option_faults
from twinmatch.solvers.sensitivity import slopes_of
from twinmatch.status import Status
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from twinmatch.solvers.bounds import Optimum, Rule
    from twinmatch.solvers.control import Cancel, Progress

__all__ = ["Named", "RulePrice", "chosen", "control_of", "priced"]


@dataclass(frozen=True)
class RulePrice:
    """
    What a rule that presses costs, a unit at a time, at the same coverage where coverage comes first.

    Parameters
    ----------
    rule : str
    kind : {"at most", "at least", "locked", "forbidden"}
    value : int
        The bound as it stands: 1 for a locked pair, 0 for pairs that are forbidden.
    loosen : int or None
        Points gained by the first unit of loosening: a pair more under a cap, a pair less under a floor, a
        lock gone, one pair of a forbidden set allowed.
    loosen_to : int or None
        The bound up to which every further unit gains exactly as much.
    tighten : int or None
        Points lost by the first unit of tightening.
    tighten_to : int or None
        The bound up to which every further unit loses exactly as much.
    loosen_note, tighten_note : str
        Why a number is None; empty where none is, and where a gain of 0 never ends.
    """

    rule: str
    kind: str
    value: int
    loosen: int | None
    loosen_to: int | None
    tighten: int | None
    tighten_to: int | None
    loosen_note: str = ""
    tighten_note: str = ""


#: A rule, and what it is called.
Named = tuple[str, "Rule"]


def control_of(
    status: Status,
    *,
    deadline: float | None,
    threads: int | None,
    on_progress: Callable[[Progress], object] | None,
    cancel: Cancel | None,
) -> Control:
    """
    Return what may stop the work.

    Raises
    ------
    InputError
        If an option is out of range, with every fault.
    NoSolutionError
        If the best is not known.
    """
    if faults := option_faults(deadline, 0, threads, on_progress, cancel):
        raise InputError("options", faults)
    if status is not Status.OPTIMAL:
        raise NoSolutionError(
            f"status {status}: rules have prices at the optimum only; solve without a deadline and with gap=0"
        )
    return Control(deadline, 0.0, number_of(threads), on_progress, cancel)


def chosen(asked: Collection[str] | None, named: Sequence[Named], others: Collection[str]) -> list[Named]:
    """
    Return the rules that are asked for by name, or all.

    Parameters
    ----------
    asked : collection of str or None
        Names of rules; for quotas that are made group by group, also what stands before the colon.
    named : sequence of (str, Rule)
        What can be priced.
    others : collection of str
        Names that exist besides, of rules that do not press.

    Raises
    ------
    InputError
        If there is no rule of a name.
    """
    if asked is None:
        return list(named)
    if isinstance(asked, str):
        fault = Fault("rules", f"must be a list of names, not {asked!r}", hint=f"Write [{asked!r}].")
        raise InputError("options", [fault])
    known = {name for name, _ in named}.union(others)
    known |= {name.partition(":")[0] for name in known}
    if lost := sorted(set(map(str, asked)) - known):
        names = ", ".join(map(repr, lost[:3]))
        fault = Fault("rules", f"names no quota, lock or rule that forbids pairs: {names}", len(lost))
        raise InputError("options", [fault])
    return [one for one in named if {one[0], one[0].partition(":")[0]} & set(asked)]


def priced(best: Optimum, named: Sequence[Named], control: Control) -> tuple[RulePrice, ...]:
    """
    Return a row for each rule.

    Parameters
    ----------
    best : Optimum
    named : sequence of (str, Rule)
    control : Control

    Raises
    ------
    PointsRangeError
        If points are too large for exact 64-bit arithmetic.
    ResourceLimitError
        If there are too many pairs for rules of this kind.
    """
    rules = [rule for _, rule in named]
    try:
        slopes = slopes_of(best, rules, control)
    except OverflowError as error:
        hint = "Divide all points by a common factor."
        raise PointsRangeError("points", [Fault("points", str(error), hint=hint)]) from None
    return tuple(
        RulePrice(
            name,
            rule.kind,
            rule.value(best.limits),
            loosen.points,
            loosen.to,
            tighten.points,
            tighten.to,
            loosen.note,
            tighten.note,
        )
        for (name, rule), (loosen, tighten) in zip(named, slopes, strict=True)
    )
