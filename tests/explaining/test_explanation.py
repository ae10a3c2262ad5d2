"""Explanations of left and right schools, recounted from the tables."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.explaining.cases import plain, rows, under_quotas
from tests.matching.worlds import BASE, clashing, world
from twinmatch.explaining.shares import shares_of
from twinmatch.graph.terms import FORBIDDEN

p = tm.policies


@pytest.fixture(scope="module")
def sample() -> tm.Matching:
    """Return the sample, matched."""
    return tm.match(*tm.datasets.sample())


def test_explanations_add_up_for_a_thousand_random_pairs(sample):
    """Criteria of any pair, largest first, add up to its points, each between 0 and its most."""
    rng = np.random.default_rng(5)
    graph = tm.compile(sample.left, sample.right, sample.policy)
    free = tm.compile(sample.left, sample.right, replace(sample.policy, rules=()))
    i, j = rng.integers(0, len(sample.left), 850), rng.integers(0, len(sample.right), 850)
    for a, b, points, either in zip(i, j, graph.points(i, j), free.points(i, j), strict=True):
        shares = shares_of(sample, int(a), int(b))
        total = sum(share.points for share in shares)
        assert total == either
        assert points in (FORBIDDEN, total)
        assert [share.points for share in shares] == sorted((s.points for s in shares), reverse=True)
        assert all(0 <= share.points <= share.most for share in shares)
    for seed in range(15):
        found, matching = plain(seed)
        for a, b in rng.integers(0, (len(found.left), len(found.right)), (10, 2)).tolist():
            total = sum(share.points for share in shares_of(matching, a, b))
            assert found.points[a, b] in (FORBIDDEN, total)


def test_the_pair_is_that_of_the_table(sample):
    """Points and criteria are those of ``matching.pairs``."""
    table = sample.pairs.set_index("left_id")
    for school in sample.left.ids[::7]:
        explanation = sample.explain(str(school), k=0)
        (pair,) = explanation.pairs
        row = table.loc[school]
        assert pair.partner.id == row["right_id"]
        assert pair.points == pair.counts == row["points"]
        assert {share.name: share.points for share in pair.shares} == {
            name: row[name] for name in table.columns if name not in ("right_id", "points")
        }
        assert explanation.next_best == explanation.standby == ()


def test_what_led_to_the_points_is_what_the_rows_say(sample):
    """Levels, sizes, sectors and kilometres are those of the two schools, and unknown ones are marked."""
    left, right = sample.left.table.to_pylist(), sample.right.table.to_pylist()
    here, there = rows(sample)
    for school in sample.left.ids[::5]:
        (pair,) = sample.explain(str(school), k=0).pairs
        ours, theirs = left[here[str(school)]], right[there[pair.partner.id]]
        facts = {share.name: (share.facts, share) for share in pair.shares}
        levels, _ = facts["levels"]
        assert ";".join(levels.left) == ours["levels"]
        assert ";".join(levels.right) == theirs["levels"]
        _, size = facts["size"]
        assert size.unknown == (not (size.facts.left and size.facts.right))
        if size.unknown:
            assert size.points == 75_000
        if size.facts.left:
            assert float(size.facts.left[0]) == ours["size"]
        sector, _ = facts["sector"]
        assert sector.left == (() if ours["sector"] is None else (ours["sector"].rstrip("?"),))
        km, distance = facts["distance"]
        if km.common:
            expected = 150_000 * min(1, max(0, (2_500 - int(km.common[0])) / 2_200))
            assert distance.points == pytest.approx(expected, abs=80)
        else:
            assert distance.unknown
            assert None in (ours["lat"], theirs["lat"])


def test_the_next_best_and_the_standby_list_are_exact(sample):
    """Both are the first of all admissible partners by points, then by id, recounted pair by pair."""
    graph = tm.compile(sample.left, sample.right, sample.policy)
    everybody = np.arange(len(sample.right))
    taken = set(sample.mate.tolist())
    for i in range(0, len(sample.left), 9):
        points = graph.points(np.full(len(everybody), i), everybody)
        order = sorted((-int(n), str(sample.right.ids[j]), j) for j, n in enumerate(points) if n != FORBIDDEN)
        order = [entry for entry in order if entry[2] != sample.mate[i]]
        explanation = sample.explain(str(sample.left.ids[i]), k=7)
        assert explanation.admissible == len(order) + (sample.mate[i] >= 0)
        found = [(-option.points, option.partner.id) for option in explanation.next_best]
        assert found == [entry[:2] for entry in order[:7]]
        free = [entry[:2] for entry in order if entry[2] not in taken]
        assert [(-option.points, option.partner.id) for option in explanation.standby] == free[:7]


def test_a_standby_partner_could_take_the_place_of_one_that_drops_out():
    """Putting a standby partner in for the first one keeps to places and to every cap."""
    seen = 0
    for _, _, matching, _ in (*under_quotas(8), *under_quotas(17), *under_quotas(40)):
        if matching.status is not tm.Status.OPTIMAL:
            continue
        limits = matching.constraints
        here, _ = rows(matching)
        pairs = np.stack(matching._taken(), axis=1)
        for school in matching.left.ids:
            explanation = matching.explain(str(school), k=20)
            i = here[str(school)]
            mine = np.flatnonzero(pairs[:, 0] == i)[:1]
            rest = np.delete(pairs, mine, axis=0)
            could = set()
            for j in range(len(matching.right)):
                after = np.vstack([rest, [[i, j]]])
                load = np.bincount(after[:, 1], minlength=len(matching.right))
                counts = limits.counts(*after.T)
                held = [
                    q
                    for q, n in zip(limits.quotas, counts, strict=True)
                    if q.at_most is not None and n > q.at_most
                ]
                free = (load <= limits.right_most).all() and not held
                worth = matching._compiled.terms.points(np.array(i), np.array(j)) != FORBIDDEN
                if free and worth and limits.left_most[i] and not (pairs == (i, j)).all(axis=1).any():
                    could.add(str(matching.right.ids[j]))
            assert {option.partner.id for option in explanation.standby} == could
            seen += len(could)
    assert seen > 30


def test_a_right_school_hears_who_has_it_and_who_would_rather():
    """Holders are its pairs; rivals are all who would gain, the nearest to its price first."""
    for seed in range(25):
        found, matching = plain(seed)
        own = {str(a): b for a, b in zip(matching.left.ids, matching.mate, strict=True)}
        for j, school in enumerate(matching.right.ids):
            explanation = matching.explain(str(school), k=20)
            assert explanation.side == "right"
            assert explanation.places == found.places[j]
            holders = {str(matching.left.ids[i]) for i in np.flatnonzero(matching.mate == j)}
            assert {pair.partner.id for pair in explanation.pairs} == holders
            wanted = {}
            for i, left in enumerate(matching.left.ids):
                mate, points = own[str(left)], found.points[i, j]
                gain = points - (found.points[i, mate] if mate >= 0 else 0)
                if points != FORBIDDEN and mate != j and gain > 0:
                    wanted[str(left)] = gain
            assert {rival.school.id: rival.gain for rival in explanation.rivals} == wanted
            assert explanation.num_rivals == len(wanted)
            if found.places[j]:
                for rival in explanation.rivals:
                    options = matching.explain(rival.school.id, k=20).next_best
                    (option,) = (one for one in options if one.partner.id == str(school))
                    assert (rival.short, rival.leaves_out) == (option.loss, option.leaves_out)


def test_a_wish_that_a_rule_forbids_names_the_rule(sample):
    """Every rule is asked about the pair alone, and those that forbid it are named."""
    here, there = rows(sample)
    rules = {rule.name: rule.compile(sample.left, sample.right) for rule in sample.policy.rules}
    school, forbidden = str(sample.left.ids[0]), 0
    for other in sample.right.ids[::10]:
        wish = sample.explain(school, wished=str(other), k=0).wish
        pair = np.array([here[school]]), np.array([there[str(other)]])
        expected = tuple(name for name, rule in rules.items() if not rule.allows(*pair)[0])
        assert wish.forbidden_by == expected
        assert (wish.option is None) == bool(expected) or wish.is_own
        forbidden += bool(expected)
        if expected:
            text = str(sample.explain(school, wished=str(other), k=0))
            assert all(name in text for name in expected)
    assert forbidden > 5


def test_a_wish_for_a_pair_that_is_forbidden_by_name():
    """A veto is a rule like any other."""
    found = world(2)
    i, j = (int(one) for one in np.argwhere(found.points != FORBIDDEN)[0])
    pair = str(found.left.ids[i]), str(found.right.ids[j])
    policy = replace(BASE, rules=(*BASE.rules, p.ForbiddenPairs([pair])))
    matching = tm.match(found.left, found.right, policy)
    assert matching.explain(pair[0], wished=pair[1]).wish.forbidden_by == ("forbidden pairs",)


def test_a_school_without_a_partner_hears_why():
    """The reason is that of the table of those who are left out, in both languages."""
    seen = 0
    for seed in range(30):
        _, matching = plain(seed)
        for school, reason in zip(*matching.unmatched.to_pydict().values(), strict=True):
            explanation = matching.explain(school)
            assert explanation.reason == reason
            assert explanation.pairs == ()
            assert reason[1:] in " ".join(str(explanation).split())
            assert "anglais" not in str(explanation.in_("fr")).split("\n")[1]
            seen += 1
    assert seen > 10


def test_what_stopped_early_says_what_is_not_known():
    """Without a proof of coverage no loss is stated; without a matching there is nothing to compare."""
    _, matching = plain(4)
    early = replace(matching, status=tm.Status.FEASIBLE, coverage_bound=matching.coverage + 1)
    explanation = early.explain("L00")
    assert {option.loss for option in explanation.next_best} == {None}
    assert "stopped before coverage was settled" in " ".join(str(explanation).split())
    left, right, policy = clashing()
    nothing = tm.match(left, right, policy)
    assert nothing.status is tm.Status.INFEASIBLE
    explanation = nothing.explain("a")
    assert {one.kind for option in explanation.next_best for one in option.obstacles} == {"nothing"}
    assert explanation.standby == ()
    assert explanation.reason.startswith("nobody has a partner")


def test_mechanisms_without_prices_are_told_without_losses():
    """A mechanism that sets no prices gets no numbers that it does not have."""

    class Other(type(tm.mechanisms.most_points())):
        name = "somebody's own"

    _, matching = plain(4)
    other = replace(matching, mechanism=Other())
    explanation = other.explain("L00", wished="R00", cost=True)
    assert {option.loss for option in explanation.next_best} == {None}
    assert {option.price for option in explanation.next_best} == {None}
    assert "sets no prices" in " ".join(str(explanation).split())
    assert explanation.wish.cost is None
    assert "ne fixe pas de prix" in " ".join(str(explanation.in_("fr")).split())


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_everything_is_ready_for_json(sample, lang):
    """Plain values only, in every kind of explanation."""
    school, other = str(sample.left.ids[0]), str(sample.right.ids[3])
    for explanation in (sample.explain(school, wished=other, lang=lang), sample.explain(other, lang=lang)):
        assert json.loads(json.dumps(explanation.to_dict()))["school"]["id"] == explanation.school.id
    for _, _, matching, _ in under_quotas(3):
        for school in (*matching.left.ids, *matching.right.ids):
            json.dumps(matching.explain(str(school), lang=lang).to_dict())
            assert str(matching.explain(str(school), lang=lang))


def test_explaining_changes_nothing(sample):
    """Explanations of one matching are equal, however often they are asked for."""
    school = str(sample.left.ids[5])
    assert sample.explain(school) == sample.explain(school)
    assert sample.explain(school).in_("fr") == sample.explain(school, lang="fr")
    assert sample.verify().ok


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("0070031X",), "there is no '0070031X' in either table. The nearest ids are '0070031W'"),
        (("0070031w",), "The nearest ids are '0070031W'"),
        ((7,), "must be the id of a school as text, not 7"),
        (("",), "No id comes near it"),
    ],
)
def test_a_school_that_is_not_there(sample, arguments, message):
    """The error names the nearest ids."""
    with pytest.raises(tm.errors.InputError) as caught:
        sample.explain(*arguments)
    assert message in str(caught.value)
    assert "\n" in str(caught.value)
    assert len(caught.value.faults) == 1


def test_options_that_cannot_be(sample):
    """Every wrong option is refused in words."""
    left, right = str(sample.left.ids[0]), str(sample.right.ids[0])
    wrong = [
        ({"wished": left}, f"{left!r} is a left school, and a right school is asked for"),
        ({"side": "right"}, f"{left!r} is a left school, and a right school is asked for"),
        ({"side": "up"}, "side: must be 'left' or 'right', not 'up'"),
        ({"cost": True}, "wished is missing"),
        ({"lang": "de"}, "must be 'en' or 'fr', not 'de'"),
        ({"k": -1}, "must be a whole number from 0 to 1,000"),
        ({"k": True}, "must be a whole number from 0 to 1,000"),
    ]
    for options, message in wrong:
        with pytest.raises(tm.errors.InputError) as caught:
            sample.explain(left, **options)
        assert message in str(caught.value)
    with pytest.raises(tm.errors.InputError, match="is a right school"):
        sample.explain(right, wished=right)
    with pytest.raises(tm.errors.InputError) as caught:
        sample.explain("nobody", wished=left, cost=True, lang="it", k=-1, deadline=-1, threads=0, cancel=1)
    where = [fault.where for fault in caught.value.faults]
    assert where == ["lang", "deadline", "threads", "cancel", "k", "school", "wished"]
    with pytest.raises(tm.errors.InputError) as caught:
        sample.explain("nobody", side="up", cost=True, deadline=-1)
    assert [fault.where for fault in caught.value.faults] == ["deadline", "side", "school", "cost"]
    with pytest.raises(tm.errors.InputError, match="wished is missing"):
        sample.explain(right, cost=True)
    with pytest.raises(tm.errors.InputError, match="must be 'en' or 'fr'"):
        sample.explain(left).in_("it")


def test_an_id_on_both_sides_is_the_left_one_unless_said():
    """With ``side`` the right school of the same id can be asked about."""
    rows_ = {"id": ["x"], "country": ["FR"], "levels": ["1"]}
    left = tm.Schools.from_frame(rows_)
    right = tm.Schools.from_frame({**rows_, "country": ["IT"]})
    matching = tm.match(left, right, BASE.__class__(rules=(p.CommonLevel(),), criteria=(p.LevelOverlap(10),)))
    assert matching.explain("x").side == "left"
    assert matching.explain("x", side="right").side == "right"
