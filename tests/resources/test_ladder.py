"""Any limit of the address space ends in the right answer or one clear error, never a dead process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import twinmatch as tm

TASK = Path(__file__).with_name("task.py")
PLENTY_MB = 4_000
TASKS = ("match", "verify", "balance", "dense", "sparse", "quotas", "crossed", "read", "sample")
#: From just above what is loaded to plenty: closer where it gets tight.
STEPS_MB = (
    1,
    2,
    3,
    4,
    6,
    8,
    10,
    13,
    16,
    20,
    25,
    30,
    40,
    50,
    65,
    80,
    100,
    130,
    160,
    200,
    250,
    320,
    400,
    700,
    1_200,
    1_500,
)


@pytest.fixture(scope="module")
def schools_file(tmp_path_factory) -> str:
    """Write a Parquet file of some thousand schools."""
    path = tmp_path_factory.mktemp("read") / "schools.parquet"
    left, _ = tm.datasets.synthetic(5_000, 10, seed=2)
    left.to_frame().to_parquet(path)
    return str(path)


def climb(name: str, steps_mb: tuple[float, ...], file: str) -> list[bool]:
    """Return whether each limit was enough; whatever it was, nothing else may happen."""
    rooms = ",".join(map(str, (PLENTY_MB, *steps_mb)))
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(TASK), name, rooms, file]
    child = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert child.returncode == 0, child.stderr[-500:]
    first, *others = (json.loads(line) for line in child.stdout.splitlines() if line.startswith("{"))
    for room_mb, told in zip(steps_mb, others, strict=True):
        if "error" in told:
            assert told["error"] == "ResourceLimitError", (name, room_mb, told)
            assert told["again"] == first["value"]
        else:
            assert told.get("value") == first["value"], (name, room_mb, told)
    return ["error" not in told for told in others]


@pytest.mark.parametrize("name", ["sparse", "read"])
def test_little_memory_is_a_word_and_plenty_is_an_answer(name, schools_file):
    """Too little ends in ResourceLimitError, enough in the same answer as plenty."""
    assert climb(name, (2, 1_500), schools_file) == [False, True]


@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_no_limit_ends_a_process(name, schools_file):
    """25 limits from just above what is loaded: an answer or ResourceLimitError, and the objects work on."""
    found = climb(name, STEPS_MB, schools_file)
    assert not found[0]
    assert found[-1]


def test_libraries_that_do_not_fit_are_not_loaded():
    """OpenBLAS would end the process, or try for ever: it is not loaded where it does not fit."""
    code = (
        "import resource, twinmatch as tm\n"
        "resource.setrlimit(resource.RLIMIT_AS, (150 * 2**20,) * 2)\n"
        "try:\n    tm.match\nexcept tm.errors.ResourceLimitError as error:\n    print(error)\n"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert child.returncode == 0, child.stderr
    assert child.stdout.startswith("loading numpy and scipy.optimize for twinmatch.match would take about")
