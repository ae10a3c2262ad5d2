"""Small tables with quotas of every kind, and another solver for them."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

import twinmatch as tm
from twinmatch.graph.terms import FORBIDDEN

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
