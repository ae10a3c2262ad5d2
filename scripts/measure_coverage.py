"""
Run the tests and see which lines and branches of the library they take; end with 1 where that is too few.

The whole library: at least 95 in 100. Readers, which take what comes from outside, and the checker: all.
Tests run folder by folder, those of readers first. A part that is done is kept, and a run that was stopped
goes on; parts that were measured on other sources are measured again. Processes that tests start or fork are
measured too. ``--report`` takes what is there; ``--page FILE`` writes the table: of all packages once all is
done, and of the readers alone before that, since the rest would look worse than it is.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from twinmatch import __version__

FOLDER = Path("build/coverage")
LEAST = 95.0
#: Everything in these is covered.
READERS = (
    "twinmatch/intake/",
    "twinmatch/registers/",
    "twinmatch/saving/",
    "twinmatch/columns.py",
    "twinmatch/contacts.py",
    "twinmatch/spreadsheet.py",
    "twinmatch/schools.py",
    "twinmatch/tables/cells.py",
    "twinmatch/tables/frames.py",
    "twinmatch/changing/forms.py",
    "twinmatch/changing/reading.py",
    "twinmatch/policy/toml.py",
    "twinmatch/policy/document.py",
)
WHOLE = (*READERS, "twinmatch/certify/")
#: What reaches them, and is run first; the tests of repairs save what waits and where it came from.
FIRST = ["intake", "registers", "saving", "schools", "changes", "policy"]
FIRST += ["hostile", "repairing", "matching", "mechanisms"]


def main() -> int:
    """Measure, print a table and what is not covered where everything has to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the table as a page")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not options.report:
        for part in parts():
            measure(part)
    failed = [part for part in parts() if has(part, "failed")]
    lacking = [part for part in parts() if not has(part, "done") and part not in failed]
    files = [str(path) for part in parts() if part not in lacking for path in data_of(part)]
    if not files or coverage("combine", "--keep", "--quiet", f"--data-file={FOLDER}/all", *files):
        return 2
    report = FOLDER / "coverage.json"
    if coverage("json", "--quiet", f"--data-file={FOLDER}/all", "-o", str(report)):
        return 2
    told = json.loads(report.read_text(encoding="utf-8"))
    rows = table_of(told["files"])
    share = told["totals"]["percent_covered"]
    for name, taken, whole in rows:
        print(f"{name:<24} {taken / max(1, whole):7.2%}  {taken:,} of {whole:,}")
    print(f"{'all':<24} {share:6.2f}%  (at least {LEAST:.0f}% wanted)")
    holes = holes_of(told["files"])
    for line in holes:
        print(f"everything here should be covered: {line}")
    for part in failed:
        print(f"tests failed: {part}")
    for part in lacking:
        print(f"not measured: {part}")
    if options.page is not None:
        shown = rows if not lacking else readers_of(told["files"])
        options.page.write_text(page(shown, share, holes, lacking, failed), encoding="utf-8")
    return 1 if holes or failed or lacking or share < LEAST else 0


def parts() -> list[str]:
    """Return what is run one after the other: folders of tests, and files beside them."""
    found = sorted(
        path.name
        for path in Path("tests").iterdir()
        if (path.is_dir() and any(path.glob("test_*.py"))) or path.match("test_*.py")
    )
    return sorted(found, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))


def sources(part: str) -> str:
    """Return a digest of what a part measures, and with what."""
    digest = hashlib.sha256()
    place = Path("tests") / part
    tests = [place] if place.is_file() else sorted(place.rglob("*.py"))
    for path in [*sorted(Path("src").rglob("*.py")), *tests]:
        digest.update(f"{path}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def place_of(part: str) -> Path:
    """Return where the data of a part are."""
    return FOLDER / "parts" / part.removesuffix(".py")


def data_of(part: str) -> list[Path]:
    """Return the data of a part: a file for each process."""
    return sorted(place_of(part).glob("data.*"))


def has(part: str, mark: str) -> bool:
    """Return whether a part was measured on the sources of now, and all its tests passed, or some failed."""
    path = place_of(part) / mark
    return path.exists() and path.read_text(encoding="utf-8") == sources(part)


def measure(part: str) -> None:
    """Measure a part, unless that was done and its tests passed."""
    if has(part, "done"):
        return
    place = place_of(part)
    place.mkdir(parents=True, exist_ok=True)
    for old in place.iterdir():
        old.unlink()
    before = sources(part)
    data = f"--data-file={(place / 'data').resolve()}"
    # 1: some tests failed; 5: there were none, as all are marked and run by other commands.
    mark = {0: "done", 1: "failed", 5: "done"}.get(
        coverage("run", data, "-m", "pytest", "-q", f"tests/{part}")
    )
    if mark is not None and before == sources(part):
        (place / mark).write_text(before, encoding="utf-8")


def coverage(*arguments: str) -> int:
    """Run the tool."""
    return subprocess.run([sys.executable, "-m", "coverage", *arguments], check=False).returncode


def table_of(files: dict) -> list[tuple[str, int, int]]:
    """Return lines and branches taken and there by folder of the library; modules without one together."""
    groups: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file, one in files.items():
        inside = file.split("twinmatch/", 1)[1]
        group = groups[inside.split("/")[0] if "/" in inside else "(modules)"]
        total = one["summary"]
        group[0] += total["covered_lines"] + total["covered_branches"]
        group[1] += total["num_statements"] + total["num_branches"]
    return [(name, taken, whole) for name, (taken, whole) in sorted(groups.items())]


def readers_of(files: dict) -> list[tuple[str, int, int]]:
    """Return the same of the readers, by folder and module."""
    found = []
    for reader in READERS:
        total = [one["summary"] for file, one in files.items() if reader in file]
        taken = sum(one["covered_lines"] + one["covered_branches"] for one in total)
        whole = sum(one["num_statements"] + one["num_branches"] for one in total)
        found.append((reader.removeprefix("twinmatch/").rstrip("/"), taken, whole))
    return found


def holes_of(files: dict) -> list[str]:
    """Return what is not taken where everything has to be."""
    found = []
    for file, one in sorted(files.items()):
        if any(part in file for part in WHOLE) and (one["missing_lines"] or one["missing_branches"]):
            branches = [f"{a}->{b}" for a, b in one["missing_branches"] if a not in one["missing_lines"]]
            found.append(f"{file}: lines {one['missing_lines']}, branches {branches}")
    return found


def page(
    rows: list[tuple[str, int, int]], share: float, holes: list[str], lacking: list[str], failed: list[str]
) -> str:
    """Return the table as a page; of the readers only where parts are not measured."""
    whole = [f"| **all** | | | **{share:.1f}%** |"]
    if lacking:
        holes = [one for one in holes if any(part in one for part in READERS)]
        whole = [
            "",
            "This run was not finished, and says nothing of the rest of the library. Not measured are",
            f"{', '.join(lacking)}.",
        ]
    lines = [
        "# Coverage",
        "",
        f"Made by `make coverage` on {datetime.date.today()}, version {__version__}. Lines and branches",
        "of each package that the tests take, without tests that carry a marker.",
        "",
        "| package | taken | of | share |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {name} | {taken:,} | {whole:,} | {taken / max(1, whole):.1%} |" for name, taken, whole in rows),
        *whole,
        "",
    ]
    if failed:
        lines += [f"Some tests failed in {', '.join(failed)}.", ""]
    if holes:
        lines += ["Not taken where everything should be:", "", *(f"- `{line}`" for line in holes), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
