"""The tree search says what a full sort says: any columns, any prices, any threads, any instruction set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.random_terms import CURVED, EVERY, KINDS, random_terms
from twinmatch import _check
from twinmatch.graph.formulas import LinearColumns
from twinmatch.graph.scored import NO_PARTNER, ScoredGraph
from twinmatch.graph.terms import FORBIDDEN, PairTerms
from twinmatch.threads import cores

SETS = _check.instruction_sets()
MIXES = [(kind,) for kind in EVERY] + [("distance", "linear"), ("table", "distance", "bans"), EVERY]
MIXES += [("distance", "linear", "curve"), CURVED]
# Around every border of a tree whose leaves hold 8 to 32 nodes and whose blocks hold 16 leaves.
BORDERS = [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1025]
LARGEST_PRICE = 2**30


def drawn(
    seed: int, num_left: int, num_right: int, kinds: tuple[str, ...] = KINDS, **more
) -> tuple[PairTerms, np.ndarray]:
    """Return random terms and prices: none, ordinary, or so high that they decide everything."""
    rng = np.random.default_rng([seed, num_left, num_right])
    terms = random_terms(rng, num_left, num_right, kinds=kinds, **more)
    highest = int(rng.choice([1, 3, 150_000, LARGEST_PRICE + 1]))
    price = rng.integers(0, highest, num_right) * (rng.random(num_right) < rng.choice([0.5, 1.0]))
    return terms, price


def full_net(terms: PairTerms, price: np.ndarray) -> np.ndarray:
    """Return the net value of every pair by plain evaluation, ``NO_PARTNER`` where not admissible."""
    points = terms.points(np.arange(terms.num_left)[:, None], np.arange(terms.num_right)[None, :])
    return np.where(points == FORBIDDEN, NO_PARTNER, points - price)


def check_against_sort(graph: ScoredGraph, price: np.ndarray, k: int, threads: int = 1) -> None:
    """Compare the lists of every left node, in a mixed order, with all its net values sorted."""
    net = full_net(graph.terms, price)
    rows = np.random.default_rng(k).permutation(graph.num_left).astype(np.int32)
    right, value, bound = graph.best_lists(rows, k, price, threads=threads)
    assert right.shape == value.shape == (len(rows), k)
    for row, i in enumerate(rows):
        partners = np.flatnonzero(net[i] > NO_PARTNER)
        kept = right[row][right[row] >= 0]
        assert len(kept) == min(k, len(partners))
        assert (right[row] >= -1).all()
        assert len(set(kept.tolist())) == len(kept)
        assert (net[i, kept] > NO_PARTNER).all(), "a partner against the rules"
        np.testing.assert_array_equal(value[row][right[row] >= 0], net[i, kept])
        assert (value[row][right[row] < 0] == NO_PARTNER).all()
        best = -np.sort(-net[i, partners])
        np.testing.assert_array_equal(-np.sort(-net[i, kept]), best[: len(kept)])
        left_out = np.setdiff1d(partners, kept)
        if len(left_out):
            assert net[i, left_out].max() <= bound[row] <= best[k - 1]
        elif k > len(partners):
            assert bound[row] == NO_PARTNER
    np.testing.assert_array_equal(graph.scan(price, threads=threads), net.max(axis=1, initial=NO_PARTNER))


@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize("kinds", MIXES, ids="+".join)
def test_lists_are_those_of_a_full_sort(kinds, isa, seed):
    """Every kind of column, alone and together, from one partner asked for to all of them."""
    for repeat in range(4):
        terms, price = drawn(100 * seed + repeat, 23, 301, kinds)
        graph = ScoredGraph(terms, isa=isa)
        for k in (1, 2, 9, 32, 300, 301, 400):
            check_against_sort(graph, price, k)


@pytest.mark.parametrize("num_right", BORDERS)
def test_leaves_and_blocks_have_no_seams(num_right):
    """As many right nodes as fill a leaf or a block, one fewer, one more; in one class, and in several."""
    terms, price = drawn(1, 9, num_right)
    alike = replace(terms, right_class=np.zeros(num_right, np.int32))
    for one in (terms, alike):
        graph = ScoredGraph(one)
        for k in sorted({1, 5, max(1, num_right - 1), num_right + 1}):
            check_against_sort(graph, price, k)


@pytest.mark.parametrize("num_left", [0, 1, 2, 63, 64, 65])
def test_any_number_of_left_nodes(num_left):
    """Rows are searched in chunks; none is lost at a border, and no rows are no work."""
    terms, price = drawn(2, num_left, 70)
    check_against_sort(ScoredGraph(terms), price, 6, threads=2)


@settings(max_examples=150)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 12),
    st.integers(0, 90),
    st.integers(1, 100),
    st.sampled_from(MIXES),
    st.sampled_from([1, 4, 100_000]),
    st.floats(0, 1),
)
def test_search_equals_a_full_sort(seed, num_left, num_right, k, kinds, span, forbidden):
    """Few points make ties, many forbidden classes make empty lists."""
    terms, price = drawn(seed, num_left, num_right, kinds, span=span, forbidden=forbidden)
    check_against_sort(ScoredGraph(terms), price, k)


@pytest.mark.parametrize("slope", [3e-3, 3.0, 1e4, 1e9])
def test_steep_distances(slope):
    """Points that fall within kilometres, a metre, or less: bounds stay bounds and fit their numbers."""
    rng = np.random.default_rng(5)
    terms = random_terms(rng, 40, 900, kinds=("distance",))
    distance = terms.distance._replace(slope=np.float32(slope), centre=np.float32(0), top=np.float32(2**24))
    price = rng.integers(0, 2**24, 900)
    check_against_sort(ScoredGraph(replace(terms, distance=distance)), price, 16)


def test_threads_and_instruction_sets_give_the_same_bytes():
    """Which of several tied partners is kept is part of the answer."""
    for span in (2, 100_000):
        terms, price = drawn(3, 400, 900, span=span)
        price = np.minimum(price, span)
        answers = set()
        for isa in SETS:
            for threads in (1, 2, 4):
                graph = ScoredGraph(terms, isa=isa)
                lists = graph.best_lists(np.arange(400), 12, price, threads=threads)
                scan = graph.scan(price, threads=threads)
                answers.add(tuple(part.tobytes() for part in (*lists, scan)))
        assert len(answers) == 1


def test_one_nodes_list_is_sorted_and_ties_go_by_index():
    """``best`` is the row of ``best_lists``, best first."""
    terms, price = drawn(4, 12, 200, span=3)
    price = np.minimum(price, 3)
    graph = ScoredGraph(terms)
    net = full_net(terms, price)
    for i in range(12):
        found = graph.best(i, 7, price)
        right, value, bound = graph.best_lists(np.array([i]), 7, price)
        order = sorted(range(len(found.right)), key=lambda n: (-found.net[n], found.right[n]))
        assert order == list(range(len(found.right)))
        assert set(found.right.tolist()) == set(right[0][right[0] >= 0].tolist())
        np.testing.assert_array_equal(found.net, net[i, found.right])
        assert sorted(found.net.tolist()) == sorted(value[0][right[0] >= 0].tolist())
        assert found.bound == bound[0]


def test_a_graph_forgets_old_prices():
    """Each question comes with its own prices; the ones before leave nothing behind."""
    terms, price = drawn(5, 30, 500)
    graph = ScoredGraph(terms)
    fresh = graph.best_lists(np.arange(30), 5)
    for other in (price, price[::-1].copy(), None):
        lists = graph.best_lists(np.arange(30), 5, other)
    for one, two in zip(fresh, lists, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_band_of_distances_is_searched_exactly():
    """What should be far, or about this far, bounds a box from its far side too."""
    rng = np.random.default_rng(6)
    for centre in (0.0, 1.0, 400_000.0, 3_000_000.0, 2.0**23):
        terms = random_terms(rng, 20, 700, kinds=("distance",))
        distance = terms.distance._replace(centre=centre, top=90_000.0, cap=80_000.0, slope=0.02)
        terms = replace(terms, distance=distance, right_class=np.zeros(700, np.int32))
        terms = replace(terms, table=np.zeros((terms.table.shape[0], 1), np.int32))
        for isa in SETS:
            check_against_sort(ScoredGraph(terms, isa=isa), np.zeros(700, np.int64), 11)


def test_equal_nodes_are_all_found():
    """Hundreds of identical right nodes are hundreds of partners, bar those that are banned."""
    banned = np.array([[0, j] for j in range(0, 600, 2)] + [[2, 5]])
    terms = PairTerms(
        np.zeros(3, np.int32), np.zeros(600, np.int32), np.array([[7]], np.int32), banned=banned
    )
    graph = ScoredGraph(terms)
    for k in (1, 10, 299, 300, 301, 600, 601):
        check_against_sort(graph, np.zeros(600, np.int64), k)
    assert graph.best(0, 600).right.tolist() == list(range(1, 600, 2))


def test_points_are_those_of_the_terms():
    """Arrays of any shape are broadcast against each other, bans and rules included."""
    terms, _ = drawn(7, 40, 50)
    i, j = np.arange(40)[:, None], np.arange(50)[None, :]
    for isa in SETS:
        graph = ScoredGraph(terms, isa=isa)
        np.testing.assert_array_equal(graph.points(i, j), terms.points(i, j))
        assert graph.points(3, 4) == terms.points(3, 4)
    assert (terms.points(i, j) == FORBIDDEN).any()


@pytest.mark.parametrize("kinds", [("table", "bans"), KINDS], ids="+".join)
def test_sides_exchanged(kinds):
    """The points of (i, j) become those of (j, i), and are searched as exactly."""
    terms, _ = drawn(8, 60, 80, kinds)
    other = terms.transposed()
    i, j = np.arange(60)[:, None], np.arange(80)[None, :]
    np.testing.assert_array_equal(other.points(j.T, i.T), terms.points(i, j).T)
    graph = ScoredGraph(other)
    check_against_sort(graph, np.arange(60), 9)
    np.testing.assert_array_equal(
        ScoredGraph(terms).core_transposed.scan(np.arange(60), 1), graph.scan(np.arange(60))
    )


def test_bounds_survive_the_sentinels_of_unknown_values():
    """A leaf may hold known and unknown schools: the bound stays above what the known ones are worth."""
    left = np.array([-(2**29), 0, 5, -(2**28), 2**28], np.int32)
    right = np.array([2**29, 3, 2**28, -(2**28), 2**29] * 9, np.int32)
    linear = LinearColumns(left, right, 2**28, 2**20)
    classes = np.zeros(5, np.int32), np.zeros(45, np.int32)
    terms = PairTerms(*classes, np.array([[-3]], np.int32), (linear, linear))
    for isa in SETS:
        check_against_sort(ScoredGraph(terms, isa=isa), np.arange(45) % 4, 4)


def test_what_is_no_question_is_refused():
    """Nodes, prices and sizes that do not fit the graph are errors, not answers."""
    graph = ScoredGraph(drawn(9, 5, 6)[0])
    for i, j in ((5, 0), (-1, 0), (0, 6), (0, -1)):
        with pytest.raises(IndexError):
            graph.points(i, j)
    for i in (-1, 5):
        with pytest.raises(IndexError):
            graph.best(i, 1)
    with pytest.raises(ValueError, match="k"):
        graph.best(0, 0)
    with pytest.raises(ValueError, match="prices"):
        graph.best(0, 1, np.zeros(5, np.int64))
    with pytest.raises(ValueError, match="prices"):
        graph.scan(np.zeros(7, np.int64))
    with pytest.raises(OverflowError, match=r"2\^30"):
        graph.best(0, 1, np.full(6, LARGEST_PRICE + 1))
    with pytest.raises(ValueError, match="instruction set"):
        ScoredGraph(graph.terms, isa="abacus").scan()


def test_a_question_that_was_refused_leaves_the_graph_usable():
    """A price out of range changes nothing for whoever asks next."""
    graph = ScoredGraph(drawn(10, 5, 60)[0])
    before = graph.scan()
    for wrong in (np.full(60, 2**31), np.zeros(3, np.int64)):
        with pytest.raises((OverflowError, ValueError)):
            graph.scan(wrong)
    np.testing.assert_array_equal(graph.scan(), before)


def test_cores_counts_what_this_process_may_use():
    assert 1 <= cores() <= 4096
