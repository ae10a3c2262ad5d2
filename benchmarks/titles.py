"""What people call the peers; apart from the peers, so that a report needs none of them."""

from __future__ import annotations

__all__ = ["TITLES"]

TITLES = {
    "composition": "composition with our search",
    "composition-numpy": "composition in NumPy",
    "ortools": "OR-tools SimpleMinCostFlow",
    "highs": "HiGHS interior point",
    "scipy": "SciPy linear_sum_assignment",
    "scipy-sparse": "SciPy min_weight_full_bipartite_matching",
    "scipy-milp": "HiGHS in SciPy milp",
    "lapx": "lapx lapjv",
    "lapx-sparse": "lapx lapmod",
}
"""By name."""
