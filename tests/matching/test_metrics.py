"""What a matching gives, and to whom: every number against a plain recount."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import twinmatch as tm
from tests.matching.recount import recounted
from tests.matching.worlds import BASE, KINDS, clashing, world
from tests.policy.tables import random_rows, table
from twinmatch.errors import InputError
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.metrics import ranks
from twinmatch.metrics.measures import evenness, gini, quantiles

p = tm.policies


# -- Against the recount -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_small_worlds_under_quotas(kind, seed):
    """With several partners, nobody, locks, full and empty schools, and places that are none."""
    for number in range(6):
        w = world(seed + number)
        matching = tm.match(w.left, w.right, replace(BASE, quotas=kind(w)[0]))
        if matching.status != "INFEASIBLE":
            recounted(matching)


def test_tables_with_much_that_is_not_known(seed):
    """Levels, sectors, places, settings and priority education, known of some schools only."""
    paired = 0
    for number in range(60):
        rng = np.random.default_rng(seed + number)
        rows = random_rows(rng, int(rng.integers(1, 12)), "L", ("FR", "FR", "DE"))
        for row in rows:
            row["ep"] = [None, None, "REP", "REP+", "REP/REP+"][rng.integers(5)]
            row["academie"] = [None, "Nice", "Lille"][rng.integers(3)]
        right = random_rows(rng, int(rng.integers(1, 12)), "R", ("FR", "DE", "IT", "HR"))
        policy = tm.Policy(
            rules=(p.CommonLevel(),),
            criteria=(
                p.LevelOverlap(300),
                p.SameSector(50),
                p.Distance(40, low_km=0, high_km=300, fade_km=900),
            ),
        )
        places = rng.integers(0, 3, len(right))
        paired += recounted(tm.match(table(rows), table(right), policy, right_capacity=places)).coverage
    assert paired > 60


@pytest.mark.parametrize(
    "policy", [p.systematic_twinning(), p.systematic_twinning(balance=True), p.proximity()]
)
def test_the_sample_of_the_registers(policy):
    recounted(tm.match(*tm.datasets.sample(), policy))


def test_the_sample_without_enough_places():
    """Schools that are left out want any partner that would rather have them."""
    fr, eu = tm.datasets.sample()
    matching = recounted(tm.match(fr, eu.take(np.arange(0, 300, 3))))
    assert matching.coverage == 100


# -- Ranks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [1, 2, 64])
def test_ranks_by_tree_and_by_blocks(first, seed, monkeypatch):
    """Both are the plain count, however few partners are asked for at first and held at a time."""
    for name, value in (("_FIRST", first), ("_GROWTH", 2), ("_CELLS", 40), ("_BLOCK", 50)):
        monkeypatch.setattr(ranks, name, value)
    policy = tm.Policy(
        rules=(p.CommonLevel(),),
        criteria=(p.LevelOverlap(20), p.SizeSimilarity(30, zero_at=4.0), p.SameSector(9)),
    )
    most = 0
    for number in range(40):
        rng = np.random.default_rng([seed, number])
        n, m = (int(one) for one in rng.integers(1, 30, 2))
        left, right = (table(random_rows(rng, k, side, ("IT",))) for k, side in ((n, "L"), (m, "R")))
        bans = {(f"L{rng.integers(n)}", f"R{rng.integers(m)}") for _ in range(n)}
        rules = (*policy.rules, p.ForbiddenPairs(sorted(bans)))
        terms = tm.compile(left, right, replace(policy, rules=rules)).terms
        points = terms.points(np.arange(n)[:, None], np.arange(m)[None, :])
        i, j = np.nonzero((points != FORBIDDEN) & (rng.random((n, m)) < 0.4))
        places = rng.integers(0, 3, m)
        better = [
            sum(points[a, k] > points[a, b] for k in range(m) if places[k]) for a, b in zip(i, j, strict=True)
        ]
        offering = np.flatnonzero(places)
        for count in (ranks.by_tree, ranks.by_blocks):
            assert (count(terms, i, points[i, j], offering) - 1).tolist() == better
        assert (ranks.ranks(terms, i, points[i, j], places) - 1).tolist() == better
        most = max(most, *better, 0)
    assert most >= 15


def test_a_criterion_of_ones_own_is_counted_by_blocks(monkeypatch):
    """The tree knows no bound on it; the numbers are as exact."""

    def digits(left, right, i, j):
        return (left.numbers("size")[i] * 7 + right.numbers("size")[j] * 3) % 101

    monkeypatch.setattr(ranks, "by_tree", None)
    w = world(5, 12, 14)
    own = p.OwnCriterion("digits", digits, 101)
    recounted(tm.match(w.left, w.right, replace(BASE, criteria=(*BASE.criteria, own))))


def test_ranks_can_be_left_out():
    """Then they and the blocking pairs are missing, and everything else is the same."""
    matching = tm.match(*tm.datasets.sample())
    most, less = matching.metrics(), matching.metrics(ranks=False)
    gone = {"rank_mean", "rank_median", "first_choice", "within_10", "blocking_pairs"}
    assert {name for name in most.summary if most.summary[name] != less.summary[name]} == gone
    assert all(less.summary[name] is None for name in gone)
    assert "blocking" not in str(less)


def test_points_are_raw_whatever_is_counted():
    """Under Nash welfare points, ranks and blocking pairs are those of points."""
    matching = recounted(tm.match(*tm.datasets.sample(), mechanism=tm.mechanisms.nash()))
    assert matching.metrics().summary["points_total"] == matching.points != matching.objective


# -- Measures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "expected"),
    [([], None), ([7], 0), ([5, 5, 5], 0), ([0, 0], 0), ([0, 0, 0, 8], 3 / 4), ([1, 2, 3, 4], 1 / 4)],
)
def test_gini_of_known_cases(points, expected):
    assert gini(np.array(points, np.int64)) == expected


def test_gini_of_many_large_numbers_is_exact():
    """Its sums leave 64 bits."""
    points = np.full(3_000_000, 2**31 - 1)
    points[0] = 0
    n, total = len(points), 2**31 - 1
    assert gini(points) == ((n - 1) * total) / (n * (n - 1) * total)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([], None), ([4], None), ([0, 0], None), ([3, 3], 1), ([9, 0, 0], 0), ([2, 2, 0, 0], 0.5)],
)
def test_evenness_of_known_cases(counts, expected):
    assert evenness(np.array(counts, np.int64)) == pytest.approx(expected)


def test_quantiles_are_those_of_pandas():
    values = np.array([3, 9, 1, 4, 4, 27])
    assert quantiles(values, 0.05, 0.5, 0.95) == tuple(pd.Series(values).quantile([0.05, 0.5, 0.95]))


# -- What is not there ---------------------------------------------------------------------------------------


def missing(metrics, *but: str) -> None:
    for row in [*metrics._groups, *metrics._countries, metrics.summary]:
        known = {name for name, value in row.items() if value is not None} - {"kind", "group", "country"}
        assert known <= {"schools", "places", "places_share", *but}, known


@pytest.mark.parametrize("stopped", [False, True])
def test_without_a_matching_only_sizes_are_known(stopped):
    """Of a run that was stopped, or of a policy that nothing keeps to, nobody is said to be left out."""
    matching = tm.match(*tm.datasets.sample(), deadline=0) if stopped else tm.match(*clashing())
    assert matching.status == ("NO_SOLUTION" if stopped else "INFEASIBLE")
    metrics = matching.metrics()
    missing(metrics)
    assert metrics.summary["schools"] == (200 if stopped else 3)
    assert "no matching to measure" in str(metrics)
    assert "level" not in str(metrics)
    assert "no matching to measure" in metrics._repr_html_()
    assert "no matching" in repr(metrics)
    assert json.loads(json.dumps(metrics.to_dict())) == metrics.to_dict()


def test_without_pairs_there_is_a_coverage_and_nothing_else():
    """Nobody could be paired: that is known. What pairs are worth is not."""
    left = tm.Schools.from_frame({"id": ["a"], "country": ["FR"], "levels": ["1"]})
    right = tm.Schools.from_frame({"id": ["b"], "country": ["IT"], "levels": ["2"]})
    metrics = tm.match(left, right).metrics()
    missing(
        metrics,
        *["covered", "coverage", "pairs", "distance_pairs", "taken", "points_total", "blocking_pairs"],
        "partner_countries",
    )
    assert (metrics.summary["coverage"], metrics.summary["blocking_pairs"]) == (0, 0)
    assert "0 of 1 schools covered (0.0 %)" in str(metrics)


@pytest.mark.parametrize("side", [0, 1])
def test_an_empty_side(side):
    """The coverage of nobody is not a number."""
    tables = list(tm.datasets.sample())
    tables[side] = tables[side].take([])
    metrics = tm.match(*tables).metrics()
    assert metrics.summary["coverage"] == (None if side == 0 else 0)
    assert metrics.summary["points_mean"] is None
    assert str(metrics)
    assert len(metrics.countries) == (6 if side == 0 else 0)


# -- Groups --------------------------------------------------------------------------------------------------


def groups(metrics, kind: str) -> dict[str, int]:
    return {row["group"]: row["schools"] for row in metrics._groups if row["kind"] == kind}


def test_priority_education_is_what_the_column_says():
    """Words that it does not know, and schools that it does not speak of, are unknown; nothing is guessed."""
    left = tm.Schools.from_frame(
        {
            "id": list("abcdef"),
            "country": ["FR", "FR", "FR", "FR", "BE", "FR"],
            "ep": ["REP", "REP+", "REP/REP+", None, None, "ZEP"],
            "levels": ["1"] * 6,
        }
    )
    metrics = tm.match(left, tm.datasets.sample()[1], tm.Policy(criteria=(p.LevelOverlap(1),))).metrics()
    assert groups(metrics, "priority") == {"REP": 3, "others": 1, "unknown": 2}
    assert "1 other words in the column ep count as not known (first: 'ZEP')" in metrics.notes


def test_kinds_of_which_nothing_is_known_are_left_out():
    """A column that is empty everywhere is no column; asked for, all of its schools are unknown."""
    left = tm.Schools.from_frame(
        {"id": ["a", "b"], "country": ["FR"] * 2, "levels": ["0;1", None], "ep": [None] * 2}
    )
    matching = tm.match(left, tm.datasets.sample()[1])
    assert {row["kind"] for row in matching.metrics()._groups} == {"all", "level", "country"}
    assert groups(matching.metrics(), "level") == {"0": 1, "1": 1, "unknown": 1}
    assert groups(matching.metrics(by=["priority"]), "priority") == {"unknown": 2}


def test_columns_of_ones_own_are_groups():
    """By the words that conditions of quotas are made of: flags, numbers, lists."""
    fr, eu = tm.datasets.sample()
    matching = tm.match(fr, eu)
    by = ["dept", "named", "geo_q", "dept"]
    metrics = matching.metrics(by=by)
    rows = matching.left.table.to_pylist()
    for kind, spell in (("dept", str), ("named", lambda flag: str(flag).lower()), ("geo_q", str)):
        words = ["unknown" if row[kind] is None else spell(row[kind]) for row in rows]
        assert groups(metrics, kind) == {word: words.count(word) for word in words}
    assert list(dict.fromkeys(row["kind"] for row in metrics._groups)) == ["all", "dept", "named", "geo_q"]
    # The summary is the same whatever the groups are.
    assert metrics.summary == matching.metrics().summary


def test_what_cannot_be_grouped_by_is_said_at_once():
    _, eu = tm.datasets.sample()
    left = tm.Schools.from_frame(
        pa.table({"id": ["a"], "country": ["FR"], "levels": ["1"], "embedding": [[1.0, 2.0]]})
    )
    matching = tm.match(left, eu, tm.Policy(criteria=(p.LevelOverlap(1),)))
    with pytest.raises(InputError) as caught:
        matching.metrics(by=["nowhere", "setting", "embedding", "country"])
    assert [fault.what.split(" holds")[0] for fault in caught.value.faults] == [
        "the left table has no column 'nowhere'",
        "the left table has no column 'setting'",
        "the column 'embedding'",
    ]
    for wrong in ("dept", [1]):
        with pytest.raises(InputError, match="must be several kinds"):
            matching.metrics(by=wrong)
    with pytest.raises(InputError, match="2 faults"):
        matching.metrics(threads=0, ranks="yes")


# -- What is handed out --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "of"), [(pd.DataFrame, pd.DataFrame), (pl.DataFrame, pl.DataFrame), (pa.table, pa.Table)]
)
def test_frames_are_of_the_callers_kind(frame, of):
    """Their rows are those of ``to_dict``; types hold where everything is missing."""
    left = tm.Schools.from_frame(frame({"id": ["a", "b"], "country": ["FR"] * 2, "levels": ["1", "2"]}))
    metrics = tm.match(left, tm.datasets.sample()[1]).metrics(ranks=False)
    for found, name in ((metrics.table, "groups"), (metrics.countries, "countries")):
        assert isinstance(found, of)
        arrow = (
            found
            if of is pa.Table
            else found.to_arrow()
            if of is pl.DataFrame
            else pa.Table.from_pandas(found)
        )
        assert arrow.to_pylist() == metrics.to_dict()[name]


def test_numbers_are_plain(seed):
    """JSON takes them, and the number of threads changes none."""
    matching = tm.match(*tm.datasets.sample())
    whole = matching.metrics(threads=1).to_dict()
    assert json.loads(json.dumps(whole, allow_nan=False)) == whole == matching.metrics(threads=2).to_dict()
    assert matching.metrics().summary is not matching.metrics().to_dict()["summary"]


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        self.texts.append(data)


def test_the_screen_says_what_the_numbers_say():
    """Some forty lines of a hundred columns; of many groups those that get least; the same in HTML."""
    metrics = tm.match(*tm.datasets.sample()).metrics()
    lines = str(metrics).splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 100
    s = metrics.summary
    assert lines[0] == "Metrics: 200 of 200 schools covered (100.0 %), 200 pairs, OPTIMAL"
    assert f"mean {s['points_mean']:,.0f}   min {s['points_min']:,}" in lines[1]
    assert f"{s['blocking_pairs']:,} pairs that both schools would rather have" in str(metrics)
    rows = [row for row in metrics._groups if row["kind"] == "academie"]
    worst = sorted(rows, key=lambda row: row["points_mean"])[:3]
    assert [line.split("  ")[2] for line in lines if "académie" in line][:3] == [
        f"académie {row['group']}" for row in worst
    ]
    assert f"{len(rows) - 3} académie groups that get as much or more: see .table" in str(metrics)
    page = Cells()
    page.feed(metrics._repr_html_())
    assert page.open == []
    assert all(
        word in " ".join(page.texts) for line in lines for word in line.split("  ") if word.strip(" ()")
    )


def test_all_and_nobody_are_said_of_all_and_nobody_only():
    """One of two thousand is neither 0.0 % nor, the other way round, 100.0 %."""
    left = tm.Schools.from_frame(
        {"id": [f"L{k}" for k in range(2_001)], "country": ["FR"] * 2_001, "levels": ["1"] * 2_001}
    )
    right = tm.Schools.from_frame({"id": ["a"], "country": ["IT"], "levels": ["1"]})
    policy = tm.Policy(rules=(p.CommonLevel(),), criteria=(p.LevelOverlap(1),))
    for places, said in ((0, "(0.0 %)"), (1, "(<0.1 %)"), (2_000, "(>99.9 %)"), (2_001, "(100.0 %)")):
        assert said in str(tm.match(left, right, policy, right_capacity=places).metrics(ranks=False))


def test_words_of_a_table_are_no_markup():
    left = tm.Schools.from_frame(
        {"id": ["a", "b"], "country": ["FR"] * 2, "levels": ["1"] * 2, "academie": ["<b>", "x\ny"]}
    )
    metrics = tm.match(left, tm.datasets.sample()[1]).metrics()
    assert "&lt;b&gt;" in metrics._repr_html_()
    assert "<b>" not in metrics._repr_html_()
    assert "académie x y" in str(metrics)


@pytest.mark.parametrize("name", ["greedy", "stable", "serial_dictatorship"])
def test_mechanisms_show_in_the_metrics(name):
    """Whoever pairs the best first leaves no blocking pair; first choices are those of a recount."""
    mechanism = getattr(tm.mechanisms, name)()
    metrics = recounted(tm.match(*tm.datasets.sample(), mechanism=mechanism)).metrics()
    assert (metrics.summary["blocking_pairs"] == 0) == (name != "serial_dictatorship")
