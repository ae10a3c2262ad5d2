"""
How much memory this process may still take, and what is said where it does not do.

Problem
    Memory that is not there ends a process in many ways: an exception, a word on stderr and an abort out of a
    library, a kill by the system. Only the first one leaves a service standing.
Idea
    What a run needs is known beforehand (:mod:`twinmatch.needs`), and what may be had is read when it begins:
    the limit of the address space (``ulimit -v``, RLIMIT_AS), the limit of the control group that a container
    runs in, and what the machine has free. A need that is larger is refused in words, before any work. What
    fails all the same is an exception by then, and leaves every public function as the one error there is for
    it, :class:`~twinmatch.errors.ResourceLimitError`.
Where from
    ``/proc`` and ``/sys/fs/cgroup``, read at the call. Where these are not, as on other systems, only
    RLIMIT_AS is known, and nothing is refused on a guess.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeVar

from twinmatch.errors import ResourceLimitError, TwinMatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "Room",
    "bounded",
    "held",
    "least_room",
    "not_loaded",
    "of_resources",
    "refuse",
    "rooms",
    "size_in_words",
]

P = ParamSpec("P")
T = TypeVar("T")

#: A need below this is compared with the limit of the address space only: reading the others takes longer
#: than a small solve may.
SMALL = 32 * 2**20
_PAGE = 4096
_CGROUP = Path("/sys/fs/cgroup")
_UNLIMITED = 2**60


class Room(NamedTuple):
    """
    Memory that may still be taken.

    Attributes
    ----------
    left : int
        Bytes that there are left.
    limit : int
        Bytes of the limit itself.
    what : str
        What limits it, in words.
    is_address_space : bool
        Whether addresses count, whether they are used or not.
    """

    left: int
    limit: int
    what: str
    is_address_space: bool = False


def held() -> tuple[int, int]:
    """Return bytes of address space and of memory that this process holds now; zeros where nobody knows."""
    try:
        size, resident, *_ = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return 0, 0
    return int(size) * _PAGE, int(resident) * _PAGE


def rooms(*, address_space_only: bool = False) -> Iterator[Room]:
    """Yield every limit of memory that can be read here."""
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        yield Room(max(0, limit - held()[0]), limit, "the limit of the address space (ulimit -v)", True)
    if address_space_only:
        return
    yield from _of_control_groups()
    yield from _of_machine()


def least_room(**options: bool) -> Room | None:
    """Return the limit that leaves the least; None where there is none."""
    return min(rooms(**options), default=None)


def _of_control_groups() -> Iterator[Room]:
    """Yield the limit of each control group (version 2) around this process."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        inside = next(line[3:] for line in lines if line.startswith("0::"))
    except (OSError, StopIteration, ValueError):
        return
    folder = _CGROUP / inside.strip("/")
    for group in (folder, *folder.parents):
        if not group.is_relative_to(_CGROUP):
            return
        try:
            limit = int((group / "memory.max").read_text(encoding="ascii"))
            used = int((group / "memory.current").read_text(encoding="ascii"))
            stat = (group / "memory.stat").read_text(encoding="ascii").splitlines()
        except (OSError, ValueError):  # no limit ("max"), or not ours to read
            continue
        # Pages of files that nobody uses now are given up before anybody is refused memory.
        spare = sum(int(line.split()[1]) for line in stat if line.startswith("inactive_file "))
        if limit < _UNLIMITED:
            yield Room(max(0, limit - used + spare), limit, "the limit of the control group (container)")


def _of_machine() -> Iterator[Room]:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
        yield Room(
            found["MemAvailable"] + found.get("SwapFree", 0),
            found["MemTotal"] + found.get("SwapTotal", 0),
            "the memory of this machine that is free",
        )
    except (OSError, KeyError, ValueError, IndexError):
        return


def refuse(what: str, memory: int, address_space: int, hints: tuple[str, ...] = ()) -> None:
    """
    Say in words that work does not fit, where it does not.

    Parameters
    ----------
    what : str
        What is about to be done, as the beginning of a sentence.
    memory : int
        Bytes that it takes besides what this process holds, at its peak.
    address_space : int
        The same in addresses, which stacks and heaps of threads take before they use them.
    hints : tuple of str
        What to do about it.

    Raises
    ------
    ResourceLimitError
        With the need, the limit and the hints.
    """
    for room in rooms(address_space_only=memory < SMALL):
        need = address_space if room.is_address_space else memory
        if need > room.left:
            todo = "".join(f"\n  {hint}" for hint in hints)
            raise ResourceLimitError(
                f"{what} would take about {size_in_words(need)} more, and {size_in_words(room.left)} "
                f"are left of {room.what}, {size_in_words(room.limit)}.{todo}",
                need,
                room.left,
            )


def size_in_words(size: int) -> str:
    """Return a number of bytes as people say it, in units of a thousand."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}" if size < 10 * unit else f"{size / unit:,.0f} {name}"
    return f"{size:,} bytes"


# -- What fails all the same -----------------------------------------------------------------------------


_NO_MEMORY = (
    "cannot allocate memory",
    "failed to map segment",
    "bad_alloc",
    "out of memory",
    "unable to allocate",
    "malloc() failed",
    "allocation failed",
)
_NO_THREAD = (
    "can't start new thread",
    "can't allocate lock",
    "failed to launch worker thread",
    "resource temporarily unavailable",
)
#: What pyarrow says where it cannot make a scalar of a plain value. It swallows why: there was no memory.
_SWALLOWED = tuple(
    f"got unexpected argument type <class '{name}'> for compute function"
    for name in ("bool", "int", "float", "str")
)


def bounded(function: Callable[P, T]) -> Callable[P, T]:
    """
    Give failed allocations and thread starts of a public function their one name.

    What allocates is everywhere, and says so in its own way: ``MemoryError`` from NumPy and from the compiled
    kernels, ``ArrowMemoryError``, an ``OSError`` or ``ImportError`` where a library could not be mapped,
    ``RuntimeError`` where a thread did not start.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except TwinMatchError:
            raise
        except Exception as error:  # pyarrow has exceptions of its own for what it cannot get
            said = of_resources(error)
            if said is None:
                raise
        # Outside of the handler: the error that is raised does not keep alive what the work had in hand.
        raise ResourceLimitError(f"{function.__name__}: {said}")

    return call


def of_resources(error: BaseException) -> str | None:
    """Return what an error has to say of memory or threads, None where it is about something else."""
    words = str(error)
    low = words.lower()
    if not isinstance(error, ValueError | TypeError) and any(sign in low for sign in _NO_THREAD):
        return (
            "the system starts no more threads for this process; nothing was computed. Ask for fewer threads."
        )
    is_about_it = isinstance(error, OSError | ImportError | RuntimeError | SystemError)
    is_swallowed = isinstance(error, TypeError) and low.startswith(_SWALLOWED)
    if (
        isinstance(error, MemoryError)
        or is_swallowed
        or (is_about_it and any(sign in low for sign in _NO_MEMORY))
    ):
        more = f" ({words})" if words and words != "std::bad_alloc" and not is_swallowed else ""
        return f"memory ran out{more}. tm.estimate says how much a run takes; fewer threads take less."
    return None


# -- Libraries that are loaded at first use --------------------------------------------------------------


#: Addresses that a library maps when it is loaded, on two cores, and some more. With less OpenBLAS, in
#: NumPy and in SciPy, ends the process, or tries for ever; pyarrow says so, or ends it at its first steps.
_MAPPED = {"numpy": 150 * 10**6, "scipy.optimize": 200 * 10**6, "pyarrow": 240 * 10**6}
#: What OpenBLAS takes more for each core.
_PER_CORE, _MOST_CORES = 40 * 10**6, 64
_NOTHING = frozenset({"Limit", "ReadLimits", "Status", "errors"})
_TABLES = frozenset({"Policy", "Schools", "changes", "datasets", "policies", "read_schools", "show_versions"})


def refuse_loading(name: str) -> None:
    """
    Say in words that the libraries of a name of the package cannot be loaded, where they cannot.

    Raises
    ------
    ResourceLimitError
        If the limit of the address space has no room for them.
    """
    import resource

    if name in _NOTHING or resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return
    wanted = ("numpy", "pyarrow") if name in _TABLES else ("numpy", "scipy.optimize")
    missing = [library for library in wanted if library not in sys.modules]
    blas = sum(library != "pyarrow" for library in missing)
    cores = min(_MOST_CORES, os.cpu_count() or 1)
    need = sum(_MAPPED[library] for library in missing) + blas * _PER_CORE * max(0, cores - 2)
    if missing:
        refuse(f"loading {' and '.join(missing)} for twinmatch.{name}", 0, need)
    if "pyarrow" in missing:
        # The allocator of its own reserves addresses by the gigabyte, where they are to be had, and may leave
        # none for what Arrow allocates in C++: that ends the process.
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def not_loaded(name: str, error: BaseException) -> ResourceLimitError | None:
    """Return the error to raise where a library could not be loaded for want of memory, None where not."""
    said = of_resources(error)
    return None if said is None else ResourceLimitError(f"twinmatch.{name} cannot be loaded: {said}")
