"""
The answer of the array world: which left node has which right node, and what proves it.

:class:`Assignment` is what :func:`twinmatch.assign` returns: pairs, prices, and a bound that no other
assignment can exceed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.certify.theorem import Claims, check_assignment
from twinmatch.errors import NoSolutionError
from twinmatch.graph.constraints import Prices
from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.pricing import chosen, control_of, priced
from twinmatch.room import bounded
from twinmatch.solvers.bounds import LOCKED, Optimum, binding
from twinmatch.status import Status
from twinmatch.storing import refuse_recount

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable

    import numpy.typing as npt

    from twinmatch.certify import Certificate
    from twinmatch.certify.arrays import StoredPairs
    from twinmatch.pricing import RulePrice
    from twinmatch.solvers.control import Cancel, Progress
    from twinmatch.status import Limit
    from twinmatch.witness import Witness

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Assignment"]


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
