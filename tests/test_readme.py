"""The Python that people are shown runs."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import twinmatch as tm

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOML = re.compile(r"^```toml\n(?:# (\S+\.toml)\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^(<!-- not run: [^>]+ -->\n)?```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def code_of(page: Path) -> str:
    """Return the Python of a page, each block at its own line so that a traceback points into the page."""
    text = page.read_text(encoding="utf-8")
    lines = [""] * (text.count("\n") + 1)
    for block in BLOCK.finditer(text):
        if block[1] is None:
            first = text.count("\n", 0, block.start(2))
            code = block[2].splitlines()
            lines[first : first + len(code)] = code
    return "\n".join(lines)


def run(page: Path) -> dict[str, object]:
    """
    Run the Python of a page from top to bottom, as a module, and return the names it made.

    Before that, the TOML of the page that names a file in its first line is written to it.
    """
    for name, toml in TOML.findall(page.read_text(encoding="utf-8")):
        if name:
            Path(name).write_text(toml, encoding="utf-8")
    module = ModuleType(f"page_{page.stem.replace('-', '_')}")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(code_of(page), str(page), "exec"), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    return module.__dict__


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_of_the_documentation_runs(page, tmp_path, monkeypatch, capsys):
    """Every Python block of a page runs after those above it; the sample stands in for the country."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tm.datasets, "france_eu", tm.datasets.sample)
    run(page)


def tomls() -> list[tuple[Path, int, str]]:
    """Return page, line and text of every policy in TOML that people are shown."""
    return [
        (page, text.count("\n", 0, block.start()) + 1, block[2])
        for page in PAGES
        for text in [page.read_text(encoding="utf-8")]
        for block in TOML.finditer(text)
    ]


@pytest.mark.parametrize("shown", tomls(), ids=lambda shown: f"{shown[0].name}:{shown[1]}")
def test_policies_in_toml_are_policies(shown):
    """Every TOML block is a policy that says nothing wrong of itself and comes back equal."""
    policy = tm.Policy.from_toml(shown[2])
    policy.check()
    assert policy.rules or policy.criteria or policy.quotas
    assert tm.Policy.from_toml(policy.to_toml()) == policy


def test_gallery_tells_what_its_policies_cost(tmp_path, monkeypatch, capsys):
    """The table at the top of the gallery has the costs that the page works out, row by row."""
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "gallery.md"
    costs = run(page)["costs"]
    rows = re.findall(
        r"^\| \[?(.+?)(?:[\](:].*)? \| (\d+) \| (-?[\d,]+) \|$", page.read_text("utf-8"), re.MULTILINE
    )
    told = {name: (int(paired), int(points.replace(",", ""))) for name, paired, points in rows[1:]}
    assert len(told) >= 12
    assert told.items() <= costs.items()


def test_readme_is_ten_lines_and_ends_in_a_proof(tmp_path, monkeypatch, capsys):
    """The README shows ten lines at most at a time, and the matching they make is verified."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tm.datasets, "france_eu", tm.datasets.sample)
    blocks = re.findall(
        r"^```python\n(.*?)^```$", PAGES[0].read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    for block in blocks:
        assert 5 <= len([line for line in block.splitlines() if line.strip()]) <= 10
    assert run(PAGES[0])["certificate"].ok
    assert (tmp_path / "twins.html").is_file()


@pytest.mark.slow
def test_readme_runs_on_the_real_registers(tmp_path, monkeypatch, capsys):
    """The README's lines, as they stand, pair the country and prove it."""
    monkeypatch.chdir(tmp_path)
    names = run(PAGES[0])
    assert names["certificate"].ok
    assert names["matching"].relative_gap <= 1e-3


def test_readme_has_two_set_up_commands():
    """The README sets up with ``make demo`` and ``make test``, and says the plain pip form."""
    text = PAGES[0].read_text(encoding="utf-8")
    shell = "\n".join(re.findall(r"^```(?:sh|shell|console)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert set(re.findall(r"\bmake [a-z-]+", shell)) == {"make demo", "make test"}
    assert re.search(r"\bpip install \.", shell)
