"""What is said under each mechanism is what that mechanism promises, and no more."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.explaining.cases import After
from twinmatch.explaining.html import document

p = tm.policies


def text(shown) -> str:
    """Return what is shown in one line, with plain spaces."""
    return " ".join(str(shown).split()).replace("\xa0", " ").replace("\u202f", " ")


def number(what: int) -> str:
    """Return a number as English writes it."""
    return f"{what:,}"


def french(what: int) -> str:
    """Return a number as French writes it, with plain spaces."""
    return f"{what:,}".replace(",", " ")


@pytest.fixture(scope="module")
def fairest() -> tm.Matching:
    """Return the sample under leximin."""
    return tm.match(*tm.datasets.sample(), mechanism=tm.mechanisms.leximin())


@pytest.fixture(scope="module")
def ranked() -> tm.Matching:
    """Return the sample with three first choices."""
    return tm.match(*tm.datasets.sample(), mechanism=tm.mechanisms.rank_maximal(ranks=3))


def row(matching: tm.Matching, i: int) -> np.ndarray:
    """Return the points of a left school with everybody, below zero where the rules forbid the pair."""
    graph = tm.compile(matching.left, matching.right, matching.policy)
    return np.asarray(graph.points(np.array([i])[:, None], np.arange(len(matching.right))[None, :]))[0]


def test_a_floor_is_promised_and_told(fairest):
    """Under leximin the notice states the floor in points, and claims to be best among those that keep it."""
    floor, points = fairest.mechanism.promise.floor, fairest.points
    english, other = text(fairest.notice()), text(fairest.notice("fr"))
    assert f"No higher floor than {number(floor)} points can be promised to as many schools" in english
    assert f"the best possible: {number(points)} points, and it is proven that none has more" in english
    assert "it is proven that no other has more" not in english
    assert "units" not in english
    assert f"Aucun plancher supérieur à {french(floor)} points" in other
    assert "unité" not in other
    assert "worst pair first" in english
    assert "le moins bien loti d’abord" in other  # noqa: RUF001 (a typographic apostrophe)


def test_a_pair_below_the_floor_says_so_and_has_no_loss(fairest):
    """A pair below the floor is short by the points that are missing; losses of others are in points."""
    floor = fairest.mechanism.promise.floor
    seen = 0
    for i in range(0, len(fairest.left), 8):
        school, points = str(fairest.left.ids[i]), row(fairest, i)
        low = np.flatnonzero((points >= 0) & (points < floor))
        for j in low[:3]:
            explanation = fairest.explain(school, wished=str(fairest.right.ids[j]), cost=True)
            option = explanation.wish.option
            (found,) = (one for one in option.obstacles if one.kind == "promise")
            assert found.number == floor - points[j]
            assert option.loss is None
            assert explanation.wish.cost.points is None
            assert explanation.wish.cost.breaks_floor
            said = text(explanation)
            short = number(int(floor - points[j]))
            assert f"below the promised floor of {number(floor)} points by {short} point" in said
            assert "would have to be worth" not in said
            assert "Forcing the pair would cost" not in said
            assert "would break the promise" in said
            assert "romprait la promesse" in text(explanation.in_("fr"))
            seen += 1
        high = [one for one in fairest.explain(school).next_best if one.points >= floor]
        assert all(one.loss is not None for one in high)
        assert all("promise" not in {had.kind for had in one.obstacles} for one in high)
    assert seen > 10


def test_a_cost_keeps_the_floor_or_is_not_stated(fairest):
    """Forcing a pair that keeps the floor has a cost in points, or says that another pair would break it."""
    i = 3
    school = str(fairest.left.ids[i])
    for option in fairest.explain(school, k=4).next_best:
        explanation = fairest.explain(school, wished=option.partner.id, cost=True)
        cost, said = explanation.wish.cost, text(explanation)
        assert cost.breaks_floor == (cost.points is None)
        if cost.points is None:
            assert "no cost is stated" in said
        else:
            assert cost.points >= (option.loss or 0)
            assert f"would cost {number(cost.points)} point" in said


def test_a_search_that_is_stopped_breaks_no_promise(fairest):
    """A pair below the floor may go before the search ends: until then the cost is not known."""
    school = str(fairest.left.ids[3])
    wished = next(
        option.partner.id
        for option in fairest.explain(school, k=4).next_best
        if fairest.explain(school, wished=option.partner.id, cost=True).wish.cost.is_exact
    )

    whole = After(100_000)
    fairest.explain(school, wished=wished, cost=True, cancel=whole)
    found = 0
    for times in range(max(0, whole.asked - 12), whole.asked):
        explanation = fairest.explain(school, wished=wished, cost=True, cancel=After(times))
        cost = explanation.wish.cost
        assert not cost.breaks_floor
        assert ("search was stopped" in text(explanation)) == (cost.points is None)
        found += cost.status == "FEASIBLE"
    assert found


def test_choices_beyond_those_that_count_are_told(ranked):
    """Under rank_maximal a partner of a later rank is kept away by its rank alone, counted again here."""
    places = ranked.constraints.right_most
    seen = 0
    for i in range(0, len(ranked.left), 9):
        points, school = row(ranked, i), str(ranked.left.ids[i])
        for option in ranked.explain(school).next_best:
            j = list(ranked.right.ids).index(option.partner.id)
            rank = 1 + sum(1 for k, one in enumerate(points) if places[k] and one > points[j] >= 0)
            kinds = [one.kind for one in option.obstacles]
            assert (kinds == ["rank"]) == (rank > 3)
            if rank > 3:
                assert option.obstacles[0].number == rank
                seen += 1
        explanation = ranked.explain(school)
        if any(one.obstacles[0].kind == "rank" for one in explanation.next_best):
            assert "only the first 3 count" in document(explanation.page())
            assert "seuls les 3 premiers comptent" in document(explanation.in_("fr").page())
            assert "others would lose more" not in text(explanation)
    assert seen > 50


def test_the_notice_states_what_the_mechanism_was_told(ranked):
    """Ranks, the digest of a transform, and caps that pass pairs over are parameters, and are stated."""
    left, right = ranked.left, ranked.right
    said = text(ranked.notice())
    assert "the first 3 of each school: whoever gets none of them has no partner" in said
    assert "the most points in all" in said
    assert "les 3 premiers de chaque établissement" in text(ranked.notice("fr"))
    first = tm.match(left, right, mechanism=tm.mechanisms.rank_maximal(ranks=1))
    assert "first choice of each school alone counts" in text(first.notice())
    assert "only the first one counts" in text(first.explain(str(left.ids[0])))
    rivals = first.explain(next(str(one) for one in right.ids if first.explain(str(one)).rivals))
    assert "those who would gain most first" in document(rivals.page())
    assert "price first" not in document(rivals.page())
    concave = tm.match(left, right, mechanism=tm.mechanisms.concave(np.sqrt))
    entries = concave.mechanism.entries.astype("<i4").tobytes()
    assert hashlib.sha256(entries).hexdigest() in text(concave.notice())
    cap = p.QuotaPer("cap", right=["country"], at_most=34)
    capped = replace(p.systematic_twinning(), quotas=(cap,))
    for policy, is_said in ((capped, True), (p.systematic_twinning(), False)):
        greedy = tm.match(left, right, policy, mechanism=tm.mechanisms.greedy())
        assert ("whose cap is full at its turn is passed over" in text(greedy.notice())) == is_said


def test_nothing_is_said_of_what_was_not_asked_for(fairest):
    """With k=0 no section denies that there are other partners, standby partners or rivals."""
    for lang in ("en", "fr"):
        for school in (str(fairest.left.ids[0]), str(fairest.right.ids[0])):
            whole = fairest.explain(school, lang=lang).page().sections
            short = fairest.explain(school, lang=lang, k=0).page().sections
            assert short == tuple(one for one in whole[: len(short)])
            assert len(short) == 1
    said = text(fairest.explain(str(fairest.left.ids[0]), k=0))
    assert "no other admissible partner" not in said
    assert "free place" not in said


def test_a_procedure_has_no_cost_and_no_empty_column(ranked):
    """Where a mechanism makes no sum, a cost that was asked for is refused in words; no column is empty."""
    school = str(ranked.left.ids[0])
    wished = ranked.explain(school, k=3).next_best[2].partner.id
    explanation = ranked.explain(school, wished=wished, cost=True)
    assert "No cost of forcing the pair can be worked out" in text(explanation)
    assert "ne peut être calculé" in text(explanation.in_("fr"))
    assert "No cost" not in text(ranked.explain(school, wished=wished))
    (table,) = (
        one
        for section in explanation.page().sections[-2:]
        for one in section.blocks
        if getattr(one, "head", None) and "what keeps it away" in one.head
    )
    assert all(any(line[at] for line in table.rows) for at in range(len(table.head)))


def test_ids_in_titles_keep_their_letters():
    """A title in capitals leaves the id of a school as it is: an id in capitals may be another school."""
    left = tm.Schools.from_frame({"id": ["fr-ab"], "country": ["FR"], "levels": ["1"]})
    right = tm.Schools.from_frame({"id": ["it-xy"], "country": ["IT"], "levels": ["1"]})
    matching = tm.match(left, right)
    assert "RESULT FOR fr-ab" in str(matching.notice(school="fr-ab"))
    assert "Jumelages proposés avec des établissements à jumeler : 1." in text(matching.notice("fr", "it-xy"))


def test_errors_are_headed_by_what_was_called(fairest):
    """A language that is not there is refused by the method that was asked."""
    with pytest.raises(tm.errors.InputError, match=r"^explain: 1 fault"):
        fairest.explain(str(fairest.left.ids[0]), lang="de")
    with pytest.raises(tm.errors.InputError, match=r"^notice: 1 fault"):
        fairest.notice("de")
