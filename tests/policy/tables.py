"""Random tables of schools with unknown values, as tables and as plain rows."""

from __future__ import annotations

import numpy as np

from twinmatch import Schools


def random_rows(rng: np.random.Generator, count: int, side: str, countries: tuple[str, ...]) -> list[dict]:
    """Return rows with every column that rules and criteria read; about one value in five is unknown."""

    def maybe(value, unknown=0.2):
        return None if rng.random() < unknown else value

    def some(words, sep=";", most=3):
        chosen = rng.permutation(words)[: rng.integers(1, most + 1)]
        return sep.join(str(word) for word in chosen)

    rows = []
    for row in range(count):
        lat, lon = float(rng.uniform(36, 60)), float(rng.uniform(-9, 28))
        place = maybe((lat, lon))
        if place and rows and rng.random() < 0.4 and rows[-1]["lat"] is not None:
            place = rows[-1]["lat"] + rng.normal() * 0.03, rows[-1]["lon"] + rng.normal() * 0.03
        learned = some(["en:10", "de:3", "es", "it:0", "other:4", "fr:9"])
        vector = np.round(rng.normal(size=4), 3).astype(float).tolist() if rng.random() < 0.9 else [0.0] * 4
        rows.append(
            {
                "id": f"{side}{row}",
                "country": str(rng.choice(countries)),
                "levels": maybe(some([0, 1, 2, 3])),
                "sector": maybe(
                    str(rng.choice(["public", "private", "public-funded", "public?", "private?"]))
                ),
                "lat": place[0] if place else None,
                "lon": place[1] if place else None,
                "size": maybe(float(rng.choice([0, 1, 3, 40, 41, 250, 900, 12_000]))),
                "size_kind": maybe(str(rng.choice(["enrolled", "capacity", "exam-candidates-5y"]))),
                "ips": maybe(float(np.round(rng.normal(103, 16), 1))),
                "languages": maybe(learned, 0.4),
                "teach_lang": maybe(some(["fr", "de", "it", "hu"]), 0.5),
                "setting": maybe(str(rng.choice(["rural", "urban"])), 0.5),
                "special": maybe(str(rng.choice(["hospital", "deaf"])), 0.7),
                "tags": maybe(some(["sea", "art", "bees", f"only {side}"])),
                "state": maybe(str(rng.choice(["open", "closed"]))),
                "available": maybe(bool(rng.random() < 0.7)),
                "embedding": maybe(vector),
            }
        )
    return rows


def table(rows: list[dict], kind: str = "frame") -> Schools:
    """Return rows as a table of schools; columns that are unknown everywhere keep their type."""
    import pyarrow as pa

    types = {
        **dict.fromkeys(("lat", "lon", "size", "ips"), pa.float64()),
        "available": pa.bool_(),
        "embedding": pa.list_(pa.float64()),
    }
    names = list(rows[0]) if rows else ["id", "country"]
    columns = {name: pa.array([row[name] for row in rows], types.get(name, pa.string())) for name in names}
    return Schools.from_frame(pa.table(columns), source=kind)


def random_tables(seed: int) -> tuple[list[dict], list[dict], Schools, Schools]:
    """Return the rows and tables of two random sides."""
    rng = np.random.default_rng(seed)
    left = random_rows(rng, int(rng.integers(1, 9)), "L", ("FR", "DE"))
    right = random_rows(rng, int(rng.integers(1, 9)), "R", ("FR", "DE", "IT", "GB", "CH", "HR"))
    return left, right, table(left), table(right)


def levels(row: dict) -> set[int]:
    """Return the levels of a row."""
    return {int(level) for level in (row["levels"] or "").split(";") if level}


OFFICIAL = {"FR": {"fr"}, "DE": {"de"}, "IT": {"it"}, "GB": {"en"}, "CH": set(), "HR": {"hr"}}


def teaches_in(row: dict) -> set[str]:
    """Return the languages of instruction of a row."""
    return set(row["teach_lang"].split(";")) if row["teach_lang"] else OFFICIAL[row["country"]]


def learns(row: dict) -> set[str]:
    """Return the languages a row lists as subjects."""
    words = [item.partition(":") for item in (row["languages"] or "").split(";") if item]
    return {word for word, _, pupils in words if word != "other" and pupils != "0"}


def works_in(row: dict, english: bool = True) -> set[str]:
    """Return the working languages of a row, English included where it is assumed."""
    assumed = english and row["languages"] is None and levels(row) & {2, 3}
    return teaches_in(row) | learns(row) | ({"en"} if assumed else set())
