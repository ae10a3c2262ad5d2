"""What twinmatch is made of, as a CycloneDX SBOM."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

import twinmatch as tm
from tests.test_repository import requirement_names

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def text() -> str:
    pytest.importorskip("cyclonedx.validation.json")
    from scripts.sbom import sbom

    return sbom()


def test_the_sbom_is_valid_and_whole(text):
    """It keeps to the schema, names all dependencies and what is compiled in, and nothing of this machine."""
    from scripts.sbom import sbom, validate

    document = json.loads(text)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = requirement_names([*project["dependencies"], *project["optional-dependencies"]["report"]])
    assert wanted <= {one["name"] for one in document["components"]}
    root = document["metadata"]["component"]
    assert (root["name"], root["version"]) == ("twinmatch", tm.__version__)
    assert {one["name"] for one in root["components"]} == {"nanobind", "robin-map"}
    refs = {root["bom-ref"], *(one["bom-ref"] for one in document["components"])}
    assert {one["ref"] for one in document["dependencies"]} == refs
    assert all(set(one["dependsOn"]) <= refs for one in document["dependencies"])
    assert str(ROOT) not in text
    assert "file:" not in text
    assert sbom() == text
    with pytest.raises(ValueError, match="not valid"):
        validate(text.replace('"library"', '"liberry"'))
