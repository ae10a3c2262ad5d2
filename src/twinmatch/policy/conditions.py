"""Conditions on columns: which schools a quota is about, as values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twinmatch.errors import Fault
from twinmatch.policy import checks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinmatch.schools import Schools

__all__ = [
    "Conditions",
    "as_names",
    "column_faults",
    "condition_faults",
    "frozen",
    "holds_words",
    "in_words",
    "is_list",
    "names_faults",
    "word_of",
]

_EXAMPLE = 'Write them as {country = ["IT", "ES"]}, in Python {"country": ["IT", "ES"]}.'


@dataclass(frozen=True, eq=False, repr=False)
class Conditions(Mapping[str, tuple[str, ...]]):
    """
    Accepted words by column, as a mapping that never changes.

    Parameters
    ----------
    entries : tuple of (str, tuple of str)
        Sorted, each column and each word once, as :func:`frozen` makes them.
    """

    entries: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __getitem__(self, column: str) -> tuple[str, ...]:
        return dict(self.entries)[column]

    def __iter__(self) -> Iterator[str]:
        return iter(column for column, _ in self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __hash__(self) -> int:
        return hash(self.entries)

    def __repr__(self) -> str:
        return repr(dict(self.entries))


def frozen(conditions: object) -> object:
    """Return a mapping as :class:`Conditions`; what is none is left for the checks."""
    if not isinstance(conditions, Mapping) or isinstance(conditions, Conditions):
        return conditions
    entries = []
    for column, accepted in conditions.items():
        values = accepted if isinstance(accepted, list | tuple | set | frozenset) else (accepted,)
        words = {word_of(value) for value in values}
        if not isinstance(column, str) or None in words:
            return conditions
        entries.append((column, tuple(sorted(word for word in words if word is not None))))
    return Conditions(tuple(sorted(entries)))


def in_words(conditions: Mapping[str, Any]) -> str:
    """Return what conditions accept, as in ``country IT or ES, sector public``."""
    return ", ".join(f"{column} {' or '.join(accepted)}" for column, accepted in conditions.items())


def condition_faults(where: str, conditions: object) -> Iterator[Fault]:
    """Check conditions, without looking at any school."""
    if not isinstance(conditions, Mapping):
        yield Fault(where, f"must be conditions on columns, not {conditions!r}", hint=_EXAMPLE)
        return
    for column, accepted in conditions.items():
        yield from checks.text(where, column)
        values = accepted if isinstance(accepted, list | tuple | set | frozenset) else (accepted,)
        if not values:
            yield Fault(
                where, f"accepts no value of {column!r}", hint="Leave the condition out, or the quota."
            )
        for value in values:
            if isinstance(value, str):
                yield from checks.text(where, value)
            elif word_of(value) is None:
                yield Fault(where, f"must accept words, numbers or flags of {column!r}, not {value!r}")


def as_names(columns: object) -> object:
    """Return names of columns as a tuple, a single one too; leave anything else for the checks."""
    if isinstance(columns, str):
        return (columns,)
    return tuple(columns) if isinstance(columns, list) else columns


def names_faults(where: str, columns: object) -> Iterator[Fault]:
    """Check a list of names of columns."""
    if not isinstance(columns, tuple):
        yield Fault(where, f"must be a list of columns, not {columns!r}", hint='Write it as ["country"].')
        return
    for column in columns:
        yield from checks.text(where, column)
    for column in sorted({column for column in columns if columns.count(column) > 1}, key=repr):
        yield Fault(where, f"names a column twice: {column!r}")


def column_faults(name: str, side: str, schools: Schools, columns: Iterable[str]) -> Iterator[Fault]:
    """
    Yield a fault for each column that a table does not have, or that does not hold words.

    Parameters
    ----------
    name : str
        The quota that needs them.
    side : {"left", "right"}
    schools : Schools
    columns : iterable of str
    """
    for column in dict.fromkeys(columns):
        where = f"{side} column {column!r}"
        if not schools.has(column):
            hint = "Add the column, or mend its name."
            yield Fault(where, f"is needed by the quota {name!r} and is not there", hint=hint)
        elif not holds_words(schools.table[column].type):
            yield Fault(
                where, f"is needed by the quota {name!r} and holds {schools.table[column].type}, not words"
            )


def word_of(value: object) -> str | None:
    """Return a value as the word that stands for it, None where it has none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else repr(float(value))
    return None


def is_list(kind: Any) -> bool:
    """Return whether a type of columns is one of lists."""
    import pyarrow.types as t

    return bool(t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind))


def holds_words(kind: Any) -> bool:
    """Return whether cells of a type can be read as words: text, numbers, flags, dates, lists of words."""
    import pyarrow.types as t

    inner = kind.value_type if is_list(kind) else kind
    text = t.is_string(inner) or t.is_large_string(inner)
    if is_list(kind):
        return bool(text or t.is_integer(inner))
    return bool(
        text or t.is_integer(inner) or t.is_floating(inner) or t.is_boolean(inner) or t.is_date(inner)
    )
