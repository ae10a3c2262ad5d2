"""The summary of all states as a file that programs read, beside the folders of the states."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twinmatch.durable import no_room_in_words, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from twinmatch.europe.result import StateMatchings

__all__ = ["SUMMARY", "keep"]

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
