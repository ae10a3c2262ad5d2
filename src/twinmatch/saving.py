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

That is format 1. Where the policy asks for more than pairs (quotas, locks, bounds, points before coverage),
the folder is of format 2: ``pairs`` may name a left school several times, and the proof is there too.

==================================  =================================================================
``left_prices.parquet``             of each left school: ``left_id``, ``price``
``quota_prices.parquet``            of each quota: ``quota``, its name, and ``price``
``matching.json``                   besides, ``proof``: how to read prices, and what rests on a search
==================================  =================================================================

All three files of prices then have a column ``cover`` where a coverage bound is proven, and ``witness`` where
it is proven that nothing exists; quotas that a search found to clash are marked in ``clash``.

Where a mechanism other than the most points was asked for, the folder is of format 3: as one of the other
two, and ``mechanism`` in ``matching.json`` names it. A transform of the user's own comes with its entries.

==================================  =================================================================
``curve.parquet``                   ``worth``: what 0, 1, ... points count for
``right_policy.toml``               the policy by which right schools rank, of ``stable``
``matching.json``                   besides, ``lottery``, the seed of ``serial_dictatorship``; ``promise``,
                                    the floor of ``leximin`` and the schools that prove it; ``ranks``
``rank_prices.parquet``             ``price`` of places that proves the points, of ``rank_maximal``
==================================  =================================================================

Each file is written under another name and put in place in one step. Nothing is pickled.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.certify.plain import PRICE_LIMIT
from twinmatch.columns import safe_text
from twinmatch.errors import Fault, FormatError, InputError, TwinMatchError
from twinmatch.intake.folder import record_in, table_in
from twinmatch.intake.limits import refuse
from twinmatch.mechanisms import (
    NAMES,
    Concave,
    Leximin,
    Mechanism,
    RankMaximal,
    SerialDictatorship,
    Stable,
    most_points,
    named,
    rank_maximal,
)
from twinmatch.mechanisms.transformed import is_concave
from twinmatch.spreadsheet import escaped
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    import pyarrow as pa

    from twinmatch.matching import Matching, Proof
    from twinmatch.policy.asked import Asked
    from twinmatch.solvers.fairest import Promise

__all__ = ["FORMAT", "UNDER_QUOTAS", "WITH_MECHANISM", "load", "place", "save"]

#: Versions of the folder's layout: without and with a proof under quotas, and with a mechanism, either way.
#: Another one is refused in words.
FORMAT, UNDER_QUOTAS, WITH_MECHANISM = 1, 2, 3

#: What only one mechanism has.
_OF_MECHANISM = {
    "promise": Leximin.name,
    "ranks": RankMaximal.name,
    "lottery": SerialDictatorship.name,
    "right_policy": Stable.name,
}
#: No floor and no weight of ``leximin`` is larger.
MOST_FLOOR = 2**30

_NUMBERS = ("objective", "bound", "coverage", "coverage_bound", "coverage_price", "seed")


def save(matching: Matching, directory: str | os.PathLike[str]) -> None:
    """Write a matching; see :meth:`twinmatch.matching.Matching.save`."""
    import pyarrow as pa
    import pyarrow.csv as pv
    import pyarrow.parquet as pq

    from twinmatch import __version__

    folder = place("save", "directory", directory, folder=True)
    folder.mkdir(parents=True, exist_ok=True)
    toml = matching.policy.to_toml()
    right_policy = getattr(matching.mechanism, "right_policy", None)
    right_toml = None if right_policy is None else right_policy.to_toml()
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
        csv(name, escaped(table))
    parquet("left", matching.left.table)
    parquet("right", matching.right.table)
    prices = {
        "right_id": pa.array(matching.right.ids, pa.string()),
        "places": matching.right_capacity,
        "price": matching.right_price,
    }
    proof = matching.proof
    tables = ("left_prices", "quota_prices", "curve", "rank_prices")
    for name in (*(f"{table}.parquet" for table in tables), "right_policy.toml"):
        (folder / name).unlink(missing_ok=True)  # of another matching
    if proof is not None:
        prices |= _proven(proof, "right")
        names = [quota.name for quota in matching.constraints.quotas]
        quotas = {
            "quota": pa.array(names, pa.string()),
            "price": proof.quota_price,
            **_proven(proof, "quota"),
        }
        if proof.clash is not None:
            quotas["clash"] = np.isin(np.arange(len(names)), proof.clash)
        lefts = {"left_id": pa.array(matching.left.ids, pa.string()), "price": proof.left_price}
        parquet("left_prices", pa.table(lefts | _proven(proof, "left")))
        parquet("quota_prices", pa.table(quotas))
    parquet("prices", pa.table(prices))
    mechanism = matching.mechanism
    if isinstance(mechanism, Concave):
        parquet("curve", pa.table({"worth": mechanism.entries}))
    if right_toml is not None:
        _write(folder / "right_policy.toml", lambda path: path.write_text(right_toml, encoding="utf-8"))
    _write(folder / "policy.toml", lambda path: path.write_text(toml, encoding="utf-8"))
    # A check that was made already need not be made again, unless it was stopped or refused.
    last = matching.__dict__.get("last_certificate")
    certificate = (last if last is not None and last.ok else matching.verify()).to_dict()
    _write(folder / "certificate.json", lambda path: _write_json(path, certificate))
    record: dict[str, Any] = {
        "format": FORMAT if proof is None else UNDER_QUOTAS,
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
    if mechanism != most_points():
        record["format"], record["mechanism"] = WITH_MECHANISM, mechanism.name
    if isinstance(mechanism, Leximin) and mechanism.promise is not None:
        promise = mechanism.promise
        record["promise"] = {
            "floor": promise.floor,
            "weight": promise.weight,
            "witness_left": [str(name) for name in matching.left.ids[promise.witness_left]],
        }
    if isinstance(mechanism, RankMaximal):
        record["ranks"] = mechanism.ranks
        if mechanism.right_price is not None:
            parquet("rank_prices", pa.table({"price": mechanism.right_price}))
    if isinstance(mechanism, SerialDictatorship):
        record["lottery"] = mechanism.seed
    if right_toml is not None:
        record["right_policy"] = "right_policy.toml"
    if proof is not None:
        record["proof"] = {
            "price_scale": proof.price_scale,
            "searched": proof.searched,
            "cover": None if proof.cover is None else proof.cover.coverage,
            "witness": None if proof.witness is None else proof.witness.coverage,
        }
    _write(manifest, lambda path: _write_json(path, record))


def place(subject: str, where: str, given: object, *, folder: bool) -> Path:
    """
    Return where something is to be written or read.

    Raises
    ------
    InputError
        If it is no path, an empty one, or a file where a folder is meant, or the other way round.
    """
    kind = "folder" if folder else "file"
    what = ""
    if not isinstance(given, str | os.PathLike):
        what = f"must be the path of a {kind}, not {'None' if given is None else type(given).__name__}"
    elif not os.fspath(given):
        what = "is empty"
    else:
        path = Path(given)
        if not path.exists() or path.is_dir() == folder:
            return path
        what = f"is a {'file' if folder else 'folder'}: {path}"
    raise InputError(
        subject, [Fault(where, what, hint=f"Give a {kind}, such as 'twins{'' if folder else '.html'}'.")]
    )


def load(directory: str | os.PathLike[str]) -> Matching:
    """Read a matching; see :func:`twinmatch.matching.load_matching`."""
    from twinmatch.matching import Matching
    from twinmatch.policy import Policy
    from twinmatch.policy.asked import asked
    from twinmatch.schools import Schools

    folder = place("load_matching", "directory", directory, folder=True)
    record = _manifest(folder)
    under_quotas = record["format"] == UNDER_QUOTAS or "proof" in record
    names = ("left", "right", "pairs", "prices", *(("left_prices", "quota_prices") if under_quotas else ()))
    tables = {name: _read(folder, name) for name in names}
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
        columns = [right_row[name] for name in pairs["right_id"].to_pylist()]
        # Pairs are sorted, so that of several partners of a school the first is the one that is written last.
        by_id = np.lexsort([columns, rows])
        taken = np.array([rows, columns], np.int64).T.reshape(-1, 2)[by_id]
        mate[taken[::-1, 0]] = taken[::-1, 1]
        order = [right_row[name] for name in tables["prices"]["right_id"].to_pylist()]
        places, price = np.zeros(len(right), np.int64), np.zeros(len(right), np.int64)
        places[order] = _whole(tables["prices"], "places")
        price[order] = _whole(tables["prices"], "price")
        if len(places) and (places.min() < 0 or places.max() > PRICE_LIMIT):
            what = f"has places outside 0 to {PRICE_LIMIT:,}"
            raise FormatError(str(folder), [Fault("prices.parquet", what)])
        fingerprints = _texts("fingerprints", record["fingerprints"], 3)
        (seal,) = _texts("seal", [record["seal"]], 1)
        witness = np.zeros(len(left), bool)
        witness[[left_row[name] for name in record["witness_left"]]] = True
        numbers: dict[str, Any] = {name: _number(name, record[name]) for name in _NUMBERS}
        proof = None
        if under_quotas:
            request = asked(policy, left, right, places)
            proof = _proof(folder, tables, record["proof"], taken, (left_row, right_row), request)
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
            proof=proof,
            mechanism=_mechanism(folder, record, left_row),
            **numbers,
        )
        # Nothing is computed from this column; `verify` says whether it is true. Pairs are sorted by id.
        matching.__dict__["points_on_file"] = pairs["points"].to_numpy()[by_id]
        return matching
    except TwinMatchError:
        raise
    except (
        LookupError,
        TypeError,
        ValueError,
        ArithmeticError,
        AttributeError,
        NotImplementedError,
    ) as error:
        what = f"does not hold what a matching needs ({type(error).__name__}: {safe_text(str(error)[:200])})"
    return refuse(str(folder), what, where="matching.json")


def _mechanism(folder: Path, record: dict[str, Any], left_row: dict[str, int]) -> Mechanism:
    """Return what the matching was to be best at."""
    from twinmatch.policy import Policy

    if record["format"] != WITH_MECHANISM:
        return most_points()
    strangers = [key for key, name in _OF_MECHANISM.items() if key in record and record["mechanism"] != name]
    if strangers:
        what = f"has {strangers[0]!r}, which {record['mechanism']!r} does not"
        raise FormatError(str(folder), [Fault("matching.json", what, len(strangers))])
    if "promise" in record:
        return Leximin(_promise(folder, record["promise"], left_row))
    if "ranks" in record:
        ranked = rank_maximal(_number("ranks", record["ranks"]))
        if not (folder / "rank_prices.parquet").is_file():
            return ranked
        return RankMaximal(ranked.ranks, _whole(_read(folder, "rank_prices"), "price"))
    if record["mechanism"] in NAMES:
        seed = _number("lottery", record["lottery"]) if "lottery" in record else None
        path = folder / "right_policy.toml"
        if "right_policy" in record and not path.is_file():
            raise FormatError(str(folder), [Fault(path.name, "is missing")])
        other = Policy.load(path) if "right_policy" in record else None
        return named(record["mechanism"], seed=seed, right_policy=other)
    if record["mechanism"] != Concave.name:
        what = f"names a mechanism that this version does not know: {record['mechanism']!r}"
        raise FormatError(str(folder), [Fault("matching.json", what)])
    entries = _whole(_read(folder, "curve"), "worth")
    if not len(entries) or not is_concave(entries):
        what = "is no concave curve: its entries must be 0 or more, never fall, and rise ever less"
        raise FormatError(str(folder), [Fault("curve.parquet", what)])
    return Concave(None, entries.astype(np.int32))


def _promise(folder: Path, record: dict[str, Any], left_row: dict[str, int]) -> Promise:
    """Return the floor of a matching whose worst pair comes first."""
    from twinmatch.solvers.fairest import Promise

    floor, weight = (_number(name, record[name]) for name in ("floor", "weight"))
    names = _texts("witness_left", record["witness_left"], len(record["witness_left"]))
    faults = []
    if not (abs(floor) <= MOST_FLOOR and 0 <= weight <= MOST_FLOOR):
        faults.append(Fault("matching.json", f"promises {floor:,} points with a weight of {weight:,}"))
    if strangers := [name for name in names if name not in left_row]:
        what = f"names {strangers[0]!r} as a witness, which is no left school"
        faults.append(Fault("matching.json", what, len(strangers)))
    if faults:
        raise FormatError(str(folder), faults)
    witness = np.zeros(len(left_row), bool)
    witness[[left_row[name] for name in names]] = True
    return Promise(floor, weight, witness)


# -- The proof under quotas --------------------------------------------------------------------------------


def _proven(proof: Proof, side: str) -> dict[str, Any]:
    """Return what proves a coverage bound, and that nothing exists: columns of a side or of the quotas."""
    parts = {"cover": proof.cover, "witness": proof.witness}
    return {name: getattr(part, side) for name, part in parts.items() if part is not None}


def _proof(
    folder: Path,
    tables: dict[str, pa.Table],
    record: dict[str, Any],
    taken: npt.NDArray[np.int64],
    rows: tuple[dict[str, int], dict[str, int]],
    request: Asked,
) -> Proof:
    """Put together what proves a matching under quotas; it stands under names of schools and quotas."""
    from twinmatch.graph.constraints import Prices
    from twinmatch.matching import Proof

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
        out[places[side]] = _whole(tables[files[side]], name)
        return out

    def prices(name: str) -> Prices | None:
        coverage = record[name]
        if coverage is None:
            return None
        left, right, quota = (column(side, name) for side in files)
        return Prices(left, right, quota, _number(name, coverage))

    clash = None
    if "clash" in tables["quota_prices"].column_names:
        marks = np.zeros(len(places["quota"]), bool)
        marks[places["quota"]] = tables["quota_prices"]["clash"].to_pylist()
        clash = tuple(np.flatnonzero(marks).tolist())
    if not isinstance(record["searched"], bool):
        raise TypeError(f"searched must be true or false, not {record['searched']!r}")
    return Proof(
        taken,
        column("left", "price"),
        column("quota", "price"),
        _number("price_scale", record["price_scale"]),
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


def _whole(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    """Return a column of whole numbers, and nothing else."""
    import pyarrow as pa

    column = table[name]
    if not pa.types.is_integer(column.type) or column.null_count:
        raise TypeError(f"the column {name} must hold whole numbers, not {column.type}")
    return np.asarray(column.to_numpy(), np.int64)


def _number(name: str, found: Any) -> int:
    """Return a whole number, and nothing else."""
    if type(found) is not int:
        raise TypeError(f"{name} must be a whole number, not {found!r}")
    return found


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
    record = record_in(folder, path.name)
    found = record.get("format") if isinstance(record, dict) else None
    if type(found) is not int or found not in (FORMAT, UNDER_QUOTAS, WITH_MECHANISM):
        what = f"has format {found!r}, and this version of twinmatch reads {FORMAT} to {WITH_MECHANISM}"
        raise FormatError(str(folder), [Fault("matching.json", what)])
    return dict(record)


def _read(folder: Path, name: str) -> pa.Table:
    return table_in(folder, name)


def _strangers(
    tables: dict[str, pa.Table],
    left_row: dict[str, int],
    right_row: dict[str, int],
    witness: list[str],
) -> list[Fault]:
    """Return the ids that a file names and the tables do not have, and ids that stand twice."""
    faults = []
    under_quotas = []
    if "left_prices" in tables:
        prices = tables["left_prices"]["left_id"].to_pylist()
        under_quotas = [("left_prices.parquet, left_id", prices, left_row)]
    for where, names, known in (
        ("pairs.parquet, left_id", tables["pairs"]["left_id"].to_pylist(), left_row),
        ("pairs.parquet, right_id", tables["pairs"]["right_id"].to_pylist(), right_row),
        ("prices.parquet, right_id", tables["prices"]["right_id"].to_pylist(), right_row),
        *under_quotas,
        ("matching.json, witness_left", witness, left_row),
    ):
        rows = [row for row, name in enumerate(names) if name not in known]
        if rows:
            faults.append(
                Fault(where, "names schools that the tables do not have", len(rows), tuple(rows[:3]))
            )
        if where == "pairs.parquet, right_id" or (under_quotas and where == "pairs.parquet, left_id"):
            continue  # several partners
        if len(set(names)) != len(names):
            faults.append(Fault(where, "names a school twice", len(names) - len(set(names))))
    return faults


def _arrow(frame: Any) -> pa.Table:
    import narwhals as nw

    return nw.from_native(frame, eager_only=True).to_arrow()


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
