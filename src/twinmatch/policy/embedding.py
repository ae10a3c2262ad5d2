"""The criterion that compares vectors; see :mod:`twinmatch.policy.criteria`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from twinmatch.errors import Fault
from twinmatch.graph.terms import DotTerm
from twinmatch.policy import checks
from twinmatch.policy.parts import Weighed, as_float, ignore, settle, share_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from twinmatch.policy.parts import Say
    from twinmatch.schools import Schools

__all__ = ["EmbeddingSimilarity"]

_MAX_WIDTH = 2**16


@dataclass(frozen=True)
class EmbeddingSimilarity(Weighed):
    """
    How alike two vectors are, by the cosine of their angle.

    Worth ``weight`` at a cosine of 1, falling in a straight line to 0 at ``zero_at``. Vectors are
    brought to length 1 and rounded to 8 bits a number, on one scale for both tables; what is
    scored is the cosine of the rounded vectors, the same everywhere.

    Parameters
    ----------
    weight : int
        Most points of a pair.
    zero_at : float, optional
        Cosine that is worth nothing.
    column : str, optional
        A column of lists of numbers, of one length on both sides.
    unknown : int, optional
        Points where a vector is missing or all zero; half of the weight unless told otherwise.
    optional : bool, optional
        Whether a table without the column is welcome.
    name : str, optional
    """

    kind: ClassVar[str] = "embedding_similarity"
    uses: ClassVar[str] = "dot"
    weight: int
    zero_at: float = 0.0
    column: str = "embedding"
    unknown: int = -1
    optional: bool = False
    name: str = "embedding"

    def __post_init__(self) -> None:
        settle(self, zero_at=as_float(self.zero_at))
        if self.unknown == -1:
            settle(self, unknown=share_of(self.weight, 1, 2))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return (self.column,)

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        yield from checks.number(self.where("zero_at"), self.zero_at, -1, 0.99)
        yield from checks.text(self.where("column"), self.column)

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield missing columns, and vectors that cannot be compared."""
        yield from super().table_faults(left, right)
        widths = []
        for side, schools in (("left", left), ("right", right)):
            if not schools.has(self.column):
                continue
            found = _vectors(schools, self.column)
            if found is None:
                yield Fault(f"{side} column {self.column!r}", "must hold lists of numbers of one length")
            elif found[1].any():
                widths.append(found[0].shape[1])
        if len(set(widths)) > 1:
            yield Fault(
                f"column {self.column!r}", f"has {widths[0]} numbers on the left and {widths[1]} on the right"
            )
        if widths and max(widths) > _MAX_WIDTH:
            yield Fault(f"column {self.column!r}", f"has {max(widths):,} numbers, at most {_MAX_WIDTH:,} fit")

    def compile(self, left: Schools, right: Schools, say: Say = ignore) -> DotTerm:
        """Return the criterion as arrays."""
        sides = []
        for side, schools in (("left", left), ("right", right)):
            found = _vectors(schools, self.column)
            assert found is not None  # table_faults looked
            unit, known = _unit_vectors(*found)
            self.say_unknown(say, "embedding", self.unknown, **{side: known})
            sides.append((unit, known))
        width = max(unit.shape[1] for unit, _ in sides)
        largest = max(float(np.abs(unit).max(initial=0)) for unit, _ in sides)
        scale = 127 / largest if largest else 127.0
        (ours, ours_known), (theirs, theirs_known) = [
            (_eighth(unit, scale, width), known) for unit, known in sides
        ]
        shift = 20
        one = scale * scale  # the dot product of a rounded vector with itself, about
        gain = max(1, round(self.weight * 2.0**shift / (one * (1 - self.zero_at))))
        offset = -round(self.zero_at * one)
        return DotTerm(ours, theirs, offset, gain, shift, self.weight, ours_known, theirs_known, self.unknown)


def _vectors(schools: Schools, column: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]] | None:
    """Return a column of lists as rows of numbers and where they are known; None if that fails."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not schools.has(column) or not len(schools):
        return np.zeros((len(schools), 0)), np.zeros(len(schools), np.bool_)
    lists = schools.table[column].combine_chunks()
    if pa.types.is_fixed_size_list(lists.type) or pa.types.is_large_list(lists.type):
        lists = lists.cast(pa.list_(lists.type.value_type))
    if not pa.types.is_list(lists.type):
        return None
    known = np.asarray(lists.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    lengths = pc.list_value_length(lists).drop_null().unique().to_pylist()
    if len(lengths) > 1:
        return None
    width = lengths[0] if lengths else 0
    try:
        flat = pc.list_flatten(lists).cast(pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    rows = np.zeros((len(schools), width))
    rows[known] = flat.reshape(-1, width) if width else 0
    known &= np.isfinite(rows).all(axis=1)
    rows[~known] = 0
    return rows, known


def _unit_vectors(
    rows: npt.NDArray[np.float64], known: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Bring rows to length 1; a row of zeros has no direction and is not known."""
    # Scaled by a power of two first, so that squares neither vanish nor overflow; summed column by
    # column, so that the order of additions is the same for every row.
    largest = np.abs(rows).max(axis=1, initial=0)
    known = known & (largest > 0)
    _, exponent = np.frexp(largest)
    scaled = np.ldexp(rows, -exponent[:, None])
    squares = np.zeros(len(rows))
    for column in range(rows.shape[1]):
        squares += scaled[:, column] * scaled[:, column]
    length = np.sqrt(np.where(known, squares, 1))
    return np.where(known[:, None], scaled / length[:, None], 0), known


def _eighth(unit: npt.NDArray[np.float64], scale: float, width: int) -> npt.NDArray[np.int8]:
    """Round to 8 bits, with columns of zeros where a side has no vectors at all."""
    rounded = np.zeros((len(unit), width), np.int8)
    rounded[:, : unit.shape[1]] = np.rint(unit * scale)
    return rounded
