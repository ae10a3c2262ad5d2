"""
Matchings as folders of files that other programs can read.

What is in them is written down in :mod:`twinmatch.saving.layout`, how they are replaced as a whole in
:mod:`twinmatch.saving.atomic`. Nothing is pickled.
"""

from __future__ import annotations

from twinmatch.saving.layout import FORMAT
from twinmatch.saving.place import place
from twinmatch.saving.reader import load_matching
from twinmatch.saving.writer import save

__all__ = ["FORMAT", "load_matching", "place", "save"]
