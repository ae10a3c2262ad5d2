"""
Compiled loops of twinmatch: tree search, auction, exact finish. Arrays in, arrays out.
"""

from collections.abc import Callable, Sequence
from typing import Annotated

import numpy
from numpy.typing import NDArray


NO_VALUE: int = -2305843009213693952

def best_isa() -> str:
    """The instruction set that 'auto' stands for on this processor."""

class Cancelled(Exception):
    pass

class Searchable:
    """A graph that can be asked for the best partners of a node."""

    def points(self, i: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], j: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]: ...

    def search(self, rows: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], k: int, price: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], threads: int, above: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None, parts: int = 1) -> tuple: ...

class Asked(Searchable):
    """A graph whose questions Python answers."""

    def __init__(self, num_left: int, num_right: int, best: Callable, worth: Callable) -> None: ...

class Exchanged(Searchable):
    """Another graph with its sides exchanged."""

class NarrowMatrix(Searchable):
    """A matrix of 32-bit points."""

    def __init__(self, points: Annotated[NDArray[numpy.int32], dict(shape=(None, None), order='C', device='cpu', writable=False)], base: int, isa: str) -> None: ...

    def transposed(self) -> Exchanged: ...

class WideMatrix(Searchable):
    """A matrix of 64-bit points."""

    def __init__(self, points: Annotated[NDArray[numpy.int64], dict(shape=(None, None), order='C', device='cpu', writable=False)], base: int, isa: str) -> None: ...

    def transposed(self) -> Exchanged: ...

class Lists(Searchable):
    """Sorted lists of partners."""

    def __init__(self, offset: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], item: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], points: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], num_right: int, base: int) -> None: ...

    def transposed(self) -> Exchanged: ...

class NarrowAugment:
    """An assignment of all rows of a matrix of 32-bit points."""

    def __init__(self, points: Annotated[NDArray[numpy.int32], dict(shape=(None, None), order='C', device='cpu', writable=False)], low: int, high: int, isa: str) -> None: ...

    def run(self, threads: int, flag: Annotated[NDArray[numpy.uint8], dict(shape=(None,), device='cpu')], matched: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu')]) -> None: ...

    @property
    def mate(self) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]: ...

    @property
    def left_price(self) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]: ...

    @property
    def right_price(self) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]: ...

class WideAugment:
    """An assignment of all rows of a matrix of 64-bit points."""

    def __init__(self, points: Annotated[NDArray[numpy.int64], dict(shape=(None, None), order='C', device='cpu', writable=False)], low: int, high: int, isa: str) -> None: ...

    def run(self, threads: int, flag: Annotated[NDArray[numpy.uint8], dict(shape=(None,), device='cpu')], matched: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu')]) -> None: ...

    @property
    def mate(self) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]: ...

    @property
    def left_price(self) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]: ...

    @property
    def right_price(self) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]: ...

def largest_matching(offset: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], item: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], capacity: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], wanted: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], mate: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], flag: Annotated[NDArray[numpy.uint8], dict(shape=(None,), device='cpu')]) -> tuple:
    """The largest matching, and what its left nodes without a place reach."""

def cheapest_flow(num_nodes: int, tail: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], head: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], lower: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], upper: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], cost: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], supply: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], potential: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, flow: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, flag: Annotated[NDArray[numpy.uint8], dict(shape=(None,), device='cpu')]) -> tuple:
    """
    Whether there is a flow; a cheapest one and its potentials, or the inside of a cut.
    """

def take_in_turn(graph: Searchable, places: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], wants: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], order: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, left_kind: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], right_kind: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], right_kinds: int, member_offset: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], member: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], room: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], lowest: int, highest: int, mate: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu')], threads: int, flag: Annotated[NDArray[numpy.uint8], dict(shape=(None,), device='cpu')], counters: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu')]) -> None:
    """
    Take pairs in turn, the best first or left node by left node, and write the mates. Cancelled is raised in
    between, and what was taken by then stands.
    """

def accept_deferred(wishes: Searchable, ranks: Searchable, places: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], wants: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], lowest: int, highest: int, mate: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu')], threads: int, flag: Annotated[NDArray[numpy.uint8], dict(shape=(None,), device='cpu')], counters: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu')]) -> None:
    """
    Let left nodes propose and right nodes keep the best, and write the mates.
    """

class Repair:
    """A matching that is moved towards what quotas ask for."""

    def __init__(self, mate: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], offset: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], item: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], points: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], places: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], alone: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], left_price: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], right_price: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], left_kind: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], right_kind: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], right_kinds: int, member_offset: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], member: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], low: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], high: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], price: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], flag: Annotated[NDArray[numpy.uint8], dict(shape=(None,), device='cpu')]) -> None: ...

    def moves(self, k: int) -> tuple: ...

    def make(self, left: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], pair: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    @property
    def mate(self) -> Annotated[NDArray[numpy.int32], dict(shape=(None,))]: ...

class Spread(Searchable):
    """A scored graph whose large searches are asked elsewhere."""

    def __init__(self, graph: Searchable, ask: Callable, least: int) -> None: ...

    @property
    def searched(self) -> tuple[int, int]:
        """Searches so far, and rows in them."""

    @property
    def asked(self) -> tuple[int, int]:
        """Searches that were asked elsewhere, and rows in them."""

class Upkeep:
    """A market that stays optimal while it changes."""

    def __init__(self, graph: Searchable, transposed: Searchable, k: int, threads: int, flag: Annotated[NDArray[numpy.uint8], dict(shape=(None,), device='cpu')]) -> None: ...

    def go_to(self, capacity: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], price: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], left_price: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], mate: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], away: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def expire(self, left: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], right: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def mend(self) -> None: ...

    def lift(self, up: bool) -> None: ...

    def state(self) -> tuple: ...

    @property
    def searches(self) -> int: ...

class Discounted(Searchable):
    """A graph with something taken off the points of a side."""

    def __init__(self, graph: Searchable, of_left: bool) -> None: ...

    def take_off(self, points: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

class Graph(Searchable):
    def __init__(self, left_class: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], right_class: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], table: Annotated[NDArray[numpy.int32], dict(shape=(None, None), order='C', device='cpu', writable=False)], linears: Sequence[tuple[Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], int, int]], distance: tuple[Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], float, float, float, float] | None, tags: Sequence[tuple[Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], int, int]], dot: tuple[Annotated[NDArray[numpy.int8], dict(shape=(None, None), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.int8], dict(shape=(None, None), order='C', device='cpu', writable=False)], int, int, int, int] | None, ban_offset: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, ban_item: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, bonus: tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)]] | None, curve: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, isa: str) -> None: ...

    def set_table(self, table: Annotated[NDArray[numpy.int32], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    def set_bans(self, offset: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, item: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None) -> None: ...

    def set_bonus(self, bonus: tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)]] | None) -> None: ...

    def scan(self, price: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], threads: int) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]: ...

    @property
    def order(self) -> Annotated[NDArray[numpy.int32], dict(shape=(None,))]: ...

    @property
    def visited(self) -> int: ...

class Solver:
    def __init__(self, graph: Searchable, transposed: Searchable, capacity: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], outside: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], k: int, back_k: int, range: int, threads: int, flag: Annotated[NDArray[numpy.uint8], dict(shape=(None,), device='cpu')], counters: Annotated[NDArray[numpy.int64], dict(shape=(None,), device='cpu')]) -> None: ...

    def open(self, drop: int, eps: int, keep: int) -> None: ...

    def bid(self, eps: int, keep: int, leave: int, spare: int = 0, budget: int = 9223372036854775807) -> int: ...

    def refine(self, most: int) -> int: ...

    def discount(self, more: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def discount_kinds(self, left: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], right: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], more: Annotated[NDArray[numpy.int64], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    def outside(self, value: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def seed(self, price: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def seat(self, mate: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def tighten(self, k: int, grain: int = 1) -> int: ...

    def forward(self, spare: int = 0) -> int: ...

    def finish(self, budget: int, draw_steps: int, k: int) -> bool: ...

    def backward(self, k: int, grain: int = 1) -> int: ...

    def state(self) -> tuple: ...

    def restore(self, arg0: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], arg1: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], arg2: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], arg3: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], arg4: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], arg5: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], arg6: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], arg7: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], arg8: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], arg9: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], arg10: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], arg11: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], arg12: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], arg13: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], arg14: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], arg15: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], /) -> None: ...

    @property
    def mate(self) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]: ...

    @property
    def right_price(self) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]: ...

    @property
    def left_price(self) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]: ...
