"""
Estimates beside what was measured: ``python -m benchmarks.estimates`` writes ``benchmarks/ESTIMATES.md``.

Seconds that were measured, and the memory of markets, are in the stored results of the benchmarks (``make
benchmarks``); the memory of arrays is measured here. What is estimated is asked again, in a process of its
own for each instance. So a busy machine delays the table, and hardly changes it: time is tried by the watch
of the processor.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.instances import Instance, Lists, Market
from benchmarks.plan import BENCHMARKS, SCALE_GAP, cases
from benchmarks.process import peak_mb

ROOT = Path(__file__).resolve().parent
#: The instances on which bytes and powers were fitted, with thinned ones of their kind, and the squares of
#: ``scale`` to its gap; the others check.
FITTED = (
    "synthetic mild 60,000 x 200,000",
    "synthetic mild 20,000 x 66,000",
    "registers, default policy",
    "registers-balance",
    "registers-nested",
    "registers-cells",
    "sparse mild 60,000 x 200,000 x 32",
    "arrays-nested 20,000 x 40,000 x 16",
    "dense uniform 5,000",
    "dense geometric 1,000",
    "arrays-crossed 100 x 100, draw 0",
)


def estimated(instance: Instance, gap: float) -> dict[str, Any]:
    """Return the estimate of an instance, solved to a relative gap, in this process."""
    import twinmatch as tm
    from benchmarks.runs import THREADS
    from twinmatch.estimating import probing

    probing.PATIENCE_S = 20.0  # on a busy machine a second of the processor takes longer
    built = instance.build()
    if isinstance(built, Market):
        told = tm.estimate(built.left, built.right, built.policy, gap=gap, threads=THREADS)
    else:
        points = built.sparse() if isinstance(built, Lists) else built.points
        everybody = not isinstance(built, Lists) or built.everybody
        options: dict[str, Any] = {"require_all": True} if everybody else {"coverage_first": True}
        told = tm.estimate_assign(points, quotas=built.quotas, threads=THREADS, **options)
    record = {
        "memory": told.memory,
        "seconds": told.seconds,
        "probes": [[*probe] for probe in told.probes],
    }
    if not isinstance(built, Market):
        # The memory that a benchmark has stored is mostly what it took to make the instance.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        told = tm.estimate_assign(points, quotas=built.quotas, threads=THREADS, **options)
        record["memory"] = told.memory
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        tm.assign(points, quotas=built.quotas, threads=THREADS, **options)
        record["measured_mb"] = peak_mb()
    return record


def rows() -> list[dict[str, Any]]:
    """Return estimate and measurement of every instance that has a stored result."""
    found: dict[str, dict[str, Any]] = {}
    for name in BENCHMARKS:
        file = ROOT / "results" / f"{name}.json"
        if not file.exists():
            continue
        stored = json.loads(file.read_text(encoding="utf-8"))
        gaps = {case.instance.name: case.gap for case in cases(name, quick=False)}
        for record in (stored, *stored["runs"]):
            key = record["instance"]
            # A run that was cut short says nothing of the time to a proof.
            if key in found or key not in gaps or "failure" in record or record.get("limit") == "DEADLINE":
                continue
            recipe, gap = json.dumps({"name": key, **record["recipe"]}), gaps[key]
            command = [sys.executable, "-m", "benchmarks.estimates", "--one", recipe, "--gap", str(gap)]
            child = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True, check=True)
            told = json.loads(child.stdout.splitlines()[-1])
            found[key] = {
                "instance": key,
                "measured_s": record["solve_s"],
                "measured_mb": record["peak_mb"],
                "fitted": key in FITTED or gap == SCALE_GAP,
            } | told
            print(json.dumps(found[key]), file=sys.stderr, flush=True)
    return list(found.values())


def page(found: list[dict[str, Any]]) -> str:
    """Return the table, the share of hits first."""
    lines = []
    for row in found:
        memory = row["memory"] / 1e6 / row["measured_mb"]
        time = None if row["seconds"] is None else row["seconds"] / row["measured_s"]
        row["memory_hit"], row["time_hit"] = 0.7 <= memory <= 1.3, time is not None and 0.5 <= time <= 2
        told = "unknown" if time is None else f"{row['seconds']:.3g} s"
        ratio = "" if time is None else f"{time:.2f}"
        cells = (
            row["instance"],
            "fitted" if row["fitted"] else "checked",
            f"{row['memory'] / 1e6:,.0f} MB",
            f"{row['measured_mb']:,.0f} MB",
            _bold(f"{memory:.2f}", row["memory_hit"]),
            told,
            f"{row['measured_s']:.3g} s",
            _bold(ratio, row["time_hit"]),
        )
        lines.append(f"| {' | '.join(cells)} |")
    checked = [row for row in found if not row["fitted"]]
    head = [
        "# Estimates",
        "",
        "Made by `python -m benchmarks.estimates`: what `tm.estimate` and `tm.estimate_assign` say of each",
        "instance of the benchmarks, on two threads, and what its run took (`benchmarks/results`, at the",
        "commit that each result names). Memory is that of the process at its peak. A ratio is estimated",
        "over measured; it is **bold** where memory is not within 30 %, or time not within a factor of 2.",
        "Bytes and powers were fitted on the instances that say so, and on thinned ones of their kind. The",
        "one second of trying is one of the processor.",
        "Squares with 1.05 places are solved to a gap of 1e-5, where they do not say otherwise.",
        "",
    ]
    for what, some in (("all", found), ("checked", checked)):
        memory, time = (sum(row[key] for row in some) for key in ("memory_hit", "time_hit"))
        head.append(f"- {what}: memory {memory} of {len(some)}, time {time} of {len(some)}")
    table = [
        "",
        "| instance | | memory estimated | measured | ratio | time estimated | measured | ratio |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    return "\n".join([*head, *table, *lines]) + "\n"


def _bold(text: str, is_hit: bool) -> str:
    return text if is_hit else f"**{text}**"


def main() -> None:
    """Write the page, or be the child."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimates", description=__doc__)
    parser.add_argument("--one", metavar="RECIPE", help=argparse.SUPPRESS)
    parser.add_argument("--gap", type=float, default=0.0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(estimated(Instance(**json.loads(options.one)), options.gap)))
        return
    (ROOT / "ESTIMATES.md").write_text(page(rows()), encoding="utf-8")


if __name__ == "__main__":
    main()
