"""What a matching of schools says: who, with what points, who is left out, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twinmatch as tm
from tests.oracles import best_by_ortools
from tests.policy.tables import random_tables
from twinmatch.errors import CertificateError, InputError, PolicyError

p = tm.policies


def table(ids, country="FR", **columns) -> tm.Schools:
    """Return schools of one level; values that are not lists are those of every school."""
    ids = ids.split()
    whole = {"levels": "1", **columns, "country": country}
    spread = {name: v if isinstance(v, list) else [v] * len(ids) for name, v in whole.items()}
    return tm.Schools.from_frame({"id": ids, **spread})


LEVELS_ONLY = tm.Policy(rules=(p.PartnerInEU(), p.CommonLevel()), criteria=(p.LevelOverlap(100),))


@pytest.fixture(scope="module")
def national():
    """Return a matching with somebody left out."""
    left, right = tm.datasets.synthetic(300, 400, 4, "clustered", 0.9)
    return tm.match(left, right, tm.policies.systematic_twinning())


def test_points_add_up_by_criterion(national):
    """Of every pair, and of all pairs to the objective; the columns are the criteria of the policy."""
    pairs = national.pairs
    names = [criterion.name for criterion in national.policy.criteria]
    assert list(pairs.columns) == ["left_id", "right_id", "points", *names]
    assert (pairs[names].sum(axis=1) == pairs["points"]).all()
    assert pairs["points"].sum() == national.objective
    assert (pairs[names] >= 0).all(axis=None)
    assert (pairs[names].max() <= [criterion.weight for criterion in national.policy.criteria]).all()
    graph = tm.compile(national.left, national.right, national.policy)
    i = np.flatnonzero(national.mate >= 0)
    np.testing.assert_array_equal(graph.points(i, national.mate[i]), pairs["points"])


def test_everybody_is_in_one_of_the_two_frames(national):
    """Paired or left out, sorted by id; no place is taken twice."""
    paired, left_out = list(national.pairs["left_id"]), list(national.unmatched["left_id"])
    assert paired == sorted(paired)
    assert left_out == sorted(left_out)
    assert sorted(paired + left_out) == list(national.left.ids)
    assert len(paired) == national.coverage == 270
    taken = national.pairs["right_id"].value_counts()
    places = dict(zip(national.right.ids, national.right_capacity, strict=True))
    assert all(taken[name] <= places[name] for name in taken.index)


def test_a_matching_says_what_it_is_in_a_line(national):
    assert repr(national) == (
        f"Matching(OPTIMAL, 270 of 300 schools paired, {national.objective:,} points, gap 0)"
    )
    assert (national.gap, national.relative_gap) == (0, 0)
    assert set(national.seconds) >= {"compile", "coverage", "auction"}
    assert all(seconds >= 0 for seconds in national.seconds.values())
    assert national.assumptions == tuple(dict.fromkeys(national.assumptions))


def reasons(matching) -> dict[str, str]:
    frame = matching.unmatched
    return dict(zip(frame["left_id"].to_pylist(), frame["reason"].to_pylist(), strict=True))


def arrow(schools: tm.Schools) -> tm.Schools:
    return tm.Schools.from_frame(schools.table)


def test_reasons_name_what_keeps_a_school_out():
    """One rule; several rules; no place where there would be a partner; too few places."""
    left = arrow(table("a b c d e f", levels=["3", None, "2", "1", "1", "1"]))
    right = arrow(table("W X Y Z", ["IT", "IT", "FR", "DE"], levels=["1", "0;2", "2;3", "1"]))
    matching = tm.match(left, right, LEVELS_ONLY, right_capacity=[2, 0, 1, 0])
    why = reasons(matching)
    assert matching.coverage == 2
    assert len(why) == 4
    assert why["a"] == (
        "no admissible partner: the rules together forbid every pair ('common level' alone leaves 1 of 2)"
    )
    assert why["b"] == "no admissible partner: the rule 'common level' forbids every pair"
    assert why["c"].startswith("no admissible partner: the rules together")
    out = ({"d", "e", "f"} & set(why)).pop()
    assert why[out].startswith("squeezed out: 1 admissible partners, all taken by schools")


def test_a_rule_alone_is_named():
    left, right = arrow(table("a")), arrow(table("X Y", ["FR", "CH"]))
    assert reasons(tm.match(left, right, LEVELS_ONLY)) == {
        "a": "no admissible partner: the rule 'partner in the EU' forbids every pair"
    }


def test_no_places_is_a_reason():
    left, right = arrow(table("a b")), arrow(table("X", "IT"))
    matching = tm.match(left, right, LEVELS_ONLY, right_capacity=0)
    assert set(reasons(matching).values()) == {"no admissible partner: no school offers a place"}
    assert matching.status == "OPTIMAL"
    nobody = tm.match(left, right.take([]), LEVELS_ONLY)
    assert set(reasons(nobody).values()) == {"no admissible partner: no school offers a place"}


def test_pairs_forbidden_one_by_one_are_a_reason():
    """Not "squeezed out" by others: nobody was allowed."""
    left, right = arrow(table("a b")), arrow(table("X Y Z", "IT"))
    bans = p.ForbiddenPairs([("a", "X"), ("a", "Y"), ("a", "Z"), ("b", "X")])
    policy = replace(LEVELS_ONLY, rules=(*LEVELS_ONLY.rules, bans))
    assert reasons(tm.match(left, right, policy)) == {
        "a": "no admissible partner: the pairs with all 3 that the rules leave are forbidden one by one"
    }
    three = arrow(table("a b c d"))
    assert reasons(tm.match(three, right.take([0, 1]), policy))["a"].startswith("no admissible partner")
    squeezed = reasons(tm.match(three, right.take([0, 1]), replace(policy, rules=(*policy.rules[:2], bans))))
    assert sum(reason.startswith("squeezed out: ") for reason in squeezed.values()) == 1


def test_a_run_that_was_stopped_is_a_reason():
    left, right = arrow(table("a b")), arrow(table("X Y", "IT"))
    stopped = tm.match(left, right, LEVELS_ONLY, deadline=0)
    assert (stopped.status, stopped.limit) == ("NO_SOLUTION", "DEADLINE")
    assert set(reasons(stopped).values()) == {
        "not reached: 2 admissible partners, but the run was stopped early"
    }


@pytest.mark.parametrize(
    ("frame", "of"),
    [(pd.DataFrame, pd.DataFrame), (pl.DataFrame, pl.DataFrame), (pa.table, pa.Table)],
)
def test_frames_are_of_the_callers_kind(frame, of):
    """What comes out is what went in: pandas, polars or pyarrow, as the left table."""
    left = tm.Schools.from_frame(frame({"id": ["a", "b"], "country": ["FR"] * 2, "levels": ["1", "2"]}))
    right = tm.Schools.from_frame(pa.table({"id": ["X"], "country": ["IT"], "levels": ["1"]}))
    matching = tm.match(left, right, LEVELS_ONLY)
    assert isinstance(matching.pairs, of)
    assert isinstance(matching.unmatched, of)
    rows = pa.table(matching.pairs) if of is not pa.Table else matching.pairs
    assert rows.to_pylist() == [{"left_id": "a", "right_id": "X", "points": 100, "levels": 100}]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (None, [1, 0, 2, 1]),  # the column `capacity`; unknown is one
        ("capacity", [1, 0, 2, 1]),
        ("room", [3, 1, 1, 0]),
        (2, [2, 2, 2, 2]),
        (0, [0, 0, 0, 0]),
        ([4, 3, 2, 1], [4, 3, 2, 1]),
        (np.array([4.0, 3.0, 2.0, 0.0]), [4, 3, 2, 0]),
    ],
)
def test_places_come_from_a_column_a_number_or_an_array(places, expected):
    """In the order of the caller's rows, whatever order ids are in."""
    right = tm.Schools.from_frame(
        {
            "id": ["d", "c", "b", "a"],
            "country": ["IT"] * 4,
            "levels": ["1"] * 4,
            "capacity": [1, 0, 2, None],
            "room": [3, 1, 1, 0],
        }
    )
    left = table(" ".join(f"L{k}" for k in range(12)))
    matching = tm.match(left, right, LEVELS_ONLY, right_capacity=places)
    assert list(matching.right.ids) == ["a", "b", "c", "d"]
    assert matching.right_capacity.tolist() == expected[::-1]
    assert matching.coverage == min(12, sum(expected))
    assert tm.compile(left, right, LEVELS_ONLY, right_capacity=places).right_capacity.tolist() == expected


def test_one_place_each_without_a_column():
    assert tm.match(table("a b"), table("X Y Z", "IT"), LEVELS_ONLY).right_capacity.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("places", "what"),
    [
        ("rooms", "names a column that is not there: 'rooms'"),
        (-1, "must be whole numbers from 0"),
        ([1, 2], r"has shape \(2,\), and there are 3"),
        ([1, -1, 0.5], r"must be whole numbers.*2 rows, first: 1, 2"),
        ([1, float("nan"), 2], "must be whole numbers"),
        (["1", "2", "3"], "must be whole numbers, not <U1"),
        ([True, False, True], "must be whole numbers, not bool"),
        (2**31, "must be whole numbers from 0 to"),
    ],
)
def test_places_that_are_none_are_refused(places, what):
    with pytest.raises(InputError, match=what):
        tm.match(table("a"), table("X Y Z", "IT"), LEVELS_ONLY, right_capacity=places)


def test_bad_options_are_refused_together():
    with pytest.raises(InputError) as caught:
        tm.match(table("a"), table("X", "IT"), LEVELS_ONLY, deadline=-3, gap=2, threads=0, seed="x")
    assert [fault.where for fault in caught.value.faults] == ["deadline", "gap", "threads", "seed"]


def test_a_policy_that_cannot_be_used_is_refused_before_any_work():
    """All faults in one error, and nothing was solved."""
    policy = tm.Policy(rules=(p.CommonLevel(),), criteria=(p.SocialPosition(10), p.SizeSimilarity(10)))
    events = []
    with pytest.raises(PolicyError) as caught:
        tm.match(table("a"), table("X", "IT"), policy, on_progress=events.append)
    assert len(caught.value.faults) >= 2
    assert not events


def test_verification_refuses_what_was_changed(national):
    """One pair swapped, one price moved, one place too many, a wrong status, another table or policy."""
    assert national.verify().ok
    i, j = np.flatnonzero(national.mate >= 0)[:2]
    swapped = national.mate.copy()
    swapped[[i, j]] = swapped[[j, i]]
    moved = national.right_price.copy()
    moved[int(np.argmax(moved))] += 1
    crowded = national.mate.copy()
    crowded[i] = crowded[j]
    lies = {
        "mate": swapped,
        "right_price": moved,
        "objective": national.objective + 1,
        "bound": national.bound - 1,
        "coverage": 271,
        "status": tm.Status.FEASIBLE,
        "coverage_price": national.coverage_price + 1,
        "witness_left": ~national.witness_left,
        "right_capacity": national.right_capacity + 1,
        "left": national.left.take(np.arange(300)[::-1]),
        "policy": tm.policies.proximity(),
        "seal": "0" * 64,
    }
    for name, value in lies.items():
        changed = replace(national, **{name: value})
        certificate = changed.verify()
        if name == "left":  # the same rows in another order: mates stand in the wrong rows
            assert not certificate.ok
            continue
        assert not certificate.ok, name
        with pytest.raises(CertificateError):
            certificate.raise_for_failure()
    certificate = replace(national, mate=crowded).verify()
    assert "capacities" in {claim.name for claim in certificate.claims if not claim.ok}
    inputs = replace(national, policy=tm.policies.proximity()).verify().claims[-1]
    assert (inputs.name, inputs.ok) == ("inputs", False)
    assert "policy" in inputs.detail


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_random_tables_under_the_default_policy(seed):
    """Tables with unknown values everywhere: paired as well as a flow solver pairs them, and proven."""
    _, _, left, right = random_tables(seed)
    policy = tm.policies.systematic_twinning()
    matching = tm.match(left, right, policy)
    graph = tm.compile(matching.left, matching.right, policy)
    points = graph.points(np.arange(len(left))[:, None], np.arange(len(right))[None, :])
    assert (matching.coverage, matching.objective) == best_by_ortools(points, matching.right_capacity)
    assert matching.status == "OPTIMAL"
    assert matching.verify(threads=1).ok
    assert len(matching.pairs) + len(matching.unmatched) == len(left)
