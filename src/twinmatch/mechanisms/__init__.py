"""
Mechanisms: how one matching is chosen among all that keep to the rules.

A policy says who may be paired and what a pair is worth; a mechanism says what a matching is to be best at.
Every one of them pairs as many left schools as can be (unless the policy counts points first), and keeps to
capacities, locks and quotas.
"""

from __future__ import annotations

from twinmatch.mechanisms.catalogue import NAMES, named
from twinmatch.mechanisms.leximin import Leximin, leximin
from twinmatch.mechanisms.mechanism import Mechanism, MostPoints, Procedure, most_points
from twinmatch.mechanisms.ordinal import (
    Greedy,
    SerialDictatorship,
    Stable,
    greedy,
    lottery,
    serial_dictatorship,
    stable,
)
from twinmatch.mechanisms.ranks import RankMaximal, rank_maximal
from twinmatch.mechanisms.transformed import Concave, Nash, concave, nash

__all__ = [
    "NAMES",
    "Concave",
    "Greedy",
    "Leximin",
    "Mechanism",
    "MostPoints",
    "Nash",
    "Procedure",
    "RankMaximal",
    "SerialDictatorship",
    "Stable",
    "concave",
    "greedy",
    "leximin",
    "lottery",
    "most_points",
    "named",
    "nash",
    "rank_maximal",
    "serial_dictatorship",
    "stable",
]
