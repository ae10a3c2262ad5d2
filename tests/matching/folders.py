"""Saved folders, as somebody changes them who knows how digests are made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twinmatch.saving.layout import MANIFEST, sha256, signed, written

if TYPE_CHECKING:
    from pathlib import Path


def signed_again(folder: Path, **changes: object) -> None:
    """Make every digest of a folder right again, after changes to ``matching.json``."""
    path = folder / MANIFEST
    record = json.loads(path.read_text(encoding="utf-8")) | changes
    there = (name for name in record["files"] if (folder / name).exists())
    record["files"] = {name: sha256((folder / name).read_bytes()) for name in there}
    path.write_bytes(written(signed(record)))
