"""A floor that is kept, a floor that is the highest, and who proves it: against a count by hand."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tests.instances import explicit
from tests.random_terms import FORBIDDEN
from twinmatch.certify import floor as module
from twinmatch.certify.floor import check_floor

x = FORBIDDEN


def checked(points, mate, places, floor, witness, **options):
    claims = check_floor(
        explicit(points).terms,
        mate=np.array(mate),
        right_capacity=np.array(places),
        floor=floor,
        witness_left=np.array(witness),
        **options,
    )
    assert [claim.name for claim in claims] == ["floor", "highest floor"]
    return [claim.ok for claim in claims]


POINTS, BOTH = [[5, 9], [4, x]], [True, True]


@pytest.mark.parametrize(
    ("floor", "witness", "holds"),
    [
        (4, BOTH, [True, False]),  # together they reach both places
        (4, [False, True], [True, True]),  # the second has nothing above 4
        (4, [True, False], [True, False]),
        (3, BOTH, [True, False]),  # a floor of 4 can be promised
        (5, BOTH, [False, True]),
        (9, BOTH, [False, True]),
        (4, [False, False], [True, False]),
    ],
)
def test_a_floor_by_hand(floor, witness, holds):
    """Pairs (0, 1) and (1, 0) of 9 and 4 points: 4 is kept, and is the highest."""
    assert checked(POINTS, [1, 0], [1, 1], floor, witness) == holds


def test_places_count_as_often_as_they_are(monkeypatch):
    """Two places above the floor are two pairs, a third one of a partner that nobody reaches is none."""
    points = [[9, 1], [9, 1], [9, 1]]
    everybody = [True] * 3
    for step in (1, 2**21):
        monkeypatch.setattr(module, "_AT_ONCE", step)
        assert checked(points, [0, 0, 1], [2, 1], 1, everybody) == [True, True]
        assert checked(points, [0, 0, 1], [3, 1], 1, everybody) == [True, False]
        assert checked(points, [0, 0, 0], [3, 1], 9, everybody) == [True, True]


def test_a_witness_of_others_and_a_stop():
    """Marks of another number of schools prove nothing, nor does a check that was stopped."""
    assert checked(POINTS, [1, 0], [1, 1], 4, [True]) == [True, False]
    stop = threading.Event()
    assert checked(POINTS, [1, 0], [1, 1], 4, [False, True], cancel=stop) == [True, True]
    stop.set()
    assert checked(POINTS, [1, 0], [1, 1], 4, [False, True], cancel=stop) == [True, False]


def test_against_all_matchings(seed):
    """Whatever the witness, what it proves is so: no matching of the size has only pairs above the floor."""
    from tests.oracles import best_by_brute_force

    rng = np.random.default_rng([seed, 31])
    proven = 0
    for _ in range(300):
        n, m = rng.integers(1, 5, 2)
        points = rng.integers(0, 5, (n, m))
        points[rng.random((n, m)) < 0.2] = x
        places = rng.integers(0, 3, m)
        mate, room = np.full(n, -1), places.copy()
        for i in range(n):
            for j in range(m):
                if points[i, j] != x and room[j] and mate[i] < 0:
                    mate[i], room[j] = j, room[j] - 1
        pairs = points[np.flatnonzero(mate >= 0), mate[mate >= 0]]
        floor, witness = int(rng.integers(0, 5)), rng.random(n) < 0.6
        kept, highest = checked(points, mate, places, floor, witness)
        assert kept == (pairs >= floor).all()
        size = best_by_brute_force(np.where(points > floor, points, x), places).coverage
        assert not highest or size < len(pairs)
        proven += highest
    assert proven > 20
