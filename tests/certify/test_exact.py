"""Sums and products that leave 64 bits are right to the last digit."""

from __future__ import annotations

import numpy as np
import pytest

from twinmatch.certify.exact import exact_dot, exact_sum


@pytest.mark.parametrize("size", [0, 1, 2, 7, 1000])
def test_sums_of_the_largest_numbers(size, seed):
    """Numbers of both signs up to the ends of 64 bits, as Python adds them."""
    rng = np.random.default_rng([seed, size])
    for low, high in ((-(2**63), 2**63 - 1), (2**62, 2**63 - 1), (-5, 5), (0, 2**33)):
        values = rng.integers(low, high, size, endpoint=True)
        assert exact_sum(values) == sum(values.tolist())


@pytest.mark.parametrize("most", [0, 1, 3, 2**31, 2**32 - 1, 2**32, 2**40, 2**62])
def test_products_of_the_largest_numbers(most, seed):
    """Products within 64 bits and beyond them, as Python adds them; the largest that fits is one of both."""
    rng = np.random.default_rng([seed, most])
    a, b = rng.integers(0, most, 50, endpoint=True), rng.integers(0, most, 50, endpoint=True)
    a[0] = b[0] = most
    assert exact_dot(a, b) == sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))
    assert exact_dot(a[:0], b[:0]) == 0


def test_the_largest_product_that_fits():
    """At 2**63 - 1 and at one more: the same digits."""
    for a, b in (([2**63 - 1, 1], [1, 1]), ([2**62, 3], [2, 2**62]), ([3, 1], [(2**63 - 1) // 3, 2**62])):
        exact = sum(x * y for x, y in zip(a, b, strict=True))
        assert exact_dot(np.array(a, np.int64), np.array(b, np.int64)) == exact


@pytest.mark.parametrize("most", [1, 2**40])
def test_products_of_arrays_that_differ_in_length(most):
    """Nothing is left out in silence, within 64 bits and beyond."""
    with pytest.raises(ValueError, match=r"shorter|broadcast"):
        exact_dot(np.full(3, most), np.full(2, most))
