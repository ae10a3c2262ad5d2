"""A criterion for partners that schools had before: stability, in points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from twinmatch.errors import Fault
from twinmatch.graph.singles import PairBonus
from twinmatch.policy import checks
from twinmatch.policy.conditions import is_list
from twinmatch.policy.parts import Part, ignore

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pyarrow as pa

    from twinmatch.policy.parts import Say
    from twinmatch.schools import Schools

__all__ = ["KEPT_COLUMN", "Kept", "former_partners"]

KEPT_COLUMN = "kept_partner"
"""The column that says which partners a left school had."""


@dataclass(frozen=True)
class Kept(Part):
    """
    The partner that a school had before.

    A pair is worth ``weight`` if the left school names the right one among its former partners, and nothing
    otherwise. :meth:`twinmatch.Matching.repair` writes the column and adds the criterion where it is given a
    ``keep_bonus``.

    Parameters
    ----------
    weight : int
        Points of a pair that is kept.
    column : str, optional
        A column of the left table: the id of the former partner; several with ``;`` between them, or a list.
        A school without one gets no points from this criterion; an id that is not in the right table counts
        for nothing, and is reported.
    optional : bool, optional
        Whether a table without the column is welcome.
    name : str, optional

    Examples
    --------
    >>> from twinmatch.policies import Kept
    >>> Kept(50_000).column
    'kept_partner'
    """

    kind: ClassVar[str] = "kept"
    uses: ClassVar[str] = ""
    weight: int
    column: str = KEPT_COLUMN
    optional: bool = False
    name: str = "kept"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads: one, of the left table."""
        return (self.column,)

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        yield from checks.weight(self.where("weight"), self.weight)
        yield from checks.text(self.where("column"), self.column)
        yield from checks.flag(self.where("optional"), self.optional)

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield a fault where the left table does not have the column, or it holds no ids."""
        where = f"left column {self.column!r}"
        if not left.has(self.column):
            if not self.optional:
                what = f"is needed by the criterion {self.name!r} and is not there"
                hint = "Add the column, leave the criterion out, or give it optional=True."
                yield Fault(where, what, hint=hint)
        elif not _holds_ids(left.table[self.column].type):
            held = left.table[self.column].type
            yield Fault(where, f"is needed by the criterion {self.name!r} and holds {held}, not ids")

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> PairBonus:
        """Return the criterion as arrays."""
        pairs, lost = former_partners(left, right, self.column)
        if lost:
            say(f"{lost:,} of {len(left):,} left schools had a partner that takes no part any more")
        return PairBonus(pairs, len(right), self.weight)


def former_partners(left: Schools, right: Schools, column: str) -> tuple[npt.NDArray[np.int64], int]:
    """
    Read the former partners of left schools.

    Parameters
    ----------
    left, right : Schools
    column : str
        Of the left table; one that is not there names nobody.

    Returns
    -------
    pairs : (k, 2) int64
        Rows of the left and the right school, sorted, each pair once.
    lost : int
        Left schools that name one who is not in the right table.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not left.has(column) or not len(left):
        return np.empty((0, 2), np.int64), 0
    ids = right.table["id"].combine_chunks()
    named = left.table[column].combine_chunks()
    if not is_list(named.type):
        whole = pc.index_in(named, value_set=ids)
        named = _lists(named.cast(pa.string()), whole.is_valid())
    owner = np.asarray(pc.list_parent_indices(named), np.int64)
    found = pc.index_in(pc.list_flatten(named), value_set=ids.cast(named.type.value_type))
    known = found.is_valid().to_numpy(zero_copy_only=False)
    partner = found.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    keys = np.unique(owner[known] * max(1, len(right)) + partner[known])
    pairs = np.stack(np.divmod(keys, max(1, len(right))), axis=1)
    return pairs, len(np.unique(owner[~known]))


def _lists(named: pa.Array, whole: pa.Array) -> pa.Array:
    """Return cells as lists of ids: a cell that is one as it stands is not taken apart."""
    import pyarrow as pa

    cells = named.to_pylist()
    lists = [
        [] if cell is None else [cell] if known else [one.strip() for one in cell.split(";") if one.strip()]
        for cell, known in zip(cells, whole.to_pylist(), strict=True)
    ]
    return pa.array(lists, pa.list_(pa.string()))


def _holds_ids(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    inner = kind.value_type if is_list(kind) else kind
    return bool(t.is_string(inner) or t.is_large_string(inner))
