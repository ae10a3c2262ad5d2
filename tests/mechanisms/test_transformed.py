"""Transforms of points: the best sum by any other means, the proof, the errors, and the files."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from tests.instances import random_graph, solved
from tests.matching.folders import signed_again
from tests.oracles import FORBIDDEN, best_by_brute_force, best_by_ortools, dense_points
from twinmatch.errors import FormatError, InputError, PointsError, ResourceLimitError
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.constraints import Constraints, Quota
from twinmatch.mechanisms import Concave, transformed
from twinmatch.solvers.control import Control
from twinmatch.solvers.grown import solve_implicit

BLOCKS, PER_BLOCK = 6, 520


@pytest.fixture(scope="module")
def sample():
    return tm.datasets.sample()


def drawn_curve(rng: np.random.Generator, most: int) -> np.ndarray:
    """Return logarithms, or a concave broken line, steep or level or with few steps."""
    if rng.random() < 0.3:
        return tm.mechanisms.nash().curve(most)
    steps = -np.sort(-rng.integers(0, rng.choice([2, 9, 1000]), most))
    return np.concatenate([[rng.integers(5)], steps]).cumsum().astype(np.int32)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_small_instances_against_other_solvers(block, seed):
    """Largest coverage, then the most that points count for, proven: 3,120 instances, two judges."""
    rng = np.random.default_rng([seed, block, 5])
    moved = 0
    for number in range(PER_BLOCK):
        graph = random_graph(rng)
        curve = drawn_curve(rng, max(1, min(graph.terms.max_points, 2**20)))
        points, capacity = dense_points(graph.terms), graph.right_capacity
        counted = np.where(points == FORBIDDEN, FORBIDDEN, curve[np.clip(points, 0, len(curve) - 1)])
        solution = solved(graph.with_curve(curve))
        judge = (best_by_brute_force, best_by_ortools)[number % 2]
        best = judge(counted, capacity)
        assert (solution.coverage, solution.objective) == best, (points, curve, capacity, solution)
        plain = solved(graph)
        moved += not np.array_equal(plain.mate, solution.mate)
    assert moved > PER_BLOCK // 40  # the transform matters


def test_logarithms_are_those_of_the_books():
    """Rounded down, or one less in the last place; the same for more points, never less."""
    curve = tm.mechanisms.nash().curve(2**20)
    assert curve[0] == 0
    exact = [math.floor(math.log2(1 + p) * 2**15) for p in range(2**20 + 1)]
    behind = np.array(exact) - curve
    assert behind.min() == 0
    assert behind.max() == 1
    assert (behind == 1).mean() < 1e-3
    assert (np.diff(curve) >= 0).all()
    powers = 2 ** np.arange(21) - 1
    np.testing.assert_array_equal(curve[powers], np.arange(21) * 2**15)


def test_the_curve_of_logarithms_is_stopped_on_the_way(sample, monkeypatch):
    """Asked to stop while logarithms are worked out, nothing is claimed that the curve does not allow."""
    real, at = transformed._log2, []

    class Flag:
        def is_set(self):
            return len(at) >= stop

    def counted(numbers):
        at.append(len(numbers))
        return real(numbers)

    monkeypatch.setattr(transformed, "_log2", counted)
    whole = tm.match(*sample, mechanism=tm.mechanisms.nash())
    pieces = len(at)
    assert pieces > 20
    assert max(at) <= 2**14
    for stop in (1, pieces // 2, pieces):
        at.clear()
        found = tm.match(*sample, mechanism=tm.mechanisms.nash(), cancel=Flag())
        assert len(at) == min(stop + 1, pieces)  # no piece more, but the highest number for the bound
        assert (found.status, found.limit) == ("NO_SOLUTION", "CANCELLED")
        assert found.bound >= whole.objective
        assert found.verify().ok
    monkeypatch.setattr(transformed, "_log2", real)
    assert tm.match(*sample, mechanism=tm.mechanisms.nash()).seal == whole.seal


def test_points_that_count_for_themselves_change_nothing(sample):
    """The identity gives the default's points; a transform that tells nobody apart still covers as many."""
    plain = tm.match(*sample)
    same = tm.match(*sample, mechanism=tm.mechanisms.concave(lambda points: points))
    assert same.objective == plain.objective == same.points
    level = tm.match(*sample, mechanism=tm.mechanisms.concave(lambda points: points * 0))
    assert (level.objective, level.coverage) == (0, plain.coverage)
    assert str(tm.match(*sample, mechanism=tm.mechanisms.most_points())) == str(plain)
    assert tm.match(*sample, mechanism=tm.mechanisms.most_points()).seal == plain.seal


def test_nash_gives_the_least_more_and_all_together_less(sample):
    """The product is larger than that of the most points, and the sum smaller."""
    plain, nash = tm.match(*sample), tm.match(*sample, mechanism=tm.mechanisms.nash())
    logs = [np.log2(1 + np.asarray(one.pairs["points"])).sum() for one in (plain, nash)]
    assert logs[0] < logs[1]
    assert plain.points > nash.points
    assert abs(nash.objective / 2**15 - logs[1]) < len(nash.pairs) * 2 * 2**-15
    assert "points, nash" in repr(nash)
    assert nash.verify().ok


def test_threads_and_rows_change_no_byte(sample):
    """As under the default: same tables in any row order, same seal."""
    left, right = sample
    once = tm.match(left, right, mechanism=tm.mechanisms.nash(), threads=1)
    order = np.random.default_rng(3).permutation(len(left))
    other = tm.match(left.take(order), right, mechanism=tm.mechanisms.nash(), threads=2)
    assert once.seal == other.seal


def test_quotas_and_their_prices_are_in_the_same_unit(sample):
    """Under caps the optimum is that of the pairs' counts, and a cap's price a difference of optima."""
    left, right = sample
    nash = tm.mechanisms.nash()
    free = tm.match(left, right, mechanism=nash)
    in_italy = dict(zip(right.ids, np.array(right.strings("country")) == "IT", strict=True))
    most = sum(bool(in_italy[partner]) for partner in free.pairs["right_id"])
    policy = tm.policies.systematic_twinning()
    capped = [
        tm.match(
            left,
            right,
            replace(policy, quotas=(tm.policies.Quota("cap", right={"country": "IT"}, at_most=most - k),)),
            mechanism=nash,
        )
        for k in (5, 6)
    ]
    for one in capped:
        assert one.status == "OPTIMAL"
        assert one.verify().ok
    assert free.objective > capped[0].objective > capped[1].objective
    row = capped[0].rule_prices().iloc[0]
    assert row["tighten"] == capped[0].objective - capped[1].objective


def test_a_function_of_the_users_own_comes_before_the_curve(sample):
    """What a criterion's function adds is counted with the other points, in search and in the check."""
    left, right = (table.take(np.arange(30)) for table in sample)
    terms = tm.compile(left, right, tm.policies.systematic_twinning()).terms
    call = CallTerm(lambda i, j: (i * 7 + j * 13) % 50_000, 50_000, "own")
    from twinmatch.graph.called import CalledGraph

    graph = CalledGraph(replace(terms, calls=(call,)))
    curve = tm.mechanisms.nash().curve(graph.terms.max_points)
    solution = solved(graph.with_curve(curve))
    points = dense_points(graph.terms)
    counted = np.where(points == FORBIDDEN, FORBIDDEN, curve[np.clip(points, 0, len(curve) - 1)])
    assert (solution.coverage, solution.objective) == best_by_ortools(counted, graph.right_capacity)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda points: points[:3], "of shape"),
        (lambda points: np.array(["a"] * len(points)), "returned <U1"),
        (lambda points: np.where(points > 5, np.nan, points), r"no finite number .*at 6 points"),
        (lambda points: -1.0 * points, r"counts less for more points \(first at 1 points\)"),
        (lambda points: (points - 9).astype(np.int64), "outside 0 to"),
        (lambda points: np.square(points * 1e-3), "not concave"),
        (lambda points: 4 * np.maximum(points - 7, 0), "not concave"),
    ],
)
def test_what_is_no_concave_transform_is_refused(sample, function, told):
    """Before any work, with what is wrong and where."""
    with pytest.raises(InputError, match=told):
        tm.match(*sample, mechanism=tm.mechanisms.concave(function))


def test_what_is_no_mechanism_is_refused(sample):
    """A function that makes one, a name, a transform that cannot be called."""
    with pytest.raises(InputError, match="with its brackets"):
        tm.match(*sample, mechanism=tm.mechanisms.nash)
    with pytest.raises(InputError, match="must be a mechanism, not str"):
        tm.match(*sample, mechanism="nash")
    with pytest.raises(InputError, match="must be callable"):
        tm.mechanisms.concave(3)
    with pytest.raises(InputError, match="must be one of most_points, leximin, nash"):
        tm.mechanisms.named("fair")


def test_a_users_error_is_the_users(sample):
    """What the function raises arrives as it is."""

    def broken(points):
        raise PointsError("points", [])

    with pytest.raises(PointsError):
        tm.match(*sample, mechanism=tm.mechanisms.concave(broken))


@pytest.mark.parametrize(
    "mechanism", [tm.mechanisms.nash(), tm.mechanisms.concave(np.sqrt)], ids=["nash", "own"]
)
@pytest.mark.parametrize("balance", [False, True])
def test_files_are_the_matching(sample, tmp_path, mechanism, balance):
    """Round trip, with and without quotas; the default's folders stay what they were."""
    matching = tm.match(*sample, tm.policies.systematic_twinning(balance=balance), mechanism=mechanism)
    matching.save(tmp_path)
    record = json.loads((tmp_path / "matching.json").read_text())
    assert record["mechanism"] == mechanism.name
    loaded = tm.load_matching(tmp_path)
    assert (loaded.seal, loaded.objective, loaded.points) == (
        matching.seal,
        matching.objective,
        matching.points,
    )
    assert loaded.verify().ok
    tm.match(*sample).save(tmp_path)
    assert "mechanism" not in json.loads((tmp_path / "matching.json").read_text())
    assert not (tmp_path / "curve.parquet").exists()


def test_another_curve_or_mechanism_is_noticed(sample, tmp_path):
    """Files that name another mechanism, or entries that were changed, do not verify."""
    matching = tm.match(*sample, mechanism=tm.mechanisms.concave(np.sqrt))
    changed = Concave(None, np.append(matching.mechanism.entries, 2**21).astype(np.int32))
    for other in (tm.mechanisms.nash(), tm.mechanisms.most_points(), changed):
        certificate = replace(matching, mechanism=other).verify()
        assert not certificate.ok
        assert "inputs" in [claim.name for claim in certificate.claims if not claim.ok]
    matching.save(tmp_path)
    for entries, told in (
        ([3, 2], "never fall"),
        ([-1, 2], "0 or more"),
        ([], "no concave curve"),
        ([0, 1, 9], "rise ever less"),
    ):
        pq.write_table(pa.table({"worth": pa.array(entries, pa.int32())}), tmp_path / "curve.parquet")
        signed_again(tmp_path)
        with pytest.raises(FormatError, match=told):
            tm.load_matching(tmp_path)
    signed_again(tmp_path, mechanism="fair")
    with pytest.raises(FormatError, match="does not know: 'fair'"):
        tm.load_matching(tmp_path)


def test_quotas_that_cross_on_many_pairs_are_refused_in_words():
    """Their prices are taken off below the curve; nothing is ignored."""
    rng = np.random.default_rng(8)
    left, right = 1_100, 1_000
    graph = random_graph(rng)
    while not graph.num_left or not graph.num_right:
        graph = random_graph(rng)
    terms = graph.terms.take(np.zeros(left, int), np.zeros(right, int))
    from twinmatch.graph.scored import ScoredGraph

    curved = ScoredGraph(terms).with_curve(np.arange(10, dtype=np.int32))
    half = np.arange(right) < right // 2
    crossing = Quota("cross", np.arange(left) < 9, half, at_most=3)
    none, one = np.zeros(left, np.int64), np.ones(left, np.int64)
    limits = Constraints(none, one, np.zeros(right, np.int64), np.ones(right, np.int64), quotas=(crossing,))
    with pytest.raises(ResourceLimitError, match="transform of points"):
        solve_implicit(curved, limits, True, Control(None, 0.0, 1, None, None))


def test_points_without_a_bound_have_no_curve():
    """Where a pair may have thousands of millions of points, no column of so many entries is made."""
    for mechanism in (tm.mechanisms.nash(), tm.mechanisms.concave(np.sqrt)):
        with pytest.raises(InputError, match="upper_bound"):
            mechanism.curve(2**31 - 1)
