"""
The plain pass in parts: some left schools here, some there, by the same loop.

Terms are cut in ranges of left schools, each with all right ones, and every range is evaluated from its first
pair to its last by whoever gets it. A left school is in one range, so its best net value is found there; a
right school is reached if it is in any. Nothing of a solver is used, here or where the parts are evaluated.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.spreading.engines import engine_of
from twinmatch.spreading.packing import left_pack, right_pack, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

    import numpy.typing as npt

    from twinmatch.graph.terms import PairTerms
    from twinmatch.spreading.engines import DaskClient, Engine

__all__ = ["Part", "bytes_reached", "engine_for", "in_parts", "number_of_parts", "shared"]

#: Fewer pairs than this are evaluated here: a fraction of a second. And so many are a part,
LEAST_PAIRS, MOST_PAIRS = 200_000_000, 2_000_000_000
#: unless that makes more parts than this: each sends back a bit for every right school.
MOST_PARTS = 1024
#: Parts for each worker, at least.
PARTS_EACH = 2

_engine: ContextVar[Engine | None] = ContextVar("twinmatch-check", default=None)


class Part(NamedTuple):
    """
    What the pass found for some left schools.

    Attributes
    ----------
    best_net : (rows,) int64
    reached : (bytes_reached(num_right),) uint8
        A bit for each right school, the first one the highest of its byte.
    evaluated : int
        Pairs.
    """

    best_net: npt.NDArray[np.int64]
    reached: npt.NDArray[np.uint8]
    evaluated: int


@contextmanager
def shared(executor: Executor | DaskClient | Engine | None) -> Iterator[None]:
    """Let passes that are made meanwhile be evaluated by an executor; None: here."""
    token = _engine.set(None if executor is None else engine_of(executor))
    try:
        yield
    finally:
        _engine.reset(token)


def engine_for(terms: PairTerms) -> Engine | None:
    """Return who evaluates these pairs; None where that is better done here."""
    few = terms.num_left * terms.num_right < LEAST_PAIRS
    return None if terms.calls or few else _engine.get()


def number_of_parts(num_left: int, num_right: int, workers: int) -> int:
    """Return in how many parts the pairs are evaluated: as many for each worker as for the others."""
    small = -(-num_left * num_right // MOST_PAIRS)
    each = max(PARTS_EACH, -(-min(small, MOST_PARTS) // workers))
    return min(num_left, each * workers)


def bytes_reached(num_right: int) -> int:
    """Return the bytes in which a part says which right schools it reached."""
    return -(-num_right // 8)


def in_parts(
    engine: Engine,
    evaluate: Callable[[PairTerms, npt.NDArray[np.uint8], npt.NDArray[np.int64], str], Part],
    terms: PairTerms,
    right_price: npt.NDArray[np.int64],
    marks: npt.NDArray[np.uint8],
    isa: str,
    flag: npt.NDArray[np.uint8],
    done: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]] | None:
    """
    Evaluate all pairs in parts.

    Parameters
    ----------
    engine : Engine
    evaluate : callable
        A plain function that other processes find by its name; evaluates the part of some left schools.
    terms : PairTerms
        Without functions of the user's own.
    right_price : (num_right,) int64
    marks : (num_left,) uint8
        Left schools of the witness.
    isa : str
    flag : (1,) uint8
        Raised where the pass is to end.
    done : (1,) int64
        Pairs evaluated so far.

    Returns
    -------
    best_net, reached : arrays
        None if the flag was raised.
    """
    count = number_of_parts(terms.num_left, terms.num_right, engine.workers)
    cuts = np.linspace(0, terms.num_left, count + 1).astype(np.int64).tolist()

    def look() -> None:
        if flag[0]:
            raise _Ended

    def tell(part: int) -> None:
        done[0] += (cuts[part + 1] - cuts[part]) * terms.num_right

    packs = (left_pack(terms, *ends) for ends in pairwise(cuts))
    try:
        handles = engine.build(unpacked, packs, right_pack(terms))
        asked = [(one, (marks[a:b],)) for one, (a, b) in zip(handles, pairwise(cuts), strict=True)]
        parts = engine.ask(evaluate, asked, (right_price, isa), look, tell)
    except _Ended:
        return None
    finally:
        engine.close()
    done[0] = sum(part.evaluated for part in parts)
    reached = np.bitwise_or.reduce([part.reached for part in parts])
    whole = np.unpackbits(reached, count=terms.num_right).view(np.bool_)
    return np.concatenate([part.best_net for part in parts]), whole


class _Ended(Exception):  # noqa: N818 (what happened, not an error)
    """The flag was raised."""
