"""
Matchings as folders of files that other programs can read.

==================================  =================================================================
``pairs.parquet``, ``.csv``         who with whom: ``left_id``, ``right_id``, ``points``, then each criterion
``unmatched.parquet``, ``.csv``     who is left out: ``left_id``, ``reason``
``left.parquet``, ``right.parquet`` the two tables of schools, sorted by id
``prices.parquet``                  of each right school: ``right_id``, ``places``, ``price``
``policy.toml``                     the policy
``certificate.json``                every claim as it was checked when the matching was saved
``matching.json``                   format, version, numbers, witness, digests; written last
==================================  =================================================================

Each file is written under another name and put in place in one step. Nothing is pickled.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.errors import Fault, FormatError, TwinMatchError
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from twinmatch.matching import Matching

__all__ = ["FORMAT", "load", "save"]

#: Version of the folder's layout; a folder of another one is refused in words.
FORMAT = 1

_NUMBERS = ("objective", "bound", "coverage", "coverage_bound", "coverage_price", "seed")
# A spreadsheet would run a text that starts with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def save(matching: Matching, directory: str | os.PathLike[str]) -> None:
    """Write a matching; see :meth:`twinmatch.matching.Matching.save`."""
    import pyarrow as pa
    import pyarrow.csv as pv
    import pyarrow.parquet as pq

    from twinmatch import __version__

    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    toml = matching.policy.to_toml()
    manifest = folder / "matching.json"
    # From here on the folder holds no matching until the last file is in place.
    manifest.unlink(missing_ok=True)

    def parquet(name: str, table: pa.Table) -> None:
        _write(folder / f"{name}.parquet", lambda path: pq.write_table(table, path, compression="zstd"))

    def csv(name: str, table: pa.Table) -> None:
        _write(folder / f"{name}.csv", lambda path: pv.write_csv(table, path))

    for name, frame in (("pairs", matching.pairs), ("unmatched", matching.unmatched)):
        table = _arrow(frame)
        parquet(name, table)
        csv(name, _spreadsheet_safe(table))
    parquet("left", matching.left.table)
    parquet("right", matching.right.table)
    prices = {
        "right_id": pa.array(matching.right.ids, pa.string()),
        "places": matching.right_capacity,
        "price": matching.right_price,
    }
    parquet("prices", pa.table(prices))
    _write(folder / "policy.toml", lambda path: path.write_text(toml, encoding="utf-8"))
    # A check that was made already need not be made again, unless it was stopped or refused.
    last = matching.__dict__.get("last_certificate")
    certificate = (last if last is not None and last.ok else matching.verify()).to_dict()
    _write(folder / "certificate.json", lambda path: _write_json(path, certificate))
    record = {
        "format": FORMAT,
        "twinmatch": __version__,
        "status": str(matching.status),
        "limit": None if matching.limit is None else str(matching.limit),
        **{name: int(getattr(matching, name)) for name in _NUMBERS},
        "witness_left": [str(name) for name in matching.left.ids[matching.witness_left]],
        "seal": matching.seal,
        "fingerprints": list(matching.fingerprints),
        "kinds": [matching.left.kind, matching.right.kind],
        "seconds": matching.seconds,
    }
    _write(manifest, lambda path: _write_json(path, record))


def load(directory: str | os.PathLike[str]) -> Matching:
    """Read a matching; see :func:`twinmatch.matching.load_matching`."""
    from twinmatch.matching import Matching
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

    folder = Path(directory)
    record = _manifest(folder)
    tables = {name: _read(folder, name) for name in ("left", "right", "pairs", "prices")}
    try:
        left = Schools(tables["left"], kind=record["kinds"][0], source=str(folder / "left.parquet"))
        right = Schools(tables["right"], kind=record["kinds"][1], source=str(folder / "right.parquet"))
        policy = Policy.load(folder / "policy.toml")
        left_row = {name: row for row, name in enumerate(left.ids)}
        right_row = {name: row for row, name in enumerate(right.ids)}
        faults = _strangers(tables, left_row, right_row, record["witness_left"])
        if faults:
            raise FormatError(str(folder), faults)
        mate = np.full(len(left), -1, np.int64)
        pairs = tables["pairs"]
        rows = [left_row[name] for name in pairs["left_id"].to_pylist()]
        mate[rows] = [right_row[name] for name in pairs["right_id"].to_pylist()]
        order = [right_row[name] for name in tables["prices"]["right_id"].to_pylist()]
        places, price = np.zeros(len(right), np.int64), np.zeros(len(right), np.int64)
        places[order] = tables["prices"]["places"].to_numpy()
        price[order] = tables["prices"]["price"].to_numpy()
        fingerprints = _texts("fingerprints", record["fingerprints"], 3)
        (seal,) = _texts("seal", [record["seal"]], 1)
        witness = np.zeros(len(left), bool)
        witness[[left_row[name] for name in record["witness_left"]]] = True
        matching = Matching(
            left=left,
            right=right,
            policy=policy,
            right_capacity=places,
            mate=mate,
            right_price=price,
            witness_left=witness,
            status=Status(record["status"]),
            limit=None if record["limit"] is None else Limit(record["limit"]),
            seal=seal,
            fingerprints=(fingerprints[0], fingerprints[1], fingerprints[2]),
            seconds=record["seconds"],
            **{name: record[name] for name in _NUMBERS},
        )
        # Nothing is computed from this column; `verify` says whether it is true. Pairs are sorted by left id.
        points = pairs["points"].to_numpy()[np.argsort(rows, kind="stable")]
        matching.__dict__["points_on_file"] = points
        return matching
    except TwinMatchError:
        raise
    except (KeyError, TypeError, ValueError, IndexError) as error:
        what = f"does not hold what a matching needs ({type(error).__name__}: {error})"
        raise FormatError(str(folder), [Fault("matching.json", what)]) from error


def _texts(name: str, found: list[Any], count: int) -> list[str]:
    """Return so many texts, and nothing else."""
    if not (isinstance(found, list) and len(found) == count and all(isinstance(one, str) for one in found)):
        raise TypeError(f"{name} must be text ({count}), not {found!r}")
    return found


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "matching.json"
    if not path.is_file():
        hint = "A matching is a folder that `save` or `twinmatch match --out` wrote to its end."
        raise FormatError(str(folder), [Fault("matching.json", "is missing", hint=hint)])
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(str(folder), [Fault("matching.json", f"is not JSON: {error}")]) from error
    found = record.get("format") if isinstance(record, dict) else None
    if found != FORMAT:
        what = f"has format {found!r}, and this version of twinmatch reads {FORMAT}"
        raise FormatError(str(folder), [Fault("matching.json", what)])
    return dict(record)


def _read(folder: Path, name: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise FormatError(str(folder), [Fault(path.name, "is missing")])
    try:
        return pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise FormatError(str(folder), [Fault(path.name, f"cannot be read: {error}")]) from error


def _strangers(
    tables: dict[str, pa.Table],
    left_row: dict[str, int],
    right_row: dict[str, int],
    witness: list[str],
) -> list[Fault]:
    """Return the ids that a file names and the tables do not have, and ids that stand twice."""
    faults = []
    for where, names, known in (
        ("pairs.parquet, left_id", tables["pairs"]["left_id"].to_pylist(), left_row),
        ("pairs.parquet, right_id", tables["pairs"]["right_id"].to_pylist(), right_row),
        ("prices.parquet, right_id", tables["prices"]["right_id"].to_pylist(), right_row),
        ("matching.json, witness_left", witness, left_row),
    ):
        rows = [row for row, name in enumerate(names) if name not in known]
        if rows:
            faults.append(
                Fault(where, "names schools that the tables do not have", len(rows), tuple(rows[:3]))
            )
        if "right_id" not in where.split("pairs.parquet, ") and len(set(names)) != len(names):
            faults.append(Fault(where, "names a school twice", len(names) - len(set(names))))
    return faults


def _arrow(frame: Any) -> pa.Table:
    import narwhals as nw

    return nw.from_native(frame, eager_only=True).to_arrow()


def _spreadsheet_safe(table: pa.Table) -> pa.Table:
    """Put an apostrophe before every text that a spreadsheet would take for a formula; numbers stay."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for column in table.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            risky = pc.is_in(pc.utf8_slice_codeunits(column, 0, 1), value_set=pa.array(_FORMULA, column.type))
            escaped = pc.binary_join_element_wise(
                pa.scalar("'", column.type), column, pa.scalar("", column.type)
            )
            column = pc.if_else(risky, escaped, column)
        columns.append(column)
    return pa.table(columns, names=table.column_names)


def _write(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file next to its place and put it there in one step."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _write_json(path: Path, record: dict[str, Any]) -> None:
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
