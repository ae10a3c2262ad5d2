"""Seals: the same for the same values, another for any other, and the same in every version."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest

from twinmatch.certify.sealing import digest, seal

CLAIMS = {
    "mate": [0, -1],
    "right_price": [7, 0, 300],
    "coverage_price": 2,
    "witness_left": [True, False],
    "right_capacity": [1, 1, 2],
    "status": "OPTIMAL",
    "objective": 5,
    "bound": 6,
    "coverage": 1,
    "coverage_bound": None,
}
OTHER = {
    "mate": [-1, 0],
    "right_price": [7, 0, 301],
    "coverage_price": 3,
    "witness_left": [False, True],
    "right_capacity": [1, 2, 1],
    "status": "FEASIBLE",
    "objective": 6,
    "bound": 5,
    "coverage": 2,
    "coverage_bound": 2,
}


def by_hand(*parts):
    """Return the digest by its description: shape and little-endian 64 bits of arrays, text of numbers."""
    told = b""
    for part in parts:
        if isinstance(part, list):
            told += f"({len(part)},)".encode() + struct.pack(f"<{len(part)}q", *part)
        else:
            told += f"{part!r};".encode()
    return hashlib.sha256(told).hexdigest()


def test_a_seal_is_what_its_description_says():
    """Saved folders keep seals: another way to make them would refuse all of them."""
    c = CLAIMS
    arrays = c["mate"], c["right_price"], c["witness_left"], c["right_capacity"]
    rest = c["coverage_price"], c["status"], c["objective"], c["bound"], c["coverage"], c["coverage_bound"]
    assert seal(**CLAIMS) == by_hand(*arrays, *rest)
    assert digest([1, 2], 3, "x") == by_hand([1, 2], 3, "x")
    assert digest(np.zeros((2, 3), np.int8)) == hashlib.sha256(b"(2, 3)" + bytes(48)).hexdigest()
    assert digest(np.array([0.5])) == hashlib.sha256(b"[0.5];").hexdigest()


@pytest.mark.parametrize("name", CLAIMS)
def test_anything_else_has_another_seal(name):
    """Each of the claims is under the seal."""
    assert seal(**{**CLAIMS, name: OTHER[name]}) != seal(**CLAIMS)


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.uint16])
def test_values_count_and_types_do_not(kind):
    """Any type that holds the numbers; marks as bool or as 0 and 1."""
    same = {name: np.array(CLAIMS[name], kind) for name in ("right_capacity", "witness_left")}
    assert seal(**{**CLAIMS, **same}) == seal(**CLAIMS)
