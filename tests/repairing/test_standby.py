"""Standby lists of all schools at once: against all pairs, and against matchings in which they are forced."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twinmatch as tm
from tests.changes.worlds import POLICY, world
from twinmatch.compiler import compiled
from twinmatch.errors import InputError, NoSolutionError
from twinmatch.graph.terms import FORBIDDEN

c, p = tm.changes, tm.policies


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32 - 1))
def test_lists_are_the_best_by_what_prices_leave_and_losses_are_bounds(seed):
    """Each list is that of a plain pass over all pairs; no matching with such a pair loses less than said."""
    now = world(seed, 5, 6)
    matching = tm.match(*now.tables, POLICY)
    if matching.coverage == 0:
        return
    found = matching.standby(3).to_pandas()
    left, right = now.tables
    points = compiled(left, right, POLICY).terms.points(np.arange(5)[:, None], np.arange(6)[None, :])
    places, load = now.places, np.bincount(matching.mate[matching.mate >= 0], minlength=6)
    for i, name in enumerate(left.ids):
        rows = found[found.left_id == name]
        options = [
            j for j in range(6) if points[i, j] != FORBIDDEN and places[j] > 0 and j != matching.mate[i]
        ]
        options.sort(key=lambda j: (matching.right_price[j] - points[i, j], -points[i, j], j))
        assert rows.right_id.tolist() == right.ids[options[:3]].tolist()
        assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
        for j, loss, worth, free in zip(options, rows.loss, rows.points, rows.free, strict=False):
            assert worth == points[i, j]
            assert free == (load[j] < places[j])
            forced = matching.repair(c.PairLocked(name, right.ids[j]))
            if forced.coverage == matching.coverage:
                assert matching.objective - forced.objective >= loss >= 0


def test_a_free_place_is_worth_its_points():
    """Who loses a partner gets the first free one of its list where nobody else moves for it."""
    old = tm.match(*tm.datasets.sample())
    first = old.standby(1)
    name = first[first.free].left_id.iloc[0]
    partner = old.pairs.set_index("left_id").right_id[name]
    new = old.repair(c.PartnerLeaves(partner), 1_000_000)
    assert new.pairs.set_index("left_id").right_id[name] == first.set_index("left_id").right_id[name]


def test_lists_hold_under_quotas_and_several_partners():
    """Own partners are never on the list, losses are whole numbers, and each school has at most k."""
    fr, eu = tm.datasets.sample()
    quotas = (
        p.PartnersPerSchool("two", side="left", most=2),
        p.QuotaPer("cap", right=["country"], at_most_share=0.5),
    )
    matching = tm.match(fr.take(range(60)), eu, replace(p.systematic_twinning(), quotas=quotas))
    found = matching.standby(4)
    own = set(zip(matching.pairs.left_id, matching.pairs.right_id, strict=True))
    assert not own & set(zip(found.left_id, found.right_id, strict=True))
    assert found.groupby("left_id").size().max() == 4
    assert (found.loss >= 0).all()


def test_losses_hold_under_caps():
    """Under a cap that presses, forcing a pair of the list costs what it says at least."""
    fr, eu = tm.datasets.sample()
    policy = replace(p.systematic_twinning(), quotas=(p.QuotaPer("cap", right=["country"], at_most=4),))
    matching = tm.match(fr.take(range(0, 200, 8)), eu.take(range(0, 300, 4)), policy)
    assert (matching.quotas["price"] > 0).any()
    found = matching.standby(2)
    assert found.loss.max() > 0
    tried = 0
    for left, right, loss in zip(found.left_id[:24], found.right_id, found.loss, strict=False):
        forced = matching.repair(c.PairLocked(left, right))
        if forced.coverage == matching.coverage:
            assert matching.objective - forced.objective >= loss
            tried += 1
    assert tried


@pytest.mark.parametrize("name", ["stable", "nash", "leximin", "greedy"])
def test_other_mechanisms_have_lists_too(name):
    """Mechanisms without prices list free places, most points first, and say nothing of losses."""
    fr, eu = tm.datasets.sample()
    matching = tm.match(
        fr.take(range(0, 200, 9)), eu.take(range(0, 300, 3)), mechanism=tm.mechanisms.named(name)
    )
    found = matching.standby(2)
    assert len(found)
    if name in ("stable", "greedy"):
        assert found.free.all()
        assert found.loss.isna().all()
        assert found.groupby("left_id").points.is_monotonic_decreasing.all()


def test_a_list_of_nothing_is_refused():
    """There are 1 to 100 on a list, and there must be a matching."""
    fr, eu = tm.datasets.sample()
    matching = tm.match(fr.take(range(5)), eu.take(range(5)))
    for k in (0, 101, True, 1.5):
        with pytest.raises(InputError, match="k: must be"):
            matching.standby(k)
    with pytest.raises(NoSolutionError):
        tm.match(fr, eu, deadline=0).standby()
