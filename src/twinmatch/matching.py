"""A matching of schools: who is paired with whom, how good it is, and what proves it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.certify import Certificate, Claim, check, seal
from twinmatch.certify.firsts import check_firsts
from twinmatch.certify.floor import check_floor
from twinmatch.certify.implicit import question_of
from twinmatch.certify.outcome import check_outcome
from twinmatch.certify.sealing import digest
from twinmatch.certify.theorem import Claims, check_assignment
from twinmatch.compiler import Compiled, compiled
from twinmatch.fitting import refuse_check
from twinmatch.graph.constraints import Prices
from twinmatch.lazily import Later, lazily
from twinmatch.log import logger
from twinmatch.mechanisms import Leximin, Mechanism, Procedure, most_points
from twinmatch.mechanisms.mechanism import Setting
from twinmatch.pausing import stopping
from twinmatch.policy.asked import asked
from twinmatch.proof import Proof
from twinmatch.reasons import Standing, closed_by, reasons_after, reasons_for, reasons_under, schools_in_words
from twinmatch.room import bounded
from twinmatch.settling import Settled, settled
from twinmatch.solvers.control import Control, Stopped
from twinmatch.status import Status
from twinmatch.threads import number_of
from twinmatch.witness import Witness, pairs_that_count, witness_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import date
    from pathlib import Path

    import numpy.typing as npt

    from twinmatch.ancestry import Parent
    from twinmatch.blocking import BlockingPairs
    from twinmatch.certify.certificate import Findings
    from twinmatch.changing import AgreementExpires, Change
    from twinmatch.explaining import Explanation, Notice
    from twinmatch.graph.constraints import Constraints
    from twinmatch.graph.terms import PairTerms
    from twinmatch.mechanisms.mechanism import Outcome
    from twinmatch.metrics import Metrics
    from twinmatch.policy import Policy
    from twinmatch.repairing import Diff, Frontier, MoveBound
    from twinmatch.schools import Schools
    from twinmatch.solvers import Solution
    from twinmatch.solvers.constrained import Answer
    from twinmatch.solvers.control import Cancel, Progress
    from twinmatch.status import Limit

__all__ = ["Matching", "Proof", "load_matching"]

_SEALED = (
    "mate",
    "right_price",
    "coverage_price",
    "witness_left",
    "right_capacity",
    "status",
    "objective",
    "bound",
    "coverage",
    "coverage_bound",
)


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

    @classmethod
    def from_solution(
        cls,
        left: Schools,
        right: Schools,
        policy: Policy,
        right_capacity: npt.NDArray[np.int64],
        solution: Solution,
        *,
        seed: int,
        seconds: dict[str, float],
        mechanism: Mechanism,
        fingerprints: Sequence[str] | None = None,
    ) -> Matching:
        """Return the matching that a solution over two sorted tables stands for."""
        numbers: dict[str, Any] = {
            "right_capacity": right_capacity,
            "mate": solution.mate,
            "right_price": solution.right_price,
            "coverage_price": solution.coverage_price,
            "witness_left": solution.witness_left,
            "objective": solution.objective,
            "bound": solution.bound,
            "coverage": solution.coverage,
            "coverage_bound": solution.coverage_bound,
            "status": solution.status,
        }
        return cls(
            left=left,
            right=right,
            policy=policy,
            limit=solution.limit,
            seal=seal(**numbers),
            fingerprints=_digests(left, right, policy, mechanism) if fingerprints is None else fingerprints,
            seed=seed,
            seconds={**seconds, **solution.seconds},
            mechanism=mechanism,
            **numbers,
        )

    @classmethod
    def from_outcome(
        cls,
        left: Schools,
        right: Schools,
        policy: Policy,
        right_capacity: npt.NDArray[np.int64],
        outcome: Outcome,
        *,
        terms: PairTerms,
        seed: int,
        seconds: dict[str, float],
        mechanism: Procedure,
    ) -> Matching:
        """Return the matching that a procedure over two sorted tables came to."""
        mechanism = outcome.mechanism or mechanism
        i = np.flatnonzero(outcome.mate >= 0)
        objective = int(terms.points(i, outcome.mate[i]).sum())
        done = outcome.limit is None
        stopped = Status.FEASIBLE if len(i) else Status.NO_SOLUTION
        numbers: dict[str, Any] = {
            "right_capacity": right_capacity,
            "mate": outcome.mate,
            "right_price": np.zeros(len(right), np.int64),
            "coverage_price": 0,
            "witness_left": np.zeros(len(left), bool),
            "objective": objective,
            "bound": objective if done else len(left) * terms.max_points,
            "coverage": len(i),
            "coverage_bound": len(i) if done else len(left),
            "status": Status.OPTIMAL if done else stopped,
        }
        return cls(
            left=left,
            right=right,
            policy=policy,
            limit=outcome.limit,
            seal=seal(**numbers),
            fingerprints=_digests(left, right, policy, mechanism),
            seed=seed,
            seconds=seconds,
            mechanism=mechanism,
            **numbers,
        )

    @classmethod
    def from_answer(
        cls,
        left: Schools,
        right: Schools,
        policy: Policy,
        right_capacity: npt.NDArray[np.int64],
        answer: Answer,
        *,
        seed: int,
        seconds: dict[str, float],
        mechanism: Mechanism,
    ) -> Matching:
        """Return the matching that an answer under constraints stands for."""
        order = np.lexsort(answer.pairs.T[::-1])
        taken = answer.pairs[order]
        mate = np.full(len(left), -1, np.int64)
        mate[taken[::-1, 0]] = taken[::-1, 1]  # the first of several is written last
        prices = answer.prices
        proof = Proof(
            taken,
            prices.left,
            prices.quota,
            answer.price_scale,
            answer.cover,
            answer.witness,
            answer.clash,
            answer.searched,
        )
        coverage = int((mate >= 0).sum())
        numbers: dict[str, Any] = {
            "right_capacity": right_capacity,
            "mate": mate,
            "right_price": prices.right,
            "coverage_price": prices.coverage,
            "witness_left": np.zeros(len(left), bool) if answer.cover is None else answer.cover.left == 0,
            "objective": answer.objective,
            "bound": answer.bound,
            "coverage": coverage,
            "coverage_bound": len(left) if answer.coverage_bound is None else answer.coverage_bound,
            "status": answer.status,
        }
        return cls(
            left=left,
            right=right,
            policy=policy,
            limit=answer.limit,
            seal=digest(seal(**numbers), *proof.arrays()),
            fingerprints=_digests(left, right, policy, mechanism),
            seed=seed,
            seconds=seconds,
            proof=proof,
            mechanism=mechanism,
            **numbers,
        )

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

        64 hexadecimal digits, the same for any order of rows and any number of threads. Two matchings of one
        digest, run to their end, are the same matching; ``seal`` is the digest of what was found.
        """
        return digest(*self.fingerprints, self.right_capacity, self.seed, self.version)

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

    @property
    def settling_notes(self) -> tuple[str, ...]:
        """What of the wishes gave way, in words."""
        return () if self.proof is None else self._settled.notes

    @property
    def constraints(self) -> Constraints:
        """What the policy asks besides points, as arrays: bounds of schools, pairs that stay, quotas."""
        return self._settled.constraints

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

    @bounded
    def rule_prices(
        self,
        *,
        rules: Collection[str] | None = None,
        deadline: float | None = None,
        threads: int | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        cancel: Cancel | None = None,
    ) -> Any:
        """
        Return what each rule that presses costs: points for a unit of its bound, and how far that holds.

        Parameters
        ----------
        rules : collection of str, optional
            Names of the quotas, locks and rules to price; the name of a quota that is made group by group
            means all of its groups. All without it.
        deadline : float, optional
            Seconds from the call. Rows that are not reached by then have no prices, and their notes say so.
        threads : int, optional
            As many as this process has cores.
        on_progress : callable, optional
            Called with a :class:`~twinmatch.solvers.control.Progress`, whose ``phase`` tells the rule.
        cancel : object with ``is_set()``, optional

        Returns
        -------
        frame
            Of the kind of ``left``, with a row for each cap or floor that is reached, each locked pair, and
            each rule of the policy that forbids pairs, schools or countries; columns as in
            :class:`~twinmatch.RulePrice`. What is not there is missing, and the notes say why.

        Raises
        ------
        NoSolutionError
            If the status is not OPTIMAL, or the mechanism is a procedure, which sets no prices.
        InputError
            If an option is out of range, with every fault.
        ResourceLimitError
            Above a million pairs: if quotas cross, or if rules that forbid pairs are among those asked for.

        Notes
        -----
        Exact: differences between optima, the other rules as they stand, wishes as they were settled. Points
        are compared at the same coverage; where the coverage would change there is a note and no price.
        On the whole registers each row takes a few seconds. Of quotas that cross, and of forbidden sets, how
        far a price holds is not always settled.
        """
        from twinmatch.costing import rule_prices

        return rule_prices(
            self, rules=rules, deadline=deadline, threads=threads, on_progress=on_progress, cancel=cancel
        )

    @bounded
    def metrics(
        self, *, by: Collection[str] | None = None, ranks: bool = True, threads: int | None = None
    ) -> Metrics:
        """
        Measure what the matching gives, and to whom: :term:`coverage`, :term:`points`, distance, ranks.

        Parameters
        ----------
        by : collection of str, optional
            What left schools are grouped by: ``"level"``, ``"sector"``, ``"country"``, ``"academie"``,
            ``"priority"`` (REP against others), ``"setting"`` (rural against urban), or any column of the
            left table. Without it, all of these of which something is known.
        ranks : bool, optional
            Whether to count ranks and blocking pairs, which looks at pairs outside the matching.
        threads : int, optional
            As many as this process has cores.

        Returns
        -------
        Metrics
            ``summary``, ``table`` by group, ``countries``; printed, one screen. With status INFEASIBLE or
            NO_SOLUTION everything but the sizes of groups is missing.

        Raises
        ------
        InputError
            If the left table has no such column, or an option is out of range, with every fault.

        Notes
        -----
        Everything is exact, ranks and blocking pairs included: on the whole registers they take about 15
        seconds on two cores, the rest two.
        """
        from twinmatch.metrics import measured

        return measured(self, by=by, ranks=ranks, threads=threads)

    @bounded
    def blocking_pairs(
        self,
        right_policy: Policy | None = None,
        *,
        threads: int | None = None,
        isa: str = "auto",
        on_progress: Callable[[int, int], object] | None = None,
        cancel: Cancel | None = None,
    ) -> BlockingPairs | None:
        """
        Count the :term:`blocking pairs <blocking pair>`, exactly.

        Parameters
        ----------
        right_policy : Policy, optional
            By whose points right schools rank left schools; see :func:`twinmatch.blocking.blocking_pairs`.
        threads, isa, on_progress, cancel
            As for :meth:`verify`.

        Returns
        -------
        BlockingPairs or None
            None if it was cancelled.
        """
        from twinmatch.blocking import blocking_pairs

        return blocking_pairs(
            self, right_policy, threads=threads, isa=isa, on_progress=on_progress, cancel=cancel
        )

    @lazily
    def witness(self) -> Witness | None:
        """With status INFEASIBLE, why nothing keeps to all that the policy asks: numbers, and a sentence."""
        if self.proof is None or self.proof.witness is None:
            return None
        limits, prices = self.constraints, self.proof.witness
        pairs = pairs_that_count(self._compiled.terms, limits, prices)
        return witness_of(limits, pairs, prices, self.proof.clash, schools_in_words(self.left, self.right))

    def _taken(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the rows of the left and the right school of each pair."""
        if self.proof is not None:
            return self.proof.taken[:, 0], self.proof.taken[:, 1]
        i = np.flatnonzero(self.mate >= 0)
        return i, self.mate[i]

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the policy assumed where something is not known, and what gave way, in words."""
        if self.proof is None:
            return self._compiled.assumptions
        said: list[str] = []
        asked(self.policy, self.left, self.right, self.right_capacity, said.append)
        return (*self._compiled.assumptions, *said, *self._settled.notes)

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

    @property
    def points(self) -> int:
        """Points of all pairs, whatever the mechanism counts."""
        return int(self._points_of_pairs().sum())

    def _points_of_pairs(self) -> npt.NDArray[np.int64]:
        return self._compiled.terms.points(*self._taken())

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

    @bounded
    def verify(
        self,
        *,
        threads: int | None = None,
        isa: str = "auto",
        on_progress: Callable[[int, int], object] | None = None,
        cancel: Cancel | None = None,
    ) -> Certificate:
        """
        Compute every claim again from the tables, over all pairs, without the solver: a :term:`certificate`.

        Parameters
        ----------
        threads : int, optional
            As many as this process has cores.
        isa : str, optional
            Instruction set of the pass: ``"auto"``, ``"avx512"``, ``"avx2"`` or ``"portable"``.
        on_progress : callable, optional
            Called a few times a second with the pairs evaluated so far and in all.
        cancel : object with ``is_set()``, optional

        Returns
        -------
        Certificate
            ``ok`` if every claim holds; ``raise_for_failure()`` turns a refusal into an error.

        Notes
        -----
        One evaluation of each of the ``len(left) x len(right)`` pairs: a :term:`plain pass`.
        """
        refuse_check(self.left, self.right, number_of(threads))
        started = time.monotonic()
        control = Control(cancel=cancel, started=started)
        try:
            with stopping(control.look_up):
                certificate = self._verified(threads, isa, on_progress, cancel)
        except Stopped:
            numbers = (self.objective, self.bound, self.coverage, self.coverage_bound)
            gone = Claim("check", False, "the check was cancelled")
            return Certificate((gone,), str(self.status), *numbers, 0, 0.0, time.monotonic() - started)
        logger.log(
            logging.INFO if certificate.ok else logging.WARNING,
            "verify ended: %s, %s pairs, %.3f s",
            *("every claim holds" if certificate.ok else "refused", certificate.pairs_checked),
            time.monotonic() - started,
        )
        return certificate

    def _verified(
        self,
        threads: int | None,
        isa: str,
        on_progress: Callable[[int, int], object] | None,
        cancel: Cancel | None,
    ) -> Certificate:
        # The policy is compiled afresh: a cached compilation is not evidence.
        fresh = compiled(self.left, self.right, self.policy)
        if isinstance(self.mechanism, Procedure):
            return self._kept(self._checked_outcome(self.mechanism, fresh, threads, isa, on_progress, cancel))
        curve = self.mechanism.curve(fresh.terms.max_points)
        counted = replace(fresh, terms=replace(fresh.terms, curve=curve))
        certificate = self._checked(counted, threads, isa, on_progress, cancel)
        if isinstance(self.mechanism, Leximin):
            promised = self._promised(self.mechanism, fresh, isa, cancel)
            certificate = replace(certificate, claims=(*certificate.claims, *promised))
        return self._kept(certificate)

    def _promised(
        self, mechanism: Leximin, fresh: Compiled, isa: str, cancel: Cancel | None
    ) -> tuple[Claim, ...]:
        """See that the floor of the worst pair is kept, and that there is no higher one."""
        promise = mechanism.promise
        if self.proof is not None:
            return (Claim("floor", False, "quotas and several partners do not go together with a floor"),)
        if promise is None:
            known = self.status is Status.OPTIMAL and self.coverage > 0
            return (Claim("floor", not known, "none is promised"),)
        return check_floor(
            fresh.terms,
            mate=self.mate,
            right_capacity=self.right_capacity,
            floor=promise.floor,
            witness_left=promise.witness_left,
            isa=isa,
            cancel=cancel,
        )

    def _kept(self, certificate: Certificate) -> Certificate:
        """Add what the tables say, and remember it."""
        certificate = replace(certificate, claims=(*certificate.claims, self._unchanged()))
        self.__dict__["last_certificate"] = certificate
        return certificate

    def _checked(
        self,
        fresh: Compiled,
        threads: int | None,
        isa: str,
        on_progress: Callable[[int, int], object] | None,
        cancel: Cancel | None,
    ) -> Certificate:
        if self.proof is not None:
            return self._checked_under_quotas(self.proof, fresh, threads, isa, on_progress, cancel)
        return check(
            fresh.terms,
            mate=self.mate,
            right_price=self.right_price,
            coverage_price=self.coverage_price,
            witness_left=self.witness_left,
            status=self.status,
            objective=self.objective,
            bound=self.bound,
            coverage=self.coverage,
            coverage_bound=self.coverage_bound,
            right_capacity=self.right_capacity,
            seal=self.seal,
            threads=threads,
            isa=isa,
            on_progress=on_progress,
            cancel=cancel,
        )

    def _checked_outcome(
        self,
        mechanism: Procedure,
        fresh: Compiled,
        threads: int | None,
        isa: str,
        on_progress: Callable[[int, int], object] | None,
        cancel: Cancel | None,
    ) -> Certificate:
        other = mechanism.right_policy
        right_terms = None if other is None else compiled(self.left, self.right, other).terms
        limits = self._settle(fresh, cancel).constraints
        setting = Setting(self.left, self.right, self.policy, fresh.terms, right_terms, limits)

        def guarantee(mate: npt.NDArray[np.int64]) -> Findings:
            return mechanism.check(
                setting, mate, threads=threads, isa=isa, on_progress=on_progress, cancel=cancel
            )

        numbers = {name: getattr(self, name) for name in _SEALED}
        certificate = check_outcome(fresh.terms, limits, numbers, self.seal, guarantee, isa=isa)
        beyond = [str(fault.what) for fault in mechanism.faults(setting)]
        if self.proof is not None:
            beyond.append("there is a proof by prices, which a procedure does not have")
        detail = "; ".join(beyond) or "the policy asks for nothing that it cannot promise"
        return replace(certificate, claims=(*certificate.claims, Claim("mechanism", not beyond, detail)))

    def _checked_under_quotas(
        self,
        proof: Proof,
        fresh: Compiled,
        threads: int | None,
        isa: str,
        on_progress: Callable[[int, int], object] | None,
        cancel: Cancel | None,
    ) -> Certificate:
        limits = self._settle(fresh, cancel).constraints
        coverage_first = self.policy.coverage == "first"
        question = question_of(
            fresh.terms,
            limits,
            coverage_first,
            proof.taken,
            threads=threads,
            isa=isa,
            on_progress=on_progress,
            cancel=cancel,
        )
        known = self.status not in (Status.INFEASIBLE, Status.NO_SOLUTION)
        claims = Claims(
            self.status,
            proof.taken,
            Prices(proof.left_price, self.right_price, proof.quota_price, self.coverage_price),
            proof.price_scale,
            proof.cover,
            proof.witness,
            proof.clash,
            proof.searched,
            self.objective if known else None,
            None if self.status is Status.INFEASIBLE else self.bound,
            self.coverage if known else None,
            self.coverage_bound if coverage_first else None,
        )
        certificate = check_assignment(question, claims)
        numbers = {name: getattr(self, name) for name in _SEALED}
        sealed = digest(seal(**numbers), *proof.arrays()) == self.seal
        detail = "nothing was changed" if sealed else f"the numbers are not those of {self.seal[:16]}..."
        follows = check_firsts(
            proof.taken,
            proof.cover,
            mate=self.mate,
            witness_left=self.witness_left,
            objective=self.objective,
            coverage=self.coverage,
        )
        return replace(certificate, claims=(*certificate.claims, *follows, Claim("seal", sealed, detail)))

    def _unchanged(self) -> Claim:
        """See that the tables and the policy are those that the numbers were found for."""
        found = _fingerprints(self.left, self.right, self.policy, self.mechanism)
        changed = [
            name
            for name, a, b in zip(("left", "right", "policy"), found, self.fingerprints, strict=True)
            if a != b
        ]
        written = self.__dict__.get("points_on_file")
        if written is not None and not np.array_equal(written, self._points_of_pairs()):
            changed.append("the points on file")
        changed += self.__dict__.get("changed_on_file", ())
        if self.__dict__.get("digest_on_file") not in (None, self.digest):
            changed.append("the digest")
        detail = "the tables and the policy are those that the numbers were found for"
        if changed:
            detail = f"changed since the numbers were found: {', '.join(changed)}"
        return Claim("inputs", not changed, detail)

    @bounded
    def repair(
        self,
        changes: Iterable[Change] | Change,
        keep_bonus: int = 0,
        max_moves: int | None = None,
        *,
        today: date | None = None,
        deadline: float | None = None,
        threads: int | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        cancel: Cancel | None = None,
    ) -> Matching:
        """
        Return the matching after changes: proven best in points, plus a bonus for each pair that is kept.

        Parameters
        ----------
        changes : iterable of Change, or a Change
            What happened, from :mod:`twinmatch.changes`. They happen together: their order does not matter.
        keep_bonus : int, optional
            Points that a pair of before is worth more. With 0 schools are paired as if for the first time;
            the more, the fewer move.
        max_moves : int, optional
            How many schools of before may have another partner, or none, or an agreement that is over. The
            result is the corner of the :meth:`stability_frontier` with the most points among those that move
            no more, found with the least bonus that does; ``move_bound`` says what no other exceeds.
        today : datetime.date, optional
            Needed where a change has a date; what is due in ``pending`` happens on it. What is not due yet
            waits in ``pending`` of the result.
        deadline, threads, on_progress, cancel
            As for :func:`twinmatch.match`.

        Returns
        -------
        Matching
            Of the tables and the policy of now, by the same mechanism; ``diff(old)`` says what is different.
            Its ``objective`` counts the bonus, a criterion of its policy called "kept pair".

        Raises
        ------
        InputError
            With everything that is wrong with the changes: schools that are not there, with the nearest ids,
            contradictions, dates without ``today``, more locked pairs than places; or if there is a bonus,
            and the mechanism does not find the most points.
        NoSolutionError
            If more than ``max_moves`` schools have to move.
        PolicyError
            If the policy cannot be used any more, such as a locked pair that a rule forbids.

        Notes
        -----
        Locks are kept in the policy as a quota called "agreements", vetoes as a rule called "vetoes". The
        result equals a match from scratch on the new tables; see :doc:`/changes`.

        Examples
        --------
        >>> import twinmatch as tm
        >>> old = tm.match(*tm.datasets.sample())
        >>> new = old.repair(tm.changes.PartnerLeaves(old.pairs.right_id[0]))
        >>> new.gap, len(old.right) - len(new.right)
        (0, 1)
        """
        from twinmatch.repairing import repair

        return repair(
            self,
            changes,
            keep_bonus=keep_bonus,
            max_moves=max_moves,
            today=today,
            deadline=deadline,
            threads=threads,
            on_progress=on_progress,
            cancel=cancel,
        )

    @property
    def step_certificate(self) -> Certificate | None:
        """
        What a quick repair proved, on top of the proof of the matching before it; None where there was none.

        It holds with what that matching's own certificate says; :meth:`verify` builds on nothing.
        """
        found: Certificate | None = self.__dict__.get("_step")
        return found

    @bounded
    def prepare(
        self,
        *,
        threads: int | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        cancel: Cancel | None = None,
    ) -> bool:
        """
        Load what repairs need into memory, so that each change is answered within a moment.

        Parameters
        ----------
        threads, on_progress, cancel
            As for :func:`twinmatch.match`.

        Returns
        -------
        bool
            Whether that is possible: for an optimal matching of the most points without quotas. Repairs of
            others start afresh.

        Notes
        -----
        The policy is compiled, the matching verified unless it was, and its highest and lowest prices are
        worked out; some seconds for whole registers, and some hundred megabytes, for as long as this matching
        or one repaired from it is there. A repair loads by itself what it needs, without the prices.
        Repairs from several threads take turns.

        Examples
        --------
        >>> import twinmatch as tm
        >>> matching = tm.match(*tm.datasets.sample())
        >>> matching.prepare()
        True
        >>> partner = matching.pairs.right_id[0]
        >>> matching.repair(tm.changes.PartnerLeaves(partner)).step_certificate.ok
        True
        """
        from twinmatch.repairing import prepare

        control = Control(None, 0.0, number_of(threads), on_progress, cancel)
        try:
            return prepare(self, control) is not None
        except Stopped:
            return False

    @property
    def move_bound(self) -> MoveBound | None:
        """What is proven of a repair with ``max_moves``: schools that move, points, bound and gap."""
        found: MoveBound | None = self.__dict__.get("_moves")
        return found

    @property
    def repair_notes(self) -> tuple[str, ...]:
        """What else a repair changed, in words: locks of schools that left, agreements that ended today."""
        found: tuple[str, ...] = self.__dict__.get("_notes", ())
        return found

    @bounded
    def stability_frontier(
        self,
        changes: Iterable[Change] | Change = (),
        *,
        today: date | None = None,
        threads: int | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        cancel: Cancel | None = None,
    ) -> Frontier:
        """
        Return how many points each number of schools that may move allows after changes.

        Parameters
        ----------
        changes, today, threads, on_progress, cancel
            As for :meth:`repair`.

        Returns
        -------
        Frontier
            All corners that are best at some whole bonus for a kept pair up to 2**24, each with a proof;
            ``table``, ``plot()``, and ``bound(moved)`` in between.

        Raises
        ------
        InputError
            As for :meth:`repair`.
        NoSolutionError
            If a repair was cancelled, or is not proven optimal.

        Notes
        -----
        Two repairs for each corner, about; see :meth:`prepare`.

        Examples
        --------
        >>> import twinmatch as tm
        >>> old = tm.match(*tm.datasets.sample())
        >>> gone = tm.changes.PartnerLeaves(old.pairs.right_id[0])
        >>> frontier = old.stability_frontier(gone)
        >>> frontier.corners[0].moved
        1
        """
        from twinmatch.repairing import stability_frontier

        return stability_frontier(
            self, changes, today=today, threads=threads, on_progress=on_progress, cancel=cancel
        )

    def diff(self, old: Matching) -> Diff:
        """
        Say what is different from another matching, usually the one before a repair.

        Parameters
        ----------
        old : Matching
            Of the same schools, or nearly so; schools are found by their ids.

        Returns
        -------
        Diff
            Pairs that were kept, moved, made and lost, and schools that left and joined, as frames; printed,
            one screen.

        Examples
        --------
        >>> import twinmatch as tm
        >>> old = tm.match(*tm.datasets.sample())
        >>> new = old.repair(tm.changes.SchoolLeaves(old.left.ids[0]))
        >>> new.diff(old).counts["gone"]
        1
        """
        from twinmatch.repairing import difference

        return difference(old, self)

    def standby(self, k: int = 3, *, threads: int | None = None) -> Any:
        """
        Return a :term:`standby` list for every left school: whom it could get if its partner dropped out.

        Parameters
        ----------
        k : int, optional
            How many for each school, at most.
        threads : int, optional
            As many as this process has cores.

        Returns
        -------
        frame
            Of the kind of ``left``, sorted by ``left_id`` and ``rank``: ``left_id``, ``rank`` from 1,
            ``right_id``, ``points``, ``loss`` and ``free``. Partners are the best by what the prices of the
            proof leave of their points: those with a free place have no price, others are worth what moving
            whoever has their place costs; under a mechanism without prices, those with a free place, most
            points first. ``loss`` is what every matching with that pair which covers as many schools has less
            than this one, at least; missing where the proof says nothing.

        Raises
        ------
        InputError
            If ``k`` is out of range.
        NoSolutionError
            If there is no matching: its status is INFEASIBLE or NO_SOLUTION.

        Notes
        -----
        One search of the tree for each left school. Prices of quotas count in ``loss`` and not in the order;
        a free partner beyond a cap may be on the list. :meth:`repair` settles what is really had.

        Examples
        --------
        >>> import twinmatch as tm
        >>> matching = tm.match(*tm.datasets.sample())
        >>> matching.standby(k=2).columns.tolist()
        ['left_id', 'rank', 'right_id', 'points', 'loss', 'free']
        """
        from twinmatch.explaining.standby import standby

        return standby(self, k, threads=threads)

    @bounded
    def explain(
        self,
        school: str,
        *,
        wished: str | None = None,
        side: str | None = None,
        cost: bool = False,
        lang: str = "en",
        k: int = 10,
    ) -> Explanation:
        """
        Say why a school has the partner that it has, and what keeps others away.

        Parameters
        ----------
        school : str
            Id of a left school, or of a right school: then who has its places, and who else wanted them.
        wished : str, optional
            Id of a right school that the left school would rather have: what stands in the way.
        side : {"left", "right"}, optional
            Where the id is, should both tables have it; the left first without it.
        cost : bool, optional
            Whether to work out what forcing the wished pair costs, by solving again with the pair locked.
        lang : {"en", "fr"}, optional
            What the explanation is shown in; ``explanation.in_("fr")`` is the same in French.
        k : int, optional
            How many next best partners, :term:`standby` partners or rivals, at most; 0 to 1,000.

        Returns
        -------
        Explanation
            ``print`` it for a screen; ``to_dict()`` for programs; it shows itself in notebooks.

        Raises
        ------
        InputError
            If there is no such school, with the nearest ids, or an option is out of range.

        Notes
        -----
        Points are whole numbers that add up exactly. Losses follow from each :term:`price` of the proof and
        are lower bounds: every matching with the other pair that covers as many schools has at least so much
        less. One row of pairs is evaluated; with ``cost`` the time is that of a match under quotas.

        Examples
        --------
        >>> import twinmatch as tm
        >>> matching = tm.match(*tm.datasets.sample())
        >>> explanation = matching.explain("0070031W")
        >>> pair = explanation.pairs[0]
        >>> pair.points == sum(share.points for share in pair.shares)
        True
        """
        from twinmatch.explaining import explain

        return explain(self, school, wished=wished, side=side, cost=cost, lang=lang, k=k)

    @bounded
    def notice(
        self,
        lang: str = "en",
        school: str | None = None,
        *,
        authority: str | None = None,
        contact: str | None = None,
    ) -> Notice:
        """
        Return the notice that French law asks of a decision made through algorithmic processing.

        Parameters
        ----------
        lang : {"en", "fr"}, optional
        school : str, optional
            Id of the school that the notice is for; its result is then part of it.
        authority, contact : str, optional
            Who decides, and where to write to be told more; the text leaves them open where they are missing.

        Returns
        -------
        Notice
            ``print`` it, or ``to_html()``, or ``to_dict()``.

        Raises
        ------
        InputError
            If there is no such school, with the nearest ids, or an option is wrong.

        Notes
        -----
        Code des relations entre le public et l'administration, articles L. 311-3-1, R. 311-3-1-1 and
        R. 311-3-1-2: purpose; rights and how to use them; degree and mode of contribution; data and sources;
        parameters and weights; operations. It is not legal advice.

        Examples
        --------
        >>> import twinmatch as tm
        >>> matching = tm.match(*tm.datasets.sample())
        >>> matching.notice("fr").page().sections[0].title
        'Finalité du traitement'
        """
        from twinmatch.explaining import notice

        return notice(self, lang=lang, school=school, authority=authority, contact=contact)

    @bounded
    def report(self, path: str | os.PathLike[str], *, lang: str = "en") -> Path:
        """
        Write a report that people read: one page of HTML, complete in itself.

        Parameters
        ----------
        path : path
            The file to write, such as ``twins.html``; folders on the way are made, an older file is replaced.
        lang : {"en", "fr"}, optional

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError
            If the language is another one, or the path is none, or a folder.
        MissingExtraError
            If what draws figures is not installed: ``pip install 'twinmatch[report]'``.

        Notes
        -----
        It fetches nothing, and is below 5 MB for the whole registers: summary, certificate, map, partners,
        points, equity, quotas, schools without a partner, a table of all pairs to search in, and the notice.
        The matching is verified first, unless it was before; drawing takes some ten seconds at most. The same
        matching gives the same bytes where the same versions draw. What figures show are the tables of
        :mod:`twinmatch.reporting.tables` and :mod:`twinmatch.reporting.equity`.

        Examples
        --------
        >>> import twinmatch as tm
        >>> matching = tm.match(*tm.datasets.sample())
        >>> matching.report("twins.html", lang="fr")  # doctest: +SKIP
        PosixPath('twins.html')
        """
        from twinmatch.reporting import report
        from twinmatch.saving import place

        return report(self, place("report", "path", path, folder=False), lang=lang)

    @bounded
    def save(self, directory: str | os.PathLike[str]) -> None:
        """
        Write the matching and everything its proof needs into a folder.

        Parameters
        ----------
        directory : path
            Made if it is missing. An earlier matching in it is replaced as a whole: whenever the program is
            killed, the folder holds the old one or the new one. Other files stay.

        Raises
        ------
        InputError
            If that is no path, an empty one, or a file.
        ResourceLimitError
            If the disk is full; what was there before is as it was.

        Notes
        -----
        Tables as Parquet and CSV, the policy as TOML, numbers as JSON; see ``docs/files.md``. The same
        matching gives the same bytes.
        """
        from twinmatch.saving import save

        save(self, directory)

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


def _digests(left: Schools, right: Schools, policy: Policy, mechanism: Mechanism) -> Sequence[str]:
    """Return fingerprints, or, where the call was stopped before they were taken, what takes them later."""
    try:
        return _fingerprints(left, right, policy, mechanism)
    except Stopped:
        return Later(lambda: _fingerprints(left, right, policy, mechanism))


def _fingerprints(
    left: Schools, right: Schools, policy: Policy, mechanism: Mechanism
) -> tuple[str, str, str]:
    """Return digests of the tables, and of what was asked of them."""
    asked, how = policy.fingerprint(), mechanism.fingerprint()
    return left.fingerprint(), right.fingerprint(), f"{asked}+{how}" if how else asked


@bounded
def load_matching(directory: str | os.PathLike[str]) -> Matching:
    """
    Read a matching that :meth:`Matching.save` wrote.

    Parameters
    ----------
    directory : path

    Returns
    -------
    Matching
        Nothing in it is trusted: :meth:`Matching.verify` computes every claim again.

    Raises
    ------
    FormatError
        If the folder does not hold a matching that this version reads, with every fault.
    InputError
        If that is no path, an empty one, or a file.
    """
    from twinmatch.saving import load

    return load(directory)
