"""
A digest that tells whether the numbers of a matching are still those that were found.

A seal proves nothing about the matching: anybody can make one. It catches what a proof cannot see. A
price that was changed may still prove the same bound; that is a true proof, and not the one that was
delivered.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["digest", "seal"]


def seal(
    *,
    mate: npt.ArrayLike,
    right_price: npt.ArrayLike,
    coverage_price: int,
    witness_left: npt.ArrayLike,
    right_capacity: npt.ArrayLike,
    status: str,
    objective: int | None,
    bound: int | None,
    coverage: int | None,
    coverage_bound: int | None,
) -> str:
    """
    Return the SHA-256 of everything that a matching claims.

    Parameters are those of :func:`twinmatch.certify.check`. Arrays count by their values: int32 or int64,
    a list or an array make no difference.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> claims = dict(right_price=[0], coverage_price=0, witness_left=[True, False], right_capacity=[1],
    ...               status="OPTIMAL", objective=5, bound=5, coverage=1, coverage_bound=1)
    >>> seal(mate=[0, -1], **claims) == seal(mate=[-1, 0], **claims)
    False
    """
    return digest(
        mate,
        right_price,
        witness_left,
        right_capacity,
        coverage_price,
        str(status),
        objective,
        bound,
        coverage,
        coverage_bound,
    )


def digest(*parts: Any) -> str:
    """Return the SHA-256 of arrays and numbers, by their values and in this order."""
    whole = hashlib.sha256()
    for part in parts:
        array = np.asarray(part)
        if array.ndim and array.dtype.kind in "biu":
            values = np.ascontiguousarray(array, np.dtype("<i8"))
            whole.update(f"{array.shape}".encode() + values.tobytes())
        else:
            whole.update(f"{array.tolist()!r};".encode())
    return whole.hexdigest()
