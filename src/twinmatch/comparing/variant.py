"""What is compared: a name, a policy, a mechanism."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from twinmatch.errors import Fault, InputError
from twinmatch.matching import Matching
from twinmatch.mechanisms import NAMES, Mechanism
from twinmatch.policy import Policy

if TYPE_CHECKING:
    from twinmatch.schools import Schools

__all__ = ["Variant", "check_tables", "variants_of"]


class Variant(NamedTuple):
    """
    One way to pair the same schools.

    Attributes
    ----------
    name : str
    policy : Policy
    mechanism : Mechanism or None
        None: the most points.
    value : object
        What a sweep sets; None outside of one.
    matching : Matching or None
        Where it is solved already.
    """

    name: str
    policy: Policy
    mechanism: Mechanism | None = None
    value: Any = None
    matching: Matching | None = None


def variants_of(policies: object) -> list[Variant]:
    """
    Return what a caller wants compared.

    Parameters
    ----------
    policies : mapping of str to Policy, (Policy, Mechanism) or Matching

    Raises
    ------
    InputError
        If it is anything else, with every fault.
    """
    hint = 'Such as {"as it is": policy, "fairer": (policy, tm.mechanisms.nash())}.'
    if not isinstance(policies, Mapping) or not policies:
        given = "empty" if isinstance(policies, Mapping) else type(policies).__name__
        what = f"must be a dict of policies by name, not {given}"
        raise InputError("compare", [Fault("policies", what, hint=hint)])
    found, faults = [], []
    for name, given in policies.items():
        parts = given if isinstance(given, tuple) else (given,)
        where = f"policies[{name!r}]"
        if not isinstance(name, str) or not name.strip():
            faults.append(Fault(where, "its name must be text that is not empty"))
        if len(parts) == 1 and isinstance(parts[0], Matching):
            found.append(Variant(str(name), parts[0].policy, parts[0].mechanism, matching=parts[0]))
        elif (
            1 <= len(parts) <= 2
            and isinstance(parts[0], Policy)
            and all(isinstance(one, Mechanism) for one in parts[1:])
        ):
            found.append(Variant(str(name), parts[0], *parts[1:]))
        else:
            faults.append(_fault(where, given, hint))
    if faults:
        raise InputError("compare", faults)
    return found


def _fault(where: str, given: object, hint: str) -> Fault:
    """Return what is wrong with a value that is none to compare."""
    if not isinstance(given, tuple) or len(given) != 2:
        if isinstance(given, Mechanism):
            return Fault(where, "is a mechanism without a policy", hint=hint)
        what = f"{len(given)} values" if isinstance(given, tuple) else type(given).__name__
        return Fault(where, f"must be a policy, (policy, mechanism) or a matching, not {what}", hint=hint)
    policy, mechanism = given
    if not isinstance(policy, Policy):
        return Fault(where, f"must begin with a policy, not with {type(policy).__name__}", hint=hint)
    if isinstance(mechanism, str):
        if mechanism in NAMES:
            hint = f"Give tm.mechanisms.{mechanism}()."
        return Fault(where, f"has text for a mechanism: {mechanism!r}", hint=hint)
    return Fault(where, f"has {type(mechanism).__name__} for a mechanism", hint=hint)


def check_tables(subject: str, left: object, right: object) -> None:
    """
    Refuse tables that are none.

    Raises
    ------
    InputError
        With every fault.
    """
    from twinmatch.schools import Schools

    hint = "Make one with tm.read_schools(path) or tm.Schools.from_frame(frame)."
    faults = [
        Fault(name, f"must be a Schools table, not {type(table).__name__}", hint=hint)
        for name, table in (("left", left), ("right", right))
        if not isinstance(table, Schools)
    ]
    if faults:
        raise InputError(subject, faults)


def same_tables(variants: list[Variant], left: Schools, right: Schools) -> None:
    """
    Refuse matchings of other schools than those compared.

    Raises
    ------
    InputError
        With every fault.
    """
    prints = left.fingerprint(), right.fingerprint()
    faults = [
        Fault(one.name, "is a matching of other schools", hint="Pair the same two tables.")
        for one in variants
        if one.matching is not None
        and (one.matching.left.fingerprint(), one.matching.right.fingerprint()) != prints
    ]
    if faults:
        raise InputError("compare", faults)
