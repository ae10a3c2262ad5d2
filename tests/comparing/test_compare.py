"""Comparisons and sweeps against single runs and recounts, their screens, and their errors."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import twinmatch as tm
from twinmatch.comparing.robust import _changed
from twinmatch.comparing.setting import find, paths, policies_over, weighted
from twinmatch.errors import InputError, NoSolutionError, PolicyError

PLAIN = tm.policies.systematic_twinning()
BALANCED = tm.policies.systematic_twinning(balance=True)


@pytest.fixture(scope="module")
def sample():
    return tm.datasets.sample()


@pytest.fixture(scope="module")
def three(sample):
    ways = {"plain": PLAIN, "near": tm.policies.proximity(), "nash": (PLAIN, tm.mechanisms.nash())}
    return tm.compare(ways, *sample)


def test_rows_are_those_of_single_runs_and_recounts(sample, three):
    """Each matching has the seal of a run alone; prices are sums over pairs in the first one's points."""
    plain = tm.match(*sample)
    assert three.matchings["plain"].seal == plain.seal
    assert three.matchings["near"].seal == tm.match(*sample, tm.policies.proximity()).seal
    graph = tm.compile(plain.left, plain.right, PLAIN)
    here = {key: row for row, key in enumerate(plain.left.ids.tolist())}
    there = {key: row for row, key in enumerate(plain.right.ids.tolist())}
    country = dict(zip(plain.right.ids.tolist(), plain.right.strings("country").tolist(), strict=True))
    first = dict(zip(plain.pairs["left_id"], plain.pairs["right_id"], strict=True))
    for row in three.to_dict()["rows"]:
        matching = three.matchings[row["name"]]
        pairs = list(zip(matching.pairs["left_id"], matching.pairs["right_id"], strict=True))
        worth = sum(int(graph.points(here[a], there[b])) for a, b in pairs)
        assert row["points_by_first"] == worth
        assert row["price_points"] == plain.points - worth >= 0
        assert row["changed"] == sum(first[a] != b for a, b in pairs)
        assert (row["coverage"], row["price_coverage"], row["not_admissible"]) == (200, 0, 0)
        counts = Counter(country[b] for _, b in pairs)
        assert row["largest_share"] == max(counts.values()) / len(pairs)
        assert counts[row["largest_country"]] == max(counts.values())
        shares = [count / len(pairs) for count in counts.values()]
        even = -sum(share * math.log(share) for share in shares) / math.log(len(set(country.values())))
        assert row["country_evenness"] == pytest.approx(even, rel=1e-12)


def test_tables_are_of_the_callers_kind_and_typed(sample, three):
    """Whole numbers stay whole, also where some are missing."""
    table = three.table
    assert type(table).__module__.startswith("pandas")
    assert list(table["name"]) == ["plain", "near", "nash"]
    left, right = (tm.Schools.from_frame(side.table) for side in sample)
    found = tm.compare({"a": PLAIN}, left, right).table
    assert isinstance(found, pa.Table)
    assert found.schema.field("points").type == pa.int64()


def test_changed_lists_who_moves(three):
    """Both partners and their points, sorted by id."""
    frame = three.changed("plain", "near")
    row = next(row for row in three.to_dict()["rows"] if row["name"] == "near")
    assert len(frame) == row["changed"]
    assert list(frame["left_id"]) == sorted(frame["left_id"])
    plain = three.matchings["plain"].pairs.set_index("left_id")
    near = three.matchings["near"].pairs.set_index("left_id")
    for line in frame.itertuples():
        assert line.right_id_one == plain.loc[line.left_id, "right_id"] != line.right_id_other
        assert line.points_one == plain.loc[line.left_id, "points"]
        assert line.points_other == near.loc[line.left_id, "points"]
    assert not len(three.changed("plain", "plain"))
    with pytest.raises(InputError, match="There are plain, near, nash"):
        three.changed("plain", "fair")


def test_pairs_that_the_first_does_not_allow_have_no_price(sample):
    """They are counted, and the price is missing instead of wrong."""
    never = [(one, "IT") for one in sample[0].ids.tolist()]
    only = replace(PLAIN, rules=(*PLAIN.rules, tm.policies.ForbiddenCountries(never)))
    found = tm.compare({"without Italy": only, "plain": PLAIN}, *sample)
    row = found.to_dict()["rows"][1]
    italian = sum(found.matchings["plain"].right.strings("country")[found.matchings["plain"].mate] == "IT")
    assert row["not_admissible"] == italian > 0
    assert row["points_by_first"] is row["price_points"] is None
    assert f"({italian} not allowed)" in str(found)


def test_impossible_and_unreached_policies_have_a_row(sample):
    """No pairs, no numbers: the status says why; the others are there."""
    floor = tm.policies.Quota("too much", right={"country": ["IT"]}, at_least=5000)
    hopeless = replace(PLAIN, quotas=(floor,))
    found = tm.compare({"plain": PLAIN, "hopeless": hopeless}, *sample)
    assert found.to_dict()["rows"][1]["status"] == "INFEASIBLE"
    assert found.to_dict()["rows"][1]["points"] is None
    assert "INFEASIBLE" in str(found)
    late = tm.compare({"a": PLAIN, "b": PLAIN}, *sample, deadline=0)
    assert set(late.table["status"]) == {"NO_SOLUTION"}
    assert "NO_SOLUTION" in str(late)


def test_matchings_are_taken_as_they_are(sample, three):
    """One that is solved already is not solved again; one of other schools is refused."""
    plain = three.matchings["plain"]
    found = tm.compare({"solved": plain, "again": PLAIN}, *sample)
    assert found.matchings["solved"] is plain
    assert list(found.table["changed"]) == [0, 0]
    with pytest.raises(InputError, match="solved: is a matching of other schools"):
        tm.compare({"solved": plain}, sample[0].take(np.arange(50)), sample[1])


def test_screens(three):
    """A line for each, the first one named; HTML is escaped."""
    text = str(three)
    assert len(text.splitlines()) < 12
    assert max(map(len, text.splitlines())) <= 100
    assert "Points by first: of all pairs as 'plain' counts them" in text
    plain = three.matchings["plain"]
    ways = tm.compare({"<b>": plain}, plain.left, plain.right)
    assert "<b>" not in ways._repr_html_()
    assert "&lt;b&gt;" in ways._repr_html_()
    assert repr(three) == "<Comparison 3 matchings of 200 schools>"


def test_progress_tells_whose_it_is(sample):
    """The phase begins with the name."""
    heard = []
    tm.compare({"one": PLAIN}, *sample, on_progress=heard.append)
    assert {now.phase.split(":")[0] for now in heard} == {"one"}


@pytest.mark.parametrize("weight", [150_000, 1])
def test_a_sweep_has_the_objectives_of_single_runs(sample, weight):
    """In any order of values, each OPTIMAL and proven; rows stand in the order of the call."""
    values = [weight * 3, weight, weight * 4, weight * 2]
    found = tm.sweep(PLAIN, *sample, over="criteria.distance.weight", values=values)
    assert list(found.table["value"]) == values
    for value, (name, matching) in zip(values, found.matchings.items(), strict=True):
        assert name == f"{value:,}"
        policy = dict(policies_over(PLAIN, "criteria.distance.weight", [value]))[value]
        alone = tm.match(*sample, policy)
        assert (matching.status, matching.objective, matching.bound) == (
            "OPTIMAL",
            alone.objective,
            alone.bound,
        )
        matching.verify().raise_for_failure()


def test_a_sweep_of_a_larger_market_is_warm_and_equal(seed):
    """Twelve steps of one weight: every objective is that of a run from nothing."""
    left, right = tm.datasets.synthetic(1200, 3000, seed=8)
    values = list(range(140_000, 152_000, 1_000))
    found = tm.sweep(PLAIN, left, right, over="criteria.distance.weight", values=values)
    for value, matching in zip(values, found.matchings.values(), strict=True):
        policy = dict(policies_over(PLAIN, "criteria.distance.weight", [value]))[value]
        assert matching.objective == tm.match(left, right, policy).objective
        assert matching.gap == 0
        matching.verify().raise_for_failure()


def test_quotas_and_functions_can_be_swept(sample):
    """A cap for countries; a function that makes a policy of a word; a front of what they give."""
    caps = tm.sweep(BALANCED, *sample, over="quotas.country balance.cap_share", values=[0.2, 0.35, 1.0])
    shares = caps.table["largest_share"]
    assert shares[0] <= 0.2
    assert list(shares) == sorted(shares)
    front = caps.pareto()
    assert 0.2 in list(front["value"])
    named = {"plain": PLAIN, "balanced": BALANCED}
    found = tm.sweep(PLAIN, *sample, over=named.__getitem__, values=["plain", "balanced"])
    assert list(found.table["value"]) == ["plain", "balanced"]
    yes = tm.sweep(PLAIN, *sample, over="criteria.language.assume_english", values=[True, False])
    assert list(yes.table["value"]) == [True, False]
    assert len(yes.pareto(maximise=["points_by_first"])) >= 1


def test_weights_take_the_other_points_along():
    """Half the weight is half of everything that the criterion gives; other options stay."""
    half = policies_over(PLAIN, "criteria.language.weight", [150_000])[0][1].criteria[0]
    assert (half.weight, half.one_way, half.third, half.unknown) == (150_000, 112_500, 75_000, 37_500)
    place = find(PLAIN, "criteria.distance.weight")
    assert PLAIN.criteria[place.number].name == "distance"
    assert weighted(PLAIN, "size", 1.1).criteria[2].weight == 165_000
    assert weighted(PLAIN, "size", 1.1).faults() == []


def test_wrong_paths_and_values_are_one_error(sample):
    """A path that leads nowhere lists all; values that do not suit are all named."""
    with pytest.raises(InputError) as error:
        tm.sweep(PLAIN, *sample, over="criteria.distanse.weight", values=[1])
    assert "criteria.distance.weight" in str(error.value)
    assert "coverage" in paths(PLAIN)
    with pytest.raises(PolicyError) as wrong:
        tm.sweep(PLAIN, *sample, over="criteria.distance.weight", values=[5, -3, "x"])
    assert "criteria.distance.weight = -3" in str(wrong.value)
    assert "criteria.distance.weight = 'x'" in str(wrong.value)
    with pytest.raises(InputError, match="a value or more"):
        tm.sweep(PLAIN, *sample, over="criteria.distance.weight", values=[])
    with pytest.raises(InputError, match="hold 5 2 times"):
        tm.sweep(PLAIN, *sample, over="criteria.distance.weight", values=[5, 5])
    with pytest.raises(InputError, match="must be a path or a function"):
        tm.sweep(PLAIN, *sample, over=3, values=[5])
    with pytest.raises(PolicyError, match="must be a policy, not 7"):
        tm.sweep(PLAIN, *sample, over=lambda value: value, values=[7])
    for policies in ({}, [PLAIN], {"a": 3}, {"": PLAIN}, {"a": (PLAIN, 3)}):
        with pytest.raises(InputError, match="compare"):
            tm.compare(policies, *sample)
    with pytest.raises(InputError, match="left: must be a Schools table"):
        tm.compare({"a": PLAIN}, "left.csv", sample[1])


def test_a_figure_shows_every_row(sample):
    """The points are those of the table; a column of words is refused."""
    pytest.importorskip("matplotlib")
    found = tm.sweep(BALANCED, *sample, over="quotas.country balance.cap_share", values=[0.2, 0.3])
    figure = found.plot()
    drawn = np.concatenate([one.get_offsets() for one in figure.axes[0].collections])
    assert sorted(drawn[:, 1].tolist()) == sorted(found.table["points_by_first"].astype(float))
    with pytest.raises(InputError, match="is no column of numbers"):
        found.plot("name")


def test_robustness_against_runs_one_by_one(sample):
    """Survival is the share of changes under which forcing the pair costs nothing; checked for some pairs."""
    left, right = sample[0].take(np.arange(25)), sample[1]
    matching = tm.match(left, right)
    found = tm.robustness(matching)
    assert len(found.changes) == 12
    table = found.table
    ways = [weighted(PLAIN, one.name, factor) for one in PLAIN.criteria for factor in (0.9, 1.1)]
    best = [tm.match(left, right, policy) for policy in ways]
    for line in list(table.itertuples())[::3]:
        kept = 0
        for policy, optimum in zip(ways, best, strict=True):
            lock = tm.policies.LockedPairs("this one", pairs=[(line.left_id, line.right_id)])
            forced = tm.match(left, right, replace(policy, quotas=(lock,)))
            kept += (forced.coverage, forced.objective) == (optimum.coverage, optimum.objective)
        assert line.survives == kept / len(ways)
        ban = tm.policies.ForbiddenPairs([(line.left_id, line.right_id)])
        without = tm.match(left, right, replace(PLAIN, rules=(*PLAIN.rules, ban)))
        same = (without.coverage, without.objective) == (matching.coverage, matching.objective)
        assert line.in_every_optimum == (not same)
    assert "in every optimum" in str(found)
    assert repr(found) == "<Robustness of 25 pairs under 12 changes>"
    assert found._repr_html_().startswith("<pre>")


def test_every_weight_is_made_smaller_and_larger(sample):
    """Two policies for each criterion, one weight changed in each."""
    weights = {
        way.name: {one.name: one.weight for one in way.policy.criteria}
        for way in _changed(tm.match(*sample), 0.1)
    }
    usual = {one.name: one.weight for one in PLAIN.criteria}
    assert weights["size -10%"] == {**usual, "size": 135_000}
    assert weights["size +10%"] == {**usual, "size": 165_000}
    assert len(weights) == 12


def test_robustness_says_what_it_does_not_know(sample):
    """Under quotas the optima are not known; a deadline is told; what is no optimum is refused."""
    balanced = tm.robustness(tm.match(*sample, BALANCED), change=0)
    assert balanced.table["in_every_optimum"].isna().all()
    assert "under quotas" in str(balanced)
    late = tm.robustness(tm.match(*sample), deadline=0)
    assert "12 of 12 changes were not reached" in str(late)
    assert late.table["survives"].isna().all()
    with pytest.raises(NoSolutionError, match="NO_SOLUTION"):
        tm.robustness(tm.match(*sample, deadline=0))
    for procedure in (tm.mechanisms.greedy(), tm.mechanisms.rank_maximal()):
        with pytest.raises(NoSolutionError, match=f"with prices only, and not for {procedure.name}"):
            tm.robustness(tm.match(*sample, mechanism=procedure))
    with pytest.raises(InputError, match="change: must be from 0 up to 1"):
        tm.robustness(tm.match(*sample), change=2)


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ([PLAIN], "policies: must be a dict of policies by name, not list."),
        ("nash", "policies: must be a dict of policies by name, not str."),
        ({}, "policies: must be a dict of policies by name, not empty."),
        ({"a": (PLAIN, "nash")}, "has text for a mechanism: 'nash'. Give tm.mechanisms.nash()."),
        ({"a": (PLAIN, "nahs")}, "has text for a mechanism: 'nahs'. Such as"),
        ({"a": (PLAIN, 3)}, "has int for a mechanism."),
        ({"a": ("plain", tm.mechanisms.nash())}, "must begin with a policy, not with str."),
        ({"a": tm.mechanisms.nash()}, "is a mechanism without a policy."),
        ({"a": [PLAIN]}, "must be a policy, (policy, mechanism) or a matching, not list."),
        ({"a": (PLAIN,) * 3}, "or a matching, not 3 values."),
    ],
)
def test_what_is_none_to_compare_is_one_fault_in_words(sample, policies, said):
    """The fault says what is wrong, and not what the policy is made of."""
    with pytest.raises(InputError) as error:
        tm.compare(policies, *sample)
    text = str(error.value)
    assert said in text
    assert "1 fault" in text
    assert len(text) < 250
    assert "Policy(" not in text


def test_points_of_different_policies_are_no_axis(sample, three):
    """They are refused in words; the first policy's measure is not, nor are points of one measure."""
    for ask in (
        lambda: three.pareto(maximise="points"),
        lambda: three.pareto(maximise=["coverage"], minimise=["points"]),
        lambda: three.plot(y="points"),
    ):
        with pytest.raises(InputError, match=r"points: are each policy's own.* Ask for points_by_first"):
            ask()
    assert len(three.pareto(maximise=["points_by_first"])) >= 1
    same = tm.compare({"plain": PLAIN, "nash": (PLAIN, tm.mechanisms.nash())}, *sample)
    assert list(same.pareto(maximise=["points"])["name"]) == ["plain"]
