"""Comparing policies and mechanisms on the same schools."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from twinmatch.comparing.comparison import Comparison
from twinmatch.comparing.rows import row_of
from twinmatch.comparing.solving import solve_all
from twinmatch.comparing.variant import check_tables, same_tables, variants_of
from twinmatch.pairing import Options, sorted_tables
from twinmatch.room import bounded
from twinmatch.solvers.options import check_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from twinmatch.matching import Matching
    from twinmatch.mechanisms import Mechanism
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools
    from twinmatch.solvers.control import Cancel, Progress

__all__ = ["compare"]


@bounded
def compare(
    policies: Mapping[str, Policy | tuple[Policy, Mechanism] | Matching],
    left: Schools,
    right: Schools,
    *,
    right_capacity: str | int | npt.ArrayLike | None = None,
    deadline: float | None = None,
    gap: float = 0,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
    seed: int = 0,
) -> Comparison:
    """
    Pair the same schools under several policies: what each costs in :term:`points` and :term:`coverage`.

    Parameters
    ----------
    policies : mapping of str to Policy, (Policy, Mechanism) or Matching
        By name. The first is what the others are measured against. A matching of the same two tables is taken
        as it is.
    left, right : Schools
    right_capacity, gap, threads, cancel, seed : optional
        As in :func:`twinmatch.match`.
    deadline : float, optional
        Seconds for all of them together. Those that are not reached have the status NO_SOLUTION.
    on_progress : callable, optional
        As in :func:`twinmatch.match`; the phase begins with the name of the policy.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If there is nothing to compare, or an option is out of range, with every fault.
    PolicyError
        If a policy cannot be used on these tables.

    Notes
    -----
    One solve for each, none of them warm: nothing is known of how far two policies are apart. Rules and
    criteria that policies share are compiled once. For many values of one option see :func:`twinmatch.sweep`.

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> plain = tm.policies.systematic_twinning()
    >>> balanced = tm.policies.systematic_twinning(balance=True)
    >>> found = tm.compare({"most points": plain, "balanced": balanced}, fr, eu)
    >>> found.table["price_coverage"].tolist()
    [0, 0]
    """
    started = time.monotonic()
    check_options(deadline, gap, threads, on_progress, cancel, seed)
    variants = variants_of(policies)
    check_tables("compare", left, right)
    for one in variants:
        one.policy.check(left, right)
    tables = sorted_tables(left, right, right_capacity)
    same_tables(variants, tables.left, tables.right)
    options = Options(deadline, gap, threads, on_progress, cancel, seed)
    solved = list(solve_all(variants, tables, options, started))
    first = solved[0].matching
    return Comparison(
        {one.variant.name: one.matching for one in solved},
        _rows=tuple(row_of(one.variant, one.matching, first, one.seconds) for one in solved),
    )
