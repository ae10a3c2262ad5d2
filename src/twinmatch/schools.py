"""
A table of schools: columns that never change, checked once.

Everything above the waist reads schools through this class. It holds a :class:`pyarrow.Table`,
so that a table of a million schools is shared between threads and sent to another process
without copies of Python objects.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from twinmatch.columns import level_mask
from twinmatch.errors import Fault, InputError, TableError
from twinmatch.room import bounded
from twinmatch.tables.checking import checked_columns
from twinmatch.tables.frames import FRAMES, columns_of, to_kind
from twinmatch.tables.glimpse import as_html, as_text
from twinmatch.tables.hashing import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Schools"]


class Schools:
    """
    An immutable table of schools.

    Build one with :meth:`from_frame`, :func:`twinmatch.read_schools` or :mod:`twinmatch.datasets`.
    Once built, identifiers are present and unique, codes are in their vocabularies, numbers are
    finite and in range, a point has both coordinates, and what was missing is still :term:`unknown`.
    Columns that twinmatch does not know are carried along untouched; columns that hold contact
    data are dropped, and only their names are kept.

    Parameters
    ----------
    table : pyarrow.Table
        One row for each school. ``id`` and ``country`` are required.
    kind : {"pandas", "polars", "pyarrow"}, optional
        What kind of frame this table gives back.
    source : str, optional
        What the table is, for messages.
    report : tuple of str, optional
        What was left out on the way here, in words.

    Attributes
    ----------
    table : pyarrow.Table
        The columns; known ones first, in a fixed order.
    kind : str
        The kind of frame given back.
    source : str
        What the table is, for messages.
    report : tuple of str
        What was left out on the way here, in words.
    dropped : tuple of str
        Names of the columns that were dropped because they hold contact data (``column 7 (mail)`` where
        the name itself may name a person); ``name (2 cells)`` where only those cells were.

    Raises
    ------
    TableError
        With every fault of the table, if there is any.

    Notes
    -----
    Instances can be shared between threads, compared, hashed and pickled.

    Examples
    --------
    >>> from twinmatch import Schools
    >>> schools = Schools.from_frame({"id": ["a", "b"], "country": ["FR", "IT"], "levels": ["0;1", None]})
    >>> len(schools), schools.levels.tolist()
    (2, [3, 0])
    """

    __slots__ = ("__weakref__", "_cache", "dropped", "kind", "report", "source", "table")

    table: pa.Table
    kind: str
    source: str
    report: tuple[str, ...]
    dropped: tuple[str, ...]
    _cache: dict[str, Any]

    def __init__(
        self, table: pa.Table, *, kind: str = "pandas", source: str = "frame", report: Sequence[str] = ()
    ) -> None:
        checked, dropped, faults = checked_columns(table, parse=False)
        if faults:
            raise TableError(source, faults)
        self._fill(checked, kind, source, tuple(report), dropped)

    def _fill(
        self, table: pa.Table, kind: str, source: str, report: tuple[str, ...], dropped: tuple[str, ...]
    ) -> None:
        if kind not in FRAMES:
            raise InputError("Schools", [Fault("kind", f"must be one of {', '.join(FRAMES)}")])
        values = {
            "table": table,
            "kind": kind,
            "source": source,
            "report": report,
            "dropped": dropped,
            "_cache": {},
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def _trusted(
        cls,
        table: pa.Table,
        *,
        kind: str = "pandas",
        source: str = "frame",
        report: tuple[str, ...] = (),
        dropped: tuple[str, ...] = (),
    ) -> Schools:
        """Wrap a table that was checked before."""
        schools = cls.__new__(cls)
        schools._fill(table, kind, source, report, dropped)
        return schools

    @classmethod
    def from_text(
        cls,
        table: pa.Table,
        *,
        source: str,
        report: Sequence[str] = (),
        rows: NDArray[np.int64] | None = None,
        faults: Sequence[Fault] = (),
        dropped: Sequence[str] = (),
    ) -> Schools:
        """
        Build a table from cells that are still text, as files hold them.

        Parameters
        ----------
        table : pyarrow.Table
            Columns of any type; numbers may be text.
        source : str
            What was read, for messages.
        report : sequence of str, optional
            What was left out while reading.
        rows : (len(table),) int64, optional
            The row of the file behind each row of ``table``, for messages.
        faults : sequence of Fault, optional
            What the reader found wrong already; raised together with what is found here.
        dropped : sequence of str, optional
            Names of the contact columns that the reader dropped itself.

        Raises
        ------
        TableError
            With every fault, if there is any.
        """
        checked, more, found = checked_columns(table, parse=True)
        if rows is not None:
            found = [fault._replace(rows=tuple(int(rows[row]) for row in fault.rows)) for fault in found]
        if faults or found:
            raise TableError(source, [*faults, *found])
        return cls._trusted(checked, source=source, report=tuple(report), dropped=(*dropped, *more))

    @classmethod
    @bounded
    def from_frame(cls, frame: Any, *, source: str = "frame") -> Schools:
        """
        Build a table from a frame.

        Parameters
        ----------
        frame : pandas, polars, pyarrow or narwhals frame, or dict of columns
            One row for each school. The index of a pandas frame is not read.
        source : str, optional
            What the table is, for messages.

        Returns
        -------
        Schools
            Frames it gives back are of the same kind; pandas for a dict.

        Raises
        ------
        TableError
            With every fault of the frame, if there is any.
        """
        kind, columns, faults = columns_of(frame, source)
        checked, dropped, more = checked_columns(
            columns, parse=False, unread={fault.where for fault in faults}
        )
        if faults or more:
            raise TableError(source, [*faults, *more])
        return cls._trusted(checked, kind=kind, source=source, dropped=dropped)

    # Columns

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.table.column_names)

    def has(self, name: str) -> bool:
        """
        Return whether the table has a column of that name.

        Parameters
        ----------
        name : str
        """
        return name in self.table.column_names

    @property
    def ids(self) -> NDArray[np.object_]:
        """Identifiers in row order, (len(self),) str."""
        return self.strings("id")

    def strings(self, name: str) -> NDArray[np.object_]:
        """
        Return a column as text.

        Parameters
        ----------
        name : str
            A column; one that the table does not have is missing everywhere.

        Returns
        -------
        (len(self),) object
            A str where the value is known, None where it is missing. Read-only.
        """
        values: NDArray[np.object_] = self._cached(f"strings {name}", lambda: self._strings(name))
        return values

    def _strings(self, name: str) -> NDArray[np.object_]:
        import pyarrow as pa

        values = np.full(len(self), None, dtype=object)
        if self.has(name):
            values[:] = self.table[name].cast(pa.string()).to_pylist()
        return values

    def numbers(self, name: str) -> NDArray[np.float64]:
        """
        Return a column as numbers.

        Parameters
        ----------
        name : str
            A column; one that the table does not have is missing everywhere.

        Returns
        -------
        (len(self),) float64
            The value where it is known (flags are 1 and 0), NaN where it is missing. Read-only.

        Raises
        ------
        TableError
            If the column does not hold numbers.
        """
        values: NDArray[np.float64] = self._cached(f"numbers {name}", lambda: self._numbers(name))
        return values

    def _numbers(self, name: str) -> NDArray[np.float64]:
        import pyarrow as pa

        if not self.has(name):
            return np.full(len(self), np.nan)
        column = self.table[name]
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            raise TableError(self.source, [Fault(name, "holds no numbers")])
        return np.array(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)

    @property
    def levels(self) -> NDArray[np.uint8]:
        """ISCED levels taught, (len(self),) uint8: bit L stands for level L, 0 means not known."""
        masks: NDArray[np.uint8] = self._cached("levels", self._levels)
        return masks

    def _levels(self) -> NDArray[np.uint8]:
        if not self.has("levels") or not len(self):
            return np.zeros(len(self), np.uint8)
        codes = self.table["levels"].combine_chunks().dictionary_encode()
        masks = np.append(level_mask(codes.dictionary.to_pylist()), np.uint8(0))
        where = codes.indices.fill_null(len(masks) - 1).to_numpy(zero_copy_only=False)
        return np.asarray(masks[where], np.uint8)

    def _cached(self, key: str, make: Any) -> Any:
        # Two threads may both make a value; either copy is right, and a dict never tears.
        if (value := self._cache.get(key)) is None:
            value = make()
            value.setflags(write=False)
            self._cache[key] = value
        return value

    # Frames

    def to_frame(self) -> Any:
        """Return all columns as a frame of the caller's kind."""
        return to_kind(self.table, self.kind)

    def frame(self, columns: Mapping[str, ArrayLike | Sequence[object]]) -> Any:
        """
        Return other columns as a frame of the caller's kind.

        Parameters
        ----------
        columns : mapping of str to (n,) array or sequence
            Columns of one length; None means missing.
        """
        import pyarrow as pa

        return to_kind(pa.table({name: pa.array(values) for name, values in columns.items()}), self.kind)

    # Rows

    def take(self, indices: ArrayLike) -> Schools:
        """
        Return some of the schools.

        Parameters
        ----------
        indices : (k,) integers or (len(self),) bool
            Which rows, in which order, each at most once; or whether to keep each row.

        Raises
        ------
        IndexError
            If an index is out of range.
        TableError
            If an index is given twice: identifiers would no longer be unique.
        """
        import pyarrow as pa

        chosen = np.asarray(indices)
        if chosen.dtype == bool:
            if chosen.shape != (len(self),):
                raise IndexError(f"a mask over {len(self)} schools has shape {chosen.shape}")
            chosen = np.flatnonzero(chosen)
        chosen = chosen.astype(np.int64)
        if len(chosen) and (chosen.min() < 0 or chosen.max() >= len(self)):
            raise IndexError(f"a row is not in 0 to {len(self) - 1}")
        if len(np.unique(chosen)) < len(chosen):
            raise TableError(self.source, [Fault("indices", "a row is taken twice")])
        table = self.table.take(pa.array(chosen))
        return Schools._trusted(
            table, kind=self.kind, source=self.source, report=self.report, dropped=self.dropped
        )

    def sorted_by_id(self) -> tuple[Schools, NDArray[np.int64]]:
        """
        Return the schools in the order of their identifiers.

        Returns
        -------
        schools : Schools
            The same schools, sorted by code points of the identifier: the table itself where it is sorted,
            and the same copy each time as long as somebody holds it.
        order : (len(self),) int64
            ``schools`` is ``self.take(order)``.
        """
        import pyarrow.compute as pc

        known: tuple[weakref.ref[Schools], NDArray[np.int64]] | None = self._cache.get("sorted")
        if known is not None and (kept := known[0]()) is not None:
            return kept, known[1]
        order = np.asarray(pc.sort_indices(self.table["id"]).to_numpy(), np.int64)
        order.setflags(write=False)
        is_sorted = bool((np.diff(order) > 0).all())
        schools = self if is_sorted else self.take(order)
        self._cache["sorted"] = weakref.ref(schools), order
        return schools, order

    # Identity

    def fingerprint(self) -> str:
        """
        Return the SHA-256 of the content, in hexadecimal.

        It depends on the identifiers and their values, and on nothing else: not on the order of
        rows or columns, on the kind of frame, nor on columns that are missing everywhere.
        """
        if "fingerprint" not in self._cache:
            schools, _ = self.sorted_by_id()
            self._cache["fingerprint"] = digest_of(self.table) if schools is self else schools.fingerprint()
        return str(self._cache["fingerprint"])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schools):
            return NotImplemented
        return self is other or bool(self.table.equals(other.table))

    def __hash__(self) -> int:
        first = self.table["id"][0].as_py() if len(self) else None
        return hash((len(self), self.columns, first))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Schools are immutable: cannot set {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Schools are immutable: cannot delete {name}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.table, self.kind, self.source, self.report, self.dropped)

    # Words

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


def _restore(
    table: pa.Table, kind: str, source: str, report: tuple[str, ...], dropped: tuple[str, ...]
) -> Schools:
    return Schools._trusted(table, kind=kind, source=source, report=report, dropped=dropped)
