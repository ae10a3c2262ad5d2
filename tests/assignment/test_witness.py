"""Why nothing keeps to what was asked, said so that a person can add it up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

import twinmatch as tm
from twinmatch.graph.constraints import Constraints, Prices, Quota
from twinmatch.witness import LANGUAGES, Witness, witness_of

Group = tm.GroupQuota
RING = sparse.coo_array((np.ones(3, int), (range(3), range(3))), shape=(3, 3))


def ones(n: int, m: int) -> np.ndarray:
    return np.ones((n, m), int)


def between(at_least: int, at_most: int | None) -> list[Group]:
    return [Group([k, (k + 1) % 3], None, at_least, at_most, name=f"ring {k}") for k in range(3)]


#: Question, kind, what it asks for and is offered, English, French.
CASES = {
    "one place for two": (
        (ones(2, 1), {"require_all": True}),
        ("cut", 2, 1),
        "2 left nodes (0, 1) must have 2 partners between them, but right node 0 has 1 place.",
        "2 nœuds de gauche (0, 1) doivent avoir 2 partenaires en tout, "
        "mais le nœud de droite 0 offre 1 place.",
    ),
    "no pair": (
        (sparse.coo_array((1, 2), dtype=int), {"require_all": True}),
        ("cut", 1, 0),
        "Left node 0 must have 1 partner, but there is no such pair.",
        "Le nœud de gauche 0 doit avoir 1 partenaire, mais aucune paire ne convient.",
    ),
    "pairs are single": (
        (ones(2, 2), {"left_bounds": (3, 3), "right_capacity": 5}),
        ("cut", 6, 4),
        "2 left nodes (0, 1) must have 6 partners between them, but 4 pairs are possible.",
        "2 nœuds de gauche (0, 1) doivent avoir 6 partenaires en tout, mais 4 paires sont possibles.",
    ),
    "a right node asks for too many": (
        (ones(2, 2), {"right_bounds": ([3, 0], 3), "left_bounds": (0, 5)}),
        ("cut", 3, 2),
        "Right node 0 must have 3 partners, but 2 pairs are possible.",
        "Le nœud de droite 0 doit avoir 3 partenaires, mais 2 paires sont possibles.",
    ),
    "a floor on nobody": (
        (ones(2, 3), {"quotas": [Group(left=[], at_least=1, name="Breton")]}),
        ("cut", 1, 0),
        "“Breton” asks for 1 pair, but there is no such pair.",
        "«\N{NO-BREAK SPACE}Breton\N{NO-BREAK SPACE}» demande 1 paire, mais aucune paire ne convient.",
    ),
    "a floor above a cap": (
        (ones(4, 4), {"quotas": [Group([0, 1], None, 2, None, "A"), Group([0, 1], None, 0, 0, "B")]}),
        ("cut", 2, 0),
        "“A” asks for 2 pairs, but “B” allows 0 pairs.",
        "«\N{NO-BREAK SPACE}A\N{NO-BREAK SPACE}» demande 2 paires, "
        "mais «\N{NO-BREAK SPACE}B\N{NO-BREAK SPACE}» autorise 0 paire.",
    ),
    "regions and their country": (
        (
            ones(6, 6),
            {
                "quotas": [
                    Group(right=[0, 1], at_least=2, name="Bavaria"),
                    Group(right=[2, 3], at_least=2, name="Hesse"),
                    Group(right=range(5), at_most=3, name="Germany"),
                ]
            },
        ),
        ("cut", 4, 3),
        "“Bavaria” asks for 2 pairs and “Hesse” asks for 2 pairs, 4 in all, but “Germany” allows 3 pairs.",
        None,
    ),
    "locked pairs": (
        (ones(3, 3), {"locked": [(0, 0), (1, 0)]}),
        ("cut", 2, 1),
        "2 pairs are locked, but right node 0 has 1 place.",
        "2 paires sont imposées, mais le nœud de droite 0 offre 1 place.",
    ),
    "a locked pair takes the place": (
        (
            sparse.coo_array((np.ones(3, int), ([0, 1, 1], [0, 0, 1])), shape=(2, 2)),
            {"locked": [(1, 0)], "require_all": True},
        ),
        ("cut", 2, 1),
        "Left node 0 must have 1 partner and 1 pair is locked, 2 in all, but right node 0 has 1 place.",
        "Le nœud de gauche 0 doit avoir 1 partenaire et 1 paire est imposée, soit 2 en tout, "
        "mais le nœud de droite 0 offre 1 place.",
    ),
    "thousands": (
        (ones(1200, 1100), {"require_all": True}),
        ("cut", 1200, 1100),
        "1,200 left nodes (0, 1, 2, 3, 4, ...) must have 1,200 partners between them, "
        "but 1,100 right nodes (0, 1, 2, 3, 4, ...) have 1,100 places.",
        "1\N{NARROW NO-BREAK SPACE}200 nœuds de gauche (0, 1, 2, 3, 4, ...) doivent avoir "
        "1\N{NARROW NO-BREAK SPACE}200 partenaires en tout, "
        "mais 1\N{NARROW NO-BREAK SPACE}100 nœuds de droite "
        "(0, 1, 2, 3, 4, ...) offrent 1\N{NARROW NO-BREAK SPACE}100 places.",
    ),
    "no sum": (
        (RING, {"quotas": between(1, 1)}),
        ("search", 0, 0),
        "“ring 0”, “ring 1” and “ring 2” cannot be kept together. A search has shown it; no sum does.",
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_sentences(name):
    """Short, in the right number, and with what both sides come to where that is not plain to see."""
    (points, options), (kind, asked, offered), english, french = CASES[name]
    answer = tm.assign(points, **options)
    answer.verify().raise_for_failure()
    witness = answer.witness
    assert (witness.kind, witness.asked, witness.offered) == (kind, asked, offered)
    assert witness.explain() == witness.explain("en") == english
    assert french is None or witness.explain("fr") == french
    assert repr(witness) == f"<Witness {kind}: {english}>"


def test_who_is_involved():
    """The nodes and quotas that are in each other's way are named, and nobody else."""
    points = sparse.coo_array((np.ones(5, int), ([0, 1, 2, 2, 2], [0, 0, 0, 1, 2])), shape=(3, 3))
    witness = tm.assign(points, require_all=True, quotas=[Group(at_most=3, name="all")]).witness
    assert witness.left.tolist() == [True, True, False]
    assert witness.right.tolist() == [True, False, False]
    assert witness.clash == ()
    witness = tm.assign(
        points, quotas=[Group(at_most=1, name="one"), Group([2], at_least=2, name="two")]
    ).witness
    assert witness.clash in (("one", "two"), ("two",))


def test_a_search_names_no_node():
    """Where no sum shows anything, no node is marked."""
    witness = tm.assign(RING, quotas=between(1, 1)).witness
    assert not witness.left.any()
    assert not witness.right.any()
    assert witness.clash == ("ring 0", "ring 1", "ring 2")


def test_how_often_is_said():
    """What counts twice is said to, and the sums are given."""
    witness = tm.assign(RING, quotas=[*between(1, None), Group(at_most=1, name="everybody")]).witness
    assert witness.kind == "sum"
    assert " times)" in witness.explain()
    assert " fois)" in witness.explain("fr")
    assert f"{witness.asked} in all, but" in witness.explain()
    assert witness.explain().endswith(f"{witness.offered} in all.")


def test_names_of_nodes_and_quotas():
    """Whoever knows what nodes are called says it; braces and commas in a name stay what they are."""
    limits = Constraints(
        *np.array([[1, 1], [1, 1], [0, 0], [0, 1]]), quotas=(Quota("a {b} 1,000", at_least=9),)
    )
    prices = Prices(np.array([-1, -1]), np.array([0, 0]), np.array([-1]))
    pairs = np.array([0]), np.array([0])
    named = witness_of(limits, pairs, prices, None, lambda side, nodes: f"{len(nodes)} ({side})")
    assert named.explain() == (
        "2 (left en) must have 2 partners between them and “a {b} 1,000” asks for 9 pairs, 11 in all, "
        "but 1 pair is possible (2 times), 2 in all."
    )
    assert "« a {b} 1,000 »" in named.explain("fr").replace("\N{NO-BREAK SPACE}", " ")


def test_left_nodes_that_are_counted_once():
    """A quota may count left nodes with a partner: a second partner does not help, and the sum says so."""
    covered = Quota("covered", np.array([True, True, False]), at_least=3, covered=True)
    limits = Constraints(*np.array([[0, 0, 0], [2, 2, 2]]), *np.array([[0, 0], [9, 9]]), quotas=(covered,))
    pairs = tuple(np.indices((3, 2)).reshape(2, -1))
    prices = Prices(np.array([1, 1, 0]), np.array([0, 0]), np.array([-1]))
    witness = witness_of(limits, pairs, prices, None)
    assert (witness.asked, witness.offered) == (3, 2)
    assert witness.explain() == (
        "“covered” asks that 3 have a partner, but 2 left nodes (0, 1) can count for at most 2."
    )
    assert witness.explain("fr").endswith("mais 2 nœuds de gauche (0, 1) peuvent compter pour au plus 2.")
    single = Witness("search", prices, 0, 0, ("covered",))
    assert single.explain() == "“covered” cannot be kept. A search has shown it; no sum does."


def apart(family, price, floors):
    """Return a question with a floor for each left node, and prices on these floors."""
    n = len(floors)
    quotas = tuple(Quota(f"{family}: group {k}", np.arange(n) == k, at_least=x) for k, x in enumerate(floors))
    limits = Constraints(*np.array([[0] * n, [1] * n]), *np.array([[0], [3]]), quotas=quotas)
    prices = Prices(np.zeros(n, np.int64), np.array([1]), -np.broadcast_to(np.asarray(price), (n,)))
    pairs = np.arange(n), np.zeros(n, np.int64)
    return limits, pairs, prices


def test_many_groups_of_a_quota_are_one_number():
    """Four are said one by one, five are added up; the names of all stay in the data."""
    few = witness_of(*apart("q", 1, [1, 2, 1, 1]), None)
    assert few.explain().count("asks for") == 4
    many = witness_of(*apart("q", 1, [1, 2, 1, 1, 1]), None)
    assert many.explain() == "“q” for 5 groups asks for 6 pairs, but right node 0 has 3 places."
    assert many.explain("fr").replace("\N{NO-BREAK SPACE}", " ") == (
        "« q » pour 5 groupes demande 6 paires, mais le nœud de droite 0 offre 3 places."
    )
    assert many.clash == tuple(f"q: group {k}" for k in range(5))
    assert "“q” for 5 groups" in repr(many)


def test_groups_that_count_several_times_are_one_number_too():
    """How often is said as a range, and what it all comes to."""
    often = witness_of(*apart("q", [2] * 5, [1] * 5), None)
    assert often.explain().startswith("“q” for 5 groups asks for 5 pairs (2 times), 10 in all, but")
    mixed = witness_of(*apart("q", [1, 2, 3, 1, 1], [1] * 5), None)
    assert mixed.explain().startswith("“q” for 5 groups asks for 5 pairs (1 to 3 times), 8 in all, but")
    assert (
        mixed.explain("fr")
        .replace("\N{NO-BREAK SPACE}", " ")
        .startswith("« q » pour 5 groupes demande 5 paires (1 à 3 fois), soit 8 en tout, mais")
    )


def test_many_groups_in_a_search_are_one_name():
    limits, pairs, prices = apart("q", 1, [1] * 5)
    found = witness_of(limits, pairs, prices, range(5))
    assert found.explain().startswith("“q” for 5 groups cannot be kept together.")
    assert len(found.clash) == 5


def test_a_quota_for_each_group_is_a_line():
    """A cap per country under a floor per académie, and a floor for each pair of the two."""
    fr, eu = tm.datasets.sample()
    base = tm.policies.systematic_twinning()
    cap = tm.policies.QuotaPer("cap", right=["country"], at_most_share=0.1)
    floor = tm.policies.CoverageFloor("no académie behind", per=["academie"], at_least_share=0.95)
    cells = tm.policies.QuotaPer("q", left=["academie"], right=["country"], at_least=2)
    witness = tm.match(fr, eu, replace(base, quotas=(cap, floor))).witness
    assert witness.explain() == (
        "“no académie behind” for 34 groups asks that 200 have a partner, "
        "but “cap” for 6 groups allows 120 pairs."
    )
    assert len(witness.clash) == 40
    assert len(repr(tm.match(fr, eu, replace(base, quotas=(cells,))).witness)) < 400


def test_languages():
    """A language that is not spoken is wrong input."""
    witness = tm.assign(ones(2, 1), require_all=True).witness
    assert len({witness.explain(lang) for lang in LANGUAGES}) == 2
    for lang in ("de", "EN", None):
        with pytest.raises(tm.errors.InputError, match=f"lang: must be one of en, fr, not {lang!r}"):
            witness.explain(lang)


def test_a_lock_where_quotas_allow_nothing():
    """A locked pair that two caps of 0 keep out: the witness adds up without a price for partners."""
    points = sparse.coo_array(([2, 0, 1, 1], ([0, 1, 3, 3], [0, 1, 0, 1])), shape=(4, 2))
    answer = tm.assign(
        points,
        left_bounds=(0, [1, 1, 1, 0]),
        right_bounds=(0, [2, 0]),
        locked=[(1, 1)],
        quotas=[tm.GroupQuota(at_most=0), tm.GroupQuota(right=[1], at_most=0)],
    )
    assert answer.status is tm.Status.INFEASIBLE
    assert answer.witness.prices.coverage == 0
    answer.verify().raise_for_failure()
