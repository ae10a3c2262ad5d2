"""Where a repaired matching comes from: digests, not the matching itself."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

__all__ = ["Parent"]


class Parent(NamedTuple):
    """
    The matching that another one was repaired from, and by what.

    Attributes
    ----------
    seal : str
        Of the matching before, see :class:`twinmatch.Matching`.
    changes : str
        Digest of the changes, as :func:`twinmatch.changes.digest_of` makes it.
    keep_bonus : int
        Points that a kept pair was worth more.
    today : datetime.date or None
        The day that was given.
    """

    seal: str
    changes: str
    keep_bonus: int = 0
    today: date | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON holds."""
        return {**self._asdict(), "today": None if self.today is None else self.today.isoformat()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Parent:
        """Return what :meth:`to_dict` wrote."""
        today = document.get("today")
        return cls(
            str(document["seal"]),
            str(document["changes"]),
            int(document.get("keep_bonus", 0)),
            None if today is None else date.fromisoformat(today),
        )
