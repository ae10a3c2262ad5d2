"""
What each benchmark measures: its instances, and the peers that get to see them.

A peer is stopped after its seconds, so that a benchmark ends within about ten minutes whatever its peers do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.instances import Instance

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BENCHMARKS", "Case", "Spread", "cases", "shard_cases", "spread_cases"]

BENCHMARKS = ("national-real", "national-synthetic", "growth", "sparse", "dense", "quotas", "scale", "far")

DENSE = ("scipy", "lapx")
STORED = ("ortools", "highs")
COMPOSED = ("composition", "composition-numpy")
SPARSE = ("ortools", "scipy-sparse", "lapx-sparse", "highs")


class Case(NamedTuple):
    """
    An instance and who competes on it.

    Attributes
    ----------
    instance : Instance
    peers : dict of str to float
        Names of peers, in the order in which they run, and the seconds after which each is stopped.
    free : str or None
        The instance of the same benchmark that asks for the same without quotas.
    asked : float or None
        How many times its seconds the run should take at most.
    asked_gap : float
        The relative gap that is asked for.
    deadline : float or None
        Seconds after which the library stops with what it has, where they are not as many as usual.
    gap : float
        The relative gap at which it stops.
    may_fail : bool
        Whether a run that fails is a row that says so, and the others go on: as far out as a machine can go,
        some end for want of memory.
    """

    instance: Instance
    peers: dict[str, float]
    free: str | None = None
    asked: float | None = None
    asked_gap: float = 0.0
    deadline: float | None = None
    gap: float = 0.0
    may_fail: bool = False


class Spread(NamedTuple):
    """
    A run on an executor.

    Attributes
    ----------
    instance : Instance
    engine : str
        ``"threads"``, ``"processes"`` or ``"dask"``.
    workers : int
    gap : float
        The relative gap at which it stops.
    deadline : float
        Seconds.
    check : bool
        Whether its pairs are evaluated there, too.
    """

    instance: Instance
    engine: str
    workers: int
    gap: float = 0.0
    deadline: float = 300.0
    check: bool = True


def cases(name: str, *, quick: bool, sizes: Sequence[int] = ()) -> list[Case]:
    """
    Return what a benchmark measures, the headline first.

    Parameters
    ----------
    name : str
    quick : bool
        Small instances.
    sizes : sequence of int, optional
        Left schools of the cases of ``scale``, instead of its own.
    """
    if name == "scale":
        return _scale(sizes or (SMALL_SIZES if quick else SIZES))
    return {
        "national-real": _national_real,
        "national-synthetic": _national_synthetic,
        "growth": _growth,
        "sparse": _sparse,
        "dense": _dense,
        "quotas": _quotas,
        "far": _far,
    }[name](quick)


def _boxed(peers: tuple[str, ...], seconds: float, quick: bool) -> dict[str, float]:
    return dict.fromkeys(peers, 2 if quick else seconds)


def _national_real(quick: bool) -> list[Case]:
    schools = "lycees" if quick else "registers"
    headline, proximity = (
        Instance(
            f"{schools}, {title} policy",
            "registers",
            {"policy": policy} | ({"lycees_only": True} if quick else {}),
        )
        for title, policy in (("default", "systematic_twinning"), ("proximity", "proximity"))
    )
    everybody = (*COMPOSED, *DENSE, *STORED)
    return [
        Case(headline, _boxed(everybody, 120, quick)),
        Case(proximity, _boxed(("composition",), 60, quick)),
    ]


def _national_synthetic(quick: bool) -> list[Case]:
    sizes = (6_000, 20_000) if quick else (60_000, 200_000)
    markets = ("mild", "clustered") if quick else ("mild", "vertical", "tight", "tied", "clustered")
    found = []
    for market in markets:
        peers = (*COMPOSED[1:], *DENSE, *STORED) if market == "mild" else ()
        boxes = _boxed(COMPOSED[:1], 120 if market == "mild" else 40, quick) | _boxed(peers, 40, quick)
        found.append(Case(_market(market, *sizes), boxes))
    return found


def _growth(quick: bool) -> list[Case]:
    full = [(200_000, 660_000), (60_000, 200_000), (20_000, 66_000), (6_000, 20_000)]
    small = [(6_000, 20_000), (2_000, 6_600), (600, 2_000)]
    found = []
    for sizes in small if quick else full:
        small_enough = sizes[0] <= (600 if quick else 20_000)
        peers = (*COMPOSED, *DENSE, *STORED) if small_enough else COMPOSED[:1]
        found.append(Case(_market("mild", *sizes), _boxed(peers, 40, quick)))
    return found


def _market(market: str, num_left: int, num_right: int) -> Instance:
    name = f"synthetic {market} {num_left:,} x {num_right:,}"
    return Instance(
        name, "synthetic", {"market": market, "num_left": num_left, "num_right": num_right, "seed": 0}
    )


def _sparse(quick: bool) -> list[Case]:
    num_left, num_right = (6_000, 20_000) if quick else (60_000, 200_000)
    return [
        Case(
            Instance(
                f"sparse {family} {num_left:,} x {num_right:,} x 32",
                "lists",
                {
                    "family": family,
                    "num_left": num_left,
                    "num_right": num_right,
                    "per_left": 32,
                    "seed": 0,
                },
            ),
            _boxed(SPARSE, 45, quick),
        )
        for family in ("mild", "vertical", "tied")
    ]


def _dense(quick: bool) -> list[Case]:
    sizes = (200, 500) if quick else (5_000, 1_000)
    return [
        Case(
            Instance(f"dense {family} {n:,}", "matrix", {"family": family, "n": n, "seed": 0}),
            _boxed(DENSE, 45, quick),
        )
        for n in sizes
        for family in ("uniform", "geometric", "tied", "machol_wien", "features")
    ]


SIZES, SMALL_SIZES = (1_000_000, 300_000, 100_000, 30_000), (5_000, 2_000)
SCALE_GAP, SCALE_S = 1e-5, 600
"""What is asked far out: a relative gap, within so many seconds."""
AIM_GAP, EXACT_S = 1e-6, 1800
"""And what is aimed at, within the same; the optimum has half an hour."""
ENGINES, WORKERS = ("threads", "processes", "dask"), (1, 2)


def _square(market: str, n: int, more: str = "") -> Instance:
    drawn = {"market": market, "num_left": n, "num_right": n, "seed": 0, "places": 1.05}
    return Instance(f"synthetic {market} {n:,} x {n:,}, 1.05 places{more}", "synthetic", drawn)


def _scale(sizes: Sequence[int]) -> list[Case]:
    return [
        Case(_square(market, n), {}, deadline=SCALE_S, gap=SCALE_GAP, may_fail=True)
        for market in ("mild", "clustered")
        for n in sorted(sizes, reverse=True)
    ]


def _far(quick: bool) -> list[Case]:
    whole, *smaller = SMALL_SIZES if quick else SIZES[:3]
    both = ("mild", "clustered")
    asked = [(market, whole, ", to 1e-6", AIM_GAP, SCALE_S) for market in both]
    squares = [(market, n) for n in (*smaller, whole) for market in both]
    asked += [(market, n, ", to the optimum", 0.0, EXACT_S) for market, n in squares]
    return [
        Case(_square(market, n, words), {}, deadline=deadline, gap=gap, may_fail=True)
        for market, n, words, gap, deadline in asked
    ]


def spread_cases(*, quick: bool, sizes: Sequence[int] = ()) -> list[Spread]:
    """
    Return the runs on executors of ``scale``.

    Every executor with one and with two workers on markets of two sizes. Then one thread on a larger market
    and on the squares, for the rounds that they take, what those send, and the seconds of each shard.
    """
    markets = ((5_000, 12_000),) if quick else ((20_000, 66_000), (60_000, 200_000))
    squares = sorted(sizes or (SMALL_SIZES[:1] if quick else SIZES))
    return [
        *(
            Spread(_market("mild", *size), engine, workers)
            for size in markets
            for engine in ENGINES
            for workers in WORKERS
        ),
        *(
            Spread(_market("mild", *size), "threads", 1, check=False)
            for size in (() if quick else ((200_000, 660_000),))
        ),
        *(Spread(_square("mild", n), "threads", 1, SCALE_GAP, 2 * SCALE_S, check=False) for n in squares),
    ]


def shard_cases(*, quick: bool) -> list[Instance]:
    """Return a small market, one with more right schools, and one with more left ones."""
    times = 1 if quick else 10
    sizes = ((2_000, 20_000), (2_000, 60_000), (20_000, 20_000))
    return [_market("mild", num_left * times, num_right * times) for num_left, num_right in sizes]


BOX_S = 45
NESTED_AT_MOST, CELLS_AT_MOST = 3.0, 10.0
"""What is asked: under nested quotas, and under cells, at most so many times the seconds without."""
CELLS_GAP, NATIONAL_GAP = 1e-5, 1e-6
"""And the relative gap to be certified under cells, and with a national floor across nested ones."""


def _quotas(quick: bool) -> list[Case]:
    every = 20 if quick else 1
    schools: dict[str, Any] = {"policy": "systematic_twinning"} | ({"every": every} if quick else {})
    name = "one school in 20" if quick else "registers"
    caps = {"IT": 18_000, "DE": 14_000, "ES": 9_000, "NL": 8_000, "SE": 6_000, "RO": 6_000}  # too few places
    nested = {
        "caps": {country: most // every for country, most in caps.items()},
        "floors": {"all": 0.9, "priority": 0.98},
    }
    national = nested | {"floors": {"all": 0.9, "priority, nationwide": 0.98}}
    num_left, num_right, n = (2_000, 4_000, 40) if quick else (20_000, 40_000, 100)
    lists = {"family": "mild", "num_left": num_left, "num_right": num_right, "per_left": 16, "seed": 0}
    lists |= {"everybody": False}
    size = f"{num_left:,} x {num_right:,} x 16"
    flow, whole = (_boxed((peer,), BOX_S, quick) for peer in ("ortools", "scipy-milp"))
    matrix = {"family": "uniform", "n": n, "quotas": "crossed"}

    def on_schools(what: str, asked: dict[str, Any], at_most: float | None = None, gap: float = 0.0) -> Case:
        found = Case(Instance(f"{name}-{what}", "registers", schools | asked), {})
        return found._replace(free=f"{name}-free", asked=at_most, asked_gap=gap) if asked else found

    return [
        on_schools("free", {}),
        on_schools("balance", {"balance": True}, NESTED_AT_MOST),
        on_schools("nested", nested, NESTED_AT_MOST),
        on_schools("cells", {"cells": 0.3}, CELLS_AT_MOST, CELLS_GAP),
        on_schools("national floor", national, gap=NATIONAL_GAP),
        Case(Instance(f"arrays-free {size}", "lists", lists), flow),
        Case(
            Instance(f"arrays-nested {size}", "lists", lists | {"quotas": "nested"}),
            flow,
            f"arrays-free {size}",
            NESTED_AT_MOST,
        ),
        *(
            Case(
                Instance(f"arrays-crossed {n} x {n}, draw {seed}", "matrix", matrix | {"seed": seed}),
                whole,
                deadline=whole["scipy-milp"],
            )
            for seed in range(3)
        ),
    ]
