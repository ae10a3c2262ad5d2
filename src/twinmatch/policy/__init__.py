"""Policies: hard rules and soft criteria as values, and their way to arrays."""

from twinmatch.policy.policy import Policy

__all__ = ["Policy"]
