"""
The layout of a folder that holds a matching: names of files, versions, and ``matching.json``.

==================================  =================================================================
``pairs.parquet``, ``.csv``         who with whom: ``left_id``, ``right_id``, ``points``, then each criterion
``unmatched.parquet``, ``.csv``     who is left out: ``left_id``, ``reason``
``left.parquet``, ``right.parquet`` the two tables of schools, sorted by id
``prices.parquet``                  of each right school: ``right_id``, ``places``, ``price``
``policy.toml``                     the policy
``certificate.json``                every claim as it was checked when the matching was saved
``matching.json``                   format, version, numbers, witness, digests
==================================  =================================================================

Where the policy asks for more than pairs (quotas, locks, bounds, points before coverage), ``pairs`` may name
a left school several times, and the proof is there too.

==================================  =================================================================
``left_prices.parquet``             of each left school: ``left_id``, ``price``
``quota_prices.parquet``            of each quota: ``quota``, its name, and ``price``
``matching.json``                   besides, ``proof``: how to read prices, and what rests on a search
==================================  =================================================================

All three files of prices then have a column ``cover`` where a coverage bound is proven, and ``witness`` where
it is proven that nothing exists; quotas that a search found to clash are marked in ``clash``.

Where a mechanism other than the most points was asked for, ``mechanism`` in ``matching.json`` names it. A
transform of the user's own comes with its entries.

==================================  =================================================================
``curve.parquet``                   ``worth``: what 0, 1, ... points count for
``right_policy.toml``               the policy by which right schools rank, of ``stable``
``matching.json``                   besides, ``lottery``, the seed of ``serial_dictatorship``; ``promise``,
                                    the floor of ``leximin`` and the schools that prove it; ``ranks``
``rank_prices.parquet``             ``price`` of places that proves the points, of ``rank_maximal``
==================================  =================================================================

A matching that was repaired has ``parent``, what it was repaired from and by what, and ``pending``, the
changes that are not due yet.

``matching.json`` lists the SHA-256 of every other file in ``files``, and its own, without that entry, in
``sha256``: a file that was torn, exchanged or changed is refused.

Versions
    1, 2 and 3 had neither digests of files nor a digest of what was asked; 2 was for proofs under quotas, 3
    for mechanisms. All of them are read. 4 is what is written. A new kind of value is a new key, or a new
    file that a new key speaks of: a reader that does not know a key refuses it in words, so that nobody
    overlooks what a later version thought worth writing.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from twinmatch.errors import Fault, FormatError
from twinmatch.intake.content import json_value
from twinmatch.intake.limits import DEFAULT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "FILES",
    "FORMAT",
    "FOR_PEOPLE",
    "MANIFEST",
    "NUMBERS",
    "UNDER_QUOTAS",
    "manifest_of",
    "sha256",
    "signed",
    "written",
]

#: The version that is written, and an earlier one in which all folders had a proof under quotas.
FORMAT, UNDER_QUOTAS = 4, 2

#: The file that all others hang on.
MANIFEST = "matching.json"

#: Every file that a matching may have.
FILES = (
    "pairs.parquet",
    "pairs.csv",
    "unmatched.parquet",
    "unmatched.csv",
    "left.parquet",
    "right.parquet",
    "prices.parquet",
    "left_prices.parquet",
    "quota_prices.parquet",
    "curve.parquet",
    "rank_prices.parquet",
    "policy.toml",
    "right_policy.toml",
    "certificate.json",
)

#: Nothing is read from these; whether they are still what was saved is for the check to say.
FOR_PEOPLE = ("pairs.csv", "unmatched.parquet", "unmatched.csv", "certificate.json")

#: Whole numbers of a matching.
NUMBERS = ("objective", "bound", "coverage", "coverage_bound", "coverage_price", "seed")

#: What ``matching.json`` always has, and what only some matchings have.
_ALWAYS = (
    "format",
    "twinmatch",
    "digest",
    "status",
    "limit",
    *NUMBERS,
    "witness_left",
    "seal",
    "fingerprints",
    "kinds",
    "seconds",
    "files",
    "sha256",
)
_SOMETIMES = ("mechanism", "promise", "ranks", "lottery", "right_policy", "proof", "pending", "parent")


def sha256(content: bytes) -> str:
    """Return the digest of a file, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def written(record: dict[str, Any]) -> bytes:
    """Return a record as the content of a JSON file."""
    return (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def signed(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record of ``matching.json`` with its own digest."""
    bare = {key: value for key, value in record.items() if key != "sha256"}
    return {**bare, "sha256": sha256(written(bare))}


def manifest_of(folder: Path, content: bytes) -> dict[str, Any]:
    """
    Return what ``matching.json`` says.

    Raises
    ------
    FormatError
        If it is not JSON, of another version, or not what was written.
    """
    from twinmatch import __version__

    record = json_value(f"{folder} ({MANIFEST})", content, DEFAULT)
    found = record.get("format") if isinstance(record, dict) else None
    if type(found) is not int or not 1 <= found <= FORMAT:
        what = f"has format {found!r}, and this version of twinmatch reads 1 to {FORMAT}"
        hint = "Read a folder of a later version with that version."
        raise FormatError(str(folder), [Fault(MANIFEST, what, hint=hint)])
    if found < FORMAT:
        return dict(record)
    unknown = sorted(set(record) - set(_ALWAYS) - set(_SOMETIMES))
    if unknown:
        what = f"has {', '.join(map(repr, unknown[:3]))}, which version {__version__} does not know"
        hint = f"It was written by version {record.get('twinmatch')}: read it with that one or a later one."
        raise FormatError(str(folder), [Fault(MANIFEST, what, hint=hint)])
    if not _is_signed(record):
        hint = "It was torn or changed; nothing else in the folder is read."
        raise FormatError(str(folder), [Fault(MANIFEST, "is not what was written", hint=hint)])
    missing = [key for key in _ALWAYS if key not in record]
    files = record.get("files")
    known = isinstance(files, dict) and all(isinstance(one, str) for one in files.values())
    if missing or not known or not set(files) <= set(FILES):
        what = f"lacks {', '.join(missing)}" if missing else "names files that no matching has"
        raise FormatError(str(folder), [Fault(MANIFEST, what)])
    return dict(record)


def _is_signed(record: dict[str, Any]) -> bool:
    try:
        return bool(record.get("sha256") == signed(record)["sha256"])
    except RecursionError:  # read, but too deep to be written again
        return False
