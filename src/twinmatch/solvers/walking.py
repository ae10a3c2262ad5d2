"""
What a unit of a bound is worth where quotas cross: move it by a few units, and solve the whole again.

No network holds such quotas, so that the most points need not be concave in a bound, and no price tells how
far a slope holds. A few units are tried; where that goes on, the end is said not to be settled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinmatch.graph.explicit import ExplicitGraph
from twinmatch.solvers.bounds import (
    AT_LEAST,
    CROSSING,
    FEWER_COVERED,
    FORBIDDEN,
    IMPOSSIBLE,
    LOCKED,
    MORE_COVERED,
    NO_UNIT,
    NOT_SETTLED,
    Slope,
    moved,
)
from twinmatch.solvers.constrained import solve_constrained
from twinmatch.solvers.control import Stopped
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from twinmatch.graph.constraints import Constraints
    from twinmatch.solvers.bounds import Optimum, Rule
    from twinmatch.solvers.control import Control

__all__ = ["Walks"]

#: Where quotas cross, so many units are solved one by one to see how long a slope holds.
FEW_UNITS = 4


class Walks:
    """Every bound is moved by a few units, and the whole is solved again."""

    def __init__(self, best: Optimum, control: Control) -> None:
        assert isinstance(best.graph, ExplicitGraph)
        self.graph, self.limits, self.control = best.graph, best.limits, control
        self.coverage_first = best.coverage_first
        i, j, points = best.graph.pairs()
        keys, width = i * best.graph.num_right + j, best.graph.num_right
        held = np.searchsorted(keys, best.pairs @ np.array([width, 1]))
        self.covers, self.now = len(np.unique(best.pairs[:, 0])), int(points[held].sum())

    def slopes(self, rule: Rule) -> tuple[Slope, Slope]:
        """Return what loosening a rule does, and what tightening it does."""
        if rule.kind == FORBIDDEN:
            return Slope(None, None, CROSSING), Slope(None, None, NO_UNIT)
        if rule.kind == LOCKED:
            return self._walk(rule, -1, 1, 0), Slope(None, None, NO_UNIT)
        quota = self.limits.quotas[rule.number]
        if rule.kind == AT_LEAST:
            most = min(
                self.limits.num_left * self.limits.num_right,
                2**62 if quota.at_most is None else quota.at_most,
            )
            return self._walk(rule, -1, quota.at_least, 0), self._walk(rule, 1, quota.at_least, most)
        assert quota.at_most is not None  # it is reached
        free = moved(self.limits, rule, self.limits.num_left * self.limits.num_right)
        loosen = Slope(0, None)
        if self._points(free) != self.now:
            loosen = self._walk(rule, 1, quota.at_most, 2**62)
        if not quota.at_most:
            return loosen, Slope(None, None, NO_UNIT)
        return loosen, self._walk(rule, -1, quota.at_most, quota.at_least)

    def _walk(self, rule: Rule, step: int, value: int, last: int) -> Slope:
        """Move a bound unit by unit, as long as each changes as much as the first."""
        if value == last:
            return Slope(None, None, IMPOSSIBLE)
        before, first = self.now, 0
        for units in range(1, FEW_UNITS + 1):
            found = self._points(moved(self.limits, rule, step * units))
            if isinstance(found, str):
                return Slope(None, None, found) if units == 1 else Slope(first, value + step * (units - 1))
            change = abs(found - before)
            if units > 1 and change != first:
                return Slope(first, value + step * (units - 1))
            before, first = found, change
            if value + step * units == last:
                return Slope(first, last)
        return Slope(first, None, NOT_SETTLED)

    def _points(self, limits: Constraints) -> int | str:
        """Return the most points under other limits, or why that says nothing."""
        answer = solve_constrained(self.graph, limits, self.coverage_first, self.control)
        if answer.status is Status.INFEASIBLE:
            return IMPOSSIBLE
        if answer.status is not Status.OPTIMAL:
            raise Stopped(answer.limit or Limit.DEADLINE)
        covered = len(np.unique(answer.pairs[:, 0]))
        if self.coverage_first and covered != self.covers:
            return MORE_COVERED if covered > self.covers else FEWER_COVERED
        return answer.objective
