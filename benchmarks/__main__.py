"""Run a benchmark and print, or write, its numbers as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.machine import machine, software
from benchmarks.plan import BENCHMARKS, cases
from benchmarks.runs import run
from benchmarks.scale import besides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.plan import Case


def record_of(name: str, *, quick: bool, peers: bool, sizes: Sequence[int] = ()) -> dict[str, Any]:
    """Run a benchmark; the headline's numbers are at the top, those of other runs under ``runs``."""
    planned = cases(name, quick=quick, sizes=sizes)
    first, *others = (run(case, peers=peers, tell=_tell) for case in planned)
    compare_with_free(planned, [first, *others])
    extra: dict[str, Any] = {}
    if name == "growth":
        extra = {"exponent": exponent([first, *others])}
    if name == "scale":
        extra = besides([first, *others], quick=quick, sizes=sizes, tell=_tell)
    return {
        "name": name,
        "quick": quick,
        **software(),
        "machine": machine(),
        **first,
        **extra,
        "runs": others,
    }


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def compare_with_free(planned: list[Case], runs: list[dict[str, Any]]) -> None:
    """Note beside each run under quotas how long it takes without them, and what is asked."""
    seconds = {record["instance"]: record.get("solve_s") for record in runs}
    for case, record in zip(planned, runs, strict=True):
        if case.free is not None:
            free_s = seconds[case.free]
            ratio = round(record["solve_s"] / max(free_s, 1e-9), 2)
            record.update(free_s=free_s, over_free=ratio, asked=case.asked, asked_gap=case.asked_gap)


def exponent(runs: list[dict[str, Any]]) -> float:
    """Return the power of the number of left schools that time grows with: least squares in logarithms."""
    import numpy as np

    size, seconds = ([run[key] for run in runs] for key in ("left", "solve_s"))
    slope, _ = np.polyfit(np.log(size), np.log(seconds), 1)
    return round(float(slope), 3)


def main() -> None:
    """Run the benchmark that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=BENCHMARKS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write here instead of stdout")
    parser.add_argument("--quick", action="store_true", help="small instances, about a minute with peers")
    parser.add_argument("--no-peers", action="store_true", help="measure twinmatch only")
    parser.add_argument(
        "--note", metavar="TEXT", help="what readers must know, such as a machine that was busy"
    )
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=(),
        metavar="N",
        help="left schools of the squares of `scale`, instead of its own",
    )
    options = parser.parse_args()
    if options.sizes and options.name != "scale":
        parser.error("--sizes is of scale only")
    if any(size < 1 for size in options.sizes):
        parser.error("--sizes must be 1 or more")
    record = record_of(options.name, quick=options.quick, peers=not options.no_peers, sizes=options.sizes)
    if options.note:
        record = {"name": record.pop("name"), "note": options.note, **record}
    text = json.dumps(record, indent=1)
    if options.json is None:
        print(text)
    else:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
