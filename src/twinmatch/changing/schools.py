"""Changes about schools: who leaves, who joins, how many places there are, which languages are taught."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from twinmatch.changing.change import Change, python_value
from twinmatch.errors import Fault, InputError
from twinmatch.nearby import clipped
from twinmatch.policy import checks
from twinmatch.policy.bounds import MOST
from twinmatch.policy.parts import settle
from twinmatch.schools import Schools

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "CapacityChanges",
    "Joining",
    "PartnerJoins",
    "PartnerLeaves",
    "SchoolJoins",
    "SchoolLeaves",
    "Section",
    "SectionCloses",
    "SectionOpens",
]

#: The column that :mod:`twinmatch.repairing.stating` writes into the left table.
_FORMER = "partner_before_repair"

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")


@dataclass(frozen=True)
class SchoolLeaves(Change):
    """
    A left school takes no part any more: it closed, or wants no partner.

    Parameters
    ----------
    left_id : str
        Its id.
    """

    kind: ClassVar[str] = "school_leaves"
    left_id: str

    def words(self) -> str:
        """Return what happens, in one sentence."""
        return f"The school {self.left_id} leaves."


@dataclass(frozen=True)
class PartnerLeaves(Change):
    """
    A right school drops out, with all of its places.

    Parameters
    ----------
    right_id : str
        Its id.

    Examples
    --------
    >>> from twinmatch.changes import PartnerLeaves
    >>> PartnerLeaves("BGEE867019").to_dict()
    {'kind': 'partner_leaves', 'right_id': 'BGEE867019'}
    """

    kind: ClassVar[str] = "partner_leaves"
    right_id: str

    def words(self) -> str:
        """Return what happens, in one sentence."""
        return f"The partner {self.right_id} drops out."


@dataclass(frozen=True)
class Joining(Change):
    """
    New schools of a side.

    Parameters
    ----------
    schools : Schools or mapping
        A table of one or more schools; or one school as a mapping of columns to values, or several as a
        mapping of columns to lists, where a value that is no list is that of all of them.
    """

    schools: Schools

    def __post_init__(self) -> None:
        if isinstance(self.schools, Mapping):
            settle(self, schools=_table(type(self).__name__, self.schools))
        if isinstance(self.schools, Schools) and self.schools.has(_FORMER):
            # Who was whose partner in a matching before says nothing of one who joins this one.
            table = self.schools.table.drop_columns([_FORMER])
            old = self.schools
            made = Schools._trusted(
                table, kind=old.kind, source=old.source, report=old.report, dropped=old.dropped
            )
            settle(self, schools=made)
        super().__post_init__()

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the fields."""
        if not isinstance(self.schools, Schools):
            hint = "Give a Schools table, or the columns of one school."
            yield Fault("schools", f"must be schools, not {type(self.schools).__name__}", hint=hint)
        elif not len(self.schools):
            yield Fault("schools", "holds no school", hint="Leave the change out where nobody joins.")

    @property
    def label(self) -> str:
        """What errors call it."""
        names = [clipped(one) for one in self.schools.ids[:3]]
        return f"{type(self).__name__}({', '.join(names)}{', ...' if len(self.schools) > 3 else ''})"

    def to_dict(self) -> dict[str, Any]:
        """Return the change as plain data that JSON holds: a row for each school, without what is missing."""
        rows = [
            {name: _cell(value) for name, value in row.items() if value is not None}
            for row in self.schools.table.to_pylist()
        ]
        return {"kind": self.kind, "schools": rows}

    def _who(self, noun: str) -> str:
        if len(self.schools) == 1:
            return f"The {noun} {self.schools.ids[0]} joins"
        return f"{len(self.schools):,} {noun}s join, {self.schools.ids[0]} among them"


@dataclass(frozen=True)
class SchoolJoins(Joining):
    """
    New left schools want a partner.

    Parameters
    ----------
    schools : Schools or mapping
        A table of one or more schools; or one school as a mapping of columns to values, or several as a
        mapping of columns to lists, where a value that is no list is that of all of them.

    Examples
    --------
    >>> from twinmatch.changes import SchoolJoins
    >>> print(SchoolJoins({"id": "0000001A", "country": "FR", "levels": "2"}))
    The school 0000001A joins.
    """

    kind: ClassVar[str] = "school_joins"

    def words(self) -> str:
        """Return what happens, in one sentence."""
        return f"{self._who('school')}."


@dataclass(frozen=True)
class PartnerJoins(Joining):
    """
    New right schools offer places.

    Parameters
    ----------
    schools : Schools or mapping
        A table of one or more schools; or one school as a mapping of columns to values, or several as a
        mapping of columns to lists, where a value that is no list is that of all of them.
    capacity : int or sequence of int, optional
        Places of each; without it, what their column ``capacity`` says, and 1 where nothing does.
    """

    kind: ClassVar[str] = "partner_joins"
    capacity: int | tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        given: Any = self.capacity
        if _is_listed(given):
            settle(self, capacity=tuple(map(python_value, given)))
        super().__post_init__()

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the fields."""
        yield from super().faults()
        if isinstance(self.capacity, tuple):
            for one in self.capacity:
                yield from checks.whole("capacity", one, 0, MOST)
            if isinstance(self.schools, Schools) and len(self.capacity) != len(self.schools):
                yield Fault(
                    "capacity", f"has {len(self.capacity):,} numbers for {len(self.schools):,} schools"
                )
        elif self.capacity is not None:
            yield from checks.whole("capacity", self.capacity, 0, MOST)

    def places(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the places of each school, (len(schools),) int64."""
        if self.capacity is not None:
            return np.broadcast_to(np.array(self.capacity, np.int64), len(self.schools)).copy()
        said = self.schools.numbers("capacity")
        return np.where(np.isnan(said), 1, said).astype(np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Return the change as plain data that JSON holds: a row for each school, without what is missing."""
        written = super().to_dict()
        if self.capacity is not None:
            written["capacity"] = list(self.capacity) if isinstance(self.capacity, tuple) else self.capacity
        return written

    def words(self) -> str:
        """Return what happens, in one sentence."""
        places = int(self.places().sum())
        return f"{self._who('partner')}, with {places:,} place{'' if places == 1 else 's'}."


@dataclass(frozen=True)
class CapacityChanges(Change):
    """
    A right school has more or fewer places than before.

    Parameters
    ----------
    right_id : str
        Its id.
    capacity : int
        How many it has from now on; 0 leaves it in the table without any.
    """

    kind: ClassVar[str] = "capacity_changes"
    right_id: str
    capacity: int

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the fields."""
        yield from super().faults()
        yield from checks.whole("capacity", self.capacity, 0, MOST)

    def words(self) -> str:
        """Return what happens, in one sentence."""
        places = "1 place" if self.capacity == 1 else f"{self.capacity:,} places"
        return f"The partner {self.right_id} has {places} from now on."


@dataclass(frozen=True)
class Section(Change):
    """
    A language that a school begins or ceases to teach.

    Parameters
    ----------
    side : {"left", "right"}
        In which table the school is.
    school_id : str
        Its id.
    language : str
        Code of the language, as in the column ``languages``: ``"es"``.
    """

    side: str
    school_id: str
    language: str

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the fields."""
        yield from super().faults()
        if self.side not in ("left", "right"):
            yield Fault("side", f"must be 'left' or 'right', not {clipped(self.side)}")
        if not isinstance(self.language, str) or not _LANGUAGE.fullmatch(self.language):
            hint = "Such as 'es', 'de', 'br': ISO 639, in small letters."
            yield Fault(
                "language", f"must be the code of a language, not {clipped(self.language)}", hint=hint
            )


@dataclass(frozen=True)
class SectionOpens(Section):
    """
    A school begins to teach a language: the code joins its column ``languages``.

    A school that listed no languages lists this one only from then on: what was assumed in the absence of a
    list, such as English at levels 2 and 3, is no longer. Open a section for each language it teaches.

    Parameters
    ----------
    side : {"left", "right"}
        In which table the school is.
    school_id : str
        Its id.
    language : str
        Code of the language, as in the column ``languages``: ``"es"``.
    """

    kind: ClassVar[str] = "section_opens"

    def words(self) -> str:
        """Return what happens, in one sentence."""
        return f"The {self.side} school {self.school_id} opens a section of {self.language}."


@dataclass(frozen=True)
class SectionCloses(Section):
    """
    A school ceases to teach a language: the code leaves its column ``languages``.

    Where it was the only one, ``code:0`` stays: the school teaches none, which is not the same as unknown.

    Parameters
    ----------
    side : {"left", "right"}
        In which table the school is.
    school_id : str
        Its id.
    language : str
        Code of the language, as in the column ``languages``: ``"es"``.
    """

    kind: ClassVar[str] = "section_closes"

    def words(self) -> str:
        """Return what happens, in one sentence."""
        return f"The {self.side} school {self.school_id} closes its section of {self.language}."


def _table(name: str, columns: Mapping[Any, Any]) -> Schools:
    """Return the schools of a mapping of columns, be it of one school or of several."""
    ids = columns.get("id")
    several = _is_listed(ids)
    size = len(ids) if several else 1  # type: ignore[arg-type]  # what is listed has a length
    frame = {
        key: list(value) if several and _is_listed(value) else [value] * size  # one value is that of all
        for key, value in columns.items()
    }
    try:
        return Schools.from_frame(frame, source="schools that join")
    except InputError as error:
        raise InputError(name, error.faults) from None


def _is_listed(value: object) -> bool:
    """Return whether a value is one for each school: a list, an array, a column, but no text."""
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Sized) and not isinstance(value, str | bytes | Mapping)


def rows_to_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return rows as columns; what a row does not say is missing."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _cell(value: Any) -> Any:
    """Return a cell as plain data: a date as text, whatever else JSON does not know as its words."""
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_cell(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
