"""Random instances: points of pairs in every form that the compiled loops know, and places."""

from __future__ import annotations

import numpy as np

from twinmatch.graph.formulas import DistanceColumns, DotColumns, LinearColumns, TagColumns
from twinmatch.graph.singles import NO_BONUS, Bonus
from twinmatch.graph.terms import PairTerms

FORBIDDEN = -(2**31)
KINDS = ("table", "linear", "distance", "tags", "dot", "bans")
EVERY = (*KINDS, "bonus")
CURVED = (*EVERY, "curve")


def random_terms(
    rng: np.random.Generator,
    num_left: int,
    num_right: int,
    *,
    kinds: tuple[str, ...] = KINDS,
    linears: int | None = None,
    forbidden: float = 0.3,
    span: int = 100_000,
) -> PairTerms:
    """
    Return random terms.

    Parameters
    ----------
    kinds : tuple of str
        Which columns there are, of ``CURVED``.
    linears : int, optional
        How many linear columns; one to four by default.
    forbidden : float
        Share of forbidden table entries.
    span : int
        Points of one column go up to about this; a small one makes ties.
    """
    left_classes, right_classes = int(rng.integers(1, 6)), int(rng.integers(1, 7))
    table = np.zeros((left_classes, right_classes), np.int32)
    if "table" in kinds:
        table = rng.integers(-span // 4, span + 1, table.shape).astype(np.int32)
        table[rng.random(table.shape) < forbidden] = FORBIDDEN
    banned = np.empty((0, 2), np.int64)
    if "bans" in kinds and num_left * num_right:
        keys = np.unique(
            rng.integers(0, num_left * num_right, rng.integers(0, 3 + num_left * num_right // 9))
        )
        banned = np.stack([keys // num_right, keys % num_right], axis=1).astype(np.int64)
    count = int(rng.integers(1, 5)) if linears is None else linears
    return PairTerms(
        left_class=rng.integers(0, left_classes, num_left).astype(np.int32),
        right_class=rng.integers(0, right_classes, num_right).astype(np.int32),
        table=table,
        linears=tuple(
            _linear(rng, num_left, num_right, span) for _ in range(count if "linear" in kinds else 0)
        ),
        distance=_distance(rng, num_left, num_right, span) if "distance" in kinds else None,
        tags=tuple(_tags(rng, num_left, num_right, span) for _ in range(2 if "tags" in kinds else 0)),
        dot=_dot(rng, num_left, num_right, span) if "dot" in kinds else None,
        banned=banned,
        curve=_curve(rng, span) if "curve" in kinds else None,
        bonus=_bonus(rng, num_left, num_right, span) if "bonus" in kinds else NO_BONUS,
    )


def random_capacity(rng: np.random.Generator, num_right: int, most: int = 3) -> np.ndarray:
    """Return places from none to ``most``."""
    return rng.integers(0, most + 1, num_right)


def _curve(rng, span):
    """Return entries that never fall: jumps, plateaus, and an end that many sums are beyond."""
    size = int(rng.choice([1, 7, span, 6 * span]))
    return np.cumsum(rng.integers(0, 4, size) * (rng.random(size) < 0.3)).astype(np.int32)


def _bonus(rng, num_left, num_right, span):
    """Return a few pairs that are worth more; some of them may be forbidden, or banned besides."""
    count = int(rng.integers(0, 3 + num_left * num_right // 20))
    keys = np.unique(rng.integers(0, max(1, num_left * num_right), count if num_left * num_right else 0))
    points = rng.integers(1, span + 2, len(keys)).astype(np.int32)
    return Bonus(np.stack([keys // max(1, num_right), keys % max(1, num_right)], axis=1), points)


def _unknown(rng, values, sentinel):
    """Put the sentinel of an unknown value in about one place in eight."""
    values[..., rng.random(values.shape[-1]) < 0.12] = sentinel
    return values


def _linear(rng, num_left, num_right, span):
    left = rng.integers(-span, span + 1, num_left).astype(np.int32)
    right = rng.integers(-span, span + 1, num_right).astype(np.int32)
    top, cap = (int(x) for x in rng.integers(0, span + 1, 2))
    return LinearColumns(_unknown(rng, left, -(2**29)), _unknown(rng, right, 2**29), top, cap)


def _distance(rng, num_left, num_right, span):
    def points(count):
        vector = rng.normal(size=(3, count))
        # Most schools lie within some hundred kilometres of each other, a few on the far side.
        vector = np.where(rng.random(count) < 0.8, vector * 0.05 + np.array([[1.0], [0.2], [0.8]]), vector)
        return np.round(vector / np.linalg.norm(vector, axis=0) * 2**22).astype(np.float32)

    slope = float(np.float32(span / rng.uniform(1e5, 1e7)))
    centre = float(np.float32(rng.choice([0.0, 200_000.0])))
    top, cap = (float(np.float32(rng.integers(0, span + 1))) for _ in range(2))
    left, right = points(num_left), points(num_right)
    return DistanceColumns(
        _unknown(rng, left, -(2.0**26)), _unknown(rng, right, 2.0**26), top, slope, centre, cap
    )


def _tags(rng, num_left, num_right, span):
    left, right = (
        rng.integers(0, 2**64, k, np.uint64) & rng.integers(0, 2**64, k, np.uint64)
        for k in (num_left, num_right)
    )
    return TagColumns(left, right, int(rng.integers(0, span // 4 + 2)), int(rng.integers(0, span + 1)))


def _dot(rng, num_left, num_right, span):
    width = int(rng.choice([1, 3, 16, 40]))
    left, right = (rng.integers(-128, 128, (k, width)).astype(np.int8) for k in (num_left, num_right))
    gain = int(rng.integers(1, span + 2))
    return DotColumns(
        left, right, int(rng.integers(-5_000, 20_000)), gain, 14, int(rng.integers(0, span + 1))
    )
