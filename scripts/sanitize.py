"""
Run the tests of the compiled core under sanitizers: ``make sanitize``, ``make sanitize SANITIZE=thread``.

The core and the checker are compiled again with GCC's sanitizers, into a build folder and a copy of the
package of their own; the installed package stays as it is. Python itself is not instrumented, so the runtime
of the sanitizer is preloaded. Site packages are put on the path without the ``site`` module, because an
editable install would hand out the installed modules. Any finding ends the run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Tests that go through every compiled function, small ones: a few minutes with sanitizers, a process a core.
SUITE = (
    "tests/graph/test_explicit.py",
    "tests/graph/test_scored.py",
    "tests/graph/test_slopes.py",
    "tests/solvers/test_called.py",
    "tests/solvers/test_lists.py",
    "tests/solvers/test_network.py",
    "tests/solvers/test_random.py",
    "tests/certify/test_blocking.py",
    "tests/certify/test_check.py",
    "tests/certify/test_plain_pass.py",
    "tests/certify/test_pruned_pass.py",
    "tests/assignment/test_assign.py",
    "tests/assignment/test_dense.py",
    "tests/mechanisms/test_procedures.py",
    "tests/repairing/test_repair.py",
)

#: Preloaded, with what the runtime needs to see exceptions pass, and how findings are told.
RUNTIMES = {
    "address,undefined": ("libasan.so", "libubsan.so", "libstdc++.so"),
    "thread": ("libtsan.so", "libstdc++.so"),
}
OPTIONS = {
    # Leaks are looked for where there is no interpreter: by the fuzz targets.
    "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
    "PYTHONMALLOC": "malloc",  # no pools between the arrays of Python and what the sanitizer sees
}


def build(sanitize: str, folder: Path, source: Path = ROOT) -> Path:
    """Compile the modules with sanitizers; return the folder to put on the path."""
    tools = Path(sysconfig.get_path("scripts"))
    cmake = str(tools / "cmake") if (tools / "cmake").exists() else "cmake"
    given = [
        f"-DTWINMATCH_SANITIZE={sanitize}",
        f"-DPython_EXECUTABLE={sys.executable}",
        "-DCMAKE_BUILD_TYPE=None",
    ]
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([cmake, "-S", source, "-B", folder, "-G", "Ninja", *given], check=True, env=environment)
    subprocess.run([cmake, "--build", folder], check=True, env=environment)
    package = folder / "package" / "twinmatch"
    shutil.rmtree(package.parent, ignore_errors=True)
    shutil.copytree(
        source / "src" / "twinmatch", package, ignore=shutil.ignore_patterns("__pycache__", "*.so")
    )
    for module in folder.glob("*.so"):
        shutil.copy2(module, package)
    return package.parent


def environment(sanitize: str, package: Path) -> dict[str, str]:
    """Return the environment of a Python that has this package and no installed one."""

    def runtime(name: str) -> str:
        asked = ["c++", f"-print-file-name={name}"]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    paths = [package, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return (
        os.environ
        | OPTIONS
        | {
            "LD_PRELOAD": " ".join(map(runtime, RUNTIMES[sanitize])),
            "PYTHONPATH": os.pathsep.join(dict.fromkeys(map(str, paths))),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
    )


def main() -> int:
    """Build, and run the suite or the tests that were named."""
    sanitize = sys.argv[1] if len(sys.argv) > 1 else "address,undefined"
    if sanitize not in RUNTIMES:
        print(f"sanitizers are {' or '.join(RUNTIMES)}, not {sanitize}", file=sys.stderr)
        return 2
    package = build(sanitize, ROOT / "build" / f"sanitize-{sanitize.replace(',', '-')}")
    python, variables = [sys.executable, "-S"], environment(sanitize, package)
    # No other package is tested by mistake.
    check = "import sys, twinmatch._core as core; sys.exit(not core.__file__.startswith(sys.argv[1]))"
    subprocess.run([*python, "-c", check, package], check=True, env=variables)
    options = ["-p", "no:cacheprovider", "-p", "no:faulthandler", "--hypothesis-profile=sanitize", "-q", "-x"]
    options += ["--capture=sys"]  # what a sanitizer says last goes to the file descriptor
    command = [*python, "-m", "pytest", *options]
    if tests := sys.argv[2:]:
        return subprocess.run([*command, *tests], cwd=ROOT, env=variables).returncode
    return run([[*command, *part] for part in parts(len(os.sched_getaffinity(0)))], variables)


def parts(jobs: int) -> list[tuple[str, ...]]:
    """Divide the suite among processes."""
    return [part for k in range(jobs) if (part := SUITE[k::jobs])]


def run(commands: list[list[str]], variables: dict[str, str]) -> int:
    """Run commands side by side, show what each said, and return whether one failed."""
    failed = 0
    with ExitStack() as stack:
        outputs = [stack.enter_context(tempfile.TemporaryFile()) for _ in commands]
        started = [
            subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=subprocess.STDOUT)
            for command, output in zip(commands, outputs, strict=True)
        ]
        for process, output in zip(started, outputs, strict=True):
            failed |= process.wait() != 0
            output.seek(0)
            print(output.read().decode(errors="replace"), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
