"""The verification passes of twinmatch over all pairs."""

from collections.abc import Sequence
from typing import Annotated

import numpy
from numpy.typing import NDArray


class Terms:
    """The terms of a pair as arrays, checked once."""

    def __init__(self, left_class: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], right_class: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], table: Annotated[NDArray[numpy.int32], dict(shape=(None, None), order='C', device='cpu', writable=False)], linears: Sequence[tuple[Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], int, int]], distance: tuple[Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], float, float, float, float] | None, tags: Sequence[tuple[Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], int, int]], dot: tuple[Annotated[NDArray[numpy.int8], dict(shape=(None, None), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.int8], dict(shape=(None, None), order='C', device='cpu', writable=False)], int, int, int, int] | None, banned: Annotated[NDArray[numpy.int64], dict(shape=(None, None), order='C', device='cpu', writable=False)], curve: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None, bonus: tuple[Annotated[NDArray[numpy.int64], dict(shape=(None, None), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)]] | None = None) -> None: ...

def plain_pass(terms: Terms, right_price: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], witness: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], *, threads: int = 1, isa: str = 'auto', cancel: Annotated[NDArray[numpy.uint8], dict(shape=(1), device='cpu')] | None = None, progress: Annotated[NDArray[numpy.int64], dict(shape=(1), device='cpu')] | None = None) -> tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,))], Annotated[NDArray[numpy.uint8], dict(shape=(None,))]] | None:
    """
    Evaluate every pair. Best net value of each left school (the least int64 where it has no admissible
    partner) and a mark for each right school admissible to the witness; None if cancelled.
    """

def pruned_pass(terms: Terms, right_price: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], witness: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], floor: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], *, threads: int = 1, isa: str = 'auto', cancel: Annotated[NDArray[numpy.uint8], dict(shape=(1), device='cpu')] | None = None, progress: Annotated[NDArray[numpy.int64], dict(shape=(1), device='cpu')] | None = None) -> tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,))], Annotated[NDArray[numpy.uint8], dict(shape=(None,))], int, int] | None:
    """
    What the plain pass finds, without evaluating the pairs of blocks that bounds exclude. Best net value of each left
    school, or its floor where that is more; a mark for each right school admissible to the witness; pairs evaluated
    and number of blocks. None if cancelled.
    """

def blocking_pass(terms: Terms, limit: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], mate: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], kind: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], worst: Annotated[NDArray[numpy.int32], dict(shape=(None, None), order='C', device='cpu', writable=False)], holder: Annotated[NDArray[numpy.int32], dict(shape=(None, None), order='C', device='cpu', writable=False)], *, key_terms: Terms | None = None, own: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None, nearest: bool = False, threads: int = 1, isa: str = 'auto', cancel: Annotated[NDArray[numpy.uint8], dict(shape=(1), device='cpu')] | None = None, progress: Annotated[NDArray[numpy.int64], dict(shape=(1), device='cpu')] | None = None) -> tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,))], Annotated[NDArray[numpy.int64], dict(shape=(None,))] | None] | None:
    """
    Evaluate every pair. Blocking pairs of each left school and, if asked for, the nearest rival of each right
    school; None if cancelled.
    """

def points(terms: Terms, i: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], j: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], *, isa: str = 'auto') -> Annotated[NDArray[numpy.int32], dict(shape=(None,))]:
    """
    Points of each pair (i[k], j[k]); FORBIDDEN where it is not admissible.
    """

def instruction_sets() -> list[str]:
    """What `isa` can be on this machine, best first."""
