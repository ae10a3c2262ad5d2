"""
The array world: assign left nodes to right nodes, given what each pair is worth.

:func:`assign` takes a matrix, a SciPy sparse array or a networkx graph, and returns an
:class:`Assignment`: pairs, prices, and a bound that no other assignment can exceed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from twinmatch.certify.arrays import StoredPairs
from twinmatch.certify.theorem import Claims, check_assignment
from twinmatch.errors import Fault, InputError, NoSolutionError, PointsRangeError
from twinmatch.graph.constraints import Prices
from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.limits import GroupQuota, constraints_from
from twinmatch.log import log_end, logger
from twinmatch.pricing import chosen, control_of, priced
from twinmatch.room import bounded
from twinmatch.solvers.bounds import LOCKED, Optimum, binding
from twinmatch.solvers.constrained import solve_constrained
from twinmatch.solvers.control import Control
from twinmatch.solvers.explicit import limit_of, solve_explicit
from twinmatch.solvers.options import option_faults
from twinmatch.status import Status
from twinmatch.storing import refuse_assign, refuse_recount
from twinmatch.threads import number_of
from twinmatch.witness import Witness, witness_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Mapping, Sequence

    import numpy.typing as npt

    from twinmatch.certify import Certificate
    from twinmatch.pricing import RulePrice
    from twinmatch.solvers.control import Cancel, Progress
    from twinmatch.solvers.explicit import Found
    from twinmatch.status import Limit

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Assignment", "GroupQuota", "assign"]


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
    taken : (k, 2) int64
        Left and right node of each pair, sorted.
    left_price, right_price, quota_price : int64
        One for each node and quota, in ``1 / price_scale`` points times ``scale``. No assignment that was
        asked for has more points than they add up to (see :mod:`twinmatch.certify.theorem`). A price is above
        zero where an upper bound presses, below zero where a lower bound does.
    coverage_price : int
        What pairing one more left node is worth in the proof; 0 unless coverage comes first.
    price_scale : int
        Prices are in 1/price_scale points: 1, prices are whole points, unless quotas cross.
    cover : Prices or None
        With :term:`coverage` first: prices that prove ``coverage_bound``.
    witness : Witness or None
        With INFEASIBLE: why nothing keeps to all that was asked, as numbers and in words (:term:`witness`).
    proof : str
        ``"prices"`` where prices prove the bound; ``"search"`` where quotas that cross left a gap that a
        search closed.
    scale : int or float
        The power of two that points were multiplied by to make them whole; 1 for whole points.
    left_labels, right_labels : list or None
        The names of the nodes of a networkx graph.

    Notes
    -----
    Prices are one choice of dual numbers among many. They tell what a place more, or a left node more, would
    bring, to the right or to the left of a kink.
    """

    status: Status
    limit: Limit | None
    taken: Int64
    left_price: Int64
    right_price: Int64
    quota_price: Int64
    coverage_price: int
    scale: float
    cover: Prices | None = None
    witness: Witness | None = None
    proof: str = "prices"
    seconds: dict[str, float] = field(default_factory=dict)
    left_labels: list[Hashable] | None = None
    right_labels: list[Hashable] | None = None
    price_scale: int = 1
    _objective: int = 0
    _bound: int = 0
    _coverage_bound: int | None = None
    _clash: tuple[int, ...] | None = None
    _asked: StoredPairs | None = None

    @property
    def mate(self) -> Int64:
        """
        Right node of each left node, -1 for none, (num_left,) int64.

        Raises
        ------
        NoSolutionError
            If left nodes may have several partners: then there are ``pairs`` only.
        """
        assert self._asked is not None
        if int(self._asked.constraints.left_most.max(initial=0)) > 1:
            raise NoSolutionError("left nodes may have several partners: use pairs")
        mate = np.full(len(self.left_price), -1, np.int64)
        mate[self.taken[:, 0]] = self.taken[:, 1]
        return mate

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
        return len(np.unique(self.taken[:, 0]))

    @property
    def coverage_bound(self) -> int | None:
        """How many left nodes can have a partner at all; None unless coverage comes first."""
        return self._coverage_bound

    @property
    def pairs(self) -> npt.NDArray[Any]:
        """Left and right node of each pair, (k, 2): numbers, or the names of a networkx graph's nodes."""
        return self._named(self.taken)

    def _named(self, pairs: Int64) -> npt.NDArray[Any]:
        """Return pairs by the names of their nodes, where they have names."""
        if self.left_labels is None or self.right_labels is None:
            return pairs
        out = np.empty(pairs.shape, object)
        for row, (i, j) in enumerate(pairs.tolist()):
            out[row, 0], out[row, 1] = self.left_labels[i], self.right_labels[j]
        return out

    @bounded
    def verify(self) -> Certificate:
        """
        Recount everything over all stored pairs, with code that shares nothing with the solver.

        Returns
        -------
        Certificate
            ``ok`` where every claim holds; ``raise_for_failure()`` raises what does not.
        """
        assert self._asked is not None  # assign() sets it
        refuse_recount(len(self.left_price), len(self.right_price), self._asked.stored.size)
        known = self.status not in (Status.INFEASIBLE, Status.NO_SOLUTION)
        prices = Prices(self.left_price, self.right_price, self.quota_price, self.coverage_price)
        return check_assignment(
            self._asked,
            Claims(
                self.status,
                self.taken,
                prices,
                self.price_scale,
                self.cover,
                None if self.witness is None else self.witness.prices,
                self._clash,
                self.proof == "search",
                self._objective if known else None,
                None if self.status is Status.INFEASIBLE else self._bound,
                self.coverage if known else None,
                self._coverage_bound,
            ),
        )

    @bounded
    def rule_prices(
        self,
        *,
        rules: Collection[str] | None = None,
        deadline: float | None = None,
        threads: int | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        cancel: Cancel | None = None,
    ) -> tuple[RulePrice, ...]:
        """
        Return what each quota that presses, and each locked pair, costs: points for a unit of its bound.

        Parameters
        ----------
        rules : collection of str, optional
            Names of the quotas to price; locked pairs are called ``"locked: 3 with 5"``. All without it.
        deadline : float, optional
            Seconds from the call. Rows that are not reached by then have no prices, and their notes say so.
        threads : int, optional
            As many as this process has cores.
        on_progress : callable, optional
            Called with a :class:`~twinmatch.solvers.control.Progress`, whose ``phase`` tells the rule.
        cancel : object with ``is_set()``, optional

        Returns
        -------
        tuple of RulePrice
            A row for each cap or floor that is reached, in the order of the quotas, then one for each locked
            pair. Points are times ``scale``, as the objective is.

        Raises
        ------
        NoSolutionError
            If the status is not OPTIMAL.
        InputError
            If an option is out of range, with every fault.

        Notes
        -----
        Exact: differences between optima. The prices in ``quota_price`` are one choice among many; these here
        are to the left and to the right of a kink. Two networks for each direction where quotas are nested.
        Where they cross, the whole is solved again for each of a few units, and what is longer than that
        is not settled.

        Examples
        --------
        >>> import twinmatch as tm
        >>> cap = tm.GroupQuota(right=[0], at_most=1, name="first")
        >>> a = tm.assign([[9, 5], [8, 1], [7, 0]], right_capacity=3, quotas=[cap])
        >>> (row,) = a.rule_prices()
        >>> row.loosen, row.loosen_to, row.tighten, row.tighten_to
        (7, 2, 7, 0)
        """
        control = control_of(
            self.status, deadline=deadline, threads=threads, on_progress=on_progress, cancel=cancel
        )
        asked = self._asked
        assert asked is not None  # assign() sets it
        limits = asked.constraints
        prices = Prices(self.left_price, self.right_price, self.quota_price, self.coverage_price)
        graph = ExplicitGraph(limits.num_left, limits.num_right, asked.stored, lists=asked.lists)
        best = Optimum(graph, limits, asked.coverage_first, self.taken, prices)
        locks = [f"locked: {i} with {j}" for i, j in self._named(limits.locked).tolist()]
        quotas = [quota.name for quota in limits.quotas]
        named = [
            ((locks if rule.kind == LOCKED else quotas)[rule.number], rule)
            for rule in binding(limits, self.taken)
        ]
        return priced(best, chosen(rules, named, quotas), control)

    def __repr__(self) -> str:
        if self.status in (Status.INFEASIBLE, Status.NO_SOLUTION):
            return f"<Assignment {self.status}>"
        numbers = f"{len(self.taken):,} pairs, objective {self._objective:,}, bound {self._bound:,}"
        scale = "" if self.scale == 1 else f", scale {self.scale}"
        return f"<Assignment {self.status}: {numbers}{scale}>"


@bounded
def assign(
    points: object,
    *,
    right_capacity: npt.ArrayLike | Mapping[Any, int] | None = None,
    require_all: bool = False,
    left_bounds: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    right_bounds: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    coverage_first: bool = False,
    locked: Sequence[tuple[Any, Any]] | npt.ArrayLike = (),
    quotas: Sequence[GroupQuota] = (),
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
        What each pair is worth, left nodes by right nodes. In a matrix every pair is admissible (see
        :term:`admissible pair`). In a SciPy sparse array a pair that is not stored is forbidden, and a stored
        zero is a pair worth zero. In a networkx graph nodes have ``bipartite`` 0 (left) or 1 (right) and
        edges have a ``weight``. Points may be negative. Whole points are solved exactly; others are
        multiplied by ``scale`` and rounded.
    right_capacity : int, (num_right,) int or mapping, optional
        Places of each right node; 1 each without it. A mapping goes from node names to places.
    require_all : bool, optional
        Whether every left node must have a partner.
    left_bounds : (lower, upper), optional
        Fewest and most partners of each left node, numbers or arrays; ``(0, 1)`` without it.
    right_bounds : (lower, upper), optional
        Fewest and most partners of each right node; ``(0, c)`` is ``right_capacity=c``.
    coverage_first : bool, optional
        Whether to pair as many left nodes as possible first, and count points among such assignments only.
    locked : sequence of (left, right), optional
        Pairs that must be, whatever they are worth.
    quotas : sequence of GroupQuota, optional
        Fewest and most pairs of groups.
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
        If an option contradicts itself or has the wrong length, with every fault. What is well formed and
        cannot be done is no error: the status is INFEASIBLE.

    Notes
    -----
    Exact. Bounds, locked pairs, and quotas whose groups are nested or apart on each side are a flow through a
    network, and prices prove the optimum. Groups that cross (a quota of some left nodes with some right
    nodes) are solved by prices and, where those leave a gap, by search: ``proof`` says which.

    Examples
    --------
    >>> import twinmatch as tm
    >>> a = tm.assign([[90, 75], [80, 20]])
    >>> a.pairs.tolist(), a.objective, a.bound
    ([[0, 1], [1, 0]], 155, 155)
    >>> a.verify().ok
    True
    """
    started = time.monotonic()
    graph = _read(points)
    faults: list[Fault] = []
    limits = constraints_from(
        graph,
        right_capacity=right_capacity,
        require_all=require_all,
        left_bounds=left_bounds,
        right_bounds=right_bounds,
        locked=locked,
        quotas=quotas,
        faults=faults,
    )
    faults += option_faults(deadline, gap, threads, on_progress, cancel)
    for name, value in (("require_all", require_all), ("coverage_first", coverage_first)):
        if not isinstance(value, (bool, np.bool_)):
            faults.append(Fault(name, f"must be True or False, not {value!r}"))
    if faults:
        raise InputError("options", faults)
    refuse_assign(graph, limits, number_of(threads))
    control = Control(deadline, float(gap), number_of(threads), on_progress, cancel, started)
    logger.info(
        "assign began: %s x %s nodes, %s pairs, %s quotas, %s threads",
        *(graph.num_left, graph.num_right, graph.num_pairs, len(limits.quotas), control.threads),
    )
    answer = _answered(graph, StoredPairs(graph.stored, graph.lists, limits, bool(coverage_first)), control)
    log_end("assign", answer, control.elapsed_s)
    return answer


def _answered(graph: ExplicitGraph, asked: StoredPairs, control: Control) -> Assignment:
    limits = asked.constraints
    if not limits.is_plain:
        return _constrained(graph, asked, control)
    graph.right_capacity = limits.right_most
    required, allowed = limits.left_least > 0, limits.left_most > 0
    return _plain(
        graph, solve_explicit(graph, required, allowed, asked.coverage_first, control), asked, control
    )


def _plain(graph: ExplicitGraph, found: Found, asked: StoredPairs, control: Control) -> Assignment:
    """Return what the engine found, its witness as prices."""
    limits = asked.constraints
    left = np.flatnonzero(found.mate >= 0)
    left_price = found.left_price.copy()
    # Whoever must not be paired has a price at which no pair pays, and which costs nothing.
    closed = limits.left_most == 0
    left_price[closed] = max(0, graph.extent[1]) + found.coverage_price
    near, nothing = _partners(graph, found.witness_left), np.zeros(0, np.int64)
    cover = witness = None
    if asked.coverage_first:
        cover = Prices((~found.witness_left).astype(np.int64), near, nothing, 1)
    if found.status is Status.INFEASIBLE:
        prices = Prices(-found.witness_left.astype(np.int64), near, nothing)
        witness = witness_of(limits, _numbers_of(graph), prices, None)
    return Assignment(
        status=found.status,
        limit=limit_of(found, control),
        taken=np.stack([left, found.mate[left]], axis=1),
        left_price=left_price,
        right_price=found.right_price,
        quota_price=nothing,
        coverage_price=found.coverage_price,
        cover=cover,
        witness=witness,
        _objective=found.objective,
        _bound=found.bound,
        _coverage_bound=found.coverage_bound,
        **_frame(graph, asked, control),
    )


def _constrained(graph: ExplicitGraph, asked: StoredPairs, control: Control) -> Assignment:
    limits = asked.constraints
    try:
        found = solve_constrained(graph, limits, asked.coverage_first, control)
    except OverflowError as error:
        hint = "Divide all points by a common factor."
        raise PointsRangeError("points", [Fault("points", str(error), hint=hint)]) from None
    witness = None
    if found.witness is not None:
        witness = witness_of(limits, _numbers_of(graph), found.witness, found.clash)
    return Assignment(
        status=found.status,
        limit=found.limit,
        taken=found.pairs,
        left_price=found.prices.left,
        right_price=found.prices.right,
        quota_price=found.prices.quota,
        coverage_price=found.prices.coverage,
        price_scale=found.price_scale,
        cover=found.cover,
        witness=witness,
        proof="search" if found.searched else "prices",
        _objective=found.objective,
        _bound=found.bound,
        _coverage_bound=found.coverage_bound,
        _clash=found.clash,
        **_frame(graph, asked, control),
    )


def _frame(graph: ExplicitGraph, asked: StoredPairs, control: Control) -> dict[str, Any]:
    """Return what every assignment says of the question."""
    return {
        "scale": graph.scale,
        "seconds": dict(control.seconds),
        "left_labels": graph.left_labels,
        "right_labels": graph.right_labels,
        "_asked": asked,
    }


def _numbers_of(graph: ExplicitGraph) -> tuple[Int64, Int64]:
    i, j, _ = graph.pairs()
    return i, j


def _partners(graph: ExplicitGraph, left: Bool) -> Int64:
    """Return 1 for each right node that some of these left nodes may have, 0 for the others."""
    near = np.zeros(graph.num_right, np.int64)
    if graph.lists is None:
        near[:] = left.any()
    else:
        offset, item = graph.lists
        near[item[np.repeat(left, np.diff(offset))]] = 1
    return near


def _read(points: Any) -> ExplicitGraph:
    if sparse.issparse(points):
        return ExplicitGraph.from_sparse(points)
    if hasattr(points, "nodes") and hasattr(points, "edges"):
        return ExplicitGraph.from_networkx(points)
    return ExplicitGraph.from_dense(points)
