"""Where something is to be saved or read: what is no path, and what only the system can say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import twinmatch as tm
from twinmatch.errors import InputError
from twinmatch.saving.place import place


def test_entries_of_a_folder_listed_as_bytes_are_no_paths_of_text(tmp_path):
    """What Python lists where it is asked in bytes has names in bytes."""
    (tmp_path / "twins").mkdir()
    with os.scandir(os.fsencode(tmp_path)) as found:
        (entry,) = found
    with pytest.raises(InputError, match="must be a path of text, not of bytes"):
        tm.load_matching(entry)
    with os.scandir(tmp_path) as found:
        (entry,) = found
    assert place("here", "directory", entry, folder=True) == tmp_path / "twins"


def test_a_folder_that_may_not_be_looked_into_is_left_to_the_system(monkeypatch):
    """Who may not look cannot tell what is there; the error comes from reading or writing."""

    def closed(_self, **_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", closed)
    assert place("here", "directory", "closed/twins", folder=True) == Path("closed/twins")
