"""Tables of schools put into one, and cut into a state and all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.errors import Fault, TableError
from twinmatch.schools import Schools

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pyarrow as pa

    Int64 = npt.NDArray[np.int64]

__all__ = ["Registers", "joined", "registers_of"]


class Registers(NamedTuple):
    """
    The schools of all states.

    Attributes
    ----------
    schools : Schools
        Sorted by id.
    country : (len(schools),) object
    states : tuple of str
        Those that have schools, sorted.
    """

    schools: Schools
    country: npt.NDArray[np.object_]
    states: tuple[str, ...]

    def cut(self, state: str) -> tuple[Int64, Int64]:
        """Return the rows of a state's schools, and of those of all other states."""
        home = self.country == state
        return np.flatnonzero(home), np.flatnonzero(~home)


def registers_of(schools: Schools) -> Registers:
    """Return the schools of a table by state."""
    ordered, _ = schools.sorted_by_id()
    country = ordered.strings("country")
    return Registers(ordered, country, tuple(sorted(set(country.tolist()))))


def joined(tables: Sequence[Schools]) -> Schools:
    """
    Return all rows of some tables as one.

    Raises
    ------
    TableError
        If two of them have a school of one identifier, or columns of one name that hold different things;
        with every fault.
    """
    if len(tables) == 1:
        return tables[0]
    faults = [*_repeated(tables), *_unlike(tables)]
    if faults:
        raise TableError("schools", faults)
    import pyarrow as pa

    table = pa.concat_tables([one.table for one in tables], promote_options="permissive")
    # Each was checked alone; together they are checked again, for what only shows then.
    return Schools(
        table.combine_chunks(),
        kind=tables[0].kind,
        source="schools",
        report=[line for one in tables for line in one.report],
    )


def _repeated(tables: Sequence[Schools]) -> list[Fault]:
    """Return a fault where an identifier is in several tables."""
    seen: set[str] = set()
    twice: set[str] = set()
    for one in tables:
        ids = set(one.ids.tolist())
        twice |= seen & ids
        seen |= ids
    if not twice:
        return []
    first = ", ".join(map(repr, sorted(twice)[:3]))
    what = f"{len(twice):,} of them are in more than one table, such as {first}"
    hint = "An identifier stands for one school in all of Europe: put the country before it."
    return [Fault("id", what, hint=hint)]


def _unlike(tables: Sequence[Schools]) -> list[Fault]:
    """Return a fault for each column whose cells do not go together."""
    import pyarrow as pa

    kinds: dict[str, list[pa.DataType]] = {}
    for one in tables:
        for field in one.table.schema:
            kinds.setdefault(field.name, []).append(field.type)
    faults = []
    for name, found in kinds.items():
        try:
            pa.unify_schemas([pa.schema([(name, kind)]) for kind in found], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            told = " and ".join(dict.fromkeys(map(str, found)))
            faults.append(Fault(name, f"holds {told} in different tables", hint="Give it one type."))
    return faults
