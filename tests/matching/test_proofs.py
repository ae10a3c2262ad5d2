"""The proof of a matching under quotas: what is refused, and what a folder keeps of it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from tests.matching.folders import signed_again
from tests.matching.worlds import (
    BASE,
    KEPT,
    KINDS,
    a_cap_per_country,
    best_by_highs,
    cells,
    clashing,
    floors_in_floors,
    locks,
    partners,
    same,
    world,
)
from twinmatch.certify import seal
from twinmatch.certify.sealing import digest
from twinmatch.errors import FormatError, InputError
from twinmatch.methods.sealing import SEALED

# -- Sabotage -----------------------------------------------------------------------------------------------


def sealed_again(matching):
    """Return a forgery whose seal fits: only the proof can tell."""
    numbers = {name: getattr(matching, name) for name in SEALED}
    return replace(matching, seal=digest(seal(**numbers), *matching.proof.arrays()))


def sabotaged(matching, rng):
    """Change one thing."""
    proof, n = matching.proof, len(matching.proof.taken)

    def moved(array):
        out = array.copy()
        if out.size:
            out.flat[rng.integers(out.size)] += int(rng.choice([-300, -7, -1, 1, 7, 300]))
        return out

    def prices(one):
        return one._replace(
            **{(side := str(rng.choice(["left", "right", "quota"]))): moved(getattr(one, side))}
        )

    change = int(rng.integers(9))
    if change == 0 and n:
        taken = proof.taken.copy()
        taken[rng.integers(n), 1] = rng.integers(len(matching.right))
        proof = replace(proof, taken=taken)
    elif change == 1 and n:
        proof = replace(proof, taken=np.delete(proof.taken, rng.integers(n), axis=0))
    elif change == 2:
        proof = replace(proof, quota_price=moved(proof.quota_price))
    elif change == 3:
        proof = replace(proof, left_price=moved(proof.left_price))
    elif change == 4 and proof.cover is not None:
        proof = replace(proof, cover=prices(proof.cover))
    elif change == 5 and proof.witness is not None:
        proof = replace(proof, witness=prices(proof.witness))
    elif change == 6:
        return replace(matching, right_price=moved(matching.right_price))
    elif change == 7:
        name = str(rng.choice(["objective", "bound", "coverage", "coverage_bound"]))
        return replace(matching, **{name: getattr(matching, name) + int(rng.choice([-2, -1, 1, 2]))})
    else:
        return replace(
            matching, status=rng.choice([tm.Status.OPTIMAL, tm.Status.FEASIBLE, tm.Status.INFEASIBLE])
        )
    return replace(matching, proof=proof)


def test_a_sabotaged_proof_is_refused():
    """With the old seal always; with a new one unless what it proves is true all the same."""
    rng = np.random.default_rng(11)
    tried = refused = 0
    for kind in (cells, floors_in_floors, partners, locks):
        for seed in range(4):
            for coverage in ("first", "points"):
                w = world(seed)
                quotas, asked = kind(w)
                if not quotas:
                    continue
                policy = replace(BASE, quotas=quotas, coverage=coverage)
                honest = tm.match(w.left, w.right, policy)
                best = best_by_highs(w, **asked, first=coverage == "first")
                for _ in range(12):
                    liar = sabotaged(honest, rng)
                    if sealed_again(liar).seal == honest.seal:
                        continue  # nothing was changed
                    tried += 1
                    assert not liar.verify().ok
                    forged = sealed_again(liar)
                    if not forged.verify().ok:
                        refused += 1
                        continue
                    assert (forged.status == "INFEASIBLE") == (best is None)
                    if best is not None:
                        assert forged.objective <= best.objective <= forged.bound
                        assert forged.status != "OPTIMAL" or forged.objective == best.objective
    assert tried > 250
    assert refused > tried / 3


# -- Folders ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_folder_gives_back_the_matching_and_its_proof(kind, tmp_path):
    """Whatever was asked and whatever came of it; and what was loaded is saved as the same bytes."""
    for seed in range(4):
        for coverage in ("first", "points"):
            w = world(seed)
            policy = replace(BASE, quotas=kind(w)[0], coverage=coverage)
            matching = tm.match(w.left, w.right, policy)
            matching.save(tmp_path / "a")
            loaded = tm.load_matching(tmp_path / "a")
            same(loaded, matching)
            assert loaded.verify().ok
            loaded.save(tmp_path / "b")
            for file in (tmp_path / "a").iterdir():
                assert (tmp_path / "b" / file.name).read_bytes() == file.read_bytes(), file.name


def test_quotas_that_a_search_found_to_clash_are_saved(tmp_path):
    """No sum shows it: each school is in two of three groups, and each group has one pair."""
    matching = tm.match(*clashing())
    assert matching.status == "INFEASIBLE"
    assert matching.proof.clash == (0, 1, 2)
    assert matching.witness.kind == "search"
    assert matching.verify().ok
    matching.save(tmp_path)
    loaded = tm.load_matching(tmp_path)
    same(loaded, matching)
    assert loaded.verify().ok
    assert loaded.witness.explain() == matching.witness.explain()


def test_formats_are_told_apart(tmp_path):
    """Formats 1 to 4, and no other; a file of another matching does not stay behind."""
    w = world(1)
    tm.match(w.left, w.right, replace(BASE, quotas=a_cap_per_country(w)[0])).save(tmp_path)
    record = json.loads((tmp_path / "matching.json").read_text(encoding="utf-8"))
    assert (record["format"], "proof" in record) == (4, True)
    for wrong in (5, 0, "2", True, None):
        (tmp_path / "matching.json").write_text(json.dumps({**record, "format": wrong}), encoding="utf-8")
        with pytest.raises(FormatError, match="reads 1 to 4"):
            tm.load_matching(tmp_path)
    tm.match(w.left, w.right, BASE).save(tmp_path)
    assert not (tmp_path / "quota_prices.parquet").exists()
    assert "proof" not in json.loads((tmp_path / "matching.json").read_text(encoding="utf-8"))


def changed(path, column, change):
    """Change the values of a column of a file."""
    table = pq.read_table(path)
    values = change(table[column].to_pylist())
    at = table.column_names.index(column)
    pq.write_table(table.set_column(at, column, pa.array(values, table[column].type)), path)


def up(values):
    return [values[0] + 1, *values[1:]]


def turned(values):
    return values[::-1]


TAMPERED = [
    ("left_prices", "price", up),
    ("left_prices", "cover", up),
    ("left_prices", "left_id", turned),
    ("left_prices", "left_id", lambda values: [values[1], *values[1:]]),
    ("left_prices", "left_id", lambda values: ["nobody", *values[1:]]),
    ("prices", "price", up),
    ("prices", "cover", up),
    ("prices", "places", up),
    ("quota_prices", "price", up),
    ("quota_prices", "cover", up),
    ("quota_prices", "quota", turned),
    ("quota_prices", "quota", lambda values: ["another quota", *values[1:]]),
    ("quota_prices", "quota", lambda values: [values[1], *values[1:]]),
    ("pairs", "right_id", turned),
    ("pairs", "left_id", lambda values: [values[1], *values[1:]]),
    ("pairs", "points", up),
    ("left", "ep", turned),
    ("left", "academie", turned),
    ("right", "country", turned),
]


@pytest.mark.parametrize("number", range(len(TAMPERED)))
def test_a_folder_that_was_tampered_with_is_refused(number, tmp_path):
    """In words when it is read, or by the check."""
    name, column, change = TAMPERED[number]
    w = world(KEPT)
    matching = tm.match(w.left, w.right, replace(BASE, quotas=floors_in_floors(w)[0]))
    assert matching.status == "OPTIMAL"
    matching.save(tmp_path)
    changed(tmp_path / f"{name}.parquet", column, change)
    signed_again(tmp_path)
    try:
        certificate = tm.load_matching(tmp_path).verify()
    except InputError:
        return  # in words
    assert not certificate.ok


def test_rows_of_price_files_may_stand_in_any_order(tmp_path):
    """Prices stand under names: a file that is sorted another way says the same."""
    w = world(KEPT)
    matching = tm.match(w.left, w.right, replace(BASE, quotas=floors_in_floors(w)[0]))
    matching.save(tmp_path)
    for name in ("left_prices", "prices", "quota_prices", "pairs"):
        table = pq.read_table(tmp_path / f"{name}.parquet")
        rows = pa.array(range(len(table))[::-1], pa.int64())
        pq.write_table(table.take(rows), tmp_path / f"{name}.parquet")
    signed_again(tmp_path)
    loaded = tm.load_matching(tmp_path)
    same(loaded, matching)
    assert loaded.verify().ok


@pytest.mark.parametrize(
    "change",
    [
        lambda proof: proof.update(price_scale="1"),
        lambda proof: proof.update(price_scale=0),
        lambda proof: proof.update(price_scale=None),
        lambda proof: proof.update(price_scale=10**30),
        lambda proof: proof.update(searched="no"),
        lambda proof: proof.update(searched=True),
        lambda proof: proof.update(cover=None),
        lambda proof: proof.update(cover=0),
        lambda proof: proof.update(cover=10**30),
        lambda proof: proof.update(witness=1),
        lambda proof: proof.pop("cover"),
        lambda proof: proof.clear(),
    ],
)
def test_a_record_of_the_proof_that_was_changed_is_refused(change, tmp_path):
    w = world(KEPT)
    tm.match(w.left, w.right, replace(BASE, quotas=floors_in_floors(w)[0])).save(tmp_path)
    record = json.loads((tmp_path / "matching.json").read_text(encoding="utf-8"))
    change(record["proof"])
    signed_again(tmp_path, proof=record["proof"])
    try:
        certificate = tm.load_matching(tmp_path).verify()
    except FormatError:
        return  # in words
    assert not certificate.ok


@pytest.mark.parametrize("name", ["left_prices", "quota_prices"])
def test_a_missing_or_short_file_of_prices_is_named(name, tmp_path):
    w = world(KEPT)
    tm.match(w.left, w.right, replace(BASE, quotas=floors_in_floors(w)[0])).save(tmp_path)
    table = pq.read_table(tmp_path / f"{name}.parquet")
    pq.write_table(table.slice(1), tmp_path / f"{name}.parquet")
    signed_again(tmp_path)
    with pytest.raises(FormatError, match=name):
        tm.load_matching(tmp_path)
    (tmp_path / f"{name}.parquet").unlink()
    with pytest.raises(FormatError, match=rf"{name}\.parquet: is missing"):
        tm.load_matching(tmp_path)
