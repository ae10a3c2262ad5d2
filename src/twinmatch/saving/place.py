"""Where something is to be written or read."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import cast

from twinmatch.errors import Fault, InputError
from twinmatch.nearby import clipped

__all__ = ["place", "place_faults"]


_LONGEST = 300


def place(subject: str, where: str, given: object, *, folder: bool) -> Path:
    """
    Return where something is to be written or read.

    Raises
    ------
    InputError
        If it is no path, an empty one, one that no system takes, or a file where a folder is meant, be it
        on the way there, or the other way round.
    """
    if faults := place_faults(where, given, folder=folder):
        raise InputError(subject, faults)
    return Path(cast("str", given))


def place_faults(where: str, given: object, *, folder: bool) -> list[Fault]:
    """Return what is wrong with a place, if anything is."""
    kind = "folder" if folder else "file"
    if not isinstance(given, str | os.PathLike):
        what = f"must be the path of a {kind}, not {'None' if given is None else type(given).__name__}"
    elif not isinstance(os.fspath(given), str):
        what = "must be a path of text, not of bytes"
    elif not os.fspath(given):
        what = "is empty"
    else:
        what = _wrong(Path(given), folder=folder)
        if not what:
            return []
    return [Fault(where, what, hint=f"Give a {kind}, such as 'twins{'' if folder else '.html'}'.")]


def _wrong(path: Path, *, folder: bool) -> str:
    """Return why nothing can be written or read at a path, as far as looking tells; empty where it may be."""
    told = str(path) if len(str(path)) < _LONGEST else clipped(str(path))
    if "\0" in told:
        return f"is no path that a system takes: {clipped(told)}"
    try:
        if path.exists():
            return "" if path.is_dir() == folder else f"is a {'file' if folder else 'folder'}: {told}"
        above = next((one for one in path.parents if one.exists()), None)
    except OSError as error:
        if error.errno == errno.EACCES:
            return ""  # the system says so when it is asked to read or write
        return f"is no path that this system takes ({os.strerror(error.errno or 0).lower()}): {told}"
    return f"is below {above}, which is a file" if above is not None and not above.is_dir() else ""
