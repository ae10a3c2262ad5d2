"""Mail addresses, telephone numbers and names planted everywhere in the input come out nowhere."""

from __future__ import annotations

import csv
import io
import itertools
import logging
import pickle
import traceback
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from twinmatch import cli
from twinmatch.columns import KNOWN

if TYPE_CHECKING:
    from pathlib import Path

MAIL, PHONE, PERSON = "zoe.canariette@canary.example", "+33 6 99 88 77 66", "Zoé Canariette"
SIGNS = ("canary.example", "anariette", "99 88 77", "99887766")

#: Columns in which nobody expects a person: what stands there as a name is kept as published.
FREE = (
    "region",
    "dept",
    "academie",
    "commune_insee",
    "city",
    "name",
    "type_raw",
    "size_kind",
    "ep",
    "languages",
    "teach_lang",
    "special",
    "tags",
    "year",
    "source",
)


def rows(number: int, country: str) -> list[dict[str, str]]:
    return [
        {
            "id": f"{country}{k:03d}",
            "country": country,
            "name": f"School {k}",
            "city": "Town",
            "levels": "1",
            "lat": f"{45 + k / 100}",
            "lon": f"{-k / 100}",
            "size": "100",
            "sector": "public",
            "state": "open",
        }
        for k in range(number)
    ]


def text(table: list[dict[str, str]]) -> str:
    sink = io.StringIO()
    writer = csv.DictWriter(sink, list(table[0]))
    writer.writeheader()
    writer.writerows(table)
    return sink.getvalue()


def told(error: BaseException) -> str:
    """Return everything that an error could show anybody: words, arguments, notes, and errors behind it."""
    shown = []
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.append(one)
        shown += [str(one), repr(one), repr(one.args), repr(getattr(one, "__notes__", "")), repr(vars(one))]
        shown += [pickle.dumps(one).decode("latin-1")]
        waiting += [other for other in (one.__cause__, one.__context__) if other is not None]
    return "\n".join([*shown, *traceback.format_exception(error)])


def clean(shown: str, where: object) -> None:
    for sign in SIGNS:
        assert sign not in shown, (
            where,
            sign,
            shown[max(0, shown.find(sign) - 200) : shown.find(sign) + 100],
        )


def read(path: Path, **options: object) -> str:
    """Return everything that reading a file shows, whether it succeeds or not."""
    try:
        schools = tm.read_schools(path, **options)
    except tm.errors.TwinMatchError as error:
        return told(error)
    return "\n".join(
        [
            repr(schools),
            schools._repr_html_(),
            str(schools.table.to_pydict()),
            str(schools.dropped),
            str(schools.report),
            schools.source,
            str(schools.to_frame()),
        ]
    )


@pytest.mark.parametrize("canary", [MAIL, PHONE])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_contact_data_in_any_cell_comes_out_nowhere(tmp_path, canary, kind, caplog):
    """One cell of one column at a time, known or not: dropped or refused, never shown."""
    caplog.set_level(logging.DEBUG)
    for column in [*KNOWN, "remarks", "mail", "contact_of_head"]:
        table = rows(4, "FR")
        for row in table:
            row.setdefault(column, "")
        table[2][column] = f"{table[2][column]} {canary}".strip()
        path = tmp_path / f"t.{kind}"
        if kind == "csv":
            path.write_text(text(table))
        else:
            pq.write_table(pa.Table.from_pylist(table), path)
        clean(read(path), column)
        clean(read(path, keep=[column]), column)
    clean(caplog.text, "log")


def test_a_person_in_a_cell_comes_out_of_no_message(tmp_path):
    """Where only codes may stand a name is refused and not shown; where any text may, it is a school's."""
    for column in [*KNOWN, "remarks", "head"]:
        table = rows(4, "FR")
        for row in table:
            row.setdefault(column, "")
        table[2][column] = PERSON
        (tmp_path / "t.csv").write_text(text(table))
        if column not in FREE and column != "id":
            clean(read(tmp_path / "t.csv"), column)
        table[1]["lat"] = "95"  # an error, whatever else
        (tmp_path / "t.csv").write_text(text(table))
        clean(read(tmp_path / "t.csv"), column)


@pytest.mark.parametrize("canary", [MAIL, PHONE, PERSON, f"telephone {PERSON}", f"mail_{MAIL}"])
def test_a_column_or_file_named_after_a_person_is_not_shown(tmp_path, canary):
    """Names of columns are ours or places; names of files lose what looks like contact data."""
    table = rows(3, "FR")
    for row, twice in itertools.product(table, (canary,)):
        row[twice] = "x"
    path = tmp_path / "t.csv"
    path.write_text(text(table))
    clean(read(path), canary)
    path.write_text(text(table).replace("city", canary))
    clean(read(path), canary)
    pq.write_table(pa.Table.from_pylist(table), path)
    clean(read(path), canary)
    path.write_text(f"{canary};{canary}x\n1;2\n")
    clean(read(path), canary)
    if PERSON not in canary:
        named = tmp_path / f"{canary}.csv"
        named.write_text(text(rows(3, "FR")))
        clean(read(named), canary)
        named.write_text("a,b\n")
        clean(read(named), canary)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"FR001", b"FR000"),
        lambda data: data.replace(b"\n", b',"', 3),
        lambda data: data.replace(b"45.01", b"x"),
        lambda data: data + b"\xff",
        lambda data: data.decode().encode("utf-16"),
        lambda data: data + b"\0",
        lambda data: b'{"features": [' + data,
        lambda data: b"PAR1" + data + b"PAR1",
        lambda data: b"SQLite format 3\0" + data,
        lambda data: b"\x1f\x8b" + data,
    ],
)
def test_damage_shows_nothing_of_the_file(tmp_path, damage):
    """Whatever is wrong with a file full of contact data, the error and all behind it hold none of it."""
    table = [row | {"contact": MAIL, "remarks": PERSON, "tel": PHONE} for row in rows(6, "FR")]
    path = tmp_path / "t.csv"
    path.write_bytes(damage(text(table).encode()))
    clean(read(path), "damage")


def test_the_command_line_tells_and_writes_nothing_of_them(tmp_path, capfd, caplog):
    """Match, verify, explain, notice, report: neither screen nor any file written holds a canary."""
    caplog.set_level(logging.DEBUG)
    extra = {
        "mail": MAIL,
        "Nom du proviseur": PERSON,
        "remarks": f"write to {MAIL}",
        "notes": PERSON,
        "tel": PHONE,
    }
    left = [row | extra for row in rows(6, "FR")]
    right = [row | extra for row in rows(8, "IT")]
    left[0]["name"] = f"École {MAIL}"
    right[1]["city"] = f"Roma {PHONE}"
    for name, table in (("left.csv", left), ("right.csv", right)):
        (tmp_path / name).write_text(text(table))
    out = tmp_path / "out"
    match = [
        "match",
        str(tmp_path / "left.csv"),
        str(tmp_path / "right.csv"),
        "--threads",
        "1",
        "--out",
        str(out),
    ]
    tm.policies.proximity().save(tmp_path / "policy.toml")
    match += ["--policy", str(tmp_path / "policy.toml")]
    for arguments in (
        match,
        ["verify", str(out)],
        ["explain", str(out), "FR001", "--html", str(out / "explain.html")],
        ["explain", str(out), "FR999"],
        ["notice", str(out), "FR000", "--html", str(out / "notice.html")],
        ["report", str(out)],
        ["match", str(tmp_path / "left.csv"), str(tmp_path / "left.csv"), "--out", str(out / "x")],
    ):
        code = cli.main(arguments)
        assert code != cli.Exit.BUG
        captured = capfd.readouterr()
        clean(captured.out + captured.err, arguments[0])
        assert arguments is not match or code == cli.Exit.DONE, captured.err
    clean(caplog.text, "log")
    written = [path for path in out.rglob("*") if path.is_file()]
    assert len(written) > 8
    for path in written:
        clean(path.read_bytes().decode("latin-1"), path.name)
        if path.suffix == ".parquet":
            clean(str(pq.read_table(path).to_pydict()) + str(pq.read_schema(path)), path.name)


def test_a_frame_shows_no_contact_data():
    """Frames are checked like files: columns of contact data go, ids that are addresses are refused."""
    frame = {
        "id": ["a", "b"],
        "country": ["FR", "IT"],
        "remarks": [MAIL, ""],
        "name": [f"x {PHONE}", "y"],
        "tel": [1, 2],
    }
    schools = tm.Schools.from_frame(frame)
    assert schools.columns == ("id", "country", "name")
    assert schools.dropped == ("name (1 cell)", "remarks", "tel")
    clean(repr(schools) + str(schools.table.to_pydict()), "frame")
    for change in (
        {"id": [MAIL, "b"]},
        {"country": ["FR", MAIL]},
        {"size": [MAIL, 1]},
        {"lat": [PERSON, PHONE]},
    ):
        with pytest.raises(tm.errors.TableError) as caught:
            tm.Schools.from_frame(frame | change)
        clean(told(caught.value), change)
