"""Bounds, locked pairs and quotas: against four other ways to solve them, and on cases made by hand."""

from __future__ import annotations

import threading
import time

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

import twinmatch as tm
from tests.assignment.peers import Asked, by_cp_sat, by_enumeration, by_flow, by_highs

Quota = tm.GroupQuota


def draw(rng: np.random.Generator, largest: int) -> tuple[Asked, bool]:
    """Draw a question of any kind, and whether its quotas are nested sets of one side each."""
    n, m = rng.integers(1, largest + 1, 2)
    low, high = [(-3, 3), (-9, 30), (0, 2), (5, 9)][rng.integers(4)]
    points = rng.integers(low, high, (n, m))
    stored = rng.random((n, m)) < rng.choice([0.3, 0.6, 1.0])
    most = [np.minimum(rng.integers(0, 4, size), rng.choice([1, 3])) for size in (n, m)]
    if rng.random() < 0.5:
        most[rng.integers(2)][:] = 1
    some = rng.choice([0, 0, 0.2], 2)
    least = [
        np.minimum(rng.integers(0, 4, len(x)) * (rng.random(len(x)) < part), x)
        for x, part in zip(most, some, strict=True)
    ]
    locked = []
    if rng.random() < 0.2:
        may = np.argwhere(stored)
        locked = [tuple(pair) for pair in rng.permutation(may)[: rng.integers(1, 3)].tolist()]
    kind = rng.integers(3)
    quotas = (nested_quotas, crossed_quotas, odd_quotas)[kind](rng, n, m)
    coverage_first = bool(rng.random() < 0.3)
    asked = Asked(points, stored, least[0], most[0], least[1], most[1], locked, quotas, coverage_first)
    return asked, kind == 0


def bounds(rng: np.random.Generator, spread: int) -> tuple[int, int | None]:
    least = int(rng.integers(0, spread + 1)) if rng.random() < 0.4 else 0
    return least, None if rng.random() < 0.3 else least + int(rng.integers(0, 4))


def nested_quotas(rng: np.random.Generator, n: int, m: int) -> list:
    """Draw quotas on regions and countries of either side, and on everybody."""
    quotas = []
    region = [rng.integers(0, 4, size) for size in (n, m)]
    for _ in range(rng.integers(0, 5)):
        side = rng.integers(2)
        among = [{0}, {1}, {2}, {0, 1}, {2, 3}, {0, 1, 2, 3}][rng.integers(6)]
        sets = [np.ones(n, bool), np.ones(m, bool)]
        sets[side] = np.isin(region[side], list(among))
        quotas.append((*sets, *bounds(rng, 3)))
    return quotas


def crossed_quotas(rng: np.random.Generator, n: int, m: int) -> list:
    """Draw quotas on any left nodes with any right nodes."""
    quotas = []
    for _ in range(rng.integers(1, 5)):
        left, right = rng.random(n) < 0.6, rng.random(m) < rng.choice([0.6, 1.0])
        quotas.append((left, right, *bounds(rng, 3)))
    return quotas


def odd_quotas(rng: np.random.Generator, n: int, m: int) -> list:
    """Draw quotas on two neighbours each of an odd ring: halves keep to them where whole numbers do not."""
    side, exact = rng.integers(2), rng.random() < 0.5
    size = (n, m)[side]
    ring = rng.permutation(size)[: 3 if size < 5 else rng.choice([3, 5])]
    quotas = []
    for at in range(len(ring)):
        sets = [np.ones(n, bool), np.ones(m, bool)]
        sets[side] = np.isin(np.arange(size), [ring[at], ring[at - 1]])
        sets[1 - side] = rng.random((n, m)[1 - side]) < rng.choice([0.8, 1.0])
        quotas.append((*sets, *((1, 1) if exact else (0, 1))))
    return quotas


def ask(asked: Asked, **options: object) -> tm.Assignment:
    """Hand a question to the library, as a matrix where every pair is stored and it comes to that."""
    points: object = asked.points
    if not asked.stored.all():
        i, j = np.nonzero(asked.stored)
        points = sparse.coo_array((asked.points[i, j], (i, j)), shape=asked.points.shape)
    return tm.assign(
        points,
        left_bounds=(asked.left_least, asked.left_most),
        right_bounds=(asked.right_least, asked.right_most),
        locked=asked.locked,
        quotas=[
            Quota(None if left.all() else left, None if right.all() else np.flatnonzero(right), low, high)
            for left, right, low, high in asked.quotas
        ],
        coverage_first=asked.coverage_first,
        **options,
    )


def recount(asked: Asked, witness: object) -> None:
    """Add up a witness: every assignment has a sum of 0, and this is the most that it could be."""
    u, v, g = (array.tolist() for array in witness.prices[:3])

    def highest(price: int, low: int, high: float) -> float:
        return price * (high if price > 0 else low) if price else 0

    total = sum(map(highest, u, asked.left_least.tolist(), asked.left_most.tolist()))
    total += sum(map(highest, v, asked.right_least.tolist(), asked.right_most.tolist()))
    for price, (_, _, low, high) in zip(g, asked.quotas, strict=True):
        total += highest(price, low, np.inf if high is None else high)
    for i, j in np.argwhere(asked.stored).tolist():
        over = [
            price for price, (left, right, *_) in zip(g, asked.quotas, strict=True) if left[i] and right[j]
        ]
        net = -u[i] - v[j] - sum(over)
        total += net if (i, j) in asked.locked else max(0, net)
    assert total < 0
    assert total == witness.offered - witness.asked
    assert witness.prices.coverage == 0
    assert (witness.kind == "cut") == (max(map(abs, [*u, *v, *g]), default=0) <= 1)


def check(asked: Asked, answer: tm.Assignment, most: int | None) -> None:
    """Compare the answer with the one that others give, and check its proof."""
    answer.verify().raise_for_failure()
    if most is not None:
        assert answer.status is tm.Status.OPTIMAL
        assert answer.objective == answer.bound == most
        assert (answer.gap, answer.limit, answer.witness) == (0, None, None)
        assert asked.broken(answer.pairs) == []
        assert asked.points[tuple(answer.pairs.T)].sum() == most
        if answer.proof == "search" and not asked.coverage_first:
            assert np.floor(by_highs(asked, whole=False) + 1e-6) > most  # prices cannot prove it
        return
    assert answer.status is tm.Status.INFEASIBLE
    witness = answer.witness
    assert witness.explain("fr") != witness.explain("en") != ""
    if witness.kind != "search":
        recount(asked, witness)
        return
    assert by_highs(asked._replace(coverage_first=False), whole=False) is not None  # no sum can show it
    clash = [int(name.removeprefix("quota ")) for name in witness.clash]
    among = asked._replace(quotas=[asked.quotas[q] for q in clash])
    assert by_highs(among) is None
    for q in range(len(clash)):
        assert by_highs(among._replace(quotas=among.quotas[:q] + among.quotas[q + 1 :])) is not None


# -- Against others ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(20))
def test_small_questions_of_every_kind(part, seed):
    """Ten thousand questions are answered like others answer them, and every answer is proven."""
    rng = np.random.default_rng([seed, part])
    for number in range(500):
        asked, nested = draw(rng, 7)
        flow = nested and not (asked.coverage_first and asked.left_most.max() > 1)
        peer = by_flow if flow else (by_highs, by_cp_sat)[number % 10 == 0]
        check(asked, ask(asked, threads=1), peer(asked))


@pytest.mark.parametrize("part", range(4))
def test_tiny_questions_against_brute_force(part, seed):
    """Every way to pair a few nodes was tried, and none is better."""
    rng = np.random.default_rng([seed, 100 + part])
    for _ in range(250):
        asked, _ = draw(rng, 4)
        if asked.points.size <= 12:
            most = by_enumeration(asked)
            check(asked, ask(asked), most)
            assert most == by_highs(asked) == by_cp_sat(asked)


def test_caps_that_cannot_be_reached(seed):
    """A quota without a cap, or with one beyond all pairs, never has a price above zero."""
    rng = np.random.default_rng([seed, 200])
    for _ in range(300):
        asked, _ = draw(rng, 4)
        quotas = [(left, right, low, (None, 100)[low % 2]) for left, right, low, _ in asked.quotas]
        asked = asked._replace(quotas=quotas, points=asked.points - 9)
        answer = ask(asked)
        check(asked, answer, by_highs(asked))
        assert (answer.quota_price <= 0).all()


# -- Where prices are not enough ---------------------------------------------------------------------------


def diagonal(size: int, worth: int = 1) -> sparse.coo_array:
    """One pair for each node."""
    return sparse.coo_array((np.full(size, worth), (range(size), range(size))), shape=(size, size))


def ring(size: int, at_least: int, at_most: int | None) -> list[Quota]:
    """Quotas on two neighbours each of a ring of left nodes."""
    return [Quota([k, (k + 1) % size], None, at_least, at_most, f"ring {k}") for k in range(size)]


@pytest.mark.parametrize("size", [3, 5, 7])
def test_an_odd_ring_leaves_a_gap(size):
    """Half a pair each is the most for prices; a search finds that whole pairs are fewer, and says so."""
    answer = tm.assign(diagonal(size, 10), quotas=ring(size, 0, 1))
    assert answer.status is tm.Status.OPTIMAL
    assert (answer.objective, answer.bound, answer.proof) == (10 * (size // 2), 10 * (size // 2), "search")
    certificate = answer.verify().raise_for_failure()
    said = {claim.name: claim.detail for claim in certificate.claims}
    half, whole = 5 * size, 10 * (size // 2)
    assert said["search for bound"] == f"prices prove {half}, a second search finds no more than {whole}"


def test_half_a_point_is_no_gap():
    """Points are whole: a price bound less than one above the best assignment proves it."""
    answer = tm.assign(diagonal(3), quotas=ring(3, 0, 1))
    assert (answer.objective, answer.proof) == (1, "prices")
    assert answer.price_scale > 1
    answer.verify().raise_for_failure()


@pytest.mark.parametrize("size", [3, 5])
def test_coverage_may_rest_on_a_search(size):
    """Six nodes in two odd rings: prices bound their coverage by half of all."""
    quotas = [*ring(size, 0, 1)]
    quotas += [Quota([size + k, size + (k + 1) % size], at_most=1) for k in range(size)]
    answer = tm.assign(diagonal(2 * size, -1), quotas=quotas, coverage_first=True)
    assert answer.coverage == answer.coverage_bound == 2 * (size // 2)
    assert answer.proof == "search"
    certificate = answer.verify().raise_for_failure()
    assert "search for coverage_bound" in [claim.name for claim in certificate.claims]


@pytest.mark.parametrize("size", [3, 5])
def test_halves_exist_and_whole_pairs_do_not(size):
    """One pair in each two neighbours of an odd ring: no sum shows that it cannot be, a search does."""
    answer = tm.assign(diagonal(size), quotas=[*ring(size, 1, 1), Quota(at_most=size, name="everybody")])
    assert answer.status is tm.Status.INFEASIBLE
    assert answer.witness.kind == "search"
    assert answer.witness.clash == tuple(f"ring {k}" for k in range(size))
    assert not answer.witness.left.any()
    assert (answer.witness.asked, answer.witness.offered) == (0, 0)
    answer.verify().raise_for_failure()
    for left_out in range(size):
        fewer = [quota for k, quota in enumerate(ring(size, 1, 1)) if k != left_out]
        assert tm.assign(diagonal(size), quotas=fewer).status is tm.Status.OPTIMAL


@pytest.mark.parametrize("size", [3, 5, 7])
def test_a_witness_that_counts_twice(size):
    """Each pair is in two quotas of the ring: what they ask for is counted against the total twice."""
    total = Quota(at_most=size // 2, name="everybody")
    answer = tm.assign(diagonal(size), quotas=[*ring(size, 1, None), total])
    witness = answer.witness
    assert witness.kind == "sum"
    assert witness.asked > witness.offered
    assert max(int(np.abs(prices).max()) for prices in witness.prices[:3]) <= 4
    answer.verify().raise_for_failure()


def test_multipliers_of_witnesses_stay_small(seed):
    """A person can add up a witness: no node or quota is counted a thousand times."""
    rng = np.random.default_rng([seed, 300])
    largest = 0
    for _ in range(600):
        asked, _ = draw(rng, 7)
        witness = ask(asked).witness
        if witness is not None:
            largest = max(largest, *(int(np.abs(prices).max(initial=0)) for prices in witness.prices[:3]))
    assert 1 < largest <= 64


# -- What can be asked -------------------------------------------------------------------------------------

POINTS = np.array([[9, 5, 2, 7], [8, 7, 1, 6], [8, 6, 3, 5]])


def solved(points: object = POINTS, **options: object) -> tm.Assignment:
    """Return an answer whose proof holds."""
    answer = tm.assign(points, **options)
    answer.verify().raise_for_failure()
    return answer


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


# -- Limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [diagonal(3, 10), np.full((3, 3), 10)], ids=["lists", "matrix"])
@pytest.mark.parametrize("quotas", [[Quota(at_most=1)], ring(3, 0, 1), ring(3, 1, 1)])
@pytest.mark.parametrize("coverage_first", [False, True])
def test_stopped_before_the_start(points, quotas, coverage_first):
    """Without time, or cancelled, nothing is called best or impossible, and the bound holds."""
    event = threading.Event()
    event.set()
    for limit, options in ((tm.Limit.DEADLINE, {"deadline": 0}), (tm.Limit.CANCELLED, {"cancel": event})):
        answer = solved(points, quotas=quotas, coverage_first=coverage_first, **options)
        assert answer.status in (tm.Status.NO_SOLUTION, tm.Status.FEASIBLE)
        assert answer.limit is limit
        assert answer.bound >= 10


def test_stopped_half_way(seed):
    """Whenever a run is stopped, the pairs can be used and the bound holds."""
    rng = np.random.default_rng([seed, 600])
    points = rng.integers(0, 1000, (60, 60))
    quotas = [Quota(rng.random(60) < 0.5, rng.random(60) < 0.5, 5, 9, f"q{k}") for k in range(8)]
    best = solved(points, quotas=quotas)
    assert best.status is tm.Status.OPTIMAL
    for deadline in (0.001, 0.01, 0.05, 0.2):
        answer = solved(points, quotas=quotas, deadline=deadline)
        assert answer.bound >= best.objective
        if answer.status is tm.Status.FEASIBLE:
            assert answer.limit is tm.Limit.DEADLINE
            assert answer.objective <= best.objective


@pytest.mark.parametrize("power", [45, 50, 52, 54, 56, 58, 60])
def test_large_points_are_exact_or_refused(power, seed):
    """Points that no float can tell apart are told apart, or are an error: never a wrong digit."""
    rng = np.random.default_rng([seed, power])
    answered = 0
    for _ in range(60):
        asked, _ = draw(rng, 4)
        near = 2**power - rng.integers(0, 9, asked.points.shape)
        asked = asked._replace(points=rng.choice([-1, 1]) * near)
        if asked.points.size > 12:
            continue
        try:
            answer = ask(asked)
        except tm.errors.PointsRangeError:
            continue
        answered += 1
        most = by_enumeration(asked)
        assert answer.status is (tm.Status.INFEASIBLE if most is None else tm.Status.OPTIMAL)
        assert most is None or answer.objective == answer.bound == most
        answer.verify().raise_for_failure()
    assert answered or power >= 58


# -- Larger ones -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("caps", ["loose", "tight"])
def test_ten_thousand_pairs_with_crossed_quotas(caps, seed):
    """A hundred by a hundred nodes under five quotas of both sides are proven within seconds."""
    rng = np.random.default_rng([seed, 700])
    points = rng.integers(0, 10**6, (100, 100))
    some = [(rng.random(100) < 0.5, rng.random(100) < 0.5) for _ in range(5)]
    most = {"loose": 20, "tight": 12}[caps]
    quotas = [Quota(left, right, most // 2 * (k % 2), most) for k, (left, right) in enumerate(some)]
    started = time.monotonic()
    answer = solved(points, quotas=quotas)
    assert answer.status is tm.Status.OPTIMAL
    assert time.monotonic() - started < 30
    ones = np.ones(100, int)
    plain = [(left, right, most // 2 * (k % 2), most) for k, (left, right) in enumerate(some)]
    asked = Asked(points, points >= 0, 0 * ones, ones, 0 * ones, ones, [], plain)
    assert asked.broken(answer.pairs) == []
    assert by_highs(asked) == answer.objective


def test_thousands_under_nested_quotas(seed):
    """Two by three thousand nodes in regions and countries of both sides, as min-cost flow has it."""
    rng = np.random.default_rng([seed, 800])
    n, m = 2000, 3000
    i = np.repeat(np.arange(n), 12)
    stored = np.zeros((n, m), bool)
    stored[i, rng.integers(0, m, len(i))] = True
    points = np.where(stored, rng.integers(-100, 1000, (n, m)), 0)
    quotas = []
    regions = rng.integers(0, 40, n), rng.integers(0, 60, m)
    for side, region in enumerate(regions):
        everybody = [np.ones(n, bool), np.ones(m, bool)]
        for number in range(region.max() + 1):
            sets = [*everybody]
            sets[side] = region == number
            size = int(sets[side].sum())
            quotas.append((*sets, size // 4, size // 2))
            if number % 5 == 0:
                sets = [*everybody]
                sets[side] = region // 5 == number // 5
                quotas.append((*sets, size, 5 * (size // 2) - 3))
    left, right = np.zeros(n, int), np.zeros(m, int)
    locked = [tuple(pair) for pair in np.argwhere(stored)[::5000].tolist()]
    asked = Asked(points, stored, left, left + 2, right, right + 2, locked, quotas)
    answer = ask(asked)
    check(asked, answer, by_flow(asked))
    assert answer.proof == "prices"
