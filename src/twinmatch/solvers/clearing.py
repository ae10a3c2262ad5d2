"""
Prices of quotas at which a few left nodes keep to them, with the prices of places as they are.

Problem
    A handful of left nodes, perhaps all in one place, change their minds all at once: no slope tells which
    price makes half of them go.
Idea
    With the prices of places as they are, all that matters is the best that each node finds among the
    partners of each kind. Who takes which kind is then a transportation problem with quotas, so small that a
    linear program gives the prices exactly.
Cost
    A search for each kind of partner, and a program with as many variables as nodes times kinds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from twinmatch.graph.scored import NO_PARTNER
from twinmatch.graph.terms import FORBIDDEN

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch import _core

    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]
    Float = npt.NDArray[np.float64]

__all__ = ["best_by_kind", "prices_that_clear"]


def best_by_kind(
    core: _core.Graph, table: Int32, kind: Int64, rows: Int64, price: Int64, threads: int
) -> Int64:
    """
    Return the best net value that some left nodes find among the partners of each kind.

    Parameters
    ----------
    core : Graph
        Its table is another one afterwards.
    table : (left classes, right classes) int32
    kind : (right classes,) int64
        The kind of each right class, small numbers from 0.
    rows : (r,) int64
    price : (num_right,) int64
    threads : int

    Returns
    -------
    (r, kinds) int64
        ``NO_PARTNER`` where there is none.
    """
    asked, size = rows.astype(np.int32), int(kind.max(initial=-1)) + 1
    out = np.full((len(rows), size), NO_PARTNER)
    for at in range(size):
        core.set_table(np.ascontiguousarray(np.where(kind == at, table, FORBIDDEN)))
        item, points, number, _ = core.search(asked, 1, price, threads)
        out[number > 0, at] = (points - price[item])[number > 0]
    return out


def prices_that_clear(worth: Int64, inside: Bool, low: Int64, high: Int64) -> Float | None:
    """
    Return prices of quotas at which nodes that take what is best for them keep to all.

    Parameters
    ----------
    worth : (num_nodes, num_kinds) int64
        What each node gains by each kind; ``NO_PARTNER`` where it cannot.
    inside : (num_quotas, num_nodes, num_kinds) bool
        Whether a quota counts a node that takes a kind.
    low, high : (num_quotas,) int64

    Returns
    -------
    (num_quotas,) float or None
        None where nothing keeps to all of them.
    """
    node, kind = np.nonzero(worth != NO_PARTNER)
    size = len(node)
    held = sparse.csr_array(inside[:, node, kind].astype(float))
    each = sparse.csr_array((np.ones(size), (node, np.arange(size))), shape=(len(worth), size))
    found = linprog(
        -worth[node, kind].astype(float),
        A_ub=sparse.vstack([held, -held]),
        b_ub=np.concatenate([high, -low]),
        A_eq=each,
        b_eq=np.ones(len(worth)),
        bounds=(0, None),
        method="highs-ds",
    )
    if found.status != 0:
        return None
    dual: Float = -found.ineqlin.marginals
    return dual[: len(low)] - dual[len(low) :]
