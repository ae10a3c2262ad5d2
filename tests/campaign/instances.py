"""
The random instances of the campaign: each is told by a seed, its family and a number, and by nothing else.

Both kinds, :mod:`tests.campaign.arrays` and :mod:`tests.campaign.graphs`, say what the library answered as
questions with answers that any judge can be asked for, and both know how to be smaller.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tests.assignment.constrained import crossed_quotas, nested_quotas, odd_quotas
from tests.campaign.arrays import Arrays, bounded, plain, regions
from tests.campaign.graphs import Graph, compiled, implicit

if TYPE_CHECKING:
    from collections.abc import Callable

    Draw = Callable[[np.random.Generator], Arrays | Graph]

FAMILIES: dict[str, Draw] = {
    "assign: matrix": partial(plain, "matrix"),
    "assign: 32 bits": partial(plain, "narrow"),
    "assign: floats": partial(plain, "floats"),
    "assign: sparse": partial(plain, "sparse"),
    "assign: networkx": partial(plain, "networkx"),
    "assign: bounds, locks": partial(bounded, None, "csc"),
    "assign: regions": partial(regions, "sparse"),
    "assign: nested quotas": partial(bounded, nested_quotas, "sparse"),
    "assign: crossed quotas": partial(bounded, crossed_quotas, "matrix"),
    "assign: odd rings": partial(bounded, odd_quotas, "networkx"),
    "match: most points": partial(compiled, "most_points"),
    "match: curves": partial(compiled, "curve"),
    "match: nash": partial(compiled, "nash"),
    "match: leximin": partial(compiled, "leximin", most_left=5, most_right=4),
    "match: own functions": partial(compiled, "called"),
    "match: quotas": implicit,
}
#: Of twenty instances in a row.
SHARES = (5, 1, 1, 4, 0.5, 0.75, 0.5, 0.75, 0.5, 0.5, 2.5, 1, 0.5, 0.5, 0.5, 0.5)


def draw(seed: int, family: str, number: int) -> Arrays | Graph:
    """Return an instance; the same for the same numbers."""
    rng = np.random.default_rng([seed, list(FAMILIES).index(family), number])
    return FAMILIES[family](rng)
