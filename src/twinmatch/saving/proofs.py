"""Reading what proves a matching under quotas; it stands under names of schools and quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.certify.plain import PRICE_LIMIT
from twinmatch.errors import Fault, FormatError
from twinmatch.saving.layout import MANIFEST
from twinmatch.saving.values import number, whole

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt
    import pyarrow as pa

    from twinmatch.graph.constraints import Prices
    from twinmatch.policy.asked import Asked
    from twinmatch.proof import Proof

__all__ = ["proof_of"]


def proof_of(
    folder: Path,
    tables: dict[str, pa.Table],
    record: dict[str, Any],
    taken: npt.NDArray[np.int64],
    rows: tuple[dict[str, int], dict[str, int]],
    request: Asked,
) -> Proof:
    """Put together what proves a matching under quotas; it stands under names of schools and quotas."""
    from twinmatch.graph.constraints import Prices
    from twinmatch.proof import Proof

    files = {"left": "left_prices", "right": "prices", "quota": "quota_prices"}
    places = {
        side: [row[name] for name in tables[files[side]][f"{side}_id"].to_pylist()]
        for side, row in zip(("left", "right"), rows, strict=True)
    }
    for side, row in zip(("left", "right"), rows, strict=True):
        if len(places[side]) != len(row):
            what = f"lists {len(places[side]):,} of {len(row):,} schools"
            raise FormatError(str(folder), [Fault(f"{files[side]}.parquet", what)])
    names = [quota.name for quota in request.constraints.quotas]
    names += [wish.name for wish in request.balance] + [wish.name for wish in request.relative]
    places["quota"] = _places_of(folder, tables["quota_prices"]["quota"].to_pylist(), names, request)

    def column(side: str, name: str) -> npt.NDArray[np.int64]:
        out = np.zeros(len(places[side]), np.int64)
        out[places[side]] = whole(tables[files[side]], name)
        return out

    def prices(name: str) -> Prices | None:
        coverage = record[name]
        if coverage is None:
            return None
        left, right, quota = (column(side, name) for side in files)
        if abs(number(name, coverage)) > PRICE_LIMIT:
            raise FormatError(str(folder), [Fault(MANIFEST, f"has a {name} beyond {PRICE_LIMIT:,}")])
        return Prices(left, right, quota, coverage)

    clash = None
    if "clash" in tables["quota_prices"].column_names:
        marks = np.zeros(len(places["quota"]), bool)
        marks[places["quota"]] = tables["quota_prices"]["clash"].to_pylist()
        clash = tuple(np.flatnonzero(marks).tolist())
    if not isinstance(record["searched"], bool):
        raise TypeError(f"searched must be true or false, not {record['searched']!r}")
    scale = number("price_scale", record["price_scale"])
    if not 1 <= scale <= PRICE_LIMIT:
        raise FormatError(str(folder), [Fault(MANIFEST, f"has a price_scale outside 1 to {PRICE_LIMIT:,}")])
    return Proof(
        taken,
        column("left", "price"),
        column("quota", "price"),
        scale,
        prices("cover"),
        prices("witness"),
        clash,
        record["searched"],
    )


def _places_of(folder: Path, found: list[str], names: list[str], request: Asked) -> list[int]:
    """Return which quota each row is about; wishes are not there where nothing that must hold can."""
    wanted = names if len(found) == len(names) else names[: len(request.constraints.quotas)]
    # Quotas of one name, which a policy may make, keep the order that they stand in.
    of_found, of_wanted = (sorted(range(len(one)), key=one.__getitem__) for one in (found, wanted))
    if [found[row] for row in of_found] != [wanted[row] for row in of_wanted]:
        lost = sorted(set(wanted) ^ set(found)) or sorted(found)
        what = f"names other quotas than the policy makes on these tables (first: {', '.join(lost[:3])})"
        raise FormatError(str(folder), [Fault("quota_prices.parquet", what)])
    out = [0] * len(found)
    for row, place in zip(of_found, of_wanted, strict=True):
        out[row] = place
    return out
