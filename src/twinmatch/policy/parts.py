"""What rules and criteria have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from twinmatch.errors import Fault
from twinmatch.policy import checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

    from twinmatch.graph.singles import Bans
    from twinmatch.graph.terms import RuleTerm, Term
    from twinmatch.schools import Schools

    Say: TypeAlias = Callable[[str], None]

__all__ = ["Criterion", "Part", "Rule", "Weighed", "as_float", "ignore", "settle", "share_of"]

_RESERVED = frozenset({"left_id", "right_id", "points"})


def ignore(sentence: str) -> None:
    """Take a sentence and do nothing with it."""


@runtime_checkable
class Rule(Protocol):
    """
    A hard condition: a pair that breaks it is not admissible, at no price.

    Write your own as a frozen dataclass with these members. A rule that meets an unknown value
    forbids the pair, unless it documents an assumption and says so.
    """

    kind: ClassVar[str]

    @property
    def name(self) -> str:
        """What results and errors call it."""

    def faults(self) -> Iterable[Fault]:
        """Return what is wrong with its options."""

    def table_faults(self, left: Schools, right: Schools) -> Iterable[Fault]:
        """Return what keeps it from being used on two tables."""

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> RuleTerm | Bans:
        """Return the rule as arrays; tell ``say`` every assumption made."""


@runtime_checkable
class Criterion(Protocol):
    """
    A soft wish: whole points for a pair, from 0 to ``weight``.

    Write your own as a frozen dataclass with these members.
    """

    kind: ClassVar[str]

    @property
    def name(self) -> str:
        """What results and errors call it; a column of ``pairs``."""

    @property
    def weight(self) -> int | None:
        """The most points of a pair; None where that is not known."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""

    def faults(self) -> Iterable[Fault]:
        """Return what is wrong with its options."""

    def table_faults(self, left: Schools, right: Schools) -> Iterable[Fault]:
        """Return what keeps it from being used on two tables."""

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> Term:
        """Return the criterion as arrays; tell ``say`` every assumption made."""


@dataclass(frozen=True)
class Part:
    """
    A rule or a criterion whose options are the fields of a frozen dataclass.

    Its table in a TOML file is ``kind`` and its fields.
    """

    kind: ClassVar[str]

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options, without looking at any school."""
        name = getattr(self, "name", "")
        yield from checks.text(f"{self.kind}.name", name)
        if isinstance(name, str) and name in _RESERVED:
            yield Fault(f"{self.kind}.name", f"is the name of another column of the result: {name!r}")

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield what keeps it from being used on these two tables."""
        yield from ()

    def where(self, option: str) -> str:
        """Return how errors name one of the options."""
        return f"{getattr(self, 'name', self.kind)}.{option}"


@dataclass(frozen=True)
class Weighed(Part, ABC):
    """
    A criterion with a weight and a worth of the unknown.

    A column that a table does not have means that the value is unknown for all of its schools.
    Every pair then gets ``unknown`` points and the criterion decides nothing, which is a fault
    unless ``optional`` says that it is welcome where there is nothing to go by. It is then
    reported as an assumption.
    """

    uses: ClassVar[str] = ""  # the kind of numeric column it compiles to, if any

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options, without looking at any school."""
        yield from super().faults()
        weight = getattr(self, "weight", 0)
        yield from checks.weight(self.where("weight"), weight)
        for field in fields(self):
            if field.name == "unknown":
                most = weight if isinstance(weight, int) and weight > 0 else checks.MAX_WEIGHT
                yield from checks.whole(self.where("unknown"), getattr(self, "unknown", 0), 0, most)
            elif field.name == "optional":
                yield from checks.flag(self.where("optional"), getattr(self, "optional", False))

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield a fault for each column that one of the tables does not have."""
        if getattr(self, "optional", False):
            return
        for side, schools in (("left", left), ("right", right)):
            for column in self.missing(schools):
                yield Fault(
                    f"{side} column {column!r}",
                    f"is needed by the criterion {getattr(self, 'name', self.kind)!r} and is not there",
                    hint="Add the column, leave the criterion out, or give it optional=True.",
                )

    def missing(self, schools: Schools) -> list[str]:
        """Return the needed columns that a table does not have."""
        return [column for column in self.columns if not schools.has(column)]

    def say_unknown(self, say: Say, what: str, unknown: int, **sides: Any) -> None:
        """
        Report how many schools have no known value, and what that is worth.

        Parameters
        ----------
        say : callable
            Takes the sentence.
        what : str
            What is not known.
        unknown : int
            Points of a pair with such a school.
        **sides : (n,) bool
            ``left`` and ``right``: where the value is known.
        """
        name = getattr(self, "name", self.kind)
        for side, known in sides.items():
            lost = len(known) - int(known.sum())
            if lost:
                say(
                    f"{lost:,} of {len(known):,} {side} schools have no known {what}: "
                    f"{name} gives their pairs {unknown:,} points"
                )


def settle(part: object, **values: object) -> None:
    """Set options of a frozen value while it is being made, where they are not settled yet."""
    for name, value in values.items():
        object.__setattr__(part, name, value)


def share_of(weight: object, numerator: int, denominator: int) -> int:
    """Return a share of a weight, rounded down; 0 of what is not a weight, which checks will say."""
    return weight * numerator // denominator if isinstance(weight, int) and weight > 0 else 0


def as_float(value: object) -> object:
    """Return a whole number as a float, so that options 8 and 8.0 make one policy."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
