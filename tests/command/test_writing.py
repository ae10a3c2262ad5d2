"""Where the command line writes: folders on the way, and what cannot be written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import twinmatch as tm
from tests.command.shell import run
from twinmatch.cli import Exit


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """Return the folder of a saved matching."""
    folder = tmp_path_factory.mktemp("saved") / "twins"
    tm.match(*tm.datasets.sample()).save(folder)
    return folder


def test_what_cannot_be_written_is_named_with_its_option(files, saved, tmp_path, capsys, monkeypatch):
    """Which option, what stands in the way and what to do, on one line, before anything is worked out."""
    monkeypatch.chdir(tmp_path)
    occupied = tmp_path / "occupied"
    occupied.touch()
    below = occupied / "below"
    school = tm.datasets.sample()[0].ids[0]
    for arguments, said in [
        (["report", saved, "--out", "."], "--out . cannot be written: it is a folder. Give a file"),
        (["report", saved, "--out", below], f"--out {below} cannot be written: {occupied} is no folder."),
        (["match", *files, "--out", occupied], f"--out {occupied} cannot be written: it is a file. Give a f"),
        (["match", *files, "--out", below], f"--out {below} cannot be written: {occupied} is no folder."),
        (["explain", saved, school, "--html", tmp_path], f"--html {tmp_path} cannot be written: it is a f"),
        (["explain", saved, school, "--html", below], f"--html {below} cannot be written: {occupied} is no"),
        (["notice", saved, "--html", tmp_path], f"--html {tmp_path} cannot be written: it is a folder."),
    ]:
        assert run(*arguments) == Exit.BAD_INPUT, arguments
        shown, err = capsys.readouterr()
        assert shown == ""
        assert err.startswith(f"twinmatch: {said}"), err
        assert err.count("\n") == 1


def test_folders_on_the_way_to_a_page_are_made(saved, tmp_path, capsys):
    """For a notice as for a report."""
    for number, command in enumerate((["notice", saved, "--html"], ["report", saved, "--out"])):
        page = tmp_path / str(number) / "new" / "page.html"
        assert run(*command, page) == Exit.DONE
        assert "<html" in page.read_text(encoding="utf-8")
    capsys.readouterr()


def test_a_folder_without_leave_and_a_full_disk_are_told(saved, tmp_path, capsys, monkeypatch):
    """Neither is a fault of twinmatch: the option and the reason, and code 2."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert run("report", saved, "--out", tmp_path / "page.html") == Exit.BAD_INPUT
    assert f"--out {tmp_path / 'page.html'} cannot be written: nothing may be" in capsys.readouterr().err
    assert run("report", saved) == Exit.BAD_INPUT
    assert f"DIR {saved / 'report.html'} cannot be written" in capsys.readouterr().err
    monkeypatch.undo()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert run("notice", saved, "--html", tmp_path / "page.html") == Exit.BAD_INPUT
    assert "page.html cannot be written: No space left on device. Give another" in capsys.readouterr().err
