"""A matching after changes: repaired with proof, and compared with what was before."""

from twinmatch.repairing.diff import Diff, difference
from twinmatch.repairing.frontier import Corner, Frontier, MoveBound
from twinmatch.repairing.living import prepare
from twinmatch.repairing.mending import repair, stability_frontier
from twinmatch.repairing.stating import Question, stated

__all__ = [
    "Corner",
    "Diff",
    "Frontier",
    "MoveBound",
    "Question",
    "difference",
    "prepare",
    "repair",
    "stability_frontier",
    "stated",
]
