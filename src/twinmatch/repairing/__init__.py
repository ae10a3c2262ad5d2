"""A matching after changes: repaired with proof, and compared with what was before."""

from twinmatch.repairing.afresh import repair
from twinmatch.repairing.diff import Diff, difference
from twinmatch.repairing.stating import Question, stated

__all__ = ["Diff", "Question", "difference", "repair", "stated"]
