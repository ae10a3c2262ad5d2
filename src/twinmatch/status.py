"""How a solve ended: what is known, and what stopped it. Two questions, two types."""

from enum import StrEnum

__all__ = ["Limit", "Status"]


class Status(StrEnum):
    """
    What is known at the end of a solve.

    ``OPTIMAL`` means that the coverage is proven and that the objective equals its bound in
    exact integers. ``FEASIBLE`` comes with a valid bound above the objective. ``INFEASIBLE``
    comes with a witness. ``NO_SOLUTION`` means that the run ended before anything was found.
    """

    OPTIMAL = "OPTIMAL"
    FEASIBLE = "FEASIBLE"
    INFEASIBLE = "INFEASIBLE"
    NO_SOLUTION = "NO_SOLUTION"


class Limit(StrEnum):
    """What stopped a solve before it had nothing left to do."""

    DEADLINE = "DEADLINE"
    CANCELLED = "CANCELLED"
    GAP = "GAP"
    MEMORY = "MEMORY"
