"""Small matchings to be explained, and what one would find by trying every pair."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

import twinmatch as tm
from tests.matching.worlds import BASE, KINDS, World, best_by_highs, world
from twinmatch.graph.terms import FORBIDDEN


class Forced(NamedTuple):
    """The best that can be had with a pair."""

    coverage: int
    objective: int


class After:
    """Cancels after it was asked so many times."""

    def __init__(self, times: int) -> None:
        self.times, self.asked = times, 0

    def is_set(self) -> bool:
        self.asked += 1
        return self.asked > self.times


def plain(seed: int, **sizes) -> tuple[World, tm.Matching]:
    """Return random tables and their best matching without quotas."""
    found = world(seed, **sizes)
    return found, tm.match(found.left, found.right, BASE)


def split(seed: int) -> tuple[World, tm.Matching]:
    """Return a market where places of one level are short while others are free."""
    rng = np.random.default_rng(seed)
    levels = [str(rng.choice(["1", "2", "1;2"])) for _ in range(10)]
    sizes = rng.integers(20, 400, 19).astype(float)
    left = {"id": [f"L{k}" for k in range(10)], "country": ["FR"] * 10, "levels": levels, "size": sizes[:10]}
    right = {
        "id": [f"R{k}" for k in range(9)],
        "country": ["IT"] * 9,
        "levels": ["1"] * 3 + ["2"] * 6,
        "size": sizes[10:],
    }
    here, there = tm.Schools.from_frame(left), tm.Schools.from_frame(right)
    points = tm.compile(here, there, BASE).points(np.arange(10)[:, None], np.arange(9)[None, :])
    return World(here, there, np.ones(9, np.int64), points), tm.match(here, there, BASE)


def best_with(points: np.ndarray, places: np.ndarray, pair: tuple[int, int] | None) -> Forced | None:
    """Solve the assignment, coverage first, with one pair forced; None where that cannot be."""
    points = np.where(points == FORBIDDEN, -1, points)
    places = places.copy()
    rows = np.arange(len(points))
    done = 0
    if pair is not None:
        i, j = pair
        if points[i, j] < 0 or not places[j]:
            return None
        done = int(points[i, j])
        places[j] -= 1
        rows = np.delete(rows, i)
    columns = np.repeat(np.arange(len(places)), places)
    much = int(points.max(initial=0)) * len(points) + 1
    block = points[np.ix_(rows, columns)]
    worth = np.where(block < 0, 0, block + much)
    i, j = linear_sum_assignment(worth, maximize=True)
    used = worth[i, j] > 0
    return Forced(int(used.sum()) + (pair is not None), int(block[i, j][used].sum()) + done)


def under_quotas(seed: int):
    """Yield a world, a matching for each kind of quota, and a solver of the same with a pair forced."""
    found = world(seed)
    for kind in KINDS:
        quotas, asked = kind(found)
        policy = replace(BASE, quotas=quotas)
        matching = tm.match(found.left, found.right, policy)

        def forced(pair, found=found, asked=asked):
            locked = [*asked.get("locked", ()), pair]
            return best_by_highs(found, **{**asked, "locked": locked})

        yield kind.__name__, found, matching, forced


def rows(matching: tm.Matching) -> tuple[dict[str, int], dict[str, int]]:
    """Return the row of every id."""
    left, right = matching.left, matching.right
    return {str(k): n for n, k in enumerate(left.ids)}, {str(k): n for n, k in enumerate(right.ids)}
