"""A matching of schools: who is paired with whom, how good it is, and what proves it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.certify import Claim, check, seal
from twinmatch.compiler import Compiled, compiled
from twinmatch.reasons import reasons_for

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.certify import Certificate
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools
    from twinmatch.solvers import Solution
    from twinmatch.solvers.control import Cancel
    from twinmatch.status import Limit, Status

__all__ = ["Matching", "load_matching"]


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
        Price of a place at each right school, in whole points, at least 0.
    coverage_price : int
        What covering one more left school is worth in the proof, in whole points, at least 0.
    witness_left : (len(left),) bool
        Left schools whose partners, together, bound the coverage.
    objective, bound : int
        Points of all pairs; what no matching that covers as many left schools can exceed.
    coverage, coverage_bound : int
        Left schools with a partner; what no matching can exceed.
    status : Status
    limit : Limit or None
        What stopped the run, if anything did.
    seal : str
        Digest of all of the above numbers, taken when they were found.
    fingerprints : tuple of str
        Digests of the two tables and of the policy that the numbers were found for.
    seed : int
    seconds : dict of str to float
        Wall time by phase; phases do not overlap.
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
    fingerprints: tuple[str, str, str]
    seed: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

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
            fingerprints=(left.fingerprint(), right.fingerprint(), policy.fingerprint()),
            seed=seed,
            seconds={**seconds, **solution.seconds},
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

    @cached_property
    def _compiled(self) -> Compiled:
        return compiled(self.left, self.right, self.policy)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the policy assumed where something is not known, and for how many schools, in words."""
        return self._compiled.assumptions

    @cached_property
    def pairs(self) -> Any:
        """
        Who is paired with whom, sorted by ``left_id``.

        A frame of the kind of ``left`` with ``left_id``, ``right_id``, ``points`` and one column of points
        for each criterion, whose sum is ``points``.
        """
        i = np.flatnonzero(self.mate >= 0)
        j = self.mate[i]
        worth = {name: term.points(i, j).astype(np.int64) for name, term in self._compiled.criteria}
        total = sum(worth.values(), np.zeros(len(i), np.int64))
        return self.left.frame(
            {"left_id": self.left.ids[i], "right_id": self.right.ids[j], "points": total, **worth}
        )

    def _points_of_pairs(self) -> npt.NDArray[np.int64]:
        i = np.flatnonzero(self.mate >= 0)
        return self._compiled.terms.points(i, self.mate[i])

    @cached_property
    def unmatched(self) -> Any:
        """
        Who is left out and why, sorted by ``left_id``.

        A frame of the kind of ``left`` with ``left_id`` and ``reason``.
        """
        i = np.flatnonzero(self.mate < 0)
        why = reasons_for(i, self._compiled, self.right_capacity, self.witness_left)
        return self.left.frame({"left_id": self.left.ids[i], "reason": np.array(why, dtype=object)})

    def verify(
        self,
        *,
        threads: int | None = None,
        isa: str = "auto",
        on_progress: Callable[[int, int], object] | None = None,
        cancel: Cancel | None = None,
    ) -> Certificate:
        """
        Compute every claim again from the tables, over all pairs, without the solver.

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
        One evaluation of each of the ``len(left) x len(right)`` pairs.
        """
        # The policy is compiled afresh: a cached compilation is not evidence.
        certificate = check(
            compiled(self.left, self.right, self.policy).terms,
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
        found = (self.left.fingerprint(), self.right.fingerprint(), self.policy.fingerprint())
        changed = [
            name
            for name, a, b in zip(("left", "right", "policy"), found, self.fingerprints, strict=True)
            if a != b
        ]
        written = self.__dict__.get("points_on_file")
        if written is not None and not np.array_equal(written, self._points_of_pairs()):
            changed.append("the points on file")
        detail = "the tables and the policy are those that the numbers were found for"
        if changed:
            detail = f"changed since the numbers were found: {', '.join(changed)}"
        claim = Claim("inputs", not changed, detail)
        certificate = replace(certificate, claims=(*certificate.claims, claim))
        self.__dict__["last_certificate"] = certificate
        return certificate

    def save(self, directory: str | os.PathLike[str]) -> None:
        """
        Write the matching and everything its proof needs into a folder.

        Parameters
        ----------
        directory : path
            Made if it is missing. Files of an earlier matching are replaced, each in one step, and
            ``matching.json``, without which nothing is loaded, last.

        Notes
        -----
        Tables as Parquet and CSV, the policy as TOML, numbers as JSON; see ``docs/command-line.md``.
        """
        from twinmatch.saving import save

        save(self, directory)

    def __repr__(self) -> str:
        return (
            f"Matching({self.status}, {self.coverage:,} of {len(self.left):,} schools paired, "
            f"{self.objective:,} points, gap {self.gap:,})"
        )


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
    """
    from twinmatch.saving import load

    return load(directory)
