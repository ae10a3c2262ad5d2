"""The dense solver against SciPy, and against its own proof where floats are not exact."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

import twinmatch as tm
from benchmarks.families import SMALL_MATRICES as FAMILIES
from twinmatch import _core


def plane(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    """Places in the plane, so that bids with a step are needed."""
    left, right = rng.random((n, 2)), rng.random((m, 2))
    return -(1e6 * np.linalg.norm(left[:, None] - right[None], axis=2)).astype(np.int64)


def noisy_products(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    """Return nearly ``i * j``, in any order: the sorted start is near the optimum, but is not it."""
    products = np.outer(rng.integers(1, n + 1, n), rng.integers(1, m + 1, m))
    return products + rng.integers(0, 20, (n, m))


def alike(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    """Return the same for all pairs."""
    return np.full((n, m), int(rng.integers(-5, 6)))


MORE = (*FAMILIES, plane, noisy_products, alike)
SHAPES = [(1, 1), (1, 7), (2, 2), (33, 33), (150, 151), (150, 190), (64, 600), (320, 320), (300, 330)]


def solved(points: np.ndarray, threads: int = 1, isa: str = "auto") -> tuple[np.ndarray, ...]:
    """Return the column of every row, and both sides' prices."""
    kind = _core.NarrowAugment if points.dtype == np.int32 else _core.WideAugment
    augment = kind(np.ascontiguousarray(points), int(points.min()), int(points.max()), isa)
    matched = np.zeros(1, np.int64)
    augment.run(threads, np.zeros(1, np.uint8), matched)
    assert matched[0] == len(points)
    return augment.mate, augment.left_price, augment.right_price


def prove(points: np.ndarray, mate: np.ndarray, left: np.ndarray, right: np.ndarray) -> int:
    """Return the points of a matching after checking that prices prove them; in integers of any size."""
    points, left, right = points.astype(object), left.astype(object), right.astype(object)
    assert len(set(mate.tolist())) == len(points)
    assert min(right) >= 0
    assert (left[:, None] + right[None, :] >= points).all()
    value = points[np.arange(len(points)), mate].sum()
    assert value == left.sum() + right.sum()
    return int(value)


@pytest.mark.parametrize("family", MORE, ids=lambda family: family.__name__)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_the_most_points_with_proof(family, shape, kind, seed):
    """SciPy's optimum, proven by the prices, on all families, square and oblong."""
    points = family(np.random.default_rng([seed, *shape]), *shape).astype(kind)
    row, column = linear_sum_assignment(points, maximize=True)
    assert prove(points, *solved(points)) == points[row, column].sum()


@pytest.mark.parametrize("family", [plane, FAMILIES[1]], ids=lambda family: family.__name__)
def test_lists_drawn_on_long_paths(family, seed):
    """Lists that are drawn in the middle of a path bound what they leave out when the next one begins."""
    for shape in ((700, 760), (600, 1500), (900, 960)):
        points = family(np.random.default_rng([seed, *shape]), *shape).astype(np.int64)
        row, column = linear_sum_assignment(points, maximize=True)
        assert prove(points, *solved(points)) == points[row, column].sum()


@pytest.mark.parametrize("family", MORE, ids=lambda family: family.__name__)
@pytest.mark.parametrize("shape", [(320, 320), (300, 330)], ids=str)
def test_threads_and_instructions_change_nothing(family, shape, seed):
    """The same pairs and prices from any number of threads and any instruction set."""
    points = family(np.random.default_rng(seed), *shape).astype(np.int64)
    first = solved(points)
    for threads, isa in ((2, "auto"), (3, "portable"), (1, "portable")):
        for mine, other in zip(first, solved(points, threads, isa), strict=True):
            np.testing.assert_array_equal(mine, other)
    for mine, other in zip(first, solved(points.astype(np.int32)), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("family", MORE, ids=lambda family: family.__name__)
@pytest.mark.parametrize("shape", [(120, 120), (120, 121), (90, 140)], ids=str)
def test_points_as_large_as_they_may_be(family, shape, seed):
    """At the end of the range everything still adds up, and the library's own check agrees."""
    points = family(np.random.default_rng(seed), *shape).astype(np.int64)
    low, high = min(0, int(points.min())), max(0, int(points.max()))
    points *= (2**60 - 1) // (sum(shape) + 2) // max(1, high - low)
    prove(points, *solved(points))
    answer = tm.assign(points, require_all=True)
    assert answer.status is tm.Status.OPTIMAL
    answer.verify().raise_for_failure()
    with pytest.raises(tm.errors.PointsRangeError):
        tm.assign(points * 4 + 2**58)


@pytest.mark.parametrize("family", MORE, ids=lambda family: family.__name__)
@pytest.mark.parametrize("shape", [(200, 200), (200, 203), (203, 200), (80, 200), (200, 80)], ids=str)
def test_pairs_that_may_be_left_out(family, shape, seed):
    """With points around zero a pair is used only where it helps."""
    points = family(np.random.default_rng(seed), *shape).astype(np.int64)
    points -= int(np.median(points))
    answer = tm.assign(points)
    useful = np.maximum(points, 0)
    row, column = linear_sum_assignment(useful, maximize=True)
    assert answer.objective == answer.bound == useful[row, column].sum()
    assert (points[answer.pairs[:, 0], answer.pairs[:, 1]] > 0).all()
    answer.verify().raise_for_failure()


@pytest.mark.parametrize(
    "family", [plane, noisy_products, FAMILIES[0], FAMILIES[6]], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("shape", [(500, 500), (400, 500)], ids=str)
def test_stopped_anywhere(family, shape, seed):
    """Whenever the flag goes up there are pairs, and prices that bound them."""
    points = family(np.random.default_rng(seed), *shape).astype(np.int64)
    best = points[linear_sum_assignment(points, maximize=True)].sum()
    stopped = []
    for delay in (0, *np.geomspace(1e-4, 0.05, 12)):
        augment = _core.WideAugment(points, int(points.min()), int(points.max()), "auto")
        flag = np.array([delay == 0], np.uint8)

        def stop(flag: np.ndarray = flag, delay: float = delay) -> None:
            time.sleep(delay)
            flag[0] = 1

        waiter = threading.Thread(target=stop)
        waiter.start()
        try:
            augment.run(1, flag, np.zeros(1, np.int64))
        except _core.Cancelled:
            stopped.append(delay)
        waiter.join()
        mate, left, right = augment.mate, augment.left_price, augment.right_price
        assert len(set(mate.tolist())) == len(points)
        assert right.min() >= 0
        assert (left[:, None] + right[None, :] >= points).all()
        assert points[np.arange(len(points)), mate].sum() <= best <= left.sum() + right.sum()
    assert 0 in stopped


def test_a_matrix_that_does_not_fit():
    """More rows than columns, or no rows, are refused where the compiled solver is called."""
    for shape in ((3, 2), (0, 2)):
        with pytest.raises(ValueError, match="more rows than columns"):
            _core.WideAugment(np.zeros(shape, np.int64), 0, 0, "auto")
