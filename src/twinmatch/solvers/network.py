"""
Cheapest flows through networks whose arcs have lower and upper bounds.

A network is the common language of everything nested: places in a region, regions in a country, each with a
least and a largest number. The loops and their essay are in ``cpp/core/network.hpp``; here are the words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import _core

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.arrays import Int64
    from twinmatch.solvers.control import Control

__all__ = ["Cut", "Flow", "Network", "cheapest_flow"]


class Network(NamedTuple):
    """
    Nodes that send and receive, and arcs between them.

    Attributes
    ----------
    num_nodes : int
    tail, head : (num_arcs,) int32
        Where each arc begins and ends. Arcs may be parallel, and may end where they begin.
    lower, upper : (num_arcs,) int64
        What has to, and what may, flow through each arc, in units of either sign.
    cost : (num_arcs,) int64
        What a unit costs on each arc, of either sign.
    supply : (num_nodes,) int64
        How much more leaves a node than enters it; sums to 0.
    """

    num_nodes: int
    tail: npt.NDArray[np.int32]
    head: npt.NDArray[np.int32]
    lower: Int64
    upper: Int64
    cost: Int64
    supply: Int64


class Flow(NamedTuple):
    """
    A cheapest flow and what proves that it is one.

    Attributes
    ----------
    flow : (num_arcs,) int64
        Within the bounds of every arc, and true to the supply of every node.
    potential : (num_nodes,) int64
        Whole numbers in the unit of the cost. The reduced cost ``cost + potential[tail] - potential[head]``
        is at least 0 where more could flow, and at most 0 where less could.
    """

    flow: Int64
    potential: Int64


class Cut(NamedTuple):
    """
    Why there is no flow.

    Attributes
    ----------
    inside : (num_nodes,) bool
        Nodes whose supply, together with the lower bounds of the arcs that enter them from outside, is more
        than the upper bounds of the arcs that leave them.
    """

    inside: npt.NDArray[np.bool_]


def cheapest_flow(
    network: Network, control: Control, *, potential: Int64 | None = None, flow: Int64 | None = None
) -> Flow | Cut:
    """
    Return a flow of least total cost, or a cut that no flow can pass.

    Parameters
    ----------
    network : Network
    control : Control
        What may stop the work.
    potential : (num_nodes,) int64, optional
        Where to start, from a similar network for instance. Nearly right potentials save most of the work,
        and wrong ones cost nothing but time.
    flow : (num_arcs,) int64, optional
        What to start with; it need not be true to any supply. Without potentials it is of little use.

    Returns
    -------
    Flow or Cut

    Raises
    ------
    Stopped
        If the deadline passed or the caller cancelled.
    OverflowError
        If costs, potentials or bounds are too large for exact 64-bit arithmetic: costs and potentials beyond
        ``2**60``, or more than ``2**61`` at one node.
    ValueError
        If columns differ in length, a lower bound is above its upper bound, or the supplies do not sum to 0.
    IndexError
        If an arc names a node that the network does not have.

    Notes
    -----
    All arithmetic is exact, and the same input gives the same answer.
    """
    tail, head = (np.ascontiguousarray(ends, np.int32) for ends in (network.tail, network.head))
    lower, upper, cost, supply = (np.ascontiguousarray(column, np.int64) for column in network[3:])
    start, first = (None if a is None else np.ascontiguousarray(a, np.int64) for a in (potential, flow))

    def task() -> Flow | Cut:
        exists, *found, inside = _core.cheapest_flow(
            network.num_nodes, tail, head, lower, upper, cost, supply, start, first, control.flag
        )
        return Flow(*found) if exists else Cut(inside.astype(np.bool_))

    return control.kept("network", lambda: control.run("network", task), Flow, Cut)
