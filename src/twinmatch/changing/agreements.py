"""Changes about pairs: agreements made, renewed, ended, and pairs that must not be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from twinmatch.changing.change import PairChange
from twinmatch.policy import checks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from twinmatch.errors import Fault

__all__ = ["AgreementExpires", "PairFreed", "PairLocked", "PairRenewed", "PairVetoed"]


@dataclass(frozen=True)
class PairLocked(PairChange):
    """
    Two schools must be paired, whatever that is worth.

    An earlier veto of the pair, and a date on which it was to end, are gone with that.

    Parameters
    ----------
    left_id, right_id : str
        Ids of the two schools.

    Examples
    --------
    >>> from twinmatch.changes import PairLocked
    >>> print(PairLocked("0352443R", "BGEE867019"))
    0352443R and BGEE867019 must be paired.
    """

    kind: ClassVar[str] = "pair_locked"

    def words(self) -> str:
        """Return what happens, in one sentence."""
        return f"{self.left_id} and {self.right_id} must be paired."


@dataclass(frozen=True)
class PairRenewed(PairChange):
    """
    Two schools renewed their agreement: they must be paired, until a day if one is given.

    Parameters
    ----------
    left_id, right_id : str
        Ids of the two schools.
    until : datetime.date, optional
        The day from which the pair is free again; until then an :class:`AgreementExpires` waits in
        ``matching.pending``. Without it, the pair stays locked. It needs ``repair(..., today=...)``.

    Examples
    --------
    >>> from datetime import date
    >>> from twinmatch.changes import PairRenewed
    >>> print(PairRenewed("0352443R", "BGEE867019", until=date(2027, 9, 1)))
    0352443R and BGEE867019 renewed their agreement until 2027-09-01.
    """

    kind: ClassVar[str] = "pair_renewed"
    until: date | None = None

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the fields."""
        yield from super().faults()
        if self.until is not None:
            yield from checks.date("until", self.until)

    def words(self) -> str:
        """Return what happens, in one sentence."""
        until = "" if self.until is None else f" until {self.until.isoformat()}"
        return f"{self.left_id} and {self.right_id} renewed their agreement{until}."


@dataclass(frozen=True)
class PairVetoed(PairChange):
    """
    Two schools must not be paired.

    An earlier lock of the pair, and a date on which it was to end, are gone with that.

    Parameters
    ----------
    left_id, right_id : str
        Ids of the two schools.
    """

    kind: ClassVar[str] = "pair_vetoed"

    def words(self) -> str:
        """Return what happens, in one sentence."""
        return f"{self.left_id} and {self.right_id} must not be paired."


@dataclass(frozen=True)
class PairFreed(PairChange):
    """
    A lock or a veto of two schools is taken back: they may be paired, and need not.

    Parameters
    ----------
    left_id, right_id : str
        Ids of the two schools.
    """

    kind: ClassVar[str] = "pair_freed"

    def words(self) -> str:
        """Return what happens, in one sentence."""
        return f"{self.left_id} and {self.right_id} may be paired, and need not."


@dataclass(frozen=True)
class AgreementExpires(PairChange):
    """
    An agreement ends: from a day on its pair is no longer locked, and gets no bonus for being kept.

    The pair may still be made, where it is worth it.

    Parameters
    ----------
    left_id, right_id : str
        Ids of the two schools.
    on : datetime.date, optional
        The first day without the agreement; until then the change waits in ``matching.pending``. Without it,
        the agreement is over. A date needs ``repair(..., today=...)``.
    """

    kind: ClassVar[str] = "agreement_expires"
    on: date | None = None

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the fields."""
        yield from super().faults()
        if self.on is not None:
            yield from checks.date("on", self.on)

    def words(self) -> str:
        """Return what happens, in one sentence."""
        when = "is over" if self.on is None else f"ends on {self.on.isoformat()}"
        return f"The agreement of {self.left_id} and {self.right_id} {when}."
