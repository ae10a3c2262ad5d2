"""How far a matching can be relied on: what ties decide, and what a change of a weight does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from twinmatch.comparing.rows import typed
from twinmatch.comparing.setting import weighted
from twinmatch.comparing.solving import solve_all
from twinmatch.comparing.variant import Variant
from twinmatch.compiler import graph_of
from twinmatch.errors import Fault, InputError, NoSolutionError
from twinmatch.mechanisms import Procedure
from twinmatch.pairing import Options, Tables
from twinmatch.room import bounded
from twinmatch.solvers.control import Control, Stopped
from twinmatch.solvers.optima import optima_of
from twinmatch.solvers.options import check_options
from twinmatch.status import Status
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from twinmatch.comparing.solving import Solved
    from twinmatch.matching import Matching
    from twinmatch.solvers.control import Cancel, Progress
    from twinmatch.solvers.optima import Optima

    Bool = npt.NDArray[np.bool_]

__all__ = ["Robustness", "robustness"]


@dataclass(frozen=True, eq=False)
class Robustness:
    """
    How far each pair can be relied on.

    Parameters
    ----------
    table : frame
        Of the kind of the left table, a row for each pair, sorted by ``left_id``:

        ``left_id``, ``right_id``
            The pair.
        ``in_every_optimum``
            Whether every matching with this coverage and these points has the pair: False where ties decided.
            Missing where that is not known.
        ``survives``
            Share of the weight changes under which the pair is in some optimum; missing where none was made.
    changes : tuple of str
        The weight changes that were made.
    notes : tuple of str
        What is not known, in words.
    """

    table: Any
    changes: tuple[str, ...]
    notes: tuple[str, ...]
    _pairs: int = 0
    _fixed: int | None = None
    _shares: tuple[float, ...] = ()

    def __str__(self) -> str:
        lines = [f"Robustness of {self._pairs:,} pairs"]
        if self._fixed is not None:
            lines.append(
                f"  in every optimum         {_of(self._fixed, self._pairs)}; ties decide the others"
            )
        if self.changes:
            always = sum(share == 1 for share in self._shares)
            never = sum(share == 0 for share in self._shares)
            lines.append(f"  survive every change     {_of(always, self._pairs)}")
            lines.append(f"  survive none             {_of(never, self._pairs)}")
            said = wrap(", ".join(self.changes), 70)
            lines += [f"  changes                  {said[0]}", *(" " * 27 + line for line in said[1:])]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return f"<Robustness of {self._pairs:,} pairs under {len(self.changes)} changes>"

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(str(self))}</pre>"


def _of(number: int, every: int) -> str:
    return f"{number:,} ({number / max(1, every):.1%})"


@bounded
def robustness(
    matching: Matching,
    *,
    change: float = 0.1,
    deadline: float | None = None,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> Robustness:
    """
    Say which pairs every optimum has, and which survive a change of each criterion's weight.

    Parameters
    ----------
    matching : Matching
        With status OPTIMAL.
    change : float, optional
        Each weight is made so much smaller, then so much larger, the others as they are; 0 for none of it.
    deadline : float, optional
        Seconds from the call. Changes that are not reached are not counted, and a note says so.
    threads : int, optional
        As many as this process has cores.
    on_progress : callable, optional
        Called with a :class:`~twinmatch.solvers.control.Progress`; the phase begins with the change.
    cancel : object with ``is_set()``, optional

    Returns
    -------
    Robustness

    Raises
    ------
    NoSolutionError
        If the status is not OPTIMAL, or the mechanism is a procedure: this is worked out from prices.
    InputError
        If an option is out of range, with every fault.

    Notes
    -----
    Both are exact and do not depend on how ties were broken. Every optimum: strongly connected components of
    the pairs that are tight under the prices of the proof (R. Burkard, M. Dell'Amico, S. Martello,
    *Assignment Problems*, SIAM 2009, ch. 4; T. Tassa, Theoret. Comput. Sci. 423 (2012)). A pair survives a
    change if *some* optimum under the changed weight has it; two pairs may survive in different ones. Under
    quotas, or where points come before coverage, exchanges of pairs may break a bound: then
    ``in_every_optimum`` is missing, and a pair survives if the optimum that was found has it.

    One solve for each change; the whole registers have twelve.

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> found = tm.robustness(tm.match(fr, eu), change=0)
    >>> sorted(found.table.columns)
    ['in_every_optimum', 'left_id', 'right_id', 'survives']
    """
    started = time.monotonic()
    check_options(deadline, 0, threads, on_progress, cancel, 0)
    _check(matching, change)
    control = Control(deadline, 0.0, number_of(threads), on_progress, cancel, started)
    i, j = matching._taken()
    notes: list[str] = []
    fixed: Bool | None = None
    if matching.proof is not None:
        notes.append("under quotas, which pairs every optimum has is not known")
    else:
        try:
            fixed = _optima(matching, control).fixed[i]
        except Stopped:
            notes.append("stopped before it was known which pairs every optimum has")
    kept, changes = np.zeros(len(i), np.int64), []
    planned = _changed(matching, change) if change else []
    for solved in _solved(planned, matching, control):
        if solved.matching.status is not Status.OPTIMAL:
            break
        try:
            kept += _has(solved.matching, i, j, control)
        except Stopped:
            break
        changes.append(solved.variant.name)
    if len(changes) < len(planned):
        notes.append(f"{len(planned) - len(changes)} of {len(planned)} changes were not reached")
    shares: list[Any] = (kept / len(changes)).tolist() if changes else [None] * len(i)
    kinds = {"left_id": "text", "right_id": "text", "in_every_optimum": "flag", "survives": "number"}
    every: list[Any] = [None] * len(i) if fixed is None else fixed.tolist()
    ids = matching.left.ids[i].tolist(), matching.right.ids[j].tolist()
    rows = [dict(zip(kinds, line, strict=True)) for line in zip(*ids, every, shares, strict=True)]
    return Robustness(
        matching.left.frame(typed(rows, kinds)),
        tuple(changes),
        tuple(notes),
        len(i),
        None if fixed is None else int(fixed.sum()),
        tuple(shares) if changes else (),
    )


def _check(matching: object, change: object) -> None:
    from twinmatch.matching import Matching

    faults = []
    if not isinstance(matching, Matching):
        faults.append(Fault("matching", f"must be a matching, not {type(matching).__name__}"))
    if isinstance(change, bool) or not isinstance(change, int | float) or not 0 <= change < 1:
        faults.append(Fault("change", f"must be from 0 up to 1, not {change!r}"))
    if faults:
        raise InputError("robustness", faults)
    assert isinstance(matching, Matching)
    if matching.status is not Status.OPTIMAL:
        raise NoSolutionError(f"a matching that is {matching.status} is no optimum to be relied on")
    if isinstance(matching.mechanism, Procedure):
        name = matching.mechanism.name
        raise NoSolutionError(f"robustness is worked out for mechanisms with prices only, and not for {name}")


def _optima(matching: Matching, control: Control) -> Optima:
    """Return what all optima of a matching's question have in common."""
    terms = matching._compiled.terms
    graph = cast("Any", graph_of(terms, matching.policy, matching.right_capacity))
    if (curve := matching.mechanism.curve(terms.max_points)) is not None:
        graph = graph.with_curve(curve)
    promise = getattr(matching.mechanism, "promise", None)
    return optima_of(
        graph,
        matching.right_capacity,
        matching.mate,
        matching.right_price,
        matching.coverage_price,
        control,
        # On its curve a pair below the floor may tie with one that is worth little.
        may_be=None if promise is None else lambda i, j: terms.points(i, j) >= promise.floor,
    )


def _has(matching: Matching, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64], control: Control) -> Bool:
    """Return which pairs some optimum of a matching's question has."""
    width = len(matching.right)
    if matching.proof is None:
        some: Bool = _optima(matching, control).some_has(i, j, width, matching.mate)
        promise = getattr(matching.mechanism, "promise", None)
        return some if promise is None else some & (matching._compiled.terms.points(i, j) >= promise.floor)
    taken = matching.proof.taken
    found: Bool = np.isin(i * width + j, taken[:, 0] * width + taken[:, 1])
    return found


def _changed(matching: Matching, change: float) -> list[Variant]:
    """Return a variant for each weight made smaller and larger."""
    variants = []
    for one in matching.policy.criteria:
        if one.kind in ("own", "country_table") or not one.weight:
            continue
        for factor, sign in ((1 - change, "-"), (1 + change, "+")):
            policy = weighted(matching.policy, one.name, factor)
            if policy == matching.policy:
                continue  # a weight so small that it stays what it is
            policy.check()
            variants.append(Variant(f"{one.name} {sign}{change:.0%}", policy, matching.mechanism))
    return variants


def _solved(planned: list[Variant], matching: Matching, control: Control) -> Iterator[Solved]:
    tables = Tables(matching.left, matching.right, matching.right_capacity)
    options = Options(
        control.deadline, 0, control.threads, control.on_progress, control.cancel, matching.seed
    )
    return solve_all(planned, tables, options, control.started)
