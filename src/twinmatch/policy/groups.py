"""
Groups of schools: who meets conditions, and who has values in common.

A cell is read as the words it holds. Text is one word; a list with ``;`` between its items (``levels``,
``languages``, ``teach_lang``, ``tags`` and columns that twinmatch does not know) is as many; a number is its
shortest decimal form, a flag is ``true`` or ``false``. A school meets a condition if its cell holds one of
the accepted words, so that a school whose value is unknown meets none.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinmatch.columns import KNOWN
from twinmatch.graph.merging import joint_codes
from twinmatch.policy.coding import encode
from twinmatch.policy.conditions import is_list, word_of
from twinmatch.policy.languages import profiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from twinmatch.policy.parts import Say
    from twinmatch.schools import Schools

    Bool = npt.NDArray[np.bool_]

__all__ = ["Cells", "Groups", "groups", "meeting", "read"]

_LISTS = frozenset({"levels", "languages", "teach_lang", "tags"})


class Cells(NamedTuple):
    """
    A column as the words that its cells hold.

    Attributes
    ----------
    code : (n,) int32
        The kind of cell of each school.
    words : tuple of frozenset of str
        The words of each kind; none where the value is unknown.
    """

    code: npt.NDArray[np.int32]
    words: tuple[frozenset[str], ...]

    @property
    def known(self) -> Bool:
        """Where the cell holds a word."""
        return np.array([*map(bool, self.words), False])[self.code]

    def holding(self, accepted: frozenset[str]) -> Bool:
        """Return whether the cell of each school holds one of some words."""
        return np.array([*(not accepted.isdisjoint(one) for one in self.words), False])[self.code]


def read(schools: Schools, column: str) -> Cells:
    """
    Read a column as words.

    Parameters
    ----------
    schools : Schools
    column : str
        One that passed :func:`column_faults`; a column that is not there is no unknown value.
    """
    import pyarrow as pa

    nothing: frozenset[str] = frozenset()
    if not len(schools):
        return Cells(np.zeros(len(schools), np.int32), (nothing,))
    if column == "languages":  # a language without pupils is not taught, and criteria know which
        found = profiles(schools)
        return Cells(found.code, tuple(one or nothing for one in found.learns))
    kind = schools.table[column].type
    if pa.types.is_floating(kind):
        distinct, code = np.unique(schools.numbers(column), return_inverse=True)
        numbers = [
            nothing if math.isnan(one) else frozenset({word_of(one) or str(one)}) for one in distinct.tolist()
        ]
        return Cells(code.ravel().astype(np.int32), tuple(numbers))
    if is_list(kind):
        lists = [frozenset(map(str, cell or ())) for cell in schools.table[column].to_pylist()]
        number = {one: k for k, one in enumerate(sorted(set(lists), key=sorted))}
        return Cells(np.array([number[one] for one in lists], np.int32), tuple(number))
    coded = encode(schools, column)
    if column == "sector":  # a guess counts as known, as it does for criteria
        words = [frozenset({text.rstrip("?")}) for text in coded.values]
    elif column in _LISTS or column not in KNOWN:
        words = [frozenset(word.strip() for word in text.split(";")) - {""} for text in coded.values]
    else:
        words = [frozenset({text}) for text in coded.values]
    return Cells(coded.code, (*words, nothing))


def meeting(name: str, side: str, schools: Schools, conditions: Mapping[str, Any], say: Say) -> Bool | None:
    """
    Return which schools meet all conditions; None where there are none, so that everybody does.

    Parameters
    ----------
    name : str
        The quota that asks.
    side : {"left", "right"}
    schools : Schools
    conditions : Conditions
    say : callable
        Told of accepted values that no school has, of schools whose values are not known, and of groups
        without a school.
    """
    if not conditions:
        return None
    inside, known = np.ones(len(schools), np.bool_), np.ones(len(schools), np.bool_)
    for column, accepted in conditions.items():
        cells = read(schools, column)
        wanted = {word: _as_in(schools, column, word) for word in accepted}
        there = frozenset().union(*cells.words)
        if lost := [word for word in accepted if wanted[word] not in there]:
            say(f"no {side} school has {column} {', '.join(lost)}, which the quota {name!r} accepts")
        if column == "sector":
            _say_guesses(side, schools, say)
        inside &= cells.holding(frozenset(wanted.values()))
        known &= cells.known
    _say_unknown(name, side, conditions, known, say)
    if not inside.any():
        say(f"no {side} school meets the conditions of the quota {name!r}")
    return inside


class Groups(NamedTuple):
    """
    Schools by the words of some columns; a school that lists several words is in several groups.

    Attributes
    ----------
    words : tuple of tuple of str
        One word of each column, sorted.
    code : (n,) int32
        The kind of each school.
    kinds : tuple of tuple of int
        The kinds of schools in each group.
    inside : (n,) bool or None
        Who can be in a group at all; None is everybody.
    """

    words: tuple[tuple[str, ...], ...]
    code: npt.NDArray[np.int32]
    kinds: tuple[tuple[int, ...], ...]
    inside: Bool | None

    def members(self, group: int) -> Bool | None:
        """Return who is in a group, (n,) bool; None is everybody."""
        if not self.words[group]:
            return self.inside
        flags = np.zeros(int(self.code.max(initial=0)) + 1, np.bool_)
        flags[list(self.kinds[group])] = True
        found: Bool = flags[self.code]
        return found if self.inside is None else found & self.inside


def groups(
    name: str, side: str, schools: Schools, columns: tuple[str, ...], inside: Bool | None, say: Say
) -> Groups:
    """
    Tell schools apart by the words of some columns.

    Parameters
    ----------
    name : str
        The quota that asks.
    side : {"left", "right"}
    schools : Schools
    columns : tuple of str
        Without any there is one group.
    inside : (len(schools),) bool or None
        The schools that count; a combination of words that none of them has makes no group.
    say : callable
        Told how many schools are in no group.
    """
    cells = [read(schools, column) for column in columns]
    code, behind = joint_codes(len(schools), [one.code for one in cells])
    if not columns:
        return Groups(((),), code, ((0,),), inside)
    counted = code if inside is None else code[inside]
    found: dict[tuple[str, ...], list[int]] = {}
    for kind in np.unique(counted).tolist():
        words = [sorted(one.words[codes[kind]]) for one, codes in zip(cells, behind, strict=True)]
        for combination in itertools.product(*words):
            found.setdefault(combination, []).append(kind)
    grouped = np.zeros(int(code.max(initial=0)) + 1, np.bool_)
    grouped[[kind for kinds in found.values() for kind in kinds]] = True
    _say_unknown(name, side, columns, grouped[counted], say)
    if "sector" in columns:
        _say_guesses(side, schools, say)
    order = sorted(found)
    return Groups(tuple(order), code, tuple(tuple(found[words]) for words in order), inside)


def _as_in(schools: Schools, column: str, word: str) -> str:
    """Return an accepted word as a column of numbers spells it: 7.0 is 7."""
    import pyarrow as pa

    kind = schools.table[column].type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        for number in (int, float):  # whole numbers first: a float holds the first 16 digits only
            try:
                return word_of(number(word)) or word
            except ValueError:
                continue
    return word


def _say_unknown(name: str, side: str, columns: Iterable[str], known: Bool, say: Say) -> None:
    if lost := len(known) - int(np.count_nonzero(known)):
        say(
            f"{lost:,} of {len(known):,} {side} schools have no known {' or '.join(columns)}: "
            f"they are in no group of the quota {name!r}"
        )


def _say_guesses(side: str, schools: Schools, say: Say) -> None:
    coded = encode(schools, "sector")
    guesses = np.array([*(text.endswith("?") for text in coded.values), False])[coded.code]
    if guesses.any():
        say(
            f"{int(guesses.sum()):,} of {len(schools):,} {side} schools have a sector guessed "
            "from the name: it counts as known"
        )
