"""
Run the tests and see which lines and branches of the library they take; end with 1 where that is too few.

The whole library: at least 95 in 100. What the proof and what comes in from outside rests on, the checker and
the readers: all. Processes that tests start are measured too. ``--report`` takes the last run again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

FOLDER = Path("build/coverage")
LEAST = 95.0
#: Everything in these is covered.
WHOLE = ("twinmatch/certify/", "twinmatch/registers/", "twinmatch/saving", "twinmatch/policy/toml.py")


def coverage(*arguments: str) -> int:
    """Run the tool."""
    return subprocess.run([sys.executable, "-m", "coverage", *arguments], check=False).returncode


def group_of(file: str) -> str:
    """Return the folder or module of the library that a file is in."""
    inside = file.split("twinmatch/", 1)[1]
    return inside.split("/")[0]


def main() -> int:
    """Measure, print a table and what is not covered where everything has to be."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if "--report" not in sys.argv:
        for old in FOLDER.glob("data*"):
            old.unlink()
        failed = coverage("run", "-m", "pytest", "-m", "not wheel and not browser and not slow", "-q")
        if failed:
            return failed
        coverage("combine", "--quiet")
    report = FOLDER / "coverage.json"
    if coverage("json", "--quiet", "-o", str(report)):
        return 2
    told = json.loads(report.read_text(encoding="utf-8"))
    groups: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    lacking = []
    for file, one in sorted(told["files"].items()):
        total = one["summary"]
        whole = total["num_statements"] + total["num_branches"]
        taken = total["covered_lines"] + total["covered_branches"]
        group = groups[group_of(file)]
        group[0] += taken
        group[1] += whole
        if taken < whole and any(part in file for part in WHOLE):
            branches = [f"{a}->{b}" for a, b in one["missing_branches"] if a not in one["missing_lines"]]
            lacking.append(f"{file}: lines {one['missing_lines']}, branches {branches}")
    for name, (taken, whole) in sorted(groups.items()):
        print(f"{name:<24} {taken / max(1, whole):7.2%}  {taken:,} of {whole:,}")
    share = told["totals"]["percent_covered"]
    print(f"{'all':<24} {share:6.2f}%  (at least {LEAST:.0f}% wanted)")
    for line in lacking:
        print(f"everything here should be covered: {line}")
    return 1 if lacking or share < LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
