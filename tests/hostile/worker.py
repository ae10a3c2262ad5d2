"""
One process of the mutation campaign: reads mutated files and says what came of each, a line of JSON per case.

A case is a number: seed and case decide which file is mutated and how. What may happen is one of twinmatch's
errors, or a table with what the file says, which another reader confirms.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import io
import json
import random
import resource
import shutil
import signal
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

import twinmatch as tm
from tests.hostile.mutating import mutated
from twinmatch.saving.layout import signed

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parents[1] / "data"
SECONDS = 10
MEMORY = 6 * 2**30


def main() -> None:
    """Run the cases from one number to another in steps: SEED START STOP STEP FOLDER."""
    seed, start, stop, step = map(int, sys.argv[1:5])
    base = Path(sys.argv[5])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    files = seeds(base)
    with tempfile.TemporaryDirectory() as scratch:
        for case in range(start, stop, step):
            say({"begin": case})
            rng = random.Random(f"{seed} {case}")
            name, kind, check = rng.choice(files)
            # Both end the process: time spent (the machine may be busy with other things), and time waited.
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            signal.alarm(20 * SECONDS)
            try:
                outcome = check(name, mutated((base / name).read_bytes(), kind, rng), Path(scratch), base)
            except BaseException as error:  # anything at all is a finding
                outcome = f"{type(error).__module__}.{type(error).__qualname__}: {error}"[:500]
            signal.alarm(0)
            signal.setitimer(signal.ITIMER_PROF, 0)
            say({"end": case, "file": name, "outcome": outcome})


def say(record: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def seeds(base: Path) -> list[tuple[str, str, Callable[[str, bytes, Path, Path], str]]]:
    """Return the files that are mutated: name, kind, and what reads them."""
    texts = [path.name for path in sorted(base.glob("*.csv"))]
    out = [(name, "text", register) for name in texts]
    out += [(name, "text", register) for name in ("plain.csv", "plain.csv")]
    out += [(name, "parquet", register) for name in ("plain.parquet", "delta.parquet", "annuaire.parquet")]
    out += [(path.name, "json", register) for path in base.glob("*.geojson")]
    out += [(path.name, "bytes", register) for path in base.glob("*.gpkg")]
    out += [(path.name, "toml", policy) for path in sorted(base.glob("*.toml"))]
    unread = ("unmatched.parquet", "certificate.json")
    folders = [
        path
        for path in sorted(base.rglob("saved*/*"))
        if path.suffix in (".parquet", ".json", ".toml") and path.name not in unread
    ]
    kinds = {".parquet": "parquet", ".json": "json", ".toml": "toml"}
    out += [(str(path.relative_to(base)), kinds[path.suffix], matching) for path in folders]
    out += [(name, kind, check) for name, kind, check in out if name.endswith("matching.json")] * 3
    return out


# -- What reads them, and another reader -------------------------------------------------------------------


def register(name: str, data: bytes, scratch: Path, base: Path) -> str:
    """Read a register; where that succeeds, every row must be there."""
    path = scratch / Path(name).name
    path.write_bytes(data)
    try:
        schools = tm.read_schools(path, keep_closed=True, keep_offices=True)
        repr(schools)
    except tm.errors.TwinMatchError as error:
        return refused(error)
    wanted = independent(data)
    if wanted is not None and sorted(set(wanted)) != sorted(schools.ids.tolist()):
        return f"lost or made up rows: {len(wanted)} against {len(schools)}"
    return "read"


def policy(name: str, data: bytes, scratch: Path, base: Path) -> str:
    """Read a policy; where that succeeds, it is written and read as the same."""
    path = scratch / "policy.toml"
    path.write_bytes(data)
    try:
        found = tm.Policy.load(path)
        assert tm.Policy.from_toml(found.to_toml()) == found
        str(found)
    except tm.errors.TwinMatchError as error:
        return refused(error)
    return "read"


def matching(name: str, data: bytes, scratch: Path, base: Path) -> str:
    """Read a saved matching; where its proof holds, its pairs are those of the right one."""
    folder = scratch / "saved"
    shutil.copytree(base / Path(name).parent, folder, dirs_exist_ok=True)
    (folder / Path(name).name).write_bytes(data)
    if zlib.crc32(data) % 4:  # most are signed again, or nothing behind the digests would be reached
        sign(folder, Path(name).name, data)
    try:
        found = tm.load_matching(folder)
        certificate = found.verify(threads=1)
        found.pairs, found.unmatched, str(found)
    except tm.errors.TwinMatchError as error:
        return refused(error)
    except OSError as error:
        return f"OSError: {error}"
    if (
        certificate.ok
        and json.loads((base / Path(name).parent / "matching.json").read_text())["objective"]
        != found.objective
    ):
        return "another matching passed for this one"
    return "read" if certificate.ok else "disproved"


def sign(folder: Path, name: str, data: bytes) -> None:
    """Give a file that was changed the digest that it has now, as somebody would who means harm."""
    path = folder / "matching.json"
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
        record = json.loads(path.read_bytes())
        if name != path.name:
            record["files"][name] = hashlib.sha256(data).hexdigest()
        record.pop("sha256", None)
        path.write_bytes(json.dumps(signed(record)).encode())


def refused(error: tm.errors.TwinMatchError) -> str:
    """See that an error is one message in words, and carries nothing of the file behind it."""
    text = str(error)
    assert text
    assert len(text) < 20_000, len(text)
    assert error.__cause__ is None, repr(error.__cause__)[:200]
    assert error.__context__ is None, repr(error.__context__)[:200]
    return "refused"


def independent(data: bytes) -> list[str] | None:
    """Return the ids that other readers find; None where they have no say."""
    names = ("id", "identifiant_de_l_etablissement", "numero_uai")
    if data[:4] == b"PAR1":
        with contextlib.suppress(pa.ArrowException, OSError):
            table = pq.read_table(io.BytesIO(data))
            found = [name for name in table.column_names if name.strip().lower() in names]
            return [str(one).strip() for one in table[found[0]].to_pylist()] if len(found) == 1 else None
        return None
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if data.startswith(b"SQLite"):
        return None
    text = data.decode("utf-8-sig")
    if text.lstrip()[:1] == "{":
        return [str(one["properties"]["id"]).strip() for one in json.loads(text)["features"]]
    first = text[: text.find("\n") + 1] or text
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=max(";,\t|", key=first.count)))
    header = [cell.strip().lower() for cell in rows[0]]
    found = [i for i, cell in enumerate(header) if cell in names]
    return [row[found[0]].strip() for row in rows[1:] if row] if len(found) == 1 else None


if __name__ == "__main__":
    main()
