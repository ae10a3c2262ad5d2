"""A digest of a table: the same for the same values, whatever holds them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.pausing import pause

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["digest_of"]


def digest_of(table: pa.Table) -> str:
    """Hash the values of a table in row order: lengths before bytes, so that no two tables read alike."""
    digest = hashlib.sha256(b"twinmatch schools 1")
    for name in sorted(table.column_names):
        pause()
        column = table[name].combine_chunks()
        if column.null_count == len(column):
            continue
        digest.update(f"\0{len(name.encode())}\0{name}\0".encode())
        _hash_column(digest, column)
    return digest.hexdigest()


def _hash_column(digest: Any, column: pa.Array) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    digest.update(np.packbits(column.is_valid().to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        digest.update(np.asarray(pc.list_value_length(column).fill_null(0), np.int64).tobytes())
        _hash_column(digest, pc.list_flatten(column))
        return
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        values = np.array(column.cast(pa.float64(), safe=False).fill_null(0.0), np.float64) + 0.0
        values[np.isnan(values)] = np.nan
        digest.update(b"number" + values.tobytes())
        return
    try:
        text = column.cast(pa.large_string())
    except pa.ArrowNotImplementedError:
        text = pa.array(
            [None if cell is None else str(cell) for cell in column.to_pylist()], pa.large_string()
        )
    # Straight from the buffers: the cells of a large table would make a million Python strings.
    text = pa.concat_arrays([text.fill_null("")])
    _, ends, data = text.buffers()
    edges = (
        np.frombuffer(ends, np.int64)[text.offset : text.offset + len(text) + 1]
        if ends
        else np.zeros(1, np.int64)
    )
    digest.update(b"text" + np.diff(edges).tobytes())
    digest.update(memoryview(data or b"")[int(edges[0]) : int(edges[-1])])
