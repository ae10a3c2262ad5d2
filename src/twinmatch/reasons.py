"""Why a school has no partner, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.graph.terms import FORBIDDEN, RuleTerm

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.compiler import Compiled

__all__ = ["reasons_for"]


def reasons_for(
    rows: npt.NDArray[np.intp],
    compiled: Compiled,
    right_capacity: npt.NDArray[np.int64],
    witness_left: npt.NDArray[np.bool_],
) -> list[str]:
    """
    Say for each of these left schools why it has no partner.

    Parameters
    ----------
    rows : (k,) int
        Left schools without a partner.
    compiled : Compiled
    right_capacity : (num_right,) int64
    witness_left : (num_left,) bool
        Schools that, together, have fewer places than they are.

    Returns
    -------
    list of str

    Notes
    -----
    Schools that are alike to all rules share a reason, but for single forbidden pairs, so time is that of
    counting the partners of each kind once.
    """
    terms = compiled.terms
    open_places = np.bincount(terms.right_class, right_capacity > 0, minlength=terms.table.shape[1])
    admissible = terms.table != FORBIDDEN
    partners = (admissible @ open_places).astype(np.int64)
    rules = [term for _, term in compiled.rules if isinstance(term, RuleTerm)]
    # Not by class: schools that nobody is admissible to share one, whichever rule it is.
    known: dict[tuple[int, ...], str] = {}
    reasons = []
    for i in rows:
        kind = int(terms.left_class[i])
        struck = terms.banned[slice(*np.searchsorted(terms.banned[:, 0], (i, i + 1))), 1]
        struck = struck[(right_capacity[struck] > 0) & admissible[kind, terms.right_class[struck]]]
        left_over = int(partners[kind]) - len(struck)
        if partners[kind] == 0:
            codes = tuple(int(rule.left_code[i]) for rule in rules)
            if codes not in known:
                known[codes] = _forbidden(int(i), compiled, right_capacity)
            reasons.append(known[codes])
        elif left_over == 0:
            reasons.append(
                "no admissible partner: the pairs with all "
                f"{partners[kind]:,} that the rules leave are forbidden one by one"
            )
        elif witness_left[i]:
            reasons.append(
                f"squeezed out: {left_over:,} admissible partners, all taken by schools "
                "that have no other choice or bring more points"
            )
        else:
            reasons.append(f"not reached: {left_over:,} admissible partners, but the run was stopped early")
    return reasons


def _forbidden(i: int, compiled: Compiled, right_capacity: npt.NDArray[np.int64]) -> str:
    """Name the rule that leaves the fewest partners to a school that has none."""
    usable = right_capacity > 0
    if not usable.any():
        return "no admissible partner: no school offers a place"
    left = {
        name: int((rule.allowed[rule.left_code[i]][rule.right_code] & usable).sum())
        for name, rule in compiled.rules
        if isinstance(rule, RuleTerm)
    }
    if not left:
        return "no admissible partner: every pair is forbidden by name"
    name = min(left, key=lambda rule: (left[rule], rule))
    if left[name] == 0:
        return f"no admissible partner: the rule {name!r} forbids every pair"
    return (
        "no admissible partner: the rules together forbid every pair "
        f"({name!r} alone leaves {left[name]:,} of {int(usable.sum()):,})"
    )
