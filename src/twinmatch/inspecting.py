"""What is wrong with a call that pairs two tables: all of it at once, before any work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.compiler import places_of
from twinmatch.errors import Fault, InputError, PolicyError
from twinmatch.matching import Matching
from twinmatch.mechanisms import Mechanism

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

__all__ = ["inspected", "kind_faults"]


def inspected(
    name: str,
    left: Schools,
    right: Schools,
    policy: Policy | None,
    right_capacity: str | int | npt.ArrayLike | None,
    mechanism: Mechanism | None,
    *,
    warm_start: Matching | None = None,
    more: Sequence[Fault] = (),
) -> tuple[Policy, npt.NDArray[np.int64]]:
    """
    Return the policy of a call and the places of each right school, both as they are to be used.

    Parameters
    ----------
    name : str
        The call, for messages.
    left, right, policy, right_capacity, mechanism, warm_start
        As they were given, of whatever kind.
    more : sequence of Fault, optional
        What the caller found wrong already: it is told with the rest.

    Returns
    -------
    policy : Policy
        The one given, or the usual one.
    capacity : (len(right),) int64

    Raises
    ------
    PolicyError
        If the policy is the only thing that is wrong, with every fault.
    InputError
        If anything else is, with every fault, those of the policy too.
    """
    from twinmatch.policies import systematic_twinning
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

    no_tables = _table_faults(left, right)
    faults = [*no_tables, *kind_faults(policy, mechanism, warm_start), *more]
    capacity = np.zeros(0, np.int64)
    if isinstance(right, Schools):
        try:
            capacity = places_of(right, right_capacity)
        except InputError as error:
            faults += error.faults
    policy = systematic_twinning() if policy is None else policy
    of_policy: Sequence[Fault] = ()
    if isinstance(policy, Policy):
        try:
            policy.check(*(() if no_tables else (left, right)))
        except PolicyError as error:
            of_policy = error.faults
    if faults:
        raise InputError(name, [*faults, *of_policy])
    if of_policy:
        raise PolicyError("policy", of_policy)
    return policy, capacity


def _table_faults(left: object, right: object) -> list[Fault]:
    """Return a fault for each side that is no table: frames and files are read by the caller, in a step."""
    from twinmatch.schools import Schools

    hint = "Make one with tm.read_schools(path) or tm.Schools.from_frame(frame)."
    return [
        Fault(name, f"must be a Schools table, not {type(table).__name__}", hint=hint)
        for name, table in (("left", left), ("right", right))
        if not isinstance(table, Schools)
    ]


def kind_faults(policy: object, mechanism: object, warm_start: object = None) -> list[Fault]:
    """Return a fault for each of these that is something else; None is as good as left out."""
    from twinmatch.policy import Policy

    faults = []
    if policy is not None and not isinstance(policy, Policy):
        what = f"must be a Policy, not {type(policy).__name__}"
        faults.append(Fault("policy", what, hint="Read a file with tm.Policy.load(path)."))
    if mechanism is not None and not isinstance(mechanism, Mechanism):
        what = f"must be a mechanism, not {type(mechanism).__name__}"
        faults.append(Fault("mechanism", what, hint="Such as tm.mechanisms.nash(), with its brackets."))
    if warm_start is not None and not isinstance(warm_start, Matching):
        what = f"must be a matching, not {type(warm_start).__name__}"
        faults.append(Fault("warm_start", what, hint="What tm.match or tm.load_matching returned."))
    return faults
