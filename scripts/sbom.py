"""
Write what twinmatch is made of as a CycloneDX SBOM: ``make sbom``, or ``python scripts/sbom.py FILE``.

It lists what a user gets: the package, its dependencies and those of the ``report`` extra, with the versions
and licences that are installed here. The compiled modules are built with nanobind, whose code and whose copy
of robin-map end up inside them: both are parts of the package. Validated against the schema by cyclonedx-bom.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]


def sbom() -> str:
    """Return the SBOM as JSON."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["report"]]
    needs = _closure("twinmatch", wanted)
    ref = {name: f"{name}=={version(name)}" for name in needs}
    root = _component("twinmatch", ref["twinmatch"]) | {"components": _inside()}
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root, "lifecycles": [{"phase": "build"}]},
        "components": [_component(name, ref[name]) for name in sorted(needs) if name != "twinmatch"],
        "dependencies": [
            {"ref": ref[name], "dependsOn": sorted(ref[one] for one in needs[name])} for name in sorted(needs)
        ],
    }
    text = json.dumps(document, indent=2) + "\n"
    validate(text)
    return text


def validate(text: str) -> None:
    """
    See that a text is a CycloneDX SBOM.

    Raises
    ------
    ValueError
        If it breaks the schema.
    """
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise ValueError(f"the SBOM is not valid: {error}")


def _component(name: str, ref: str) -> dict[str, Any]:
    about = distribution(name).metadata
    expression = about.get("License-Expression")
    named = about.get("License", "").split("\n")[0][:100] or next(
        (
            one.rpartition(" :: ")[2]
            for one in about.get_all("Classifier", [])
            if one.startswith("License ::")
        ),
        "",
    )
    out: dict[str, Any] = {
        "type": "library",
        "bom-ref": ref,
        "name": name,
        "version": about["Version"],
        "description": about.get("Summary", ""),
        "purl": f"pkg:pypi/{name}@{about['Version']}",
    }
    if expression:
        out["licenses"] = [{"expression": expression}]
    elif named:
        out["licenses"] = [{"license": {"name": named}}]
    return out


def _inside() -> list[dict[str, Any]]:
    """Return what is compiled into the package."""
    nanobind = _component("nanobind", f"nanobind=={version('nanobind')}")
    robin_map = {
        "type": "library",
        "bom-ref": f"robin-map in nanobind=={version('nanobind')}",
        "name": "robin-map",
        "licenses": [{"license": {"id": "MIT"}}],
        "description": "Hash tables (tsl::robin_map), in the copy that nanobind brings along.",
    }
    return [nanobind, robin_map]


def _closure(name: str, wanted: list[str]) -> dict[str, set[str]]:
    """Return a distribution and everything that it needs, directly or not, each with what it needs itself."""
    out = {name: _names(wanted)}
    waiting = [*out[name]]
    while waiting:
        one = waiting.pop()
        if one not in out:
            out[one] = _names(distribution(one).requires or [])
            waiting += out[one]
    return out


def _names(requirements: list[str]) -> set[str]:
    """Return the plain names of the requirements that hold here."""
    found = [Requirement(text) for text in requirements]
    return {
        re.sub(r"[-_.]+", "-", one.name).lower()
        for one in found
        if one.marker is None or one.marker.evaluate({"extra": ""})
    }


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(sbom(), encoding="utf-8")
    print(target)
