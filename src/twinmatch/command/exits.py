"""How a command ends: a code, and a sentence on stderr."""

from __future__ import annotations

import sys
from enum import IntEnum

__all__ = ["Exit", "say"]


class Exit(IntEnum):
    """How the command ended."""

    DONE = 0  # done, and the proof was checked
    REFUSED = 1  # a proof was refused: believe nothing of the result
    BAD_INPUT = 2  # the input or the command line is wrong; the message says where
    NO_PROOF = 3  # time or memory ran out before the gap asked for was proven, or crossed quotas leave one
    INFEASIBLE = 4  # nothing can satisfy the policy; the result carries a witness
    BUG = 70  # a fault of twinmatch itself, with a traceback to report
    INTERRUPTED = 130  # Ctrl-C; what was found is saved


def say(code: Exit, message: str) -> Exit:
    """Say on stderr why a command ends as it does, and return its code."""
    print(f"twinmatch: {message}", file=sys.stderr)  # noqa: T201 (messages go to stderr)
    return code
