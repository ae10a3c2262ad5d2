"""
Coverage-guided fuzzing of everything that reads files: ``make fuzz-readers SECONDS=60``.

Atheris (libFuzzer for Python) watches which branches of twinmatch's readers a file reaches and keeps the
files that reach new ones. The first byte of an input says what it is read as; the rest is the file. Whatever
happens must be an error of twinmatch with nothing behind it, or a table. What it finds becomes a test in
tests/hostile.
"""

from __future__ import annotations

import random
import sys
import tempfile
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

_READERS = (
    "registers",
    "intake",
    "columns",
    "schools",
    "saving",
    "policy",
    "spreadsheet",
    "changing",
    "tables",
)


class _Sources:
    """
    Finds the modules of twinmatch as files.

    Atheris changes the byte code that a loader of source files reads. An editable install has a loader of its
    own, whose byte code Atheris does not get to see, though it says "Instrumenting".
    """

    def __init__(self, places: list[str]) -> None:
        self.places = places

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        """Return where a module is; None for what is not twinmatch, and for what is compiled."""
        if name.partition(".")[0] != "twinmatch":
            return None
        return PathFinder.find_spec(name, self.places if path is None else list(path), target)


def _others(places: list[str]) -> list[str]:
    """Return the modules that read no files: what they do says nothing of how files are read."""
    files = [
        path.relative_to(place).with_suffix("") for place in places for path in Path(place).rglob("*.py")
    ]
    names = {".".join(one.parts).removesuffix(".__init__") for one in files if one.parts[0] not in _READERS}
    return ["twinmatch", *(f"twinmatch.{name}" for name in names), "twinmatch._core", "twinmatch._check"]


_PLACES = list(find_spec("twinmatch").submodule_search_locations)
sys.meta_path.insert(0, _Sources([str(Path(place).parent) for place in _PLACES]))
# What is imported already stays as it is.
assert "twinmatch" not in sys.modules
with atheris.instrument_imports(include=["twinmatch"], exclude=_others(_PLACES)):
    # twinmatch loads its modules when they are used first: now, or nothing would be watched.
    for part in (*_READERS, "registers.geopackage", "saving.reader", "policy.document"):
        import_module(f"twinmatch.{part}")
    from tests.hostile.campaign import prepare
    from tests.hostile.mutating import mutated
    from tests.hostile.worker import seeds

_WATCHED = [
    sys.modules[f"twinmatch.{part}"] for part in ("registers.read", "intake.content", "saving.reader")
]
assert all("Atheris" in type(one.__spec__.loader).__name__ for one in _WATCHED), "nothing is watched"

if TYPE_CHECKING:
    from collections.abc import Callable

_SCRATCH = Path(tempfile.mkdtemp(prefix="fuzz-readers-"))
_BASE = _SCRATCH / "base"
_KINDS: list[tuple[str, str, Callable[[str, bytes, Path, Path], str]]] = []


def read(data: bytes) -> None:
    """Read a file as what its first byte says, and raise whatever should not have happened."""
    if not data:
        return
    name, _, check = _KINDS[data[0] % len(_KINDS)]
    outcome = check(name, data[1:], _SCRATCH, _BASE)
    if outcome not in ("read", "refused", "disproved"):
        raise RuntimeError(f"{name}: {outcome}")


def change(data: bytes, most: int, seed: int) -> bytes:
    """Change an input as the mutation campaign does, half of the time; as libFuzzer does otherwise."""
    rng = random.Random(seed)
    if rng.random() < 0.5 or not data:
        return atheris.Mutate(data, most)
    kind = _KINDS[data[0] % len(_KINDS)][1]
    try:
        return (data[:1] + mutated(data[1:], kind, rng))[:most]
    except Exception:  # a file so far from its kind that the campaign, which begins with right ones, cannot
        return atheris.Mutate(data, most)


def main() -> None:
    """Start libFuzzer with the command line that it knows, and files that are right to begin with."""
    _BASE.mkdir()
    prepare(_BASE)
    # One saved folder is enough: proofs are checked after each, which takes its time.
    kinds = [one for one in seeds(_BASE) if not one[0].startswith("saved") or "quotas" in one[0]]
    _KINDS.extend(dict.fromkeys(kinds))
    corpus = _SCRATCH / "corpus"
    corpus.mkdir()
    for number, (name, _, _) in enumerate(_KINDS):
        (corpus / str(number)).write_bytes(bytes([number]) + (_BASE / name).read_bytes())
    atheris.Setup([*sys.argv, f"-artifact_prefix={_SCRATCH}/", str(corpus)], read, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
