"""
Build the bundled registers from the seven ``.csv.gz`` files.

    python scripts/build_datasets.py FOLDER

writes ``france.parquet``, ``partners.parquet`` and the two files of the sample into
``src/twinmatch/datasets/data``. The same input gives the same bytes with the same pyarrow.
What is changed on the way is written down in ``docs/data.md``.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from twinmatch import Schools
from twinmatch.registers.academies import academies_of

DATA = Path(__file__).parents[1] / "src" / "twinmatch" / "datasets" / "data"
PARTNERS = ("it", "de", "ro", "es", "nl", "se")
DROPPED = ("foreign_lang",)  # empty in every row
SAMPLE_LEFT = {"0": 40, "0;1": 60, "1": 45, "2": 35, "3": 20}
SAMPLE_RIGHT = 300


def main() -> None:
    """Read the seven files and write the four."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder that holds fr.csv.gz and the others")
    parser.add_argument("--out", type=Path, default=DATA, help="where to write (default: %(default)s)")
    arguments = parser.parse_args()
    left = build_france(arguments.folder / "fr.csv.gz")
    right = build_partners([arguments.folder / f"{country}.csv.gz" for country in PARTNERS])
    tables = {"france": left, "partners": right}
    tables["sample_france"], tables["sample_partners"] = build_sample(left, right)
    for name, schools in tables.items():
        path = arguments.out / f"{name}.parquet"
        pa.parquet.write_table(
            schools.table.replace_schema_metadata(None),
            path,
            compression="zstd",
            compression_level=19,
            row_group_size=1 << 20,
            write_statistics=False,
        )
        print(f"{path.name}: {len(schools):,} rows, {path.stat().st_size:,} bytes")


def read(path: Path) -> pa.Table:
    """Read one register with every cell as text."""
    with pa.csv.open_csv(path) as head:
        names = head.schema.names
    return pa.csv.read_csv(
        path,
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    ).drop_columns([name for name in DROPPED if name in names])


def build_france(path: Path) -> Schools:
    """Read the French register and place every school in its académie."""
    table = read(path)
    places = academies_of(table["dept"].to_pylist(), table["id"].to_pylist())
    lost = [i for i, place in enumerate(places) if place is None]
    if lost:
        raise SystemExit(
            f"{len(lost)} rows of {path.name} have a département that academies.csv does not know"
        )
    for name in ("dept", "academie", "region"):
        cells = [getattr(place, name) or None for place in places]
        table = set_column(table, name, pa.array(cells, pa.string()))
    table = set_column(table, "named", pc.equal(table["named"], "1"))
    return Schools.from_text(table, source="France")


def build_partners(paths: list[Path]) -> Schools:
    """Read the registers of the partner states into one table."""
    table = pa.concat_tables([read(path) for path in paths], promote_options="default")
    rural_or_urban = pc.equal(table["country"], "RO")
    nothing = pa.scalar(None, pa.string())
    table = table.append_column("setting", pc.if_else(rural_or_urban, table["type_raw"], nothing))
    table = set_column(table, "type_raw", pc.if_else(rural_or_urban, nothing, table["type_raw"]))
    table = set_column(table, "teach_lang", pc.replace_substring(table["teach_lang"], "polonă", "pl"))
    return Schools.from_text(table, source="IT, DE, RO, ES, NL, SE")


def set_column(table: pa.Table, name: str, cells: pa.Array) -> pa.Table:
    """Replace a column in its place."""
    return table.set_column(table.column_names.index(name), name, cells)


def build_sample(left: Schools, right: Schools) -> tuple[Schools, Schools]:
    """
    Draw the small tables: the same schools every time, spread over levels, académies and countries.

    Schools are drawn by the hash of their identifier, in turn from each académie or region.
    Each partner state gives 50 schools, half of them with the levels that French schools have most.
    """
    level, academie = left.strings("levels"), left.strings("academie")
    chosen = []
    for wanted, count in SAMPLE_LEFT.items():
        chosen += in_turn(left, np.flatnonzero(level == wanted), academie, count)
    country, region = right.strings("country"), right.strings("region")
    partners = []
    level = right.strings("levels")
    for state in sorted(set(country)):
        rows = np.flatnonzero((country == state) & (level != None))  # noqa: E711 (elementwise)
        by_level = sorted(set(level[rows]), key=lambda one: (-int((level[rows] == one).sum()), one))[:5]
        share = SAMPLE_RIGHT // 6 // len(by_level)
        drawn = [row for one in by_level for row in in_turn(right, rows[level[rows] == one], region, share)]
        rest = np.setdiff1d(rows, drawn)
        partners += drawn + in_turn(right, rest, region, SAMPLE_RIGHT // 6 - len(drawn))
    return left.take(np.sort(chosen)), right.take(np.sort(partners))


def in_turn(schools: Schools, rows: np.ndarray, group: np.ndarray, count: int) -> list[int]:
    """Draw ``count`` rows, one from each group in turn."""
    queues: dict[str, list[int]] = defaultdict(list)
    for row in sorted(rows.tolist(), key=lambda row: hashlib.sha256(schools.ids[row].encode()).digest()):
        queues[group[row] or ""].append(row)
    order = sorted(queues, key=lambda name: hashlib.sha256(name.encode()).digest())
    turns = sorted((turn, order.index(name), row) for name in order for turn, row in enumerate(queues[name]))
    return [row for _, _, row in turns[:count]]


if __name__ == "__main__":
    main()
