"""What all changes have in common."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from twinmatch.errors import Fault, InputError
from twinmatch.nearby import clipped
from twinmatch.policy import checks
from twinmatch.policy.parts import settle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Change", "PairChange", "python_value"]


@dataclass(frozen=True)
class Change:
    """
    Something that happens to schools or pairs after they were paired.

    A change is checked when it is made, without looking at any table; whether the schools that it names are
    there is seen when it is applied.

    Raises
    ------
    InputError
        If a field is wrong, with every fault.
    """

    kind: ClassVar[str] = ""

    def __post_init__(self) -> None:
        settle(self, **{one.name: python_value(getattr(self, one.name)) for one in fields(self)})
        if faults := list(self.faults()):
            raise InputError(type(self).__name__, faults)

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the fields, without looking at any school."""
        for field in fields(self):
            if field.name.endswith("_id"):
                yield from checks.text(field.name, getattr(self, field.name))

    def words(self) -> str:
        """Return what happens, in one sentence."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """What errors call it: its name, and whom it is about."""
        return f"{type(self).__name__}({', '.join(map(clipped, self.ids.values()))})"

    @property
    def ids(self) -> dict[str, str]:
        """The single schools that it is about, by the names of its fields."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name.endswith("_id")}

    def to_dict(self) -> dict[str, Any]:
        """
        Return the change as plain data that JSON holds.

        Returns
        -------
        dict
            ``kind`` and the fields; what is None is left out. :func:`twinmatch.changes.change_from` reads it.
        """
        written = {one.name: _plain(getattr(self, one.name)) for one in fields(self)}
        return {"kind": self.kind, **{name: value for name, value in written.items() if value is not None}}

    @staticmethod
    def from_dict(document: Mapping[str, Any]) -> Change:
        """
        Return the change that :meth:`to_dict` wrote, of whatever kind it is.

        Raises
        ------
        InputError
            If it is none, with every fault.
        """
        from twinmatch.changing.forms import change_from

        return change_from(document)

    def __str__(self) -> str:
        return self.words()


@dataclass(frozen=True)
class PairChange(Change):
    """
    A change about one pair.

    Parameters
    ----------
    left_id, right_id : str
        Ids of the two schools.
    """

    left_id: str
    right_id: str

    @property
    def pair(self) -> tuple[str, str]:
        """The ids of both schools."""
        return self.left_id, self.right_id


def python_value(value: Any) -> Any:
    """Return a number of NumPy as one of Python, and the first moment of a day as the day."""
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, datetime) and value.tzinfo is None and value.time() == time.min:
        return value.date()
    return value


def _plain(value: object) -> object:
    """Return a field as plain data; tables have a form of their own."""
    return value.isoformat() if isinstance(value, date) else value
