"""
Hard rules: which pairs are admissible.

A rule that meets an unknown value forbids the pair, except where it documents an assumption; what
was assumed, and for how many schools, is reported by :func:`twinmatch.compiler.compiled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from twinmatch.errors import Fault
from twinmatch.graph.singles import Bans
from twinmatch.graph.terms import RuleTerm
from twinmatch.policy import checks
from twinmatch.policy.coding import encode
from twinmatch.policy.countries import MEMBERS_AS_OF, members
from twinmatch.policy.languages import profiles, shared
from twinmatch.policy.parts import Part, Rule, ignore, settle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    import numpy.typing as npt

    from twinmatch.policy.parts import Say
    from twinmatch.schools import Schools

__all__ = [
    "RULES",
    "BothAvailable",
    "BothOpen",
    "CommonLevel",
    "ForbiddenCountries",
    "ForbiddenPairs",
    "ForbiddenSchools",
    "PartnerInEU",
    "Rule",
    "SameSpecialSetting",
    "SharedLanguage",
]


@dataclass(frozen=True)
class PartnerInEU(Part):
    """
    The partner is in an EU member state other than the school's own.

    Parameters
    ----------
    on : datetime.date, optional
        The day whose list of members counts, see :func:`twinmatch.policy.countries.members`.
    name : str, optional
    """

    kind: ClassVar[str] = "partner_in_eu"
    on: date = MEMBERS_AS_OF
    name: str = "partner in the EU"

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        wrong = list(checks.date(self.where("on"), self.on))
        yield from wrong
        if not wrong and not members(self.on):
            yield Fault(self.where("on"), f"there were no member states on {self.on}")

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> RuleTerm:
        """Return the rule as arrays."""
        home, abroad = encode(left, "country"), encode(right, "country")
        union = members(self.on)
        if self.on > MEMBERS_AS_OF:
            say(f"the EU has the members of {MEMBERS_AS_OF}, for want of a list of {self.on}")
        allowed = [[b in union and a != b for b in abroad.values] for a in home.values]
        return RuleTerm(home.code, abroad.code, _matrix(allowed, home.values, abroad.values))


@dataclass(frozen=True)
class CommonLevel(Part):
    """
    Both schools teach at least one common ISCED level; a school of unknown levels has no partner.

    Parameters
    ----------
    name : str, optional
    """

    kind: ClassVar[str] = "common_level"
    name: str = "common level"

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield a fault where a table has no levels at all: no pair would be left."""
        for side, schools in (("left", left), ("right", right)):
            if not schools.has("levels"):
                yield Fault(
                    f"{side} column 'levels'",
                    f"is needed by the rule {self.name!r} and is not there",
                    hint="Add the column, or leave the rule out.",
                )

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> RuleTerm:
        """Return the rule as arrays."""
        for side, schools in (("left", left), ("right", right)):
            if unknown := int(np.count_nonzero(schools.levels == 0)):
                say(
                    f"{unknown:,} of {len(schools):,} {side} schools have no known level "
                    f"and can have no partner"
                )
        masks = np.arange(16)
        allowed = masks[:, None] & masks[None, :] != 0
        return RuleTerm(left.levels.astype(np.int32), right.levels.astype(np.int32), allowed)


@dataclass(frozen=True)
class SharedLanguage(Part):
    """
    Both schools can work in a common language, where their level asks for one.

    A pair is admissible if the schools share a level at which no language is asked for, or if
    they share a working language. The working languages of a school are those it teaches in
    (``teach_lang``; assumed to be the official ones of the country where the row does not say) and
    those it teaches as a subject (``languages``). A school at level 2 or 3 whose row lists no
    subjects is assumed to teach English.

    Parameters
    ----------
    levels : sequence of int, optional
        The ISCED levels at which a language is asked for; 2 and 3 unless told otherwise.
    assume_english : bool, optional
        Whether English counts for schools at levels 2 and 3 that list no languages.
    name : str, optional
    """

    kind: ClassVar[str] = "shared_language"
    levels: tuple[int, ...] = (2, 3)
    assume_english: bool = True
    name: str = "shared language"

    def __post_init__(self) -> None:
        if isinstance(self.levels, list | tuple | set | frozenset | range):
            levels = list(self.levels)
            settle(self, levels=tuple(sorted(set(levels)) if _all_whole(levels) else levels))

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        yield from checks.flag(self.where("assume_english"), self.assume_english)
        if not isinstance(self.levels, tuple) or not self.levels:
            yield Fault(self.where("levels"), f"must be a list of levels that is not empty: {self.levels!r}")
        else:
            for level in self.levels:
                yield from checks.whole(self.where("levels"), level, 0, 3)

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> RuleTerm:
        """Return the rule as arrays."""
        home, abroad = profiles(left), profiles(right)
        for side, found in (("left", home), ("right", abroad)):
            total = f"{len(found.code):,} {side} schools"
            if found.instruction_assumed:
                say(
                    f"{found.instruction_assumed:,} of {total} do not say what they teach in: "
                    "the official languages of their country count"
                )
            if self.assume_english and found.english_assumed:
                say(
                    f"{found.english_assumed:,} of {total} teach at level 2 or 3 and list no "
                    "languages: English counts as one of their working languages"
                )
        words = shared(
            home.works_in(english=self.assume_english), abroad.works_in(english=self.assume_english)
        )
        free = np.uint8(0b1111 & ~sum(1 << level for level in self.levels))
        no_need = home.levels[:, None] & abroad.levels[None, :] & free != 0
        return RuleTerm(home.code, abroad.code, words | no_need)


@dataclass(frozen=True)
class BothOpen(Part):
    """
    Both schools are open.

    A school whose ``state`` is not known counts as open: registers list open schools, and
    readers leave closed ones out.

    Parameters
    ----------
    name : str, optional
    """

    kind: ClassVar[str] = "both_open"
    name: str = "both open"

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> RuleTerm:
        """Return the rule as arrays."""
        codes = []
        for side, schools in (("left", left), ("right", right)):
            state = encode(schools, "state")
            _say_share(say, side, state.known, "state", "count as open")
            codes.append(state.recode([int(word == "open") for word in state.values], 1))
        return RuleTerm(codes[0], codes[1], _both())


@dataclass(frozen=True)
class BothAvailable(Part):
    """
    Both schools agreed to be paired.

    The column ``available`` holds consent: being in a register is not agreeing. A school that
    does not say counts as available, and the share of such schools is reported.

    Parameters
    ----------
    unknown_counts : bool, optional
        Whether a school that does not say counts as available.
    name : str, optional
    """

    kind: ClassVar[str] = "both_available"
    unknown_counts: bool = True
    name: str = "both available"

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        yield from checks.flag(self.where("unknown_counts"), self.unknown_counts)

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield a fault where nothing is known and nothing may be assumed: no pair would be left."""
        for side, schools in (("left", left), ("right", right)):
            if not self.unknown_counts and not schools.has("available"):
                yield Fault(
                    f"{side} column 'available'",
                    f"is needed by the rule {self.name!r} and is not there",
                    hint="Add the column, or let unknown count as available.",
                )

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> RuleTerm:
        """Return the rule as arrays."""
        codes = []
        for side, schools in (("left", left), ("right", right)):
            available = schools.numbers("available")
            known = np.isfinite(available)
            words = "count as available" if self.unknown_counts else "can have no partner"
            _say_share(say, side, known, "availability", words)
            codes.append(np.where(known, available > 0, self.unknown_counts).astype(np.int32))
        return RuleTerm(codes[0], codes[1], _both())


@dataclass(frozen=True)
class SameSpecialSetting(Part):
    """
    Both schools are of the same special setting, or neither is of any.

    A row without ``special`` counts as an ordinary school: registers name what is special.

    Parameters
    ----------
    name : str, optional
    """

    kind: ClassVar[str] = "same_special_setting"
    name: str = "same special setting"

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> RuleTerm:
        """Return the rule as arrays."""
        home, abroad = encode(left, "special"), encode(right, "special")
        if home.values or abroad.values:
            for side, special in (("left", home), ("right", abroad)):
                _say_share(say, side, special.known, "special setting", "count as ordinary schools")
        rows, columns = (*home.values, None), (*abroad.values, None)
        allowed = [[a == b for b in columns] for a in rows]
        return RuleTerm(home.code, abroad.code, np.array(allowed, np.bool_))


@dataclass(frozen=True)
class ForbiddenPairs(Part):
    """
    Single pairs that must not be.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Identifiers of a left and a right school. One that is in neither table forbids nothing,
        and is reported.
    name : str, optional
    """

    kind: ClassVar[str] = "forbidden_pairs"
    pairs: tuple[tuple[str, str], ...] = ()
    name: str = "forbidden pairs"

    def __post_init__(self) -> None:
        settle(self, pairs=_sorted_tuple(self.pairs))

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        yield from _pair_faults(self.where("pairs"), self.pairs, checks.text)

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> Bans:
        """Return the rule as arrays."""
        home = {identifier: row for row, identifier in enumerate(left.ids)}
        abroad = {identifier: row for row, identifier in enumerate(right.ids)}
        found = [(home[a], abroad[b]) for a, b in self.pairs if a in home and b in abroad]
        if lost := len(self.pairs) - len(found):
            say(f"{lost:,} of {len(self.pairs):,} forbidden pairs name a school that is in neither table")
        return Bans(np.array(sorted(found), np.int64).reshape(-1, 2), len(right))


@dataclass(frozen=True)
class ForbiddenSchools(Part):
    """
    Schools that must have no partner at all.

    Parameters
    ----------
    left, right : sequence of str, optional
        Identifiers. One that is not in its table forbids nothing, and is reported.
    name : str, optional
    """

    kind: ClassVar[str] = "forbidden_schools"
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    name: str = "forbidden schools"

    def __post_init__(self) -> None:
        settle(self, left=_sorted_tuple(self.left), right=_sorted_tuple(self.right))

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        for side, ids in (("left", self.left), ("right", self.right)):
            yield from _list_faults(self.where(side), ids, checks.text)

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> RuleTerm:
        """Return the rule as arrays."""
        codes = []
        for side, schools, ids in (("left", left, self.left), ("right", right, self.right)):
            named = set(ids)
            allowed = np.array([identifier not in named for identifier in schools.ids], np.int32)
            if lost := len(named) - int(len(allowed) - allowed.sum()):
                say(f"{lost:,} of {len(named):,} forbidden {side} schools are not in the table")
            codes.append(allowed)
        return RuleTerm(codes[0], codes[1], _both())


@dataclass(frozen=True)
class ForbiddenCountries(Part):
    """
    Schools that must have no partner in some country.

    Parameters
    ----------
    schools : sequence of (str, str)
        The identifier of a left school and the country (ISO 3166-1 alpha-2) it must not get. One
        that is not in the table forbids nothing, and is reported.
    name : str, optional
    """

    kind: ClassVar[str] = "forbidden_countries"
    schools: tuple[tuple[str, str], ...] = ()
    name: str = "forbidden countries"

    def __post_init__(self) -> None:
        settle(self, schools=_sorted_tuple(self.schools))

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        yield from _pair_faults(self.where("schools"), self.schools, checks.country)

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> RuleTerm:
        """Return the rule as arrays."""
        refused: dict[str, set[str]] = {}
        for identifier, country in self.schools:
            refused.setdefault(identifier, set()).add(country)
        sets = sorted({frozenset(), *map(frozenset, refused.values())}, key=sorted)
        number = {one: k for k, one in enumerate(sets)}
        code = np.full(len(left), number[frozenset()], np.int32)
        seen = 0
        for row, identifier in enumerate(left.ids):
            if identifier in refused:
                code[row] = number[frozenset(refused[identifier])]
                seen += 1
        if lost := len(refused) - seen:
            say(f"{lost:,} of {len(refused):,} schools with a forbidden country are not in the left table")
        abroad = encode(right, "country")
        allowed = [[country not in one for country in abroad.values] for one in sets]
        return RuleTerm(code, abroad.code, _matrix(allowed, sets, abroad.values))


RULES = (
    PartnerInEU,
    CommonLevel,
    SharedLanguage,
    BothOpen,
    BothAvailable,
    SameSpecialSetting,
    ForbiddenPairs,
    ForbiddenSchools,
    ForbiddenCountries,
)
"""Every rule that has a form in TOML."""


def _both() -> npt.NDArray[np.bool_]:
    return np.array([[False, False], [False, True]])


def _matrix(allowed: object, rows: Any, columns: Any) -> npt.NDArray[np.bool_]:
    """Return a matrix of the right shape even where a side has no codes."""
    return np.array(allowed, np.bool_).reshape(len(rows), len(columns))


def _say_share(say: Say, side: str, known: npt.NDArray[np.bool_], what: str, then: str) -> None:
    lost = len(known) - int(known.sum())
    if lost:
        share = lost / len(known)
        say(f"{lost:,} of {len(known):,} {side} schools ({share:.0%}) have no known {what}: they {then}")


def _all_whole(values: Iterable[object]) -> bool:
    return all(isinstance(value, int) for value in values)


def _sorted_tuple(values: Any) -> Any:
    """Sort a list of texts or of pairs of texts, each once; leave anything else for the checks."""
    if not isinstance(values, list | tuple | set | frozenset):
        return values
    entries = [tuple(value) if isinstance(value, list | tuple) else value for value in values]
    flat = [part for entry in entries for part in (entry if isinstance(entry, tuple) else (entry,))]
    uniform = len({isinstance(entry, tuple) for entry in entries}) < 2
    if uniform and all(isinstance(part, str) for part in flat):
        return tuple(sorted(set(entries)))
    return tuple(entries)


def _list_faults(where: str, values: object, check: Any) -> Iterator[Fault]:
    if not isinstance(values, tuple):
        yield Fault(where, f"must be a list, not {values!r}")
        return
    for value in values:
        yield from check(where, value)


def _pair_faults(where: str, values: object, check_second: Any) -> Iterator[Fault]:
    if not isinstance(values, tuple):
        yield Fault(where, f"must be a list of pairs, not {values!r}")
        return
    for value in values:
        if not isinstance(value, tuple) or len(value) != 2:
            yield Fault(where, f"must hold pairs, not {value!r}")
        else:
            yield from checks.text(where, value[0])
            yield from check_second(where, value[1])
