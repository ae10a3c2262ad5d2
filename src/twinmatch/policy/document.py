"""The text of a policy's file, and what TOML makes of it: no more than a policy can need."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, NoReturn

from twinmatch.errors import Fault, PolicyError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MOST_BYTES", "document_of", "text_in"]

MOST_BYTES = 16 * 2**20
"""Of the text of a policy: as many as name 200,000 pairs one by one."""

_DEPTH = 32
# Python's reader takes time that grows with the square of the number of parts of a dotted key. A part is
# taken as a whole (++) and only from its beginning (?<!), so that looking takes one pass.
_LONG_KEY = re.compile(rf"""(?<![\w"'-])[\w"'-]++(?:[ \t]*+\.[ \t]*+[\w"'-]++){{{_DEPTH}}}""")
_HINT = "Policies are built in Python, too: twinmatch.Policy(rules=..., criteria=...)."


def text_in(path: Path) -> str:
    """
    Return the text of a policy's file.

    Raises
    ------
    OSError
        If the file cannot be opened.
    PolicyError
        If it is larger than a policy can be, or not in UTF-8.
    """
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        _refuse(str(path), f"is larger than {MOST_BYTES:,} bytes", _HINT)
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass  # what is raised inside would carry the text along
    return _refuse(str(path), "is not UTF-8 text")


def document_of(text: str, source: str) -> dict[str, Any]:
    """
    Return what TOML says.

    Raises
    ------
    PolicyError
        If it is not TOML, larger than a policy can be, or nested deeper.
    """
    if len(text) > MOST_BYTES:
        _refuse(source, f"is longer than {MOST_BYTES:,} letters", _HINT)
    if _LONG_KEY.search(text):
        _refuse(source, f"has a key of more than {_DEPTH} parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        what = "is nested too deep"
    except ValueError as error:  # a number of too many digits, too
        what = f"is not TOML: {error}"
    return _refuse(source, what)


def _refuse(source: str, what: str, hint: str = "") -> NoReturn:
    raise PolicyError(source, [Fault("file", what, hint=hint)])
