"""
Files that are there whole or not at all, whatever happens meanwhile.

A program may be killed between any two instructions, and a machine may lose its power. What was written is
safe once it was told to the disk (``fsync``); a new name is safe once its folder was. So a file is written
under a name that nobody reads, told to the disk, and then given its name in one step.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from twinmatch.errors import ResourceLimitError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["no_room_in_words", "replace_file", "sync_folder", "write_file"]

#: What a disk says that takes no more: full, over a quota, or a file larger than this process may make.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_file(path: Path, content: bytes) -> None:
    """Write a new file, and wait until the disk has it."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Write a file that is there whole or as it was before; one writer at a time."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)  # of a run that was killed
    try:
        write_file(beside, content)
        os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder. Where folders cannot be opened, the system does."""
    if os.name != "posix":  # pragma: no cover  # Windows
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def no_room_in_words(subject: str, folder: Path, otherwise: str) -> Iterator[None]:
    """
    Say so where a disk takes no more.

    Raises
    ------
    ResourceLimitError
        Instead of the system's error, with what became of what was there before (``otherwise``).
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        what = os.strerror(error.errno).lower()
        raise ResourceLimitError(f"{subject}: {folder} cannot be written: {what}. {otherwise}") from error
