"""Assignments against four other solvers and brute force, on thousands of small instances."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

import twinmatch as tm
from benchmarks.families import LARGE_LISTS
from benchmarks.families import SMALL_MATRICES as FAMILIES
from tests.assignment.peers import (
    Question,
    by_brute_force,
    by_networkx,
    by_ortools,
    by_scipy,
)
from twinmatch.graph.explicit import ExplicitGraph

FORMATS = (sparse.coo_array, sparse.csr_array, sparse.csc_array, sparse.lil_array, sparse.csr_matrix)


def random_question(rng: np.random.Generator, largest: int) -> tuple[Question, bool]:
    """Draw a question of any kind, and whether every pair is stored."""
    n, m = rng.integers(0, largest, 2)
    if rng.random() < 0.15:
        m = max(0, n - 1)  # one place short
    points = FAMILIES[rng.integers(len(FAMILIES))](rng, n, m).astype(np.int64)
    if rng.random() < 0.2:
        points[rng.random((n, m)) < 0.3] = 0
    dense = rng.random() < 0.4
    stored = np.ones((n, m), bool) if dense else rng.random((n, m)) < rng.choice([0.2, 0.5, 0.8])
    capacity = rng.integers(0, 4, m) if rng.random() < 0.5 else np.ones(m, np.int64)
    kind = rng.random()
    required = np.full(n, kind > 0.7) if kind < 0.4 or kind > 0.7 else rng.random(n) < 0.3
    return Question(points, stored, capacity, required, bool(rng.random() < 0.4)), dense


def ask(question: Question, dense: bool, rng: np.random.Generator, **options: object) -> tm.Assignment:
    """Hand the question to the library, in one of its formats."""
    points: object = question.points
    if not dense:
        i, j = np.nonzero(question.stored)
        entries = (question.points[i, j], (i, j))
        built = sparse.coo_array(entries, shape=question.points.shape)
        if (question.points[i, j] != 0).all() and len(i):
            points = FORMATS[rng.integers(len(FORMATS))](built)  # conversions may drop stored zeros
        else:
            points = built
    if question.required.all() and len(question.required):
        options["require_all"] = True
    else:
        options["left_bounds"] = (question.required.astype(int), 1)
    return tm.assign(
        points, right_capacity=question.capacity, coverage_first=question.coverage_first, **options
    )


def check(question: Question, answer: tm.Assignment, most: int | None) -> None:
    """Compare the answer with the one that others give, and check its proof."""
    assert (answer.status is tm.Status.INFEASIBLE) == (most is None)
    if most is not None:
        assert answer.status is tm.Status.OPTIMAL
        assert answer.objective == answer.bound == most
        assert (answer.gap, answer.relative_gap, answer.limit) == (0, 0, None)
        optional = np.flatnonzero((answer.mate >= 0) & ~question.required)
        if not question.coverage_first:  # used where it helps
            assert (question.points[optional, answer.mate[optional]] > 0).all()
    answer.verify().raise_for_failure()


@pytest.mark.parametrize("part", range(6))
def test_small_questions_of_every_kind(part, seed):
    """Three thousand questions, ties and negative points and empty sides among them, are answered exactly."""
    rng = np.random.default_rng([seed, part])
    for number in range(500):
        question, dense = random_question(rng, 8)
        answer = ask(question, dense, rng, threads=int(rng.integers(1, 3)))
        most = by_scipy(question)
        check(question, answer, most)
        if number % 10 == 0:
            assert most == by_ortools(question)
        if number % 25 == 0:
            assert most == by_brute_force(question) == by_networkx(question)


@pytest.mark.parametrize("part", range(3))
def test_larger_questions_of_every_kind(part, seed):
    """Lists longer than candidate lists, prices over many phases."""
    rng = np.random.default_rng([seed, 100 + part])
    for _ in range(80):
        question, dense = random_question(rng, 90)
        check(question, ask(question, dense, rng), by_scipy(question))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
@pytest.mark.parametrize("shape", [(60, 60), (40, 150), (150, 40), (60, 59)])
@pytest.mark.parametrize("coverage_first", [False, True])
def test_families(family, shape, coverage_first, seed):
    """The families that are known to be hard, square, both ways oblong, and one place short."""
    rng = np.random.default_rng([seed, *shape])
    points = family(rng, *shape).astype(np.int64)
    nobody = np.zeros(shape[0], bool)
    question = Question(points, np.ones(shape, bool), np.ones(shape[1], np.int64), nobody, coverage_first)
    check(question, ask(question, True, rng), by_scipy(question))
    stored = rng.random(shape) < 0.3
    question = question._replace(stored=stored)
    check(question, ask(question, False, rng), by_scipy(question))


def test_drop_in_for_linear_sum_assignment(seed):
    """The optimum of SciPy's dense solver, both ways oblong, without padding."""
    rng = np.random.default_rng(seed)
    for shape in ((30, 30), (20, 50), (50, 20)):
        cost = rng.integers(-100, 100, shape)
        row, column = linear_sum_assignment(cost)
        answer = tm.assign(-cost, coverage_first=True)
        assert -answer.objective == cost[row, column].sum()
        assert len(answer.pairs) == min(shape)


def test_drop_in_for_min_weight_full_bipartite_matching(seed):
    """The optimum of SciPy's sparse solver."""
    rng = np.random.default_rng(seed)
    for _ in range(20):
        cost = sparse.random_array(
            (20, 35), density=0.4, rng=rng, data_sampler=lambda size: rng.integers(1, 99, size)
        )
        cost = sparse.csr_array(cost).astype(np.int64)
        answer = tm.assign(-cost, require_all=True)
        try:
            row, column = min_weight_full_bipartite_matching(cost.astype(float))
        except ValueError:
            assert answer.status is tm.Status.INFEASIBLE
        else:
            assert -answer.objective == cost.toarray()[row, column].sum()


def test_threads_change_nothing(seed):
    """The same pairs and prices from one, two and four threads."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 50, (300, 400))
    answers = [tm.assign(points, threads=threads) for threads in (1, 2, 4)]
    for other in answers[1:]:
        assert np.array_equal(answers[0].mate, other.mate)
        assert np.array_equal(answers[0].right_price, other.right_price)
        assert np.array_equal(answers[0].left_price, other.left_price)


# -- What pairs are ----------------------------------------------------------------------------------------


def test_a_stored_zero_is_a_pair():
    """A zero that is stored can be used; what is not stored cannot."""
    points = sparse.coo_array(([0], ([0], [0])), shape=(1, 2))
    assert tm.assign(points, require_all=True).pairs.tolist() == [[0, 0]]
    nothing = sparse.coo_array((1, 2), dtype=int)
    answer = tm.assign(nothing, require_all=True)
    assert answer.status is tm.Status.INFEASIBLE
    assert answer.witness.left.tolist() == [True]


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "dia"])
def test_every_format_keeps_its_zeros(kind):
    """Explicit zeros survive in every format that can hold them."""
    if kind == "dia":
        points = sparse.dia_array((np.array([[0, 0, 5]]), [0]), shape=(3, 3))
    else:
        points = sparse.csr_array(
            (np.array([0, 0, 5]), np.array([0, 1, 2]), np.array([0, 1, 2, 3])), shape=(3, 3)
        )
        points = sparse.bsr_array(points, blocksize=(1, 1)) if kind == "bsr" else points.asformat(kind)
    answer = tm.assign(points, require_all=True)
    assert answer.objective == 5
    assert answer.mate.tolist() == [0, 1, 2]


@pytest.mark.parametrize(("offset", "shape"), [(1, (3, 5)), (-1, (5, 3)), (2, (2, 3))])
def test_diagonals(offset, shape):
    """A diagonal array holds the entries that SciPy says it holds."""
    points = sparse.dia_array((np.arange(1, 6)[None, :], [offset]), shape=shape)
    answer = tm.assign(points)
    assert answer.objective == points.toarray().sum()


def test_negative_points_are_used_only_where_somebody_asks():
    """A pair that does harm is left alone, unless everybody must be paired or coverage comes first."""
    points = np.array([[-5, -9]])
    assert len(tm.assign(points).pairs) == 0
    assert tm.assign(points, require_all=True).objective == -5
    assert tm.assign(points, coverage_first=True).objective == -5


def test_places():
    """A right node takes as many as it has places, given either way."""
    points = np.array([[9, 1], [8, 1], [7, 1]])
    assert tm.assign(points, right_capacity=[2, 1]).mate.tolist() == [0, 0, 1]
    assert tm.assign(points, right_capacity=3).objective == 24
    assert tm.assign(points, right_bounds=(0, [2, 1])).objective == 18
    assert tm.assign(points, right_capacity=10**12).objective == 24


def test_no_place_no_price_that_hurts():
    """A node without places is not used, and its price costs nothing."""
    answer = tm.assign(np.array([[9, 1]]), right_capacity=[0, 1])
    assert answer.mate.tolist() == [1]
    answer.verify().raise_for_failure()


def test_left_bounds():
    """Some must, some may, some must not."""
    points = np.array([[9], [8], [7]])
    assert tm.assign(points, left_bounds=([0, 1, 0], 1)).mate.tolist() == [-1, 0, -1]
    assert tm.assign(points, left_bounds=(0, [0, 0, 1])).mate.tolist() == [-1, -1, 0]


def test_witness():
    """Two left nodes that must share one place are named, and no others."""
    points = sparse.coo_array((np.ones(4, int), ([0, 1, 2, 2], [0, 0, 0, 1])), shape=(3, 3))
    answer = tm.assign(points, require_all=True)
    assert answer.status is tm.Status.INFEASIBLE
    assert answer.witness.left.tolist() == [True, True, False]
    assert answer.witness.explain().startswith("2 left nodes (0, 1) must have 2 partners between them")
    answer.verify().raise_for_failure()
    with pytest.raises(tm.errors.NoSolutionError):
        _ = answer.objective
    assert "INFEASIBLE" in repr(answer)


def test_empty_sides():
    """No nodes, no pairs: nothing to do is done."""
    for shape in ((0, 0), (0, 4), (4, 0)):
        answer = tm.assign(np.zeros(shape, int))
        assert answer.status is tm.Status.OPTIMAL
        assert (answer.objective, len(answer.pairs)) == (0, 0)
        answer.verify().raise_for_failure()
    assert tm.assign(np.zeros((4, 0)), require_all=True).status is tm.Status.INFEASIBLE


def test_networkx_graph():
    """Pairs come back under the names of the nodes."""
    graph = nx.Graph()
    graph.add_nodes_from(["x", "y"], bipartite=1)
    graph.add_nodes_from(["a", "b", "c"], bipartite=0)
    graph.add_weighted_edges_from([("a", "x", 3), ("y", "a", 5), ("b", "y", 4), ("c", "x", 1)])
    answer = tm.assign(graph)
    assert sorted(map(tuple, answer.pairs)) == [("a", "x"), ("b", "y")]
    assert answer.left_labels == ["a", "b", "c"]
    more = tm.assign(graph, right_capacity={"x": 1, "y": 2})
    assert sorted(map(tuple, more.pairs)) == [("a", "y"), ("b", "y"), ("c", "x")]
    most = nx.max_weight_matching(graph)
    assert answer.objective == sum(graph.edges[edge]["weight"] for edge in most)


# -- Numbers -----------------------------------------------------------------------------------------------


def test_halves_are_exact():
    """Dyadic fractions are solved exactly, with the smallest scale."""
    answer = tm.assign(np.array([[0.5, 0.75], [1.0, 0.25]]))
    assert (answer.scale, answer.objective, answer.value) == (4, 7, 1.75)


def test_whole_floats_have_scale_one():
    """Floats that are whole numbers stay what they are."""
    answer = tm.assign(np.array([[3.0, -2.0]]))
    assert (answer.scale, answer.objective) == (1, 3)
    assert tm.assign(np.zeros((2, 2))).scale == 1


@pytest.mark.parametrize("factor", [1e-300, 1e-9, 1.0, 1e9, 1e200])
def test_floats_are_scaled(factor, seed):
    """Floats of any size give SciPy's value to within rounding."""
    rng = np.random.default_rng(seed)
    points = rng.random((40, 50)) * factor
    answer = tm.assign(points, require_all=True)
    row, column = linear_sum_assignment(points, maximize=True)
    assert answer.value / points[row, column].sum() == pytest.approx(1, rel=1e-9)
    assert answer.scale < 1 or int(answer.scale).bit_count() == 1  # a power of two
    answer.verify().raise_for_failure()


@pytest.mark.parametrize(
    "dtype", [bool, np.int8, np.uint8, np.int16, np.uint32, np.int64, np.float16, np.float32, ">i4"]
)
def test_types_of_numbers(dtype):
    """Every type of number gives the same pairs."""
    answer = tm.assign(np.eye(3).astype(dtype))
    assert answer.mate.tolist() == [0, 1, 2]
    assert answer.value == 3


def test_python_numbers():
    """Nested lists and arrays of Python integers are fine."""
    assert tm.assign([[1, 2], [3, 4]]).objective == 5
    assert tm.assign(np.array([[1, 2], [3, 5]], object)).objective == 6


def test_views_are_read_as_they_are():
    """Transposed and strided matrices mean what they say."""
    whole = np.arange(24).reshape(4, 6) ** 2 % 17
    assert tm.assign(whole.T).objective == tm.assign(whole.T.copy()).objective
    assert tm.assign(whole[::2, ::-1]).objective == tm.assign(whole[::2, ::-1].copy()).objective


def test_large_points_are_exact():
    """Points that no float can tell apart are told apart."""
    big = 2**54
    answer = tm.assign(np.array([[big, big + 1], [big + 1, big + 3]]), require_all=True)
    assert answer.objective == 2 * big + 3


# -- Stored pairs elsewhere --------------------------------------------------------------------------------


@pytest.mark.parametrize("dense", [True, False])
def test_solve_takes_stored_pairs(dense, seed):
    """The waist takes a graph of stored pairs, coverage first as for any other."""
    rng = np.random.default_rng(seed)
    points = rng.integers(-20, 20, (30, 25))
    table = points if dense else sparse.csr_array(np.where(rng.random(points.shape) < 0.2, points, 0))
    read = ExplicitGraph.from_dense if dense else ExplicitGraph.from_sparse
    solution = tm.solve(read(table))
    answer = tm.assign(table, coverage_first=True)
    assert solution.status is tm.Status.OPTIMAL
    assert solution.objective == solution.bound == answer.objective
    assert solution.coverage == solution.coverage_bound == answer.coverage
    assert tm.solve(read(table), deadline=0).status is tm.Status.NO_SOLUTION


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE_LISTS)
def test_lists_of_national_size_are_proven(name):
    """Paths over lists that end at the same distance as others begin: an order gone wrong shows here."""
    item, points = LARGE_LISTS[name](np.random.default_rng(1), 60_000, 200_000, 32)
    stored = sparse.csr_array((points.ravel(), item.ravel(), np.arange(60_001) * 32), shape=(60_000, 200_000))
    assignment = tm.assign(stored)
    assert assignment.status == "OPTIMAL"
    assert assignment.bound == assignment.objective
