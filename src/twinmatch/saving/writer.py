"""Writing a matching into a folder; see :mod:`twinmatch.saving.layout` for what is in it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.mechanisms import (
    Concave,
    Leximin,
    Mechanism,
    RankMaximal,
    SerialDictatorship,
    most_points,
)
from twinmatch.saving.atomic import replace_all
from twinmatch.saving.layout import FORMAT, MANIFEST, NUMBERS, sha256, signed, written
from twinmatch.saving.place import place
from twinmatch.spreadsheet import escaped

if TYPE_CHECKING:
    import os

    import pyarrow as pa

    from twinmatch.matching import Matching
    from twinmatch.proof import Proof

__all__ = ["save"]


def save(matching: Matching, directory: str | os.PathLike[str]) -> None:
    """Write a matching; see :meth:`twinmatch.Matching.save`."""
    folder = place("save", "directory", directory, folder=True)
    files = _files(matching)
    record = _record(matching) | {"files": {name: sha256(content) for name, content in files.items()}}
    replace_all(folder, {**files, MANIFEST: written(signed(record))})


def _files(matching: Matching) -> dict[str, bytes]:
    """Return every file but ``matching.json``."""
    import pyarrow as pa

    files = {"policy.toml": matching.policy.to_toml().encode()}
    right_policy = getattr(matching.mechanism, "right_policy", None)
    if right_policy is not None:
        files["right_policy.toml"] = right_policy.to_toml().encode()
    for name, frame in (("pairs", matching.pairs), ("unmatched", matching.unmatched)):
        table = _arrow(frame)
        files[f"{name}.parquet"], files[f"{name}.csv"] = _parquet(table), _csv(table)
    files["left.parquet"], files["right.parquet"] = map(_parquet, (matching.left.table, matching.right.table))
    prices = {
        "right_id": pa.array(matching.right.ids, pa.string()),
        "places": matching.right_capacity,
        "price": matching.right_price,
    }
    if matching.proof is not None:
        prices |= _proven(matching.proof, "right")
        files |= _proof(matching, matching.proof)
    files["prices.parquet"] = _parquet(pa.table(prices))
    mechanism = matching.mechanism
    if isinstance(mechanism, Concave):
        files["curve.parquet"] = _parquet(pa.table({"worth": mechanism.entries}))
    if isinstance(mechanism, RankMaximal) and mechanism.right_price is not None:
        files["rank_prices.parquet"] = _parquet(pa.table({"price": mechanism.right_price}))
    # A check that was made already need not be made again, unless it was stopped or refused.
    last = matching.__dict__.get("last_certificate")
    certificate = (last if last is not None and last.ok else matching.verify()).to_dict()
    # How long it took is no part of what was found: the same matching is the same bytes.
    timed = ("seconds", "pass_seconds", "pairs_per_second")
    kept = {key: value for key, value in certificate.items() if key not in timed}
    files["certificate.json"] = written({"digest": matching.digest, **kept})
    return files


def _record(matching: Matching) -> dict[str, Any]:
    """Return what ``matching.json`` says, but for digests of files."""
    mechanism, proof = matching.mechanism, matching.proof
    record: dict[str, Any] = {
        "format": FORMAT,
        "twinmatch": matching.version,
        "digest": matching.digest,
        "status": str(matching.status),
        "limit": None if matching.limit is None else str(matching.limit),
        **{name: int(getattr(matching, name)) for name in NUMBERS},
        "witness_left": [str(name) for name in matching.left.ids[matching.witness_left]],
        "seal": matching.seal,
        "fingerprints": list(matching.fingerprints),
        "kinds": [matching.left.kind, matching.right.kind],
        "seconds": matching.seconds,
    }
    if mechanism != most_points():
        record["mechanism"] = mechanism.name
    record |= _of_mechanism(matching, mechanism)
    if matching.pending:
        record["pending"] = [change.to_dict() for change in matching.pending]
    if matching.parent is not None:
        record["parent"] = matching.parent.to_dict()
    if proof is not None:
        record["proof"] = {
            "price_scale": proof.price_scale,
            "searched": proof.searched,
            "cover": None if proof.cover is None else proof.cover.coverage,
            "witness": None if proof.witness is None else proof.witness.coverage,
        }
    return record


def _of_mechanism(matching: Matching, mechanism: Mechanism) -> dict[str, Any]:
    """Return what only one mechanism has."""
    if isinstance(mechanism, Leximin) and mechanism.promise is not None:
        promise = mechanism.promise
        witness = [str(name) for name in matching.left.ids[promise.witness_left]]
        return {"promise": {"floor": promise.floor, "weight": promise.weight, "witness_left": witness}}
    if isinstance(mechanism, RankMaximal):
        return {"ranks": mechanism.ranks}
    if isinstance(mechanism, SerialDictatorship):
        return {"lottery": mechanism.seed}
    if getattr(mechanism, "right_policy", None) is not None:
        return {"right_policy": "right_policy.toml"}
    return {}


def _proof(matching: Matching, proof: Proof) -> dict[str, bytes]:
    """Return the prices of left schools and of quotas."""
    import pyarrow as pa

    names = [quota.name for quota in matching.constraints.quotas]
    quotas = {
        "quota": pa.array(names, pa.string()),
        "price": proof.quota_price,
        **_proven(proof, "quota"),
    }
    if proof.clash is not None:
        quotas["clash"] = np.isin(np.arange(len(names)), proof.clash)
    lefts = {"left_id": pa.array(matching.left.ids, pa.string()), "price": proof.left_price}
    return {
        "left_prices.parquet": _parquet(pa.table(lefts | _proven(proof, "left"))),
        "quota_prices.parquet": _parquet(pa.table(quotas)),
    }


def _proven(proof: Proof, side: str) -> dict[str, Any]:
    """Return what proves a coverage bound, and that nothing exists: columns of a side or of the quotas."""
    parts = {"cover": proof.cover, "witness": proof.witness}
    return {name: getattr(part, side) for name, part in parts.items() if part is not None}


def _parquet(table: pa.Table) -> bytes:
    import pyarrow.parquet as pq

    content = io.BytesIO()
    pq.write_table(table, content, compression="zstd")
    return content.getvalue()


def _csv(table: pa.Table) -> bytes:
    import pyarrow.csv as pv

    content = io.BytesIO()
    pv.write_csv(escaped(table), content)
    return content.getvalue()


def _arrow(frame: Any) -> pa.Table:
    import narwhals as nw

    return nw.from_native(frame, eager_only=True).to_arrow()
