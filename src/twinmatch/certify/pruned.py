"""
The pruned pass: all pairs, without a look at most of them.

The plain pass evaluates every pair, and a trillion takes minutes. Here each left school begins with a
floor, such as what it gets from its partner, and blocks of right schools that cannot give it more are
left out. What a block can give is bounded by code of its own in ``cpp/check/`` (``bounds.hpp`` says why no
rounding can make a bound too low); pairs that no bound excludes are evaluated by the loops of the plain
pass. The floors are believed in nothing: wrong ones take time, or are themselves what is found.

Whoever trusts no bound asks for the plain pass. Both find the same numbers.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import _check
from twinmatch.certify.parts import engine_for
from twinmatch.certify.plain import Pass, flat, plain_pass, watched
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from twinmatch.certify.plain import Cancel
    from twinmatch.graph.terms import PairTerms

__all__ = ["Extent", "best_pass", "pruned_pass"]

#: Up to so many pairs are all evaluated, unless told otherwise: seconds.
MOST_PLAIN = 50_000_000_000


class Extent(NamedTuple):
    """
    How a pass went over the pairs.

    Attributes
    ----------
    evaluated : int
        Pairs, admissible or not.
    excluded : int
        Pairs in blocks that no left school can get enough from, by a bound.
    blocks : int
        In how many blocks the right schools were.
    """

    evaluated: int
    excluded: int = 0
    blocks: int = 0

    @property
    def pairs(self) -> int:
        """All pairs that the pass has an answer for."""
        return self.evaluated + self.excluded

    def in_words(self, wanted: int) -> str:
        """Say what was evaluated, and what was not."""
        if not self.excluded:
            return f"{self.evaluated:,} of {wanted:,} evaluated"
        return f"{self.evaluated:,} evaluated, {self.excluded:,} excluded by bounds of {self.blocks:,} blocks"


def pruned_pass(
    terms: PairTerms,
    right_price: npt.NDArray[np.int64],
    witness: npt.NDArray[np.bool_],
    floor: npt.NDArray[np.int64],
    *,
    threads: int | None = None,
    isa: str = "auto",
    on_progress: Callable[[int, int], object] | None = None,
    cancel: Cancel | None = None,
) -> tuple[Pass | None, Extent, float]:
    """
    Find for each left school the greatest net value, or its floor where that is greater.

    Parameters
    ----------
    terms : PairTerms
        Without functions of the user's own.
    right_price : (num_right,) int64
        Points, from 0 to ``PRICE_LIMIT``.
    witness : (num_left,) bool
    floor : (num_left,) int64
        Net values up to this need not be found; ``NO_PARTNER`` where all must be.
    threads, isa, on_progress, cancel
        As for :func:`~twinmatch.certify.plain.plain_pass`. All pairs of a left school are told as done at
        once, evaluated or not.

    Returns
    -------
    tuple of Pass or None, Extent and float
        What was found (None if cancelled), how, and the seconds it took.
    """
    started = time.perf_counter()
    count = number_of(threads)
    flag, done = np.zeros(1, np.uint8), np.zeros(1, np.int64)
    array = np.ascontiguousarray
    price, marks, low = array(right_price), array(witness).view(np.uint8), array(floor)
    wanted = terms.num_left * terms.num_right
    found = watched(
        lambda: _check.pruned_pass(
            flat(terms), price, marks, low, threads=count, isa=isa, cancel=flag, progress=done
        ),
        flag,
        done,
        wanted,
        on_progress,
        cancel,
    )
    seconds = time.perf_counter() - started
    if found is None:
        return None, Extent(0), seconds
    best, reached, evaluated, blocks = found
    return Pass(best, reached.view(np.bool_)), Extent(evaluated, wanted - evaluated, blocks), seconds


def best_pass(
    terms: PairTerms,
    right_price: npt.NDArray[np.int64],
    witness: npt.NDArray[np.bool_],
    floor: npt.NDArray[np.int64],
    *,
    plain: bool | None = None,
    threads: int | None = None,
    isa: str = "auto",
    on_progress: Callable[[int, int], object] | None = None,
    cancel: Cancel | None = None,
) -> tuple[Pass | None, Extent, float]:
    """
    Make the plain pass or the pruned one.

    Parameters are those of :func:`pruned_pass`. Best net values up to the floor may be any number up to it.
    Functions of the user's own are always asked about every pair.

    Parameters
    ----------
    plain : bool, optional
        Which one. By default the pruned one where pairs are many, and no executor is there to share them.
    """
    if plain is None:
        plain = terms.num_left * terms.num_right <= MOST_PLAIN or engine_for(terms) is not None
    if not plain and not terms.calls:
        return pruned_pass(
            terms,
            right_price,
            witness,
            floor,
            threads=threads,
            isa=isa,
            on_progress=on_progress,
            cancel=cancel,
        )
    found, pairs, seconds = plain_pass(
        terms, right_price, witness, threads=threads, isa=isa, on_progress=on_progress, cancel=cancel
    )
    return found, Extent(pairs), seconds
