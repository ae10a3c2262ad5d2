"""Points and options that make no sense get one clear error."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

import twinmatch as tm

TWICE = sparse.coo_array(([1, 2], ([0, 0], [1, 1])), shape=(2, 2))
UNSORTED_TWICE = sparse.csr_array(
    (np.array([1, 2, 3]), np.array([1, 0, 1]), np.array([0, 3, 3])), shape=(2, 2)
)


@pytest.mark.parametrize(
    ("points", "says"),
    [
        (np.array([[1.0, np.nan]]), r"not finite, first at \(0, 1\)"),
        (np.array([[1.0], [-np.inf]]), r"not finite, first at \(1, 0\)"),
        (np.ma.masked_array([[1, 2]], [[True, False]]), "masked"),
        (np.zeros(3), "1 dimensions"),
        (np.zeros((2, 2, 2)), "3 dimensions"),
        ([[1, 2], [3]], "no matrix"),
        (np.array([["a", "b"]]), "real numbers"),
        (np.array([["a", 1]], object), "no numbers"),
        (np.array([[1j]]), "real numbers"),
        (np.array([[None, 1]], object), "not finite"),
        (TWICE, r"more than once, first: \(0, 1\)"),
        (UNSORTED_TWICE, r"more than once, first: \(0, 1\)"),
        (sparse.csr_array(np.array([[0.0, np.inf]])), r"not finite, first at \(0, 1\)"),
        (sparse.coo_array(np.ones(3)), "1 dimensions"),
    ],
)
def test_points_that_are_no_points(points, says):
    """What is not a finite number, or given twice, is one clear error, which says where."""
    with pytest.raises(tm.errors.PointsError, match=says) as caught:
        tm.assign(points)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "points",
    [
        np.array([[2**62]]),
        np.array([[-(2**59), 2**59]]),
        np.array([[2**64 - 1]], np.uint64),
        np.array([[2**70]], object),
        sparse.csr_array(np.array([[2**61]])),
    ],
)
def test_points_too_large(points):
    """Points beyond exact arithmetic are refused, not rounded."""
    with pytest.raises(tm.errors.PointsRangeError) as caught:
        tm.assign(points)
    assert isinstance(caught.value, ValueError)


def test_indices_outside():
    """A sparse array that names nodes it does not have is refused."""
    points = sparse.csr_array(np.eye(2, dtype=int))
    points.indices[:] = 7
    with pytest.raises(tm.errors.PointsError, match="outside"):
        tm.assign(points)


def bipartite(**edge: object) -> nx.Graph:
    graph = nx.Graph()
    graph.add_node("a", bipartite=0)
    graph.add_node("b", bipartite=1)
    graph.add_edge("a", "b", **edge)
    return graph


@pytest.mark.parametrize(
    ("graph", "says"),
    [
        (bipartite(), "no 'weight'"),
        (bipartite(weight=float("nan")), "not finite"),
        (nx.DiGraph(), "directed"),
        (nx.MultiGraph(), "multigraph"),
        (nx.path_graph(3), "do not say their side"),
        (nx.Graph([("a", "b", {"weight": 1})]), "do not say their side"),
    ],
)
def test_graphs_that_are_not_bipartite(graph, says):
    """A graph says which side a node is on and what an edge is worth."""
    with pytest.raises(tm.errors.PointsError, match=says):
        tm.assign(graph)


def test_an_edge_within_one_side():
    """An edge joins left and right."""
    graph = bipartite(weight=1)
    graph.add_node("c", bipartite=0)
    graph.add_edge("a", "c", weight=1)
    with pytest.raises(tm.errors.PointsError, match="one side"):
        tm.assign(graph)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"right_capacity": 1, "right_bounds": (0, 1)}, "together"),
        ({"right_capacity": [1, 1, 1]}, "one number of places per node: 2"),
        ({"right_capacity": -1}, "negative"),
        ({"right_capacity": 1.5}, "no whole number"),
        ({"right_capacity": np.nan}, "no whole number"),
        ({"right_capacity": "many"}, "needs whole numbers"),
        ({"right_capacity": {0: 1}}, "1 right nodes are missing"),
        ({"right_bounds": (3, 2)}, "lower bound above upper"),
        ({"right_bounds": 1}, r"\(lower, upper\)"),
        ({"locked": 5}, "locked: must hold pairs"),
        ({"locked": [5]}, r"locked\[0\]: must be a pair"),
        ({"locked": [(0, 2)]}, "names a node that is not there"),
        ({"locked": [(0, 1), (0, 1)]}, "is there twice"),
        ({"quotas": 5}, "quotas: must be a list of GroupQuota"),
        ({"quotas": [5]}, "must be a tm.GroupQuota, not int"),
        ({"quotas": [tm.GroupQuota(at_least=3, at_most=2)]}, "at_least 3 is above at_most 2"),
        ({"quotas": [tm.GroupQuota(at_least=-1)]}, "at_least: must be a whole number"),
        ({"quotas": [tm.GroupQuota(at_most=1.5)]}, "at_most: must be a whole number"),
        ({"quotas": [tm.GroupQuota(left=[True])]}, "one flag per node: 2"),
        ({"quotas": [tm.GroupQuota(right=[0, 7])]}, "names a node that is not there"),
        ({"quotas": [tm.GroupQuota(name=3)]}, "name must be a text"),
        ({"left_bounds": ([1, 0], [0, 0])}, "lower bound above upper"),
        ({"left_bounds": (0, 0), "require_all": True}, "lower bound above upper"),
        ({"deadline": -1}, "deadline"),
        ({"deadline": float("nan")}, "deadline"),
        ({"gap": 2}, "gap"),
        ({"threads": 0}, "threads"),
        ({"threads": 100_000}, "threads: must be a whole number from 1 to 1,024, not 100000"),
        ({"cancel": 5}, r"cancel: must have is_set\(\)"),
        ({"on_progress": 5}, "on_progress: must be a function"),
        ({"threads": "many"}, "threads"),
        ({"gap": "small"}, "gap"),
        ({"deadline": "soon"}, "deadline"),
        ({"require_all": "no"}, "require_all: must be True or False, not 'no'"),
        ({"coverage_first": 1}, "coverage_first: must be True or False, not 1"),
    ],
)
def test_options_that_contradict_themselves(options, says):
    """Wrong options are one clear error."""
    with pytest.raises(tm.errors.InputError, match=says):
        tm.assign(np.ones((2, 2), int), **options)


def test_all_faults_at_once():
    """Everything that is malformed is said in one error."""
    with pytest.raises(tm.errors.InputError) as caught:
        tm.assign(
            sparse.coo_array(([1], ([0], [0])), shape=(2, 2)),
            left_bounds=(2, 1),
            locked=[(1, 1), (9, 9)],
            quotas=[tm.GroupQuota(at_least=5, at_most=1)],
        )
    said = str(caught.value)
    assert len(caught.value.faults) == 4
    for what in ("left_bounds", "locked[1]", "is not stored", "quotas[0]"):
        assert what in said


def test_nodes_that_cannot_be_hashed():
    """What cannot be the name of a node is a name that is not there."""
    graph = bipartite(weight=1)
    with pytest.raises(tm.errors.InputError, match=r"locked\[0\]: names a node that is not there"):
        tm.assign(graph, locked=[(["a"], "b")])
    with pytest.raises(tm.errors.InputError, match=r"quotas\[0\].right: names a node that is not there"):
        tm.assign(graph, quotas=[tm.GroupQuota(right=[{"b"}])])


def test_options_from_numpy():
    """Numbers from an array are numbers."""
    answer = tm.assign(
        np.eye(3), threads=np.int64(1), gap=np.float32(0), deadline=np.int32(60), require_all=np.True_
    )
    assert answer.objective == 3
