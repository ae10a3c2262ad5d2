"""What a matching is sealed with: a digest of its numbers, and those of the tables and of what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinmatch.certify import seal
from twinmatch.certify.sealing import digest
from twinmatch.lazily import Later
from twinmatch.solvers.control import Stopped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinmatch.mechanisms import Mechanism
    from twinmatch.policy import Policy
    from twinmatch.proof import Proof
    from twinmatch.schools import Schools

__all__ = ["SEALED", "fingerprints", "fingerprints_of", "seal_of"]

#: The numbers of a matching that its seal is about.
SEALED = (
    "mate",
    "right_price",
    "coverage_price",
    "witness_left",
    "right_capacity",
    "status",
    "objective",
    "bound",
    "coverage",
    "coverage_bound",
)


def seal_of(numbers: dict[str, Any], proof: Proof | None = None) -> str:
    """Return the digest of the numbers that :data:`SEALED` names, and of what a proof says besides."""
    mark = seal(**numbers)
    return mark if proof is None else digest(mark, *proof.arrays())


def fingerprints_of(left: Schools, right: Schools, policy: Policy, mechanism: Mechanism) -> Sequence[str]:
    """Return fingerprints, or, where the call was stopped before they were taken, what takes them later."""
    try:
        return fingerprints(left, right, policy, mechanism)
    except Stopped:
        return Later(lambda: fingerprints(left, right, policy, mechanism))


def fingerprints(left: Schools, right: Schools, policy: Policy, mechanism: Mechanism) -> tuple[str, str, str]:
    """Return digests of the tables, and of what was asked of them."""
    asked, how = policy.fingerprint(), mechanism.fingerprint()
    return left.fingerprint(), right.fingerprint(), f"{asked}+{how}" if how else asked
