"""Bounds that are asked about, and the answers: what moving one by a unit does, and how far that holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints, Prices
    from twinmatch.graph.explicit import ExplicitGraph
    from twinmatch.graph.scored import ScoredGraph

    Int64 = npt.NDArray[np.int64]

__all__ = ["FORBIDDEN", "LOCKED", "Optimum", "Rule", "Slope", "Slopes", "binding", "moved"]

AT_MOST, AT_LEAST, LOCKED, FORBIDDEN = "at most", "at least", "locked", "forbidden"
MORE_COVERED = "more would be covered"
FEWER_COVERED = "fewer would be covered"
IMPOSSIBLE = "nothing keeps to it"
NO_UNIT = "there is no further unit"
NOT_REACHED = "not reached"
CROSSING = "quotas cross: not priced"
NOT_SETTLED = "how far it holds is not settled"


class Optimum(NamedTuple):
    """
    An assignment with the most points, and the problem that it solves.

    Attributes
    ----------
    graph : ExplicitGraph or ScoredGraph
    limits : Constraints
    coverage_first : bool
    pairs : (k, 2) int64
    prices : Prices
        Where to start from. Nearly right ones save work, and wrong ones cost nothing but time.
    """

    graph: ExplicitGraph | ScoredGraph
    limits: Constraints
    coverage_first: bool
    pairs: Int64
    prices: Prices


class Rule(NamedTuple):
    """
    A bound that is asked about.

    Attributes
    ----------
    kind : {"at most", "at least", "locked", "forbidden"}
    number : int
        Of the quota or the locked pair.
    barred : (left, right, points) or None
        The pairs that only this rule forbids: three (k,) int64.
    """

    kind: str
    number: int = 0
    barred: tuple[Int64, Int64, Int64] | None = None

    def value(self, limits: Constraints) -> int:
        """Return the bound as it stands."""
        if self.kind in (LOCKED, FORBIDDEN):
            return int(self.kind == LOCKED)
        quota = limits.quotas[self.number]
        return quota.at_least if self.kind == AT_LEAST or quota.at_most is None else quota.at_most


class Slope(NamedTuple):
    """
    What moving a bound in one direction does.

    Attributes
    ----------
    points : int or None
        What the first unit changes, 0 or more: gained by loosening, lost by tightening.
    to : int or None
        The bound up to which every further unit does the same; None where that never ends, or is not known.
    note : str
        Why something is None, in words.
    """

    points: int | None
    to: int | None
    note: str = ""


class Slopes(NamedTuple):
    """Both directions."""

    loosen: Slope
    tighten: Slope


def binding(limits: Constraints, pairs: Int64) -> list[Rule]:
    """
    Return the bounds of quotas that an assignment reaches, then its locked pairs.

    Parameters
    ----------
    limits : Constraints
    pairs : (k, 2) int64
    """
    rules = []
    for number, count in enumerate(limits.counts(pairs[:, 0], pairs[:, 1]).tolist()):
        quota = limits.quotas[number]
        if count == quota.at_most:
            rules.append(Rule(AT_MOST, number))
        if count == quota.at_least > 0:
            rules.append(Rule(AT_LEAST, number))
    return rules + [Rule(LOCKED, number) for number in range(len(limits.locked))]


def moved(limits: Constraints, rule: Rule, step: int) -> Constraints:
    """
    Return the same with one bound moved, or one pair no longer locked.

    Parameters
    ----------
    limits : Constraints
    rule : Rule
    step : int
        Units, of either sign.
    """
    if rule.kind == LOCKED:
        return replace(limits, locked=np.delete(limits.locked, rule.number, axis=0))
    quota = limits.quotas[rule.number]
    if rule.kind == AT_MOST:
        assert quota.at_most is not None  # it is reached
        quota = replace(quota, at_most=quota.at_most + step)
    else:
        quota = replace(quota, at_least=quota.at_least + step)
    quotas = list(limits.quotas)
    quotas[rule.number] = quota
    return replace(limits, quotas=tuple(quotas))
