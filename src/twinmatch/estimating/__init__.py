"""What a run will take of memory and time, before it is made."""

from __future__ import annotations

from twinmatch.estimating.arrays import estimate_assign
from twinmatch.estimating.result import Estimate, Probe
from twinmatch.estimating.schools import estimate

__all__ = ["Estimate", "Probe", "estimate", "estimate_assign"]
