"""
Setting one option of a policy by its path, such as ``criteria.distance.weight``.

A path is the kind of part, the name of the part and the option, as in the policy's TOML: ``rules``,
``criteria`` or ``quotas``, then the part's ``name`` (its kind where it has no other), then the option. The
options of the policy itself (``coverage``) stand alone.

A weight takes along the other points of its criterion, such as what an unknown value is worth, in
proportion: a criterion of half the weight is worth half to every pair.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from twinmatch.errors import Fault, InputError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twinmatch.policy import Policy

__all__ = ["Place", "find", "paths", "policies_over", "weighted"]

_TITLES = ("rules", "criteria", "quotas")
_OPTIONS = ("coverage",)
#: Points of a criterion that go with its weight.
_SHARES = ("one_way", "third", "funded", "unknown")


class Place(NamedTuple):
    """
    Where a path leads.

    Attributes
    ----------
    title : str
        ``rules``, ``criteria`` or ``quotas``; empty for an option of the policy itself.
    number : int
        Which part, from 0.
    option : str
    """

    title: str
    number: int
    option: str


def paths(policy: Policy) -> list[str]:
    """Return the path of everything that can be set."""
    return [*_OPTIONS, *(path for path, _ in _places(policy))]


def _places(policy: Policy) -> Iterable[tuple[str, Place]]:
    for title in _TITLES:
        parts: tuple[Any, ...] = getattr(policy, title)
        for index, part in enumerate(parts):
            named = part.name
            if is_dataclass(part):
                for field in fields(part):
                    if field.name != "name":
                        yield f"{title}.{named}.{field.name}", Place(title, index, field.name)


def find(policy: Policy, path: str) -> Place:
    """
    Return where a path leads.

    Raises
    ------
    InputError
        If it leads nowhere: with all paths that there are.
    """
    known = dict(_places(policy))
    if path in _OPTIONS:
        return Place("", 0, path)
    if path in known:
        return known[path]
    hint = f"There are {', '.join(paths(policy))}."
    raise InputError("sweep", [Fault("over", f"is no path of this policy: {path!r}", hint=hint)])


def policies_over(
    policy: Policy, over: str | Callable[[Any], Policy], values: Iterable[Any]
) -> list[tuple[Any, Policy]]:
    """
    Return a policy for each value.

    Parameters
    ----------
    policy : Policy
    over : str or callable
        A path, or what makes a policy of a value.
    values : iterable

    Raises
    ------
    InputError
        If the path leads nowhere, a value does not suit it, or the function returns no policy; with every
        fault.
    """
    from twinmatch.policy import Policy

    place = find(policy, over) if isinstance(over, str) else None
    found, faults = [], []
    for value in values:
        where = f"{over} = {value!r}" if place is not None else f"over({value!r})"
        made = over(value) if place is None and callable(over) else _set(policy, place, value)
        if not isinstance(made, Policy):
            faults.append(Fault(where, f"must be a policy, not {made!r}"))
            continue
        faults += [Fault(f"{where}: {fault.where}", *fault[1:]) for fault in made.faults()]
        found.append((value, made))
    if faults:
        raise PolicyError("sweep", faults)
    return found


def weighted(policy: Policy, name: str, factor: float) -> Policy:
    """Return the policy with the weight of one criterion times a factor, rounded to whole points."""
    weights = {one.name: one.weight for one in policy.criteria}
    place = find(policy, f"criteria.{name}.weight")
    return _set(policy, place, max(1, round((weights[name] or 0) * factor)))


def _set(policy: Policy, place: Place | None, value: Any) -> Policy:
    assert place is not None
    if not place.title:
        return replace(policy, **{place.option: value})
    parts = list(getattr(policy, place.title))
    old = parts[place.number]
    changes: dict[str, object] = {place.option: value}
    if place.option == "weight" and _is_whole(value) and _is_whole(old.weight) and old.weight > 0:
        for option in _SHARES:
            points: Any = getattr(old, option, None)
            if _is_whole(points):
                # Rounded down, as the criterion itself shares out its weight.
                changes[option] = points * value // old.weight
    parts[place.number] = replace(old, **changes)
    changed: Any = {place.title: tuple(parts)}
    return replace(policy, **changed)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
