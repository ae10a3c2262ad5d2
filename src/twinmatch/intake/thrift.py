"""
The little of Thrift's compact protocol that Parquet's own descriptions are written in.

Arrow reads them too, but allocates what they ask for as it goes, and follows a schema as deep as it is. To
know what a file will cost before Arrow sees it, its descriptions are read here: into numbers, bytes, lists
and dicts by field number, with no more depth than Parquet has and no more values than bytes.

Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import Any

__all__ = ["Damaged", "read_struct"]

_DEPTH = 32
"""Structs and lists in one another; Parquet's own structs go to 7."""

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
_WHOLE = frozenset({4, 5, 6})


class Damaged(Exception):  # noqa: N818 (never leaves this package)
    """The bytes are not what they must be."""


def read_struct(data: bytes | memoryview, at: int = 0) -> tuple[dict[int, Any], int]:
    """
    Read one struct.

    Parameters
    ----------
    data : bytes
    at : int, optional
        Where it begins.

    Returns
    -------
    fields : dict of int to object
        By field number.
    end : int
        Where the bytes after it begin.

    Raises
    ------
    Damaged
        If the bytes end, or are no struct.
    """
    try:
        return _struct(data, at, _DEPTH)
    except IndexError:
        raise Damaged from None


def _struct(data: bytes | memoryview, at: int, depth: int) -> tuple[dict[int, Any], int]:
    if not depth:
        raise Damaged
    out: dict[int, Any] = {}
    number = 0
    while True:
        head = data[at]
        at += 1
        if not head:
            return out, at
        kind, step = head & 15, head >> 4
        if step:
            number += step
        else:
            number, at = _zigzag(data, at)
        if kind in (_TRUE, _FALSE):
            out[number] = kind == _TRUE
        else:
            out[number], at = _value(data, at, kind, depth)


def _value(data: bytes | memoryview, at: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in _WHOLE:
        return _zigzag(data, at)
    if kind == _BINARY:
        length, at = _varint(data, at)
        if length > len(data) - at:
            raise Damaged
        return bytes(data[at : at + length]), at + length
    if kind == _STRUCT:
        return _struct(data, at, depth - 1)
    if kind in (_LIST, _SET):
        if not depth:
            raise Damaged
        head = data[at]
        at += 1
        length, inner = head >> 4, head & 15
        if length == 15:
            length, at = _varint(data, at)
        if length > len(data) - at:  # the least that a value takes is a byte
            raise Damaged
        items = []
        for _ in range(length):
            item, at = _value(data, at, inner, depth - 1)
            items.append(item)
        return items, at
    if kind in (_TRUE, _FALSE, _BYTE):  # in a list, a flag is a byte of its own
        return data[at], at + 1
    if kind == _DOUBLE:
        return None, at + 8
    raise Damaged  # maps too: Parquet has none


def _varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise Damaged


def _zigzag(data: bytes | memoryview, at: int) -> tuple[int, int]:
    value, at = _varint(data, at)
    return (value >> 1) ^ -(value & 1), at
