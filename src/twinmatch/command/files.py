"""Files and folders that options name: read and written, or refused with the name of the option."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from twinmatch.matching import Matching

__all__ = ["loaded", "read", "writable", "written"]

T = TypeVar("T")


def read(option: str, path: Path, load: Callable[[Path], T], hint: str) -> T:
    """Read a file that an option names, or say which option and what to do."""
    if path.is_dir():
        raise OSError(f"{option} {path} cannot be read: it is a folder. {hint}")
    try:
        return load(path)
    except OSError as error:
        raise OSError(f"{option} {path} cannot be read: {error.strerror or error}. {hint}") from error


def loaded(options: argparse.Namespace) -> Matching:
    """Read the matching of the folder that was named."""
    from twinmatch.saving import load_matching

    folder: Path = options.directory
    if folder.exists() and not folder.is_dir():
        raise OSError(f"DIR {folder} cannot be read: it is a file. Give a folder that --out wrote.")
    return load_matching(folder)


def writable(option: str, path: Path, *, folder: bool) -> Path:
    """See before the work that a file or a folder can be written, or say which option and what to do."""
    kind = "folder" if folder else "file"
    if path.exists() and path.is_dir() != folder:
        what = f"it is a {'file' if folder else 'folder'}"
    else:
        above = next(one for one in (path, *path.absolute().parents) if one.exists())
        if above != path and not above.is_dir():
            what = f"{above} is no folder"
        elif not os.access(above, os.W_OK):
            what = f"nothing may be written to {above}"
        else:
            return path
    raise OSError(f"{option} {path} cannot be written: {what}. Give a {kind} that may be written.")


def written(option: str, path: Path, write: Callable[[Path], T]) -> T:
    """Write what an option names, or say which option and what to do."""
    try:
        return write(path)
    except OSError as error:
        why = error.strerror or error
        raise OSError(f"{option} {path} cannot be written: {why}. Give another place.") from error
