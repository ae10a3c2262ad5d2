"""What an assignment of stored pairs takes of memory, and a word before any work where that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinmatch.needs import Need, of_check, of_pairs
from twinmatch.room import refuse

if TYPE_CHECKING:
    from twinmatch.graph.constraints import Constraints
    from twinmatch.graph.explicit import ExplicitGraph

__all__ = ["need_of_graph", "refuse_assign", "refuse_recount"]


def need_of_graph(graph: ExplicitGraph, limits: Constraints, threads: int, *, cross: bool = False) -> Need:
    """Return what :func:`twinmatch.assign` takes besides what the process holds, its graph included."""
    dense = graph.lists is None
    one_each = graph.num_left <= graph.num_right and int(limits.right_most.max(initial=0)) <= 1
    return of_pairs(
        graph.num_left,
        graph.num_right,
        graph.num_pairs,
        dense=dense,
        one_each=one_each,
        constrained=not limits.is_plain,
        cross=cross,
        threads=threads,
    )


def refuse_assign(graph: ExplicitGraph, limits: Constraints, threads: int) -> None:
    """
    Say in words that pairs cannot be assigned in the memory that there is.

    Raises
    ------
    ResourceLimitError
        With the need, the limit, and what to do.
    """
    need = need_of_graph(graph, limits, threads)
    what = f"assigning {graph.num_left:,} x {graph.num_right:,} nodes with {graph.num_pairs:,} pairs"
    hints = ["Raise the limit, or store fewer pairs. tm.estimate_assign says what a run takes."]
    if threads > 1:
        hints.append(f"Fewer threads take less: there are {threads:,}.")
    refuse(what, need.memory, need.address_space, tuple(hints))


def refuse_recount(num_left: int, num_right: int, pairs: int) -> None:
    """Say in words that an assignment cannot be verified in the memory that there is."""
    need = of_check(num_left, num_right, pairs)
    refuse(f"verifying an assignment of {pairs:,} pairs", need.memory, need.address_space)
