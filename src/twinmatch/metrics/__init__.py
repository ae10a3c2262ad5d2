"""What a matching gives, and to whom: coverage, points, distances, countries, ranks, blocking pairs."""

from __future__ import annotations

from twinmatch.metrics.measuring import measured
from twinmatch.metrics.result import Metrics

__all__ = ["Metrics", "measured"]
