"""What can be asked of an assignment: partners, locks, quotas, on cases made by hand."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

import twinmatch as tm
from tests.assignment.constrained import POINTS, Quota, ask, draw, solved


def test_several_partners_on_both_sides():
    """Two partners for each left node and up to two at each right node, each pair once."""
    answer = solved(left_bounds=(0, 2), right_capacity=2)
    assert answer.status is tm.Status.OPTIMAL
    assert answer.objective == (9 + 7) + (7 + 6) + (8 + 6)
    assert answer.coverage == 3
    assert repr(answer) == "<Assignment OPTIMAL: 6 pairs, objective 43, bound 43>"
    assert len(np.unique(answer.pairs, axis=0)) == 6
    with pytest.raises(tm.errors.NoSolutionError, match="several partners: use pairs"):
        _ = answer.mate


def test_a_pair_is_used_once():
    """However many partners two nodes may have, they are one pair."""
    answer = solved([[5]], left_bounds=(0, 9), right_capacity=9)
    assert answer.pairs.tolist() == [[0, 0]]
    assert tm.assign([[5]], left_bounds=(2, 9), right_capacity=9).status is tm.Status.INFEASIBLE


def test_left_nodes_that_need_several():
    """A lower bound makes pairs that do harm."""
    answer = solved([[-1, -5, -2], [4, -4, -9]], left_bounds=([2, 0], 3), right_capacity=2)
    assert answer.pairs.tolist() == [[0, 0], [0, 2], [1, 0]]
    assert answer.objective == 1


def test_right_nodes_that_need_somebody():
    """A floor at a right node is kept where it costs points."""
    assert solved(left_bounds=(0, 1)).objective == 22
    answer = solved(right_bounds=([0, 0, 1, 0], 1))
    assert answer.objective == 9 + 7 + 3
    assert answer.right_price[2] < 0
    assert solved(right_bounds=(1, 1)).status is tm.Status.INFEASIBLE


def test_locked_pairs():
    """A pair that is locked is there, whatever it is worth."""
    answer = solved(locked=[(1, 2)])
    assert [1, 2] in answer.pairs.tolist()
    assert answer.objective == 9 + 1 + 6
    answer = solved(-POINTS, locked=[(0, 0), (2, 3)])
    assert (answer.pairs.tolist(), answer.objective) == ([[0, 0], [2, 3]], -14)
    assert solved(locked=np.array([[1, 2]])).objective == 16


def test_locked_beyond_a_bound():
    """Locked pairs for which a node has no room are no error: they cannot be."""
    for options in ({}, {"left_bounds": (0, 2)}, {"left_bounds": (0, [1, 0, 1])}):
        answer = solved(locked=[(0, 0), (1, 0)], **options)
        assert answer.status is tm.Status.INFEASIBLE
        assert "locked" in answer.witness.explain()
    assert solved(locked=[(0, 0), (0, 1)]).status is tm.Status.INFEASIBLE
    assert solved(locked=[(0, 0)], quotas=[Quota(at_most=0)]).status is tm.Status.INFEASIBLE


def test_a_quota_over_everybody():
    """None and None is all pairs."""
    assert len(solved(quotas=[Quota(at_most=2)]).pairs) == 2
    answer = solved(POINTS - 20, quotas=[Quota(at_least=2)])
    assert (len(answer.pairs), answer.objective) == (2, 9 + 7 - 40)
    assert answer.quota_price[0] < 0


def test_nested_quotas():
    """Regions in a country: each bound is kept, and prices prove the best."""
    rng = np.random.default_rng(3)
    points = rng.integers(0, 100, (12, 9))
    north, south = np.arange(3), np.arange(3, 6)
    quotas = [
        Quota(right=north, at_least=3, name="north"),
        Quota(right=south, at_most=1, name="south"),
        Quota(right=[*north, *south], at_most=4, name="country"),
        Quota(left=np.arange(12) < 6, at_least=5, at_most=5, name="rural"),
    ]
    answer = solved(points, right_capacity=2, quotas=quotas)
    assert (answer.status, answer.proof, answer.price_scale) == (tm.Status.OPTIMAL, "prices", 1)
    of_north, of_south = (np.isin(answer.pairs[:, 1], region).sum() for region in (north, south))
    assert of_north >= 3
    assert of_south <= 1
    assert of_north + of_south <= 4
    assert (answer.pairs[:, 0] < 6).sum() == 5
    other = solved(points, right_capacity=2, quotas=quotas[::-1])
    assert other.objective == answer.objective
    assert other.quota_price.shape == (4,)


def test_two_quotas_on_one_set():
    """Both are kept; where they contradict each other, the witness names them."""
    both = [Quota([0, 1], at_least=1), Quota([1, 0], at_most=1), Quota([True, True, False], None, 0, 2)]
    assert (solved(quotas=both).pairs[:, 0] < 2).sum() == 1
    answer = solved(quotas=[Quota([0, 1], at_least=2, name="two"), Quota([0, 1], at_most=1, name="one")])
    assert answer.status is tm.Status.INFEASIBLE
    assert answer.witness.clash == ("two", "one")
    assert answer.witness.explain() == "“two” asks for 2 pairs, but “one” allows 1 pair."


@pytest.mark.parametrize("group", [{"left": []}, {"right": np.zeros(4, bool)}, {"left": [0], "right": []}])
def test_a_floor_on_nobody(group):
    """A group without nodes can have no pair: that is an answer, and a cap on it is kept for nothing."""
    for coverage_first in (False, True):
        answer = solved(quotas=[Quota(**group, at_least=2)], coverage_first=coverage_first)
        assert answer.status is tm.Status.INFEASIBLE
        assert answer.witness.kind == "cut"
        assert solved(quotas=[Quota(**group, at_most=0)], coverage_first=coverage_first).objective == 22


def test_a_floor_beyond_all_pairs():
    """More pairs than there are, of a group of two sides: a sum shows it."""
    for at_most in (None, 7):
        answer = solved(
            left_bounds=(0, 9),
            right_capacity=9,
            quotas=[Quota([0], [1, 2], 3, at_most), Quota([0, 1], [2, 3])],
        )
        assert answer.status is tm.Status.INFEASIBLE
        assert (answer.witness.kind, answer.witness.asked, answer.witness.offered) == ("cut", 3, 2)


def test_more_than_a_node_has_partners():
    """A node that may have three partners can have one: a floor of three is too much, and a sum shows it."""
    answer = solved([[14], [7]], left_bounds=(0, 3), right_capacity=2, quotas=[Quota(left=[1], at_least=3)])
    assert answer.status is tm.Status.INFEASIBLE
    assert answer.witness.offered == 1
    assert solved([[1]], left_bounds=(3, 3)).status is tm.Status.INFEASIBLE


def test_names_of_a_graph():
    """Quotas and locked pairs name the nodes of a networkx graph."""
    graph = nx.Graph()
    graph.add_nodes_from(["a", "b", ("c", 1)], bipartite=0)
    graph.add_nodes_from(["x", "y"], bipartite=1)
    graph.add_weighted_edges_from([("a", "x", 3), ("a", "y", 5), ("b", "y", 4), (("c", 1), "x", 1)])
    answer = solved(graph, locked=[("b", "y")], quotas=[Quota(left=["a", ("c", 1)], at_most=1)])
    assert sorted(map(tuple, answer.pairs)) == [("a", "x"), ("b", "y")]
    answer = solved(graph, quotas=[Quota(left=[("c", 1)], right=["x"], at_least=1, name="c to x")])
    assert (("c", 1), "x") in set(map(tuple, answer.pairs))
    with pytest.raises(tm.errors.InputError, match=r"quotas\[0\].left: names a node that is not there"):
        tm.assign(graph, quotas=[Quota(left=["z"])])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"quotas": [Quota(right=[99])]},
            "quotas[0].right: names a node that is not there: 99. Nodes are numbered from 0 to 3.",
        ),
        (
            {"quotas": [Quota(left=np.array([1, 3, 4, 5, -1]), name="x")]},
            "quotas[0].left ('x'): names 4 nodes that are not there, first: 3, 4, 5. "
            "Nodes are numbered from 0 to 2.",
        ),
        ({"quotas": [Quota(at_least=5, at_most=2)]}, "quotas[0]: at_least 5 is above at_most 2"),
        (
            {"quotas": [Quota(at_least=5, at_most=2, name="x")]},
            "quotas[0] ('x'): at_least 5 is above at_most 2",
        ),
        (
            {"quotas": [Quota(at_most=-1, name="x")]},
            "quotas[0].at_most ('x'): must be a whole number from 0 to 2**62, not -1",
        ),
        (
            {"locked": (0, 1)},
            "locked: must hold pairs (left, right), not (0, 1). Write one pair as [(0, 1)].",
        ),
        (
            {"locked": np.array([0, 1])},
            "locked: must hold pairs (left, right), not (0, 1). Write one pair as [(0, 1)].",
        ),
        ({"locked": [5]}, "locked[0]: must be a pair (left, right), not 5"),
        ({"locked": np.array([[0, 9]])}, "locked[0]: names a node that is not there: (0, 9)"),
    ],
)
def test_an_error_names_what_is_wrong_once(options, said):
    """The node and not its position, the name that the caller gave, and one fault for each thing."""
    with pytest.raises(tm.errors.InputError) as caught:
        tm.assign(POINTS, **options)
    assert [str(fault) for fault in caught.value.faults] == [said]


def test_floats_are_scaled_under_quotas():
    """Halves and quarters are exact, and prices are in the same unit."""
    answer = solved([[0.5, 0.75], [1.0, 0.25]], quotas=[Quota(right=[1], at_most=0), Quota([0, 1], [0, 1])])
    assert (answer.scale, answer.objective, answer.value) == (4, 4, 1.0)


def test_matrix_and_lists_are_one():
    """A dense matrix and a sparse array of the same pairs have the same answer."""
    options = {"left_bounds": (0, 2), "quotas": [Quota([0, 1], [0, 3], 1, 2)], "locked": [(2, 2)]}
    dense, stored = solved(**options), solved(sparse.csr_array(POINTS), **options)
    assert dense.pairs.tolist() == stored.pairs.tolist()
    assert dense.quota_price.tolist() == stored.quota_price.tolist()


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_empty_sides_with_quotas(shape):
    """Nobody on one side: floors cannot be kept, everything else is."""
    points = np.zeros(shape, int)
    for quotas in ([Quota(at_most=0)], [Quota(left=[], right=[]), Quota(left=[])]):
        answer = solved(points, quotas=quotas)
        assert (answer.status, answer.objective) == (tm.Status.OPTIMAL, 0)
        answer = solved(points, quotas=[*quotas, Quota(at_least=1)], coverage_first=True)
        assert answer.status is tm.Status.INFEASIBLE
    if shape[1]:
        assert solved(points, right_bounds=(1, 1)).status is tm.Status.INFEASIBLE


def test_mate_where_everybody_has_one_partner():
    """With one partner at most there is a mate for each left node, quotas or not."""
    answer = solved(quotas=[Quota([0, 1], [0, 1], 0, 1), Quota([1, 2], [1, 2], 0, 1)])
    assert [[i, j] for i, j in enumerate(answer.mate.tolist()) if j >= 0] == answer.pairs.tolist()


def test_coverage_first_with_several_partners():
    """As many left nodes as possible get a first partner before anybody's second one counts."""
    points = np.array([[9, 9], [1, 1]])
    assert solved(points, left_bounds=(0, 2)).coverage == 1
    answer = solved(points, left_bounds=(0, 2), coverage_first=True)
    assert (answer.coverage, answer.coverage_bound, answer.objective) == (2, 2, 10)
    answer = solved(points, left_bounds=(0, 2), coverage_first=True, quotas=[Quota(left=[0], at_least=2)])
    assert (answer.coverage, answer.objective) == (1, 18)
    answer = solved(points, left_bounds=(0, 2), coverage_first=True, quotas=[Quota(right=[0], at_most=0)])
    assert (answer.coverage, answer.objective) == (1, 9)


def test_order_of_quotas_changes_nothing(seed):
    """Whichever quota comes first, the most points are the same, and so is what cannot be."""
    rng = np.random.default_rng([seed, 400])
    for _ in range(150):
        asked, _ = draw(rng, 6)
        answer = ask(asked)
        other = ask(asked._replace(quotas=[asked.quotas[q] for q in rng.permutation(len(asked.quotas))]))
        assert other.status is answer.status
        assert answer.witness is not None or other.objective == answer.objective


def test_threads_change_no_byte(seed):
    """The same pairs, prices and witnesses from one thread and from two."""
    rng = np.random.default_rng([seed, 500])
    for _ in range(60):
        asked, _ = draw(rng, 7)
        one, two = ask(asked, threads=1), ask(asked, threads=2)
        for name in ("taken", "left_price", "right_price", "quota_price"):
            assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
        assert (one.status, one.proof, one.price_scale) == (two.status, two.proof, two.price_scale)
        assert (one.witness is None) == (two.witness is None)
        if one.witness is not None:
            assert one.witness.explain() == two.witness.explain()
