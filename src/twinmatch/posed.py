"""
A policy on two tables as a question of what is possible: as arrays, and which part asked for what.

Points play no role here, so criteria are never compiled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.compiler import places_of
from twinmatch.elastic import Elastic
from twinmatch.graph.merging import merge
from twinmatch.graph.singles import Bans
from twinmatch.graph.terms import FORBIDDEN, RuleTerm
from twinmatch.lazily import lazily
from twinmatch.policy.asked import Draft, asked
from twinmatch.policy.balance import balanced
from twinmatch.settling import settled
from twinmatch.solvers.kinds import kinds_of_nodes

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints
    from twinmatch.graph.terms import PairTerms
    from twinmatch.policy import Policy
    from twinmatch.policy.asked import Asked
    from twinmatch.schools import Schools
    from twinmatch.solvers.control import Control

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Origin", "Posed", "posed"]


class Origin(NamedTuple):
    """
    The part of a policy that a quota comes from.

    Attributes
    ----------
    part : int
        Its position in ``policy.quotas``.
    kind : {"quota", "balance", "relative"}
        A bound that must hold, a wish, a floor that depends on the coverage reached without it.
    group : int
        Which of the quotas of this kind that the part makes.
    """

    part: int
    kind: str
    group: int


class Posed:
    """
    A policy on two tables, sorted by id.

    Parameters
    ----------
    left, right : Schools
    policy : Policy
        One that passes :meth:`~twinmatch.policy.Policy.check` on these tables.
    capacity : (len(right),) int64
    control : Control

    Attributes
    ----------
    rules : tuple of (str, RuleTerm or Bans)
    asked : Asked
    limits : Constraints
        What must hold, wishes and relative floors settled.
    notes : tuple of str
        What gave way, in words.
    origin : tuple of Origin
        Where each quota of ``limits`` comes from.
    least_owner : dict of str to (n,) int64
        By side, the part that says how many partners each school must have; -1 for none.
    """

    def __init__(
        self, left: Schools, right: Schools, policy: Policy, capacity: Int64, control: Control
    ) -> None:
        self.left, self.right, self.policy, self.capacity = left, right, policy, capacity
        self.rules = tuple((rule.name, rule.compile(left, right)) for rule in policy.rules)
        self.asked: Asked = asked(policy, left, right, capacity)
        self.control = control
        self._trace()
        self.limits, self.notes = settled(self.asked, self.terms, control)
        self.origin = (*self._quota, *self._balance, *self._relative)[: len(self.limits.quotas)]

    def _trace(self) -> None:
        """Ask part by part, to see who asks for what."""
        n, m = len(self.left), len(self.right)
        ones = np.ones(n, np.int64)
        draft = Draft(np.zeros(n, np.int64), ones, np.zeros(m, np.int64), self.capacity.copy())
        self.least_owner = {"left": np.full(n, -1, np.int64), "right": np.full(m, -1, np.int64)}
        self._quota: list[Origin] = []
        self._relative: list[Origin] = []
        balances: list[int] = []
        for number, part in enumerate(self.policy.quotas):
            before = {side: getattr(draft, f"{side}_least").copy() for side in ("left", "right")}
            seen = len(draft.quotas), len(draft.relative), len(draft.balances)
            part.add_to(draft, self.left, self.right)
            self._quota += [Origin(number, "quota", at) for at in range(len(draft.quotas) - seen[0])]
            self._relative += [Origin(number, "relative", at) for at in range(len(draft.relative) - seen[1])]
            balances += [number] * (len(draft.balances) - seen[2])
            for side, old in before.items():
                self.least_owner[side][getattr(draft, f"{side}_least") != old] = number
        self._balance = [
            Origin(number, "balance", at)
            for number, one in zip(balances, draft.balances, strict=True)
            for at, _ in enumerate(balanced(one, n, self.right, draft.right_most))
        ]

    @lazily
    def terms(self) -> PairTerms:
        """Who may be paired with whom."""
        return self.without(None)

    def without(self, name: str | None, spared: Bool | None = None) -> PairTerms:
        """
        Return who may be paired with whom where one rule is left out.

        Parameters
        ----------
        name : str or None
        spared : (num_left,) bool, optional
            It is left out for these left schools only.
        """
        rules: list[RuleTerm] = []
        bans: list[Bans] = []
        for one, term in self.rules:
            if one == name:
                if spared is None:
                    continue
                term = _lifted(term, spared)
            if isinstance(term, RuleTerm):
                rules.append(term)
            else:
                bans.append(term)
        return merge(len(self.left), len(self.right), rules, [], bans)

    def elastic(self, terms: PairTerms | None = None, limits: Constraints | None = None) -> Elastic:
        """Return the problem of kinds."""
        owner = (self.least_owner["left"], self.least_owner["right"])
        kinds = kinds_of_nodes(terms or self.terms, limits or self.limits, owner)
        return Elastic(kinds, self.policy.coverage == "first")

    def covered(self, limits: Constraints) -> int | None:
        """Return how many left schools can have a partner; None where nothing keeps to what is nested."""
        kinds = kinds_of_nodes(self.terms, limits)
        return Elastic(kinds, True).most_covered(self.control)

    @lazily
    def partners(self) -> Int64:
        """How many right schools with places may be paired with each left school, (num_left,) int64."""
        return self.partners_of(self.terms)

    def partners_of(self, terms: PairTerms) -> Int64:
        """Return the same under other rules."""
        usable = self.limits.right_most > 0
        offered = np.bincount(terms.right_class[usable], minlength=terms.table.shape[1])
        admissible = terms.table != FORBIDDEN
        count: Int64 = (admissible @ offered).astype(np.int64)[terms.left_class]
        struck = terms.banned[usable[terms.banned[:, 1]]]
        struck = struck[admissible[terms.left_class[struck[:, 0]], terms.right_class[struck[:, 1]]]]
        return count - np.bincount(struck[:, 0], minlength=len(count))

    @property
    def bare(self) -> Constraints:
        """What is left of ``limits`` where nothing must be: the most partners of each school."""
        limits = self.limits
        return replace(
            limits,
            left_least=limits.left_least * 0,
            right_least=limits.right_least * 0,
            locked=limits.locked[:0],
            quotas=(),
        )


def posed(
    left: Schools,
    right: Schools,
    policy: Policy,
    right_capacity: str | int | npt.ArrayLike | None,
    control: Control,
) -> Posed:
    """
    Pose the question, for tables in any order of rows.

    Raises
    ------
    PolicyError
        If the policy cannot be used on these tables, with every fault.
    InputError
        If a capacity is out of range, with every fault.
    """
    capacity = places_of(right, right_capacity)
    left, _ = left.sorted_by_id()
    right, order = right.sorted_by_id()
    policy.check(left, right)
    return Posed(left, right, policy, capacity[order], control)


def _lifted(term: RuleTerm | Bans, spared: Bool) -> RuleTerm | Bans:
    """Return a rule that some left schools need not obey."""
    if isinstance(term, Bans):
        return Bans(term.pairs[~spared[term.pairs[:, 0]]], term.num_right)
    codes = len(term.allowed)
    everything = np.ones_like(term.allowed)
    code = term.left_code + np.where(spared, codes, 0).astype(np.int32)
    return RuleTerm(code.astype(np.int32), term.right_code, np.vstack([term.allowed, everything]))
