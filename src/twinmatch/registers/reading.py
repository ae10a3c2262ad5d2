"""What every reader of a register does: find columns by name, map codes, leave rows out, build Schools."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.contacts import is_contact, quoted, shown_contact
from twinmatch.errors import Fault, FormatError
from twinmatch.registers.files import plain
from twinmatch.schools import Schools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Register"]

Cells = list[str | None]
# How programs write a missing value. (None is a town near Turin.)
_NOTHING = frozenset({"", "null", "NULL", "nan", "NaN"})
_IDS = frozenset({"id", "identifiant_de_l_etablissement", "numero_uai"})


class Register:
    """
    A file being read: columns by name in any case, faults and rows to leave out collected on the way.

    Parameters
    ----------
    name : str
        What is being read, for messages.
    table : pyarrow.Table
        All columns as text.
    needed : sequence of str
        Columns without which the file makes no sense.

    Raises
    ------
    FormatError
        If a needed column is missing.
    """

    def __init__(self, name: str, table: pa.Table, needed: Sequence[str]) -> None:
        self.name = name
        self._table = table
        keys = [plain(column) for column in table.column_names]
        self._names = dict(zip(keys, table.column_names, strict=True))
        self._twice = {key for key, number in Counter(keys).items() if number > 1}
        self.faults: list[Fault] = []
        self.notes: list[str] = []
        self.keep: NDArray[np.bool_] = np.ones(table.num_rows, bool)
        missing = [column for column in needed if plain(column) not in self._names]
        if missing:
            raise FormatError(name, [Fault(column, "the column is missing") for column in missing])

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def has(self, column: str) -> bool:
        """Return whether the file has a column, in any case."""
        return plain(column) in self._names

    def cells(self, *columns: str) -> Cells:
        """Return the cells of the first of these columns that the file has; blank ones as None."""
        for column in columns:
            if (found := self._names.get(key := plain(column))) is not None:
                if key in self._twice:
                    self._twice.remove(key)
                    self.faults.append(Fault(column, "the header has several columns of this name"))
                return [
                    None if cell is None or (text := cell.strip()) in _NOTHING else text
                    for cell in self._table[found].to_pylist()
                ]
        return [None] * len(self)

    def mapped(self, columns: str | Sequence[str], words: Mapping[str, str | None]) -> Cells:
        """
        Return a column of code words in our words.

        A word that is not among ``words`` is a fault, unless its row is left out.
        """
        names = (columns,) if isinstance(columns, str) else columns
        cells = self.cells(*names)
        bad = np.array([cell is not None and plain(cell) not in words for cell in cells], bool) & self.keep
        if bad.any():
            seen = sorted({plain(cells[row] or "") for row in np.flatnonzero(bad)})
            what = "not a known word" + quoted(seen, words)
            self.fault(
                next(name for name in names if self.has(name)), what, bad, f"Known: {', '.join(words)}."
            )
        return [None if cell is None else words.get(plain(cell)) for cell in cells]

    def repeated(self) -> NDArray[np.bool_]:
        """Return which rows repeat an earlier row in every column."""
        import pyarrow as pa

        seen: set[tuple[str | None, ...]] = set()
        again = np.zeros(len(self), bool)
        ids = [name for key, name in self._names.items() if key in _IDS]
        counts = Counter(self._table[ids[0]].to_pylist()) if ids else Counter()
        suspects = (
            [row for row, one in enumerate(self._table[ids[0]].to_pylist()) if counts[one] > 1] if ids else []
        )
        if suspects:
            few = self._table.take(pa.array(suspects))
            columns = (few[name].to_pylist() for name in few.column_names)
            for row, cells in zip(suspects, zip(*columns, strict=True), strict=True):
                again[row] = cells in seen
                seen.add(cells)
        return again

    def fault(self, where: str, what: str, bad: NDArray[np.bool_], hint: str = "") -> None:
        """Note a fault of some rows."""
        rows = np.flatnonzero(bad)
        self.faults.append(Fault(where, what, len(rows), tuple(int(row) for row in rows[:3]), hint))

    def leave_out(self, rows: NDArray[np.bool_], what: Callable[[int], str]) -> None:
        """Leave rows out and say so."""
        rows = rows & self.keep
        if rows.any():
            self.notes.append(what(int(rows.sum())))
            self.keep = self.keep & ~rows

    def schools(self, columns: Mapping[str, Cells | Sequence[object]]) -> Schools:
        """Build the table of the rows that are kept."""
        import pyarrow as pa

        rows = np.flatnonzero(self.keep)
        faults = [fault for fault in self.faults if fault.count == 0 or self.keep[list(fault.rows)].any()]
        table = pa.table({name: pa.array(cells) for name, cells in columns.items()}).take(pa.array(rows))
        dropped = [
            shown_contact(place, name)
            for place, name in enumerate(self._table.column_names, 1)
            if is_contact(name)
        ]
        return Schools.from_text(
            table, source=self.name, report=self.notes, rows=rows, faults=faults, dropped=dropped
        )


def closed_note(count: int) -> str:
    """Say how many closed schools were left out."""
    return f"{count:,} closed school{'' if count == 1 else 's'} left out"


def office_note(count: int) -> str:
    """Say how many offices were left out."""
    return f"{count:,} office{'' if count == 1 else 's'} left out"


def repeated_note(count: int) -> str:
    """Say how many repeated rows were left out."""
    return f"{count:,} repeated row{'' if count == 1 else 's'} left out"
