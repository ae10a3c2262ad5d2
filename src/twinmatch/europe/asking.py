"""What is asked of all states: checked before any work, so that everything that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from twinmatch.compiler import places_of
from twinmatch.errors import Fault, InputError, PolicyError
from twinmatch.europe.keeping import unmentioned
from twinmatch.europe.states import joined, registers_of
from twinmatch.explaining.words import check_language
from twinmatch.inspecting import kind_faults
from twinmatch.policy import Policy
from twinmatch.policy.toml import unwritable
from twinmatch.saving.place import place
from twinmatch.schools import Schools
from twinmatch.solvers.options import check_options

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from twinmatch.europe.states import Registers
    from twinmatch.mechanisms import Mechanism
    from twinmatch.solvers.control import Cancel, Progress

__all__ = ["Asked", "asked_of"]

_SUBJECT = "match_states"


class Asked(NamedTuple):
    """What :func:`twinmatch.match_states` is asked for, all of it checked."""

    registers: Registers
    states: tuple[str, ...]
    policy: Policy
    capacity: npt.NDArray[Any]
    mechanism: Mechanism | None
    directory: Path | None
    pages: str | None
    deadline: float | None
    gap: float
    threads: int | None
    on_progress: Callable[[Progress], object] | None
    cancel: Cancel | None
    seed: int


def asked_of(
    schools: object,
    policy: object,
    more: tuple[object, ...],
    *,
    states: object,
    directory: object,
    pages: object,
    right_capacity: object,
    mechanism: object,
    deadline: object,
    gap: object,
    threads: object,
    on_progress: object,
    on_state: object,
    cancel: object,
    seed: object,
) -> Asked:
    """
    Return what is asked.

    Raises
    ------
    InputError
        With every fault; :class:`~twinmatch.errors.PolicyError` where only the policy is at fault.
    """
    faults: list[Fault] = []

    def tried(check: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        try:
            return check(*arguments, **options)
        except InputError as error:
            faults.extend(error.faults)
            return None

    schools, policy = _in_their_places(schools, policy, more, faults)
    faults += kind_faults(policy, mechanism)
    tried(check_options, deadline, gap, threads, on_progress, cancel, seed)
    if on_state is not None and not callable(on_state):
        faults.append(Fault("on_state", f"must be a function of a row and a matching, not {on_state!r}"))
    folder = None if directory is None else tried(place, _SUBJECT, "directory", directory, folder=True)
    if pages is not None:
        tried(check_language, pages, _SUBJECT)
        if directory is None:
            faults.append(Fault("pages", "are written into folders, and no directory is given"))
    table = _table(schools, faults)
    capacity = None
    registers: Registers | None = None
    wanted: tuple[str, ...] = ()
    if table is not None:
        registers = registers_of(table)
        wanted = _states(states, registers, faults)
        if folder is not None:
            for state in wanted:
                tried(place, _SUBJECT, f"directory, {state}", folder / state, folder=True)
            if wanted and (lost := unmentioned(folder, wanted)):
                what = (
                    f"has matchings of {', '.join(lost)}, too, which this call would leave out of its summary"
                )
                hint = "Pair these as well: what is finished is kept. Or give another folder."
                faults.append(Fault("directory", what, hint=hint))
        capacity = tried(places_of, registers.schools, _places(right_capacity, faults))
    elsewhere = len(faults)
    if not isinstance(policy, Policy):
        from twinmatch.policies import systematic_twinning

        policy = systematic_twinning()
    faults += _of_policy(policy, registers, wanted)
    if directory is not None and not policy.faults():
        faults += unwritable((*policy.rules, *policy.criteria, *policy.quotas))
    if faults:
        _refuse(faults, only_policy=not elsewhere)
    assert registers is not None
    return Asked(
        registers,
        wanted,
        policy,
        cast("npt.NDArray[Any]", capacity),
        cast("Mechanism | None", mechanism),
        folder,
        cast("str | None", pages),
        cast("float | None", deadline),
        cast("float", gap),
        cast("int | None", threads),
        cast("Callable[[Progress], object] | None", on_progress),
        cast("Cancel | None", cancel),
        cast("int", seed),
    )


def _refuse(faults: list[Fault], *, only_policy: bool) -> NoReturn:
    raise (PolicyError if only_policy else InputError)("policy" if only_policy else _SUBJECT, faults)


def _in_their_places(
    schools: object, policy: object, more: tuple[object, ...], faults: list[Fault]
) -> tuple[object, object]:
    """Return tables and policy, also where they are given as to :func:`twinmatch.match`: that is a fault."""
    tables: list[object] = []
    rest: list[object] = []
    for one in (policy, *more):
        (tables if isinstance(one, Schools) else rest).append(one)
    if tables:  # what else is wrong is asked of all tables, and of the policy after them
        schools = [*_listed(schools), *tables]
        has_policy = any(one is not None for one in rest)
        call = f"tm.match_states([fr, eu]{', policy' if has_policy else ''})"
        hint = f"Give all tables as one list: {call}."
        faults.append(Fault("schools", "are given one table after the other", hint=hint))
    policy, *over = rest or [None]
    if over:
        kinds = ", ".join(type(one).__name__ for one in over)
        hint = "Name them, such as states=..., directory=..."
        faults.append(Fault("arguments", f"after the policy have no name: {kinds}", hint=hint))
    return schools, policy


def _listed(schools: object) -> list[object]:
    """Return the tables as a list, also where there is one without a list around it."""
    return list(schools) if isinstance(schools, list | tuple) else [schools]


def _table(schools: object, faults: list[Fault]) -> Schools | None:
    """Return all schools as one table; None where that cannot be."""
    hint = "Make one with tm.read_schools(path) or tm.Schools.from_frame(frame)."
    tables = _listed(schools)
    good = [one for one in tables if isinstance(one, Schools)]
    if not tables:
        faults.append(Fault("schools", "holds no table", hint=hint))
    for k, one in enumerate(tables):
        if not isinstance(one, Schools):
            where = f"schools[{k}]" if isinstance(schools, list | tuple) else "schools"
            faults.append(Fault(where, f"must be a Schools table, not {type(one).__name__}", hint=hint))
    if len(good) < max(1, len(tables)):
        return None
    try:
        return joined(good)
    except InputError as error:
        faults += error.faults
        return None


def _states(states: object, registers: Registers, faults: list[Fault]) -> tuple[str, ...]:
    """Return the states to pair, in the order that was asked for."""
    known = registers.states
    there = f"There are {', '.join(known)}." if known else ""
    if len(known) < 2:
        what = f"are of {known[0]} only" if known else "are none"
        hint = "Give tables of two states or more: a state is paired with all others."
        faults.append(Fault("schools", what, hint=hint))
        return ()
    if states is None:
        return known
    if isinstance(states, str) or not isinstance(states, Sequence) or not len(states):
        what = f"must be a list of countries that is not empty, not {states!r}"
        faults.append(Fault("states", what, hint=there))
        return ()
    unknown = [one for one in states if one not in known]
    if unknown:
        told = ", ".join(map(repr, unknown[:5])) + (", ..." if len(unknown) > 5 else "")
        small = any(isinstance(one, str) and one.upper() in known for one in unknown)
        hint = f"{there} Codes are in capitals." if small else there
        faults.append(Fault("states", f"have no schools here: {told}", hint=hint))
    return tuple(dict.fromkeys(one for one in states if one in known))


def _places(right_capacity: object, faults: list[Fault]) -> str | int | None:
    """Return the places as a column or a number; those of each school by itself go into a column."""
    if right_capacity is None or isinstance(right_capacity, str):
        return right_capacity
    if isinstance(right_capacity, Integral) and not isinstance(right_capacity, bool):
        return int(right_capacity)
    what = f"must be a column or one number for all, not {type(right_capacity).__name__}"
    hint = "Put the places of each school into a column of the tables."
    faults.append(Fault("right_capacity", what, hint=hint))
    return None


def _of_policy(policy: Policy, registers: Registers | None, states: tuple[str, ...]) -> list[Fault]:
    """Return what is wrong with the policy: by itself, or else on the tables of each state."""
    if (faults := policy.faults()) or registers is None:
        return faults
    found: dict[Fault, list[str]] = {}
    for state in states:
        home, abroad = registers.cut(state)
        try:
            policy.check(registers.schools.take(home), registers.schools.take(abroad))
        except PolicyError as error:
            for fault in error.faults:
                found.setdefault(fault, []).append(state)
    return [
        fault
        if len(where) == len(states)
        else fault._replace(where=f"{fault.where} (for {', '.join(where)})")
        for fault, where in found.items()
    ]
