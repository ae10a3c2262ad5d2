"""Values that a folder holds, each believed only where it is of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.intake.content import utf8
from twinmatch.intake.limits import DEFAULT
from twinmatch.intake.parquet import parquet_table

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from twinmatch.policy import Policy
    from twinmatch.saving.atomic import Opened

__all__ = ["number", "policy_of", "table_of", "texts", "whole"]


def table_of(opened: Opened, name: str) -> pa.Table:
    """Return a table of the folder."""
    file = f"{name}.parquet"
    return parquet_table(f"{opened.folder} ({file})", opened.read(file), DEFAULT)


def policy_of(opened: Opened, name: str) -> Policy:
    """Return a policy of the folder."""
    from twinmatch.policy import Policy

    text = utf8(f"{opened.folder} ({name})", opened.read(name), "utf-8", DEFAULT).decode()
    return Policy.from_toml(text, source=str(opened.folder / name))


def whole(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    """Return a column of whole numbers, and nothing else."""
    import pyarrow as pa

    column = table[name]
    if not pa.types.is_integer(column.type) or column.null_count:
        raise TypeError(f"the column {name} must hold whole numbers, not {column.type}")
    return np.asarray(column.to_numpy(), np.int64)


def number(name: str, found: Any) -> int:
    """Return a whole number, and nothing else."""
    if type(found) is not int:
        raise TypeError(f"{name} must be a whole number, not {found!r}")
    return found


def texts(name: str, found: list[Any], count: int) -> list[str]:
    """Return so many texts, and nothing else."""
    if not (isinstance(found, list) and len(found) == count and all(isinstance(one, str) for one in found)):
        raise TypeError(f"{name} must be text ({count}), not {found!r}")
    return found
