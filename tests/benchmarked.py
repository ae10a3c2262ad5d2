"""Small instances that benchmarks and their peers are tried on."""

from __future__ import annotations

from benchmarks.instances import Instance

MARKET = Instance("a market", "synthetic", {"market": "mild", "num_left": 60, "num_right": 200})
TIGHT = Instance("a tight market", "synthetic", {"market": "tight", "num_left": 80, "num_right": 60})
LISTS = Instance("lists", "lists", {"family": "vertical", "num_left": 50, "num_right": 90, "per_left": 12})
MATRIX = Instance("a matrix", "matrix", {"family": "geometric", "n": 40})
NESTED = Instance(
    "nested",
    "lists",
    {
        "family": "mild",
        "num_left": 600,
        "num_right": 1200,
        "per_left": 12,
        "quotas": "nested",
        "everybody": False,
    },
)
CROSSED = Instance("crossed", "matrix", {"family": "uniform", "n": 30, "quotas": "crossed"})
QUOTAS = [NESTED, CROSSED]


def quiet(text: str) -> None:
    """Say nothing."""
