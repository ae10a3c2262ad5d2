"""Policies and mechanisms compared: what each gives, what it costs, how far it can be relied on."""

from __future__ import annotations

from twinmatch.comparing.comparison import Comparison
from twinmatch.comparing.fronts import pareto
from twinmatch.comparing.robust import Robustness, robustness
from twinmatch.comparing.several import compare
from twinmatch.comparing.sweeping import sweep

__all__ = ["Comparison", "Robustness", "compare", "pareto", "robustness", "sweep"]
