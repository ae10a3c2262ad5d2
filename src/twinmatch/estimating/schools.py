"""What pairing two tables of schools will take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.errors import InputError, ResourceLimitError
from twinmatch.estimating.probing import PATIENCE_S, Law, Watch, at_threads, grow, times_quotas
from twinmatch.estimating.result import Estimate, Probe
from twinmatch.fitting import need_of
from twinmatch.inspecting import inspected
from twinmatch.log import silent
from twinmatch.policy.asked import asked
from twinmatch.room import bounded, held, least_room
from twinmatch.solvers.levels import is_crowded
from twinmatch.solvers.nested import layout_of
from twinmatch.solvers.options import option_faults
from twinmatch.status import Limit
from twinmatch.threads import number_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.mechanisms import Mechanism
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

__all__ = ["estimate"]

#: Where a function of the user's own is asked about each pair, time grows with their number.
_BY_PAIRS = Law(2.0, 2.0)
#: To a gap, the last few points of a large market need not be looked for: that takes the most of its time.
_TO_A_GAP = Law(1.15, 1.3)
#: Where places are few, a thinned market does not show how regions of a large one wait for each other:
#: squares of 10,000 to 40,000 with 1.05 places for each take so many times as long to the optimum.
_WHERE_CROWDED = 1.25
#: Rules that name schools one by one: in a thinned market most of these are not there.
_BY_NAME = ("ForbiddenPairs", "ForbiddenSchools")


@bounded
def estimate(
    left: Schools,
    right: Schools,
    policy: Policy | None = None,
    *,
    right_capacity: str | int | npt.ArrayLike | None = None,
    mechanism: Mechanism | None = None,
    gap: float = 0.0,
    threads: int | None = None,
) -> Estimate:
    """
    Estimate the memory and the time of :func:`twinmatch.match`, which takes the same arguments.

    Parameters
    ----------
    left, right : Schools
    policy : Policy, optional
        :func:`twinmatch.policies.systematic_twinning` without it.
    right_capacity : str, int or (len(right),) integers, optional
        Places of each right school, as :func:`twinmatch.match` takes them.
    mechanism : Mechanism, optional
    gap : float, optional
        The relative gap at which the run stops.
    threads : int, optional
        As many as this process has cores.

    Returns
    -------
    Estimate
        Bytes at the peak, seconds to the proven result, and what they rest on. It prints one screen.

    Raises
    ------
    PolicyError
        If the policy cannot be used on these tables, with every fault.
    InputError
        If tables, options or places are wrong, with every fault.

    Notes
    -----
    Memory is worked out from the numbers of schools, quotas and threads, without looking at a pair
    (:mod:`twinmatch.needs`). Time is tried: thinned markets are solved for a second at most, on top of what
    it takes to load libraries that are used for the first time, and the last of them is scaled up
    (:mod:`twinmatch.estimating.probing`). Nothing is tried that would not fit the memory there is. The memory
    is the same at every call; the time is that of this machine where no other process keeps it busy.

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> told = tm.estimate(fr, eu)
    >>> told.fits, told.memory > told.added > 0, told.probes[-1].whole
    (True, True, True)
    """
    more = option_faults(None, gap, threads, None, None)
    policy, capacity = inspected("estimate", left, right, policy, right_capacity, mechanism, more=more)
    number = number_of(threads)
    _, resident = held()
    need = need_of(left, right, policy, mechanism, number, gap=gap)
    room = least_room()
    name = "the most points" if mechanism is None or mechanism.name == "most_points" else mechanism.name
    task = f"match {len(left):,} x {len(right):,} schools, {name}, {number} thread{'s' if number > 1 else ''}"
    task += f", to a gap of {gap:g}" if gap > 0 else ""
    draft = Estimate(
        task, resident + need.memory, need.memory, need.address_space, None, need.parts, room=room
    )
    if not draft.fits:
        return replace(draft, basis=(_MEMORY, "Nothing was tried: it does not fit the memory that there is."))
    quotas, cross = _quotas(left, right, policy, capacity)
    if cross:
        need = need_of(left, right, policy, mechanism, number, gap=gap, cross=True)
    draft = replace(
        draft,
        memory=resident + need.memory,
        added=need.memory,
        address_space=need.address_space,
        parts=need.parts,
    )
    factor = times_quotas(quotas, cross)
    seconds, probes, basis = _tried(left, right, policy, capacity, mechanism, gap, number, factor)
    return replace(draft, seconds=seconds, probes=probes, basis=(_MEMORY, *basis))


_MEMORY = (
    "Memory is worked out from the numbers of schools, quotas and threads, with bytes for each that were "
    "measured. A market where everybody wants the same few may take up to three times what is added."
)


def _quotas(
    left: Schools, right: Schools, policy: Policy, capacity: npt.NDArray[np.int64]
) -> tuple[int, bool]:
    """Return how many quotas there are, and whether some cross others, so that no network keeps them all."""
    if not policy.quotas:
        return 0, False
    request = asked(policy, left, right, capacity)
    limits = request.constraints
    number = len(limits.quotas) + len(request.relative) + len(request.balance)
    return number, bool(layout_of(limits, policy.coverage == "first")[1])


def _tried(
    left: Schools,
    right: Schools,
    policy: Policy,
    capacity: npt.NDArray[np.int64],
    mechanism: Mechanism | None,
    gap: float,
    threads: int,
    quotas: float,
) -> tuple[float | None, tuple[Probe, ...], tuple[str, ...]]:
    """Solve thinned markets and scale up."""
    from twinmatch.mechanisms.mechanism import Procedure
    from twinmatch.pairing import match
    from twinmatch.policies import OwnCriterion

    free = replace(
        policy, quotas=(), rules=tuple(rule for rule in policy.rules if type(rule).__name__ not in _BY_NAME)
    )

    def solve(every: int, deadline: float) -> Probe | None:
        # Of a short table, at least one school.
        i, j = (np.arange(min(every // 2, max(0, len(side) - 1)), len(side), every) for side in (left, right))
        watch = Watch()
        with silent():
            found = match(
                left.take(i),
                right.take(j),
                policy if every == 1 else free,
                right_capacity=capacity[j],
                mechanism=mechanism,
                gap=gap,
                threads=1,
                deadline=max(0.0, deadline),
            )
        if found.limit not in (None, Limit.GAP):
            return None
        return Probe(len(i), len(j), watch.seconds, every == 1)

    try:
        solve(max(1, len(left) // 64), PATIENCE_S)  # loads what is loaded at first use
        probes = grow(len(left), solve)
    except (InputError, ResourceLimitError) as error:
        return None, (), (f"Time is unknown: a thinned market could not be solved ({error}).",)
    if not probes:
        return None, (), ("Time is unknown: not even the smallest market was solved in a second.",)
    last = probes[-1]
    if last.whole:
        told = "Time is what the whole took just now, on one thread."
        return last.seconds * at_threads(threads), probes, (told,)
    calls = any(isinstance(criterion, OwnCriterion) for criterion in policy.criteria)
    law = _BY_PAIRS if calls else _TO_A_GAP if gap > 0 else Law()
    factor = law.factor(last.num_left, len(left))
    basis = [
        f"Time is that of a thinned market, one school of each side in {round(len(left) / last.num_left):,}, "
        f"times {factor:,.1f}: it grows with the number of left schools to the power {law.few:g}, and beyond "
        f"20,000 of them {law.many:g}."
    ]
    bids = not calls and not isinstance(mechanism, Procedure)
    if bids and is_crowded(len(left), capacity):
        factor *= _WHERE_CROWDED
        basis.append(
            f"Places are few: that counts {_WHERE_CROWDED} times, which a thinned market does not show."
        )
    if quotas > 1:
        basis.append(f"The thinned market had no quotas: those that there are count as {quotas:.1f} times.")
    if threads > 1:
        basis.append(f"Tried on one thread; {threads:,} take {at_threads(threads):.2f} times as long.")
    return last.seconds * factor * quotas * at_threads(threads), probes, tuple(basis)
