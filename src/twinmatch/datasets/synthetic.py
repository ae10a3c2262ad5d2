"""
Artificial nations: seeded, of any size, and always with room for everybody.

A market is drawn column by column, each from its own random stream, so that asking for more schools
keeps the identifiers, places and tastes of the first ones. Sizes are log-normal with the medians and
spreads measured in real registers; states have a centre, an extent, a weight and a language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from twinmatch.errors import Fault, InputError
from twinmatch.room import bounded
from twinmatch.schools import Schools

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["MARKETS", "Market", "synthetic"]

Market = Literal["mild", "vertical", "tight", "tied", "clustered"]
MARKETS: tuple[str, ...] = get_args(Market)


class _Size(NamedTuple):
    """Pupils: median and standard deviation of the logarithm."""

    median: float
    spread: float


class _Place(NamedTuple):
    """Where schools are: centre and half extent in degrees, weight, language, and how big schools are."""

    lat: float
    lon: float
    tall: float
    wide: float
    weight: float
    language: str = ""
    like: str = ""


# Centre, half extent, millions of inhabitants, first official language, and the measured register whose
# schools the state's resemble.
_STATES = {
    "AT": _Place(47.6, 14.1, 0.7, 2.3, 9.1, "de", "NL"),
    "BE": _Place(50.7, 4.6, 0.6, 1.3, 11.7, "nl", "NL"),
    "BG": _Place(42.7, 25.2, 0.9, 2.3, 6.5, "bg", "RO"),
    "CY": _Place(35.0, 33.1, 0.2, 0.5, 0.9, "el", "LV"),
    "CZ": _Place(49.8, 15.4, 0.8, 2.6, 10.8, "cs", "CZ"),
    "DE": _Place(51.0, 10.3, 2.9, 3.6, 84.4, "de", "NL"),
    "DK": _Place(55.9, 9.6, 1.0, 1.2, 5.9, "da", "SE"),
    "EE": _Place(58.7, 25.6, 0.6, 1.6, 1.4, "et", "LV"),
    "ES": _Place(40.2, -3.6, 3.0, 3.8, 48.1, "es", "SE"),
    "FI": _Place(62.2, 25.8, 2.1, 2.6, 5.6, "fi", "SE"),
    "GR": _Place(39.2, 22.4, 1.8, 1.8, 10.4, "el", "RO"),
    "HR": _Place(45.4, 16.3, 0.7, 1.4, 3.9, "hr", "CZ"),
    "HU": _Place(47.1, 19.4, 0.9, 2.4, 9.6, "hu", "CZ"),
    "IE": _Place(53.2, -7.8, 1.3, 1.5, 5.2, "en", "NL"),
    "IT": _Place(43.2, 11.9, 2.8, 3.4, 59.0, "it", "RO"),
    "LT": _Place(55.3, 23.8, 0.8, 2.0, 2.9, "lt", "LV"),
    "LU": _Place(49.7, 6.1, 0.2, 0.2, 0.7, "lb", "NL"),
    "LV": _Place(56.9, 24.9, 0.6, 2.2, 1.9, "lv", "LV"),
    "MT": _Place(35.9, 14.4, 0.1, 0.1, 0.5, "mt", "NL"),
    "NL": _Place(52.2, 5.4, 1.0, 1.2, 17.8, "nl", "NL"),
    "PL": _Place(52.0, 19.3, 2.1, 3.9, 36.8, "pl", "CZ"),
    "PT": _Place(39.7, -8.2, 2.0, 0.8, 10.5, "pt", "SE"),
    "RO": _Place(45.8, 24.9, 1.6, 3.3, 19.1, "ro", "RO"),
    "SE": _Place(59.4, 15.5, 3.0, 2.0, 10.5, "sv", "SE"),
    "SI": _Place(46.1, 14.8, 0.4, 1.0, 2.1, "sl", "CZ"),
    "SK": _Place(48.7, 19.4, 0.5, 2.0, 5.4, "sk", "CZ"),
}
_ACADEMIES = {
    "Aix-Marseille": _Place(43.7, 5.4, 0.5, 0.8, 2533),
    "Amiens": _Place(49.7, 2.6, 0.5, 0.8, 2348),
    "Besançon": _Place(47.1, 6.2, 0.6, 0.6, 1426),
    "Bordeaux": _Place(44.5, 0.0, 1.0, 0.8, 3445),
    "Clermont-Ferrand": _Place(45.6, 3.1, 0.8, 0.7, 1606),
    "Corse": _Place(42.2, 9.1, 0.6, 0.2, 338),
    "Créteil": _Place(48.7, 2.7, 0.3, 0.4, 3558),
    "Dijon": _Place(47.3, 4.2, 0.8, 0.9, 2104),
    "Grenoble": _Place(45.3, 5.7, 0.8, 0.9, 3473),
    "Lille": _Place(50.5, 2.8, 0.4, 0.9, 4015),
    "Limoges": _Place(45.8, 1.7, 0.5, 0.7, 826),
    "Lyon": _Place(45.8, 4.8, 0.4, 0.6, 2808),
    "Montpellier": _Place(43.5, 3.3, 0.7, 1.0, 2659),
    "Nancy-Metz": _Place(48.7, 6.2, 0.6, 0.8, 2661),
    "Nantes": _Place(47.3, -0.8, 0.7, 0.9, 3576),
    "Nice": _Place(43.6, 6.7, 0.3, 0.6, 1445),
    "Normandie": _Place(49.1, 0.2, 0.5, 1.4, 3489),
    "Orléans-Tours": _Place(47.6, 1.6, 0.8, 1.0, 2692),
    "Paris": _Place(48.86, 2.34, 0.04, 0.08, 1262),
    "Poitiers": _Place(46.2, 0.0, 0.7, 0.7, 2013),
    "Reims": _Place(48.8, 4.5, 0.8, 0.7, 1397),
    "Rennes": _Place(48.2, -2.9, 0.4, 1.4, 3050),
    "Strasbourg": _Place(48.3, 7.5, 0.6, 0.3, 1790),
    "Toulouse": _Place(43.7, 1.6, 0.8, 1.2, 3396),
    "Versailles": _Place(48.8, 2.0, 0.3, 0.4, 4378),
}

# What a French school teaches: levels, share in the bundled register, pupils, and the level sets of
# partners that surely have one of these levels in common, with their shares.
_FAMILIES: tuple[tuple[str, float, _Size, dict[str, float]], ...] = (
    ("0", 14732, _Size(88, 0.62), {"0": 0.8, "0;1": 0.2}),
    ("0;1", 20938, _Size(93, 0.80), {"0;1": 0.7, "1": 0.2, "0;1;2": 0.1}),
    ("1", 16053, _Size(142, 0.95), {"1": 0.6, "0;1": 0.2, "1;2": 0.2}),
    ("2", 7654, _Size(482, 0.55), {"2": 0.5, "1;2": 0.2, "2;3": 0.3}),
    ("3", 5164, _Size(637, 0.73), {"3": 0.75, "2;3": 0.25}),
)
_TAUGHT = ("0", "1", "0;1", "1;2", "0;1;2", "2", "2;3", "3")
_SIZES = {
    # level sets of _TAUGHT, in that order
    "NL": (_Size(88, 0.62), *[_Size(144, 0.66)] * 4, _Size(271, 0.70), _Size(450, 1.09), _Size(450, 1.09)),
    "SE": (
        _Size(88, 0.62), _Size(170, 0.79), _Size(170, 0.79), _Size(366, 0.82), _Size(366, 0.82),
        _Size(271, 0.70), _Size(218, 0.94), _Size(218, 0.94),
    ),
    "RO": (
        _Size(88, 0.62), _Size(156, 0.89), _Size(154, 0.73), _Size(156, 0.89), _Size(154, 0.73),
        _Size(156, 0.89), _Size(572, 0.75), _Size(572, 0.75),
    ),
    "CZ": (_Size(88, 0.62), *[_Size(230, 1.03)] * 5, _Size(450, 1.09), _Size(450, 1.09)),
    "LV": (_Size(88, 0.62), *[_Size(88, 0.87)] * 5, _Size(424, 0.90), _Size(424, 0.90)),
}  # fmt: skip
_THEMES = ("arts", "climate", "digital", "heritage", "languages", "media", "music", "science", "sport")
_TIED_SIZES = np.array([50.0, 100.0, 200.0, 400.0])
_GROUPS = 24  # in the clustered market
_BRIDGES = 0.05  # share of schools that belong to two groups


@bounded
def synthetic(
    num_left: int,
    num_right: int,
    seed: int = 0,
    market: Market = "mild",
    places: float | None = None,
) -> tuple[Schools, Schools]:
    """
    Return two artificial tables: French schools, and partners in the 26 other member states.

    Parameters
    ----------
    num_left, num_right : int
        Numbers of schools.
    seed : int, optional
        The same arguments give the same tables.
    market : {"mild", "vertical", "tight", "tied", "clustered"}, optional
        ``mild``: like the real thing, but for all states.
        ``vertical``: French schools are nearly alike and close together, partners very unequal:
        everyone wants the same ones.
        ``tight``: ``mild``, with 1.02 places for each French school unless ``places`` is given.
        ``tied``: few distinct points, sizes and nothing else, so that most pairs are worth the same.
        ``clustered``: groups with a theme, a size and a region of their own, and few bridges.
    places : float, optional
        All places together, over ``num_left``. They go round the partners once, then again: with fewer
        places than partners some have capacity 0, with more some have 2. Without it there is no
        ``capacity`` column, and every partner has one place.

    Returns
    -------
    left, right : Schools
        Identifiers and tastes of the first schools do not change when more are asked for; levels and
        capacities of partners do.

    Raises
    ------
    InputError
        If a number is negative or the market is not known.

    Notes
    -----
    With at least as many places as French schools, all of them can be paired with partners that have a
    level in common. All arithmetic is vectorised: a million schools on each side take seconds.

    Examples
    --------
    >>> left, right = synthetic(100, 300, seed=1, market="tight")
    >>> int(right.numbers("capacity").sum())
    102
    """
    faults = [
        Fault(name, "must be a whole number, 0 or more")
        for name, value in (("num_left", num_left), ("num_right", num_right))
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0
    ]
    if market not in MARKETS:
        faults.append(Fault("market", f"must be one of {', '.join(MARKETS)}"))
    if places is not None and not (np.isfinite(places) and places >= 0):
        faults.append(Fault("places", "must be a finite number, 0 or more"))
    if faults:
        raise InputError("synthetic", faults)
    if places is None and market == "tight":
        places = 1.02
    draw = _Streams(seed)
    family = _choose(draw("left family"), [share for _, share, _, _ in _FAMILIES], num_left)
    capacity = None if places is None else _capacity(draw("capacity"), num_right, round(places * num_left))
    left = _left(draw, family, market)
    right = _right(draw, family, capacity, num_right, market)
    source = f"synthetic {market}, seed {seed}"
    return Schools._trusted(left, source=source), Schools._trusted(right, source=source)


class _Streams:
    """Independent random streams by name: one for each column, so that columns can grow."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, name: str) -> Generator:
        return np.random.Generator(np.random.PCG64([self._seed, *name.encode()]))


def _choose(random: Generator, weights: Sequence[float], count: int) -> NDArray[np.int64]:
    edges = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(edges, random.random(count), side="right"), len(weights) - 1)


def _capacity(random: Generator, num_right: int, total: int) -> NDArray[np.int64]:
    """Deal places round the partners until there are none left."""
    if num_right == 0:
        return np.zeros(0, np.int64)
    capacity = np.full(num_right, total // num_right, np.int64)
    capacity[random.permutation(num_right)[: total % num_right]] += 1
    return capacity


def _left(draw: _Streams, family: NDArray[np.int64], market: str) -> pa.Table:
    import pyarrow as pa

    n = len(family)
    seats = list(_ACADEMIES.values())
    if market == "clustered":
        group = draw("left group").integers(0, _GROUPS, n)
        home = group
    elif market == "vertical":
        group = np.zeros(n, np.int64)
        home = np.full(n, list(_ACADEMIES).index("Lyon"))
    else:
        group = np.zeros(n, np.int64)
        home = _choose(draw("left academie"), [seat.weight for seat in seats], n)
    sizes = [size for _, _, size, _ in _FAMILIES]
    z = draw("left size").standard_normal(n) * (0.05 if market == "vertical" else 1.0)
    size = _sizes(
        np.array([one.median for one in sizes])[family], np.array([one.spread for one in sizes])[family], z
    )
    lat, lon, quality = _points(draw, "left", seats, home, market, centroids=0.25)
    older = family >= 3
    spoken = draw("left languages").random((n, 3)) < (0.97, 0.81, 0.28)
    if market in ("vertical", "tied"):
        spoken[:] = (True, True, False)
    learned = _pick(_subsets(("es", "de", "it"), always="en"), _bits(spoken))
    columns = {
        "id": _ids(pa.array(["FR"]).take(pa.array(np.zeros(n, np.int64)))),
        "country": _pick(["FR"], np.zeros(n, np.int64)),
        "academie": _pick(list(_ACADEMIES), home),
        "levels": _pick([levels for levels, *_ in _FAMILIES], family),
        "sector": _sector(draw("left sector"), n, market),
        "lat": lat,
        "lon": lon,
        "geo_q": quality,
        **_size_columns(
            draw("left size known"), _by_market(size, group, draw("left tied size"), market), market
        ),
        "ips": _ips(draw("left ips"), n, market),
        "languages": _where(older, learned),
        "setting": _setting(draw("left setting"), n, market),
        "tags": _tags(draw, "left", n, group, market),
    }
    return pa.table(columns)


def _right(
    draw: _Streams,
    left_family: NDArray[np.int64],
    capacity: NDArray[np.int64] | None,
    count: int,
    market: str,
) -> pa.Table:
    import pyarrow as pa

    states = list(_STATES.values())
    if market == "clustered":
        group = draw("right group").integers(0, _GROUPS, count)
        state = group  # a group lives in one state; two states are left without schools
        state = np.where(
            draw("right stray").random(count) < _BRIDGES, draw("right state").integers(0, 26, count), state
        )
    else:
        group = np.zeros(count, np.int64)
        state = _choose(draw("right state"), [one.weight for one in states], count)
    taught = _levels(draw("right levels"), left_family, capacity, count)
    likeness = np.array([list(_SIZES).index(one.like) for one in states])[state]
    table = np.array([[tuple(size) for size in sizes] for sizes in _SIZES.values()])
    # A union of two families is taught by very few schools; they are as big as the set that begins like it.
    column = np.minimum(taught, len(_TAUGHT) - 1)
    median, spread = table[likeness, column].T if count else (np.zeros(0), np.zeros(0))
    z = draw("right size").standard_normal(count) * (2.0 if market == "vertical" else 1.0)
    size = _sizes(median, spread, z)
    lat, lon, quality = _points(draw, "right", states, state, market, centroids=0.65)
    columns = {
        "id": _ids(_pick(list(_STATES), state)),
        "country": _pick(list(_STATES), state),
        "levels": _pick(list(_TAUGHT) + _UNIONS, taught),
        "sector": _sector(draw("right sector"), count, market),
        "lat": lat,
        "lon": lon,
        "geo_q": quality,
        **_size_columns(
            draw("right size known"), _by_market(size, group, draw("right tied size"), market), market
        ),
        "teach_lang": _pick([one.language for one in states], state),
        "setting": _setting(draw("right setting"), count, market),
        "tags": _tags(draw, "right", count, group, market),
    }
    if capacity is not None:
        columns["capacity"] = pa.array(capacity)
    return pa.table(columns)


def _union(first: int, last: int) -> str:
    return ";".join(
        sorted({level for family in _FAMILIES[first : last + 1] for level in family[0].split(";")})
    )


_UNIONS = [_union(first, last) for first in range(len(_FAMILIES)) for last in range(len(_FAMILIES))]


def _levels(
    random: Generator, left_family: NDArray[np.int64], capacity: NDArray[np.int64] | None, count: int
) -> NDArray[np.int64]:
    """
    Return what each partner teaches, as a position in ``_TAUGHT + _UNIONS``.

    Places are cut into one stretch for each family of French schools, at least as long as the family
    where there are places enough, and partners are laid along them in random order. A partner with
    several places that lies across cuts teaches the levels of all their sides, so that no family is
    short of places.
    """
    places = np.ones(count, np.int64) if capacity is None else capacity
    order = random.permutation(count)
    wanted = np.bincount(left_family, minlength=len(_FAMILIES)).astype(np.float64)
    if not wanted.sum():
        wanted = np.array([share for _, share, _, _ in _FAMILIES])
    total = int(places.sum())
    fixed = np.floor(wanted) if total >= wanted.sum() and len(left_family) else np.zeros(len(_FAMILIES))
    exact = fixed + (total - fixed.sum()) * wanted / wanted.sum()
    stretch = np.floor(exact).astype(np.int64)
    stretch[np.argsort(-(exact - stretch), kind="stable")[: total - int(stretch.sum())]] += 1
    cuts = np.cumsum(stretch)
    ends = np.cumsum(places[order])
    first = np.searchsorted(cuts, ends - places[order], side="right")
    last = np.searchsorted(cuts, np.maximum(ends - 1, 0), side="right")
    # Partners without a place sit between stretches; any family will do.
    empty = places[order] == 0
    anything = _choose(random, wanted.tolist(), count)
    first, last = np.where(empty, anything, first), np.where(empty, anything, last)
    kind = np.zeros(count, np.int64)
    luck = random.random(count)
    for number, (_, _, _, options) in enumerate(_FAMILIES):
        rows = first == number
        edges = np.cumsum(list(options.values()))
        which = np.minimum(np.searchsorted(edges, luck[rows], side="right"), len(options) - 1)
        kind[rows] = np.array([_TAUGHT.index(one) for one in options])[which]
    across = first != last
    kind[across] = len(_TAUGHT) + first[across] * len(_FAMILIES) + last[across]
    taught = np.empty(count, np.int64)
    taught[order] = kind
    return taught


def _sizes(
    median: NDArray[np.float64], spread: NDArray[np.float64], z: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.clip(np.rint(median * np.exp(spread * z)), 1, 6000)


def _by_market(
    size: NDArray[np.float64], group: NDArray[np.int64], random: Generator, market: str
) -> NDArray[np.float64]:
    if market == "tied":
        return _TIED_SIZES[random.integers(0, len(_TIED_SIZES), len(size))]
    if market == "clustered":
        return np.clip(np.rint(size * 2.0 ** (group % 5 - 2)), 1, 6000)
    return size


def _size_columns(random: Generator, size: NDArray[np.float64], market: str) -> dict[str, pa.Array]:
    import pyarrow as pa

    unknown = random.random(len(size)) < (0.0 if market == "tied" else 0.1)
    kind = np.full(len(size), "enrolled", dtype=object)
    kind[unknown] = None
    return {"size": pa.array(size, mask=unknown), "size_kind": pa.array(kind, pa.string())}


def _points(
    draw: _Streams, side: str, homes: list[_Place], home: NDArray[np.int64], market: str, *, centroids: float
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Return latitude, longitude and quality: around the home, some at the centre of a small square."""
    import pyarrow as pa

    n = len(home)
    # The sum of two uniform numbers: most schools near the centre, none in the sea beyond the extent.
    offset = draw(f"{side} point").random((n, 4))
    spread = {"vertical": 0.1 if side == "left" else 1.0, "clustered": 0.2}.get(market, 1.0)
    box = np.array([tuple(one)[:4] for one in homes])[home].reshape(n, 4)
    lat = box[:, 0] + spread * box[:, 2] * (offset[:, 0] + offset[:, 1] - 1)
    lon = box[:, 1] + spread * box[:, 3] * (offset[:, 2] + offset[:, 3] - 1)
    random = draw(f"{side} point kind").random((n, 2))
    centroid = random[:, 0] < (1.0 if market == "tied" else centroids)
    grid = 2.0 if market == "tied" else 0.1
    lat = np.where(centroid, np.rint(lat / grid) * grid, lat)
    lon = np.where(centroid, np.rint(lon / grid) * grid, lon)
    unknown = random[:, 1] < (0.0 if market == "tied" else 0.01)
    quality = np.where(centroid, 2, 1)
    return (
        pa.array(np.round(lat, 5), mask=unknown),
        pa.array(np.round(lon, 5), mask=unknown),
        pa.array(quality, mask=unknown),
    )


def _ips(random: Generator, n: int, market: str) -> pa.Array:
    import pyarrow as pa

    if market in ("vertical", "tied"):
        return pa.array(np.full(n, 103.0))
    return pa.array(np.round(np.clip(103 + 16 * random.standard_normal(n), 45, 185), 1))


def _sector(random: Generator, n: int, market: str) -> pa.Array:
    if market in ("vertical", "tied"):
        return _pick(["public"], np.zeros(n, np.int64))
    return _pick(["public", "private", None], _choose(random, (0.8, 0.15, 0.05), n))


def _setting(random: Generator, n: int, market: str) -> pa.Array:
    if market in ("vertical", "tied"):
        return _pick(["urban"], np.zeros(n, np.int64))
    return _pick(["urban", "rural"], _choose(random, (0.6, 0.4), n))


def _tags(draw: _Streams, side: str, n: int, group: NDArray[np.int64], market: str) -> pa.Array:
    if market in ("vertical", "tied"):
        return _pick([None], np.zeros(n, np.int64))
    if market == "clustered":
        names = [f"group-{one:02d}" for one in range(_GROUPS)]
        pairs = [f"{a};{b}" for a in names for b in names]
        random = draw(f"{side} bridge").random((n, 2))
        other = np.minimum((random[:, 1] * _GROUPS).astype(np.int64), _GROUPS - 1)
        bridge = (random[:, 0] < _BRIDGES) & (other != group)
        return _pick(names + pairs, np.where(bridge, _GROUPS + group * _GROUPS + other, group))
    return _pick(_subsets(_THEMES), _bits(draw(f"{side} tags").random((n, len(_THEMES))) < 0.15))


def _subsets(words: Sequence[str], always: str = "") -> list[str | None]:
    first = (always,) if always else ()
    chosen = ([*first, *(w for b, w in enumerate(words) if mask >> b & 1)] for mask in range(1 << len(words)))
    return [";".join(one) or None for one in chosen]


def _bits(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.asarray(flags @ (1 << np.arange(flags.shape[1])), np.int64)


def _pick(words: Sequence[str | None], which: NDArray[np.int64]) -> pa.Array:
    import pyarrow as pa

    return pa.array(words, pa.string()).take(pa.array(which, pa.int64()))


def _where(keep: NDArray[np.bool_], cells: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pa.array(keep, pa.bool_()), cells, pa.scalar(None, pa.string()))


def _ids(country: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    number = pc.utf8_lpad(pa.array(np.arange(len(country))).cast(pa.string()), 7, "0")
    return pc.binary_join_element_wise(country, number, "-")
