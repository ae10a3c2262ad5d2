"""The mutation campaign: files to start from, processes that read their mutations, and what they say."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

import twinmatch as tm

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[1] / "data"
ROOT = Path(__file__).resolve().parents[2]
FINE = frozenset({"read", "refused", "disproved"})


class Found(NamedTuple):
    """What came of a campaign."""

    outcomes: Counter[str]
    findings: list[str]


def prepare(base: Path) -> None:
    """Write the right files that mutations start from."""
    for path in DATA.iterdir():
        if path.suffix in (".csv", ".geojson"):
            shutil.copy(path, base / path.name)
    left, right = tm.datasets.sample()
    left, right = left.take(range(25)), right.take(range(40))
    plain = left.table.drop_columns(
        [name for name in left.columns if left.table[name].null_count == len(left)]
    )
    pacsv.write_csv(plain, base / "plain.csv")
    pq.write_table(plain, base / "plain.parquet")
    text = [name for name in plain.column_names if pa.types.is_string(plain[name].type)]
    pq.write_table(
        plain, base / "delta.parquet", use_dictionary=False, data_page_version="2.0", compression="zstd",
        column_encoding=dict.fromkeys(text, "DELTA_BYTE_ARRAY"), row_group_size=10,
    )  # fmt: skip
    annuaire = pacsv.read_csv(
        DATA / "annuaire_72_columns.csv", parse_options=pacsv.ParseOptions(delimiter=";"),
        convert_options=pacsv.ConvertOptions(strings_can_be_null=True),
    )  # fmt: skip
    pq.write_table(annuaire, base / "annuaire.parquet")
    with closing(sqlite3.connect(base / "plain.gpkg")) as database:
        database.execute("CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT)")
        database.execute("INSERT INTO gpkg_geometry_columns VALUES ('schools', 'geom')")
        database.execute(f"CREATE TABLE schools ({', '.join(plain.column_names)}, geom)")
        marks = ", ".join("?" * (plain.num_columns + 1))
        for row in plain.to_pylist():
            database.execute(f"INSERT INTO schools VALUES ({marks})", [*row.values(), b"GP"])
        database.commit()
    policy = tm.policies.systematic_twinning()
    policy.save(base / "policy.toml")
    balanced = tm.policies.systematic_twinning(balance=True)
    balanced.save(base / "balanced.toml")
    for name, mechanism in (("saved", None), ("saved_leximin", tm.mechanisms.leximin())):
        more = {} if mechanism is None else {"mechanism": mechanism}
        tm.match(left, right, policy, threads=1, **more).save(base / name)
    tm.match(left, right, balanced, threads=1).save(base / "saved_quotas")


def run(base: Path, cases: int, seed: int, workers: int = 2) -> Found:
    """Read so many mutated files in processes of their own; a process that dies or hangs is a finding."""
    outcomes: Counter[str] = Counter()
    findings: list[str] = []
    waiting = [(start, 0) for start in range(workers)]
    running: list[tuple[subprocess.Popen[str], int]] = []
    for start, _ in waiting:
        running.append((_process(base, seed, start, cases, workers), start))
    while running:
        process, at = running.pop(0)
        for record in _records(process):
            if "begin" in record:
                at = int(str(record["begin"]))
                continue
            outcome = str(record["outcome"])
            outcomes[outcome if outcome in FINE else "finding"] += 1
            if outcome not in FINE:
                findings.append(f"seed {seed} case {record['end']} {record['file']}: {outcome}")
        if process.wait() != 0:
            findings.append(f"seed {seed} case {at}: the process ended with {process.returncode}")
            if at + workers < cases:
                running.append((_process(base, seed, at + workers, cases, workers), at + workers))
    return Found(outcomes, findings)


def _process(base: Path, seed: int, start: int, stop: int, step: int) -> subprocess.Popen[str]:
    numbers = [str(number) for number in (seed, start, stop, step)]
    return subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-m", "tests.hostile.worker", *numbers, str(base)],
        stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def _records(process: subprocess.Popen[str]) -> Iterator[dict[str, object]]:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            yield json.loads(line)
