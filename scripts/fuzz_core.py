"""
Fuzz the compiled core with libFuzzer: ``make fuzz-core``, ``make fuzz-core SECONDS=600``.

Every target of ``cpp/fuzz`` is compiled by Clang with the address and the undefined-behaviour sanitizer,
without Python. The inputs that are committed run first, then new ones, for the same time each. What fails is
kept in ``build/fuzz``, and ends the run: ``build/fuzz/TARGET FILE`` shows it again.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE, BUILD = ROOT / "cpp" / "fuzz", ROOT / "build" / "fuzz"
TARGETS = tuple(sorted(path.stem for path in SOURCE.glob("*.cpp")))


def build() -> None:
    """Compile the targets."""
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    given = ["-DCMAKE_CXX_COMPILER=clang++", "-DCMAKE_BUILD_TYPE=None"]
    for command in (["cmake", "-S", SOURCE, "-B", BUILD, "-G", "Ninja", *given], ["cmake", "--build", BUILD]):
        subprocess.run(command, check=True, env=os.environ | {"PATH": path})


def fuzz(target: str, seconds: float) -> str | None:
    """Run the committed inputs of a target, then new ones; return what it did, or None if it failed."""
    known, found = SOURCE / "corpus" / target, BUILD / "found" / target
    found.mkdir(parents=True, exist_ok=True)
    options = ["-timeout=60", "-print_final_stats=1", f"-artifact_prefix={BUILD}/{target}-", "-max_len=256"]
    for more in (["-runs=0"], ["-len_control=0", f"-max_total_time={max(1, round(seconds))}"]):
        run = subprocess.run(
            [BUILD / target, *options, *more, found, known], capture_output=True, text=True, errors="replace"
        )
        if run.returncode:
            print(run.stderr[-8000:], file=sys.stderr)
            return None
    executions = re.findall(r"number_of_executed_units: (\d+)", run.stderr)
    covered = re.findall(r"cov: (\d+)", run.stderr)
    return f"{int(executions[-1]):>12,} executions, {int(covered[-1]):,} edges covered"


def main() -> int:
    """Fuzz every target for its share of the seconds given."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    build()
    for target in TARGETS:
        done = fuzz(target, seconds / len(TARGETS))
        print(f"{target:10}{done or ' failed'}", flush=True)
        if done is None:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
