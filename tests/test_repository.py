"""What must hold for the repository as a whole: nothing of one machine, one version, one way for imports."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import twinmatch as tm

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tracked() -> list[Path]:
    """Return every file that git tracks, or would."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> dict[str, str]:
    """Return the text of every tracked file that is text."""
    found = {}
    for path in tracked():
        content, name = path.read_bytes(), path.relative_to(ROOT).as_posix()
        if b"\0" not in content and not name.startswith("cpp/fuzz/corpus/"):
            found[name] = content.decode("utf-8")
    assert "pyproject.toml" in found
    return found


def offenders(pattern: str) -> list[str]:
    """Return ``file:line`` of every line that matches."""
    wanted = re.compile(pattern)
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if wanted.search(line)
    ]


def test_no_path_of_a_machine():
    """No tracked file names a folder that exists on somebody's machine only."""
    assert not offenders(r"(?<![\w.])/(?:work|root|home|farm|Users|tmp|opt)/[\w.]")


def test_no_package_registry():
    """No tracked file says where packages come from: that is for the machine to know."""
    assert not offenders(
        r"index[-_]url|find[-_]links|trusted[-_]host|pypi[.]org|python[h]osted|registry[ ]*="
    )


def test_nothing_left_undone():
    """No tracked file holds a note to oneself instead of the work."""
    assert not offenders(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


@pytest.mark.parametrize("folder", ["src", "scripts", "benchmarks", "docs"])
def test_no_pickle_and_no_eval(folder):
    """Nothing here loads or runs what could be somebody else's code."""
    for path in (path for path in tracked() if path.suffix == ".py" and path.is_relative_to(ROOT / folder)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
                assert not names & {"pickle", "cPickle", "dill", "marshal", "shelve", "joblib"}, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec"}, path
            if isinstance(node, ast.keyword):
                assert node.arg != "allow_pickle", path


def test_one_version():
    """The package, its metadata, the changelog and the citation name the same version."""
    changelog = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    citation = re.search(
        r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert citation
    assert tm.__version__ == PYPROJECT["project"]["version"] == changelog[0] == citation[1]


def test_compiled_modules_are_told_apart():
    """
    The proof never loads the solver's compiled loops, nor the solver the proof's.

    The import contracts say so for Python modules; import-linter does not see compiled ones.
    """
    allowed = {"_core": {"solvers", "graph", "spreading"}, "_check": {"certify"}}
    users: dict[str, set[str]] = {"_core": set(), "_check": set()}
    package = ROOT / "src" / "twinmatch"
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = (
                {alias.name for alias in node.names}
                if isinstance(node, ast.Import | ast.ImportFrom)
                else set()
            )
            named |= {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
            named |= {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()
            for module in users:
                if any(name in (module, f"twinmatch.{module}") for name in named):
                    users[module].add(path.relative_to(package).parts[0].removesuffix(".py"))
    for module, where in allowed.items():
        assert users[module], f"nothing loads {module}"
        assert users[module] <= where | {"versions"}, module


def requirement_names(requirements: list[str]) -> set[str]:
    """Return the normalised names of requirement strings."""
    return {re.split(r"[\s<>=~!\[;]", text, maxsplit=1)[0].lower().replace("_", "-") for text in requirements}


def test_continuous_integration_is_pinned():
    """Every requirement is pinned and hashed in the constraints, and nothing else is in there."""
    text = (ROOT / "constraints" / "ci.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).strip())
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==[\w.]+ \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n?)+$", entry), (
            entry
        )
    pinned = {entry.split("==")[0] for entry in entries}
    project = PYPROJECT["project"]
    wanted = [*project["dependencies"], *PYPROJECT["build-system"]["requires"]]
    wanted += [name for group in PYPROJECT["dependency-groups"].values() for name in group]
    wanted += project["optional-dependencies"]["report"]
    assert requirement_names(wanted) <= pinned


def test_every_command_of_the_documentation_exists():
    """Each ``make`` target that the documentation names is one."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for name, text in texts().items():
        if name.endswith(".md") or name == ".ci/run":
            asked = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))
            assert asked <= targets, name


def test_markers_excluded_by_default_run_elsewhere():
    """Tests that ``make test`` leaves out are run by ``.ci/run``."""
    options = PYPROJECT["tool"]["pytest"]["ini_options"]
    markers = {line.split(":")[0] for line in options["markers"]}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"not (\w+)", options["addopts"][-1])) == markers
    for marker in markers:
        assert re.search(rf'-m "[^"]*\b{marker}\b', makefile)
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert {"make test-more", "make test-browser"} <= set(re.findall(r"^make [a-z-]+$", script, re.MULTILINE))


@pytest.mark.wheel
def test_wheel_needs_no_compiler(tmp_path):
    """The wheel installs and pairs schools in a clean environment that has no compiler."""
    python = Path(sys.executable)
    wheels, clean = tmp_path / "wheels", tmp_path / "clean"
    subprocess.run(
        [python, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", wheels, ROOT],
        check=True,
    )
    (wheel,) = wheels.glob("twinmatch-*.whl")
    subprocess.run([python, "-m", "venv", clean], check=True)
    pins = tmp_path / "pins.txt"  # the versions of the constraints; a local wheel has no hash in them
    constraints = (ROOT / "constraints" / "ci.txt").read_text(encoding="utf-8")
    pins.write_text("\n".join(re.findall(r"^[a-z0-9-]+==[\w.]+", constraints, re.MULTILINE)))

    tools = tmp_path / "tools"  # a PATH with what a shell needs, and no compiler
    tools.mkdir()
    for tool in ("sh", "uname", "cat"):
        (tools / tool).symlink_to(shutil.which(tool))
    bare = {"PATH": f"{clean / 'bin'}:{tools}", "HOME": str(tmp_path), "CC": "false", "CXX": "false"}
    pip = [clean / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    passed_on = {key: value for key, value in os.environ.items() if key.startswith(("PIP_", "SSL_"))}
    subprocess.run([*pip, "--only-binary", ":all:", "-c", pins, wheel], env=passed_on | bare, check=True)

    code = """
import twinmatch as tm
left, right = tm.datasets.sample()
matching = tm.match(left, right, tm.policies.systematic_twinning())
assert matching.verify().ok
assert len(tm.datasets.france_eu()[0]) > 60_000
print(tm.__file__)
"""
    run = {"env": bare, "cwd": tmp_path, "check": True, "capture_output": True, "text": True}
    done = subprocess.run([clean / "bin" / "python", "-I", "-c", code], **run)
    assert done.stdout.startswith(str(clean))
    done = subprocess.run([clean / "bin" / "twinmatch", "--version"], **run)
    assert done.stdout == f"twinmatch {tm.__version__}\n"
    names = subprocess.run(
        [python, "-m", "zipfile", "-l", wheel], capture_output=True, text=True, check=True
    ).stdout
    for wanted in ("py.typed", "_core.pyi", "_check.pyi", "licenses/LICENSE", "licenses/NOTICE"):
        assert wanted in names
