"""Who searches a graph: this machine, or where a run has an executor, its workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from twinmatch import _core
    from twinmatch.graph.scored import ScoredGraph
    from twinmatch.solvers.control import Control

__all__ = ["core_of"]


def core_of(graph: ScoredGraph, control: Control) -> _core.Graph:
    """
    Return what searches a graph and takes another table: its core, or one that has large searches done.

    As long as it is kept, its shards are; whoever asks for that of the same graph finds them.
    """
    if control.spread is None:
        return graph.core
    return cast("_core.Graph", control.spread(graph).core)
