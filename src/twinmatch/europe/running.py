"""Every state against all others, one after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Never

from twinmatch.europe.asking import asked_of
from twinmatch.europe.keeping import keep
from twinmatch.europe.one import run_state
from twinmatch.europe.result import StateMatchings
from twinmatch.europe.ways import Ways
from twinmatch.log import logger
from twinmatch.policy.countries import MEMBERS_AS_OF, members
from twinmatch.reporting import charts, maps
from twinmatch.room import bounded

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from twinmatch.europe.asking import Asked
    from twinmatch.europe.rows import Row
    from twinmatch.matching import Matching
    from twinmatch.mechanisms import Mechanism
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools
    from twinmatch.solvers.control import Cancel, Progress

__all__ = ["match_states"]


@bounded
def match_states(
    schools: Schools | Sequence[Schools],
    policy: Policy | None = None,
    *more: Never,
    states: Sequence[str] | None = None,
    directory: str | os.PathLike[str] | None = None,
    pages: str | None = None,
    right_capacity: str | int | None = None,
    deadline: float | None = None,
    gap: float = 0,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    on_state: Callable[[dict[str, Any], Matching | None], object] | None = None,
    cancel: Cancel | None = None,
    seed: int = 0,
    mechanism: Mechanism | None = None,
) -> StateMatchings:
    """
    Pair the schools of each state with those of all other states: one matching for each state.

    Parameters
    ----------
    schools : Schools, or a list of them
        The schools of all states; the column ``country`` says whose they are. An identifier stands for one
        school in all tables.
    policy : Policy, optional
        As in :func:`twinmatch.match`, the same in every run.
    *more
        Nothing: all else is given by name. A second table and then the policy, as :func:`twinmatch.match`
        takes them, are refused in words.
    states : sequence of str, optional
        The states to pair, in this order; without it, all that have schools, by their codes. Schools of the
        others are partners all the same.
    directory : path, optional
        Each matching is saved in a folder of it that is called like its state, and let go of, so that memory
        is that of one run. What was saved there before to the end of its run, answers the same question and
        passes the check is kept, and not paired again. A directory that has matchings of other states than
        those to pair is refused: its summary would be without them.
    pages : {"en", "fr"}, optional
        Write the report of each state in this language into its folder, too; see
        :meth:`twinmatch.Matching.report`.
    right_capacity : str or int, optional
        Places of each school when it is a partner: a column, or one number for all. Without it, the column
        ``capacity`` where there is one, otherwise 1. In each run all places are there anew.
    deadline : float, optional
        Seconds for all runs together, after which nothing is paired; what was found is checked and saved.
        States that are not reached have the status NO_SOLUTION. What is kept takes none of them.
    gap, threads, cancel, seed, mechanism : optional
        As in :func:`twinmatch.match`. After ``cancel``, what was found for the state in hand is checked and
        saved, and no other is begun.
    on_progress : callable, optional
        As in :func:`twinmatch.match`; the phase begins with the state and which of how many it is.
    on_state : callable, optional
        Called after each state with its row, as in :attr:`StateMatchings.rows`, and its matching, None where
        nothing was found.

    Returns
    -------
    StateMatchings

    Raises
    ------
    InputError
        If tables, states or options are wrong, with every fault, before any work.
    PolicyError
        If the policy cannot be used on these tables, with every fault and the states that it concerns.
    MissingExtraError
        If pages are asked for, and what draws them is not installed.
    ResourceLimitError
        If there is no memory for a run, or no room left on the disk. What was finished is in its folder.

    Notes
    -----
    Runs know nothing of each other. In each, the left schools are those of one state, and all places of all
    other states are on offer: a school is asked for a partner once, in its own state's run, and may be the
    partner of another school in every other run. Each matching is that of :func:`twinmatch.match` on the two
    tables, to the byte, with its own proof.

    Examples
    --------
    >>> import twinmatch as tm
    >>> found = tm.match_states(tm.datasets.sample(), states=["NL", "SE"])
    >>> [(row["state"], row["schools"], row["status"], row["verified"]) for row in found.rows]
    [('NL', 50, 'OPTIMAL', True), ('SE', 50, 'OPTIMAL', True)]
    """
    started = time.monotonic()
    asked = asked_of(
        schools,
        policy,
        more,
        states=states,
        directory=directory,
        pages=pages,
        right_capacity=right_capacity,
        mechanism=mechanism,
        deadline=deadline,
        gap=gap,
        threads=threads,
        on_progress=on_progress,
        on_state=on_state,
        cancel=cancel,
        seed=seed,
    )
    if asked.pages is not None:
        charts.altair()  # what is missing is said before the work
        maps.needed()
    logger.info("match_states began: %s schools, %s states", len(asked.registers.schools), len(asked.states))
    ways = Ways(asked.registers)
    rows: list[dict[str, Any]] = []
    matchings: dict[str, Matching] = {}

    def result() -> StateMatchings:
        return _result_of(asked, rows, ways, matchings, time.monotonic() - started)

    for number, state in enumerate(asked.states, 1):
        # What is kept takes nothing of the time to pair, or a call that goes on would come no further.
        spent = sum(row["seconds"] for row in rows if not row["kept"])
        left_s = None if deadline is None else deadline - spent
        found = run_state(asked, state, f"{state} {number}/{len(asked.states)}", left_s)
        rows.append(found.row)
        if found.left is not None and found.right is not None:
            ways.add(state, found.left, found.right)
        if asked.directory is None:
            if found.matching is not None:
                matchings[state] = found.matching
        else:
            keep(asked.directory, result())
        if on_state is not None:
            on_state(found.row, found.matching)
        del found  # the next one needs the room
    logger.info("match_states ended: %s states, %.3f s", len(rows), time.monotonic() - started)
    return result()


def _result_of(
    asked: Asked,
    rows: Sequence[Row],
    ways: Ways,
    matchings: Mapping[str, Matching],
    seconds: float,
) -> StateMatchings:
    """Return what is known after some of the runs."""
    return StateMatchings(
        tuple(rows),
        ways.counts(),
        ways.mutual(),
        ways.partnerships(),
        tuple(sorted(members(MEMBERS_AS_OF) - {*asked.registers.states})),
        "most_points" if asked.mechanism is None else asked.mechanism.name,
        asked.policy.fingerprint(),
        asked.directory,
        round(seconds, 3),
        dict(matchings),
        asked.registers.schools.kind,
    )
