"""Quotas, floors, locks and bounds, from a policy to a proven matching."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

import twinmatch as tm
from twinmatch.certify import seal
from twinmatch.certify.sealing import digest
from twinmatch.errors import FormatError, InputError
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.matching import _SEALED
from twinmatch.solvers import grown

p = tm.policies

BASE = tm.Policy(
    rules=(p.PartnerInEU(), p.CommonLevel()),
    criteria=(p.LevelOverlap(100), p.SizeSimilarity(1_000, zero_at=3.0)),
)
ACADEMIES, COUNTRIES, PRIORITY = ("Lille", "Nice", "Lyon"), ("IT", "DE", "ES"), ("REP", "REP+")


class Row(NamedTuple):
    """What must hold, for the oracle: bounds on pairs, or on left schools with a partner."""

    left: np.ndarray
    right: np.ndarray
    least: int = 0
    most: int | None = None
    covered: bool = False


class World(NamedTuple):
    """Two small tables, sorted by id, and the points of all pairs."""

    left: tm.Schools
    right: tm.Schools
    places: np.ndarray
    points: np.ndarray

    def here(self, column: str, *values: str) -> np.ndarray:
        return np.isin(self.left.table[column].to_pylist(), values)

    def there(self, column: str, *values: str) -> np.ndarray:
        return np.isin(self.right.table[column].to_pylist(), values)

    @property
    def everybody(self) -> np.ndarray:
        return np.ones(len(self.left), bool)

    @property
    def everywhere(self) -> np.ndarray:
        return np.ones(len(self.right), bool)


def world(seed: int, num_left: int = 9, num_right: int = 11) -> World:
    """Return random schools with something unknown here and there."""
    rng = np.random.default_rng(seed)

    def some(values, size, unknown=0.0):
        return [None if rng.random() < unknown else str(rng.choice(values)) for _ in range(size)]

    left = tm.Schools.from_frame(
        pa.table(
            {
                "id": [f"L{k:02}" for k in range(num_left)],
                "country": ["FR"] * num_left,
                "academie": some(ACADEMIES, num_left),
                "ep": some(PRIORITY, num_left, 0.5),
                "levels": some(["1", "2", "1;2"], num_left),
                "size": rng.integers(20, 400, num_left).astype(float),
            }
        )
    )
    right = tm.Schools.from_frame(
        pa.table(
            {
                "id": [f"R{k:02}" for k in range(num_right)],
                "country": some(COUNTRIES, num_right),
                "levels": some(["1", "2", "1;2", "3"], num_right),
                "size": rng.integers(20, 400, num_right).astype(float),
                "capacity": pa.array(rng.integers(0, 3, num_right)),
            }
        )
    )
    graph = tm.compile(left, right, BASE)
    points = graph.points(np.arange(num_left)[:, None], np.arange(num_right)[None, :])
    return World(left, right, np.array(right.table["capacity"].to_pylist()), points)


class Best(NamedTuple):
    coverage: int
    objective: int


def best_by_highs(
    world: World,
    rows: list[Row],
    *,
    left_bounds=None,
    right_bounds=None,
    locked=(),
    first: bool = True,
    without: int | None = None,
) -> Best | None:
    """Solve the same question as a mixed-integer program; None where nothing exists."""
    i, j = np.nonzero(world.points != FORBIDDEN)
    n, m, k = len(world.left), len(world.right), len(i)
    low, high = left_bounds if left_bounds else (np.zeros(n), np.ones(n))
    least, places = right_bounds if right_bounds else (np.zeros(m), world.places)
    at = np.arange(k)
    matrix = [csr_array((np.ones(k), (i, at)), (n, k + n)), csr_array((np.ones(k), (j, at)), (m, k + n))]
    below, above = [low, least], [high, places]
    # y_i <= sum of x_ij, and y_i <= 1
    matrix.append(
        csr_array((np.r_[np.ones(k), -np.ones(n)], (np.r_[i, :n], np.r_[at, k : k + n])), (n, k + n))
    )
    below.append(np.zeros(n))
    above.append(np.full(n, np.inf))
    for row in rows:
        line = np.zeros(k + n)
        if row.covered:
            line[k:] = row.left
        else:
            line[:k] = row.left[i] & row.right[j]
        matrix.append(csr_array(line[None, :]))
        below.append(np.array([row.least]))
        above.append(np.array([np.inf if row.most is None else row.most]))
    lower, upper = np.zeros(k + n), np.ones(k + n)
    for a, b in locked:
        lower[:k][(i == a) & (j == b)] = 1
    if without is not None:
        upper[:k][i == without] = 0

    def solve(cost, more=()):
        lines = vstack([*matrix, *(csr_array(line[None, :]) for line, _ in more)]).tocsr()
        low = np.concatenate([*below, [least for _, least in more]])
        high = np.concatenate([*above, [np.inf] * len(more)])
        found = milp(
            cost,
            constraints=LinearConstraint(lines, low, high),
            integrality=np.ones(k + n),
            bounds=Bounds(lower, upper),
            options={"mip_rel_gap": 0},
        )
        assert found.status in (0, 2)
        return None if found.status == 2 else np.round(found.x).astype(np.int64)

    cover = np.r_[np.zeros(k), np.ones(n)]
    worth = np.r_[world.points[i, j], np.zeros(n)].astype(float)
    more = []
    if first:
        x = solve(-cover)
        if x is None:
            return None
        more = [(cover, int(cover @ x))]
    x = solve(-worth, more)
    if x is None:
        return None
    used = x[:k] == 1
    return Best(len(np.unique(i[used])), int(world.points[i[used], j[used]].sum()))


# -- Every kind of request ----------------------------------------------------------------------------------


def one_quota(w: World):
    rep, spain = w.here("ep", *PRIORITY), w.there("country", "ES")
    quota = p.Quota("rep to ES", left={"ep": PRIORITY}, right={"country": "ES"}, at_least=1, at_most=2)
    return (quota,), {"rows": [Row(rep, spain, 1, 2)]}


def a_cap_per_country(w: World):
    most = floor(Fraction("0.3") * len(w.left))
    rows = [Row(w.everybody, w.there("country", c), 0, most) for c in COUNTRIES]
    return (p.QuotaPer("cap", right=["country"], at_most_share=0.3),), {"rows": rows}


def cells(w: World):
    quota = p.QuotaPer("cell", left=["academie"], right=["country"], at_most=1)
    rows = [Row(w.here("academie", a), w.there("country", c), 0, 1) for a in ACADEMIES for c in COUNTRIES]
    return (quota, *a_cap_per_country(w)[0]), {"rows": rows + a_cap_per_country(w)[1]["rows"]}


def a_floor(w: World):
    rep = w.here("ep", *PRIORITY)
    floor_ = p.CoverageFloor("rep", left={"ep": PRIORITY}, at_least_share=0.8)
    return (floor_,), {"rows": [Row(rep, w.everywhere, ceil(Fraction("0.8") * int(rep.sum())), None, True)]}


def floors_in_floors(w: World):
    """Ask for a floor for priority education inside one of its académie, and for caps abroad."""
    quotas = [
        p.CoverageFloor("académie", per=["academie"], at_least_share=0.5),
        p.CoverageFloor("rep in it", left={"ep": PRIORITY}, per=["academie"], at_least_share=1),
        p.QuotaPer("cap", right=["country"], at_most=3),
    ]
    rows = [Row(w.everybody, w.there("country", c), 0, 3) for c in COUNTRIES]
    for academie in ACADEMIES:
        there = w.here("academie", academie)
        rep = there & w.here("ep", *PRIORITY)
        rows.append(Row(there, w.everywhere, ceil(int(there.sum()) / 2), None, True))
        rows.append(Row(rep, w.everywhere, int(rep.sum()), None, True))
    return tuple(quotas), {"rows": rows}


def nobody_behind(w: World):
    """Ask for a floor within so much of the coverage that is reached without it."""
    cap = p.QuotaPer("cap", right=["country"], at_most=2)
    rows = [Row(w.everybody, w.there("country", c), 0, 2) for c in COUNTRIES]
    without = best_by_highs(w, rows)
    share = Fraction(without.coverage, len(w.left)) - Fraction("0.15")
    for academie in ACADEMIES:
        there = w.here("academie", academie)
        rows.append(Row(there, w.everywhere, max(0, ceil(share * int(there.sum()))), None, True))
    return (cap, p.CoverageFloor("behind", per=["academie"], within=0.15)), {"rows": rows}


def partners(w: World):
    """Two partners for some, none for others; one at least for a school abroad."""
    lille, nice = w.here("academie", "Lille"), w.here("academie", "Nice")
    low, high = np.zeros(len(w.left)), np.ones(len(w.left))
    high[lille], high[nice & w.here("ep", "REP")] = 2, 0
    least, places = np.zeros(len(w.right)), w.places.copy()
    least[3], places[3] = 1, max(1, places[3])
    quotas = (
        p.PartnersPerSchool("two", side="left", most=2, conditions={"academie": "Lille"}),
        p.PartnersPerSchool("none", side="left", most=0, conditions={"academie": "Nice", "ep": "REP"}),
        p.PartnersPerSchool("R03", side="right", least=1, most=int(places[3]), schools=["R03"]),
    )
    return quotas, {"rows": [], "left_bounds": (low, high), "right_bounds": (least, places)}


def locks(w: World):
    """Two pairs that stay, though nobody would choose them, and a cap per country."""
    worth = np.where((w.points == FORBIDDEN) | (w.places == 0)[None, :], 2**30, w.points)
    chosen = []
    for i in (0, 5):
        taken = [b for _, b in chosen]
        j = int(np.argmin(np.where(np.isin(np.arange(len(w.right)), taken), 2**30, worth[i])))
        if worth[i, j] < 2**30:
            chosen.append((i, j))
    if not chosen:
        return (), {"rows": []}
    named = [(str(w.left.ids[a]), str(w.right.ids[b])) for a, b in chosen]
    rows = [Row(w.everybody, w.there("country", c), 0, 4) for c in COUNTRIES]
    quotas = (p.LockedPairs("twinned already", named), p.QuotaPer("cap", right=["country"], at_most=4))
    return quotas, {"rows": rows, "locked": chosen}


#: With these tables floors in floors can be kept.
KEPT = 0

KINDS = [one_quota, a_cap_per_country, cells, a_floor, floors_in_floors, nobody_behind, partners, locks]


@pytest.mark.parametrize("coverage", ["first", "points"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_request_is_kept_to_as_well_as_can_be(kind, coverage):
    """In Python and in TOML, the same; as many points as another solver finds, and proven."""
    statuses = set()
    for seed in range(12):
        w = world(seed)
        quotas, asked = kind(w)
        policy = replace(BASE, quotas=quotas, coverage=coverage)
        assert tm.Policy.from_toml(policy.to_toml()) == policy
        best = best_by_highs(w, **asked, first=coverage == "first")
        matching = tm.match(w.left, w.right, tm.Policy.from_toml(policy.to_toml()))
        certificate = matching.verify()
        assert certificate.ok, certificate
        statuses.add(str(matching.status))
        if best is None:
            assert matching.status == "INFEASIBLE"
            assert matching.witness is not None
            assert matching.witness.explain()
            continue
        assert matching.status == "OPTIMAL"
        assert matching.objective == best.objective
        if coverage == "first":
            assert matching.coverage == best.coverage
        for a, b in asked.get("locked", ()):
            assert [a, b] in matching.proof.taken.tolist()
        counts = matching.pairs.to_pylist()
        assert sum(pair["points"] for pair in counts) == matching.objective
        assert len(matching.unmatched) == len(w.left) - matching.coverage
    assert "OPTIMAL" in statuses


def test_the_sample_keeps_to_its_quotas():
    """On real schools: what each quota counted is what the pairs say, and its price has the right sign."""
    left, right = tm.datasets.sample()
    quotas = (
        p.QuotaPer("cap", right=["country"], at_most_share=0.1),
        p.CoverageFloor("priority", left={"ep": PRIORITY}, at_least_share=0.9),
        p.Quota("some to Spain", left={"sector": ["public"]}, right={"country": "ES"}, at_least=19),
    )
    policy = replace(tm.policies.systematic_twinning(), quotas=quotas)
    matching = tm.match(left, right, policy)
    assert (matching.status, matching.coverage) == ("OPTIMAL", 120)
    assert matching.verify().ok
    country = dict(zip(right.ids, right.strings("country"), strict=True))
    abroad = matching.pairs["right_id"].map(country).value_counts()
    found = matching.quotas.set_index("quota")
    for name, count in abroad.items():
        assert found.loc[f"cap: country {name}", "count"] == count <= 20
    assert (found["count"] >= found["at_least"]).all()
    assert (found["count"] <= found["at_most"]).all()
    assert (found.loc[found["price"] > 0, "count"] == found.loc[found["price"] > 0, "at_most"]).all()
    assert (found.loc[found["price"] < 0, "count"] == found.loc[found["price"] < 0, "at_least"]).all()


# -- Balance between countries ------------------------------------------------------------------------------


def test_balance_never_costs_coverage():
    """Whatever tables: as many schools have a partner as without it."""
    for seed in range(12):
        w = world(100 + seed)
        plain, balanced = tm.match(w.left, w.right, BASE), replace(BASE, quotas=(p.CountryBalance(),))
        matching = tm.match(w.left, w.right, balanced)
        assert (matching.status, matching.coverage) == ("OPTIMAL", plain.coverage)
        assert matching.objective <= plain.objective
        assert matching.verify().ok


def test_balance_between_one_country_and_itself_is_nothing():
    """With places in one country only, there are no quotas, and the points are those without."""
    left, right = tm.datasets.sample()
    italy = right.take(np.flatnonzero(right.strings("country") == "IT"))
    plain = tm.match(left, italy, tm.policies.systematic_twinning())
    balanced = tm.match(left, italy, tm.policies.systematic_twinning(balance=True))
    assert len(balanced.quotas) == 0
    assert (balanced.coverage, balanced.objective) == (plain.coverage, plain.objective)
    assert balanced.verify().ok


def test_without_balance_nothing_changes():
    """The policy of the benchmarks, byte for byte."""
    left, right = tm.datasets.sample()
    a, b = (
        tm.match(left, right, policy)
        for policy in (tm.policies.systematic_twinning(), tm.policies.systematic_twinning(balance=False))
    )
    assert a.policy.to_toml() == b.policy.to_toml()
    assert a.proof is None
    assert b.proof is None
    assert a.seal == b.seal
    assert a.pairs.equals(b.pairs)


# -- The same input, the same bytes -------------------------------------------------------------------------

NESTED = (
    p.CoverageFloor("académie", per=["academie"], at_least_share=0.3),
    p.CoverageFloor("rep", left={"ep": PRIORITY}, per=["academie"], at_least_share=0.5),
    p.QuotaPer("cap", right=["country"], at_most_share=0.12),
)
CROSSED = (
    p.QuotaPer("cell", left=["academie"], right=["country"], at_most=4),
    p.QuotaPer("cap", right=["country"], at_most_share=0.25),
)


def fingerprint(matching) -> str:
    """Return a digest of the pairs and of all prices."""
    return digest(
        "".join(matching.pairs["left_id"]) + "".join(matching.pairs["right_id"]),
        matching.right_price,
        *matching.proof.arrays(),
        matching.status,
        matching.bound,
    )


@pytest.mark.parametrize("quotas", [NESTED, CROSSED], ids=["nested", "crossed"])
def test_rows_and_threads_change_nothing(quotas):
    """Shuffled tables, one thread or two: the same pairs and the same prices."""
    left, right = tm.datasets.sample()
    policy = replace(tm.policies.systematic_twinning(), quotas=quotas)
    told = {fingerprint(tm.match(left, right, policy, threads=threads)) for threads in (1, 2)}
    rng = np.random.default_rng(5)
    shuffled = left.take(rng.permutation(len(left))), right.take(rng.permutation(len(right)))
    told.add(fingerprint(tm.match(*shuffled, policy)))
    assert len(told) == 1


def test_the_hash_seed_changes_nothing():
    """Sets of texts come in another order in every process; matchings do not."""
    code = (
        "from dataclasses import replace; import twinmatch as tm; from tests.matching.test_quotas import *;"
        "policy = replace(tm.policies.systematic_twinning(), quotas=NESTED);"
        "print(fingerprint(tm.match(*tm.datasets.sample(), policy)))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


# -- Stops --------------------------------------------------------------------------------------------------


class After:
    """Something that is set once it was asked so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def is_set(self) -> bool:
        self.times -= 1
        return self.times < 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("coverage", ["first", "points"])
def test_a_run_that_was_stopped_claims_nothing_that_it_does_not_know(kind, coverage, tmp_path):
    """Whenever it is stopped: what it says is true, and can be saved."""
    w = world(3)
    quotas, asked = kind(w)
    policy = replace(BASE, quotas=quotas, coverage=coverage)
    best = best_by_highs(w, **asked, first=coverage == "first")
    for stop in ({"deadline": 0}, *({"cancel": After(times)} for times in (0, 1, 3, 10))):
        matching = tm.match(w.left, w.right, policy, **stop)
        if "deadline" in stop:
            assert matching.status == "NO_SOLUTION"
        if matching.status == "NO_SOLUTION":
            assert matching.limit in ("DEADLINE", "CANCELLED")
        if matching.status == "INFEASIBLE":
            assert best is None
        elif any(isinstance(quota, p.CoverageFloor) and quota.within for quota in quotas):
            continue  # see the test below
        elif best is not None and coverage == "points":
            assert matching.bound >= best.objective
        if kind is locks and matching.status in ("NO_SOLUTION", "FEASIBLE"):
            continue  # see the test below
        assert matching.verify().ok
        assert all(matching.unmatched["reason"].to_pylist())
        matching.save(tmp_path)
        same(tm.load_matching(tmp_path), matching)


@pytest.mark.parametrize(
    "quota",
    [
        p.CountryBalance(),
        p.CoverageFloor("behind", per=["academie"], within=0.15),
        p.LockedPairs("twinned already", [("L00", "R00")]),
    ],
    ids=lambda quota: quota.kind,
)
def test_a_run_that_was_stopped_before_prices_were_found_is_proven(quota, tmp_path):
    """Nothing is said of wishes and locks, and the bound is that of the prices."""
    w = next(w for w in map(world, range(50)) if w.points[0, 0] != FORBIDDEN and w.places[0])
    matching = tm.match(w.left, w.right, replace(BASE, quotas=(quota,), coverage="points"), deadline=0)
    assert (matching.status, matching.limit) == ("NO_SOLUTION", "DEADLINE")
    assert matching.verify().ok
    matching.save(tmp_path)
    same(tm.load_matching(tmp_path), matching)


# -- Sabotage -----------------------------------------------------------------------------------------------


def sealed_again(matching):
    """Return a forgery whose seal fits: only the proof can tell."""
    numbers = {name: getattr(matching, name) for name in _SEALED}
    return replace(matching, seal=digest(seal(**numbers), *matching.proof.arrays()))


def sabotaged(matching, rng):
    """Change one thing."""
    proof, n = matching.proof, len(matching.proof.taken)

    def moved(array):
        out = array.copy()
        if out.size:
            out.flat[rng.integers(out.size)] += int(rng.choice([-300, -7, -1, 1, 7, 300]))
        return out

    def prices(one):
        return one._replace(
            **{(side := str(rng.choice(["left", "right", "quota"]))): moved(getattr(one, side))}
        )

    change = int(rng.integers(9))
    if change == 0 and n:
        taken = proof.taken.copy()
        taken[rng.integers(n), 1] = rng.integers(len(matching.right))
        proof = replace(proof, taken=taken)
    elif change == 1 and n:
        proof = replace(proof, taken=np.delete(proof.taken, rng.integers(n), axis=0))
    elif change == 2:
        proof = replace(proof, quota_price=moved(proof.quota_price))
    elif change == 3:
        proof = replace(proof, left_price=moved(proof.left_price))
    elif change == 4 and proof.cover is not None:
        proof = replace(proof, cover=prices(proof.cover))
    elif change == 5 and proof.witness is not None:
        proof = replace(proof, witness=prices(proof.witness))
    elif change == 6:
        return replace(matching, right_price=moved(matching.right_price))
    elif change == 7:
        name = str(rng.choice(["objective", "bound", "coverage", "coverage_bound"]))
        return replace(matching, **{name: getattr(matching, name) + int(rng.choice([-2, -1, 1, 2]))})
    else:
        return replace(
            matching, status=rng.choice([tm.Status.OPTIMAL, tm.Status.FEASIBLE, tm.Status.INFEASIBLE])
        )
    return replace(matching, proof=proof)


def test_a_sabotaged_proof_is_refused():
    """With the old seal always; with a new one unless what it proves is true all the same."""
    rng = np.random.default_rng(11)
    tried = refused = 0
    for kind in (cells, floors_in_floors, partners, locks):
        for seed in range(4):
            for coverage in ("first", "points"):
                w = world(seed)
                quotas, asked = kind(w)
                if not quotas:
                    continue
                policy = replace(BASE, quotas=quotas, coverage=coverage)
                honest = tm.match(w.left, w.right, policy)
                best = best_by_highs(w, **asked, first=coverage == "first")
                for _ in range(12):
                    liar = sabotaged(honest, rng)
                    if sealed_again(liar).seal == honest.seal:
                        continue  # nothing was changed
                    tried += 1
                    assert not liar.verify().ok
                    forged = sealed_again(liar)
                    if not forged.verify().ok:
                        refused += 1
                        continue
                    assert (forged.status == "INFEASIBLE") == (best is None)
                    if best is not None:
                        assert forged.objective <= best.objective <= forged.bound
                        assert forged.status != "OPTIMAL" or forged.objective == best.objective
    assert tried > 250
    assert refused > tried / 3


# -- Folders ------------------------------------------------------------------------------------------------


def same(one, other):
    """See that two matchings are the same in everything."""
    for name in (
        *("objective", "bound", "coverage", "coverage_bound", "coverage_price", "status", "limit", "seal"),
        *("fingerprints", "seed", "seconds", "policy", "left", "right"),
    ):
        assert getattr(one, name) == getattr(other, name), name
    for name in ("mate", "right_price", "witness_left", "right_capacity"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.proof is None) == (other.proof is None)
    if one.proof is not None:
        for a, b in ((one.proof.cover, other.proof.cover), (one.proof.witness, other.proof.witness)):
            assert (a is None) == (b is None)
        for a, b in zip(one.proof.arrays(), other.proof.arrays(), strict=True):
            np.testing.assert_array_equal(a, b)
            assert np.asarray(a).dtype == np.asarray(b).dtype
        assert one.proof.clash == other.proof.clash
        assert type(one.proof.price_scale) is type(other.proof.price_scale) is int
    assert one.pairs.equals(other.pairs)
    assert one.unmatched.equals(other.unmatched)
    assert one.quotas.equals(other.quotas)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_folder_gives_back_the_matching_and_its_proof(kind, tmp_path):
    """Whatever was asked and whatever came of it; and what was loaded is saved as the same bytes."""
    for seed in range(4):
        for coverage in ("first", "points"):
            w = world(seed)
            policy = replace(BASE, quotas=kind(w)[0], coverage=coverage)
            matching = tm.match(w.left, w.right, policy)
            matching.save(tmp_path / "a")
            loaded = tm.load_matching(tmp_path / "a")
            same(loaded, matching)
            assert loaded.verify().ok
            loaded.save(tmp_path / "b")
            for file in (tmp_path / "a").iterdir():
                if file.name != "certificate.json":
                    assert (tmp_path / "b" / file.name).read_bytes() == file.read_bytes(), file.name


def clashing():
    """Return two tables and a policy that nothing keeps to, though prices do not show it."""
    left = tm.Schools.from_frame(
        pa.table(
            {"id": list("abc"), "country": ["FR"] * 3, "levels": ["1"] * 3, "tags": ["x;y", "y;z", "x;z"]}
        )
    )
    right = tm.Schools.from_frame(
        pa.table({"id": ["R"], "country": ["IT"], "levels": ["1"], "capacity": [3]})
    )
    quotas = [p.Quota(f"one of {tag}", left={"tags": tag}, at_least=1, at_most=1) for tag in "xyz"]
    policy = tm.Policy(rules=(p.CommonLevel(),), criteria=(p.LevelOverlap(10),), quotas=tuple(quotas))
    return left, right, policy


def test_quotas_that_a_search_found_to_clash_are_saved(tmp_path):
    """No sum shows it: each school is in two of three groups, and each group has one pair."""
    matching = tm.match(*clashing())
    assert matching.status == "INFEASIBLE"
    assert matching.proof.clash == (0, 1, 2)
    assert matching.witness.kind == "search"
    assert matching.verify().ok
    matching.save(tmp_path)
    loaded = tm.load_matching(tmp_path)
    same(loaded, matching)
    assert loaded.verify().ok
    assert loaded.witness.explain() == matching.witness.explain()


def test_formats_are_told_apart(tmp_path):
    """Format 1 without quotas, 2 with them, and no other; a file of another matching does not stay behind."""
    w = world(1)
    tm.match(w.left, w.right, replace(BASE, quotas=a_cap_per_country(w)[0])).save(tmp_path)
    record = json.loads((tmp_path / "matching.json").read_text(encoding="utf-8"))
    assert record["format"] == 2
    for wrong in (3, 0, "2", True, None):
        (tmp_path / "matching.json").write_text(json.dumps({**record, "format": wrong}), encoding="utf-8")
        with pytest.raises(FormatError, match="reads 1 and 2"):
            tm.load_matching(tmp_path)
    tm.match(w.left, w.right, BASE).save(tmp_path)
    assert json.loads((tmp_path / "matching.json").read_text(encoding="utf-8"))["format"] == 1
    assert not (tmp_path / "quota_prices.parquet").exists()
    assert "proof" not in json.loads((tmp_path / "matching.json").read_text(encoding="utf-8"))


def changed(path, column, change):
    """Change the values of a column of a file."""
    table = pq.read_table(path)
    values = change(table[column].to_pylist())
    at = table.column_names.index(column)
    pq.write_table(table.set_column(at, column, pa.array(values, table[column].type)), path)


def up(values):
    return [values[0] + 1, *values[1:]]


def turned(values):
    return values[::-1]


TAMPERED = [
    ("left_prices", "price", up),
    ("left_prices", "cover", up),
    ("left_prices", "left_id", turned),
    ("left_prices", "left_id", lambda values: [values[1], *values[1:]]),
    ("left_prices", "left_id", lambda values: ["nobody", *values[1:]]),
    ("prices", "price", up),
    ("prices", "cover", up),
    ("prices", "places", up),
    ("quota_prices", "price", up),
    ("quota_prices", "cover", up),
    ("quota_prices", "quota", turned),
    ("quota_prices", "quota", lambda values: ["another quota", *values[1:]]),
    ("quota_prices", "quota", lambda values: [values[1], *values[1:]]),
    ("pairs", "right_id", turned),
    ("pairs", "left_id", lambda values: [values[1], *values[1:]]),
    ("pairs", "points", up),
    ("left", "ep", turned),
    ("left", "academie", turned),
    ("right", "country", turned),
]


@pytest.mark.parametrize("number", range(len(TAMPERED)))
def test_a_folder_that_was_tampered_with_is_refused(number, tmp_path):
    """In words when it is read, or by the check."""
    name, column, change = TAMPERED[number]
    w = world(KEPT)
    matching = tm.match(w.left, w.right, replace(BASE, quotas=floors_in_floors(w)[0]))
    assert matching.status == "OPTIMAL"
    matching.save(tmp_path)
    changed(tmp_path / f"{name}.parquet", column, change)
    try:
        certificate = tm.load_matching(tmp_path).verify()
    except InputError:
        return  # in words
    assert not certificate.ok


def test_rows_of_price_files_may_stand_in_any_order(tmp_path):
    """Prices stand under names: a file that is sorted another way says the same."""
    w = world(KEPT)
    matching = tm.match(w.left, w.right, replace(BASE, quotas=floors_in_floors(w)[0]))
    matching.save(tmp_path)
    for name in ("left_prices", "prices", "quota_prices", "pairs"):
        table = pq.read_table(tmp_path / f"{name}.parquet")
        rows = pa.array(range(len(table))[::-1], pa.int64())
        pq.write_table(table.take(rows), tmp_path / f"{name}.parquet")
    loaded = tm.load_matching(tmp_path)
    same(loaded, matching)
    assert loaded.verify().ok


@pytest.mark.parametrize(
    "change",
    [
        lambda proof: proof.update(price_scale="1"),
        lambda proof: proof.update(price_scale=0),
        lambda proof: proof.update(price_scale=None),
        lambda proof: proof.update(price_scale=10**30),
        lambda proof: proof.update(searched="no"),
        lambda proof: proof.update(searched=True),
        lambda proof: proof.update(cover=None),
        lambda proof: proof.update(cover=0),
        lambda proof: proof.update(cover=10**30),
        lambda proof: proof.update(witness=1),
        lambda proof: proof.pop("cover"),
        lambda proof: proof.clear(),
    ],
)
def test_a_record_of_the_proof_that_was_changed_is_refused(change, tmp_path):
    w = world(KEPT)
    tm.match(w.left, w.right, replace(BASE, quotas=floors_in_floors(w)[0])).save(tmp_path)
    record = json.loads((tmp_path / "matching.json").read_text(encoding="utf-8"))
    change(record["proof"])
    (tmp_path / "matching.json").write_text(json.dumps(record), encoding="utf-8")
    try:
        certificate = tm.load_matching(tmp_path).verify()
    except FormatError:
        return  # in words
    assert not certificate.ok


@pytest.mark.parametrize("name", ["left_prices", "quota_prices"])
def test_a_missing_or_short_file_of_prices_is_named(name, tmp_path):
    w = world(KEPT)
    tm.match(w.left, w.right, replace(BASE, quotas=floors_in_floors(w)[0])).save(tmp_path)
    table = pq.read_table(tmp_path / f"{name}.parquet")
    pq.write_table(table.slice(1), tmp_path / f"{name}.parquet")
    with pytest.raises(FormatError, match=name):
        tm.load_matching(tmp_path)
    (tmp_path / f"{name}.parquet").unlink()
    with pytest.raises(FormatError, match=rf"{name}\.parquet: is missing"):
        tm.load_matching(tmp_path)


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
    assert set(matching.seconds) == {"compile", "network", "search"}
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


# -- More pairs than are written down -----------------------------------------------------------------------


def test_a_graph_that_is_not_written_down_gives_the_same_answer(monkeypatch):
    """4,500,000 pairs, quotas nested on both sides: as many and as good pairs as with all written down."""
    left, right = tm.datasets.synthetic(1_500, 3_000, 1, "clustered", 0.9)
    quotas = (
        p.QuotaPer("académie", left=["academie"], at_most=50),
        p.CoverageFloor("level 3", left={"levels": "3"}, per=["academie"], at_least_share=0.4),
        p.QuotaPer("country", right=["country"], at_most_share=0.05),
        p.QuotaPer("public", right=["country"], where_right={"sector": "public"}, at_most_share=0.035),
    )
    policy = replace(tm.policies.systematic_twinning(), quotas=quotas)
    implicit = tm.match(left, right, policy)
    assert implicit.status == "OPTIMAL"
    assert implicit.verify().ok
    assert (implicit.quotas["price"] != 0).any()
    monkeypatch.setattr(grown, "FEW_PAIRS", 10**9)
    explicit = tm.match(left, right, policy)
    assert explicit.status == "OPTIMAL"
    assert (implicit.coverage, implicit.objective) == (explicit.coverage, explicit.objective)
