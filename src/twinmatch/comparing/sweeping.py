"""One option of a policy over many values: what each value gives, and what it costs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.comparing.comparison import Comparison
from twinmatch.comparing.rows import COLUMNS, row_of
from twinmatch.comparing.setting import policies_over
from twinmatch.comparing.solving import solve_all
from twinmatch.comparing.variant import Variant, check_tables
from twinmatch.errors import Fault, InputError
from twinmatch.mechanisms import Mechanism
from twinmatch.pairing import Options, sorted_tables
from twinmatch.room import bounded
from twinmatch.solvers.options import check_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

    from twinmatch.policy import Policy
    from twinmatch.schools import Schools
    from twinmatch.solvers.control import Cancel, Progress

__all__ = ["sweep"]


@bounded
def sweep(
    policy: Policy,
    left: Schools,
    right: Schools,
    *,
    over: str | Callable[[Any], Policy],
    values: Iterable[Any],
    mechanism: Mechanism | None = None,
    right_capacity: str | int | npt.ArrayLike | None = None,
    deadline: float | None = None,
    gap: float = 0,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
    seed: int = 0,
) -> Comparison:
    """
    Pair the same schools under one policy with many values of one option.

    Parameters
    ----------
    policy : Policy
    left, right : Schools
    over : str or callable
        A path as in the policy's TOML, ``criteria.distance.weight`` or ``quotas.country balance.cap_share``:
        kind of part, its name, the option. Or a function that makes a policy of a value. Where a weight is
        set, the other points of the criterion (``unknown``, ``one_way``, ``third``, ``funded``) go along in
        proportion.
    values : iterable
        What to set, each once. The first is what the others are measured against.
    mechanism, right_capacity, gap, threads, cancel, seed : optional
        As in :func:`twinmatch.match`.
    deadline : float, optional
        Seconds for all of them together. Those that are not reached have the status NO_SOLUTION.
    on_progress : callable, optional
        As in :func:`twinmatch.match`; the phase begins with the value.

    Returns
    -------
    Comparison
        Its table has the column ``value`` besides.

    Raises
    ------
    InputError
        If there are no values, or the path leads nowhere: with all paths that there are.
    PolicyError
        If values do not suit the option, with every fault.

    Notes
    -----
    Numbers are solved in the order of the line that they lie on, each from what the two nearest before say of
    prices; every result is proven, with the objective of a run alone. Where several matchings have the most
    points, which is found may depend on the other values. Under quotas, and where points come from functions
    of your own, each value is solved from nothing.

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> policy = tm.policies.systematic_twinning()
    >>> found = tm.sweep(policy, fr, eu, over="criteria.distance.weight", values=[150_000, 300_000])
    >>> found.table["value"].tolist(), found.table["gap"].tolist()
    ([150000, 300000], [0, 0])
    """
    started = time.monotonic()
    check_options(deadline, gap, threads, on_progress, cancel, seed)
    check_tables("sweep", left, right)
    given = _values(policy, over, values, mechanism)
    variants = []
    for value, made in policies_over(policy, over, given):
        made.check(left, right)
        variants.append(Variant(_name(value), made, mechanism, value))
    tables = sorted_tables(left, right, right_capacity)
    options = Options(deadline, gap, threads, on_progress, cancel, seed)
    line = _line(variants)
    order = range(len(variants)) if line is None else np.argsort(line, kind="stable").tolist()
    solved = solve_all(
        [variants[at] for at in order],
        tables,
        options,
        started,
        line=None if line is None else [line[at] for at in order],
    )
    by_name = {one.variant.name: one for one in solved}
    found = [by_name[one.name] for one in variants]
    first = found[0].matching
    kind = _kind(given)
    rows = tuple(
        {
            **row_of(one.variant, one.matching, first, one.seconds),
            "value": one.variant.value if kind else None,
        }
        for one in found
    )
    columns = {"name": "text", **({"value": kind} if kind else {}), **COLUMNS}
    what = over if isinstance(over, str) else getattr(over, "__name__", "a function")
    return Comparison({one.variant.name: one.matching for one in found}, what, rows, columns)


def _values(policy: object, over: object, values: object, mechanism: object) -> list[Any]:
    """Return the values as a list of Python's own, or say everything that is wrong."""
    from twinmatch.policy import Policy

    faults = []
    if not isinstance(policy, Policy):
        faults.append(Fault("policy", f"must be a Policy, not {type(policy).__name__}"))
    if not isinstance(over, str) and not callable(over):
        faults.append(Fault("over", f"must be a path or a function of a value, not {over!r}"))
    if mechanism is not None and not isinstance(mechanism, Mechanism):
        faults.append(Fault("mechanism", f"must be a mechanism, not {type(mechanism).__name__}"))
    found: list[Any] = []
    try:
        found = [one.item() if isinstance(one, np.generic) else one for one in values]  # type: ignore[attr-defined]
    except TypeError:
        faults.append(Fault("values", f"must be a list of values, not {values!r}"))
    else:
        names = [_name(one) for one in found]
        if not names:
            faults.append(Fault("values", "must hold a value or more"))
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                faults.append(Fault("values", f"hold {name} {names.count(name)} times"))
    if faults:
        raise InputError("sweep", faults)
    return found


def _name(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _line(variants: Sequence[Variant]) -> list[float] | None:
    """Return where the values lie, if they are numbers."""
    kind = _kind([one.value for one in variants])
    return [float(one.value) for one in variants] if kind in ("whole", "number") else None


def _kind(values: Sequence[Any]) -> str:
    """Return what kind of column holds the values; empty where there is none."""
    if all(isinstance(one, bool) for one in values):
        return "flag"
    if any(isinstance(one, bool) for one in values):
        return ""
    if all(isinstance(one, int) for one in values):
        return "whole"
    if all(isinstance(one, int | float) for one in values):
        return "number"
    return "text" if all(isinstance(one, str) for one in values) else ""
