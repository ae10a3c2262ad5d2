"""
The errors of twinmatch.

::

    TwinMatchError
     + InputError (ValueError)              the input is wrong; ``faults`` lists everything that is
     |   + TableError                       a table of schools breaks its schema
     |   + FormatError                      a file is not what it says, or not one we know
     |   + PolicyError                      a policy contradicts itself or names a missing column
     |   + PointsError                      points that are not finite whole numbers, or given twice
     |   + PointsRangeError (OverflowError) points too large for exact 64-bit arithmetic
     + NoSolutionError (LookupError)        a result was asked for something it does not have
     + CertificateError (RuntimeError)      a claim did not survive checking
     + ResourceLimitError (MemoryError)     the work does not fit the memory, the threads or the budget
     + ExecutorError (RuntimeError)         a worker failed, or the executor is gone
     + MissingExtraError (ImportError)      an optional dependency is needed and not installed

What can happen to a correct program (infeasible, out of time, cancelled) is a value, not an
error: see :class:`twinmatch.Status`. Every error carries its parts as attributes and survives
pickling, so that it arrives readable from another process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CertificateError",
    "ExecutorError",
    "Fault",
    "FormatError",
    "InputError",
    "MissingExtraError",
    "NoSolutionError",
    "PointsError",
    "PointsRangeError",
    "PolicyError",
    "ResourceLimitError",
    "TableError",
    "TwinMatchError",
]


#: An error spells out so many faults and counts the others; ``faults`` has them all.
_TOLD = 50


class Fault(NamedTuple):
    """
    One thing that is wrong.

    Attributes
    ----------
    where : str
        The column, field or argument.
    what : str
        What is wrong there.
    count : int
        How many rows or entries are concerned; 0 where counting makes no sense.
    rows : tuple of int
        The first few of them, at most three, counted from 0.
    hint : str
        What to do about it; may be empty.
    """

    where: str
    what: str
    count: int = 0  # type: ignore[assignment]  # hides tuple.count, which a fault has no use for
    rows: tuple[int, ...] = ()
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}"
        if self.count:
            text += f" ({self.count} row{'s' if self.count != 1 else ''}"
            if self.rows:
                text += f", first: {', '.join(map(str, self.rows[:3]))}"
            text += ")"
        return f"{text}. {self.hint}" if self.hint else text


class TwinMatchError(Exception):
    """Parent of every error that twinmatch raises on purpose."""


class InputError(TwinMatchError, ValueError):
    """
    The input is wrong.

    Parameters
    ----------
    subject : str
        What was being read or built, in words the caller used.
    faults : iterable of Fault
        Everything that is wrong with it, not only the first thing.
    """

    def __init__(self, subject: str, faults: Iterable[Fault]) -> None:
        self.subject = subject
        self.faults = tuple(faults)
        super().__init__(subject, self.faults)

    def __str__(self) -> str:
        number = len(self.faults)
        head = f"{self.subject}: {number} fault{'s' if number != 1 else ''}"
        rest = [f"and {number - _TOLD:,} more"] if number > _TOLD else []
        return "\n  ".join([head, *map(str, self.faults[:_TOLD]), *rest])


class TableError(InputError):
    """A table of schools breaks its schema."""


class FormatError(InputError):
    """A file is not what it says, or not in a format that twinmatch knows."""


class PolicyError(InputError):
    """A policy contradicts itself, or names a column that a table does not have."""


class PointsError(InputError):
    """Points that are not finite whole numbers, out of order, or given twice."""


class PointsRangeError(InputError, OverflowError):
    """Points too large for exact 64-bit arithmetic."""


class NoSolutionError(TwinMatchError, LookupError):
    """A result was asked for something that it does not have."""


class CertificateError(TwinMatchError, RuntimeError):
    """
    A claim did not survive checking.

    Parameters
    ----------
    refused : tuple of str
        The claims that failed, in words.
    """

    def __init__(self, refused: tuple[str, ...]) -> None:
        self.refused = refused
        super().__init__(refused)

    def __str__(self) -> str:
        return "\n  ".join([f"{len(self.refused)} claims refused", *self.refused])


class ResourceLimitError(TwinMatchError, MemoryError):
    """
    The work does not fit the memory, the threads or the budget that it was given.

    Parameters
    ----------
    message : str
        What does not fit, and what to do about it.
    need, left : int or None
        Bytes that are needed and bytes that are left, where they are known beforehand.
    """

    def __init__(self, message: str = "", need: int | None = None, left: int | None = None) -> None:
        self.need = need
        self.left = left
        super().__init__(message, need, left)

    def __str__(self) -> str:
        return str(self.args[0])


class ExecutorError(TwinMatchError, RuntimeError):
    """
    An executor, or one of its workers, failed.

    Parameters
    ----------
    message : str
        What happened, and what to do about it.
    kind : str
        The name of the error behind it; empty where there was none.
    """

    def __init__(self, message: str, kind: str = "") -> None:
        self.kind = kind
        super().__init__(message, kind)

    def __str__(self) -> str:
        return str(self.args[0])


class MissingExtraError(TwinMatchError, ImportError):
    """
    An optional dependency is needed and not installed.

    Parameters
    ----------
    feature : str
        What was asked for.
    extra : str
        The extra that brings it, as in ``pip install 'twinmatch[extra]'``.
    """

    def __init__(self, feature: str, extra: str) -> None:
        self.feature = feature
        self.extra = extra
        super().__init__(feature, extra)

    def __str__(self) -> str:
        return f"{self.feature} needs an optional dependency: pip install 'twinmatch[{self.extra}]'"
