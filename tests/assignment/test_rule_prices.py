"""What each quota and each locked pair costs, against others who solve it again."""

from __future__ import annotations

import threading

import networkx as nx
import numpy as np
import pytest

import twinmatch as tm
from tests.assignment.constrained import ask, draw
from tests.assignment.peers import Asked, by_highs
from twinmatch.errors import InputError, NoSolutionError


def changed(asked: Asked, rule: tm.RulePrice, by: int) -> Asked:
    """Move the bound of a rule."""
    if rule.kind == "locked":
        i, j = (int(word) for word in rule.rule.removeprefix("locked: ").split(" with "))
        return asked._replace(locked=[pair for pair in asked.locked if tuple(pair) != (i, j)])
    number = int(rule.rule.removeprefix("quota "))
    left, right, low, high = asked.quotas[number]
    low, high = (low, high + by) if rule.kind == "at most" else (low + by, high)
    quotas = [*asked.quotas]
    quotas[number] = (left, right, low, high)
    return asked._replace(quotas=quotas)


def difference(asked: Asked, rule: tm.RulePrice, by: int) -> int | None:
    """Return what HiGHS says that moving a bound changes, at the same coverage."""
    after = changed(asked, rule, by)
    crossed = any(high is not None and low > high for _, _, low, high in after.quotas)
    if crossed or any(low < 0 for _, _, low, _ in after.quotas) or rule.value + by < 0:
        return None
    if asked.coverage_first and by_highs(after, count=True) != by_highs(asked, count=True):
        return None
    most = by_highs(after)
    return None if most is None else abs(most - by_highs(asked))


def test_against_highs(seed):
    """One unit more or less changes the points of HiGHS by as much as the rows say."""
    rng = np.random.default_rng([seed, 600])
    seen = 0
    for _ in range(150):
        asked, _ = draw(rng, 5)
        answer = ask(asked)
        if answer.status is not tm.Status.OPTIMAL:
            continue
        for row in answer.rule_prices():
            out = -1 if row.kind != "at most" else 1
            assert row.loosen == difference(asked, row, out)
            if row.kind != "locked":
                assert row.tighten == difference(asked, row, -out)
            for points, to, note in (
                (row.loosen, row.loosen_to, row.loosen_note),
                (row.tighten, row.tighten_to, row.tighten_note),
            ):
                assert points is not None or (to is None and note)
            if row.loosen and row.loosen_to is not None:  # every unit of the range, and no more
                units = row.loosen_to - row.value
                assert difference(asked, row, units) == abs(units) * row.loosen
                beyond = difference(asked, row, units + out)
                assert beyond is None or beyond != (abs(units) + 1) * row.loosen
            seen += 1
    assert seen > 60


def test_only_what_presses_has_a_row():
    """A cap or a floor that is not reached costs nothing, and is left out; so is a problem without any."""
    points = [[9, 5], [8, 1], [7, 0]]
    quotas = [
        tm.GroupQuota(right=[0], at_most=1, name="cap"),
        tm.GroupQuota(right=[1], at_least=2, name="floor"),
        tm.GroupQuota(at_most=4, name="loose"),
    ]
    answer = tm.assign(points, right_capacity=3, quotas=quotas)
    cap, floor = answer.rule_prices()
    assert cap == tm.RulePrice("cap", "at most", 1, 0, None, 7, 0)
    assert floor == tm.RulePrice("floor", "at least", 2, 0, 0, 7, 3)
    assert [row.rule for row in answer.rule_prices(rules=["floor"])] == ["floor"]
    assert answer.rule_prices(rules=["loose"]) == ()
    assert tm.assign(points).rule_prices() == ()


def test_names_of_a_graph():
    """Locked pairs are called by the names of their nodes."""
    graph = nx.Graph()
    graph.add_nodes_from("ab", bipartite=0)
    graph.add_nodes_from("xy", bipartite=1)
    graph.add_weighted_edges_from([("a", "x", 5), ("a", "y", 1), ("b", "x", 4), ("b", "y", 3)])
    (row,) = tm.assign(graph, locked=[("a", "y")]).rule_prices()
    assert row == tm.RulePrice("locked: a with y", "locked", 1, 3, 0, None, None, "", row.tighten_note)


def test_points_that_are_not_whole():
    """Prices are in the same units as the objective: points times the scale."""
    answer = tm.assign([[0.5], [0.25]], right_capacity=2, quotas=[tm.GroupQuota(at_most=1)])
    (row,) = answer.rule_prices()
    assert (row.loosen / answer.scale, row.tighten / answer.scale) == (0.25, 0.5)


def test_what_has_no_prices():
    """Without an optimum there are none, and malformed options are refused."""
    impossible = tm.assign([[1]], quotas=[tm.GroupQuota(at_least=2)])
    with pytest.raises(NoSolutionError, match="INFEASIBLE"):
        impossible.rule_prices()
    answer = tm.assign([[3], [2]], quotas=[tm.GroupQuota(at_most=1, name="one")])
    for options, words in (
        ({"rules": ["two"]}, "'two'"),
        ({"rules": "one"}, "list of names"),
        ({"deadline": -1}, "deadline"),
        ({"threads": 0}, "threads"),
    ):
        with pytest.raises(InputError, match=words):
            answer.rule_prices(**options)


def test_stopping():
    """Rows that are not reached have a note and no number."""
    answer = tm.assign([[3], [2]], right_capacity=2, quotas=[tm.GroupQuota(at_most=1, name="one")])
    stop = threading.Event()
    phases = []
    assert answer.rule_prices(on_progress=lambda now: phases.append(now.phase))[0].loosen == 2
    assert "rule 1 of 1" in phases
    stop.set()
    (row,) = answer.rule_prices(cancel=stop)
    assert (row.loosen, row.tighten, row.loosen_note) == (None, None, "not reached")
    assert answer.rule_prices(deadline=0.0) == (row,)
