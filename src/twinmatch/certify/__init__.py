"""Checking a matching and its proof, without trusting whoever made them."""

from twinmatch.certify.certificate import Certificate, Claim
from twinmatch.certify.optimality import check
from twinmatch.certify.sealing import seal

__all__ = ["Certificate", "Claim", "check", "seal"]
