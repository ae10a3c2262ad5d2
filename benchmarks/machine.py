"""What a result was measured on: processor, memory, versions, commit; no person and no host."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["machine", "software"]

PACKAGES = ("numpy", "scipy", "ortools", "lapx", "highspy")


def machine() -> dict[str, Any]:
    """Return the processor, the cores that this process may use, and the memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _line("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": cores,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def software() -> dict[str, Any]:
    """Return the versions of the library, of what it is compared with, and the commit."""
    return {
        "version": version("twinmatch"),
        "commit": commit(),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
    }


def commit() -> str | None:
    """Return the commit of this checkout, with ``+`` where files differ from it; None outside one."""
    here = Path(__file__).resolve().parent
    try:
        head = _git(here, "rev-parse", "--short=12", "HEAD")
        others = (":/", ":(top,exclude)benchmarks/results")  # a campaign writes there as it goes
        return head + ("+" if _git(here, "status", "--porcelain", "--untracked-files=no", *others) else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(here: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=here, capture_output=True, text=True, check=True
    ).stdout.strip()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _line(file: str, key: str) -> str:
    path = Path(file)
    if not path.exists():
        return ""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "")
