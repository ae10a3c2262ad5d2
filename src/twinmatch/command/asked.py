"""What the options of a run ask for: tables, a policy, places, a mechanism."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, TypedDict

from twinmatch.command.files import read
from twinmatch.errors import Fault, InputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from twinmatch.mechanisms import Mechanism
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools
    from twinmatch.solvers.control import Cancel, Progress

__all__ = [
    "Run",
    "check_capacity",
    "kept_columns",
    "mechanism",
    "policy_and_columns",
    "run_of",
    "tables",
]


class Run(TypedDict):
    """What the options say of how a run goes, as the library takes it."""

    right_capacity: int | str | None
    deadline: float | None
    gap: float
    threads: int | None
    on_progress: Callable[[Progress], None] | None
    cancel: Cancel


def run_of(
    options: argparse.Namespace, on_progress: Callable[[Progress], None] | None, cancel: Cancel
) -> Run:
    """Return how a run goes."""
    return Run(
        right_capacity=options.capacity,
        deadline=options.deadline,
        gap=options.gap,
        threads=options.threads,
        on_progress=on_progress,
        cancel=cancel,
    )


def tables(options: argparse.Namespace) -> tuple[Schools, Schools, Policy]:
    """Read the two files of schools that were named, and the policy."""
    from twinmatch.registers import read_schools

    policy, keep = policy_and_columns(options)
    hint = "Give a file of schools."
    left = read("LEFT", options.left, lambda path: read_schools(path, keep=keep), hint)
    right = read("RIGHT", options.right, lambda path: read_schools(path, keep=keep), hint)
    return left, right, policy


def policy_and_columns(options: argparse.Namespace) -> tuple[Policy, frozenset[str]]:
    """Read the policy, and say which columns of tables it and the other options need."""
    from twinmatch.policies import systematic_twinning
    from twinmatch.policy import Policy

    policy = systematic_twinning()
    if options.policy:
        hint = "Give a policy in TOML, or leave --policy out for systematic twinning."
        policy = read("--policy", options.policy, Policy.load, hint)
    policies = [policy]
    if options.right_policy is not None:
        policies.append(read("--right-policy", options.right_policy, Policy.load, "Give a policy in TOML."))
    return policy, kept_columns(policies, options.capacity)


def kept_columns(policies: Iterable[Policy], capacity: int | str | None) -> frozenset[str]:
    """Return the names of the columns to keep besides those that twinmatch knows."""
    from twinmatch.policy.naming import named_in

    return named_in(policies) | ({capacity} if isinstance(capacity, str) else set())


def check_capacity(capacity: int | str | None, right: Schools) -> None:
    """See that the column of places is there."""
    if isinstance(capacity, str) and not right.has(capacity):
        columns = [name for name in right.table.column_names if right.has(name)]
        hint = f"{nearest(capacity, columns)}There are {', '.join(columns)}."
        fault = Fault("--capacity", f"names a column that is not there: {capacity!r}", hint=hint)
        raise InputError("places of the right schools", [fault])


def nearest(name: str, names: Sequence[str]) -> str:
    """Return a question about the name that is meant; empty where none is near."""
    near = get_close_matches(name.lower(), names, n=1)
    return f"Is it {near[0]}? " if near else ""


def mechanism(options: argparse.Namespace) -> Mechanism:
    """Return the mechanism that the options name."""
    from twinmatch.mechanisms import NAMES, Concave, named
    from twinmatch.policy import Policy

    if options.mechanism not in NAMES:
        what, known = f"is no mechanism: {options.mechanism!r}", f"There are {', '.join(NAMES)}."
        hint = f"{nearest(options.mechanism, NAMES)}{known}"
        if options.mechanism == Concave.name:
            what = "concave takes a function, and exists in Python only"
            hint = f"It is tm.mechanisms.concave there. {known}"
        raise InputError("mechanism", [Fault("--mechanism", what, hint=hint)])
    other = None
    if options.right_policy is not None:
        hint = "Give a policy in TOML."
        other = read("--right-policy", options.right_policy, Policy.load, hint)
    try:
        return named(options.mechanism, seed=options.seed, right_policy=other)
    except InputError as error:  # there an option is an argument
        faults = (fault._replace(where=f"--{fault.where.replace('_', '-')}") for fault in error.faults)
        raise InputError(error.subject, faults) from error
