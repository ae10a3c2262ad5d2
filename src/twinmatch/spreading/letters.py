"""
Letters: what is sent to another process of this machine, with its arrays in a file.

Problem
    Processes of a pool hear and answer through pipes. A pipe takes some tens of thousands of bytes, and who
    sends more waits until the other end has read them. If that end is killed meanwhile, the wait may never
    end: older Pythons hang in sending (``python/cpython#94777``), and every one of them in receiving, as the
    pipe from which the rest of an answer should come is still held open by others.
Idea
    Arrays go into a file of a folder that both reach; the message has its name, and where each array begins
    in it. That is about a thousand bytes, whatever the size of the market. So little is written to a pipe
    whole or not at all; and of up to sixty processes, a pool has no more on the way than a pipe takes.
Why it is right
    Nobody hears of a file before it is written to its end. What a process that was killed, or that nobody
    waits for any more, has left behind is never heard of; it goes with the folder.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinmatch.errors import ResourceLimitError
from twinmatch.spreading.packing import LINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

__all__ = ["Letter", "folder_for_letters", "opened", "posted"]


class Letter(NamedTuple):
    """
    A value whose arrays are in a file.

    Attributes
    ----------
    path : str
    value : object
        With places instead of arrays.
    """

    path: str
    value: Any

    def remove(self) -> None:
        """Let go of the file; arrays that were opened stay."""
        Path(self.path).unlink(missing_ok=True)


class _Place(NamedTuple):
    """Where an array begins in a file, its type and its shape."""

    first: int
    dtype: str
    shape: tuple[int, ...]


def posted(value: Any, folder: Path | str) -> Letter:
    """
    Return a value as it is sent; arrays of numbers in it, and in tuples in it, are in a new file.

    Raises
    ------
    ResourceLimitError
        If the folder takes no more.
    """
    with _room_in_words(folder), tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        left = _without_arrays(value, file)
        file.write(bytes(LINE))  # an empty file cannot be mapped
    return Letter(file.name, left)


def folder_for_letters() -> Path:
    """Return a new folder, where this machine keeps what is temporary."""
    with _room_in_words("the temporary folder"):
        return Path(tempfile.mkdtemp(prefix="twinmatch-shards-"))


def opened(letter: Letter, *, mapped: bool = True) -> Any:
    """
    Return the value of a letter.

    Parameters
    ----------
    letter : Letter
    mapped : bool, optional
        Whether its arrays are mapped into memory, and can only be read; the file stays open as long as one
        of them is there. Otherwise they are copied.
    """
    if not mapped:
        return _with_arrays(letter.value, np.fromfile(letter.path, np.uint8))
    return _with_arrays(letter.value, np.memmap(letter.path, np.uint8, "r").view(np.ndarray))


@contextmanager
def _room_in_words(folder: Path | str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else error
        raise ResourceLimitError(
            f"what processes are sent, or answer, cannot be written to {folder}: {why}; "
            "make room there, or let TMPDIR name another folder"
        ) from error


def _without_arrays(value: Any, file: IO[bytes]) -> Any:
    if isinstance(value, tuple):
        return _rebuilt(value, [_without_arrays(one, file) for one in value])
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        place = _Place(file.tell(), value.dtype.str, value.shape)
        file.write(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
        file.write(bytes(-value.nbytes % LINE))
        return place
    return value


def _with_arrays(value: Any, whole: npt.NDArray[np.uint8]) -> Any:
    if isinstance(value, _Place):
        size = np.dtype(value.dtype).itemsize * int(np.prod(value.shape, dtype=np.int64))
        return whole[value.first : value.first + size].view(value.dtype).reshape(value.shape)
    if isinstance(value, tuple):
        return _rebuilt(value, [_with_arrays(one, whole) for one in value])
    return value


def _rebuilt(value: tuple[Any, ...], parts: list[Any]) -> Any:
    return getattr(value, "_make", tuple)(parts)
