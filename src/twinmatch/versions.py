"""What twinmatch runs on, for bug reports and records."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

__all__ = ["Versions", "show_versions"]

_PACKAGES = (
    "twinmatch",
    "numpy",
    "scipy",
    "pyarrow",
    "narwhals",
    "ortools",
    "networkx",
    "rich",
    "pandas",
    "polars",
)


class Versions(Mapping[str, str]):
    """
    Names and versions; prints one a line.

    Parameters
    ----------
    entries : mapping of str to str
        What there is to say, in order.
    """

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> str:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __str__(self) -> str:
        width = max(map(len, self._entries))
        return "\n".join(f"{name:<{width}}  {value}" for name, value in self._entries.items())

    __repr__ = __str__


def show_versions() -> Versions:
    """
    Return the versions of everything that a result depends on.

    Returns
    -------
    Versions
        A mapping of names to versions that prints one a line. ``instruction set`` is what the
        compiled core chose on this machine; ``not installed`` stands where a package is missing.

    Examples
    --------
    >>> "python" in show_versions()
    True
    """
    entries = {
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "processors": str(_processors()),
        "instruction set": _instruction_set(),
    }
    for package in _PACKAGES:
        try:
            entries[package] = version(package)
        except PackageNotFoundError:
            entries[package] = "not installed"
    return Versions(entries)


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _instruction_set() -> str:
    """Return the instruction set that the compiled core chose."""
    try:
        core = import_module("twinmatch._core")
    except ImportError as error:
        return f"no compiled core: {error.name or 'twinmatch._core'} cannot be loaded"
    chosen = getattr(core, "best_isa", None)
    return str(chosen()) if callable(chosen) else "not said by the core"
