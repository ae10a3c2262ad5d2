"""
Ten million by fifty million on paper: ``python -m benchmarks.planning`` writes ``PLANNING.md``.

What was measured is read from ``results/scale.json``: rounds, the seconds of this machine, and the seconds of
each shard, on one worker. Laws are fitted through it and followed to a size that nobody has run; bytes come
from what is sent, time from a simulation (:mod:`benchmarks.simulation`). Sizes that were not run yet are rows
that say so. The same results give the same page.
"""

from __future__ import annotations

import argparse
import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.report import draw_svg, header, row
from benchmarks.simulation import Network, Run, Stage, stage_s, total_s
from twinmatch.certify import parts
from twinmatch.spreading import rounds

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["law", "lines", "plan", "write"]

HERE = Path(__file__).resolve().parent
Record = dict[str, Any]

LEFT, RIGHT = 10_000_000, 50_000_000
WORKERS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ROUNDS_AT = (100_000, 300_000, 1_000_000)
BANDWIDTH, LATENCY_S = 1.25e9, 0.0005
"""Ten gigabits a second, half a millisecond: a room of machines. Assumed, not measured."""
HOPED = 0.05
"""The serial share of a run that does not exist."""
DRAWS = 10
STOPS = 0.1
"""Twice the workers should save at least so much of the time."""
KINDS = {"plenty": "three partners for each left school", "tight": "1.05 places for each left school"}


class Calibrated(NamedTuple):
    """
    What a kind of market takes.

    Attributes
    ----------
    rows : list of dict
        Its measured runs, by size.
    run : Run
        The same at the planned size.
    share : float
        The part of the seconds here in those and the seconds of one core that searches.
    """

    rows: list[Record]
    run: Run
    share: float


def law(sizes: list[int], values: list[float], power: float) -> tuple[float, float]:
    """
    Return factor and power of ``value = factor * size ** power``: least squares in logarithms.

    Parameters
    ----------
    sizes : list of int
    values : list of float
    power : float
        What is taken where there is one size only.
    """
    x, y = np.log(sizes), np.log(np.maximum(values, 1e-12))
    if len(set(sizes)) > 1:
        slope, cut = np.polyfit(x, y, 1)
        return float(np.exp(cut)), float(slope)
    return float(np.exp((y - power * x).mean())), power


def plan(record: Record) -> dict[str, Calibrated]:
    """Return what each kind of market that was measured would take at the planned size."""
    found = {}
    for kind in KINDS:
        rows = sorted(
            (one for one in record.get("executors", ()) if _calibrates(one) and _kind(one) == kind),
            key=lambda one: int(one["left"]),
        )
        if rows:
            run = _planned(rows)
            share = run.here_s / (run.here_s + run.rounds * run.left * run.row_s)
            found[kind] = Calibrated(rows, run, share)
    return found


def _calibrates(one: Record) -> bool:
    to_the_end = "failure" not in one and one["limit"] in (None, "GAP")
    return bool(to_the_end and one["engine"] == "threads" and one["workers"] == 1 and one["rounds"])


def _kind(one: Record) -> str:
    return "tight" if one["recipe"]["arguments"].get("places") else "plenty"


def _planned(measured: list[Record]) -> Run:
    left, right = ([one[side] for one in measured] for side in ("left", "right"))

    def followed(sizes: list[int], values: list[float], power: float, to: int) -> float:
        factor, slope = law(sizes, values, power)
        return factor * float(to) ** slope

    return Run(
        left=LEFT,
        right=RIGHT,
        rounds=max(one["rounds"] for one in measured),
        here_s=followed(left, [_here(one) for one in measured], 1.0, LEFT),
        row_s=followed(right, [one["working_s"] / one["rows"] for one in measured], 0.0, RIGHT),
        spread=float(np.mean([_spread(one) for one in measured])),
        plant_s=followed(right, [float(np.mean(one["plant_s"])) for one in measured], 1.0, RIGHT),
        left_bytes=measured[-1]["shard_bytes"]["left"] / measured[-1]["left"],
        right_bytes=measured[-1]["shard_bytes"]["right"] / measured[-1]["right"],
        back=max(one["back_bytes"] / one["rows"] for one in measured),
        shards_each=rounds.SHARDS_EACH,
        least_shard=rounds.LEAST_SHARD,
    )


def _here(one: Record) -> float:
    """Return the seconds of this machine: by the clock, or of the processor where others kept it busy."""
    return float(min(one["here_s"], one["here_processor_s"]))


def _spread(one: Record) -> float:
    """Return the standard deviation of the logarithm of the seconds of shards, within rounds."""
    logs = [np.log(np.maximum(times, 1e-9)) for times in one["shard_s"] if len(times) > 1]
    return float(np.sqrt(np.mean([times.var(ddof=1) for times in logs]))) if logs else 0.0


def hoped(calibrated: Calibrated) -> Run:
    """Return a run that does as much elsewhere, and so much less here that its serial share is small."""
    run = calibrated.run
    return run._replace(here_s=HOPED / (1 - HOPED) * run.rounds * run.left * run.row_s)


def mean_s(run: Run, workers: int, network: Network, *, on_demand: bool = False) -> float:
    """Return the seconds of a run on so many workers, the mean of some draws."""
    found = [
        total_s(run, workers, network, np.random.default_rng(seed), on_demand=on_demand)
        for seed in range(DRAWS)
    ]
    return float(np.mean(found))


def network_of(record: Record, bandwidth: float = BANDWIDTH) -> Network:
    """Return the assumed network, with what a call of Dask took."""
    calls = [one["call_s"] for one in record["executors"] if one.get("engine") == "dask" and "call_s" in one]
    return Network(bandwidth, LATENCY_S, min(calls, default=0.001))


# -- The page ----------------------------------------------------------------------------------------------


def lines(record: Record) -> Iterator[str]:
    """Yield the lines of the page."""
    made = plan(record)
    yield from ("# Planning: the numbers", "")
    yield from said(
        "Made by `make results` from `results/scale.json`; "
        "[planning](../docs/planning.md) says what they mean."
    )
    yield from ("", "## Rounds", "")
    if record.get("note"):
        yield from (*said(f"Note: {record['note']}"), "")
    yield from _rounds(record)
    if not made:
        return
    network = network_of(record)
    seconds = {kind: {w: mean_s(one.run, w, network) for w in WORKERS} for kind, one in made.items()}
    first = next(iter(made))
    seconds["hoped for"] = {w: mean_s(hoped(made[first]), w, network) for w in WORKERS}
    yield from ("", "## Laws", "")
    yield from _laws(made)
    yield from ("", "## What is sent", "")
    yield from _sent(made[first].run)
    yield from ("", "## Time", "")
    yield from _time(made[first].run, seconds)
    yield from ("", "## Where it stops", "")
    yield from _stops(record, made, seconds)
    yield from ("", "## Memory", "")
    yield from _memory(record, made[first].run)
    yield from ("", "## The check", "")
    yield from _check(record, network, made[first].run)


def _title(one: Calibrated) -> str:
    return f"{_kind(one.rows[0])}: {one.share:.0%} serial"


def _rounds(record: Record) -> Iterator[str]:
    names = ["market", "left", "right", "rounds", "listed", "here", "there", "serial", "varies"]
    measured = [one for one in record.get("executors", ()) if _calibrates(one)]
    by_size = {one["left"]: one for one in measured if _kind(one) == "tight"}
    yield from header(names, 1)
    for one in sorted((one for one in measured if _kind(one) == "plenty"), key=lambda one: int(one["left"])):
        yield row("plenty", *_measured(one))
    for n in sorted({*by_size, *ROUNDS_AT}):
        if n in by_size:
            yield row("tight", *_measured(by_size[n]))
        else:
            yield row("tight", f"{n:,}", f"{n:,}", _why_not(record, n), *[""] * 5)


def _why_not(record: Record, n: int) -> str:
    """Return what became of a square that has no numbers."""
    for one in record.get("executors", ()):
        tried = one["engine"] == "threads" and one["workers"] == 1 and _kind(one) == "tight"
        if tried and one["recipe"]["arguments"]["num_left"] == n:
            return str(one["failure"]) if "failure" in one else f"stopped by time after {one['rounds']}"
    return "not run yet"


def _measured(one: Record) -> list[str]:
    return [
        f"{one['left']:,}",
        f"{one['right']:,}",
        str(one["rounds"]),
        f"{one['listed'] / one['rows']:.0f}",
        f"{_here(one):.1f} s",
        f"{one['working_s']:.1f} s",
        f"{_here(one) / (_here(one) + one['working_s']):.0%}",
        f"{_spread(one):.0%}",
    ]


def _laws(made: dict[str, Calibrated]) -> Iterator[str]:
    yield from header(["market", "sizes", "here", "a search", "a tree", "rounds", "serial"], 1)
    for kind, one in made.items():
        left, right = ([r[side] for r in one.rows] for side in ("left", "right"))
        here = law(left, [_here(r) for r in one.rows], 1.0)[1]
        search = law(right, [r["working_s"] / r["rows"] for r in one.rows], 0.0)[1]
        tree = law(right, [float(np.mean(r["plant_s"])) for r in one.rows], 1.0)[1]
        yield row(
            kind,
            str(len(one.rows)),
            f"{_hours(one.run.here_s)} ({here:.2f})",
            f"{one.run.row_s * 1e6:,.0f} µs ({search:.2f})",
            f"{one.run.plant_s:,.0f} s ({tree:.2f})",
            str(one.run.rounds),
            f"{one.share:.0%}",
        )


def _sent(run: Run) -> Iterator[str]:
    yield from header(["when", "what", "bytes"], 2)
    yield row("once", "the right schools, to everybody", _bytes(run.right_bytes * run.right))
    yield row("once", "the left schools, each to its shard", _bytes(run.left_bytes * run.left))
    yield row("each round", "prices, to everybody", _bytes(4 * run.right))
    yield row("each round", "floors, each to its shard", _bytes(4 * run.left))
    yield row("each round, back", "partners, points, numbers, bounds", _bytes(run.back * run.left))
    all_rounds = run.rounds * (4 * run.right + 4 * run.left + run.back * run.left)
    yield row(f"{run.rounds} rounds", "everything, through this machine", _bytes(all_rounds))
    shards = run.shards(100)
    yield row(
        f"{run.rounds} rounds",
        f"prices, were each of {shards:,} shards sent its own, as by a pool",
        _bytes(run.rounds * 4.0 * run.right * shards),
    )


def _time(run: Run, seconds: dict[str, dict[int, float]]) -> Iterator[str]:
    yield from said(
        f"*hoped for*: a run that does not exist. It searches as much as *{next(iter(seconds))}*, and does "
        f"so little on this machine that its serial share is {HOPED:.0%}."
    )
    yield ""
    yield from header(["workers", "shards", *seconds], 0)
    for w in WORKERS:
        cells = [f"{_hours(one[w])}, {one[1] / one[w]:.1f} x" for one in seconds.values()]
        yield row(f"{w:,}", f"{run.shards(w):,}", *cells)


def _stops(
    record: Record, made: dict[str, Calibrated], seconds: dict[str, dict[int, float]]
) -> Iterator[str]:
    many = WORKERS[-1]
    for kind, one in made.items():
        yield from said(
            f"*{kind}*: {one.share:.0%} of the time is one machine's, so that no number of workers makes it "
            f"more than {1 / one.share:.1f} times as fast. {stop_of(seconds[kind])} With {many:,} it is "
            f"{seconds[kind][1] / seconds[kind][many]:.1f} times.",
            "- ",
        )
    yield from said(
        f"*hoped for*: {HOPED:.0%} serial, at most {1 / HOPED:.0f} times. {stop_of(seconds['hoped for'])}",
        "- ",
    )
    run, w = hoped(next(iter(made.values()))), 100
    few, usual, much = (mean_s(run, w, network_of(record, BANDWIDTH * times)) for times in (0.1, 1, 10))
    demand = mean_s(run, w, network_of(record), on_demand=True)
    yield from said(
        f"The network, for the hoped-for run on {w} workers: {_hours(usual)}; with a tenth of the bandwidth "
        f"{_hours(few)}, with ten times as much {_hours(much)}. If shards went to whoever is free, at no "
        f"cost, it would be {_hours(demand)}.",
        "- ",
    )


def stop_of(seconds: dict[int, float]) -> str:
    """Return a sentence on the number of workers from which twice as many save too little."""
    sizes = sorted(seconds)
    for few in sizes:
        twice = [many for many in sizes if many >= 2 * few]
        if twice and seconds[twice[0]] > (1 - STOPS) * seconds[few]:
            number = "1 worker" if few == 1 else f"{few:,} workers"
            return f"From {number} on, twice as many save less than {STOPS:.0%}."
    return f"Twice as many save at least {STOPS:.0%} up to {sizes[-1]:,} workers."


def _memory(record: Record, run: Run) -> Iterator[str]:
    shard = record["shard"]
    plain = [
        one for one in record["executors"] if one.get("engine") == "alone" and one.get("bytes_per_school")
    ]
    most = max(plain, key=lambda one: int(one["left"]) + int(one["right"]), default=None)
    yield from header(["who", "what", "bytes"], 2)
    for w in (10, 100, 1000):
        rows = run.left / run.shards(w)
        own = shard["bytes_per_right"] * run.right + max(shard["bytes_per_left"], run.left_bytes) * rows
        kept = run.shards_each * own
        yield row(f"a worker of {w:,}", f"{run.shards_each} shards of {rows:,.0f} left schools", _bytes(kept))
    if most is not None:
        held = most["bytes_per_school"] * (run.left + run.right)
        what = f"{most['bytes_per_school']:,} a school, as on {most['left']:,} x {most['right']:,}"
        yield row("this machine", what, _bytes(held))
    yield row("", "the answers of a round", _bytes(run.back * run.left))


class Pass(NamedTuple):
    """The plain pass over all pairs, on one number of workers: parts, bytes that come back, seconds."""

    parts: int
    back: float
    seconds: float


def rate_of(record: Record) -> tuple[float, Record] | None:
    """Return the pairs that a core evaluates in a second, and the run that says so; None without one."""
    some = [one for one in record.get("executors", ()) if one.get("check_working_s")]
    if not some:
        return None
    best = max(some, key=lambda one: int(one["check_pairs"]))
    return best["check_pairs"] / best["check_working_s"], best


def check_on(workers: int, rate: float, network: Network, run: Run) -> Pass:
    """Return what the pass takes, schools on their way included."""
    count = parts.number_of_parts(LEFT, RIGHT, workers)
    rows = LEFT / count
    back = 8 * rows + parts.bytes_reached(RIGHT)
    common, own = (run.right_bytes + 8) * RIGHT, (run.left_bytes + 1) * rows
    stage = Stage(0.0, common, own, back, [rows * RIGHT / rate] * count)
    return Pass(count, back * count, stage_s(stage, workers, network))


def _check(record: Record, network: Network, run: Run) -> Iterator[str]:
    found = rate_of(record)
    if found is None:
        yield "Not measured yet."
        return
    rate, where = found
    pairs = float(LEFT) * RIGHT
    size = f"{where['left']:,} x {where['right']:,}"
    text = (
        f"{pairs:.0e} pairs, at {rate:.1e} a second of one core, as on {size}: {_hours(pairs / rate)} of it."
    )
    yield from said(text.replace("e+0", "e").replace("e+", "e"))
    yield ""
    yield from header(["workers", "parts", "back", "time"], 0)
    one = check_on(1, rate, network, run).seconds
    for w in WORKERS:
        made = check_on(w, rate, network, run)
        cells = (_bytes(made.back), f"{_hours(made.seconds)}, {one / made.seconds:.1f} x")
        yield row(f"{w:,}", f"{made.parts:,}", *cells)


def said(text: str, mark: str = "") -> list[str]:
    """Return a sentence as lines."""
    return textwrap.wrap(text, 118, initial_indent=mark, subsequent_indent=" " * len(mark))


def _bytes(number: float) -> str:
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= size:
            value = number / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    return f"{number:.0f} B"


def _hours(seconds: float) -> str:
    for size, unit in ((86400 * 2, "days"), (7200, "h"), (120, "min")):
        if seconds >= size:
            return f"{seconds / (86400 if unit == 'days' else 3600 if unit == 'h' else 60):,.1f} {unit}"
    return f"{seconds:.0f} s"


# -- The figure --------------------------------------------------------------------------------------------


def paint(figure: Any, record: Record) -> bool:
    """Paint how many times as fast a run is, by workers; return whether there is anything to see."""
    made = plan(record)
    if not made:
        return False
    network = network_of(record)
    shown = [(_title(one), one.share, one.run) for one in made.values()]
    shown.append((f"hoped for: {HOPED:.0%} serial", HOPED, hoped(next(iter(made.values())))))
    axes = figure.subplots()
    curves = [
        (f"match, {title}", [mean_s(run, w, network) for w in WORKERS], 1 / share)
        for title, share, run in shown
    ]
    run = shown[0][2]
    if (found := rate_of(record)) is not None:
        curves.append(("check", [check_on(w, found[0], network, run).seconds for w in WORKERS], None))
    for number, (title, seconds, ever) in enumerate(curves):
        colour = ("#1f4e79", "#c46210", "#4b7f52", "#7a4b8c")[number]
        axes.plot(WORKERS, [seconds[0] / one for one in seconds], "o-", color=colour, ms=5, label=title)
        if ever is not None:
            axes.axhline(ever, color=colour, lw=1, ls=(0, (2, 3)))
    axes.set(xscale="log", yscale="log", xlabel="workers", ylabel="times as fast as with one worker")
    axes.set(xlim=(0.9, 1.3 * WORKERS[-1]), ylim=(0.8, 1.3 * WORKERS[-1]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,g}")
    title = f"{LEFT:,} x {RIGHT:,}, simulated; dotted: what the serial part allows"
    axes.set_title(title, loc="left", fontsize=10)
    axes.legend(loc="upper left")
    return True


def write(results: Path, out: Path) -> list[Path]:
    """Write the page and the figure; return what was written."""
    file = results / "scale.json"
    record: Record = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if record.get("quick"):
        raise SystemExit(f"{file}: a quick run is no result; run the benchmark without --quick")
    out.mkdir(parents=True, exist_ok=True)
    page = out / "PLANNING.md"
    page.write_text("\n".join(lines(record)) + "\n", encoding="utf-8")
    return [page, *draw_svg({"speedup": lambda figure: paint(figure, record)}, out / "plots")]


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planning", description=__doc__.split("\n")[1])
    parser.add_argument("--results", type=Path, default=HERE / "results", help="folder of stored results")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    options = parser.parse_args()
    for file in write(options.results, options.out):
        print(file)


if __name__ == "__main__":
    main()
