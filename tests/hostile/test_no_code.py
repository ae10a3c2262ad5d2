"""No file is code: sources unpickle, evaluate and call a shell nowhere, and nothing written is a pickle."""

from __future__ import annotations

import ast
import pickletools
from pathlib import Path

import pytest

import twinmatch as tm

ROOT = Path(__file__).resolve().parents[2]
_NAMES = "pickle cPickle _pickle dill cloudpickle marshal shelve dbm joblib yaml code"
_MODULES = frozenset(_NAMES.split())
_STARTERS = {"subprocess", "pty", "multiprocessing", "socket", "urllib", "http", "ftplib", "ctypes"}
_CALLS = {"eval", "exec", "compile", "__import__"}
_METHODS = {"read_pickle", "to_pickle", "eval", "read_hdf", "unsafe_load", "full_load"}
#: Charts are drawn by a Python of their own in a forked child; a shell would still be found.
_ALLOWED = {
    ("src/twinmatch/reporting/drawing.py", "subprocess"),
    ("src/twinmatch/europe/page.py", "urllib"),  # urllib.parse, which writes links and opens nothing
}
#: Compiling a problem is this package's word for something else, and these are its own.
_OWN = {"compile"}


def faults_in(source: str) -> list[str]:
    """Return what in a source could run a file."""
    faults = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = {alias.name.partition(".")[0] for alias in node.names}
            faults += sorted(names & (_MODULES | _STARTERS))
        elif isinstance(node, ast.ImportFrom) and not node.level:
            faults += sorted({(node.module or "").partition(".")[0]} & (_MODULES | _STARTERS))
        elif isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name) and function.id in _CALLS - _OWN:
                faults.append(function.id)
            if isinstance(function, ast.Attribute) and function.attr in _METHODS:
                faults.append(function.attr)
            for keyword in node.keywords:
                value = keyword.value
                off = isinstance(value, ast.Constant) and value.value is False
                if keyword.arg in ("allow_pickle", "shell") and not off:
                    faults.append(keyword.arg)
            if isinstance(function, ast.Attribute) and function.attr in (
                "system",
                "popen",
                "execv",
                "spawnv",
            ):
                base = function.value
                faults += [f"os.{function.attr}"] if isinstance(base, ast.Name) and base.id == "os" else []
            if isinstance(function, ast.Attribute) and function.attr == "load":
                base = function.value
                if isinstance(base, ast.Name) and base.id in ("np", "numpy", "yaml", "torch"):
                    faults.append(f"{base.id}.load")
    return faults


@pytest.mark.parametrize(
    "source",
    [
        "import pickle", "from marshal import loads", "import shelve", "exec(text)", "os.system(x)",
        "import subprocess", "np.load(path)", "f(allow_pickle=True)", "yaml.load(x)",
        "frame.to_pickle(path)", "frame.eval('a')", "f(shell=True)", "def f():\n    import dill",
    ],
)  # fmt: skip
def test_code_that_runs_files_is_found(source):
    assert faults_in(source)


def test_sources_run_no_file():
    """No module makes code of data, starts programs or opens sockets."""
    found = {
        (str(path.relative_to(ROOT)), fault)
        for path in sorted((ROOT / "src" / "twinmatch").rglob("*.py"))
        for fault in faults_in(path.read_text(encoding="utf-8"))
    }
    assert found <= _ALLOWED


def is_pickle(data: bytes) -> bool:
    """Return whether bytes are a pickle from their beginning to an end."""
    try:
        for operation, _, _ in pickletools.genops(data):
            if operation.name == "STOP":
                return True
    except Exception:  # whatever it says, this is none
        return False
    return False


def test_files_written_and_bundled_are_no_pickles(tmp_path):
    """Saved folders, policies and the bundled registers are Parquet, CSV, JSON and TOML, and say so."""
    left, right = (schools.take(range(20)) for schools in tm.datasets.sample())
    matching = tm.match(left, right, tm.policies.systematic_twinning(balance=True), threads=1)
    matching.save(tmp_path / "twins")
    matching.policy.save(tmp_path / "policy.toml")
    kinds = {".parquet": b"PAR1", ".json": b"{", ".toml": b"# A", ".csv": b""}
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) >= 10
    bundled = [path for path in (ROOT / "src" / "twinmatch").rglob("*") if path.suffix in kinds]
    for path in [*written, *bundled]:
        data = path.read_bytes()
        if path in written:
            assert data.startswith(kinds[path.suffix]), path
        assert not is_pickle(data), path
        assert not data.startswith((b"\x80\x03", b"\x80\x04", b"\x80\x05", b"\x93NUMPY", b"PK\x03\x04")), path
