"""
What a matching claims that is stable: that no pair blocks it, and that no stable one is better for the left.

No blocking pair
    Counted over all pairs with ties decided by ids (:mod:`twinmatch.certify.blocking`), so that everybody
    ranks strictly; none may be left.
Best for every left school
    From a stable matching one comes to those that are better for left schools by *rotations*: a full right
    school gives up the last of the left schools that it keeps, and takes the best of those that want it and
    are ranked below; that one leaves a right school, which does the same, and so on round a cycle (R. W.
    Irving, P. Leather, "The complexity of counting stable marriages", SIAM J. Comput. 15 (1986), with sides
    exchanged). Each right school points at one other or at none, so cycles are found by walking. Where there
    are none, the matching is the one that every left school likes best among all stable ones (Gale and
    Shapley 1962). How many are covered is the same in all of them (A. E. Roth, "On the allocation of
    residents to rural hospitals", Econometrica 54 (1986)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.certify.blocking import Ranking, count_blocking
from twinmatch.certify.certificate import Claim, Findings
from twinmatch.certify.exact import exact_sum
from twinmatch.graph.terms import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.certify.plain import Cancel
    from twinmatch.graph.constraints import Constraints
    from twinmatch.graph.terms import PairTerms

    Int64 = npt.NDArray[np.int64]

__all__ = ["check_stability", "cycles"]


def check_stability(
    terms: PairTerms,
    limits: Constraints,
    mate: Int64,
    ranking: Ranking,
    *,
    name: str = "stable",
    what: str = "block",
    threads: int | None = None,
    isa: str = "auto",
    on_progress: Callable[[int, int], object] | None = None,
    cancel: Cancel | None = None,
) -> Findings:
    """
    Look for blocking pairs and, where right schools have points of their own, for rotations.

    Parameters
    ----------
    terms : PairTerms
    limits : Constraints
    mate : (num_left,) int64
        Pairs that are admissible and keep to the limits.
    ranking : Ranking
    name, what : str
        What the claim is called, and what pairs do that refute it.
    threads, isa, on_progress, cancel
        As for :func:`~twinmatch.certify.plain.plain_pass`.
    """
    i = np.flatnonzero(mate >= 0)
    taken = np.stack([i, mate[i]], axis=1)
    own = ranking.terms is not None
    claims = []
    others = terms if ranking.terms is None else ranking.terms
    if len(terms.bonus.points) or len(others.bonus.points):
        why = "no guarantee is known where single pairs have a bonus"
        return Findings((Claim(name, False, why),), 0, 0.0)
    if own:
        width = limits.num_right
        locked = np.isin(i * width + mate[i], limits.locked[:, 0] * width + limits.locked[:, 1])
        refused = (ranking.keys(terms, i, mate[i], isa) == FORBIDDEN) & ~locked
        detail = f"{int(refused.sum()):,} of {len(i):,} pairs are not admissible to the right school"
        claims.append(Claim("accepted", not refused.any(), detail))
    found = count_blocking(
        terms,
        limits,
        taken,
        ranking,
        by_ids=True,
        caps=True,
        rivals=own,
        threads=threads,
        isa=isa,
        on_progress=on_progress,
        cancel=cancel,
    )
    if found is None:
        return Findings((*claims, Claim(name, False, "not checked: the pass was cancelled")), 0, 0.0)
    total, everything = exact_sum(found.of_left), terms.num_left * terms.num_right
    detail = f"{total:,} of {everything:,} pairs {what}, ties decided by ids; {found.pairs:,} evaluated"
    if total:
        detail += f" (first: one of left school {int(np.flatnonzero(found.of_left)[0])})"
    claims.append(Claim(name, total == 0 and found.pairs == everything, detail))
    if found.rival is not None:
        after = np.full(len(found.rival), -1, np.int64)
        after[found.rival >= 0] = mate[found.rival[found.rival >= 0]]
        turning = cycles(after)
        detail = f"{turning:,} cycles of right schools lead to a stable matching that the left likes better"
        claims.append(Claim("best for the left", turning == 0 and total == 0, detail))
    return Findings(tuple(claims), found.pairs, found.seconds)


def cycles(after: Int64) -> int:
    """
    Count the cycles of a graph in which each node points at one other at most.

    Parameters
    ----------
    after : (n,) int64
        -1 for none.
    """
    to, found = after.tolist(), 0
    seen = [0] * len(to)  # the walk that came by, from 1
    for start in range(len(to)):
        node = start
        while node >= 0 and not seen[node]:
            seen[node] = start + 1
            node = to[node]
        found += node >= 0 and seen[node] == start + 1
    return found
