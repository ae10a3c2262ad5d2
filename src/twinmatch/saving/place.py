"""Where something is to be written or read."""

from __future__ import annotations

import os
from pathlib import Path

from twinmatch.errors import Fault, InputError

__all__ = ["place"]


def place(subject: str, where: str, given: object, *, folder: bool) -> Path:
    """
    Return where something is to be written or read.

    Raises
    ------
    InputError
        If it is no path, an empty one, or a file where a folder is meant, or the other way round.
    """
    kind = "folder" if folder else "file"
    what = ""
    if not isinstance(given, str | os.PathLike):
        what = f"must be the path of a {kind}, not {'None' if given is None else type(given).__name__}"
    elif not os.fspath(given):
        what = "is empty"
    else:
        path = Path(given)
        if not path.exists() or path.is_dir() == folder:
            return path
        what = f"is a {'file' if folder else 'folder'}: {path}"
    raise InputError(
        subject, [Fault(where, what, hint=f"Give a {kind}, such as 'twins{'' if folder else '.html'}'.")]
    )
