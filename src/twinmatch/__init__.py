"""
Pair every French school with a compatible school in another EU state, and prove the pairing.

Names are loaded when they are first used, so that ``import twinmatch`` stays light.
"""

from importlib import import_module

_HOME = {
    "Limit": "status",
    "Policy": "policy",
    "Schools": "schools",
    "Status": "status",
    "compile": "compiler",
    "load_matching": "matching",
    "match": "pairing",
    "read_schools": "registers",
    "show_versions": "versions",
    "solve": "solvers",
}
_MODULES = ("datasets", "errors", "policies")

__all__ = ["__version__", *sorted([*_HOME, *_MODULES])]  # noqa: PLE0604 (names are strings)
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
