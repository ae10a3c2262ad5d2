"""Markets of some size for the tests of executors, and what has to be the same of two matchings."""

from __future__ import annotations

from functools import cache

import twinmatch as tm

#: Searches of so few rows are handed to executors in these tests.
FEW_ROWS = 250


@cache
def market(num_left, num_right, places=None, kind="mild"):
    """Two tables."""
    return tm.datasets.synthetic(num_left, num_right, places=places, market=kind, seed=7)


@cache
def alone(*world):
    """Return the matching that is found without an executor."""
    return tm.match(*market(*world))


def bytes_of(matching):
    """Everything that has to be the same, whoever did the work."""
    arrays = (matching.mate, matching.right_price, matching.witness_left)
    numbers = (matching.status, matching.limit, matching.objective, matching.bound, matching.coverage)
    return matching.digest, matching.seal, *numbers, *(array.tobytes() for array in arrays)


def claims_of(certificate):
    """Everything of a certificate but the seconds that it took."""
    numbers = (certificate.objective, certificate.bound, certificate.pairs_checked)
    return certificate.ok, certificate.claims, *numbers
