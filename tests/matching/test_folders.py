"""Folders that change while they are read, or are nested beyond words; files that cannot take their place."""

from __future__ import annotations

import json
import os
import pickle

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from tests.matching.folders import signed_again
from twinmatch.certify.plain import PRICE_LIMIT
from twinmatch.durable import replace_file
from twinmatch.errors import CertificateError, FormatError, InputError, MissingExtraError
from twinmatch.saving import layout, reader
from twinmatch.saving.layout import MANIFEST


def test_a_matching_that_is_saved_while_another_is_read_is_read(tmp_path, monkeypatch):
    """The reader began with the old one, whose files are gone: it begins again with the new one."""
    left, right = tm.datasets.synthetic(12, 20, 1)
    old, new = tm.match(left, right), tm.match(left.take(range(5)), right)
    old.save(tmp_path)
    real, seen = reader.table_of, []

    def meanwhile(opened, name):
        if not seen:
            seen.append(name)
            new.save(tmp_path)
        return real(opened, name)

    monkeypatch.setattr(reader, "table_of", meanwhile)
    assert tm.load_matching(tmp_path).seal == new.seal
    assert seen


def test_a_manifest_nested_beyond_words_is_refused(tmp_path, monkeypatch):
    """What is too deep to be written again has no digest; how deep that is depends on the Python."""
    tm.match(*tm.datasets.synthetic(5, 9, 1)).save(tmp_path)
    path = tmp_path / MANIFEST
    record = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(record | {"seconds": "here"})
    for depth in (1, 300, 200_000):
        path.write_text(text.replace('"here"', '{"a": ' * depth + "1" + "}" * depth), encoding="utf-8")
        with pytest.raises(FormatError, match=r"not what was written|nested too deep") as caught:
            tm.load_matching(tmp_path)
        assert caught.value.__context__ is None
        if depth == 300:

            def too_deep(*_):
                raise RecursionError("maximum recursion depth exceeded")

            monkeypatch.setattr(layout, "written", too_deep)
            with pytest.raises(FormatError, match="not what was written"):
                tm.load_matching(tmp_path)


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([-1, 1], "has places outside 0 to"),
        ([PRICE_LIMIT + 1, 1], "has places outside 0 to"),
        ([0.5, 1.0], "the column places must hold whole numbers"),
        ([None, 1], "the column places must hold whole numbers"),
    ],
)
def test_places_are_whole_numbers_that_may_be(tmp_path, places, words):
    """Digests that are right make no such folder right."""
    left, right = tm.datasets.synthetic(3, 2, 1)
    tm.match(left, right).save(tmp_path)
    path = tmp_path / "prices.parquet"
    table = pq.read_table(path)
    at = table.column_names.index("places")
    pq.write_table(table.set_column(at, "places", pa.array(places)), path)
    signed_again(tmp_path)
    with pytest.raises(FormatError, match=words):
        tm.load_matching(tmp_path)


@pytest.mark.parametrize("key", ["promise", "ranks", "lottery", "right_policy"])
def test_what_belongs_to_another_mechanism_is_refused(tmp_path, key):
    """A matching of the most points has no floor, no ranks, no lottery and no second policy."""
    tm.match(*tm.datasets.synthetic(3, 2, 1)).save(tmp_path)
    signed_again(tmp_path, **{key: 1})
    with pytest.raises(FormatError, match=f"has '{key}', which 'most_points' does not"):
        tm.load_matching(tmp_path)


def test_only_ends_of_agreements_wait(tmp_path):
    """Another change has happened, or has not; a folder in which it is pending is refused."""
    tm.match(*tm.datasets.synthetic(3, 2, 1)).save(tmp_path)
    signed_again(tmp_path, pending=[tm.changes.SchoolLeaves("x").to_dict()])
    with pytest.raises(FormatError, match="only agreements that expire may be pending"):
        tm.load_matching(tmp_path)


def test_a_file_that_cannot_take_its_place_leaves_the_old_one(tmp_path, monkeypatch):
    """Nothing is left beside it."""
    path = tmp_path / "state"
    replace_file(path, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["state"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CertificateError(("bound: 3 > 2", "pairs: one twice")), "2 claims refused\n  bound: 3 > 2\n  pairs"),
        (
            MissingExtraError("report()", "report"),
            "report() needs an optional dependency: pip install 'twinmatch",
        ),
    ],
)
def test_errors_arrive_readable_from_another_process(error, words):
    """Pickled and read again, an error says the same."""
    again = pickle.loads(pickle.dumps(error))
    assert words in str(error)
    assert str(again) == str(error)
    assert json.dumps(str(again))


def test_a_coverage_price_beyond_all_prices_is_refused(tmp_path):
    """A number that no arithmetic of 64 bits holds is told when the folder is read."""
    tm.match(*tm.datasets.synthetic(5, 9, 1)).save(tmp_path)
    for price in (10**30, -(10**30), PRICE_LIMIT + 1):
        signed_again(tmp_path, coverage_price=price)
        with pytest.raises(FormatError, match="coverage_price beyond"):
            tm.load_matching(tmp_path)
    signed_again(tmp_path, coverage_price=PRICE_LIMIT)
    assert not tm.load_matching(tmp_path).verify().ok
    for name in ("objective", "bound"):
        signed_again(tmp_path, **{"coverage_price": 0, "objective": 1, "bound": 1, name: 10**30})
        with pytest.raises(FormatError, match=f"has a {name} beyond"):
            tm.load_matching(tmp_path)


@pytest.mark.parametrize("scale", [10**30, 0, -1])
def test_a_scale_of_prices_that_none_is_is_refused(scale, tmp_path):
    """Prices under quotas are in parts of a point: some, and not more than there are numbers."""
    left, right = tm.datasets.synthetic(5, 9, 1)
    two = tm.policies.PartnersPerSchool("two", side="left", most=2)
    tm.match(left, right, tm.Policy(criteria=(tm.policies.SizeSimilarity(9),), quotas=(two,))).save(tmp_path)
    proof = json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))["proof"]
    assert tm.load_matching(tmp_path).verify().ok
    assert proof["cover"] is not None
    signed_again(tmp_path, proof=proof | {"cover": 10**30})
    with pytest.raises(FormatError, match="cover beyond"):
        tm.load_matching(tmp_path)
    signed_again(tmp_path, proof=proof | {"price_scale": scale})
    with pytest.raises(FormatError, match="price_scale outside"):
        tm.load_matching(tmp_path)


@pytest.fixture(scope="module")
def small() -> tm.Matching:
    """Return a matching of a few schools."""
    return tm.match(*tm.datasets.synthetic(5, 9, 1))


@pytest.mark.parametrize("name", [".saving", ".saved"])
@pytest.mark.parametrize("kind", ["file", "link", "link to a file", "broken link"])
def test_what_stands_in_the_way_of_a_save_is_moved_out_of_it(small, name, kind, tmp_path):
    """A file or a link where a folder is to be goes, and what the link leads to stays as it was."""
    folder, other = tmp_path / "twins", tmp_path / "other"
    folder.mkdir()
    small.repair(tm.changes.SchoolLeaves(small.left.ids[0])).save(other)
    (tmp_path / "text").write_text("mine")
    before = sorted(one.name for one in other.iterdir())
    if kind == "file":
        (folder / name).write_text("x")
    else:
        ends = {"link": other, "link to a file": tmp_path / "text", "broken link": tmp_path / "nothing"}
        (folder / name).symlink_to(ends[kind])
    small.save(folder)
    assert tm.load_matching(folder).seal == small.seal
    assert not (folder / name).exists()
    assert not (folder / name).is_symlink()
    assert sorted(one.name for one in other.iterdir()) == before
    assert (tmp_path / "text").read_text() == "mine"


def test_a_link_is_not_read_as_what_was_saved_last(small, tmp_path):
    """``.saved`` counts where a save made it, and not where it leads elsewhere."""
    small.save(tmp_path / "twins")
    small.repair(tm.changes.SchoolLeaves(small.left.ids[0])).save(tmp_path / "other")
    (tmp_path / "twins" / ".saved").symlink_to(tmp_path / "other")
    assert tm.load_matching(tmp_path / "twins").seal == small.seal


def test_a_folder_with_the_name_of_a_file_is_told(small, tmp_path):
    """Before anything is written; and a reader finds no matching there."""
    (tmp_path / MANIFEST).mkdir()
    (tmp_path / "pairs.csv").mkdir()
    with pytest.raises(InputError, match=r"pairs.csv: is a folder") as caught:
        small.save(tmp_path)
    assert len(caught.value.faults) == 2
    assert sorted(one.name for one in tmp_path.iterdir()) == [MANIFEST, "pairs.csv"]
    with pytest.raises(FormatError, match=r"matching.json: is missing"):
        tm.load_matching(tmp_path)


def test_a_folder_of_several_matchings_names_them(small, tmp_path):
    """As what ``match_states`` leaves: whoever gives the whole is told which folders to give."""
    with pytest.raises(FormatError, match="A matching is a folder that `save`"):
        tm.load_matching(tmp_path)
    for name in ("SE", "IT", ".hidden"):
        small.save(tmp_path / name)
    (tmp_path / "NL" / MANIFEST).mkdir(parents=True)
    with pytest.raises(FormatError) as caught:
        tm.load_matching(tmp_path)
    (fault,) = caught.value.faults
    assert (fault.where, fault.what) == (MANIFEST, "is missing")
    assert fault.hint == f"There is one in each of IT, SE: give {tmp_path / 'IT'}, for one."


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("file/deeper/still", "is below .*file, which is a file"),
        ("nul\0l", "is no path that a system takes"),
        ("x" * 5_000, "is no path that this system takes"),
    ],
)
def test_paths_that_are_none_are_told_by_everything_that_takes_one(small, path, words, tmp_path):
    """Saving, loading, reporting and checkpoints say the same of a path, in one short error."""
    (tmp_path / "file").write_text("x")
    where = f"{tmp_path}/{path}"
    for call in (
        lambda: small.save(where),
        lambda: tm.load_matching(where),
        lambda: small.report(where),
        lambda: tm.match(small.left, small.right, checkpoint=where),
    ):
        with pytest.raises(InputError, match=words) as caught:
            call()
        assert len(str(caught.value)) < 500


def test_a_folder_with_the_name_of_a_checkpoint_is_told(small, tmp_path):
    """It is no checkpoint, and none can be written there."""
    (tmp_path / "run.checkpoint").mkdir()
    with pytest.raises(InputError, match="checkpoint: is a folder"):
        tm.match(small.left, small.right, checkpoint=tmp_path)
