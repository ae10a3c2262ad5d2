"""
Write the stubs of the compiled modules, from the compiled modules: ``make stubs``.

A test compares the committed stubs with what this would write.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from nanobind.stubgen import StubGen

MODULES = ("_core", "_check")
PACKAGE = Path(__file__).resolve().parent.parent / "src" / "twinmatch"


def stub(name: str) -> str:
    """Return the text of ``twinmatch/<name>.pyi``."""
    module = import_module(f"twinmatch.{name}")
    generator = StubGen(module, quiet=True)
    generator.put(module)
    return str(generator.get())


def main() -> None:
    """Write every stub into the package."""
    for name in MODULES:
        path = PACKAGE / f"{name}.pyi"
        path.write_text(stub(name), encoding="utf-8")
        print(f"wrote {path.relative_to(PACKAGE.parent.parent)}")


if __name__ == "__main__":
    main()
