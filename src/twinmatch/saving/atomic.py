"""
A folder of files that is replaced as a whole: the old matching or the new one, never a mixture.

Problem
    A matching is a dozen files with fixed names, in a folder that may hold other things too. A program may be
    killed at any moment while a new matching replaces an old one.
Idea
    The new files are written to a folder inside, ``.saving``, and told to the disk. Renaming it to ``.saved``
    is the moment at which the new matching is there: one step, on every system. Then its files move one by
    one to where they belong, ``matching.json`` last.
Reading
    Where ``.saved/matching.json`` exists, the matching is the one that it lists, and each of its files is
    either still in ``.saved`` or in its place already. Otherwise ``matching.json`` in the folder counts.
    Files are told by their digests, so a mixture that comes about in another way is refused.
Recovery
    A killed writer leaves ``.saving``, which nobody reads, or ``.saved``, which readers see through. The next
    save finishes what is in ``.saved`` and drops what is in ``.saving``.
Limits
    One writer at a time. Programs that read ``pairs.parquet`` without looking at ``matching.json`` may see
    new files beside old ones for a moment, or until the next save where the writer was killed in that moment.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from twinmatch.durable import no_room_in_words, sync_folder, write_file
from twinmatch.errors import Fault, FormatError, InputError
from twinmatch.intake.content import content
from twinmatch.intake.limits import DEFAULT
from twinmatch.saving.layout import FILES, FOR_PEOPLE, MANIFEST, manifest_of, sha256

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SAVED", "SAVING", "Opened", "replace_all"]

#: Where a new matching is written, and where it is once it counts.
SAVING, SAVED = ".saving", ".saved"


def replace_all(folder: Path, files: dict[str, bytes]) -> None:
    """
    Put a new matching in place of whatever matching is in a folder.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    files : dict of str to bytes
        Name and content; ``matching.json`` is one of them, and lists the others.

    Raises
    ------
    InputError
        If a folder has the name of one of the files.
    ResourceLimitError
        If the disk is full; the earlier matching is as it was.
    """
    if taken := [name for name in (*FILES, MANIFEST) if (folder / name).is_dir()]:
        hint = "Give another folder, or move it away."
        raise InputError("save", [Fault(str(folder / name), "is a folder", hint=hint) for name in taken])
    otherwise = "What was there before is as it was. Make room, and save again."
    with no_room_in_words("save", folder, otherwise):
        folder.mkdir(parents=True, exist_ok=True)
        _settle(folder)
        staged = folder / SAVING
        _drop(staged)
        try:
            staged.mkdir()
            for name, data in files.items():
                write_file(staged / name, data)
            sync_folder(staged)
            _drop(folder / SAVED)  # one that could not be settled
            os.rename(staged, folder / SAVED)
        except OSError:
            _drop(staged)
            raise
    sync_folder(folder)
    _settle(folder)


def _settle(folder: Path) -> None:
    """Move the files of a matching that counts to where they belong."""
    saved = folder / SAVED
    manifest = saved / MANIFEST
    if saved.is_symlink() or not manifest.is_file():
        return
    try:
        files = manifest_of(saved, manifest.read_bytes())["files"]
    except FormatError:
        return  # readers refuse it; a new one takes its place
    for name in FILES:
        if name not in files:
            (folder / name).unlink(missing_ok=True)  # of another matching
        elif (saved / name).is_file():
            os.replace(saved / name, folder / name)
    sync_folder(folder)
    os.replace(manifest, folder / MANIFEST)
    sync_folder(folder)
    _drop(saved)


def _drop(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()  # whatever a link leads to is not ours
    elif path.exists():
        shutil.rmtree(path)


class Opened:
    """
    A folder as it was when its ``matching.json`` was read.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    FormatError
        If there is no matching, or none that this version reads.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        saved = folder / SAVED
        self.places: tuple[Path, ...] = (folder,) if saved.is_symlink() else (saved, folder)
        found = _found(self.places, MANIFEST)
        if found is None:
            self.places = (folder,)
            found = _found(self.places, MANIFEST)
        if found is None:
            raise FormatError(str(folder), [Fault(MANIFEST, "is missing", hint=_where_else(folder))])
        self.manifest = found
        self.record = manifest_of(folder, found)
        self.files: dict[str, str] | None = self.record.get("files")

    def has(self, name: str) -> bool:
        """Return whether the matching has a file."""
        return (self.folder / name).is_file() if self.files is None else name in self.files

    def read(self, name: str) -> bytes:
        """
        Return the content of a file.

        Raises
        ------
        FormatError
            If it is missing, or not the one that was saved.
        """
        data = _found(self.places, name)
        if data is None:
            raise FormatError(str(self.folder), [Fault(name, "is missing")])
        if self.files is not None and sha256(data) != self.files.get(name):
            hint = "It was torn, changed, or comes from another matching."
            raise FormatError(str(self.folder), [Fault(name, "is not the file that was saved", hint=hint)])
        return data

    def changed(self) -> tuple[str, ...]:
        """Return the files for people that are not those that were saved."""
        if self.files is None:
            return ()
        found = {name: _found(self.places, name) for name in FOR_PEOPLE}
        return tuple(
            f"{name} {'is missing' if data is None else 'was changed'}"
            for name, data in found.items()
            if data is None or sha256(data) != self.files.get(name)
        )


def _where_else(folder: Path) -> str:
    """Say what a matching is, or which folders in this one are, as those of all states are."""
    inside = sorted(path.parent for path in folder.glob(f"[!.]*/{MANIFEST}") if path.is_file())
    if not inside:
        return "A matching is a folder that `save` or `twinmatch match --out` wrote to its end."
    names = ", ".join(path.name for path in inside[:30]) + (", ..." if len(inside) > 30 else "")
    return f"There is one in each of {names}: give {inside[0]}, for one."


def _found(places: tuple[Path, ...], name: str) -> bytes | None:
    """Return the content of a file, wherever it is by now: it may move on while one looks."""
    for place in places:
        with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return bytes(content(f"{places[-1]} ({name})", place / name, DEFAULT))
    return None
