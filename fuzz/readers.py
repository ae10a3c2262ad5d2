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
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

_PARTS = ("registers", "intake", "columns", "schools", "saving", "policy")
with atheris.instrument_imports(include=[f"twinmatch.{part}" for part in _PARTS]):
    from tests.hostile.campaign import prepare
    from tests.hostile.mutating import mutated
    from tests.hostile.worker import seeds

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
    return (data[:1] + mutated(data[1:], kind, rng))[:most]


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
