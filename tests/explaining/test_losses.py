"""What is said to keep a partner away, against forcing the pair and solving again."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.explaining.cases import After, best_with, plain, rows, split, under_quotas
from tests.matching.worlds import BASE, world
from twinmatch.explaining import forcing
from twinmatch.graph.terms import FORBIDDEN

p = tm.policies


def test_losses_are_never_more_than_forcing_the_pair_costs():
    """On 130 random markets no matching with a pair is better than its loss allows."""
    seen = exact = sharp = 0
    for seed in range(130):
        found, matching = plain(seed, num_left=6 + seed % 5, num_right=4 + seed % 7)
        best = best_with(found.points, found.places, None)
        assert (matching.coverage, matching.objective) == best
        _, there = rows(matching)
        for i, school in list(enumerate(matching.left.ids))[::2]:
            for option in matching.explain(str(school), k=20).next_best:
                forced = best_with(found.points, found.places, (i, there[option.partner.id]))
                assert forced.coverage <= best.coverage - option.leaves_out
                if forced.coverage == best.coverage:
                    assert option.leaves_out == 0
                    assert forced.objective <= best.objective - option.loss
                    exact += forced.objective == best.objective - option.loss
                    sharp += 1
                seen += 1
    assert seen > 1_000
    assert exact > 0.65 * sharp  # most losses are what forcing the pair costs, to the point


def test_a_pair_that_costs_coverage_is_seen():
    """Where places of a level are short, pairs that leave somebody out are found, and never invented."""
    told = true = 0
    for seed in range(30):
        found, matching = split(seed)
        _, there = rows(matching)
        for i, school in enumerate(matching.left.ids):
            for option in matching.explain(str(school), k=20).next_best:
                forced = best_with(found.points, found.places, (i, there[option.partner.id]))
                fewer = matching.coverage - forced.coverage
                assert option.leaves_out <= fewer
                told += option.leaves_out > 0
                true += fewer > 0
    assert true >= told > max(50, 0.9 * true)


@pytest.mark.parametrize("seed", [3, 8])
def test_losses_hold_under_quotas(seed):
    """With quotas of every kind, locks and several partners, nothing beats what prices say."""
    seen = 0
    for _, _, matching, forced_with in under_quotas(seed):
        if matching.status is not tm.Status.OPTIMAL:
            continue
        here, there = rows(matching)
        for school in matching.left.ids[::2]:
            for option in matching.explain(str(school), k=4).next_best:
                forced = forced_with((here[str(school)], there[option.partner.id]))
                if forced is None:
                    continue
                assert forced.coverage <= matching.coverage - option.leaves_out
                if forced.coverage == matching.coverage:
                    assert forced.objective <= matching.objective - option.loss
                seen += 1
    assert seen > 50


def test_losses_hold_where_points_come_first():
    """Without coverage first, a loss bounds every matching with the pair."""
    policy = replace(BASE, coverage="points")
    for seed in range(25):
        found = world(seed)
        matching = tm.match(found.left, found.right, policy)
        here, there = rows(matching)
        for school in matching.left.ids:
            for option in matching.explain(str(school), k=5).next_best:
                forced = best_with(found.points, found.places, (here[str(school)], there[option.partner.id]))
                assert forced.objective <= matching.objective - option.loss


def test_losses_are_those_of_what_the_mechanism_counts():
    """Under Nash welfare losses are in its units, and no matching with the pair beats them."""
    for seed in range(20):
        found = world(seed)
        matching = tm.match(found.left, found.right, BASE, mechanism=tm.mechanisms.nash())
        curve = matching.mechanism.curve(int(found.points.max()))
        counts = np.where(found.points == FORBIDDEN, FORBIDDEN, curve[np.maximum(found.points, 0)])
        here, there = rows(matching)
        for school in matching.left.ids:
            for option in matching.explain(str(school), k=5).next_best:
                pair = here[str(school)], there[option.partner.id]
                assert option.counts == counts[pair] != option.points == found.points[pair]
                forced = best_with(counts, found.places, pair)
                if forced.coverage == matching.coverage:
                    assert forced.objective <= matching.objective - option.loss


def test_losses_under_a_floor_are_those_of_matchings_that_keep_it():
    """Under leximin losses and costs are in points, against every matching without a pair below the floor."""
    seen = stated = 0
    for seed in range(20):
        found = world(seed)
        matching = tm.match(found.left, found.right, BASE, mechanism=tm.mechanisms.leximin())
        floor = matching.mechanism.promise.floor
        kept = np.where(found.points < floor, FORBIDDEN, found.points)
        assert best_with(kept, found.places, None) == (matching.coverage, matching.points)
        here, there = rows(matching)
        for school in list(matching.left.ids)[:4]:
            for option in matching.explain(str(school), k=5).next_best:
                pair = here[str(school)], there[option.partner.id]
                assert (option.loss is None) == (found.points[pair] < floor)
                wish = matching.explain(str(school), wished=option.partner.id, cost=True).wish
                forced = best_with(kept, found.places, pair)
                if option.loss is None:
                    assert wish.cost.breaks_floor
                elif forced.coverage == matching.coverage:
                    assert forced.objective <= matching.points - option.loss
                    seen += 1
                if wish.cost.points is not None:
                    assert matching.points - wish.cost.points == forced.objective
                    assert matching.coverage - wish.cost.schools == forced.coverage
                    stated += 1
    assert seen > 30
    assert stated > 30


def test_a_gap_comes_off_every_loss():
    """Where a matching is not proven best, a loss is what is sure all the same."""
    for seed in range(10):
        _, matching = plain(seed)
        worse = replace(matching, bound=matching.bound + 500, status=tm.Status.FEASIBLE)
        for school in matching.left.ids:
            pairs = zip(
                matching.explain(str(school)).next_best, worse.explain(str(school)).next_best, strict=True
            )
            for sure, less in pairs:
                assert less.loss <= max(0, sure.loss - 500)


def test_what_forcing_costs_is_what_solving_again_says():
    """With ``cost`` the points and schools that a wish costs are exact."""
    for seed in range(12):
        found, matching = plain(seed)
        best = best_with(found.points, found.places, None)
        here, there = rows(matching)
        school = str(matching.left.ids[seed % len(here)])
        for option in matching.explain(school, k=4).next_best:
            wish = matching.explain(school, wished=option.partner.id, cost=True).wish
            forced = best_with(found.points, found.places, (here[school], there[option.partner.id]))
            assert wish.cost.is_exact
            assert wish.cost.points == best.objective - forced.objective
            assert wish.cost.schools == best.coverage - forced.coverage
            assert wish.option == option


def test_what_forcing_costs_is_not_made_up_where_the_search_is_stopped():
    """At whatever moment: no numbers, or none that is below the true cost, and the text says which."""
    unknown = inexact = 0
    for seed in range(4):
        found, matching = plain(seed, num_left=30, num_right=20)
        best = best_with(found.points, found.places, None)
        here, there = rows(matching)
        school = str(matching.left.ids[seed])
        (option,) = matching.explain(school, k=1).next_best
        forced = best_with(found.points, found.places, (here[school], there[option.partner.id]))
        never = After(100_000)
        assert matching.explain(school, wished=option.partner.id, cost=True, cancel=never).wish.cost.is_exact
        for times in range(never.asked):
            told = matching.explain(school, wished=option.partner.id, cost=True, cancel=After(times))
            cost = told.wish.cost
            if cost.points is None:
                assert (cost.status, cost.is_exact) == ("NO_SOLUTION", False) or cost.status == "FEASIBLE"
                assert "is not known: the search was stopped" in " ".join(str(told).split())
                unknown += 1
            else:
                assert not cost.is_exact
                assert cost.points >= best.objective - forced.objective
                assert cost.schools >= best.coverage - forced.coverage
                inexact += 1
    assert unknown >= 4
    assert inexact >= 4
    told = matching.explain(school, wished=option.partner.id, cost=True, deadline=0, lang="fr")
    assert told.wish.cost == ("NO_SOLUTION", None, None, False, False)
    assert "pas connu" in " ".join(str(told).split())


@pytest.mark.parametrize(("lost", "is_known"), [(0, True), (1, False)])
def test_what_is_found_before_a_stop_counts_where_it_covers_as_many(monkeypatch, lost, is_known):
    """A search that was stopped short of the coverage says nothing: later it may cover more, for less."""
    _, matching = plain(2)
    whole = forcing.solve_implicit

    def stopped(*asked):
        answer = whole(*asked)
        return answer._replace(
            status=tm.Status.FEASIBLE,
            limit=tm.Limit.DEADLINE,
            objective=answer.objective - 7,
            pairs=answer.pairs[lost:],
        )

    monkeypatch.setattr(forcing, "solve_implicit", stopped)
    school = str(matching.left.ids[0])
    (option,) = matching.explain(school, k=1).next_best
    told = matching.explain(school, wished=option.partner.id, cost=True)
    assert told.wish.cost.status == "FEASIBLE"
    assert not told.wish.cost.is_exact
    assert (told.wish.cost.points is not None) == is_known
    assert ("no more than that" in str(told)) == is_known
    assert ("the search was stopped" in str(told)) == (not is_known)


def test_what_forcing_costs_is_worked_out_as_the_caller_wants_it(monkeypatch):
    """By so many threads, until then, and whoever wants to hear of it does."""
    _, matching = plain(1)
    asked = {"deadline": 60.0, "threads": 3, "on_progress": print, "cancel": After(100_000)}
    seen, solve = [], forcing.solve_implicit
    monkeypatch.setattr(forcing, "solve_implicit", lambda *given: seen.append(given[-1]) or solve(*given))
    school = str(matching.left.ids[0])
    (option,) = matching.explain(school, k=1).next_best
    before = time.monotonic()
    assert matching.explain(school, wished=option.partner.id, cost=True, **asked).wish.cost.is_exact
    (control,) = seen
    assert {name: getattr(control, name) for name in asked} == asked
    assert before <= control.started <= time.monotonic()
    matching.explain(school, **asked)
    assert len(seen) == 1  # where no cost is asked for there is nothing to stop


def test_what_forcing_costs_after_a_gap_is_the_most_that_it_may():
    """Not the best matching, and a bound above the best: the cost is never below the true one."""
    for seed in range(6):
        found, matching = plain(seed)
        worse = replace(
            matching,
            objective=matching.objective - 300,
            bound=matching.bound + 200,
            status=tm.Status.FEASIBLE,
        )
        here, there = rows(matching)
        school = str(matching.left.ids[seed % len(here)])
        best = best_with(found.points, found.places, None)
        for option in matching.explain(school, k=2).next_best:
            explanation = worse.explain(school, wished=option.partner.id, cost=True)
            cost = explanation.wish.cost
            forced = best_with(found.points, found.places, (here[school], there[option.partner.id]))
            assert not cost.is_exact
            assert cost.points == best.objective - forced.objective + 200
            assert "no more than that" in str(explanation)


def test_a_wish_that_lacks_points_would_come_true_with_them_and_not_before():
    """One point less than a wish needs changes nothing: the pair is in no best matching."""
    checked = 0
    for seed in range(40):
        found, matching = plain(seed)
        here, there = rows(matching)
        school = str(matching.left.ids[0])
        for option in matching.explain(school, k=4).next_best:
            if not option.loss or option.leaves_out:
                continue
            points = found.points.copy()
            points[here[school], there[option.partner.id]] += option.loss - 1
            again = best_with(points, found.places, None)
            with_it = best_with(points, found.places, (here[school], there[option.partner.id]))
            assert (with_it.coverage, with_it.objective) < (again.coverage, again.objective)
            checked += 1
    assert checked > 30


def test_obstacles_are_what_they_say():
    """Full places are full, caps that are named are used up, and free places lack points only."""
    kinds = set()
    for seed in (3, 8, 21):
        for _, _, matching, _ in under_quotas(seed):
            if matching.status is not tm.Status.OPTIMAL:
                continue
            limits = matching.constraints
            names = [quota.name for quota in limits.quotas]
            i, j = matching._taken()
            counts = limits.counts(i, j)
            load = np.bincount(j, minlength=len(matching.right))
            here, there = rows(matching)
            for school in matching.left.ids:
                for option in matching.explain(str(school)).next_best:
                    row, column = here[str(school)], there[option.partner.id]
                    found = {one.kind: one.names for one in option.obstacles}
                    kinds |= set(found)
                    if "full" in found:
                        assert load[column] == limits.right_most[column] == option.places == option.taken
                    for name in found.get("quota", ()):
                        quota = limits.quotas[names.index(name)]
                        left, right = limits.members(quota)
                        assert counts[names.index(name)] == quota.at_most
                        assert left[row]
                        assert right[column]
                        own = j[i == row]
                        if len(own) == 1 == limits.left_most[row]:
                            assert not right[own[0]]  # or another pair of the school would fit
                    if set(found) == {"worth_less"}:
                        assert option.gain <= 0
                        assert load[column] < limits.right_most[column]
                    if "locked" in found:
                        assert row in limits.locked[:, 0]
                    assert found
    assert {"full", "quota", "worth_less", "locked", "coverage", "closed"} <= kinds


def test_without_quotas_a_better_partner_is_full():
    """In a best matching nothing but a full place keeps a school from more points."""
    for seed in range(25):
        _, matching = plain(seed)
        for school in matching.left.ids:
            for option in matching.explain(str(school), k=20).next_best:
                if option.gain > 0:
                    assert "full" in {one.kind for one in option.obstacles}
                    assert option.holders
                assert "others" not in {one.kind for one in option.obstacles}
