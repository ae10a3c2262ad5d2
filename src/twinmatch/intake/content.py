"""The bytes of a file, unpacked and in UTF-8, none of it larger than allowed."""

from __future__ import annotations

import codecs
import gzip
import io
import json
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


def content(subject: str, path: Path, limits: ReadLimits) -> bytes:
    """
    Return the bytes of a file, which may be a pipe too.

    Raises
    ------
    OSError
        If it cannot be opened.
    FormatError
        If it is larger than allowed.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        data = file.read(_CHUNK)
        if size <= limits.file_bytes and len(data) == _CHUNK:  # a pipe has no size: all of it, but a limit
            parts, length = [data], len(data)
            while length <= limits.file_bytes and (data := file.read(_CHUNK)):
                parts.append(data)
                length += len(data)
            data = b"".join(parts)
    if max(size, len(data)) > limits.file_bytes:
        over(subject, "file_bytes", limits.file_bytes, f"is {max(size, len(data)):,} bytes or more")
    return data


def unpacked(subject: str, data: bytes, limits: ReadLimits) -> bytes:
    """
    Return bytes unpacked where they are gzip.

    Raises
    ------
    FormatError
        If they are damaged, or become more than allowed.
    """
    if data[:2] != _GZIP:
        return data
    most = limits.unpacked(len(data))
    parts: list[bytes] = []
    length, damaged = 0, False
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            while length <= most and (part := file.read(_CHUNK)):
                parts.append(part)
                length += len(part)
    except (EOFError, OSError, zlib.error):
        damaged = True
    if damaged:
        refuse(subject, "the gzip file is damaged or cut short", "Download it again.")
    if length > most:
        limit = "total_bytes" if most == limits.total_bytes else "ratio"
        what = f"{len(data):,} bytes of gzip unpack to more than {most:,}"
        over(subject, limit, getattr(limits, limit), what)
    return b"".join(parts)


def utf8(subject: str, data: bytes, encoding: str | None, limits: ReadLimits) -> bytes:
    """
    Return text as UTF-8 without a byte-order mark, checked.

    Parameters
    ----------
    subject : str
    data : bytes
    encoding : str or None
        The encoding; None is UTF-8, with or without a byte-order mark.
    limits : ReadLimits

    Raises
    ------
    FormatError
        If it is empty, in another encoding, or holds NUL characters.
    """
    if not data.removeprefix(BOM).strip():
        refuse(subject, "is empty")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and encoding is None:
        refuse(subject, "is UTF-16, not UTF-8", "Name it: encoding='utf-16'.")
    found = None
    with suppress(LookupError, ValueError, TypeError):
        found = codecs.lookup(encoding or "utf-8")
    if found is None or not getattr(found, "_is_text_encoding", True):
        refuse(subject, f"there is no encoding {encoding!r}")
    text = _checked(subject, data) if found.name == "utf-8" else _turned(subject, data, found, limits)
    if b"\0" in text:
        refuse(subject, "holds NUL characters: it is no text file")
    return text.removeprefix(BOM)


def json_value(subject: str, data: bytes, limits: ReadLimits) -> Any:
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


def _checked(subject: str, data: bytes) -> bytes:
    """Return the bytes, which must be UTF-8; text as long as the file is never made."""
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
    return data


def _turned(subject: str, data: bytes, found: codecs.CodecInfo, limits: ReadLimits) -> bytes:
    """Return text in another encoding as UTF-8."""
    decoder = codecs.getincrementaldecoder(found.name)()
    parts: list[bytes] = []
    length, bad = 0, -1
    for start in range(0, len(data), _CHUNK):
        try:
            final = start + _CHUNK >= len(data)
            part = decoder.decode(data[start : start + _CHUNK], final).encode()
        except UnicodeDecodeError as error:
            bad = min(start + error.start, len(data) - 1)
            break
        except ValueError:  # half a letter on its own, or a table of another size
            bad = start
            break
        parts.append(part)
        length += len(part)
        if length > limits.total_bytes:
            break
    if bad >= 0:
        _refuse_byte(subject, data, bad, found.name)
    if length > limits.total_bytes:
        over(subject, "total_bytes", limits.total_bytes, f"is more than {length:,} bytes in UTF-8")
    return b"".join(parts)


def _refuse_byte(subject: str, data: bytes, at: int, encoding: str) -> NoReturn:
    line = data[:at].count(b"\n") + 1
    what = f"is not {encoding}: byte {at:,} (line {line:,}) is 0x{data[at]:02X}"
    refuse(subject, what, "Name the right one, such as encoding='cp1252' or 'latin-1'.")
