"""What may still be taken of memory, and the one error for want of it."""

from __future__ import annotations

import pickle
import resource
import threading

import numpy as np
import pyarrow as pa
import pytest

import twinmatch as tm
from twinmatch import needs, room
from twinmatch.errors import InputError, ResourceLimitError
from twinmatch.room import Room, bounded, refuse, size_in_words


def test_a_need_beyond_a_limit_names_need_limit_and_what_to_do(monkeypatch):
    """The error has the numbers in words and as attributes, and survives pickling."""
    monkeypatch.setattr(room, "rooms", lambda **_: iter([Room(10**9, 4 * 10**9, "the limit of the test")]))
    with pytest.raises(ResourceLimitError) as caught:
        refuse("pairing much", 2_500_000_000, 0, ("Take less.",))
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.need, error.left) == (2_500_000_000, 10**9)
    assert str(error) == (
        "pairing much would take about 2.5 GB more, and 1.0 GB are left of the limit of the test, 4.0 GB."
        "\n  Take less."
    )
    refuse("pairing little", 10**9, 0)


def test_limits_of_control_groups_are_read_up_to_the_root(monkeypatch, tmp_path):
    """The limit of each group around the process counts, without pages of files that nobody uses."""
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    for folder, limit in ((inner, "max"), (inner.parent, "1000000")):
        (folder / "memory.max").write_text(limit)
        (folder / "memory.current").write_text("900000")
        (folder / "memory.stat").write_text("anon 5\ninactive_file 50000\n")
    real = room.Path

    def path(name):
        return tmp_path / "cgroup" if str(name) == "/proc/self/cgroup" else real(name)

    (tmp_path / "cgroup").write_text("0::/outer/inner\n")
    monkeypatch.setattr(room, "Path", path)
    monkeypatch.setattr(room, "_CGROUP", tmp_path)
    assert [(one.left, one.limit) for one in room._of_control_groups()] == [(150_000, 1_000_000)]


def test_the_limit_of_the_address_space_counts_addresses():
    """Under RLIMIT_AS what is left is the limit without what there is."""
    old = resource.getrlimit(resource.RLIMIT_AS)
    limit = room.held()[0] + 2**40
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit, old[1]))
        (first, *_) = room.rooms()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, old)
    assert first.is_address_space
    assert 2**40 - 2**28 < first.left <= 2**40


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("std::bad_alloc"),
        pa.ArrowMemoryError("malloc of size 64 failed"),
        OSError(12, "Cannot allocate memory"),
        ImportError("libx.so: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
        TypeError("Got unexpected argument type <class 'int'> for compute function"),
        pa.ArrowException("Unknown error: Failed to launch worker thread: Resource temporarily unavailable"),
    ],
)
def test_want_of_memory_or_threads_has_one_name(error):
    """However a library says it, a public function says ResourceLimitError, and keeps no frame alive."""

    @bounded
    def work():
        raise error

    with pytest.raises(ResourceLimitError) as caught:
        work()
    assert caught.value.__context__ is None
    assert str(caught.value).startswith("work: ")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("out of memory"),
        OSError(2, "not there"),
        KeyError("x"),
        TypeError("Got unexpected argument type <class 'object'> for compute function"),
    ],
)
def test_other_errors_are_let_through(error):
    """What is not about memory or threads stays what it is."""

    @bounded
    def work():
        raise error

    with pytest.raises(type(error)) as caught:
        work()
    assert caught.value is error


def test_an_error_of_the_input_stays_one():
    """Bad input is not taken for want of memory."""
    with pytest.raises(InputError):
        tm.assign([[1]], right_capacity=-1)


def test_a_thread_that_does_not_start_is_a_resource_limit(monkeypatch):
    """With a deadline work has a thread of its own; where none starts, that is said, and nothing is left."""
    fr, eu = tm.datasets.sample()
    expected = tm.match(fr, eu).objective
    start = threading.Thread.start

    def refused(thread):
        if thread.name.startswith("twinmatch"):
            raise RuntimeError("can't start new thread")
        start(thread)

    before = threading.active_count()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        with pytest.raises(ResourceLimitError, match="no more threads"):
            tm.match(fr, eu, deadline=60)
        with pytest.raises(ResourceLimitError, match="no more threads"):
            tm.assign(np.eye(20, dtype=int), deadline=60)
    assert threading.active_count() == before
    assert tm.match(fr, eu, deadline=60).objective == expected


def test_a_match_that_does_not_fit_is_refused_before_any_work(monkeypatch):
    """Nothing is compiled before the need is known to fit."""
    from twinmatch import pairing

    fr, eu = tm.datasets.sample()
    monkeypatch.setattr(needs, "_SOLVED", (1e12, 1e12, 0))
    monkeypatch.setattr(pairing, "compiled", None, raising=False)
    with pytest.raises(ResourceLimitError, match="pairing 200 with 300 schools would take about") as caught:
        tm.match(fr, eu, threads=3)
    assert "Fewer threads take less: there are 3." in str(caught.value)


def test_sizes_are_said_in_units_of_a_thousand():
    """Two digits at least."""
    said = [size_in_words(size) for size in (12, 1_200, 34_000_000, 5_600_000_000)]
    assert said == ["12 bytes", "1.2 kB", "34 MB", "5.6 GB"]
