"""
The plain pass: every pair, one after the other.

It is as simple as it can be, because the proof rests on it: no index, no list of candidates, no
bound that lets it skip a pair. The loops are in ``cpp/check/``; what a pair is worth is the one
thing that they share with the solver.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from twinmatch import _check
from twinmatch.certify.parts import Part, engine_for, in_parts
from twinmatch.errors import Fault
from twinmatch.graph.terms import FORBIDDEN, PairTerms
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinmatch.spreading.engines import Engine

__all__ = [
    "NO_PARTNER",
    "PRICE_LIMIT",
    "Cancel",
    "Pass",
    "evaluate_part",
    "flat",
    "isa_faults",
    "pair_points",
    "plain_pass",
    "watched",
]

T = TypeVar("T")

NO_PARTNER = int(np.iinfo(np.int64).min)
"""Best net value of a left school without any admissible partner."""

PRICE_LIMIT = 2**62
"""Largest price that the pass takes."""

_POLL_SECONDS = 0.02
_CALL_BLOCK = 2**17  # pairs that a user's own function is asked about at once


class Cancel(Protocol):
    """Anything that can ask for an end: ``threading.Event``, for one."""

    def is_set(self) -> bool:
        """Return whether the end has been asked for."""


class Pass(NamedTuple):
    """
    What one pass over all pairs found.

    Attributes
    ----------
    best_net : (num_left,) int64
        Greatest points less price over the admissible partners; ``NO_PARTNER`` where there are none.
    reached : (num_right,) bool
        Whether a school of the witness may have this partner.
    """

    best_net: npt.NDArray[np.int64]
    reached: npt.NDArray[np.bool_]


def isa_faults(isa: object) -> list[Fault]:
    """Return what is wrong with an instruction set: the option that a pass has and a solver has not."""
    faults = []
    names = ("auto", *_check.instruction_sets())
    if not isinstance(isa, str) or isa not in names:
        there = ", ".join(map(repr, names))
        faults.append(Fault("isa", f"must be one of {there} on this machine, not {isa!r}"))
    return faults


def pair_points(
    terms: PairTerms, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64], *, isa: str = "auto"
) -> npt.NDArray[np.int64]:
    """
    Return the points of single pairs.

    Parameters
    ----------
    terms : PairTerms
    i, j : (k,) int64
        Left and right school of each pair.
    isa : str
        Instruction set: ``"auto"`` or one of ``_check.instruction_sets()``.

    Returns
    -------
    (k,) int64
        ``FORBIDDEN`` where a pair is not admissible.
    """
    i, j = np.ascontiguousarray(i), np.ascontiguousarray(j)
    return _with_calls(terms, _check.points(flat(terms), i, j, isa=isa), i, j)


def plain_pass(
    terms: PairTerms,
    right_price: npt.NDArray[np.int64],
    witness: npt.NDArray[np.bool_],
    *,
    threads: int | None = None,
    isa: str = "auto",
    on_progress: Callable[[int, int], object] | None = None,
    cancel: Cancel | None = None,
) -> tuple[Pass | None, int, float]:
    """
    Evaluate all ``num_left x num_right`` pairs, admissible or not.

    Parameters
    ----------
    terms : PairTerms
    right_price : (num_right,) int64
        Points, from 0 to ``PRICE_LIMIT``.
    witness : (num_left,) bool
    threads : int, optional
        As many as this process has cores, unless told otherwise. The result is the same.
    isa : str
        Instruction set; the result is the same.
    on_progress : callable, optional
        Called a few times a second, and once at the end, with the pairs evaluated so far and in all.
    cancel : Cancel, optional

    Returns
    -------
    tuple of Pass or None, int and float
        What was found (None if cancelled), the number of pairs evaluated, and the seconds it took.
    """
    started = time.perf_counter()
    threads = number_of(threads)
    flag, done = np.zeros(1, np.uint8), np.zeros(1, np.int64)
    marks, price = np.ascontiguousarray(witness).view(np.uint8), np.ascontiguousarray(right_price)
    engine = engine_for(terms)
    found = watched(
        lambda: (
            _evaluate(terms, price, marks, threads, isa, flag, done)
            if engine is None
            else _shared(engine, terms, price, marks, isa, flag, done)
        ),
        flag,
        done,
        terms.num_left * terms.num_right,
        on_progress,
        cancel,
    )
    return found, int(done[0]), time.perf_counter() - started


def watched(
    task: Callable[[], T],
    flag: npt.NDArray[np.uint8],
    done: npt.NDArray[np.int64],
    total: int,
    on_progress: Callable[[int, int], object] | None,
    cancel: Cancel | None,
) -> T:
    """
    Run a pass in a thread of its own, so that this one can listen to ``cancel`` and to Ctrl-C.

    Parameters
    ----------
    task : callable
        Looks at ``flag``, and counts in ``done``.
    flag : (1,) uint8
        Raised when it should end.
    done : (1,) int64
        Pairs evaluated so far, of ``total``.
    total : int
    on_progress : callable or None
    cancel : Cancel or None
    """
    found: list[T] = []
    errors: list[BaseException] = []
    ended = threading.Event()

    def run() -> None:
        try:
            found.append(task())
        except BaseException as error:  # raised again below, where the caller is
            errors.append(error)
        finally:
            ended.set()

    worker = threading.Thread(target=run, name="twinmatch-check", daemon=True)
    worker.start()
    try:
        # Not worker.join(): a Ctrl-C inside it makes Python 3.11 take a working thread for an ended one.
        while not ended.wait(_POLL_SECONDS):
            if cancel is not None and cancel.is_set():
                flag[0] = 1
            if on_progress is not None:
                on_progress(int(done[0]), total)
    finally:
        flag[0] = 1
        ended.wait()
        worker.join()
    if errors:
        raise errors[0]
    if on_progress is not None:
        on_progress(int(done[0]), total)
    return found[0]


def _evaluate(
    terms: PairTerms,
    right_price: npt.NDArray[np.int64],
    marks: npt.NDArray[np.uint8],
    threads: int,
    isa: str,
    flag: npt.NDArray[np.uint8],
    done: npt.NDArray[np.int64],
) -> Pass | None:
    if terms.calls:
        return _called_pass(terms, right_price, marks, isa, flag, done)
    result = _check.plain_pass(
        flat(terms), right_price, marks, threads=threads, isa=isa, cancel=flag, progress=done
    )
    return None if result is None else Pass(result[0], result[1].view(np.bool_))


def _shared(
    engine: Engine,
    terms: PairTerms,
    right_price: npt.NDArray[np.int64],
    marks: npt.NDArray[np.uint8],
    isa: str,
    flag: npt.NDArray[np.uint8],
    done: npt.NDArray[np.int64],
) -> Pass | None:
    """Make the pass in parts, by the workers of an executor."""
    result = in_parts(engine, evaluate_part, terms, right_price, marks, isa, flag, done)
    return None if result is None else Pass(*result)


def evaluate_part(
    terms: PairTerms, marks: npt.NDArray[np.uint8], right_price: npt.NDArray[np.int64], isa: str
) -> Part:
    """Make the pass over some left schools and all right ones, in this thread."""
    flag, done = np.zeros(1, np.uint8), np.zeros(1, np.int64)
    result = _check.plain_pass(
        flat(terms), right_price, marks, threads=1, isa=isa, cancel=flag, progress=done
    )
    assert result is not None, "nobody raises the flag"
    return Part(result[0], np.packbits(result[1]), int(done[0]))


def _called_pass(
    terms: PairTerms,
    right_price: npt.NDArray[np.int64],
    marks: npt.NDArray[np.uint8],
    isa: str,
    flag: npt.NDArray[np.uint8],
    done: npt.NDArray[np.int64],
) -> Pass | None:
    """Make the pass where functions of the user's own have a say: in blocks, and in this thread."""
    arrays = flat(terms)
    best_net = np.full(terms.num_left, NO_PARTNER, np.int64)
    reached = np.zeros(terms.num_right, np.bool_)
    for left in range(terms.num_left):
        for first in range(0, terms.num_right, _CALL_BLOCK):
            if flag[0]:
                return None
            j = np.arange(first, min(first + _CALL_BLOCK, terms.num_right), dtype=np.int64)
            i = np.full(len(j), left, np.int64)
            points = _with_calls(terms, _check.points(arrays, i, j, isa=isa), i, j)
            admissible = points != FORBIDDEN
            net = np.where(admissible, points - right_price[j], NO_PARTNER)
            best_net[left] = max(best_net[left], net.max(initial=NO_PARTNER))
            if marks[left]:
                reached[j] |= admissible
            done[0] += len(j)
    return Pass(best_net, reached)


def _with_calls(
    terms: PairTerms, points: npt.NDArray[np.int32], i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Add what the user's own functions give to the admissible pairs; the curve, if any, comes after them."""
    total = points.astype(np.int64)
    asked = np.flatnonzero(points != FORBIDDEN)
    if not terms.calls or not asked.size:
        return total
    for call in terms.calls:
        total[asked] += call.points(i[asked], j[asked])
    if terms.curve is not None:
        total[asked] = terms.curve[np.clip(total[asked], 0, len(terms.curve) - 1)]
    return total


def flat(terms: PairTerms) -> _check.Terms:
    """Hand the arrays over as they are: the extension refuses any other type or size."""
    array = np.ascontiguousarray
    distance, dot = terms.distance, terms.dot
    return _check.Terms(
        array(terms.left_class),
        array(terms.right_class),
        array(terms.table),
        [(array(c.left), array(c.right), int(c.top), int(c.cap)) for c in terms.linears],
        None
        if distance is None
        else (
            array(distance.left),
            array(distance.right),
            float(distance.top),
            float(distance.slope),
            float(distance.centre),
            float(distance.cap),
        ),
        [(array(c.left), array(c.right), int(c.each), int(c.cap)) for c in terms.tags],
        None
        if dot is None
        else (
            array(dot.left),
            array(dot.right),
            int(dot.offset),
            int(dot.gain),
            int(dot.shift),
            int(dot.cap),
        ),
        array(terms.banned),
        None if terms.curve is None or terms.calls else array(terms.curve),
        (array(terms.bonus.pairs), array(terms.bonus.points)) if len(terms.bonus.points) else None,
    )
