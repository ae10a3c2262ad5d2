"""
Reading a matching from a folder, and trusting nothing in it.

What is read is of the right kind, of the right length and about the schools of the two tables, or it is
refused in words, and the file named. Whether it is true is for :meth:`twinmatch.Matching.verify`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.ancestry import Parent
from twinmatch.certify.plain import PRICE_LIMIT
from twinmatch.changing.agreements import AgreementExpires
from twinmatch.changing.change import Change
from twinmatch.contacts import safe_text
from twinmatch.errors import Fault, FormatError, TwinMatchError
from twinmatch.intake.limits import refuse
from twinmatch.room import bounded
from twinmatch.saving.atomic import Opened
from twinmatch.saving.layout import MANIFEST, NUMBERS, UNDER_QUOTAS
from twinmatch.saving.mechanisms import mechanism_of
from twinmatch.saving.place import place
from twinmatch.saving.proofs import proof_of
from twinmatch.saving.values import number, policy_of, table_of, texts, whole
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    import os

    import pyarrow as pa

    from twinmatch.matching import Matching

__all__ = ["load_matching"]


@bounded
def load_matching(directory: str | os.PathLike[str]) -> Matching:
    """
    Read a matching that :meth:`Matching.save` wrote.

    Parameters
    ----------
    directory : path

    Returns
    -------
    Matching
        Nothing in it is trusted: :meth:`Matching.verify` computes every claim again.

    Raises
    ------
    FormatError
        If the folder does not hold a matching that this version reads, with every fault.
    InputError
        If that is no path, an empty one, a file, or below a file.
    OSError
        If the system does not let it be read.
    """
    folder = place("load_matching", "directory", directory, folder=True)
    opened = Opened(folder)
    while True:
        try:
            return _matching(opened)
        except FormatError:
            again = Opened(folder)
            if again.manifest == opened.manifest:
                raise
            opened = again  # somebody saved meanwhile


def _matching(opened: Opened) -> Matching:
    from twinmatch.matching import Matching
    from twinmatch.policy.asked import asked
    from twinmatch.schools import Schools

    folder, record = opened.folder, opened.record
    under_quotas = record["format"] == UNDER_QUOTAS or "proof" in record
    names = ("left", "right", "pairs", "prices", *(("left_prices", "quota_prices") if under_quotas else ()))
    tables = {name: table_of(opened, name) for name in names}
    try:
        left = Schools(tables["left"], kind=record["kinds"][0], source=str(folder / "left.parquet"))
        right = Schools(tables["right"], kind=record["kinds"][1], source=str(folder / "right.parquet"))
        policy = policy_of(opened, "policy.toml")
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
        places[order] = whole(tables["prices"], "places")
        price[order] = whole(tables["prices"], "price")
        if len(places) and (places.min() < 0 or places.max() > PRICE_LIMIT):
            what = f"has places outside 0 to {PRICE_LIMIT:,}"
            raise FormatError(str(folder), [Fault("prices.parquet", what)])
        fingerprints = texts("fingerprints", record["fingerprints"], 3)
        seal, version = texts("seal", [record["seal"], record["twinmatch"]], 2)
        witness = np.zeros(len(left), bool)
        witness[[left_row[name] for name in record["witness_left"]]] = True
        numbers: dict[str, Any] = {name: number(name, record[name]) for name in NUMBERS}
        # Other mechanisms than the most points may count in larger numbers.
        limited = NUMBERS if "mechanism" not in record else ("coverage_price",)
        if far := [name for name in limited if name != "seed" and abs(numbers[name]) > PRICE_LIMIT]:
            what = f"has a {far[0]} beyond {PRICE_LIMIT:,}"
            raise FormatError(str(folder), [Fault(MANIFEST, what)])
        proof = None
        if under_quotas:
            request = asked(policy, left, right, places)
            proof = proof_of(folder, tables, record["proof"], taken, (left_row, right_row), request)
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
            version=version,
            proof=proof,
            mechanism=mechanism_of(opened, left_row),
            pending=_pending(record.get("pending", [])),
            parent=Parent.from_dict(record["parent"]) if "parent" in record else None,
            **numbers,
        )
        # Nothing is computed from this column; `verify` says whether it is true. Pairs are sorted by id.
        matching.__dict__["points_on_file"] = pairs["points"].to_numpy()[by_id]
        matching.__dict__["changed_on_file"] = opened.changed()
        matching.__dict__["digest_on_file"] = record.get("digest")
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
    return refuse(str(folder), what, where=MANIFEST)


def _pending(documents: list[Any]) -> tuple[AgreementExpires, ...]:
    """Return the changes that are not due yet."""
    changes = [Change.from_dict(document) for document in documents]
    ends = tuple(change for change in changes if isinstance(change, AgreementExpires))
    if len(ends) < len(changes):
        raise TypeError("only agreements that expire may be pending")
    return ends


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
