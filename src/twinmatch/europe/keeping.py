"""The summary of all states as a file that programs read, beside the folders of the states."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from twinmatch.columns import COUNTRIES
from twinmatch.durable import no_room_in_words, replace_file
from twinmatch.saving.layout import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from twinmatch.europe.result import StateMatchings

__all__ = ["SUMMARY", "keep", "unmentioned"]

SUMMARY = "europe.json"


def keep(directory: Path, found: StateMatchings) -> None:
    """
    Write the summary, in place of an earlier one.

    Raises
    ------
    ResourceLimitError
        If the disk is full; the earlier one is as it was.
    """
    content = (json.dumps(found.to_dict(), indent=1, ensure_ascii=False) + "\n").encode()
    with no_room_in_words("match_states", directory, "Make room, and call again: what is finished is kept."):
        directory.mkdir(parents=True, exist_ok=True)
        replace_file(directory / SUMMARY, content)


def unmentioned(directory: Path, states: Collection[str]) -> list[str]:
    """
    Return the states that have a matching in a directory, and that a summary of these states would not name.

    The folders are what counts, not the summary: one that was written while a run was killed names few.
    """
    others = sorted(COUNTRIES - set(states))
    return [state for state in others if os.path.isfile(directory / state / MANIFEST)]
