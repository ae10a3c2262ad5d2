"""What stands around the arrays of a graph, and numbers that 32 bits do not hold, change nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.random_terms import random_terms
from twinmatch.graph.scored import ScoredGraph

ROOT = Path(__file__).resolve().parent.parent.parent


AROUND = """
import dataclasses
import numpy as np
from tests.graph.test_slopes import market
from twinmatch.graph.scored import ScoredGraph

terms = market(np.random.default_rng(3), left_km=300, reach_km=800, cap=1.0, linears=1)
around = np.full(terms.num_right + 1, 2**30, np.int32)  # a class far outside of the table
around[1:] = terms.right_class
seen = dataclasses.replace(terms, right_class=around[1:])
assert not seen.right_class.flags.owndata
rows = np.arange(terms.num_left)
for a, b in zip(ScoredGraph(seen).best_lists(rows, 8), ScoredGraph(terms).best_lists(rows, 8), strict=True):
    assert np.array_equal(a, b)
"""


def test_what_stands_before_the_classes_is_not_read() -> None:
    """Leaves that hold nobody are of the class of their block, not of the one before the first node."""
    # In a process of its own, which a mistake here would end.
    run = subprocess.run([sys.executable, "-c", AROUND], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("above", [2**31 - 1, 2**31, 2**33, 2**40])
def test_nobody_exceeds_a_floor_beyond_32_bits(above: int) -> None:
    """A floor that no net value can reach lists nobody; it is not cut to 32 bits."""
    graph = ScoredGraph(random_terms(np.random.default_rng(1), 5, 40, kinds=("linear",)))
    rows, price = np.arange(5, dtype=np.int32), np.zeros(40, np.int64)
    item, _, number, bound = graph.core.search(rows, 3, price, 1, np.full(5, above))
    assert (number == 0).all()
    assert (item == -1).all()
    assert (bound >= 2**31 - 1).all()
