"""Terms that travel arrive as they were."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from tests.random_terms import CURVED, random_terms
from twinmatch.spreading.packing import left_pack, right_pack, unpacked


@pytest.mark.parametrize("seed", range(12))
def test_parts_are_worth_what_the_whole_is(seed):
    """Every pair of a part that was packed and unpacked has the points that it had."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 40)), int(rng.integers(1, 50))
    terms = random_terms(rng, n, m, kinds=CURVED)
    cuts = sorted({0, n, *rng.integers(0, n + 1, 3).tolist()})
    right = right_pack(terms)
    for first, last in pairwise(cuts):
        part = unpacked(left_pack(terms, first, last), right)
        assert (part.num_left, part.num_right) == (last - first, m)
        i, j = np.indices((last - first, m))
        assert np.array_equal(part.points(i, j), terms.points(i + first, j))


def test_a_pack_is_numbers():
    """Of what is sent nothing is code: a line of JSON, and bytes."""
    terms = random_terms(np.random.default_rng(3), 20, 30, kinds=CURVED)
    for pack in (left_pack(terms, 0, 20), right_pack(terms)):
        assert set(json.loads(pack.header)) == {"arrays", "numbers"}
        assert pack.blob.dtype == np.uint8
        assert not any("O" in dtype for dtype, _, _ in json.loads(pack.header)["arrays"].values())
