"""What follows from the pairs of a proof, one number after the other."""

from __future__ import annotations

import numpy as np
import pytest

from twinmatch.certify.firsts import check_firsts
from twinmatch.graph.constraints import Prices

PAIRS = np.array([[0, 2], [2, 0], [2, 1]])
COVER = Prices(np.array([1, 0, 1]), np.zeros(3, np.int64), np.zeros(0, np.int64), 1)
TOLD = {
    "mate": np.array([2, -1, 0]),
    "witness_left": np.array([False, True, False]),
    "objective": 7,
    "coverage": 2,
}


def refused(taken=PAIRS, cover=COVER, **changes):
    return [claim.name for claim in check_firsts(taken, cover, **TOLD | changes) if not claim.ok]


def test_what_follows():
    """The first of several partners, in any order of pairs; those whose price is nothing."""
    assert refused() == refused(PAIRS[::-1]) == []
    nobody = {"mate": np.full(3, -1), "objective": 0, "coverage": 0}
    assert refused(PAIRS[:0], None, **nobody, witness_left=np.zeros(3, bool)) == []
    assert refused(cover=None, witness_left=np.zeros(3, bool)) == []


@pytest.mark.parametrize("mate", [[2, -1, 1], [2, 0, 0], [-1, -1, 0], [2, -1, -1]])
def test_other_partners(mate):
    """One that is another, one too many, one too few."""
    (claim, *_) = check_firsts(PAIRS, COVER, **TOLD | {"mate": np.array(mate)})
    assert not claim.ok
    assert claim.detail == "1 of 3 left schools have another partner than the first of their pairs"
    assert refused(mate=np.array(mate)) == ["first partners"]


@pytest.mark.parametrize("taken", [[[3, 0]], [[-1, 0]], [[0, 2, 1]], [0, 2], [[0], [2]]])
def test_pairs_that_are_none(taken):
    """Left schools that do not exist, and arrays of another shape, say nothing of partners."""
    assert "first partners" in refused(np.array(taken))
    assert "first partners" in refused(np.array(taken), mate=np.full(3, -1))
    assert "first partners" in refused(np.array(taken), mate=np.array([-1, -1, 0]))


@pytest.mark.parametrize("marks", [[True, True, False], [False, False, False], [False, True]])
def test_other_witnesses(marks):
    """One too many, one too few, and one for nobody."""
    assert refused(witness_left=np.array(marks)) == ["left witness"]
    assert refused(cover=None) == ["left witness"]


def test_points_of_nobody():
    """Without pairs there are none, and nobody is covered."""
    nobody = {"mate": np.full(3, -1)}
    for changes in (
        {"objective": 1, "coverage": 0},
        {"objective": 0, "coverage": 1},
        {"objective": -1, "coverage": 0},
    ):
        assert refused(PAIRS[:0], **nobody, **changes) == ["no pairs"]
    assert refused(objective=0, coverage=0) == []
