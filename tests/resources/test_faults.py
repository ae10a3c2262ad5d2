"""Allocations of the kernels that fail, one after the other, and threads that do not start."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMPILER = shutil.which(os.environ.get("CXX", "c++"))


@pytest.fixture(scope="module")
def hook(tmp_path_factory) -> str:
    """Compile the library that makes allocations fail."""
    if COMPILER is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C++ compiler, and Linux")
    built = tmp_path_factory.mktemp("hook") / "failing.so"
    command = [COMPILER, "-O1", "-std=c++17", "-fPIC", "-shared", "-o", built, HERE / "failing.cpp", "-ldl"]
    subprocess.run(command, check=True, timeout=120)
    return str(built)


def ends(hook: str, name: str, most: int) -> dict:
    """Return how a task ended, for each allocation that failed."""
    environment = os.environ | {"LD_PRELOAD": hook}
    command = [sys.executable, str(HERE / "faults.py"), name, str(most)]
    child = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert child.returncode == 0, child.stderr[-800:]
    told: dict = json.loads(child.stdout.splitlines()[-1])
    return told


def check(told: dict) -> None:
    """See that nothing but the right answer and the one error came out, and that all works afterwards."""
    assert set(told["ends"]) <= {"right", "ResourceLimitError"}, told
    assert told["ends"].get("ResourceLimitError", 0) > 0
    assert told["without threads"] in ("right", "ResourceLimitError")
    assert told["after"] == "right"


def test_a_failed_allocation_is_an_error_and_leaves_all_usable(hook):
    """Where allocations of an assignment fail: ResourceLimitError or the right answer, and then all works."""
    check(ends(hook, "dense", 20))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["match", "verify", "dense", "sparse", "quotas", "stable"])
def test_each_allocation_may_fail(hook, name):
    """Any allocation of a small solve or check may fail, and no thread need start."""
    check(ends(hook, name, 150))
