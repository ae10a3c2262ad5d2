"""Pairs of schools that would both rather have each other than what a matching gives them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.certify.blocking import Ranking, count_blocking
from twinmatch.certify.exact import exact_sum
from twinmatch.certify.plain import isa_faults
from twinmatch.compiler import compiled
from twinmatch.errors import Fault, InputError, NoSolutionError
from twinmatch.graph.singles import NO_BONUS
from twinmatch.mechanisms import Procedure
from twinmatch.policy import Policy
from twinmatch.solvers.control import of_pairs
from twinmatch.solvers.options import option_faults
from twinmatch.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.graph.terms import PairTerms
    from twinmatch.matching import Matching
    from twinmatch.solvers.control import Cancel, Progress

__all__ = ["BlockingPairs", "blocking_pairs"]


@dataclass(frozen=True, eq=False)
class BlockingPairs:
    """
    How many pairs block a matching.

    Parameters
    ----------
    count : int
        Blocking pairs; 0 where the matching is stable.
    of_left : (len(left),) int64
        How many of them each left school is in, in the order of the matching's ``left``.
    pairs_checked : int
        Pairs that were evaluated: all of them.
    seconds : float
        What that took.
    """

    count: int
    of_left: npt.NDArray[np.int64]
    pairs_checked: int
    seconds: float

    @property
    def left_schools(self) -> int:
        """Left schools that are in a blocking pair."""
        return int(np.count_nonzero(self.of_left))

    def __repr__(self) -> str:
        return (
            f"BlockingPairs({self.count:,} of {self.pairs_checked:,} pairs block, "
            f"{self.left_schools:,} left schools are in one)"
        )


def blocking_pairs(
    matching: Matching,
    right_policy: Policy | None = None,
    *,
    threads: int | None = None,
    isa: str = "auto",
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> BlockingPairs | None:
    r"""
    Count the pairs that block a matching, of any mechanism, exactly.

    Parameters
    ----------
    matching : Matching
    right_policy : Policy, optional
        By whose points right schools rank left schools; whom its rules forbid they do not accept. Without it,
        the one that the matching's mechanism has; if it has none, the points of the matching's own policy.
    threads : int, optional
        As many as this process has cores.
    isa : str, optional
        Instruction set of the pass, as for :meth:`Matching.verify`.
    on_progress : callable, optional
        Called with a :class:`~twinmatch.solvers.control.Progress` a few times a second; ``pairs_done`` and
        ``pairs_total`` say how far it is.
    cancel : object with ``is_set()``, optional

    Returns
    -------
    BlockingPairs or None
        None if it was cancelled.

    Raises
    ------
    NoSolutionError
        If there is no matching: its status is INFEASIBLE or NO_SOLUTION.
    InputError
        If an option is wrong, with every fault.
    PolicyError
        If ``right_policy`` cannot be used on the tables, with every fault.

    Notes
    -----
    A bonus of single pairs, such as that of a repair for kept ones, is no preference and does not count.

    With points :math:`p` of the policy, and :math:`q` those by which right schools rank, an admissible pair
    :math:`(i, j)` that is not in the matching blocks it where

    .. math:: p_{ij} > u_i \quad\text{and}\quad q_{ij} > v_j:

    :math:`u_i` is what the worst partner of :math:`i` is worth to it, or less than anything where :math:`i`
    may have one partner more; :math:`v_j` is what the worst of the left schools at :math:`j` is worth to it,
    or less than anything where :math:`j` has a free place. Both must gain: a tie blocks nothing (weak
    stability, R. W. Irving, "Stable marriage and indifference", Discrete Appl. Math. 48 (1994)). Locked pairs
    and numbers of partners stay as they are. Other quotas are not looked at: a pair that a cap forbids may
    block.

    One evaluation of each of the ``len(left) x len(right)`` pairs, two with a ``right_policy``.

    Examples
    --------
    >>> import twinmatch as tm
    >>> from twinmatch.blocking import blocking_pairs
    >>> fr, eu = tm.datasets.sample()
    >>> blocking_pairs(tm.match(fr, eu)).count > 0
    True
    """
    faults = option_faults(None, 0, threads, on_progress, cancel) + isa_faults(isa)
    if right_policy is not None and not isinstance(right_policy, Policy):
        what = f"must be a Policy, not {type(right_policy).__name__}"
        faults.append(Fault("right_policy", what, hint="Read a file with tm.Policy.load(path)."))
    if faults:
        raise InputError("blocking pairs", faults)
    if matching.status in (Status.INFEASIBLE, Status.NO_SOLUTION):
        raise NoSolutionError(f"no pair blocks where there is no matching: its status is {matching.status}")
    started = time.monotonic()
    mechanism = matching.mechanism
    if right_policy is None and isinstance(mechanism, Procedure):
        right_policy = mechanism.right_policy
    ranking = Ranking()
    if right_policy is not None:
        ranking = Ranking(terms=_bare(compiled(matching.left, matching.right, right_policy).terms))
    found = count_blocking(
        _bare(compiled(matching.left, matching.right, matching.policy).terms),
        matching.constraints,
        np.stack(matching._taken(), axis=1),
        ranking,
        threads=threads,
        isa=isa,
        on_progress=of_pairs(on_progress, "blocking pairs", matching.coverage, started),
        cancel=cancel,
    )
    if found is None:
        return None
    return BlockingPairs(exact_sum(found.of_left), found.of_left, found.pairs, found.seconds)


def _bare(terms: PairTerms) -> PairTerms:
    """Return points without the bonus of single pairs: to have stayed together is no preference."""
    return replace(terms, bonus=NO_BONUS)
