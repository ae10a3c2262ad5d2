"""Reading a table takes the table, the file, and little more."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

import twinmatch as tm
from twinmatch.intake.limits import DEFAULT
from twinmatch.registers.files import _BLOCK, _Blocks, read_delimited

ROWS = 300_000
MB = 2**20

ONE = """
import sys, tracemalloc
import pyarrow as pa, pyarrow.csv, pyarrow.parquet
import twinmatch as tm
tm.read_schools
pa.chunked_array([[True]]).to_numpy()  # loads pandas, where that is installed
tracemalloc.start()
table = tm.read_schools(sys.argv[1]).table
print(pa.default_memory_pool().max_memory(), tracemalloc.get_traced_memory()[1], table.nbytes)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write one table in each form: with rows to leave out, and a column that nobody asked for."""
    folder = tmp_path_factory.mktemp("tables")
    table = tm.datasets.synthetic(ROWS, 10)[0].table
    state = np.where(np.arange(ROWS) % 1000 == 7, "closed", "open")
    table = table.append_column("state", pa.array(state)).append_column("other", pa.array(state))
    pa.parquet.write_table(table, folder / "t.parquet")
    pa.csv.write_csv(table, folder / "t.csv")
    (folder / "t.csv.gz").write_bytes(gzip.compress((folder / "t.csv").read_bytes(), 1))
    return folder


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.csv.gz"])
def test_reading_takes_the_table_and_the_file(folder, name):
    """What Arrow holds is the table, with half of it to spare; what Python holds is the file, or its text."""
    command = [sys.executable, "-c", ONE, str(folder / name)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    arrow, python, table = map(int, run.stdout.split())
    assert table > 100 * ROWS
    assert arrow < 1.5 * table
    file = folder / ("t.csv" if "csv" in name else name)
    # Half of a text is there twice while blocks are made of it; a block and what is packed come on top.
    assert python < 1.6 * file.stat().st_size + 6 * MB


def test_every_form_gives_the_same_table(folder):
    """Rows that are left out are the same ones too."""
    first, *others = [tm.read_schools(path) for path in sorted(folder.iterdir())]
    assert len(first) == ROWS * 999 // 1000
    assert [one.fingerprint() for one in others] == [first.fingerprint()] * 2


def test_text_goes_as_its_rows_come():
    """Whoever has read a text holds its rows, and no longer the text."""
    data = bytearray(b"id,country\n" + b"an-id-of-twenty-byte,FR\n" * 1_000_000)
    tracemalloc.start()
    try:
        table = read_delimited("x", data, DEFAULT, lambda names: ["country"])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (table.num_rows, table.column_names, data) == (1_000_000, ["country"], bytearray())
    assert held < MB


def test_a_text_in_blocks_is_given_away():
    """Half of the text is there twice while blocks are made of it; a block that was read is gone."""
    tracemalloc.start()
    try:
        blocks = _Blocks(bytearray(10 * _BLOCK))
        whole, most = tracemalloc.get_traced_memory()
        assert sum(len(blocks.read()) for _ in range(8)) == 8 * _BLOCK
        rest, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 17 * _BLOCK
    assert whole < 11 * _BLOCK
    assert rest < whole - 7 * _BLOCK


@pytest.mark.parametrize("size", [10, _BLOCK - 1, _BLOCK + 1, -1])
def test_blocks_are_no_longer_than_is_asked_for(size):
    """Whoever asks has room for so much and no more, and gets all of the text in the end."""
    text = bytes(range(256)) * 4
    blocks, found = _Blocks(bytearray(text)), b""
    while part := blocks.read(size):
        assert size < 0 or len(part) <= size
        found += part
    assert found == text


@pytest.mark.parametrize("last", ["a", "é", ""])
def test_an_id_that_repeats_is_found_whatever_it_ends_in(last):
    """Ids are compared in parts, by their last byte."""
    ids = [f"{row}{last}" for row in range(999)]
    assert len(tm.Schools.from_frame({"id": ids, "country": ["FR"] * 999})) == 999
    ids[998] = ids[499]
    with pytest.raises(tm.errors.TableError, match=r"must be unique.*\(1 row, first: 998\)"):
        tm.Schools.from_frame({"id": ids, "country": ["FR"] * 999})
