"""Why a school has no partner under quotas, and why a matching cannot be, in words."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa

import twinmatch as tm
from tests.matching.worlds import (
    BASE,
    COUNTRIES,
    KEPT,
    KINDS,
    World,
    a_cap_per_country,
    a_floor,
    best_by_highs,
    cells,
    clashing,
    floors_in_floors,
    one_quota,
    p,
    partners,
    world,
)
from twinmatch.graph.terms import FORBIDDEN

# -- Reasons ------------------------------------------------------------------------------------------------


def reasons(matching) -> dict[str, str]:
    frame = matching.unmatched
    return dict(zip(frame["left_id"].to_pylist(), frame["reason"].to_pylist(), strict=True))


def counted_again(w: World, matching, i: int, reason: str) -> str:
    """See that a reason is true, by looking at every pair of the school; return its kind."""
    limits, taken = matching.constraints, matching.proof.taken
    load = np.bincount(taken[:, 1], minlength=len(w.right))
    open_ = (w.points[i] != FORBIDDEN) & (limits.right_most > 0)
    free = open_ & (load < limits.right_most)
    counts = limits.counts(*taken.T)
    full = [
        (quota.name, limits.members(quota))
        for quota, count in zip(limits.quotas, counts, strict=True)
        if quota.at_most is not None and count >= quota.at_most
    ]
    kept = np.array([any(here[i] and there[j] for _, (here, there) in full) for j in range(len(w.right))])
    said = re.search(r"([0-9]+) admissible partners", reason)
    if said:
        assert int(said[1]) == open_.sum()
    if reason.startswith("no admissible partner"):
        assert not open_.any()
        return "none"
    assert open_.any()
    if reason.startswith("kept out by"):
        assert limits.left_most[i] == 0
        return "bounds"
    if reason.startswith("left over by a cap"):
        assert int(re.search(r"([0-9]+) of", reason)[1]) == free.sum() == (free & kept).sum() > 0
        named = set(re.findall(r"'([^']+)'", reason))
        gone = [members for name, members in full if name not in named]
        if " more allow" not in reason:  # without what is named there is somebody
            assert any(not any(here[i] and there[j] for here, there in gone) for j in np.flatnonzero(free))
        return "cap"
    if reason.startswith("squeezed out"):
        assert not free.any()
        for name in re.findall(r"'([^']+)'", reason):
            q = [quota.name for quota in limits.quotas].index(name)
            assert matching.proof.cover.quota[q] > 0
            assert counts[q] == limits.quotas[q].at_most
        return "squeezed"
    assert reason.startswith("stays without")
    proof = matching.proof
    price, gain = matching.right_price.copy(), 0
    for quota, each in zip(limits.quotas, proof.quota_price.tolist(), strict=True):
        here, there = limits.members(quota)
        if quota.covered:
            gain -= each * here[i]
        elif here[i]:
            price = price + each * there
    if not proof.searched:
        net = w.points[i] * proof.price_scale + gain - price
        assert (net[open_] < proof.price_scale).all()
    return "points"


def test_reasons_are_true():
    """Counted again from the tables, for every kind of request; each kind of reason occurs."""
    seen = set()
    for kind in KINDS:
        for seed in range(12):
            for coverage in ("first", "points"):
                w = world(seed)
                quotas, _ = kind(w)
                if not quotas:
                    continue
                matching = tm.match(w.left, w.right, replace(BASE, quotas=quotas, coverage=coverage))
                row = {name: i for i, name in enumerate(matching.left.ids)}
                for name, reason in reasons(matching).items():
                    if matching.status == "INFEASIBLE":
                        assert reason.startswith(("nobody has a partner", "no admissible partner"))
                        continue
                    seen.add(counted_again(w, matching, row[name], reason))
    assert seen == {"none", "bounds", "cap", "squeezed", "points"}


def test_without_the_quotas_that_are_named_a_school_can_be_paired():
    """Another solver finds one more school with a partner, or more points, once these caps are gone."""
    told = 0
    for seed in range(20):
        w = world(seed, 8, 9)
        quotas, asked = a_cap_per_country(w)
        caps = {f"cap: country {c}": row for c, row in zip(COUNTRIES, asked["rows"], strict=True)}
        matching = tm.match(w.left, w.right, replace(BASE, quotas=quotas))
        for reason in reasons(matching).values():
            if reason.startswith("left over by a cap"):
                named = re.findall(r"'([^']+)'", reason)
                rows = [row for name, row in caps.items() if name not in named]
                assert best_by_highs(w, rows).coverage > matching.coverage
                told += 1
    assert told > 5


def test_phases_are_told():
    """Networks and searches tell how far they are, as auctions do, and their time is counted."""
    left, right, policy = clashing()
    told = []
    matching = tm.match(left, right, policy, on_progress=lambda now: told.append(now.phase))
    assert set(matching.seconds) == {"compile", "coverage", "network", "search"}
    w = world(KEPT)
    policy = replace(BASE, quotas=floors_in_floors(w)[0])
    assert (
        tm.match(w.left, w.right, policy, on_progress=lambda now: told.append(now.phase)).status == "OPTIMAL"
    )
    assert set(told) <= {"network", "search", "coverage"}


def test_a_run_that_was_stopped_says_so_to_those_who_could_have_a_partner():
    w = world(3)
    policy = replace(BASE, quotas=a_cap_per_country(w)[0])
    stopped = tm.match(w.left, w.right, policy, deadline=0)
    for reason in reasons(stopped).values():
        assert reason.startswith(("not reached", "no admissible partner"))


# -- Witnesses ----------------------------------------------------------------------------------------------


def test_a_witness_names_schools_as_people_do():
    """Everybody, one column, two columns, one school, a few values, or the first identifiers."""
    left = tm.Schools.from_frame(
        pa.table(
            {
                "id": [f"L{k}" for k in range(8)],
                "country": ["FR"] * 8,
                "academie": ["Lille"] * 4 + ["Nice"] * 3 + ["Lyon"],
                "levels": ["1", "1", "2", "3", "1", "2", "2", "1;2"],
            }
        )
    )
    right = tm.Schools.from_frame(
        pa.table(
            {"id": [f"R{k}" for k in range(4)], "country": ["IT", "DE", "IT", "ES"], "levels": ["1"] * 4}
        )
    )
    from twinmatch.reasons import schools_in_words

    names = schools_in_words(left, right)
    for rows, en, fr in [
        (range(8), "all 8 schools", "les 8 établissements"),
        (range(4), "the 4 schools of académie Lille", "les 4 établissements de l'académie Lille"),
        ([0, 1], "the 2 schools of académie Lille with level 1", None),
        ([2, 5, 6, 7], "the 4 schools with level 2", "les 4 établissements de niveau 2"),
        (
            [4, 5, 6, 7],
            "the 4 schools of académie Lyon or Nice",
            "les 4 établissements de l'académie Lyon ou Nice",
        ),
        ([3], "the school L3", "l'établissement L3"),
        ([0, 2, 5, 7], "4 schools (L0, L2, L5, ...)", "4 établissements (L0, L2, L5, ...)"),
        ([0, 5], "2 schools (L0, L5)", None),
    ]:
        assert names("left en", np.array(rows)) == en
        assert fr is None or names("left fr", np.array(rows)) == fr
    assert names("right en", np.array([0, 2])) == "the 2 partner schools of country IT"
    assert names("right fr", np.array([0, 2])) == "les 2 établissements partenaires du pays IT"


def test_a_matching_that_cannot_be_says_why_in_words():
    """Schools that must have a partner, and fewer places than they are."""
    left = tm.Schools.from_frame(
        pa.table(
            {
                "id": [f"L{k}" for k in range(5)],
                "country": ["FR"] * 5,
                "academie": ["Lille"] * 3 + ["Nice"] * 2,
                "levels": ["1", "1", "1", "1", "2"],
            }
        )
    )
    right = tm.Schools.from_frame(
        pa.table({"id": ["R0", "R1", "R2"], "country": ["IT", "IT", "DE"], "levels": ["1", "1", "2"]})
    )
    must = p.PartnersPerSchool("Lille must", side="left", least=1, conditions={"academie": "Lille"})
    matching = tm.match(left, right, replace(BASE, quotas=(must,), criteria=(p.LevelOverlap(10),)))
    assert matching.status == "INFEASIBLE"
    assert matching.witness.explain() == (
        "The 3 schools of académie Lille must have 3 partners between them, "
        "but the 2 partner schools of country IT have 2 places."
    )
    assert matching.witness.explain("fr") == (
        "Les 3 établissements de l'académie Lille doivent avoir 3 partenaires en tout, "
        "mais les 2 établissements partenaires du pays IT offrent 2 places."
    )


def test_a_witness_adds_up_over_all_pairs():
    """The pairs that a witness speaks of, found without a look at all, are those that a look at all finds."""
    from twinmatch.witness import pairs_that_count, witness_of

    told = 0
    for kind in (one_quota, floors_in_floors, partners, cells, a_floor):
        for seed in range(25):
            w = world(seed, 7, 5)
            matching = tm.match(w.left, w.right, replace(BASE, quotas=kind(w)[0]))
            prices = None if matching.proof.witness is None else matching.proof.witness
            if prices is None or matching.proof.clash is not None:
                continue
            told += 1
            limits = matching.constraints
            every = np.nonzero(w.points != FORBIDDEN)
            slow = witness_of(limits, every, prices, None)
            fast = witness_of(
                limits, pairs_that_count(matching._compiled.terms, limits, prices), prices, None
            )
            assert (slow.asked, slow.offered, slow.explain()) == (fast.asked, fast.offered, fast.explain())
            assert slow.asked > slow.offered
    assert told > 10
