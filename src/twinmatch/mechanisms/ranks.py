"""
The mechanism of first choices: as many schools as can be get their best partner, then their second best, ...

What it does not do
    Coverage does not come first, and only the first ranks count: whoever gets none of its first ten has no
    partner. Where many want the same, that is most of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from twinmatch.certify.certificate import Claim, Findings
from twinmatch.certify.ranks import check_ranks
from twinmatch.errors import Fault, InputError, ResourceLimitError
from twinmatch.mechanisms.mechanism import Outcome, Setting
from twinmatch.mechanisms.ordinal import Ordinal, points_graph
from twinmatch.solvers.control import Control, Stopped
from twinmatch.solvers.rank_maximal import first_ranks
from twinmatch.solvers.rank_maximal import rank_maximal as solve
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.solvers.control import Cancel

    Int64 = npt.NDArray[np.int64]

__all__ = ["MOST_RANKS", "RankMaximal", "rank_maximal"]

MOST_RANKS = 1000
"""More ranks than this are refused."""


@dataclass(frozen=True, eq=False)
class RankMaximal(Ordinal):
    """
    The mechanism of :func:`rank_maximal`.

    Parameters
    ----------
    ranks : int
    right_price : (num_right,) int64 or None
        Prices of places that prove the points, once they are known; below zero where a place must be filled.
    """

    ranks: int = 10
    right_price: Int64 | None = None
    name: ClassVar[str] = "rank_maximal"
    takes_caps: ClassVar[bool] = False

    def __repr__(self) -> str:
        return f"RankMaximal(ranks={self.ranks})"

    def run(self, setting: Setting, control: Control) -> Outcome:
        """Take rank after rank, and the most points in the end; see :meth:`Procedure.run`."""
        graph = points_graph(setting.terms)
        found = solve(graph, setting.limits, self.ranks, control)
        return Outcome(found.mate, found.limit, replace(self, right_price=found.right_price))

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
        """List the pairs of the first ranks, and have the rest looked into; see :meth:`Procedure.check`."""
        graph = points_graph(setting.terms)
        # Who lists them need not be trusted: the check counts them over all pairs.
        control = Control(threads=number_of(threads), cancel=cancel)
        try:
            listed = first_ranks(graph, setting.limits.right_most, self.ranks, control)
        except (Stopped, ResourceLimitError) as error:
            what = str(error) or "not checked: the check was cancelled"
            return Findings((Claim("first ranks", False, what),), 0, 0.0)
        return check_ranks(
            setting.terms,
            setting.limits,
            mate,
            (listed.left, listed.right),
            self.ranks,
            self.right_price,
            threads=threads,
            isa=isa,
            on_progress=on_progress,
            cancel=cancel,
        )

    def fingerprint(self) -> str:
        """Return the name, the number of ranks and a digest of the prices."""
        prices = np.zeros(0, np.int64) if self.right_price is None else self.right_price
        digest = hashlib.sha256(np.ascontiguousarray(prices, "<i8").tobytes()).hexdigest()
        return f"{self.name}:{self.ranks}:{digest}"


def rank_maximal(ranks: int = 10) -> RankMaximal:
    r"""
    Return the mechanism of rank-maximal matching: first choices first.

    Parameters
    ----------
    ranks : int, optional
        How many ranks count. The :term:`rank` of a right school for a left one is 1 plus the number of its
        admissible partners with places and more points; ties share a rank.

    Raises
    ------
    InputError
        If ``ranks`` is no whole number from 1 to 1,000. From :func:`twinmatch.match`, if the policy asks for
        quotas other than locked pairs.
    ResourceLimitError
        From :func:`twinmatch.match`, if so many pairs tie that more than 50 million are of these ranks.

    Notes
    -----
    With :math:`n_r(M)` the number of pairs of rank :math:`r` in a matching :math:`M`, the result maximises

    .. math:: (n_1(M), n_2(M), \ldots, n_R(M))

    in lexicographic order, and among all that do the sum of points, exactly. ``bound`` and ``coverage_bound``
    speak of those. Pairs of later ranks are not made, and coverage does not come first: on the whole
    registers, where whole regions want the same partners, ten ranks cover 19,320 of 64,541 schools.

    The check counts the pairs of the first ranks over all pairs, sees rank by rank that no path leads to
    more, and takes prices as the proof of the points.

    Source: R. W. Irving, T. Kavitha, K. Mehlhorn, D. Michail, K. Paluch, "Rank-maximal matchings", ACM
    Trans. Algorithms 2 (2006).

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> matching = tm.match(fr, eu, mechanism=tm.mechanisms.rank_maximal())
    >>> str(matching.status), matching.verify().ok
    ('OPTIMAL', True)
    """
    if isinstance(ranks, bool) or not isinstance(ranks, int | np.integer) or not 1 <= ranks <= MOST_RANKS:
        what = f"must be a whole number from 1 to {MOST_RANKS:,}, not {ranks!r}"
        raise InputError("mechanism", [Fault("ranks", what)])
    return RankMaximal(int(ranks))
