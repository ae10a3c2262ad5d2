"""
Write ``RESULTS.md`` and its two plots from stored results.

::

    python -m benchmarks.report [--results FOLDER] [--out FOLDER]

Everything that was measured is published: peers that are faster, runs that got slower than in the campaign
before (``results/earlier/``), runs that ended with a gap. Fields that an old result lacks are left blank.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.plan import BENCHMARKS
from benchmarks.titles import TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["write"]

HERE = Path(__file__).resolve().parent
WORSE = 1.05  # times that differ by less are the same
GAPS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 0.0)

Record = dict[str, Any]

HEADINGS = {
    "national-real": "The bundled registers",
    "national-synthetic": "Synthetic markets of national size",
    "growth": "Growth",
    "sparse": "Sparse arrays",
    "dense": "Dense arrays",
    "quotas": "Quotas",
    "scale": "Far out",
    "far": "Far out, to smaller gaps",
}
READING = {
    "national-real": "All schools of the registers, one place each; the first row is the headline.",
    "national-synthetic": "Artificial nations under the default policy: five markets.",
    "growth": "The mild market at four sizes.",
    "sparse": "`tm.assign` on 32 stored partners for each left node, everybody paired; a pass recounts the "
    "stored pairs.",
    "dense": "`tm.assign` on square matrices, everybody paired; a pass recounts the matrix.",
    "quotas": "The registers without quotas, with a balance between countries, with caps that leave fewer "
    "places than schools and floors in every académie, with a cap on every académie in every country "
    "(*cells*), and with the floor for priority education across académies (*national floor*); sparse "
    "arrays with regions and parts of regions bounded on both sides, as many paired as can be; dense arrays "
    "under 12 quotas that cross, three draws, everybody paired, ours and its peer stopped after 45 seconds.",
    "scale": "Squares with 1.05 places for each left school, to a certified relative gap of 1e-5, stopped "
    "after ten minutes. *Processor* is the time of all threads; *a school* is what the process holds at its "
    "peak beyond an empty one, tables included, for each school of both sides.",
    "far": "The largest squares once more, to a gap of 1e-6, stopped after ten minutes; they and "
    "smaller ones to the optimum, stopped after half an hour.",
}


INTRODUCTION = (
    "Made by `make results` from `benchmarks/results/*.json`; `benchmarks/README.md` says how each number is",
    "taken. A *pass* is one plain look of the checker at every pair, in the same process on two threads: the",
    "yardstick that any machine can measure for itself. A *ratio* is a peer's time over ours; where it is",
    "**bold**, the peer is faster.",
)


def write(results: Path, out: Path) -> list[Path]:
    """Write the page and the plots; return what was written."""
    now, before = load(results), load(results / "earlier")
    out.mkdir(parents=True, exist_ok=True)
    plots = draw(now, out / "plots")
    page = out / "RESULTS.md"
    page.write_text("\n".join(lines(now, before, [plot.name for plot in plots])) + "\n", encoding="utf-8")
    return [page, *plots]


def load(folder: Path) -> dict[str, Record]:
    """Return the stored results of full size, in the order of the benchmarks."""
    found = {}
    for name in BENCHMARKS:
        file = folder / f"{name}.json"
        if file.exists():
            record = json.loads(file.read_text(encoding="utf-8"))
            if record.get("quick"):
                raise SystemExit(f"{file}: a quick run is no result; run the benchmark without --quick")
            found[name] = record
    return found


def runs(record: Record) -> Iterator[Record]:
    """Yield the headline and the other runs."""
    yield record
    yield from record.get("runs", ())


# -- The page ----------------------------------------------------------------------------------------------


def lines(now: dict[str, Record], before: dict[str, Record], plots: list[str]) -> Iterator[str]:
    """Yield the lines of the page."""
    yield from ("# Results", "", *INTRODUCTION)
    for file, words in (
        ("time.svg", "Seconds against pairs, for twinmatch, for the plain pass and for its peers"),
        ("gap.svg", "Proven relative gap against seconds on the bundled registers"),
    ):
        if file in plots:
            yield from ("", f"![{words}](plots/{file})")
    origins = {provenance(record) for record in now.values()}
    if len(origins) == 1:
        yield from ("", *origins)
    for name, record in now.items():
        yield from ("", f"## {HEADINGS[name]}", "", f"`{name}`. {READING[name]}", "")
        if len(origins) > 1:
            yield from (provenance(record), "")
        if "note" in record:
            yield from (f"Note: {record['note']}", "")
        yield from {"scale": scale_table, "far": square_table}.get(name, own_table)(record)
        if phases := record.get("phases_s"):
            spent = ", ".join(f"{phase} {seconds(value)}" for phase, value in phases.items())
            yield from ("", f"The first row by phase: {spent}.")
        if "exponent" in record:
            yield ""
            yield f"Time grows like the number of left schools to the power {record['exponent']:.2f}."
        if name == "national-real" and any(run.get("trajectory") for run in runs(record)):
            yield from gap_table(record)
        yield from quota_table(record)
        yield from peer_table(record)
    yield from changes(now, before)


def provenance(record: Record) -> str:
    """Return a sentence on what the numbers were measured on."""
    found = f"twinmatch {record['version']}"
    if record.get("commit"):
        found += f" at `{record['commit']}`"
    if machine := record.get("machine"):
        found += f", on {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']:.0f} GB"
        found += f", {machine['system']}"
    for package, number in record.get("versions", {}).items():
        found += f", {package} {number}" if number else ""
    return found + "."


def own_table(record: Record) -> Iterator[str]:
    """Yield the table of the library's own runs."""
    yield from header(
        ["instance", "pairs", "pass", "pairs/s", "solve", "solve / pass", "gap", "objective", "peak memory"],
        1,
    )
    for run in runs(record):
        yield row(
            run["instance"],
            count(run["pairs"]),
            seconds(run["scan_s"]),
            count(run["scan_rate"]),
            seconds(run["solve_s"]),
            f"{run['solve_over_scan']:.1f}",
            gap(run),
            f"{run['objective']:,}",
            f"{run['peak_mb']:,.0f} MB",
        )


def scale_table(record: Record) -> Iterator[str]:
    """Yield the tables of the runs far out: squares, growth, and runs on executors."""
    yield from square_table(record)
    if record["exponents"]:
        powers = ", ".join(f"{value:.2f} ({market})" for market, value in record["exponents"].items())
        yield ""
        yield f"Time grows like the number of left schools to the power {powers}."
    yield from executor_table(record["executors"])


def square_table(record: Record) -> Iterator[str]:
    """Yield the table of squares."""
    names = ["instance", "pairs", "solve", "processor", "gap", "stopped by", "pass", "solve / pass"]
    yield from header([*names, "peak memory", "a school"], 1)
    for run in runs(record):
        if "failure" in run:
            yield row(run["instance"], *[""] * 4, f"**{run['failure']}**", *[""] * 4)
            continue
        yield row(
            run["instance"],
            count(run["pairs"]),
            seconds(run["solve_s"]),
            seconds(run["processor_s"]),
            gap(run),
            (run["limit"] or "").lower(),
            seconds(run["scan_s"]),
            f"{run['solve_over_scan']:.1f}",
            f"{run['peak_mb']:,.0f} MB",
            f"{run['bytes_per_school']:,} B",
        )


def executor_table(rows: list[Record]) -> Iterator[str]:
    """Yield the table of runs on executors."""
    yield ""
    yield "On executors of this one machine: threads or processes of a pool, and a Dask cluster of processes."
    yield "There are eight shards; bytes are those of all rounds together. *Alone* is the same run without an"
    yield "executor, on two threads."
    yield ""
    names = ["instance", "executor", "workers", "rounds", "shared out", "sent", "back", "solve", "check"]
    yield from header([*names, "same bytes"], 2, 1)
    for one in rows:
        if "failure" in one:
            empty = [""] * 6
            yield row(one["instance"], one["engine"], str(one["workers"]), *empty, f"**{one['failure']}**")
            continue
        shared = "rounds" in one
        verdict = {True: "yes", None: "stopped by time", False: "**no**"}[one.get("same_bytes")]
        yield row(
            one["instance"],
            one["engine"],
            str(one["workers"]),
            str(one["rounds"]) if shared else "",
            f"{one['rows']:,}" if shared else "",
            f"{one['sent_bytes'] / 1e6:,.0f} MB" if shared else "",
            f"{one['back_bytes'] / 1e6:,.0f} MB" if shared else "",
            seconds(one["solve_s"]),
            seconds(one.get("check_s")),
            verdict if shared else "",
        )


def gap_table(record: Record) -> Iterator[str]:
    """Yield the seconds after which a relative gap is proven."""
    yield ""
    yield from header(
        [
            "proven relative gap",
            *(f"{level:.0e}".replace("e-0", "e-") if level else "0" for level in GAPS),
        ],
        1,
    )
    for run in runs(record):
        if points := run.get("trajectory"):
            reached = [next((at for at, left in points if left <= level), None) for level in GAPS]
            yield row(run["instance"], *(seconds(at) for at in reached))


def quota_table(record: Record) -> Iterator[str]:
    """Yield what was asked under quotas, and whether it was reached."""
    bounded = [run for run in runs(record) if "quotas" in run]
    if not bounded:
        return
    yield ""
    yield "What is asked: a certified gap, 0 unless quotas cross on millions of pairs; and at most so many"
    yield "times the seconds of the same question without quotas, in the same campaign. A quota *presses*"
    yield "where its price is not zero."
    yield ""
    names = ["instance", "quotas", "that press", "pairs", "without quotas", "solve", "ratio", "asked"]
    yield from header([*names, "gap", "asked", "proof", "outcome"], 1, 2)
    for run in bounded:
        timed = run.get("asked") is not None
        asked_gap = run.get("asked_gap", 0.0)
        missed = [] if run["relative_gap"] <= asked_gap else ["gap"]
        if timed and run["over_free"] > run["asked"]:
            missed.append("too slow")
        yield row(
            run["instance"],
            f"{run['quotas']:,}",
            f"{run['binding']:,}",
            f"{run['matched']:,}",
            seconds(run["free_s"]) if timed else "",
            seconds(run["solve_s"]),
            f"{run['over_free']:.1f}" if timed else "",
            f"{run['asked']:g}" if timed else "",
            gap(run),
            f"{asked_gap:g}",
            run["proof"] + (", verified" if run["verified"] else ", **refused**"),
            f"**missed**: {', '.join(missed)}" if missed else "reached",
        )


def peer_table(record: Record) -> Iterator[str]:
    """Yield the table of peers."""
    rows = [(run, peer) for run in runs(record) for peer in run.get("peers", ())]
    if not rows:
        return
    yield ""
    yield from header(
        ["instance", "peer", "version", "peer", "ours", "ratio", "peer memory", "outcome"], 3, 1
    )
    for run, peer in rows:
        faster = peer["ratio"] is not None and peer["ratio"] < 1
        ratio = "" if peer["ratio"] is None else f"{peer['ratio']:.2f}"
        outcome = [peer["note"]] if peer["note"] else []
        if peer["objective"] is not None and peer["objective"] == run["objective"]:
            outcome.insert(0, "same objective")
        yield row(
            run["instance"],
            TITLES[peer["name"]],
            peer["version"] or "",
            seconds(peer["solve_s"]),
            seconds(run["solve_s"]),
            f"**{ratio}**" if faster else ratio,
            "" if peer.get("peak_mb") is None else f"{peer['peak_mb']:,.0f} MB",
            "; ".join(outcome),
        )


def changes(now: dict[str, Record], before: dict[str, Record]) -> Iterator[str]:
    """Yield what became of every run since the campaign before, worse ones first."""
    old = {(name, run["instance"]): run for name, record in before.items() for run in runs(record)}
    both = [
        (run["solve_over_scan"] / past["solve_over_scan"], name, run, past)
        for name, record in now.items()
        for run in runs(record)
        if (past := old.get((name, run["instance"]))) and "failure" not in {*run, *past}
    ]
    if not both:
        return
    yield from ("", "## Since the campaign before", "")
    commits = sorted({record.get("commit") or f"twinmatch {record['version']}" for record in before.values()})
    yield f"Time to the end in passes, before ({', '.join(commits)}; + for changes that were not"
    yield "committed) and now; rows that got worse come first."
    yield ""
    yield from header(["benchmark", "instance", "before", "now", "now / before", ""], 2, 1)
    for change, name, run, past in sorted(both, key=lambda item: -item[0]):
        verdict = "**worse**" if change > WORSE else "better" if change < 1 / WORSE else "the same"
        before_s, now_s = (f"{one['solve_over_scan']:.2f}" for one in (past, run))
        yield row(name, run["instance"], before_s, now_s, f"{change:.2f}", verdict)


def header(names: list[str], left: int, left_at_end: int = 0) -> Iterator[str]:
    """Yield the head of a table; other than the first and last columns are numbers."""
    numbers = len(names) - left - left_at_end
    yield row(*names)
    yield row(*["---"] * left, *["---:"] * numbers, *["---"] * left_at_end)


def row(*cells: str) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |"


def count(number: int) -> str:
    """Return a number of pairs for people."""
    return f"{number:.1e}".replace("e+0", "e").replace("e+", "e") if number >= 1e6 else f"{number:,}"


def seconds(value: float | None) -> str:
    """Return seconds for people."""
    if value is None:
        return ""
    return f"{value:.3f} s" if value < 1 else f"{value:.1f} s"


def gap(run: Record) -> str:
    """Return the proven gap."""
    return "0" if run["relative_gap"] == 0 else f"{run['relative_gap']:.1e}"


# -- The plots ---------------------------------------------------------------------------------------------


def draw(now: dict[str, Record], folder: Path) -> list[Path]:
    """Draw what there are numbers for."""
    painters = {"time": paint_time, "gap": paint_gap}
    return draw_svg({name: partial(paint, now=now) for name, paint in painters.items()}, folder)


def draw_svg(painters: dict[str, Callable[[Any], bool]], folder: Path) -> list[Path]:
    """Draw figures that have something to show, by name; the same numbers give the same bytes."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    style = {
        "svg.hashsalt": "twinmatch",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e6e6e6",
        "legend.frameon": False,
        "figure.figsize": (9, 5.4),
    }
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with plt.rc_context(style):
        for name, paint in painters.items():
            figure = plt.figure(layout="constrained")
            if paint(figure):
                file = folder / f"{name}.svg"
                figure.savefig(file, metadata={"Date": None})
                text = "\n".join(line.rstrip() for line in file.read_text(encoding="utf-8").splitlines())
                file.write_text(text + "\n", encoding="utf-8")
                written.append(file)
            plt.close(figure)
    return written


def paint_time(figure: Any, now: dict[str, Record]) -> bool:
    """Paint seconds against pairs, schools beside arrays; return whether there is anything to see."""
    panels = {
        "schools": ("national-real", "national-synthetic", "growth"),
        "arrays": ("sparse", "dense"),
    }
    shown = {title: [name for name in names if name in now] for title, names in panels.items()}
    shown = {title: names for title, names in shown.items() if names}
    if not shown:
        return False
    painted = [now[name] for names in shown.values() for name in names]
    peers = sorted({peer["name"] for record in painted for _, peer in ended(record)}, key=list(TITLES).index)
    looks = {
        peer: {"marker": ("x", "+", "1", "2", (5, 2, 0), (8, 2, 0), "3", "4")[k], "color": f"C{k + 1}"}
        for k, peer in enumerate(peers)
    }
    labelled: dict[str, Any] = {}
    for axes, (title, names) in zip(
        figure.subplots(1, len(shown), squeeze=False)[0], shown.items(), strict=True
    ):
        every = [(name, run) for name in names for run in runs(now[name])]
        (labelled["plain pass of the checker"],) = axes.plot(
            *columns((run["pairs"], run["scan_s"]) for _, run in every), "_", color="black", ms=11
        )
        for peer in peers:
            at = [(r["pairs"], p["solve_s"]) for n in names for r, p in ended(now[n]) if p["name"] == peer]
            if at:
                (labelled[TITLES[peer]],) = axes.plot(*columns(at), ls="none", ms=8, mew=1.8, **looks[peer])
        for name, mark in zip(names, "*os" if title == "schools" else "^D", strict=False):
            (labelled[f"twinmatch, {name}"],) = axes.plot(
                *columns((run["pairs"], run["solve_s"]) for one, run in every if one == name),
                mark,
                color="#1f4e79",
                ms=13 if mark == "*" else 7,
                mec="white",
            )
        axes.set(xscale="log", yscale="log", xlabel="pairs" if title == "schools" else "stored pairs")
        axes.set_title(f"{title}: seconds to the proven optimum", loc="left", fontsize=10)
    names = sorted(
        labelled, key=lambda name: (not name.startswith("twinmatch"), not name.startswith("plain"))
    )
    figure.legend([labelled[name] for name in names], names, loc="outside lower left", ncols=3, fontsize=8)
    return True


def columns(points: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Return pairs of numbers as two lists."""
    x, y = zip(*points, strict=True)
    return list(x), list(y)


def ended(record: Record) -> Iterable[tuple[Record, Record]]:
    """Yield the peers that came to an end, with the run they stand beside."""
    return ((run, p) for run in runs(record) for p in run.get("peers", ()) if p["solve_s"] is not None)


def paint_gap(figure: Any, now: dict[str, Record]) -> bool:
    """Paint the gap against seconds for the registers; return whether there is anything to see."""
    shown = [run for run in runs(now.get("national-real", {})) if run.get("trajectory")]
    if not shown:
        return False
    axes = figure.subplots()
    for number, run in enumerate(shown):
        colour = ("#1f4e79", "#c46210", "#4b7f52")[number % 3]
        best: list[tuple[float, float]] = []
        for at, left in run["trajectory"]:
            best.append((at, min(left, best[-1][1] if best else left)))
        above = [(at, left) for at, left in best if left > 0]
        if above:
            axes.step(*zip(*above, strict=True), where="post", color=colour, label=run["instance"])
        if best[-1][1] == 0:
            end = run["solve_s"]
            foot = above[-1][1] if above else 1
            axes.plot([above[-1][0] if above else 0, end], [foot, foot], color=colour)
            axes.plot([end], [foot], "v", color=colour, ms=9)
            axes.annotate(f"  0 after {end:.1f} s", (end, foot), color=colour, va="center", fontsize=9)
    axes.set(yscale="log", xlabel="seconds", ylabel="proven relative gap")
    axes.set_title("From the first bound to the proof, on the bundled registers", loc="left")
    axes.legend()
    axes.margins(x=0.14)
    return True


def main() -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__.split("\n")[1])
    parser.add_argument("--results", type=Path, default=HERE / "results", help="folder of stored results")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    options = parser.parse_args()
    for file in write(options.results, options.out):
        print(file)


if __name__ == "__main__":
    main()
