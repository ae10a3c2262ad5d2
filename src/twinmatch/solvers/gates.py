"""
Gates: forbidden pairs as arcs of the network, so that one can ask what the first of them would bring.

The pairs of one node pass a node and an arc of their own, whose bound is like that of a quota. Those of
several nodes fit no network: they are cut into pairs of single nodes, or allowed one by one at a price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.solvers.network import Network

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.solvers.nested import Layout

    Int64 = npt.NDArray[np.int64]

__all__ = ["Gate", "allowing", "gated", "gates_of"]


class Gate(NamedTuple):
    """Forbidden pairs of one left or of one right node, which pass a node and an arc of their own."""

    left: Int64
    right: Int64
    points: Int64

    @property
    def is_left(self) -> bool:
        """Whether all pairs are of one left node."""
        return bool((self.left == self.left[0]).all())


def gates_of(barred: Gate) -> list[Gate]:
    """Cut a set into pairs of single nodes, of the side where they are fewer."""
    ends = min((barred.left, barred.right), key=lambda end: len(np.unique(end)))
    return [Gate(*(column[ends == node] for column in barred)) for node in np.unique(ends)]


def gated(network: Network, layout: Layout, gate: Gate, room: int) -> Network:
    """Return the network with a gate, whose own arc is the last one."""
    node = network.num_nodes
    lefts, rights = layout.first_left + gate.left, layout.first_right + gate.right
    tail, head = (np.full_like(lefts, node), rights) if gate.is_left else (lefts, np.full_like(rights, node))
    own = (lefts[0], node) if gate.is_left else (node, rights[0])
    return _longer(
        network,
        node + 1,
        np.append(tail, own[0]),
        np.append(head, own[1]),
        np.append(np.ones_like(tail), room),
        np.append(-gate.points, 0),
    )


def allowing(network: Network, layout: Layout, barred: Gate, price: int) -> Network:
    """Return the network with forbidden pairs, which are the last arcs, at a price."""
    tail, head = layout.first_left + barred.left, layout.first_right + barred.right
    return _longer(network, network.num_nodes, tail, head, np.ones_like(tail), price - barred.points)


def _longer(network: Network, num_nodes: int, tail: Int64, head: Int64, upper: Int64, cost: Int64) -> Network:
    """Return a network with more arcs."""
    return Network(
        num_nodes,
        np.append(network.tail, tail.astype(np.int32)),
        np.append(network.head, head.astype(np.int32)),
        np.append(network.lower, np.zeros_like(upper)),
        np.append(network.upper, upper),
        np.append(network.cost, cost),
        np.append(network.supply, np.zeros(num_nodes - network.num_nodes, np.int64)),
    )
