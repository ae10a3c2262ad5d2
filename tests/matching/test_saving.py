"""A folder holds a matching whole, or is refused in words."""

from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from tests.matching.folders import signed_again
from twinmatch.errors import FormatError, InputError
from twinmatch.saving.layout import FOR_PEOPLE

FILES = {
    "pairs.parquet",
    "pairs.csv",
    "unmatched.parquet",
    "unmatched.csv",
    "left.parquet",
    "right.parquet",
    "prices.parquet",
    "policy.toml",
    "certificate.json",
    "matching.json",
}


@pytest.fixture(scope="module")
def matching():
    left, right = tm.datasets.synthetic(60, 80, 1, "clustered", 0.9)
    return tm.match(left, right)


@pytest.fixture
def folder(matching, tmp_path):
    matching.save(tmp_path / "twins")
    return tmp_path / "twins"


def rewritten(path, change) -> None:
    """Change the record of a JSON file, as somebody does who knows how it is signed."""
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")
    signed_again(path.parent)


def test_a_folder_gives_back_the_same_matching(matching, folder):
    """Every number, table and frame; and the proof holds."""
    assert {path.name for path in folder.iterdir()} == FILES
    loaded = tm.load_matching(folder)
    for name in (
        "coverage_price",
        "objective",
        "bound",
        "coverage",
        "coverage_bound",
        "status",
        "limit",
        "seal",
        "fingerprints",
        "seed",
        "seconds",
        "policy",
        "left",
        "right",
    ):
        assert getattr(loaded, name) == getattr(matching, name), name
    for name in ("mate", "right_price", "witness_left", "right_capacity"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(matching, name))
        assert getattr(loaded, name).dtype == getattr(matching, name).dtype
    assert type(loaded.status) is tm.Status
    assert loaded.left.kind == matching.left.kind
    assert loaded.pairs.equals(matching.pairs)
    assert loaded.unmatched.equals(matching.unmatched)
    assert loaded.verify().ok


def test_saving_twice_writes_the_same_bytes(folder, tmp_path):
    """What was loaded is saved as it was."""
    tm.load_matching(folder).save(tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


def test_an_older_matching_in_the_folder_is_replaced(matching, folder):
    """No file of the old one stays, and no temporary file either."""
    smaller = tm.match(matching.left.take(range(5)), matching.right, matching.policy)
    smaller.save(folder)
    assert {path.name for path in folder.iterdir()} == FILES
    assert len(tm.load_matching(folder).left) == 5
    assert tm.load_matching(folder).verify().ok


def test_a_stopped_matching_keeps_its_limit(tmp_path):
    left, right = tm.datasets.synthetic(40, 60, 1)
    stopped = tm.match(left, right, deadline=0)
    stopped.save(tmp_path)
    loaded = tm.load_matching(tmp_path)
    assert (loaded.status, loaded.limit) == ("NO_SOLUTION", "DEADLINE")
    assert type(loaded.limit) is tm.Limit
    assert loaded.verify().ok
    assert len(loaded.pairs) == 0


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_frames_stay_of_their_kind(kind, tmp_path):
    left, right = tm.datasets.synthetic(10, 20, 1)
    left = tm.Schools(left.table, kind=kind)
    tm.match(left, right).save(tmp_path)
    pairs = tm.load_matching(tmp_path).pairs
    assert type(pairs).__module__.startswith(kind)


def test_the_certificate_that_is_saved_is_the_one_that_was_made(matching, folder):
    record = json.loads((folder / "certificate.json").read_text(encoding="utf-8"))
    assert record["ok"] is True
    assert record["objective"] == matching.objective
    assert tm.Certificate.from_dict(record).ok


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_file_is_named(folder, name):
    """Files that the proof needs are missed by name when it is read; those for people by the check."""
    (folder / name).unlink()
    if name in FOR_PEOPLE:
        certificate = tm.load_matching(folder).verify()
        assert [claim.name for claim in certificate.claims if not claim.ok] == ["inputs"]
        assert f"{name} is missing" in str(certificate)
        return
    with pytest.raises(FormatError, match=name.replace(".", r"\.")):
        tm.load_matching(folder)


def test_no_folder_is_no_matching(tmp_path):
    with pytest.raises(FormatError, match=r"matching\.json: is missing"):
        tm.load_matching(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["left", "right", "pairs", "prices"])
@pytest.mark.parametrize("part", [0, 10, -10])
def test_a_torn_file_is_named(folder, name, part):
    """Cut short, at the start or just before the end."""
    path = folder / f"{name}.parquet"
    path.write_bytes(path.read_bytes()[:part])
    with pytest.raises(FormatError, match=f"{name}.parquet"):
        tm.load_matching(folder)


def test_a_torn_manifest_is_named(folder):
    manifest = folder / "matching.json"
    whole = manifest.read_text(encoding="utf-8")
    for text in ("", whole[:100], "[]", "null", "{}"):
        manifest.write_text(text, encoding="utf-8")
        with pytest.raises(FormatError, match=r"matching\.json"):
            tm.load_matching(folder)


def test_another_format_is_refused(folder):
    rewritten(folder / "matching.json", lambda record: record.update(format=99))
    with pytest.raises(FormatError, match="has format 99, and this version of twinmatch reads 1"):
        tm.load_matching(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.pop("seal"),
        lambda record: record.pop("coverage"),
        lambda record: record.update(twinmatch=1),
        lambda record: record.update(status="PERFECT"),
        lambda record: record.update(limit="BOREDOM"),
        lambda record: record.update(witness_left=3),
        lambda record: record.update(witness_left=[["a"]]),
        lambda record: record.update(kinds=["pandas"]),
        lambda record: record.update(kinds=["abacus", "pandas"]),
        lambda record: record.update(fingerprints=["a"]),
        lambda record: record.update(fingerprints=7),
        lambda record: record.update(seal=None),
    ],
)
def test_a_manifest_that_lacks_something_is_refused(folder, change):
    """Never a traceback of a stranger, and never a matching with a hole."""
    rewritten(folder / "matching.json", change)
    with pytest.raises(tm.errors.InputError):
        tm.load_matching(folder)


@pytest.mark.parametrize(
    ("name", "column"), [("pairs", "left_id"), ("pairs", "right_id"), ("prices", "right_id")]
)
def test_foreign_ids_are_counted(folder, name, column):
    """Ids that the tables do not have: which file, which column, how many, the first rows."""
    path = folder / f"{name}.parquet"
    table = pq.read_table(path)
    ids = table[column].to_pylist()
    ids[1], ids[4] = "nobody", "nobody else"
    pq.write_table(table.set_column(table.column_names.index(column), column, pa.array(ids)), path)
    signed_again(folder)
    with pytest.raises(FormatError, match=rf"{name}\.parquet, {column}: .*\(2 rows, first: 1, 4\)"):
        tm.load_matching(folder)


def test_foreign_witnesses_and_doubles_are_refused(folder):
    rewritten(folder / "matching.json", lambda record: record["witness_left"].append("nobody"))
    pairs = pq.read_table(folder / "pairs.parquet")
    pq.write_table(pa.concat_tables([pairs, pairs.slice(0, 1)]), folder / "pairs.parquet")
    signed_again(folder)
    with pytest.raises(FormatError) as caught:
        tm.load_matching(folder)
    assert {fault.where for fault in caught.value.faults} == {
        "pairs.parquet, left_id",
        "matching.json, witness_left",
    }


def column_changed(path, column, values) -> None:
    table = pq.read_table(path)
    index = table.column_names.index(column)
    pq.write_table(table.set_column(index, column, pa.array(values, table[column].type)), path)
    signed_again(path.parent)


def test_a_folder_that_was_tampered_with_is_refused_by_the_check(matching, folder):
    """It loads, since loading trusts nothing; verifying says no."""
    loaded = tm.load_matching(folder)
    right_ids = pq.read_table(folder / "pairs.parquet")["right_id"].to_pylist()
    swapped = [right_ids[1], right_ids[0], *right_ids[2:]]
    prices = pq.read_table(folder / "prices.parquet")
    raised = [price + 1 for price in prices["price"].to_pylist()]
    more = [places + 1 for places in prices["places"].to_pylist()]
    sizes = [None] * len(loaded.left)
    tampered = {
        "pairs": ("right_id", swapped),
        "prices": ("price", raised),
        "prices again": ("places", more),
        "left": ("size", sizes),
    }
    for name, (column, values) in tampered.items():
        matching.save(folder)
        column_changed(folder / f"{name.split()[0]}.parquet", column, values)
        assert not tm.load_matching(folder).verify().ok, name
    for key, value in (("objective", 10**9), ("bound", 1), ("status", "FEASIBLE"), ("seal", "0" * 64)):
        matching.save(folder)
        rewritten(folder / "matching.json", lambda record, key=key, value=value: record.update({key: value}))
        assert not tm.load_matching(folder).verify().ok, key
    matching.save(folder)
    (folder / "policy.toml").write_text(tm.policies.proximity().to_toml(), encoding="utf-8")
    signed_again(folder)
    assert not tm.load_matching(folder).verify().ok
    matching.save(folder)
    assert tm.load_matching(folder).verify().ok


def test_ids_that_a_spreadsheet_would_run_are_quoted_in_csv_only(tmp_path):
    """CSV is for spreadsheets and Parquet for programs: an apostrophe in one, the id itself in the other."""
    ids = ["=1+1", "+2", "-3", "@cmd", "plain", "5-6"]
    left = tm.Schools.from_frame(pa.table({"id": ids, "country": ["FR"] * 6, "levels": ["1"] * 5 + ["3"]}))
    right = tm.Schools.from_frame(
        pa.table({"id": ["=R1", "R2", "R3", "R4", "R5"], "country": ["IT"] * 5, "levels": ["1"] * 5})
    )
    policy = tm.Policy(rules=(tm.policies.CommonLevel(),), criteria=(tm.policies.LevelOverlap(10),))
    matching = tm.match(left, right, policy)
    matching.save(tmp_path)
    with (tmp_path / "pairs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["left_id"] for row in rows) == ["'+2", "'-3", "'=1+1", "'@cmd", "plain"]
    assert "'=R1" in {row["right_id"] for row in rows}
    assert {row["points"] for row in rows} == {"10"}
    with (tmp_path / "unmatched.csv").open(encoding="utf-8", newline="") as file:
        (out,) = csv.DictReader(file)
    assert out["left_id"] == "5-6"
    loaded = tm.load_matching(tmp_path)
    assert set(loaded.left.ids) == set(ids)
    assert loaded.verify().ok


def test_a_policy_with_a_function_cannot_be_saved_and_touches_nothing(matching, folder):
    """A function has no form in a file: one clear error, and the matching in the folder stays."""
    own = tm.policies.OwnCriterion("own", lambda left, right, i, j: (i + j) % 3, 2)
    policy = tm.Policy(rules=(tm.policies.CommonLevel(),), criteria=(own,))
    unsaveable = tm.match(matching.left, matching.right, policy)
    with pytest.raises(tm.errors.TwinMatchError, match="own"):
        unsaveable.save(folder)
    assert tm.load_matching(folder).verify().ok


def test_points_changed_on_file_are_refused_by_the_check(matching, folder):
    """Nothing is computed from the points on file, and still nobody may change them."""
    path = folder / "pairs.parquet"
    table = pq.read_table(path)
    points = table["points"].to_numpy().copy()
    points[0] += 1
    pq.write_table(table.set_column(table.column_names.index("points"), "points", pa.array(points)), path)
    signed_again(folder)
    certificate = tm.load_matching(folder).verify()
    assert [claim.name for claim in certificate.claims if not claim.ok] == ["inputs"]


@pytest.mark.parametrize(
    ("given", "said"), [(None, "not None"), (3, "not int"), ("", "is empty"), (b"twins", "not bytes")]
)
def test_a_place_that_is_none_is_refused_in_words(given, said, tmp_path, monkeypatch):
    """Nothing is written to where the program runs, and a page never goes to a folder."""
    monkeypatch.chdir(tmp_path)
    matching = tm.match(*tm.datasets.sample())
    for subject, where, use in [
        ("save", "directory", matching.save),
        ("load_matching", "directory", tm.load_matching),
        ("report", "path", matching.report),
    ]:
        with pytest.raises(InputError, match=f"{subject}: 1 fault\n  {where}: .*{said}"):
            use(given)
    assert not list(tmp_path.iterdir())


def test_a_file_is_no_folder_and_a_folder_no_file(tmp_path):
    """Whichever it is, the error names it."""
    matching = tm.match(*tm.datasets.sample())
    file = tmp_path / "file"
    file.touch()
    for use in (matching.save, tm.load_matching):
        with pytest.raises(InputError, match=r"directory: is a file: .*file. Give a folder"):
            use(file)
    with pytest.raises(InputError, match=r"path: is a folder: .*. Give a file, such as 'twins.html'"):
        matching.report(tmp_path)
