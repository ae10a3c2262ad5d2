"""Small random tables, random changes, and what these make of plain rows: slowly, one by one."""

from __future__ import annotations

import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

import twinmatch as tm

if TYPE_CHECKING:
    from collections.abc import Mapping

c, p = tm.changes, tm.policies

TODAY = datetime.date(2026, 10, 1)
POLICY = tm.Policy(
    rules=(p.PartnerInEU(), p.CommonLevel()),
    criteria=(p.LevelOverlap(100), p.SizeSimilarity(1_000, zero_at=3.0), p.LanguageFit(400)),
)
COLUMNS = ("id", "country", "levels", "size", "languages", "capacity")
_TYPES = {"size": pa.float64(), "capacity": pa.int64()}


class World(NamedTuple):
    """Rows of both sides by id, and the pairs that must be, must not be, end later, and are over."""

    left: dict[str, dict[str, Any]]
    right: dict[str, dict[str, Any]]
    must: frozenset[tuple[str, str]] = frozenset()
    must_not: frozenset[tuple[str, str]] = frozenset()
    later: Mapping[tuple[str, str], datetime.date] = MappingProxyType({})
    over: frozenset[tuple[str, str]] = frozenset()

    @property
    def tables(self) -> tuple[tm.Schools, tm.Schools]:
        """Both tables, sorted by id."""
        return table(self.left, "left"), table(self.right, "right")

    @property
    def places(self) -> np.ndarray:
        """Places of each right school, in the order of ids."""
        return np.array([self.right[name]["capacity"] for name in sorted(self.right)], np.int64)


def table(rows: dict[str, dict[str, Any]], side: str) -> tm.Schools:
    """Return rows as a table."""
    names = COLUMNS if side == "right" else COLUMNS[:-1]
    listed = [rows[name] for name in sorted(rows)]
    return tm.Schools.from_frame(
        pa.table({name: pa.array([r[name] for r in listed], _TYPES.get(name, pa.string())) for name in names})
    )


def row(rng: np.random.Generator, name: str, side: str) -> dict[str, Any]:
    """Return a random school."""

    def maybe(value: Any) -> Any:
        return None if rng.random() < 0.2 else value

    made = {
        "id": name,
        "country": "FR" if side == "left" else str(rng.choice(["IT", "DE", "ES"])),
        "levels": str(rng.choice(["1", "2", "1;2"])),
        "size": maybe(float(rng.integers(20, 400))),
        "languages": maybe(str(rng.choice(["en", "en:3;de", "it;es:0", "de:0"]))),
    }
    return {**made, "capacity": int(rng.integers(0, 3))} if side == "right" else made


def world(seed: int, num_left: int = 4, num_right: int = 5) -> World:
    """Return random schools without agreements."""
    rng = np.random.default_rng(seed)
    left = {f"L{k}": row(rng, f"L{k}", "left") for k in range(num_left)}
    right = {f"R{k}": row(rng, f"R{k}", "right") for k in range(num_right)}
    return World(left, right)


def random_changes(rng: np.random.Generator, now: World, most: int = 4) -> list[Any]:
    """Return changes that go together, each about schools that no other is about."""
    left, right = list(rng.permutation(sorted(now.left))), list(rng.permutation(sorted(now.right)))
    made: list[Any] = []

    def pair() -> tuple[str, str]:
        return str(left.pop()), str(right.pop())

    for _ in range(int(rng.integers(1, most + 1))):
        kind = int(rng.integers(0, 10))
        if kind == 0 and len(left) > 1:
            made.append(c.SchoolLeaves(str(left.pop())))
        elif kind == 1 and len(right) > 1:
            made.append(c.PartnerLeaves(str(right.pop())))
        elif kind == 2:
            name = f"L{rng.integers(10, 10_000)}"
            made.append(c.SchoolJoins(table({name: row(rng, name, "left")}, "left")))
        elif kind == 3:
            name = f"R{rng.integers(10, 10_000)}"
            made.append(c.PartnerJoins(table({name: row(rng, name, "right")}, "right")))
        elif kind == 4 and right:
            made.append(c.CapacityChanges(str(right.pop()), int(rng.integers(0, 4))))
        elif kind == 5 and left and right:
            made.append(c.PairVetoed(*pair()))
        elif kind == 6 and left and right:
            until = TODAY + datetime.timedelta(int(rng.integers(1, 99)))
            made.append(c.PairRenewed(*pair(), until=until if rng.random() < 0.5 else None))
        elif kind == 7 and now.must | now.must_not:
            held = sorted(now.must | now.must_not)
            chosen = held[int(rng.integers(len(held)))]
            if chosen[0] in left and chosen[1] in right:
                left.remove(chosen[0])
                right.remove(chosen[1])
                made.append(c.PairFreed(*chosen))
        elif kind == 8 and left and right:
            on = TODAY + datetime.timedelta(int(rng.integers(-5, 99)))
            made.append(c.AgreementExpires(*pair(), on=on))
        elif kind == 9 and left:
            name = str(left.pop())
            if "fr" not in taught(now.left[name]["languages"]):
                made.append(c.SectionOpens("left", name, "fr"))
    return made


def taught(cell: str | None) -> list[str]:
    """Return the languages that a cell lists and that somebody learns."""
    items = [item.partition(":") for item in (cell or "").split(";") if item]
    return [code for code, _, pupils in items if pupils != "0"]


def after(now: World, changes: list[Any], today: datetime.date = TODAY) -> World:
    """Return the world after changes, by going through its rows."""
    left, right = ({name: dict(one) for name, one in side.items()} for side in (now.left, now.right))
    must, must_not, later, over = set(now.must), set(now.must_not), dict(now.later), set(now.over)
    named = {one.pair for one in changes if hasattr(one, "pair")}
    for pair in named:
        later.pop(pair, None)
        over.discard(pair)
    for pair, on in list(later.items()):
        if on <= today:
            del later[pair]
            must.discard(pair)
            over.add(pair)
    for one in changes:
        match one:
            case c.SchoolLeaves():
                del left[one.left_id]
            case c.PartnerLeaves():
                del right[one.right_id]
            case c.SchoolJoins():
                left |= {r["id"]: r for r in one.schools.table.to_pylist()}
            case c.PartnerJoins():
                right |= {r["id"]: r for r in one.schools.table.to_pylist()}
            case c.CapacityChanges():
                right[one.right_id]["capacity"] = one.capacity
            case c.PairLocked() | c.PairRenewed():
                must.add(one.pair)
                must_not.discard(one.pair)
                if getattr(one, "until", None) is not None:
                    later[one.pair] = one.until
            case c.PairVetoed():
                must.discard(one.pair)
                must_not.add(one.pair)
            case c.PairFreed():
                must.discard(one.pair)
                must_not.discard(one.pair)
            case c.AgreementExpires():
                if one.on is None or one.on <= today:
                    must.discard(one.pair)
                    over.add(one.pair)
                else:
                    later[one.pair] = one.on
            case c.SectionOpens():
                side = left if one.side == "left" else right
                items = [x for x in (side[one.school_id]["languages"] or "").split(";") if x]
                items = [x for x in items if x.partition(":")[0] != one.language]
                side[one.school_id]["languages"] = ";".join([*items, one.language])

    def there(pair: tuple[str, str]) -> bool:
        return pair[0] in left and pair[1] in right

    return World(
        left,
        right,
        frozenset(filter(there, must)),
        frozenset(must_not),
        {pair: on for pair, on in later.items() if there(pair)},
        frozenset(filter(there, over)),
    )


def is_possible(now: World) -> bool:
    """Return whether locked pairs fit places and rules, so that there is something to repair."""
    for side, most in (("left", dict.fromkeys(now.left, 1)), ("right", _capacities(now))):
        at = 0 if side == "left" else 1
        for name in {pair[at] for pair in now.must}:
            if sum(pair[at] == name for pair in now.must) > most[name]:
                return False
    return all(set(now.left[a]["levels"]) & set(now.right[b]["levels"]) - {";"} for a, b in now.must)


def _capacities(now: World) -> dict[str, int]:
    return {name: one["capacity"] for name, one in now.right.items()}
