"""Small registers of several states, and the same runs made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

import twinmatch as tm

STATES = ("DE", "ES", "FR", "IT", "RO")


def frame(seed: int, size: int = 60, states: tuple[str, ...] = STATES) -> pd.DataFrame:
    """Return random schools of some states, with something unknown here and there."""
    draw = np.random.default_rng(seed)
    levels = draw.choice(["0;1", "1", "2", "2;3", "3", None], size, p=[0.2, 0.25, 0.2, 0.1, 0.15, 0.1])
    places = draw.integers(0, 3, size)
    return pd.DataFrame(
        {
            "id": [f"S{k:03}" for k in draw.permutation(size)],
            "country": draw.choice(states, size),
            "levels": levels,
            "size": np.where(draw.random(size) < 0.3, np.nan, draw.integers(20, 900, size)),
            "lat": draw.uniform(37, 60, size),
            "lon": draw.uniform(-8, 25, size),
            "seats": places,
        }
    )


def cut(table: pd.DataFrame, state: str) -> tuple[tm.Schools, tm.Schools]:
    """Return the two tables of a state's run, by hand."""
    home = table["country"] == state
    return tm.Schools.from_frame(table[home]), tm.Schools.from_frame(table[~home])


def schools(rows: list[tuple[str, str, str]], **more: list[object]) -> tm.Schools:
    """Return schools by id, country and levels."""
    ids, countries, levels = zip(*rows, strict=True)
    return tm.Schools.from_frame(
        {"id": list(ids), "country": list(countries), "levels": list(levels), **more}
    )
