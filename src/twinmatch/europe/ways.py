"""
What is counted over the runs of all states: who is paired with whom, and what both ways have in common.

A place counts anew in each run, so a school may be a partner in several. Two schools may also find each
other in both of their runs; nothing asks for it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.europe.states import Registers

    Int64 = npt.NDArray[np.int64]

__all__ = ["Ways"]


class Ways:
    """
    Pairs of all runs, added up.

    Parameters
    ----------
    registers : Registers
        Whose rows pairs are given in.
    """

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        names, self._at = np.unique(registers.country.astype(str), return_inverse=True)
        self._names: list[str] = names.tolist()
        self._pairs: dict[str, tuple[Int64, Int64]] = {}

    def add(self, state: str, left: Int64, right: Int64) -> None:
        """Add the pairs of a state, as rows of all schools."""
        self._pairs[state] = left, right

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the pairs of each state that was added, by the state of the partner; none is left out."""
        found = {}
        for state, (_, right) in self._pairs.items():
            number = np.bincount(self._at[right], minlength=len(self._names)).tolist()
            found[state] = {
                name: count for name, count in zip(self._names, number, strict=True) if name != state
            }
        return found

    def mutual(self) -> int:
        """Return how many pairs were found from both sides: once in the run of each of the two states."""
        size = len(self._registers.country)
        keys = [left * size + right for left, right in self._pairs.values()]
        turned = [right * size + left for left, right in self._pairs.values()]
        if not keys:
            return 0
        return len(np.intersect1d(np.concatenate(keys), np.concatenate(turned))) // 2

    def partnerships(self) -> dict[int, int]:
        """Return how many schools are the partner in no pair of another state's run, in one, in two, ..."""
        times = np.zeros(len(self._registers.country), np.int64)
        for _, right in self._pairs.values():
            np.add.at(times, right, 1)
        return dict(sorted(Counter(times.tolist()).items()))
