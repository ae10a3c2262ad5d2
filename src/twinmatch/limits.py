"""
Reading what is asked of an assignment: bounds on nodes, pairs that stay, quotas.

Everything malformed is a fault that says what and where, all of them at once. What is well formed and cannot
be done is no fault: that is for the solver to find and to prove.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.errors import Fault
from twinmatch.graph.constraints import Constraints, Quota

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy.typing as npt

    from twinmatch.graph.explicit import ExplicitGraph

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["GroupQuota", "constraints_from"]


@dataclass(frozen=True, eq=False)
class GroupQuota:
    """
    Bounds on the number of pairs between some left and some right nodes: a :term:`quota` over arrays.

    Parameters
    ----------
    left, right : flags or node numbers, optional
        The nodes of the group: one flag for each node, or the numbers of some (for a networkx graph, their
        names). None is everybody.
    at_least, at_most : int, optional
        Fewest and most pairs; ``at_most=None`` is no limit.
    name : str, optional
        What results call it; ``quota 0`` and so on without it.

    Examples
    --------
    >>> import twinmatch as tm
    >>> points = [[9, 8], [7, 1]]
    >>> tm.assign(points, quotas=[tm.GroupQuota(right=[0], at_most=0)]).pairs.tolist()
    [[0, 1]]
    """

    left: object = None
    right: object = None
    at_least: int = 0
    at_most: int | None = None
    name: str | None = None


def constraints_from(
    graph: ExplicitGraph,
    *,
    right_capacity: Any,
    require_all: object,
    left_bounds: Any,
    right_bounds: Any,
    locked: Any,
    quotas: Any,
    faults: list[Fault],
) -> Constraints:
    """
    Return what the options of :func:`twinmatch.assign` ask for; note what is wrong with them.

    Parameters
    ----------
    graph : ExplicitGraph
    right_capacity, require_all, left_bounds, right_bounds, locked, quotas
        As handed in.
    faults : list of Fault
        To be added to.
    """
    left = _left_bounds(left_bounds, require_all, graph.num_left, faults)
    right = _right_bounds(right_capacity, right_bounds, graph, faults)
    return Constraints(
        *left, *right, locked=_locked(locked, graph, faults), quotas=_quotas(quotas, graph, faults)
    )


# -- Bounds ------------------------------------------------------------------------------------------------


def _left_bounds(bounds: Any, require_all: object, number: int, faults: list[Fault]) -> tuple[Int64, Int64]:
    default = np.zeros(number, np.int64), np.ones(number, np.int64)
    lower, upper = _pair(bounds, (0, 1), "left_bounds", faults)
    low = _counts(lower, number, "left_bounds", "lower", faults)
    high = _counts(upper, number, "left_bounds", "upper", faults)
    if low is None or high is None:
        return default
    if require_all:
        low = np.maximum(low, 1)
    _refuse(faults, "left_bounds", low > high, "lower bound above upper bound")
    return low, high


def _right_bounds(
    capacity: Any, bounds: Any, graph: ExplicitGraph, faults: list[Fault]
) -> tuple[Int64, Int64]:
    number = graph.num_right
    default = np.zeros(number, np.int64), np.ones(number, np.int64)
    if capacity is not None and bounds is not None:
        faults.append(Fault("right_bounds", "given together with right_capacity", hint="Give one of them."))
        return default
    if isinstance(capacity, Mapping):
        labels: list[Any] = list(range(number)) if graph.right_labels is None else graph.right_labels
        lost = [label for label in labels if label not in capacity]
        strange = [key for key in capacity if key not in set(labels)]
        if lost or strange:
            names = ", ".join(map(repr, [*lost, *strange][:3]))
            what = f"{len(lost)} right nodes are missing, {len(strange)} keys are no right nodes: {names}"
            faults.append(Fault("right_capacity", what))
            return default
        capacity = [capacity[label] for label in labels]
    if bounds is None:
        found = _counts(1 if capacity is None else capacity, number, "right_capacity", "", faults)
        return default if found is None else (default[0], found)
    lower, upper = _pair(bounds, (0, 1), "right_bounds", faults)
    low = _counts(lower, number, "right_bounds", "lower", faults)
    high = _counts(upper, number, "right_bounds", "upper", faults)
    if low is None or high is None:
        return default
    _refuse(faults, "right_bounds", low > high, "lower bound above upper bound")
    return low, high


def _pair(bounds: Any, default: tuple[int, int], where: str, faults: list[Fault]) -> tuple[Any, Any]:
    if bounds is None:
        return default
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        faults.append(Fault(where, "must be (lower, upper)", hint="Each a number, or one number per node."))
        return default
    return bounds[0], bounds[1]


def _counts(given: Any, number: int, where: str, side: str, faults: list[Fault]) -> Int64 | None:
    """Return whole numbers of 0 or more, one per node; note what is wrong otherwise."""
    name = f"{side} bound".strip() if side else "number of places"
    try:
        values = np.asarray(given)
    except ValueError:
        values = np.empty((0, 0))
    if values.ndim > 1 or (values.ndim == 1 and len(values) != number):
        faults.append(Fault(where, f"needs one {name} per node: {number}, not shape {values.shape}"))
        return None
    if values.dtype.kind not in "iuf":
        faults.append(Fault(where, f"needs whole numbers, not {values.dtype}"))
        return None
    spread = np.broadcast_to(values, (number,))
    with np.errstate(invalid="ignore"):
        whole = np.isfinite(spread) & (spread == np.floor(spread)) & (np.abs(spread) < 2.0**62)
    negative = whole & (spread < 0)
    before = len(faults)
    hint = "A right node without limit has as many places as there are left nodes."
    _refuse(faults, where, ~whole, f"{name} is no whole number below 2**62", hint)
    _refuse(faults, where, negative, f"{name} is negative")
    return spread.astype(np.int64) if len(faults) == before else None


# -- Pairs and quotas --------------------------------------------------------------------------------------


def _locked(given: Any, graph: ExplicitGraph, faults: list[Fault]) -> Int64:
    """Return the pairs that must be, each a stored one."""
    none = np.empty((0, 2), np.int64)
    entries = _entries(given, "locked", "must hold pairs (left, right)", faults)
    if len(entries) == 2 and not any(map(_is_list, entries)):  # one pair, and not a list of one
        pair = ", ".join(map(_shown, entries))
        hint = f"Write one pair as [({pair})]."
        faults.append(Fault("locked", f"must hold pairs (left, right), not ({pair})", hint=hint))
        return none
    pairs: list[tuple[int, int]] = []
    sides = (_numbers(graph.left_labels, graph.num_left), _numbers(graph.right_labels, graph.num_right))
    for at, entry in enumerate(entries):
        where = f"locked[{at}]"
        ends = list(entry) if _is_list(entry) else []
        if len(ends) != 2:
            faults.append(Fault(where, f"must be a pair (left, right), not {_shown(entry)}"))
            continue
        found = [names(end) for names, end in zip(sides, ends, strict=True)]
        if found[0] is None or found[1] is None:
            faults.append(Fault(where, f"names a node that is not there: {_shown(entry)}"))
        elif (found[0], found[1]) in pairs:
            faults.append(Fault(where, f"is there twice: {_shown(entry)}"))
        else:
            pairs.append((found[0], found[1]))
    if not pairs:
        return none
    i, j = np.array(pairs, np.int64).T
    stored = np.ones(len(i), bool)
    if graph.lists is not None:
        offset, item = graph.lists
        row = np.repeat(np.arange(graph.num_left), np.diff(offset))
        stored = np.isin(i * graph.num_right + j, row * graph.num_right + item)
    for k in np.flatnonzero(~stored)[:3].tolist():
        what = f"asks for a pair that is forbidden: ({i[k]}, {j[k]}) is not stored"
        faults.append(Fault("locked", what, hint="Store the pair, or do not lock it."))
    return np.stack([i, j], axis=1)


def _quotas(given: Any, graph: ExplicitGraph, faults: list[Fault]) -> tuple[Quota, ...]:
    out = []
    for at, quota in enumerate(_entries(given, "quotas", "must be a list of GroupQuota", faults)):
        where = f"quotas[{at}]"
        if not isinstance(quota, GroupQuota):
            faults.append(Fault(where, f"must be a tm.GroupQuota, not {type(quota).__name__}"))
            continue
        name = f"quota {at}" if quota.name is None else quota.name
        if not isinstance(name, str) or not name:
            faults.append(Fault(where, f"name must be a text, not {name!r}"))
        called = f" ({name!r})" if quota.name is not None else ""
        least = _whole(quota.at_least, f"{where}.at_least{called}", faults)
        most = None if quota.at_most is None else _whole(quota.at_most, f"{where}.at_most{called}", faults)
        if least is not None and most is not None and least > most:
            faults.append(Fault(f"{where}{called}", f"at_least {least:,} is above at_most {most:,}"))
        left = _members(quota.left, graph.left_labels, graph.num_left, f"{where}.left{called}", faults)
        right = _members(quota.right, graph.right_labels, graph.num_right, f"{where}.right{called}", faults)
        out.append(Quota(str(name), left, right, least or 0, most))
    return tuple(out)


def _whole(value: Any, where: str, faults: list[Fault]) -> int | None:
    if (
        isinstance(value, bool | np.bool_)
        or not isinstance(value, int | np.integer)
        or not 0 <= value < 2**62
    ):
        faults.append(Fault(where, f"must be a whole number from 0 to 2**62, not {value!r}"))
        return None
    return int(value)


def _members(
    given: Any, labels: list[Hashable] | None, number: int, where: str, faults: list[Fault]
) -> Bool | None:
    """Return the nodes of a group as flags; None where that is everybody."""
    if given is None:
        return None
    flags = np.zeros(number, bool)
    array = np.asarray(given) if labels is None else np.empty(0)
    if array.dtype == np.bool_:
        if array.shape == (number,):
            flags |= array
            return flags
        faults.append(Fault(where, f"needs one flag per node: {number}, not shape {array.shape}"))
        return flags
    names = _numbers(labels, number)
    entries = _entries(given, where, "must hold nodes", faults)
    found = [names(entry) for entry in entries]
    lost = [_shown(entry) for entry, node in zip(entries, found, strict=True) if node is None]
    if lost:
        what = "a node that is" if len(lost) == 1 else f"{len(lost):,} nodes that are"
        first = ", first" if len(lost) > 3 else ""
        hint = f"Nodes are numbered from 0 to {number - 1:,}." if labels is None and number else ""
        faults.append(Fault(where, f"names {what} not there{first}: {', '.join(lost[:3])}", hint=hint))
    flags[[node for node in found if node is not None]] = True
    return flags


def _entries(given: Any, where: str, what: str, faults: list[Fault]) -> Sequence[Any]:
    if not _is_list(given):
        faults.append(Fault(where, f"{what}, not {given!r}"))
        return ()
    return list(given)


def _is_list(given: Any) -> bool:
    """Return whether something holds entries, in an order."""
    scalar = isinstance(given, np.ndarray) and not given.ndim
    return isinstance(given, Iterable) and not isinstance(given, str | Mapping) and not scalar


def _shown(entry: Any) -> str:
    """Return what was handed in as it is written: 99, and not np.int64(99)."""
    if isinstance(entry, np.ndarray):
        entry = tuple(entry.tolist())
    return repr(entry.item() if isinstance(entry, np.generic) else entry)


def _numbers(labels: list[Hashable] | None, number: int) -> Any:
    """Return the function from what a node is called to its number, or to None."""
    if labels is not None:
        row_of = {label: row for row, label in enumerate(labels)}

        def named(node: Any) -> int | None:
            try:
                return row_of.get(node)
            except TypeError:  # nothing that cannot be hashed is a node
                return None

        return named

    def same(node: Any) -> int | None:
        whole = isinstance(node, int | np.integer) and not isinstance(node, bool)
        return int(node) if whole and 0 <= node < number else None

    return same


def _refuse(faults: list[Fault], where: str, wrong: Bool, what: str, hint: str = "") -> None:
    if wrong.any():
        at = np.flatnonzero(wrong)
        faults.append(Fault(where, what, len(at), tuple(at[:3].tolist()), hint))
