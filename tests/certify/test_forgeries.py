"""Matchings that claim what is not so, sealed anew as anybody can: each is refused, none is an error."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import twinmatch as tm
from tests.matching.folders import signed_again
from twinmatch.certify import seal
from twinmatch.certify.floor import check_floor
from twinmatch.errors import FormatError
from twinmatch.mechanisms import Leximin
from twinmatch.methods.sealing import SEALED, fingerprints
from twinmatch.solvers.fairest import Promise

M = tm.mechanisms


@pytest.fixture(scope="module")
def sample():
    return tm.datasets.sample()


def sealed_anew(matching, **changes):
    """Return a matching with other numbers, and seal and fingerprints that go with them."""
    told = replace(matching, **changes)
    numbers = {name: getattr(told, name) for name in SEALED}
    prints = fingerprints(told.left, told.right, told.policy, told.mechanism)
    return replace(told, seal=seal(**numbers), fingerprints=prints)


def refused(matching):
    return {claim.name for claim in matching.verify().claims if not claim.ok}


def test_what_was_found_before_is_not_used_again(sample):
    """A mechanism that has a floor already finds that of another policy anew."""
    policy = tm.policies.systematic_twinning()
    first = tm.match(*sample, policy, mechanism=M.leximin())
    criteria = tuple(
        replace(one, weight=one.weight * 8 // 10) if one.name == "levels" else one for one in policy.criteria
    )
    other = replace(policy, criteria=criteria)
    again = tm.match(*sample, other, mechanism=first.mechanism)
    fresh = tm.match(*sample, other, mechanism=M.leximin())
    assert again.mechanism.promise.floor == fresh.mechanism.promise.floor
    assert again.seal == fresh.seal
    assert not refused(again)


def test_a_floor_is_looked_at_whatever_the_status(sample):
    """FEASIBLE claims less, and a floor that is not kept is refused all the same."""
    fair = tm.match(*sample, mechanism=M.leximin())
    promise = replace(fair.mechanism.promise, floor=1_000_000)
    told = sealed_anew(fair, status=tm.Status.FEASIBLE, mechanism=Leximin(promise))
    assert "floor" in refused(told)


def test_places_beyond_counting_prove_no_floor(sample):
    """Two places of 2**62 are many, and not fewer than none."""
    fair = tm.match(*sample, mechanism=M.leximin())
    terms = tm.compile(*(table.sorted_by_id()[0] for table in sample), fair.policy).terms
    places = np.full(terms.num_right, 2**62)
    witness = np.ones(terms.num_left, bool)
    claims = check_floor(terms, mate=fair.mate, right_capacity=places, floor=0, witness_left=witness)
    assert [claim.ok for claim in claims] == [True, False]


def test_prices_beyond_counting_prove_no_points(sample):
    """A price of -2**63 wraps where it is taken off points: it is refused before that."""
    first = tm.match(*sample, mechanism=M.rank_maximal())
    price = first.mechanism.right_price.copy()
    price[int(np.argmax(price < 0))] = -(2**63)
    told = sealed_anew(first, mechanism=replace(first.mechanism, right_price=price))
    assert "most points" in refused(told)


def test_a_procedure_has_no_pairs_besides_its_mates(sample):
    """Pairs of a proof by prices are not looked at by a procedure's check, so there may be none."""
    several = replace(
        tm.policies.systematic_twinning(), quotas=(tm.policies.PartnersPerSchool("two", "left", most=2),)
    )
    matching = tm.match(*sample, several)
    assert matching.proof is not None
    greedy = tm.match(*sample, mechanism=M.greedy())
    assert "mechanism" in refused(replace(greedy, proof=matching.proof))
    promise = Promise(0, 0, np.zeros(len(matching.left), bool))
    assert "floor" in refused(replace(matching, mechanism=Leximin(promise)))


def test_what_a_procedure_cannot_promise_is_refused_by_its_check(sample):
    """A policy that ``match`` refuses is no policy to be proven for."""
    greedy = tm.match(*sample, mechanism=M.greedy())
    assert not refused(greedy)
    points_first = replace(greedy.policy, coverage="points")
    assert "mechanism" in refused(sealed_anew(greedy, policy=points_first))


def test_the_check_of_nobody(sample):
    """Empty tables have a stable matching too."""
    size = tm.Policy(criteria=[tm.policies.SizeSimilarity(weight=1000)])
    nobody = tm.match(sample[0].take([]), sample[1], mechanism=M.stable(right_policy=size))
    assert not refused(nobody)


def test_a_stop_is_heard_by_the_list_of_ranks(sample):
    """The check of ranks ends when it is told to, with a claim refused."""
    import threading

    stop = threading.Event()
    stop.set()
    first = tm.match(*sample, mechanism=M.rank_maximal())
    assert not first.verify(cancel=stop).ok


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mechanism": "nash"}, "has 'promise', which 'nash' does not"),
        ({"ranks": 3}, "has 'ranks', which 'leximin' does not"),
        ({"lottery": 3}, "has 'lottery'"),
    ],
)
def test_a_folder_that_mixes_mechanisms_is_refused(sample, tmp_path, change, told):
    """What one mechanism has is not read as another's."""
    tm.match(*sample, mechanism=M.leximin()).save(tmp_path)
    signed_again(tmp_path, **change)
    with pytest.raises(FormatError, match=told):
        tm.load_matching(tmp_path)


def test_hostile_folders_are_refused_in_words(sample, tmp_path):
    """Brackets without end, places below nothing, and a curve that is not concave."""
    tm.match(*sample, mechanism=M.concave(np.sqrt)).save(tmp_path)
    curve = pq.read_table(tmp_path / "curve.parquet")["worth"].to_numpy()
    pq.write_table(pa.table({"worth": np.arange(len(curve)) ** 2 // 2**20}), tmp_path / "curve.parquet")
    signed_again(tmp_path)
    with pytest.raises(FormatError, match="no concave curve"):
        tm.load_matching(tmp_path)
    pq.write_table(pa.table({"worth": curve}), tmp_path / "curve.parquet")
    table = pq.read_table(tmp_path / "prices.parquet")
    places = table["places"].to_numpy().copy()
    places[0] = -1
    at = table.column_names.index("places")
    pq.write_table(table.set_column(at, "places", pa.array(places)), tmp_path / "prices.parquet")
    signed_again(tmp_path)
    with pytest.raises(FormatError, match="places outside 0"):
        tm.load_matching(tmp_path)
    (tmp_path / "matching.json").write_text("[" * 100_000)
    with pytest.raises(FormatError, match="nested too deep"):
        tm.load_matching(tmp_path)


def test_a_transform_is_itself_under_another_policy(sample):
    """A settled transform counts points beyond those it was settled for by its function, and starts warm."""
    policy = tm.policies.systematic_twinning()
    root = tm.match(*sample, policy, mechanism=M.concave(np.sqrt))
    criteria = tuple(
        replace(one, weight=one.weight * 12 // 10) if one.name == "levels" else one for one in policy.criteria
    )
    other = replace(policy, criteria=criteria)
    again = tm.match(*sample, other, mechanism=root.mechanism)
    fresh = tm.match(*sample, other, mechanism=M.concave(np.sqrt))
    assert again.objective == fresh.objective
    warm = tm.match(*sample, policy, mechanism=M.concave(np.sqrt), warm_start=root)
    assert warm.objective == root.objective


def test_pairs_that_do_not_tie_are_none_of_an_optimum():
    """A graph whose search does not keep to a floor still tells tight pairs from others."""
    from twinmatch.graph.called import CalledGraph
    from twinmatch.graph.calling import CallTerm
    from twinmatch.graph.terms import PairTerms
    from twinmatch.solvers.called import solve_called
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.optima import optima_of

    points = np.array([[0, 1], [3, 2], [3, 2]])
    zeros = np.zeros((1, 1), np.int32)
    banned = np.array([[0, 0]], np.int64)
    terms = PairTerms(np.zeros(3, np.int32), np.zeros(2, np.int32), zeros, banned=banned)
    terms = replace(terms, calls=(CallTerm(lambda i, j: points[i, j], 3, "own"),))
    graph = CalledGraph(terms, np.array([2, 2]))
    solution = solve_called(graph, Control(threads=1))
    assert solution.objective == 7
    found = optima_of(
        graph,
        graph.right_capacity,
        solution.mate,
        solution.right_price,
        solution.coverage_price,
        Control(threads=1),
    )
    assert found.fixed.tolist() == [True, True, True]
