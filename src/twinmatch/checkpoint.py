"""
Checkpoints: a run that was killed goes on where it was.

Problem
    A national solve takes seconds to minutes, and machines restart. Whoever asks the same question again
    should not pay twice, and should get the same bytes.
Idea
    What a run finds is kept in a journal (:mod:`twinmatch.solvers.journal`), and the journal in one file of a
    folder, which is replaced as a whole from time to time. The file says which question it is about: digests
    of the tables, the places, the policy and the mechanism, the options that change the answer, and versions.
    A run of another question does not touch it, and says so.
The file ``run.checkpoint``
    ``twinmatch checkpoint 1``, a line; the SHA-256 of everything behind it, a line; a line of JSON, with
    the question, whether the run is over, the version, and what each result is made of; then the numbers of
    all arrays, one after the other. Nothing is pickled.
The end
    The file stays, marked as complete: who is killed between the end of a run and the moment at which the
    matching is saved loses nothing. The next call of the same question is handed all results at once. Delete
    the folder once the matching is safe.
Short runs
    Nothing is written in the first half second.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from twinmatch.certify.sealing import digest
from twinmatch.durable import no_room_in_words, replace_file
from twinmatch.errors import Fault, FormatError, InputError
from twinmatch.policy.toml import unwritable
from twinmatch.saving.place import place
from twinmatch.solvers.journal import Drift, Journal, State
from twinmatch.solvers.records import Record

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from twinmatch.mechanisms import Mechanism
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.warm import Warm

__all__ = ["FILE", "discard", "keeping", "question"]

#: The one file of a checkpoint, and the version of its form.
FILE, FORMAT = "run.checkpoint", 1

_MAGIC = f"twinmatch checkpoint {FORMAT}\n".encode()
_ANY_MAGIC = b"twinmatch checkpoint "
#: What else results may depend on.
_LIBRARIES = ("numpy", "scipy", "ortools")

_Array = tuple[str, str, tuple[int, ...], bytes]


def question(
    left: Schools,
    right: Schools,
    policy: Policy,
    capacity: npt.NDArray[np.int64],
    mechanism: Mechanism,
    *,
    gap: float,
    seed: int,
    warm: Warm | None,
) -> dict[str, str]:
    """
    Return what a run is about: everything that its result depends on, by the name of the argument.

    Raises
    ------
    InputError
        If the policy, or that of the mechanism, has parts that are code: nobody can tell whether code is the
        same as before.
    """
    from twinmatch import __version__

    policies = [("policy", policy), ("right_policy", getattr(mechanism, "right_policy", None))]
    own = [
        Fault(where, f"{part.name!r} is code of your own, and a checkpoint cannot tell whether it changed")
        for where, one in policies
        if one is not None
        for part in (*one.rules, *one.criteria, *one.quotas)
        if unwritable([part])
    ]
    if own:
        raise InputError("checkpoint", own)
    return {
        "left": left.fingerprint(),
        "right": right.fingerprint(),
        "right_capacity": digest(capacity),
        "policy": policy.fingerprint(),
        "mechanism": mechanism.fingerprint(),
        "gap": repr(float(gap)),
        "seed": str(int(seed)),
        "warm_start": "" if warm is None else digest(warm.right_price, warm.mate),
        "twinmatch": __version__,
        **{name: importlib.metadata.version(name) for name in _LIBRARIES},
    }


@contextmanager
def keeping(
    directory: str | os.PathLike[str] | None, asked: dict[str, str], control: Control
) -> Iterator[None]:
    """
    Let a run keep a journal in a folder, or none.

    Parameters
    ----------
    directory : path or None
        Made if it is missing.
    asked : dict of str to str
        See :func:`question`.
    control : Control
        Its ``journal`` is set.

    Raises
    ------
    InputError
        If the folder holds the checkpoint of another question, with what differs.
    FormatError
        If the file was torn, or is of another version.
    ResourceLimitError
        If the disk is full.
    """
    if directory is None:
        yield
        return
    folder = place("match", "checkpoint", directory, folder=True)
    path = folder / FILE
    records, state, was_over = _read(path, asked)
    otherwise = "What was kept before is as it was: make room, and the same call goes on from there."

    def write(records: list[Record], state: State | None, is_over: bool) -> None:
        with no_room_in_words("checkpoint", folder, otherwise):
            folder.mkdir(parents=True, exist_ok=True)
            replace_file(path, _written(asked, records, state, is_over))

    control.journal = Journal(records, state, write, control.is_stopping, was_over=was_over)
    try:
        yield
        control.journal.finish()
    except Drift as drift:
        raise _refused(path, f"is not of this run: {drift}") from drift


def discard(directory: str | os.PathLike[str]) -> None:
    """Remove a checkpoint, and its folder if nothing else is in it."""
    folder = place("match", "checkpoint", directory, folder=True)
    (folder / FILE).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _written(asked: dict[str, str], records: list[Record], state: State | None, is_over: bool) -> bytes:
    """Return the content of the file."""
    blobs: list[bytes] = []

    def listed(arrays: tuple[_Array, ...]) -> list[Any]:
        blobs.extend(content for *_, content in arrays)
        return [[kind, narrow, list(shape), len(content)] for kind, narrow, shape, content in arrays]

    head: dict[str, Any] = {
        "asked": asked,
        "complete": is_over,
        "records": [[record.name, record.form, listed(record.arrays)] for record in records],
        "state": None,
    }
    if state is not None:
        head["state"] = [state.solver, listed(Record.of("state", state.arrays).arrays)]
    body = b"".join([json.dumps(head).encode(), b"\n", *blobs])
    return b"".join([_MAGIC, hashlib.sha256(body).hexdigest().encode(), b"\n", body])


def _read(path: Path, asked: dict[str, str]) -> tuple[list[Record], State | None, bool]:
    """Return what a file holds; nothing where there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return [], None, False
    except IsADirectoryError:
        raise InputError("match", [Fault("checkpoint", f"is a folder: {path}", hint=_ELSEWHERE)]) from None
    if not content.startswith(_MAGIC):
        later = content.startswith(_ANY_MAGIC)
        raise _refused(path, "is of another version of twinmatch" if later else "is no checkpoint")
    told, _, body = content[len(_MAGIC) :].partition(b"\n")
    if told != hashlib.sha256(body).hexdigest().encode():
        raise _refused(path, "was torn or changed")
    try:
        line, _, blobs = body.partition(b"\n")
        head = json.loads(line)
        other = {name: head["asked"][name] for name in asked if head["asked"][name] != asked[name]}
        if other:
            raise _foreign(path, other, asked)
        at = 0

        def taken(rows: list[Any]) -> tuple[_Array, ...]:
            nonlocal at
            arrays = []
            for kind, narrow, shape, size in rows:
                arrays.append((kind, narrow, tuple(shape), blobs[at : at + size]))
                at += size
            return tuple(arrays)

        records = [Record(name, form, taken(rows)) for name, form, rows in head["records"]]
        state = None
        if head["state"] is not None:
            number, rows = head["state"]
            arrays = taken(rows)
            form = [{"array": at} for at in range(len(arrays))]
            state = State(int(number), Record("state", form, arrays).value())
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise _refused(path, f"does not hold what a run needs ({type(error).__name__}: {error})") from error
    return records, state, head.get("complete") is True


_ELSEWHERE = "A file of this name is written there: give another folder."
_DELETE = "Give another folder, or delete the file: then the run begins anew."


def _refused(path: Path, what: str) -> FormatError:
    return FormatError(str(path), [Fault("checkpoint", what, hint=_DELETE)])


def _foreign(path: Path, other: dict[str, str], asked: dict[str, str]) -> InputError:
    """Return what differs between the run of the file and this one, in words."""
    told = ("gap", "seed", "twinmatch", *_LIBRARIES)
    faults = [
        Fault(
            name,
            f"was {found}, and is {asked[name]} now" if name in told else "is not that of the checkpoint",
            hint=_DELETE,
        )
        for name, found in other.items()
    ]
    return InputError(f"checkpoint {path}", faults)
