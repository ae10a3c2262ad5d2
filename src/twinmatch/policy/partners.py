"""What is asked of single schools: how many partners they have, and pairs that stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from twinmatch.errors import Fault
from twinmatch.policy import checks
from twinmatch.policy.bounds import MOST
from twinmatch.policy.coding import encode
from twinmatch.policy.conditions import Conditions, column_faults, condition_faults, frozen, in_words
from twinmatch.policy.groups import meeting
from twinmatch.policy.parts import Part, ignore, settle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from twinmatch.graph.singles import Bans
    from twinmatch.graph.terms import RuleTerm
    from twinmatch.policy.asked import Draft
    from twinmatch.policy.parts import Say
    from twinmatch.schools import Schools

    Int64 = npt.NDArray[np.int64]

__all__ = ["LockedPairs", "PartnersPerSchool"]

_BOUNDS = ("least", "most")


@dataclass(frozen=True)
class PartnersPerSchool(Part):
    """
    Fewest and most partners of each school of a side.

    Unless asked otherwise, a left school has one partner at most and a right school as many as it has
    places. Where several of these are about one school, the last one that says a number decides.

    Parameters
    ----------
    name : str
    side : {"left", "right"}
    least, most : int, optional
        Partners of each school; what is left out stays as it was.
    conditions : mapping of str to sequence, optional
        Which schools: accepted values by column, as in :class:`~twinmatch.policy.quotas.Quota`.
    schools : sequence of str, optional
        Which schools: identifiers, of those that meet the conditions; without any, all of them. One that is
        not in the table asks for nothing, and is reported.
    least_column, most_column : str, optional
        Columns that say it for each school. Where the value is unknown, ``least`` and ``most`` count.

    Examples
    --------
    >>> from twinmatch.policies import PartnersPerSchool
    >>> every = PartnersPerSchool("nobody is left out", side="left", least=1)
    >>> two = PartnersPerSchool("lycées may have two", side="left", most=2, conditions={"levels": ["3"]})
    """

    kind: ClassVar[str] = "partners_per_school"
    name: str
    side: str
    least: int | None = None
    most: int | None = None
    conditions: Mapping[str, Any] = Conditions()
    schools: tuple[str, ...] = ()
    least_column: str | None = None
    most_column: str | None = None

    def __post_init__(self) -> None:
        schools: Any = self.schools
        if isinstance(schools, list | tuple | set | frozenset):
            schools = tuple(sorted(set(schools)) if all(isinstance(one, str) for one in schools) else schools)
        settle(self, conditions=frozen(self.conditions), schools=schools)

    def words(self) -> str:
        """Return what is asked, in words."""
        words = []
        for bound in _BOUNDS:
            number, column = getattr(self, bound), getattr(self, f"{bound}_column")
            said = [f"what {column} says"] if column is not None else []
            said += [f"{number:,}"] if number is not None else []
            words += [f"at {bound} {' or else '.join(said)}"] if said else []
        which = f" with {in_words(self.conditions)}" if self.conditions else ""
        which += f", {_count(self.schools, 'school')} by name" if self.schools else ""
        return f"{', '.join(words)} for each {self.side} school{which}"

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        if self.side not in ("left", "right"):
            yield Fault(self.where("side"), f"must be 'left' or 'right', not {self.side!r}")
        wrong: list[Fault] = []
        for bound in _BOUNDS:
            number, column = getattr(self, bound), getattr(self, f"{bound}_column")
            if number is not None:
                wrong += checks.whole(self.where(bound), number, 0, MOST)
            if column is not None:
                wrong += checks.text(self.where(f"{bound}_column"), column)
        yield from wrong
        if self.least is not None and self.most is not None and not wrong and self.least > self.most:
            yield Fault(self.where("least"), f"is above most: {self.least:,} and {self.most:,}")
        if (self.least, self.most, self.least_column, self.most_column) == (None,) * 4:
            hint = "Give least or most, or the name of a column for one of them."
            yield Fault(self.name, "bounds nothing", hint=hint)
        yield from condition_faults(self.where("conditions"), self.conditions)
        if not isinstance(self.schools, tuple):
            yield Fault(self.where("schools"), f"must be a list of identifiers, not {self.schools!r}")
        else:
            for identifier in self.schools:
                yield from checks.text(self.where("schools"), identifier)

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield what keeps it from being used on these two tables."""
        schools = left if self.side == "left" else right
        columns = [one for one in (self.least_column, self.most_column) if one is not None]
        wrong = list(column_faults(self.name, self.side, schools, [*self.conditions, *columns]))
        yield from wrong
        for column in columns if not wrong else []:
            bad = _whole(schools, column).bad
            if len(bad):
                what = f"must hold whole numbers from 0 to {MOST:,} for the quota {self.name!r}"
                where = f"{self.side} column {column!r}"
                yield Fault(where, what, len(bad), tuple(bad[:3].tolist()))

    def add_to(self, draft: Draft, left: Schools, right: Schools, say: Say = ignore) -> None:
        """Add what is asked to the draft; tell ``say`` what was not found."""
        schools = left if self.side == "left" else right
        chosen = meeting(self.name, self.side, schools, self.conditions, say)
        if chosen is None:
            chosen = np.ones(len(schools), np.bool_)
        if self.schools:
            named = set(self.schools)
            listed = np.array([identifier in named for identifier in schools.ids], np.bool_)
            if lost := len(named) - int(listed.sum()):
                say(
                    f"{lost:,} of {len(named):,} schools that the quota {self.name!r} names "
                    f"are not in the {self.side} table"
                )
            chosen &= listed
        for bound in _BOUNDS:
            self._set(bound, getattr(draft, f"{self.side}_{bound}"), chosen, schools, say)

    def _set(
        self, bound: str, numbers: Int64, chosen: npt.NDArray[np.bool_], schools: Schools, say: Say
    ) -> None:
        """Write one of the bounds over what was asked before."""
        number, column = getattr(self, bound), getattr(self, f"{bound}_column")
        if number is not None:
            numbers[chosen] = number
        if column is not None:
            found = _whole(schools, column)
            numbers[chosen & found.known] = found.values[chosen & found.known]
            if lost := int(np.count_nonzero(chosen & ~found.known)):
                then = "what was asked before counts" if number is None else f"{number:,} counts"
                say(
                    f"{lost:,} of {int(chosen.sum()):,} {self.side} schools of the quota {self.name!r} "
                    f"have no known {column}: {then}"
                )


@dataclass(frozen=True)
class LockedPairs(Part):
    """
    Pairs that must be, whatever they are worth.

    Parameters
    ----------
    name : str
    pairs : sequence of (str, str)
        Identifiers of a left and a right school. One that is not in its table is a fault, and so is a pair
        that a rule of the same policy forbids.

    Examples
    --------
    >>> from twinmatch.policies import LockedPairs
    >>> kept = LockedPairs("twinned since 2019", pairs=[("0352443R", "BGEE867019")])
    """

    kind: ClassVar[str] = "locked_pairs"
    name: str
    pairs: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        pairs: Any = self.pairs
        if isinstance(pairs, list | tuple | set | frozenset):
            pairs = tuple(tuple(pair) if isinstance(pair, list | tuple) else pair for pair in pairs)
            if all(_is_pair(pair) for pair in pairs):
                pairs = tuple(sorted(set(pairs)))
        settle(self, pairs=pairs)

    def words(self) -> str:
        """Return what is asked, in words."""
        return f"{_count(self.pairs, 'pair')} must be"

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        where = self.where("pairs")
        if not isinstance(self.pairs, tuple) or not self.pairs:
            hint = "Leave the quota out where no pair is locked." if self.pairs == () else ""
            yield Fault(where, f"must be a list of pairs, not {self.pairs!r}", hint=hint)
            return
        for pair in self.pairs:
            if not isinstance(pair, tuple) or len(pair) != 2:
                yield Fault(where, f"must hold pairs of identifiers, not {pair!r}")
            else:
                yield from checks.text(where, pair[0])
                yield from checks.text(where, pair[1])

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield what keeps it from being used on these two tables."""
        for at, (side, schools) in enumerate((("left", left), ("right", right))):
            there = set(schools.ids)
            lost = sorted({pair[at] for pair in self.pairs} - there)
            if lost:
                what = f"names {_count(lost, 'school')} not in the {side} table: {_first(lost)}"
                yield Fault(self.where("pairs"), what, hint="Take the pairs out, or add the schools.")

    def rule_faults(
        self, rules: Iterable[tuple[str, RuleTerm | Bans]], left: Schools, right: Schools
    ) -> Iterator[Fault]:
        """
        Yield a fault for each rule that forbids a locked pair.

        Parameters
        ----------
        rules : iterable of (str, RuleTerm or Bans)
            Names and compiled rules.
        left, right : Schools
            Tables on which the rules were compiled, and which hold the locked schools.
        """
        i, j = np.array(self._rows(left, right), np.int64).reshape(-1, 2).T
        for name, rule in rules:
            forbidden = np.flatnonzero(~rule.allows(i, j)).tolist()
            if forbidden:
                words = [" with ".join(self.pairs[pair]) for pair in forbidden]
                what = f"holds {_count(words, 'pair')} that the rule {name!r} forbids: {_first(words)}"
                yield Fault(self.where("pairs"), what, hint="Take them out, or change the rule.")

    def add_to(self, draft: Draft, left: Schools, right: Schools, say: Say = ignore) -> None:
        """Add what is asked to the draft."""
        draft.locked += self._rows(left, right)

    def _rows(self, left: Schools, right: Schools) -> list[tuple[int, int]]:
        """Return the rows of the two schools of each pair, in the order of the pairs."""
        home = {identifier: row for row, identifier in enumerate(left.ids)}
        abroad = {identifier: row for row, identifier in enumerate(right.ids)}
        return [(home[a], abroad[b]) for a, b in self.pairs]


class _Whole(NamedTuple):
    """A column as whole numbers; where they are known; the rows that hold something else."""

    values: Int64
    known: npt.NDArray[np.bool_]
    bad: Int64


def _whole(schools: Schools, column: str) -> _Whole:
    """Read a column of whole numbers, also where a file gave it as text."""
    coded = encode(schools, column)
    numbers = [_number(word) for word in coded.values]
    values = np.array([*(number if number is not None else -1 for number in numbers), 0], np.int64)
    code = coded.code
    return _Whole(values[code], coded.known, np.flatnonzero(values[code] < 0))


def _number(word: str) -> int | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return int(number) if number.is_integer() and 0 <= number <= MOST else None


def _is_pair(pair: object) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(one, str) for one in pair)


def _count(things: Sequence[object], noun: str) -> str:
    return f"{len(things):,} {noun}{'' if len(things) == 1 else 's'}"


def _first(words: list[str]) -> str:
    return ", ".join(words[:3]) + (", ..." if len(words) > 3 else "")
