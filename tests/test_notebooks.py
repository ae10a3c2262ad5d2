"""The notebooks of the documentation run, hold what they assert, and end with a decision and its cost."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.py"))
CELL = re.compile(r"^# %%(?: \[(markdown)\])?\n(.*?)(?=^# %%|\Z)", re.MULTILINE | re.DOTALL)

each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)


def cells_of(notebook: Path) -> list[tuple[str, str]]:
    """Return the cells: what kind each is, "markdown" or "code", and its text."""
    text = notebook.read_text(encoding="utf-8")
    cells = [(cell[1] or "code", cell[2].strip()) for cell in CELL.finditer(text)]
    assert text.startswith("# %%")
    return cells


def run(notebook: Path) -> dict[str, object]:
    """Run a notebook from top to bottom, as a script in a module of its own, and return the names it made."""
    module = ModuleType(f"notebook_{notebook.stem}")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(notebook.read_text(encoding="utf-8"), str(notebook), "exec"), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    return module.__dict__


@each_notebook
def test_notebook_runs_and_ends_with_a_decision(notebook, tmp_path, monkeypatch, capsys):
    """On the sample a notebook raises nothing, draws something, leaves no file, and decides at its end."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    monkeypatch.chdir(tmp_path)
    try:
        run(notebook)
        assert pyplot.get_fignums()
    finally:
        pyplot.close("all")
    said = capsys.readouterr().out.splitlines()
    assert said[-1].startswith("Decision: ")
    assert re.search(r"\. Cost: .*\d", said[-1])
    assert len([line for line in said if line.startswith("Decision:")]) == 1
    assert not list(tmp_path.iterdir())


@each_notebook
def test_numbers_of_a_decision_are_computed(notebook):
    """The last cell prints the decision, and every number in it comes out of a variable."""
    kind, text = cells_of(notebook)[-1]
    assert kind == "code"
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    said = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert said
    for message in said:
        assert isinstance(message, ast.JoinedStr)
        typed = "".join(part.value for part in message.values if isinstance(part, ast.Constant))
        assert typed.startswith("Decision: ")
        assert not re.search(r"\d", typed)
        assert len([part for part in message.values if isinstance(part, ast.FormattedValue)]) >= 2


@each_notebook
def test_notebook_opens_with_a_question_and_one_switch(notebook):
    """It begins with a title and who asks what, says once which schools it takes, and has short cells."""
    cells = cells_of(notebook)
    kind, text = cells[0]
    assert kind == "markdown"
    assert re.match(r"# # \S.*\n#\n# \*.*\?", text, re.DOTALL)
    assert (
        len(re.findall(r"^FULL = False  # True: ", notebook.read_text(encoding="utf-8"), re.MULTILINE)) == 1
    )
    for kind, text in cells:
        assert len(text.splitlines()) <= 40, text
        if kind == "markdown":
            assert all(line.startswith("#") for line in text.splitlines())


def test_index_names_every_notebook():
    """There are eight, and the index has a row and an entry for each."""
    assert len(NOTEBOOKS) == 8
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    for notebook in NOTEBOOKS:
        assert f"{{doc}}`{notebook.stem}`" in index
        assert re.search(rf"^{notebook.stem}$", index, re.MULTILINE)
