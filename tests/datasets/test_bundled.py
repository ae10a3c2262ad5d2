"""The bundled registers are all of the registers, as published, and small."""

from __future__ import annotations

import csv
import gzip
import pickle
from collections import Counter
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pytest

from scripts import build_datasets
from twinmatch import Schools, datasets
from twinmatch.registers.academies import OUTSIDE, academie_of, academies

# country: rows, with coordinates, with size - as the publishers' files have them
COUNTS = {
    "FR": (64_541, 63_542, 13_221),
    "IT": (51_091, 50_167, 0),
    "DE": (31_456, 31_456, 0),
    "RO": (18_200, 18_200, 17_549),
    "ES": (10_500, 10_445, 0),
    "NL": (8_459, 8_387, 7_820),
    "SE": (6_224, 6_224, 6_104),
}


HEADERS = {
    "fr": """id country region dept academie commune_insee city name type_raw levels sector lat lon geo_q
        size size_kind ips ep languages year named source""",
    "ro": """id country region city name type_raw levels sector lat lon geo_q
        size size_kind teach_lang foreign_lang year source""",
}


@pytest.fixture(scope="module")
def registers():
    return datasets.france_eu()


def test_every_row_is_there(registers):
    found = {}
    for schools in registers:
        for country in set(schools.strings("country")):
            rows = schools.strings("country") == country
            located, sized = (int((~np.isnan(schools.numbers(name)))[rows].sum()) for name in ("lat", "size"))
            found[country] = (int(rows.sum()), located, sized)
    assert found == COUNTS
    assert sum(map(len, registers)) == 190_471


def test_the_files_pass_the_checks_that_loading_skips(registers):
    for schools in [*registers, *datasets.sample()]:
        assert Schools(schools.table) == schools
        assert schools.dropped == ()


def test_identifiers_are_unique_over_both_tables(registers):
    ids = np.concatenate([schools.ids for schools in registers])
    assert len(np.unique(ids.astype(str))) == len(ids)


def test_every_french_school_has_its_academie(registers):
    fr, eu = registers
    names = fr.strings("academie")
    assert None not in names
    known = {place.academie for place in academies().values()} | {OUTSIDE}
    assert set(names) == known
    assert (names == OUTSIDE).sum() == 1  # a row for candidates without a school
    for dept, uai, name in zip(fr.strings("dept"), fr.ids, names, strict=True):
        assert academie_of(dept, uai).academie == name
    assert not eu.has("academie")


def test_missing_is_still_missing(registers):
    fr, eu = registers
    kind, size = fr.strings("size_kind"), fr.numbers("size")
    assert int(((kind != None) & np.isnan(size)).sum()) == 433  # noqa: E711 (elementwise)
    assert int((eu.levels == 0)[eu.strings("country") == "IT"].sum()) == 776
    assert int((eu.levels == 0).sum()) == 776 + 3333 + 877 + 1
    assert Counter(fr.strings("levels")) == {"0;1": 20938, "1": 16053, "0": 14732, "2": 7654, "3": 5164}
    assert not eu.has("capacity")


def test_rural_and_urban_are_a_setting(registers):
    _, eu = registers
    romania = eu.strings("country") == "RO"
    assert Counter(eu.strings("setting")[romania]) == {"rural": 11_579, "urban": 6_621}
    assert set(eu.strings("setting")[~romania]) == {None}
    assert set(eu.strings("type_raw")[romania]) == {None}


def test_nothing_but_school_names_holds_an_at_sign(registers):
    for schools in registers:
        for name in set(schools.columns) - {"name"}:
            assert not any("@" in cell for cell in schools.strings(name) if cell), name
    names = [cell for schools in registers for cell in schools.strings("name") if cell]
    assert sum("@" in cell for cell in names) == 8


def test_each_call_gives_equal_tables_for_a_program_that_takes_pandas(registers):
    again = datasets.france_eu()
    assert again == registers
    assert [schools.kind for schools in again] == ["pandas", "pandas"]
    assert pickle.loads(pickle.dumps(again[1])) == registers[1]


def test_the_files_are_small():
    folder = files("twinmatch.datasets").joinpath("data")
    assert sum(len(file.read_bytes()) for file in folder.iterdir()) < 6_000_000


def test_the_sample_is_varied_and_everyone_can_be_paired():
    fr, eu = datasets.sample()
    assert (len(fr), len(eu)) == (200, 300)
    assert Counter(eu.strings("country")) == dict.fromkeys(("DE", "ES", "IT", "NL", "RO", "SE"), 50)
    assert len(set(fr.strings("academie"))) >= 30
    assert set(fr.strings("levels")) == {"0", "1", "0;1", "2", "3"}
    for taught in set(fr.levels):
        assert ((eu.levels & taught) > 0).sum() >= (fr.levels == taught).sum()
    registers = datasets.france_eu()
    for part, whole in zip((fr, eu), registers, strict=True):
        rows = np.flatnonzero(np.isin(whole.ids.astype(str), part.ids.astype(str)))
        assert whole.take(rows) == part


def test_the_build_script_reads_what_it_should(tmp_path):
    """A register written in the publishers' form comes back with its académie, setting and types."""
    rows = {
        "fr": [
            {"id": "0620001A", "country": "FR", "dept": "62", "academie": "lILLE", "named": "1"},
            {"id": "2A_0_1", "country": "FR", "dept": "2A", "size_kind": "enrolled", "named": "0"},
        ],
        "ro": [{"id": "1", "country": "RO", "type_raw": "rural", "teach_lang": "ro;polonă", "size": "12.0"}],
    }
    for name, lines in rows.items():
        with gzip.open(tmp_path / f"{name}.csv.gz", "wt", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADERS[name].split())
            writer.writeheader()
            writer.writerows(lines)
    fr = build_datasets.build_france(tmp_path / "fr.csv.gz")
    assert fr.strings("academie").tolist() == ["Lille", "Corse"]
    assert fr.strings("region").tolist() == ["32", "94"]
    assert fr.table["named"].to_pylist() == [True, False]
    ro = build_datasets.build_partners([tmp_path / "ro.csv.gz"])
    assert ro.strings("setting").tolist() == ["rural"]
    assert ro.strings("teach_lang").tolist() == ["ro;pl"]
    assert ro.table["size"].type == pa.float64()
    assert not ro.has("foreign_lang")


def test_the_sample_can_be_drawn_again(registers):
    assert build_datasets.build_sample(*registers) == datasets.sample()
