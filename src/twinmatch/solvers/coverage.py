"""
How many left nodes can have a partner at all, and who keeps it from being more.

Problem
    The largest number of left nodes that can be paired at once, with a proof, before a single point
    is counted.
Idea
    Rules speak of classes, so admissibility is a small table of left classes by right classes: the
    largest coverage is a maximum flow from left classes (as many units as members) to right classes (as
    many as places). A node with a ban of its own is a class of its own.
Why it is right
    The left classes that the source still reaches in the residual network form a set ``S``. Its
    partners ``N(S)`` are all full, and everybody outside ``S`` is covered; so the coverage equals
    ``num_left - |S| + capacity(N(S))``, which nobody can exceed (Ore's deficiency formula, Koenig's
    theorem with places). ``S`` is the witness that the certificate recounts.
What follows for points
    Every matching of this coverage pairs ``S`` with ``N(S)`` only, filling it, and everybody else
    outside ``N(S)``. So the two parts are solved apart: in one every left node must have a partner, in
    the other every place.
Cost
    One flow with as many nodes as there are classes.
Literature
    R. Burkard, M. Dell'Amico, S. Martello, *Assignment Problems*, SIAM 2009, chapter 2; A. L. Dulmage and
    N. S. Mendelsohn, "Coverings of bipartite graphs", Canad. J. Math. 10 (1958).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import coo_array, csr_array

from twinmatch.graph.terms import FORBIDDEN

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.arrays import Int64
    from twinmatch.graph.terms import PairTerms

__all__ = ["Coverage", "largest_coverage"]


class Coverage(NamedTuple):
    """
    The largest coverage and its proof.

    Attributes
    ----------
    size : int
        How many left nodes can be paired at once.
    witness_left : (num_left,) bool
        The set ``S``: all left nodes outside it are covered, and its partners are full.
    neighbours_right : (num_right,) bool
        The partners of ``S``.
    has_partner : (num_left,) bool
        Whether a left node has any admissible partner with a place.
    """

    size: int
    witness_left: npt.NDArray[np.bool_]
    neighbours_right: npt.NDArray[np.bool_]
    has_partner: npt.NDArray[np.bool_]


def largest_coverage(terms: PairTerms, right_capacity: Int64) -> Coverage:
    """
    Return the largest coverage, with the set of left nodes that proves it.

    Parameters
    ----------
    terms : PairTerms
        Only its classes, table and bans are read.
    right_capacity : (num_right,) int64

    Returns
    -------
    Coverage
    """
    left_kind, left_class = _kinds(terms.left_class, terms.banned[:, 0])
    right_kind, right_class = _kinds(terms.right_class, terms.banned[:, 1], right_capacity > 0)
    admissible = terms.table[left_class[:, None], right_class[None, :]] != FORBIDDEN
    # A kind holds a single node wherever a ban names one of its members.
    admissible[left_kind[terms.banned[:, 0]], right_kind[terms.banned[:, 1]]] = False
    members = np.bincount(left_kind, minlength=len(left_class))
    places = np.bincount(right_kind, right_capacity, minlength=len(right_class)).astype(np.int64)
    admissible &= (members > 0)[:, None] & (places > 0)[None, :]

    reached, neighbours, size = _cut(admissible, members, places)
    return Coverage(
        size,
        reached[left_kind],
        neighbours[right_kind],
        admissible.any(axis=1)[left_kind],
    )


def _kinds(
    classes: npt.NDArray[np.int32], banned: Int64, usable: npt.NDArray[np.bool_] | None = None
) -> tuple[Int64, Int64]:
    """
    Split the nodes that bans name, and those that are not usable, off their classes.

    Returns the kind of each node and the class of each kind.
    """
    key = classes.astype(np.int64) * 2
    if usable is not None:
        key += ~usable
    own = np.zeros(len(classes), np.int64)
    own[banned] = banned + 1
    kinds, kind = np.unique(np.stack([key, own]), axis=1, return_inverse=True)
    return kind.ravel(), kinds[0] // 2


def _cut(
    admissible: npt.NDArray[np.bool_], members: Int64, places: Int64
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], int]:
    """Return which left and right kinds are on the source side of a minimum cut, and the flow."""
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    nl, nr = admissible.shape
    source, sink = nl + nr, nl + nr + 1
    most = int(members.sum())
    i, j = np.nonzero(admissible)
    rows = np.concatenate([np.full(nl, source), i, nl + np.arange(nr)])
    columns = np.concatenate([np.arange(nl), nl + j, np.full(nr, sink)])
    room = np.concatenate([members, np.minimum(members[i], places[j]), np.minimum(places, most)])
    network = csr_array(coo_array((room.astype(np.int32), (rows, columns)), shape=(sink + 1, sink + 1)))
    result = maximum_flow(network, source, sink)
    # An arc between kinds is never the bottleneck (its room is that of an end), so it stays open in the
    # residual network: the cut consists of arcs at the source and at the sink.
    flow = coo_array(result.flow)
    between = (flow.data > 0) & (flow.row < nl) & (flow.col >= nl) & (flow.col < source)
    spare = members - _outflow(flow, nl, members)
    back = (flow.col[between], flow.row[between])
    residual = csr_array(
        coo_array(
            (
                np.ones(len(i) + int(between.sum()) + int((spare > 0).sum()), np.int8),
                (
                    np.concatenate([i, back[0], np.full(int((spare > 0).sum()), source)]),
                    np.concatenate([nl + j, back[1], np.flatnonzero(spare > 0)]),
                ),
            ),
            shape=(sink + 1, sink + 1),
        )
    )
    order = breadth_first_order(residual, source, return_predecessors=False)
    reached = np.zeros(sink + 1, bool)
    reached[order] = True
    return reached[:nl], reached[nl : nl + nr], int(result.flow_value)


def _outflow(flow: coo_array, nl: int, members: Int64) -> Int64:
    """Return the units that leave each left kind."""
    forward = (flow.row < nl) & (flow.data > 0)
    sent = np.bincount(flow.row[forward], flow.data[forward], minlength=len(members))
    return sent.astype(np.int64)
