"""``twinmatch explain`` and ``twinmatch notice``, as a shell sees them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import twinmatch as tm
from twinmatch import cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a saved matching of the sample."""
    path = tmp_path_factory.mktemp("saved") / "twins"
    tm.match(*tm.datasets.sample()).save(path)
    return path


def test_explain_prints_what_python_says(folder, capsys):
    """The screen is that of ``str``, in the language asked for; what to check with goes to stderr."""
    assert cli.main(["explain", str(folder), "0070031W", "--lang", "fr", "--count", "3"]) == 0
    shown = capsys.readouterr()
    explanation = tm.load_matching(folder).explain("0070031W", lang="fr", k=3)
    assert shown.out == f"{explanation}\n"
    assert f"twinmatch verify {folder}" in shown.err


def test_explain_as_json_and_html(folder, capsys, tmp_path):
    """One JSON line on stdout, one page in the file."""
    page = tmp_path / "page.html"
    wished = ["--wished", "03EJ00", "--json", "--html", str(page)]
    assert cli.main(["explain", str(folder), "0070031W", *wished]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["wish"]["forbidden_by"] == ["common level", "shared language"]
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_explain_refuses_in_one_message(folder, capsys):
    """A school that is not there, an option out of range, a folder that is none: code 2 and a sentence."""
    assert cli.main(["explain", str(folder), "0070031X"]) == 2
    assert "The nearest ids are '0070031W'" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        cli.main(["explain", str(folder), "0070031W", "--count", "-1"])
    with pytest.raises(SystemExit, match="2"):
        cli.main(["explain", str(folder), "0070031W", "--lang", "de"])
    assert cli.main(["explain", str(folder / "nothing"), "0070031W"]) == 2


def test_notice_on_the_command_line(folder, capsys, tmp_path):
    """The notice of the whole result and that of one school."""
    assert cli.main(["notice", str(folder)]) == 0
    assert "[to be filled in by the authority]" in capsys.readouterr().out
    page = tmp_path / "notice.html"
    options = ["--lang", "fr", "--authority", "Rectorat", "--contact", "ici", "--html", str(page)]
    assert cli.main(["notice", str(folder), "0070031W", *options]) == 0
    assert "Autorité qui prend la décision\xa0: Rectorat." in capsys.readouterr().out
    assert "Rectorat" in page.read_text(encoding="utf-8")
