"""
What work takes of memory, from its sizes: known before it begins, and without looking at a pair.

Problem
    A service has to know whether a run fits before it begins, and libraries that end the process where they
    get no memory must not be called with too little of it.
Idea
    What a run holds at its peak grows with few numbers: schools of each side, stored pairs, quotas, threads.
    Each part of the work has its bytes for one of each, which were measured (``benchmarks/estimates.py``
    does it again and compares). The peak is that of the largest part, with what stays from the parts before.
What it cannot know
    How many partners the exact finish has to look at. Where everybody wants the same few, its lists grow,
    to three times the memory in the worst market that was measured (*vertical*). A run that needs more than
    was thought gets an error at the allocation that fails, and no process is ended by it.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Need", "of_check", "of_pairs", "of_schools", "of_search"]

MB = 10**6

#: Addresses that a thread takes at its start: its stack.
STACK = 8 * 2**20
#: Each thread looks at left schools with marks of its own.
PER_THREAD = MB // 2
#: Libraries that are loaded when something is solved for the first time: bytes, and addresses.
LIBRARIES, LIBRARIES_MAPPED = 60 * MB, 300 * MB

# Bytes for a left school, a right school, and besides.
_COMPILED = (0.55e3, 0.40e3, 4 * MB)
_SOLVED = (3.0e3, 0.8e3, 20 * MB)
#: To the optimum a finish among very many lists more for each: bytes for every left school beyond so many.
_LATE, _LONGER = 300_000, 2.0e3
_TO_A_GAP = (1.6e3, 0.5e3, 20 * MB)  # the exact finish has the longest lists, and is hardly begun
# More for a left school, and besides, where quotas are nested or cross.
_NETWORK, _CROSSED = (4.5e3, 0), (12e3, 100 * MB)
_TRANSFORMED = 0.2e3  # more for a school of either side, where points go through a curve
_STEPS = {  # mechanisms that go step by step, for a left and a right school
    "greedy": (1.6e3, 0.6e3),
    "stable": (1.6e3, 0.6e3),
    "serial_dictatorship": (1.6e3, 0.6e3),
    "rank_maximal": (3.0e3, 0.8e3),
    "leximin": (3.0e3, 1.0e3),
}
#: A graph that a function of the user's own has to be asked about is written down: bytes for a pair.
_CALLED = 24

# The array world: for a stored pair, a left node, a right node, and besides.
_LISTS = (90.0, 0.5e3, 0.1e3, 8 * MB)
_MATRIX = (0.0, 0.5e3, 0.3e3, 1 * MB)
_QUICK = (4.0, 1.5e3, 0.6e3, 2 * MB)  # a matrix with several places, or fewer right nodes than left
_WRITTEN = 150.0  # a pair of a network that keeps quotas
#: What OR-tools takes when it is loaded, its addresses, and what a pair of a model takes; measured under
#: RLIMIT_AS, where less than the first of them ends the process.
_SEARCH, _SEARCH_MAPPED, _SEARCH_PAIR = 130 * MB, 260 * MB, 1.5e3


class Need(NamedTuple):
    """
    What work takes besides what the process holds.

    Attributes
    ----------
    parts : tuple of (str, int)
        The parts of the work in their order, with the bytes that each adds at its peak.
    threads : int
    loads : int
        Addresses of libraries that are mapped for it.
    """

    parts: tuple[tuple[str, int], ...]
    threads: int = 1
    loads: int = 0

    @property
    def memory(self) -> int:
        """Bytes at the peak."""
        return max((size for _, size in self.parts), default=0)

    @property
    def address_space(self) -> int:
        """Addresses at the peak: memory, mapped libraries, and stacks."""
        return self.memory + self.loads + (self.threads - 1) * STACK


def of_schools(
    num_left: int,
    num_right: int,
    *,
    mechanism: str = "most_points",
    quotas: int = 0,
    cross: bool = False,
    called: bool = False,
    to_a_gap: bool = False,
    threads: int = 1,
    loaded: bool = True,
) -> Need:
    """
    Return what pairing two tables takes.

    Parameters
    ----------
    num_left, num_right : int
    mechanism : str
    quotas : int
        How many bounds there are.
    cross : bool
        Whether some of them cross others.
    called : bool
        Whether points come from a function of the user's own.
    to_a_gap : bool
        Whether the run stops at a gap.
    threads : int
    loaded : bool
        Whether the process has solved something before.
    """
    libraries = 0 if loaded else LIBRARIES
    compiled = _linear(_COMPILED, num_left, num_right) + libraries
    left, right, fixed = _TO_A_GAP if to_a_gap else _SOLVED
    if mechanism in _STEPS:
        left, right = _STEPS[mechanism]
    curved = mechanism in ("nash", "concave")
    solved = _linear((left, right, fixed), num_left, num_right) + libraries + threads * PER_THREAD
    if not to_a_gap and mechanism not in _STEPS:
        solved += int(_LONGER * max(0, num_left - _LATE))
    solved += int(_TRANSFORMED * (num_left + num_right)) if curved else 0
    if called:
        solved += _CALLED * num_left * num_right
    parts = [("compile", compiled), ("solve", solved)]
    if quotas:
        rate, besides = _CROSSED if cross else _NETWORK
        parts.append(("quotas", solved + int(rate * num_left) + besides))
    return Need(tuple(parts), threads, 0 if loaded else LIBRARIES_MAPPED)


def of_pairs(
    num_left: int,
    num_right: int,
    pairs: int,
    *,
    dense: bool,
    one_each: bool = True,
    copied: int = 0,
    constrained: bool = False,
    cross: bool = False,
    threads: int = 1,
) -> Need:
    """
    Return what an assignment of stored pairs takes.

    Parameters
    ----------
    num_left, num_right, pairs : int
    dense : bool
        Whether the pairs are a matrix.
    one_each : bool
        Whether each right node has one place, and there are as many as left nodes: then a matrix is solved as
        it is.
    copied : int
        Bytes of points that have to be written anew, as whole numbers.
    constrained, cross : bool
        Whether bounds or quotas ask for a network, and whether some of them cross.
    threads : int
    """
    per_pair, left, right, fixed = _LISTS if not dense else _MATRIX if one_each else _QUICK
    solved = (
        copied + int(per_pair * pairs + left * num_left + right * num_right) + fixed + threads * PER_THREAD
    )
    parts = [("points", copied), ("solve", solved)]
    if constrained:
        parts.append(("network", copied + int(_WRITTEN * pairs) + 20 * MB))
    need = Need(tuple(parts), threads)
    if cross:
        model = of_search(pairs)
        need = Need((*parts, ("search", need.memory + model.memory)), threads, model.loads)
    return need


def of_search(pairs: int) -> Need:
    """Return what a search by OR-tools takes, which ends the process where it gets less."""
    return Need((("search", _SEARCH + int(_SEARCH_PAIR * pairs)),), 2, _SEARCH_MAPPED - _SEARCH)


def of_check(num_left: int, num_right: int, stored: int = 0, threads: int = 1) -> Need:
    """Return what a verification takes: one pass over all pairs, or a recount of those that are stored."""
    size = 60 * num_left + 40 * num_right + threads * (num_right + PER_THREAD) + 100 * stored + 8 * MB
    return Need((("check", size),), threads)


def _linear(rate: tuple[float, float, int], num_left: int, num_right: int) -> int:
    left, right, fixed = rate
    return int(left * num_left + right * num_right) + fixed
