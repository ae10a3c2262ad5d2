"""Run a benchmark and print, or write, its numbers as JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import twinmatch as tm
from benchmarks.runs import RUNS


def main() -> None:
    """Run the benchmark that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=sorted(RUNS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write here instead of stdout")
    parser.add_argument("--quick", action="store_true", help="smaller instances, well under a minute")
    options = parser.parse_args()
    first, *others = RUNS[options.name](quick=options.quick)
    record = {"name": options.name, "version": tm.__version__, **first, "runs": others}
    text = json.dumps(record, indent=1)
    if options.json is None:
        print(text)
    else:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
