"""
Whether a folder holds what a run would find: then the run need not be made again.

Nothing in a folder is trusted, so it is not enough that somebody wrote down that a state was finished. The
matching is read, the question that it answers is compared with the one that is asked, table by table, and
every claim is computed again (by the caller).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import __version__
from twinmatch.errors import FormatError, InputError
from twinmatch.mechanisms import RankMaximal, most_points
from twinmatch.saving import load_matching
from twinmatch.saving.layout import MANIFEST
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from twinmatch.matching import Matching
    from twinmatch.mechanisms import Mechanism
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

__all__ = ["Question", "standing"]


class Question(NamedTuple):
    """What a run is about."""

    left: Schools
    right: Schools
    policy: Policy
    capacity: npt.NDArray[np.int64]
    mechanism: Mechanism | None
    gap: float
    seed: int


def standing(folder: Path, question: Question, notes: list[str]) -> Matching | None:
    """
    Return the matching of a folder where it answers the question to its end; nothing else is known of it.

    None also where there is no matching, or none that can be read: a new one takes its place, and ``notes``
    says so.
    """
    try:
        found = load_matching(folder)
    except (FormatError, InputError) as error:
        if (folder / MANIFEST).is_file():
            why = "; ".join(f"{fault.where}: {fault.what}" for fault in error.faults)
            notes.append(f"what was saved before cannot be read ({why}), and was paired again")
        return None
    return found if _is_over(found, question.gap) and _answers(found, question) else None


def _is_over(found: Matching, gap: float) -> bool:
    """Return whether the run behind a matching had come to its end, as far as is asked now."""
    if found.status is Status.NO_SOLUTION:
        return False
    if found.limit is Limit.GAP:
        return found.relative_gap <= gap
    return found.limit is None


def _answers(found: Matching, asked: Question) -> bool:
    """Return whether a matching is of the same tables, places, policy and mechanism."""
    return (
        found.version == __version__
        and found.seed == asked.seed
        and np.array_equal(found.right_capacity, asked.capacity)
        and _bare(found.mechanism, found) == _bare(asked.mechanism or most_points(), found)
        and found.policy.fingerprint() == asked.policy.fingerprint()
        and found.left.fingerprint() == asked.left.fingerprint()
        and found.right.fingerprint() == asked.right.fingerprint()
    )


def _bare(mechanism: Mechanism, found: Matching) -> str:
    """Return the digest of a mechanism without what a run finds for it."""
    if isinstance(mechanism, RankMaximal):
        return replace(mechanism, right_price=None).fingerprint()
    entries = getattr(found.mechanism, "entries", None)
    most = 0 if entries is None else len(entries) - 1
    return mechanism.settled(most).fingerprint()
