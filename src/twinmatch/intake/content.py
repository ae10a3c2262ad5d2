"""
The bytes of a file, unpacked and in UTF-8, none of it larger than allowed.

They are held once: as bytearrays, which grow where they are and are handed on from one step to the next.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from twinmatch.intake.limits import over, refuse

if TYPE_CHECKING:
    from pathlib import Path

    from twinmatch.intake.limits import ReadLimits

__all__ = ["BOM", "content", "json_value", "unpacked", "utf8"]

BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_CHUNK = 2**20
_INK = re.compile(rb"\S")


def content(subject: str, path: Path, limits: ReadLimits) -> bytearray:
    """
    Return the bytes of a file, which may be a pipe too; whoever takes them may empty them.

    Raises
    ------
    OSError
        If it cannot be opened.
    FormatError
        If it is larger than allowed.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        data = bytearray(file.read(_CHUNK))
        if size <= limits.file_bytes and len(data) == _CHUNK:  # a pipe has no size: all of it, but a limit
            while len(data) <= limits.file_bytes and (part := file.read(_CHUNK)):
                data += part
    if max(size, len(data)) > limits.file_bytes:
        over(subject, "file_bytes", limits.file_bytes, f"is {max(size, len(data)):,} bytes or more")
    return data


def unpacked(subject: str, data: bytearray, limits: ReadLimits) -> bytearray:
    """
    Return bytes unpacked where they are gzip, which is emptied; others as they are.

    Raises
    ------
    FormatError
        If they are damaged, or become more than allowed.
    """
    if data[:2] != _GZIP:
        return data
    size = len(data)
    most = limits.unpacked(size)
    packed, out, damaged = io.BytesIO(data), bytearray(), False
    data.clear()
    try:
        with gzip.GzipFile(fileobj=packed) as file:
            while len(out) <= most and (part := file.read(_CHUNK)):
                out += part
    except (EOFError, OSError, zlib.error):
        damaged = True
    if damaged:
        refuse(subject, "the gzip file is damaged or cut short", "Download it again.")
    if len(out) > most:
        limit = "total_bytes" if most == limits.total_bytes else "ratio"
        what = f"{size:,} bytes of gzip unpack to more than {most:,}"
        over(subject, limit, getattr(limits, limit), what)
    return out


def utf8(subject: str, data: bytes | bytearray, encoding: str | None, limits: ReadLimits) -> bytearray:
    """
    Return text as UTF-8 without a byte-order mark, checked.

    Parameters
    ----------
    subject : str
    data : bytes or bytearray
        A bytearray in UTF-8 is returned itself, without its mark.
    encoding : str or None
        The encoding; None is UTF-8, with or without a byte-order mark.
    limits : ReadLimits

    Raises
    ------
    FormatError
        If it is empty, in another encoding, or holds NUL characters.
    """
    marked = data.startswith(BOM)
    if not _INK.search(data, len(BOM) if marked else 0):
        refuse(subject, "is empty")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and encoding is None:
        refuse(subject, "is UTF-16, not UTF-8", "Name it: encoding='utf-16'.")
    found = None
    with suppress(LookupError, ValueError, TypeError):
        found = codecs.lookup(encoding or "utf-8")
    if found is None or not getattr(found, "_is_text_encoding", True):
        refuse(subject, f"there is no encoding {encoding!r}")
    if found.name == "utf-8":
        _check(subject, data)
        text = data if isinstance(data, bytearray) else bytearray(data)
    else:
        text = _turned(subject, data, found, limits)
    if b"\0" in text:
        refuse(subject, "holds NUL characters: it is no text file")
    if text.startswith(BOM):
        del text[: len(BOM)]
    return text


def json_value(subject: str, data: bytes | bytearray, limits: ReadLimits) -> Any:
    """
    Return what JSON in UTF-8 says.

    Raises
    ------
    FormatError
        If it is no JSON, is nested too deep, names a key twice, or holds more than allowed.
    """
    most = limits.cells // 5
    values = data.count(b",") + data.count(b"{") + data.count(b"[")
    if values > most:
        over(
            subject,
            "cells",
            limits.cells,
            f"holds {values:,} values of JSON, each of which counts five times",
        )
    if len(data) > limits.total_bytes // 4:
        over(
            subject,
            "total_bytes",
            limits.total_bytes,
            f"is {len(data):,} bytes of JSON, which count four times",
        )
    try:
        return json.loads(data.decode(), object_pairs_hook=_once)
    except RecursionError:
        what = "is nested too deep"
    except ValueError:
        what = "is damaged: it is no JSON, or has a key twice"
    return refuse(subject, what, "Is the file cut short?")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; one that has a key twice would lose a value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _check(subject: str, data: bytes | bytearray) -> None:
    """Refuse bytes that are not UTF-8; text as long as the file is never made."""
    start, bad = 0, -1
    while start < len(data):
        stop = min(start + _CHUNK, len(data))
        while stop < len(data) and stop > start + _CHUNK - 4 and data[stop] & 0xC0 == 0x80:
            stop -= 1  # not in the middle of a letter
        try:
            data[start:stop].decode()
        except UnicodeDecodeError as error:
            bad = start + error.start
            break
        start = stop
    if bad >= 0:
        _refuse_byte(subject, data, bad, "UTF-8")


def _turned(subject: str, data: bytes | bytearray, found: codecs.CodecInfo, limits: ReadLimits) -> bytearray:
    """Return text in another encoding as UTF-8."""
    decoder = codecs.getincrementaldecoder(found.name)()
    text, bad = bytearray(), -1
    for start in range(0, len(data), _CHUNK):
        try:
            final = start + _CHUNK >= len(data)
            part = decoder.decode(bytes(data[start : start + _CHUNK]), final).encode()
        except UnicodeDecodeError as error:
            bad = min(start + error.start, len(data) - 1)
            break
        except ValueError:  # half a letter on its own, or a table of another size
            bad = start
            break
        text += part
        if len(text) > limits.total_bytes:
            break
    if bad >= 0:
        _refuse_byte(subject, data, bad, found.name)
    if len(text) > limits.total_bytes:
        over(subject, "total_bytes", limits.total_bytes, f"is more than {len(text):,} bytes in UTF-8")
    return text


def _refuse_byte(subject: str, data: bytes | bytearray, at: int, encoding: str) -> NoReturn:
    line = data.count(b"\n", 0, at) + 1
    what = f"is not {encoding}: byte {at:,} (line {line:,}) is 0x{data[at]:02X}"
    refuse(subject, what, "Name the right one, such as encoding='cp1252' or 'latin-1'.")
