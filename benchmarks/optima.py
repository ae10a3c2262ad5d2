"""
Published optima: what everybody who solves these instances must find.

``optima.json`` lists instances with their recipe, their digest, the most pairs and the most points that are
possible, each proven by a certificate. ::

    python -m benchmarks.optima collect [FILE ...]   # add the proven optima of stored results
    python -m benchmarks.optima check [NAME ...]     # make instances again; compare digests, solve, prove

A measured run whose instance is listed here asserts its objective on its own.
"""

from __future__ import annotations

import argparse
import json
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["check", "collected", "published"]

HERE = Path(__file__).resolve().parent
FILE = HERE / "optima.json"


@cache
def published() -> dict[str, dict[str, Any]]:
    """Return the published optima by digest."""
    if not FILE.exists():
        return {}
    entries = json.loads(FILE.read_text(encoding="utf-8"))["optima"]
    return {entry["sha256"]: entry for entry in entries}


def check(record: dict[str, Any], known: dict[str, dict[str, Any]] | None = None) -> bool:
    """
    Compare a run with the published optimum of its instance.

    Returns
    -------
    bool
        Whether there is one.

    Raises
    ------
    AssertionError
        If both cannot be right.
    """
    entry = (published() if known is None else known).get(record["sha256"])
    if entry is None:
        return False
    best = (entry["matched"], entry["objective"])
    found = (record["matched"], record["objective"])
    where = f"{record['instance']}: published are {best} pairs and points, found {found}"
    # Not `assert`: that would not hold under -O.
    if record["status"] == "OPTIMAL" and found != best:
        raise AssertionError(where)
    if found > best or (found[0] == best[0] and record["bound"] < best[1]):
        raise AssertionError(where)
    return True


def collected(
    records: list[dict[str, Any]], known: dict[str, dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """Return all optima, old and new, sorted by name; what is not proven is left out."""
    found = {}
    for record in (run for file in records for run in (file, *file.get("runs", ()))):
        if record.get("status") != "OPTIMAL" or "sha256" not in record:
            continue
        check(record, known)
        entry = {
            "name": record["instance"],
            **record["recipe"],
            "sha256": record["sha256"],
            "matched": record["matched"],
            "objective": record["objective"],
        }
        found.setdefault(record["sha256"], entry)  # several benchmarks may measure the same
    everything = {**(published() if known is None else known), **found}
    # One recipe, one instance: a digest that a recipe no longer makes is of the past.
    by_recipe = {json.dumps([e["generator"], e["arguments"]], sort_keys=True): e for e in everything.values()}
    return sorted(by_recipe.values(), key=lambda entry: str(entry["name"]))


def write(entries: list[dict[str, Any]], file: Path = FILE) -> None:
    """Write optima, one to a line."""
    about = (
        "Proven optima. matched is settled first where the instance is made of schools, or its recipe says "
        "that not everybody must be paired, all left nodes otherwise; objective is the most points with so "
        "many pairs. benchmarks/instances.py says what a recipe makes and how sha256 is taken."
    )
    lines = ",\n".join(f"  {json.dumps(entry)}" for entry in entries)
    file.write_text(f'{{\n "about": {json.dumps(about)},\n "optima": [\n{lines}\n ]\n}}\n', encoding="utf-8")


def main() -> None:
    """Collect or check."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.optima", description=__doc__.split("\n")[1])
    parser.add_argument("what", choices=["collect", "check"])
    parser.add_argument("which", nargs="*", help="result files to collect, or names of instances to check")
    options = parser.parse_args()
    if options.what == "collect":
        files = [Path(name) for name in options.which] or sorted((HERE / "results").glob("*.json"))
        write(collected([json.loads(file.read_text(encoding="utf-8")) for file in files]))
        return
    from benchmarks.instances import Instance
    from benchmarks.process import alone

    entries = published().values()
    unknown = set(options.which) - {entry["name"] for entry in entries}
    if unknown:
        parser.error(f"not published: {', '.join(sorted(unknown))}")
    wrong = []
    for entry in entries:
        if options.which and entry["name"] not in options.which:
            continue
        ended = alone("ours", Instance(entry["name"], entry["generator"], entry["arguments"]))
        verdict = ended.failure or ("ok" if ended.said["sha256"] == entry["sha256"] else "another digest")
        if verdict == "ok" and ended.said["status"] != "OPTIMAL":
            verdict = f"not refuted, not proven: gap {ended.said['relative_gap']:.1e}"
        elif verdict != "ok":
            wrong.append(entry["name"])
        print(f"{entry['name']}: {verdict}", flush=True)
    if wrong:
        raise SystemExit(f"{len(wrong)} of the published optima do not hold here: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
