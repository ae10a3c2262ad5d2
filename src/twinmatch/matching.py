"""
A matching of schools: who is paired with whom, how good it is, and what proves it.

The class holds the numbers and the tables that are made of them. What can be done with a matching is in
:mod:`twinmatch.methods`, by what it is for, and bound here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.certify.sealing import digest
from twinmatch.compiler import Compiled, compiled
from twinmatch.lazily import lazily
from twinmatch.mechanisms import Mechanism, Procedure, most_points
from twinmatch.methods import asking, keeping, making, repairing, verifying
from twinmatch.policy.asked import asked
from twinmatch.reasons import Standing, closed_by, reasons_after, reasons_for, reasons_under, schools_in_words
from twinmatch.settling import Settled, settled
from twinmatch.solvers.control import Control
from twinmatch.status import Status
from twinmatch.witness import Witness, pairs_that_count, witness_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from twinmatch.ancestry import Parent
    from twinmatch.certify import Certificate
    from twinmatch.changing import AgreementExpires
    from twinmatch.graph.constraints import Constraints
    from twinmatch.policy import Policy
    from twinmatch.proof import Proof
    from twinmatch.repairing import MoveBound
    from twinmatch.schools import Schools
    from twinmatch.solvers.control import Cancel
    from twinmatch.status import Limit

__all__ = ["Matching"]


def _version() -> str:
    from twinmatch import __version__

    return __version__


@dataclass(frozen=True, eq=False)
class Matching:
    """
    What :func:`twinmatch.match` returns.

    Parameters
    ----------
    left, right : Schools
        The two tables, sorted by id. Indices below are their rows.
    policy : Policy
    right_capacity : (len(right),) int64
        Places of each right school.
    mate : (len(left),) int64
        Row of the partner of each left school, -1 for none.
    right_price : (len(right),) int64
        :term:`Price <price>` of a place at each right school, in whole points, at least 0.
    coverage_price : int
        What covering one more left school is worth in the proof, in whole points, at least 0.
    witness_left : (len(left),) bool
        Left schools whose partners, together, bound the :term:`coverage`: the :term:`witness`.
    objective, bound : int
        Points of all pairs; what no matching that covers as many can exceed (the :term:`bound`). Under a
        mechanism that counts a transform of points, what these count for. Under a procedure, such as
        :func:`twinmatch.mechanisms.stable`, ``bound`` is what no matching exceeds that keeps its guarantee.
    coverage, coverage_bound : int
        Left schools with a partner; what no matching can exceed, or none that keeps a procedure's guarantee.
    status : Status
    limit : Limit or None
        What stopped the run, if anything did.
    seal : str
        Digest of all of the above numbers, taken when they were found.
    fingerprints : sequence of str
        Digests of the two tables and of the policy that the numbers were found for.
    seed : int
    seconds : dict of str to float
        Wall time by phase; phases do not overlap.
    version : str
        The version of twinmatch that found the numbers.
    proof : Proof or None
        Where the policy has quotas, or counts points before coverage. Then ``mate`` is the first partner
        where a school has several; ``pairs`` has all.
    mechanism : Mechanism
        What the matching was to be best at.
    pending : tuple of AgreementExpires
        What changes left for later, see :meth:`repair`: agreements that end on a day to come and, without a
        day, those that are over and whose pair stands without a bonus for it.
    parent : Parent or None
        Digests of the matching that this one was repaired from, and of the changes.
    """

    left: Schools
    right: Schools
    policy: Policy
    right_capacity: npt.NDArray[np.int64]
    mate: npt.NDArray[np.int64]
    right_price: npt.NDArray[np.int64]
    coverage_price: int
    witness_left: npt.NDArray[np.bool_]
    objective: int
    bound: int
    coverage: int
    coverage_bound: int
    status: Status
    limit: Limit | None
    seal: str
    fingerprints: Sequence[str]
    seed: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    version: str = field(default_factory=_version)
    proof: Proof | None = None
    mechanism: Mechanism = field(default_factory=most_points)
    pending: tuple[AgreementExpires, ...] = ()
    parent: Parent | None = None

    from_solution = classmethod(making.from_solution)
    from_outcome = classmethod(making.from_outcome)
    from_answer = classmethod(making.from_answer)

    # -- What it is worth ------------------------------------------------------------------------------------

    @property
    def gap(self) -> int:
        """Points between the bound and the objective."""
        return self.bound - self.objective

    @property
    def relative_gap(self) -> float:
        """The gap over the bound (over 1 where the bound is 0)."""
        return self.gap / max(1, abs(self.bound))

    @property
    def digest(self) -> str:
        """
        The SHA-256 of what was asked: tables, places, policy, mechanism, seed, and version of twinmatch.

        64 hexadecimal digits, the same for any order of rows and any number of threads. Two runs of
        :func:`twinmatch.match` on one digest, to their end, find the same matching. A repair finds one that
        is worth the same, which may be another where several are; ``seal`` is the digest of what was found.
        """
        return digest(*self.fingerprints, self.right_capacity, self.seed, self.version)

    @property
    def points(self) -> int:
        """Points of all pairs, whatever the mechanism counts."""
        return int(self._points_of_pairs().sum())

    def _points_of_pairs(self) -> npt.NDArray[np.int64]:
        return self._compiled.terms.points(*self._taken())

    # -- Who is paired, who is not, and what was asked -------------------------------------------------------

    @lazily
    def pairs(self) -> Any:
        """
        Who is paired with whom, sorted by ``left_id``.

        A frame of the kind of ``left`` with ``left_id``, ``right_id``, ``points`` and one column of points
        for each criterion, whose sum is ``points``.
        """
        i, j = self._taken()
        worth = {name: term.points(i, j).astype(np.int64) for name, term in self._compiled.criteria}
        total = sum(worth.values(), np.zeros(len(i), np.int64))
        return self.left.frame(
            {"left_id": self.left.ids[i], "right_id": self.right.ids[j], "points": total, **worth}
        )

    @lazily
    def unmatched(self) -> Any:
        """
        Who is left out and why, sorted by ``left_id``.

        A frame of the kind of ``left`` with ``left_id`` and ``reason``.
        """
        i = np.flatnonzero(self.mate < 0)
        if isinstance(self.mechanism, Procedure):
            done = self.status is Status.OPTIMAL
            choices = getattr(self.mechanism, "ranks", None)
            why = reasons_after(i, self._compiled, self.constraints, self.mate, is_done=done, choices=choices)
        elif self.proof is None:
            why = reasons_for(i, self._compiled, self.right_capacity, self.witness_left)
        else:
            why = reasons_under(i, self._compiled, self._standing(self.proof))
        return self.left.frame({"left_id": self.left.ids[i], "reason": np.array(why, dtype=object)})

    @lazily
    def quotas(self) -> Any:
        """
        What each quota asks for, what it got, and what it costs.

        A frame of the kind of ``left`` with ``quota``, ``at_least``, ``at_most`` (missing where there is no
        cap), ``count`` and ``price``: the points that one more unit of the bound that presses would bring,
        above zero for a cap, below zero for a floor, where coverage stays the same. Where the bound decides
        how many schools are covered, the price holds ``coverage_price`` as well, what one more of these is
        worth in the proof: it may be above the worth of any pair, and is no number of points to be won.
        """
        import pyarrow as pa

        limits = self.constraints
        scale = 1 if self.proof is None else self.proof.price_scale
        price = np.zeros(len(limits.quotas)) if self.proof is None else self.proof.quota_price / scale
        return self.left.frame(
            {
                "quota": np.array([quota.name for quota in limits.quotas], dtype=object),
                "at_least": np.array([quota.at_least for quota in limits.quotas], np.int64),
                "at_most": pa.array([quota.at_most for quota in limits.quotas], pa.int64()),
                "count": limits.counts(*self._taken()),
                "price": price,
            }
        )

    @lazily
    def witness(self) -> Witness | None:
        """With status INFEASIBLE, why nothing keeps to all that the policy asks: numbers, and a sentence."""
        if self.proof is None or self.proof.witness is None:
            return None
        limits, prices = self.constraints, self.proof.witness
        pairs = pairs_that_count(self._compiled.terms, limits, prices)
        return witness_of(limits, pairs, prices, self.proof.clash, schools_in_words(self.left, self.right))

    @property
    def constraints(self) -> Constraints:
        """What the policy asks besides points, as arrays: bounds of schools, pairs that stay, quotas."""
        return self._settled.constraints

    @property
    def settling_notes(self) -> tuple[str, ...]:
        """What of the wishes gave way, in words."""
        return () if self.proof is None else self._settled.notes

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the policy assumed where something is not known, and what gave way, in words."""
        if self.proof is None:
            return self._compiled.assumptions
        said: list[str] = []
        asked(self.policy, self.left, self.right, self.right_capacity, said.append)
        return (*self._compiled.assumptions, *said, *self._settled.notes)

    # -- What a repair leaves --------------------------------------------------------------------------------

    @property
    def step_certificate(self) -> Certificate | None:
        """
        What a quick repair proved, on top of the proof of the matching before it; None where there was none.

        It holds with what that matching's own certificate says; :meth:`verify` builds on nothing.
        """
        found: Certificate | None = self.__dict__.get("_step")
        return found

    @property
    def repair_notes(self) -> tuple[str, ...]:
        """What else a repair changed, in words: locks of schools that left, agreements that ended today."""
        found: tuple[str, ...] = self.__dict__.get("_notes", ())
        return found

    @property
    def move_bound(self) -> MoveBound | None:
        """What is proven of a repair with ``max_moves``: schools that move, points, bound and gap."""
        found: MoveBound | None = self.__dict__.get("_moves")
        return found

    # -- What can be done with it ----------------------------------------------------------------------------

    verify = verifying.verify

    explain = asking.explain
    standby = asking.standby
    notice = asking.notice
    metrics = asking.metrics
    blocking_pairs = asking.blocking_pairs
    rule_prices = asking.rule_prices

    repair = repairing.repair
    prepare = repairing.prepare
    stability_frontier = repairing.stability_frontier
    diff = repairing.diff

    save = keeping.save
    report = keeping.report

    # -- What the above is made of ---------------------------------------------------------------------------

    @lazily
    def _compiled(self) -> Compiled:
        return compiled(self.left, self.right, self.policy)

    @lazily
    def _settled(self) -> Settled:
        return self._settle(self._compiled)

    def _settle(self, compiled: Compiled, cancel: Cancel | None = None) -> Settled:
        request = asked(self.policy, self.left, self.right, self.right_capacity)
        priced = 0 if self.proof is None else len(self.proof.quota_price)
        if self.status is Status.NO_SOLUTION and priced == len(request.constraints.quotas):
            return Settled(request.constraints)  # stopped before wishes were settled: nothing is said of them
        return settled(request, compiled.terms, Control(cancel=cancel))

    def _taken(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the rows of the left and the right school of each pair."""
        if self.proof is not None:
            return self.proof.taken[:, 0], self.proof.taken[:, 1]
        i = np.flatnonzero(self.mate >= 0)
        return i, self.mate[i]

    def _standing(self, proof: Proof) -> Standing:
        """Return what those who are left out look at."""
        limits, coverage_first = self.constraints, self.policy.coverage == "first"
        price = proof.quota_price
        if coverage_first:
            price = price * 0 if proof.cover is None else proof.cover.quota
        settled = self.coverage == self.coverage_bound if coverage_first else self.status is Status.OPTIMAL
        closed = []
        if not limits.left_most.all():
            closed = closed_by(self.policy, self.left, self.right, self.right_capacity)
        return Standing(
            limits, proof.taken, self.status, coverage_first, settled, proof.searched, price, closed
        )

    def __getstate__(self) -> dict[str, Any]:
        # What repairs keep in memory is a market of this process.
        return {name: value for name, value in self.__dict__.items() if name != "_live"}

    def __repr__(self) -> str:
        if self.status is Status.INFEASIBLE:
            return f"Matching({self.status}, {len(self.left):,} schools)"
        best = "" if self.mechanism == most_points() else f", {self.mechanism.name} {self.objective:,}"
        if isinstance(self.mechanism, Procedure):
            best = f" by {self.mechanism.name}"
        return (
            f"Matching({self.status}, {self.coverage:,} of {len(self.left):,} schools paired, "
            f"{self.points:,} points{best}, gap {self.gap:,})"
        )
