"""First choices first: against enumeration of all matchings, the proof, the errors, and the files."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.matching.folders import signed_again
from tests.mechanisms.test_leximin import drawn, table_graph
from tests.oracles import FORBIDDEN, dense_points
from twinmatch.certify import ranks as checking
from twinmatch.errors import InputError, ResourceLimitError
from twinmatch.graph.constraints import Constraints
from twinmatch.solvers import rank_maximal as solving
from twinmatch.solvers.control import Control

BLOCKS, PER_BLOCK = 6, 510


@pytest.fixture(scope="module")
def sample():
    return tm.datasets.sample()


@pytest.fixture(scope="module")
def first(sample):
    return tm.match(*sample, mechanism=tm.mechanisms.rank_maximal())


def limits_of(graph, locked=()):
    nobody = np.zeros(graph.num_left, np.int64)
    nothing = np.zeros(graph.num_right, np.int64)
    pairs = np.array(locked, np.int64).reshape(-1, 2)
    return Constraints(nobody, nobody + 1, nothing, graph.right_capacity, pairs)


def ranks_of(points, capacity):
    """Return the rank of each pair by its definition; far beyond all where there is none."""
    rank = np.full(points.shape, 10**9)
    for i, j in np.argwhere((points != FORBIDDEN) & (capacity > 0)):
        better = (points[i] > points[i, j]) & (points[i] != FORBIDDEN) & (capacity > 0)
        rank[i, j] = 1 + better.sum()
    return rank


def best_of_all(points, capacity, ranks, locked=()):
    """Return the best numbers of pairs by rank, and the most points with these, of every matching."""
    rank, room, best = ranks_of(points, capacity), capacity.tolist(), None
    fixed = dict(locked)
    for j in fixed.values():
        room[j] -= 1

    def go(i, had, total):
        nonlocal best
        if i == len(points):
            best = max(best or (had, total), (had, total))
            return
        go(i + 1, had, total)
        if i in fixed:
            return
        for j in np.flatnonzero(rank[i] <= ranks).tolist():
            if room[j]:
                room[j] -= 1
                more = list(had)
                more[rank[i, j] - 1] += 1
                go(i + 1, tuple(more), total + int(points[i, j]))
                room[j] += 1

    go(0, (0,) * ranks, 0)
    return best


def found_in(points, capacity, mate, ranks, locked=()):
    rank = ranks_of(points, capacity)
    fixed = dict(locked)
    i = np.array([i for i in np.flatnonzero(mate >= 0).tolist() if i not in fixed], np.int64)
    had = np.bincount(rank[i, mate[i]], minlength=ranks + 1)[1:]
    return tuple(had.tolist()), int(points[i, mate[i]].sum())


def checked(graph, limits, found, ranks, mate=None, price=None):
    listed = solving.first_ranks(graph, limits.right_most, ranks, Control(threads=1))
    return checking.check_ranks(
        graph.terms,
        limits,
        found.mate if mate is None else mate,
        (listed.left, listed.right),
        ranks,
        found.right_price if price is None else price,
        threads=1,
    )


@pytest.mark.parametrize("block", range(BLOCKS))
def test_small_instances_against_enumeration(block, seed):
    """The most of each rank in turn, and of those the most points, proven: 3,060 instances, some locked."""
    rng = np.random.default_rng([seed, block, 21])
    seen = tight = 0
    while seen < PER_BLOCK:
        graph = drawn(rng)
        if graph.num_left > 5 or graph.num_right > 6:
            continue
        seen += 1
        points, capacity, ranks = dense_points(graph.terms), graph.right_capacity, int(rng.integers(1, 5))
        allowed = np.argwhere((points != FORBIDDEN) & (capacity > 0))
        locked = [tuple(allowed[0].tolist())] if len(allowed) and rng.random() < 0.2 else []
        limits = limits_of(graph, locked)
        found = solving.rank_maximal(graph, limits, ranks, Control(threads=1))
        assert found.limit is None
        assert all(found.mate[i] == j for i, j in locked)
        best = best_of_all(points, capacity, ranks, locked)
        assert found_in(points, capacity, found.mate, ranks, locked) == best, (points, capacity, ranks)
        assert all(claim.ok for claim in checked(graph, limits, found, ranks).claims)
        tight += sum(best[0]) < (ranks_of(points, capacity) <= ranks).any(axis=1).sum()
    assert tight > PER_BLOCK // 5  # somebody gives way


def test_worse_matchings_are_refused(seed):
    """Another matching of the same pairs of the first ranks is refused, unless it is as good."""
    rng = np.random.default_rng([seed, 22])
    refused = 0
    for _ in range(400):
        graph = drawn(rng)
        if graph.num_left > 5 or graph.num_right > 6:
            continue
        points, capacity, ranks = dense_points(graph.terms), graph.right_capacity, 3
        limits = limits_of(graph)
        found = solving.rank_maximal(graph, limits, ranks, Control(threads=1))
        other, room = np.full(graph.num_left, -1), capacity.copy()
        for i in rng.permutation(graph.num_left):
            near = np.flatnonzero((ranks_of(points, capacity)[i] <= ranks) & (room > 0))
            if len(near) and rng.random() < 0.9:
                other[i] = rng.choice(near)
                room[other[i]] -= 1
        as_good = found_in(points, capacity, other, ranks) == found_in(points, capacity, found.mate, ranks)
        claims = checked(graph, limits, found, ranks, mate=other).claims
        assert all(claim.ok for claim in claims) == as_good, (points, capacity, other, claims)
        refused += not as_good
    assert refused > 50


def test_a_list_that_lacks_pairs_or_has_others_is_refused():
    """The pairs of the first ranks are counted over all pairs: one less, one twice, one of a later rank."""
    graph = table_graph([[9, 5, 5, 1], [7, 7, 2, 2], [1, 2, 3, 4]])
    limits = limits_of(graph)
    found = solving.rank_maximal(graph, limits, 2, Control(threads=1))
    listed = solving.first_ranks(graph, limits.right_most, 2, Control(threads=1))
    assert sorted(zip(listed.left.tolist(), listed.right.tolist(), listed.rank.tolist(), strict=True)) == [
        (0, 0, 1),
        (0, 1, 2),
        (0, 2, 2),
        (1, 0, 1),
        (1, 1, 1),
        (2, 2, 2),
        (2, 3, 1),
    ]
    more = np.array([0], np.int32), np.array([3], np.int32)
    for left, right in (
        (listed.left[1:], listed.right[1:]),
        (np.r_[listed.left, listed.left[:1]], np.r_[listed.right, listed.right[:1]]),
        (np.r_[listed.left, more[0]], np.r_[listed.right, more[1]]),
    ):
        done = checking.check_ranks(
            graph.terms, limits, found.mate, (left, right), 2, found.right_price, threads=1
        )
        assert [claim.ok for claim in done.claims] == [False]


def test_lists_grow_where_many_tie(monkeypatch):
    """Ties at the end of a list are followed to their end; too many are refused in words."""
    points = np.zeros((3, 200), np.int32)
    points[0, :5], points[1, :50] = 7, 3
    graph = table_graph(points)
    monkeypatch.setattr(solving, "AT_ONCE", 16)
    listed = solving.first_ranks(graph, graph.right_capacity, 2, Control(threads=1))
    assert np.bincount(listed.left).tolist() == [5, 50, 200]
    monkeypatch.setattr(solving, "MOST_PAIRS", 100)
    with pytest.raises(ResourceLimitError, match="because so many tie"):
        solving.first_ranks(graph, graph.right_capacity, 2, Control(threads=1))


def test_the_sample_end_to_end(sample, first):
    """More first choices than the most points give, and every claim holds, after the files too."""
    plain = tm.match(*sample)
    firsts = [round(one.metrics().summary["first_choice"] * len(one.pairs)) for one in (plain, first)]
    assert firsts[0] < firsts[1]
    assert len(first.pairs) < len(plain.pairs)  # coverage does not come first
    assert first.verify().ok
    assert str(first.status) == "OPTIMAL"


def test_it_shows_itself_in_a_word(sample, first):
    """What a mechanism found out is not printed by the thousand."""
    assert repr(first.mechanism) == "RankMaximal(ranks=10)"
    fair = tm.match(*sample, mechanism=tm.mechanisms.leximin())
    assert repr(fair.mechanism) == f"Leximin(floor={fair.mechanism.promise.floor:,})"
    root = tm.mechanisms.concave(np.sqrt).settled(100)
    assert repr(root) == "Concave(101 entries)"


def test_threads_and_rows_change_no_byte(sample, first):
    """Same tables in any row order, any number of threads: same seal."""
    left, right = sample
    order = np.random.default_rng(4).permutation(len(left))
    other = tm.match(left.take(order), right, mechanism=tm.mechanisms.rank_maximal(), threads=1)
    assert (first.seal, first.fingerprints) == (other.seal, other.fingerprints)


def test_saved_and_loaded(first, tmp_path):
    """The round trip keeps ranks and prices; without the prices the points are not proven."""
    first.save(tmp_path)
    again = tm.load_matching(tmp_path)
    assert again.mechanism.ranks == 10
    assert again.verify().ok
    (tmp_path / "rank_prices.parquet").unlink()
    with pytest.raises(tm.errors.FormatError, match=r"rank_prices\.parquet: is missing"):
        tm.load_matching(tmp_path)
    signed_again(tmp_path)
    assert not tm.load_matching(tmp_path).verify().ok
    record = json.loads((tmp_path / "matching.json").read_text())
    assert record["ranks"] == 10


def test_bad_input_in_words(sample):
    """Numbers of ranks that are none, and quotas."""
    for ranks in (0, 1001, 1.5, True, "ten"):
        with pytest.raises(InputError, match="whole number from 1 to 1,000"):
            tm.mechanisms.rank_maximal(ranks)
    policy = tm.policies.systematic_twinning(balance=True)
    capped = replace(
        policy, quotas=(*policy.quotas, tm.policies.Quota("cap", right={"country": "IT"}, at_most=5))
    )
    with pytest.raises(InputError, match="cannot promise") as told:
        tm.match(*sample, capped, mechanism=tm.mechanisms.rank_maximal())
    assert "cap: is a cap, which rank_maximal cannot promise" in str(told.value)


def test_a_stop_claims_nothing(sample):
    """Cancelled: no proof, and the status says so."""
    stop = threading.Event()
    stop.set()
    matching = tm.match(*sample, mechanism=tm.mechanisms.rank_maximal(), cancel=stop)
    assert str(matching.status) == "NO_SOLUTION"
    assert str(matching.limit) == "CANCELLED"
    assert matching.verify().ok
