"""
What a run has found so far, as bytes: numbers, texts, arrays, and tuples of named fields.

Whoever asks for a record names the classes that it may hold: nothing else is ever made of what a file says,
and nothing is pickled. Arrays of whole numbers are written as narrow as they allow, and come back as they
were.
"""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Reader", "Record", "Writer"]

#: Kinds of arrays: truth values, whole numbers, and floating point.
_KINDS = "biuf"
_NARROW = (np.int8, np.int16, np.int32)


class Record(NamedTuple):
    """
    One result.

    Attributes
    ----------
    name : str
        What it is a result of.
    form : object
        In types that JSON has; arrays by their number.
    arrays : tuple
        For each, its kind, its kind as written, its shape, and its bytes.
    """

    name: str
    form: Any
    arrays: tuple[tuple[str, str, tuple[int, ...], bytes], ...]

    @classmethod
    def of(cls, name: str, value: object) -> Record:
        """Return a record of a value."""
        writer = Writer()
        return cls(name, writer.form(value), tuple(writer.arrays))

    def value(self, classes: tuple[type, ...] = ()) -> Any:
        """
        Return the value, made of these classes and of plain types.

        Raises
        ------
        ValueError, KeyError, TypeError, IndexError
            If the record does not hold such a value.
        """
        return Reader(self.arrays, classes).value(self.form)


class Writer:
    """Turns values into what JSON has, and arrays."""

    def __init__(self) -> None:
        self.arrays: list[tuple[str, str, tuple[int, ...], bytes]] = []

    def form(self, value: Any) -> Any:
        """Return what stands for a value."""
        if isinstance(value, Enum):
            return {"is": type(value).__name__, "as": value.value}
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return self.form(value.item())
        if isinstance(value, np.ndarray):
            return {"array": self._keep(value)}
        if isinstance(value, dict):
            return {"dict": {str(key): self.form(one) for key, one in value.items()}}
        if isinstance(value, list):
            return {"list": [self.form(one) for one in value]}
        if is_dataclass(value):
            parts = [getattr(value, field.name) for field in fields(value)]
            return {"is": type(value).__name__, "of": [self.form(one) for one in parts]}
        if type(value) is tuple:
            return [self.form(one) for one in value]
        assert isinstance(value, tuple)  # of named fields
        return {"is": type(value).__name__, "of": [self.form(one) for one in value]}

    def _keep(self, array: np.ndarray[Any, Any]) -> int:
        assert array.dtype.kind in _KINDS
        narrow = array
        if array.dtype == np.int64 and array.size:
            low, high = int(array.min()), int(array.max())
            fits = (kind for kind in _NARROW if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
            narrow = array.astype(next(fits, np.int64))
        self.arrays.append((array.dtype.str, narrow.dtype.str, array.shape, narrow.tobytes()))
        return len(self.arrays) - 1


class Reader:
    """Turns them back, and makes nothing but what it was told."""

    def __init__(
        self, arrays: tuple[tuple[str, str, tuple[int, ...], bytes], ...], classes: tuple[type, ...]
    ) -> None:
        self.arrays = arrays
        self.classes = {one.__name__: one for one in classes}

    def value(self, form: Any) -> Any:
        """Return the value that a form stands for."""
        if isinstance(form, list):
            return tuple(self.value(one) for one in form)
        if not isinstance(form, dict):
            return form
        if "array" in form:
            return self._array(*self.arrays[form["array"]])
        if "dict" in form:
            return {key: self.value(one) for key, one in form["dict"].items()}
        if "list" in form:
            return [self.value(one) for one in form["list"]]
        made = self.classes[form["is"]]
        return made(form["as"]) if "as" in form else made(*(self.value(one) for one in form["of"]))

    def _array(self, kind: str, narrow: str, shape: tuple[int, ...], content: bytes) -> np.ndarray[Any, Any]:
        if np.dtype(kind).kind not in _KINDS or np.dtype(narrow).kind not in _KINDS:
            raise TypeError(f"a record holds no arrays of {kind}")
        found = np.frombuffer(content, np.dtype(narrow))
        if len(found) != math.prod(shape):
            raise ValueError("an array has another size than it says")
        return found.reshape(shape).astype(np.dtype(kind))
