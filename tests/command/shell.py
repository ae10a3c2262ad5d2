"""The command line from inside and from outside, and policies and matchings to give it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import twinmatch as tm
from twinmatch import cli

if TYPE_CHECKING:
    from pathlib import Path

p = tm.policies


KEYS = [
    "left",
    "right",
    "pairs",
    "matched",
    "unmatched",
    "objective",
    "bound",
    "relative_gap",
    "status",
    "verified",
    "seconds",
    "peak_mb",
    "notes",
    "points",
    "mechanism",
]


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "twinmatch", *map(str, arguments)]


def with_quotas(path: Path, *quotas: object, coverage: str = "first") -> Path:
    """Write the default policy with quotas."""
    replace(p.systematic_twinning(), quotas=quotas, coverage=coverage).save(path)
    return path


def stopped(matching: tm.Matching, **changes: object) -> object:
    """Return a stand-in for ``matching`` in which some attributes differ."""

    class Stopped:
        def __getattr__(self, name: str) -> object:
            return changes[name] if name in changes else getattr(matching, name)

    return Stopped()


def on_terminal(*arguments: object) -> tuple[int, str, bytes]:
    """Run a command whose stderr is a terminal; return its code, its stdout and what was shown."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=terminal, text=True)
    os.close(terminal)
    shown = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the other side has closed it
            break
        if not chunk:
            break
        shown += chunk
    out, _ = process.communicate()
    os.close(master)
    return process.returncode, out, shown
