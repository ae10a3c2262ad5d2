"""What a matching becomes when things change: a repair, the frontier of repairs, and what is different."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from twinmatch.changing import AgreementExpires, Change, PairLocked, PairRenewed
from twinmatch.changing.agreed import locked_pairs
from twinmatch.changing.change import python_value
from twinmatch.room import bounded
from twinmatch.solvers.control import Control, Stopped
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from twinmatch.matching import Matching
    from twinmatch.repairing import Diff, Frontier
    from twinmatch.solvers.control import Cancel, Progress

__all__ = ["diff", "prepare", "repair", "stability_frontier"]


@bounded
def prepare(
    matching: Matching,
    *,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> bool:
    """
    Load what repairs need into memory, so that each change is answered within a moment.

    Parameters
    ----------
    threads, on_progress, cancel
        As for :func:`twinmatch.match`.

    Returns
    -------
    bool
        Whether that is possible: for an optimal matching of the most points without quotas. Repairs of
        others start afresh.

    Notes
    -----
    The policy is compiled, the matching verified unless it was, and its highest and lowest prices are
    worked out; some seconds for whole registers, and some hundred megabytes, for as long as this matching
    or one repaired from it is there. A repair loads by itself what it needs, without the prices.
    Repairs from several threads take turns.

    Examples
    --------
    >>> import twinmatch as tm
    >>> matching = tm.match(*tm.datasets.sample())
    >>> matching.prepare()
    True
    >>> partner = matching.pairs.right_id[0]
    >>> matching.repair(tm.changes.PartnerLeaves(partner)).step_certificate.ok
    True
    """
    from twinmatch.repairing import prepare

    control = Control(None, 0.0, number_of(threads), on_progress, cancel)
    try:
        return prepare(matching, control) is not None
    except Stopped:
        return False


@bounded
def repair(
    matching: Matching,
    changes: Iterable[Change] | Change,
    keep_bonus: int = 0,
    max_moves: int | None = None,
    *,
    today: date | None = None,
    deadline: float | None = None,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> Matching:
    """
    Return the matching after changes: proven best in points, plus a bonus for each pair that is kept.

    Parameters
    ----------
    changes : iterable of Change, or a Change
        What happened, from :mod:`twinmatch.changes`. They happen together: their order does not matter.
    keep_bonus : int, optional
        Points that a pair of before is worth more. With 0 schools are paired as if for the first time;
        the more, the fewer move.
    max_moves : int, optional
        How many schools of before may have another partner, or none, or an agreement that is over. The
        result is the corner of the :meth:`stability_frontier` with the most points among those that move
        no more, found with the least bonus that does; ``move_bound`` says what no other exceeds.
    today : datetime.date, optional
        Needed where a change has a date; what is due in ``pending`` happens on it. What is not due yet
        waits in ``pending`` of the result.
    deadline, threads, on_progress, cancel
        As for :func:`twinmatch.match`.

    Returns
    -------
    Matching
        Of the tables and the policy of now, by the same mechanism; ``diff(old)`` says what is different.
        Its ``objective`` counts the bonus, a criterion of its policy called "kept pair".

    Raises
    ------
    InputError
        With everything that is wrong with the changes: schools that are not there, with the nearest ids,
        contradictions, dates without ``today``, more locked pairs than places; or if there is a bonus,
        and the mechanism does not find the most points.
    NoSolutionError
        If more than ``max_moves`` schools have to move.
    PolicyError
        If the policy cannot be used any more, such as a locked pair that a rule forbids.

    Notes
    -----
    Locks are kept in the policy as a quota called "agreements", vetoes as a rule called "vetoes". The
    result equals a match from scratch on the new tables; see :doc:`/changes`.

    Examples
    --------
    >>> import twinmatch as tm
    >>> old = tm.match(*tm.datasets.sample())
    >>> new = old.repair(tm.changes.PartnerLeaves(old.pairs.right_id[0]))
    >>> new.gap, len(old.right) - len(new.right)
    (0, 1)
    """
    from twinmatch.pairing import Options
    from twinmatch.repairing import repair

    options = Options(deadline, 0, threads, on_progress, cancel, matching.seed)
    if not isinstance(changes, Change | str | bytes | Mapping) and isinstance(changes, Iterable):
        changes = list(changes)
    bonus, moves, day = map(python_value, (keep_bonus, max_moves, today))
    new = repair(matching, changes, bonus, moves, day, options)
    if idle := _idle(matching, [changes] if isinstance(changes, Change) else changes):
        new.__dict__["_notes"] = (*new.repair_notes, *idle)
    return new


def _idle(matching: Matching, changes: Iterable[Change]) -> list[str]:
    """Return a sentence for each agreement that is said to end where there is none."""
    ends = {one.pair for one in changes if isinstance(one, AgreementExpires)}
    if not ends:
        return []
    agreed = {one.pair for one in changes if isinstance(one, PairLocked | PairRenewed)}
    agreed |= locked_pairs(matching.policy) | {one.pair for one in matching.pending if one.on is not None}
    i, j = matching._taken()
    agreed |= set(zip(matching.left.ids[i].tolist(), matching.right.ids[j].tolist(), strict=True))
    return [
        f"{a} and {b} had no agreement that could end, and were no pair." for a, b in sorted(ends - agreed)
    ]


@bounded
def stability_frontier(
    matching: Matching,
    changes: Iterable[Change] | Change = (),
    *,
    today: date | None = None,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> Frontier:
    """
    Return how many points each number of schools that may move allows after changes.

    Parameters
    ----------
    changes, today, threads, on_progress, cancel
        As for :meth:`repair`.

    Returns
    -------
    Frontier
        All corners that are best at some whole bonus for a kept pair up to 2**24, each with a proof;
        ``table``, ``plot()``, and ``bound(moved)`` in between.

    Raises
    ------
    InputError
        As for :meth:`repair`.
    NoSolutionError
        If a repair was cancelled, or is not proven optimal.

    Notes
    -----
    Two repairs for each corner, about; see :meth:`prepare`.

    Examples
    --------
    >>> import twinmatch as tm
    >>> old = tm.match(*tm.datasets.sample())
    >>> gone = tm.changes.PartnerLeaves(old.pairs.right_id[0])
    >>> frontier = old.stability_frontier(gone)
    >>> frontier.corners[0].moved
    1
    """
    from twinmatch.pairing import Options
    from twinmatch.repairing import stability_frontier

    options = Options(None, 0, threads, on_progress, cancel, matching.seed)
    return stability_frontier(matching, changes, python_value(today), options)


def diff(matching: Matching, old: Matching) -> Diff:
    """
    Say what is different from another matching, usually the one before a repair.

    Parameters
    ----------
    old : Matching
        Of the same schools, or nearly so; schools are found by their ids.

    Returns
    -------
    Diff
        Pairs that were kept, moved, made and lost, and schools that left and joined, as frames; printed,
        one screen.

    Examples
    --------
    >>> import twinmatch as tm
    >>> old = tm.match(*tm.datasets.sample())
    >>> new = old.repair(tm.changes.SchoolLeaves(old.left.ids[0]))
    >>> new.diff(old).counts["gone"]
    1
    """
    from twinmatch.repairing import difference

    return difference(old, matching)
