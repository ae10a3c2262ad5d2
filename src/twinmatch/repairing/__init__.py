"""A matching after changes: repaired with proof, and compared with what was before."""

from twinmatch.repairing.living import prepare
from twinmatch.repairing.mending import repair
from twinmatch.repairing.diff import Diff, difference
from twinmatch.repairing.stating import Question, stated

__all__ = ["Diff", "Question", "difference", "prepare", "repair", "stated"]
