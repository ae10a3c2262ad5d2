"""The command line from inside and from outside, and policies and matchings to give it."""

from __future__ import annotations

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
