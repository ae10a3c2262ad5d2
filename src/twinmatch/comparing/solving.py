"""
Solving one variant after the other, each from what is known of those before.

What is shared
    Tables are sorted once. Rules and criteria that two policies have in common are turned into arrays once:
    the neighbourhoods behind a setting, the languages behind a fit.
Warm starts
    Along a line of values each optimum starts from prices that the two before point to
    (:mod:`twinmatch.solvers.warm`). Every one of them is proven like any other: bound and objective are
    those of a run alone. Where several matchings have the most points, the one that is found may be another.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from twinmatch.compiler import compiled
from twinmatch.mechanisms import most_points
from twinmatch.pairing import match_tables
from twinmatch.solvers.control import named
from twinmatch.solvers.warm import towards
from twinmatch.status import Status
from twinmatch.warming import warm_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twinmatch.comparing.variant import Variant
    from twinmatch.compiler import Known
    from twinmatch.matching import Matching
    from twinmatch.pairing import Options, Tables
    from twinmatch.solvers.warm import Warm

__all__ = ["Solved", "solve_all"]


class Solved(NamedTuple):
    """A variant, its matching, and how long it took."""

    variant: Variant
    matching: Matching
    seconds: float


def solve_all(
    variants: Sequence[Variant],
    tables: Tables,
    options: Options,
    started: float,
    *,
    line: Sequence[float] | None = None,
) -> Iterator[Solved]:
    """
    Solve variants one after the other.

    Parameters
    ----------
    variants : sequence of Variant
    tables : Tables
    options : Options
        Checked; ``deadline`` counts from ``started``, for all variants together.
    started : float
        By :func:`time.monotonic`.
    line : sequence of float, optional
        Where each variant lies, if they lie on a line: then all but the first start warm.
    """
    known: Known = {}
    before: list[tuple[float, Warm]] = []
    for number, variant in enumerate(variants):
        begun = time.monotonic()
        matching = variant.matching
        if matching is None:
            warm = None if line is None else _guess(before, line[number])
            matching = match_tables(
                tables,
                variant.policy,
                variant.mechanism,
                options._replace(
                    deadline=_left(options.deadline, started),
                    on_progress=named(options.on_progress, variant.name),
                ),
                begun,
                warm=warm,
                known=known,
            )
            matching.__dict__["_compiled"] = compiled(tables.left, tables.right, variant.policy, known)
        if line is not None and matching.status is Status.OPTIMAL:
            here = warm_from(matching, tables.left, tables.right, variant.mechanism or most_points())
            if here is not None:
                before.append((line[number], here))
        yield Solved(variant, matching, time.monotonic() - begun)


def _left(deadline: float | None, started: float) -> float | None:
    """Return the seconds that are left for the next one."""
    return None if deadline is None else max(0.0, deadline - (time.monotonic() - started))


def _guess(before: Sequence[tuple[float, Warm]], where: float) -> Warm | None:
    """Return what the nearest of those before say of prices here: on a line through two, or of one."""
    near = sorted(before, key=lambda one: abs(one[0] - where))
    if not near:
        return None
    one = near[0]
    other = next((two for two in near[1:] if two[0] != one[0]), None)
    if other is None or one[0] == where:
        return one[1]
    return towards(one[1], other[1], (where - one[0]) / (other[0] - one[0]))
