"""Instances with what a right solver would claim of them, and ways to change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.oracles import dense_points, prove
from tests.random_terms import random_capacity, random_terms
from twinmatch.certify import check
from twinmatch.graph.terms import PairTerms

if TYPE_CHECKING:
    from twinmatch.certify import Certificate

FORBIDDEN = -(2**31)


class Case:
    """An instance, and the arguments of ``check`` that a right solver would hand over."""

    def __init__(self, terms: PairTerms, capacity: np.ndarray) -> None:
        self.terms = terms
        self.points = dense_points(terms)
        proof = prove(self.points, capacity)
        self.claims: dict[str, Any] = {**proof._asdict(), "right_capacity": capacity, "status": "OPTIMAL"}

    def check(self, **changed: Any) -> Certificate:
        return check(self.terms, **{**self.claims, **changed})


def explicit(points: list[list[int]], capacity: list[int]) -> Case:
    """Return a case with a class for each school, so that the table holds the points."""
    table = np.array(points, np.int32)
    rows, columns = (np.arange(k, dtype=np.int32) for k in table.shape)
    return Case(PairTerms(rows, columns, table), np.array(capacity))


def random_case(rng: np.random.Generator, most: int = 9) -> Case:
    num_left, num_right = (int(k) for k in rng.integers(0, most, 2))
    span = int(rng.choice([1, 3, 50, 100_000]))
    kinds = ("table", "linear", "distance", "bans")
    terms = random_terms(rng, num_left, num_right, kinds=kinds, forbidden=rng.random(), span=span)
    return Case(terms, random_capacity(rng, num_right))


def swapped(mate: np.ndarray, a: int, b: int) -> np.ndarray:
    changed = mate.copy()
    changed[[a, b]] = mate[[b, a]]
    return changed


def moved(values: np.ndarray, index: int, step: int) -> np.ndarray:
    changed = values.copy()
    changed[index] += step
    return changed
