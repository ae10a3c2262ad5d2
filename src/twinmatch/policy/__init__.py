"""Policies: hard rules, soft criteria and quotas as values, and their way to arrays."""

from twinmatch.policy.policy import Policy

__all__ = ["Policy"]
