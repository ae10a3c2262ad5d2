"""
What pairs are worth, as one block of bytes for each side, and back.

A block goes into a file that processes map into memory, or into a message to another machine. It is numbers
and a line of JSON that says where each array begins: nothing in it is code, and reading it runs none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinmatch.graph.formulas import DistanceColumns, DotColumns, LinearColumns, TagColumns
from twinmatch.graph.singles import Bonus
from twinmatch.graph.terms import PairTerms

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["LINE", "Pack", "left_pack", "right_pack", "unpacked"]

#: Arrays begin at multiples of so many bytes: a line of the processor's memory.
LINE = 64


class Pack(NamedTuple):
    """
    One side of some pairs.

    Attributes
    ----------
    header : str
        JSON: single numbers, and the name, type, shape and place of each array.
    blob : (num_bytes,) uint8
        The arrays.
    """

    header: str
    blob: npt.NDArray[np.uint8]


def left_pack(terms: PairTerms, first: int, last: int) -> Pack:
    """
    Return the left nodes from ``first`` up to ``last``, with the single pairs that are theirs.

    Parameters
    ----------
    terms : PairTerms
        Without functions of the user's own.
    first, last : int
    """
    banned = slice(*np.searchsorted(terms.banned[:, 0], (first, last)))
    bonus = slice(*np.searchsorted(terms.bonus.pairs[:, 0], (first, last)))
    arrays: dict[str, npt.NDArray[Any]] = {
        "class": terms.left_class[first:last],
        **{f"linear {c}": column.left[first:last] for c, column in enumerate(terms.linears)},
        **{f"tags {c}": column.left[first:last] for c, column in enumerate(terms.tags)},
        "banned": terms.banned[banned] - (first, 0),
        "bonus pairs": terms.bonus.pairs[bonus] - (first, 0),
        "bonus points": terms.bonus.points[bonus],
    }
    if terms.distance is not None:
        arrays["distance"] = terms.distance.left[:, first:last]
    if terms.dot is not None:
        arrays["dot"] = terms.dot.left[first:last]
    return _packed(arrays, {})


def right_pack(terms: PairTerms) -> Pack:
    """Return all right nodes, and everything that is of neither side."""
    numbers: dict[str, Any] = {
        "linears": [(int(c.top), int(c.cap)) for c in terms.linears],
        "tags": [(int(c.each), int(c.cap)) for c in terms.tags],
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        "class": terms.right_class,
        "table": terms.table,
        **{f"linear {c}": column.right for c, column in enumerate(terms.linears)},
        **{f"tags {c}": column.right for c, column in enumerate(terms.tags)},
    }
    if terms.distance is not None:
        arrays["distance"] = terms.distance.right
        numbers["distance"] = [float(value) for value in terms.distance[2:]]
    if terms.dot is not None:
        arrays["dot"] = terms.dot.right
        numbers["dot"] = [int(value) for value in terms.dot[2:]]
    if terms.curve is not None:
        arrays["curve"] = terms.curve
    return _packed(arrays, numbers)


def unpacked(left: Pack, right: Pack) -> PairTerms:
    """Return the terms of the pairs of two packs; arrays are views into them."""
    a, _ = _arrays(left)
    b, numbers = _arrays(right)
    linears = (
        LinearColumns(a[f"linear {c}"], b[f"linear {c}"], *scalars)
        for c, scalars in enumerate(numbers["linears"])
    )
    tags = (TagColumns(a[f"tags {c}"], b[f"tags {c}"], *scalars) for c, scalars in enumerate(numbers["tags"]))
    distance, dot = numbers.get("distance"), numbers.get("dot")
    return PairTerms(
        a["class"],
        b["class"],
        b["table"],
        tuple(linears),
        None if distance is None else DistanceColumns(a["distance"], b["distance"], *distance),
        tuple(tags),
        None if dot is None else DotColumns(a["dot"], b["dot"], *dot),
        a["banned"],
        (),
        b.get("curve"),
        Bonus(a["bonus pairs"], a["bonus points"]),
    )


def _packed(arrays: dict[str, npt.NDArray[Any]], numbers: dict[str, Any]) -> Pack:
    places, end = {}, 0
    for name, array in arrays.items():
        places[name] = (array.dtype.str, array.shape, end)
        end += -(-array.nbytes // LINE) * LINE
    blob = np.zeros(end, np.uint8)
    for name, array in arrays.items():
        first = places[name][2]
        blob[first : first + array.nbytes] = np.ascontiguousarray(array).view(np.uint8).reshape(-1)
    return Pack(json.dumps({"arrays": places, "numbers": numbers}), blob)


def _arrays(pack: Pack) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    header = json.loads(pack.header)
    found = {}
    for name, (dtype, shape, first) in header["arrays"].items():
        size = np.dtype(dtype).itemsize * int(np.prod(shape, dtype=np.int64))
        found[name] = pack.blob[first : first + size].view(dtype).reshape(shape)
    return found, header["numbers"]
