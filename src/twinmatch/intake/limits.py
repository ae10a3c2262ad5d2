"""
How much of a file is read before it is refused.

A file says little about what it becomes: 44 kB of Parquet or gzip can become gigabytes, and a process that
asks for more memory than there is may be ended without a word. So everything is counted before it is made:
bytes on disk, bytes unpacked, rows, columns, cells, the longest cell. The limits below are far above any
school register that is published (the largest known one has 72 columns, 70,000 rows and 60 MB) and below
what a small server has.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NoReturn

from twinmatch.errors import Fault, FormatError, InputError

__all__ = ["DEFAULT", "ReadLimits", "over", "refuse"]

_MB = 2**20


@dataclass(frozen=True, kw_only=True)
class ReadLimits:
    """
    What a file may cost before it is refused.

    Parameters
    ----------
    file_bytes : int, optional
        Bytes of the file as it is.
    total_bytes : int, optional
        Bytes once unpacked and decoded.
    rows, columns : int, optional
        Of the table in it; the header is no row.
    cells : int, optional
        Rows times columns; in JSON a fifth of it, since a value costs more there.
    cell_length : int, optional
        Bytes of the longest cell.
    ratio : int, optional
        How many times its size a packed file may become, where that is more than 64 MB.
    depth : int, optional
        How deep lists and tables may stand in one another.

    Raises
    ------
    InputError
        If one is not a whole number of 1 or more.

    Examples
    --------
    >>> import twinmatch as tm
    >>> tm.ReadLimits(rows=10_000_000).rows
    10000000
    """

    file_bytes: int = 256 * _MB
    total_bytes: int = 1024 * _MB
    rows: int = 2_000_000
    columns: int = 1_000
    cells: int = 100_000_000
    cell_length: int = 100_000
    ratio: int = 250
    depth: int = 32

    def __post_init__(self) -> None:
        faults = [
            Fault(field.name, "must be a whole number of 1 or more")
            for field in fields(self)
            if type(value := getattr(self, field.name)) is not int or value < 1
        ]
        if faults:
            raise InputError("ReadLimits", faults)

    def unpacked(self, packed: int) -> int:
        """Return how many bytes a packed file of this size may become."""
        return min(self.total_bytes, max(64 * _MB, self.ratio * packed))


DEFAULT = ReadLimits()


def refuse(subject: str, what: str, hint: str = "", where: str = "file") -> NoReturn:
    """
    Refuse a file in words.

    The exception that led here is not attached: those of libraries quote what the file holds.
    """
    try:
        raise FormatError(subject, [Fault(where, what, hint=hint)]) from None
    except FormatError as error:
        error.__context__ = None
        raise


def over(subject: str, limit: str, most: int, what: str) -> NoReturn:
    """Refuse a file that goes beyond a limit, and name the limit."""
    refuse(
        subject, f"{what}, and {most:,} is the limit", f"If that is right: limits=ReadLimits({limit}=...)."
    )
