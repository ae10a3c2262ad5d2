"""What each rule of a policy costs, on the sample of the registers, against matching again."""

from __future__ import annotations

from dataclasses import replace

import pytest

import twinmatch as tm
from twinmatch import costing
from twinmatch.errors import InputError, NoSolutionError, ResourceLimitError

p = tm.policies
POLICY = p.systematic_twinning()


@pytest.fixture(scope="module")
def tables():
    return tm.datasets.sample()


def matched(tables, *quotas, rules=(), coverage="first") -> tm.Matching:
    policy = replace(POLICY, quotas=quotas, rules=(*POLICY.rules, *rules), coverage=coverage)
    return tm.match(*tables, policy)


def rows_of(matching: tm.Matching, **options) -> list[dict]:
    """Return the table row by row, with None for what is missing."""
    frame = matching.rule_prices(**options)
    whole = frame.astype(object).where(frame.notna(), None)
    return whole.to_dict("records")


def caps(most: int, changed: dict[str, int] | None = None) -> list[p.Quota]:
    most_in = dict.fromkeys(("DE", "ES", "IT", "NL", "RO", "SE"), most) | (changed or {})
    return [p.Quota(f"cap {one}", right={"country": one}, at_most=most) for one, most in most_in.items()]


@pytest.mark.parametrize("few_pairs", [costing.FEW_PAIRS, 0], ids=["stored", "searched"])
def test_caps_of_countries_against_matching_again(tables, few_pairs, monkeypatch):
    """The first unit, the last unit of a range and the one beyond it are those of new matchings."""
    monkeypatch.setattr(costing, "FEW_PAIRS", few_pairs)
    matching = matched(tables, *caps(35))
    rows = rows_of(matching)
    assert len(rows) == (matching.quotas["count"] == 35).sum() >= 4
    for row in rows:
        country = row["rule"][-2:]

        def points(at: int, country=country) -> int:
            return matched(tables, *caps(35, {country: at})).objective

        assert (row["kind"], row["value"]) == ("at most", 35)
        assert points(36) - matching.objective == row["loosen"] <= row["tighten"]
        assert matching.objective - points(34) == row["tighten"]
        for end, step, slope in ((row["loosen_to"], 1, "loosen"), (row["tighten_to"], -1, "tighten")):
            whole = points(int(end)) - matching.objective
            assert whole == step * abs(end - 35) * row[slope]
            assert points(int(end) + step) - points(int(end)) != step * row[slope]


def test_coverage_is_never_mixed_into_points(tables):
    """Where one pair more is one school more that has a partner, there is a note and no price."""
    first = rows_of(matched(tables, *caps(25)))
    assert len(first) == 6
    for row in first:
        assert (row["loosen"], row["loosen_note"]) == (None, "more would be covered")
        assert (row["tighten"], row["tighten_note"]) == (None, "fewer would be covered")
    points = rows_of(matched(tables, *caps(25), coverage="points"))
    assert all(row["loosen"] > 0 and row["tighten"] >= row["loosen"] for row in points)


def test_floors_and_locks(tables):
    """A floor that is reached and a locked pair, by their names."""
    left, right = tables
    eighth = int(tm.compile(left, right, POLICY).best(3, 8)[0][-1])
    one = left.ids[3], right.ids[eighth]
    stays = p.LockedPairs("renewed", pairs=[one])
    far = p.Quota("to Romania", right={"country": "RO"}, at_least=45)
    matching = matched(tables, stays, far, *caps(60))
    floor, *_, lock = rows_of(matching)
    assert (floor["rule"], floor["kind"], floor["value"]) == ("to Romania", "at least", 45)
    lower = matched(tables, stays, replace(far, at_least=44), *caps(60))
    higher = matched(tables, stays, replace(far, at_least=46), *caps(60))
    assert floor["loosen"] == lower.objective - matching.objective > 0
    assert floor["tighten"] == matching.objective - higher.objective
    assert lock["rule"] == f"renewed: {one[0]} with {one[1]}"
    assert (lock["kind"], lock["value"], lock["loosen_to"]) == ("locked", 1, 0)
    assert lock["loosen"] == matched(tables, far, *caps(60)).objective - matching.objective > 0
    assert rows_of(matching, rules=["renewed"]) == [lock]


def test_forbidden_sets_against_matching_again(tables):
    """The first pair of a forbidden set gains what the best of its pairs does."""
    free = tm.match(*tables, POLICY)
    best = [(a, b) for a, b in zip(free.pairs["left_id"][:4], free.pairs["right_id"][:4], strict=True)]
    pairs = p.ForbiddenPairs(pairs=best)
    schools = p.ForbiddenSchools(right=[best[2][1]])
    matching = matched(tables, rules=[pairs, schools])
    assert matching.proof is None  # also without any quota
    rows = {row["rule"]: row for row in rows_of(matching)}
    assert set(rows) == {pairs.name, schools.name}
    alone = [
        matched(tables, rules=[p.ForbiddenPairs(pairs=[two for two in best if two != one]), schools])
        for one in best
    ]
    assert rows[pairs.name]["loosen"] == max(one.objective for one in alone) - matching.objective > 0
    # The school has one place, so its first pair is what it brings when it is no longer forbidden.
    without = matched(tables, rules=[pairs])
    assert rows[schools.name]["loosen"] == without.objective - matching.objective > 0
    for row in rows.values():
        assert (row["kind"], row["value"], row["loosen_to"]) == ("forbidden", 0, 1)
        assert (row["tighten"], row["tighten_note"]) == (None, "there is no further unit")


def test_what_another_rule_forbids_too_gains_nothing(tables):
    """A pair that two rules forbid is not opened by one of them."""
    free = tm.match(*tables, POLICY)
    pair = (free.pairs["left_id"][0], free.pairs["right_id"][0])
    twice = [p.ForbiddenPairs(pairs=[pair]), p.ForbiddenPairs(pairs=[pair], name="again")]
    for row in rows_of(matched(tables, rules=twice)):
        assert (row["loosen"], row["loosen_to"], row["loosen_note"]) == (0, None, "")


def test_a_matching_from_disk_has_the_same_prices(tables, tmp_path):
    """What is saved is enough to price rules."""
    matching = matched(tables, *caps(40))
    matching.save(tmp_path / "twins")
    loaded = tm.load_matching(tmp_path / "twins")
    assert loaded.rule_prices().equals(matching.rule_prices())


def test_the_table_is_of_the_kind_of_the_schools(tables):
    """Whole numbers stay whole where a frame can say that something is missing."""
    left, right = (tm.Schools.from_frame(side.table) for side in tables)
    table = matched((left, right), *caps(35)).rule_prices()
    assert table.column_names[:4] == ["rule", "kind", "value", "loosen"]
    assert {str(table.schema.field(name).type) for name in table.column_names} == {"string", "int64"}
    assert matched((left, right), *caps(200)).rule_prices().num_rows == 0


def test_what_is_refused(tables, monkeypatch):
    """No optimum, unknown names, and sets of pairs too many to be written down."""
    few = matched(tables, *caps(1, {"DE": 1}), p.Quota("many", right={"country": "DE"}, at_least=9))
    with pytest.raises(NoSolutionError, match="INFEASIBLE"):
        few.rule_prices()
    matching = matched(tables, *caps(35), rules=[p.ForbiddenSchools(left=["nobody"], name="shut")])
    with pytest.raises(InputError, match="'cap FR'"):
        matching.rule_prices(rules=["cap FR", "cap DE"])
    monkeypatch.setattr(costing, "FEW_PAIRS", 0)
    with pytest.raises(ResourceLimitError, match="rules="):
        matching.rule_prices()
    assert [row["rule"] for row in rows_of(matching, rules=["cap DE"])] == ["cap DE"]
