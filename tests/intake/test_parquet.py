"""Parquet that says one thing and is another: refused by what it says, before Arrow sees it."""

from __future__ import annotations

import io
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from twinmatch.errors import FormatError
from twinmatch.intake import parquet
from twinmatch.intake.limits import DEFAULT
from twinmatch.intake.parquet import parquet_table
from twinmatch.intake.thrift import Damaged


def written(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def zigzag(value: int) -> bytes:
    """Return a whole number as the compact protocol writes it."""
    value = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def footed(footer: bytes, body: bytes = b"") -> bytes:
    """Return a Parquet file of a footer and what is before it."""
    return b"PAR1" + body + footer + struct.pack("<I", len(footer)) + b"PAR1"


def element(name: bytes, children: int | None = None) -> bytes:
    """Return an element of a schema: a struct of so many children, or a column of 32-bit numbers."""
    named = bytes([len(name)]) + name
    if children is None:
        return b"\x15\x02\x25\x00\x18" + named + b"\x00"
    return b"\x48" + named + b"\x15" + zigzag(children) + b"\x00"


def one_page(
    header: bytes, body: bytes = b"", *, start: int = 4, length: int | None = None, values: int = 1
) -> bytes:
    """Return a file of one column of one row whose one chunk is what is given."""
    schema = b"\x19\x2c" + element(b"schema", 1) + element(b"a")
    chunk = header + body
    packed = zigzag(len(chunk) if length is None else length)
    meta = b"\x3c\x55" + zigzag(values) + b"\x26" + packed + b"\x26" + zigzag(start) + b"\x00"
    group = b"\x19\x1c" + meta + b"\x00" + b"\x26\x02" + b"\x00"
    return footed(b"\x15\x02" + schema + b"\x16\x02" + b"\x19\x1c" + group + b"\x00", chunk)


def page(kind: int, unpacked: int, packed: int, values: int | None) -> bytes:
    """Return the header of a page."""
    about = b"" if values is None else b"\x2c\x15" + zigzag(values) + b"\x00"
    return b"\x15" + zigzag(kind) + b"\x15" + zigzag(unpacked) + b"\x15" + zigzag(packed) + about + b"\x00"


def refused(data: bytes, words: str = "damaged") -> None:
    with pytest.raises(FormatError, match=words) as caught:
        parquet_table("x", data, DEFAULT)
    assert caught.value.__context__ is None


def test_columns_come_in_the_order_that_is_asked_for():
    """The file has them in another."""
    table = pa.table({"a": ["x"], "b": [1], "c": [0.5]})
    found = parquet_table("x", written(table), DEFAULT, lambda names, simple: ["c", "a"])
    assert found == table.select(["c", "a"])


def test_a_dotted_name_is_no_part_of_a_struct():
    """A struct before it has a column that is written the same way."""
    text = io.BytesIO()
    struct = pa.array([{"b": "inside"}, {"b": "as well"}])
    pq.write_table(pa.table({"extra": struct, "id": ["a", "b"], "extra.b": ["one", "two"]}), text)
    found = parquet_table("file", text.getvalue(), DEFAULT, lambda names, simple: ["extra.b", "id"])
    assert found.to_pydict() == {"extra.b": ["one", "two"], "id": ["a", "b"]}


def test_two_columns_of_one_name_are_told_by_their_places():
    """Which of them is meant nobody can say, and their names may be anybody's."""
    table = pa.table([["x"], ["y"], ["z"]], names=["secret", "id", "secret"])
    with pytest.raises(FormatError, match="several columns have one name: columns 1, 3") as caught:
        parquet_table("x", written(table), DEFAULT)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("cell", [[[1], [2]], {"b": 1, "c": 2}])
def test_cells_are_values_or_lists(cell):
    """A list of lists, and an object of several, are no cells."""
    refused(written(pa.table({"a": [cell]})), "a: is nested")


def test_a_column_in_another_file_is_not_fetched():
    """Parquet knows data sets whose description stands alone; a path in it is not followed."""
    whole = written(pa.table({"a": [1, 2]}))
    described = pq.ParquetFile(io.BytesIO(whole)).metadata
    described.set_file_path("elsewhere.parquet")
    sink = io.BytesIO()
    described.write_metadata_file(sink)
    alone = sink.getvalue()
    body = whole[: -8 - int.from_bytes(whole[-8:-4], "little")]
    refused(alone)
    refused(body + alone[4:])  # also where its pages are here


def test_a_footer_is_no_longer_than_any_is():
    """Five megabytes of description are not read."""
    refused(footed(b"\0" * (5 * 2**20)), "has a footer of 5,242,880 bytes")


def test_a_schema_that_has_more_than_it_says_is_damaged():
    """One column is announced, and two come; or fewer than none; or none of those announced."""
    for elements in (
        element(b"schema", 1) + element(b"a") + element(b"b"),
        element(b"schema", 2) + element(b"s", -1) + element(b"b"),
        element(b"schema", 3) + element(b"a") + element(b"b"),
    ):
        count = elements.count(b"\x18") + elements.count(b"\x48")
        refused(footed(b"\x15\x02\x19" + bytes([count << 4 | 12]) + elements + b"\x16\x00\x19\x0c\x00"))


def test_many_small_pieces_are_refused(monkeypatch):
    """Row groups and pages are counted before any is decoded."""
    table = pa.table({"a": list(range(4_000))})
    groups = written(table, row_group_size=1_000)
    pages = written(
        table, data_page_size=1, write_batch_size=100, use_dictionary=False, max_rows_per_page=100
    )
    for most in (40, 39):
        monkeypatch.setattr(parquet, "_PAGES", most)
        if most == 40:
            assert parquet_table("x", pages, DEFAULT) == table
        else:
            refused(pages, "has more than 39 pages")
    monkeypatch.setattr(parquet, "_PAGES", 3)
    refused(groups, "has 4 row groups")


def test_pages_that_cannot_be_are_damaged():
    """Each lie of a page or of where it is has the one answer; so has a page that never comes."""
    good = page(0, 4, 4, 1)
    for data in (
        one_page(good, b"\0" * 4, start=3),  # within the first four bytes of the file
        one_page(good, b"\0" * 4, length=10_000),
        one_page(good, b"\0" * 4, length=-1),
        one_page(good, b"\0" * 4, values=-1),
        one_page(good, b"\0" * 3),  # ends too early
        one_page(page(0, -4, 4, 1), b"\0" * 4),
        one_page(page(0, 4, -4, 1), b"\0" * 4),
        one_page(page(0, 4, 4, -1), b"\0" * 4),
        one_page(page(1, 0, 0, None)),  # an index, and no values after it
        one_page(page(0, 4, 4, 2), b"\0" * 4),  # more values than the column has
    ):
        refused(data)


def test_pages_without_values_are_passed_over():
    """An index between the pages counts for nothing."""
    index, values = page(1, 0, 0, None), page(0, 4, 4, 1)
    data = memoryview(b"PAR1" + index + values + b"\0" * 4)
    meta = {9: 4, 7: len(data) - 4, 5: 1}
    assert list(parquet._pages(data, meta)) == [(0, 4, 1, 0)]


def test_pages_do_not_make_up_for_each_other():
    """One value fewer than none, and two, are not one."""
    data = memoryview(b"PAR1" + page(0, 4, 4, -1) + b"\0" * 4 + page(0, 4, 4, 2) + b"\0" * 4)
    with pytest.raises(Damaged):
        list(parquet._pages(data, {9: 4, 7: len(data) - 4, 5: 1}))


def test_rows_that_a_list_does_not_have_are_missed():
    """Lists have more values than rows, so that only decoding shows how many rows there are."""
    table = pa.table({"a": [[1, 2], [3], [4]]})
    honest = written(table, store_schema=False, write_statistics=False)
    length = int.from_bytes(honest[-8:-4], "little")
    body, footer = honest[: -8 - length], honest[-8 - length : -8]
    assert footer.count(b"\x16\x06") == 2  # rows of the file, and of its one group
    lying = footer.replace(b"\x16\x06", b"\x16\x08")
    refused(body + lying + struct.pack("<I", length) + b"PAR1")
    assert parquet_table("x", honest, DEFAULT) == table
