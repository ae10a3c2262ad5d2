"""
The array world: assign left nodes to right nodes, given what each pair is worth.

:func:`assign` takes a matrix, a SciPy sparse array or a networkx graph, and returns an
:class:`Assignment`: pairs, prices, and a bound that no other assignment can exceed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from twinmatch.certify.arrays import Claims, StoredPairs, check_stored
from twinmatch.errors import Fault, InputError, NoSolutionError
from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.solvers.control import Control
from twinmatch.solvers.explicit import limit_of, solve_explicit
from twinmatch.solvers.options import option_faults
from twinmatch.status import Status
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import numpy.typing as npt

    from twinmatch.certify import Certificate
    from twinmatch.solvers.control import Cancel, Progress
    from twinmatch.solvers.explicit import Found
    from twinmatch.status import Limit

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Assignment", "assign"]

_SUPPORTED = "left bounds (0, 1), (1, 1) or (0, 0), and right bounds (0, capacity)"


@dataclass(frozen=True, eq=False, repr=False)
class Assignment:
    """
    An assignment and the numbers that prove how good it is.

    Parameters
    ----------
    status : Status
        OPTIMAL with objective equal to bound; FEASIBLE where a limit came first; INFEASIBLE with a witness;
        NO_SOLUTION where a limit came before anything was found.
    limit : Limit or None
        What stopped the run, if anything did.
    mate : (num_left,) int64
        Right node of each left node, -1 for none.
    left_price, right_price : int64
        ``left_price[i] + right_price[j] >= points[i, j]`` for every pair, in points times ``scale``
        (plus ``coverage_price`` on the side of the points where coverage comes first). Right prices are
        at least 0, and so are left prices of nodes that may stay without.
    price_scale : int
        Prices are in 1/price_scale points: 1, prices are whole points.
    coverage_price : int
        What pairing one more left node is worth in the proof; 0 unless coverage comes first.
    scale : int or float
        The power of two that points were multiplied by to make them whole; 1 for whole points.
    witness : (num_left,) bool
        With INFEASIBLE: left nodes that must be paired and whose partners, together, have too few places.
        With coverage first: left nodes that keep the coverage from being larger. No node otherwise.
    left_labels, right_labels : list or None
        The names of the nodes of a networkx graph.

    Notes
    -----
    Prices are one choice of dual numbers among many. They tell what a place more, or a left node more, would
    bring, to the right or to the left of a kink.
    """

    status: Status
    limit: Limit | None
    mate: Int64
    left_price: Int64
    right_price: Int64
    coverage_price: int
    scale: float
    witness: Bool
    seconds: dict[str, float] = field(default_factory=dict)
    left_labels: list[Hashable] | None = None
    right_labels: list[Hashable] | None = None
    price_scale: int = 1
    _objective: int = 0
    _bound: int = 0
    _coverage_bound: int | None = None
    _asked: StoredPairs | None = None

    @property
    def objective(self) -> int:
        """
        Points of all pairs, times ``scale``.

        Raises
        ------
        NoSolutionError
            If there is no assignment.
        """
        if self.status in (Status.INFEASIBLE, Status.NO_SOLUTION):
            raise NoSolutionError(f"status {self.status}: there is no assignment, and no objective")
        return self._objective

    @property
    def value(self) -> float:
        """Points of all pairs in the units that were handed in: ``objective / scale``."""
        return self.objective if self.scale == 1 else self.objective / self.scale

    @property
    def bound(self) -> int:
        """
        What no assignment that was asked for can exceed, times ``scale``.

        Raises
        ------
        NoSolutionError
            If what was asked for does not exist.
        """
        if self.status is Status.INFEASIBLE:
            raise NoSolutionError("status INFEASIBLE: nothing can be bounded; see witness")
        return self._bound

    @property
    def gap(self) -> int:
        """The bound minus the objective."""
        return self.bound - self.objective

    @property
    def relative_gap(self) -> float:
        """The gap over the bound (over 1 where the bound is 0)."""
        return self.gap / max(1, abs(self.bound))

    @property
    def coverage(self) -> int:
        """Left nodes with a partner."""
        return int((self.mate >= 0).sum())

    @property
    def coverage_bound(self) -> int | None:
        """How many left nodes can have a partner at all; None unless coverage comes first."""
        return self._coverage_bound

    @property
    def pairs(self) -> npt.NDArray[Any]:
        """Left and right node of each pair, (k, 2): numbers, or the names of a networkx graph's nodes."""
        left = np.flatnonzero(self.mate >= 0)
        numbers = np.stack([left, self.mate[left]], axis=1)
        if self.left_labels is None or self.right_labels is None:
            return numbers
        out = np.empty(numbers.shape, object)
        for row, (i, j) in enumerate(numbers.tolist()):
            out[row, 0], out[row, 1] = self.left_labels[i], self.right_labels[j]
        return out

    def verify(self) -> Certificate:
        """
        Recount everything over all stored pairs, with code that shares nothing with the solver.

        Returns
        -------
        Certificate
            ``ok`` where every claim holds; ``raise_for_failure()`` raises what does not.
        """
        assert self._asked is not None  # assign() sets it
        known = self.status not in (Status.INFEASIBLE, Status.NO_SOLUTION)
        return check_stored(
            self._asked,
            Claims(
                self.status,
                self.mate,
                self.left_price,
                self.right_price,
                self.coverage_price,
                self.witness,
                self._objective if known else None,
                None if self.status is Status.INFEASIBLE else self._bound,
                self.coverage if known else None,
                self._coverage_bound,
            ),
        )

    def __repr__(self) -> str:
        if self.status in (Status.INFEASIBLE, Status.NO_SOLUTION):
            return f"<Assignment {self.status}>"
        numbers = f"{self.coverage:,} pairs, objective {self._objective:,}, bound {self._bound:,}"
        scale = "" if self.scale == 1 else f", scale {self.scale}"
        return f"<Assignment {self.status}: {numbers}{scale}>"


def assign(
    points: object,
    *,
    right_capacity: npt.ArrayLike | Mapping[Any, int] | None = None,
    require_all: bool = False,
    left_bounds: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    right_bounds: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    coverage_first: bool = False,
    threads: int | None = None,
    deadline: float | None = None,
    gap: float = 0,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> Assignment:
    """
    Assign left nodes to right nodes so that the points of all pairs add up to the most.

    A pair is used where it helps, or where a bound asks for it; each at most once.

    Parameters
    ----------
    points : array, sparse array or networkx graph
        What each pair is worth, left nodes by right nodes. In a matrix every pair is admissible. In a SciPy
        sparse array a pair that is not stored is forbidden, and a stored zero is a pair worth zero. In a
        networkx graph nodes have ``bipartite`` 0 (left) or 1 (right) and edges have a ``weight``.
        Points may be negative. Whole points are solved exactly; others are multiplied by
        ``scale`` and rounded.
    right_capacity : int, (num_right,) int or mapping, optional
        Places of each right node; 1 each without it. A mapping goes from node names to places.
    require_all : bool, optional
        Whether every left node must have a partner.
    left_bounds : (lower, upper), optional
        Fewest and most partners of each left node, numbers or arrays: 0 or 1.
    right_bounds : (lower, upper), optional
        Fewest (0) and most partners of each right node: another way to give ``right_capacity``.
    coverage_first : bool, optional
        Whether to pair as many left nodes as possible first, and count points among such assignments only.
    threads : int, optional
        As many as this process has cores. The result is the same for any number.
    deadline : float, optional
        Seconds from the call.
    gap : float, optional
        A ``relative_gap`` that is good enough.
    on_progress : callable, optional
        Called with a :class:`~twinmatch.solvers.control.Progress` about ten times a second.
    cancel : object with ``is_set()``, optional
        Asked many times a second whether to stop, a :class:`threading.Event` for one.

    Returns
    -------
    Assignment

    Raises
    ------
    PointsError
        If points are masked, not numbers, not finite or given twice.
    PointsRangeError
        If points are too large for exact 64-bit arithmetic.
    InputError
        If an option contradicts itself, has the wrong length, or asks for what is not supported.

    Examples
    --------
    >>> import twinmatch as tm
    >>> a = tm.assign([[90, 75], [80, 20]])
    >>> a.pairs.tolist(), a.objective, a.bound
    ([[0, 1], [1, 0]], 155, 155)
    >>> a.verify().ok
    True
    """
    graph = _read(points)
    faults: list[Fault] = []
    required, allowed = _left_bounds(left_bounds, require_all, graph.num_left, faults)
    graph.right_capacity = _right_bounds(right_capacity, right_bounds, graph, faults)
    faults += option_faults(deadline, gap, threads, on_progress, cancel)
    for name, value in (("require_all", require_all), ("coverage_first", coverage_first)):
        if not isinstance(value, (bool, np.bool_)):
            faults.append(Fault(name, f"must be True or False, not {value!r}"))
    if faults:
        raise InputError("options", faults)
    control = Control(deadline, float(gap), number_of(threads), on_progress, cancel)
    found = solve_explicit(graph, required, allowed, coverage_first, control)
    asked = StoredPairs(
        graph.num_left,
        graph.num_right,
        graph.stored,
        graph.lists,
        required,
        allowed,
        graph.right_capacity,
        coverage_first,
    )
    return _assignment(graph, found, asked, control)


def _assignment(graph: ExplicitGraph, found: Found, asked: StoredPairs, control: Control) -> Assignment:
    return Assignment(
        status=found.status,
        limit=limit_of(found, control),
        mate=found.mate,
        left_price=found.left_price,
        right_price=found.right_price,
        coverage_price=found.coverage_price,
        scale=graph.scale,
        witness=found.witness_left,
        seconds=dict(control.seconds),
        left_labels=graph.left_labels,
        right_labels=graph.right_labels,
        _objective=found.objective,
        _bound=found.bound,
        _coverage_bound=found.coverage_bound,
        _asked=asked,
    )


def _read(points: Any) -> ExplicitGraph:
    if sparse.issparse(points):
        return ExplicitGraph.from_sparse(points)
    if hasattr(points, "nodes") and hasattr(points, "edges"):
        return ExplicitGraph.from_networkx(points)
    return ExplicitGraph.from_dense(points)


# -- Bounds ------------------------------------------------------------------------------------------------


def _left_bounds(
    bounds: tuple[npt.ArrayLike, npt.ArrayLike] | None, require_all: bool, number: int, faults: list[Fault]
) -> tuple[Bool, Bool]:
    """Return who must and who may be paired."""
    everybody, nobody = np.ones(number, bool), np.zeros(number, bool)
    lower, upper = _pair(bounds, (0, 1), "left_bounds", faults)
    low = _counts(lower, number, "left_bounds", "lower", faults)
    high = _counts(upper, number, "left_bounds", "upper", faults)
    if low is None or high is None:
        return nobody, everybody
    if require_all:
        low = np.maximum(low, 1)
    _refuse(faults, "left_bounds", low > high, "lower bound above upper bound")
    _refuse(faults, "left_bounds", high > 1, "several partners are asked for", f"Supported are {_SUPPORTED}.")
    return low > 0, high > 0


def _right_bounds(
    capacity: npt.ArrayLike | Mapping[Any, int] | None,
    bounds: tuple[npt.ArrayLike, npt.ArrayLike] | None,
    graph: ExplicitGraph,
    faults: list[Fault],
) -> Int64:
    """Return the places of each right node."""
    number = graph.num_right
    ones = np.ones(number, np.int64)
    if capacity is not None and bounds is not None:
        faults.append(Fault("right_bounds", "given together with right_capacity", hint="Give one of them."))
        return ones
    if isinstance(capacity, Mapping):
        labels: list[Any] = list(range(number)) if graph.right_labels is None else graph.right_labels
        lost = [label for label in labels if label not in capacity]
        strange = [key for key in capacity if key not in set(labels)]
        if lost or strange:
            names = ", ".join(map(repr, [*lost, *strange][:3]))
            what = f"{len(lost)} right nodes are missing, {len(strange)} keys are no right nodes: {names}"
            faults.append(Fault("right_capacity", what))
            return ones
        capacity = [capacity[label] for label in labels]
    if bounds is None:
        found = _counts(1 if capacity is None else capacity, number, "right_capacity", "", faults)
        return ones if found is None else found
    lower, upper = _pair(bounds, (0, 1), "right_bounds", faults)
    low = _counts(lower, number, "right_bounds", "lower", faults)
    high = _counts(upper, number, "right_bounds", "upper", faults)
    if low is None or high is None:
        return ones
    _refuse(faults, "right_bounds", low > high, "lower bound above upper bound")
    _refuse(faults, "right_bounds", low > 0, "a lower bound is asked for", f"Supported are {_SUPPORTED}.")
    return high


def _pair(
    bounds: Any,
    default: tuple[int, int],
    where: str,
    faults: list[Fault],
) -> tuple[Any, Any]:
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


def _refuse(faults: list[Fault], where: str, wrong: Bool, what: str, hint: str = "") -> None:
    if wrong.any():
        at = np.flatnonzero(wrong)
        faults.append(Fault(where, what, len(at), tuple(at[:3].tolist()), hint))
