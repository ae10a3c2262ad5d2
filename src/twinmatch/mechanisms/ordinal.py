r"""
Mechanisms that look at who comes first, and not at sums: greedy, stable, and serial dictatorship.

Idea
    All three are one. Left schools rank right schools by points; right schools rank left schools by a key:
    the points of the pair, the points of a policy of their own, or the place in a lottery. Of equal points
    the lower id comes first, on both sides. So everybody ranks strictly, and the outcome is *the* matching
    without blocking pairs that is best for every left school.
Why greedy is stable
    Where both sides rank by the same points, the pair that comes first of all is the first choice of both: it
    is in every stable matching. Without it, the same holds of the next. So there is one stable matching, and
    taking the best pair again and again finds it.
Why serial dictatorship is
    Where every right school ranks by the lottery, whoever is first gets its first choice in every stable
    matching; and so on.
What they do not do
    Coverage does not come first: a school may take the only partner of another. A matching of the most points
    covers as many schools as any, and has at least as many points among those that cover as many.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from twinmatch.certify.blocking import Ranking
from twinmatch.certify.stability import check_stability
from twinmatch.errors import Fault, InputError
from twinmatch.graph.called import CalledGraph
from twinmatch.graph.scored import ScoredGraph
from twinmatch.mechanisms.mechanism import Outcome, Procedure, Setting
from twinmatch.policy import Policy
from twinmatch.policy.asked import Draft
from twinmatch.policy.criteria import Kept
from twinmatch.solvers.procedures import accept_deferred, room_faults, take_in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from twinmatch.certify.certificate import Findings
    from twinmatch.graph.terms import PairTerms
    from twinmatch.solvers.control import Cancel, Control

    Int64 = npt.NDArray[np.int64]

__all__ = [
    "Greedy",
    "Ordinal",
    "SerialDictatorship",
    "Stable",
    "greedy",
    "lottery",
    "points_graph",
    "serial_dictatorship",
    "stable",
]


class Ordinal(Procedure):
    """What mechanisms have in common that rank partners and keep to rules, places, locks and perhaps caps."""

    takes_caps: ClassVar[bool] = True
    what: ClassVar[str] = "block"
    claim: ClassVar[str] = "stable"

    def faults(self, setting: Setting) -> list[Fault]:
        """Return what the policy asks that this mechanism cannot keep to, in words."""
        faults = _coverage_faults(setting.policy) + _bonus_faults(setting.policy, self.right_policy)
        for part in setting.policy.quotas:
            draft = _draft(setting)
            part.add_to(draft, setting.left, setting.right)
            faults += [
                Fault(part.name, f"{what}, which {self._as_asked()} cannot promise", hint=hint)
                for what, hint in _beyond(draft, self.takes_caps)
            ]
        return faults or room_faults(setting.limits)

    def _as_asked(self) -> str:
        """Return what messages call it."""
        return self.name

    def ranking(self, setting: Setting) -> Ranking:
        """Return how right schools rank."""
        return Ranking()

    def check(
        self,
        setting: Setting,
        mate: Int64,
        *,
        threads: int | None = None,
        isa: str = "auto",
        on_progress: Callable[[int, int], object] | None = None,
        cancel: Cancel | None = None,
    ) -> Findings:
        """Count the blocking pairs over all pairs; see :meth:`Procedure.check`."""
        return check_stability(
            setting.terms,
            setting.limits,
            mate,
            self.ranking(setting),
            name=self.claim,
            what=self.what,
            threads=threads,
            isa=isa,
            on_progress=on_progress,
            cancel=cancel,
        )


@dataclass(frozen=True)
class Greedy(Ordinal):
    """The mechanism of :func:`greedy`."""

    name: ClassVar[str] = "greedy"

    def run(self, setting: Setting, control: Control) -> Outcome:
        """Take the best pair again and again; see :meth:`Procedure.run`."""
        return Outcome(*take_in_turn(points_graph(setting.terms), setting.limits, None, control))


@dataclass(frozen=True)
class Stable(Ordinal):
    """
    The mechanism of :func:`stable`.

    Parameters
    ----------
    right_policy : Policy or None
        By whose points right schools rank; None: by the same as left schools.
    """

    right_policy: Policy | None = None
    name: ClassVar[str] = "stable"

    @property
    def takes_caps(self) -> bool:  # type: ignore[override]  # a class attribute elsewhere
        """Whether a cap on a group of pairs is kept."""
        return self.right_policy is None

    def faults(self, setting: Setting) -> list[Fault]:
        """Return what the policies ask that this mechanism cannot keep to, in words."""
        faults = super().faults(setting)
        if self.right_policy is not None and self.right_policy.quotas:
            names = ", ".join(repr(part.name) for part in self.right_policy.quotas)
            what = f"has quotas ({names}); only its rules and criteria rank schools"
            faults.append(Fault("right_policy", what, hint="Put quotas into the policy itself."))
        return faults

    def _as_asked(self) -> str:
        """Return what messages call it."""
        return self.name if self.right_policy is None else f"{self.name} with a right policy"

    def run(self, setting: Setting, control: Control) -> Outcome:
        """Let left schools propose, or take the best pairs; see :meth:`Procedure.run`."""
        graph = points_graph(setting.terms)
        if setting.right_terms is None:
            return Outcome(*take_in_turn(graph, setting.limits, None, control))
        ranks = points_graph(setting.right_terms)
        return Outcome(*accept_deferred(graph, ranks, setting.limits, control))

    def ranking(self, setting: Setting) -> Ranking:
        """Return how right schools rank."""
        return Ranking(terms=setting.right_terms)

    def fingerprint(self) -> str:
        """Return the name, and a digest of the right policy."""
        if self.right_policy is None:
            return self.name
        return f"{self.name}:{self.right_policy.fingerprint()}"


@dataclass(frozen=True)
class SerialDictatorship(Ordinal):
    """
    The mechanism of :func:`serial_dictatorship`.

    Parameters
    ----------
    seed : int
    """

    seed: int = 0
    name: ClassVar[str] = "serial_dictatorship"
    claim: ClassVar[str] = "choices"
    what: ClassVar[str] = "are ones that somebody would have chosen and could have"

    def run(self, setting: Setting, control: Control) -> Outcome:
        """Let schools choose in the order of the lottery; see :meth:`Procedure.run`."""
        order = lottery(setting.left.ids, self.seed)
        return Outcome(*take_in_turn(points_graph(setting.terms), setting.limits, order, control))

    def ranking(self, setting: Setting) -> Ranking:
        """Return the places in the lottery."""
        return Ranking(place=lottery(setting.left.ids, self.seed))

    def fingerprint(self) -> str:
        """Return the name and the seed."""
        return f"{self.name}:{self.seed}"


def greedy() -> Greedy:
    r"""
    Return the mechanism that takes the best pair again and again.

    Notes
    -----
    Pairs are put in one order: most points first, of equal points the lower id of the left school, then of
    the right school. One after the other is taken where both schools still have a place, and every quota of
    the pair has room. So for each admissible pair :math:`(i, j)` that is not in the result :math:`M`, and
    comes before the pair of :math:`i` (see :term:`blocking pair`),

    .. math:: p_{ij} \le \min_{(i', j) \in M} p_{i'j} \quad\text{and } j \text{ is full},

    or a cap was full by then. Without caps it is the only stable matching where both sides rank by the same
    points, and has at least half the points of any matching (D. Avis, "A survey of heuristics for the
    weighted matching problem", Networks 13 (1983)); it does not put coverage first, and may cover fewer
    schools than :func:`most_points`. The check goes over all pairs. ``bound`` is ``objective``: the outcome
    is unique.

    Locked pairs, places and caps are kept. Floors, a balance of countries, several partners for a left school
    and ``coverage="points"`` are refused.

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> matching = tm.match(fr, eu, mechanism=tm.mechanisms.greedy())
    >>> str(matching.status), matching.blocking_pairs().count, matching.verify().ok
    ('OPTIMAL', 0, True)
    """
    return Greedy()


def stable(right_policy: Policy | None = None) -> Stable:
    r"""
    Return the mechanism of stable matching: no two schools would rather have each other.

    Parameters
    ----------
    right_policy : Policy, optional
        By the points of its criteria right schools rank left schools, and whom its rules forbid they do not
        accept. Without it both sides rank by the points of the policy; then the result is that of
        :func:`greedy`, the only stable one.

    Raises
    ------
    InputError
        If ``right_policy`` is no policy. From :func:`twinmatch.match`, if it has quotas, or the policy asks
        for what this mechanism cannot promise.

    Notes
    -----
    With points :math:`p` of the policy and :math:`q` of the right policy, there is no :term:`blocking pair`
    :math:`(i, j)`: none outside the result, admissible under both, with

    .. math:: p_{ij} > u_i \quad\text{and}\quad q_{ij} > v_j,

    :math:`u_i` being the points of the partner of :math:`i`, or less than any without one, and :math:`v_j`
    the least :math:`q` among the left schools at :math:`j`, or less than any with a free place. Ties are
    decided by ids, the lower first, on both sides; what is stable then is stable with ties (D. Manlove,
    *Algorithmics of Matching Under Preferences*, World Scientific 2013, ch. 3), though another way of
    deciding them may cover more schools.

    Left schools propose (D. Gale, L. S. Shapley, "College admissions and the stability of marriage", Amer.
    Math. Monthly 69 (1962)): each gets the best partner that it has in any stable matching, with these ties.
    The same schools are covered in all of them (A. E. Roth, "On the allocation of residents to rural
    hospitals", Econometrica 54 (1986)), so ``bound`` and ``coverage_bound``, which speak of stable matchings,
    are met. It does not put coverage first, and may cover fewer than :func:`most_points`. The check counts
    blocking pairs over all pairs, and looks for the cycles that would lead to a stable matching that is
    better for the left.

    Locked pairs and places are kept, and caps where there is no ``right_policy``. Other quotas are refused.

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> alike = tm.Policy(criteria=[tm.policies.SizeSimilarity(1000)])  # what partners abroad care for
    >>> matching = tm.match(fr, eu, mechanism=tm.mechanisms.stable(right_policy=alike))
    >>> str(matching.status), matching.blocking_pairs().count, matching.verify().ok
    ('OPTIMAL', 0, True)
    """
    if right_policy is not None and not isinstance(right_policy, Policy):
        what = f"must be a Policy, not {type(right_policy).__name__}"
        hint = "Read a file with tm.Policy.load(path)."
        raise InputError("mechanism", [Fault("right_policy", what, hint=hint)])
    return Stable(right_policy)


def serial_dictatorship(seed: int = 0) -> SerialDictatorship:
    r"""
    Return the mechanism of random serial dictatorship: schools choose one after the other, by lot.

    Parameters
    ----------
    seed : int
        The published seed of the lottery, 0 or more.

    Raises
    ------
    InputError
        If the seed is no whole number of 0 or more.

    Notes
    -----
    Left schools choose in the order of :func:`lottery`: the SHA-256 of ``"SEED:ID"``, the lowest first, which
    anybody can work out from the seed and the ids, in whatever order rows are. Each gets the best right
    school with room left (:term:`capacity`), with ties by id. With :math:`r_i` the place of :math:`i` in the
    lottery, for each admissible pair :math:`(i, j)` outside the result :math:`M` with :math:`p_{ij} > u_i`,

    .. math:: j \text{ is full and } r_{i'} < r_i \text{ for all } (i', j) \in M,

    or a cap was full by then. Saying what one thinks is best for everybody, whatever the others say, and
    nobody can be better off without somebody earlier being worse off (A. Abdulkadiroğlu, T. Sönmez, "Random
    serial dictatorship and the core from random endowments in house allocation problems", Econometrica 66
    (1998)). It does not put coverage first, and may cover fewer schools than :func:`most_points`. The check
    goes over all pairs. ``bound`` is ``objective``: the outcome is unique.

    Locked pairs, places and caps are kept. Floors, a balance of countries, several partners for a left school
    and ``coverage="points"`` are refused.

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> matching = tm.match(fr, eu, mechanism=tm.mechanisms.serial_dictatorship(seed=2026))
    >>> str(matching.status), matching.verify().ok
    ('OPTIMAL', True)
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError("mechanism", [Fault("seed", f"must be a whole number of 0 or more, not {seed!r}")])
    return SerialDictatorship(int(seed))


def lottery(ids: Sequence[str] | npt.NDArray[np.object_], seed: int) -> Int64:
    """
    Return the place of each school in a lottery, from 0.

    Parameters
    ----------
    ids : (n,) str
        Each once.
    seed : int

    Returns
    -------
    (n,) int64
        Places in the order of the SHA-256 of ``"SEED:ID"`` in UTF-8, the lowest first.

    Examples
    --------
    >>> lottery(["A", "B", "C"], seed=1).tolist()
    [0, 1, 2]
    """
    digests = [hashlib.sha256(f"{seed}:{name}".encode()).digest() for name in ids]
    place = np.empty(len(digests), np.int64)
    place[sorted(range(len(digests)), key=digests.__getitem__)] = np.arange(len(digests))
    return place


def points_graph(terms: PairTerms) -> ScoredGraph | CalledGraph:
    """Return the graph of a policy's terms; only its points are asked about."""
    return CalledGraph(terms, allow_large=True) if terms.calls else ScoredGraph(terms)


def _coverage_faults(policy: Policy) -> list[Fault]:
    if policy.coverage == "first":
        return []
    what = f"is {policy.coverage!r}, and this mechanism weighs no points against coverage"
    return [Fault("coverage", what, hint='Leave it at "first", or take another mechanism.')]


def _bonus_faults(*policies: Policy | None) -> list[Fault]:
    """Say that no procedure knows of pairs that are worth more one by one."""
    hint = "Leave it out, or use most_points(), nash() or concave()."
    return [
        Fault(one.name, "gives a bonus to single pairs, which this mechanism cannot promise", hint=hint)
        for policy in policies
        if policy is not None
        for one in policy.criteria
        if isinstance(one, Kept)
    ]


def _draft(setting: Setting) -> Draft:
    """Return a draft in which nothing is asked yet."""
    n, m = len(setting.left), len(setting.right)
    zeros, ones = np.zeros(n, np.int64), np.ones(n, np.int64)
    return Draft(zeros, ones, np.zeros(m, np.int64), np.zeros(m, np.int64))


def _beyond(draft: Draft, takes_caps: bool) -> list[tuple[str, str]]:
    """Return what one part of a policy asks beyond places, locks and caps, and what to do about it."""
    out = []
    other = "Leave it out, or take most_points()."
    if draft.left_least.any() or draft.right_least.any():
        out.append(("asks for a fewest number of partners", other))
    if (draft.left_most > 1).any():
        out.append(("gives left schools several partners", "Give them one, or take most_points()."))
    if draft.relative or any(quota.at_least or quota.covered for quota in draft.quotas):
        out.append(("is a floor", other))
    if draft.balances:
        caps = "Leave it out, set caps with QuotaPer, or take most_points()."
        out.append(("is a balance of countries", caps))
    if not takes_caps and any(quota.at_most is not None and not quota.at_least for quota in draft.quotas):
        out.append(("is a cap", other))
    return out
